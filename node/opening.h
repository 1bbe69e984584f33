/* Who is there, and facts first: from the end of the handshake until heads may be spoken of
 * (spec: "Opening", "Facts first"). */
#ifndef PHAROS_NODE_OPENING_H
#define PHAROS_NODE_OPENING_H

#include "node/state.h"

/* Our own transport key answered a dial: perhaps it is our own listener. Before the handshake is
 * wiped. */
void ph_opening_find_ourselves(struct ph_node *node, struct ph_peer *dialed);
/* The handshake is done: judge who it is. */
PH_MUST_USE enum ph_status ph_opening_begin(struct ph_node *node, struct ph_peer *peer);
/* Whoever has our own transport key has sealed something with it. */
PH_MUST_USE enum ph_status ph_opening_meet_copy(struct ph_node *node, struct ph_peer *peer);

PH_MUST_USE enum ph_status ph_opening_take_twin(struct ph_node *node, struct ph_peer *peer,
                                                struct ph_message *message);
PH_MUST_USE enum ph_status ph_opening_keep_root(struct ph_node *node, struct ph_peer *peer,
                                                struct ph_message *message);
PH_MUST_USE enum ph_status ph_opening_introduce(struct ph_node *node, struct ph_peer *peer,
                                                struct ph_message *message);
PH_MUST_USE enum ph_status ph_opening_take_introduction(struct ph_node *node, struct ph_peer *peer,
                                                        struct ph_message *message);
PH_MUST_USE enum ph_status ph_opening_take_root(struct ph_node *node, struct ph_peer *peer,
                                                struct ph_message *message);
PH_MUST_USE enum ph_status ph_opening_take_fact_ids(struct ph_node *node, struct ph_peer *peer,
                                                    struct ph_message *message);
PH_MUST_USE enum ph_status ph_opening_take_facts(struct ph_node *node, struct ph_peer *peer,
                                                 struct ph_message *message);

/* The network took bytes: go on sending facts. */
PH_MUST_USE enum ph_status ph_opening_pump(struct ph_node *node, struct ph_peer *peer);

/* A root that differed has had its time. */
PH_MUST_USE enum ph_status ph_opening_on_wake(struct ph_node *node, struct ph_peer *peer);
/* After a commit: a root that came while something was pending is judged now; facts that are newly
 * durable go to an open peer. */
PH_MUST_USE enum ph_status ph_opening_on_committed(struct ph_node *node, struct ph_peer *peer);

#endif
