#include "tests/disk/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/disk/guard.h"
#include "tests/support/chance.h"
#include "tools/tree.h"

void disk_die(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, errno == 0 ? "harness: %s\n" : "harness: %s (%s)\n", text, strerror(errno));
    /* A forked child has none of libuv's threads, and its destructor would wait for them. */
    fflush(NULL);
    _exit(DISK_BROKEN);
}

int disk_exit_code(uint64_t finding_count, uint64_t proof_count, const char *proof)
{
    errno = 0;
    if (finding_count == 0 && proof_count == 0)
        disk_die("no %s: nothing is known", proof);
    return finding_count != 0;
}

void *disk_resize(void *old, size_t size)
{
    void *grown = realloc(old, size + 1);
    if (grown == NULL)
        disk_die("no memory");
    return grown;
}

void disk_path(char out[DISK_PATH_SIZE], const char *folder, const char *name)
{
    int len = snprintf(out, DISK_PATH_SIZE, "%s%s%s", folder, name[0] == 0 ? "" : "/", name);
    if (len < 0 || len >= DISK_PATH_SIZE)
        disk_die("a path is too long");
}

/* ph_tree_make looks at TMPDIR; a disk that isn't there makes all of this quick. */
void disk_make_folder(char out[DISK_PATH_SIZE])
{
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    if (ph_tree_make(out, DISK_PATH_SIZE) != PH_OK)
        disk_die("no folder can be made");
}

void disk_remove_folder(const char *path)
{
    struct stat about;
    if (lstat(path, &about) == 0 && ph_tree_remove(path) != PH_OK)
        disk_die("%s can't be removed", path);
}

uint8_t *disk_read_file(const char *path, size_t *len)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return NULL;
    if (fd < 0 || fstat(fd, &about) != 0)
        disk_die("%s can't be opened", path);
    uint8_t *bytes = disk_resize(NULL, (size_t)about.st_size);
    ssize_t got = read(fd, bytes, (size_t)about.st_size);
    close(fd);
    if (got != about.st_size)
        disk_die("%s can't be read", path);
    *len = (size_t)got;
    return bytes;
}

void disk_write_file(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
        disk_die("%s can't be written", path);
    close(fd);
}

static void add_name(struct disk_names *names, const char *path, const struct stat *about)
{
    names->all = disk_resize(names->all, (names->count + 1) * sizeof names->all[0]);
    struct disk_name *name = &names->all[names->count++];
    if (snprintf(name->path, sizeof name->path, "%s", path) >= (int)sizeof name->path)
        disk_die("%s is too long", path);
    name->file = about->st_ino;
    name->is_folder = S_ISDIR(about->st_mode);
}

static void list_below(const char *folder, const char *inner, struct disk_names *names)
{
    char full[DISK_PATH_SIZE], path[DISK_PATH_SIZE];
    struct dirent *item;
    struct stat about;
    disk_path(full, folder, inner);
    DIR *stream = opendir(full);
    if (stream == NULL)
        disk_die("%s can't be listed", full);
    while ((item = readdir(stream)) != NULL) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s%s%s", inner, inner[0] == 0 ? "" : "/", item->d_name);
        disk_path(full, folder, path);
        if (lstat(full, &about) != 0 || (!S_ISDIR(about.st_mode) && !S_ISREG(about.st_mode)))
            continue;
        add_name(names, path, &about);
        if (S_ISDIR(about.st_mode))
            list_below(folder, path, names);
    }
    closedir(stream);
}

struct disk_names disk_list(const char *folder)
{
    struct disk_names names = {0};
    list_below(folder, "", &names);
    return names;
}

void disk_copy_folder(const char *from, const char *to)
{
    char source[DISK_PATH_SIZE], target[DISK_PATH_SIZE];
    struct disk_names names = disk_list(from);
    disk_remove_folder(to);
    if (mkdir(to, S_IRWXU) != 0)
        disk_die("%s can't be made", to);
    for (size_t i = 0; i < names.count; i++) {
        size_t len = 0;
        disk_path(source, from, names.all[i].path);
        disk_path(target, to, names.all[i].path);
        if (names.all[i].is_folder) {
            if (mkdir(target, S_IRWXU) != 0)
                disk_die("%s can't be made", target);
            continue;
        }
        uint8_t *bytes = disk_read_file(source, &len);
        if (bytes == NULL)
            disk_die("%s went away", source);
        disk_write_file(target, bytes, len);
        free(bytes);
    }
    free(names.all);
}

uint64_t disk_next(struct disk_chance *chance)
{
    return chance_next(&chance->state);
}

uint64_t disk_below(struct disk_chance *chance, uint64_t limit)
{
    return chance_below(&chance->state, limit);
}
