#include "node/runs.h"

#include "node/branches.h"
#include "node/ends.h"
#include "node/ingest.h"
#include "node/writer.h"

/* A run being laid along what is held. */
struct fit {
    struct ph_run_reader *run;
    uint64_t quota;
    struct ph_place_on at; /* the entry last read over, in the log that holds it itself */
    struct ph_link link;   /* behind it */
    struct ph_log_row row; /* of the log that grows, with `link` as its tip */
    bool is_fork;          /* a new branch begins */
    bool is_held;          /* all of it */
    struct ph_run_entry next;
};

/* --- where it begins --- */

static enum ph_status refuse_left_out(const struct ph_node *node, uint32_t number)
{
    return node->logs.items[number].is_left_out ? PH_REFUSED : PH_OK;
}

/* The log's beginning. A log without entries takes on the certificate that its first one names. */
static enum ph_status begin_at_start(struct ph_node *node, uint32_t first, struct fit *fit)
{
    const struct ph_log *log = &node->logs.items[first];
    const struct ph_entry_id *certify = &fit->run->head.after_id;
    fit->at = (struct ph_place_on){first, 0};
    for (int i = (int)first; i >= 0; i = ph_branch_after(node, (uint32_t)i)) {
        const struct ph_log *branch = &node->logs.items[i];
        if (branch->row.base_seq == 0 && branch->row.tip.seq != 0 &&
            memcmp(branch->row.certify.bytes, certify->bytes, sizeof certify->bytes) == 0) {
            fit->at.number = (uint32_t)i;
            fit->row = branch->row;
            fit->link = ph_link_first(&branch->row.certify);
            return refuse_left_out(node, (uint32_t)i);
        }
    }
    PH_TRY(ph_ends_begin(node, log, certify, &fit->row));
    fit->link = fit->row.tip;
    fit->is_fork = log->row.tip.seq != 0;
    return PH_OK;
}

static enum ph_status begin_behind_entry(struct ph_node *node, const struct ph_view *view,
                                         uint32_t first, struct fit *fit)
{
    const struct ph_run_head *head = &fit->run->head;
    struct ph_locator after = {.seq = head->after_seq};
    memcpy(after.check, head->after_id.bytes, sizeof after.check);
    fit->at.seq = head->after_seq;
    PH_TRY(ph_branch_find(node, view, first, &after, &fit->at.number));
    PH_TRY(refuse_left_out(node, fit->at.number));
    const struct ph_log *log = &node->logs.items[fit->at.number];
    fit->row = log->row;
    fit->link = log->row.tip;
    if (head->after_seq == log->row.tip.seq)
        return PH_OK;
    return ph_branch_link(node, view, &fit->at, &fit->link);
}

/* --- what is held of it --- */

/* Another branch that leaves the same entry with this one. */
static enum ph_status find_sibling(struct ph_node *node, const struct ph_view *view,
                                   struct fit *fit, const uint8_t check[16])
{
    uint32_t first = node->logs.items[fit->at.number].first;
    for (int i = (int)first; i >= 0; i = ph_branch_after(node, (uint32_t)i)) {
        const struct ph_log_row *row = &node->logs.items[i].row;
        struct ph_place_on at = {(uint32_t)i, fit->at.seq + 1};
        bool leaves_here = row->is_branch && row->base_seq == fit->at.seq &&
                           (fit->at.seq == 0 || row->base_log == fit->at.number);
        if (!leaves_here)
            continue;
        enum ph_status status = ph_branch_has(node, view, &at, check);
        if (status == PH_OK) {
            fit->at.number = (uint32_t)i;
            fit->row = *row;
        }
        if (status != PH_NOT_FOUND)
            return status;
    }
    return PH_NOT_FOUND;
}

/* Whether the entry just read is held: then we stand on it. PH_NOT_FOUND: it is new. */
static enum ph_status read_over(struct ph_node *node, const struct ph_view *view, struct fit *fit)
{
    struct ph_place_on at = {fit->at.number, fit->at.seq + 1};
    bool is_at_end = fit->at.seq == node->logs.items[fit->at.number].row.tip.seq;
    enum ph_status status = PH_NOT_FOUND;
    if (!is_at_end && !fit->is_fork)
        status = ph_branch_has(node, view, &at, fit->next.id.bytes);
    if (status == PH_NOT_FOUND && !is_at_end)
        status = find_sibling(node, view, fit, fit->next.id.bytes);
    if (status == PH_OK)
        fit->is_fork = false;
    else if (status == PH_NOT_FOUND)
        fit->is_fork = !is_at_end;
    if (status == PH_OK)
        fit->at.seq++;
    return status;
}

/* Among what is taken and not durable only the end can be told from another branch. */
static enum ph_status read_on(struct fit *fit)
{
    enum ph_status status = PH_OK;
    while (status == PH_OK)
        status = ph_run_next(fit->run, &fit->link, fit->quota, &fit->next);
    fit->is_held = status == PH_NOT_FOUND;
    return fit->is_held ? PH_WAITING : status;
}

/* Reads up to the first entry that is new, which is then in `next`, with the link before it in the
 * row's tip. PH_NOT_FOUND from the run's end: all of it is held. */
static enum ph_status skip_held(struct ph_node *node, const struct ph_view *view, struct fit *fit)
{
    for (;;) {
        struct ph_link before = fit->link;
        enum ph_status status = ph_run_next(fit->run, &fit->link, fit->quota, &fit->next);
        fit->is_held = status == PH_NOT_FOUND;
        if (fit->is_held)
            return PH_WAITING;
        PH_TRY(status);
        status = read_over(node, view, fit);
        if (status == PH_WAITING)
            return read_on(fit);
        if (status == PH_NOT_FOUND) {
            fit->row.tip = before;
            return PH_OK;
        }
        PH_TRY(status);
    }
}

/* --- what is new of it --- */

/* The last entry of a run needs the signature that only ph_run_verify has seen, so an entry is put
 * into the batch when its successor, or the end, is known. */
static enum ph_status gather(struct fit *fit, uint32_t number, struct ph_batch *batch,
                             uint32_t *hole_count)
{
    struct ph_run_entry entry = fit->next;
    struct ph_signature signature;
    enum ph_status status = PH_OK;
    for (;;) {
        *hole_count += entry.body.content_is_missing;
        status = ph_run_next(fit->run, &fit->link, fit->quota, &fit->next);
        if (status != PH_OK)
            break;
        PH_TRY(ph_batch_entry(batch, number, entry.encoded, &entry.body, NULL));
        entry = fit->next;
    }
    if (status != PH_NOT_FOUND)
        return status;
    PH_TRY(ph_run_verify(fit->run, &fit->link, &signature));
    return ph_batch_entry(batch, number, entry.encoded, &entry.body, &signature);
}

static bool has_room_for_holes(const struct ph_node *node, uint32_t count)
{
    return count == 0 || node->logs.hole_count + node->ingest.holes_pending + count <= PH_HOLES_MAX;
}

static enum ph_status put(struct ph_node *node, struct fit *fit, uint32_t number,
                          uint32_t *hole_count)
{
    struct ph_batch *batch = NULL;
    PH_TRY(ph_ingest_batch(node, &batch));
    struct ph_batch_mark mark = ph_batch_mark(batch);
    enum ph_status status = gather(fit, number, batch, hole_count);
    if (status == PH_OK && !has_room_for_holes(node, *hole_count))
        status = PH_WAITING;
    if (status == PH_OK) {
        fit->row.tip = fit->link;
        status = ph_batch_log(batch, number, &fit->row);
    }
    if (status != PH_OK)
        ph_batch_rewind(batch, mark);
    return status;
}

/* What is in the batch is held from now on. */
static enum ph_status move_end(struct ph_node *node, const struct fit *fit, uint32_t number,
                               const struct ph_link *base, uint32_t hole_count)
{
    node->ingest.holes_pending += hole_count;
    node->ingest.holes_changed = node->ingest.holes_changed || hole_count != 0;
    if (fit->link.lamport > node->logs.lamport_seen)
        node->logs.lamport_seen = fit->link.lamport;
    if (fit->is_fork)
        PH_TRY(ph_ends_add_branch(node, number, &fit->row, base));
    else
        node->logs.items[number].row = fit->row;
    if (node->has_writer && ph_writer_id_equal(&fit->row.writer, &node->writer))
        return ph_writer_end(node, PH_NOTICE_CONTINUED);
    return PH_OK;
}

static enum ph_status take_new(struct ph_node *node, struct fit *fit, int *number)
{
    uint32_t into = fit->at.number, hole_count = 0;
    struct ph_link base = fit->row.tip;
    if (fit->is_fork) {
        fit->row.is_branch = true;
        fit->row.base_log = fit->at.number;
        fit->row.base_seq = fit->at.seq;
        PH_TRY(ph_ends_branch_number(node, &into));
    }
    PH_TRY(put(node, fit, into, &hole_count));
    *number = (int)into;
    return move_end(node, fit, into, &base, hole_count);
}

static enum ph_status lay_along(struct ph_node *node, struct fit *fit, uint32_t first)
{
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = fit->run->head.after_seq == 0 ? begin_at_start(node, first, fit)
                                               : begin_behind_entry(node, &view, first, fit);
    if (status == PH_OK)
        status = skip_held(node, &view, fit);
    ph_view_close(&view);
    return status;
}

enum ph_status ph_runs_take(struct ph_node *node, struct ph_run_reader *run, int *number,
                            struct ph_locator *end)
{
    int first = ph_ends_find(node, &run->head.writer);
    *number = first;
    *end = (struct ph_locator){0};
    if (first < 0)
        return PH_WAITING;
    if (ph_ingest_is_full(node))
        return PH_PARTIAL;
    if (node->logs.items[first].is_closed)
        return PH_WAITING;
    struct fit fit = {.run = run, .quota = ph_facts_founding(node->facts)->of.found.quota};
    enum ph_status status = lay_along(node, &fit, (uint32_t)first);
    if (fit.is_held)
        *end = ph_locator_of(&fit.link);
    PH_TRY(status);
    return take_new(node, &fit, number);
}
