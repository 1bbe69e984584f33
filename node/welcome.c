#include "node/welcome.h"

#include "node/author.h"

/* By the key that it has shown; else by a certify fact that names its writer, with the transport
 * key that it has proven: an installation that has not its school's key shows one of its own. NULL:
 * it is not known. */
static const struct ph_school_id *school_of(const struct ph_node *node, const struct ph_peer *peer)
{
    const struct ph_school_id *school = ph_facts_owner(node->facts, &peer->theirs.school);
    if (school != NULL)
        return school;
    const struct ph_fact *certify =
        ph_facts_certify_with(node->facts, &peer->theirs.writer, &peer->transport);
    return certify != NULL ? ph_facts_school_of(node->facts, certify) : NULL;
}

/* The key that vouches for it. */
static const struct ph_school_id *key_of(const struct ph_node *node, const struct ph_peer *peer,
                                         struct ph_school_id *certifying)
{
    if (ph_facts_owner(node->facts, &peer->theirs.school) != NULL)
        return &peer->theirs.school;
    const struct ph_fact *certify =
        ph_facts_certify_with(node->facts, &peer->theirs.writer, &peer->transport);
    memcpy(certifying->bytes, certify->author.bytes, sizeof certifying->bytes);
    return certifying;
}

void ph_welcome_note_school(const struct ph_node *node, struct ph_peer *peer)
{
    const struct ph_school_id *school = school_of(node, peer);
    peer->school = school != NULL ? *school : peer->theirs.school;
}

bool ph_welcome_is_known(const struct ph_node *node, const struct ph_peer *peer)
{
    return school_of(node, peer) != NULL;
}

bool ph_welcome_is_due(const struct ph_node *node, const struct ph_peer *peer)
{
    struct ph_school_id certifying;
    const struct ph_school_id *school = school_of(node, peer);
    return school != NULL && ph_facts_speaks(node->facts, key_of(node, peer, &certifying)) &&
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

struct ph_claim ph_welcome_claim(const struct ph_node *node)
{
    struct ph_claim claim = {.what = node->claimed, .school = node->claimed_school};
    claim.consent = claim.what == PH_CLAIM_ENROL
                        ? ph_writer_consent(&node->writer_secret, &node->network, &claim.school)
                        : ph_succeed_consent(&node->school_secret, &node->network, &claim.school);
    return claim;
}
