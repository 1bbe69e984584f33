/* The home's node, in this process: store, environment and node, opened and closed in order. */
#ifndef PHAROS_TOOLS_LOCAL_H
#define PHAROS_TOOLS_LOCAL_H

#include "node/env_uv.h"
#include "tools/config.h"
#include "tools/home_keys.h"

struct ph_local {
    struct ph_log_sink log;
    struct ph_store *store;
    struct ph_env_uv *env;
    struct ph_node *node;
    const struct ph_home *home; /* once its store was taken */
    struct ph_home_keeper keeper;
};

/* What the node needs to know. */
struct ph_local_options {
    struct ph_home *home;           /* open and locked; stays as long as the node */
    const struct ph_config *config; /* peers and log level */
    bool is_serving;
};

/* `local` is zeroed before, stays where it is, and is to be closed also after a failure; `why` then
 * holds one plain sentence. */
PH_MUST_USE enum ph_status ph_local_open(struct ph_local *local,
                                         const struct ph_local_options *options,
                                         char why[PH_WHY_SIZE]);
/* Stops the node in good order and frees everything. Gives back `code`, or PH_EXIT_FAILED if the
 * node failed. Ends the process with that code if a worker can't be waited for any longer. */
int ph_local_close(struct ph_local *local, int code);

#endif
