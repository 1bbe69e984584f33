/* What an adversary says that nobody wrote: heads of its fancy, floods, noise, silence. */
#include <stdlib.h>

#include "tests/sim/sim_adversary_state.h"

#define FLOOD_MAX 40
#define DEAF_MS 8000
#define DRIP_MS 400
#define CROWD_COUNT 8
#define HEADS_LYING_MAX 20

static uint8_t building[PH_FRAME_MESSAGE_MAX];

static struct ph_buffer blank(void)
{
    return ph_buffer(building, sizeof building);
}

static void draw_bytes(struct sim_adversary *adversary, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)sim_adversary_draw(adversary, 256);
}

static const struct sim_line *any_line(struct sim_adversary *adversary)
{
    return &adversary->lines[sim_adversary_draw(adversary, adversary->line_count)];
}

/* --- heads --- */

/* Too high, too low, of nobody; the listener's own log is among them. */
static struct ph_head lying_head(struct sim_adversary *adversary)
{
    const struct sim_line *line = any_line(adversary);
    struct ph_link tip = sim_line_tip(line);
    struct ph_head head = {.writer = line->writer, .seq = tip.seq, .id = tip.id};
    switch (sim_adversary_draw(adversary, 5)) {
    case 0:
        head.seq += 1 + (uint32_t)sim_adversary_draw(adversary, 1000000);
        draw_bytes(adversary, head.id.bytes, sizeof head.id.bytes);
        break;
    case 1:
        head.seq = 1 + (uint32_t)sim_adversary_draw(adversary, head.seq + 1);
        break;
    case 2:
        draw_bytes(adversary, head.id.bytes, sizeof head.id.bytes); /* as if it were a branch */
        break;
    case 3:
        draw_bytes(adversary, head.writer.bytes, sizeof head.writer.bytes);
        break;
    default:
        head.seq = UINT32_MAX;
        break;
    }
    if (head.seq == 0 && sim_adversary_draw(adversary, 8) != 0)
        head.seq = 1; /* 0 ends the session: not each time */
    return head;
}

void sim_lie_heads(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct ph_head heads[HEADS_LYING_MAX];
    struct ph_hole holes[HEADS_LYING_MAX];
    struct ph_buffer message = blank();
    uint32_t count = 1 + (uint32_t)sim_adversary_draw(adversary, HEADS_LYING_MAX);
    for (uint32_t i = 0; i < count; i++) {
        heads[i] = lying_head(adversary);
        holes[i] = (struct ph_hole){.writer = heads[i].writer, .seq = 1};
    }
    ph_message_heads(&message, heads, count, holes, count / 2);
    sim_session_say(&talk->session, ph_buffer_bytes(&message));
}

/* --- floods --- */

static void ask_for_a_log(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct ph_buffer message = blank();
    struct ph_locator locator = {.seq = 1 + (uint32_t)sim_adversary_draw(adversary, 9)};
    const struct sim_line *line = any_line(adversary);
    struct ph_link tip = sim_line_tip(line);
    struct ph_wanted wanted = {
        .writer = line->writer, .head = {.seq = tip.seq + 1}, .run_count = PH_WANT_RUNS_MAX};
    if (tip.seq != 0 && sim_adversary_draw(adversary, 4) != 0) {
        wanted.head.seq = tip.seq;
        memcpy(wanted.head.check, tip.id.bytes, sizeof wanted.head.check);
    }
    ph_message_want(&message, &wanted, &locator, (uint32_t)sim_adversary_draw(adversary, 2));
    sim_session_say(&talk->session, ph_buffer_bytes(&message));
}

/* An empty list, or one that goes on and on: all facts are to be sent again. */
static void ask_for_facts(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct ph_buffer message = blank();
    uint8_t prefixes[16 * 50];
    uint32_t count = (uint32_t)sim_adversary_draw(adversary, 51);
    draw_bytes(adversary, prefixes, 16 * (size_t)count);
    ph_message_fact_ids(&message, ph_bytes(prefixes, 16 * (size_t)count),
                        sim_adversary_draw(adversary, 2) == 0);
    sim_session_say(&talk->session, ph_buffer_bytes(&message));
}

static void say_a_root(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct ph_buffer message = blank();
    struct ph_hash fact_set;
    struct ph_root root;
    draw_bytes(adversary, fact_set.bytes, sizeof fact_set.bytes);
    draw_bytes(adversary, root.bytes, sizeof root.bytes);
    ph_message_root(&message, &fact_set, &root);
    sim_session_say(&talk->session, ph_buffer_bytes(&message));
}

void sim_lie_flood(struct sim_adversary *adversary, struct sim_talk *talk)
{
    uint64_t what = sim_adversary_draw(adversary, 4);
    uint64_t count = 1 + sim_adversary_draw(adversary, FLOOD_MAX);
    for (uint64_t i = 0; i < count && what < 3; i++) {
        if (what == 0)
            ask_for_a_log(adversary, talk);
        else if (what == 1)
            ask_for_facts(adversary, talk);
        else
            say_a_root(adversary, talk);
    }
    struct ph_buffer who = blank();
    ph_message_who(&who);
    if (what == 3)
        sim_session_say(&talk->session, ph_buffer_bytes(&who)); /* twice ends the session */
}

/* --- slowness --- */

static void on_hearing_again(void *impl, uint64_t life, uint64_t node)
{
    struct sim_adversary *adversary = impl;
    if (life != adversary->life || adversary->deaf_to != node)
        return;
    adversary->deaf_to = SIM_NOBODY;
    sim_net_open(adversary->sim->net, sim_place(adversary->sim, (uint32_t)node), adversary->place);
}

static void read_nothing(struct sim_adversary *adversary, const struct sim_talk *talk)
{
    struct sim_task task = {
        .action = on_hearing_again, .impl = adversary, .a = adversary->life, .b = talk->node};
    if (adversary->deaf_to != SIM_NOBODY || talk->node == SIM_NOBODY)
        return;
    adversary->deaf_to = talk->node;
    sim_net_block(adversary->sim->net, sim_place(adversary->sim, talk->node), adversary->place);
    sim_clock_at(&adversary->sim->clock,
                 sim_now(adversary->sim) + 1 + sim_adversary_draw(adversary, DEAF_MS), &task);
}

static void drip(struct sim_adversary *adversary, const struct sim_talk *talk);

static void on_drip(void *impl, uint64_t life, uint64_t at)
{
    struct sim_adversary *adversary = impl;
    struct sim_talk *talk = &adversary->talks[at % SIM_SESSIONS_MAX];
    if (life != adversary->life || talk->session.conn != at / SIM_SESSIONS_MAX)
        return;
    sim_session_drip(&talk->session, 1 + sim_adversary_draw(adversary, 40));
    if (sim_session_is_held(&talk->session))
        drip(adversary, talk);
}

static void drip(struct sim_adversary *adversary, const struct sim_talk *talk)
{
    struct sim_task task = {.action = on_drip, .impl = adversary, .a = adversary->life};
    task.b = talk->session.conn * SIM_SESSIONS_MAX + (uint64_t)(talk - adversary->talks);
    sim_clock_at(&adversary->sim->clock,
                 sim_now(adversary->sim) + 1 + sim_adversary_draw(adversary, DRIP_MS), &task);
}

void sim_lie_slow(struct sim_adversary *adversary, struct sim_talk *talk)
{
    if (sim_adversary_draw(adversary, 2) == 0) {
        read_nothing(adversary, talk);
        return;
    }
    if (sim_session_is_held(&talk->session))
        return;
    sim_session_hold(&talk->session);
    drip(adversary, talk);
}

/* --- relaying --- */

static bool is_of_node(const struct sim_adversary *adversary, uint32_t line, uint32_t node)
{
    struct ph_sign_secret secret;
    struct ph_writer_id writer;
    ph_sign_key_from_seed(sim_identity(adversary->sim, node)->writer_seed, &secret, writer.bytes);
    return ph_writer_id_equal(&adversary->lines[line].writer, &writer);
}

void sim_lie_censor(struct sim_adversary *adversary, struct sim_talk *talk)
{
    for (uint32_t line = 0; adversary->censored_node != 0 && line < adversary->line_count; line++)
        if (is_of_node(adversary, line, adversary->censored_node - 1))
            adversary->censored = line;
    for (int tries = 0; tries < 10 && adversary->censored == SIM_NOBODY; tries++) {
        uint32_t line = (uint32_t)sim_adversary_draw(adversary, adversary->line_count);
        if (!adversary->lines[line].is_own)
            adversary->censored = line;
    }
    sim_talk_heads(adversary, talk);
}

/* --- the tree --- */

/* Of any log that it holds, which the listener holds as well, most likely. */
static void push_again(struct sim_adversary *adversary, struct sim_talk *talk)
{
    const struct sim_line *line = any_line(adversary);
    struct ph_buffer message = blank();
    if (line->count == 0)
        return;
    uint32_t after = (uint32_t)sim_adversary_draw(adversary, line->count);
    if (sim_line_run(line, after, line->count - after, false, &message) != 0)
        sim_session_say(&talk->session, ph_buffer_bytes(&message));
}

void sim_lie_tree(struct sim_adversary *adversary, struct sim_talk *talk)
{
    uint64_t what = sim_adversary_draw(adversary, 4);
    uint64_t count = 1 + sim_adversary_draw(adversary, FLOOD_MAX);
    for (uint64_t i = 0; i < count; i++) {
        struct ph_buffer message = blank();
        if (what == 0) {
            push_again(adversary, talk);
            continue;
        }
        if (what == 1 || (what == 2 && i % 2 == 0))
            ph_message_prune(&message);
        else
            ph_message_graft(&message);
        sim_session_say(&talk->session, ph_buffer_bytes(&message));
    }
}

/* --- sessions --- */

/* As its own PCs, or with the certificate for a writer key that is another's: the listener's own,
 * too. */
void sim_lie_many(struct sim_adversary *adversary, struct sim_talk *talk)
{
    const uint8_t *writer_seed = adversary->identity.writer_seed;
    uint32_t count = 1 + (uint32_t)sim_adversary_draw(adversary, CROWD_COUNT);
    if (talk->node == SIM_NOBODY)
        return;
    if (sim_adversary_draw(adversary, 2) == 0)
        writer_seed =
            sim_identity(adversary->sim, (uint32_t)sim_adversary_draw(
                                             adversary, adversary->sim->options.node_count))
                ->writer_seed;
    for (uint32_t i = 0; i < count; i++)
        sim_adversary_dial(adversary, talk->node, writer_seed);
}

/* --- bytes --- */

/* A run of its own next entries, with a byte that is wrong. */
static void say_changed_run(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_line *line = sim_line_own(adversary);
    struct ph_buffer message = blank();
    uint32_t count = 2 + (uint32_t)sim_adversary_draw(adversary, 3);
    for (uint32_t i = 0; i < count; i++)
        sim_line_write(adversary, line, 1);
    if (sim_line_run(line, line->count - count, count, false, &message) == 0)
        return;
    size_t head = 100, at = head + sim_adversary_draw(adversary, message.len - head);
    message.data[at] ^= (uint8_t)(1 + sim_adversary_draw(adversary, 255));
    for (uint32_t i = 0; i < count; i++)
        sim_adversary_forbid(adversary, &line->steps[line->count - 1 - i].link.id);
    sim_session_say(&talk->session, ph_buffer_bytes(&message));
    sim_line_cut(line, count);
}

/* The next entry of another's log, the listener's own among them, under its own signature. */
static void forge_a_run(struct sim_adversary *adversary, struct sim_talk *talk)
{
    const struct sim_line *line = any_line(adversary);
    struct sim_line forged = *line;
    struct ph_buffer message = blank();
    const struct sim_line *own = sim_line_own(adversary);
    if (line->is_own || line->count == 0 || ph_writer_id_equal(&own->writer, &line->writer))
        return; /* a partner's key makes it no forgery */
    forged.secret = own->secret;
    forged.steps = NULL;
    forged.count = forged.size = 0;
    sim_line_extend(&forged, line, 1 + (uint32_t)sim_adversary_draw(adversary, line->count));
    sim_line_write(adversary, &forged, 1);
    sim_adversary_forbid(adversary, &forged.steps[forged.count - 1].link.id);
    if (sim_line_run(&forged, forged.count - 1, 1, false, &message) != 0)
        sim_session_say(&talk->session, ph_buffer_bytes(&message));
    free(forged.steps);
}

/* An entry whose bytes are all right, and say nothing that can be read. */
static void write_noise(struct sim_adversary *adversary, struct sim_talk *talk)
{
    uint8_t skeleton[64], content[64];
    struct sim_line *line = sim_line_own(adversary);
    size_t len = sim_adversary_draw(adversary, sizeof skeleton);
    (void)talk;
    draw_bytes(adversary, skeleton, sizeof skeleton);
    draw_bytes(adversary, content, sizeof content);
    struct ph_body body = {.skeleton = ph_bytes(skeleton, len),
                           .content = ph_bytes(content, sizeof content),
                           .content_len = sizeof content};
    sim_line_append(adversary, line, &body, 1);
    sim_talk_push(adversary, line, 1);
}

static void say_noise(struct sim_adversary *adversary, struct sim_talk *talk)
{
    uint8_t bytes[200];
    size_t len = 1 + sim_adversary_draw(adversary, sizeof bytes);
    draw_bytes(adversary, bytes, len);
    bytes[0] &= 1; /* a form that there is */
    sim_session_seal(&talk->session, ph_bytes(bytes, len));
}

/* A good message, one byte of it changed. */
static void say_changed_heads(struct sim_adversary *adversary, struct sim_talk *talk)
{
    const struct sim_line *line = any_line(adversary);
    struct ph_link tip = sim_line_tip(line);
    struct ph_head head = {.writer = line->writer, .seq = tip.seq, .id = tip.id};
    struct ph_buffer message = blank();
    ph_message_heads(&message, &head, 1, NULL, 0);
    message.data[sim_adversary_draw(adversary, message.len)] ^= 0x41;
    sim_session_say(&talk->session, ph_buffer_bytes(&message));
}

static void break_a_seal(struct sim_adversary *adversary, struct sim_talk *talk)
{
    uint8_t bytes[64];
    draw_bytes(adversary, bytes, sizeof bytes);
    bytes[0] = 0;
    bytes[1] = sizeof bytes - 2;
    sim_session_send(&talk->session, ph_bytes(bytes, sizeof bytes));
}

void sim_lie_bytes(struct sim_adversary *adversary, struct sim_talk *talk)
{
    static sim_lie_act *const ways[] = {say_changed_run, forge_a_run,       write_noise,
                                        say_noise,       say_changed_heads, break_a_seal};
    ways[sim_adversary_draw(adversary, sizeof ways / sizeof *ways)](adversary, talk);
}

/* --- holes --- */

/* The content of an entry of its own, mostly of the last that it kept back; or other bytes. */
static void say_fill(struct sim_adversary *adversary, struct sim_talk *talk, bool is_wrong)
{
    const struct sim_line *line = sim_line_own(adversary);
    struct ph_buffer message = blank();
    if (line->count == 0)
        return;
    uint32_t at = (uint32_t)sim_adversary_draw(adversary, line->count);
    if (line->hole_seq != 0 && line->hole_seq <= line->count)
        at = line->hole_seq - 1;
    const struct sim_step *step = &line->steps[at];
    if (step->body.content_is_missing || step->body.content_len == 0)
        return;
    ph_message_fill(&message, &line->writer, step->link.seq, &step->body.salt, step->body.content);
    message.data[message.len - 1] ^= is_wrong ? 1 : 0;
    sim_session_say(&talk->session, ph_buffer_bytes(&message));
}

/* New entries without their content, or content for some that were. */
void sim_lie_holes(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_line *line = sim_line_own(adversary);
    struct ph_buffer message = blank();
    uint32_t count = 1 + (uint32_t)sim_adversary_draw(adversary, 4);
    if (sim_adversary_draw(adversary, 3) == 0) {
        say_fill(adversary, talk, sim_adversary_draw(adversary, 3) == 0);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        sim_line_write(adversary, line, 1);
    line->hole_seq = line->count;
    if (sim_line_run(line, line->count - count, count, true, &message) != 0)
        sim_session_say(&talk->session, ph_buffer_bytes(&message));
}
