// From accepted entries to records (proto/README.md §5 and §6).
'use strict';

const limits = require('./limits.js');
const { opsOf, nameOf, CREATE, SET, ADD, REMOVE } = require('./entry.js');
const { pack } = require('./pack.js');

// --- the table of kinds ---

class Kinds {
    constructor(table) {
        this.byNumber = new Map(table.map((kind) => [kind.number, {
            ...kind, fields: new Map(kind.fields.map((field) => [field.number, field])),
        }]));
    }

    get(number) {
        return this.byNumber.get(number);
    }

    // Whether the op's school may make it. Every accepted entry is of a known school.
    allows(op) {
        const kind = this.get(op.kind);
        return kind !== undefined && (kind.right === 'member' || isOfOwner(op));
    }
}

const isOfOwner = (op) => op.entry.school.startsWith(op.record.slice(0, 16));
const createdSeq = (record) => parseInt(record.slice(16, 24), 16);

const isText = (value, max) => typeof value === 'string' && Buffer.byteLength(value) <= max;
const isBin = (value, length) => Buffer.isBuffer(value) && value.length === length;

function isDate(value) {
    const parts = typeof value === 'string' && /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
    if (!parts)
        return false;
    const [year, month, day] = parts.slice(1).map(Number);
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

const fitting = {
    text: (value, field) => isText(value, field.size),
    date: (value) => isDate(value),
    choice: (value, field) => field.choices.includes(value),
    record: (value) => isBin(value, 16),
    school: (value) => isBin(value, 32),
    position: (value, field) => typeof value === 'string' && /^[0-9A-Za-z]*[1-9A-Za-z]$/.test(value) &&
        value.length <= field.size,
};

const fits = (field, value) =>
    value === null ? field.type === 'register' : fitting[field.value](value, field);

// --- one record from all its ops ---

const byName = (ops) => new Map(ops.map((op) => [op.name, op]));
const descending = (a, b) => (a < b ? 1 : a > b ? -1 : 0);

function winningCreate(record, ops, stands) {
    return ops.filter((op) => op.type === CREATE && stands(op) && isOfOwner(op) &&
        op.entry.seq === createdSeq(record))
        .sort((a, b) => descending(b.entry.id, a.entry.id) || a.index - b.index)[0];
}

// What no standing set overwrites, directly or through sets that don't stand.
function liveSets(sets, stands) {
    const known = byName(sets);
    const overwritten = new Set();
    const pending = sets.filter(stands).flatMap((op) => op.refs);
    while (pending.length > 0) {
        const name = pending.pop();
        const target = known.get(name);
        if (target === undefined || overwritten.has(name))
            continue;
        overwritten.add(name);
        if (!stands(target))
            pending.push(...target.refs);
    }
    return sets.filter((op) => stands(op) && !overwritten.has(op.name));
}

function liveAdds(adds, removes, stands) {
    const removed = new Set(removes.filter(stands).flatMap((op) => op.refs));
    return adds.filter((op) => stands(op) && !removed.has(op.name));
}

function liveInField(field, ops, stands) {
    const of = (type) => ops.filter((op) => op.type === type && op.field === field.number);
    if (field.type === 'register')
        return liveSets(of(SET), stands);
    return field.type === 'set' ? liveAdds(of(ADD), of(REMOVE), stands) : [];
}

const inOrder = (a, b) => descending(a.entry.lamport, b.entry.lamport) ||
    descending(a.entry.writer, b.entry.writer) || descending(a.entry.id, b.entry.id) ||
    b.index - a.index;

// Of each school as many items as have room; `values` are in order.
function withinBytes(record, values) {
    const taken = new Map();
    return values.map(({ op, bytes }) => {
        const { school } = op.entry;
        const max = school.startsWith(record.slice(0, 16))
            ? limits.PH_OWNER_BYTES_MAX : limits.PH_SCHOOL_BYTES_MAX;
        const sum = (taken.get(school) || 0) + (bytes === null ? 0 : bytes.length);
        taken.set(school, sum);
        return { op, bytes: sum <= max ? bytes : null };
    });
}

// `ops`: those on this (kind, record), in any order. `stands`: whether an op does.
function merge(kinds, kind, record, ops, stands = () => true) {
    const allowed = [...byName(ops).values()].filter((op) => kinds.allows(op));
    const create = winningCreate(record, allowed, stands);
    if (create === undefined)
        return { isCreated: false, lamport: 0n, audience: 0, values: [] };
    const counted = allowed.filter((op) => op.audience === create.audience);
    const fields = [...kinds.get(kind).fields.values()].sort((a, b) => a.number - b.number);
    const values = fields.flatMap((field) => liveInField(field, counted, stands).sort(inOrder)
        .map((op) => ({
            op, bytes: op.value && fits(field, op.value.value) ? op.value.bytes : null,
        })));
    return {
        isCreated: true, lamport: create.entry.lamport, audience: create.audience,
        values: withinBytes(record, values),
    };
}

// --- all records ---

// The entries whose ops refer to nothing that has not been applied; all, if `noneWait`. What is left
// out is not applied, and of some writers nothing is waited for.
function appliedEntries(entries, out, noneWait) {
    const waiting = new Map();
    const applied = new Map();
    const isIgnored = (need) => out.ignores(need.slice(0, 64));
    for (const entry of entries.values()) {
        if (out.has(entry))
            continue;
        const ops = opsOf(entry);
        waiting.set(nameOf(entry), { entry, ops, needs: ops.flatMap((op) => op.needs) });
    }
    for (let before = -1; before !== applied.size;) {
        before = applied.size;
        for (const [name, one] of waiting) {
            if (!noneWait && !one.needs.every((need) => applied.has(need) || isIgnored(need)))
                continue;
            applied.set(name, one);
            waiting.delete(name);
        }
    }
    return [...applied.values()];
}

// Of each school's entries on a record, and of their ops on it, its share: those that come first.
function withinShares(record, touches, stands) {
    const bySchool = new Map();
    for (const touch of touches) {
        const { school } = touch.entry;
        bySchool.set(school, bySchool.get(school) || []);
        bySchool.get(school).push(touch);
    }
    return [...bySchool].map(([school, theirs]) => {
        const isOwner = school.startsWith(record.slice(0, 16));
        const share = isOwner ? limits.PH_OWNER_SHARE_MAX : limits.PH_SCHOOL_SHARE_MAX;
        const mayCreate = ({ entry }) => Number(isOwner && entry.seq === createdSeq(record));
        const entries = theirs.sort((a, b) => stands(b.entry) - stands(a.entry) ||
            mayCreate(b) - mayCreate(a) ||
            descending(b.entry.writer, a.entry.writer) || a.entry.seq - b.entry.seq ||
            descending(b.entry.id, a.entry.id)).slice(0, share);
        const ops = entries.flatMap((touch) => touch.ops.filter((op) => op.type <= REMOVE));
        return { count: entries.length, ops: ops.slice(0, share) };
    });
}

// Map `kind record` -> { kind, record, touches: [{ entry, ops }] } of what is applied.
function touchedRecords(kinds, applied) {
    const records = new Map();
    for (const { entry, ops } of applied) {
        for (const op of ops) {
            const key = `${op.kind} ${op.record}`;
            if (!records.has(key))
                records.set(key, { kind: op.kind, record: op.record, touches: new Map() });
            const touches = records.get(key).touches;
            touches.set(entry.id, { entry, ops: [...((touches.get(entry.id) || {}).ops || []), op] });
        }
    }
    for (const [key, one] of records) {
        one.touches = [...one.touches.values()].filter(({ ops }) => ops.some((op) => op.type <= REMOVE && kinds.allows(op)));
        if (one.touches.length === 0)
            records.delete(key);
    }
    return records;
}

function canonical({ kind, record, touchCount, merged }) {
    const values = merged.values.map(({ op, bytes }) => {
        const head = [op.field, Buffer.from(op.entry.writer, 'hex'), op.entry.seq,
            Buffer.from(op.entry.id.slice(0, 32), 'hex'), op.index, op.entry.lamport];
        const packed = pack(head);
        packed[0] += bytes === null ? 0 : 1; // one item more in the array
        return Buffer.concat(bytes === null ? [packed] : [packed, bytes]);
    });
    return Buffer.concat([kind, Buffer.from(record, 'hex'), merged.isCreated, merged.lamport,
        merged.audience, touchCount].map(pack).concat(values));
}

// Every record that an applied entry touches, by kind, then newest first: { kind, record, merged,
// bytes }. `stands`: whether an entry does.
function records(kinds, entries, out, noneWait, stands) {
    const applied = appliedEntries(entries, out, noneWait);
    const all = [...touchedRecords(kinds, applied).values()];
    return all.map(({ kind, record, touches }) => {
        const shares = withinShares(record, touches, stands);
        const merged = merge(kinds, kind, record, shares.flatMap(({ ops }) => ops),
            (op) => stands(op.entry));
        const touchCount = shares.reduce((sum, { count }) => sum + count, 0);
        const bytes = canonical({ kind, record, touchCount, merged });
        return { kind, record, merged, bytes };
    }).sort((a, b) => a.kind - b.kind || descending(a.merged.lamport, b.merged.lamport) ||
        descending(a.record, b.record));
}

module.exports = { Kinds, merge, records };
