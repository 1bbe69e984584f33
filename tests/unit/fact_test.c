#include "proto/fact.h"

#include "tests/support/vectors.h"

#define FACTS_PATH PH_VECTORS "/facts.json"

struct signer {
    struct ph_sign_secret secret;
    struct ph_author id;
};

static struct signer signer(uint8_t seed_byte)
{
    uint8_t seed[32];
    struct signer out;
    memset(seed, seed_byte, sizeof seed);
    ph_sign_key_from_seed(seed, &out.secret, out.id.bytes);
    return out;
}

/* A small fact to bend: an invite with two facts in its past. */
static struct ph_fact invite_of(const struct signer *author, const uint8_t past[64])
{
    struct ph_fact fact = {.type = PH_FACT_INVITE, .author = author->id};
    memset(fact.network.bytes, 9, sizeof fact.network.bytes);
    fact.past = ph_bytes(past, 64);
    fact.of.invite.uses = 5;
    return fact;
}

static void fill_past(uint8_t past[64], uint8_t first, uint8_t second)
{
    memset(past, first, 32);
    memset(past + 32, second, 32);
}

/* --- Known answers --- */

static void check_against_vector(json_t *vector)
{
    uint8_t copy[PH_FACT_MAX];
    uint8_t seed[32];
    uint8_t public_key[32];
    struct ph_sign_secret secret;
    struct ph_fact fact;
    struct ph_buffer out = ph_buffer(copy, sizeof copy);
    struct vector_bytes bytes = vector_bytes(vector, "fact");
    struct vector_bytes id = vector_bytes(vector, "id");
    vector_fixed(vector, "author_seed", seed, sizeof seed);
    ph_sign_key_from_seed(seed, &secret, public_key);

    CHECK_OK(ph_fact_parse(vector_view(&bytes), &fact));

    CHECK_BYTES(ph_bytes(fact.id.bytes, 32), vector_view(&id));
    CHECK_BYTES(ph_bytes(fact.author.bytes, 32), ph_bytes(public_key, 32));
    assert_int_equal(fact.type, json_integer_value(vector_member(vector, "type")));

    if (fact.type == PH_FACT_PROPOSE && fact.of.propose.what == PH_PROPOSAL_OTHER)
        return; /* nobody here would write it */
    struct ph_sign_secret consenting;
    if (fact.type == PH_FACT_CERTIFY) {
        vector_fixed(vector, "consent_seed", seed, sizeof seed);
        ph_sign_key_from_seed(seed, &consenting, public_key);
        fact.of.certify.consenting = &consenting;
    }
    CHECK_OK(ph_fact_sign(&fact, &secret, &out));

    CHECK_BYTES(ph_buffer_bytes(&out), vector_view(&bytes));
    CHECK(fact.bytes.data == copy);
}

static void known_facts_parse_and_sign_to_the_same_bytes(void **state)
{
    (void)state;
    json_t *vectors = vectors_open(FACTS_PATH);
    json_t *facts = vector_member(vectors, "facts");
    assert_int_equal(json_array_size(facts), 8);
    for (size_t i = 0; i < json_array_size(facts); i++)
        check_against_vector(json_array_get(facts, i));
    json_t *forms = vector_member(vectors, "forms");
    assert_int_equal(json_array_size(forms), 8);
    for (size_t i = 0; i < json_array_size(forms); i++)
        check_against_vector(json_array_get(forms, i));
    json_decref(vectors);
}

static void known_joining_proof_is_made_and_verified(void **state)
{
    (void)state;
    json_t *vectors = vectors_open(FACTS_PATH);
    json_t *join = vector_member(vectors, "join");
    struct ph_network_id network;
    struct ph_school_id school;
    uint8_t invite_secret[16];
    struct vector_bytes key = vector_bytes(join, "invite_key");
    struct vector_bytes signature = vector_bytes(join, "proof");
    vector_fixed(vectors, "network", network.bytes, 32);
    vector_fixed(vectors, "school_b", school.bytes, 32);
    vector_fixed(join, "invite_secret", invite_secret, sizeof invite_secret);

    struct ph_join_proof proof = ph_join_prove(invite_secret, &network, &school);

    CHECK_BYTES(ph_bytes(proof.invite_key, 32), vector_view(&key));
    CHECK_BYTES(ph_bytes(proof.signature.bytes, 64), vector_view(&signature));
    CHECK_OK(ph_join_verify(proof.invite_key, &proof.signature, &network, &school));
    school.bytes[0] ^= 1;
    CHECK_STATUS(ph_join_verify(proof.invite_key, &proof.signature, &network, &school),
                 PH_UNAUTHENTIC);
    json_decref(vectors);
}

/* --- The form --- */

static void every_changed_byte_is_refused(void **state)
{
    (void)state;
    uint8_t past[64];
    uint8_t bytes[512];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct signer author = signer(1);
    fill_past(past, 1, 2);
    struct ph_fact fact = invite_of(&author, past);
    CHECK_OK(ph_fact_sign(&fact, &author.secret, &out));
    for (size_t i = 0; i < out.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1U << bit);
            enum ph_status status = ph_fact_parse(ph_buffer_bytes(&out), &fact);
            CHECK(status == PH_MALFORMED || status == PH_UNAUTHENTIC);
            bytes[i] ^= (uint8_t)(1U << bit);
        }
    }
    CHECK_OK(ph_fact_parse(ph_buffer_bytes(&out), &fact));
}

static void every_truncated_fact_is_refused(void **state)
{
    (void)state;
    uint8_t past[64];
    uint8_t bytes[512];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct signer author = signer(1);
    fill_past(past, 1, 2);
    struct ph_fact fact = invite_of(&author, past);
    CHECK_OK(ph_fact_sign(&fact, &author.secret, &out));
    for (size_t len = 0; len < out.len; len++) {
        uint8_t *cut = malloc(len + 1); /* so that a sanitizer sees a read behind it */
        assert_non_null(cut);
        memcpy(cut, bytes, len);
        CHECK_STATUS(ph_fact_parse(ph_bytes(cut, len), &fact), PH_MALFORMED);
        free(cut);
    }
}

static enum ph_status sign_quietly(struct ph_fact *fact, const struct signer *author)
{
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    enum ph_status status = ph_fact_sign(fact, &author->secret, &out);
    if (status != PH_OK)
        assert_int_equal(out.len, 0);
    return status;
}

static void a_past_that_does_not_ascend_is_refused(void **state)
{
    (void)state;
    uint8_t past[64];
    struct signer author = signer(1);
    fill_past(past, 2, 1);
    struct ph_fact falling = invite_of(&author, past);
    CHECK_STATUS(sign_quietly(&falling, &author), PH_MALFORMED);
    fill_past(past, 2, 2);
    struct ph_fact twice = invite_of(&author, past);
    CHECK_STATUS(sign_quietly(&twice, &author), PH_MALFORMED);
    fill_past(past, 1, 2);
    struct ph_fact cut = invite_of(&author, past);
    cut.past.len = 63;
    CHECK_STATUS(sign_quietly(&cut, &author), PH_MALFORMED);
}

static void only_a_founding_fact_and_a_certificate_have_an_empty_past(void **state)
{
    (void)state;
    uint8_t past[64];
    struct signer author = signer(1);
    fill_past(past, 1, 2);
    struct ph_fact invite = invite_of(&author, past);
    invite.past.len = 0;
    CHECK_STATUS(sign_quietly(&invite, &author), PH_MALFORMED);
    struct ph_fact certify = invite;
    certify.type = PH_FACT_CERTIFY;
    certify.of.certify.serial = 0;
    CHECK_OK(sign_quietly(&certify, &author));
    struct ph_fact found = {.type = PH_FACT_FOUND, .author = author.id};
    CHECK_OK(sign_quietly(&found, &author));
    found.past = ph_bytes(past, 64);
    CHECK_STATUS(sign_quietly(&found, &author), PH_MALFORMED);
}

static void a_founding_fact_names_no_network_and_all_others_one(void **state)
{
    (void)state;
    uint8_t past[64];
    struct signer author = signer(1);
    fill_past(past, 1, 2);
    struct ph_fact invite = invite_of(&author, past);
    memset(invite.network.bytes, 0, 32);
    CHECK_STATUS(sign_quietly(&invite, &author), PH_MALFORMED);
    struct ph_fact found = {.type = PH_FACT_FOUND, .author = author.id};
    memset(found.network.bytes, 9, 32);
    CHECK_STATUS(sign_quietly(&found, &author), PH_MALFORMED);
}

static void the_past_is_bounded(void **state)
{
    (void)state;
    static uint8_t past[(PH_FACT_PAST_MAX + 1) * 32];
    struct signer author = signer(1);
    for (uint8_t i = 0; i <= PH_FACT_PAST_MAX; i++)
        past[32 * i] = i;
    struct ph_fact fact = invite_of(&author, past);
    fact.past.len = sizeof past - 32;
    CHECK_OK(sign_quietly(&fact, &author));
    fact.past = ph_bytes(past, sizeof past);
    CHECK_STATUS(sign_quietly(&fact, &author), PH_LIMIT);
}

static void a_fact_is_bounded(void **state)
{
    (void)state;
    static uint8_t bytes[PH_FACT_MAX + 1];
    struct ph_fact fact;
    CHECK_STATUS(ph_fact_parse(ph_bytes(bytes, sizeof bytes), &fact), PH_LIMIT);
}

static void payloads_out_of_range_are_refused(void **state)
{
    (void)state;
    uint8_t past[64];
    char name[PH_NETWORK_NAME_MAX + 1];
    struct signer author = signer(1);
    fill_past(past, 1, 2);
    struct ph_fact fact = invite_of(&author, past);
    fact.of.invite.uses = 0;
    CHECK_STATUS(sign_quietly(&fact, &author), PH_MALFORMED);
    fact.of.invite.uses = PH_INVITE_USES_MAX + 1;
    CHECK_STATUS(sign_quietly(&fact, &author), PH_MALFORMED);
    fact.type = PH_FACT_CERTIFY;
    fact.of.certify.serial = PH_WRITERS_MAX;
    CHECK_STATUS(sign_quietly(&fact, &author), PH_MALFORMED);
    fact.type = PH_FACT_PROPOSE;
    fact.of.propose.what = 0;
    CHECK_STATUS(sign_quietly(&fact, &author), PH_MALFORMED);
    memset(name, 'n', sizeof name);
    struct ph_fact found = {.type = PH_FACT_FOUND, .author = author.id};
    found.of.found.name = ph_bytes(name, PH_NETWORK_NAME_MAX);
    CHECK_OK(sign_quietly(&found, &author));
    found.of.found.name = ph_bytes(name, sizeof name);
    CHECK_STATUS(sign_quietly(&found, &author), PH_MALFORMED);
}

static void a_known_type_with_more_items_is_refused(void **state)
{
    (void)state;
    static const uint8_t items[] = {0xc4, 1, 7, 5, 6};
    uint8_t bytes[512];
    uint8_t past[64];
    struct signer author = signer(1);
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    fill_past(past, 1, 2);
    struct ph_fact fact = invite_of(&author, past);
    fact.type = 99;
    fact.of.other.count = 3;
    fact.of.other.items = ph_bytes(items, sizeof items);
    CHECK_OK(ph_fact_sign(&fact, &author.secret, &out));
    CHECK_BYTES(fact.of.other.items, ph_bytes(items, sizeof items));
    assert_int_equal(fact.of.other.count, 3);

    /* The same statement with a type that is known has the wrong payload. */
    uint8_t *type = memchr(bytes, 99, out.len);
    assert_non_null(type);
    *type = PH_FACT_INVITE;
    CHECK_STATUS(ph_fact_parse(ph_buffer_bytes(&out), &fact), PH_MALFORMED);
}

static void signing_into_too_small_a_buffer_changes_nothing(void **state)
{
    (void)state;
    uint8_t bytes[64];
    uint8_t past[64];
    struct signer author = signer(1);
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    fill_past(past, 1, 2);
    struct ph_fact fact = invite_of(&author, past);
    CHECK_STATUS(ph_fact_sign(&fact, &author.secret, &out), PH_LIMIT);
    CHECK(out.len == 0 && !out.overflow && fact.past.data == past);
}

/* --- Certificates --- */

static void a_school_cannot_certify_a_key_that_does_not_consent(void **state)
{
    (void)state;
    uint8_t past[64], bytes[PH_FACT_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct signer school = signer(1), victim = signer(5), other = signer(6);
    fill_past(past, 1, 2);
    struct ph_fact fact = {.type = PH_FACT_CERTIFY, .author = school.id, .network = {{9}}};
    fact.past = ph_bytes(past, sizeof past);
    memcpy(fact.of.certify.writer.bytes, victim.id.bytes, sizeof fact.of.certify.writer.bytes);
    CHECK_OK(ph_fact_sign(&fact, &school.secret, &out));
    CHECK_STATUS(ph_fact_parse(ph_buffer_bytes(&out), &fact), PH_UNAUTHENTIC);

    out.len = 0;
    fact.of.certify.consenting = &other.secret;
    CHECK_OK(ph_fact_sign(&fact, &school.secret, &out));
    CHECK_STATUS(ph_fact_parse(ph_buffer_bytes(&out), &fact), PH_UNAUTHENTIC);

    out.len = 0;
    fact.of.certify.consenting = &victim.secret;
    CHECK_OK(ph_fact_sign(&fact, &school.secret, &out));
    CHECK_OK(ph_fact_parse(ph_buffer_bytes(&out), &fact));
}

static void a_certificate_stands_for_its_fact(void **state)
{
    (void)state;
    uint8_t bytes[512];
    uint8_t packed[512];
    uint8_t past[64];
    struct signer school = signer(1);
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct ph_buffer shown = ph_buffer(packed, sizeof packed);
    struct ph_agree_public transport = {{7}};
    struct ph_network_id network;
    memset(network.bytes, 9, sizeof network.bytes);
    fill_past(past, 1, 2);
    struct ph_fact fact = {.type = PH_FACT_CERTIFY, .network = network, .author = school.id};
    fact.past = ph_bytes(past, sizeof past);
    struct signer writer = signer(5);
    memcpy(fact.of.certify.writer.bytes, writer.id.bytes, sizeof fact.of.certify.writer.bytes);
    fact.of.certify.consenting = &writer.secret;
    fact.of.certify.transport = transport;
    fact.of.certify.serial = 3;
    CHECK_OK(ph_fact_sign(&fact, &school.secret, &out));

    struct ph_certificate made = ph_certificate_of(&fact);
    struct ph_certificate read;
    ph_certificate_pack(&made, &shown);
    struct ph_unpacker in = ph_unpack_scanned(ph_buffer_bytes(&shown));
    ph_certificate_unpack(&in, &read);
    CHECK_OK(ph_unpack_end(&in));

    CHECK_OK(ph_certificate_verify(&read, &network, &transport));
    transport.bytes[31] ^= 1;
    CHECK_STATUS(ph_certificate_verify(&read, &network, &transport), PH_UNAUTHENTIC);
    transport.bytes[31] ^= 1;
    network.bytes[0] ^= 1;
    CHECK_STATUS(ph_certificate_verify(&read, &network, &transport), PH_UNAUTHENTIC);
    network.bytes[0] ^= 1;
    read.serial ^= 1;
    CHECK_STATUS(ph_certificate_verify(&read, &network, &transport), PH_UNAUTHENTIC);
    read.serial ^= 1;
    read.past_hash.bytes[0] ^= 1;
    CHECK_STATUS(ph_certificate_verify(&read, &network, &transport), PH_UNAUTHENTIC);
}

CHECK_MAIN(cmocka_unit_test(known_facts_parse_and_sign_to_the_same_bytes),
           cmocka_unit_test(known_joining_proof_is_made_and_verified),
           cmocka_unit_test(every_changed_byte_is_refused),
           cmocka_unit_test(every_truncated_fact_is_refused),
           cmocka_unit_test(a_past_that_does_not_ascend_is_refused),
           cmocka_unit_test(only_a_founding_fact_and_a_certificate_have_an_empty_past),
           cmocka_unit_test(a_founding_fact_names_no_network_and_all_others_one),
           cmocka_unit_test(the_past_is_bounded), cmocka_unit_test(a_fact_is_bounded),
           cmocka_unit_test(payloads_out_of_range_are_refused),
           cmocka_unit_test(a_known_type_with_more_items_is_refused),
           cmocka_unit_test(signing_into_too_small_a_buffer_changes_nothing),
           cmocka_unit_test(a_school_cannot_certify_a_key_that_does_not_consent),
           cmocka_unit_test(a_certificate_stands_for_its_fact))
