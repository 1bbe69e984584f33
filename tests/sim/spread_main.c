/* pharos-spread [--loss] [--seeds FIRST COUNT] N…: how entries spread among N schools, a line for
 * each kind of work; with --loss, where a tenth of them goes (README.md). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/sim/sim_wide.h"

#define SETTLE_MS 10000

static void print(uint32_t node_count, const char *what, const struct sim_wide_figures *figures)
{
    printf("%4u nodes, %-20s: %3u entries, everywhere after %4" PRIu64 " ms (median) %4" PRIu64
           " ms (most), %.2f copies; a node and an entry: %4.0f bytes of runs, %4.0f of heads,"
           " %4.0f of others, %4.1f messages; %" PRIu64 " prunes, %" PRIu64 " grafts, %" PRIu64
           " wants%s\n",
           node_count, what, figures->entry_count, figures->median_ms, figures->max_ms,
           figures->copies, figures->run_bytes, figures->heads_bytes, figures->other_bytes,
           figures->messages, figures->prune_count, figures->graft_count, figures->want_count,
           figures->missing_count != 0 ? ", NOT EVERYWHERE" : "");
    fflush(stdout);
}

static bool measure(struct sim_wide *wide, uint32_t node_count, const char *what, uint32_t rounds,
                    uint32_t at_once)
{
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < at_once; i++)
            sim_wide_write(wide, (round * at_once + i) * 7 % node_count);
        sim_run(sim_wide_sim(wide), SETTLE_MS);
    }
    struct sim_wide_figures figures = sim_wide_figures(wide);
    print(node_count, what, &figures);
    return figures.missing_count == 0;
}

static struct sim_wide *begin(uint32_t node_count, uint64_t seed)
{
    struct sim_wide_options options = {
        .seed = seed, .node_count = node_count, .dial_count = 5, .latency_ms = {50, 50}};
    return sim_wide_new(&options);
}

static bool measure_whole(uint32_t node_count, uint64_t seed)
{
    struct sim_wide *wide = begin(node_count, seed);
    bool is_good = measure(wide, node_count, "the first", 1, 1);
    is_good = measure(wide, node_count, "one after the other", 20, 1) && is_good;
    is_good = measure(wide, node_count, "ten at once", 3, 10) && is_good;
    is_good = measure(wide, node_count, "one after the other", 10, 1) && is_good;
    sim_wide_free(wide);
    return is_good;
}

/* Where the tree stands, a tenth of the schools goes. */
static bool measure_loss(uint32_t node_count, uint64_t seed, bool is_silent)
{
    struct sim_wide *wide = begin(node_count, seed);
    bool is_good = measure(wide, node_count, "before a loss", 2, 1);
    uint32_t left = node_count - node_count / 10;
    sim_wide_lose(wide, node_count - left, is_silent);
    is_good = measure(wide, left, is_silent ? "a tenth falls silent" : "a tenth is gone", 1, 10) &&
              is_good;
    is_good = measure(wide, left, "after it", 10, 1) && is_good;
    sim_wide_free(wide);
    return is_good;
}

/* A disk and a journal each, and what LMDB locks. */
static void raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static bool measure_all(uint32_t node_count, uint64_t seed, bool loss)
{
    if (!loss)
        return measure_whole(node_count, seed);
    bool is_good = measure_loss(node_count, seed, false);
    return measure_loss(node_count, seed, true) && is_good;
}

int main(int count, char **words)
{
    bool is_good = count > 1, loss = false;
    uint64_t first = 1, seeds = 1;
    raise_files();
    for (int i = 1; i < count; i++) {
        unsigned long nodes = strtoul(words[i], NULL, 10);
        if (strcmp(words[i], "--loss") == 0) {
            loss = true;
        } else if (strcmp(words[i], "--seeds") == 0 && i + 2 < count) {
            first = strtoull(words[++i], NULL, 10);
            seeds = strtoull(words[++i], NULL, 10);
        } else if (nodes < 2 || nodes > SIM_MACHINES_MAX || nodes > PH_SCHOOLS_MAX) {
            is_good = false;
        } else {
            for (uint64_t seed = first; seed < first + seeds; seed++)
                is_good = measure_all((uint32_t)nodes, seed, loss) && is_good;
        }
    }
    if (!is_good)
        fprintf(stderr, "pharos-spread [--loss] [--seeds FIRST COUNT] NODES…: from 2 to %d each\n",
                PH_SCHOOLS_MAX);
    return is_good ? 0 : 1;
}
