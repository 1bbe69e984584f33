#include "proto/pack.h"

#include <stdlib.h>

#include <msgpack.h>

#include "pharos/limits.h"
#include "tests/support/chance.h"
#include "tests/support/check.h"

#define ROOM 4096

static struct ph_bytes of(const char *data, size_t len)
{
    return ph_bytes(data, len);
}

/* A literal with its length, zeros included. */
#define LITERAL(text) text, sizeof(text) - 1

struct sample {
    const char *data;
    size_t len;
};

static const struct sample accepted[] = {
    {LITERAL("\x00")},
    {LITERAL("\x7f")},
    {LITERAL("\xcc\x80")},
    {LITERAL("\xcc\xff")},
    {LITERAL("\xcd\x01\x00")},
    {LITERAL("\xcd\xff\xff")},
    {LITERAL("\xce\x00\x01\x00\x00")},
    {LITERAL("\xce\xff\xff\xff\xff")},
    {LITERAL("\xcf\x00\x00\x00\x01\x00\x00\x00\x00")},
    {LITERAL("\xcf\xff\xff\xff\xff\xff\xff\xff\xff")},
    {LITERAL("\xff")},
    {LITERAL("\xe0")},
    {LITERAL("\xd0\xdf")},
    {LITERAL("\xd0\x80")},
    {LITERAL("\xd1\xff\x7f")},
    {LITERAL("\xd1\x80\x00")},
    {LITERAL("\xd2\xff\xff\x7f\xff")},
    {LITERAL("\xd2\x80\x00\x00\x00")},
    {LITERAL("\xd3\xff\xff\xff\xff\x7f\xff\xff\xff")},
    {LITERAL("\xd3\x80\x00\x00\x00\x00\x00\x00\x00")},
    {LITERAL("\xc0")},
    {LITERAL("\xc2")},
    {LITERAL("\xc3")},
    {LITERAL("\xa0")},
    {LITERAL("\xa3"
             "abc")},
    {LITERAL("\xa1\x00")},
    {LITERAL("\xa2\xc2\x80")},
    {LITERAL("\xa2\xdf\xbf")},
    {LITERAL("\xa3\xe0\xa0\x80")},
    {LITERAL("\xa3\xed\x9f\xbf")},
    {LITERAL("\xa3\xee\x80\x80")},
    {LITERAL("\xa3\xef\xbf\xbf")},
    {LITERAL("\xa4\xf0\x90\x80\x80")},
    {LITERAL("\xa4\xf4\x8f\xbf\xbf")},
    {LITERAL("\xd9\x20"
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")},
    {LITERAL("\xc4\x00")},
    {LITERAL("\xc4\x02\xff\x00")},
    {LITERAL("\x90")},
    {LITERAL("\x93\x01\xc0\xa1z")},
    {LITERAL("\xdc\x00\x10\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f")},
    {LITERAL("\x80")},
    {LITERAL("\x82\x00\xc0\x01\x90")},
    {LITERAL("\x82\x05\x81\x09\x01\xcc\x80\x81\x01\x02")}, /* each map has its own order */
    {LITERAL("\xde\x00\x10\x00\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00\x07\x00"
             "\x08\x00\x09\x00\x0a\x00\x0b\x00\x0c\x00\x0d\x00\x0e\x00\x0f\x00")},
    {LITERAL("\x91\x91\x91\x91\x91\x91\x91\x90")}, /* PH_PACK_DEPTH_MAX */
    {LITERAL("\x81\x00\x81\x00\x81\x00\x81\x00\x81\x00\x81\x00\x81\x00\x80")},
};

static const struct sample refused[] = {
    {LITERAL("")},
    /* longer than needed */
    {LITERAL("\xcc\x7f")},
    {LITERAL("\xcd\x00\xff")},
    {LITERAL("\xce\x00\x00\xff\xff")},
    {LITERAL("\xcf\x00\x00\x00\x00\xff\xff\xff\xff")},
    {LITERAL("\xd0\x00")},
    {LITERAL("\xd0\x7f")},
    {LITERAL("\xd0\xe0")},
    {LITERAL("\xd1\xff\x80")},
    {LITERAL("\xd1\x00\x80")},
    {LITERAL("\xd2\xff\xff\x80\x00")},
    {LITERAL("\xd2\x00\x01\x00\x00")},
    {LITERAL("\xd3\xff\xff\xff\xff\x80\x00\x00\x00")},
    {LITERAL("\xd3\x7f\xff\xff\xff\xff\xff\xff\xff")},
    {LITERAL("\xd9\x01\x61")},
    {LITERAL("\xda\x00\x20"
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")},
    {LITERAL("\xc5\x00\x01\x61")},
    {LITERAL("\xdc\x00\x01\x00")},
    {LITERAL("\xde\x00\x01\x00\x00")},
    /* forms that are never taken: unused, floats, extensions, 32-bit lengths */
    {LITERAL("\xc1")},
    {LITERAL("\xca\x00\x00\x00\x00")},
    {LITERAL("\xcb\x00\x00\x00\x00\x00\x00\x00\x00")},
    {LITERAL("\xc7\x01\x00\x00")},
    {LITERAL("\xc8\x00\x01\x00\x00")},
    {LITERAL("\xc9\x00\x00\x00\x01\x00\x00")},
    {LITERAL("\xd4\x00\x00")},
    {LITERAL("\xd5\x00\x00\x00")},
    {LITERAL("\xd6\x00\x00\x00\x00\x00")},
    {LITERAL("\xd7\x00\x00\x00\x00\x00\x00\x00\x00\x00")},
    {LITERAL("\xd8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")},
    {LITERAL("\xc6\x00\x00\x00\x01\x61")},
    {LITERAL("\xdb\x00\x00\x00\x01\x61")},
    {LITERAL("\xdd\x00\x00\x00\x01\x00")},
    {LITERAL("\xdf\x00\x00\x00\x01\x00\x00")},
    /* five-byte bombs, and their 16-bit sisters */
    {LITERAL("\xdd\xff\xff\xff\xff")},
    {LITERAL("\xdf\xff\xff\xff\xff")},
    {LITERAL("\xdb\xff\xff\xff\xff")},
    {LITERAL("\xc6\xff\xff\xff\xff")},
    {LITERAL("\xc9\xff\xff\xff\xff")},
    {LITERAL("\xdc\xff\xff")},
    {LITERAL("\xde\xff\xff")},
    {LITERAL("\x9f\x9f\x9f\x9f\x9f")},
    /* map keys: another type, equal, descending */
    {LITERAL("\x81\xa1z\x00")},
    {LITERAL("\x81\xff\x00")},
    {LITERAL("\x81\xc0\x00")},
    {LITERAL("\x81\x90\x00")},
    {LITERAL("\x82\x01\x00\x01\x00")},
    {LITERAL("\x82\x01\x00\x00\x00")},
    {LITERAL("\x83\x00\xc0\x02\xc0\x01\xc0")},
    /* not UTF-8: lone continuation, overlong, surrogate, above U+10FFFF, cut short */
    {LITERAL("\xa1\x80")},
    {LITERAL("\xa1\xc2")},
    {LITERAL("\xa2\xc0\x80")},
    {LITERAL("\xa2\xc1\xbf")},
    {LITERAL("\xa2\xc2\x41")},
    {LITERAL("\xa3\xe0\x9f\xbf")},
    {LITERAL("\xa3\xed\xa0\x80")},
    {LITERAL("\xa3\xed\xbf\xbf")},
    {LITERAL("\xa2\xe1\x80")},
    {LITERAL("\xa3\xe1\x80\x41")},
    {LITERAL("\xa4\xf0\x8f\xbf\xbf")},
    {LITERAL("\xa4\xf4\x90\x80\x80")},
    {LITERAL("\xa4\xf5\x80\x80\x80")},
    {LITERAL("\xa1\xfe")},
    {LITERAL("\xa3\xf1\x80\x80")},
    {LITERAL("\xa4\xf1\x80\x80\x41")},
    /* trailing, and too deep */
    {LITERAL("\x00\x00")},
    {LITERAL("\x90\xc0")},
    {LITERAL("\x91\x91\x91\x91\x91\x91\x91\x91\x90")},
    {LITERAL("\x91\x91\x91\x91\x91\x91\x91\x91\x80")},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Read one item with the unpacker, write it with the packer. Depth is bounded by the scan. */
static void copy_item(struct ph_unpacker *in, struct ph_buffer *out)
{
    uint32_t left = 1; /* items; containers add theirs, so that no recursion is needed */
    while (left-- > 0) {
        uint32_t count;
        switch (ph_unpack_type(in)) {
        case PH_PACK_NIL:
            CHECK(ph_unpack_nil(in));
            ph_pack_nil(out);
            break;
        case PH_PACK_BOOL:
            ph_pack_bool(out, ph_unpack_bool(in));
            break;
        case PH_PACK_UINT:
            ph_pack_uint(out, ph_unpack_uint(in, UINT64_MAX));
            break;
        case PH_PACK_INT:
            ph_pack_int(out, ph_unpack_int(in));
            break;
        case PH_PACK_TEXT:
            ph_pack_text(out, ph_unpack_text(in));
            break;
        case PH_PACK_BIN:
            ph_pack_bin(out, ph_unpack_bin(in));
            break;
        case PH_PACK_ARRAY:
            count = ph_unpack_array(in);
            ph_pack_array(out, count);
            left += count;
            break;
        case PH_PACK_MAP:
            count = ph_unpack_map(in);
            ph_pack_map(out, count);
            left += 2 * count;
            break;
        case PH_PACK_END:
            fail();
        }
    }
}

static void check_copies(struct ph_bytes bytes)
{
    uint8_t room[ROOM];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    struct ph_unpacker unpacker;
    CHECK_OK(ph_unpack(&unpacker, bytes));
    copy_item(&unpacker, &out);
    CHECK_OK(ph_unpack_end(&unpacker));
    CHECK(!out.overflow);
    CHECK_BYTES(ph_buffer_bytes(&out), bytes);
}

static void canonical_values_are_accepted_and_encode_to_the_same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++)
        check_copies(of(accepted[i].data, accepted[i].len));
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        enum ph_status status = ph_pack_scan(of(refused[i].data, refused[i].len));
        if (status != PH_MALFORMED)
            print_error("refused[%zu] is accepted\n", i);
        CHECK_STATUS(status, PH_MALFORMED);
    }
}

/* From memory of exactly that length, so that a read behind it is noticed. */
static enum ph_status scan_exact(struct ph_bytes bytes)
{
    uint8_t *copy = malloc(bytes.len == 0 ? 1 : bytes.len);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.len);
    enum ph_status status = ph_pack_scan(ph_bytes(copy, bytes.len));
    free(copy);
    return status;
}

static void truncations_and_extensions_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        uint8_t longer[ROOM] = {0};
        memcpy(longer, accepted[i].data, accepted[i].len);
        for (size_t len = 0; len < accepted[i].len; len++)
            CHECK_STATUS(scan_exact(ph_bytes(longer, len)), PH_MALFORMED);
        CHECK_OK(scan_exact(ph_bytes(longer, accepted[i].len)));
        CHECK_STATUS(scan_exact(ph_bytes(longer, accepted[i].len + 1)), PH_MALFORMED);
    }
}

static void local_scan_takes_text_keys_and_is_as_strict_else(void **state)
{
    (void)state;
    CHECK_OK(ph_pack_scan_local(of(LITERAL("\x83\xa1z\x00\xa1"
                                           "a\x01\x05\x02"))));
    CHECK_STATUS(ph_pack_scan_local(of(LITERAL("\x81\xc0\x00"))), PH_MALFORMED);
    CHECK_STATUS(ph_pack_scan_local(of(LITERAL("\x81\xa1\x80\x00"))), PH_MALFORMED);
    CHECK_STATUS(ph_pack_scan_local(of(LITERAL("\xdf\xff\xff\xff\xff"))), PH_MALFORMED);
    for (size_t i = 0; i < COUNT(accepted); i++)
        CHECK_OK(ph_pack_scan_local(of(accepted[i].data, accepted[i].len)));
}

/* --- Against msgpack-c --- */

static size_t below(uint64_t *seed, size_t bound)
{
    return (size_t)chance_below(seed, bound);
}

/* A scalar: often at an edge of a form. */
static void put_random_scalar(uint64_t *seed, struct ph_buffer *out)
{
    uint8_t content[300];
    uint64_t number = (UINT64_C(1) << below(seed, 64)) - below(seed, 2);
    size_t len = below(seed, 8) == 0 ? below(seed, sizeof content) : below(seed, 40);
    switch (below(seed, 6)) {
    case 0:
        ph_pack_uint(out, number);
        return;
    case 1:
        ph_pack_int(out, -(int64_t)(number >> 1) - 1);
        return;
    case 2:
        ph_pack_nil(out);
        return;
    case 3:
        ph_pack_bool(out, below(seed, 2) == 0);
        return;
    case 4:
        memset(content, 'a' + (int)below(seed, 26), sizeof content);
        ph_pack_text(out, ph_bytes(content, len));
        return;
    default:
        for (size_t i = 0; i < len; i++)
            content[i] = (uint8_t)chance_next(seed);
        ph_pack_bin(out, ph_bytes(content, len));
    }
}

static void put_random_item(uint64_t *seed, struct ph_buffer *out, size_t depth)
{
    size_t choice = below(seed, 10);
    if (depth == PH_PACK_DEPTH_MAX || choice > 4) {
        put_random_scalar(seed, out);
        return;
    }
    size_t count = below(seed, 20) == 0 ? 17 : below(seed, 4);
    bool is_map = choice > 2;
    if (is_map)
        ph_pack_map(out, count);
    else
        ph_pack_array(out, count);
    uint64_t key = 0;
    for (size_t i = 0; i < count; i++) {
        key += 1 + below(seed, 200);
        if (is_map)
            ph_pack_uint(out, key);
        put_random_item(seed, out, depth + 1);
    }
}

/* Flip, set, drop or insert a few bytes. */
static void mutate(uint64_t *seed, struct ph_buffer *bytes)
{
    for (size_t i = below(seed, 3); i > 0 && bytes->len > 1 && bytes->len < bytes->size; i--) {
        size_t at = below(seed, bytes->len);
        uint8_t *place = bytes->data + at;
        switch (below(seed, 4)) {
        case 0:
            *place ^= (uint8_t)(1U << below(seed, 8));
            break;
        case 1:
            *place = (uint8_t)chance_next(seed);
            break;
        case 2:
            memmove(place, place + 1, bytes->len - at - 1);
            bytes->len--;
            break;
        default:
            memmove(place + 1, place, bytes->len - at);
            bytes->len++;
        }
    }
}

static void check_msgpack_agrees(struct ph_bytes bytes)
{
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t used = 0;
    const char *data = (const char *)bytes.data;
    assert_int_equal(msgpack_unpack_next(&unpacked, data, bytes.len, &used),
                     MSGPACK_UNPACK_SUCCESS);
    assert_int_equal(used, bytes.len);

    msgpack_sbuffer again;
    msgpack_packer packer;
    msgpack_sbuffer_init(&again);
    msgpack_packer_init(&packer, &again, msgpack_sbuffer_write);
    assert_int_equal(msgpack_pack_object(&packer, unpacked.data), 0);
    CHECK_BYTES(ph_bytes(again.data, again.size), bytes);
    msgpack_sbuffer_destroy(&again);
    msgpack_unpacked_destroy(&unpacked);
}

static void msgpack_c_reads_and_writes_the_same_whatever_is_accepted(void **state)
{
    (void)state;
    uint64_t seed = 1;
    size_t accepted_count = 0;
    for (size_t i = 0; i < 200000; i++) {
        uint8_t room[ROOM];
        struct ph_buffer bytes = ph_buffer(room, sizeof room);
        if (i % 4 == 0)
            put_random_scalar(&seed, &bytes);
        else
            put_random_item(&seed, &bytes, 0);
        if (bytes.overflow)
            continue;
        mutate(&seed, &bytes);
        if (ph_pack_scan(ph_buffer_bytes(&bytes)) != PH_OK)
            continue;
        accepted_count++;
        check_msgpack_agrees(ph_buffer_bytes(&bytes));
        check_copies(ph_buffer_bytes(&bytes));
    }
    CHECK(accepted_count > 50000 && accepted_count < 190000);
}

/* Whatever is asked of bytes that nobody scanned: no read behind their end, and an end is
 * reached. */
static void reading_unscanned_bytes_stays_inside_them(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (size_t i = 0; i < 100000; i++) {
        size_t len = 1 + below(&seed, 24);
        uint8_t *bytes = malloc(len);
        assert_non_null(bytes);
        for (size_t at = 0; at < len; at++)
            bytes[at] = (uint8_t)(chance_next(&seed) | (below(&seed, 2) << 7));
        struct ph_unpacker unpacker = ph_unpack_scanned(ph_bytes(bytes, len));
        for (size_t step = 0; step < 6; step++) {
            uint8_t fixed[4];
            (void)ph_unpack_nil(&unpacker);
            switch (ph_unpack_type(&unpacker)) {
            case PH_PACK_TEXT:
                (void)ph_unpack_text(&unpacker);
                break;
            case PH_PACK_ARRAY:
                (void)ph_unpack_array(&unpacker);
                break;
            case PH_PACK_BIN:
                ph_unpack_fixed(&unpacker, fixed, sizeof fixed);
                break;
            case PH_PACK_INT:
                (void)ph_unpack_int(&unpacker);
                break;
            case PH_PACK_NIL:
            case PH_PACK_BOOL:
            case PH_PACK_UINT:
            case PH_PACK_MAP:
            case PH_PACK_END:
                (void)ph_unpack_skip(&unpacker);
            }
            CHECK(unpacker.next <= unpacker.end);
        }
        free(bytes);
    }
}

/* So that nobody loops, or reserves, on the word of bytes that can't be there. */
static void counts_above_the_bytes_left_fail_even_unscanned(void **state)
{
    (void)state;
    struct ph_unpacker in = ph_unpack_scanned(of(LITERAL("\x82\x00\xc0\x01")));
    CHECK(ph_unpack_map(&in) == 0 && in.failed);
    in = ph_unpack_scanned(of(LITERAL("\x93\x00\xc0")));
    CHECK(ph_unpack_array(&in) == 0 && in.failed);
    in = ph_unpack_scanned(of(LITERAL("\xa3zz")));
    CHECK(ph_unpack_text(&in).len == 0 && in.failed);
}

/* --- The cursor --- */

static struct ph_unpacker unpacker_of(const char *data, size_t len)
{
    struct ph_unpacker unpacker;
    CHECK_OK(ph_unpack(&unpacker, of(data, len)));
    return unpacker;
}

static void reader_yields_what_was_written(void **state)
{
    (void)state;
    uint8_t room[128], fixed[2];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    ph_pack_array(&out, 7);
    ph_pack_int(&out, INT64_MIN);
    ph_pack_int(&out, 5);
    ph_pack_bool(&out, true);
    ph_pack_text(&out, ph_bytes_text("خطة"));
    ph_pack_bin(&out, ph_bytes("\x01\x02", 2));
    ph_pack_map(&out, 1);
    ph_pack_uint(&out, 3);
    ph_pack_nil(&out);
    ph_pack_nil(&out);

    struct ph_unpacker in;
    CHECK_OK(ph_unpack(&in, ph_buffer_bytes(&out)));
    ph_unpack_array_of(&in, 7);
    CHECK(ph_unpack_int(&in) == INT64_MIN);
    CHECK(ph_unpack_int(&in) == 5);
    CHECK(ph_unpack_bool(&in));
    CHECK_BYTES(ph_unpack_text(&in), ph_bytes_text("خطة"));
    ph_unpack_fixed(&in, fixed, sizeof fixed);
    assert_memory_equal(fixed, "\x01\x02", 2);
    CHECK_BYTES(ph_unpack_skip(&in), ph_bytes("\x81\x03\xc0", 3));
    CHECK_STATUS(ph_unpack_end(&in), PH_MALFORMED);
    CHECK(ph_unpack_nil(&in));
    CHECK_OK(ph_unpack_end(&in));
    CHECK(ph_unpack_type(&in) == PH_PACK_END);
}

static void unexpected_type_fails_and_yields_zeros_from_then_on(void **state)
{
    (void)state;
    struct ph_unpacker in = unpacker_of(LITERAL("\x92\x07\xa1z"));
    uint8_t fixed[3] = {1, 2, 3};
    const uint8_t zeros[3] = {0};
    assert_int_equal(ph_unpack_array(&in), 2);

    CHECK(ph_unpack_text(&in).len == 0);

    CHECK(in.failed);
    CHECK(ph_unpack_uint(&in, 9) == 0 && ph_unpack_int(&in) == 0 && !ph_unpack_bool(&in));
    CHECK(ph_unpack_bin(&in).len == 0 && ph_unpack_array(&in) == 0 && ph_unpack_map(&in) == 0);
    CHECK(ph_unpack_skip(&in).len == 0 && !ph_unpack_nil(&in));
    CHECK(ph_unpack_type(&in) == PH_PACK_END);
    ph_unpack_fixed(&in, fixed, sizeof fixed);
    assert_memory_equal(fixed, zeros, sizeof fixed);
    CHECK_STATUS(ph_unpack_end(&in), PH_MALFORMED);
}

static void numbers_over_their_bound_fail(void **state)
{
    (void)state;
    struct ph_unpacker in = unpacker_of(LITERAL("\x07"));
    CHECK(ph_unpack_uint(&in, 6) == 0 && in.failed);
    in = unpacker_of(LITERAL("\x07"));
    CHECK(ph_unpack_uint(&in, 7) == 7 && !in.failed);
    in = unpacker_of(LITERAL("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"));
    CHECK(ph_unpack_int(&in) == 0 && in.failed);
    in = unpacker_of(LITERAL("\x91\x00"));
    ph_unpack_array_of(&in, 2);
    CHECK(in.failed);
    in = unpacker_of(LITERAL("\xc4\x01\x00"));
    uint8_t fixed[2];
    ph_unpack_fixed(&in, fixed, sizeof fixed);
    CHECK(in.failed);
}

/* --- The writer --- */

static void what_needs_a_32_bit_length_overflows(void **state)
{
    (void)state;
    static uint8_t content[65536], room[70000];
    memset(content, 'a', sizeof content);
    struct ph_buffer out = ph_buffer(room, sizeof room);
    ph_pack_text(&out, ph_bytes(content, 65535));
    CHECK(!out.overflow);
    CHECK_OK(ph_pack_scan(ph_buffer_bytes(&out)));

    void (*const put[])(struct ph_buffer *, struct ph_bytes) = {ph_pack_text, ph_pack_bin};
    void (*const put_count[])(struct ph_buffer *, size_t) = {ph_pack_array, ph_pack_map};
    for (size_t i = 0; i < 2; i++) {
        out = ph_buffer(room, sizeof room);
        put[i](&out, ph_bytes(content, sizeof content));
        CHECK(out.overflow && out.len == 0);
        out = ph_buffer(room, sizeof room);
        put_count[i](&out, 65536);
        CHECK(out.overflow && out.len == 0);
    }
}

static void writer_stops_at_the_end_of_its_buffer(void **state)
{
    (void)state;
    uint8_t room[4] = {0};
    struct ph_buffer out = ph_buffer(room, 3);

    ph_pack_text(&out, ph_bytes_text("abc"));
    ph_pack_nil(&out);

    CHECK(out.overflow && room[3] == 0);
}

CHECK_MAIN(cmocka_unit_test(canonical_values_are_accepted_and_encode_to_the_same_bytes),
           cmocka_unit_test(everything_else_is_refused),
           cmocka_unit_test(truncations_and_extensions_are_refused),
           cmocka_unit_test(local_scan_takes_text_keys_and_is_as_strict_else),
           cmocka_unit_test(msgpack_c_reads_and_writes_the_same_whatever_is_accepted),
           cmocka_unit_test(reading_unscanned_bytes_stays_inside_them),
           cmocka_unit_test(counts_above_the_bytes_left_fail_even_unscanned),
           cmocka_unit_test(reader_yields_what_was_written),
           cmocka_unit_test(unexpected_type_fails_and_yields_zeros_from_then_on),
           cmocka_unit_test(numbers_over_their_bound_fail),
           cmocka_unit_test(what_needs_a_32_bit_length_overflows),
           cmocka_unit_test(writer_stops_at_the_end_of_its_buffer))
