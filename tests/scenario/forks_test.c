/* Disks that are set back or cloned with the secrets on them: two entries with one predecessor get
 * signed, and nothing of it is lost. Both branches are everywhere, records merge them, and whoever
 * comes to see that its log went on elsewhere writes as a new writer. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"
#include "tests/support/speaker.h"

static void check_all_show(struct sim *sim, uint32_t node_count, const struct sim_id *id,
                           const char *value)
{
    for (uint32_t node = 0; node < node_count; node++)
        assert_string_equal(sim_show(sim, node, id, "title").text, value);
}

static void check_all_equal(struct sim *sim, uint32_t node_count)
{
    for (uint32_t node = 0; node < node_count; node++) {
        CHECK(sim_are_equal(sim, 0, node));
        CHECK(sim_verify(sim, node));
    }
}

static uint32_t notice_count(struct sim *sim, uint32_t node)
{
    struct sim_text notices = sim_notices(sim, node);
    uint32_t count = 0;
    for (const char *at = notices.text; *at != '\0'; at++)
        count += *at == '\n';
    return count;
}

static void back_up(struct sim *sim, uint32_t node)
{
    sim_stop(sim, node);
    sim_back_up(sim, node);
    sim_start(sim, node);
}

static void set_back(struct sim *sim, uint32_t node, uint32_t from)
{
    if (sim_is_up(sim, node))
        sim_stop(sim, node);
    sim_restore(sim, node, from, SIM_SECRETS_COPIED);
    sim_start(sim, node);
}

/* Cut off from everybody, as after a repair at the shop. */
static void cut_off(struct sim *sim, uint32_t node, uint32_t node_count)
{
    for (uint32_t other = 0; other < node_count; other++)
        if (other != node)
            sim_partition(sim, node, other);
}

static void what_a_disk_set_back_has_forgotten_comes_back(void **state)
{
    (void)state;
    struct sim *sim = sim_network(1, 3);
    back_up(sim, 1);
    struct sim_id later = sim_write(sim, 1, "plan", "title", "Later");
    CHECK(sim_converge(sim, 60000));

    set_back(sim, 1, 1);
    CHECK(sim_converge(sim, 60000));
    struct sim_id after = sim_write(sim, 1, "plan", "title", "After");

    CHECK(sim_converge(sim, 60000));
    check_all_show(sim, 3, &later, "Later (School 1)");
    check_all_show(sim, 3, &after, "After (School 1)");
    check_all_equal(sim, 3);
    assert_int_equal(notice_count(sim, 1), 1);
    CHECK(!sim_trace_has(sim, 1, "is forked behind")); /* it wrote nothing before it knew */
    sim_free(sim);
}

/* It writes before it meets anybody: the log is forked. */
static void both_branches_of_a_disk_set_back_are_everywhere(void **state)
{
    (void)state;
    struct sim *sim = sim_network(2, 3);
    struct sim_id common = sim_write(sim, 1, "plan", "title", "Common");
    CHECK(sim_converge(sim, 60000));
    back_up(sim, 1);
    struct sim_id later = sim_write(sim, 1, "plan", "title", "Later");
    CHECK(sim_change(sim, 1, "set", &common, "title", "Of the first branch"));
    CHECK(sim_converge(sim, 60000));
    cut_off(sim, 1, 3);

    set_back(sim, 1, 1);
    struct sim_id other = sim_write(sim, 1, "plan", "title", "Other");
    CHECK(sim_change(sim, 1, "set", &common, "title", "Of the second branch"));
    sim_heal(sim);

    CHECK(sim_converge(sim, 180000));
    struct sim_id after = sim_write(sim, 1, "plan", "title", "After");
    CHECK(sim_converge(sim, 60000));
    check_all_show(sim, 3, &later, "Later (School 1)");
    check_all_show(sim, 3, &other, "Other (School 1)");
    check_all_show(sim, 3, &after, "After (School 1)");
    struct sim_text shown = sim_show(sim, 2, &common, "title");
    CHECK(strstr(shown.text, "Of the first branch") != NULL);
    CHECK(strstr(shown.text, "Of the second branch") != NULL);
    check_all_equal(sim, 3);
    for (uint32_t node = 0; node < 3; node++) {
        CHECK(sim_trace_has(sim, node, "is forked behind"));
        assert_int_equal(notice_count(sim, node), node == 1);
    }
    sim_free(sim);
}

/* Two machines from one image, both at work; a third school passes it on. */
static void clones_of_one_disk_become_two_writers(void **state)
{
    (void)state;
    struct sim *sim = sim_network(3, 4);
    back_up(sim, 1);
    sim_partition(sim, 1, 3);
    set_back(sim, 3, 1);
    struct sim_id one = sim_write(sim, 1, "plan", "title", "By the one");
    struct sim_id two = sim_write(sim, 3, "plan", "title", "By the other");

    CHECK(sim_converge(sim, 180000));
    struct sim_id three = sim_write(sim, 1, "plan", "title", "By the one again");
    struct sim_id four = sim_write(sim, 3, "plan", "title", "By the other again");

    CHECK(sim_converge(sim, 60000));
    check_all_show(sim, 4, &one, "By the one (School 1)");
    check_all_show(sim, 4, &two, "By the other (School 1)");
    check_all_show(sim, 4, &three, "By the one again (School 1)");
    check_all_show(sim, 4, &four, "By the other again (School 1)");
    check_all_equal(sim, 4);
    assert_int_equal(notice_count(sim, 1), 1);
    assert_int_equal(notice_count(sim, 3), 1);
    sim_free(sim);
}

/* Alone with each other they see the same key at both ends, which is not a call to oneself. */
static void clones_that_meet_each_other_alone_know_it(void **state)
{
    (void)state;
    struct sim *sim = sim_network(4, 3);
    back_up(sim, 1);
    sim_partition(sim, 1, 2);
    for (uint32_t node = 1; node < 3; node++)
        sim_partition(sim, 0, node);
    sim_stop(sim, 2);
    sim_keep_dialing(sim, 2, "node1:7410");
    set_back(sim, 2, 1);
    struct sim_id one = sim_write(sim, 1, "plan", "title", "By the one");
    struct sim_id two = sim_write(sim, 2, "plan", "title", "By the other");
    sim_net_open(sim_net(sim), sim_place(sim, 1), sim_place(sim, 2));
    sim_net_open(sim_net(sim), sim_place(sim, 2), sim_place(sim, 1));
    sim_run(sim, 120000);

    CHECK(sim_are_equal(sim, 1, 2));
    assert_string_equal(sim_show(sim, 1, &two, "title").text, "By the other (School 1)");
    assert_string_equal(sim_show(sim, 2, &one, "title").text, "By the one (School 1)");
    CHECK(strstr(sim_notices(sim, 1).text, "second PC") != NULL);
    assert_int_equal(notice_count(sim, 1), 1);
    assert_int_equal(notice_count(sim, 2), 1);
    sim_heal(sim);
    CHECK(sim_converge(sim, 180000));
    check_all_equal(sim, 3);
    sim_free(sim);
}

/* The third school sees one key twice, and ends neither: a clone would cut the original off for
 * good. */
static void clones_that_reach_only_a_third_school_both_stay(void **state)
{
    (void)state;
    struct sim *sim = sim_network(7, 4);
    back_up(sim, 1);
    sim_partition(sim, 1, 3);
    set_back(sim, 3, 1);
    sim_run(sim, 120000);
    CHECK(sim_net_links(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1)) == 1);
    CHECK(sim_net_links(sim_net(sim), sim_place(sim, 0), sim_place(sim, 3)) == 1);
    assert_int_equal(notice_count(sim, 1), 0); /* nothing is wrong until somebody writes */

    struct sim_id one = sim_write(sim, 1, "plan", "title", "By the one");
    sim_run(sim, 5000);

    assert_string_equal(sim_show(sim, 3, &one, "title").text, "By the one (School 1)");
    assert_int_equal(notice_count(sim, 3), 1);
    struct sim_id two = sim_write(sim, 3, "plan", "title", "By the other");
    CHECK(sim_converge(sim, 60000));
    check_all_show(sim, 4, &two, "By the other (School 1)");
    check_all_equal(sim, 4);
    sim_free(sim);
}

/* Here the third school dials the clone, and takes it for connected as long as the original is. */
static void clone_that_becomes_a_new_writer_is_back_at_once(void **state)
{
    (void)state;
    struct sim *sim = sim_network(8, 4);
    back_up(sim, 1);
    sim_partition(sim, 1, 3);
    set_back(sim, 3, 1);
    sim_run(sim, 5000);
    sim_stop(sim, 0);
    sim_run(sim, 20000);
    sim_keep_dialing(sim, 0, "node3:7410");
    sim_start(sim, 0);
    sim_run(sim, 120000);

    sim_write(sim, 1, "plan", "title", "By the original");
    sim_run(sim, 1000);
    assert_int_equal(notice_count(sim, 3), 1);
    sim_write(sim, 3, "plan", "title", "By the clone");
    CHECK(sim_converge(sim, 1000));
    check_all_equal(sim, 4);
    sim_free(sim);
}

/* Only the third school dials, and the clone, with the same key, has called it. */
static void original_is_dialed_though_its_clone_is_there(void **state)
{
    (void)state;
    struct sim *sim = sim_network(9, 3);
    back_up(sim, 0);
    sim_partition(sim, 0, 2);
    sim_stop(sim, 2);
    sim_keep_dialing(sim, 2, "node1:7410");
    set_back(sim, 2, 0);
    sim_run(sim, 5000);
    CHECK(sim_net_links(sim_net(sim), sim_place(sim, 1), sim_place(sim, 2)) == 1);

    sim_net_reset(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1));
    sim_run(sim, 120000);

    CHECK(sim_net_links(sim_net(sim), sim_place(sim, 1), sim_place(sim, 0)) == 1);
    CHECK(sim_net_links(sim_net(sim), sim_place(sim, 1), sim_place(sim, 2)) == 1);
    sim_write(sim, 0, "plan", "title", "By the original");
    sim_run(sim, 5000);
    assert_int_equal(notice_count(sim, 2), 1);
    CHECK(sim_converge(sim, 60000));
    check_all_equal(sim, 3);
    sim_free(sim);
}

/* Regression: an exchange that met oneself ended without a reason, and the command waited on. */
static void an_exchange_with_a_clone_is_answered_soon(void **state)
{
    (void)state;
    struct sim *sim = sim_network(10, 3);
    back_up(sim, 1);
    sim_partition(sim, 1, 2);
    set_back(sim, 2, 1);
    cut_off(sim, 1, 3);
    cut_off(sim, 2, 3);
    sim_net_open(sim_net(sim), sim_place(sim, 1), sim_place(sim, 2));
    sim_net_open(sim_net(sim), sim_place(sim, 2), sim_place(sim, 1));
    uint64_t since_ms = sim_now(sim);

    CHECK(!sim_sync(sim, 2, 1, 600000));

    assert_in_range(sim_now(sim) - since_ms, 0, 10000);
    sim_run(sim, 5000);
    CHECK(strstr(sim_notices(sim, 2).text, "second PC") != NULL);
    sim_free(sim);
}

static void a_call_to_oneself_is_no_clone(void **state)
{
    (void)state;
    struct sim *sim = sim_network(5, 2);
    sim_stop(sim, 1);
    sim_keep_dialing(sim, 1, "node1:7410");

    sim_start(sim, 1);
    sim_run(sim, 5000);
    sim_trace_forget(sim);
    sim_run(sim, 120000);

    assert_int_equal(notice_count(sim, 1), 0);
    CHECK(!sim_trace_has(sim, 1, "node1:7410"));
    sim_run(sim, PH_DIAL_HOME_MS); /* by then the address may be another's */
    CHECK(sim_trace_has(sim, 1, "node1:7410"));
    CHECK(sim_converge(sim, 60000));
    sim_free(sim);
}

/* A disk that is set back at each start, alone each time: after too many branches the old writer
 * counts nowhere, and the school goes on with the new one. */
static void a_writer_with_too_many_branches_counts_nowhere(void **state)
{
    (void)state;
    struct sim *sim = sim_network(6, 4);
    struct sim_id kept = sim_write(sim, 0, "plan", "title", "Of another school");
    CHECK(sim_converge(sim, 60000));
    back_up(sim, 1);
    struct sim_id lost = {""};
    for (uint32_t i = 0; i <= PH_BRANCHES_MAX; i++) {
        uint32_t met = i % 2 == 0 ? 2 : 3; /* each branch is first seen by one alone */
        cut_off(sim, 1, 4);
        set_back(sim, 1, 1);
        lost = sim_write(sim, 1, "plan", "title", "Signed once more");
        sim_partition(sim, 2, 3);
        sim_net_open(sim_net(sim), sim_place(sim, 1), sim_place(sim, met));
        sim_net_open(sim_net(sim), sim_place(sim, met), sim_place(sim, 1));
        sim_run(sim, 70000);
        sim_heal(sim);
        CHECK(sim_converge(sim, 180000));
    }

    struct sim_id after = sim_write(sim, 1, "plan", "title", "By the new writer");
    CHECK(sim_converge(sim, 60000));

    check_all_equal(sim, 4);
    for (uint32_t node = 0; node < 4; node++)
        CHECK(sim_trace_has(sim, node, "left out"));
    check_all_show(sim, 4, &lost, "?");
    check_all_show(sim, 4, &kept, "Of another school (School 0)");
    CHECK(strstr(sim_show(sim, 0, &after, "title").text, "By the new writer") != NULL);
    sim_free(sim);
}

/* Whoever answers at an address and has no key at all: what it is told it takes to the listener of
 * who told it. What comes back from there it keeps. */
struct relay {
    struct sim *sim;
    uint32_t place, calls;
    ph_conn_id from, to;
    uint8_t told[SPEAKER_GREETING_MAX], kept[SPEAKER_GREETING_MAX];
    size_t told_len, kept_len;
};

static void relay_up(void *impl, ph_conn_id conn, const char *address)
{
    struct relay *relay = impl;
    (void)address;
    if (conn == relay->to) {
        sim_net_send(sim_net(relay->sim), relay->place, conn,
                     ph_bytes(relay->told, relay->told_len));
        return;
    }
    relay->calls++;
    relay->from = conn;
}

static void relay_keep(uint8_t kept[SPEAKER_GREETING_MAX], size_t *len, struct ph_bytes bytes)
{
    assert_in_range(*len + bytes.len, 0, SPEAKER_GREETING_MAX);
    memcpy(kept + *len, bytes.data, bytes.len);
    *len += bytes.len;
}

static void relay_data(void *impl, ph_conn_id conn, struct ph_bytes bytes)
{
    struct relay *relay = impl;
    if (conn == relay->to)
        relay_keep(relay->kept, &relay->kept_len, bytes);
    else if (relay->calls == 1)
        relay_keep(relay->told, &relay->told_len, bytes);
}

static void relay_sent(void *impl, ph_conn_id conn, size_t len)
{
    (void)impl, (void)conn, (void)len;
}

static void relay_down(void *impl, ph_conn_id conn, const char *reason)
{
    (void)impl, (void)conn, (void)reason;
}

static const struct sim_party_ops relay_ops = {relay_up, relay_data, relay_sent, relay_down};

/* Regression: a school's own greeting, brought back to it, was taken for a copy of its home, and as
 * it then dialed anew, again, until it had no installation left. */
static void own_greeting_brought_back_is_no_clone(void **state)
{
    (void)state;
    struct sim *sim = sim_network(11, 2);
    struct relay relay = {.sim = sim};
    relay.place = sim_net_add(sim_net(sim), "relay", &relay_ops, &relay);
    sim_net_listen(sim_net(sim), relay.place);
    sim_stop(sim, 0);
    sim_keep_dialing(sim, 0, "relay:7410");
    sim_start(sim, 0);
    sim_run(sim, 1000);
    CHECK(relay.told_len != 0);
    relay.to = 1;
    sim_net_dial(sim_net(sim), relay.place, relay.to, "node0:7410");
    sim_run(sim, 1000);
    CHECK(relay.kept_len != 0);
    sim_net_hangup(sim_net(sim), relay.place, relay.to);
    sim_run(sim, 1000);

    sim_net_send(sim_net(sim), relay.place, relay.from, ph_bytes(relay.kept, relay.kept_len));
    sim_run(sim, 1000);

    assert_int_equal(notice_count(sim, 0), 0);
    sim_run(sim, PH_HANDSHAKE_MS_MAX);
    assert_in_range(relay.calls, 2, UINT32_MAX); /* it is not waited for */
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(own_greeting_brought_back_is_no_clone),
           cmocka_unit_test(an_exchange_with_a_clone_is_answered_soon),
           cmocka_unit_test(what_a_disk_set_back_has_forgotten_comes_back),
           cmocka_unit_test(both_branches_of_a_disk_set_back_are_everywhere),
           cmocka_unit_test(clones_of_one_disk_become_two_writers),
           cmocka_unit_test(clones_that_meet_each_other_alone_know_it),
           cmocka_unit_test(clones_that_reach_only_a_third_school_both_stay),
           cmocka_unit_test(clone_that_becomes_a_new_writer_is_back_at_once),
           cmocka_unit_test(original_is_dialed_though_its_clone_is_there),
           cmocka_unit_test(a_call_to_oneself_is_no_clone),
           cmocka_unit_test(a_writer_with_too_many_branches_counts_nowhere))
