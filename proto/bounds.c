#include "proto/bounds.h"

#include <stdlib.h>

#include "proto/past.h"

bool ph_bounds_exist(const struct ph_facts *facts)
{
    for (uint32_t i = 0; i < facts->school_count; i++)
        if (facts->schools[i].is_bounded)
            return true;
    return false;
}

bool ph_bounds_any(const struct ph_facts *facts, const struct ph_school_id *school)
{
    uint32_t number = ph_school_number(facts, school->bytes);
    return number != PH_NONE && facts->schools[number].is_bounded;
}

/* --- What bounds --- */

/* A removal, leaving or succession of the school, or NULL. */
static const struct ph_held *bound_at(const struct ph_facts *facts, uint32_t index, uint32_t school)
{
    const struct ph_held *held = ph_past_removal(facts, NULL, index);
    if (held == NULL)
        held = ph_past_reached(facts, NULL, index, PH_PROPOSAL_SUCCEED);
    return held != NULL && held->effect.school == school ? held : NULL;
}

/* Reached in the past, or among all facts if that is NULL, a restoration that lifts this one. */
static bool lifts(const struct ph_facts *facts, const struct ph_bits *past, uint32_t index,
                  const struct ph_held *removal)
{
    const struct ph_held *held = ph_past_reached(facts, past, index, PH_PROPOSAL_RESTORE);
    for (size_t at = 0; held != NULL && at < held->fact.of.propose.lifted.len; at += 32)
        if (memcmp(held->fact.of.propose.lifted.data + at, removal->fact.id.bytes, 32) == 0)
            return true;
    return false;
}

static bool is_succession(const struct ph_held *held)
{
    return held->fact.type == PH_FACT_PROPOSE && held->fact.of.propose.what == PH_PROPOSAL_SUCCEED;
}

/* What begins with a certify fact that knows of the way out. */
static bool is_exempt(const struct ph_facts *facts, const struct ph_fact *certify, uint32_t bound)
{
    struct ph_bits past;
    const struct ph_held *held = facts->held[bound];
    ph_past_of(facts, ph_fact_number(facts, &certify->id), &past);
    if (is_succession(held))
        return ph_past_reached(facts, &past, bound, PH_PROPOSAL_SUCCEED) != NULL;
    for (uint32_t i = 0; i < facts->count; i++)
        if (lifts(facts, &past, i, held))
            return true;
    return false;
}

bool ph_bounds_log(const struct ph_facts *facts, const struct ph_fact *certify)
{
    const struct ph_school_id *school = ph_facts_school_of(facts, certify);
    if (school == NULL || !ph_bounds_any(facts, school))
        return false;
    if (ph_facts_is_closed(facts, school, &certify->of.certify.writer))
        return true;
    uint32_t number = ph_school_number(facts, school->bytes);
    for (uint32_t i = 0; i < facts->count; i++)
        if (bound_at(facts, i, number) != NULL && !is_exempt(facts, certify, i))
            return true;
    return false;
}

/* --- How far each seat's votes reach --- */

/* Work on one log: for each seat and branch the last entry named. */
struct reach {
    const struct ph_facts *facts;
    const struct ph_bounded_log *log;
    uint32_t *named;    /* of seat s and branch b at s * branch_count + b */
    uint32_t *accepted; /* of each branch, by the bound being looked at */
    uint32_t *falling;  /* room for a number a seat */
};

static void name_way(const struct ph_bounded_log *log, uint32_t branch, uint32_t seq,
                     uint32_t *named)
{
    for (;;) {
        const struct ph_bounded_branch *at = &log->branches[branch];
        if (named[branch] < seq)
            named[branch] = seq;
        if (at->base_seq == 0)
            return;
        seq = at->base_seq;
        branch = at->base;
    }
}

/* The ends of one fact, as far as they are this log's. */
static enum ph_status name_ends(const struct ph_bounded_log *log, struct ph_log_ends ends,
                                uint32_t *named)
{
    while (ends.count != 0) {
        uint32_t branch;
        struct ph_log_end end = ph_log_end_next(&ends);
        if (!ph_writer_id_equal(&end.writer, log->writer))
            continue;
        enum ph_status status = log->find(log->impl, &end, &branch);
        if (status == PH_OK)
            name_way(log, branch, end.seq, named);
        else if (status != PH_NOT_FOUND)
            return status;
    }
    return PH_OK;
}

static int compare_falling(const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;
    return (*left < *right) - (*left > *right);
}

/* More than half of the seats have named what comes up to there. */
static uint32_t named_by_most(const struct reach *reach, uint32_t branch, uint32_t seat_count)
{
    for (uint32_t i = 0; i < seat_count; i++)
        reach->falling[i] = reach->named[i * reach->log->branch_count + branch];
    qsort(reach->falling, seat_count, sizeof *reach->falling, compare_falling);
    return reach->falling[seat_count / 2];
}

/* What the votes on one proposal accept is added to what is accepted. */
static enum ph_status add_votes(const struct reach *reach, const struct ph_held *proposal)
{
    const struct ph_effect *effect = &proposal->effect;
    uint32_t branch_count = reach->log->branch_count;
    memset(reach->named, 0, (size_t)effect->seat_count * branch_count * sizeof *reach->named);
    for (uint32_t i = effect->last_vote; i != PH_NONE;) {
        const struct ph_held *vote = reach->facts->held[i];
        PH_TRY(name_ends(reach->log, vote->fact.of.vote.ends,
                         reach->named + (size_t)vote->effect.seat * branch_count));
        i = vote->effect.vote_before;
    }
    for (uint32_t b = 0; b < branch_count; b++) {
        uint32_t seq = named_by_most(reach, b, effect->seat_count);
        if (reach->accepted[b] < seq)
            reach->accepted[b] = seq;
    }
    return PH_OK;
}

static void forget_accepted(const struct reach *reach)
{
    memset(reach->accepted, 0, reach->log->branch_count * sizeof *reach->accepted);
}

/* --- Bounds, one after the other --- */

static enum ph_status bound_by_votes(const struct reach *reach, uint32_t bound, uint32_t *stands_to)
{
    const struct ph_held *held = reach->facts->held[bound];
    forget_accepted(reach);
    if (held->fact.type == PH_FACT_LEAVE)
        PH_TRY(name_ends(reach->log, held->fact.of.leave.ends, reach->accepted));
    else
        PH_TRY(add_votes(reach, held));
    for (uint32_t i = 0; i < reach->facts->count; i++)
        if (lifts(reach->facts, NULL, i, held))
            PH_TRY(add_votes(reach, reach->facts->held[i]));
    for (uint32_t b = 0; b < reach->log->branch_count; b++)
        if (stands_to[b] > reach->accepted[b] &&
            !is_exempt(reach->facts, reach->log->branches[b].certify, bound))
            stands_to[b] = reach->accepted[b];
    return PH_OK;
}

static enum ph_status bound_by_closes(const struct reach *reach, uint32_t school,
                                      uint32_t *stands_to)
{
    bool is_closed = false;
    forget_accepted(reach);
    for (uint32_t i = 0; i < reach->facts->count; i++) {
        const struct ph_held *held = ph_past_has(reach->facts, NULL, i, PH_FACT_CLOSE);
        if (held == NULL || held->effect.school != school ||
            !ph_writer_id_equal(&held->fact.of.close.writer, reach->log->writer))
            continue;
        is_closed = true;
        PH_TRY(name_ends(reach->log, held->fact.of.close.ends, reach->accepted));
    }
    for (uint32_t b = 0; is_closed && b < reach->log->branch_count; b++)
        if (stands_to[b] > reach->accepted[b])
            stands_to[b] = reach->accepted[b];
    return PH_OK;
}

static enum ph_status apply_bounds(const struct reach *reach, uint32_t school, uint32_t *stands_to)
{
    PH_TRY(bound_by_closes(reach, school, stands_to));
    for (uint32_t i = 0; i < reach->facts->count; i++)
        if (bound_at(reach->facts, i, school) != NULL)
            PH_TRY(bound_by_votes(reach, i, stands_to));
    return PH_OK;
}

enum ph_status ph_bounds_of(const struct ph_facts *facts, const struct ph_bounded_log *log,
                            uint32_t *stands_to)
{
    for (uint32_t b = 0; b < log->branch_count; b++)
        stands_to[b] = PH_STANDS_ALL;
    if (!ph_bounds_any(facts, log->school) || log->branch_count == 0)
        return PH_OK;
    struct reach reach = {.facts = facts, .log = log};
    size_t seat_count = facts->school_count;
    reach.named = calloc(seat_count * log->branch_count, sizeof *reach.named);
    reach.accepted = calloc(log->branch_count, sizeof *reach.accepted);
    reach.falling = calloc(seat_count, sizeof *reach.falling);
    enum ph_status status = PH_NO_MEMORY;
    if (reach.named != NULL && reach.accepted != NULL && reach.falling != NULL)
        status = apply_bounds(&reach, ph_school_number(facts, log->school->bytes), stands_to);
    free(reach.named);
    free(reach.accepted);
    free(reach.falling);
    return status;
}
