#include "proto/crypto.h"

#include <assert.h>

#include <sodium.h>

#define HMAC_BLOCK_LEN 128 /* BLAKE2b's block: Noise revision 34, section 4.3, BLOCKLEN */
#define SIGNED_TAG_MAX 32

static_assert(sizeof(struct ph_hasher) >= sizeof(crypto_generichash_blake2b_state),
              "a hasher holds the library's state");
static_assert(sizeof(struct ph_signature) == crypto_sign_BYTES, "an Ed25519 signature");
static_assert(sizeof(struct ph_sign_secret) == crypto_sign_SECRETKEYBYTES, "an Ed25519 secret");
static_assert(sizeof(struct ph_agree_secret) == crypto_scalarmult_SCALARBYTES, "an X25519 secret");
static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == 16, "a Poly1305 tag");
static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == 16, "a Poly1305 tag");
static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == 24, "a nonce to be drawn");

/* Arrays of exactly the library's size, zero-padded by the language. */
static const uint8_t domains[][crypto_generichash_blake2b_PERSONALBYTES] = {
    [PH_DOMAIN_ENTRY] = "pharos1.entry",        [PH_DOMAIN_BODY] = "pharos1.body",
    [PH_DOMAIN_SKELETON] = "pharos1.skeleton",  [PH_DOMAIN_CONTENT] = "pharos1.content",
    [PH_DOMAIN_FACT] = "pharos1.fact",          [PH_DOMAIN_PAST] = "pharos1.past",
    [PH_DOMAIN_FACT_SET] = "pharos1.facts",     [PH_DOMAIN_ROOT] = "pharos1.root",
    [PH_DOMAIN_NETWORK_KEY] = "pharos1.netkey", [PH_DOMAIN_INVITE] = "pharos1.invite",
    [PH_DOMAIN_CODE] = "pharos1.code",          [PH_DOMAIN_SUCCEED] = "pharos1.succeed",
    [PH_DOMAIN_ENROL] = "pharos1.enrol",        [PH_DOMAIN_JOURNAL] = "pharos1.journal",
    [PH_DOMAIN_RECEIPT] = "pharos1.receipt",    [PH_DOMAIN_BEACON] = "pharos1.beacon",
};

static const char *signature_tag_text(enum ph_signature_tag tag)
{
    switch (tag) {
    case PH_SIGNED_ENTRY:
        return "pharos1 entry signature";
    case PH_SIGNED_FACT:
        return "pharos1 fact signature";
    case PH_SIGNED_JOIN:
        return "pharos1 join signature";
    case PH_SIGNED_CONSENT:
        return "pharos1 consent signature";
    case PH_SIGNED_RECEIPT:
        return "pharos1 receipt signature";
    }
    assert(0 && "unknown signature tag");
    return "";
}

enum ph_status ph_crypto_init(void)
{
    return sodium_init() < 0 ? PH_IO : PH_OK;
}

static crypto_generichash_blake2b_state *state_of(struct ph_hasher *hasher)
{
    return (crypto_generichash_blake2b_state *)(void *)hasher->opaque;
}

void ph_hasher_init(struct ph_hasher *hasher, enum ph_domain domain)
{
    int failed = crypto_generichash_blake2b_init_salt_personal(
        state_of(hasher), NULL, 0, sizeof(struct ph_hash), NULL, domains[domain]);
    assert(failed == 0); /* only sizes can be wrong, and they are constants */
    (void)failed;
}

void ph_hasher_add(struct ph_hasher *hasher, struct ph_bytes bytes)
{
    if (bytes.len != 0)
        crypto_generichash_blake2b_update(state_of(hasher), bytes.data, bytes.len);
}

struct ph_hash ph_hasher_end(struct ph_hasher *hasher)
{
    struct ph_hash hash;
    crypto_generichash_blake2b_final(state_of(hasher), hash.bytes, sizeof hash.bytes);
    return hash;
}

struct ph_hash ph_hash(enum ph_domain domain, struct ph_bytes a)
{
    return ph_hash2(domain, a, ph_bytes(NULL, 0));
}

struct ph_hash ph_hash2(enum ph_domain domain, struct ph_bytes a, struct ph_bytes b)
{
    struct ph_hasher hasher;
    ph_hasher_init(&hasher, domain);
    ph_hasher_add(&hasher, a);
    ph_hasher_add(&hasher, b);
    return ph_hasher_end(&hasher);
}

void ph_sign_key_from_seed(const uint8_t seed[32], struct ph_sign_secret *secret,
                           uint8_t public_key[32])
{
    crypto_sign_seed_keypair(public_key, secret->bytes, seed);
}

/* tag || id, the bytes that Ed25519 sees. */
struct signed_bytes {
    uint8_t bytes[SIGNED_TAG_MAX + 32];
    size_t len;
};

static struct signed_bytes signed_bytes(enum ph_signature_tag tag, const uint8_t id[32])
{
    struct ph_bytes text = ph_bytes_text(signature_tag_text(tag));
    struct signed_bytes out = {.len = text.len + 32};
    assert(text.len <= SIGNED_TAG_MAX);
    memcpy(out.bytes, text.data, text.len);
    memcpy(out.bytes + text.len, id, 32);
    return out;
}

struct ph_signature ph_sign(enum ph_signature_tag tag, const uint8_t id[32],
                            const struct ph_sign_secret *secret)
{
    struct signed_bytes message = signed_bytes(tag, id);
    struct ph_signature signature;
    crypto_sign_detached(signature.bytes, NULL, message.bytes, message.len, secret->bytes);
    return signature;
}

enum ph_status ph_verify(enum ph_signature_tag tag, const uint8_t id[32],
                         const struct ph_signature *signature, const uint8_t public_key[32])
{
    struct signed_bytes message = signed_bytes(tag, id);
    /* The library also refuses small-order and non-canonical keys, small-order R, and S >= L. */
    int failed =
        crypto_sign_verify_detached(signature->bytes, message.bytes, message.len, public_key);
    return failed == 0 ? PH_OK : PH_UNAUTHENTIC;
}

struct ph_agree_public ph_agree_public_of(const struct ph_agree_secret *secret)
{
    struct ph_agree_public out;
    crypto_scalarmult_base(out.bytes, secret->bytes);
    return out;
}

enum ph_status ph_agree(const struct ph_agree_secret *ours, const struct ph_agree_public *theirs,
                        uint8_t shared[32])
{
    /* Fails on low-order keys, whose result would be the same for every secret of ours. */
    return crypto_scalarmult(shared, ours->bytes, theirs->bytes) == 0 ? PH_OK : PH_UNAUTHENTIC;
}

/* Noise revision 34, section 12.3: 32 bits of zeros followed by the counter, little-endian. */
static void put_nonce(uint64_t counter, uint8_t nonce[12])
{
    memset(nonce, 0, 12);
    for (size_t i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(counter >> (8 * i));
}

void ph_seal(const uint8_t key[32], uint64_t counter, struct ph_bytes associated,
             struct ph_bytes plain, uint8_t *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    put_nonce(counter, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.data, plain.len, associated.data,
                                              associated.len, NULL, nonce, key);
}

enum ph_status ph_open(const uint8_t key[32], uint64_t counter, struct ph_bytes associated,
                       struct ph_bytes cipher, uint8_t *out)
{
    if (cipher.len < crypto_aead_chacha20poly1305_ietf_ABYTES)
        return PH_MALFORMED;
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    put_nonce(counter, nonce);
    int failed = crypto_aead_chacha20poly1305_ietf_decrypt(
        out, NULL, NULL, cipher.data, cipher.len, associated.data, associated.len, nonce, key);
    return failed == 0 ? PH_OK : PH_UNAUTHENTIC;
}

void ph_seal_alone(const uint8_t key[32], const uint8_t nonce[24], struct ph_bytes plain,
                   uint8_t *out)
{
    crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, plain.data, plain.len, NULL, 0, NULL,
                                               nonce, key);
}

enum ph_status ph_open_alone(const uint8_t key[32], const uint8_t nonce[24], struct ph_bytes cipher,
                             uint8_t *out)
{
    if (cipher.len < crypto_aead_xchacha20poly1305_ietf_ABYTES)
        return PH_MALFORMED;
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, cipher.data,
                                                            cipher.len, NULL, 0, nonce, key);
    return failed == 0 ? PH_OK : PH_UNAUTHENTIC;
}

/* BLAKE2b-512 of a || b || c, without key or personalisation. */
static void hash3_512(struct ph_bytes a, struct ph_bytes b, struct ph_bytes c, uint8_t out[64])
{
    struct ph_hasher hasher;
    int failed = crypto_generichash_blake2b_init(state_of(&hasher), NULL, 0, 64);
    assert(failed == 0);
    (void)failed;
    ph_hasher_add(&hasher, a);
    ph_hasher_add(&hasher, b);
    ph_hasher_add(&hasher, c);
    crypto_generichash_blake2b_final(state_of(&hasher), out, 64);
    ph_wipe(&hasher, sizeof hasher);
}

void ph_noise_hash(struct ph_bytes a, struct ph_bytes b, uint8_t out[64])
{
    hash3_512(a, b, ph_bytes(NULL, 0), out);
}

/* RFC 2104 over BLAKE2b's 128-byte block; a 64-byte key is padded, never hashed. */
void ph_noise_hmac(const uint8_t key[64], struct ph_bytes a, struct ph_bytes b, uint8_t out[64])
{
    uint8_t pad[HMAC_BLOCK_LEN];
    uint8_t inner[64];
    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < 64; i++)
        pad[i] ^= key[i];
    hash3_512(ph_bytes(pad, sizeof pad), a, b, inner);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    hash3_512(ph_bytes(pad, sizeof pad), ph_bytes(inner, sizeof inner), ph_bytes(NULL, 0), out);
    ph_wipe(pad, sizeof pad);
    ph_wipe(inner, sizeof inner);
}

void ph_wipe(void *secret, size_t len)
{
    sodium_memzero(secret, len);
}
