/* Read everything, check everything: chains, hashes, sums, signatures, facts, cursors, and that
 * each record is what the merge makes of its ops. */
#ifndef PHAROS_STORE_VERIFY_H
#define PHAROS_STORE_VERIFY_H

#include "store/store.h"

struct ph_verify_report {
    uint32_t fact_count, log_count;
    uint64_t entry_count, signature_count, record_count, hole_count;
    /* The first damage found: a plain sentence that names the log (first 8 hex digits of its
     * writer) and the sequence, or the table and key. Empty: none. */
    char damage[300];
    uint64_t damage_count;
};

/* May run on any thread beside one writer; it reads one snapshot, so it belongs into a job.
 * PH_OK: all is well. PH_CORRUPT: `report` says what. */
PH_MUST_USE enum ph_status ph_store_verify(struct ph_store *store, struct ph_verify_report *report);

#endif
