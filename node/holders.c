#include "node/holders.h"

#include "node/branches.h"
#include "node/ends.h"
#include "node/peers.h"
#include "node/receipts.h"
#include "node/stock.h"

static uint32_t higher(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* --- by receipts --- */

/* Up to which entry two branches of a writer go the same way. */
static uint32_t common_to(const struct ph_node *node, uint32_t a, uint32_t b)
{
    uint32_t seq = UINT32_MAX;
    while (a != b) {
        uint32_t *later = a > b ? &a : &b; /* a branch leaves a log of a lower number */
        const struct ph_log_row *row = &node->logs.items[*later].row;
        if (!row->is_branch)
            return 0;
        seq = row->base_seq < seq ? row->base_seq : seq;
        *later = row->base_log;
    }
    return seq;
}

static bool is_entry(const struct ph_node *node, const struct ph_view *view, uint32_t number,
                     const struct ph_receipt_end *end)
{
    struct ph_place_on at = {number, end->seq};
    struct ph_link link;
    const struct ph_log *log = &node->logs.items[number];
    if (end->seq <= log->row.base_seq || end->seq > log->durable.seq ||
        ph_branch_link(node, view, &at, &link) != PH_OK)
        return false;
    return memcmp(link.id.bytes, end->check, sizeof end->check) == 0;
}

/* How far the way to that entry goes along a branch; 0 if it lies on no branch held here. */
static uint32_t place(const struct ph_node *node, const struct ph_view *view, uint32_t number,
                      const struct ph_receipt_end *end)
{
    uint32_t first = node->logs.items[number].first;
    for (int i = (int)first; i >= 0; i = ph_branch_after(node, (uint32_t)i)) {
        if (!is_entry(node, view, (uint32_t)i, end))
            continue;
        uint32_t common = common_to(node, number, (uint32_t)i);
        return common < end->seq ? common : end->seq;
    }
    return 0;
}

static bool is_of(struct ph_node *node, struct ph_receipt_kept *kept,
                  const struct ph_school_id *school)
{
    return ph_receipts_counts(node, kept) &&
           ph_school_id_equal(&node->logs.items[kept->log].row.school, school);
}

/* Another installation of the same school, which says that it was this one. */
static bool is_replaced(struct ph_node *node, struct ph_receipt_kept *kept,
                        const struct ph_school_id *school)
{
    for (uint32_t i = 0; i < node->receipts.count; i++) {
        struct ph_receipt_kept *other = &node->receipts.items[i];
        if (other != kept && ph_receipt_replaces(&other->receipt, &kept->receipt.writer) &&
            is_of(node, other, school))
            return true;
    }
    return false;
}

static uint32_t by_receipts(struct ph_node *node, const struct ph_view *view,
                            const struct ph_school_id *school, uint32_t number)
{
    uint32_t held = 0;
    for (uint32_t i = 0; i < node->receipts.count; i++) {
        struct ph_receipt_kept *kept = &node->receipts.items[i];
        struct ph_receipt_end end;
        uint32_t at = 0;
        if (!is_of(node, kept, school) || is_replaced(node, kept, school))
            continue;
        while (ph_receipt_next(&kept->receipt, &node->logs.items[number].row.writer, &at, &end))
            held = higher(held, place(node, view, number, &end));
    }
    return held;
}

const struct ph_receipt_kept *ph_holders_receipt(struct ph_node *node,
                                                 const struct ph_school_id *school)
{
    const struct ph_receipt_kept *last = NULL;
    for (uint32_t i = 0; i < node->receipts.count; i++) {
        struct ph_receipt_kept *kept = &node->receipts.items[i];
        if (is_of(node, kept, school) && !is_replaced(node, kept, school) &&
            (last == NULL || kept->taken_ms > last->taken_ms))
            last = kept;
    }
    return last;
}

/* --- by sessions --- */

/* Heads alone don't say where contents are missing: of such a log receipts are asked. */
static uint32_t by_sessions(const struct ph_node *node, const struct ph_school_id *school,
                            uint32_t number)
{
    const struct ph_log *log = &node->logs.items[number];
    uint32_t held = 0;
    if (log->is_left_out || ph_stock_held_to(node, number) < log->durable.seq)
        return 0;
    for (size_t i = 0; i < node->peers_end; i++) {
        const struct ph_peer *peer = &node->peers[i];
        if (peer->state == PH_PEER_OPEN && ph_school_id_equal(&peer->school, school) &&
            !peer->logs[log->first].has_holes)
            held = higher(held, peer->logs[number].theirs);
    }
    return held;
}

/* --- answers --- */

uint32_t ph_holders_end(struct ph_node *node, const struct ph_view *view,
                        const struct ph_school_id *school, uint32_t number)
{
    if (ph_school_id_equal(school, &node->school))
        return ph_stock_held_to(node, number);
    uint32_t seq = node->logs.items[number].durable.seq;
    uint32_t held = by_sessions(node, school, number);
    if (held < seq)
        held = higher(held, by_receipts(node, view, school, number));
    return held < seq ? held : seq;
}

uint64_t ph_holders_behind(const struct ph_node *node, uint32_t number, uint32_t held, uint32_t seq)
{
    held = higher(held, node->logs.items[number].row.base_seq);
    return seq > held ? seq - held : 0;
}

void ph_holders_ask(struct ph_node *node, const struct ph_view *view,
                    const struct ph_holders_part *parts, uint32_t count, struct ph_holders *out)
{
    struct ph_member members[PH_SCHOOLS_MAX];
    uint32_t member_count =
        node->facts == NULL ? 0 : ph_facts_members(node->facts, members, PH_SCHOOLS_MAX);
    *out = (struct ph_holders){0};
    for (uint32_t i = 0; i < member_count && i < PH_SCHOOLS_MAX; i++) {
        struct ph_holders_lacking lacking = {.school = members[i].school};
        if (members[i].is_removed)
            continue;
        out->of++;
        for (uint32_t j = 0; j < count; j++) {
            uint32_t held = ph_holders_end(node, view, &members[i].school, parts[j].log);
            lacking.entries += ph_holders_behind(node, parts[j].log, held, parts[j].seq);
        }
        if (lacking.entries == 0) {
            out->at++;
            continue;
        }
        lacking.is_heard = ph_school_id_equal(&lacking.school, &node->school) ||
                           ph_peers_session(node, &lacking.school) != NULL ||
                           ph_holders_receipt(node, &lacking.school) != NULL;
        out->lacking[out->lacking_count++] = lacking;
    }
}
