/* Reading known answers: JSON files of PH_VECTORS with bytes as hexadecimal text. Whatever is
 * missing or out of place fails the test. */
#ifndef PHAROS_TESTS_SUPPORT_VECTORS_H
#define PHAROS_TESTS_SUPPORT_VECTORS_H

#include <jansson.h>
#include <stdlib.h>

#include "tests/support/check.h"

#define VECTOR_BYTES_MAX 8192

struct vector_bytes {
    uint8_t data[VECTOR_BYTES_MAX];
    size_t len;
};

/* Owned: json_decref. */
static inline json_t *vectors_open(const char *path)
{
    json_error_t error;
    json_t *vectors = json_load_file(path, 0, &error);
    if (vectors == NULL)
        print_error("%s: %s\n", path, error.text);
    assert_non_null(vectors);
    return vectors;
}

static inline json_t *vector_member(json_t *object, const char *name)
{
    json_t *member = json_object_get(object, name);
    if (member == NULL)
        print_error("no member %s\n", name);
    assert_non_null(member);
    return member;
}

static inline uint8_t vector_nibble(char digit)
{
    const char *place = strchr("0123456789abcdef", digit);
    assert_true(place != NULL && digit != 0);
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static inline struct vector_bytes vector_bytes(json_t *object, const char *name)
{
    const char *hex = json_string_value(vector_member(object, name));
    assert_non_null(hex);
    struct vector_bytes out = {.len = strlen(hex) / 2};
    assert_true(strlen(hex) % 2 == 0 && out.len <= sizeof out.data);
    for (size_t i = 0; i < out.len; i++)
        out.data[i] = (uint8_t)(vector_nibble(hex[2 * i]) << 4 | vector_nibble(hex[2 * i + 1]));
    return out;
}

static inline struct ph_bytes vector_view(const struct vector_bytes *bytes)
{
    return ph_bytes(bytes->data, bytes->len);
}

/* Exactly `len` bytes: a key, an id. */
static inline void vector_fixed(json_t *object, const char *name, void *out, size_t len)
{
    struct vector_bytes bytes = vector_bytes(object, name);
    assert_int_equal(bytes.len, len);
    memcpy(out, bytes.data, len);
}

#endif
