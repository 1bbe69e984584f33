// Facts: one of them, and what a set of them says (proto/README.md §7). Everything is computed from
// its definition, each time from the beginning; only answers about one fact's own past are kept.
'use strict';

const limits = require('./limits.js');
const { hash } = require('./blake2b.js');
const { verifies } = require('./keys.js');
const { Refused, refuse, unpack } = require('./pack.js');

const FOUND = 1n, CERTIFY = 2n, INVITE = 3n, ADMIT = 4n, PROPOSE = 5n, CONFIRM = 6n;
const TO_CONFIRM = 1n;

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
        return { quota: uint(quota, (1n << 64n) - 1n) };
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
    [PROPOSE]: ([what, school]) => {
        need(what === TO_CONFIRM, 'no such proposal');
        return { school: hexBin(school, 32) };
    },
    [CONFIRM]: ([proposal]) => ({ proposal: hexBin(proposal, 32) }),
};
const payloadLength = { [FOUND]: 3, [CERTIFY]: 3, [INVITE]: 2, [ADMIT]: 3, [PROPOSE]: 2, [CONFIRM]: 1 };

function parsePast(bytes) {
    need(Buffer.isBuffer(bytes) && bytes.length % 32 === 0, 'no past');
    need(bytes.length / 32 <= limits.PH_FACT_PAST_MAX, 'past too long');
    const past = [];
    for (let at = 0; at < bytes.length; at += 32)
        past.push(bytes.toString('hex', at, at + 32));
    need(past.every((id, i) => i === 0 || past[i - 1] < id), 'past out of order');
    return past;
}

function parseStatement(statement, pastBytes) {
    const [version, type, network, author, pastHash, ...rest] = statement;
    need(version === 1n, 'no version of ours');
    need(uint(type, (1n << 64n) - 1n) > 0n, 'no type');
    need(bin(pastHash, 32).equals(hash('past', pastBytes)), 'another past');
    const fact = { type, network: hexBin(network, 32), author: hexBin(author, 32) };
    if (type in payloads) {
        need(rest.length === payloadLength[type], 'items too many or too few');
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
    const past = parsePast(pastBytes);
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
        need(this.knowsSchool(past, fact.author) || this.certifiers(past, fact.author).length > 0,
            'its author is not known in its past');
        this.keep(fact, past);
        return true;
    }

    keep(fact, past) {
        this.held.set(fact.id, fact);
        this.pasts.set(fact.id, past);
    }

    all() {
        return new Set(this.held.keys());
    }

    founding() {
        return this.held.get(this.network);
    }

    of(set, type) {
        return [...set].map((id) => this.held.get(id)).filter((fact) => fact.type === type);
    }

    // --- what holds in a set ---

    knowsSchool(set, school) {
        return this.of(set, FOUND).some((fact) => fact.author === school) ||
            this.of(set, ADMIT).some((fact) => fact.school === school && this.admitter(fact) !== null);
    }

    // The schools that have certified this writer's key.
    certifiers(set, writer) {
        const certificates = this.of(set, CERTIFY)
            .filter((fact) => fact.writer === writer && this.certifies(fact));
        return [...new Set(certificates.map((fact) => fact.author))].sort();
    }

    schools(set) {
        return [...new Set([...this.of(set, FOUND).map((fact) => fact.author),
            ...this.of(set, ADMIT).map((fact) => fact.school)])];
    }

    voters(set) {
        return this.schools(set).filter((school) => this.isVoter(set, school));
    }

    isVoter(set, school) {
        return this.of(set, FOUND).some((fact) => fact.author === school) ||
            this.of(set, PROPOSE).some((fact) =>
                fact.school === school && this.proposes(fact) && this.isReached(set, fact));
    }

    isReached(set, proposal) {
        const electorate = this.electorate(proposal);
        const confirmers = new Set(this.of(set, CONFIRM)
            .filter((fact) => fact.proposal === proposal.id && this.confirms(fact))
            .map((fact) => fact.author));
        return 2 * confirmers.size > electorate.length;
    }

    // --- what a fact does, by its own past alone ---

    remember(what, fact, compute) {
        const name = `${what} ${fact.id}`;
        if (!this.memory.has(name))
            this.memory.set(name, compute(this.pasts.get(fact.id)));
        return this.memory.get(name);
    }

    certifies(fact) {
        return this.remember('certifies', fact, (past) => this.knowsSchool(past, fact.author));
    }

    invites(fact) {
        return this.remember('invites', fact,
            (past) => this.certifiers(past, fact.author).length > 0);
    }

    proposes(fact) {
        return this.remember('proposes', fact, (past) =>
            this.certifiers(past, fact.author).length > 0 && this.knowsSchool(past, fact.school));
    }

    electorate(proposal) {
        return this.remember('electorate', proposal, (past) => this.voters(past));
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
            const able = this.certifiers(past, fact.author).filter((school) =>
                this.isVoter(past, school) &&
                this.admissionsBy(past, school) < limits.PH_ADMISSIONS_MAX);
            return able.length > 0 && this.isLight(fact) ? able[0] : null;
        });
    }

    // A founding fact, or an admit or confirm with effect.
    isSupport(fact) {
        return fact.type === FOUND || (fact.type === ADMIT && this.admitter(fact) !== null) ||
            (fact.type === CONFIRM && this.confirms(fact));
    }

    confirms(fact) {
        return this.remember('confirms', fact, (past) => {
            const proposal = past.has(fact.proposal) ? this.held.get(fact.proposal) : null;
            return proposal !== null && proposal.type === PROPOSE && this.proposes(proposal) &&
                this.electorate(proposal).includes(fact.author) && this.isLight(fact);
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

    // Schools with more certify facts than count, or more facts of any kind.
    tooTalkative() {
        return [...new Set([
            ...moreThan(limits.PH_CERTIFIES_PER_SCHOOL_MAX,
                this.certificates().map((fact) => fact.author)),
            ...this.flooding()])];
    }

    // The school that a fact counts for.
    countsFor(fact) {
        return this.remember('counts for', fact, (past) =>
            fact.type === FOUND || this.knowsSchool(past, fact.author)
                ? fact.author : this.certifiers(past, fact.author)[0]);
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

module.exports = { Facts, parseFact, Refused, FOUND, CERTIFY, INVITE, ADMIT, PROPOSE, CONFIRM };
