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

function put(noun, bytes) {
    const name = crypto.createHash('sha1').update(bytes).digest('hex');
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
for (const fact of facts.facts)
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
for (const bends of [0, 1, 2, 4, 8, 16])
    put('handshake', Buffer.concat([Buffer.from([bends, 0, 5]), Buffer.from('hello'),
        Buffer.alloc(40, 7)]));
put('config', Buffer.from('# a comment\nlisten = [::]:7410\npeer = host.example:7410\nlog = info\n'));
// Created, audience, Lamport time, two touches, one value: field 3 of log 0, entry 1, op 1.
put('record', hex('03' + '0100' + '0000000000000001' + '00000002' + '00000001' +
    '0000000000000001' + '0000000100000002' + '0300010101c2' + 'a2686f'));
for (let i = 1; i < 6; i++)
    put('merge', Buffer.from(Array.from({length: 40 * i}, (_, at) => (at * at * i) % 251)));
