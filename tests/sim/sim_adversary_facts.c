/* What an adversary signs about membership, and what honest nodes must not have taken of it all. */
#include <stdio.h>

#include "store/view.h"
#include "tests/sim/sim_adversary_state.h"

#define FLOOD_MAX 12
#define WRITERS_OF_ITS_OWN 6

/* --- signing --- */

void sim_fact_sign(struct sim_adversary *adversary, struct sim_signed *out,
                   const struct sim_line *by)
{
    struct ph_buffer buffer = ph_buffer(out->bytes, sizeof out->bytes);
    out->fact.network = adversary->invitation.network;
    memcpy(out->fact.author.bytes, by == NULL ? adversary->school.bytes : by->writer.bytes, 32);
    if (ph_fact_sign(&out->fact, by == NULL ? &adversary->school_secret : &by->secret, &buffer) !=
        PH_OK)
        sim_fail(adversary->sim, "an adversary can't sign a fact");
    out->len = buffer.len;
}

void sim_fact_sign_on(struct sim_adversary *adversary, struct sim_signed *out,
                      const struct sim_line *by, const struct ph_fact_id *must, size_t count)
{
    size_t past_len = ph_facts_past(adversary->facts, must, count, out->past);
    out->fact.past = ph_bytes(out->past, past_len);
    sim_fact_sign(adversary, out, by);
}

static void sign(struct sim_adversary *adversary, struct sim_signed *out, bool by_school)
{
    const struct sim_line *line = sim_line_own(adversary);
    sim_fact_sign_on(adversary, out, by_school ? NULL : line, &line->certify, 1);
}

void sim_fact_publish(struct sim_adversary *adversary, struct sim_talk *talk,
                      const struct sim_signed *out)
{
    struct ph_bytes bytes = ph_bytes(out->bytes, out->len);
    bool is_new;
    if (ph_facts_take(adversary->facts, bytes, &is_new) == PH_OK)
        sim_talk_facts(talk, &bytes, 1);
}

static void say_forbidden(struct sim_adversary *adversary, struct sim_talk *talk,
                          struct sim_signed *out)
{
    struct ph_bytes bytes = ph_bytes(out->bytes, out->len);
    sim_adversary_forbid_fact(adversary, &out->fact.id);
    sim_talk_facts(talk, &bytes, 1);
}

struct ph_school_id sim_fact_any_school(struct sim_adversary *adversary)
{
    struct ph_member members[SIM_NODES_MAX];
    uint32_t count = ph_facts_members(adversary->facts, members, SIM_NODES_MAX);
    count = count < SIM_NODES_MAX ? count : SIM_NODES_MAX;
    return members[sim_adversary_draw(adversary, count)].school;
}

/* --- facts that stand, or do nothing --- */

static void invite(struct sim_adversary *adversary, struct sim_talk *talk)
{
    uint64_t count = 1 + sim_adversary_draw(adversary, FLOOD_MAX);
    for (uint64_t i = 0; i < count; i++) {
        struct sim_signed out = {.fact = {.type = PH_FACT_INVITE}};
        ph_put_u64(out.fact.of.invite.key, sim_next(&adversary->chance));
        out.fact.of.invite.uses = 1 + (uint16_t)sim_adversary_draw(adversary, PH_INVITE_USES_MAX);
        sign(adversary, &out, false);
        sim_fact_publish(adversary, talk, &out);
    }
}

/* A school that it has made up, on an invitation that it has made up; it counts if it votes. */
static void admit(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_signed invitation = {.fact = {.type = PH_FACT_INVITE}};
    struct sim_signed admission = {.fact = {.type = PH_FACT_ADMIT}};
    struct ph_sign_secret unused;
    struct ph_join_proof proof;
    uint8_t secret[16] = {0}, seed[32] = {0};
    ph_put_u64(secret, sim_next(&adversary->chance));
    ph_put_u64(seed, sim_next(&adversary->chance));
    ph_invite_key(secret, &unused, invitation.fact.of.invite.key);
    invitation.fact.of.invite.uses = 1;
    sign(adversary, &invitation, false);
    sim_fact_publish(adversary, talk, &invitation);
    ph_sign_key_from_seed(seed, &unused, admission.fact.of.admit.school.bytes);
    admission.fact.of.admit.invite = invitation.fact.id;
    proof = ph_join_prove(secret, &adversary->invitation.network, &admission.fact.of.admit.school);
    admission.fact.of.admit.proof = proof.signature;
    if (sim_adversary_draw(adversary, 2) == 0)
        admission.fact.of.admit.proof.bytes[3] ^= 1;
    sign(adversary, &admission, false);
    sim_fact_publish(adversary, talk, &admission);
}

static void vote(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_signed proposal = {.fact = {.type = PH_FACT_PROPOSE}};
    struct sim_signed confirm = {.fact = {.type = PH_FACT_VOTE}};
    proposal.fact.of.propose.what = PH_PROPOSAL_CONFIRM;
    proposal.fact.of.propose.school = sim_fact_any_school(adversary);
    sign(adversary, &proposal, false);
    sim_fact_publish(adversary, talk, &proposal);
    confirm.fact.of.vote.proposal = proposal.fact.id;
    for (uint32_t i = 0; i < 3; i++) { /* as often as it likes: they count once */
        sign(adversary, &confirm, true);
        sim_fact_publish(adversary, talk, &confirm);
    }
}

/* By the key of the wrong kind: kept everywhere, without effect. */
static void invite_by_school(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_signed out = {.fact = {.type = PH_FACT_INVITE}};
    out.fact.of.invite.uses = 1;
    sign(adversary, &out, true);
    sim_fact_publish(adversary, talk, &out);
}

/* --- facts that nobody may take --- */

static void forge(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_signed out = {.fact = {.type = PH_FACT_INVITE}};
    out.fact.of.invite.uses = 1;
    ph_put_u64(out.fact.of.invite.key, sim_next(&adversary->chance));
    sign(adversary, &out, false);
    out.bytes[out.len - 1] ^= 1; /* the signature's last byte */
    say_forbidden(adversary, talk, &out);
}

/* On a past that nobody has: it waits for ever. */
static void rest_on_nothing(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_signed out = {.fact = {.type = PH_FACT_INVITE}};
    struct ph_buffer buffer = ph_buffer(out.bytes, sizeof out.bytes);
    const struct sim_line *line = sim_line_own(adversary);
    out.fact.of.invite.uses = 1;
    out.fact.network = adversary->invitation.network;
    ph_put_u64(out.past, sim_next(&adversary->chance));
    out.fact.past = ph_bytes(out.past, 32);
    memcpy(out.fact.author.bytes, line->writer.bytes, 32);
    if (ph_fact_sign(&out.fact, &line->secret, &buffer) != PH_OK)
        return;
    out.len = buffer.len;
    say_forbidden(adversary, talk, &out);
}

void sim_lie_facts(struct sim_adversary *adversary, struct sim_talk *talk)
{
    static sim_lie_act *const ways[] = {invite,           admit, vote,
                                        invite_by_school, forge, rest_on_nothing};
    ways[sim_adversary_draw(adversary, sizeof ways / sizeof *ways)](adversary, talk);
}

/* --- keys --- */

/* A writer more, whose log begins there. */
static void certify(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_signed out = {.fact = {.type = PH_FACT_CERTIFY}};
    struct sim_line like = {.is_own = true, .school = adversary->school};
    uint8_t seed[32] = {0};
    ph_put_u64(seed, sim_next(&adversary->chance));
    ph_sign_key_from_seed(seed, &like.secret, like.writer.bytes);
    out.fact.of.certify.writer = like.writer;
    out.fact.of.certify.consenting = &like.secret;
    out.fact.of.certify.serial = (uint16_t)sim_adversary_draw(adversary, PH_WRITERS_MAX);
    if (ph_facts_certify_count(adversary->facts, &adversary->school) >= WRITERS_OF_ITS_OWN)
        return;
    sign(adversary, &out, true);
    sim_fact_publish(adversary, talk, &out);
    like.certify = out.fact.id;
    struct sim_line *line = sim_line_add(adversary, &like);
    if (line != NULL && sim_line_write(adversary, line, 1) != NULL)
        sim_talk_push(adversary, line, 1);
}

/* Another's key, with a consent that is not that key's; of a partner's key it has the consent. */
static void certify_anothers(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_signed out = {.fact = {.type = PH_FACT_CERTIFY}};
    const struct sim_line *other;
    if (sim_line_other(adversary, &other) == NULL)
        return;
    out.fact.of.certify.writer = other->writer;
    const struct sim_line *own = sim_line_own(adversary);
    out.fact.of.certify.consenting = &own->secret;
    ph_put_u64(out.fact.of.certify.transport.bytes, sim_next(&adversary->chance)); /* no id twice */
    if (ph_facts_certify_count(adversary->facts, &adversary->school) >= WRITERS_OF_ITS_OWN)
        return;
    sign(adversary, &out, true);
    if (ph_writer_id_equal(&own->writer, &other->writer))
        sim_fact_publish(adversary, talk, &out);
    else
        say_forbidden(adversary, talk, &out);
}

void sim_lie_keys(struct sim_adversary *adversary, struct sim_talk *talk)
{
    if (sim_adversary_draw(adversary, 2) == 0)
        certify(adversary, talk);
    else
        certify_anothers(adversary, talk);
}
