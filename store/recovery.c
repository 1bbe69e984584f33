#include "store/recovery.h"

#include "store/journaling.h"
#include "store/replay.h"
#include "store/schema.h"

#define REPLAY_BYTES_MAX ((uint64_t)4 * 1024 * 1024) /* in one transaction */

/* A place in the file, and the frame before it. */
struct position {
    struct ph_journal_mark mark;
    uint64_t len;
};

struct recovery {
    struct ph_store *store;
    const char *path;
    struct ph_journal_mark held; /* the last frame that the tables contain */
    bool has_mark;               /* they say so; else no journal was ever opened beside them */
    bool is_fresh;               /* they hold nothing */
    struct position from;        /* behind the frame that they contain */
    struct ph_journal_mark good; /* the last frame that is what it was */
    bool is_found, is_bad;
    bool ends_torn; /* more bytes follow, which are no frame */
};

/* --- what the tables say --- */

enum ph_status ph_recovery_put_mark(const struct ph_txn *txn, const struct ph_journal_mark *mark)
{
    uint8_t value[PH_JOURNAL_MARK_LEN];
    ph_journal_mark_encode(mark, value);
    return ph_db_put(txn, PH_TABLE_META, ph_bytes_text(PH_META_JOURNAL),
                     ph_bytes(value, sizeof value));
}

static enum ph_status load_mark(const struct ph_txn *txn, struct recovery *recovery)
{
    struct ph_bytes value;
    enum ph_status status = ph_db_get(txn, PH_TABLE_META, ph_bytes_text(PH_META_JOURNAL), &value);
    if (status == PH_NOT_FOUND)
        return PH_OK;
    PH_TRY(status);
    recovery->has_mark = true;
    return ph_journal_mark_decode(value, &recovery->held);
}

/* Only the store's stamp, and no facts. */
static enum ph_status load_is_fresh(const struct ph_txn *txn, struct recovery *recovery)
{
    uint64_t meta_count, fact_count;
    PH_TRY(ph_db_count(txn, PH_TABLE_META, &meta_count));
    PH_TRY(ph_db_count(txn, PH_TABLE_FACTS, &fact_count));
    recovery->is_fresh = meta_count <= 1 && fact_count == 0;
    return PH_OK;
}

static enum ph_status load_doubt(const struct ph_txn *txn, struct ph_store *store)
{
    bool is_in_doubt = false;
    enum ph_status status =
        ph_db_has(txn, PH_TABLE_META, ph_bytes_text(PH_META_DOUBT), &is_in_doubt);
    atomic_store(&store->is_in_doubt, is_in_doubt);
    return status;
}

static enum ph_status load(struct recovery *recovery)
{
    struct ph_txn txn;
    PH_TRY(ph_db_read(recovery->store->db, &txn));
    enum ph_status status = load_mark(&txn, recovery);
    if (status == PH_OK)
        status = load_is_fresh(&txn, recovery);
    if (status == PH_OK)
        status = load_doubt(&txn, recovery->store);
    if (status == PH_OK)
        status = ph_own_load(&txn, &recovery->store->own);
    ph_db_end(&txn);
    return status;
}

/* --- what the journal says --- */

static void pass_held(struct recovery *recovery)
{
    const struct ph_journal *journal = &recovery->store->journal;
    recovery->from = (struct position){.mark = journal->mark, .len = journal->len};
    if (!ph_hash_equal(&journal->mark.chain, &recovery->held.chain))
        recovery->is_bad = true; /* of another store, or of another life of this one */
}

static enum ph_status read_frames(struct recovery *recovery, struct ph_journal_reader *reader)
{
    struct ph_journal *journal = &recovery->store->journal;
    struct ph_bytes payload;
    for (;;) {
        enum ph_status status = ph_journal_read(reader, &payload);
        if (status == PH_NOT_FOUND)
            return PH_OK;
        recovery->ends_torn = status == PH_PARTIAL || status == PH_CORRUPT;
        if (recovery->ends_torn)
            return PH_OK;
        PH_TRY(status);
        recovery->good = journal->mark;
        if (journal->mark.number == recovery->held.number)
            pass_held(recovery);
    }
}

static enum ph_status scan(struct recovery *recovery)
{
    static const struct ph_journal_mark first;
    struct ph_journal_reader reader = {0};
    struct ph_journal *journal = &recovery->store->journal;
    enum ph_status status = ph_journal_open(journal, recovery->path, recovery->store->log);
    if (status == PH_NOT_FOUND)
        return PH_OK;
    recovery->is_found = true;
    recovery->is_bad = status == PH_CORRUPT;
    if (status != PH_OK)
        return status == PH_CORRUPT ? PH_OK : status;
    status = ph_journal_read_from(&reader, journal, &first, journal->len);
    if (status == PH_OK)
        status = read_frames(recovery, &reader);
    ph_journal_read_end(&reader);
    if (recovery->good.number < recovery->held.number)
        recovery->is_bad = true;
    return status;
}

/* --- replay --- */

/* Frames from `at` on, as many as one transaction takes. */
static enum ph_status replay_frames(struct recovery *recovery, struct ph_replay *replay,
                                    struct ph_journal_reader *reader, struct position *at)
{
    struct ph_journal *journal = &recovery->store->journal;
    uint64_t from = at->len;
    struct ph_bytes payload;
    while (journal->mark.number < recovery->good.number && at->len - from < REPLAY_BYTES_MAX) {
        PH_TRY(ph_journal_read(reader, &payload));
        enum ph_status status = ph_replay_frame(replay, payload);
        if (status ==
            PH_CORRUPT) { /* its bytes are whole, what they say is not: up to the one before */
            recovery->good = at->mark;
            recovery->is_bad = true;
        }
        PH_TRY(status);
        *at = (struct position){.mark = journal->mark, .len = journal->len};
    }
    return PH_OK;
}

static enum ph_status replay_some(struct recovery *recovery, struct position *at)
{
    struct ph_txn txn = {0};
    struct ph_journal_reader reader = {0};
    struct position next = *at;
    struct ph_store *store = recovery->store;
    struct ph_replay replay = {.txn = &txn, .own = &store->own};
    enum ph_status status = ph_journal_read_from(&reader, &store->journal, &at->mark, at->len);
    if (status == PH_OK)
        status = ph_db_write(store->db, &txn);
    if (status == PH_OK)
        status = replay_frames(recovery, &replay, &reader, &next);
    if (status == PH_OK)
        status = ph_recovery_put_mark(&txn, &next.mark);
    if (status == PH_OK)
        status = ph_own_save(&txn, &store->own);
    if (status == PH_OK)
        status = ph_db_commit(&txn);
    ph_db_end(&txn);
    ph_replay_deinit(&replay);
    ph_journal_read_end(&reader);
    if (status == PH_OK)
        *at = next;
    return status;
}

static enum ph_status replay(struct recovery *recovery)
{
    struct position at = recovery->from;
    PH_TRY(ph_journal_sync(&recovery->store->journal));
    while (at.mark.number < recovery->good.number) {
        bool was_bad = recovery->is_bad;
        enum ph_status status = replay_some(recovery, &at);
        if (status == PH_MAP_FULL)
            status = ph_db_grow(recovery->store->db);
        else if (status == PH_CORRUPT && !was_bad && recovery->is_bad)
            status = PH_OK; /* again, without the frame that is no good */
        PH_TRY(status);
    }
    ph_log(recovery->store->log, PH_LOG_INFO, "journal: replayed frames %llu to %llu",
           (unsigned long long)recovery->held.number + 1,
           (unsigned long long)recovery->good.number);
    return PH_OK;
}

/* --- a new journal --- */

static enum ph_status refill(struct recovery *recovery)
{
    struct ph_txn txn = {0};
    struct ph_store *store = recovery->store;
    ph_journal_close(&store->journal);
    enum ph_status status = ph_journal_create(&store->journal, recovery->path, store->log);
    if (status == PH_OK)
        status = ph_db_read(store->db, &txn);
    if (status == PH_OK)
        status = ph_journal_refill(&store->journal, &txn, &store->own);
    ph_db_end(&txn);
    return status == PH_OK ? ph_journal_adopt(&store->journal) : status;
}

static enum ph_status note(struct recovery *recovery, const struct ph_journal_mark *mark,
                           bool is_doubtful)
{
    struct ph_txn txn = {0};
    struct ph_store *store = recovery->store;
    PH_TRY(ph_db_write(store->db, &txn));
    enum ph_status status = ph_recovery_put_mark(&txn, mark);
    if (status == PH_OK)
        status = ph_own_save(&txn, &store->own);
    if (status == PH_OK && is_doubtful)
        status = ph_db_put(&txn, PH_TABLE_META, ph_bytes_text(PH_META_DOUBT), ph_bytes(NULL, 0));
    if (status == PH_OK)
        status = ph_db_commit(&txn);
    ph_db_end(&txn);
    if (status == PH_OK && is_doubtful)
        atomic_store(&store->is_in_doubt, true);
    return status;
}

static enum ph_status note_growing(struct recovery *recovery, const struct ph_journal_mark *mark,
                                   bool is_doubtful)
{
    enum ph_status status = note(recovery, mark, is_doubtful);
    while (status == PH_MAP_FULL) {
        PH_TRY(ph_db_grow(recovery->store->db));
        status = note(recovery, mark, is_doubtful);
    }
    return status;
}

static enum ph_status begin_anew(struct recovery *recovery, bool is_doubtful)
{
    PH_TRY(refill(recovery));
    return note_growing(recovery, &recovery->store->journal.mark, is_doubtful);
}

/* --- all of it --- */

/* What is wrong, in words; NULL: nothing. A frame that was being written when the power went is one
 * more than the tables have, and nothing of it was ever told anybody. Anything else is damage. */
static const char *doubt(const struct recovery *recovery)
{
    bool is_ahead = recovery->good.number > recovery->held.number;
    bool is_lost = !recovery->has_mark && recovery->is_fresh;
    if (!recovery->is_found)
        return recovery->held.number != 0 ? "it is missing" : NULL;
    if (recovery->is_bad)
        return "it is damaged, or of another store";
    if (recovery->ends_torn && (is_ahead || is_lost))
        return "its end is damaged";
    return is_ahead && is_lost ? "it is older than the database beside it" : NULL;
}

enum ph_status ph_recover(struct ph_store *store, const char *path,
                          const struct ph_writer_id *writer)
{
    struct recovery recovery = {.store = store, .path = path, .from.len = PH_JOURNAL_TITLE_LEN};
    PH_TRY(load(&recovery));
    if (!recovery.has_mark && writer != NULL)
        ph_own_add(&store->own, writer->bytes);
    PH_TRY(scan(&recovery));
    const char *reason = doubt(&recovery);
    if (reason != NULL) { /* before anything that would hide it from the next life */
        ph_log(store->log, PH_LOG_WARN, "journal: %s: this store is in doubt", reason);
        PH_TRY(note_growing(&recovery, &recovery.held, true));
    }
    bool is_torn_late = recovery.ends_torn && reason != NULL;
    if (recovery.is_found && !recovery.is_bad && recovery.good.number > recovery.held.number)
        PH_TRY(replay(&recovery));
    if (recovery.is_bad || is_torn_late || !recovery.is_found)
        return begin_anew(&recovery, recovery.is_bad || is_torn_late);
    if (recovery.ends_torn)
        PH_TRY(ph_journal_withdraw(&store->journal));
    return recovery.has_mark ? PH_OK : note_growing(&recovery, &store->journal.mark, false);
}
