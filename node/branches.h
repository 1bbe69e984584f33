/* Places on the branches of a log (spec: "Forks"). A log number names a branch: the way from the
 * log's first entry to that branch's end. The log that a branch leaves holds the entries before the
 * fork. */
#ifndef PHAROS_NODE_BRANCHES_H
#define PHAROS_NODE_BRANCHES_H

#include "node/state.h"

/* Entry `seq` of the branch that ends in log `number`. */
struct ph_place_on {
    uint32_t number;
    uint32_t seq;
};

/* The number that holds entry `seq` of this branch itself; of 0, the start, the log's first. */
uint32_t ph_branch_holder(const struct ph_node *node, uint32_t number, uint32_t seq);

/* Entry `seq` of a branch, at most its durable end. */
PH_MUST_USE enum ph_status ph_branch_entry(const struct ph_node *node, const struct ph_view *view,
                                           const struct ph_place_on *at,
                                           struct ph_stored_entry *out);
/* Where the branch stands after it; 0: at the start. */
PH_MUST_USE enum ph_status ph_branch_link(const struct ph_node *node, const struct ph_view *view,
                                          const struct ph_place_on *at, struct ph_link *out);

/* The branches of one writer, by number; `number` is any of them before. -1: no more. */
int ph_branch_after(const struct ph_node *node, uint32_t number);

/* Whether entry `at->seq` of a branch is the one that `check` names. PH_OK: yes. PH_NOT_FOUND:
 * another, or none. PH_WAITING: it is taken and not durable, and only the end of what is taken is
 * known. */
PH_MUST_USE enum ph_status ph_branch_has(const struct ph_node *node, const struct ph_view *view,
                                         const struct ph_place_on *at, const uint8_t check[16]);

/* Which branch of the writer whose log is `first` holds this entry itself. As ph_branch_has. */
PH_MUST_USE enum ph_status ph_branch_find(const struct ph_node *node, const struct ph_view *view,
                                          uint32_t first, const struct ph_locator *entry,
                                          uint32_t *number);
/* The same in a view of its own. */
PH_MUST_USE enum ph_status ph_branch_look_up(const struct ph_node *node, uint32_t first,
                                             const struct ph_locator *entry, uint32_t *number);

struct ph_locator ph_locator_of(const struct ph_link *link);

#endif
