#include "store/view.h"

#include "store/records.h"
#include "store/state.h"

static struct ph_txn txn_of(const struct ph_view *view)
{
    return (struct ph_txn){.db = view->store->db, .raw = view->txn};
}

/* Whose a log is, and how far it stands. */
static enum ph_status is_log_of(const struct ph_view *view, uint32_t log,
                                const struct ph_school_id *school, bool *is_of, uint32_t *stands_to)
{
    struct ph_log_row row;
    enum ph_status status = ph_view_log(view, log, &row);
    if (status == PH_OK)
        status = ph_view_cut(view, log, stands_to);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_CORRUPT : status;
    *is_of = ph_school_id_equal(&row.school, school);
    return PH_OK;
}

/* --- ops --- */

static enum ph_status add_ops(const struct ph_txn *txn, struct ph_place place,
                              const struct ph_record *record, uint32_t *count)
{
    struct ph_op_reader reader;
    struct ph_op op;
    enum ph_status status = ph_entry_ops_bare(txn, place, &reader);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_CORRUPT : status; /* it did touch the record */
    while (ph_ops_next(&reader, &op))
        if (op.type <= PH_OP_REMOVE && op.kind == record->kind &&
            ph_record_id_equal(&op.record, &record->id))
            ++*count;
    return PH_OK;
}

/* Touches stand log by log: each log is looked up once. */
static enum ph_status count_ops(const struct ph_view *view, const struct ph_record *record,
                                const struct ph_school_id *school, uint32_t *count)
{
    struct ph_txn txn = txn_of(view);
    const uint8_t *touch = record->touches.data;
    struct ph_place place, last = {.log = UINT32_MAX};
    bool is_of = false;
    uint32_t stands_to = 0;
    for (uint32_t i = 0; i < record->touch_count; i++, touch += 8, last = place) {
        place = (struct ph_place){ph_get_u32(touch), ph_get_u32(touch + 4)};
        if (place.log != last.log)
            PH_TRY(is_log_of(view, place.log, school, &is_of, &stands_to));
        if (is_of && place.seq <= stands_to)
            PH_TRY(add_ops(&txn, place, record, count));
    }
    return PH_OK;
}

/* --- bytes --- */

/* What an item that is live takes, though it may have found no room. */
static enum ph_status len_of_missing(const struct ph_view *view,
                                     const struct ph_record_value *value, size_t *len)
{
    struct ph_txn txn = txn_of(view);
    struct ph_stored_entry entry;
    struct ph_op_reader reader;
    struct ph_op op;
    enum ph_status status =
        ph_entry_ops(&txn, (struct ph_place){value->log, value->seq}, &entry, &reader);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_CORRUPT : status;
    while (ph_ops_next(&reader, &op))
        if (op.self.index == value->index && !ph_op_is_missing(&op))
            *len = op.value.len;
    return PH_OK;
}

enum ph_status ph_view_value_len(const struct ph_view *view, const struct ph_record_value *value,
                                 const struct ph_school_id *school, size_t *len)
{
    bool is_of = false;
    uint32_t stands_to = 0; /* it is live: it stands */
    *len = 0;
    PH_TRY(is_log_of(view, value->log, school, &is_of, &stands_to));
    if (!is_of)
        return PH_OK;
    if (value->is_missing)
        return len_of_missing(view, value, len);
    *len = value->item.len;
    return PH_OK;
}

enum ph_status ph_view_share(const struct ph_view *view, const struct ph_record *record,
                             const struct ph_school_id *school, struct ph_record_share *out)
{
    struct ph_record rest = *record;
    struct ph_record_value value;
    bool is_owner = ph_record_id_is_of(&record->id, school);
    struct ph_record_share share = {
        .op_count_max = is_owner ? PH_OWNER_SHARE_MAX : PH_SCHOOL_SHARE_MAX,
        .byte_count_max = is_owner ? PH_OWNER_BYTES_MAX : PH_SCHOOL_BYTES_MAX,
    };
    PH_TRY(count_ops(view, record, school, &share.op_count));
    if (share.op_count > share.op_count_max)
        share.op_count = share.op_count_max; /* the rest of an entry */
    while (ph_record_next(&rest, &value)) {
        size_t len = 0;
        PH_TRY(ph_view_value_len(view, &value, school, &len));
        share.byte_count += len;
    }
    *out = share;
    return PH_OK;
}
