// Writes first inputs for the fuzz targets into FOLDER/<noun>, from the known answers of
// tests/vectors: node tests/fuzz/seed_corpus.js FOLDER. `tools/fuzz --minimise` makes of them, and of
// what a campaign found, what is committed.
'use strict';
const fs = require('fs');
const path = require('path');
const crypto = require('crypto');

const folder = process.argv[2];
const read = name => JSON.parse(fs.readFileSync(path.join(__dirname, '../vectors', name)));
const entries = read('entries.json');
const facts = read('facts.json');
const hex = text => Buffer.from(text, 'hex');

function put(noun, bytes, name = crypto.createHash('sha1').update(bytes).digest('hex')) {
    fs.mkdirSync(path.join(folder, noun), {recursive: true});
    fs.writeFileSync(path.join(folder, noun, name), bytes);
}

function u16(number) {
    return Buffer.from([number >> 8, number & 255]);
}

function stored(entry) {
    const skeleton = hex(entry.skeleton);
    const flags = 1 | (entry.content_is_missing ? 2 : 0);
    const seal = entry.content_len === 0 ? '' :
        entry.content_is_missing ? entry.content_hash : entry.salt;
    return Buffer.concat([hex(entry.header), Buffer.from([flags]), u16(skeleton.length),
        hex(entry.signature), hex(seal), skeleton,
        hex(entry.content_is_missing ? '' : entry.content)]);
}

const messages = Object.values(facts.messages).map(hex);
const packed = [...messages, ...Object.values(facts.hellos).map(hex),
    ...facts.facts.map(fact => hex(fact.fact))];

for (const bytes of packed)
    put('pack', bytes);
for (const bytes of [...messages, ...Object.values(facts.hellos).map(hex)])
    put('message', bytes);
for (const fact of [...facts.facts, ...facts.forms])
    put('fact', hex(fact.fact));
for (const run of entries.runs)
    put('run', hex(run.bytes));
for (const entry of entries.entries) {
    const skeleton = hex(entry.skeleton);
    put('entry', stored(entry));
    put('op', Buffer.concat([u16(skeleton.length), skeleton, hex(entry.content || '')]));
    put('pack', skeleton);
}
for (const code of [...facts.invitations.map(made => made.code), ...facts.unreadable_invitations])
    put('invitation', Buffer.from(code));
for (const bytes of messages) {
    put('frame', Buffer.concat([Buffer.from([0]), u16(bytes.length), bytes]));
    put('frame', Buffer.concat([Buffer.from([1, 0]), bytes]));
}
// zstd frames of a raw, a run-length and a small compressed block, as form 1 carries them.
for (const form of ['28b52ffd2005290000' + '68656c6c6f', '28b52ffd20402b02' + '0061'])
    put('frame', Buffer.concat([Buffer.from([1, 1, 0, parseInt(form.slice(10, 12), 16)]), hex(form)]));
put('frame', Buffer.concat([Buffer.from([2]), Buffer.alloc(600, 'lighthouse ')]));
const beacon = hex(read('beacons.json')[0].beacon);
for (const bytes of [Buffer.alloc(0), beacon, beacon.subarray(1), Buffer.concat([beacon, beacon])])
    put('beacon', Buffer.concat([Buffer.from([0]), bytes]));
for (const first of [[1, 0, 1, 28, 242, 7], [1, 0, 1, 0, 0, 7], [1, 0, 2, 28, 242], [2, 5, 28, 242, 9], [2]])
    put('beacon', Buffer.concat([Buffer.from(first), Buffer.alloc(first.length % 5, 3)]));
for (const bends of [0, 1, 2, 4, 8, 16])
    put('handshake', Buffer.concat([Buffer.from([bends, 0, 5]), Buffer.from('hello'),
        Buffer.alloc(40, 7)]));
put('config', Buffer.from('# a comment\nlisten = [::]:7410\npeer = host.example:7410\nlog = info\n'));
// Created, audience, Lamport time, two touches, one value: field 3 of log 0, entry 1, op 1.
put('record', hex('03' + '0100' + '0000000000000001' + '00000002' + '00000001' +
    '0000000000000001' + '0000000100000002' + '0300010101c2' + 'a2686f'));
for (let i = 1; i < 6; i++)
    put('merge', Buffer.from(Array.from({length: 40 * i}, (_, at) => (at * at * i) % 251)));
// Three changes of a journal in one frame; and what a conversation and a few commands may be.
const change = (type, name, value) => Buffer.concat([Buffer.from([type, name.length, 0, 0]),
    u16(value.length), Buffer.from(name), value]);
const payload = Buffer.concat([change(1, 'name', Buffer.from('value')), change(3, '', Buffer.alloc(96, 1)),
    change(2, '', hex(facts.facts[0].fact))]);
put('journal', Buffer.concat([Buffer.from([1, 0, 0, 0]), u16(payload.length), payload]));
put('journal', Buffer.concat([Buffer.from([1, 1, 0, 9]), u16(payload.length), payload]));
for (let first = 1; first < 18; first++) {
    const bytes = Buffer.from(Array.from({length: 60}, (_, at) => (at * first * 7 + first) % 251));
    put('session', Buffer.concat([Buffer.from([0, first]), bytes]));
    put('command', Buffer.concat([Buffer.from([first, first]), bytes]));
    put('facts', Buffer.concat([Buffer.from([first]), bytes]));
}

// Conversations that lead somewhere, byte by byte as session_fuzz.c reads them.
const run = (who, link, how, body, ref, ops, bend = [0]) =>
    [8, who, link, how, body, ...ref, 0, ops, 3, 0, ...bend];
const settle = [17], plan = 4, overwriting = 0x84, again = [13, 0];
const conversations = {
    own_log_goes_on_elsewhere: [0, ...run(0, 3, 0, 0, [0, 0, 0], plan), ...settle],
    own_log_is_forked: [0, ...run(0, 1, 0, 0, [0, 0, 0], plan), ...settle],
    hole_is_filled: [0, ...run(1, 0, 0, 4, [0, 0, 0], plan), ...settle, 9, 1, 0, 0, 0, ...settle],
    hole_is_filled_wrongly: [0, ...run(1, 0, 0, 4, [0, 0, 0], plan), ...settle,
        9, 1, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, ...settle, 17, 17, 17],
    log_is_forked: [0, ...run(1, 0, 0, 0, [0, 0, 0], plan), ...settle,
        ...run(1, 0, 0, 0, [0, 0, 0], plan + 2), ...settle],
    reference_comes_first: [0, ...run(2, 0, 0, 0, [0, 0, 0], plan, [0xf0, 0, 50]), ...again,
        ...run(1, 0, 0, 0, [2, 1, 1], overwriting), ...settle,
        ...run(2, 0, 0, 0, [0, 0, 0], plan), ...settle],
    second_writer: [0, 5, 1, 2, 1, 6, 1, 3, 0x81, 0, ...settle],
    school_joins: [2, 3, 0, 0, 0, 0, ...settle],
    wants: [0, 7, 0, 2, 0, 1, 0, 2, 3, 0, ...settle, 6, 2, 0, 1, 0, 1, 0, 5, 1, 0, 1, 0, ...settle],
};
for (const [name, bytes] of Object.entries(conversations))
    put('session', Buffer.from(bytes), name);

// Sets of facts: what facts_fuzz.c reads for each is type and number of past, author, past, three more.
const admit = [3, 0, 0, 0, 1, 2], admit_again = [66, 0, 1, 2, 0, 1, 2];
put('facts', Buffer.from([2, ...admit, ...admit_again]), 'admitted_twice');

// The same on top of four voters: 21 facts, the last of which the next one follows on.
const propose = (what, about, named = 0) => [4, 0, 0, what - 1, about, named];
const vote = (by, on, ends = 0) => [5, by, 0, ends, 0, on];
const ends = (count, seq, writer) => count << 6 | (seq - 1) << 2 | writer;
const by_second_key = 0xf0, close = 4, leave = 8;
const remove = [...propose(2, 3), ...vote(0, 21, ends(2, 3, 3)), ...vote(1, 21, ends(1, 4, 3))];
const judged = {
    removed: remove,
    removed_by_too_few: [...propose(2, 3), ...vote(0, 21), ...vote(3, 21), ...vote(0, 21, ends(1, 2, 3))],
    restored: [...remove, ...propose(3, 3, 21), ...vote(0, 24, ends(1, 6, 3)),
        ...vote(2, 24, ends(1, 5, 3)), 1, 3, 0, 3, 0, 0],
    succeeded: [...propose(4, 3), ...vote(0, 21, ends(1, 3, 3)), ...vote(2, 21, ends(1, 2, 3)),
        1, by_second_key, 0, 3, 0, 0],
    closed: [6, close | 3, 0, ends(1, 4, 3), 0, 0, 6, close | 3, 0, ends(3, 1, 3), 0, 0],
    left: [6, leave | 2, 0, ends(1, 4, 2), 0, 0, ...propose(3, 2, 21), ...vote(0, 22), ...vote(1, 22)],
    decided: [...propose(5, 0), ...vote(0, 21), ...vote(1, 21), ...vote(2, 21)],
};
for (const [name, bytes] of Object.entries(judged))
    put('facts', Buffer.from([147 + 20, ...bytes]), name);

// At a limit and past it, where no fuzzer comes by itself: replaying them is what counts.
const array = count => count < 16 ? Buffer.from([0x90 | count]) :
    Buffer.concat([Buffer.from([0xdc]), u16(count)]);
const bin = (len, byte) => Buffer.concat([Buffer.from([0xc4, len]), Buffer.alloc(len, byte)]);
const list = (count, item) => Buffer.concat([array(count), ...Array(count).fill(item)]);
const locator = Buffer.concat([Buffer.from([0x92, 5]), bin(16, 1)]);
const hole = Buffer.concat([Buffer.from([0x92]), bin(32, 1), Buffer.from([5])]);
for (const count of [40, 41])
    put('message', Buffer.concat([Buffer.from([0x94, 7]), bin(32, 1), list(count, locator),
        Buffer.from([1])]), `${count}_locators`);
for (const count of [256, 257])
    put('message', Buffer.concat([Buffer.from([0x93, 6, 0x90]), list(count, hole)]), `${count}_holes`);
// Every form that MessagePack has and we refuse, with nothing but zeros behind its first byte.
const refused = {c1: 0, c6: 4, c7: 2, c8: 3, c9: 5, ca: 4, cb: 8, d4: 2, d5: 3, d6: 5, d7: 9, d8: 17,
    db: 4, dd: 4, df: 4};
for (const [head, len] of Object.entries(refused))
    put('pack', Buffer.concat([hex(head), Buffer.alloc(len)]), `head_${head}`);
