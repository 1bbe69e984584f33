#include "tests/sim/sim_shrink.h"

#include "tests/sim/sim_run.h"

#define ROUNDS_MAX 3

/* Keeps the smaller one if it fails too. */
static bool try_smaller(struct sim_wishes *wishes, const struct sim_wishes *smaller)
{
    if (sim_run_alone(smaller) == SIM_FINE)
        return false;
    *wishes = *smaller;
    sim_run_print_replay(stdout, wishes);
    putchar('\n');
    return true;
}

static bool drop_faults(struct sim_wishes *wishes)
{
    bool is_smaller = false;
    struct sim_plan plan = sim_plan(wishes);
    for (uint32_t fault = 0; fault < SIM_FAULT_COUNT; fault++) {
        struct sim_wishes smaller = *wishes;
        smaller.without |= 1u << fault;
        if (sim_plan_has(&plan, fault))
            is_smaller = try_smaller(wishes, &smaller) || is_smaller;
    }
    return is_smaller;
}

static bool drop_plots(struct sim_wishes *wishes)
{
    bool is_smaller = false;
    uint32_t plots = sim_plan(wishes).plots;
    for (uint32_t plot = 0; plot < SIM_PLOT_COUNT; plot++) {
        struct sim_wishes smaller = *wishes;
        smaller.plots = (smaller.plots != SIM_PLOTS_DRAWN ? smaller.plots : plots) & ~(1u << plot);
        if ((plots >> plot & 1) != 0)
            is_smaller = try_smaller(wishes, &smaller) || is_smaller;
    }
    return is_smaller;
}

static bool drop_nodes(struct sim_wishes *wishes)
{
    struct sim_wishes smaller = *wishes;
    uint32_t count = sim_plan(wishes).node_count;
    for (smaller.node_count = 2 + wishes->bad_count; smaller.node_count < count;
         smaller.node_count++)
        if (try_smaller(wishes, &smaller))
            return true;
    return false;
}

static bool drop_commands(struct sim_wishes *wishes)
{
    bool is_smaller = false;
    uint32_t low = 0, high = sim_plan(wishes).command_max;
    while (low < high) {
        struct sim_wishes smaller = *wishes;
        smaller.command_max = low + (high - low) / 2;
        if (try_smaller(wishes, &smaller)) {
            high = smaller.command_max;
            is_smaller = true;
        } else {
            low = smaller.command_max + 1;
        }
    }
    return is_smaller;
}

static bool shorten(struct sim_wishes *wishes)
{
    bool is_smaller = false;
    struct sim_wishes smaller = *wishes;
    smaller.until_ms = sim_plan(wishes).storm_ms * 3 / 4;
    while (smaller.until_ms != 0 && try_smaller(wishes, &smaller)) {
        smaller.until_ms = smaller.until_ms * 3 / 4;
        is_smaller = true;
    }
    return is_smaller;
}

bool sim_shrink(struct sim_wishes *wishes)
{
    if (sim_run_alone(wishes) == SIM_FINE)
        return false;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        bool is_smaller = drop_faults(wishes);
        is_smaller = drop_plots(wishes) || is_smaller;
        is_smaller = drop_nodes(wishes) || is_smaller;
        is_smaller = shorten(wishes) || is_smaller;
        is_smaller = drop_commands(wishes) || is_smaller;
        if (!is_smaller)
            break;
    }
    return true;
}
