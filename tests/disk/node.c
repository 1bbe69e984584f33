#include "tests/disk/node.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/control_path_uv.h"
#include "proto/pack.h"
#include "tools/print.h"

#define PATIENCE_MS 30000
#define SILENCE_MS 20000
#define WORDS_MAX 16

static uint64_t deadline(void)
{
    return ph_child_now_ms() + PATIENCE_MS;
}

static const char *program(void)
{
    const char *path = getenv("PHAROS");
    return path != NULL ? path : PH_PROGRAM;
}

void disk_node_init(struct disk_node *node, const char *folder, const char *name)
{
    char log[64];
    *node = (struct disk_node){.serve = PH_CHILD_NONE};
    snprintf(log, sizeof log, "%s.log", name);
    disk_path(node->home, folder, name);
    disk_path(node->log, folder, log);
}

/* --- commands --- */

int disk_node_run(const struct disk_node *node, const char *const *words, char **out, char **err)
{
    const char *arguments[WORDS_MAX + 4] = {"pharos", "--home", node->home};
    struct ph_child_spec spec = {.program = program(), .arguments = arguments, .err = -1};
    struct ph_child_text said = {0}, complaint = {0};
    struct ph_child child;
    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
        arguments[3 + i] = words[i];
    if (ph_child_start(&spec, &child) != PH_OK)
        disk_die("%s can't be started", words[0]);
    bool has_ended = ph_child_gather(&child, &said, &complaint, deadline()) == PH_OK;
    int code = has_ended ? ph_child_wait(&child, deadline()) : DISK_ENDLESS;
    if (!has_ended)
        (void)ph_child_stop(&child, deadline());
    if (out != NULL)
        *out = said.text;
    else
        ph_child_text_free(&said);
    if (err != NULL)
        *err = complaint.text;
    else
        ph_child_text_free(&complaint);
    return code;
}

void disk_node_do(const struct disk_node *node, const char *const *words)
{
    char *err = NULL;
    int code = disk_node_run(node, words, NULL, &err);
    if (code != 0)
        disk_die("%s: exit code %d: %s", words[0], code, err == NULL ? "" : err);
    free(err);
}

/* --- serving --- */

void disk_node_start(struct disk_node *node, const char *peer)
{
    const char *arguments[] = {"pharos",      "--home", node->home, "serve", "--listen",
                               "127.0.0.1:0", "--peer", peer,       NULL};
    if (peer == NULL)
        arguments[6] = NULL;
    struct ph_child_spec spec = {.program = program(), .arguments = arguments};
    spec.err = open(node->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (spec.err < 0 || ph_child_start(&spec, &node->serve) != PH_OK)
        disk_die("serve can't be started");
    close(spec.err);
}

bool disk_node_await(struct disk_node *node)
{
    static const char before[] = "listening on ";
    char line[300];
    enum ph_status status = ph_child_line(&node->serve, line, sizeof line, deadline());
    if (status == PH_WAITING)
        disk_die("serve doesn't say anything");
    if (status != PH_OK || strncmp(line, before, sizeof before - 1) != 0)
        return false;
    snprintf(node->address, sizeof node->address, "%s", line + sizeof before - 1);
    return true;
}

void disk_node_kill(struct disk_node *node)
{
    ph_child_signal(&node->serve, SIGKILL);
    if (ph_child_wait(&node->serve, deadline()) == PH_CHILD_STILL_RUNNING)
        disk_die("a killed process lives on");
}

int disk_node_stop(struct disk_node *node)
{
    return ph_child_stop(&node->serve, deadline());
}

void disk_node_found(struct disk_node *node)
{
    disk_node_do(node, WORDS("init", "--school", "Founder"));
    disk_node_do(node, WORDS("network", "new", "N"));
    disk_node_start(node, NULL);
    if (!disk_node_await(node))
        disk_die("the founder doesn't serve");
}

void disk_node_join(struct disk_node *joiner, const struct disk_node *founder)
{
    char *code = NULL;
    disk_node_do(joiner, WORDS("init", "--school", "Joiner"));
    if (disk_node_run(founder, WORDS("invite"), &code, NULL) != 0 || code == NULL)
        disk_die("no invitation");
    code[strcspn(code, "\n")] = 0;
    disk_node_do(joiner, WORDS("join", code, "--peer", founder->address));
    free(code);
}

/* --- the control socket --- */

bool disk_client_open(struct disk_client *client, const char *home)
{
    struct sockaddr_un address;
    int dir_fd = -1;
    *client = (struct disk_client){.fd = -1};
    if (ph_control_path(home, &address, &dir_fd) != PH_OK)
        return false;
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(client->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        disk_client_close(client);
    if (dir_fd >= 0)
        close(dir_fd);
    return client->fd >= 0;
}

void disk_client_close(struct disk_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

bool disk_client_new_plan(struct disk_client *client, const char *title)
{
    uint8_t room[1024];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    ph_buffer_put(&out, "\0\0\0\0", 4);
    ph_pack_array(&out, 4);
    ph_pack_text(&out, ph_bytes_text("new"));
    ph_pack_text(&out, ph_bytes_text("plan"));
    ph_pack_text(&out, ph_bytes_text("network"));
    ph_pack_array(&out, 1);
    ph_pack_array(&out, 2);
    ph_pack_text(&out, ph_bytes_text("title"));
    ph_pack_text(&out, ph_bytes_text(title));
    ph_put_u32(room, (uint32_t)out.len - 4);
    client->head_len = client->answer_len = 0;
    return !out.overflow && send(client->fd, room, out.len, MSG_NOSIGNAL) == (ssize_t)out.len;
}

static enum disk_reply take_answer(const struct disk_client *client, char id[33])
{
    json_t *answer = ph_json_from_pack(ph_bytes(client->answer, client->answer_len));
    const char *text = json_string_value(json_object_get(answer, "id"));
    enum disk_reply reply = text != NULL && strlen(text) == 32 ? DISK_REPLY_ID : DISK_REPLY_REFUSED;
    snprintf(id, 33, "%s", reply == DISK_REPLY_ID ? text : "");
    json_decref(answer);
    return reply;
}

/* What is there, up to `want` bytes. False: the other end is gone. */
static bool take_bytes(int fd, uint8_t *out, size_t *len, size_t want)
{
    while (*len < want) {
        ssize_t got = recv(fd, out + *len, want - *len, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0)
            return false;
        *len += (size_t)got;
    }
    return true;
}

enum disk_reply disk_client_read(struct disk_client *client, char id[33])
{
    if (client->fd < 0 || !take_bytes(client->fd, client->head, &client->head_len, 4))
        return DISK_REPLY_GONE;
    if (client->head_len < 4)
        return DISK_REPLY_NONE_YET;
    size_t want = ph_get_u32(client->head) & ~PH_CONTROL_LAST;
    if (want > sizeof client->answer)
        disk_die("an answer is too long");
    if (!take_bytes(client->fd, client->answer, &client->answer_len, want))
        return DISK_REPLY_GONE;
    return client->answer_len < want ? DISK_REPLY_NONE_YET : take_answer(client, id);
}

enum disk_reply disk_node_new_plan(const struct disk_node *node, const char *title, char id[33])
{
    struct disk_client client;
    enum disk_reply reply = DISK_REPLY_GONE;
    bool is_heard = true;
    if (disk_client_open(&client, node->home) && disk_client_new_plan(&client, title))
        reply = disk_client_read(&client, id);
    while (reply == DISK_REPLY_NONE_YET && is_heard) {
        struct pollfd one = {.fd = client.fd, .events = POLLIN};
        is_heard = poll(&one, 1, SILENCE_MS) != 0;
        reply = disk_client_read(&client, id);
    }
    disk_client_close(&client);
    return reply;
}
