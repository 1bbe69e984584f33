#include "proto/code.h"

#include "proto/crypto.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* The characters of a code without case, white space and hyphens: secret. */
struct characters {
    char text[PH_CODE_CHARACTERS_MAX];
    size_t len;
};

static void put_check(struct ph_bytes before, uint8_t check[PH_CODE_CHECK_LEN])
{
    struct ph_hasher hasher;
    ph_hasher_init(&hasher, PH_DOMAIN_CODE);
    ph_hasher_add(&hasher, before);
    struct ph_hash hash = ph_hasher_end(&hasher);
    memcpy(check, hash.bytes, PH_CODE_CHECK_LEN);
    ph_wipe(&hasher, sizeof hasher);
}

/* --- Writing --- */

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

void ph_code_write(const struct ph_code_form *form, struct ph_buffer *payload, char *out)
{
    size_t prefix_len = strlen(form->prefix);
    put_check(ph_buffer_bytes(payload), payload->data + payload->len);
    memcpy(out, form->prefix, prefix_len);
    out[prefix_len] = '-';
    put_base32(ph_bytes(payload->data, payload->len + PH_CODE_CHECK_LEN), out + prefix_len + 1);
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

static bool take_base32(const char *text, size_t text_len, struct ph_buffer *out)
{
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < text_len; i++) {
        const char *place = memchr(alphabet, text[i], sizeof alphabet - 1);
        if (place == NULL)
            return false;
        bits = (bits << 5 | (uint32_t)(place - alphabet)) & 0xffff;
        bit_count += 5;
        if (bit_count < 8)
            continue;
        bit_count -= 8;
        uint8_t byte = (uint8_t)(bits >> bit_count);
        ph_buffer_put(out, &byte, 1);
    }
    /* No whole character may be left over, and the bits that fill up the last one are zero. */
    return !out->overflow && bit_count < 5 && (bits & ((1U << bit_count) - 1)) == 0;
}

static bool fits_check(const struct ph_buffer *bytes)
{
    uint8_t check[PH_CODE_CHECK_LEN];
    if (bytes->len < PH_CODE_CHECK_LEN)
        return false;
    size_t before_len = bytes->len - PH_CODE_CHECK_LEN;
    put_check(ph_bytes(bytes->data, before_len), check);
    return memcmp(check, bytes->data + before_len, PH_CODE_CHECK_LEN) == 0;
}

/* What stands before the base32. NULL: the prefix of this version. */
static const char *judge_prefix(const struct ph_code_form *form, const struct characters *code)
{
    size_t len = strlen(form->prefix);
    if (code->len < len || memcmp(code->text, form->prefix, len - 1) != 0)
        return form->other;
    char version = code->text[len - 1];
    if (version >= '2' && version <= '9')
        return "This code is from a newer version of pharos: please update this one.";
    return version != form->prefix[len - 1] ? form->beginning : NULL;
}

const char *ph_code_read(const struct ph_code_form *form, struct ph_bytes text, uint8_t *bytes,
                         size_t size, struct ph_bytes *payload)
{
    struct characters code = {.len = 0};
    struct ph_buffer out = ph_buffer(bytes, size);
    size_t prefix_len = strlen(form->prefix);
    const char *refusal = gather(text, &code) ? judge_prefix(form, &code) : form->too_long;
    if (refusal == NULL &&
        (!take_base32(code.text + prefix_len, code.len - prefix_len, &out) || !fits_check(&out)))
        refusal = PH_CODE_MISTYPED;
    ph_wipe(&code, sizeof code);
    if (refusal == NULL)
        *payload = ph_bytes(bytes, out.len - PH_CODE_CHECK_LEN);
    return refusal;
}
