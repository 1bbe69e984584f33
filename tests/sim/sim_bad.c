#include "tests/sim/sim_bad.h"

#include <stdlib.h>

#include "tests/sim/sim_adversary.h"

#define PLOTTERS_PAUSE_MS 1500 /* at most: a plot takes many acts */

struct sim_bad {
    struct sim *sim;
    const struct sim_plan *plan;
    uint64_t stream;
    struct sim_adversary *members[SIM_NODES_MAX];
};

/* A vote of its own is what makes a burden count. */
static void confirm_some(struct sim_bad *bad, uint64_t *stream)
{
    for (uint32_t i = 0; i < bad->plan->bad_count; i++)
        if (sim_plan_below(stream, 2) == 0)
            (void)sim_confirm(bad->sim, 0, bad->plan->honest_count + i);
}

struct sim_bad *sim_bad_new(struct sim *sim, const struct sim_plan *plan,
                            const struct sim_code *code)
{
    struct ph_invitation invitation;
    char why[200];
    struct sim_bad *bad = calloc(1, sizeof *bad);
    if (bad == NULL || ph_invitation_read(ph_bytes_text(code->text), &invitation, why) != PH_OK)
        abort();
    *bad = (struct sim_bad){
        .sim = sim, .plan = plan, .stream = sim_plan_stream(plan->seed, SIM_PURPOSE_BAD_MEMBERS)};
    uint64_t plotting = sim_plan_stream(plan->seed, SIM_PURPOSE_PLOTTERS);
    if ((plan->plots & SIM_PLOT(BURDEN)) != 0)
        confirm_some(bad, &plotting);
    /* All first: what they say is not for each other. */
    for (uint32_t i = 0; i < plan->bad_count; i++)
        sim_stop(sim, plan->honest_count + i);
    for (uint32_t i = 0; i < plan->bad_count; i++) {
        uint32_t lies = (uint32_t)sim_next(&bad->stream) & SIM_LIES_ALL;
        uint32_t some = (uint32_t)sim_next(&plotting);
        struct sim_adversary_options options = {
            .node = plan->honest_count + i,
            .invitation = &invitation,
            .seed = sim_next(&bad->stream),
            .lies = lies,
            .plots = i == 0 ? plan->plots : plan->plots & some,
            .apart = plan->apart,
            .pause_ms = {1, sim_plan_scale(&bad->stream, 100, 5000)}};
        if (options.plots != 0 && options.pause_ms.max > PLOTTERS_PAUSE_MS)
            options.pause_ms.max = PLOTTERS_PAUSE_MS;
        bool is_pair = i % 2 == 1 && sim_plan_below(&bad->stream, 2) == 0;
        if (is_pair || (i % 2 == 1 && (plan->plots & SIM_PLOT(SHARE)) != 0))
            options.partner = bad->members[i - 1];
        bad->members[i] = sim_adversary_new(sim, &options);
    }
    return bad;
}

void sim_bad_free(struct sim_bad *bad)
{
    for (uint32_t i = bad != NULL ? bad->plan->bad_count : 0; i-- != 0;)
        sim_adversary_free(bad->members[i]);
    free(bad);
}

void sim_bad_calm(struct sim_bad *bad)
{
    for (uint32_t i = 0; i < bad->plan->bad_count; i++)
        sim_adversary_calm(bad->members[i], sim_plan_below(&bad->stream, 2) == 0);
}

void sim_bad_leave(struct sim_bad *bad)
{
    for (uint32_t i = 0; i < bad->plan->bad_count; i++)
        sim_adversary_calm(bad->members[i], true);
}

void sim_oracle_nothing_forbidden_is_taken(struct sim_oracle *oracle, struct sim_bad *bad)
{
    for (uint32_t node = 0; node < bad->plan->honest_count; node++)
        for (uint32_t i = 0; i < bad->plan->bad_count; i++) {
            const char *mark = sim_adversary_mark(bad->members[i], node);
            if (mark != NULL)
                sim_blame(oracle, SIM_UNSAFE, "node %u: %s", node, mark);
        }
}
