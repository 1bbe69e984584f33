/* What each status costs a peer: the one place where blame becomes policy. */
#ifndef PHAROS_NODE_PENALTY_H
#define PHAROS_NODE_PENALTY_H

#include "node/state.h"

/* Act on what came of a peer's input. PEER: its connection ends, with the reason in the log.
 * LOCAL: the node stops. NONE: nothing. */
void ph_penalty_apply(struct ph_node *node, struct ph_peer *peer, enum ph_status status,
                      const char *what);

/* A local failure: nothing is done any more; the environment ends the process. */
void ph_penalty_fail(struct ph_node *node, enum ph_status status, const char *what);

#endif
