/* Which entries of a log stand (spec: "Standing"): what bounds it, by all facts held, and which
 * ends are accepted. Entries are found by whoever holds them; here are only facts and places. */
#ifndef PHAROS_PROTO_BOUNDS_H
#define PHAROS_PROTO_BOUNDS_H

#include "proto/facts.h"

#define PH_STANDS_ALL UINT32_MAX

/* One branch of the logs of one writer in one school. */
struct ph_bounded_branch {
    const struct ph_fact *certify; /* that it begins with; borrowed */
    uint32_t base;                 /* of a branch that leaves another: that one's index, lower */
    uint32_t base_seq;             /* its own entries begin behind it; 0: at the start of a log */
};

struct ph_bounded_log {
    const struct ph_school_id *school;
    const struct ph_writer_id *writer;
    const struct ph_bounded_branch *branches;
    uint32_t branch_count;
    /* The branch that holds an entry itself, not through its base. PH_NOT_FOUND: none does. */
    enum ph_status (*find)(void *impl, const struct ph_log_end *end, uint32_t *branch);
    void *impl;
};

/* Whether anything bounds logs of any school, and of this one. */
bool ph_bounds_exist(const struct ph_facts *facts);
bool ph_bounds_any(const struct ph_facts *facts, const struct ph_school_id *school);

/* The last sequence number that stands of each branch, PH_STANDS_ALL if nothing bounds it; of an
 * entry that a branch has by its base, the base's number tells. PH_NO_MEMORY, or what `find`
 * says. */
PH_MUST_USE enum ph_status ph_bounds_of(const struct ph_facts *facts,
                                        const struct ph_bounded_log *log, uint32_t *stands_to);

/* Whether something bounds what is written now in a log that begins so: its school goes on in
 * another one. */
bool ph_bounds_log(const struct ph_facts *facts, const struct ph_fact *certify);

#endif
