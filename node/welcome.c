#include "node/welcome.h"

#include "node/author.h"

void ph_welcome_note_school(const struct ph_node *node, struct ph_peer *peer)
{
    const struct ph_school_id *school = ph_facts_owner(node->facts, &peer->theirs.school);
    peer->school = school != NULL ? *school : peer->theirs.school;
}

bool ph_welcome_is_known(const struct ph_node *node, const struct ph_peer *peer)
{
    return ph_facts_owner(node->facts, &peer->theirs.school) != NULL;
}

bool ph_welcome_is_due(const struct ph_node *node, const struct ph_peer *peer)
{
    const struct ph_school_id *school = ph_facts_owner(node->facts, &peer->theirs.school);
    return school != NULL && ph_facts_speaks(node->facts, &peer->theirs.school) &&
           !ph_facts_is_removed(node->facts, school) &&
           !ph_facts_is_closed(node->facts, school, &peer->theirs.writer);
}

bool ph_welcome_is_over(struct ph_node *node, struct ph_peer *peer)
{
    if (peer->facts_judged == node->ingest.facts_durable)
        return false;
    peer->facts_judged = node->ingest.facts_durable;
    return !ph_welcome_is_due(node, peer);
}

enum ph_status ph_welcome_admit(struct ph_node *node, const struct ph_school_id *school,
                                const struct ph_join_proof *proof, enum ph_end_reason *reason)
{
    const struct ph_fact *invite = ph_facts_invite(node->facts, proof->invite_key);
    *reason = PH_END_UNKNOWN;
    if (invite == NULL || node->own_log < 0 || !ph_facts_is_voter(node->facts, &node->school))
        return PH_FORBIDDEN;
    if (ph_facts_surplus(node->facts, &invite->id) > PH_FACT_SURPLUS_MAX / 2)
        return PH_FORBIDDEN; /* it would drag a flood into the past of all that comes */
    PH_TRY(ph_join_verify(proof->invite_key, &proof->signature, &node->network, school));
    if (ph_facts_members(node->facts, NULL, 0) >= PH_SCHOOLS_MAX ||
        !ph_facts_may_invite(node->facts, &invite->id)) {
        *reason = PH_END_FULL;
        return PH_FORBIDDEN;
    }
    if (ph_facts_invite_uses(node->facts, &invite->id) >= invite->of.invite.uses) {
        *reason = PH_END_USED_UP;
        return PH_FORBIDDEN;
    }
    struct ph_fact fact = {.type = PH_FACT_ADMIT};
    fact.of.admit.school = *school;
    fact.of.admit.invite = invite->id;
    fact.of.admit.proof = proof->signature;
    enum ph_status status = ph_author_fact(node, &fact, NULL);
    if (status != PH_REFUSED)
        return status;
    *reason = PH_END_FULL;
    return PH_FORBIDDEN;
}
