#include "proto/flood.h"

#include <stdlib.h>

#define HELD_EVERY 64 /* wants are looked through for facts that came so often */

/* A school that this author's facts seem to count for; its own past is not held. */
static uint32_t school_of(const struct ph_facts *facts, const struct ph_author *author)
{
    uint32_t school = ph_school_number(facts, author->bytes);
    for (uint32_t i = 0; i < facts->count && school == PH_NONE; i++) {
        const struct ph_held *held = facts->held[i];
        if (held->fact.type == PH_FACT_CERTIFY && held->effect.stands &&
            memcmp(held->fact.of.certify.writer.bytes, author->bytes, 32) == 0)
            school = held->effect.school;
    }
    return school;
}

static bool has_room(const struct ph_facts *facts, uint32_t school)
{
    return school < PH_SCHOOLS_MAX && facts->wants[school].brought < PH_FACTS_BROUGHT_MAX;
}

static bool wants(const struct ph_school_wants *wants, const struct ph_fact_id *id)
{
    for (uint32_t i = 0; i < wants->count; i++)
        if (ph_fact_id_equal(&wants->ids[i], id))
            return true;
    return false;
}

uint32_t ph_flood_wanted_by(const struct ph_facts *facts, const struct ph_fact_id *id)
{
    for (uint32_t i = 0; i < facts->school_count && i < PH_SCHOOLS_MAX; i++)
        if (has_room(facts, i) && wants(&facts->wants[i], id))
            return i;
    return PH_NONE;
}

void ph_flood_note_taken(struct ph_facts *facts, const struct ph_fact_id *id)
{
    uint32_t by = ph_flood_wanted_by(facts, id);
    if (by != PH_NONE)
        facts->wants[by].brought++;
}

/* What is held by now makes room, and nothing else: what a waiting fact rests on comes before what
 * rests on that fact, and must not be pushed out by it. */
static void forget_held(const struct ph_facts *facts, struct ph_school_wants *wanting)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < wanting->count; i++)
        if (ph_fact_number(facts, &wanting->ids[i]) == PH_NONE)
            wanting->ids[kept++] = wanting->ids[i];
    wanting->count = kept;
}

static void want(const struct ph_facts *facts, struct ph_school_wants *wanting,
                 const struct ph_fact_id *id)
{
    if (wants(wanting, id))
        return;
    if (wanting->ids == NULL)
        wanting->ids = calloc(PH_FACTS_WANTED_MAX, sizeof *wanting->ids);
    if (wanting->ids == NULL)
        return; /* the fact that waits is sent again */
    if (wanting->count % HELD_EVERY == 0)
        forget_held(facts, wanting);
    if (wanting->count < PH_FACTS_WANTED_MAX)
        wanting->ids[wanting->count++] = *id;
}

static void want_past(struct ph_facts *facts, uint32_t by, const struct ph_fact *fact)
{
    for (size_t at = 0; at < fact->past.len; at += 32) {
        struct ph_fact_id id;
        memcpy(id.bytes, fact->past.data + at, 32);
        if (ph_fact_number(facts, &id) == PH_NONE)
            want(facts, &facts->wants[by], &id);
    }
}

void ph_flood_note_waiting(struct ph_facts *facts, const struct ph_fact *fact)
{
    uint32_t by = ph_flood_wanted_by(facts, &fact->id);
    if (by == PH_NONE) {
        by = school_of(facts, &fact->author);
        if (by == PH_NONE || ph_flood_is_over(&facts->schools[by]) || !has_room(facts, by))
            return;
    }
    want_past(facts, by, fact);
}

void ph_flood_note_expected(struct ph_facts *facts, const struct ph_fact *fact)
{
    uint32_t by = ph_flood_wanted_by(facts, &fact->id);
    if (by != PH_NONE)
        want_past(facts, by, fact);
}
