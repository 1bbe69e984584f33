/* A network begins: one school founds it, others join and come to hold the same. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define NO_HOST UINT32_MAX
#define SAME_SEED 7

static void a_second_school_joins_and_holds_the_same(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(1, 2);
    sim_found(sim, 0, "Lighthouse");
    struct sim_id plan = sim_write(sim, 0, "plan", "title", "Reading together");
    struct sim_code code = sim_invite(sim, 0, 1, 0);

    CHECK(sim_join(sim, 1, &code, NO_HOST, 60000));

    CHECK(sim_converge(sim, 10000));
    CHECK(sim_are_equal(sim, 0, 1));
    CHECK(sim_records(sim, 1).len != 0);
    assert_string_equal(sim_show(sim, 1, &plan, "title").text, "Reading together (School 0)");
    sim_free(sim);
}

static void a_third_school_gets_what_both_wrote(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(2, 3);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 2, 0);
    CHECK(sim_join(sim, 1, &code, NO_HOST, 60000));
    struct sim_id founders = sim_write(sim, 0, "plan", "title", "Reading together");
    struct sim_id seconds = sim_write(sim, 1, "plan", "title", "Mathematics for all");
    CHECK(sim_converge(sim, 10000));

    CHECK(sim_join(sim, 2, &code, NO_HOST, 60000));

    CHECK(sim_converge(sim, 10000));
    CHECK(sim_are_equal(sim, 0, 2));
    CHECK(sim_are_equal(sim, 1, 2));
    assert_string_equal(sim_show(sim, 2, &founders, "title").text, "Reading together (School 0)");
    assert_string_equal(sim_show(sim, 2, &seconds, "title").text, "Mathematics for all (School 1)");
    sim_free(sim);
}

static void an_invitation_that_is_used_up_admits_nobody(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(3, 3);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 1, 0);
    CHECK(sim_join(sim, 1, &code, NO_HOST, 60000));
    CHECK(sim_converge(sim, 10000));
    struct ph_root before = sim_root(sim, 0);

    bool is_member = sim_join(sim, 2, &code, NO_HOST, 20000);

    struct ph_root after = sim_root(sim, 0);
    CHECK(!is_member);
    CHECK(ph_root_equal(&before, &after));
    CHECK(sim_trace_has(sim, 0, "is not a member that we know"));
    sim_free(sim);
}

static void joining_waits_until_somebody_is_there(void **state)
{
    (void)state;
    struct sim *sim = sim_start_all(4, 2);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 1, 0);
    sim_partition(sim, 0, 1);
    CHECK(!sim_join(sim, 1, &code, NO_HOST, 5000));

    sim_heal(sim);

    CHECK(sim_converge(sim, 120000));
    CHECK(sim_are_equal(sim, 0, 1));
    sim_free(sim);
}

static uint64_t all_bytes(struct sim *sim, uint32_t a, uint32_t b)
{
    return sim_net_bytes(sim_net(sim), sim_place(sim, a), sim_place(sim, b)) +
           sim_net_bytes(sim_net(sim), sim_place(sim, b), sim_place(sim, a));
}

/* From connect to close. */
static void equal_nodes_exchange_nothing_but_roots(void **state)
{
    (void)state;
    struct sim *sim = sim_network(5, 2);
    for (int i = 0; i < 100; i++)
        sim_write(sim, (uint32_t)i % 2, "plan", "title", "One of many");
    CHECK(sim_converge(sim, 10000));
    sim_stop(sim, 1);
    uint64_t before = all_bytes(sim, 0, 1);

    sim_start(sim, 1);
    CHECK(sim_sync(sim, 1, 0, 10000));
    sim_run(sim, 1000);
    sim_stop(sim, 1);

    assert_in_range(all_bytes(sim, 0, 1) - before, 1, 1499);
    sim_free(sim);
}

static uint64_t hash_of_a_story(uint64_t seed)
{
    struct sim *sim = sim_network(seed, 3);
    sim_write(sim, 1, "plan", "title", "Reading together");
    sim_crash(sim, 0, SIM_FATE_DRAWN);
    sim_run(sim, 2000);
    sim_start(sim, 0);
    CHECK(sim_converge(sim, 120000));
    uint64_t hash = sim_trace_hash(sim);
    sim_free(sim);
    return hash;
}

static void the_same_seed_gives_the_same_trace(void **state)
{
    (void)state;

    uint64_t first = hash_of_a_story(SAME_SEED), again = hash_of_a_story(SAME_SEED);
    uint64_t other = hash_of_a_story(SAME_SEED + 1);

    CHECK(first == again);
    CHECK(first != other);
}

CHECK_MAIN(cmocka_unit_test(a_second_school_joins_and_holds_the_same),
           cmocka_unit_test(a_third_school_gets_what_both_wrote),
           cmocka_unit_test(an_invitation_that_is_used_up_admits_nobody),
           cmocka_unit_test(joining_waits_until_somebody_is_there),
           cmocka_unit_test(equal_nodes_exchange_nothing_but_roots),
           cmocka_unit_test(the_same_seed_gives_the_same_trace))
