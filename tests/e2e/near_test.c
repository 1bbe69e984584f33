/* Real nodes that know no address of each other, on a network of their own: a bridge, and a network
 * namespace for each, which go away with their processes. Where that isn't allowed the test says so
 * and ends with exit code 77. */
#define _GNU_SOURCE

#include "tests/support/process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define LISTEN "[::]:7410"

/* A process that does nothing but keep a namespace alive. */
struct place {
    pid_t keeper;
    int space; /* the namespace, as a file */
};

static int hub = -1; /* where the bridge is */
static struct place places[2];

static bool ip(const char *const *words)
{
    const char *arguments[20] = {"env", "ip"};
    struct ph_child_spec spec = {
        .program = "/usr/bin/env", .arguments = arguments, .err = STDERR_FILENO};
    struct ph_child child;
    for (size_t i = 0; i < 17 && words[i] != NULL; i++)
        arguments[2 + i] = words[i];
    return ph_child_start(&spec, &child) == PH_OK &&
           ph_child_wait(&child, ph_child_now_ms() + PROCESS_PATIENCE_MS) == 0;
}

static void enter(int space)
{
    assert_int_equal(setns(space, CLONE_NEWNET), 0);
}

static int space_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static _Noreturn void keep_place(int ready)
{
    bool is_made = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && unshare(CLONE_NEWNET) == 0;
    if (!is_made || write(ready, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static bool make_place(struct place *place)
{
    int ends[2];
    char byte;
    if (pipe(ends) != 0)
        return false;
    place->keeper = fork();
    if (place->keeper == 0)
        keep_place(ends[1]);
    close(ends[1]);
    bool is_made = place->keeper > 0 && read(ends[0], &byte, 1) == 1;
    close(ends[0]);
    place->space = is_made ? space_of(place->keeper) : -1;
    return place->space >= 0;
}

/* A cable from the place to the bridge. */
static bool connect_place(struct place *place, int number)
{
    char here[16], there[16], pid[16];
    snprintf(here, sizeof here, "port%d", number);
    snprintf(there, sizeof there, "card%d", number);
    snprintf(pid, sizeof pid, "%d", (int)place->keeper);
    return ip(WORDS("link", "add", here, "type", "veth", "peer", "name", there)) &&
           ip(WORDS("link", "set", there, "netns", pid)) &&
           ip(WORDS("link", "set", here, "master", "bridge0")) &&
           ip(WORDS("link", "set", here, "up"));
}

/* With addresses of IPv4, of the link alone, or both. */
static void set_up(int number, bool has_v4, bool has_v6)
{
    char card[16], v4[32], v6[32];
    snprintf(card, sizeof card, "card%d", number);
    snprintf(v4, sizeof v4, "10.77.0.%d/24", number + 1);
    snprintf(v6, sizeof v6, "fe80::77:%d/64", number + 1);
    enter(places[number].space);
    CHECK(ip(WORDS("link", "set", card, "down")));
    CHECK(ip(WORDS("link", "set", card, "addrgenmode", "none")));
    CHECK(ip(WORDS("link", "set", "lo", "up")));
    CHECK(ip(WORDS("addr", "flush", "dev", card)));
    CHECK(ip(WORDS("link", "set", card, "up")));
    if (has_v4)
        CHECK(ip(WORDS("addr", "add", v4, "broadcast", "+", "dev", card)));
    if (has_v6) /* at once, without asking whether somebody else has it */
        CHECK(ip(WORDS("addr", "add", v6, "dev", card, "nodad")));
    enter(hub);
}

static void serve_in(struct process_school *school, int number, const char *const *words)
{
    enter(places[number].space);
    process_serve_at(school, LISTEN, words);
    enter(hub);
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

static void must_join_and_sync(struct process_world *world, int second)
{
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    char *code = found_and_invite(a);
    serve_in(a, 0, WORDS(NULL));
    begin_to_join(b, code);
    if (second == 1) {
        serve_in(b, 1, WORDS(NULL));
    } else { /* on the same machine */
        enter(places[0].space);
        process_serve_at(b, "[::]:7411", WORDS(NULL));
        enter(hub);
    }

    await_peers(b, 1);
    process_do(b, WORDS("new", "plan", "title=Nearby"));
    process_await_title(a, "plan", "Nearby");
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

    enter(places[1].space);
    CHECK(ip(WORDS("addr", "flush", "dev", "card1")));
    CHECK(ip(WORDS("addr", "add", "10.77.0.99/24", "broadcast", "+", "dev", "card1")));
    enter(hub);
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
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!make_place(&places[i]) || !connect_place(&places[i], (int)i))
            return -1;
    return 0;
}

static int end_network(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i].keeper <= 0)
            continue;
        kill(places[i].keeper, SIGKILL);
        waitpid(places[i].keeper, NULL, 0);
        close(places[i].space);
    }
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
    bool is_allowed = unshare(CLONE_NEWNET) == 0 &&
                      ip(WORDS("link", "add", "bridge0", "type", "bridge")) &&
                      ip(WORDS("link", "set", "bridge0", "up"));
    if (!is_allowed) {
        printf("skipped: a network of its own is not allowed here, or there is no bridge\n");
        return SKIPPED;
    }
    hub = space_of(getpid());
    return cmocka_run_group_tests(tests, make_network, end_network) != 0;
}
