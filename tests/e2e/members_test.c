/* A member gone bad on a real socket: whatever it says has its verdict, and after each word the
 * node is alive, holds what it held or what is stated, and an honest member syncs at once. */
#include <stdlib.h>
#include <string.h>

#include "store/view.h"
#include "tests/support/bad_words.h"
#include "tests/support/caller.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CASES_BETWEEN_SYNCS 8 /* each takes a second there */
#else
#define CASES_BETWEEN_SYNCS 1
#endif

/* A serves, B is honest, C's keys are the caller's; C itself is not running. */
struct stage {
    struct process_school *a, *b, *c;
    struct ph_invitation invitation;
    struct ph_identity member;
    struct bad_mouth mouth;
    char *root; /* of A */
    int plan_count;
    unsigned case_count;
};

/* --- questions --- */

static char *root_of(const struct process_school *school)
{
    json_t *status = process_json(school, WORDS("status"));
    char *root = strdup(json_string_value(json_object_get(status, "root")));
    CHECK(root != NULL);
    json_decref(status);
    return root;
}

static int count_plans(const struct process_school *school)
{
    json_t *answer = process_json(school, WORDS("list", "plan"));
    int count = (int)json_array_size(json_object_get(answer, "rows"));
    json_decref(answer);
    return count;
}

static void find_logs(struct stage *stage)
{
    char path[PATH_MAX + 10], why[200] = "";
    struct ph_store *store;
    struct ph_view view = {0};
    struct ph_log_row row;
    snprintf(path, sizeof path, "%s/store", stage->c->home);
    struct ph_store_options options = {.path = path};
    CHECK_OK(ph_store_open(&options, &store, why));
    CHECK_OK(ph_view_open(store, &view));
    for (uint32_t log = 0; ph_view_log(&view, log, &row) == PH_OK; log++) {
        if (ph_school_id_equal(&row.school, &stage->mouth.school)) {
            stage->mouth.writer = row.writer;
            stage->mouth.certify = row.certify;
            stage->mouth.tip = row.tip;
        } else if (row.tip.seq != 0) {
            stage->mouth.other =
                (struct ph_head){.writer = row.writer, .seq = row.tip.seq, .id = row.tip.id};
        }
    }
    ph_view_close(&view);
    ph_store_close(store);
}

/* --- the stage --- */

static struct stage set_up(struct process_world *world)
{
    struct stage stage = {
        .a = &world->schools[0], .b = &world->schools[1], .c = &world->schools[2]};
    process_found(stage.a);
    process_serve(stage.a, WORDS(NULL));
    process_join(stage.b, stage.a);
    process_join(stage.c, stage.a);
    process_do(stage.a, WORDS("new", "plan", "title=ours"));
    process_do(stage.c, WORDS("new", "plan", "title=theirs"));
    process_do(stage.c, WORDS("sync", stage.a->address));
    stage.invitation = caller_invitation_to(stage.a);
    stage.member = caller_identity_of(stage.c);
    stage.mouth.network = stage.invitation.network;
    struct ph_sign_secret unused;
    ph_sign_key_from_seed(stage.member.school_seed, &unused, stage.mouth.school.bytes);
    ph_sign_key_from_seed(stage.member.writer_seed, &stage.mouth.secret, stage.mouth.writer.bytes);
    find_logs(&stage);
    CHECK(stage.mouth.tip.seq != 0 && stage.mouth.other.seq != 0);
    process_do(stage.b, WORDS("sync", stage.a->address));
    stage.root = root_of(stage.a);
    stage.plan_count = count_plans(stage.a);
    return stage;
}

static void check_unharmed(struct stage *stage)
{
    char *root = root_of(stage->a);
    assert_string_equal(root, stage->root);
    free(root);
    if (++stage->case_count % CASES_BETWEEN_SYNCS != 0)
        return;
    assert_int_equal(count_plans(stage->a), stage->plan_count);
    process_do(stage->b, WORDS("sync", stage->a->address));
    root = root_of(stage->b);
    assert_string_equal(root, stage->root);
    free(root);
}

/* The root changes once, and B has it then. */
static void check_taken(struct stage *stage, bool is_shown)
{
    uint64_t deadline_ms = ph_child_now_ms() + CALLER_PATIENCE_MS;
    char *root = root_of(stage->a);
    while (strcmp(root, stage->root) == 0 && ph_child_now_ms() < deadline_ms) {
        free(root);
        root = root_of(stage->a);
    }
    CHECK(strcmp(root, stage->root) != 0);
    free(stage->root);
    stage->root = root;
    stage->mouth.tip = stage->mouth.next;
    stage->plan_count += is_shown ? 1 : 0;
    check_unharmed(stage);
}

static void say(struct stage *stage, struct caller *caller, const struct bad_words *words)
{
    static uint8_t bytes[PH_FRAME_MESSAGE_MAX];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    words->build(&stage->mouth, &message);
    CHECK(!message.overflow);
    caller_init(caller, &stage->member, &stage->invitation);
    caller_dial(caller, stage->a->address);
    CHECK(caller_greet(caller));
    CHECK(caller_await(caller, PH_MESSAGE_ROOT));
    for (uint32_t i = 0; i == 0 || i < words->times; i++)
        caller_say(caller, ph_buffer_bytes(&message));
}

static void check_case(struct stage *stage, const struct bad_words *words)
{
    struct caller caller;
    print_message("  %s\n", words->name);
    say(stage, &caller, words);
    if (words->verdict == BAD_REFUSED) {
        caller_await_end(&caller);
        assert_int_equal(caller.end_reason, PH_END_BAD_INPUT);
    } else {
        CHECK(caller_is_heard_out(&caller));
    }
    if (words->verdict == BAD_KEPT || words->verdict == BAD_SHOWN)
        check_taken(stage, words->verdict == BAD_SHOWN);
    else
        check_unharmed(stage);
    caller_deinit(&caller);
}

static void check_table(struct stage *stage, const struct bad_words_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        check_case(stage, &table->rows[i]);
}

/* Nothing that a peer sends may steer the terminal of whoever looks at it, or reach the log. */
static void check_no_controls(const char *text)
{
    for (const char *at = text; *at != 0; at++)
        CHECK(*at == '\n' || ((unsigned char)*at >= ' ' && *at != 0x7f));
    CHECK(strstr(text, "\xe2\x80\xae") == NULL); /* right-to-left override */
    CHECK(strstr(text, "\xc2\x9b") == NULL);     /* the one-character form of ESC [ */
}

/* --- the stories --- */

static void bad_messages_come_to_what_is_stated(void **state)
{
    struct stage stage = set_up(*state);
    check_table(&stage, &bad_messages);
    free(stage.root);
}

static void bad_runs_come_to_what_is_stated_and_steer_no_terminal(void **state)
{
    struct stage stage = set_up(*state);
    check_table(&stage, &bad_runs);

    char *list = process_text(stage.a, WORDS("list", "plan"));
    char *log = process_file(stage.a->log, NULL);
    check_no_controls(list);
    check_no_controls(log);
    process_do(stage.a, WORDS("verify"));
    free(list);
    free(log);
    free(stage.root);
}

static void the_same_run_a_thousand_times_is_taken_once(void **state)
{
    struct stage stage = set_up(*state);
    struct bad_words right = {.name = "deliver duplicate",
                              .build = bad_mouth_put_plan,
                              .verdict = BAD_SHOWN,
                              .times = 1000};
    check_case(&stage, &right);
    free(stage.root);
}

CHECK_MAIN(PROCESS_TEST(bad_messages_come_to_what_is_stated),
           PROCESS_TEST(bad_runs_come_to_what_is_stated_and_steer_no_terminal),
           PROCESS_TEST(the_same_run_a_thousand_times_is_taken_once))
