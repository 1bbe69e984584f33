/* Sending runs that others want (spec: "Pull"). */
#ifndef PHAROS_NODE_SERVE_H
#define PHAROS_NODE_SERVE_H

#include "node/state.h"

PH_MUST_USE enum ph_status ph_serve_take_want(struct ph_node *node, struct ph_peer *peer,
                                              struct ph_message *message);
/* One run from behind `after_seq` of a branch, at most to its durable end; moves it. */
PH_MUST_USE enum ph_status ph_serve_run(struct ph_node *node, struct ph_peer *peer, uint32_t number,
                                        uint32_t *after_seq);
/* The network took bytes, or a want came: go on sending. */
PH_MUST_USE enum ph_status ph_serve_pump(struct ph_node *node, struct ph_peer *peer);

#endif
