/* What is left out of all records: a school with all its logs, or a school's logs of one writer.
 * Their ops are as if they were not there. Beside it, writers for whose entries nothing waits:
 * those of what is left out, so that what a node happens to hold of it makes no difference. Whose a
 * log is, its own certify fact says: a writer's log in one school is no matter of its log in
 * another. */
#ifndef PHAROS_STORE_LEFT_OUT_H
#define PHAROS_STORE_LEFT_OUT_H

#include "store/schema.h"

/* `key` is of the table left_out (schema.h). */
PH_MUST_USE enum ph_status ph_left_out_has(const struct ph_txn *txn, const struct ph_key *key,
                                           bool *out);
/* What it has done to records is undone, or what waits for it goes on, in the slices that
 * follow. */
PH_MUST_USE enum ph_status ph_left_out_add(const struct ph_txn *txn, struct ph_bytes key);
/* Applied entries of the school are tried again, which makes their records anew. */
PH_MUST_USE enum ph_status ph_left_out_undo(const struct ph_txn *txn,
                                            const struct ph_school_id *school);

#endif
