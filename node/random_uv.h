/* Chance from the operating system: the only place where it comes in. After ph_crypto_init. */
#ifndef PHAROS_NODE_RANDOM_UV_H
#define PHAROS_NODE_RANDOM_UV_H

#include <stddef.h>
#include <stdint.h>

void ph_random_uv(uint8_t *out, size_t len);

#endif
