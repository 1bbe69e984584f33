/* LMDB behind few words: environment, map growth, transactions, tables, cursors. The only file that
 * knows <lmdb.h>; its codes are translated, and logged, here.
 *
 * Synchronous always. One process owns an environment; any thread may read, one at a time writes.
 * What is read is borrowed until the transaction ends, in a writing one until its next change. */
#ifndef PHAROS_STORE_DB_H
#define PHAROS_STORE_DB_H

#include "pharos/bytes.h"
#include "pharos/log.h"
#include "pharos/status.h"

#define PH_DB_TABLES_MAX 16
#define PH_DB_WHY_LEN 200

struct ph_db;

struct ph_db_options {
    const char *path;   /* an existing folder */
    uint64_t map_bytes; /* first map size; 0: 64 MiB */
    bool is_read_only;  /* another process may have it open: nothing is written, or created */
    const char *const *tables; /* names; a table is named by its index here. Borrowed */
    size_t table_count;        /* at most PH_DB_TABLES_MAX */
    size_t stamp_table;        /* written in the transaction that makes the tables, so that */
    struct ph_bytes stamp_key; /* none is ever there without it; an older one is replaced */
    struct ph_bytes stamp_value;
    size_t remade_first; /* tables from here on are emptied when an older stamp is replaced */
    const struct ph_log_sink *log; /* borrowed; may be NULL */
};

/* A transaction; copy it freely, end it once. */
struct ph_txn {
    struct ph_db *db;
    void *raw;
};

/* Opens, creating files and tables that are missing, and makes their names durable.
 * PH_CORRUPT, PH_IO, PH_NO_SPACE, PH_NO_MEMORY (address space); all with a sentence in `why`. */
PH_MUST_USE enum ph_status ph_db_open(const struct ph_db_options *options, struct ph_db **out,
                                      char why[PH_DB_WHY_LEN]);
/* No transaction may be open (asserted). NULL is fine. */
void ph_db_close(struct ph_db *db);

/* The stamp of an environment that nobody has open, read without changing or creating any file:
 * what must be known before it is opened. Copied; `*len` is the room and becomes the length.
 * PH_NOT_FOUND: no database there, or nothing in it at all. PH_CORRUPT: something else is there.
 * PH_REFUSED: a database without a stamp that fits `*len`. */
PH_MUST_USE enum ph_status ph_db_peek(const struct ph_db_options *options, uint8_t *out,
                                      size_t *len);

/* Enlarge the map by a step: twice, but at most 1 GiB more. No transaction may be open (asserted).
 * PH_NO_MEMORY: the address space is used up; nothing changed. */
PH_MUST_USE enum ph_status ph_db_grow(struct ph_db *db);

PH_MUST_USE enum ph_status ph_db_read(struct ph_db *db, struct ph_txn *out);
PH_MUST_USE enum ph_status ph_db_write(struct ph_db *db, struct ph_txn *out);
void ph_db_end(
    struct ph_txn *txn); /* a reading one, or a writing one to be dropped; zeroed is fine */
/* PH_NO_SPACE: nothing written. Ends the transaction in any case. */
PH_MUST_USE enum ph_status ph_db_commit(struct ph_txn *txn);

PH_MUST_USE enum ph_status ph_db_get(const struct ph_txn *txn, size_t table, struct ph_bytes key,
                                     struct ph_bytes *out);
/* Whether there is a row. */
PH_MUST_USE enum ph_status ph_db_has(const struct ph_txn *txn, size_t table, struct ph_bytes key,
                                     bool *out);
PH_MUST_USE enum ph_status ph_db_put(const struct ph_txn *txn, size_t table, struct ph_bytes key,
                                     struct ph_bytes value);
/* A new key only. PH_CORRUPT: it is there already. */
PH_MUST_USE enum ph_status ph_db_add(const struct ph_txn *txn, size_t table, struct ph_bytes key,
                                     struct ph_bytes value);
/* PH_NOT_FOUND: it was not there. */
PH_MUST_USE enum ph_status ph_db_delete(const struct ph_txn *txn, size_t table,
                                        struct ph_bytes key);
PH_MUST_USE enum ph_status ph_db_clear(const struct ph_txn *txn, size_t table);
PH_MUST_USE enum ph_status ph_db_count(const struct ph_txn *txn, size_t table, uint64_t *out);

/* Whether the list of pages that may be written anew can be read, names pages that exist, each
 * once, and leaves as many as the tables use: what else would be found by writing over what is in
 * use. PH_CORRUPT: not so. */
PH_MUST_USE enum ph_status ph_db_check_free(const struct ph_txn *txn);

/* A cursor of a reading transaction. Zeroed before it is opened; close it before the
 * transaction. */
struct ph_cursor {
    struct ph_db *db;
    void *raw;
    struct ph_bytes key, value; /* where it stands after PH_OK */
};
PH_MUST_USE enum ph_status ph_cursor_open(const struct ph_txn *txn, size_t table,
                                          struct ph_cursor *out);
void ph_cursor_close(struct ph_cursor *cursor);
/* The first key not below `key`. All four: PH_NOT_FOUND: none. */
PH_MUST_USE enum ph_status ph_cursor_seek(struct ph_cursor *cursor, struct ph_bytes key);
PH_MUST_USE enum ph_status ph_cursor_next(struct ph_cursor *cursor);
PH_MUST_USE enum ph_status ph_cursor_previous(struct ph_cursor *cursor);
/* The last key below `key`. */
PH_MUST_USE enum ph_status ph_cursor_seek_below(struct ph_cursor *cursor, struct ph_bytes key);

/* The first key not below `key`, without keeping a cursor. */
PH_MUST_USE enum ph_status ph_db_seek(const struct ph_txn *txn, size_t table, struct ph_bytes key,
                                      struct ph_bytes *found, struct ph_bytes *value);

#endif
