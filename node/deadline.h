/* All the node's times, and the one alarm that they make. */
#ifndef PHAROS_NODE_DEADLINE_H
#define PHAROS_NODE_DEADLINE_H

#include "node/state.h"

/* At the end of each step: the earliest of all deadlines becomes the alarm, if it changed. */
void ph_deadline_set_alarm(struct ph_node *node);

#endif
