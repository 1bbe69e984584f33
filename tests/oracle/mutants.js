// Shows that the comparison notices: breaks one rule of the oracle at a time, and counts the sets until
// a difference shows. mutants.js OP_SETS [COUNT [WORD]]: only those whose name or place has the word.
// Exits 1 if a rule may be broken unnoticed in so many.
'use strict';

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

// [what breaks, file, text, what stands there instead]
const mutants = [
    ['overwriting ignores the audience', 'merge.js',
        'allowed.filter((op) => op.audience === create.audience)', 'allowed'],
    ['a remove takes away every add before it', 'merge.js',
        'adds.filter((op) => stands(op) && !removed.has(op.name))',
        'adds.filter((op) => stands(op) && removes.length === 0)'],
    ['removes do nothing', 'merge.js', '!removed.has(op.name)', 'true'],
    ['of several creates the highest id wins', 'merge.js',
        'descending(b.entry.id, a.entry.id) || a.index', 'descending(a.entry.id, b.entry.id) || a.index'],
    ['any entry may create', 'merge.js',
        ' &&\n        op.entry.seq === createdSeq(record)', ''],
    ['any school may create', 'merge.js',
        'op.type === CREATE && stands(op) && isOfOwner(op)', 'op.type === CREATE && stands(op)'],
    ['the right is not asked', 'merge.js', "kind.right === 'member' || isOfOwner(op)", 'true'],
    ['only owners have the right', 'merge.js', "kind.right === 'member' || isOfOwner(op)",
        'isOfOwner(op)'],
    ['nobody waits for references', 'merge.js', '!noneWait && !one.needs.every((need) => applied.has(need) || isIgnored(need))', 'false'],
    ['entries wait though a school floods', 'merge.js', '!noneWait && !one.needs', '!one.needs'],
    ['a waiting entry holds back what follows it', 'merge.js',
        'needs: ops.flatMap((op) => op.needs)',
        'needs: [...ops.flatMap((op) => op.needs), ...before(entries, entry)]'],
    ['references reach into other fields', 'merge.js',
        'return liveSets(of(SET), stands)',
        'return liveSets(ops.filter((op) => op.type === SET), stands)' +
        '.filter((op) => op.field === field.number)'],
    ['references reach into other records', 'merge.js',
        'const ops = entries.flatMap((touch) => touch.ops',
        'const ops = entries.flatMap((touch) => opsOf(touch.entry)'],
    ['a school has no share of a record', 'merge.js', 'ops: ops.slice(0, share)', 'ops'],
    ['a school may have one op more', 'merge.js', ': limits.PH_SCHOOL_SHARE_MAX',
        ': limits.PH_SCHOOL_SHARE_MAX + 1'],
    ['an owner may have one op more', 'merge.js', 'limits.PH_OWNER_SHARE_MAX :',
        'limits.PH_OWNER_SHARE_MAX + 1 :'],
    ['a school may have as many entries as it likes', 'merge.js', '.slice(0, share);\n', ';\n'],
    ['the create has the last turn', 'merge.js', 'mayCreate(b) - mayCreate(a)',
        'mayCreate(a) - mayCreate(b)'],
    ['any number of bytes shows', 'merge.js', 'sum <= max ? bytes : null', 'bytes'],
    ['an owner has no more room than others', 'merge.js', '? limits.PH_OWNER_BYTES_MAX',
        '? limits.PH_SCHOOL_BYTES_MAX'],
    ['others have as much room as the owner', 'merge.js', ': limits.PH_SCHOOL_BYTES_MAX',
        ': limits.PH_OWNER_BYTES_MAX'],
    ['what has no room takes none', 'merge.js', 'taken.set(school, sum);',
        'if (sum <= max) taken.set(school, sum);'],
    ['of a share the latest count', 'merge.js', 'a.entry.seq - b.entry.seq', 'b.entry.seq - a.entry.seq'],
    ['overwriting does not reach through sets without standing', 'merge.js',
        'if (!stands(target))', 'if (false)'],
    ['sets without standing overwrite', 'merge.js',
        'sets.filter(stands).flatMap((op) => op.refs)', 'sets.flatMap((op) => op.refs)'],
    ['removes without standing remove', 'merge.js', 'removes.filter(stands)', 'removes'],
    ['a create without standing creates', 'merge.js', 'op.type === CREATE && stands(op)',
        'op.type === CREATE'],
    ['values that do not fit are shown', 'merge.js', 'op.value && fits(field, op.value.value)',
        'op.value'],
    ['nil fits a set', 'merge.js', "value === null ? field.type === 'register'",
        'value === null ? true'],
    ['values come by writer before Lamport time', 'merge.js',
        'descending(a.entry.lamport, b.entry.lamport) ||\n    descending(a.entry.writer, b.entry.writer)',
        'descending(a.entry.writer, b.entry.writer) ||\n    descending(a.entry.lamport, b.entry.lamport)'],
    ['reserved ops touch', 'merge.js', 'op.type <= REMOVE && kinds.allows(op)', 'kinds.allows(op)'],
    ['ops without the right touch', 'merge.js', 'op.type <= REMOVE && kinds.allows(op)',
        'op.type <= REMOVE && kinds.get(op.kind)'],
    ['content may have one value more', 'entry.js', 'items.length === count ? items',
        'items.length >= count ? items'],
    ['a reference to itself counts', 'entry.js', 'index < place.index ?', 'true ?'],
    ['reserved references make an entry wait', 'entry.js',
        'readRefs(items[2], place);\n        uint(items[3], U64);\n        uint(items[4], U64);\n' +
        '        return {', 'return { refs: readRefs(items[2], place),'],
    ['a skeleton that breaks off has ops', 'entry.js', 'throw error;\n        return [];',
        'throw error;'],
    ['a group of any length', 'entry.js', 'exactly(array(group, 4), 4);', ''],
    ['257 ops are fine', 'entry.js', 'need(ops.length <= limits.PH_OPS_PER_ENTRY_MAX', 'need(true'],
    ['257 references are fine', 'entry.js', 'array(value, limits.PH_REFS_PER_OP_MAX)',
        'array(value, Infinity)'],
    ['the Lamport step is free', 'entry.js',
        'step >= 1n && step <= BigInt(limits.PH_LAMPORT_STEP_MAX)', 'true'],
    ['no quota', 'entry.js', ' && used(entry) <= quota', ''],
    ['no signature is asked', 'entry.js', 'if (entry.isSigned)\n', 'if (false)\n'],
    ['the last signature does not cover the entries before', 'entry.js',
        'covered.add(entry.id).add(entry.previous)', 'covered.add(entry.id)'],
    ['content fills without its hash', 'node.js',
        "entry.content === undefined &&\n                hash('content', salt, content)" +
        '.equals(entry.contentHash)', 'entry.content === undefined'],
    ['facts need no signature', 'facts.js',
        "verifies('fact', id, bin(signature, 64), Buffer.from(fact.author, 'hex'))", 'true'],
    ['no consent', 'facts.js',
        "verifies('consent', hash('enrol', Buffer.from(fact.network + fact.author, 'hex')),\n            bin(consent, 64), Buffer.from(fact.writer, 'hex'))", 'true'],
    ['a fact need not have a known author', 'facts.js',
        'this.owner(past, fact.author) !== null || this.certifiers(past, fact.author).length > 0', 'true'],
    ['authors are known by all that is held', 'facts.js', 'need(this.owner(past, fact.author) !== null ||' +
        ' this.certifiers(past', 'need(this.owner(this.all(), fact.author) !== null || this.certifiers(this.all()'],
    ['whoever is known admits', 'facts.js', 'this.isVoter(past, school) &&', ''],
    ['an invitation need not be in the past', 'facts.js', 'past.has(fact.invite) ?',
        'this.held.has(fact.invite) ?'],
    ['a school key invites', 'facts.js', ' || !this.invites(invite)', ''],
    ['a writer key certifies', 'facts.js', '!this.isRemoved(past, school) ? school : null;',
        '!this.isRemoved(past, school) ? school : this.certifiers(past, fact.author)[0] || null;'],
    ['half of the electorate is enough', 'facts.js', '2 * voters.size > electorate.length',
        '2 * voters.size >= electorate.length'],
    ['everybody confirms', 'facts.js', 'this.electorate(proposal).includes(school) && ', ''],
    ['the electorate grows', 'facts.js', 'const electorate = this.electorate(proposal);',
        'const electorate = this.electorate(proposal) && this.schools(set).filter((school) =>' +
        ' school !== proposal.school && this.knowsSchool(set, school));'],
    ['a confirmation need not have seen the proposal', 'facts.js', 'past.has(fact.proposal) ?',
        'this.held.has(fact.proposal) ?'],
    ['an admission may lay on others what it likes', 'facts.js', 'able.length > 0 && this.isLight(fact) ?',
        'able.length > 0 ?'],
    ['a confirmation may lay on others what it likes', 'facts.js',
        '.includes(school) && this.isLight(fact) ?', '.includes(school) ?'],
    ['nothing is laid on others but what lies behind the founding', 'facts.js',
        'this.isSupport(this.held.get(id))', 'false'],
    ['who is not known can be proposed', 'facts.js', 'if (!this.knowsSchool(past, school))\n            return null;', ''],
    ['the accused has a seat', 'facts.js', 'others.length >= SEATS_AGAINST_MIN ? others : null;',
        'others.length >= SEATS_AGAINST_MIN ? voters : null;'],
    ['two others are enough to remove a school', 'facts.js', 'SEATS_AGAINST_MIN = 3',
        'SEATS_AGAINST_MIN = 2'],
    ['each vote counts, though it is of the same school', 'facts.js',
        'new Set(this.votesOn(set, proposal).map((fact) => this.voterOf(fact)))',
        '{ size: this.votesOn(set, proposal).length }'],
    ['a restoration lifts whatever is against its school', 'facts.js',
        'fact.lifted.includes(removal.id)',
        'fact.school === (removal.school || this.speakerOf(removal))'],
    ['an admission lifts a removal', 'facts.js',
        '.some((removal) => this.restorations(set, removal).length === 0)',
        '.some((removal) => this.restorations(set, removal).length === 0 && !this.of(set, ADMIT)' +
        '.some((fact) => fact.school === school && this.pasts.get(fact.id).has(removal.id)))'],
    ['a restoration is voted by voters alone', 'facts.js', '[...voters, ...theirs]', 'voters'],
    ['the removed vote', 'facts.js', 'return isConfirmed && !this.isRemoved(set, school);',
        'return isConfirmed;'],
    ['the removed certify', 'facts.js', '!this.isRemoved(past, school) ? school : null;',
        'true ? school : null;'],
    ['writers of the removed stay certified', 'facts.js',
        'school !== null && !this.isRemoved(set, school));', 'school !== null);'],
    ['an old key still speaks', 'facts.js', ' && !this.isReplaced(set, key, school) ?', ' ?'],
    ['writers of an old key stay certified', 'facts.js',
        '.map((fact) => this.speaker(set, fact.author))', '.map((fact) => this.owner(set, fact.author))'],
    ['a succession replaces keys that it did not know', 'facts.js',
        'fact.key !== key && comes(this.pasts.get(fact.id))', 'fact.key !== key'],
    ['a new key is a school of its own', 'facts.js', '!this.isRemoved(past, school) ? school : null;',
        '!this.isRemoved(past, school) ? fact.author : null;'],
    ['a new key need not consent', 'facts.js', 'this.consents(school, key, consent) ?', 'true ?'],
    ['leaving removes nobody', 'facts.js',
        '...this.of(set, LEAVE).filter((fact) => this.speakerOf(fact) === school)]', ']'],
    ['any vote accepts', 'facts.js', 'most: this.electorate(proposal).length / 2', 'most: 0'],
    ['only all votes accept', 'facts.js', 'most: this.electorate(proposal).length / 2',
        'most: this.electorate(proposal).length - 1'],
    ['an end is named without what it follows on', 'standing.js',
        'entry = entries.get(entry.previous)', 'entry = undefined'],
    ['nothing is free of a removal', 'facts.js',
        '\n            .filter((removal) => this.restorations(past, removal).length === 0)', ''],
    ['nothing is free of a succession', 'facts.js',
        '\n            .filter((one) => !this.isReached(past, one))', ''],
    ['a restoration accepts no more', 'facts.js',
        ',\n                ...this.restorations(all, removal).map((one) => this.ofVotes(one))', ''],
    ['a succession bounds nothing', 'facts.js', ', ...successions, ', ', '],
    ['a close bounds nothing', 'facts.js', '...(closes.length > 0 ? [[ofEnds(closes)]] : [])', ''],
    ['whoever closes', 'facts.js', 'fact.writer === certificate.writer && this.speakerOf(fact) === school',
        'fact.writer === certificate.writer && this.speakerOf(fact) !== null'],
    ['of closes one is enough', 'facts.js', '[[ofEnds(closes)]]', 'closes.map((one) => [ofEnds([one])])'],
    ['one bound that accepts is enough', 'standing.js', 'out.add(id));\n        }',
        'out.add(id));\n            theirs.filter(({ id }) => good.has(id)).forEach(({ id }) => out.delete(id));\n        }'],
    ['what has no standing takes room as well', 'merge.js',
        'stands(b.entry) - stands(a.entry) ||', ''],
    ['what has no standing shows', 'node.js', '(entry) => !down.has(entry.id)', '() => true'],
    ['nobody is left out of the root', 'heads.js', '!out.has(entry)', 'true'],
    ['records show what is left out', 'merge.js', 'if (out.has(entry))', 'if (false)'],
    ['who is left out is waited for', 'merge.js', ' || isIgnored(need)', ''],
    ['writers with too many tips are waited for', 'heads.js',
        '...tips.filter(hasManyTips).map((tip) => tip.writer)', ''],
    ['whom a school that is left out certifies is waited for', 'heads.js',
        'schools.has(facts.schoolOf(fact))', 'false'],
    ['a school is left out with all writers that it certifies', 'heads.js',
        'schools.has(entry.school) || hasManyTips(entry)', 'ignored.has(entry.writer)'],
    ['tips of a writer count whosever they are', 'heads.js',
        'tipCounts.get(logOf(entry)) > limits.PH_BRANCHES_MAX',
        'tips.filter((tip) => tip.writer === entry.writer).length > limits.PH_BRANCHES_MAX'],
    ['certify facts may be many', 'heads.js', '...facts.tooTalkative(),', ''],
    ['tips may be many', 'heads.js', 'tipCounts.get(logOf(entry)) > limits.PH_BRANCHES_MAX', 'false'],
    ['one tip less is too many', 'heads.js', 'tipCounts.get(logOf(entry)) > limits.PH_BRANCHES_MAX',
        'tipCounts.get(logOf(entry)) >= limits.PH_BRANCHES_MAX'],
    ['forks of a school may be many', 'heads.js', 'forks(school) > limits.PH_FORKS_PER_SCHOOL_MAX',
        'false'],
    ['only the first branch counts', 'entry.js', 'for (const entry of after.get(found[i].id) || [])',
        'for (const entry of (after.get(found[i].id) || []).slice(0, 1))'],
    ['no holes', 'heads.js', 'entry.content === undefined', 'false'],
    ['heads by id before writer', 'heads.js', 'ascending((entry) => entry.writer + entry.id)',
        'ascending((entry) => entry.id)'],
];

// What a mutant above needs.
const before = 'const before = (entries, entry) =>\n' +
    '    (entries.has(entry.previous) ? [nameOf(entries.get(entry.previous))] : []);\n';

function plant([what, file, text, instead], folder) {
    const source = fs.readFileSync(path.join(__dirname, file), 'utf8');
    if (source.split(text).length !== 2)
        throw new Error(`${what}: not exactly one such place in ${file}`);
    fs.writeFileSync(path.join(folder, file), `${source.replace(text, () => instead)}\n` +
        (instead.includes('before(') ? before : ''));
}

// The number of sets until a difference shows; null: none does.
function setsUntilNoticed(mutant, folder, log) {
    for (const file of fs.readdirSync(__dirname).filter((name) => name.endsWith('.js')))
        fs.copyFileSync(path.join(__dirname, file), path.join(folder, file));
    plant(mutant, folder);
    const { status, stdout, stderr } =
        spawnSync('node', [path.join(folder, 'oracle.js'), '--stop', log],
            { encoding: 'utf8', maxBuffer: 2 ** 28 });
    const [, worlds] = /oracle: (\d+) worlds/.exec(stdout) || [];
    if (worlds === undefined)
        throw new Error(`${mutant[0]}: ${stderr}`);
    return status === 1 ? Number(worlds) : null;
}

function main([opSets, count = '3000', word = '']) {
    const chosen = mutants.filter((mutant) => mutant.join().includes(word));
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oracle-mutants-'));
    const log = path.join(folder, 'log');
    const out = fs.openSync(log, 'w');
    spawnSync(opSets, ['--count', count], { stdio: ['ignore', out, 'inherit'] });
    fs.copyFileSync(path.join(__dirname, '../../include/pharos/limits.h'),
        path.join(folder, 'limits.h'));
    process.env.PHAROS_LIMITS = path.join(folder, 'limits.h');
    let missed = 0;
    for (const mutant of chosen) {
        const sets = setsUntilNoticed(mutant, folder, log);
        missed += sets === null;
        console.log(`${sets === null ? 'MISSED' : String(sets).padStart(6)}  ${mutant[0]}`);
    }
    fs.rmSync(folder, { recursive: true });
    console.log(`mutants: ${chosen.length - missed} of ${chosen.length} noticed in ${count} sets`);
    process.exitCode = missed > 0 ? 1 : 0;
}

main(process.argv.slice(2));
