/* Nothing leaves a node before it is durable there. */
#include "proto/message.h"
#include "tests/sim/sim_oracle.h"

static void check_heads(struct sim_oracle *oracle, uint32_t node, struct ph_message *message)
{
    for (uint32_t i = 0; i < message->of.heads.head_count; i++) {
        struct ph_head head = ph_message_next_head(&message->of.heads.heads);
        uint32_t entry = sim_truth_entry(&oracle->truth, &head.id);
        if (entry == SIM_NONE || (oracle->truth.entries[entry].held >> node & 1) == 0)
            sim_blame(oracle, SIM_UNSAFE, "node %u announced entry %u, which its disk lacks", node,
                      head.seq);
    }
}

/* The furthest entry of a writer on this disk. */
static uint32_t end_of(struct sim_oracle *oracle, uint32_t node, const struct ph_writer_id *writer)
{
    struct ph_view view = {0};
    struct ph_log_row row;
    uint32_t end = 0;
    if (ph_view_open(sim_store(oracle->sim, node), &view) != PH_OK)
        return 0;
    for (uint32_t log = 0; ph_view_log(&view, log, &row) == PH_OK; log++)
        if (row.tip.seq > end && ph_writer_id_equal(&row.writer, writer))
            end = row.tip.seq;
    ph_view_close(&view);
    return end;
}

static void check_run(struct sim_oracle *oracle, uint32_t node, const struct ph_run_head *run)
{
    uint32_t end = end_of(oracle, node, &run->writer);
    if ((uint64_t)run->after_seq + run->entry_count > end)
        sim_blame(oracle, SIM_UNSAFE, "node %u sent %u entries after %u of a log it holds up to %u",
                  node, run->entry_count, run->after_seq, end);
}

static void check_facts(struct sim_oracle *oracle, uint32_t node, uint32_t count,
                        struct ph_unpacker *facts)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t fact = sim_truth_fact(&oracle->truth, ph_message_next_fact(facts));
        if ((oracle->truth.facts[fact].held >> node & 1) == 0)
            sim_blame(oracle, SIM_UNSAFE, "node %u sent a fact that is not on its disk", node);
    }
}

/* --- roots --- */

bool sim_oracle_root(struct sim_oracle *oracle, uint32_t node, struct ph_root *root)
{
    if (oracle->plan->bad_count != 0)
        return sim_ask_root(oracle->sim, node, root);
    *root = sim_truth_root(&oracle->truth, node);
    return true;
}

static void check_root(struct sim_oracle *oracle, uint32_t node, const struct ph_root *said)
{
    if (oracle->plan->bad_count != 0)
        return;
    struct ph_root root = sim_truth_root(&oracle->truth, node);
    if (!ph_root_equal(&root, said))
        sim_blame(oracle, SIM_UNSAFE, "node %u sent a root that its disk does not have", node);
}

void sim_oracle_said_is_durable(struct sim_oracle *oracle, uint32_t node, struct ph_bytes bytes)
{
    struct ph_message message;
    if (ph_message_decode(bytes, &message) != PH_OK) {
        sim_blame(oracle, SIM_UNSAFE, "node %u sent a message that is none", node);
        return;
    }
    switch (message.type) {
    case PH_MESSAGE_ROOT:
        check_root(oracle, node, &message.of.root.root);
        return;
    case PH_MESSAGE_INTRODUCE:
        check_facts(oracle, node, message.of.introduce.fact_count, &message.of.introduce.facts);
        return;
    case PH_MESSAGE_FACTS:
        check_facts(oracle, node, message.of.facts.fact_count, &message.of.facts.facts);
        return;
    case PH_MESSAGE_HEADS:
        check_heads(oracle, node, &message);
        return;
    case PH_MESSAGE_RUN:
        check_run(oracle, node, &message.of.run.head);
        return;
    case PH_MESSAGE_WHO:
    case PH_MESSAGE_FACT_IDS:
    case PH_MESSAGE_WANT:
    case PH_MESSAGE_FILL:
    case PH_MESSAGE_END:
    case PH_MESSAGE_TWIN:
        return;
    }
}
