/* The control socket: commands of programs of the same user, over a Unix socket in the home (form:
 * control_path_uv.h). At most PH_COMMANDS_MAX clients at a time, each with one command at a time;
 * one that breaks the form, or doesn't read its answer, is cut off. */
#ifndef PHAROS_NODE_CONTROL_UV_H
#define PHAROS_NODE_CONTROL_UV_H

#include "node/control_path_uv.h"
#include "node/events_uv.h"

#include <uv.h>

#define PH_CONTROL_UNREAD_MAX (8 * 1024 * 1024) /* bytes of an answer that a client leaves unread */

struct ph_client_uv;

struct ph_control_uv {
    uv_loop_t *loop; /* borrowed */
    struct ph_events_uv events;
    ph_command_id *last_id; /* borrowed; shared with whoever else names commands */
    struct ph_client_uv *first;
    unsigned count;
    uv_pipe_t *listener; /* owned; NULL: not listening */
    struct sockaddr_un address;
    int dir_fd; /* -1 or what `address` goes through */
};

void ph_control_uv_init(struct ph_control_uv *control, uv_loop_t *loop, struct ph_events_uv events,
                        ph_command_id *last_id);

/* Make the socket, mode 0600, in `dir`, whose lock the caller holds: one that is there is a dead
 * process's, and replaced. PH_REFUSED: `why` says in one sentence. */
PH_MUST_USE enum ph_status ph_control_uv_listen(struct ph_control_uv *control, const char *dir,
                                                char why[200]);
/* Remove the socket; clients stay. */
void ph_control_uv_unlisten(struct ph_control_uv *control);

/* As struct ph_env_ops says. False: no client gave this command. */
bool ph_control_uv_reply(struct ph_control_uv *control, ph_command_id id, struct ph_bytes piece,
                         bool is_last);

/* Whether answers given so far have not left yet. */
bool ph_control_uv_is_busy(const struct ph_control_uv *control);
/* Close everything without another event. */
void ph_control_uv_close(struct ph_control_uv *control);

#endif
