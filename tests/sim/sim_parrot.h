/* A stranger without any key who hears what is said to everybody near, and says it again: later,
 * and as if it came from elsewhere; and noise. */
#ifndef PHAROS_TESTS_SIM_PARROT_H
#define PHAROS_TESTS_SIM_PARROT_H

#include "tests/sim/sim.h"

struct sim_parrot;

/* `seed` is for its own chance; it says something every `pause_ms`, drawn. Lives no longer than
 * `sim`, and is freed after it. */
struct sim_parrot *sim_parrot_new(struct sim *sim, uint64_t seed, struct sim_span pause_ms);
void sim_parrot_free(struct sim_parrot *parrot);
void sim_parrot_silence(struct sim_parrot *parrot); /* for good */

#endif
