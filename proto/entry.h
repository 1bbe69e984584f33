/* One step of a log: a 128-byte header and a body of skeleton and content (spec: "Entries").
 *
 * The header's hash is the entry's id and covers, through the previous id, the whole log before it.
 * The skeleton says what the ops do; the content holds the values and can be erased or missing
 * without breaking the chain, because the body hash covers only its salted hash. */
#ifndef PHAROS_PROTO_ENTRY_H
#define PHAROS_PROTO_ENTRY_H

#include "pharos/bytes.h"
#include "pharos/id.h"
#include "pharos/limits.h"
#include "pharos/status.h"
#include "proto/crypto.h"

/* Where a log stands: all that the next entry must follow on. Before the first entry `seq`, `sum`
 * and `lamport` are 0 and `id` is the id of the writer's certify fact. */
struct ph_link {
    uint32_t seq;
    struct ph_entry_id id;
    uint64_t sum; /* bytes of all bodies up to here */
    uint64_t lamport;
    int64_t time_ms; /* claimed; display only */
};

struct ph_link ph_link_first(const struct ph_fact_id *certify);

struct ph_header {
    uint16_t body_len; /* skeleton + content, bytes */
    uint32_t seq;
    uint64_t sum;
    uint64_t lamport;
    int64_t time_ms;
    struct ph_writer_id writer;
    struct ph_entry_id previous;
    struct ph_hash body_hash;
};

struct ph_salt {
    uint8_t bytes[PH_SALT_LEN];
};

/* The body, borrowed. Content that is missing is known by its salted hash and its length, which
 * is the header's body length less the skeleton's. Empty content has no salt: it is hashed with
 * zeros. */
struct ph_body {
    struct ph_bytes skeleton;
    bool content_is_missing;
    struct ph_bytes content;     /* if present */
    struct ph_salt salt;         /* if present and not empty */
    struct ph_hash content_hash; /* if missing */
    uint16_t content_len;        /* always */
};

/* H(salt || content), or what is known of it when the content is missing. */
struct ph_hash ph_body_content_hash(const struct ph_body *body);
struct ph_hash ph_body_hash(const struct ph_body *body);

void ph_header_encode(const struct ph_header *header, uint8_t out[PH_HEADER_LEN]);
/* PH_MALFORMED: unknown version, non-zero second byte, body length or Lamport time over its
 * limit. */
PH_MUST_USE enum ph_status ph_header_decode(const uint8_t in[PH_HEADER_LEN], struct ph_header *out);
struct ph_entry_id ph_header_id(const uint8_t encoded[PH_HEADER_LEN]);

/* The header that follows `link`, for a writer's own next entry and for a received one alike. The
 * body is at most PH_BODY_MAX (asserted; check what was received first). */
struct ph_header ph_header_after(const struct ph_link *link, const struct ph_writer_id *writer,
                                 uint64_t lamport, int64_t time_ms, const struct ph_body *body);
struct ph_link ph_link_after(const struct ph_header *header, const struct ph_entry_id *id);

/* Bytes of headers and bodies up to and with this entry: what the quota bounds. */
uint64_t ph_quota_used(uint32_t seq, uint64_t sum);

/* Acceptance, all of it that needs no signature: a pure function of the entry, the entry before it
 * and the quota of the founding fact; the same at every door. PH_MALFORMED: sequence, sum, Lamport
 * step, previous id or body hash does not follow. PH_LIMIT: the log's quota is used up. */
PH_MUST_USE enum ph_status ph_entry_check(const struct ph_link *link,
                                          const struct ph_header *header,
                                          const struct ph_body *body, uint64_t quota);
/* The same without the body's lengths and hash, for a header that was made from the body. */
PH_MUST_USE enum ph_status ph_entry_follows(const struct ph_link *link,
                                            const struct ph_header *header, uint64_t quota);

/* What a writer puts as Lamport time: min(highest seen + 1, own previous + 2^20). */
uint64_t ph_lamport_next(const struct ph_link *own, uint64_t highest_seen);

#endif
