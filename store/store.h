/* A node's disk: LMDB tables, ingest, materialised records (README.md: tables and invariants).
 *
 * One process owns a store. Reads (view.h) come from the node's thread and are short; writes are
 * batches, one at a time, from any one thread. */
#ifndef PHAROS_STORE_STORE_H
#define PHAROS_STORE_STORE_H

#include "pharos/log.h"
#include "pharos/status.h"
#include "store/batch.h"

struct ph_store;

struct ph_store_options {
    const char *path; /* an existing folder; the files in it are created 0600 */
    const char
        *journal_path; /* the journal's file, outside that folder; NULL: none (tests, benchmarks) */
    /* Whose log is our own in a store from before there was a journal; NULL: nobody's. Borrowed. */
    const struct ph_writer_id *writer;
    uint64_t map_bytes;   /* first map size; 0: the usual. Tests give small ones to see it grow */
    bool is_read_only;    /* for verifying, beside a process that has it open; no journal is read */
    bool any_file_system; /* don't refuse network file systems (tests only) */
    const struct ph_log_sink *log; /* borrowed for the store's life; may be NULL */
};

/* PH_REFUSED with one plain sentence in `why`: schema version unknown (the files are left
 * untouched), a network file system, a folder that others can write. PH_IO, PH_CORRUPT,
 * PH_NO_SPACE, PH_NO_MEMORY otherwise, `why` filled too. PH_WAITING: read-only, and of an earlier
 * layout, which opening it otherwise brings up to date. */
PH_MUST_USE enum ph_status ph_store_open(const struct ph_store_options *options,
                                         struct ph_store **out, char why[200]);
/* No view may be open, no batch under way. NULL is fine. */
void ph_store_close(struct ph_store *store);

/* Whether the store may lack what its own writer has written and others have seen: its database is
 * new or its journal damaged. Nothing may be signed with that writer's key any more. True until a
 * batch with ph_batch_settle_doubt is durable, through all restarts. Any thread. */
bool ph_store_is_in_doubt(const struct ph_store *store);

/* The first half of ph_store_apply, which does it if nobody has: what the batch says that nobody
 * else could give back goes into the journal, durably. Statuses as there. */
PH_MUST_USE enum ph_status ph_store_journal(struct ph_store *store, const struct ph_batch *batch);

/* Write a batch durably: the journal first, then one transaction, all of it or nothing. Up to
 * PH_SLICE_ENTRIES_MAX entries are materialised in the same transaction.
 * PH_MAP_FULL: nothing written; ph_store_grow on the thread of the views, then again.
 * PH_NO_SPACE: the disk is full, nothing written, the store goes on.
 * Any other failure: the outcome is unknown; close, and read what is there after opening again. */
PH_MUST_USE enum ph_status ph_store_apply(struct ph_store *store, struct ph_batch *batch);

/* Enlarge the map by a step. No view may be open (asserted), no batch under way. */
PH_MUST_USE enum ph_status ph_store_grow(struct ph_store *store);

#endif
