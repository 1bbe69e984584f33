/* One school of the demonstration: a home of its own, a process that serves, and commands as a
 * person would type them, each a process as well. All that fails says so on stderr, once. */
#ifndef PHAROS_TOOLS_DEMO_SCHOOL_H
#define PHAROS_TOOLS_DEMO_SCHOOL_H

#include "tools/child.h"

#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>

/* What ends everything: the whole demonstration's deadline, or a signal to it. */
struct ph_demo_bounds {
    const volatile sig_atomic_t *is_stopped;
    uint64_t deadline_ms;
};

/* A command under way. */
struct ph_demo_call {
    struct ph_child child;
    struct ph_child_text out, err;
};

struct ph_demo_school {
    const struct ph_demo_bounds *bounds;
    const char *name;
    char home[PATH_MAX];
    char log[PATH_MAX]; /* what its serving node said */
    char address[300];  /* where it listens, or last did */
    struct ph_child serve;
    struct ph_demo_call call;
    char priority[33], objective[33]; /* its section of the plan */

    /* As of the last status. */
    char root[65];
    uint64_t records, backlog;
    uint64_t bytes_in, bytes_out;                 /* of the node that is running */
    uint64_t earlier_bytes_in, earlier_bytes_out; /* of those before it */
};

/* Says so on stderr if it is over. */
PH_MUST_USE bool ph_demo_goes_on(const struct ph_demo_bounds *bounds);

/* "pharos --home … --json WORD…"; `words` ends with NULL, `input` may be NULL. */
#define PH_DEMO_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
PH_MUST_USE enum ph_status ph_demo_begin(struct ph_demo_school *school, struct ph_demo_call *call,
                                         const char *const *words, const char *input);
/* Waits for it. `code` gets its exit code, `answer` its document, NULL without one; owned. */
PH_MUST_USE enum ph_status ph_demo_end(struct ph_demo_school *school, struct ph_demo_call *call,
                                       int *code, json_t **answer);
/* Waits for the school's own call, which must be successful; `answer` may be NULL. */
PH_MUST_USE enum ph_status ph_demo_finish(struct ph_demo_school *school, json_t **answer);
/* Begin and finish. */
PH_MUST_USE enum ph_status ph_demo_ask(struct ph_demo_school *school, const char *const *words,
                                       json_t **answer);
void ph_demo_drop(struct ph_demo_call *call);

/* A node that listens on a free port of this machine and dials these; `peers` ends with NULL. */
PH_MUST_USE enum ph_status ph_demo_serve(struct ph_demo_school *school, const char *const *peers);
/* An orderly end. */
PH_MUST_USE enum ph_status ph_demo_rest(struct ph_demo_school *school);
/* Notes what has gone through the node up to now, before it ends. */
PH_MUST_USE enum ph_status ph_demo_keep_traffic(struct ph_demo_school *school);
/* SIGKILL. */
PH_MUST_USE enum ph_status ph_demo_kill(struct ph_demo_school *school);

/* Takes the answer to `status` into the school. */
PH_MUST_USE enum ph_status ph_demo_take_status(struct ph_demo_school *school, const json_t *status);

#endif
