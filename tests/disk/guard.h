/* Checks in a child of their own, because a damaged map kills whoever reads it. */
#ifndef PHAROS_TESTS_DISK_GUARD_H
#define PHAROS_TESTS_DISK_GUARD_H

#include <stdbool.h>

#define DISK_SIGNALLED 128

/* What the child says goes into the file `said`, stdout and stderr alike. 0: all is well; 1: it is
 * not; DISK_SIGNALLED + the number of the signal that ended it (SIGALRM: it took too long); any other
 * code is one that the check itself ended with. A child that ends as disk_die does ends the harness. */
int disk_guard(const char *said, bool (*check)(void *impl), void *impl);

/* Prints what was said, and the signal. */
void disk_guard_tell(const char *said, int code);

#endif
