/* Messages of an open session, and the payloads of the handshake: decoded, every list walked, and
 * encoded again to the same bytes. */
#include "proto/message.h"
#include "tests/fuzz/fuzz.h"

static uint8_t out_bytes[2 * PH_FRAME_PLAIN_MAX];
static struct ph_head heads[PH_MESSAGE_HEADS_MAX];
static struct ph_hole holes[PH_HOLES_PER_HEADS_MAX];
static struct ph_bytes facts[PH_FRAME_PLAIN_MAX];

static uint32_t read_facts(uint32_t count, struct ph_unpacker in)
{
    FUZZ_CHECK(count <= PH_FRAME_PLAIN_MAX);
    for (uint32_t i = 0; i < count; i++) {
        facts[i] = ph_message_next_fact(&in);
        FUZZ_CHECK(facts[i].len <= PH_FACT_MAX);
    }
    FUZZ_CHECK(!in.failed);
    return count;
}

static void put_heads(struct ph_buffer *out, const struct ph_message *message)
{
    struct ph_unpacker in = message->of.heads.heads, hole_in = message->of.heads.holes;
    FUZZ_CHECK(message->of.heads.head_count <= PH_MESSAGE_HEADS_MAX);
    FUZZ_CHECK(message->of.heads.hole_count <= PH_HOLES_PER_HEADS_MAX);
    for (uint32_t i = 0; i < message->of.heads.head_count; i++)
        heads[i] = ph_message_next_head(&in);
    for (uint32_t i = 0; i < message->of.heads.hole_count; i++)
        holes[i] = ph_message_next_hole(&hole_in);
    FUZZ_CHECK(!in.failed && !hole_in.failed);
    ph_message_heads(out, heads, message->of.heads.head_count, holes, message->of.heads.hole_count);
}

static void put_want(struct ph_buffer *out, const struct ph_message *message)
{
    struct ph_locator locators[PH_LOCATOR_MAX];
    struct ph_unpacker in = message->of.want.locators;
    FUZZ_CHECK(message->of.want.locator_count <= PH_LOCATOR_MAX);
    for (uint32_t i = 0; i < message->of.want.locator_count; i++)
        locators[i] = ph_message_next_locator(&in);
    FUZZ_CHECK(!in.failed);
    ph_message_want(out, &message->of.want.log, locators, message->of.want.locator_count);
}

static void put_introduce(struct ph_buffer *out, const struct ph_message *message)
{
    uint32_t count = read_facts(message->of.introduce.fact_count, message->of.introduce.facts);
    const struct ph_join_proof *proof =
        message->of.introduce.has_proof ? &message->of.introduce.proof : NULL;
    FUZZ_CHECK(ph_message_introduce(out, facts, count, proof) == count);
}

/* False: a run, whose entries run_fuzz is about. */
static bool put_message(struct ph_buffer *out, const struct ph_message *message)
{
    switch (message->type) {
    case PH_MESSAGE_ROOT:
        ph_message_root(out, &message->of.root.fact_set, &message->of.root.root);
        return true;
    case PH_MESSAGE_WHO:
        ph_message_who(out);
        return true;
    case PH_MESSAGE_INTRODUCE:
        put_introduce(out, message);
        return true;
    case PH_MESSAGE_FACT_IDS:
        ph_message_fact_ids(out, message->of.fact_ids.prefixes, message->of.fact_ids.more_follow);
        return true;
    case PH_MESSAGE_FACTS:
        read_facts(message->of.facts.fact_count, message->of.facts.facts);
        FUZZ_CHECK(ph_message_facts(out, facts, message->of.facts.fact_count) ==
                   message->of.facts.fact_count);
        return true;
    case PH_MESSAGE_HEADS:
        put_heads(out, message);
        return true;
    case PH_MESSAGE_WANT:
        put_want(out, message);
        return true;
    case PH_MESSAGE_RUN:
        FUZZ_CHECK(message->of.run.head.entry_count != 0);
        return false;
    case PH_MESSAGE_FILL:
        ph_message_fill(out, &message->of.fill.writer, message->of.fill.seq, &message->of.fill.salt,
                        message->of.fill.content);
        return true;
    case PH_MESSAGE_END:
        ph_message_end(out, message->of.end.reason);
        return true;
    case PH_MESSAGE_TWIN:
        ph_message_twin(out, &message->of.twin.session);
        return true;
    case PH_MESSAGE_PRUNE:
        ph_message_prune(out);
        return true;
    case PH_MESSAGE_GRAFT:
        ph_message_graft(out);
        return true;
    case PH_MESSAGE_RECEIPT:
        ph_message_receipt(out, &message->of.receipt);
        return true;
    case PH_MESSAGE_RECEIPTS:
        ph_message_receipts(out, message->of.receipts.names);
        return true;
    }
    fuzz_fail("a type that exists", __FILE__, __LINE__);
}

static void check_message(struct ph_bytes bytes)
{
    struct ph_message message;
    struct ph_buffer out = ph_buffer(out_bytes, sizeof out_bytes);
    if (ph_message_decode(bytes, &message) != PH_OK || !put_message(&out, &message))
        return;
    FUZZ_CHECK(!out.overflow && ph_bytes_equal(ph_buffer_bytes(&out), bytes));
}

static void check_hello(struct ph_bytes bytes)
{
    struct ph_hello hello;
    struct ph_buffer out = ph_buffer(out_bytes, sizeof out_bytes);
    if (ph_hello_decode(bytes, &hello) != PH_OK)
        return;
    ph_hello_encode(&out, &hello);
    FUZZ_CHECK(out.len <= PH_HANDSHAKE_PAYLOAD_MAX);
    FUZZ_CHECK(ph_bytes_equal(ph_buffer_bytes(&out), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_message(ph_bytes(data, size));
    check_hello(ph_bytes(data, size));
    return 0;
}
