/* What both sides of a handshake carry: who they are, and their root. */
#include "proto/message.h"

#include "tests/support/vectors.h"

#define FACTS_PATH PH_VECTORS "/facts.json"

static void check_hello(json_t *vectors, const char *name, bool has_root)
{
    struct ph_hello hello;
    struct ph_network_id network;
    struct ph_agree_public transport;
    uint8_t bytes[PH_HANDSHAKE_PAYLOAD_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct vector_bytes known = vector_bytes(vector_member(vectors, "hellos"), name);
    vector_fixed(vectors, "network", network.bytes, 32);
    vector_fixed(vectors, "transport_b", transport.bytes, 32);

    CHECK_OK(ph_hello_decode(vector_view(&known), &hello));

    CHECK(hello.has_root == has_root);
    CHECK_OK(ph_certificate_verify(&hello.certificate, &network, &transport));
    ph_hello_encode(&out, &hello);
    CHECK_BYTES(ph_buffer_bytes(&out), vector_view(&known));
    for (size_t len = 0; len < known.len; len++)
        CHECK_STATUS(ph_hello_decode(ph_bytes(known.data, len), &hello), PH_MALFORMED);
}

static void known_hellos_decode_and_encode_to_the_same_bytes(void **state)
{
    (void)state;
    json_t *vectors = vectors_open(FACTS_PATH);
    check_hello(vectors, "known", false);
    check_hello(vectors, "before_admission", false);
    check_hello(vectors, "with_root", true);
    json_decref(vectors);
}

static void a_changed_hello_is_malformed_or_unauthentic(void **state)
{
    (void)state;
    json_t *vectors = vectors_open(FACTS_PATH);
    struct ph_network_id network;
    struct ph_agree_public transport;
    struct vector_bytes bytes = vector_bytes(vector_member(vectors, "hellos"), "known");
    vector_fixed(vectors, "network", network.bytes, 32);
    vector_fixed(vectors, "transport_b", transport.bytes, 32);
    for (size_t i = 0; i < bytes.len; i++) {
        struct ph_hello hello;
        bytes.data[i] ^= 1;
        enum ph_status status = ph_hello_decode(vector_view(&bytes), &hello);
        if (status == PH_OK)
            status = ph_certificate_verify(&hello.certificate, &network, &transport);
        CHECK(status == PH_MALFORMED || status == PH_UNAUTHENTIC);
        bytes.data[i] ^= 1;
    }
    static const uint8_t longer[PH_HANDSHAKE_PAYLOAD_MAX + 1];
    struct ph_hello hello;
    CHECK_STATUS(ph_hello_decode(ph_bytes(longer, sizeof longer), &hello), PH_LIMIT);
    json_decref(vectors);
}

CHECK_MAIN(cmocka_unit_test(known_hellos_decode_and_encode_to_the_same_bytes),
           cmocka_unit_test(a_changed_hello_is_malformed_or_unauthentic))
