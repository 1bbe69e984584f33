/* The logs that a node holds: one for each certified writer, numbered by the order in which their
 * certify facts were taken. */
#ifndef PHAROS_NODE_ENDS_H
#define PHAROS_NODE_ENDS_H

#include "node/state.h"

/* Everything from the store: logs, holes, fact set, root. Also after a commit that found the disk
 * full, when what was pending must be forgotten. */
PH_MUST_USE enum ph_status ph_ends_load(struct ph_node *node);

/* A log for a certify fact just taken, and its row in the gathering batch. A school's logs past
 * PH_LOGS_PER_SCHOOL_MAX are not followed: PH_OK, with a line in the node's log. */
PH_MUST_USE enum ph_status ph_ends_add(struct ph_node *node, const struct ph_fact *certify);

/* By writer (the one with entries, if several), and by what its first entry follows on; -1: none. */
int ph_ends_find(const struct ph_node *node, const struct ph_writer_id *writer);
int ph_ends_find_certify(const struct ph_node *node, const struct ph_entry_id *certify);

/* Two entries of this log have one number. A line in the node's log, once; keeping both branches
 * joins with forks. */
void ph_ends_note_fork(struct ph_node *node, struct ph_log *log);

/* What is durable has changed: the root follows. */
PH_MUST_USE enum ph_status ph_ends_refresh(struct ph_node *node, bool holes_changed);

#endif
