/* To give memory back takes a machine that is itself a guest some 15 µs for each page that was used, up
 * to 33 of them, beyond which all are forgotten at once. LMDB unmaps a small file at each restart, which
 * made up a fourth of a simulation. So its maps are given back together: they lie side by side as a
 * rule. Called instead of the system's function by all but the C library itself. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAITING_MAX 256

struct range {
    uintptr_t start, end;
};

static struct range waiting[WAITING_MAX];
static size_t waiting_count;

static int compare_ranges(const void *a, const void *b)
{
    const struct range *left = a, *right = b;
    return (left->start > right->start) - (left->start < right->start);
}

static void give_back(void)
{
    qsort(waiting, waiting_count, sizeof *waiting, compare_ranges);
    for (size_t from = 0, next; from < waiting_count; from = next) {
        uintptr_t end = waiting[from].end;
        for (next = from + 1; next < waiting_count && waiting[next].start == end; next++)
            end = waiting[next].end;
        if (syscall(SYS_munmap, waiting[from].start, end - waiting[from].start) != 0)
            abort();
    }
    waiting_count = 0;
}

int munmap(void *start, size_t len)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)start;
    if (waiting_count == WAITING_MAX)
        give_back();
    waiting[waiting_count++] = (struct range){first, (first + len + page - 1) / page * page};
    return 0;
}
