/* What goes into the journal: of a batch, and of a whole store when its journal is begun anew. */
#ifndef PHAROS_STORE_JOURNALING_H
#define PHAROS_STORE_JOURNALING_H

#include "store/batch.h"
#include "store/journal_file.h"
#include "store/own.h"

/* A frame that gathers changes, with room for its head. Zeroed before. */
struct ph_journal_frame {
    uint8_t *bytes; /* owned */
    size_t len, size;
};
void ph_journal_frame_deinit(struct ph_journal_frame *frame);

/* Meta values, facts, logs that are opened, and entries of logs that the batch calls its own, whose
 * writers join `own`. The frame stays without bytes if there is nothing. PH_NO_MEMORY. */
PH_MUST_USE enum ph_status ph_journal_gather(const struct ph_batch *batch, struct ph_own *own,
                                             struct ph_journal_frame *out);

/* The same of all that is stored, into a journal just created: complete again. */
PH_MUST_USE enum ph_status ph_journal_refill(struct ph_journal *journal, const struct ph_txn *txn,
                                             const struct ph_own *own);

#endif
