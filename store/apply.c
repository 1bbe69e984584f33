#include "store/change.h"
#include "store/entries.h"
#include "store/logs.h"
#include "store/materialise.h"
#include "store/state.h"

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
    struct ph_key key = ph_key_place(place);
    PH_TRY(ph_entries_fill(txn, place, change->value));
    return ph_db_put(txn, PH_TABLE_AGAIN, ph_key_bytes(&key), ph_bytes(NULL, 0));
}

static enum ph_status apply_change(const struct ph_txn *txn, const struct ph_change *change)
{
    struct ph_key key = ph_key_u32(change->number);
    switch (change->type) {
    case PH_CHANGE_META:
        return ph_db_put(txn, PH_TABLE_META, change->name, change->value);
    case PH_CHANGE_FACT:
        return ph_db_add(txn, PH_TABLE_FACTS, ph_key_bytes(&key), change->value);
    case PH_CHANGE_LOG:
        return ph_db_put(txn, PH_TABLE_LOGS, ph_key_bytes(&key), change->value);
    case PH_CHANGE_ENTRY:
        return apply_entry(txn, change);
    case PH_CHANGE_FILL:
        return apply_fill(txn, change);
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
                                  bool *is_behind)
{
    uint32_t preferred;
    bool has_preferred = ph_batch_preferred(batch, &preferred);
    if (ph_batch_wants_rebuild(batch))
        PH_TRY(ph_materialise_forget(txn));
    return ph_materialise_slice(txn, has_preferred ? &preferred : NULL, is_behind);
}

/* An IO error before the commit has written nothing, but who can't read can't judge that. */
enum ph_status ph_store_apply(struct ph_store *store, struct ph_batch *batch)
{
    struct ph_txn txn = {0};
    bool is_behind = false;
    /* The journal of own entries will be written and synced here, before the transaction. */
    enum ph_status status = ph_db_write(store->db, &txn);
    if (status == PH_OK)
        status = apply_all(&txn, batch);
    if (status == PH_OK)
        status = materialise(&txn, batch, &is_behind);
    if (status == PH_OK)
        status = ph_db_commit(&txn);
    if (status == PH_OK)
        ph_batch_set_behind(batch, is_behind);
    ph_db_end(&txn);
    /* Nothing that a batch names may be missing: what is, was lost from the disk. */
    return status == PH_NOT_FOUND ? PH_CORRUPT : status;
}
