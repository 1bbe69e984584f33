/* The logs that a node holds: one for each writer that a certify fact in force names, numbered by the
 * order in which they were taken. */
#ifndef PHAROS_NODE_ENDS_H
#define PHAROS_NODE_ENDS_H

#include "node/state.h"

/* Everything from the store: logs, holes, fact set, root. Also after a commit that found the disk
 * full, when what was pending must be forgotten. */
PH_MUST_USE enum ph_status ph_ends_load(struct ph_node *node);

/* A log for a certify fact just taken that stands, and its row in the gathering batch, unless the
 * writer has one. Logs of a school with more certify facts than PH_CERTIFIES_PER_SCHOOL_MAX are left
 * out of everything. */
PH_MUST_USE enum ph_status ph_ends_add(struct ph_node *node, const struct ph_fact *certify);

int ph_ends_find(const struct ph_node *node, const struct ph_writer_id *writer); /* -1: none */

/* The row of a log that has no entries, if its first one follows on `certify_id`: that says whose the
 * log is. PH_WAITING: no such certify fact of this writer stands here, or its school is left out. */
PH_MUST_USE enum ph_status ph_ends_begin(const struct ph_node *node, const struct ph_log *log,
                                         const struct ph_entry_id *certify_id,
                                         struct ph_log_row *row);

/* Where a log stood after its entry `seq`, at most the durable end. */
PH_MUST_USE enum ph_status ph_ends_link(const struct ph_view *view, const struct ph_log *log,
                                        uint32_t number, uint32_t seq, struct ph_link *out);

/* Whether heads, root and status name it. */
bool ph_ends_is_spoken_of(const struct ph_log *log);

/* Two entries of this log have one number. A line in the node's log, once; keeping both branches
 * joins with forks. */
void ph_ends_note_fork(struct ph_node *node, struct ph_log *log);

/* Our own log goes on differently elsewhere: this home was restored from a copy, or there are two of
 * it. What we would write after that reaches nobody. */
bool ph_ends_own_is_forked(const struct ph_node *node);
#define PH_OWN_FORK_TEXT                                                                           \
    "Other schools hold entries of this PC that this home lacks: it was restored from a copy, or " \
    "there are two of it. What it writes now would reach nobody; join with a new home."

/* What is durable has changed: the root follows. */
PH_MUST_USE enum ph_status ph_ends_refresh(struct ph_node *node, bool holes_changed);

#endif
