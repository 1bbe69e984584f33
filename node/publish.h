/* Addresses in the records of schools. What this installation can be called at goes into its own
 * school's record, as entries like any others; what others have put into theirs is found there
 * (links.h). So schools that never were near each other, and whose addresses have changed, find
 * each other through anybody who knows both. */
#ifndef PHAROS_NODE_PUBLISH_H
#define PHAROS_NODE_PUBLISH_H

#include "node/state.h"

/* Where this node can be called from afar, by what the environment says. Those beyond
 * PH_OWN_ADDRESSES_MAX are left out. */
void ph_publish_on_listening(struct ph_node *node, const char *const *addresses, size_t count);
/* Writes what is not in the record yet, and takes out what this writer put there and does not hold
 * any more. */
void ph_publish_on_wake(struct ph_node *node);
uint64_t ph_publish_next_ms(const struct ph_node *node); /* UINT64_MAX: nothing to do */

/* What members' records say: at the start, and when one, or who is a member, has changed. Statuses
 * of the store. */
PH_MUST_USE enum ph_status ph_publish_read(struct ph_node *node);
PH_MUST_USE enum ph_status ph_publish_on_committed(struct ph_node *node);

#endif
