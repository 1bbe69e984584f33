/* Writers that are left out of all records: their ops are as if they were not there, and nothing
 * waits for their entries, so that what a node happens to hold of them makes no difference. */
#ifndef PHAROS_STORE_LEFT_OUT_H
#define PHAROS_STORE_LEFT_OUT_H

#include "store/schema.h"

PH_MUST_USE enum ph_status ph_left_out_has(const struct ph_txn *txn,
                                           const struct ph_writer_id *writer, bool *out);
/* `writer` is an id. What it has done to records is undone, and what waits for it goes on, in the
 * slices that follow. */
PH_MUST_USE enum ph_status ph_left_out_add(const struct ph_txn *txn, struct ph_bytes writer);

#endif
