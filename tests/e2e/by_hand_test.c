/* What a new user does, with three homes and the commands of README.md. */
#include "tests/support/process.h"

#include <stdlib.h>
#include <string.h>

static void check_value(json_t *values, size_t index, const char *value, const char *school)
{
    const json_t *item = json_array_get(values, index);
    assert_string_equal(json_string_value(json_object_get(item, "value")), value);
    assert_string_equal(json_string_value(json_object_get(item, "name")), school);
}

static void check_one_value(const struct process_school *school, const char *id, const char *field,
                            const char *value, const char *name)
{
    json_t *values = process_values(school, id, field);
    assert_int_equal(json_array_size(values), 1);
    check_value(values, 0, value, name);
    json_decref(values);
}

/* A founds and serves, B joins and serves, C joins. */
static void make_network(struct process_world *world)
{
    process_found(&world->schools[0]);
    process_serve(&world->schools[0], WORDS(NULL));
    process_join(&world->schools[1], &world->schools[0]);
    process_join(&world->schools[2], &world->schools[0]);
}

static void a_record_of_one_school_is_listed_at_another(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1], *c = &world->schools[2];
    make_network(world);
    process_serve(b, WORDS("--peer", a->address));

    char *id = process_text(b, WORDS("new", "plan", "title=قراءة لكل طفل", "state=draft"));
    process_await_title(a, "plan", "قراءة لكل طفل");
    process_do(c, WORDS("sync", a->address));

    assert_int_equal(strspn(id, "0123456789abcdef"), 32);
    assert_int_equal(strlen(id), 32);
    CHECK(process_lists(c, "plan", "قراءة لكل طفل"));
    check_one_value(c, id, "title", "قراءة لكل طفل", "B");
    check_one_value(c, id, "state", "draft", "B");
    free(id);
}

static void what_is_below_a_record_is_shown_with_it(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    char field[64];
    process_found(a);
    char *plan = process_text(a, WORDS("new", "plan", "title=P"));
    snprintf(field, sizeof field, "parent=%s", plan);

    char *priority = process_text(a, WORDS("new", "priority", "title=Q", field));

    json_t *record = process_json(a, WORDS("show", plan));
    const json_t *child = json_array_get(json_object_get(record, "children"), 0);
    assert_string_equal(json_string_value(json_object_get(child, "id")), priority);
    assert_string_equal(json_string_value(json_object_get(child, "kind")), "priority");
    assert_string_equal(json_string_value(json_object_get(child, "title")), "Q");
    json_decref(record);
    free(priority);
    free(plan);
}

static void a_disagreement_is_shown_with_names_and_settled_by_setting(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1], *c = &world->schools[2];
    make_network(world);
    char *id = process_text(a, WORDS("new", "plan", "title=first"));
    process_do(b, WORDS("sync", a->address));
    process_do(c, WORDS("sync", a->address));

    process_do(b, WORDS("set", id, "title=of B"));
    process_do(c, WORDS("set", id, "title=of C"));
    process_do(b, WORDS("sync", a->address));
    process_do(c, WORDS("sync", a->address));

    char *text = process_text(a, WORDS("show", id));
    CHECK(strstr(text, "of B") != NULL && strstr(text, "of C") != NULL);
    CHECK(strstr(text, "first") == NULL);
    free(text);
    json_t *values = process_values(a, id, "title");
    assert_int_equal(json_array_size(values), 2);
    bool is_b_first =
        strcmp(json_string_value(json_object_get(json_array_get(values, 0), "value")), "of B") == 0;
    check_value(values, is_b_first ? 0 : 1, "of B", "B");
    check_value(values, is_b_first ? 1 : 0, "of C", "C");
    json_decref(values);

    process_do(a, WORDS("set", id, "title=settled"));
    process_do(b, WORDS("sync", a->address));
    check_one_value(b, id, "title", "settled", "A");
    free(id);
}

static void sets_take_and_give_back_their_values(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    process_found(a);
    char *id = process_text(a, WORDS("new", "priority", "title=P"));

    process_do(a, WORDS("add", id, "headings=reading"));
    process_do(a, WORDS("add", id, "headings=writing"));
    process_do(a, WORDS("remove", id, "headings=reading"));

    check_one_value(a, id, "headings", "writing", "A");
    free(id);
}

static void status_names_the_members_and_who_is_connected(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    make_network(world);
    process_serve(b, WORDS("--peer", a->address));
    process_await_equal(world, 2);

    json_t *status = process_json(b, WORDS("status"));
    assert_string_equal(json_string_value(json_object_get(status, "name")), "B");
    assert_string_equal(json_string_value(json_object_get(status, "state")), "member");
    assert_string_equal(json_string_value(json_object_get(status, "network_name")), "N");
    assert_int_equal(json_array_size(json_object_get(status, "members")), 3);
    const json_t *peer = json_array_get(json_object_get(status, "peers"), 0);
    assert_string_equal(json_string_value(json_object_get(peer, "name")), "A");
    json_decref(status);
}

static void joining_without_a_reachable_peer_is_saved_and_waits(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    struct process_outcome outcome;
    process_found(a);
    char *code = process_text(a, WORDS("invite"));
    process_do(b, WORDS("init", "--school", "B"));

    process_run(b, WORDS("--json", "join", "-"), code, &outcome);

    assert_int_equal(outcome.code, 0);
    json_t *answer = json_loads(outcome.out.text, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(answer, "state")), "waiting");
    json_decref(answer);
    process_free(&outcome);
    process_serve(a, WORDS(NULL));
    process_serve(b, WORDS("--peer", a->address));
    process_await_equal(world, 2);
    free(code);
}

static void mistakes_are_answered_by_one_sentence(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    char longest[6 + 400 + 1] = "title=";
    char longer[6 + 401 + 1] = "title=";
    memset(longest + 6, 'x', 400);
    memset(longer + 6, 'x', 401);
    process_refused(a, WORDS("status"), "pharos init");
    process_found(a);
    char *id = process_text(a, WORDS("new", "plan", longest));

    process_refused(a, WORDS("init", "--school", "again"), "already");
    process_refused(a, WORDS("network", "new", "again"), "network");
    process_refused(a, WORDS("new", "plant", "title=x"), "plant");
    process_refused(a, WORDS("new", "plan", "titel=x"), "titel");
    process_refused(a, WORDS("new", "plan", longer), "400");
    process_refused(a, WORDS("new", "plan", "state=finished"), "state");
    process_refused(a, WORDS("new", "plan", "period_from=tomorrow"), "period_from");
    process_refused(a, WORDS("new", "plan", "title=\xff\xfe"), "UTF-8");
    process_refused(a, WORDS("new", "plan", "title=a", "title=b"), "once");
    process_refused(a, WORDS("new", "reflection", "title=x"), "--with network");
    process_refused(a, WORDS("set", "00112233445566778899aabbccddeeff", "title=x"), "record");
    process_refused(a, WORDS("show", "00112233445566778899aabbccddeeff"), "record");
    process_refused(a, WORDS("show", "nonsense"), "id");
    process_refused(a, WORDS("list", "plants"), "plants");
    process_refused(a, WORDS("join", "PHAROS1-NONSENSE"), "code");
    process_refused(a, WORDS("sync", "127.0.0.1:1"), "127.0.0.1:1");
    free(id);
}

static void check_usage(const struct process_school *school, const char *const *words)
{
    struct process_outcome outcome;
    process_run(school, words, NULL, &outcome);
    if (outcome.code != 2 || outcome.out.len != 0 || outcome.err.len == 0)
        print_error("%s: exit code %d\n", words[0], outcome.code);
    assert_int_equal(outcome.code, 2);
    assert_int_equal(outcome.out.len, 0);
    CHECK(outcome.err.len > 0);
    process_free(&outcome);
}

static void wrong_usage_has_its_own_exit_code(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0];
    process_found(a);

    check_usage(a, WORDS("plant"));
    check_usage(a, WORDS(NULL));
    check_usage(a, WORDS("network"));
    check_usage(a, WORDS("init"));
    check_usage(a, WORDS("new"));
    check_usage(a, WORDS("new", "plan", "title"));
    check_usage(a, WORDS("list", "plan", "more"));
    check_usage(a, WORDS("status", "--frob"));
    check_usage(a, WORDS("invite", "--uses", "many"));
    check_usage(a, WORDS("invite", "--uses", "0"));
    check_usage(a, WORDS("sync", "nowhere"));
    check_usage(a, WORDS("show"));
    check_usage(a, WORDS("demo", "--schools", "2"));
}

/* Every command with --json; process_json fails for what is not one document. */
static void check_json(const struct process_school *school, const char *const *words,
                       const char *key)
{
    json_t *answer = process_json(school, words);
    if (json_object_get(answer, key) == NULL)
        print_error("%s: no \"%s\"\n", words[0], key);
    CHECK(json_object_get(answer, key) != NULL);
    json_decref(answer);
}

static void check_all_json(const struct process_school *a, const char *peer)
{
    char *id = process_text(a, WORDS("new", "priority", "title=\"quoted\" \\ \t and\nlines"));
    check_json(a, WORDS("new", "plan", "title=x"), "id");
    check_json(a, WORDS("set", id, "title=y"), "id");
    check_json(a, WORDS("add", id, "headings=h"), "id");
    check_json(a, WORDS("remove", id, "headings=h"), "id");
    check_json(a, WORDS("show", id), "fields");
    check_json(a, WORDS("list", "priority"), "rows");
    check_json(a, WORDS("log"), "rows");
    check_json(a, WORDS("log", id), "rows");
    check_json(a, WORDS("status"), "root");
    check_json(a, WORDS("verify"), "entries");
    check_json(a, WORDS("rebuild"), "records");
    check_json(a, WORDS("version"), "version");
    if (peer != NULL)
        check_json(a, WORDS("sync", peer), "root");
    free(id);
}

static void every_command_speaks_json_with_and_without_a_node(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    check_json(a, WORDS("init", "--school", "A"), "school");
    check_json(a, WORDS("network", "new", "N"), "network");
    check_json(a, WORDS("invite"), "code");
    check_all_json(a, NULL);

    process_serve(a, WORDS(NULL));
    check_json(a, WORDS("invite"), "code");
    check_all_json(a, NULL);
    process_join(b, a);
    check_all_json(b, a->address);
}

static void log_says_who_wrote_what(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    make_network(world);
    char *id = process_text(b, WORDS("new", "plan", "title=x"));
    process_do(b, WORDS("sync", a->address));
    process_do(a, WORDS("set", id, "title=y"));

    json_t *answer = process_json(a, WORDS("log", id));
    json_t *row, *rows = json_object_get(answer, "rows");
    size_t index, of_a = 0, of_b = 0;
    json_array_foreach(rows, index, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        of_a += strcmp(name, "A") == 0;
        of_b += strcmp(name, "B") == 0;
        assert_string_equal(json_string_value(json_array_get(json_object_get(row, "records"), 0)),
                            id);
    }
    assert_int_equal(of_a, 1);
    assert_int_equal(of_b, 1);
    json_decref(answer);
    free(id);
}

CHECK_MAIN(PROCESS_TEST(a_record_of_one_school_is_listed_at_another),
           PROCESS_TEST(what_is_below_a_record_is_shown_with_it),
           PROCESS_TEST(a_disagreement_is_shown_with_names_and_settled_by_setting),
           PROCESS_TEST(sets_take_and_give_back_their_values),
           PROCESS_TEST(status_names_the_members_and_who_is_connected),
           PROCESS_TEST(joining_without_a_reachable_peer_is_saved_and_waits),
           PROCESS_TEST(mistakes_are_answered_by_one_sentence),
           PROCESS_TEST(wrong_usage_has_its_own_exit_code),
           PROCESS_TEST(every_command_speaks_json_with_and_without_a_node),
           PROCESS_TEST(log_says_who_wrote_what))
