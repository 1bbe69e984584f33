#include "node/opening.h"

#include <stdlib.h>

#include "node/author.h"
#include "node/claims.h"
#include "node/dial.h"
#include "node/ingest.h"
#include "node/outbox.h"
#include "node/peers.h"
#include "node/receipts.h"
#include "node/report.h"
#include "node/spread.h"
#include "node/sync.h"
#include "node/welcome.h"
#include "node/writer.h"

#define FACTS_PER_MESSAGE 64
#define PREFIXES_PER_MESSAGE 4000

/* --- small steps --- */

static void mark_equal(struct ph_node *node, struct ph_peer *peer)
{
    ph_receipts_again(node, peer);
    peer->heads_begun = true;
    peer->heads_heard = true;
    peer->facts_begun = true;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        struct ph_peer_log *log = &peer->logs[i];
        uint32_t seq = node->logs.items[i].durable.seq;
        log->theirs = log->theirs > seq ? log->theirs : seq;
        log->assumed = log->assumed > seq ? log->assumed : seq;
        log->announced = seq;
    }
}

static enum ph_status ask_who(struct ph_node *node, struct ph_peer *peer)
{
    struct ph_buffer message = ph_outbox_message(node);
    peer->state = PH_PEER_JUDGING;
    peer->deadline_ms = node->now_ms + PH_PROBATION_MS_MAX;
    ph_message_who(&message);
    return ph_outbox_send(node, peer, &message);
}

/* --- introductions --- */

static enum ph_status send_facts(struct ph_node *node, struct ph_peer *peer,
                                 const uint32_t *indexes, uint32_t count, bool as_introduction)
{
    struct ph_bytes facts[FACTS_PER_MESSAGE];
    uint32_t done = 0;
    while (done < count) {
        uint32_t batch = 0;
        while (batch < FACTS_PER_MESSAGE && done + batch < count) {
            facts[batch] = ph_facts_at(node->facts, indexes[done + batch])->bytes;
            batch++;
        }
        struct ph_buffer message = ph_outbox_message(node);
        uint32_t taken = as_introduction ? ph_message_introduce(&message, facts, batch, NULL)
                                         : ph_message_facts(&message, facts, batch);
        assert(taken != 0);
        PH_TRY(ph_outbox_send(node, peer, &message));
        done += taken;
    }
    return PH_OK;
}

static enum ph_status send_closure(struct ph_node *node, struct ph_peer *peer,
                                   const struct ph_fact_id *certify)
{
    uint32_t *indexes = calloc(ph_facts_count(node->facts), sizeof *indexes);
    if (indexes == NULL)
        return PH_NO_MEMORY;
    uint32_t count = ph_facts_closure(node->facts, certify, indexes);
    enum ph_status status = send_facts(node, peer, indexes, count, true);
    free(indexes);
    return status;
}

/* Who is shut out is shown what did it: it may not know yet. */
static enum ph_status send_what_bars(struct ph_node *node, struct ph_peer *peer)
{
    uint32_t *indexes = calloc(ph_facts_count(node->facts), sizeof *indexes);
    if (indexes == NULL)
        return PH_NO_MEMORY;
    uint32_t count = ph_facts_against(node->facts, &peer->school, indexes);
    while (count != 0 && indexes[count - 1] >= node->ingest.facts_durable)
        count--;
    enum ph_status status = send_facts(node, peer, indexes, count, false);
    free(indexes);
    return status;
}

static bool is_durable(const struct ph_node *node, const struct ph_fact_id *fact)
{
    return ph_facts_find_prefix(node->facts, fact->bytes) < node->ingest.facts_durable;
}

/* Facts that lead to us, then an empty list that ends the introduction, with our joining proof if
 * we are not admitted yet. Only what is durable is spoken of. */
enum ph_status ph_opening_introduce(struct ph_node *node, struct ph_peer *peer,
                                    struct ph_message *message)
{
    (void)message;
    struct ph_join_proof proof;
    bool is_joining = node->membership == PH_MEMBERSHIP_JOINING;
    if (peer->is_introduced)
        return PH_MALFORMED; /* asked once is enough */
    peer->is_introduced = true;
    if (node->own_log >= 0 && is_durable(node, &node->logs.items[node->own_log].row.certify))
        PH_TRY(send_closure(node, peer, &node->logs.items[node->own_log].row.certify));
    if (is_joining)
        proof = ph_join_prove(node->invite_secret, &node->network, &node->school_key);
    struct ph_buffer out = ph_outbox_message(node);
    if (is_joining && node->claimed != PH_CLAIM_NONE) {
        struct ph_claim claim = ph_welcome_claim(node);
        ph_message_claim(&out, &proof, &claim);
    } else {
        ph_message_introduce(&out, NULL, 0, is_joining ? &proof : NULL);
    }
    return ph_outbox_send(node, peer, &out);
}

/* Facts go back to nobody: who sent a fact is kept until it has been passed on. 0: ourselves. */
static uint8_t source_of(const struct ph_node *node, const struct ph_peer *peer)
{
    return (uint8_t)(peer - node->peers + 1);
}

/* Our own step after what we have learned; its failure is nobody else's fault. */
static enum ph_status settle(struct ph_node *node)
{
    enum ph_status status = ph_author_settle(node);
    if (status == PH_OK || ph_status_blame(status) == PH_BLAME_LOCAL)
        return status;
    ph_log(node->log, PH_LOG_WARN, "not certified yet: %s", ph_status_text(status));
    return PH_OK;
}

/* Bytes of facts from a school that is not known yet. What was held before costs nothing: who has a
 * long way to show gets further with each call. */
static bool is_within_probation(struct ph_peer *peer, struct ph_bytes fact, bool is_new)
{
    if (is_new && peer->state != PH_PEER_OPEN)
        peer->probation_len += fact.len;
    return peer->probation_len <= PH_PROBATION_BYTES_MAX;
}

/* Whether a peer is still heard that sends facts without any use, one after the other. */
static bool brings_some(struct ph_peer *peer, enum ph_status status, bool is_new)
{
    if (is_new)
        peer->vain_facts = 0;
    else
        peer->vain_facts += status == PH_WAITING ? PH_FACTS_VAIN_WAITING : 1;
    return peer->vain_facts <= PH_FACTS_VAIN_MAX;
}

/* `*is_waiting` is set if it waits for others. */
static enum ph_status take_fact(struct ph_node *node, struct ph_peer *peer, struct ph_bytes fact,
                                bool *is_waiting)
{
    bool is_new = false;
    enum ph_status status = ph_ingest_fact(node, fact, &is_new);
    if (!brings_some(peer, status, is_new) || !is_within_probation(peer, fact, is_new))
        return PH_LIMIT;
    *is_waiting = *is_waiting || status == PH_WAITING;
    if (status == PH_REFUSED || status == PH_WAITING)
        return PH_OK; /* nobody's fault; those behind may be taken */
    if (status == PH_OK && is_new)
        node->ingest.fact_sources[ph_facts_count(node->facts) - 1] = source_of(node, peer);
    return status;
}

/* Some of a list wait, for others before them maybe that their school had no room for. */
static enum ph_status take_expected(struct ph_node *node, struct ph_peer *peer,
                                    struct ph_unpacker facts, uint32_t count)
{
    struct ph_bytes *list = calloc(count, sizeof *list);
    enum ph_status status = list == NULL ? PH_NO_MEMORY : PH_OK;
    bool is_waiting = false;
    for (uint32_t i = 0; i < count && status == PH_OK; i++)
        list[i] = ph_message_next_fact(&facts);
    for (uint32_t i = count; i-- > 0 && status == PH_OK;)
        if (!ph_facts_expect(node->facts, list[i]))
            list[i].len = 0;
    for (uint32_t i = 0; i < count && status == PH_OK; i++)
        if (list[i].len != 0)
            status = take_fact(node, peer, list[i], &is_waiting);
    free(list);
    return status;
}

static enum ph_status take_fact_list(struct ph_node *node, struct ph_peer *peer,
                                     struct ph_unpacker facts, uint32_t count)
{
    enum ph_status status = ph_ingest_is_full(node) ? PH_PARTIAL : PH_OK;
    struct ph_unpacker rest = facts;
    bool is_waiting = false;
    for (uint32_t i = 0; i < count && status == PH_OK; i++)
        status = take_fact(node, peer, ph_message_next_fact(&rest), &is_waiting);
    if (is_waiting && status == PH_OK)
        status = take_expected(node, peer, facts, count);
    /* Not to be taken now: no harm, we list what we hold once there is room. */
    if (is_waiting || status == PH_PARTIAL)
        peer->facts_missed = true;
    if (status == PH_PARTIAL)
        peer->fact_ids_sent = 0; /* what we hold stays the same, and yet has to be said again */
    if (status != PH_OK && status != PH_PARTIAL)
        return status;
    return settle(node);
}

/* --- roots --- */

enum ph_status ph_opening_keep_root(struct ph_node *node, struct ph_peer *peer,
                                    struct ph_message *message)
{
    (void)node;
    peer->has_their_root = true;
    peer->their_fact_set = message->of.root.fact_set;
    peer->their_root = message->of.root.root;
    peer->root_is_unjudged = true;
    return PH_OK;
}

static enum ph_status write_fact_ids(struct ph_node *node, struct ph_peer *peer)
{
    struct ph_fact_prefix *prefixes = calloc(PREFIXES_PER_MESSAGE, sizeof *prefixes);
    enum ph_status status = prefixes == NULL ? PH_NO_MEMORY : PH_OK;
    uint32_t count = node->ingest.facts_durable, done = 0;
    bool is_last = false;
    peer->fact_ids_sent = count + 1;
    while (status == PH_OK && !is_last) {
        uint32_t batch = 0;
        for (; batch < PREFIXES_PER_MESSAGE && done < count; done++)
            memcpy(prefixes[batch++].bytes, ph_facts_at(node->facts, done)->id.bytes,
                   sizeof prefixes->bytes);
        is_last = done == count;
        struct ph_buffer message = ph_outbox_message(node);
        ph_message_fact_ids(&message, ph_bytes(prefixes, batch * sizeof *prefixes), !is_last);
        status = ph_outbox_send(node, peer, &message);
    }
    free(prefixes);
    return status;
}

/* Now, or once the network has taken what waits. */
static enum ph_status send_fact_ids(struct ph_node *node, struct ph_peer *peer)
{
    peer->facts_begun = true;
    peer->fact_ids_sent = node->ingest.facts_durable + 1;
    peer->list_is_due = !ph_outbox_has_room(peer);
    return peer->list_is_due ? PH_OK : write_fact_ids(node, peer);
}

/* Their root differs from ours, and nothing of ours is pending: facts first, then heads. A pair of
 * roots is worked on once; the idle exchange asks again should that not have helped. */
static enum ph_status work_on_difference(struct ph_node *node, struct ph_peer *peer)
{
    if (ph_root_equal(&peer->mismatch_theirs, &peer->their_root) &&
        ph_root_equal(&peer->mismatch_ours, &node->logs.root))
        return PH_OK;
    peer->mismatch_theirs = peer->their_root;
    peer->mismatch_ours = node->logs.root;
    if (!ph_root_equal(&peer->root_sent, &node->logs.root))
        PH_TRY(ph_sync_send_root(node, peer));
    if (ph_hash_equal(&peer->their_fact_set, &node->logs.fact_set))
        peer->facts_begun = true;
    else if (peer->fact_ids_sent != node->ingest.facts_durable + 1)
        return send_fact_ids(node, peer); /* heads follow their list */
    return ph_sync_send_all_heads(node, peer);
}

static enum ph_status judge_root(struct ph_node *node, struct ph_peer *peer)
{
    peer->root_is_unjudged = false;
    if (ph_root_equal(&peer->their_root, &node->logs.root)) {
        mark_equal(node, peer);
        if (!ph_root_equal(&peer->root_sent, &node->logs.root))
            return ph_sync_send_root(node, peer);
        return PH_OK;
    }
    if (!ph_ingest_is_quiet(node) || peer->root_judged_ms > node->now_ms) {
        peer->root_is_unjudged = true; /* judged after the commit, or in its time */
        return PH_OK;
    }
    return work_on_difference(node, peer);
}

enum ph_status ph_opening_take_root(struct ph_node *node, struct ph_peer *peer,
                                    struct ph_message *message)
{
    /* Of a live session what makes them differ is on its way, most likely. */
    bool is_live = peer->heads_begun && peer->heads_heard;
    PH_TRY(ph_opening_keep_root(node, peer, message));
    peer->root_judged_ms = is_live ? node->now_ms + PH_ROOT_MS : 0;
    return judge_root(node, peer);
}

enum ph_status ph_opening_on_wake(struct ph_node *node, struct ph_peer *peer)
{
    bool is_due = peer->root_is_unjudged && peer->root_judged_ms <= node->now_ms;
    return is_due ? judge_root(node, peer) : PH_OK;
}

/* --- twins --- */

static bool is_twin(const struct ph_peer *other, const struct ph_peer *peer)
{
    return other != peer && other->state == PH_PEER_OPEN &&
           ph_agree_public_equal(&other->transport, &peer->transport);
}

/* Another session with the same key: one pair that dialed twice, a restart, or a second PC with a
 * copy of the same secrets. Only the other end can tell; meanwhile both stay, and the other one has
 * to show that somebody is there. */
static enum ph_status name_twins(struct ph_node *node, struct ph_peer *peer)
{
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *other = &node->peers[i];
        if (!is_twin(other, peer))
            continue;
        other->deadline_ms = node->now_ms + PH_TWIN_MS_MAX;
        struct ph_buffer message = ph_outbox_message(node);
        ph_message_twin(&message, &other->session);
        PH_TRY(ph_outbox_send(node, peer, &message));
    }
    return PH_OK;
}

/* Both ends have both: they end the same one. */
enum ph_status ph_opening_take_twin(struct ph_node *node, struct ph_peer *peer,
                                    struct ph_message *message)
{
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *other = &node->peers[i];
        if (!is_twin(other, peer) || !ph_hash_equal(&other->session, &message->of.twin.session))
            continue;
        bool is_lower = ph_hash_compare(&other->session, &peer->session) < 0;
        ph_peers_end(node, is_lower ? other : peer, PH_END_DUPLICATE);
        return PH_OK;
    }
    return PH_OK;
}

/* The initiator has said its root in message 3 if it knew us; the responder always answers. */
static enum ph_status open_session(struct ph_node *node, struct ph_peer *peer)
{
    peer->news = calloc(PH_NEWS_PER_PEER_MAX, sizeof *peer->news);
    if (peer->news == NULL)
        return PH_NO_MEMORY;
    PH_TRY(ph_peers_fit_logs(peer, node->logs.count));
    ph_welcome_note_school(node, peer);
    peer->state = PH_PEER_OPEN;
    peer->facts_judged = node->ingest.facts_durable;
    peer->facts_pushed = node->ingest.facts_durable;
    peer->catching_up_ms = node->now_ms;
    peer->deadline_ms = UINT64_MAX;
    peer->root_due_ms = node->now_ms + PH_IDLE_ROOT_MS;
    ph_dial_on_open(node, peer);
    ph_report(node, peer, PH_LOG_INFO, "school %s is there", ph_school_tag(&peer->school).text);
    if (peer->has_their_root && ph_root_equal(&peer->their_root, &node->logs.root)) {
        peer->their_fact_set = node->logs.fact_set;
        mark_equal(node, peer);
    }
    PH_TRY(name_twins(node, peer));
    if (!ph_root_equal(&peer->root_sent, &node->logs.root))
        PH_TRY(ph_sync_send_root(node, peer));
    PH_TRY(ph_spread_on_open(node, peer));
    return peer->root_is_unjudged ? judge_root(node, peer) : PH_OK;
}

static void refuse(struct ph_node *node, struct ph_peer *peer, enum ph_end_reason reason)
{
    ph_welcome_note_school(node, peer);
    if (reason == PH_END_BARRED && send_what_bars(node, peer) != PH_OK)
        ph_report(node, peer, PH_LOG_DEBUG, "what bars it can't be sent");
    ph_report(node, peer, PH_LOG_WARN,
              reason == PH_END_BARRED
                  ? "school %s is removed, or its key or installation not in use; connection closed"
                  : "school %s is not a member that we know; connection closed",
              ph_school_tag(&peer->theirs.school).text);
    ph_peers_end(node, peer, reason);
}

enum ph_status ph_opening_take_introduction(struct ph_node *node, struct ph_peer *peer,
                                            struct ph_message *message)
{
    enum ph_end_reason reason = PH_END_UNKNOWN;
    if (peer->state == PH_PEER_OPEN)
        return PH_OK; /* became known otherwise meanwhile */
    PH_TRY(
        take_fact_list(node, peer, message->of.introduce.facts, message->of.introduce.fact_count));
    bool is_last = message->of.introduce.fact_count == 0;
    if (is_last && message->of.introduce.has_proof && !ph_welcome_is_known(node, peer)) {
        enum ph_status status = message->of.introduce.claim.what != PH_CLAIM_NONE
                                    ? ph_claims_take(node, peer, message, &reason)
                                    : ph_welcome_admit(node, &peer->theirs.school,
                                                       &message->of.introduce.proof, &reason);
        if (status != PH_OK && status != PH_FORBIDDEN)
            return status;
    }
    if (ph_welcome_is_due(node, peer))
        return open_session(node, peer);
    if (is_last)
        refuse(node, peer, ph_welcome_is_known(node, peer) ? PH_END_BARRED : reason);
    return PH_OK;
}

/* A school has a few PCs at most; one that brings more doesn't fill the table. */
static void end_oldest_of_school(struct ph_node *node, const struct ph_peer *newest)
{
    struct ph_peer *oldest = NULL;
    size_t count = 0;
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (peer == newest || peer->state != PH_PEER_OPEN ||
            !ph_school_id_equal(&peer->school, &newest->school))
            continue;
        count++;
        if (oldest == NULL || peer->up_ms < oldest->up_ms)
            oldest = peer;
    }
    if (count >= PH_SESSIONS_PER_SCHOOL_MAX)
        ph_peers_end(node, oldest, PH_END_FULL);
}

void ph_opening_find_ourselves(struct ph_node *node, struct ph_peer *dialed)
{
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (peer->state == PH_PEER_GREETING && !peer->is_ours &&
            ph_handshake_is_other_end(&dialed->handshake, &peer->handshake))
            peer->is_self = dialed->is_self = true;
    }
}

/* We have dialed ourselves. */
static void end_with_ourselves(struct ph_node *node, struct ph_peer *peer)
{
    ph_dial_on_self(node, peer);
    ph_peers_end(node, peer, PH_END_DUPLICATE);
}

/* Somebody else has our secrets, which only a copy of this home has: neither goes on writing with
 * them. */
enum ph_status ph_opening_meet_copy(struct ph_node *node, struct ph_peer *peer)
{
    ph_peers_end(node, peer, PH_END_DONE);
    return ph_writer_end(node, PH_NOTICE_TWIN);
}

/* Our own key at the other end. Who has called us has shown that it has the secrets; who has
 * answered us may have brought back a greeting of ours, from a connection that is gone by now, and
 * shows it by what it seals. */
static enum ph_status meet_own_key(struct ph_node *node, struct ph_peer *peer)
{
    if (peer->is_self)
        end_with_ourselves(node, peer);
    else if (!peer->is_ours)
        return ph_opening_meet_copy(node, peer);
    return PH_OK;
}

enum ph_status ph_opening_begin(struct ph_node *node, struct ph_peer *peer)
{
    peer->state = PH_PEER_JUDGING; /* sealed from here on: a goodbye can be said */
    if (ph_agree_public_equal(&peer->transport, &node->transport))
        return meet_own_key(node, peer);
    ph_welcome_note_school(node, peer);
    ph_dial_on_reached(node, peer, PH_REACH_KNOWN);
    end_oldest_of_school(node, peer);
    if (ph_welcome_is_due(node, peer))
        return open_session(node, peer);
    return ask_who(node, peer); /* who is barred may bring what lets it in again */
}

/* --- facts --- */

static void mark_theirs(struct ph_node *node, struct ph_peer *peer, struct ph_bytes prefixes)
{
    size_t count = prefixes.len / sizeof(struct ph_fact_prefix);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *prefix = prefixes.data + i * sizeof(struct ph_fact_prefix);
        uint32_t index = ph_facts_find_prefix(node->facts, prefix);
        if (index < PH_FACTS_MAX)
            peer->facts_theirs[index] = 1;
        else
            peer->list_is_wanted = true;
    }
}

/* Then, and only then, heads may be spoken of. */
static enum ph_status end_facts(struct ph_node *node, struct ph_peer *peer)
{
    bool is_said = peer->fact_ids_sent == node->ingest.facts_durable + 1;
    bool is_wanted = peer->list_is_wanted && peer->list_answered != peer->fact_ids_sent;
    free(peer->facts_theirs);
    peer->facts_theirs = NULL;
    peer->facts_are_due = false;
    peer->list_is_wanted = false;
    if (is_wanted || !is_said)
        PH_TRY(send_fact_ids(node, peer));
    if (is_wanted)
        peer->list_answered = peer->fact_ids_sent; /* once: what it didn't bring, it won't */
    return ph_sync_send_all_heads(node, peer);
}

/* Each once, as far as the network takes them. */
static enum ph_status push_facts(struct ph_node *node, struct ph_peer *peer)
{
    uint32_t indexes[FACTS_PER_MESSAGE];
    while (peer->facts_pushed < node->ingest.facts_durable && ph_outbox_has_room(peer)) {
        uint32_t count = 0;
        for (; peer->facts_pushed < node->ingest.facts_durable && count < FACTS_PER_MESSAGE;
             peer->facts_pushed++)
            if (node->ingest.fact_sources[peer->facts_pushed] != source_of(node, peer))
                indexes[count++] = peer->facts_pushed;
        PH_TRY(send_facts(node, peer, indexes, count, false));
    }
    return PH_OK;
}

/* What their list shows them to lack. */
static enum ph_status answer_list(struct ph_node *node, struct ph_peer *peer)
{
    while (peer->next_fact < peer->facts_end) {
        uint32_t indexes[FACTS_PER_MESSAGE];
        uint32_t count = 0;
        if (!ph_outbox_has_room(peer))
            return PH_OK; /* goes on when the network has taken what waits */
        for (; peer->next_fact < peer->facts_end && count < FACTS_PER_MESSAGE; peer->next_fact++)
            if (peer->facts_theirs[peer->next_fact] == 0)
                indexes[count++] = peer->next_fact;
        PH_TRY(send_facts(node, peer, indexes, count, false));
    }
    return end_facts(node, peer);
}

enum ph_status ph_opening_pump(struct ph_node *node, struct ph_peer *peer)
{
    if (peer->facts_begun)
        PH_TRY(push_facts(node, peer));
    if (peer->list_is_due && ph_outbox_has_room(peer))
        PH_TRY(send_fact_ids(node, peer));
    return peer->facts_are_due ? answer_list(node, peer) : PH_OK;
}

enum ph_status ph_opening_take_fact_ids(struct ph_node *node, struct ph_peer *peer,
                                        struct ph_message *message)
{
    if (peer->facts_theirs == NULL)
        peer->facts_theirs = calloc(PH_FACTS_MAX, 1);
    if (peer->facts_theirs == NULL)
        return PH_NO_MEMORY;
    if (peer->facts_are_due)
        return PH_OK; /* the answer to their last list is still under way */
    mark_theirs(node, peer, message->of.fact_ids.prefixes);
    if (message->of.fact_ids.more_follow)
        return PH_OK;
    peer->facts_are_due = true;
    peer->next_fact = 0;
    peer->facts_end = node->ingest.facts_durable;
    return ph_opening_pump(node, peer);
}

enum ph_status ph_opening_take_facts(struct ph_node *node, struct ph_peer *peer,
                                     struct ph_message *message)
{
    return take_fact_list(node, peer, message->of.facts.facts, message->of.facts.fact_count);
}

enum ph_status ph_opening_on_committed(struct ph_node *node, struct ph_peer *peer)
{
    if (peer->facts_begun)
        PH_TRY(push_facts(node, peer));
    else
        peer->facts_pushed = node->ingest.facts_durable; /* their list will say what they lack */
    if (ph_welcome_is_over(node, peer)) {
        refuse(node, peer, PH_END_BARRED);
        return PH_OK;
    }
    if (peer->facts_missed && !ph_ingest_is_full(node)) {
        peer->facts_missed = false;
        if (peer->fact_ids_sent != node->ingest.facts_durable + 1)
            PH_TRY(send_fact_ids(node, peer));
    }
    if (peer->root_is_unjudged && ph_ingest_is_quiet(node))
        return judge_root(node, peer);
    return PH_OK;
}
