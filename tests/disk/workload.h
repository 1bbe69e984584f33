/* A school at work for a while, in this process: what it has been acknowledged goes to stdout at
 * once, one line for each write call (school.h: disk_memory_take). The same seed does the same. */
#ifndef PHAROS_TESTS_DISK_WORKLOAD_H
#define PHAROS_TESTS_DISK_WORKLOAD_H

#include <stdint.h>

/* Makes the home if there is none, else goes on with it. Exit code 0, or 1 after a sentence. */
int disk_workload(const char *home, uint64_t seed);

#endif
