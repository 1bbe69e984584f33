/* Seeds in children of this process: one that ends badly takes no other with it, and its folders
 * are removed. */
#ifndef PHAROS_TESTS_SIM_RUN_H
#define PHAROS_TESTS_SIM_RUN_H

#include "tests/sim/sim_case.h"

#define SIM_JOBS_AT_ONCE_MAX 64

struct sim_orders {
    uint64_t first, count;
    struct sim_wishes wishes; /* but for the seed */
    uint32_t job_count;       /* at most SIM_JOBS_AT_ONCE_MAX */
    uint64_t twice_every;     /* such seeds run twice, and must leave the same trace; 0: none */
    bool is_traced, is_quiet;
    const char *events_path; /* NULL: none; what is there already is kept */
};

struct sim_totals {
    uint64_t run, unsafe, stuck, crashed, unequal;
    uint64_t virtual_ms, commands, entries, acks;
};

/* Prints a line for each seed (`is_quiet`: each that fails). */
struct sim_totals sim_run_seeds(const struct sim_orders *orders);
/* One seed, silently; a crash counts as unsafe. */
enum sim_outcome sim_run_alone(const struct sim_wishes *wishes);
/* The command line that runs one seed with these wishes. */
void sim_run_print_replay(FILE *file, const struct sim_wishes *wishes);

#endif
