/* Stands in for libsodium's signatures and key agreement, which are most of the time of a target
 * that signs a lot: the linker finds these first. Nobody is kept from forging, so a target that is
 * about keys has the real ones. Hashes and seals stay real everywhere. */
#include <sodium.h>
#include <string.h>

int crypto_sign_seed_keypair(unsigned char *pk, unsigned char *sk, const unsigned char *seed)
{
    crypto_generichash_blake2b(pk, 32, seed, 32, NULL, 0);
    memcpy(sk, seed, 32);
    memcpy(sk + 32, pk, 32);
    return 0;
}

int crypto_sign_detached(unsigned char *sig, unsigned long long *siglen_p, const unsigned char *m,
                         unsigned long long mlen, const unsigned char *sk)
{
    crypto_generichash_blake2b(sig, 64, m, mlen, sk + 32, 32);
    if (siglen_p != NULL)
        *siglen_p = 64;
    return 0;
}

int crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                unsigned long long mlen, const unsigned char *pk)
{
    unsigned char right[64];
    crypto_generichash_blake2b(right, sizeof right, m, mlen, pk, 32);
    return memcmp(right, sig, sizeof right) == 0 ? 0 : -1;
}

#define MASK 0x5a /* between a secret and its public key */

int crypto_scalarmult_base(unsigned char *q, const unsigned char *n)
{
    for (size_t i = 0; i < 32; i++)
        q[i] = n[i] ^ MASK;
    return 0;
}

/* Both sides get the same; zero stands for the low orders. */
int crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
    static const unsigned char zero[32];
    for (size_t i = 0; i < 32; i++)
        q[i] = n[i] ^ p[i] ^ MASK;
    return memcmp(p, zero, sizeof zero) == 0 ? -1 : 0;
}
