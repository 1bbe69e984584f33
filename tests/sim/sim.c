#include "tests/sim/sim_state.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPIN_MAX 2000000  /* tasks within one ms: a flood in pieces of a byte takes some 300,000 */
#define ANSWER_MS 3600000 /* a command takes no longer */
#define TAIL_LEN 6000     /* bytes of the trace that a failure shows */

void sim_fail(const struct sim *sim, const char *format, ...)
{
    const char *text = sim->trace.text != NULL ? sim->trace.text : "";
    size_t from = sim->trace.len > TAIL_LEN ? sim->trace.len - TAIL_LEN : 0;
    va_list arguments;
    fprintf(stderr, "%s\nseed %llu, at %llu ms: ", text + from,
            (unsigned long long)sim->options.seed, (unsigned long long)sim->clock.now_ms);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

/* --- beginning and end --- */

struct sim_options sim_options(uint64_t seed, uint32_t node_count)
{
    return (struct sim_options){.seed = seed,
                                .node_count = node_count,
                                .net = {.latency_ms = {1, 20},
                                        .take_ms = {0, 3},
                                        .timeout_ms = {1000, 5000},
                                        .window = 256 * 1024,
                                        .chunk_max = 16 * 1024,
                                        .stalls = 0,
                                        .stall_ms = {100, 2000}},
                                .commit_ms = {1, 20},
                                .job_ms = {1, 100},
                                .late_ms = {0, 2}};
}

static void make_folders(struct sim *sim)
{
    const char *temporary = getenv("TMPDIR");
    const char *base = sim->options.folder != NULL     ? sim->options.folder
                       : access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                       : temporary != NULL             ? temporary
                                                       : "/tmp";
    snprintf(sim->root_path, sizeof sim->root_path, "%.100s/pharos-sim-XXXXXX", base);
    if (mkdtemp(sim->root_path) == NULL)
        sim_fail(sim, "no folder can be made in %s", base);
    for (uint32_t i = 0; i < sim->options.node_count; i++) {
        struct sim_machine *machine = &sim->machines[i];
        snprintf(machine->path, sizeof machine->path, "%s/node%u", sim->root_path, i);
        snprintf(machine->journal, sizeof machine->journal, "%s/node%u.journal", sim->root_path, i);
        if (mkdir(machine->path, 0700) != 0)
            sim_fail(sim, "%s can't be made", machine->path);
    }
}

static void make_identity(struct sim *sim, uint32_t node, struct ph_identity *identity)
{
    uint64_t chance = sim->options.seed * SIM_NODES_MAX + node;
    sim_fill(&chance, identity->school_seed, sizeof identity->school_seed);
    sim_machine_draw_writer(identity, 0, &chance);
    snprintf(identity->school_name, sizeof identity->school_name, "School %u", node);
}

static void make_machine(struct sim *sim, uint32_t index)
{
    struct sim_machine *machine = &sim->machines[index];
    char name[16];
    snprintf(name, sizeof name, "node%u", index);
    machine->sim = sim;
    machine->index = index;
    machine->place = sim_net_add(sim->net, name, &sim_machine_party, machine);
    snprintf(machine->host, sizeof machine->host, "%s", name);
    machine->wall_ahead_ms = SIM_TODAY_MS;
    machine->commit_ms = sim->options.commit_ms;
    machine->job_ms = sim->options.job_ms;
    machine->late_ms = sim->options.late_ms;
    make_identity(sim, index, &machine->identity);
}

struct sim *sim_new(const struct sim_options *options)
{
    struct sim *sim = calloc(1, sizeof *sim);
    if (sim == NULL || ph_crypto_init() != PH_OK)
        abort();
    sim->options = *options;
    sim_clock_init(&sim->clock, options->seed);
    sim_trace_init(&sim->trace, options->is_printed || getenv("SIM_TRACE") != NULL);
    sim->trace.is_forgetful = options->is_forgetful;
    sim->net = sim_net_new(&sim->clock, &options->net);
    sim->near = sim_near_new(&sim->clock, sim->net);
    if (options->node_count > SIM_MACHINES_MAX)
        sim_fail(sim, "at most %d nodes", SIM_MACHINES_MAX);
    sim->machines = calloc(options->node_count, sizeof *sim->machines);
    if (sim->machines == NULL)
        abort();
    for (uint32_t i = 0; i < options->node_count; i++)
        make_machine(sim, i);
    make_folders(sim);
    return sim;
}

void sim_watch(struct sim *sim, const struct sim_watcher *watcher)
{
    sim->watcher = watcher != NULL ? *watcher : (struct sim_watcher){.impl = NULL};
}

struct sim *sim_start_all(uint64_t seed, uint32_t node_count)
{
    struct sim_options options = sim_options(seed, node_count);
    struct sim *sim = sim_new(&options);
    for (uint32_t i = 0; i < node_count; i++)
        sim_start(sim, i);
    return sim;
}

/* A store's folder holds files only. */
static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder != NULL)
        closedir(folder);
    rmdir(path);
}

void sim_free(struct sim *sim)
{
    if (sim == NULL)
        return;
    for (uint32_t i = 0; i < sim->options.node_count; i++) {
        sim_machine_die(&sim->machines[i], SIM_FATE_LOST);
        remove_folder(sim->machines[i].path);
        unlink(sim->machines[i].journal);
        sim_copies_free(&sim->machines[i]);
        free(sim->machines[i].records);
    }
    for (size_t i = 0; i < sim->reply_count; i++)
        free(sim->replies[i].bytes);
    free(sim->replies);
    sim_near_free(sim->near);
    free(sim->machines);
    sim_net_free(sim->net);
    sim_clock_deinit(&sim->clock);
    sim_trace_deinit(&sim->trace);
    rmdir(sim->root_path);
    free(sim);
}

/* --- time --- */

uint64_t sim_now(const struct sim *sim)
{
    return sim->clock.now_ms;
}

static bool step(struct sim *sim, uint64_t until_ms)
{
    if (!sim_clock_step(&sim->clock, until_ms))
        return false;
    if (sim->clock.tasks_at_now > SPIN_MAX)
        sim_fail(sim, "time stands still: somebody spins");
    return true;
}

void sim_run(struct sim *sim, uint64_t ms)
{
    uint64_t until_ms = sim->clock.now_ms + ms;
    while (step(sim, until_ms))
        ;
    sim->clock.now_ms = until_ms;
    sim->clock.tasks_at_now = 0;
}

bool sim_run_until(struct sim *sim, sim_question *question, const void *impl, uint64_t ms)
{
    uint64_t until_ms = sim->clock.now_ms + ms;
    while (!question(sim, impl))
        if (!step(sim, until_ms)) {
            sim->clock.now_ms = until_ms;
            return question(sim, impl);
        }
    return true;
}

/* --- machines --- */

void sim_start(struct sim *sim, uint32_t node)
{
    sim_machine_start(&sim->machines[node]);
}

static bool is_stopped(const struct sim *sim, const void *impl)
{
    const struct sim_machine *machine = &sim->machines[*(const uint32_t *)impl];
    return machine->node == NULL || ph_node_is_stopped(machine->node);
}

static void tell_stop(struct sim *sim, uint32_t node)
{
    struct ph_event event = {.type = PH_EVENT_STOP};
    sim_trace_line(&sim->trace, sim->clock.now_ms, node, "> stop");
    sim->machines[node].stopping_life = sim->machines[node].life;
    sim_machine_tell(&sim->machines[node], &event);
}

static void await_stop(void *impl, uint64_t life, uint64_t until_ms);

static void look_later(struct sim_machine *machine, uint64_t until_ms)
{
    struct sim_task task = {
        .action = await_stop, .impl = machine, .a = machine->life, .b = until_ms};
    sim_clock_at(&machine->sim->clock, machine->sim->clock.now_ms + 50, &task);
}

static bool is_awaiting_disk(const struct sim_machine *machine)
{
    bool is_awaiting = machine->batch != NULL;
    for (size_t place = 0; place < SIM_JOBS_MAX; place++)
        is_awaiting = is_awaiting || machine->jobs[place] != NULL;
    return is_awaiting;
}

/* As sim_stop waits, but beside everything else, and as long as commits and jobs take. */
static void await_stop(void *impl, uint64_t life, uint64_t until_ms)
{
    struct sim_machine *machine = impl;
    if (life != machine->life || machine->node == NULL)
        return;
    if (ph_node_is_stopped(machine->node))
        sim_machine_die(machine, SIM_FATE_KEPT);
    else if (is_awaiting_disk(machine))
        look_later(machine, machine->sim->clock.now_ms + PH_DRAIN_MS_MAX);
    else if (machine->sim->clock.now_ms > until_ms)
        sim_fail(machine->sim, "node %u does not stop", machine->index);
    else
        look_later(machine, until_ms);
}

void sim_stop_begin(struct sim *sim, uint32_t node)
{
    tell_stop(sim, node);
    look_later(&sim->machines[node], sim->clock.now_ms + PH_DRAIN_MS_MAX);
}

void sim_stop(struct sim *sim, uint32_t node)
{
    tell_stop(sim, node);
    if (!sim_run_until(sim, is_stopped, &node, PH_DRAIN_MS_MAX))
        sim_fail(sim, "node %u does not stop", node);
    sim_run(sim, 50); /* last words leave */
    sim_machine_die(&sim->machines[node], SIM_FATE_KEPT);
}

void sim_crash(struct sim *sim, uint32_t node, enum sim_fate fate)
{
    sim_machine_die(&sim->machines[node], fate);
}

void sim_crash_at_commit(struct sim *sim, uint32_t node, uint32_t count, enum sim_fate fate)
{
    sim->machines[node].crash_at_commit = count;
    sim->machines[node].crash_fate = fate;
}

void sim_break_commit(struct sim *sim, uint32_t node, enum sim_fate fate)
{
    sim->machines[node].commit_breaks = true;
    sim->machines[node].broken_fate = fate;
}

void sim_mend_commit(struct sim *sim, uint32_t node)
{
    sim->machines[node].commit_breaks = false;
}

uint64_t sim_life(const struct sim *sim, uint32_t node)
{
    return sim->machines[node].life;
}

bool sim_is_up(const struct sim *sim, uint32_t node)
{
    return sim->machines[node].node != NULL;
}

bool sim_is_stopping(const struct sim *sim, uint32_t node)
{
    return sim->machines[node].stopping_life == sim->machines[node].life;
}

void sim_keep_dialing(struct sim *sim, uint32_t node, const char *address)
{
    struct sim_machine *machine = &sim->machines[node];
    if (machine->kept_count == SIM_KEPT_MAX)
        sim_fail(sim, "at most %d addresses", SIM_KEPT_MAX);
    snprintf(machine->kept[machine->kept_count++], sizeof machine->kept[0], "%s", address);
}

void sim_set_beacon(struct sim *sim, uint32_t node, bool has_beacon)
{
    sim->machines[node].has_beacon = has_beacon;
}

void sim_set_published(struct sim *sim, uint32_t node, bool is_published)
{
    sim->machines[node].is_published = is_published;
}

void sim_tell_address(struct sim *sim, uint32_t node, const char *address)
{
    sim_machine_tell_listening(&sim->machines[node], address);
}

void sim_move(struct sim *sim, uint32_t node, const char *host)
{
    struct sim_machine *machine = &sim->machines[node];
    snprintf(machine->host, sizeof machine->host, "%s", host);
    sim_net_rename(sim->net, machine->place, host);
}

void sim_set_wall(struct sim *sim, uint32_t node, int64_t wall_ms)
{
    sim->machines[node].wall_ahead_ms = wall_ms - (int64_t)sim->clock.now_ms;
}

void sim_set_disk_full(struct sim *sim, uint32_t node, bool is_full)
{
    sim_trace_line(&sim->trace, sim->clock.now_ms, node, "! disk %s", is_full ? "full" : "free");
    sim->machines[node].is_disk_full = is_full;
    sim->machines[node].was_disk_full |= is_full;
}

bool sim_is_disk_full(const struct sim *sim, uint32_t node)
{
    return sim->machines[node].is_disk_full;
}

bool sim_was_disk_full(const struct sim *sim, uint32_t node)
{
    return sim->machines[node].was_disk_full;
}

bool sim_is_committing(const struct sim *sim, uint32_t node)
{
    return sim->machines[node].batch != NULL;
}

void sim_lose_writer(struct sim *sim, uint32_t node)
{
    sim_trace_line(&sim->trace, sim->clock.now_ms, node, "! loses its writer's secrets");
    sim->machines[node].identity.has_writer = false;
}

void sim_set_commit_ms(struct sim *sim, uint32_t node, struct sim_span span)
{
    sim->machines[node].commit_ms = span;
}

void sim_set_job_ms(struct sim *sim, uint32_t node, struct sim_span span)
{
    sim->machines[node].job_ms = span;
}

void sim_set_late_ms(struct sim *sim, uint32_t node, struct sim_span span)
{
    sim->machines[node].late_ms = span;
}

/* --- network --- */

struct sim_near *sim_near(struct sim *sim)
{
    return sim->near;
}

struct sim_net *sim_net(struct sim *sim)
{
    return sim->net;
}

struct sim_clock *sim_clock(struct sim *sim)
{
    return &sim->clock;
}

uint32_t sim_place(const struct sim *sim, uint32_t node)
{
    return sim->machines[node].place;
}

void sim_partition(struct sim *sim, uint32_t a, uint32_t b)
{
    sim_trace_line(&sim->trace, sim->clock.now_ms, a, "! cut off from %u", b);
    sim_net_block(sim->net, sim_place(sim, a), sim_place(sim, b));
    sim_net_block(sim->net, sim_place(sim, b), sim_place(sim, a));
}

void sim_block(struct sim *sim, uint32_t from, uint32_t to)
{
    sim_trace_line(&sim->trace, sim->clock.now_ms, from, "! can't reach %u", to);
    sim_net_block(sim->net, sim_place(sim, from), sim_place(sim, to));
}

void sim_unblock(struct sim *sim, uint32_t from, uint32_t to)
{
    sim_trace_line(&sim->trace, sim->clock.now_ms, from, "! reaches %u again", to);
    sim_net_open(sim->net, sim_place(sim, from), sim_place(sim, to));
}

void sim_heal(struct sim *sim)
{
    for (uint32_t a = 0; a < sim->options.node_count; a++)
        for (uint32_t b = 0; b < sim->options.node_count; b++)
            sim_net_open(sim->net, sim_place(sim, a), sim_place(sim, b));
    sim_trace_line(&sim->trace, sim->clock.now_ms, 0, "! every way is open");
}

/* --- commands --- */

ph_command_id sim_next_command(const struct sim *sim)
{
    return sim->reply_count + 1;
}

ph_command_id sim_command_begin(struct sim *sim, uint32_t node, struct ph_bytes request)
{
    struct ph_event event = {.type = PH_EVENT_COMMAND};
    if (sim->reply_count == sim->reply_size) {
        sim->reply_size = sim->reply_size == 0 ? 64 : 2 * sim->reply_size;
        sim->replies = realloc(sim->replies, sim->reply_size * sizeof *sim->replies);
        if (sim->replies == NULL)
            abort();
    }
    sim->replies[sim->reply_count++] =
        (struct sim_reply){.command = sim->reply_count, .node = node};
    event.of.command.id = sim->reply_count;
    event.of.command.bytes = request;
    sim_trace_line(&sim->trace, sim->clock.now_ms, node, "> command %zu", sim->reply_count);
    sim_trace_bytes(&sim->trace, request);
    sim_machine_tell(&sim->machines[node], &event);
    return event.of.command.id;
}

void sim_command_gone(struct sim *sim, ph_command_id command)
{
    struct ph_event event = {.type = PH_EVENT_COMMAND_GONE};
    event.of.command.id = command;
    sim_trace_line(&sim->trace, sim->clock.now_ms, sim->replies[command - 1].node, "> gone %llu",
                   (unsigned long long)command);
    sim_machine_tell(&sim->machines[sim->replies[command - 1].node], &event);
}

struct ph_bytes sim_answer(const struct sim *sim, ph_command_id command)
{
    const struct sim_reply *reply = &sim->replies[command - 1];
    return reply->is_done ? ph_bytes(reply->bytes, reply->len) : ph_bytes(NULL, 0);
}

void sim_forget(struct sim *sim, ph_command_id command)
{
    struct sim_reply *reply = &sim->replies[command - 1];
    free(reply->bytes);
    reply->bytes = NULL;
    reply->len = 0;
}

static bool is_answered(const struct sim *sim, const void *impl)
{
    const struct sim_reply *reply = &sim->replies[*(const ph_command_id *)impl - 1];
    return reply->is_done || !sim_is_up(sim, reply->node);
}

struct ph_bytes sim_command(struct sim *sim, uint32_t node, struct ph_bytes request)
{
    ph_command_id command = sim_command_begin(sim, node, request);
    sim_run_until(sim, is_answered, &command, ANSWER_MS);
    return sim_answer(sim, command);
}

/* --- questions --- */

uint32_t sim_commit_count(const struct sim *sim, uint32_t node)
{
    return sim->machines[node].commit_count;
}

struct ph_store *sim_store(struct sim *sim, uint32_t node)
{
    return sim->machines[node].store;
}

struct ph_school_id sim_school(const struct sim *sim, uint32_t node)
{
    struct ph_sign_secret secret;
    struct ph_school_id school;
    ph_sign_key_from_seed(sim->machines[node].identity.school_seed, &secret, school.bytes);
    return school;
}

const struct ph_identity *sim_identity(const struct sim *sim, uint32_t node)
{
    return &sim->machines[node].identity;
}

const char *sim_trace(const struct sim *sim)
{
    return sim->trace.text != NULL ? sim->trace.text : "";
}

uint64_t sim_trace_hash(const struct sim *sim)
{
    return sim->trace.hash;
}

void sim_trace_forget(struct sim *sim)
{
    sim_trace_clear(&sim->trace);
}

bool sim_trace_has(const struct sim *sim, uint32_t node, const char *text)
{
    char mark[16];
    const char *line = sim_trace(sim);
    snprintf(mark, sizeof mark, "] %u ", node);
    while (*line != '\0') {
        const char *end = strchr(line, '\n');
        const char *found = strstr(line, text);
        const char *who = strstr(line, mark);
        if (found != NULL && found < end && who != NULL && who < found)
            return true;
        line = end + 1;
    }
    return false;
}
