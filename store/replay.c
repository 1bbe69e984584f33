#include "store/replay.h"

#include "store/entries.h"
#include "store/fact_rows.h"
#include "store/logs.h"

/* --- facts --- */

/* Not our fault and not the world's: the journal says what it must not. */
static enum ph_status judged(enum ph_status status)
{
    return status == PH_OK || ph_status_blame(status) == PH_BLAME_LOCAL ? status : PH_CORRUPT;
}

static enum ph_status load_facts(struct ph_replay *replay)
{
    struct ph_bytes bytes;
    bool is_new;
    if (replay->facts != NULL)
        return PH_OK;
    for (uint32_t number = 0;; number++) {
        struct ph_key key = ph_key_u32(number);
        enum ph_status status = ph_db_get(replay->txn, PH_TABLE_FACTS, ph_key_bytes(&key), &bytes);
        if (status != PH_OK)
            return status == PH_NOT_FOUND ? PH_OK : status;
        PH_TRY(judged(ph_fact_rows_take(&replay->facts, bytes, &is_new)));
    }
}

static enum ph_status replay_fact(struct ph_replay *replay, struct ph_bytes bytes)
{
    bool is_new = false;
    PH_TRY(load_facts(replay));
    PH_TRY(judged(ph_fact_rows_take(&replay->facts, bytes, &is_new)));
    if (!is_new)
        return PH_OK;
    struct ph_key key = ph_key_u32(ph_facts_count(replay->facts) - 1);
    return ph_db_add(replay->txn, PH_TABLE_FACTS, ph_key_bytes(&key), bytes);
}

/* --- logs --- */

/* The next log at or after `*log` of this writer. PH_NOT_FOUND: no more; `*log` is then how many
 * there are. */
static enum ph_status next_log(const struct ph_txn *txn, const uint8_t writer[32], uint32_t *log,
                               struct ph_log_row *row)
{
    for (;; ++*log) {
        struct ph_key key = ph_key_u32(*log);
        struct ph_bytes value;
        PH_TRY(ph_db_get(txn, PH_TABLE_LOGS, ph_key_bytes(&key), &value));
        PH_TRY(ph_log_row_decode(value, row));
        if (memcmp(row->writer.bytes, writer, sizeof row->writer.bytes) == 0)
            return PH_OK;
    }
}

static enum ph_status put_row(const struct ph_txn *txn, uint32_t log, const struct ph_log_row *row)
{
    uint8_t value[PH_LOG_ROW_LEN];
    struct ph_key key = ph_key_u32(log);
    ph_log_row_encode(row, value);
    return ph_db_put(txn, PH_TABLE_LOGS, ph_key_bytes(&key), ph_bytes(value, sizeof value));
}

static enum ph_status replay_log(struct ph_replay *replay, struct ph_bytes value)
{
    struct ph_log_row row = {0}, held;
    uint32_t log = 0;
    memcpy(row.writer.bytes, value.data, 32);
    memcpy(row.school.bytes, value.data + 32, 32);
    memcpy(row.certify.bytes, value.data + 64, 32);
    row.tip = ph_link_first(&row.certify);
    enum ph_status status = next_log(replay->txn, row.writer.bytes, &log, &held);
    if (status != PH_NOT_FOUND)
        return status; /* held, or a failure */
    PH_TRY(load_facts(replay));
    return ph_fact_rows_certify(replay->facts, &row) ? put_row(replay->txn, log, &row) : PH_CORRUPT;
}

/* --- entries --- */

static enum ph_status check_signature(const struct ph_stored_entry *entry,
                                      const struct ph_entry_id *id)
{
    if (entry->signature == NULL)
        return PH_OK;
    return ph_verify(PH_SIGNED_ENTRY, id->bytes, entry->signature, entry->header.writer.bytes);
}

static enum ph_status append_entry(struct ph_replay *replay, uint32_t log, struct ph_log_row *row,
                                   struct ph_bytes value, const struct ph_stored_entry *entry)
{
    struct ph_entry_id id = ph_header_id(entry->encoded);
    struct ph_key key = ph_key_place((struct ph_place){log, entry->header.seq});
    PH_TRY(load_facts(replay));
    const struct ph_fact *founding =
        replay->facts == NULL ? NULL : ph_facts_founding(replay->facts);
    if (founding == NULL)
        return PH_CORRUPT;
    PH_TRY(
        judged(ph_entry_check(&row->tip, &entry->header, &entry->body, founding->of.found.quota)));
    PH_TRY(judged(check_signature(entry, &id)));
    row->tip = ph_link_after(&entry->header, &id);
    PH_TRY(ph_db_add(replay->txn, PH_TABLE_ENTRIES, ph_key_bytes(&key), value));
    if (entry->body.content_is_missing)
        PH_TRY(ph_db_add(replay->txn, PH_TABLE_HOLES, ph_key_bytes(&key), ph_bytes(NULL, 0)));
    return put_row(replay->txn, log, row);
}

static enum ph_status is_held(const struct ph_txn *txn, struct ph_place place,
                              const struct ph_stored_entry *entry, bool *out)
{
    struct ph_stored_entry held;
    enum ph_status status = ph_entries_get(txn, place, &held);
    *out = status == PH_OK && memcmp(held.encoded, entry->encoded, PH_HEADER_LEN) == 0;
    return status == PH_NOT_FOUND ? PH_OK : status;
}

/* It is held already, or follows on the tip of one of its writer's logs. */
static enum ph_status replay_entry(struct ph_replay *replay, struct ph_bytes value)
{
    struct ph_stored_entry entry;
    struct ph_log_row row;
    bool held = false;
    PH_TRY(ph_stored_decode(value, &entry));
    ph_own_add(replay->own, entry.header.writer.bytes);
    for (uint32_t log = 0;; log++) {
        enum ph_status status = next_log(replay->txn, entry.header.writer.bytes, &log, &row);
        if (status != PH_OK)
            return status == PH_NOT_FOUND ? PH_CORRUPT : status;
        if (ph_entry_id_equal(&row.tip.id, &entry.header.previous))
            return append_entry(replay, log, &row, value, &entry);
        PH_TRY(is_held(replay->txn, (struct ph_place){log, entry.header.seq}, &entry, &held));
        if (held)
            return PH_OK;
    }
}

/* --- frames --- */

static enum ph_status replay_change(struct ph_replay *replay,
                                    const struct ph_journal_change *change)
{
    switch (change->type) {
    case PH_JOURNAL_META:
        return ph_db_put(replay->txn, PH_TABLE_META, change->name, change->value);
    case PH_JOURNAL_FACT:
        return replay_fact(replay, change->value);
    case PH_JOURNAL_LOG:
        return replay_log(replay, change->value);
    case PH_JOURNAL_ENTRY:
        return replay_entry(replay, change->value);
    }
    return PH_CORRUPT;
}

/* Entries that no signature covers may stand within a frame, never at its end. */
static bool leaves_unsigned(const struct ph_journal_change *change, bool before)
{
    struct ph_stored_entry entry;
    if (change->type != PH_JOURNAL_ENTRY || ph_stored_decode(change->value, &entry) != PH_OK)
        return before;
    return entry.signature == NULL;
}

enum ph_status ph_replay_frame(struct ph_replay *replay, struct ph_bytes payload)
{
    struct ph_journal_change change;
    size_t at = 0;
    bool is_unsigned = false;
    enum ph_status status = ph_journal_next(payload, &at, &change);
    while (status == PH_OK) {
        PH_TRY(replay_change(replay, &change));
        is_unsigned = leaves_unsigned(&change, is_unsigned);
        status = ph_journal_next(payload, &at, &change);
    }
    if (status != PH_NOT_FOUND)
        return status;
    return is_unsigned ? PH_CORRUPT : PH_OK;
}

void ph_replay_deinit(struct ph_replay *replay)
{
    ph_facts_free(replay->facts);
    replay->facts = NULL;
}
