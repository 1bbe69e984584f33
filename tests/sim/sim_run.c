#include "tests/sim/sim_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_LEN 128

/* What a child tells its parent, in memory that they share. */
struct progress {
    uint64_t seed; /* under way; UINT64_MAX: none any more */
    struct sim_totals totals;
};

/* --- folders --- */

static void make_folder(char path[PATH_LEN])
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(path, PATH_LEN, "%s/pharos-sim-run-XXXXXX", base);
    if (mkdtemp(path) == NULL)
        abort();
}

/* Folders three deep, and files in them. */
static void remove_within(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(folder), entry->d_name, 0) != 0)
            remove_within(dirfd(folder), entry->d_name);
    }
    if (folder != NULL)
        closedir(folder);
    unlinkat(at, name, AT_REMOVEDIR);
}

/* --- lines --- */

void sim_run_print_replay(FILE *file, const struct sim_wishes *wishes)
{
    fprintf(file, "pharos-sim %" PRIu64 " 1", wishes->seed);
    if (wishes->node_count != 0)
        fprintf(file, " --nodes %" PRIu32, wishes->node_count);
    if (wishes->bad_count != 0)
        fprintf(file, " --byzantine %" PRIu32, wishes->bad_count);
    for (uint32_t i = 0, printed = 0; i < SIM_FAULT_COUNT; i++)
        if ((wishes->without >> i & 1) != 0)
            fprintf(file, "%s%s", printed++ == 0 ? " --without " : ",", sim_fault_name(i));
    for (uint32_t i = 0, printed = 0; i < SIM_PLOT_COUNT && wishes->plots != SIM_PLOTS_DRAWN; i++)
        if ((wishes->plots >> i & 1) != 0)
            fprintf(file, "%s%s", printed++ == 0 ? " --plots " : ",", sim_plot_name(i));
    if (wishes->plots == 0)
        fputs(" --plots \"\"", file);
    if (wishes->command_max != UINT32_MAX)
        fprintf(file, " --commands %" PRIu32, wishes->command_max);
    if (wishes->until_ms != 0)
        fprintf(file, " --until %" PRIu64, wishes->until_ms);
}

static const char *word_of(enum sim_outcome outcome)
{
    switch (outcome) {
    case SIM_FINE:
        return "ok";
    case SIM_UNSAFE:
        return "UNSAFE";
    case SIM_STUCK:
        return "STUCK";
    }
    return "";
}

static void print_result(const struct sim_wishes *wishes, const struct sim_result *result)
{
    printf("seed %" PRIu64 ": %" PRIu32 " nodes, %" PRIu32 " byzantine, %" PRIu64 " ms, %" PRIu32
           " commands, %" PRIu32 " entries, %s, %016" PRIx64,
           wishes->seed, result->node_count, wishes->bad_count, result->virtual_ms,
           result->command_count, result->entry_count, word_of(result->verdict.outcome),
           result->trace_hash);
    if (result->verdict.outcome != SIM_FINE) {
        printf(": at %" PRIu64 " ms %s; ", result->verdict.at_ms, result->verdict.why);
        sim_run_print_replay(stdout, wishes);
    }
    putchar('\n');
    fflush(stdout);
}

/* --- one seed --- */

static void run_seed(const struct sim_orders *orders, struct sim_case *given,
                     struct progress *progress)
{
    struct sim_totals *totals = &progress->totals;
    totals->run++;
    struct sim_result result = sim_case_run(given);
    totals->unsafe += result.verdict.outcome == SIM_UNSAFE;
    totals->stuck += result.verdict.outcome == SIM_STUCK;
    totals->virtual_ms += result.virtual_ms;
    totals->commands += result.command_count;
    totals->entries += result.entry_count;
    totals->acks += result.ack_count;
    if (!orders->is_quiet || result.verdict.outcome != SIM_FINE)
        print_result(&given->wishes, &result);
    if (orders->twice_every == 0 || given->wishes.seed % orders->twice_every != 0)
        return;
    struct sim_result again = sim_case_run(given);
    if (again.trace_hash == result.trace_hash)
        return;
    totals->unequal++;
    printf("seed %" PRIu64 ": run twice, two traces: %016" PRIx64 " and %016" PRIx64 "\n",
           given->wishes.seed, result.trace_hash, again.trace_hash);
    fflush(stdout);
}

static void run_some(const struct sim_orders *orders, uint64_t from, struct progress *progress,
                     const char *folder)
{
    struct sim_case given = {
        .wishes = orders->wishes, .folder = folder, .is_traced = orders->is_traced};
    if (orders->events_path != NULL && (given.events = fopen(orders->events_path, "a")) == NULL)
        abort();
    for (uint64_t seed = from; seed < orders->first + orders->count; seed += orders->job_count) {
        progress->seed = seed;
        given.wishes.seed = seed;
        run_seed(orders, &given, progress);
    }
    progress->seed = UINT64_MAX;
    bool is_written = given.events == NULL || ferror(given.events) == 0;
    if (given.events != NULL && (fclose(given.events) != 0 || !is_written))
        abort();
}

/* --- children --- */

static pid_t begin_child(const struct sim_orders *orders, uint64_t from, struct progress *progress,
                         const char *folder)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    run_some(orders, from, progress, folder);
    exit(0);
}

static void report_crash(const struct sim_orders *orders, struct progress *progress, int status)
{
    struct sim_wishes wishes = orders->wishes;
    wishes.seed = progress->seed;
    progress->totals.crashed++;
    if (progress->seed == UINT64_MAX)
        printf("behind the last seed: CRASHED");
    else
        printf("seed %" PRIu64 ": CRASHED", wishes.seed);
    printf(", %s %d", WIFSIGNALED(status) ? "signal" : "exit code",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (progress->seed != UINT64_MAX) {
        printf("; ");
        sim_run_print_replay(stdout, &wishes);
    }
    putchar('\n');
}

/* Whether seeds of this job are left, behind one that crashed. */
static bool goes_on(const struct sim_orders *orders, const struct progress *progress)
{
    return progress->seed != UINT64_MAX &&
           progress->seed + orders->job_count < orders->first + orders->count;
}

static void await_children(const struct sim_orders *orders, struct progress *progress,
                           const char *folder)
{
    pid_t pids[SIM_JOBS_AT_ONCE_MAX];
    uint32_t running = 0;
    for (uint32_t job = 0; job < orders->job_count; job++, running++)
        pids[job] = begin_child(orders, orders->first + job, &progress[job], folder);
    while (running != 0) {
        int status = 0;
        pid_t pid = wait(&status);
        if (pid < 0 && errno != EINTR)
            abort();
        for (uint32_t job = 0; job < orders->job_count; job++) {
            if (pids[job] != pid)
                continue;
            running--;
            if (progress[job].seed == UINT64_MAX && status == 0)
                continue;
            report_crash(orders, &progress[job], status);
            if (!goes_on(orders, &progress[job]))
                continue;
            progress[job].seed += orders->job_count;
            pids[job] = begin_child(orders, progress[job].seed, &progress[job], folder);
            running++;
        }
    }
}

static struct progress *shared_progress(void)
{
    struct progress *progress = mmap(NULL, SIM_JOBS_AT_ONCE_MAX * sizeof *progress,
                                     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        abort();
    return progress;
}

struct sim_totals sim_run_seeds(const struct sim_orders *orders)
{
    char folder[PATH_LEN];
    struct sim_totals sum = {0};
    struct progress *progress = shared_progress();
    make_folder(folder);
    await_children(orders, progress, folder);
    remove_within(AT_FDCWD, folder);
    for (uint32_t job = 0; job < orders->job_count; job++) {
        const struct sim_totals *totals = &progress[job].totals;
        sum.run += totals->run;
        sum.unsafe += totals->unsafe;
        sum.stuck += totals->stuck;
        sum.crashed += totals->crashed;
        sum.unequal += totals->unequal;
        sum.virtual_ms += totals->virtual_ms;
        sum.commands += totals->commands;
        sum.entries += totals->entries;
        sum.acks += totals->acks;
    }
    munmap(progress, SIM_JOBS_AT_ONCE_MAX * sizeof *progress);
    return sum;
}

enum sim_outcome sim_run_alone(const struct sim_wishes *wishes)
{
    int status = 0;
    char folder[PATH_LEN];
    make_folder(folder);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct sim_case given = {.wishes = *wishes, .folder = folder};
        if (freopen("/dev/null", "w", stderr) == NULL)
            abort();
        exit((int)sim_case_run(&given).verdict.outcome); /* leaks are looked for at exit */
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    remove_within(AT_FDCWD, folder);
    return WIFEXITED(status) && WEXITSTATUS(status) <= SIM_STUCK
               ? (enum sim_outcome)WEXITSTATUS(status)
               : SIM_UNSAFE;
}
