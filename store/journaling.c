#include "store/journaling.h"

#include <stdlib.h>

#include "store/change.h"
#include "store/entries.h"
#include "store/logs.h"

#define FRAME_ROOM ((size_t)4096)
#define REFILL_FRAME_LEN ((size_t)1024 * 1024)
#define AT_WRITER 32 /* in an entry's header */

void ph_journal_frame_deinit(struct ph_journal_frame *frame)
{
    free(frame->bytes);
    *frame = (struct ph_journal_frame){0};
}

static enum ph_status add(struct ph_journal_frame *frame, const struct ph_journal_change *change)
{
    size_t used = frame->len == 0 ? PH_JOURNAL_HEAD_LEN : frame->len;
    size_t needed = used + ph_journal_change_len(change);
    if (needed > frame->size) {
        size_t size = 2 * needed + FRAME_ROOM;
        uint8_t *grown = realloc(frame->bytes, size);
        if (grown == NULL)
            return PH_NO_MEMORY;
        frame->bytes = grown;
        frame->size = size;
    }
    struct ph_buffer rest = ph_buffer(frame->bytes + used, frame->size - used);
    ph_journal_put(&rest, change);
    frame->len = used + rest.len;
    return PH_OK;
}

static enum ph_status add_value(struct ph_journal_frame *frame, enum ph_journal_type type,
                                struct ph_bytes value)
{
    const struct ph_journal_change change = {.type = type, .value = value};
    return add(frame, &change);
}

/* Only that it is opened: where it ends follows from its entries. */
static enum ph_status add_log(struct ph_journal_frame *frame, const struct ph_log_row *row)
{
    uint8_t value[PH_JOURNAL_LOG_LEN];
    memcpy(value, row->writer.bytes, 32);
    memcpy(value + 32, row->school.bytes, 32);
    memcpy(value + 64, row->certify.bytes, 32);
    return add_value(frame, PH_JOURNAL_LOG, ph_bytes(value, sizeof value));
}

/* --- of a batch --- */

static enum ph_status gather_log(const struct ph_batch *batch, const struct ph_change *change,
                                 struct ph_own *own, struct ph_journal_frame *out)
{
    struct ph_log_row row;
    PH_TRY(ph_log_row_decode(change->value, &row));
    if (ph_batch_is_own(batch, change->number))
        ph_own_add(own, row.writer.bytes);
    return row.tip.seq == 0 ? add_log(out, &row) : PH_OK;
}

static enum ph_status gather(const struct ph_batch *batch, const struct ph_change *change,
                             struct ph_own *own, struct ph_journal_frame *out)
{
    const struct ph_journal_change meta = {
        .type = PH_JOURNAL_META, .name = change->name, .value = change->value};
    switch (change->type) {
    case PH_CHANGE_META:
        return add(out, &meta);
    case PH_CHANGE_FACT:
        return add_value(out, PH_JOURNAL_FACT, change->value);
    case PH_CHANGE_LOG:
        return gather_log(batch, change, own, out);
    case PH_CHANGE_ENTRY:
        if (!ph_batch_is_own(batch, change->number))
            return PH_OK;
        ph_own_add(own, change->value.data + AT_WRITER);
        return add_value(out, PH_JOURNAL_ENTRY, change->value);
    case PH_CHANGE_FILL:
    case PH_CHANGE_RECEIPT: /* our own is made anew, above the counter that others show */
        return PH_OK;       /* it came from others, and will again */
    case PH_CHANGE_LEAVE_OUT:
    case PH_CHANGE_CUT:
    case PH_CHANGE_END_WAITING:
        return PH_OK; /* it follows from facts and entries */
    }
    return PH_CORRUPT;
}

enum ph_status ph_journal_gather(const struct ph_batch *batch, struct ph_own *own,
                                 struct ph_journal_frame *out)
{
    struct ph_change change;
    size_t at = 0;
    while (ph_batch_next(batch, &at, &change))
        PH_TRY(gather(batch, &change, own, out));
    return PH_OK;
}

/* --- of a whole store --- */

struct refill {
    struct ph_journal *journal;
    const struct ph_txn *txn;
    const struct ph_own *own;
    struct ph_journal_frame frame;
};

static enum ph_status flush(struct refill *refill, size_t len_min)
{
    if (refill->frame.len <= len_min)
        return PH_OK;
    PH_TRY(ph_journal_append(refill->journal, refill->frame.bytes,
                             refill->frame.len - PH_JOURNAL_HEAD_LEN));
    ph_journal_keep(refill->journal);
    refill->frame.len = 0;
    return PH_OK;
}

static enum ph_status refill_meta(struct refill *refill)
{
    struct ph_cursor cursor = {0};
    enum ph_status status = ph_cursor_open(refill->txn, PH_TABLE_META, &cursor);
    if (status == PH_OK)
        status = ph_cursor_seek(&cursor, ph_bytes(NULL, 0));
    while (status == PH_OK) {
        const struct ph_journal_change change = {
            .type = PH_JOURNAL_META, .name = cursor.key, .value = cursor.value};
        if (cursor.key.data[0] != PH_META_OWN)
            status = add(&refill->frame, &change);
        if (status == PH_OK)
            status = ph_cursor_next(&cursor);
    }
    ph_cursor_close(&cursor);
    return status == PH_NOT_FOUND ? PH_OK : status;
}

static enum ph_status refill_facts(struct refill *refill)
{
    struct ph_bytes value;
    for (uint32_t number = 0;; number++) {
        struct ph_key key = ph_key_u32(number);
        enum ph_status status = ph_db_get(refill->txn, PH_TABLE_FACTS, ph_key_bytes(&key), &value);
        if (status != PH_OK)
            return status == PH_NOT_FOUND ? PH_OK : status;
        PH_TRY(add_value(&refill->frame, PH_JOURNAL_FACT, value));
        PH_TRY(flush(refill, REFILL_FRAME_LEN));
    }
}

/* Frames end on signed entries, so that each can be judged by itself. */
static enum ph_status refill_entries(struct refill *refill, uint32_t log, uint32_t tip_seq)
{
    struct ph_bytes value;
    struct ph_stored_entry entry;
    for (uint32_t seq = 1; seq <= tip_seq; seq++) {
        struct ph_key key = ph_key_place((struct ph_place){log, seq});
        PH_TRY(ph_db_get(refill->txn, PH_TABLE_ENTRIES, ph_key_bytes(&key), &value));
        PH_TRY(ph_stored_decode(value, &entry));
        PH_TRY(add_value(&refill->frame, PH_JOURNAL_ENTRY, value));
        if (entry.signature != NULL)
            PH_TRY(flush(refill, REFILL_FRAME_LEN));
    }
    return PH_OK;
}

static enum ph_status refill_logs(struct refill *refill)
{
    struct ph_bytes value;
    struct ph_log_row row;
    for (uint32_t log = 0;; log++) {
        struct ph_key key = ph_key_u32(log);
        enum ph_status status = ph_db_get(refill->txn, PH_TABLE_LOGS, ph_key_bytes(&key), &value);
        if (status != PH_OK)
            return status == PH_NOT_FOUND ? PH_OK : status;
        PH_TRY(ph_log_row_decode(value, &row));
        if (row.is_branch)
            continue; /* it came from others, even if it is of our own log */
        PH_TRY(add_log(&refill->frame, &row));
        if (ph_own_has(refill->own, row.writer.bytes))
            PH_TRY(refill_entries(refill, log, row.tip.seq));
    }
}

enum ph_status ph_journal_refill(struct ph_journal *journal, const struct ph_txn *txn,
                                 const struct ph_own *own)
{
    struct refill refill = {.journal = journal, .txn = txn, .own = own};
    enum ph_status status = refill_meta(&refill);
    if (status == PH_OK)
        status = refill_facts(&refill);
    if (status == PH_OK)
        status = refill_logs(&refill);
    if (status == PH_OK)
        status = flush(&refill, 0);
    ph_journal_frame_deinit(&refill.frame);
    return status == PH_NOT_FOUND ? PH_CORRUPT : status;
}
