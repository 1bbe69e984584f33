/* pharos-sim FIRST COUNT: whole networks under faults, a seed each (README.md). */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/sim_run.h"
#include "tests/sim/sim_shrink.h"

#define SEEDS_TELLING 50 /* so many, as drawn, see some command saved */
#define HEAP_BYTES (128 << 20)
#define HUGE_PAGE ((size_t)2 << 20)

enum { EXIT_UNSAFE = 2, EXIT_STUCK = 3, EXIT_MISUSED = 64, EXIT_NO_FILE = 73 };

static int usage(void)
{
    fputs(
        "pharos-sim FIRST COUNT [--nodes N] [--byzantine K] [--plots PLOT,...]\n"
        "           [--without FAULT,...] [--commands N] [--until MS] [--jobs N] [--twice-every N] [--trace]\n"
        "           [--quiet] [--shrink] [--events FILE]\n"
        "faults:",
        stderr);
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++)
        fprintf(stderr, " %s", sim_fault_name(i));
    fputs("\nplots of malicious members:", stderr);
    for (uint32_t i = 0; i < SIM_PLOT_COUNT; i++)
        fprintf(stderr, " %s", sim_plot_name(i));
    fputc('\n', stderr);
    return EXIT_MISUSED;
}

static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    if (text == NULL || *text < '0' || *text > '9')
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && *out <= max;
}

struct flags {
    struct sim_orders orders;
    bool shrinks;
};

static bool read_flag(struct flags *flags, const char *name)
{
    if (strcmp(name, "--trace") == 0)
        flags->orders.is_traced = true;
    else if (strcmp(name, "--quiet") == 0)
        flags->orders.is_quiet = true;
    else if (strcmp(name, "--shrink") == 0)
        flags->shrinks = true;
    else
        return false;
    return true;
}

static bool read_option(struct flags *flags, const char *name, const char *value)
{
    struct sim_orders *orders = &flags->orders;
    uint64_t number = 0;
    if (strcmp(name, "--without") == 0)
        return value != NULL && sim_faults_read(value, &orders->wishes.without);
    if (strcmp(name, "--plots") == 0)
        return value != NULL && sim_plots_read(value, &orders->wishes.plots);
    if (strcmp(name, "--events") == 0) {
        orders->events_path = value;
        return value != NULL;
    }
    if (!read_number(value, INT64_MAX, &number))
        return false;
    if (strcmp(name, "--nodes") == 0 && number >= 2 && number <= SIM_NODES_MAX)
        orders->wishes.node_count = (uint32_t)number;
    else if (strcmp(name, "--byzantine") == 0 && number < SIM_NODES_MAX - 1)
        orders->wishes.bad_count = (uint32_t)number;
    else if (strcmp(name, "--commands") == 0 && number < UINT32_MAX)
        orders->wishes.command_max = (uint32_t)number;
    else if (strcmp(name, "--until") == 0 && number != 0)
        orders->wishes.until_ms = number;
    else if (strcmp(name, "--jobs") == 0 && number != 0 && number <= SIM_JOBS_AT_ONCE_MAX)
        orders->job_count = (uint32_t)number;
    else if (strcmp(name, "--twice-every") == 0)
        orders->twice_every = number;
    else
        return false;
    return true;
}

static bool read_all(struct flags *flags, int count, char **words)
{
    struct sim_orders *orders = &flags->orders;
    if (count < 3 || !read_number(words[1], UINT64_MAX / 2, &orders->first) ||
        !read_number(words[2], UINT64_MAX / 4, &orders->count))
        return false;
    for (int i = 3; i < count; i++) {
        if (read_flag(flags, words[i]))
            continue;
        if (!read_option(flags, words[i], i + 1 < count ? words[i + 1] : NULL))
            return false;
        i++;
    }
    return orders->events_path == NULL || orders->job_count == 1; /* one log, one writer */
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int shrink(const struct sim_orders *orders)
{
    struct sim_wishes wishes = orders->wishes;
    wishes.seed = orders->first;
    if (!sim_shrink(&wishes)) {
        printf("seed %" PRIu64 " does not fail\n", orders->first);
        return 0;
    }
    printf("smallest: ");
    sim_run_print_replay(stdout, &wishes);
    putchar('\n');
    return EXIT_UNSAFE;
}

/* Machines start and die some twenty times in a seed. To map and unmap their memory each time costs
 * more than all that they compute, and so do pages of 4 KiB. Where the heap lies elsewhere
 * (sanitizers), this changes nothing. */
static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, INT32_MAX);
    mallopt(M_TOP_PAD, HEAP_BYTES);
    void *volatile first = malloc(HUGE_PAGE); /* the heap grows by what is padded */
    free(first);
    uintptr_t end = (uintptr_t)sbrk(0);
    uintptr_t start = (end - HEAP_BYTES) / HUGE_PAGE * HUGE_PAGE + HUGE_PAGE;
    madvise((void *)start, end - start, MADV_HUGEPAGE);
}

/* Children add to the file of events; here it is made, or emptied, before the first. */
static bool make_events(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file != NULL && fclose(file) == 0)
        return true;
    fprintf(stderr, "pharos-sim: %s can't be written: %s\n", path, strerror(errno));
    return false;
}

/* A node that refuses everything breaks no oracle: each refusal alone may have its reason. */
static bool is_anything_saved(const struct sim_orders *orders, const struct sim_totals *totals)
{
    bool is_as_drawn = orders->wishes.command_max == UINT32_MAX && orders->wishes.until_ms == 0;
    if (!is_as_drawn || totals->run < SEEDS_TELLING || totals->acks != 0)
        return true;
    puts("not one command was saved");
    return false;
}

int main(int count, char **words)
{
    struct flags flags = {
        .orders = {.job_count = 1,
                   .wishes = {.command_max = UINT32_MAX, .plots = SIM_PLOTS_DRAWN}}};
    if (!read_all(&flags, count, words))
        return usage();
    if (flags.shrinks)
        return shrink(&flags.orders);
    if (flags.orders.events_path != NULL && !make_events(flags.orders.events_path))
        return EXIT_NO_FILE;
    keep_memory();
    double began_s = seconds();
    struct sim_totals totals = sim_run_seeds(&flags.orders);
    printf("seeds: %" PRIu64 " run, %" PRIu64 " unsafe, %" PRIu64 " stuck, %" PRIu64
           " crashed, %" PRIu64 " with two traces, %" PRIu64 " commands, %" PRIu64
           " saved, %" PRIu64 " h of virtual time, %.0f s\n",
           totals.run, totals.unsafe, totals.stuck, totals.crashed, totals.unequal, totals.commands,
           totals.acks, totals.virtual_ms / 3600000, seconds() - began_s);
    if (totals.unsafe + totals.crashed + totals.unequal != 0 ||
        !is_anything_saved(&flags.orders, &totals))
        return EXIT_UNSAFE;
    return totals.stuck != 0 ? EXIT_STUCK : 0;
}
