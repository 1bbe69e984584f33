/* The environment on libuv: time, commits, jobs, TCP, signals. */
#include "tests/support/uv_world.h"

#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
    world->node.applied = PH_NO_SPACE;
    run(world);
    CHECK_STATUS(world->node.committed, PH_NO_SPACE);
    end_world(world);
}

struct slow_job {
    struct ph_job job;
    const struct ph_node *node;
    sem_t go_on;
    int grown_before, grown_after; /* while it ran */
};

static void run_slow_job(struct ph_job *job)
{
    struct slow_job *slow = (struct slow_job *)job;
    slow->grown_before = slow->node->grown;
    sem_wait(&slow->go_on);
    slow->grown_after = slow->node->grown;
}

static struct slow_job slow_jobs[2] = {{.job = {run_slow_job}}, {.job = {run_slow_job}}};

/* The jobs go on once the map was full for a few turns of the loop, in which it would have
 * grown. */
static void commit_beside_jobs(struct ph_node *node, const struct ph_event *event)
{
    const struct ph_env_ops *ops = node->env.ops;
    static int turns;
    if (event->type == PH_EVENT_COMMAND) {
        turns = 0;
        ops->job(node->env.impl, &slow_jobs[0].job);
        ops->job(node->env.impl, &slow_jobs[1].job);
        ops->commit(node->env.impl, &node->batch);
        ops->wake_at(node->env.impl, event->now_ms + 1);
    } else if (event->type == PH_EVENT_WAKE && node->quit != 0 && turns < 3) {
        turns += atomic_load(&node->batch.full_count) == 0;
        ops->wake_at(node->env.impl, event->now_ms + 1);
        for (size_t i = 0; i < 2 && turns == 3; i++)
            sem_post(&slow_jobs[i].go_on);
    }
    node->wants_quit = node->jobs_done == 2 && node->committed == PH_OK;
}

static void map_does_not_grow_under_a_job(void **state)
{
    (void)state;
    static const struct script script = {commit_beside_jobs};
    struct world *world = a_world(&script);
    world->node.batch.full_count = 1;
    for (size_t i = 0; i < 2; i++) {
        slow_jobs[i].node = &world->node;
        assert_int_equal(sem_init(&slow_jobs[i].go_on, 0, 0), 0);
    }
    run(world);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(slow_jobs[i].grown_before, slow_jobs[i].grown_after);
        assert_int_equal(sem_destroy(&slow_jobs[i].go_on), 0);
    }
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

static void call_once_more_than_allowed(struct ph_node *node, const struct ph_event *event)
{
    if (event->type == PH_EVENT_COMMAND)
        for (ph_conn_id id = 1; id <= 2 * PH_PEERS_MAX + 1; id += 2)
            node->env.ops->dial(node->env.impl, id, listening_at);
    node->wants_quit = event->type == PH_EVENT_CONN_DOWN;
}

static void callers_over_the_limit_are_turned_away(void **state)
{
    (void)state;
    static const struct script script = {call_once_more_than_allowed};
    struct world *world = a_world(&script);
    listen_anywhere(world);
    run(world);
    assert_int_equal(world->node.accepted, 2 * PH_PEERS_MAX);
    assert_int_equal(world->node.down % 2, 1);
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

/* --- where it can be called --- */

static void who_listens_on_loopback_says_nothing_to_others(void **state)
{
    (void)state;
    static const char given[1][PH_ADDRESS_LEN_MAX + 1] = {"school.example:7410"};
    char actual[PH_ADDRESS_LEN_MAX + 1], why[200];
    struct world *world = a_world(NULL);
    CHECK_OK(ph_env_uv_listen(world->env, "127.0.0.1:0", actual, why));

    ph_env_uv_announce(world->env, PH_BEACON_PORT, given, 1);
    world->node.env.ops->datagram(world->node.env.impl, ph_bytes(given, PH_BEACON_LEN));

    assert_int_equal(world->node.beacon_port, 0);
    assert_int_equal(world->node.listenings, 1);
    assert_int_equal(world->node.address_count, 1); /* but people know of one */
    assert_string_equal(world->node.address, given[0]);
    end_world(world);
}

static void who_does_not_listen_is_told_nothing(void **state)
{
    (void)state;
    struct world *world = a_world(NULL);

    ph_env_uv_announce(world->env, PH_BEACON_PORT, NULL, 0);

    assert_int_equal(world->node.listenings, 0);
    end_world(world);
}

CHECK_MAIN(cmocka_unit_test(who_listens_on_loopback_says_nothing_to_others),
           cmocka_unit_test(who_does_not_listen_is_told_nothing),
           cmocka_unit_test(first_event_is_wake_and_the_latest_alarm_counts),
           cmocka_unit_test(full_map_grows_until_the_batch_fits),
           cmocka_unit_test(failed_commit_comes_back_with_its_status),
           cmocka_unit_test(map_does_not_grow_under_a_job),
           cmocka_unit_test(what_was_sent_before_hanging_up_arrives_in_order),
           cmocka_unit_test(what_the_network_has_not_taken_at_hanging_up_still_leaves),
           cmocka_unit_test(sent_counts_all_bytes),
           cmocka_unit_test(dial_that_fails_ends_in_conn_down),
           cmocka_unit_test(hanging_up_cancels_a_dial_without_a_word),
           cmocka_unit_test(taken_port_is_refused_with_a_sentence),
           cmocka_unit_test(callers_over_the_limit_are_turned_away),
           cmocka_unit_test(dual_stack_takes_callers_of_both_families),
           cmocka_unit_test(signal_stops_the_node_and_ends_a_command_unanswered),
           cmocka_unit_test(failure_of_the_node_ends_the_run_with_its_status))
