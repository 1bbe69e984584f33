/* A recording of what a process did to the files of one folder: events one after the other, each a
 * head and its bytes. Written by recorder.c inside the recorded process, read by recording.c. */
#ifndef PHAROS_TESTS_DISK_EVENT_H
#define PHAROS_TESTS_DISK_EVENT_H

#include <stdint.h>

enum disk_event_type {
    DISK_WRITE = 1,   /* bytes at `offset` of `file` */
    DISK_RESIZE,      /* of `file` to `offset` bytes */
    DISK_SYNC,        /* all that was done to `file` before */
    DISK_NAME,        /* bytes: a path within the folder that now names `file`; a new file */
    DISK_RENAME,      /* bytes: old path, 0, new path, 0 */
    DISK_UNLINK,      /* bytes: a path */
    DISK_FOLDER,      /* bytes: path of a new folder */
    DISK_SYNC_FOLDER, /* bytes: path of the folder; empty: the recorded one itself */
    DISK_MARK,        /* bytes: what the process said on its stdout */
};

/* The write is durable when it returns, though those before it may not be. */
#define DISK_IS_DURABLE 1u

struct disk_event_head {
    uint32_t type;
    uint32_t flags;
    uint64_t file; /* inode number */
    uint64_t offset;
    uint64_t len; /* of the bytes that follow */
};

#endif
