/* Curve arithmetic takes most of the time of a simulation, and its nodes do much of it twice: every
 * node checks every signature, and both sides of a handshake agree on the same secrets. These
 * functions are pure, so what was computed once in this process is remembered. Linked with --wrap;
 * the answers are those of the real functions, bit for bit, but for one: that a signature made here
 * verifies is taken for granted. */
#include <stdlib.h>

#include "proto/crypto.h"
#include "tests/sim/sim_memo.h"

#define PLACES 16384 /* a newer answer takes the place of an older one */
#define KEY_MAX 144

struct memo {
    uint8_t key[KEY_MAX]; /* the kind of question first; 0: none */
    uint8_t answer[96];
};

static struct memo places[PLACES];

enum question { QUESTION_VERIFY = 1, QUESTION_AGREE, QUESTION_PUBLIC, QUESTION_SIGN_KEY };

/* Zero-filled, so that keys compare whole. */
struct key {
    uint8_t bytes[KEY_MAX];
    size_t len;
};

static void add(struct key *key, const void *bytes, size_t len)
{
    memcpy(key->bytes + key->len, bytes, len);
    key->len += len;
}

static struct memo *place_of(const struct key *key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < KEY_MAX; i += 8) {
        uint64_t word;
        memcpy(&word, key->bytes + i, 8);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return &places[hash % PLACES];
}

static bool is_known(const struct memo *memo, const struct key *key)
{
    return memcmp(memo->key, key->bytes, KEY_MAX) == 0;
}

static struct key ask(enum question question)
{
    return (struct key){.bytes = {(uint8_t)question}, .len = 1};
}

/* --- signatures --- */

static struct key ask_verify(enum ph_signature_tag tag, const uint8_t id[32],
                             const struct ph_signature *signature, const uint8_t public_key[32])
{
    struct key key = ask(QUESTION_VERIFY);
    uint8_t tag_byte = (uint8_t)tag;
    add(&key, &tag_byte, 1);
    add(&key, id, 32);
    add(&key, signature->bytes, sizeof signature->bytes);
    add(&key, public_key, 32);
    return key;
}

/* What a key signed verifies by that key, so that nobody has to find it out. */
struct ph_signature __wrap_ph_sign(enum ph_signature_tag tag, const uint8_t id[32],
                                   const struct ph_sign_secret *secret)
{
    struct ph_signature signature = __real_ph_sign(tag, id, secret);
    struct key key = ask_verify(tag, id, &signature, secret->bytes + 32); /* seed || public key */
    struct memo *memo = place_of(&key);
    memo->answer[0] = (uint8_t)PH_OK;
    memcpy(memo->key, key.bytes, KEY_MAX);
    return signature;
}

enum ph_status __wrap_ph_verify(enum ph_signature_tag tag, const uint8_t id[32],
                                const struct ph_signature *signature, const uint8_t public_key[32])
{
    struct key key = ask_verify(tag, id, signature, public_key);
    struct memo *memo = place_of(&key);
    if (!is_known(memo, &key)) {
        memo->answer[0] = (uint8_t)__real_ph_verify(tag, id, signature, public_key);
        memcpy(memo->key, key.bytes, KEY_MAX);
    }
    return (enum ph_status)memo->answer[0];
}

void __wrap_ph_sign_key_from_seed(const uint8_t seed[32], struct ph_sign_secret *secret,
                                  uint8_t public_key[32])
{
    struct key key = ask(QUESTION_SIGN_KEY);
    add(&key, seed, 32);
    struct memo *memo = place_of(&key);
    if (!is_known(memo, &key)) {
        __real_ph_sign_key_from_seed(seed, secret, public_key);
        memcpy(memo->answer, secret->bytes, sizeof secret->bytes);
        memcpy(memo->answer + 64, public_key, 32);
        memcpy(memo->key, key.bytes, KEY_MAX);
    }
    memcpy(secret->bytes, memo->answer, sizeof secret->bytes);
    memcpy(public_key, memo->answer + 64, 32);
}

/* --- agreement --- */

struct ph_agree_public __wrap_ph_agree_public_of(const struct ph_agree_secret *secret)
{
    struct ph_agree_public public;
    struct key key = ask(QUESTION_PUBLIC);
    add(&key, secret->bytes, sizeof secret->bytes);
    struct memo *memo = place_of(&key);
    if (!is_known(memo, &key)) {
        public = __real_ph_agree_public_of(secret);
        memcpy(memo->answer, public.bytes, sizeof public.bytes);
        memcpy(memo->key, key.bytes, KEY_MAX);
    }
    memcpy(public.bytes, memo->answer, sizeof public.bytes);
    return public;
}

/* The same for (a, B) and (b, A): both sides find it under the two public keys in order. */
enum ph_status __wrap_ph_agree(const struct ph_agree_secret *ours,
                               const struct ph_agree_public *theirs, uint8_t shared[32])
{
    struct ph_agree_public our_public = __wrap_ph_agree_public_of(ours);
    struct key key = ask(QUESTION_AGREE);
    bool is_ours_first = memcmp(our_public.bytes, theirs->bytes, sizeof theirs->bytes) < 0;
    add(&key, is_ours_first ? our_public.bytes : theirs->bytes, 32);
    add(&key, is_ours_first ? theirs->bytes : our_public.bytes, 32);
    struct memo *memo = place_of(&key);
    if (!is_known(memo, &key)) {
        enum ph_status status = __real_ph_agree(ours, theirs, shared);
        if (status != PH_OK)
            return status;
        memcpy(memo->answer, shared, 32);
        memcpy(memo->key, key.bytes, KEY_MAX);
    }
    memcpy(shared, memo->answer, 32);
    return PH_OK;
}
