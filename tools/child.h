/* Child processes: this same program once more, or another, with its output read here.
 *
 * A child ends with the thread that started it, whatever became of that one, so that nothing is
 * left running. Deadlines are in ms of ph_child_now_ms(), which no clock of the wall moves. */
#ifndef PHAROS_TOOLS_CHILD_H
#define PHAROS_TOOLS_CHILD_H

#include "pharos/status.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PH_CHILD_SELF "/proc/self/exe"
#define PH_CHILD_INPUT_MAX 4096                /* bytes; a pipe takes that much at once */
#define PH_CHILD_OUTPUT_MAX (64 * 1024 * 1024) /* bytes of one stream */
#define PH_CHILD_STILL_RUNNING (-1)

struct ph_child_spec {
    const char *program;
    const char *const *arguments; /* the program's name first, NULL last */
    const char *input;            /* its standard input; NULL: nothing */
    int err;                      /* where its stderr goes; -1: into a pipe that we read */
};

struct ph_child {
    pid_t pid;    /* 0: none, or ended and collected */
    int out, err; /* where we read; -1: closed */
};

#define PH_CHILD_NONE ((struct ph_child){.out = -1, .err = -1})

/* What a child wrote; always ends with a zero byte that `len` doesn't count. Owned. */
struct ph_child_text {
    char *text; /* NULL: nothing yet */
    size_t len;
};

uint64_t ph_child_now_ms(void);

/* PH_IO: it can't be started, errno says why. A program that isn't there ends with exit code
 * 127. */
PH_MUST_USE enum ph_status ph_child_start(const struct ph_child_spec *spec, struct ph_child *out);

/* The next line of its stdout, without the line feed, cut off at size - 1 bytes.
 * PH_WAITING: none until the deadline, or a signal came. PH_NOT_FOUND: its output has ended. */
PH_MUST_USE enum ph_status ph_child_line(struct ph_child *child, char *out, size_t size,
                                         uint64_t deadline_ms);

/* Adds what it writes to `out` and `err` (each may be NULL: thrown away) until both have ended.
 * PH_WAITING: not ended at the deadline, or a signal came; call again. PH_LIMIT: too much. */
PH_MUST_USE enum ph_status ph_child_gather(struct ph_child *child, struct ph_child_text *out,
                                           struct ph_child_text *err, uint64_t deadline_ms);
void ph_child_text_free(struct ph_child_text *text);

/* Reads to the end what nobody wants, and collects the child: its exit code, 128 + the number of
 * the signal that ended it, or PH_CHILD_STILL_RUNNING at the deadline. */
int ph_child_wait(struct ph_child *child, uint64_t deadline_ms);

/* Nothing happens without a child. */
void ph_child_signal(const struct ph_child *child, int number);
/* SIGTERM, then SIGKILL at the deadline; always ends with the child collected. Returns as wait. */
int ph_child_stop(struct ph_child *child, uint64_t deadline_ms);

#endif
