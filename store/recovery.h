/* What is done at opening, before anything else: the journal is replayed, or begun anew where it
 * can't be trusted; then the store is in doubt. */
#ifndef PHAROS_STORE_RECOVERY_H
#define PHAROS_STORE_RECOVERY_H

#include "store/state.h"

/* Rows of the store's own. */
#define PH_META_JOURNAL ".journal" /* the mark of the last frame that the tables contain */
#define PH_META_DOUBT ".doubt"     /* there: ph_store_is_in_doubt */

/* Opens the journal at `path` and brings the tables up to it. `writer`: whose log is our own in a
 * store that was written before there was a journal; may be NULL. */
PH_MUST_USE enum ph_status ph_recover(struct ph_store *store, const char *path,
                                      const struct ph_writer_id *writer);

/* The tables contain the frames up to this one, from this transaction on. */
PH_MUST_USE enum ph_status ph_recovery_put_mark(const struct ph_txn *txn,
                                                const struct ph_journal_mark *mark);

#endif
