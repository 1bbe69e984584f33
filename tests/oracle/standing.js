// Which entries stand (proto/README.md §7, "Standing"): a view over what is held, by all facts.
'use strict';

// An entry that an end names, and all that it follows on, as ids.
function wayTo({ writer, seq, id }, entries) {
    const way = [];
    const end = entries.get(id);
    if (end === undefined || end.writer !== writer || end.seq !== seq)
        return way;
    for (let entry = end; entry !== undefined; entry = entries.get(entry.previous))
        way.push(entry.id);
    return way;
}

// The ids that more than `most` seats name.
function accepted({ most, ends }, entries) {
    const seats = new Map(); // id -> who names it
    for (const one of ends)
        for (const id of one.ends.flatMap((end) => wayTo(end, entries)))
            seats.set(id, (seats.get(id) || new Set()).add(one.seat));
    return [...seats.keys()].filter((id) => seats.get(id).size > most);
}

// A set of the ids of those that don't stand.
function fallen(facts, entries) {
    const out = new Set();
    for (const certificate of facts.certificates()) {
        const theirs = [...entries.values()].filter((entry) => entry.certificate === certificate);
        if (theirs.length === 0)
            continue;
        for (const lists of facts.bounds(certificate)) {
            const good = new Set(lists.flatMap((list) => accepted(list, entries)));
            theirs.filter(({ id }) => !good.has(id)).forEach(({ id }) => out.add(id));
        }
    }
    return out;
}

module.exports = { fallen };
