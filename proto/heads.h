/* Heads, holes, and the root over them (spec: "Heads and root"). */
#ifndef PHAROS_PROTO_HEADS_H
#define PHAROS_PROTO_HEADS_H

#include "pharos/id.h"
#include "proto/crypto.h"

/* The end of one log, by id, so that equal sequences of different branches differ. */
struct ph_head {
    struct ph_writer_id writer;
    uint32_t seq;
    struct ph_entry_id id;
};

/* An entry whose content is missing without an erase op in force. The id tells holes of branches
 * apart; messages leave it out. */
struct ph_hole {
    struct ph_writer_id writer;
    uint32_t seq;
    struct ph_entry_id id;
};

int ph_head_compare(const struct ph_head *a, const struct ph_head *b); /* writer, then id */
int ph_hole_compare(const struct ph_hole *a, const struct ph_hole *b);

/* Hash of a set of facts: of its ids, sorted ascending (asserted). */
struct ph_hash ph_fact_set_hash(const struct ph_fact_id *ids, size_t count);

/* `heads` and `holes` sorted ascending (asserted). */
struct ph_root ph_root(const struct ph_hash *fact_set, const struct ph_head *heads,
                       size_t head_count, const struct ph_hole *holes, size_t hole_count);

#endif
