/* One school's node in one network: decisions, no I/O. It acts only inside ph_node_step, on one
 * event at a time, and only through its environment (pharos/env.h). Nothing is global: a process
 * may run several. README.md: life of a connection, life of an entry, the commands. */
#ifndef PHAROS_NODE_NODE_H
#define PHAROS_NODE_NODE_H

#include "pharos/env.h"
#include "pharos/log.h"
#include "proto/crypto.h"
#include "store/store.h"

struct ph_node;

/* Who this node is. Copied; ph_node_free wipes the copy, the caller its own. */
struct ph_identity {
    uint8_t school_seed[32]; /* Ed25519 */
    char school_name[PH_NETWORK_NAME_MAX + 1];
    bool has_writer;              /* false: none, or one of another machine or database */
    uint8_t writer_seed[32];      /* Ed25519; the rest only with has_writer */
    uint8_t transport_secret[32]; /* X25519 */
    uint16_t serial;              /* of this writer among the school's */
};

/* Where this installation's secrets are kept, beside the database and bound to it. `renew` makes
 * fresh ones with this serial number, durable before it returns, fills in the writer's part of
 * `identity` and sets has_writer. Called in a job (off the node's thread), one at a time. */
struct ph_keeper {
    enum ph_status (*renew)(void *impl, uint16_t serial, struct ph_identity *identity);
    void *impl;
};

struct ph_node_config {
    struct ph_env env;      /* copied; `impl` outlives the node */
    struct ph_store *store; /* borrowed, outlives the node */
    const struct ph_identity *identity;
    struct ph_keeper keeper;       /* copied; `impl` outlives the node */
    const struct ph_log_sink *log; /* borrowed for the node's life */
    const char *const *addresses;  /* to keep dialing, borrowed for the call */
    size_t address_count;
    bool is_serving; /* dials addresses on its own; else only for commands */
};

/* Reads where it stands from the store; asks the environment for nothing yet: the first event, a
 * WAKE, starts it. PH_CORRUPT, PH_IO, PH_NO_MEMORY. */
PH_MUST_USE enum ph_status ph_node_new(const struct ph_node_config *config, struct ph_node **out);
/* No batch or job may be out in the environment. Wipes secrets. NULL is fine. */
void ph_node_free(struct ph_node *node);

void ph_node_step(struct ph_node *node, const struct ph_event *event);

/* After the PH_EVENT_STOP event: true once commits and jobs are back and ends are sent. The
 * environment then closes what is left and frees the node. */
bool ph_node_is_stopped(const struct ph_node *node);

/* PH_OK, or the local failure after which the node does nothing any more (a commit with unknown
 * outcome): the process ends, and a new one reads from disk what is there. */
enum ph_status ph_node_failure(const struct ph_node *node);

#endif
