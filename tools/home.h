/* A school's home folder: its keys, its store, the lock and what else one installation needs.
 *
 *     school.key   the school's signing seed and name; certifies writers, votes
 *     writer.key   this installation's signing and transport secrets
 *     store/       the database
 *     journal      what nobody else could give back, once more (store/README.md)
 *     closed       how the database was left by an orderly end; missing while a process uses it
 *     lock         held by the one process that uses the store; its pid is inside
 *     control      the Unix socket of a running node
 *     listening    where a running node listens
 *     config       settings, written by people (config.h)
 *
 * The folder is 0700 and the files 0600; wider ones are refused. Functions that return a status
 * other than PH_OK have written one plain sentence to `why`. */
#ifndef PHAROS_TOOLS_HOME_H
#define PHAROS_TOOLS_HOME_H

#include "node/node.h"

#include <stdbool.h>
#include <sys/types.h>

#define PH_HOME_PATH_MAX 3500 /* bytes, so that names within it stay below the system's limit */
#define PH_WHY_SIZE 1024

struct ph_home {
    char path[PH_HOME_PATH_MAX + 1]; /* absolute */
    int fd;                          /* the folder; -1: not open */
    int lock_fd;                     /* -1: not locked */
};

#define PH_HOME_CLOSED ((struct ph_home){.fd = -1, .lock_fd = -1})

/* Which folder: `flag` if given, else $PHAROS_HOME, else pharos in $XDG_DATA_HOME or
 * ~/.local/share. */
PH_MUST_USE enum ph_status ph_home_find(const char *flag, struct ph_home *home,
                                        char why[PH_WHY_SIZE]);

/* Make the folder and fresh keys for a school of this name. `school` gets its id. PH_REFUSED where
 * there is one already; nothing is changed then. Leaves the home open and locked. */
PH_MUST_USE enum ph_status ph_home_make(struct ph_home *home, const char *name,
                                        struct ph_school_id *school, char why[PH_WHY_SIZE]);
/* Open a home that exists, and refuse one that others can look into. */
PH_MUST_USE enum ph_status ph_home_open(struct ph_home *home, char why[PH_WHY_SIZE]);
void ph_home_close(struct ph_home *home); /* unlocks, too */

/* PH_WAITING: another process holds it; `holder` is its pid, or 0 if that can't be read. */
PH_MUST_USE enum ph_status ph_home_lock(struct ph_home *home, pid_t *holder, char why[PH_WHY_SIZE]);

/* Small private files in the home. `*len` is the size of `out` before and the file's length after.
 * PH_NOT_FOUND (without `why`): there is none. PH_LIMIT: it is longer. Writing is durable, and
 * whole or not at all. */
PH_MUST_USE enum ph_status ph_home_read(const struct ph_home *home, const char *name, void *out,
                                        size_t *len, char why[PH_WHY_SIZE]);
PH_MUST_USE enum ph_status ph_home_write(const struct ph_home *home, const char *name,
                                         struct ph_bytes bytes, char why[PH_WHY_SIZE]);
/* Durably gone, or never there. */
PH_MUST_USE enum ph_status ph_home_remove_durably(const struct ph_home *home, const char *name,
                                                  char why[PH_WHY_SIZE]);
void ph_home_remove(const struct ph_home *home, const char *name);

/* One plain sentence into `why`; gives back `status`. */
__attribute__((format(printf, 3, 4))) enum ph_status
ph_home_say(char why[PH_WHY_SIZE], enum ph_status status, const char *format, ...);

#endif
