/* What peers show, held against each other (spec: "Withholding"): who keeps to itself what others
 * show, or announces what it does not deliver, is reported. Nothing else follows: it may be slow,
 * and what it withholds comes another way. */
#ifndef PHAROS_NODE_WITNESS_H
#define PHAROS_NODE_WITNESS_H

#include "node/state.h"

/* It shows more of a log than before. */
void ph_witness_on_more(struct ph_node *node, struct ph_peer *peer, uint32_t number);
/* A want of ours got nothing in its time, though the peer went on speaking. */
void ph_witness_on_vain_want(struct ph_node *node, struct ph_peer *peer);
/* It delivered. */
void ph_witness_on_delivered(struct ph_peer *peer);

/* Now and then: what it shows, against what is held here and others show. */
void ph_witness_compare(struct ph_node *node, struct ph_peer *peer);

/* Whether it is reported at this moment. */
bool ph_witness_suspects(const struct ph_peer *peer);

#endif
