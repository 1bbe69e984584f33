#include "store/damage.h"
#include "store/entries.h"

/* One log while it is being read from its first entry to its last. */
struct walk {
    struct ph_verification *verification;
    struct ph_cursor cursor;
    uint32_t log;
    struct ph_writer_id writer;
    uint32_t base_seq;   /* its entries begin behind it */
    struct ph_link link; /* of the entry before */
    bool link_is_known;  /* not after an entry that could not be read */
    bool is_signed;      /* that entry */
};

static void complain(const struct walk *walk, uint32_t seq, const char *what)
{
    ph_damage_at(walk->verification, (struct ph_place){walk->log, seq}, what);
}

static enum ph_status signature_status(const struct ph_stored_entry *entry,
                                       const struct ph_entry_id *id)
{
    return ph_verify(PH_SIGNED_ENTRY, id->bytes, entry->signature, entry->header.writer.bytes);
}

/* Whether an entry's header is what its writer made: its signature says so, or the entry after it
 * names it. Tells which of two that don't fit is the damaged one. */
static bool header_is_vouched_for(const struct walk *walk, const struct ph_stored_entry *entry,
                                  const struct ph_entry_id *id)
{
    struct ph_stored_entry next;
    if (entry->signature != NULL)
        return signature_status(entry, id) == PH_OK;
    struct ph_place place = {walk->log, entry->header.seq + 1};
    return ph_entries_get(&walk->verification->txn, place, &next) == PH_OK &&
           memcmp(next.header.previous.bytes, id->bytes, sizeof id->bytes) == 0;
}

/* It does not follow on the one before. */
static void complain_of_link(const struct walk *walk, const struct ph_stored_entry *entry,
                             const struct ph_entry_id *id)
{
    bool names_another = !ph_entry_id_equal(&entry->header.previous, &walk->link.id);
    bool is_first = walk->link.seq == walk->base_seq;
    if (names_another && !is_first && header_is_vouched_for(walk, entry, id))
        complain(walk, entry->header.seq - 1, "the entry after it names another");
    else
        complain(walk, entry->header.seq, "it does not follow on the entry before it");
}

static void check_entry(const struct walk *walk, const struct ph_stored_entry *entry,
                        const struct ph_entry_id *id)
{
    uint32_t seq = entry->header.seq;
    struct ph_hash hash = ph_body_hash(&entry->body);
    if (!ph_writer_id_equal(&entry->header.writer, &walk->writer))
        complain(walk, seq, "it is of another writer");
    else if (!ph_hash_equal(&hash, &entry->header.body_hash))
        complain(walk, seq, "its body does not have its hash");
    else if (walk->link_is_known && ph_entry_check(&walk->link, &entry->header, &entry->body,
                                                   walk->verification->quota) != PH_OK)
        complain_of_link(walk, entry, id);
    else if (entry->signature != NULL && signature_status(entry, id) != PH_OK)
        complain(walk, seq, "its signature does not fit");
}

static enum ph_status check_hole(struct walk *walk, struct ph_place place, bool is_missing)
{
    struct ph_key key = ph_key_place(place);
    struct ph_bytes value;
    enum ph_status status =
        ph_db_get(&walk->verification->txn, PH_TABLE_HOLES, ph_key_bytes(&key), &value);
    if (status != PH_OK && status != PH_NOT_FOUND)
        return status;
    if ((status == PH_OK) != is_missing || (status == PH_OK && value.len != 0))
        complain(walk, place.seq, "the table of holes says otherwise of its content");
    walk->verification->report.hole_count += is_missing;
    return PH_OK;
}

static enum ph_status take_entry(struct walk *walk, struct ph_place place)
{
    struct ph_stored_entry entry;
    walk->verification->report.entry_count++;
    enum ph_status status = ph_stored_decode(walk->cursor.value, &entry);
    if (status != PH_OK || entry.header.seq != place.seq) {
        complain(walk, place.seq, "its bytes don't have their form");
        walk->link_is_known = false;
        walk->link.seq = place.seq;
        walk->is_signed = true; /* who knows */
        return PH_OK;
    }
    struct ph_entry_id id = ph_header_id(entry.encoded);
    check_entry(walk, &entry, &id);
    walk->link = ph_link_after(&entry.header, &id);
    walk->link_is_known = true;
    walk->is_signed = entry.signature != NULL;
    walk->verification->report.signature_count += walk->is_signed;
    return check_hole(walk, place, entry.body.content_is_missing);
}

static void check_tip(const struct walk *walk, const struct ph_link *tip)
{
    if (walk->link.seq != tip->seq)
        complain(walk, tip->seq, "the log's row and its last entry have different numbers");
    else if (!walk->is_signed)
        complain(walk, walk->link.seq, "it is the last, and no signature covers it");
    else if (walk->link_is_known &&
             (!ph_entry_id_equal(&walk->link.id, &tip->id) || walk->link.sum != tip->sum ||
              walk->link.lamport != tip->lamport || walk->link.time_ms != tip->time_ms))
        complain(walk, tip->seq, "the log's row says otherwise of its last entry");
}

/* The cursor stands on the log's first entry, or past it if it has none. */
static enum ph_status walk_entries(struct walk *walk)
{
    struct ph_place place;
    struct ph_key from = ph_key_place((struct ph_place){walk->log, 0});
    enum ph_status status = ph_cursor_seek(&walk->cursor, ph_key_bytes(&from));
    for (; status == PH_OK; status = ph_cursor_next(&walk->cursor)) {
        if (!ph_key_read_place(walk->cursor.key, &place)) {
            ph_damage(walk->verification, "Table entries", "a key of another form");
            return PH_OK;
        }
        if (place.log != walk->log)
            return PH_OK;
        if (place.seq != walk->link.seq + 1) {
            complain(walk, walk->link.seq + 1, "it is missing");
            walk->link_is_known = false;
        }
        PH_TRY(take_entry(walk, place));
    }
    return status == PH_NOT_FOUND ? PH_OK : status;
}

/* Where a branch leaves the log that it is a branch of. */
static enum ph_status begin_branch(struct walk *walk, const struct ph_log_row *row)
{
    struct ph_stored_entry entry;
    struct ph_place base = {row->base_log, row->base_seq};
    if (row->base_log >= walk->log) {
        complain(walk, row->base_seq, "its branch leaves a log that is not there");
        walk->link_is_known = false;
        return PH_OK;
    }
    if (row->base_seq == 0)
        return PH_OK;
    enum ph_status status = ph_entries_get(&walk->verification->txn, base, &entry);
    walk->link_is_known = status == PH_OK;
    walk->link.seq = row->base_seq;
    if (status == PH_OK) {
        struct ph_entry_id id = ph_header_id(entry.encoded);
        walk->link = ph_link_after(&entry.header, &id);
    } else {
        complain(walk, row->base_seq, "the entry that its branch leaves is not there");
    }
    return status == PH_CORRUPT || status == PH_NOT_FOUND ? PH_OK : status;
}

enum ph_status ph_verify_log(struct ph_verification *verification, uint32_t log)
{
    struct ph_key key = ph_key_u32(log);
    struct ph_bytes value;
    struct ph_log_row row;
    PH_TRY(ph_db_get(&verification->txn, PH_TABLE_LOGS, ph_key_bytes(&key), &value));
    PH_TRY(ph_log_row_decode(value, &row));
    struct walk walk = {
        .verification = verification,
        .log = log,
        .writer = row.writer,
        .base_seq = row.base_seq,
        .link = ph_link_first(&row.certify),
        .link_is_known = true,
        .is_signed = true,
    };
    if (row.is_branch)
        PH_TRY(begin_branch(&walk, &row));
    enum ph_status status = ph_cursor_open(&verification->txn, PH_TABLE_ENTRIES, &walk.cursor);
    if (status == PH_OK)
        status = walk_entries(&walk);
    if (status == PH_OK)
        check_tip(&walk, &row.tip);
    ph_cursor_close(&walk.cursor);
    return status;
}

enum ph_status ph_verify_logs(struct ph_verification *verification)
{
    uint64_t entry_count, hole_count;
    const struct ph_verify_report *report = &verification->report;
    for (uint32_t log = 0; log < verification->logs.count; log++)
        PH_TRY(ph_verify_log(verification, log));
    PH_TRY(ph_db_count(&verification->txn, PH_TABLE_ENTRIES, &entry_count));
    PH_TRY(ph_db_count(&verification->txn, PH_TABLE_HOLES, &hole_count));
    if (entry_count != report->entry_count)
        ph_damage(verification, "Table entries", "there are some of no known log");
    if (hole_count > report->hole_count)
        ph_damage(verification, "Table holes", "there is one without its entry");
    return PH_OK;
}
