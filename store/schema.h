/* Tables and their keys (README.md: what each holds). Integers in keys are big-endian, so that
 * LMDB's byte order is their order. */
#ifndef PHAROS_STORE_SCHEMA_H
#define PHAROS_STORE_SCHEMA_H

#include "pharos/bytes.h"
#include "pharos/id.h"
#include "proto/kind.h"
#include "proto/op.h"
#include "store/db.h"

#define PH_SCHEMA_VERSION 6

enum ph_table {
    /* Durable: what the others can't be made from. */
    PH_TABLE_META,
    PH_TABLE_FACTS,
    PH_TABLE_LOGS,
    PH_TABLE_ENTRIES,
    PH_TABLE_HOLES,
    PH_TABLE_LEFT_OUT,
    PH_TABLE_CUTS,
    /* Materialised: can be thrown away and made again. */
    PH_TABLE_CURSORS,
    PH_TABLE_WAITING,
    PH_TABLE_WAITS,
    PH_TABLE_READY,
    PH_TABLE_AGAIN,
    PH_TABLE_STALE,
    PH_TABLE_RECORDS,
    PH_TABLE_BY_KIND,
    PH_TABLE_BY_PARENT,
};
#define PH_TABLE_COUNT (PH_TABLE_BY_PARENT + 1)

extern const char *const ph_table_names[PH_TABLE_COUNT];

#define PH_KEY_LEN_MAX (16 + PH_POSITION_LEN_MAX + 1 + 16 + 2)

struct ph_key {
    uint8_t data[PH_KEY_LEN_MAX];
    size_t len;
};

static inline struct ph_bytes ph_key_bytes(const struct ph_key *key)
{
    return ph_bytes(key->data, key->len);
}

/* What names an entry within this store. */
struct ph_place {
    uint32_t log, seq;
};
int ph_place_compare(struct ph_place a, struct ph_place b);

/* What an entry waits for: another entry, by writer, sequence and check. */
#define PH_NEED_LEN 52
struct ph_need {
    uint8_t bytes[PH_NEED_LEN];
};
struct ph_need ph_need_of(const struct ph_op_ref *ref);

#define PH_META_OWN '.' /* names that begin with it are the store's own */
#define PH_META_NAME_MAX 64
#define PH_META_RECEIPT ".receipt." /* a writer's 32 bytes follow */

struct ph_key ph_key_receipt(const struct ph_writer_id *writer); /* meta */
struct ph_key ph_key_u32(uint32_t number);                       /* facts, logs, cuts, cursors */
struct ph_key ph_key_place(struct ph_place place);               /* entries, holes, waits, again */
struct ph_key ph_key_need(const struct ph_need *need);           /* ready */
struct ph_key ph_key_waiting(const struct ph_need *need, struct ph_place place);
/* Of left_out: the first byte says which form it is, so that no school is taken for a writer. */
#define PH_OUT_SCHOOL 's'      /* a school with all its logs */
#define PH_OUT_LOG 'l'         /* a school's logs of one writer */
#define PH_OUT_NOT_AWAITED 'w' /* a writer, for whose entries nothing waits */
struct ph_key ph_key_school_out(const struct ph_school_id *school);
struct ph_key ph_key_log_out(const struct ph_writer_id *writer, const struct ph_school_id *school);
struct ph_key ph_key_not_awaited(const struct ph_writer_id *writer);
struct ph_key ph_key_record(uint16_t kind, const struct ph_record_id *id);
struct ph_key ph_key_stale(uint16_t kind, const struct ph_record_id *id, struct ph_place place);
struct ph_key ph_key_by_kind(uint16_t kind, uint64_t lamport, const struct ph_record_id *id);
struct ph_key ph_key_by_parent(const struct ph_record_id *parent, struct ph_bytes position,
                               const struct ph_record_id *id,
                               uint16_t kind); /* at most PH_POSITION_LEN_MAX */

/* Keys read back. False: not of this form. */
bool ph_key_read_u32(struct ph_bytes key, uint32_t *out);
bool ph_key_read_place(struct ph_bytes key, struct ph_place *out);
bool ph_key_read_waiting(struct ph_bytes key, struct ph_need *need, struct ph_place *place);
bool ph_key_read_school_out(struct ph_bytes key, struct ph_school_id *school); /* of a log, too */
bool ph_key_read_not_awaited(struct ph_bytes key, struct ph_writer_id *writer);
bool ph_key_read_record(struct ph_bytes key, uint16_t *kind, struct ph_record_id *id);
bool ph_key_read_stale(struct ph_bytes key, uint16_t *kind, struct ph_record_id *id,
                       struct ph_place *place);
bool ph_key_read_by_kind(struct ph_bytes key, uint16_t *kind, struct ph_record_id *id);
bool ph_key_read_by_parent(struct ph_bytes key, struct ph_record_id *parent,
                           struct ph_record_id *id, uint16_t *kind);

/* Completes the options with tables and stamp, then looks before anything is opened for writing.
 * PH_OK: known, or nothing there yet. `is_older`: opening brings it up to date. With a sentence, no
 * file touched: PH_REFUSED, of another version; PH_CORRUPT, nothing of ours. */
PH_MUST_USE enum ph_status ph_schema_check(struct ph_db_options *options, bool *is_older,
                                           char why[PH_DB_WHY_LEN]);

#endif
