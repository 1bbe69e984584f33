/* Sealed frames after the handshake: one ChaCha20-Poly1305 key for each direction, the nonce a
 * counter that starts at 0 and is never sent (Noise revision 34, sections 5.1 and 11.2: transport
 * messages without associated data).
 *
 * Frames must be opened in the order in which they were sealed: TCP keeps it, so a frame that was
 * changed, lost, repeated, moved or reflected does not open, and with it ends the channel. */
#ifndef PHAROS_PROTO_CHANNEL_H
#define PHAROS_PROTO_CHANNEL_H

#include "pharos/bytes.h"
#include "pharos/status.h"

/* Secret. A key must never be in two of these: two frames would share a nonce. */
struct ph_channel_half {
    uint8_t key[32];
    uint64_t counter; /* frames sealed or opened so far */
};

/* Filled by ph_handshake_split. A zeroed one is closed. */
struct ph_channel {
    struct ph_channel_half sending;
    struct ph_channel_half receiving;
    bool is_open;
};

/* Forget the keys. The channel is closed from then on. */
void ph_channel_wipe(struct ph_channel *channel);

/* Append `plain`, sealed, to `out`: plain.len + PH_FRAME_TAG_LEN bytes. `plain` must not lie in
 * the place that is written.
 * PH_LIMIT: longer than PH_FRAME_PLAIN_MAX, no room in `out`, or PH_FRAMES_PER_KEY_MAX frames were
 * sealed before; nothing has changed. PH_UNAUTHENTIC: the channel is closed. */
PH_MUST_USE enum ph_status ph_channel_seal(struct ph_channel *channel, struct ph_bytes plain,
                                           struct ph_buffer *out);

/* Append what `cipher` holds to `out`: cipher.len - PH_FRAME_TAG_LEN bytes. `cipher` must not lie
 * in the place that is written.
 * PH_UNAUTHENTIC: the seal does not fit; both directions are wiped and closed, and every later
 * call returns this. PH_LIMIT: longer than PH_FRAME_CIPHER_MAX, no room in `out`, or
 * PH_FRAMES_PER_KEY_MAX frames were opened before; nothing has changed. On failure `out` keeps its
 * length, what lies behind it is undefined. */
PH_MUST_USE enum ph_status ph_channel_open(struct ph_channel *channel, struct ph_bytes cipher,
                                           struct ph_buffer *out);

#endif
