// Heads, holes and root of what is held (proto/README.md §8).
'use strict';

const { hash } = require('./blake2b.js');

const u32 = (value) => {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(value);
    return out;
};
const hex = (text) => Buffer.from(text, 'hex');
const ascending = (key) => (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);

function headsOf(entries, leftOut) {
    const counted = [...entries.values()].filter((entry) => !leftOut.has(entry.school));
    const continued = new Set(counted.map((entry) => entry.previous));
    return {
        heads: counted.filter((entry) => !continued.has(entry.id))
            .sort(ascending((entry) => entry.writer + entry.id)),
        holes: counted.filter((entry) => entry.content === undefined)
            .sort(ascending((entry) => entry.writer + u32(entry.seq).toString('hex') + entry.id)),
    };
}

function rootOf(factSet, { heads, holes }) {
    return hash('root', factSet,
        u32(heads.length), ...heads.flatMap(({ writer, seq, id }) => [hex(writer), u32(seq), hex(id)]),
        u32(holes.length), ...holes.flatMap(({ writer, seq, id }) => [hex(writer), u32(seq), hex(id)]));
}

module.exports = { headsOf, rootOf };
