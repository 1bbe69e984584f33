/* What a simulation is asked about its nodes. */
#include <stdlib.h>

#include "proto/pack.h"
#include "store/view.h"
#include "tests/sim/sim_school.h"
#include "tests/sim/sim_state.h"

#define ASK_MS 50    /* how often sim_converge asks */
#define KINDS_MAX 64 /* kinds that sim_records looks at */

/* --- roots --- */

/* What a node says of itself; roots are asked for so often that no answer is kept. */
struct said {
    bool is_there; /* it did not go down meanwhile */
    bool is_in_network;
    struct ph_root root;
};

static uint8_t hex_value(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static struct ph_root root_in(struct sim *sim, uint32_t node, struct ph_bytes status)
{
    struct ph_root root;
    struct sim_text hex = sim_pick_text(status, "root");
    if (strlen(hex.text) != 2 * sizeof root.bytes)
        sim_fail(sim, "node %u names no root: %s", node, sim_pick_text(status, "error").text);
    for (size_t i = 0; i < sizeof root.bytes; i++)
        root.bytes[i] = (uint8_t)(hex_value(hex.text[2 * i]) << 4 | hex_value(hex.text[2 * i + 1]));
    if (ph_root_is_zero(&root))
        sim_fail(sim, "node %u names a root that is none", node);
    return root;
}

static struct said ask(struct sim *sim, uint32_t node)
{
    static const uint8_t request[] = "\x91\xa6status";
    uint64_t life = sim_life(sim, node);
    ph_command_id command = sim_next_command(sim);
    struct ph_bytes status = sim_command(sim, node, ph_bytes(request, sizeof request - 1));
    if (status.len == 0 && life != sim_life(sim, node))
        return (struct said){.is_there = false};
    struct said said = {.is_there = true,
                        .is_in_network = strcmp(sim_pick_text(status, "state").text, "none") != 0,
                        .root = root_in(sim, node, status)};
    sim_forget(sim, command);
    return said;
}

bool sim_ask_root(struct sim *sim, uint32_t node, struct ph_root *root)
{
    struct said said = ask(sim, node);
    *root = said.root;
    return said.is_there;
}

struct ph_root sim_root(struct sim *sim, uint32_t node)
{
    struct ph_root root;
    if (!sim_is_up(sim, node) || !sim_ask_root(sim, node, &root))
        sim_fail(sim, "node %u is down: its root can't be asked", node);
    return root;
}

/* Of the nodes that are up and in a network. */
static bool is_converged(struct sim *sim)
{
    struct ph_root first;
    bool is_first = true;
    for (uint32_t i = 0; i < sim->options.node_count; i++) {
        if (!sim_is_up(sim, i))
            continue;
        struct said said = ask(sim, i);
        if (!said.is_there || !sim_is_up(sim, i))
            return false;
        if (!said.is_in_network)
            continue;
        if (sim_is_behind(sim, i))
            return false;
        if (!is_first && !ph_root_equal(&said.root, &first))
            return false;
        first = said.root;
        is_first = false;
    }
    return true;
}

bool sim_converge(struct sim *sim, uint64_t ms)
{
    uint64_t until_ms = sim->clock.now_ms + ms;
    while (!is_converged(sim)) {
        if (sim->clock.now_ms >= until_ms)
            return false;
        sim_run(sim, ASK_MS);
    }
    return true;
}

/* --- disks --- */

void sim_view(struct sim *sim, uint32_t node, struct ph_view *view)
{
    if (sim->machines[node].store == NULL)
        sim_fail(sim, "node %u is down: its store can't be read", node);
    enum ph_status status = ph_view_open(sim->machines[node].store, view);
    if (status != PH_OK)
        sim_fail(sim, "node %u: its store can't be read: %s", node, ph_status_text(status));
}

bool sim_goes_on(struct sim *sim, uint32_t node, enum ph_status status)
{
    if (status != PH_OK && status != PH_NOT_FOUND)
        sim_fail(sim, "node %u: its store can't be read: %s", node, ph_status_text(status));
    return status == PH_OK;
}

/* --- records --- */

static enum ph_status append_record(struct sim_machine *machine, const struct ph_view *view,
                                    uint16_t kind, const struct ph_record_id *id, size_t *len)
{
    enum ph_status status = PH_LIMIT;
    for (;;) {
        struct ph_buffer out = ph_buffer(machine->records + *len, machine->records_size - *len);
        if (machine->records_size != 0)
            status = ph_view_canonical(view, kind, id, &out);
        if (status == PH_OK)
            *len += out.len;
        if (status != PH_LIMIT)
            return status;
        machine->records_size = 2 * machine->records_size + 65536;
        machine->records = realloc(machine->records, machine->records_size);
        if (machine->records == NULL)
            abort();
    }
}

static enum ph_status append_kind(struct sim_machine *machine, const struct ph_view *view,
                                  uint16_t kind, size_t *len)
{
    struct ph_list_position position = {0};
    struct ph_record_id id;
    enum ph_status status = ph_view_list(view, kind, &position, &id);
    while (status == PH_OK) {
        PH_TRY(append_record(machine, view, kind, &id, len));
        status = ph_view_list(view, kind, &position, &id);
    }
    return status == PH_NOT_FOUND ? PH_OK : status;
}

struct ph_bytes sim_records(struct sim *sim, uint32_t node)
{
    struct sim_machine *machine = &sim->machines[node];
    struct ph_view view = {0};
    size_t len = 0;
    enum ph_status status = PH_OK;
    sim_view(sim, node, &view);
    for (uint16_t kind = 1; kind <= KINDS_MAX && status == PH_OK; kind++)
        status = append_kind(machine, &view, kind, &len);
    ph_view_close(&view);
    if (status != PH_OK)
        sim_fail(sim, "node %u: its records can't be read: %s", node, ph_status_text(status));
    return ph_bytes(machine->records, len);
}

bool sim_is_behind(struct sim *sim, uint32_t node)
{
    struct ph_view view = {0};
    uint64_t backlog = 0;
    sim_view(sim, node, &view);
    enum ph_status status = ph_view_backlog(&view, &backlog);
    ph_view_close(&view);
    if (status != PH_OK)
        sim_fail(sim, "node %u: its backlog can't be read: %s", node, ph_status_text(status));
    return backlog != 0;
}

bool sim_are_equal(struct sim *sim, uint32_t a, uint32_t b)
{
    struct ph_root root_a = sim_root(sim, a), root_b = sim_root(sim, b);
    return ph_root_equal(&root_a, &root_b) &&
           ph_bytes_equal(sim_records(sim, a), sim_records(sim, b));
}
