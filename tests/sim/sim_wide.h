/* A wide network: many schools that hold the same and call a few others each, drawn; and how new
 * entries spread in it: when they are everywhere, and what that costs. What is counted is what
 * nodes say, before it is sealed, and what becomes durable on their disks; no node is asked. Only
 * in programs that link sim_tap.c. */
#ifndef PHAROS_TESTS_SIM_WIDE_H
#define PHAROS_TESTS_SIM_WIDE_H

#include "tests/sim/sim.h"

#define SIM_WIDE_ENTRIES_MAX 256 /* followed at a time */

struct sim_wide_options {
    uint64_t seed;
    uint32_t node_count;
    uint32_t dial_count; /* others that each calls */
    struct sim_span latency_ms;
};

struct sim_wide; /* owns its sim */

/* All are up and connected, and nobody has said anything new yet. */
struct sim_wide *sim_wide_new(const struct sim_wide_options *options);
void sim_wide_free(struct sim_wide *wide);
struct sim *sim_wide_sim(struct sim_wide *wide);

/* The last `count` schools go, and are not counted any more: their connections break, or, if that
 * is silent, nothing comes from them and nobody is told. */
void sim_wide_lose(struct sim_wide *wide, uint32_t count, bool is_silent);

/* One entry by a school, from now on followed to everyone. */
void sim_wide_write(struct sim_wide *wide, uint32_t node);

struct sim_wide_figures {
    uint32_t entry_count;
    uint32_t missing_count;     /* pairs of an entry and a node that it has not reached */
    uint64_t median_ms, max_ms; /* of the entries: from the command to the last disk */
    double copies;              /* that a node was sent of an entry, on average */
    double run_bytes, heads_bytes, other_bytes, messages;     /* a node and an entry */
    uint64_t prune_count, graft_count, want_count, run_count; /* messages, in all */
    uint64_t copy_count;                                      /* entries in runs, in all */
    uint32_t sender_count;                                    /* nodes that sent runs */
};
/* Of what was written since the last time, or the beginning. */
struct sim_wide_figures sim_wide_figures(struct sim_wide *wide);

#endif
