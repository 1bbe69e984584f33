/* Nothing leaves a node before it is durable there. */
#include "proto/message.h"
#include "tests/sim/sim_oracle.h"

static void check_heads(struct sim_oracle *oracle, uint32_t node, struct ph_message *message)
{
    const struct sim_truth *truth = &oracle->truth;
    for (uint32_t i = 0; i < message->of.heads.head_count; i++) {
        struct ph_head head = ph_message_next_head(&message->of.heads.heads);
        uint32_t entry = sim_truth_entry(truth, &head.id);
        if (!sim_truth_holds(truth, node, entry))
            sim_blame(oracle, SIM_UNSAFE, "node %u announced entry %u, which its disk lacks", node,
                      head.seq);
        else if (truth->entries[entry].link.seq != head.seq ||
                 !ph_writer_id_equal(&truth->writers[truth->entries[entry].writer].id,
                                     &head.writer))
            sim_blame(oracle, SIM_UNSAFE, "node %u announced an entry as another's", node);
    }
}

/* --- receipts --- */

static bool has_end(const struct sim_oracle *oracle, uint32_t node, const uint8_t *held)
{
    const struct sim_truth *truth = &oracle->truth;
    for (uint32_t i = 0; i < truth->entry_count; i++) {
        const struct sim_entry *entry = &truth->entries[i];
        uint8_t item[PH_RECEIPT_HELD_LEN];
        ph_receipt_put(item, &truth->writers[entry->writer].id, entry->link.seq, &entry->link.id);
        if (ph_receipt_compare_held(item, held) == 0)
            return (entry->held >> node & 1) != 0;
    }
    return false;
}

/* Of its own one; a disk that was copied may have said it before. */
static void check_receipt(struct sim_oracle *oracle, uint32_t node,
                          const struct ph_receipt *receipt)
{
    const struct sim_writer *own = &oracle->truth.writers[sim_truth_own(&oracle->truth, node)];
    if (!ph_writer_id_equal(&own->id, &receipt->writer) || own->was_copied)
        return;
    for (size_t at = 0; at < receipt->held.len; at += PH_RECEIPT_HELD_LEN)
        if (!has_end(oracle, node, receipt->held.data + at))
            sim_blame(oracle, SIM_UNSAFE, "node %u says that it holds what its disk lacks", node);
}

/* --- runs --- */

/* Where a run begins: behind an entry that the disk holds, or at the head of a certified log. */
static bool find_base(struct sim_oracle *oracle, uint32_t node, const struct ph_run_head *head,
                      struct ph_link *base)
{
    const struct sim_truth *truth = &oracle->truth;
    struct ph_fact_id certify;
    uint32_t entry = sim_truth_entry(truth, &head->after_id);
    if (head->after_seq != 0) {
        if (sim_truth_holds(truth, node, entry))
            *base = truth->entries[entry].link;
        return sim_truth_holds(truth, node, entry);
    }
    memcpy(certify.bytes, head->after_id.bytes, sizeof certify.bytes);
    *base = ph_link_first(&certify);
    return sim_truth_holds_fact(truth, node, &certify);
}

/* Whoever takes a run computes the ids of its entries; so they are computed here. */
static void check_run(struct sim_oracle *oracle, uint32_t node, const struct ph_run_reader *run)
{
    struct ph_run_reader reader = *run;
    struct ph_run_entry entry;
    struct ph_signature signature;
    struct ph_link link;
    if (!find_base(oracle, node, &run->head, &link)) {
        sim_blame(oracle, SIM_UNSAFE, "node %u sent a run behind entry %u, which its disk lacks",
                  node, run->head.after_seq);
        return;
    }
    enum ph_status status = ph_run_next(&reader, &link, UINT64_MAX, &entry);
    while (status == PH_OK) {
        if (!sim_truth_holds(&oracle->truth, node, sim_truth_entry(&oracle->truth, &entry.id)))
            sim_blame(oracle, SIM_UNSAFE, "node %u sent entry %u, which its disk lacks", node,
                      entry.header.seq);
        status = ph_run_next(&reader, &link, UINT64_MAX, &entry);
    }
    if (status != PH_NOT_FOUND || ph_run_verify(&reader, &link, &signature) != PH_OK)
        sim_blame(oracle, SIM_UNSAFE, "node %u sent a run that nobody can take", node);
}

/* --- contents --- */

static void check_fill(struct sim_oracle *oracle, uint32_t node, const struct ph_message *message)
{
    struct ph_view view = {0};
    struct ph_log_row row;
    bool is_held = false;
    uint32_t seq = message->of.fill.seq;
    sim_view(oracle->sim, node, &view);
    for (uint32_t log = 0; sim_goes_on(oracle->sim, node, ph_view_log(&view, log, &row)); log++) {
        struct ph_stored_entry entry;
        if (ph_writer_id_equal(&row.writer, &message->of.fill.writer) && seq > row.base_seq &&
            seq <= row.tip.seq &&
            sim_goes_on(oracle->sim, node, ph_view_entry(&view, log, seq, &entry)))
            is_held = is_held || (!entry.body.content_is_missing &&
                                  memcmp(&entry.body.salt, &message->of.fill.salt,
                                         sizeof entry.body.salt) == 0 &&
                                  ph_bytes_equal(entry.body.content, message->of.fill.content));
    }
    ph_view_close(&view);
    if (!is_held)
        sim_blame(oracle, SIM_UNSAFE, "node %u sent a content of entry %u that its disk lacks",
                  node, seq);
}

/* --- facts --- */

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
        check_run(oracle, node, &message.of.run);
        return;
    case PH_MESSAGE_FILL:
        check_fill(oracle, node, &message);
        return;
    case PH_MESSAGE_RECEIPT:
        check_receipt(oracle, node, &message.of.receipt);
        return;
    case PH_MESSAGE_WHO:
    case PH_MESSAGE_FACT_IDS:
    case PH_MESSAGE_WANT:
    case PH_MESSAGE_END:
    case PH_MESSAGE_TWIN:
    case PH_MESSAGE_PRUNE:
    case PH_MESSAGE_GRAFT:
    case PH_MESSAGE_RECEIPTS:
        return;
    }
}
