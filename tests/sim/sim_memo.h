/* What the linker makes of --wrap for sim_memo.c. */
#ifndef PHAROS_TESTS_SIM_MEMO_H
#define PHAROS_TESTS_SIM_MEMO_H

#include "proto/crypto.h"

struct ph_signature __real_ph_sign(enum ph_signature_tag tag, const uint8_t id[32],
                                   const struct ph_sign_secret *secret);
struct ph_signature __wrap_ph_sign(enum ph_signature_tag tag, const uint8_t id[32],
                                   const struct ph_sign_secret *secret);
enum ph_status __real_ph_verify(enum ph_signature_tag tag, const uint8_t id[32],
                                const struct ph_signature *signature, const uint8_t public_key[32]);
enum ph_status __wrap_ph_verify(enum ph_signature_tag tag, const uint8_t id[32],
                                const struct ph_signature *signature, const uint8_t public_key[32]);
void __real_ph_sign_key_from_seed(const uint8_t seed[32], struct ph_sign_secret *secret,
                                  uint8_t public_key[32]);
void __wrap_ph_sign_key_from_seed(const uint8_t seed[32], struct ph_sign_secret *secret,
                                  uint8_t public_key[32]);
struct ph_agree_public __real_ph_agree_public_of(const struct ph_agree_secret *secret);
struct ph_agree_public __wrap_ph_agree_public_of(const struct ph_agree_secret *secret);
enum ph_status __real_ph_agree(const struct ph_agree_secret *ours,
                               const struct ph_agree_public *theirs, uint8_t shared[32]);
enum ph_status __wrap_ph_agree(const struct ph_agree_secret *ours,
                               const struct ph_agree_public *theirs, uint8_t shared[32]);

#endif
