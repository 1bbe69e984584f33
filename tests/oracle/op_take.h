/* What pharos makes of a drawn set: proto judges it, a store keeps it. */
#ifndef PHAROS_TESTS_ORACLE_OP_TAKE_H
#define PHAROS_TESTS_ORACLE_OP_TAKE_H

#include <stdio.h>

#include "tests/oracle/op_draw.h"
#include "tests/support/home.h"

#define OP_HELD_MAX 2048

/* An entry held, and where. */
struct op_held {
    struct ph_entry_id id;
    struct ph_link link; /* of the log after it */
    uint32_t log;
};

struct op_taker {
    const struct op_set *set;
    struct ph_facts *facts; /* borrowed */
    uint64_t quota;
    struct home home;
    struct ph_batch *batch;              /* gathers */
    struct ph_log_row logs[OP_LOGS_MAX]; /* a branch each */
    uint32_t log_count;
    uint32_t stands_to[OP_LOGS_MAX]; /* what the store was told of each */
    struct op_held held[OP_HELD_MAX];
    uint32_t held_count;
    bool is_given[OP_RUNS_MAX], is_filled[OP_FILLS_MAX];
    /* Runs whose signature fitted: what was found in one order of giving is true in the next. */
    bool is_signed[OP_RUNS_MAX];
};

/* Gives all of it in an order drawn from `chance`, in batches drawn as well. Zeroed before, or as
 * op_take_end left it for the same set. */
void op_take_begin(struct op_taker *taker, const struct op_set *set, struct ph_facts *facts,
                   uint64_t quota, struct chance *chance);
void op_take_end(struct op_taker *taker);

/* Whether the writer's logs in this school count nowhere. */
bool op_take_is_left_out(const struct op_taker *taker, const struct ph_writer_id *writer,
                         const struct ph_school_id *school);
bool op_take_leaves_out_any(const struct op_taker *taker);

/* The state as a line of the event log. */
void op_take_print(struct op_taker *taker, FILE *file);

/* A line for a record some of whose entries have lost their standing, drawn; the merge alone. */
void op_take_print_merge(struct op_taker *taker, struct chance *chance, FILE *file);

#endif
