/* What all disks of a simulation hold, read from the disks themselves after each commit: every
 * entry and fact once, with a bit for each node that holds it durably. */
#ifndef PHAROS_TESTS_SIM_TRUTH_H
#define PHAROS_TESTS_SIM_TRUTH_H

#include "store/view.h"
#include "tests/sim/sim_plan.h"

#define SIM_WRITERS_MAX 512
#define SIM_FACTS_MAX 32768
#define SIM_ROWS_MAX 1024 /* logs and branches on one disk */
#define SIM_NONE UINT32_MAX

struct sim_writer {
    struct ph_writer_id id;
    uint32_t homes;  /* nodes that have had its secrets, a bit each */
    bool was_copied; /* it may have signed two entries with one predecessor */
};

struct sim_entry {
    struct ph_link link; /* its id and number, and what the next one follows on */
    uint32_t writer;
    uint32_t held; /* by these nodes */
    bool is_said_saved;
    uint32_t next; /* of the same bucket */
};

/* Parsing checks signatures, so it is done once for all disks. */
struct sim_fact {
    struct ph_hash bytes_hash;
    struct ph_fact_id id;
    uint32_t held;
};

/* How far a disk has been read. */
struct sim_disk {
    uint32_t ends[SIM_ROWS_MAX];
    uint32_t row_count;
    uint32_t fact_count;
};

#define SIM_BUCKETS 4096

struct sim_truth {
    struct sim *sim;
    const struct sim_plan *plan;
    struct sim_writer writers[SIM_WRITERS_MAX];
    uint32_t writer_count;
    struct sim_entry *entries; /* owned */
    uint32_t entry_count, entry_size;
    uint32_t buckets[SIM_BUCKETS]; /* the first entry, plus one */
    struct sim_fact facts[SIM_FACTS_MAX];
    uint32_t fact_count;
    struct sim_disk disks[SIM_NODES_MAX];
    uint32_t own[SIM_NODES_MAX]; /* the writer that a node is, by these secrets */
    uint8_t own_seeds[SIM_NODES_MAX][32];
};

void sim_truth_deinit(struct sim_truth *truth);

/* The index of an entry; SIM_NONE: no disk ever had it. */
uint32_t sim_truth_entry(const struct sim_truth *truth, const struct ph_entry_id *id);
bool sim_truth_holds(const struct sim_truth *truth, uint32_t node, uint32_t entry);
bool sim_truth_holds_fact(const struct sim_truth *truth, uint32_t node,
                          const struct ph_fact_id *id);
/* The index of a fact. A zero id: it is none. */
uint32_t sim_truth_fact(struct sim_truth *truth, struct ph_bytes bytes);
uint32_t sim_truth_own(struct sim_truth *truth, uint32_t node);

/* Reads what is new on a disk. `found` is told of each entry that comes to it: false: nobody had it
 * before. PH_CORRUPT also when a row went back. */
typedef void sim_truth_found(void *impl, uint32_t node, uint32_t entry, bool is_known);
PH_MUST_USE enum ph_status sim_truth_read(struct sim_truth *truth, uint32_t node,
                                          sim_truth_found *found, void *impl);
/* Its disk was replaced, and is to be read anew. */
void sim_truth_forget(struct sim_truth *truth, uint32_t node);
/* Entries and facts that the disk holds now, and that it is known to hold. */
void sim_truth_count(struct sim_truth *truth, uint32_t node, uint64_t *present, uint64_t *known);

/* Whether all honest nodes hold the same; what nobody holds any more is no matter. */
bool sim_truth_is_equal(const struct sim_truth *truth);
/* The root over what a disk holds, without holes and as if nobody were left out. */
struct ph_root sim_truth_root(struct sim_truth *truth, uint32_t node);

#endif
