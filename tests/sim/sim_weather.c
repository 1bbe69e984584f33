#include "tests/sim/sim_weather.h"

#include <stdlib.h>

#define NEVER UINT64_MAX
#define RESTORES_MAX 4 /* a writer with more than PH_BRANCHES_MAX ends counts as hostile */
#define YEAR_MS INT64_C(31557600000)

struct sim_weather {
    struct sim *sim;
    const struct sim_plan *plan;
    struct sim_oracle *oracle;
    uint64_t streams[SIM_FAULT_COUNT];
    uint64_t next_ms[SIM_FAULT_COUNT];
    uint64_t start_ms[SIM_NODES_MAX];               /* of machines that are down */
    uint64_t free_ms[SIM_NODES_MAX];                /* of disks that are full */
    uint64_t quick_ms[SIM_NODES_MAX];               /* of commits that are slow */
    uint64_t open_ms[SIM_NODES_MAX][SIM_NODES_MAX]; /* of ways that are blocked */
    uint64_t down_stream;
    bool is_backed_up[SIM_NODES_MAX];
    uint32_t restore_count;
    sim_disk_moved *moved;
    void *moved_impl;
};

static uint64_t draw(struct sim_weather *weather, enum sim_fault fault, uint64_t below)
{
    return sim_plan_below(&weather->streams[fault], below);
}

/* A machine; those of malicious members are their own. */
static uint32_t draw_machine(struct sim_weather *weather, enum sim_fault fault)
{
    return (uint32_t)draw(weather, fault, weather->plan->honest_count);
}

static uint32_t draw_node(struct sim_weather *weather, enum sim_fault fault)
{
    return (uint32_t)draw(weather, fault, weather->plan->node_count);
}

static uint32_t draw_other(struct sim_weather *weather, enum sim_fault fault, uint32_t node)
{
    uint32_t count = weather->plan->node_count;
    return (node + 1 + (uint32_t)draw(weather, fault, count - 1)) % count;
}

static uint64_t draw_end(struct sim_weather *weather, enum sim_fault fault)
{
    return sim_now(weather->sim) + 1 + draw(weather, fault, weather->plan->lasting_ms);
}

/* --- ways --- */

static void open_way(struct sim_weather *weather, uint32_t from, uint32_t to)
{
    weather->open_ms[from][to] = NEVER;
    sim_unblock(weather->sim, from, to);
}

static void block_way(struct sim_weather *weather, enum sim_fault fault, uint32_t from, uint32_t to)
{
    if (!weather->plan->is_way[from][to])
        return;
    weather->open_ms[from][to] = draw_end(weather, fault);
    sim_block(weather->sim, from, to);
}

/* A pair, or one node from all others. */
static void cut_off(struct sim_weather *weather)
{
    uint32_t a = draw_node(weather, SIM_FAULT_PARTITIONS);
    uint32_t b = draw_other(weather, SIM_FAULT_PARTITIONS, a);
    bool is_alone = draw(weather, SIM_FAULT_PARTITIONS, 3) == 0;
    for (uint32_t other = 0; other < weather->plan->node_count; other++)
        if (other == b || (is_alone && other != a)) {
            block_way(weather, SIM_FAULT_PARTITIONS, a, other);
            block_way(weather, SIM_FAULT_PARTITIONS, other, a);
        }
}

/* As those wish who have plots. */
static void keep_apart(struct sim_weather *weather)
{
    const struct sim_plan *plan = weather->plan;
    for (uint32_t a = 0; a < plan->honest_count; a++)
        for (uint32_t b = 0; b < plan->honest_count; b++)
            if (plan->is_way[a][b] && (plan->apart >> a & 1) != (plan->apart >> b & 1)) {
                weather->open_ms[a][b] = sim_now(weather->sim) + plan->apart_ms;
                sim_block(weather->sim, a, b);
            }
}

static void cut_one_way(struct sim_weather *weather)
{
    uint32_t a = draw_node(weather, SIM_FAULT_ONE_WAY);
    block_way(weather, SIM_FAULT_ONE_WAY, a, draw_other(weather, SIM_FAULT_ONE_WAY, a));
}

/* --- connections --- */

static void reset(struct sim_weather *weather)
{
    uint32_t a = draw_node(weather, SIM_FAULT_RESETS);
    uint32_t b = draw_other(weather, SIM_FAULT_RESETS, a);
    sim_net_reset(sim_net(weather->sim), sim_place(weather->sim, a), sim_place(weather->sim, b));
}

static void forget(struct sim_weather *weather)
{
    uint32_t a = draw_node(weather, SIM_FAULT_DEAD);
    uint32_t b = draw_other(weather, SIM_FAULT_DEAD, a);
    sim_net_forget(sim_net(weather->sim), sim_place(weather->sim, a), sim_place(weather->sim, b));
}

static void cut_after(struct sim_weather *weather)
{
    uint32_t a = draw_node(weather, SIM_FAULT_CUTS);
    uint32_t b = draw_other(weather, SIM_FAULT_CUTS, a);
    size_t len = sim_plan_scale(&weather->streams[SIM_FAULT_CUTS], 1, 100000);
    sim_net_cut_after(sim_net(weather->sim), sim_place(weather->sim, a), sim_place(weather->sim, b),
                      len);
}

/* --- machines --- */

static void stop(struct sim_weather *weather)
{
    uint32_t node = draw_machine(weather, SIM_FAULT_STOPS);
    if (sim_is_up(weather->sim, node) && !sim_is_stopping(weather->sim, node))
        sim_stop_begin(weather->sim, node);
}

static void crash_at_commit(struct sim_weather *weather)
{
    uint32_t node = draw_machine(weather, SIM_FAULT_COMMIT_CRASHES);
    uint32_t count = 1 + (uint32_t)draw(weather, SIM_FAULT_COMMIT_CRASHES, 4);
    if (sim_is_up(weather->sim, node))
        sim_crash_at_commit(weather->sim, node, count, SIM_FATE_DRAWN);
}

static void break_commit(struct sim_weather *weather)
{
    uint32_t node = draw_machine(weather, SIM_FAULT_BROKEN_COMMITS);
    if (!sim_is_up(weather->sim, node))
        return;
    weather->oracle->may_fail[node] = true;
    sim_break_commit(weather->sim, node, SIM_FATE_DRAWN);
}

static void fill_disk(struct sim_weather *weather, uint32_t node)
{
    sim_set_disk_full(weather->sim, node, true);
    weather->free_ms[node] = draw_end(weather, SIM_FAULT_FULL_DISKS);
}

static void slow_commits(struct sim_weather *weather)
{
    uint32_t node = draw_machine(weather, SIM_FAULT_SLOW_COMMITS);
    uint64_t most = sim_plan_scale(&weather->streams[SIM_FAULT_SLOW_COMMITS], 20, 20000);
    sim_set_commit_ms(weather->sim, node, (struct sim_span){0, most});
    weather->quick_ms[node] = draw_end(weather, SIM_FAULT_SLOW_COMMITS);
}

/* By seconds, by months, by decades, to the edges of the type. */
static void turn_clock(struct sim_weather *weather)
{
    uint32_t node = draw_machine(weather, SIM_FAULT_CLOCKS);
    uint64_t *stream = &weather->streams[SIM_FAULT_CLOCKS];
    int64_t ahead = (int64_t)sim_plan_scale(stream, 1, (uint64_t)(80 * YEAR_MS));
    int64_t wall_ms = SIM_TODAY_MS + (sim_plan_below(stream, 2) == 0 ? ahead : -ahead);
    if (sim_plan_below(stream, 20) == 0)
        wall_ms = sim_plan_below(stream, 2) == 0 ? INT64_MAX / 2 : INT64_MIN / 2;
    sim_set_wall(weather->sim, node, wall_ms);
}

/* --- disks --- */

static void back_up(struct sim_weather *weather, uint32_t node)
{
    sim_crash(weather->sim, node, SIM_FATE_DRAWN);
    sim_back_up(weather->sim, node);
    weather->is_backed_up[node] = true;
    if (weather->moved != NULL)
        weather->moved(weather->moved_impl, node, node, true);
}

static void restore(struct sim_weather *weather, uint32_t node, uint32_t from,
                    enum sim_secrets secrets)
{
    if (weather->restore_count == RESTORES_MAX)
        return;
    weather->restore_count++;
    sim_crash(weather->sim, node, SIM_FATE_DRAWN);
    sim_restore(weather->sim, node, from, secrets);
    sim_oracle_disk_is_replaced(weather->oracle, node);
    /* It becomes a new writer when it starts: at times there is no room for that. */
    if (sim_plan_has(weather->plan, SIM_FAULT_FULL_DISKS) &&
        draw(weather, SIM_FAULT_FULL_DISKS, 2) == 0)
        fill_disk(weather, node);
    if (weather->moved != NULL)
        weather->moved(weather->moved_impl, node, from, false);
}

/* An image of the whole disk, or a backup that leaves the secrets out. */
static enum sim_secrets draw_secrets(struct sim_weather *weather, enum sim_fault fault)
{
    return draw(weather, fault, 2) == 0 ? SIM_SECRETS_COPIED : SIM_SECRETS_MISSING;
}

static void roll_back(struct sim_weather *weather)
{
    uint32_t node = draw_machine(weather, SIM_FAULT_ROLLBACKS);
    if (weather->is_backed_up[node] && draw(weather, SIM_FAULT_ROLLBACKS, 3) != 0)
        restore(weather, node, node, draw_secrets(weather, SIM_FAULT_ROLLBACKS));
    else
        back_up(weather, node);
}

/* The founder's PC stays, since nobody else may admit those who come later. */
static void clone(struct sim_weather *weather)
{
    uint32_t from = draw_machine(weather, SIM_FAULT_CLONES);
    uint32_t to = draw_machine(weather, SIM_FAULT_CLONES);
    if (!weather->is_backed_up[from])
        back_up(weather, from);
    else if (to != from && to != 0)
        restore(weather, to, from, draw_secrets(weather, SIM_FAULT_CLONES));
}

static void happen(struct sim_weather *weather, enum sim_fault fault)
{
    switch (fault) {
    case SIM_FAULT_RESETS:
        reset(weather);
        return;
    case SIM_FAULT_CUTS:
        cut_after(weather);
        return;
    case SIM_FAULT_DEAD:
        forget(weather);
        return;
    case SIM_FAULT_PARTITIONS:
        cut_off(weather);
        return;
    case SIM_FAULT_ONE_WAY:
        cut_one_way(weather);
        return;
    case SIM_FAULT_CRASHES:
        sim_crash(weather->sim, draw_machine(weather, SIM_FAULT_CRASHES), SIM_FATE_DRAWN);
        return;
    case SIM_FAULT_COMMIT_CRASHES:
        crash_at_commit(weather);
        return;
    case SIM_FAULT_STOPS:
        stop(weather);
        return;
    case SIM_FAULT_BROKEN_COMMITS:
        break_commit(weather);
        return;
    case SIM_FAULT_FULL_DISKS:
        fill_disk(weather, draw_machine(weather, SIM_FAULT_FULL_DISKS));
        return;
    case SIM_FAULT_CLOCKS:
        turn_clock(weather);
        return;
    case SIM_FAULT_SLOW_COMMITS:
        slow_commits(weather);
        return;
    case SIM_FAULT_ROLLBACKS:
        roll_back(weather);
        return;
    case SIM_FAULT_CLONES:
        clone(weather);
        return;
    case SIM_FAULT_STALLS:
    case SIM_FAULT_CHUNKS:
    case SIM_FAULT_SLOW_LINKS:
    case SIM_FAULT_SLOW_JOBS:
    case SIM_FAULT_LATE_ALARMS:
        return;
    }
}

/* --- ends --- */

static void end_some(struct sim_weather *weather, uint32_t node)
{
    uint64_t now_ms = sim_now(weather->sim);
    if (weather->free_ms[node] <= now_ms) {
        weather->free_ms[node] = NEVER;
        sim_set_disk_full(weather->sim, node, false);
    }
    if (weather->quick_ms[node] <= now_ms) {
        weather->quick_ms[node] = NEVER;
        sim_set_commit_ms(weather->sim, node, weather->plan->rough.commit_ms);
    }
    if (weather->start_ms[node] <= now_ms) {
        weather->start_ms[node] = NEVER;
        if (!sim_is_up(weather->sim, node))
            sim_start(weather->sim, node);
    }
    for (uint32_t other = 0; other < weather->plan->node_count; other++)
        if (weather->open_ms[node][other] <= now_ms)
            open_way(weather, node, other);
}

/* Whatever brought a machine down, somebody starts it again. */
static void plan_starts(struct sim_weather *weather)
{
    for (uint32_t node = 0; node < weather->plan->honest_count; node++)
        if (!sim_is_up(weather->sim, node) && weather->start_ms[node] == NEVER)
            weather->start_ms[node] =
                sim_now(weather->sim) +
                sim_plan_below(&weather->down_stream, weather->plan->down_ms + 1);
}

static void plan_next(struct sim_weather *weather, uint32_t fault)
{
    weather->next_ms[fault] =
        sim_now(weather->sim) + 1 + draw(weather, fault, 2 * weather->plan->pause_ms[fault]);
}

void sim_weather_happen(struct sim_weather *weather)
{
    for (uint32_t node = 0; node < weather->plan->node_count; node++)
        end_some(weather, node);
    for (uint32_t fault = 0; fault < SIM_FAULT_COUNT; fault++) {
        if (weather->next_ms[fault] > sim_now(weather->sim))
            continue;
        happen(weather, fault);
        plan_next(weather, fault);
    }
    plan_starts(weather);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t sim_weather_next_ms(const struct sim_weather *weather)
{
    uint64_t next = NEVER;
    for (uint32_t fault = 0; fault < SIM_FAULT_COUNT; fault++)
        next = sooner(next, weather->next_ms[fault]);
    for (uint32_t node = 0; node < weather->plan->node_count; node++) {
        next = sooner(next, weather->free_ms[node]);
        next = sooner(next, weather->quick_ms[node]);
        next = sooner(next, weather->start_ms[node]);
        for (uint32_t other = 0; other < weather->plan->node_count; other++)
            next = sooner(next, weather->open_ms[node][other]);
    }
    return next;
}

/* --- beginning and end --- */

static void apply_conditions(struct sim_weather *weather, const struct sim_options *options)
{
    *sim_net_options(sim_net(weather->sim)) = options->net;
    for (uint32_t node = 0; node < weather->plan->node_count; node++) {
        sim_set_commit_ms(weather->sim, node, options->commit_ms);
        sim_set_job_ms(weather->sim, node, options->job_ms);
        sim_set_late_ms(weather->sim, node, options->late_ms);
    }
}

struct sim_weather *sim_weather_new(struct sim *sim, const struct sim_plan *plan,
                                    struct sim_oracle *oracle)
{
    struct sim_weather *weather = calloc(1, sizeof *weather);
    if (weather == NULL)
        abort();
    *weather = (struct sim_weather){.sim = sim, .plan = plan, .oracle = oracle};
    weather->down_stream = sim_plan_stream(plan->seed, SIM_PURPOSE_DOWN_TIMES);
    for (uint32_t fault = 0; fault < SIM_FAULT_COUNT; fault++) {
        weather->streams[fault] = sim_plan_stream(plan->seed, SIM_PURPOSE_FAULT + fault);
        weather->next_ms[fault] = NEVER;
        if (sim_plan_has(plan, fault) && plan->pause_ms[fault] != 0)
            plan_next(weather, fault);
    }
    for (uint32_t a = 0; a < SIM_NODES_MAX; a++) {
        weather->start_ms[a] = weather->free_ms[a] = weather->quick_ms[a] = NEVER;
        for (uint32_t b = 0; b < SIM_NODES_MAX; b++)
            weather->open_ms[a][b] = NEVER;
    }
    apply_conditions(weather, &plan->rough);
    *sim_near_options(sim_near(sim)) = plan->near;
    keep_apart(weather);
    return weather;
}

void sim_weather_tell(struct sim_weather *weather, sim_disk_moved *moved, void *impl)
{
    weather->moved = moved;
    weather->moved_impl = impl;
}

void sim_weather_free(struct sim_weather *weather)
{
    free(weather);
}

void sim_weather_start_all(struct sim_weather *weather)
{
    for (uint32_t node = 0; node < weather->plan->honest_count; node++)
        if (!sim_is_up(weather->sim, node))
            sim_start(weather->sim, node);
}

void sim_weather_clear_up(struct sim_weather *weather)
{
    struct sim *sim = weather->sim;
    apply_conditions(weather, &weather->plan->calm);
    *sim_near_options(sim_near(sim)) = (struct sim_near_options){.delay_ms = {0, 3}};
    for (uint32_t fault = 0; fault < SIM_FAULT_COUNT; fault++)
        weather->next_ms[fault] = NEVER;
    for (uint32_t node = 0; node < weather->plan->node_count; node++) {
        sim_crash_at_commit(sim, node, 0, SIM_FATE_DRAWN);
        sim_mend_commit(sim, node);
        weather->oracle->may_fail[node] = false;
        sim_set_disk_full(sim, node, false);
        weather->free_ms[node] = weather->quick_ms[node] = NEVER;
        for (uint32_t other = 0; other < weather->plan->node_count; other++) {
            if (weather->open_ms[node][other] != NEVER)
                open_way(weather, node, other);
            sim_net_cut_after(sim_net(sim), sim_place(sim, node), sim_place(sim, other), 0);
        }
    }
    sim_weather_start_all(weather);
}
