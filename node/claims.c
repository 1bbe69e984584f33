#include "node/claims.h"

#include "node/author.h"
#include "node/ingest.h"

#define META_NAME "claims"
#define ROW_MAX (1 + 2 + 3 * 34 + 66 + 2) /* bytes of one in the store */

/* --- kept --- */

static void pack(const struct ph_issued *issued, struct ph_buffer *out)
{
    ph_pack_array(out, issued->is_claimed ? 5 : 3);
    ph_pack_uint(out, issued->what);
    ph_pack_bin(out, ph_bytes(issued->school.bytes, sizeof issued->school.bytes));
    ph_pack_bin(out, ph_bytes(issued->invite_key, sizeof issued->invite_key));
    if (!issued->is_claimed)
        return;
    ph_pack_bin(out, ph_bytes(issued->new_key.bytes, sizeof issued->new_key.bytes));
    ph_pack_bin(out, ph_bytes(issued->consent.bytes, sizeof issued->consent.bytes));
}

static enum ph_status save(struct ph_node *node)
{
    uint8_t bytes[PH_CLAIMS_MAX * ROW_MAX + 8];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct ph_batch *batch = NULL;
    ph_pack_array(&out, node->claims.count);
    for (uint32_t i = 0; i < node->claims.count; i++)
        pack(&node->claims.items[i], &out);
    assert(!out.overflow);
    PH_TRY(ph_ingest_batch(node, &batch));
    return ph_batch_meta(batch, META_NAME, ph_buffer_bytes(&out));
}

static struct ph_issued unpack(struct ph_unpacker *in)
{
    struct ph_issued issued = {.what = PH_CLAIM_NONE};
    uint32_t count = ph_unpack_array(in);
    issued.what = (enum ph_claimed)ph_unpack_uint(in, PH_CLAIM_SUCCEED);
    ph_unpack_fixed(in, issued.school.bytes, sizeof issued.school.bytes);
    ph_unpack_fixed(in, issued.invite_key, sizeof issued.invite_key);
    issued.is_claimed = count == 5;
    if (!issued.is_claimed)
        return issued;
    ph_unpack_fixed(in, issued.new_key.bytes, sizeof issued.new_key.bytes);
    ph_unpack_fixed(in, issued.consent.bytes, sizeof issued.consent.bytes);
    return issued;
}

enum ph_status ph_claims_load(struct ph_node *node)
{
    struct ph_view view = {0};
    struct ph_bytes value;
    struct ph_unpacker in;
    node->claims.count = 0;
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = ph_view_meta(&view, META_NAME, &value);
    if (status == PH_OK && ph_unpack(&in, value) != PH_OK)
        status = PH_CORRUPT;
    if (status == PH_OK) {
        uint32_t count = ph_unpack_array(&in);
        for (uint32_t i = 0; i < count && i < PH_CLAIMS_MAX; i++)
            node->claims.items[node->claims.count++] = unpack(&in);
        status = ph_unpack_end(&in) == PH_OK ? PH_OK : PH_CORRUPT;
    }
    ph_view_close(&view);
    return status == PH_NOT_FOUND ? PH_OK : status;
}

/* --- written and used --- */

static void forget(struct ph_node *node, uint32_t index)
{
    struct ph_claims *claims = &node->claims;
    claims->count--;
    memmove(&claims->items[index], &claims->items[index + 1],
            (claims->count - index) * sizeof *claims->items);
}

enum ph_status ph_claims_issue(struct ph_node *node, enum ph_claimed what,
                               const struct ph_school_id *school, struct ph_invitation *invitation)
{
    struct ph_sign_secret secret;
    struct ph_issued issued = {.what = what, .school = *school};
    invitation->what = what;
    invitation->school = *school;
    node->env.ops->random(node->env.impl, invitation->secret, sizeof invitation->secret);
    ph_invite_key(invitation->secret, &secret, issued.invite_key);
    ph_wipe(&secret, sizeof secret);
    if (node->claims.count == PH_CLAIMS_MAX)
        forget(node, 0);
    node->claims.items[node->claims.count++] = issued;
    return save(node);
}

static int find(const struct ph_node *node, const struct ph_join_proof *proof,
                const struct ph_claim *claim)
{
    for (uint32_t i = 0; i < node->claims.count; i++) {
        const struct ph_issued *issued = &node->claims.items[i];
        if (issued->what == claim->what && ph_school_id_equal(&issued->school, &claim->school) &&
            memcmp(issued->invite_key, proof->invite_key, sizeof proof->invite_key) == 0)
            return (int)i;
    }
    return -1;
}

/* Another installation of this school: its key signs. */
static enum ph_status enrol(struct ph_node *node, const struct ph_peer *peer,
                            const struct ph_claim *claim, uint32_t index,
                            enum ph_end_reason *reason)
{
    struct ph_fact fact = {.type = PH_FACT_CERTIFY};
    uint32_t serial = ph_facts_next_serial(node->facts, &node->school);
    *reason = PH_END_FULL;
    if (!ph_author_may_sign(node) || node->own_log < 0 || serial >= PH_WRITERS_MAX)
        return PH_FORBIDDEN;
    fact.of.certify.writer = peer->theirs.writer;
    fact.of.certify.transport = peer->transport;
    fact.of.certify.serial = (uint16_t)serial;
    fact.of.certify.consent = claim->consent;
    forget(node, index);
    PH_TRY(save(node));
    enum ph_status status = ph_author_fact(node, &fact, NULL);
    return status == PH_REFUSED ? PH_FORBIDDEN : status;
}

/* The first key that comes with it; the same may come again. */
static enum ph_status keep(struct ph_node *node, const struct ph_peer *peer,
                           const struct ph_claim *claim, uint32_t index)
{
    struct ph_issued *issued = &node->claims.items[index];
    struct ph_fact proposal = ph_fact_proposing(PH_PROPOSAL_SUCCEED, &claim->school);
    proposal.network = node->network;
    proposal.of.propose.key = peer->theirs.school;
    proposal.of.propose.consent = claim->consent;
    if (issued->is_claimed)
        return PH_FORBIDDEN;
    PH_TRY(ph_succeed_verify(&proposal));
    issued->is_claimed = true;
    issued->new_key = proposal.of.propose.key;
    issued->consent = claim->consent;
    PH_TRY(save(node));
    return PH_FORBIDDEN;
}

enum ph_status ph_claims_take(struct ph_node *node, const struct ph_peer *peer,
                              const struct ph_message *message, enum ph_end_reason *reason)
{
    const struct ph_join_proof *proof = &message->of.introduce.proof;
    const struct ph_claim *claim = &message->of.introduce.claim;
    int index = find(node, proof, claim);
    *reason = PH_END_UNKNOWN;
    if (index < 0)
        return PH_FORBIDDEN;
    PH_TRY(
        ph_join_verify(proof->invite_key, &proof->signature, &node->network, &peer->theirs.school));
    if (claim->what == PH_CLAIM_ENROL)
        return enrol(node, peer, claim, (uint32_t)index, reason);
    return keep(node, peer, claim, (uint32_t)index);
}

bool ph_claims_find(const struct ph_node *node, const struct ph_school_id *school,
                    struct ph_fact *proposal)
{
    for (uint32_t i = node->claims.count; i-- > 0;) {
        const struct ph_issued *issued = &node->claims.items[i];
        if (!issued->is_claimed || !ph_school_id_equal(&issued->school, school))
            continue;
        proposal->of.propose.key = issued->new_key;
        proposal->of.propose.consent = issued->consent;
        return true;
    }
    return false;
}
