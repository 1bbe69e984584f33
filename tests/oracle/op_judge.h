/* Facts for and against schools, drawn from a seed: removals and restorations, reached or not, new
 * keys, leaves, closes and policies, with votes that name ends of the logs drawn. */
#ifndef PHAROS_TESTS_ORACLE_OP_JUDGE_H
#define PHAROS_TESTS_ORACLE_OP_JUDGE_H

#include "tests/oracle/op_draw.h"

/* Some more facts on top of those drawn, or none. `known`: has taken those drawn, and takes these.
 * `set`: whose entries are named; NULL: there are none yet, and what is certified here gets logs
 * later. */
void op_judge_draw(struct op_facts *facts, struct ph_facts *known, const struct op_set *set,
                   uint64_t seed);

#endif
