/* What must hold when there is time to look at everything. */
#include <malloc.h>
#include <stdlib.h>

#include "tests/sim/sim_oracle.h"
#include "tests/sim/sim_school.h"

/* Memory is counted as a sum: what nodes take at rest (5 to 7 MiB were seen) and, on top, what one
 * of them may take when it is busy; what the network takes is not theirs. With a sanitizer the sum
 * is 0, and nothing is seen. */
#define REST_BYTES_MAX ((size_t)8 << 20)
#define BUSY_BYTES_MAX ((size_t)32 << 20)
#define FLOOD_BYTES_MAX ((size_t)PH_FACTS_PER_SCHOOL_MAX * PH_FACT_MAX) /* and more at rest */

/* What malicious members wrote, disks can't be asked for one by one. */
static bool have_equal_roots(struct sim_oracle *oracle)
{
    struct ph_root first, root;
    for (uint32_t node = 0; node < oracle->plan->honest_count; node++) {
        if (!sim_ask_root(oracle->sim, node, &root))
            return false;
        if (node == 0)
            first = root;
        if (!ph_root_equal(&first, &root))
            return false;
    }
    return true;
}

bool sim_oracle_are_equal(struct sim_oracle *oracle)
{
    for (uint32_t node = 0; node < oracle->plan->honest_count; node++)
        if (!sim_is_up(oracle->sim, node) || sim_is_stopping(oracle->sim, node) ||
            sim_is_behind(oracle->sim, node))
            return false;
    return oracle->plan->bad_count != 0 ? have_equal_roots(oracle)
                                        : sim_truth_is_equal(&oracle->truth);
}

/* --- records --- */

/* A hash of all that a node shows, beside its root. */
struct shown {
    bool is_known;
    struct ph_root root;
    struct ph_hash records;
};

static struct shown what_is_shown(struct sim_oracle *oracle, uint32_t node)
{
    struct shown shown = {.is_known = false};
    if (!sim_is_up(oracle->sim, node) || sim_is_behind(oracle->sim, node) ||
        !sim_oracle_root(oracle, node, &shown.root) || !sim_is_up(oracle->sim, node))
        return shown; /* being asked may have been its last act */
    shown.is_known = true;
    shown.records = ph_hash(PH_DOMAIN_ROOT, sim_records(oracle->sim, node));
    return shown;
}

void sim_oracle_equal_roots_equal_records(struct sim_oracle *oracle)
{
    struct shown shown[SIM_NODES_MAX];
    for (uint32_t a = 0; a < oracle->plan->honest_count; a++) {
        shown[a] = what_is_shown(oracle, a);
        for (uint32_t b = 0; b < a; b++)
            if (shown[a].is_known && shown[b].is_known &&
                ph_root_equal(&shown[a].root, &shown[b].root) &&
                !ph_hash_equal(&shown[a].records, &shown[b].records))
                sim_blame(oracle, SIM_UNSAFE, "nodes %u and %u: equal roots, other records", a, b);
    }
}

void sim_oracle_records_are_equal(struct sim_oracle *oracle)
{
    struct ph_bytes first = sim_records(oracle->sim, 0);
    struct ph_root root = sim_root(oracle->sim, 0);
    for (uint32_t node = 1; node < oracle->plan->honest_count; node++) {
        struct ph_root other = sim_root(oracle->sim, node);
        if (!ph_root_equal(&root, &other))
            sim_blame(oracle, SIM_UNSAFE, "nodes 0 and %u hold the same and name other roots",
                      node);
        if (!ph_bytes_equal(first, sim_records(oracle->sim, node)))
            sim_blame(oracle, SIM_UNSAFE, "nodes 0 and %u hold the same and show other records",
                      node);
    }
}

/* Whether an entry that could have created the record is on no honest disk any more: its machine
 * was set back, and what others wrote on the record waits for ever. */
static bool is_creation_lost(const struct sim_oracle *oracle, const struct ph_record_id *id)
{
    uint32_t honest = (UINT32_C(1) << oracle->plan->honest_count) - 1;
    for (uint32_t i = 0; i < oracle->truth.entry_count; i++) {
        const struct sim_entry *entry = &oracle->truth.entries[i];
        if ((entry->held & honest) == 0 && entry->link.seq == ph_record_id_seq(id))
            return true;
    }
    return false;
}

void sim_oracle_saved_is_everywhere(struct sim_oracle *oracle)
{
    for (uint32_t node = 0; node < oracle->plan->honest_count; node++) {
        struct ph_view view = {0};
        struct ph_record record;
        sim_view(oracle->sim, node, &view);
        for (size_t i = 0; i < oracle->ack_count; i++) {
            const struct sim_ack *ack = &oracle->acks[i];
            if (ack->is_void)
                continue;
            bool is_held = (oracle->truth.entries[ack->entry].held >> node & 1) != 0;
            bool is_shown =
                ph_view_find(&view, &ack->record, &record) == PH_OK && record.is_created;
            if (!is_held || (!is_shown && !is_creation_lost(oracle, &ack->record)))
                sim_blame(oracle, SIM_UNSAFE, "node %u lacks what node %u said was saved", node,
                          ack->node);
        }
        ph_view_close(&view);
    }
}

/* --- stores --- */

void sim_oracle_stores_verify(struct sim_oracle *oracle)
{
    for (uint32_t node = 0; node < oracle->plan->honest_count; node++)
        if (!sim_verify(oracle->sim, node))
            sim_blame(oracle, SIM_UNSAFE, "the store of node %u does not verify", node);
}

void sim_oracle_rebuild_changes_nothing(struct sim_oracle *oracle)
{
    static const uint8_t request[] = "\x91\xa7rebuild";
    for (uint32_t node = 0; node < oracle->plan->honest_count; node++) {
        struct ph_hash before = ph_hash(PH_DOMAIN_ROOT, sim_records(oracle->sim, node));
        struct ph_bytes answer =
            sim_command(oracle->sim, node, ph_bytes(request, sizeof request - 1));
        if (sim_pick(answer, "records").len == 0) {
            sim_blame(oracle, SIM_UNSAFE, "node %u did not rebuild its records", node);
            return; /* it may be down */
        }
        struct ph_hash after = ph_hash(PH_DOMAIN_ROOT, sim_records(oracle->sim, node));
        if (!ph_hash_equal(&before, &after))
            sim_blame(oracle, SIM_UNSAFE, "node %u shows other records after a rebuild", node);
    }
}

/* --- resources --- */

void sim_oracle_queues_are_bounded(struct sim_oracle *oracle)
{
    struct mallinfo2 memory = mallinfo2();
    for (uint32_t node = 0; node < oracle->plan->honest_count; node++) {
        size_t len = sim_net_outstanding_max(sim_net(oracle->sim), sim_place(oracle->sim, node));
        if (len > PH_OUTBOX_BYTES_HARD_MAX + PH_FRAME_CIPHER_MAX + 2)
            sim_blame(oracle, SIM_UNSAFE, "node %u had %zu bytes waiting on one connection", node,
                      len);
    }
    size_t flood_len = (oracle->plan->plots & SIM_PLOT(FLOOD)) != 0 ? FLOOD_BYTES_MAX : 0;
    size_t rest_len = REST_BYTES_MAX + oracle->plan->bad_count * flood_len;
    size_t len = memory.uordblks + memory.hblkhd, on_the_way = sim_net_memory(sim_net(oracle->sim));
    if (len > oracle->plan->node_count * rest_len + BUSY_BYTES_MAX + on_the_way)
        sim_blame(oracle, SIM_UNSAFE, "%u nodes use %zu bytes of memory", oracle->plan->node_count,
                  len - on_the_way);
}

#define TWICE_MS 2000

/* Of any honest pair, and which it is. */
static uint32_t most_connections(const struct sim_oracle *oracle, uint32_t *a, uint32_t *b)
{
    uint32_t most = 0;
    for (uint32_t one = 0; one < oracle->plan->honest_count; one++)
        for (uint32_t other = 0; other < one; other++) {
            uint32_t count = sim_net_links(sim_net(oracle->sim), sim_place(oracle->sim, one),
                                           sim_place(oracle->sim, other));
            if (count <= most)
                continue;
            most = count;
            *a = one;
            *b = other;
        }
    return most;
}

/* Who dials once more, as it does after each silence, hears within moments that it is there. */
void sim_oracle_one_connection_a_pair(struct sim_oracle *oracle)
{
    uint32_t a = 0, b = 0;
    if (most_connections(oracle, &a, &b) > 1)
        sim_run(oracle->sim, TWICE_MS);
    uint32_t count = most_connections(oracle, &a, &b);
    if (count > 1)
        sim_blame(oracle, SIM_UNSAFE, "%u connections between nodes %u and %u", count, a, b);
}
