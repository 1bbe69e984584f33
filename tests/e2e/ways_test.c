/* Bad ways between real nodes: two schools without a way to each other, who both reach a host and
 * one more member; cables that are pulled, slow ones, lossy ones, and ones that let calls through
 * in one direction. However bad it is, the schools hold the same in the end. */
#include "tests/support/spaces.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTEN "[::]:7410"
#define PLANS 20
#define TITLE_LEN 180

/* HOST founds the network; LEFT and RIGHT have a cable to it and to OTHER each, none between. OTHER
 * has one to HOST to join by. */
enum { HOST, LEFT, RIGHT, OTHER, PLACES };

static struct space places[PLACES];
static struct process_school *schools;
static uint64_t chance = 1;

/* --- cables --- */

static const struct cable {
    int from, to; /* of places */
    const char *from_card, *to_card, *from_address, *to_address;
} cables[] = {
    {HOST, LEFT, "left", "host", "10.78.1.1/24", "10.78.1.2/24"},
    {HOST, RIGHT, "right", "host", "10.78.2.1/24", "10.78.2.2/24"},
    {OTHER, LEFT, "left", "other", "10.78.3.1/24", "10.78.3.2/24"},
    {OTHER, RIGHT, "right", "other", "10.78.4.1/24", "10.78.4.2/24"},
    {HOST, OTHER, "fourth", "host", "10.78.5.1/24", "10.78.5.2/24"},
};

static int make_network(void **state)
{
    (void)state;
    for (int i = 0; i < PLACES; i++)
        if (!space_make(&places[i]))
            return -1;
    for (size_t i = 0; i < sizeof cables / sizeof *cables; i++) {
        const struct cable *cable = &cables[i];
        if (!space_cable(&places[cable->from], cable->from_card, &places[cable->to],
                         cable->to_card))
            return -1;
        space_address(&places[cable->from], cable->from_card, cable->from_address);
        space_address(&places[cable->to], cable->to_card, cable->to_address);
    }
    return 0;
}

static int end_network(void **state)
{
    (void)state;
    for (int i = 0; i < PLACES; i++)
        space_end(&places[i]);
    return 0;
}

static void set_card(int place, const char *card, const char *up_or_down)
{
    space_do(&places[place], WORDS("ip", "link", "set", card, up_or_down));
}

/* --- schools --- */

static void switch_on(int school)
{
    space_serve(&places[school], &schools[school], LISTEN, WORDS(NULL));
}

static void switch_off(int school)
{
    assert_int_equal(process_end(&schools[school], SIGTERM, 5000), 0);
}

static void join(int school, const char *address)
{
    char name[2] = {(char)('A' + school), 0};
    char *code = process_text(&schools[HOST], WORDS("invite", "--uses", "1", "--address", address));
    process_do(&schools[school], WORDS("init", "--school", name));
    space_enter(&places[school]);
    json_t *answer = process_json(&schools[school], WORDS("join", code));
    space_leave();
    assert_string_equal(json_string_value(json_object_get(answer, "state")), "member");
    json_decref(answer);
    free(code);
    switch_on(school);
}

/* The host, and who joins it over its own cable. */
static void begin(void **state)
{
    schools = ((struct process_world *)*state)->schools;
    process_do(&schools[HOST], WORDS("init", "--school", "A"));
    process_do(&schools[HOST], WORDS("network", "new", "N"));
    switch_on(HOST);
    join(LEFT, "10.78.1.1:7410");
    join(RIGHT, "10.78.2.1:7410");
}

/* Letters that don't compress. */
static void write_plan(int school)
{
    char field[sizeof "title=" + TITLE_LEN] = "title=";
    for (size_t i = 6; i < sizeof field - 1; i++) {
        chance = chance * 6364136223846793005u + 1442695040888963407u;
        field[i] = (char)('!' + (chance >> 33) % 90);
    }
    process_do(&schools[school], WORDS("new", "plan", field));
}

static void write_plans(int school, int count)
{
    for (int i = 0; i < count; i++)
        write_plan(school);
}

static size_t count_plans(int school)
{
    json_t *answer = process_json(&schools[school], WORDS("list", "plan"));
    size_t count = json_array_size(json_object_get(answer, "rows"));
    json_decref(answer);
    return count;
}

static void await_equal(const char *story)
{
    uint64_t begin_ms = ph_child_now_ms(), now_ms = begin_ms;
    bool is_equal = process_are_equal(schools, PLACES);
    while (!is_equal && now_ms < begin_ms + PROCESS_PATIENCE_MS) {
        is_equal = process_are_equal(schools, PLACES);
        now_ms = ph_child_now_ms();
    }
    CHECK(is_equal);
    print_message("  %s: equal after %u.%u s\n", story, (unsigned)((now_ms - begin_ms) / 1000),
                  (unsigned)((now_ms - begin_ms) % 1000 / 100));
}

/* --- the stories --- */

static void entries_are_held_for_who_is_away(void **state)
{
    begin(state);
    write_plans(LEFT, 3);
    write_plans(RIGHT, 3);
    await_equal("through the host");
    assert_int_equal(count_plans(LEFT), 6);
    assert_int_equal(count_plans(RIGHT), 6);

    switch_off(RIGHT);
    write_plans(LEFT, 3);
    await_equal("one is away");
    switch_off(LEFT);
    switch_on(RIGHT);
    await_equal("it comes back, and who wrote is away");
    assert_int_equal(count_plans(RIGHT), 9);
}

static void a_cable_is_pulled_again_and_again(void **state)
{
    begin(state);
    for (int i = 0; i < 5; i++) {
        set_card(LEFT, "host", "down");
        write_plans(LEFT, 2);
        write_plans(RIGHT, 2);
        set_card(LEFT, "host", "up");
        write_plans(LEFT, 2);
    }
    await_equal("pulled five times");
    assert_int_equal(count_plans(RIGHT), 30);
}

/* Whoever can call does; that the others can't, and don't hear it, is in nobody's way. */
static void one_side_can_call(void **state)
{
    begin(state);
    space_do(&places[LEFT], WORDS("iptables", "-A", "INPUT", "-p", "tcp", "--syn", "-j", "DROP"));
    space_do(&places[LEFT], WORDS("iptables", "-A", "INPUT", "-p", "udp", "-j", "DROP"));
    switch_off(LEFT);
    switch_off(HOST);
    switch_on(HOST);
    switch_on(LEFT);
    write_plans(HOST, 3);
    write_plans(LEFT, 3);
    await_equal("one side can call");
    assert_int_equal(count_plans(LEFT), 6);
    space_do(&places[LEFT], WORDS("iptables", "-F"));
}

static void slow_down(int place, const char *card)
{
    space_do(&places[place], WORDS("tc", "qdisc", "add", "dev", card, "root", "tbf", "rate",
                                   "64kbit", "burst", "2kb", "latency", "500ms"));
}

static void a_way_is_slow(void **state)
{
    begin(state);
    switch_off(LEFT);
    write_plans(HOST, 4 * PLANS);
    slow_down(LEFT, "host");
    slow_down(HOST, "left");
    switch_on(LEFT);
    write_plans(LEFT, PLANS);
    await_equal("64 kbit/s");
    assert_int_equal(count_plans(LEFT), 5 * PLANS);
    assert_int_equal(count_plans(RIGHT), 5 * PLANS);
    space_do(&places[LEFT], WORDS("tc", "qdisc", "del", "dev", "host", "root"));
    space_do(&places[HOST], WORDS("tc", "qdisc", "del", "dev", "left", "root"));
}

static void every_fifth_packet_is_lost(void **state)
{
    begin(state);
    switch_off(LEFT);
    write_plans(HOST, PLANS);
    space_do(&places[LEFT], WORDS("iptables", "-A", "INPUT", "-m", "statistic", "--mode", "random",
                                  "--probability", "0.2", "-j", "DROP"));
    space_do(&places[LEFT], WORDS("iptables", "-A", "OUTPUT", "-m", "statistic", "--mode", "random",
                                  "--probability", "0.2", "-j", "DROP"));
    switch_on(LEFT);
    write_plans(LEFT, PLANS);
    await_equal("20 % lost, each way");
    assert_int_equal(count_plans(LEFT), 2 * PLANS);
    space_do(&places[LEFT], WORDS("iptables", "-F"));
}

/* Killed while they exchange; OTHER, whom both reach too, takes its part. */
static void the_host_drops_out(void **state)
{
    begin(state);
    join(OTHER, "10.78.5.1:7410");
    await_equal("another member");
    set_card(OTHER, "host", "down");

    write_plans(LEFT, PLANS);
    write_plans(RIGHT, PLANS);
    process_end(&schools[HOST], SIGKILL, 5000);
    write_plans(LEFT, 2);
    write_plans(RIGHT, 2);
    await_equal("the host is killed");
    assert_int_equal(count_plans(LEFT), 2 * PLANS + 4);
    assert_int_equal(count_plans(RIGHT), 2 * PLANS + 4);
    switch_on(HOST);
    await_equal("the host is back");
    assert_int_equal(count_plans(HOST), 2 * PLANS + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(entries_are_held_for_who_is_away),
        PROCESS_TEST(a_cable_is_pulled_again_and_again),
        PROCESS_TEST(one_side_can_call),
        PROCESS_TEST(a_way_is_slow),
        PROCESS_TEST(every_fifth_packet_is_lost),
        PROCESS_TEST(the_host_drops_out),
    };
    if (!spaces_begin())
        return SPACES_SKIPPED;
    return cmocka_run_group_tests(tests, make_network, end_network) != 0;
}
