/* One direction of a connection, as bytes and the cuts in them; sim_net.c decides when what
 * happens. */
#ifndef PHAROS_TESTS_SIM_STREAM_H
#define PHAROS_TESTS_SIM_STREAM_H

#include "pharos/bytes.h"

struct sim_segment {
    size_t len;
    uint64_t at_ms;
};

/* One direction: `len` bytes at `start`. Those before `taken` are on their way, in `segment_count`
 * segments at `segment_start`; the rest waits. */
struct sim_stream {
    uint8_t *bytes;
    size_t start, len, size, taken;
    struct sim_segment *segments;
    size_t segment_start, segment_count, segment_size;
    uint64_t last_ms; /* nothing arrives earlier */
    bool arrival_is_due, take_is_due;
    bool is_ended; /* the sender hung up */
};

static inline size_t sim_stream_memory(const struct sim_stream *stream)
{
    return stream->size + stream->segment_size * sizeof *stream->segments;
}
void sim_stream_append(struct sim_stream *stream, struct ph_bytes bytes);
/* The next `len` bytes taken arrive together at `at_ms`, or later. */
void sim_stream_cut(struct sim_stream *stream, size_t len, uint64_t at_ms);
/* Take out the first segments, `len` bytes in all; the caller frees them. */
uint8_t *sim_stream_take(struct sim_stream *stream, size_t len, size_t segment_count);
/* Forget the bytes, not the time. */
void sim_stream_drop(struct sim_stream *stream);

#endif
