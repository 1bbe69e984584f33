/* Sending runs: those that others want, and our own new entries (spec: "Pull", "Push"). */
#ifndef PHAROS_NODE_SERVE_H
#define PHAROS_NODE_SERVE_H

#include "node/state.h"

PH_MUST_USE enum ph_status ph_serve_take_want(struct ph_node *node, struct ph_peer *peer,
                                              struct ph_message *message);
/* After a commit: our own new entries, when the other side was sent all before them. */
PH_MUST_USE enum ph_status ph_serve_push_own(struct ph_node *node, struct ph_peer *peer);
/* The network took bytes, or a want came: go on sending. */
PH_MUST_USE enum ph_status ph_serve_pump(struct ph_node *node, struct ph_peer *peer);

#endif
