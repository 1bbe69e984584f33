/* How many links a school keeps where many could be called, and that who has all it wants is not
 * cut off from the rest by that. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define NO_HOST UINT32_MAX

static uint32_t links(struct sim *sim, uint32_t a, uint32_t b)
{
    return a == b ? 0 : sim_net_links(sim_net(sim), sim_place(sim, a), sim_place(sim, b));
}

static uint32_t links_of(struct sim *sim, uint32_t node, uint32_t node_count)
{
    uint32_t count = 0;
    for (uint32_t other = 0; other < node_count; other++)
        count += links(sim, node, other);
    return count;
}

static uint32_t links_of_all(struct sim *sim, uint32_t node_count)
{
    uint32_t count = 0;
    for (uint32_t node = 0; node < node_count; node++)
        count += links_of(sim, node, node_count);
    return count / 2;
}

static struct sim *many_near_each_other(uint64_t seed, uint32_t node_count)
{
    struct sim_options options = sim_options(seed, node_count);
    struct sim *sim = sim_new(&options);
    for (uint32_t node = 0; node < node_count; node++) {
        sim_set_beacon(sim, node, true);
        sim_start(sim, node);
    }
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, PH_INVITE_USES_MAX, NO_HOST);
    for (uint32_t node = 1; node < node_count; node++)
        CHECK(sim_join(sim, node, &code, NO_HOST, 60000));
    CHECK(sim_converge(sim, 60000));
    return sim;
}

static void each_has_enough_links_and_nobody_has_all(void **state)
{
    (void)state;
    struct sim *sim = many_near_each_other(1, 24);
    for (uint32_t node = 0; node < 24; node++)
        sim_stop(sim, node);
    for (uint32_t node = 0; node < 24; node++)
        sim_start(sim, node);

    sim_run(sim, 120000);

    for (uint32_t node = 0; node < 24; node++)
        assert_in_range(links_of(sim, node, 24), PH_LINKS_WANTED, 22);
    assert_in_range(links_of_all(sim, 24), 24 * PH_LINKS_WANTED / 2, 24 * PH_LINKS_WANTED);
    (void)sim_write(sim, 7, "plan", "title", "x");
    CHECK(sim_converge(sim, 2000));
    sim_free(sim);
}

/* Links of an hour: as many as at first, and not the same. */
static void links_are_replaced_one_at_a_time(void **state)
{
    (void)state;
    struct sim *sim = many_near_each_other(2, 20);
    uint32_t kept = 0, before[20];
    sim_run(sim, 60000);
    uint32_t count = links_of_all(sim, 20);
    for (uint32_t other = 0; other < 20; other++)
        before[other] = links(sim, 0, other);

    sim_run(sim, 3600000);

    for (uint32_t other = 0; other < 20; other++)
        kept += before[other] != 0 && links(sim, 0, other) != 0;
    CHECK(kept < 19);
    assert_in_range(links_of_all(sim, 20), 20 * PH_LINKS_WANTED / 2, count + 20);
    sim_free(sim);
}

#define HALF (PH_LINKS_WANTED + 1)

static void part_halves(struct sim *sim)
{
    for (uint32_t a = 0; a < HALF; a++)
        for (uint32_t b = HALF; b < 2 * HALF; b++) {
            sim_partition(sim, a, b);
            sim_net_reset(sim_net(sim), sim_place(sim, a), sim_place(sim, b));
        }
}

/* Each knows all others of its half, which is as many as it wants. */
static void two_halves_that_have_enough_find_together(void **state)
{
    (void)state;
    struct sim *sim = many_near_each_other(3, 2 * HALF);
    part_halves(sim);
    for (uint32_t node = 0; node < 2 * HALF; node++)
        sim_stop(sim, node);
    for (uint32_t node = 0; node < 2 * HALF; node++)
        sim_start(sim, node);
    sim_run(sim, 300000);
    for (uint32_t node = 0; node < 2 * HALF; node++)
        assert_int_equal(links_of(sim, node, 2 * HALF), PH_LINKS_WANTED);
    struct sim_id id = sim_write(sim, 0, "plan", "title", "Found");

    sim_heal(sim);
    sim_run(sim, PH_LINKS_SWAP_MS + 2 * PH_BEACON_MS);

    assert_string_equal(sim_show(sim, 2 * HALF - 1, &id, "title").text, "Found (School 0)");
    sim_free(sim);
}

static void what_people_have_typed_stays_connected(void **state)
{
    (void)state;
    struct sim *sim = many_near_each_other(4, 14);
    sim_stop(sim, 0);
    sim_keep_dialing(sim, 0, "node5:7410");
    sim_start(sim, 0);
    sim_run(sim, 60000);

    for (uint32_t minute = 0; minute < 60; minute++) {
        sim_run(sim, 60000);
        assert_int_equal(links(sim, 0, 5), 1);
    }

    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(each_has_enough_links_and_nobody_has_all),
           cmocka_unit_test(links_are_replaced_one_at_a_time),
           cmocka_unit_test(two_halves_that_have_enough_find_together),
           cmocka_unit_test(what_people_have_typed_stays_connected))
