#include "tests/oracle/op_judge.h"

#include <stdlib.h>

#define ENDS_DRAWN_MAX 3
#define ROOM_LEFT 64 /* facts that fit in any case */

struct judge {
    struct op_facts *facts;
    struct ph_facts *known;
    struct made last; /* of those that are known */
    const struct op_set *set;
    struct chance chance;
    uint32_t new_keys[OP_SCHOOLS]; /* of each school the number of the one last drawn; 0: none */
};

/* What comes next knows of it, if it is one that is taken. */
static void add(struct judge *judge, const struct made *made, uint64_t type)
{
    op_facts_add(judge->facts, made, type);
    if (try_take(judge->known, made) == PH_OK)
        judge->last = *made;
}

static const struct made *any_of(struct judge *judge)
{
    return &judge->facts->facts[draw(&judge->chance, judge->facts->count)];
}

static bool chance_of_percent(struct judge *judge, uint32_t percent)
{
    return happens(&judge->chance, percent);
}

/* --- ends --- */

static int order_of_ends(const void *a, const void *b)
{
    return ph_log_end_compare(a, b);
}

/* An end of the school's logs, rather a late one; false: there is none. */
static bool draw_end(struct judge *judge, const struct ph_school_id *school, struct ph_log_end *out)
{
    const struct op_set *set = judge->set;
    for (uint32_t tries = 0; set != NULL && set->end_count != 0 && tries < 12; tries++) {
        uint32_t one = draw(&judge->chance, set->end_count);
        uint32_t two = draw(&judge->chance, set->end_count);
        const struct op_end *end = &set->ends[one > two ? one : two];
        if (!ph_school_id_equal(&end->school, school) && !chance_of_percent(judge, 3))
            continue;
        *out = end->end;
        if (chance_of_percent(judge, 4))
            out->id.bytes[9] ^= 1; /* held by nobody */
        if (chance_of_percent(judge, 2))
            out->seq++;
        return true;
    }
    return false;
}

static uint32_t draw_ends(struct judge *judge, const struct ph_school_id *school,
                          struct ph_log_end out[ENDS_DRAWN_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = draw(&judge->chance, ENDS_DRAWN_MAX + 1); i > 0; i--) {
        bool is_twice = false;
        if (!draw_end(judge, school, &out[count]))
            break;
        for (uint32_t k = 0; k < count; k++)
            is_twice |= ph_log_end_compare(&out[k], &out[count]) == 0;
        count += !is_twice;
    }
    qsort(out, count, sizeof *out, order_of_ends);
    return count;
}

/* --- who signs --- */

/* Its first key or what may have followed it: mostly one that speaks for it. */
static const struct signer *key_of(struct judge *judge, uint32_t school)
{
    uint32_t number = judge->new_keys[school];
    const struct school *second = &schools[number != 0 ? number : school + OP_SCHOOLS];
    bool is_second = ph_facts_speaks(judge->known, &second->id) ? chance_of_percent(judge, 75)
                                                                : chance_of_percent(judge, 4);
    return is_second ? &second->key : &schools[school].key;
}

/* A writer that is known, mostly the founder's. */
static const struct signer *proposer(struct judge *judge)
{
    return &schools[chance_of_percent(judge, 70) ? 0 : draw(&judge->chance, OP_SCHOOLS)].writer;
}

/* --- votes --- */

/* It knows of the proposal alone, or of all that came. */
static void vote(struct judge *judge, uint32_t voter, const struct made *proposal,
                 const struct ph_school_id *about, bool is_apart)
{
    struct ph_log_end ends[ENDS_DRAWN_MAX];
    const struct signer *key = key_of(judge, voter);
    const struct made last = judge->last;
    uint32_t count = draw_ends(judge, about, ends);
    is_apart |= ph_fact_id_equal(&last.id, &proposal->id);
    struct made made = is_apart ? make_vote(key, proposal, ends, count, AFTER(proposal))
                                : make_vote(key, proposal, ends, count, AFTER(proposal, &last));
    add(judge, &made, PH_FACT_VOTE);
}

/* One after the other, mostly: what comes next then knows of all. */
static void vote_all(struct judge *judge, const struct made *proposal,
                     const struct ph_school_id *about)
{
    static const uint32_t turnouts[] = {40, 60, 85, 95};
    uint32_t turnout = turnouts[draw(&judge->chance, 4)];
    bool is_apart = chance_of_percent(judge, 20);
    uint32_t first = draw(&judge->chance, OP_SCHOOLS);
    for (uint32_t i = 0; i < OP_SCHOOLS; i++)
        if (chance_of_percent(judge, turnout))
            vote(judge, (first + i) % OP_SCHOOLS, proposal, about, is_apart);
}

static void put_to_vote(struct judge *judge, struct ph_fact what)
{
    const struct made *after = chance_of_percent(judge, 92) ? &judge->last : any_of(judge);
    struct made made = make_proposal(proposer(judge), what, AFTER(after));
    const struct ph_school_id about = what.of.propose.school;
    add(judge, &made, PH_FACT_PROPOSE);
    vote_all(judge, &made, &about);
}

/* --- acts --- */

static void remove_school(struct judge *judge, uint32_t about)
{
    put_to_vote(judge, ph_fact_proposing(PH_PROPOSAL_REMOVE, &schools[about].id));
}

/* Whether a fact may be lifted: a removal or leaving of the school, or, seldom, anything. */
static bool may_be_lifted(struct judge *judge, const struct made *made, uint32_t about)
{
    struct ph_fact fact;
    if (chance_of_percent(judge, 1))
        return true;
    if (ph_fact_read(ph_bytes(made->bytes, made->len), &fact) != PH_OK)
        return false;
    if (fact.type == PH_FACT_LEAVE)
        return memcmp(fact.author.bytes, schools[about].id.bytes, 32) == 0;
    return fact.type == PH_FACT_PROPOSE && fact.of.propose.what == PH_PROPOSAL_REMOVE &&
           ph_school_id_equal(&fact.of.propose.school, &schools[about].id);
}

static void restore_school(struct judge *judge, uint32_t about)
{
    uint8_t ids[PH_LIFTED_MAX * 32];
    uint32_t count = 0;
    for (uint32_t i = 0; i < judge->facts->count && count < PH_LIFTED_MAX; i++)
        if (may_be_lifted(judge, &judge->facts->facts[i], about) && chance_of_percent(judge, 85))
            memcpy(ids + 32 * count++, judge->facts->facts[i].id.bytes, 32);
    if (count == 0)
        return;
    qsort(ids, count, 32, order_of_ids);
    struct ph_fact what = ph_fact_proposing(PH_PROPOSAL_RESTORE, &schools[about].id);
    what.of.propose.lifted = ph_bytes(ids, 32 * count);
    put_to_vote(judge, what);
}

static void succeed(struct judge *judge, uint32_t about)
{
    uint32_t number = chance_of_percent(judge, 50)   ? OP_SCHOOLS + about
                      : chance_of_percent(judge, 85) ? OP_SCHOOLS + draw(&judge->chance, OP_SCHOOLS)
                                                     : draw(&judge->chance, SCHOOL_COUNT);
    uint32_t agreed = chance_of_percent(judge, 94) ? about : 0;
    struct ph_fact what = ph_fact_proposing(PH_PROPOSAL_SUCCEED, &schools[about].id);
    what.of.propose.key = schools[number].id;
    what.of.propose.consent =
        ph_succeed_consent(&schools[number].key.secret, &network, &schools[agreed].id);
    judge->new_keys[about] = number;
    put_to_vote(judge, what);
}

static void decide(struct judge *judge)
{
    struct ph_fact what = {.type = PH_FACT_PROPOSE};
    what.of.propose.what = PH_PROPOSAL_POLICY;
    what.of.propose.setting = 1 + draw(&judge->chance, 4);
    what.of.propose.value = draw(&judge->chance, 40);
    put_to_vote(judge, what);
}

static void leave(struct judge *judge, uint32_t about)
{
    struct ph_log_end ends[ENDS_DRAWN_MAX];
    uint32_t count = draw_ends(judge, &schools[about].id, ends);
    struct made made = make_leave(key_of(judge, about), ends, count, AFTER(&judge->last));
    add(judge, &made, PH_FACT_LEAVE);
}

static void close_log(struct judge *judge, uint32_t about)
{
    struct ph_log_end ends[ENDS_DRAWN_MAX];
    uint32_t count = draw_ends(judge, &schools[about].id, ends);
    const struct signer *writer = &schools[about].writer;
    uint32_t by = chance_of_percent(judge, 85) ? about : draw(&judge->chance, OP_SCHOOLS);
    if (chance_of_percent(judge, 15))
        writer = &schools[draw(&judge->chance, SCHOOL_COUNT)].writer;
    if (count != 0) /* whose log it is, mostly */
        for (uint32_t i = 0; i < SCHOOL_COUNT; i++)
            if (memcmp(ends[0].writer.bytes, schools[i].writer.id.bytes, 32) == 0)
                writer = &schools[i].writer;
    struct made made = make_close(key_of(judge, by), writer, ends, count, AFTER(&judge->last));
    add(judge, &made, PH_FACT_CLOSE);
}

/* A school goes on, by whichever of its keys, in a log that knows of all this. */
static void certify_anew(struct judge *judge, uint32_t about)
{
    uint32_t number = about + (chance_of_percent(judge, 60) ? OP_SCHOOLS : 0);
    struct school by = schools[about];
    by.key = *key_of(judge, about);
    struct made made = make_certify(&by, &schools[number].writer, AFTER(&judge->last));
    add(judge, &made, PH_FACT_CERTIFY);
}

/* One more vote on something that was asked before. */
static void vote_late(struct judge *judge, uint32_t voter)
{
    const struct op_facts *facts = judge->facts;
    struct ph_fact fact;
    for (uint32_t tries = 0; tries < 20; tries++) {
        uint32_t number = draw(&judge->chance, facts->count);
        const struct made proposal = facts->facts[number];
        if (facts->types[number] != PH_FACT_PROPOSE)
            continue;
        CHECK_OK(ph_fact_read(ph_bytes(proposal.bytes, proposal.len), &fact));
        const struct ph_school_id about = fact.of.propose.school;
        vote(judge, voter, &proposal, &about, chance_of_percent(judge, 50));
        return;
    }
}

/* The other one is not known to either, and both to what comes next. */
static void succeed_apart(struct judge *judge, uint32_t about)
{
    const struct made before = judge->last;
    succeed(judge, about);
    const struct made one = judge->last;
    struct school by = schools[about];
    by.key = *key_of(judge, about);
    judge->last = before;
    succeed(judge, about);
    const struct made two = judge->last;
    if (ph_fact_id_equal(&one.id, &two.id))
        return;
    struct made made = make_certify(&by, &schools[OP_SCHOOLS + about].writer, AFTER(&one, &two));
    add(judge, &made, PH_FACT_CERTIFY);
}

/* Something is done to it, and it goes on. */
static void go_on(struct judge *judge, uint32_t about)
{
    if (chance_of_percent(judge, 35)) {
        succeed(judge, about);
    } else {
        remove_school(judge, about);
        if (chance_of_percent(judge, 30)) /* who removed it may be gone by then */
            leave(judge, draw(&judge->chance, OP_SCHOOLS));
        restore_school(judge, about);
    }
    certify_anew(judge, about);
}

static void act(struct judge *judge, uint32_t about)
{
    uint32_t number = draw(&judge->chance, 100);
    if (number < 14)
        go_on(judge, about);
    else if (number < 32)
        remove_school(judge, about);
    else if (number < 46)
        restore_school(judge, about);
    else if (number < 54)
        succeed(judge, about);
    else if (number < 60)
        succeed_apart(judge, about);
    else if (number < 66)
        leave(judge, about);
    else if (number < 78)
        close_log(judge, about);
    else if (number < 90)
        certify_anew(judge, about);
    else if (number < 96)
        vote_late(judge, draw(&judge->chance, OP_SCHOOLS));
    else
        decide(judge);
}

/* What comes near a flood is left alone: of a school that floods each set holds other facts, and
 * here they would matter. */
static bool is_flooded(const struct ph_facts *known)
{
    bool is_any = false;
    for (uint32_t i = 0; i < OP_SCHOOLS; i++)
        is_any |= ph_facts_count_of(known, &schools[i].id) + ROOM_LEFT > PH_FACTS_PER_SCHOOL_MAX;
    return is_any;
}

/* The last one drawn that is taken. */
static struct made latest(const struct op_facts *facts, const struct ph_facts *known)
{
    uint32_t number = facts->count - 1;
    while (number > 0 && ph_facts_find(known, &facts->facts[number].id) == NULL)
        number--;
    return facts->facts[number];
}

/* Of one school mostly, so that one thing leads to another. */
void op_judge_draw(struct op_facts *facts, struct ph_facts *known, const struct op_set *set,
                   uint64_t seed)
{
    struct judge judge = {.facts = facts,
                          .known = known,
                          .last = latest(facts, known),
                          .set = set,
                          .chance = chance_of(set == NULL ? 'j' : 'k', seed)};
    uint32_t about = draw(&judge.chance, OP_SCHOOLS);
    if (chance_of_percent(&judge, set == NULL ? 40 : 35) || is_flooded(known))
        return;
    for (uint32_t i = 1 + draw(&judge.chance, 5); i > 0; i--) {
        if (facts->count + ROOM_LEFT > OP_FACTS_MAX)
            return;
        act(&judge, chance_of_percent(&judge, 75) ? about : draw(&judge.chance, OP_SCHOOLS));
    }
}
