/* The database of a home before anybody opens it: a damaged one kills whoever maps it, so it is
 * read whole in a child process, unless it lies there as an orderly end left it; and one that is no
 * good is set aside. What it held comes back from the journal and from other schools. */
#ifndef PHAROS_TOOLS_HOME_STORE_H
#define PHAROS_TOOLS_HOME_STORE_H

#include "store/verify.h"
#include "tools/home.h"

struct ph_store_check {
    enum ph_status status; /* PH_OK: sound. PH_CORRUPT: damaged. Others: it could not be judged */
    bool is_complete;      /* it was read to its end: `report` says what was found */
    struct ph_verify_report report;
    char why[400]; /* one plain sentence, unless it is sound */
};
/* Read everything, check everything, in a child process; also beside a node that runs. No database
 * yet is a sound one. */
void ph_home_check_store(const struct ph_home *home, struct ph_store_check *out);

/* Before the store is opened, by whoever holds the lock: verifies it after an end that was not
 * orderly, sets a damaged one aside and notes that a process uses it. Nothing is mended in place:
 * pages that the damaged part names may be in use elsewhere. */
struct ph_store_arrival {
    bool was_checked, is_set_aside;
};
PH_MUST_USE enum ph_status ph_home_take_store(const struct ph_home *home,
                                              const struct ph_log_sink *log,
                                              struct ph_store_arrival *out, char why[PH_WHY_SIZE]);
/* The store becomes store.damaged-N, durably, and an empty folder takes its place. */
PH_MUST_USE enum ph_status ph_home_set_store_aside(const struct ph_home *home,
                                                   const struct ph_log_sink *log,
                                                   char why[PH_WHY_SIZE]);
/* After the store was closed in good order. */
void ph_home_leave_store(const struct ph_home *home);

#endif
