// Ed25519 as proto/README.md §2 has it: a signature over a tag and a 32-byte id.
'use strict';

const crypto = require('crypto');

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

// Points of small order, y as it is encoded, the sign bit left out: with such a key, signatures fit
// that nobody made.
const P = (1n << 255n) - 19n;
const SMALL = [0n, 1n, P - 1n, P, P + 1n,
    0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
    0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n];

function isSmall(key) {
    let y = 0n;
    for (let i = 31; i >= 0; i--)
        y = (y << 8n) | BigInt(i === 31 ? key[i] & 127 : key[i]);
    return SMALL.includes(y);
}

// The same few keys sign everything. null: no key that signs.
const keys = new Map();
function keyOf(bytes) {
    const name = bytes.toString('latin1');
    if (!keys.has(name)) {
        if (keys.size > 4096)
            keys.clear();
        keys.set(name, isSmall(bytes) ? null : crypto.createPublicKey(
            { key: Buffer.concat([SPKI, bytes]), format: 'der', type: 'spki' }));
    }
    return keys.get(name);
}

// `what`: 'entry', 'fact', 'join' or 'consent'.
function verifies(what, id, signature, key) {
    if (signature.length !== 64 || key.length !== 32)
        return false;
    const signed = Buffer.concat([Buffer.from(`pharos1 ${what} signature`, 'ascii'), id]);
    try {
        const by = keyOf(key);
        return by !== null && crypto.verify(null, signed, by, signature);
    } catch (error) {
        return false; // no point of the curve
    }
}

module.exports = { verifies };
