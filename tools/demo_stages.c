#include "tools/cli.h"
#include "tools/demo.h"

#include <assert.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>

#define NETWORK_NAME "Lighthouse Giza شبكة المنارة"
#define PAUSE_MS_MIN 20 /* between looks at all schools; doubles */
#define PAUSE_MS_MAX 500

#define WRITES 16 /* begun at once; the node is killed when one of the first has been answered */
#define WRITES_ANSWERED 4

__attribute__((format(printf, 2, 3))) static void say(const struct ph_demo *demo,
                                                      const char *format, ...)
{
    va_list arguments;
    uint64_t ms = ph_child_now_ms() - demo->start_ms;
    fprintf(demo->progress, "%3u.%u s  ", (unsigned)(ms / 1000), (unsigned)(ms % 1000 / 100));
    va_start(arguments, format);
    vfprintf(demo->progress, format, arguments);
    va_end(arguments);
    fputc('\n', demo->progress);
    fflush(demo->progress);
}

/* --- all schools at once --- */

/* A command's words, and room for those of the form FIELD=VALUE. */
#define WORDS_MAX 16
#define FIELD_SIZE 2048
struct words {
    const char *words[WORDS_MAX + 1]; /* ends with NULL */
    char fields[WORDS_MAX][FIELD_SIZE];
    size_t count;
};

static void add_word(struct words *words, const char *word)
{
    assert(words->count < WORDS_MAX);
    words->words[words->count++] = word;
}

static void add_field(struct words *words, const char *name, const char *value)
{
    char *field = words->fields[words->count];
    snprintf(field, FIELD_SIZE, "%s=%s", name, value);
    add_word(words, field);
}

/* How the command of a school reads. */
typedef void words_of(const struct ph_demo *demo, size_t index, struct words *words);

static enum ph_status begin_all(struct ph_demo *demo, size_t first, words_of *words_of_school,
                                const char *input)
{
    for (size_t i = first; i < demo->school_count; i++) {
        struct words words = {0};
        words_of_school(demo, i, &words);
        PH_TRY(ph_demo_begin(&demo->schools[i], &demo->schools[i].call, words.words, input));
    }
    return PH_OK;
}

static enum ph_status take_id(const json_t *answer, char out[33])
{
    const char *id = json_string_value(json_object_get(answer, "id"));
    if (id == NULL || strlen(id) != 32)
        return PH_MALFORMED;
    memcpy(out, id, 33);
    return PH_OK;
}

/* The id in each answer goes to `offset` within the school; NO_ID: nobody wants it. */
#define NO_ID SIZE_MAX
static enum ph_status write_all(struct ph_demo *demo, words_of *words_of_school, size_t offset)
{
    PH_TRY(begin_all(demo, 0, words_of_school, NULL));
    for (size_t i = 0; i < demo->school_count; i++) {
        json_t *answer = NULL;
        char id[33];
        PH_TRY(ph_demo_finish(&demo->schools[i], &answer));
        enum ph_status status = take_id(answer, id);
        json_decref(answer);
        PH_TRY(status);
        if (offset != NO_ID)
            memcpy((char *)&demo->schools[i] + offset, id, sizeof id);
    }
    return PH_OK;
}

static void words_of_status(const struct ph_demo *demo, size_t index, struct words *words)
{
    (void)demo;
    (void)index;
    add_word(words, "status");
}

static enum ph_status look_at_all(struct ph_demo *demo)
{
    PH_TRY(begin_all(demo, 0, words_of_status, NULL));
    for (size_t i = 0; i < demo->school_count; i++) {
        json_t *answer = NULL;
        PH_TRY(ph_demo_finish(&demo->schools[i], &answer));
        enum ph_status status = ph_demo_take_status(&demo->schools[i], answer);
        json_decref(answer);
        PH_TRY(status);
    }
    return PH_OK;
}

static size_t count_equal(const struct ph_demo *demo)
{
    size_t count = 0;
    for (size_t i = 0; i < demo->school_count; i++)
        count += strcmp(demo->schools[i].root, demo->schools[0].root) == 0 &&
                 demo->schools[i].backlog == 0;
    return count;
}

static enum ph_status wait_for_equal_roots(struct ph_demo *demo)
{
    size_t before = 0, equal = 0;
    for (int pause_ms = PAUSE_MS_MIN; equal < demo->school_count;
         pause_ms = 2 * pause_ms < PAUSE_MS_MAX ? 2 * pause_ms : PAUSE_MS_MAX) {
        if (!ph_demo_goes_on(&demo->bounds)) {
            ph_cli_refuse("%zu of %zu roots were equal.", equal, demo->school_count);
            return PH_WAITING;
        }
        PH_TRY(look_at_all(demo));
        equal = count_equal(demo);
        if (equal != before)
            say(demo, "  %zu of %zu roots are equal", equal, demo->school_count);
        before = equal;
        if (equal < demo->school_count)
            poll(NULL, 0, pause_ms);
    }
    return PH_OK;
}

/* --- found, join --- */

static enum ph_status make_homes(struct ph_demo *demo)
{
    for (size_t i = 0; i < demo->school_count; i++) {
        struct ph_demo_school *school = &demo->schools[i];
        PH_TRY(ph_demo_begin(school, &school->call, PH_DEMO_WORDS("init", "--school", school->name),
                             NULL));
    }
    for (size_t i = 0; i < demo->school_count; i++)
        PH_TRY(ph_demo_finish(&demo->schools[i], NULL));
    return PH_OK;
}

enum ph_status ph_demo_found(struct ph_demo *demo)
{
    struct ph_demo_school *founder = &demo->schools[0];
    say(demo, "%zu schools make their homes in %s", demo->school_count, demo->folder);
    PH_TRY(make_homes(demo));
    say(demo, "%s founds the network \"%s\"", founder->name, NETWORK_NAME);
    PH_TRY(ph_demo_ask(founder, PH_DEMO_WORDS("network", "new", NETWORK_NAME), NULL));
    PH_TRY(ph_demo_serve(founder, PH_DEMO_WORDS(NULL)));
    say(demo, "its node listens on %s", founder->address);
    return PH_OK;
}

static void words_of_join(const struct ph_demo *demo, size_t index, struct words *words)
{
    (void)demo;
    (void)index;
    add_word(words, "join");
    add_word(words, "-");
}

static enum ph_status join_all(struct ph_demo *demo, const char *code)
{
    PH_TRY(begin_all(demo, 1, words_of_join, code));
    for (size_t i = 1; i < demo->school_count; i++) {
        json_t *answer = NULL;
        PH_TRY(ph_demo_finish(&demo->schools[i], &answer));
        const char *state = json_string_value(json_object_get(answer, "state"));
        /* One that still waits goes on trying once its node runs. */
        if (state == NULL || strcmp(state, "member") != 0)
            say(demo, "  %s waits to be let in", demo->schools[i].name);
        json_decref(answer);
    }
    return PH_OK;
}

/* Each dials the founder and the school before it, so that some things come by a third one. */
static enum ph_status serve(struct ph_demo *demo, size_t index)
{
    const char *before = index > 1 ? demo->schools[index - 1].address : NULL;
    return ph_demo_serve(&demo->schools[index], PH_DEMO_WORDS(demo->schools[0].address, before));
}

enum ph_status ph_demo_join(struct ph_demo *demo)
{
    char uses[8];
    json_t *answer = NULL;
    snprintf(uses, sizeof uses, "%zu", demo->school_count - 1);
    PH_TRY(ph_demo_ask(&demo->schools[0], PH_DEMO_WORDS("invite", "--uses", uses), &answer));
    const char *code = json_string_value(json_object_get(answer, "code"));
    say(demo, "%zu schools join with the code that it hands out", demo->school_count - 1);
    enum ph_status status = code != NULL ? join_all(demo, code) : PH_MALFORMED;
    json_decref(answer);
    PH_TRY(status);
    for (size_t i = 1; i < demo->school_count; i++)
        PH_TRY(serve(demo, i));
    say(demo, "all nodes run; each dials the founder and the school before it");
    return wait_for_equal_roots(demo);
}

/* --- write --- */

static void words_of_priority(const struct ph_demo *demo, size_t index, struct words *words)
{
    add_word(words, "new");
    add_word(words, "priority");
    add_field(words, "parent", demo->plan);
    add_field(words, "title", ph_demo_section(index)->priority);
}

static void words_of_objective(const struct ph_demo *demo, size_t index, struct words *words)
{
    const struct ph_demo_section *section = ph_demo_section(index);
    add_word(words, "new");
    add_word(words, "objective");
    add_field(words, "parent", demo->schools[index].priority);
    add_field(words, "statement", section->statement);
    add_field(words, "indicator", section->indicator);
    add_field(words, "baseline", section->baseline);
    add_field(words, "target", section->target);
}

static void words_of_action(const struct ph_demo *demo, size_t index, struct words *words)
{
    const struct ph_demo_section *section = ph_demo_section(index);
    add_word(words, "new");
    add_word(words, "action");
    add_field(words, "parent", demo->schools[index].objective);
    add_field(words, "title", section->action);
    add_field(words, "lead_title", section->lead_title);
    add_word(words, "status=doing");
}

static void words_of_reflection(const struct ph_demo *demo, size_t index, struct words *words)
{
    const struct ph_demo_reflection *reflection = &ph_demo_section(index)->reflection;
    (void)demo;
    add_word(words, "new");
    add_word(words, "reflection");
    add_word(words, "--with");
    add_word(words, "network");
    add_word(words, "model=gibbs");
    add_field(words, "title", reflection->title);
    add_field(words, "description", reflection->description);
    add_field(words, "feelings", reflection->feelings);
    add_field(words, "evaluation", reflection->evaluation);
    add_field(words, "analysis", reflection->analysis);
    add_field(words, "conclusion", reflection->conclusion);
    add_field(words, "action_plan", reflection->plan);
}

static enum ph_status write_plan(struct ph_demo *demo)
{
    json_t *answer = NULL;
    PH_TRY(
        ph_demo_ask(&demo->schools[0],
                    PH_DEMO_WORDS("new", "plan", "title=خطة التطوير المشتركة · Our shared plan",
                                  "period_from=2026-09-20", "period_to=2028-06-15", "state=draft"),
                    &answer));
    enum ph_status status = take_id(answer, demo->plan);
    json_decref(answer);
    return status;
}

enum ph_status ph_demo_write(struct ph_demo *demo)
{
    say(demo, "%s begins a plan", demo->schools[0].name);
    PH_TRY(write_plan(demo));
    PH_TRY(wait_for_equal_roots(demo));
    say(demo, "each school writes its section: a priority, an objective, an action");
    PH_TRY(write_all(demo, words_of_priority, offsetof(struct ph_demo_school, priority)));
    PH_TRY(write_all(demo, words_of_objective, offsetof(struct ph_demo_school, objective)));
    PH_TRY(write_all(demo, words_of_action, NO_ID));
    memcpy(demo->objective, demo->schools[0].objective, sizeof demo->objective);
    say(demo, "each school shares a reflection");
    PH_TRY(write_all(demo, words_of_reflection, NO_ID));
    return wait_for_equal_roots(demo);
}

/* --- part --- */

/* Each sees its own change and nothing else, or they were not apart. */
static enum ph_status change_target(struct ph_demo *demo, size_t index, const char *target)
{
    struct ph_demo_school *school = &demo->schools[index];
    json_t *answer = NULL, *item;
    size_t position, count = 0;
    struct words words = {0};
    add_word(&words, "set");
    add_word(&words, demo->objective);
    add_field(&words, "target", target);
    PH_TRY(ph_demo_ask(school, words.words, NULL));
    PH_TRY(ph_demo_ask(school, PH_DEMO_WORDS("show", demo->objective), &answer));
    json_array_foreach(json_object_get(answer, "fields"), position, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));
        if (name != NULL && strcmp(name, "target") == 0)
            count = json_array_size(json_object_get(item, "values"));
    }
    json_decref(answer);
    if (count == 1)
        return PH_OK;
    ph_cli_refuse("%s doesn't see its own change alone.", school->name);
    return PH_REFUSED;
}

enum ph_status ph_demo_part(struct ph_demo *demo)
{
    say(demo, "%s and %s lose their connection and change the same line", demo->schools[1].name,
        demo->schools[2].name);
    for (size_t i = 1; i <= 2; i++)
        PH_TRY(ph_demo_rest(&demo->schools[i]));
    for (size_t i = 1; i <= 2; i++)
        PH_TRY(change_target(demo, i, ph_demo_targets[i - 1]));
    say(demo, "they are back");
    for (size_t i = 1; i <= 2; i++)
        PH_TRY(serve(demo, i));
    return PH_OK;
}

/* --- crash --- */

static enum ph_status begin_remarks(struct ph_demo *demo, struct ph_demo_school *school,
                                    struct ph_demo_call *calls)
{
    for (size_t i = 0; i < WRITES; i++) {
        struct words words = {0};
        add_word(&words, "new");
        add_word(&words, "comment");
        add_field(&words, "parent", demo->plan);
        add_field(&words, "text", ph_demo_remark(i));
        PH_TRY(ph_demo_begin(school, &calls[i], words.words, NULL));
    }
    return PH_OK;
}

static enum ph_status kill_in_the_middle(struct ph_demo *demo, struct ph_demo_school *school,
                                         struct ph_demo_call *calls)
{
    char line[8];
    PH_TRY(begin_remarks(demo, school, calls));
    /* An answer begins: the later writes are anywhere between their start and theirs. */
    while (ph_child_line(&calls[WRITES_ANSWERED - 1].child, line, sizeof line,
                         demo->bounds.deadline_ms) == PH_WAITING)
        if (!ph_demo_goes_on(&demo->bounds))
            return PH_WAITING;
    PH_TRY(ph_demo_kill(school));
    for (size_t i = 0; i < WRITES; i++) {
        json_t *answer;
        int code;
        PH_TRY(ph_demo_end(school, &calls[i], &code, &answer));
        if (code == PH_EXIT_OK && answer != NULL)
            json_array_append(demo->acknowledged, json_object_get(answer, "id"));
        json_decref(answer);
    }
    return PH_OK;
}

enum ph_status ph_demo_crash(struct ph_demo *demo)
{
    struct ph_demo_school *school = &demo->schools[demo->school_count - 1];
    struct ph_demo_call calls[WRITES] = {{.child = PH_CHILD_NONE}};
    PH_TRY(ph_demo_keep_traffic(school));
    say(demo, "%s is killed while it writes %d remarks", school->name, WRITES);
    enum ph_status status = kill_in_the_middle(demo, school, calls);
    for (size_t i = 0; i < WRITES; i++)
        ph_demo_drop(&calls[i]);
    PH_TRY(status);
    say(demo, "it is back; of %zu it had been told that they are saved",
        json_array_size(demo->acknowledged));
    return serve(demo, demo->school_count - 1);
}

enum ph_status ph_demo_agree(struct ph_demo *demo)
{
    say(demo, "until all hold the same:");
    return wait_for_equal_roots(demo);
}
