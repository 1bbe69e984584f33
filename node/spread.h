/* The epidemic broadcast tree (spec: "Spread"): to whom new runs are pushed, and to whom only their
 * heads are said. One tree for all writers: an eager peer is pushed to and expected to push, a lazy
 * one neither. */
#ifndef PHAROS_NODE_SPREAD_H
#define PHAROS_NODE_SPREAD_H

#include "node/state.h"

/* Whether anybody is expected to push. */
bool ph_spread_has_eager(const struct ph_node *node);

/* After a commit: what became durable by it goes to an eager peer that was sent all before it. */
PH_MUST_USE enum ph_status ph_spread_push(struct ph_node *node, struct ph_peer *peer);

/* How long a push may come after the first head that spoke of it. */
uint64_t ph_spread_patience_ms(const struct ph_node *node);

/* An entry of this node's own is taken. */
void ph_spread_on_written(struct ph_node *node);
/* What was wanted since a head spoke of it is taken, into that log. */
void ph_spread_on_wanted(struct ph_node *node, const struct ph_peer *peer, uint32_t number);
/* A run for that log came that nobody had asked for, with something new: it is on the way of the
 * tree. */
void ph_spread_on_new(struct ph_node *node, struct ph_peer *peer, uint32_t number);
/* The same without anything new, up to `end`; `first` is the writer's first log. Another way is
 * quicker. PH_LIMIT: nothing else comes. */
PH_MUST_USE enum ph_status ph_spread_on_held(struct ph_node *node, struct ph_peer *peer,
                                             uint32_t first, const struct ph_locator *end);

/* It has what no eager peer has brought: from now on it is one, if there is room for it. */
PH_MUST_USE enum ph_status ph_spread_graft(struct ph_node *node, struct ph_peer *peer);
PH_MUST_USE enum ph_status ph_spread_take_prune(struct ph_node *node, struct ph_peer *peer,
                                                struct ph_message *message);
PH_MUST_USE enum ph_status ph_spread_take_graft(struct ph_node *node, struct ph_peer *peer,
                                                struct ph_message *message);

/* A session is open: the first few are eager. */
PH_MUST_USE enum ph_status ph_spread_on_open(struct ph_node *node, struct ph_peer *peer);
/* Its session is over: the tree may have gone through it. */
void ph_spread_on_gone(struct ph_node *node, const struct ph_peer *peer);
/* At the end of each step: nobody stays without an eager peer while there is one to be had, and who
 * has lost one gets others. */
void ph_spread_heal(struct ph_node *node);

#endif
