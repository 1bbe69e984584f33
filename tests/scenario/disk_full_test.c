/* A full disk refuses, loses nothing, and is as good as new once there is room. */
#include "tests/sim/sim_school.h"
#include "tests/support/bad_member.h"
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
    CHECK(!sim_trace_has(sim, 0, "is forked behind"));
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

/* --- entries that wait to be materialised --- */

#define RUNS 30
#define RUN_ENTRIES 300 /* in all more than one commit materialises */

static ph_command_id rebuild_begin(struct sim *sim, uint32_t node)
{
    return sim_command_begin(sim, node, ph_bytes_text("\x91\xa7rebuild"));
}

/* Node 1 holds a long log, takes it apart to materialise it anew, and its disk fills meanwhile. */
static struct sim *a_backlog(uint64_t seed, ph_command_id *rebuild)
{
    struct sim *sim = sim_network(seed, 3);
    struct bad_member bad = bad_member_of(sim, 2);
    struct sim_stranger *stranger = bad_member_dial(&bad, 0, 1);
    for (uint32_t i = 0; i < RUNS; i++)
        bad_member_say_run(&bad, stranger, &bad.log, RUN_ENTRIES, false);
    sim_run(sim, 5000);
    CHECK(sim_converge(sim, 60000));
    assert_int_equal(sim_count(sim, 1, "plan"), RUNS * RUN_ENTRIES);
    sim_stranger_free(stranger);
    sim_set_commit_ms(sim, 1, (struct sim_span){20, 20});
    *rebuild = rebuild_begin(sim, 1);
    sim_run(sim, 21); /* the first commit of it is done, the second under way */
    CHECK(sim_is_behind(sim, 1));
    sim_set_disk_full(sim, 1, true);
    return sim;
}

static void a_backlog_on_a_full_disk_is_not_tried_without_end(void **state)
{
    (void)state;
    ph_command_id rebuild;
    struct sim *sim = a_backlog(304, &rebuild);
    uint32_t before = sim_commit_count(sim, 1);

    sim_run(sim, 60000);

    assert_in_range(sim_commit_count(sim, 1) - before, 0, 60000 / PH_FULL_DISK_MS + 2);
    const char *error = sim_error(sim_answer(sim, rebuild));
    assert_non_null(error);
    CHECK(strstr(error, "disk is full") != NULL);
    sim_set_disk_full(sim, 1, false);
    CHECK(sim_converge(sim, 120000));
    CHECK(sim_are_equal(sim, 0, 1));
    sim_free(sim);
}

static void a_node_with_a_backlog_on_a_full_disk_stops_when_told(void **state)
{
    (void)state;
    ph_command_id rebuild;
    struct sim *sim = a_backlog(305, &rebuild);
    sim_run(sim, 1000);

    sim_stop(sim, 1); /* ends the program unless it stops in time */

    sim_set_disk_full(sim, 1, false);
    sim_start(sim, 1);
    CHECK(sim_converge(sim, 120000));
    CHECK(sim_are_equal(sim, 0, 1));
    sim_free(sim);
}

static void joining_on_a_full_disk_is_refused_and_works_later(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(306, 2);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 1, 0);
    sim_set_disk_full(sim, 1, true);

    ph_command_id join = sim_join_begin(sim, 1, &code);
    sim_run(sim, 3000);

    const char *error = sim_error(sim_answer(sim, join));
    assert_non_null(error);
    CHECK(strstr(error, "disk is full") != NULL);
    CHECK(sim_is_up(sim, 1));
    sim_set_disk_full(sim, 1, false);
    CHECK(sim_join(sim, 1, &code, UINT32_MAX, 120000));
    CHECK(sim_converge(sim, 60000));
    sim_free(sim);
}

static void facts_that_found_no_room_are_fetched_on_the_same_connection(void **state)
{
    (void)state;
    struct sim *sim = sim_network(307, 2);
    sim_set_disk_full(sim, 1, true);
    sim_write_begin(sim, 1, "plan", "title", "Refused");
    sim_run(sim, 5000); /* and connected again */
    sim_set_disk_full(sim, 1, false);
    CHECK(sim_net_links(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1)) == 1);
    sim_trace_forget(sim);
    sim_invite(sim, 0, 1, UINT32_MAX);
    sim_run(sim, 2000);
    CHECK(!sim_are_equal(sim, 0, 1));

    sim_run(sim, PH_FULL_DISK_MS - 5000);

    CHECK(sim_are_equal(sim, 0, 1));
    CHECK(!sim_trace_has(sim, 1, "> up"));
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(a_backlog_on_a_full_disk_is_not_tried_without_end),
           cmocka_unit_test(a_node_with_a_backlog_on_a_full_disk_stops_when_told),
           cmocka_unit_test(joining_on_a_full_disk_is_refused_and_works_later),
           cmocka_unit_test(facts_that_found_no_room_are_fetched_on_the_same_connection),
           cmocka_unit_test(a_command_is_refused_and_works_later),
           cmocka_unit_test(what_others_send_meanwhile_is_fetched_later),
           cmocka_unit_test(every_command_in_flight_is_answered))
