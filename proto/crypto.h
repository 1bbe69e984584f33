/* Hash, sign, verify, agree, seal, wipe. The only core file that includes <sodium.h>.
 *
 * Nothing here draws randomness: keys are made from given bytes, so that chance stays an argument.
 * Every hash and signature is bound to one purpose, so that a signed object of one kind can never
 * pass for another (spec: "Domains"). */
#ifndef PHAROS_PROTO_CRYPTO_H
#define PHAROS_PROTO_CRYPTO_H

#include "pharos/bytes.h"
#include "pharos/id.h"
#include "pharos/status.h"

/* What a hash is for: the BLAKE2b personalisation string, 16 bytes, zero-padded. */
enum ph_domain {
    PH_DOMAIN_ENTRY,       /* "pharos1.entry"    header -> entry id */
    PH_DOMAIN_BODY,        /* "pharos1.body"     H(skeleton) || H(salt || content) */
    PH_DOMAIN_SKELETON,    /* "pharos1.skeleton" */
    PH_DOMAIN_CONTENT,     /* "pharos1.content" */
    PH_DOMAIN_FACT,        /* "pharos1.fact"     statement -> fact id */
    PH_DOMAIN_PAST,        /* "pharos1.past"     sorted fact ids that a fact names */
    PH_DOMAIN_FACT_SET,    /* "pharos1.facts"    sorted ids of all facts held */
    PH_DOMAIN_ROOT,        /* "pharos1.root" */
    PH_DOMAIN_NETWORK_KEY, /* "pharos1.netkey"   what the founding fact says of the network key */
    PH_DOMAIN_INVITE,      /* "pharos1.invite"   invitation secret -> seed of its key pair */
    PH_DOMAIN_CODE,        /* "pharos1.code"     check bytes of an invitation code */
    PH_DOMAIN_SUCCEED, /* "pharos1.succeed"  network || school: what a new school key consents to */
    PH_DOMAIN_ENROL,   /* "pharos1.enrol"    network || school key: what a writer consents to */
    PH_DOMAIN_JOURNAL, /* "pharos1.journal"  a frame of a store's journal; never leaves a node */
    PH_DOMAIN_RECEIPT, /* "pharos1.receipt"  what a writer says it holds, and for which network */
    PH_DOMAIN_BEACON,  /* "pharos1.beacon"   network id || network key -> key of its beacons */
};

/* What a signature is for: a tag before the 32-byte id that is signed. */
enum ph_signature_tag {
    PH_SIGNED_ENTRY,   /* "pharos1 entry signature" */
    PH_SIGNED_FACT,    /* "pharos1 fact signature" */
    PH_SIGNED_JOIN,    /* "pharos1 join signature": one-time key over network id || school id */
    PH_SIGNED_CONSENT, /* "pharos1 consent signature": a key to what is said of it */
    PH_SIGNED_RECEIPT, /* "pharos1 receipt signature" */
};

struct ph_signature {
    uint8_t bytes[64];
};

/* Secrets. Wipe each on every exit. */
struct ph_sign_secret {
    uint8_t bytes[64];
}; /* Ed25519: seed || public key */
struct ph_agree_secret {
    uint8_t bytes[32];
}; /* X25519 */
struct ph_agree_public {
    uint8_t bytes[32];
};
static inline bool ph_agree_public_equal(const struct ph_agree_public *a,
                                         const struct ph_agree_public *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
struct ph_network_key {
    uint8_t bytes[32];
}; /* pre-shared key of one network */

/* Once per process, before anything else here. PH_IO: the library does not start. */
PH_MUST_USE enum ph_status ph_crypto_init(void);

/* BLAKE2b-256 of `a`, or of `a || b`, under `domain`. */
struct ph_hash ph_hash(enum ph_domain domain, struct ph_bytes a);
struct ph_hash ph_hash2(enum ph_domain domain, struct ph_bytes a, struct ph_bytes b);

/* The same in pieces, for what is not in one place. */
struct ph_hasher {
    _Alignas(64) uint8_t opaque[384];
};
void ph_hasher_init(struct ph_hasher *hasher, enum ph_domain domain);
void ph_hasher_add(struct ph_hasher *hasher, struct ph_bytes bytes);
struct ph_hash ph_hasher_end(struct ph_hasher *hasher);

/* Ed25519 over tag || id. Verification refuses small-order keys and non-canonical S.
 * `public_key` is any of the 32-byte Ed25519 ids. PH_UNAUTHENTIC: it does not fit. */
void ph_sign_key_from_seed(const uint8_t seed[32], struct ph_sign_secret *secret,
                           uint8_t public_key[32]);
struct ph_signature ph_sign(enum ph_signature_tag tag, const uint8_t id[32],
                            const struct ph_sign_secret *secret);
PH_MUST_USE enum ph_status ph_verify(enum ph_signature_tag tag, const uint8_t id[32],
                                     const struct ph_signature *signature,
                                     const uint8_t public_key[32]);

/* X25519. PH_UNAUTHENTIC: a low-order public key. */
struct ph_agree_public ph_agree_public_of(const struct ph_agree_secret *secret);
PH_MUST_USE enum ph_status ph_agree(const struct ph_agree_secret *ours,
                                    const struct ph_agree_public *theirs, uint8_t shared[32]);

/* ChaCha20-Poly1305 (IETF) with Noise's nonce: 32 zero bits, then the counter, little-endian.
 * seal writes plain.len + 16 bytes to `out`; open writes cipher.len - 16. `out` may be the
 * input. PH_UNAUTHENTIC: the tag does not fit; `out` is then undefined. PH_MALFORMED: shorter
 * than a tag. */
void ph_seal(const uint8_t key[32], uint64_t counter, struct ph_bytes associated,
             struct ph_bytes plain, uint8_t *out);
PH_MUST_USE enum ph_status ph_open(const uint8_t key[32], uint64_t counter,
                                   struct ph_bytes associated, struct ph_bytes cipher,
                                   uint8_t *out);

/* XChaCha20-Poly1305 (IETF), for what stands alone: its nonce is long enough to be drawn at random.
 * Lengths, `out` and statuses as above. */
void ph_seal_alone(const uint8_t key[32], const uint8_t nonce[24], struct ph_bytes plain,
                   uint8_t *out);
PH_MUST_USE enum ph_status ph_open_alone(const uint8_t key[32], const uint8_t nonce[24],
                                         struct ph_bytes cipher, uint8_t *out);

/* BLAKE2b-512 and HMAC over it, as Noise's HKDF wants them; nothing else uses these. */
void ph_noise_hash(struct ph_bytes a, struct ph_bytes b, uint8_t out[64]);
void ph_noise_hmac(const uint8_t key[64], struct ph_bytes a, struct ph_bytes b, uint8_t out[64]);

/* Overwrite in a way that the compiler keeps. */
void ph_wipe(void *secret, size_t len);

#endif
