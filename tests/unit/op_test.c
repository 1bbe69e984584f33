#include "proto/op.h"

#include "tests/support/check.h"

static const struct ph_record_id a_record = {{1, 2, 3}};
static const struct ph_op_place a_place = {.writer = {{7}}, .seq = 3, .id = {{8, 9}}};
static uint8_t skeleton[PH_BODY_MAX], content[PH_BODY_MAX];

static const struct ph_op_ref an_op_elsewhere = {.writer = {{5}}, .seq = 2, .index = 4};
static const struct ph_op_ref first_of_this_entry = {.index = 0};

static struct ph_bytes a_value(void)
{
    static const uint8_t value[] = {0xa2, 'h', 'i'};
    return ph_bytes(value, sizeof value);
}

static struct ph_op_writer a_writer(void)
{
    struct ph_op_writer writer;
    ph_ops_begin(&writer, skeleton, content, PH_BODY_MAX);
    return writer;
}

/* The skeleton of one group with the ops that are given as their items. */
static struct ph_bytes a_skeleton(const uint8_t *ops, size_t len)
{
    struct ph_buffer out = ph_buffer(skeleton, sizeof skeleton);
    ph_pack_array(&out, 1);
    ph_pack_array(&out, 4);
    ph_pack_uint(&out, 3);
    ph_pack_bin(&out, ph_bytes(a_record.bytes, sizeof a_record.bytes));
    ph_pack_uint(&out, PH_AUDIENCE_NETWORK);
    ph_buffer_put(&out, ops, len);
    return ph_buffer_bytes(&out);
}

static enum ph_status open_skeleton(struct ph_bytes bytes)
{
    struct ph_op_reader reader;
    struct ph_op op;
    struct ph_body body = {.skeleton = bytes};
    enum ph_status status = ph_ops_open(&reader, &a_place, &body);
    if (status != PH_OK)
        CHECK(!ph_ops_next(&reader, &op));
    return status;
}

#define OPEN_OPS(...)                                                                              \
    open_skeleton(                                                                                 \
        a_skeleton((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})))

static void ops_that_were_built_are_read_in_order(void **state)
{
    (void)state;
    const struct ph_record_id other = {{9}};
    struct ph_op_writer writer = a_writer();
    const struct ph_op_ref refs[] = {first_of_this_entry, an_op_elsewhere};
    struct ph_body body;
    struct ph_op_reader reader;
    struct ph_op op;
    ph_ops_group(&writer, 3, &a_record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&writer);
    ph_ops_set(&writer, 5, refs, 2, a_value());
    ph_ops_group(&writer, 4, &other, PH_AUDIENCE_SCHOOL);
    ph_ops_remove(&writer, 6, refs, 1);
    CHECK_OK(ph_ops_end(&writer, &body));

    CHECK_OK(ph_ops_open(&reader, &a_place, &body));
    CHECK(ph_ops_next(&reader, &op));
    CHECK(op.type == PH_OP_CREATE && op.kind == 3 && !op.carries_value && op.self.index == 0);
    CHECK(ph_ops_next(&reader, &op));
    CHECK(op.type == PH_OP_SET && op.field == 5 && op.ref_count == 2 && op.self.index == 1);
    CHECK(op.carries_value && !op.value_is_missing);
    CHECK_BYTES(op.value, a_value());
    CHECK(ph_ops_next(&reader, &op));
    CHECK(op.type == PH_OP_REMOVE && op.kind == 4 && op.audience == PH_AUDIENCE_SCHOOL);
    CHECK(ph_record_id_equal(&op.record, &other) && op.self.index == 2);
    CHECK(!ph_ops_next(&reader, &op));
}

static void references_are_completed_and_those_not_below_are_left_out(void **state)
{
    (void)state;
    const struct ph_op_ref self = {.index = 1}, above = {.index = 2};
    const struct ph_op_ref named[] = {above, first_of_this_entry, self, an_op_elsewhere};
    struct ph_op_writer writer = a_writer();
    struct ph_body body;
    struct ph_op_reader reader;
    struct ph_op op;
    struct ph_op_ref refs[PH_REFS_PER_OP_MAX];
    ph_ops_group(&writer, 3, &a_record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&writer);
    ph_ops_remove(&writer, 5, named, 4);
    CHECK_OK(ph_ops_end(&writer, &body));
    CHECK_OK(ph_ops_open(&reader, &a_place, &body));
    CHECK(ph_ops_next(&reader, &op));
    CHECK(ph_ops_next(&reader, &op));

    assert_int_equal(ph_op_refs(&op, refs), 2);

    struct ph_op_ref first = ph_op_ref(&a_place.writer, 3, &a_place.id, 0);
    CHECK(ph_op_ref_compare(&refs[0], &first) == 0);
    CHECK(ph_op_ref_compare(&refs[1], &an_op_elsewhere) == 0);
}

static void content_that_does_not_fit_leaves_values_missing(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[8];
        size_t len;
        bool is_there;
    } contents[] = {
        {{0x92, 0xa1, 'a', 0xa1, 'b'}, 5, true},
        {{0x92, 0xa1, 'a', 0xc0}, 4, true},
        {{0x91, 0xa1, 'a'}, 3, false},                  /* one too few */
        {{0x93, 0xa1, 'a', 0xa1, 'b', 0xc0}, 6, false}, /* one too many */
        {{0x92, 0xa1, 'a', 0xa1, 'b', 0}, 6, false},    /* something behind */
        {{0x92, 0xd9, 1, 'a', 0xc0}, 5, false},         /* not the shortest form */
        {{0xa1, 'a'}, 2, false},
        {{0}, 0, false},
    };
    const uint8_t ops[] = {0x92, 0x93, 1, 3, 0x90, 0x92, 2, 4};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        struct ph_body body = {.skeleton = a_skeleton(ops, sizeof ops),
                               .content = ph_bytes(contents[i].bytes, contents[i].len)};
        struct ph_op_reader reader;
        struct ph_op op;
        CHECK_OK(ph_ops_open(&reader, &a_place, &body));
        CHECK(ph_ops_next(&reader, &op));
        CHECK(op.type == PH_OP_SET && op.value_is_missing == !contents[i].is_there);
        CHECK(ph_ops_next(&reader, &op));
        CHECK(op.type == PH_OP_ADD && op.value_is_missing == !contents[i].is_there);
        CHECK(!ph_ops_next(&reader, &op));
    }
}

static void content_that_is_missing_is_not_looked_at(void **state)
{
    (void)state;
    const uint8_t ops[] = {0x91, 0x92, 2, 4}, stale[] = {0x91, 0xc0};
    struct ph_body body = {.skeleton = a_skeleton(ops, sizeof ops),
                           .content = ph_bytes(stale, sizeof stale),
                           .content_is_missing = true};
    struct ph_op_reader reader;
    struct ph_op op;
    CHECK_OK(ph_ops_open(&reader, &a_place, &body));
    CHECK(ph_ops_next(&reader, &op));
    CHECK(op.carries_value && op.value_is_missing);
}

#define CHECK16 0xc4, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define WRITER32                                                                                   \
    0xc4, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  \
        0, 0, 0, 0
#define FULL 0x94, WRITER32, 1, CHECK16, 0

static void every_known_form_parses(void **state)
{
    (void)state;
    CHECK_OK(OPEN_OPS(0x91, 0x91, 0));
    CHECK_OK(OPEN_OPS(0x91, 0x93, 1, 3, 0x92, 0, FULL));
    CHECK_OK(OPEN_OPS(0x91, 0x92, 2, 3));
    CHECK_OK(OPEN_OPS(0x91, 0x93, 3, 3, 0x91, FULL));
    CHECK_OK(OPEN_OPS(0x91, 0x95, 4, 3, 0xc0, 0, 5));
    CHECK_OK(OPEN_OPS(0x91, 0x95, 4, 3, FULL, 1, 5));
    CHECK_OK(OPEN_OPS(0x91, 0x93, 5, 3, 0x91, 0x93, FULL, 0, 1));
    CHECK_OK(OPEN_OPS(0x91, 0x95, 6, 3, 0x90, 1, 40));
    CHECK_OK(OPEN_OPS(0x91, 0x92, 7, 0x91, 0x93, WRITER32, 1, CHECK16));
    CHECK_OK(OPEN_OPS(0x91, 0x92, 8, CHECK16));
    CHECK_OK(OPEN_OPS(0x91, 0x91, 9));
    CHECK_OK(OPEN_OPS(0x91, 0x92, 0xcc, 200, 0xc0));
}

static void every_other_form_makes_an_entry_without_ops(void **state)
{
    (void)state;
    CHECK_STATUS(OPEN_OPS(0x90), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0xc0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x90), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x91, 0xc0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x92, 0, 0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x92, 1, 3), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x93, 1, 3, 0xc0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x93, 1, 3, 0x91, 0xff), PH_NOT_FOUND); /* reference -1 */
    CHECK_STATUS(OPEN_OPS(0x91, 0x93, 1, 3, 0x91, 0x93, WRITER32, 1, CHECK16), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x93, 1, 3, 0x91, 0x94, WRITER32, 1, WRITER32, 0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x93, 2, 3, 0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x92, 2, 0xce, 0, 1, 0, 0), PH_NOT_FOUND); /* field 65536 */
    CHECK_STATUS(OPEN_OPS(0x91, 0x92, 3, 3), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x95, 4, 3, 0xc0, 2, 5), PH_NOT_FOUND); /* side 2 */
    CHECK_STATUS(OPEN_OPS(0x91, 0x95, 4, 3, 0xc0, 0, 0xc0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x94, 4, 3, 0xc0, 0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x93, 5, 3, 0x91, 0x92, 0, 0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x95, 6, 3, 0xc0, 1, 40), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x92, 7, 0x91, FULL), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x91, 0x92, 8, WRITER32), PH_NOT_FOUND);
    /* Too short, then too long: read on without counting, three ops would come out. */
    CHECK_STATUS(OPEN_OPS(0x93, 0x91, 2, 5, 0x92, 0, 0x91, 0), PH_NOT_FOUND);
    CHECK_STATUS(OPEN_OPS(0x92, 0x91, 0, 0x92, 0, 0), PH_NOT_FOUND); /* the second spoils both */
    CHECK_STATUS(OPEN_OPS(0x91, 0x91, 0, 0), PH_NOT_FOUND);          /* something behind */
}

static void heads_of_groups_of_other_forms_make_an_entry_without_ops(void **state)
{
    (void)state;
    const uint8_t ops[] = {0x91, 0x91, 0};
    struct ph_bytes good = a_skeleton(ops, sizeof ops);
    CHECK_OK(open_skeleton(good));
    static const struct {
        size_t at;
        uint8_t byte;
    } wrong[] = {{0, 0x81}, {0, 0x92}, {1, 0x93}, {1, 0x95},
                 {2, 0xc0}, {4, 15},   {21, 2},   {21, 0xc0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t kept = skeleton[wrong[i].at];
        skeleton[wrong[i].at] = wrong[i].byte;
        CHECK_STATUS(open_skeleton(good), PH_NOT_FOUND);
        skeleton[wrong[i].at] = kept;
    }
    CHECK_STATUS(open_skeleton(ph_bytes(NULL, 0)), PH_NOT_FOUND);
}

static void skeleton_cut_anywhere_has_no_ops(void **state)
{
    (void)state;
    const uint8_t ops[] = {0x92, 0x93, 1, 3, 0x91, FULL, 0x92, 7, 0x91, 0x93, WRITER32, 1, CHECK16};
    struct ph_bytes whole = a_skeleton(ops, sizeof ops);
    CHECK_OK(open_skeleton(whole));

    for (size_t len = 0; len < whole.len; len++)
        CHECK_STATUS(open_skeleton(ph_bytes(whole.data, len)), PH_NOT_FOUND);
}

/* So many ops in each of two groups, so many references in one more op. */
static enum ph_status build(size_t op_count, size_t ref_count, struct ph_body *body)
{
    static const struct ph_op_ref refs[PH_REFS_PER_OP_MAX + 1];
    struct ph_op_writer writer = a_writer();
    ph_ops_group(&writer, 3, &a_record, PH_AUDIENCE_NETWORK);
    for (size_t i = 1; i < op_count; i++) {
        if (i == op_count / 2)
            ph_ops_group(&writer, 4, &a_record, PH_AUDIENCE_NETWORK);
        ph_ops_create(&writer);
    }
    ph_ops_remove(&writer, 3, refs, ref_count);
    return ph_ops_end(&writer, body);
}

static void as_many_ops_and_references_as_the_limits_allow_are_built_and_read(void **state)
{
    (void)state;
    struct ph_body body;
    struct ph_op_reader reader;
    struct ph_op op;
    uint32_t count = 0;
    CHECK_OK(build(PH_OPS_PER_ENTRY_MAX, PH_REFS_PER_OP_MAX, &body));
    CHECK_OK(ph_ops_open(&reader, &a_place, &body));
    while (ph_ops_next(&reader, &op))
        count++;
    assert_int_equal(count, PH_OPS_PER_ENTRY_MAX);
    assert_int_equal(op.ref_count, PH_REFS_PER_OP_MAX);

    CHECK_STATUS(build(PH_OPS_PER_ENTRY_MAX + 1, 1, &body), PH_LIMIT);
    CHECK_STATUS(build(1, PH_REFS_PER_OP_MAX + 1, &body), PH_LIMIT);
}

static void more_ops_or_references_than_the_limits_have_no_effect(void **state)
{
    (void)state;
    uint8_t ops[4096] = {0xdc, 0x01, 0x00};
    for (size_t i = 0; i <= PH_OPS_PER_ENTRY_MAX; i++)
        ops[3 + 2 * i] = 0x91; /* and 0: a create */
    CHECK_OK(open_skeleton(a_skeleton(ops, 3 + 2 * 256)));
    ops[2] = 0x01;
    CHECK_STATUS(open_skeleton(a_skeleton(ops, 3 + 2 * 257)), PH_NOT_FOUND);

    uint8_t refs[512] = {0x91, 0x93, 3, 3, 0xdc, 0x01, 0x00};
    CHECK_OK(open_skeleton(a_skeleton(refs, 7 + 256)));
    refs[6] = 0x01;
    CHECK_STATUS(open_skeleton(a_skeleton(refs, 7 + 257)), PH_NOT_FOUND);
}

static void body_over_the_limit_is_not_built(void **state)
{
    (void)state;
    static uint8_t value[PH_BODY_MAX] = {0xc5, 0x7f, 0x00};
    struct ph_body body;
    for (size_t more = 0; more < 2; more++) {
        struct ph_op_writer writer = a_writer();
        ph_ops_group(&writer, 3, &a_record, PH_AUDIENCE_NETWORK);
        ph_ops_add(&writer, 3, ph_bytes(value, 3 + 0x7f00));
        size_t left = PH_BODY_MAX - 1 - (3 + 0x7f00) - 29; /* 29: skeleton of two adds */
        value[0] = 0xc4;
        value[1] = (uint8_t)(left - 2 + more);
        ph_ops_add(&writer, 3, ph_bytes(value, left + more));
        CHECK_STATUS(ph_ops_end(&writer, &body), more == 0 ? PH_OK : PH_LIMIT);
        value[0] = 0xc5;
        value[1] = 0x7f;
    }
}

static void record_id_tells_owner_and_sequence(void **state)
{
    (void)state;
    const struct ph_school_id owner = {{1, 2, 3, 4, 5, 6, 7, 8, 9}};
    struct ph_school_id other = owner;
    const uint8_t random[4] = {9, 8, 7, 6};

    struct ph_record_id id = ph_record_id_make(&owner, 0x01020304, random);

    const uint8_t wanted[16] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 9, 8, 7, 6};
    CHECK_BYTES(ph_bytes(id.bytes, 16), ph_bytes(wanted, 16));
    CHECK(ph_record_id_seq(&id) == 0x01020304);
    other.bytes[8]++;
    CHECK(ph_record_id_is_of(&id, &owner) && ph_record_id_is_of(&id, &other));
    other.bytes[7]++;
    CHECK(!ph_record_id_is_of(&id, &other));
}

CHECK_MAIN(cmocka_unit_test(ops_that_were_built_are_read_in_order),
           cmocka_unit_test(references_are_completed_and_those_not_below_are_left_out),
           cmocka_unit_test(content_that_does_not_fit_leaves_values_missing),
           cmocka_unit_test(content_that_is_missing_is_not_looked_at),
           cmocka_unit_test(every_known_form_parses),
           cmocka_unit_test(every_other_form_makes_an_entry_without_ops),
           cmocka_unit_test(heads_of_groups_of_other_forms_make_an_entry_without_ops),
           cmocka_unit_test(skeleton_cut_anywhere_has_no_ops),
           cmocka_unit_test(as_many_ops_and_references_as_the_limits_allow_are_built_and_read),
           cmocka_unit_test(more_ops_or_references_than_the_limits_have_no_effect),
           cmocka_unit_test(body_over_the_limit_is_not_built),
           cmocka_unit_test(record_id_tells_owner_and_sequence))
