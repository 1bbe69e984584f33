#include "store/change.h"
#include "store/cuts.h"
#include "store/entries.h"
#include "store/journaling.h"
#include "store/left_out.h"
#include "store/logs.h"
#include "store/materialise.h"
#include "store/recovery.h"
#include "store/state.h"
#include "store/waiting.h"

static enum ph_status apply_entry(const struct ph_txn *txn, const struct ph_change *change)
{
    struct ph_key key = ph_key_place((struct ph_place){change->number, change->seq});
    PH_TRY(ph_db_add(txn, PH_TABLE_ENTRIES, ph_key_bytes(&key), change->value));
    if (!change->is_hole)
        return PH_OK;
    return ph_db_add(txn, PH_TABLE_HOLES, ph_key_bytes(&key), ph_bytes(NULL, 0));
}

/* What the content says may be on records by now: they are merged again. */
static enum ph_status apply_fill(const struct ph_txn *txn, const struct ph_change *change)
{
    struct ph_place place = {change->number, change->seq};
    PH_TRY(ph_entries_fill(txn, place, change->value));
    return ph_waiting_again(txn, place);
}

static enum ph_status apply_change(const struct ph_txn *txn, const struct ph_change *change)
{
    struct ph_key key = ph_key_u32(change->number);
    switch (change->type) {
    case PH_CHANGE_META:
    case PH_CHANGE_RECEIPT:
        return ph_db_put(txn, PH_TABLE_META, change->name, change->value);
    case PH_CHANGE_FACT:
        return ph_db_add(txn, PH_TABLE_FACTS, ph_key_bytes(&key), change->value);
    case PH_CHANGE_LOG:
        return ph_db_put(txn, PH_TABLE_LOGS, ph_key_bytes(&key), change->value);
    case PH_CHANGE_ENTRY:
        return apply_entry(txn, change);
    case PH_CHANGE_FILL:
        return apply_fill(txn, change);
    case PH_CHANGE_LEAVE_OUT:
        return ph_left_out_add(txn, change->value);
    case PH_CHANGE_CUT:
        return ph_cuts_put(txn, change->number, change->seq);
    case PH_CHANGE_END_WAITING:
        return ph_waiting_end(txn);
    }
    return PH_CORRUPT;
}

static enum ph_status apply_all(const struct ph_txn *txn, const struct ph_batch *batch)
{
    struct ph_change change;
    size_t at = 0;
    while (ph_batch_next(batch, &at, &change))
        PH_TRY(apply_change(txn, &change));
    return PH_OK;
}

static enum ph_status materialise(const struct ph_txn *txn, const struct ph_batch *batch,
                                  struct ph_slice_outcome *outcome)
{
    uint32_t preferred;
    bool has_preferred = ph_batch_preferred(batch, &preferred);
    if (ph_batch_wants_rebuild(batch))
        PH_TRY(ph_materialise_forget(txn));
    return ph_materialise_slice(txn, has_preferred ? &preferred : NULL, PH_SLICE_READS_MAX,
                                outcome);
}

/* --- the journal --- */

enum ph_status ph_store_journal(struct ph_store *store, const struct ph_batch *batch)
{
    struct ph_journal_frame frame = {0};
    if (store->journal.fd < 0 || store->journal.has_appended)
        return PH_OK;
    store->own_next = store->own;
    enum ph_status status = ph_journal_gather(batch, &store->own_next, &frame);
    if (status == PH_OK && frame.len != 0)
        status = ph_journal_append(&store->journal, frame.bytes, frame.len - PH_JOURNAL_HEAD_LEN);
    ph_journal_frame_deinit(&frame);
    return status;
}

/* What the tables say of the journal beside them. */
static enum ph_status apply_marks(const struct ph_store *store, const struct ph_txn *txn,
                                  const struct ph_batch *batch)
{
    if (store->journal.has_appended)
        PH_TRY(ph_recovery_put_mark(txn, &store->journal.appended));
    if (store->journal.has_appended && store->own_next.count != store->own.count)
        PH_TRY(ph_own_save(txn, &store->own_next));
    if (!ph_batch_settles_doubt(batch))
        return PH_OK;
    enum ph_status status = ph_db_delete(txn, PH_TABLE_META, ph_bytes_text(PH_META_DOUBT));
    return status == PH_NOT_FOUND ? PH_OK : status;
}

static void keep(struct ph_store *store, const struct ph_batch *batch)
{
    if (store->journal.has_appended)
        store->own = store->own_next;
    ph_journal_keep(&store->journal);
    if (ph_batch_settles_doubt(batch))
        atomic_store(&store->is_in_doubt, false);
}

/* A refusal holds only once the frame is gone: a restart would replay it. */
static enum ph_status refuse(struct ph_store *store, enum ph_status status)
{
    bool is_refusal = status == PH_NO_SPACE || status == PH_MAP_FULL;
    if (is_refusal && store->journal.has_appended)
        PH_TRY(ph_journal_withdraw(&store->journal));
    return status == PH_NOT_FOUND ? PH_CORRUPT : status;
}

/* An IO error before the commit has written nothing, but who can't read can't judge that. Nothing
 * that a batch names may be missing: what is, was lost from the disk. */
enum ph_status ph_store_apply(struct ph_store *store, struct ph_batch *batch)
{
    struct ph_txn txn = {0};
    struct ph_slice_outcome outcome = {0};
    PH_TRY(ph_store_journal(store, batch));
    enum ph_status status = ph_db_write(store->db, &txn);
    if (status == PH_OK)
        status = apply_all(&txn, batch);
    if (status == PH_OK)
        status = apply_marks(store, &txn, batch);
    if (status == PH_OK)
        status = materialise(&txn, batch, &outcome);
    if (status == PH_OK)
        status = ph_db_commit(&txn);
    ph_db_end(&txn);
    if (status != PH_OK)
        return refuse(store, status);
    keep(store, batch);
    ph_batch_set_outcome(batch, outcome.is_behind, outcome.kinds_made);
    return PH_OK;
}
