#include "tests/sim/sim_hosts.h"

#include "proto/pack.h"

#define SEEDS_ONE_IN 4
#define PAUSE_MS_MAX 4000

struct sim_hosts sim_hosts(struct sim *sim, const struct sim_plan *plan)
{
    struct sim_hosts hosts = {.sim = sim, .plan = plan, .next_ms = UINT64_MAX};
    hosts.stream = sim_plan_stream(plan->seed, SIM_PURPOSE_HOSTS);
    if (sim_plan_below(&hosts.stream, SEEDS_ONE_IN) == 0)
        hosts.next_ms = sim_now(sim) + sim_plan_below(&hosts.stream, PAUSE_MS_MAX);
    return hosts;
}

static void put_school(struct sim_hosts *hosts, struct ph_buffer *out)
{
    char hex[65] = "";
    struct ph_school_id school =
        sim_school(hosts->sim, (uint32_t)sim_plan_below(&hosts->stream, hosts->plan->node_count));
    ph_hex(school.bytes, sizeof school.bytes, hex);
    ph_pack_text(out, ph_bytes_text(hex));
}

static void write_proposal(struct sim_hosts *hosts, struct ph_buffer *out)
{
    uint32_t deputy_count = (uint32_t)sim_plan_below(&hosts->stream, 3);
    ph_pack_array(out, 5);
    ph_pack_text(out, ph_bytes_text("host_propose"));
    put_school(hosts, out);
    ph_pack_text(out, ph_bytes_text("2026-09-01"));
    ph_pack_text(out, ph_bytes_text(""));
    ph_pack_array(out, deputy_count);
    for (uint32_t i = 0; i < deputy_count; i++)
        put_school(hosts, out);
}

static void write_command(struct sim_hosts *hosts, struct ph_buffer *out)
{
    switch (sim_plan_below(&hosts->stream, 8)) {
    case 0:
        write_proposal(hosts, out);
        return;
    case 1:
    case 2:
        ph_pack_array(out, 2);
        ph_pack_text(out, ph_bytes_text("host_accept"));
        ph_pack_bool(out, sim_plan_below(&hosts->stream, 8) != 0);
        return;
    case 3:
        ph_pack_array(out, 2);
        ph_pack_text(out, ph_bytes_text("host_take"));
        if (sim_plan_below(&hosts->stream, 2) == 0)
            ph_pack_text(out, ph_bytes_text(""));
        else
            put_school(hosts, out);
        return;
    case 4:
        ph_pack_array(out, 1);
        ph_pack_text(out, ph_bytes_text("host_list"));
        return;
    default:
        ph_pack_array(out, 1);
        ph_pack_text(out, ph_bytes_text("host_handover"));
    }
}

void sim_hosts_do(struct sim_hosts *hosts)
{
    uint8_t bytes[512];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    if (sim_now(hosts->sim) < hosts->next_ms)
        return;
    hosts->next_ms = sim_now(hosts->sim) + 1 + sim_plan_below(&hosts->stream, PAUSE_MS_MAX);
    uint32_t node = (uint32_t)sim_plan_below(&hosts->stream, hosts->plan->honest_count);
    write_command(hosts, &request);
    if (sim_is_up(hosts->sim, node) && !sim_is_stopping(hosts->sim, node))
        sim_command_begin(hosts->sim, node, ph_buffer_bytes(&request));
}

void sim_oracle_one_host(struct sim_oracle *oracle)
{
    static const uint8_t request[] = "\x91\xa9host_list";
    struct sim_text first = {""};
    for (uint32_t node = 0; node < oracle->plan->honest_count; node++) {
        struct ph_bytes answer =
            sim_command(oracle->sim, node, ph_bytes(request, sizeof request - 1));
        struct sim_text host = sim_pick_text(sim_pick(answer, "host"), "school");
        if (node == 0)
            first = host;
        if (strlen(host.text) != 64 || strcmp(host.text, first.text) != 0)
            sim_blame(oracle, SIM_UNSAFE, "node %u takes %.8s for the host, node 0 %.8s", node,
                      host.text, first.text);
    }
}
