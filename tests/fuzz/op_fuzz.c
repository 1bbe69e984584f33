/* Bodies: two bytes of skeleton length, skeleton, content. Whatever they are, reading them stays
 * within its limits and tells the same twice; what our writer could have written, it writes again
 * to the same bytes. */
#include "proto/op.h"
#include "tests/fuzz/fuzz.h"

static uint8_t skeleton_bytes[PH_BODY_MAX], content_bytes[PH_BODY_MAX];

static const struct ph_op_place place = {.writer = {{1, 2, 3}}, .seq = 5, .id = {{9, 8, 7}}};

/* Ops written again as they are read. */
struct copy {
    struct ph_op_writer writer;
    struct ph_op last; /* whose group is open */
    bool is_open;
    bool is_whole; /* nothing was met that the writer can't write */
};

static bool is_same_group(const struct ph_op *a, const struct ph_op *b)
{
    return a->kind == b->kind && a->audience == b->audience &&
           ph_record_id_equal(&a->record, &b->record);
}

/* References as they were before they were resolved. */
static uint16_t unresolved(const struct ph_op *op, struct ph_op_ref *refs)
{
    uint16_t count = ph_op_refs(op, refs);
    FUZZ_CHECK(count <= op->ref_count && op->ref_count <= PH_REFS_PER_OP_MAX);
    for (uint16_t i = 0; i < count; i++)
        if (ph_writer_id_equal(&refs[i].writer, &place.writer) && refs[i].seq == place.seq &&
            memcmp(refs[i].check, place.id.bytes, sizeof refs[i].check) == 0)
            refs[i].writer = (struct ph_writer_id){{0}};
    return count;
}

static void copy_op(struct copy *copy, const struct ph_op *op)
{
    struct ph_op_ref refs[PH_REFS_PER_OP_MAX];
    uint16_t ref_count = unresolved(op, refs);
    bool is_known = op->type <= PH_OP_REMOVE && op->audience != PH_AUDIENCE_NAMED;
    copy->is_whole = copy->is_whole && is_known && ref_count == op->ref_count &&
                     !(op->carries_value && op->value_is_missing);
    if (!copy->is_whole)
        return;
    if (!copy->is_open || !is_same_group(&copy->last, op))
        ph_ops_group(&copy->writer, op->kind, &op->record, op->audience);
    copy->is_open = true;
    copy->last = *op;
    if (op->type == PH_OP_CREATE)
        ph_ops_create(&copy->writer);
    else if (op->type == PH_OP_SET)
        ph_ops_set(&copy->writer, op->field, refs, ref_count, op->value);
    else if (op->type == PH_OP_ADD)
        ph_ops_add(&copy->writer, op->field, op->value);
    else
        ph_ops_remove(&copy->writer, op->field, refs, ref_count);
}

/* What the copy reads like must be what was read. */
static void check_copy(struct copy *copy, const struct ph_body *body)
{
    struct ph_body again;
    struct ph_op_reader one, two;
    struct ph_op a, b;
    if (!copy->is_whole || ph_ops_end(&copy->writer, &again) != PH_OK)
        return;
    FUZZ_CHECK(ph_ops_open(&one, &place, body) == PH_OK);
    FUZZ_CHECK(ph_ops_open(&two, &place, &again) == PH_OK);
    while (ph_ops_next(&one, &a)) {
        FUZZ_CHECK(ph_ops_next(&two, &b));
        FUZZ_CHECK(a.type == b.type && a.field == b.field && is_same_group(&a, &b));
        FUZZ_CHECK(ph_op_ref_compare(&a.self, &b.self) == 0 && a.ref_count == b.ref_count);
        FUZZ_CHECK(ph_bytes_equal(a.value, b.value));
    }
    FUZZ_CHECK(!ph_ops_next(&two, &b));
}

static void check_op(const struct ph_op *op, uint32_t index, const struct ph_body *body)
{
    FUZZ_CHECK(op->self.index == index && op->self.seq == place.seq);
    FUZZ_CHECK(op->type <= PH_OP_UNKNOWN && op->audience <= PH_AUDIENCE_NAMED);
    if (!op->carries_value || op->value_is_missing)
        return;
    FUZZ_CHECK(op->value.len != 0 && op->value.data >= body->content.data &&
               op->value.data + op->value.len <= body->content.data + body->content.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct ph_op_reader reader;
    struct ph_op op;
    struct copy copy = {.is_whole = true};
    uint32_t count = 0;
    if (size > PH_BODY_MAX)
        return 0;
    struct ph_bytes skeleton = fuzz_copy(fuzz_bytes(&input, UINT16_MAX));
    struct ph_bytes content = fuzz_copy(ph_bytes(input.next, input.left));
    struct ph_body body = {
        .skeleton = skeleton, .content = content, .content_len = (uint16_t)content.len};
    ph_ops_begin(&copy.writer, skeleton_bytes, content_bytes, PH_BODY_MAX);
    if (ph_ops_open(&reader, &place, &body) == PH_OK) {
        while (ph_ops_next(&reader, &op)) {
            check_op(&op, count++, &body);
            copy_op(&copy, &op);
        }
        FUZZ_CHECK(count != 0 && count <= PH_OPS_PER_ENTRY_MAX && !reader.skeleton.failed);
        FUZZ_CHECK(!reader.content_is_usable || ph_unpack_end(&reader.content) == PH_OK);
        check_copy(&copy, &body);
    }
    fuzz_free(skeleton);
    fuzz_free(content);
    return 0;
}
