// One node as an event log tells of it: what it was offered, and what follows from that.
'use strict';

const { hash } = require('./blake2b.js');
const { parseEntry, follows, startOf, acceptedEntries, Refused } = require('./entry.js');
const { Facts, parseFact } = require('./facts.js');
const { leftOut, headsOf, rootOf } = require('./heads.js');
const { records } = require('./merge.js');
const { fallen } = require('./standing.js');
const { parseRun, entriesOfRun } = require('./run.js');

const bytesOf = (text) => (text === undefined ? undefined : Buffer.from(text, 'hex'));

// Nodes see the same bytes again and again: what is parsed once is kept. What was refused, too.
class Memory {
    constructor() {
        this.known = new Map();
    }

    parse(name, parse) {
        if (!this.known.has(name)) {
            if (this.known.size > 20000)
                this.known.clear();
            this.known.set(name, tried(parse));
        }
        return this.known.get(name);
    }
}

// { value } or { refused: why }
function tried(work) {
    try {
        return { value: work() };
    } catch (error) {
        if (!(error instanceof Refused))
            throw error;
        return { refused: error.message };
    }
}

class Node {
    constructor(memory) {
        this.memory = memory;
        this.facts = new Map(); // bytes in hex -> fact
        this.entries = new Map(); // id -> entry
        this.runs = [];
        this.fills = [];
        this.known = null; // the state, once computed
        this.refused = []; // what can be refused by its bytes alone, in words
    }

    copy() {
        const out = new Node(this.memory);
        for (const [id, entry] of this.entries)
            out.entries.set(id, { ...entry });
        out.facts = new Map(this.facts);
        out.runs = [...this.runs];
        out.fills = [...this.fills];
        out.refused = [...this.refused];
        return out;
    }

    parse(what, name, parse) {
        const { value, refused } = this.memory.parse(`${what} ${name}`, parse);
        if (refused !== undefined)
            this.refused.push(`${what} ${name.slice(0, 64)}…: ${refused}`);
        return value;
    }

    addFact({ bytes }) {
        this.known = null;
        const fact = this.parse('fact', bytes, () => parseFact(bytesOf(bytes)));
        if (fact !== undefined)
            this.facts.set(bytes, fact);
    }

    addEntry(line) {
        this.known = null;
        const name = [line.header, line.skeleton, line.salt, line.content, line.content_hash,
            line.signature].join();
        const entry = this.parse('entry', name, () => parseEntry({
            header: bytesOf(line.header), skeleton: bytesOf(line.skeleton),
            salt: bytesOf(line.salt), content: bytesOf(line.content),
            contentHash: bytesOf(line.content_hash), signature: bytesOf(line.signature),
        }));
        if (entry !== undefined)
            this.hold(entry);
    }

    // Held once; a signature or content that comes later is added.
    hold(entry) {
        const held = this.entries.get(entry.id);
        if (held === undefined) {
            this.entries.set(entry.id, { ...entry });
            return;
        }
        held.isSigned = held.isSigned || entry.isSigned;
        if (held.content === undefined)
            held.content = entry.content;
    }

    addRun({ bytes }) {
        this.known = null;
        const run = this.parse('run', bytes, () => parseRun(bytesOf(bytes)));
        if (run !== undefined)
            this.runs.push(run);
    }

    addFill({ entry, salt, content }) {
        this.known = null;
        this.fills.push({ entry, salt: bytesOf(salt), content: bytesOf(content) });
    }

    // --- what follows ---

    takenFacts() {
        const facts = new Facts(null);
        const pending = new Set(this.facts.values());
        for (let before = -1; before !== pending.size;) {
            before = pending.size;
            for (const fact of pending) {
                const { value, refused } = tried(() => facts.take(fact));
                if (value || refused !== undefined)
                    pending.delete(fact);
            }
        }
        return facts;
    }

    // Runs whose beginning is held add their entries, whole or not at all.
    takeRuns(facts) {
        const { quota } = facts.founding() || { quota: 0n };
        const places = new Map(facts.certificates().map((one) => [one.id, startOf(one)]));
        let pending = this.runs;
        for (let before = -1; before !== pending.length;) {
            before = pending.length;
            for (const [id, entry] of acceptedEntries(this.entries, facts))
                places.set(id, entry);
            pending = pending.filter((run) => !this.takeRun(run, places.get(run.id), quota));
        }
    }

    // Whether it need not be tried again.
    takeRun(run, place, quota) {
        if (place === undefined || place.seq !== run.seq ||
            place.writer !== run.writer.toString('hex'))
            return false;
        const { value } = tried(() => entriesOfRun(run, place));
        const entries = value || [];
        if (entries.every((entry, i) => follows(entry, entries[i - 1] || place, quota)))
            entries.forEach((entry) => this.hold(entry));
        return true;
    }

    applyFills() {
        for (const { entry: id, salt, content } of this.fills) {
            const entry = this.entries.get(id);
            if (entry !== undefined && entry.content === undefined &&
                hash('content', salt, content).equals(entry.contentHash))
                entry.content = content;
        }
        this.fills = this.fills.filter(({ entry }) => !this.entries.has(entry));
    }

    // As of the lines so far.
    state(kinds) {
        this.known = this.known || this.compute(kinds);
        return this.known;
    }

    compute(kinds) {
        const facts = this.takenFacts();
        this.takeRuns(facts);
        this.applyFills();
        const entries = acceptedEntries(this.entries, facts);
        const out = leftOut(facts, entries);
        const ends = headsOf(entries, out);
        const down = fallen(facts, entries);
        return {
            facts, entries, ...ends,
            fallen: [...down].filter((id) => !out.has(entries.get(id))).sort(),
            root: rootOf(facts.hash(), ends),
            records: records(kinds, entries, out, facts.flooding().length > 0,
                (entry) => !down.has(entry.id)),
            // Held, and yet it should not be.
            unfit: [...this.refused,
                ...[...this.facts.values()].filter((fact) => !facts.held.has(fact.id))
                    .map((fact) => `fact ${fact.id} can't be taken`),
                ...[...this.entries.keys()].filter((id) => !entries.has(id))
                    .map((id) => `entry ${id} can't be accepted`)],
        };
    }
}

module.exports = { Memory, Node };
