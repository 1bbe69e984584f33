#include "store/listing.h"

/* The first value of a field is the one that machines take. Missing or cleared counts as none. */
struct place_of {
    struct ph_bytes parent, position;
    bool has_parent;
    uint16_t field_seen;
};

static void note_value(struct place_of *of, const struct ph_record_value *value)
{
    bool is_first = value->field != of->field_seen;
    of->field_seen = value->field;
    if (!is_first || value->is_missing)
        return;
    struct ph_unpacker in = ph_unpack_scanned(value->item);
    if (value->field == PH_FIELD_NUMBER_PARENT) {
        of->parent = ph_unpack_bin(&in);
        of->has_parent = of->parent.len == sizeof(struct ph_record_id);
    }
    if (value->field == PH_FIELD_NUMBER_POSITION)
        of->position = ph_unpack_text(&in);
}

static bool kind_has(const struct ph_kind *kind, uint16_t field, enum ph_value_type type)
{
    const struct ph_field *found = kind == NULL ? NULL : ph_field_by_number(kind, field);
    return found != NULL && found->type == PH_FIELD_REGISTER && found->value == type;
}

struct ph_listing ph_listing_of(struct ph_record record)
{
    struct ph_listing listing = {0};
    if (!record.is_created)
        return listing;
    listing.by_kind = ph_key_by_kind(record.kind, record.created_lamport, &record.id);

    const struct ph_kind *kind = ph_kind_by_number(record.kind);
    if (!kind_has(kind, PH_FIELD_NUMBER_PARENT, PH_VALUE_RECORD))
        return listing;
    struct place_of of = {0};
    struct ph_record_value value;
    while (ph_record_next(&record, &value) && value.field <= PH_FIELD_NUMBER_POSITION)
        note_value(&of, &value);
    if (!of.has_parent)
        return listing;
    if (!kind_has(kind, PH_FIELD_NUMBER_POSITION, PH_VALUE_POSITION) ||
        of.position.len > PH_POSITION_LEN_MAX)
        of.position = ph_bytes(NULL, 0);
    struct ph_record_id parent;
    memcpy(parent.bytes, of.parent.data, sizeof parent.bytes);
    listing.by_parent = ph_key_by_parent(&parent, of.position, &record.id, record.kind);
    return listing;
}

static enum ph_status change(const struct ph_txn *txn, enum ph_table table,
                             const struct ph_key keys[2])
{
    struct ph_bytes before = ph_key_bytes(&keys[0]), after = ph_key_bytes(&keys[1]);
    if (ph_bytes_equal(before, after))
        return PH_OK;
    if (before.len != 0)
        PH_TRY(ph_db_delete(txn, table, before));
    return after.len == 0 ? PH_OK : ph_db_put(txn, table, after, ph_bytes(NULL, 0));
}

enum ph_status ph_listing_change(const struct ph_txn *txn, const struct ph_listing *before,
                                 const struct ph_listing *after)
{
    PH_TRY(change(txn, PH_TABLE_BY_KIND, (const struct ph_key[]){before->by_kind, after->by_kind}));
    return change(txn, PH_TABLE_BY_PARENT,
                  (const struct ph_key[]){before->by_parent, after->by_parent});
}
