#include "node/env_uv.h"

#include "node/beacon_uv.h"
#include "node/conn_uv.h"
#include "node/control_uv.h"
#include "node/listening_uv.h"
#include "node/node.h"
#include "node/random_uv.h"
#include "proto/crypto.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

/* What is left of PH_DRAIN_MS_MAX after the network was given up, for closing and leaving. */
#define CLOSE_MS 300

struct job_work {
    uv_work_t request;
    struct ph_env_uv *env;
    struct ph_job *job;    /* NULL: a free place */
    struct job_work *next; /* while it waits for the map to grow */
};

struct ph_env_uv {
    uv_loop_t loop;
    const struct ph_log_sink *log;
    struct ph_node *node;
    struct ph_store *store;
    struct ph_conns_uv conns;
    struct ph_control_uv control;
    struct ph_beacon_uv beacon;
    struct ph_listening_uv listening; /* port 0: not */
    ph_command_id last_command;

    uv_timer_t wake;
    uv_timer_t drain;
    uv_signal_t interrupt, terminate;

    uv_work_t commit_work;
    struct ph_batch *batch; /* being committed; NULL: none */
    enum ph_status commit_status;
    struct job_work jobs[PH_JOBS_MAX];
    unsigned job_count;            /* on workers */
    struct job_work *waiting_jobs; /* begin once the map has grown */
    bool grow_wanted;

    bool in_step;
    bool is_stopping; /* the node was told to stop */
    bool is_done;     /* it has stopped, failed, or had its time */
    bool is_drained;  /* the time for a stop in good order is over */
    enum ph_status failure;

    ph_command_id own_command; /* in this process, under way; 0: none */
    void (*on_piece)(void *impl, struct ph_bytes piece, bool is_last);
    void *on_piece_impl;
};

/* --- steps --- */

static int64_t wall_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_drained(uv_timer_t *timer)
{
    struct ph_env_uv *env = timer->data;
    env->is_done = true;
    env->is_drained = true;
}

static void start_drain(struct ph_env_uv *env)
{
    if (!uv_is_active((uv_handle_t *)&env->drain) && !env->is_drained)
        uv_timer_start(&env->drain, on_drained, PH_DRAIN_MS_MAX - CLOSE_MS, 0);
}

static void fail(struct ph_env_uv *env, enum ph_status status)
{
    if (env->failure == PH_OK) {
        env->failure = status;
        ph_log(env->log, PH_LOG_ERROR, "the node ends: %s", ph_status_text(status));
    }
    env->is_done = true;
    start_drain(env);
}

/* The only place that enters the node. What the workers give back always goes in; of the rest, an
 * ended node hears nothing. */
static void tell(void *impl, struct ph_event *event)
{
    struct ph_env_uv *env = impl;
    bool is_return = event->type == PH_EVENT_COMMITTED || event->type == PH_EVENT_JOB_DONE;
    assert(!env->in_step);
    if (env->node == NULL || (env->is_done && !is_return))
        return;
    uv_update_time(&env->loop);
    event->now_ms = uv_now(&env->loop);
    event->wall_ms = wall_ms();

    env->in_step = true;
    ph_node_step(env->node, event);
    env->in_step = false;

    enum ph_status failure = ph_node_failure(env->node);
    if (failure != PH_OK)
        fail(env, failure);
    else if (env->is_stopping && ph_node_is_stopped(env->node))
        env->is_done = true;
}

static void fail_from_part(void *impl, enum ph_status status)
{
    fail(impl, status);
}

/* --- chance and time --- */

static void random_bytes(void *impl, uint8_t *out, size_t len)
{
    (void)impl;
    ph_random_uv(out, len);
}

static void on_wake(uv_timer_t *timer)
{
    struct ph_event event = {.type = PH_EVENT_WAKE};
    tell(timer->data, &event);
}

static void wake_at(void *impl, uint64_t deadline_ms)
{
    struct ph_env_uv *env = impl;
    uint64_t now_ms = uv_now(&env->loop);
    if (deadline_ms == UINT64_MAX) {
        uv_timer_stop(&env->wake);
        return;
    }
    /* Never 0: libuv would call back within the same round for ever if the node always asks for
     * now. */
    uv_timer_start(&env->wake, on_wake, deadline_ms > now_ms ? deadline_ms - now_ms : 1, 0);
}

/* --- network --- */

static void dial(void *impl, ph_conn_id conn, const char *address)
{
    struct ph_env_uv *env = impl;
    ph_conns_uv_dial(&env->conns, conn, address);
}

static void send_bytes(void *impl, ph_conn_id conn, struct ph_bytes bytes)
{
    struct ph_env_uv *env = impl;
    ph_conns_uv_send(&env->conns, conn, bytes);
}

static void hangup(void *impl, ph_conn_id conn)
{
    struct ph_env_uv *env = impl;
    ph_conns_uv_hangup(&env->conns, conn);
}

static void datagram(void *impl, struct ph_bytes bytes)
{
    struct ph_env_uv *env = impl;
    ph_beacon_uv_send(&env->beacon, bytes);
}

/* --- commits and jobs --- */

static void run_commit(uv_work_t *work)
{
    struct ph_env_uv *env = work->data;
    env->commit_status = ph_store_apply(env->store, env->batch);
}

static void after_commit(uv_work_t *work, int failed);

static void queue_commit(struct ph_env_uv *env)
{
    int failed = uv_queue_work(&env->loop, &env->commit_work, run_commit, after_commit);
    assert(failed == 0); /* it can only fail for want of a function */
    (void)failed;
}

static void tell_committed(struct ph_env_uv *env)
{
    struct ph_event event = {.type = PH_EVENT_COMMITTED};
    event.of.committed.batch = env->batch;
    event.of.committed.status = env->commit_status;
    env->batch = NULL;
    tell(env, &event);
}

static void run_job(uv_work_t *request)
{
    struct job_work *work = request->data;
    work->job->run(work->job);
}

static void after_job(uv_work_t *request, int failed);

static void queue_job(struct ph_env_uv *env, struct job_work *work)
{
    env->job_count++;
    int failed = uv_queue_work(&env->loop, &work->request, run_job, after_job);
    assert(failed == 0);
    (void)failed;
}

/* A job may hold a view of the store, under which the map can't grow. So growing waits until the
 * jobs are back, and new ones wait until it has grown. */
static void grow_if_possible(struct ph_env_uv *env)
{
    if (!env->grow_wanted || env->job_count != 0)
        return;
    env->grow_wanted = false;
    enum ph_status status = ph_store_grow(env->store);
    while (env->waiting_jobs != NULL) {
        struct job_work *work = env->waiting_jobs;
        env->waiting_jobs = work->next;
        queue_job(env, work);
    }
    if (status == PH_OK) {
        queue_commit(env);
    } else {
        env->commit_status = status;
        tell_committed(env);
    }
}

static void after_commit(uv_work_t *work, int failed)
{
    struct ph_env_uv *env = work->data;
    (void)failed; /* commits are not called back */
    if (env->commit_status == PH_MAP_FULL) {
        env->grow_wanted = true;
        grow_if_possible(env);
    } else {
        tell_committed(env);
    }
}

static void after_job(uv_work_t *request, int failed)
{
    struct job_work *work = request->data;
    struct ph_env_uv *env = work->env;
    struct ph_event event = {.type = PH_EVENT_JOB_DONE};
    (void)failed; /* jobs are not called back */
    event.of.done.job = work->job;
    work->job = NULL;
    env->job_count--;
    grow_if_possible(env);
    tell(env, &event);
}

static void commit(void *impl, struct ph_batch *batch)
{
    struct ph_env_uv *env = impl;
    assert(env->batch == NULL);
    env->batch = batch;
    queue_commit(env);
}

static void job(void *impl, struct ph_job *given)
{
    struct ph_env_uv *env = impl;
    size_t at = 0;
    while (at < PH_JOBS_MAX && env->jobs[at].job != NULL)
        at++;
    assert(at < PH_JOBS_MAX);
    struct job_work *work = &env->jobs[at];
    *work = (struct job_work){.env = env, .job = given, .next = env->waiting_jobs};
    work->request.data = work;
    if (env->grow_wanted)
        env->waiting_jobs = work;
    else
        queue_job(env, work);
}

/* --- commands --- */

static void reply(void *impl, ph_command_id command, struct ph_bytes piece, bool is_last)
{
    struct ph_env_uv *env = impl;
    if (command != env->own_command) {
        ph_control_uv_reply(&env->control, command, piece, is_last);
        return;
    }
    if (is_last)
        env->own_command = 0;
    env->on_piece(env->on_piece_impl, piece, is_last);
}

/* --- the end --- */

static void begin_stop(struct ph_env_uv *env)
{
    struct ph_event event = {.type = PH_EVENT_STOP};
    if (env->is_stopping)
        return;
    env->is_stopping = true;
    start_drain(env);
    ph_conns_uv_unlisten(&env->conns);
    ph_beacon_uv_close(&env->beacon);
    ph_listening_uv_close(&env->listening);
    ph_control_uv_unlisten(&env->control);
    tell(env, &event);
}

static void leave_at_once(int number)
{
    (void)number;
    _exit(130);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct ph_env_uv *env = handle->data;
    struct sigaction second = {.sa_handler = leave_at_once};
    uv_signal_stop(&env->interrupt);
    uv_signal_stop(&env->terminate);
    /* Not through the loop: a second signal must also end a loop that is stuck. */
    sigaction(SIGINT, &second, NULL);
    sigaction(SIGTERM, &second, NULL);
    ph_log(env->log, PH_LOG_INFO, "signal %d: stopping", number);
    begin_stop(env);
}

static bool has_work(const struct ph_env_uv *env)
{
    return env->batch != NULL || env->job_count != 0 || env->conns.resolving != 0;
}

static bool is_leaving(const struct ph_env_uv *env)
{
    return env->conns.lingering != 0 || ph_control_uv_is_busy(&env->control);
}

/* Let last words leave, then close the network. */
static void close_network(struct ph_env_uv *env)
{
    start_drain(env);
    ph_beacon_uv_close(&env->beacon);
    ph_listening_uv_close(&env->listening);
    ph_conns_uv_close(&env->conns, false);
    while (is_leaving(env) && !env->is_drained)
        uv_run(&env->loop, UV_RUN_ONCE);
    ph_conns_uv_close(&env->conns, true);
    ph_control_uv_close(&env->control);
}

/* A commit is always waited for; other work while the time lasts. */
static void await_work(struct ph_env_uv *env)
{
    while (has_work(env) && (env->batch != NULL || !env->is_drained))
        uv_run(&env->loop, UV_RUN_ONCE);
}

static void close_own_handles(struct ph_env_uv *env)
{
    uv_close((uv_handle_t *)&env->wake, NULL);
    uv_close((uv_handle_t *)&env->drain, NULL);
    uv_close((uv_handle_t *)&env->interrupt, NULL);
    uv_close((uv_handle_t *)&env->terminate, NULL);
}

bool ph_env_uv_free(struct ph_env_uv *env)
{
    if (env == NULL)
        return true;
    env->is_done = true;
    close_network(env);
    await_work(env);
    if (has_work(env))
        return false;
    close_own_handles(env);
    uv_run(&env->loop, UV_RUN_DEFAULT);
    int failed = uv_loop_close(&env->loop);
    assert(failed == 0); /* else a handle was forgotten */
    (void)failed;
    ph_conns_uv_deinit(&env->conns);
    free(env);
    return true;
}

/* --- entry points --- */

enum ph_status ph_env_uv_new(const struct ph_log_sink *log, struct ph_env_uv **out)
{
    PH_TRY(ph_crypto_init());
    struct ph_env_uv *env = calloc(1, sizeof *env);
    if (env == NULL)
        return PH_NO_MEMORY;
    env->log = log;
    struct ph_events_uv events = {.tell = tell, .fail = fail_from_part, .impl = env, .log = log};
    if (uv_loop_init(&env->loop) != 0) {
        free(env);
        return PH_IO;
    }
    if (ph_conns_uv_init(&env->conns, &env->loop, events) != PH_OK) {
        uv_loop_close(&env->loop);
        free(env);
        return PH_NO_MEMORY;
    }
    ph_control_uv_init(&env->control, &env->loop, events, &env->last_command);
    ph_beacon_uv_init(&env->beacon, &env->loop, events);
    uv_timer_init(&env->loop, &env->wake);
    uv_timer_init(&env->loop, &env->drain);
    uv_signal_init(&env->loop, &env->interrupt);
    uv_signal_init(&env->loop, &env->terminate);
    env->wake.data = env->drain.data = env->commit_work.data = env;
    env->interrupt.data = env->terminate.data = env;
    signal(SIGPIPE, SIG_IGN);
    uv_signal_start(&env->interrupt, on_signal, SIGINT);
    uv_signal_start(&env->terminate, on_signal, SIGTERM);
    *out = env;
    return PH_OK;
}

struct ph_env ph_env_uv_env(struct ph_env_uv *env)
{
    static const struct ph_env_ops ops = {
        .random = random_bytes,
        .wake_at = wake_at,
        .dial = dial,
        .send = send_bytes,
        .hangup = hangup,
        .datagram = datagram,
        .commit = commit,
        .job = job,
        .reply = reply,
    };
    return (struct ph_env){.ops = &ops, .impl = env};
}

void ph_env_uv_attach(struct ph_env_uv *env, struct ph_node *node, struct ph_store *store)
{
    struct ph_event event = {.type = PH_EVENT_WAKE};
    assert(env->node == NULL);
    env->node = node;
    env->store = store;
    tell(env, &event);
}

enum ph_status ph_env_uv_listen(struct ph_env_uv *env, const char *address,
                                char actual[PH_ADDRESS_LEN_MAX + 1], char why[200])
{
    PH_TRY(ph_conns_uv_listen(&env->conns, address, actual, why));
    ph_listening_uv_init(&env->listening, env->conns.events, actual);
    return PH_OK;
}

void ph_env_uv_announce(struct ph_env_uv *env, uint16_t udp_port,
                        const char (*addresses)[PH_ADDRESS_LEN_MAX + 1], size_t count)
{
    struct ph_listening_uv *listening = &env->listening;
    if (listening->port == 0 || listening->is_open || env->is_stopping)
        return;
    if (udp_port != 0 && !listening->is_loopback && ph_beacon_uv_open(&env->beacon, udp_port))
        listening->beacon_port = listening->port;
    for (size_t i = 0; i < count && i < PH_LISTENING_MAX; i++)
        memcpy(listening->given[listening->given_count++], addresses[i], sizeof *addresses);
    ph_listening_uv_begin(listening, &env->loop);
}

enum ph_status ph_env_uv_control(struct ph_env_uv *env, const char *dir, char why[200])
{
    return ph_control_uv_listen(&env->control, dir, why);
}

enum ph_status ph_env_uv_run(struct ph_env_uv *env)
{
    while (!env->is_done)
        uv_run(&env->loop, UV_RUN_ONCE);
    close_network(env);
    await_work(env);
    return env->failure;
}

enum ph_status ph_env_uv_command(struct ph_env_uv *env, struct ph_bytes request, void *impl,
                                 void (*on_piece)(void *impl, struct ph_bytes piece, bool is_last))
{
    struct ph_event event = {.type = PH_EVENT_COMMAND};
    ph_command_id id = ++env->last_command;
    assert(env->own_command == 0);
    env->own_command = id;
    env->on_piece = on_piece;
    env->on_piece_impl = impl;
    event.of.command.id = id;
    event.of.command.bytes = request;
    tell(env, &event);
    while (env->own_command == id && !env->is_done)
        uv_run(&env->loop, UV_RUN_ONCE);
    bool is_answered = env->own_command != id;
    env->own_command = 0;
    if (is_answered)
        return PH_OK;
    return env->failure != PH_OK ? env->failure : PH_PARTIAL;
}

enum ph_status ph_env_uv_stop(struct ph_env_uv *env)
{
    begin_stop(env);
    return ph_env_uv_run(env);
}

size_t ph_env_uv_own_addresses(uint16_t port, char (*out)[PH_ADDRESS_LEN_MAX + 1], size_t max)
{
    return ph_listening_uv_own(port, out, max);
}
