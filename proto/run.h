/* A run: consecutive entries of one log under one signature, as it crosses the wire, travels in a
 * file and is checked (spec: "Runs"). Bodies, salts, times as deltas, one signature at the end; the
 * receiver recomputes headers and hashes from the entry before the run, which it holds. */
#ifndef PHAROS_PROTO_RUN_H
#define PHAROS_PROTO_RUN_H

#include "proto/entry.h"
#include "proto/pack.h"

/* What a run starts with. */
struct ph_run_head {
    struct ph_writer_id writer;
    uint32_t after_seq;          /* 0: the run starts the log */
    struct ph_entry_id after_id; /* of that entry; of the certify fact if after_seq is 0 */
    uint32_t entry_count;
};

/* Encoding. Begin, add entries in order, end with the signature of the last one. The caller keeps
 * `counted` within PH_RUN_COUNTED_MAX and writes what stands before the run (the message type). */
struct ph_run_writer {
    struct ph_buffer *out;
    struct ph_link link; /* its id stays that of the entry before the run */
    size_t counted;      /* sum of 128 + body length */
};
/* `entry_count` is known before: count with ph_run_counted first. */
void ph_run_begin(struct ph_run_writer *run, struct ph_buffer *out,
                  const struct ph_writer_id *writer, const struct ph_link *after,
                  uint32_t entry_count);
void ph_run_add(struct ph_run_writer *run, const struct ph_header *header,
                const struct ph_body *body);
void ph_run_end(struct ph_run_writer *run, const struct ph_signature *signature);

static inline size_t ph_run_counted(size_t body_len)
{
    return PH_HEADER_LEN + body_len;
}

/* Decoding, from scanned bytes. First the head (which tells where to find `link`), then
 * ph_run_next for each entry: it rebuilds the header, checks it as ph_entry_check does and moves
 * `link` on; then ph_run_verify. Nothing that ph_run_next yielded may be kept before
 * ph_run_verify has returned PH_OK: the one signature covers all of it. */
struct ph_run_reader {
    struct ph_run_head head;
    struct ph_signature signature; /* not judged before ph_run_verify */
    struct ph_unpacker unpacker;   /* at the next entry */
    uint32_t entry_index;
    size_t counted;
};

struct ph_run_entry {
    struct ph_header header;
    uint8_t encoded[PH_HEADER_LEN];
    struct ph_entry_id id;
    struct ph_body body; /* borrowed from the run's bytes */
};

/* Takes five items from `unpacker`, which may stand in a larger array (a message).
 * PH_MALFORMED: not a run's head, no entries. */
PH_MUST_USE enum ph_status ph_run_open(struct ph_unpacker *unpacker, struct ph_run_reader *run);
/* PH_NOT_FOUND: no entries left. Others as ph_entry_check; PH_MALFORMED also if `link` is not
 * the entry that the head names; PH_LIMIT also past PH_RUN_COUNTED_MAX. On failure nothing has
 * moved. */
PH_MUST_USE enum ph_status ph_run_next(struct ph_run_reader *run, struct ph_link *link,
                                       uint64_t quota, struct ph_run_entry *out);
/* After the last entry (asserted): `link` then names it. Gives the signature for keeping.
 * PH_UNAUTHENTIC: it does not fit. */
PH_MUST_USE enum ph_status ph_run_verify(const struct ph_run_reader *run,
                                         const struct ph_link *link,
                                         struct ph_signature *signature);

#endif
