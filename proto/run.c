#include "proto/run.h"

#include <assert.h>

/* Items of one entry of a run. */
#define ITEMS_CONTENT_EMPTY 3
#define ITEMS_CONTENT_KNOWN 5 /* by itself or by its hash */

void ph_run_begin(struct ph_run_writer *run, struct ph_buffer *out,
                  const struct ph_writer_id *writer, const struct ph_link *after,
                  uint32_t entry_count)
{
    *run = (struct ph_run_writer){.out = out, .link = *after};
    ph_pack_bin(out, ph_bytes(writer->bytes, sizeof writer->bytes));
    ph_pack_uint(out, after->seq);
    ph_pack_bin(out, ph_bytes(after->id.bytes, sizeof after->id.bytes));
    ph_pack_array(out, entry_count);
}

static void pack_content(struct ph_buffer *out, const struct ph_body *body)
{
    if (body->content_is_missing) {
        ph_pack_bin(out, ph_bytes(body->content_hash.bytes, sizeof body->content_hash.bytes));
        ph_pack_uint(out, body->content_len);
    } else if (body->content_len != 0) {
        ph_pack_bin(out, ph_bytes(body->salt.bytes, sizeof body->salt.bytes));
        ph_pack_bin(out, body->content);
    }
}

void ph_run_add(struct ph_run_writer *run, const struct ph_header *header,
                const struct ph_body *body)
{
    uint64_t time_step = (uint64_t)header->time_ms - (uint64_t)run->link.time_ms;
    ph_pack_array(run->out, body->content_len == 0 ? ITEMS_CONTENT_EMPTY : ITEMS_CONTENT_KNOWN);
    ph_pack_uint(run->out, header->lamport - run->link.lamport);
    ph_pack_int(run->out, (int64_t)time_step);
    ph_pack_bin(run->out, body->skeleton);
    pack_content(run->out, body);
    run->link.seq = header->seq;
    run->link.sum = header->sum;
    run->link.lamport = header->lamport;
    run->link.time_ms = header->time_ms;
    run->counted += ph_run_counted(header->body_len);
}

void ph_run_end(struct ph_run_writer *run, const struct ph_signature *signature)
{
    ph_pack_bin(run->out, ph_bytes(signature->bytes, sizeof signature->bytes));
}

enum ph_status ph_run_open(struct ph_unpacker *unpacker, struct ph_run_reader *run)
{
    struct ph_unpacker items = *unpacker;
    struct ph_run_reader opened = {0};
    ph_unpack_fixed(&items, opened.head.writer.bytes, sizeof opened.head.writer.bytes);
    opened.head.after_seq = (uint32_t)ph_unpack_uint(&items, UINT32_MAX);
    ph_unpack_fixed(&items, opened.head.after_id.bytes, sizeof opened.head.after_id.bytes);
    opened.unpacker = ph_unpack_scanned(ph_unpack_skip(&items));
    ph_unpack_fixed(&items, opened.signature.bytes, sizeof opened.signature.bytes);
    opened.head.entry_count = ph_unpack_array(&opened.unpacker);
    if (items.failed || opened.unpacker.failed || opened.head.entry_count == 0)
        return PH_MALFORMED;
    *unpacker = items;
    *run = opened;
    return PH_OK;
}

/* What an entry of a run says beside its body. */
struct step {
    uint64_t lamport;
    int64_t time_ms;
};

/* The fourth and fifth item: salt and content, or hash and length. */
static bool take_content(struct ph_unpacker *unpacker, struct ph_body *body)
{
    struct ph_bytes hash_or_salt = ph_unpack_bin(unpacker);
    if (hash_or_salt.len == sizeof body->salt.bytes) {
        memcpy(body->salt.bytes, hash_or_salt.data, sizeof body->salt.bytes);
        body->content = ph_unpack_bin(unpacker);
        if (body->content.len > PH_BODY_MAX)
            return false;
        body->content_len = (uint16_t)body->content.len;
    } else if (hash_or_salt.len == sizeof body->content_hash.bytes) {
        memcpy(body->content_hash.bytes, hash_or_salt.data, sizeof body->content_hash.bytes);
        body->content_is_missing = true;
        body->content_len = (uint16_t)ph_unpack_uint(unpacker, PH_BODY_MAX);
    }
    return body->content_len != 0;
}

static enum ph_status take_entry(struct ph_unpacker *unpacker, struct step *step,
                                 struct ph_body *body)
{
    uint32_t item_count = ph_unpack_array(unpacker);
    step->lamport = ph_unpack_uint(unpacker, PH_LAMPORT_STEP_MAX);
    step->time_ms = ph_unpack_int(unpacker);
    *body = (struct ph_body){.skeleton = ph_unpack_bin(unpacker)};
    if (item_count == ITEMS_CONTENT_KNOWN) {
        if (!take_content(unpacker, body))
            return PH_MALFORMED;
    } else if (item_count != ITEMS_CONTENT_EMPTY) {
        return PH_MALFORMED;
    }
    if (unpacker->failed || body->skeleton.len + body->content_len > PH_BODY_MAX)
        return PH_MALFORMED;
    return PH_OK;
}

/* Whether the run continues after this very entry; asked before its first. */
static bool continues(const struct ph_run_reader *run, const struct ph_link *link)
{
    return run->entry_index != 0 ||
           (link->seq == run->head.after_seq && ph_entry_id_equal(&link->id, &run->head.after_id));
}

enum ph_status ph_run_next(struct ph_run_reader *run, struct ph_link *link, uint64_t quota,
                           struct ph_run_entry *out)
{
    if (run->entry_index == run->head.entry_count)
        return PH_NOT_FOUND;
    if (!continues(run, link))
        return PH_MALFORMED;
    struct ph_unpacker unpacker = run->unpacker;
    struct step step;
    struct ph_body body;
    PH_TRY(take_entry(&unpacker, &step, &body));
    size_t counted = run->counted + ph_run_counted(body.skeleton.len + body.content_len);
    if (counted > PH_RUN_COUNTED_MAX)
        return PH_LIMIT;

    /* Both steps are modulo 2^64; ph_entry_follows refuses a Lamport time that wrapped. */
    struct ph_header header =
        ph_header_after(link, &run->head.writer, link->lamport + step.lamport,
                        (int64_t)((uint64_t)link->time_ms + (uint64_t)step.time_ms), &body);
    PH_TRY(ph_entry_follows(link, &header, quota));
    out->header = header;
    out->body = body;
    ph_header_encode(&header, out->encoded);
    out->id = ph_header_id(out->encoded);

    run->unpacker = unpacker;
    run->counted = counted;
    run->entry_index++;
    *link = ph_link_after(&header, &out->id);
    return PH_OK;
}

enum ph_status ph_run_verify(const struct ph_run_reader *run, const struct ph_link *link,
                             struct ph_signature *signature)
{
    assert(run->entry_index == run->head.entry_count);
    PH_TRY(ph_verify(PH_SIGNED_ENTRY, link->id.bytes, &run->signature, run->head.writer.bytes));
    *signature = run->signature;
    return PH_OK;
}
