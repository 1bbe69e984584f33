/* What happened, a line each: "[ 3012] 1 > up 2 node0:49153". `>` is an event that a node was told,
 * `<` a call that it made, `!` something that was done to it, `#` what it wrote into its log. Two
 * runs are the same when their hashes are: the hash covers the lines and the bytes that moved. */
#ifndef PHAROS_TESTS_SIM_TRACE_H
#define PHAROS_TESTS_SIM_TRACE_H

#include "pharos/bytes.h"

struct sim_trace {
    char *text; /* zero-terminated; NULL: empty */
    size_t len, size;
    uint64_t hash;     /* FNV-1a */
    bool is_printed;   /* to stderr too, as it comes */
    bool is_forgetful; /* lines are hashed and not kept */
};

void sim_trace_init(struct sim_trace *trace, bool is_printed);
void sim_trace_deinit(struct sim_trace *trace);

__attribute__((format(printf, 4, 5))) void sim_trace_line(struct sim_trace *trace, uint64_t now_ms,
                                                          uint32_t node, const char *format, ...);
/* Bytes that a line only counts. */
void sim_trace_bytes(struct sim_trace *trace, struct ph_bytes bytes);
/* Forget the lines, not the hash: a story's beginning is often of no interest. */
void sim_trace_clear(struct sim_trace *trace);

#endif
