#include "tests/support/world.h"

#include <stdlib.h>

#include "tests/support/check.h"

static void seed_of(uint8_t seed[32], uint8_t purpose, uint32_t number)
{
    memset(seed, purpose, 32);
    ph_put_u32(seed, number);
}

static struct ph_author author_of(const uint8_t key[32])
{
    struct ph_author author;
    memcpy(author.bytes, key, sizeof author.bytes);
    return author;
}

/* Every fact names the one before it. */
static void sign_fact(struct world *world, struct ph_fact *fact,
                      const struct ph_sign_secret *secret)
{
    uint32_t index = world->fact_count;
    if (index > 0)
        fact->past = ph_bytes(world->facts[index - 1].id.bytes, 32);
    fact->network = world->network;
    struct ph_buffer out = ph_buffer(world->facts[index].bytes, PH_FACT_MAX);
    CHECK_OK(ph_fact_sign(fact, secret, &out));
    world->facts[index].len = out.len;
    world->facts[index].id = fact->id;
    world->fact_count++;
}

static void found(struct world *world)
{
    struct ph_fact fact = {.type = PH_FACT_FOUND,
                           .author = author_of(world->writers[0].school.bytes)};
    fact.of.found.name = ph_bytes_text("Lanterns");
    fact.of.found.quota = PH_LOG_QUOTA_DEFAULT;
    sign_fact(world, &fact, &world->writers[0].school_secret);
    memcpy(world->network.bytes, fact.id.bytes, sizeof world->network.bytes);
}

static void certify(struct world *world, struct world_writer *writer)
{
    struct ph_fact fact = {.type = PH_FACT_CERTIFY, .author = author_of(writer->school.bytes)};
    fact.of.certify.writer = writer->id;
    fact.of.certify.consenting = &writer->secret;
    fact.of.certify.transport.bytes[0] = 9;
    sign_fact(world, &fact, &writer->school_secret);
    writer->certify = fact.id;
    writer->link = ph_link_first(&writer->certify);
}

static void admit(struct world *world, const struct world_writer *joiner)
{
    const struct world_writer *host = &world->writers[0];
    uint8_t secret[16] = {(uint8_t)(joiner - world->writers)};
    struct ph_sign_secret unused;
    struct ph_fact invite = {.type = PH_FACT_INVITE, .author = author_of(host->id.bytes)};
    ph_invite_key(secret, &unused, invite.of.invite.key);
    invite.of.invite.uses = 1;
    sign_fact(world, &invite, &host->secret);

    struct ph_join_proof proof = ph_join_prove(secret, &world->network, &joiner->school);
    struct ph_fact fact = {.type = PH_FACT_ADMIT, .author = author_of(host->id.bytes)};
    fact.of.admit.school = joiner->school;
    fact.of.admit.invite = invite.id;
    fact.of.admit.proof = proof.signature;
    sign_fact(world, &fact, &host->secret);
}

void world_init(struct world *world, uint32_t writer_count)
{
    uint8_t seed[32];
    CHECK_OK(ph_crypto_init());
    memset(world, 0, sizeof *world);
    world->writer_count = writer_count;
    for (uint32_t i = 0; i < writer_count; i++) {
        struct world_writer *writer = &world->writers[i];
        world->log_of[i] = i;
        seed_of(seed, 1, i);
        ph_sign_key_from_seed(seed, &writer->school_secret, writer->school.bytes);
        seed_of(seed, 2, i);
        ph_sign_key_from_seed(seed, &writer->secret, writer->id.bytes);
    }
    found(world);
    certify(world, &world->writers[0]);
    for (uint32_t i = 1; i < writer_count; i++) {
        admit(world, &world->writers[i]);
        certify(world, &world->writers[i]);
    }
}

void world_adopt(struct world *world, uint32_t writer, uint32_t other)
{
    struct world_writer *of = &world->writers[writer];
    of->school_secret = world->writers[other].school_secret;
    of->school = world->writers[other].school;
    certify(world, of);
}

static void put_row(const struct world *world, struct ph_batch *batch, uint32_t writer,
                    const struct ph_link *tip)
{
    const struct world_writer *of = &world->writers[writer];
    const struct ph_log_row row = {
        .writer = of->id, .school = of->school, .certify = of->certify, .tip = *tip};
    CHECK_OK(ph_batch_log(batch, world->log_of[writer], &row));
}

void world_found(const struct world *world, struct ph_batch *batch)
{
    for (uint32_t i = 0; i < world->fact_count; i++)
        CHECK_OK(ph_batch_fact(batch, i, ph_bytes(world->facts[i].bytes, world->facts[i].len)));
    for (uint32_t i = 0; i < world->writer_count; i++) {
        struct ph_link first = ph_link_first(&world->writers[i].certify);
        put_row(world, batch, i, &first);
    }
}

void world_begin(struct world *world, struct ph_op_writer *ops)
{
    ph_ops_begin(ops, world->skeleton, world->content, PH_BODY_MAX);
}

/* The entry keeps its own copy of the body. */
static void keep_body(struct world_entry *entry, const struct ph_body *body)
{
    struct ph_buffer bytes = ph_buffer(entry->bytes, sizeof entry->bytes);
    entry->body = *body;
    ph_buffer_put(&bytes, body->skeleton.data, body->skeleton.len);
    ph_buffer_put(&bytes, body->content.data, body->content.len);
    CHECK(!bytes.overflow);
    entry->body.skeleton.data = entry->bytes;
    entry->body.content.data = entry->bytes + body->skeleton.len;
}

void world_end(struct world *world, uint32_t writer, struct ph_op_writer *ops,
               struct world_entry *out)
{
    struct world_writer *of = &world->writers[writer];
    struct ph_body body;
    uint8_t seed[32];
    CHECK_OK(ph_ops_end(ops, &body));
    seed_of(seed, 3, of->link.seq);
    memcpy(body.salt.bytes, seed, sizeof body.salt.bytes);
    out->writer = writer;
    keep_body(out, &body);
    world->lamport = ph_lamport_next(&of->link, world->lamport);
    struct ph_header header = ph_header_after(&of->link, &of->id, world->lamport,
                                              (int64_t)world->lamport * 1000, &out->body);
    ph_header_encode(&header, out->header);
    out->id = ph_header_id(out->header);
    out->signature = ph_sign(PH_SIGNED_ENTRY, out->id.bytes, &of->secret);
    of->link = ph_link_after(&header, &out->id);
    out->link = of->link;
}

struct ph_op_ref world_ref(const struct world *world, const struct world_entry *entry,
                           uint16_t index)
{
    return ph_op_ref(&world->writers[entry->writer].id, entry->link.seq, &entry->id, index);
}

struct ph_record_id world_record(const struct world *world, uint32_t writer, uint32_t number)
{
    const struct world_writer *of = &world->writers[writer];
    uint8_t rest[4];
    ph_put_u32(rest, number);
    return ph_record_id_make(&of->school, of->link.seq + 1, rest);
}

struct ph_bytes world_text(uint8_t out[256], const char *text)
{
    struct ph_buffer buffer = ph_buffer(out, 256);
    ph_pack_text(&buffer, ph_bytes_text(text));
    CHECK(!buffer.overflow);
    return ph_buffer_bytes(&buffer);
}

void world_create(struct world *world, uint32_t writer, uint16_t kind, const char *text,
                  struct world_entry *out, struct ph_record_id *record)
{
    struct ph_op_writer ops;
    uint8_t item[256];
    *record = world_record(world, writer, 0);
    world_begin(world, &ops);
    ph_ops_group(&ops, kind, record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, 3, NULL, 0, world_text(item, text));
    world_end(world, writer, &ops, out);
}

void world_put(const struct world *world, struct ph_batch *batch, const struct world_entry *entry,
               enum world_put how)
{
    struct ph_body body = entry->body;
    if (how == WORLD_WITHOUT_CONTENT) {
        body.content_hash = ph_body_content_hash(&body);
        body.content_is_missing = true;
    }
    CHECK_OK(ph_batch_entry(batch, world->log_of[entry->writer], entry->header, &body,
                            how == WORLD_UNSIGNED ? NULL : &entry->signature));
    put_row(world, batch, entry->writer, &entry->link);
}
