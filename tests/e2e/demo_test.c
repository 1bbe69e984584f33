/* `pharos demo` from outside, and three nodes whose clocks are wrong by decades. */
#include "tests/support/process.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEMO_MS_MAX 120000 /* longer than it gives itself */

/* The demonstration's temporary folder comes into the world's. */
static void begin_demo(const struct process_world *world, struct ph_child *child)
{
    const char *arguments[] = {"pharos", "--json", "demo", "--schools", "4", NULL};
    struct ph_child_spec spec = {.program = process_program(), .arguments = arguments, .err = -1};
    assert_int_equal(setenv("TMPDIR", world->folder, 1), 0);
    CHECK_OK(ph_child_start(&spec, child));
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

static bool is_empty(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    size_t count = 0;
    if (folder == NULL)
        abort();
    while ((entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count == 0;
}

static void four_schools_agree_but_for_one_disagreement(void **state)
{
    struct process_world *world = *state;
    struct ph_child child;
    struct ph_child_text out = {0}, err = {0};
    uint64_t deadline_ms = ph_child_now_ms() + DEMO_MS_MAX;
    begin_demo(world, &child);
    CHECK_OK(ph_child_gather(&child, &out, &err, deadline_ms));
    int code = ph_child_wait(&child, deadline_ms);
    if (code != 0)
        print_error("%s\n", err.text);
    assert_int_equal(code, 0);

    json_t *facts = json_loads(out.text, 0, NULL), *school;
    json_t *schools = json_object_get(facts, "schools");
    const json_t *root = json_object_get(json_array_get(schools, 0), "root");
    size_t index;
    assert_int_equal(json_array_size(schools), 4);
    json_array_foreach(schools, index, school)
    {
        CHECK(json_equal(json_object_get(school, "root"), root));
        CHECK(json_integer_value(json_object_get(school, "bytes_in")) > 1000);
    }
    assert_int_equal(json_array_size(json_object_get(json_object_get(facts, "plan"), "below")), 4);
    assert_int_equal(json_integer_value(json_object_get(facts, "lost")), 0);
    CHECK(json_integer_value(json_object_get(facts, "acknowledged")) > 0);
    CHECK(is_empty(world->folder));
    json_decref(facts);
    ph_child_text_free(&out);
    ph_child_text_free(&err);
}

/* Interrupted at another stage each time, named by how many lines it has said. */
static void an_interrupted_demo_leaves_nothing(void **state)
{
    struct process_world *world = *state;
    for (int lines = 0; lines < 12; lines += 3) {
        struct ph_child child;
        char line[400];
        uint64_t deadline_ms = ph_child_now_ms() + DEMO_MS_MAX;
        begin_demo(world, &child);
        /* Progress is on stderr: read it as if it were the output. */
        struct ph_child progress = {.out = child.err, .err = -1};
        for (int i = 0; i <= lines; i++)
            CHECK_OK(ph_child_line(&progress, line, sizeof line, deadline_ms));
        ph_child_signal(&child, SIGINT);

        assert_int_equal(ph_child_wait(&child, deadline_ms), 1);
        CHECK(is_empty(world->folder));
    }
}

/* --- wrong clocks --- */

/* faketime comes before a sanitizer's runtime, which refuses that. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

/* What `faketime` puts into LD_PRELOAD, but without its own process between us and the node. */
static bool find_faketime(char *out, size_t size)
{
    const char *arguments[] = {"faketime", "2020-01-01", "printenv", "LD_PRELOAD", NULL};
    struct ph_child_spec spec = {.program = "/usr/bin/faketime", .arguments = arguments, .err = -1};
    struct ph_child child;
    uint64_t deadline_ms = ph_child_now_ms() + PROCESS_PATIENCE_MS;
    CHECK_OK(ph_child_start(&spec, &child));
    bool is_found = ph_child_line(&child, out, size, deadline_ms) == PH_OK;
    return ph_child_wait(&child, deadline_ms) == 0 && is_found;
}

static void skip_without_faketime(char *library, size_t size)
{
    if (IS_SANITIZED) {
        print_message("faketime doesn't go with sanitizers: skipped\n");
        skip();
    }
    if (!find_faketime(library, size)) {
        print_message("there is no faketime: skipped\n");
        skip();
    }
}

/* The clock of all processes started until unset_clock(). */
static void set_clock(const char *library, const char *time)
{
    assert_int_equal(setenv("LD_PRELOAD", library, 1), 0);
    assert_int_equal(setenv("FAKETIME", time, 1), 0);
    assert_int_equal(setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1), 0);
    assert_int_equal(setenv("NO_FAKE_STAT", "1", 1), 0);
}

static void unset_clock(void)
{
    unsetenv("LD_PRELOAD");
    unsetenv("FAKETIME");
}

static void check_year(const struct process_school *reader, const char *id, long year)
{
    json_t *record = process_json(reader, WORDS("show", id));
    json_int_t ms = json_integer_value(json_object_get(record, "time_ms"));
    json_decref(record);
    assert_int_equal(1970 + (long)(ms / 31556952000), year);
}

static void nodes_whose_clocks_are_off_by_decades_converge(void **state)
{
    static const char *const clocks[] = {"@1970-01-05 00:00:00", "@2026-06-01 00:00:00",
                                         "@2099-06-01 00:00:00"};
    static const long years[] = {1970, 2026, 2099};
    struct process_world *world = *state;
    char library[PATH_MAX];
    char *ids[PROCESS_SCHOOLS];
    skip_without_faketime(library, sizeof library);
    for (int i = 0; i < PROCESS_SCHOOLS; i++) {
        struct process_school *school = &world->schools[i];
        set_clock(library, clocks[i]);
        if (i == 0)
            process_found(school);
        else
            process_join(school, &world->schools[0]);
        process_serve(school, i == 0 ? WORDS(NULL) : WORDS("--peer", world->schools[0].address));
        unset_clock();
    }
    process_await_equal(world, PROCESS_SCHOOLS);

    /* The node writes, with its clock, what the command only asks for. */
    for (int i = 0; i < PROCESS_SCHOOLS; i++)
        ids[i] = process_text(&world->schools[i], WORDS("new", "plan", "title=x"));
    process_await_equal(world, PROCESS_SCHOOLS);
    for (int i = 0; i < PROCESS_SCHOOLS; i++) {
        process_do(&world->schools[i], WORDS("set", ids[0], "title=one after the other"));
        process_await_equal(world, PROCESS_SCHOOLS);
    }

    for (int i = 0; i < PROCESS_SCHOOLS; i++) {
        json_t *values = process_values(&world->schools[i], ids[0], "title");
        assert_int_equal(json_array_size(values), 1);
        json_decref(values);
        check_year(&world->schools[1], ids[i], years[i]);
        assert_int_equal(process_end(&world->schools[i], SIGTERM, 2000), 0);
    }
    for (int i = 0; i < PROCESS_SCHOOLS; i++)
        free(ids[i]);
}

CHECK_MAIN(PROCESS_TEST(four_schools_agree_but_for_one_disagreement),
           PROCESS_TEST(an_interrupted_demo_leaves_nothing),
           PROCESS_TEST(nodes_whose_clocks_are_off_by_decades_converge))
