#include "proto/channel.h"

#include "pharos/limits.h"
#include "proto/crypto.h"

void ph_channel_wipe(struct ph_channel *channel)
{
    ph_wipe(channel, sizeof *channel);
}

static bool has_room(const struct ph_buffer *out, size_t len)
{
    return !out->overflow && len <= out->size - out->len;
}

/* Noise revision 34, section 5.1, EncryptWithAd with empty ad. */
enum ph_status ph_channel_seal(struct ph_channel *channel, struct ph_bytes plain,
                               struct ph_buffer *out)
{
    if (!channel->is_open)
        return PH_UNAUTHENTIC;
    if (plain.len > PH_FRAME_PLAIN_MAX || !has_room(out, plain.len + PH_FRAME_TAG_LEN) ||
        channel->sending.counter >= PH_FRAMES_PER_KEY_MAX)
        return PH_LIMIT;
    ph_seal(channel->sending.key, channel->sending.counter, ph_bytes(NULL, 0), plain,
            out->data + out->len);
    out->len += plain.len + PH_FRAME_TAG_LEN;
    channel->sending.counter++;
    return PH_OK;
}

/* Noise revision 34, section 5.1, DecryptWithAd with empty ad. Noise would let the same nonce be
 * tried again after a failure; on TCP nothing better can follow, so the channel ends. */
enum ph_status ph_channel_open(struct ph_channel *channel, struct ph_bytes cipher,
                               struct ph_buffer *out)
{
    if (!channel->is_open)
        return PH_UNAUTHENTIC;
    size_t plain_len = cipher.len < PH_FRAME_TAG_LEN ? 0 : cipher.len - PH_FRAME_TAG_LEN;
    if (cipher.len > PH_FRAME_CIPHER_MAX || !has_room(out, plain_len) ||
        channel->receiving.counter >= PH_FRAMES_PER_KEY_MAX)
        return PH_LIMIT;
    if (ph_open(channel->receiving.key, channel->receiving.counter, ph_bytes(NULL, 0), cipher,
                out->data + out->len) != PH_OK) {
        ph_channel_wipe(channel);
        return PH_UNAUTHENTIC;
    }
    out->len += plain_len;
    channel->receiving.counter++;
    return PH_OK;
}
