#include "tests/sim/sim_oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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
    oracle->sim = oracle->truth.sim = sim;
    oracle->plan = oracle->truth.plan = plan;
    return oracle;
}

void sim_oracle_free(struct sim_oracle *oracle)
{
    if (oracle == NULL)
        return;
    sim_truth_deinit(&oracle->truth);
    free(oracle->acks);
    free(oracle);
}

/* --- the disk --- */

/* Malicious members write as they like. */
static bool is_honest(const struct sim_oracle *oracle, const struct sim_writer *writer)
{
    uint32_t honest = (UINT32_C(1) << oracle->plan->honest_count) - 1;
    return writer->homes != 0 && (writer->homes & ~honest) == 0;
}

static bool is_at_home(const struct sim_oracle *oracle, uint32_t writer, uint32_t node)
{
    return (oracle->truth.writers[writer].homes >> node & 1) != 0;
}

/* Another entry of that writer with that number, on any disk ever. */
static bool has_twin(const struct sim_truth *truth, uint32_t entry)
{
    const struct sim_entry *that = &truth->entries[entry];
    for (uint32_t i = 0; i < truth->entry_count; i++)
        if (i != entry && truth->entries[i].writer == that->writer &&
            truth->entries[i].link.seq == that->link.seq)
            return true;
    return false;
}

static void on_found(void *impl, uint32_t node, uint32_t number, bool is_known)
{
    struct sim_oracle *oracle = impl;
    const struct sim_entry *entry = &oracle->truth.entries[number];
    const struct sim_writer *writer = &oracle->truth.writers[entry->writer];
    if (is_known || !is_honest(oracle, writer))
        return;
    if (!is_at_home(oracle, entry->writer, node))
        sim_blame(oracle, SIM_UNSAFE, "node %u holds entry %u of a writer whose disk never had it",
                  node, entry->link.seq);
    if (!writer->was_copied && has_twin(&oracle->truth, number))
        sim_blame(oracle, SIM_UNSAFE, "node %u signed two entries number %u", node,
                  entry->link.seq);
}

void sim_oracle_disk_grows(struct sim_oracle *oracle, uint32_t node)
{
    enum ph_status status = sim_truth_read(&oracle->truth, node, on_found, oracle);
    if (status != PH_OK)
        sim_blame(oracle, SIM_UNSAFE, "node %u: its store went back or can't be read: %s", node,
                  ph_status_text(status));
}

void sim_oracle_disk_is_kept(struct sim_oracle *oracle, uint32_t node)
{
    uint64_t present, known;
    sim_truth_count(&oracle->truth, node, &present, &known);
    if (present < known)
        sim_blame(oracle, SIM_UNSAFE, "node %u lost entries or facts while it was down", node);
    sim_oracle_disk_grows(oracle, node);
}

void sim_oracle_disk_is_replaced(struct sim_oracle *oracle, uint32_t node)
{
    struct sim_truth *truth = &oracle->truth;
    sim_truth_forget(truth, node);
    oracle->was_replaced[node] = true;
    for (uint32_t i = 0; i < truth->writer_count; i++)
        if ((truth->writers[i].homes >> node & 1) != 0)
            truth->writers[i].was_copied = true;
    truth->writers[sim_truth_own(truth, node)].was_copied = true;
    for (size_t i = 0; i < oracle->ack_count; i++)
        if (truth->entries[oracle->acks[i].entry].held == 0)
            oracle->acks[i].is_void = true;
}

void sim_oracle_batch_is_bounded(struct sim_oracle *oracle, const struct ph_batch *batch)
{
    size_t len = ph_batch_bytes(batch);
    if (len > BATCH_BYTES_MAX)
        sim_blame(oracle, SIM_UNSAFE, "a batch of %zu bytes", len);
}

/* --- what people are told --- */

/* The last entry by a writer that this node is, or was when it began the commit, that touched a
 * record and was not yet said to be saved. SIM_NONE: none. */
static uint32_t last_own_touch(struct sim_oracle *oracle, uint32_t node, const struct ph_view *view,
                               const struct ph_record *record)
{
    uint32_t last = SIM_NONE;
    for (uint32_t i = 0; i < record->touch_count; i++) {
        const uint8_t *touch = record->touches.data + (size_t)8 * i;
        struct ph_stored_entry stored;
        if (ph_view_entry(view, ph_get_u32(touch), ph_get_u32(touch + 4), &stored) != PH_OK)
            continue;
        struct ph_entry_id id = ph_header_id(stored.encoded);
        uint32_t found = sim_truth_entry(&oracle->truth, &id);
        const struct sim_entry *entries = oracle->truth.entries;
        if (found != SIM_NONE && is_at_home(oracle, entries[found].writer, node) &&
            !entries[found].is_said_saved &&
            (last == SIM_NONE || entries[found].link.seq > entries[last].link.seq))
            last = found;
    }
    return last;
}

static void keep_ack(struct sim_oracle *oracle, const struct sim_ack *ack)
{
    if (oracle->ack_count == oracle->ack_size) {
        oracle->ack_size = oracle->ack_size == 0 ? 64 : 2 * oracle->ack_size;
        oracle->acks = realloc(oracle->acks, oracle->ack_size * sizeof *oracle->acks);
        if (oracle->acks == NULL)
            abort();
    }
    oracle->acks[oracle->ack_count++] = *ack;
}

/* Each answer stands for an entry of its own. */
void sim_oracle_saved_is_durable(struct sim_oracle *oracle, uint32_t node,
                                 const struct ph_record_id *id)
{
    struct ph_view view = {0};
    struct ph_record record;
    struct sim_ack ack = {.record = *id, .node = node, .entry = SIM_NONE};
    if (sim_is_behind(oracle->sim, node))
        return; /* it does not show yet, which is allowed */
    enum ph_status status = ph_view_open(sim_store(oracle->sim, node), &view);
    if (status == PH_OK)
        status = ph_view_find(&view, id, &record);
    if (status == PH_OK)
        ack.entry = last_own_touch(oracle, node, &view, &record);
    ph_view_close(&view);
    if (ack.entry == SIM_NONE) {
        sim_blame(oracle, SIM_UNSAFE, "node %u said «saved» of what is not on its disk", node);
        return;
    }
    oracle->truth.entries[ack.entry].is_said_saved = true;
    keep_ack(oracle, &ack);
}

void sim_oracle_stop_is_excused(struct sim_oracle *oracle, uint32_t node, enum ph_status failure)
{
    if (failure != PH_OK && !oracle->may_fail[node])
        sim_blame(oracle, SIM_UNSAFE, "node %u stopped by itself: %s", node,
                  ph_status_text(failure));
    oracle->may_fail[node] = false;
}
