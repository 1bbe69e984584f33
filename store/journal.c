#include "store/journal.h"

#include <assert.h>

#include "pharos/limits.h"
#include "proto/crypto.h"
#include "store/entries.h"
#include "store/schema.h"

#define AT_NUMBER 4
#define AT_CHAIN 12

static_assert(sizeof PH_JOURNAL_TITLE - 1 == PH_JOURNAL_TITLE_LEN, "the title is fixed");
static_assert(AT_CHAIN + sizeof(struct ph_hash) == PH_JOURNAL_HEAD_LEN, "a head ends with a hash");

void ph_journal_mark_encode(const struct ph_journal_mark *mark, uint8_t out[PH_JOURNAL_MARK_LEN])
{
    ph_put_u64(out, mark->number);
    memcpy(out + 8, mark->chain.bytes, sizeof mark->chain.bytes);
}

enum ph_status ph_journal_mark_decode(struct ph_bytes value, struct ph_journal_mark *out)
{
    if (value.len != PH_JOURNAL_MARK_LEN)
        return PH_CORRUPT;
    out->number = ph_get_u64(value.data);
    memcpy(out->chain.bytes, value.data + 8, sizeof out->chain.bytes);
    return PH_OK;
}

static struct ph_hash chain_after(const struct ph_journal_mark *before, const uint8_t *frame,
                                  struct ph_bytes payload)
{
    struct ph_hasher hasher;
    ph_hasher_init(&hasher, PH_DOMAIN_JOURNAL);
    ph_hasher_add(&hasher, ph_bytes(before->chain.bytes, sizeof before->chain.bytes));
    ph_hasher_add(&hasher, ph_bytes(frame, AT_CHAIN));
    ph_hasher_add(&hasher, payload);
    return ph_hasher_end(&hasher);
}

enum ph_status ph_journal_parse(struct ph_bytes input, struct ph_journal_mark *before,
                                struct ph_bytes *payload)
{
    if (input.len < PH_JOURNAL_HEAD_LEN)
        return PH_PARTIAL;
    size_t payload_len = ph_get_u32(input.data);
    uint64_t number = ph_get_u64(input.data + AT_NUMBER);
    if (payload_len == 0 || payload_len > PH_JOURNAL_FRAME_MAX - PH_JOURNAL_HEAD_LEN ||
        number != before->number + 1)
        return PH_CORRUPT;
    if (input.len - PH_JOURNAL_HEAD_LEN < payload_len)
        return PH_PARTIAL;
    struct ph_bytes found = ph_bytes(input.data + PH_JOURNAL_HEAD_LEN, payload_len);
    struct ph_hash chain = chain_after(before, input.data, found);
    if (memcmp(chain.bytes, input.data + AT_CHAIN, sizeof chain.bytes) != 0)
        return PH_CORRUPT;
    *before = (struct ph_journal_mark){.number = number, .chain = chain};
    *payload = found;
    return PH_OK;
}

void ph_journal_seal(uint8_t *frame, size_t payload_len, struct ph_journal_mark *mark)
{
    assert(payload_len != 0 && payload_len <= PH_JOURNAL_FRAME_MAX - PH_JOURNAL_HEAD_LEN);
    ph_put_u32(frame, (uint32_t)payload_len);
    ph_put_u64(frame + AT_NUMBER, mark->number + 1);
    struct ph_hash chain =
        chain_after(mark, frame, ph_bytes(frame + PH_JOURNAL_HEAD_LEN, payload_len));
    memcpy(frame + AT_CHAIN, chain.bytes, sizeof chain.bytes);
    *mark = (struct ph_journal_mark){.number = mark->number + 1, .chain = chain};
}

/* Whether a change of this type may look so; what it says is judged where it is applied. */
static bool has_form(const struct ph_journal_change *change)
{
    size_t len = change->value.len;
    switch (change->type) {
    case PH_JOURNAL_META:
        return change->name.len != 0 && change->name.len <= PH_META_NAME_MAX &&
               change->name.data[0] != PH_META_OWN && len <= PH_BATCH_BYTES_MAX;
    case PH_JOURNAL_FACT:
        return change->name.len == 0 && len <= PH_FACT_MAX;
    case PH_JOURNAL_LOG:
        return change->name.len == 0 && len == PH_JOURNAL_LOG_LEN;
    case PH_JOURNAL_ENTRY:
        return change->name.len == 0 && len <= PH_STORED_LEN_MAX;
    }
    return false;
}

enum ph_status ph_journal_next(struct ph_bytes payload, size_t *at, struct ph_journal_change *out)
{
    size_t left = payload.len - *at;
    if (left == 0)
        return PH_NOT_FOUND;
    if (left < PH_JOURNAL_CHANGE_HEAD_LEN)
        return PH_CORRUPT;
    const uint8_t *head = payload.data + *at;
    size_t name_len = head[1], value_len = ph_get_u32(head + 2);
    left -= PH_JOURNAL_CHANGE_HEAD_LEN;
    if (left < name_len || left - name_len < value_len)
        return PH_CORRUPT;
    const uint8_t *name = head + PH_JOURNAL_CHANGE_HEAD_LEN;
    const struct ph_journal_change change = {.type = (enum ph_journal_type)head[0],
                                             .name = ph_bytes(name, name_len),
                                             .value = ph_bytes(name + name_len, value_len)};
    if (!has_form(&change))
        return PH_CORRUPT;
    *at += ph_journal_change_len(&change);
    *out = change;
    return PH_OK;
}

size_t ph_journal_change_len(const struct ph_journal_change *change)
{
    return PH_JOURNAL_CHANGE_HEAD_LEN + change->name.len + change->value.len;
}

void ph_journal_put(struct ph_buffer *out, const struct ph_journal_change *change)
{
    uint8_t head[PH_JOURNAL_CHANGE_HEAD_LEN] = {(uint8_t)change->type, (uint8_t)change->name.len};
    assert(has_form(change));
    ph_put_u32(head + 2, (uint32_t)change->value.len);
    ph_buffer_put(out, head, sizeof head);
    ph_buffer_put(out, change->name.data, change->name.len);
    ph_buffer_put(out, change->value.data, change->value.len);
}
