#include "proto/frame.h"

#include <stdlib.h>

#include <zstd.h>

#include "tests/support/check.h"

#define ROOM (2 * PH_FRAME_PLAIN_MAX)

/* --- The stream --- */

static void frame_is_parsed_and_the_rest_left(void **state)
{
    (void)state;
    struct ph_bytes payload;
    size_t used;

    CHECK_OK(ph_frame_parse(ph_bytes("\x00\x03"
                                     "abcde",
                                     7),
                            &payload, &used));

    CHECK_BYTES(payload, ph_bytes_text("abc"));
    assert_int_equal(used, 5);
}

static void frame_that_ends_early_is_partial_and_writes_nothing(void **state)
{
    (void)state;
    for (size_t len = 0; len < 5; len++) {
        struct ph_bytes payload = ph_bytes("x", 1);
        size_t used = 99;
        CHECK_STATUS(ph_frame_parse(ph_bytes("\x00\x03"
                                             "abc",
                                             len),
                                    &payload, &used),
                     PH_PARTIAL);
        CHECK_BYTES(payload, ph_bytes("x", 1));
        assert_int_equal(used, 99);
    }
}

static void frame_of_length_0_is_malformed(void **state)
{
    (void)state;
    struct ph_bytes payload;
    size_t used;

    CHECK_STATUS(ph_frame_parse(ph_bytes("\x00\x00\x00", 3), &payload, &used), PH_MALFORMED);
    CHECK_STATUS(ph_frame_parse(ph_bytes("\x00\x00", 2), &payload, &used), PH_MALFORMED);
}

static void longest_frame_is_parsed_as_it_was_put(void **state)
{
    (void)state;
    static uint8_t room[2 + PH_FRAME_CIPHER_MAX], content[PH_FRAME_CIPHER_MAX];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    struct ph_bytes payload;
    size_t used;

    ph_frame_put_head(&out, sizeof content);
    ph_buffer_put(&out, content, sizeof content);
    CHECK(!out.overflow);
    CHECK_OK(ph_frame_parse(ph_buffer_bytes(&out), &payload, &used));

    assert_int_equal(payload.len, PH_FRAME_CIPHER_MAX);
    assert_int_equal(used, sizeof room);
}

/* --- What is in a frame --- */

static struct ph_packer packer;

static int open_packer(void **state)
{
    (void)state;
    return ph_packer_init(&packer) == PH_OK ? 0 : -1;
}

static int close_packer(void **state)
{
    (void)state;
    ph_packer_deinit(&packer);
    return 0;
}

static uint8_t message_room[ROOM], plain_room[ROOM], again_room[ROOM];

/* Text that compresses, or bytes that don't. */
static struct ph_bytes a_message(size_t len, bool is_text)
{
    uint64_t seed = len + 1;
    for (size_t i = 0; i < len; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        message_room[i] = is_text ? (uint8_t) "lighthouse"[i % 10] : (uint8_t)(seed >> 56);
    }
    return ph_bytes(message_room, len);
}

static struct ph_bytes packed(struct ph_bytes message)
{
    struct ph_buffer plain = ph_buffer(plain_room, sizeof plain_room);
    CHECK_OK(ph_frame_pack(&packer, message, &plain));
    CHECK(plain.len <= PH_FRAME_PLAIN_MAX);
    return ph_buffer_bytes(&plain);
}

/* From memory of exactly that length, so that a read behind it is noticed. */
static enum ph_status unpack(struct ph_bytes plain, struct ph_bytes *message)
{
    uint8_t *copy = malloc(plain.len == 0 ? 1 : plain.len);
    assert_non_null(copy);
    memcpy(copy, plain.data, plain.len);
    struct ph_buffer out = ph_buffer(again_room, PH_FRAME_MESSAGE_MAX);
    enum ph_status status = ph_frame_unpack(&packer, ph_bytes(copy, plain.len), &out);
    free(copy);
    assert_true(status == PH_OK || out.len == 0);
    *message = ph_buffer_bytes(&out);
    return status;
}

static void every_length_comes_back_as_it_was(void **state)
{
    (void)state;
    static const size_t lens[] = {
        0, 1, 255, 256, 257, 300, 4000, 32768, 65000, 65517, PH_FRAME_MESSAGE_MAX};
    for (size_t i = 0; i < 2 * sizeof lens / sizeof *lens; i++) {
        struct ph_bytes message = a_message(lens[i / 2], i % 2 == 0), again;
        CHECK_OK(unpack(packed(message), &again));
        CHECK_BYTES(again, message);
    }
}

static void only_what_gets_smaller_is_compressed(void **state)
{
    (void)state;
    struct ph_bytes small = packed(a_message(256, true));
    assert_int_equal(small.data[0], 0);
    assert_int_equal(small.len, 257);

    struct ph_bytes dense = packed(a_message(60000, false));
    assert_int_equal(dense.data[0], 0);
    assert_int_equal(dense.len, 60001);

    struct ph_bytes text = packed(a_message(60000, true));
    assert_int_equal(text.data[0], 1);
    CHECK(text.len < 200);
}

static void pack_and_unpack_append(void **state)
{
    (void)state;
    struct ph_bytes message = a_message(1000, true);
    struct ph_buffer plain = ph_buffer(plain_room, sizeof plain_room);
    struct ph_buffer again = ph_buffer(again_room, sizeof again_room);
    ph_buffer_put(&plain, "ab", 2);
    ph_buffer_put(&again, "cd", 2);

    CHECK_OK(ph_frame_pack(&packer, message, &plain));
    CHECK_OK(ph_frame_unpack(&packer, ph_bytes(plain.data + 2, plain.len - 2), &again));

    assert_memory_equal(again.data, "cd", 2);
    CHECK_BYTES(ph_bytes(again.data + 2, again.len - 2), message);
}

static void message_over_the_limit_or_without_room_is_not_packed(void **state)
{
    (void)state;
    struct ph_buffer plain = ph_buffer(plain_room, sizeof plain_room);
    CHECK_STATUS(ph_frame_pack(&packer, a_message(PH_FRAME_MESSAGE_MAX + 1, true), &plain),
                 PH_LIMIT);
    plain.size = 1000;
    CHECK_STATUS(ph_frame_pack(&packer, a_message(1000, true), &plain), PH_LIMIT);
    assert_int_equal(plain.len, 0);
}

static void no_form_or_an_unknown_one_is_malformed(void **state)
{
    (void)state;
    struct ph_bytes again;
    CHECK_STATUS(unpack(ph_bytes("", 0), &again), PH_MALFORMED);
    for (unsigned form = 2; form < 256; form++) {
        uint8_t plain[2] = {(uint8_t)form, 0};
        CHECK_STATUS(unpack(ph_bytes(plain, 2), &again), PH_MALFORMED);
    }
}

static void raw_message_over_the_limit_is_refused(void **state)
{
    (void)state;
    struct ph_bytes again;
    memset(plain_room, 0, PH_FRAME_PLAIN_MAX + 1);

    CHECK_OK(unpack(ph_bytes(plain_room, PH_FRAME_PLAIN_MAX), &again));
    CHECK_STATUS(unpack(ph_bytes(plain_room, PH_FRAME_PLAIN_MAX + 1), &again), PH_LIMIT);
}

static void every_truncation_of_a_compressed_message_is_refused(void **state)
{
    (void)state;
    struct ph_bytes again, plain = packed(a_message(3000, true));
    for (size_t len = 0; len < plain.len; len++)
        CHECK_STATUS(unpack(ph_bytes(plain.data, len), &again), PH_MALFORMED);
}

static void whatever_follows_the_compressed_message_is_refused(void **state)
{
    (void)state;
    struct ph_bytes again, plain = packed(a_message(3000, true));
    size_t frame_len = plain.len - 3;
    plain_room[plain.len] = 0;
    CHECK_STATUS(unpack(ph_bytes(plain.data, plain.len + 1), &again), PH_MALFORMED);

    /* a second frame, and one that is skipped */
    memcpy(plain_room + plain.len, plain_room + 3, frame_len);
    CHECK_STATUS(unpack(ph_bytes(plain.data, plain.len + frame_len), &again), PH_MALFORMED);
    memcpy(plain_room + plain.len, "\x50\x2a\x4d\x18\x00\x00\x00\x00", 8);
    CHECK_STATUS(unpack(ph_bytes(plain.data, plain.len + 8), &again), PH_MALFORMED);
}

static void skippable_frame_alone_is_refused(void **state)
{
    (void)state;
    struct ph_bytes again;
    CHECK_STATUS(unpack(ph_bytes("\x01\x00\x00\x50\x2a\x4d\x18\x00\x00\x00\x00", 11), &again),
                 PH_MALFORMED);
}

/* A frame of `len` zeros, made with other parameters than ours. It is made in two steps, since zstd
 * narrows the window of whatever it is given whole. */
static struct ph_bytes foreign(size_t len, int window_log, bool has_content_size, uint16_t claimed)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    uint8_t *zeros = calloc(1, len);
    assert_true(context != NULL && zeros != NULL);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    if (has_content_size)
        ZSTD_CCtx_setPledgedSrcSize(context, len);
    ZSTD_outBuffer out = {plain_room, sizeof plain_room, 3};
    ZSTD_inBuffer in = {zeros, len, 0};
    assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush), 0);
    assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
    plain_room[0] = 1;
    ph_put_u16(plain_room + 1, claimed);
    free(zeros);
    ZSTD_freeCCtx(context);
    return ph_bytes(plain_room, out.pos);
}

static void size_that_is_not_exact_is_refused(void **state)
{
    (void)state;
    struct ph_bytes again, plain = packed(a_message(3000, true));
    static const uint16_t sizes[] = {0, 2999, 3001, PH_FRAME_MESSAGE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ph_put_u16(plain_room + 1, sizes[i]);
        CHECK_STATUS(unpack(plain, &again), PH_MALFORMED);
    }
    ph_put_u16(plain_room + 1, PH_FRAME_MESSAGE_MAX + 1);
    CHECK_STATUS(unpack(plain, &again), PH_LIMIT);
    CHECK_STATUS(unpack(foreign(5000, 17, false, 5001), &again), PH_MALFORMED);
    CHECK_STATUS(unpack(foreign(5000, 17, false, 4999), &again), PH_MALFORMED);
}

static void frames_of_other_senders_are_taken(void **state)
{
    (void)state;
    struct ph_bytes again;
    CHECK_OK(unpack(foreign(5000, 17, false, 5000), &again));
    assert_int_equal(again.len, 5000);
    CHECK_OK(unpack(foreign(5000, 10, true, 5000), &again));
    assert_int_equal(again.len, 5000);
}

static void window_over_128_kib_is_refused(void **state)
{
    (void)state;
    struct ph_bytes again;
    CHECK_STATUS(unpack(foreign(5000, 18, false, 5000), &again), PH_MALFORMED);
    CHECK_STATUS(unpack(foreign(5000, 24, false, 5000), &again), PH_MALFORMED);
}

/* 16 MiB in a few hundred bytes: with its size, without, and with a size that is a lie. */
static void bombs_are_refused_and_write_no_more_than_they_declared(void **state)
{
    (void)state;
    struct ph_bytes again;
    memset(again_room, 7, sizeof again_room);
    CHECK_STATUS(unpack(foreign(16 << 20, 17, true, 1000), &again), PH_MALFORMED);
    CHECK_STATUS(unpack(foreign(16 << 20, 17, false, 1000), &again), PH_MALFORMED);
    CHECK_STATUS(unpack(foreign(16 << 20, 17, false, UINT16_MAX), &again), PH_LIMIT);

    for (size_t i = 1000; i < sizeof again_room; i++)
        assert_int_equal(again_room[i], 7);
}

static void flipped_bits_never_yield_more_than_was_declared(void **state)
{
    (void)state;
    struct ph_bytes plain = packed(a_message(3000, true)), again;
    for (size_t bit = 0; bit < 8 * plain.len; bit++) {
        plain_room[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (unpack(plain, &again) == PH_OK && plain_room[0] == 1)
            assert_int_equal(again.len, ph_get_u16(plain.data + 1));
        plain_room[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK_OK(unpack(plain, &again));
}

static void deinit_of_a_zeroed_packer_does_nothing(void **state)
{
    (void)state;
    struct ph_packer zeroed = {0};

    ph_packer_deinit(&zeroed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_is_parsed_and_the_rest_left),
        cmocka_unit_test(frame_that_ends_early_is_partial_and_writes_nothing),
        cmocka_unit_test(frame_of_length_0_is_malformed),
        cmocka_unit_test(longest_frame_is_parsed_as_it_was_put),
        cmocka_unit_test(every_length_comes_back_as_it_was),
        cmocka_unit_test(only_what_gets_smaller_is_compressed),
        cmocka_unit_test(pack_and_unpack_append),
        cmocka_unit_test(message_over_the_limit_or_without_room_is_not_packed),
        cmocka_unit_test(no_form_or_an_unknown_one_is_malformed),
        cmocka_unit_test(raw_message_over_the_limit_is_refused),
        cmocka_unit_test(every_truncation_of_a_compressed_message_is_refused),
        cmocka_unit_test(whatever_follows_the_compressed_message_is_refused),
        cmocka_unit_test(skippable_frame_alone_is_refused),
        cmocka_unit_test(size_that_is_not_exact_is_refused),
        cmocka_unit_test(frames_of_other_senders_are_taken),
        cmocka_unit_test(window_over_128_kib_is_refused),
        cmocka_unit_test(bombs_are_refused_and_write_no_more_than_they_declared),
        cmocka_unit_test(flipped_bits_never_yield_more_than_was_declared),
        cmocka_unit_test(deinit_of_a_zeroed_packer_does_nothing),
    };
    return cmocka_run_group_tests(tests, open_packer, close_packer) != 0;
}
