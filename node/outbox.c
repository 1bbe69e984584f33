#include "node/outbox.h"

struct ph_buffer ph_outbox_message(struct ph_node *node)
{
    return ph_buffer(node->building, PH_FRAME_MESSAGE_MAX);
}

static void send_bytes(struct ph_node *node, struct ph_peer *peer, struct ph_bytes bytes)
{
    peer->outstanding += bytes.len;
    peer->bytes_out += bytes.len;
    node->env.ops->send(node->env.impl, peer->conn, bytes);
}

enum ph_status ph_outbox_send(struct ph_node *node, struct ph_peer *peer,
                              const struct ph_buffer *message)
{
    assert(!message->overflow);
    if (peer->outstanding > PH_OUTBOX_BYTES_HARD_MAX)
        return PH_LIMIT;
    struct ph_buffer plain = ph_buffer(node->plain, PH_FRAME_PLAIN_MAX);
    struct ph_buffer sealed = ph_buffer(node->sealed, PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX);
    PH_TRY(ph_frame_pack(&node->packer, ph_buffer_bytes(message), &plain));
    ph_frame_put_head(&sealed, plain.len + PH_FRAME_TAG_LEN);
    PH_TRY(ph_channel_seal(&peer->channel, ph_buffer_bytes(&plain), &sealed));
    send_bytes(node, peer, ph_buffer_bytes(&sealed));
    return PH_OK;
}

void ph_outbox_send_plain(struct ph_node *node, struct ph_peer *peer, struct ph_bytes message)
{
    struct ph_buffer frame = ph_buffer(node->sealed, PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX);
    ph_frame_put_head(&frame, message.len);
    ph_buffer_put(&frame, message.data, message.len);
    send_bytes(node, peer, ph_buffer_bytes(&frame));
}

bool ph_outbox_has_room(const struct ph_peer *peer)
{
    return peer->outstanding < PH_OUTBOX_BYTES_MAX;
}

void ph_outbox_on_sent(struct ph_peer *peer, size_t len)
{
    assert(len <= peer->outstanding);
    peer->outstanding -= len;
}
