#include "store/stale.h"

enum ph_status ph_stale_add(const struct ph_txn *txn, uint16_t kind,
                            const struct ph_record_id *record, struct ph_place place)
{
    struct ph_key key = ph_key_stale(kind, record, place);
    return ph_db_put(txn, PH_TABLE_STALE, ph_key_bytes(&key), ph_bytes(NULL, 0));
}

/* The first row at or after this one. */
static enum ph_status seek(const struct ph_txn *txn, const struct ph_key *from, uint16_t *kind,
                           struct ph_record_id *record, struct ph_place *place)
{
    struct ph_bytes key, value;
    PH_TRY(ph_db_seek(txn, PH_TABLE_STALE, ph_key_bytes(from), &key, &value));
    return ph_key_read_stale(key, kind, record, place) ? PH_OK : PH_CORRUPT;
}

enum ph_status ph_stale_take(struct ph_record_maker *maker, uint16_t kind,
                             const struct ph_record_id *record)
{
    struct ph_record_id found;
    struct ph_place place = {0, 0};
    uint16_t found_kind;
    for (;;) {
        struct ph_key key = ph_key_stale(kind, record, place);
        enum ph_status status = seek(maker->txn, &key, &found_kind, &found, &place);
        if (status == PH_NOT_FOUND)
            return PH_OK;
        PH_TRY(status);
        if (found_kind != kind || !ph_record_id_equal(&found, record))
            return PH_OK;
        PH_TRY(ph_record_touch(maker, place));
        key = ph_key_stale(kind, record, place);
        PH_TRY(ph_db_delete(maker->txn, PH_TABLE_STALE, ph_key_bytes(&key)));
    }
}

enum ph_status ph_stale_first(const struct ph_txn *txn, uint16_t *kind, struct ph_record_id *record)
{
    const struct ph_key from = {.len = 0};
    struct ph_place place;
    return seek(txn, &from, kind, record, &place);
}

enum ph_status ph_stale_any(const struct ph_txn *txn, bool *out)
{
    uint64_t count;
    PH_TRY(ph_db_count(txn, PH_TABLE_STALE, &count));
    *out = count != 0;
    return PH_OK;
}

enum ph_status ph_stale_has(const struct ph_txn *txn, uint16_t kind,
                            const struct ph_record_id *record, struct ph_place place, bool *out)
{
    struct ph_key key = ph_key_stale(kind, record, place);
    return ph_db_has(txn, PH_TABLE_STALE, ph_key_bytes(&key), out);
}
