/* The disk of a recording: durable bytes, and what isn't durable yet, in order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/disk/files.h"
#include "tests/disk/recording.h"

#define FILES_MAX 64
#define NAMES_MAX 64
#define SECTOR_LEN 512

struct content {
    uint64_t file;
    uint8_t *bytes;
    size_t len, size;
};

struct name {
    char path[256];
    uint64_t file; /* 0: a folder */
};

struct names {
    struct name all[NAMES_MAX];
    size_t count;
};

struct disk {
    struct content files[FILES_MAX];
    size_t file_count;
    struct names names;                /* durable ones */
    const struct disk_event **pending; /* writes and sizes */
    size_t pending_count, pending_size;
    const struct disk_event *pending_names[NAMES_MAX];
    size_t pending_name_count;
};

/* --- contents --- */

static void grow(struct content *content, size_t len)
{
    if (len > content->size) {
        content->size = 2 * len;
        content->bytes = disk_resize(content->bytes, content->size);
    }
    if (len > content->len) {
        memset(content->bytes + content->len, 0, len - content->len);
        content->len = len;
    }
}

static void put(struct content *content, const struct disk_event *event, uint64_t sectors)
{
    size_t offset = (size_t)event->head.offset, len = (size_t)event->head.len;
    if (event->head.type == DISK_RESIZE) {
        grow(content, offset);
        content->len = offset;
        return;
    }
    grow(content, offset + len);
    for (size_t at = offset; at < offset + len;) {
        size_t end = at / SECTOR_LEN * SECTOR_LEN + SECTOR_LEN;
        if (end > offset + len)
            end = offset + len;
        if ((sectors >> (at / SECTOR_LEN % 64) & 1) != 0)
            memcpy(content->bytes + at, event->bytes + (at - offset), end - at);
        at = end;
    }
}

static struct content *content_of(struct disk *disk, uint64_t file)
{
    for (size_t i = 0; i < disk->file_count; i++)
        if (disk->files[i].file == file)
            return &disk->files[i];
    if (disk->file_count == FILES_MAX)
        disk_die("too many files");
    disk->files[disk->file_count] = (struct content){.file = file};
    return &disk->files[disk->file_count++];
}

/* --- names --- */

static size_t place_of(const struct names *names, const char *path)
{
    size_t at = 0;
    while (at < names->count && strcmp(names->all[at].path, path) != 0)
        at++;
    return at;
}

static void forget_name(struct names *names, const char *path)
{
    size_t at = place_of(names, path);
    if (at < names->count)
        names->all[at] = names->all[--names->count];
}

static void set_name(struct names *names, const char *path, uint64_t file)
{
    size_t at = place_of(names, path);
    if (at == NAMES_MAX)
        disk_die("too many names");
    if (at == names->count)
        names->count++;
    snprintf(names->all[at].path, sizeof names->all[at].path, "%s", path);
    names->all[at].file = file;
}

/* A file, or a folder with what is in it. */
static void rename_all(struct names *names, const char *from, const char *to)
{
    size_t len = strlen(from);
    forget_name(names, to);
    for (size_t i = 0; i < names->count; i++) {
        char *path = names->all[i].path, fresh[256];
        if (strncmp(path, from, len) != 0 || (path[len] != 0 && path[len] != '/'))
            continue;
        int put = snprintf(fresh, sizeof fresh, "%s%s", to, path + len);
        if (put < 0 || (size_t)put >= sizeof fresh)
            disk_die("a path is too long");
        memcpy(path, fresh, sizeof fresh);
    }
}

static void path_of(const struct disk_event *event, char out[256])
{
    snprintf(out, 256, "%.*s", (int)event->head.len, (const char *)event->bytes);
}

static void apply_name(struct names *names, const struct disk_event *event)
{
    char path[256];
    path_of(event, path);
    if (event->head.type == DISK_NAME)
        set_name(names, path, event->head.file);
    else if (event->head.type == DISK_FOLDER)
        set_name(names, path, 0);
    else if (event->head.type == DISK_UNLINK)
        forget_name(names, path);
    else
        rename_all(names, path, (const char *)event->bytes + strlen(path) + 1);
}

/* Whether the name that this is about lies right in the folder. */
static bool is_name_in(const struct disk_event *event, const char *folder)
{
    char path[256];
    path_of(event, path);
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    return len == strlen(folder) && strncmp(path, folder, len) == 0;
}

/* --- life --- */

struct disk *disk_new(const char *folder)
{
    struct disk *disk = disk_resize(NULL, sizeof *disk);
    struct disk_names found = disk_list(folder);
    memset(disk, 0, sizeof *disk);
    for (size_t i = 0; i < found.count; i++) {
        const struct disk_name *name = &found.all[i];
        char path[DISK_PATH_SIZE];
        size_t len = 0;
        set_name(&disk->names, name->path, name->is_folder ? 0 : name->file);
        if (name->is_folder)
            continue;
        struct content *content = content_of(disk, name->file);
        disk_path(path, folder, name->path);
        content->bytes = disk_read_file(path, &len);
        content->len = content->size = len;
    }
    free(found.all);
    return disk;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    for (size_t i = 0; i < disk->file_count; i++)
        free(disk->files[i].bytes);
    free(disk->pending);
    free(disk);
}

static void sync_file(struct disk *disk, uint64_t file)
{
    struct content *content = content_of(disk, file);
    size_t left = 0;
    for (size_t i = 0; i < disk->pending_count; i++) {
        if (disk->pending[i]->head.file == file)
            put(content, disk->pending[i], UINT64_MAX);
        else
            disk->pending[left++] = disk->pending[i];
    }
    disk->pending_count = left;
}

static void sync_folder(struct disk *disk, const char *folder)
{
    size_t left = 0;
    for (size_t i = 0; i < disk->pending_name_count; i++) {
        if (is_name_in(disk->pending_names[i], folder))
            apply_name(&disk->names, disk->pending_names[i]);
        else
            disk->pending_names[left++] = disk->pending_names[i];
    }
    disk->pending_name_count = left;
}

static void add_pending(struct disk *disk, const struct disk_event *event)
{
    if (disk->pending_count == disk->pending_size) {
        disk->pending_size = 2 * disk->pending_size + 64;
        disk->pending = disk_resize(disk->pending, disk->pending_size * sizeof(void *));
    }
    disk->pending[disk->pending_count++] = event;
}

void disk_step(struct disk *disk, const struct disk_event *event)
{
    char folder[256];
    switch ((enum disk_event_type)event->head.type) {
    case DISK_WRITE:
    case DISK_RESIZE:
        add_pending(disk, event);
        return;
    case DISK_SYNC:
        sync_file(disk, event->head.file);
        return;
    case DISK_NAME:
    case DISK_RENAME:
    case DISK_UNLINK:
    case DISK_FOLDER:
        if (disk->pending_name_count == NAMES_MAX)
            disk_die("too many names are not durable");
        disk->pending_names[disk->pending_name_count++] = event;
        return;
    case DISK_SYNC_FOLDER:
        path_of(event, folder);
        sync_folder(disk, folder);
        return;
    case DISK_MARK:
        return;
    }
    disk_die("the recording holds an unknown event");
}

size_t disk_pending_count(const struct disk *disk)
{
    return disk->pending_count;
}

bool disk_is_loose(const struct disk *disk, size_t index)
{
    return (disk->pending[index]->head.flags & DISK_IS_DURABLE) == 0;
}

size_t disk_pending_name_count(const struct disk *disk)
{
    return disk->pending_name_count;
}

/* --- images --- */

/* A write that is under way has promised nothing yet, whatever its descriptor says. */
static bool is_there(const struct disk *disk, const struct disk_cut *cut, size_t index)
{
    bool is_under_way = cut->last_is_under_way && index + 1 == disk->pending_count;
    return cut->is_kept[index] || (!is_under_way && !disk_is_loose(disk, index));
}

static void write_content(const struct disk *disk, const struct disk_cut *cut, uint64_t file,
                          const char *path)
{
    static struct content scratch;
    scratch.len = 0;
    for (size_t i = 0; i < disk->file_count; i++) {
        if (disk->files[i].file != file)
            continue;
        grow(&scratch, disk->files[i].len);
        memcpy(scratch.bytes, disk->files[i].bytes, disk->files[i].len);
    }
    for (size_t i = 0; i < disk->pending_count; i++)
        if (disk->pending[i]->head.file == file && is_there(disk, cut, i))
            put(&scratch, disk->pending[i], i == cut->torn ? cut->sectors : UINT64_MAX);
    disk_write_file(path, scratch.bytes, scratch.len);
}

static int by_path(const void *a, const void *b)
{
    const struct name *first = a, *second = b;
    return strcmp(first->path, second->path);
}

/* What can't be found, because its folder isn't there, isn't there either. */
static bool has_parent(const struct names *names, const char *path)
{
    char parent[256];
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return true;
    snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
    return place_of(names, parent) < names->count;
}

/* Folders sort before what is in them. */
void disk_write_image(const struct disk *disk, const struct disk_cut *cut, const char *folder)
{
    char path[DISK_PATH_SIZE];
    struct names names = disk->names;
    for (size_t i = 0; i < cut->name_count; i++)
        apply_name(&names, disk->pending_names[i]);
    qsort(names.all, names.count, sizeof names.all[0], by_path);
    disk_remove_folder(folder);
    if (mkdir(folder, S_IRWXU) != 0)
        disk_die("%s can't be made", folder);
    for (size_t i = 0; i < names.count; i++) {
        const struct name *name = &names.all[i];
        disk_path(path, folder, name->path);
        if (!has_parent(&names, name->path))
            continue;
        if (name->file != 0)
            write_content(disk, cut, name->file, path);
        else if (mkdir(path, S_IRWXU) != 0)
            disk_die("%s can't be made", path);
    }
}
