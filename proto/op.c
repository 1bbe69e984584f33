#include "proto/op.h"

#include <assert.h>

#define RECORD_SEQ_LEN 4

int ph_op_ref_compare(const struct ph_op_ref *a, const struct ph_op_ref *b)
{
    int order = ph_writer_id_compare(&a->writer, &b->writer);
    if (order == 0)
        order = (a->seq > b->seq) - (a->seq < b->seq);
    if (order == 0)
        order = memcmp(a->check, b->check, sizeof a->check);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

struct ph_op_ref ph_op_ref(const struct ph_writer_id *writer, uint32_t seq,
                           const struct ph_entry_id *id, uint16_t index)
{
    struct ph_op_ref ref = {.writer = *writer, .seq = seq, .index = index};
    memcpy(ref.check, id->bytes, sizeof ref.check);
    return ref;
}

/* [writer, seq, check]: an entry, as erase names it and as a reference begins. */
static void take_entry_name(struct ph_unpacker *in, struct ph_op_ref *ref)
{
    ph_unpack_fixed(in, ref->writer.bytes, sizeof ref->writer.bytes);
    ref->seq = (uint32_t)ph_unpack_uint(in, UINT32_MAX);
    ph_unpack_fixed(in, ref->check, sizeof ref->check);
}

static void take_erased(struct ph_unpacker *in)
{
    struct ph_op_ref ref;
    ph_unpack_array_of(in, 3);
    take_entry_name(in, &ref);
}

/* A reference; `self` is the op that makes it, which a mere index is completed from. */
static struct ph_op_ref take_ref(struct ph_unpacker *in, const struct ph_op_ref *self)
{
    struct ph_op_ref ref = *self;
    if (ph_unpack_type(in) != PH_PACK_UINT) {
        ph_unpack_array_of(in, 4);
        take_entry_name(in, &ref);
    }
    ref.index = (uint16_t)ph_unpack_uint(in, UINT16_MAX);
    return ref;
}

static void take_field(struct ph_unpacker *in, struct ph_op *op)
{
    op->field = (uint16_t)ph_unpack_uint(in, UINT16_MAX);
}

static uint16_t take_list_count(struct ph_unpacker *in)
{
    uint32_t count = ph_unpack_array(in);
    if (count > PH_REFS_PER_OP_MAX)
        in->failed = true;
    return in->failed ? 0 : (uint16_t)count;
}

static void take_refs(struct ph_unpacker *in, struct ph_op *op)
{
    op->ref_count = take_list_count(in);
    const uint8_t *first = in->next;
    for (uint16_t i = 0; i < op->ref_count; i++)
        take_ref(in, &op->self);
    op->refs = ph_bytes(first, (size_t)(in->next - first));
}

/* [4, field, parent or nil, side, length] */
static void take_insert(struct ph_unpacker *in, struct ph_op *op)
{
    take_field(in, op);
    if (!ph_unpack_nil(in))
        take_ref(in, &op->self);
    ph_unpack_uint(in, 1);
    ph_unpack_uint(in, UINT64_MAX);
}

/* [5, field, [[ref, offset, length] ...]] */
static void take_delete(struct ph_unpacker *in, struct ph_op *op)
{
    take_field(in, op);
    uint16_t count = take_list_count(in);
    for (uint16_t i = 0; i < count; i++) {
        ph_unpack_array_of(in, 3);
        take_ref(in, &op->self);
        ph_unpack_uint(in, UINT64_MAX);
        ph_unpack_uint(in, UINT64_MAX);
    }
}

/* [6, field, [ref ...], key version, length] */
static void take_sealed(struct ph_unpacker *in, struct ph_op *op)
{
    take_field(in, op);
    take_refs(in, op);
    ph_unpack_uint(in, UINT64_MAX);
    ph_unpack_uint(in, UINT64_MAX);
}

/* [7, [[writer, seq, check] ...]] */
static void take_erase(struct ph_unpacker *in)
{
    uint16_t count = take_list_count(in);
    for (uint16_t i = 0; i < count; i++)
        take_erased(in);
}

static void take_unknown(struct ph_unpacker *in, uint32_t item_count)
{
    for (uint32_t i = 1; i < item_count; i++)
        ph_unpack_skip(in);
}

/* Items of an op of each known type, its type included. */
static const uint32_t item_counts[] = {
    [PH_OP_CREATE] = 1, [PH_OP_SET] = 3,    [PH_OP_ADD] = 2,
    [PH_OP_REMOVE] = 3, [PH_OP_INSERT] = 5, [PH_OP_DELETE] = 3,
    [PH_OP_SEALED] = 5, [PH_OP_ERASE] = 2,  [PH_OP_SUCCESSOR] = 2,
};

static void take_form(struct ph_unpacker *in, struct ph_op *op, uint32_t item_count)
{
    struct ph_record_id successor;
    switch (op->type) {
    case PH_OP_CREATE:
        return;
    case PH_OP_SET:
    case PH_OP_REMOVE:
        take_field(in, op);
        take_refs(in, op);
        return;
    case PH_OP_ADD:
        take_field(in, op);
        return;
    case PH_OP_INSERT:
        take_insert(in, op);
        return;
    case PH_OP_DELETE:
        take_delete(in, op);
        return;
    case PH_OP_SEALED:
        take_sealed(in, op);
        return;
    case PH_OP_ERASE:
        take_erase(in);
        return;
    case PH_OP_SUCCESSOR:
        ph_unpack_fixed(in, successor.bytes, sizeof successor.bytes);
        return;
    case PH_OP_UNKNOWN:
        take_unknown(in, item_count);
        return;
    }
}

static bool type_carries_value(enum ph_op_type type)
{
    return type == PH_OP_SET || type == PH_OP_ADD || type == PH_OP_INSERT || type == PH_OP_SEALED;
}

/* Reserved ops keep their index and nothing else, so that nobody gives them an effect. */
static void forget_reserved(struct ph_op *op)
{
    if (op->type <= PH_OP_REMOVE)
        return;
    op->field = 0;
    op->ref_count = 0;
    op->refs = ph_bytes(NULL, 0);
}

/* One op of any form that the specification knows; `op` comes with its group and its own place. */
static void take_op(struct ph_unpacker *in, struct ph_op *op)
{
    uint32_t item_count = ph_unpack_array(in);
    uint64_t type = ph_unpack_uint(in, UINT64_MAX);
    op->type = type < PH_OP_UNKNOWN ? (enum ph_op_type)type : PH_OP_UNKNOWN;
    if (item_count == 0 || (op->type != PH_OP_UNKNOWN && item_count != item_counts[op->type]))
        in->failed = true;
    op->carries_value = type_carries_value(op->type);
    if (!in->failed)
        take_form(in, op, item_count);
    forget_reserved(op);
}

static enum ph_audience take_audience(struct ph_unpacker *in)
{
    if (ph_unpack_type(in) == PH_PACK_UINT)
        return (enum ph_audience)ph_unpack_uint(in, PH_AUDIENCE_SCHOOL);
    uint32_t item_count = ph_unpack_array(in);
    if (ph_unpack_uint(in, PH_AUDIENCE_NAMED) != PH_AUDIENCE_NAMED)
        in->failed = true;
    for (uint32_t i = 1; i < item_count && !in->failed; i++) {
        struct ph_school_id school;
        ph_unpack_fixed(in, school.bytes, sizeof school.bytes);
    }
    if (item_count == 0)
        in->failed = true;
    return PH_AUDIENCE_NAMED;
}

/* The head of a group, up to its ops, whose count it returns. */
static uint32_t take_group(struct ph_unpacker *in, struct ph_op *group)
{
    ph_unpack_array_of(in, 4);
    group->kind = (uint16_t)ph_unpack_uint(in, UINT16_MAX);
    ph_unpack_fixed(in, group->record.bytes, sizeof group->record.bytes);
    group->audience = take_audience(in);
    return ph_unpack_array(in);
}

/* What a whole skeleton holds. */
struct tally {
    uint32_t op_count;
    uint32_t value_count;
};

static void count_group(struct ph_unpacker *in, struct tally *tally)
{
    struct ph_op op = {0};
    uint32_t op_count = take_group(in, &op);
    if (op_count > PH_OPS_PER_ENTRY_MAX - tally->op_count)
        in->failed = true;
    for (uint32_t i = 0; i < op_count && !in->failed; i++) {
        take_op(in, &op);
        tally->op_count++;
        tally->value_count += op.carries_value;
    }
}

/* Walks all of a skeleton; false if any of it has another form. */
static bool skeleton_parses(struct ph_bytes skeleton, struct tally *tally)
{
    struct ph_unpacker in;
    if (ph_unpack(&in, skeleton) != PH_OK)
        return false;
    uint32_t group_count = ph_unpack_array(&in);
    for (uint32_t i = 0; i < group_count && !in.failed; i++)
        count_group(&in, tally);
    return ph_unpack_end(&in) == PH_OK;
}

static bool content_fits(const struct ph_body *body, uint32_t value_count,
                         struct ph_unpacker *content)
{
    if (body->content_is_missing || ph_unpack(content, body->content) != PH_OK)
        return false;
    return ph_unpack_array(content) == value_count && !content->failed;
}

enum ph_status ph_ops_open(struct ph_op_reader *reader, const struct ph_op_place *place,
                           const struct ph_body *body)
{
    struct tally tally = {0};
    *reader = (struct ph_op_reader){.place = *place};
    if (!skeleton_parses(body->skeleton, &tally) || tally.op_count == 0)
        return PH_NOT_FOUND;
    reader->skeleton = ph_unpack_scanned(body->skeleton);
    reader->groups_left = ph_unpack_array(&reader->skeleton);
    reader->content_is_usable = content_fits(body, tally.value_count, &reader->content);
    reader->group.self = ph_op_ref(&place->writer, place->seq, &place->id, 0);
    return PH_OK;
}

bool ph_ops_next(struct ph_op_reader *reader, struct ph_op *out)
{
    while (reader->ops_left == 0 && reader->groups_left != 0) {
        reader->groups_left--;
        reader->ops_left = take_group(&reader->skeleton, &reader->group);
    }
    if (reader->ops_left == 0)
        return false;
    reader->ops_left--;
    *out = reader->group;
    take_op(&reader->skeleton, out);
    reader->group.self.index++;
    if (out->carries_value) {
        out->value_is_missing = !reader->content_is_usable;
        if (reader->content_is_usable)
            out->value = ph_unpack_skip(&reader->content);
    }
    return true;
}

uint16_t ph_op_refs(const struct ph_op *op, struct ph_op_ref out[PH_REFS_PER_OP_MAX])
{
    struct ph_unpacker in = ph_unpack_scanned(op->refs);
    uint16_t count = 0;
    for (uint16_t i = 0; i < op->ref_count; i++) {
        bool is_self = ph_unpack_type(&in) == PH_PACK_UINT;
        out[count] = take_ref(&in, &op->self);
        if (!is_self || out[count].index < op->self.index)
            count++;
    }
    return count;
}

void ph_ops_begin(struct ph_op_writer *writer, uint8_t *skeleton, uint8_t *content, size_t size)
{
    *writer = (struct ph_op_writer){
        .skeleton = ph_buffer(skeleton, size),
        .content = ph_buffer(content, size),
    };
}

/* Put the head of an array before the items that have been written from `at` on: how long it is
 * depends on the count, which is known only now. */
static void insert_count(struct ph_buffer *buffer, size_t at, size_t count)
{
    uint8_t bytes[3];
    struct ph_buffer head = ph_buffer(bytes, sizeof bytes);
    size_t end = buffer->len;
    ph_pack_array(&head, count);
    ph_buffer_put(buffer, bytes, head.len);
    if (buffer->overflow || head.overflow) {
        buffer->overflow = true;
        return;
    }
    memmove(buffer->data + at + head.len, buffer->data + at, end - at);
    memcpy(buffer->data + at, bytes, head.len);
}

static void close_group(struct ph_op_writer *writer)
{
    if (writer->group_count != 0)
        insert_count(&writer->skeleton, writer->op_count_at, writer->op_count);
    writer->op_count = 0;
}

void ph_ops_group(struct ph_op_writer *writer, uint16_t kind, const struct ph_record_id *record,
                  enum ph_audience audience)
{
    assert(audience != PH_AUDIENCE_NAMED); /* reserved: it needs its list of schools */
    close_group(writer);
    ph_pack_array(&writer->skeleton, 4);
    ph_pack_uint(&writer->skeleton, kind);
    ph_pack_bin(&writer->skeleton, ph_bytes(record->bytes, sizeof record->bytes));
    ph_pack_uint(&writer->skeleton, (uint64_t)audience);
    writer->op_count_at = writer->skeleton.len;
    if (writer->group_count == UINT16_MAX)
        writer->skeleton.overflow = true;
    else
        writer->group_count++;
}

static void begin_op(struct ph_op_writer *writer, enum ph_op_type type)
{
    assert(writer->group_count != 0);
    ph_pack_array(&writer->skeleton, item_counts[type]);
    ph_pack_uint(&writer->skeleton, (uint64_t)type);
    if (writer->index == PH_OPS_PER_ENTRY_MAX) {
        writer->skeleton.overflow = true;
        return;
    }
    writer->index++;
    writer->op_count++;
}

static void put_value(struct ph_op_writer *writer, struct ph_bytes value)
{
    ph_buffer_put(&writer->content, value.data, value.len);
    writer->value_count++;
}

static void put_ref(struct ph_buffer *out, const struct ph_op_ref *ref)
{
    if (!ph_writer_id_is_zero(&ref->writer)) {
        ph_pack_array(out, 4);
        ph_pack_bin(out, ph_bytes(ref->writer.bytes, sizeof ref->writer.bytes));
        ph_pack_uint(out, ref->seq);
        ph_pack_bin(out, ph_bytes(ref->check, sizeof ref->check));
    }
    ph_pack_uint(out, ref->index);
}

static void put_refs(struct ph_buffer *out, const struct ph_op_ref *refs, size_t count)
{
    if (count > PH_REFS_PER_OP_MAX) {
        out->overflow = true;
        return;
    }
    ph_pack_array(out, count);
    for (size_t i = 0; i < count; i++)
        put_ref(out, &refs[i]);
}

void ph_ops_create(struct ph_op_writer *writer)
{
    begin_op(writer, PH_OP_CREATE);
}

void ph_ops_set(struct ph_op_writer *writer, uint16_t field, const struct ph_op_ref *overwrites,
                size_t overwrite_count, struct ph_bytes value)
{
    begin_op(writer, PH_OP_SET);
    ph_pack_uint(&writer->skeleton, field);
    put_refs(&writer->skeleton, overwrites, overwrite_count);
    put_value(writer, value);
}

void ph_ops_add(struct ph_op_writer *writer, uint16_t field, struct ph_bytes value)
{
    begin_op(writer, PH_OP_ADD);
    ph_pack_uint(&writer->skeleton, field);
    put_value(writer, value);
}

void ph_ops_remove(struct ph_op_writer *writer, uint16_t field, const struct ph_op_ref *adds,
                   size_t add_count)
{
    begin_op(writer, PH_OP_REMOVE);
    ph_pack_uint(&writer->skeleton, field);
    put_refs(&writer->skeleton, adds, add_count);
}

enum ph_status ph_ops_end(struct ph_op_writer *writer, struct ph_body *body)
{
    close_group(writer);
    insert_count(&writer->skeleton, 0, writer->group_count);
    if (writer->value_count != 0)
        insert_count(&writer->content, 0, writer->value_count);
    if (writer->skeleton.overflow || writer->content.overflow)
        return PH_LIMIT;
    if (writer->skeleton.len + writer->content.len > PH_BODY_MAX)
        return PH_LIMIT;
    *body = (struct ph_body){
        .skeleton = ph_buffer_bytes(&writer->skeleton),
        .content = ph_buffer_bytes(&writer->content),
        .content_len = (uint16_t)writer->content.len,
    };
    return PH_OK;
}

struct ph_record_id ph_record_id_make(const struct ph_school_id *owner, uint32_t seq,
                                      const uint8_t random[4])
{
    struct ph_record_id id;
    memcpy(id.bytes, owner->bytes, PH_SCHOOL_PREFIX_LEN);
    ph_put_u32(id.bytes + PH_SCHOOL_PREFIX_LEN, seq);
    memcpy(id.bytes + PH_SCHOOL_PREFIX_LEN + RECORD_SEQ_LEN, random, 4);
    return id;
}

bool ph_record_id_is_of(const struct ph_record_id *id, const struct ph_school_id *school)
{
    return memcmp(id->bytes, school->bytes, PH_SCHOOL_PREFIX_LEN) == 0;
}

uint32_t ph_record_id_seq(const struct ph_record_id *id)
{
    return ph_get_u32(id->bytes + PH_SCHOOL_PREFIX_LEN);
}
