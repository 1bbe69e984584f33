/* Schools that find each other by what their records say, through anybody who knows both. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#include "proto/kind.h"
#include "proto/pack.h"

#include <stdio.h>

#define NO_HOST UINT32_MAX

static uint32_t links(struct sim *sim, uint32_t a, uint32_t b)
{
    return sim_net_links(sim_net(sim), sim_place(sim, a), sim_place(sim, b));
}

/* All join at node 0, whose address they have from the invitation, and nobody has another. */
static struct sim *a_network(uint64_t seed, uint32_t node_count)
{
    struct sim_options options = sim_options(seed, node_count);
    struct sim *sim = sim_new(&options);
    for (uint32_t node = 0; node < node_count; node++) {
        sim_set_published(sim, node, true);
        sim_start(sim, node);
    }
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, PH_INVITE_USES_MAX, 0);
    for (uint32_t node = 1; node < node_count; node++)
        CHECK(sim_join(sim, node, &code, NO_HOST, 60000));
    CHECK(sim_converge(sim, 60000));
    return sim;
}

static struct sim_id card_of(struct sim *sim, uint32_t node)
{
    struct ph_view view = {0};
    struct ph_record record;
    struct ph_school_id school = sim_school(sim, node);
    struct sim_id id;
    sim_view(sim, node, &view);
    CHECK_OK(ph_view_first_of(&view, PH_KIND_SCHOOL, &school, &record));
    ph_hex(record.id.bytes, sizeof record.id.bytes, id.text);
    id.text[32] = '\0';
    ph_view_close(&view);
    return id;
}

static struct sim_text addresses_of(struct sim *sim, uint32_t node, uint32_t at)
{
    struct sim_id id = card_of(sim, node);
    return sim_show(sim, at, &id, "addresses");
}

/* How often a node has dialed addresses that begin so. */
static uint32_t count_dials(struct sim *sim, uint32_t node, const char *address)
{
    char text[32];
    uint32_t count = 0;
    snprintf(text, sizeof text, "] %u < dial ", node);
    for (const char *at = sim_trace(sim); (at = strstr(at, text)) != NULL;) {
        at += strlen(text);
        at += strspn(at, "0123456789") + 1;
        count += strncmp(at, address, strlen(address)) == 0;
    }
    return count;
}

static void who_joined_at_one_is_called_by_the_others(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct sim *sim = a_network(seed, 4);

        sim_run(sim, 30000);

        for (uint32_t a = 0; a < 4; a++)
            for (uint32_t b = 0; b < a; b++)
                assert_int_equal(links(sim, a, b), 1);
        assert_string_equal(addresses_of(sim, 2, 1).text, "node2:7410 (School 2)");
        sim_free(sim);
    }
}

/* The one at whom they joined is gone for good. */
static void what_was_published_outlives_a_restart(void **state)
{
    (void)state;
    struct sim *sim = a_network(7, 3);
    sim_run(sim, 30000);
    for (uint32_t node = 0; node < 3; node++)
        sim_stop(sim, node);

    sim_start(sim, 1);
    sim_start(sim, 2);
    sim_run(sim, 10000);

    assert_int_equal(links(sim, 1, 2), 1);
    sim_free(sim);
}

static void a_new_address_takes_the_place_of_the_old(void **state)
{
    (void)state;
    struct sim *sim = a_network(8, 3);
    sim_run(sim, 30000);
    sim_stop(sim, 2);
    sim_move(sim, 2, "elsewhere");
    sim_start(sim, 2);
    sim_run(sim, 30000);
    assert_string_equal(addresses_of(sim, 2, 1).text, "elsewhere:7410 (School 2)");
    sim_stop(sim, 0);
    sim_stop(sim, 2);
    sim_set_published(sim, 2, false); /* a cable is out: nothing is taken back */
    sim_start(sim, 2);
    sim_run(sim, 30000);

    assert_int_equal(links(sim, 1, 2), 1);
    assert_string_equal(addresses_of(sim, 2, 1).text, "elsewhere:7410 (School 2)");
    sim_free(sim);
}

static void what_holds_is_not_written_again(void **state)
{
    (void)state;
    struct sim *sim = a_network(9, 2);
    sim_run(sim, 30000);
    struct ph_root before = sim_root(sim, 0);

    for (uint32_t i = 0; i < 5; i++) {
        sim_stop(sim, 1);
        sim_start(sim, 1);
        sim_run(sim, 30000);
    }

    struct ph_root after = sim_root(sim, 0);
    CHECK(ph_root_equal(&before, &after));
    sim_free(sim);
}

static void an_address_that_changes_all_the_time_is_written_now_and_then(void **state)
{
    (void)state;
    struct sim *sim = a_network(10, 2);
    char address[40];
    sim_run(sim, 30000);
    uint32_t commits = sim_commit_count(sim, 1);

    for (uint32_t i = 0; i < 3600; i++) {
        snprintf(address, sizeof address, "cafe%u:7410", i);
        sim_tell_address(sim, 1, address);
        sim_run(sim, 1000);
    }

    assert_in_range(sim_commit_count(sim, 1) - commits, 5, 14); /* in an hour */
    CHECK(strchr(addresses_of(sim, 1, 0).text, '|') == NULL);   /* one at a time */
    sim_free(sim);
}

/* A member, or whoever sits at its PC, can write what it likes there. */
static void a_school_that_publishes_without_end_costs_four_addresses(void **state)
{
    (void)state;
    struct sim *sim = a_network(11, 3);
    struct sim_id id = card_of(sim, 1);
    char address[40];
    sim_run(sim, 30000);
    uint32_t dials = count_dials(sim, 0, "");

    for (uint32_t i = 0; i < 300; i++) {
        snprintf(address, sizeof address, "alley%u:7410", i);
        CHECK(sim_change(sim, 1, "add", &id, "addresses", address));
    }
    CHECK(sim_change(sim, 1, "add", &id, "addresses", "no address at all"));
    CHECK(sim_change(sim, 1, "add", &id, "addresses", "host\nfeed:1"));
    CHECK(sim_converge(sim, 30000));
    assert_int_equal(count_dials(sim, 0, "alley"), 0); /* the school is connected */
    sim_stop(sim, 1);
    sim_run(sim, 600000);

    assert_in_range(count_dials(sim, 0, "") - dials, 1, 200);
    assert_int_equal(count_dials(sim, 0, "alley295:"), 0);
    CHECK(count_dials(sim, 0, "alley299:") != 0);
    assert_int_equal(links(sim, 0, 2), 1);
    sim_free(sim);
}

static void who_has_left_is_not_called(void **state)
{
    (void)state;
    struct sim *sim = a_network(13, 3);
    sim_run(sim, 30000);
    CHECK(sim_leave(sim, 2));
    sim_run(sim, 30000);
    uint32_t dials = count_dials(sim, 1, "node2:");
    CHECK(dials != 0);

    sim_run(sim, 600000);

    assert_int_equal(count_dials(sim, 1, "node2:"), dials);
    sim_free(sim);
}

static void nobody_calls_itself(void **state)
{
    (void)state;
    struct sim *sim = a_network(12, 3);
    sim_run(sim, 600000);

    assert_int_equal(count_dials(sim, 0, "node0:") + count_dials(sim, 2, "node2:"), 0);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(who_joined_at_one_is_called_by_the_others),
           cmocka_unit_test(what_was_published_outlives_a_restart),
           cmocka_unit_test(a_new_address_takes_the_place_of_the_old),
           cmocka_unit_test(what_holds_is_not_written_again),
           cmocka_unit_test(an_address_that_changes_all_the_time_is_written_now_and_then),
           cmocka_unit_test(a_school_that_publishes_without_end_costs_four_addresses),
           cmocka_unit_test(who_has_left_is_not_called), cmocka_unit_test(nobody_calls_itself))
