/* Plots: facts without end, writers that only some are told of, votes on top of much that nobody
 * needs, keys that two schools share. */
#include <stdlib.h>

#include "proto/kind.h"
#include "tests/sim/sim_adversary_state.h"

#define PARCEL_MAX 280 /* facts that are told at once; small ones fill a message or two */
#define LARGE_LEN 3600 /* bytes in a large one */
#define FLOOD_NEWER 40 /* of a flood, at most so many beyond the bound */
#define FLOOD_KEYS 40  /* one fact in so many is a certify fact */
#define HIDDEN_MAX 6
#define EDITS_MAX 8
#define EDITS_FIRST 6 /* before a flood of whoever hides writers */
#define BURDEN_MAX 48
#define USELESS 77 /* a type that nobody knows */

/* --- many facts --- */

struct parcel {
    struct sim_talk *talk;
    struct ph_bytes facts[PARCEL_MAX];
    uint32_t count;
    size_t len;
    uint8_t bytes[PARCEL_MAX * 400];
};

static void send(struct parcel *parcel)
{
    sim_talk_facts(parcel->talk, parcel->facts, parcel->count);
    parcel->count = 0;
    parcel->len = 0;
}

static void put(struct parcel *parcel, const struct sim_signed *out)
{
    if (parcel->count == PARCEL_MAX || parcel->len + out->len > sizeof parcel->bytes)
        send(parcel);
    memcpy(parcel->bytes + parcel->len, out->bytes, out->len);
    parcel->facts[parcel->count++] = ph_bytes(parcel->bytes + parcel->len, out->len);
    parcel->len += out->len;
}

/* --- one fact --- */

/* The log that its node wrote. */
static const struct sim_line *home(const struct sim_adversary *adversary)
{
    const struct sim_line *line = adversary->lines;
    while (!line->is_own)
        line++;
    return line;
}

/* Of no use; each is another one. */
static void fill_useless(struct sim_adversary *adversary, struct ph_fact *fact, bool is_large)
{
    static uint8_t items[LARGE_LEN + 16];
    struct ph_buffer out = ph_buffer(items, sizeof items);
    uint8_t noise[LARGE_LEN];
    fact->type = USELESS;
    ph_pack_uint(&out, sim_next(&adversary->chance));
    for (size_t i = 0; is_large && i < LARGE_LEN; i += 8) /* nothing that packs well */
        ph_put_u64(noise + i, sim_next(&adversary->chance));
    if (is_large)
        ph_pack_bin(&out, ph_bytes(noise, LARGE_LEN - 16));
    fact->of.other.count = is_large ? 2 : 1;
    fact->of.other.items = ph_buffer_bytes(&out);
}

static void fill_invite(struct sim_adversary *adversary, struct ph_fact *fact)
{
    fact->type = PH_FACT_INVITE;
    ph_put_u64(fact->of.invite.key, sim_next(&adversary->chance));
    fact->of.invite.uses = 1;
}

static void fill_propose(struct sim_adversary *adversary, struct ph_fact *fact)
{
    fact->type = PH_FACT_PROPOSE;
    const struct ph_school_id school = sim_fact_any_school(adversary);
    *fact = ph_fact_proposing(PH_PROPOSAL_CONFIRM, &school);
}

/* For a writer more, whose key is the line's. */
static void fill_certify(struct sim_adversary *adversary, struct ph_fact *fact,
                         const struct sim_line *of)
{
    fact->type = PH_FACT_CERTIFY;
    fact->of.certify.writer = of->writer;
    fact->of.certify.consenting = &of->secret;
    fact->of.certify.serial = (uint16_t)sim_adversary_draw(adversary, PH_WRITERS_MAX);
    ph_put_u64(fact->of.certify.transport.bytes, sim_next(&adversary->chance));
}

static struct sim_line new_writer(struct sim_adversary *adversary)
{
    struct sim_line line = {.is_own = true, .school = adversary->school};
    uint8_t seed[32] = {0};
    ph_put_u64(seed, sim_next(&adversary->chance));
    ph_sign_key_from_seed(seed, &line.secret, line.writer.bytes);
    return line;
}

/* --- floods --- */

enum shape { OF_NO_USE, LARGE, INVITES, PROPOSALS, CERTIFIES, MIXED };

/* How one node's share of a flood looks. */
struct flood {
    enum shape shape;
    uint32_t past_max; /* each names up to so many of those before; 0: what the school rests on */
    uint32_t count;
};

static struct flood draw_flood(struct sim_adversary *adversary)
{
    static const enum shape shapes[] = {OF_NO_USE, OF_NO_USE, INVITES, PROPOSALS, MIXED, MIXED};
    struct flood flood = {.past_max = 0};
    flood.shape = shapes[sim_adversary_draw(adversary, sizeof shapes / sizeof *shapes)];
    if (sim_adversary_draw(adversary, 24) == 0)
        flood.shape = LARGE;
    if (sim_adversary_draw(adversary, 3) == 0)
        flood.past_max = 1 + (uint32_t)sim_adversary_draw(adversary, 4);
    if (sim_adversary_draw(adversary, 24) == 0 && flood.shape != LARGE) /* all fit no fact */
        flood.past_max = PH_FACT_PAST_MAX;
    uint32_t held = ph_facts_count_of(adversary->facts, &adversary->school);
    uint32_t left = held < PH_FACTS_PER_SCHOOL_MAX ? PH_FACTS_PER_SCHOOL_MAX - held : 0;
    switch (sim_adversary_draw(adversary, 5)) {
    case 0: /* some, that are too many together with others' */
        flood.count = 1 + (uint32_t)sim_adversary_draw(adversary, PH_FACTS_PER_SCHOOL_MAX);
        break;
    case 1: /* about the bound */
        flood.count = left + (uint32_t)sim_adversary_draw(adversary, 5);
        break;
    default:
        flood.count = PH_FACTS_PER_SCHOOL_MAX + 1;
        flood.count += (uint32_t)sim_adversary_draw(adversary, FLOOD_NEWER);
        break;
    }
    return flood;
}

static int compare_ids(const void *a, const void *b)
{
    return ph_fact_id_compare(a, b);
}

/* The latest of the flood, or the certify fact of the line. */
static void rest_on_recent(struct sim_adversary *adversary, struct sim_signed *out,
                           const struct flood *flood, const struct sim_line *line)
{
    struct sim_plotting *plotting = &adversary->plotting;
    struct ph_fact_id ids[PH_FACT_PAST_MAX] = {line->certify};
    uint32_t count = plotting->recent_count;
    count = count < flood->past_max ? count : flood->past_max;
    for (uint32_t i = 0; i < count; i++)
        ids[i] = plotting->recent[(plotting->recent_count - 1 - i) % PH_FACT_PAST_MAX];
    count = count != 0 ? count : 1;
    qsort(ids, count, sizeof *ids, compare_ids);
    memcpy(out->past, ids, count * sizeof *ids);
    out->fact.past = ph_bytes(out->past, count * sizeof *ids);
}

static void sign_one(struct sim_adversary *adversary, const struct flood *flood,
                     struct sim_signed *out)
{
    const struct sim_line *line = sim_line_own(adversary), *by = line;
    struct sim_line writer;
    enum shape shape = flood->shape;
    if (shape == MIXED)
        shape = sim_adversary_draw(adversary, 2) == 0 ? OF_NO_USE : INVITES;
    if (flood->shape == MIXED && sim_adversary_draw(adversary, FLOOD_KEYS) == 0)
        shape = CERTIFIES;
    *out = (struct sim_signed){.len = 0};
    switch (shape) {
    case INVITES:
        fill_invite(adversary, &out->fact);
        break;
    case PROPOSALS:
        fill_propose(adversary, &out->fact);
        break;
    case CERTIFIES:
        writer = new_writer(adversary);
        fill_certify(adversary, &out->fact, &writer);
        by = NULL;
        break;
    case OF_NO_USE:
    case LARGE:
    case MIXED:
        fill_useless(adversary, &out->fact, shape == LARGE);
        by = sim_adversary_draw(adversary, 2) == 0 ? line : NULL;
        break;
    }
    rest_on_recent(adversary, out, flood, line);
    sim_fact_sign(adversary, out, by);
}

/* One of these nodes, the talk's if it may be. NULL: there is no session with any. */
static struct sim_talk *talk_among(struct sim_adversary *adversary, struct sim_talk *talk,
                                   uint32_t nodes)
{
    for (uint32_t i = 0; i <= SIM_SESSIONS_MAX; i++) {
        if (talk->session.state == SIM_SESSION_OPEN && talk->node != SIM_NOBODY &&
            (nodes >> talk->node & 1) != 0)
            return talk;
        talk = &adversary->talks[i % SIM_SESSIONS_MAX];
    }
    return NULL;
}

/* A share for each node, once. Proposals and invitations of it may be answered before it is seen
 * that they are too many. */
void sim_plot_flood(struct sim_adversary *adversary, struct sim_talk *other)
{
    struct sim_plotting *plotting = &adversary->plotting;
    bool hides = (adversary->plots & SIM_PLOT(HIDE)) != 0;
    bool is_early = hides && adversary->apart == 0 && plotting->edit_count < EDITS_FIRST;
    struct sim_talk *talk = talk_among(adversary, other, ~(plotting->flooded | adversary->apart));
    if (hides && (talk == NULL || is_early))
        sim_plot_hide(adversary, other);
    if (talk == NULL || is_early)
        return;
    struct flood flood = draw_flood(adversary);
    struct parcel *parcel = calloc(1, sizeof *parcel);
    if (parcel == NULL)
        abort();
    parcel->talk = talk;
    plotting->flooded |= UINT32_C(1) << talk->node;
    plotting->recent_count = 0;
    for (uint32_t i = 0; i < flood.count; i++) {
        struct sim_signed out;
        sign_one(adversary, &flood, &out);
        plotting->recent[plotting->recent_count++ % PH_FACT_PAST_MAX] = out.fact.id;
        put(parcel, &out);
    }
    send(parcel);
    free(parcel);
}

/* --- hidden writers --- */

static struct sim_line *hidden_from_others(struct sim_adversary *adversary, uint32_t node)
{
    for (uint32_t i = 0; i < adversary->line_count; i++)
        if (adversary->lines[i].is_own && adversary->lines[i].nodes == UINT32_C(1) << node)
            return &adversary->lines[i];
    return NULL;
}

/* Told to one; at times it is passed on to whoever asks. */
static void tell(struct sim_adversary *adversary, struct sim_talk *talk,
                 const struct sim_signed *out, bool is_hidden)
{
    struct ph_bytes bytes = ph_bytes(out->bytes, out->len);
    if (is_hidden)
        sim_talk_facts(talk, &bytes, 1);
    else
        sim_fact_publish(adversary, talk, out);
}

static struct sim_line *certify_hidden(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_signed out = {.len = 0};
    struct sim_line like = new_writer(adversary);
    if (adversary->plotting.writer_count == HIDDEN_MAX)
        return NULL;
    fill_certify(adversary, &out.fact, &like);
    sim_fact_sign_on(adversary, &out, NULL, &home(adversary)->certify, 1);
    tell(adversary, talk, &out, sim_adversary_draw(adversary, 4) != 0);
    adversary->plotting.writer_count++;
    like.certify = out.fact.id;
    struct sim_line *line = sim_line_add(adversary, &like);
    if (line != NULL)
        line->nodes = UINT32_C(1) << talk->node;
    return line;
}

/* Other values for all registers of a record, and for the set that somebody added to. */
static void edit_record(struct ph_op_writer *ops, const struct ph_op *op)
{
    ph_ops_group(ops, op->kind, &op->record, PH_AUDIENCE_NETWORK);
    if (op->type == PH_OP_ADD)
        ph_ops_add(ops, op->field, ph_bytes_text("\xa6Hidden"));
    for (const struct ph_field *field = ph_kind_by_number(op->kind)->fields; field->number != 0;
         field++) {
        bool is_same = op->type == PH_OP_SET && field->number == op->field;
        if (field->type == PH_FIELD_REGISTER)
            ph_ops_set(ops, field->number, &op->self, is_same ? 1 : 0, ph_bytes_text("\xa6Hidden"));
    }
}

/* Whoever changes after it what others wrote refers to this. */
static bool edit(struct sim_adversary *adversary, struct sim_line *line)
{
    uint8_t skeleton[PH_BODY_MAX], content[PH_BODY_MAX];
    struct ph_op_writer ops;
    struct ph_body body = {0};
    struct ph_op op;
    uint64_t count = 1 + sim_adversary_draw(adversary, EDITS_MAX);
    ph_ops_begin(&ops, skeleton, content, PH_BODY_MAX);
    for (uint64_t i = 0; i < count && sim_lie_find_op(adversary, false, &op); i++)
        edit_record(&ops, &op);
    if (ops.group_count == 0 || ph_ops_end(&ops, &body) != PH_OK)
        return false;
    sim_line_append(adversary, line, &body, sim_line_step(adversary, line));
    return true;
}

void sim_plot_hide(struct sim_adversary *adversary, struct sim_talk *talk)
{
    talk = talk_among(adversary, talk, adversary->apart != 0 ? adversary->apart : UINT32_MAX);
    if (talk == NULL)
        return;
    struct sim_line *line = hidden_from_others(adversary, talk->node);
    if (line == NULL || sim_adversary_draw(adversary, 4) == 0)
        line = certify_hidden(adversary, talk);
    if (line == NULL || !edit(adversary, line))
        return;
    adversary->plotting.edit_count++;
    sim_talk_push(adversary, line, 1);
}

/* --- burdens --- */

/* A chain of large facts: what rests on its end has to bring all of it along. */
static bool lay(struct sim_adversary *adversary, struct sim_talk *talk, struct ph_fact_id must[2])
{
    struct sim_plotting *plotting = &adversary->plotting;
    uint32_t count = (uint32_t)sim_adversary_draw(adversary, 7);
    must[0] = must[1] = home(adversary)->certify;
    if (plotting->burden_count + count > BURDEN_MAX)
        return false;
    plotting->burden_count += count;
    for (uint32_t i = 0; i < count; i++) {
        struct sim_signed out = {.len = 0};
        fill_useless(adversary, &out.fact, true);
        memcpy(out.past, must[1].bytes, sizeof must[1].bytes);
        out.fact.past = ph_bytes(out.past, sizeof must[1].bytes);
        sim_fact_sign(adversary, &out, NULL);
        sim_fact_publish(adversary, talk, &out);
        must[1] = out.fact.id;
    }
    return true;
}

/* A proposal of its own, and its vote, which lays more or less on all that comes. */
static void vote_on_top(struct sim_adversary *adversary, struct sim_talk *talk,
                        struct ph_fact_id must[2])
{
    struct ph_school_id school = sim_fact_any_school(adversary);
    const struct ph_fact like = ph_fact_proposing(PH_PROPOSAL_CONFIRM, &school);
    const struct ph_fact *open = ph_facts_proposal(adversary->facts, &adversary->school, &like);
    struct sim_signed proposal = {.len = 0}, confirm = {.fact = {.type = PH_FACT_VOTE}};
    if (open == NULL || sim_adversary_draw(adversary, 2) == 0) {
        fill_propose(adversary, &proposal.fact);
        sim_fact_sign_on(adversary, &proposal, home(adversary), must, 2);
        sim_fact_publish(adversary, talk, &proposal);
        open = &proposal.fact;
    }
    confirm.fact.of.vote.proposal = open->id;
    if (sim_adversary_draw(adversary, 4) == 0)
        return;
    struct ph_fact_id on[3] = {must[0], must[1], confirm.fact.of.vote.proposal};
    sim_fact_sign_on(adversary, &confirm, NULL, on, 3);
    sim_fact_publish(adversary, talk, &confirm);
}

/* A member is admitted once more: of several admissions the one with the lowest id is named. */
static void admit_on_top(struct sim_adversary *adversary, struct sim_talk *talk,
                         struct ph_fact_id must[2])
{
    struct sim_signed invitation = {.len = 0}, admission = {.fact = {.type = PH_FACT_ADMIT}};
    struct ph_sign_secret unused;
    uint8_t secret[16] = {0};
    ph_put_u64(secret, sim_next(&adversary->chance));
    invitation.fact.type = PH_FACT_INVITE;
    ph_invite_key(secret, &unused, invitation.fact.of.invite.key);
    invitation.fact.of.invite.uses = PH_INVITE_USES_MAX;
    sim_fact_sign_on(adversary, &invitation, home(adversary), must, 2);
    sim_fact_publish(adversary, talk, &invitation);
    must[1] = invitation.fact.id;
    uint64_t count = 1 + sim_adversary_draw(adversary, 4);
    for (uint64_t i = 0; i < count; i++) {
        struct ph_school_id school = sim_fact_any_school(adversary);
        admission.fact.of.admit.school = school;
        admission.fact.of.admit.invite = invitation.fact.id;
        admission.fact.of.admit.proof =
            ph_join_prove(secret, &adversary->invitation.network, &school).signature;
        sim_fact_sign_on(adversary, &admission, home(adversary), must, 2);
        sim_fact_publish(adversary, talk, &admission);
    }
}

static void certify_on_top(struct sim_adversary *adversary, struct sim_talk *talk,
                           struct ph_fact_id must[2])
{
    struct sim_signed out = {.len = 0};
    struct sim_line like = new_writer(adversary);
    if (adversary->plotting.writer_count == HIDDEN_MAX)
        return;
    adversary->plotting.writer_count++;
    fill_certify(adversary, &out.fact, &like);
    sim_fact_sign_on(adversary, &out, NULL, must, 2);
    sim_fact_publish(adversary, talk, &out);
    like.certify = out.fact.id;
    struct sim_line *line = sim_line_add(adversary, &like);
    if (line != NULL && edit(adversary, line))
        sim_talk_push(adversary, line, 1);
}

void sim_plot_burden(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct ph_fact_id must[2];
    if (!lay(adversary, talk, must))
        return;
    switch (sim_adversary_draw(adversary, 4)) {
    case 0:
        admit_on_top(adversary, talk, must);
        break;
    case 1:
        certify_on_top(adversary, talk, must);
        break;
    default:
        vote_on_top(adversary, talk, must);
        break;
    }
}

/* --- shared keys --- */

/* With its partner's consent: a log may begin with either certify fact, and with both. */
static void certify_partners(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_signed out = {.len = 0};
    struct sim_line like = *sim_line_own(adversary->partner);
    if (adversary->plotting.writer_count == HIDDEN_MAX)
        return;
    adversary->plotting.writer_count++;
    fill_certify(adversary, &out.fact, &like);
    sim_fact_sign_on(adversary, &out, NULL, &home(adversary)->certify, 1);
    bool is_hidden = sim_adversary_draw(adversary, 3) == 0;
    if (is_hidden && adversary->apart != 0)
        talk = talk_among(adversary, talk, adversary->apart);
    if (talk != NULL)
        tell(adversary, talk, &out, is_hidden);
    like.certify = out.fact.id;
    like.school = adversary->school;
    struct sim_line *line = sim_line_add(adversary, &like);
    if (line == NULL || sim_adversary_draw(adversary, 3) == 0)
        return;
    line->nodes = sim_lie_some_nodes(adversary);
    if (edit(adversary, line) || sim_line_write(adversary, line, 1) != NULL)
        sim_talk_push(adversary, line, 1);
}

/* Up to as many tips as a writer may have, and more: some are told of these, some of those. */
static void fork_shared(struct sim_adversary *adversary)
{
    static const uint32_t counts[] = {2, PH_BRANCHES_MAX - 2, PH_BRANCHES_MAX - 1, PH_BRANCHES_MAX,
                                      PH_BRANCHES_MAX + 2};
    const struct sim_line *line = sim_line_own(adversary);
    uint32_t count = counts[sim_adversary_draw(adversary, sizeof counts / sizeof *counts)];
    uint32_t at = (uint32_t)sim_adversary_draw(adversary, line->count + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct sim_line *branch = sim_line_branch(adversary, line, at);
        if (branch == NULL)
            return;
        branch->nodes = sim_lie_some_nodes(adversary);
        sim_line_write(adversary, branch, sim_line_step(adversary, branch));
        if (sim_adversary_draw(adversary, 2) == 0)
            sim_talk_push(adversary, branch, branch->count);
    }
}

/* A fact by a writer of both, whose past shows one certify fact or the other: whose it is differs
 * from fact to fact. */
static void speak_as_both(struct sim_adversary *adversary, struct sim_talk *talk)
{
    const struct sim_line *line = sim_line_own(adversary),
                          *other = sim_line_own(adversary->partner);
    struct sim_signed out = {.len = 0};
    if (sim_adversary_draw(adversary, 2) == 0)
        fill_invite(adversary, &out.fact);
    else
        fill_propose(adversary, &out.fact);
    const struct sim_line *named = sim_adversary_draw(adversary, 2) == 0 ? line : other;
    sim_fact_sign_on(adversary, &out, line, &named->certify, 1);
    sim_fact_publish(adversary, talk, &out);
}

void sim_plot_share(struct sim_adversary *adversary, struct sim_talk *talk)
{
    if (adversary->partner == NULL)
        return;
    switch (sim_adversary_draw(adversary, 4)) {
    case 0:
        fork_shared(adversary);
        break;
    case 1:
        speak_as_both(adversary, talk);
        break;
    default:
        certify_partners(adversary, talk);
        break;
    }
}
