// Tips, who is left out, heads, holes and root of what is held (proto/README.md §3 and §8).
'use strict';

const limits = require('./limits.js');
const { hash } = require('./blake2b.js');

const u32 = (value) => {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(value);
    return out;
};
const hex = (text) => Buffer.from(text, 'hex');
const ascending = (key) => (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);

// The entries that none follows on.
function tipsOf(entries) {
    const continued = new Set([...entries.values()].map((entry) => entry.previous));
    return [...entries.values()].filter((entry) => !continued.has(entry.id));
}

function countBy(list, keyOf) {
    const counts = new Map();
    for (const one of list)
        counts.set(keyOf(one), (counts.get(keyOf(one)) || 0) + 1);
    return counts;
}

// The writers, as a set of keys, that count nowhere: those with too many tips, and all of the schools
// with too many forks or certify facts.
function leftOut(facts, entries) {
    const tips = tipsOf(entries);
    const tipCounts = countBy(tips, (tip) => tip.writer);
    const writersOf = new Map(); // school -> Set of its writers
    for (const { author, writer } of facts.certificates())
        writersOf.set(author, (writersOf.get(author) || new Set()).add(writer));
    const tipsTaken = (writer) => Math.min(tipCounts.get(writer) || 1, limits.PH_BRANCHES_MAX + 1);
    const forks = (school) => [...writersOf.get(school)]
        .reduce((sum, writer) => sum + tipsTaken(writer) - 1, 0);
    const schools = [...facts.tooTalkative().filter((school) => writersOf.has(school)),
        ...[...writersOf.keys()].filter((school) => forks(school) > limits.PH_FORKS_PER_SCHOOL_MAX)];
    return new Set([
        ...[...tipCounts.keys()].filter((writer) => tipCounts.get(writer) > limits.PH_BRANCHES_MAX),
        ...schools.flatMap((school) => [...writersOf.get(school)])]);
}

function headsOf(entries, out) {
    const counts = (entry) => !out.has(entry.writer);
    return {
        heads: tipsOf(entries).filter(counts).sort(ascending((entry) => entry.writer + entry.id)),
        holes: [...entries.values()].filter(counts).filter((entry) => entry.content === undefined)
            .sort(ascending((entry) => entry.writer + u32(entry.seq).toString('hex') + entry.id)),
    };
}

function rootOf(factSet, { heads, holes }) {
    return hash('root', factSet,
        u32(heads.length), ...heads.flatMap(({ writer, seq, id }) => [hex(writer), u32(seq), hex(id)]),
        u32(holes.length), ...holes.flatMap(({ writer, seq, id }) => [hex(writer), u32(seq), hex(id)]));
}

module.exports = { leftOut, headsOf, rootOf };
