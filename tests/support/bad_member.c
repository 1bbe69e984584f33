#include "tests/support/bad_member.h"

#include <stdio.h>

#include "proto/kind.h"
#include "proto/op.h"
#include "proto/run.h"
#include "store/view.h"

#define TITLE_FIELD 3
#define BULK 3800 /* bytes of a large fact */

/* --- who it is --- */

static struct ph_log_row find_log(struct sim *sim, const struct ph_writer_id *writer)
{
    struct ph_view view = {0};
    struct ph_log_row row = {.tip.seq = 0};
    uint32_t log = 0;
    CHECK_OK(ph_view_open(sim_store(sim, 0), &view));
    do
        CHECK_OK(ph_view_log(&view, log++, &row));
    while (!ph_writer_id_equal(&row.writer, writer));
    ph_view_close(&view);
    return row;
}

struct bad_member bad_member_of(struct sim *sim, uint32_t node)
{
    struct bad_member bad = {.sim = sim, .identity = *sim_identity(sim, node)};
    struct sim_code code = sim_invite(sim, 0, 1, UINT32_MAX);
    char why[200];
    CHECK_OK(ph_invitation_read(ph_bytes_text(code.text), &bad.invitation, why));
    CHECK(sim_converge(sim, 10000));
    sim_stop(sim, node);
    ph_sign_key_from_seed(bad.identity.school_seed, &bad.secret, bad.school.bytes);
    ph_sign_key_from_seed(bad.identity.writer_seed, &bad.log.secret, bad.log.writer.bytes);
    struct ph_log_row row = find_log(sim, &bad.log.writer);
    bad.log.certify = row.certify;
    bad.log.tip = row.tip;
    return bad;
}

struct sim_stranger *bad_member_dial_as(const struct bad_member *bad, uint32_t number,
                                        uint32_t node, const uint8_t writer_seed[32])
{
    struct ph_identity identity = bad->identity;
    char name[32];
    snprintf(name, sizeof name, "bad%u", number);
    identity.transport_secret[5] ^= (uint8_t)number;
    memcpy(identity.writer_seed, writer_seed, sizeof identity.writer_seed);
    struct sim_stranger *stranger = sim_stranger_new(bad->sim, name, &identity, &bad->invitation);
    sim_stranger_dial(stranger, node);
    CHECK(sim_stranger_greet(stranger));
    sim_run(bad->sim, 200);
    return stranger;
}

struct sim_stranger *bad_member_dial(const struct bad_member *bad, uint32_t number, uint32_t node)
{
    return bad_member_dial_as(bad, number, node, bad->identity.writer_seed);
}

/* --- facts --- */

struct bad_fact bad_member_fact(const struct bad_member *bad, struct ph_fact *fact,
                                const struct ph_fact_id *past, bool by_school)
{
    struct bad_fact out;
    struct ph_buffer buffer = ph_buffer(out.bytes, sizeof out.bytes);
    fact->network = bad->invitation.network;
    fact->past = ph_bytes(past->bytes, sizeof past->bytes);
    memcpy(fact->author.bytes, by_school ? bad->school.bytes : bad->log.writer.bytes,
           sizeof fact->author.bytes);
    CHECK_OK(ph_fact_sign(fact, by_school ? &bad->secret : &bad->log.secret, &buffer));
    out.id = fact->id;
    out.len = buffer.len;
    return out;
}

struct bad_fact bad_member_certify(const struct bad_member *bad, uint8_t seed,
                                   const struct ph_fact_id *past, struct bad_log *log)
{
    uint8_t seed_bytes[32] = {seed, 77};
    struct ph_fact fact = {.type = PH_FACT_CERTIFY};
    ph_sign_key_from_seed(seed_bytes, &log->secret, log->writer.bytes);
    fact.of.certify.writer = log->writer;
    fact.of.certify.consenting = &log->secret;
    fact.of.certify.serial = 1;
    struct bad_fact out = bad_member_fact(bad, &fact, past, true);
    log->certify = out.id;
    log->tip = ph_link_first(&out.id);
    return out;
}

void bad_member_say_facts(struct sim_stranger *stranger, const struct bad_fact *facts,
                          uint32_t count)
{
    static uint8_t bytes[PH_FRAME_PLAIN_MAX];
    for (uint32_t i = 0; i < count; i++) {
        struct ph_buffer message = ph_buffer(bytes, sizeof bytes - 1);
        struct ph_bytes fact = ph_bytes(facts[i].bytes, facts[i].len);
        CHECK(ph_message_facts(&message, &fact, 1) == 1);
        sim_stranger_say(stranger, ph_buffer_bytes(&message));
    }
}

struct bad_fact bad_member_useless(const struct bad_member *bad, const struct ph_fact_id *past,
                                   uint16_t number, bool is_large)
{
    static uint8_t items[3 + BULK + 3] = {0xc5, BULK >> 8, BULK & 255};
    uint8_t *end = items + 3 + BULK;
    uint32_t noise = number + 1u;
    for (size_t i = 0; is_large && i < BULK; i++) { /* nothing that packs well */
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        items[3 + i] = (uint8_t)(noise >> 11);
    }
    end[0] = 0xcd;
    end[1] = (uint8_t)(number >> 8);
    end[2] = (uint8_t)number;
    struct ph_fact fact = {.type = 77};
    fact.of.other.count = is_large ? 2 : 1;
    fact.of.other.items = is_large ? ph_bytes(items, sizeof items) : ph_bytes(end, 3);
    return bad_member_fact(bad, &fact, past, true);
}

void bad_member_say_flood(const struct bad_member *bad, struct sim_stranger *stranger,
                          uint16_t first, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        struct bad_fact one =
            bad_member_useless(bad, &bad->log.certify, (uint16_t)(first + i), false);
        bad_member_say_facts(stranger, &one, 1);
    }
    sim_run(bad->sim, 2000);
}

/* --- runs --- */

/* The next entry: a plan, or a title for `plan`; its body borrows. Moves the end. */
static void make_entry(const struct bad_member *bad, struct bad_log *log,
                       const struct ph_record_id *plan, uint8_t *skeleton, struct ph_header *header,
                       struct ph_body *body)
{
    struct ph_op_writer ops;
    uint8_t content[PH_BODY_MAX], encoded[PH_HEADER_LEN];
    struct ph_record_id record =
        plan != NULL ? *plan : ph_record_id_make(&bad->school, log->tip.seq + 1, log->writer.bytes);
    ph_ops_begin(&ops, skeleton, content, PH_BODY_MAX);
    ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
    if (plan == NULL)
        ph_ops_create(&ops);
    ph_ops_set(&ops, TITLE_FIELD, NULL, 0, ph_bytes_text("\xa4oops"));
    CHECK_OK(ph_ops_end(&ops, body));
    CHECK(body->content.len <= sizeof log->content);
    memcpy(log->content, body->content.data, body->content.len);
    log->content_len = body->content.len;
    memset(log->salt.bytes, 7 + log->turn, sizeof log->salt.bytes);
    body->content = ph_bytes(log->content, log->content_len);
    body->salt = log->salt;
    *header = ph_header_after(&log->tip, &log->writer, log->tip.lamport + 1, 0, body);
    ph_header_encode(header, encoded);
    struct ph_entry_id id = ph_header_id(encoded);
    log->tip = ph_link_after(header, &id);
}

static void say_run(const struct bad_member *bad, struct sim_stranger *stranger,
                    struct bad_log *log, const struct ph_record_id *plan, uint32_t count,
                    bool as_holes)
{
    static uint8_t bytes[PH_FRAME_PLAIN_MAX], skeleton[PH_BODY_MAX];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes - 1);
    struct ph_run_writer run;
    ph_message_run_begin(&message);
    ph_run_begin(&run, &message, &log->writer, &log->tip, count);
    for (uint32_t i = 0; i < count; i++) {
        struct ph_header header;
        struct ph_body body;
        make_entry(bad, log, plan, skeleton, &header, &body);
        body.content_hash = ph_body_content_hash(&body);
        body.content_is_missing = as_holes;
        ph_run_add(&run, &header, &body);
    }
    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, log->tip.id.bytes, &log->secret);
    ph_run_end(&run, &signature);
    CHECK(!message.overflow);
    sim_stranger_say(stranger, ph_buffer_bytes(&message));
}

void bad_member_say_run(const struct bad_member *bad, struct sim_stranger *stranger,
                        struct bad_log *log, uint32_t count, bool as_holes)
{
    say_run(bad, stranger, log, NULL, count, as_holes);
}

void bad_member_say_title(const struct bad_member *bad, struct sim_stranger *stranger,
                          struct bad_log *log, const struct ph_record_id *plan)
{
    say_run(bad, stranger, log, plan, 1, false);
}

void bad_member_say_fill(struct sim_stranger *stranger, const struct bad_log *log)
{
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    ph_message_fill(&message, &log->writer, log->tip.seq, &log->salt,
                    ph_bytes(log->content, log->content_len));
    sim_stranger_say(stranger, ph_buffer_bytes(&message));
}
