/* Two terms in the life of a network, with real processes: eleven schools, each in a network
 * namespace of its own with a cable to one bridge. The host hands over and is switched off, the
 * next one burns down and a deputy takes over; a school is removed and keeps writing, and what it
 * writes comes in by a member that hasn't heard of that; one school can call but not be called. At
 * the end all members hold the same, and nothing of the removed school past the cut is shown.
 *
 * Prints a line a step. */
#include "tests/support/spaces.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHOOLS 11
#define MEMBERS (SCHOOLS - 1) /* at the end */
#define LISTEN "[::]:7410"
#define CARD "card"

/* Letters, as the schools are called. A to E vote. */
enum { A, B, C, D, E, F, J = 9, K = 10 };

static struct space places[SCHOOLS];
static struct process_school *schools;
static uint64_t begin_ms;

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    va_list arguments;
    uint64_t ms = ph_child_now_ms() - begin_ms;
    printf("%3u.%u s  ", (unsigned)(ms / 1000), (unsigned)(ms % 1000 / 100));
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

/* --- schools --- */

static const char *name_of(int school)
{
    return strrchr(schools[school].home, '/') + 1;
}

static bool is_on(int school)
{
    return schools[school].serve.pid > 0;
}

static void switch_on(int school)
{
    space_serve(&places[school], &schools[school], LISTEN, WORDS(NULL));
}

static void switch_off(int school)
{
    assert_int_equal(process_end(&schools[school], SIGTERM, 5000), 0);
}

static void write_plan(int school, const char *title)
{
    char field[100];
    snprintf(field, sizeof field, "title=%s", title);
    process_do(&schools[school], WORDS("new", "plan", field));
}

/* Its cable is plugged into that bridge, "bridge0" being the one of all. */
static void plug_into(int school, const char *bridge)
{
    char port[16];
    snprintf(port, sizeof port, "port%d", school);
    CHECK(space_run(WORDS("ip", "link", "set", port, "master", bridge)));
}

/* --- questions --- */

static bool is_host(int host, int at)
{
    json_t *answer = process_json(&schools[at], WORDS("host", "list"));
    const char *name = json_string_value(json_object_get(json_object_get(answer, "host"), "name"));
    bool is_so = name != NULL && strcmp(name, name_of(host)) == 0;
    json_decref(answer);
    return is_so;
}

static bool is_so_of_member(int school, int at, const char *what)
{
    json_t *answer = process_json(&schools[at], WORDS("member", "list")), *row;
    bool is_so = false;
    size_t i;
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "name")), name_of(school)) == 0)
            is_so = json_is_true(json_object_get(row, what));
    }
    json_decref(answer);
    return is_so;
}

static bool votes(int school, int at)
{
    return is_so_of_member(school, at, "voter");
}

static bool is_removed(int school, int at)
{
    return is_so_of_member(school, at, "removed");
}

static bool has_peer(int school, int at)
{
    json_t *status = process_json(&schools[at], WORDS("status")), *peer;
    bool is_there = false;
    size_t i;
    json_array_foreach(json_object_get(status, "peers"), i, peer)
    {
        if (strcmp(json_string_value(json_object_get(peer, "name")), name_of(school)) == 0)
            is_there = true;
    }
    json_decref(status);
    return is_there;
}

static bool is_no_peer(int school, int at)
{
    return !has_peer(school, at);
}

static bool has_failed_with(int at, const char *part)
{
    json_t *status = process_json(&schools[at], WORDS("status")), *address;
    bool is_so = false;
    size_t i;
    json_array_foreach(json_object_get(status, "addresses"), i, address)
    {
        const char *failure = json_string_value(json_object_get(address, "failure"));
        is_so = is_so || strstr(failure, part) != NULL;
    }
    json_decref(status);
    return is_so;
}

static void await_everywhere(int school, bool (*is_so)(int school, int at))
{
    uint64_t deadline_ms = ph_child_now_ms() + PROCESS_PATIENCE_MS;
    for (int at = 0; at < SCHOOLS; at++) {
        if (!is_on(at) || at == K)
            continue;
        while (!is_so(school, at) && ph_child_now_ms() < deadline_ms)
            ;
        CHECK(is_so(school, at));
    }
}

static void await_equal(int first, int last)
{
    uint64_t deadline_ms = ph_child_now_ms() + PROCESS_PATIENCE_MS;
    bool is_equal = process_are_equal(
        &schools[first],
        (size_t)(last - first + 1)); /* not for ever: they write where they can be called */
    while (!is_equal && ph_child_now_ms() < deadline_ms)
        is_equal = process_are_equal(&schools[first], (size_t)(last - first + 1));
    CHECK(is_equal);
}

/* --- the story --- */

static void all_join(void)
{
    process_do(&schools[A], WORDS("init", "--school", "A"));
    process_do(&schools[A], WORDS("network", "new", "Lighthouse Giza"));
    switch_on(A);
    char *code =
        process_text(&schools[A], WORDS("invite", "--uses", "10", "--address", "10.77.0.1:7410"));
    for (int i = B; i < SCHOOLS; i++) {
        process_do(&schools[i], WORDS("init", "--school", name_of(i)));
        space_enter(&places[i]);
        json_t *answer = process_json(&schools[i], WORDS("join", code));
        space_leave();
        assert_string_equal(json_string_value(json_object_get(answer, "state")), "member");
        json_decref(answer);
        switch_on(i);
    }
    free(code);
    await_equal(A, K);
    tell("A founds the network, B to K join by one invitation: all 11 equal");
}

static void five_vote(void)
{
    for (int whom = B; whom <= E; whom++) {
        for (int by = A; by < whom && !votes(whom, A); by++) {
            process_do(&schools[by], WORDS("member", "confirm", name_of(whom)));
            await_equal(A, E);
        }
        await_everywhere(whom, votes);
    }
    tell("A to E are confirmed and vote; everybody sees it");
}

static void propose(int by, int whom, const char *from, const char *to)
{
    process_do(&schools[by], WORDS("host", "propose", name_of(whom), "--deputy", "D", "--deputy",
                                   "E", "--from", from, "--to", to));
    await_equal(A, K);
    process_do(&schools[whom], WORDS("host", "accept"));
    await_equal(A, K);
}

static void terms_are_arranged(void)
{
    propose(A, B, "2026-09-01", "2027-01-31");
    propose(F, C, "2027-02-01", "2027-06-30");
    await_everywhere(A, is_host);
    tell("two terms are proposed and accepted: B, then C, with D and E as deputies; A is host");
}

static void first_term_begins(void)
{
    process_do(&schools[A], WORDS("host", "handover"));
    await_everywhere(B, is_host);
    await_equal(A, K);
    switch_off(A);
    tell("A hands over, B is host everywhere; the old host is switched off");
}

static void all_write(void)
{
    for (int i = B; i < SCHOOLS; i++) {
        char title[20];
        snprintf(title, sizeof title, "plan of %s", name_of(i));
        write_plan(i, title);
    }
    await_equal(B, K);
    for (int at = B; at < SCHOOLS; at++) {
        CHECK(process_lists(&schools[at], "plan", "plan of J"));
        CHECK(process_lists(&schools[at], "plan", "plan of K"));
    }
    tell("B to K write a plan each, the old host still off: all 10 equal");
}

static void one_cannot_be_called(void)
{
    CHECK(has_peer(J, B) || has_peer(J, C) || has_peer(J, D) || has_peer(J, E) || has_peer(J, F));
    space_enter(&places[B]);
    bool is_reached = space_run(
        WORDS("timeout", "2", "bash", "-c", "exec 2>/dev/null 3<>/dev/tcp/10.77.0.10/7410"));
    space_leave();
    CHECK(!is_reached);
    tell("J can call others and nobody can call it: equal all the same");
}

/* K has its cable pulled, so that it hasn't heard of it. */
static void one_is_removed(void)
{
    plug_into(K, "bridge1");
    for (int by = B; by <= D; by++) {
        process_do(&schools[by], WORDS("member", "remove", "K"));
        await_equal(B, J);
    }
    await_everywhere(K, is_removed);
    write_plan(K, "past the cut");
    tell("K is cut off; B, C and D vote to remove it: done, with 3 of 5; K writes on");
}

static void the_host_is_gone(void)
{
    process_end(&schools[B], SIGKILL, 5000);
    process_do(&schools[D], WORDS("host", "take"));
    await_equal(C, J);
    process_do(&schools[C], WORDS("host", "take", "D"));
    await_equal(C, J);
    CHECK(is_host(B, C));
    process_do(&schools[E], WORDS("host", "take", "D"));
    await_everywhere(D, is_host);
    tell("the host B is killed; its deputy D asks to take over, C and E agree: D is host");
}

static void second_term_begins(void)
{
    process_do(&schools[D], WORDS("host", "handover"));
    await_everywhere(C, is_host);
    tell("D hands over, the second term begins: C is host everywhere");
}

/* A knows nothing of the removal: it takes what K wrote since, and carries it home. */
static void what_is_past_the_cut_comes_in(void)
{
    plug_into(A, "bridge1");
    switch_on(A);
    process_await_title(&schools[A], "plan", "past the cut");
    switch_off(A);
    tell("A, who hasn't heard of it, meets K alone and takes what K has written since");

    plug_into(A, "bridge0");
    switch_on(A);
    switch_on(B);
    await_equal(A, J);
    await_everywhere(K, is_removed);
    await_everywhere(C, is_host);
    tell("A and B come back: the 10 members equal, C host and K removed for all");
}

static void nothing_past_the_cut_is_shown(void)
{
    for (int at = A; at <= J; at++) {
        CHECK(!process_lists(&schools[at], "plan", "past the cut"));
        CHECK(process_lists(&schools[at], "plan", "plan of K"));
    }
    tell("what K wrote past the cut is shown by nobody; what it wrote before, by all");
}

/* It calls all that it knows; it is told why it is shut out. */
static void the_removed_one_comes_back(void)
{
    switch_off(K);
    plug_into(K, "bridge0");
    switch_on(K);
    uint64_t deadline_ms = ph_child_now_ms() + PROCESS_PATIENCE_MS;
    while (!has_failed_with(K, "shut out") && ph_child_now_ms() < deadline_ms)
        ;
    CHECK(has_failed_with(K, "shut out"));
    process_refused(&schools[K], WORDS("new", "plan", "title=past the cut, again"),
                    "not in the network any more");
    tell("K comes back and calls all: they tell it why they don't talk to it, and by then its own "
         "PC writes no more");
}

static void ends_well(void)
{
    write_plan(A, "the last word");
    write_plan(J, "the last word of J");
    await_equal(A, J);
    await_everywhere(K, is_no_peer);
    for (int at = A; at <= J; at++) {
        CHECK(process_lists(&schools[at], "plan", "the last word of J"));
        CHECK(!process_lists(&schools[at], "plan", "past the cut"));
        process_do(&schools[at], WORDS("verify"));
    }
    CHECK(!process_lists(&schools[K], "plan", "the last word"));
    tell("at the end: 10 members equal and verified, none connected to K, nothing of it past the "
         "cut shown, and nothing new at K");
}

static void two_terms_a_removal_and_a_deputy(void **state)
{
    schools = ((struct process_world *)*state)->schools;
    begin_ms = ph_child_now_ms();
    all_join();
    five_vote();
    terms_are_arranged();
    first_term_begins();
    all_write();
    one_cannot_be_called();
    one_is_removed();
    the_host_is_gone();
    second_term_begins();
    what_is_past_the_cut_comes_in();
    nothing_past_the_cut_is_shown();
    the_removed_one_comes_back();
    ends_well();
    for (int at = 0; at < SCHOOLS; at++)
        switch_off(at);
}

/* --- the network --- */

/* J lets nobody in: as behind a router. It isn't heard, and hears nobody. */
static void block(const struct space *space)
{
    space_do(space, WORDS("iptables", "-A", "INPUT", "-p", "tcp", "--syn", "-j", "DROP"));
    space_do(space, WORDS("iptables", "-A", "INPUT", "-p", "udp", "-j", "DROP"));
    space_do(space, WORDS("ip6tables", "-A", "INPUT", "-j", "DROP"));
}

static int make_network(void **state)
{
    (void)state;
    if (!space_run(WORDS("ip", "link", "add", "bridge1", "type", "bridge")) ||
        !space_run(WORDS("ip", "link", "set", "bridge1", "up")))
        return -1;
    for (int i = 0; i < SCHOOLS; i++) {
        char address[32];
        snprintf(address, sizeof address, "10.77.0.%d/24", i + 1);
        if (!space_make(&places[i]) || !space_connect(&places[i], i, CARD))
            return -1;
        space_address(&places[i], CARD, address);
    }
    block(&places[J]);
    return 0;
}

static int end_network(void **state)
{
    (void)state;
    for (int i = 0; i < SCHOOLS; i++)
        space_end(&places[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {PROCESS_TEST(two_terms_a_removal_and_a_deputy)};
    if (!spaces_begin())
        return SPACES_SKIPPED;
    return cmocka_run_group_tests(tests, make_network, end_network) != 0;
}
