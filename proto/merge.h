/* Merge: one record from all its ops, by one pure function (spec: "Merge"). The same result in
 * every order, with duplicates, after erasure; whoever merges incrementally is checked against
 * it. */
#ifndef PHAROS_PROTO_MERGE_H
#define PHAROS_PROTO_MERGE_H

#include "proto/kind.h"
#include "proto/op.h"

/* An op as the merge sees it: with what its entry's header says, and whether it counts. */
struct ph_merge_op {
    struct ph_op op; /* borrowed views as long as the merge and its result live */
    uint64_t lamport;
    struct ph_entry_id entry;
    struct ph_school_id school;
    bool stands; /* computed from the facts */
};

/* One live value: a register's, or an element of a set. */
struct ph_merged_value {
    uint16_t field;
    uint32_t op_index; /* into the ops given */
};

/* The result. `values` are sorted by field, then (Lamport, writer, entry id, index) descending, so
 * the first value of a register is the one for machines that need one answer. */
struct ph_merged {
    bool is_created;                /* else nothing is shown */
    uint32_t create_index;          /* of the winning create, into the ops given */
    struct ph_merged_value *values; /* caller's array of at least op_count */
    uint32_t value_count;
};

/* Merge the ops of one (kind, record), in any order, duplicates included; they stay as they are.
 * Values that don't fit their field are live like any other: the view shows them as missing.
 * Text ops are passed over here; the sequence CRDT joins as proto/text.c. One allocation, freed
 * before it returns. PH_NO_MEMORY: scratch; nothing is written. */
PH_MUST_USE enum ph_status ph_merge(const struct ph_kind *kind, const struct ph_record_id *record,
                                    const struct ph_merge_op *ops, uint32_t op_count,
                                    struct ph_merged *out);

#endif
