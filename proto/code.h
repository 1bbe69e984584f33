/* Bytes as text that survives being typed, printed and put into a QR code: a prefix with a version,
 * a hyphen, upper-case base32 (RFC 4648, section 6, without padding) of the bytes and a check. */
#ifndef PHAROS_PROTO_CODE_H
#define PHAROS_PROTO_CODE_H

#include "pharos/bytes.h"

#define PH_CODE_CHECK_LEN 4
#define PH_CODE_CHARACTERS_MAX 2048
#define PH_CODE_SIZE(prefix_len, len) ((prefix_len) + 1 + ((len)*8 + 4) / 5)

struct ph_code_form {
    const char *prefix;    /* ends with its version, a digit */
    const char *other;     /* sentences: it is something else, */
    const char *beginning; /* its version is no digit */
    const char *too_long;
};

#define PH_CODE_MISTYPED "The code is mistyped or incomplete: please compare it with the original."

/* Zero-terminated. `payload` has room for the check behind it, beyond its size. */
void ph_code_write(const struct ph_code_form *form, struct ph_buffer *payload, char *out);

/* Case, white space and hyphens don't matter. NULL: read, into `bytes`, which has room for the
 * check as well; else a sentence that says why not. The caller wipes `bytes`. */
const char *ph_code_read(const struct ph_code_form *form, struct ph_bytes text, uint8_t *bytes,
                         size_t size, struct ph_bytes *payload);

#endif
