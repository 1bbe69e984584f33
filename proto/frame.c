#include "proto/frame.h"

#include <assert.h>

#include <zstd.h>

#define COMPRESSION_LEVEL 3
#define COMPRESSED_FROM 256 /* bytes: below, there is nothing to win */
#define WINDOW_LOG 17
#define FORM_RAW 0
#define FORM_ZSTD 1
#define ZSTD_FORM_HEAD_LEN 3 /* form and size */

static_assert(PH_FRAME_MESSAGE_MAX <= UINT16_MAX, "a message's size is 16 bits");
static_assert(PH_FRAME_MESSAGE_MAX <= 1 << WINDOW_LOG, "a message fits the window");

enum ph_status ph_frame_parse(struct ph_bytes input, struct ph_bytes *payload, size_t *used)
{
    if (input.len < PH_FRAME_HEAD_LEN)
        return PH_PARTIAL;
    size_t len = ph_get_u16(input.data);
    if (len == 0)
        return PH_MALFORMED;
    if (input.len - PH_FRAME_HEAD_LEN < len)
        return PH_PARTIAL;
    *payload = ph_bytes(input.data + PH_FRAME_HEAD_LEN, len);
    *used = PH_FRAME_HEAD_LEN + len;
    return PH_OK;
}

void ph_frame_put_head(struct ph_buffer *out, size_t payload_len)
{
    assert(payload_len > 0 && payload_len <= PH_FRAME_CIPHER_MAX);
    uint8_t head[PH_FRAME_HEAD_LEN];
    ph_put_u16(head, (uint16_t)payload_len);
    ph_buffer_put(out, head, sizeof head);
}

static bool is_error(size_t result)
{
    return ZSTD_isError(result) != 0;
}

enum ph_status ph_packer_init(struct ph_packer *packer)
{
    *packer = (struct ph_packer){ZSTD_createCCtx(), ZSTD_createDCtx()};
    if (packer->compressor == NULL || packer->decompressor == NULL ||
        is_error(ZSTD_CCtx_setParameter(packer->compressor, ZSTD_c_compressionLevel,
                                        COMPRESSION_LEVEL)) ||
        is_error(ZSTD_CCtx_setParameter(packer->compressor, ZSTD_c_windowLog, WINDOW_LOG))) {
        ph_packer_deinit(packer);
        return PH_NO_MEMORY;
    }
    return PH_OK;
}

void ph_packer_deinit(struct ph_packer *packer)
{
    ZSTD_freeCCtx(packer->compressor);
    ZSTD_freeDCtx(packer->decompressor);
    *packer = (struct ph_packer){0};
}

static bool has_room(const struct ph_buffer *out, size_t len)
{
    return !out->overflow && len <= out->size - out->len;
}

/* Form 1 into `out`; its length, or 0 unless it is shorter than form 0. */
static size_t put_compressed(struct ph_packer *packer, struct ph_bytes message, uint8_t *out)
{
    size_t raw_len = 1 + message.len;
    size_t len = ZSTD_compress2(packer->compressor, out + ZSTD_FORM_HEAD_LEN,
                                raw_len - 1 - ZSTD_FORM_HEAD_LEN, message.data, message.len);
    if (is_error(len)) /* doesn't fit, or no memory: form 0 is always possible */
        return 0;
    out[0] = FORM_ZSTD;
    ph_put_u16(out + 1, (uint16_t)message.len);
    return ZSTD_FORM_HEAD_LEN + len;
}

enum ph_status ph_frame_pack(struct ph_packer *packer, struct ph_bytes message,
                             struct ph_buffer *plain_out)
{
    if (message.len > PH_FRAME_MESSAGE_MAX || !has_room(plain_out, 1 + message.len))
        return PH_LIMIT;
    if (message.len > COMPRESSED_FROM) {
        size_t len = put_compressed(packer, message, plain_out->data + plain_out->len);
        plain_out->len += len;
        if (len != 0)
            return PH_OK;
    }
    const uint8_t form = FORM_RAW;
    ph_buffer_put(plain_out, &form, sizeof form);
    ph_buffer_put(plain_out, message.data, message.len);
    return PH_OK;
}

static enum ph_status unpack_raw(struct ph_bytes message, struct ph_buffer *out)
{
    if (message.len > PH_FRAME_MESSAGE_MAX || !has_room(out, message.len))
        return PH_LIMIT;
    ph_buffer_put(out, message.data, message.len);
    return PH_OK;
}

/* The window that a zstd frame's header asks for (RFC 8878, section 3.1.1.1.2), 0 if there is no
 * such field: the window is then the content, which the caller bounds. We decompress in one piece
 * and need no window, but who streams does; so that all refuse the same frames, all check. */
static uint64_t window_len(struct ph_bytes frame)
{
    bool is_single_segment = (frame.data[4] & 0x20) != 0;
    if (is_single_segment)
        return 0;
    uint64_t base = UINT64_C(1) << (10 + (frame.data[5] >> 3));
    return base + base / 8 * (frame.data[5] & 7);
}

/* `frame` is one zstd frame, nothing after it, that can be decompressed to `len` bytes without a
 * large window. Skippable frames, which yield nothing, have another magic number. */
static bool is_one_frame(struct ph_bytes frame, size_t len)
{
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    if (frame.len < 6 || memcmp(frame.data, magic, sizeof magic) != 0)
        return false;
    unsigned long long claimed = ZSTD_getFrameContentSize(frame.data, frame.len);
    if (claimed != len && claimed != ZSTD_CONTENTSIZE_UNKNOWN)
        return false;
    return window_len(frame) <= 1 << WINDOW_LOG &&
           ZSTD_findFrameCompressedSize(frame.data, frame.len) == frame.len;
}

static enum ph_status unpack_zstd(struct ph_packer *packer, struct ph_bytes body,
                                  struct ph_buffer *out)
{
    if (body.len < 2)
        return PH_MALFORMED;
    size_t len = ph_get_u16(body.data);
    if (len > PH_FRAME_MESSAGE_MAX || !has_room(out, len))
        return PH_LIMIT;
    struct ph_bytes frame = ph_bytes(body.data + 2, body.len - 2);
    if (!is_one_frame(frame, len))
        return PH_MALFORMED;
    size_t made =
        ZSTD_decompressDCtx(packer->decompressor, out->data + out->len, len, frame.data, frame.len);
    if (made != len) /* an error is a number far above any length */
        return PH_MALFORMED;
    out->len += len;
    return PH_OK;
}

enum ph_status ph_frame_unpack(struct ph_packer *packer, struct ph_bytes plain,
                               struct ph_buffer *message_out)
{
    if (plain.len == 0)
        return PH_MALFORMED;
    struct ph_bytes body = ph_bytes(plain.data + 1, plain.len - 1);
    switch (plain.data[0]) {
    case FORM_RAW:
        return unpack_raw(body, message_out);
    case FORM_ZSTD:
        return unpack_zstd(packer, body, message_out);
    default:
        return PH_MALFORMED;
    }
}
