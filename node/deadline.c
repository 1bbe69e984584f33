#include "node/deadline.h"

#include "node/beacon.h"
#include "node/command.h"
#include "node/dial.h"
#include "node/ingest.h"
#include "node/links.h"
#include "node/publish.h"
#include "node/receipts.h"
#include "node/writer.h"

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t of_wants(const struct ph_peer *peer, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++) {
        const struct ph_want *want = &peer->wants[i];
        if (want->is_active)
            next = earlier(next, want->deadline_ms);
        if (want->is_active && want->late_ms > now_ms)
            next = earlier(next, want->late_ms);
    }
    return next;
}

static uint64_t of_peer(const struct ph_peer *peer, uint64_t now_ms)
{
    uint64_t next = peer->deadline_ms;
    if (peer->state != PH_PEER_OPEN)
        return next;
    next = earlier(next, peer->came_ms + PH_SILENCE_MS_MAX);
    next = earlier(next, peer->root_due_ms);
    next = earlier(next, peer->heads_due_ms);
    if (peer->root_is_unjudged && peer->root_judged_ms > now_ms)
        next = earlier(next, peer->root_judged_ms);
    return earlier(next, of_wants(peer, now_ms));
}

void ph_deadline_set_alarm(struct ph_node *node)
{
    uint64_t next = earlier(ph_dial_next_ms(node), ph_command_next_ms(node));
    next = earlier(next, ph_writer_next_ms(node));
    next = earlier(next, ph_links_next_ms(node));
    next = earlier(next, ph_beacon_next_ms(node));
    next = earlier(next, ph_publish_next_ms(node));
    next = earlier(next, ph_receipts_next_ms(node));
    next = earlier(next, node->logs.next_want_ms);
    next = earlier(next, node->spread.judged_ms);
    if (ph_ingest_is_full(node))
        next = earlier(next, node->ingest.full_until_ms);
    for (size_t i = 0; i < node->peers_end; i++)
        if (node->peers[i].state != PH_PEER_FREE)
            next = earlier(next, of_peer(&node->peers[i], node->now_ms));
    if (next == node->alarm_ms)
        return;
    node->alarm_ms = next;
    node->env.ops->wake_at(node->env.impl, next);
}
