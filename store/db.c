#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/folder.h"

#define MAP_BYTES_FIRST (UINT64_C(64) << 20)
#define MAP_STEP_MAX (UINT64_C(1) << 30)
#define PROBE_BYTES (1 << 20)
#define FILE_MODE 0600

struct ph_db {
    MDB_env *env;
    MDB_dbi tables[PH_DB_TABLES_MAX];
    size_t table_count;
    uint64_t map_bytes;
    atomic_uint txn_count;
    const struct ph_log_sink *log;
};

/* The text of a code is logged where it is first seen, because nobody above knows it. */
static enum ph_status translate(const struct ph_db *db, int code, const char *what)
{
    switch (code) {
    case MDB_SUCCESS:
        return PH_OK;
    case MDB_NOTFOUND:
        return PH_NOT_FOUND;
    case MDB_MAP_FULL:
        return PH_MAP_FULL;
    default:
        break;
    }
    ph_log(db->log, PH_LOG_ERROR, "store: %s: %s", what, mdb_strerror(code));
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return PH_NO_SPACE;
    case ENOMEM:
        return PH_NO_MEMORY;
    case MDB_CORRUPTED:
    case MDB_CURSOR_FULL: /* a tree of pages that leads back to itself */
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_KEYEXIST:
        return PH_CORRUPT;
    default:
        return PH_IO;
    }
}

static MDB_val val_of(struct ph_bytes bytes)
{
    /* LMDB's type has no const; keys and values given to it are only read. */
    return (MDB_val){.mv_size = bytes.len, .mv_data = (void *)(uintptr_t)bytes.data};
}

static struct ph_bytes bytes_of(MDB_val val)
{
    return ph_bytes(val.mv_data, val.mv_size);
}

static uint64_t next_map_bytes(uint64_t bytes)
{
    return bytes + (bytes < MAP_STEP_MAX ? bytes : MAP_STEP_MAX);
}

/* The first size that leaves room to write: a file that is as long as its map is full at once. */
static uint64_t first_map_bytes(const struct ph_db_options *options)
{
    uint64_t bytes = options->map_bytes == 0 ? MAP_BYTES_FIRST : options->map_bytes;
    uint64_t file_bytes = ph_folder_file_bytes(options->path);
    while (bytes < file_bytes)
        bytes = next_map_bytes(bytes);
    return bytes;
}

/* Not where it stands already: a transaction that changes nothing costs no sync. What an older
 * program made may be of another form. */
static int put_stamp(MDB_txn *txn, const struct ph_db *db, const struct ph_db_options *options)
{
    MDB_dbi table = db->tables[options->stamp_table];
    MDB_val key = val_of(options->stamp_key), value = val_of(options->stamp_value), found;
    int code = mdb_get(txn, table, &key, &found);
    if (code == MDB_SUCCESS && ph_bytes_equal(bytes_of(found), options->stamp_value))
        return MDB_SUCCESS;
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND)
        return code;
    bool is_older = code == MDB_SUCCESS;
    for (size_t i = options->remade_first; is_older && i < options->table_count; i++) {
        code = mdb_drop(txn, db->tables[i], 0);
        if (code != MDB_SUCCESS)
            return code;
    }
    return mdb_put(txn, table, &key, &value, 0);
}

static enum ph_status open_tables(struct ph_db *db, const struct ph_db_options *options)
{
    MDB_txn *txn = NULL;
    unsigned env_flags = options->is_read_only ? MDB_RDONLY : 0;
    unsigned flags = options->is_read_only ? 0 : MDB_CREATE;
    int code = mdb_txn_begin(db->env, NULL, env_flags, &txn);
    for (size_t i = 0; code == MDB_SUCCESS && i < options->table_count; i++)
        code = mdb_dbi_open(txn, options->tables[i], flags, &db->tables[i]);
    if (code == MDB_SUCCESS && !options->is_read_only)
        code = put_stamp(txn, db, options);
    if (code == MDB_SUCCESS) {
        code = mdb_txn_commit(txn);
        txn = NULL;
    }
    mdb_txn_abort(txn);
    if (code == MDB_NOTFOUND) /* read-only: they all were made in one transaction */
        code = MDB_CORRUPTED;
    return translate(db, code, "opening the tables");
}

/* LMDB 0.9 leaves the descriptor of its data file open across exec. */
static enum ph_status close_on_exec(struct ph_db *db)
{
    int fd = -1;
    PH_TRY(translate(db, mdb_env_get_fd(db->env, &fd), "finding the data file"));
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? PH_OK : translate(db, errno, "the data file");
}

static enum ph_status open_env(struct ph_db *db, const struct ph_db_options *options)
{
    int dead_readers = 0;
    PH_TRY(translate(db, mdb_env_create(&db->env), "starting"));
    PH_TRY(translate(db, mdb_env_set_maxdbs(db->env, PH_DB_TABLES_MAX), "starting"));
    PH_TRY(translate(db, mdb_env_set_mapsize(db->env, db->map_bytes), "sizing the map"));
    unsigned flags = MDB_NOTLS | (options->is_read_only ? MDB_RDONLY : 0);
    PH_TRY(translate(db, mdb_env_open(db->env, options->path, flags, FILE_MODE), "opening"));
    PH_TRY(close_on_exec(db));
    PH_TRY(translate(db, mdb_reader_check(db->env, &dead_readers), "clearing dead readers"));
    PH_TRY(open_tables(db, options));
    return options->is_read_only ? PH_OK : ph_folder_sync(options->path);
}

enum ph_status ph_db_open(const struct ph_db_options *options, struct ph_db **out,
                          char why[PH_DB_WHY_LEN])
{
    assert(options->table_count <= PH_DB_TABLES_MAX);
    struct ph_db *db = calloc(1, sizeof *db);
    enum ph_status status = PH_NO_MEMORY;
    if (db == NULL)
        goto out;
    db->log = options->log;
    db->table_count = options->table_count;
    db->map_bytes = first_map_bytes(options);
    status = open_env(db, options);
    /* A map that can't hold its own tables is of no use to anybody; only tests ask for such. */
    while (status == PH_MAP_FULL) {
        mdb_env_close(db->env);
        db->env = NULL;
        db->map_bytes = next_map_bytes(db->map_bytes);
        status = open_env(db, options);
    }
out:
    if (status != PH_OK) {
        snprintf(why, PH_DB_WHY_LEN, "The store in %.100s can't be opened: %s.", options->path,
                 ph_status_text(status));
        ph_db_close(db);
        return status;
    }
    *out = db;
    return PH_OK;
}

void ph_db_close(struct ph_db *db)
{
    if (db == NULL)
        return;
    assert(atomic_load(&db->txn_count) == 0);
    if (db->env != NULL)
        mdb_env_close(db->env);
    free(db);
}

static int peek(MDB_env *env, const struct ph_db_options *options, uint8_t *out, size_t *len)
{
    MDB_txn *txn = NULL;
    MDB_dbi table = 0;
    MDB_stat about = {0};
    MDB_val key = val_of(options->stamp_key), value = {0};
    int code = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (code != MDB_SUCCESS)
        return code;
    code = mdb_env_stat(env, &about);
    if (code != MDB_SUCCESS || about.ms_entries == 0) {
        mdb_txn_abort(txn);
        return code == MDB_SUCCESS ? MDB_NOTFOUND : code;
    }
    code = mdb_dbi_open(txn, options->tables[options->stamp_table], 0, &table);
    if (code == MDB_SUCCESS)
        code = mdb_get(txn, table, &key, &value);
    if (code == MDB_NOTFOUND || (code == MDB_SUCCESS && value.mv_size > *len))
        code = MDB_BAD_VALSIZE;
    if (code == MDB_SUCCESS) {
        memcpy(out, value.mv_data, value.mv_size);
        *len = value.mv_size;
    }
    mdb_txn_abort(txn);
    return code;
}

enum ph_status ph_db_peek(const struct ph_db_options *options, uint8_t *out, size_t *len)
{
    const struct ph_db db = {.log = options->log};
    MDB_env *env = NULL;
    if (ph_folder_file_bytes(options->path) == 0)
        return PH_NOT_FOUND;
    int code = mdb_env_create(&env);
    if (code != MDB_SUCCESS)
        return translate(&db, code, "looking");
    code = mdb_env_set_maxdbs(env, PH_DB_TABLES_MAX);
    /* Without the lock file: not even that may be touched if the store is not ours. */
    if (code == MDB_SUCCESS)
        code = mdb_env_open(env, options->path, MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, FILE_MODE);
    if (code == MDB_SUCCESS)
        code = peek(env, options, out, len);
    mdb_env_close(env);
    if (code == MDB_INCOMPATIBLE || code == MDB_BAD_VALSIZE)
        return PH_REFUSED;
    return translate(&db, code, "looking");
}

/* LMDB unmaps before it maps anew and is lost if that fails: see first that there is room. */
static bool has_address_space(uint64_t bytes)
{
    if (bytes > SIZE_MAX)
        return false;
    void *probe = mmap(NULL, (size_t)bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        return false;
    munmap(probe, (size_t)bytes);
    return true;
}

enum ph_status ph_db_grow(struct ph_db *db)
{
    assert(atomic_load(&db->txn_count) == 0);
    uint64_t bytes = next_map_bytes(db->map_bytes);
    if (!has_address_space(bytes))
        return translate(db, ENOMEM, "enlarging the map");
    PH_TRY(translate(db, mdb_env_set_mapsize(db->env, bytes), "enlarging the map"));
    db->map_bytes = bytes;
    ph_log(db->log, PH_LOG_DEBUG, "store: map is now %llu MiB", (unsigned long long)(bytes >> 20));
    return PH_OK;
}

static enum ph_status begin(struct ph_db *db, unsigned flags, struct ph_txn *out)
{
    MDB_txn *raw = NULL;
    PH_TRY(translate(db, mdb_txn_begin(db->env, NULL, flags, &raw), "beginning"));
    atomic_fetch_add(&db->txn_count, 1);
    *out = (struct ph_txn){.db = db, .raw = raw};
    return PH_OK;
}

enum ph_status ph_db_read(struct ph_db *db, struct ph_txn *out)
{
    return begin(db, MDB_RDONLY, out);
}

/* A process that read beside us and died would keep every old page from being used again. */
enum ph_status ph_db_write(struct ph_db *db, struct ph_txn *out)
{
    int dead_readers = 0;
    PH_TRY(translate(db, mdb_reader_check(db->env, &dead_readers), "clearing dead readers"));
    return begin(db, 0, out);
}

static void forget(struct ph_txn *txn)
{
    atomic_fetch_sub(&txn->db->txn_count, 1);
    *txn = (struct ph_txn){0};
}

void ph_db_end(struct ph_txn *txn)
{
    if (txn->raw == NULL)
        return;
    mdb_txn_abort(txn->raw);
    forget(txn);
}

/* A disk that fills up in the middle of a write makes it short, which LMDB calls EIO. Nothing is
 * committed then: the page that names the new state comes last. Ask the disk itself. */
static bool disk_is_full(struct ph_db *db)
{
    int fd = -1;
    struct stat about;
    if (mdb_env_get_fd(db->env, &fd) != MDB_SUCCESS || fstat(fd, &about) != 0)
        return false;
    int code = posix_fallocate(fd, about.st_size, PROBE_BYTES);
    return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

enum ph_status ph_db_commit(struct ph_txn *txn)
{
    struct ph_db *db = txn->db;
    int code = mdb_txn_commit(txn->raw);
    forget(txn);
    if (code == EIO && disk_is_full(db))
        code = ENOSPC;
    return translate(db, code, "committing");
}

enum ph_status ph_db_get(const struct ph_txn *txn, size_t table, struct ph_bytes key,
                         struct ph_bytes *out)
{
    MDB_val raw_key = val_of(key), value;
    PH_TRY(
        translate(txn->db, mdb_get(txn->raw, txn->db->tables[table], &raw_key, &value), "reading"));
    *out = bytes_of(value);
    return PH_OK;
}

enum ph_status ph_db_has(const struct ph_txn *txn, size_t table, struct ph_bytes key, bool *out)
{
    struct ph_bytes value;
    enum ph_status status = ph_db_get(txn, table, key, &value);
    *out = status == PH_OK;
    return status == PH_NOT_FOUND ? PH_OK : status;
}

static enum ph_status put(const struct ph_txn *txn, size_t table, const struct ph_bytes pair[2],
                          unsigned flags)
{
    MDB_val key = val_of(pair[0]), value = val_of(pair[1]);
    int code = mdb_put(txn->raw, txn->db->tables[table], &key, &value, flags);
    return translate(txn->db, code, "writing");
}

enum ph_status ph_db_put(const struct ph_txn *txn, size_t table, struct ph_bytes key,
                         struct ph_bytes value)
{
    return put(txn, table, (const struct ph_bytes[]){key, value}, 0);
}

enum ph_status ph_db_add(const struct ph_txn *txn, size_t table, struct ph_bytes key,
                         struct ph_bytes value)
{
    return put(txn, table, (const struct ph_bytes[]){key, value}, MDB_NOOVERWRITE);
}

enum ph_status ph_db_delete(const struct ph_txn *txn, size_t table, struct ph_bytes key)
{
    MDB_val raw_key = val_of(key);
    int code = mdb_del(txn->raw, txn->db->tables[table], &raw_key, NULL);
    return translate(txn->db, code, "deleting");
}

enum ph_status ph_db_clear(const struct ph_txn *txn, size_t table)
{
    return translate(txn->db, mdb_drop(txn->raw, txn->db->tables[table], 0), "clearing");
}

enum ph_status ph_db_count(const struct ph_txn *txn, size_t table, uint64_t *out)
{
    MDB_stat stat;
    PH_TRY(translate(txn->db, mdb_stat(txn->raw, txn->db->tables[table], &stat), "counting"));
    *out = stat.ms_entries;
    return PH_OK;
}

/* --- free pages --- */

#define FREE_TABLE 0 /* LMDB's own: transaction -> count, then page numbers, descending */
#define META_PAGES 2

struct free_pages {
    size_t page_count; /* of the file, as the last transaction says */
    size_t free_count;
};

static bool take_free(struct free_pages *pages, MDB_val value)
{
    size_t count = 0, page = 0, before = pages->page_count;
    const uint8_t *at = value.mv_data;
    if (value.mv_size < sizeof count || value.mv_size % sizeof count != 0)
        return false;
    memcpy(&count, at, sizeof count);
    if (count != value.mv_size / sizeof count - 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        memcpy(&page, at + (i + 1) * sizeof page, sizeof page);
        if (page < META_PAGES || page >= before)
            return false;
        before = page;
    }
    pages->free_count += count;
    return true;
}

static int read_free(MDB_txn *txn, struct free_pages *pages)
{
    MDB_cursor *cursor = NULL;
    MDB_val key = {0}, value = {0};
    int code = mdb_cursor_open(txn, FREE_TABLE, &cursor);
    if (code != MDB_SUCCESS)
        return code;
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS)
        if (!take_free(pages, value)) {
            code = MDB_CORRUPTED;
            break;
        }
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* Its own two tables (free pages, names), then ours. */
static int count_used(const struct ph_txn *txn, size_t *used)
{
    MDB_stat about;
    *used = META_PAGES;
    for (size_t i = 0; i < FREE_TABLE + 2 + txn->db->table_count; i++) {
        MDB_dbi table = i < 2 ? (MDB_dbi)i : txn->db->tables[i - 2];
        int code = mdb_stat(txn->raw, table, &about);
        if (code != MDB_SUCCESS)
            return code;
        *used += about.ms_branch_pages + about.ms_leaf_pages + about.ms_overflow_pages;
    }
    return MDB_SUCCESS;
}

enum ph_status ph_db_check_free(const struct ph_txn *txn)
{
    MDB_envinfo about;
    struct free_pages pages = {0};
    size_t used = 0;
    int code = mdb_env_info(txn->db->env, &about);
    pages.page_count = about.me_last_pgno + 1;
    if (code == MDB_SUCCESS)
        code = read_free(txn->raw, &pages);
    if (code == MDB_SUCCESS)
        code = count_used(txn, &used);
    if (code == MDB_SUCCESS && used + pages.free_count > pages.page_count)
        code = MDB_CORRUPTED;
    return translate(txn->db, code, "reading the free pages");
}

enum ph_status ph_cursor_open(const struct ph_txn *txn, size_t table, struct ph_cursor *out)
{
    MDB_cursor *raw = NULL;
    int code = mdb_cursor_open(txn->raw, txn->db->tables[table], &raw);
    PH_TRY(translate(txn->db, code, "opening a cursor"));
    *out = (struct ph_cursor){.db = txn->db, .raw = raw};
    return PH_OK;
}

void ph_cursor_close(struct ph_cursor *cursor)
{
    if (cursor->raw != NULL)
        mdb_cursor_close(cursor->raw);
    cursor->raw = NULL;
}

static enum ph_status move(struct ph_cursor *cursor, struct ph_bytes from, MDB_cursor_op how)
{
    MDB_val key = val_of(from), value = {0};
    PH_TRY(translate(cursor->db, mdb_cursor_get(cursor->raw, &key, &value, how), "reading on"));
    cursor->key = bytes_of(key);
    cursor->value = bytes_of(value);
    return PH_OK;
}

enum ph_status ph_cursor_seek(struct ph_cursor *cursor, struct ph_bytes key)
{
    return key.len == 0 ? move(cursor, key, MDB_FIRST) : move(cursor, key, MDB_SET_RANGE);
}

enum ph_status ph_cursor_next(struct ph_cursor *cursor)
{
    return move(cursor, ph_bytes(NULL, 0), MDB_NEXT);
}

enum ph_status ph_cursor_previous(struct ph_cursor *cursor)
{
    return move(cursor, ph_bytes(NULL, 0), MDB_PREV);
}

enum ph_status ph_cursor_seek_below(struct ph_cursor *cursor, struct ph_bytes key)
{
    enum ph_status status = ph_cursor_seek(cursor, key);
    if (status == PH_NOT_FOUND)
        return move(cursor, ph_bytes(NULL, 0), MDB_LAST);
    return status == PH_OK ? ph_cursor_previous(cursor) : status;
}

enum ph_status ph_db_seek(const struct ph_txn *txn, size_t table, struct ph_bytes key,
                          struct ph_bytes *found, struct ph_bytes *value)
{
    struct ph_cursor cursor = {0};
    enum ph_status status = ph_cursor_open(txn, table, &cursor);
    if (status == PH_OK)
        status = ph_cursor_seek(&cursor, key);
    if (status == PH_OK) {
        *found = cursor.key;
        *value = cursor.value;
    }
    ph_cursor_close(&cursor);
    return status;
}
