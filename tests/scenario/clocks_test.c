/* Clocks that are wrong by decades change nothing but what is displayed. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define YEAR_1970_MS INT64_C(0)
#define YEAR_2099_MS INT64_C(4070908800000)

static struct sim *three_clocks(uint64_t seed)
{
    struct sim_options options = sim_options(seed, 3);
    struct sim *sim = sim_new(&options);
    sim_set_wall(sim, 0, YEAR_1970_MS);
    sim_set_wall(sim, 1, SIM_TODAY_MS);
    sim_set_wall(sim, 2, YEAR_2099_MS);
    for (uint32_t node = 0; node < 3; node++)
        sim_start(sim, node);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 2, 0);
    CHECK(sim_join(sim, 1, &code, UINT32_MAX, 60000));
    CHECK(sim_join(sim, 2, &code, UINT32_MAX, 60000));
    CHECK(sim_converge(sim, 10000));
    return sim;
}

static void nodes_in_1970_today_and_2099_converge(void **state)
{
    (void)state;
    struct sim *sim = three_clocks(61);
    struct sim_id action = sim_write(sim, 2, "action", "title", "From 2099");
    CHECK(sim_converge(sim, 10000));

    CHECK(sim_change(sim, 0, "set", &action, "title", "From 1970"));
    CHECK(sim_converge(sim, 10000));
    CHECK(sim_change(sim, 1, "set", &action, "title", "From today"));
    CHECK(sim_converge(sim, 10000));

    for (uint32_t node = 0; node < 3; node++)
        assert_string_equal(sim_show(sim, node, &action, "title").text, "From today (School 1)");
    CHECK(sim_are_equal(sim, 0, 1));
    CHECK(sim_are_equal(sim, 0, 2));
    sim_free(sim);
}

/* Wins by what was seen, not by what the clock says. */
static void a_late_clock_wins_no_disagreement(void **state)
{
    (void)state;
    struct sim *sim = three_clocks(62);
    struct sim_id action = sim_write(sim, 0, "action", "title", "Read aloud");
    CHECK(sim_converge(sim, 10000));
    sim_partition(sim, 0, 2);
    sim_partition(sim, 1, 2);
    sim_partition(sim, 0, 1);
    CHECK(sim_change(sim, 0, "set", &action, "title", "From 1970"));
    CHECK(sim_change(sim, 2, "set", &action, "title", "From 2099"));

    sim_heal(sim);
    CHECK(sim_converge(sim, 120000));

    struct sim_text shown = sim_show(sim, 1, &action, "title");
    CHECK(strstr(shown.text, "From 1970 (School 0)") != NULL);
    CHECK(strstr(shown.text, "From 2099 (School 2)") != NULL);
    CHECK(sim_are_equal(sim, 0, 2));
    sim_free(sim);
}

static void a_clock_that_jumps_back_stops_nothing(void **state)
{
    (void)state;
    struct sim *sim = three_clocks(63);
    struct sim_id action = sim_write(sim, 2, "action", "title", "Before");
    CHECK(sim_converge(sim, 10000));

    sim_set_wall(sim, 2, YEAR_1970_MS);
    CHECK(sim_change(sim, 2, "set", &action, "title", "After"));

    CHECK(sim_converge(sim, 10000));
    assert_string_equal(sim_show(sim, 0, &action, "title").text, "After (School 2)");
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(nodes_in_1970_today_and_2099_converge),
           cmocka_unit_test(a_late_clock_wins_no_disagreement),
           cmocka_unit_test(a_clock_that_jumps_back_stops_nothing))
