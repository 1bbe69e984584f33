/* Callers that have not shown yet that they are members: bounded, and none of them keeps a member
 * out. */
#ifndef PHAROS_NODE_CROWD_H
#define PHAROS_NODE_CROWD_H

#include "node/state.h"

/* Before one more comes: with PH_HALF_OPEN_MAX of them, one goes. That is one from the address that
 * has most of them here; of these, one that has not shown the network key, if there is any; of
 * these, the one that waits longest. So a crowd from one place ends nobody elsewhere, and one
 * without the key nobody who has it. (The key can't come first: everybody is without it for as long
 * as the first message travels, and a crowd that has it would end all newcomers.) */
void ph_crowd_make_room(struct ph_node *node);

#endif
