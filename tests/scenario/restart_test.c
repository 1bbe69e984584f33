/* Power cuts at every moment: what was acknowledged stays, what is kept reaches the others. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

/* Each story is told with a power cut at its first commit, at its second and so on, until one is
 * never reached. So many there are at least: */
#define COMMITS_OF_WRITES 5
#define COMMITS_OF_FOUNDER 2
#define COMMITS_OF_JOINER 4

static void crash_and_restart(struct sim *sim, uint32_t node, enum sim_fate fate)
{
    sim_crash(sim, node, fate);
    sim_run(sim, 1000);
    sim_start(sim, node);
}

/* Virtual ms after the acknowledgement. */
static void an_acknowledged_record_is_there_after_a_crash(void **state)
{
    (void)state;
    for (uint64_t after_ms = 0; after_ms < 40; after_ms += 3) {
        struct sim *sim = sim_network(70 + after_ms, 2);
        struct sim_id plan = sim_write(sim, 1, "plan", "title", "Reading together");

        sim_run(sim, after_ms);
        crash_and_restart(sim, 1, SIM_FATE_LOST);

        assert_string_equal(sim_show(sim, 1, &plan, "title").text, "Reading together (School 1)");
        CHECK(sim_converge(sim, 120000));
        assert_string_equal(sim_show(sim, 0, &plan, "title").text, "Reading together (School 1)");
        CHECK(sim_are_equal(sim, 0, 1));
        sim_free(sim);
    }
}

/* Ten writes begun at once; the node dies at its `moment`-th commit from then on. What it had
 * acknowledged is at both schools in the end. False: it never came to that commit. */
static bool die_at_commit(uint32_t moment, enum sim_fate fate)
{
    ph_command_id commands[10];
    struct sim *sim = sim_network(100 + moment, 2);
    sim_crash_at_commit(sim, 1, moment, fate);
    for (size_t i = 0; i < 10; i++) {
        commands[i] = sim_write_begin(sim, 1, "plan", "title", "Reading together");
        sim_run(sim, 5);
    }
    sim_run(sim, 500);
    sim_crash_at_commit(sim, 1, 0, fate);

    bool has_died = !sim_is_up(sim, 1);
    if (has_died)
        sim_start(sim, 1);
    CHECK(sim_converge(sim, 120000));

    for (size_t i = 0; i < 10; i++) {
        struct sim_id id = sim_written(sim, commands[i]);
        if (id.text[0] == '\0')
            continue;
        assert_string_equal(sim_show(sim, 1, &id, "title").text, "Reading together (School 1)");
        assert_string_equal(sim_show(sim, 0, &id, "title").text, "Reading together (School 1)");
    }
    CHECK(sim_are_equal(sim, 0, 1));
    sim_free(sim);
    return has_died;
}

static void die_at_each_commit(enum sim_fate fate)
{
    uint32_t moment = 1;
    while (die_at_commit(moment, fate))
        moment++;
    CHECK(moment > COMMITS_OF_WRITES);
}

static void acknowledged_writes_survive_a_crash_that_loses_the_commit_under_way(void **state)
{
    (void)state;
    die_at_each_commit(SIM_FATE_LOST);
}

static void acknowledged_writes_survive_a_crash_that_keeps_the_commit_under_way(void **state)
{
    (void)state;
    die_at_each_commit(SIM_FATE_KEPT);
}

static void acknowledged_writes_survive_a_crash_between_journal_and_database(void **state)
{
    (void)state;
    die_at_each_commit(SIM_FATE_JOURNALED);
}

/* The one commit under way is in the journal alone: the next start brings it to everybody. */
static void what_was_journaled_when_the_power_went_reaches_the_others(void **state)
{
    (void)state;
    struct sim *sim = sim_network(125, 2);
    sim_set_commit_ms(sim, 1, (struct sim_span){1000, 1000});
    ph_command_id command = sim_write_begin(sim, 1, "plan", "title", "Journaled");
    sim_run(sim, 900);

    crash_and_restart(sim, 1, SIM_FATE_JOURNALED);
    sim_set_commit_ms(sim, 1, (struct sim_span){1, 20});
    sim_write(sim, 1, "plan", "title", "Kept");

    CHECK(sim_converge(sim, 120000));
    CHECK(sim_written(sim, command).text[0] == '\0');
    assert_int_equal(sim_count(sim, 0, "plan"), 2);
    CHECK(sim_are_equal(sim, 0, 1));
    CHECK(sim_verify(sim, 1));
    sim_free(sim);
}

/* Nothing is announced before it is durable: a commit that is lost was seen by nobody, and the log
 * goes on from the entry before without contradicting itself. */
static void an_entry_that_was_lost_was_never_seen(void **state)
{
    (void)state;
    struct sim *sim = sim_network(120, 2);
    struct ph_root before = sim_root(sim, 0);
    sim_set_commit_ms(sim, 1, (struct sim_span){1000, 1000});
    ph_command_id command = sim_write_begin(sim, 1, "plan", "title", "Lost");
    sim_run(sim, 900);
    struct ph_root during = sim_root(sim, 0);
    CHECK(ph_root_equal(&before, &during));

    crash_and_restart(sim, 1, SIM_FATE_LOST);
    sim_set_commit_ms(sim, 1, (struct sim_span){1, 20});
    struct sim_id kept = sim_write(sim, 1, "plan", "title", "Kept");

    CHECK(sim_converge(sim, 120000));
    CHECK(sim_written(sim, command).text[0] == '\0');
    assert_int_equal(sim_count(sim, 0, "plan"), 1);
    assert_string_equal(sim_show(sim, 0, &kept, "title").text, "Kept (School 1)");
    CHECK(!sim_trace_has(sim, 0, "is forked behind"));
    sim_free(sim);
}

/* One of the two dies at its `moment`-th commit of joining. False: it never came to that. */
static bool die_while_joining(uint32_t node, uint32_t moment)
{
    struct sim *sim = sim_start_all(130 + 2 * moment - node, 2);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 1, 0);
    sim_crash_at_commit(sim, node, moment, SIM_FATE_DRAWN);
    sim_join_begin(sim, 1, &code);
    sim_run(sim, 3000);
    sim_crash_at_commit(sim, node, 0, SIM_FATE_DRAWN);

    bool has_died = !sim_is_up(sim, node);
    if (has_died)
        sim_start(sim, node);
    sim_join_begin(sim, 1, &code); /* refused if it is on its way already */

    sim_run(sim, 90000);
    CHECK(sim_converge(sim, 60000));
    CHECK(sim_are_equal(sim, 0, 1));
    sim_free(sim);
    return has_died;
}

static void joining_survives_a_crash_at_any_commit(void **state)
{
    (void)state;
    uint32_t at_founder = 1, at_joiner = 1;
    while (die_while_joining(0, at_founder))
        at_founder++;
    while (die_while_joining(1, at_joiner))
        at_joiner++;
    CHECK(at_founder > COMMITS_OF_FOUNDER);
    CHECK(at_joiner > COMMITS_OF_JOINER);
}

static void a_node_that_stops_in_order_loses_nothing(void **state)
{
    (void)state;
    struct sim *sim = sim_network(150, 2);
    sim_write_begin(sim, 1, "plan", "title", "Reading together");

    sim_stop(sim, 1);
    sim_start(sim, 1);

    CHECK(sim_converge(sim, 120000));
    assert_int_equal(sim_count(sim, 0, "plan"), 1);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(an_acknowledged_record_is_there_after_a_crash),
           cmocka_unit_test(acknowledged_writes_survive_a_crash_that_loses_the_commit_under_way),
           cmocka_unit_test(acknowledged_writes_survive_a_crash_that_keeps_the_commit_under_way),
           cmocka_unit_test(acknowledged_writes_survive_a_crash_between_journal_and_database),
           cmocka_unit_test(what_was_journaled_when_the_power_went_reaches_the_others),
           cmocka_unit_test(an_entry_that_was_lost_was_never_seen),
           cmocka_unit_test(joining_survives_a_crash_at_any_commit),
           cmocka_unit_test(a_node_that_stops_in_order_loses_nothing))
