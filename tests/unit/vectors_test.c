/* The known answers of tests/vectors/entries.json: taken, taken apart, and made again bit by
 * bit. */
#include <stdlib.h>

#include <jansson.h>

#include "proto/heads.h"
#include "proto/op.h"
#include "proto/run.h"
#include "tests/support/check.h"

#define QUOTA UINT64_MAX

static json_t *vectors;

/* Bytes of a hex text, kept until the end. */
static struct ph_bytes bytes_of(const json_t *object, const char *name)
{
    static uint8_t arena[1 << 20];
    static size_t used;
    const char *hex = json_string_value(json_object_get(object, name));
    assert_non_null(hex);
    size_t len = strlen(hex) / 2;
    CHECK(len <= sizeof arena - used);
    uint8_t *out = arena + used;
    used += len;
    for (size_t i = 0; i < len; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return ph_bytes(out, len);
}

static void copy_of(const json_t *object, const char *name, void *out, size_t len)
{
    struct ph_bytes bytes = bytes_of(object, name);
    assert_int_equal(bytes.len, len);
    memcpy(out, bytes.data, len);
}

static json_int_t number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    CHECK(json_is_integer(value));
    return json_integer_value(value);
}

static const json_t *entry_at(size_t index)
{
    return json_array_get(json_object_get(vectors, "entries"), index);
}

static size_t entry_count(void)
{
    return json_array_size(json_object_get(vectors, "entries"));
}

static struct ph_body body_of(const json_t *entry)
{
    struct ph_body body = {
        .skeleton = bytes_of(entry, "skeleton"),
        .content = bytes_of(entry, "content"),
        .content_is_missing = json_is_true(json_object_get(entry, "content_is_missing")),
        .content_len = (uint16_t)number_of(entry, "content_len"),
    };
    copy_of(entry, "salt", body.salt.bytes, sizeof body.salt.bytes);
    if (body.content_is_missing)
        copy_of(entry, "content_hash", body.content_hash.bytes, sizeof body.content_hash.bytes);
    return body;
}

static struct ph_writer_id the_writer(void)
{
    struct ph_writer_id writer;
    copy_of(vectors, "writer", writer.bytes, sizeof writer.bytes);
    return writer;
}

/* Where the log stands after so many entries. */
static struct ph_link link_at(size_t seq)
{
    struct ph_fact_id certify;
    copy_of(vectors, "certify", certify.bytes, sizeof certify.bytes);
    if (seq == 0)
        return ph_link_first(&certify);
    struct ph_header header;
    struct ph_entry_id id;
    CHECK_OK(ph_header_decode(bytes_of(entry_at(seq - 1), "header").data, &header));
    copy_of(entry_at(seq - 1), "id", id.bytes, sizeof id.bytes);
    return ph_link_after(&header, &id);
}

static void every_entry_is_accepted_and_made_again(void **state)
{
    (void)state;
    struct ph_writer_id writer = the_writer();
    for (size_t i = 0; i < entry_count(); i++) {
        const json_t *entry = entry_at(i);
        struct ph_bytes encoded = bytes_of(entry, "header");
        struct ph_body body = body_of(entry);
        struct ph_link link = link_at(i);
        struct ph_header header;
        CHECK_OK(ph_header_decode(encoded.data, &header));

        struct ph_header made =
            ph_header_after(&link, &writer, header.lamport, header.time_ms, &body);
        uint8_t again[PH_HEADER_LEN];
        ph_header_encode(&made, again);
        struct ph_entry_id id = ph_header_id(again);
        struct ph_hash content_hash = ph_body_content_hash(&body);

        CHECK_OK(ph_entry_check(&link, &header, &body, QUOTA));
        CHECK_BYTES(ph_bytes(again, sizeof again), encoded);
        CHECK_BYTES(ph_bytes(id.bytes, sizeof id), bytes_of(entry, "id"));
        CHECK_BYTES(ph_bytes(content_hash.bytes, sizeof content_hash),
                    bytes_of(entry, "content_hash"));
        CHECK_BYTES(ph_bytes(header.body_hash.bytes, 32), bytes_of(entry, "body_hash"));
    }
}

static void numbers_of_headers_are_those_listed(void **state)
{
    (void)state;
    for (size_t i = 0; i < entry_count(); i++) {
        const json_t *entry = entry_at(i);
        struct ph_header header;
        CHECK_OK(ph_header_decode(bytes_of(entry, "header").data, &header));

        const char *time_ms = json_string_value(json_object_get(entry, "time_ms"));
        const char *lamport = json_string_value(json_object_get(entry, "lamport"));

        CHECK(header.time_ms == strtoll(time_ms, NULL, 10));
        CHECK(header.lamport == strtoull(lamport, NULL, 10));
        assert_int_equal(header.seq, i + 1);
    }
}

static void signing_each_entry_gives_the_known_signature(void **state)
{
    (void)state;
    struct ph_sign_secret secret;
    uint8_t seed[32], public_key[32];
    copy_of(vectors, "writer_seed", seed, sizeof seed);
    ph_sign_key_from_seed(seed, &secret, public_key);
    CHECK_BYTES(ph_bytes(public_key, sizeof public_key), bytes_of(vectors, "writer"));

    for (size_t i = 0; i < entry_count(); i++) {
        struct ph_signature signature =
            ph_sign(PH_SIGNED_ENTRY, bytes_of(entry_at(i), "id").data, &secret);
        CHECK_BYTES(ph_bytes(signature.bytes, sizeof signature),
                    bytes_of(entry_at(i), "signature"));
    }
}

/* Reads a run to its end; `link` comes at its start. */
static void read_run(struct ph_bytes bytes, struct ph_link *link, struct ph_run_entry *entries,
                     struct ph_signature *signature)
{
    struct ph_unpacker unpacker;
    struct ph_run_reader run;
    CHECK_OK(ph_unpack(&unpacker, bytes));
    ph_unpack_array_of(&unpacker, 5);
    CHECK_OK(ph_run_open(&unpacker, &run));
    CHECK_OK(ph_unpack_end(&unpacker));
    for (uint32_t i = 0; i < run.head.entry_count; i++)
        CHECK_OK(ph_run_next(&run, link, QUOTA, &entries[i]));
    struct ph_run_entry beyond;
    CHECK_STATUS(ph_run_next(&run, link, QUOTA, &beyond), PH_NOT_FOUND);
    CHECK_OK(ph_run_verify(&run, link, signature));
}

static void every_run_is_taken_and_encoded_again(void **state)
{
    (void)state;
    const json_t *runs = json_object_get(vectors, "runs");
    struct ph_writer_id writer = the_writer();
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *vector = json_array_get(runs, i);
        struct ph_bytes bytes = bytes_of(vector, "bytes");
        size_t after = (size_t)number_of(vector, "after");
        uint32_t count = (uint32_t)number_of(vector, "entry_count");
        struct ph_link link = link_at(after), start = link_at(after);
        struct ph_run_entry entries[16];
        struct ph_signature signature;
        read_run(bytes, &link, entries, &signature);

        uint8_t again[8192];
        struct ph_buffer out = ph_buffer(again, sizeof again);
        struct ph_run_writer run;
        ph_pack_array(&out, 5);
        ph_run_begin(&run, &out, &writer, &start, count);
        for (uint32_t k = 0; k < count; k++) {
            CHECK_BYTES(ph_bytes(entries[k].encoded, PH_HEADER_LEN),
                        bytes_of(entry_at(after + k), "header"));
            ph_run_add(&run, &entries[k].header, &entries[k].body);
        }
        ph_run_end(&run, &signature);

        CHECK_BYTES(ph_buffer_bytes(&out), bytes);
        CHECK(!out.overflow);
    }
}

static bool open_ops(size_t index, struct ph_op_reader *reader)
{
    const json_t *entry = entry_at(index);
    struct ph_op_place place = {.writer = the_writer(), .seq = (uint32_t)index + 1};
    struct ph_body body = body_of(entry);
    copy_of(entry, "id", place.id.bytes, sizeof place.id.bytes);
    enum ph_status status = ph_ops_open(reader, &place, &body);
    if (status != PH_OK)
        CHECK_STATUS(status, PH_NOT_FOUND);
    return status == PH_OK;
}

static void check_op(const struct ph_op *op, const json_t *wanted)
{
    struct ph_op_ref refs[PH_REFS_PER_OP_MAX];
    const json_t *value = json_object_get(wanted, "value");
    assert_int_equal(op->type, number_of(wanted, "type"));
    assert_int_equal(op->field, number_of(wanted, "field"));
    assert_int_equal(ph_op_refs(op, refs), number_of(wanted, "refs"));
    assert_int_equal(op->carries_value, value != NULL);
    assert_int_equal(op->value_is_missing, json_is_null(value));
    if (json_is_string(value))
        CHECK_BYTES(op->value, bytes_of(wanted, "value"));
}

static void every_body_says_the_listed_ops(void **state)
{
    (void)state;
    for (size_t i = 0; i < entry_count(); i++) {
        const json_t *ops = json_object_get(entry_at(i), "ops");
        struct ph_op_reader reader;
        struct ph_op op;
        assert_int_equal(open_ops(i, &reader), json_array_size(ops) != 0);
        for (size_t k = 0; k < json_array_size(ops); k++) {
            CHECK(ph_ops_next(&reader, &op));
            check_op(&op, json_array_get(ops, k));
            assert_int_equal(op.self.index, k);
        }
        CHECK(!ph_ops_next(&reader, &op));
    }
}

static void build_again(const struct ph_op *op, struct ph_op_writer *writer)
{
    struct ph_op_ref refs[PH_REFS_PER_OP_MAX];
    uint16_t ref_count = ph_op_refs(op, refs);
    for (uint16_t i = 0; i < ref_count; i++) {
        if (refs[i].seq == op->self.seq)
            memset(&refs[i].writer, 0, sizeof refs[i].writer);
    }
    if (op->type == PH_OP_CREATE)
        ph_ops_create(writer);
    else if (op->type == PH_OP_SET)
        ph_ops_set(writer, op->field, refs, ref_count, op->value);
    else if (op->type == PH_OP_ADD)
        ph_ops_add(writer, op->field, op->value);
    else
        ph_ops_remove(writer, op->field, refs, ref_count);
}

static void building_the_same_ops_gives_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t skeleton[PH_BODY_MAX], content[PH_BODY_MAX];
    size_t built = 0;
    for (size_t i = 0; i < entry_count(); i++) {
        if (!json_is_true(json_object_get(entry_at(i), "ops_build_the_same")))
            continue;
        struct ph_op_reader reader;
        struct ph_op_writer writer;
        struct ph_body body;
        struct ph_op op;
        CHECK(open_ops(i, &reader));
        ph_ops_begin(&writer, skeleton, content, PH_BODY_MAX);
        for (uint32_t k = 0; ph_ops_next(&reader, &op); k++) {
            if (k == 0)
                ph_ops_group(&writer, op.kind, &op.record, op.audience);
            build_again(&op, &writer);
        }
        CHECK_OK(ph_ops_end(&writer, &body));
        CHECK_BYTES(body.skeleton, bytes_of(entry_at(i), "skeleton"));
        CHECK_BYTES(body.content, bytes_of(entry_at(i), "content"));
        assert_int_equal(body.content_len, body.content.len);
        built++;
    }
    CHECK(built == 2);
}

static size_t read_heads(struct ph_head *heads)
{
    const json_t *list = json_object_get(vectors, "heads");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *head = json_array_get(list, i);
        copy_of(head, "writer", heads[i].writer.bytes, sizeof heads[i].writer.bytes);
        copy_of(head, "id", heads[i].id.bytes, sizeof heads[i].id.bytes);
        heads[i].seq = (uint32_t)number_of(head, "seq");
    }
    return json_array_size(list);
}

static size_t read_holes(struct ph_hole *holes)
{
    const json_t *list = json_object_get(vectors, "holes");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *hole = json_array_get(list, i);
        copy_of(hole, "writer", holes[i].writer.bytes, sizeof holes[i].writer.bytes);
        holes[i].seq = (uint32_t)number_of(hole, "seq");
        copy_of(hole, "id", holes[i].id.bytes, sizeof holes[i].id.bytes);
    }
    return json_array_size(list);
}

static struct ph_hash hash_of_facts(void)
{
    const json_t *list = json_object_get(vectors, "facts");
    struct ph_fact_id facts[8];
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *object = json_pack("{s:O}", "id", json_array_get(list, i));
        copy_of(object, "id", facts[i].bytes, sizeof facts[i].bytes);
        json_decref(object);
    }
    return ph_fact_set_hash(facts, json_array_size(list));
}

static void facts_heads_and_holes_give_the_known_root(void **state)
{
    (void)state;
    struct ph_head heads[8];
    struct ph_hole holes[8];
    size_t head_count = read_heads(heads), hole_count = read_holes(holes);

    struct ph_hash facts = hash_of_facts();
    struct ph_root root = ph_root(&facts, heads, head_count, holes, hole_count);
    struct ph_root empty = ph_root(&facts, NULL, 0, NULL, 0);

    CHECK_BYTES(ph_bytes(facts.bytes, 32), bytes_of(vectors, "fact_set"));
    CHECK_BYTES(ph_bytes(root.bytes, 32), bytes_of(vectors, "root"));
    CHECK_BYTES(ph_bytes(empty.bytes, 32), bytes_of(vectors, "root_of_nothing_but_facts"));
}

int main(void)
{
    vectors = json_load_file(PH_VECTORS "/entries.json", 0, NULL);
    if (vectors == NULL || ph_crypto_init() != PH_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_is_accepted_and_made_again),
        cmocka_unit_test(numbers_of_headers_are_those_listed),
        cmocka_unit_test(signing_each_entry_gives_the_known_signature),
        cmocka_unit_test(every_run_is_taken_and_encoded_again),
        cmocka_unit_test(every_body_says_the_listed_ops),
        cmocka_unit_test(building_the_same_ops_gives_the_same_bytes),
        cmocka_unit_test(facts_heads_and_holes_give_the_known_root),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(vectors);
    return failed != 0;
}
