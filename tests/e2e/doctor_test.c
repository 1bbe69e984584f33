/* `pharos doctor` at set-ups that are broken in one way each: it names the step that fails, and
 * says what to do. It prints what it says. The network is one of the test's own, with a
 * loopback. */
#include "tests/support/spaces.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A founds the network and serves; B is a member. */
static void make_two(struct process_world *world)
{
    process_found(&world->schools[0]);
    process_serve(&world->schools[0], WORDS(NULL));
    process_join(&world->schools[1], &world->schools[0]);
}

/* --- what it says --- */

static void check_said(const struct process_school *school, const char *whom, const char *part)
{
    char *text = process_text(school, WORDS("doctor", whom));
    print_message("$ pharos doctor %s\n%s\n\n", whom, text);
    CHECK(strstr(text, part) != NULL);
    free(text);
}

static void print_examined(const struct process_school *school, const char *whom)
{
    check_said(school, whom, "what to do: ");
}

static const char *result_of(const json_t *way, const char *name)
{
    json_t *step;
    size_t i;
    json_array_foreach(json_object_get(way, "steps"), i, step)
    {
        if (strcmp(json_string_value(json_object_get(step, "step")), name) == 0)
            return json_string_value(json_object_get(step, "result"));
    }
    return "";
}

static size_t count_results(const json_t *way, const char *result)
{
    json_t *step;
    size_t i, count = 0;
    json_array_foreach(json_object_get(way, "steps"), i, step) count +=
        strcmp(json_string_value(json_object_get(step, "result")), result) == 0;
    return count;
}

/* Of the first way: that step fails and no other, and the advice has those words in it. */
static void check_fails_at_once(const struct process_school *school, const char *whom,
                                const char *step, const char *advice)
{
    json_t *report = process_json(school, WORDS("doctor", whom));
    const json_t *way = json_array_get(json_object_get(report, "ways"), 0);
    const char *said = json_string_value(json_object_get(way, "advice"));
    said = said == NULL ? "" : said;
    if (strstr(said, advice) == NULL || strcmp(result_of(way, step), "FAILS") != 0)
        print_error("%s\n", json_dumps(report, JSON_INDENT(1)));
    assert_string_equal(result_of(way, step), "FAILS");
    assert_int_equal(count_results(way, "FAILS"), 1);
    CHECK(strstr(said, advice) != NULL);
    CHECK(strstr(said, "switch off") == NULL && strstr(said, "disable") == NULL);
    json_decref(report);
}

/* The same, and it is printed: asked a second time. */
static void check_fails_at(const struct process_school *school, const char *whom, const char *step,
                           const char *advice)
{
    check_fails_at_once(school, whom, step, advice);
    print_examined(school, whom);
}

/* --- the set-ups --- */

static void a_good_way_is_well(void **state)
{
    struct process_world *world = *state;
    make_two(world);
    json_t *report = process_json(&world->schools[1], WORDS("doctor", world->schools[0].address));
    const json_t *way = json_array_get(json_object_get(report, "ways"), 0);
    CHECK(json_is_true(json_object_get(way, "well")));
    assert_int_equal(count_results(way, "ok"), 7);
    json_decref(report);
    print_examined(&world->schools[1], world->schools[0].address);

    print_examined(&world->schools[1], "A"); /* by its name: the address of the invitation */
}

static void no_such_name(void **state)
{
    struct process_world *world = *state;
    process_found(&world->schools[0]);
    check_fails_at(&world->schools[0], "no-such-school.invalid:7410", "name", "as numbers");
}

static void no_way_there(void **state)
{
    struct process_world *world = *state;
    process_found(&world->schools[0]);
    check_fails_at(&world->schools[0], "10.99.0.1:7410", "route", "cable or Wi-Fi");
}

static void nothing_listens(void **state)
{
    struct process_world *world = *state;
    char address[300];
    make_two(world);
    memcpy(address, world->schools[0].address, sizeof address);
    assert_int_equal(process_end(&world->schools[0], SIGTERM, 5000), 0);
    check_fails_at(&world->schools[1], address, "port", "«pharos serve»");
}

static void a_firewall_drops_calls(void **state)
{
    struct process_world *world = *state;
    make_two(world);
    const char *port = strrchr(world->schools[0].address, ':') + 1;
    CHECK(space_run(WORDS("iptables", "-A", "INPUT", "-p", "tcp", "--dport", port, "-j", "DROP")));
    /* Once, since it takes as long as a call may: the advice names the port. */
    char advice[200];
    snprintf(advice, sizeof advice,
             "let its firewall allow the program pharos to be called at TCP port %s", port);
    check_said(&world->schools[1], world->schools[0].address, advice);
    CHECK(space_run(WORDS("iptables", "-F")));
}

/* --- somebody else at the port --- */

struct other {
    int listener;
    pthread_t thread;
    char address[64];
};

/* It greets twice, as other programs do. */
static void *greet(void *impl)
{
    static const char banner[] = "220 mail.example ready\r\n";
    struct other *other = impl;
    for (int i = 0; i < 2; i++) {
        int caller = accept(other->listener, NULL, NULL);
        ssize_t sent = send(caller, banner, sizeof banner - 1, MSG_NOSIGNAL);
        char byte;
        while (sent > 0 && recv(caller, &byte, 1, 0) > 0)
            ;
        close(caller);
    }
    return NULL;
}

static void listen_as_other(struct other *other)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    other->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(other->listener, (struct sockaddr *)&at, sizeof at) == 0);
    CHECK(listen(other->listener, 4) == 0);
    CHECK(getsockname(other->listener, (struct sockaddr *)&at, &size) == 0);
    snprintf(other->address, sizeof other->address, "127.0.0.1:%u", ntohs(at.sin_port));
}

static void another_program_answers(void **state)
{
    struct process_world *world = *state;
    struct other other;
    process_found(&world->schools[0]);
    listen_as_other(&other);
    CHECK(pthread_create(&other.thread, NULL, greet, &other) == 0);
    check_fails_at(&world->schools[0], other.address, "network", "another port");
    pthread_join(other.thread, NULL);
    close(other.listener);
}

static void another_program_says_nothing(void **state)
{
    struct process_world *world = *state;
    struct other other;
    process_found(&world->schools[0]);
    listen_as_other(&other);
    check_fails_at(&world->schools[0], other.address, "network", "another program");
    close(other.listener);
}

static void another_network_answers(void **state)
{
    struct process_world *world = *state;
    process_found(&world->schools[0]);
    process_serve(&world->schools[0], WORDS(NULL));
    process_found(&world->schools[1]);
    check_fails_at(&world->schools[1], world->schools[0].address, "network", "another network");
}

/* --- who is no member --- */

/* C has an invitation, and asks B, who can't admit it. */
static void an_unknown_school(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1], *c = &world->schools[2];
    struct process_outcome outcome;
    make_two(world);
    process_serve(b, WORDS(NULL));
    char *code = process_text(a, WORDS("invite"));
    assert_int_equal(process_end(a, SIGTERM, 5000), 0);
    process_do(c, WORDS("init", "--school", "C"));
    process_run(c, WORDS("join", "-"), code, &outcome);
    process_free(&outcome);
    free(code);
    check_fails_at(c, b->address, "member", "ask there for an invitation");
}

static void vote(const struct process_school *school, const struct process_school *at,
                 const char *what, const char *whom)
{
    process_do(school, WORDS("sync", at->address));
    process_do(school, WORDS("member", what, whom));
    process_do(school, WORDS("sync", at->address));
}

/* A, B and C vote, and remove D, who hasn't heard of it. From both sides. */
static void a_removed_school(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1], *d = &world->schools[3];
    make_two(world);
    process_join(&world->schools[2], a);
    process_join(d, a);
    process_do(a, WORDS("member", "confirm", "B"));
    process_do(a, WORDS("member", "confirm", "C"));
    vote(b, a, "confirm", "C");
    process_do(a, WORDS("member", "remove", "D"));
    vote(b, a, "remove", "D");

    check_fails_at_once(d, a->address, "member", "member restore");
    process_refused(d, WORDS("doctor", a->address), "not in the network any more");
    json_t *report = process_json(a, WORDS("doctor", "D"));
    CHECK(strstr(json_string_value(json_object_get(report, "advice")), "member restore") != NULL);
    json_decref(report);
    print_examined(a, "D");
}

/* By its name, from a node that serves. */
static void a_school_that_is_connected(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    make_two(world);
    process_serve(b, WORDS("--peer", a->address));
    process_do(b, WORDS("doctor", a->address));
    json_t *report = process_json(b, WORDS("doctor", "A"));
    assert_string_equal(json_string_value(json_object_get(report, "connected")), a->address);
    json_decref(report);
    print_examined(b, "A");
    print_examined(a, "B"); /* who called: its address is not known */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(a_good_way_is_well),
        PROCESS_TEST(no_such_name),
        PROCESS_TEST(no_way_there),
        PROCESS_TEST(nothing_listens),
        PROCESS_TEST(a_firewall_drops_calls),
        PROCESS_TEST(another_program_answers),
        PROCESS_TEST(another_program_says_nothing),
        PROCESS_TEST(another_network_answers),
        PROCESS_TEST(an_unknown_school),
        PROCESS_TEST(a_removed_school),
        PROCESS_TEST(a_school_that_is_connected),
    };
    if (!spaces_begin())
        return SPACES_SKIPPED;
    CHECK(space_run(WORDS("ip", "link", "set", "lo", "up")));
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
