/* One machine: the environment that its node runs in. */
#include "tests/sim/sim_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define ALARM_NONE UINT64_MAX

#define NO_NUMBER UINT64_MAX

struct sim_machine *sim_machine_stepping;

static void trace(struct sim_machine *machine, const char *what, const char *text, uint64_t number)
{
    const char *space = text[0] != '\0' ? " " : "";
    struct sim *sim = machine->sim;
    if (number == NO_NUMBER)
        sim_trace_line(&sim->trace, sim->clock.now_ms, machine->index, "%s%s%s", what, space, text);
    else
        sim_trace_line(&sim->trace, sim->clock.now_ms, machine->index, "%s %llu%s%s", what,
                       (unsigned long long)number, space, text);
}

/* --- into the node --- */

static void check_failure(struct sim_machine *machine)
{
    enum ph_status failure = ph_node_failure(machine->node);
    if (failure == PH_OK || machine->is_mute)
        return;
    trace(machine, "! stopped by itself:", ph_status_text(failure), NO_NUMBER);
    machine->failure = failure;
    sim_machine_die(machine, SIM_FATE_DRAWN);
}

void sim_machine_tell(struct sim_machine *machine, struct ph_event *event)
{
    if (machine->node == NULL)
        return;
    if (machine->in_step)
        sim_fail(machine->sim, "a call of node %u led back into it", machine->index);
    event->now_ms = machine->sim->clock.now_ms;
    event->wall_ms = machine->wall_ahead_ms + (int64_t)event->now_ms;
    machine->in_step = true;
    sim_machine_stepping = machine;
    ph_node_step(machine->node, event);
    sim_machine_stepping = NULL;
    machine->in_step = false;
    if (machine->crash_at_commit == UINT32_MAX) {
        machine->crash_at_commit = 0;
        sim_machine_die(machine, machine->crash_fate);
        return;
    }
    check_failure(machine);
}

static void on_up(void *impl, ph_conn_id conn, const char *address)
{
    struct ph_event event = {.type = PH_EVENT_CONN_UP};
    trace(impl, "> up", address, conn);
    event.of.up.conn = conn;
    event.of.up.address = address;
    sim_machine_tell(impl, &event);
}

static void on_data(void *impl, ph_conn_id conn, struct ph_bytes bytes)
{
    struct ph_event event = {.type = PH_EVENT_CONN_DATA};
    char len[24];
    snprintf(len, sizeof len, "%zu", bytes.len);
    trace(impl, "> data", len, conn);
    event.of.data.conn = conn;
    event.of.data.bytes = bytes;
    sim_machine_tell(impl, &event);
}

static void on_sent(void *impl, ph_conn_id conn, size_t len)
{
    struct ph_event event = {.type = PH_EVENT_SENT};
    event.of.sent.conn = conn;
    event.of.sent.len = len;
    sim_machine_tell(impl, &event);
}

static void on_down(void *impl, ph_conn_id conn, const char *reason)
{
    struct ph_event event = {.type = PH_EVENT_CONN_DOWN};
    trace(impl, "> down", reason, conn);
    event.of.down.conn = conn;
    event.of.down.reason = reason;
    sim_machine_tell(impl, &event);
}

const struct sim_party_ops sim_machine_party = {
    .up = on_up, .data = on_data, .sent = on_sent, .down = on_down};

/* --- tasks of one life --- */

static void later(struct sim_machine *machine, uint64_t at_ms, sim_action *action, uint64_t b)
{
    struct sim_task task = {.action = action, .impl = machine, .a = machine->life, .b = b};
    sim_clock_at(&machine->sim->clock, at_ms, &task);
}

static uint64_t drawn(struct sim_machine *machine, struct sim_span span)
{
    return machine->sim->clock.now_ms + sim_draw(&machine->sim->clock, span);
}

static void random_bytes(void *impl, uint8_t *out, size_t len)
{
    struct sim_machine *machine = impl;
    sim_fill(&machine->chance, out, len);
}

static void on_alarm(void *impl, uint64_t life, uint64_t alarm)
{
    struct sim_machine *machine = impl;
    struct ph_event event = {.type = PH_EVENT_WAKE};
    if (life == machine->life && alarm == machine->alarm)
        sim_machine_tell(machine, &event);
}

/* Never within the same ms, or a node that always asks for now would stop time. */
static void wake_at(void *impl, uint64_t deadline_ms)
{
    struct sim_machine *machine = impl;
    uint64_t now_ms = machine->sim->clock.now_ms;
    machine->alarm++;
    if (deadline_ms == ALARM_NONE || machine->is_mute)
        return;
    uint64_t late_ms = sim_draw(&machine->sim->clock, machine->late_ms);
    later(machine, (deadline_ms > now_ms ? deadline_ms : now_ms + 1) + late_ms, on_alarm,
          machine->alarm);
}

/* --- network --- */

static void dial(void *impl, ph_conn_id conn, const char *address)
{
    struct sim_machine *machine = impl;
    if (machine->is_mute)
        return;
    if (conn % 2 != 1)
        sim_fail(machine->sim, "node %u dials with an even number", machine->index);
    trace(machine, "< dial", address, conn);
    sim_net_dial(machine->sim->net, machine->place, conn, address);
}

static void send_bytes(void *impl, ph_conn_id conn, struct ph_bytes bytes)
{
    struct sim_machine *machine = impl;
    char len[24];
    if (machine->is_mute)
        return;
    snprintf(len, sizeof len, "%zu", bytes.len);
    trace(machine, "< send", len, conn);
    sim_trace_bytes(&machine->sim->trace, bytes);
    sim_net_send(machine->sim->net, machine->place, conn, bytes);
}

static void hangup(void *impl, ph_conn_id conn)
{
    struct sim_machine *machine = impl;
    if (machine->is_mute)
        return;
    trace(machine, "< hangup", "", conn);
    sim_net_hangup(machine->sim->net, machine->place, conn);
}

/* --- near --- */

static void say_near(void *impl, struct ph_bytes bytes)
{
    struct sim_machine *machine = impl;
    if (machine->is_mute)
        return;
    trace(machine, "< datagram", "", NO_NUMBER);
    sim_trace_bytes(&machine->sim->trace, bytes);
    sim_near_say(machine->sim->near, machine->place, machine->host, bytes);
}

void sim_machine_hear(void *impl, const char *host, struct ph_bytes bytes)
{
    struct ph_event event = {.type = PH_EVENT_DATAGRAM};
    trace(impl, "> datagram", host, NO_NUMBER);
    event.of.datagram.host = host;
    event.of.datagram.bytes = bytes;
    sim_machine_tell(impl, &event);
}

void sim_machine_tell_listening(struct sim_machine *machine, const char *address)
{
    struct ph_event event = {.type = PH_EVENT_LISTENING};
    event.of.listening.beacon_port = machine->has_beacon ? SIM_PORT_NUMBER : 0;
    event.of.listening.addresses = &address;
    event.of.listening.address_count = machine->is_published ? 1 : 0;
    sim_machine_tell(machine, &event);
}

static void begin_listening(struct sim_machine *machine)
{
    char address[PH_ADDRESS_LEN_MAX + 1];
    if (machine->has_beacon)
        sim_near_listen(machine->sim->near, machine->place, sim_machine_hear, machine);
    snprintf(address, sizeof address, "%s:%s", machine->host, SIM_PORT);
    if (machine->has_beacon || machine->is_published)
        sim_machine_tell_listening(machine, address);
}

/* --- commits and jobs --- */

/* What waits to be materialised needs room as well. */
static bool has_room(struct sim_machine *machine, const struct ph_batch *batch)
{
    return !machine->is_disk_full ||
           (ph_batch_is_empty(batch) && !sim_is_behind(machine->sim, machine->index));
}

static enum ph_status journal(struct sim_machine *machine, struct ph_batch *batch)
{
    return has_room(machine, batch) ? ph_store_journal(machine->store, batch) : PH_NO_SPACE;
}

static enum ph_status apply(struct sim_machine *machine, struct ph_batch *batch)
{
    if (!has_room(machine, batch))
        return PH_NO_SPACE;
    enum ph_status status = ph_store_apply(machine->store, batch);
    while (status == PH_MAP_FULL) {
        trace(machine, "! map grows", "", NO_NUMBER);
        status = ph_store_grow(machine->store);
        if (status == PH_OK)
            status = ph_store_apply(machine->store, batch);
    }
    const struct sim_watcher *watcher = &machine->sim->watcher;
    if (status == PH_OK && watcher->applied != NULL)
        watcher->applied(watcher->impl, machine->index, batch);
    return status;
}

/* How far the commit under way got. */
static enum sim_fate meet_fate(struct sim_machine *machine, enum sim_fate fate)
{
    if (fate == SIM_FATE_DRAWN)
        fate = (enum sim_fate)(SIM_FATE_LOST +
                               sim_draw(&machine->sim->clock, (struct sim_span){0, 2}));
    enum ph_status status = PH_OK;
    if (fate == SIM_FATE_JOURNALED)
        status = journal(machine, machine->batch);
    if (fate == SIM_FATE_KEPT)
        status = apply(machine, machine->batch);
    return status == PH_OK ? fate : SIM_FATE_LOST;
}

/* Whatever became of it, nobody is told. */
static enum ph_status apply_and_fail(struct sim_machine *machine)
{
    machine->commit_breaks = false;
    enum sim_fate fate = meet_fate(machine, machine->broken_fate);
    trace(machine, "! breaks its commit, as far as", "", (uint64_t)fate);
    return PH_IO;
}

static void give_back(struct sim_machine *machine, enum ph_status status)
{
    struct ph_event event = {.type = PH_EVENT_COMMITTED};
    event.of.committed.batch = machine->batch;
    event.of.committed.status = status;
    machine->batch = NULL;
    sim_machine_tell(machine, &event);
}

static void on_commit(void *impl, uint64_t life, uint64_t unused)
{
    struct sim_machine *machine = impl;
    (void)unused;
    if (life != machine->life || machine->batch == NULL)
        return;
    enum ph_status status =
        machine->commit_breaks ? apply_and_fail(machine) : apply(machine, machine->batch);
    trace(machine, "> committed:", ph_status_text(status), NO_NUMBER);
    give_back(machine, status);
}

static void commit(void *impl, struct ph_batch *batch)
{
    struct sim_machine *machine = impl;
    if (machine->batch != NULL)
        sim_fail(machine->sim, "node %u has two commits under way", machine->index);
    machine->batch = batch;
    if (machine->is_mute)
        return;
    machine->commit_count++;
    trace(machine, "< commit", "", machine->commit_count);
    if (machine->crash_at_commit != 0 && --machine->crash_at_commit == 0)
        machine->crash_at_commit = UINT32_MAX; /* as soon as this step is over */
    later(machine, drawn(machine, machine->commit_ms), on_commit, 0);
}

static void finish_job(struct sim_machine *machine, struct ph_job *job)
{
    struct ph_event event = {.type = PH_EVENT_JOB_DONE};
    event.of.done.job = job;
    job->run(job);
    sim_machine_tell(machine, &event);
}

static void on_job(void *impl, uint64_t life, uint64_t place)
{
    struct sim_machine *machine = impl;
    struct ph_job *job = machine->jobs[place];
    if (life != machine->life || job == NULL)
        return;
    machine->jobs[place] = NULL;
    trace(machine, "> job done", "", NO_NUMBER);
    finish_job(machine, job);
}

static void job(void *impl, struct ph_job *given)
{
    struct sim_machine *machine = impl;
    uint64_t place = 0;
    while (place < SIM_JOBS_MAX && machine->jobs[place] != NULL)
        place++;
    if (place == SIM_JOBS_MAX)
        sim_fail(machine->sim, "node %u has more than %d jobs", machine->index, SIM_JOBS_MAX);
    machine->jobs[place] = given;
    trace(machine, "< job", "", NO_NUMBER);
    if (!machine->is_mute)
        later(machine, drawn(machine, machine->job_ms), on_job, place);
}

/* --- commands --- */

static void reply(void *impl, ph_command_id command, struct ph_bytes piece, bool is_last)
{
    struct sim_machine *machine = impl;
    struct sim *sim = machine->sim;
    if (machine->is_mute)
        return;
    if (command == 0 || command > sim->reply_count || sim->replies[command - 1].is_done ||
        sim->replies[command - 1].node != machine->index)
        sim_fail(sim, "node %u answers what was not asked", machine->index);
    struct sim_reply *to = &sim->replies[command - 1];
    trace(machine, is_last ? "< reply" : "< reply, in part", "", command);
    sim_trace_bytes(&sim->trace, piece);
    to->bytes = realloc(to->bytes, to->len + piece.len + 1);
    if (to->bytes == NULL)
        abort();
    memcpy(to->bytes + to->len, piece.data, piece.len);
    to->len += piece.len;
    to->is_done = is_last;
    if (is_last && sim->watcher.replied != NULL)
        sim->watcher.replied(sim->watcher.impl, machine->index, command,
                             ph_bytes(to->bytes, to->len));
}

const struct ph_env_ops sim_env_ops = {
    .random = random_bytes,
    .wake_at = wake_at,
    .dial = dial,
    .send = send_bytes,
    .hangup = hangup,
    .datagram = say_near,
    .commit = commit,
    .job = job,
    .reply = reply,
};

/* --- the writer's file --- */

/* Chance of its own, since secrets are never drawn twice; durable at once. */
static enum ph_status renew(void *impl, uint16_t serial, struct ph_identity *identity)
{
    struct sim_machine *machine = impl;
    uint64_t chance = sim_next(&machine->sim->clock.chance);
    sim_machine_draw_writer(&machine->identity, serial, &chance);
    *identity = machine->identity;
    trace(machine, "! has new secrets, number", "", serial);
    return PH_OK;
}

void sim_machine_draw_writer(struct ph_identity *identity, uint16_t serial, uint64_t *chance)
{
    sim_fill(chance, identity->writer_seed, sizeof identity->writer_seed);
    sim_fill(chance, identity->transport_secret, sizeof identity->transport_secret);
    identity->serial = serial;
    identity->has_writer = true;
}

/* --- life and death --- */

static void write_log(void *impl, enum ph_log_level level, const char *line)
{
    (void)level;
    trace(impl, "#", line, NO_NUMBER);
}

static void open_store(struct sim_machine *machine)
{
    char why[200] = "";
    struct ph_store_options options = {.path = machine->path,
                                       .journal_path = machine->journal,
                                       .map_bytes = machine->sim->options.map_bytes,
                                       .any_file_system = true,
                                       .log = &machine->log};
    enum ph_status status = ph_store_open(&options, &machine->store, why);
    if (status != PH_OK)
        sim_fail(machine->sim, "node %u: the store does not open: %s (%s)", machine->index,
                 ph_status_text(status), why);
}

void sim_machine_start(struct sim_machine *machine)
{
    const char *addresses[SIM_KEPT_MAX];
    struct ph_event event = {.type = PH_EVENT_WAKE};
    if (machine->node != NULL)
        sim_fail(machine->sim, "node %u is up already", machine->index);
    for (size_t i = 0; i < machine->kept_count; i++)
        addresses[i] = machine->kept[i];
    trace(machine, "! starts", "", ++machine->life);
    machine->log = (struct ph_log_sink){.level = PH_LOG_DEBUG, .write = write_log, .impl = machine};
    machine->failure = PH_OK;
    machine->is_mute = false;
    machine->commit_count = 0;
    machine->chance = sim_next(&machine->sim->clock.chance);
    open_store(machine);
    struct ph_node_config config = {.env = {.ops = &sim_env_ops, .impl = machine},
                                    .store = machine->store,
                                    .identity = &machine->identity,
                                    .keeper = {.renew = renew, .impl = machine},
                                    .log = &machine->log,
                                    .addresses = addresses,
                                    .address_count = machine->kept_count,
                                    .is_serving = true};
    enum ph_status status = ph_node_new(&config, &machine->node);
    if (status != PH_OK)
        sim_fail(machine->sim, "node %u does not start: %s", machine->index,
                 ph_status_text(status));
    sim_net_listen(machine->sim->net, machine->place);
    if (machine->sim->watcher.started != NULL)
        machine->sim->watcher.started(machine->sim->watcher.impl, machine->index);
    sim_machine_tell(machine, &event);
    begin_listening(machine);
}

/* What the environment holds is lent, so it goes back before the node is freed; by then the node is
 * mute and whatever it makes of it leads nowhere. */
static void take_leave(struct sim_machine *machine)
{
    machine->is_mute = true;
    if (machine->batch != NULL)
        give_back(machine, PH_IO);
    for (size_t place = 0; place < SIM_JOBS_MAX; place++) {
        struct ph_job *job = machine->jobs[place];
        machine->jobs[place] = NULL;
        if (job != NULL)
            finish_job(machine, job);
        if (machine->batch != NULL)
            give_back(machine, PH_IO); /* what the job led to */
    }
    assert(machine->batch == NULL);
    ph_node_free(machine->node);
    machine->node = NULL;
}

void sim_machine_die(struct sim_machine *machine, enum sim_fate fate)
{
    static const char *const texts[] = {[SIM_FATE_DRAWN] = "",
                                        [SIM_FATE_LOST] = "before its commit",
                                        [SIM_FATE_JOURNALED] = "amid its commit",
                                        [SIM_FATE_KEPT] = "after its commit"};
    if (machine->node == NULL)
        return;
    fate = machine->batch == NULL ? SIM_FATE_DRAWN : meet_fate(machine, fate);
    trace(machine, "! dies", texts[fate], NO_NUMBER);
    sim_net_go_down(machine->sim->net, machine->place);
    sim_near_leave(machine->sim->near, machine->place);
    take_leave(machine);
    machine->life++;
    machine->commit_breaks = false;
    ph_store_close(machine->store);
    machine->store = NULL;
    if (machine->sim->watcher.died != NULL)
        machine->sim->watcher.died(machine->sim->watcher.impl, machine->index, machine->failure);
}
