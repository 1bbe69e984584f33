/* A command's way to the node of a home: through its control socket where one is running, else the
 * node runs in this process for as long as the command takes. */
#ifndef PHAROS_TOOLS_SESSION_H
#define PHAROS_TOOLS_SESSION_H

#include "tools/cli.h"
#include "tools/local.h"

#include <jansson.h>

struct ph_session {
    struct ph_home home;
    struct ph_config config;
    struct ph_local local;
    int socket;      /* -1: the node runs in this process */
    uint8_t *answer; /* owned; the last one, whole */
    size_t answer_len;
    bool is_complete;
    int failure; /* exit code of what went wrong beneath; PH_EXIT_OK: nothing */
};

/* A request that grows: begin, then ph_pack_… into `bytes`, then ask. */
struct ph_request {
    struct ph_buffer bytes;
    uint8_t room[4096 + 4 * PH_FIELD_VALUE_MAX];
};

/* All say what is wrong on stderr and give an exit code. A session that failed to open needs no
 * closing. */
PH_MUST_USE int ph_session_open(struct ph_cli *cli, struct ph_session **out);
/* Closes, and gives back `code` or that of a failure beneath. */
int ph_session_close(struct ph_session *session, int code);

/* [name, … count arguments that the caller packs] */
void ph_request_begin(struct ph_request *request, const char *name, size_t count);
void ph_request_text(struct ph_request *request, const char *text);

/* Give the request, wait for the answer. `out` may be NULL; else the caller owns it. */
PH_MUST_USE int ph_session_ask(struct ph_session *session, const struct ph_request *request,
                               json_t **out);
/* A whole command of one request: open, ask, print the answer as JSON or through `print`, close.
 * `answer` may be NULL; else the caller owns what it gets, also after a failure. */
PH_MUST_USE int ph_session_run(struct ph_cli *cli, const struct ph_request *request,
                               void (*print)(json_t *answer), json_t **answer);
/* An item of the last answer's map as it came, borrowed until the next one; empty if there is
 * none. */
struct ph_bytes ph_session_item(const struct ph_session *session, const char *key);

#endif
