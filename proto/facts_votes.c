#include <assert.h>

#include "proto/facts.h"
#include "proto/past.h"

static const struct ph_held *proposal_of(const struct ph_facts *facts, const struct ph_fact_id *id)
{
    return ph_past_has(facts, NULL, ph_fact_number(facts, id), PH_FACT_PROPOSE);
}

/* The seat of a school in an electorate; PH_NONE: it has none. */
static uint32_t seat_of(const struct ph_effect *proposal, uint32_t school)
{
    for (uint32_t i = 0; i < proposal->seat_count; i++)
        if (proposal->electorate[i] == school)
            return i;
    return PH_NONE;
}

bool ph_facts_has_voted(const struct ph_facts *facts, const struct ph_school_id *voter,
                        const struct ph_fact_id *proposal)
{
    const struct ph_held *held = proposal_of(facts, proposal);
    uint32_t seat =
        held == NULL ? PH_NONE : seat_of(&held->effect, ph_school_number(facts, voter->bytes));
    for (uint32_t i = seat == PH_NONE ? PH_NONE : held->effect.last_vote; i != PH_NONE;
         i = facts->held[i]->effect.vote_before)
        if (facts->held[i]->effect.seat == seat)
            return true;
    return false;
}

bool ph_facts_is_reached(const struct ph_facts *facts, const struct ph_fact_id *proposal)
{
    const struct ph_held *held = proposal_of(facts, proposal);
    return held != NULL && ph_past_is_reached(facts, NULL, held);
}

struct ph_tally ph_facts_tally(const struct ph_facts *facts, const struct ph_fact_id *proposal)
{
    struct ph_tally tally = {.needed = 0};
    struct ph_bits seats = {{0}};
    const struct ph_held *held = proposal_of(facts, proposal);
    if (held == NULL)
        return tally;
    tally.seats = held->effect.seat_count;
    tally.needed = tally.seats / 2 + 1;
    for (uint32_t i = held->effect.last_vote; i != PH_NONE;
         i = facts->held[i]->effect.vote_before) {
        tally.votes += !ph_bits_has(&seats, facts->held[i]->effect.seat);
        ph_bits_add(&seats, facts->held[i]->effect.seat);
    }
    return tally;
}

size_t ph_facts_reaching(const struct ph_facts *facts, const struct ph_fact_id *proposal,
                         struct ph_fact_id *out, size_t size)
{
    struct ph_bits seats = {{0}};
    size_t count = 0;
    const struct ph_held *held = proposal_of(facts, proposal);
    for (uint32_t i = held == NULL ? PH_NONE : held->effect.last_vote; i != PH_NONE && count < size;
         i = facts->held[i]->effect.vote_before) {
        if (ph_bits_has(&seats, facts->held[i]->effect.seat))
            continue;
        ph_bits_add(&seats, facts->held[i]->effect.seat);
        out[count++] = facts->held[i]->fact.id;
    }
    return count;
}

size_t ph_facts_ways_back(const struct ph_facts *facts, const struct ph_school_id *school,
                          struct ph_fact_id *out, size_t size)
{
    uint32_t number = ph_school_number(facts, school->bytes);
    size_t count = 0;
    for (uint32_t i = facts->count; i-- > 0;) {
        const struct ph_held *held = ph_past_reached(facts, NULL, i, PH_PROPOSAL_RESTORE);
        if (held == NULL)
            held = ph_past_reached(facts, NULL, i, PH_PROPOSAL_SUCCEED);
        if (held != NULL && held->effect.school == number)
            count += ph_facts_reaching(facts, &held->fact.id, out + count, size - count);
    }
    return count;
}

/* A vote that helped to decide against the school, or what it says of itself. */
static bool is_against(const struct ph_facts *facts, const struct ph_held *held, uint32_t school)
{
    if (!held->effect.stands)
        return false;
    if (held->fact.type == PH_FACT_LEAVE || held->fact.type == PH_FACT_CLOSE)
        return held->effect.school == school;
    if (held->fact.type != PH_FACT_VOTE)
        return false;
    const struct ph_held *proposal = facts->held[held->effect.proposal];
    bool is_of_kind = proposal->fact.of.propose.what == PH_PROPOSAL_REMOVE ||
                      proposal->fact.of.propose.what == PH_PROPOSAL_SUCCEED;
    return is_of_kind && proposal->effect.school == school &&
           ph_past_is_reached(facts, NULL, proposal);
}

uint32_t ph_facts_against(const struct ph_facts *facts, const struct ph_school_id *school,
                          uint32_t *out)
{
    struct ph_bits chosen = {{0}};
    uint32_t number = ph_school_number(facts, school->bytes), count = 0;
    for (uint32_t i = 0; i < facts->count; i++)
        if (is_against(facts, facts->held[i], number))
            ph_bits_add(&chosen, i);
    ph_past_close(facts, &chosen);
    for (uint32_t i = 0; i < facts->count; i++)
        if (ph_bits_has(&chosen, i))
            out[count++] = i;
    return count;
}

/* --- Which one to vote on --- */

static bool has_id(struct ph_bytes ids, const uint8_t id[32])
{
    for (size_t at = 0; at < ids.len; at += 32)
        if (memcmp(ids.data + at, id, 32) == 0)
            return true;
    return false;
}

static bool lifts_all(struct ph_bytes lifted, struct ph_bytes removals)
{
    for (size_t at = 0; at < removals.len; at += 32)
        if (!has_id(lifted, removals.data + at))
            return false;
    return true;
}

static bool is_to_the_same_end(const struct ph_fact *held, const struct ph_fact *like)
{
    if (held->of.propose.what != like->of.propose.what)
        return false;
    switch (like->of.propose.what) {
    case PH_PROPOSAL_CONFIRM:
    case PH_PROPOSAL_REMOVE:
        return ph_school_id_equal(&held->of.propose.school, &like->of.propose.school);
    case PH_PROPOSAL_RESTORE:
        return ph_school_id_equal(&held->of.propose.school, &like->of.propose.school) &&
               lifts_all(held->of.propose.lifted, like->of.propose.lifted);
    case PH_PROPOSAL_SUCCEED:
        return ph_school_id_equal(&held->of.propose.school, &like->of.propose.school) &&
               ph_school_id_equal(&held->of.propose.key, &like->of.propose.key);
    case PH_PROPOSAL_POLICY:
        return held->of.propose.setting == like->of.propose.setting &&
               held->of.propose.value == like->of.propose.value;
    case PH_PROPOSAL_OTHER:
        return false;
    }
    return false;
}

/* What was lifted is done with; of a removal in force, and of a succession, further votes let more
 * entries stand. */
static bool is_open(const struct ph_facts *facts, const struct ph_held *held)
{
    uint8_t removals[PH_LIFTED_MAX * 32];
    if (held->fact.of.propose.what == PH_PROPOSAL_SUCCEED)
        return true;
    if (!ph_past_is_reached(facts, NULL, held))
        return true;
    if (held->fact.of.propose.what != PH_PROPOSAL_REMOVE)
        return false;
    size_t len = ph_facts_removals(facts, &held->fact.of.propose.school, removals);
    return has_id(ph_bytes(removals, len), held->fact.id.bytes);
}

const struct ph_fact *ph_facts_proposal(const struct ph_facts *facts,
                                        const struct ph_school_id *voter,
                                        const struct ph_fact *like)
{
    const struct ph_held *best = NULL;
    uint32_t school = ph_school_number(facts, voter->bytes);
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = facts->held[facts->by_id[i]];
        if (held->fact.type == PH_FACT_PROPOSE && held->effect.stands &&
            is_to_the_same_end(&held->fact, like) && is_open(facts, held) &&
            seat_of(&held->effect, school) != PH_NONE &&
            (best == NULL || held->effect.seat_count > best->effect.seat_count) &&
            ph_facts_surplus(facts, &held->fact.id) <= PH_FACT_SURPLUS_MAX / 2)
            best = held;
    }
    return best != NULL ? &best->fact : NULL;
}

size_t ph_facts_removals(const struct ph_facts *facts, const struct ph_school_id *school,
                         uint8_t out[PH_LIFTED_MAX * 32])
{
    struct ph_bits lifted = {{0}};
    uint32_t number = ph_school_number(facts, school->bytes);
    size_t len = 0;
    ph_past_lifted(facts, NULL, &lifted);
    for (uint32_t i = 0; i < facts->count && len < PH_LIFTED_MAX * 32; i++) {
        uint32_t index = facts->by_id[i];
        const struct ph_held *held = ph_past_removal(facts, NULL, index);
        if (held == NULL || held->effect.school != number || ph_bits_has(&lifted, index))
            continue;
        memcpy(out + len, held->fact.id.bytes, 32);
        len += 32;
    }
    return len;
}

/* --- Policies --- */

static const struct ph_held *policy_at(const struct ph_facts *facts, const struct ph_bits *past,
                                       uint32_t index, uint64_t setting)
{
    const struct ph_held *held = ph_past_reached(facts, past, index, PH_PROPOSAL_POLICY);
    return held != NULL && held->fact.of.propose.setting == setting ? held : NULL;
}

/* Another one for the setting has it, reached, in its past. */
static bool is_followed(const struct ph_facts *facts, uint32_t index, uint64_t setting)
{
    for (uint32_t i = index + 1; i < facts->count; i++) {
        struct ph_bits past;
        if (policy_at(facts, NULL, i, setting) == NULL)
            continue;
        ph_past_of(facts, i, &past);
        if (policy_at(facts, &past, index, setting) != NULL)
            return true;
    }
    return false;
}

bool ph_facts_policy(const struct ph_facts *facts, uint64_t setting, uint64_t *value)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        uint32_t index = facts->by_id[i];
        const struct ph_held *held = policy_at(facts, NULL, index, setting);
        if (held == NULL || is_followed(facts, index, setting))
            continue;
        *value = held->fact.of.propose.value;
        return true;
    }
    return false;
}
