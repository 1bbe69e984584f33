#include "node/ends.h"

#include <stdlib.h>

static int compare_heads(const void *a, const void *b)
{
    return ph_head_compare(a, b);
}

static int compare_holes(const void *a, const void *b)
{
    return ph_hole_compare(a, b);
}

static bool is_own(const struct ph_node *node, const struct ph_log_row *row)
{
    return node->has_writer && ph_writer_id_equal(&row->writer, &node->writer) &&
           ph_school_id_equal(&row->school, &node->school);
}

static enum ph_status load_rows(struct ph_node *node, const struct ph_view *view)
{
    struct ph_ends *logs = &node->logs;
    logs->count = 0;
    logs->lamport_seen = 0;
    node->own_log = -1;
    while (logs->count < PH_LOGS_MAX) {
        struct ph_log log = {0};
        enum ph_status status = ph_view_log(view, logs->count, &log.row);
        if (status == PH_NOT_FOUND)
            break;
        PH_TRY(status);
        log.submitted = log.row.tip;
        log.durable = log.row.tip;
        if (log.row.tip.lamport > logs->lamport_seen)
            logs->lamport_seen = log.row.tip.lamport;
        log.is_left_out =
            ph_facts_certify_count(node->facts, &log.row.school) > PH_CERTIFIES_PER_SCHOOL_MAX;
        if (is_own(node, &log.row))
            node->own_log = (int)logs->count;
        logs->items[logs->count++] = log;
    }
    return PH_OK;
}

static enum ph_status load_holes(struct ph_node *node, const struct ph_view *view)
{
    struct ph_ends *logs = &node->logs;
    uint32_t log = 0, seq = 0;
    logs->hole_count = 0;
    while (logs->hole_count < PH_HOLES_MAX) {
        enum ph_status status = ph_view_hole(view, &log, &seq);
        if (status == PH_NOT_FOUND)
            break;
        PH_TRY(status);
        if (log >= logs->count)
            return PH_CORRUPT;
        if (!logs->items[log].is_left_out)
            logs->holes[logs->hole_count++] =
                (struct ph_hole){.writer = logs->items[log].row.writer, .seq = seq};
        seq++;
    }
    if (logs->hole_count != 0)
        qsort(logs->holes, logs->hole_count, sizeof *logs->holes, compare_holes);
    return PH_OK;
}

static void refresh_root(struct ph_node *node)
{
    struct ph_ends *logs = &node->logs;
    size_t head_count = 0;
    for (uint32_t i = 0; i < logs->count; i++) {
        const struct ph_log *log = &logs->items[i];
        if (ph_ends_is_spoken_of(log))
            node->heads[head_count++] = (struct ph_head){
                .writer = log->row.writer, .seq = log->durable.seq, .id = log->durable.id};
    }
    qsort(node->heads, head_count, sizeof *node->heads, compare_heads);
    logs->fact_set = node->facts != NULL ? ph_facts_hash(node->facts, node->ingest.facts_durable)
                                         : ph_fact_set_hash(NULL, 0);
    logs->root = ph_root(&logs->fact_set, node->heads, head_count, logs->holes, logs->hole_count);
}

static enum ph_status load(struct ph_node *node, bool rows_too)
{
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK && rows_too)
        status = load_rows(node, &view);
    if (status == PH_OK)
        status = load_holes(node, &view);
    ph_view_close(&view);
    return status;
}

enum ph_status ph_ends_load(struct ph_node *node)
{
    PH_TRY(load(node, true));
    refresh_root(node);
    return PH_OK;
}

enum ph_status ph_ends_refresh(struct ph_node *node, bool holes_changed)
{
    if (holes_changed)
        PH_TRY(load(node, false));
    refresh_root(node);
    return PH_OK;
}

/* A school that certifies more writers than it can have is not followed in any of its logs: a rule
 * over the facts alone, so that all nodes leave out the same. */
static void leave_out(struct ph_node *node, const struct ph_school_id *school)
{
    bool is_over = ph_facts_certify_count(node->facts, school) > PH_CERTIFIES_PER_SCHOOL_MAX;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        struct ph_log *log = &node->logs.items[i];
        if (!ph_school_id_equal(&log->row.school, school) || log->is_left_out == is_over)
            continue;
        log->is_left_out = is_over;
        node->ingest.holes_changed = true; /* its holes are left out of the root, too */
    }
    if (is_over)
        ph_log(node->log, PH_LOG_WARN, "school %02x%02x%02x%02x certifies too many writers",
               school->bytes[0], school->bytes[1], school->bytes[2], school->bytes[3]);
}

enum ph_status ph_ends_add(struct ph_node *node, const struct ph_fact *certify)
{
    struct ph_ends *logs = &node->logs;
    struct ph_log log = {.row = {.writer = certify->of.certify.writer,
                                 .school = ph_fact_school(certify),
                                 .certify = certify->id,
                                 .tip = ph_link_first(&certify->id)}};
    bool is_held = ph_ends_find(node, &log.row.writer) >= 0;
    bool is_over =
        ph_facts_certify_count(node->facts, &log.row.school) > PH_CERTIFIES_PER_SCHOOL_MAX;
    if (!is_held && !is_over && logs->count < PH_LOGS_MAX) {
        log.submitted = log.row.tip;
        log.durable = log.row.tip;
        PH_TRY(ph_batch_log(node->ingest.gathering, logs->count, &log.row));
        if (is_own(node, &log.row)) {
            node->own_log = (int)logs->count;
            ph_batch_own(node->ingest.gathering, logs->count);
        }
        logs->items[logs->count++] = log;
    } else if (!is_held && !is_over) {
        ph_log(node->log, PH_LOG_WARN, "more logs than this node has room for");
    }
    leave_out(node, &log.row.school);
    return PH_OK;
}

int ph_ends_find(const struct ph_node *node, const struct ph_writer_id *writer)
{
    for (uint32_t i = 0; i < node->logs.count; i++)
        if (ph_writer_id_equal(&node->logs.items[i].row.writer, writer))
            return (int)i;
    return -1;
}

enum ph_status ph_ends_begin(const struct ph_node *node, const struct ph_log *log,
                             const struct ph_entry_id *certify_id, struct ph_log_row *row)
{
    struct ph_fact_id id;
    memcpy(id.bytes, certify_id->bytes, sizeof id.bytes);
    const struct ph_fact *certify = ph_facts_find(node->facts, &id);
    assert(log->row.tip.seq == 0);
    if (certify == NULL || certify->type != PH_FACT_CERTIFY ||
        !ph_writer_id_equal(&certify->of.certify.writer, &log->row.writer) ||
        !ph_facts_stands(node->facts, certify))
        return PH_WAITING;
    struct ph_school_id school = ph_fact_school(certify);
    if (ph_facts_certify_count(node->facts, &school) > PH_CERTIFIES_PER_SCHOOL_MAX)
        return PH_WAITING;
    *row = (struct ph_log_row){
        .writer = log->row.writer, .school = school, .certify = id, .tip = ph_link_first(&id)};
    return PH_OK;
}

bool ph_ends_is_spoken_of(const struct ph_log *log)
{
    return log->durable.seq != 0 && !log->is_left_out;
}

void ph_ends_note_fork(struct ph_node *node, struct ph_log *log)
{
    if (log->fork_is_noted)
        return;
    log->fork_is_noted = true;
    ph_log(node->log, PH_LOG_WARN, "log %02x%02x%02x%02x was forked: it has two entries number %u",
           log->row.writer.bytes[0], log->row.writer.bytes[1], log->row.writer.bytes[2],
           log->row.writer.bytes[3], log->row.tip.seq);
}

enum ph_status ph_ends_link(const struct ph_view *view, const struct ph_log *log, uint32_t number,
                            uint32_t seq, struct ph_link *out)
{
    struct ph_stored_entry entry;
    if (seq == 0) {
        *out = ph_link_first(&log->row.certify);
        return PH_OK;
    }
    if (seq == log->durable.seq) {
        *out = log->durable;
        return PH_OK;
    }
    PH_TRY(ph_view_entry(view, number, seq, &entry));
    struct ph_entry_id id = ph_header_id(entry.encoded);
    *out = ph_link_after(&entry.header, &id);
    return PH_OK;
}

bool ph_ends_own_is_forked(const struct ph_node *node)
{
    return node->own_log >= 0 && node->logs.items[node->own_log].fork_is_noted;
}
