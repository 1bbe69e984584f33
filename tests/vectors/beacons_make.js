// Writes beacons.json, always the same: `node beacons_make.js`. A second implementation of beacons
// (proto/README.md, section 13) on spec.js, with its own HChaCha20 (draft-irtf-cfrg-xchacha),
// whose known answer it checks first.
'use strict';

const assert = require('assert');
const crypto = require('crypto');
const path = require('path');
const { blake2b, fixed, writeJson, agreePublic } = require('./spec.js');

function quarter(s, a, b, c, d) {
    const turn = (word, bits) => (word << bits) | (word >>> (32 - bits));
    s[a] += s[b]; s[d] = turn(s[d] ^ s[a], 16);
    s[c] += s[d]; s[b] = turn(s[b] ^ s[c], 12);
    s[a] += s[b]; s[d] = turn(s[d] ^ s[a], 8);
    s[c] += s[d]; s[b] = turn(s[b] ^ s[c], 7);
}

function hchacha20(key, nonce) {
    const words = Buffer.concat([Buffer.from('expand 32-byte k'), key, nonce]);
    const s = Uint32Array.from({ length: 16 }, (_, i) => words.readUInt32LE(4 * i));
    for (let round = 0; round < 10; round++) {
        for (let i = 0; i < 4; i++)
            quarter(s, i, 4 + i, 8 + i, 12 + i);
        for (let i = 0; i < 4; i++)
            quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    const out = Buffer.alloc(32);
    [0, 1, 2, 3, 12, 13, 14, 15].forEach((word, i) => out.writeUInt32LE(s[word], 4 * i));
    return out;
}

assert.strictEqual(hchacha20(Buffer.from(Array.from({ length: 32 }, (_, i) => i)),
    Buffer.from('000000090000004a0000000031415927', 'hex')).toString('hex'),
    '82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc');

function seal(key, nonce, plain) {
    const cipher = crypto.createCipheriv('chacha20-poly1305', hchacha20(key, nonce.subarray(0, 16)),
        Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]), { authTagLength: 16 });
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function beacon(number, port) {
    const network = fixed(`network ${number}`, 32), networkKey = fixed(`network key ${number}`, 32);
    const transport = agreePublic(fixed(`transport ${number}`, 32));
    const nonce = fixed(`nonce ${number}`, 24);
    const key = blake2b(Buffer.concat([network, networkKey]), 32, 'pharos1.beacon');
    const plain = Buffer.concat([Buffer.from([1, port >> 8, port & 255]), transport]);
    const hex = (bytes) => bytes.toString('hex');
    return {
        network: hex(network), network_key: hex(networkKey), port, transport: hex(transport),
        nonce: hex(nonce), beacon: hex(Buffer.concat([nonce, seal(key, nonce, plain)])),
    };
}

writeJson(path.join(__dirname, 'beacons.json'), [beacon(1, 7410), beacon(2, 1), beacon(3, 65535)]);
