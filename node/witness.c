#include "node/witness.h"

#include "node/ends.h"
#include "node/peers.h"
#include "node/report.h"

void ph_witness_on_more(struct ph_node *node, struct ph_peer *peer, uint32_t number)
{
    struct ph_peer_log *known = &peer->logs[number];
    if (known->behind_ms != 0 && node->now_ms - known->behind_ms > PH_BEHIND_MS)
        peer->catching_up_ms = node->now_ms;
    known->behind_ms = 0;
}

void ph_witness_on_vain_want(struct ph_node *node, struct ph_peer *peer)
{
    if (++peer->undelivered != PH_UNDELIVERED_MAX)
        return;
    ph_report(node, peer, PH_LOG_WARN,
              "school %s announces and does not deliver; it comes another way, if there is one",
              ph_school_tag(&peer->school).text);
}

void ph_witness_on_delivered(struct ph_peer *peer)
{
    peer->undelivered = 0;
}

bool ph_witness_suspects(const struct ph_peer *peer)
{
    return peer->keeps_back || peer->undelivered >= PH_UNDELIVERED_MAX;
}

/* --- comparing --- */

/* How much of a log a third one shows, no session of either of us. */
static uint32_t shown_by_another(const struct ph_node *node, const struct ph_peer *peer,
                                 uint32_t number)
{
    uint32_t seq = 0;
    for (size_t i = 0; i < node->peers_end; i++) {
        const struct ph_peer *other = &node->peers[i];
        if (other->state != PH_PEER_OPEN || ph_school_id_equal(&other->school, &peer->school) ||
            ph_school_id_equal(&other->school, &node->school))
            continue;
        seq = other->logs[number].theirs > seq ? other->logs[number].theirs : seq;
    }
    return seq;
}

/* Held here, shown by another, said to it: three compared, and one shows less. */
static bool is_behind(const struct ph_node *node, const struct ph_peer *peer, uint32_t number)
{
    const struct ph_log *log = &node->logs.items[number];
    if (!ph_ends_is_announced(log) || log->is_left_out)
        return false;
    uint32_t theirs = peer->logs[number].theirs;
    return theirs < log->durable.seq && theirs < peer->logs[number].announced &&
           theirs < shown_by_another(node, peer, number);
}

static bool is_over(const struct ph_node *node, uint64_t since_ms)
{
    return node->now_ms - since_ms >= PH_KEPT_BACK_MS;
}

/* Who still catches up with anything that it was long behind with is slow, or has come just now. */
static bool keeps_back(struct ph_node *node, struct ph_peer *peer, uint32_t number)
{
    struct ph_peer_log *known = &peer->logs[number];
    if (!is_behind(node, peer, number)) {
        known->behind_ms = 0;
        return false;
    }
    if (known->behind_ms == 0)
        known->behind_ms = node->now_ms;
    return is_over(node, known->behind_ms) && is_over(node, peer->catching_up_ms);
}

static void report(struct ph_node *node, const struct ph_peer *peer, uint32_t number)
{
    struct ph_school_tag about = ph_school_tag(&node->logs.items[number].row.school);
    ph_report(node, peer, PH_LOG_WARN,
              "school %s shows less of the log of school %s than others: it withholds it, or does "
              "not get it",
              ph_school_tag(&peer->school).text, about.text);
}

void ph_witness_compare(struct ph_node *node, struct ph_peer *peer)
{
    bool was_suspect = peer->keeps_back;
    if (!peer->heads_heard || peer->compared_ms > node->now_ms)
        return;
    peer->compared_ms = node->now_ms + PH_COMPARE_MS;
    peer->keeps_back = false;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        if (!keeps_back(node, peer, i))
            continue;
        if (!was_suspect && !peer->keeps_back)
            report(node, peer, i);
        peer->keeps_back = true;
    }
}
