// Entries: headers, acceptance, logs, and what a body says (proto/README.md §3 and §4).
'use strict';

const limits = require('./limits.js');
const { hash } = require('./blake2b.js');
const { verifies } = require('./keys.js');
const { Refused, refuse, unpack, unpackItems } = require('./pack.js');

const need = (condition, why) => condition || refuse(why);

function parseHeader(bytes) {
    need(bytes.length === limits.PH_HEADER_LEN && bytes[0] === 1 && bytes[1] === 0, 'no header');
    return {
        bodyLength: bytes.readUInt16BE(2),
        seq: bytes.readUInt32BE(4),
        sum: bytes.readBigUInt64BE(8),
        lamport: bytes.readBigUInt64BE(16),
        time: bytes.readBigUInt64BE(24),
        writer: bytes.toString('hex', 32, 64),
        previous: bytes.toString('hex', 64, 96),
        bodyHash: bytes.subarray(96),
        id: hash('entry', bytes).toString('hex'),
    };
}

// An entry as it was received: { header, skeleton, and content (salt) or contentHash, signature },
// Buffers all. Throws Refused for what can be refused by its bytes alone.
function parseEntry({ header, skeleton, salt, content, contentHash, signature }) {
    const entry = { ...parseHeader(header), skeleton, content };
    need(entry.bodyLength <= limits.PH_BODY_MAX, 'body too long');
    need(entry.lamport <= BigInt(limits.PH_LAMPORT_MAX), 'Lamport time too high');
    if (content === undefined) {
        need(entry.bodyLength > skeleton.length, 'no content can be missing');
        entry.contentHash = contentHash;
    } else {
        need(entry.bodyLength === skeleton.length + content.length, 'body length');
        entry.contentHash = hash('content', content.length === 0 ? Buffer.alloc(16) : salt, content);
    }
    need(hash('body', hash('skeleton', skeleton), entry.contentHash).equals(entry.bodyHash), 'body');
    entry.isSigned = signature !== undefined;
    if (entry.isSigned)
        need(verifies('entry', Buffer.from(entry.id, 'hex'), signature,
            Buffer.from(entry.writer, 'hex')), 'signature');
    return entry;
}

// Bytes of headers and bodies up to and with this entry.
const used = (entry) => entry.sum + 128n * BigInt(entry.seq);

function follows(entry, before, quota) {
    const step = entry.lamport - before.lamport;
    return entry.writer === before.writer && entry.seq === before.seq + 1 &&
        entry.previous === before.id && entry.sum === before.sum + BigInt(entry.bodyLength) &&
        step >= 1n && step <= BigInt(limits.PH_LAMPORT_STEP_MAX) && used(entry) <= quota;
}

// What the first entry of a log follows on.
const startOf = (certificate) => ({
    writer: certificate.writer, seq: 0, id: certificate.id, sum: 0n, lamport: 0n, time: 0n,
});

// Of the entries offered (Map id -> entry) those that are accepted, each with its school: the
// chains from certify facts on, as far as signatures cover them. A log with two entries after the
// same one is a tree.
function acceptedEntries(offered, facts) {
    const after = new Map(); // previous id -> entries
    for (const entry of offered.values())
        after.set(entry.previous, [...(after.get(entry.previous) || []), entry]);
    const accepted = new Map();
    const founding = facts.founding();
    if (founding === undefined)
        return accepted;
    for (const certificate of facts.certificates()) {
        grow(startOf(certificate), { school: facts.schoolOf(certificate), certificate });
    }
    return accepted;

    // Depth first, without recursion: logs are long.
    function grow(start, of) {
        const found = [start];
        for (let i = 0; i < found.length; i++)
            for (const entry of after.get(found[i].id) || [])
                if (follows(entry, found[i], founding.quota))
                    found.push(entry);
        const covered = new Set();
        for (const entry of found.slice(1).reverse())
            if (entry.isSigned || covered.has(entry.id))
                covered.add(entry.id).add(entry.previous);
        for (const entry of found.slice(1))
            if (covered.has(entry.id))
                accepted.set(entry.id, { ...entry, ...of });
    }
}

// --- bodies ---

const CREATE = 0, SET = 1, ADD = 2, REMOVE = 3, INSERT = 4, DELETE = 5, SEALED = 6, ERASE = 7,
    SUCCESSOR = 8;

const U16 = (1n << 16n) - 1n, U32 = (1n << 32n) - 1n, U64 = (1n << 64n) - 1n;
const uint = (value, max) =>
    typeof value === 'bigint' && value >= 0n && value <= max ? value : refuse('no such number');
const bin = (value, length) =>
    Buffer.isBuffer(value) && value.length === length ? value : refuse('no such bytes');
const array = (value, max) =>
    Array.isArray(value) && value.length <= max ? value : refuse('no such list');
const exactly = (list, count) => need(list.length === count, 'items too many or too few');

// A reference as text, `writer seq check index`, or null if it is void.
function readRef(value, place) {
    if (typeof value === 'bigint') {
        const index = Number(uint(value, U16));
        return index < place.index ? { own: true, index } : null;
    }
    const [writer, seq, check, index] = array(value, 4);
    exactly(value, 4);
    return {
        own: false,
        entry: `${bin(writer, 32).toString('hex')} ${uint(seq, U32)} ${bin(check, 16).toString('hex')}`,
        index: Number(uint(index, U16)),
    };
}
const readRefs = (value, place) =>
    array(value, limits.PH_REFS_PER_OP_MAX).map((one) => readRef(one, place)).filter((ref) => ref);

const forms = {
    [CREATE]: (items) => {
        exactly(items, 1);
        return {};
    },
    [SET]: (items, place) => {
        exactly(items, 3);
        return { field: Number(uint(items[1], U16)), refs: readRefs(items[2], place), hasValue: true };
    },
    [ADD]: (items) => {
        exactly(items, 2);
        return { field: Number(uint(items[1], U16)), hasValue: true };
    },
    [REMOVE]: (items, place) => {
        exactly(items, 3);
        return { field: Number(uint(items[1], U16)), refs: readRefs(items[2], place) };
    },
    [INSERT]: (items, place) => {
        exactly(items, 5);
        uint(items[1], U16);
        if (items[2] !== null)
            readRef(items[2], place);
        uint(items[3], 1n);
        uint(items[4], U64);
        return { hasValue: true };
    },
    [DELETE]: (items, place) => {
        exactly(items, 3);
        uint(items[1], U16);
        for (const range of array(items[2], limits.PH_REFS_PER_OP_MAX)) {
            exactly(array(range, 3), 3);
            readRef(range[0], place);
            uint(range[1], U64);
            uint(range[2], U64);
        }
        return {};
    },
    [SEALED]: (items, place) => {
        exactly(items, 5);
        uint(items[1], U16);
        readRefs(items[2], place);
        uint(items[3], U64);
        uint(items[4], U64);
        return { hasValue: true };
    },
    [ERASE]: (items) => {
        exactly(items, 2);
        for (const target of array(items[1], limits.PH_REFS_PER_OP_MAX)) {
            exactly(array(target, 3), 3);
            bin(target[0], 32);
            uint(target[1], U32);
            bin(target[2], 16);
        }
        return {};
    },
    [SUCCESSOR]: (items) => {
        exactly(items, 2);
        bin(items[1], 16);
        return {};
    },
};

function readAudience(value) {
    if (value === 0n || value === 1n)
        return Number(value);
    need(Array.isArray(value) && value[0] === 2n, 'no audience');
    value.slice(1).forEach((school) => bin(school, 32));
    return 2;
}

function readGroup(group, ops) {
    exactly(array(group, 4), 4);
    const about = {
        kind: Number(uint(group[0], U16)),
        record: bin(group[1], 16).toString('hex'),
        audience: readAudience(group[2]),
    };
    for (const items of array(group[3], limits.PH_OPS_PER_ENTRY_MAX)) {
        need(Array.isArray(items) && items.length > 0, 'no op');
        const type = uint(items[0], U64);
        const place = { index: ops.length };
        const form = type <= SUCCESSOR ? forms[type](items, place) : {};
        ops.push({ refs: [], hasValue: false, ...about, ...form, type: Number(type), ...place });
        need(ops.length <= limits.PH_OPS_PER_ENTRY_MAX, 'too many ops');
    }
}

function readSkeleton(skeleton) {
    const ops = [];
    try {
        for (const group of array(unpack(skeleton), Infinity))
            readGroup(group, ops);
    } catch (error) {
        if (!(error instanceof Refused))
            throw error;
        return [];
    }
    return ops;
}

// One item for each op that carries a value, or none at all.
function readContent(content, count) {
    if (content === undefined)
        return null;
    if (count === 0)
        return [];
    try {
        const items = unpackItems(content);
        return items.length === count ? items : null;
    } catch (error) {
        if (!(error instanceof Refused))
            throw error;
        return null;
    }
}

// The ops of an accepted entry. `value` is { value, bytes } or null if it is missing.
function opsOf(entry) {
    const ops = readSkeleton(entry.skeleton);
    const carriers = ops.filter((op) => op.hasValue);
    const values = readContent(entry.content, carriers.length);
    carriers.forEach((op, i) => {
        op.value = values === null ? null : values[i];
    });
    const name = nameOf(entry);
    for (const op of ops) {
        op.entry = entry;
        op.name = `${name} ${op.index}`;
        op.needs = op.refs.filter((ref) => !ref.own).map((ref) => ref.entry);
        op.refs = op.refs.map((ref) => `${ref.own ? name : ref.entry} ${ref.index}`);
    }
    return ops;
}

// What references call an entry: writer, sequence, check.
const nameOf = (entry) => `${entry.writer} ${entry.seq} ${entry.id.slice(0, 32)}`;

module.exports = {
    parseEntry, follows, startOf, acceptedEntries, opsOf, nameOf, Refused, CREATE, SET, ADD, REMOVE,
};
