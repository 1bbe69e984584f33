#include "proto/fact.h"

#include <assert.h>

#define FACT_VERSION 1
#define FACT_ITEMS 3 /* and the writer's consent in a certify fact */

static struct ph_bytes view32(const uint8_t bytes[32])
{
    return ph_bytes(bytes, 32);
}

/* --- Reading --- */

static struct ph_log_end read_end(struct ph_unpacker *in)
{
    struct ph_log_end end = {.seq = 0};
    if (ph_unpack_array(in) != 3)
        in->failed = true;
    ph_unpack_fixed(in, end.writer.bytes, 32);
    end.seq = (uint32_t)ph_unpack_uint(in, UINT32_MAX);
    ph_unpack_fixed(in, end.id.bytes, 32);
    return end;
}

static struct ph_log_ends read_ends(struct ph_unpacker *in)
{
    struct ph_log_ends ends = {.count = ph_unpack_array(in)};
    struct ph_log_end last = {.seq = 0};
    const uint8_t *first = in->next;
    if (ends.count > PH_ENDS_PER_FACT_MAX)
        in->failed = true;
    for (uint32_t i = 0; i < ends.count && !in->failed; i++) {
        struct ph_log_end end = read_end(in);
        if (end.seq == 0 || (i != 0 && ph_log_end_compare(&last, &end) >= 0))
            in->failed = true;
        last = end;
    }
    if (!in->failed)
        ends.items = ph_bytes(first, (size_t)(in->next - first));
    return ends;
}

static bool are_ascending(struct ph_bytes ids)
{
    for (size_t at = 32; at < ids.len; at += 32)
        if (memcmp(ids.data + at - 32, ids.data + at, 32) >= 0)
            return false;
    return true;
}

static struct ph_bytes read_lifted(struct ph_unpacker *in)
{
    struct ph_bytes ids = ph_unpack_bin(in);
    if (ids.len == 0 || ids.len % 32 != 0 || ids.len / 32 > PH_LIFTED_MAX || !are_ascending(ids))
        in->failed = true;
    return ids;
}

static void read_proposal(struct ph_unpacker *in, struct ph_fact *fact)
{
    uint64_t what = ph_unpack_uint(in, UINT64_MAX);
    if (what == 0)
        in->failed = true;
    bool is_known = what >= PH_PROPOSAL_CONFIRM && what <= PH_PROPOSAL_POLICY;
    fact->of.propose.what = is_known ? (enum ph_proposal)what : PH_PROPOSAL_OTHER;
    if (what >= PH_PROPOSAL_CONFIRM && what <= PH_PROPOSAL_SUCCEED)
        ph_unpack_fixed(in, fact->of.propose.school.bytes, 32);
    switch (fact->of.propose.what) {
    case PH_PROPOSAL_CONFIRM:
    case PH_PROPOSAL_REMOVE:
        return;
    case PH_PROPOSAL_RESTORE:
        fact->of.propose.lifted = read_lifted(in);
        return;
    case PH_PROPOSAL_SUCCEED:
        ph_unpack_fixed(in, fact->of.propose.key.bytes, 32);
        ph_unpack_fixed(in, fact->of.propose.consent.bytes, 64);
        return;
    case PH_PROPOSAL_POLICY:
        fact->of.propose.setting = ph_unpack_uint(in, UINT64_MAX);
        fact->of.propose.value = ph_unpack_uint(in, UINT64_MAX);
        return;
    case PH_PROPOSAL_OTHER:
        if (!in->failed)
            in->next = in->end; /* what a later version means is its own affair */
        return;
    }
}

static void read_payload(struct ph_unpacker *in, struct ph_fact *fact)
{
    switch ((enum ph_fact_type)fact->type) {
    case PH_FACT_FOUND:
        fact->of.found.name = ph_unpack_text(in);
        ph_unpack_fixed(in, fact->of.found.network_key_hash.bytes, 32);
        fact->of.found.quota = ph_unpack_uint(in, UINT64_MAX);
        if (fact->of.found.name.len > PH_NETWORK_NAME_MAX)
            in->failed = true;
        return;
    case PH_FACT_CERTIFY:
        ph_unpack_fixed(in, fact->of.certify.writer.bytes, 32);
        ph_unpack_fixed(in, fact->of.certify.transport.bytes, 32);
        fact->of.certify.serial = (uint16_t)ph_unpack_uint(in, PH_WRITERS_MAX - 1);
        return;
    case PH_FACT_INVITE:
        ph_unpack_fixed(in, fact->of.invite.key, 32);
        fact->of.invite.uses = (uint16_t)ph_unpack_uint(in, PH_INVITE_USES_MAX);
        if (fact->of.invite.uses == 0)
            in->failed = true;
        return;
    case PH_FACT_ADMIT:
        ph_unpack_fixed(in, fact->of.admit.school.bytes, 32);
        ph_unpack_fixed(in, fact->of.admit.invite.bytes, 32);
        ph_unpack_fixed(in, fact->of.admit.proof.bytes, 64);
        return;
    case PH_FACT_PROPOSE:
        read_proposal(in, fact);
        return;
    case PH_FACT_VOTE:
        ph_unpack_fixed(in, fact->of.vote.proposal.bytes, 32);
        fact->of.vote.ends = read_ends(in);
        return;
    case PH_FACT_CLOSE:
        ph_unpack_fixed(in, fact->of.close.writer.bytes, 32);
        fact->of.close.ends = read_ends(in);
        return;
    case PH_FACT_LEAVE:
        fact->of.leave.ends = read_ends(in);
        return;
    }
}

static bool is_known_type(uint64_t type)
{
    return type >= PH_FACT_FOUND && type <= PH_FACT_LEAVE;
}

#define STATEMENT_ITEMS 5 /* before the payload */

/* What a later version means is its own affair: kept as it came. */
static void read_other(struct ph_unpacker *in, uint32_t item_count, struct ph_fact *fact)
{
    fact->of.other.count = item_count;
    fact->of.other.items = ph_bytes(in->next, (size_t)(in->end - in->next));
    if (!in->failed)
        in->next = in->end;
}

static enum ph_status read_statement(struct ph_bytes statement, struct ph_fact *fact,
                                     struct ph_hash *past_hash)
{
    struct ph_unpacker in;
    PH_TRY(ph_unpack(&in, statement));
    uint32_t count = ph_unpack_array(&in);
    if (count < STATEMENT_ITEMS || ph_unpack_uint(&in, FACT_VERSION) != FACT_VERSION)
        return PH_MALFORMED;
    fact->type = ph_unpack_uint(&in, UINT64_MAX);
    ph_unpack_fixed(&in, fact->network.bytes, 32);
    ph_unpack_fixed(&in, fact->author.bytes, 32);
    ph_unpack_fixed(&in, past_hash->bytes, 32);
    if (is_known_type(fact->type))
        read_payload(&in, fact);
    else
        read_other(&in, count - STATEMENT_ITEMS, fact);
    return ph_unpack_end(&in);
}

static enum ph_status check_past(struct ph_bytes past)
{
    if (past.len % 32 != 0)
        return PH_MALFORMED;
    if (past.len > (size_t)PH_FACT_PAST_MAX * 32)
        return PH_LIMIT;
    return are_ascending(past) ? PH_OK : PH_MALFORMED;
}

/* Whether network and past are there exactly where they must be. */
static bool has_its_place(const struct ph_fact *fact)
{
    bool is_founding = fact->type == PH_FACT_FOUND;
    if (is_founding != ph_network_id_is_zero(&fact->network))
        return false;
    if (fact->type == PH_FACT_CERTIFY)
        return true;
    return is_founding == (fact->past.len == 0);
}

/* What a key consents to, of that school or school key. */
static struct ph_hash consent_id(enum ph_domain domain, const struct ph_network_id *network,
                                 const uint8_t school[32])
{
    return ph_hash2(domain, view32(network->bytes), view32(school));
}

/* A school can't certify a key that isn't its own: the writer consents, with a signature behind
 * that of the school. Only a certificate that is shown alone has none. */
static bool needs_consent(const struct ph_fact *fact)
{
    return fact->type == PH_FACT_CERTIFY && fact->past.len != 0;
}

enum ph_status ph_fact_read(struct ph_bytes bytes, struct ph_fact *out)
{
    struct ph_fact fact = {.bytes = bytes};
    struct ph_signature consent = {{0}};
    struct ph_unpacker in;
    struct ph_hash past_hash = {0};
    if (bytes.len > PH_FACT_MAX)
        return PH_LIMIT;
    PH_TRY(ph_unpack(&in, bytes));
    uint32_t count = ph_unpack_array(&in);
    struct ph_bytes statement = ph_unpack_bin(&in);
    fact.past = ph_unpack_bin(&in);
    ph_unpack_fixed(&in, fact.signature.bytes, sizeof fact.signature.bytes);
    if (count == FACT_ITEMS + 1)
        ph_unpack_fixed(&in, consent.bytes, sizeof consent.bytes);
    PH_TRY(ph_unpack_end(&in));
    PH_TRY(check_past(fact.past));
    PH_TRY(read_statement(statement, &fact, &past_hash));
    if (!has_its_place(&fact) || count != FACT_ITEMS + (needs_consent(&fact) ? 1 : 0))
        return PH_MALFORMED;
    struct ph_hash held_hash = ph_hash(PH_DOMAIN_PAST, fact.past);
    if (!ph_hash_equal(&past_hash, &held_hash))
        return PH_UNAUTHENTIC;
    struct ph_hash id = ph_hash(PH_DOMAIN_FACT, statement);
    memcpy(fact.id.bytes, id.bytes, 32);
    if (needs_consent(&fact))
        fact.of.certify.consent = consent;
    *out = fact;
    return PH_OK;
}

enum ph_status ph_fact_verify(const struct ph_fact *fact)
{
    PH_TRY(ph_verify(PH_SIGNED_FACT, fact->id.bytes, &fact->signature, fact->author.bytes));
    if (!needs_consent(fact))
        return PH_OK;
    struct ph_hash id = consent_id(PH_DOMAIN_ENROL, &fact->network, fact->author.bytes);
    return ph_verify(PH_SIGNED_CONSENT, id.bytes, &fact->of.certify.consent,
                     fact->of.certify.writer.bytes);
}

enum ph_status ph_fact_parse(struct ph_bytes bytes, struct ph_fact *out)
{
    struct ph_fact fact;
    PH_TRY(ph_fact_read(bytes, &fact));
    PH_TRY(ph_fact_verify(&fact));
    *out = fact;
    return PH_OK;
}

/* --- Writing --- */

static uint32_t payload_count(const struct ph_fact *fact)
{
    static const uint8_t counts[] = {
        [PH_FACT_FOUND] = 3, [PH_FACT_CERTIFY] = 3, [PH_FACT_INVITE] = 2, [PH_FACT_ADMIT] = 3,
        [PH_FACT_VOTE] = 2,  [PH_FACT_CLOSE] = 2,   [PH_FACT_LEAVE] = 1,
    };
    static const uint8_t proposed[] = {
        [PH_PROPOSAL_OTHER] = 1,   [PH_PROPOSAL_CONFIRM] = 2, [PH_PROPOSAL_REMOVE] = 2,
        [PH_PROPOSAL_RESTORE] = 3, [PH_PROPOSAL_SUCCEED] = 4, [PH_PROPOSAL_POLICY] = 3,
    };
    if (fact->type == PH_FACT_PROPOSE)
        return proposed[fact->of.propose.what];
    return is_known_type(fact->type) ? counts[fact->type] : fact->of.other.count;
}

static void put_certify(struct ph_buffer *out, const struct ph_writer_id *writer,
                        const struct ph_agree_public *transport, uint16_t serial)
{
    ph_pack_bin(out, view32(writer->bytes));
    ph_pack_bin(out, view32(transport->bytes));
    ph_pack_uint(out, serial);
}

static void put_ends(struct ph_buffer *out, const struct ph_log_ends *ends)
{
    ph_pack_array(out, ends->count);
    ph_buffer_put(out, ends->items.data, ends->items.len);
}

static void put_proposal(struct ph_buffer *out, const struct ph_fact *fact)
{
    enum ph_proposal what = fact->of.propose.what;
    ph_pack_uint(out, what);
    if (what >= PH_PROPOSAL_CONFIRM && what <= PH_PROPOSAL_SUCCEED)
        ph_pack_bin(out, view32(fact->of.propose.school.bytes));
    if (what == PH_PROPOSAL_RESTORE)
        ph_pack_bin(out, fact->of.propose.lifted);
    if (what == PH_PROPOSAL_SUCCEED) {
        ph_pack_bin(out, view32(fact->of.propose.key.bytes));
        ph_pack_bin(out, ph_bytes(fact->of.propose.consent.bytes, 64));
    }
    if (what == PH_PROPOSAL_POLICY) {
        ph_pack_uint(out, fact->of.propose.setting);
        ph_pack_uint(out, fact->of.propose.value);
    }
}

static void put_payload(struct ph_buffer *out, const struct ph_fact *fact)
{
    switch ((enum ph_fact_type)fact->type) {
    case PH_FACT_FOUND:
        ph_pack_text(out, fact->of.found.name);
        ph_pack_bin(out, view32(fact->of.found.network_key_hash.bytes));
        ph_pack_uint(out, fact->of.found.quota);
        return;
    case PH_FACT_CERTIFY:
        put_certify(out, &fact->of.certify.writer, &fact->of.certify.transport,
                    fact->of.certify.serial);
        return;
    case PH_FACT_INVITE:
        ph_pack_bin(out, view32(fact->of.invite.key));
        ph_pack_uint(out, fact->of.invite.uses);
        return;
    case PH_FACT_ADMIT:
        ph_pack_bin(out, view32(fact->of.admit.school.bytes));
        ph_pack_bin(out, view32(fact->of.admit.invite.bytes));
        ph_pack_bin(out, ph_bytes(fact->of.admit.proof.bytes, 64));
        return;
    case PH_FACT_PROPOSE:
        put_proposal(out, fact);
        return;
    case PH_FACT_VOTE:
        ph_pack_bin(out, view32(fact->of.vote.proposal.bytes));
        put_ends(out, &fact->of.vote.ends);
        return;
    case PH_FACT_CLOSE:
        ph_pack_bin(out, view32(fact->of.close.writer.bytes));
        put_ends(out, &fact->of.close.ends);
        return;
    case PH_FACT_LEAVE:
        put_ends(out, &fact->of.leave.ends);
        return;
    }
}

/* The five items that every statement begins with. */
static void put_statement_head(struct ph_buffer *out, const struct ph_fact *fact,
                               const struct ph_hash *past_hash)
{
    ph_pack_array(out, STATEMENT_ITEMS + payload_count(fact));
    ph_pack_uint(out, FACT_VERSION);
    ph_pack_uint(out, fact->type);
    ph_pack_bin(out, view32(fact->network.bytes));
    ph_pack_bin(out, view32(fact->author.bytes));
    ph_pack_bin(out, view32(past_hash->bytes));
}

static void put_statement(struct ph_buffer *out, const struct ph_fact *fact)
{
    struct ph_hash past_hash = ph_hash(PH_DOMAIN_PAST, fact->past);
    put_statement_head(out, fact, &past_hash);
    if (is_known_type(fact->type))
        put_payload(out, fact);
    else
        ph_buffer_put(out, fact->of.other.items.data, fact->of.other.items.len);
}

static struct ph_signature consent_of(const struct ph_fact *certify)
{
    struct ph_hash id = consent_id(PH_DOMAIN_ENROL, &certify->network, certify->author.bytes);
    if (certify->of.certify.consenting == NULL)
        return certify->of.certify.consent;
    return ph_sign(PH_SIGNED_CONSENT, id.bytes, certify->of.certify.consenting);
}

/* The fact around a finished statement. */
static enum ph_status put_fact(struct ph_buffer *out, const struct ph_fact *fact,
                               struct ph_bytes statement, const struct ph_sign_secret *secret)
{
    struct ph_hash id = ph_hash(PH_DOMAIN_FACT, statement);
    struct ph_signature signature = ph_sign(PH_SIGNED_FACT, id.bytes, secret);
    ph_pack_array(out, FACT_ITEMS + (needs_consent(fact) ? 1 : 0));
    ph_pack_bin(out, statement);
    ph_pack_bin(out, fact->past);
    ph_pack_bin(out, ph_bytes(signature.bytes, sizeof signature.bytes));
    if (needs_consent(fact)) {
        signature = consent_of(fact);
        ph_pack_bin(out, ph_bytes(signature.bytes, sizeof signature.bytes));
    }
    return out->overflow ? PH_LIMIT : PH_OK;
}

enum ph_status ph_fact_sign(struct ph_fact *fact, const struct ph_sign_secret *secret,
                            struct ph_buffer *out)
{
    uint8_t statement_bytes[PH_FACT_MAX];
    uint8_t fact_bytes[PH_FACT_MAX];
    struct ph_buffer statement = ph_buffer(statement_bytes, sizeof statement_bytes);
    struct ph_buffer whole = ph_buffer(fact_bytes, sizeof fact_bytes);
    struct ph_fact checked;
    put_statement(&statement, fact);
    if (statement.overflow)
        return PH_LIMIT;
    PH_TRY(put_fact(&whole, fact, ph_buffer_bytes(&statement), secret));
    if (out->overflow || whole.len > out->size - out->len)
        return PH_LIMIT;
    PH_TRY(ph_fact_read(ph_buffer_bytes(&whole), &checked));
    const uint8_t *written = out->data + out->len;
    ph_buffer_put(out, whole.data, whole.len);
    return ph_fact_read(ph_bytes(written, whole.len), fact);
}

struct ph_fact ph_fact_proposing(enum ph_proposal what, const struct ph_school_id *school)
{
    struct ph_fact fact = {.type = PH_FACT_PROPOSE};
    fact.of.propose.what = what;
    fact.of.propose.school = *school;
    return fact;
}

/* --- Certificates --- */

struct ph_certificate ph_certificate_of(const struct ph_fact *certify)
{
    assert(certify->type == PH_FACT_CERTIFY);
    struct ph_certificate out = {
        .writer = certify->of.certify.writer,
        .serial = certify->of.certify.serial,
        .past_hash = ph_hash(PH_DOMAIN_PAST, certify->past),
        .signature = certify->signature,
    };
    memcpy(out.school.bytes, certify->author.bytes, 32);
    return out;
}

void ph_certificate_pack(const struct ph_certificate *certificate, struct ph_buffer *out)
{
    ph_pack_bin(out, view32(certificate->school.bytes));
    ph_pack_bin(out, view32(certificate->writer.bytes));
    ph_pack_uint(out, certificate->serial);
    ph_pack_bin(out, view32(certificate->past_hash.bytes));
    ph_pack_bin(out, ph_bytes(certificate->signature.bytes, sizeof certificate->signature.bytes));
}

void ph_certificate_unpack(struct ph_unpacker *unpacker, struct ph_certificate *out)
{
    *out = (struct ph_certificate){0};
    ph_unpack_fixed(unpacker, out->school.bytes, 32);
    ph_unpack_fixed(unpacker, out->writer.bytes, 32);
    out->serial = (uint16_t)ph_unpack_uint(unpacker, PH_WRITERS_MAX - 1);
    ph_unpack_fixed(unpacker, out->past_hash.bytes, 32);
    ph_unpack_fixed(unpacker, out->signature.bytes, sizeof out->signature.bytes);
}

enum ph_status ph_certificate_verify(const struct ph_certificate *certificate,
                                     const struct ph_network_id *network,
                                     const struct ph_agree_public *transport)
{
    uint8_t bytes[512];
    struct ph_buffer statement = ph_buffer(bytes, sizeof bytes);
    struct ph_fact fact = {.type = PH_FACT_CERTIFY, .network = *network};
    memcpy(fact.author.bytes, certificate->school.bytes, 32);
    put_statement_head(&statement, &fact, &certificate->past_hash);
    put_certify(&statement, &certificate->writer, transport, certificate->serial);
    assert(!statement.overflow);
    struct ph_hash id = ph_hash(PH_DOMAIN_FACT, ph_buffer_bytes(&statement));
    return ph_verify(PH_SIGNED_FACT, id.bytes, &certificate->signature, certificate->school.bytes);
}

/* --- Ends --- */

void ph_log_end_pack(struct ph_buffer *items, const struct ph_log_end *end)
{
    ph_pack_array(items, 3);
    ph_pack_bin(items, view32(end->writer.bytes));
    ph_pack_uint(items, end->seq);
    ph_pack_bin(items, view32(end->id.bytes));
}

struct ph_log_end ph_log_end_next(struct ph_log_ends *ends)
{
    struct ph_unpacker in = ph_unpack_scanned(ends->items);
    struct ph_log_end end = read_end(&in);
    assert(ends->count != 0 && !in.failed);
    ends->items = ph_bytes(in.next, (size_t)(in.end - in.next));
    ends->count--;
    return end;
}

int ph_log_end_compare(const struct ph_log_end *a, const struct ph_log_end *b)
{
    int order = ph_writer_id_compare(&a->writer, &b->writer);
    if (order == 0)
        order = (a->seq > b->seq) - (a->seq < b->seq);
    return order != 0 ? order : ph_entry_id_compare(&a->id, &b->id);
}

/* --- Consent --- */

struct ph_signature ph_writer_consent(const struct ph_sign_secret *writer,
                                      const struct ph_network_id *network,
                                      const struct ph_school_id *key)
{
    struct ph_hash id = consent_id(PH_DOMAIN_ENROL, network, key->bytes);
    return ph_sign(PH_SIGNED_CONSENT, id.bytes, writer);
}

struct ph_signature ph_succeed_consent(const struct ph_sign_secret *key,
                                       const struct ph_network_id *network,
                                       const struct ph_school_id *school)
{
    struct ph_hash id = consent_id(PH_DOMAIN_SUCCEED, network, school->bytes);
    return ph_sign(PH_SIGNED_CONSENT, id.bytes, key);
}

enum ph_status ph_succeed_verify(const struct ph_fact *proposal)
{
    struct ph_hash id =
        consent_id(PH_DOMAIN_SUCCEED, &proposal->network, proposal->of.propose.school.bytes);
    return ph_verify(PH_SIGNED_CONSENT, id.bytes, &proposal->of.propose.consent,
                     proposal->of.propose.key.bytes);
}

/* --- Joining --- */

void ph_invite_key(const uint8_t invite_secret[16], struct ph_sign_secret *secret, uint8_t key[32])
{
    struct ph_hasher hasher;
    ph_hasher_init(&hasher, PH_DOMAIN_INVITE);
    ph_hasher_add(&hasher, ph_bytes(invite_secret, 16));
    struct ph_hash seed = ph_hasher_end(&hasher);
    ph_sign_key_from_seed(seed.bytes, secret, key);
    ph_wipe(&seed, sizeof seed);
    ph_wipe(&hasher, sizeof hasher);
}

static struct ph_hash join_id(const struct ph_network_id *network,
                              const struct ph_school_id *school)
{
    return ph_hash2(PH_DOMAIN_INVITE, view32(network->bytes), view32(school->bytes));
}

struct ph_join_proof ph_join_prove(const uint8_t invite_secret[16],
                                   const struct ph_network_id *network,
                                   const struct ph_school_id *school)
{
    struct ph_join_proof proof;
    struct ph_sign_secret secret;
    struct ph_hash id = join_id(network, school);
    ph_invite_key(invite_secret, &secret, proof.invite_key);
    proof.signature = ph_sign(PH_SIGNED_JOIN, id.bytes, &secret);
    ph_wipe(&secret, sizeof secret);
    return proof;
}

enum ph_status ph_join_verify(const uint8_t invite_key[32], const struct ph_signature *signature,
                              const struct ph_network_id *network,
                              const struct ph_school_id *school)
{
    struct ph_hash id = join_id(network, school);
    return ph_verify(PH_SIGNED_JOIN, id.bytes, signature, invite_key);
}
