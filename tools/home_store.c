#include "tools/home_store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLOSED_FILE "closed"
#define DATA_FILE "store/data.mdb"
#define DAMAGED_MAX 1000000
/* Reading takes about 1 s for 100 MB; a tree of pages that leads back to itself takes for ever. */
#define CHECK_S_MIN 60
#define CHECK_BYTES_PER_S ((off_t)1024 * 1024)

/* --- the child --- */

static void check(const char *path, struct ph_store_check *out)
{
    char why[200] = "";
    struct ph_store *store = NULL;
    const struct ph_store_options options = {.path = path, .is_read_only = true};
    out->status = ph_store_open(&options, &store, why);
    if (out->status ==
        PH_WAITING) { /* of an earlier version: it is not worth more than opening it */
        out->status = PH_OK;
        return;
    }
    snprintf(out->why, sizeof out->why, "%s", why);
    if (out->status != PH_OK)
        return;
    out->status = ph_store_verify(store, &out->report);
    out->is_complete = out->status == PH_OK || out->report.damage_count != 0;
    if (out->status != PH_OK)
        snprintf(out->why, sizeof out->why, "%s",
                 out->report.damage[0] != 0 ? out->report.damage : ph_status_text(out->status));
    ph_store_close(store);
}

/* Bounds what a damaged file can do to a process: its time, its core dump, its last words. */
static void confine(off_t file_len)
{
    rlim_t s = CHECK_S_MIN + (rlim_t)(file_len / CHECK_BYTES_PER_S);
    const struct rlimit time = {.rlim_cur = s, .rlim_max = s + 1};
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    static const int deadly[] = {SIGBUS, SIGSEGV, SIGABRT, SIGFPE, SIGILL};
    int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        signal(deadly[i], SIG_DFL);
    (void)setrlimit(RLIMIT_CPU, &time);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (null_fd >= 0)
        (void)dup2(null_fd, STDERR_FILENO);
}

static bool write_all(int fd, const void *data, size_t len)
{
    const uint8_t *next = data;
    while (len != 0) {
        ssize_t put = write(fd, next, len);
        if (put <= 0)
            return false;
        next += put;
        len -= (size_t)put;
    }
    return true;
}

static bool read_all(int fd, void *out, size_t len)
{
    uint8_t *next = out;
    while (len != 0) {
        ssize_t got = read(fd, next, len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        next += got;
        len -= (size_t)got;
    }
    return true;
}

/* No environment is open in this process, and no thread but this one needs anything of the
 * child. */
static pid_t start(const char *path, off_t file_len, int ends[2])
{
    static struct ph_store_check result;
    if (pipe(ends) != 0)
        return -1;
    pid_t pid = fork();
    int reason = errno;
    if (pid != 0)
        close(ends[1]);
    if (pid < 0)
        close(ends[0]);
    errno = reason;
    if (pid != 0)
        return pid;
    close(ends[0]);
    confine(file_len);
    result = (struct ph_store_check){.status = PH_OK};
    check(path, &result);
    _exit(write_all(ends[1], &result, sizeof result) ? 0 : 1);
}

static void judge_end(int how, struct ph_store_check *out)
{
    int number = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    bool is_damage = number == SIGBUS || number == SIGSEGV || number == SIGABRT ||
                     number == SIGFPE || number == SIGILL || number == SIGXCPU;
    *out = (struct ph_store_check){.status = is_damage ? PH_CORRUPT : PH_IO};
    if (number == SIGXCPU)
        snprintf(out->why, sizeof out->why, "The database is damaged: reading it does not end.");
    else if (is_damage)
        snprintf(out->why, sizeof out->why,
                 "The database is damaged: reading it ends the process that does (%s).",
                 strsignal(number));
    else
        snprintf(out->why, sizeof out->why, "The database can't be verified: %s.",
                 number != 0 ? strsignal(number) : "the process that does it failed");
}

void ph_home_check_store(const struct ph_home *home, struct ph_store_check *out)
{
    char path[PH_HOME_PATH_MAX + 16];
    struct stat about;
    int ends[2], how = 0;
    *out = (struct ph_store_check){.status = PH_OK, .is_complete = true};
    if (fstatat(home->fd, DATA_FILE, &about, 0) != 0 || about.st_size == 0)
        return;
    snprintf(path, sizeof path, "%s/store", home->path);
    pid_t pid = start(path, about.st_size, ends);
    if (pid < 0) {
        out->status = PH_IO;
        snprintf(out->why, sizeof out->why, "The database can't be verified: %s.", strerror(errno));
        return;
    }
    bool is_read = read_all(ends[0], out, sizeof *out);
    close(ends[0]);
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
        ;
    if (!is_read || !WIFEXITED(how))
        judge_end(how, out);
}

/* --- how it was left --- */

static size_t describe(const struct ph_home *home, char *out, size_t size)
{
    struct stat about;
    if (fstatat(home->fd, DATA_FILE, &about, 0) != 0)
        return 0;
    int len = snprintf(out, size, "%lld bytes, changed at %lld.%09ld\n", (long long)about.st_size,
                       (long long)about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
    return (size_t)len;
}

static bool is_as_it_was_left(const struct ph_home *home)
{
    char left[128], now[128], why[PH_WHY_SIZE];
    size_t left_len = sizeof left;
    size_t now_len = describe(home, now, sizeof now);
    return now_len != 0 && ph_home_read(home, CLOSED_FILE, left, &left_len, why) == PH_OK &&
           ph_bytes_equal(ph_bytes(left, left_len), ph_bytes(now, now_len));
}

void ph_home_leave_store(const struct ph_home *home)
{
    char now[128], why[PH_WHY_SIZE];
    size_t len = describe(home, now, sizeof now);
    /* Without it the next start takes a little longer. */
    if (len == 0 || ph_home_write(home, CLOSED_FILE, ph_bytes(now, len), why) != PH_OK)
        ph_home_remove(home, CLOSED_FILE);
}

/* --- setting aside --- */

static enum ph_status fail(const struct ph_home *home, char why[PH_WHY_SIZE])
{
    return ph_home_say(why, errno == ENOSPC ? PH_NO_SPACE : PH_IO,
                       "The damaged database in %.250s can't be set aside: %s.", home->path,
                       strerror(errno));
}

enum ph_status ph_home_set_store_aside(const struct ph_home *home, const struct ph_log_sink *log,
                                       char why[PH_WHY_SIZE])
{
    char name[40] = "";
    struct stat about;
    for (unsigned i = 1; i < DAMAGED_MAX; i++) {
        snprintf(name, sizeof name, "store.damaged-%u", i);
        if (fstatat(home->fd, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
            break;
    }
    if (renameat(home->fd, "store", home->fd, name) != 0 && errno != ENOENT)
        return fail(home, why);
    if (mkdirat(home->fd, "store", 0700) != 0 || fsync(home->fd) != 0)
        return fail(home, why);
    ph_log(log, PH_LOG_ERROR,
           "The database of this home was damaged. It is kept as %s; what this school wrote comes "
           "back from the journal, the rest from other schools.",
           name);
    return PH_OK;
}

/* A folder that a power cut, or somebody, took away. */
static enum ph_status make_folder(const struct ph_home *home, char why[PH_WHY_SIZE])
{
    if (mkdirat(home->fd, "store", 0700) != 0 && errno != EEXIST)
        return ph_home_say(why, PH_IO, "%.250s/store can't be made: %s.", home->path,
                           strerror(errno));
    return PH_OK;
}

static enum ph_status check_and_settle(const struct ph_home *home, const struct ph_log_sink *log,
                                       struct ph_store_arrival *out, char why[PH_WHY_SIZE])
{
    static struct ph_store_check found;
    ph_home_check_store(home, &found);
    out->was_checked = true;
    if (found.status == PH_OK)
        return PH_OK;
    if (found.status != PH_CORRUPT)
        return ph_home_say(why, found.status, "%s", found.why);
    ph_log(log, PH_LOG_ERROR, "%s", found.why);
    out->is_set_aside = true;
    return ph_home_set_store_aside(home, log, why);
}

enum ph_status ph_home_take_store(const struct ph_home *home, const struct ph_log_sink *log,
                                  struct ph_store_arrival *out, char why[PH_WHY_SIZE])
{
    *out = (struct ph_store_arrival){.was_checked = false};
    PH_TRY(make_folder(home, why));
    if (!is_as_it_was_left(home))
        PH_TRY(check_and_settle(home, log, out, why));
    return ph_home_remove_durably(home, CLOSED_FILE, why);
}
