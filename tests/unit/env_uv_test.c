/* The environment on libuv, driven by a node that does what each test tells it to. The functions of
 * node.h and store.h that the environment calls are defined here, in place of the real ones. */
#include "node/env_uv.h"

#include "node/control_path_uv.h"
#include "node/node.h"
#include "proto/pack.h"
#include "tests/support/check.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_QUIT "\x91\xa4quit" /* what ends a run: answered with an empty map */

struct ph_batch {
    int full_count; /* how often applying says that the map is full */
};

struct ph_node {
    struct ph_env env;
    const struct script *script;
    bool in_step, is_stopped;
    enum ph_status failure;
    int wakes, grown, jobs_done, gone;
    ph_conn_id up, down, accepted;
    char reason[100];
    size_t sent, received;
    char bytes[64];
    struct ph_batch batch;
    enum ph_status committed;
    ph_command_id quit; /* answered when the test's goal is reached */
    bool wants_quit;
};

/* What the node does on an event, beside writing it down. */
struct script {
    void (*on)(struct ph_node *node, const struct ph_event *event);
};

static enum ph_status apply_status = PH_OK;
static struct ph_node *grown_for;

enum ph_status ph_store_apply(struct ph_store *store, struct ph_batch *batch)
{
    (void)store;
    return batch->full_count-- > 0 ? PH_MAP_FULL : apply_status;
}

enum ph_status ph_store_grow(struct ph_store *store)
{
    (void)store;
    grown_for->grown++;
    return PH_OK;
}

bool ph_node_is_stopped(const struct ph_node *node)
{
    return node->is_stopped;
}

enum ph_status ph_node_failure(const struct ph_node *node)
{
    return node->failure;
}

static void answer_quit(struct ph_node *node)
{
    if (node->quit != 0 && node->wants_quit)
        node->env.ops->reply(node->env.impl, node->quit, ph_bytes("\x80", 1), true);
    if (node->wants_quit)
        node->quit = 0;
}

static void write_down(struct ph_node *node, const struct ph_event *event)
{
    switch (event->type) {
    case PH_EVENT_WAKE:
        node->wakes++;
        return;
    case PH_EVENT_CONN_UP:
        if (event->of.up.conn % 2 == 0)
            node->accepted = event->of.up.conn;
        else
            node->up = event->of.up.conn;
        return;
    case PH_EVENT_CONN_DATA:
        if (node->received + event->of.data.bytes.len <= sizeof node->bytes)
            memcpy(node->bytes + node->received, event->of.data.bytes.data,
                   event->of.data.bytes.len);
        node->received += event->of.data.bytes.len;
        return;
    case PH_EVENT_SENT:
        node->sent += event->of.sent.len;
        return;
    case PH_EVENT_CONN_DOWN:
        node->down = event->of.down.conn;
        snprintf(node->reason, sizeof node->reason, "%s", event->of.down.reason);
        return;
    case PH_EVENT_COMMITTED:
        node->committed = event->of.committed.status;
        return;
    case PH_EVENT_JOB_DONE:
        node->jobs_done++;
        return;
    case PH_EVENT_COMMAND:
        if (ph_bytes_equal(event->of.command.bytes, ph_bytes_text(COMMAND_QUIT)))
            node->quit = event->of.command.id;
        return;
    case PH_EVENT_COMMAND_GONE:
        node->gone++;
        return;
    case PH_EVENT_STOP:
        node->is_stopped = true;
        return;
    }
}

void ph_node_step(struct ph_node *node, const struct ph_event *event)
{
    CHECK(!node->in_step);
    node->in_step = true;
    CHECK(event->wall_ms > 0);
    write_down(node, event);
    if (node->script != NULL && node->script->on != NULL)
        node->script->on(node, event);
    answer_quit(node);
    node->in_step = false;
}

/* --- a world of one environment --- */

struct world {
    struct ph_env_uv *env;
    struct ph_node node;
    char dir[32];
};

static struct world *a_world(const struct script *script)
{
    struct world *world = calloc(1, sizeof *world);
    CHECK(world != NULL);
    CHECK_OK(ph_env_uv_new(NULL, &world->env));
    world->node.env = ph_env_uv_env(world->env);
    world->node.script = script;
    world->node.committed = PH_WAITING;
    snprintf(world->dir, sizeof world->dir, "/tmp/pharos-test-XXXXXX");
    CHECK(mkdtemp(world->dir) != NULL);
    grown_for = &world->node;
    apply_status = PH_OK;
    ph_env_uv_attach(world->env, &world->node, NULL);
    return world;
}

static void end_world(struct world *world)
{
    CHECK_OK(ph_env_uv_stop(world->env));
    CHECK(ph_env_uv_free(world->env));
    rmdir(world->dir);
    free(world);
}

static void count_piece(void *impl, struct ph_bytes piece, bool is_last)
{
    int *count = impl;
    CHECK_BYTES(piece, ph_bytes("\x80", 1));
    CHECK(is_last);
    ++*count;
}

/* Until the script sets wants_quit. */
static void run(struct world *world)
{
    int pieces = 0;
    CHECK_OK(ph_env_uv_command(world->env, ph_bytes_text(COMMAND_QUIT), &pieces, count_piece));
    assert_int_equal(pieces, 1);
    world->node.wants_quit = false;
}

/* --- time, commits, jobs --- */

static void ask_to_wake(struct ph_node *node, const struct ph_event *event)
{
    static uint64_t deadline_ms;
    if (event->type == PH_EVENT_COMMAND) {
        deadline_ms = event->now_ms + 5;
        node->env.ops->wake_at(node->env.impl, event->now_ms + 1000000);
        node->env.ops->wake_at(node->env.impl, deadline_ms);
    } else if (event->type == PH_EVENT_WAKE && node->quit != 0) {
        CHECK(event->now_ms >= deadline_ms);
        node->wants_quit = true;
    }
}

static void first_event_is_wake_and_the_latest_alarm_counts(void **state)
{
    (void)state;
    static const struct script script = {ask_to_wake};
    struct world *world = a_world(&script);
    assert_int_equal(world->node.wakes, 1);
    run(world);
    assert_int_equal(world->node.wakes, 2);
    end_world(world);
}

static void commit_on_command(struct ph_node *node, const struct ph_event *event)
{
    if (event->type == PH_EVENT_COMMAND)
        node->env.ops->commit(node->env.impl, &node->batch);
    node->wants_quit = event->type == PH_EVENT_COMMITTED;
}

static void full_map_grows_until_the_batch_fits(void **state)
{
    (void)state;
    static const struct script script = {commit_on_command};
    struct world *world = a_world(&script);
    world->node.batch.full_count = 2;
    run(world);
    assert_int_equal(world->node.grown, 2);
    CHECK_OK(world->node.committed);
    end_world(world);
}

static void failed_commit_comes_back_with_its_status(void **state)
{
    (void)state;
    static const struct script script = {commit_on_command};
    struct world *world = a_world(&script);
    apply_status = PH_NO_SPACE;
    run(world);
    CHECK_STATUS(world->node.committed, PH_NO_SPACE);
    end_world(world);
}

struct slow_job {
    struct ph_job job;
    int grown_before, grown_after; /* while it ran */
};

static void run_slow_job(struct ph_job *job)
{
    struct slow_job *slow = (struct slow_job *)job;
    slow->grown_before = grown_for->grown;
    usleep(20000); /* long enough that the map would grow meanwhile if nothing held it back */
    slow->grown_after = grown_for->grown;
}

static struct slow_job slow_jobs[2] = {{.job = {run_slow_job}}, {.job = {run_slow_job}}};

static void commit_beside_jobs(struct ph_node *node, const struct ph_event *event)
{
    if (event->type == PH_EVENT_COMMAND) {
        node->env.ops->job(node->env.impl, &slow_jobs[0].job);
        node->env.ops->job(node->env.impl, &slow_jobs[1].job);
        node->env.ops->commit(node->env.impl, &node->batch);
    }
    node->wants_quit = node->jobs_done == 2 && node->committed == PH_OK;
}

static void map_does_not_grow_under_a_job(void **state)
{
    (void)state;
    static const struct script script = {commit_beside_jobs};
    struct world *world = a_world(&script);
    world->node.batch.full_count = 1;
    run(world);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(slow_jobs[i].grown_before, slow_jobs[i].grown_after);
    assert_int_equal(world->node.grown, 1);
    end_world(world);
}

/* --- TCP --- */

static char listening_at[PH_ADDRESS_LEN_MAX + 1];

static void listen_anywhere(struct world *world)
{
    char why[200];
    CHECK_OK(ph_env_uv_listen(world->env, "127.0.0.1:0", listening_at, why));
}

static void greet_and_hang_up(struct ph_node *node, const struct ph_event *event)
{
    const struct ph_env_ops *ops = node->env.ops;
    if (event->type == PH_EVENT_COMMAND)
        ops->dial(node->env.impl, 1, listening_at);
    if (event->type == PH_EVENT_CONN_UP && event->of.up.conn == 1) {
        ops->send(node->env.impl, 1, ph_bytes_text("hello "));
        ops->send(node->env.impl, 1, ph_bytes_text("school"));
        ops->hangup(node->env.impl, 1);
    }
    node->wants_quit = event->type == PH_EVENT_CONN_DOWN;
}

static void what_was_sent_before_hanging_up_arrives_in_order(void **state)
{
    (void)state;
    static const struct script script = {greet_and_hang_up};
    struct world *world = a_world(&script);
    listen_anywhere(world);
    run(world);
    assert_int_equal(world->node.received, 12);
    assert_memory_equal(world->node.bytes, "hello school", 12);
    assert_int_equal(world->node.down, 2);
    assert_int_equal(world->node.sent, 0);
    end_world(world);
}

static uint8_t megabyte[1 << 20];

static void send_much_and_hang_up(struct ph_node *node, const struct ph_event *event)
{
    const struct ph_env_ops *ops = node->env.ops;
    if (event->type == PH_EVENT_COMMAND)
        ops->dial(node->env.impl, 1, listening_at);
    if (event->type == PH_EVENT_CONN_UP && event->of.up.conn == 1) {
        for (int i = 0; i < 8; i++) /* more than the sockets' buffers hold */
            ops->send(node->env.impl, 1, ph_bytes(megabyte, sizeof megabyte));
        ops->hangup(node->env.impl, 1);
    }
    node->wants_quit = event->type == PH_EVENT_CONN_DOWN;
}

static void what_the_network_has_not_taken_at_hanging_up_still_leaves(void **state)
{
    (void)state;
    static const struct script script = {send_much_and_hang_up};
    struct world *world = a_world(&script);
    listen_anywhere(world);
    run(world);
    assert_int_equal(world->node.received, 8 * sizeof megabyte);
    end_world(world);
}

static void send_and_count(struct ph_node *node, const struct ph_event *event)
{
    if (event->type == PH_EVENT_COMMAND)
        node->env.ops->dial(node->env.impl, 1, listening_at);
    if (event->type == PH_EVENT_CONN_UP && event->of.up.conn == 1)
        node->env.ops->send(node->env.impl, 1, ph_bytes(megabyte, sizeof megabyte));
    node->wants_quit = node->sent == sizeof megabyte && node->received == sizeof megabyte;
}

static void sent_counts_all_bytes(void **state)
{
    (void)state;
    static const struct script script = {send_and_count};
    struct world *world = a_world(&script);
    listen_anywhere(world);
    run(world);
    end_world(world);
}

static const char *dialed;

static void dial_once(struct ph_node *node, const struct ph_event *event)
{
    if (event->type == PH_EVENT_COMMAND)
        node->env.ops->dial(node->env.impl, 1, dialed);
    node->wants_quit = event->type == PH_EVENT_CONN_DOWN;
}

static void dial_that_fails_ends_in_conn_down(void **state)
{
    (void)state;
    static const struct script script = {dial_once};
    static const char *const cases[] = {"nonsense", "127.0.0.1:1", "127.0.0.1:0", "[::1]:1"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *world = a_world(&script);
        dialed = cases[i];
        run(world);
        assert_int_equal(world->node.down, 1);
        CHECK(world->node.reason[0] != 0);
        end_world(world);
    }
}

static void dial_and_hang_up(struct ph_node *node, const struct ph_event *event)
{
    if (event->type == PH_EVENT_COMMAND) {
        node->env.ops->dial(node->env.impl, 1, dialed);
        node->env.ops->hangup(node->env.impl, 1);
        node->env.ops->wake_at(node->env.impl, event->now_ms + 20);
    }
    node->wants_quit = event->type == PH_EVENT_WAKE && node->wakes > 1;
}

static void hanging_up_cancels_a_dial_without_a_word(void **state)
{
    (void)state;
    static const struct script script = {dial_and_hang_up};
    static const char *const cases[] = {"nonsense", "localhost:1", listening_at};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *world = a_world(&script);
        listen_anywhere(world);
        dialed = cases[i];
        run(world);
        assert_int_equal(world->node.up, 0);
        CHECK(world->node.down != 1);
        end_world(world);
    }
}

static void taken_port_is_refused_with_a_sentence(void **state)
{
    (void)state;
    char why[200] = "", actual[PH_ADDRESS_LEN_MAX + 1];
    struct world *world = a_world(NULL);
    struct ph_env_uv *second;
    listen_anywhere(world);
    CHECK_OK(ph_env_uv_new(NULL, &second));
    CHECK_STATUS(ph_env_uv_listen(second, listening_at, actual, why), PH_REFUSED);
    CHECK(strstr(why, "address already in use") != NULL);
    CHECK_STATUS(ph_env_uv_listen(second, "nowhere", actual, why), PH_REFUSED);
    CHECK(ph_env_uv_free(second));
    end_world(world);
}

static void dual_stack_takes_callers_of_both_families(void **state)
{
    (void)state;
    static const struct script script = {greet_and_hang_up};
    char actual[PH_ADDRESS_LEN_MAX + 1], why[200];
    for (int family = 4; family <= 6; family += 2) {
        struct world *world = a_world(&script);
        CHECK_OK(ph_env_uv_listen(world->env, "[::]:0", actual, why));
        const char *port = strrchr(actual, ':');
        bool has_v6 = actual[0] == '[';
        snprintf(listening_at, sizeof listening_at, "%s%s",
                 family == 6 && has_v6 ? "[::1]" : "127.0.0.1", port);
        run(world);
        assert_int_equal(world->node.received, 12);
        end_world(world);
    }
}

/* --- control socket --- */

static int connect_control(const char *dir)
{
    struct sockaddr_un address;
    int dir_fd, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0);
    CHECK_OK(ph_control_path(dir, &address, &dir_fd));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    if (dir_fd >= 0)
        close(dir_fd);
    return fd;
}

static void say(int fd, const char *bytes, size_t len)
{
    assert_int_equal(write(fd, bytes, len), len);
}

static void answer_in_two_pieces(struct ph_node *node, const struct ph_event *event)
{
    static const uint8_t ask[] = {0x91, 0xa3, 'a', 's', 'k'};
    if (event->type == PH_EVENT_COMMAND &&
        ph_bytes_equal(event->of.command.bytes, ph_bytes(ask, sizeof ask))) {
        node->env.ops->reply(node->env.impl, event->of.command.id, ph_bytes("\x01", 1), false);
        node->env.ops->reply(node->env.impl, event->of.command.id, ph_bytes("\x02", 1), true);
        node->env.ops->wake_at(node->env.impl, event->now_ms + 5);
    }
    node->wants_quit = node->wakes > 1;
}

static void check_two_pieces(const char *dir, struct world *world)
{
    char answer[16] = "";
    char why[200];
    CHECK_OK(ph_env_uv_control(world->env, dir, why));
    int fd = connect_control(dir);
    say(fd,
        "\0\0\0\5\x91\xa3"
        "ask",
        9);
    run(world);
    assert_int_equal(read(fd, answer, sizeof answer), 10);
    assert_memory_equal(answer, "\0\0\0\1\1\x80\0\0\1\2", 10);
    close(fd);
}

static void command_through_the_socket_is_answered_in_pieces(void **state)
{
    (void)state;
    static const struct script script = {answer_in_two_pieces};
    struct world *world = a_world(&script);
    check_two_pieces(world->dir, world);
    end_world(world);
}

static void socket_path_over_107_bytes_works_and_is_private(void **state)
{
    (void)state;
    static const struct script script = {answer_in_two_pieces};
    struct world *world = a_world(&script);
    char dir[300], file[320];
    struct stat info;
    snprintf(dir, sizeof dir, "%s/%0120d", world->dir, 7);
    snprintf(file, sizeof file, "%s/control", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    /* One that a killed process left behind is replaced. */
    FILE *stale = fopen(file, "w");
    CHECK(stale != NULL);
    fclose(stale);

    check_two_pieces(dir, world);
    assert_int_equal(stat(file, &info), 0);
    CHECK(S_ISSOCK(info.st_mode));
    assert_int_equal(info.st_mode & 0777, 0600);

    CHECK_OK(ph_env_uv_stop(world->env));
    assert_int_equal(stat(file, &info), -1);
    assert_int_equal(rmdir(dir), 0);
    end_world(world);
}

static void quit_when_gone(struct ph_node *node, const struct ph_event *event)
{
    node->wants_quit = event->type == PH_EVENT_COMMAND_GONE;
}

static void client_that_leaves_is_told_of(void **state)
{
    (void)state;
    static const struct script script = {quit_when_gone};
    struct world *world = a_world(&script);
    char why[200];
    CHECK_OK(ph_env_uv_control(world->env, world->dir, why));
    int fd = connect_control(world->dir);
    say(fd,
        "\0\0\0\5\x91\xa3"
        "ask",
        9);
    close(fd);
    run(world);
    assert_int_equal(world->node.gone, 1);
    end_world(world);
}

static void wake_soon(struct ph_node *node, const struct ph_event *event)
{
    if (event->type == PH_EVENT_COMMAND)
        node->env.ops->wake_at(node->env.impl, event->now_ms + 20);
    node->wants_quit = event->type == PH_EVENT_WAKE && node->wakes > 1;
}

static void request_without_the_form_is_answered_and_cut_off(void **state)
{
    (void)state;
    static const struct script script = {wake_soon};
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {{"\0\0\0\0", 4}, {"\xff\xff\xff\xff", 4}, {"\0\0\0\1\xc1", 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *world = a_world(&script);
        char answer[300], why[200];
        CHECK_OK(ph_env_uv_control(world->env, world->dir, why));
        int fd = connect_control(world->dir);
        say(fd, cases[i].bytes, cases[i].len);
        run(world);
        ssize_t len = read(fd, answer, sizeof answer);
        CHECK(len > 12);
        assert_memory_equal(answer + 4,
                            "\x81\xa5"
                            "error",
                            7);
        assert_int_equal(read(fd, answer, sizeof answer), 0);
        assert_int_equal(world->node.gone, 0);
        close(fd);
        end_world(world);
    }
}

/* --- the end --- */

static void raise_signal(struct ph_node *node, const struct ph_event *event)
{
    (void)node;
    if (event->type == PH_EVENT_COMMAND)
        raise(SIGTERM);
}

static void no_piece(void *impl, struct ph_bytes piece, bool is_last)
{
    (void)impl;
    (void)piece;
    (void)is_last;
    fail();
}

static void signal_stops_the_node_and_ends_a_command_unanswered(void **state)
{
    (void)state;
    static const struct script script = {raise_signal};
    struct world *world = a_world(&script);
    CHECK_STATUS(ph_env_uv_command(world->env, ph_bytes_text("x"), NULL, no_piece), PH_PARTIAL);
    CHECK(world->node.is_stopped);
    CHECK_OK(ph_env_uv_run(world->env));
    end_world(world);
}

static void fail_on_command(struct ph_node *node, const struct ph_event *event)
{
    if (event->type == PH_EVENT_COMMAND)
        node->failure = PH_IO;
}

static void failure_of_the_node_ends_the_run_with_its_status(void **state)
{
    (void)state;
    static const struct script script = {fail_on_command};
    struct world *world = a_world(&script);
    CHECK_STATUS(ph_env_uv_command(world->env, ph_bytes_text("x"), NULL, no_piece), PH_IO);
    CHECK_STATUS(ph_env_uv_run(world->env), PH_IO);
    CHECK(ph_env_uv_free(world->env));
    rmdir(world->dir);
    free(world);
}

CHECK_MAIN(cmocka_unit_test(first_event_is_wake_and_the_latest_alarm_counts),
           cmocka_unit_test(full_map_grows_until_the_batch_fits),
           cmocka_unit_test(failed_commit_comes_back_with_its_status),
           cmocka_unit_test(map_does_not_grow_under_a_job),
           cmocka_unit_test(what_was_sent_before_hanging_up_arrives_in_order),
           cmocka_unit_test(what_the_network_has_not_taken_at_hanging_up_still_leaves),
           cmocka_unit_test(sent_counts_all_bytes),
           cmocka_unit_test(dial_that_fails_ends_in_conn_down),
           cmocka_unit_test(hanging_up_cancels_a_dial_without_a_word),
           cmocka_unit_test(taken_port_is_refused_with_a_sentence),
           cmocka_unit_test(dual_stack_takes_callers_of_both_families),
           cmocka_unit_test(command_through_the_socket_is_answered_in_pieces),
           cmocka_unit_test(socket_path_over_107_bytes_works_and_is_private),
           cmocka_unit_test(client_that_leaves_is_told_of),
           cmocka_unit_test(request_without_the_form_is_answered_and_cut_off),
           cmocka_unit_test(signal_stops_the_node_and_ends_a_command_unanswered),
           cmocka_unit_test(failure_of_the_node_ends_the_run_with_its_status))
