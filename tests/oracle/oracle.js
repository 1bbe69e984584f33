// Reads an event log (README.md) from the files named, or from standard input, computes what each node
// should hold, and compares it with what it claims. Prints every difference, and exits 1 if there is
// one.
'use strict';

const fs = require('fs');
const readline = require('readline');
const { Kinds, merge } = require('./merge.js');
const { opsOf } = require('./entry.js');
const { Memory, Node } = require('./node.js');

const SHOWN_MAX = 20; // differences that are printed

class Oracle {
    constructor(print) {
        this.print = print;
        this.memory = new Memory();
        this.kinds = null;
        this.counts = { worlds: 0, states: 0, entries: 0, fallen: 0, cutStates: 0, records: 0, differences: 0 };
        this.begin({ seed: 'none' });
    }

    begin({ seed, offered = false }) {
        this.seed = seed;
        this.offered = offered; // lines tell what nodes were offered, not what they hold
        this.nodes = new Map();
        this.disks = new Map();
        this.found = new Set();
    }

    node(number) {
        if (!this.nodes.has(number))
            this.nodes.set(number, new Node(this.memory));
        return this.nodes.get(number);
    }

    differ(line, what) {
        this.counts.differences++;
        if (this.counts.differences <= SHOWN_MAX)
            this.print(`seed ${this.seed} node ${line.node}: ${what}`);
    }

    compare(line, what, ours, theirs) {
        if (ours !== theirs)
            this.differ(line, `${what}: by the specification\n    ${ours}\n  but it says\n    ${theirs}`);
    }

    take(line) {
        const node = line.node === undefined ? null : this.node(line.node);
        switch (line.t) {
        case 'table': this.kinds = new Kinds(line.kinds); break;
        case 'begin':
            this.begin(line);
            this.counts.worlds++;
            break;
        case 'fact': node.addFact(line); break;
        case 'entry': node.addEntry(line); break;
        case 'run': node.addRun(line); break;
        case 'fill': node.addFill(line); break;
        case 'save': this.disks.set(line.name, node.copy()); break;
        case 'load':
            this.nodes.set(line.node, line.name === null
                ? new Node(this.memory) : this.disks.get(line.name).copy());
            break;
        case 'state': this.compareState(line, node.state(this.kinds)); break;
        case 'damage': this.differ(line, `damage: ${line.what}`); break;
        case 'merge': this.compareMerge(line, node.state(this.kinds)); break;
        default: throw new Error(`no such line: ${line.t}`);
        }
    }

    compareState(line, state) {
        this.counts.states++;
        this.counts.entries += state.entries.size;
        this.counts.fallen += state.fallen.length;
        this.counts.cutStates += state.fallen.length > 0;
        this.counts.records += state.records.length;
        if (!this.offered)
            state.unfit.forEach((what) => this.differ(line, what));
        const hex = (records) => records.map(({ bytes }) => bytes.toString('hex'));
        if (line.schools !== undefined)
            this.compare(line, 'schools', schoolsOf(state.facts), JSON.stringify(line.schools));
        if (line.heads !== undefined)
            this.compare(line, 'heads', JSON.stringify(state.heads.map(({ id }) => id)),
                JSON.stringify(line.heads));
        if (line.root !== undefined)
            this.compare(line, 'root', state.root.toString('hex'), line.root);
        if (line.fallen !== undefined)
            this.compare(line, 'without standing', JSON.stringify(state.fallen),
                JSON.stringify(line.fallen.sort()));
        const shown = state.records.filter(({ merged }) => merged.isCreated);
        if (line.records !== undefined)
            this.compareRecords(line, 'shown', hex(shown), line.records);
        if (line.touched !== undefined)
            this.compareRecords(line, 'touched', hex(state.records).sort(), line.touched.sort());
    }

    compareRecords(line, what, ours, theirs) {
        if (ours.join() === theirs.join())
            return;
        const only = (a, b) => a.filter((one) => !b.includes(one)).join('\n    ');
        this.compare(line, `records ${what}`, only(ours, theirs) || 'the same in another order',
            only(theirs, ours) || 'the same in another order');
    }

    // Ops that have lost their standing: `fallen` are the ids of their entries.
    compareMerge(line, { entries }) {
        const ops = [...entries.values()].flatMap(opsOf)
            .filter((op) => op.kind === line.kind && op.record === line.record);
        const merged = merge(this.kinds, line.kind, line.record, ops,
            (op) => !line.fallen.includes(op.entry.id));
        const ours = merged.values.map(({ op }) => `${op.field} ${op.entry.id} ${op.index}`);
        this.compare(line, `merge of ${line.kind} ${line.record}`,
            JSON.stringify([merged.isCreated, ...ours]),
            JSON.stringify([line.is_created, ...line.values]));
    }
}

function schoolsOf(facts) {
    const all = facts.all();
    return JSON.stringify(facts.schools(all).filter((school) => facts.knowsSchool(all, school)).sort()
        .map((school) => [school, facts.isVoter(all, school), facts.isRemoved(all, school)]));
}

async function read(oracle, stream, stopsEarly) {
    for await (const line of readline.createInterface({ input: stream, crlfDelay: Infinity })) {
        if (line !== '')
            oracle.take(JSON.parse(line));
        if (stopsEarly && oracle.counts.differences > 0)
            return;
    }
}

// --stop: at the first difference.
async function main(words) {
    const oracle = new Oracle(console.log);
    const stopsEarly = words[0] === '--stop';
    const paths = stopsEarly ? words.slice(1) : words;
    if (paths.length === 0)
        await read(oracle, process.stdin, stopsEarly);
    for (const path of paths)
        await read(oracle, fs.createReadStream(path), stopsEarly);
    const { worlds, states, entries, fallen, cutStates, records, differences } = oracle.counts;
    console.log(`oracle: ${worlds} worlds, ${states} states (${cutStates} with cuts), ${entries} entries (${fallen} without standing), ` +
        `${records} records compared, ${differences} differences`);
    process.exitCode = differences > 0 || states === 0 ? 1 : 0;
}

if (require.main === module)
    main(process.argv.slice(2));

module.exports = { Oracle };
