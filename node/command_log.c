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

/* Lamport times rise along a log: the last entry before the cursor is found by halving. */
static enum ph_status find_place(const struct ph_view *view, uint32_t log, uint32_t end_seq,
                                 const struct cursor *cursor, struct place *out)
{
    uint32_t low = 0, high = end_seq;
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

static enum ph_status answer_row(struct ph_node *node, const struct ph_view *view, uint32_t number,
                                 uint32_t seq, struct ph_buffer *out)
{
    const struct ph_log *log = &node->logs.items[number];
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
    return PH_OK;
}

/* --- the log of the node --- */

static enum ph_status fill_page(struct ph_node *node, const struct ph_view *view,
                                struct place *places, struct cursor *cursor, uint32_t count_max,
                                struct ph_buffer *rows, uint32_t *count)
{
    for (*count = 0; *count < count_max; (*count)++) {
        uint32_t best = UINT32_MAX;
        for (uint32_t log = 0; log < node->logs.count; log++)
            if (places[log].seq != 0 &&
                (best == UINT32_MAX || places[log].lamport >= places[best].lamport))
                best = log;
        if (best == UINT32_MAX)
            return PH_OK;
        PH_TRY(answer_row(node, view, best, places[best].seq, rows));
        *cursor = (struct cursor){.lamport = places[best].lamport, .log = best};
        if (--places[best].seq != 0)
            PH_TRY(lamport_at(view, best, places[best].seq, &places[best].lamport));
    }
    return PH_OK;
}

static enum ph_status log_of_node(struct ph_node *node, const struct ph_view *view,
                                  struct cursor *cursor, uint32_t count_max, struct ph_buffer *rows,
                                  uint32_t *count)
{
    struct place *places = calloc(node->logs.count + 1, sizeof *places);
    enum ph_status status = places == NULL ? PH_NO_MEMORY : PH_OK;
    for (uint32_t log = 0; log < node->logs.count && status == PH_OK; log++)
        status = find_place(view, log, node->logs.items[log].durable.seq, cursor, &places[log]);
    if (status == PH_OK)
        status = fill_page(node, view, places, cursor, count_max, rows, count);
    free(places);
    return status;
}

/* --- the log of one record --- */

static enum ph_status log_of_record(struct ph_node *node, const struct ph_view *view,
                                    const struct ph_record_id *id, struct cursor *cursor,
                                    uint32_t count_max, struct ph_buffer *rows, uint32_t *count)
{
    struct ph_record record;
    PH_TRY(ph_view_find(view, id, &record));
    for (*count = 0; *count < count_max; (*count)++) {
        struct cursor best = {0};
        uint32_t best_seq = 0;
        for (uint32_t i = 0; i < record.touch_count; i++) {
            uint32_t log = ph_get_u32(record.touches.data + 8 * (size_t)i);
            uint32_t seq = ph_get_u32(record.touches.data + 8 * (size_t)i + 4);
            uint64_t lamport = 0;
            PH_TRY(lamport_at(view, log, seq, &lamport));
            if (is_before(lamport, log, cursor) &&
                (best_seq == 0 || !is_before(lamport, log, &best))) {
                best = (struct cursor){.lamport = lamport, .log = log};
                best_seq = seq;
            }
        }
        if (best_seq == 0)
            return PH_OK;
        PH_TRY(answer_row(node, view, best.log, best_seq, rows));
        *cursor = best;
    }
    return PH_OK;
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
                                  const struct ph_record_id *id, struct cursor *cursor,
                                  uint32_t count_max)
{
    uint8_t *bytes = malloc(PH_COMMAND_BYTES_MAX);
    struct ph_buffer rows = ph_buffer(bytes, PH_COMMAND_BYTES_MAX);
    struct ph_view view = {0};
    uint32_t count = 0;
    enum ph_status status = bytes == NULL ? PH_NO_MEMORY : ph_view_open(node->store, &view);
    if (status == PH_OK && id != NULL)
        status = log_of_record(node, &view, id, cursor, count_max, &rows, &count);
    else if (status == PH_OK)
        status = log_of_node(node, &view, cursor, count_max, &rows, &count);
    ph_view_close(&view);
    if (status == PH_OK) {
        ph_pack_map(&request->answer, 2);
        ph_answer_key(&request->answer, "rows");
        ph_pack_array(&request->answer, count);
        ph_buffer_put(&request->answer, rows.data, rows.len);
        answer_next(&request->answer, cursor, count == count_max);
        status = rows.overflow ? PH_LIMIT : PH_OK;
    }
    free(bytes);
    return status;
}

enum ph_status ph_command_log(struct ph_node *node, struct ph_request *request)
{
    struct cursor cursor;
    struct ph_record_id id;
    struct ph_bytes text = {0};
    bool is_of_record = !ph_unpack_nil(&request->args);
    if (is_of_record)
        text = ph_unpack_text(&request->args);
    take_cursor(request, &cursor);
    uint64_t count = ph_unpack_uint(&request->args, UINT32_MAX);
    PH_TRY(ph_unpack_end(&request->args));
    if (is_of_record)
        PH_TRY(ph_record_id_read(request, text, &id));
    return answer_page(node, request, is_of_record ? &id : NULL, &cursor,
                       count < LOG_ROWS_MAX ? (uint32_t)count : LOG_ROWS_MAX);
}
