#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/tree.h"

#define WORDS_MAX 40

static uint64_t deadline_in(uint64_t ms)
{
    return ph_child_now_ms() + ms;
}

/* --- the world --- */

int process_setup(void **state)
{
    struct process_world *world = calloc(1, sizeof *world);
    /* Apart, so that every compiler sees that nothing overlaps. */
    char folder[sizeof world->folder] = "";
    *state = world;
    if (world == NULL || ph_tree_make(folder, sizeof folder) != PH_OK)
        return -1;
    memcpy(world->folder, folder, sizeof folder);
    for (int i = 0; i < PROCESS_SCHOOLS_MAX; i++) {
        struct process_school *school = &world->schools[i];
        snprintf(school->home, sizeof school->home, "%s/%c", folder, 'A' + i);
        snprintf(school->log, sizeof school->log, "%s/%c.log", folder, 'A' + i);
        school->serve = PH_CHILD_NONE;
    }
    return 0;
}

int process_teardown(void **state)
{
    struct process_world *world = *state;
    for (size_t i = 0; i < PROCESS_SCHOOLS_MAX; i++) {
        /* One that a test has stopped must go on to end. */
        ph_child_signal(&world->schools[i].serve, SIGCONT);
        (void)ph_child_stop(&world->schools[i].serve, deadline_in(5000));
    }
    enum ph_status status = ph_tree_remove(world->folder);
    free(world);
    return status == PH_OK ? 0 : -1;
}

const char *process_program(void)
{
    const char *program = getenv("PHAROS");
    CHECK(program != NULL);
    return program;
}

/* --- commands --- */

static void begin(const struct process_school *school, const char *const *words, const char *input,
                  struct ph_child *out)
{
    const char *arguments[WORDS_MAX + 4] = {"pharos", "--home", school->home};
    struct ph_child_spec spec = {
        .program = process_program(), .arguments = arguments, .input = input, .err = -1};
    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
        arguments[3 + i] = words[i];
    CHECK_OK(ph_child_start(&spec, out));
}

void process_begin(const struct process_school *school, const char *const *words,
                   struct ph_child *out)
{
    begin(school, words, NULL, out);
}

void process_run(const struct process_school *school, const char *const *words, const char *input,
                 struct process_outcome *out)
{
    struct ph_child child;
    *out = (struct process_outcome){0};
    begin(school, words, input, &child);
    CHECK_OK(ph_child_gather(&child, &out->out, &out->err, deadline_in(PROCESS_PATIENCE_MS)));
    out->code = ph_child_wait(&child, deadline_in(PROCESS_PATIENCE_MS));
}

void process_free(struct process_outcome *outcome)
{
    ph_child_text_free(&outcome->out);
    ph_child_text_free(&outcome->err);
}

static void print_command(const char *const *words, const struct process_outcome *outcome)
{
    for (size_t i = 0; words[i] != NULL; i++)
        print_error("%s ", words[i]);
    print_error("\n  exit code %d\n  stdout: %s\n  stderr: %s\n", outcome->code,
                outcome->out.text != NULL ? outcome->out.text : "",
                outcome->err.text != NULL ? outcome->err.text : "");
}

char *process_text(const struct process_school *school, const char *const *words)
{
    struct process_outcome outcome;
    process_run(school, words, NULL, &outcome);
    if (outcome.code != 0 || outcome.err.len != 0)
        print_command(words, &outcome);
    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.err.len, 0);
    ph_child_text_free(&outcome.err);
    char *text = outcome.out.text != NULL ? outcome.out.text : calloc(1, 1);
    if (text == NULL)
        abort();
    size_t len = strlen(text);
    if (len > 0 && text[len - 1] == '\n')
        text[len - 1] = 0;
    return text;
}

void process_do(const struct process_school *school, const char *const *words)
{
    free(process_text(school, words));
}

json_t *process_json(const struct process_school *school, const char *const *words)
{
    const char *more[WORDS_MAX] = {"--json"};
    json_error_t error;
    for (size_t i = 0; i + 2 < WORDS_MAX && words[i] != NULL; i++)
        more[1 + i] = words[i];
    char *text = process_text(school, more);
    json_t *document = json_loads(text, 0, &error);
    if (document == NULL)
        print_error("%s: %s\n%s\n", words[0], error.text, text);
    CHECK(json_is_object(document));
    free(text);
    return document;
}

void process_refused(const struct process_school *school, const char *const *words,
                     const char *part)
{
    struct process_outcome outcome;
    process_run(school, words, NULL, &outcome);
    const char *said = outcome.err.text != NULL ? outcome.err.text : "";
    const char *feed = strchr(said, '\n');
    bool is_sentence = feed != NULL && feed[1] == 0 && feed - said > 8;
    if (outcome.code != 1 || outcome.out.len != 0 || !is_sentence || strstr(said, part) == NULL)
        print_command(words, &outcome);
    assert_int_equal(outcome.code, 1);
    assert_int_equal(outcome.out.len, 0);
    CHECK(is_sentence);
    CHECK(strstr(said, part) != NULL);
    process_free(&outcome);
}

/* --- nodes --- */

void process_serve(struct process_school *school, const char *const *words)
{
    process_serve_at(school, "127.0.0.1:0", words);
}

void process_serve_at(struct process_school *school, const char *listen, const char *const *words)
{
    static const char before[] = "listening on ";
    const char *arguments[WORDS_MAX] = {"pharos", "--home",   school->home,
                                        "serve",  "--listen", listen};
    struct ph_child_spec spec = {.program = process_program(), .arguments = arguments};
    for (size_t i = 0; i + 7 < WORDS_MAX && words[i] != NULL; i++)
        arguments[6 + i] = words[i];
    spec.err = open(school->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    CHECK(spec.err >= 0);
    CHECK_OK(ph_child_start(&spec, &school->serve));
    close(spec.err);
    enum ph_status status = ph_child_line(&school->serve, school->message, sizeof school->message,
                                          deadline_in(PROCESS_PATIENCE_MS));
    if (status != PH_OK || strncmp(school->message, before, sizeof before - 1) != 0) {
        char *log = process_file(school->log, NULL);
        print_error("serve: %s\n%s\n", school->message, log);
        free(log);
    }
    CHECK_OK(status);
    CHECK(strncmp(school->message, before, sizeof before - 1) == 0);
    memcpy(school->address, school->message + sizeof before - 1,
           strlen(school->message) - (sizeof before - 1) + 1);
}

int process_end(struct process_school *school, int signal_number, uint64_t ms)
{
    ph_child_signal(&school->serve, signal_number);
    int code = ph_child_wait(&school->serve, deadline_in(ms));
    CHECK(code != PH_CHILD_STILL_RUNNING);
    if (code != 0 && code < 128) {
        char *log = process_file(school->log, NULL);
        print_error("serve: exit code %d\n%s\n", code, log);
        free(log);
    }
    return code;
}

/* --- networks --- */

static const char *name_of(const struct process_school *school)
{
    return strrchr(school->home, '/') + 1;
}

void process_found(struct process_school *school)
{
    process_do(school, WORDS("init", "--school", name_of(school)));
    process_do(school, WORDS("network", "new", "N"));
}

void process_join(struct process_school *school, const struct process_school *founder)
{
    struct process_outcome outcome;
    char *code = process_text(founder, WORDS("invite"));
    process_do(school, WORDS("init", "--school", name_of(school)));
    process_run(school, WORDS("--json", "join", "-"), code, &outcome);
    assert_int_equal(outcome.code, 0);
    json_t *answer = json_loads(outcome.out.text, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(answer, "state")), "member");
    json_decref(answer);
    process_free(&outcome);
    free(code);
}

/* --- questions --- */

bool process_lists(const struct process_school *school, const char *kind, const char *title)
{
    json_t *answer = process_json(school, WORDS("list", kind));
    json_t *row;
    size_t index;
    bool is_there = false;
    json_array_foreach(json_object_get(answer, "rows"), index, row)
    {
        const char *found = json_string_value(json_object_get(row, "title"));
        is_there = is_there || (found != NULL && strcmp(found, title) == 0);
    }
    json_decref(answer);
    return is_there;
}

void process_await_title(const struct process_school *school, const char *kind, const char *title)
{
    uint64_t deadline_ms = deadline_in(PROCESS_PATIENCE_MS);
    bool is_there = process_lists(school, kind, title);
    while (!is_there && ph_child_now_ms() < deadline_ms)
        is_there = process_lists(school, kind, title);
    CHECK(is_there);
}

bool process_are_equal(const struct process_school *schools, size_t count)
{
    json_t *root = NULL;
    bool is_equal = true;
    for (size_t i = 0; i < count && is_equal; i++) {
        if (schools[i].serve.pid <= 0)
            continue;
        json_t *status = process_json(&schools[i], WORDS("status"));
        json_t *its = json_object_get(status, "root");
        is_equal = (root == NULL || json_equal(root, its)) &&
                   json_integer_value(json_object_get(status, "backlog")) == 0;
        if (root == NULL)
            root = json_incref(its);
        json_decref(status);
    }
    json_decref(root);
    return is_equal;
}

void process_await_equal(const struct process_world *world, size_t count)
{
    uint64_t deadline_ms = deadline_in(PROCESS_PATIENCE_MS);
    for (size_t i = 0; i < count; i++)
        CHECK(world->schools[i].serve.pid > 0);
    bool is_equal = process_are_equal(world->schools, count);
    while (!is_equal && ph_child_now_ms() < deadline_ms)
        is_equal = process_are_equal(world->schools, count);
    CHECK(is_equal);
}

json_t *process_values(const struct process_school *school, const char *id, const char *field)
{
    json_t *record = process_json(school, WORDS("show", id));
    json_t *values = NULL, *item;
    size_t index;
    json_array_foreach(json_object_get(record, "fields"), index, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "name")), field) == 0)
            values = json_incref(json_object_get(item, "values"));
    }
    json_decref(record);
    CHECK(json_is_array(values));
    return values;
}

char *process_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *bytes = calloc(1, 1 << 20);
    CHECK(file != NULL && bytes != NULL);
    size_t count = fread(bytes, 1, (1 << 20) - 1, file);
    fclose(file);
    if (len != NULL)
        *len = count;
    return bytes;
}
