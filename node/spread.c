#include "node/spread.h"

#include "node/outbox.h"
#include "node/penalty.h"
#include "node/serve.h"

/* --- who is eager --- */

static uint32_t eager_count(const struct ph_node *node)
{
    uint32_t count = 0;
    for (size_t i = 0; i < node->peers_end; i++)
        count += node->peers[i].state == PH_PEER_OPEN && node->peers[i].is_eager;
    return count;
}

bool ph_spread_has_eager(const struct ph_node *node)
{
    return eager_count(node) != 0;
}

/* Nobody takes all places, by as many sessions as a school may have. */
static bool has_place(const struct ph_node *node, const struct ph_peer *asker)
{
    uint32_t count = 0, of_school = 0;
    for (size_t i = 0; i < node->peers_end; i++) {
        const struct ph_peer *peer = &node->peers[i];
        if (peer->state != PH_PEER_OPEN || !peer->is_eager)
            continue;
        count++;
        of_school += ph_school_id_equal(&peer->school, &asker->school);
    }
    return count < PH_EAGER_MAX && of_school < PH_EAGER_PER_SCHOOL_MAX;
}

static enum ph_status say_prune(struct ph_node *node, struct ph_peer *peer)
{
    struct ph_buffer message = ph_outbox_message(node);
    ph_message_prune(&message);
    return ph_outbox_send(node, peer, &message);
}

enum ph_status ph_spread_graft(struct ph_node *node, struct ph_peer *peer)
{
    if (peer->is_eager || !has_place(node, peer) || peer->pruned_ms > node->now_ms)
        return PH_OK;
    peer->is_eager = true;
    struct ph_buffer message = ph_outbox_message(node);
    ph_message_graft(&message);
    return ph_outbox_send(node, peer, &message);
}

/* They have another way, or push to enough others. */
enum ph_status ph_spread_take_prune(struct ph_node *node, struct ph_peer *peer,
                                    struct ph_message *message)
{
    (void)message;
    peer->is_eager = false;
    peer->pruned_ms = node->now_ms + PH_GRAFT_AGAIN_MS;
    return PH_OK;
}

/* Who asks for more than we push to stays with heads, and is told so. */
enum ph_status ph_spread_take_graft(struct ph_node *node, struct ph_peer *peer,
                                    struct ph_message *message)
{
    (void)message;
    if (!peer->is_eager && !has_place(node, peer))
        return say_prune(node, peer);
    peer->is_eager = true;
    return PH_OK;
}

enum ph_status ph_spread_on_open(struct ph_node *node, struct ph_peer *peer)
{
    return eager_count(node) < PH_EAGER_FIRST ? ph_spread_graft(node, peer) : PH_OK;
}

/* --- what is pushed --- */

/* Of those before it they are fetching, or hold nothing: then they would get it twice, or in
 * vain. */
static enum ph_status push_log(struct ph_node *node, struct ph_peer *peer, uint32_t number)
{
    const struct ph_log *log = &node->logs.items[number];
    struct ph_peer_log *known = &peer->logs[number];
    uint32_t seq = known->assumed;
    if (seq < log->before || seq < log->pulled)
        return PH_OK;
    if (peer->logs[log->first].further.seq >= log->durable.seq)
        return PH_OK; /* most likely they hold it */
    while (seq < log->durable.seq && log->durable.seq - seq <= PH_PUSH_ENTRIES_MAX &&
           ph_outbox_has_room(peer))
        PH_TRY(ph_serve_run(node, peer, number, &seq));
    if (seq == log->durable.seq && known->theirs < seq)
        known->announced = seq; /* the run says it */
    return PH_OK;
}

enum ph_status ph_spread_push(struct ph_node *node, struct ph_peer *peer)
{
    if (!peer->is_eager || !peer->heads_heard)
        return PH_OK;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        if (log->durable.seq > log->before && !log->is_left_out)
            PH_TRY(push_log(node, peer, i));
    }
    return PH_OK;
}

/* --- what is pushed to us --- */

void ph_spread_on_new(struct ph_node *node, struct ph_peer *peer)
{
    peer->vain_runs = 0;
    peer->brought_ms = node->now_ms;
    peer->pruned_ms = 0;
    peer->is_eager = peer->is_eager || has_place(node, peer);
}

/* Without another eager peer there is no other way: it was quicker by chance. */
enum ph_status ph_spread_on_held(struct ph_node *node, struct ph_peer *peer)
{
    if (++peer->vain_runs > PH_RUNS_VAIN_MAX)
        return PH_LIMIT;
    if (eager_count(node) - peer->is_eager == 0)
        return PH_OK;
    peer->is_eager = false;
    return say_prune(node, peer);
}

/* --- healing --- */

static bool may_be_grafted(const struct ph_node *node, const struct ph_peer *peer)
{
    return peer->state == PH_PEER_OPEN && peer->pruned_ms <= node->now_ms;
}

void ph_spread_heal(struct ph_node *node)
{
    struct ph_peer *best = NULL;
    if (node->is_stopping || eager_count(node) != 0)
        return;
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (may_be_grafted(node, peer) && (best == NULL || peer->brought_ms > best->brought_ms))
            best = peer;
    }
    if (best != NULL)
        ph_penalty_apply(node, best, ph_spread_graft(node, best), "grafting");
}
