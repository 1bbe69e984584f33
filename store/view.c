#include "store/view.h"

#include <assert.h>

#include "store/cuts.h"
#include "store/entries.h"
#include "store/logs.h"
#include "store/own.h"
#include "store/state.h"

static struct ph_txn txn_of(const struct ph_view *view)
{
    return (struct ph_txn){.db = view->store->db, .raw = view->txn};
}

enum ph_status ph_view_open(struct ph_store *store, struct ph_view *view)
{
    struct ph_txn txn;
    PH_TRY(ph_db_read(store->db, &txn));
    *view = (struct ph_view){.store = store, .txn = txn.raw};
    return PH_OK;
}

void ph_view_close(struct ph_view *view)
{
    if (view->store == NULL)
        return;
    struct ph_txn txn = txn_of(view);
    ph_db_end(&txn);
    *view = (struct ph_view){0};
}

enum ph_status ph_view_meta(const struct ph_view *view, const char *name, struct ph_bytes *out)
{
    struct ph_txn txn = txn_of(view);
    return ph_db_get(&txn, PH_TABLE_META, ph_bytes_text(name), out);
}

enum ph_status ph_view_receipt(const struct ph_view *view, const struct ph_writer_id *writer,
                               struct ph_bytes *out)
{
    struct ph_txn txn = txn_of(view);
    struct ph_key key = ph_key_receipt(writer);
    return ph_db_get(&txn, PH_TABLE_META, ph_key_bytes(&key), out);
}

enum ph_status ph_view_was_own(const struct ph_view *view, const struct ph_writer_id *writer,
                               bool *out)
{
    struct ph_txn txn = txn_of(view);
    struct ph_own own;
    PH_TRY(ph_own_load(&txn, &own));
    *out = ph_own_has(&own, writer->bytes);
    return PH_OK;
}

static enum ph_status get_numbered(const struct ph_view *view, enum ph_table table, uint32_t number,
                                   struct ph_bytes *out)
{
    struct ph_txn txn = txn_of(view);
    struct ph_key key = ph_key_u32(number);
    return ph_db_get(&txn, table, ph_key_bytes(&key), out);
}

enum ph_status ph_view_fact(const struct ph_view *view, uint32_t index, struct ph_bytes *out)
{
    return get_numbered(view, PH_TABLE_FACTS, index, out);
}

enum ph_status ph_view_log(const struct ph_view *view, uint32_t log, struct ph_log_row *out)
{
    struct ph_bytes value;
    PH_TRY(get_numbered(view, PH_TABLE_LOGS, log, &value));
    return ph_log_row_decode(value, out);
}

enum ph_status ph_view_log_count(const struct ph_view *view, uint64_t *out)
{
    struct ph_txn txn = txn_of(view);
    return ph_db_count(&txn, PH_TABLE_LOGS, out);
}

enum ph_status ph_view_cut(const struct ph_view *view, uint32_t log, uint32_t *stands_to)
{
    struct ph_txn txn = txn_of(view);
    return ph_cuts_get(&txn, log, stands_to);
}

enum ph_status ph_view_entry(const struct ph_view *view, uint32_t log, uint32_t seq,
                             struct ph_stored_entry *out)
{
    struct ph_txn txn = txn_of(view);
    return ph_entries_get(&txn, (struct ph_place){log, seq}, out);
}

enum ph_status ph_view_hole(const struct ph_view *view, uint32_t *log, uint32_t *seq)
{
    struct ph_txn txn = txn_of(view);
    struct ph_key from = ph_key_place((struct ph_place){*log, *seq});
    struct ph_bytes key, value;
    struct ph_place place;
    PH_TRY(ph_db_seek(&txn, PH_TABLE_HOLES, ph_key_bytes(&from), &key, &value));
    if (!ph_key_read_place(key, &place))
        return PH_CORRUPT;
    *log = place.log;
    *seq = place.seq;
    return PH_OK;
}

enum ph_status ph_view_backlog(const struct ph_view *view, uint64_t *out)
{
    struct ph_txn txn = txn_of(view);
    struct ph_logs logs = {0};
    enum ph_status status = ph_logs_load(&txn, &logs);
    if (status == PH_OK)
        *out = ph_logs_backlog(&logs);
    ph_logs_free(&logs);
    return status;
}
