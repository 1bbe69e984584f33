/* A hundred schools that call five others each, 50 ms from each other: what one writes reaches all
 * of them soon, and each of them once. */
#include "tests/sim/sim_wide.h"
#include "tests/support/check.h"

#define FAN_OUT 5
#define SOON_MS 2000
#define ROUND_MS 3000

/* With sanitizers fewer, which shows no less of what they look for. */
static uint32_t node_count(void)
{
    return check_every() == 1 ? 100 : 40;
}

static uint32_t gone_count(void)
{
    return node_count() / 10;
}

static struct sim_wide *a_wide_one(uint64_t seed)
{
    struct sim_wide_options options = {
        .seed = seed, .node_count = node_count(), .dial_count = FAN_OUT, .latency_ms = {50, 50}};
    return sim_wide_new(&options);
}

/* Other writers in each round. */
static void write_rounds(struct sim_wide *wide, uint32_t rounds, uint32_t at_once)
{
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < at_once; i++)
            sim_wide_write(wide, (round * at_once + i) * 7 % (node_count() - gone_count()));
        sim_run(sim_wide_sim(wide), ROUND_MS);
    }
}

static void check_soon(const struct sim_wide_figures *figures, uint64_t soon_ms)
{
    assert_int_equal(figures->missing_count, 0);
    assert_in_range(figures->max_ms, 1, soon_ms);
}

/* The first entry costs four copies: the tree is what is left of a few ways more. */
static void an_entry_reaches_everyone_soon_and_once(void **state)
{
    (void)state;
    struct sim_wide *wide = a_wide_one(801);

    write_rounds(wide, 25, 1);
    struct sim_wide_figures first = sim_wide_figures(wide);
    write_rounds(wide, 3, 10);
    struct sim_wide_figures at_once = sim_wide_figures(wide);

    check_soon(&first, SOON_MS);
    check_soon(&at_once, SOON_MS);
    CHECK(first.copies >= 1 && first.copies <= 1.15);
    CHECK(at_once.copies >= 1 && at_once.copies <= 1.02);
    sim_wide_free(wide);
}

/* Regression: where the first entries came all at once, each pruned other ways, and together they
 * cut the network into pieces that heard of the next ones by heads alone, after 2,100 ms. */
static void a_burst_does_not_cut_the_tree(void **state)
{
    (void)state;
    struct sim_wide *wide = a_wide_one(804);

    write_rounds(wide, 1, 20);
    struct sim_wide_figures burst = sim_wide_figures(wide);
    write_rounds(wide, 5, 1);
    struct sim_wide_figures next = sim_wide_figures(wide);

    check_soon(&burst, SOON_MS / 2);
    check_soon(&next, SOON_MS / 2);
    CHECK(next.copies <= 1.05);
    sim_wide_free(wide);
}

/* What they passed on comes another way, and soon along the tree again. */
static void lose_a_tenth(uint64_t seed, bool is_silent)
{
    struct sim_wide *wide = a_wide_one(seed);
    write_rounds(wide, 2, 1);
    sim_wide_figures(wide);

    sim_wide_lose(wide, gone_count(), is_silent);
    write_rounds(wide, 1, 10);
    struct sim_wide_figures broken = sim_wide_figures(wide);
    write_rounds(wide, 10, 1);
    struct sim_wide_figures healed = sim_wide_figures(wide);

    /* Whose connection breaks is replaced at once; who is silent, once a head comes first. */
    check_soon(&broken, is_silent ? SOON_MS : SOON_MS / 2);
    check_soon(&healed, SOON_MS);
    CHECK(healed.copies <= (is_silent ? 1.5 : 1.15));
    sim_wide_free(wide);
}

static void the_tree_heals_when_schools_go(void **state)
{
    (void)state;
    lose_a_tenth(802, false);
    lose_a_tenth(803, false);
}

static void the_tree_heals_when_schools_fall_silent(void **state)
{
    (void)state;
    lose_a_tenth(802, true);
    lose_a_tenth(803, true);
}

static void who_was_away_draws_from_several_and_nothing_twice(void **state)
{
    (void)state;
    struct sim_wide *wide = a_wide_one(803);
    sim_stop(sim_wide_sim(wide), node_count() - 1);
    write_rounds(wide, 10, 20);
    struct sim_wide_figures before = sim_wide_figures(wide);
    assert_int_equal(before.missing_count, before.entry_count);

    sim_start(sim_wide_sim(wide), node_count() - 1);
    CHECK(sim_converge(sim_wide_sim(wide), 60000));

    struct sim_wide_figures drawn = sim_wide_figures(wide);
    assert_int_equal(drawn.copy_count, before.entry_count);
    assert_in_range(drawn.sender_count, 2, FAN_OUT);
    sim_wide_free(wide);
}

CHECK_MAIN(cmocka_unit_test(an_entry_reaches_everyone_soon_and_once),
           cmocka_unit_test(a_burst_does_not_cut_the_tree),
           cmocka_unit_test(the_tree_heals_when_schools_go),
           cmocka_unit_test(the_tree_heals_when_schools_fall_silent),
           cmocka_unit_test(who_was_away_draws_from_several_and_nothing_twice))
