#include <stdio.h>

#include "store/damage.h"
#include "store/listing.h"
#include "store/records.h"
#include "store/references.h"
#include "store/stale.h"
#include "store/waiting.h"

/* All rows of a table, one after the other. */
static enum ph_status each(struct ph_verification *verification, enum ph_table table,
                           enum ph_status (*check)(struct ph_verification *verification,
                                                   const struct ph_cursor *row, void *impl),
                           void *impl)
{
    struct ph_cursor cursor = {0};
    enum ph_status status = ph_cursor_open(&verification->txn, table, &cursor);
    if (status == PH_OK)
        status = ph_cursor_seek(&cursor, ph_bytes(NULL, 0));
    while (status == PH_OK) {
        status = check(verification, &cursor, impl);
        if (status == PH_OK)
            status = ph_cursor_next(&cursor);
    }
    ph_cursor_close(&cursor);
    return status == PH_NOT_FOUND ? PH_OK : status;
}

/* --- Waiting rows --- */

static struct ph_op_ref ref_of(const struct ph_need *need)
{
    struct ph_op_ref ref = {.seq = ph_get_u32(need->bytes + 32)};
    memcpy(ref.writer.bytes, need->bytes, sizeof ref.writer.bytes);
    memcpy(ref.check, need->bytes + 36, sizeof ref.check);
    return ref;
}

/* It waits for something that has not been applied, or else is about to be tried again. */
static enum ph_status check_wait(struct ph_verification *verification, const struct ph_cursor *row,
                                 void *impl)
{
    struct ph_place place;
    struct ph_need need;
    bool is_listed, is_ready;
    (void)impl;
    if (!ph_key_read_place(row->key, &place) || row->value.len != sizeof need.bytes) {
        ph_damage(verification, "Table waits", "a row of another form");
        return PH_OK;
    }
    memcpy(need.bytes, row->value.data, sizeof need.bytes);
    struct ph_key waiting = ph_key_waiting(&need, place), ready = ph_key_need(&need);
    PH_TRY(ph_db_has(&verification->txn, PH_TABLE_WAITING, ph_key_bytes(&waiting), &is_listed));
    PH_TRY(ph_db_has(&verification->txn, PH_TABLE_READY, ph_key_bytes(&ready), &is_ready));
    struct ph_op_ref ref = ref_of(&need);
    enum ph_status status = ph_reference_check(&verification->txn, &verification->logs, &ref);
    if (status != PH_OK && status != PH_WAITING)
        return status;
    if (!is_listed || place.log >= verification->logs.count ||
        place.seq > verification->logs.at[place.log].cursor)
        ph_damage_at(verification, place, "it waits, and nothing will wake it");
    else if (status == PH_OK && !is_ready)
        ph_damage_at(verification, place, "it waits for what has been applied");
    return PH_OK;
}

enum ph_status ph_verify_waiting(struct ph_verification *verification)
{
    uint64_t waiting_count, wait_count;
    PH_TRY(each(verification, PH_TABLE_WAITS, check_wait, NULL));
    PH_TRY(ph_db_count(&verification->txn, PH_TABLE_WAITING, &waiting_count));
    PH_TRY(ph_db_count(&verification->txn, PH_TABLE_WAITS, &wait_count));
    if (waiting_count != wait_count)
        ph_damage(verification, "Table waiting", "there is a row for what does not wait");
    return PH_OK;
}

/* --- Records --- */

/* What is put off touches a record, and is applied. */
static enum ph_status check_stale(struct ph_verification *verification, const struct ph_cursor *row,
                                  void *impl)
{
    struct ph_record_id id;
    struct ph_place place;
    uint16_t kind;
    (void)impl;
    if (!ph_key_read_stale(row->key, &kind, &id, &place) || row->value.len != 0 ||
        place.log >= verification->logs.count ||
        place.seq > verification->logs.at[place.log].cursor)
        ph_damage(verification, "Table stale", "a row of another form");
    return PH_OK;
}

/* What has been counted over all records. */
struct tally {
    struct ph_record_maker maker;
    uint64_t touch_count, made_count; /* that records know of; and of these, of entries */
    uint64_t shown_count, child_count;
    bool is_unfinished; /* content came, or a writer was left out, and is not merged yet */
};

static void name_record(struct ph_verification *verification, uint16_t kind,
                        const struct ph_record_id *id, const char *what)
{
    char where[64] = "Record ";
    size_t len = strlen(where);
    for (size_t i = 0; i < sizeof id->bytes; i++, len += 2)
        snprintf(where + len, sizeof where - len, "%02x", id->bytes[i]);
    snprintf(where + len, sizeof where - len, " of kind %u", (unsigned)kind);
    ph_damage(verification, where, what);
}

static enum ph_status check_row(struct ph_verification *verification, enum ph_table table,
                                const struct ph_key *key, const struct ph_record *record)
{
    struct ph_bytes value;
    if (key->len == 0)
        return PH_OK;
    enum ph_status status = ph_db_get(&verification->txn, table, ph_key_bytes(key), &value);
    if (status == PH_NOT_FOUND || (status == PH_OK && value.len != 0))
        name_record(verification, record->kind, &record->id, "it is missing from a list");
    return status == PH_NOT_FOUND ? PH_OK : status;
}

static enum ph_status check_listing(struct ph_verification *verification,
                                    const struct ph_record *record, struct tally *tally)
{
    struct ph_listing listing = ph_listing_of(*record);
    tally->shown_count += listing.by_kind.len != 0;
    tally->child_count += listing.by_parent.len != 0;
    PH_TRY(check_row(verification, PH_TABLE_BY_KIND, &listing.by_kind, record));
    return check_row(verification, PH_TABLE_BY_PARENT, &listing.by_parent, record);
}

static enum ph_status check_record(struct ph_verification *verification,
                                   const struct ph_cursor *row, void *impl)
{
    struct tally *tally = impl;
    struct ph_record_id id;
    struct ph_record record;
    struct ph_bytes made;
    uint16_t kind;
    if (!ph_key_read_record(row->key, &kind, &id)) {
        ph_damage(verification, "Table records", "a key of another form");
        return PH_OK;
    }
    verification->report.record_count++;
    if (ph_record_decode(kind, &id, row->value, &record) != PH_OK) {
        name_record(verification, kind, &id, "its bytes don't have their form");
        return PH_OK;
    }
    tally->touch_count += record.touch_count;
    enum ph_status status = ph_record_touch_all(&tally->maker, record.touches);
    if (status == PH_OK)
        status = ph_record_make(&tally->maker, kind, &id, &made);
    if (status == PH_NO_MEMORY)
        return status;
    tally->maker.touch_count = 0;
    if (status != PH_OK || (!ph_bytes_equal(made, row->value) && !tally->is_unfinished))
        name_record(verification, kind, &id, "it is not what its entries make of it");
    return check_listing(verification, &record, tally);
}

/* How many of its touches lie before that place. */
static uint32_t touches_before(const struct ph_record *record, struct ph_place place)
{
    uint32_t low = 0, high = record->touch_count;
    struct ph_key wanted = ph_key_place(place);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (memcmp(record->touches.data + (size_t)middle * 8, wanted.data, 8) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_touch(const struct ph_record *record, struct ph_place place)
{
    struct ph_key wanted = ph_key_place(place);
    uint32_t at = touches_before(record, place);
    return at < record->touch_count &&
           memcmp(record->touches.data + (size_t)at * 8, wanted.data, 8) == 0;
}

/* Whether as many entries of this school count on it as may. */
static bool is_full(const struct ph_logs *logs, const struct ph_record *record,
                    const struct ph_school_id *school)
{
    uint32_t count = 0, share = ph_record_id_is_of(&record->id, school) ? PH_OWNER_SHARE_MAX
                                                                        : PH_SCHOOL_SHARE_MAX;
    if (record->touch_count < share)
        return false;
    for (uint32_t log = 0; log < logs->count; log++)
        if (ph_school_id_equal(&logs->at[log].school, school))
            count += touches_before(record, (struct ph_place){log, UINT32_MAX}) -
                     touches_before(record, (struct ph_place){log, 0});
    return count >= share;
}

static enum ph_status check_touch(struct ph_verification *verification, const struct ph_op *op,
                                  struct ph_place place, struct tally *tally)
{
    struct ph_key key = ph_key_record(op->kind, &op->record);
    struct ph_record record = {.id = op->record};
    struct ph_bytes value;
    enum ph_status status =
        ph_db_get(&verification->txn, PH_TABLE_RECORDS, ph_key_bytes(&key), &value);
    if (status == PH_OK)
        status = ph_record_decode(op->kind, &op->record, value, &record);
    if (status != PH_OK && status != PH_NOT_FOUND && status != PH_CORRUPT)
        return status;
    bool is_known = has_touch(&record, place), is_stale = false;
    tally->made_count += is_known;
    if (!is_known)
        PH_TRY(ph_stale_has(&verification->txn, op->kind, &op->record, place, &is_stale));
    if (!is_known && !is_stale &&
        !is_full(&verification->logs, &record, &verification->logs.at[place.log].school))
        ph_damage_at(verification, place, "a record that it changes does not know of it");
    return PH_OK;
}

/* Whether an earlier op of the same entry is on the same record: it counts once. */
static bool is_repeated(struct ph_op_reader reader, const struct ph_op *op,
                        const struct ph_school_id *school)
{
    struct ph_op earlier;
    while (ph_ops_next(&reader, &earlier) && earlier.self.index < op->self.index)
        if (ph_op_has_effect(&earlier, school) && earlier.kind == op->kind &&
            ph_record_id_equal(&earlier.record, &op->record))
            return true;
    return false;
}

static enum ph_status check_references(struct ph_verification *verification, const struct ph_op *op,
                                       struct ph_place place)
{
    struct ph_need need;
    enum ph_status status = PH_OK;
    if (op->ref_count != 0)
        status = ph_references_check(&verification->txn, &verification->logs, op, &need);
    if (status != PH_WAITING)
        return status;
    ph_damage_at(verification, place, "it was applied before what it refers to");
    return PH_OK;
}

static enum ph_status check_applied(struct ph_verification *verification, struct ph_place place,
                                    struct tally *tally)
{
    struct ph_op_reader reader, first;
    struct ph_op op;
    const struct ph_school_id *school = &verification->logs.at[place.log].school;
    if (verification->logs.at[place.log].is_left_out)
        return PH_OK;
    enum ph_status status = ph_entry_ops_bare(&verification->txn, place, &reader);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_OK : status;
    first = reader;
    while (ph_ops_next(&reader, &op)) {
        PH_TRY(check_references(verification, &op, place));
        if (!ph_op_has_effect(&op, school) || is_repeated(first, &op, school))
            continue;
        PH_TRY(check_touch(verification, &op, place, tally));
    }
    return PH_OK;
}

static enum ph_status check_all_applied(struct ph_verification *verification, struct tally *tally)
{
    struct ph_need need;
    for (uint32_t log = 0; log < verification->logs.count; log++) {
        const struct ph_log_state *state = &verification->logs.at[log];
        for (uint32_t seq = state->base_seq + 1; seq <= state->cursor; seq++) {
            struct ph_place place = {log, seq};
            enum ph_status status = ph_waiting_need(&verification->txn, place, &need);
            if (status == PH_NOT_FOUND)
                status = check_applied(verification, place, tally);
            PH_TRY(status);
        }
    }
    return PH_OK;
}

static enum ph_status check_counts(struct ph_verification *verification, const struct tally *tally)
{
    uint64_t shown_count, child_count;
    PH_TRY(ph_db_count(&verification->txn, PH_TABLE_BY_KIND, &shown_count));
    PH_TRY(ph_db_count(&verification->txn, PH_TABLE_BY_PARENT, &child_count));
    if (!tally->is_unfinished && tally->touch_count != tally->made_count)
        ph_damage(verification, "Table records", "one knows of an entry that does not change it");
    if (shown_count != tally->shown_count)
        ph_damage(verification, "Table by_kind", "there is a row for what is not shown");
    if (child_count != tally->child_count)
        ph_damage(verification, "Table by_parent", "there is a row for what does not stand there");
    return PH_OK;
}

enum ph_status ph_verify_records(struct ph_verification *verification)
{
    struct tally tally = {.touch_count = 0};
    ph_record_maker_init(&tally.maker, &verification->txn, &verification->logs);
    uint64_t again_count = 0;
    bool any_stale = false;
    enum ph_status status = ph_db_count(&verification->txn, PH_TABLE_AGAIN, &again_count);
    if (status == PH_OK)
        status = ph_stale_any(&verification->txn, &any_stale);
    tally.is_unfinished = again_count != 0 || any_stale;
    if (status == PH_OK)
        status = each(verification, PH_TABLE_STALE, check_stale, NULL);
    if (status == PH_OK)
        status = each(verification, PH_TABLE_RECORDS, check_record, &tally);
    if (status == PH_OK)
        status = check_all_applied(verification, &tally);
    if (status == PH_OK)
        status = check_counts(verification, &tally);
    ph_record_maker_deinit(&tally.maker);
    return status;
}
