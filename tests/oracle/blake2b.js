// BLAKE2b with personalisation (RFC 7693, which OpenSSL has without), and the H_x of proto/README.md.
// A 64-bit word is two 32-bit halves, the low one first: with BigInt it takes a hundred times as long.
'use strict';

const IV = Uint32Array.of(
    0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a,
    0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19);
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
const QUARTERS = [
    [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
    [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];
// All twelve rounds as one list: places of a, b, c, d in v and of x, y in m, in halves.
const STEPS = Uint8Array.from(Array.from({ length: 12 }, (_, round) =>
    QUARTERS.map((quarter, i) => [...quarter, SIGMA[round % 10][2 * i], SIGMA[round % 10][2 * i + 1]]))
    .flat(2).map((word) => 2 * word));

const v = new Uint32Array(32);
const m = new Uint32Array(32);

// v[a] += v[b] + m[x]
function add(a, b, x) {
    const low = v[a] + v[b] + m[x];
    v[a] = low;
    v[a + 1] += v[b + 1] + m[x + 1] + Math.floor(low / 0x100000000);
}

function addOne(a, b) {
    const low = v[a] + v[b];
    v[a] = low;
    v[a + 1] += v[b + 1] + (low >= 0x100000000 ? 1 : 0);
}

// v[d] = (v[d] ^ v[a]) >>> count, turning
function turn(d, a, count) {
    const low = v[d] ^ v[a], high = v[d + 1] ^ v[a + 1];
    if (count === 32) {
        v[d] = high;
        v[d + 1] = low;
    } else if (count === 63) {
        v[d] = (low << 1) | (high >>> 31);
        v[d + 1] = (high << 1) | (low >>> 31);
    } else {
        v[d] = (low >>> count) | (high << (32 - count));
        v[d + 1] = (high >>> count) | (low << (32 - count));
    }
}

function compress(h, block, at, counted, isLast) {
    for (let i = 0, from = at; i < 32; i++, from += 4)
        m[i] = block[from] | block[from + 1] << 8 | block[from + 2] << 16 | block[from + 3] << 24;
    v.set(h);
    v.set(IV, 16);
    v[24] ^= counted;
    if (isLast) {
        v[28] = ~v[28];
        v[29] = ~v[29];
    }
    for (let i = 0; i < STEPS.length; i += 6) {
        const a = STEPS[i], b = STEPS[i + 1], c = STEPS[i + 2], d = STEPS[i + 3];
        add(a, b, STEPS[i + 4]);
        turn(d, a, 32);
        addOne(c, d);
        turn(b, c, 24);
        add(a, b, STEPS[i + 5]);
        turn(d, a, 16);
        addOne(c, d);
        turn(b, c, 63);
    }
    for (let i = 0; i < 16; i++)
        h[i] ^= v[i] ^ v[i + 16];
}

// The state after the parameter block, for each personalisation once.
const starts = new Map();
function start(personal) {
    if (!starts.has(personal)) {
        const parameters = Buffer.alloc(64);
        parameters.set([32, 0, 1, 1]);
        parameters.write(personal, 48, 'ascii');
        starts.set(personal, IV.map((word, i) => word ^ parameters.readUInt32LE(4 * i)));
    }
    return Uint32Array.from(starts.get(personal));
}

// 32 bytes.
function blake2b(input, personal) {
    const h = start(personal);
    let at = 0;
    for (; at + 128 < input.length; at += 128)
        compress(h, input, at, at + 128, false);
    const last = Buffer.alloc(128);
    input.copy(last, 0, at);
    compress(h, last, 0, input.length, true);
    const out = Buffer.allocUnsafe(32);
    for (let i = 0; i < 8; i++)
        out.writeUInt32LE(h[i], 4 * i);
    return out;
}

module.exports = {
    hash: (name, ...parts) => blake2b(Buffer.concat(parts), `pharos1.${name}`),
};
