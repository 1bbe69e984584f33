#include <assert.h>

#include "proto/facts.h"
#include "proto/past.h"

/* --- Who --- */

static bool is_voter(const struct ph_known_school *school)
{
    return school->is_confirmed && !school->is_removed;
}

bool ph_facts_knows(const struct ph_facts *facts, const struct ph_school_id *school)
{
    return ph_school_number(facts, school->bytes) != PH_NONE;
}

bool ph_facts_is_voter(const struct ph_facts *facts, const struct ph_school_id *school)
{
    uint32_t number = ph_school_number(facts, school->bytes);
    return number != PH_NONE && is_voter(&facts->schools[number]);
}

const struct ph_school_id *ph_facts_school(const struct ph_facts *facts, uint32_t number)
{
    return number < facts->school_count ? &facts->schools[number].id : NULL;
}

uint32_t ph_facts_members(const struct ph_facts *facts, struct ph_member *out, uint32_t size)
{
    for (uint32_t i = 0; i < facts->school_count && i < size; i++) {
        const struct ph_known_school *school = &facts->schools[i];
        out[i] = (struct ph_member){.school = school->id,
                                    .is_voter = is_voter(school),
                                    .is_removed = school->is_removed,
                                    .admission = school->admission};
    }
    return facts->school_count;
}

const struct ph_fact *ph_facts_admission(const struct ph_facts *facts,
                                         const struct ph_school_id *school)
{
    uint32_t number = ph_school_number(facts, school->bytes);
    return number == PH_NONE ? NULL : ph_facts_find(facts, &facts->schools[number].admission);
}

const struct ph_fact *ph_facts_certify_of(const struct ph_facts *facts,
                                          const struct ph_writer_id *writer)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = facts->held[i];
        if (held->fact.type == PH_FACT_CERTIFY && held->effect.stands &&
            ph_writer_id_equal(&held->fact.of.certify.writer, writer))
            return &held->fact;
    }
    return NULL;
}

const struct ph_fact *ph_facts_certify_with(const struct ph_facts *facts,
                                            const struct ph_writer_id *writer,
                                            const struct ph_agree_public *transport)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = facts->held[facts->by_id[i]];
        if (held->fact.type == PH_FACT_CERTIFY && held->effect.stands &&
            ph_writer_id_equal(&held->fact.of.certify.writer, writer) &&
            ph_agree_public_equal(&held->fact.of.certify.transport, transport))
            return &held->fact;
    }
    return NULL;
}

uint32_t ph_facts_count_of(const struct ph_facts *facts, const struct ph_school_id *school)
{
    uint32_t number = ph_school_number(facts, school->bytes);
    return number == PH_NONE ? 0 : facts->schools[number].fact_count;
}

const struct ph_school_id *ph_facts_counted_for(const struct ph_facts *facts, uint32_t index)
{
    assert(index < facts->count);
    return &facts->schools[facts->held[index]->effect.of].id;
}

bool ph_facts_stands(const struct ph_facts *facts, const struct ph_fact *fact)
{
    uint32_t index = ph_fact_number(facts, &fact->id);
    return index != PH_NONE && facts->held[index]->effect.stands;
}

static bool is_certify_by(const struct ph_held *held, uint32_t school)
{
    return held->fact.type == PH_FACT_CERTIFY && held->effect.stands &&
           held->effect.school == school;
}

uint32_t ph_facts_certify_count(const struct ph_facts *facts, const struct ph_school_id *school)
{
    uint32_t count = 0, number = ph_school_number(facts, school->bytes);
    for (uint32_t i = 0; i < facts->count; i++)
        count += is_certify_by(facts->held[i], number);
    return count;
}

uint32_t ph_facts_next_serial(const struct ph_facts *facts, const struct ph_school_id *school)
{
    uint32_t next = 0, number = ph_school_number(facts, school->bytes);
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = facts->held[i];
        if (is_certify_by(held, number) && held->fact.of.certify.serial >= next)
            next = held->fact.of.certify.serial + 1u;
    }
    return next;
}

const struct ph_school_id *ph_facts_school_of(const struct ph_facts *facts,
                                              const struct ph_fact *certify)
{
    uint32_t index =
        certify->type == PH_FACT_CERTIFY ? ph_fact_number(facts, &certify->id) : PH_NONE;
    if (index == PH_NONE || !facts->held[index]->effect.stands)
        return NULL;
    return &facts->schools[facts->held[index]->effect.school].id;
}

/* --- Keys, removals, closed logs --- */

const struct ph_school_id *ph_facts_owner(const struct ph_facts *facts,
                                          const struct ph_school_id *key)
{
    return ph_facts_school(facts, ph_past_owner(facts, NULL, key->bytes));
}

bool ph_facts_speaks(const struct ph_facts *facts, const struct ph_school_id *key)
{
    return ph_past_speaker(facts, NULL, key->bytes) != PH_NONE;
}

bool ph_facts_is_removed(const struct ph_facts *facts, const struct ph_school_id *school)
{
    uint32_t number = ph_school_number(facts, school->bytes);
    return number != PH_NONE && facts->schools[number].is_removed;
}

bool ph_facts_is_closed(const struct ph_facts *facts, const struct ph_school_id *school,
                        const struct ph_writer_id *writer)
{
    uint32_t number = ph_school_number(facts, school->bytes);
    for (uint32_t i = 0; number != PH_NONE && i < facts->count; i++) {
        const struct ph_held *held = ph_past_has(facts, NULL, i, PH_FACT_CLOSE);
        if (held != NULL && held->effect.school == number &&
            ph_writer_id_equal(&held->fact.of.close.writer, writer))
            return true;
    }
    return false;
}

/* --- Invitations --- */

const struct ph_fact *ph_facts_invite(const struct ph_facts *facts, const uint8_t key[32])
{
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = facts->held[i];
        if (held->fact.type == PH_FACT_INVITE && held->effect.stands &&
            memcmp(held->fact.of.invite.key, key, 32) == 0)
            return &held->fact;
    }
    return NULL;
}

/* Schools that invitations have admitted: one, or all that count for a school. */
static uint32_t count_admitted(const struct ph_facts *facts, const struct ph_fact_id *invite,
                               uint32_t inviter)
{
    struct ph_bits admitted = {{0}};
    uint32_t count = 0;
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *held = facts->held[i];
        if (held->fact.type != PH_FACT_ADMIT || !held->effect.stands ||
            ph_bits_has(&admitted, held->effect.school))
            continue;
        const struct ph_fact_id *by = &held->fact.of.admit.invite;
        bool is_by = invite != NULL ? ph_fact_id_equal(by, invite)
                                    : facts->held[ph_fact_number(facts, by)]->effect.of == inviter;
        if (!is_by)
            continue;
        ph_bits_add(&admitted, held->effect.school);
        count++;
    }
    return count;
}

uint32_t ph_facts_invite_uses(const struct ph_facts *facts, const struct ph_fact_id *invite)
{
    return count_admitted(facts, invite, PH_NONE);
}

bool ph_facts_may_invite(const struct ph_facts *facts, const struct ph_fact_id *invite)
{
    uint32_t inviter = facts->held[ph_fact_number(facts, invite)]->effect.of;
    if (facts->schools[inviter].is_removed)
        return false;
    return is_voter(&facts->schools[inviter]) ||
           count_admitted(facts, NULL, inviter) < PH_GUESTS_OF_MEMBER_MAX;
}
