/* Roots, heads, holes, and the messages that bring an open peer and us to the same logs (spec:
 * "Pull", "Push"). */
#ifndef PHAROS_NODE_SYNC_H
#define PHAROS_NODE_SYNC_H

#include "node/state.h"

PH_MUST_USE enum ph_status ph_sync_take_heads(struct ph_node *node, struct ph_peer *peer,
                                              struct ph_message *message);
PH_MUST_USE enum ph_status ph_sync_take_run(struct ph_node *node, struct ph_peer *peer,
                                            struct ph_message *message);
PH_MUST_USE enum ph_status ph_sync_take_fill(struct ph_node *node, struct ph_peer *peer,
                                             struct ph_message *message);

/* Where we stand; puts off the next idle exchange. */
PH_MUST_USE enum ph_status ph_sync_send_root(struct ph_node *node, struct ph_peer *peer);
/* All our durable heads, whatever was said before. */
PH_MUST_USE enum ph_status ph_sync_send_all_heads(struct ph_node *node, struct ph_peer *peer);

/* After a commit: push what is ours, announce the rest, compare roots when all seems equal. */
PH_MUST_USE enum ph_status ph_sync_announce(struct ph_node *node, struct ph_peer *peer);
/* Wants without progress are given up, idle roots exchanged. */
PH_MUST_USE enum ph_status ph_sync_on_wake(struct ph_node *node, struct ph_peer *peer);

#endif
