/* What installations say that they hold durably (spec: "Receipts"): one's own is made, those of
 * others are kept and passed on, the newest of each writer. holders.h draws the conclusions. */
#ifndef PHAROS_NODE_RECEIPTS_H
#define PHAROS_NODE_RECEIPTS_H

#include "node/state.h"

/* Those that the store has kept; of logs that are loaded. */
PH_MUST_USE enum ph_status ph_receipts_load(struct ph_node *node);
void ph_receipts_free(struct ph_node *node);

/* What is durable may have changed, and one of ours may be durable now. */
PH_MUST_USE enum ph_status ph_receipts_on_committed(struct ph_node *node);
/* What was pending is lost. */
void ph_receipts_on_full_disk(struct ph_node *node);

/* PH_UNAUTHENTIC: it is forged. PH_LIMIT: nothing but such as bring nothing. */
PH_MUST_USE enum ph_status ph_receipts_take(struct ph_node *node, struct ph_peer *peer,
                                            struct ph_message *message);
PH_MUST_USE enum ph_status ph_receipts_take_list(struct ph_node *node, struct ph_peer *peer,
                                                 struct ph_message *message);

/* Roots are exchanged in idleness: what got lost is said again. */
void ph_receipts_again(struct ph_node *node, struct ph_peer *peer);

/* At the end of each step: makes, lists, passes on what it is time for. */
void ph_receipts_pump(struct ph_node *node);
uint64_t ph_receipts_next_ms(const struct ph_node *node);

/* Whether it counts: its writer may speak for a school of the network. */
bool ph_receipts_counts(struct ph_node *node, struct ph_receipt_kept *kept);

#endif
