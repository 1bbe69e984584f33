#include "node/control_uv.h"

#include "proto/pack.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct ph_client_uv {
    struct ph_control_uv *control;
    struct ph_client_uv *next, **link;
    uv_pipe_t pipe;
    ph_command_id command; /* under way; 0: none */
    bool is_told;          /* the node would hear that this client has gone */
    bool is_leaving;       /* closed as soon as its answer has left */
    uint8_t head[4];
    size_t head_len;
    uint8_t *request; /* owned */
    size_t request_len, request_size;
};

struct answer {
    uv_write_t request;
    uint8_t bytes[]; /* length, then the piece */
};

/* --- coming and going --- */

static void drop_request(struct ph_client_uv *client)
{
    free(client->request);
    client->request = NULL;
    client->request_len = client->request_size = client->head_len = 0;
}

static void on_client_closed(uv_handle_t *handle)
{
    struct ph_client_uv *client = handle->data;
    struct ph_control_uv *control = client->control;
    if (client->command != 0 && client->is_told) {
        struct ph_event event = {.type = PH_EVENT_COMMAND_GONE};
        event.of.command.id = client->command;
        client->is_told = false;
        control->events.tell(control->events.impl, &event);
    }
    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
    control->count--;
    drop_request(client);
    free(client);
}

static void close_client(struct ph_client_uv *client)
{
    if (!uv_is_closing((uv_handle_t *)&client->pipe))
        uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static struct ph_client_uv *add_client(struct ph_control_uv *control)
{
    struct ph_client_uv *client = calloc(1, sizeof *client);
    if (client == NULL) {
        control->events.fail(control->events.impl, PH_NO_MEMORY);
        return NULL;
    }
    client->control = control;
    client->is_told = true;
    uv_pipe_init(control->loop, &client->pipe, 0);
    client->pipe.data = client;
    client->next = control->first;
    client->link = &control->first;
    if (client->next != NULL)
        client->next->link = &client->next;
    control->first = client;
    control->count++;
    return client;
}

/* --- answers --- */

static bool has_unsent(const struct ph_client_uv *client)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&client->pipe) != 0;
}

static void on_answer_written(uv_write_t *request, int failed)
{
    struct ph_client_uv *client = request->handle->data;
    struct answer *answer = request->data;
    free(answer);
    if (failed != 0 || (client->is_leaving && !has_unsent(client)))
        close_client(client);
}

static void write_answer(struct ph_client_uv *client, struct ph_bytes piece, bool is_last)
{
    assert(piece.len < PH_CONTROL_LAST);
    struct answer *answer = malloc(sizeof *answer + 4 + piece.len);
    if (answer == NULL || uv_is_closing((uv_handle_t *)&client->pipe) ||
        uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) > PH_CONTROL_UNREAD_MAX) {
        free(answer);
        close_client(client);
        return;
    }
    answer->request.data = answer;
    ph_put_u32(answer->bytes, (uint32_t)piece.len | (is_last ? PH_CONTROL_LAST : 0));
    if (piece.len != 0)
        memcpy(answer->bytes + 4, piece.data, piece.len);
    uv_buf_t part = uv_buf_init((char *)answer->bytes, (unsigned)piece.len + 4);
    if (uv_write(&answer->request, (uv_stream_t *)&client->pipe, &part, 1, on_answer_written) !=
        0) {
        free(answer);
        close_client(client);
    }
}

bool ph_control_uv_reply(struct ph_control_uv *control, ph_command_id id, struct ph_bytes piece,
                         bool is_last)
{
    struct ph_client_uv *client = control->first;
    while (client != NULL && client->command != id)
        client = client->next;
    if (client == NULL)
        return false;
    if (is_last)
        client->command = 0;
    write_answer(client, piece, is_last);
    return true;
}

static void refuse(struct ph_client_uv *client, const char *sentence)
{
    uint8_t room[256];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    ph_pack_map(&out, 1);
    ph_pack_text(&out, ph_bytes_text("error"));
    ph_pack_text(&out, ph_bytes_text(sentence));
    client->is_leaving = true;
    uv_read_stop((uv_stream_t *)&client->pipe);
    write_answer(client, ph_buffer_bytes(&out), true);
}

/* --- requests --- */

static void give_command(struct ph_client_uv *client)
{
    struct ph_control_uv *control = client->control;
    struct ph_bytes request = ph_bytes(client->request, client->request_len);
    if (ph_pack_scan_local(request) != PH_OK) {
        refuse(client, "The request doesn't have the form of a command.");
        return;
    }
    client->command = ++*control->last_id;
    struct ph_event event = {.type = PH_EVENT_COMMAND};
    event.of.command.id = client->command;
    event.of.command.bytes = request;
    control->events.tell(control->events.impl, &event);
    drop_request(client);
}

static void take_head(struct ph_client_uv *client)
{
    size_t size = ph_get_u32(client->head);
    if (size == 0 || size > PH_COMMAND_BYTES_MAX) {
        refuse(client, "The request is empty or too long.");
        return;
    }
    client->request = malloc(size);
    if (client->request == NULL) {
        close_client(client);
        return;
    }
    client->request_size = size;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct ph_client_uv *client = handle->data;
    if (client->command != 0)
        *out = uv_buf_init((char *)client->head, 1); /* only to hear of its end */
    else if (client->head_len < 4)
        *out =
            uv_buf_init((char *)client->head + client->head_len, (unsigned)(4 - client->head_len));
    else
        *out = uv_buf_init((char *)client->request + client->request_len,
                           (unsigned)(client->request_size - client->request_len));
}

static void on_request_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    (void)buffer;
    struct ph_client_uv *client = stream->data;
    if (len == 0)
        return;
    if (len < 0 || client->command != 0) {
        close_client(client);
    } else if (client->head_len < 4) {
        client->head_len += (size_t)len;
        if (client->head_len == 4)
            take_head(client);
    } else {
        client->request_len += (size_t)len;
        if (client->request_len == client->request_size)
            give_command(client);
    }
}

/* --- listening --- */

static void on_client(uv_stream_t *listener, int failed)
{
    struct ph_control_uv *control = listener->data;
    if (failed != 0)
        return;
    struct ph_client_uv *client = add_client(control);
    if (client == NULL)
        return;
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0)
        close_client(client);
    else if (control->count > PH_COMMANDS_MAX)
        refuse(client, "The node is busy with too many commands.");
    else if (uv_read_start((uv_stream_t *)&client->pipe, give_room, on_request_read) != 0)
        close_client(client);
}

/* The mode of the descriptor is the mode of the file that bind makes, so that nobody else can
 * connect at any moment. -1: errno says why. */
static int bind_private(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (unlink(address->sun_path) != 0 && errno != ENOENT)
        goto failed;
    if (fchmod(fd, 0600) != 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        goto failed;
    return fd;
failed:;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

/* Takes `fd`. */
static int open_listener(struct ph_control_uv *control, int fd)
{
    uv_pipe_t *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        close(fd);
        return UV_ENOMEM;
    }
    uv_pipe_init(control->loop, listener, 0);
    listener->data = control;
    int failed = uv_pipe_open(listener, fd);
    if (failed != 0)
        close(fd);
    else
        failed = uv_listen((uv_stream_t *)listener, 64, on_client);
    if (failed == 0)
        control->listener = listener;
    else
        uv_close((uv_handle_t *)listener, free_handle);
    return failed;
}

enum ph_status ph_control_uv_listen(struct ph_control_uv *control, const char *dir, char why[200])
{
    assert(control->listener == NULL);
    int failed = 0;
    if (ph_control_path(dir, &control->address, &control->dir_fd) == PH_OK) {
        int fd = bind_private(&control->address);
        failed = fd < 0 ? uv_translate_sys_error(errno) : open_listener(control, fd);
    } else {
        failed = uv_translate_sys_error(errno);
    }
    if (failed == 0)
        return PH_OK;
    snprintf(why, 200, "The control socket in %.100s can't be made: %s.", dir, uv_strerror(failed));
    if (control->dir_fd >= 0)
        close(control->dir_fd);
    control->dir_fd = -1;
    return PH_REFUSED;
}

void ph_control_uv_unlisten(struct ph_control_uv *control)
{
    if (control->listener == NULL)
        return;
    unlink(control->address.sun_path);
    uv_close((uv_handle_t *)control->listener, free_handle);
    control->listener = NULL;
    if (control->dir_fd >= 0)
        close(control->dir_fd);
    control->dir_fd = -1;
}

/* --- life cycle --- */

bool ph_control_uv_is_busy(const struct ph_control_uv *control)
{
    const struct ph_client_uv *client = control->first;
    while (client != NULL && !has_unsent(client))
        client = client->next;
    return client != NULL;
}

void ph_control_uv_close(struct ph_control_uv *control)
{
    ph_control_uv_unlisten(control);
    for (struct ph_client_uv *client = control->first; client != NULL; client = client->next) {
        client->is_told = false;
        close_client(client);
    }
}

void ph_control_uv_init(struct ph_control_uv *control, uv_loop_t *loop, struct ph_events_uv events,
                        ph_command_id *last_id)
{
    *control =
        (struct ph_control_uv){.loop = loop, .events = events, .last_id = last_id, .dir_fd = -1};
}
