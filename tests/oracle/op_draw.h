/* Entries drawn from a seed, in runs as they travel: few records that everybody writes on,
 * references that mostly fit, and now and then whatever a member can sign. */
#ifndef PHAROS_TESTS_ORACLE_OP_DRAW_H
#define PHAROS_TESTS_ORACLE_OP_DRAW_H

#include "proto/kind.h"
#include "proto/op.h"
#include "tests/oracle/op_facts.h"

#define OP_WRITERS_MAX 6
#define OP_LOGS_MAX 64 /* branches and all */
#define OP_OPS_MAX 2048
#define OP_RUNS_MAX 256
#define OP_FILLS_MAX 64
#define OP_RECORDS_MAX 128
#define OP_POOL 4
#define OP_ENDS_MAX 512

struct op_record {
    uint16_t kind;
    struct ph_record_id id;
    enum ph_audience audience;
    uint32_t log; /* who may create it */
    uint32_t seq; /* in its entry of this number */
};

struct op_records {
    struct op_named {
        uint16_t kind;
        struct ph_record_id id;
    } at[OP_RECORDS_MAX];
    uint32_t count;
};
void op_records_add(struct op_records *records, uint16_t kind, const struct ph_record_id *id);

/* An op that later ones can refer to. */
struct op_made {
    struct ph_op_ref ref;
    uint16_t kind, field;
    struct ph_record_id record;
    uint64_t type;
};

struct op_log {
    const struct signer *writer;
    struct ph_school_id school;
    struct ph_link link;
    bool is_over; /* its last run is bad: nothing follows */
    /* The run that grows. */
    struct ph_link run_after;
    struct {
        struct ph_header header;
        struct ph_body body;
    } entries[8];
    uint32_t entry_count;
};

struct op_fill {
    struct ph_entry_id entry;
    struct ph_salt salt;
    struct ph_bytes content;
};

/* An entry that facts can name. */
struct op_end {
    struct ph_log_end end;
    struct ph_school_id school;
};

struct op_set {
    struct op_log logs[OP_LOGS_MAX];
    uint32_t log_count;
    struct op_record pool[OP_POOL];
    struct op_made ops[OP_OPS_MAX];
    uint32_t op_count;
    uint64_t lamport;
    struct op_end ends[OP_ENDS_MAX];
    uint32_t end_count;

    /* What comes of it; borrows from `bytes`. */
    struct ph_bytes runs[OP_RUNS_MAX];
    uint32_t run_count;
    struct op_fill fills[OP_FILLS_MAX];
    uint32_t fill_count;
    struct op_records records; /* every one that an op was drawn for */

    uint8_t bytes[4 << 20];
    size_t len;
};

/* `facts`: who may write. False: nobody. */
bool op_set_draw(struct op_set *out, const struct ph_facts *facts, uint64_t seed);

/* op_body.c: a body for the next entry of a log, into the set's bytes. What later ops may refer to
 * is in `ops` from the old `op_count` on, its references without check. */
void op_body_draw(struct op_set *set, struct chance *chance, uint32_t log, struct ph_body *out);
/* The same of so many ops on one record: creates that say nothing, and among them sets that nobody
 * refers to. */
void op_body_crowd(struct op_set *set, struct chance *chance, uint32_t log,
                   const struct op_record *record, uint32_t op_count, uint32_t sets_percent,
                   struct ph_body *out);
/* One that sets the longest texts that a record of the pool takes, which nobody refers to, as often
 * as fits. Returns their bytes; 0: it takes none, and there is no body. */
uint32_t op_body_heavy(struct op_set *set, struct chance *chance, uint32_t log,
                       const struct op_record *record, struct ph_body *out);
/* Room in the set's bytes. */
uint8_t *op_room(struct op_set *set, size_t len);

#endif
