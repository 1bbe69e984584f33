/* The journal's form: an append-only file of frames beside the store, with what nobody else could
 * give back (README.md: "Journal"). Pure: bytes in, bytes out; journal_file.h reads and writes the file.
 *
 *   file     "pharos journal 1" || frame || frame ...
 *   frame    payload length 4 || number 8 || chain 32 || payload
 *   chain    H_journal(chain of the frame before, zeros at first || length || number || payload)
 *   payload  one or more changes: type 1 || name length 1 || value length 4 || name || value
 *
 * Integers are big-endian. Frames are numbered from 1. */
#ifndef PHAROS_STORE_JOURNAL_H
#define PHAROS_STORE_JOURNAL_H

#include "pharos/bytes.h"
#include "pharos/id.h"
#include "pharos/status.h"

#define PH_JOURNAL_TITLE "pharos journal 1"
#define PH_JOURNAL_TITLE_LEN 16
#define PH_JOURNAL_HEAD_LEN 44
#define PH_JOURNAL_CHANGE_HEAD_LEN 6

/* A place between frames: the number and chain of the one before it; zeros at the beginning. */
struct ph_journal_mark {
    uint64_t number;
    struct ph_hash chain;
};
#define PH_JOURNAL_MARK_LEN 40
void ph_journal_mark_encode(const struct ph_journal_mark *mark, uint8_t out[PH_JOURNAL_MARK_LEN]);
/* PH_CORRUPT: not of that form. */
PH_MUST_USE enum ph_status ph_journal_mark_decode(struct ph_bytes value,
                                                  struct ph_journal_mark *out);

/* The frame that begins `input` and follows on `before`, which moves on; `payload` borrows.
 * PH_PARTIAL: `input` ends within it. PH_CORRUPT: no frame that follows there. */
PH_MUST_USE enum ph_status ph_journal_parse(struct ph_bytes input, struct ph_journal_mark *before,
                                            struct ph_bytes *payload);
/* Fill in the head of a frame: `frame` holds room for it, then the payload. `mark` moves on. */
void ph_journal_seal(uint8_t *frame, size_t payload_len, struct ph_journal_mark *mark);

enum ph_journal_type {
    PH_JOURNAL_META = 1,  /* name, value */
    PH_JOURNAL_FACT = 2,  /* as received */
    PH_JOURNAL_LOG = 3,   /* a log is opened: writer 32 || school 32 || certify fact 32 */
    PH_JOURNAL_ENTRY = 4, /* an own entry, as it is stored (entries.h) */
};
#define PH_JOURNAL_LOG_LEN 96

/* Views borrow. */
struct ph_journal_change {
    enum ph_journal_type type;
    struct ph_bytes name;
    struct ph_bytes value;
};

/* The change at `*at`, which begins with 0 and moves on. PH_NOT_FOUND: no more. PH_CORRUPT: what is
 * there is no change. */
PH_MUST_USE enum ph_status ph_journal_next(struct ph_bytes payload, size_t *at,
                                           struct ph_journal_change *out);
size_t ph_journal_change_len(const struct ph_journal_change *change);
void ph_journal_put(struct ph_buffer *out, const struct ph_journal_change *change);

#endif
