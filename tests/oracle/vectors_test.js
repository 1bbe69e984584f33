// The oracle itself against the known answers in tests/vectors.
'use strict';

const assert = require('assert');
const path = require('path');
const { hash } = require('./blake2b.js');
const { parseEntry, follows, startOf, opsOf } = require('./entry.js');
const { Facts, parseFact } = require('./facts.js');
const { rootOf } = require('./heads.js');
const { Refused, unpack } = require('./pack.js');
const { parseRun, entriesOfRun } = require('./run.js');

const vectors = (name) => require(path.join(__dirname, '../vectors', name));
const entriesKnown = vectors('entries.json');
const factsKnown = vectors('facts.json');
const bytes = (hex) => (hex === undefined ? undefined : Buffer.from(hex, 'hex'));

const isRefused = (work) => {
    try {
        work();
        return false;
    } catch (error) {
        return error instanceof Refused;
    }
};

const start = startOf({ writer: entriesKnown.writer, id: entriesKnown.certify });

const parseKnown = (one) => parseEntry({
    header: bytes(one.header), skeleton: bytes(one.skeleton), salt: bytes(one.salt),
    content: one.content_is_missing ? undefined : bytes(one.content),
    contentHash: bytes(one.content_hash), signature: bytes(one.signature),
});

const tests = {
    'BLAKE2b is that of the vector scripts, which is held against OpenSSL'() {
        for (const length of [0, 1, 127, 128, 129, 255, 256, 257, 1000]) {
            const input = Buffer.from(Array.from({ length }, (_, i) => (i * 7) & 0xff));
            assert.deepStrictEqual(hash('entry', input), vectors('spec.js').hash('entry', input));
        }
    },

    'bytes that are not canonical are refused'() {
        for (const hex of ['', 'cc7f', 'cd00ff', 'ce0000ffff', 'cf00000000ffffffff', 'd0ff', 'd1ff80',
            'ca00000000', 'd90161', 'da000161', 'c1', 'c50001ff', 'dc0001c0', 'dd00000000', 'de000101c0',
            '81a161c0', '8202c001c0', '8201c001c0', '81ffc0', 'c0c0', '92c0', 'a1ff', 'a3eda080',
            'd40100', `${'91'.repeat(8)}90`])
            assert(isRefused(() => unpack(bytes(hex))), hex);
        for (const hex of ['7f', 'cc80', 'cd0100', 'd0df', 'ff', 'c400', 'a0', 'a3efbbbf', '8201c002c0',
            `${'91'.repeat(7)}90`])
            assert(!isRefused(() => unpack(bytes(hex))), hex);
    },

    'entries have the ids, follow each other, and say what they say'() {
        let before = start;
        for (const known of entriesKnown.entries) {
            const entry = parseKnown(known);
            assert.strictEqual(entry.id, known.id, known.about);
            assert(follows(entry, before, 1n << 32n), known.about);
            const seen = opsOf(entry).map((op) => op.type);
            assert.deepStrictEqual(seen.map((type) => Math.min(type, 9)),
                known.ops.map((op) => op.type), known.about);
            before = entry;
        }
    },

    'values are those that a reader must see'() {
        for (const known of entriesKnown.entries) {
            const values = opsOf(parseKnown(known)).filter((op) => op.hasValue)
                .map((op) => (op.value === null ? null : op.value.bytes.toString('hex')));
            const expected = known.ops.filter((op) => 'value' in op).map((op) => op.value);
            assert.deepStrictEqual(values, expected, known.about);
        }
    },

    'a changed entry is refused'() {
        const [known] = entriesKnown.entries;
        for (const field of ['header', 'skeleton', 'content', 'salt', 'signature'])
            assert(isRefused(() => parseKnown({ ...known, [field]: `ff${known[field].slice(2)}` })),
                field);
    },

    'runs give the entries that they were made from'() {
        for (const known of entriesKnown.runs) {
            const run = parseRun(bytes(known.bytes));
            const before = known.after === 0 ? start : parseKnown(entriesKnown.entries[known.after - 1]);
            assert.deepStrictEqual(entriesOfRun(run, before).map((entry) => entry.id),
                entriesKnown.entries.slice(known.after, known.after + known.entry_count)
                    .map((entry) => entry.id));
        }
    },

    'facts are taken, and say who is known and votes'() {
        const facts = new Facts(null);
        for (const known of factsKnown.facts) {
            const fact = parseFact(bytes(known.fact));
            assert.strictEqual(fact.id, known.id, known.name);
            assert.strictEqual(facts.take(fact), true, known.name);
        }
        const all = facts.all();
        for (const member of factsKnown.members) {
            assert.strictEqual(facts.knowsSchool(all, member.school), true);
            assert.strictEqual(facts.isVoter(all, member.school), member.is_voter);
        }
        assert.strictEqual(facts.hash().toString('hex'), factsKnown.fact_set);
    },

    'facts of every form are read'() {
        for (const known of factsKnown.forms)
            assert.strictEqual(parseFact(bytes(known.fact)).id, known.id, known.name);
    },
    'a fact waits for its past, and a changed one is refused'() {
        const facts = new Facts(null);
        assert.strictEqual(facts.take(parseFact(bytes(factsKnown.facts[2].fact))), false);
        for (const { fact } of factsKnown.facts)
            assert(isRefused(() => parseFact(bytes(`${fact.slice(0, -2)}ff`))));
    },

    'roots are over fact set, heads and holes'() {
        const factSet = hash('facts', ...entriesKnown.facts.map(bytes));
        assert.strictEqual(factSet.toString('hex'), entriesKnown.fact_set);
        assert.strictEqual(rootOf(factSet, entriesKnown).toString('hex'), entriesKnown.root);
        assert.strictEqual(rootOf(factSet, { heads: [], holes: [] }).toString('hex'),
            entriesKnown.root_of_nothing_but_facts);
    },
};

for (const [name, test] of Object.entries(tests)) {
    test();
    console.log(`ok  ${name}`);
}
