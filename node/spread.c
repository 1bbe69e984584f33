#include "node/spread.h"

#include "node/branches.h"
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

/* Who asked before it was judged is counted only now. */
enum ph_status ph_spread_on_open(struct ph_node *node, struct ph_peer *peer)
{
    if (peer->is_eager) {
        peer->is_eager = false;
        if (!has_place(node, peer))
            return say_prune(node, peer);
        peer->is_eager = true;
    }
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

/* Two and a half times what was seen of late: the tree is longer from one writer than from another.
 * Where pushes come before heads, a broken way is noticed soon. */
uint64_t ph_spread_patience_ms(const struct ph_node *node)
{
    uint64_t ms = 5 * node->spread.lag_ms / 2;
    ms = ms > PH_GRAFT_MS_MIN ? ms : PH_GRAFT_MS_MIN;
    return ms < PH_GRAFT_MS_MAX ? ms : PH_GRAFT_MS_MAX;
}

static void note_lag(struct ph_node *node, struct ph_log *log)
{
    uint64_t lag_ms = log->heard_ms != 0 ? node->now_ms - log->heard_ms : 0;
    if (lag_ms > PH_GRAFT_MS_MAX + PH_GRAFT_LATE_MS)
        lag_ms = 0; /* that head was of something else, which was wanted */
    uint64_t faded_ms = node->spread.lag_ms - node->spread.lag_ms / 16;
    node->spread.lag_ms = lag_ms > faded_ms ? lag_ms : faded_ms;
    log->heard_ms = 0;
}

/* Of all that is under way at a time one entry is judged, wherever it is heard of in time the same:
 * the one with the lowest id, which nobody chooses. The ways by which it came first, or was
 * written, reach all. To prune at each entry, here for one and there for another, cuts a network
 * with ways to spare into pieces. */
static void begin_judging(struct ph_node *node, const struct ph_locator *entry)
{
    struct ph_spread *spread = &node->spread;
    bool is_new = spread->judged_ms == UINT64_MAX;
    if (!is_new && memcmp(entry->check, spread->judged.check, sizeof entry->check) >= 0)
        return;
    if (is_new)
        spread->judged_ms = node->now_ms + PH_PRUNE_MS;
    spread->judged = *entry;
    for (size_t i = 0; i < node->peers_end; i++)
        node->peers[i].is_slower = false;
}

static bool is_judged(const struct ph_node *node, const struct ph_locator *entry)
{
    const struct ph_spread *spread = &node->spread;
    return spread->judged_ms != UINT64_MAX && entry->seq == spread->judged.seq &&
           memcmp(entry->check, spread->judged.check, sizeof entry->check) == 0;
}

void ph_spread_on_written(struct ph_node *node)
{
    struct ph_locator entry = ph_locator_of(&node->logs.items[node->own_log].row.tip);
    begin_judging(node, &entry);
}

void ph_spread_on_wanted(struct ph_node *node, const struct ph_peer *peer, uint32_t number)
{
    struct ph_locator entry = ph_locator_of(&node->logs.items[number].row.tip);
    if (peer->is_eager)
        begin_judging(node, &entry);
}

void ph_spread_on_new(struct ph_node *node, struct ph_peer *peer, uint32_t number)
{
    struct ph_log *log = &node->logs.items[number];
    struct ph_locator entry = ph_locator_of(&log->row.tip);
    note_lag(node, &node->logs.items[log->first]);
    peer->vain_runs = 0;
    peer->brought_ms = node->now_ms;
    peer->pruned_ms = 0;
    peer->is_eager = peer->is_eager || has_place(node, peer);
    if (peer->is_eager)
        begin_judging(node, &entry);
}

/* What was wanted though it was on its way is a lag like any other. */
enum ph_status ph_spread_on_held(struct ph_node *node, struct ph_peer *peer, uint32_t first,
                                 const struct ph_locator *end)
{
    if (node->logs.items[first].heard_ms != 0)
        note_lag(node, &node->logs.items[first]);
    peer->is_slower = peer->is_slower || is_judged(node, end);
    return ++peer->vain_runs > PH_RUNS_VAIN_MAX ? PH_LIMIT : PH_OK;
}

/* Without another eager peer there is no other way: it was quicker by chance. */
static void prune_slower(struct ph_node *node)
{
    node->spread.judged_ms = UINT64_MAX;
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (peer->state != PH_PEER_OPEN || !peer->is_slower)
            continue;
        peer->is_slower = false;
        if (eager_count(node) - peer->is_eager == 0)
            continue;
        peer->is_eager = false;
        ph_penalty_apply(node, peer, say_prune(node, peer), "pruning");
    }
}

/* --- healing --- */

/* Another session with that school takes its place. What came by it first is judged no more: the
 * others are not slower than nothing. */
void ph_spread_on_gone(struct ph_node *node, const struct ph_peer *peer)
{
    if (peer->state != PH_PEER_OPEN || !peer->is_eager)
        return;
    node->spread.judged_ms = UINT64_MAX;
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *other = &node->peers[i];
        if (other == peer || other->state != PH_PEER_OPEN ||
            !ph_school_id_equal(&other->school, &peer->school))
            continue;
        other->brought_ms = node->now_ms; /* grafted before others */
        node->spread.grafts_due += !other->is_eager;
        return;
    }
    node->spread.grafts_due += PH_GRAFTS_PER_LOSS;
}

/* The lazy one that pushed something new last. */
static struct ph_peer *best_to_graft(struct ph_node *node)
{
    struct ph_peer *best = NULL;
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (peer->state == PH_PEER_OPEN && !peer->is_eager && peer->pruned_ms <= node->now_ms &&
            has_place(node, peer) && (best == NULL || peer->brought_ms > best->brought_ms))
            best = peer;
    }
    return best;
}

/* All at once, and not when a head tells of what was missed: where several are gone, such waits add
 * up. Two for one, since the first may stand on the same side; what is too much is pruned. */
void ph_spread_heal(struct ph_node *node)
{
    if (node->is_stopping) {
        node->spread.judged_ms = UINT64_MAX;
        return;
    }
    if (node->spread.judged_ms <= node->now_ms)
        prune_slower(node);
    if (node->spread.grafts_due == 0 && eager_count(node) == 0)
        node->spread.grafts_due = 1;
    for (; node->spread.grafts_due != 0; node->spread.grafts_due--) {
        struct ph_peer *peer = best_to_graft(node);
        if (peer != NULL)
            ph_penalty_apply(node, peer, ph_spread_graft(node, peer), "grafting");
    }
}
