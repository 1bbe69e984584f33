#include "tools/bench_home.h"
#include "tools/home_keys.h"

#include "proto/facts.h"
#include "proto/kind.h"
#include "proto/op.h"
#include "store/store.h"
#include "tools/bench_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHOOLS_MAX (PH_BENCH_WRITERS_MAX + 1)
#define ENTRIES_PER_BATCH 4000 /* no more than one commit materialises */
#define FIRST_RECORD_SEQ 2     /* a log begins with the school's own record */
#define TIME_FIRST_MS INT64_C(1767225600000)

struct school {
    struct ph_sign_secret secret, writer_secret;
    struct ph_school_id id;
    struct ph_writer_id writer;
    struct ph_agree_public transport;
    uint16_t serial;
    struct ph_fact_id certify;
    char name[PH_NETWORK_NAME_MAX + 1];
};

/* Everything in one place on the heap. */
struct maker {
    const struct ph_bench_plan *plan;
    struct ph_network_id network;
    struct ph_network_key network_key;
    struct ph_facts *facts;
    uint32_t school_count; /* the writers, and last the one whose home is empty */
    struct school schools[SCHOOLS_MAX];
    struct ph_store *store; /* being filled */
    struct ph_batch *batch;
    struct ph_link link; /* end of the log being written */
    struct ph_bench_made *made;
    struct ph_bench_record record;
    uint8_t skeleton[PH_BODY_MAX], content[PH_BODY_MAX];
};

static struct ph_chance chance_for(const struct maker *maker, uint64_t purpose, uint64_t number)
{
    return ph_chance_of(maker->plan->seed + (purpose << 48), number);
}

static void draw(struct ph_chance *chance, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)ph_chance_below(chance, 256);
}

/* --- schools --- */

static void take_identity(struct school *school, const struct ph_identity *identity)
{
    struct ph_agree_secret transport;
    memcpy(transport.bytes, identity->transport_secret, sizeof transport.bytes);
    ph_sign_key_from_seed(identity->school_seed, &school->secret, school->id.bytes);
    ph_sign_key_from_seed(identity->writer_seed, &school->writer_secret, school->writer.bytes);
    school->transport = ph_agree_public_of(&transport);
    school->serial = identity->serial;
    memcpy(school->name, identity->school_name, sizeof school->name);
    ph_wipe(&transport, sizeof transport);
}

static void invent_school(struct maker *maker, uint32_t number)
{
    struct ph_identity identity = {0};
    struct ph_chance chance = chance_for(maker, 'k', number);
    draw(&chance, identity.school_seed, sizeof identity.school_seed);
    draw(&chance, identity.writer_seed, sizeof identity.writer_seed);
    draw(&chance, identity.transport_secret, sizeof identity.transport_secret);
    snprintf(identity.school_name, sizeof identity.school_name, "School %u", number + 1);
    take_identity(&maker->schools[number], &identity);
}

static enum ph_status make_home(struct school *school, const char *path, const char *name,
                                char why[PH_WHY_SIZE])
{
    struct ph_home home;
    struct ph_identity identity = {0};
    struct ph_binding binding;
    struct ph_school_id id;
    PH_TRY(ph_home_find(path, &home, why));
    enum ph_status status = ph_home_make(&home, name, &id, why);
    if (status == PH_OK)
        status = ph_home_identity(&home, &identity, &binding, why);
    if (status == PH_OK)
        take_identity(school, &identity);
    ph_wipe(&identity, sizeof identity);
    ph_home_close(&home);
    return status;
}

/* --- facts --- */

/* The author's certify fact or admission, and what is answered. */
static size_t rests_on(const struct maker *maker, const struct ph_fact *fact,
                       const struct school *author, struct ph_fact_id out[2])
{
    const struct ph_fact *of_author = ph_facts_certify_of(maker->facts, &author->writer);
    size_t count = 0;
    if (of_author == NULL)
        of_author = ph_facts_admission(maker->facts, &author->id);
    if (of_author != NULL)
        out[count++] = of_author->id;
    if (fact->type == PH_FACT_ADMIT)
        out[count++] = fact->of.admit.invite;
    if (fact->type == PH_FACT_VOTE)
        out[count++] = fact->of.vote.proposal;
    return count;
}

/* Signs what `fact` says after all facts so far, and takes it. */
static enum ph_status add_fact(struct maker *maker, struct ph_fact *fact,
                               const struct school *author, bool by_school)
{
    uint8_t past[PH_FACT_PAST_MAX * 32], bytes[PH_FACT_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    bool is_new = false;
    struct ph_fact_id must[2];
    fact->network = maker->network;
    memcpy(fact->author.bytes, by_school ? author->id.bytes : author->writer.bytes, 32);
    if (maker->facts != NULL)
        fact->past = ph_bytes(
            past, ph_facts_past(maker->facts, must, rests_on(maker, fact, author, must), past));
    PH_TRY(ph_fact_sign(fact, by_school ? &author->secret : &author->writer_secret, &out));
    if (maker->facts == NULL) {
        memcpy(maker->network.bytes, fact->id.bytes, sizeof maker->network.bytes);
        PH_TRY(ph_facts_new(&maker->network, &maker->facts));
    }
    return ph_facts_take(maker->facts, ph_buffer_bytes(&out), &is_new);
}

static enum ph_status found(struct maker *maker)
{
    struct ph_fact fact = {.type = PH_FACT_FOUND};
    struct ph_chance chance = chance_for(maker, 'n', 0);
    draw(&chance, maker->network_key.bytes, sizeof maker->network_key.bytes);
    fact.of.found.name = ph_bytes_text("Benchmark");
    fact.of.found.quota = PH_LOG_QUOTA_DEFAULT;
    fact.of.found.network_key_hash = ph_hash(
        PH_DOMAIN_NETWORK_KEY, ph_bytes(maker->network_key.bytes, sizeof maker->network_key.bytes));
    return add_fact(maker, &fact, &maker->schools[0], true);
}

static enum ph_status certify(struct maker *maker, struct school *school)
{
    struct ph_fact fact = {.type = PH_FACT_CERTIFY};
    fact.of.certify.writer = school->writer;
    fact.of.certify.consenting = &school->writer_secret;
    fact.of.certify.transport = school->transport;
    fact.of.certify.serial = school->serial;
    PH_TRY(add_fact(maker, &fact, school, true));
    school->certify = fact.id;
    return PH_OK;
}

static enum ph_status invite(struct maker *maker, const uint8_t secret[16], struct ph_fact_id *id)
{
    struct ph_fact fact = {.type = PH_FACT_INVITE};
    struct ph_sign_secret key;
    ph_invite_key(secret, &key, fact.of.invite.key);
    fact.of.invite.uses = PH_INVITE_USES_MAX;
    PH_TRY(add_fact(maker, &fact, &maker->schools[0], false));
    *id = fact.id;
    return PH_OK;
}

static enum ph_status admit(struct maker *maker, const struct school *school,
                            const uint8_t secret[16], const struct ph_fact_id *invitation)
{
    struct ph_fact fact = {.type = PH_FACT_ADMIT};
    fact.of.admit.school = school->id;
    fact.of.admit.invite = *invitation;
    fact.of.admit.proof = ph_join_prove(secret, &maker->network, &school->id).signature;
    return add_fact(maker, &fact, &maker->schools[0], false);
}

static enum ph_status make_facts(struct maker *maker)
{
    uint8_t secret[16];
    struct ph_fact_id invitation = {{0}};
    struct ph_chance chance = chance_for(maker, 'i', 0);
    draw(&chance, secret, sizeof secret);
    PH_TRY(found(maker));
    PH_TRY(certify(maker, &maker->schools[0]));
    PH_TRY(invite(maker, secret, &invitation));
    for (uint32_t i = 1; i < maker->school_count; i++) {
        PH_TRY(admit(maker, &maker->schools[i], secret, &invitation));
        PH_TRY(certify(maker, &maker->schools[i]));
    }
    return PH_OK;
}

/* --- stores --- */

static enum ph_status apply(struct maker *maker)
{
    enum ph_status status = ph_store_apply(maker->store, maker->batch);
    while (status == PH_MAP_FULL) {
        PH_TRY(ph_store_grow(maker->store));
        status = ph_store_apply(maker->store, maker->batch);
    }
    return status;
}

/* Until nothing is left to materialise: a batch or two, then empty ones. */
static enum ph_status flush(struct maker *maker)
{
    bool is_behind = true;
    while (is_behind) {
        PH_TRY(apply(maker));
        is_behind = ph_batch_is_behind(maker->batch);
        ph_batch_free(maker->batch);
        maker->batch = NULL;
        PH_TRY(ph_batch_new(&maker->batch));
    }
    return PH_OK;
}

static struct ph_log_row row_of(const struct school *school, struct ph_link tip)
{
    return (struct ph_log_row){
        .writer = school->writer, .school = school->id, .certify = school->certify, .tip = tip};
}

/* What both homes hold: facts, a row for each log, and where they belong. */
static enum ph_status put_network(struct maker *maker)
{
    struct ph_batch *batch = maker->batch;
    for (uint32_t i = 0; i < ph_facts_count(maker->facts); i++)
        PH_TRY(ph_batch_fact(batch, i, ph_facts_at(maker->facts, i)->bytes));
    for (uint32_t i = 0; i < maker->school_count; i++) {
        const struct school *school = &maker->schools[i];
        struct ph_log_row row = row_of(school, ph_link_first(&school->certify));
        PH_TRY(ph_batch_log(batch, i, &row));
    }
    PH_TRY(ph_batch_meta(batch, "network",
                         ph_bytes(maker->network.bytes, sizeof maker->network.bytes)));
    PH_TRY(ph_batch_meta(batch, "network_key",
                         ph_bytes(maker->network_key.bytes, sizeof maker->network_key.bytes)));
    return flush(maker);
}

/* --- records --- */

static struct ph_record_id record_id(const struct maker *maker, uint32_t writer, uint32_t seq)
{
    uint8_t random[4];
    struct ph_chance chance = chance_for(maker, 'r', (uint64_t)writer << 32 | seq);
    draw(&chance, random, sizeof random);
    return ph_record_id_make(&maker->schools[writer].id, seq, random);
}

static void add_value(struct ph_op_writer *ops, const struct ph_field *field, struct ph_bytes item)
{
    if (field->type == PH_FIELD_SET)
        ph_ops_add(ops, field->number, item);
    else
        ph_ops_set(ops, field->number, NULL, 0, item);
}

static enum ph_status add_field(struct ph_op_writer *ops, const struct ph_field *field,
                                struct ph_bytes text)
{
    uint8_t room[PH_FIELD_VALUE_MAX + 8];
    char why[200];
    struct ph_buffer item = ph_buffer(room, sizeof room);
    PH_TRY(ph_value_parse(field, text, &item, why));
    add_value(ops, field, ph_buffer_bytes(&item));
    return PH_OK;
}

static void add_parent(const struct maker *maker, struct ph_op_writer *ops,
                       const struct ph_kind *kind, struct ph_bench_parent parent)
{
    uint8_t room[24];
    struct ph_buffer item = ph_buffer(room, sizeof room);
    if (parent.seq == 0)
        return;
    struct ph_record_id id = record_id(maker, parent.writer, parent.seq);
    ph_pack_bin(&item, ph_bytes(id.bytes, sizeof id.bytes));
    add_value(ops, ph_field_by_number(kind, PH_FIELD_NUMBER_PARENT), ph_buffer_bytes(&item));
}

/* A record as its author's node would write it. */
static enum ph_status add_record(struct maker *maker, uint32_t writer, struct ph_op_writer *ops)
{
    const struct ph_bench_plan *plan = maker->plan;
    struct ph_bench_record *record = &maker->record;
    uint32_t seq = maker->link.seq + 1;
    ph_bench_record(
        &(struct ph_bench_place){plan->seed, writer, plan->writer_count, seq, plan->text_len},
        record);
    const struct ph_kind *kind = ph_kind_by_number(record->kind);
    struct ph_record_id id = record_id(maker, writer, seq);
    ph_ops_group(ops, record->kind, &id, PH_AUDIENCE_NETWORK);
    ph_ops_create(ops);
    add_parent(maker, ops, kind, record->parent);
    for (uint8_t i = 0; i < record->field_count; i++) {
        const struct ph_bench_field *field = &record->fields[i];
        PH_TRY(add_field(ops, ph_field_by_number(kind, field->number), field->value));
        maker->made->text_bytes += field->is_prose ? field->value.len : 0;
        maker->made->value_bytes += field->value.len;
    }
    maker->made->value_bytes += record->parent.seq != 0 ? sizeof id.bytes : 0;
    return PH_OK;
}

/* What a log begins with: its school's record and, at the founder's, the network's. */
static enum ph_status add_names(struct maker *maker, uint32_t writer, struct ph_op_writer *ops)
{
    struct ph_record_id id = record_id(maker, writer, 1);
    const struct ph_kind *school = ph_kind_by_number(PH_KIND_SCHOOL);
    const struct ph_kind *network = ph_kind_by_number(PH_KIND_NETWORK);
    struct ph_bytes name = ph_bytes_text("name");
    ph_ops_group(ops, PH_KIND_SCHOOL, &id, PH_AUDIENCE_NETWORK);
    ph_ops_create(ops);
    PH_TRY(
        add_field(ops, ph_field_by_name(school, name), ph_bytes_text(maker->schools[writer].name)));
    if (writer != 0)
        return PH_OK;
    id.bytes[15] ^= 1;
    ph_ops_group(ops, PH_KIND_NETWORK, &id, PH_AUDIENCE_NETWORK);
    ph_ops_create(ops);
    return add_field(ops, ph_field_by_name(network, name), ph_bytes_text("Benchmark"));
}

/* The writers take turns, some minutes apart. */
static struct ph_header header_of(struct maker *maker, uint32_t writer, const struct ph_body *body)
{
    struct ph_chance chance = chance_for(maker, 't', (uint64_t)writer << 32 | maker->link.seq);
    uint64_t lamport = (uint64_t)maker->link.seq * maker->plan->writer_count + writer + 1;
    int64_t time_ms = maker->link.seq == 0 ? TIME_FIRST_MS : maker->link.time_ms;
    time_ms += 1000 + ph_chance_below(&chance, 40 * 60 * 1000);
    return ph_header_after(&maker->link, &maker->schools[writer].writer, lamport, time_ms, body);
}

static enum ph_status add_entry(struct maker *maker, uint32_t writer)
{
    struct ph_op_writer ops;
    struct ph_body body = {0};
    uint8_t encoded[PH_HEADER_LEN];
    struct ph_chance chance = chance_for(maker, 's', (uint64_t)writer << 32 | maker->link.seq);
    ph_ops_begin(&ops, maker->skeleton, maker->content, sizeof maker->content);
    if (maker->link.seq + 1 < FIRST_RECORD_SEQ)
        PH_TRY(add_names(maker, writer, &ops));
    else
        PH_TRY(add_record(maker, writer, &ops));
    PH_TRY(ph_ops_end(&ops, &body));
    draw(&chance, body.salt.bytes, sizeof body.salt.bytes);

    struct ph_header header = header_of(maker, writer, &body);
    PH_TRY(ph_entry_check(&maker->link, &header, &body, PH_LOG_QUOTA_DEFAULT));
    ph_header_encode(&header, encoded);
    struct ph_entry_id id = ph_header_id(encoded);
    struct ph_signature signature =
        ph_sign(PH_SIGNED_ENTRY, id.bytes, &maker->schools[writer].writer_secret);
    maker->link = ph_link_after(&header, &id);
    maker->made->body_bytes += header.body_len;
    maker->made->entry_count++;
    return ph_batch_entry(maker->batch, writer, encoded, &body, &signature);
}

static enum ph_status end_batch(struct maker *maker, uint32_t writer)
{
    struct ph_log_row row = row_of(&maker->schools[writer], maker->link);
    PH_TRY(ph_batch_log(maker->batch, writer, &row));
    return flush(maker);
}

static enum ph_status write_log(struct maker *maker, uint32_t writer, uint32_t record_count)
{
    uint32_t last_seq = FIRST_RECORD_SEQ - 1 + record_count;
    maker->link = ph_link_first(&maker->schools[writer].certify);
    while (maker->link.seq < last_seq) {
        PH_TRY(add_entry(maker, writer));
        if (maker->link.seq % ENTRIES_PER_BATCH == 0 ||
            ph_batch_bytes(maker->batch) > PH_BATCH_BYTES_MAX / 2)
            PH_TRY(end_batch(maker, writer));
    }
    return end_batch(maker, writer);
}

static enum ph_status write_logs(struct maker *maker)
{
    uint32_t writer_count = maker->plan->writer_count, left = maker->plan->record_count;
    for (uint32_t i = 0; i < writer_count; i++) {
        uint32_t count = left / (writer_count - i);
        PH_TRY(write_log(maker, i, count));
        left -= count;
    }
    return PH_OK;
}

static enum ph_status fill_home(struct maker *maker, const char *path, bool with_records,
                                char why[PH_WHY_SIZE])
{
    char store_path[PH_HOME_PATH_MAX + 16], reason[200] = "";
    snprintf(store_path, sizeof store_path, "%s/store", path);
    struct ph_store_options options = {.path = store_path};
    enum ph_status status = ph_store_open(&options, &maker->store, reason);
    if (status == PH_OK)
        status = ph_batch_new(&maker->batch);
    if (status == PH_OK)
        status = put_network(maker);
    if (status == PH_OK)
        status = with_records ? write_logs(maker) : write_log(maker, maker->school_count - 1, 0);
    ph_batch_free(maker->batch);
    maker->batch = NULL;
    ph_store_close(maker->store);
    maker->store = NULL;
    if (status != PH_OK)
        snprintf(why, PH_WHY_SIZE, "The store in %.200s can't be filled: %s.", path,
                 reason[0] != 0 ? reason : ph_status_text(status));
    return status;
}

static enum ph_status make_all(struct maker *maker, const char *full, const char *empty,
                               char why[PH_WHY_SIZE])
{
    uint32_t last = maker->plan->writer_count;
    maker->school_count = last + 1;
    for (uint32_t i = 1; i < last; i++)
        invent_school(maker, i);
    PH_TRY(make_home(&maker->schools[0], full, "School 1", why));
    PH_TRY(make_home(&maker->schools[last], empty, "The new school", why));
    enum ph_status status = make_facts(maker);
    if (status != PH_OK) {
        snprintf(why, PH_WHY_SIZE, "The facts can't be made: %s.", ph_status_text(status));
        return status;
    }
    PH_TRY(fill_home(maker, full, true, why));
    return fill_home(maker, empty, false, why);
}

enum ph_status ph_bench_homes(const struct ph_bench_plan *plan, const char *full, const char *empty,
                              struct ph_bench_made *made, char why[PH_WHY_SIZE])
{
    struct maker *maker = calloc(1, sizeof *maker);
    if (maker == NULL)
        return PH_NO_MEMORY;
    *made = (struct ph_bench_made){0};
    maker->plan = plan;
    maker->made = made;
    enum ph_status status = make_all(maker, full, empty, why);
    ph_facts_free(maker->facts);
    ph_wipe(maker, sizeof *maker);
    free(maker);
    return status;
}
