#include "node/conn_uv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum state {
    RESOLVING,
    CONNECTING,
    UP,
    LINGERING, /* hung up: sends what it has, hears no more */
    CLOSING,
};

struct ph_conn_uv {
    struct ph_conns_uv *conns;
    struct ph_conn_uv *next, **link;
    ph_conn_id id;
    enum state state;
    bool is_told;       /* the node waits for the end of this connection */
    bool is_resolving;  /* a worker holds `lookup` */
    bool has_sent;      /* at least one byte was given to the network */
    const char *reason; /* why it went down; static */
    unsigned open_handles;
    uv_tcp_t tcp;
    uv_timer_t timer; /* for one target to answer; for lingering */
    uv_connect_t connecting;
    uv_shutdown_t ending;
    uv_getaddrinfo_t lookup;
    struct sockaddr_storage targets[PH_CONN_TARGETS_MAX];
    unsigned target_count, target_index;
    uint16_t port;
};

struct write {
    uv_write_t request;
    size_t len;
    uint8_t bytes[];
};

/* --- coming and going --- */

static struct ph_conn_uv *find(struct ph_conns_uv *conns, ph_conn_id id)
{
    struct ph_conn_uv *conn = conns->first;
    while (conn != NULL && (conn->id != id || !conn->is_told))
        conn = conn->next;
    return conn;
}

static struct ph_conn_uv *add(struct ph_conns_uv *conns, ph_conn_id id, enum state state)
{
    struct ph_conn_uv *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        conns->events.fail(conns->events.impl, PH_NO_MEMORY);
        return NULL;
    }
    *conn = (struct ph_conn_uv){
        .conns = conns, .id = id, .state = state, .is_told = true, .open_handles = 2};
    uv_tcp_init(conns->loop, &conn->tcp);
    uv_timer_init(conns->loop, &conn->timer);
    conn->tcp.data = conn->timer.data = conn;
    conn->connecting.data = conn->ending.data = conn->lookup.data = conn;

    conn->next = conns->first;
    conn->link = &conns->first;
    if (conn->next != NULL)
        conn->next->link = &conn->next;
    conns->first = conn;
    conns->count++;
    return conn;
}

static bool is_accepted(const struct ph_conn_uv *conn)
{
    return conn->id % 2 == 0;
}

static void free_when_nobody_holds_it(struct ph_conn_uv *conn)
{
    if (conn->open_handles != 0 || conn->is_resolving)
        return;
    *conn->link = conn->next;
    if (conn->next != NULL)
        conn->next->link = conn->link;
    conn->conns->count--;
    free(conn);
}

static void tell_down(struct ph_conn_uv *conn)
{
    struct ph_event event = {.type = PH_EVENT_CONN_DOWN};
    event.of.down.conn = conn->id;
    event.of.down.reason = conn->reason;
    conn->is_told = false;
    conn->conns->events.tell(conn->conns->events.impl, &event);
}

/* The event is told from here, since here we are called by the loop and not by the node. */
static void on_handle_closed(uv_handle_t *handle)
{
    struct ph_conn_uv *conn = handle->data;
    conn->open_handles--;
    if (conn->open_handles == 0 && conn->is_told)
        tell_down(conn);
    free_when_nobody_holds_it(conn);
}

static void close_conn(struct ph_conn_uv *conn, const char *reason)
{
    if (conn->state == CLOSING)
        return;
    if (conn->state == LINGERING)
        conn->conns->lingering--;
    if (is_accepted(conn))
        conn->conns->accepted--;
    conn->state = CLOSING;
    conn->reason = reason;
    if (conn->is_resolving)
        uv_cancel((uv_req_t *)&conn->lookup);
    /* Between two targets the socket is closing already, and counts down by itself. */
    if (!uv_is_closing((uv_handle_t *)&conn->tcp))
        uv_close((uv_handle_t *)&conn->tcp, on_handle_closed);
    uv_close((uv_handle_t *)&conn->timer, on_handle_closed);
}

/* --- up and running --- */

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct ph_conn_uv *conn = handle->data;
    *out = uv_buf_init(conn->conns->read_buffer, PH_CONN_READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    struct ph_conn_uv *conn = stream->data;
    if (len < 0) {
        close_conn(conn, len == UV_EOF ? "closed by the other side" : uv_strerror((int)len));
        return;
    }
    if (len == 0 || conn->state != UP)
        return;
    struct ph_event event = {.type = PH_EVENT_CONN_DATA};
    event.of.data.conn = conn->id;
    event.of.data.bytes = ph_bytes(buffer->base, (size_t)len);
    conn->conns->events.tell(conn->conns->events.impl, &event);
}

/* The address of the other end, as text; empty if it has gone already. */
static void format_peer(const struct ph_conn_uv *conn, char out[PH_ADDRESS_LEN_MAX + 1])
{
    struct sockaddr_storage peer = {0};
    int size = sizeof peer;
    out[0] = 0;
    if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&peer, &size) == 0)
        ph_address_format((const struct sockaddr *)&peer, out);
}

static void begin(struct ph_conn_uv *conn)
{
    char address[PH_ADDRESS_LEN_MAX + 1];
    conn->state = UP;
    uv_timer_stop(&conn->timer);
    uv_tcp_nodelay(&conn->tcp, 1);
    int failed = uv_read_start((uv_stream_t *)&conn->tcp, give_room, on_read);
    if (failed != 0) {
        close_conn(conn, uv_strerror(failed));
        return;
    }
    format_peer(conn, address);
    if (address[0] == 0) { /* gone before we looked */
        close_conn(conn, "closed by the other side");
        return;
    }
    struct ph_event event = {.type = PH_EVENT_CONN_UP};
    event.of.up.conn = conn->id;
    event.of.up.address = address;
    conn->conns->events.tell(conn->conns->events.impl, &event);
}

static void on_written(uv_write_t *request, int failed)
{
    struct ph_conn_uv *conn = request->handle->data;
    struct write *write = request->data;
    struct ph_event event = {.type = PH_EVENT_SENT};
    event.of.sent.conn = conn->id;
    event.of.sent.len = write->len;
    free(write);
    if (failed != 0)
        close_conn(conn, uv_strerror(failed));
    else if (conn->state == UP)
        conn->conns->events.tell(conn->conns->events.impl, &event);
}

void ph_conns_uv_send(struct ph_conns_uv *conns, ph_conn_id id, struct ph_bytes bytes)
{
    struct ph_conn_uv *conn = find(conns, id);
    if (conn == NULL || conn->state != UP || bytes.len == 0)
        return;
    struct write *write = malloc(sizeof *write + bytes.len);
    if (write == NULL) {
        close_conn(conn, "memory is exhausted");
        return;
    }
    conn->has_sent = true;
    write->len = bytes.len;
    write->request.data = write;
    memcpy(write->bytes, bytes.data, bytes.len);
    uv_buf_t part = uv_buf_init((char *)write->bytes, (unsigned)bytes.len);
    int failed = uv_write(&write->request, (uv_stream_t *)&conn->tcp, &part, 1, on_written);
    if (failed != 0) {
        free(write);
        close_conn(conn, uv_strerror(failed));
    }
}

/* --- hanging up --- */

static void on_lingered_enough(uv_timer_t *timer)
{
    close_conn(timer->data, "");
}

static void on_direction_ended(uv_shutdown_t *request, int failed)
{
    /* Now the other side's end is awaited: on_read, or the timer. */
    if (failed != 0 && failed != UV_ECANCELED)
        close_conn(request->data, "");
}

void ph_conns_uv_hangup(struct ph_conns_uv *conns, ph_conn_id id)
{
    struct ph_conn_uv *conn = find(conns, id);
    if (conn == NULL)
        return;
    conn->is_told = false;
    if (conn->state != UP || !conn->has_sent) {
        close_conn(conn, "");
        return;
    }
    if (uv_shutdown(&conn->ending, (uv_stream_t *)&conn->tcp, on_direction_ended) != 0) {
        close_conn(conn, "");
        return;
    }
    conn->state = LINGERING;
    conns->lingering++;
    uv_timer_start(&conn->timer, on_lingered_enough, PH_CONN_LINGER_MS, 0);
}

/* --- dialing --- */

static void try_target(struct ph_conn_uv *conn);

static void on_target_closed(uv_handle_t *handle)
{
    struct ph_conn_uv *conn = handle->data;
    if (conn->state == CLOSING) {
        on_handle_closed(handle);
        return;
    }
    uv_tcp_init(conn->conns->loop, &conn->tcp);
    conn->tcp.data = conn;
    try_target(conn);
}

static void leave_target(struct ph_conn_uv *conn, int failed)
{
    if (conn->state != CONNECTING || uv_is_closing((uv_handle_t *)&conn->tcp))
        return;
    uv_timer_stop(&conn->timer);
    conn->target_index++;
    if (conn->target_index < conn->target_count)
        uv_close((uv_handle_t *)&conn->tcp, on_target_closed);
    else
        close_conn(conn, uv_strerror(failed));
}

static void on_target_silent(uv_timer_t *timer)
{
    leave_target(timer->data, UV_ETIMEDOUT);
}

static void on_connected(uv_connect_t *request, int failed)
{
    struct ph_conn_uv *conn = request->data;
    if (conn->state != CONNECTING)
        return;
    if (failed == 0)
        begin(conn);
    else
        leave_target(conn, failed);
}

static void try_target(struct ph_conn_uv *conn)
{
    const struct sockaddr *target = (const struct sockaddr *)&conn->targets[conn->target_index];
    conn->state = CONNECTING;
    int failed = uv_tcp_connect(&conn->connecting, &conn->tcp, target, on_connected);
    if (failed != 0)
        leave_target(conn, failed);
    else
        uv_timer_start(&conn->timer, on_target_silent, PH_CONN_TARGET_MS_MAX, 0);
}

static void take_targets(struct ph_conn_uv *conn, const struct addrinfo *found)
{
    for (; found != NULL && conn->target_count < PH_CONN_TARGETS_MAX; found = found->ai_next) {
        if (found->ai_family != AF_INET && found->ai_family != AF_INET6)
            continue;
        struct sockaddr_storage *target = &conn->targets[conn->target_count++];
        memcpy(target, found->ai_addr, found->ai_addrlen);
        if (found->ai_family == AF_INET)
            ((struct sockaddr_in *)target)->sin_port = htons(conn->port);
        else
            ((struct sockaddr_in6 *)target)->sin6_port = htons(conn->port);
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int failed, struct addrinfo *found)
{
    struct ph_conn_uv *conn = request->data;
    conn->is_resolving = false;
    conn->conns->resolving--;
    if (failed == 0)
        take_targets(conn, found);
    uv_freeaddrinfo(found);
    if (conn->state == CLOSING)
        free_when_nobody_holds_it(conn);
    else if (conn->target_count == 0)
        close_conn(conn, failed != 0 ? uv_strerror(failed) : "the name has no address");
    else
        try_target(conn);
}

static void resolve(struct ph_conn_uv *conn, const struct ph_address *address)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    int failed =
        uv_getaddrinfo(conn->conns->loop, &conn->lookup, on_resolved, address->host, NULL, &hints);
    if (failed != 0) {
        close_conn(conn, uv_strerror(failed));
        return;
    }
    conn->is_resolving = true;
    conn->conns->resolving++;
}

void ph_conns_uv_dial(struct ph_conns_uv *conns, ph_conn_id id, const char *text)
{
    struct ph_address address;
    struct ph_conn_uv *conn = add(conns, id, RESOLVING);
    if (conn == NULL)
        return;
    if (ph_address_parse(text, &address) != PH_OK || address.port == 0) {
        close_conn(conn, "not an address of the form host:port");
        return;
    }
    conn->port = address.port;
    if (ph_address_numeric(&address, &conn->targets[0]) == PH_OK) {
        conn->target_count = 1;
        try_target(conn);
    } else {
        resolve(conn, &address);
    }
}

/* --- listening --- */

struct ph_listener_uv {
    struct ph_conns_uv *conns;
    uv_tcp_t tcp;
    uv_idle_t turn; /* a new round of the loop, for the caller that waits */
    unsigned taken; /* callers since the last turn */
    unsigned open_handles;
};

static void note(struct ph_conns_uv *conns, const char *reason)
{
    uint64_t now_ms = uv_now(conns->loop);
    if (conns->noted_ms != 0 && now_ms - conns->noted_ms < PH_CONN_NOTE_MS)
        return;
    conns->noted_ms = now_ms;
    ph_log(conns->events.log, PH_LOG_WARN, "callers are turned away: %s", reason);
}

/* Last words are a courtesy: whoever has lingered longest goes when the place is needed. */
static void make_room(struct ph_conns_uv *conns)
{
    struct ph_conn_uv *oldest = NULL;
    if (conns->accepted < conns->accepted_max || conns->lingering == 0)
        return;
    for (struct ph_conn_uv *conn = conns->first; conn != NULL; conn = conn->next)
        if (conn->state == LINGERING && is_accepted(conn))
            oldest = conn;
    if (oldest != NULL)
        close_conn(oldest, "");
}

static void take_caller(struct ph_listener_uv *listener)
{
    struct ph_conns_uv *conns = listener->conns;
    make_room(conns);
    conns->accepted_id += 2;
    struct ph_conn_uv *conn = add(conns, conns->accepted_id, CONNECTING);
    if (conn == NULL)
        return;
    conns->accepted++;
    int failed = uv_accept((uv_stream_t *)&listener->tcp, (uv_stream_t *)&conn->tcp);
    if (failed == 0 && conns->accepted <= conns->accepted_max) {
        begin(conn);
        return;
    }
    conn->is_told = false;
    note(conns, failed != 0 ? uv_strerror(failed) : "too many connections");
    close_conn(conn, "");
}

static void on_turn(uv_idle_t *turn)
{
    struct ph_listener_uv *listener = turn->data;
    uv_idle_stop(turn);
    listener->taken = 0;
    take_caller(listener);
}

/* libuv asks for callers until there are none left. If they come faster than that, nothing would be
 * read any more; so now and then one waits for the next round, and with it all that come after.
 *
 * libuv keeps a descriptor in reserve: without a free one it takes callers in with that and closes
 * them at once, so that a full table neither blocks nor spins. */
static void on_caller(uv_stream_t *stream, int failed)
{
    struct ph_listener_uv *listener = stream->data;
    if (failed != 0)
        note(listener->conns, uv_strerror(failed));
    else if (++listener->taken < PH_CONN_ACCEPTS_MAX)
        take_caller(listener);
    else
        uv_idle_start(&listener->turn, on_turn);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct ph_listener_uv *listener = handle->data;
    listener->open_handles--;
    if (listener->open_handles == 0)
        free(listener);
}

static void close_listener(struct ph_listener_uv *listener)
{
    uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
    uv_close((uv_handle_t *)&listener->turn, on_listener_closed);
}

static int open_listener(struct ph_conns_uv *conns, const struct sockaddr_storage *at)
{
    struct ph_listener_uv *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return UV_ENOMEM;
    *listener = (struct ph_listener_uv){.conns = conns, .open_handles = 2};
    uv_tcp_init(conns->loop, &listener->tcp);
    uv_idle_init(conns->loop, &listener->turn);
    listener->tcp.data = listener->turn.data = listener;
    int failed = uv_tcp_bind(&listener->tcp, (const struct sockaddr *)at, 0);
    if (failed == 0)
        failed = uv_listen((uv_stream_t *)&listener->tcp, PH_CONN_BACKLOG, on_caller);
    if (failed == 0)
        conns->listener = listener;
    else
        close_listener(listener);
    return failed;
}

/* Callers take no descriptor that the rest of the program needs. */
static unsigned callers_max(void)
{
    struct rlimit limit = {0};
    rlim_t wanted = PH_PEERS_MAX + PH_CONN_OTHER_FILES_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return PH_PEERS_MAX;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return PH_PEERS_MAX;
    return (unsigned)limit.rlim_cur / 2;
}

/* "[::]" means everywhere, which on a machine without IPv6 is IPv4. */
static bool is_for_want_of_ipv6(int failed, const struct ph_address *address)
{
    return strcmp(address->host, "::") == 0 &&
           (failed == UV_EAFNOSUPPORT || failed == UV_EADDRNOTAVAIL || failed == UV_EINVAL);
}

enum ph_status ph_conns_uv_listen(struct ph_conns_uv *conns, const char *text,
                                  char actual[PH_ADDRESS_LEN_MAX + 1], char why[200])
{
    struct ph_address address;
    struct sockaddr_storage at;
    int size = sizeof at;
    assert(conns->listener == NULL);
    if (ph_address_parse(text, &address) != PH_OK || ph_address_numeric(&address, &at) != PH_OK) {
        snprintf(why, 200, "\"%.100s\" is not an address to listen on, such as [::]:7410.", text);
        return PH_REFUSED;
    }
    conns->accepted_max = callers_max();
    int failed = open_listener(conns, &at);
    if (failed != 0 && is_for_want_of_ipv6(failed, &address)) {
        uv_ip4_addr("0.0.0.0", address.port, (struct sockaddr_in *)&at);
        failed = open_listener(conns, &at);
    }
    if (failed != 0) {
        snprintf(why, 200, "It is not possible to listen on %.100s: %s.", text,
                 uv_strerror(failed));
        return PH_REFUSED;
    }
    uv_tcp_getsockname(&conns->listener->tcp, (struct sockaddr *)&at, &size);
    ph_address_format((const struct sockaddr *)&at, actual);
    return PH_OK;
}

void ph_conns_uv_unlisten(struct ph_conns_uv *conns)
{
    if (conns->listener != NULL)
        close_listener(conns->listener);
    conns->listener = NULL;
}

/* --- life cycle --- */

void ph_conns_uv_close(struct ph_conns_uv *conns, bool lingering_too)
{
    ph_conns_uv_unlisten(conns);
    for (struct ph_conn_uv *conn = conns->first; conn != NULL; conn = conn->next) {
        if (conn->state == LINGERING && !lingering_too)
            continue;
        conn->is_told = false;
        close_conn(conn, "");
    }
}

enum ph_status ph_conns_uv_init(struct ph_conns_uv *conns, uv_loop_t *loop,
                                struct ph_events_uv events)
{
    char *read_buffer = malloc(PH_CONN_READ_SIZE);
    if (read_buffer == NULL)
        return PH_NO_MEMORY;
    *conns = (struct ph_conns_uv){.loop = loop, .events = events, .read_buffer = read_buffer};
    return PH_OK;
}

void ph_conns_uv_deinit(struct ph_conns_uv *conns)
{
    free(conns->read_buffer);
    *conns = (struct ph_conns_uv){0};
}
