/* A recording read into memory, and the disk that it leaves behind when the power goes.
 *
 * The model. A file's writes and sizes are durable once that file has been synced (a write through
 * a descriptor with O_DSYNC: at once, alone); names, once their folder has been. What isn't durable
 * is there or not, each write for itself, in any combination, and a write may be torn: any of its
 * 512-byte sectors may lack. Where two writes that are there overlap, the later one wins, since a
 * page in memory holds the latest. Of the names that aren't durable a prefix is there, as journals
 * of file systems have it. Not modelled: a disk that forgets what it has synced, or alters what it
 * holds. */
#ifndef PHAROS_TESTS_DISK_RECORDING_H
#define PHAROS_TESTS_DISK_RECORDING_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/disk/event.h"

struct disk_event {
    struct disk_event_head head;
    const uint8_t *bytes; /* borrowed from the recording */
};

struct disk_recording {
    uint8_t *bytes;
    size_t len;
    struct disk_event *events;
    size_t event_count;
};

/* Ends the program if the file is not a recording. */
void disk_recording_read(struct disk_recording *recording, const char *path);
void disk_recording_free(struct disk_recording *recording);
/* Whether this event makes something durable. */
bool disk_event_syncs(const struct disk_event *event);

struct disk; /* as it is before the event that comes next */

/* With what the folder holds, all of it durable. */
struct disk *disk_new(const char *folder);
void disk_free(struct disk *disk);
void disk_step(struct disk *disk, const struct disk_event *event);
/* Writes and sizes of files that haven't been synced since. Those that aren't loose are durable all
 * the same. */
size_t disk_pending_count(const struct disk *disk);
bool disk_is_loose(const struct disk *disk, size_t index);
size_t disk_pending_name_count(const struct disk *disk);

/* What a power cut leaves of what isn't durable. */
struct disk_cut {
    const bool *is_kept;    /* for each pending write or size; of use for the loose ones */
    bool last_is_under_way; /* the latest of them is loose in any case */
    size_t name_count;      /* of the pending names */
    size_t torn;            /* index of the write that is torn; SIZE_MAX: none */
    uint64_t sectors;       /* of it: bit i is sector i modulo 64 */
};

/* Writes what is left into a folder, which is empty or holds an earlier image. */
void disk_write_image(const struct disk *disk, const struct disk_cut *cut, const char *folder);

#endif
