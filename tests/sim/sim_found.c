/* Networks that no command founds: written to the founder's disk, as the command writes them. */
#include "proto/kind.h"
#include "proto/op.h"
#include "tests/sim/sim_school.h"
#include "tests/sim/sim_state.h"

#define NAME_FIELD 3

struct school {
    struct ph_sign_secret school_secret, writer_secret;
    struct ph_school_id id;
    struct ph_writer_id writer;
    const struct ph_identity *identity;
};

struct founding {
    struct sim *sim;
    struct school founder;
    struct ph_network_id network;
    struct ph_network_key key;
    struct ph_batch *batch;
    uint32_t fact_count;
    uint32_t log_count;
};

static void must(struct founding *founding, enum ph_status status)
{
    if (status != PH_OK)
        sim_fail(founding->sim, "no network can be founded: %s", ph_status_text(status));
}

static struct school school_of(struct sim *sim, uint32_t node)
{
    struct school school = {.identity = &sim->machines[node].identity};
    ph_sign_key_from_seed(school.identity->school_seed, &school.school_secret, school.id.bytes);
    ph_sign_key_from_seed(school.identity->writer_seed, &school.writer_secret, school.writer.bytes);
    return school;
}

/* --- facts --- */

static struct ph_fact_id put_fact(struct founding *founding, const uint8_t author[32],
                                  const struct ph_sign_secret *secret, struct ph_fact *fact)
{
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    fact->network = founding->network;
    memcpy(fact->author.bytes, author, sizeof fact->author.bytes);
    must(founding, ph_fact_sign(fact, secret, &out));
    must(founding, ph_batch_fact(founding->batch, founding->fact_count++, ph_buffer_bytes(&out)));
    return fact->id;
}

static struct ph_fact_id put_found(struct founding *founding, const char *name, uint64_t quota)
{
    struct ph_fact found = {.type = PH_FACT_FOUND};
    found.of.found.name = ph_bytes_text(name);
    found.of.found.quota = quota;
    found.of.found.network_key_hash =
        ph_hash(PH_DOMAIN_NETWORK_KEY, ph_bytes(founding->key.bytes, sizeof founding->key.bytes));
    return put_fact(founding, founding->founder.id.bytes, &founding->founder.school_secret, &found);
}

static struct ph_fact_id put_certify(struct founding *founding, const struct school *school,
                                     const struct ph_fact_id *known)
{
    struct ph_fact certify = {.type = PH_FACT_CERTIFY};
    struct ph_agree_secret transport;
    memcpy(transport.bytes, school->identity->transport_secret, sizeof transport.bytes);
    certify.past = ph_bytes(known->bytes, sizeof known->bytes);
    certify.of.certify.writer = school->writer;
    certify.of.certify.consenting = &school->writer_secret;
    certify.of.certify.transport = ph_agree_public_of(&transport);
    certify.of.certify.serial = school->identity->serial;
    return put_fact(founding, school->id.bytes, &school->school_secret, &certify);
}

static struct ph_fact_id put_invite(struct founding *founding, const struct ph_fact_id *certify,
                                    const uint8_t secret[16])
{
    struct ph_fact invite = {.type = PH_FACT_INVITE};
    struct ph_sign_secret key;
    ph_invite_key(secret, &key, invite.of.invite.key);
    invite.past = ph_bytes(certify->bytes, sizeof certify->bytes);
    invite.of.invite.uses = PH_INVITE_USES_MAX;
    return put_fact(founding, founding->founder.writer.bytes, &founding->founder.writer_secret,
                    &invite);
}

/* `past`: the founder's certify fact and the invitation, ascending. */
static struct ph_fact_id put_admit(struct founding *founding, const struct school *school,
                                   const struct ph_fact_id past[2], const struct ph_fact_id *invite,
                                   const uint8_t secret[16])
{
    struct ph_fact admit = {.type = PH_FACT_ADMIT};
    admit.past = ph_bytes(past, 2 * sizeof *past);
    admit.of.admit.school = school->id;
    admit.of.admit.invite = *invite;
    admit.of.admit.proof = ph_join_prove(secret, &founding->network, &school->id).signature;
    return put_fact(founding, founding->founder.writer.bytes, &founding->founder.writer_secret,
                    &admit);
}

/* --- logs --- */

/* The school's card, which every log begins with: moves the row's end. */
static void put_card(struct founding *founding, const struct school *school, struct ph_log_row *row)
{
    uint8_t skeleton[256], content[256], item[PH_NETWORK_NAME_MAX + 8], encoded[PH_HEADER_LEN];
    struct ph_op_writer ops;
    struct ph_body body = {0};
    struct ph_buffer value = ph_buffer(item, sizeof item);
    struct ph_record_id record = ph_record_id_make(&school->id, 1, (const uint8_t *)"card");
    ph_pack_text(&value, ph_bytes_text(school->identity->school_name));
    ph_ops_begin(&ops, skeleton, content, sizeof skeleton);
    ph_ops_group(&ops, PH_KIND_SCHOOL, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, NAME_FIELD, NULL, 0, ph_buffer_bytes(&value));
    must(founding, ph_ops_end(&ops, &body));
    struct ph_header header = ph_header_after(&row->tip, &school->writer, 1, SIM_TODAY_MS, &body);
    ph_header_encode(&header, encoded);
    struct ph_entry_id id = ph_header_id(encoded);
    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, id.bytes, &school->writer_secret);
    must(founding,
         ph_batch_entry(founding->batch, founding->log_count, encoded, &body, &signature));
    row->tip = ph_link_after(&header, &id);
}

/* Behind the certify fact of its writer. */
static void put_log(struct founding *founding, const struct school *school,
                    const struct ph_fact_id *certify)
{
    struct ph_log_row row = {.writer = school->writer,
                             .school = school->id,
                             .certify = *certify,
                             .tip = ph_link_first(certify)};
    put_card(founding, school, &row);
    must(founding, ph_batch_log(founding->batch, founding->log_count++, &row));
}

/* --- all of it --- */

static struct ph_fact_id write_founder(struct founding *founding, const char *name, uint64_t quota)
{
    struct ph_fact_id found = put_found(founding, name, quota);
    memcpy(founding->network.bytes, found.bytes, sizeof founding->network.bytes);
    struct ph_fact_id certify = put_certify(founding, &founding->founder, &found);
    put_log(founding, &founding->founder, &certify);
    must(founding,
         ph_batch_meta(founding->batch, "network",
                       ph_bytes(founding->network.bytes, sizeof founding->network.bytes)));
    must(founding, ph_batch_meta(founding->batch, "network_key",
                                 ph_bytes(founding->key.bytes, sizeof founding->key.bytes)));
    return certify;
}

static void write_members(struct founding *founding, const struct ph_fact_id *founder)
{
    static const uint8_t secret[16] = {1};
    struct ph_fact_id invite = put_invite(founding, founder, secret);
    bool is_first = ph_fact_id_compare(founder, &invite) < 0;
    struct ph_fact_id past[2] = {is_first ? *founder : invite, is_first ? invite : *founder};
    for (uint32_t node = 1; node < founding->sim->options.node_count; node++) {
        struct school school = school_of(founding->sim, node);
        struct ph_fact_id admit = put_admit(founding, &school, past, &invite, secret);
        struct ph_fact_id certify = put_certify(founding, &school, &admit);
        put_log(founding, &school, &certify);
    }
}

static void write_disk(struct founding *founding, uint32_t node, const char *name, uint64_t quota,
                       bool with_members)
{
    struct ph_store_options options = {.path = founding->sim->machines[node].path,
                                       .map_bytes = founding->sim->options.map_bytes,
                                       .any_file_system = true};
    struct ph_store *store = NULL;
    char why[200];
    sim_fill(&founding->sim->clock.chance, founding->key.bytes, sizeof founding->key.bytes);
    founding->founder = school_of(founding->sim, node);
    must(founding, ph_store_open(&options, &store, why));
    must(founding, ph_batch_new(&founding->batch));
    struct ph_fact_id certify = write_founder(founding, name, quota);
    if (with_members)
        write_members(founding, &certify);
    enum ph_status status = ph_store_apply(store, founding->batch);
    while (status == PH_MAP_FULL && ph_store_grow(store) == PH_OK)
        status = ph_store_apply(store, founding->batch);
    must(founding, status);
    ph_batch_free(founding->batch);
    ph_store_close(store);
}

void sim_found_with_quota(struct sim *sim, uint32_t node, const char *network_name, uint64_t quota)
{
    struct founding founding = {.sim = sim};
    write_disk(&founding, node, network_name, quota, false);
}

void sim_found_all(struct sim *sim, const char *network_name)
{
    struct founding founding = {.sim = sim};
    write_disk(&founding, 0, network_name, PH_LOG_QUOTA_DEFAULT, true);
    sim_copy_to_all(sim, 0);
}
