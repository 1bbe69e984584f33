#include "node/author.h"

#include "node/ends.h"
#include "node/ingest.h"
#include "proto/kind.h"

/* --- entries --- */

void ph_author_begin(struct ph_node *node, struct ph_op_writer *ops)
{
    ph_ops_begin(ops, node->skeleton, node->content, PH_BODY_MAX);
}

uint32_t ph_author_seq(const struct ph_node *node)
{
    return node->logs.items[node->own_log].row.tip.seq + 1;
}

struct ph_record_id ph_author_record_id(struct ph_node *node)
{
    uint8_t random[4];
    node->env.ops->random(node->env.impl, random, sizeof random);
    return ph_record_id_make(&node->school, ph_author_seq(node), random);
}

enum ph_status ph_author_end(struct ph_node *node, struct ph_op_writer *ops)
{
    struct ph_body body = {0};
    PH_TRY(ph_ops_end(ops, &body));
    if (body.content_len != 0)
        node->env.ops->random(node->env.impl, body.salt.bytes, sizeof body.salt.bytes);
    const struct ph_link *tip = &node->logs.items[node->own_log].row.tip;
    struct ph_header header = ph_header_after(
        tip, &node->writer, ph_lamport_next(tip, node->logs.lamport_seen), node->wall_ms, &body);
    return ph_ingest_own(node, &header, &body);
}

/* --- facts --- */

static bool is_signed_by_school(uint64_t type)
{
    return type == PH_FACT_FOUND || type == PH_FACT_CERTIFY || type == PH_FACT_VOTE ||
           type == PH_FACT_CLOSE || type == PH_FACT_LEAVE;
}

#define MUST_MAX (PH_FACT_PAST_MAX - 1)

/* What a fact rests on: that we are known, and speak for our school; and what it answers. */
static size_t rests_on(const struct ph_node *node, const struct ph_fact *fact,
                       struct ph_fact_id out[MUST_MAX])
{
    const struct ph_fact *admission = ph_facts_admission(node->facts, &node->school);
    size_t must = 0;
    if (node->own_log < 0 && admission != NULL)
        out[must++] = admission->id;
    if (node->own_log >= 0)
        out[must++] = node->logs.items[node->own_log].row.certify;
    if (fact->type == PH_FACT_ADMIT)
        out[must++] = fact->of.admit.invite;
    if (fact->type == PH_FACT_VOTE)
        out[must++] = fact->of.vote.proposal;
    if (fact->type == PH_FACT_PROPOSE && fact->of.propose.what == PH_PROPOSAL_RESTORE)
        for (size_t at = 0; at < fact->of.propose.lifted.len && must < MUST_MAX; at += 32)
            memcpy(out[must++].bytes, fact->of.propose.lifted.data + at, 32);
    if (fact->type == PH_FACT_CERTIFY)
        must += ph_facts_ways_back(node->facts, &node->school, out + must, MUST_MAX - must);
    return must;
}

enum ph_status ph_author_fact(struct ph_node *node, struct ph_fact *fact, struct ph_fact_id *id)
{
    uint8_t past[PH_FACT_PAST_MAX * 32];
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct ph_fact_id must[MUST_MAX];
    bool by_school = is_signed_by_school(fact->type);
    bool is_new = false;
    uint32_t room =
        PH_FACTS_PER_SCHOOL_MAX - (fact->type == PH_FACT_CERTIFY ? 0 : PH_FACTS_RESERVE);
    if (ph_facts_count_of(node->facts, &node->school) >= room)
        return PH_REFUSED; /* the rest is for what other PCs of this school sign meanwhile */
    if (by_school && ph_author_is_enrolled(node))
        return PH_FORBIDDEN; /* the key is at another installation */
    fact->network = node->network;
    memcpy(fact->author.bytes, by_school ? node->school_key.bytes : node->writer.bytes,
           sizeof fact->author.bytes);
    fact->past = ph_bytes(past, ph_facts_past(node->facts, must, rests_on(node, fact, must), past));
    PH_TRY(ph_fact_sign(fact, by_school ? &node->school_secret : &node->writer_secret, &out));
    if (id != NULL)
        *id = fact->id;
    return ph_ingest_fact(node, ph_buffer_bytes(&out), &is_new);
}

static struct ph_fact certify_statement(const struct ph_node *node)
{
    struct ph_fact fact = {.type = PH_FACT_CERTIFY};
    fact.of.certify.writer = node->writer;
    fact.of.certify.consenting = &node->writer_secret;
    fact.of.certify.transport = node->transport;
    fact.of.certify.serial = node->serial;
    return fact;
}

enum ph_status ph_author_certificate(struct ph_node *node, struct ph_certificate *out)
{
    if (node->own_log >= 0) {
        const struct ph_fact_id *id = &node->logs.items[node->own_log].row.certify;
        *out = ph_certificate_of(ph_facts_find(node->facts, id));
        return PH_OK;
    }
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer buffer = ph_buffer(bytes, sizeof bytes);
    struct ph_fact fact = certify_statement(node);
    fact.network = node->network;
    memcpy(fact.author.bytes, node->school_key.bytes, sizeof fact.author.bytes);
    PH_TRY(ph_fact_sign(&fact, &node->school_secret, &buffer));
    *out = ph_certificate_of(&fact);
    return PH_OK;
}

/* --- beginnings --- */

static void set_name(struct ph_op_writer *ops, const struct ph_kind *kind, struct ph_bytes name)
{
    uint8_t item[PH_NETWORK_NAME_MAX + 8];
    struct ph_buffer value = ph_buffer(item, sizeof item);
    ph_pack_text(&value, name);
    ph_ops_set(ops, ph_field_by_name(kind, ph_bytes_text("name"))->number, NULL, 0,
               ph_buffer_bytes(&value));
}

/* The records that a log begins with: the school's own and, at the founder's, the network's. */
static enum ph_status write_names(struct ph_node *node, struct ph_bytes network_name)
{
    struct ph_op_writer ops;
    struct ph_record_id id;
    ph_author_begin(node, &ops);
    id = ph_author_record_id(node);
    ph_ops_group(&ops, PH_KIND_SCHOOL, &id, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    set_name(&ops, ph_kind_by_number(PH_KIND_SCHOOL), ph_bytes_text(node->school_name));
    if (network_name.len != 0) {
        id = ph_author_record_id(node);
        ph_ops_group(&ops, PH_KIND_NETWORK, &id, PH_AUDIENCE_NETWORK);
        ph_ops_create(&ops);
        set_name(&ops, ph_kind_by_number(PH_KIND_NETWORK), network_name);
    }
    return ph_author_end(node, &ops);
}

static enum ph_status put_meta(struct ph_node *node, const char *name, const void *data, size_t len)
{
    struct ph_batch *batch = NULL;
    PH_TRY(ph_ingest_batch(node, &batch));
    return ph_batch_meta(batch, name, ph_bytes(data, len));
}

enum ph_status ph_author_certify(struct ph_node *node)
{
    struct ph_fact certify = certify_statement(node);
    if (node->logs.count == PH_LOGS_MAX)
        return PH_LIMIT; /* else it were signed again and again, and no log came of it */
    PH_TRY(ph_author_fact(node, &certify, NULL));
    if (node->own_log < 0)
        return PH_LIMIT;
    ph_batch_settle_doubt(node->ingest.gathering);
    return PH_OK;
}

bool ph_author_is_enrolled(const struct ph_node *node)
{
    return node->claimed == PH_CLAIM_ENROL;
}

const struct ph_school_id *ph_author_key(const struct ph_node *node)
{
    return ph_author_is_enrolled(node) ? &node->claimed_school : &node->school_key;
}

void ph_author_note_school(struct ph_node *node)
{
    const struct ph_school_id *school =
        node->facts == NULL ? NULL : ph_facts_owner(node->facts, ph_author_key(node));
    node->school = school != NULL ? *school : *ph_author_key(node);
}

bool ph_author_may_sign(const struct ph_node *node)
{
    return !ph_author_is_enrolled(node) && ph_facts_knows(node->facts, &node->school) &&
           ph_facts_speaks(node->facts, &node->school_key) &&
           !ph_facts_is_removed(node->facts, &node->school);
}

/* What an invitation said is done with. */
static enum ph_status end_joining(struct ph_node *node)
{
    PH_TRY(put_meta(node, "joining", NULL, 0));
    ph_wipe(node->invite_secret, sizeof node->invite_secret);
    node->membership = PH_MEMBERSHIP_MEMBER;
    ph_log(node->log, PH_LOG_INFO, "admitted to the network");
    return PH_OK;
}

/* Another installation has certified this one, which opened its log. */
static enum ph_status settle_enrolled(struct ph_node *node)
{
    if (node->own_log < 0)
        return PH_OK;
    const struct ph_fact_id *certify = &node->logs.items[node->own_log].row.certify;
    node->serial = ph_facts_find(node->facts, certify)->of.certify.serial;
    ph_batch_settle_doubt(node->ingest.gathering);
    PH_TRY(
        put_meta(node, "enrolled", node->claimed_school.bytes, sizeof node->claimed_school.bytes));
    return end_joining(node);
}

enum ph_status ph_author_settle(struct ph_node *node)
{
    ph_author_note_school(node);
    if (node->membership != PH_MEMBERSHIP_JOINING || !node->has_writer)
        return PH_OK;
    if (ph_author_is_enrolled(node))
        return settle_enrolled(node);
    if (!ph_author_may_sign(node))
        return PH_OK;
    PH_TRY(ph_author_certify(node));
    if (ph_school_id_equal(&node->school, &node->school_key)) /* else it has a record already */
        PH_TRY(write_names(node, ph_bytes(NULL, 0)));
    return end_joining(node);
}

enum ph_status ph_author_found(struct ph_node *node, struct ph_bytes name)
{
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct ph_fact found = {.type = PH_FACT_FOUND};
    bool is_new = false;
    node->env.ops->random(node->env.impl, node->network_key.bytes, sizeof node->network_key.bytes);
    found.of.found.name = name;
    found.of.found.quota = PH_LOG_QUOTA_DEFAULT;
    found.of.found.network_key_hash = ph_hash(
        PH_DOMAIN_NETWORK_KEY, ph_bytes(node->network_key.bytes, sizeof node->network_key.bytes));
    memcpy(found.author.bytes, node->school_key.bytes, sizeof found.author.bytes);
    PH_TRY(ph_fact_sign(&found, &node->school_secret, &out));

    memcpy(node->network.bytes, found.id.bytes, sizeof node->network.bytes);
    PH_TRY(ph_facts_new(&node->network, &node->facts));
    node->membership = PH_MEMBERSHIP_MEMBER;
    PH_TRY(ph_ingest_fact(node, ph_buffer_bytes(&out), &is_new));
    PH_TRY(ph_author_certify(node));
    PH_TRY(write_names(node, name));
    PH_TRY(put_meta(node, "network", node->network.bytes, sizeof node->network.bytes));
    return put_meta(node, "network_key", node->network_key.bytes, sizeof node->network_key.bytes);
}

/* As kept while it lasts; bytes alone, so that it has one form. */
struct joining {
    uint8_t secret[16];
    uint8_t what;
    struct ph_school_id school;
};
static_assert(sizeof(struct joining) == 49, "no padding");

enum ph_status ph_author_join(struct ph_node *node, const struct ph_invitation *invitation)
{
    node->network = invitation->network;
    node->network_key = invitation->key;
    memcpy(node->invite_secret, invitation->secret, sizeof node->invite_secret);
    node->claimed = invitation->what;
    node->claimed_school = invitation->school;
    if (node->facts == NULL)
        PH_TRY(ph_facts_new(&node->network, &node->facts));
    ph_author_note_school(node);
    node->membership = PH_MEMBERSHIP_JOINING;
    PH_TRY(put_meta(node, "network", node->network.bytes, sizeof node->network.bytes));
    PH_TRY(put_meta(node, "network_key", node->network_key.bytes, sizeof node->network_key.bytes));
    struct joining joining = {.what = (uint8_t)invitation->what, .school = invitation->school};
    memcpy(joining.secret, invitation->secret, sizeof joining.secret);
    enum ph_status status = put_meta(node, "joining", &joining, sizeof joining);
    ph_wipe(&joining, sizeof joining);
    return status;
}

/* PH_NOT_FOUND: nothing is kept under this name. PH_CORRUPT: it hasn't its length. */
static enum ph_status get_meta(const struct ph_view *view, const char *name, void *out, size_t len)
{
    struct ph_bytes value;
    PH_TRY(ph_view_meta(view, name, &value));
    if (value.len == 0)
        return PH_NOT_FOUND;
    if (value.len != len)
        return PH_CORRUPT;
    memcpy(out, value.data, len);
    return PH_OK;
}

/* PH_NOT_FOUND: it isn't joining. */
static enum ph_status load_joining(struct ph_node *node, const struct ph_view *view)
{
    struct joining joining;
    PH_TRY(get_meta(view, "joining", &joining, sizeof joining));
    memcpy(node->invite_secret, joining.secret, sizeof node->invite_secret);
    node->claimed = (enum ph_claimed)joining.what;
    node->claimed_school = joining.school;
    node->membership = PH_MEMBERSHIP_JOINING;
    ph_wipe(&joining, sizeof joining);
    return node->claimed <= PH_CLAIM_SUCCEED ? PH_OK : PH_CORRUPT;
}

/* Whether another installation of our school has the key: while joining, or since then. */
static enum ph_status load_place(struct ph_node *node, const struct ph_view *view)
{
    node->membership = PH_MEMBERSHIP_MEMBER;
    node->claimed = PH_CLAIM_NONE;
    enum ph_status status = load_joining(node, view);
    if (status != PH_NOT_FOUND)
        return status;
    status =
        get_meta(view, "enrolled", node->claimed_school.bytes, sizeof node->claimed_school.bytes);
    if (status == PH_OK)
        node->claimed = PH_CLAIM_ENROL;
    return status;
}

enum ph_status ph_author_load(struct ph_node *node)
{
    struct ph_view view = {0};
    node->membership = PH_MEMBERSHIP_NONE;
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = get_meta(&view, "network", node->network.bytes, sizeof node->network.bytes);
    if (status == PH_OK)
        status =
            get_meta(&view, "network_key", node->network_key.bytes, sizeof node->network_key.bytes);
    if (status == PH_OK)
        status = load_place(node, &view);
    ph_view_close(&view);
    return status == PH_NOT_FOUND ? PH_OK : status;
}
