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
        if (ph_writer_id_equal(&log.row.writer, &node->writer))
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
        if (log->durable.seq != 0)
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

static uint32_t count_of_school(const struct ph_node *node, const struct ph_school_id *school)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->logs.count; i++)
        count += ph_school_id_equal(&node->logs.items[i].row.school, school);
    return count;
}

enum ph_status ph_ends_add(struct ph_node *node, const struct ph_fact *certify)
{
    struct ph_ends *logs = &node->logs;
    struct ph_log log = {.row = {.writer = certify->of.certify.writer,
                                 .school = ph_fact_school(certify),
                                 .certify = certify->id,
                                 .tip = ph_link_first(&certify->id)}};
    if (logs->count == PH_LOGS_MAX ||
        count_of_school(node, &log.row.school) == PH_LOGS_PER_SCHOOL_MAX) {
        ph_log(node->log, PH_LOG_WARN, "school %02x%02x%02x%02x certifies too many writers",
               log.row.school.bytes[0], log.row.school.bytes[1], log.row.school.bytes[2],
               log.row.school.bytes[3]);
        return PH_OK;
    }
    log.submitted = log.row.tip;
    log.durable = log.row.tip;
    PH_TRY(ph_batch_log(node->ingest.gathering, logs->count, &log.row));
    if (ph_writer_id_equal(&log.row.writer, &node->writer))
        node->own_log = (int)logs->count;
    logs->items[logs->count++] = log;
    return PH_OK;
}

int ph_ends_find(const struct ph_node *node, const struct ph_writer_id *writer)
{
    int found = -1;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        if (!ph_writer_id_equal(&log->row.writer, writer))
            continue;
        if (log->row.tip.seq != 0)
            return (int)i;
        if (found < 0)
            found = (int)i;
    }
    return found;
}

int ph_ends_find_certify(const struct ph_node *node, const struct ph_entry_id *certify)
{
    for (uint32_t i = 0; i < node->logs.count; i++)
        if (memcmp(node->logs.items[i].row.certify.bytes, certify->bytes, sizeof certify->bytes) ==
            0)
            return (int)i;
    return -1;
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
