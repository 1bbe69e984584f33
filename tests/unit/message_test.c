#include "proto/message.h"

#include "tests/support/vectors.h"

#define FACTS_PATH PH_VECTORS "/facts.json"
#define MESSAGE_MAX (PH_FRAME_PLAIN_MAX - 1)

/* --- Encoding again what was decoded --- */

struct out {
    uint8_t bytes[MESSAGE_MAX];
    struct ph_buffer buffer;
};

static void begin_out(struct out *out)
{
    out->buffer = ph_buffer(out->bytes, sizeof out->bytes);
}

#define LIST_MAX 16

static void encode_introduce(const struct ph_message *message, struct ph_buffer *out)
{
    struct ph_bytes facts[LIST_MAX];
    struct ph_unpacker in = message->of.introduce.facts;
    uint32_t count = message->of.introduce.fact_count;
    assert_true(count <= LIST_MAX);
    for (uint32_t i = 0; i < count; i++)
        facts[i] = ph_message_next_fact(&in);
    const struct ph_join_proof *proof =
        message->of.introduce.has_proof ? &message->of.introduce.proof : NULL;
    if (message->of.introduce.claim.what != PH_CLAIM_NONE) {
        ph_message_claim(out, proof, &message->of.introduce.claim);
        return;
    }
    assert_int_equal(ph_message_introduce(out, facts, count, proof), count);
}

static void encode_facts(const struct ph_message *message, struct ph_buffer *out)
{
    struct ph_bytes facts[LIST_MAX];
    struct ph_unpacker in = message->of.facts.facts;
    uint32_t count = message->of.facts.fact_count;
    assert_true(count <= LIST_MAX);
    for (uint32_t i = 0; i < count; i++)
        facts[i] = ph_message_next_fact(&in);
    assert_int_equal(ph_message_facts(out, facts, count), count);
}

static void encode_heads(const struct ph_message *message, struct ph_buffer *out)
{
    struct ph_head heads[LIST_MAX];
    struct ph_hole holes[LIST_MAX];
    struct ph_unpacker in_heads = message->of.heads.heads;
    struct ph_unpacker in_holes = message->of.heads.holes;
    uint32_t head_count = message->of.heads.head_count;
    uint32_t hole_count = message->of.heads.hole_count;
    assert_true(head_count <= LIST_MAX && hole_count <= LIST_MAX);
    for (uint32_t i = 0; i < head_count; i++)
        heads[i] = ph_message_next_head(&in_heads);
    for (uint32_t i = 0; i < hole_count; i++)
        holes[i] = ph_message_next_hole(&in_holes);
    ph_message_heads(out, heads, head_count, holes, hole_count);
}

static void encode_want(const struct ph_message *message, struct ph_buffer *out)
{
    struct ph_locator locators[LIST_MAX];
    struct ph_unpacker in = message->of.want.locators;
    uint32_t count = message->of.want.locator_count;
    assert_true(count <= LIST_MAX);
    for (uint32_t i = 0; i < count; i++)
        locators[i] = ph_message_next_locator(&in);
    ph_message_want(out, &message->of.want.log, locators, count);
}

/* The entries are run.h's affair: their bytes are carried over. */
static void encode_run(const struct ph_message *message, struct ph_buffer *out)
{
    const struct ph_run_reader *run = &message->of.run;
    ph_message_run_begin(out);
    ph_pack_bin(out, ph_bytes(run->head.writer.bytes, 32));
    ph_pack_uint(out, run->head.after_seq);
    ph_pack_bin(out, ph_bytes(run->head.after_id.bytes, 32));
    ph_pack_array(out, run->head.entry_count);
    ph_buffer_put(out, run->unpacker.next, (size_t)(run->unpacker.end - run->unpacker.next));
    ph_pack_bin(out, ph_bytes(run->signature.bytes, sizeof run->signature.bytes));
}

static void encode(const struct ph_message *message, struct ph_buffer *out)
{
    switch (message->type) {
    case PH_MESSAGE_ROOT:
        ph_message_root(out, &message->of.root.fact_set, &message->of.root.root);
        return;
    case PH_MESSAGE_WHO:
        ph_message_who(out);
        return;
    case PH_MESSAGE_INTRODUCE:
        encode_introduce(message, out);
        return;
    case PH_MESSAGE_FACT_IDS:
        ph_message_fact_ids(out, message->of.fact_ids.prefixes, message->of.fact_ids.more_follow);
        return;
    case PH_MESSAGE_FACTS:
        encode_facts(message, out);
        return;
    case PH_MESSAGE_HEADS:
        encode_heads(message, out);
        return;
    case PH_MESSAGE_WANT:
        encode_want(message, out);
        return;
    case PH_MESSAGE_RUN:
        encode_run(message, out);
        return;
    case PH_MESSAGE_FILL:
        ph_message_fill(out, &message->of.fill.writer, message->of.fill.seq, &message->of.fill.salt,
                        message->of.fill.content);
        return;
    case PH_MESSAGE_END:
        ph_message_end(out, message->of.end.reason);
        return;
    case PH_MESSAGE_TWIN:
        ph_message_twin(out, &message->of.twin.session);
        return;
    case PH_MESSAGE_PRUNE:
        ph_message_prune(out);
        return;
    case PH_MESSAGE_GRAFT:
        ph_message_graft(out);
        return;
    case PH_MESSAGE_RECEIPT:
        ph_message_receipt(out, &message->of.receipt);
        return;
    case PH_MESSAGE_RECEIPTS:
        ph_message_receipts(out, message->of.receipts.names);
        return;
    }
    fail();
}

/* --- Known answers --- */

static void for_each_known_message(void (*check)(struct ph_bytes bytes))
{
    json_t *vectors = vectors_open(FACTS_PATH);
    const char *name;
    json_t *value;
    json_t *messages = vector_member(vectors, "messages");
    assert_int_equal(json_object_size(messages), 17);
    json_object_foreach(messages, name, value)
    {
        struct vector_bytes bytes = vector_bytes(messages, name);
        check(vector_view(&bytes));
    }
    json_decref(vectors);
}

static void check_round_trip(struct ph_bytes bytes)
{
    static struct out out;
    struct ph_message message;
    begin_out(&out);
    CHECK_OK(ph_message_decode(bytes, &message));
    encode(&message, &out.buffer);
    CHECK_BYTES(ph_buffer_bytes(&out.buffer), bytes);
}

static void known_messages_decode_and_encode_to_the_same_bytes(void **state)
{
    (void)state;
    for_each_known_message(check_round_trip);
}

static struct ph_message known_message(json_t *vectors, const char *name,
                                       struct vector_bytes *bytes)
{
    struct ph_message message;
    *bytes = vector_bytes(vector_member(vectors, "messages"), name);
    CHECK_OK(ph_message_decode(vector_view(bytes), &message));
    return message;
}

static void the_known_root_is_that_of_the_known_heads(void **state)
{
    (void)state;
    json_t *vectors = vectors_open(FACTS_PATH);
    struct vector_bytes heads_bytes;
    struct vector_bytes root_bytes;
    struct ph_head heads[2];
    struct ph_message lists = known_message(vectors, "heads", &heads_bytes);
    struct ph_message root = known_message(vectors, "root", &root_bytes);
    assert_int_equal(lists.of.heads.head_count, 2);
    assert_int_equal(lists.of.heads.hole_count, 1);
    struct ph_head first = ph_message_next_head(&lists.of.heads.heads);
    struct ph_head second = ph_message_next_head(&lists.of.heads.heads);
    struct ph_hole hole = ph_message_next_hole(&lists.of.heads.holes);
    vector_fixed(vectors, "hole_id", hole.id.bytes, sizeof hole.id.bytes);
    bool is_ascending = ph_head_compare(&first, &second) < 0;
    heads[0] = is_ascending ? first : second;
    heads[1] = is_ascending ? second : first;
    struct ph_root ours = ph_root(&root.of.root.fact_set, heads, 2, &hole, 1);
    CHECK(ph_root_equal(&ours, &root.of.root.root));
    json_decref(vectors);
}

static void the_known_run_carries_its_entry(void **state)
{
    (void)state;
    json_t *vectors = vectors_open(FACTS_PATH);
    struct vector_bytes bytes;
    struct ph_run_entry entry;
    struct ph_signature signature;
    struct ph_message message = known_message(vectors, "run", &bytes);
    struct ph_link link = {.id = message.of.run.head.after_id};
    CHECK_OK(ph_run_next(&message.of.run, &link, 1000, &entry));
    CHECK_STATUS(ph_run_next(&message.of.run, &link, 1000, &entry), PH_NOT_FOUND);
    CHECK_OK(ph_run_verify(&message.of.run, &link, &signature));
    json_decref(vectors);
}

/* --- Bytes that aren't messages --- */

static void decode_copy(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len + (len == 0)); /* a sanitizer sees a read behind it */
    struct ph_message message;
    static struct out out;
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    begin_out(&out);
    if (ph_message_decode(ph_bytes(copy, len), &message) == PH_OK) {
        /* Whatever is accepted has exactly one form. */
        encode(&message, &out.buffer);
        CHECK_BYTES(ph_buffer_bytes(&out.buffer), ph_bytes(copy, len));
    }
    free(copy);
}

static void check_truncations(struct ph_bytes bytes)
{
    struct ph_message message;
    for (size_t len = 0; len < bytes.len; len++) {
        CHECK_STATUS(ph_message_decode(ph_bytes(bytes.data, len), &message), PH_MALFORMED);
        decode_copy(bytes.data, len);
    }
}

static void every_truncated_message_is_refused(void **state)
{
    (void)state;
    for_each_known_message(check_truncations);
}

static void check_mutations(struct ph_bytes bytes)
{
    static const uint8_t changes[] = {1, 2, 4, 8, 16, 32, 64, 128, 255};
    static uint8_t changed[VECTOR_BYTES_MAX];
    memcpy(changed, bytes.data, bytes.len);
    for (size_t i = 0; i < bytes.len; i++) {
        for (size_t k = 0; k < sizeof changes; k++) {
            changed[i] ^= changes[k];
            decode_copy(changed, bytes.len);
            changed[i] ^= changes[k];
        }
    }
}

static void every_changed_byte_is_refused_or_read_as_it_stands(void **state)
{
    (void)state;
    for_each_known_message(check_mutations);
}

struct form {
    const char *what;
    uint8_t bytes[16];
    size_t len;
    enum ph_status status;
};

static const struct form forms[] = {
    {"who", {0x91, 2}, 2, PH_OK},
    {"nothing", {0}, 0, PH_MALFORMED},
    {"no array", {2}, 1, PH_MALFORMED},
    {"an empty array", {0x90}, 1, PH_MALFORMED},
    {"type 0", {0x91, 0}, 2, PH_MALFORMED},
    {"prune", {0x91, 12}, 2, PH_OK},
    {"prune with a reason", {0x92, 12, 0}, 3, PH_MALFORMED},
    {"graft", {0x91, 13}, 2, PH_OK},
    {"a receipt of nothing", {0x91, 14}, 2, PH_MALFORMED},
    {"no receipts", {0x92, 15, 0xc4, 0}, 4, PH_OK},
    {"half a receipt's name", {0x92, 15, 0xc4, 3, 1, 2, 3}, 7, PH_MALFORMED},
    {"a receipt's name", {0x92, 15, 0xc4, 12, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1}, 16, PH_OK},
    {"a counter of 0", {0x92, 15, 0xc4, 12, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0}, 16, PH_MALFORMED},
    {"receipts in a list", {0x92, 15, 0x90}, 3, PH_MALFORMED},
    {"type 16", {0x91, 16}, 2, PH_MALFORMED},
    {"type 258, as 2 in a byte", {0x91, 0xcd, 1, 2}, 4, PH_MALFORMED},
    {"who with an item", {0x92, 2, 0}, 3, PH_MALFORMED},
    {"a byte behind", {0x91, 2, 0}, 3, PH_MALFORMED},
    {"the last reason to end", {0x92, 10, PH_END_BARRED}, 3, PH_OK},
    {"an unknown reason to end", {0x92, 10, PH_END_BARRED + 1}, 3, PH_MALFORMED},
    {"no fact ids", {0x93, 4, 0xc4, 0, 0xc2}, 5, PH_OK},
    {"half a fact id", {0x93, 4, 0xc4, 1, 9, 0xc2}, 6, PH_MALFORMED},
    {"more as a number", {0x93, 4, 0xc4, 0, 1}, 5, PH_MALFORMED},
    {"no facts", {0x92, 5, 0x90}, 3, PH_OK},
    {"a fact that is text", {0x92, 5, 0x91, 0xa1, 'x'}, 5, PH_MALFORMED},
    {"an introduction of nobody", {0x93, 3, 0x90, 0xc0}, 4, PH_OK},
    {"an empty proof", {0x93, 3, 0x90, 0x90}, 4, PH_MALFORMED},
    {"no heads and holes", {0x93, 6, 0x90, 0x90}, 4, PH_OK},
    {"a head that is a number", {0x93, 6, 0x91, 1, 0x90}, 5, PH_MALFORMED},
    {"a hole that is a number", {0x93, 6, 0x90, 0x91, 1}, 5, PH_MALFORMED},
};

static void each_form_is_taken_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct ph_message message;
        enum ph_status status = ph_message_decode(ph_bytes(forms[i].bytes, forms[i].len), &message);
        if (status != forms[i].status)
            print_error("%s\n", forms[i].what);
        CHECK_STATUS(status, forms[i].status);
    }
}

/* --- Limits --- */

static void put_id(struct ph_buffer *out, size_t len)
{
    static const uint8_t id[32] = {1};
    ph_pack_bin(out, ph_bytes(id, len));
}

static void put_seqs(struct ph_buffer *out, uint32_t count, uint32_t seq, bool with_id)
{
    ph_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        ph_pack_array(out, with_id ? 3 : 2);
        put_id(out, 32);
        ph_pack_uint(out, seq);
        if (with_id)
            put_id(out, 32);
    }
}

static enum ph_status decode_heads_of(uint32_t head_count, uint32_t hole_count, uint32_t seq)
{
    static struct out out;
    struct ph_message message;
    begin_out(&out);
    ph_pack_array(&out.buffer, 3);
    ph_pack_uint(&out.buffer, PH_MESSAGE_HEADS);
    put_seqs(&out.buffer, head_count, seq, true);
    put_seqs(&out.buffer, hole_count, seq, false);
    CHECK(!out.buffer.overflow);
    return ph_message_decode(ph_buffer_bytes(&out.buffer), &message);
}

static void heads_and_holes_are_bounded(void **state)
{
    (void)state;
    CHECK_OK(decode_heads_of(PH_MESSAGE_HEADS_MAX, PH_HOLES_PER_HEADS_MAX, UINT32_MAX));
    CHECK_STATUS(decode_heads_of(PH_MESSAGE_HEADS_MAX + 1, 0, 1), PH_LIMIT);
    CHECK_STATUS(decode_heads_of(0, PH_HOLES_PER_HEADS_MAX + 1, 1), PH_LIMIT);
    CHECK_STATUS(decode_heads_of(1, 0, 0), PH_MALFORMED);
    CHECK_STATUS(decode_heads_of(0, 1, 0), PH_MALFORMED);
}

/* Locators with falling or rising sequence numbers. */
static enum ph_status decode_want_of(uint32_t locator_count, int64_t step, uint64_t run_count)
{
    static struct out out;
    struct ph_message message;
    begin_out(&out);
    ph_pack_array(&out.buffer, 5);
    ph_pack_uint(&out.buffer, PH_MESSAGE_WANT);
    put_id(&out.buffer, 32);
    ph_pack_array(&out.buffer, 2);
    ph_pack_uint(&out.buffer, 5000);
    put_id(&out.buffer, 16);
    ph_pack_array(&out.buffer, locator_count);
    for (uint32_t i = 0; i < locator_count; i++) {
        ph_pack_array(&out.buffer, 2);
        ph_pack_uint(&out.buffer, (uint64_t)(1000 + step * i));
        put_id(&out.buffer, 16);
    }
    ph_pack_uint(&out.buffer, run_count);
    return ph_message_decode(ph_buffer_bytes(&out.buffer), &message);
}

static void a_claim_says_what_it_claims(void **state)
{
    (void)state;
    const struct ph_join_proof proof = {.invite_key = {1}};
    struct ph_claim claim = {.what = PH_CLAIM_ENROL, .school = {{2}}};
    for (int what = 0; what <= PH_CLAIM_SUCCEED + 1; what++) {
        struct out out;
        struct ph_message message;
        begin_out(&out);
        claim.what = (enum ph_claimed)what;
        ph_message_claim(&out.buffer, &proof, &claim);
        bool is_claim = what == PH_CLAIM_ENROL || what == PH_CLAIM_SUCCEED;
        CHECK_STATUS(ph_message_decode(ph_buffer_bytes(&out.buffer), &message),
                     is_claim ? PH_OK : PH_MALFORMED);
        if (is_claim)
            CHECK(message.of.introduce.claim.what == claim.what &&
                  ph_school_id_equal(&message.of.introduce.claim.school, &claim.school));
    }
}

static void wants_are_bounded_and_their_locators_ascend(void **state)
{
    (void)state;
    CHECK_OK(decode_want_of(PH_LOCATOR_MAX, 1, PH_WANT_RUNS_MAX));
    CHECK_OK(decode_want_of(0, 1, 1));
    CHECK_STATUS(decode_want_of(PH_LOCATOR_MAX + 1, 1, 1), PH_LIMIT);
    CHECK_STATUS(decode_want_of(2, -1, 1), PH_MALFORMED);
    CHECK_STATUS(decode_want_of(0, 1, 0), PH_MALFORMED);
    CHECK_STATUS(decode_want_of(0, 1, PH_WANT_RUNS_MAX + 1), PH_LIMIT);
    CHECK_STATUS(decode_want_of(0, 1, 256 + 1), PH_LIMIT);
}

static enum ph_status decode_fill_of(size_t content_len, uint32_t seq)
{
    static struct out out;
    static const uint8_t content[PH_BODY_MAX + 1];
    static const struct ph_writer_id writer;
    static const struct ph_salt salt;
    struct ph_message message;
    begin_out(&out);
    ph_message_fill(&out.buffer, &writer, seq, &salt, ph_bytes(content, content_len));
    return ph_message_decode(ph_buffer_bytes(&out.buffer), &message);
}

static void a_fill_has_content_and_no_more_than_a_body(void **state)
{
    (void)state;
    CHECK_OK(decode_fill_of(PH_BODY_MAX, 1));
    CHECK_STATUS(decode_fill_of(PH_BODY_MAX + 1, 1), PH_LIMIT);
    CHECK_STATUS(decode_fill_of(0, 1), PH_MALFORMED);
    CHECK_STATUS(decode_fill_of(1, 0), PH_MALFORMED);
}

static void facts_are_bounded(void **state)
{
    (void)state;
    static uint8_t bytes[PH_FACT_MAX + 1];
    static struct out out;
    struct ph_message message;
    struct ph_bytes fact = ph_bytes(bytes, PH_FACT_MAX);
    begin_out(&out);
    assert_int_equal(ph_message_facts(&out.buffer, &fact, 1), 1);
    CHECK_OK(ph_message_decode(ph_buffer_bytes(&out.buffer), &message));
    fact.len++;
    begin_out(&out);
    assert_int_equal(ph_message_facts(&out.buffer, &fact, 1), 1);
    CHECK_STATUS(ph_message_decode(ph_buffer_bytes(&out.buffer), &message), PH_LIMIT);
}

static void a_message_longer_than_a_frame_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[PH_FRAME_PLAIN_MAX + 1];
    struct ph_message message;
    CHECK_STATUS(ph_message_decode(ph_bytes(bytes, sizeof bytes), &message), PH_LIMIT);
}

static void as_many_facts_are_taken_as_fit(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    static uint8_t bytes[PH_FACT_MAX];
    static struct out out;
    static struct ph_bytes facts[COUNT];
    struct ph_join_proof proof = {{0}, {{0}}};
    struct ph_message message;
    for (size_t i = 0; i < COUNT; i++)
        facts[i] = ph_bytes(bytes, 300 + i);
    begin_out(&out);
    uint32_t taken = ph_message_facts(&out.buffer, facts, COUNT);
    CHECK(taken > 100 && taken < COUNT && !out.buffer.overflow);
    CHECK(out.buffer.len + facts[taken].len + 3 > sizeof out.bytes); /* not one more */
    CHECK_OK(ph_message_decode(ph_buffer_bytes(&out.buffer), &message));
    assert_int_equal(message.of.facts.fact_count, taken);

    begin_out(&out);
    taken = ph_message_introduce(&out.buffer, facts, COUNT, &proof);
    CHECK(taken > 100 && taken < COUNT && !out.buffer.overflow);
    CHECK_OK(ph_message_decode(ph_buffer_bytes(&out.buffer), &message));
    assert_int_equal(message.of.introduce.fact_count, taken);
    CHECK(message.of.introduce.has_proof);
}

static void facts_fill_every_room_without_overflow(void **state)
{
    (void)state;
    enum { COUNT = 10, FACT_LEN = 300 };
    static const uint8_t bytes[FACT_LEN];
    static struct out out;
    struct ph_bytes facts[COUNT];
    struct ph_join_proof proof = {{0}, {{0}}};
    for (size_t i = 0; i < COUNT; i++)
        facts[i] = ph_bytes(bytes, sizeof bytes);
    for (size_t room = 400; room < 2200; room++) {
        begin_out(&out);
        out.buffer.size = room;
        uint32_t taken = ph_message_facts(&out.buffer, facts, COUNT);
        CHECK(!out.buffer.overflow && out.buffer.len + FACT_LEN + 3 + 2 >= room);
        begin_out(&out);
        out.buffer.size = room;
        CHECK(ph_message_introduce(&out.buffer, facts, COUNT, &proof) <= taken);
        CHECK(!out.buffer.overflow);
    }
}

static void a_refused_message_leaves_the_last_one_as_it_was(void **state)
{
    (void)state;
    static const uint8_t end[] = {0x92, 10, PH_END_STOPPING};
    static const uint8_t bad[] = {0x92, 5, 0x91};
    struct ph_message message;
    CHECK_OK(ph_message_decode(ph_bytes(end, sizeof end), &message));
    CHECK_STATUS(ph_message_decode(ph_bytes(bad, sizeof bad), &message), PH_MALFORMED);
    CHECK(message.type == PH_MESSAGE_END && message.of.end.reason == PH_END_STOPPING);
}

CHECK_MAIN(cmocka_unit_test(known_messages_decode_and_encode_to_the_same_bytes),
           cmocka_unit_test(the_known_root_is_that_of_the_known_heads),
           cmocka_unit_test(the_known_run_carries_its_entry),
           cmocka_unit_test(every_truncated_message_is_refused),
           cmocka_unit_test(every_changed_byte_is_refused_or_read_as_it_stands),
           cmocka_unit_test(each_form_is_taken_or_refused),
           cmocka_unit_test(heads_and_holes_are_bounded),
           cmocka_unit_test(a_claim_says_what_it_claims),
           cmocka_unit_test(wants_are_bounded_and_their_locators_ascend),
           cmocka_unit_test(a_fill_has_content_and_no_more_than_a_body),
           cmocka_unit_test(facts_are_bounded),
           cmocka_unit_test(a_message_longer_than_a_frame_is_refused),
           cmocka_unit_test(as_many_facts_are_taken_as_fit),
           cmocka_unit_test(facts_fill_every_room_without_overflow),
           cmocka_unit_test(a_refused_message_leaves_the_last_one_as_it_was))
