#include "node/sync.h"

#include "node/ends.h"
#include "node/ingest.h"
#include "node/outbox.h"
#include "node/penalty.h"

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
    /* Each message names the next few holes: nobody can fill the list with those that never heal. */
    uint32_t first = peer->next_hole < logs->hole_count ? peer->next_hole : 0;
    uint32_t rest = logs->hole_count - first;
    uint32_t hole_count = rest < PH_HOLES_PER_HEADS_MAX ? rest : PH_HOLES_PER_HEADS_MAX;
    struct ph_buffer message = ph_outbox_message(node);
    ph_message_heads(&message, heads, count, logs->holes + first, hole_count);
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
        if (log->durable.seq == peer->logs[i].announced || !ph_ends_is_spoken_of(log))
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
    peer->heads_begun = true;
    for (uint32_t i = 0; i < node->logs.count; i++)
        peer->logs[i].announced = 0;
    return send_changed_heads(node, peer, true);
}

static void take_head(struct ph_node *node, struct ph_peer *peer, const struct ph_head *head)
{
    int number = ph_ends_find(node, &head->writer);
    if (number < 0 || node->logs.items[number].is_left_out)
        return; /* its certify fact is not here yet: roots will differ, facts come first */
    struct ph_peer_log *known = &peer->logs[number];
    struct ph_log *log = &node->logs.items[number];
    if (head->seq == log->durable.seq && !ph_entry_id_equal(&head->id, &log->durable.id))
        ph_ends_note_fork(node, log);
    known->theirs = head->seq;
    if (known->assumed < head->seq)
        known->assumed = head->seq;
}

/* --- holes --- */

static enum ph_status send_fill(struct ph_node *node, struct ph_peer *peer,
                                const struct ph_view *view, const struct ph_hole *hole)
{
    struct ph_stored_entry entry;
    int log = ph_ends_find(node, &hole->writer);
    if (log < 0 || hole->seq == 0 || hole->seq > node->logs.items[log].durable.seq)
        return PH_OK;
    PH_TRY(ph_view_entry(view, (uint32_t)log, hole->seq, &entry));
    if (entry.body.content_is_missing || entry.body.content_len == 0 || !ph_outbox_has_room(peer))
        return PH_OK;
    struct ph_buffer message = ph_outbox_message(node);
    ph_message_fill(&message, &hole->writer, hole->seq, &entry.body.salt, entry.body.content);
    return ph_outbox_send(node, peer, &message);
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

/* --- sending runs --- */

/* How many entries from after `link` make the next run: as many as fit, cut back to the last one
 * that is signed. */
static enum ph_status measure_run(const struct ph_view *view, const struct ph_log *log,
                                  uint32_t number, uint32_t after_seq, uint32_t *count,
                                  struct ph_signature *signature)
{
    size_t counted = 0;
    *count = 0;
    for (uint32_t seq = after_seq + 1; seq <= log->durable.seq; seq++) {
        struct ph_stored_entry entry;
        PH_TRY(ph_view_entry(view, number, seq, &entry));
        counted += ph_run_counted(entry.header.body_len);
        if (counted > PH_RUN_COUNTED_MAX)
            break;
        if (entry.signature != NULL) {
            *count = seq - after_seq;
            *signature = *entry.signature;
        }
    }
    return *count != 0 ? PH_OK : PH_CORRUPT; /* a store never holds what it can't pass on */
}

static enum ph_status write_run(const struct ph_view *view, const struct ph_log *log,
                                uint32_t number, uint32_t after_seq, struct ph_buffer *message,
                                uint32_t *count)
{
    struct ph_signature signature;
    struct ph_link link;
    struct ph_run_writer run;
    PH_TRY(ph_ends_link(view, log, number, after_seq, &link));
    PH_TRY(measure_run(view, log, number, after_seq, count, &signature));
    ph_message_run_begin(message);
    ph_run_begin(&run, message, &log->row.writer, &link, *count);
    for (uint32_t i = 1; i <= *count; i++) {
        struct ph_stored_entry entry;
        PH_TRY(ph_view_entry(view, number, after_seq + i, &entry));
        ph_run_add(&run, &entry.header, &entry.body);
    }
    ph_run_end(&run, &signature);
    return PH_OK;
}

/* One run from after `after_seq`; moves it. */
static enum ph_status send_run(struct ph_node *node, struct ph_peer *peer, uint32_t number,
                               uint32_t *after_seq)
{
    const struct ph_log *log = &node->logs.items[number];
    struct ph_view view = {0};
    uint32_t count = 0;
    struct ph_buffer message = ph_outbox_message(node);
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = write_run(&view, log, number, *after_seq, &message, &count);
    ph_view_close(&view);
    PH_TRY(status);
    *after_seq += count;
    if (peer->logs[number].assumed < *after_seq)
        peer->logs[number].assumed = *after_seq;
    return ph_outbox_send(node, peer, &message);
}

static enum ph_status serve(struct ph_node *node, struct ph_peer *peer, struct ph_serve *serve)
{
    const struct ph_log *log = &node->logs.items[serve->log];
    while (serve->is_active && ph_outbox_has_room(peer)) {
        if (serve->runs_left == 0 || serve->after_seq >= log->durable.seq) {
            serve->is_active = false;
            return PH_OK;
        }
        serve->runs_left--;
        PH_TRY(send_run(node, peer, serve->log, &serve->after_seq));
    }
    return PH_OK;
}

/* Our own new entries, when the other side is known to hold all before them. */
static enum ph_status push_own(struct ph_node *node, struct ph_peer *peer)
{
    if (node->own_log < 0)
        return PH_OK;
    const struct ph_log *log = &node->logs.items[node->own_log];
    struct ph_peer_log *known = &peer->logs[node->own_log];
    uint32_t seq = known->assumed;
    while (seq < log->durable.seq && log->durable.seq - seq <= PH_PUSH_ENTRIES_MAX &&
           ph_outbox_has_room(peer))
        PH_TRY(send_run(node, peer, (uint32_t)node->own_log, &seq));
    if (seq == log->durable.seq)
        known->announced = seq; /* the run says it */
    return PH_OK;
}

enum ph_status ph_sync_pump(struct ph_node *node, struct ph_peer *peer)
{
    for (size_t i = 0; i < PH_SERVES_PER_PEER_MAX; i++)
        PH_TRY(serve(node, peer, &peer->serves[i]));
    return PH_OK;
}

/* Where a locator and our log agree last. */
static enum ph_status find_common(struct ph_node *node, uint32_t number, struct ph_message *want,
                                  uint32_t *after_seq)
{
    const struct ph_log *log = &node->logs.items[number];
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    *after_seq = 0;
    for (uint32_t i = 0; i < want->of.want.locator_count && status == PH_OK; i++) {
        struct ph_locator locator = ph_message_next_locator(&want->of.want.locators);
        struct ph_link link;
        if (locator.seq > log->durable.seq || locator.seq <= *after_seq)
            continue;
        status = ph_ends_link(&view, log, number, locator.seq, &link);
        if (status == PH_OK && memcmp(link.id.bytes, locator.check, sizeof locator.check) == 0)
            *after_seq = locator.seq;
    }
    ph_view_close(&view);
    return status;
}

/* Asked for the same log again, what was under way is replaced; with all places taken, the one that
 * has least left: its asker has given it up. */
static struct ph_serve *serve_place(struct ph_peer *peer, uint32_t log)
{
    struct ph_serve *place = &peer->serves[0];
    for (size_t i = 0; i < PH_SERVES_PER_PEER_MAX; i++) {
        struct ph_serve *slot = &peer->serves[i];
        if (slot->is_active && slot->log == log)
            return slot;
        uint8_t left = slot->is_active ? slot->runs_left : 0;
        if (place->is_active && left < place->runs_left)
            place = slot;
    }
    return place;
}

enum ph_status ph_sync_take_want(struct ph_node *node, struct ph_peer *peer,
                                 struct ph_message *message)
{
    int number = ph_ends_find(node, &message->of.want.writer);
    if (number < 0)
        return PH_OK;
    struct ph_serve *place = serve_place(peer, (uint32_t)number);
    uint32_t after_seq = 0;
    PH_TRY(find_common(node, (uint32_t)number, message, &after_seq));
    *place = (struct ph_serve){.is_active = true,
                               .log = (uint32_t)number,
                               .after_seq = after_seq,
                               .runs_left = message->of.want.run_count};
    return ph_sync_pump(node, peer);
}

/* --- wanting --- */

static struct ph_want *find_want(struct ph_peer *peer, uint32_t log)
{
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++)
        if (peer->wants[i].is_active && peer->wants[i].log == log)
            return &peer->wants[i];
    return NULL;
}

static size_t count_wants(const struct ph_peer *peer)
{
    size_t count = 0;
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++)
        count += peer->wants[i].is_active;
    return count;
}

/* Our end as taken, then durable ids at growing distances back, ascending as the wire has them. */
static enum ph_status make_locators(struct ph_node *node, uint32_t number,
                                    struct ph_locator out[PH_LOCATOR_MAX], uint32_t *count)
{
    const struct ph_log *log = &node->logs.items[number];
    struct ph_locator backwards[PH_LOCATOR_MAX];
    struct ph_view view = {0};
    uint32_t seq = log->row.tip.seq, step = 1;
    *count = 0;
    enum ph_status status = ph_view_open(node->store, &view);
    while (seq != 0 && *count < PH_LOCATOR_MAX && status == PH_OK) {
        struct ph_link link = log->row.tip;
        if (seq != log->row.tip.seq)
            status = ph_ends_link(&view, log, number, seq, &link);
        backwards[*count].seq = seq;
        memcpy(backwards[*count].check, link.id.bytes, sizeof backwards[*count].check);
        (*count)++;
        uint32_t next = seq > step ? seq - step : 0;
        seq = next < log->durable.seq ? next : log->durable.seq;
        step *= 2;
    }
    ph_view_close(&view);
    for (uint32_t i = 0; i < *count; i++)
        out[i] = backwards[*count - 1 - i];
    return status;
}

static enum ph_status send_want(struct ph_node *node, struct ph_peer *peer, uint32_t number)
{
    struct ph_locator locators[PH_LOCATOR_MAX];
    uint32_t count = 0;
    PH_TRY(make_locators(node, number, locators, &count));
    struct ph_buffer message = ph_outbox_message(node);
    ph_message_want(&message, &node->logs.items[number].row.writer, locators, count,
                    PH_WANT_RUNS_MAX);
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++) {
        if (peer->wants[i].is_active)
            continue;
        peer->wants[i] = (struct ph_want){.is_active = true,
                                          .log = number,
                                          .runs_left = PH_WANT_RUNS_MAX,
                                          .deadline_ms = node->now_ms + PH_WANT_MS_MAX,
                                          .given_up_ms = node->now_ms + PH_WANT_QUEUED_MS_MAX};
        return ph_outbox_send(node, peer, &message);
    }
    return PH_OK;
}

/* Who has answered is asked before who has not, and who has not gets one chance at a time. */
static bool may_ask(const struct ph_peer *peer, size_t want_count)
{
    return want_count < (peer->want_failures == 0 ? PH_WANTS_PER_PEER_MAX : 1);
}

static bool is_better_source(const struct ph_peer *a, const struct ph_peer *b)
{
    if (a->want_failures != b->want_failures)
        return a->want_failures < b->want_failures;
    return count_wants(a) < count_wants(b);
}

/* The open peer that has more of this log than we and is asked for least. NULL: none, or somebody is
 * asked already. */
static struct ph_peer *choose_source(struct ph_node *node, uint32_t number)
{
    struct ph_peer *best = NULL;
    const struct ph_log *log = &node->logs.items[number];
    for (size_t i = 0; i < PH_PEERS_MAX && !log->is_left_out; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (peer->state != PH_PEER_OPEN)
            continue;
        if (find_want(peer, number) != NULL)
            return NULL;
        if (peer->logs[number].theirs > log->row.tip.seq && !peer->logs[number].is_forked &&
            may_ask(peer, count_wants(peer)) && (best == NULL || is_better_source(peer, best)))
            best = peer;
    }
    return best;
}

static bool has_ingest_room(const struct ph_node *node)
{
    return !ph_ingest_is_full(node) &&
           (node->ingest.gathering == NULL ||
            ph_batch_bytes(node->ingest.gathering) < PH_BATCH_BYTES_MAX / 2);
}

/* What came another way meanwhile is not awaited any more. Counts what still is. */
static size_t drop_met_wants(struct ph_node *node, struct ph_peer *peer)
{
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++) {
        struct ph_want *want = &peer->wants[i];
        if (want->is_active &&
            peer->logs[want->log].theirs <= node->logs.items[want->log].row.tip.seq)
            want->is_active = false;
    }
    return count_wants(peer);
}

void ph_sync_pull(struct ph_node *node)
{
    size_t want_count = 0;
    for (size_t i = 0; i < PH_PEERS_MAX; i++)
        if (node->peers[i].state == PH_PEER_OPEN)
            want_count += drop_met_wants(node, &node->peers[i]);
    if (node->is_stopping || !has_ingest_room(node))
        return;
    for (uint32_t log = 0; log < node->logs.count && want_count < PH_WANTS_MAX; log++) {
        struct ph_peer *peer = choose_source(node, log);
        if (peer == NULL)
            continue;
        ph_penalty_apply(node, peer, send_want(node, peer, log), "asking");
        want_count++;
    }
}

/* --- telling --- */

static bool seems_equal(const struct ph_node *node, const struct ph_peer *peer)
{
    if (!ph_ingest_is_quiet(node) || count_wants(peer) != 0)
        return false;
    for (uint32_t i = 0; i < node->logs.count; i++)
        if (ph_ends_is_spoken_of(&node->logs.items[i]) &&
            peer->logs[i].theirs != node->logs.items[i].durable.seq)
            return false;
    return true;
}

static enum ph_status tell_heads(struct ph_node *node, struct ph_peer *peer)
{
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
        take_head(node, peer, &head);
    }
    PH_TRY(fill_holes(node, peer, message));
    if (!peer->heads_begun)
        return ph_sync_send_all_heads(node, peer);
    /* Nothing of ours is pushed for it: what they lack they may be fetching elsewhere. */
    return ph_outbox_has_room(peer) ? tell_heads(node, peer) : PH_OK;
}

/* Its runs come one behind the other: while any comes, none is late; but not for ever, else one log
 * dripping would hold up the others. */
static void renew_wants(const struct ph_node *node, struct ph_peer *peer)
{
    peer->want_failures = 0;
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++) {
        struct ph_want *want = &peer->wants[i];
        uint64_t renewed_ms = node->now_ms + PH_WANT_MS_MAX;
        want->deadline_ms = renewed_ms < want->given_up_ms ? renewed_ms : want->given_up_ms;
    }
}

static void release_want(struct ph_want *want)
{
    if (want != NULL)
        want->is_active = false;
}

static void on_taken(struct ph_node *node, struct ph_peer *peer, uint32_t number)
{
    struct ph_peer_log *known = &peer->logs[number];
    struct ph_want *want = find_want(peer, number);
    uint32_t tip = node->logs.items[number].row.tip.seq;
    known->theirs = known->theirs > tip ? known->theirs : tip;
    known->assumed = known->assumed > tip ? known->assumed : tip;
    if (want != NULL)
        want->given_up_ms = node->now_ms + PH_WANT_QUEUED_MS_MAX;
    renew_wants(node, peer);
    if (want != NULL && (--want->runs_left == 0 || known->theirs <= tip))
        release_want(want);
}

enum ph_status ph_sync_take_run(struct ph_node *node, struct ph_peer *peer,
                                struct ph_message *message)
{
    int number = -1;
    uint64_t end_seq = (uint64_t)message->of.run.head.after_seq + message->of.run.head.entry_count;
    enum ph_status status = ph_ingest_run(node, &message->of.run, &number);
    if (number < 0)
        return status == PH_WAITING ? PH_OK : status;
    struct ph_peer_log *known = &peer->logs[number];
    struct ph_want *want = find_want(peer, (uint32_t)number);
    if (status == PH_OK) {
        on_taken(node, peer, (uint32_t)number);
        return PH_OK;
    }
    if (status != PH_WAITING && status != PH_PARTIAL && status != PH_NOT_FOUND)
        return status;
    if (status == PH_NOT_FOUND)
        known->is_forked = true;
    if (status != PH_WAITING)
        release_want(want); /* no room: asked again after the commit; a fork: not asked again */
    else if (want != NULL && end_seq <= node->logs.items[number].row.tip.seq &&
             --want->runs_left == 0)
        release_want(want); /* answered with what came another way; a gap is of an earlier want */
    if (known->theirs < end_seq && end_seq <= UINT32_MAX)
        known->theirs = (uint32_t)end_seq; /* a gap is wanted from where we stand */
    return PH_OK;
}

/* --- after a commit, and now and then --- */

enum ph_status ph_sync_announce(struct ph_node *node, struct ph_peer *peer)
{
    if (!peer->heads_begun || !ph_outbox_has_room(peer))
        return PH_OK; /* said when the network has taken what waits */
    PH_TRY(push_own(node, peer));
    return tell_heads(node, peer);
}

/* What came to nothing is said again from the start: facts, heads, roots. */
static enum ph_status begin_anew(struct ph_node *node, struct ph_peer *peer)
{
    bool is_equal = peer->has_their_root && ph_root_equal(&peer->their_root, &node->logs.root);
    peer->mismatch_theirs = (struct ph_root){{0}};
    peer->fact_ids_sent = 0;
    PH_TRY(ph_sync_send_root(node, peer));
    return peer->heads_begun && !is_equal ? ph_sync_send_all_heads(node, peer) : PH_OK;
}

/* All sessions of a school stand for each other: else each of them would get its first chance. */
static void count_failure(struct ph_node *node, const struct ph_school_id *school)
{
    for (size_t i = 0; i < PH_PEERS_MAX; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (peer->state == PH_PEER_OPEN && ph_school_id_equal(&peer->theirs.school, school) &&
            peer->want_failures < UINT32_MAX)
            peer->want_failures++;
    }
}

enum ph_status ph_sync_on_wake(struct ph_node *node, struct ph_peer *peer)
{
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++) {
        struct ph_want *want = &peer->wants[i];
        if (!want->is_active || want->deadline_ms > node->now_ms)
            continue;
        want->is_active = false;
        count_failure(node, &peer->theirs.school);
    }
    return peer->root_due_ms > node->now_ms ? PH_OK : begin_anew(node, peer);
}
