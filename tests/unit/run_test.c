#include "proto/run.h"

#include "tests/support/check.h"

#define QUOTA UINT64_MAX
#define RUN_SIZE 70000

static struct ph_sign_secret secret;
static struct ph_writer_id writer;

static struct ph_link a_start(void)
{
    const struct ph_fact_id certify = {{1, 2, 3}};
    return ph_link_first(&certify);
}

static struct ph_body a_body(const char *skeleton, const char *content)
{
    return (struct ph_body){
        .skeleton = ph_bytes_text(skeleton),
        .content = ph_bytes_text(content),
        .content_len = (uint16_t)strlen(content),
        .salt = {{5, 6, 7}},
    };
}

static struct ph_body a_body_without_content(const char *skeleton, const char *content)
{
    struct ph_body body = a_body(skeleton, content);
    body.content_hash = ph_body_content_hash(&body);
    body.content_is_missing = true;
    body.content = ph_bytes(NULL, 0);
    return body;
}

/* A run of these bodies from the start of the log, as an array of its five items. */
static struct ph_bytes a_run(const struct ph_body *bodies, uint32_t count, uint8_t *bytes)
{
    struct ph_buffer out = ph_buffer(bytes, RUN_SIZE);
    struct ph_run_writer run;
    struct ph_link link = a_start();
    ph_pack_array(&out, 5);
    ph_run_begin(&run, &out, &writer, &link, count);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t encoded[PH_HEADER_LEN];
        struct ph_header header =
            ph_header_after(&link, &writer, link.lamport + 1, 1000 - 900 * (int64_t)i, &bodies[i]);
        ph_header_encode(&header, encoded);
        struct ph_entry_id id = ph_header_id(encoded);
        ph_run_add(&run, &header, &bodies[i]);
        link = ph_link_after(&header, &id);
    }
    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, link.id.bytes, &secret);
    ph_run_end(&run, &signature);
    CHECK(!out.overflow);
    return ph_buffer_bytes(&out);
}

static struct ph_bytes a_small_run(uint8_t *bytes)
{
    const struct ph_body bodies[] = {
        a_body("first", "content"),
        a_body("second", ""),
        a_body_without_content("third", "lost"),
    };
    return a_run(bodies, 3, bytes);
}

static enum ph_status take_from(struct ph_bytes bytes, struct ph_link link, uint64_t quota)
{
    struct ph_unpacker unpacker;
    struct ph_run_reader run;
    struct ph_signature signature;
    PH_TRY(ph_unpack(&unpacker, bytes));
    ph_unpack_array_of(&unpacker, 5);
    PH_TRY(ph_run_open(&unpacker, &run));
    PH_TRY(ph_unpack_end(&unpacker));
    for (uint32_t i = 0; i < run.head.entry_count; i++) {
        struct ph_run_entry entry;
        PH_TRY(ph_run_next(&run, &link, quota, &entry));
    }
    return ph_run_verify(&run, &link, &signature);
}

static enum ph_status take(struct ph_bytes bytes)
{
    return take_from(bytes, a_start(), QUOTA);
}

static void run_gives_back_headers_bodies_and_signature(void **state)
{
    (void)state;
    static uint8_t bytes[RUN_SIZE];
    struct ph_unpacker unpacker;
    struct ph_run_reader run;
    struct ph_run_entry entries[3];
    struct ph_link link = a_start();
    CHECK_OK(ph_unpack(&unpacker, a_small_run(bytes)));
    ph_unpack_array_of(&unpacker, 5);

    CHECK_OK(ph_run_open(&unpacker, &run));
    for (int i = 0; i < 3; i++)
        CHECK_OK(ph_run_next(&run, &link, QUOTA, &entries[i]));

    assert_int_equal(run.head.entry_count, 3);
    assert_int_equal(run.head.after_seq, 0);
    CHECK_BYTES(entries[0].body.content, ph_bytes_text("content"));
    CHECK(!entries[1].body.content_is_missing && entries[1].body.content_len == 0);
    CHECK(entries[2].body.content_is_missing && entries[2].body.content_len == 4);
    CHECK(entries[1].header.time_ms == 100 && entries[2].header.time_ms == -800);
    CHECK(entries[2].header.sum == 5 + 7 + 6 + 5 + 4 && link.seq == 3);
    CHECK(ph_entry_id_equal(&entries[2].header.previous, &entries[1].id));
    struct ph_signature signature;
    CHECK_OK(ph_run_verify(&run, &link, &signature));
    CHECK_OK(ph_verify(PH_SIGNED_ENTRY, entries[2].id.bytes, &signature, writer.bytes));
}

/* Whatever the bit says: head, step, time, skeleton, salt, content, hash, length or signature. */
static void run_with_any_bit_flipped_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[RUN_SIZE];
    struct ph_bytes run = a_small_run(bytes);
    CHECK_OK(take(run));

    for (size_t bit = 0; bit < 8 * run.len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(take(run) != PH_OK);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void run_cut_anywhere_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[RUN_SIZE];
    struct ph_bytes run = a_small_run(bytes);

    for (size_t len = 0; len < run.len; len++)
        CHECK_STATUS(take(ph_bytes(bytes, len)), PH_MALFORMED);
}

static void run_after_another_entry_than_it_names_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[RUN_SIZE];
    struct ph_bytes run = a_small_run(bytes);
    struct ph_link other_id = a_start(), other_seq = a_start();
    other_id.id.bytes[0] ^= 1;
    other_seq.seq = 1;

    CHECK_STATUS(take_from(run, other_id, QUOTA), PH_MALFORMED);
    CHECK_STATUS(take_from(run, other_seq, QUOTA), PH_MALFORMED);
}

static void run_past_the_quota_is_refused_and_nothing_has_moved(void **state)
{
    (void)state;
    static uint8_t bytes[RUN_SIZE];
    struct ph_unpacker unpacker;
    struct ph_run_reader run;
    struct ph_run_entry entry;
    struct ph_link link = a_start();
    uint64_t two = 2 * PH_HEADER_LEN + 18, one = two - 1; /* what so many entries take */
    CHECK_OK(ph_unpack(&unpacker, a_small_run(bytes)));
    ph_unpack_array_of(&unpacker, 5);
    CHECK_OK(ph_run_open(&unpacker, &run));
    CHECK_OK(ph_run_next(&run, &link, one, &entry));

    CHECK_STATUS(ph_run_next(&run, &link, one, &entry), PH_LIMIT);

    CHECK(link.seq == 1);
    CHECK_OK(ph_run_next(&run, &link, two, &entry));
}

static void run_counts_128_and_the_body_of_each_entry(void **state)
{
    (void)state;
    static uint8_t bytes[RUN_SIZE];
    static char skeleton[PH_BODY_MAX + 1];
    memset(skeleton, 's', PH_BODY_MAX);
    struct ph_body bodies[] = {a_body(skeleton, ""), a_body(skeleton, "")};
    bodies[1].skeleton.len = PH_RUN_COUNTED_MAX - 2 * PH_HEADER_LEN - PH_BODY_MAX;

    CHECK_OK(take(a_run(bodies, 2, bytes)));
    bodies[1].skeleton.len++;
    CHECK_STATUS(take(a_run(bodies, 2, bytes)), PH_LIMIT);
}

/* One entry, written by hand after the right head; the signature is not reached. */
static enum ph_status take_entry(const uint8_t *entry, size_t len, size_t tail_len)
{
    static uint8_t bytes[RUN_SIZE];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct ph_run_writer run;
    struct ph_link link = a_start();
    const struct ph_signature signature = {{0}};
    static const uint8_t tail[PH_BODY_MAX];
    ph_pack_array(&out, 5);
    ph_run_begin(&run, &out, &writer, &link, 1);
    ph_buffer_put(&out, entry, len);
    ph_buffer_put(&out, tail, tail_len);
    ph_run_end(&run, &signature);
    CHECK_OK(ph_pack_scan(ph_buffer_bytes(&out)));
    return take(ph_buffer_bytes(&out));
}

#define TAKE_ENTRY(tail_len, ...)                                                                  \
    take_entry((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), tail_len)

static void entries_of_other_forms_are_refused(void **state)
{
    (void)state;
    CHECK_STATUS(TAKE_ENTRY(0, 0x93, 1, 0, 0xc4, 0), PH_UNAUTHENTIC); /* good but for signature */
    CHECK_STATUS(TAKE_ENTRY(0, 0x92, 1, 0), PH_MALFORMED);
    CHECK_STATUS(TAKE_ENTRY(0, 0x94, 1, 0, 0xc4, 0, 0xc0), PH_MALFORMED);
    CHECK_STATUS(TAKE_ENTRY(0, 0x93, 0, 0, 0xc4, 0), PH_MALFORMED);    /* Lamport step 0 */
    CHECK_STATUS(TAKE_ENTRY(0, 0x93, 0xff, 0, 0xc4, 0), PH_MALFORMED); /* and -1 */
    CHECK_STATUS(TAKE_ENTRY(0, 0x93, 0xce, 0, 0x10, 0, 1, 0, 0xc4, 0), PH_MALFORMED);
    CHECK_STATUS(TAKE_ENTRY(0, 0x93, 1, 0xc0, 0xc4, 0), PH_MALFORMED);
    CHECK_STATUS(TAKE_ENTRY(0, 0x93, 1, 0, 0xa1, 'x'), PH_MALFORMED);
    CHECK_STATUS(TAKE_ENTRY(0, 0xc0), PH_MALFORMED);
}

static void content_of_other_forms_is_refused(void **state)
{
    (void)state;
#define SALT 0xc4, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define HASH                                                                                       \
    0xc4, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  \
        0, 0, 0, 0
    CHECK_STATUS(TAKE_ENTRY(0, 0x95, 1, 0, 0xc4, 0, SALT, 0xc4, 1, 'x'), PH_UNAUTHENTIC);
    CHECK_STATUS(TAKE_ENTRY(0, 0x95, 1, 0, 0xc4, 0, HASH, 1), PH_UNAUTHENTIC);
    CHECK_STATUS(TAKE_ENTRY(0, 0x95, 1, 0, 0xc4, 0, SALT, 0xc4, 0), PH_MALFORMED); /* empty */
    CHECK_STATUS(TAKE_ENTRY(0, 0x95, 1, 0, 0xc4, 0, HASH, 0), PH_MALFORMED);
    CHECK_STATUS(TAKE_ENTRY(0, 0x95, 1, 0, 0xc4, 0, SALT, 1), PH_MALFORMED);
    CHECK_STATUS(TAKE_ENTRY(0, 0x95, 1, 0, 0xc4, 0, HASH, 0xc4, 1, 'x'), PH_MALFORMED);
    CHECK_STATUS(TAKE_ENTRY(0, 0x95, 1, 0, 0xc4, 0, 0xc4, 0, 0xc4, 1, 'x'), PH_MALFORMED);
}

static void bodies_over_the_limit_are_refused(void **state)
{
    (void)state;
    /* Skeletons of 0x8000 and 0x8001 bytes; then of 1 and 0 with missing content. */
    CHECK_STATUS(TAKE_ENTRY(0x8000, 0x93, 1, 0, 0xc5, 0x80, 0), PH_UNAUTHENTIC);
    CHECK_STATUS(TAKE_ENTRY(0x8000, 0x93, 1, 0, 0xc5, 0x80, 1, 0), PH_MALFORMED);
    CHECK_STATUS(TAKE_ENTRY(0, 0x95, 1, 0, 0xc4, 1, 0, HASH, 0xcd, 0x80, 0), PH_MALFORMED);
    CHECK_STATUS(TAKE_ENTRY(0, 0x95, 1, 0, 0xc4, 0, HASH, 0xcd, 0x80, 0), PH_UNAUTHENTIC);
    CHECK_STATUS(TAKE_ENTRY(0, 0x95, 1, 0, 0xc4, 0, HASH, 0xce, 0, 1, 0, 1), PH_MALFORMED);
}

static void run_without_entries_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[RUN_SIZE];
    CHECK_STATUS(take(a_run(NULL, 0, bytes)), PH_MALFORMED);
}

int main(void)
{
    const uint8_t seed[32] = {7};
    if (ph_crypto_init() != PH_OK)
        return 1;
    ph_sign_key_from_seed(seed, &secret, writer.bytes);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_gives_back_headers_bodies_and_signature),
        cmocka_unit_test(run_with_any_bit_flipped_is_refused),
        cmocka_unit_test(run_cut_anywhere_is_refused),
        cmocka_unit_test(run_after_another_entry_than_it_names_is_refused),
        cmocka_unit_test(run_past_the_quota_is_refused_and_nothing_has_moved),
        cmocka_unit_test(run_counts_128_and_the_body_of_each_entry),
        cmocka_unit_test(entries_of_other_forms_are_refused),
        cmocka_unit_test(content_of_other_forms_is_refused),
        cmocka_unit_test(bodies_over_the_limit_are_refused),
        cmocka_unit_test(run_without_entries_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
