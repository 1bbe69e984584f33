#include "tests/sim/sim_bad.h"

#include <stdlib.h>

#include "tests/sim/sim_adversary.h"

#define PLOTTERS_PAUSE_MS 1500 /* at most: a plot takes many acts */

#define VOTE_AGAIN_MS 2000

struct sim_bad {
    struct sim *sim;
    const struct sim_plan *plan;
    uint64_t stream, voting;
    uint64_t vote_ms; /* the next vote; UINT64_MAX: none */
    struct sim_adversary *members[SIM_NODES_MAX];
};

/* A vote of its own is what makes a burden count. */
static void confirm_some(struct sim_bad *bad, uint64_t *stream)
{
    for (uint32_t i = 0; i < bad->plan->bad_count; i++)
        if (sim_plan_below(stream, 2) == 0)
            (void)sim_confirm(bad->sim, 0, bad->plan->honest_count + i);
}

/* --- removing them --- */

static bool votes(const struct sim_bad *bad, uint32_t node)
{
    return node == 0 || (bad->plan->voters >> node & 1) != 0;
}

/* One after the other, each confirmed by all before it. */
static void confirm_voters(struct sim_bad *bad)
{
    for (uint32_t whom = 1; whom < bad->plan->honest_count; whom++)
        for (uint32_t voter = 0; voter < whom && votes(bad, whom); voter++)
            if (votes(bad, voter)) {
                (void)sim_decide(bad->sim, voter, "confirm", whom);
                (void)sim_converge(bad->sim, 30000);
            }
}

uint64_t sim_bad_next_ms(const struct sim_bad *bad)
{
    return bad->vote_ms;
}

void sim_bad_remove(struct sim_bad *bad)
{
    for (uint32_t whom = bad->plan->honest_count; whom < bad->plan->node_count; whom++)
        for (uint32_t voter = 0; voter < bad->plan->honest_count; voter++)
            if (votes(bad, voter) && sim_is_up(bad->sim, voter)) {
                (void)sim_decide(bad->sim, voter, "member_remove", whom);
                sim_run(bad->sim, VOTE_AGAIN_MS);
            }
}

/* A voter drawn, about a school drawn; who is down or has no seat doesn't matter. */
void sim_bad_vote(struct sim_bad *bad)
{
    uint32_t voter = (uint32_t)sim_plan_below(&bad->voting, bad->plan->honest_count);
    while (!votes(bad, voter))
        voter--;
    uint32_t whom =
        bad->plan->honest_count + (uint32_t)sim_plan_below(&bad->voting, bad->plan->bad_count);
    if (sim_now(bad->sim) < bad->vote_ms)
        return;
    bad->vote_ms = sim_now(bad->sim) + 1 + sim_plan_below(&bad->voting, VOTE_AGAIN_MS);
    if (votes(bad, voter) && sim_is_up(bad->sim, voter) && !sim_is_stopping(bad->sim, voter))
        sim_decide_begin(bad->sim, voter, "member_remove", whom);
}

/* --- being bad --- */

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
    bad->voting = sim_plan_stream(plan->seed, SIM_PURPOSE_REMOVALS);
    bad->vote_ms = plan->removal_ms != 0 ? sim_now(sim) + plan->removal_ms : UINT64_MAX;
    if (plan->voters != 0)
        confirm_voters(bad);
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

static bool is_removed_at(struct sim_bad *bad, uint32_t node, uint32_t whom)
{
    static const uint8_t request[] = "\x91\xa7members";
    char hex[65] = "";
    struct ph_school_id school = sim_school(bad->sim, whom);
    struct ph_bytes rows =
        sim_pick(sim_command(bad->sim, node, ph_bytes(request, sizeof request - 1)), "rows");
    ph_hex(school.bytes, sizeof school.bytes, hex);
    struct ph_unpacker in = ph_unpack_scanned(rows);
    for (uint32_t i = ph_unpack_array(&in); i != 0; i--) {
        struct ph_bytes row = ph_unpack_skip(&in);
        struct ph_unpacker removed = ph_unpack_scanned(sim_pick(row, "removed"));
        if (strcmp(sim_pick_text(row, "school").text, hex) == 0)
            return ph_unpack_bool(&removed);
    }
    return false;
}

void sim_oracle_removed_are_shut_out(struct sim_oracle *oracle, struct sim_bad *bad)
{
    for (uint32_t i = 0; i < bad->plan->bad_count; i++) {
        uint32_t whom = bad->plan->honest_count + i;
        bool is_removed = is_removed_at(bad, 0, whom);
        for (uint32_t node = 0; node < bad->plan->honest_count; node++) {
            if (is_removed_at(bad, node, whom) != is_removed)
                sim_blame(oracle, SIM_UNSAFE, "node %u disagrees on who is removed", node);
            if (is_removed && sim_net_links(sim_net(bad->sim), sim_place(bad->sim, node),
                                            sim_place(bad->sim, whom)) != 0)
                sim_blame(oracle, SIM_UNSAFE, "node %u is connected to school %u, which is removed",
                          node, whom);
        }
    }
}
