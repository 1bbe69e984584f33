/* Messages on their way out: packed, sealed, framed, and counted until the network has taken
 * them. */
#ifndef PHAROS_NODE_OUTBOX_H
#define PHAROS_NODE_OUTBOX_H

#include "node/state.h"

/* A place to build one message in; send it before asking for the next. */
struct ph_buffer ph_outbox_message(struct ph_node *node);
/* PH_LIMIT: the other side has not read for so long that PH_OUTBOX_BYTES_HARD_MAX wait for it, or
 * the channel is used up. PH_NO_MEMORY. */
PH_MUST_USE enum ph_status ph_outbox_send(struct ph_node *node, struct ph_peer *peer,
                                          const struct ph_buffer *message);
/* A handshake message: framed, not sealed. */
void ph_outbox_send_plain(struct ph_node *node, struct ph_peer *peer, struct ph_bytes message);

/* Bulk waits while this is false; a slow reader slows nobody else. */
bool ph_outbox_has_room(const struct ph_peer *peer);
void ph_outbox_on_sent(struct ph_peer *peer, size_t len);

#endif
