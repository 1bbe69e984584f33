#include "tests/support/bad_words.h"

#include <string.h>

#include "proto/pack.h"
#include "tests/support/check.h"

/* --- forms that no message has --- */

static void put(struct ph_buffer *out, const void *bytes, size_t len)
{
    ph_buffer_put(out, bytes, len);
}

#define FORM(name_, bytes_)                                                                        \
    static void name_(struct bad_mouth *mouth, struct ph_buffer *out)                              \
    {                                                                                              \
        (void)mouth;                                                                               \
        put(out, bytes_, sizeof(bytes_) - 1);                                                      \
    }

FORM(an_unknown_type, "\x91\x63")
FORM(a_number_in_a_longer_form, "\x92\xcc\x0a\x00")
FORM(an_array_that_claims_a_billion, "\xdd\x7f\xff\xff\xff")
FORM(a_map_of_32_bits, "\x92\x0a\xdf\x00\x00\x00\x00")
FORM(a_text_of_32_bits, "\x92\x0a\xdb\x00\x00\x00\x01\x61")
FORM(a_float, "\x92\x0a\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00")
FORM(an_extension, "\x92\x0a\xd4\x01\x00")
FORM(a_negative_reason, "\x92\x0a\xff")
FORM(a_reason_that_nobody_knows, "\x92\x0a\x63")
FORM(a_map_with_one_key_twice, "\x92\x0a\x82\x01\x01\x01\x02")
FORM(text_that_is_no_utf8, "\x92\x0a\xa2\xc3\x28")
FORM(text_in_overlong_utf8, "\x92\x0a\xa2\xc0\xaf")
FORM(a_surrogate_in_text, "\x92\x0a\xa3\xed\xa0\x80")
FORM(no_message_at_all, "\xc0")
FORM(an_empty_array, "\x90")
FORM(a_prune_with_a_reason, "\x92\x0c\x00")
FORM(a_prune, "\x91\x0c")
FORM(a_graft, "\x91\x0d")
FORM(half_a_fact_id, "\x93\x04\xc4\x01\x00\xc2")
FORM(a_list_of_facts_that_are_numbers, "\x92\x05\x91\x01")
FORM(half_a_receipt, "\x97\x0e\xc4\x01\x00\x01\xc4\x00\xc4\x00\xc2\xc4\x01\x00")
FORM(half_the_name_of_a_receipt, "\x92\x0f\xc4\x06\x00\x00\x00\x00\x00\x01")
FORM(the_name_of_no_receipt, "\x92\x0f\xc4\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x00")
FORM(a_receipt_named_twice, "\x92\x0f\xc4\x18\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x01"
                            "\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x02")
FORM(no_receipts, "\x92\x0f\xc4\x00")

static void put_receipt(struct bad_mouth *mouth, struct ph_buffer *out, uint32_t counter,
                        uint32_t seq, uint32_t held_count)
{
    uint8_t held[2 * PH_RECEIPT_HELD_LEN];
    for (uint32_t i = 0; i < held_count; i++)
        ph_receipt_put(held + i * PH_RECEIPT_HELD_LEN, &mouth->writer, seq, &mouth->tip.id);
    struct ph_receipt receipt = {.writer = mouth->writer,
                                 .counter = counter,
                                 .held = ph_bytes(held, held_count * PH_RECEIPT_HELD_LEN)};
    ph_message_receipt(out, &receipt);
}

static void a_receipt_that_counts_from_nothing(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_receipt(mouth, out, 0, 1, 1);
}

static void a_receipt_of_no_entry(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_receipt(mouth, out, 1, 0, 1);
}

static void a_receipt_that_holds_one_branch_twice(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_receipt(mouth, out, 1, 1, 2);
}

static void a_receipt_signed_by_nobody(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_receipt(mouth, out, 1, 1, 1);
}

static void nesting_without_end(struct bad_mouth *mouth, struct ph_buffer *out)
{
    (void)mouth;
    for (size_t i = 0; i < 1000; i++)
        put(out, "\x91", 1);
    put(out, "\xc0", 1);
}

static void a_message_as_long_as_can_be(struct bad_mouth *mouth, struct ph_buffer *out)
{
    (void)mouth;
    while (out->len < out->size)
        put(out, "\x91", 1);
}

static void put_root(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_hash fact_set = {{1}};
    struct ph_root root = {{2}};
    (void)mouth;
    ph_message_root(out, &fact_set, &root);
}

static void a_message_cut_short(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_root(mouth, out);
    out->len -= 5;
}

static void bytes_behind_the_message(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_root(mouth, out);
    put(out, "\xc0", 1);
}

/* --- wants and heads --- */

/* By hand: the encoder makes no wrong ones. Up to the head that is wanted. */
static void begin_want(const struct ph_writer_id *writer, struct ph_buffer *out)
{
    static const uint8_t check[16];
    ph_pack_array(out, 5);
    ph_pack_uint(out, PH_MESSAGE_WANT);
    ph_pack_bin(out, ph_bytes(writer->bytes, sizeof writer->bytes));
    ph_pack_array(out, 2);
    ph_pack_uint(out, 1);
    ph_pack_bin(out, ph_bytes(check, sizeof check));
}

static void put_want(const struct ph_writer_id *writer, struct ph_buffer *out, uint32_t locators,
                     uint32_t runs)
{
    static const uint8_t check[16];
    begin_want(writer, out);
    ph_pack_array(out, locators);
    for (uint32_t i = 0; i < locators; i++) {
        ph_pack_array(out, 2);
        ph_pack_uint(out, i + 1);
        ph_pack_bin(out, ph_bytes(check, sizeof check));
    }
    ph_pack_uint(out, runs);
}

static void too_many_locators(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_want(&mouth->writer, out, PH_LOCATOR_MAX + 1, 1);
}

static void a_want_for_too_many_runs(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_want(&mouth->writer, out, 0, PH_WANT_RUNS_MAX + 1);
}

static void a_want_for_no_runs(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_want(&mouth->writer, out, 0, 0);
}

static void a_want_with_falling_locators(struct bad_mouth *mouth, struct ph_buffer *out)
{
    static const uint8_t check[16];
    begin_want(&mouth->writer, out);
    ph_pack_array(out, 2);
    for (uint32_t seq = 2; seq > 0; seq--) {
        ph_pack_array(out, 2);
        ph_pack_uint(out, seq);
        ph_pack_bin(out, ph_bytes(check, sizeof check));
    }
    ph_pack_uint(out, 1);
}

static void a_want_beyond_32_bits(struct bad_mouth *mouth, struct ph_buffer *out)
{
    static const uint8_t check[16];
    begin_want(&mouth->writer, out);
    ph_pack_array(out, 1);
    ph_pack_array(out, 2);
    ph_pack_uint(out, UINT64_C(1) << 32);
    ph_pack_bin(out, ph_bytes(check, sizeof check));
    ph_pack_uint(out, 1);
}

static void a_want_for_all_of_a_log(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_want(&mouth->other.writer, out, 0, PH_WANT_RUNS_MAX);
}

static void a_want_for_a_log_that_is_nowhere(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_writer_id nobody = mouth->writer;
    nobody.bytes[3] ^= 1;
    put_want(&nobody, out, 0, PH_WANT_RUNS_MAX);
}

static void put_head(struct ph_head head, struct ph_buffer *out)
{
    ph_message_heads(out, &head, 1, NULL, 0);
}

static void a_head_far_too_high(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_head((struct ph_head){mouth->other.writer, UINT32_MAX, mouth->other.id}, out);
}

static void a_head_of_ones_own_far_too_high(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_head((struct ph_head){mouth->writer, UINT32_MAX, mouth->tip.id}, out);
}

static void a_head_far_too_low(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_head((struct ph_head){mouth->other.writer, 1, mouth->other.id}, out);
}

static void a_head_of_a_log_that_is_nowhere(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_head head = mouth->other;
    head.writer.bytes[3] ^= 1;
    put_head(head, out);
}

static void too_many_heads(struct bad_mouth *mouth, struct ph_buffer *out)
{
    ph_pack_array(out, 3);
    ph_pack_uint(out, PH_MESSAGE_HEADS);
    ph_pack_array(out, PH_MESSAGE_HEADS_MAX + 1);
    for (uint32_t i = 0; i <= PH_MESSAGE_HEADS_MAX; i++) {
        ph_pack_array(out, 3);
        ph_pack_bin(out, ph_bytes(mouth->writer.bytes, sizeof mouth->writer.bytes));
        ph_pack_uint(out, i + 1);
        ph_pack_bin(out, ph_bytes(mouth->tip.id.bytes, sizeof mouth->tip.id.bytes));
    }
    ph_pack_array(out, 0);
}

static void a_fill_for_what_is_no_hole(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_salt salt = {{1}};
    ph_message_fill(out, &mouth->other.writer, 1, &salt, ph_bytes_text("\x91\xa2no"));
}

static void a_fill_beyond_the_log(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_salt salt = {{1}};
    ph_message_fill(out, &mouth->other.writer, UINT32_MAX, &salt, ph_bytes_text("\x91\xa2no"));
}

/* --- facts --- */

static void put_fact(struct bad_mouth *mouth, struct ph_buffer *out, struct ph_network_id network,
                     size_t broken_at_end)
{
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer fact_bytes = ph_buffer(bytes, sizeof bytes);
    struct ph_fact fact = {.type = PH_FACT_INVITE, .network = network};
    fact.of.invite.uses = 1;
    memcpy(fact.author.bytes, mouth->writer.bytes, sizeof fact.author.bytes);
    fact.past = ph_bytes(mouth->certify.bytes, sizeof mouth->certify.bytes);
    CHECK_OK(ph_fact_sign(&fact, &mouth->secret, &fact_bytes));
    for (size_t i = 0; i < broken_at_end; i++)
        bytes[fact_bytes.len - 1 - i] ^= 1;
    struct ph_bytes facts[] = {ph_buffer_bytes(&fact_bytes)};
    CHECK(ph_message_facts(out, facts, 1) == 1);
}

static void a_fact_signed_by_nobody(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_fact(mouth, out, mouth->network, 1);
}

static void a_fact_of_another_network(struct bad_mouth *mouth, struct ph_buffer *out)
{
    put_fact(mouth, out, (struct ph_network_id){{1}}, 0);
}

/* --- the table --- */

/* clang-format off */
static const struct bad_words rows[] = {
    REFUSED("an unknown type", an_unknown_type, PH_MALFORMED),
    REFUSED("a number in a longer form", a_number_in_a_longer_form, PH_MALFORMED),
    REFUSED("an array that claims a billion", an_array_that_claims_a_billion, PH_MALFORMED),
    REFUSED("map32", a_map_of_32_bits, PH_MALFORMED),
    REFUSED("str32", a_text_of_32_bits, PH_MALFORMED),
    REFUSED("float, NaN", a_float, PH_MALFORMED),
    REFUSED("ext", an_extension, PH_MALFORMED),
    REFUSED("a negative reason", a_negative_reason, PH_MALFORMED),
    REFUSED("a reason that nobody knows", a_reason_that_nobody_knows, PH_MALFORMED),
    REFUSED("duplicate map key", a_map_with_one_key_twice, PH_MALFORMED),
    REFUSED("invalid UTF-8", text_that_is_no_utf8, PH_MALFORMED),
    REFUSED("overlong UTF-8", text_in_overlong_utf8, PH_MALFORMED),
    REFUSED("a surrogate", a_surrogate_in_text, PH_MALFORMED),
    REFUSED("no message at all", no_message_at_all, PH_MALFORMED),
    REFUSED("an empty array", an_empty_array, PH_MALFORMED),
    REFUSED("a prune with a reason", a_prune_with_a_reason, PH_MALFORMED),
    REFUSED("half a fact id", half_a_fact_id, PH_MALFORMED),
    REFUSED("facts that are numbers", a_list_of_facts_that_are_numbers, PH_MALFORMED),
    REFUSED("half a receipt", half_a_receipt, PH_MALFORMED),
    REFUSED("half the name of a receipt", half_the_name_of_a_receipt, PH_MALFORMED),
    REFUSED("the name of no receipt", the_name_of_no_receipt, PH_MALFORMED),
    REFUSED("a receipt named twice", a_receipt_named_twice, PH_MALFORMED),
    REFUSED("a receipt number 0", a_receipt_that_counts_from_nothing, PH_MALFORMED),
    REFUSED("a receipt of entry 0", a_receipt_of_no_entry, PH_MALFORMED),
    REFUSED("a branch held twice", a_receipt_that_holds_one_branch_twice, PH_MALFORMED),
    REFUSED("a receipt signed by nobody", a_receipt_signed_by_nobody, PH_UNAUTHENTIC),
    REFUSED("depth without end", nesting_without_end, PH_MALFORMED),
    REFUSED("64 KiB exactly", a_message_as_long_as_can_be, PH_MALFORMED),
    REFUSED("a message cut short", a_message_cut_short, PH_MALFORMED),
    REFUSED("trailing byte", bytes_behind_the_message, PH_MALFORMED),
    REFUSED("too many locators", too_many_locators, PH_LIMIT),
    REFUSED("a want for too many runs", a_want_for_too_many_runs, PH_LIMIT),
    REFUSED("a want for no runs", a_want_for_no_runs, PH_MALFORMED),
    REFUSED("request reversed range", a_want_with_falling_locators, PH_MALFORMED),
    REFUSED("range 2^32", a_want_beyond_32_bits, PH_MALFORMED),
    REFUSED("too many heads", too_many_heads, PH_LIMIT),
    REFUSED("a fact signed by nobody", a_fact_signed_by_nobody, PH_UNAUTHENTIC),
    REFUSED("a fact of another network", a_fact_of_another_network, PH_FORBIDDEN),
    SAID("head lies high", a_head_far_too_high, 1),
    SAID("advertise never deliver", a_head_of_ones_own_far_too_high, 1),
    SAID("head lies low", a_head_far_too_low, 1),
    SAID("head of a log that is nowhere", a_head_of_a_log_that_is_nowhere, 1),
    SAID("request everything repeatedly", a_want_for_all_of_a_log, 1000),
    SAID("request unknown", a_want_for_a_log_that_is_nowhere, 1000),
    SAID("root flood", put_root, 1000),
    SAID("prune spam", a_prune, 1000),
    SAID("graft spam", a_graft, 1000),
    SAID("receipts of nothing", no_receipts, 1000),
    SAID("deliver unrequested", a_fill_for_what_is_no_hole, 1),
    SAID("a fill beyond the log", a_fill_beyond_the_log, 1),
};
/* clang-format on */

const struct bad_words_table bad_messages = {rows, sizeof rows / sizeof rows[0]};
