/* An ordinary daemon: signals, locks, permissions, paths, settings, a log that tells no secrets. */
#include "node/control_path_uv.h"
#include "tests/support/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define STOP_MS 2000

static bool is_there(const struct process_school *school, const char *name)
{
    char path[PATH_MAX + 300];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", school->home, name);
    return lstat(path, &info) == 0;
}

/* --- signals --- */

static void check_orderly_end(struct process_world *world, int number)
{
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    process_found(a);
    process_serve(a, WORDS(NULL));
    process_join(b, a);
    process_serve(b, WORDS("--peer", a->address));
    process_await_equal(world, 2);
    process_do(a, WORDS("new", "plan", "title=x"));
    CHECK(is_there(a, "control") && is_there(a, "listening"));

    assert_int_equal(process_end(a, number, STOP_MS), 0);

    CHECK(!is_there(a, "control") && !is_there(a, "listening"));
    CHECK(process_lists(a, "plan", "x"));
}

static void sigterm_ends_it_in_good_order(void **state)
{
    check_orderly_end(*state, SIGTERM);
}

static void sigint_ends_it_in_good_order(void **state)
{
    check_orderly_end(*state, SIGINT);
}

/* A connected school that has stopped answers no farewell. */
static void connect_to_a_stopped_school(struct process_world *world)
{
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    process_found(a);
    process_serve(a, WORDS(NULL));
    process_join(b, a);
    process_serve(b, WORDS("--peer", a->address));
    process_await_equal(world, 2);
    ph_child_signal(&b->serve, SIGSTOP);
}

static void a_peer_that_does_not_answer_delays_the_end_by_two_seconds_at_most(void **state)
{
    struct process_world *world = *state;
    connect_to_a_stopped_school(world);

    uint64_t ms = ph_child_now_ms();
    assert_int_equal(process_end(&world->schools[0], SIGTERM, 2 * STOP_MS), 0);

    assert_in_range(ph_child_now_ms() - ms, 0, STOP_MS + 200);
}

/* A signal that comes before the first one has been taken is the same one: so it is repeated. */
static void a_second_signal_ends_it_at_once(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    connect_to_a_stopped_school(world);

    uint64_t deadline_ms = ph_child_now_ms() + 500;
    int code = PH_CHILD_STILL_RUNNING;
    while (code == PH_CHILD_STILL_RUNNING && ph_child_now_ms() < deadline_ms) {
        ph_child_signal(&a->serve, SIGTERM);
        code = ph_child_wait(&a->serve, ph_child_now_ms() + 20);
    }

    assert_int_equal(code, 130);
}

/* Asks for the status and is gone before the answer: to a closed socket it would be SIGPIPE. */
static void ask_and_leave(const struct process_school *school)
{
    static const uint8_t request[] = "\0\0\0\x8\x91\xa6status";
    struct sockaddr_un address;
    int folder = -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_OK(ph_control_path(school->home, &address, &folder));
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
    close(fd);
    if (folder >= 0)
        close(folder);
}

static void clients_that_go_away_are_no_reason_to_end(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    process_found(a);
    process_serve(a, WORDS(NULL));

    /* The node waits in between, so that it meets both in one look: the request and the end. */
    for (int i = 0; i < 20; i++) {
        ph_child_signal(&a->serve, SIGSTOP);
        ask_and_leave(a);
        ph_child_signal(&a->serve, SIGCONT);
    }

    process_do(a, WORDS("new", "plan", "title=x"));
    assert_int_equal(process_end(a, SIGTERM, STOP_MS), 0);
}

/* --- one process, private files --- */

static void a_second_serve_names_the_first_ones_pid(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    char pid[32];
    process_found(a);
    process_serve(a, WORDS(NULL));
    snprintf(pid, sizeof pid, "%ld", (long)a->serve.pid);

    process_refused(a, WORDS("serve", "--listen", "127.0.0.1:0"), pid);

    process_do(a, WORDS("status"));
}

static void a_home_that_others_can_open_is_refused(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    process_found(a);
    assert_int_equal(chmod(a->home, 0750), 0);

    process_refused(a, WORDS("serve", "--listen", "127.0.0.1:0"), "chmod 700");
    process_refused(a, WORDS("status"), "chmod 700");

    assert_int_equal(chmod(a->home, 0700), 0);
    process_do(a, WORDS("status"));
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    char path[PATH_MAX + 16];
    process_found(a);
    snprintf(path, sizeof path, "%s/school.key", a->home);
    assert_int_equal(chmod(path, 0640), 0);

    process_refused(a, WORDS("status"), "school.key");
}

/* How many entries there are in it and below; each of them ours alone. */
static size_t check_private(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    size_t count = 0;
    if (folder == NULL)
        abort();
    while ((entry = readdir(folder)) != NULL) {
        char inner[PATH_MAX + 300];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        assert_int_equal(lstat(inner, &info), 0);
        if ((info.st_mode & 077) != 0)
            print_error("%s: %o\n", inner, info.st_mode);
        assert_int_equal(info.st_mode & 077, 0);
        count += 1 + (S_ISDIR(info.st_mode) ? check_private(inner) : 0);
    }
    closedir(folder);
    return count;
}

static void nothing_in_a_home_is_open_to_others(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    mode_t before = umask(0);
    process_found(a);
    process_serve(a, WORDS(NULL));
    process_do(a, WORDS("new", "plan", "title=x"));
    umask(before);
    struct stat home;
    assert_int_equal(stat(a->home, &home), 0);

    assert_int_equal(home.st_mode & 07777, 0700);
    CHECK(is_there(a, "control"));
    CHECK(check_private(a->home) >= 8);
}

/* --- paths, settings, addresses --- */

static void a_home_deeper_than_a_sockets_path_works(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    size_t len = strlen(a->home);
    memset(a->home + len, 'x', 150);
    CHECK(strlen(a->home) > 107);

    process_found(a);
    process_serve(a, WORDS(NULL));
    process_join(b, a);
    process_do(a, WORDS("new", "plan", "title=x"));

    CHECK(process_lists(a, "plan", "x"));
    CHECK(is_there(a, "control"));
    assert_int_equal(process_end(a, SIGTERM, STOP_MS), 0);
    CHECK(!is_there(a, "control"));
}

static void write_config(const struct process_school *school, const char *text)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/config", school->home);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void an_unknown_setting_is_refused_with_its_line(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    process_found(a);
    write_config(a, "# ours\nlog = warn\n\ncolour = blue\n");

    process_refused(a, WORDS("serve", "--listen", "127.0.0.1:0"), "line 4");
    process_refused(a, WORDS("status"), "line 4");

    write_config(a, "log = loud\n");
    process_refused(a, WORDS("status"), "line 1");
}

static void flags_override_the_settings(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    process_found(a);
    write_config(a, "listen = 203.0.113.1:1\nlog = debug\n");

    /* No machine has that address: without the flag it couldn't listen. */
    process_refused(a, WORDS("serve", "--listen", "203.0.113.1:1"), "203.0.113.1");
    process_serve(a, WORDS("--log", "error"));

    assert_int_equal(process_end(a, SIGTERM, STOP_MS), 0);
    char *log = process_file(a->log, NULL);
    assert_string_equal(log, "");
    free(log);
}

static void an_address_in_brackets_is_ipv6(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    struct process_outcome outcome;
    process_found(a);
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    if (probe < 0)
        skip();
    close(probe);

    process_run(a, WORDS("sync", "[::1]:1"), NULL, &outcome);

    assert_int_equal(outcome.code, 1);
    CHECK(strstr(outcome.err.text, "[::1]:1") != NULL);
    process_free(&outcome);
}

/* --- the log --- */

static void check_absent(const char *log, const char *secret)
{
    if (strstr(log, secret) != NULL)
        print_error("the log has \"%s\"\n", secret);
    CHECK(strstr(log, secret) == NULL);
}

/* No sixteen bytes of this file in hex. */
static void check_no_key(const char *log, const struct process_school *school, const char *name)
{
    char path[PATH_MAX + 300];
    size_t len;
    snprintf(path, sizeof path, "%s/%s", school->home, name);
    char *bytes = process_file(path, &len);
    CHECK(len > 64);
    for (size_t i = 0; i + 16 <= len; i++) {
        char hex[33];
        for (size_t j = 0; j < 16; j++)
            snprintf(hex + 2 * j, 3, "%02x", (unsigned char)bytes[i + j]);
        check_absent(log, hex);
    }
    free(bytes);
}

static void the_most_talkative_log_tells_no_secrets(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    process_found(a);
    process_serve(a, WORDS("--log", "debug"));
    char *code = process_text(a, WORDS("invite"));
    process_join(b, a);
    process_serve(b, WORDS("--log", "debug", "--peer", a->address));
    char *id = process_text(a, WORDS("new", "plan", "title=a secret wish"));
    process_await_title(b, "plan", "a secret wish");
    process_do(b, WORDS("set", id, "title=another hope"));
    process_await_title(a, "plan", "another hope");
    process_refused(a, WORDS("join", code), "network");

    for (size_t i = 0; i < 2; i++) {
        char *log = process_file(world->schools[i].log, NULL);
        CHECK(strstr(log, "is there") != NULL);
        check_absent(log, "secret wish");
        check_absent(log, "another hope");
        check_absent(log, code);
        check_absent(log, "PHAROS1");
        check_no_key(log, &world->schools[i], "school.key");
        check_no_key(log, &world->schools[i], "writer.key");
        free(log);
    }
    free(id);
    free(code);
}

CHECK_MAIN(PROCESS_TEST(sigterm_ends_it_in_good_order), PROCESS_TEST(sigint_ends_it_in_good_order),
           PROCESS_TEST(a_peer_that_does_not_answer_delays_the_end_by_two_seconds_at_most),
           PROCESS_TEST(a_second_signal_ends_it_at_once),
           PROCESS_TEST(clients_that_go_away_are_no_reason_to_end),
           PROCESS_TEST(a_second_serve_names_the_first_ones_pid),
           PROCESS_TEST(a_home_that_others_can_open_is_refused),
           PROCESS_TEST(a_key_that_others_can_read_is_refused),
           PROCESS_TEST(nothing_in_a_home_is_open_to_others),
           PROCESS_TEST(a_home_deeper_than_a_sockets_path_works),
           PROCESS_TEST(an_unknown_setting_is_refused_with_its_line),
           PROCESS_TEST(flags_override_the_settings), PROCESS_TEST(an_address_in_brackets_is_ipv6),
           PROCESS_TEST(the_most_talkative_log_tells_no_secrets))
