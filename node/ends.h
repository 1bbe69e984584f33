/* The logs that a node holds: one for each writer that a certify fact in force names, numbered by
 * the order in which they were taken; and who is left out: a log of its school's or its own doing,
 * never for what its writer does in another school. */
#ifndef PHAROS_NODE_ENDS_H
#define PHAROS_NODE_ENDS_H

#include "node/state.h"

/* Everything from the store: logs, holes, fact set, root. Also after a commit that found the disk
 * full, when what was pending must be forgotten. */
PH_MUST_USE enum ph_status ph_ends_load(struct ph_node *node);

/* Into the gathering batch whom the node leaves out, when that is due: a store that was made anew
 * from the journal, or by an older program, does not know it yet. As ph_ingest_batch; due still,
 * then. */
PH_MUST_USE enum ph_status ph_ends_restate_left_out(struct ph_node *node);

/* What follows from the fact at `index`, just taken: of a certify fact that stands a log, and its
 * row in the gathering batch, unless the writer has one. A school with more certify facts than
 * PH_CERTIFIES_PER_SCHOOL_MAX, or more facts of any kind than PH_FACTS_PER_SCHOOL_MAX, is left out
 * with all its logs. */
PH_MUST_USE enum ph_status ph_ends_take_fact(struct ph_node *node, uint32_t index);

/* The writer's first log; -1: none. */
int ph_ends_find(const struct ph_node *node, const struct ph_writer_id *writer);

/* The row of a log, or of a branch from its start, whose first entry follows on `certify_id`: that
 * says whose the log is. PH_WAITING: no such certify fact of this writer stands here. PH_REFUSED:
 * it stands, and what begins with it is left out; the row is written all the same. */
PH_MUST_USE enum ph_status ph_ends_begin(const struct ph_node *node, const struct ph_log *log,
                                         const struct ph_entry_id *certify_id,
                                         struct ph_log_row *row);

/* The number of the next branch, once its row is in the gathering batch. PH_WAITING: there is no
 * room for it. */
PH_MUST_USE enum ph_status ph_ends_branch_number(const struct ph_node *node, uint32_t *number);
/* The row is in the batch, its tip as taken: the branch is held from now on. With more branches
 * than they may have, its writer's logs in its school, or all of its school's, are left out. */
PH_MUST_USE enum ph_status ph_ends_add_branch(struct ph_node *node, uint32_t number,
                                              const struct ph_log_row *row,
                                              const struct ph_link *base);

/* Whether there are durable entries of its own to speak of. */
bool ph_ends_is_announced(const struct ph_log *log);
/* Whether the root names it. */
bool ph_ends_is_in_root(const struct ph_log *log);

/* What is durable has changed: the root follows, once records do (cuts.h). */
PH_MUST_USE enum ph_status ph_ends_refresh(struct ph_node *node, bool holes_changed,
                                           bool records_follow);

#endif
