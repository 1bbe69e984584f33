// Writes facts.json, always the same: `node facts_make.js`. A second implementation of facts,
// certificates, invitation codes, messages and handshake payloads (proto/README.md, sections 7 and 10
// to 12) on spec.js, made apart from the C code, to check it.
'use strict';

const path = require('path');
const { hash, pack, signer, fixed, writeJson, agreePublic } = require('./spec.js');

const EMPTY = Buffer.alloc(0);
const concat = (...parts) => Buffer.concat(parts);
const bigEndian = (width, value) => {
    const out = Buffer.alloc(width);
    out.writeUIntBE(value, 0, width);
    return out;
};

const schoolA = signer(fixed('school A', 32));
const writerA = signer(fixed('writer A', 32));
const schoolB = signer(fixed('school B', 32));
const writerB = signer(fixed('writer B', 32));
const transportA = agreePublic(fixed('transport A', 32));
const transportB = agreePublic(fixed('transport B', 32));
const networkKey = fixed('network key', 32);
const inviteSecret = fixed('invite secret', 16);
const inviteKey = signer(hash('invite', inviteSecret));

// --- Facts (7) ---

const writersOf = new Map([[schoolA, writerA], [schoolB, writerB]]);
const facts = [];
let network = Buffer.alloc(32);

function fact(name, type, author, past, ...payload) {
    const pastBytes = concat(...past.map((one) => one.id).sort(Buffer.compare));
    const statement =
        pack([1, type, network, author.public, hash('past', pastBytes), ...payload]);
    const id = hash('fact', statement);
    const signature = author.sign('fact', id);
    const consents = type === 2 ? [writersOf.get(author).sign('consent', hash('enrol', network, author.public))] : [];
    const out = {
        name, type, author_seed: author.seed, id, signature,
        ...(type === 2 ? { consent_seed: writersOf.get(author).seed } : {}),
        fact: pack([statement, pastBytes, signature, ...consents]),
    };
    facts.push(out);
    return out;
}

const found = fact('found', 1, schoolA, [], 'منارة Leuchtturm', hash('netkey', networkKey), 2n ** 32n);
network = found.id;
const certifyA = fact('certify A', 2, schoolA, [found], writerA.public, transportA, 0);
const invite = fact('invite', 3, writerA, [certifyA], inviteKey.public, 2);
const proof = inviteKey.sign('join', hash('invite', network, schoolB.public));
const admit = fact('admit B', 4, writerA, [invite], schoolB.public, invite.id, proof);
const certifyB = fact('certify B', 2, schoolB, [admit], writerB.public, transportB, 3);
const later = fact('of a later version', 4242, writerB, [certifyB],
    [1, ['unknown', null]], new Map([[1, EMPTY], [300, -5]]));
const propose = fact('propose B', 5, writerB, [certifyB], 1, schoolB.public);
const vote = fact('vote for B', 6, schoolA, [propose, later], propose.id, []);
const members = facts.length; // those from here on stand for their forms

const endOf = (writer, seq, name) => [writer.public, seq, fixed(name, 32)];
const ends = [endOf(writerA, 1, 'end 1'), endOf(writerA, 70000, 'end 2'), endOf(writerB, 7, 'end 3')]
    .sort((a, b) => Buffer.compare(a[0], b[0]) || a[1] - b[1]);
const newKey = signer(fixed('new school key', 32));
const consent = newKey.sign('consent', hash('succeed', network, schoolB.public));
const remove = fact('propose to remove B', 5, writerA, [vote], 2, schoolB.public);
const voteToRemove = fact('vote to remove B', 6, schoolA, [remove], remove.id, ends);
const leave = fact('B leaves', 8, schoolB, [vote], ends.slice(0, 1));
fact('propose to restore B', 5, writerA, [voteToRemove, leave], 3, schoolB.public,
    concat(...[remove.id, leave.id].sort(Buffer.compare)));
fact('propose a new key for B', 5, writerA, [vote], 4, schoolB.public, newKey.public, consent);
fact('propose a policy', 5, writerA, [vote], 5, 1, 24);
fact('propose what a later version means', 5, writerA, [vote], 99, ['unknown']);
fact('B closes a log', 7, schoolB, [vote], writerB.public, ends);

const ids = (list) => list.map((one) => one.id).sort(Buffer.compare);
const factSet = hash('facts', ...ids(facts.slice(0, members)));

// --- Handshake payloads (10) ---

const certificate = (school, writer, serial, past, signature) =>
    [school.public, writer.public, serial, hash('past', past), signature];
const certificateB = certificate(schoolB, writerB, 3, admit.id, certifyB.signature);
const beforeAdmission = (() => {
    const statement = pack([1, 2, network, schoolB.public, hash('past', EMPTY),
        writerB.public, transportB, 3]);
    const signature = schoolB.sign('fact', hash('fact', statement));
    return certificate(schoolB, writerB, 3, EMPTY, signature);
})();

// --- Heads and root (8), one run (9), messages (11) ---

const entryId = fixed('an entry', 32);
const heads = [[writerA.public, 70000, entryId], [writerB.public, 1, fixed('another entry', 32)]];
const holes = [[writerA.public, 258]];
const holeId = fixed('a hole', 32);
const byWriter = (a, b) => Buffer.compare(a[0], b[0]);
const root = hash('root', factSet,
    bigEndian(4, heads.length), ...[...heads].sort(byWriter).flatMap(
        ([writer, seq, id]) => [writer, bigEndian(4, seq), id]),
    bigEndian(4, holes.length), ...holes.flatMap(
        ([writer, seq]) => [writer, bigEndian(4, seq), holeId]));

// One entry without content at the start of B's log.
const skeleton = pack([]);
const run = (() => {
    const body = hash('body', hash('skeleton', skeleton), hash('content', Buffer.alloc(16)));
    const header = concat(Buffer.from([1, 0]), bigEndian(2, skeleton.length), bigEndian(4, 1),
        Buffer.alloc(2), bigEndian(6, skeleton.length), Buffer.alloc(2), bigEndian(6, 1),
        Buffer.alloc(2), bigEndian(6, 1700000000000), writerB.public, certifyB.id, body);
    const signature = writerB.sign('entry', hash('entry', header));
    return [writerB.public, 0, certifyB.id, [[1, 1700000000000, skeleton]], signature];
})();

// B's word on both logs, and on a writer that it was before.
function receipt() {
    const held = [[writerA.public, 70001, fixed('check 3', 16)], [writerB.public, 1, fixed('check 4', 16)]]
        .map(([writer, seq, id]) => concat(writer.subarray(0, 8), bigEndian(4, seq), id.subarray(0, 8)))
        .sort(Buffer.compare);
    const replaced = fixed('a writer', 16).subarray(0, 8);
    const id = hash('receipt', network, writerB.public, bigEndian(4, 9), Buffer.from([0]),
        bigEndian(4, 1), replaced, ...held);
    return [writerB.public, 9, replaced, concat(...held), false, writerB.sign('receipt', id)];
}

const prefixes = concat(...ids(facts.slice(0, members)).map((id) => id.subarray(0, 16)));
const locators = [[1, fixed('check 1', 16)], [69999, fixed('check 2', 16)]];
const messages = {
    root: [1, factSet, root],
    who: [2],
    introduce_facts: [3, [found, certifyA, invite, admit, certifyB].map((one) => one.fact), null],
    introduce_proof: [3, [], [inviteKey.public, proof]],
    introduce_claim: [3, [], [inviteKey.public, proof, 2, schoolB.public, consent]],
    fact_ids: [4, prefixes, false],
    facts: [5, [propose.fact, vote.fact]],
    heads: [6, heads, holes],
    want: [7, writerA.public, [70001, fixed('check 3', 16)], locators, 4],
    run: [8, ...run],
    fill: [9, writerA.public, 258, fixed('salt', 16), pack(['a text that was missing'])],
    end: [10, 0],
    twin: [11, fixed('a session', 32)],
    prune: [12],
    graft: [13],
    receipt: [14, ...receipt()],
    receipts: [15, concat(writerB.public.subarray(0, 8), bigEndian(4, 7))],
};

// --- Invitation codes (12) ---

function base32(bytes) {
    const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    return bits.match(/.{1,5}/g).map(
        (five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[parseInt(five.padEnd(5, '0'), 2)]).join('');
}

const addressBytes = (one) => concat(bigEndian(2, Buffer.byteLength(one)), Buffer.from(one));

// The code of these addresses under a count, and whatever else stands behind them.
function codeOf(count, addresses, rest) {
    const before = concat(network, networkKey, inviteSecret, Buffer.from([count]),
        ...addresses.map(addressBytes), rest);
    return `PHAROS1-${base32(concat(before, hash('code', before).subarray(0, 4)))}`;
}

const invitation = (addresses) => ({ addresses, code: codeOf(addresses.length, addresses, EMPTY) });

writeJson(path.join(__dirname, 'facts.json'), {
    about: 'Written by facts_make.js. Bytes are hexadecimal.',
    network,
    network_key: networkKey,
    school_a: schoolA.public,
    school_b: schoolB.public,
    writer_b: writerB.public,
    transport_b: transportB,
    facts: facts.slice(0, members),
    forms: facts.slice(members),
    tips: concat(vote.id),
    fact_set: factSet,
    hole_id: holeId,
    members: [
        { school: schoolA.public, is_voter: true, admission: found.id },
        { school: schoolB.public, is_voter: true, admission: admit.id },
    ],
    join: { invite_secret: inviteSecret, invite_key: inviteKey.public, proof },
    hellos: {
        known: pack(certificateB),
        before_admission: pack(beforeAdmission),
        with_root: pack([...certificateB, root]),
    },
    messages: Object.fromEntries(
        Object.entries(messages).map(([name, items]) => [name, pack(items)])),
    invitations: [
        invitation([]),
        invitation(['192.168.1.20:7410', '[fe80::1]:7410', 'school-1.example.org:7410']),
    ],
    // Their checks fit, their addresses are wrong: too many, too few, too long, empty, with a zero, cut.
    unreadable_invitations: [
        codeOf(5, ['a:1', 'b:1', 'c:1', 'd:1', 'e:1'], EMPTY),
        codeOf(2, ['a:1'], EMPTY),
        codeOf(1, ['a:1', 'b:1'], EMPTY),
        codeOf(1, ['a'.repeat(263)], EMPTY),
        codeOf(1, [''], EMPTY),
        codeOf(1, ['a\0:1'], EMPTY),
        codeOf(1, [], Buffer.from([0])),
        codeOf(1, [], Buffer.from([0, 9, 97])),
    ],
});
