#include "node/ingest.h"

#include "node/author.h"
#include "node/branches.h"
#include "node/cuts.h"
#include "node/ends.h"
#include "node/spread.h"
#include "proto/kind.h"

enum ph_status ph_ingest_batch(struct ph_node *node, struct ph_batch **out)
{
    struct ph_ingest *ingest = &node->ingest;
    if (ingest->gathering == NULL) {
        PH_TRY(ph_batch_new(&ingest->gathering));
        ingest->generation++;
        if (node->own_log >= 0) {
            ph_batch_prefer(ingest->gathering, (uint32_t)node->own_log);
            ph_batch_own(ingest->gathering, (uint32_t)node->own_log);
        }
    }
    if (ph_batch_bytes(ingest->gathering) >= PH_BATCH_BYTES_MAX)
        return PH_PARTIAL;
    *out = ingest->gathering;
    return PH_OK;
}

enum ph_status ph_ingest_fact(struct ph_node *node, struct ph_bytes bytes, bool *is_new)
{
    struct ph_batch *batch = NULL;
    PH_TRY(ph_ingest_batch(node, &batch));
    PH_TRY(ph_facts_take(node->facts, bytes, is_new));
    if (!*is_new)
        return PH_OK;
    uint32_t index = ph_facts_count(node->facts) - 1;
    PH_TRY(ph_batch_fact(batch, index, bytes));
    if (node->membership == PH_MEMBERSHIP_JOINING)
        ph_author_note_school(node); /* before a log of ours is begun */
    node->ingest.fact_sources[index] = 0;
    return ph_ends_take_fact(node, index);
}

/* --- holes --- */

/* Whether it fits the hole, if there is one, in this branch. PH_WAITING: no. */
static enum ph_status check_fill(const struct ph_view *view, uint32_t log,
                                 const struct ph_message *fill)
{
    struct ph_stored_entry entry;
    enum ph_status status = ph_view_entry(view, log, fill->of.fill.seq, &entry);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_WAITING : status;
    struct ph_body body = {.content = fill->of.fill.content,
                           .content_len = entry.body.content_len,
                           .salt = fill->of.fill.salt};
    if (!entry.body.content_is_missing || fill->of.fill.content.len != entry.body.content_len)
        return PH_WAITING;
    struct ph_hash hash = ph_body_content_hash(&body);
    return ph_hash_equal(&hash, &entry.body.content_hash) ? PH_OK : PH_WAITING;
}

/* The branch whose hole it fits. */
static enum ph_status find_hole(struct ph_node *node, const struct ph_message *fill, int *log)
{
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    int i = *log;
    if (status == PH_OK)
        status = PH_WAITING;
    for (; i >= 0 && status == PH_WAITING; i = ph_branch_after(node, (uint32_t)i)) {
        status = check_fill(&view, (uint32_t)i, fill);
        *log = i;
    }
    ph_view_close(&view);
    return status;
}

enum ph_status ph_ingest_fill(struct ph_node *node, const struct ph_message *fill)
{
    struct ph_batch *batch = NULL;
    int log = ph_ends_find(node, &fill->of.fill.writer);
    if (log < 0 || ph_ingest_is_full(node))
        return PH_WAITING;
    PH_TRY(find_hole(node, fill, &log));
    PH_TRY(ph_ingest_batch(node, &batch));
    PH_TRY(ph_batch_fill(batch, (uint32_t)log, fill->of.fill.seq, &fill->of.fill.salt,
                         fill->of.fill.content));
    node->ingest.holes_changed = true;
    return PH_OK;
}

/* --- own entries --- */

enum ph_status ph_ingest_own(struct ph_node *node, const struct ph_header *header,
                             const struct ph_body *body)
{
    struct ph_batch *batch = NULL;
    struct ph_log *log = &node->logs.items[node->own_log];
    uint8_t encoded[PH_HEADER_LEN];
    ph_header_encode(header, encoded);
    struct ph_entry_id id = ph_header_id(encoded);
    PH_TRY(ph_entry_check(&log->row.tip, header, body,
                          ph_facts_founding(node->facts)->of.found.quota));
    PH_TRY(ph_ingest_batch(node, &batch));

    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, id.bytes, &node->writer_secret);
    struct ph_log_row row = log->row;
    row.tip = ph_link_after(header, &id);
    struct ph_batch_mark mark = ph_batch_mark(batch);
    enum ph_status status =
        ph_batch_entry(batch, (uint32_t)node->own_log, encoded, body, &signature);
    if (status == PH_OK)
        status = ph_batch_log(batch, (uint32_t)node->own_log, &row);
    if (status != PH_OK) {
        ph_batch_rewind(batch, mark);
        return status;
    }
    log->row.tip = row.tip;
    if (row.tip.lamport > node->logs.lamport_seen)
        node->logs.lamport_seen = row.tip.lamport;
    ph_spread_on_written(node);
    return PH_OK;
}

/* --- commits --- */

bool ph_ingest_is_full(const struct ph_node *node)
{
    return node->now_ms < node->ingest.full_until_ms;
}

bool ph_ingest_is_quiet(const struct ph_node *node)
{
    const struct ph_ingest *ingest = &node->ingest;
    return ingest->under_way == NULL &&
           (ingest->gathering == NULL || ph_batch_is_empty(ingest->gathering));
}

void ph_ingest_flush(struct ph_node *node)
{
    struct ph_ingest *ingest = &node->ingest;
    if (ingest->under_way != NULL || node->failure != PH_OK)
        return;
    bool has_room = !node->is_stopping && !ph_ingest_is_full(node);
    bool catches_up = ingest->is_behind && has_room;
    if (node->logs.left_out_is_due && has_room && ph_ends_restate_left_out(node) != PH_OK)
        ph_log(node->log, PH_LOG_DEBUG, "whom it leaves out is said to the store later");
    if (catches_up && ingest->gathering == NULL) {
        struct ph_batch *batch;
        if (ph_ingest_batch(node, &batch) != PH_OK)
            return; /* the next commit catches up */
    }
    if (ingest->gathering == NULL || (ph_batch_is_empty(ingest->gathering) && !catches_up))
        return;
    ingest->under_way = ingest->gathering;
    ingest->gathering = NULL;
    ingest->generation_under_way = ingest->generation;
    ingest->facts_submitted = node->facts != NULL ? ph_facts_count(node->facts) : 0;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        struct ph_log *log = &node->logs.items[i];
        log->submitted = log->row.tip;
        log->is_out_submitted = log->is_left_out;
    }
    node->env.ops->commit(node->env.impl, ingest->under_way);
}

enum ph_status ph_ingest_on_committed(struct ph_node *node, struct ph_batch *batch,
                                      enum ph_status status)
{
    struct ph_ingest *ingest = &node->ingest;
    assert(batch == ingest->under_way);
    ingest->under_way = NULL;
    if (status == PH_OK)
        ingest->is_behind = ph_batch_is_behind(batch);
    ingest->school_is_new = status == PH_OK && ph_batch_has_made(batch, PH_KIND_SCHOOL);
    ingest->rota_is_new = status == PH_OK && (ph_batch_has_made(batch, PH_KIND_HOST_TERM) ||
                                              ph_batch_has_made(batch, PH_KIND_HOST_WORD));
    if (status == PH_NO_SPACE)
        ingest->full_until_ms = node->now_ms + PH_FULL_DISK_MS;
    ph_batch_free(batch);
    PH_TRY(status);

    ingest->facts_durable = ingest->facts_submitted;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        struct ph_log *log = &node->logs.items[i];
        log->before = log->durable.seq;
        log->durable = log->submitted;
        log->is_out_durable = log->is_out_submitted;
    }
    bool holes_changed = ingest->holes_changed;
    if (ingest->gathering == NULL) {
        ingest->holes_changed = false;
        ingest->holes_pending = 0;
    }
    bool cuts_are_due;
    PH_TRY(ph_cuts_refresh(node, &cuts_are_due));
    return ph_ends_refresh(node, holes_changed, !cuts_are_due);
}

static enum ph_status load_facts(struct ph_node *node)
{
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    for (uint32_t index = 0; status == PH_OK; index++) {
        struct ph_bytes bytes;
        bool is_new = false;
        status = ph_view_fact(&view, index, &bytes);
        if (status == PH_OK)
            status = ph_facts_load(node->facts, bytes, &is_new);
        if (status != PH_OK && status != PH_NOT_FOUND)
            ph_log(node->log, PH_LOG_ERROR, "stored fact %u: %s", index, ph_status_text(status));
    }
    ph_view_close(&view);
    if (status != PH_NOT_FOUND)
        return ph_status_blame(status) == PH_BLAME_LOCAL ? status : PH_CORRUPT;
    return PH_OK;
}

enum ph_status ph_ingest_load(struct ph_node *node)
{
    struct ph_ingest *ingest = &node->ingest;
    ph_batch_free(ingest->gathering);
    ingest->gathering = NULL;
    ingest->holes_changed = false;
    ingest->holes_pending = 0;
    ingest->facts_durable = 0;
    ph_facts_free(node->facts);
    node->facts = NULL;
    if (node->membership != PH_MEMBERSHIP_NONE) {
        PH_TRY(ph_facts_new(&node->network, &node->facts));
        PH_TRY(load_facts(node));
        ph_author_note_school(node);
        ingest->facts_durable = ph_facts_count(node->facts);
        ingest->is_behind = true; /* one empty commit finds out */
    }
    PH_TRY(ph_ends_load(node));
    bool cuts_are_due;
    PH_TRY(ph_cuts_refresh(node, &cuts_are_due));
    return ph_ends_refresh(node, false, !cuts_are_due);
}
