/* One seed: a network is founded, the weather breaks in while people work, then all faults stop and
 * everybody must come to hold and show the same within a stated time. */
#ifndef PHAROS_TESTS_SIM_CASE_H
#define PHAROS_TESTS_SIM_CASE_H

#include <stdio.h>

#include "tests/sim/sim_oracle.h"

struct sim_case {
    struct sim_wishes wishes;
    const char *folder; /* where disks are made; NULL: in memory */
    bool is_traced;     /* to stderr */
    FILE *events;       /* for tests/oracle; NULL: none */
};

struct sim_result {
    struct sim_verdict verdict;
    uint32_t node_count;
    uint64_t virtual_ms;
    uint64_t trace_hash;
    uint32_t command_count, entry_count, ack_count;
};

/* How long all may take to become equal once the faults have stopped: redials wait up to a minute,
 * dead connections are noticed after a minute, full disks after half; then a step for each school
 * on the way. */
#define SIM_CALM_MS(node_count) (300000 + (uint64_t)(node_count)*20000)

struct sim_result sim_case_run(const struct sim_case *given);

#endif
