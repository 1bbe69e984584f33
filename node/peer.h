/* One connection: frames in, a table of states and messages, frames out. */
#ifndef PHAROS_NODE_PEER_H
#define PHAROS_NODE_PEER_H

#include "node/state.h"

struct ph_peer *ph_peer_find(struct ph_node *node, ph_conn_id conn); /* NULL: none */

/* Take a place for a connection that is being dialed. NULL: no place. */
struct ph_peer *ph_peer_new(struct ph_node *node, ph_conn_id conn, const char *address,
                            int address_index);

void ph_peer_on_up(struct ph_node *node, ph_conn_id conn, const char *address);
void ph_peer_on_data(struct ph_node *node, ph_conn_id conn, struct ph_bytes bytes);
void ph_peer_on_sent(struct ph_node *node, ph_conn_id conn, size_t len);
void ph_peer_on_down(struct ph_node *node, ph_conn_id conn, const char *reason);
void ph_peer_on_wake(struct ph_node *node);

/* Say goodbye, if the session got so far, and hang up. The peer's place is free afterwards. */
void ph_peer_end(struct ph_node *node, struct ph_peer *peer, enum ph_end_reason reason);
void ph_peer_end_all(struct ph_node *node, enum ph_end_reason reason);

/* Name of a school for log lines: the first eight hex digits of its key. */
struct ph_school_tag {
    char text[9];
};
struct ph_school_tag ph_school_tag(const struct ph_school_id *school);

#endif
