/* Log rows, and all logs at once as one transaction sees them. */
#ifndef PHAROS_STORE_LOGS_H
#define PHAROS_STORE_LOGS_H

#include "store/batch.h"
#include "store/schema.h"

#define PH_LOG_ROW_LEN_1 (32 + 32 + 32 + 4 + 32 + 8 + 8 + 8) /* of layout 1: no branches */
#define PH_LOG_ROW_LEN (PH_LOG_ROW_LEN_1 + 1 + 4 + 4)

void ph_log_row_encode(const struct ph_log_row *row, uint8_t out[PH_LOG_ROW_LEN]);
/* PH_CORRUPT: not of that form. */
PH_MUST_USE enum ph_status ph_log_row_decode(struct ph_bytes value, struct ph_log_row *out);

/* What materialising asks of a log all the time. */
struct ph_log_state {
    struct ph_writer_id writer;
    struct ph_school_id school;
    uint32_t base_seq; /* its entries begin behind it */
    uint32_t tip_seq;
    uint32_t cursor; /* entries up to here are materialised, or wait */
    uint32_t cursor_stored;
    bool is_left_out;   /* of all records */
    uint32_t stands_to; /* what comes behind has no effect (cuts.h) */
};

struct ph_logs {
    struct ph_log_state *at; /* by number */
    uint32_t *by_writer;     /* numbers, ascending by writer */
    uint32_t *rank;          /* by number: the writer's place among all; its branches share it */
    uint32_t count;
    bool wait_for_none; /* their entries are applied whatever they refer to (waiting.h) */
};

/* Zeroed before. PH_NO_MEMORY, PH_CORRUPT: a number is missing. */
PH_MUST_USE enum ph_status ph_logs_load(const struct ph_txn *txn, struct ph_logs *out);
void ph_logs_free(struct ph_logs *logs);
/* The first log of a writer in `by_writer`; others of the same follow. `count` if none. */
uint32_t ph_logs_find(const struct ph_logs *logs, const struct ph_writer_id *writer);
/* Write cursors that have moved. */
PH_MUST_USE enum ph_status ph_logs_save_cursors(const struct ph_txn *txn, struct ph_logs *logs);
/* Entries between the cursors and the tips. */
uint64_t ph_logs_backlog(const struct ph_logs *logs);

#endif
