/* Schools change the same record while they can't reach each other. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

/* Two schools with one action that both hold, cut off from each other. */
static struct sim *two_apart(uint64_t seed, struct sim_id *action)
{
    struct sim *sim = sim_network(seed, 2);
    *action = sim_write(sim, 0, "action", "title", "Read aloud");
    CHECK(sim_converge(sim, 10000));
    sim_partition(sim, 0, 1);
    return sim;
}

static void reunite(struct sim *sim)
{
    sim_heal(sim);
    CHECK(sim_converge(sim, 120000));
    CHECK(sim_are_equal(sim, 0, 1));
}

static bool has(const struct sim_text *values, const char *value)
{
    return strstr(values->text, value) != NULL;
}

static void both_values_of_a_register_are_shown_with_names(void **state)
{
    (void)state;
    struct sim_id action;
    struct sim *sim = two_apart(11, &action);
    CHECK(sim_change(sim, 0, "set", &action, "title", "Read in pairs"));
    CHECK(sim_change(sim, 1, "set", &action, "title", "Read at home"));

    reunite(sim);

    for (uint32_t node = 0; node < 2; node++) {
        struct sim_text shown = sim_show(sim, node, &action, "title");
        CHECK(has(&shown, "Read in pairs (School 0)"));
        CHECK(has(&shown, "Read at home (School 1)"));
        CHECK(!has(&shown, "Read aloud"));
    }
    sim_free(sim);
}

static void a_person_settles_a_disagreement(void **state)
{
    (void)state;
    struct sim_id action;
    struct sim *sim = two_apart(12, &action);
    CHECK(sim_change(sim, 0, "set", &action, "title", "Read in pairs"));
    CHECK(sim_change(sim, 1, "set", &action, "title", "Read at home"));
    reunite(sim);

    CHECK(sim_change(sim, 1, "set", &action, "title", "Read in pairs, and at home"));

    CHECK(sim_converge(sim, 10000));
    assert_string_equal(sim_show(sim, 0, &action, "title").text,
                        "Read in pairs, and at home (School 1)");
    sim_free(sim);
}

static void changes_of_different_fields_don_t_disagree(void **state)
{
    (void)state;
    struct sim_id action;
    struct sim *sim = two_apart(13, &action);
    CHECK(sim_change(sim, 0, "set", &action, "lead", "Amal"));
    CHECK(sim_change(sim, 1, "set", &action, "status", "doing"));

    reunite(sim);

    assert_string_equal(sim_show(sim, 1, &action, "lead").text, "Amal (School 0)");
    assert_string_equal(sim_show(sim, 0, &action, "status").text, "doing (School 1)");
    sim_free(sim);
}

static void an_add_wins_over_a_remove_that_did_not_see_it(void **state)
{
    (void)state;
    struct sim_id action;
    struct sim *sim = sim_network(14, 2);
    action = sim_write(sim, 0, "action", "helpers", "Sami");
    CHECK(sim_converge(sim, 10000));
    sim_partition(sim, 0, 1);
    CHECK(sim_change(sim, 0, "remove", &action, "helpers", "Sami"));
    CHECK(sim_change(sim, 1, "add", &action, "helpers", "Sami"));

    reunite(sim);

    assert_string_equal(sim_show(sim, 0, &action, "helpers").text, "Sami (School 1)");
    assert_string_equal(sim_show(sim, 1, &action, "helpers").text, "Sami (School 1)");
    sim_free(sim);
}

static void a_remove_takes_away_what_it_saw(void **state)
{
    (void)state;
    struct sim_id action;
    struct sim *sim = sim_network(15, 2);
    action = sim_write(sim, 0, "action", "helpers", "Sami");
    CHECK(sim_change(sim, 0, "add", &action, "helpers", "Noor"));
    CHECK(sim_converge(sim, 10000));
    sim_partition(sim, 0, 1);
    CHECK(sim_change(sim, 1, "remove", &action, "helpers", "Sami"));

    reunite(sim);

    assert_string_equal(sim_show(sim, 0, &action, "helpers").text, "Noor (School 0)");
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(both_values_of_a_register_are_shown_with_names),
           cmocka_unit_test(a_person_settles_a_disagreement),
           cmocka_unit_test(changes_of_different_fields_don_t_disagree),
           cmocka_unit_test(an_add_wins_over_a_remove_that_did_not_see_it),
           cmocka_unit_test(a_remove_takes_away_what_it_saw))
