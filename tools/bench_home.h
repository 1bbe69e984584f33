/* The homes that a benchmark works on: two schools of one network, both ordinary homes afterwards.
 *
 * The first founded the network and holds what it and further schools have written; the second is a
 * member, holds all facts and nothing of the records. Schools other than these two exist only as
 * keys made from the seed. */
#ifndef PHAROS_TOOLS_BENCH_HOME_H
#define PHAROS_TOOLS_BENCH_HOME_H

#include "tools/home.h"

#define PH_BENCH_WRITERS_MAX 90

struct ph_bench_plan {
    uint32_t record_count;
    uint32_t writer_count; /* schools that wrote, the founder among them */
    uint32_t text_len;     /* bytes a record, on average */
    uint64_t seed;
};

struct ph_bench_made {
    uint64_t text_bytes;  /* prose of all records */
    uint64_t value_bytes; /* the same with dates, choices, positions and parents */
    uint64_t body_bytes;  /* skeletons and contents */
    uint32_t entry_count; /* the schools' own records included */
};

/* Makes both homes; `full` and `empty` are paths of folders that do not exist. PH_REFUSED and local
 * failures, with one plain sentence in `why`. */
PH_MUST_USE enum ph_status ph_bench_homes(const struct ph_bench_plan *plan, const char *full,
                                          const char *empty, struct ph_bench_made *made,
                                          char why[PH_WHY_SIZE]);

#endif
