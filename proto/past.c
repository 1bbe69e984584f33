#include "proto/past.h"

void ph_past_close(const struct ph_facts *facts, struct ph_bits *past)
{
    /* Numbers fall along every path, so one pass downward meets each fact after all that name
     * it. */
    for (uint32_t i = facts->count; i-- > 0;) {
        if (!ph_bits_has(past, i))
            continue;
        for (uint32_t k = 0; k < facts->held[i]->past_count; k++)
            ph_bits_add(past, facts->held[i]->past[k]);
    }
}

void ph_past_of(const struct ph_facts *facts, uint32_t index, struct ph_bits *out)
{
    const struct ph_held *held = facts->held[index];
    *out = (struct ph_bits){{0}};
    for (uint32_t k = 0; k < held->past_count; k++)
        ph_bits_add(out, held->past[k]);
    ph_past_close(facts, out);
}

static bool is_in(const struct ph_bits *past, uint32_t index)
{
    return past == NULL || ph_bits_has(past, index);
}

const struct ph_held *ph_past_has(const struct ph_facts *facts, const struct ph_bits *past,
                                  uint32_t index, enum ph_fact_type type)
{
    if (index == PH_NONE || !is_in(past, index))
        return NULL;
    const struct ph_held *held = facts->held[index];
    return held->effect.stands && held->fact.type == type ? held : NULL;
}

/* --- Votes --- */

/* More than half: of one or two that is all. */
static uint32_t needed_of(uint32_t seat_count)
{
    return seat_count / 2 + 1;
}

bool ph_past_is_reached(const struct ph_facts *facts, const struct ph_bits *past,
                        const struct ph_held *proposal)
{
    struct ph_bits seats = {{0}};
    uint32_t vote_count = 0;
    for (uint32_t i = proposal->effect.last_vote; i != PH_NONE;) {
        const struct ph_effect *vote = &facts->held[i]->effect;
        if (is_in(past, i) && !ph_bits_has(&seats, vote->seat)) {
            ph_bits_add(&seats, vote->seat);
            vote_count++;
        }
        i = vote->vote_before;
    }
    return vote_count >= needed_of(proposal->effect.seat_count);
}

const struct ph_held *ph_past_reached(const struct ph_facts *facts, const struct ph_bits *past,
                                      uint32_t index, enum ph_proposal what)
{
    const struct ph_held *held = ph_past_has(facts, past, index, PH_FACT_PROPOSE);
    if (held == NULL || held->fact.of.propose.what != what)
        return NULL;
    return ph_past_is_reached(facts, past, held) ? held : NULL;
}

const struct ph_held *ph_past_removal(const struct ph_facts *facts, const struct ph_bits *past,
                                      uint32_t index)
{
    const struct ph_held *held = ph_past_has(facts, past, index, PH_FACT_LEAVE);
    return held != NULL ? held : ph_past_reached(facts, past, index, PH_PROPOSAL_REMOVE);
}

/* --- Schools and their keys --- */

bool ph_past_knows(const struct ph_facts *facts, const struct ph_bits *past, uint32_t school)
{
    for (uint32_t i = 0; school != PH_NONE && i < facts->count; i++) {
        const struct ph_held *held = facts->held[i];
        bool makes_known = held->fact.type == PH_FACT_FOUND || held->fact.type == PH_FACT_ADMIT;
        if (makes_known && held->effect.stands && held->effect.school == school && is_in(past, i))
            return true;
    }
    return false;
}

static bool is_lower(const struct ph_facts *facts, uint32_t school, uint32_t than)
{
    return than == PH_NONE ||
           ph_school_id_compare(&facts->schools[school].id, &facts->schools[than].id) < 0;
}

uint32_t ph_past_owner(const struct ph_facts *facts, const struct ph_bits *past,
                       const uint8_t key[32])
{
    uint32_t owner = ph_school_number(facts, key);
    if (ph_past_knows(facts, past, owner))
        return owner;
    owner = PH_NONE;
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = ph_past_reached(facts, past, i, PH_PROPOSAL_SUCCEED);
        if (held != NULL && memcmp(held->fact.of.propose.key.bytes, key, 32) == 0 &&
            is_lower(facts, held->effect.school, owner))
            owner = held->effect.school;
    }
    return owner;
}

/* By a succession that knew of it. */
static bool is_replaced(const struct ph_facts *facts, const struct ph_bits *past,
                        const uint8_t key[32], uint32_t school)
{
    bool has_successors = facts->schools[school].is_bounded; /* or else something like it */
    for (uint32_t i = 0; has_successors && i < facts->count; i++) {
        struct ph_bits before;
        const struct ph_held *held = ph_past_reached(facts, past, i, PH_PROPOSAL_SUCCEED);
        if (held == NULL || held->effect.school != school ||
            memcmp(held->fact.of.propose.key.bytes, key, 32) == 0)
            continue;
        ph_past_of(facts, i, &before);
        if (ph_past_owner(facts, &before, key) == school)
            return true;
    }
    return false;
}

uint32_t ph_past_speaker(const struct ph_facts *facts, const struct ph_bits *past,
                         const uint8_t key[32])
{
    uint32_t owner = ph_past_owner(facts, past, key);
    return owner == PH_NONE || is_replaced(facts, past, key, owner) ? PH_NONE : owner;
}

/* --- Who is removed, who votes --- */

void ph_past_lifted(const struct ph_facts *facts, const struct ph_bits *past, struct ph_bits *out)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = ph_past_reached(facts, past, i, PH_PROPOSAL_RESTORE);
        for (size_t at = 0; held != NULL && at < held->fact.of.propose.lifted.len; at += 32) {
            struct ph_fact_id id;
            memcpy(id.bytes, held->fact.of.propose.lifted.data + at, 32);
            ph_bits_add(out, ph_fact_number(facts, &id)); /* held: in its past */
        }
    }
}

void ph_past_removed(const struct ph_facts *facts, const struct ph_bits *past, struct ph_bits *out)
{
    struct ph_bits lifted = {{0}};
    *out = (struct ph_bits){{0}};
    ph_past_lifted(facts, past, &lifted);
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = ph_past_removal(facts, past, i);
        if (held != NULL && !ph_bits_has(&lifted, i))
            ph_bits_add(out, held->effect.school);
    }
}

uint32_t ph_past_voters(const struct ph_facts *facts, const struct ph_bits *past,
                        struct ph_bits *out)
{
    struct ph_bits removed;
    uint32_t count = 0;
    ph_past_removed(facts, past, &removed);
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = ph_past_has(facts, past, i, PH_FACT_FOUND);
        if (held == NULL)
            held = ph_past_reached(facts, past, i, PH_PROPOSAL_CONFIRM);
        if (held == NULL || ph_bits_has(out, held->effect.school) ||
            ph_bits_has(&removed, held->effect.school))
            continue;
        ph_bits_add(out, held->effect.school);
        count++;
    }
    return count;
}

/* --- Writers --- */

static const struct ph_held *certify_of(const struct ph_facts *facts, const struct ph_bits *past,
                                        uint32_t index, const struct ph_author *writer)
{
    const struct ph_held *held = ph_past_has(facts, past, index, PH_FACT_CERTIFY);
    bool is_of = held != NULL && memcmp(held->fact.of.certify.writer.bytes, writer->bytes, 32) == 0;
    return is_of ? held : NULL;
}

bool ph_past_certifiers(const struct ph_facts *facts, const struct ph_bits *past,
                        const struct ph_author *writer, struct ph_bits *out)
{
    bool is_found = false;
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = certify_of(facts, past, i, writer);
        if (held == NULL)
            continue;
        ph_bits_add(out, held->effect.school);
        is_found = true;
    }
    return is_found;
}

bool ph_past_certified(const struct ph_facts *facts, const struct ph_bits *past,
                       const struct ph_author *writer, struct ph_bits *out)
{
    struct ph_bits removed;
    bool is_found = false;
    ph_past_removed(facts, past, &removed);
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = certify_of(facts, past, i, writer);
        if (held == NULL || ph_bits_has(&removed, held->effect.school) ||
            ph_past_speaker(facts, past, held->fact.author.bytes) != held->effect.school)
            continue;
        ph_bits_add(out, held->effect.school);
        is_found = true;
    }
    return is_found;
}
