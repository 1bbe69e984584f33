/* Schools that find each other without anybody typing an address: by what they say to everybody
 * near. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#include "proto/beacon.h"
#include "proto/invitation.h"

#define NO_HOST UINT32_MAX

static uint32_t links(struct sim *sim, uint32_t a, uint32_t b)
{
    return sim_net_links(sim_net(sim), sim_place(sim, a), sim_place(sim, b));
}

/* Founded at node 0, all say where they are, nobody has an address; not joined yet. */
static struct sim *near_each_other(uint64_t seed, uint32_t node_count, struct sim_code *code)
{
    struct sim_options options = sim_options(seed, node_count);
    struct sim *sim = sim_new(&options);
    for (uint32_t node = 0; node < node_count; node++) {
        sim_set_beacon(sim, node, true);
        sim_start(sim, node);
    }
    sim_found(sim, 0, "Lighthouse");
    *code = sim_invite(sim, 0, PH_INVITE_USES_MAX, NO_HOST);
    return sim;
}

static struct sim *a_network(uint64_t seed, uint32_t node_count, struct sim_code *code)
{
    struct sim *sim = near_each_other(seed, node_count, code);
    for (uint32_t node = 1; node < node_count; node++)
        CHECK(sim_join(sim, node, code, NO_HOST, 60000));
    CHECK(sim_converge(sim, 60000));
    return sim;
}

static void two_join_and_meet_by_beacon_alone(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 11; seed++) {
        struct sim_code code;
        struct sim *sim = near_each_other(seed, 2, &code);

        CHECK(sim_join(sim, 1, &code, NO_HOST, 10000));
        CHECK(sim_converge(sim, 5000));
        sim_run(sim, 30000);

        assert_int_equal(links(sim, 0, 1), 1);
        sim_free(sim);
    }
}

/* Whose dials end nowhere is called by the other, whichever has the lower key. */
static void one_reachable_side_is_enough(void **state)
{
    (void)state;
    for (uint64_t seed = 11; seed < 15; seed++)
        for (uint32_t walled = 0; walled < 2; walled++) {
            struct sim_code code;
            struct sim *sim = near_each_other(seed, 2, &code);
            sim_net_refuse(sim_net(sim), sim_place(sim, 1 - walled), sim_place(sim, walled));

            CHECK(sim_join(sim, 1, &code, NO_HOST, 60000));
            CHECK(sim_converge(sim, 10000));
            sim_run(sim, 120000);

            assert_int_equal(links(sim, 0, 1), 1);
            sim_free(sim);
        }
}

static void who_comes_back_at_another_address_is_found_again(void **state)
{
    (void)state;
    struct sim_code code;
    struct sim *sim = a_network(21, 2, &code);
    sim_stop(sim, 1);
    sim_move(sim, 1, "elsewhere");
    sim_net_refuse(sim_net(sim), sim_place(sim, 1), sim_place(sim, 0));

    sim_start(sim, 1);
    struct sim_id id = sim_write(sim, 1, "plan", "title", "Moved");
    sim_run(sim, 10000);

    assert_int_equal(links(sim, 0, 1), 1);
    assert_string_equal(sim_show(sim, 0, &id, "title").text, "Moved (School 1)");
    sim_free(sim);
}

/* Also of datagrams that are lost, come twice and in another order. */
static void each_pair_has_one_connection_in_the_end(void **state)
{
    (void)state;
    for (uint64_t seed = 31; seed < 35; seed++) {
        struct sim_code code;
        struct sim *sim = near_each_other(seed, 6, &code);
        *sim_near_options(sim_near(sim)) =
            (struct sim_near_options){.delay_ms = {0, 4000}, .lost = 300, .doubled = 300};
        for (uint32_t node = 1; node < 6; node++)
            CHECK(sim_join(sim, node, &code, NO_HOST, 120000));

        sim_run(sim, 180000);

        for (uint32_t a = 0; a < 6; a++)
            for (uint32_t b = 0; b < a; b++)
                assert_int_equal(links(sim, a, b), 1);
        sim_free(sim);
    }
}

static void a_lost_connection_comes_back(void **state)
{
    (void)state;
    struct sim_code code;
    struct sim *sim = a_network(41, 2, &code);

    sim_net_reset(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1));
    sim_run(sim, 5000);

    assert_int_equal(links(sim, 0, 1), 1);
    sim_free(sim);
}

/* Nobody else is near who would show them that there are two. */
static void a_copy_of_this_home_is_met_by_its_own_key(void **state)
{
    (void)state;
    struct sim_code code;
    struct sim *sim = a_network(42, 3, &code);
    sim_stop(sim, 1);
    sim_stop(sim, 2);
    sim_back_up(sim, 1);
    sim_restore(sim, 2, 1, SIM_SECRETS_COPIED);
    sim_stop(sim, 0);

    sim_start(sim, 1);
    sim_start(sim, 2);
    sim_run(sim, 60000);

    CHECK(strstr(sim_notices(sim, 1).text, "second PC") != NULL ||
          strstr(sim_notices(sim, 2).text, "second PC") != NULL);
    assert_int_equal(links(sim, 1, 2), 1);
    sim_free(sim);
}

/* It reaches nobody, and whoever hears it is connected to the other one. */
static void a_copy_that_only_others_can_call_is_called(void **state)
{
    (void)state;
    struct sim_code code;
    struct sim *sim = a_network(43, 3, &code);
    sim_stop(sim, 1);
    sim_stop(sim, 2);
    sim_back_up(sim, 1);
    sim_restore(sim, 2, 1, SIM_SECRETS_COPIED);
    sim_partition(sim, 1, 2);
    sim_net_refuse(sim_net(sim), sim_place(sim, 2), sim_place(sim, 0));
    sim_start(sim, 1);
    sim_run(sim, 30000);

    sim_start(sim, 2);
    sim_run(sim, 2 * PH_HEARD_TWIN_MS);

    assert_int_equal(links(sim, 0, 1), 1);
    assert_int_equal(links(sim, 0, 2), 1);
    sim_free(sim);
}

/* --- what it costs --- */

static uint32_t count_lines(struct sim *sim, const char *text)
{
    uint32_t count = 0;
    const char *at = sim_trace(sim);
    while ((at = strstr(at, text)) != NULL) {
        count++;
        at++;
    }
    return count;
}

/* Two who hear each other and can't call each other don't answer each other for ever. */
static void a_quiet_network_says_little(void **state)
{
    (void)state;
    struct sim_code code;
    struct sim *sim = a_network(51, 3, &code);
    sim_net_refuse(sim_net(sim), sim_place(sim, 1), sim_place(sim, 2));
    sim_net_refuse(sim_net(sim), sim_place(sim, 2), sim_place(sim, 1));
    sim_net_reset(sim_net(sim), sim_place(sim, 1), sim_place(sim, 2));
    sim_run(sim, 60000);
    uint64_t before[] = {sim_near_said(sim_near(sim), sim_place(sim, 0)),
                         sim_near_said(sim_near(sim), sim_place(sim, 1))};

    sim_run(sim, 600000);

    assert_in_range(sim_near_said(sim_near(sim), sim_place(sim, 0)) - before[0], 20, 40);
    assert_in_range(sim_near_said(sim_near(sim), sim_place(sim, 1)) - before[1], 20, 40);
    sim_free(sim);
}

struct thief {
    struct sim *sim;
    uint8_t bytes[PH_BEACON_LEN];
    uint32_t count;
};

static void record(void *impl, const char *host, struct ph_bytes bytes)
{
    struct thief *thief = impl;
    (void)host;
    memcpy(thief->bytes, bytes.data, PH_BEACON_LEN);
    thief->count++;
}

static void never(void *impl, ph_conn_id conn, const char *address)
{
    (void)impl;
    (void)conn;
    (void)address;
}

static uint32_t a_place(struct sim *sim)
{
    static const struct sim_party_ops ops = {.up = never};
    return sim_net_add(sim_net(sim), "alley", &ops, NULL);
}

static void say_from_everywhere(struct sim *sim, uint32_t place, struct ph_bytes bytes,
                                uint32_t first, uint32_t count)
{
    char host[32];
    for (uint32_t i = first; i < first + count; i++) {
        snprintf(host, sizeof host, "alley%u", i);
        sim_near_say(sim_near(sim), place, host, bytes);
    }
}

/* Who has no key can bring again what it heard, from wherever it likes. */
static void beacons_brought_again_cost_a_few_calls(void **state)
{
    (void)state;
    struct sim_code code;
    struct sim *sim = a_network(61, 2, &code);
    struct thief thief = {.sim = sim};
    uint32_t place = a_place(sim);
    sim_near_listen(sim_near(sim), place, record, &thief);
    while (thief.count == 0)
        sim_run(sim, 100);
    sim_stop(sim, 1); /* so that its key is not connected, and what was heard is worth a call */
    uint32_t dials = count_lines(sim, "0 < dial");
    uint64_t said = sim_near_said(sim_near(sim), sim_place(sim, 0));

    for (uint32_t second = 0; second < 100; second++) {
        say_from_everywhere(sim, place, ph_bytes(thief.bytes, sizeof thief.bytes), 50 * second, 50);
        sim_run(sim, 1000);
    }

    assert_in_range(count_lines(sim, "0 < dial") - dials, 4, 400); /* 4 a second; of 5,000 */
    assert_in_range(sim_near_said(sim_near(sim), sim_place(sim, 0)) - said, 3, 10);
    sim_start(sim, 1);
    sim_run(sim, 40000);
    assert_int_equal(links(sim, 0, 1), 1);
    sim_free(sim);
}

static struct ph_bytes forged(const struct ph_invitation *invitation, uint32_t number,
                              uint8_t out[PH_BEACON_LEN])
{
    struct ph_beacon beacon = {.port = SIM_PORT_NUMBER};
    struct ph_beacon_key key = ph_beacon_key(&invitation->network, &invitation->key);
    struct ph_beacon_nonce nonce = {{0}};
    ph_put_u32(beacon.transport.bytes, number);
    ph_put_u32(nonce.bytes, number);
    ph_beacon_write(&beacon, &key, &nonce, out);
    return ph_bytes(out, PH_BEACON_LEN);
}

/* A member with keys without end, each at an address of its own. Node 1 has node 2's address typed,
 * and is always heard itself. */
static void a_member_that_floods_keeps_nobody_apart(void **state)
{
    (void)state;
    struct sim_code code;
    struct ph_invitation invitation;
    char why[256];
    struct sim *sim = a_network(71, 3, &code);
    uint32_t place = a_place(sim);
    CHECK_OK(ph_invitation_read(ph_bytes_text(code.text), &invitation, why));
    sim_stop(sim, 1);
    sim_stop(sim, 2);
    sim_set_beacon(sim, 2, false);
    sim_keep_dialing(sim, 1, "node2:7410");
    sim_start(sim, 1);
    uint32_t dials = count_lines(sim, "1 < dial");

    for (uint32_t i = 0; i < 1200; i++) {
        uint8_t bytes[PH_BEACON_LEN];
        for (uint32_t k = 0; k < 10; k++)
            say_from_everywhere(sim, place, forged(&invitation, 10 * i + k, bytes), 10 * i + k, 1);
        sim_run(sim, 100);
        if (i == 600) {
            dials = count_lines(sim, "1 < dial");
            sim_start(sim, 2);
        }
    }

    assert_int_equal(links(sim, 1, 2), 1); /* typed */
    assert_in_range(count_lines(sim, "1 < dial") - dials, 1,
                    300); /* in a minute; 6,000 were named */
    sim_run(sim, 60000);
    assert_int_equal(links(sim, 0, 1), 1); /* heard */
    ph_invitation_wipe(&invitation);
    sim_free(sim);
}

static void noise_is_not_heard(void **state)
{
    (void)state;
    struct sim_code code;
    struct sim *sim = a_network(81, 2, &code);
    uint32_t place = a_place(sim), dials = count_lines(sim, "0 < dial");
    uint8_t bytes[PH_BEACON_LEN + 30] = {7};

    for (size_t len = 0; len < sizeof bytes; len++)
        sim_near_say(sim_near(sim), place, "alley", ph_bytes(bytes, len));
    sim_run(sim, 10000);

    assert_int_equal(count_lines(sim, "0 < dial"), dials);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(two_join_and_meet_by_beacon_alone),
           cmocka_unit_test(one_reachable_side_is_enough),
           cmocka_unit_test(who_comes_back_at_another_address_is_found_again),
           cmocka_unit_test(each_pair_has_one_connection_in_the_end),
           cmocka_unit_test(a_lost_connection_comes_back),
           cmocka_unit_test(a_copy_of_this_home_is_met_by_its_own_key),
           cmocka_unit_test(a_copy_that_only_others_can_call_is_called),
           cmocka_unit_test(a_quiet_network_says_little),
           cmocka_unit_test(beacons_brought_again_cost_a_few_calls),
           cmocka_unit_test(a_member_that_floods_keeps_nobody_apart),
           cmocka_unit_test(noise_is_not_heard))
