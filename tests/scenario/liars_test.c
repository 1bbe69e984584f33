/* One lie at a time, by a member gone bad that acts by itself (sim/sim_adversary.h): what it costs
 * the others, which is nothing. */
#include <stdio.h>

#include "tests/sim/sim_adversary.h"
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define NODES 5
#define BAD 4     /* the liar */
#define PARTNER 3 /* honest, but in stories of two liars */
#define SOON_MS 2000
#define ROUNDS 30

struct world {
    struct sim *sim;
    struct ph_invitation invitation;
    struct sim_adversary *bad, *partner;
    uint32_t honest_count, line_max;
    uint64_t late_ms;   /* what is written is everywhere by then */
    struct sim_id card; /* a reflection of node 1 */
};

static struct sim_adversary *turn_bad(struct world *world, uint32_t node, uint32_t lies,
                                      struct sim_adversary *partner)
{
    struct sim_adversary_options options = {.node = node,
                                            .invitation = &world->invitation,
                                            .seed = node + 1,
                                            .lies = lies,
                                            .pause_ms = {50, 300},
                                            .line_max = world->line_max,
                                            .partner = partner};
    sim_stop(world->sim, node);
    return sim_adversary_new(world->sim, &options);
}

/* A network of which node 0 is the host; with a quota, unless it is 0. */
static struct world a_world(uint64_t seed, uint64_t quota)
{
    struct world world = {
        .sim = sim_start_all(seed, NODES), .honest_count = BAD, .late_ms = SOON_MS};
    char why[200];
    if (quota != 0) {
        sim_stop(world.sim, 0);
        sim_found_with_quota(world.sim, 0, "Lighthouse", quota);
        sim_start(world.sim, 0);
    } else {
        sim_found(world.sim, 0, "Lighthouse");
    }
    struct sim_code code = sim_invite(world.sim, 0, NODES, 0);
    for (uint32_t node = 1; node < NODES; node++)
        CHECK(sim_join(world.sim, node, &code, UINT32_MAX, 60000));
    CHECK_OK(ph_invitation_read(ph_bytes_text(code.text), &world.invitation, why));
    world.card = sim_write(world.sim, 1, "reflection", "text", "Mine alone");
    CHECK(sim_converge(world.sim, 60000));
    return world;
}

static void leave(struct world *world)
{
    sim_adversary_free(world->partner);
    sim_adversary_free(world->bad);
    sim_free(world->sim);
}

static bool is_at_all(struct world *world, const struct sim_id *plan)
{
    for (uint32_t node = 0; node < world->honest_count; node++)
        if (strstr(sim_show(world->sim, node, plan, "title").text, "Still heard") == NULL)
            return false;
    return true;
}

/* What any honest school writes is soon at all of them, while the liar lies on. */
static void check_is_heard(struct world *world, uint32_t writer)
{
    struct sim_id plan = sim_write(world->sim, writer, "plan", "title", "Still heard");
    uint64_t since_ms = sim_now(world->sim);
    while (!is_at_all(world, &plan) && sim_now(world->sim) - since_ms <= world->late_ms)
        sim_run(world->sim, 100);
    assert_in_range(sim_now(world->sim) - since_ms, 0, world->late_ms);
    sim_run(world->sim, SOON_MS);
}

/* It lies for a while, and people work; then it is gone, and nothing of it is where it must not
 * be. */
static void check_costs_nothing(struct world *world)
{
    for (uint32_t i = 0; i < ROUNDS; i++)
        check_is_heard(world, i % world->honest_count);
    CHECK(sim_adversary_act_count(world->bad) > ROUNDS);
    sim_adversary_calm(world->bad, true);
    if (world->partner != NULL)
        sim_adversary_calm(world->partner, true);
    sim_run(world->sim, 5000);
    CHECK(sim_converge(world->sim, 60000));
    for (uint32_t node = 0; node < world->honest_count; node++) {
        CHECK(sim_are_equal(world->sim, 0, node));
        CHECK(sim_verify(world->sim, node));
        CHECK(sim_adversary_mark(world->bad, node) == NULL);
        assert_string_equal(sim_show(world->sim, node, &world->card, "text").text,
                            "Mine alone (School 1)");
        assert_in_range(sim_net_outstanding_max(sim_net(world->sim), sim_place(world->sim, node)),
                        0, PH_OUTBOX_BYTES_HARD_MAX + PH_FRAME_CIPHER_MAX);
    }
}

static void one_liar(uint32_t lies, uint64_t quota)
{
    struct world world = a_world(7400, quota);
    world.bad = turn_bad(&world, BAD, lies, NULL);

    check_costs_nothing(&world);

    leave(&world);
}

static void who_announces_and_does_not_deliver_delays_nobody(void **state)
{
    (void)state;
    one_liar(SIM_LIE(WITHHOLD) | SIM_LIE(HEADS), 0);
}

static void who_asks_without_end_and_reads_nothing_delays_nobody(void **state)
{
    (void)state;
    one_liar(SIM_LIE(FLOOD) | SIM_LIE(SLOW) | SIM_LIE(MANY), 0);
}

static void who_prunes_grafts_and_pushes_what_is_held_delays_nobody(void **state)
{
    (void)state;
    one_liar(SIM_LIE(TREE), 0);
    one_liar(SIM_LIE(TREE) | SIM_LIE(MANY), 0);
}

static void edits_without_the_right_change_no_record(void **state)
{
    (void)state;
    one_liar(SIM_LIE(TRESPASS), 0);
}

static void a_log_ends_at_its_quota_and_others_go_on(void **state)
{
    (void)state;
    one_liar(SIM_LIE(QUOTA), 20000);
}

static void times_out_of_step_are_refused_by_all(void **state)
{
    (void)state;
    one_liar(SIM_LIE(LEAP) | SIM_LIE(BYTES) | SIM_LIE(HOLES), 0);
}

static void facts_and_keys_of_its_making_move_nobody(void **state)
{
    (void)state;
    one_liar(SIM_LIE(FACTS) | SIM_LIE(KEYS), 0);
}

/* Others are shown others. All come to hold all of them, and show what they say. */
static void branches_shown_to_some_are_kept_by_all(void **state)
{
    (void)state;
    struct world world = a_world(7403, 0);
    world.line_max = 4;
    world.bad = turn_bad(&world, BAD, SIM_LIE(FORK), NULL);

    check_costs_nothing(&world);

    CHECK(sim_count(world.sim, 0, "plan") > ROUNDS);
    leave(&world);
}

static void a_log_of_too_many_branches_shows_nowhere(void **state)
{
    (void)state;
    struct world world = a_world(7404, 0);
    world.line_max = 3 * PH_BRANCHES_MAX;
    world.bad = turn_bad(&world, BAD, SIM_LIE(FORK), NULL);

    check_costs_nothing(&world);

    assert_int_equal(sim_count(world.sim, 0, "plan"), ROUNDS);
    leave(&world);
}

/* What one keeps to itself the other shows, under the same keys. */
static void a_pair_that_vouch_for_each_other_splits_nobody(void **state)
{
    (void)state;
    struct world world = a_world(7401, 0);
    world.honest_count = PARTNER;
    world.late_ms = 2 * PH_WANT_MS_MAX; /* each of the two may leave one want alone */
    world.bad = turn_bad(&world, BAD, SIM_LIE(FORK) | SIM_LIE(WITHHOLD) | SIM_LIE(HEADS), NULL);
    world.partner =
        turn_bad(&world, PARTNER, SIM_LIE(FORK) | SIM_LIE(WITHHOLD) | SIM_LIE(CENSOR), world.bad);

    check_costs_nothing(&world);

    leave(&world);
}

/* The host passes on all logs but one. One way beside it is enough. */
static void a_host_that_censors_a_school_hides_nothing(void **state)
{
    (void)state;
    struct world world = a_world(7402, 0);
    for (uint32_t node = 0; node + 1 < BAD; node++) {
        char address[32];
        snprintf(address, sizeof address, "node%u:7410", node + 1);
        sim_stop(world.sim, node);
        sim_keep_dialing(world.sim, node, address);
        sim_start(world.sim, node);
    }
    CHECK(sim_converge(world.sim, 60000));
    sim_run(world.sim, 5000);
    world.bad = turn_bad(&world, BAD, SIM_LIE(CENSOR), NULL);

    check_costs_nothing(&world);

    leave(&world);
}

CHECK_MAIN(cmocka_unit_test(who_announces_and_does_not_deliver_delays_nobody),
           cmocka_unit_test(who_asks_without_end_and_reads_nothing_delays_nobody),
           cmocka_unit_test(who_prunes_grafts_and_pushes_what_is_held_delays_nobody),
           cmocka_unit_test(edits_without_the_right_change_no_record),
           cmocka_unit_test(a_log_ends_at_its_quota_and_others_go_on),
           cmocka_unit_test(times_out_of_step_are_refused_by_all),
           cmocka_unit_test(facts_and_keys_of_its_making_move_nobody),
           cmocka_unit_test(branches_shown_to_some_are_kept_by_all),
           cmocka_unit_test(a_log_of_too_many_branches_shows_nowhere),
           cmocka_unit_test(a_pair_that_vouch_for_each_other_splits_nobody),
           cmocka_unit_test(a_host_that_censors_a_school_hides_nothing))
