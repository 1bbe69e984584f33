/* Strict, canonical MessagePack. The only place that knows msgpack-c.
 *
 * Canonical: shortest form of every integer and length; no float, no ext, no 32-bit length; map
 * keys unsigned and strictly ascending; strings valid UTF-8; at most PH_PACK_DEPTH_MAX nested;
 * nothing trailing. `ph_pack_scan` is the door: bytes from outside go through it before anything
 * reads them (msgpack-c#1013: five bytes make its unpacker reserve a gigabyte). It has then seen
 * every byte, so reading afterwards needs no heap and can fail only on an unexpected type. / */
#ifndef PHAROS_PROTO_PACK_H
#define PHAROS_PROTO_PACK_H

#include "pharos/bytes.h"
#include "pharos/status.h"

/* `bytes` is exactly one canonical value. PH_MALFORMED otherwise. Allocates nothing. */
PH_MUST_USE enum ph_status ph_pack_scan(struct ph_bytes bytes);
/* The same for commands and their answers, which never leave this machine: map keys may also be
 * text, in any order. */
PH_MUST_USE enum ph_status ph_pack_scan_local(struct ph_bytes bytes);

/* Reading, in order, from scanned bytes. A mismatch sets `failed` and yields zeros from then on, so
 * that a decoder checks once, at the end (ph_unpack_end). Views borrow from the scanned bytes. */
struct ph_unpacker {
    const uint8_t *next;
    const uint8_t *end;
    bool failed;
};

enum ph_pack_type {
    PH_PACK_NIL,
    PH_PACK_BOOL,
    PH_PACK_UINT,
    PH_PACK_INT,
    PH_PACK_TEXT,
    PH_PACK_BIN,
    PH_PACK_ARRAY,
    PH_PACK_MAP,
    PH_PACK_END
};

/* Scan, then start reading. PH_MALFORMED: as ph_pack_scan. */
PH_MUST_USE enum ph_status ph_unpack(struct ph_unpacker *unpacker, struct ph_bytes bytes);
/* Start reading bytes that have been scanned before (as part of a larger value, or by the
 * store). */
struct ph_unpacker ph_unpack_scanned(struct ph_bytes bytes);

enum ph_pack_type ph_unpack_type(const struct ph_unpacker *unpacker); /* of the next item */
uint64_t ph_unpack_uint(struct ph_unpacker *unpacker, uint64_t max);  /* more than max: failed */
int64_t ph_unpack_int(struct ph_unpacker *unpacker);
bool ph_unpack_bool(struct ph_unpacker *unpacker);
bool ph_unpack_nil(struct ph_unpacker *unpacker); /* true and taken if it is nil */
struct ph_bytes ph_unpack_text(struct ph_unpacker *unpacker);
struct ph_bytes ph_unpack_bin(struct ph_unpacker *unpacker);
/* Exactly `len` bytes, copied to `out` (an id, a key, a signature). */
void ph_unpack_fixed(struct ph_unpacker *unpacker, void *out, size_t len);
uint32_t ph_unpack_array(struct ph_unpacker *unpacker); /* count of items that follow */
void ph_unpack_array_of(struct ph_unpacker *unpacker,
                        uint32_t count);                      /* exactly so many, else failed */
uint32_t ph_unpack_map(struct ph_unpacker *unpacker);         /* count of pairs that follow */
struct ph_bytes ph_unpack_skip(struct ph_unpacker *unpacker); /* one whole item, as its bytes */
/* Everything was read and nothing failed; else PH_MALFORMED. */
PH_MUST_USE enum ph_status ph_unpack_end(const struct ph_unpacker *unpacker);

/* Writing, canonical by construction, into a caller's buffer; overflow is checked once, at the
 * end. */
void ph_pack_nil(struct ph_buffer *out);
void ph_pack_bool(struct ph_buffer *out, bool value);
void ph_pack_uint(struct ph_buffer *out, uint64_t value);
void ph_pack_int(struct ph_buffer *out, int64_t value);
void ph_pack_text(struct ph_buffer *out, struct ph_bytes text);
void ph_pack_bin(struct ph_buffer *out, struct ph_bytes bytes);
void ph_pack_array(struct ph_buffer *out, size_t count);
void ph_pack_map(struct ph_buffer *out, size_t count);

#endif
