/* A hundred schools that call five others each, 50 ms from each other: what one writes reaches all
 * of them soon, and each of them once. */
#include "tests/sim/sim_wide.h"
#include "tests/support/check.h"

#define NODES 100
#define FAN_OUT 5
#define SOON_MS 2000
#define ROUND_MS 3000
#define GONE 10 /* the last of them */

static struct sim_wide *a_hundred(uint64_t seed)
{
    struct sim_wide_options options = {
        .seed = seed, .node_count = NODES, .dial_count = FAN_OUT, .latency_ms = {50, 50}};
    return sim_wide_new(&options);
}

/* Other writers in each round. */
static void write_rounds(struct sim_wide *wide, uint32_t rounds, uint32_t at_once)
{
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < at_once; i++)
            sim_wide_write(wide, (round * at_once + i) * 7 % (NODES - GONE));
        sim_run(sim_wide_sim(wide), ROUND_MS);
    }
}

static void check_soon(const struct sim_wide_figures *figures, uint32_t missing, uint64_t soon_ms)
{
    assert_int_equal(figures->missing_count, missing);
    assert_in_range(figures->max_ms, 1, soon_ms);
}

/* The first entries cost more: the tree is what is left of a few ways more. */
static void an_entry_reaches_everyone_soon_and_once(void **state)
{
    (void)state;
    struct sim_wide *wide = a_hundred(801);

    write_rounds(wide, 15, 1);
    struct sim_wide_figures first = sim_wide_figures(wide);
    write_rounds(wide, 3, 10);
    struct sim_wide_figures at_once = sim_wide_figures(wide);

    check_soon(&first, 0, SOON_MS);
    check_soon(&at_once, 0, SOON_MS);
    CHECK(first.copies >= 1 && first.copies <= 1.15);
    CHECK(at_once.copies >= 1 && at_once.copies <= 1.02);
    sim_wide_free(wide);
}

/* What they passed on comes another way, and soon along the tree again. */
static void the_tree_heals_when_schools_go(void **state)
{
    (void)state;
    struct sim_wide *wide = a_hundred(802);
    write_rounds(wide, 2, 1);
    sim_wide_figures(wide);

    for (uint32_t node = NODES - GONE; node < NODES; node++)
        sim_crash(sim_wide_sim(wide), node, SIM_FATE_LOST);
    write_rounds(wide, 1, 10);
    struct sim_wide_figures broken = sim_wide_figures(wide);
    write_rounds(wide, 10, 1);
    struct sim_wide_figures healed = sim_wide_figures(wide);

    /* Two that are gone may stand behind each other: a graft, and another one. */
    check_soon(&broken, 10 * GONE, SOON_MS + PH_GRAFT_MS);
    check_soon(&healed, 10 * GONE, SOON_MS);
    CHECK(healed.copies <= 1.15);
    sim_wide_free(wide);
}

static void who_was_away_draws_from_several_and_nothing_twice(void **state)
{
    (void)state;
    struct sim_wide *wide = a_hundred(803);
    sim_stop(sim_wide_sim(wide), NODES - 1);
    write_rounds(wide, 10, 20);
    struct sim_wide_figures before = sim_wide_figures(wide);
    assert_int_equal(before.missing_count, before.entry_count);

    sim_start(sim_wide_sim(wide), NODES - 1);
    CHECK(sim_converge(sim_wide_sim(wide), 60000));

    struct sim_wide_figures drawn = sim_wide_figures(wide);
    assert_int_equal(drawn.copy_count, before.entry_count);
    assert_in_range(drawn.sender_count, 2, FAN_OUT);
    sim_wide_free(wide);
}

CHECK_MAIN(cmocka_unit_test(an_entry_reaches_everyone_soon_and_once),
           cmocka_unit_test(the_tree_heals_when_schools_go),
           cmocka_unit_test(who_was_away_draws_from_several_and_nothing_twice))
