/* A school's home, opened in this process as the program opens it, and what it is known to have
 * said: its acknowledged entries and records. What a workload acknowledges, a checker looks for. */
#ifndef PHAROS_TESTS_DISK_SCHOOL_H
#define PHAROS_TESTS_DISK_SCHOOL_H

#include <stdbool.h>

#include "proto/entry.h"
#include "tests/disk/guard.h"
#include "tools/session.h"

/* One entry that others may know of. */
struct disk_known {
    struct ph_writer_id writer;
    uint32_t seq;
    struct ph_entry_id id;
};

/* What disk_memory_take reads, with a line feed. */
#define DISK_KNOWN_LINE_SIZE 160
void disk_known_line(const struct disk_known *entry, char out[DISK_KNOWN_LINE_SIZE]);

struct disk_memory {
    struct disk_known *entries; /* to free */
    size_t entry_count;
    char (*records)[33]; /* ids in hex; to free */
    size_t record_count;
    bool is_made;    /* the home itself */
    bool is_founded; /* its network */
};
void disk_memory_free(struct disk_memory *memory);
void disk_memory_copy(struct disk_memory *to, const struct disk_memory *from);
/* One line of what a workload says: "made", "founded", "entry WRITER SEQ ID", "record ID". */
void disk_memory_take(struct disk_memory *memory, const char *line);

/* As `pharos init`; false: it says why on stderr. */
bool disk_school_make(const char *home);
/* NULL: it says why on stderr. */
struct ph_session *disk_school_open(const char *home);
int disk_school_close(struct ph_session *session);
bool disk_school_found(struct ph_session *session); /* network new */
/* A new plan, or a change to one that is there; its id into `id`. */
bool disk_school_write(struct ph_session *session, const char *title, char id[33]);
bool disk_school_change(struct ph_session *session, const char *id, const char *title);

/* Calls `take`, if there is one, for each entry of each log that isn't in `memory` yet, and adds it
 * there. False: the store can't be read. */
bool disk_school_learn(struct ph_session *session, struct disk_memory *memory,
                       void (*take)(const struct disk_known *entry));

uint64_t disk_school_record_count(struct ph_session *session); /* that are shown */

/* Closes it after a check: `code`, or DISK_WRONG if that is what goes wrong. */
enum disk_code disk_school_end(struct ph_session *session, enum disk_code code);

/* Whether all that is remembered is there, no entry has another one's place, and everything
 * verifies. If not, it says why in one sentence on stdout: DISK_LOST or DISK_WRONG. */
enum disk_code disk_school_check(struct ph_session *session, const struct disk_memory *memory);

#endif
