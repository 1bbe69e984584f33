#include "tests/sim/sim_case.h"

#include "tests/sim/sim_bad.h"
#include "tests/sim/sim_hosts.h"
#include "tests/sim/sim_parrot.h"
#include "tests/sim/sim_weather.h"
#include "tests/sim/sim_work.h"
#include "tests/support/event_log.h"

#define SETUP_MS 60000
#define PUBLISHED_MS 20000 /* until all know where all are, if nothing else tells them */
#define LOOK_MS 250        /* how often it is asked whether all are equal */
#define QUIET_MS 60000     /* then nothing is left over: redials and duplicates have ended */
#define GLANCE_COUNT 6     /* times in a storm that records are compared */

struct course {
    const struct sim_case *given;
    struct sim_plan plan;
    struct sim *sim;
    struct sim_oracle *oracle;
    struct sim_work *work;
    struct sim_hosts hosts; /* NULL until people work */
    struct sim_weather *weather;
    struct sim_bad *bad; /* NULL until they have gone bad */
    struct sim_parrot *parrot;
};

/* --- watching --- */

static void on_started(void *impl, uint32_t node)
{
    struct course *course = impl;
    sim_oracle_disk_is_kept(course->oracle, node);
    if (course->given->events != NULL)
        event_log_disk(course->given->events, node, sim_store(course->sim, node));
}

static void on_applied(void *impl, uint32_t node, const struct ph_batch *batch)
{
    struct course *course = impl;
    sim_oracle_batch_is_bounded(course->oracle, batch);
    sim_oracle_disk_grows(course->oracle, node);
    if (course->given->events != NULL)
        event_log_batch(course->given->events, node, sim_store(course->sim, node), batch);
}

static void on_replied(void *impl, uint32_t node, ph_command_id command, struct ph_bytes answer)
{
    struct course *course = impl;
    if (course->work != NULL)
        sim_work_replied(course->work, node, command, answer);
}

static void on_said(void *impl, uint32_t node, struct ph_bytes message)
{
    struct course *course = impl;
    sim_oracle_said_is_durable(course->oracle, node, message);
}

static void on_died(void *impl, uint32_t node, enum ph_status failure)
{
    struct course *course = impl;
    sim_oracle_stop_is_excused(course->oracle, node, failure);
}

static bool is_over(const struct course *course)
{
    return course->oracle->verdict.outcome != SIM_FINE;
}

/* --- the beginning --- */

static void dial_others(struct course *course, uint32_t node)
{
    char address[32];
    for (uint32_t other = 0; other < course->plan.node_count; other++) {
        snprintf(address, sizeof address, "node%u:%s", other, SIM_PORT);
        if (other != node && course->plan.dials[node][other])
            sim_keep_dialing(course->sim, node, address);
        if (course->plan.is_walled[node][other])
            sim_net_refuse(sim_net(course->sim), sim_place(course->sim, node),
                           sim_place(course->sim, other));
    }
    sim_set_beacon(course->sim, node, course->plan.has_beacon[node]);
    sim_set_published(course->sim, node, course->plan.publishes[node]);
}

/* Ways that are never there are closed once who needed them has joined. */
static void close_ways(struct course *course)
{
    for (uint32_t a = 0; a < course->plan.node_count; a++)
        for (uint32_t b = 0; b < course->plan.node_count; b++)
            if (a != b && !course->plan.is_way[a][b])
                sim_block(course->sim, a, b);
}

static struct sim_code found(struct course *course)
{
    struct sim *sim = course->sim;
    dial_others(course, 0);
    if (course->plan.quota != 0)
        sim_found_with_quota(sim, 0, "Lighthouse", course->plan.quota);
    sim_start(sim, 0);
    if (course->plan.quota == 0)
        sim_found(sim, 0, "Lighthouse");
    struct sim_code code =
        sim_invite(sim, 0, PH_INVITE_USES_MAX, course->plan.is_invited ? 0 : UINT32_MAX);
    for (uint32_t node = 1; node < course->plan.node_count; node++) {
        dial_others(course, node);
        sim_start(sim, node);
        if (!course->plan.joins_late[node] && !sim_join(sim, node, &code, UINT32_MAX, SETUP_MS))
            sim_blame(course->oracle, SIM_STUCK, "node %u was not admitted", node);
    }
    if (course->plan.is_invited && !course->plan.is_typed)
        sim_run(sim, PUBLISHED_MS);
    close_ways(course);
    return code;
}

/* --- the storm --- */

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void glance(struct course *course)
{
    sim_oracle_equal_roots_equal_records(course->oracle);
    sim_oracle_held_is_true(course->oracle);
    sim_oracle_queues_are_bounded(course->oracle);
}

/* What is on it may be from before it joined; the way to the founder is then there again. */
static void let_join_again(struct course *course, uint32_t node)
{
    sim_work_forget(course->work, node);
    if (node == 0 || course->plan.is_way[node][0])
        return;
    course->plan.is_way[node][0] = course->plan.is_way[0][node] = true;
    sim_unblock(course->sim, node, 0);
    sim_unblock(course->sim, 0, node);
}

static void on_disk_moved(void *impl, uint32_t node, uint32_t from, bool is_saved)
{
    struct course *course = impl;
    char name[32];
    snprintf(name, sizeof name, "backup %u", from);
    if (!is_saved)
        let_join_again(course, node);
    if (course->given->events != NULL && is_saved)
        event_log_save(course->given->events, node, name);
    else if (course->given->events != NULL)
        event_log_load(course->given->events, node, name);
}

static void run_storm(struct course *course, const struct sim_code *code)
{
    struct sim *sim = course->sim;
    uint64_t stream = sim_plan_stream(course->plan.seed, SIM_PURPOSE_GLANCES);
    uint64_t end_ms = sim_now(sim) + course->plan.storm_ms;
    uint64_t glance_ms = sim_now(sim);
    if (course->plan.bad_count != 0)
        course->bad = sim_bad_new(sim, &course->plan, code);
    course->weather = sim_weather_new(sim, &course->plan, course->oracle);
    course->work = sim_work_new(sim, &course->plan, course->oracle, code);
    course->hosts = sim_hosts(sim, &course->plan);
    sim_weather_tell(course->weather, on_disk_moved, course);
    if (course->plan.parrot_ms != 0)
        course->parrot = sim_parrot_new(sim, sim_plan_stream(course->plan.seed, SIM_PURPOSE_PARROT),
                                        (struct sim_span){1, course->plan.parrot_ms});
    while (sim_now(sim) < end_ms && !is_over(course)) {
        uint64_t next_ms =
            sooner(sim_work_next_ms(course->work), sim_weather_next_ms(course->weather));
        next_ms = sooner(sooner(next_ms, glance_ms), end_ms);
        next_ms = sooner(next_ms, course->hosts.next_ms);
        if (course->bad != NULL)
            next_ms = sooner(next_ms, sim_bad_next_ms(course->bad));
        if (next_ms > sim_now(sim))
            sim_run(sim, next_ms - sim_now(sim));
        sim_work_do(course->work);
        sim_weather_happen(course->weather);
        sim_hosts_do(&course->hosts);
        if (course->bad != NULL)
            sim_bad_vote(course->bad);
        if (glance_ms <= sim_now(sim)) {
            glance(course);
            glance_ms = sim_now(sim) + 1 +
                        sim_plan_below(&stream, 1 + 2 * course->plan.storm_ms / GLANCE_COUNT);
        }
    }
}

/* --- the calm --- */

/* Everybody is a member, and all are equal, in time. */
static void come_together(struct course *course)
{
    struct sim *sim = course->sim;
    uint64_t end_ms = sim_now(sim) + SIM_CALM_MS(course->plan.node_count);
    while (!is_over(course)) {
        sim_weather_start_all(course->weather);
        bool is_any_left = sim_work_join_all(course->work);
        if (!is_any_left && sim_oracle_are_equal(course->oracle))
            return;
        if (sim_now(sim) >= end_ms)
            sim_blame(course->oracle, SIM_STUCK, "not all are %s after %llu ms without faults",
                      is_any_left ? "members" : "equal",
                      (unsigned long long)SIM_CALM_MS(course->plan.node_count));
        sim_run(sim, LOOK_MS);
    }
}

static void calm_down(struct course *course)
{
    sim_weather_clear_up(course->weather);
    if (course->bad != NULL)
        sim_bad_calm(course->bad);
    if (course->parrot != NULL)
        sim_parrot_silence(course->parrot);
    come_together(course);
    if (course->bad == NULL || course->plan.removal_ms == 0 || is_over(course))
        return;
    sim_bad_remove(course->bad);
    come_together(course);
}

static void write_states(struct course *course)
{
    for (uint32_t node = 0; node < course->plan.honest_count && course->given->events != NULL;
         node++) {
        struct ph_root root = sim_root(course->sim, node);
        event_log_state(course->given->events, node, sim_store(course->sim, node), &root);
    }
}

/* A few messages and commits for each school on the way. */
static void must_be_everywhere(struct course *course, const char *what)
{
    uint64_t ms = 1000 + 200 * (uint64_t)course->plan.node_count;
    sim_run(course->sim, ms);
    if (!sim_oracle_are_equal(course->oracle))
        sim_blame(course->oracle, SIM_STUCK, "%s in quiet times is not everywhere in %llu ms", what,
                  (unsigned long long)ms);
}

/* With nothing wrong and everybody connected, what is new is everywhere at once: first a fact,
 * alone, since differing heads would bring it along; then entries, from two ends of the network. */
static void live(struct course *course)
{
    (void)sim_invite(course->sim, 0, 1, UINT32_MAX);
    must_be_everywhere(course, "a new fact");
    (void)sim_write(course->sim, course->plan.honest_count - 1, "plan", "title", "Live");
    (void)sim_write(course->sim, 0, "plan", "title", "Live");
    must_be_everywhere(course, "a new entry");
}

/* Each a function, so that what fails first is named. */
static void judge(struct course *course)
{
    static void (*const oracles[])(struct sim_oracle *) = {
        sim_oracle_records_are_equal,  sim_oracle_saved_is_everywhere,
        sim_oracle_stores_verify,      sim_oracle_rebuild_changes_nothing,
        sim_oracle_queues_are_bounded, sim_oracle_one_connection_a_pair,
        sim_oracle_one_host,
    };
    if (course->bad != NULL)
        sim_bad_leave(course->bad);
    sim_run(course->sim, QUIET_MS);
    /* What a disk had no room for may have come just now, over a connection that was dead. */
    if (!sim_oracle_are_equal(course->oracle))
        sim_run(course->sim, QUIET_MS);
    if (!sim_oracle_are_equal(course->oracle))
        sim_blame(course->oracle, SIM_STUCK, "all were equal, and are not any more");
    if (!is_over(course))
        live(course);
    write_states(course);
    for (size_t i = 0; i < sizeof oracles / sizeof *oracles && !is_over(course); i++)
        oracles[i](course->oracle);
    sim_work_all_are_answered(course->work);
    if (course->bad != NULL && !is_over(course))
        sim_oracle_removed_are_shut_out(course->oracle, course->bad);
    if (course->bad != NULL)
        sim_oracle_nothing_forbidden_is_taken(course->oracle, course->bad);
}

/* --- the whole --- */

static void begin(struct course *course)
{
    struct sim_options options = course->plan.calm;
    options.folder = course->given->folder;
    options.is_printed = course->given->is_traced;
    options.is_forgetful = true;
    course->sim = sim_new(&options);
    course->oracle = sim_oracle_new(course->sim, &course->plan);
    struct sim_watcher watcher = {.impl = course,
                                  .started = on_started,
                                  .applied = on_applied,
                                  .replied = on_replied,
                                  .said = on_said,
                                  .died = on_died};
    sim_watch(course->sim, &watcher);
    if (course->given->events != NULL)
        event_log_begin(course->given->events, course->plan.seed);
}

static struct sim_result result_of(struct course *course)
{
    struct sim_result result = {.verdict = course->oracle->verdict,
                                .node_count = course->plan.node_count,
                                .virtual_ms = sim_now(course->sim),
                                .trace_hash = sim_trace_hash(course->sim),
                                .ack_count = (uint32_t)course->oracle->ack_count};
    if (course->work != NULL)
        result.command_count = sim_work_command_count(course->work);
    result.entry_count = course->oracle->truth.entry_count;
    return result;
}

struct sim_result sim_case_run(const struct sim_case *given)
{
    struct course course = {.given = given, .plan = sim_plan(&given->wishes)};
    begin(&course);
    struct sim_code code = found(&course);
    run_storm(&course, &code);
    calm_down(&course);
    if (!is_over(&course))
        judge(&course);
    struct sim_result result = result_of(&course);
    sim_watch(course.sim, NULL);
    sim_bad_free(course.bad);
    sim_free(course.sim);
    sim_parrot_free(course.parrot);
    sim_work_free(course.work);
    sim_weather_free(course.weather);
    sim_oracle_free(course.oracle);
    return result;
}
