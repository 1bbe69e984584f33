#include "proto/standing.h"

#include <assert.h>
#include <stdlib.h>

/* --- Questions about a causal past --- */

/* The held fact `index` if it is in `past`, stands and is of this type, else NULL. */
static const struct ph_held *standing_in(const struct ph_facts *facts, const struct ph_bits *past,
                                         uint32_t index, enum ph_fact_type type)
{
    if (index == PH_NONE || !ph_bits_has(past, index))
        return NULL;
    const struct ph_held *held = facts->held[index];
    return held->effect.stands && held->fact.type == type ? held : NULL;
}

static bool knows_school(const struct ph_facts *facts, const struct ph_bits *past, uint32_t school)
{
    for (uint32_t i = 0; school != PH_NONE && i < facts->count; i++) {
        const struct ph_held *held = facts->held[i];
        bool makes_known = held->fact.type == PH_FACT_FOUND || held->fact.type == PH_FACT_ADMIT;
        if (makes_known && held->effect.stands && held->effect.school == school &&
            ph_bits_has(past, i))
            return true;
    }
    return false;
}

/* The schools that certified this writer key. Normally one; nobody can be kept from certifying
 * somebody else's key. */
static bool find_certifiers(const struct ph_facts *facts, const struct ph_bits *past,
                            const struct ph_author *writer, struct ph_bits *out)
{
    bool is_found = false;
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *certify = standing_in(facts, past, i, PH_FACT_CERTIFY);
        if (certify == NULL ||
            memcmp(certify->fact.of.certify.writer.bytes, writer->bytes, 32) != 0)
            continue;
        ph_bits_add(out, certify->effect.school);
        is_found = true;
    }
    return is_found;
}

/* More than half: of one or two that is all. */
static uint32_t needed_of(uint32_t seat_count)
{
    return seat_count / 2 + 1;
}

/* Whether the proposal is reached in `past`, or among all facts if that is NULL. */
static bool is_reached(const struct ph_facts *facts, const struct ph_bits *past,
                       const struct ph_held *proposal)
{
    struct ph_bits seats = {{0}};
    uint32_t confirmed_count = 0;
    for (uint32_t i = proposal->effect.last_confirm; i != PH_NONE;) {
        const struct ph_effect *confirm = &facts->held[i]->effect;
        if ((past == NULL || ph_bits_has(past, i)) && !ph_bits_has(&seats, confirm->seat)) {
            ph_bits_add(&seats, confirm->seat);
            confirmed_count++;
        }
        i = confirm->confirm_before;
    }
    return confirmed_count >= needed_of(proposal->effect.seat_count);
}

/* Returns how many. */
static uint32_t find_voters(const struct ph_facts *facts, const struct ph_bits *past,
                            struct ph_bits *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *found = standing_in(facts, past, i, PH_FACT_FOUND);
        const struct ph_held *proposal = standing_in(facts, past, i, PH_FACT_PROPOSE);
        const struct ph_held *held = found != NULL ? found : proposal;
        if (held == NULL || ph_bits_has(out, held->effect.school))
            continue;
        if (proposal != NULL && !is_reached(facts, past, proposal))
            continue;
        ph_bits_add(out, held->effect.school);
        count++;
    }
    return count;
}

static uint32_t count_admissions(const struct ph_facts *facts, const struct ph_bits *past,
                                 uint32_t admitter)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *admit = standing_in(facts, past, i, PH_FACT_ADMIT);
        count += admit != NULL && admit->effect.admitter == admitter;
    }
    return count;
}

uint32_t ph_standing_school_of(const struct ph_facts *facts, const struct ph_bits *past,
                               const struct ph_author *author)
{
    struct ph_bits certifiers = {{0}};
    uint32_t lowest = PH_NONE;
    uint32_t school = ph_school_number(facts, author->bytes);
    if (knows_school(facts, past, school))
        return school;
    find_certifiers(facts, past, author, &certifiers);
    for (uint32_t i = 0; i < facts->school_count; i++)
        if (ph_bits_has(&certifiers, i) &&
            (lowest == PH_NONE ||
             ph_school_id_compare(&facts->schools[i].id, &facts->schools[lowest].id) < 0))
            lowest = i;
    return lowest;
}

/* --- What each type does --- */

static void judge_certify(const struct ph_facts *facts, const struct ph_bits *past,
                          const struct ph_fact *fact, struct ph_effect *effect)
{
    effect->school = ph_school_number(facts, fact->author.bytes);
    effect->stands = knows_school(facts, past, effect->school);
}

static void judge_invite(const struct ph_facts *facts, const struct ph_bits *past,
                         const struct ph_fact *fact, struct ph_effect *effect)
{
    struct ph_bits certifiers = {{0}};
    effect->stands = find_certifiers(facts, past, &fact->author, &certifiers);
}

/* The voter that an admission by this writer counts for: of several schools that certified the
 * writer, the lowest key that may still admit. */
static uint32_t find_admitter(const struct ph_facts *facts, const struct ph_bits *past,
                              const struct ph_author *writer)
{
    struct ph_bits certifiers = {{0}};
    struct ph_bits voters = {{0}};
    uint32_t lowest = PH_NONE;
    find_certifiers(facts, past, writer, &certifiers);
    find_voters(facts, past, &voters);
    for (uint32_t i = 0; i < facts->school_count; i++) {
        if (!ph_bits_has(&certifiers, i) || !ph_bits_has(&voters, i) ||
            count_admissions(facts, past, i) >= PH_ADMISSIONS_MAX)
            continue;
        if (lowest == PH_NONE ||
            ph_school_id_compare(&facts->schools[i].id, &facts->schools[lowest].id) < 0)
            lowest = i;
    }
    return lowest;
}

static void judge_admit(const struct ph_facts *facts, const struct ph_bits *past,
                        const struct ph_fact *fact, struct ph_effect *effect)
{
    const struct ph_held *invite =
        standing_in(facts, past, ph_fact_number(facts, &fact->of.admit.invite), PH_FACT_INVITE);
    effect->admitter = find_admitter(facts, past, &fact->author);
    if (invite == NULL || effect->admitter == PH_NONE)
        return;
    effect->school = ph_school_number(facts, fact->of.admit.school.bytes);
    effect->stands = ph_join_verify(invite->fact.of.invite.key, &fact->of.admit.proof,
                                    &facts->network, &fact->of.admit.school) == PH_OK;
}

static enum ph_status judge_propose(const struct ph_facts *facts, const struct ph_bits *past,
                                    const struct ph_fact *fact, struct ph_effect *effect)
{
    struct ph_bits certifiers = {{0}};
    struct ph_bits voters = {{0}};
    effect->school = ph_school_number(facts, fact->of.propose.school.bytes);
    effect->last_confirm = PH_NONE;
    if (!knows_school(facts, past, effect->school) ||
        !find_certifiers(facts, past, &fact->author, &certifiers))
        return PH_OK;
    uint32_t voter_count = find_voters(facts, past, &voters);
    assert(voter_count > 0); /* no past without the founder */
    effect->electorate = calloc(voter_count, sizeof *effect->electorate);
    if (effect->electorate == NULL)
        return PH_NO_MEMORY;
    for (uint32_t i = 0; i < facts->school_count; i++) {
        if (ph_bits_has(&voters, i))
            effect->electorate[effect->seat_count++] = i;
    }
    assert(effect->seat_count == voter_count);
    effect->stands = true;
    return PH_OK;
}

static void judge_confirm(const struct ph_facts *facts, const struct ph_bits *past,
                          const struct ph_fact *fact, struct ph_effect *effect)
{
    effect->proposal = ph_fact_number(facts, &fact->of.confirm.proposal);
    const struct ph_held *proposal = standing_in(facts, past, effect->proposal, PH_FACT_PROPOSE);
    uint32_t author = ph_school_number(facts, fact->author.bytes);
    for (uint32_t i = 0; proposal != NULL && i < proposal->effect.seat_count; i++) {
        if (proposal->effect.electorate[i] != author)
            continue;
        effect->seat = i;
        effect->stands = true;
    }
}

enum ph_status ph_standing_judge(const struct ph_facts *facts, const struct ph_bits *past,
                                 const struct ph_fact *fact, struct ph_effect *effect)
{
    *effect = (struct ph_effect){.of = effect->of};
    switch (fact->type) {
    case PH_FACT_FOUND:
        effect->school = 0;
        effect->stands = true;
        break;
    case PH_FACT_CERTIFY:
        judge_certify(facts, past, fact, effect);
        break;
    case PH_FACT_INVITE:
        judge_invite(facts, past, fact, effect);
        break;
    case PH_FACT_ADMIT:
        judge_admit(facts, past, fact, effect);
        break;
    case PH_FACT_PROPOSE:
        return judge_propose(facts, past, fact, effect);
    case PH_FACT_CONFIRM:
        judge_confirm(facts, past, fact, effect);
        break;
    default: /* a later version's: without effect */
        break;
    }
    return PH_OK;
}

/* --- What the whole set says now --- */

/* The school is known by this fact, or by this one also. */
static void apply_admission(struct ph_facts *facts, struct ph_held *held, const uint8_t school[32])
{
    struct ph_effect *effect = &held->effect;
    effect->school = ph_school_number(facts, school);
    if (effect->school == PH_NONE) {
        effect->school = facts->school_count++;
        struct ph_known_school *added = &facts->schools[effect->school];
        *added = (struct ph_known_school){.admission = held->fact.id};
        memcpy(added->id.bytes, school, 32);
        return;
    }
    /* The founder needs none; of two admissions made apart all nodes name the same one. */
    struct ph_known_school *known = &facts->schools[effect->school];
    if (effect->school != 0 && ph_fact_id_compare(&held->fact.id, &known->admission) < 0)
        known->admission = held->fact.id;
}

static void apply_confirm(struct ph_facts *facts, uint32_t index)
{
    struct ph_effect *effect = &facts->held[index]->effect;
    struct ph_held *proposal = facts->held[effect->proposal];
    effect->confirm_before = proposal->effect.last_confirm;
    proposal->effect.last_confirm = index;
    if (is_reached(facts, NULL, proposal))
        facts->schools[proposal->effect.school].is_voter = true;
}

void ph_standing_apply(struct ph_facts *facts, uint32_t index)
{
    struct ph_held *held = facts->held[index];
    if (held->fact.type == PH_FACT_FOUND)
        apply_admission(facts, held, held->fact.author.bytes);
    facts->schools[held->effect.of].fact_count++;
    if (!held->effect.stands)
        return;
    if (held->fact.type == PH_FACT_FOUND) {
        facts->schools[held->effect.school].is_voter = true;
    } else if (held->fact.type == PH_FACT_ADMIT) {
        apply_admission(facts, held, held->fact.of.admit.school.bytes);
    } else if (held->fact.type == PH_FACT_CONFIRM) {
        apply_confirm(facts, index);
    }
}
