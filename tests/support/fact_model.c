#include "tests/support/fact_model.h"

static bool has(uint64_t set, size_t number)
{
    return (set >> number & 1) != 0;
}

/* A fact of that type in the set, with effect. */
static bool counts(const struct model *model, uint64_t set, size_t number, uint64_t type)
{
    return has(set, number) && model->stands[number] && model->plans[number].type == type;
}

static bool is_proposal(const struct model *model, uint64_t set, size_t number, uint8_t what)
{
    return counts(model, set, number, PH_FACT_PROPOSE) && model->plans[number].what == what;
}

static size_t seat_count(uint32_t schools_mask)
{
    return (size_t)__builtin_popcount(schools_mask);
}

static bool signs_as_writer(const struct plan *plan)
{
    bool is_writers = plan->type == PH_FACT_INVITE || plan->type == PH_FACT_ADMIT ||
                      plan->type == PH_FACT_PROPOSE;
    return is_writers != plan->has_wrong_key;
}

static size_t writer_of(const struct plan *plan)
{
    return plan->writer == 0 ? plan->author : plan->writer - 1u;
}

/* --- schools --- */

bool model_knows(const struct model *model, uint64_t set, size_t school)
{
    for (size_t i = 0; i < model->count; i++) {
        if ((counts(model, set, i, PH_FACT_FOUND) && model->plans[i].author == school) ||
            (counts(model, set, i, PH_FACT_ADMIT) && model->plans[i].school == school))
            return true;
    }
    return false;
}

/* "All votes of one school on one proposal are one." */
uint32_t model_voted(const struct model *model, uint64_t set, size_t proposal)
{
    uint32_t out = 0;
    for (size_t i = 0; i < model->count; i++)
        if (counts(model, set, i, PH_FACT_VOTE) && model->plans[i].about == proposal)
            out |= UINT32_C(1) << model->school_of[i];
    return out;
}

bool model_is_reached(const struct model *model, uint64_t set, size_t proposal)
{
    return counts(model, set, proposal, PH_FACT_PROPOSE) &&
           2 * seat_count(model_voted(model, set, proposal)) >
               seat_count(model->electorate[proposal]);
}

/* "while no reached restoration there names that removal or leaving" */
static bool is_lifted(const struct model *model, uint64_t set, size_t removal)
{
    for (size_t i = 0; i < model->count; i++)
        if (is_proposal(model, set, i, PH_PROPOSAL_RESTORE) &&
            has(model->plans[i].lifted, removal) && model_is_reached(model, set, i))
            return true;
    return false;
}

static bool removes(const struct model *model, uint64_t set, size_t number, size_t school)
{
    if (counts(model, set, number, PH_FACT_LEAVE))
        return model->school_of[number] == school;
    return is_proposal(model, set, number, PH_PROPOSAL_REMOVE) &&
           model->plans[number].school == school && model_is_reached(model, set, number);
}

uint64_t model_unlifted(const struct model *model, uint64_t set, size_t school)
{
    uint64_t out = 0;
    for (size_t i = 0; i < model->count; i++)
        if (removes(model, set, i, school) && !is_lifted(model, set, i))
            out |= FACT(i);
    return out;
}

bool model_is_removed(const struct model *model, uint64_t set, size_t school)
{
    return model_unlifted(model, set, school) != 0;
}

bool model_is_voter(const struct model *model, uint64_t set, size_t school)
{
    bool is_confirmed = false;
    for (size_t i = 0; i < model->count; i++) {
        const struct plan *plan = &model->plans[i];
        is_confirmed |= counts(model, set, i, PH_FACT_FOUND) && plan->author == school;
        is_confirmed |= is_proposal(model, set, i, PH_PROPOSAL_CONFIRM) && plan->school == school &&
                        model_is_reached(model, set, i);
    }
    return is_confirmed && !model_is_removed(model, set, school);
}

static uint32_t voters(const struct model *model, uint64_t set)
{
    uint32_t out = 0;
    for (size_t i = 0; i < SCHOOL_COUNT; i++)
        out |= (uint32_t)model_is_voter(model, set, i) << i;
    return out;
}

/* --- keys --- */

static bool succeeds(const struct model *model, uint64_t set, size_t number, size_t school)
{
    return is_proposal(model, set, number, PH_PROPOSAL_SUCCEED) &&
           model->plans[number].school == school && model_is_reached(model, set, number);
}

static bool is_lower(size_t a, size_t b)
{
    return b == MODEL_NONE || memcmp(schools[a].id.bytes, schools[b].id.bytes, 32) < 0;
}

size_t model_owner(const struct model *model, uint64_t set, size_t key)
{
    size_t found = MODEL_NONE;
    if (model_knows(model, set, key))
        return key;
    for (size_t i = 0; i < model->count; i++) {
        size_t school = model->plans[i].school;
        if (succeeds(model, set, i, school) && model->plans[i].key == key &&
            is_lower(school, found))
            found = school;
    }
    return found;
}

/* Whether in that past the key was one of the school's. */
static bool had_come(const struct model *model, uint64_t past, size_t key, size_t school)
{
    if (key == school)
        return model_knows(model, past, school);
    for (size_t i = 0; i < model->count; i++)
        if (succeeds(model, past, i, school) && model->plans[i].key == key)
            return true;
    return false;
}

bool model_speaks(const struct model *model, uint64_t set, size_t key)
{
    size_t school = model_owner(model, set, key);
    if (school == MODEL_NONE)
        return false;
    for (size_t i = 0; i < model->count; i++)
        if (succeeds(model, set, i, school) && model->plans[i].key != key &&
            had_come(model, model->closure[i], key, school))
            return false;
    return true;
}

/* The schools that have certified this writer by a key that still speaks for them, and are not
 * removed. */
static uint32_t certifiers(const struct model *model, uint64_t set, size_t writer)
{
    uint32_t out = 0;
    for (size_t i = 0; i < model->count; i++) {
        size_t key = model->plans[i].author;
        if (!counts(model, set, i, PH_FACT_CERTIFY) || writer_of(&model->plans[i]) != writer ||
            !model_speaks(model, set, key))
            continue;
        size_t school = model_owner(model, set, key);
        if (!model_is_removed(model, set, school))
            out |= UINT32_C(1) << school;
    }
    return out;
}

/* --- taking --- */

static bool is_known_writer(const struct model *model, uint64_t set, size_t writer)
{
    for (size_t i = 0; i < model->count; i++)
        if (counts(model, set, i, PH_FACT_CERTIFY) && writer_of(&model->plans[i]) == writer)
            return true;
    return false;
}

static bool takes(const struct model *model, size_t number)
{
    const struct plan *plan = &model->plans[number];
    uint64_t past = model->closure[number];
    if (plan->type == PH_FACT_FOUND)
        return true;
    for (size_t i = 0; i < number; i++)
        if (has(past, i) && !model->is_taken[i])
            return false;
    return signs_as_writer(plan) ? is_known_writer(model, past, plan->author)
                                 : model_owner(model, past, plan->author) != MODEL_NONE;
}

/* --- effect --- */

/* What a proposal fixes; 0: it has no effect. */
static uint32_t electorate(const struct model *model, const struct plan *plan, uint64_t past)
{
    uint32_t all = voters(model, past), others = all & ~(UINT32_C(1) << plan->school);
    if (plan->what == PH_PROPOSAL_POLICY)
        return all;
    if (!model_knows(model, past, plan->school))
        return 0;
    switch (plan->what) {
    case PH_PROPOSAL_CONFIRM:
        return all;
    case PH_PROPOSAL_REMOVE:
        return seat_count(others) < 3 ? 0 : others;
    case PH_PROPOSAL_SUCCEED:
        return seat_count(others) < 3 || plan->has_no_consent ||
                       model_owner(model, past, plan->key) != MODEL_NONE
                   ? 0
                   : others;
    case PH_PROPOSAL_RESTORE:
        for (size_t i = 0; i < model->count; i++) {
            if (!has(plan->lifted, i))
                continue;
            if (!removes(model, past, i, plan->school))
                return 0;
            others |= model->electorate[i];
        }
        return others & ~(UINT32_C(1) << plan->school);
    default:
        return 0;
    }
}

static bool admits(const struct model *model, const struct plan *plan, uint64_t past)
{
    return counts(model, past, plan->about, PH_FACT_INVITE) && signs_as_writer(plan) &&
           (certifiers(model, past, plan->author) & voters(model, past)) != 0;
}

static bool votes(const struct model *model, size_t number, uint64_t past)
{
    size_t proposal = model->plans[number].about, school = model->school_of[number];
    return counts(model, past, proposal, PH_FACT_PROPOSE) && school != MODEL_NONE &&
           has(model->electorate[proposal], school);
}

static bool has_effect(const struct model *model, size_t number)
{
    const struct plan *plan = &model->plans[number];
    uint64_t past = model->closure[number];
    size_t school = model->school_of[number];
    switch (plan->type) {
    case PH_FACT_FOUND:
        return true;
    case PH_FACT_CERTIFY:
        return school != MODEL_NONE && !model_is_removed(model, past, school);
    case PH_FACT_INVITE:
        return signs_as_writer(plan) && certifiers(model, past, plan->author) != 0;
    case PH_FACT_ADMIT:
        return admits(model, plan, past);
    case PH_FACT_PROPOSE:
        return signs_as_writer(plan) && certifiers(model, past, plan->author) != 0 &&
               model->electorate[number] != 0;
    case PH_FACT_VOTE:
        return votes(model, number, past);
    case PH_FACT_CLOSE:
    case PH_FACT_LEAVE:
        return school != MODEL_NONE;
    default:
        return false;
    }
}

void model_add(struct model *model, struct plan plan)
{
    assert_true(model->count < MODEL_FACTS_MAX);
    size_t number = model->count++;
    uint64_t past = plan.past;
    model->plans[number] = plan;
    for (size_t i = 0; i < number; i++)
        if (has(plan.past, i))
            past |= model->closure[i];
    model->stands[number] = false;
    model->closure[number] = past;
    model->is_taken[number] = takes(model, number);
    model->school_of[number] = !signs_as_writer(&plan) && model_speaks(model, past, plan.author)
                                   ? model_owner(model, past, plan.author)
                                   : MODEL_NONE;
    model->electorate[number] = plan.type == PH_FACT_PROPOSE ? electorate(model, &plan, past) : 0;
    model->stands[number] = model->is_taken[number] && has_effect(model, number);
    if (!model->stands[number])
        model->electorate[number] = 0;
}

static uint8_t add_after_last(struct model *model, struct plan plan)
{
    plan.past = model->count == 0 ? 0 : FACT(model->count - 1);
    model_add(model, plan);
    return (uint8_t)(model->count - 1);
}

void model_begin(struct model *model, size_t voter_count)
{
    *model = (struct model){0};
    add_after_last(model, (struct plan){.type = PH_FACT_FOUND});
    add_after_last(model, (struct plan){.type = PH_FACT_CERTIFY});
    uint8_t by = add_after_last(model, (struct plan){.type = PH_FACT_INVITE});
    assert(voter_count <= SCHOOL_COUNT);
    for (uint8_t school = 1; school < (uint8_t)voter_count; school++) {
        add_after_last(model, (struct plan){.type = PH_FACT_ADMIT, .school = school, .about = by});
        uint8_t proposal = add_after_last(
            model,
            (struct plan){.type = PH_FACT_PROPOSE, .what = PH_PROPOSAL_CONFIRM, .school = school});
        for (uint8_t voter = 0; voter < school; voter++)
            add_after_last(model,
                           (struct plan){.type = PH_FACT_VOTE, .author = voter, .about = proposal});
        add_after_last(model, (struct plan){.type = PH_FACT_CERTIFY, .author = school});
    }
}

bool model_is_closed(const struct model *model, uint64_t set, size_t school, size_t writer)
{
    for (size_t i = 0; i < model->count; i++)
        if (counts(model, set, i, PH_FACT_CLOSE) && model->school_of[i] == school &&
            writer_of(&model->plans[i]) == writer)
            return true;
    return false;
}

/* --- policies --- */

static bool decides(const struct model *model, uint64_t set, size_t number, size_t setting)
{
    return is_proposal(model, set, number, PH_PROPOSAL_POLICY) &&
           model->plans[number].setting == setting && model_is_reached(model, set, number);
}

/* Whether another one that is reached has it, reached, in its past. */
static bool is_followed(const struct model *model, uint64_t set, size_t number, size_t setting)
{
    for (size_t i = 0; i < model->count; i++)
        if (i != number && decides(model, set, i, setting) &&
            model_is_reached(model, model->closure[i], number))
            return true;
    return false;
}

size_t model_policy(const struct model *model, uint64_t set, size_t setting)
{
    size_t found = MODEL_NONE;
    for (size_t i = 0; i < model->count; i++)
        if (decides(model, set, i, setting) && !is_followed(model, set, i, setting) &&
            (found == MODEL_NONE ||
             memcmp(model->made[i].id.bytes, model->made[found].id.bytes, 32) < 0))
            found = i;
    return found;
}

/* --- standing of entries --- */

static bool is_held(struct model_end end)
{
    return end.seq <= MODEL_LOG_LEN && end.seq > (end.branch == 0 ? 0 : MODEL_FORK_SEQ);
}

/* Whether `end` is the entry or comes after it on the same branch. */
static bool is_behind(struct model_end end, struct model_end entry)
{
    if (!is_held(end) || end.writer != entry.writer || end.seq < entry.seq)
        return false;
    return end.branch == entry.branch || (entry.branch == 0 && entry.seq <= MODEL_FORK_SEQ);
}

static bool names(const struct plan *plan, struct model_end entry)
{
    for (size_t i = 0; i < MODEL_ENDS_MAX; i++)
        if (is_behind(plan->ends[i], entry))
            return true;
    return false;
}

/* More than half of the electorate have named it. */
static bool accepts_by_votes(const struct model *model, uint64_t set, size_t proposal,
                             struct model_end entry)
{
    uint32_t seats = 0;
    for (size_t i = 0; i < model->count; i++)
        if (counts(model, set, i, PH_FACT_VOTE) && model->plans[i].about == proposal &&
            names(&model->plans[i], entry))
            seats |= UINT32_C(1) << model->school_of[i];
    return 2 * seat_count(seats) > seat_count(model->electorate[proposal]);
}

static bool accepts_by_restoring(const struct model *model, uint64_t set, size_t removal,
                                 struct model_end entry)
{
    for (size_t i = 0; i < model->count; i++)
        if (is_proposal(model, set, i, PH_PROPOSAL_RESTORE) &&
            has(model->plans[i].lifted, removal) && model_is_reached(model, set, i) &&
            accepts_by_votes(model, set, i, entry))
            return true;
    return false;
}

/* Whether this fact, one of the set, bounds the log of `certify`. */
static bool bounds(const struct model *model, uint64_t set, size_t number, size_t certify)
{
    uint64_t past = model->closure[certify];
    size_t school = model->school_of[certify];
    if (removes(model, set, number, school))
        return !is_lifted(model, past, number);
    return succeeds(model, set, number, school) && !model_is_reached(model, past, number);
}

static bool accepts(const struct model *model, uint64_t set, size_t number, struct model_end entry)
{
    if (model->plans[number].type == PH_FACT_LEAVE)
        return names(&model->plans[number], entry) ||
               accepts_by_restoring(model, set, number, entry);
    return accepts_by_votes(model, set, number, entry) ||
           accepts_by_restoring(model, set, number, entry);
}

static bool closes_accept(const struct model *model, uint64_t set, size_t certify,
                          struct model_end entry)
{
    for (size_t i = 0; i < model->count; i++)
        if (counts(model, set, i, PH_FACT_CLOSE) &&
            model->school_of[i] == model->school_of[certify] &&
            writer_of(&model->plans[i]) == entry.writer && names(&model->plans[i], entry))
            return true;
    return false;
}

static bool entry_stands(const struct model *model, uint64_t set, size_t certify,
                         struct model_end entry)
{
    for (size_t i = 0; i < model->count; i++)
        if (bounds(model, set, i, certify) && !accepts(model, set, i, entry))
            return false;
    return !model_is_closed(model, set, model->school_of[certify], entry.writer) ||
           closes_accept(model, set, certify, entry);
}

uint32_t model_stands_to(const struct model *model, uint64_t set, size_t certify, uint8_t branch)
{
    size_t writer = writer_of(&model->plans[certify]);
    bool is_bounded = model_is_closed(model, set, model->school_of[certify], writer);
    uint32_t last = 0;
    for (size_t i = 0; i < model->count; i++)
        is_bounded |= bounds(model, set, i, certify);
    for (uint8_t seq = 1; seq <= MODEL_LOG_LEN; seq++) {
        struct model_end entry = {(uint8_t)writer, branch, seq};
        if (is_held(entry) && entry_stands(model, set, certify, entry))
            last = seq;
    }
    return is_bounded ? last : UINT32_MAX;
}
