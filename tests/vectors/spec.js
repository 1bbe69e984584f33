// What the vector scripts share: BLAKE2b with personalisation, canonical MessagePack and Ed25519, as
// proto/README.md asks for them, on Node's built-in crypto (18 or later): made apart from the C code,
// to check it.
'use strict';

const crypto = require('crypto');
const fs = require('fs');

// --- BLAKE2b (RFC 7693) ---

const MASK = (1n << 64n) - 1n;
const IV = [
    0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
    0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const SIGMA = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const COLUMNS_AND_DIAGONALS = [
    [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
    [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];
const rotate = (x, n) => ((x >> n) | (x << (64n - n))) & MASK;

function mix(v, [a, b, c, d], x, y) {
    v[a] = (v[a] + v[b] + x) & MASK;
    v[d] = rotate(v[d] ^ v[a], 32n);
    v[c] = (v[c] + v[d]) & MASK;
    v[b] = rotate(v[b] ^ v[c], 24n);
    v[a] = (v[a] + v[b] + y) & MASK;
    v[d] = rotate(v[d] ^ v[a], 16n);
    v[c] = (v[c] + v[d]) & MASK;
    v[b] = rotate(v[b] ^ v[c], 63n);
}

function compress(h, block, counted, isLast) {
    const v = [...h, ...IV];
    v[12] ^= BigInt(counted);
    if (isLast)
        v[14] ^= MASK;
    const m = Array.from({ length: 16 }, (_, i) => block.readBigUInt64LE(8 * i));
    for (let round = 0; round < 12; round++) {
        const s = SIGMA[round % 10];
        COLUMNS_AND_DIAGONALS.forEach((at, i) => mix(v, at, m[s[2 * i]], m[s[2 * i + 1]]));
    }
    return h.map((word, i) => word ^ v[i] ^ v[i + 8]);
}

// `personal`: text of at most 16 bytes, zero-padded.
function blake2b(input, length, personal) {
    const parameters = Buffer.alloc(64);
    parameters.set([length, 0, 1, 1]);
    parameters.write(personal, 48, 'ascii');
    let h = IV.map((word, i) => word ^ parameters.readBigUInt64LE(8 * i));
    const blocks = Math.max(1, Math.ceil(input.length / 128));
    const padded = Buffer.concat([input, Buffer.alloc(128 * blocks - input.length)]);
    for (let i = 0; i < blocks; i++) {
        const isLast = i === blocks - 1;
        const counted = isLast ? input.length : 128 * (i + 1);
        h = compress(h, padded.subarray(128 * i), counted, isLast);
    }
    const out = Buffer.alloc(64);
    h.forEach((word, i) => out.writeBigUInt64LE(word, 8 * i));
    return out.subarray(0, length);
}

// Without personalisation it must be what Node's own says.
for (const length of [0, 1, 127, 128, 129, 255, 256, 257, 1000]) {
    const input = Buffer.from(Array.from({ length }, (_, i) => (i * 7) & 0xff));
    if (!blake2b(input, 64, '').equals(crypto.createHash('blake2b512').update(input).digest()))
        throw new Error('this BLAKE2b is wrong');
}

// H_x of the specification: hash('entry', header), hash('body', a, b) over a || b.
const hash = (name, ...parts) => blake2b(Buffer.concat(parts), 32, `pharos1.${name}`);

// --- Canonical MessagePack ---

const bigEndian = (width, value) => {
    const out = Buffer.alloc(8);
    out.writeBigUInt64BE(BigInt.asUintN(64, value));
    return out.subarray(8 - width);
};
const head = (first, width, value) =>
    Buffer.concat([Buffer.from([first]), bigEndian(width, BigInt(value))]);

function packInteger(value) {
    if (value >= 0n) {
        if (value < 0x80n) return head(Number(value), 0, 0);
        if (value < 0x100n) return head(0xcc, 1, value);
        if (value < 0x10000n) return head(0xcd, 2, value);
        return value < 0x100000000n ? head(0xce, 4, value) : head(0xcf, 8, value);
    }
    if (value >= -0x20n) return head(Number(value + 0x100n), 0, 0);
    if (value >= -0x80n) return head(0xd0, 1, value);
    if (value >= -0x8000n) return head(0xd1, 2, value);
    return value >= -0x80000000n ? head(0xd2, 4, value) : head(0xd3, 8, value);
}

function packLength(count, short, shortMax, byte, word) {
    if (count <= shortMax) return head(short | count, 0, 0);
    if (byte && count < 0x100) return head(byte, 1, count);
    if (count < 0x10000) return head(word, 2, count);
    throw new Error('too long');
}

// null, booleans, integers (number or BigInt), text (string), bin (Buffer), arrays, and Maps, whose
// keys are integers in any order.
function pack(value) {
    if (value === null) return Buffer.from([0xc0]);
    if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
    if (typeof value === 'number' || typeof value === 'bigint') return packInteger(BigInt(value));
    if (typeof value === 'string') {
        const text = Buffer.from(value, 'utf8');
        return Buffer.concat([packLength(text.length, 0xa0, 31, 0xd9, 0xda), text]);
    }
    if (Buffer.isBuffer(value))
        return Buffer.concat([packLength(value.length, 0, -1, 0xc4, 0xc5), value]);
    if (Array.isArray(value))
        return Buffer.concat([packLength(value.length, 0x90, 15, 0, 0xdc), ...value.map(pack)]);
    if (value instanceof Map) {
        const pairs = [...value].sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1));
        return Buffer.concat([packLength(value.size, 0x80, 15, 0, 0xde), ...pairs.flat().map(pack)]);
    }
    throw new Error(`no MessagePack for ${value}`);
}

// --- Keys: raw bytes through the fixed DER prefixes of RFC 8410 ---

const PKCS8 = { ed25519: '302e020100300506032b657004220420', x25519: '302e020100300506032b656e04220420' };
const privateKey = (curve, seed) => crypto.createPrivateKey({
    key: Buffer.concat([Buffer.from(PKCS8[curve], 'hex'), seed]), format: 'der', type: 'pkcs8',
});
const publicOf = (curve, seed) => crypto.createPublicKey(privateKey(curve, seed))
    .export({ format: 'der', type: 'spki' }).subarray(-32);

// An Ed25519 key pair from 32 bytes: .public (Buffer), .sign(what, id) with what 'entry', 'fact' or
// 'join'.
const signer = (seed) => ({
    seed,
    public: publicOf('ed25519', seed),
    sign: (what, id) => crypto.sign(null,
        Buffer.concat([Buffer.from(`pharos1 ${what} signature`, 'ascii'), id]),
        privateKey('ed25519', seed)),
});

// Bytes that look random and are always the same, for keys and salts of vectors.
const fixed = (name, length) =>
    crypto.createHash('shake256', { outputLength: length }).update(`pharos vector ${name}`).digest();

// Writes JSON with buffers as hexadecimal text and BigInts as decimal text.
function writeJson(path, value) {
    const plain = (item) => {
        if (Buffer.isBuffer(item)) return item.toString('hex');
        if (typeof item === 'bigint') return item.toString();
        if (Array.isArray(item)) return item.map(plain);
        if (item !== null && typeof item === 'object')
            return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, plain(inner)]));
        return item;
    };
    fs.writeFileSync(path, `${JSON.stringify(plain(value), null, 2)}\n`);
}

module.exports = {
    blake2b, hash, pack, signer, fixed, writeJson,
    agreePublic: (secret) => publicOf('x25519', secret),
};
