#include "proto/standing.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/past.h"

/* An electorate that may decide against a school has no fewer seats. */
#define SEATS_AGAINST_MIN 3

/* Of some schools the one with the lowest key; PH_NONE: there are none. */
static uint32_t lowest_of(const struct ph_facts *facts, const struct ph_bits *schools)
{
    uint32_t lowest = PH_NONE;
    for (uint32_t i = 0; i < facts->school_count; i++)
        if (ph_bits_has(schools, i) &&
            (lowest == PH_NONE ||
             ph_school_id_compare(&facts->schools[i].id, &facts->schools[lowest].id) < 0))
            lowest = i;
    return lowest;
}

uint32_t ph_standing_school_of(const struct ph_facts *facts, const struct ph_bits *past,
                               const struct ph_author *author)
{
    struct ph_bits certifiers = {{0}};
    uint32_t school = ph_past_owner(facts, past, author->bytes);
    if (school != PH_NONE)
        return school;
    ph_past_certifiers(facts, past, author, &certifiers);
    return lowest_of(facts, &certifiers);
}

/* --- What each type does --- */

static void judge_certify(const struct ph_facts *facts, const struct ph_bits *past,
                          const struct ph_fact *fact, struct ph_effect *effect)
{
    struct ph_bits removed;
    effect->school = ph_past_speaker(facts, past, fact->author.bytes);
    if (effect->school == PH_NONE)
        return;
    ph_past_removed(facts, past, &removed);
    effect->stands = !ph_bits_has(&removed, effect->school);
}

static void judge_invite(const struct ph_facts *facts, const struct ph_bits *past,
                         const struct ph_fact *fact, struct ph_effect *effect)
{
    struct ph_bits certifiers = {{0}};
    effect->stands = ph_past_certified(facts, past, &fact->author, &certifiers);
}

static uint32_t count_admissions(const struct ph_facts *facts, const struct ph_bits *past,
                                 uint32_t admitter)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct ph_held *admit = ph_past_has(facts, past, i, PH_FACT_ADMIT);
        count += admit != NULL && admit->effect.admitter == admitter;
    }
    return count;
}

/* The voter that an admission by this writer counts for: of several schools that certified the
 * writer, the lowest key that may still admit. */
static uint32_t find_admitter(const struct ph_facts *facts, const struct ph_bits *past,
                              const struct ph_author *writer)
{
    struct ph_bits certifiers = {{0}}, voters = {{0}}, able = {{0}};
    ph_past_certified(facts, past, writer, &certifiers);
    ph_past_voters(facts, past, &voters);
    for (uint32_t i = 0; i < facts->school_count; i++)
        if (ph_bits_has(&certifiers, i) && ph_bits_has(&voters, i) &&
            count_admissions(facts, past, i) < PH_ADMISSIONS_MAX)
            ph_bits_add(&able, i);
    return lowest_of(facts, &able);
}

static void judge_admit(const struct ph_facts *facts, const struct ph_bits *past,
                        const struct ph_fact *fact, struct ph_effect *effect)
{
    const struct ph_held *invite =
        ph_past_has(facts, past, ph_fact_number(facts, &fact->of.admit.invite), PH_FACT_INVITE);
    effect->admitter = find_admitter(facts, past, &fact->author);
    if (invite == NULL || effect->admitter == PH_NONE)
        return;
    effect->school = ph_school_number(facts, fact->of.admit.school.bytes);
    effect->stands = ph_join_verify(invite->fact.of.invite.key, &fact->of.admit.proof,
                                    &facts->network, &fact->of.admit.school) == PH_OK;
}

/* --- Proposals --- */

/* The removals that a restoration lifts, each reached in its past and of its school; their
 * electorates have seats. */
static bool seat_lifted(const struct ph_facts *facts, const struct ph_bits *past,
                        const struct ph_fact *fact, uint32_t school, struct ph_bits *seats)
{
    for (size_t at = 0; at < fact->of.propose.lifted.len; at += 32) {
        struct ph_fact_id id;
        memcpy(id.bytes, fact->of.propose.lifted.data + at, 32);
        const struct ph_held *removal = ph_past_removal(facts, past, ph_fact_number(facts, &id));
        if (removal == NULL || removal->effect.school != school)
            return false;
        for (uint32_t i = 0; i < removal->effect.seat_count; i++)
            ph_bits_add(seats, removal->effect.electorate[i]);
    }
    return true;
}

/* The electorate without regard to who it is about. False: there is nothing to decide. */
static bool find_seats(const struct ph_facts *facts, const struct ph_bits *past,
                       const struct ph_fact *fact, uint32_t school, struct ph_bits *seats)
{
    ph_past_voters(facts, past, seats);
    switch (fact->of.propose.what) {
    case PH_PROPOSAL_CONFIRM:
    case PH_PROPOSAL_REMOVE:
        return ph_past_knows(facts, past, school);
    case PH_PROPOSAL_RESTORE:
        return ph_past_knows(facts, past, school) && seat_lifted(facts, past, fact, school, seats);
    case PH_PROPOSAL_SUCCEED:
        return ph_past_knows(facts, past, school) &&
               ph_past_owner(facts, past, fact->of.propose.key.bytes) == PH_NONE &&
               ph_succeed_verify(fact) == PH_OK;
    case PH_PROPOSAL_POLICY:
        return true;
    case PH_PROPOSAL_OTHER:
        return false;
    }
    return false;
}

static bool is_against(enum ph_proposal what)
{
    return what == PH_PROPOSAL_REMOVE || what == PH_PROPOSAL_SUCCEED;
}

/* Whoever it is about has no seat, but in what a newcomer is to have a say in. */
static bool has_no_seat(enum ph_proposal what, uint32_t school, uint32_t number)
{
    return school == number && (is_against(what) || what == PH_PROPOSAL_RESTORE);
}

static enum ph_status fill_seats(const struct ph_facts *facts, const struct ph_bits *seats,
                                 enum ph_proposal what, struct ph_effect *effect)
{
    effect->electorate = calloc(facts->school_count, sizeof *effect->electorate);
    if (effect->electorate == NULL)
        return PH_NO_MEMORY;
    for (uint32_t i = 0; i < facts->school_count; i++)
        if (ph_bits_has(seats, i) && !has_no_seat(what, effect->school, i))
            effect->electorate[effect->seat_count++] = i;
    effect->stands = effect->seat_count >= (is_against(what) ? SEATS_AGAINST_MIN : 1u);
    return PH_OK;
}

static enum ph_status judge_propose(const struct ph_facts *facts, const struct ph_bits *past,
                                    const struct ph_fact *fact, struct ph_effect *effect)
{
    struct ph_bits certifiers = {{0}}, seats = {{0}};
    bool is_about_school = fact->of.propose.what != PH_PROPOSAL_POLICY;
    effect->last_vote = PH_NONE;
    effect->school =
        is_about_school ? ph_school_number(facts, fact->of.propose.school.bytes) : PH_NONE;
    if (!ph_past_certified(facts, past, &fact->author, &certifiers) ||
        !find_seats(facts, past, fact, effect->school, &seats))
        return PH_OK;
    return fill_seats(facts, &seats, fact->of.propose.what, effect);
}

static void judge_vote(const struct ph_facts *facts, const struct ph_bits *past,
                       const struct ph_fact *fact, struct ph_effect *effect)
{
    effect->proposal = ph_fact_number(facts, &fact->of.vote.proposal);
    const struct ph_held *proposal = ph_past_has(facts, past, effect->proposal, PH_FACT_PROPOSE);
    uint32_t voter = ph_past_speaker(facts, past, fact->author.bytes);
    for (uint32_t i = 0; proposal != NULL && i < proposal->effect.seat_count; i++) {
        if (proposal->effect.electorate[i] != voter)
            continue;
        effect->seat = i;
        effect->stands = true;
    }
}

/* What a school says of itself. */
static void judge_own(const struct ph_facts *facts, const struct ph_bits *past,
                      const struct ph_fact *fact, struct ph_effect *effect)
{
    effect->school = ph_past_speaker(facts, past, fact->author.bytes);
    effect->stands = effect->school != PH_NONE;
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
    case PH_FACT_VOTE:
        judge_vote(facts, past, fact, effect);
        break;
    case PH_FACT_CLOSE:
    case PH_FACT_LEAVE:
        judge_own(facts, past, fact, effect);
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

/* A school is removed by one removal, and restored when nothing is left of them. */
static void note_removed(struct ph_facts *facts)
{
    struct ph_bits removed;
    ph_past_removed(facts, NULL, &removed);
    for (uint32_t i = 0; i < facts->school_count; i++)
        facts->schools[i].is_removed = ph_bits_has(&removed, i);
}

static void apply_reached(struct ph_facts *facts, const struct ph_held *proposal)
{
    switch (proposal->fact.of.propose.what) {
    case PH_PROPOSAL_CONFIRM:
        facts->schools[proposal->effect.school].is_confirmed = true;
        return;
    case PH_PROPOSAL_REMOVE:
    case PH_PROPOSAL_RESTORE:
        facts->schools[proposal->effect.school].is_bounded = true;
        note_removed(facts);
        return;
    case PH_PROPOSAL_SUCCEED:
        facts->schools[proposal->effect.school].is_bounded = true;
        return;
    case PH_PROPOSAL_POLICY:
    case PH_PROPOSAL_OTHER:
        return;
    }
}

static void apply_vote(struct ph_facts *facts, uint32_t index)
{
    struct ph_effect *effect = &facts->held[index]->effect;
    struct ph_held *proposal = facts->held[effect->proposal];
    effect->vote_before = proposal->effect.last_vote;
    proposal->effect.last_vote = index;
    if (ph_past_is_reached(facts, NULL, proposal))
        apply_reached(facts, proposal);
}

void ph_standing_apply(struct ph_facts *facts, uint32_t index)
{
    struct ph_held *held = facts->held[index];
    if (held->fact.type == PH_FACT_FOUND)
        apply_admission(facts, held, held->fact.author.bytes);
    facts->schools[held->effect.of].fact_count++;
    if (!held->effect.stands)
        return;
    if (held->fact.type == PH_FACT_FOUND)
        facts->schools[held->effect.school].is_confirmed = true;
    else if (held->fact.type == PH_FACT_ADMIT)
        apply_admission(facts, held, held->fact.of.admit.school.bytes);
    else if (held->fact.type == PH_FACT_VOTE)
        apply_vote(facts, index);
    else if (held->fact.type == PH_FACT_CLOSE || held->fact.type == PH_FACT_LEAVE)
        facts->schools[held->effect.school].is_bounded = true;
    if (held->fact.type == PH_FACT_LEAVE)
        note_removed(facts);
}
