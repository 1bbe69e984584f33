#include "store/records.h"

#include <stdlib.h>

#include "store/entries.h"

#define FLAG_CREATED 1u
#define HEAD_LEN (1 + 1 + 8 + 4 + 4)
#define TOUCH_LEN 8
#define VALUE_HEAD_MAX (3 + 5 + 5 + 3 + 9 + 1) /* field, log, sequence, index, Lamport, missing */

void ph_record_maker_init(struct ph_record_maker *maker, const struct ph_txn *txn,
                          const struct ph_logs *logs)
{
    *maker = (struct ph_record_maker){
        .txn = txn,
        .logs = logs,
        .owner_share = PH_OWNER_SHARE_MAX,
        .school_share = PH_SCHOOL_SHARE_MAX,
        .owner_bytes = PH_OWNER_BYTES_MAX,
        .school_bytes = PH_SCHOOL_BYTES_MAX,
    };
}

void ph_record_maker_deinit(struct ph_record_maker *maker)
{
    free(maker->touches);
    free(maker->ops);
    free(maker->op_logs);
    free(maker->values);
    free(maker->bytes);
    *maker = (struct ph_record_maker){0};
}

/* Room for at least `count` items of `item_len` bytes. `array` is the address of a pointer, of
 * whatever type: hence copied as bytes. */
static enum ph_status grow(void *array, uint32_t *size, uint32_t count, size_t item_len)
{
    void *items;
    if (count <= *size)
        return PH_OK;
    uint32_t wanted = *size == 0 ? 64 : *size;
    while (wanted < count)
        wanted *= 2;
    memcpy(&items, array, sizeof items);
    items = realloc(items, wanted * item_len);
    if (items == NULL)
        return PH_NO_MEMORY;
    memcpy(array, &items, sizeof items);
    *size = wanted;
    return PH_OK;
}

enum ph_status ph_record_touch(struct ph_record_maker *maker, struct ph_place place)
{
    if (place.log >= maker->logs->count)
        return PH_CORRUPT;
    PH_TRY(grow(&maker->touches, &maker->touch_size, maker->touch_count + 1, sizeof place));
    maker->touches[maker->touch_count++] = place;
    return PH_OK;
}

enum ph_status ph_record_touch_all(struct ph_record_maker *maker, struct ph_bytes touches)
{
    struct ph_place place;
    for (size_t at = 0; at + TOUCH_LEN <= touches.len; at += TOUCH_LEN) {
        if (!ph_key_read_place(ph_bytes(touches.data + at, TOUCH_LEN), &place))
            return PH_CORRUPT;
        PH_TRY(ph_record_touch(maker, place));
    }
    return PH_OK;
}

static int compare_touches(const void *a, const void *b)
{
    return ph_place_compare(*(const struct ph_place *)a, *(const struct ph_place *)b);
}

static void sort_touches(struct ph_record_maker *maker)
{
    uint32_t kept = 0;
    if (maker->touch_count != 0)
        qsort(maker->touches, maker->touch_count, sizeof *maker->touches, compare_touches);
    for (uint32_t i = 0; i < maker->touch_count; i++)
        if (kept == 0 || ph_place_compare(maker->touches[kept - 1], maker->touches[i]) != 0)
            maker->touches[kept++] = maker->touches[i];
    maker->touch_count = kept;
}

static void drop_left_out(struct ph_record_maker *maker)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < maker->touch_count; i++)
        if (!maker->logs->at[maker->touches[i].log].is_left_out)
            maker->touches[kept++] = maker->touches[i];
    maker->touch_count = kept;
}

static enum ph_status get_entry(const struct ph_txn *txn, struct ph_place place,
                                struct ph_stored_entry *entry, struct ph_op_place *where)
{
    enum ph_status status = ph_entries_get(txn, place, entry);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_CORRUPT : status;
    *where = (struct ph_op_place){
        .writer = entry->header.writer,
        .seq = entry->header.seq,
        .id = ph_header_id(entry->encoded),
    };
    return PH_OK;
}

enum ph_status ph_entry_ops(const struct ph_txn *txn, struct ph_place place,
                            struct ph_stored_entry *entry, struct ph_op_reader *reader)
{
    struct ph_op_place where;
    PH_TRY(get_entry(txn, place, entry, &where));
    return ph_ops_open(reader, &where, &entry->body);
}

enum ph_status ph_entry_ops_bare(const struct ph_txn *txn, struct ph_place place,
                                 struct ph_op_reader *reader)
{
    struct ph_stored_entry entry;
    struct ph_op_place where;
    PH_TRY(get_entry(txn, place, &entry, &where));
    entry.body.content_is_missing = true;
    return ph_ops_open(reader, &where, &entry.body);
}

bool ph_op_has_effect(const struct ph_op *op, const struct ph_school_id *school)
{
    const struct ph_kind *kind = ph_kind_by_number(op->kind);
    return op->type <= PH_OP_REMOVE && kind != NULL && ph_kind_allows(kind, &op->record, school);
}

static bool entry_stands(const struct ph_record_maker *maker, struct ph_place place)
{
    return place.seq <= maker->logs->at[place.log].stands_to;
}

/* --- Shares: what counts of each school, in the order that every node shares --- */

/* By school; first what stands; of the owner first what may create the record; then by writer,
 * sequence and, between branches, entry id: local log numbers tell nothing. */
struct shared_order {
    struct ph_school_id school;
    bool stands, may_create;
    uint32_t rank, seq;
    struct ph_entry_id id;
    struct ph_place place;
};

static int compare_shared(const void *a, const void *b)
{
    const struct shared_order *left = a, *right = b;
    int order = ph_school_id_compare(&left->school, &right->school);
    if (order != 0)
        return order;
    if (left->stands != right->stands)
        return left->stands ? -1 : 1;
    if (left->may_create != right->may_create)
        return left->may_create ? -1 : 1;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    if (left->seq != right->seq)
        return left->seq < right->seq ? -1 : 1;
    return ph_entry_id_compare(&left->id, &right->id);
}

static const struct ph_school_id *school_of(const struct ph_record_maker *maker, uint32_t touch)
{
    return &maker->logs->at[maker->touches[touch].log].school;
}

static bool begins_school(const struct ph_record_maker *maker, uint32_t touch)
{
    return touch == 0 || !ph_school_id_equal(school_of(maker, touch - 1), school_of(maker, touch));
}

static uint32_t share_of(const struct ph_record_maker *maker, const struct ph_record_id *id,
                         const struct ph_school_id *school)
{
    return ph_record_id_is_of(id, school) ? maker->owner_share : maker->school_share;
}

static enum ph_status order_touches(struct ph_record_maker *maker, const struct ph_record_id *id)
{
    struct shared_order *order = calloc(maker->touch_count + 1, sizeof *order);
    enum ph_status status = order == NULL ? PH_NO_MEMORY : PH_OK;
    for (uint32_t i = 0; i < maker->touch_count && status == PH_OK; i++) {
        struct ph_stored_entry entry;
        struct ph_op_place where = {.seq = 0};
        struct ph_place place = maker->touches[i];
        status = get_entry(maker->txn, place, &entry, &where);
        order[i] = (struct shared_order){
            .school = *school_of(maker, i),
            .stands = entry_stands(maker, place),
            .may_create =
                place.seq == ph_record_id_seq(id) && ph_record_id_is_of(id, school_of(maker, i)),
            .rank = maker->logs->rank[place.log],
            .seq = place.seq,
            .id = where.id,
            .place = place,
        };
    }
    if (status == PH_OK) {
        qsort(order, maker->touch_count, sizeof *order, compare_shared);
        for (uint32_t i = 0; i < maker->touch_count; i++)
            maker->touches[i] = order[i].place;
    }
    free(order);
    return status;
}

/* They are in order. What is kept never lies behind what is looked at. */
static void keep_shares(struct ph_record_maker *maker, const struct ph_record_id *id)
{
    uint32_t kept = 0, count = 0;
    for (uint32_t i = 0; i < maker->touch_count; i++) {
        count = begins_school(maker, i) ? 0 : count;
        if (count++ < share_of(maker, id, school_of(maker, i)))
            maker->touches[kept++] = maker->touches[i];
    }
    maker->touch_count = kept;
}

/* PH_LIMIT: no more of them count. */
static enum ph_status add_op(struct ph_record_maker *maker, struct ph_place place,
                             const struct ph_merge_op *op, uint32_t op_count_max)
{
    uint32_t size = maker->op_size;
    if (maker->op_count >= op_count_max)
        return PH_LIMIT;
    PH_TRY(grow(&maker->op_logs, &size, maker->op_count + 1, sizeof *maker->op_logs));
    PH_TRY(grow(&maker->ops, &maker->op_size, maker->op_count + 1, sizeof *maker->ops));
    maker->op_logs[maker->op_count] = place.log;
    maker->ops[maker->op_count++] = *op;
    return PH_OK;
}

/* PH_LIMIT: they don't all fit. */
static enum ph_status add_ops(struct ph_record_maker *maker, struct ph_place place, uint16_t kind,
                              const struct ph_record_id *id, uint32_t op_count_max)
{
    struct ph_stored_entry entry;
    struct ph_op_reader reader;
    enum ph_status status = ph_entry_ops(maker->txn, place, &entry, &reader);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_CORRUPT : status; /* it did touch the record */
    struct ph_merge_op op = {
        .lamport = entry.header.lamport,
        .entry = reader.place.id,
        .school = maker->logs->at[place.log].school,
        .stands = entry_stands(maker, place),
    };
    while (status == PH_OK && ph_ops_next(&reader, &op.op))
        if (op.op.type <= PH_OP_REMOVE && op.op.kind == kind &&
            ph_record_id_equal(&op.op.record, id))
            status = add_op(maker, place, &op, op_count_max);
    return status;
}

/* All of them. PH_LIMIT: there are so many that a school may have more than its share. */
static enum ph_status collect_few(struct ph_record_maker *maker, uint16_t kind,
                                  const struct ph_record_id *id)
{
    maker->op_count = 0;
    if (maker->touch_count > maker->school_share)
        return PH_LIMIT;
    for (uint32_t i = 0; i < maker->touch_count; i++)
        PH_TRY(add_ops(maker, maker->touches[i], kind, id, maker->school_share));
    return PH_OK;
}

static enum ph_status collect_shares(struct ph_record_maker *maker, uint16_t kind,
                                     const struct ph_record_id *id)
{
    enum ph_status status = PH_OK;
    uint32_t op_count_max = 0;
    PH_TRY(order_touches(maker, id));
    keep_shares(maker, id);
    maker->op_count = 0;
    for (uint32_t i = 0; i < maker->touch_count; i++) {
        if (begins_school(maker, i)) {
            op_count_max = maker->op_count + share_of(maker, id, school_of(maker, i));
            status = PH_OK;
        }
        if (status == PH_OK)
            status = add_ops(maker, maker->touches[i], kind, id, op_count_max);
        if (status != PH_OK && status != PH_LIMIT)
            return status;
    }
    sort_touches(maker);
    return PH_OK;
}

static enum ph_status collect_ops(struct ph_record_maker *maker, uint16_t kind,
                                  const struct ph_record_id *id)
{
    enum ph_status status = collect_few(maker, kind, id);
    return status == PH_LIMIT ? collect_shares(maker, kind, id) : status;
}

bool ph_op_is_missing(const struct ph_op *op)
{
    const struct ph_kind *kind = ph_kind_by_number(op->kind);
    const struct ph_field *field = kind == NULL ? NULL : ph_field_by_number(kind, op->field);
    return op->value_is_missing || field == NULL || !ph_value_fits(field, op->value);
}

/* --- Room for the items of live values --- */

static void lose_item(struct ph_op *op)
{
    op->value_is_missing = true;
    op->value = ph_bytes(NULL, 0);
}

/* The bytes of all items, once those that show as missing are gone. */
static size_t drop_missing(struct ph_record_maker *maker, const struct ph_merged *merged)
{
    size_t len = 0;
    for (uint32_t i = 0; i < merged->value_count; i++) {
        struct ph_op *op = &maker->ops[merged->values[i].op_index].op;
        if (ph_op_is_missing(op))
            lose_item(op);
        len += op->value.len;
    }
    return len;
}

/* A live value, and its turn among all. */
struct turn {
    struct ph_merge_op *op;
    uint32_t number;
};

static int compare_turns(const void *a, const void *b)
{
    const struct turn *left = a, *right = b;
    int order = ph_school_id_compare(&left->op->school, &right->op->school);
    return order != 0 ? order : (left->number > right->number) - (left->number < right->number);
}

/* They are by school. */
static void drop_in_turn(const struct ph_record_maker *maker, const struct ph_record_id *id,
                         const struct turn *turns, uint32_t count)
{
    size_t len = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct ph_school_id *school = &turns[i].op->school;
        if (i == 0 || !ph_school_id_equal(&turns[i - 1].op->school, school))
            len = 0;
        len += turns[i].op->op.value.len;
        if (len > (ph_record_id_is_of(id, school) ? maker->owner_bytes : maker->school_bytes))
            lose_item(&turns[i].op->op);
    }
}

static enum ph_status drop_items(struct ph_record_maker *maker, const struct ph_record_id *id,
                                 const struct ph_merged *merged)
{
    if (drop_missing(maker, merged) <= maker->school_bytes)
        return PH_OK;
    struct turn *turns = calloc(merged->value_count, sizeof *turns);
    if (turns == NULL)
        return PH_NO_MEMORY;
    for (uint32_t i = 0; i < merged->value_count; i++)
        turns[i] = (struct turn){&maker->ops[merged->values[i].op_index], i};
    qsort(turns, merged->value_count, sizeof *turns, compare_turns);
    drop_in_turn(maker, id, turns, merged->value_count);
    free(turns);
    return PH_OK;
}

/* --- The stored form --- */

static void encode_value(const struct ph_record_maker *maker, uint32_t op_index,
                         struct ph_buffer *out)
{
    const struct ph_merge_op *op = &maker->ops[op_index];
    bool missing = op->op.value_is_missing;
    ph_pack_uint(out, op->op.field);
    ph_pack_uint(out, maker->op_logs[op_index]);
    ph_pack_uint(out, op->op.self.seq);
    ph_pack_uint(out, op->op.self.index);
    ph_pack_uint(out, op->lamport);
    ph_pack_bool(out, missing);
    if (!missing)
        ph_buffer_put(out, op->op.value.data, op->op.value.len);
}

static void encode_head(const struct ph_record_maker *maker, const struct ph_merged *merged,
                        struct ph_buffer *out)
{
    uint8_t head[HEAD_LEN] = {0};
    if (merged->is_created) {
        const struct ph_merge_op *create = &maker->ops[merged->create_index];
        head[0] = FLAG_CREATED;
        head[1] = (uint8_t)create->op.audience;
        ph_put_u64(head + 2, create->lamport);
    }
    ph_put_u32(head + 10, maker->touch_count);
    ph_put_u32(head + 14, merged->value_count);
    ph_buffer_put(out, head, sizeof head);
}

static size_t encoded_len_max(const struct ph_record_maker *maker, const struct ph_merged *merged)
{
    size_t len = HEAD_LEN + (size_t)maker->touch_count * TOUCH_LEN;
    for (uint32_t i = 0; i < merged->value_count; i++)
        len += VALUE_HEAD_MAX + maker->ops[merged->values[i].op_index].op.value.len;
    return len;
}

static enum ph_status encode(struct ph_record_maker *maker, const struct ph_merged *merged,
                             struct ph_bytes *value)
{
    size_t len = encoded_len_max(maker, merged);
    if (len > maker->byte_size) {
        uint8_t *bytes = realloc(maker->bytes, 2 * len);
        if (bytes == NULL)
            return PH_NO_MEMORY;
        maker->bytes = bytes;
        maker->byte_size = 2 * len;
    }
    struct ph_buffer out = ph_buffer(maker->bytes, maker->byte_size);
    encode_head(maker, merged, &out);
    for (uint32_t i = 0; i < maker->touch_count; i++) {
        struct ph_key place = ph_key_place(maker->touches[i]);
        ph_buffer_put(&out, place.data, place.len);
    }
    for (uint32_t i = 0; i < merged->value_count; i++)
        encode_value(maker, merged->values[i].op_index, &out);
    *value = ph_buffer_bytes(&out);
    return PH_OK;
}

enum ph_status ph_record_make(struct ph_record_maker *maker, uint16_t kind,
                              const struct ph_record_id *id, struct ph_bytes *value)
{
    const struct ph_kind *known = ph_kind_by_number(kind);
    if (known == NULL)
        return PH_CORRUPT;
    sort_touches(maker);
    drop_left_out(maker);
    PH_TRY(collect_ops(maker, kind, id));
    PH_TRY(grow(&maker->values, &maker->value_size, maker->op_count, sizeof *maker->values));
    struct ph_merged merged = {.values = maker->values};
    PH_TRY(ph_merge(known, id, maker->ops, maker->op_count, &merged));
    PH_TRY(drop_items(maker, id, &merged));
    PH_TRY(encode(maker, &merged, value));
    maker->touch_count = 0;
    return PH_OK;
}

enum ph_status ph_record_decode(uint16_t kind, const struct ph_record_id *id, struct ph_bytes value,
                                struct ph_record *out)
{
    if (value.len < HEAD_LEN || value.data[0] > FLAG_CREATED || value.data[1] > PH_AUDIENCE_NAMED)
        return PH_CORRUPT;
    struct ph_record record = {
        .kind = kind,
        .id = *id,
        .is_created = value.data[0] == FLAG_CREATED,
        .created_lamport = ph_get_u64(value.data + 2),
        .audience = (enum ph_audience)value.data[1],
        .touch_count = ph_get_u32(value.data + 10),
        .value_count = ph_get_u32(value.data + 14),
    };
    if (record.touch_count > (value.len - HEAD_LEN) / TOUCH_LEN)
        return PH_CORRUPT;
    size_t values_at = HEAD_LEN + (size_t)record.touch_count * TOUCH_LEN;
    record.touches = ph_bytes(value.data + HEAD_LEN, values_at - HEAD_LEN);
    record.values = ph_unpack_scanned(ph_bytes(value.data + values_at, value.len - values_at));
    *out = record;
    return PH_OK;
}

bool ph_record_next(struct ph_record *record, struct ph_record_value *out)
{
    struct ph_unpacker *in = &record->values;
    if (in->next == in->end)
        return false;
    struct ph_record_value value = {0};
    value.field = (uint16_t)ph_unpack_uint(in, UINT16_MAX);
    value.log = (uint32_t)ph_unpack_uint(in, UINT32_MAX);
    value.seq = (uint32_t)ph_unpack_uint(in, UINT32_MAX);
    value.index = (uint16_t)ph_unpack_uint(in, UINT16_MAX);
    value.lamport = ph_unpack_uint(in, UINT64_MAX);
    value.is_missing = ph_unpack_bool(in);
    if (!value.is_missing)
        value.item = ph_unpack_skip(in);
    if (in->failed)
        return false;
    *out = value;
    return true;
}
