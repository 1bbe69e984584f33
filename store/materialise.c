#include "store/materialise.h"

#include <stdlib.h>

#include "store/listing.h"
#include "store/logs.h"
#include "store/records.h"
#include "store/references.h"
#include "store/stale.h"
#include "store/waiting.h"

#define TOUCHES_MAX 16384     /* in one slice, but for those of its last entry */
#define REFS_LIKE_AN_ENTRY 16 /* following so many references takes as long as an entry */

/* An entry did something to a record. */
struct touch {
    bool is_preferred; /* its record is made at once, the others as far as there is time */
    uint16_t kind;
    struct ph_record_id record;
    struct ph_place place;
};

struct slice {
    const struct ph_txn *txn;
    struct ph_logs logs;
    struct touch *touches;
    uint32_t touch_count;
    uint32_t effort_left;           /* in entries */
    bool is_in_preferred;           /* the log that is walked */
    uint32_t reads_max, reads_left; /* touches that records are made of */
    bool any_stale;
    uint64_t kinds_made; /* a bit each; of numbers from 63 on one for all */
};

/* Preferred ones come first, and then a record's stand together. */
static int compare_touches(const void *a, const void *b)
{
    const struct touch *left = a, *right = b;
    if (left->is_preferred != right->is_preferred)
        return left->is_preferred ? -1 : 1;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    int order = ph_record_id_compare(&left->record, &right->record);
    return order != 0 ? order : ph_place_compare(left->place, right->place);
}

static void spend(struct slice *slice, uint32_t effort)
{
    slice->effort_left -= effort < slice->effort_left ? effort : slice->effort_left;
}

static bool is_done(const struct slice *slice)
{
    return slice->effort_left == 0 || slice->touch_count >= TOUCHES_MAX;
}

/* Ops on one record stand together as a rule: only the one before is looked at. */
static void note_touch(struct slice *slice, const struct ph_op *op, struct ph_place place)
{
    struct touch touch = {slice->is_in_preferred, op->kind, op->record, place};
    if (slice->touch_count != 0 &&
        compare_touches(&slice->touches[slice->touch_count - 1], &touch) == 0)
        return;
    slice->touches[slice->touch_count++] = touch;
}

/* All ops of an entry: what they touch, and the first thing they need that is not here yet. */
static enum ph_status read_ops(struct slice *slice, struct ph_place place,
                               struct ph_op_reader *reader, struct ph_need *need)
{
    struct ph_op op;
    uint32_t ref_count = 0;
    enum ph_status status = PH_OK;
    while (status == PH_OK && ph_ops_next(reader, &op)) {
        if (ph_op_has_effect(&op, &slice->logs.at[place.log].school))
            note_touch(slice, &op, place);
        if (op.ref_count != 0)
            status = ph_references_check(slice->txn, &slice->logs, &op, need);
        ref_count += op.ref_count;
    }
    spend(slice, ref_count / REFS_LIKE_AN_ENTRY);
    return status;
}

/* Apply one entry, or let it wait. */
static enum ph_status try_entry(struct slice *slice, struct ph_place place)
{
    struct ph_op_reader reader;
    struct ph_need need;
    uint32_t touch_count = slice->touch_count;
    spend(slice, 1);
    enum ph_status status = ph_entry_ops_bare(slice->txn, place, &reader);
    if (status == PH_OK)
        status = read_ops(slice, place, &reader, &need);
    if (status == PH_WAITING) {
        slice->touch_count = touch_count;
        return ph_waiting_add(slice->txn, &need, place);
    }
    if (status != PH_OK && status != PH_NOT_FOUND)
        return status;
    const struct ph_op_place *self = &reader.place;
    const struct ph_op_ref ref = ph_op_ref(&self->writer, self->seq, &self->id, 0);
    need = ph_need_of(&ref);
    return ph_waiting_wake(slice->txn, &need);
}

static enum ph_status walk_log(struct slice *slice, uint32_t log)
{
    struct ph_log_state *state = &slice->logs.at[log];
    while (state->cursor < state->tip_seq && !is_done(slice)) {
        state->cursor++;
        PH_TRY(try_entry(slice, (struct ph_place){log, state->cursor}));
    }
    return PH_OK;
}

/* Again only what is behind its cursor and waits for nothing: the rest comes in its turn. */
static enum ph_status try_again(struct slice *slice, struct ph_place place)
{
    struct ph_need need;
    if (place.log >= slice->logs.count)
        return PH_CORRUPT;
    if (place.seq > slice->logs.at[place.log].cursor)
        return PH_OK;
    enum ph_status status = ph_waiting_need(slice->txn, place, &need);
    if (status == PH_NOT_FOUND)
        return try_entry(slice, place);
    spend(slice, 1);
    return status;
}

/* All from there on, in one go: a row for each step would cost a page each. */
static enum ph_status try_rest(struct slice *slice, struct ph_place place)
{
    PH_TRY(try_again(slice, place));
    uint32_t cursor = slice->logs.at[place.log].cursor;
    for (place.seq++; place.seq <= cursor && !is_done(slice); place.seq++)
        PH_TRY(try_again(slice, place));
    return place.seq <= cursor ? ph_waiting_again_from(slice->txn, place) : PH_OK;
}

static enum ph_status walk_woken(struct slice *slice)
{
    enum ph_status status = PH_OK;
    struct ph_place place;
    bool and_rest = false;
    while (status == PH_OK && !is_done(slice)) {
        status = ph_waiting_take(slice->txn, &place, &and_rest);
        if (status == PH_OK)
            status = and_rest ? try_rest(slice, place) : try_again(slice, place);
    }
    return status == PH_NOT_FOUND ? PH_OK : status;
}

static enum ph_status walk(struct slice *slice, const uint32_t *preferred)
{
    slice->is_in_preferred = true;
    if (preferred != NULL && *preferred < slice->logs.count)
        PH_TRY(walk_log(slice, *preferred));
    slice->is_in_preferred = false;
    PH_TRY(walk_woken(slice));
    for (uint32_t log = 0; log < slice->logs.count; log++) {
        PH_TRY(walk_log(slice, log));
        PH_TRY(walk_woken(slice));
    }
    return ph_logs_save_cursors(slice->txn, &slice->logs);
}

/* What is stored of a record: its touches go to the maker. */
static enum ph_status load_old(struct ph_record_maker *maker, uint16_t kind,
                               const struct ph_record_id *id, struct ph_bytes key,
                               struct ph_listing *listing)
{
    struct ph_bytes value;
    struct ph_record record;
    *listing = (struct ph_listing){0};
    enum ph_status status = ph_db_get(maker->txn, PH_TABLE_RECORDS, key, &value);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_OK : status;
    PH_TRY(ph_record_decode(kind, id, value, &record));
    *listing = ph_listing_of(record);
    return ph_record_touch_all(maker, record.touches);
}

static void spend_reads(struct slice *slice, uint32_t reads)
{
    slice->reads_left -= reads < slice->reads_left ? reads : slice->reads_left;
}

/* From these touches, those that it knows of, and those that were put off. */
static enum ph_status make_record(struct slice *slice, struct ph_record_maker *maker, uint16_t kind,
                                  const struct ph_record_id *id, const struct touch *touches,
                                  uint32_t count)
{
    struct ph_listing before, after;
    struct ph_record record;
    struct ph_bytes value;
    struct ph_key key = ph_key_record(kind, id);
    PH_TRY(load_old(maker, kind, id, ph_key_bytes(&key), &before));
    for (uint32_t i = 0; i < count; i++)
        PH_TRY(ph_record_touch(maker, touches[i].place));
    if (slice->any_stale)
        PH_TRY(ph_stale_take(maker, kind, id));
    spend_reads(slice, maker->touch_count);
    PH_TRY(ph_record_make(maker, kind, id, &value));
    PH_TRY(ph_record_decode(kind, id, value, &record));
    after = ph_listing_of(record);
    slice->kinds_made |= UINT64_C(1) << (kind < 63 ? kind : 63);
    PH_TRY(ph_listing_change(maker->txn, &before, &after));
    return ph_db_put(maker->txn, PH_TABLE_RECORDS, ph_key_bytes(&key), value);
}

static uint32_t count_same_record(const struct touch *touches, uint32_t count)
{
    uint32_t same = 1;
    while (same < count && touches[same].is_preferred == touches->is_preferred &&
           touches[same].kind == touches->kind &&
           ph_record_id_equal(&touches[same].record, &touches->record))
        same++;
    return same;
}

static enum ph_status put_off(struct slice *slice, const struct touch *touches, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        PH_TRY(ph_stale_add(slice->txn, touches[i].kind, &touches[i].record, touches[i].place));
    slice->any_stale = true;
    return PH_OK;
}

/* Of the touches those that are preferred, or the others. */
static enum ph_status make_touched(struct slice *slice, struct ph_record_maker *maker,
                                   bool is_preferred)
{
    enum ph_status status = PH_OK;
    for (uint32_t at = 0, count; at < slice->touch_count && status == PH_OK; at += count) {
        const struct touch *first = &slice->touches[at];
        count = count_same_record(first, slice->touch_count - at);
        if (first->is_preferred != is_preferred)
            continue;
        bool is_put_off = !is_preferred && slice->reads_left == 0;
        status = is_put_off ? put_off(slice, first, count)
                            : make_record(slice, maker, first->kind, &first->record, first, count);
    }
    return status;
}

/* Those that were put off, until half of the time is left for others. */
static enum ph_status make_stale(struct slice *slice, struct ph_record_maker *maker)
{
    struct ph_record_id id;
    uint16_t kind;
    while (slice->any_stale && slice->reads_left > slice->reads_max / 2) {
        enum ph_status status = ph_stale_first(slice->txn, &kind, &id);
        slice->any_stale = status == PH_OK;
        if (status != PH_OK)
            return status == PH_NOT_FOUND ? PH_OK : status;
        PH_TRY(make_record(slice, maker, kind, &id, NULL, 0));
    }
    return PH_OK;
}

static enum ph_status make_records(struct slice *slice)
{
    struct ph_record_maker maker;
    ph_record_maker_init(&maker, slice->txn, &slice->logs);
    if (slice->touch_count != 0) /* in order, so that the tables are written in order */
        qsort(slice->touches, slice->touch_count, sizeof *slice->touches, compare_touches);
    enum ph_status status = ph_stale_any(slice->txn, &slice->any_stale);
    if (status == PH_OK)
        status = make_touched(slice, &maker, true);
    if (status == PH_OK)
        status = make_stale(slice, &maker);
    if (status == PH_OK)
        status = make_touched(slice, &maker, false);
    ph_record_maker_deinit(&maker);
    return status;
}

enum ph_status ph_materialise_slice(const struct ph_txn *txn, const uint32_t *preferred,
                                    uint32_t reads_max, struct ph_slice_outcome *out)
{
    struct slice slice = {.txn = txn,
                          .effort_left = PH_SLICE_ENTRIES_MAX,
                          .reads_max = reads_max,
                          .reads_left = reads_max};
    bool any_woken = false, any_stale = false;
    enum ph_status status = PH_NO_MEMORY;
    slice.touches = malloc((TOUCHES_MAX + PH_OPS_PER_ENTRY_MAX) * sizeof *slice.touches);
    if (slice.touches == NULL)
        goto out;
    status = ph_logs_load(txn, &slice.logs);
    if (status == PH_OK)
        status = walk(&slice, preferred);
    if (status == PH_OK)
        status = make_records(&slice);
    if (status == PH_OK)
        status = ph_waiting_any_left(txn, &any_woken);
    if (status == PH_OK)
        status = ph_stale_any(txn, &any_stale);
    if (status == PH_OK)
        *out = (struct ph_slice_outcome){.is_behind = any_woken || any_stale ||
                                                      ph_logs_backlog(&slice.logs) != 0,
                                         .kinds_made = slice.kinds_made};
out:
    ph_logs_free(&slice.logs);
    free(slice.touches);
    return status;
}

enum ph_status ph_materialise_forget(const struct ph_txn *txn)
{
    static const enum ph_table made[] = {
        PH_TABLE_CURSORS, PH_TABLE_WAITING, PH_TABLE_WAITS,   PH_TABLE_READY,     PH_TABLE_AGAIN,
        PH_TABLE_STALE,   PH_TABLE_RECORDS, PH_TABLE_BY_KIND, PH_TABLE_BY_PARENT,
    };
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        PH_TRY(ph_db_clear(txn, made[i]));
    return PH_OK;
}
