/* The journal's file: read from its beginning, then appended to, one frame at a time. One process
 * owns it, one thread at a time uses it. */
#ifndef PHAROS_STORE_JOURNAL_FILE_H
#define PHAROS_STORE_JOURNAL_FILE_H

#include "pharos/log.h"
#include "store/journal.h"

#define PH_JOURNAL_PATH_MAX 4096

struct ph_journal {
    int fd; /* -1: none */
    char path[PH_JOURNAL_PATH_MAX];
    const struct ph_log_sink *log; /* borrowed; may be NULL */
    /* Frames up to here are kept: what is appended goes behind them. */
    struct ph_journal_mark mark;
    uint64_t len;
    /* A frame behind that, durable, not kept yet. */
    struct ph_journal_mark appended;
    uint64_t appended_len;
    bool has_appended;
    bool is_broken; /* what the disk holds is not known any more */
};

#define PH_JOURNAL_CLOSED ((struct ph_journal){.fd = -1})

/* PH_NOT_FOUND: there is none. PH_CORRUPT: it doesn't begin with the title. PH_IO. Stands before
 * the first frame then; read on with ph_journal_read. */
PH_MUST_USE enum ph_status ph_journal_open(struct ph_journal *journal, const char *path,
                                           const struct ph_log_sink *log);
/* A new file beside the old one, which takes its place with ph_journal_adopt. */
PH_MUST_USE enum ph_status ph_journal_create(struct ph_journal *journal, const char *path,
                                             const struct ph_log_sink *log);
/* Durably: what is at `path` now, if anything, becomes PATH.damaged-N, and the new file takes its
 * place. */
PH_MUST_USE enum ph_status ph_journal_adopt(struct ph_journal *journal);
void ph_journal_close(struct ph_journal *journal);

/* Make durable whatever the file holds: it may come from a process that was killed. */
PH_MUST_USE enum ph_status ph_journal_sync(const struct ph_journal *journal);

/* Behind what is kept, and durable. `frame`: room for a head, then the payload.
 * PH_NO_SPACE: nothing is there. PH_IO: unknown what is. */
PH_MUST_USE enum ph_status ph_journal_append(struct ph_journal *journal, uint8_t *frame,
                                             size_t payload_len);
void ph_journal_keep(struct ph_journal *journal);
/* Take back, durably, what was appended and not kept; also what lies behind the frames kept, as
 * after a power cut. PH_IO: unknown what is there. */
PH_MUST_USE enum ph_status ph_journal_withdraw(struct ph_journal *journal);

/* Reading, in order. `journal`'s mark and length follow. */
struct ph_journal_reader {
    struct ph_journal *journal;
    uint8_t *buffer; /* owned */
    size_t size, len, at;
    uint64_t file_len; /* as it was when reading began */
};
PH_MUST_USE enum ph_status ph_journal_read_from(struct ph_journal_reader *reader,
                                                struct ph_journal *journal,
                                                const struct ph_journal_mark *mark, uint64_t len);
/* The payload borrows until the next call. PH_NOT_FOUND: the file ends here. PH_PARTIAL: it ends
 * within a frame. PH_CORRUPT: what is there is no frame that follows. PH_IO, PH_NO_MEMORY. */
PH_MUST_USE enum ph_status ph_journal_read(struct ph_journal_reader *reader,
                                           struct ph_bytes *payload);
void ph_journal_read_end(struct ph_journal_reader *reader); /* zeroed is fine */

#endif
