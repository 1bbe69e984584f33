/* Taking a received run: where it fits on what is held of its log, and what is new of it. */
#ifndef PHAROS_NODE_RUNS_H
#define PHAROS_NODE_RUNS_H

#include "node/state.h"

/* It may begin anywhere on what is held; what is held of it is read over. Where it then leaves what
 * is held, its branch grows, or a new branch of the log begins. `number` says into which log it was
 * taken; the writer's first otherwise, -1 if there is none. PH_OK: taken, all of it. PH_WAITING:
 * nothing wrong with it, but it is no use now: held already, its log not known. PH_REFUSED: its log
 * is left out, though others of its writer may not be. PH_NOT_FOUND: what it follows on is not
 * held. PH_PARTIAL: no room now. Nothing is taken then. `end` is the run's last entry if all of it
 * seems to be held, as far as can be told before it is durable; else its number is 0.
 * Others: it is bad, nothing is taken. A run that continues our own log beyond what we hold is
 * taken as history, and ends our writer. */
PH_MUST_USE enum ph_status ph_runs_take(struct ph_node *node, struct ph_run_reader *run,
                                        int *number, struct ph_locator *end);

#endif
