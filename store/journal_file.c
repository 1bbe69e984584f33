#include "store/journal_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pharos/limits.h"
#include "store/folder.h"

#define FILE_MODE 0600
#define WINDOW_LEN ((size_t)256 * 1024)
#define DAMAGED_MAX 1000000

static enum ph_status fail(struct ph_journal *journal, const char *what)
{
    ph_log(journal->log, PH_LOG_ERROR, "journal: %s: %s", what, strerror(errno));
    return PH_IO;
}

static bool set_path(struct ph_journal *journal, const char *path, const struct ph_log_sink *log)
{
    *journal = PH_JOURNAL_CLOSED;
    journal->log = log;
    int len = snprintf(journal->path, sizeof journal->path, "%s", path);
    return len > 0 && (size_t)len < sizeof journal->path - 32;
}

/* All of it, or PH_PARTIAL at the file's end. */
static enum ph_status read_at(struct ph_journal *journal, void *out, size_t *len, uint64_t at)
{
    size_t total = 0;
    while (total < *len) {
        ssize_t got = pread(journal->fd, (uint8_t *)out + total, *len - total, (off_t)(at + total));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(journal, "reading");
        if (got == 0)
            break;
        total += (size_t)got;
    }
    *len = total;
    return PH_OK;
}

/* Something else under this name is set aside like a damaged file. */
static enum ph_status open_status(struct ph_journal *journal)
{
    if (errno == ENOENT)
        return PH_NOT_FOUND;
    return errno == ELOOP || errno == EISDIR ? PH_CORRUPT : fail(journal, "opening");
}

enum ph_status ph_journal_open(struct ph_journal *journal, const char *path,
                               const struct ph_log_sink *log)
{
    char title[PH_JOURNAL_TITLE_LEN];
    size_t len = sizeof title;
    struct stat about;
    if (!set_path(journal, path, log))
        return PH_IO;
    journal->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (journal->fd < 0)
        return open_status(journal);
    if (fstat(journal->fd, &about) != 0)
        return fail(journal, path);
    if (!S_ISREG(about.st_mode))
        return PH_CORRUPT;
    PH_TRY(read_at(journal, title, &len, 0));
    if (!ph_bytes_equal(ph_bytes(title, len), ph_bytes_text(PH_JOURNAL_TITLE)))
        return PH_CORRUPT;
    journal->len = PH_JOURNAL_TITLE_LEN;
    return PH_OK;
}

/* A disk without room is told from one that fails; a short write is the former. */
static enum ph_status write_at(struct ph_journal *journal, const uint8_t *data, size_t len,
                               uint64_t at)
{
    while (len != 0) {
        ssize_t put = pwrite(journal->fd, data, len, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
            (void)fail(journal, "writing");
            return is_full ? PH_NO_SPACE : PH_IO;
        }
        data += put;
        len -= (size_t)put;
        at += (uint64_t)put;
    }
    return PH_OK;
}

enum ph_status ph_journal_sync(const struct ph_journal *journal)
{
    if (fdatasync(journal->fd) == 0)
        return PH_OK;
    ph_log(journal->log, PH_LOG_ERROR, "journal: syncing: %s", strerror(errno));
    return PH_IO;
}

static void fresh_path(const struct ph_journal *journal, char out[PH_JOURNAL_PATH_MAX])
{
    snprintf(out, PH_JOURNAL_PATH_MAX, "%.*s.new", (int)(PH_JOURNAL_PATH_MAX - 16), journal->path);
}

enum ph_status ph_journal_create(struct ph_journal *journal, const char *path,
                                 const struct ph_log_sink *log)
{
    char fresh[PH_JOURNAL_PATH_MAX];
    if (!set_path(journal, path, log))
        return PH_IO;
    fresh_path(journal, fresh);
    unlink(fresh);
    journal->fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (journal->fd < 0)
        return fail(journal, fresh);
    PH_TRY(write_at(journal, (const uint8_t *)PH_JOURNAL_TITLE, PH_JOURNAL_TITLE_LEN, 0));
    journal->len = PH_JOURNAL_TITLE_LEN;
    return ph_journal_sync(journal);
}

static enum ph_status set_aside(struct ph_journal *journal)
{
    char aside[PH_JOURNAL_PATH_MAX];
    struct stat about;
    for (unsigned i = 1; i < DAMAGED_MAX; i++) {
        snprintf(aside, sizeof aside, "%.*s.damaged-%u", (int)(sizeof aside - 32), journal->path,
                 i);
        if (lstat(aside, &about) == 0)
            continue;
        if (rename(journal->path, aside) != 0 && errno != ENOENT)
            return fail(journal, aside);
        return PH_OK;
    }
    return PH_IO;
}

enum ph_status ph_journal_adopt(struct ph_journal *journal)
{
    char fresh[PH_JOURNAL_PATH_MAX], folder[PH_JOURNAL_PATH_MAX];
    fresh_path(journal, fresh);
    PH_TRY(set_aside(journal));
    if (rename(fresh, journal->path) != 0)
        return fail(journal, fresh);
    snprintf(folder, sizeof folder, "%s", journal->path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = 0;
    return ph_folder_sync(folder);
}

void ph_journal_close(struct ph_journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
}

enum ph_status ph_journal_append(struct ph_journal *journal, uint8_t *frame, size_t payload_len)
{
    assert(!journal->has_appended);
    if (journal->is_broken)
        return PH_IO;
    struct ph_journal_mark mark = journal->mark;
    size_t frame_len = PH_JOURNAL_HEAD_LEN + payload_len;
    ph_journal_seal(frame, payload_len, &mark);
    enum ph_status status = write_at(journal, frame, frame_len, journal->len);
    if (status == PH_OK)
        status = ph_journal_sync(journal);
    if (status == PH_NO_SPACE && ph_journal_withdraw(journal) != PH_OK)
        status = PH_IO;
    if (status == PH_IO)
        journal->is_broken = true;
    PH_TRY(status);
    journal->appended = mark;
    journal->appended_len = journal->len + frame_len;
    journal->has_appended = true;
    return PH_OK;
}

void ph_journal_keep(struct ph_journal *journal)
{
    if (!journal->has_appended)
        return;
    journal->mark = journal->appended;
    journal->len = journal->appended_len;
    journal->has_appended = false;
}

enum ph_status ph_journal_withdraw(struct ph_journal *journal)
{
    journal->has_appended = false;
    if (ftruncate(journal->fd, (off_t)journal->len) == 0)
        return ph_journal_sync(journal);
    journal->is_broken = true;
    return fail(journal, "shortening");
}

/* --- reading --- */

enum ph_status ph_journal_read_from(struct ph_journal_reader *reader, struct ph_journal *journal,
                                    const struct ph_journal_mark *mark, uint64_t len)
{
    struct stat about;
    *reader = (struct ph_journal_reader){.journal = journal, .size = WINDOW_LEN};
    if (fstat(journal->fd, &about) != 0)
        return fail(journal, "looking");
    reader->file_len = (uint64_t)about.st_size;
    reader->buffer = malloc(reader->size);
    if (reader->buffer == NULL)
        return PH_NO_MEMORY;
    journal->mark = *mark;
    journal->len = len;
    return PH_OK;
}

/* More of the file behind what is there; with room for the frame that begins at `at`. */
static enum ph_status read_more(struct ph_journal_reader *reader)
{
    reader->len -= reader->at;
    memmove(reader->buffer, reader->buffer + reader->at, reader->len);
    reader->at = 0;
    size_t wanted = WINDOW_LEN;
    if (reader->len >= PH_JOURNAL_HEAD_LEN) /* its length was found fit by ph_journal_parse */
        wanted += PH_JOURNAL_HEAD_LEN + ph_get_u32(reader->buffer);
    if (wanted > reader->size) {
        uint8_t *grown = realloc(reader->buffer, wanted);
        if (grown == NULL)
            return PH_NO_MEMORY;
        reader->buffer = grown;
        reader->size = wanted;
    }
    size_t more = reader->size - reader->len;
    uint64_t from = reader->journal->len + reader->len;
    PH_TRY(read_at(reader->journal, reader->buffer + reader->len, &more, from));
    reader->len += more;
    return more != 0 ? PH_OK : PH_NOT_FOUND;
}

enum ph_status ph_journal_read(struct ph_journal_reader *reader, struct ph_bytes *payload)
{
    struct ph_journal *journal = reader->journal;
    enum ph_status status;
    for (;;) {
        struct ph_bytes input = ph_bytes(reader->buffer + reader->at, reader->len - reader->at);
        status = ph_journal_parse(input, &journal->mark, payload);
        if (status != PH_PARTIAL)
            break;
        status = read_more(reader);
        if (status == PH_NOT_FOUND)
            return reader->len == 0 ? PH_NOT_FOUND : PH_PARTIAL;
        PH_TRY(status);
    }
    PH_TRY(status);
    reader->at += PH_JOURNAL_HEAD_LEN + payload->len;
    journal->len += PH_JOURNAL_HEAD_LEN + payload->len;
    return PH_OK;
}

void ph_journal_read_end(struct ph_journal_reader *reader)
{
    free(reader->buffer);
    *reader = (struct ph_journal_reader){0};
}
