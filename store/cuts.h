/* How far each log stands (spec: "Standing"): a row for a log that something bounds. What is behind
 * it is kept, and has no effect. */
#ifndef PHAROS_STORE_CUTS_H
#define PHAROS_STORE_CUTS_H

#include "proto/bounds.h"
#include "store/schema.h"

/* The last sequence number that stands; PH_STANDS_ALL: all of them. */
PH_MUST_USE enum ph_status ph_cuts_get(const struct ph_txn *txn, uint32_t log, uint32_t *stands_to);
/* What its school has done to records is made again, in the slices that follow. */
PH_MUST_USE enum ph_status ph_cuts_put(const struct ph_txn *txn, uint32_t log, uint32_t stands_to);

#endif
