#include "tests/sim/sim_net.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/sim_net_state.h"

#define MERGED_MAX (64 * 1024) /* bytes that arrive together at most */
#define BLOCKED_MS 50          /* how often a blocked way is tried */
static void *grown(void *items, size_t size)
{
    void *more = realloc(items, size);
    if (more == NULL)
        abort();
    return more;
}

/* --- links --- */

/* Its index, or where it would stand. */
static size_t link_index(const struct sim_net *net, uint64_t id)
{
    size_t low = 0, high = net->link_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (net->links[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct link *find_link(struct sim_net *net, uint64_t id)
{
    size_t index = link_index(net, id);
    return index < net->link_count && net->links[index]->id == id ? net->links[index] : NULL;
}

static struct link *add_link(struct sim_net *net)
{
    if (net->link_count == net->link_size) {
        net->link_size = net->link_size == 0 ? 16 : 2 * net->link_size;
        net->links = grown(net->links, net->link_size * sizeof(struct link *));
    }
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL)
        abort();
    link->id = ++net->last_link;
    link->ends[1].place = NOWHERE;
    net->links[net->link_count++] = link;
    return link;
}

/* Nobody hears of it any more. */
static void drop_if_over(struct sim_net *net, struct link *link)
{
    if (link->ends[0].state != END_GONE || link->ends[1].state != END_GONE)
        return;
    sim_stream_drop(&link->ends[0].out);
    sim_stream_drop(&link->ends[1].out);
    size_t index = link_index(net, link->id);
    net->link_count--;
    memmove(net->links + index, net->links + index + 1,
            (net->link_count - index) * sizeof(struct link *));
    free(link);
}

/* The end that a party means; a connection that it does not have is its mistake. */
static struct link *find_end(struct sim_net *net, uint32_t place, ph_conn_id conn, int *side)
{
    for (size_t i = 0; i < net->link_count; i++)
        for (*side = 0; *side < 2; (*side)++) {
            struct end *end = &net->links[i]->ends[*side];
            if (end->place == place && end->conn == conn && end->state != END_GONE)
                return net->links[i];
        }
    fprintf(stderr, "%s names connection %llu, which it does not have\n", net->places[place].name,
            (unsigned long long)conn);
    abort();
}

static void later(struct sim_net *net, uint64_t at_ms, sim_action *action, const struct link *link,
                  int side)
{
    struct sim_task task = {.action = action, .impl = net, .a = link->id, .b = (uint64_t)side};
    sim_clock_at(net->clock, at_ms, &task);
}

static uint64_t soon(struct sim_net *net)
{
    return net->clock->now_ms + sim_draw(net->clock, net->options.latency_ms);
}

/* --- the end of a connection --- */

static void tell_down(struct sim_net *net, struct link *link, int side, const char *reason)
{
    struct end *end = &link->ends[side];
    struct place *place = &net->places[end->place];
    ph_conn_id conn = end->conn;
    if (end->state == END_GONE)
        return;
    end->state = END_GONE;
    end->out.is_ended = true;
    drop_if_over(net, link);
    place->ops->down(place->impl, conn, reason);
}

/* That a connection broke is not heard over a way that is blocked. */
static void on_broken(void *impl, uint64_t id, uint64_t side)
{
    struct sim_net *net = impl;
    struct link *link = find_link(net, id);
    if (link == NULL)
        return;
    uint32_t here = link->ends[side].place, there = link->ends[1 - side].place;
    if (link->is_dead)
        return;
    if (there != NOWHERE && net->places[there].ways[here].is_blocked)
        later(net, net->clock->now_ms + BLOCKED_MS, on_broken, link, (int)side);
    else
        tell_down(net, link, (int)side, "connection reset");
}

static void on_ended(void *impl, uint64_t id, uint64_t side)
{
    struct link *link = find_link(impl, id);
    if (link != NULL)
        tell_down(impl, link, (int)side, "closed by the other side");
}

static void on_timeout(void *impl, uint64_t id, uint64_t side)
{
    struct link *link = find_link(impl, id);
    if (link != NULL)
        tell_down(impl, link, (int)side, "connection timed out");
}

static uint64_t not_before(uint64_t at_ms, uint64_t earliest_ms)
{
    return at_ms > earliest_ms ? at_ms : earliest_ms;
}

/* What is on its way is lost; who is not gone hears of it. */
static void break_link(struct sim_net *net, struct link *link)
{
    if (link->is_broken)
        return;
    link->is_broken = true;
    for (int side = 0; side < 2; side++) {
        uint64_t up_ms = link->ends[1 - side].out.last_ms;
        sim_stream_drop(&link->ends[1 - side].out);
        if (link->ends[side].state != END_GONE)
            later(net, not_before(soon(net), up_ms), on_broken, link, side);
    }
}

/* --- bytes --- */

static size_t draw_chunk(struct sim_net *net)
{
    size_t max = sim_chance(net->clock, 60) ? 16 : net->options.chunk_max;
    return (size_t)sim_draw(net->clock, (struct sim_span){1, max});
}

static void add_segment(struct sim_net *net, struct sim_stream *stream, size_t len)
{
    uint64_t at_ms = soon(net);
    if (sim_chance(net->clock, net->options.stalls))
        at_ms += sim_draw(net->clock, net->options.stall_ms);
    stream->last_ms = not_before(at_ms, stream->last_ms);
    sim_stream_cut(stream, len, stream->last_ms);
}

static void on_arrival(void *impl, uint64_t id, uint64_t side);

/* Let the next bytes come, or the end if there are none and will be none. */
static void await_arrival(struct sim_net *net, struct link *link, int side)
{
    struct sim_stream *stream = &link->ends[side].out;
    if (stream->arrival_is_due || link->is_broken)
        return;
    if (stream->segment_count != 0) {
        stream->arrival_is_due = true;
        later(net, stream->segments[stream->segment_start].at_ms, on_arrival, link, side);
    } else if (stream->is_ended && stream->len == 0) {
        stream->arrival_is_due = true;
        later(net, not_before(soon(net), stream->last_ms), on_arrival, link, side);
    }
}

static void on_take(void *impl, uint64_t id, uint64_t side_number)
{
    struct sim_net *net = impl;
    struct link *link = find_link(net, id);
    int side = (int)side_number;
    if (link == NULL || link->is_broken)
        return;
    struct end *end = &link->ends[side];
    struct sim_stream *stream = &end->out;
    size_t waiting = stream->len - stream->taken;
    size_t room = stream->taken < net->options.window ? net->options.window - stream->taken : 0;
    size_t len = waiting < room ? waiting : room;
    stream->take_is_due = false;
    if (len == 0)
        return; /* the next arrival makes room */
    stream->taken += len;
    for (size_t left = len; left != 0;) {
        size_t chunk = draw_chunk(net);
        chunk = chunk < left ? chunk : left;
        add_segment(net, stream, chunk);
        left -= chunk;
    }
    await_arrival(net, link, side);
    if (end->state == END_UP)
        net->places[end->place].ops->sent(net->places[end->place].impl, end->conn, len);
}

static void await_take(struct sim_net *net, struct link *link, int side)
{
    struct sim_stream *stream = &link->ends[side].out;
    if (stream->take_is_due || stream->len == stream->taken)
        return;
    stream->take_is_due = true;
    later(net, net->clock->now_ms + sim_draw(net->clock, net->options.take_ms), on_take, link,
          side);
}

/* How much of what is due arrives now. */
static size_t due_len(struct sim_net *net, const struct sim_stream *stream, size_t *segment_count)
{
    const struct sim_segment *segments = stream->segments + stream->segment_start;
    size_t len = segments[0].len;
    *segment_count = 1;
    while (*segment_count < stream->segment_count) {
        const struct sim_segment *next = &segments[*segment_count];
        if (next->at_ms > net->clock->now_ms || len + next->len > MERGED_MAX ||
            sim_chance(net->clock, 500))
            break;
        len += next->len;
        ++*segment_count;
    }
    return len;
}

/* Whether the cut falls into these bytes; then only those before it arrive. */
static bool is_cut(struct sim_net *net, uint32_t from, uint32_t to, size_t *len)
{
    size_t *cut_after = &net->places[from].ways[to].cut_after;
    if (*cut_after == 0)
        return false;
    bool is_here = *len >= *cut_after;
    if (is_here)
        *len = *cut_after;
    *cut_after -= *len;
    return is_here;
}

static void arrive(struct sim_net *net, struct link *link, int side)
{
    struct sim_stream *stream = &link->ends[side].out;
    struct end *to = &link->ends[1 - side];
    const struct place *place = &net->places[to->place];
    uint32_t from = link->ends[side].place;
    size_t segment_count, due = due_len(net, stream, &segment_count), len = due;
    bool breaks = is_cut(net, from, to->place, &len);
    uint8_t *bytes = sim_stream_take(stream, due, segment_count);
    net->places[from].ways[to->place].bytes += len;
    ph_conn_id conn = to->conn;
    bool is_heard = to->state == END_UP;
    if (breaks) {
        break_link(net, link);
    } else {
        await_take(net, link, side);
        await_arrival(net, link, side);
    }
    if (is_heard)
        place->ops->data(place->impl, conn, ph_bytes(bytes, len));
    free(bytes);
}

static void on_arrival(void *impl, uint64_t id, uint64_t side_number)
{
    struct sim_net *net = impl;
    struct link *link = find_link(net, id);
    int side = (int)side_number;
    if (link == NULL || link->is_broken)
        return;
    struct sim_stream *stream = &link->ends[side].out;
    stream->arrival_is_due = false;
    if (link->is_dead)
        return;
    if (net->places[link->ends[side].place].ways[link->ends[1 - side].place].is_blocked)
        return; /* goes on when the way is open */
    if (stream->segment_count != 0)
        arrive(net, link, side);
    else
        on_ended(net, id, (uint64_t)(1 - side));
}

/* --- connecting --- */

static uint32_t find_place(const struct sim_net *net, const char *address)
{
    const char *colon = strrchr(address, ':');
    for (uint32_t i = 0; colon != NULL && i < net->place_count; i++) {
        const char *name = net->places[i].name;
        if (strlen(name) == (size_t)(colon - address) && memcmp(name, address, strlen(name)) == 0 &&
            strcmp(colon + 1, SIM_PORT) == 0)
            return i;
    }
    return NOWHERE;
}

static void on_dialed_up(void *impl, uint64_t id, uint64_t side)
{
    struct sim_net *net = impl;
    struct link *link = find_link(net, id);
    (void)side;
    if (link == NULL || link->is_broken || link->ends[0].state != END_WAITING)
        return;
    struct place *place = &net->places[link->ends[0].place];
    link->ends[0].state = END_UP;
    place->ops->up(place->impl, link->ends[0].conn, link->address);
}

static void accept_link(struct sim_net *net, struct link *link, uint32_t to)
{
    struct place *place = &net->places[to];
    char from[48];
    snprintf(from, sizeof from, "%s:%u", net->places[link->ends[0].place].name,
             (unsigned)(49152 + link->id % 16384));
    link->ends[1].place = to;
    link->ends[1].state = END_UP;
    link->ends[1].conn = place->last_accepted += 2;
    link->ends[1].out.last_ms = soon(net);
    later(net, link->ends[1].out.last_ms, on_dialed_up, link, 0);
    place->ops->up(place->impl, link->ends[1].conn, from);
}

static void on_dial(void *impl, uint64_t id, uint64_t unused)
{
    struct sim_net *net = impl;
    struct link *link = find_link(net, id);
    (void)unused;
    if (link == NULL || link->ends[0].state != END_WAITING || link->is_broken)
        return;
    uint32_t from = link->ends[0].place, to = find_place(net, link->address);
    link->ends[1].state = END_GONE;
    if (to == NOWHERE)
        tell_down(net, link, 0, "no such host");
    else if (net->places[from].ways[to].is_blocked || net->places[to].ways[from].is_blocked ||
             net->places[from].ways[to].is_refused)
        later(net, net->clock->now_ms + sim_draw(net->clock, net->options.timeout_ms), on_timeout,
              link, 0);
    else if (!net->places[to].is_listening)
        tell_down(net, link, 0, "connection refused");
    else
        accept_link(net, link, to);
}

void sim_net_dial(struct sim_net *net, uint32_t place, ph_conn_id conn, const char *address)
{
    struct link *link = add_link(net);
    link->ends[0] = (struct end){.place = place, .conn = conn, .state = END_WAITING};
    snprintf(link->address, sizeof link->address, "%s", address);
    later(net, soon(net), on_dial, link, 0);
}

void sim_net_send(struct sim_net *net, uint32_t place, ph_conn_id conn, struct ph_bytes bytes)
{
    int side = 0;
    struct link *link = find_end(net, place, conn, &side);
    struct sim_stream *stream = &link->ends[side].out;
    assert(link->ends[side].state == END_UP);
    if (link->is_broken)
        return; /* nobody takes it; DOWN is on its way */
    sim_stream_append(stream, bytes);
    if (stream->len - stream->taken > net->places[place].outstanding_max)
        net->places[place].outstanding_max = stream->len - stream->taken;
    await_take(net, link, side);
}

void sim_net_hangup(struct sim_net *net, uint32_t place, ph_conn_id conn)
{
    int side = 0;
    struct link *link = find_end(net, place, conn, &side);
    link->ends[side].state = END_GONE;
    link->ends[side].out.is_ended = true;
    if (link->ends[1 - side].place == NOWHERE)
        link->ends[1 - side].state = END_GONE;
    await_arrival(net, link, side);
    drop_if_over(net, link);
}

/* --- places and faults --- */

struct sim_net *sim_net_new(struct sim_clock *clock, const struct sim_net_options *options)
{
    struct sim_net *net = calloc(1, sizeof *net);
    if (net == NULL)
        abort();
    net->clock = clock;
    net->options = *options;
    return net;
}

void sim_net_free(struct sim_net *net)
{
    if (net == NULL)
        return;
    for (size_t i = 0; i < net->link_count; i++) {
        sim_stream_drop(&net->links[i]->ends[0].out);
        sim_stream_drop(&net->links[i]->ends[1].out);
        free(net->links[i]);
    }
    free(net->links);
    for (uint32_t i = 0; i < net->place_count; i++)
        free(net->places[i].ways);
    free(net);
}

struct sim_net_options *sim_net_options(struct sim_net *net)
{
    return &net->options;
}

uint32_t sim_net_add(struct sim_net *net, const char *name, const struct sim_party_ops *ops,
                     void *impl)
{
    assert(net->place_count < SIM_PLACES_MAX);
    struct place *place = &net->places[net->place_count];
    *place = (struct place){.ops = ops, .impl = impl};
    place->ways = calloc(SIM_PLACES_MAX, sizeof *place->ways);
    if (place->ways == NULL)
        abort();
    snprintf(place->name, sizeof place->name, "%s", name);
    return net->place_count++;
}

void sim_net_listen(struct sim_net *net, uint32_t place)
{
    net->places[place].is_listening = true;
}

void sim_net_hand_over(struct sim_net *net, uint32_t place, const struct sim_party_ops *ops,
                       void *impl)
{
    assert(!net->places[place].is_listening);
    net->places[place].ops = ops;
    net->places[place].impl = impl;
}

void sim_net_go_down(struct sim_net *net, uint32_t place)
{
    net->places[place].is_listening = false;
    for (size_t i = net->link_count; i-- != 0;) {
        struct link *link = net->links[i];
        bool is_touched = false;
        for (int side = 0; side < 2; side++)
            if (link->ends[side].place == place) {
                is_touched = true;
                link->ends[side].state = END_GONE;
            }
        if (!is_touched)
            continue;
        if (link->ends[1].place == NOWHERE)
            link->ends[1].state = END_GONE;
        break_link(net, link);
        drop_if_over(net, link);
    }
}

void sim_net_block(struct sim_net *net, uint32_t from, uint32_t to)
{
    net->places[from].ways[to].is_blocked = true;
}

void sim_net_open(struct sim_net *net, uint32_t from, uint32_t to)
{
    net->places[from].ways[to].is_blocked = false;
    for (size_t i = 0; i < net->link_count; i++)
        for (int side = 0; side < 2; side++)
            if (net->links[i]->ends[side].place == from &&
                net->links[i]->ends[1 - side].place == to)
                await_arrival(net, net->links[i], side);
}

void sim_net_reset(struct sim_net *net, uint32_t a, uint32_t b)
{
    for (size_t i = 0; i < net->link_count; i++)
        if (sim_link_is_between(net->links[i], a, b))
            break_link(net, net->links[i]);
}

void sim_net_forget(struct sim_net *net, uint32_t a, uint32_t b)
{
    for (size_t i = 0; i < net->link_count; i++)
        if (sim_link_is_between(net->links[i], a, b) && net->links[i]->ends[0].state == END_UP)
            net->links[i]->is_dead = true;
}
