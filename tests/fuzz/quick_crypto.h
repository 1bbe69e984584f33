/* With quick_crypto.c in the program anybody can sign for anybody: the secret of a public key. */
#ifndef PHAROS_TESTS_FUZZ_QUICK_CRYPTO_H
#define PHAROS_TESTS_FUZZ_QUICK_CRYPTO_H

#include "proto/crypto.h"

static inline struct ph_sign_secret quick_secret_of(const uint8_t public_key[32])
{
    struct ph_sign_secret secret = {{0}};
    memcpy(secret.bytes + 32, public_key, 32);
    return secret;
}

#endif
