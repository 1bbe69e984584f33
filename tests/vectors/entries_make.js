// A second implementation of entries, skeletons, runs, heads and root, written from proto/README.md
// on Node's built-in crypto (18 or later), apart from the C code, to check it.
//
//   node entries_make.js    writes entries.json; always the same bytes
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { blake2b, pack } = require('./spec.js');

for (const length of [0, 1, 127, 128, 129, 256, 1000]) {
    const data = Buffer.alloc(length, 'lighthouse');
    if (!blake2b(data, 64, '').equals(crypto.createHash('blake2b512').update(data).digest()))
        throw new Error('this BLAKE2b is wrong');
}

const H = (name, ...parts) => blake2b(Buffer.concat(parts), 32, `pharos1.${name}`);

const be = (width, value) => {
    const out = Buffer.alloc(8);
    out.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)));
    return out.subarray(8 - width);
};
const u8 = (...bytes) => Buffer.from(bytes);

// ---- Ed25519 through the fixed DER prefix of RFC 8410.

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
function signer(byte) {
    const key = crypto.createPrivateKey({
        key: Buffer.concat([PKCS8, Buffer.alloc(32, byte)]), format: 'der', type: 'pkcs8',
    });
    const id = crypto.createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
    return { id, sign: (text, hash) => crypto.sign(null, Buffer.concat([Buffer.from(text), hash]), key) };
}

// ---- A log of entries.

const school = signer(1);
const writer = signer(2);
const certify = H('fact', Buffer.from('stands for the certify fact'));
const bytes = (length, first) => Buffer.from(Array.from({ length }, (_, i) => (first + i) & 255));
const EMPTY = Buffer.alloc(0);

const entries = [];

function append({ about, groups, values, lamportStep, time, isMissing = false, builds = false,
    skeleton = pack(groups), ops = [] }) {
    const previous = entries[entries.length - 1] ||
        { id: certify, lamport: 0n, sum: 0, seq: 0, time: 0n };
    const content = values === undefined ? EMPTY : Buffer.isBuffer(values) ? values : pack(values);
    const seq = previous.seq + 1;
    const salt = content.length ? bytes(16, 16 * seq) : Buffer.alloc(16);
    const contentHash = H('content', salt, content);
    const entry = {
        about, seq, skeleton, content, salt, contentHash, isMissing, builds, ops,
        lamportStep, timeStep: BigInt.asIntN(64, time - previous.time),
        lamport: previous.lamport + BigInt(lamportStep), time,
        bodyHash: H('body', H('skeleton', skeleton), contentHash),
        sum: previous.sum + skeleton.length + content.length,
    };
    entry.header = Buffer.concat([
        u8(1, 0), be(2, skeleton.length + content.length), be(4, seq), be(8, entry.sum),
        be(8, entry.lamport), be(8, time), writer.id, previous.id, entry.bodyHash,
    ]);
    entry.id = H('entry', entry.header);
    entry.signature = writer.sign('pharos1 entry signature', entry.id);
    entries.push(entry);
    return entry;
}

const record = (seq, kind) => Buffer.concat([school.id.subarray(0, 8), be(4, seq), be(4, kind)]);
const ref = (entry, index) => [writer.id, entry.seq, entry.id.subarray(0, 16), index];
// What a reader must see of an op: type (9 for every unknown one), field, references that count,
// value (absent: the op carries none; null: missing).
const seen = (type, field, refs, value) =>
    ({ type, field, refs, ...(value === undefined ? {} : { value: value && value.toString('hex') }) });

const PLAN = 3;
const title = pack('Reading in every classroom');
const arabic = pack('القراءة في كل فصل');
const first = append({
    about: 'creates a plan; a title set, and set again over the first, in Arabic; a field cleared',
    groups: [[PLAN, record(1, PLAN), 0, [[0], [1, 3, []], [1, 3, [1]], [1, 4, []]]]],
    values: ['Reading in every classroom', 'القراءة في كل فصل', null],
    lamportStep: 1, time: 1574529060000n, builds: true,
    ops: [seen(0, 0, 0), seen(1, 3, 0, title), seen(1, 3, 1, arabic), seen(1, 4, 0, u8(0xc0))],
});

const unknown = [pack(1), pack([bytes(3, 0), null, true, -1]), pack(300)];
append({
    about: 'every form of op, reserved and unknown ones among them; every form of audience; the ' +
        'clock went back to 1969; the largest Lamport step',
    groups: [
        [PLAN, record(1, PLAN), 0, [[1, 3, [ref(first, 1), ref(first, 2)]], [1, 3, [0, 1, ref(first, 2)]]]],
        [7, record(2, 7), 1, [[0], [2, 18], [3, 18, [3, ref(first, 0)]], [6, 6, [], 1, 40]]],
        [65535, record(2, 255), [2, school.id, bytes(32, 7)], [
            [4, 65535, null, 0, 5], [4, 3, ref(first, 9), 1, 0], [4, 3, 2, 1, 70000],
            [5, 3, [[ref(first, 9), 0, 3], [6, 1, 2]]],
            [7, [[writer.id, 1, first.id.subarray(0, 16)]]],
            [8, record(9, 1)],
            [9], [9, bytes(3, 0), [1, [2, null]]], [4294967296n, -5, 'x'],
        ]],
    ],
    values: ['a', 'b', 'heading', bytes(40, 1), 'سلام!', '', 'not so many'],
    lamportStep: 1 << 20, time: -1n,
    ops: [
        seen(1, 3, 2, pack('a')), seen(1, 3, 2, pack('b')), seen(0, 0, 0), seen(2, 18, 0, pack('heading')),
        seen(3, 18, 2), seen(6, 0, 0, pack(bytes(40, 1))), seen(4, 0, 0, pack('سلام!')),
        seen(4, 0, 0, pack('')), seen(4, 0, 0, pack('not so many')), seen(5, 0, 0), seen(7, 0, 0),
        seen(8, 0, 0), seen(9, 0, 0), seen(9, 0, 0), seen(9, 0, 0),
    ],
});

append({
    about: 'empty content: no op carries a value; more than 15 ops; the clock is at its lowest',
    groups: [[7, record(2, 7), 1, Array.from({ length: 17 }, (_, i) => [3, 17, [ref(first, i)]])]],
    lamportStep: 2, time: -(1n << 63n), builds: true,
    ops: Array.from({ length: 17 }, () => seen(3, 17, 1)),
});

const hole = append({
    about: 'content is missing; the time step wraps',
    groups: [[PLAN, record(1, PLAN), 0, [[1, 3, [ref(first, 2)]], [2, 9]]]],
    values: ['never seen', 'either'], isMissing: true,
    lamportStep: 300, time: (1n << 63n) - 1n,
    ops: [seen(1, 3, 1, null), seen(2, 9, 0, null)],
});

append({
    about: 'one value too few: all are missing',
    groups: [[PLAN, record(1, PLAN), 0, [[1, 3, []], [1, 4, []]]]], values: ['alone'],
    lamportStep: 1, time: 4102444800000n,
    ops: [seen(1, 3, 0, null), seen(1, 4, 0, null)],
});

append({
    about: 'a skeleton that does not parse (a create with an operand): an entry without ops',
    groups: [[PLAN, record(1, PLAN), 0, [[1, 3, []], [0, 0]]]], values: ['nobody reads this'],
    lamportStep: 1, time: 4102444800000n,
});

append({
    about: 'a skeleton that is not MessagePack, no content',
    skeleton: u8(0xc1, 0xff), lamportStep: 1, time: 4102444800001n,
});

append({ about: 'an empty body', skeleton: EMPTY, lamportStep: 1, time: 4102444800001n });

// ---- Runs, facts, heads, root.

const run = (after, some) => pack([
    writer.id, after.seq, after.id,
    some.map((e) => [
        e.lamportStep, e.timeStep, e.skeleton,
        ...(e.isMissing ? [e.contentHash, e.content.length] : e.content.length ? [e.salt, e.content] : []),
    ]),
    some[some.length - 1].signature,
]);

const facts = [1, 2, 3].map((i) => H('fact', u8(i))).sort(Buffer.compare);
const factSet = H('facts', ...facts);
const last = entries[entries.length - 1];
const heads = [
    { writer: writer.id, seq: last.seq, id: last.id },
    { writer: school.id, seq: 70000, id: bytes(32, 1) },
    { writer: school.id, seq: 5, id: bytes(32, 200) },
].sort((a, b) => Buffer.compare(a.writer, b.writer) || Buffer.compare(a.id, b.id));
const holes = [{ writer: writer.id, seq: hole.seq, id: hole.id },
    { writer: school.id, seq: 4, id: bytes(32, 4) },
    { writer: school.id, seq: 300, id: bytes(32, 40) }]
    .sort((a, b) => Buffer.compare(a.writer, b.writer) || a.seq - b.seq);
const root = (someHeads, someHoles) => H('root', factSet,
    be(4, someHeads.length), ...someHeads.flatMap((h) => [h.writer, be(4, h.seq), h.id]),
    be(4, someHoles.length), ...someHoles.flatMap((h) => [h.writer, be(4, h.seq), h.id]));

const hex = (value) => JSON.parse(JSON.stringify(value, function (key, shown) {
    const raw = this[key];
    return Buffer.isBuffer(raw) ? raw.toString('hex') : typeof raw === 'bigint' ? String(raw) : shown;
}));

fs.writeFileSync(path.join(__dirname, 'entries.json'), `${JSON.stringify(hex({
    about: 'written by entries_make.js; bytes in hex; 64-bit numbers as decimal text',
    school: school.id, writer: writer.id, writer_seed: Buffer.alloc(32, 2), certify,
    entries: entries.map((e) => ({
        about: e.about, skeleton: e.skeleton, content_is_missing: e.isMissing,
        content: e.isMissing ? EMPTY : e.content, salt: e.isMissing ? Buffer.alloc(16) : e.salt,
        content_hash: e.contentHash, content_len: e.content.length, body_hash: e.bodyHash,
        lamport: e.lamport, time_ms: e.time, header: e.header, id: e.id, signature: e.signature,
        ops: e.ops, ops_build_the_same: e.builds,
    })),
    runs: [
        { after: 0, entry_count: entries.length,
          bytes: run({ seq: 0, id: certify }, entries) },
        { after: 2, entry_count: 2, bytes: run(entries[1], entries.slice(2, 4)) },
    ],
    facts, fact_set: factSet, heads, holes,
    root: root(heads, holes), root_of_nothing_but_facts: root([], []),
}), null, 1)}\n`);
