#include "store/batch.h"

#include <assert.h>
#include <stdlib.h>

#include "store/change.h"
#include "store/entries.h"
#include "store/logs.h"

#define ARENA_FIRST ((size_t)64 * 1024)

/* A change in the arena: this head, then `name_len` bytes and `value_len` bytes. */
struct head {
    uint8_t type;
    uint8_t is_hole;
    uint16_t name_len;
    uint32_t number;
    uint32_t seq;
    uint32_t value_len;
};

struct ph_batch {
    uint8_t *arena;
    size_t len, size;
    uint32_t preferred;
    bool has_preferred;
    uint32_t own[PH_OWN_LOGS_PER_BATCH_MAX];
    uint32_t own_count;
    bool settles_doubt;
    bool wants_rebuild;
    bool is_behind;
    uint64_t kinds_made;
};

enum ph_status ph_batch_new(struct ph_batch **out)
{
    struct ph_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return PH_NO_MEMORY;
    batch->arena = malloc(ARENA_FIRST);
    if (batch->arena == NULL) {
        free(batch);
        return PH_NO_MEMORY;
    }
    batch->size = ARENA_FIRST;
    *out = batch;
    return PH_OK;
}

void ph_batch_free(struct ph_batch *batch)
{
    if (batch == NULL)
        return;
    free(batch->arena);
    free(batch);
}

size_t ph_batch_bytes(const struct ph_batch *batch)
{
    return batch->len;
}

bool ph_batch_is_empty(const struct ph_batch *batch)
{
    return batch->len == 0 && !batch->wants_rebuild && !batch->settles_doubt;
}

struct ph_batch_mark ph_batch_mark(const struct ph_batch *batch)
{
    return (struct ph_batch_mark){.len = batch->len};
}

void ph_batch_rewind(struct ph_batch *batch, struct ph_batch_mark mark)
{
    assert(mark.len <= batch->len);
    batch->len = mark.len;
}

/* Room for `len` more bytes, not taken yet. */
static uint8_t *reserve(struct ph_batch *batch, size_t len)
{
    if (len > batch->size - batch->len) {
        size_t size = batch->size;
        while (len > size - batch->len)
            size *= 2;
        uint8_t *arena = realloc(batch->arena, size);
        if (arena == NULL)
            return NULL;
        batch->arena = arena;
        batch->size = size;
    }
    return batch->arena + batch->len;
}

/* A change with room for its name and value; `*rest` is where they go. */
static enum ph_status append(struct ph_batch *batch, const struct head *head, uint8_t **rest)
{
    size_t len = sizeof *head + head->name_len + head->value_len;
    uint8_t *at = reserve(batch, len);
    if (at == NULL)
        return PH_NO_MEMORY;
    memcpy(at, head, sizeof *head);
    *rest = at + sizeof *head;
    batch->len += len;
    return PH_OK;
}

static void copy(uint8_t *to, struct ph_bytes from)
{
    if (from.len != 0)
        memcpy(to, from.data, from.len);
}

enum ph_status ph_batch_meta(struct ph_batch *batch, const char *name, struct ph_bytes value)
{
    uint8_t *rest;
    struct ph_bytes text = ph_bytes_text(name);
    assert(text.len > 0 && text.len <= PH_META_NAME_MAX && name[0] != PH_META_OWN);
    assert(value.len <= PH_BATCH_BYTES_MAX);
    const struct head head = {
        .type = PH_CHANGE_META, .name_len = (uint16_t)text.len, .value_len = (uint32_t)value.len};
    PH_TRY(append(batch, &head, &rest));
    copy(rest, text);
    copy(rest + text.len, value);
    return PH_OK;
}

enum ph_status ph_batch_receipt(struct ph_batch *batch, const struct ph_writer_id *writer,
                                struct ph_bytes receipt)
{
    uint8_t *rest;
    struct ph_key name = ph_key_receipt(writer);
    const struct head head = {.type = PH_CHANGE_RECEIPT,
                              .name_len = (uint16_t)name.len,
                              .value_len = (uint32_t)receipt.len};
    PH_TRY(append(batch, &head, &rest));
    copy(rest, ph_key_bytes(&name));
    copy(rest + name.len, receipt);
    return PH_OK;
}

enum ph_status ph_batch_fact(struct ph_batch *batch, uint32_t index, struct ph_bytes fact)
{
    uint8_t *rest;
    assert(fact.len <= PH_FACT_MAX);
    const struct head head = {
        .type = PH_CHANGE_FACT, .number = index, .value_len = (uint32_t)fact.len};
    PH_TRY(append(batch, &head, &rest));
    copy(rest, fact);
    return PH_OK;
}

enum ph_status ph_batch_log(struct ph_batch *batch, uint32_t log, const struct ph_log_row *row)
{
    uint8_t *rest;
    const struct head head = {.type = PH_CHANGE_LOG, .number = log, .value_len = PH_LOG_ROW_LEN};
    PH_TRY(append(batch, &head, &rest));
    ph_log_row_encode(row, rest);
    return PH_OK;
}

enum ph_status ph_batch_entry(struct ph_batch *batch, uint32_t log,
                              const uint8_t header[PH_HEADER_LEN], const struct ph_body *body,
                              const struct ph_signature *signature)
{
    uint8_t *rest;
    const struct head head = {.type = PH_CHANGE_ENTRY,
                              .is_hole = body->content_is_missing,
                              .number = log,
                              .seq = ph_get_u32(header + 4),
                              .value_len = (uint32_t)ph_stored_len(body, signature != NULL)};
    PH_TRY(append(batch, &head, &rest));
    ph_stored_encode(header, body, signature, rest);
    return PH_OK;
}

enum ph_status ph_batch_fill(struct ph_batch *batch, uint32_t log, uint32_t seq,
                             const struct ph_salt *salt, struct ph_bytes content)
{
    uint8_t *rest;
    assert(content.len > 0 && content.len <= PH_BODY_MAX);
    const struct head head = {.type = PH_CHANGE_FILL,
                              .number = log,
                              .seq = seq,
                              .value_len = (uint32_t)(PH_SALT_LEN + content.len)};
    PH_TRY(append(batch, &head, &rest));
    memcpy(rest, salt->bytes, PH_SALT_LEN);
    copy(rest + PH_SALT_LEN, content);
    return PH_OK;
}

static enum ph_status leave_out(struct ph_batch *batch, const struct ph_key *key)
{
    uint8_t *rest;
    const struct head head = {.type = PH_CHANGE_LEAVE_OUT, .value_len = (uint32_t)key->len};
    PH_TRY(append(batch, &head, &rest));
    copy(rest, ph_key_bytes(key));
    return PH_OK;
}

enum ph_status ph_batch_leave_out_school(struct ph_batch *batch, const struct ph_school_id *school)
{
    struct ph_key key = ph_key_school_out(school);
    return leave_out(batch, &key);
}

enum ph_status ph_batch_leave_out_log(struct ph_batch *batch, const struct ph_writer_id *writer,
                                      const struct ph_school_id *school)
{
    struct ph_key key = ph_key_log_out(writer, school);
    return leave_out(batch, &key);
}

enum ph_status ph_batch_await_none_of(struct ph_batch *batch, const struct ph_writer_id *writer)
{
    struct ph_key key = ph_key_not_awaited(writer);
    return leave_out(batch, &key);
}

enum ph_status ph_batch_cut(struct ph_batch *batch, uint32_t log, uint32_t stands_to)
{
    uint8_t *rest;
    const struct head head = {.type = PH_CHANGE_CUT, .number = log, .seq = stands_to};
    return append(batch, &head, &rest);
}

enum ph_status ph_batch_end_waiting(struct ph_batch *batch)
{
    uint8_t *rest;
    const struct head head = {.type = PH_CHANGE_END_WAITING};
    return append(batch, &head, &rest);
}

void ph_batch_prefer(struct ph_batch *batch, uint32_t log)
{
    batch->preferred = log;
    batch->has_preferred = true;
}

void ph_batch_own(struct ph_batch *batch, uint32_t log)
{
    if (ph_batch_is_own(batch, log))
        return;
    assert(batch->own_count < PH_OWN_LOGS_PER_BATCH_MAX);
    batch->own[batch->own_count++] = log;
}

void ph_batch_settle_doubt(struct ph_batch *batch)
{
    batch->settles_doubt = true;
}

void ph_batch_rebuild(struct ph_batch *batch)
{
    batch->wants_rebuild = true;
}

bool ph_batch_is_behind(const struct ph_batch *batch)
{
    return batch->is_behind;
}

bool ph_batch_has_made(const struct ph_batch *batch, uint16_t kind)
{
    assert(kind < 63);
    return (batch->kinds_made >> kind & 1) != 0;
}

bool ph_batch_next(const struct ph_batch *batch, size_t *at, struct ph_change *out)
{
    struct head head;
    if (*at == batch->len)
        return false;
    const uint8_t *next = batch->arena + *at;
    memcpy(&head, next, sizeof head);
    const uint8_t *name = next + sizeof head;
    *out = (struct ph_change){.type = (enum ph_change_type)head.type,
                              .number = head.number,
                              .seq = head.seq,
                              .is_hole = head.is_hole != 0,
                              .name = ph_bytes(name, head.name_len),
                              .value = ph_bytes(name + head.name_len, head.value_len)};
    *at += sizeof head + head.name_len + head.value_len;
    return true;
}

bool ph_batch_preferred(const struct ph_batch *batch, uint32_t *log)
{
    *log = batch->preferred;
    return batch->has_preferred;
}

bool ph_batch_is_own(const struct ph_batch *batch, uint32_t log)
{
    for (uint32_t i = 0; i < batch->own_count; i++)
        if (batch->own[i] == log)
            return true;
    return false;
}

bool ph_batch_settles_doubt(const struct ph_batch *batch)
{
    return batch->settles_doubt;
}

bool ph_batch_wants_rebuild(const struct ph_batch *batch)
{
    return batch->wants_rebuild;
}

void ph_batch_set_outcome(struct ph_batch *batch, bool is_behind, uint64_t kinds_made)
{
    batch->is_behind = is_behind;
    batch->kinds_made = kinds_made;
}
