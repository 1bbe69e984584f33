#include "tools/home.h"

#include "tools/home_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum ph_status ph_home_say(char why[PH_WHY_SIZE], enum ph_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, PH_WHY_SIZE, format, arguments);
    va_end(arguments);
    return status;
}

/* --- which folder --- */

static enum ph_status set_path(struct ph_home *home, const char *first, const char *second,
                               char why[PH_WHY_SIZE])
{
    char absolute[PATH_MAX] = "";
    if (first[0] != '/' && getcwd(absolute, sizeof absolute - 2) == NULL)
        return ph_home_say(why, PH_IO, "The current folder can't be told: %s.", strerror(errno));
    if (first[0] != '/')
        memcpy(absolute + strlen(absolute), "/", 2);
    int len = snprintf(home->path, sizeof home->path, "%s%s%s", absolute, first, second);
    if (len < 0 || (size_t)len >= sizeof home->path)
        return ph_home_say(why, PH_REFUSED, "The path of the home folder is too long.");
    return PH_OK;
}

enum ph_status ph_home_find(const char *flag, struct ph_home *home, char why[PH_WHY_SIZE])
{
    const char *variable = getenv("PHAROS_HOME");
    const char *data = getenv("XDG_DATA_HOME");
    const char *user = getenv("HOME");
    *home = PH_HOME_CLOSED;
    if (flag != NULL && flag[0] == 0)
        return ph_home_say(why, PH_REFUSED, "--home needs a folder.");
    if (flag != NULL)
        return set_path(home, flag, "", why);
    if (variable != NULL && variable[0] != 0)
        return set_path(home, variable, "", why);
    if (data != NULL && data[0] == '/')
        return set_path(home, data, "/pharos", why);
    if (user != NULL && user[0] == '/')
        return set_path(home, user, "/.local/share/pharos", why);
    return ph_home_say(why, PH_REFUSED, "Say where the school's home folder is: --home DIR.");
}

/* --- folders and permissions --- */

static enum ph_status check_private(const struct stat *info, const struct ph_home *home,
                                    const char *name, char why[PH_WHY_SIZE])
{
    if (info->st_uid != geteuid())
        return ph_home_say(why, PH_REFUSED, "%.400s%s belongs to another user.", home->path, name);
    if ((info->st_mode & 077) != 0)
        return ph_home_say(why, PH_REFUSED,
                           "Others can open %.400s%s: make it private with chmod %s %.400s%s",
                           home->path, name, name[0] == 0 ? "700" : "600", home->path, name);
    return PH_OK;
}

static enum ph_status open_folder(struct ph_home *home, char why[PH_WHY_SIZE])
{
    struct stat info;
    int fd = open(home->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ph_home_say(why, errno == ENOENT ? PH_NOT_FOUND : PH_IO,
                           "The home folder %.250s can't be opened: %s.", home->path,
                           strerror(errno));
    enum ph_status status = PH_OK;
    if (fstat(fd, &info) != 0)
        status =
            ph_home_say(why, PH_IO, "The home folder can't be looked at: %s.", strerror(errno));
    else
        status = check_private(&info, home, "", why);
    if (status == PH_OK)
        home->fd = fd;
    else
        close(fd);
    return status;
}

/* Like mkdir -p, with every new folder private. */
static enum ph_status make_folders(const struct ph_home *home, char why[PH_WHY_SIZE])
{
    char path[PH_HOME_PATH_MAX + 1];
    snprintf(path, sizeof path, "%s", home->path);
    for (char *slash = path + 1; slash != NULL; slash++) {
        slash = strchr(slash, '/');
        if (slash != NULL)
            *slash = 0;
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return ph_home_say(why, PH_IO, "The folder %.250s can't be made: %s.", path,
                               strerror(errno));
        if (slash == NULL)
            break;
        *slash = '/';
    }
    return PH_OK;
}

/* --- small files --- */

static enum ph_status read_all(int fd, void *out, size_t *len)
{
    size_t total = 0;
    while (total < *len) {
        ssize_t got = read(fd, (uint8_t *)out + total, *len - total);
        if (got < 0)
            return PH_IO;
        if (got == 0)
            break;
        total += (size_t)got;
    }
    *len = total;
    return PH_OK;
}

enum ph_status ph_home_read(const struct ph_home *home, const char *name, void *out, size_t *len,
                            char why[PH_WHY_SIZE])
{
    char slashed[64];
    struct stat info;
    size_t size = *len;
    snprintf(slashed, sizeof slashed, "/%s", name);
    int fd = openat(home->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return PH_NOT_FOUND;
    if (fd < 0)
        return ph_home_say(why, PH_IO, "%.250s/%s can't be opened: %s.", home->path, name,
                           strerror(errno));
    enum ph_status status = PH_OK;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        status = ph_home_say(why, PH_REFUSED, "%.250s/%s is not a plain file.", home->path, name);
    else if ((status = check_private(&info, home, slashed, why)) == PH_OK)
        status = read_all(fd, out, len);
    if (status == PH_IO)
        ph_home_say(why, PH_IO, "%.250s/%s can't be read: %s.", home->path, name, strerror(errno));
    else if (status == PH_OK && (size_t)info.st_size > size)
        status = ph_home_say(why, PH_LIMIT, "%.250s/%s is too long.", home->path, name);
    close(fd);
    return status;
}

static bool write_all(int fd, struct ph_bytes bytes)
{
    while (bytes.len != 0) {
        ssize_t put = write(fd, bytes.data, bytes.len);
        if (put < 0)
            return false;
        bytes = ph_bytes(bytes.data + put, bytes.len - (size_t)put);
    }
    return fsync(fd) == 0;
}

enum ph_status ph_home_write(const struct ph_home *home, const char *name, struct ph_bytes bytes,
                             char why[PH_WHY_SIZE])
{
    char fresh[64];
    snprintf(fresh, sizeof fresh, "%s.new", name);
    unlinkat(home->fd, fresh, 0);
    int fd = openat(home->fd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_written = fd >= 0 && write_all(fd, bytes);
    if (fd >= 0)
        is_written = close(fd) == 0 && is_written;
    if (is_written && renameat(home->fd, fresh, home->fd, name) == 0 && fsync(home->fd) == 0)
        return PH_OK;
    ph_home_say(why, PH_IO, "%.250s/%s can't be written: %s.", home->path, name, strerror(errno));
    unlinkat(home->fd, fresh, 0);
    return PH_IO;
}

enum ph_status ph_home_remove_durably(const struct ph_home *home, const char *name,
                                      char why[PH_WHY_SIZE])
{
    if (unlinkat(home->fd, name, 0) != 0 && errno == ENOENT)
        return PH_OK;
    if (faccessat(home->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && fsync(home->fd) == 0)
        return PH_OK;
    return ph_home_say(why, PH_IO, "%.250s/%s can't be removed: %s.", home->path, name,
                       strerror(errno));
}

void ph_home_remove(const struct ph_home *home, const char *name)
{
    unlinkat(home->fd, name, 0);
}

/* --- the lock --- */

static pid_t read_holder(int fd)
{
    char text[32] = "";
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    return len > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

enum ph_status ph_home_lock(struct ph_home *home, pid_t *holder, char why[PH_WHY_SIZE])
{
    char text[32];
    int fd = openat(home->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ph_home_say(why, PH_IO, "%.250s/lock can't be opened: %s.", home->path,
                           strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bool is_held = errno == EWOULDBLOCK;
        int reason = errno;
        *holder = read_holder(fd);
        close(fd);
        return is_held
                   ? ph_home_say(why, PH_WAITING, "Process %ld is using this home.", (long)*holder)
                   : ph_home_say(why, PH_IO, "%.250s/lock can't be locked: %s.", home->path,
                                 strerror(reason));
    }
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* Only to name ourselves to others: the lock holds without it. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        (void)fd;
    home->lock_fd = fd;
    unlinkat(home->fd, "listening", 0); /* of a node that was killed */
    return PH_OK;
}

/* --- life cycle --- */

static bool has_school(const struct ph_home *home)
{
    struct stat info;
    return fstatat(home->fd, PH_SCHOOL_FILE, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

enum ph_status ph_home_make(struct ph_home *home, const char *name, struct ph_school_id *school,
                            char why[PH_WHY_SIZE])
{
    pid_t holder;
    PH_TRY(ph_home_check_name(name, why));
    PH_TRY(make_folders(home, why));
    PH_TRY(open_folder(home, why));
    PH_TRY(ph_home_lock(home, &holder, why));
    if (has_school(home))
        return ph_home_say(why, PH_REFUSED, "%.250s is a school's home already.", home->path);
    if (mkdirat(home->fd, "store", 0700) != 0 && errno != EEXIST)
        return ph_home_say(why, PH_IO, "%.250s/store can't be made: %s.", home->path,
                           strerror(errno));
    return ph_home_make_keys(home, name, school, why);
}

enum ph_status ph_home_open(struct ph_home *home, char why[PH_WHY_SIZE])
{
    enum ph_status status = open_folder(home, why);
    bool is_missing = status == PH_NOT_FOUND || (status == PH_OK && !has_school(home));
    if (!is_missing)
        return status;
    return ph_home_say(why, PH_NOT_FOUND,
                       "%.250s is not a school's home yet: pharos init --school NAME.", home->path);
}

void ph_home_close(struct ph_home *home)
{
    if (home->lock_fd >= 0)
        close(home->lock_fd);
    if (home->fd >= 0)
        close(home->fd);
    home->fd = home->lock_fd = -1;
}
