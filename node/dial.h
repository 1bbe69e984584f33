/* Whom to call, and when: a list of addresses, back-off with jitter. A failing address never
 * cancels another; an address that leads to a school we are already connected to rests. */
#ifndef PHAROS_NODE_DIAL_H
#define PHAROS_NODE_DIAL_H

#include "node/state.h"

/* The address's place in the list, put there if it is new; -1: the list is full or the text isn't
 * "host:port". Kept addresses are dialed again and again while serving. */
int ph_dial_add(struct ph_node *node, struct ph_bytes text, bool is_kept);

bool ph_dial_is_address(struct ph_bytes text);

/* Write the addresses that should outlive this process into the gathering batch; read them back. */
PH_MUST_USE enum ph_status ph_dial_remember(struct ph_node *node);
PH_MUST_USE enum ph_status ph_dial_load(struct ph_node *node);

/* What becomes of a connection. */
void ph_dial_on_begun(struct ph_address *address, ph_conn_id conn);
void ph_dial_on_open(struct ph_node *node, struct ph_peer *peer);
/* Its call has come that far. */
void ph_dial_on_reached(struct ph_node *node, const struct ph_peer *peer, enum ph_reach reach);
void ph_dial_on_self(struct ph_node *node, const struct ph_peer *peer);
/* `is_duplicate`: ended because another connection to the same school stays. */
/* The other side has shut us out: it is asked again now and then, since that may be lifted. */
void ph_dial_on_barred(struct ph_node *node, const struct ph_peer *peer);
void ph_dial_on_gone(struct ph_node *node, const struct ph_peer *peer, const char *reason,
                     bool is_duplicate);

/* Under a new key nobody is connected yet, whatever was known of the addresses. */
void ph_dial_all_soon(struct ph_node *node);

/* An address whose time has come, put off by a pause so that asking again gives the next; -1:
 * none. */
int ph_dial_due(struct ph_node *node);
uint64_t ph_dial_next_ms(const struct ph_node *node); /* UINT64_MAX: nothing to do */

#endif
