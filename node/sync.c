#include "node/sync.h"

#include "node/branches.h"
#include "node/ends.h"
#include "node/ingest.h"
#include "node/outbox.h"
#include "node/receipts.h"
#include "node/runs.h"
#include "node/spread.h"
#include "node/want.h"
#include "node/witness.h"

enum ph_status ph_sync_send_root(struct ph_node *node, struct ph_peer *peer)
{
    struct ph_buffer message = ph_outbox_message(node);
    ph_message_root(&message, &node->logs.fact_set, &node->logs.root);
    peer->root_sent = node->logs.root;
    peer->root_due_ms = node->now_ms + PH_IDLE_ROOT_MS;
    return ph_outbox_send(node, peer, &message);
}

/* --- heads --- */

static struct ph_head head_of(const struct ph_log *log)
{
    return (struct ph_head){
        .writer = log->row.writer, .seq = log->durable.seq, .id = log->durable.id};
}

static enum ph_status send_heads(struct ph_node *node, struct ph_peer *peer,
                                 const struct ph_head *heads, uint32_t count)
{
    const struct ph_ends *logs = &node->logs;
    /* Each message names the next few holes: nobody can fill the list with those that never
     * heal. */
    uint32_t first = peer->next_hole < logs->hole_count ? peer->next_hole : 0;
    uint32_t rest = logs->hole_count - first;
    uint32_t hole_count = rest < PH_HOLES_PER_HEADS_MAX ? rest : PH_HOLES_PER_HEADS_MAX;
    struct ph_buffer message = ph_outbox_message(node);
    const struct ph_hole *holes = hole_count != 0 ? logs->holes + first : NULL;
    ph_message_heads(&message, heads, count, holes, hole_count);
    peer->next_hole = first + hole_count;
    return ph_outbox_send(node, peer, &message);
}

/* What changed since we last told them. An empty list is said too when they wait for our first. */
static enum ph_status send_changed_heads(struct ph_node *node, struct ph_peer *peer,
                                         bool even_empty)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        if (log->durable.seq == peer->logs[i].announced || !ph_ends_is_announced(log))
            continue;
        peer->logs[i].announced = log->durable.seq;
        node->heads[count++] = head_of(log);
        if (count == PH_MESSAGE_HEADS_MAX) {
            PH_TRY(send_heads(node, peer, node->heads, count));
            count = 0;
            even_empty = false;
        }
    }
    return count != 0 || even_empty ? send_heads(node, peer, node->heads, count) : PH_OK;
}

enum ph_status ph_sync_send_all_heads(struct ph_node *node, struct ph_peer *peer)
{
    if (!peer->heads_begun)
        ph_receipts_again(node, peer);
    peer->heads_begun = true;
    for (uint32_t i = 0; i < node->logs.count; i++)
        peer->logs[i].announced = 0;
    return send_changed_heads(node, peer, true);
}

static enum ph_status take_head(struct ph_node *node, struct ph_peer *peer,
                                const struct ph_head *head)
{
    int first = ph_ends_find(node, &head->writer);
    struct ph_locator locator = {.seq = head->seq};
    if (first < 0 || node->logs.items[first].is_closed)
        return PH_OK; /* its certify fact is not here yet: roots will differ, facts come first */
    memcpy(locator.check, head->id.bytes, sizeof locator.check);
    return ph_want_note_head(node, peer, (uint32_t)first, &locator);
}

/* --- holes --- */

/* From whichever branch has it: the hash in the receiver's header says which one it was. */
static enum ph_status send_fill(struct ph_node *node, struct ph_peer *peer,
                                const struct ph_view *view, const struct ph_hole *hole)
{
    int first = ph_ends_find(node, &hole->writer);
    for (int i = first; i >= 0; i = ph_branch_after(node, (uint32_t)i)) {
        const struct ph_log *log = &node->logs.items[i];
        struct ph_stored_entry entry;
        if (hole->seq <= log->row.base_seq || hole->seq > log->durable.seq)
            continue;
        PH_TRY(ph_view_entry(view, (uint32_t)i, hole->seq, &entry));
        if (entry.body.content_is_missing || entry.body.content_len == 0 ||
            !ph_outbox_has_room(peer))
            continue;
        struct ph_buffer message = ph_outbox_message(node);
        ph_message_fill(&message, &hole->writer, hole->seq, &entry.body.salt, entry.body.content);
        PH_TRY(ph_outbox_send(node, peer, &message));
    }
    return PH_OK;
}

/* Until a receipt says otherwise. */
static void note_hole(struct ph_node *node, struct ph_peer *peer, const struct ph_hole *hole)
{
    int first = ph_ends_find(node, &hole->writer);
    if (first >= 0)
        peer->logs[first].has_holes = true;
}

static enum ph_status fill_holes(struct ph_node *node, struct ph_peer *peer,
                                 struct ph_message *heads)
{
    if (heads->of.heads.hole_count == 0)
        return PH_OK;
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    for (uint32_t i = 0; i < heads->of.heads.hole_count && status == PH_OK; i++) {
        struct ph_hole hole = ph_message_next_hole(&heads->of.heads.holes);
        note_hole(node, peer, &hole);
        status = send_fill(node, peer, &view, &hole);
    }
    ph_view_close(&view);
    return status;
}

enum ph_status ph_sync_take_fill(struct ph_node *node, struct ph_peer *peer,
                                 struct ph_message *message)
{
    (void)peer;
    enum ph_status status = ph_ingest_fill(node, message);
    return status == PH_WAITING || status == PH_PARTIAL ? PH_OK : status;
}

/* --- telling --- */

static bool seems_equal(const struct ph_node *node, const struct ph_peer *peer)
{
    if (!ph_ingest_is_quiet(node) || ph_want_count(peer) != 0 || peer->news_count != 0)
        return false;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        bool is_further = peer->logs[i].further.seq > log->durable.seq;
        if (ph_ends_is_in_root(log) && (peer->logs[i].theirs != log->durable.seq || is_further))
            return false;
    }
    return true;
}

static enum ph_status tell_heads(struct ph_node *node, struct ph_peer *peer)
{
    peer->heads_due_ms = UINT64_MAX;
    PH_TRY(send_changed_heads(node, peer, false));
    if (seems_equal(node, peer) && !ph_root_equal(&peer->root_sent, &node->logs.root))
        return ph_sync_send_root(node, peer);
    return PH_OK;
}

/* --- taking --- */

enum ph_status ph_sync_take_heads(struct ph_node *node, struct ph_peer *peer,
                                  struct ph_message *message)
{
    for (uint32_t i = 0; i < message->of.heads.head_count; i++) {
        struct ph_head head = ph_message_next_head(&message->of.heads.heads);
        PH_TRY(take_head(node, peer, &head));
    }
    if (!peer->heads_heard)
        ph_receipts_again(node, peer);
    peer->heads_heard = true;
    PH_TRY(fill_holes(node, peer, message));
    if (!peer->heads_begun)
        return ph_sync_send_all_heads(node, peer);
    /* Nothing of ours is pushed for it: what they lack they may be fetching elsewhere. */
    return ph_outbox_has_room(peer) ? tell_heads(node, peer) : PH_OK;
}

static void tell_heads_soon(struct ph_node *node, struct ph_peer *peer)
{
    if (peer->heads_due_ms == UINT64_MAX)
        peer->heads_due_ms = node->now_ms + PH_LAZY_MS;
}

/* A run that nobody had asked for tells whether the tree is one. */
static enum ph_status judge_push(struct ph_node *node, struct ph_peer *peer, enum ph_status taken,
                                 uint32_t number, const struct ph_locator *end)
{
    if (taken == PH_OK)
        ph_spread_on_new(node, peer, number);
    if (taken != PH_WAITING || end->seq == 0)
        return PH_OK;
    tell_heads_soon(node, peer); /* no commit will: that we are equal, perhaps */
    return ph_spread_on_held(node, peer, node->logs.items[number].first, end);
}

enum ph_status ph_sync_take_run(struct ph_node *node, struct ph_peer *peer,
                                struct ph_message *message)
{
    const struct ph_run_head *head = &message->of.run.head;
    struct ph_locator before = {.seq = head->after_seq};
    struct ph_locator end;
    int number = -1;
    enum ph_status status = ph_runs_take(node, &message->of.run, &number, &end);
    if (number < 0)
        return status == PH_WAITING ? PH_OK : status;
    uint32_t first = node->logs.items[number].first;
    bool is_pushed = !ph_want_is_asked(peer, first);
    if (end.seq != 0)
        PH_TRY(ph_want_note_end(node, peer, first, &end));
    if (status == PH_OK)
        ph_want_on_taken(node, peer, (uint32_t)number);
    else if (status == PH_PARTIAL)
        ph_want_put_off(peer, first);
    else if (status == PH_WAITING)
        ph_want_on_nothing_new(node, peer, first);
    else if (status == PH_REFUSED)
        ph_want_on_left_out(node, peer, first);
    else if (status != PH_NOT_FOUND)
        return status;
    if (status != PH_NOT_FOUND)
        return is_pushed ? judge_push(node, peer, status, (uint32_t)number, &end) : PH_OK;
    /* What it follows on is wanted, which brings the run again. */
    memcpy(before.check, head->after_id.bytes, sizeof before.check);
    return ph_want_note_head(node, peer, first, &before);
}

/* --- after a commit, and now and then --- */

enum ph_status ph_sync_announce(struct ph_node *node, struct ph_peer *peer)
{
    PH_TRY(ph_want_place_heads(node, peer));
    if (!peer->heads_begun || !ph_outbox_has_room(peer))
        return PH_OK; /* said when the network has taken what waits */
    PH_TRY(ph_spread_push(node, peer));
    if (peer->is_eager)
        return tell_heads(node, peer);
    tell_heads_soon(node, peer);
    return PH_OK;
}

/* What came to nothing is said again from the start: facts, heads, roots. */
static enum ph_status begin_anew(struct ph_node *node, struct ph_peer *peer)
{
    bool is_equal = peer->has_their_root && ph_root_equal(&peer->their_root, &node->logs.root);
    peer->mismatch_theirs = (struct ph_root){{0}};
    peer->fact_ids_sent = 0;
    ph_receipts_again(node, peer);
    PH_TRY(ph_sync_send_root(node, peer));
    return peer->heads_begun && !is_equal ? ph_sync_send_all_heads(node, peer) : PH_OK;
}

enum ph_status ph_sync_on_wake(struct ph_node *node, struct ph_peer *peer)
{
    ph_want_on_wake(node, peer);
    ph_witness_compare(node, peer);
    if (peer->heads_due_ms <= node->now_ms) {
        peer->heads_due_ms = UINT64_MAX;
        if (ph_outbox_has_room(peer))
            PH_TRY(tell_heads(node, peer));
    }
    return peer->root_due_ms > node->now_ms ? PH_OK : begin_anew(node, peer);
}
