// Facts: one of them, and what a set of them says (proto/README.md §7). Everything is computed from
// its definition, each time from the beginning; only answers about one fact's own past are kept.
'use strict';

const limits = require('./limits.js');
const { hash } = require('./blake2b.js');
const { verifies } = require('./keys.js');
const { Refused, refuse, unpack } = require('./pack.js');

const FOUND = 1n, CERTIFY = 2n, INVITE = 3n, ADMIT = 4n, PROPOSE = 5n, VOTE = 6n, CLOSE = 7n, LEAVE = 8n;
const TO_CONFIRM = 1n, TO_REMOVE = 2n, TO_RESTORE = 3n, TO_SUCCEED = 4n, TO_SET = 5n;
const SEATS_AGAINST_MIN = 3; // of an electorate that decides against a school

const U32 = (1n << 32n) - 1n, U64 = (1n << 64n) - 1n;
const need = (condition, why) => condition || refuse(why);
const bin = (value, length) =>
    Buffer.isBuffer(value) && value.length === length ? value : refuse('no such bytes');
const hexBin = (value, length) => bin(value, length).toString('hex');
const uint = (value, max) =>
    typeof value === 'bigint' && value >= 0n && value <= BigInt(max) ? value : refuse('no such number');

const payloads = {
    [FOUND]: ([name, keyHash, quota]) => {
        need(typeof name === 'string', 'no name');
        need(Buffer.byteLength(name) <= limits.PH_NETWORK_NAME_MAX, 'name too long');
        bin(keyHash, 32);
        return { quota: uint(quota, U64) };
    },
    [CERTIFY]: ([writer, transport, serial]) => {
        bin(transport, 32);
        uint(serial, limits.PH_WRITERS_MAX - 1);
        return { writer: hexBin(writer, 32) };
    },
    [INVITE]: ([key, uses]) => {
        need(uint(uses, limits.PH_INVITE_USES_MAX) > 0n, 'no uses');
        return { key: bin(key, 32) };
    },
    [ADMIT]: ([school, invite, proof]) =>
        ({ school: hexBin(school, 32), invite: hexBin(invite, 32), proof: bin(proof, 64) }),
    [PROPOSE]: ([what, ...rest]) => {
        const form = proposals[uint(what, U64)];
        if (form === undefined)
            return { what }; // a later version's
        need(rest.length === form.length, 'items too many or too few');
        return { what, ...form.read(rest) };
    },
    [VOTE]: ([proposal, ends]) => ({ proposal: hexBin(proposal, 32), ends: parseEnds(ends) }),
    [CLOSE]: ([writer, ends]) => ({ writer: hexBin(writer, 32), ends: parseEnds(ends) }),
    [LEAVE]: ([ends]) => ({ ends: parseEnds(ends) }),
};
const payloadLength = {
    [FOUND]: 3, [CERTIFY]: 3, [INVITE]: 2, [ADMIT]: 3, [VOTE]: 2, [CLOSE]: 2, [LEAVE]: 1,
};

// What a proposal has after its `what`.
const proposals = {
    [TO_CONFIRM]: { length: 1, read: ([school]) => ({ school: hexBin(school, 32) }) },
    [TO_REMOVE]: { length: 1, read: ([school]) => ({ school: hexBin(school, 32) }) },
    [TO_RESTORE]: {
        length: 2,
        read: ([school, lifted]) =>
            ({ school: hexBin(school, 32), lifted: parseIds(lifted, 1, limits.PH_LIFTED_MAX) }),
    },
    [TO_SUCCEED]: {
        length: 3,
        read: ([school, key, consent]) =>
            ({ school: hexBin(school, 32), key: hexBin(key, 32), consent: bin(consent, 64) }),
    },
    [TO_SET]: {
        length: 2,
        read: ([setting, value]) => ({ setting: uint(setting, U64), value: uint(value, U64) }),
    },
};

function parseEnds(list) {
    need(Array.isArray(list) && list.length <= limits.PH_ENDS_PER_FACT_MAX, 'no ends');
    const ends = list.map((one) => {
        need(Array.isArray(one) && one.length === 3, 'no end');
        const [writer, seq, id] = one;
        need(uint(seq, U32) > 0n, 'no entry has this number');
        return { writer: hexBin(writer, 32), seq: Number(seq), id: hexBin(id, 32) };
    });
    const key = ({ writer, seq, id }) => writer + seq.toString(16).padStart(8, '0') + id;
    need(ends.every((end, i) => i === 0 || key(ends[i - 1]) < key(end)), 'ends out of order');
    return ends;
}

function parseIds(bytes, min, max) {
    need(Buffer.isBuffer(bytes) && bytes.length % 32 === 0, 'no ids');
    need(bytes.length >= 32 * min && bytes.length <= 32 * max, 'ids too many or too few');
    const ids = [];
    for (let at = 0; at < bytes.length; at += 32)
        ids.push(bytes.toString('hex', at, at + 32));
    need(ids.every((id, i) => i === 0 || ids[i - 1] < id), 'ids out of order');
    return ids;
}

function parseStatement(statement, pastBytes) {
    const [version, type, network, author, pastHash, ...rest] = statement;
    need(version === 1n, 'no version of ours');
    need(uint(type, U64) > 0n, 'no type');
    need(bin(pastHash, 32).equals(hash('past', pastBytes)), 'another past');
    const fact = { type, network: hexBin(network, 32), author: hexBin(author, 32) };
    if (type in payloads) {
        need(type === PROPOSE ? rest.length > 0 : rest.length === payloadLength[type],
            'items too many or too few');
        Object.assign(fact, payloads[type](rest));
    }
    return fact;
}

// Throws Refused for what can be refused by its bytes alone.
function parseFact(bytes) {
    need(bytes.length <= limits.PH_FACT_MAX, 'too long');
    const items = unpack(bytes);
    need(Array.isArray(items) && Buffer.isBuffer(items[0]), 'no fact');
    const [statementBytes, pastBytes, signature, consent] = items;
    const statement = unpack(statementBytes);
    need(Array.isArray(statement) && statement.length >= 5, 'no statement');
    const past = parseIds(pastBytes, 0, limits.PH_FACT_PAST_MAX);
    const id = hash('fact', statementBytes);
    const fact = {
        ...parseStatement(statement, pastBytes),
        id: id.toString('hex'), past, length: bytes.length,
    };
    need(items.length === (fact.type === CERTIFY ? 4 : 3), 'items too many or too few');
    need(verifies('fact', id, bin(signature, 64), Buffer.from(fact.author, 'hex')), 'signature');
    if (fact.type === CERTIFY)
        need(verifies('consent', hash('enrol', Buffer.from(fact.network + fact.author, 'hex')),
            bin(consent, 64), Buffer.from(fact.writer, 'hex')), 'consent');
    if (fact.type === FOUND)
        need(/^0*$/.test(fact.network) && past.length === 0, 'a founding fact rests on nothing');
    else
        need(past.length > 0, 'a past is needed');
    return fact;
}

// Whose name is in the list more often.
function moreThan(bound, names) {
    const counts = new Map();
    for (const name of names)
        counts.set(name, (counts.get(name) || 0) + 1);
    return [...counts.keys()].filter((name) => counts.get(name) > bound);
}

// A grow-only set, by id. What it answers is about some set of ids, closed under pasts: the causal
// past of a fact, or all that is held.
class Facts {
    constructor(network) {
        this.network = network; // hex; null: of the first founding fact
        this.held = new Map();
        this.pasts = new Map(); // id -> Set of all ids in its causal past
        this.memory = new Map();
        this.answers = new WeakMap(); // set of ids -> what it was asked
        this.whole = null;
    }

    // True if it is held now, false if it has to wait; throws Refused if it never will be.
    take(fact) {
        if (this.held.has(fact.id))
            return true;
        if (fact.type === FOUND) {
            need(this.network === null || this.network === fact.id, 'another network');
            this.network = fact.id;
            this.keep(fact, new Set());
            return true;
        }
        need(this.network === null || fact.network === this.network, 'another network');
        if (!fact.past.every((id) => this.held.has(id)))
            return false;
        const past = new Set(fact.past.flatMap((id) => [id, ...this.pasts.get(id)]));
        need(this.owner(past, fact.author) !== null || this.certifiers(past, fact.author).length > 0,
            'its author is not known in its past');
        this.keep(fact, past);
        return true;
    }

    keep(fact, past) {
        this.held.set(fact.id, fact);
        this.pasts.set(fact.id, past);
        this.whole = null;
    }

    all() {
        this.whole = this.whole || new Set(this.held.keys());
        return this.whole;
    }

    founding() {
        return this.held.get(this.network);
    }

    of(set, type) {
        return this.ask(set, `of ${type}`, () =>
            [...set].map((id) => this.held.get(id)).filter((fact) => fact.type === type));
    }

    // --- what holds in a set ---

    // Sets that are asked don't change any more.
    ask(set, what, compute) {
        if (!this.answers.has(set))
            this.answers.set(set, new Map());
        const answers = this.answers.get(set);
        if (!answers.has(what))
            answers.set(what, compute());
        return answers.get(what);
    }

    knowsSchool(set, school) {
        return this.of(set, FOUND).some((fact) => fact.author === school) ||
            this.of(set, ADMIT).some((fact) => fact.school === school && this.admitter(fact) !== null);
    }

    schools(set) {
        return [...new Set([...this.of(set, FOUND).map((fact) => fact.author),
            ...this.of(set, ADMIT).map((fact) => fact.school)])];
    }

    // Those about a school, or about all of them, that are reached there.
    reached(set, what, school = null) {
        return this.ask(set, `reached ${what} ${school}`, () => this.of(set, PROPOSE).filter((fact) =>
            fact.what === what && (school === null || fact.school === school) &&
            this.isReached(set, fact)));
    }

    votesOn(set, proposal) {
        return this.of(set, VOTE).filter((fact) =>
            fact.proposal === proposal.id && this.voterOf(fact) !== null);
    }

    isReached(set, proposal) {
        const electorate = this.electorate(proposal);
        const voters = new Set(this.votesOn(set, proposal).map((fact) => this.voterOf(fact)));
        return set.has(proposal.id) && electorate !== null && 2 * voters.size > electorate.length;
    }

    // Removals reached, and leavings, of a school.
    removals(set, school) {
        return [...this.reached(set, TO_REMOVE, school),
            ...this.of(set, LEAVE).filter((fact) => this.speakerOf(fact) === school)];
    }

    restorations(set, removal) {
        return this.reached(set, TO_RESTORE).filter((fact) => fact.lifted.includes(removal.id));
    }

    isRemoved(set, school) {
        return this.ask(set, `is removed ${school}`, () => this.removals(set, school)
            .some((removal) => this.restorations(set, removal).length === 0));
    }

    isVoter(set, school) {
        const isConfirmed = this.of(set, FOUND).some((fact) => fact.author === school) ||
            this.reached(set, TO_CONFIRM, school).length > 0;
        return isConfirmed && !this.isRemoved(set, school);
    }

    voters(set) {
        return this.schools(set).filter((school) => this.isVoter(set, school));
    }

    // --- keys ---

    // The school whose own key this is, by its first key; null: nobody's.
    owner(set, key) {
        return this.ask(set, `owner ${key}`, () => {
            if (this.knowsSchool(set, key))
                return key;
            const successions = this.reached(set, TO_SUCCEED).filter((fact) => fact.key === key);
            return successions.map((fact) => fact.school).sort()[0] || null;
        });
    }

    isReplaced(set, key, school) {
        const comes = (past) => (key === school ? this.knowsSchool(past, school)
            : this.reached(past, TO_SUCCEED, school).some((fact) => fact.key === key));
        return this.reached(set, TO_SUCCEED, school)
            .some((fact) => fact.key !== key && comes(this.pasts.get(fact.id)));
    }

    // The school that the key speaks for, or null.
    speaker(set, key) {
        const school = this.owner(set, key);
        return school !== null && !this.isReplaced(set, key, school) ? school : null;
    }

    // The schools that have certified this writer's key.
    certifiers(set, writer) {
        const certificates = this.of(set, CERTIFY)
            .filter((fact) => fact.writer === writer && this.certifies(fact));
        return [...new Set(certificates.map((fact) => this.schoolOf(fact)))].sort();
    }

    // Of these the ones whose word still counts there.
    standingCertifiers(set, writer) {
        const schools = this.of(set, CERTIFY)
            .filter((fact) => fact.writer === writer && this.certifies(fact))
            .map((fact) => this.speaker(set, fact.author))
            .filter((school) => school !== null && !this.isRemoved(set, school));
        return [...new Set(schools)].sort();
    }

    // --- what a fact does, by its own past alone ---

    remember(what, fact, compute) {
        const name = `${what} ${fact.id}`;
        if (!this.memory.has(name))
            this.memory.set(name, compute(this.pasts.get(fact.id)));
        return this.memory.get(name);
    }

    // The school that its author speaks for.
    speakerOf(fact) {
        return this.remember('speaker', fact, (past) => this.speaker(past, fact.author));
    }

    certifies(fact) {
        return this.schoolOf(fact) !== null;
    }

    // The school of a certify fact; null: it has no effect.
    schoolOf(fact) {
        return this.remember('school', fact, (past) => {
            const school = this.speaker(past, fact.author);
            return school !== null && !this.isRemoved(past, school) ? school : null;
        });
    }

    invites(fact) {
        return this.remember('invites', fact,
            (past) => this.standingCertifiers(past, fact.author).length > 0);
    }

    // Who has a seat; null: the proposal has no effect.
    electorate(proposal) {
        return this.remember('electorate', proposal, (past) => {
            if (this.standingCertifiers(past, proposal.author).length === 0)
                return null;
            const seats = this.seats(proposal, past);
            return seats === null || seats.length === 0 ? null : seats;
        });
    }

    seats({ what, school, lifted, key, consent }, past) {
        const voters = this.voters(past);
        const others = voters.filter((one) => one !== school);
        if (what === TO_SET)
            return voters;
        if (!this.knowsSchool(past, school))
            return null;
        switch (what) {
        case TO_CONFIRM:
            return voters;
        case TO_REMOVE:
            return others.length >= SEATS_AGAINST_MIN ? others : null;
        case TO_RESTORE: {
            const removals = this.removals(past, school);
            const known = lifted.map((id) => removals.find((removal) => removal.id === id));
            if (known.includes(undefined))
                return null;
            const theirs = known.filter((removal) => removal.type === PROPOSE)
                .flatMap((removal) => this.electorate(removal));
            return [...new Set([...voters, ...theirs])].filter((one) => one !== school);
        }
        case TO_SUCCEED:
            return others.length >= SEATS_AGAINST_MIN && this.owner(past, key) === null &&
                this.consents(school, key, consent) ? others : null;
        default:
            return null;
        }
    }

    consents(school, key, consent) {
        const agreed = hash('succeed', Buffer.from(this.network + school, 'hex'));
        return verifies('consent', agreed, consent, Buffer.from(key, 'hex'));
    }

    // The school that an admission counts as made by; null if it has no effect.
    admitter(fact) {
        return this.remember('admitter', fact, (past) => {
            const invite = past.has(fact.invite) ? this.held.get(fact.invite) : null;
            if (invite === null || invite.type !== INVITE || !this.invites(invite))
                return null;
            const joined = hash('invite', Buffer.from(this.network + fact.school, 'hex'));
            if (!verifies('join', joined, fact.proof, invite.key))
                return null;
            const able = this.standingCertifiers(past, fact.author).filter((school) =>
                this.isVoter(past, school) &&
                this.admissionsBy(past, school) < limits.PH_ADMISSIONS_MAX);
            return able.length > 0 && this.isLight(fact) ? able[0] : null;
        });
    }

    // A founding fact, or an admit or vote with effect.
    isSupport(fact) {
        return fact.type === FOUND || (fact.type === ADMIT && this.admitter(fact) !== null) ||
            (fact.type === VOTE && this.voterOf(fact) !== null);
    }

    // The school whose seat a vote takes; null: it has no effect.
    voterOf(fact) {
        return this.remember('voter', fact, (past) => {
            const proposal = past.has(fact.proposal) ? this.held.get(fact.proposal) : null;
            if (proposal === null || proposal.type !== PROPOSE || this.electorate(proposal) === null)
                return null;
            const school = this.speaker(past, fact.author);
            return this.electorate(proposal).includes(school) && this.isLight(fact) ? school : null;
        });
    }

    // Whether little in its past is what no support there is or rests on.
    isLight(fact) {
        return this.remember('is light', fact, (past) => {
            const supports = [...past].filter((id) => this.isSupport(this.held.get(id)));
            const covered = new Set(supports.flatMap((id) => [id, ...this.pasts.get(id)]));
            const surplus = [...past].filter((id) => !covered.has(id))
                .reduce((sum, id) => sum + this.held.get(id).length, 0);
            return surplus <= limits.PH_FACT_SURPLUS_MAX;
        });
    }

    admissionsBy(set, school) {
        return this.of(set, ADMIT).filter((fact) => this.admitter(fact) === school).length;
    }

    // --- what follows for logs ---

    // The certify facts that let a log begin.
    certificates() {
        return this.of(this.all(), CERTIFY).filter((fact) => this.certifies(fact));
    }

    // What bounds a log that begins with this certify fact: for each bound the lists of which any
    // may accept an entry, each { most: more seats than so many must name
    // it, ends: [{ seat, ends }] }.
    bounds(certificate) {
        const all = this.all(), past = this.pasts.get(certificate.id);
        const school = this.schoolOf(certificate);
        const removals = this.removals(all, school)
            .filter((removal) => this.restorations(past, removal).length === 0)
            .map((removal) => [
                removal.type === LEAVE ? ofEnds([removal]) : this.ofVotes(removal),
                ...this.restorations(all, removal).map((one) => this.ofVotes(one))]);
        const successions = this.reached(all, TO_SUCCEED, school)
            .filter((one) => !this.isReached(past, one)).map((one) => [this.ofVotes(one)]);
        const closes = this.of(all, CLOSE).filter((fact) =>
            fact.writer === certificate.writer && this.speakerOf(fact) === school);
        return [...removals, ...successions, ...(closes.length > 0 ? [[ofEnds(closes)]] : [])];
    }

    ofVotes(proposal) {
        return {
            most: this.electorate(proposal).length / 2,
            ends: this.votesOn(this.all(), proposal)
                .map((vote) => ({ seat: this.voterOf(vote), ends: vote.ends })),
        };
    }

    // Schools with more certify facts than count, or more facts of any kind.
    tooTalkative() {
        return [...new Set([
            ...moreThan(limits.PH_CERTIFIES_PER_SCHOOL_MAX,
                this.certificates().map((fact) => this.schoolOf(fact))),
            ...this.flooding()])];
    }

    // The school that a fact counts for.
    countsFor(fact) {
        return this.remember('counts for', fact, (past) => (fact.type === FOUND ? fact.author
            : this.owner(past, fact.author) || this.certifiers(past, fact.author)[0]));
    }

    flooding() {
        return moreThan(limits.PH_FACTS_PER_SCHOOL_MAX,
            [...this.held.values()].map((fact) => this.countsFor(fact)));
    }

    hash() {
        const flooding = this.flooding();
        const ids = [...this.held.values()]
            .filter((fact) => !flooding.includes(this.countsFor(fact)))
            .map((fact) => fact.id).sort();
        return hash('facts', ...ids.map((id) => Buffer.from(id, 'hex')));
    }
}

// Ends that one alone names: nobody else need.
const ofEnds = (facts) => ({ most: 0, ends: facts.map(({ ends }) => ({ seat: 'own', ends })) });

module.exports = { Facts, parseFact, Refused, FOUND, CERTIFY, INVITE, ADMIT, PROPOSE, VOTE };
