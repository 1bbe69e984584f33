/* A school that was away fetches many logs, from several others or from one slow one. */
#include "tests/sim/sim_school.h"
#include "tests/support/bad_member.h"
#include "tests/support/check.h"

#define AWAY 4    /* the others are 0 to 3 */
#define TEXTS 200 /* in each log */
#define TEXT_LEN 3000
#define AT_ONCE 40
#define LOGS 8
#define RUNS 16
#define RUN_ENTRIES 300

static void write_texts(struct sim *sim, uint32_t node, uint64_t seed)
{
    char text[TEXT_LEN + 1];
    for (size_t i = 0; i < TEXTS; i++) {
        sim_draw_text(&seed, text, sizeof text);
        sim_write_begin(sim, node, "reflection", "description", text);
        if (i % AT_ONCE == AT_ONCE - 1)
            sim_run(sim, 200);
    }
}

/* Four schools hold four long logs; the fifth was away and will call all, or only the first. */
static struct sim *one_away(uint64_t seed, bool calls_all)
{
    struct sim *sim = sim_network(seed, AWAY + 1);
    sim_stop(sim, AWAY);
    for (uint32_t node = 0; node < AWAY; node++)
        write_texts(sim, node, seed + node);
    CHECK(sim_converge(sim, 120000));
    assert_int_equal(sim_count(sim, 0, "reflection"), AWAY * TEXTS);
    if (calls_all) {
        sim_keep_dialing(sim, AWAY, "node1:7410");
        sim_keep_dialing(sim, AWAY, "node2:7410");
        sim_keep_dialing(sim, AWAY, "node3:7410");
    }
    return sim;
}

static uint64_t bytes_from(struct sim *sim, uint32_t node)
{
    return sim_net_bytes(sim_net(sim), sim_place(sim, node), sim_place(sim, AWAY));
}

static uint64_t bytes_to(struct sim *sim, uint32_t node)
{
    return sim_net_bytes(sim_net(sim), sim_place(sim, 0), sim_place(sim, node)) +
           sim_net_bytes(sim_net(sim), sim_place(sim, 1), sim_place(sim, node));
}

static uint64_t bytes_from_all(struct sim *sim)
{
    uint64_t bytes = 0;
    for (uint32_t node = 0; node < AWAY; node++)
        bytes += bytes_from(sim, node);
    return bytes;
}

static void one_slow_reader_fills_no_queue_over_its_bound(void **state)
{
    (void)state;
    struct sim *sim = one_away(601, false);
    sim_net_options(sim_net(sim))->window = 4096;
    sim_net_options(sim_net(sim))->latency_ms = (struct sim_span){20, 60};
    size_t before = sim_net_outstanding_max(sim_net(sim), sim_place(sim, 0));

    sim_start(sim, AWAY);
    CHECK(sim_converge(sim, 3600000));

    size_t most = sim_net_outstanding_max(sim_net(sim), sim_place(sim, 0));
    CHECK(most > before && most > PH_OUTBOX_BYTES_MAX / 2);
    CHECK(most <= PH_OUTBOX_BYTES_MAX + PH_FRAME_CIPHER_MAX + 2);
    CHECK(sim_are_equal(sim, 0, AWAY));
    sim_free(sim);
}

/* What it says itself: wants, heads, and nothing of what it fetches. */
static uint64_t bytes_back(struct sim *sim)
{
    uint64_t bytes = 0;
    for (uint32_t node = 0; node < AWAY; node++)
        bytes += sim_net_bytes(sim_net(sim), sim_place(sim, AWAY), sim_place(sim, node));
    return bytes;
}

static void several_sources_send_nothing_twice(void **state)
{
    (void)state;
    struct sim *sim = one_away(602, true);
    uint64_t before = bytes_from_all(sim), before_back = bytes_back(sim);

    sim_start(sim, AWAY);
    CHECK(sim_converge(sim, 120000));

    uint64_t bytes = bytes_from_all(sim) - before;
    /* A letter of 64 kinds takes six bits. */
    assert_in_range(bytes, 1, (uint64_t)AWAY * TEXTS * TEXT_LEN * 4 / 5);
    assert_in_range(bytes_back(sim) - before_back, 1, bytes / 10);
    CHECK(sim_are_equal(sim, 0, AWAY));
    sim_free(sim);
}

/* Whoever sends most goes silent without breaking: the others are asked before the connection
 * counts as dead. */
static void a_source_that_goes_silent_is_replaced(void **state)
{
    (void)state;
    struct sim *sim = one_away(603, true);
    uint64_t before[AWAY];
    sim_net_options(sim_net(sim))->window = 16384;
    sim_net_options(sim_net(sim))->latency_ms = (struct sim_span){20, 40};
    for (uint32_t node = 0; node < AWAY; node++)
        before[node] = bytes_from(sim, node);
    sim_start(sim, AWAY);
    sim_run(sim, 3000);
    uint32_t most = 0;
    for (uint32_t node = 1; node < AWAY; node++)
        if (bytes_from(sim, node) - before[node] > bytes_from(sim, most) - before[most])
            most = node;

    sim_net_block(sim_net(sim), sim_place(sim, most), sim_place(sim, AWAY));

    uint64_t since_ms = sim_now(sim);
    while (sim_count(sim, AWAY, "reflection") < AWAY * TEXTS && sim_now(sim) - since_ms < 600000)
        sim_run(sim, 500);
    assert_in_range(sim_now(sim) - since_ms, PH_WANT_MS_MAX / 2, PH_SILENCE_MS_MAX - 5000);
    sim_free(sim);
}

/* More than a batch holds comes from two sources while commits are slow: what finds no room is not
 * asked for before there is some. */
static void what_finds_no_room_is_not_sent_over_and_over(void **state)
{
    (void)state;
    struct sim *sim = sim_network(604, 4);
    struct bad_member writer = bad_member_of(sim, 3); /* it means no harm */
    struct sim_stranger *stranger = bad_member_dial(&writer, 0, 0);
    struct bad_log logs[LOGS] = {{.content_len = 0}};
    sim_stop(sim, 2);
    for (uint8_t i = 0; i < LOGS; i++) {
        struct bad_fact fact = bad_member_certify(&writer, i, &writer.log.certify, &logs[i]);
        bad_member_say_facts(stranger, &fact, 1);
        sim_run(sim, 200);
        for (uint32_t run = 0; run < RUNS; run++)
            bad_member_say_run(&writer, stranger, &logs[i], RUN_ENTRIES, false);
        sim_run(sim, 1000);
    }
    CHECK(sim_converge(sim, 120000));
    assert_int_equal(sim_count(sim, 1, "plan"), LOGS * RUNS * RUN_ENTRIES);
    sim_stranger_free(stranger);
    uint64_t minimum = sim_net_bytes(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1));
    sim_set_commit_ms(sim, 2, (struct sim_span){3000, 3000});
    sim_keep_dialing(sim, 2, "node1:7410");

    uint64_t before = bytes_to(sim, 2);
    sim_start(sim, 2);
    sim_set_commit_ms(sim, 2, (struct sim_span){3000, 3000});
    CHECK(sim_converge(sim, 600000));

    assert_in_range(bytes_to(sim, 2) - before, minimum / 2, minimum * 13 / 10);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(what_finds_no_room_is_not_sent_over_and_over),
           cmocka_unit_test(one_slow_reader_fills_no_queue_over_its_bound),
           cmocka_unit_test(several_sources_send_nothing_twice),
           cmocka_unit_test(a_source_that_goes_silent_is_replaced))
