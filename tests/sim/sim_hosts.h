/* People who take turns as host, in some of the seeds: terms proposed, accepted, handed over and
 * taken over at any time, at any node, rightly and wrongly. Nothing may hang on it but that in the
 * end all agree on who is host. */
#ifndef PHAROS_TESTS_SIM_HOSTS_H
#define PHAROS_TESTS_SIM_HOSTS_H

#include "tests/sim/sim_oracle.h"
#include "tests/sim/sim_school.h"

struct sim_hosts {
    struct sim *sim;
    const struct sim_plan *plan;
    uint64_t stream;
    uint64_t next_ms; /* the next command; UINT64_MAX: none in this seed */
};

struct sim_hosts sim_hosts(struct sim *sim, const struct sim_plan *plan);
void sim_hosts_do(struct sim_hosts *hosts);

/* Oracle: the honest agree on who is host. */
void sim_oracle_one_host(struct sim_oracle *oracle);

#endif
