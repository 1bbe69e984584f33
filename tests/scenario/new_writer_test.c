/* An installation whose secrets are missing or don't fit any more writes as a new writer of its
 * school: nothing is lost, nothing stops, and it is told so once. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

static uint32_t count_lines(const char *text)
{
    uint32_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void restart_without_secrets(struct sim *sim, uint32_t node)
{
    sim_stop(sim, node);
    sim_lose_writer(sim, node);
    sim_start(sim, node);
}

static void a_home_without_secrets_writes_on_as_a_new_writer(void **state)
{
    (void)state;
    struct sim *sim = sim_network(1, 3);
    struct sim_id before = sim_write(sim, 1, "plan", "title", "Before");

    restart_without_secrets(sim, 1);
    struct sim_id after = sim_write(sim, 1, "plan", "title", "After");
    bool is_changed = sim_change(sim, 1, "set", &before, "title", "Before, mended");

    CHECK(is_changed);
    CHECK(sim_converge(sim, 120000));
    for (uint32_t node = 0; node < 3; node++) {
        assert_string_equal(sim_show(sim, node, &before, "title").text,
                            "Before, mended (School 1)");
        assert_string_equal(sim_show(sim, node, &after, "title").text, "After (School 1)");
        CHECK(sim_are_equal(sim, 0, node));
        CHECK(sim_verify(sim, node));
    }
    sim_free(sim);
}

static void it_is_told_once(void **state)
{
    (void)state;
    struct sim *sim = sim_network(2, 2);
    CHECK(count_lines(sim_notices(sim, 1).text) == 0);

    restart_without_secrets(sim, 1);
    sim_write(sim, 1, "plan", "title", "After");
    sim_stop(sim, 1);
    sim_start(sim, 1);

    struct sim_text notices = sim_notices(sim, 1);
    CHECK(count_lines(notices.text) == 1);
    CHECK(strstr(notices.text, "restored from a backup") != NULL);
    CHECK(strstr(notices.text, "number 2") != NULL);
    CHECK(count_lines(sim_notices(sim, 0).text) == 0);
    sim_free(sim);
}

/* Each time one more, until all serial numbers are used; then it reads and says why it can't
 * write. */
static void a_school_without_serial_numbers_left_reads_on(void **state)
{
    (void)state;
    struct sim *sim = sim_network(3, 2);
    struct sim_id plan = {""};
    for (uint32_t serial = 1; serial < PH_WRITERS_MAX; serial++) {
        restart_without_secrets(sim, 1);
        plan = sim_write(sim, 1, "plan", "title", "On and on");
    }

    sim_set_job_ms(sim, 1, (struct sim_span){2000, 2000});
    restart_without_secrets(sim, 1);
    ph_command_id early = sim_change_begin(sim, 1, "set", &plan, "title", "Too early to tell");
    sim_run(sim, 5000);

    CHECK(sim_error(sim_answer(sim, early)) != NULL);
    CHECK(!sim_change(sim, 1, "set", &plan, "title", "Once too often"));
    CHECK(sim_trace_has(sim, 1, "as many installations as it may have"));
    struct sim_id other = sim_write(sim, 0, "plan", "title", "Of another school");
    CHECK(sim_converge(sim, 120000));
    assert_string_equal(sim_show(sim, 1, &other, "title").text, "Of another school (School 0)");
    assert_string_equal(sim_show(sim, 0, &plan, "title").text, "On and on (School 1)");
    CHECK(sim_are_equal(sim, 0, 1));
    sim_free(sim);
}

/* False: it never came to its `moment`-th commit. */
static bool die_as_new_writer(uint32_t moment)
{
    struct sim *sim = sim_network(10 + moment, 2);
    sim_stop(sim, 1);
    sim_lose_writer(sim, 1);
    sim_crash_at_commit(sim, 1, moment, SIM_FATE_LOST);
    sim_start(sim, 1);
    sim_run(sim, 5000);
    sim_crash_at_commit(sim, 1, 0, SIM_FATE_LOST);
    bool has_died = !sim_is_up(sim, 1);
    if (has_died)
        sim_start(sim, 1);

    struct sim_id plan = sim_write(sim, 1, "plan", "title", "After");

    CHECK(sim_converge(sim, 120000));
    assert_string_equal(sim_show(sim, 0, &plan, "title").text, "After (School 1)");
    CHECK(sim_are_equal(sim, 0, 1));
    CHECK(count_lines(sim_notices(sim, 1).text) == 1);
    sim_free(sim);
    return has_died;
}

/* The moment between the new secrets and their certificate, and the one behind it. */
static void a_crash_while_it_becomes_a_new_writer_is_made_good(void **state)
{
    (void)state;
    uint32_t moment = 1;
    while (die_as_new_writer(moment))
        moment++;
    CHECK(moment > 2);
}

/* A new writer has written nothing yet when somebody comes to join: that must be no obstacle. */
static void who_has_just_become_a_new_writer_admits_others(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(20, 2);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 1, 0);
    restart_without_secrets(sim, 0);
    sim_run(sim, 5000);

    CHECK(sim_join(sim, 1, &code, UINT32_MAX, 30000));

    CHECK(sim_converge(sim, 60000));
    CHECK(sim_are_equal(sim, 0, 1));
    sim_free(sim);
}

/* A home that was backed up before it joined, and a person who is faster than the new secrets. */
static void who_waits_for_new_secrets_to_join_is_answered(void **state)
{
    (void)state;
    struct sim_options options = sim_options(21, 2);
    struct sim *sim = sim_new(&options);
    sim_start(sim, 0);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 1, 0);
    sim_lose_writer(sim, 1);
    sim_set_job_ms(sim, 1, (struct sim_span){2000, 2000});
    sim_start(sim, 1);

    CHECK(sim_join(sim, 1, &code, UINT32_MAX, 30000));

    CHECK(sim_converge(sim, 60000));
    sim_free(sim);
}

/* Regression: it certified the new writer again at once, without end, and what it had to tell was
 * forgotten with the first commit that failed. */
static void a_new_writer_on_a_full_disk_waits_for_room(void **state)
{
    (void)state;
    struct sim *sim = sim_network(22, 2);
    sim_stop(sim, 1);
    sim_lose_writer(sim, 1);
    sim_set_disk_full(sim, 1, true);
    sim_start(sim, 1);
    uint32_t before = sim_commit_count(sim, 1);
    ph_command_id refused = sim_write_begin(sim, 1, "plan", "title", "Refused");

    sim_run(sim, 60000);

    assert_in_range(sim_commit_count(sim, 1) - before, 1, 60000 / PH_FULL_DISK_MS + 2);
    const char *error = sim_error(sim_answer(sim, refused));
    assert_non_null(error);
    CHECK(strstr(error, "disk is full") != NULL);
    sim_set_disk_full(sim, 1, false);
    sim_run(sim, 2 * PH_FULL_DISK_MS);
    struct sim_id plan = sim_write(sim, 1, "plan", "title", "After");
    CHECK(sim_converge(sim, 120000));
    assert_string_equal(sim_show(sim, 0, &plan, "title").text, "After (School 1)");
    CHECK(count_lines(sim_notices(sim, 1).text) == 1);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(a_new_writer_on_a_full_disk_waits_for_room),
           cmocka_unit_test(a_home_without_secrets_writes_on_as_a_new_writer),
           cmocka_unit_test(it_is_told_once),
           cmocka_unit_test(a_school_without_serial_numbers_left_reads_on),
           cmocka_unit_test(a_crash_while_it_becomes_a_new_writer_is_made_good),
           cmocka_unit_test(who_waits_for_new_secrets_to_join_is_answered),
           cmocka_unit_test(who_has_just_become_a_new_writer_admits_others))
