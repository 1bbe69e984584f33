#include "store/journal.h"

#include <stdlib.h>

#include "pharos/limits.h"
#include "proto/crypto.h"
#include "tests/support/check.h"

#define FRAMES 3
#define FILE_MAX 1024

/* Frames one after the other, and where each begins. */
struct frames {
    uint8_t bytes[FILE_MAX];
    size_t at[FRAMES + 1];
    struct ph_journal_mark marks[FRAMES + 1];
};

static size_t put_meta(uint8_t *out, size_t size, const char *name, const char *value)
{
    struct ph_buffer buffer = ph_buffer(out, size);
    const struct ph_journal_change change = {
        .type = PH_JOURNAL_META, .name = ph_bytes_text(name), .value = ph_bytes_text(value)};
    ph_journal_put(&buffer, &change);
    CHECK(!buffer.overflow);
    return buffer.len;
}

static void begin(struct frames *frames)
{
    static const char *const values[FRAMES] = {"green", "blue", "a longer one than the others"};
    CHECK_OK(ph_crypto_init());
    *frames = (struct frames){.at = {0}};
    for (int i = 0; i < FRAMES; i++) {
        uint8_t *frame = frames->bytes + frames->at[i];
        size_t len = put_meta(frame + PH_JOURNAL_HEAD_LEN, 256, "colour", values[i]);
        frames->marks[i + 1] = frames->marks[i];
        ph_journal_seal(frame, len, &frames->marks[i + 1]);
        frames->at[i + 1] = frames->at[i] + PH_JOURNAL_HEAD_LEN + len;
    }
}

static void frames_are_read_back_in_order(void **state)
{
    (void)state;
    struct frames frames;
    struct ph_journal_mark mark = {0};
    struct ph_bytes payload;
    begin(&frames);
    for (int i = 0; i < FRAMES; i++) {
        size_t len = frames.at[FRAMES] - frames.at[i];
        CHECK_OK(ph_journal_parse(ph_bytes(frames.bytes + frames.at[i], len), &mark, &payload));
        CHECK(mark.number == (uint64_t)i + 1);
        CHECK(ph_hash_equal(&mark.chain, &frames.marks[i + 1].chain));
        CHECK(payload.len == frames.at[i + 1] - frames.at[i] - PH_JOURNAL_HEAD_LEN);
    }
}

static void frame_cut_anywhere_is_incomplete_and_changes_nothing(void **state)
{
    (void)state;
    struct frames frames;
    begin(&frames);
    for (size_t len = 0; len < frames.at[1]; len++) {
        struct ph_journal_mark mark = {0};
        struct ph_bytes payload = {0};
        uint8_t *cut = malloc(len + 1); /* its own, so that a sanitizer sees one byte too far */
        memcpy(cut, frames.bytes, len);
        CHECK_STATUS(ph_journal_parse(ph_bytes(cut, len), &mark, &payload), PH_PARTIAL);
        CHECK(mark.number == 0 && payload.data == NULL);
        free(cut);
    }
}

static void frame_with_any_bit_flipped_is_refused(void **state)
{
    (void)state;
    struct frames frames;
    begin(&frames);
    for (size_t bit = 0; bit < 8 * frames.at[1]; bit++) {
        struct ph_journal_mark mark = {0};
        struct ph_bytes payload;
        frames.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum ph_status status =
            ph_journal_parse(ph_bytes(frames.bytes, frames.at[FRAMES]), &mark, &payload);
        CHECK(status == PH_CORRUPT || status == PH_PARTIAL); /* longer than what is there */
        CHECK(mark.number == 0);
        frames.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void frame_follows_on_no_other_than_the_one_before_it(void **state)
{
    (void)state;
    struct frames frames;
    struct ph_bytes payload;
    begin(&frames);
    struct ph_bytes second = ph_bytes(frames.bytes + frames.at[1], frames.at[2] - frames.at[1]);
    struct ph_journal_mark first = {0}, third = frames.marks[2], changed = frames.marks[1];
    changed.chain.bytes[31] ^= 1;

    CHECK_STATUS(ph_journal_parse(second, &first, &payload), PH_CORRUPT);
    CHECK_STATUS(ph_journal_parse(second, &third, &payload), PH_CORRUPT);
    CHECK_STATUS(ph_journal_parse(second, &changed, &payload), PH_CORRUPT);
    CHECK_OK(ph_journal_parse(second, &frames.marks[1], &payload));
}

static void length_over_the_limit_is_refused_before_it_is_waited_for(void **state)
{
    (void)state;
    struct frames frames;
    struct ph_journal_mark mark = {0};
    struct ph_bytes payload;
    begin(&frames);
    ph_put_u32(frames.bytes, PH_JOURNAL_FRAME_MAX - PH_JOURNAL_HEAD_LEN);
    struct ph_bytes input = ph_bytes(frames.bytes, frames.at[1]);
    CHECK_STATUS(ph_journal_parse(input, &mark, &payload), PH_PARTIAL);
    ph_put_u32(frames.bytes, PH_JOURNAL_FRAME_MAX - PH_JOURNAL_HEAD_LEN + 1);
    CHECK_STATUS(ph_journal_parse(input, &mark, &payload), PH_CORRUPT);
    ph_put_u32(frames.bytes, 0);
    CHECK_STATUS(ph_journal_parse(input, &mark, &payload), PH_CORRUPT);
}

static void changes_are_read_back_as_they_were_put(void **state)
{
    (void)state;
    uint8_t bytes[512];
    static const uint8_t log[PH_JOURNAL_LOG_LEN] = {7};
    const struct ph_journal_change in[] = {
        {PH_JOURNAL_META, ph_bytes_text("colour"), ph_bytes_text("green")},
        {PH_JOURNAL_META, ph_bytes_text("empty"), ph_bytes(NULL, 0)},
        {PH_JOURNAL_FACT, ph_bytes(NULL, 0), ph_bytes_text("a fact")},
        {PH_JOURNAL_LOG, ph_bytes(NULL, 0), ph_bytes(log, sizeof log)},
        {PH_JOURNAL_ENTRY, ph_bytes(NULL, 0), ph_bytes_text("an entry")},
    };
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct ph_journal_change change;
    size_t at = 0;
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++)
        ph_journal_put(&out, &in[i]);

    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) {
        CHECK_OK(ph_journal_next(ph_buffer_bytes(&out), &at, &change));
        CHECK(change.type == in[i].type);
        CHECK_BYTES(change.name, in[i].name);
        CHECK_BYTES(change.value, in[i].value);
    }
    CHECK_STATUS(ph_journal_next(ph_buffer_bytes(&out), &at, &change), PH_NOT_FOUND);
}

static void change_of_another_form_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[16];
        size_t len;
    } cases[] = {
        {"half a head", {1, 1, 0, 0, 0}, 5},
        {"no such type", {5, 0, 0, 0, 0, 0}, 6},
        {"type zero", {0, 0, 0, 0, 0, 0}, 6},
        {"a name for nothing", {2, 1, 0, 0, 0, 0, 'a'}, 7},
        {"a value without a name", {1, 0, 0, 0, 0, 1, 'a'}, 7},
        {"a name of the store's own", {1, 2, 0, 0, 0, 0, '.', 'a'}, 8},
        {"a name longer than the rest", {1, 9, 0, 0, 0, 0, 'a'}, 7},
        {"a value longer than the rest", {1, 1, 0xff, 0xff, 0xff, 0xff, 'a'}, 7},
        {"a log of another length", {3, 0, 0, 0, 0, 1, 'a'}, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ph_journal_change change;
        size_t at = 0;
        enum ph_status status =
            ph_journal_next(ph_bytes(cases[i].bytes, cases[i].len), &at, &change);
        if (status != PH_CORRUPT)
            print_error("%s\n", cases[i].what);
        CHECK_STATUS(status, PH_CORRUPT);
        CHECK(at == 0);
    }
}

static void mark_is_read_back_and_no_other_length_is(void **state)
{
    (void)state;
    uint8_t bytes[PH_JOURNAL_MARK_LEN];
    struct ph_journal_mark in = {.number = 0x0102030405060708, .chain.bytes = {1, [31] = 2}}, out;
    ph_journal_mark_encode(&in, bytes);
    CHECK_OK(ph_journal_mark_decode(ph_bytes(bytes, sizeof bytes), &out));
    CHECK(out.number == in.number && ph_hash_equal(&out.chain, &in.chain));
    CHECK_STATUS(ph_journal_mark_decode(ph_bytes(bytes, sizeof bytes - 1), &out), PH_CORRUPT);
}

CHECK_MAIN(cmocka_unit_test(frames_are_read_back_in_order),
           cmocka_unit_test(frame_cut_anywhere_is_incomplete_and_changes_nothing),
           cmocka_unit_test(frame_with_any_bit_flipped_is_refused),
           cmocka_unit_test(frame_follows_on_no_other_than_the_one_before_it),
           cmocka_unit_test(length_over_the_limit_is_refused_before_it_is_waited_for),
           cmocka_unit_test(changes_are_read_back_as_they_were_put),
           cmocka_unit_test(change_of_another_form_is_refused),
           cmocka_unit_test(mark_is_read_back_and_no_other_length_is))
