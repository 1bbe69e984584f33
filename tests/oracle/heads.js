// Tips, who is left out, heads, holes and root of what is held (proto/README.md §3 and §8).
'use strict';

const limits = require('./limits.js');
const { hash } = require('./blake2b.js');

const u32 = (value) => {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(value);
    return out;
};
const hex = (text) => Buffer.from(text, 'hex');
const ascending = (key) => (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);

// The entries that none follows on.
function tipsOf(entries) {
    const continued = new Set([...entries.values()].map((entry) => entry.previous));
    return [...entries.values()].filter((entry) => !continued.has(entry.id));
}

function countBy(list, keyOf) {
    const counts = new Map();
    for (const one of list)
        counts.set(keyOf(one), (counts.get(keyOf(one)) || 0) + 1);
    return counts;
}

// What counts nowhere: { has(entry): whether its log does, ignores(writer): whether nothing waits
// for entries of that writer }. A log is that of the school whose certify fact it begins with.
function leftOut(facts, entries) {
    const logOf = ({ school, writer }) => `${school} ${writer}`;
    const tips = tipsOf(entries);
    const tipCounts = countBy(tips, logOf);
    const tipsTaken = ([, count]) => Math.min(count, limits.PH_BRANCHES_MAX + 1);
    const forks = (school) => [...tipCounts].filter(([log]) => log.startsWith(school))
        .reduce((sum, log) => sum + tipsTaken(log) - 1, 0);
    const schools = new Set([...facts.tooTalkative(), ...tips.map((tip) => tip.school)
        .filter((school) => forks(school) > limits.PH_FORKS_PER_SCHOOL_MAX)]);
    const hasManyTips = (entry) => tipCounts.get(logOf(entry)) > limits.PH_BRANCHES_MAX;
    const ignored = new Set([...tips.filter(hasManyTips).map((tip) => tip.writer),
        ...facts.certificates().filter((fact) => schools.has(facts.schoolOf(fact)))
            .map((fact) => fact.writer)]);
    return {
        has: (entry) => schools.has(entry.school) || hasManyTips(entry),
        ignores: (writer) => ignored.has(writer),
    };
}

function headsOf(entries, out) {
    const counts = (entry) => !out.has(entry);
    return {
        heads: tipsOf(entries).filter(counts).sort(ascending((entry) => entry.writer + entry.id)),
        holes: [...entries.values()].filter(counts).filter((entry) => entry.content === undefined)
            .sort(ascending((entry) => entry.writer + u32(entry.seq).toString('hex') + entry.id)),
    };
}

function rootOf(factSet, { heads, holes }) {
    return hash('root', factSet,
        u32(heads.length), ...heads.flatMap(({ writer, seq, id }) => [hex(writer), u32(seq), hex(id)]),
        u32(holes.length), ...holes.flatMap(({ writer, seq, id }) => [hex(writer), u32(seq), hex(id)]));
}

module.exports = { leftOut, headsOf, rootOf };
