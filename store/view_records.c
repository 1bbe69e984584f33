#include "store/view.h"

#include "store/entries.h"
#include "store/records.h"
#include "store/schema.h"
#include "store/state.h"

static struct ph_txn txn_of(const struct ph_view *view)
{
    return (struct ph_txn){.db = view->store->db, .raw = view->txn};
}

enum ph_status ph_view_record(const struct ph_view *view, uint16_t kind,
                              const struct ph_record_id *id, struct ph_record *out)
{
    struct ph_txn txn = txn_of(view);
    struct ph_key key = ph_key_record(kind, id);
    struct ph_bytes value;
    PH_TRY(ph_db_get(&txn, PH_TABLE_RECORDS, ph_key_bytes(&key), &value));
    return ph_record_decode(kind, id, value, out);
}

/* From kind to kind as they come: each is looked into once. */
static enum ph_status find(struct ph_cursor *cursor, const struct ph_record_id *id, uint16_t *kind)
{
    struct ph_record_id found;
    for (uint32_t wanted = 0; wanted <= UINT16_MAX;) {
        struct ph_key key = ph_key_record((uint16_t)wanted, id);
        PH_TRY(ph_cursor_seek(cursor, ph_key_bytes(&key)));
        if (!ph_key_read_record(cursor->key, kind, &found))
            return PH_CORRUPT;
        if (ph_record_id_equal(&found, id))
            return PH_OK;
        wanted = *kind > wanted ? *kind : wanted + 1;
    }
    return PH_NOT_FOUND;
}

enum ph_status ph_view_find(const struct ph_view *view, const struct ph_record_id *id,
                            struct ph_record *out)
{
    struct ph_txn txn = txn_of(view);
    struct ph_cursor cursor = {0};
    uint16_t kind = 0;
    enum ph_status status = ph_cursor_open(&txn, PH_TABLE_RECORDS, &cursor);
    if (status == PH_OK)
        status = find(&cursor, id, &kind);
    ph_cursor_close(&cursor);
    return status == PH_OK ? ph_view_record(view, kind, id, out) : status;
}

static enum ph_status first_of(const struct ph_view *view, struct ph_cursor *cursor, uint16_t kind,
                               const struct ph_school_id *school, struct ph_record *out)
{
    struct ph_record_id lowest = {{0}}, found;
    uint16_t found_kind = 0;
    memcpy(lowest.bytes, school->bytes, PH_SCHOOL_PREFIX_LEN);
    struct ph_key key = ph_key_record(kind, &lowest);
    enum ph_status status = ph_cursor_seek(cursor, ph_key_bytes(&key));
    for (int i = 0; status == PH_OK && i < PH_FIRST_OF_MAX; i++) {
        if (!ph_key_read_record(cursor->key, &found_kind, &found))
            return PH_CORRUPT;
        if (found_kind != kind || !ph_record_id_is_of(&found, school))
            return PH_NOT_FOUND;
        PH_TRY(ph_view_record(view, kind, &found, out));
        if (out->is_created)
            return PH_OK;
        status = ph_cursor_next(cursor);
    }
    return status == PH_OK ? PH_NOT_FOUND : status;
}

enum ph_status ph_view_first_of(const struct ph_view *view, uint16_t kind,
                                const struct ph_school_id *school, struct ph_record *out)
{
    struct ph_txn txn = txn_of(view);
    struct ph_cursor cursor = {0};
    enum ph_status status = ph_cursor_open(&txn, PH_TABLE_RECORDS, &cursor);
    if (status == PH_OK)
        status = first_of(view, &cursor, kind, school, out);
    ph_cursor_close(&cursor);
    return status;
}

enum ph_status ph_view_ref(const struct ph_view *view, const struct ph_record_value *value,
                           struct ph_op_ref *out)
{
    struct ph_stored_entry entry;
    PH_TRY(ph_view_entry(view, value->log, value->seq, &entry));
    struct ph_entry_id id = ph_header_id(entry.encoded);
    *out = ph_op_ref(&entry.header.writer, value->seq, &id, value->index);
    return PH_OK;
}

static void keep_position(struct ph_list_position *position, struct ph_bytes key)
{
    memcpy(position->key, key.data, key.len);
    position->key_len = key.len;
    position->is_started = true;
}

static struct ph_bytes position_bytes(const struct ph_list_position *position)
{
    return ph_bytes(position->key, position->key_len);
}

/* Backwards from the end of the kind. */
enum ph_status ph_view_list(const struct ph_view *view, uint16_t kind,
                            struct ph_list_position *position, struct ph_record_id *out)
{
    struct ph_txn txn = txn_of(view);
    struct ph_cursor cursor = {0};
    struct ph_record_id id;
    uint16_t found = 0;
    memset(id.bytes, 0xff, sizeof id.bytes);
    struct ph_key end = ph_key_by_kind(kind, UINT64_MAX, &id);
    enum ph_status status = ph_cursor_open(&txn, PH_TABLE_BY_KIND, &cursor);
    if (status == PH_OK)
        status = ph_cursor_seek_below(&cursor, position->is_started ? position_bytes(position)
                                                                    : ph_key_bytes(&end));
    if (status == PH_OK && !ph_key_read_by_kind(cursor.key, &found, &id))
        status = PH_CORRUPT;
    if (status == PH_OK && found != kind)
        status = PH_NOT_FOUND;
    if (status == PH_OK) {
        keep_position(position, cursor.key);
        *out = id;
    }
    ph_cursor_close(&cursor);
    return status;
}

enum ph_status ph_view_children(const struct ph_view *view, const struct ph_record_id *parent,
                                struct ph_list_position *position, uint16_t *kind,
                                struct ph_record_id *out)
{
    struct ph_txn txn = txn_of(view);
    struct ph_bytes key, value;
    struct ph_record_id found, id;
    uint16_t number;
    struct ph_bytes from = ph_bytes(parent->bytes, sizeof parent->bytes);
    if (position->is_started) {
        position->key[position->key_len] = 0; /* the first key after this one */
        from = ph_bytes(position->key, position->key_len + 1);
    }
    PH_TRY(ph_db_seek(&txn, PH_TABLE_BY_PARENT, from, &key, &value));
    if (!ph_key_read_by_parent(key, &found, &id, &number) || value.len != 0)
        return PH_CORRUPT;
    if (!ph_record_id_equal(&found, parent))
        return PH_NOT_FOUND;
    keep_position(position, key);
    *kind = number;
    *out = id;
    return PH_OK;
}

/* Every record that is shown has one row there, and no other has. */
enum ph_status ph_view_record_count(const struct ph_view *view, uint64_t *out)
{
    struct ph_txn txn = txn_of(view);
    return ph_db_count(&txn, PH_TABLE_BY_KIND, out);
}

static enum ph_status put_canonical_value(const struct ph_view *view,
                                          const struct ph_record_value *value,
                                          struct ph_buffer *out)
{
    struct ph_op_ref ref;
    PH_TRY(ph_view_ref(view, value, &ref));
    ph_pack_array(out, value->is_missing ? 6 : 7);
    ph_pack_uint(out, value->field);
    ph_pack_bin(out, ph_bytes(ref.writer.bytes, sizeof ref.writer.bytes));
    ph_pack_uint(out, ref.seq);
    ph_pack_bin(out, ph_bytes(ref.check, sizeof ref.check));
    ph_pack_uint(out, ref.index);
    ph_pack_uint(out, value->lamport);
    if (!value->is_missing)
        ph_buffer_put(out, value->item.data, value->item.len);
    return PH_OK;
}

enum ph_status ph_view_canonical(const struct ph_view *view, uint16_t kind,
                                 const struct ph_record_id *id, struct ph_buffer *out)
{
    struct ph_record record;
    struct ph_record_value value;
    PH_TRY(ph_view_record(view, kind, id, &record));
    ph_pack_uint(out, kind);
    ph_pack_bin(out, ph_bytes(id->bytes, sizeof id->bytes));
    ph_pack_bool(out, record.is_created);
    ph_pack_uint(out, record.created_lamport);
    ph_pack_uint(out, record.audience);
    ph_pack_uint(out, record.touch_count);
    while (ph_record_next(&record, &value))
        PH_TRY(put_canonical_value(view, &value, out));
    if (record.values.failed)
        return PH_CORRUPT;
    return out->overflow ? PH_LIMIT : PH_OK;
}
