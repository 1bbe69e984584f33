/* The table of connections: places given out, and taken back. */
#ifndef PHAROS_NODE_PEERS_H
#define PHAROS_NODE_PEERS_H

#include "node/state.h"

struct ph_peer *ph_peers_find(struct ph_node *node, ph_conn_id conn); /* NULL: none */
/* One with whom we exchange; NULL: none. */
const struct ph_peer *ph_peers_session(const struct ph_node *node,
                                       const struct ph_school_id *school);

/* A place for a connection. NULL: none is left. */
struct ph_peer *ph_peers_new(struct ph_node *node, ph_conn_id conn, const char *address,
                             int address_index);

/* Call an address, unless it is being called; and all those whose time has come. */
void ph_peers_dial(struct ph_node *node, int address_index);
void ph_peers_dial_due(struct ph_node *node);

/* Each of these frees the peer's place; `peer` is nobody afterwards. end: say goodbye, if the
 * session got so far, and hang up. hang_up: without a word. gone: the other side or the network has
 * closed already. */
void ph_peers_end(struct ph_node *node, struct ph_peer *peer, enum ph_end_reason reason);
void ph_peers_end_all(struct ph_node *node, enum ph_end_reason reason);
void ph_peers_hang_up(struct ph_node *node, struct ph_peer *peer, const char *reason,
                      bool is_duplicate);
void ph_peers_gone(struct ph_node *node, struct ph_peer *peer, const char *reason);

/* What is known of an open peer's logs has room for so many. PH_NO_MEMORY: as it was. */
PH_MUST_USE enum ph_status ph_peers_fit_logs(struct ph_peer *peer, uint32_t count);
PH_MUST_USE enum ph_status ph_peers_fit_all(struct ph_node *node, uint32_t count);

/* Name of a school for log lines: the first eight hex digits of its key. */
struct ph_school_tag {
    char text[9];
};
struct ph_school_tag ph_school_tag(const struct ph_school_id *school);

#endif
