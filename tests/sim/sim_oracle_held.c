/* Nobody is said to hold what he does not. */
#include <stdlib.h>

#include "tests/sim/sim_oracle.h"
#include "tests/sim/sim_school.h"

/* One school for each node: a clone's word would be another's as well. */
static bool is_alone(const struct sim_oracle *oracle, uint32_t node)
{
    struct ph_school_id school = sim_school(oracle->sim, node), other;
    for (uint32_t i = 0; i < oracle->plan->node_count; i++) {
        other = sim_school(oracle->sim, i);
        if (i != node && ph_school_id_equal(&school, &other))
            return false;
    }
    return true;
}

static struct ph_bytes ask_why(struct sim *sim, uint32_t node, const char *school)
{
    uint8_t bytes[128];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    ph_pack_array(&request, 2);
    ph_pack_text(&request, ph_bytes_text("why"));
    ph_pack_text(&request, ph_bytes_text(school));
    return sim_command(sim, node, ph_buffer_bytes(&request));
}

/* How many entries of a school it is said to lack. */
static uint64_t said_to_lack(struct ph_bytes why, const char *author)
{
    struct ph_unpacker rows = ph_unpack_scanned(sim_pick(why, "lacks"));
    for (uint32_t left = ph_unpack_array(&rows); left > 0; left--) {
        struct ph_bytes row = ph_unpack_skip(&rows);
        struct ph_unpacker count = ph_unpack_scanned(sim_pick(row, "entries"));
        if (strcmp(sim_pick_text(row, "school").text, author) == 0)
            return ph_unpack_uint(&count, UINT64_MAX);
    }
    return 0;
}

static void hex_of(const struct sim_oracle *oracle, uint32_t node, char out[65])
{
    struct ph_school_id school = sim_school(oracle->sim, node);
    ph_hex(school.bytes, sizeof school.bytes, out);
    out[64] = '\0';
}

/* Entries of that node's writers, and of nobody's beside it, that were on one disk when it was
 * asked and are not on the other. */
static uint64_t count_lacked(const struct sim_oracle *oracle, const uint32_t *held_then,
                             uint32_t count, const uint32_t node_author_other[3])
{
    const struct sim_truth *truth = &oracle->truth;
    uint64_t lacked = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_writer *writer = &truth->writers[truth->entries[i].writer];
        lacked += writer->homes == UINT32_C(1) << node_author_other[1] && !writer->was_copied &&
                  (held_then[i] >> node_author_other[0] & 1) != 0 &&
                  (truth->entries[i].held >> node_author_other[2] & 1) == 0;
    }
    return lacked;
}

static void check(struct sim_oracle *oracle, uint32_t node, uint32_t other,
                  const uint32_t *held_then, uint32_t count)
{
    char name[65];
    hex_of(oracle, other, name);
    struct ph_bytes why = ask_why(oracle->sim, node, name);
    if (why.len == 0 || sim_error(why) != NULL)
        return; /* it went down, or does not know that school yet */
    for (uint32_t author = 0; author < oracle->plan->honest_count; author++) {
        const uint32_t who[3] = {node, author, other};
        hex_of(oracle, author, name);
        uint64_t lacked = count_lacked(oracle, held_then, count, who);
        if (said_to_lack(why, name) < lacked)
            sim_blame(oracle, SIM_UNSAFE,
                      "node %u says that node %u holds entries of node %u that its disk lacks",
                      node, other, author);
    }
}

/* Each is asked about one other, the next time about another one. */
void sim_oracle_held_is_true(struct sim_oracle *oracle)
{
    uint32_t honest = oracle->plan->honest_count;
    uint32_t step = honest < 2 ? 0 : 1 + (uint32_t)(sim_now(oracle->sim) / 1000 % (honest - 1));
    for (uint32_t node = 0; node < honest && step != 0; node++) {
        uint32_t other = (node + step) % honest, count = oracle->truth.entry_count;
        uint32_t *held = calloc((size_t)count + 1, sizeof *held);
        if (held == NULL)
            abort();
        for (uint32_t i = 0; i < count; i++)
            held[i] = oracle->truth.entries[i].held;
        if (sim_is_up(oracle->sim, node) && !sim_is_stopping(oracle->sim, node) &&
            !oracle->was_replaced[other] && is_alone(oracle, other))
            check(oracle, node, other, held, count);
        free(held);
    }
}
