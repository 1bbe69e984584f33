#include "tests/support/bad_words.h"

#include <string.h>

#include "proto/kind.h"
#include "proto/run.h"
#include "tests/support/check.h"

#define TITLE_FIELD 3

struct entry {
    uint8_t skeleton[PH_BODY_MAX], content[PH_BODY_MAX];
    struct ph_body body;
    struct ph_header header;
    struct ph_entry_id id;
};

static struct entry made; /* one at a time */

static struct ph_op_writer begin_ops(void)
{
    struct ph_op_writer ops;
    ph_ops_begin(&ops, made.skeleton, made.content, PH_BODY_MAX);
    return ops;
}

static struct ph_record_id fresh_record(const struct bad_mouth *mouth)
{
    return ph_record_id_make(&mouth->school, mouth->tip.seq + 1, (const uint8_t *)"bad!");
}

/* The body is there: the rest of the entry. */
static void end_entry(struct bad_mouth *mouth, uint64_t lamport_step, int64_t time_ms)
{
    uint8_t encoded[PH_HEADER_LEN];
    if (made.body.content_len != 0)
        memset(made.body.salt.bytes, 7, sizeof made.body.salt.bytes);
    made.header = ph_header_after(&mouth->tip, &mouth->writer, mouth->tip.lamport + lamport_step,
                                  time_ms, &made.body);
    ph_header_encode(&made.header, encoded);
    made.id = ph_header_id(encoded);
    mouth->next = ph_link_after(&made.header, &made.id);
}

static void make_plan(struct bad_mouth *mouth, struct ph_bytes title, uint64_t lamport_step,
                      int64_t time_ms)
{
    struct ph_op_writer ops = begin_ops();
    struct ph_record_id record = fresh_record(mouth);
    ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, TITLE_FIELD, NULL, 0, title);
    CHECK_OK(ph_ops_end(&ops, &made.body));
    end_entry(mouth, lamport_step, time_ms);
}

/* A run of the one entry; `claimed` is what the run says that it follows. */
static void put_run_signed(const struct bad_mouth *mouth, struct ph_buffer *out,
                           const struct ph_link *claimed, const struct ph_signature *signature)
{
    struct ph_run_writer run;
    ph_message_run_begin(out);
    ph_run_begin(&run, out, &mouth->writer, claimed, 1);
    ph_run_add(&run, &made.header, &made.body);
    ph_run_end(&run, signature);
}

static void put_run(const struct bad_mouth *mouth, struct ph_buffer *out,
                    const struct ph_link *claimed)
{
    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, made.id.bytes, &mouth->secret);
    put_run_signed(mouth, out, claimed, &signature);
}

void bad_mouth_put_plan(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xa4oops"), 1, 0);
    put_run(mouth, out, &mouth->tip);
}

static void a_run_with_a_bad_signature(struct bad_mouth *mouth, struct ph_buffer *out)
{
    bad_mouth_put_plan(mouth, out);
    out->data[out->len - 1] ^= 1;
}

static void a_run_signed_for_another_purpose(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xa4oops"), 1, 0);
    struct ph_signature signature = ph_sign(PH_SIGNED_FACT, made.id.bytes, &mouth->secret);
    put_run_signed(mouth, out, &mouth->tip, &signature);
}

static void a_run_signed_by_another_key(struct bad_mouth *mouth, struct ph_buffer *out)
{
    const uint8_t seed[32] = {5};
    struct ph_sign_secret secret;
    uint8_t unused[32];
    ph_sign_key_from_seed(seed, &secret, unused);
    make_plan(mouth, ph_bytes_text("\xa4oops"), 1, 0);
    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, made.id.bytes, &secret);
    put_run_signed(mouth, out, &mouth->tip, &signature);
}

static void a_run_for_anothers_log(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct bad_mouth other = *mouth;
    other.writer = mouth->other.writer;
    other.tip.seq = mouth->other.seq;
    other.tip.id = mouth->other.id;
    bad_mouth_put_plan(&other, out);
}

static void a_run_with_a_changed_body(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xa4oops"), 1, 0);
    made.content[made.body.content.len - 1] ^= 1;
    put_run(mouth, out, &mouth->tip);
}

static void a_run_that_does_not_move_time(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xa4oops"), 0, 0);
    put_run(mouth, out, &mouth->tip);
}

static void a_run_that_leaps_ahead(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xa4oops"), PH_LAMPORT_STEP_MAX + 1, 0);
    put_run(mouth, out, &mouth->tip);
}

static void a_run_that_leaps_to_the_end_of_time(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xa4oops"), (UINT64_C(1) << 63) - mouth->tip.lamport, 0);
    put_run(mouth, out, &mouth->tip);
}

/* Signed as if it came after the last but one. */
static void a_run_with_a_broken_chain(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_link tip = mouth->tip;
    mouth->tip.id.bytes[0] ^= 1;
    make_plan(mouth, ph_bytes_text("\xa4oops"), 1, 0);
    mouth->tip = tip;
    put_run(mouth, out, &tip);
}

static void a_run_over_the_limit(struct bad_mouth *mouth, struct ph_buffer *out)
{
    static uint8_t big[PH_BODY_MAX];
    struct ph_run_writer run;
    struct ph_body body = {.skeleton = ph_bytes(big, 16), .content = ph_bytes(big, 100)};
    struct ph_header header = {.seq = mouth->tip.seq, .lamport = mouth->tip.lamport};
    struct ph_signature signature = {{0}};
    body.content_len = 100;
    ph_message_run_begin(out);
    ph_run_begin(&run, out, &mouth->writer, &mouth->tip, 400);
    for (uint32_t i = 0; i < 400; i++) {
        header.lamport++;
        header.seq++;
        ph_run_add(&run, &header, &body);
    }
    ph_run_end(&run, &signature);
}

static void a_run_without_entries(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_run_writer run;
    struct ph_signature signature = {{0}};
    ph_message_run_begin(out);
    ph_run_begin(&run, out, &mouth->writer, &mouth->tip, 0);
    ph_run_end(&run, &signature);
}

static void a_run_with_a_gap_before_it(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_link tip = mouth->tip;
    mouth->tip.seq += 5;
    make_plan(mouth, ph_bytes_text("\xa4oops"), 1, 0);
    put_run(mouth, out, &mouth->tip);
    mouth->tip = tip;
}

static void a_run_of_a_log_that_is_nowhere(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct bad_mouth nobody = *mouth;
    const uint8_t seed[32] = {6};
    ph_sign_key_from_seed(seed, &nobody.secret, nobody.writer.bytes);
    bad_mouth_put_plan(&nobody, out);
}

/* --- right runs that say strange things --- */

static void put_skeleton(struct bad_mouth *mouth, struct ph_buffer *out, struct ph_bytes skeleton)
{
    memcpy(made.skeleton, skeleton.data, skeleton.len);
    made.body = (struct ph_body){.skeleton = ph_bytes(made.skeleton, skeleton.len)};
    end_entry(mouth, 1, 0);
    put_run(mouth, out, &mouth->tip);
}

#define SKELETON(name_, bytes_)                                                                    \
    static void name_(struct bad_mouth *mouth, struct ph_buffer *out)                              \
    {                                                                                              \
        put_skeleton(mouth, out, ph_bytes(bytes_, sizeof(bytes_) - 1));                            \
    }

SKELETON(a_skeleton_that_is_nothing, "\xc0")
SKELETON(a_skeleton_with_a_float, "\x91\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00")
SKELETON(a_skeleton_with_an_extension, "\x91\xd4\x01\x00")
SKELETON(a_skeleton_that_claims_a_billion, "\xdd\x7f\xff\xff\xff")
SKELETON(a_skeleton_nested_too_deeply, "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0")
SKELETON(a_skeleton_with_bytes_behind_it, "\x90\xc0")

/* An op that is written by itself, in a record of that id. */
static void put_ops(struct bad_mouth *mouth, struct ph_buffer *out, struct ph_op_writer *ops)
{
    CHECK_OK(ph_ops_end(ops, &made.body));
    end_entry(mouth, 1, 0);
    put_run(mouth, out, &mouth->tip);
}

static void a_plan_in_anothers_name(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_op_writer ops = begin_ops();
    struct ph_record_id record = fresh_record(mouth);
    record.bytes[0] ^= 1;
    ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, TITLE_FIELD, NULL, 0, ph_bytes_text("\xa4oops"));
    put_ops(mouth, out, &ops);
}

static void a_plan_with_another_entrys_number(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_op_writer ops = begin_ops();
    struct ph_record_id record =
        ph_record_id_make(&mouth->school, mouth->tip.seq + 7, (const uint8_t *)"bad!");
    ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    put_ops(mouth, out, &ops);
}

static void a_kind_that_nobody_knows(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_op_writer ops = begin_ops();
    struct ph_record_id record = fresh_record(mouth);
    ph_ops_group(&ops, 60000, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    put_ops(mouth, out, &ops);
}

static void a_value_for_what_was_never_made(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_op_writer ops = begin_ops();
    struct ph_record_id record = fresh_record(mouth);
    ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
    ph_ops_set(&ops, TITLE_FIELD, NULL, 0, ph_bytes_text("\xa4oops"));
    put_ops(mouth, out, &ops);
}

static struct ph_op_ref nowhere(const struct bad_mouth *mouth)
{
    struct ph_entry_id id = {{9}};
    return ph_op_ref(&mouth->other.writer, mouth->other.seq + 1000, &id, 0);
}

/* It waits for an entry that never comes, as does whatever comes after it in this record. */
static void a_value_that_overwrites_what_is_nowhere(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_op_writer ops = begin_ops();
    struct ph_record_id record = fresh_record(mouth);
    struct ph_op_ref ref = nowhere(mouth);
    ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, TITLE_FIELD, &ref, 1, ph_bytes_text("\xa4oops"));
    put_ops(mouth, out, &ops);
}

static void a_removal_of_what_was_never_there(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_op_writer ops = begin_ops();
    struct ph_record_id record = fresh_record(mouth);
    struct ph_op_ref self = {.index = 40};
    ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
    ph_ops_remove(&ops, TITLE_FIELD, &self, 1);
    put_ops(mouth, out, &ops);
}

static void a_value_that_overwrites_itself(struct bad_mouth *mouth, struct ph_buffer *out)
{
    struct ph_op_writer ops = begin_ops();
    struct ph_record_id record = fresh_record(mouth);
    struct ph_op_ref self = {.index = 1};
    ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, TITLE_FIELD, &self, 1, ph_bytes_text("\xa4oops"));
    put_ops(mouth, out, &ops);
}

static void the_year_zero(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xa4oops"), 1, INT64_MIN);
    put_run(mouth, out, &mouth->tip);
}

static void the_year_9999_and_later(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xa4oops"), 1, INT64_MAX);
    put_run(mouth, out, &mouth->tip);
}

static void text_that_steers_a_terminal(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xaf\x1b]0;x\x07\x1b[2J\xe2\x80\xae\xc2\x9b"), 1, 0);
    put_run(mouth, out, &mouth->tip);
}

static void a_title_that_is_no_utf8(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xa2\xc3\x28"), 1, 0);
    put_run(mouth, out, &mouth->tip);
}

static void the_largest_step_of_time(struct bad_mouth *mouth, struct ph_buffer *out)
{
    make_plan(mouth, ph_bytes_text("\xa4oops"), PH_LAMPORT_STEP_MAX, 0);
    put_run(mouth, out, &mouth->tip);
}

/* --- the table --- */

/* clang-format off */
static const struct bad_words rows[] = {
    REFUSED("bad signature", a_run_with_a_bad_signature, PH_UNAUTHENTIC),
    REFUSED("signature of other context", a_run_signed_for_another_purpose, PH_UNAUTHENTIC),
    REFUSED("signer not writer", a_run_signed_by_another_key, PH_UNAUTHENTIC),
    REFUSED("a changed body", a_run_with_a_changed_body, PH_UNAUTHENTIC),
    REFUSED("lamport 0", a_run_that_does_not_move_time, PH_MALFORMED),
    REFUSED("lamport +1 too high", a_run_that_leaps_ahead, PH_MALFORMED),
    REFUSED("lamport 2^63", a_run_that_leaps_to_the_end_of_time, PH_MALFORMED),
    REFUSED("previous hash wrong", a_run_with_a_broken_chain, PH_UNAUTHENTIC),
    REFUSED("64 KiB + 1", a_run_over_the_limit, PH_LIMIT),
    REFUSED("a run without entries", a_run_without_entries, PH_MALFORMED),
    REFUSED("another's log continued", a_run_for_anothers_log, PH_UNAUTHENTIC),
    SAID("seq gap", a_run_with_a_gap_before_it, 1),
    SAID("a log that is nowhere", a_run_of_a_log_that_is_nowhere, 1),
    KEPT("a skeleton that is nothing", a_skeleton_that_is_nothing),
    KEPT("a skeleton with a float", a_skeleton_with_a_float),
    KEPT("a skeleton with an extension", a_skeleton_with_an_extension),
    KEPT("a skeleton that claims a billion", a_skeleton_that_claims_a_billion),
    KEPT("depth 9", a_skeleton_nested_too_deeply),
    KEPT("a skeleton with bytes behind it", a_skeleton_with_bytes_behind_it),
    KEPT("a plan in another's name", a_plan_in_anothers_name),
    KEPT("a plan with another entry's number", a_plan_with_another_entrys_number),
    KEPT("unknown type", a_kind_that_nobody_knows),
    KEPT("a value for what was never made", a_value_for_what_was_never_made),
    KEPT("parents missing", a_value_that_overwrites_what_is_nowhere),
    KEPT("delete of unknown", a_removal_of_what_was_never_there),
    SHOWN("parents self", a_value_that_overwrites_itself),
    SHOWN("wall time year 0", the_year_zero),
    SHOWN("wall time 9999", the_year_9999_and_later),
    SHOWN("bidi text and escapes", text_that_steers_a_terminal),
    SHOWN("a title that is no UTF-8", a_title_that_is_no_utf8),
    SHOWN("the largest step of time", the_largest_step_of_time),
};
/* clang-format on */

const struct bad_words_table bad_runs = {rows, sizeof rows / sizeof rows[0]};
