/* On a machine that is itself a guest a page that is used first costs some 40 µs, and to unmap it
 * 15 µs, but for more than 33 pages at once. LMDB maps, uses and unmaps a small file at each
 * restart, which made up half of a simulation. So an unmapped file stays mapped and is found again
 * by whoever maps it next: shared maps of one file are the same memory anyhow, whatever is written
 * or cut off meanwhile. Those that nobody wants are given back together: they lie side by side as a
 * rule. Called instead of the system's functions by all but the C library itself. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAPS_MAX 512

/* An inode that is mapped lives on, so that its number is nobody else's. */
struct map {
    uintptr_t start;
    size_t len;
    dev_t device;
    ino_t inode;
    int protection;
    bool is_used;
};

static struct map maps[MAPS_MAX];
static size_t map_count;

/* --- giving back --- */

static int compare_maps(const void *a, const void *b)
{
    const struct map *left = a, *right = b;
    if (left->is_used != right->is_used)
        return left->is_used ? -1 : 1;
    return (left->start > right->start) - (left->start < right->start);
}

static uintptr_t end_of(const struct map *map)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    return (map->start + map->len + page - 1) / page * page;
}

static void give_back(void)
{
    size_t from = 0, next;
    qsort(maps, map_count, sizeof *maps, compare_maps);
    while (from < map_count && maps[from].is_used)
        from++;
    size_t used_count = from;
    for (; from < map_count; from = next) {
        uintptr_t end = end_of(&maps[from]);
        for (next = from + 1; next < map_count && maps[next].start == end; next++)
            end = end_of(&maps[next]);
        if (syscall(SYS_munmap, maps[from].start, end - maps[from].start) != 0)
            abort();
    }
    map_count = used_count;
}

/* --- instead of the system's --- */

static struct map *find_unused(const struct map *like)
{
    for (size_t i = 0; i < map_count; i++)
        if (!maps[i].is_used && maps[i].inode == like->inode && maps[i].device == like->device &&
            maps[i].len == like->len && maps[i].protection == like->protection)
            return &maps[i];
    return NULL;
}

static void *map_file(struct map *map, int file)
{
    struct map *found = find_unused(map);
    if (found != NULL) {
        found->is_used = true;
        return (void *)found->start;
    }
    long start = syscall(SYS_mmap, NULL, map->len, map->protection, MAP_SHARED, file, (off_t)0);
    if (start == -1)
        return MAP_FAILED;
    if (map_count == MAPS_MAX)
        give_back();
    map->start = (uintptr_t)start;
    if (map_count < MAPS_MAX)
        maps[map_count++] = *map;
    return (void *)map->start;
}

void *mmap(void *start, size_t len, int protection, int flags, int file, off_t offset)
{
    struct stat about;
    if (start == NULL && flags == MAP_SHARED && offset == 0 && fstat(file, &about) == 0) {
        struct map map = {.len = len,
                          .device = about.st_dev,
                          .inode = about.st_ino,
                          .protection = protection,
                          .is_used = true};
        return map_file(&map, file);
    }
    return (void *)syscall(SYS_mmap, start, len, protection, flags, file, offset);
}

int munmap(void *start, size_t len)
{
    for (size_t i = 0; i < map_count; i++)
        if (maps[i].is_used && maps[i].start == (uintptr_t)start && maps[i].len == len) {
            maps[i].is_used = false;
            return 0;
        }
    return (int)syscall(SYS_munmap, start, len);
}
