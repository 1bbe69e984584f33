/* The program as people run it: processes, homes in a temporary folder, ports that the system
 * picks.
 *
 * A test gets three schools, and more where it wants them; whatever becomes of the test, their
 * processes end and their homes go away. Nothing here sleeps: what takes time is asked for again
 * and again until a deadline. */
#ifndef PHAROS_TESTS_SUPPORT_PROCESS_H
#define PHAROS_TESTS_SUPPORT_PROCESS_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

#include "tests/support/check.h"
#include "tools/child.h"

#define PROCESS_SCHOOLS 3
#define PROCESS_SCHOOLS_MAX 11
#define PROCESS_PATIENCE_MS 60000

struct process_school {
    char home[PATH_MAX]; /* not there until `init` */
    char log[PATH_MAX];  /* what its node said on stderr */
    char address[300];   /* where its node listens */
    char message[300];   /* the line that said so */
    struct ph_child serve;
};

struct process_world {
    char folder[PATH_MAX - 300];
    struct process_school schools[PROCESS_SCHOOLS_MAX];
};

/* What a command did. Owned; process_free. */
struct process_outcome {
    int code;
    struct ph_child_text out, err;
};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* PROCESS_TEST(a_sentence): its state is a world. */
#define PROCESS_TEST(test) cmocka_unit_test_setup_teardown(test, process_setup, process_teardown)
int process_setup(void **state);
int process_teardown(void **state);

const char *process_program(void); /* $PHAROS */

/* "pharos --home HOME WORD…" to its end. `input` may be NULL. */
void process_run(const struct process_school *school, const char *const *words, const char *input,
                 struct process_outcome *out);
void process_free(struct process_outcome *outcome);
/* The same, only started. */
void process_begin(const struct process_school *school, const char *const *words,
                   struct ph_child *out);

/* These fail the test unless the command is successful, its stderr empty. */
void process_do(const struct process_school *school, const char *const *words);
char *process_text(const struct process_school *school, const char *const *words); /* to free */
json_t *process_json(const struct process_school *school, const char *const *words);
/* Fails unless the exit code is 1, stdout empty, stderr one sentence with `part` in it. */
void process_refused(const struct process_school *school, const char *const *words,
                     const char *part);

/* "serve --listen 127.0.0.1:0 WORD…", up to its first line. */
void process_serve(struct process_school *school, const char *const *words);
/* The same at another address. */
void process_serve_at(struct process_school *school, const char *listen, const char *const *words);
/* Sends the signal and waits: the exit code. Fails if that takes longer than `ms`. */
int process_end(struct process_school *school, int signal_number, uint64_t ms);

/* init and network new; init and join at a founder that serves. The schools' names are A, B, C … */
void process_found(struct process_school *school);
void process_join(struct process_school *school, const struct process_school *founder);

/* Whether `title` stands in "list KIND"; and until it does. */
bool process_lists(const struct process_school *school, const char *kind, const char *title);
void process_await_title(const struct process_school *school, const char *kind, const char *title);
/* Whether those of them that serve have the same root, and nothing left to do. */
bool process_are_equal(const struct process_school *schools, size_t count);
/* Until that holds for the first `count`, which all serve. */
void process_await_equal(const struct process_world *world, size_t count);
/* Values of one field in "show ID"; owned. */
json_t *process_values(const struct process_school *school, const char *id, const char *field);
/* The whole of a small file, ending in a zero byte; owned. `len` may be NULL. */
char *process_file(const char *path, size_t *len);

#endif
