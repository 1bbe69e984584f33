#include "tools/demo_school.h"

#include "tools/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 40
#define START_MS 20000
#define STOP_MS 5000

bool ph_demo_goes_on(const struct ph_demo_bounds *bounds)
{
    if (*bounds->is_stopped != 0)
        ph_cli_refuse("Stopped.");
    else if (ph_child_now_ms() >= bounds->deadline_ms)
        ph_cli_refuse("This takes too long: the demonstration is given up.");
    else
        return true;
    return false;
}

/* --- commands --- */

enum ph_status ph_demo_begin(struct ph_demo_school *school, struct ph_demo_call *call,
                             const char *const *words, const char *input)
{
    const char *arguments[WORDS_MAX + 5] = {"pharos", "--home", school->home, "--json"};
    struct ph_child_spec spec = {
        .program = PH_CHILD_SELF, .arguments = arguments, .input = input, .err = -1};
    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
        arguments[4 + i] = words[i];
    *call = (struct ph_demo_call){.child = PH_CHILD_NONE};
    enum ph_status status = ph_child_start(&spec, &call->child);
    if (status != PH_OK)
        ph_cli_refuse("%s: a process can't be started: %s.", school->name, strerror(errno));
    return status;
}

enum ph_status ph_demo_end(struct ph_demo_school *school, struct ph_demo_call *call, int *code,
                           json_t **answer)
{
    const struct ph_demo_bounds *bounds = school->bounds;
    enum ph_status status = PH_WAITING;
    while (status == PH_WAITING && ph_demo_goes_on(bounds))
        status = ph_child_gather(&call->child, &call->out, &call->err, bounds->deadline_ms);
    if (status == PH_OK)
        *code = ph_child_wait(&call->child, bounds->deadline_ms);
    else if (status != PH_WAITING)
        ph_cli_refuse("%s: %s.", school->name, ph_status_text(status));
    *answer = NULL;
    if (status == PH_OK && call->out.len != 0)
        *answer = json_loadb(call->out.text, call->out.len, 0, NULL);
    return status;
}

void ph_demo_drop(struct ph_demo_call *call)
{
    (void)ph_child_stop(&call->child, ph_child_now_ms() + STOP_MS);
    ph_child_text_free(&call->out);
    ph_child_text_free(&call->err);
}

enum ph_status ph_demo_finish(struct ph_demo_school *school, json_t **answer)
{
    struct ph_demo_call *call = &school->call;
    json_t *found = NULL;
    int code = 0;
    enum ph_status status = ph_demo_end(school, call, &code, &found);
    if (status == PH_OK && (code != PH_EXIT_OK || found == NULL)) {
        const char *said = call->err.len != 0 ? call->err.text : "a command gave no answer\n";
        /* Ctrl-C ends the commands as well: that is no failure of theirs. */
        if (ph_demo_goes_on(school->bounds))
            ph_cli_refuse("%s (exit code %d): %.*s", school->name, code, (int)strcspn(said, "\n"),
                          said);
        status = PH_REFUSED;
    }
    if (status == PH_OK && answer != NULL)
        *answer = found;
    else
        json_decref(found);
    ph_demo_drop(call);
    return status;
}

enum ph_status ph_demo_ask(struct ph_demo_school *school, const char *const *words, json_t **answer)
{
    PH_TRY(ph_demo_begin(school, &school->call, words, NULL));
    return ph_demo_finish(school, answer);
}

/* --- the node --- */

/* Its log goes away with its folder: the end of it is said here. */
static void complain_of_node(const struct ph_demo_school *school, const char *problem)
{
    char end[1001];
    int fd = open(school->log, O_RDONLY | O_CLOEXEC);
    ssize_t len = 0;
    if (fd >= 0 && lseek(fd, 1 - (off_t)sizeof end, SEEK_END) < 0)
        lseek(fd, 0, SEEK_SET);
    if (fd >= 0) {
        len = read(fd, end, sizeof end - 1);
        close(fd);
    }
    ph_cli_refuse("%s: its node %s. The end of its log:\n%.*s", school->name, problem,
                  len > 0 ? (int)len : 0, end);
}

static enum ph_status read_address(struct ph_demo_school *school)
{
    static const char before[] = "listening on ";
    char line[sizeof before - 1 + sizeof school->address];
    uint64_t deadline_ms = ph_child_now_ms() + START_MS;
    enum ph_status status = PH_WAITING;
    while (status == PH_WAITING && ph_child_now_ms() < deadline_ms) {
        if (!ph_demo_goes_on(school->bounds))
            return PH_WAITING;
        status = ph_child_line(&school->serve, line, sizeof line, deadline_ms);
    }
    if (status == PH_OK && strncmp(line, before, sizeof before - 1) == 0) {
        char *address = line + sizeof before - 1;
        memcpy(school->address, address, strnlen(address, sizeof school->address - 1) + 1);
        return PH_OK;
    }
    if (ph_demo_goes_on(school->bounds))
        complain_of_node(school, "doesn't start");
    return PH_REFUSED;
}

enum ph_status ph_demo_serve(struct ph_demo_school *school, const char *const *peers)
{
    const char *arguments[WORDS_MAX] = {"pharos", "--home", school->home, "--log",
                                        "info",   "serve",  "--listen",   "127.0.0.1:0"};
    struct ph_child_spec spec = {.program = PH_CHILD_SELF, .arguments = arguments};
    size_t count = 8;
    for (size_t i = 0; peers[i] != NULL && count + 3 < WORDS_MAX; i++) {
        arguments[count++] = "--peer";
        arguments[count++] = peers[i];
    }
    spec.err = open(school->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    enum ph_status status = spec.err >= 0 ? ph_child_start(&spec, &school->serve) : PH_IO;
    if (status != PH_OK)
        ph_cli_refuse("%s: its node can't be started: %s.", school->name, strerror(errno));
    if (spec.err >= 0)
        close(spec.err);
    return status == PH_OK ? read_address(school) : status;
}

enum ph_status ph_demo_keep_traffic(struct ph_demo_school *school)
{
    json_t *answer = NULL;
    PH_TRY(ph_demo_ask(school, PH_DEMO_WORDS("status"), &answer));
    enum ph_status status = ph_demo_take_status(school, answer);
    json_decref(answer);
    school->earlier_bytes_in += school->bytes_in;
    school->earlier_bytes_out += school->bytes_out;
    school->bytes_in = school->bytes_out = 0;
    return status;
}

enum ph_status ph_demo_rest(struct ph_demo_school *school)
{
    PH_TRY(ph_demo_keep_traffic(school));
    int code = ph_child_stop(&school->serve, ph_child_now_ms() + STOP_MS);
    if (code == PH_EXIT_OK)
        return PH_OK;
    complain_of_node(school, "didn't end as it should");
    return PH_REFUSED;
}

enum ph_status ph_demo_kill(struct ph_demo_school *school)
{
    ph_child_signal(&school->serve, SIGKILL);
    if (ph_child_wait(&school->serve, ph_child_now_ms() + STOP_MS) == 128 + SIGKILL)
        return PH_OK;
    ph_cli_refuse("%s: its node can't be killed.", school->name);
    return PH_REFUSED;
}

/* --- status --- */

static uint64_t number_of(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

enum ph_status ph_demo_take_status(struct ph_demo_school *school, const json_t *status)
{
    const char *root = json_string_value(json_object_get(status, "root"));
    if (root == NULL || strlen(root) != sizeof school->root - 1) {
        ph_cli_refuse("%s: its status has no root.", school->name);
        return PH_REFUSED;
    }
    memcpy(school->root, root, sizeof school->root);
    school->records = number_of(status, "records");
    school->backlog = number_of(status, "backlog");
    school->bytes_in = number_of(status, "bytes_in");
    school->bytes_out = number_of(status, "bytes_out");
    return PH_OK;
}
