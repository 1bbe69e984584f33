/* A borrowed view of bytes, and a bounded place to write bytes to. Neither owns memory. */
#ifndef PHAROS_BYTES_H
#define PHAROS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed: valid as long as whoever lent it says. `data` may be NULL when `len` is 0. */
struct ph_bytes {
    const uint8_t *data;
    size_t len;
};

static inline struct ph_bytes ph_bytes(const void *data, size_t len)
{
    return (struct ph_bytes){.data = data, .len = len};
}

static inline struct ph_bytes ph_bytes_text(const char *text)
{
    return ph_bytes(text, strlen(text));
}

static inline bool ph_bytes_equal(struct ph_bytes a, struct ph_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Order by content, a shorter one before its extensions. */
static inline int ph_bytes_compare(struct ph_bytes a, struct ph_bytes b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The beginning of a UTF-8 text, at most `len_max` bytes, without a torn letter at its end. */
static inline struct ph_bytes ph_bytes_cut(struct ph_bytes text, size_t len_max)
{
    if (text.len <= len_max)
        return text;
    while (len_max != 0 && (text.data[len_max] & 0xc0) == 0x80)
        len_max--;
    return ph_bytes(text.data, len_max);
}

/* An append-only view of a caller's buffer. Writing past `size` sets `overflow`, writes nothing
 * more, and is checked once at the end, so encoders need no test after each item. */
struct ph_buffer {
    uint8_t *data;
    size_t len;
    size_t size;
    bool overflow;
};

static inline struct ph_buffer ph_buffer(void *data, size_t size)
{
    return (struct ph_buffer){.data = data, .size = size};
}

static inline void ph_buffer_put(struct ph_buffer *buffer, const void *data, size_t len)
{
    if (buffer->overflow || len > buffer->size - buffer->len) {
        buffer->overflow = true;
        return;
    }
    if (len != 0)
        memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
}

static inline struct ph_bytes ph_buffer_bytes(const struct ph_buffer *buffer)
{
    return ph_bytes(buffer->data, buffer->len);
}

/* Lower-case hex digits of `len` bytes into `out`, 2 * len letters without a final zero. */
static inline void ph_hex(const void *bytes, size_t len, char *out)
{
    const uint8_t *from = (const uint8_t *)bytes;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = "0123456789abcdef"[from[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[from[i] & 15];
    }
}

/* Big-endian integers, as headers and keys use them. */
static inline void ph_put_u16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static inline void ph_put_u32(uint8_t *out, uint32_t value)
{
    ph_put_u16(out, (uint16_t)(value >> 16));
    ph_put_u16(out + 2, (uint16_t)value);
}

static inline void ph_put_u64(uint8_t *out, uint64_t value)
{
    ph_put_u32(out, (uint32_t)(value >> 32));
    ph_put_u32(out + 4, (uint32_t)value);
}

static inline uint16_t ph_get_u16(const uint8_t *in)
{
    return (uint16_t)(in[0] << 8 | in[1]);
}

static inline uint32_t ph_get_u32(const uint8_t *in)
{
    return (uint32_t)ph_get_u16(in) << 16 | ph_get_u16(in + 2);
}

static inline uint64_t ph_get_u64(const uint8_t *in)
{
    return (uint64_t)ph_get_u32(in) << 32 | ph_get_u32(in + 4);
}

#endif
