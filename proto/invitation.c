#include "proto/invitation.h"

#include <assert.h>
#include <stdio.h>

#define PREFIX "PHAROS1"
#define PREFIX_LEN (sizeof PREFIX - 1)
#define CHECK_LEN 4
#define FIXED_LEN (32 + 32 + 16 + 1) /* up to and with the address count */
#define WHAT_SHIFT 6                 /* in the count byte */
#define PAYLOAD_MAX                                                                                \
    (FIXED_LEN + 32 + PH_INVITATION_ADDRESSES_MAX * (2 + PH_ADDRESS_LEN_MAX) + CHECK_LEN)

static_assert(PREFIX_LEN + 1 + (PAYLOAD_MAX * 8 + 4) / 5 < PH_INVITATION_CODE_MAX,
              "the longest code fits");

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* RFC 4648, section 6 */

/* What a code holds in bytes, or its characters without case, white space and hyphens: both
 * secret. */
struct payload {
    uint8_t bytes[PAYLOAD_MAX];
    size_t len;
};
struct characters {
    char text[PH_INVITATION_CODE_MAX];
    size_t len;
};

void ph_invitation_wipe(struct ph_invitation *invitation)
{
    ph_wipe(invitation, sizeof *invitation);
}

static void put_check(struct ph_bytes before, uint8_t check[CHECK_LEN])
{
    struct ph_hasher hasher;
    ph_hasher_init(&hasher, PH_DOMAIN_CODE);
    ph_hasher_add(&hasher, before);
    struct ph_hash hash = ph_hasher_end(&hasher);
    memcpy(check, hash.bytes, CHECK_LEN);
    ph_wipe(&hasher, sizeof hasher);
}

/* --- Writing --- */

static bool put_address(struct ph_buffer *out, const char address[PH_ADDRESS_LEN_MAX + 1])
{
    const char *end = memchr(address, 0, PH_ADDRESS_LEN_MAX + 1);
    if (end == NULL || end == address)
        return false;
    uint8_t len_bytes[2];
    ph_put_u16(len_bytes, (uint16_t)(end - address));
    ph_buffer_put(out, len_bytes, sizeof len_bytes);
    ph_buffer_put(out, address, (size_t)(end - address));
    return true;
}

static enum ph_status put_payload(const struct ph_invitation *invitation, struct ph_buffer *out)
{
    uint8_t check[CHECK_LEN];
    if (invitation->address_count > PH_INVITATION_ADDRESSES_MAX)
        return PH_LIMIT;
    ph_buffer_put(out, invitation->network.bytes, 32);
    ph_buffer_put(out, invitation->key.bytes, 32);
    ph_buffer_put(out, invitation->secret, sizeof invitation->secret);
    uint8_t count = (uint8_t)(invitation->address_count | invitation->what << WHAT_SHIFT);
    ph_buffer_put(out, &count, 1);
    if (invitation->what != PH_CLAIM_NONE)
        ph_buffer_put(out, invitation->school.bytes, sizeof invitation->school.bytes);
    for (size_t i = 0; i < invitation->address_count; i++) {
        if (!put_address(out, invitation->addresses[i]))
            return PH_LIMIT;
    }
    put_check(ph_buffer_bytes(out), check);
    ph_buffer_put(out, check, sizeof check);
    assert(!out->overflow);
    return PH_OK;
}

/* Five bits a character, the last one filled up with zero bits. Zero-terminated. */
static void put_base32(struct ph_bytes bytes, char *out)
{
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = (bits << 8 | bytes.data[i]) & 0xffff;
        for (bit_count += 8; bit_count >= 5; bit_count -= 5)
            *out++ = alphabet[bits >> (bit_count - 5) & 31];
    }
    if (bit_count > 0)
        *out++ = alphabet[bits << (5 - bit_count) & 31];
    *out = 0;
}

enum ph_status ph_invitation_write(const struct ph_invitation *invitation,
                                   char out[PH_INVITATION_CODE_MAX])
{
    struct payload payload;
    struct ph_buffer buffer = ph_buffer(payload.bytes, sizeof payload.bytes);
    enum ph_status status = put_payload(invitation, &buffer);
    if (status == PH_OK) {
        memcpy(out, PREFIX "-", PREFIX_LEN + 1);
        put_base32(ph_buffer_bytes(&buffer), out + PREFIX_LEN + 1);
    }
    ph_wipe(&payload, sizeof payload);
    return status;
}

/* --- Reading --- */

static bool is_skipped(uint8_t character)
{
    return character == ' ' || (character >= '\t' && character <= '\r') || character == '-';
}

/* False: longer than any code. */
static bool gather(struct ph_bytes text, struct characters *out)
{
    out->len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t character = text.data[i];
        if (is_skipped(character))
            continue;
        if (out->len == sizeof out->text)
            return false;
        bool is_lower = character >= 'a' && character <= 'z';
        out->text[out->len++] = (char)(is_lower ? character - 'a' + 'A' : character);
    }
    return true;
}

static bool take_base32(const char *text, size_t len, struct payload *out)
{
    uint32_t bits = 0;
    unsigned bit_count = 0;
    out->len = 0;
    for (size_t i = 0; i < len; i++) {
        const char *place = memchr(alphabet, text[i], sizeof alphabet - 1);
        if (place == NULL)
            return false;
        bits = (bits << 5 | (uint32_t)(place - alphabet)) & 0xffff;
        bit_count += 5;
        if (bit_count < 8)
            continue;
        if (out->len == sizeof out->bytes)
            return false;
        bit_count -= 8;
        out->bytes[out->len++] = (uint8_t)(bits >> bit_count);
    }
    /* No whole character may be left over, and the bits that fill up the last one are zero. */
    return bit_count < 5 && (bits & ((1U << bit_count) - 1)) == 0;
}

static bool fits_check(const struct payload *payload)
{
    uint8_t check[CHECK_LEN];
    if (payload->len < FIXED_LEN + CHECK_LEN)
        return false;
    size_t before_len = payload->len - CHECK_LEN;
    put_check(ph_bytes(payload->bytes, before_len), check);
    return memcmp(check, payload->bytes + before_len, CHECK_LEN) == 0;
}

/* One address from `rest`, which it shortens. */
static bool take_address(struct ph_bytes *rest, char out[PH_ADDRESS_LEN_MAX + 1])
{
    if (rest->len < 2)
        return false;
    size_t len = ph_get_u16(rest->data);
    *rest = ph_bytes(rest->data + 2, rest->len - 2);
    if (len == 0 || len > PH_ADDRESS_LEN_MAX || len > rest->len || memchr(rest->data, 0, len))
        return false;
    memcpy(out, rest->data, len);
    out[len] = 0;
    *rest = ph_bytes(rest->data + len, rest->len - len);
    return true;
}

static bool take_school(struct ph_bytes *rest, struct ph_school_id *out)
{
    if (rest->len < sizeof out->bytes)
        return false;
    memcpy(out->bytes, rest->data, sizeof out->bytes);
    *rest = ph_bytes(rest->data + sizeof out->bytes, rest->len - sizeof out->bytes);
    return true;
}

static bool take_payload(const struct payload *payload, struct ph_invitation *out)
{
    *out = (struct ph_invitation){0};
    memcpy(out->network.bytes, payload->bytes, 32);
    memcpy(out->key.bytes, payload->bytes + 32, 32);
    memcpy(out->secret, payload->bytes + 64, sizeof out->secret);
    uint8_t count = payload->bytes[FIXED_LEN - 1];
    out->address_count = count & ((1 << WHAT_SHIFT) - 1);
    if (out->address_count > PH_INVITATION_ADDRESSES_MAX || count >> WHAT_SHIFT > PH_CLAIM_SUCCEED)
        return false;
    out->what = (enum ph_claimed)(count >> WHAT_SHIFT);
    struct ph_bytes rest =
        ph_bytes(payload->bytes + FIXED_LEN, payload->len - FIXED_LEN - CHECK_LEN);
    if (out->what != PH_CLAIM_NONE && !take_school(&rest, &out->school))
        return false;
    for (size_t i = 0; i < out->address_count; i++) {
        if (!take_address(&rest, out->addresses[i]))
            return false;
    }
    return rest.len == 0;
}

/* What stands before the base32. NULL: the prefix of this version. */
static const char *judge_prefix(const struct characters *code)
{
    if (code->len < PREFIX_LEN || memcmp(code->text, PREFIX, PREFIX_LEN - 1) != 0)
        return "This is not an invitation code: those begin with " PREFIX "-.";
    char version = code->text[PREFIX_LEN - 1];
    if (version >= '2' && version <= '9')
        return "This code is from a newer version of pharos: please update this one.";
    if (version != PREFIX[PREFIX_LEN - 1])
        return "The code is mistyped at its beginning: it must be " PREFIX "-.";
    return NULL;
}

/* NULL: read. */
static const char *read_code(const struct characters *code, struct payload *payload,
                             struct ph_invitation *out)
{
    const char *refusal = judge_prefix(code);
    if (refusal != NULL)
        return refusal;
    if (!take_base32(code->text + PREFIX_LEN, code->len - PREFIX_LEN, payload) ||
        !fits_check(payload))
        return "The code is mistyped or incomplete: please compare it with the original.";
    if (!take_payload(payload, out))
        return "The code's addresses can't be read: please ask for a new code.";
    return NULL;
}

enum ph_status ph_invitation_read(struct ph_bytes text, struct ph_invitation *out, char why[200])
{
    struct characters code;
    struct payload payload;
    struct ph_invitation invitation;
    const char *refusal = "This is too long to be an invitation code.";
    if (gather(text, &code))
        refusal = read_code(&code, &payload, &invitation);
    if (refusal == NULL)
        *out = invitation;
    else
        snprintf(why, 200, "%s", refusal);
    ph_wipe(&code, sizeof code);
    ph_wipe(&payload, sizeof payload);
    ph_invitation_wipe(&invitation);
    return refusal == NULL ? PH_OK : PH_REFUSED;
}
