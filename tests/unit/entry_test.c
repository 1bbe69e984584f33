#include "proto/entry.h"

#include "tests/support/check.h"

#define QUOTA 10000

/* A link in the middle of a log, a body, and the header that follows. */
struct example {
    struct ph_link link;
    struct ph_body body;
    struct ph_header header;
};

static struct example an_example(void)
{
    struct example example = {
        .link = {.seq = 7, .sum = 100, .lamport = 50, .time_ms = 1000, .id = {{1, 2, 3}}},
        .body = {.skeleton = ph_bytes_text("skeleton"),
                 .content = ph_bytes_text("content"),
                 .content_len = 7,
                 .salt = {{9, 9, 9}}},
    };
    const struct ph_writer_id writer = {{4, 5, 6}};
    example.header = ph_header_after(&example.link, &writer, 51, -5, &example.body);
    return example;
}

static enum ph_status check(const struct example *example)
{
    return ph_entry_check(&example->link, &example->header, &example->body, QUOTA);
}

static void header_of_one_s_own_making_is_accepted_and_survives_encoding(void **state)
{
    (void)state;
    struct example example = an_example();
    uint8_t encoded[PH_HEADER_LEN], again[PH_HEADER_LEN];
    struct ph_header decoded;

    CHECK_OK(check(&example));
    ph_header_encode(&example.header, encoded);
    CHECK_OK(ph_header_decode(encoded, &decoded));
    ph_header_encode(&decoded, again);

    CHECK_BYTES(ph_bytes(again, sizeof again), ph_bytes(encoded, sizeof encoded));
    CHECK(decoded.time_ms == -5);
    struct ph_entry_id id = ph_header_id(encoded);
    struct ph_link next = ph_link_after(&decoded, &id);
    CHECK(next.seq == 8 && next.sum == 115 && next.lamport == 51 && next.time_ms == -5);
}

static void every_flipped_bit_of_header_body_or_salt_is_refused(void **state)
{
    (void)state;
    struct example good = an_example();
    uint8_t encoded[PH_HEADER_LEN];
    ph_header_encode(&good.header, encoded);
    struct ph_entry_id id = ph_header_id(encoded);
    for (size_t bit = 0; bit < 8 * sizeof encoded; bit++) {
        struct example bad = good;
        encoded[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct ph_entry_id bad_id = ph_header_id(encoded);
        /* Within limits Lamport time, time and writer are free: there only the id differs, which
         * the signature is over. */
        bool is_free = bit / 8 >= 16 && bit / 8 < 64;
        CHECK(!ph_entry_id_equal(&bad_id, &id));
        if (!is_free && ph_header_decode(encoded, &bad.header) == PH_OK)
            CHECK(check(&bad) != PH_OK);
        encoded[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    uint8_t body[15 + PH_SALT_LEN] = "skeletoncontent";
    for (size_t bit = 0; bit < 8 * sizeof body; bit++) {
        struct example bad = good;
        memcpy(body + 15, good.body.salt.bytes, PH_SALT_LEN);
        body[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bad.body.skeleton = ph_bytes(body, 8);
        bad.body.content = ph_bytes(body + 8, 7);
        memcpy(bad.body.salt.bytes, body + 15, PH_SALT_LEN);
        CHECK_STATUS(check(&bad), PH_MALFORMED);
        memcpy(body, "skeletoncontent", 16); /* with its zero, which is salt again next time */
    }
}

static void split_of_the_body_is_fixed_by_the_hash(void **state)
{
    (void)state;
    struct example example = an_example();
    example.body.skeleton = ph_bytes_text("skeletonc");
    example.body.content = ph_bytes_text("ontent");
    example.body.content_len = 6;

    CHECK_STATUS(check(&example), PH_MALFORMED);
}

static void content_known_by_its_hash_is_accepted(void **state)
{
    (void)state;
    struct example example = an_example();
    example.body.content_hash = ph_body_content_hash(&example.body);
    example.body.content_is_missing = true;
    example.body.content = ph_bytes(NULL, 0);

    CHECK_OK(check(&example));
    example.body.content_hash.bytes[0] ^= 1;
    CHECK_STATUS(check(&example), PH_MALFORMED);
}

static void content_of_another_length_than_it_says_is_refused(void **state)
{
    (void)state;
    struct example example = an_example();
    example.body.content_len = 6;
    CHECK_STATUS(check(&example), PH_MALFORMED);

    /* Empty content is never missing: whoever says so has a header that fits otherwise. */
    example = an_example();
    example.body = (struct ph_body){.skeleton = ph_bytes_text("skeleton")};
    example.body.content_hash = ph_body_content_hash(&example.body);
    example.body.content_is_missing = true;
    example.header = ph_header_after(&example.link, &example.header.writer, 51, -5, &example.body);
    CHECK_STATUS(check(&example), PH_MALFORMED);
}

static void numbers_that_do_not_follow_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t lamport;
        enum ph_status status;
    } lamports[] = {
        {0, PH_MALFORMED},
        {50, PH_MALFORMED},
        {51, PH_OK},
        {50 + PH_LAMPORT_STEP_MAX, PH_OK},
        {51 + PH_LAMPORT_STEP_MAX, PH_MALFORMED},
        {UINT64_MAX, PH_MALFORMED},
    };
    for (size_t i = 0; i < sizeof lamports / sizeof *lamports; i++) {
        struct example example = an_example();
        example.header.lamport = lamports[i].lamport;
        CHECK_STATUS(check(&example), lamports[i].status);
    }
    struct example example = an_example();
    example.header.sum--;
    CHECK_STATUS(check(&example), PH_MALFORMED);
    example = an_example();
    example.header.seq = 9;
    CHECK_STATUS(check(&example), PH_MALFORMED);
}

static void numbers_at_their_end_are_refused_and_do_not_wrap(void **state)
{
    (void)state;
    struct example example = an_example();
    example.link.seq = UINT32_MAX;
    example.header.seq = 0;
    CHECK_STATUS(check(&example), PH_MALFORMED);

    example = an_example();
    example.link.sum = UINT64_MAX - 3;
    example.header.sum = example.link.sum + 15;
    CHECK_STATUS(check(&example), PH_MALFORMED);

    example = an_example();
    example.link.lamport = PH_LAMPORT_MAX;
    example.header.lamport = PH_LAMPORT_MAX + 1;
    CHECK_STATUS(check(&example), PH_MALFORMED);
}

static void quota_may_be_reached_and_not_passed(void **state)
{
    (void)state;
    struct example example = an_example();
    uint64_t used = 115 + 8 * PH_HEADER_LEN; /* empty bodies cost as well */
    CHECK_OK(ph_entry_check(&example.link, &example.header, &example.body, used));
    CHECK_STATUS(ph_entry_check(&example.link, &example.header, &example.body, used - 1), PH_LIMIT);

    /* Regression: headers and a sum near the end of the numbers wrapped to nearly nothing. */
    example.link.sum = UINT64_MAX - 100;
    example.header.sum = example.link.sum + example.header.body_len;
    CHECK_STATUS(ph_entry_check(&example.link, &example.header, &example.body, QUOTA), PH_LIMIT);
}

static void empty_content_has_the_hash_of_sixteen_zeros(void **state)
{
    (void)state;
    const uint8_t zeros[PH_SALT_LEN] = {0};
    struct ph_body body = {.skeleton = ph_bytes_text("s"), .salt = {{1}}};

    struct ph_hash actual = ph_body_content_hash(&body);

    struct ph_hash wanted = ph_hash(PH_DOMAIN_CONTENT, ph_bytes(zeros, sizeof zeros));
    CHECK(ph_hash_equal(&actual, &wanted));
}

static void decode_refuses_other_forms(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t byte;
    } wrong[] = {{0, 2}, {0, 0}, {1, 1}, {2, 0xff}, {16, 1}};
    struct example example = an_example();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t encoded[PH_HEADER_LEN];
        struct ph_header out;
        ph_header_encode(&example.header, encoded);
        encoded[wrong[i].at] = wrong[i].byte;
        CHECK_STATUS(ph_header_decode(encoded, &out), PH_MALFORMED);
    }
}

static void lamport_time_goes_on_from_the_highest_seen_within_its_step(void **state)
{
    (void)state;
    struct ph_link own = {.lamport = 10};
    CHECK(ph_lamport_next(&own, 0) == 11);
    CHECK(ph_lamport_next(&own, 10) == 11);
    CHECK(ph_lamport_next(&own, 500) == 501);
    CHECK(ph_lamport_next(&own, PH_LAMPORT_MAX) == 10 + PH_LAMPORT_STEP_MAX);
}

int main(void)
{
    if (ph_crypto_init() != PH_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_of_one_s_own_making_is_accepted_and_survives_encoding),
        cmocka_unit_test(every_flipped_bit_of_header_body_or_salt_is_refused),
        cmocka_unit_test(split_of_the_body_is_fixed_by_the_hash),
        cmocka_unit_test(content_known_by_its_hash_is_accepted),
        cmocka_unit_test(content_of_another_length_than_it_says_is_refused),
        cmocka_unit_test(numbers_that_do_not_follow_are_refused),
        cmocka_unit_test(numbers_at_their_end_are_refused_and_do_not_wrap),
        cmocka_unit_test(quota_may_be_reached_and_not_passed),
        cmocka_unit_test(empty_content_has_the_hash_of_sixteen_zeros),
        cmocka_unit_test(decode_refuses_other_forms),
        cmocka_unit_test(lamport_time_goes_on_from_the_highest_seen_within_its_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
