/* What people do at the nodes of a plan: commands of every kind, at drawn times, alone or many at
 * once, some of them wrong, some not waited for. And the answers that they get. */
#ifndef PHAROS_TESTS_SIM_WORK_H
#define PHAROS_TESTS_SIM_WORK_H

#include "tests/sim/sim_oracle.h"
#include "tests/sim/sim_school.h"

struct sim_work;

/* `code` is copied: those who join late use it. */
struct sim_work *sim_work_new(struct sim *sim, const struct sim_plan *plan,
                              struct sim_oracle *oracle, const struct sim_code *code);
void sim_work_free(struct sim_work *work);

uint64_t sim_work_next_ms(const struct sim_work *work);
void sim_work_do(struct sim_work *work);
/* To be told of each answer. */
void sim_work_replied(struct sim_work *work, uint32_t node, ph_command_id command,
                      struct ph_bytes answer);
/* Whoever is not in the network yet asks to be. False: all are members. */
bool sim_work_join_all(struct sim_work *work);
/* Its disk was replaced: it may not be a member any more. */
void sim_work_forget(struct sim_work *work, uint32_t node);
uint32_t sim_work_command_count(const struct sim_work *work);

/* Oracle: every command was answered, unless its node went down or its asker left. */
void sim_work_all_are_answered(struct sim_work *work);

#endif
