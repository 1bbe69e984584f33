/* The processes of a benchmark: nodes that serve, commands that run to their end, and what they
 * use, with the wire kept going all the while. */
#ifndef PHAROS_TOOLS_BENCH_RUN_H
#define PHAROS_TOOLS_BENCH_RUN_H

#include "tools/bench_wire.h"
#include "tools/child.h"

#include <jansson.h>

/* A node under "pharos serve". */
struct ph_bench_node {
    const char *home; /* borrowed */
    struct ph_child child;
    char address[PH_ADDRESS_LEN_MAX + 1];
    uint64_t anonymous_kib_max; /* RssAnon, the most that was seen */
};

struct ph_bench_run {
    struct ph_bench_wire wire;
    struct ph_bench_node full, empty;
    uint64_t looked_us; /* when memory was last looked at */
};

/* From now on SIGINT, SIGTERM and SIGHUP end what waits here, so that the caller can clean up. */
void ph_bench_catch_signals(void);
bool ph_bench_is_stopped(void);

/* Steps the wire once and looks at the nodes' memory, if it is time to. */
void ph_bench_step(struct ph_bench_run *run);

/* PH_IO with one plain sentence in `why`. */
PH_MUST_USE enum ph_status ph_bench_serve(struct ph_bench_node *node, char why[PH_WHY_SIZE]);
/* Ends the node in good order and waits until it is gone; nothing if it doesn't run. */
void ph_bench_end(struct ph_bench_run *run, struct ph_bench_node *node);

/* Runs "pharos COMMAND --json --home HOME" to its end. `out` is the document that it printed, owned
 * by the caller. PH_REFUSED: it failed, and has said so on stderr, or a signal came. */
PH_MUST_USE enum ph_status ph_bench_command(struct ph_bench_run *run, const char *home,
                                            const char *command, const char *word, json_t **out);

#endif
