/* What an adversary signs about membership, and what honest nodes must not have taken of it all. */
#include <stdio.h>

#include "store/view.h"
#include "tests/sim/sim_adversary_state.h"

#define FLOOD_MAX 12
#define WRITERS_OF_ITS_OWN 6

/* --- signing --- */

struct signed_fact {
    struct ph_fact fact;
    uint8_t bytes[PH_FACT_MAX];
    uint8_t past[PH_FACT_PAST_MAX * 32];
    size_t len;
};

/* `out->fact` has its type and payload; the rest is filled in and signed. */
static void sign(struct sim_adversary *adversary, struct signed_fact *out, bool by_school)
{
    struct ph_buffer buffer = ph_buffer(out->bytes, sizeof out->bytes);
    const struct sim_line *line = sim_line_own(adversary);
    size_t past_len = ph_facts_past(adversary->facts, &line->certify, 1, out->past);
    out->fact.network = adversary->invitation.network;
    out->fact.past = ph_bytes(out->past, past_len);
    memcpy(out->fact.author.bytes, by_school ? adversary->school.bytes : line->writer.bytes, 32);
    if (ph_fact_sign(&out->fact, by_school ? &adversary->school_secret : &line->secret, &buffer) !=
        PH_OK)
        sim_fail(adversary->sim, "an adversary can't sign a fact");
    out->len = buffer.len;
}

/* As if it were honest: it holds the fact itself, and passes it on to whoever asks. */
static void publish(struct sim_adversary *adversary, struct sim_talk *talk,
                    const struct signed_fact *signed_fact)
{
    struct ph_bytes bytes = ph_bytes(signed_fact->bytes, signed_fact->len);
    bool is_new;
    if (ph_facts_take(adversary->facts, bytes, &is_new) == PH_OK)
        sim_talk_facts(talk, &bytes, 1);
}

static void say_forbidden(struct sim_adversary *adversary, struct sim_talk *talk,
                          struct signed_fact *signed_fact)
{
    struct ph_bytes bytes = ph_bytes(signed_fact->bytes, signed_fact->len);
    sim_adversary_forbid_fact(adversary, &signed_fact->fact.id);
    sim_talk_facts(talk, &bytes, 1);
}

static struct ph_school_id drawn_school(struct sim_adversary *adversary)
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
        struct signed_fact out = {.fact = {.type = PH_FACT_INVITE}};
        ph_put_u64(out.fact.of.invite.key, sim_next(&adversary->chance));
        out.fact.of.invite.uses = 1 + (uint16_t)sim_adversary_draw(adversary, PH_INVITE_USES_MAX);
        sign(adversary, &out, false);
        publish(adversary, talk, &out);
    }
}

/* A school that it has made up, on an invitation that it has made up; it counts if it votes. */
static void admit(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct signed_fact invitation = {.fact = {.type = PH_FACT_INVITE}};
    struct signed_fact admission = {.fact = {.type = PH_FACT_ADMIT}};
    struct ph_sign_secret unused;
    struct ph_join_proof proof;
    uint8_t secret[16] = {0}, seed[32] = {0};
    ph_put_u64(secret, sim_next(&adversary->chance));
    ph_put_u64(seed, sim_next(&adversary->chance));
    ph_invite_key(secret, &unused, invitation.fact.of.invite.key);
    invitation.fact.of.invite.uses = 1;
    sign(adversary, &invitation, false);
    publish(adversary, talk, &invitation);
    ph_sign_key_from_seed(seed, &unused, admission.fact.of.admit.school.bytes);
    admission.fact.of.admit.invite = invitation.fact.id;
    proof = ph_join_prove(secret, &adversary->invitation.network, &admission.fact.of.admit.school);
    admission.fact.of.admit.proof = proof.signature;
    if (sim_adversary_draw(adversary, 2) == 0)
        admission.fact.of.admit.proof.bytes[3] ^= 1;
    sign(adversary, &admission, false);
    publish(adversary, talk, &admission);
}

static void vote(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct signed_fact proposal = {.fact = {.type = PH_FACT_PROPOSE}};
    struct signed_fact confirm = {.fact = {.type = PH_FACT_CONFIRM}};
    proposal.fact.of.propose.what = PH_PROPOSAL_CONFIRM;
    proposal.fact.of.propose.school = drawn_school(adversary);
    sign(adversary, &proposal, false);
    publish(adversary, talk, &proposal);
    confirm.fact.of.confirm.proposal = proposal.fact.id;
    for (uint32_t i = 0; i < 3; i++) { /* as often as it likes: they count once */
        sign(adversary, &confirm, true);
        publish(adversary, talk, &confirm);
    }
}

/* By the key of the wrong kind: kept everywhere, without effect. */
static void invite_by_school(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct signed_fact out = {.fact = {.type = PH_FACT_INVITE}};
    out.fact.of.invite.uses = 1;
    sign(adversary, &out, true);
    publish(adversary, talk, &out);
}

/* --- facts that nobody may take --- */

static void forge(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct signed_fact out = {.fact = {.type = PH_FACT_INVITE}};
    out.fact.of.invite.uses = 1;
    ph_put_u64(out.fact.of.invite.key, sim_next(&adversary->chance));
    sign(adversary, &out, false);
    out.bytes[out.len - 1] ^= 1; /* the signature's last byte */
    say_forbidden(adversary, talk, &out);
}

/* On a past that nobody has: it waits for ever. */
static void rest_on_nothing(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct signed_fact out = {.fact = {.type = PH_FACT_INVITE}};
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
    struct signed_fact out = {.fact = {.type = PH_FACT_CERTIFY}};
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
    publish(adversary, talk, &out);
    like.certify = out.fact.id;
    struct sim_line *line = sim_line_add(adversary, &like);
    if (line != NULL && sim_line_write(adversary, line, 1) != NULL)
        sim_talk_push(adversary, line, 1);
}

/* Another's key, with a consent that is not that key's; of a partner's key it has the consent. */
static void certify_anothers(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct signed_fact out = {.fact = {.type = PH_FACT_CERTIFY}};
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
        publish(adversary, talk, &out);
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
