/* Crowds against a real node on a real socket: connections that are stuck, that come back at once,
 * and floods of handshakes, with an honest member that syncs beside them. What the node takes of
 * memory, descriptors and log stays under the caps named here. */
#define _GNU_SOURCE /* prlimit */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/caller.h"
#include "tests/support/flood.h"
#include "tools/tree.h"

#define ELSEWHERE "127.0.0.2"
#define FILES_MAX (PH_PEERS_MAX + 60)
#define MEMORY_KIB_MAX (24 * 1024) /* more than before */
#define LOG_LEN_MAX (100 * 1024)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SHADOW 1 /* its memory says nothing, and it is slow */
#define STUCK 400
#define ATTEMPTS 1000
#else
#define HAS_SHADOW 0
#define STUCK 2000
#define ATTEMPTS 10000
#endif

/* A serves, B syncs. */
struct stage {
    struct process_school *a, *b;
    struct ph_invitation invitation;
    struct ph_identity member;
    size_t files, memory_kib;
};

/* --- what the node takes --- */

static size_t count_files(const struct process_school *school)
{
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)school->serve.pid);
    DIR *dir = opendir(path);
    if (dir == NULL)
        abort();
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static size_t memory_kib(const struct process_school *school)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)school->serve.pid);
    char *text = process_file(path, NULL);
    const char *line = strstr(text, "VmRSS:");
    if (line == NULL)
        abort();
    size_t kib = strtoul(line + 6, NULL, 10);
    free(text);
    return kib;
}

static uint64_t cpu_ms(const struct process_school *school)
{
    char path[64];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)school->serve.pid);
    char *text = process_file(path, NULL);
    const char *rest = strrchr(text, ')');
    if (rest == NULL)
        abort();
    CHECK(sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) ==
          2);
    free(text);
    return (user + system) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK);
}

static size_t log_len(const struct process_school *school)
{
    struct stat file;
    CHECK(stat(school->log, &file) == 0);
    return (size_t)file.st_size;
}

static void check_caps(const struct stage *stage)
{
    size_t files = count_files(stage->a), kib = memory_kib(stage->a);
    if (files > FILES_MAX || kib > stage->memory_kib + MEMORY_KIB_MAX)
        print_error("%zu descriptors, %zu KiB, %zu before\n", files, kib, stage->memory_kib);
    CHECK(files <= FILES_MAX);
    CHECK(HAS_SHADOW || kib <= stage->memory_kib + MEMORY_KIB_MAX);
}

static void await_all_free(const struct stage *stage)
{
    uint64_t deadline_ms = ph_child_now_ms() + CALLER_PATIENCE_MS;
    while (count_files(stage->a) > stage->files && ph_child_now_ms() < deadline_ms)
        process_do(stage->a, WORDS("status"));
    CHECK(count_files(stage->a) <= stage->files);
    check_caps(stage);
}

/* Nothing in the log but text, and not much of it. */
static void check_log(const struct stage *stage)
{
    char *text = process_file(stage->a->log, NULL);
    for (const char *at = text; *at != 0; at++)
        CHECK(*at == '\n' || (unsigned char)*at >= ' ');
    if (log_len(stage->a) > LOG_LEN_MAX)
        print_error("the log has %zu bytes\n", log_len(stage->a));
    CHECK(log_len(stage->a) <= LOG_LEN_MAX);
    free(text);
}

/* --- the stage --- */

static struct stage set_up(struct process_world *world)
{
    struct stage stage = {.a = &world->schools[0], .b = &world->schools[1]};
    process_found(stage.a);
    process_serve(stage.a, WORDS(NULL));
    process_join(stage.b, stage.a);
    process_join(&world->schools[2], stage.a);
    stage.invitation = caller_invitation_to(stage.a);
    stage.member = caller_identity_of(&world->schools[2]);
    process_do(stage.b, WORDS("sync", stage.a->address));
    stage.files = count_files(stage.a);
    stage.memory_kib = memory_kib(stage.a);
    return stage;
}

/* Another title each time, so that what is listed has come just now. */
static void sync_something(const struct stage *stage, const char *when)
{
    static unsigned count;
    char field[100], *title = field + strlen("title=");
    snprintf(field, sizeof field, "title=%s, plan %u", when, ++count);
    process_do(stage->b, WORDS("new", "plan", field));
    process_do(stage->b, WORDS("sync", stage->a->address));
    CHECK(process_lists(stage->a, "plan", title));
}

static size_t make_first(const struct stage *stage, uint8_t bytes[SPEAKER_GREETING_MAX])
{
    struct caller caller;
    struct ph_buffer first = ph_buffer(bytes, SPEAKER_GREETING_MAX);
    caller_init(&caller, &stage->member, &stage->invitation);
    caller_begin(&caller, &first);
    caller_deinit(&caller);
    return first.len;
}

static void allow_files(rlim_t wanted)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted;
    CHECK(limit.rlim_max >= wanted);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* --- stuck --- */

/* Nothing, half a handshake, a first byte, a length and nothing more; nobody ever reads. */
static void two_thousand_stuck_connections_cost_little_and_keep_nobody_out(void **state)
{
    struct stage stage = set_up(*state);
    uint8_t first[SPEAKER_GREETING_MAX];
    size_t first_len = make_first(&stage, first);
    struct caller *callers = calloc(STUCK, sizeof *callers);
    if (callers == NULL)
        abort();
    allow_files(STUCK + 100);
    for (int i = 0; i < STUCK; i++) {
        static const size_t lens[] = {0, 0, 1, 2};
        callers[i].fd = -1;
        caller_dial(&callers[i], stage.a->address);
        caller_send(&callers[i], ph_bytes(first, i % 4 == 1 ? first_len : lens[i % 4]));
        if (i % 100 == 99)
            check_caps(&stage);
    }

    sync_something(&stage, "beside the stuck");
    check_caps(&stage);

    for (int i = 0; i < STUCK; i++)
        caller_hang_up(&callers[i]);
    free(callers);
    await_all_free(&stage);
    sync_something(&stage, "after the stuck");
    check_log(&stage);
}

static void callers_that_come_back_at_once_keep_nobody_out(void **state)
{
    struct stage stage = set_up(*state);
    uint8_t first[SPEAKER_GREETING_MAX];
    for (int has_key = 0; has_key < 2; has_key++) {
        struct flood_spec spec = {
            .address = stage.a->address, .from = ELSEWHERE, .width = 2 * PH_PEERS_MAX};
        if (has_key != 0)
            spec.first = ph_bytes(first, make_first(&stage, first));
        struct flood flood = flood_start(&spec);

        for (int i = 0; i < 10; i++)
            sync_something(&stage, "while they come back");
        check_caps(&stage);

        struct flood_result result = flood_stop(&flood);
        CHECK(result.attempts > PH_PEERS_MAX); /* they did come back */
        CHECK(has_key != 0 || result.answered_len == 0);
    }
    await_all_free(&stage);
    check_log(&stage);
}

/* --- who goes --- */

static void begin(struct caller *caller, const struct stage *stage, const char *from)
{
    uint8_t bytes[SPEAKER_GREETING_MAX];
    struct ph_buffer first = ph_buffer(bytes, sizeof bytes);
    caller_init(caller, &stage->member, &stage->invitation);
    caller_dial_from(caller, stage->a->address, from);
    caller_begin(caller, &first);
    caller_send(caller, ph_buffer_bytes(&first));
    CHECK(caller_hear_greeting(caller));
}

static void check_gets_through(struct caller *caller)
{
    uint8_t bytes[SPEAKER_GREETING_MAX];
    struct ph_buffer last = ph_buffer(bytes, sizeof bytes);
    speaker_greet(&caller->speaker, &last);
    caller_send(caller, ph_buffer_bytes(&last));
    CHECK(caller_await(caller, PH_MESSAGE_ROOT));
    caller_deinit(caller);
}

static void a_crowd_without_the_key_ends_nobody_who_has_it(void **state)
{
    struct stage stage = set_up(*state);
    struct caller slow, crowd[2 * PH_HALF_OPEN_MAX];
    begin(&slow, &stage, NULL);

    for (size_t i = 0; i < 2 * PH_HALF_OPEN_MAX; i++) {
        caller_init(&crowd[i], &stage.member, &stage.invitation);
        caller_dial(&crowd[i], stage.a->address);
    }
    caller_await_end(&crowd[0]); /* one that is ended: the crowd has been seen */
    CHECK(crowd[0].heard_len == 0);

    check_gets_through(&slow);
    for (size_t i = 0; i < 2 * PH_HALF_OPEN_MAX; i++)
        caller_deinit(&crowd[i]);
}

static void a_crowd_from_one_address_ends_nobody_from_another(void **state)
{
    struct stage stage = set_up(*state);
    struct caller slow, crowd[2 * PH_PEERS_MAX];
    begin(&slow, &stage, NULL);

    for (size_t i = 0; i < 2 * PH_PEERS_MAX; i++) /* who was ended lingers, and gives way */
        begin(&crowd[i], &stage, "127.0.0.2");

    check_gets_through(&slow);
    for (size_t i = 0; i < 2 * PH_PEERS_MAX; i++)
        caller_deinit(&crowd[i]);
}

/* --- floods --- */

static void flood_beside_honest_work(const struct stage *stage, const struct flood_spec *spec,
                                     const char *what)
{
    uint64_t cpu_before_ms = cpu_ms(stage->a), since_ms = ph_child_now_ms();
    struct flood flood = flood_start(spec);
    unsigned sync_count = 0;
    do {
        sync_something(stage, what);
        sync_count++;
    } while (!flood_is_over(&flood));
    struct flood_result result = flood_await(&flood);
    uint64_t cpu_used_ms = cpu_ms(stage->a) - cpu_before_ms;

    print_message("%s: %llu attempts in %llu ms, %llu us of CPU each, %u syncs beside them\n", what,
                  (unsigned long long)result.attempts,
                  (unsigned long long)(ph_child_now_ms() - since_ms),
                  (unsigned long long)(cpu_used_ms * 1000 / result.attempts), sync_count);
    CHECK(result.has_ended);
    CHECK(spec->leaves_answered || result.answered_len == 0);
    check_caps(stage);
}

static void a_flood_of_handshakes_stops_no_sync(void **state)
{
    struct stage stage = set_up(*state);
    uint8_t first[SPEAKER_GREETING_MAX];
    struct flood_spec spec = {.address = stage.a->address,
                              .from = ELSEWHERE,
                              .width = 2 * PH_PEERS_MAX,
                              .count = ATTEMPTS};
    spec.first = ph_bytes(first, make_first(&stage, first));

    spec.leaves_answered = true;
    flood_beside_honest_work(&stage, &spec, "right first messages");
    spec.leaves_answered = false;
    first[10] ^= 1;
    flood_beside_honest_work(&stage, &spec, "wrong first messages");
    spec.is_random = true;
    flood_beside_honest_work(&stage, &spec, "random bytes");

    await_all_free(&stage);
    check_log(&stage);
}

/* --- descriptors --- */

static void without_descriptors_it_neither_spins_nor_stops_for_good(void **state)
{
    struct stage stage = set_up(*state);
    struct rlimit few = {.rlim_cur = stage.files + 20, .rlim_max = stage.files + 20};
    struct caller callers[100];
    CHECK(prlimit(stage.a->serve.pid, RLIMIT_NOFILE, &few, NULL) == 0);
    uint64_t before_ms = cpu_ms(stage.a);

    for (int i = 0; i < 100; i++) {
        caller_init(&callers[i], &stage.member, &stage.invitation);
        caller_dial(&callers[i], stage.a->address);
    }
    for (int i = 0; i < 100; i++) { /* all are ended: at once, or when their time is over */
        caller_await_end(&callers[i]);
        CHECK(callers[i].heard_len == 0);
        caller_deinit(&callers[i]);
    }

    CHECK(cpu_ms(stage.a) - before_ms < 2000);
    await_all_free(&stage);
    sync_something(&stage, "after the want of descriptors");
    check_log(&stage);
}

/* A program that starts under a low limit leaves half of it to commands, files and calls of its
 * own. */
static void callers_leave_descriptors_to_commands(void **state)
{
    struct process_world *world = *state;
    char script[PATH_MAX + 100], path[PATH_MAX];
    char *program = strdup(process_program());
    if (program == NULL)
        abort();
    snprintf(path, sizeof path, "%s/few", world->folder);
    snprintf(script, sizeof script, "#!/bin/sh\nulimit -n 64\nexec '%s' \"$@\"\n", program);
    FILE *file = fopen(path, "we");
    CHECK(file != NULL && fputs(script, file) >= 0 && fclose(file) == 0);
    CHECK(chmod(path, 0700) == 0 && setenv("PHAROS", path, 1) == 0);
    struct stage stage = set_up(world);
    struct caller callers[100];
    CHECK(setenv("PHAROS", program, 1) == 0);

    for (int i = 0; i < 100; i++) {
        callers[i].fd = -1;
        caller_dial(&callers[i], stage.a->address);
    }
    process_do(stage.a, WORDS("new", "plan", "title=written meanwhile"));
    CHECK(count_files(stage.a) < 64);
    for (int i = 0; i < 100; i++)
        caller_hang_up(&callers[i]);

    await_all_free(&stage);
    sync_something(&stage, "afterwards");
    free(program);
}

CHECK_MAIN(PROCESS_TEST(two_thousand_stuck_connections_cost_little_and_keep_nobody_out),
           PROCESS_TEST(callers_that_come_back_at_once_keep_nobody_out),
           PROCESS_TEST(a_crowd_without_the_key_ends_nobody_who_has_it),
           PROCESS_TEST(a_crowd_from_one_address_ends_nobody_from_another),
           PROCESS_TEST(a_flood_of_handshakes_stops_no_sync),
           PROCESS_TEST(without_descriptors_it_neither_spins_nor_stops_for_good),
           PROCESS_TEST(callers_leave_descriptors_to_commands))
