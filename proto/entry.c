#include "proto/entry.h"

#include <assert.h>

#define HEADER_VERSION 1

/* Where each field of an encoded header begins. */
enum header_offset {
    AT_VERSION = 0,
    AT_ZERO = 1,
    AT_BODY_LEN = 2,
    AT_SEQ = 4,
    AT_SUM = 8,
    AT_LAMPORT = 16,
    AT_TIME = 24,
    AT_WRITER = 32,
    AT_PREVIOUS = 64,
    AT_BODY_HASH = 96,
};

static_assert(AT_BODY_HASH + sizeof(struct ph_hash) == PH_HEADER_LEN, "the header is one block");

struct ph_link ph_link_first(const struct ph_fact_id *certify)
{
    struct ph_link link = {0};
    memcpy(link.id.bytes, certify->bytes, sizeof link.id.bytes);
    return link;
}

struct ph_hash ph_body_content_hash(const struct ph_body *body)
{
    static const struct ph_salt no_salt;
    if (body->content_is_missing)
        return body->content_hash;
    const struct ph_salt *salt = body->content_len == 0 ? &no_salt : &body->salt;
    return ph_hash2(PH_DOMAIN_CONTENT, ph_bytes(salt->bytes, sizeof salt->bytes), body->content);
}

struct ph_hash ph_body_hash(const struct ph_body *body)
{
    struct ph_hash skeleton = ph_hash(PH_DOMAIN_SKELETON, body->skeleton);
    struct ph_hash content = ph_body_content_hash(body);
    return ph_hash2(PH_DOMAIN_BODY, ph_bytes(skeleton.bytes, sizeof skeleton.bytes),
                    ph_bytes(content.bytes, sizeof content.bytes));
}

void ph_header_encode(const struct ph_header *header, uint8_t out[PH_HEADER_LEN])
{
    out[AT_VERSION] = HEADER_VERSION;
    out[AT_ZERO] = 0;
    ph_put_u16(out + AT_BODY_LEN, header->body_len);
    ph_put_u32(out + AT_SEQ, header->seq);
    ph_put_u64(out + AT_SUM, header->sum);
    ph_put_u64(out + AT_LAMPORT, header->lamport);
    ph_put_u64(out + AT_TIME, (uint64_t)header->time_ms);
    memcpy(out + AT_WRITER, header->writer.bytes, sizeof header->writer.bytes);
    memcpy(out + AT_PREVIOUS, header->previous.bytes, sizeof header->previous.bytes);
    memcpy(out + AT_BODY_HASH, header->body_hash.bytes, sizeof header->body_hash.bytes);
}

enum ph_status ph_header_decode(const uint8_t in[PH_HEADER_LEN], struct ph_header *out)
{
    uint16_t body_len = ph_get_u16(in + AT_BODY_LEN);
    uint64_t lamport = ph_get_u64(in + AT_LAMPORT);
    if (in[AT_VERSION] != HEADER_VERSION || in[AT_ZERO] != 0)
        return PH_MALFORMED;
    if (body_len > PH_BODY_MAX || lamport > PH_LAMPORT_MAX)
        return PH_MALFORMED;
    out->body_len = body_len;
    out->seq = ph_get_u32(in + AT_SEQ);
    out->sum = ph_get_u64(in + AT_SUM);
    out->lamport = lamport;
    out->time_ms = (int64_t)ph_get_u64(in + AT_TIME);
    memcpy(out->writer.bytes, in + AT_WRITER, sizeof out->writer.bytes);
    memcpy(out->previous.bytes, in + AT_PREVIOUS, sizeof out->previous.bytes);
    memcpy(out->body_hash.bytes, in + AT_BODY_HASH, sizeof out->body_hash.bytes);
    return PH_OK;
}

struct ph_entry_id ph_header_id(const uint8_t encoded[PH_HEADER_LEN])
{
    struct ph_hash hash = ph_hash(PH_DOMAIN_ENTRY, ph_bytes(encoded, PH_HEADER_LEN));
    struct ph_entry_id id;
    memcpy(id.bytes, hash.bytes, sizeof id.bytes);
    return id;
}

struct ph_header ph_header_after(const struct ph_link *link, const struct ph_writer_id *writer,
                                 uint64_t lamport, int64_t time_ms, const struct ph_body *body)
{
    size_t body_len = body->skeleton.len + body->content_len;
    assert(body_len <= PH_BODY_MAX);
    return (struct ph_header){
        .body_len = (uint16_t)body_len,
        .seq = link->seq + 1, /* at the end of the numbers it wraps, and ph_entry_follows refuses */
        .sum = link->sum + body_len,
        .lamport = lamport,
        .time_ms = time_ms,
        .writer = *writer,
        .previous = link->id,
        .body_hash = ph_body_hash(body),
    };
}

struct ph_link ph_link_after(const struct ph_header *header, const struct ph_entry_id *id)
{
    return (struct ph_link){
        .seq = header->seq,
        .id = *id,
        .sum = header->sum,
        .lamport = header->lamport,
        .time_ms = header->time_ms,
    };
}

/* The differences that a header may make, without computing a sum that could overflow. */
static bool numbers_follow(const struct ph_link *link, const struct ph_header *header)
{
    if (header->seq == 0 || header->seq - 1 != link->seq)
        return false;
    if (header->sum < link->sum || header->sum - link->sum != header->body_len)
        return false;
    return header->lamport > link->lamport &&
           header->lamport - link->lamport <= PH_LAMPORT_STEP_MAX &&
           header->lamport <= PH_LAMPORT_MAX;
}

uint64_t ph_quota_used(uint32_t seq, uint64_t sum)
{
    uint64_t headers = (uint64_t)PH_HEADER_LEN * seq;
    return sum <= UINT64_MAX - headers ? sum + headers : UINT64_MAX; /* a sum may say anything */
}

enum ph_status ph_entry_follows(const struct ph_link *link, const struct ph_header *header,
                                uint64_t quota)
{
    if (header->body_len > PH_BODY_MAX || !numbers_follow(link, header))
        return PH_MALFORMED;
    if (!ph_entry_id_equal(&header->previous, &link->id))
        return PH_MALFORMED;
    return ph_quota_used(header->seq, header->sum) <= quota ? PH_OK : PH_LIMIT;
}

/* Content that is there has its length; content that is missing is not empty. */
static bool lengths_fit(const struct ph_header *header, const struct ph_body *body)
{
    if (body->content_is_missing ? body->content_len == 0 : body->content.len != body->content_len)
        return false;
    return body->skeleton.len <= PH_BODY_MAX &&
           body->skeleton.len + body->content_len == header->body_len;
}

enum ph_status ph_entry_check(const struct ph_link *link, const struct ph_header *header,
                              const struct ph_body *body, uint64_t quota)
{
    if (!lengths_fit(header, body))
        return PH_MALFORMED;
    PH_TRY(ph_entry_follows(link, header, quota));
    struct ph_hash hash = ph_body_hash(body);
    return ph_hash_equal(&hash, &header->body_hash) ? PH_OK : PH_MALFORMED;
}

uint64_t ph_lamport_next(const struct ph_link *own, uint64_t highest_seen)
{
    uint64_t furthest = own->lamport + PH_LAMPORT_STEP_MAX;
    uint64_t seen = highest_seen > own->lamport ? highest_seen : own->lamport;
    return seen < furthest ? seen + 1 : furthest;
}
