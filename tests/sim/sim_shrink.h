/* Makes a failing seed smaller: fewer faults, nodes and commands, a shorter storm, as long as it
 * still fails. */
#ifndef PHAROS_TESTS_SIM_SHRINK_H
#define PHAROS_TESTS_SIM_SHRINK_H

#include "tests/sim/sim_plan.h"

/* False: it does not fail. */
bool sim_shrink(struct sim_wishes *wishes);

#endif
