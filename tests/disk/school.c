#include "tests/disk/school.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/verify.h"
#include "store/view.h"
#include "tests/disk/files.h"
#include "tools/child.h"

#define PATIENCE_MS 10000

/* --- memory --- */

void disk_memory_free(struct disk_memory *memory)
{
    free(memory->entries);
    free(memory->records);
    *memory = (struct disk_memory){0};
}

void disk_memory_copy(struct disk_memory *to, const struct disk_memory *from)
{
    disk_memory_free(to);
    *to = *from;
    to->entries = disk_resize(NULL, from->entry_count * sizeof *to->entries);
    to->records = disk_resize(NULL, from->record_count * sizeof *to->records);
    if (from->entry_count != 0)
        memcpy(to->entries, from->entries, from->entry_count * sizeof *to->entries);
    if (from->record_count != 0)
        memcpy(to->records, from->records, from->record_count * sizeof *to->records);
}

void disk_known_line(const struct disk_known *entry, char out[DISK_KNOWN_LINE_SIZE])
{
    char writer[65] = "", id[65] = "";
    ph_hex(entry->writer.bytes, 32, writer);
    ph_hex(entry->id.bytes, 32, id);
    snprintf(out, DISK_KNOWN_LINE_SIZE, "entry %s %u %s\n", writer, entry->seq, id);
}

static void read_hex(const char *text, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

static void add_entry(struct disk_memory *memory, const struct disk_known *entry)
{
    memory->entries =
        disk_resize(memory->entries, (memory->entry_count + 1) * sizeof memory->entries[0]);
    memory->entries[memory->entry_count++] = *entry;
}

void disk_memory_take(struct disk_memory *memory, const char *line)
{
    char writer[65], id[65];
    struct disk_known entry;
    if (strncmp(line, "made", 4) == 0)
        memory->is_made = true;
    else if (strncmp(line, "founded", 7) == 0)
        memory->is_founded = true;
    else if (sscanf(line, "entry %64s %u %64s", writer, &entry.seq, id) == 3) {
        read_hex(writer, entry.writer.bytes, sizeof entry.writer.bytes);
        read_hex(id, entry.id.bytes, sizeof entry.id.bytes);
        add_entry(memory, &entry);
    } else if (sscanf(line, "record %32s", id) == 1) {
        memory->records =
            disk_resize(memory->records, (memory->record_count + 1) * sizeof *memory->records);
        memcpy(memory->records[memory->record_count++], id, sizeof *memory->records);
    } else
        disk_die("nobody understands \"%s\"", line);
}

/* NULL: not known. */
static const struct disk_known *find_entry(const struct disk_memory *memory,
                                           const struct ph_writer_id *writer, uint32_t seq)
{
    for (size_t i = memory->entry_count; i > 0; i--) {
        const struct disk_known *entry = &memory->entries[i - 1];
        if (entry->seq == seq && memcmp(entry->writer.bytes, writer->bytes, 32) == 0)
            return entry;
    }
    return NULL;
}

/* --- what people do --- */

bool disk_school_make(const char *path)
{
    char why[PH_WHY_SIZE] = "";
    struct ph_home home;
    struct ph_school_id school;
    enum ph_status status = ph_home_find(path, &home, why);
    if (status == PH_OK)
        status = ph_home_make(&home, "School", &school, why);
    ph_home_close(&home);
    if (status != PH_OK)
        fprintf(stderr, "%s\n", why);
    return status == PH_OK;
}

struct ph_session *disk_school_open(const char *home)
{
    struct ph_session *session = NULL;
    struct ph_cli cli = {.home = home};
    return ph_session_open(&cli, &session) == PH_EXIT_OK ? session : NULL;
}

int disk_school_close(struct ph_session *session)
{
    return ph_session_close(session, PH_EXIT_OK);
}

bool disk_school_found(struct ph_session *session)
{
    struct ph_request request;
    ph_request_begin(&request, "network_new", 1);
    ph_request_text(&request, "N");
    return ph_session_ask(session, &request, NULL) == PH_EXIT_OK;
}

static void pack_title(struct ph_request *request, const char *title)
{
    ph_pack_array(&request->bytes, 1);
    ph_pack_array(&request->bytes, 2);
    ph_request_text(request, "title");
    ph_request_text(request, title);
}

bool disk_school_write(struct ph_session *session, const char *title, char id[33])
{
    struct ph_request request;
    json_t *answer = NULL;
    ph_request_begin(&request, "new", 3);
    ph_request_text(&request, "plan");
    ph_request_text(&request, "network");
    pack_title(&request, title);
    if (ph_session_ask(session, &request, &answer) != PH_EXIT_OK)
        return false;
    const char *text = json_string_value(json_object_get(answer, "id"));
    snprintf(id, 33, "%s", text == NULL ? "" : text);
    json_decref(answer);
    return strlen(id) == 32;
}

bool disk_school_change(struct ph_session *session, const char *id, const char *title)
{
    struct ph_request request;
    ph_request_begin(&request, "set", 2);
    ph_request_text(&request, id);
    pack_title(&request, title);
    return ph_session_ask(session, &request, NULL) == PH_EXIT_OK;
}

/* --- what is there --- */

static enum ph_status learn_log(const struct ph_view *view, uint32_t log,
                                const struct ph_log_row *row, struct disk_memory *memory,
                                void (*take)(const struct disk_known *entry))
{
    struct ph_stored_entry stored;
    for (uint32_t seq = row->tip.seq; seq > 0; seq--) {
        if (find_entry(memory, &row->writer, seq) != NULL)
            break;
        PH_TRY(ph_view_entry(view, log, seq, &stored));
        struct disk_known entry = {
            .writer = row->writer, .seq = seq, .id = ph_header_id(stored.encoded)};
        if (take != NULL)
            take(&entry);
        add_entry(memory, &entry);
    }
    return PH_OK;
}

bool disk_school_learn(struct ph_session *session, struct disk_memory *memory,
                       void (*take)(const struct disk_known *entry))
{
    struct ph_view view = {0};
    struct ph_log_row row;
    enum ph_status status = ph_view_open(session->local.store, &view);
    for (uint32_t log = 0; status == PH_OK; log++) {
        status = ph_view_log(&view, log, &row);
        if (status == PH_OK)
            status = learn_log(&view, log, &row, memory, take);
    }
    ph_view_close(&view);
    return status == PH_NOT_FOUND;
}

/* PH_NOT_FOUND: no log of this writer has it. */
static enum ph_status find_stored(const struct ph_view *view, const struct disk_known *entry,
                                  struct ph_entry_id *out)
{
    struct ph_log_row row;
    struct ph_stored_entry stored;
    for (uint32_t log = 0;; log++) {
        PH_TRY(ph_view_log(view, log, &row));
        if (memcmp(row.writer.bytes, entry->writer.bytes, 32) != 0 || row.tip.seq < entry->seq)
            continue;
        PH_TRY(ph_view_entry(view, log, entry->seq, &stored));
        *out = ph_header_id(stored.encoded);
        return PH_OK;
    }
}

static enum disk_code check_entries(const struct ph_view *view, const struct disk_memory *memory)
{
    for (size_t i = 0; i < memory->entry_count; i++) {
        const struct disk_known *entry = &memory->entries[i];
        struct ph_entry_id id;
        enum ph_status status = find_stored(view, entry, &id);
        if (status != PH_OK) {
            printf("acknowledged entry %u of %02x%02x is lost: %s\n", entry->seq,
                   entry->writer.bytes[0], entry->writer.bytes[1], ph_status_text(status));
            return status == PH_NOT_FOUND ? DISK_LOST : DISK_WRONG;
        }
        if (memcmp(id.bytes, entry->id.bytes, sizeof id.bytes) != 0) {
            printf("another entry has the place of acknowledged entry %u\n", entry->seq);
            return DISK_LOST;
        }
    }
    return DISK_WELL;
}

static enum disk_code check_records(const struct ph_view *view, const struct disk_memory *memory)
{
    for (size_t i = 0; i < memory->record_count; i++) {
        struct ph_record_id id;
        struct ph_record record;
        read_hex(memory->records[i], id.bytes, sizeof id.bytes);
        if (ph_view_find(view, &id, &record) != PH_OK || !record.is_created) {
            printf("acknowledged record %s is not shown\n", memory->records[i]);
            return DISK_LOST;
        }
    }
    return DISK_WELL;
}

uint64_t disk_school_record_count(struct ph_session *session)
{
    struct ph_view view = {0};
    uint64_t count = 0;
    if (ph_view_open(session->local.store, &view) != PH_OK ||
        ph_view_record_count(&view, &count) != PH_OK)
        count = UINT64_MAX;
    ph_view_close(&view);
    return count;
}

/* 0: all is made; negative: no answer. */
static json_int_t ask_backlog(struct ph_session *session)
{
    struct ph_request request;
    json_t *answer = NULL;
    ph_request_begin(&request, "status", 0);
    if (ph_session_ask(session, &request, &answer) != PH_EXIT_OK)
        return -1;
    json_int_t backlog = json_integer_value(json_object_get(answer, "backlog"));
    json_decref(answer);
    return backlog;
}

/* What was read again from the journal is shown a little later. */
static bool catch_up(struct ph_session *session)
{
    const struct timespec pause = {.tv_nsec = 500000};
    uint64_t deadline_ms = ph_child_now_ms() + PATIENCE_MS;
    json_int_t backlog = ask_backlog(session);
    while (backlog > 0 && ph_child_now_ms() < deadline_ms) {
        nanosleep(&pause, NULL);
        backlog = ask_backlog(session);
    }
    return backlog == 0;
}

enum disk_code disk_school_end(struct ph_session *session, enum disk_code code)
{
    return disk_school_close(session) == 0 || code != DISK_WELL ? code : DISK_WRONG;
}

enum disk_code disk_school_check(struct ph_session *session, const struct disk_memory *memory)
{
    struct ph_verify_report report;
    if (!catch_up(session)) {
        printf("its records are never made\n");
        return DISK_WRONG;
    }
    struct ph_view view = {0};
    enum disk_code code = DISK_WRONG;
    enum ph_status status = ph_view_open(session->local.store, &view);
    if (status != PH_OK)
        printf("the store can't be read: %s\n", ph_status_text(status));
    else
        code = check_entries(&view, memory);
    if (code == DISK_WELL)
        code = check_records(&view, memory);
    ph_view_close(&view);
    if (code != DISK_WELL)
        return code;
    status = ph_store_verify(session->local.store, &report);
    if (status != PH_OK)
        printf("the store doesn't verify: %s %s\n", ph_status_text(status), report.damage);
    return status == PH_OK ? DISK_WELL : DISK_WRONG;
}
