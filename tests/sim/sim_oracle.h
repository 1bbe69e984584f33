/* What must always hold (README: "The simulator"), watched at the environment's border: what is on
 * each disk, what a node says to its peers, what it answers to people. One function for each
 * oracle; the first that is broken is kept as the verdict.
 *
 * An oracle knows the truth from the disks alone: which entry each writer has written, and how far
 * each node holds each writer's log durably. It never asks a node what it believes. */
#ifndef PHAROS_TESTS_SIM_ORACLE_H
#define PHAROS_TESTS_SIM_ORACLE_H

#include "tests/sim/sim_truth.h"

enum sim_outcome { SIM_FINE, SIM_UNSAFE, SIM_STUCK };

struct sim_verdict {
    enum sim_outcome outcome;
    uint64_t at_ms;
    char why[300];
};

/* A write that was answered as saved. */
struct sim_ack {
    struct ph_record_id record;
    uint32_t node, entry;
    bool is_void; /* it went with a disk that was set back, and nobody else had it */
};

struct sim_oracle {
    struct sim *sim;
    const struct sim_plan *plan;
    struct sim_verdict verdict;
    struct sim_truth truth;
    struct sim_ack *acks; /* owned */
    size_t ack_count, ack_size;
    bool was_replaced[SIM_NODES_MAX]; /* its disk: what it once said may be more than it holds */
    bool may_fail[SIM_NODES_MAX];     /* the next stop by itself is the weather's doing */
};

struct sim_oracle *sim_oracle_new(struct sim *sim, const struct sim_plan *plan);
void sim_oracle_free(struct sim_oracle *oracle);
__attribute__((format(printf, 3, 4))) void
sim_blame(struct sim_oracle *oracle, enum sim_outcome outcome, const char *format, ...);

/* --- at any moment --- */

/* A disk only grows; no writer continues one entry twice, unless its disk was set back or copied;
 * nobody holds an entry that its writer's own disk never had. */
void sim_oracle_disk_grows(struct sim_oracle *oracle, uint32_t node);
/* What was on the disk when a machine went down is there when it starts. */
void sim_oracle_disk_is_kept(struct sim_oracle *oracle, uint32_t node);
/* A disk was replaced by an older copy or by another's: whoever wrote there may contradict itself
 * now, and what nobody else has is lost. */
void sim_oracle_disk_is_replaced(struct sim_oracle *oracle, uint32_t node);
/* One commit stays within its bound. */
void sim_oracle_batch_is_bounded(struct sim_oracle *oracle, const struct ph_batch *batch);
/* Heads, runs, contents, facts and roots that a node tells are on its disk. */
void sim_oracle_said_is_durable(struct sim_oracle *oracle, uint32_t node, struct ph_bytes message);
/* A write is on its node's disk when it is answered as saved. */
void sim_oracle_saved_is_durable(struct sim_oracle *oracle, uint32_t node,
                                 const struct ph_record_id *record);
/* Only what the weather did stops a node. */
void sim_oracle_stop_is_excused(struct sim_oracle *oracle, uint32_t node, enum ph_status failure);

/* --- now and then --- */

/* Nodes with equal roots and nothing left to do show the same records. */
void sim_oracle_equal_roots_equal_records(struct sim_oracle *oracle);
/* What a node tells people that an honest school holds, is on the disk of that school. */
void sim_oracle_held_is_true(struct sim_oracle *oracle);
/* Queues and private memory are within limits.h. */
void sim_oracle_queues_are_bounded(struct sim_oracle *oracle);

/* --- at the end, when all are equal --- */

bool sim_oracle_are_equal(struct sim_oracle *oracle); /* a question, not an oracle */
void sim_oracle_saved_is_everywhere(struct sim_oracle *oracle);
void sim_oracle_records_are_equal(struct sim_oracle *oracle);
void sim_oracle_stores_verify(struct sim_oracle *oracle);
void sim_oracle_rebuild_changes_nothing(struct sim_oracle *oracle);
void sim_oracle_one_connection_a_pair(struct sim_oracle *oracle);

/* Of what is on the disk, made here from the disk alone. With malicious members it is asked of the
 * node; false: it went down meanwhile. */
bool sim_oracle_root(struct sim_oracle *oracle, uint32_t node, struct ph_root *root);

#endif
