// Canonical MessagePack and nothing else (proto/README.md §1). nil is null, integers are BigInt, text
// is a string, bin a Buffer, arrays are arrays; a map becomes a Map. Writing is for the canonical form
// of records.
'use strict';

const { PH_PACK_DEPTH_MAX } = require('./limits.js');

// Thrown for bytes that are refused: common, so without a stack.
class Refused {
    constructor(message) {
        this.message = message;
    }
}
const refuse = (why) => {
    throw new Refused(why);
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
        this.depth = 0;
    }

    take(count) {
        if (count > this.bytes.length - this.at)
            refuse('cut');
        this.at += count;
        return this.bytes.subarray(this.at - count, this.at);
    }

    // A big-endian number of so many bytes that would not have fitted a shorter form.
    uint(width, least) {
        let value = 0n;
        for (const byte of this.take(width))
            value = (value << 8n) | BigInt(byte);
        return value >= least ? value : refuse('not the shortest form');
    }

    int(width, leastNegative) {
        const value = BigInt.asIntN(8 * width, this.uint(width, 0n));
        return value < leastNegative ? value : refuse('not the shortest form');
    }

    text(length) {
        try {
            return utf8.decode(this.take(Number(length)));
        } catch (error) {
            return refuse('no UTF-8');
        }
    }

    nested(count, read) {
        if (++this.depth > PH_PACK_DEPTH_MAX)
            refuse('too deep');
        if (count > this.bytes.length - this.at)
            refuse('more items than bytes');
        const out = [];
        for (let i = 0; i < count; i++)
            out.push(read());
        this.depth--;
        return out;
    }

    array(count) {
        return this.nested(Number(count), () => this.value());
    }

    map(count) {
        let before = -1n;
        return new Map(this.nested(Number(count), () => {
            const key = this.value();
            if (typeof key !== 'bigint' || key <= before)
                refuse('keys out of order');
            before = key;
            return [key, this.value()];
        }));
    }

    value() {
        const first = this.take(1)[0];
        if (first < 0x80) return BigInt(first);
        if (first < 0x90) return this.map(first & 15);
        if (first < 0xa0) return this.array(first & 15);
        if (first < 0xc0) return this.text(first & 31);
        if (first >= 0xe0) return BigInt(first) - 256n;
        switch (first) {
        case 0xc0: return null;
        case 0xc2: return false;
        case 0xc3: return true;
        case 0xc4: return this.take(Number(this.uint(1, 0n)));
        case 0xc5: return this.take(Number(this.uint(2, 0x100n)));
        case 0xcc: return this.uint(1, 0x80n);
        case 0xcd: return this.uint(2, 0x100n);
        case 0xce: return this.uint(4, 0x10000n);
        case 0xcf: return this.uint(8, 0x100000000n);
        case 0xd0: return this.int(1, -0x20n);
        case 0xd1: return this.int(2, -0x80n);
        case 0xd2: return this.int(4, -0x8000n);
        case 0xd3: return this.int(8, -0x80000000n);
        case 0xd9: return this.text(this.uint(1, 32n));
        case 0xda: return this.text(this.uint(2, 0x100n));
        case 0xdc: return this.array(this.uint(2, 16n));
        case 0xde: return this.map(this.uint(2, 16n));
        default: return refuse('no type of ours');
        }
    }

    end() {
        if (this.at !== this.bytes.length)
            refuse('something behind it');
    }
}

// One value, all of the bytes.
function unpack(bytes) {
    const reader = new Reader(bytes);
    const value = reader.value();
    reader.end();
    return value;
}

// An array as [{ value, bytes }], each item with the bytes that it was.
function unpackItems(bytes) {
    const first = bytes.length > 0 ? bytes[0] : 0;
    const whole = unpack(bytes);
    if (!Array.isArray(whole))
        refuse('no array');
    const reader = new Reader(bytes);
    reader.at = first === 0xdc ? 3 : 1;
    return whole.map(() => {
        const from = reader.at;
        const value = reader.value();
        return { value, bytes: bytes.subarray(from, reader.at) };
    });
}

// --- writing ---

function number(first, width, value) {
    const out = Buffer.alloc(1 + width);
    out[0] = first;
    for (let i = width, rest = value; i > 0; i--, rest >>= 8n)
        out[i] = Number(rest & 255n);
    return out;
}

function packUint(value) {
    if (value < 0x80n) return Buffer.of(Number(value));
    if (value < 0x100n) return number(0xcc, 1, value);
    if (value < 0x10000n) return number(0xcd, 2, value);
    return value < 0x100000000n ? number(0xce, 4, value) : number(0xcf, 8, value);
}

// Unsigned integers, booleans, short bins, arrays of fewer than 16 items.
function pack(value) {
    if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
    if (typeof value === 'bigint' || typeof value === 'number') return packUint(BigInt(value));
    if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.of(0xc4, value.length), value]);
    return Buffer.concat([Buffer.of(0x90 | value.length), ...value.map(pack)]);
}

module.exports = { Refused, refuse, unpack, unpackItems, pack };
