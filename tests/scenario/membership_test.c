/* Schools that are removed, restored, or leave: what the others show of what they write, and whom
 * they talk to. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define GONE 4 /* the school that it is about; the others have numbers below */
#define OTHERS 4

/* Five schools that all vote. */
static struct sim *five_voters(uint64_t seed)
{
    struct sim *sim = sim_network(seed, GONE + 1);
    for (uint32_t whom = 1; whom <= GONE; whom++)
        for (uint32_t voter = 0; voter < whom; voter++) {
            (void)sim_confirm(sim, voter, whom);
            CHECK(sim_converge(sim, 60000));
        }
    return sim;
}

static void cut_off(struct sim *sim, uint32_t node)
{
    for (uint32_t other = 0; other <= GONE; other++)
        if (other != node)
            sim_partition(sim, node, other);
}

/* The first three of the others vote, which is enough. */
static void decide(struct sim *sim, const char *command, uint32_t first)
{
    for (uint32_t voter = first; voter < first + 3; voter++) {
        bool is_decided = sim_decide(sim, voter, command, GONE);
        CHECK(is_decided == (voter == first + 2));
        sim_run(sim, 3000);
    }
}

/* The others hold the same, and show so many plans. */
static void check_others(struct sim *sim, uint32_t plan_count)
{
    sim_run(sim, 90000);
    for (uint32_t node = 0; node < OTHERS; node++) {
        assert_int_equal(sim_count(sim, node, "plan"), plan_count);
        CHECK(sim_are_equal(sim, 0, node));
        CHECK(sim_verify(sim, node));
    }
}

static uint32_t count_dials(struct sim *sim, uint32_t node)
{
    char text[32];
    uint32_t count = 0;
    snprintf(text, sizeof text, "] %u < dial ", node);
    for (const char *at = sim_trace(sim); (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

static void what_a_removed_school_writes_past_the_cut_is_shown_nowhere(void **state)
{
    (void)state;
    struct sim *sim = five_voters(1301);
    struct sim_id early = sim_write(sim, GONE, "plan", "title", "early");
    CHECK(sim_converge(sim, 60000));
    CHECK(sim_change(sim, 0, "set", &early, "title", "edited by all"));
    CHECK(sim_converge(sim, 60000));
    cut_off(sim, GONE);
    struct sim_id late = sim_write(sim, GONE, "plan", "title", "late");
    CHECK(sim_change(sim, GONE, "set", &early, "title", "late"));

    decide(sim, "member_remove", 0);
    sim_heal(sim);
    check_others(sim, 1);

    assert_string_equal(sim_show(sim, 1, &early, "title").text, "edited by all (School 0)");
    assert_string_equal(sim_show(sim, 1, &late, "title").text, "?");
    assert_int_equal(sim_log_count(sim, 1, "School 4"), 2); /* its name, and what was early */
    CHECK(sim_trace_has(sim, 0, "is removed"));
    /* It has been told, and shows the same. */
    assert_string_equal(sim_show(sim, GONE, &early, "title").text, "edited by all (School 0)");
    struct sim_id more = sim_written(sim, sim_write_begin(sim, GONE, "plan", "title", "more"));
    CHECK(more.text[0] == '\0');

    uint32_t dials = count_dials(sim, GONE);
    sim_run(sim, 600000);
    assert_in_range(count_dials(sim, GONE) - dials, 5, 25); /* one in half a minute or so */
    sim_free(sim);
}

static bool has_same_root(struct sim *sim, uint32_t node, uint32_t other)
{
    struct ph_root one = sim_root(sim, node), two = sim_root(sim, other);
    return ph_root_equal(&one, &two);
}

/* Regression: a node's root spoke of a removal a commit before its records did. */
static void root_and_records_are_of_one_moment(void **state)
{
    (void)state;
    struct sim *sim = five_voters(1312);
    uint32_t same_count = 0;
    cut_off(sim, GONE);
    struct sim_id late = sim_write(sim, GONE, "plan", "title", "late");
    CHECK(!sim_decide(sim, 0, "member_remove", GONE));
    sim_run(sim, 3000);
    CHECK(!sim_decide(sim, 1, "member_remove", GONE));
    sim_heal(sim);
    CHECK(sim_converge(sim, 60000));
    assert_string_equal(sim_show(sim, 0, &late, "title").text, "late (School 4)");

    (void)sim_decide_begin(sim, 2, "member_remove", GONE);
    for (uint32_t ms = 0; ms < 10000 && same_count < 1000; ms++) {
        sim_run(sim, 1);
        for (uint32_t node = 0; node < OTHERS; node++) {
            if (node == 2 || !has_same_root(sim, node, 2))
                continue;
            same_count++;
            CHECK(ph_bytes_equal(sim_records(sim, node), sim_records(sim, 2)));
        }
    }

    assert_string_equal(sim_show(sim, 0, &late, "title").text, "?");
    CHECK(same_count >= 1000);
    sim_free(sim);
}

/* Entries past the cut are held and passed on like any, whoever brings them, and whenever. */
static void what_came_before_the_removal_is_held_and_not_shown(void **state)
{
    (void)state;
    struct sim *sim = five_voters(1302);
    for (uint32_t node = 0; node < OTHERS - 1; node++)
        sim_partition(sim, node, OTHERS - 1); /* the last of the others, and the removed one */
    for (uint32_t node = 0; node < OTHERS - 1; node++)
        sim_partition(sim, node, GONE);
    struct sim_id late = sim_write(sim, GONE, "plan", "title", "late");
    CHECK(sim_sync(sim, OTHERS - 1, GONE, 30000));
    assert_string_equal(sim_show(sim, OTHERS - 1, &late, "title").text, "late (School 4)");

    assert_int_equal(sim_log_count(sim, OTHERS - 1, "School 4"), 2);
    decide(sim, "member_remove", 0);
    sim_heal(sim);
    check_others(sim, 0);
    assert_int_equal(sim_log_count(sim, OTHERS - 1, "School 4"), 1);

    sim_stop(sim, 1);
    sim_start(sim, 1);
    check_others(sim, 0);
    sim_free(sim);
}

static void a_restored_school_writes_on_and_what_was_accepted_comes_back(void **state)
{
    (void)state;
    struct sim *sim = five_voters(1303);
    struct sim_id early = sim_write(sim, GONE, "plan", "title", "early");
    CHECK(sim_converge(sim, 60000));
    cut_off(sim, GONE);
    decide(sim, "member_remove", 0);
    sim_heal(sim);
    check_others(sim, 1);
    CHECK(!sim_decide(sim, 0, "confirm", GONE));

    decide(sim, "member_restore", 1);
    CHECK(sim_converge(sim, 180000));
    struct sim_id anew = sim_write(sim, GONE, "plan", "title", "anew");
    CHECK(sim_change(sim, GONE, "set", &early, "title", "late"));
    CHECK(sim_converge(sim, 60000));
    check_others(sim, 2);
    CHECK(sim_are_equal(sim, 0, GONE));
    assert_string_equal(sim_show(sim, 2, &anew, "title").text, "anew (School 4)");
    assert_string_equal(sim_show(sim, 2, &early, "title").text, "late (School 4)");
    CHECK(strstr(sim_notices(sim, GONE).text, "was ended") != NULL);
    sim_free(sim);
}

static void a_school_that_leaves_keeps_what_it_said(void **state)
{
    (void)state;
    struct sim *sim = five_voters(1304);
    struct sim_id early = sim_write(sim, GONE, "plan", "title", "early");
    CHECK(sim_leave(sim, GONE));
    sim_run(sim, 5000);
    struct sim_id more = sim_written(sim, sim_write_begin(sim, GONE, "plan", "title", "more"));
    CHECK(more.text[0] == '\0');
    check_others(sim, 1);
    assert_string_equal(sim_show(sim, 0, &early, "title").text, "early (School 4)");
    CHECK(sim_trace_has(sim, 0, "is removed"));
    sim_free(sim);
}

/* Regression: a proposal to restore who had left did not rest on the leaving, and nothing else did:
 * who had left kept its seat. */
static void a_school_that_left_has_no_seat_and_can_come_back(void **state)
{
    (void)state;
    struct sim *sim = five_voters(1311);
    CHECK(sim_leave(sim, GONE));
    sim_run(sim, 5000);
    /* Of the four that are left three are to decide about the fourth: two are enough. */
    CHECK(!sim_decide(sim, 0, "member_remove", 3));
    sim_run(sim, 5000);
    CHECK(sim_decide(sim, 1, "member_remove", 3));
    sim_run(sim, 5000);
    CHECK(!sim_decide(sim, 1, "member_restore", GONE));
    sim_run(sim, 5000);
    CHECK(sim_decide(sim, 0, "member_restore", GONE));
    sim_run(sim, 120000);
    struct sim_id anew = sim_write(sim, GONE, "plan", "title", "anew");
    sim_run(sim, 10000);
    assert_string_equal(sim_show(sim, 2, &anew, "title").text, "anew (School 4)");
    CHECK(sim_are_equal(sim, 0, GONE) && sim_are_equal(sim, 0, 2));
    sim_free(sim);
}

/* The one that invited votes and is never met; the one that is met doesn't vote. */
static void a_waiting_school_is_admitted_by_its_request(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(1310, 3);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 2, UINT32_MAX);
    CHECK(sim_join(sim, 1, &code, 0, 60000));
    sim_partition(sim, 2, 0);
    CHECK(!sim_join(sim, 2, &code, 1, 20000));
    struct sim_text request = sim_request(sim, 2);
    struct sim_text mistyped = request;
    mistyped.text[20] = mistyped.text[20] == 'A' ? 'B' : 'A';
    CHECK(!sim_admit(sim, 1, &request)); /* doesn't vote */
    CHECK(!sim_admit(sim, 0, &mistyped));
    CHECK(sim_admit(sim, 0, &request));
    CHECK(sim_admit(sim, 0, &request)); /* once more says the same */
    CHECK(sim_converge(sim, 120000));
    (void)sim_write(sim, 2, "plan", "title", "admitted");
    CHECK(sim_converge(sim, 60000));
    assert_int_equal(sim_count(sim, 0, "plan"), 1);
    sim_free(sim);
}

/* --- other installations, other keys --- */

static void another_installation_writes_for_its_school_at_once(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(1305, 3);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 1, 0);
    CHECK(sim_join(sim, 1, &code, UINT32_MAX, 60000));
    struct sim_code second = sim_invite_installation(sim, 1);
    CHECK(sim_join(sim, 2, &second, UINT32_MAX, 60000));
    sim_keep_dialing(sim, 2, "node0:7410");

    struct sim_id plan = sim_write(sim, 1, "plan", "title", "of the first");
    CHECK(sim_converge(sim, 60000));
    CHECK(sim_change(sim, 2, "set", &plan, "title", "of the second"));
    struct sim_id own = sim_write(sim, 2, "reflection", "title", "of the second");
    CHECK(sim_converge(sim, 60000));
    for (uint32_t node = 0; node < 3; node++) {
        assert_string_equal(sim_show(sim, node, &plan, "title").text, "of the second (School 1)");
        assert_string_equal(sim_show(sim, node, &own, "title").text, "of the second (School 1)");
        CHECK(sim_are_equal(sim, 0, node) && sim_verify(sim, node));
    }
    /* It has not the key of its school. */
    CHECK(!sim_leave(sim, 2));

    sim_stop(sim, 2);
    sim_start(sim, 2);
    CHECK(sim_change(sim, 2, "set", &plan, "title", "after a restart"));
    CHECK(sim_converge(sim, 60000));
    assert_string_equal(sim_show(sim, 0, &plan, "title").text, "after a restart (School 1)");
    sim_free(sim);
}

static void a_code_for_an_installation_is_good_for_one(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(1306, 3);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite_installation(sim, 0);
    CHECK(sim_join(sim, 1, &code, UINT32_MAX, 60000));
    CHECK(!sim_join(sim, 2, &code, UINT32_MAX, 20000));
    sim_free(sim);
}

static void a_closed_installation_is_shut_out_and_what_it_goes_on_writing_is_not_shown(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(1307, 3);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 1, 0);
    CHECK(sim_join(sim, 1, &code, UINT32_MAX, 60000));
    struct sim_code second = sim_invite_installation(sim, 1);
    CHECK(sim_join(sim, 2, &second, UINT32_MAX, 60000));
    struct sim_id early = sim_write(sim, 2, "plan", "title", "early");
    CHECK(sim_converge(sim, 60000));
    sim_partition(sim, 2, 0); /* stolen */
    sim_partition(sim, 2, 1);
    struct sim_id late = sim_write(sim, 2, "plan", "title", "late");

    CHECK(!sim_close_writer(sim, 1, 3));
    CHECK(sim_close_writer(sim, 1, 2));
    sim_heal(sim);
    sim_run(sim, 90000);
    for (uint32_t node = 0; node < 2; node++) {
        assert_string_equal(sim_show(sim, node, &early, "title").text, "early (School 1)");
        assert_string_equal(sim_show(sim, node, &late, "title").text, "?");
    }
    CHECK(sim_trace_has(sim, 1, "not in use"));
    struct sim_id more = sim_written(sim, sim_write_begin(sim, 2, "plan", "title", "more"));
    CHECK(more.text[0] == '\0');
    sim_free(sim);
}

static void a_school_that_closes_the_log_it_writes_goes_on_in_another(void **state)
{
    (void)state;
    struct sim *sim = sim_network(1308, 2);
    struct sim_id early = sim_write(sim, 1, "plan", "title", "early");
    CHECK(sim_close_writer(sim, 1, 1));
    sim_run(sim, 2000);
    CHECK(sim_change(sim, 1, "set", &early, "title", "late"));
    sim_run(sim, 5000);
    CHECK(sim_converge(sim, 60000));
    assert_string_equal(sim_show(sim, 0, &early, "title").text, "late (School 1)");
    CHECK(sim_are_equal(sim, 0, 1));
    sim_free(sim);
}

/* The PC is gone, with the key. A new one begins with an empty home. */
static void a_school_comes_back_with_another_key(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(1309, GONE + 2);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, GONE, 0);
    for (uint32_t i = 1; i <= GONE; i++)
        CHECK(sim_join(sim, i, &code, UINT32_MAX, 60000));
    for (uint32_t whom = 1; whom <= GONE; whom++)
        for (uint32_t voter = 0; voter < whom; voter++) {
            sim_run(sim, 5000);
            (void)sim_confirm(sim, voter, whom);
        }
    struct sim_id own = sim_write(sim, GONE, "reflection", "title", "before");
    sim_run(sim, 5000);
    cut_off(sim, GONE); /* the thief */
    CHECK(sim_change(sim, GONE, "set", &own, "title", "of the thief"));

    struct sim_code anew = sim_invite_successor(sim, 0, GONE);
    CHECK(!sim_join(sim, GONE + 1, &anew, UINT32_MAX, 20000));
    decide(sim, "member_succeed", 0);
    sim_run(sim, 90000);
    CHECK(sim_change(sim, GONE + 1, "set", &own, "title", "after"));
    sim_heal(sim);
    sim_run(sim, 90000);
    for (uint32_t node = 0; node < OTHERS; node++) {
        assert_string_equal(sim_show(sim, node, &own, "title").text, "after (School 4)");
        CHECK(sim_are_equal(sim, node, GONE + 1) && sim_verify(sim, node));
    }
    CHECK(sim_trace_has(sim, 0, "not in use"));
    CHECK(!sim_change(sim, GONE, "set", &own, "title", "again"));
    /* It votes for its school. */
    CHECK(!sim_decide(sim, GONE + 1, "member_remove", 1));
    sim_run(sim, 5000);
    CHECK(!sim_decide(sim, 2, "member_remove", 1));
    sim_run(sim, 5000);
    CHECK(sim_decide(sim, 3, "member_remove", 1));
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_removed_school_writes_past_the_cut_is_shown_nowhere),
        cmocka_unit_test(what_came_before_the_removal_is_held_and_not_shown),
        cmocka_unit_test(root_and_records_are_of_one_moment),
        cmocka_unit_test(a_restored_school_writes_on_and_what_was_accepted_comes_back),
        cmocka_unit_test(a_school_that_leaves_keeps_what_it_said),
        cmocka_unit_test(a_school_that_left_has_no_seat_and_can_come_back),
        cmocka_unit_test(a_waiting_school_is_admitted_by_its_request),
        cmocka_unit_test(another_installation_writes_for_its_school_at_once),
        cmocka_unit_test(a_code_for_an_installation_is_good_for_one),
        cmocka_unit_test(
            a_closed_installation_is_shut_out_and_what_it_goes_on_writing_is_not_shown),
        cmocka_unit_test(a_school_that_closes_the_log_it_writes_goes_on_in_another),
        cmocka_unit_test(a_school_comes_back_with_another_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
