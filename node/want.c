#include "node/want.h"

#include <stdlib.h>

#include "node/branches.h"
#include "node/ingest.h"
#include "node/outbox.h"
#include "node/penalty.h"
#include "node/spread.h"
#include "node/witness.h"

static struct ph_want *find_want(struct ph_peer *peer, uint32_t first)
{
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++)
        if (peer->wants[i].is_active && peer->wants[i].log == first)
            return &peer->wants[i];
    return NULL;
}

bool ph_want_is_asked(struct ph_peer *peer, uint32_t first)
{
    return find_want(peer, first) != NULL;
}

size_t ph_want_count(const struct ph_peer *peer)
{
    size_t count = 0;
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++)
        count += peer->wants[i].is_active;
    return count;
}

/* --- where their heads lie --- */

static bool is_same(const struct ph_locator *a, const struct ph_locator *b)
{
    return a->seq == b->seq && memcmp(a->check, b->check, sizeof a->check) == 0;
}

static void set_further(struct ph_peer *peer, uint32_t log, const struct ph_locator *head)
{
    struct ph_locator *further = &peer->logs[log].further;
    peer->further_count += (head->seq != 0) - (uint32_t)(further->seq != 0);
    *further = *head;
}

static void add_news(struct ph_peer *peer, uint32_t first, const struct ph_locator *head)
{
    for (uint32_t i = 0; i < peer->news_count; i++)
        if (peer->news[i].log == first && is_same(&peer->news[i].head, head))
            return;
    if (peer->news_count < PH_NEWS_PER_PEER_MAX) /* else they say it again some time */
        peer->news[peer->news_count++] = (struct ph_news){.log = first, .head = *head};
}

/* They hold a branch up to here, and so the one that it leaves up to the fork. */
static void note_held(struct ph_node *node, struct ph_peer *peer, uint32_t number, uint32_t seq)
{
    for (;;) {
        const struct ph_log_row *row = &node->logs.items[number].row;
        struct ph_peer_log *known = &peer->logs[number];
        if (seq > known->theirs)
            ph_witness_on_more(node, peer, number);
        known->theirs = known->theirs > seq ? known->theirs : seq;
        known->assumed = known->assumed > seq ? known->assumed : seq;
        if (!row->is_branch || row->base_seq == 0)
            return;
        seq = row->base_seq;
        number = row->base_log;
    }
}

/* Past the end of the only branch held: most likely it goes on from there. */
static bool is_further(const struct ph_node *node, uint32_t first, const struct ph_locator *head)
{
    const struct ph_log *log = &node->logs.items[first];
    return !log->is_forked && head->seq > log->row.tip.seq;
}

static bool has_anybody_further(const struct ph_node *node, uint32_t first)
{
    uint32_t seq = node->logs.items[first].row.tip.seq;
    for (size_t i = 0; i < node->peers_end; i++)
        if (node->peers[i].state == PH_PEER_OPEN && node->peers[i].logs[first].further.seq > seq)
            return true;
    return false;
}

/* A lazy peer speaks of what an eager one will bring, most likely: it has its time for that. One
 * that we take for eager, and that speaks instead of pushing, is asked at once, as is whoever has
 * more than is pushed. */
static void await_push(struct ph_node *node, const struct ph_peer *peer, uint32_t first,
                       uint32_t seq)
{
    struct ph_log *log = &node->logs.items[first];
    bool is_live = peer->heads_heard && seq - log->row.tip.seq <= PH_PUSH_ENTRIES_MAX;
    if (is_live && has_anybody_further(node, first))
        return; /* nothing new: it stays what it is, live or history */
    log->heard_ms = is_live ? node->now_ms : 0;
    if (!is_live)
        log->wanted_ms = 0;
    else if (peer->is_eager || !ph_spread_has_eager(node))
        log->wanted_ms = node->now_ms;
    else
        log->wanted_ms = node->now_ms + ph_spread_patience_ms(node);
}

static enum ph_status place_head(struct ph_node *node, struct ph_peer *peer, uint32_t first,
                                 const struct ph_locator *head, bool is_fresh)
{
    const struct ph_locator *further = &peer->logs[first].further;
    uint32_t number = first;
    if (is_further(node, first, head)) {
        if (further->seq < head->seq)
            set_further(peer, first, head);
        else if (!is_same(further, head))
            add_news(peer, first, head);
        return PH_OK;
    }
    enum ph_status status = ph_branch_look_up(node, first, head, &number);
    if (status == PH_OK) {
        if (is_fresh && head->seq < peer->logs[number].theirs)
            peer->logs[number].theirs = head->seq; /* what they said is withdrawn */
        note_held(node, peer, number, head->seq);
    } else if (status == PH_NOT_FOUND || status == PH_WAITING) {
        add_news(peer, first, head);
    } else {
        return status;
    }
    return PH_OK;
}

enum ph_status ph_want_note_head(struct ph_node *node, struct ph_peer *peer, uint32_t first,
                                 const struct ph_locator *head)
{
    if (is_further(node, first, head))
        await_push(node, peer, first, head->seq);
    return place_head(node, peer, first, head, true);
}

enum ph_status ph_want_note_end(struct ph_node *node, struct ph_peer *peer, uint32_t first,
                                const struct ph_locator *end)
{
    return place_head(node, peer, first, end, false);
}

/* It was past our end; by now it may lie on the branch, or on another. */
static enum ph_status place_further(struct ph_node *node, struct ph_peer *peer, uint32_t first)
{
    struct ph_locator head = peer->logs[first].further;
    if (head.seq == 0 || (is_further(node, first, &head)))
        return PH_OK;
    set_further(peer, first, &(struct ph_locator){0});
    return place_head(node, peer, first, &head, false);
}

enum ph_status ph_want_place_heads(struct ph_node *node, struct ph_peer *peer)
{
    uint32_t count = peer->news_count;
    for (uint32_t i = 0; i < node->logs.count; i++)
        PH_TRY(place_further(node, peer, i));
    peer->news_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct ph_news news = peer->news[i]; /* added again at or before this place */
        PH_TRY(place_head(node, peer, news.log, &news.head, false));
    }
    return PH_OK;
}

/* --- asking --- */

/* Ids that we hold of one branch, its end first, then durable ones at growing distances back, as
 * far as its own entries go. */
static enum ph_status locate_branch(struct ph_node *node, const struct ph_view *view,
                                    uint32_t number, struct ph_locator *out, uint32_t *count)
{
    const struct ph_log *log = &node->logs.items[number];
    uint32_t seq = log->row.tip.seq, step = 1, room = *count;
    *count = 0;
    while (seq > log->row.base_seq && *count < room) {
        struct ph_link link = log->row.tip;
        struct ph_place_on at = {number, seq};
        if (seq != log->row.tip.seq)
            PH_TRY(ph_branch_link(node, view, &at, &link));
        out[(*count)++] = ph_locator_of(&link);
        uint32_t next = seq > step ? seq - step : 0;
        seq = next < log->durable.seq ? next : log->durable.seq;
        step *= 2;
    }
    return PH_OK;
}

static int compare_locators(const void *a, const void *b)
{
    const struct ph_locator *left = a, *right = b;
    if (left->seq != right->seq)
        return left->seq < right->seq ? -1 : 1;
    return memcmp(left->check, right->check, sizeof left->check);
}

/* From `number` on, the next branch of its writer that may grow; -1: none. */
static int growing_branch(const struct ph_node *node, int number)
{
    while (number >= 0 && node->logs.items[number].is_left_out)
        number = ph_branch_after(node, (uint32_t)number);
    return number;
}

static int growing_after(const struct ph_node *node, int number)
{
    return growing_branch(node, ph_branch_after(node, (uint32_t)number));
}

/* Of all branches of a log, ascending as the wire has them. Many schools can have more of one
 * writer than there is room for: then others each time, so that none is fetched from its start for
 * ever. */
static enum ph_status make_locators(struct ph_node *node, uint32_t first,
                                    struct ph_locator out[PH_LOCATOR_MAX], uint32_t *count)
{
    struct ph_view view = {0};
    uint32_t branch_count = 0, at = 0;
    *count = 0;
    for (int i = growing_branch(node, (int)first); i >= 0; i = growing_after(node, i))
        branch_count++;
    if (branch_count == 0)
        return PH_OK; /* all that is held is left out */
    bool has_room = branch_count <= PH_LOCATOR_MAX;
    uint32_t begin = has_room ? 0 : (uint32_t)(node->now_ms % branch_count);
    enum ph_status status = ph_view_open(node->store, &view);
    for (int i = growing_branch(node, (int)first); i >= 0 && status == PH_OK;
         i = growing_after(node, i), at++) {
        uint32_t room = has_room ? PH_LOCATOR_MAX / branch_count : 1;
        if ((at + branch_count - begin) % branch_count >= PH_LOCATOR_MAX)
            continue;
        status = locate_branch(node, &view, (uint32_t)i, out + *count, &room);
        *count += room;
    }
    ph_view_close(&view);
    qsort(out, *count, sizeof *out, compare_locators);
    return status;
}

static enum ph_status send_want(struct ph_node *node, struct ph_peer *peer,
                                const struct ph_news *wanted)
{
    struct ph_locator locators[PH_LOCATOR_MAX];
    uint32_t count = 0;
    bool is_live = node->logs.items[wanted->log].wanted_ms != 0;
    if (is_live)
        PH_TRY(ph_spread_graft(node, peer));
    PH_TRY(make_locators(node, wanted->log, locators, &count));
    struct ph_wanted log = {.writer = node->logs.items[wanted->log].row.writer,
                            .head = wanted->head,
                            .run_count = PH_WANT_RUNS_MAX};
    struct ph_buffer message = ph_outbox_message(node);
    ph_message_want(&message, &log, locators, count);
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++) {
        if (peer->wants[i].is_active)
            continue;
        peer->wants[i] =
            (struct ph_want){.is_active = true,
                             .is_live = is_live,
                             .log = wanted->log,
                             .head = wanted->head,
                             .runs_left = PH_WANT_RUNS_MAX,
                             .asked_ms = node->now_ms,
                             .late_ms = is_live ? node->now_ms + PH_GRAFT_LATE_MS : UINT64_MAX,
                             .deadline_ms = node->now_ms + PH_WANT_MS_MAX,
                             .given_up_ms = node->now_ms + PH_WANT_QUEUED_MS_MAX};
        return ph_outbox_send(node, peer, &message);
    }
    return PH_OK;
}

/* --- whom to ask for what --- */

/* Who has answered is asked before who has not, and who has not gets one chance at a time. */
static bool may_ask(const struct ph_peer *peer)
{
    return ph_want_count(peer) < (peer->want_failures == 0 ? PH_WANTS_PER_PEER_MAX : 1);
}

static bool is_better_source(const struct ph_peer *a, const struct ph_peer *b)
{
    if (a->want_failures != b->want_failures)
        return a->want_failures < b->want_failures;
    return ph_want_count(a) < ph_want_count(b);
}

/* A head of theirs of this log that we don't hold. */
static bool has_more(const struct ph_node *node, const struct ph_peer *peer, uint32_t first,
                     struct ph_news *wanted)
{
    *wanted = (struct ph_news){.log = first, .head = peer->logs[first].further};
    if (wanted->head.seq > node->logs.items[first].row.tip.seq)
        return true;
    for (uint32_t i = 0; i < peer->news_count; i++) {
        uint32_t number;
        *wanted = peer->news[i];
        if (wanted->log == first &&
            ph_branch_look_up(node, first, &wanted->head, &number) == PH_NOT_FOUND)
            return true;
    }
    return false;
}

/* Whether the school is asked for this log, and is late: its sessions stand for each other. */
static bool is_late(struct ph_node *node, uint32_t first, const struct ph_school_id *school)
{
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        struct ph_want *want = peer->state == PH_PEER_OPEN ? find_want(peer, first) : NULL;
        if (want != NULL && want->late_ms <= node->now_ms &&
            ph_school_id_equal(&peer->school, school))
            return true;
    }
    return false;
}

/* The open peer that has more of this log than we and is asked for least; of those that have failed
 * too only if `any`. NULL: none, or somebody good for it is asked already, and not late. */
static struct ph_peer *choose_source(struct ph_node *node, uint32_t first, bool any,
                                     struct ph_news *wanted)
{
    struct ph_peer *best = NULL;
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        struct ph_news more;
        bool is_good = peer->want_failures == 0;
        if (peer->state != PH_PEER_OPEN || (!any && !is_good))
            continue;
        const struct ph_want *want = find_want(peer, first);
        if (want != NULL && want->late_ms > node->now_ms && (any || is_good))
            return NULL;
        if (!may_ask(peer) || !has_more(node, peer, first, &more) ||
            (best != NULL && !is_better_source(peer, best)) || is_late(node, first, &peer->school))
            continue;
        best = peer;
        *wanted = more;
    }
    return best;
}

static bool has_ingest_room(const struct ph_node *node)
{
    return !ph_ingest_is_full(node) &&
           (node->ingest.gathering == NULL ||
            ph_batch_bytes(node->ingest.gathering) < PH_BATCH_BYTES_MAX / 2);
}

/* Held by now, if only taken, or else something further on in its place. */
static bool is_met(const struct ph_node *node, const struct ph_want *want)
{
    const struct ph_log *log = &node->logs.items[want->log];
    uint32_t number;
    if (!log->is_forked)
        return want->head.seq <= log->row.tip.seq &&
               ph_branch_look_up(node, want->log, &want->head, &number) != PH_NOT_FOUND;
    return ph_branch_look_up(node, want->log, &want->head, &number) != PH_NOT_FOUND;
}

/* What came another way meanwhile is not awaited any more. Counts the places that the others take:
 * one each for a while, so that what comes slowly holds up nothing else. */
static size_t drop_met_wants(struct ph_node *node, struct ph_peer *peer)
{
    size_t place_count = 0;
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++) {
        struct ph_want *want = &peer->wants[i];
        if (want->is_active && (node->logs.items[want->log].is_closed || is_met(node, want)))
            want->is_active = false;
        place_count += want->is_active && node->now_ms - want->asked_ms < PH_WANT_MS_MAX;
    }
    return place_count;
}

/* What a push may bring is asked for in its time. */
static bool is_wanted(struct ph_node *node, uint32_t number)
{
    const struct ph_log *log = &node->logs.items[number];
    if (log->first != number || log->is_closed)
        return false;
    if (log->wanted_ms <= node->now_ms)
        return true;
    if (log->wanted_ms < node->logs.next_want_ms && has_anybody_further(node, number))
        node->logs.next_want_ms = log->wanted_ms;
    return false;
}

/* Each log in its turn, behind the one that was asked for last. */
static void ask_the_good(struct ph_node *node, size_t want_count)
{
    uint32_t count = node->logs.count, first = node->logs.turn;
    for (uint32_t i = 0; i < count && want_count < PH_WANTS_MAX; i++) {
        uint32_t log = (first + i) % count;
        struct ph_news wanted;
        struct ph_peer *peer = NULL;
        if (is_wanted(node, log))
            peer = choose_source(node, log, false, &wanted);
        if (peer == NULL)
            continue;
        node->logs.turn = log + 1;
        ph_penalty_apply(node, peer, send_want(node, peer, &wanted), "asking");
        want_count++;
    }
}

/* Of those that have failed, who has failed least, one at a time; all of them together never take
 * the places that are left for others. */
static void ask_a_failed_one(struct ph_node *node, size_t failed_count)
{
    struct ph_peer *best = NULL;
    struct ph_news best_wanted;
    for (uint32_t log = 0; log < node->logs.count && failed_count < PH_WANTS_MAX / 2; log++) {
        struct ph_news wanted;
        struct ph_peer *peer = NULL;
        if (is_wanted(node, log))
            peer = choose_source(node, log, true, &wanted);
        if (peer == NULL || peer->want_failures == 0 ||
            (best != NULL && !is_better_source(peer, best)))
            continue;
        best = peer;
        best_wanted = wanted;
    }
    if (best != NULL)
        ph_penalty_apply(node, best, send_want(node, best, &best_wanted), "asking");
}

void ph_want_pull(struct ph_node *node)
{
    size_t good_count = 0, failed_count = 0;
    bool has_anybody_more = false;
    node->logs.next_want_ms = UINT64_MAX;
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (peer->state != PH_PEER_OPEN)
            continue;
        size_t count = drop_met_wants(node, peer);
        if (peer->want_failures == 0)
            good_count += count;
        else
            failed_count += count;
        has_anybody_more = has_anybody_more || peer->further_count != 0 || peer->news_count != 0;
    }
    if (!has_anybody_more || node->is_stopping || !has_ingest_room(node))
        return;
    ask_the_good(node, good_count);
    ask_a_failed_one(node, failed_count);
}

/* --- what comes of it --- */

/* Its runs come one behind the other: while any comes, none is late; but not for ever, so that each
 * is asked of another peer some time. */
static void renew_wants(const struct ph_node *node, struct ph_peer *peer)
{
    peer->want_failures = 0;
    ph_witness_on_delivered(peer);
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++) {
        struct ph_want *want = &peer->wants[i];
        uint64_t renewed_ms = node->now_ms + PH_WANT_MS_MAX;
        want->deadline_ms = renewed_ms < want->given_up_ms ? renewed_ms : want->given_up_ms;
        want->late_ms = want->is_live ? node->now_ms + PH_GRAFT_LATE_MS : UINT64_MAX;
    }
}

void ph_want_on_taken(struct ph_node *node, struct ph_peer *peer, uint32_t number)
{
    struct ph_log *log = &node->logs.items[number];
    struct ph_log *first = &node->logs.items[log->first];
    struct ph_want *want = find_want(peer, log->first);
    note_held(node, peer, number, log->row.tip.seq);
    if (want == NULL) { /* pushed: more may come so */
        if (first->wanted_ms != 0)
            first->wanted_ms = node->now_ms + ph_spread_patience_ms(node);
        return;
    }
    if (want->is_live)
        ph_spread_on_wanted(node, peer, number);
    else
        log->pulled = log->row.tip.seq;
    want->has_brought_some = true;
    want->given_up_ms = node->now_ms + PH_WANT_QUEUED_MS_MAX;
    renew_wants(node, peer);
    if (--want->runs_left == 0 || is_met(node, want))
        want->is_active = false;
}

/* All sessions of a school stand for each other: else each of them would get its first chance. */
static void count_failure(struct ph_node *node, const struct ph_school_id *school)
{
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (peer->state == PH_PEER_OPEN && ph_school_id_equal(&peer->school, school) &&
            peer->want_failures < UINT32_MAX)
            peer->want_failures++;
    }
}

/* Said and not delivered: asked for again when they say it again, so that the other heads that they
 * said of this log have their turn. */
static void forget_head(struct ph_peer *peer, const struct ph_want *want)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < peer->news_count; i++)
        if (peer->news[i].log != want->log || !is_same(&peer->news[i].head, &want->head))
            peer->news[kept++] = peer->news[i];
    peer->news_count = kept;
    if (is_same(&peer->logs[want->log].further, &want->head))
        set_further(peer, want->log, &(struct ph_locator){0});
}

static bool has_news_of(const struct ph_peer *peer, uint32_t first)
{
    for (uint32_t i = 0; i < peer->news_count; i++)
        if (peer->news[i].log == first)
            return true;
    return false;
}

void ph_want_put_off(struct ph_peer *peer, uint32_t first)
{
    struct ph_want *want = find_want(peer, first);
    if (want != NULL)
        want->is_active = false;
}

void ph_want_on_nothing_new(struct ph_node *node, struct ph_peer *peer, uint32_t first)
{
    struct ph_want *want = find_want(peer, first);
    if (want == NULL || --want->runs_left != 0)
        return;
    want->is_active = false;
    if (want->has_brought_some)
        return;
    forget_head(peer, want); /* else it were wanted again at once, and as vainly */
    count_failure(node, &peer->school);
}

void ph_want_on_left_out(struct ph_node *node, struct ph_peer *peer, uint32_t first)
{
    struct ph_want *want = find_want(peer, first);
    if (want == NULL)
        return; /* pushed: no answer */
    want->is_active = false;
    forget_head(peer, want);
    count_failure(node, &peer->school);
}

/* Somebody else, of another school, has more of this log. */
static bool has_another_source(const struct ph_node *node, const struct ph_peer *peer,
                               uint32_t first)
{
    for (size_t i = 0; i < node->peers_end; i++) {
        const struct ph_peer *other = &node->peers[i];
        struct ph_news more;
        if (other->state == PH_PEER_OPEN && !ph_school_id_equal(&other->school, &peer->school) &&
            has_more(node, other, first, &more))
            return true;
    }
    return false;
}

/* A frame of theirs is on its way: on a slow one it is what was asked for, or stands before that,
 * and asking again would only put the same behind it once more. While nobody else could be asked,
 * that goes on for as long as it takes. */
static bool is_arriving(struct ph_node *node, const struct ph_peer *peer, struct ph_want *want)
{
    bool is_slow = peer->input_len != 0 && node->now_ms - peer->came_ms < PH_WANT_MS_MAX;
    uint64_t next_ms = peer->came_ms + PH_WANT_MS_MAX;
    if (!is_slow)
        return false;
    if (has_another_source(node, peer, want->log)) {
        if (want->given_up_ms <= node->now_ms)
            return false;
        next_ms = next_ms < want->given_up_ms ? next_ms : want->given_up_ms;
    }
    want->deadline_ms = next_ms;
    return true;
}

void ph_want_on_wake(struct ph_node *node, struct ph_peer *peer)
{
    for (size_t i = 0; i < PH_WANTS_PER_PEER_MAX; i++) {
        struct ph_want *want = &peer->wants[i];
        if (!want->is_active || want->deadline_ms > node->now_ms || is_arriving(node, peer, want))
            continue;
        want->is_active = false;
        if (peer->heard_ms > want->asked_ms)
            ph_witness_on_vain_want(node, peer);
        if (has_news_of(peer, want->log)) /* else it is a slow peer's only head: once more */
            forget_head(peer, want);
        count_failure(node, &peer->school);
    }
}
