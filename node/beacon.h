/* Saying to everybody near where this node can be called, and hearing the same of others
 * (proto/README.md, "Beacon"). What is heard becomes an address among others (links.h); nothing
 * else follows from it, since anybody may bring a beacon again. */
#ifndef PHAROS_NODE_BEACON_H
#define PHAROS_NODE_BEACON_H

#include "node/state.h"

/* `port` is where others can call, 0 ends it. */
void ph_beacon_on_listening(struct ph_node *node, uint16_t port);
void ph_beacon_on_datagram(struct ph_node *node, const char *host, struct ph_bytes bytes);
void ph_beacon_on_wake(struct ph_node *node);

/* Something is to be said that was not said yet: as soon as PH_BEACON_ANSWER_MS allow. */
void ph_beacon_soon(struct ph_node *node);

uint64_t ph_beacon_next_ms(const struct ph_node *node); /* UINT64_MAX: nothing to say */

#endif
