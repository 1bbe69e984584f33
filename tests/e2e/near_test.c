/* Real nodes that know no address of each other, on a network of their own: a bridge, and a network
 * namespace for each, which go away with their processes. Where that isn't allowed the test says so
 * and ends with exit code 77. */
#include "tests/support/spaces.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTEN "[::]:7410"

static struct space places[2];

static bool ip(const char *const *words)
{
    const char *all[20] = {"ip"};
    for (size_t i = 0; i < 18 && words[i] != NULL; i++)
        all[1 + i] = words[i];
    return space_run(all);
}

/* With addresses of IPv4, of the link alone, or both. */
static void set_up(int number, bool has_v4, bool has_v6)
{
    char card[16], v4[32], v6[32];
    snprintf(card, sizeof card, "card%d", number);
    snprintf(v4, sizeof v4, "10.77.0.%d/24", number + 1);
    snprintf(v6, sizeof v6, "fe80::77:%d/64", number + 1);
    space_enter(&places[number]);
    CHECK(ip(WORDS("link", "set", card, "down")));
    CHECK(ip(WORDS("link", "set", card, "addrgenmode", "none")));
    CHECK(ip(WORDS("link", "set", "lo", "up")));
    CHECK(ip(WORDS("addr", "flush", "dev", card)));
    CHECK(ip(WORDS("link", "set", card, "up")));
    if (has_v4)
        CHECK(ip(WORDS("addr", "add", v4, "broadcast", "+", "dev", card)));
    if (has_v6) /* at once, without asking whether somebody else has it */
        CHECK(ip(WORDS("addr", "add", v6, "dev", card, "nodad")));
    space_leave();
}

static void serve_in(struct process_school *school, int number, const char *const *words)
{
    space_serve(&places[number], school, LISTEN, words);
}

/* The code holds no address: nobody listens when it is made. */
static char *found_and_invite(struct process_school *founder)
{
    process_found(founder);
    return process_text(founder, WORDS("invite"));
}

static void begin_to_join(struct process_school *school, char *code)
{
    struct process_outcome outcome;
    process_do(school, WORDS("init", "--school", "B"));
    process_run(school, WORDS("join", "-"), code, &outcome);
    CHECK(outcome.out.text != NULL && strstr(outcome.out.text, "no address") != NULL);
    process_free(&outcome);
    free(code);
}

static json_t *peers_of(const struct process_school *school, json_t **status)
{
    *status = process_json(school, WORDS("status"));
    return json_object_get(*status, "peers");
}

static size_t count_peers(const struct process_school *school)
{
    json_t *status;
    size_t count = json_array_size(peers_of(school, &status));
    json_decref(status);
    return count;
}

static void await_peers(const struct process_school *school, size_t count)
{
    uint64_t deadline_ms = ph_child_now_ms() + PROCESS_PATIENCE_MS;
    while (count_peers(school) != count && ph_child_now_ms() < deadline_ms)
        ;
    assert_int_equal(count_peers(school), count);
}

/* Whether a school's record, of that name, has the address. */
static bool shows(const struct process_school *school, const char *name, const char *address)
{
    bool is_there = false;
    json_t *answer = process_json(school, WORDS("list", "school")), *row;
    size_t i;
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "title")), name) != 0)
            continue;
        char *card =
            process_text(school, WORDS("show", json_string_value(json_object_get(row, "id"))));
        is_there = strstr(card, address) != NULL;
        free(card);
    }
    json_decref(answer);
    return is_there;
}

static void await_address(const struct process_school *school, const char *name,
                          const char *address)
{
    uint64_t deadline_ms = ph_child_now_ms() + PROCESS_PATIENCE_MS;
    while (!shows(school, name, address) && ph_child_now_ms() < deadline_ms)
        ;
    CHECK(shows(school, name, address));
}

/* What is said to who asks why two schools don't find each other: whether it was heard. */
static bool is_heard(const struct process_school *school, const char *whom)
{
    json_t *report = process_json(school, WORDS("doctor", whom));
    const char *beacon = json_string_value(json_object_get(report, "beacon"));
    bool is_so = strcmp(beacon, "heard") == 0;
    CHECK(json_string_length(json_object_get(report, "connected")) != 0);
    json_decref(report);
    return is_so;
}

static void must_join_and_sync(struct process_world *world, int second)
{
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    char *code = found_and_invite(a);
    serve_in(a, 0, WORDS(NULL));
    begin_to_join(b, code);
    if (second == 1) {
        serve_in(b, 1, WORDS(NULL));
    } else { /* on the same machine */
        space_enter(&places[0]);
        process_serve_at(b, "[::]:7411", WORDS(NULL));
        space_leave();
    }

    await_peers(b, 1);
    process_do(b, WORDS("new", "plan", "title=Nearby"));
    process_await_title(a, "plan", "Nearby");
    CHECK(is_heard(b, "A") || is_heard(a, "B")); /* one of them has called, and needn't hear more */
    assert_int_equal(process_end(b, SIGTERM, 5000), 0);
    assert_int_equal(process_end(a, SIGTERM, 5000), 0);
}

static void schools_near_join_and_sync_without_an_address(void **state)
{
    set_up(0, true, true);
    set_up(1, true, true);
    must_join_and_sync(*state, 1);
}

static void broadcast_alone_is_enough(void **state)
{
    set_up(0, true, false);
    set_up(1, true, false);
    must_join_and_sync(*state, 1);
}

static void addresses_of_the_link_alone_are_enough(void **state)
{
    set_up(0, false, true);
    set_up(1, false, true);
    must_join_and_sync(*state, 1);
}

static void two_nodes_of_one_machine_find_each_other(void **state)
{
    set_up(0, true, true);
    must_join_and_sync(*state, 0);
}

/* A cable that is pulled; then the school comes back at another address. */
static void a_school_that_moved_is_found_again(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    set_up(0, true, false);
    set_up(1, true, false);
    char *code = found_and_invite(a);
    serve_in(a, 0, WORDS(NULL));
    begin_to_join(b, code);
    serve_in(b, 1, WORDS(NULL));
    await_peers(b, 1);
    assert_int_equal(process_end(b, SIGTERM, 5000), 0);

    space_enter(&places[1]);
    CHECK(ip(WORDS("addr", "flush", "dev", "card1")));
    CHECK(ip(WORDS("addr", "add", "10.77.0.99/24", "broadcast", "+", "dev", "card1")));
    space_leave();
    serve_in(b, 1, WORDS(NULL));
    process_do(b, WORDS("new", "plan", "title=Moved"));

    process_await_title(a, "plan", "Moved");
    await_peers(a, 1);
}

static void who_is_told_to_be_quiet_is_not_found(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    set_up(0, true, true);
    set_up(1, true, true);
    char *code = found_and_invite(a);
    serve_in(a, 0, WORDS("--beacon", "off"));
    begin_to_join(b, code);
    serve_in(b, 1, WORDS(NULL));

    /* Something to wait for that comes later than a beacon would. */
    for (int i = 0; i < 20; i++)
        process_do(a, WORDS("new", "plan", "title=x"));

    assert_int_equal(count_peers(a), 0);
}

/* Silent to those near; but one has the other's address, and that one learns the first one's. */
static void a_node_publishes_where_it_can_be_called(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    set_up(0, true, false);
    set_up(1, true, false);
    char *code = found_and_invite(a);
    serve_in(a, 0, WORDS("--beacon", "off", "--address", "school.example:99"));
    begin_to_join(b, code);
    serve_in(b, 1, WORDS("--beacon", "off", "--peer", "10.77.0.1:7410"));
    await_peers(b, 1);

    await_address(b, "A", "10.77.0.1:7410");
    await_address(b, "A", "school.example:99");
    await_address(a, "B", "10.77.0.2:7410");
}

static int make_network(void **state)
{
    static const char *const cards[] = {"card0", "card1"};
    (void)state;
    for (int i = 0; i < 2; i++)
        if (!space_make(&places[i]) || !space_connect(&places[i], i, cards[i]))
            return -1;
    return 0;
}

static int end_network(void **state)
{
    (void)state;
    space_end(&places[0]);
    space_end(&places[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(schools_near_join_and_sync_without_an_address),
        PROCESS_TEST(broadcast_alone_is_enough),
        PROCESS_TEST(addresses_of_the_link_alone_are_enough),
        PROCESS_TEST(two_nodes_of_one_machine_find_each_other),
        PROCESS_TEST(a_school_that_moved_is_found_again),
        PROCESS_TEST(who_is_told_to_be_quiet_is_not_found),
        PROCESS_TEST(a_node_publishes_where_it_can_be_called),
    };
    if (!spaces_begin())
        return SPACES_SKIPPED;
    return cmocka_run_group_tests(tests, make_network, end_network) != 0;
}
