#include "proto/message.h"

#include <assert.h>

/* Bytes of a head, a hole, and what stands around their lists, each at its longest. */
#define HEAD_LEN (1 + 34 + 5 + 34)
#define HOLE_LEN (1 + 34 + 5)
#define LISTS_LEN (1 + 1 + 3 + 3)

static_assert(LISTS_LEN + PH_MESSAGE_HEADS_MAX * HEAD_LEN + PH_HOLES_PER_HEADS_MAX * HOLE_LEN <
                  PH_FRAME_PLAIN_MAX,
              "heads and holes fit one frame");
static_assert(1 + 34 + 34 + 1 + 34 + 66 + 34 <= PH_HANDSHAKE_PAYLOAD_MAX,
              "a hello fits a handshake payload");

static struct ph_bytes view32(const uint8_t bytes[32])
{
    return ph_bytes(bytes, 32);
}

/* --- Items of lists --- */

struct ph_bytes ph_message_next_fact(struct ph_unpacker *facts)
{
    return ph_unpack_bin(facts);
}

/* Sequence numbers of entries: from 1. */
static uint32_t take_seq(struct ph_unpacker *in)
{
    uint32_t seq = (uint32_t)ph_unpack_uint(in, UINT32_MAX);
    if (seq == 0)
        in->failed = true;
    return seq;
}

struct ph_head ph_message_next_head(struct ph_unpacker *heads)
{
    struct ph_head head;
    ph_unpack_array_of(heads, 3);
    ph_unpack_fixed(heads, head.writer.bytes, sizeof head.writer.bytes);
    head.seq = take_seq(heads);
    ph_unpack_fixed(heads, head.id.bytes, sizeof head.id.bytes);
    return head;
}

struct ph_hole ph_message_next_hole(struct ph_unpacker *holes)
{
    struct ph_hole hole;
    ph_unpack_array_of(holes, 2);
    ph_unpack_fixed(holes, hole.writer.bytes, sizeof hole.writer.bytes);
    hole.seq = take_seq(holes);
    return hole;
}

struct ph_locator ph_message_next_locator(struct ph_unpacker *locators)
{
    struct ph_locator locator;
    ph_unpack_array_of(locators, 2);
    locator.seq = take_seq(locators);
    ph_unpack_fixed(locators, locator.check, sizeof locator.check);
    return locator;
}

/* --- Decoding: each reads what follows the type, and looks at every item of a list once --- */

static enum ph_status decode_root(struct ph_unpacker *in, struct ph_message *out)
{
    ph_unpack_fixed(in, out->of.root.fact_set.bytes, sizeof out->of.root.fact_set.bytes);
    ph_unpack_fixed(in, out->of.root.root.bytes, sizeof out->of.root.root.bytes);
    return PH_OK;
}

static enum ph_status decode_fact_list(struct ph_unpacker *in, uint32_t *count,
                                       struct ph_unpacker *facts)
{
    *count = ph_unpack_array(in);
    *facts = *in;
    for (uint32_t i = 0; i < *count && !in->failed; i++) {
        if (ph_message_next_fact(in).len > PH_FACT_MAX)
            return PH_LIMIT;
    }
    return PH_OK;
}

#define PROOF_ITEMS 2
#define CLAIM_ITEMS 3

static void decode_claim(struct ph_unpacker *in, struct ph_claim *claim)
{
    claim->what = (enum ph_claimed)ph_unpack_uint(in, PH_CLAIM_SUCCEED);
    ph_unpack_fixed(in, claim->school.bytes, sizeof claim->school.bytes);
    ph_unpack_fixed(in, claim->consent.bytes, sizeof claim->consent.bytes);
    if (claim->what == PH_CLAIM_NONE)
        in->failed = true;
}

static enum ph_status decode_introduce(struct ph_unpacker *in, struct ph_message *out)
{
    PH_TRY(decode_fact_list(in, &out->of.introduce.fact_count, &out->of.introduce.facts));
    out->of.introduce.has_proof = !ph_unpack_nil(in);
    if (!out->of.introduce.has_proof)
        return PH_OK;
    struct ph_join_proof *proof = &out->of.introduce.proof;
    uint32_t count = ph_unpack_array(in);
    ph_unpack_fixed(in, proof->invite_key, sizeof proof->invite_key);
    ph_unpack_fixed(in, proof->signature.bytes, sizeof proof->signature.bytes);
    if (count == PROOF_ITEMS + CLAIM_ITEMS)
        decode_claim(in, &out->of.introduce.claim);
    return count == PROOF_ITEMS || count == PROOF_ITEMS + CLAIM_ITEMS ? PH_OK : PH_MALFORMED;
}

static enum ph_status decode_fact_ids(struct ph_unpacker *in, struct ph_message *out)
{
    out->of.fact_ids.prefixes = ph_unpack_bin(in);
    out->of.fact_ids.more_follow = ph_unpack_bool(in);
    bool is_whole = out->of.fact_ids.prefixes.len % sizeof(struct ph_fact_prefix) == 0;
    return is_whole ? PH_OK : PH_MALFORMED;
}

static enum ph_status decode_heads(struct ph_unpacker *in, struct ph_message *out)
{
    uint32_t head_count = out->of.heads.head_count = ph_unpack_array(in);
    out->of.heads.heads = *in;
    if (head_count > PH_MESSAGE_HEADS_MAX)
        return PH_LIMIT;
    for (uint32_t i = 0; i < head_count; i++)
        ph_message_next_head(in);
    uint32_t hole_count = out->of.heads.hole_count = ph_unpack_array(in);
    out->of.heads.holes = *in;
    if (hole_count > PH_HOLES_PER_HEADS_MAX)
        return PH_LIMIT;
    for (uint32_t i = 0; i < hole_count; i++)
        ph_message_next_hole(in);
    return PH_OK;
}

static enum ph_status decode_want(struct ph_unpacker *in, struct ph_message *out)
{
    struct ph_wanted *log = &out->of.want.log;
    ph_unpack_fixed(in, log->writer.bytes, sizeof log->writer.bytes);
    log->head = ph_message_next_locator(in);
    uint32_t locator_count = out->of.want.locator_count = ph_unpack_array(in);
    out->of.want.locators = *in;
    if (locator_count > PH_LOCATOR_MAX)
        return PH_LIMIT;
    uint32_t last_seq = 0;
    for (uint32_t i = 0; i < locator_count; i++) {
        struct ph_locator locator = ph_message_next_locator(in);
        if (locator.seq < last_seq)
            return PH_MALFORMED;
        last_seq = locator.seq;
    }
    uint64_t run_count = ph_unpack_uint(in, UINT64_MAX);
    if (run_count > PH_WANT_RUNS_MAX)
        return PH_LIMIT;
    log->run_count = (uint8_t)run_count;
    return run_count == 0 ? PH_MALFORMED : PH_OK;
}

static enum ph_status decode_fill(struct ph_unpacker *in, struct ph_message *out)
{
    ph_unpack_fixed(in, out->of.fill.writer.bytes, sizeof out->of.fill.writer.bytes);
    out->of.fill.seq = take_seq(in);
    ph_unpack_fixed(in, out->of.fill.salt.bytes, sizeof out->of.fill.salt.bytes);
    out->of.fill.content = ph_unpack_bin(in);
    if (out->of.fill.content.len == 0)
        return PH_MALFORMED;
    return out->of.fill.content.len > PH_BODY_MAX ? PH_LIMIT : PH_OK;
}

static enum ph_status decode_end(struct ph_unpacker *in, struct ph_message *out)
{
    out->of.end.reason = (enum ph_end_reason)ph_unpack_uint(in, PH_END_BARRED);
    return PH_OK;
}

/* The item count of a message of this type, 0 for a type that doesn't exist. */
static uint32_t item_count_of(uint64_t type)
{
    static const uint8_t counts[] = {
        [PH_MESSAGE_ROOT] = 3,     [PH_MESSAGE_WHO] = 1,     [PH_MESSAGE_INTRODUCE] = 3,
        [PH_MESSAGE_FACT_IDS] = 3, [PH_MESSAGE_FACTS] = 2,   [PH_MESSAGE_HEADS] = 3,
        [PH_MESSAGE_WANT] = 5,     [PH_MESSAGE_RUN] = 6,     [PH_MESSAGE_FILL] = 5,
        [PH_MESSAGE_END] = 2,      [PH_MESSAGE_TWIN] = 2,    [PH_MESSAGE_PRUNE] = 1,
        [PH_MESSAGE_GRAFT] = 1,    [PH_MESSAGE_RECEIPT] = 7, [PH_MESSAGE_RECEIPTS] = 2,
    };
    return type < sizeof counts ? counts[type] : 0;
}

static enum ph_status decode_items(struct ph_unpacker *in, struct ph_message *out)
{
    switch (out->type) {
    case PH_MESSAGE_ROOT:
        return decode_root(in, out);
    case PH_MESSAGE_WHO:
    case PH_MESSAGE_PRUNE:
    case PH_MESSAGE_GRAFT:
        return PH_OK;
    case PH_MESSAGE_INTRODUCE:
        return decode_introduce(in, out);
    case PH_MESSAGE_FACT_IDS:
        return decode_fact_ids(in, out);
    case PH_MESSAGE_FACTS:
        return decode_fact_list(in, &out->of.facts.fact_count, &out->of.facts.facts);
    case PH_MESSAGE_HEADS:
        return decode_heads(in, out);
    case PH_MESSAGE_WANT:
        return decode_want(in, out);
    case PH_MESSAGE_RUN:
        return ph_run_open(in, &out->of.run);
    case PH_MESSAGE_FILL:
        return decode_fill(in, out);
    case PH_MESSAGE_END:
        return decode_end(in, out);
    case PH_MESSAGE_TWIN:
        ph_unpack_fixed(in, out->of.twin.session.bytes, sizeof out->of.twin.session.bytes);
        return PH_OK;
    case PH_MESSAGE_RECEIPT:
        return ph_receipt_unpack(in, &out->of.receipt);
    case PH_MESSAGE_RECEIPTS:
        out->of.receipts.names = ph_unpack_bin(in);
        return in->failed ? PH_MALFORMED : ph_receipt_check_names(out->of.receipts.names);
    }
    return PH_MALFORMED;
}

enum ph_status ph_message_decode(struct ph_bytes bytes, struct ph_message *out)
{
    struct ph_unpacker in;
    struct ph_message message = {0};
    if (bytes.len > PH_FRAME_PLAIN_MAX)
        return PH_LIMIT;
    PH_TRY(ph_unpack(&in, bytes));
    uint32_t item_count = ph_unpack_array(&in);
    uint64_t type = ph_unpack_uint(&in, UINT64_MAX);
    if (in.failed || item_count == 0 || item_count != item_count_of(type))
        return PH_MALFORMED;
    message.type = (enum ph_message_type)type;
    PH_TRY(decode_items(&in, &message));
    PH_TRY(ph_unpack_end(&in));
    *out = message;
    return PH_OK;
}

/* --- Encoding --- */

static void begin(struct ph_buffer *out, enum ph_message_type type)
{
    ph_pack_array(out, item_count_of(type));
    ph_pack_uint(out, type);
}

void ph_message_root(struct ph_buffer *out, const struct ph_hash *fact_set,
                     const struct ph_root *root)
{
    begin(out, PH_MESSAGE_ROOT);
    ph_pack_bin(out, view32(fact_set->bytes));
    ph_pack_bin(out, view32(root->bytes));
}

void ph_message_who(struct ph_buffer *out)
{
    begin(out, PH_MESSAGE_WHO);
}

/* As many as fit with `after_len` bytes behind them. Returns how many. */
static uint32_t put_facts(struct ph_buffer *out, const struct ph_bytes *facts, uint32_t fact_count,
                          size_t after_len)
{
    const size_t head_len = 3; /* of the list, and of each fact */
    size_t room = out->size - out->len;
    size_t len = head_len + after_len;
    uint32_t count = 0;
    while (count < fact_count && len + head_len + facts[count].len <= room)
        len += head_len + facts[count++].len;
    ph_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++)
        ph_pack_bin(out, facts[i]);
    return count;
}

static void put_proof(struct ph_buffer *out, const struct ph_join_proof *proof)
{
    ph_pack_bin(out, view32(proof->invite_key));
    ph_pack_bin(out, ph_bytes(proof->signature.bytes, sizeof proof->signature.bytes));
}

uint32_t ph_message_introduce(struct ph_buffer *out, const struct ph_bytes *facts,
                              uint32_t fact_count, const struct ph_join_proof *proof)
{
    begin(out, PH_MESSAGE_INTRODUCE);
    uint32_t taken = put_facts(out, facts, fact_count, 1 + 34 + 66);
    if (proof == NULL) {
        ph_pack_nil(out);
        return taken;
    }
    ph_pack_array(out, PROOF_ITEMS);
    put_proof(out, proof);
    return taken;
}

void ph_message_claim(struct ph_buffer *out, const struct ph_join_proof *proof,
                      const struct ph_claim *claim)
{
    begin(out, PH_MESSAGE_INTRODUCE);
    ph_pack_array(out, 0);
    ph_pack_array(out, PROOF_ITEMS + CLAIM_ITEMS);
    put_proof(out, proof);
    ph_pack_uint(out, claim->what);
    ph_pack_bin(out, view32(claim->school.bytes));
    ph_pack_bin(out, ph_bytes(claim->consent.bytes, sizeof claim->consent.bytes));
}

void ph_message_fact_ids(struct ph_buffer *out, struct ph_bytes prefixes, bool more_follow)
{
    assert(prefixes.len % sizeof(struct ph_fact_prefix) == 0);
    begin(out, PH_MESSAGE_FACT_IDS);
    ph_pack_bin(out, prefixes);
    ph_pack_bool(out, more_follow);
}

uint32_t ph_message_facts(struct ph_buffer *out, const struct ph_bytes *facts, uint32_t fact_count)
{
    begin(out, PH_MESSAGE_FACTS);
    return put_facts(out, facts, fact_count, 0);
}

void ph_message_heads(struct ph_buffer *out, const struct ph_head *heads, uint32_t head_count,
                      const struct ph_hole *holes, uint32_t hole_count)
{
    assert(head_count <= PH_MESSAGE_HEADS_MAX && hole_count <= PH_HOLES_PER_HEADS_MAX);
    begin(out, PH_MESSAGE_HEADS);
    ph_pack_array(out, head_count);
    for (uint32_t i = 0; i < head_count; i++) {
        ph_pack_array(out, 3);
        ph_pack_bin(out, view32(heads[i].writer.bytes));
        ph_pack_uint(out, heads[i].seq);
        ph_pack_bin(out, view32(heads[i].id.bytes));
    }
    ph_pack_array(out, hole_count);
    for (uint32_t i = 0; i < hole_count; i++) {
        ph_pack_array(out, 2);
        ph_pack_bin(out, view32(holes[i].writer.bytes));
        ph_pack_uint(out, holes[i].seq);
    }
}

static void put_locator(struct ph_buffer *out, const struct ph_locator *locator)
{
    ph_pack_array(out, 2);
    ph_pack_uint(out, locator->seq);
    ph_pack_bin(out, ph_bytes(locator->check, sizeof locator->check));
}

void ph_message_want(struct ph_buffer *out, const struct ph_wanted *log,
                     const struct ph_locator *locators, uint32_t locator_count)
{
    assert(locator_count <= PH_LOCATOR_MAX);
    assert(log->run_count > 0 && log->run_count <= PH_WANT_RUNS_MAX);
    begin(out, PH_MESSAGE_WANT);
    ph_pack_bin(out, view32(log->writer.bytes));
    put_locator(out, &log->head);
    ph_pack_array(out, locator_count);
    for (uint32_t i = 0; i < locator_count; i++) {
        assert(i == 0 || locators[i - 1].seq <= locators[i].seq);
        put_locator(out, &locators[i]);
    }
    ph_pack_uint(out, log->run_count);
}

void ph_message_run_begin(struct ph_buffer *out)
{
    begin(out, PH_MESSAGE_RUN);
}

void ph_message_fill(struct ph_buffer *out, const struct ph_writer_id *writer, uint32_t seq,
                     const struct ph_salt *salt, struct ph_bytes content)
{
    begin(out, PH_MESSAGE_FILL);
    ph_pack_bin(out, view32(writer->bytes));
    ph_pack_uint(out, seq);
    ph_pack_bin(out, ph_bytes(salt->bytes, sizeof salt->bytes));
    ph_pack_bin(out, content);
}

void ph_message_end(struct ph_buffer *out, enum ph_end_reason reason)
{
    begin(out, PH_MESSAGE_END);
    ph_pack_uint(out, reason);
}

void ph_message_twin(struct ph_buffer *out, const struct ph_hash *session)
{
    begin(out, PH_MESSAGE_TWIN);
    ph_pack_bin(out, view32(session->bytes));
}

void ph_message_prune(struct ph_buffer *out)
{
    begin(out, PH_MESSAGE_PRUNE);
}

void ph_message_graft(struct ph_buffer *out)
{
    begin(out, PH_MESSAGE_GRAFT);
}

void ph_message_receipt(struct ph_buffer *out, const struct ph_receipt *receipt)
{
    begin(out, PH_MESSAGE_RECEIPT);
    ph_receipt_pack(receipt, out);
}

void ph_message_receipts(struct ph_buffer *out, struct ph_bytes names)
{
    assert(names.len <= PH_RECEIPTS_LISTED_MAX * PH_RECEIPT_NAME_LEN);
    begin(out, PH_MESSAGE_RECEIPTS);
    ph_pack_bin(out, names);
}

/* --- Handshake payloads --- */

#define HELLO_ITEMS 5

void ph_hello_encode(struct ph_buffer *out, const struct ph_hello *hello)
{
    ph_pack_array(out, HELLO_ITEMS + (hello->has_root ? 1 : 0));
    ph_certificate_pack(&hello->certificate, out);
    if (hello->has_root)
        ph_pack_bin(out, view32(hello->root.bytes));
}

enum ph_status ph_hello_decode(struct ph_bytes bytes, struct ph_hello *out)
{
    struct ph_unpacker in;
    struct ph_hello hello = {0};
    if (bytes.len > PH_HANDSHAKE_PAYLOAD_MAX)
        return PH_LIMIT;
    PH_TRY(ph_unpack(&in, bytes));
    uint32_t item_count = ph_unpack_array(&in);
    if (item_count != HELLO_ITEMS && item_count != HELLO_ITEMS + 1)
        return PH_MALFORMED;
    ph_certificate_unpack(&in, &hello.certificate);
    hello.has_root = item_count > HELLO_ITEMS;
    if (hello.has_root)
        ph_unpack_fixed(&in, hello.root.bytes, sizeof hello.root.bytes);
    PH_TRY(ph_unpack_end(&in));
    *out = hello;
    return PH_OK;
}
