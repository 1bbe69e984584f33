/* Asking for what others have: one peer at a time for each writer's log (spec: "Pull"). */
#ifndef PHAROS_NODE_WANT_H
#define PHAROS_NODE_WANT_H

#include "node/state.h"

/* What a peer says that it holds: placed on the branches held here, or remembered as further on, or
 * as news. */
PH_MUST_USE enum ph_status ph_want_note_head(struct ph_node *node, struct ph_peer *peer,
                                             uint32_t first, const struct ph_locator *head);
/* More has become durable: what was remembered is placed where it can be. */
PH_MUST_USE enum ph_status ph_want_place_heads(struct ph_node *node, struct ph_peer *peer);

/* A run of theirs that brought nothing new ended there. */
PH_MUST_USE enum ph_status ph_want_note_end(struct ph_node *node, struct ph_peer *peer,
                                            uint32_t first, const struct ph_locator *end);
/* Whether a run of this log would answer a want of ours. */
bool ph_want_is_asked(struct ph_peer *peer, uint32_t first);

/* Ask for what others have and nobody is asked for. At the end of each step. */
void ph_want_pull(struct ph_node *node);

/* A run of this peer was taken into that log. */
void ph_want_on_taken(struct ph_node *node, struct ph_peer *peer, uint32_t number);
/* A run came for which there is no room now: asked for again after the commit. */
void ph_want_put_off(struct ph_peer *peer, uint32_t first);
/* A run came that brought nothing: one less to wait for. A want that nothing but such came of has
 * failed. */
void ph_want_on_nothing_new(struct ph_node *node, struct ph_peer *peer, uint32_t first);
/* A run came of a log that is left out: the head wanted lies there, or so they say. The want has
 * failed at once, so that the writer's other logs are soon asked for. */
void ph_want_on_left_out(struct ph_node *node, struct ph_peer *peer, uint32_t first);

/* Wants without progress are given up. */
void ph_want_on_wake(struct ph_node *node, struct ph_peer *peer);
size_t ph_want_count(const struct ph_peer *peer);

#endif
