/* The built program with one of its calls failing, or all from there on (faults.c), call by call
 * through each command and a server's life: it never crashes, says a sentence where it can't go on,
 * loses nothing that was acknowledged, and works again afterwards.
 *
 *     failing_calls [--first OFFSET] [--count CASES]   every call on a file, and about so many of
 *                                                      the allocations; 0: every allocation
 *     failing_calls --only COMMAND.KIND[.N]            all of a kind, or one of them
 *
 * Exit code 1: a finding. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/disk/guard.h"
#include "tests/disk/node.h"
#include "tests/disk/school.h"

#define ENDED_BY_US (128 + SIGTERM) /* a server that was ending by itself already */
#define COUNT_DEFAULT 300
#define SERVED_WRITES 3
#define FINDINGS_SHOWN 20

struct fault_kind {
    const char *name;
    const char *calls; /* FAULT_CALLS */
    int code;          /* FAULT_ERRNO */
    bool goes_on;
};

static const struct fault_kind kinds[] = {
    {"eio", "files", EIO, false},       {"eio-on", "files", EIO, true},
    {"enospc", "files", ENOSPC, false}, {"enospc-on", "files", ENOSPC, true},
    {"short", "files", 0, false},       {"memory", "memory", 0, false},
    {"memory-on", "memory", 0, true},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

struct harness {
    char folder[DISK_PATH_SIZE], said[DISK_PATH_SIZE], counter_path[DISK_PATH_SIZE];
    struct disk_node prepared[3]; /* an empty home, one without a network, one with */
    struct disk_node at_hand;     /* a copy of one of these */
    struct disk_node prepared_peer, peer;
    struct disk_memory promised; /* by the prepared home with a network */
    struct disk_memory memory;   /* and by the one at hand */
    char plan[33];
    char invitation[1024];
    uint64_t card_count; /* records of the prepared home that are nobody's plan */
    bool is_refused;     /* `new` was: its plan may not come back */
    bool is_joining;     /* this case is one of `join`: nothing can be written before it is done */
    volatile uint64_t *counter;
    uint64_t case_count, finding_count, hit_count, libuv_count;
};

/* One command of the script; which home it begins with. */
struct step {
    const char *name;
    int home;
    int (*run)(struct harness *harness, char **err);
};

/* --- the script --- */

static int run_init(struct harness *harness, char **err)
{
    int code = disk_node_run(&harness->at_hand, WORDS("init", "--school", "S"), NULL, err);
    harness->memory.is_made = code == 0;
    return code;
}

static int run_found(struct harness *harness, char **err)
{
    harness->memory.is_made = true;
    int code = disk_node_run(&harness->at_hand, WORDS("network", "new", "N"), NULL, err);
    harness->memory.is_founded = code == 0;
    return code;
}

static int run_join(struct harness *harness, char **err)
{
    harness->memory.is_made = true;
    int code = disk_node_run(&harness->at_hand,
                             WORDS("join", harness->invitation, "--peer", harness->peer.address),
                             NULL, err);
    harness->memory.is_founded = code == 0;
    return code;
}

static int run_new(struct harness *harness, char **err)
{
    char *out = NULL, line[64];
    int code = disk_node_run(&harness->at_hand, WORDS("new", "plan", "title=t"), &out, err);
    if (code == 0 && out != NULL) {
        snprintf(line, sizeof line, "record %.32s", out);
        disk_memory_take(&harness->memory, line);
    }
    free(out);
    return code;
}

static int run_set(struct harness *harness, char **err)
{
    return disk_node_run(&harness->at_hand, WORDS("set", harness->plan, "title=u"), NULL, err);
}

static int run_list(struct harness *harness, char **err)
{
    return disk_node_run(&harness->at_hand, WORDS("list", "plan"), NULL, err);
}

static int run_rebuild(struct harness *harness, char **err)
{
    return disk_node_run(&harness->at_hand, WORDS("rebuild"), NULL, err);
}

static int run_sync(struct harness *harness, char **err)
{
    return disk_node_run(&harness->at_hand, WORDS("sync", harness->peer.address), NULL, err);
}

/* The server may be gone, but not silent. */
static void write_served(struct harness *harness)
{
    char line[64] = "record ";
    enum disk_reply reply = disk_node_new_plan(&harness->at_hand, "t", line + 7);
    if (reply == DISK_REPLY_ID)
        disk_memory_take(&harness->memory, line);
    if (reply == DISK_REPLY_NONE_YET) {
        printf("serve doesn't answer\n");
        harness->finding_count++;
    }
}

static int run_serve(struct harness *harness, char **err)
{
    struct disk_node *node = &harness->at_hand;
    size_t len = 0;
    disk_node_start(node, NULL);
    if (disk_node_await(node)) {
        for (int i = 0; i < SERVED_WRITES; i++)
            write_served(harness);
    }
    int code = disk_node_stop(node);
    *err = (char *)disk_read_file(node->log, &len);
    if (*err != NULL)
        (*err)[len] = 0;
    return code;
}

static const struct step steps[] = {
    {"init", 0, run_init}, {"found", 1, run_found},     {"join", 1, run_join},
    {"new", 2, run_new},   {"set", 2, run_set},         {"list", 2, run_list},
    {"sync", 2, run_sync}, {"rebuild", 2, run_rebuild}, {"serve", 2, run_serve},
};
#define STEP_COUNT (sizeof steps / sizeof steps[0])

/* --- one case --- */

static void arm(const struct harness *harness, const struct fault_kind *kind, uint64_t at)
{
    char text[32];
    *harness->counter = 0;
    snprintf(text, sizeof text, "%llu", (unsigned long long)at);
    setenv("FAULT_AT", text, 1);
    snprintf(text, sizeof text, "%d", kind->code);
    setenv("FAULT_ERRNO", text, 1);
    setenv("FAULT_ON", kind->goes_on ? "1" : "0", 1);
    setenv("FAULT_CALLS", kind->calls, 1);
    setenv("FAULT_COUNT", harness->counter_path, 1);
    setenv("LD_PRELOAD", PH_FAULTS, 1);
}

static int run_step(struct harness *harness, const struct step *step, const struct fault_kind *kind,
                    uint64_t at, char **err)
{
    const struct disk_node *from = &harness->prepared[step->home];
    disk_memory_free(&harness->memory);
    if (step->home == 2)
        disk_memory_copy(&harness->memory, &harness->promised);
    disk_copy_folder(from->home, harness->at_hand.home);
    unlink(harness->at_hand.log);
    arm(harness, kind, at);
    int code = step->run(harness, err);
    unsetenv("LD_PRELOAD");
    return code;
}

/* The home without faults. */
static enum disk_code check(void *impl)
{
    struct harness *harness = impl;
    char id[33];
    const char *home = harness->at_hand.home;
    char key[DISK_PATH_SIZE];
    disk_path(key, home, "school.key");
    if (!harness->memory.is_made && access(key, F_OK) != 0 && !disk_school_make(home))
        return DISK_WRONG;
    struct ph_session *session = disk_school_open(home);
    if (session == NULL) {
        printf("the home can't be opened\n");
        return DISK_WRONG;
    }
    enum disk_code code = disk_school_check(session, &harness->memory);
    if (code == DISK_WELL && harness->is_refused &&
        disk_school_record_count(session) != harness->card_count + harness->memory.record_count) {
        printf("what was refused came back\n");
        code = DISK_WRONG;
    }
    if (code == DISK_WELL && !harness->is_joining) {
        if (!harness->memory.is_founded)
            (void)!disk_school_found(session);
        code = disk_school_write(session, "after", id) ? DISK_WELL : DISK_WRONG;
    }
    return disk_school_end(session, code);
}

static void find(struct harness *harness, const char *what, const char *err)
{
    if (harness->finding_count++ < FINDINGS_SHOWN)
        printf("%s%s", what, err == NULL ? "" : err);
}

/* libuv ends the program, without a word, when its threads can't be started. */
static bool is_ended_by_libuv(const struct fault_kind *kind, int code, const char *err)
{
    return strcmp(kind->calls, "memory") == 0 && code == 128 + SIGABRT &&
           (err == NULL || err[0] == 0);
}

static void judge(struct harness *harness, const struct fault_kind *kind, int code, const char *err)
{
    char what[64];
    bool is_sentence = err != NULL && strlen(err) > 8 && strchr(err, '\n') != NULL;
    if (is_ended_by_libuv(kind, code, err))
        harness->libuv_count++;
    else if (code != 0 && code != 1 && code != 3 && code != ENDED_BY_US) {
        snprintf(what, sizeof what,
                 code == DISK_ENDLESS ? "it never ends: " : "exit code %d: ", code);
        find(harness, what, err);
    } else if (code != 0 && !is_sentence)
        find(harness, "it ends without a sentence: ", err);
    int checked = disk_guard(harness->said, check, harness);
    if (checked != 0) {
        find(harness, "afterwards: ", NULL);
        disk_guard_tell(harness->said, checked);
    }
}

static void run_case(struct harness *harness, const struct step *step,
                     const struct fault_kind *kind, uint64_t at)
{
    char *err = NULL;
    uint64_t before = harness->finding_count;
    harness->is_joining = strcmp(step->name, "join") == 0;
    int code = run_step(harness, step, kind, at, &err);
    harness->is_refused = code == 1 && strcmp(step->name, "new") == 0;
    harness->hit_count += *harness->counter >= at;
    judge(harness, kind, code, err);
    free(err);
    harness->case_count++;
    if (harness->finding_count != before && harness->finding_count <= FINDINGS_SHOWN)
        printf("\n  again: failing_calls --only %s.%s.%llu\n", step->name, kind->name,
               (unsigned long long)at);
}

/* --- all cases --- */

static uint64_t count_calls(struct harness *harness, const struct step *step,
                            const struct fault_kind *kind)
{
    char *err = NULL;
    int code = run_step(harness, step, kind, 0, &err);
    if (code != 0)
        disk_die("%s without a fault: exit code %d: %s", step->name, code, err ? err : "");
    free(err);
    errno = 0;
    if (*harness->counter == 0)
        disk_die("%s makes no call that could fail: is " PH_FAULTS " loaded?", step->name);
    return *harness->counter;
}

static void learn_from_prepared(struct harness *harness)
{
    struct ph_session *session = disk_school_open(harness->prepared[2].home);
    char line[64] = "record ";
    harness->promised.is_made = harness->promised.is_founded = true;
    for (int i = 0; i < 5; i++) {
        if (session == NULL || !disk_school_write(session, "before", line + 7))
            disk_die("the prepared home doesn't work");
        disk_memory_take(&harness->promised, line);
    }
    memcpy(harness->plan, line + 7, sizeof harness->plan);
    harness->card_count = disk_school_record_count(session) - harness->promised.record_count;
    if (!disk_school_learn(session, &harness->promised, NULL) || disk_school_close(session) != 0)
        disk_die("the prepared home doesn't work");
}

static void make_counter(struct harness *harness)
{
    disk_path(harness->counter_path, harness->folder, "counter");
    disk_write_file(harness->counter_path, "\0\0\0\0\0\0\0\0", 8);
    int fd = open(harness->counter_path, O_RDWR | O_CLOEXEC);
    void *map = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        disk_die("no map");
    close(fd);
    harness->counter = map;
}

static void take_invitation(struct harness *harness)
{
    char *code = NULL;
    if (disk_node_run(&harness->prepared_peer, WORDS("invite", "--uses", "2"), &code, NULL) != 0 ||
        code == NULL)
        disk_die("no invitation");
    code[strcspn(code, "\n")] = 0;
    snprintf(harness->invitation, sizeof harness->invitation, "%s", code);
    free(code);
}

static void prepare(struct harness *harness)
{
    static const char *const names[] = {"empty", "alone", "member"};
    disk_make_folder(harness->folder);
    disk_path(harness->said, harness->folder, "said");
    make_counter(harness);
    for (size_t i = 0; i < 3; i++)
        disk_node_init(&harness->prepared[i], harness->folder, names[i]);
    disk_node_init(&harness->at_hand, harness->folder, "home");
    disk_node_init(&harness->peer, harness->folder, "peer");
    disk_node_init(&harness->prepared_peer, harness->folder, "prepared-peer");
    disk_node_found(&harness->prepared_peer);
    if (mkdir(harness->prepared[0].home, S_IRWXU) != 0)
        disk_die("%s can't be made", harness->prepared[0].home);
    disk_node_do(&harness->prepared[1], WORDS("init", "--school", "S"));
    disk_node_join(&harness->prepared[2], &harness->prepared_peer);
    learn_from_prepared(harness);
    take_invitation(harness);
    if (disk_node_stop(&harness->prepared_peer) != 0)
        disk_die("the peer doesn't end well");
}

/* Copies of one home are one writer's: what one of them told a peer would be a fork to the next. */
static void renew_peer(struct harness *harness)
{
    if (disk_node_stop(&harness->peer) > 0)
        find(harness, "the peer didn't end well\n", NULL);
    disk_copy_folder(harness->prepared_peer.home, harness->peer.home);
    disk_node_start(&harness->peer, NULL);
    if (!disk_node_await(&harness->peer))
        disk_die("the peer doesn't serve");
}

static void run_kind(struct harness *harness, const struct step *step,
                     const struct fault_kind *kind, uint64_t first, uint64_t stride)
{
    uint64_t total = count_calls(harness, step, kind);
    bool is_files = strcmp(kind->calls, "files") == 0;
    renew_peer(harness);
    for (uint64_t at = is_files ? 1 : 1 + first % stride; at <= total; at += is_files ? 1 : stride)
        run_case(harness, step, kind, at);
}

static uint64_t find_stride(struct harness *harness, uint64_t wanted)
{
    const struct fault_kind *memory = &kinds[KIND_COUNT - 1];
    uint64_t total = 0;
    renew_peer(harness);
    for (size_t i = 0; i < STEP_COUNT; i++)
        total += 2 * count_calls(harness, &steps[i], memory);
    return wanted == 0 || total <= wanted ? 1 : total / wanted;
}

static void run_only(struct harness *harness, const char *which)
{
    renew_peer(harness);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        for (size_t j = 0; j < KIND_COUNT; j++) {
            char name[64];
            int len = snprintf(name, sizeof name, "%s.%s", steps[i].name, kinds[j].name);
            if (strcmp(which, name) == 0)
                run_kind(harness, &steps[i], &kinds[j], 0, 1);
            else if (strncmp(which, name, (size_t)len) == 0 && which[len] == '.')
                run_case(harness, &steps[i], &kinds[j], strtoull(which + len + 1, NULL, 10));
        }
    }
}

static int finish(struct harness *harness, time_t started)
{
    if (disk_node_stop(&harness->peer) != 0)
        find(harness, "the peer didn't end well\n", NULL);
    printf("failing calls: %llu cases, %llu hit, %llu ended by libuv, "
           "%llu findings, %ld s\n",
           (unsigned long long)harness->case_count, (unsigned long long)harness->hit_count,
           (unsigned long long)harness->libuv_count, (unsigned long long)harness->finding_count,
           (long)(time(NULL) - started));
    disk_memory_free(&harness->memory);
    disk_memory_free(&harness->promised);
    disk_remove_folder(harness->folder);
    return disk_exit_code(harness->finding_count, harness->hit_count, "call failed");
}

int main(int count, char **words)
{
    static struct harness harness;
    uint64_t first = 0, case_count = COUNT_DEFAULT;
    const char *only = NULL;
    time_t started = time(NULL);
    if (setenv("PHAROS_BIRTHS_UNKNOWN", "1", 1) != 0) /* homes are copied, and are the same ones */
        disk_die("the environment is full");
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--only") == 0)
            only = words[i + 1];
        else if (strcmp(words[i], "--first") == 0)
            first = strtoull(words[i + 1], NULL, 10);
        else if (strcmp(words[i], "--count") == 0)
            case_count = strtoull(words[i + 1], NULL, 10);
        else
            disk_die("failing_calls [--first OFFSET] [--count CASES] [--only COMMAND.KIND[.N]]");
    }
    prepare(&harness);
    if (only != NULL) {
        run_only(&harness, only);
        return finish(&harness, started);
    }
    uint64_t stride = find_stride(&harness, case_count);
    for (size_t i = 0; i < STEP_COUNT; i++)
        for (size_t j = 0; j < KIND_COUNT; j++)
            run_kind(&harness, &steps[i], &kinds[j], first, stride);
    return finish(&harness, started);
}
