/* Nothing leaves a node before it is durable there. */
#include <stdlib.h>

#include "proto/message.h"
#include "tests/sim/sim_oracle.h"

static const struct sim_writer *writer_of(const struct sim_oracle *oracle, uint32_t node,
                                          const struct ph_writer_id *id, uint32_t *end)
{
    for (uint32_t i = 0; i < oracle->writer_count; i++)
        if (ph_writer_id_equal(&oracle->writers[i].id, id)) {
            *end = oracle->disks[node].ends[i];
            return &oracle->writers[i];
        }
    *end = 0;
    return NULL;
}

static void check_heads(struct sim_oracle *oracle, uint32_t node, struct ph_message *message)
{
    for (uint32_t i = 0; i < message->of.heads.head_count; i++) {
        struct ph_head head = ph_message_next_head(&message->of.heads.heads);
        uint32_t end = 0;
        const struct sim_writer *writer = writer_of(oracle, node, &head.writer, &end);
        if (writer == NULL || head.seq > end || head.seq == 0 ||
            (writer->owner < oracle->plan->honest_count &&
             !ph_entry_id_equal(&writer->ids[head.seq - 1], &head.id)))
            sim_blame(oracle, SIM_UNSAFE, "node %u announced entry %u of a log it holds up to %u",
                      node, head.seq, end);
    }
}

static void check_run(struct sim_oracle *oracle, uint32_t node, const struct ph_run_head *run)
{
    uint32_t end = 0;
    (void)writer_of(oracle, node, &run->writer, &end);
    if ((uint64_t)run->after_seq + run->entry_count > end)
        sim_blame(oracle, SIM_UNSAFE, "node %u sent %u entries after %u of a log it holds up to %u",
                  node, run->entry_count, run->after_seq, end);
}

static bool holds_fact(const struct sim_disk *disk, uint32_t fact)
{
    for (uint32_t i = 0; i < disk->fact_count; i++)
        if (disk->facts[i] == fact)
            return true;
    return false;
}

static void check_facts(struct sim_oracle *oracle, uint32_t node, uint32_t count,
                        struct ph_unpacker *facts)
{
    for (uint32_t i = 0; i < count; i++)
        if (!holds_fact(&oracle->disks[node], sim_oracle_fact(oracle, ph_message_next_fact(facts))))
            sim_blame(oracle, SIM_UNSAFE, "node %u sent a fact that is not on its disk", node);
}

/* --- roots --- */

static int compare_facts(const void *a, const void *b)
{
    return ph_fact_id_compare(a, b);
}

static int compare_heads(const void *a, const void *b)
{
    return ph_head_compare(a, b);
}

static struct ph_hash fact_set(const struct sim_oracle *oracle, const struct sim_disk *disk)
{
    static struct ph_fact_id ids[SIM_FACTS_MAX];
    for (uint32_t i = 0; i < disk->fact_count; i++)
        ids[i] = oracle->facts[disk->facts[i]].id;
    qsort(ids, disk->fact_count, sizeof *ids, compare_facts);
    return ph_fact_set_hash(ids, disk->fact_count);
}

/* Without holes and logs left out; where malicious members bring those, the node is asked. */
struct ph_root sim_oracle_root(struct sim_oracle *oracle, uint32_t node)
{
    if (oracle->plan->bad_count != 0)
        return sim_root(oracle->sim, node);
    const struct sim_disk *disk = &oracle->disks[node];
    struct ph_head heads[SIM_WRITERS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < oracle->writer_count; i++) {
        const struct sim_writer *writer = &oracle->writers[i];
        if (disk->ends[i] != 0)
            heads[count++] = (struct ph_head){
                .writer = writer->id, .seq = disk->ends[i], .id = writer->ids[disk->ends[i] - 1]};
    }
    qsort(heads, count, sizeof *heads, compare_heads);
    struct ph_hash facts = fact_set(oracle, disk);
    return ph_root(&facts, heads, count, NULL, 0);
}

static void check_root(struct sim_oracle *oracle, uint32_t node, const struct ph_root *said)
{
    if (oracle->plan->bad_count != 0)
        return;
    struct ph_root root = sim_oracle_root(oracle, node);
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
        return;
    }
}
