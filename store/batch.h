/* The changes of one commit: owned, bounded, in order. Filled on the node's thread, applied in one
 * write transaction wherever the environment likes (store.h), read back when it is durable. */
#ifndef PHAROS_STORE_BATCH_H
#define PHAROS_STORE_BATCH_H

#include "proto/entry.h"
#include "proto/fact.h"

#define PH_OWN_LOGS_PER_BATCH_MAX 4

struct ph_batch;

/* PH_NO_MEMORY. The arena starts small and grows up to PH_BATCH_BYTES_MAX and one more change. */
PH_MUST_USE enum ph_status ph_batch_new(struct ph_batch **out);
void ph_batch_free(struct ph_batch *batch);

size_t ph_batch_bytes(const struct ph_batch *batch); /* taken so far */
bool ph_batch_is_empty(const struct ph_batch *batch);

/* A log as the store keeps it, beside its entries; of a forked log, one branch of it. The first
 * branch that came holds all its entries. Another holds those after the fork: what comes before
 * them is in the branch that it leaves, of a lower number. */
struct ph_log_row {
    struct ph_writer_id writer;
    struct ph_school_id school;
    struct ph_fact_id certify; /* what the log's first entry follows on */
    struct ph_link tip;
    bool is_branch;
    uint32_t base_log; /* of a branch: the log that it leaves, after that entry (0: at its start) */
    uint32_t base_seq; /* 0 unless it is a branch: its own entries begin behind it */
};

/* All copy what they are given. PH_NO_MEMORY leaves the batch as it was. */
PH_MUST_USE enum ph_status ph_batch_meta(struct ph_batch *batch, const char *name,
                                         struct ph_bytes value);
/* The newest receipt of a writer, in place of the one before. Not journaled: others have it. */
PH_MUST_USE enum ph_status ph_batch_receipt(struct ph_batch *batch,
                                            const struct ph_writer_id *writer,
                                            struct ph_bytes receipt);
/* `index` is the fact's place in the order of taking, from 0 and without gaps. */
PH_MUST_USE enum ph_status ph_batch_fact(struct ph_batch *batch, uint32_t index,
                                         struct ph_bytes fact);
/* A new log, or a known one's new tip. Numbers run from 0 without gaps. */
PH_MUST_USE enum ph_status ph_batch_log(struct ph_batch *batch, uint32_t log,
                                        const struct ph_log_row *row);
/* `signature` is NULL within a run. Entries of one log come in order, right after its tip. */
PH_MUST_USE enum ph_status ph_batch_entry(struct ph_batch *batch, uint32_t log,
                                          const uint8_t header[PH_HEADER_LEN],
                                          const struct ph_body *body,
                                          const struct ph_signature *signature);
/* The content that an entry in the store lacked; checked against its hash by the caller. */
PH_MUST_USE enum ph_status ph_batch_fill(struct ph_batch *batch, uint32_t log, uint32_t seq,
                                         const struct ph_salt *salt, struct ph_bytes content);
/* Leave all logs of a school out of all records, or those of one writer that are this school's:
 * their ops are void. For ever. */
PH_MUST_USE enum ph_status ph_batch_leave_out_school(struct ph_batch *batch,
                                                     const struct ph_school_id *school);
PH_MUST_USE enum ph_status ph_batch_leave_out_log(struct ph_batch *batch,
                                                  const struct ph_writer_id *writer,
                                                  const struct ph_school_id *school);
/* Let nothing wait for entries of this writer, whosever its logs are. For ever. */
PH_MUST_USE enum ph_status ph_batch_await_none_of(struct ph_batch *batch,
                                                  const struct ph_writer_id *writer);
/* A log stands up to there from now on; PH_STANDS_ALL: all of it. */
PH_MUST_USE enum ph_status ph_batch_cut(struct ph_batch *batch, uint32_t log, uint32_t stands_to);
/* Let no entry wait any more for those that it refers to. For ever. */
PH_MUST_USE enum ph_status ph_batch_end_waiting(struct ph_batch *batch);
/* A place in the batch, to take back what was added after it (a run whose signature, at its end,
 * doesn't fit). */
struct ph_batch_mark {
    size_t len;
};
struct ph_batch_mark ph_batch_mark(const struct ph_batch *batch);
void ph_batch_rewind(struct ph_batch *batch, struct ph_batch_mark mark);
/* Materialise this log before others: what a person has just written shows at once. */
void ph_batch_prefer(struct ph_batch *batch, uint32_t log);
/* This log is our own: nobody else may have its entries yet, so they go into the journal first. At
 * most PH_OWN_LOGS_PER_BATCH_MAX different ones (asserted). */
void ph_batch_own(struct ph_batch *batch, uint32_t log);
/* From this commit on we write with a new writer: the store is not in doubt any more (store.h). */
void ph_batch_settle_doubt(struct ph_batch *batch);
/* Throw away everything materialised, to be made again. */
void ph_batch_rebuild(struct ph_batch *batch);

/* Set by applying: entries are stored that are not materialised yet, so another commit (an empty
 * batch will do) should follow. */
bool ph_batch_is_behind(const struct ph_batch *batch);
/* And: a record of this kind, below 63, has been made anew, by this batch or one before. */
bool ph_batch_has_made(const struct ph_batch *batch, uint16_t kind);

#endif
