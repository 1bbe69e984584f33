#include "node/peer.h"

#include <stdlib.h>

#include "node/author.h"
#include "node/crowd.h"
#include "node/dial.h"
#include "node/opening.h"
#include "node/outbox.h"
#include "node/peers.h"
#include "node/penalty.h"
#include "node/receipts.h"
#include "node/report.h"
#include "node/serve.h"
#include "node/spread.h"
#include "node/sync.h"
#include "node/welcome.h"

#define PROLOGUE_TEXT "pharos 1"

/* --- handshake --- */

static void begin_handshake(struct ph_node *node, struct ph_peer *peer)
{
    uint8_t prologue[sizeof PROLOGUE_TEXT - 1 + sizeof node->network.bytes];
    struct ph_agree_secret ephemeral;
    struct ph_handshake_config config = {.role = peer->is_ours ? PH_HANDSHAKE_INITIATOR
                                                               : PH_HANDSHAKE_RESPONDER,
                                         .pattern = PH_HANDSHAKE_XX,
                                         .psk_places = PH_HANDSHAKE_PSK(0),
                                         .psks = &node->network_key,
                                         .prologue = {.data = prologue, .len = sizeof prologue},
                                         .static_key = &node->transport_secret,
                                         .ephemeral_key = &ephemeral};
    memcpy(prologue, PROLOGUE_TEXT, sizeof PROLOGUE_TEXT - 1);
    memcpy(prologue + sizeof PROLOGUE_TEXT - 1, node->network.bytes, sizeof node->network.bytes);
    node->env.ops->random(node->env.impl, ephemeral.bytes, sizeof ephemeral.bytes);
    ph_handshake_init(&peer->handshake, &config);
    ph_wipe(&ephemeral, sizeof ephemeral);
}

/* Message 1 is empty, message 2 a hello; message 3 a hello with our root, if we know who
 * answered. */
static enum ph_status write_greeting(struct ph_node *node, struct ph_peer *peer)
{
    uint8_t hello_bytes[PH_HANDSHAKE_PAYLOAD_MAX];
    uint8_t message_bytes[PH_HANDSHAKE_PAYLOAD_MAX + 128];
    struct ph_buffer payload = ph_buffer(hello_bytes, sizeof hello_bytes);
    struct ph_buffer message = ph_buffer(message_bytes, sizeof message_bytes);
    if (!peer->is_ours || ph_handshake_remote_static(&peer->handshake) != NULL) {
        struct ph_hello hello = {.has_root = peer->is_ours && ph_welcome_is_due(node, peer),
                                 .root = node->logs.root};
        PH_TRY(ph_author_certificate(node, &hello.certificate));
        ph_hello_encode(&payload, &hello);
        assert(!payload.overflow);
        if (hello.has_root)
            peer->root_sent = hello.root;
    }
    PH_TRY(ph_handshake_write(&peer->handshake, ph_buffer_bytes(&payload), &message));
    ph_outbox_send_plain(node, peer, ph_buffer_bytes(&message));
    return PH_OK;
}

static enum ph_status read_hello(struct ph_node *node, struct ph_peer *peer,
                                 struct ph_bytes payload)
{
    const struct ph_agree_public *transport = ph_handshake_remote_static(&peer->handshake);
    struct ph_hello hello;
    if (payload.len > PH_HANDSHAKE_PAYLOAD_MAX)
        return PH_LIMIT;
    PH_TRY(ph_hello_decode(payload, &hello));
    if (hello.has_root && peer->is_ours)
        return PH_MALFORMED;
    PH_TRY(ph_certificate_verify(&hello.certificate, &node->network, transport));
    peer->theirs = hello.certificate;
    peer->transport = *transport;
    peer->has_their_root = hello.has_root;
    peer->their_root = hello.root;
    return PH_OK;
}

static bool is_own_key(const struct ph_node *node, const struct ph_peer *peer)
{
    return ph_agree_public_equal(&peer->transport, &node->transport);
}

static enum ph_status take_greeting(struct ph_node *node, struct ph_peer *peer,
                                    struct ph_bytes frame)
{
    struct ph_buffer payload = ph_buffer(node->arriving, PH_FRAME_MESSAGE_MAX);
    PH_TRY(ph_handshake_read(&peer->handshake, frame, &payload));
    peer->has_key = true;
    ph_dial_on_reached(node, peer, PH_REACH_GREETED);
    if (ph_handshake_remote_static(&peer->handshake) != NULL)
        PH_TRY(read_hello(node, peer, ph_buffer_bytes(&payload)));
    else if (payload.len != 0)
        return PH_MALFORMED;
    if (!ph_handshake_is_done(&peer->handshake))
        PH_TRY(write_greeting(node, peer));
    if (!ph_handshake_is_done(&peer->handshake))
        return PH_OK;
    memcpy(peer->session.bytes, ph_handshake_hash(&peer->handshake), sizeof peer->session.bytes);
    ph_handshake_split(&peer->handshake, &peer->channel);
    if (is_own_key(node, peer) && peer->is_ours)
        ph_opening_find_ourselves(node, peer);
    ph_handshake_wipe(&peer->handshake);
    return ph_opening_begin(node, peer);
}

void ph_peer_on_up(struct ph_node *node, ph_conn_id conn, const char *address)
{
    struct ph_peer *peer = ph_peers_find(node, conn);
    if (peer == NULL && node->membership != PH_MEMBERSHIP_NONE && node->has_writer) {
        ph_crowd_make_room(node);
        peer = ph_peers_new(node, conn, address, -1);
    }
    if (peer == NULL) {
        node->env.ops->hangup(node->env.impl, conn);
        return;
    }
    peer->state = PH_PEER_GREETING;
    peer->up_ms = node->now_ms;
    peer->heard_ms = node->now_ms;
    peer->came_ms = node->now_ms;
    peer->deadline_ms = node->now_ms + PH_HANDSHAKE_MS_MAX;
    peer->input = malloc(PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX);
    if (peer->input == NULL) {
        ph_peers_end(node, peer, PH_END_STOPPING);
        return;
    }
    begin_handshake(node, peer);
    ph_dial_on_reached(node, peer, PH_REACH_CONNECTED);
    if (peer->is_ours)
        ph_penalty_apply(node, peer, write_greeting(node, peer), "greeting");
}

/* --- messages --- */

typedef enum ph_status message_action(struct ph_node *node, struct ph_peer *peer,
                                      struct ph_message *message);

static enum ph_status take_end(struct ph_node *node, struct ph_peer *peer,
                               struct ph_message *message)
{
    static const char *const reasons[] = {
        [PH_END_DONE] = "done",
        [PH_END_STOPPING] = "it is being switched off",
        [PH_END_UNKNOWN] = "it doesn't know our school and can't admit it",
        [PH_END_DUPLICATE] = "another connection stays",
        [PH_END_BAD_INPUT] = "it refused what we sent",
        [PH_END_USED_UP] = "the invitation has been used as often as it may",
        [PH_END_FULL] = "it has no place left",
        [PH_END_BARRED] = "this school, its key or this installation is shut out there",
    };
    const char *reason = reasons[message->of.end.reason];
    ph_report(node, peer, PH_LOG_INFO, "the other side ended: %s", reason);
    if (message->of.end.reason == PH_END_BARRED)
        ph_dial_on_barred(node, peer);
    ph_peers_hang_up(node, peer, reason, message->of.end.reason == PH_END_DUPLICATE);
    return PH_OK;
}

/* No rule: PH_MALFORMED. Messages that say only where the other side stands may come early, since
 * it may know us before we know it. */
static const struct {
    enum ph_peer_state in;
    enum ph_message_type on;
    message_action *action;
} rules[] = {
    {PH_PEER_JUDGING, PH_MESSAGE_ROOT, ph_opening_keep_root},
    {PH_PEER_JUDGING, PH_MESSAGE_WHO, ph_opening_introduce},
    {PH_PEER_JUDGING, PH_MESSAGE_INTRODUCE, ph_opening_take_introduction},
    {PH_PEER_JUDGING, PH_MESSAGE_END, take_end},
    {PH_PEER_JUDGING, PH_MESSAGE_TWIN, ph_opening_take_twin},
    {PH_PEER_JUDGING, PH_MESSAGE_PRUNE, ph_spread_take_prune},
    {PH_PEER_JUDGING, PH_MESSAGE_GRAFT, ph_spread_take_graft},
    {PH_PEER_OPEN, PH_MESSAGE_ROOT, ph_opening_take_root},
    {PH_PEER_OPEN, PH_MESSAGE_WHO, ph_opening_introduce},
    {PH_PEER_OPEN, PH_MESSAGE_INTRODUCE, ph_opening_take_introduction},
    {PH_PEER_OPEN, PH_MESSAGE_FACT_IDS, ph_opening_take_fact_ids},
    {PH_PEER_OPEN, PH_MESSAGE_FACTS, ph_opening_take_facts},
    {PH_PEER_OPEN, PH_MESSAGE_HEADS, ph_sync_take_heads},
    {PH_PEER_OPEN, PH_MESSAGE_WANT, ph_serve_take_want},
    {PH_PEER_OPEN, PH_MESSAGE_RUN, ph_sync_take_run},
    {PH_PEER_OPEN, PH_MESSAGE_FILL, ph_sync_take_fill},
    {PH_PEER_OPEN, PH_MESSAGE_END, take_end},
    {PH_PEER_OPEN, PH_MESSAGE_TWIN, ph_opening_take_twin},
    {PH_PEER_OPEN, PH_MESSAGE_PRUNE, ph_spread_take_prune},
    {PH_PEER_OPEN, PH_MESSAGE_GRAFT, ph_spread_take_graft},
    {PH_PEER_OPEN, PH_MESSAGE_RECEIPT, ph_receipts_take},
    {PH_PEER_OPEN, PH_MESSAGE_RECEIPTS, ph_receipts_take_list},
};

static enum ph_status take_message(struct ph_node *node, struct ph_peer *peer,
                                   struct ph_bytes frame)
{
    struct ph_buffer plain = ph_buffer(node->plain, PH_FRAME_PLAIN_MAX);
    struct ph_buffer arriving = ph_buffer(node->arriving, PH_FRAME_MESSAGE_MAX);
    struct ph_message message;
    PH_TRY(ph_channel_open(&peer->channel, frame, &plain));
    if (is_own_key(node, peer))
        return ph_opening_meet_copy(node, peer);
    PH_TRY(ph_frame_unpack(&node->packer, ph_buffer_bytes(&plain), &arriving));
    PH_TRY(ph_message_decode(ph_buffer_bytes(&arriving), &message));
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].in == peer->state && rules[i].on == message.type)
            return rules[i].action(node, peer, &message);
    return PH_MALFORMED;
}

/* One frame; PH_PARTIAL: it has not come whole. */
static enum ph_status take_frame(struct ph_node *node, struct ph_peer *peer, size_t *used)
{
    struct ph_bytes frame;
    PH_TRY(ph_frame_parse(ph_bytes(peer->input, peer->input_len), &frame, used));
    peer->heard_ms = node->now_ms;
    if (peer->state == PH_PEER_GREETING)
        return take_greeting(node, peer, frame);
    if (peer->state == PH_PEER_OPEN)
        peer->deadline_ms = UINT64_MAX; /* it lives (opening: twins) */
    return take_message(node, peer, frame);
}

/* Whatever a frame leads to, the peer may be gone afterwards; its place may not be someone else's
 * within this step, since places are given out by events and commands only. */
static bool take_frames(struct ph_node *node, struct ph_peer *peer)
{
    for (;;) {
        size_t used = 0;
        enum ph_status status = take_frame(node, peer, &used);
        if (status == PH_PARTIAL && used == 0)
            return true;
        if (peer->state == PH_PEER_FREE)
            return false;
        ph_penalty_apply(node, peer, status, "input");
        if (peer->state == PH_PEER_FREE || node->failure != PH_OK)
            return false;
        peer->input_len -= used;
        memmove(peer->input, peer->input + used, peer->input_len);
    }
}

void ph_peer_on_data(struct ph_node *node, ph_conn_id conn, struct ph_bytes bytes)
{
    struct ph_peer *peer = ph_peers_find(node, conn);
    if (peer == NULL || peer->state == PH_PEER_DIALING)
        return;
    peer->bytes_in += bytes.len;
    peer->came_ms = node->now_ms;
    while (bytes.len != 0) {
        size_t room = PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX - peer->input_len;
        size_t len = bytes.len < room ? bytes.len : room;
        memcpy(peer->input + peer->input_len, bytes.data, len);
        peer->input_len += len;
        bytes = ph_bytes(bytes.data + len, bytes.len - len);
        if (!take_frames(node, peer))
            return;
    }
}

void ph_peer_on_sent(struct ph_node *node, ph_conn_id conn, size_t len)
{
    struct ph_peer *peer = ph_peers_find(node, conn);
    if (peer == NULL)
        return;
    bool had_room = ph_outbox_has_room(peer);
    ph_outbox_on_sent(peer, len);
    if (peer->state != PH_PEER_OPEN)
        return;
    enum ph_status status = ph_opening_pump(node, peer);
    if (status == PH_OK)
        status = ph_serve_pump(node, peer);
    if (status == PH_OK && !had_room)
        status = ph_sync_announce(node, peer);
    ph_penalty_apply(node, peer, status, "sending");
}

void ph_peer_on_down(struct ph_node *node, ph_conn_id conn, const char *reason)
{
    struct ph_peer *peer = ph_peers_find(node, conn);
    if (peer == NULL)
        return;
    ph_report(node, peer, peer->state == PH_PEER_DIALING ? PH_LOG_DEBUG : PH_LOG_INFO, "%s",
              reason);
    ph_peers_gone(node, peer, reason);
}

/* --- time --- */

static void check_peer(struct ph_node *node, struct ph_peer *peer)
{
    bool is_over = peer->deadline_ms <= node->now_ms;
    bool is_silent = node->now_ms - peer->came_ms >= PH_SILENCE_MS_MAX;
    if (peer->state == PH_PEER_DIALING && is_over) {
        ph_peers_hang_up(node, peer, "no answer", false);
    } else if (peer->state != PH_PEER_OPEN && is_over) {
        ph_report(node, peer, PH_LOG_INFO, "gave no sign in time who it is");
        ph_peers_end(node, peer, PH_END_UNKNOWN);
    } else if (peer->state == PH_PEER_OPEN && (is_over || is_silent)) {
        ph_report(node, peer, PH_LOG_INFO, "silent for too long");
        ph_peers_end(node, peer, PH_END_DONE);
    } else if (peer->state == PH_PEER_OPEN) {
        enum ph_status status = ph_opening_on_wake(node, peer);
        ph_penalty_apply(node, peer, status == PH_OK ? ph_sync_on_wake(node, peer) : status,
                         "sending");
    }
}

void ph_peer_on_wake(struct ph_node *node)
{
    for (size_t i = 0; i < node->peers_end; i++)
        if (node->peers[i].state != PH_PEER_FREE)
            check_peer(node, &node->peers[i]);
}
