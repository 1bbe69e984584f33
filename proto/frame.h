/* What a stream consists of. A frame is a 2-byte big-endian length, not 0, and that many bytes: a
 * handshake message, then sealed plaintexts. A plaintext is one form byte and
 *   form 0: the message
 *   form 1: the message's size, 2 bytes big-endian, and one zstd frame that yields exactly so much
 * Never more than PH_FRAME_MESSAGE_MAX bytes come out, whatever the sender says. */
#ifndef PHAROS_PROTO_FRAME_H
#define PHAROS_PROTO_FRAME_H

#include "pharos/bytes.h"
#include "pharos/limits.h"
#include "pharos/status.h"

#define PH_FRAME_HEAD_LEN 2
#define PH_FRAME_MESSAGE_MAX (PH_FRAME_PLAIN_MAX - 1) /* (wire) bytes */

/* The frame at the start of `input`: `payload` borrows from it, `used` bytes of it are the frame.
 * PH_PARTIAL: ends early, nothing written. PH_MALFORMED: length 0. */
PH_MUST_USE enum ph_status ph_frame_parse(struct ph_bytes input, struct ph_bytes *payload,
                                          size_t *used);

/* Start a frame in `out`; the caller appends the payload, from 1 to PH_FRAME_CIPHER_MAX bytes. */
void ph_frame_put_head(struct ph_buffer *out, size_t payload_len);

/* One compression and one decompression context, shared by all connections of a node: about 1 MiB
 * in all, kept from the first use on. */
struct ph_packer {
    struct ZSTD_CCtx_s *compressor;
    struct ZSTD_DCtx_s *decompressor;
};

/* PH_NO_MEMORY: `packer` is as good as zeroed. */
PH_MUST_USE enum ph_status ph_packer_init(struct ph_packer *packer);
void ph_packer_deinit(struct ph_packer *packer);

/* Append the plaintext that carries `message` to `plain_out`, compressed if that is shorter.
 * PH_LIMIT: longer than PH_FRAME_MESSAGE_MAX, or no room for it in form 0; nothing appended. */
PH_MUST_USE enum ph_status ph_frame_pack(struct ph_packer *packer, struct ph_bytes message,
                                         struct ph_buffer *plain_out);

/* Append the message that `plain` carries to `message_out`, which has PH_FRAME_MESSAGE_MAX bytes
 * of room. They must not overlap. PH_MALFORMED: no form, or not exactly one zstd frame (with a
 * window of at most 128 KiB, without dictionary) that yields exactly the size before it.
 * PH_LIMIT: a larger message. After a failure `message_out` keeps its length; what lies behind
 * it is undefined. */
PH_MUST_USE enum ph_status ph_frame_unpack(struct ph_packer *packer, struct ph_bytes plain,
                                           struct ph_buffer *message_out);

#endif
