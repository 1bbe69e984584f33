/* One connection: frames in, a table of states and messages, frames out. */
#ifndef PHAROS_NODE_PEER_H
#define PHAROS_NODE_PEER_H

#include "node/state.h"

void ph_peer_on_up(struct ph_node *node, ph_conn_id conn, const char *address);
void ph_peer_on_data(struct ph_node *node, ph_conn_id conn, struct ph_bytes bytes);
void ph_peer_on_sent(struct ph_node *node, ph_conn_id conn, size_t len);
void ph_peer_on_down(struct ph_node *node, ph_conn_id conn, const char *reason);
void ph_peer_on_wake(struct ph_node *node);

#endif
