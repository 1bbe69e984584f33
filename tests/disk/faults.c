/* Preloaded into a process: lets one of its calls fail, the n-th one, or all from there on.
 *
 *     FAULT_COUNT   a file of 8 bytes where calls are counted: it is set to zero by whoever looks
 *     FAULT_CALLS   "files": writes, syncs and sizes of files; "memory": malloc, calloc, realloc
 *     FAULT_AT      n, from 1; 0: none, calls are only counted
 *     FAULT_ON=1    from the n-th on
 *     FAULT_ERRNO   what a call on a file fails with; 0: a write writes half, then goes on well */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/disk/real.h"

enum calls { CALLS_NONE, CALLS_FILES, CALLS_MEMORY };

static struct {
    enum calls calls;
    uint64_t at;
    bool goes_on;
    int code;
    _Atomic uint64_t *count;
} fault;

REAL(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len))
REAL(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
REAL(ssize_t, pwrite64, (int fd, const void *bytes, size_t len, off64_t offset),
     (fd, bytes, len, offset))
REAL(ssize_t, pwritev64, (int fd, const struct iovec *parts, int count, off64_t offset),
     (fd, parts, count, offset))
REAL(int, fsync, (int fd), (fd))
REAL(int, fdatasync, (int fd), (fd))
REAL(int, ftruncate64, (int fd, off64_t len), (fd, len))

/* glibc's own; dlsym would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static uint64_t number_of(const char *name)
{
    const char *text = getenv(name);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAULT_COUNT"), *calls = getenv("FAULT_CALLS");
    int fd = path == NULL || calls == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *fault.count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return;
    fault.count = map;
    fault.at = number_of("FAULT_AT");
    fault.goes_on = number_of("FAULT_ON") != 0;
    fault.code = (int)number_of("FAULT_ERRNO");
    fault.calls = strcmp(calls, "files") == 0 ? CALLS_FILES : CALLS_MEMORY;
}

static bool is_hit(enum calls calls)
{
    if (fault.calls != calls)
        return false;
    uint64_t number = atomic_fetch_add(fault.count, 1) + 1;
    return fault.at != 0 && (number == fault.at || (fault.goes_on && number > fault.at));
}

static bool is_file_hit(int fd)
{
    struct stat about;
    if (fault.calls != CALLS_FILES || fstat(fd, &about) != 0)
        return false;
    return (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)) && is_hit(CALLS_FILES);
}

static int fail(void)
{
    errno = fault.code != 0 ? fault.code : EIO;
    return -1;
}

/* --- files --- */

ssize_t write(int fd, const void *bytes, size_t len)
{
    if (!is_file_hit(fd))
        return real_write(fd, bytes, len);
    return fault.code != 0 || len < 2 ? fail() : real_write(fd, bytes, len / 2);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
    if (!is_file_hit(fd))
        return real_pwrite64(fd, bytes, len, offset);
    return fault.code != 0 || len < 2 ? fail() : real_pwrite64(fd, bytes, len / 2, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    return pwrite64(fd, bytes, len, offset);
}

/* Half of the first part. */
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (!is_file_hit(fd))
        return real_writev(fd, parts, count);
    return fault.code != 0 ? fail() : real_write(fd, parts[0].iov_base, parts[0].iov_len / 2);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    if (!is_file_hit(fd))
        return real_pwritev64(fd, parts, count, offset);
    return fault.code != 0 ? fail()
                           : real_pwrite64(fd, parts[0].iov_base, parts[0].iov_len / 2, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return pwritev64(fd, parts, count, offset);
}

int fsync(int fd)
{
    return is_file_hit(fd) ? fail() : real_fsync(fd);
}

int fdatasync(int fd)
{
    return is_file_hit(fd) ? fail() : real_fdatasync(fd);
}

int ftruncate64(int fd, off64_t len)
{
    return is_file_hit(fd) ? fail() : real_ftruncate64(fd, len);
}

int ftruncate(int fd, off_t len)
{
    return ftruncate64(fd, len);
}

/* --- memory --- */

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return is_hit(CALLS_MEMORY) ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return is_hit(CALLS_MEMORY) ? no_memory() : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return is_hit(CALLS_MEMORY) ? no_memory() : __libc_realloc(old, size);
}
