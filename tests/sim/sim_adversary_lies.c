/* What an adversary writes: branches, leaps, logs that it keeps to itself, edits without the
 * right. */
#include <stdlib.h>

#include "proto/message.h"
#include "tests/sim/sim_adversary_state.h"

#define NEAR_QUOTA (4 * 1024 * 1024)
#define BIG_LEN 8000
#define NO_RECORD 9999 /* a kind that nobody knows */

void sim_lie_write(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_line *line = sim_line_own(adversary);
    uint32_t count = 1 + (uint32_t)sim_adversary_draw(adversary, 3);
    for (uint32_t i = 0; i < count; i++)
        sim_line_write(adversary, line, sim_line_step(adversary, line));
    if (sim_adversary_draw(adversary, 2) == 0)
        sim_talk_push(adversary, line, count);
    else
        sim_talk_heads(adversary, talk);
}

/* --- branches --- */

static uint32_t own_count(const struct sim_adversary *adversary)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < adversary->line_count; i++)
        count += adversary->lines[i].is_own;
    return count;
}

uint32_t sim_lie_some_nodes(struct sim_adversary *adversary)
{
    switch (sim_adversary_draw(adversary, 3)) {
    case 0:
        return UINT32_MAX;
    case 1:
        return UINT32_C(1) << sim_adversary_draw(adversary, adversary->sim->options.node_count);
    default:
        return (uint32_t)sim_next(&adversary->chance);
    }
}

/* Goes on from an old entry, or from none; of its partner's log too, if they share their keys. */
void sim_lie_fork(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_line *line = sim_line_own(adversary);
    if (adversary->partner != NULL && sim_adversary_draw(adversary, 3) == 0)
        line = sim_line_own(adversary->partner);
    uint32_t at = (uint32_t)sim_adversary_draw(adversary, line->count + 1);
    if (own_count(adversary) >= adversary->own_max)
        return;
    struct sim_line *branch = sim_line_branch(adversary, line, at);
    if (branch == NULL)
        return;
    uint32_t count = 1 + (uint32_t)sim_adversary_draw(adversary, 3);
    branch->nodes = sim_lie_some_nodes(adversary);
    for (uint32_t i = 0; i < count; i++)
        sim_line_write(adversary, branch, sim_line_step(adversary, branch));
    if (sim_adversary_draw(adversary, 2) == 0)
        sim_talk_push(adversary, branch, count);
    else
        sim_talk_heads(adversary, talk);
}

/* --- Lamport times --- */

/* One entry that nobody may take, to one listener, and gone. */
static void say_forbidden(struct sim_adversary *adversary, struct sim_talk *talk,
                          struct sim_line *line)
{
    static uint8_t bytes[PH_FRAME_MESSAGE_MAX];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    sim_adversary_forbid(adversary, &line->steps[line->count - 1].link.id);
    if (sim_line_run(line, line->count - 1, 1, false, &message) != 0)
        sim_session_say(&talk->session, ph_buffer_bytes(&message));
    sim_line_cut(line, 1);
}

void sim_lie_leap(struct sim_adversary *adversary, struct sim_talk *talk)
{
    static const uint64_t steps[] = {PH_LAMPORT_STEP_MAX, PH_LAMPORT_STEP_MAX + 1, 0,
                                     PH_LAMPORT_MAX, UINT64_MAX};
    uint64_t step = steps[sim_adversary_draw(adversary, sizeof steps / sizeof *steps)];
    struct sim_line *line = sim_line_own(adversary);
    sim_line_write(adversary, line, step);
    if (step == PH_LAMPORT_STEP_MAX)
        sim_talk_push(adversary, line, 1);
    else
        say_forbidden(adversary, talk, line);
}

/* --- keeping to itself --- */

void sim_lie_withhold(struct sim_adversary *adversary, struct sim_talk *talk)
{
    struct sim_line *line = sim_line_own(adversary);
    if (!adversary->is_calm) {
        uint32_t count = 1 + (uint32_t)sim_adversary_draw(adversary, 5);
        for (uint32_t i = 0; i < count; i++)
            sim_line_write(adversary, line, sim_line_step(adversary, line));
        line->is_withheld = sim_adversary_draw(adversary, 2) == 0;
        line->part = sim_adversary_draw(adversary, 2) == 0 ? line->count - count / 2 : UINT32_MAX;
    }
    sim_talk_heads(adversary, talk);
}

/* --- quota --- */

static void write_big(struct sim_adversary *adversary, struct sim_line *line)
{
    uint8_t skeleton[PH_BODY_MAX], content[PH_BODY_MAX], item[BIG_LEN + 8];
    char text[BIG_LEN];
    struct ph_op_writer ops;
    struct ph_body body = {0};
    struct ph_buffer value = ph_buffer(item, sizeof item);
    struct ph_record_id record =
        ph_record_id_make(&adversary->school, sim_line_tip(line).seq + 1, (const uint8_t *)"big!");
    memset(text, 'x', sizeof text);
    ph_pack_text(&value, ph_bytes(text, sizeof text));
    ph_ops_begin(&ops, skeleton, content, PH_BODY_MAX);
    ph_ops_group(&ops, PH_KIND_REFLECTION, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, 15, NULL, 0, ph_buffer_bytes(&value));
    if (ph_ops_end(&ops, &body) != PH_OK)
        sim_fail(adversary->sim, "an adversary can't write much");
    sim_line_append(adversary, line, &body, sim_line_step(adversary, line));
}

void sim_lie_quota(struct sim_adversary *adversary, struct sim_talk *talk)
{
    uint64_t quota = ph_facts_founding(adversary->facts)->of.found.quota;
    struct sim_line *line = sim_line_own(adversary);
    if (quota > NEAR_QUOTA)
        return;
    for (uint32_t i = 0; i < 8; i++) {
        write_big(adversary, line);
        struct ph_link tip = sim_line_tip(line);
        if (ph_quota_used(tip.seq, tip.sum) > quota) {
            say_forbidden(adversary, talk, line);
            return;
        }
    }
    sim_talk_heads(adversary, talk);
}

/* --- receipts --- */

/* All that it holds is held there, whoever says so. */
static uint32_t list_all(const struct sim_adversary *adversary, uint8_t *held)
{
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < adversary->line_count; i++) {
        const struct sim_line *line = &adversary->lines[i];
        struct ph_link tip = sim_line_tip(line);
        if (line->count != 0)
            ph_receipt_put(held + (size_t)count++ * PH_RECEIPT_HELD_LEN, &line->writer, tip.seq,
                           &tip.id);
    }
    qsort(held, count, PH_RECEIPT_HELD_LEN, ph_receipt_compare_held);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || ph_receipt_compare_held(held + (kept - 1) * PH_RECEIPT_HELD_LEN,
                                                 held + i * PH_RECEIPT_HELD_LEN) != 0)
            memmove(held + kept++ * PH_RECEIPT_HELD_LEN, held + i * PH_RECEIPT_HELD_LEN,
                    PH_RECEIPT_HELD_LEN);
    return kept;
}

static uint32_t any_counter(struct sim_adversary *adversary)
{
    switch (sim_adversary_draw(adversary, 4)) {
    case 0:
        return UINT32_MAX;
    case 1:
        return 1;
    default:
        return 1 + (uint32_t)sim_adversary_draw(adversary, 100);
    }
}

/* In the name of any writer, the listener's own too; signed with its own key, which fits its own
 * alone. */
void sim_lie_receipts(struct sim_adversary *adversary, struct sim_talk *talk)
{
    static uint8_t held[SIM_LINES_MAX * PH_RECEIPT_HELD_LEN], bytes[PH_FRAME_MESSAGE_MAX];
    const struct sim_line *own = sim_line_own(adversary);
    const struct sim_line *by =
        &adversary->lines[sim_adversary_draw(adversary, adversary->line_count)];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    struct ph_receipt receipt = {.writer = by->writer, .counter = any_counter(adversary)};
    receipt.held = ph_bytes(held, (size_t)list_all(adversary, held) * PH_RECEIPT_HELD_LEN);
    if (sim_adversary_draw(adversary, 3) == 0)
        receipt.writer = own->writer;
    if (sim_adversary_draw(adversary, 3) == 0)
        receipt.replaced = ph_bytes(by->writer.bytes, PH_RECEIPT_WRITER_LEN);
    ph_receipt_sign(&receipt, &adversary->invitation.network, &own->secret);
    ph_message_receipt(&message, &receipt);
    sim_session_say(&talk->session, ph_buffer_bytes(&message));
}

/* --- edits without the right --- */

bool sim_lie_find_op(struct sim_adversary *adversary, bool of_owner, struct ph_op *out)
{
    for (int tries = 0; tries < 20; tries++) {
        const struct sim_line *line;
        const struct sim_step *step = sim_line_other(adversary, &line);
        struct ph_op_reader reader;
        if (step == NULL)
            return false;
        struct ph_op_place place = {
            .writer = line->writer, .seq = step->link.seq, .id = step->link.id};
        if (ph_ops_open(&reader, &place, &step->body) != PH_OK)
            continue;
        while (ph_ops_next(&reader, out)) {
            const struct ph_kind *kind = ph_kind_by_number(out->kind);
            if (kind != NULL && (kind->right == PH_RIGHT_OWNER) == of_owner &&
                (out->type == PH_OP_SET || out->type == PH_OP_ADD))
                return true;
        }
    }
    return false;
}

/* Another's own record, overwritten and plundered. */
static void edit_anothers(struct sim_adversary *adversary, struct ph_op_writer *ops)
{
    struct ph_op op;
    if (!sim_lie_find_op(adversary, true, &op))
        return;
    ph_ops_group(ops, op.kind, &op.record, PH_AUDIENCE_NETWORK);
    if (sim_adversary_draw(adversary, 2) == 0)
        ph_ops_create(ops);
    if (op.type == PH_OP_SET)
        ph_ops_set(ops, op.field, &op.self, 1, ph_bytes_text("\xa6Stolen"));
    else
        ph_ops_remove(ops, op.field, &op.self, 1);
}

/* A record that another school owns, by its id. */
static void create_anothers(struct sim_adversary *adversary, struct ph_op_writer *ops)
{
    const struct sim_line *line;
    if (sim_line_other(adversary, &line) == NULL)
        return;
    struct ph_record_id id = ph_record_id_make(
        &line->school, 1 + (uint32_t)sim_adversary_draw(adversary, 9), (const uint8_t *)"mine");
    ph_ops_group(ops, PH_KIND_PLAN, &id, PH_AUDIENCE_NETWORK);
    ph_ops_create(ops);
    ph_ops_set(ops, 3, NULL, 0, ph_bytes_text("\xa6Stolen"));
}

/* References to what is somewhere else, never was, or comes later. */
static void refer_to_nothing(struct sim_adversary *adversary, struct ph_op_writer *ops,
                             const struct ph_record_id *own)
{
    struct ph_op_ref refs[3] = {{.seq = 7, .index = 1}};
    struct ph_op op;
    uint32_t count = 1;
    refs[0].writer.bytes[0] = (uint8_t)sim_adversary_draw(adversary, 256);
    if (sim_lie_find_op(adversary, false, &op))
        refs[count++] = op.self;
    refs[count++] = (struct ph_op_ref){.index = 200}; /* of this very entry, later */
    ph_ops_group(ops, PH_KIND_PLAN, own, PH_AUDIENCE_NETWORK);
    ph_ops_create(ops);
    ph_ops_set(ops, 3, refs + sim_adversary_draw(adversary, 2), count - 1,
               ph_bytes_text("\xa4oops"));
}

static void write_unknown(struct ph_op_writer *ops, const struct ph_record_id *own)
{
    ph_ops_group(ops, NO_RECORD, own, PH_AUDIENCE_SCHOOL);
    ph_ops_create(ops);
    ph_ops_set(ops, 60000, NULL, 0, ph_bytes_text("\xc0"));
    ph_ops_group(ops, PH_KIND_PLAN, own, PH_AUDIENCE_SCHOOL);
    ph_ops_add(ops, 3, ph_bytes_text("\x05")); /* a register is no set, a number is no text */
}

void sim_lie_trespass(struct sim_adversary *adversary, struct sim_talk *talk)
{
    uint8_t skeleton[PH_BODY_MAX], content[PH_BODY_MAX];
    struct sim_line *line = sim_line_own(adversary);
    struct ph_op_writer ops;
    struct ph_body body = {0};
    struct ph_record_id own =
        ph_record_id_make(&adversary->school, sim_line_tip(line).seq + 1, (const uint8_t *)"own!");
    (void)talk;
    ph_ops_begin(&ops, skeleton, content, PH_BODY_MAX);
    switch (sim_adversary_draw(adversary, 4)) {
    case 0:
        edit_anothers(adversary, &ops);
        break;
    case 1:
        create_anothers(adversary, &ops);
        break;
    case 2:
        refer_to_nothing(adversary, &ops, &own);
        break;
    default:
        write_unknown(&ops, &own);
        break;
    }
    if (ops.group_count == 0 || ph_ops_end(&ops, &body) != PH_OK)
        return;
    sim_line_append(adversary, line, &body, sim_line_step(adversary, line));
    sim_talk_push(adversary, line, 1);
}
