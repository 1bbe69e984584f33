/* From entries to records: a cursor per log, rows for what waits, and each touched record made anew
 * from all entries that touched it. All in the caller's write transaction. */
#ifndef PHAROS_STORE_MATERIALISE_H
#define PHAROS_STORE_MATERIALISE_H

#include "store/schema.h"

/* At most PH_SLICE_ENTRIES_MAX entries, those of log `*preferred` (may be NULL) first. Of what they
 * touch, what that log does is made anew at once, and other records until they are made of
 * `reads_max` entries together; the rest is put off. The outcome
 * is written on success. Scratch
 * memory is bounded by the slice and freed.
 * PH_NO_MEMORY, PH_MAP_FULL, PH_CORRUPT, PH_IO. */
struct ph_slice_outcome {
    bool is_behind;      /* there is more to do */
    uint64_t kinds_made; /* a bit for each kind of which a record was made anew */
};
PH_MUST_USE enum ph_status ph_materialise_slice(const struct ph_txn *txn, const uint32_t *preferred,
                                                uint32_t reads_max, struct ph_slice_outcome *out);
/* Throw all of it away; slices then make it again. */
PH_MUST_USE enum ph_status ph_materialise_forget(const struct ph_txn *txn);

#endif
