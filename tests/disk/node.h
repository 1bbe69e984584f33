/* The built program as a harness runs it: a node that serves, and commands given to it over its
 * control socket, several at once. */
#ifndef PHAROS_TESTS_DISK_NODE_H
#define PHAROS_TESTS_DISK_NODE_H

#include <stdbool.h>

#include "tests/disk/files.h"
#include "tools/child.h"

struct disk_node {
    char home[DISK_PATH_SIZE];
    char log[DISK_PATH_SIZE]; /* what its server said on stderr */
    char address[300];
    struct ph_child serve;
};

void disk_node_init(struct disk_node *node, const char *folder, const char *name);

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define DISK_ENDLESS 1000
/* "pharos --home HOME WORD…" to its end. Its exit code, DISK_ENDLESS if it had to be stopped;
 * `out`, if given, owned, what it said on stdout, `err` on stderr. */
int disk_node_run(const struct disk_node *node, const char *const *words, char **out, char **err);
/* The same; ends the harness unless the exit code is 0. */
void disk_node_do(const struct disk_node *node, const char *const *words);

/* "serve" on a free port, dialing `peer` if there is one. It is under way. */
void disk_node_start(struct disk_node *node, const char *peer);
/* Until it says where it listens. False: it has ended; the log says why. */
bool disk_node_await(struct disk_node *node);
/* SIGKILL; waits for the end. */
void disk_node_kill(struct disk_node *node);
/* SIGTERM; its exit code. */
int disk_node_stop(struct disk_node *node);

/* This one founds a network and serves; `joiner` joins it. */
void disk_node_found(struct disk_node *node);
void disk_node_join(struct disk_node *joiner, const struct disk_node *founder);

/* A client at the control socket; asks one thing at a time and never waits. */
struct disk_client {
    int fd; /* -1: none */
    uint8_t head[4];
    size_t head_len;
    uint8_t answer[4096];
    size_t answer_len;
};
/* False: nobody listens. */
bool disk_client_open(struct disk_client *client, const char *home);
void disk_client_close(struct disk_client *client);
/* A new plan. False: the node is gone. */
bool disk_client_new_plan(struct disk_client *client, const char *title);
enum disk_reply { DISK_REPLY_NONE_YET, DISK_REPLY_ID, DISK_REPLY_REFUSED, DISK_REPLY_GONE };
/* What has come by now; the id of the plan into `id`. */
enum disk_reply disk_client_read(struct disk_client *client, char id[33]);

/* A new plan by a client of its own, until it is answered. DISK_REPLY_NONE_YET: a long silence. */
enum disk_reply disk_node_new_plan(const struct disk_node *node, const char *title, char id[33]);

#endif
