#include "tests/sim/sim_plan.h"

#include <stdio.h>

static const struct {
    const char *name;
    uint64_t pause_ms_max;
} faults[] = {
#define ROW(name, text, pause) {text, pause},
    SIM_FAULT_LIST(ROW)
#undef ROW
};

static const char *const plots[] = {
#define ROW(symbol, name) name,
    SIM_PLOTS(ROW)
#undef ROW
};

#define PLOTS_ONE_IN 4
#define FINDING_ONE_IN 3
#define HONEST_MIN 2
#define QUOTA_SMALL 60000

/* --- chance --- */

uint64_t sim_plan_stream(uint64_t seed, uint32_t purpose)
{
    uint64_t state = seed;
    uint64_t mixed = sim_next(&state) ^ (uint64_t)purpose * UINT64_C(0xd1342543de82ef95);
    return sim_next(&mixed);
}

uint64_t sim_plan_below(uint64_t *stream, uint64_t below)
{
    return sim_next(stream) % below;
}

uint64_t sim_plan_scale(uint64_t *stream, uint64_t min, uint64_t max)
{
    uint64_t doublings = 0;
    while (max >> doublings > min && doublings < 63)
        doublings++;
    uint64_t high = max >> sim_plan_below(stream, doublings + 1);
    uint64_t low = high / 2 > min ? high / 2 : min;
    return high <= low ? low : low + sim_plan_below(stream, high - low + 1);
}

static bool one_in(uint64_t *stream, uint64_t count)
{
    return sim_plan_below(stream, count) == 0;
}

/* --- parts --- */

static uint32_t draw_node_count(uint64_t seed)
{
    uint64_t stream = sim_plan_stream(seed, SIM_PURPOSE_SIZE);
    uint64_t few = 3 + sim_plan_below(&stream, 5), many = 8 + sim_plan_below(&stream, 18);
    return (uint32_t)(one_in(&stream, 10) ? many : few);
}

static void draw_faults(struct sim_plan *plan, uint32_t without)
{
    uint64_t chosen = sim_plan_stream(plan->seed, SIM_PURPOSE_FAULTS);
    uint64_t rates = sim_plan_stream(plan->seed, SIM_PURPOSE_RATES);
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++) {
        if (one_in(&chosen, 2))
            plan->faults |= 1u << i;
        if (faults[i].pause_ms_max != 0)
            plan->pause_ms[i] = sim_plan_scale(&rates, 1000, faults[i].pause_ms_max);
    }
    plan->faults &= ~without;
    plan->lasting_ms = sim_plan_scale(&rates, 20, 60000);
    plan->down_ms = sim_plan_scale(&rates, 5, 40000);
    plan->storm_ms = sim_plan_scale(&rates, 5000, 90000);
}

/* Schools that form a tree, and some ways more; or everybody reaches everybody. Who joins late does
 * so at the founder, and keeps that way. */
static void draw_topology(struct sim_plan *plan)
{
    uint64_t stream = sim_plan_stream(plan->seed, SIM_PURPOSE_TOPOLOGY);
    bool is_open = one_in(&stream, 2);
    uint64_t more = 1 + sim_plan_below(&stream, 10), late = 1 + sim_plan_below(&stream, 6);
    for (uint32_t a = 1; a < SIM_NODES_MAX; a++) {
        uint32_t parent = (uint32_t)sim_plan_below(&stream, a);
        plan->joins_late[a] = one_in(&stream, late + 1);
        for (uint32_t b = 0; b < a; b++) {
            bool is_way =
                one_in(&stream, more) || b == parent || is_open || (b == 0 && plan->joins_late[a]);
            plan->is_way[a][b] = plan->is_way[b][a] = is_way;
            plan->dials[a][b] = is_way && (b == parent || one_in(&stream, 2));
            plan->dials[b][a] = is_way && one_in(&stream, 4);
        }
    }
}

static void draw_work(struct sim_plan *plan)
{
    uint64_t stream = sim_plan_stream(plan->seed, SIM_PURPOSE_WORK);
    plan->work_pause_ms = sim_plan_scale(&stream, 30, 2000);
    plan->burst_count = (uint32_t)(one_in(&stream, 2) ? 1 : sim_plan_scale(&stream, 2, 60));
    plan->value_max = (uint32_t)sim_plan_scale(&stream, 10, 16000);
    plan->record_share = (uint32_t)sim_plan_scale(&stream, 30, 900);
    plan->command_max = (uint32_t)sim_plan_scale(&stream, 10, 400);
}

static void draw_net(struct sim_plan *plan)
{
    uint64_t stream = sim_plan_stream(plan->seed, SIM_PURPOSE_NET);
    struct sim_net_options *net = &plan->rough.net;
    if (sim_plan_has(plan, SIM_FAULT_STALLS)) {
        net->stalls = (uint32_t)sim_plan_scale(&stream, 1, 300);
        net->stall_ms = (struct sim_span){1, sim_plan_scale(&stream, 50, 90000)};
    }
    if (sim_plan_has(plan, SIM_FAULT_CHUNKS))
        net->chunk_max = sim_plan_scale(&stream, 1, 16384);
    if (sim_plan_has(plan, SIM_FAULT_SLOW_LINKS)) {
        net->window = sim_plan_scale(&stream, 256, 65536);
        net->latency_ms.max = sim_plan_scale(&stream, 20, 2000);
        net->take_ms.max = sim_plan_scale(&stream, 3, 1000);
    }
    net->timeout_ms = (struct sim_span){100, sim_plan_scale(&stream, 200, 120000)};
}

static void draw_machines(struct sim_plan *plan)
{
    uint64_t stream = sim_plan_stream(plan->seed, SIM_PURPOSE_MACHINES);
    struct sim_options *rough = &plan->rough;
    if (one_in(&stream, 3))
        rough->commit_ms = (struct sim_span){0, sim_plan_scale(&stream, 1, 300)};
    if (sim_plan_has(plan, SIM_FAULT_SLOW_JOBS))
        rough->job_ms = (struct sim_span){1, sim_plan_scale(&stream, 100, 60000)};
    if (sim_plan_has(plan, SIM_FAULT_LATE_ALARMS))
        rough->late_ms = (struct sim_span){0, sim_plan_scale(&stream, 10, 10000)};
    /* Small maps grow on the way, and are quicker to open. */
    plan->calm.map_bytes = sim_plan_scale(&stream, 65536, 4194304);
}

/* In a seed of three schools find each other: by typed addresses, beacons, and in half of these
 * what is published; by beacons alone; or by what is published, and the invitation's address. */
static void draw_finding(struct sim_plan *plan)
{
    uint64_t stream = sim_plan_stream(plan->seed, SIM_PURPOSE_FINDING);
    bool has_any = one_in(&stream, FINDING_ONE_IN), publishes = one_in(&stream, 2);
    uint64_t way = sim_plan_below(&stream, 4);
    bool by_beacon = has_any && way != 3, by_record = has_any && (way == 3 || publishes);
    plan->is_typed = !has_any || way < 2;
    plan->is_invited = !has_any || way != 2;
    for (uint32_t a = 0; a < SIM_NODES_MAX; a++) {
        plan->has_beacon[a] = by_beacon && (!one_in(&stream, 4) || way == 2);
        plan->publishes[a] = by_record && (!one_in(&stream, 4) || way == 3);
        for (uint32_t b = 0; b < SIM_NODES_MAX; b++)
            plan->dials[a][b] = plan->dials[a][b] && plan->is_typed;
    }
}

/* What becomes of datagrams; walls, between two who both have beacons, and not where there are so
 * many that one of them may have all the links that it wants. */
static void draw_nearness(struct sim_plan *plan)
{
    uint64_t stream = sim_plan_stream(plan->seed, SIM_PURPOSE_NEARNESS);
    bool has_parrot = one_in(&stream, 2), has_walls = one_in(&stream, 2);
    uint64_t parrot_ms = sim_plan_scale(&stream, 20, 5000);
    plan->near = (struct sim_near_options){.delay_ms = {0, sim_plan_scale(&stream, 1, 10000)},
                                           .lost = (uint32_t)sim_plan_scale(&stream, 1, 800),
                                           .doubled = (uint32_t)sim_plan_scale(&stream, 1, 500)};
    plan->parrot_ms = has_parrot && plan->has_beacon[0] ? parrot_ms : 0;
    for (uint32_t a = 0; a < SIM_NODES_MAX; a++)
        for (uint32_t b = 0; b < a; b++) {
            bool is_wall = one_in(&stream, 4), is_up = one_in(&stream, 2);
            bool may_be = has_walls && plan->has_beacon[a] && plan->has_beacon[b] &&
                          plan->node_count <= PH_LINKS_WANTED + 1;
            plan->is_walled[is_up ? a : b][is_up ? b : a] = is_wall && may_be;
        }
}

/* Plots cost time, so that most seeds have none; then each is there in half of them. */
static void draw_plots(struct sim_plan *plan, uint32_t wished)
{
    uint64_t stream = sim_plan_stream(plan->seed, SIM_PURPOSE_PLOTS);
    bool has_any = one_in(&stream, PLOTS_ONE_IN);
    uint32_t drawn = (uint32_t)sim_next(&stream) & SIM_PLOTS_ALL;
    plan->plots = has_any ? drawn : 0;
    if (wished != SIM_PLOTS_DRAWN)
        plan->plots = wished;
    if (plan->bad_count == 0)
        plan->plots = 0;
    /* Who is told of a writer before it hears of the flood. */
    uint32_t honest = (UINT32_C(1) << plan->honest_count) - 1;
    uint32_t apart = (uint32_t)sim_next(&stream) & honest;
    uint64_t share = 1 + sim_plan_below(&stream, 10);
    if ((plan->plots & (SIM_PLOT(HIDE) | SIM_PLOT(SHARE))) != 0 && one_in(&stream, 2)) {
        plan->apart = apart;
        plan->apart_ms = plan->storm_ms * share / 10;
    }
}

/* Removing takes three that vote, beside who is removed. */
static void draw_removals(struct sim_plan *plan)
{
    uint64_t stream = sim_plan_stream(plan->seed, SIM_PURPOSE_REMOVALS);
    uint32_t count = 1, wanted = 3 + (uint32_t)sim_plan_below(&stream, 2);
    bool removes = one_in(&stream, 2);
    for (uint32_t node = 1; node < plan->honest_count && count < wanted; node++) {
        if (plan->joins_late[node])
            continue;
        plan->voters |= 1u << node;
        count++;
    }
    plan->removal_ms = 1 + sim_plan_below(&stream, plan->storm_ms / 2);
    if (plan->bad_count == 0 || count < 3 || !removes) {
        plan->voters = 0;
        plan->removal_ms = 0;
    }
}

struct sim_plan sim_plan(const struct sim_wishes *wishes)
{
    struct sim_plan plan = {.seed = wishes->seed, .bad_count = wishes->bad_count};
    plan.node_count = wishes->node_count != 0 ? wishes->node_count : draw_node_count(wishes->seed);
    if (plan.node_count < plan.bad_count + HONEST_MIN)
        plan.node_count = plan.bad_count + HONEST_MIN;
    plan.honest_count = plan.node_count - plan.bad_count;
    plan.calm = plan.rough = sim_options(wishes->seed, plan.node_count);
    draw_faults(&plan, wishes->without);
    draw_topology(&plan);
    draw_work(&plan);
    draw_net(&plan);
    draw_machines(&plan);
    draw_plots(&plan, wishes->plots);
    draw_finding(&plan);
    draw_nearness(&plan);
    if (plan.command_max > wishes->command_max)
        plan.command_max = wishes->command_max;
    for (uint32_t node = plan.honest_count; node < plan.node_count; node++)
        plan.joins_late[node] = false;
    if (plan.bad_count != 0 && plan.work_pause_ms % 3 == 0)
        plan.quota = QUOTA_SMALL;
    draw_removals(&plan);
    if (wishes->until_ms != 0)
        plan.storm_ms = wishes->until_ms;
    return plan;
}

/* --- names --- */

const char *sim_fault_name(enum sim_fault fault)
{
    return faults[fault].name;
}

const char *sim_plot_name(enum sim_plot_number plot)
{
    return plots[plot];
}

static const char *name_of_fault(uint32_t number)
{
    return number < SIM_FAULT_COUNT ? faults[number].name : NULL;
}

static const char *name_of_plot(uint32_t number)
{
    return number < SIM_PLOT_COUNT ? plots[number] : NULL;
}

static bool read_names(const char *text, const char *(*name_of)(uint32_t), uint32_t *out)
{
    *out = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        uint32_t i = 0;
        while (name_of(i) != NULL &&
               (strlen(name_of(i)) != len || strncmp(name_of(i), text, len) != 0))
            i++;
        if (name_of(i) == NULL)
            return false;
        *out |= 1u << i;
        text += len + (text[len] == ',');
    }
    return true;
}

bool sim_faults_read(const char *text, uint32_t *out)
{
    return read_names(text, name_of_fault, out);
}

bool sim_plots_read(const char *text, uint32_t *out)
{
    return read_names(text, name_of_plot, out);
}
