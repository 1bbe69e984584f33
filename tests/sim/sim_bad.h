/* The malicious members of a plan: the last schools of it. They join like all others; then their
 * machines are switched off for good and adversaries (sim_adversary.h) take their places. */
#ifndef PHAROS_TESTS_SIM_BAD_H
#define PHAROS_TESTS_SIM_BAD_H

#include "tests/sim/sim_oracle.h"
#include "tests/sim/sim_school.h"

struct sim_bad;

struct sim_bad *sim_bad_new(struct sim *sim, const struct sim_plan *plan,
                            const struct sim_code *code);
void sim_bad_free(struct sim_bad *bad); /* before the sim */

/* The honest that vote remove them: in the storm one vote at a time, and later the rest. */
uint64_t sim_bad_next_ms(const struct sim_bad *bad);
void sim_bad_vote(struct sim_bad *bad);
void sim_bad_remove(struct sim_bad *bad);

/* Nothing new is signed. Some go on with what must cost nobody anything; later all are gone. */
void sim_bad_calm(struct sim_bad *bad);
void sim_bad_leave(struct sim_bad *bad);

/* Oracle: who is removed at one honest node is at all, and none of them is connected to it. */
void sim_oracle_removed_are_shut_out(struct sim_oracle *oracle, struct sim_bad *bad);
/* Oracle: no honest node has taken what it must refuse. */
void sim_oracle_nothing_forbidden_is_taken(struct sim_oracle *oracle, struct sim_bad *bad);

#endif
