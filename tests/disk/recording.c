#include "tests/disk/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/disk/files.h"

static struct disk_event next_event(const struct disk_recording *recording, size_t *at)
{
    struct disk_event event;
    if (recording->len - *at < sizeof event.head)
        disk_die("the recording ends in a head");
    memcpy(&event.head, recording->bytes + *at, sizeof event.head);
    *at += sizeof event.head;
    if (recording->len - *at < event.head.len)
        disk_die("the recording ends in an event");
    event.bytes = recording->bytes + *at;
    *at += event.head.len;
    return event;
}

void disk_recording_read(struct disk_recording *recording, const char *path)
{
    size_t room = 0;
    *recording = (struct disk_recording){0};
    recording->bytes = disk_read_file(path, &recording->len);
    if (recording->bytes == NULL)
        disk_die("there is no recording %s", path);
    for (size_t at = 0; at < recording->len;) {
        if (recording->event_count == room) {
            room = 2 * room + 256;
            recording->events = disk_resize(recording->events, room * sizeof recording->events[0]);
        }
        recording->events[recording->event_count++] = next_event(recording, &at);
    }
}

void disk_recording_free(struct disk_recording *recording)
{
    free(recording->bytes);
    free(recording->events);
    *recording = (struct disk_recording){0};
}

bool disk_event_syncs(const struct disk_event *event)
{
    return event->head.type == DISK_SYNC || event->head.type == DISK_SYNC_FOLDER ||
           (event->head.type == DISK_WRITE && (event->head.flags & DISK_IS_DURABLE) != 0);
}
