/* Preloaded into a process: writes down what it does to the files of one folder, in the order in
 * which it happens (event.h). Maps are not seen: the lock file's content is lost, as by a power
 * cut.
 *
 *     DISK_FOLDER     absolute path of the folder, without a slash at its end
 *     DISK_RECORDING  the file to append to
 *     DISK_SWALLOW=1  a disk that lies: nothing is ever made durable, though every call says so
 *     DISK_NOSYNC=1   LMDB is opened with MDB_NOSYNC
 *
 * The last two are what the readers of recordings must notice. */
#define _GNU_SOURCE
#include "tests/disk/event.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/disk/real.h"

#define FDS_MAX 1024

enum kind { KIND_OTHER, KIND_FILE, KIND_FOLDER };

/* What is open; by descriptor. */
static struct {
    enum kind kind;
    bool is_durable; /* O_DSYNC or O_SYNC */
    uint64_t file;
    char path[256]; /* of a folder */
} fds[FDS_MAX];

static struct {
    pthread_mutex_t mutex;
    const char *folder; /* NULL: nothing is recorded */
    size_t folder_len;
    int out;
    bool swallows, has_nosync;
} recorder = {.mutex = PTHREAD_MUTEX_INITIALIZER, .out = -1};

REAL(int, open64, (const char *path, int flags, mode_t mode), (path, flags, mode))
REAL(int, openat64, (int folder, const char *path, int flags, mode_t mode),
     (folder, path, flags, mode))
REAL(int, close, (int fd), (fd))
REAL(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len))
REAL(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
REAL(ssize_t, pwrite64, (int fd, const void *bytes, size_t len, off64_t offset),
     (fd, bytes, len, offset))
REAL(ssize_t, pwritev64, (int fd, const struct iovec *parts, int count, off64_t offset),
     (fd, parts, count, offset))
REAL(int, fsync, (int fd), (fd))
REAL(int, fdatasync, (int fd), (fd))
REAL(int, ftruncate64, (int fd, off64_t len), (fd, len))
REAL(int, posix_fallocate64, (int fd, off64_t offset, off64_t len), (fd, offset, len))
REAL(int, renameat, (int from_folder, const char *from, int to_folder, const char *to),
     (from_folder, from, to_folder, to))
REAL(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
REAL(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode))
REAL(int, mdb_env_open, (MDB_env * env, const char *path, unsigned flags, mdb_mode_t mode),
     (env, path, flags, mode))

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && strcmp(value, "1") == 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *recording = getenv("DISK_RECORDING");
    const char *folder = getenv("DISK_FOLDER");
    if (recording == NULL || folder == NULL)
        return;
    recorder.out =
        real_open64(recording, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (recorder.out < 0)
        abort();
    recorder.folder = folder;
    recorder.folder_len = strlen(folder);
    recorder.swallows = is_set("DISK_SWALLOW");
    recorder.has_nosync = is_set("DISK_NOSYNC");
}

/* --- writing down --- */

static void note(struct disk_event_head head, const struct iovec *parts, int count)
{
    struct iovec all[1 + IOV_MAX] = {{.iov_base = &head, .iov_len = sizeof head}};
    size_t left = (size_t)head.len;
    int used = 1;
    for (int i = 0; i < count && left > 0 && used < IOV_MAX; i++) {
        all[used] = parts[i];
        if (all[used].iov_len > left)
            all[used].iov_len = left;
        left -= all[used++].iov_len;
    }
    if (left != 0 || real_writev(recorder.out, all, used) < (ssize_t)sizeof head)
        abort();
}

static void note_bytes(struct disk_event_head head, const void *bytes, size_t len)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    head.len = len;
    note(head, &part, 1);
}

/* The path within the folder, or NULL if it is elsewhere. */
static const char *within(const char *path)
{
    size_t len = recorder.folder_len;
    if (recorder.folder == NULL || strncmp(path, recorder.folder, len) != 0)
        return NULL;
    return path[len] == '/' ? path + len + 1 : path[len] == 0 ? path + len : NULL;
}

static void link_of(int fd, char out[PATH_MAX])
{
    char name[64] = "/proc/self/cwd";
    if (fd != AT_FDCWD)
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(name, out, PATH_MAX - 1);
    out[len > 0 ? len : 0] = 0;
}

/* The absolute path of a name in a folder that is open. */
static void absolute(int folder, const char *path, char out[2 * PATH_MAX])
{
    char base[PATH_MAX] = "";
    if (path[0] == '/')
        snprintf(out, (size_t)2 * PATH_MAX, "%s", path);
    else {
        link_of(folder, base);
        snprintf(out, (size_t)2 * PATH_MAX, "%s/%s", base, path);
    }
}

static bool is_ours(int fd, enum kind kind)
{
    return fd >= 0 && fd < FDS_MAX && fds[fd].kind == kind;
}

/* --- opening --- */

static void note_opened(int fd, int flags, bool is_new)
{
    char path[PATH_MAX];
    struct stat about;
    if (fd >= FDS_MAX || fstat(fd, &about) != 0)
        return;
    fds[fd].kind = KIND_OTHER;
    link_of(fd, path);
    const char *name = within(path);
    if (name == NULL || (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode)))
        return;
    fds[fd].kind = S_ISDIR(about.st_mode) ? KIND_FOLDER : KIND_FILE;
    fds[fd].file = about.st_ino;
    fds[fd].is_durable = (flags & O_DSYNC) != 0 && !recorder.swallows;
    snprintf(fds[fd].path, sizeof fds[fd].path, "%s", name);
    if (is_new)
        note_bytes((struct disk_event_head){.type = DISK_NAME, .file = about.st_ino}, name,
                   strlen(name));
    else if ((flags & O_TRUNC) != 0)
        note((struct disk_event_head){.type = DISK_RESIZE, .file = about.st_ino}, NULL, 0);
}

static int open_any(int folder, const char *path, int flags, mode_t mode)
{
    pthread_mutex_lock(&recorder.mutex);
    bool is_new = (flags & O_CREAT) != 0 && faccessat(folder, path, F_OK, 0) != 0;
    int fd = real_openat64(folder, path, flags, mode);
    if (fd >= 0 && recorder.folder != NULL)
        note_opened(fd, flags, is_new);
    pthread_mutex_unlock(&recorder.mutex);
    return fd;
}

#define WITH_MODE(call)                                                                            \
    mode_t mode = 0;                                                                               \
    if ((flags & O_CREAT) != 0) {                                                                  \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode = va_arg(arguments, mode_t);                                                          \
        va_end(arguments);                                                                         \
    }                                                                                              \
    return call

int open(const char *path, int flags, ...)
{
    WITH_MODE(open_any(AT_FDCWD, path, flags, mode));
}

int open64(const char *path, int flags, ...)
{
    WITH_MODE(open_any(AT_FDCWD, path, flags, mode));
}

int openat(int folder, const char *path, int flags, ...)
{
    WITH_MODE(open_any(folder, path, flags, mode));
}

int openat64(int folder, const char *path, int flags, ...)
{
    WITH_MODE(open_any(folder, path, flags, mode));
}

/* What these become where the compiler checks their arguments. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

int __openat_2(int folder, const char *path, int flags)
{
    return open_any(folder, path, flags, 0);
}

int __openat64_2(int folder, const char *path, int flags)
{
    return open_any(folder, path, flags, 0);
}

int close(int fd)
{
    pthread_mutex_lock(&recorder.mutex);
    if (fd >= 0 && fd < FDS_MAX)
        fds[fd].kind = KIND_OTHER;
    pthread_mutex_unlock(&recorder.mutex);
    return real_close(fd);
}

/* --- writing --- */

static void note_write(int fd, off64_t offset, const struct iovec *parts, int count, ssize_t len)
{
    if (len <= 0 || recorder.folder == NULL)
        return;
    struct disk_event_head head = {.len = (uint64_t)len};
    if (is_ours(fd, KIND_FILE)) {
        head.type = DISK_WRITE;
        head.flags = fds[fd].is_durable ? DISK_IS_DURABLE : 0;
        head.file = fds[fd].file;
        head.offset = (uint64_t)offset;
        note(head, parts, count);
    } else if (fd == STDOUT_FILENO) {
        head.type = DISK_MARK;
        note(head, parts, count);
    }
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    pthread_mutex_lock(&recorder.mutex);
    ssize_t put = real_pwrite64(fd, bytes, len, offset);
    note_write(fd, offset, &part, 1, put);
    pthread_mutex_unlock(&recorder.mutex);
    return put;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    return pwrite64(fd, bytes, len, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    pthread_mutex_lock(&recorder.mutex);
    ssize_t put = real_pwritev64(fd, parts, count, offset);
    note_write(fd, offset, parts, count, put);
    pthread_mutex_unlock(&recorder.mutex);
    return put;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return pwritev64(fd, parts, count, offset);
}

/* Where it was written: right before the place where the file stands now. */
static void note_moving_write(int fd, const struct iovec *parts, int count, ssize_t put)
{
    off64_t end = is_ours(fd, KIND_FILE) ? lseek64(fd, 0, SEEK_CUR) : put;
    note_write(fd, end - put, parts, count, put);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    pthread_mutex_lock(&recorder.mutex);
    ssize_t put = real_writev(fd, parts, count);
    note_moving_write(fd, parts, count, put);
    pthread_mutex_unlock(&recorder.mutex);
    return put;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    pthread_mutex_lock(&recorder.mutex);
    ssize_t put = real_write(fd, bytes, len);
    note_moving_write(fd, &part, 1, put);
    pthread_mutex_unlock(&recorder.mutex);
    return put;
}

int ftruncate64(int fd, off64_t len)
{
    pthread_mutex_lock(&recorder.mutex);
    int code = real_ftruncate64(fd, len);
    if (code == 0 && is_ours(fd, KIND_FILE))
        note((struct disk_event_head){.type = DISK_RESIZE,
                                      .file = fds[fd].file,
                                      .offset = (uint64_t)len},
             NULL, 0);
    pthread_mutex_unlock(&recorder.mutex);
    return code;
}

int ftruncate(int fd, off_t len)
{
    return ftruncate64(fd, len);
}

int posix_fallocate64(int fd, off64_t offset, off64_t len)
{
    struct stat about = {0};
    pthread_mutex_lock(&recorder.mutex);
    int code = real_posix_fallocate64(fd, offset, len);
    if (code == 0 && is_ours(fd, KIND_FILE) && fstat(fd, &about) == 0)
        note((struct disk_event_head){.type = DISK_RESIZE,
                                      .file = fds[fd].file,
                                      .offset = (uint64_t)about.st_size},
             NULL, 0);
    pthread_mutex_unlock(&recorder.mutex);
    return code;
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
    return posix_fallocate64(fd, offset, len);
}

/* --- making durable --- */

static int sync_any(int fd, int (*real)(int fd))
{
    pthread_mutex_lock(&recorder.mutex);
    int code = real(fd);
    if (code == 0 && !recorder.swallows && is_ours(fd, KIND_FILE))
        note((struct disk_event_head){.type = DISK_SYNC, .file = fds[fd].file}, NULL, 0);
    if (code == 0 && !recorder.swallows && is_ours(fd, KIND_FOLDER))
        note_bytes((struct disk_event_head){.type = DISK_SYNC_FOLDER}, fds[fd].path,
                   strlen(fds[fd].path));
    pthread_mutex_unlock(&recorder.mutex);
    return code;
}

int fsync(int fd)
{
    return sync_any(fd, real_fsync);
}

int fdatasync(int fd)
{
    return sync_any(fd, real_fdatasync);
}

int mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
    return real_mdb_env_open(env, path, recorder.has_nosync ? flags | MDB_NOSYNC : flags, mode);
}

/* --- names --- */

static void note_names(enum disk_event_type type, const char *first, const char *second)
{
    char both[4 * PATH_MAX];
    const char *from = within(first), *to = second == NULL ? "" : within(second);
    if (recorder.folder == NULL || from == NULL || to == NULL)
        return;
    int len = snprintf(both, sizeof both, "%s%c%s", from, 0, to);
    note_bytes((struct disk_event_head){.type = (uint32_t)type}, both,
               second == NULL ? strlen(from) : (size_t)len + 1);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    char first[2 * PATH_MAX], second[2 * PATH_MAX];
    pthread_mutex_lock(&recorder.mutex);
    absolute(from_folder, from, first);
    absolute(to_folder, to, second);
    int code = real_renameat(from_folder, from, to_folder, to);
    if (code == 0)
        note_names(DISK_RENAME, first, second);
    pthread_mutex_unlock(&recorder.mutex);
    return code;
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int folder, const char *path, int flags)
{
    char name[2 * PATH_MAX];
    pthread_mutex_lock(&recorder.mutex);
    absolute(folder, path, name);
    int code = real_unlinkat(folder, path, flags);
    if (code == 0)
        note_names(DISK_UNLINK, name, NULL);
    pthread_mutex_unlock(&recorder.mutex);
    return code;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    char name[2 * PATH_MAX];
    pthread_mutex_lock(&recorder.mutex);
    absolute(folder, path, name);
    int code = real_mkdirat(folder, path, mode);
    if (code == 0)
        note_names(DISK_FOLDER, name, NULL);
    pthread_mutex_unlock(&recorder.mutex);
    return code;
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}
