/* Facts made from plans, and what a set of them and the model answer. */
#include <stdlib.h>

#include "proto/heads.h"
#include "tests/support/fact_model.h"

#define NOBODY UINT8_MAX

static bool has(uint64_t set, size_t number)
{
    return (set >> number & 1) != 0;
}

/* --- making --- */

struct ph_log_end model_log_end(struct model_end end)
{
    struct ph_log_end out = {.seq = end.seq};
    memcpy(out.writer.bytes, schools[end.writer].writer.id.bytes, 32);
    out.id.bytes[0] = end.branch;
    ph_put_u32(out.id.bytes + 1, end.seq);
    return out;
}

static int order_of_ends(const void *a, const void *b)
{
    return ph_log_end_compare(a, b);
}

static uint32_t ends_of(const struct plan *plan, struct ph_log_end out[MODEL_ENDS_MAX])
{
    uint32_t count = 0;
    for (size_t i = 0; i < MODEL_ENDS_MAX; i++)
        if (plan->ends[i].seq != 0)
            out[count++] = model_log_end(plan->ends[i]);
    qsort(out, count, sizeof *out, order_of_ends);
    return count;
}

static size_t past_of(const struct model *model, uint64_t set,
                      const struct made *out[MODEL_FACTS_MAX + 1])
{
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++)
        if (has(set, i))
            out[count++] = &model->made[i];
    out[count] = NULL;
    return count;
}

static struct made make_proposed(const struct model *model, const struct plan *plan,
                                 const struct signer *by, const struct made *const *past)
{
    const struct made *lifted[MODEL_FACTS_MAX + 1];
    uint8_t ids[PH_LIFTED_MAX * 32];
    struct ph_fact fact = {.type = PH_FACT_PROPOSE};
    size_t count = past_of(model, plan->lifted, lifted);
    assert_true(count <= PH_LIFTED_MAX);
    for (size_t i = 0; i < count; i++)
        memcpy(ids + 32 * i, lifted[i]->id.bytes, 32);
    qsort(ids, count, 32, order_of_ids);
    fact.of.propose.what = (enum ph_proposal)plan->what;
    fact.of.propose.school = schools[plan->school].id;
    fact.of.propose.lifted = ph_bytes(ids, 32 * count);
    fact.of.propose.key = schools[plan->key].id;
    fact.of.propose.consent = ph_succeed_consent(&schools[plan->key].key.secret, &network,
                                                 plan->has_no_consent ? &schools[plan->key].id
                                                                      : &schools[plan->school].id);
    fact.of.propose.setting = plan->setting;
    fact.of.propose.value = plan->value;
    return make_proposal(by, fact, past);
}

static struct made make_planned(const struct model *model, size_t number)
{
    const struct plan *plan = &model->plans[number];
    const struct school *author = &schools[plan->author];
    const struct signer *writer =
        &schools[plan->writer == 0 ? plan->author : plan->writer - 1].writer;
    const struct signer *as_school = plan->has_wrong_key ? &author->writer : &author->key;
    const struct signer *as_writer = plan->has_wrong_key ? &author->key : &author->writer;
    const struct made *past[MODEL_FACTS_MAX + 1];
    struct school by = *author;
    struct ph_log_end ends[MODEL_ENDS_MAX];
    uint32_t end_count = ends_of(plan, ends);
    past_of(model, plan->past, past);
    by.key = *as_school;
    switch (plan->type) {
    case PH_FACT_FOUND:
        return founding;
    case PH_FACT_CERTIFY:
        return make_certify(&by, writer, past);
    case PH_FACT_INVITE:
        return make_invite(as_writer, (uint16_t)(1 + number), past);
    case PH_FACT_ADMIT:
        return make_admit(as_writer, &schools[plan->school].id, &model->made[plan->about], past);
    case PH_FACT_PROPOSE:
        return make_proposed(model, plan, as_writer, past);
    case PH_FACT_VOTE:
        return make_vote(as_school, &model->made[plan->about], ends, end_count, past);
    case PH_FACT_CLOSE:
        return make_close(as_school, writer, ends, end_count, past);
    case PH_FACT_LEAVE:
        return make_leave(as_school, ends, end_count, past);
    default:
        return make_unknown(as_school, past);
    }
}

void model_make(struct model *model, size_t first)
{
    for (size_t i = first; i < model->count; i++)
        model->made[i] = make_planned(model, i);
}

/* --- what the model answers --- */

static uint8_t small(size_t number)
{
    return number >= NOBODY ? NOBODY : (uint8_t)number;
}

static uint8_t flags_of(bool is_known, bool is_voter, bool is_removed, bool speaks)
{
    return (uint8_t)((is_known ? MODEL_KNOWN : 0) | (is_voter ? MODEL_VOTER : 0) |
                     (is_removed ? MODEL_REMOVED : 0) | (speaks ? MODEL_SPEAKS : 0));
}

/* The founding, or of its admissions with effect the one with the lowest id. */
static uint64_t admission_of(const struct model *model, uint64_t set, size_t school)
{
    const struct made *lowest = NULL;
    if (model->plans[0].author == school)
        return set & FACT(0);
    for (size_t i = 0; i < model->count; i++) {
        const struct made *made = &model->made[i];
        if (has(set, i) && model->stands[i] && model->plans[i].type == PH_FACT_ADMIT &&
            model->plans[i].school == school &&
            (lowest == NULL || ph_fact_id_compare(&made->id, &lowest->id) < 0))
            lowest = made;
    }
    return lowest == NULL ? 0 : FACT(lowest - model->made);
}

static void answer_schools(const struct model *model, uint64_t set, struct answers *out)
{
    for (size_t i = 0; i < SCHOOL_COUNT; i++) {
        out->schools[i] = flags_of(model_knows(model, set, i), model_is_voter(model, set, i),
                                   model_is_removed(model, set, i), model_speaks(model, set, i));
        out->owners[i] = small(model_owner(model, set, i));
        out->admissions[i] = admission_of(model, set, i);
        out->unlifted[i] = model_unlifted(model, set, i);
        for (size_t writer = 0; writer < SCHOOL_COUNT; writer++)
            out->closed[i] |= (uint16_t)(model_is_closed(model, set, i, writer) << writer);
    }
}

static void answer_log(const struct model *model, uint64_t set, size_t number, struct answers *out)
{
    out->school_of[number] = small(model->school_of[number]);
    for (uint8_t branch = 0; branch < MODEL_BRANCHES; branch++)
        out->stands_to[number][branch] = small(model_stands_to(model, set, number, branch));
}

static void answer_proposal(const struct model *model, uint64_t set, size_t number,
                            struct answers *out)
{
    out->seats[number] = (uint8_t)__builtin_popcount(model->electorate[number]);
    out->votes[number] = (uint8_t)__builtin_popcount(model_voted(model, set, number));
    out->reached |= model_is_reached(model, set, number) ? FACT(number) : 0;
}

void model_answers(const struct model *model, uint64_t set, struct answers *out)
{
    struct ph_fact_id ids[MODEL_FACTS_MAX];
    size_t id_count = 0;
    memset(out, 0, sizeof *out);
    answer_schools(model, set, out);
    for (size_t i = 0; i < model->count; i++) {
        if (!has(set, i) || !model->is_taken[i])
            continue;
        out->taken |= FACT(i);
        ids[id_count++] = model->made[i].id;
        if (!model->stands[i])
            continue;
        out->standing |= FACT(i);
        if (model->plans[i].type == PH_FACT_CERTIFY)
            answer_log(model, set, i, out);
        if (model->plans[i].type == PH_FACT_PROPOSE)
            answer_proposal(model, set, i, out);
    }
    for (size_t i = 0; i < MODEL_SETTINGS; i++) {
        size_t counting = model_policy(model, set, i + 1);
        out->policies[i] = counting == MODEL_NONE ? NOBODY : model->plans[counting].value;
    }
    qsort(ids, id_count, sizeof *ids, order_of_ids);
    out->hash = ph_fact_set_hash(ids, id_count);
}

/* --- what a set answers --- */

static uint8_t number_of(const struct ph_school_id *school)
{
    for (uint8_t i = 0; school != NULL && i < SCHOOL_COUNT; i++)
        if (ph_school_id_equal(&schools[i].id, school))
            return i;
    return NOBODY;
}

static uint64_t mask_of(const struct model *model, const struct ph_fact_id *id)
{
    for (size_t i = 0; i < model->count; i++)
        if (ph_fact_id_equal(&model->made[i].id, id))
            return FACT(i);
    return 0;
}

static uint64_t unlifted_by(const struct ph_facts *facts, const struct model *model, size_t school)
{
    uint8_t ids[PH_LIFTED_MAX * 32];
    struct ph_fact_id id;
    uint64_t out = 0;
    size_t len = ph_facts_removals(facts, &schools[school].id, ids);
    for (size_t at = 0; at < len; at += 32) {
        memcpy(id.bytes, ids + at, 32);
        out |= mask_of(model, &id);
    }
    return out;
}

static void ask_schools(struct ph_facts *facts, const struct model *model, struct answers *out)
{
    for (size_t i = 0; i < SCHOOL_COUNT; i++) {
        const struct ph_school_id *id = &schools[i].id;
        out->schools[i] = flags_of(ph_facts_knows(facts, id), ph_facts_is_voter(facts, id),
                                   ph_facts_is_removed(facts, id), ph_facts_speaks(facts, id));
        out->owners[i] = number_of(ph_facts_owner(facts, id));
        out->unlifted[i] = unlifted_by(facts, model, i);
        for (size_t k = 0; k < SCHOOL_COUNT; k++) {
            struct ph_writer_id writer;
            memcpy(writer.bytes, schools[k].writer.id.bytes, 32);
            out->closed[i] |= (uint16_t)(ph_facts_is_closed(facts, id, &writer) << k);
        }
    }
}

/* The list of members says the same as the questions about each. */
static void ask_members(struct ph_facts *facts, const struct model *model, struct answers *out)
{
    struct ph_member members[SCHOOL_COUNT];
    uint32_t count = ph_facts_members(facts, members, SCHOOL_COUNT);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t number = number_of(&members[i].school);
        out->admissions[number] = mask_of(model, &members[i].admission);
        CHECK(members[i].is_voter == ((out->schools[number] & MODEL_VOTER) != 0));
        CHECK(members[i].is_removed == ((out->schools[number] & MODEL_REMOVED) != 0));
    }
}

static enum ph_status find_entry(void *impl, const struct ph_log_end *end, uint32_t *branch)
{
    (void)impl;
    *branch = end->id.bytes[0];
    uint32_t first = *branch == 0 ? 1 : MODEL_FORK_SEQ + 1;
    return end->seq >= first && end->seq <= MODEL_LOG_LEN ? PH_OK : PH_NOT_FOUND;
}

void model_cuts(const struct ph_facts *facts, const struct ph_fact *certify,
                uint32_t stands_to[MODEL_BRANCHES])
{
    const struct ph_bounded_branch branches[MODEL_BRANCHES] = {
        {.certify = certify}, {.certify = certify, .base = 0, .base_seq = MODEL_FORK_SEQ}};
    const struct ph_bounded_log log = {.school = ph_facts_school_of(facts, certify),
                                       .writer = &certify->of.certify.writer,
                                       .branches = branches,
                                       .branch_count = MODEL_BRANCHES,
                                       .find = find_entry};
    CHECK_OK(ph_bounds_of(facts, &log, stands_to));
}

static void ask_log(const struct ph_facts *facts, const struct ph_fact *certify, size_t number,
                    struct answers *out)
{
    const struct ph_school_id *school = ph_facts_school_of(facts, certify);
    uint32_t stands_to[MODEL_BRANCHES];
    out->school_of[number] = number_of(school);
    if (school == NULL)
        return;
    model_cuts(facts, certify, stands_to);
    for (size_t i = 0; i < MODEL_BRANCHES; i++) {
        out->stands_to[number][i] = small(stands_to[i]);
        bool is_bounded = stands_to[i] != PH_STANDS_ALL;
        CHECK(ph_bounds_log(facts, certify) == is_bounded);
        CHECK(!is_bounded || ph_bounds_any(facts, school));
    }
}

static void ask_fact(const struct ph_facts *facts, const struct ph_fact *fact, size_t number,
                     struct answers *out)
{
    out->taken |= FACT(number);
    if (!ph_facts_stands(facts, fact))
        return;
    out->standing |= FACT(number);
    if (fact->type == PH_FACT_CERTIFY)
        ask_log(facts, fact, number, out);
    if (fact->type != PH_FACT_PROPOSE)
        return;
    struct ph_tally tally = ph_facts_tally(facts, &fact->id);
    bool is_reached = ph_facts_is_reached(facts, &fact->id);
    out->seats[number] = small(tally.seats);
    out->votes[number] = small(tally.votes);
    out->reached |= is_reached ? FACT(number) : 0;
    CHECK(is_reached == (tally.votes >= tally.needed));
}

void facts_answers(struct ph_facts *facts, const struct model *model, struct answers *out)
{
    memset(out, 0, sizeof *out);
    ask_schools(facts, model, out);
    ask_members(facts, model, out);
    for (size_t i = 0; i < model->count; i++) {
        const struct ph_fact *fact = ph_facts_find(facts, &model->made[i].id);
        if (fact != NULL)
            ask_fact(facts, fact, i, out);
    }
    for (size_t i = 0; i < MODEL_SETTINGS; i++) {
        uint64_t value = NOBODY;
        out->policies[i] = ph_facts_policy(facts, i + 1, &value) ? small(value) : NOBODY;
    }
    out->hash = ph_facts_hash(facts, ph_facts_count(facts));
}

/* --- comparing --- */

static void check_same(const char *what, const void *is, const void *wanted, size_t size)
{
    if (memcmp(is, wanted, size) == 0)
        return;
    print_error("%s: not as wanted\n", what);
    assert_memory_equal(is, wanted, size);
}

void check_answers(const struct answers *is, const struct answers *wanted)
{
#define SAME(field) check_same(#field, &is->field, &wanted->field, sizeof is->field)
    SAME(taken);
    SAME(standing);
    SAME(reached);
    SAME(schools);
    SAME(owners);
    SAME(closed);
    SAME(seats);
    SAME(votes);
    SAME(school_of);
    SAME(policies);
    SAME(stands_to);
    SAME(admissions);
    SAME(unlifted);
    SAME(hash);
#undef SAME
}

/* Offers what is left once. Returns what waits. */
static uint64_t offer(struct ph_facts *facts, const struct model *model, uint64_t left,
                      const size_t *order)
{
    for (size_t i = 0; i < model->count; i++) {
        if (!has(left, order[i]))
            continue;
        enum ph_status status = try_take(facts, &model->made[order[i]]);
        CHECK(status == PH_OK || status == PH_WAITING || status == PH_FORBIDDEN);
        if (status != PH_WAITING)
            left &= ~FACT(order[i]);
    }
    return left;
}

struct ph_facts *model_take(const struct model *model, uint64_t set, const size_t *order)
{
    struct ph_facts *facts = new_set();
    uint64_t before = 0;
    for (uint64_t left = set; left != before;) {
        before = left;
        left = offer(facts, model, left, order);
    }
    return facts;
}
