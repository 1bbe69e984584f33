#include "proto/receipt.h"

#include <assert.h>

static_assert(PH_RECEIPT_MAX + 2 < PH_FRAME_PLAIN_MAX, "a receipt fits one frame");
static_assert(PH_RECEIPTS_LISTED_MAX * PH_RECEIPT_NAME_LEN + 5 < PH_FRAME_PLAIN_MAX,
              "a list of receipts fits one frame");

/* --- form --- */

void ph_receipt_pack(const struct ph_receipt *receipt, struct ph_buffer *out)
{
    ph_pack_bin(out, ph_bytes(receipt->writer.bytes, sizeof receipt->writer.bytes));
    ph_pack_uint(out, receipt->counter);
    ph_pack_bin(out, receipt->replaced);
    ph_pack_bin(out, receipt->held);
    ph_pack_bool(out, receipt->is_cut);
    ph_pack_bin(out, ph_bytes(receipt->signature.bytes, sizeof receipt->signature.bytes));
}

/* Pieces of `item_len` bytes, each with its first `key_len` above those of the one before. */
static enum ph_status check_list(struct ph_bytes list, size_t item_len, size_t key_len,
                                 size_t count_max)
{
    if (list.len % item_len != 0)
        return PH_MALFORMED;
    if (list.len / item_len > count_max)
        return PH_LIMIT;
    for (size_t at = item_len; at < list.len; at += item_len)
        if (memcmp(list.data + at - item_len, list.data + at, key_len) >= 0)
            return PH_MALFORMED;
    return PH_OK;
}

static uint32_t seq_at(struct ph_bytes held, size_t index)
{
    return ph_get_u32(held.data + index * PH_RECEIPT_HELD_LEN + PH_RECEIPT_WRITER_LEN);
}

static enum ph_status check_held(struct ph_bytes held)
{
    PH_TRY(check_list(held, PH_RECEIPT_HELD_LEN, PH_RECEIPT_HELD_LEN, PH_RECEIPT_HELD_MAX));
    for (size_t i = 0; i < held.len / PH_RECEIPT_HELD_LEN; i++)
        if (seq_at(held, i) == 0)
            return PH_MALFORMED;
    return PH_OK;
}

enum ph_status ph_receipt_unpack(struct ph_unpacker *in, struct ph_receipt *out)
{
    ph_unpack_fixed(in, out->writer.bytes, sizeof out->writer.bytes);
    out->counter = (uint32_t)ph_unpack_uint(in, UINT32_MAX);
    out->replaced = ph_unpack_bin(in);
    out->held = ph_unpack_bin(in);
    out->is_cut = ph_unpack_bool(in);
    ph_unpack_fixed(in, out->signature.bytes, sizeof out->signature.bytes);
    if (in->failed || out->counter == 0)
        return PH_MALFORMED;
    PH_TRY(check_list(out->replaced, PH_RECEIPT_WRITER_LEN, PH_RECEIPT_WRITER_LEN,
                      PH_RECEIPT_REPLACED_MAX));
    return check_held(out->held);
}

/* --- signature --- */

static void add_u32(struct ph_hasher *hasher, uint32_t number)
{
    uint8_t bytes[4];
    ph_put_u32(bytes, number);
    ph_hasher_add(hasher, ph_bytes(bytes, sizeof bytes));
}

static struct ph_hash signed_id(const struct ph_receipt *receipt,
                                const struct ph_network_id *network)
{
    struct ph_hasher hasher;
    const uint8_t is_cut = receipt->is_cut ? 1 : 0;
    ph_hasher_init(&hasher, PH_DOMAIN_RECEIPT);
    ph_hasher_add(&hasher, ph_bytes(network->bytes, sizeof network->bytes));
    ph_hasher_add(&hasher, ph_bytes(receipt->writer.bytes, sizeof receipt->writer.bytes));
    add_u32(&hasher, receipt->counter);
    ph_hasher_add(&hasher, ph_bytes(&is_cut, 1));
    add_u32(&hasher, (uint32_t)(receipt->replaced.len / PH_RECEIPT_WRITER_LEN));
    ph_hasher_add(&hasher, receipt->replaced);
    ph_hasher_add(&hasher, receipt->held);
    return ph_hasher_end(&hasher);
}

void ph_receipt_sign(struct ph_receipt *receipt, const struct ph_network_id *network,
                     const struct ph_sign_secret *secret)
{
    struct ph_hash id = signed_id(receipt, network);
    receipt->signature = ph_sign(PH_SIGNED_RECEIPT, id.bytes, secret);
}

enum ph_status ph_receipt_verify(const struct ph_receipt *receipt,
                                 const struct ph_network_id *network)
{
    struct ph_hash id = signed_id(receipt, network);
    return ph_verify(PH_SIGNED_RECEIPT, id.bytes, &receipt->signature, receipt->writer.bytes);
}

/* --- lists --- */

void ph_receipt_put(uint8_t out[PH_RECEIPT_HELD_LEN], const struct ph_writer_id *writer,
                    uint32_t seq, const struct ph_entry_id *id)
{
    memcpy(out, writer->bytes, PH_RECEIPT_WRITER_LEN);
    ph_put_u32(out + PH_RECEIPT_WRITER_LEN, seq);
    memcpy(out + PH_RECEIPT_WRITER_LEN + 4, id->bytes, PH_RECEIPT_CHECK_LEN);
}

int ph_receipt_compare_held(const void *a, const void *b)
{
    return memcmp(a, b, PH_RECEIPT_HELD_LEN);
}

/* The first piece of a sorted list that does not begin with less than `key`. */
static uint32_t lower_bound(struct ph_bytes list, size_t item_len, const uint8_t *key)
{
    uint32_t from = 0, to = (uint32_t)(list.len / item_len);
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (memcmp(list.data + middle * item_len, key, PH_RECEIPT_WRITER_LEN) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool begins_with(struct ph_bytes list, size_t item_len, uint32_t index, const uint8_t *key)
{
    return index < list.len / item_len &&
           memcmp(list.data + index * item_len, key, PH_RECEIPT_WRITER_LEN) == 0;
}

bool ph_receipt_next(const struct ph_receipt *receipt, const struct ph_writer_id *writer,
                     uint32_t *at, struct ph_receipt_end *out)
{
    uint32_t index = lower_bound(receipt->held, PH_RECEIPT_HELD_LEN, writer->bytes) + *at;
    if (!begins_with(receipt->held, PH_RECEIPT_HELD_LEN, index, writer->bytes))
        return false;
    const uint8_t *item = receipt->held.data + index * PH_RECEIPT_HELD_LEN;
    out->seq = seq_at(receipt->held, index);
    memcpy(out->check, item + PH_RECEIPT_WRITER_LEN + 4, sizeof out->check);
    ++*at;
    return true;
}

bool ph_receipt_replaces(const struct ph_receipt *receipt, const struct ph_writer_id *writer)
{
    uint32_t index = lower_bound(receipt->replaced, PH_RECEIPT_WRITER_LEN, writer->bytes);
    return begins_with(receipt->replaced, PH_RECEIPT_WRITER_LEN, index, writer->bytes);
}

/* --- names --- */

void ph_receipt_name_put(uint8_t out[PH_RECEIPT_NAME_LEN], const struct ph_writer_id *writer,
                         uint32_t counter)
{
    memcpy(out, writer->bytes, PH_RECEIPT_WRITER_LEN);
    ph_put_u32(out + PH_RECEIPT_WRITER_LEN, counter);
}

struct ph_receipt_name ph_receipt_name_at(struct ph_bytes names, uint32_t index)
{
    struct ph_receipt_name name;
    const uint8_t *item = names.data + (size_t)index * PH_RECEIPT_NAME_LEN;
    memcpy(name.writer, item, sizeof name.writer);
    name.counter = ph_get_u32(item + PH_RECEIPT_WRITER_LEN);
    return name;
}

int ph_receipt_compare_names(const void *a, const void *b)
{
    return memcmp(a, b, PH_RECEIPT_WRITER_LEN);
}

enum ph_status ph_receipt_check_names(struct ph_bytes names)
{
    PH_TRY(check_list(names, PH_RECEIPT_NAME_LEN, PH_RECEIPT_WRITER_LEN, PH_RECEIPTS_LISTED_MAX));
    for (uint32_t i = 0; i < names.len / PH_RECEIPT_NAME_LEN; i++)
        if (ph_receipt_name_at(names, i).counter == 0)
            return PH_MALFORMED;
    return PH_OK;
}
