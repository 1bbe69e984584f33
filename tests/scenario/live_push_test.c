/* What one school writes shows at the others at once, and on the way through others. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define NO_HOST UINT32_MAX

/* How long until a record is shown; UINT64_MAX: not within ten seconds. */
static uint64_t ms_until_shown(struct sim *sim, uint32_t node, const struct sim_id *id)
{
    uint64_t since_ms = sim_now(sim);
    while (sim_now(sim) - since_ms < 10000) {
        if (strcmp(sim_show(sim, node, id, "title").text, "?") != 0)
            return sim_now(sim) - since_ms;
        sim_run(sim, 10);
    }
    return UINT64_MAX;
}

static void a_record_appears_at_a_connected_member_within_a_second(void **state)
{
    (void)state;
    for (uint64_t seed = 21; seed < 31; seed++) {
        struct sim *sim = sim_network(seed, 2);
        sim_run(sim, 5000);

        struct sim_id there = sim_write(sim, 0, "plan", "title", "Reading together");
        assert_in_range(ms_until_shown(sim, 1, &there), 0, 999);
        struct sim_id back = sim_write(sim, 1, "plan", "title", "Mathematics for all");
        assert_in_range(ms_until_shown(sim, 0, &back), 0, 999);

        sim_free(sim);
    }
}

/* Everybody joins at the one before, and can reach nobody else. */
static struct sim *three_in_a_line(uint64_t seed)
{
    struct sim *sim = sim_start_all(seed, 3);
    sim_partition(sim, 0, 2);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code first = sim_invite(sim, 0, 1, 0);
    CHECK(sim_join(sim, 1, &first, NO_HOST, 60000));
    CHECK(sim_converge(sim, 10000));
    CHECK(sim_confirm(sim, 0, 1));
    CHECK(sim_converge(sim, 10000));
    struct sim_code second = sim_invite(sim, 1, 1, 1);
    CHECK(sim_join(sim, 2, &second, NO_HOST, 60000));
    CHECK(sim_converge(sim, 10000));
    return sim;
}

static void an_entry_passes_through_the_school_in_the_middle(void **state)
{
    (void)state;
    struct sim *sim = three_in_a_line(31);

    struct sim_id there = sim_write(sim, 0, "plan", "title", "Reading together");
    assert_in_range(ms_until_shown(sim, 2, &there), 0, 999);
    struct sim_id back = sim_write(sim, 2, "plan", "title", "Mathematics for all");
    assert_in_range(ms_until_shown(sim, 0, &back), 0, 999);

    CHECK(sim_net_links(sim_net(sim), sim_place(sim, 0), sim_place(sim, 2)) == 0);
    CHECK(sim_are_equal(sim, 0, 2));
    sim_free(sim);
}

static void two_who_dial_each_other_keep_one_connection(void **state)
{
    (void)state;
    for (uint64_t seed = 41; seed < 51; seed++) {
        struct sim *sim = sim_network(seed, 2);
        sim_stop(sim, 0);
        sim_stop(sim, 1);
        sim_keep_dialing(sim, 0, "node1:7410");

        sim_start(sim, 0);
        sim_start(sim, 1);
        sim_run(sim, 30000);

        assert_int_equal(sim_net_links(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1)), 1);
        sim_free(sim);
    }
}

static void a_broken_connection_is_dialed_again(void **state)
{
    (void)state;
    struct sim *sim = sim_network(51, 2);
    sim_net_reset(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1));

    struct sim_id there = sim_write(sim, 0, "plan", "title", "Reading together");

    assert_in_range(ms_until_shown(sim, 1, &there), 0, 5000);
    sim_free(sim);
}

/* The system would wait for minutes, and the way is open again long before. */
static void a_dial_without_an_answer_is_given_up_and_tried_again(void **state)
{
    (void)state;
    struct sim *sim = sim_network(53, 2);
    uint32_t a = sim_place(sim, 0), b = sim_place(sim, 1);
    sim_net_options(sim_net(sim))->timeout_ms = (struct sim_span){600000, 600000};
    sim_partition(sim, 0, 1);
    sim_net_reset(sim_net(sim), a, b);
    sim_stop(sim, 1);
    sim_start(sim, 1);
    sim_run(sim, 5000);

    sim_heal(sim);
    sim_run(sim, PH_CONNECT_MS_MAX + 5000);

    assert_int_equal(sim_net_links(sim_net(sim), a, b), 1);
    sim_free(sim);
}

/* A cable pulled without a word: nobody is told, so silence has to tell. */
static void a_connection_that_falls_silent_is_given_up(void **state)
{
    (void)state;
    struct sim *sim = sim_network(52, 2);
    uint32_t a = sim_place(sim, 0), b = sim_place(sim, 1);
    sim_partition(sim, 0, 1);

    sim_run(sim, PH_SILENCE_MS_MAX + 5000);

    assert_int_equal(sim_net_links(sim_net(sim), a, b), 0);
    CHECK(sim_trace_has(sim, 0, "silent for too long"));
    CHECK(sim_trace_has(sim, 1, "silent for too long"));
    sim_heal(sim);
    sim_run(sim, 2 * PH_DIAL_MS_MAX);
    assert_int_equal(sim_net_links(sim_net(sim), a, b), 1);
    sim_free(sim);
}

/* Roots now and then keep it alive. */
static void an_idle_connection_stays(void **state)
{
    (void)state;
    struct sim *sim = sim_network(53, 2);
    sim_trace_forget(sim);

    sim_run(sim, 10 * PH_SILENCE_MS_MAX);

    CHECK(!sim_trace_has(sim, 0, "> down"));
    CHECK(!sim_trace_has(sim, 1, "> down"));
    sim_free(sim);
}

/* Whether a node knows of each of `count` sessions that both sides hold the same. */
static bool knows_all_equal(struct sim *sim, uint32_t node, uint32_t count)
{
    uint8_t bytes[16];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    ph_pack_array(&request, 1);
    ph_pack_text(&request, ph_bytes_text("status"));
    struct ph_bytes status = sim_command(sim, node, ph_buffer_bytes(&request));
    struct ph_unpacker peers = ph_unpack_scanned(sim_pick(status, "peers"));
    uint32_t equal_count = 0;
    for (uint32_t left = ph_unpack_array(&peers); left > 0; left--) {
        struct ph_unpacker equal = ph_unpack_scanned(sim_pick(ph_unpack_skip(&peers), "equal"));
        equal_count += ph_unpack_bool(&equal);
    }
    return equal_count >= count;
}

/* Regression: what was wanted from one school came from another; the want stayed until its time was
 * over, and as long nobody said that all was equal. */
static void schools_that_hold_the_same_soon_know_it(void **state)
{
    (void)state;
    for (uint64_t seed = 41; seed < 71; seed++) {
        struct sim *sim = sim_network(seed, 4);
        for (uint32_t node = 1; node < 4; node++) {
            sim_keep_dialing(sim, node, "node1:7410");
            sim_keep_dialing(sim, node, "node2:7410");
            sim_stop(sim, node);
            sim_run(sim, 3000);
            sim_start(sim, node);
        }
        sim_run(sim, 20000);
        for (uint32_t i = 0; i < 40; i++) {
            sim_write_begin(sim, i % 4, "plan", "title", "Written at once");
            sim_run(sim, 7);
        }
        sim_run(sim, 4000);
        for (uint32_t node = 0; node < 4; node++)
            CHECK(knows_all_equal(sim, node, 3));
        sim_free(sim);
    }
}

CHECK_MAIN(cmocka_unit_test(schools_that_hold_the_same_soon_know_it),
           cmocka_unit_test(a_record_appears_at_a_connected_member_within_a_second),
           cmocka_unit_test(an_entry_passes_through_the_school_in_the_middle),
           cmocka_unit_test(two_who_dial_each_other_keep_one_connection),
           cmocka_unit_test(a_broken_connection_is_dialed_again),
           cmocka_unit_test(a_dial_without_an_answer_is_given_up_and_tried_again),
           cmocka_unit_test(a_connection_that_falls_silent_is_given_up),
           cmocka_unit_test(an_idle_connection_stays))
