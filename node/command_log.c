/* The command log: who wrote what, and when they say they did; newest first, by Lamport time. */
#include <stdlib.h>

#include "node/command_list.h"
#include "node/names.h"
#include "node/record_id.h"

#define LOG_ROWS_MAX 100
#define RECORDS_PER_ROW_MAX 16

/* Where a page begins: before this place in the order (Lamport, log). */
struct cursor {
    uint64_t lamport;
    uint32_t log;
};

/* The page being filled. */
struct page {
    struct cursor cursor; /* behind the last row */
    uint32_t count, count_max;
    struct ph_buffer rows;
};

/* One entry that may come next: of one log the latest not shown yet. */
struct place {
    uint32_t seq; /* 0: none left */
    uint64_t lamport;
};

static bool is_before(uint64_t lamport, uint32_t log, const struct cursor *cursor)
{
    return lamport < cursor->lamport || (lamport == cursor->lamport && log < cursor->log);
}

static enum ph_status lamport_at(const struct ph_view *view, uint32_t log, uint32_t seq,
                                 uint64_t *lamport)
{
    struct ph_stored_entry entry;
    PH_TRY(ph_view_entry(view, log, seq, &entry));
    *lamport = entry.header.lamport;
    return PH_OK;
}

/* What stands of a log; of a removed school's nothing else is shown. */
static uint32_t shown_to(const struct ph_log *log)
{
    return log->durable.seq < log->stands_to ? log->durable.seq : log->stands_to;
}

/* Lamport times rise along a log: the last entry before the cursor is found by halving. */
static enum ph_status find_place(const struct ph_view *view, const struct ph_node *node,
                                 uint32_t log, const struct cursor *cursor, struct place *out)
{
    uint32_t low = node->logs.items[log].row.base_seq, high = shown_to(&node->logs.items[log]);
    *out = (struct place){0};
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        uint64_t lamport = 0;
        PH_TRY(lamport_at(view, log, middle, &lamport));
        if (is_before(lamport, log, cursor)) {
            low = middle;
            *out = (struct place){.seq = middle, .lamport = lamport};
        } else {
            high = middle - 1;
        }
    }
    return PH_OK;
}

static void answer_records(struct ph_buffer *out, const struct ph_log *log, uint32_t seq,
                           const struct ph_stored_entry *entry)
{
    struct ph_record_id records[RECORDS_PER_ROW_MAX];
    struct ph_op_place place = {
        .writer = log->row.writer, .seq = seq, .id = ph_header_id(entry->encoded)};
    struct ph_op_reader reader;
    struct ph_op op;
    uint32_t count = 0;
    if (ph_ops_open(&reader, &place, &entry->body) == PH_OK)
        while (count < RECORDS_PER_ROW_MAX && ph_ops_next(&reader, &op))
            if (count == 0 || !ph_record_id_equal(&records[count - 1], &op.record))
                records[count++] = op.record;
    ph_answer_key(out, "records");
    ph_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        char text[2 * sizeof records[i].bytes];
        ph_hex(records[i].bytes, sizeof records[i].bytes, text);
        ph_pack_text(out, ph_bytes(text, sizeof text));
    }
}

static enum ph_status add_row(struct ph_node *node, const struct ph_view *view, uint32_t number,
                              uint32_t seq, struct page *page)
{
    const struct ph_log *log = &node->logs.items[number];
    struct ph_buffer *out = &page->rows;
    struct ph_stored_entry entry;
    PH_TRY(ph_view_entry(view, number, seq, &entry));
    ph_pack_map(out, 6);
    ph_answer_text(out, "name", ph_names_in(view, &log->row.school).text);
    ph_answer_hex(out, "school", log->row.school.bytes, sizeof log->row.school.bytes);
    ph_answer_hex(out, "writer", log->row.writer.bytes, 4);
    ph_answer_uint(out, "seq", seq);
    ph_answer_key(out, "time_ms");
    ph_pack_int(out, entry.header.time_ms);
    answer_records(out, log, seq, &entry);
    page->cursor = (struct cursor){.lamport = entry.header.lamport, .log = number};
    page->count++;
    return PH_OK;
}

/* --- the log of the node --- */

static enum ph_status fill_page(struct ph_node *node, const struct ph_view *view,
                                struct place *places, struct page *page)
{
    while (page->count < page->count_max) {
        uint32_t best = UINT32_MAX;
        for (uint32_t log = 0; log < node->logs.count; log++)
            if (places[log].seq != 0 &&
                (best == UINT32_MAX || places[log].lamport >= places[best].lamport))
                best = log;
        if (best == UINT32_MAX)
            return PH_OK;
        PH_TRY(add_row(node, view, best, places[best].seq, page));
        if (--places[best].seq == node->logs.items[best].row.base_seq)
            places[best].seq = 0;
        else
            PH_TRY(lamport_at(view, best, places[best].seq, &places[best].lamport));
    }
    return PH_OK;
}

static enum ph_status log_of_node(struct ph_node *node, const struct ph_view *view,
                                  struct page *page)
{
    struct place *places = calloc(node->logs.count + 1, sizeof *places);
    enum ph_status status = places == NULL ? PH_NO_MEMORY : PH_OK;
    for (uint32_t log = 0; log < node->logs.count && status == PH_OK; log++)
        status = find_place(view, node, log, &page->cursor, &places[log]);
    if (status == PH_OK)
        status = fill_page(node, view, places, page);
    free(places);
    return status;
}

/* --- the log of one record --- */

/* An entry that touched a record, by its place in the order of rows. */
struct touch {
    uint64_t lamport;
    uint32_t log, seq;
};

static int compare_touches(const void *a, const void *b)
{
    const struct touch *left = a, *right = b;
    if (left->lamport != right->lamport)
        return left->lamport > right->lamport ? -1 : 1;
    return (left->log < right->log) - (left->log > right->log);
}

/* All of them, newest first; each is looked at once. */
static enum ph_status read_touches(const struct ph_view *view, const struct ph_record *record,
                                   struct touch *out)
{
    for (uint32_t i = 0; i < record->touch_count; i++) {
        const uint8_t *place = record->touches.data + 8 * (size_t)i;
        out[i] = (struct touch){.log = ph_get_u32(place), .seq = ph_get_u32(place + 4)};
        PH_TRY(lamport_at(view, out[i].log, out[i].seq, &out[i].lamport));
    }
    qsort(out, record->touch_count, sizeof *out, compare_touches);
    return PH_OK;
}

static enum ph_status add_touches(struct ph_node *node, const struct ph_view *view,
                                  const struct touch *touches, uint32_t touch_count,
                                  struct page *page)
{
    for (uint32_t i = 0; i < touch_count && page->count < page->count_max; i++)
        if (is_before(touches[i].lamport, touches[i].log, &page->cursor) &&
            touches[i].seq <= shown_to(&node->logs.items[touches[i].log]))
            PH_TRY(add_row(node, view, touches[i].log, touches[i].seq, page));
    return PH_OK;
}

static enum ph_status log_of_record(struct ph_node *node, const struct ph_view *view,
                                    const struct ph_record_id *id, struct page *page)
{
    struct ph_record record;
    PH_TRY(ph_view_find(view, id, &record));
    struct touch *touches = calloc(record.touch_count + 1, sizeof *touches);
    enum ph_status status = touches == NULL ? PH_NO_MEMORY : read_touches(view, &record, touches);
    if (status == PH_OK)
        status = add_touches(node, view, touches, record.touch_count, page);
    free(touches);
    return status;
}

/* --- the command --- */

static void take_cursor(struct ph_request *request, struct cursor *cursor)
{
    *cursor = (struct cursor){.lamport = UINT64_MAX};
    if (ph_unpack_nil(&request->args))
        return;
    struct ph_bytes bytes = ph_unpack_bin(&request->args);
    if (bytes.len != 12) {
        request->args.failed = true;
        return;
    }
    *cursor = (struct cursor){.lamport = ph_get_u64(bytes.data), .log = ph_get_u32(bytes.data + 8)};
}

static void answer_next(struct ph_buffer *out, const struct cursor *cursor, bool has_more)
{
    uint8_t bytes[12];
    ph_put_u64(bytes, cursor->lamport);
    ph_put_u32(bytes + 8, cursor->log);
    ph_answer_key(out, "next");
    if (has_more)
        ph_pack_bin(out, ph_bytes(bytes, sizeof bytes));
    else
        ph_pack_nil(out);
}

static enum ph_status answer_page(struct ph_node *node, struct ph_request *request,
                                  const struct ph_record_id *id, struct page *page)
{
    uint8_t *bytes = malloc(PH_COMMAND_BYTES_MAX);
    struct ph_view view = {0};
    page->rows = ph_buffer(bytes, PH_COMMAND_BYTES_MAX);
    enum ph_status status = bytes == NULL ? PH_NO_MEMORY : ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = id != NULL ? log_of_record(node, &view, id, page) : log_of_node(node, &view, page);
    ph_view_close(&view);
    if (status == PH_OK) {
        ph_pack_map(&request->answer, 2);
        ph_answer_key(&request->answer, "rows");
        ph_pack_array(&request->answer, page->count);
        ph_buffer_put(&request->answer, page->rows.data, page->rows.len);
        answer_next(&request->answer, &page->cursor, page->count == page->count_max);
        status = page->rows.overflow ? PH_LIMIT : PH_OK;
    }
    free(bytes);
    return status;
}

enum ph_status ph_command_log(struct ph_node *node, struct ph_request *request)
{
    struct page page = {0};
    struct ph_record_id id;
    struct ph_bytes text = {0};
    bool is_of_record = !ph_unpack_nil(&request->args);
    if (is_of_record)
        text = ph_unpack_text(&request->args);
    take_cursor(request, &page.cursor);
    uint64_t count = ph_unpack_uint(&request->args, UINT32_MAX);
    PH_TRY(ph_unpack_end(&request->args));
    page.count_max = count < LOG_ROWS_MAX ? (uint32_t)count : LOG_ROWS_MAX;
    if (is_of_record)
        PH_TRY(ph_record_id_read(request, text, &id));
    return answer_page(node, request, is_of_record ? &id : NULL, &page);
}
