#include "tests/sim/sim_oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NOBODY UINT32_MAX
/* A batch takes no more once it is full, and may then hold one run too many. */
#define BATCH_BYTES_MAX (PH_BATCH_BYTES_MAX + 2 * PH_RUN_COUNTED_MAX)

void sim_blame(struct sim_oracle *oracle, enum sim_outcome outcome, const char *format, ...)
{
    va_list arguments;
    if (oracle->verdict.outcome != SIM_FINE)
        return;
    oracle->verdict.outcome = outcome;
    oracle->verdict.at_ms = sim_now(oracle->sim);
    va_start(arguments, format);
    vsnprintf(oracle->verdict.why, sizeof oracle->verdict.why, format, arguments);
    va_end(arguments);
}

struct sim_oracle *sim_oracle_new(struct sim *sim, const struct sim_plan *plan)
{
    struct sim_oracle *oracle = calloc(1, sizeof *oracle);
    if (oracle == NULL)
        abort();
    oracle->sim = sim;
    oracle->plan = plan;
    return oracle;
}

void sim_oracle_free(struct sim_oracle *oracle)
{
    if (oracle == NULL)
        return;
    for (uint32_t i = 0; i < oracle->writer_count; i++)
        free(oracle->writers[i].ids);
    free(oracle->acks);
    free(oracle);
}

static void *grown(void *items, size_t size)
{
    void *more = realloc(items, size);
    if (more == NULL)
        abort();
    return more;
}

/* --- who writes --- */

static uint32_t owner_of(const struct sim_oracle *oracle, const struct ph_writer_id *id)
{
    for (uint32_t node = 0; node < oracle->plan->node_count; node++) {
        struct ph_sign_secret secret;
        struct ph_writer_id own;
        ph_sign_key_from_seed(sim_identity(oracle->sim, node)->writer_seed, &secret, own.bytes);
        if (ph_writer_id_equal(&own, id))
            return node;
    }
    return NOBODY;
}

static uint32_t find_writer(struct sim_oracle *oracle, const struct ph_writer_id *id)
{
    for (uint32_t i = 0; i < oracle->writer_count; i++)
        if (ph_writer_id_equal(&oracle->writers[i].id, id))
            return i;
    if (oracle->writer_count == SIM_WRITERS_MAX)
        abort();
    struct sim_writer *writer = &oracle->writers[oracle->writer_count];
    *writer = (struct sim_writer){.id = *id, .owner = owner_of(oracle, id)};
    return oracle->writer_count++;
}

/* --- the disk --- */

/* Malicious members write as they like. */
static bool is_honest(const struct sim_oracle *oracle, const struct sim_writer *writer)
{
    return writer->owner < oracle->plan->honest_count;
}

static void take_entry(struct sim_oracle *oracle, uint32_t node, uint32_t number, uint32_t seq,
                       const struct ph_entry_id *id)
{
    struct sim_writer *writer = &oracle->writers[number];
    if (seq <= writer->count) {
        if (is_honest(oracle, writer) && !ph_entry_id_equal(&writer->ids[seq - 1], id))
            sim_blame(oracle, SIM_UNSAFE, "writer of node %d has two entries number %u, one at %u",
                      (int)writer->owner, seq, node);
        return;
    }
    if (is_honest(oracle, writer) && writer->owner != node)
        sim_blame(oracle, SIM_UNSAFE, "node %u holds entry %u of node %u, whose disk never had it",
                  node, seq, writer->owner);
    if (seq != writer->count + 1)
        return;
    if (writer->count == writer->size) {
        writer->size = writer->size == 0 ? 16 : 2 * writer->size;
        writer->ids = grown(writer->ids, writer->size * sizeof *writer->ids);
    }
    writer->ids[writer->count++] = *id;
}

static enum ph_status take_log(struct sim_oracle *oracle, uint32_t node, const struct ph_view *view,
                               uint32_t log, const struct ph_log_row *row)
{
    uint32_t number = find_writer(oracle, &row->writer);
    uint32_t *end = &oracle->disks[node].ends[number];
    if (row->tip.seq < *end)
        sim_blame(oracle, SIM_UNSAFE, "log of node %d at node %u went from %u back to %u",
                  (int)oracle->writers[number].owner, node, *end, row->tip.seq);
    while (*end < row->tip.seq) {
        struct ph_stored_entry entry;
        PH_TRY(ph_view_entry(view, log, *end + 1, &entry));
        struct ph_entry_id id = ph_header_id(entry.encoded);
        take_entry(oracle, node, number, ++*end, &id);
    }
    return PH_OK;
}

uint32_t sim_oracle_fact(struct sim_oracle *oracle, struct ph_bytes bytes)
{
    struct sim_fact made = {.bytes_hash = ph_hash(PH_DOMAIN_FACT_SET, bytes)};
    struct ph_fact fact;
    for (uint32_t i = 0; i < oracle->fact_count; i++)
        if (ph_hash_equal(&oracle->facts[i].bytes_hash, &made.bytes_hash))
            return i;
    if (oracle->fact_count == SIM_FACTS_MAX)
        abort();
    if (ph_fact_parse(bytes, &fact) == PH_OK)
        made.id = fact.id;
    else
        sim_blame(oracle, SIM_UNSAFE, "a fact is said or stored that is none");
    oracle->facts[oracle->fact_count] = made;
    return oracle->fact_count++;
}

static enum ph_status take_facts(struct sim_oracle *oracle, uint32_t node,
                                 const struct ph_view *view)
{
    struct sim_disk *disk = &oracle->disks[node];
    for (;;) {
        struct ph_bytes bytes;
        enum ph_status status = ph_view_fact(view, disk->fact_count, &bytes);
        if (status == PH_NOT_FOUND)
            return PH_OK;
        PH_TRY(status);
        disk->facts[disk->fact_count] = sim_oracle_fact(oracle, bytes);
        disk->fact_count++;
    }
}

void sim_oracle_disk_grows(struct sim_oracle *oracle, uint32_t node)
{
    struct ph_view view = {0};
    struct ph_log_row row;
    enum ph_status status = ph_view_open(sim_store(oracle->sim, node), &view);
    if (status == PH_OK)
        status = take_facts(oracle, node, &view);
    for (uint32_t log = 0; status == PH_OK; log++) {
        status = ph_view_log(&view, log, &row);
        if (status == PH_OK)
            status = take_log(oracle, node, &view, log, &row);
    }
    ph_view_close(&view);
    if (status != PH_NOT_FOUND)
        sim_blame(oracle, SIM_UNSAFE, "node %u: its store can't be read: %s", node,
                  ph_status_text(status));
}

static uint32_t count_facts(const struct ph_view *view)
{
    struct ph_bytes unused;
    uint32_t count = 0;
    while (ph_view_fact(view, count, &unused) == PH_OK)
        count++;
    return count;
}

void sim_oracle_disk_is_kept(struct sim_oracle *oracle, uint32_t node)
{
    struct ph_view view = {0};
    struct ph_log_row row;
    const struct sim_disk *disk = &oracle->disks[node];
    uint32_t entry_count = 0, known_count = 0;
    if (ph_view_open(sim_store(oracle->sim, node), &view) != PH_OK) {
        sim_blame(oracle, SIM_UNSAFE, "node %u: its store can't be read", node);
        return;
    }
    for (uint32_t log = 0; ph_view_log(&view, log, &row) == PH_OK; log++)
        entry_count += row.tip.seq;
    for (uint32_t i = 0; i < oracle->writer_count; i++)
        known_count += disk->ends[i];
    if (count_facts(&view) < disk->fact_count || entry_count < known_count)
        sim_blame(oracle, SIM_UNSAFE, "node %u lost entries or facts while it was down", node);
    ph_view_close(&view);
    sim_oracle_disk_grows(oracle, node);
}

void sim_oracle_batch_is_bounded(struct sim_oracle *oracle, const struct ph_batch *batch)
{
    size_t len = ph_batch_bytes(batch);
    if (len > oracle->batch_bytes_max)
        oracle->batch_bytes_max = len;
    if (len > BATCH_BYTES_MAX)
        sim_blame(oracle, SIM_UNSAFE, "a batch of %zu bytes", len);
}

/* --- what people are told --- */

/* The last entry of this node's own log that touched a record. 0: none. */
static uint32_t last_own_touch(const struct ph_view *view, const struct ph_record *record,
                               const struct ph_writer_id *own)
{
    struct ph_log_row row;
    uint32_t log = 0, last = 0;
    while (ph_view_log(view, log, &row) == PH_OK && !ph_writer_id_equal(&row.writer, own))
        log++;
    for (uint32_t i = 0; i < record->touch_count; i++) {
        const uint8_t *touch = record->touches.data + (size_t)8 * i;
        if (ph_get_u32(touch) == log && ph_get_u32(touch + 4) > last)
            last = ph_get_u32(touch + 4);
    }
    return last;
}

static uint32_t own_writer(struct sim_oracle *oracle, uint32_t node)
{
    struct ph_sign_secret secret;
    struct ph_writer_id own;
    const uint8_t *seed = sim_identity(oracle->sim, node)->writer_seed;
    if (memcmp(oracle->own_seeds[node], seed, sizeof oracle->own_seeds[node]) != 0) {
        memcpy(oracle->own_seeds[node], seed, sizeof oracle->own_seeds[node]);
        ph_sign_key_from_seed(seed, &secret, own.bytes);
        oracle->own[node] = find_writer(oracle, &own);
    }
    return oracle->own[node];
}

static uint32_t last_ack(const struct sim_oracle *oracle, const struct sim_ack *like)
{
    for (size_t i = oracle->ack_count; i-- != 0;)
        if (oracle->acks[i].writer == like->writer &&
            ph_record_id_equal(&oracle->acks[i].record, &like->record))
            return oracle->acks[i].seq;
    return 0;
}

/* Each answer stands for an entry of its own. */
void sim_oracle_saved_is_durable(struct sim_oracle *oracle, uint32_t node,
                                 const struct ph_record_id *id)
{
    struct ph_view view = {0};
    struct ph_record record;
    struct sim_ack ack = {.record = *id, .node = node, .writer = own_writer(oracle, node)};
    if (sim_is_behind(oracle->sim, node))
        return; /* it does not show yet, which is allowed */
    enum ph_status status = ph_view_open(sim_store(oracle->sim, node), &view);
    if (status == PH_OK)
        status = ph_view_find(&view, id, &record);
    if (status == PH_OK)
        ack.seq = last_own_touch(&view, &record, &oracle->writers[ack.writer].id);
    ph_view_close(&view);
    if (ack.seq <= last_ack(oracle, &ack))
        sim_blame(oracle, SIM_UNSAFE, "node %u said «saved» of what is not on its disk", node);
    if (oracle->ack_count == oracle->ack_size) {
        oracle->ack_size = oracle->ack_size == 0 ? 64 : 2 * oracle->ack_size;
        oracle->acks = grown(oracle->acks, oracle->ack_size * sizeof *oracle->acks);
    }
    oracle->acks[oracle->ack_count++] = ack;
}

void sim_oracle_stop_is_excused(struct sim_oracle *oracle, uint32_t node, enum ph_status failure)
{
    if (failure != PH_OK && !oracle->may_fail[node])
        sim_blame(oracle, SIM_UNSAFE, "node %u stopped by itself: %s", node,
                  ph_status_text(failure));
    oracle->may_fail[node] = false;
}
