/* Checks in a child of their own, because a damaged map kills whoever reads it. */
#ifndef PHAROS_TESTS_DISK_GUARD_H
#define PHAROS_TESTS_DISK_GUARD_H

/* What a check came to; the child's exit code. */
enum disk_code {
    DISK_WELL,
    DISK_WRONG,
    DISK_BROKEN, /* the check itself, as by disk_die */
    DISK_LOST,   /* something that was acknowledged isn't there */
    DISK_REFUSED,
    DISK_SIGNALLED = 128, /* and above: plus the signal's number (SIGALRM: it took too long) */
};

/* What the child says goes into the file `said`, stdout and stderr alike. DISK_BROKEN ends the
 * harness. */
int disk_guard(const char *said, enum disk_code (*check)(void *impl), void *impl);

/* Prints what was said, and the signal. */
void disk_guard_tell(const char *said, int code);

#endif
