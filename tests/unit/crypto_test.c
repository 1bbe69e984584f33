#include "proto/crypto.h"

#include <stdlib.h>

#include "tests/support/check.h"

static void bytes_of_hex(const char *hex, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static void check_hex(const uint8_t *actual, const char *hex)
{
    uint8_t expected[64];
    size_t len = strlen(hex) / 2;
    bytes_of_hex(hex, expected, len);
    CHECK_BYTES(ph_bytes(actual, len), ph_bytes(expected, len));
}

/* Made with Python's hashlib.blake2b(digest_size=32, person=...). */
static const struct {
    enum ph_domain domain;
    const char *hex;
} hashes_of_lighthouse[] = {
    {PH_DOMAIN_ENTRY, "4cdc4b1b2ffb1147c411301199bc469adde2a7dac18721d9a990b22ff02e6ac6"},
    {PH_DOMAIN_BODY, "7f999df97491f26ec89b0de804ec9b956d16126b4f30aedb6e2a07cfd90f79c4"},
    {PH_DOMAIN_SKELETON, "c5c00dd2f5c798c0f7472253eecdf5e8c855c55aff9a9f89a1a4086ddfcd0660"},
    {PH_DOMAIN_CONTENT, "fa82c017bb9fac688cba1e58d688b738120f5bc95bd1496e70db23734f9d1a0d"},
    {PH_DOMAIN_FACT, "3ad99d5ce5862bf0a2d8c06a64f20d75e9eca8f3b51cf87356bc37cb66444efa"},
    {PH_DOMAIN_PAST, "ef4d33148d3194c50085b0e0f28239a1bda8be9dfd93c13fb45d450719a25f7f"},
    {PH_DOMAIN_FACT_SET, "d83b764ef64c148fbc0baa3099e161125dd7ad822346573b6c4a8f9f77ef2fd3"},
    {PH_DOMAIN_ROOT, "85b9bc9e1a1163404c55adeaeb95cc753ca9f0f75f9140ccd278ca76f07c3791"},
    {PH_DOMAIN_NETWORK_KEY, "e139987c7c974bcf8a3df39f0092900ba981495eaec23e606118925ebaa79180"},
    {PH_DOMAIN_INVITE, "45615014fcc6b4e3f0aa8998f9a8987f07bebc712a5c82b2402f5e86b5e56ae7"},
    {PH_DOMAIN_CODE, "42c76b46a73a66c5a8ef1d70a04507c10eb8a7078bfdcac929f46774538b6fd9"},
    {PH_DOMAIN_JOURNAL, "8c46850a6df96e9abe7e6a3105b657c4c8faedb0b7939b708f8abaf283502938"},
};

static void every_domain_hashes_as_its_name_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hashes_of_lighthouse / sizeof *hashes_of_lighthouse; i++) {
        struct ph_hash hash = ph_hash(hashes_of_lighthouse[i].domain, ph_bytes_text("lighthouse"));
        check_hex(hash.bytes, hashes_of_lighthouse[i].hex);
    }
}

static void hash_in_pieces_equals_hash_of_the_whole(void **state)
{
    (void)state;
    struct ph_hash whole = ph_hash(PH_DOMAIN_ROOT, ph_bytes_text("lighthouse"));
    struct ph_hash two = ph_hash2(PH_DOMAIN_ROOT, ph_bytes_text("light"), ph_bytes_text("house"));

    struct ph_hasher hasher;
    ph_hasher_init(&hasher, PH_DOMAIN_ROOT);
    ph_hasher_add(&hasher, ph_bytes_text("light"));
    ph_hasher_add(&hasher, ph_bytes(NULL, 0));
    ph_hasher_add(&hasher, ph_bytes_text("house"));
    struct ph_hash pieces = ph_hasher_end(&hasher);

    CHECK(ph_hash_equal(&whole, &two));
    CHECK(ph_hash_equal(&whole, &pieces));
}

/* RFC 7693, appendix A; the HMAC made with Python's hmac over hashlib.blake2b. */
static void noise_hash_and_hmac_give_known_answers(void **state)
{
    (void)state;
    uint8_t out[64];
    uint8_t key[64];
    for (uint8_t i = 0; i < 64; i++)
        key[i] = i;

    ph_noise_hash(ph_bytes_text("a"), ph_bytes_text("bc"), out);
    check_hex(out, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                   "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    ph_noise_hmac(key, ph_bytes_text("light"), ph_bytes_text("house"), out);
    check_hex(out, "44585056b3599b9d6441a59f84fea0fdccfcdaa9020c909c26051567299441301"
                   "985fff44f9fca75d27dc3d8c64dc80ab3128ad312902ce547e8261718675160");
}

struct signer {
    struct ph_sign_secret secret;
    uint8_t public_key[32];
};

static struct signer a_signer(uint8_t seed_byte)
{
    struct signer signer;
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof seed);
    ph_sign_key_from_seed(seed, &signer.secret, signer.public_key);
    return signer;
}

static const uint8_t an_id[32] = {1, 2, 3};

static void signature_verifies_for_its_tag_id_and_key_only(void **state)
{
    (void)state;
    struct signer signer = a_signer(7);
    struct signer other = a_signer(8);
    const uint8_t other_id[32] = {1, 2, 4};

    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, an_id, &signer.secret);

    CHECK_OK(ph_verify(PH_SIGNED_ENTRY, an_id, &signature, signer.public_key));
    CHECK_STATUS(ph_verify(PH_SIGNED_FACT, an_id, &signature, signer.public_key), PH_UNAUTHENTIC);
    CHECK_STATUS(ph_verify(PH_SIGNED_JOIN, an_id, &signature, signer.public_key), PH_UNAUTHENTIC);
    CHECK_STATUS(ph_verify(PH_SIGNED_ENTRY, other_id, &signature, signer.public_key),
                 PH_UNAUTHENTIC);
    CHECK_STATUS(ph_verify(PH_SIGNED_ENTRY, an_id, &signature, other.public_key), PH_UNAUTHENTIC);
}

static void signature_with_any_bit_flipped_is_refused(void **state)
{
    (void)state;
    struct signer signer = a_signer(7);
    struct ph_signature signature = ph_sign(PH_SIGNED_FACT, an_id, &signer.secret);

    for (size_t bit = 0; bit < 8 * sizeof signature.bytes; bit++) {
        struct ph_signature bad = signature;
        bad.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_STATUS(ph_verify(PH_SIGNED_FACT, an_id, &bad, signer.public_key), PH_UNAUTHENTIC);
    }
}

/* S + L satisfies the same equation; taking it would give every entry a second signature. */
static void signature_with_unreduced_s_is_refused(void **state)
{
    (void)state;
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    struct signer signer = a_signer(7);
    struct ph_signature signature = ph_sign(PH_SIGNED_FACT, an_id, &signer.secret);

    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature.bytes[32 + i] + order[i];
        signature.bytes[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }

    CHECK_STATUS(ph_verify(PH_SIGNED_FACT, an_id, &signature, signer.public_key), PH_UNAUTHENTIC);
}

/* With the neutral element as key and as R, S = 0 satisfies the equation for every message. */
static void signature_under_small_order_key_is_refused(void **state)
{
    (void)state;
    const uint8_t neutral[32] = {1};
    struct ph_signature signature = {{1}};

    CHECK_STATUS(ph_verify(PH_SIGNED_FACT, an_id, &signature, neutral), PH_UNAUTHENTIC);
}

/* RFC 7748, section 6.1. */
static void agreement_gives_known_answers(void **state)
{
    (void)state;
    struct ph_agree_secret alice, bob;
    uint8_t shared_alice[32], shared_bob[32];
    bytes_of_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", alice.bytes,
                 32);
    bytes_of_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", bob.bytes, 32);

    struct ph_agree_public alice_public = ph_agree_public_of(&alice);
    struct ph_agree_public bob_public = ph_agree_public_of(&bob);
    CHECK_OK(ph_agree(&alice, &bob_public, shared_alice));
    CHECK_OK(ph_agree(&bob, &alice_public, shared_bob));

    check_hex(alice_public.bytes,
              "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    check_hex(bob_public.bytes, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    check_hex(shared_alice, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    CHECK_BYTES(ph_bytes(shared_alice, 32), ph_bytes(shared_bob, 32));
}

static void agreement_with_low_order_key_is_refused(void **state)
{
    (void)state;
    static const char *const low_order[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct ph_agree_secret ours = {{9, 8, 7}};
    uint8_t shared[32];

    for (size_t i = 0; i < sizeof low_order / sizeof *low_order; i++) {
        struct ph_agree_public theirs;
        bytes_of_hex(low_order[i], theirs.bytes, 32);
        CHECK_STATUS(ph_agree(&ours, &theirs, shared), PH_UNAUTHENTIC);
    }
}

static void seal_opens_with_same_key_counter_and_associated_data_only(void **state)
{
    (void)state;
    const uint8_t key[32] = {1}, other_key[32] = {2};
    uint8_t sealed[5 + 16] = {0}, opened[5];
    struct ph_bytes cipher = ph_bytes(sealed, sizeof sealed);
    struct ph_bytes ad = ph_bytes_text("ad");

    ph_seal(key, 3, ad, ph_bytes_text("hello"), sealed);

    CHECK_STATUS(ph_open(other_key, 3, ad, cipher, opened), PH_UNAUTHENTIC);
    CHECK_STATUS(ph_open(key, 4, ad, cipher, opened), PH_UNAUTHENTIC);
    CHECK_STATUS(ph_open(key, 3, ph_bytes_text("da"), cipher, opened), PH_UNAUTHENTIC);
    CHECK_STATUS(ph_open(key, 3, ad, ph_bytes(sealed, 20), opened), PH_UNAUTHENTIC);
    CHECK_STATUS(ph_open(key, 3, ad, ph_bytes(sealed, 15), opened), PH_MALFORMED);
    CHECK_OK(ph_open(key, 3, ad, cipher, sealed)); /* in place */
    CHECK_BYTES(ph_bytes(sealed, 5), ph_bytes_text("hello"));
}

static void wipe_overwrites(void **state)
{
    (void)state;
    uint8_t secret[3] = {1, 2, 3};
    const uint8_t zeros[3] = {0};

    ph_wipe(secret, sizeof secret);

    assert_memory_equal(secret, zeros, sizeof secret);
}

/* The library once, then the tests. */
int main(void)
{
    if (ph_crypto_init() != PH_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_domain_hashes_as_its_name_says),
        cmocka_unit_test(hash_in_pieces_equals_hash_of_the_whole),
        cmocka_unit_test(noise_hash_and_hmac_give_known_answers),
        cmocka_unit_test(signature_verifies_for_its_tag_id_and_key_only),
        cmocka_unit_test(signature_with_any_bit_flipped_is_refused),
        cmocka_unit_test(signature_with_unreduced_s_is_refused),
        cmocka_unit_test(signature_under_small_order_key_is_refused),
        cmocka_unit_test(agreement_gives_known_answers),
        cmocka_unit_test(agreement_with_low_order_key_is_refused),
        cmocka_unit_test(seal_opens_with_same_key_counter_and_associated_data_only),
        cmocka_unit_test(wipe_overwrites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
