#include "tests/sim/sim_stream.h"

#include <stdlib.h>

void sim_stream_append(struct sim_stream *stream, struct ph_bytes bytes)
{
    if (stream->start + stream->len + bytes.len > stream->size) {
        stream->size = 2 * (stream->len + bytes.len);
        uint8_t *more = malloc(stream->size);
        if (more == NULL)
            abort();
        if (stream->len != 0)
            memcpy(more, stream->bytes + stream->start, stream->len);
        free(stream->bytes);
        stream->bytes = more;
        stream->start = 0;
    }
    memcpy(stream->bytes + stream->start + stream->len, bytes.data, bytes.len);
    stream->len += bytes.len;
}

void sim_stream_cut(struct sim_stream *stream, size_t len, uint64_t at_ms)
{
    if (stream->segment_start != 0 &&
        stream->segment_start + stream->segment_count == stream->segment_size) {
        memmove(stream->segments, stream->segments + stream->segment_start,
                stream->segment_count * sizeof *stream->segments);
        stream->segment_start = 0;
    }
    if (stream->segment_count >= stream->segment_size / 2) { /* room to move seldom */
        stream->segment_size = stream->segment_size == 0 ? 16 : 2 * stream->segment_size;
        stream->segments =
            realloc(stream->segments, stream->segment_size * sizeof *stream->segments);
        if (stream->segments == NULL)
            abort();
    }
    stream->segments[stream->segment_start + stream->segment_count++] =
        (struct sim_segment){len, at_ms};
}

uint8_t *sim_stream_take(struct sim_stream *stream, size_t len, size_t segment_count)
{
    uint8_t *bytes = malloc(len);
    if (bytes == NULL)
        abort();
    memcpy(bytes, stream->bytes + stream->start, len);
    stream->start += len;
    stream->len -= len;
    stream->taken -= len;
    stream->segment_start += segment_count;
    stream->segment_count -= segment_count;
    return bytes;
}

void sim_stream_drop(struct sim_stream *stream)
{
    free(stream->bytes);
    free(stream->segments);
    *stream = (struct sim_stream){.last_ms = stream->last_ms};
}
