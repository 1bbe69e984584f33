/* The protocol, as far as an adversary follows it: facts, heads, wants, runs, fills. */
#include <stdlib.h>

#include "tests/sim/sim_adversary_state.h"

#define FACTS_PER_MESSAGE 16
#define WANTS_PER_HEADS 4

static uint8_t building[PH_FRAME_MESSAGE_MAX];

static struct ph_buffer blank(void)
{
    return ph_buffer(building, sizeof building);
}

static void say(struct sim_talk *talk, const struct ph_buffer *message)
{
    if (!message->overflow)
        sim_session_say(&talk->session, ph_buffer_bytes(message));
}

struct sim_talk *sim_talk_draw(struct sim_adversary *adversary)
{
    uint32_t first = (uint32_t)sim_adversary_draw(adversary, SIM_SESSIONS_MAX);
    for (uint32_t i = 0; i < SIM_SESSIONS_MAX; i++) {
        struct sim_talk *talk = &adversary->talks[(first + i) % SIM_SESSIONS_MAX];
        if (talk->session.state == SIM_SESSION_OPEN)
            return talk;
    }
    return NULL;
}

void sim_talk_find_node(struct sim_adversary *adversary, struct sim_talk *talk)
{
    for (uint32_t node = 0; talk->node == SIM_NOBODY && node < adversary->sim->options.node_count;
         node++) {
        struct ph_sign_secret unused;
        struct ph_school_id school;
        ph_sign_key_from_seed(sim_identity(adversary->sim, node)->school_seed, &unused,
                              school.bytes);
        if (ph_school_id_equal(&school, &talk->session.speaker.theirs.school))
            talk->node = node;
    }
}

/* --- what it shows to whom --- */

/* Its own lines and those that it relays; then its partner's own, whatever that one hides. */
static const struct sim_line *line_at(const struct sim_adversary *adversary, uint32_t index)
{
    const struct sim_adversary *partner = adversary->partner;
    if (index < adversary->line_count)
        return &adversary->lines[index];
    for (uint32_t i = 0, left = index - adversary->line_count;
         partner != NULL && i < partner->line_count; i++)
        if (partner->lines[i].is_own && left-- == 0)
            return &partner->lines[i];
    return NULL;
}

static bool is_shown(const struct sim_adversary *adversary, uint32_t index,
                     const struct sim_talk *talk)
{
    const struct sim_line *line = line_at(adversary, index);
    if (index >= adversary->line_count)
        return line->count != 0;
    return line->count != 0 && index != adversary->censored &&
           (talk->node == SIM_NOBODY || (line->nodes >> talk->node & 1) != 0);
}

/* --- facts --- */

void sim_talk_facts(struct sim_talk *talk, const struct ph_bytes *facts, uint32_t count)
{
    while (count != 0) {
        struct ph_buffer message = blank();
        uint32_t taken = ph_message_facts(&message, facts, count);
        say(talk, &message);
        facts += taken;
        count -= taken;
    }
}

static void say_fact_ids(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct ph_buffer message = blank();
    uint32_t count = ph_facts_count(adversary->facts);
    uint8_t *prefixes = malloc((size_t)16 * count);
    if (prefixes == NULL)
        abort();
    for (uint32_t i = 0; i < count; i++)
        memcpy(prefixes + (size_t)16 * i, ph_facts_at(adversary->facts, i)->id.bytes, 16);
    talk->facts_are_said = true;
    ph_message_fact_ids(&message, ph_bytes(prefixes, (size_t)16 * (count < 4000 ? count : 4000)),
                        false);
    say(talk, &message);
    free(prefixes);
}

static bool is_among(struct ph_bytes prefixes, const struct ph_fact_id *id)
{
    for (size_t i = 0; i + 16 <= prefixes.len; i += 16)
        if (memcmp(prefixes.data + i, id->bytes, 16) == 0)
            return true;
    return false;
}

static void answer_fact_ids(struct sim_adversary *adversary, struct sim_talk *talk,
                            struct ph_bytes theirs)
{
    struct ph_bytes facts[FACTS_PER_MESSAGE];
    uint32_t count = 0;
    bool is_short = false;
    for (size_t i = 0; i + 16 <= theirs.len; i += 16)
        is_short =
            is_short || ph_facts_find_prefix(adversary->facts, theirs.data + i) >= PH_FACTS_MAX;
    for (uint32_t i = 0; i < ph_facts_count(adversary->facts); i++) {
        if (is_among(theirs, &ph_facts_at(adversary->facts, i)->id))
            continue;
        facts[count++] = ph_facts_at(adversary->facts, i)->bytes;
        if (count == FACTS_PER_MESSAGE) {
            sim_talk_facts(talk, facts, count);
            count = 0;
        }
    }
    sim_talk_facts(talk, facts, count);
    if (is_short && !talk->facts_are_said)
        say_fact_ids(adversary, talk);
}

static bool has_line(const struct sim_adversary *adversary, const struct ph_writer_id *writer)
{
    for (uint32_t i = 0; i < adversary->line_count; i++)
        if (ph_writer_id_equal(&adversary->lines[i].writer, writer))
            return true;
    return false;
}

/* Told by its id, before any signature is looked at: it is sent the same facts again and again. */
static bool is_held(const struct sim_adversary *adversary, struct ph_bytes bytes)
{
    struct ph_unpacker in = ph_unpack_scanned(bytes);
    struct ph_fact_id id;
    ph_unpack_array(&in);
    struct ph_hash hash = ph_hash(PH_DOMAIN_FACT, ph_unpack_bin(&in));
    memcpy(id.bytes, hash.bytes, sizeof id.bytes);
    return ph_facts_find(adversary->facts, &id) != NULL;
}

static bool is_of(const struct sim_adversary *adversary, const struct ph_fact *fact)
{
    return memcmp(fact->author.bytes, adversary->school.bytes, sizeof fact->author.bytes) == 0;
}

/* What those with plots tell some, they don't take from them, and so keep from others. */
static bool is_secret(const struct sim_adversary *adversary, struct ph_bytes bytes)
{
    const struct sim_adversary *partner = adversary->partner;
    struct ph_fact fact;
    if ((adversary->plots & (SIM_PLOT(HIDE) | SIM_PLOT(SHARE))) == 0 ||
        ph_fact_read(bytes, &fact) != PH_OK)
        return false;
    return is_of(adversary, &fact) || (partner != NULL && is_of(partner, &fact));
}

static void take_facts(struct sim_adversary *adversary, struct ph_unpacker facts, uint32_t count)
{
    while (count-- != 0) {
        bool is_new = false;
        struct ph_bytes bytes = ph_message_next_fact(&facts);
        if (is_held(adversary, bytes) || is_secret(adversary, bytes) ||
            ph_facts_take(adversary->facts, bytes, &is_new) != PH_OK || !is_new)
            continue;
        const struct ph_fact *fact =
            ph_facts_at(adversary->facts, ph_facts_count(adversary->facts) - 1);
        if (fact->type != PH_FACT_CERTIFY || has_line(adversary, &fact->of.certify.writer))
            continue;
        struct sim_line like = {.writer = fact->of.certify.writer, .certify = fact->id};
        memcpy(like.school.bytes, fact->author.bytes, sizeof like.school.bytes);
        sim_line_add(adversary, &like);
    }
}

static void introduce(struct sim_adversary *adversary, struct sim_talk *talk)
{
    uint32_t *indexes = calloc(ph_facts_count(adversary->facts), sizeof *indexes);
    struct ph_fact_id certify = sim_line_own(adversary)->certify;
    if (indexes == NULL)
        abort();
    uint32_t count = ph_facts_closure(adversary->facts, &certify, indexes);
    for (uint32_t i = 0; i <= count && !talk->is_introduced; i++) {
        struct ph_buffer message = blank();
        struct ph_bytes fact = {0};
        if (i < count)
            fact = ph_facts_at(adversary->facts, indexes[i])->bytes;
        ph_message_introduce(&message, &fact, i < count ? 1 : 0, NULL);
        say(talk, &message);
    }
    talk->is_introduced = true;
    free(indexes);
}

/* --- heads and wants --- */

void sim_talk_heads(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct ph_head heads[2 * SIM_LINES_MAX];
    struct ph_buffer message = blank();
    uint32_t count = 0;
    talk->heads_are_said = true;
    for (uint32_t i = 0; count < 2 * SIM_LINES_MAX && line_at(adversary, i) != NULL; i++) {
        const struct sim_line *line = line_at(adversary, i);
        if (!is_shown(adversary, i, talk))
            continue;
        struct ph_link tip = sim_line_tip(line);
        heads[count++] = (struct ph_head){.writer = line->writer, .seq = tip.seq, .id = tip.id};
    }
    ph_message_heads(&message, heads, count, NULL, 0);
    say(talk, &message);
}

static void want(struct sim_talk *talk, const struct sim_line *line, const struct ph_head *head)
{
    struct ph_wanted wanted = {
        .writer = line->writer, .head = {.seq = head->seq}, .run_count = PH_WANT_RUNS_MAX};
    struct ph_buffer message = blank();
    struct ph_link tip = sim_line_tip(line);
    struct ph_locator locator = {.seq = tip.seq};
    memcpy(locator.check, tip.id.bytes, sizeof locator.check);
    memcpy(wanted.head.check, head->id.bytes, sizeof wanted.head.check);
    ph_message_want(&message, &wanted, &locator, tip.seq == 0 ? 0 : 1);
    say(talk, &message);
}

static void answer_heads(struct sim_adversary *adversary, struct sim_talk *talk,
                         const struct ph_message *message)
{
    struct ph_unpacker heads = message->of.heads.heads;
    uint32_t want_count = 0;
    for (uint32_t i = 0; i < message->of.heads.head_count; i++) {
        struct ph_head head = ph_message_next_head(&heads);
        for (uint32_t k = 0; k < adversary->line_count && want_count < WANTS_PER_HEADS; k++) {
            struct sim_line *line = &adversary->lines[k];
            if (line->is_own || line->count >= head.seq ||
                !ph_writer_id_equal(&line->writer, &head.writer))
                continue;
            want(talk, line, &head);
            want_count++;
        }
    }
}

static const struct sim_step *step_of(const struct sim_adversary *adversary,
                                      const struct ph_hole *hole)
{
    const struct sim_line *line;
    for (uint32_t i = 0; (line = line_at(adversary, i)) != NULL; i++)
        if (ph_writer_id_equal(&line->writer, &hole->writer) && hole->seq != 0 &&
            hole->seq <= line->count && !line->steps[hole->seq - 1].body.content_is_missing)
            return &line->steps[hole->seq - 1];
    return NULL;
}

/* Now and then, as it likes. */
static void fill_holes(struct sim_adversary *adversary, struct sim_talk *talk,
                       const struct ph_message *message)
{
    struct ph_unpacker holes = message->of.heads.holes;
    for (uint32_t i = 0; i < message->of.heads.hole_count; i++) {
        struct ph_hole hole = ph_message_next_hole(&holes);
        const struct sim_step *step = step_of(adversary, &hole);
        struct ph_buffer out = blank();
        if (step == NULL || step->body.content_len == 0 || sim_adversary_draw(adversary, 3) != 0)
            continue;
        ph_message_fill(&out, &hole.writer, hole.seq, &step->body.salt, step->body.content);
        if (sim_adversary_does(adversary, SIM_LIE(HOLES)) && sim_adversary_draw(adversary, 3) == 0)
            out.data[out.len - 1] ^= 1; /* the last byte of the content */
        say(talk, &out);
    }
}

/* --- runs --- */

static uint32_t common(const struct sim_line *line, const struct ph_message *message)
{
    struct ph_unpacker locators = message->of.want.locators;
    uint32_t after = 0;
    for (uint32_t i = 0; i < message->of.want.locator_count; i++) {
        struct ph_locator locator = ph_message_next_locator(&locators);
        if (locator.seq <= line->count && locator.seq > after &&
            memcmp(line->steps[locator.seq - 1].link.id.bytes, locator.check, 16) == 0)
            after = locator.seq;
    }
    return after;
}

static void serve(struct sim_adversary *adversary, struct sim_talk *talk,
                  const struct sim_line *line, const struct ph_message *message)
{
    uint32_t after = common(line, message);
    bool as_holes = line->is_own && sim_adversary_does(adversary, SIM_LIE(HOLES)) &&
                    sim_adversary_draw(adversary, 2) == 0;
    for (uint8_t i = 0; i < message->of.want.log.run_count && after < line->part; i++) {
        struct ph_buffer out = blank();
        uint32_t count = sim_line_run(line, after, line->part - after, as_holes, &out);
        if (count == 0)
            return;
        say(talk, &out);
        after += count;
    }
}

/* Whether the line ends with the head that is wanted, or goes on from there. */
static bool has_head(const struct sim_line *line, const struct ph_locator *head)
{
    return head->seq <= line->count &&
           memcmp(line->steps[head->seq - 1].link.id.bytes, head->check, sizeof head->check) == 0;
}

static void answer_want(struct sim_adversary *adversary, struct sim_talk *talk,
                        const struct ph_message *message)
{
    const struct sim_line *line, *best = NULL;
    for (uint32_t i = 0; (line = line_at(adversary, i)) != NULL; i++)
        if (is_shown(adversary, i, talk) &&
            ph_writer_id_equal(&line->writer, &message->of.want.log.writer) &&
            (best == NULL || has_head(line, &message->of.want.log.head)))
            best = line;
    if (best != NULL && (!best->is_withheld || adversary->partner != NULL))
        serve(adversary, talk, best, message);
}

void sim_talk_push(struct sim_adversary *adversary, const struct sim_line *line, uint32_t count)
{
    for (uint32_t i = 0; i < SIM_SESSIONS_MAX; i++) {
        struct sim_talk *talk = &adversary->talks[i];
        struct ph_buffer message = blank();
        if (talk->session.state != SIM_SESSION_OPEN ||
            !is_shown(adversary, (uint32_t)(line - adversary->lines), talk))
            continue;
        if (sim_line_run(line, line->count - count, count, false, &message) != 0)
            say(talk, &message);
    }
}

static void pass_on(struct sim_adversary *adversary, const struct ph_message *message,
                    const struct sim_talk *from)
{
    struct sim_line *line = sim_line_take(adversary, &message->of.run);
    if (line == NULL)
        return;
    for (uint32_t i = 0; i < SIM_SESSIONS_MAX; i++)
        if (&adversary->talks[i] != from && adversary->talks[i].heads_are_said)
            sim_talk_heads(adversary, &adversary->talks[i]);
}

/* --- in --- */

static void answer_root(struct sim_adversary *adversary, struct sim_talk *talk,
                        const struct ph_message *message)
{
    struct ph_hash fact_set = ph_facts_hash(adversary->facts, ph_facts_count(adversary->facts));
    if (!ph_hash_equal(&fact_set, &message->of.root.fact_set))
        say_fact_ids(adversary, talk);
    if (!talk->heads_are_said)
        sim_talk_heads(adversary, talk);
}

void sim_adversary_hear(void *impl, struct sim_session *session, const struct ph_message *message)
{
    struct sim_adversary *adversary = impl;
    struct sim_talk *talk = (struct sim_talk *)session; /* its first member */
    sim_talk_find_node(adversary, talk);
    switch (message->type) {
    case PH_MESSAGE_ROOT:
        answer_root(adversary, talk, message);
        return;
    case PH_MESSAGE_WHO:
        introduce(adversary, talk);
        return;
    case PH_MESSAGE_FACT_IDS:
        answer_fact_ids(adversary, talk, message->of.fact_ids.prefixes);
        return;
    case PH_MESSAGE_INTRODUCE:
        take_facts(adversary, message->of.introduce.facts, message->of.introduce.fact_count);
        return;
    case PH_MESSAGE_FACTS:
        take_facts(adversary, message->of.facts.facts, message->of.facts.fact_count);
        return;
    case PH_MESSAGE_HEADS:
        answer_heads(adversary, talk, message);
        fill_holes(adversary, talk, message);
        if (!talk->heads_are_said)
            sim_talk_heads(adversary, talk);
        return;
    case PH_MESSAGE_WANT:
        answer_want(adversary, talk, message);
        return;
    case PH_MESSAGE_RUN:
        pass_on(adversary, message, talk);
        return;
    case PH_MESSAGE_FILL:
    case PH_MESSAGE_END:
    case PH_MESSAGE_TWIN:
    case PH_MESSAGE_PRUNE:
    case PH_MESSAGE_GRAFT:
    case PH_MESSAGE_RECEIPT:
    case PH_MESSAGE_RECEIPTS:
        return;
    }
}
