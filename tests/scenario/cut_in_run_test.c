/* A bulk exchange that breaks, again and again: it goes on where it was, and repeats at most the
 * run that was on its way. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define RECORDS 2000
#define AT_ONCE 50
#define RUN_MAX (64 * 1024)
#define TALK_MAX 4096 /* greeting, roots, facts, heads, wants of one connection */

/* Node 0 holds many records, node 1 was away. Titles are drawn, so that they don't compress. */
static struct sim *one_behind(uint64_t seed)
{
    struct sim *sim = sim_network(seed, 2);
    uint64_t chance = seed;
    sim_stop(sim, 1);
    for (size_t i = 0; i < RECORDS; i++) {
        char title[180];
        sim_draw_text(&chance, title, sizeof title);
        sim_write_begin(sim, 0, "plan", "title", title);
        if (i % AT_ONCE == AT_ONCE - 1)
            sim_run(sim, 100);
    }
    sim_run(sim, 1000);
    assert_int_equal(sim_count(sim, 0, "plan"), RECORDS);
    return sim;
}

static uint64_t bytes_to_reader(struct sim *sim)
{
    return sim_net_bytes(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1));
}

static void cut_after(struct sim *sim, size_t len)
{
    sim_net_cut_after(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1), len);
}

static bool is_cut_due(struct sim *sim)
{
    return sim_net_cut_is_due(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1));
}

/* Bytes that arrive if nothing breaks. */
static uint64_t bytes_uncut(uint64_t seed)
{
    struct sim *sim = one_behind(seed);
    uint64_t before = bytes_to_reader(sim);
    sim_start(sim, 1);
    CHECK(sim_converge(sim, 60000));
    CHECK(sim_are_equal(sim, 0, 1));
    uint64_t bytes = bytes_to_reader(sim) - before;
    sim_free(sim);
    return bytes;
}

static void every_byte_is_sent_once_if_nothing_breaks(void **state)
{
    (void)state;

    uint64_t bytes = bytes_uncut(401);

    /* A title, a salt, and little more. */
    assert_in_range(bytes, (uint64_t)RECORDS * 150, (uint64_t)RECORDS * 300);
}

static void one_cut_anywhere_repeats_at_most_one_run(void **state)
{
    (void)state;
    static const size_t places[] = {1, 100, 300, 700, 2000, 30000, 65536, 90001, 150000, 333333};
    uint64_t uncut = bytes_uncut(402);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct sim *sim = one_behind(402);
        uint64_t before = bytes_to_reader(sim);

        cut_after(sim, places[i]);
        sim_start(sim, 1);
        CHECK(sim_converge(sim, 120000));

        CHECK(!is_cut_due(sim));
        CHECK(sim_are_equal(sim, 0, 1));
        assert_in_range(bytes_to_reader(sim) - before, 0, uncut + RUN_MAX + TALK_MAX);
        sim_free(sim);
    }
}

static void a_connection_that_breaks_again_and_again_gets_there(void **state)
{
    (void)state;
    uint64_t uncut = bytes_uncut(403);
    for (size_t every = 80000; every < 200000; every += 40000) {
        struct sim *sim = one_behind(403);
        uint64_t before = bytes_to_reader(sim), cuts = 0;

        sim_start(sim, 1);
        while (!sim_are_equal(sim, 0, 1) && cuts < 100) {
            cuts += !is_cut_due(sim);
            if (!is_cut_due(sim))
                cut_after(sim, every);
            sim_run(sim, 100);
        }
        CHECK(sim_converge(sim, 120000));

        CHECK(sim_are_equal(sim, 0, 1));
        assert_in_range(cuts, uncut / every, uncut / (every - RUN_MAX - TALK_MAX) + 2);
        assert_in_range(bytes_to_reader(sim) - before, 0, uncut + cuts * (RUN_MAX + TALK_MAX));
        sim_free(sim);
    }
}

/* What is durable at the reader's crash is not sent again. */
static void a_crash_in_the_middle_resumes(void **state)
{
    (void)state;
    uint64_t uncut = bytes_uncut(404);
    struct sim *sim = one_behind(404);
    uint64_t before = bytes_to_reader(sim);
    sim_net_options(sim_net(sim))->window = 32768; /* slow, so that there are many commits */
    sim_start(sim, 1);
    sim_crash_at_commit(sim, 1, 4, SIM_FATE_KEPT);
    sim_run(sim, 10000);
    CHECK(!sim_is_up(sim, 1));

    sim_start(sim, 1);

    CHECK(sim_converge(sim, 120000));
    CHECK(sim_are_equal(sim, 0, 1));
    /* Besides what was on its way and not yet committed: as much as was asked for at once. */
    assert_in_range(bytes_to_reader(sim) - before, uncut,
                    uncut + (PH_WANT_RUNS_MAX + 1) * RUN_MAX + TALK_MAX);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(every_byte_is_sent_once_if_nothing_breaks),
           cmocka_unit_test(one_cut_anywhere_repeats_at_most_one_run),
           cmocka_unit_test(a_connection_that_breaks_again_and_again_gets_there),
           cmocka_unit_test(a_crash_in_the_middle_resumes))
