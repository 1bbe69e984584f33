#include "store/logs.h"

#include <stdlib.h>

#include "store/cuts.h"
#include "store/left_out.h"
#include "store/waiting.h"

void ph_log_row_encode(const struct ph_log_row *row, uint8_t out[PH_LOG_ROW_LEN])
{
    memcpy(out, row->writer.bytes, 32);
    memcpy(out + 32, row->school.bytes, 32);
    memcpy(out + 64, row->certify.bytes, 32);
    ph_put_u32(out + 96, row->tip.seq);
    memcpy(out + 100, row->tip.id.bytes, 32);
    ph_put_u64(out + 132, row->tip.sum);
    ph_put_u64(out + 140, row->tip.lamport);
    ph_put_u64(out + 148, (uint64_t)row->tip.time_ms);
    out[156] = row->is_branch;
    ph_put_u32(out + 157, row->base_log);
    ph_put_u32(out + 161, row->base_seq);
}

enum ph_status ph_log_row_decode(struct ph_bytes value, struct ph_log_row *out)
{
    const uint8_t *in = value.data;
    bool is_whole = value.len == PH_LOG_ROW_LEN;
    if ((!is_whole && value.len != PH_LOG_ROW_LEN_1) || (is_whole && in[156] > 1))
        return PH_CORRUPT;
    memcpy(out->writer.bytes, in, 32);
    memcpy(out->school.bytes, in + 32, 32);
    memcpy(out->certify.bytes, in + 64, 32);
    out->tip.seq = ph_get_u32(in + 96);
    memcpy(out->tip.id.bytes, in + 100, 32);
    out->tip.sum = ph_get_u64(in + 132);
    out->tip.lamport = ph_get_u64(in + 140);
    out->tip.time_ms = (int64_t)ph_get_u64(in + 148);
    out->is_branch = is_whole && in[156] == 1;
    out->base_log = is_whole ? ph_get_u32(in + 157) : 0;
    out->base_seq = is_whole ? ph_get_u32(in + 161) : 0;
    bool has_base = out->base_log != 0 || out->base_seq != 0;
    return (out->is_branch || !has_base) && out->base_seq <= out->tip.seq ? PH_OK : PH_CORRUPT;
}

static enum ph_status load_cursor(const struct ph_txn *txn, uint32_t log, uint32_t *out)
{
    struct ph_key key = ph_key_u32(log);
    struct ph_bytes value;
    enum ph_status status = ph_db_get(txn, PH_TABLE_CURSORS, ph_key_bytes(&key), &value);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_OK : status;
    return ph_key_read_u32(value, out) ? PH_OK : PH_CORRUPT;
}

/* With its school, or by itself. */
static enum ph_status load_left_out(const struct ph_txn *txn, const struct ph_log_row *row,
                                    bool *out)
{
    struct ph_key school = ph_key_school_out(&row->school);
    struct ph_key log = ph_key_log_out(&row->writer, &row->school);
    PH_TRY(ph_left_out_has(txn, &school, out));
    return *out ? PH_OK : ph_left_out_has(txn, &log, out);
}

static enum ph_status load_log(const struct ph_txn *txn, uint32_t log, struct ph_log_state *out)
{
    struct ph_key key = ph_key_u32(log);
    struct ph_bytes value;
    struct ph_log_row row;
    enum ph_status status = ph_db_get(txn, PH_TABLE_LOGS, ph_key_bytes(&key), &value);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_CORRUPT : status;
    PH_TRY(ph_log_row_decode(value, &row));
    *out = (struct ph_log_state){.writer = row.writer,
                                 .school = row.school,
                                 .base_seq = row.base_seq,
                                 .tip_seq = row.tip.seq,
                                 .cursor = row.base_seq};
    PH_TRY(load_cursor(txn, log, &out->cursor));
    out->cursor_stored = out->cursor;
    PH_TRY(load_left_out(txn, &row, &out->is_left_out));
    PH_TRY(ph_cuts_get(txn, log, &out->stands_to));
    return out->base_seq <= out->cursor && out->cursor <= out->tip_seq ? PH_OK : PH_CORRUPT;
}

/* There is room for one more in `by_writer`. */
static void insert_by_writer(struct ph_logs *logs, uint32_t log)
{
    uint32_t at = log;
    const struct ph_writer_id *writer = &logs->at[log].writer;
    for (; at > 0; at--) {
        uint32_t before = logs->by_writer[at - 1];
        if (ph_writer_id_compare(&logs->at[before].writer, writer) <= 0)
            break;
        logs->by_writer[at] = before;
    }
    logs->by_writer[at] = log;
}

enum ph_status ph_logs_load(const struct ph_txn *txn, struct ph_logs *out)
{
    uint64_t count;
    PH_TRY(ph_db_count(txn, PH_TABLE_LOGS, &count));
    if (count > UINT32_MAX)
        return PH_CORRUPT;
    out->at = calloc(count + 1, sizeof *out->at);
    out->by_writer = calloc(count + 1, sizeof *out->by_writer);
    out->rank = calloc(count + 1, sizeof *out->rank);
    if (out->at == NULL || out->by_writer == NULL || out->rank == NULL)
        return PH_NO_MEMORY;
    PH_TRY(ph_waiting_is_over(txn, &out->wait_for_none));
    for (out->count = 0; out->count < count; out->count++) {
        PH_TRY(load_log(txn, out->count, &out->at[out->count]));
        insert_by_writer(out, out->count);
    }
    for (uint32_t i = 0; i < out->count; i++) {
        bool is_first = i == 0 || !ph_writer_id_equal(&out->at[out->by_writer[i]].writer,
                                                      &out->at[out->by_writer[i - 1]].writer);
        out->rank[out->by_writer[i]] = is_first ? i : out->rank[out->by_writer[i - 1]];
    }
    return PH_OK;
}

void ph_logs_free(struct ph_logs *logs)
{
    free(logs->at);
    free(logs->by_writer);
    free(logs->rank);
    *logs = (struct ph_logs){0};
}

uint32_t ph_logs_find(const struct ph_logs *logs, const struct ph_writer_id *writer)
{
    uint32_t low = 0, high = logs->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ph_writer_id_compare(&logs->at[logs->by_writer[middle]].writer, writer) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < logs->count && ph_writer_id_equal(&logs->at[logs->by_writer[low]].writer, writer))
        return low;
    return logs->count;
}

enum ph_status ph_logs_save_cursors(const struct ph_txn *txn, struct ph_logs *logs)
{
    for (uint32_t log = 0; log < logs->count; log++) {
        struct ph_log_state *state = &logs->at[log];
        if (state->cursor == state->cursor_stored)
            continue;
        struct ph_key key = ph_key_u32(log), value = ph_key_u32(state->cursor);
        PH_TRY(ph_db_put(txn, PH_TABLE_CURSORS, ph_key_bytes(&key), ph_key_bytes(&value)));
        state->cursor_stored = state->cursor;
    }
    return PH_OK;
}

uint64_t ph_logs_backlog(const struct ph_logs *logs)
{
    uint64_t backlog = 0;
    for (uint32_t log = 0; log < logs->count; log++)
        backlog += logs->at[log].tip_seq - logs->at[log].cursor;
    return backlog;
}
