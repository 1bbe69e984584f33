/* From the journal into the tables: each change checked as at any other door, and done once,
 * however often it is replayed. */
#ifndef PHAROS_STORE_REPLAY_H
#define PHAROS_STORE_REPLAY_H

#include "proto/facts.h"
#include "store/db.h"
#include "store/journal.h"
#include "store/own.h"

/* One transaction's worth. */
struct ph_replay {
    const struct ph_txn *txn;
    struct ph_own *own;     /* the writers of the entries join it */
    struct ph_facts *facts; /* owned: all that are stored; NULL until one is needed */
};

/* PH_CORRUPT: a change that no honest journal of this store holds; the transaction is to be
 * dropped. */
PH_MUST_USE enum ph_status ph_replay_frame(struct ph_replay *replay, struct ph_bytes payload);
void ph_replay_deinit(struct ph_replay *replay); /* zeroed is fine */

#endif
