/* Networks that no command founds: written to the founder's disk, as the command writes them. */
#include "proto/kind.h"
#include "proto/op.h"
#include "tests/sim/sim_school.h"
#include "tests/sim/sim_state.h"

#define NAME_FIELD 3

struct founding {
    struct sim_machine *machine;
    struct ph_sign_secret school_secret, writer_secret;
    struct ph_school_id school;
    struct ph_writer_id writer;
    struct ph_network_id network;
    struct ph_network_key key;
    struct ph_batch *batch;
};

static void must(struct founding *founding, enum ph_status status)
{
    if (status != PH_OK)
        sim_fail(founding->machine->sim, "no network can be founded: %s", ph_status_text(status));
}

static struct ph_fact_id put_fact(struct founding *founding, uint32_t index, struct ph_fact *fact)
{
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    fact->network = founding->network;
    memcpy(fact->author.bytes, founding->school.bytes, sizeof fact->author.bytes);
    must(founding, ph_fact_sign(fact, &founding->school_secret, &out));
    must(founding, ph_batch_fact(founding->batch, index, ph_buffer_bytes(&out)));
    return fact->id;
}

static struct ph_fact_id put_found(struct founding *founding, const char *name, uint64_t quota)
{
    struct ph_fact found = {.type = PH_FACT_FOUND};
    found.of.found.name = ph_bytes_text(name);
    found.of.found.quota = quota;
    found.of.found.network_key_hash =
        ph_hash(PH_DOMAIN_NETWORK_KEY, ph_bytes(founding->key.bytes, sizeof founding->key.bytes));
    return put_fact(founding, 0, &found);
}

static struct ph_fact_id put_certify(struct founding *founding, const struct ph_fact_id *found)
{
    struct ph_fact certify = {.type = PH_FACT_CERTIFY};
    struct ph_agree_secret transport;
    memcpy(transport.bytes, founding->machine->identity.transport_secret, sizeof transport.bytes);
    certify.past = ph_bytes(found->bytes, sizeof found->bytes);
    certify.of.certify.writer = founding->writer;
    certify.of.certify.consenting = &founding->writer_secret;
    certify.of.certify.transport = ph_agree_public_of(&transport);
    certify.of.certify.serial = founding->machine->identity.serial;
    return put_fact(founding, 1, &certify);
}

/* The school's card, which every log begins with: moves the row's end. */
static void put_card(struct founding *founding, struct ph_log_row *row)
{
    uint8_t skeleton[256], content[256], item[PH_NETWORK_NAME_MAX + 8], encoded[PH_HEADER_LEN];
    struct ph_op_writer ops;
    struct ph_body body = {0};
    struct ph_buffer value = ph_buffer(item, sizeof item);
    struct ph_record_id record = ph_record_id_make(&founding->school, 1, (const uint8_t *)"card");
    ph_pack_text(&value, ph_bytes_text(founding->machine->identity.school_name));
    ph_ops_begin(&ops, skeleton, content, sizeof skeleton);
    ph_ops_group(&ops, PH_KIND_SCHOOL, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, NAME_FIELD, NULL, 0, ph_buffer_bytes(&value));
    must(founding, ph_ops_end(&ops, &body));
    struct ph_header header = ph_header_after(&row->tip, &founding->writer, 1, SIM_TODAY_MS, &body);
    ph_header_encode(&header, encoded);
    struct ph_entry_id id = ph_header_id(encoded);
    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, id.bytes, &founding->writer_secret);
    must(founding, ph_batch_entry(founding->batch, 0, encoded, &body, &signature));
    row->tip = ph_link_after(&header, &id);
}

static void write_all(struct founding *founding, const char *name, uint64_t quota)
{
    struct ph_fact_id found = put_found(founding, name, quota);
    memcpy(founding->network.bytes, found.bytes, sizeof founding->network.bytes);
    struct ph_fact_id certify = put_certify(founding, &found);
    struct ph_log_row row = {.writer = founding->writer,
                             .school = founding->school,
                             .certify = certify,
                             .tip = ph_link_first(&certify)};
    put_card(founding, &row);
    must(founding, ph_batch_log(founding->batch, 0, &row));
    must(founding,
         ph_batch_meta(founding->batch, "network",
                       ph_bytes(founding->network.bytes, sizeof founding->network.bytes)));
    must(founding, ph_batch_meta(founding->batch, "network_key",
                                 ph_bytes(founding->key.bytes, sizeof founding->key.bytes)));
}

void sim_found_with_quota(struct sim *sim, uint32_t node, const char *network_name, uint64_t quota)
{
    struct founding founding = {.machine = &sim->machines[node]};
    const struct ph_identity *identity = &founding.machine->identity;
    struct ph_store_options options = {.path = founding.machine->path, .any_file_system = true};
    struct ph_store *store = NULL;
    char why[200];
    for (size_t i = 0; i < sizeof founding.key.bytes; i++)
        founding.key.bytes[i] = (uint8_t)(sim_next(&sim->clock.chance) >> 32);
    ph_sign_key_from_seed(identity->school_seed, &founding.school_secret, founding.school.bytes);
    ph_sign_key_from_seed(identity->writer_seed, &founding.writer_secret, founding.writer.bytes);
    must(&founding, ph_store_open(&options, &store, why));
    must(&founding, ph_batch_new(&founding.batch));
    write_all(&founding, network_name, quota);
    must(&founding, ph_store_apply(store, founding.batch));
    ph_batch_free(founding.batch);
    ph_store_close(store);
}
