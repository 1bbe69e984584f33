/* What a command has answered is there, whenever the node is killed. */
#include "tests/support/process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define KILLS 30
#define WRITERS 6

struct acknowledged {
    json_t *ids;
    size_t refused; /* writes that got no answer, or a refusal */
};

static void take_outcome(struct acknowledged *all, const struct ph_child_text *out, int code)
{
    if (code != 0) {
        all->refused++;
        return;
    }
    assert_int_equal(out->len, 33);
    json_array_append_new(all->ids, json_stringn(out->text, 32));
}

/* Several writers at once; the node is killed as soon as one of them, another one each time, has
 * been answered: the others are anywhere on their way. */
static void kill_while_writing(struct process_school *school, int round, struct acknowledged *all)
{
    struct ph_child writers[WRITERS];
    char title[64];
    char line[64];
    uint64_t deadline_ms = ph_child_now_ms() + PROCESS_PATIENCE_MS;
    int waited_for = round % WRITERS;
    for (int i = 0; i < WRITERS; i++) {
        snprintf(title, sizeof title, "title=round %d, writer %d", round, i);
        process_begin(school, WORDS("new", "plan", title), &writers[i]);
    }
    CHECK_OK(ph_child_line(&writers[waited_for], line, sizeof line, deadline_ms));
    assert_int_equal(strlen(line), 32);
    json_array_append_new(all->ids, json_string(line));
    assert_int_equal(process_end(school, SIGKILL, 5000), 128 + SIGKILL);

    for (int i = 0; i < WRITERS; i++) {
        struct ph_child_text out = {0};
        CHECK_OK(ph_child_gather(&writers[i], &out, NULL, deadline_ms));
        int code = ph_child_wait(&writers[i], deadline_ms);
        if (i != waited_for)
            take_outcome(all, &out, code);
        ph_child_text_free(&out);
    }
}

static bool has_id(json_t *rows, const char *id)
{
    json_t *row;
    size_t index;
    json_array_foreach(rows, index, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "id")), id) == 0)
            return true;
    }
    return false;
}

static void check_all_there(const struct process_school *school, json_t *ids)
{
    json_t *answer = process_json(school, WORDS("list", "plan")), *id;
    size_t index, lost = 0;
    json_array_foreach(ids, index, id)
    {
        lost += !has_id(json_object_get(answer, "rows"), json_string_value(id));
    }
    json_decref(answer);
    assert_int_equal(lost, 0);
}

static void acknowledged_writes_survive_a_kill_at_any_moment(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    struct acknowledged all = {.ids = json_array()};
    process_found(a);

    for (int round = 0; round < KILLS; round++) {
        process_serve(a, WORDS(NULL));
        check_all_there(a, all.ids);
        kill_while_writing(a, round, &all);
    }

    print_message("%zu acknowledged, %zu not\n", json_array_size(all.ids), all.refused);
    check_all_there(a, all.ids);
    process_do(a, WORDS("verify"));
    json_decref(all.ids);
}

static void a_killed_node_goes_on_with_its_own_log(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    process_found(a);
    process_serve(a, WORDS(NULL));
    process_join(b, a);
    process_do(a, WORDS("new", "plan", "title=before"));
    assert_int_equal(process_end(a, SIGKILL, 5000), 128 + SIGKILL);

    process_serve(a, WORDS(NULL));
    process_do(a, WORDS("new", "plan", "title=after"));
    process_do(b, WORDS("sync", a->address));

    CHECK(process_lists(b, "plan", "before"));
    CHECK(process_lists(b, "plan", "after"));
    process_do(b, WORDS("verify"));
}

CHECK_MAIN(PROCESS_TEST(acknowledged_writes_survive_a_kill_at_any_moment),
           PROCESS_TEST(a_killed_node_goes_on_with_its_own_log))
