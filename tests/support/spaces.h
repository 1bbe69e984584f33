/* Networks of a test's own: namespaces with cables between them, which go away with the processes
 * that keep them, whatever became of the test. They need root; nothing of them touches the
 * machine's own network. A test that isn't allowed them says so and ends with SPACES_SKIPPED. */
#ifndef PHAROS_TESTS_SUPPORT_SPACES_H
#define PHAROS_TESTS_SUPPORT_SPACES_H

#include <stdbool.h>
#include <sys/types.h>

#include "tests/support/process.h"

#define SPACES_SKIPPED 77

/* A network namespace, and a process that does nothing but keep it alive. */
struct space {
    pid_t keeper; /* 0: none */
    int file;     /* the namespace */
};

/* This process goes into a namespace of its own, the middle, with the bridge "bridge0" in it. False
 * after a sentence on stdout: that is not allowed here. Once. */
bool spaces_begin(void);

bool space_make(struct space *space);
void space_end(struct space *space); /* zeroed is fine */
/* This process, and with it what it starts, goes there; and back into the middle. */
void space_enter(const struct space *space);
void space_leave(void);

/* A program and its arguments, to its end: whether its exit code is 0. */
bool space_run(const char *const *words);
/* The same in a namespace; must be successful. */
void space_do(const struct space *space, const char *const *words);

/* A cable from the space, where its end is called `card`, to the bridge, where it is "port<number>".
 * Only the bridge's end is up. */
bool space_connect(const struct space *space, int number, const char *card);
/* A cable between two spaces, with those cards at its ends. */
bool space_cable(const struct space *a, const char *card_a, const struct space *b,
                 const char *card_b);
/* The card is up, with an address such as "10.77.0.1/24"; and the loopback. */
void space_address(const struct space *space, const char *card, const char *address);

/* serve --listen `listen`, there. */
void space_serve(const struct space *space, struct process_school *school, const char *listen,
                 const char *const *words);

#endif
