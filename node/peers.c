#include "node/peers.h"

#include <stdlib.h>

#include "node/dial.h"
#include "node/links.h"
#include "node/outbox.h"
#include "node/report.h"
#include "node/spread.h"

#define LOGS_FIRST 64

struct ph_school_tag ph_school_tag(const struct ph_school_id *school)
{
    struct ph_school_tag tag = {{0}};
    ph_hex(school->bytes, 4, tag.text);
    return tag;
}

struct ph_peer *ph_peers_find(struct ph_node *node, ph_conn_id conn)
{
    for (size_t i = 0; i < node->peers_end; i++)
        if (node->peers[i].state != PH_PEER_FREE && node->peers[i].conn == conn)
            return &node->peers[i];
    return NULL;
}

const struct ph_peer *ph_peers_session(const struct ph_node *node,
                                       const struct ph_school_id *school)
{
    for (size_t i = 0; i < node->peers_end; i++)
        if (node->peers[i].state == PH_PEER_OPEN &&
            ph_school_id_equal(&node->peers[i].school, school))
            return &node->peers[i];
    return NULL;
}

struct ph_peer *ph_peers_new(struct ph_node *node, ph_conn_id conn, const char *address,
                             int address_index)
{
    struct ph_peer *peer = NULL;
    bool is_ours = conn % 2 == 1;
    size_t caller_count = 0;
    for (size_t i = 0; i < PH_PEERS_MAX; i++) {
        struct ph_peer *other = &node->peers[i];
        caller_count += other->state != PH_PEER_FREE && !other->is_ours;
        if (other->state == PH_PEER_FREE && peer == NULL)
            peer = other;
    }
    if (peer == NULL || (!is_ours && caller_count >= PH_CALLERS_MAX))
        return NULL;
    *peer = (struct ph_peer){.state = PH_PEER_DIALING,
                             .conn = conn,
                             .is_ours = is_ours,
                             .address_index = address_index,
                             .deadline_ms = UINT64_MAX,
                             .root_due_ms = UINT64_MAX,
                             .heads_due_ms = UINT64_MAX};
    snprintf(peer->address, sizeof peer->address, "%s", address);
    size_t end = (size_t)(peer - node->peers) + 1;
    node->peers_end = end > node->peers_end ? end : node->peers_end;
    return peer;
}

enum ph_status ph_peers_fit_logs(struct ph_peer *peer, uint32_t count)
{
    uint32_t size = peer->log_size == 0 ? LOGS_FIRST : peer->log_size;
    while (size < count)
        size *= 2;
    if (size == peer->log_size)
        return PH_OK;
    struct ph_peer_log *logs = realloc(peer->logs, size * sizeof *logs);
    if (logs == NULL)
        return PH_NO_MEMORY;
    memset(logs + peer->log_size, 0, (size - peer->log_size) * sizeof *logs);
    peer->logs = logs;
    peer->log_size = size;
    return PH_OK;
}

enum ph_status ph_peers_fit_all(struct ph_node *node, uint32_t count)
{
    for (size_t i = 0; i < node->peers_end; i++)
        if (node->peers[i].state == PH_PEER_OPEN)
            PH_TRY(ph_peers_fit_logs(&node->peers[i], count));
    return PH_OK;
}

static void release(struct ph_node *node, struct ph_peer *peer)
{
    ph_spread_on_gone(node, peer);
    node->bytes_in += peer->bytes_in;
    node->bytes_out += peer->bytes_out;
    ph_handshake_wipe(&peer->handshake);
    ph_channel_wipe(&peer->channel);
    free(peer->input);
    free(peer->logs);
    free(peer->news);
    free(peer->facts_theirs);
    uint32_t fact_count = node->facts != NULL ? ph_facts_count(node->facts) : 0;
    for (uint32_t i = 0; i < fact_count; i++)
        if (node->ingest.fact_sources[i] == peer - node->peers + 1)
            node->ingest.fact_sources[i] = 0;
    *peer = (struct ph_peer){.state = PH_PEER_FREE};
    while (node->peers_end != 0 && node->peers[node->peers_end - 1].state == PH_PEER_FREE)
        node->peers_end--;
}

void ph_peers_gone(struct ph_node *node, struct ph_peer *peer, const char *reason)
{
    ph_dial_on_gone(node, peer, reason, false);
    release(node, peer);
}

void ph_peers_hang_up(struct ph_node *node, struct ph_peer *peer, const char *reason,
                      bool is_duplicate)
{
    ph_dial_on_gone(node, peer, reason, is_duplicate);
    node->env.ops->hangup(node->env.impl, peer->conn);
    release(node, peer);
}

/* What the end of a connection means to who looks for the reason of a failure. */
static const char *text_of(enum ph_end_reason reason)
{
    switch (reason) {
    case PH_END_DONE:
        return "the exchange was ended at this side";
    case PH_END_DUPLICATE:
        return "";
    case PH_END_STOPPING:
        return "this node is being switched off";
    case PH_END_UNKNOWN:
        return "the other side did not show in time that it is a member";
    case PH_END_BAD_INPUT:
        return "the other side sent what can't be right";
    case PH_END_USED_UP:
        return "the other side came with an invitation that is used up";
    case PH_END_FULL:
        return "others need the place";
    case PH_END_BARRED:
        return "the other side is removed, or its key or installation is not in use any more";
    }
    return "";
}

void ph_peers_end(struct ph_node *node, struct ph_peer *peer, enum ph_end_reason reason)
{
    if (peer->state == PH_PEER_JUDGING || peer->state == PH_PEER_OPEN) {
        struct ph_buffer message = ph_outbox_message(node);
        ph_message_end(&message, reason);
        if (ph_outbox_send(node, peer, &message) != PH_OK)
            ph_report(node, peer, PH_LOG_DEBUG, "no goodbye could be said");
    }
    ph_peers_hang_up(node, peer, text_of(reason), reason == PH_END_DUPLICATE);
}

void ph_peers_end_all(struct ph_node *node, enum ph_end_reason reason)
{
    for (size_t i = 0; i < node->peers_end; i++)
        if (node->peers[i].state != PH_PEER_FREE)
            ph_peers_end(node, &node->peers[i], reason);
}

void ph_peers_dial(struct ph_node *node, int address_index)
{
    struct ph_address *address = &node->dial.items[address_index];
    ph_conn_id conn = node->dial.next_conn;
    if (address->conn != 0 || node->membership == PH_MEMBERSHIP_NONE || !node->has_writer)
        return;
    struct ph_peer *peer = ph_peers_new(node, conn, address->text, address_index);
    if (peer == NULL) {
        snprintf(address->failure, sizeof address->failure, "too many connections");
        return;
    }
    peer->deadline_ms = node->now_ms + PH_CONNECT_MS_MAX;
    node->dial.next_conn += 2;
    ph_dial_on_begun(address, conn);
    node->env.ops->dial(node->env.impl, conn, address->text);
}

void ph_peers_dial_due(struct ph_node *node)
{
    for (int index = ph_dial_due(node); index >= 0; index = ph_dial_due(node))
        ph_peers_dial(node, index);
    for (int index = ph_links_due(node); index >= 0; index = ph_links_due(node))
        ph_peers_dial(node, index);
}
