/* A wire with a meter: takes TCP connections on loopback, passes every byte on to a node, and
 * counts.
 *
 * One connection at a time, which is what a benchmark makes. Nothing happens between calls of
 * ph_bench_wire_step. */
#ifndef PHAROS_TOOLS_BENCH_WIRE_H
#define PHAROS_TOOLS_BENCH_WIRE_H

#include "tools/home.h"

struct ph_bench_wire_half {
    uint8_t room[128 * 1024];
    size_t len, passed;
    bool is_ended;
};

struct ph_bench_wire {
    int listener, ends[2]; /* who called, who was called; -1: none */
    uint16_t target_port;
    char address[32];                    /* where it listens: "127.0.0.1:PORT" */
    struct ph_bench_wire_half halves[2]; /* from the end of this number to the other */
    uint64_t bytes[2];                   /* passed on so far, by the end they came from */
    uint32_t connection_count;
    uint64_t up_us, down_us; /* of the last connection; `down_us` 0: still there */
};

uint64_t ph_bench_now_us(void); /* monotonic */

/* `target` is "127.0.0.1:PORT". PH_IO, with one plain sentence in `why`; the wire is to be closed
 * also then. */
PH_MUST_USE enum ph_status ph_bench_wire_open(struct ph_bench_wire *wire, const char *target,
                                              char why[PH_WHY_SIZE]);
void ph_bench_wire_close(struct ph_bench_wire *wire);

/* Waits until something can be passed on, at most `timeout_ms`, and does it. */
void ph_bench_wire_step(struct ph_bench_wire *wire, int timeout_ms);
bool ph_bench_wire_is_up(const struct ph_bench_wire *wire);
/* Forget what was counted, before another connection. */
void ph_bench_wire_reset(struct ph_bench_wire *wire);

#endif
