// Runs: headers rebuilt from what travels (proto/README.md §9).
'use strict';

const limits = require('./limits.js');
const { hash } = require('./blake2b.js');
const { parseEntry } = require('./entry.js');
const { refuse, unpack } = require('./pack.js');

const need = (condition, why) => condition || refuse(why);
const isBin = (value, length) => Buffer.isBuffer(value) && value.length === length;
const isUint = (value, max) => typeof value === 'bigint' && value >= 0n && value <= max;

function parseRun(bytes) {
    const items = unpack(bytes);
    need(Array.isArray(items) && items.length === 5, 'no run');
    const [writer, seq, id, entries, signature] = items;
    need(isBin(writer, 32) && isUint(seq, 0xffffffffn) && isBin(id, 32), 'no place');
    need(Array.isArray(entries) && entries.length > 0 && isBin(signature, 64), 'no entries');
    return { writer, seq: Number(seq), id: id.toString('hex'), entries, signature };
}

function bodyOf(items) {
    need(Array.isArray(items) && [3, 5].includes(items.length), 'no entry');
    const [lamportStep, timeStep, skeleton, fourth, fifth] = items;
    need(isUint(lamportStep, (1n << 64n) - 1n), 'no Lamport step');
    need(typeof timeStep === 'bigint' && timeStep < 1n << 63n, 'no time step');
    need(Buffer.isBuffer(skeleton), 'no skeleton');
    const steps = { lamportStep, timeStep, skeleton };
    if (items.length === 3)
        return { ...steps, content: Buffer.alloc(0), contentLength: 0 };
    if (isBin(fourth, 32)) {
        need(isUint(fifth, BigInt(limits.PH_BODY_MAX)) && fifth > 0n, 'no length');
        return { ...steps, contentHash: fourth, contentLength: Number(fifth) };
    }
    need(isBin(fourth, 16) && Buffer.isBuffer(fifth) && fifth.length > 0, 'no content');
    return { ...steps, salt: fourth, content: fifth, contentLength: fifth.length };
}

function headerAfter(before, writer, body) {
    const length = body.skeleton.length + body.contentLength;
    need(length <= limits.PH_BODY_MAX, 'body too long');
    const lamport = before.lamport + body.lamportStep;
    need(lamport <= BigInt(limits.PH_LAMPORT_MAX), 'Lamport time too high');
    const contentHash = body.contentHash ||
        hash('content', body.contentLength === 0 ? Buffer.alloc(16) : body.salt, body.content);
    const out = Buffer.alloc(limits.PH_HEADER_LEN);
    out[0] = 1;
    out.writeUInt16BE(length, 2);
    out.writeUInt32BE(before.seq + 1, 4);
    out.writeBigUInt64BE(before.sum + BigInt(length), 8);
    out.writeBigUInt64BE(lamport, 16);
    out.writeBigUInt64BE(BigInt.asUintN(64, before.time + body.timeStep), 24);
    writer.copy(out, 32);
    Buffer.from(before.id, 'hex').copy(out, 64);
    hash('body', hash('skeleton', body.skeleton), contentHash).copy(out, 96);
    return out;
}

// The entries of a run that continues after `before`, as parseEntry gives them, the last one signed.
// Throws Refused.
function entriesOfRun(run, before) {
    const out = [];
    let counted = 0;
    for (const items of run.entries) {
        const body = bodyOf(items);
        const header = headerAfter(out[out.length - 1] || before, run.writer, body);
        const signature = out.length === run.entries.length - 1 ? run.signature : undefined;
        out.push(parseEntry({ header, ...body, signature }));
        counted += limits.PH_HEADER_LEN + out[out.length - 1].bodyLength;
    }
    need(counted <= limits.PH_RUN_COUNTED_MAX, 'run too long');
    return out;
}

module.exports = { parseRun, entriesOfRun };
