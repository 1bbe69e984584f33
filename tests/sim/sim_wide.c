#include "tests/sim/sim_wide.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/message.h"
#include "tests/sim/sim_school.h"
#include "tests/sim/sim_state.h"

#define LINKED_MS 30000 /* until all have called, and are at rest */
#define MAP_BYTES (1 << 20)
#define TYPES (PH_MESSAGE_RECEIPTS + 1)

/* An entry that is followed. All disks number the logs as they number the nodes. */
struct followed {
    uint32_t log, seq;
    uint64_t since_ms, last_ms;
    uint32_t reached_count;
    bool *is_at; /* owned: each node */
};

struct sim_wide {
    struct sim *sim;
    uint32_t node_count;
    uint32_t there_count; /* the first of them; the others are lost */
    struct followed entries[SIM_WIDE_ENTRIES_MAX];
    uint32_t entry_count;
    uint32_t *seqs;      /* owned: of each node's own log, with what it was told to write */
    bool *has_sent_runs; /* owned: each node */
    uint64_t bytes[TYPES], counts[TYPES], copy_count;
};

/* --- watching --- */

static void on_said(void *impl, uint32_t node, struct ph_bytes bytes)
{
    struct sim_wide *wide = impl;
    struct ph_message message;
    if (ph_message_decode(bytes, &message) != PH_OK)
        sim_fail(wide->sim, "node %u says what is no message", node);
    wide->counts[message.type]++;
    wide->bytes[message.type] += bytes.len;
    if (message.type != PH_MESSAGE_RUN)
        return;
    wide->copy_count += message.of.run.head.entry_count;
    wide->has_sent_runs[node] = true;
}

static void look_for(struct sim_wide *wide, uint32_t node, const struct ph_view *view,
                     struct followed *entry)
{
    struct ph_log_row row;
    if (entry->is_at[node] || node >= wide->there_count)
        return;
    if (ph_view_log(view, entry->log, &row) != PH_OK)
        sim_fail(wide->sim, "node %u has no log %u", node, entry->log);
    if (row.tip.seq < entry->seq)
        return;
    entry->is_at[node] = true;
    entry->reached_count++;
    entry->last_ms = sim_now(wide->sim);
}

static void on_applied(void *impl, uint32_t node, const struct ph_batch *batch)
{
    struct sim_wide *wide = impl;
    struct ph_view view = {0};
    (void)batch;
    if (wide->entry_count == 0)
        return;
    sim_view(wide->sim, node, &view);
    for (uint32_t i = 0; i < wide->entry_count; i++)
        look_for(wide, node, &view, &wide->entries[i]);
    ph_view_close(&view);
}

/* --- beginning and end --- */

/* Others than itself, and each at most once. */
static void draw_addresses(struct sim_wide *wide, uint32_t node, uint32_t count, uint64_t *chance)
{
    bool *is_drawn = calloc(wide->node_count, sizeof *is_drawn);
    if (is_drawn == NULL)
        abort();
    is_drawn[node] = true;
    count = count < wide->node_count ? count : wide->node_count - 1;
    for (uint32_t i = 0; i < count;) {
        char address[32];
        uint32_t other = (uint32_t)(sim_next(chance) % wide->node_count);
        if (is_drawn[other])
            continue;
        is_drawn[other] = true;
        snprintf(address, sizeof address, "node%u:" SIM_PORT, other);
        sim_keep_dialing(wide->sim, node, address);
        i++;
    }
    free(is_drawn);
}

static struct sim_options options_of(const struct sim_wide_options *options)
{
    struct sim_options plain = sim_options(options->seed, options->node_count);
    plain.net.latency_ms = options->latency_ms;
    plain.map_bytes = MAP_BYTES;
    plain.is_forgetful = true;
    return plain;
}

struct sim_wide *sim_wide_new(const struct sim_wide_options *options)
{
    struct sim_wide *wide = calloc(1, sizeof *wide);
    struct sim_options plain = options_of(options);
    uint64_t chance = options->seed;
    if (wide == NULL)
        abort();
    wide->node_count = wide->there_count = options->node_count;
    wide->seqs = calloc(wide->node_count, sizeof *wide->seqs);
    wide->has_sent_runs = calloc(wide->node_count, sizeof *wide->has_sent_runs);
    if (wide->seqs == NULL || wide->has_sent_runs == NULL)
        abort();
    wide->sim = sim_new(&plain);
    struct sim_watcher watcher = {.impl = wide, .applied = on_applied, .said = on_said};
    sim_watch(wide->sim, &watcher);
    sim_found_all(wide->sim, "Lighthouse");
    for (uint32_t node = 0; node < wide->node_count; node++) {
        wide->seqs[node] = 1; /* its card */
        draw_addresses(wide, node, options->dial_count, &chance);
    }
    for (uint32_t node = 0; node < wide->node_count; node++)
        sim_start(wide->sim, node);
    sim_run(wide->sim, LINKED_MS);
    sim_wide_figures(wide); /* what opening cost is not asked for */
    return wide;
}

static void forget(struct sim_wide *wide)
{
    for (uint32_t i = 0; i < wide->entry_count; i++)
        free(wide->entries[i].is_at);
    wide->entry_count = 0;
    wide->copy_count = 0;
    memset(wide->has_sent_runs, 0, wide->node_count * sizeof *wide->has_sent_runs);
    memset(wide->bytes, 0, sizeof wide->bytes);
    memset(wide->counts, 0, sizeof wide->counts);
}

void sim_wide_free(struct sim_wide *wide)
{
    if (wide == NULL)
        return;
    sim_watch(wide->sim, NULL);
    sim_free(wide->sim);
    forget(wide);
    free(wide->has_sent_runs);
    free(wide->seqs);
    free(wide);
}

struct sim *sim_wide_sim(struct sim_wide *wide)
{
    return wide->sim;
}

void sim_wide_lose(struct sim_wide *wide, uint32_t count, bool is_silent)
{
    uint32_t end = wide->there_count;
    wide->there_count -= count;
    for (uint32_t node = wide->there_count; node < end; node++) {
        if (!is_silent)
            sim_crash(wide->sim, node, SIM_FATE_LOST);
        for (uint32_t other = 0; is_silent && other < wide->there_count; other++)
            sim_partition(wide->sim, node, other);
    }
}

/* --- writing and counting --- */

void sim_wide_write(struct sim_wide *wide, uint32_t node)
{
    if (wide->entry_count == SIM_WIDE_ENTRIES_MAX)
        sim_fail(wide->sim, "at most %d entries are followed", SIM_WIDE_ENTRIES_MAX);
    struct followed *entry = &wide->entries[wide->entry_count++];
    *entry =
        (struct followed){.log = node, .seq = ++wide->seqs[node], .since_ms = sim_now(wide->sim)};
    entry->is_at = calloc(wide->node_count, sizeof *entry->is_at);
    sim_write_begin(wide->sim, node, "plan", "title", "What everybody hears of");
}

static int compare_ms(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

static void count_times(const struct sim_wide *wide, struct sim_wide_figures *figures)
{
    uint64_t ms[SIM_WIDE_ENTRIES_MAX] = {0};
    for (uint32_t i = 0; i < wide->entry_count; i++) {
        const struct followed *entry = &wide->entries[i];
        ms[i] = entry->last_ms - entry->since_ms;
        figures->missing_count += wide->there_count - entry->reached_count;
    }
    qsort(ms, wide->entry_count, sizeof *ms, compare_ms);
    if (wide->entry_count != 0) {
        figures->median_ms = ms[wide->entry_count / 2];
        figures->max_ms = ms[wide->entry_count - 1];
    }
}

struct sim_wide_figures sim_wide_figures(struct sim_wide *wide)
{
    struct sim_wide_figures figures = {.entry_count = wide->entry_count,
                                       .prune_count = wide->counts[PH_MESSAGE_PRUNE],
                                       .graft_count = wide->counts[PH_MESSAGE_GRAFT],
                                       .want_count = wide->counts[PH_MESSAGE_WANT],
                                       .run_count = wide->counts[PH_MESSAGE_RUN],
                                       .copy_count = wide->copy_count};
    uint64_t bytes = 0, messages = 0;
    double each = (double)wide->there_count * (wide->entry_count != 0 ? wide->entry_count : 1);
    for (size_t type = 0; type < TYPES; type++) {
        bytes += wide->bytes[type];
        messages += wide->counts[type];
    }
    for (uint32_t node = 0; node < wide->node_count; node++)
        figures.sender_count += wide->has_sent_runs[node];
    count_times(wide, &figures);
    figures.copies = (double)wide->copy_count / (each - each / wide->there_count);
    figures.run_bytes = (double)wide->bytes[PH_MESSAGE_RUN] / each;
    figures.heads_bytes = (double)wide->bytes[PH_MESSAGE_HEADS] / each;
    figures.other_bytes = (double)bytes / each - figures.run_bytes - figures.heads_bytes;
    figures.messages = (double)messages / each;
    forget(wide);
    return figures;
}
