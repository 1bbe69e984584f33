/* Ways so slow that one run takes longer than anybody waits for an answer: what is arriving is
 * awaited, asked for once, and gets there. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define RECORDS 2000
#define AT_ONCE 50
#define SOURCES 2 /* in the story of several */

/* Node 0 holds many records, and so do all but node 1, which was away. Titles are drawn, so that
 * they don't compress. */
static struct sim *one_behind(uint64_t seed, uint32_t node_count)
{
    struct sim *sim = sim_network(seed, node_count);
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
    CHECK(sim_converge(sim, 60000));
    assert_int_equal(sim_count(sim, 0, "plan"), RECORDS);
    return sim;
}

/* About so many bytes a second, each way. */
static void slow_down(struct sim *sim, size_t bytes_per_s)
{
    struct sim_net_options *options = sim_net_options(sim_net(sim));
    options->latency_ms = (struct sim_span){1000, 1000};
    options->window = bytes_per_s;
    options->chunk_max = bytes_per_s;
}

static uint64_t bytes_to_reader(struct sim *sim, uint32_t node_count)
{
    uint64_t bytes = 0;
    for (uint32_t node = 0; node < node_count; node++)
        if (node != 1)
            bytes += sim_net_bytes(sim_net(sim), sim_place(sim, node), sim_place(sim, 1));
    return bytes;
}

static uint64_t bytes_at_full_speed(uint64_t seed)
{
    struct sim *sim = one_behind(seed, 2);
    uint64_t before = bytes_to_reader(sim, 2);
    sim_start(sim, 1);
    CHECK(sim_converge(sim, 60000));
    uint64_t bytes = bytes_to_reader(sim, 2) - before;
    sim_free(sim);
    return bytes;
}

/* Node 1 comes back over ways of that speed; `times` as many bytes come as are needed, at most, and
 * a tenth for talk. */
static void check_way(size_t bytes_per_s, uint32_t node_count, uint32_t times)
{
    uint64_t bytes = bytes_at_full_speed(2601);
    struct sim *sim = one_behind(2601, node_count);
    uint64_t before = bytes_to_reader(sim, node_count), begin_ms = sim_now(sim);
    slow_down(sim, bytes_per_s);
    for (uint32_t node = 2; node < node_count; node++)
        sim_keep_dialing(sim, 1, "node2:7410");
    sim_start(sim, 1);
    CHECK(sim_converge(sim, 4000000));
    uint64_t sent = bytes_to_reader(sim, node_count) - before, ms = sim_now(sim) - begin_ms;
    print_message("%zu B/s: %u bytes come where %u are needed, in %u s\n", bytes_per_s,
                  (unsigned)sent, (unsigned)bytes, (unsigned)(ms / 1000));
    CHECK(sim_are_equal(sim, 0, 1));
    assert_in_range(sent, 0, times * bytes + bytes / 10);
    sim_free(sim);
}

static void a_run_may_take_longer_than_an_answer(void **state)
{
    (void)state;
    check_way(8000, 2, 1);
    check_way(3000, 2, 1);
}

static void a_run_may_take_longer_than_silence(void **state)
{
    (void)state;
    check_way(1000, 2, 1);
    check_way(300, 2, 1);
}

/* With a second source something comes twice, but a way still gets there. */
static void several_slow_sources_get_there(void **state)
{
    (void)state;
    check_way(3000, 1 + SOURCES, 1);
    check_way(500, 1 + SOURCES, 3);
}

CHECK_MAIN(cmocka_unit_test(a_run_may_take_longer_than_an_answer),
           cmocka_unit_test(a_run_may_take_longer_than_silence),
           cmocka_unit_test(several_slow_sources_get_there))
