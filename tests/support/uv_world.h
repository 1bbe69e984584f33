/* The environment on libuv with a node that does what a test tells it to. The functions of node.h
 * and store.h that the environment calls are defined in uv_world.c, in place of the real ones. */
#ifndef PHAROS_TESTS_SUPPORT_UV_WORLD_H
#define PHAROS_TESTS_SUPPORT_UV_WORLD_H

#include "node/env_uv.h"

#include "node/node.h"
#include "tests/support/check.h"

#include <stdatomic.h>

struct ph_batch {
    atomic_int full_count; /* how often applying will say that the map is full */
};

struct ph_node {
    struct ph_env env;
    const struct script *script;
    bool in_step, is_stopped;
    enum ph_status failure;
    int wakes, grown, jobs_done, gone;
    ph_conn_id up, down, accepted;
    char reason[100];
    size_t sent, received;
    int datagrams;
    uint16_t beacon_port;
    size_t address_count; /* that it was told of as its own */
    char address[PH_ADDRESS_LEN_MAX + 1];
    int listenings;
    char host[PH_ADDRESS_LEN_MAX + 1]; /* where the last datagram came from */
    char bytes[64];                    /* the first that were received */
    struct ph_batch batch;
    enum ph_status applied;   /* what applying says once the map is large enough */
    enum ph_status committed; /* PH_WAITING: not yet */
    ph_command_id quit;
    bool wants_quit;
};

/* What the node does on an event, beside writing it down. */
struct script {
    void (*on)(struct ph_node *node, const struct ph_event *event);
};

struct world {
    struct ph_env_uv *env;
    struct ph_node node;
    char dir[32]; /* a new, empty folder */
};

/* One at a time. `script` may be NULL. */
struct world *a_world(const struct script *script);
/* Stops; the folder must be empty. */
void end_world(struct world *world);
/* Gives the node a command and runs until the script sets wants_quit. */
void run(struct world *world);

#endif
