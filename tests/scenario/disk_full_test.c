/* A full disk refuses, loses nothing, and is as good as new once there is room. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

static void a_command_is_refused_and_works_later(void **state)
{
    (void)state;
    struct sim *sim = sim_network(301, 2);
    struct sim_id before = sim_write(sim, 1, "plan", "title", "Before");
    CHECK(sim_converge(sim, 10000));
    struct ph_root root = sim_root(sim, 1);
    sim_set_disk_full(sim, 1, true);

    ph_command_id refused = sim_write_begin(sim, 1, "plan", "title", "Refused");
    sim_run(sim, 5000);

    const char *error = sim_error(sim_answer(sim, refused));
    assert_non_null(error);
    CHECK(strstr(error, "disk is full") != NULL);
    CHECK(sim_is_up(sim, 1));
    struct ph_root during = sim_root(sim, 1);
    CHECK(ph_root_equal(&root, &during));
    assert_string_equal(sim_show(sim, 1, &before, "title").text, "Before (School 1)");

    sim_set_disk_full(sim, 1, false);
    struct sim_id after = sim_write(sim, 1, "plan", "title", "After");
    CHECK(sim_converge(sim, 120000));
    assert_string_equal(sim_show(sim, 0, &after, "title").text, "After (School 1)");
    assert_int_equal(sim_count(sim, 0, "plan"), 2);
    CHECK(sim_are_equal(sim, 0, 1));
    CHECK(!sim_trace_has(sim, 0, "was forked"));
    sim_free(sim);
}

static void what_others_send_meanwhile_is_fetched_later(void **state)
{
    (void)state;
    struct sim *sim = sim_network(302, 2);
    sim_set_disk_full(sim, 1, true);
    for (int i = 0; i < 20; i++)
        sim_write(sim, 0, "plan", "title", "While the disk is full");
    sim_run(sim, 60000);
    CHECK(sim_is_up(sim, 1));
    assert_int_equal(sim_count(sim, 1, "plan"), 0);

    sim_set_disk_full(sim, 1, false);

    CHECK(sim_converge(sim, 180000));
    assert_int_equal(sim_count(sim, 1, "plan"), 20);
    CHECK(sim_are_equal(sim, 0, 1));
    sim_free(sim);
}

/* Several at once, of which some are in the commit that fails and some gather behind it. */
static void every_command_in_flight_is_answered(void **state)
{
    (void)state;
    ph_command_id commands[10];
    struct sim *sim = sim_network(303, 2);
    sim_set_commit_ms(sim, 0, (struct sim_span){30, 30});
    for (size_t i = 0; i < 10; i++) {
        commands[i] = sim_write_begin(sim, 0, "plan", "title", "In flight");
        sim_run(sim, 7);
        if (i == 4)
            sim_set_disk_full(sim, 0, true);
    }
    sim_run(sim, 5000);
    sim_set_disk_full(sim, 0, false);
    CHECK(sim_converge(sim, 120000));

    uint32_t written = 0;
    for (size_t i = 0; i < 10; i++) {
        struct sim_id id = sim_written(sim, commands[i]);
        CHECK(sim_answer(sim, commands[i]).len != 0);
        written += id.text[0] != '\0';
        if (id.text[0] != '\0')
            assert_string_equal(sim_show(sim, 1, &id, "title").text, "In flight (School 0)");
    }
    assert_in_range(written, 1, 9);
    assert_int_equal(sim_count(sim, 1, "plan"), written);
    CHECK(sim_are_equal(sim, 0, 1));
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(a_command_is_refused_and_works_later),
           cmocka_unit_test(what_others_send_meanwhile_is_fetched_later),
           cmocka_unit_test(every_command_in_flight_is_answered))
