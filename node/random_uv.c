#include "node/random_uv.h"

#include <sodium.h>

void ph_random_uv(uint8_t *out, size_t len)
{
    randombytes_buf(out, len);
}
