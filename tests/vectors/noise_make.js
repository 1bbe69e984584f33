// A second implementation of Noise revision 34 for the patterns XX and XX1 with psk modifiers,
// 25519, ChaChaPoly, BLAKE2b, on Node's built-in crypto (18 or later): made apart from the C code,
// to check it.
//
//   node noise_make.js          writes noise_xxpsk0.json; always the same bytes
//   node noise_make.js --check  replays noise_cacophony_snow.json and noise_xxpsk0.json
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const PUBLISHED = path.join(__dirname, 'noise_cacophony_snow.json');
const OURS = path.join(__dirname, 'noise_xxpsk0.json');
const EMPTY = Buffer.alloc(0);

const PATTERNS = {
    XX: ['e', 'e ee s es', 's se'],
    XX1: ['e', 'e ee s', 'es s se'],
};

const hash = (...parts) => crypto.createHash('blake2b512').update(Buffer.concat(parts)).digest();
const hmac = (key, data) => crypto.createHmac('blake2b512', key).update(data).digest();

function hkdf(chainingKey, input, count) {
    const temp = hmac(chainingKey, input);
    const outputs = [];
    for (let i = 1; i <= count; i++) {
        const previous = outputs.length ? outputs[outputs.length - 1] : EMPTY;
        outputs.push(hmac(temp, Buffer.concat([previous, Buffer.from([i])])));
    }
    return outputs;
}

// X25519 keys as raw bytes, through the fixed DER prefixes of RFC 8410.
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI = Buffer.from('302a300506032b656e032100', 'hex');
const secretKey = (raw) => crypto.createPrivateKey({
    key: Buffer.concat([PKCS8, raw]), format: 'der', type: 'pkcs8',
});
const publicKey = (raw) => crypto.createPublicKey({
    key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki',
});
const publicOf = (raw) =>
    crypto.createPublicKey(secretKey(raw)).export({ format: 'der', type: 'spki' }).subarray(-32);
const agree = (ours, theirs) =>
    crypto.diffieHellman({ privateKey: secretKey(ours), publicKey: publicKey(theirs) });

class Cipher {
    constructor(key) {
        this.key = key.subarray(0, 32);
        this.counter = 0n;
    }

    nonce() {
        const nonce = Buffer.alloc(12);
        nonce.writeBigUInt64LE(this.counter++, 4);
        return nonce;
    }

    seal(associated, plain) {
        const options = { authTagLength: 16 };
        const cipher = crypto.createCipheriv('chacha20-poly1305', this.key, this.nonce(), options);
        cipher.setAAD(associated, { plaintextLength: plain.length });
        return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    }

    open(associated, sealed) {
        const options = { authTagLength: 16 };
        const cipher = crypto.createDecipheriv('chacha20-poly1305', this.key, this.nonce(), options);
        const plain = sealed.subarray(0, sealed.length - 16);
        cipher.setAAD(associated, { plaintextLength: plain.length });
        cipher.setAuthTag(sealed.subarray(sealed.length - 16));
        return Buffer.concat([cipher.update(plain), cipher.final()]);
    }
}

class Handshake {
    constructor(protocolName, { initiator, prologue, s, e, psks }) {
        const [, base, modifiers] = protocolName.match(/^Noise_(XX1?)((?:\+?psk\d)*)_/);
        const places = (modifiers.match(/\d/g) || []).map(Number);
        this.messages = PATTERNS[base].map((message, i) => {
            const before = i === 0 && places.includes(0) ? ['psk'] : [];
            const after = places.includes(i + 1) ? ['psk'] : [];
            return [...before, ...message.split(' '), ...after];
        });
        this.hasPsk = places.length > 0;
        Object.assign(this, { initiator, s, e, psks: [...psks] });
        this.h = protocolName.length <= 64
            ? Buffer.concat([Buffer.from(protocolName)], 64)
            : hash(Buffer.from(protocolName));
        this.ck = this.h;
        this.mixHash(prologue);
    }

    mixHash(data) {
        this.h = hash(this.h, data);
    }

    mixKey(input) {
        const [ck, key] = hkdf(this.ck, input, 2);
        this.ck = ck;
        this.cipher = new Cipher(key);
    }

    mixPsk() {
        const [ck, mixed, key] = hkdf(this.ck, this.psks.shift(), 3);
        this.ck = ck;
        this.mixHash(mixed);
        this.cipher = new Cipher(key);
    }

    seal(plain) {
        const out = this.cipher ? this.cipher.seal(this.h, plain) : plain;
        this.mixHash(out);
        return out;
    }

    open(sealed) {
        const out = this.cipher ? this.cipher.open(this.h, sealed) : sealed;
        this.mixHash(sealed);
        return out;
    }

    // ee, es, se: the first letter is the initiator's key, the second the responder's.
    mixAgreed(token) {
        const [ours, theirs] = this.initiator ? token : [token[1], token[0]];
        this.mixKey(agree(ours === 's' ? this.s : this.e, theirs === 's' ? this.rs : this.re));
    }

    mixEphemeral(key) {
        this.mixHash(key);
        if (this.hasPsk) this.mixKey(key);
    }

    write(payload) {
        const out = [];
        for (const token of this.messages.shift()) {
            if (token === 'psk') {
                this.mixPsk();
            } else if (token === 'e') {
                out.push(publicOf(this.e));
                this.mixEphemeral(publicOf(this.e));
            } else if (token === 's') {
                out.push(this.seal(publicOf(this.s)));
            } else {
                this.mixAgreed(token);
            }
        }
        out.push(this.seal(payload));
        return Buffer.concat(out);
    }

    read(message) {
        const take = (len) => {
            const part = message.subarray(0, len);
            message = message.subarray(len);
            return part;
        };
        for (const token of this.messages.shift()) {
            if (token === 'psk') {
                this.mixPsk();
            } else if (token === 'e') {
                this.re = take(32);
                this.mixEphemeral(this.re);
            } else if (token === 's') {
                this.rs = this.open(take(this.cipher ? 48 : 32));
            } else {
                this.mixAgreed(token);
            }
        }
        return this.open(message);
    }

    split() {
        return hkdf(this.ck, EMPTY, 2).map((key) => new Cipher(key));
    }
}

const hex = (text) => Buffer.from(text || '', 'hex');

// Both sides of one vector; calls `step(payload, ciphertext)` for each message after it was read.
function replay(vector, step) {
    const side = (role) => new Handshake(vector.protocol_name, {
        initiator: role === 'init',
        prologue: hex(vector[`${role}_prologue`]),
        s: hex(vector[`${role}_static`]),
        e: hex(vector[`${role}_ephemeral`]),
        psks: (vector[`${role}_psks`] || []).map(hex),
    });
    const sides = [side('init'), side('resp')];
    let ciphers;
    vector.messages.forEach(({ payload }, i) => {
        const [writer, reader] = i % 2 === 0 ? sides : [sides[1], sides[0]];
        const plain = hex(payload);
        let sealed;
        let opened;
        if (i < 3) {
            sealed = writer.write(plain);
            opened = reader.read(sealed);
        } else {
            ciphers = ciphers || { ours: sides[0].split(), theirs: sides[1].split() };
            sealed = ciphers.ours[i % 2].seal(EMPTY, plain);
            opened = ciphers.theirs[i % 2].open(EMPTY, sealed);
        }
        if (!opened.equals(plain)) throw new Error(`message ${i} was not read as written`);
        step(i, plain, sealed);
    });
    if (!sides[0].h.equals(sides[1].h)) throw new Error('the hashes differ');
    return sides[0].h;
}

// Bytes that follow from a text, so that the file is always the same.
function bytesOf(text, len) {
    const parts = [];
    for (let i = 0; i * 64 < len; i++) parts.push(hash(Buffer.from(`${text} ${i}`)));
    return Buffer.concat(parts).subarray(0, len);
}

const pharosPrologue = (n) => Buffer.concat([Buffer.from('pharos 1'), bytesOf(`network ${n}`, 32)]);

// Prologue, then lengths of payloads: three of the handshake, the rest transport messages from the
// initiator (even) and responder (odd). A transport message 3 comes from the responder.
const PLANS = [
    { prologue: EMPTY, lens: [0, 0, 0, 0, 0] },
    { prologue: Buffer.from('lighthouse'), lens: [1, 2, 3, 4, 5, 6] },
    { prologue: pharosPrologue(2), lens: [0, 174, 208, 1, 33, 300, 64] },
    { prologue: pharosPrologue(3), lens: [0, 232, 232, 1000, 0, 1000, 0, 17] },
    { prologue: bytesOf('long prologue', 500), lens: [200, 100, 50, 16, 15] },
];

function make(plan, n) {
    const prologue = plan.prologue.toString('hex');
    const psk = bytesOf(`psk ${n}`, 32).toString('hex');
    const key = (name) => bytesOf(`${name} ${n}`, 32).toString('hex');
    const vector = {
        protocol_name: 'Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b',
        init_prologue: prologue,
        init_psks: [psk],
        init_static: key('initiator static'),
        init_ephemeral: key('initiator ephemeral'),
        resp_prologue: prologue,
        resp_psks: [psk],
        resp_static: key('responder static'),
        resp_ephemeral: key('responder ephemeral'),
        handshake_hash: '',
        messages: plan.lens.map((len, i) => ({
            payload: bytesOf(`payload ${n} ${i}`, len).toString('hex'),
        })),
        source: 'noise_make.js',
    };
    vector.handshake_hash = replay(vector, (i, plain, sealed) => {
        vector.messages[i].ciphertext = sealed.toString('hex');
    }).toString('hex');
    return vector;
}

function check(file) {
    const { vectors } = JSON.parse(fs.readFileSync(file, 'utf8'));
    for (const vector of vectors) {
        const name = `${vector.protocol_name} (${vector.source})`;
        const h = replay(vector, (i, plain, sealed) => {
            if (sealed.toString('hex') !== vector.messages[i].ciphertext)
                throw new Error(`${name}: message ${i} differs`);
        });
        if (vector.handshake_hash && h.toString('hex') !== vector.handshake_hash)
            throw new Error(`${name}: handshake hash differs`);
        console.log(`same: ${name}`);
    }
}

if (process.argv.includes('--check')) {
    check(PUBLISHED);
    check(OURS);
} else {
    const vectors = PLANS.map(make);
    fs.writeFileSync(OURS, `${JSON.stringify({ vectors }, null, 1)}\n`);
    console.log(`${vectors.length} vectors written to ${OURS}`);
}
