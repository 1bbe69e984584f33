#include "tools/session.h"

#include "node/control_path_uv.h"
#include "proto/pack.h"
#include "tools/print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Another command may be at work for a moment, and a node may be starting or stopping. */
#define PATIENCE_MS 10000
#define ATTEMPT_MS 50
#define ANSWER_SIZE_MAX (64 * 1024 * 1024)

/* --- the way in --- */

static int connect_control(const struct ph_home *home)
{
    struct sockaddr_un address;
    int dir_fd = -1;
    if (ph_control_path(home->path, &address, &dir_fd) != PH_OK)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        fd = -1;
    }
    if (dir_fd >= 0)
        close(dir_fd);
    return fd;
}

static void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Ends with the lock or with a socket. */
static enum ph_status find_way(struct ph_session *session, char why[PH_WHY_SIZE])
{
    pid_t holder = 0;
    for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += ATTEMPT_MS) {
        enum ph_status status = ph_home_lock(&session->home, &holder, why);
        if (status != PH_WAITING)
            return status;
        session->socket = connect_control(&session->home);
        if (session->socket >= 0)
            return PH_OK;
        pause_ms(ATTEMPT_MS);
    }
    return PH_WAITING;
}

static enum ph_status open_home(struct ph_cli *cli, struct ph_session *session,
                                char why[PH_WHY_SIZE])
{
    PH_TRY(ph_home_find(cli->home, &session->home, why));
    PH_TRY(ph_home_open(&session->home, why));
    PH_TRY(ph_config_load(&session->home, &session->config, why));
    /* The file's level is for the node that serves; a command's answer is its answer. */
    session->config.log_level = PH_LOG_ERROR;
    if (cli->log_level != NULL)
        PH_TRY(ph_config_set_log(&session->config, cli->log_level, why));
    PH_TRY(find_way(session, why));
    if (session->socket >= 0)
        return PH_OK;
    struct ph_local_options options = {.home = &session->home, .config = &session->config};
    return ph_local_open(&session->local, &options, why);
}

int ph_session_open(struct ph_cli *cli, struct ph_session **out)
{
    char why[PH_WHY_SIZE] = "";
    struct ph_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return ph_cli_refuse("Memory is exhausted.");
    session->home = PH_HOME_CLOSED;
    session->socket = -1;
    enum ph_status status = open_home(cli, session, why);
    if (status == PH_OK) {
        *out = session;
        return PH_EXIT_OK;
    }
    ph_cli_refuse("%s", why);
    bool is_failure = ph_status_blame(status) == PH_BLAME_LOCAL;
    return ph_session_close(session, is_failure ? PH_EXIT_FAILED : PH_EXIT_REFUSED);
}

int ph_session_close(struct ph_session *session, int code)
{
    if (session->failure != PH_EXIT_OK)
        code = session->failure;
    if (session->socket >= 0)
        close(session->socket);
    code = ph_local_close(&session->local, code);
    ph_home_close(&session->home);
    free(session->answer);
    free(session);
    return code;
}

/* --- asking --- */

void ph_request_begin(struct ph_request *request, const char *name, size_t count)
{
    request->bytes = ph_buffer(request->room, sizeof request->room);
    ph_pack_array(&request->bytes, count + 1);
    ph_request_text(request, name);
}

void ph_request_text(struct ph_request *request, const char *text)
{
    ph_pack_text(&request->bytes, ph_bytes_text(text));
}

static bool add_piece(struct ph_session *session, struct ph_bytes piece)
{
    if (piece.len > ANSWER_SIZE_MAX - session->answer_len)
        return false;
    uint8_t *grown = realloc(session->answer, session->answer_len + piece.len + 1);
    if (grown == NULL)
        return false;
    if (piece.len != 0)
        memcpy(grown + session->answer_len, piece.data, piece.len);
    session->answer = grown;
    session->answer_len += piece.len;
    return true;
}

static void take_piece(void *impl, struct ph_bytes piece, bool is_last)
{
    struct ph_session *session = impl;
    session->is_complete = add_piece(session, piece) && is_last;
}

static int ask_here(struct ph_session *session, struct ph_bytes request)
{
    enum ph_status status = ph_env_uv_command(session->local.env, request, session, take_piece);
    if (status == PH_OK && session->is_complete)
        return PH_EXIT_OK;
    session->failure = status == PH_PARTIAL ? PH_EXIT_REFUSED : PH_EXIT_FAILED;
    if (status == PH_PARTIAL)
        ph_cli_refuse("Stopped before the answer came.");
    else if (status == PH_OK)
        ph_cli_refuse("Memory is exhausted: what was asked for may be done all the same.");
    else
        ph_cli_refuse("The node failed: %s.", ph_status_text(status));
    return session->failure;
}

static bool send_all(int fd, const void *bytes, size_t len)
{
    const uint8_t *next = bytes;
    while (len > 0) {
        ssize_t sent = send(fd, next, len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return false;
        next += sent > 0 ? sent : 0;
        len -= sent > 0 ? (size_t)sent : 0;
    }
    return true;
}

static bool receive_all(int fd, void *out, size_t len)
{
    uint8_t *next = out;
    while (len > 0) {
        ssize_t got = recv(fd, next, len, 0);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        next += got > 0 ? got : 0;
        len -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool receive_piece(struct ph_session *session, bool *is_last)
{
    uint8_t head[4];
    if (!receive_all(session->socket, head, sizeof head))
        return false;
    uint32_t len = ph_get_u32(head) & ~PH_CONTROL_LAST;
    *is_last = (ph_get_u32(head) & PH_CONTROL_LAST) != 0;
    uint8_t *piece = malloc((size_t)len + 1);
    bool is_taken = piece != NULL && len <= ANSWER_SIZE_MAX &&
                    receive_all(session->socket, piece, len) &&
                    add_piece(session, ph_bytes(piece, len));
    free(piece);
    return is_taken;
}

static int ask_running(struct ph_session *session, struct ph_bytes request)
{
    uint8_t head[4];
    bool is_last = false;
    ph_put_u32(head, (uint32_t)request.len);
    bool is_well = send_all(session->socket, head, sizeof head) &&
                   send_all(session->socket, request.data, request.len);
    while (is_well && !is_last)
        is_well = receive_piece(session, &is_last);
    if (is_well)
        return PH_EXIT_OK;
    session->failure = PH_EXIT_REFUSED;
    return ph_cli_refuse("The running node went away before it answered.");
}

static int read_answer(struct ph_session *session, json_t **out)
{
    json_t *answer = ph_json_from_pack(ph_bytes(session->answer, session->answer_len));
    if (!json_is_object(answer)) {
        json_decref(answer);
        ph_cli_refuse("The node's answer can't be read: what was asked for may be done.");
        return PH_EXIT_FAILED;
    }
    json_t *error = json_object_get(answer, "error");
    int code = error == NULL ? PH_EXIT_OK : PH_EXIT_REFUSED;
    if (error != NULL) {
        ph_print_text(stderr, error, -1);
        fputc('\n', stderr);
    }
    if (code == PH_EXIT_OK && out != NULL)
        *out = answer;
    else
        json_decref(answer);
    return code;
}

int ph_session_ask(struct ph_session *session, const struct ph_request *request, json_t **out)
{
    struct ph_bytes bytes = ph_buffer_bytes(&request->bytes);
    if (request->bytes.overflow)
        return ph_cli_refuse("This is too much for one command.");
    if (ph_pack_scan_local(bytes) != PH_OK)
        return ph_cli_refuse("An argument is not valid UTF-8 text.");
    session->answer_len = 0;
    session->is_complete = false;
    int code = session->socket >= 0 ? ask_running(session, bytes) : ask_here(session, bytes);
    return code == PH_EXIT_OK ? read_answer(session, out) : code;
}

struct ph_bytes ph_session_item(const struct ph_session *session, const char *key)
{
    struct ph_unpacker in = ph_unpack_scanned(ph_bytes(session->answer, session->answer_len));
    for (uint32_t left = ph_unpack_map(&in); left > 0 && !in.failed; left--) {
        struct ph_bytes name = ph_unpack_text(&in);
        struct ph_bytes item = ph_unpack_skip(&in);
        if (!in.failed && ph_bytes_equal(name, ph_bytes_text(key)))
            return item;
    }
    return ph_bytes(NULL, 0);
}

int ph_session_run(struct ph_cli *cli, const struct ph_request *request,
                   void (*print)(json_t *answer), json_t **answer)
{
    struct ph_session *session = NULL;
    json_t *found = NULL;
    int code = ph_session_open(cli, &session);
    if (session == NULL)
        return code;
    code = ph_session_ask(session, request, &found);
    if (code == PH_EXIT_OK && cli->json)
        code = ph_cli_json(json_incref(found));
    else if (code == PH_EXIT_OK)
        print(found);
    if (answer != NULL)
        *answer = found;
    else
        json_decref(found);
    return ph_session_close(session, code);
}
