#include "proto/channel.h"

#include "pharos/limits.h"
#include "proto/crypto.h"
#include "tests/support/check.h"

struct pair {
    struct ph_channel alice, bob;
};

static struct pair a_pair(void)
{
    struct pair pair = {0};
    memset(pair.alice.sending.key, 1, 32);
    memset(pair.alice.receiving.key, 2, 32);
    pair.alice.is_open = true;
    pair.bob.sending = pair.alice.receiving;
    pair.bob.receiving = pair.alice.sending;
    pair.bob.is_open = true;
    return pair;
}

struct frame {
    uint8_t data[64];
    size_t len;
};

static struct frame sealed(struct ph_channel *channel, const char *text)
{
    struct frame frame;
    struct ph_buffer out = ph_buffer(frame.data, sizeof frame.data);
    CHECK_OK(ph_channel_seal(channel, ph_bytes_text(text), &out));
    frame.len = out.len;
    return frame;
}

static enum ph_status open_frame(struct ph_channel *channel, const struct frame *frame,
                                 const char *text)
{
    uint8_t room[64];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    enum ph_status status = ph_channel_open(channel, ph_bytes(frame->data, frame->len), &out);
    CHECK_BYTES(ph_buffer_bytes(&out), ph_bytes_text(status == PH_OK ? text : ""));
    return status;
}

static void frames_open_in_order_in_both_directions(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    struct frame first = sealed(&pair.alice, "one");
    struct frame second = sealed(&pair.alice, "");
    struct frame back = sealed(&pair.bob, "three");

    CHECK_OK(open_frame(&pair.bob, &first, "one"));
    CHECK_OK(open_frame(&pair.bob, &second, ""));
    CHECK_OK(open_frame(&pair.alice, &back, "three"));
    assert_int_equal(second.len, PH_FRAME_TAG_LEN);
}

static void equal_texts_give_different_frames(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    struct frame first = sealed(&pair.alice, "same");
    struct frame second = sealed(&pair.alice, "same");

    CHECK(memcmp(first.data, second.data, first.len) != 0);
}

static void frames_append_to_what_is_there(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    uint8_t room[64] = "ab", opened_room[64] = "cd";
    struct ph_buffer out = ph_buffer(room, sizeof room);
    struct ph_buffer opened = ph_buffer(opened_room, sizeof opened_room);
    out.len = 2;
    opened.len = 2;

    CHECK_OK(ph_channel_seal(&pair.alice, ph_bytes_text("hello"), &out));
    CHECK_OK(ph_channel_open(&pair.bob, ph_bytes(room + 2, out.len - 2), &opened));

    CHECK_BYTES(ph_buffer_bytes(&opened), ph_bytes_text("cdhello"));
}

static void check_is_closed(struct ph_channel *channel)
{
    uint8_t room[64];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    const uint8_t zeros[32] = {0};
    CHECK_STATUS(ph_channel_seal(channel, ph_bytes_text("x"), &out), PH_UNAUTHENTIC);
    CHECK_STATUS(ph_channel_open(channel, ph_bytes(room, 17), &out), PH_UNAUTHENTIC);
    assert_memory_equal(channel->sending.key, zeros, 32);
    assert_memory_equal(channel->receiving.key, zeros, 32);
    assert_int_equal(out.len, 0);
}

static void every_flipped_bit_closes_the_channel(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    struct frame good = sealed(&pair.alice, "hello");

    for (size_t bit = 0; bit < 8 * good.len; bit++) {
        struct ph_channel receiver = pair.bob;
        struct frame bad = good;
        bad.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_STATUS(open_frame(&receiver, &bad, ""), PH_UNAUTHENTIC);
        CHECK_STATUS(open_frame(&receiver, &good, ""), PH_UNAUTHENTIC);
        check_is_closed(&receiver);
    }
    CHECK_OK(open_frame(&pair.bob, &good, "hello"));
}

static void every_truncation_closes_the_channel(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    struct frame frame = sealed(&pair.alice, "hello");

    while (frame.len-- > 0) {
        struct ph_channel receiver = pair.bob;
        CHECK_STATUS(open_frame(&receiver, &frame, ""), PH_UNAUTHENTIC);
        check_is_closed(&receiver);
    }
}

static void repeated_skipped_or_reflected_frame_closes_the_channel(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    struct frame first = sealed(&pair.alice, "one");
    struct frame second = sealed(&pair.alice, "two");

    struct ph_channel skipping = pair.bob;
    CHECK_STATUS(open_frame(&skipping, &second, ""), PH_UNAUTHENTIC);
    struct ph_channel reflected = pair.alice;
    CHECK_STATUS(open_frame(&reflected, &first, ""), PH_UNAUTHENTIC);
    CHECK_OK(open_frame(&pair.bob, &first, "one"));
    CHECK_STATUS(open_frame(&pair.bob, &first, ""), PH_UNAUTHENTIC);
}

static void key_is_used_for_so_many_frames_and_no_more(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    pair.alice.sending.counter = PH_FRAMES_PER_KEY_MAX - 1;
    pair.bob.receiving.counter = PH_FRAMES_PER_KEY_MAX - 1;
    uint8_t room[64];
    struct ph_buffer out = ph_buffer(room, sizeof room);

    struct frame last = sealed(&pair.alice, "last");
    CHECK_OK(open_frame(&pair.bob, &last, "last"));

    CHECK_STATUS(ph_channel_seal(&pair.alice, ph_bytes_text("x"), &out), PH_LIMIT);
    CHECK_STATUS(open_frame(&pair.bob, &last, ""), PH_LIMIT);
    assert_int_equal(out.len, 0);
}

static void longest_frame_is_65535_bytes(void **state)
{
    (void)state;
    static uint8_t plain[PH_FRAME_PLAIN_MAX + 1], room[70000], opened_room[70000];
    struct pair pair = a_pair();
    struct ph_buffer out = ph_buffer(room, sizeof room);
    struct ph_buffer opened = ph_buffer(opened_room, sizeof opened_room);

    CHECK_STATUS(ph_channel_seal(&pair.alice, ph_bytes(plain, sizeof plain), &out), PH_LIMIT);
    CHECK_OK(ph_channel_seal(&pair.alice, ph_bytes(plain, PH_FRAME_PLAIN_MAX), &out));
    assert_int_equal(out.len, PH_FRAME_CIPHER_MAX);
    CHECK_STATUS(ph_channel_open(&pair.bob, ph_bytes(room, 65536), &opened), PH_LIMIT);
    CHECK_OK(ph_channel_open(&pair.bob, ph_buffer_bytes(&out), &opened));
    assert_int_equal(opened.len, PH_FRAME_PLAIN_MAX);
}

static void frame_without_room_changes_nothing(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    uint8_t room[64];
    struct ph_buffer out = ph_buffer(room, 5 + PH_FRAME_TAG_LEN - 1);
    CHECK_STATUS(ph_channel_seal(&pair.alice, ph_bytes_text("hello"), &out), PH_LIMIT);
    out = ph_buffer(room, sizeof room);
    out.overflow = true; /* what should stand before it is missing */
    CHECK_STATUS(ph_channel_seal(&pair.alice, ph_bytes_text("hello"), &out), PH_LIMIT);

    struct frame frame = sealed(&pair.alice, "hello");
    out = ph_buffer(room, 4);
    CHECK_STATUS(ph_channel_open(&pair.bob, ph_bytes(frame.data, frame.len), &out), PH_LIMIT);
    CHECK_OK(open_frame(&pair.bob, &frame, "hello"));
}

static void zeroed_channel_is_closed(void **state)
{
    (void)state;
    struct ph_channel channel = {0};

    check_is_closed(&channel);
}

int main(void)
{
    if (ph_crypto_init() != PH_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_open_in_order_in_both_directions),
        cmocka_unit_test(equal_texts_give_different_frames),
        cmocka_unit_test(frames_append_to_what_is_there),
        cmocka_unit_test(every_flipped_bit_closes_the_channel),
        cmocka_unit_test(every_truncation_closes_the_channel),
        cmocka_unit_test(repeated_skipped_or_reflected_frame_closes_the_channel),
        cmocka_unit_test(key_is_used_for_so_many_frames_and_no_more),
        cmocka_unit_test(longest_frame_is_65535_bytes),
        cmocka_unit_test(frame_without_room_changes_nothing),
        cmocka_unit_test(zeroed_channel_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
