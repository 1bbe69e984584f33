/* One record of a benchmark: what the writer `writer` put down as its `seq`-th entry. The same seed
 * gives the same record. */
#ifndef PHAROS_TOOLS_BENCH_RECORD_H
#define PHAROS_TOOLS_BENCH_RECORD_H

#include "tools/bench_text.h"

#define PH_BENCH_FIELDS_MAX 8
#define PH_BENCH_TEXT_MIN 40   /* bytes that a record's texts can be asked to have */
#define PH_BENCH_TEXT_MAX 8000 /* on average */
#define PH_BENCH_RECORD_SIZE (2 * PH_BENCH_TEXT_MAX + 1024)

struct ph_bench_place {
    uint64_t seed;
    uint32_t writer; /* counts from 0 */
    uint32_t writer_count;
    uint32_t seq;      /* of the entry in the writer's log */
    uint32_t text_len; /* bytes of text in a record, on average */
};

/* Another record that this one hangs under: a writer's entry before this one. `seq` 0: none. */
struct ph_bench_parent {
    uint32_t writer, seq;
};

struct ph_bench_field {
    uint16_t number;
    bool is_prose;         /* else a date, a choice or a position */
    struct ph_bytes value; /* text */
};

struct ph_bench_record {
    uint16_t kind;
    struct ph_bench_parent parent;
    uint8_t field_count;
    struct ph_bench_field fields[PH_BENCH_FIELDS_MAX];
    struct ph_buffer text; /* all values, one after the other */
    uint8_t room[PH_BENCH_RECORD_SIZE];
};

/* `out` borrows from itself: it stays where it is. */
void ph_bench_record(const struct ph_bench_place *place, struct ph_bench_record *out);

#endif
