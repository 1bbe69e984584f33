#include "store/left_out.h"

#include "store/logs.h"
#include "store/waiting.h"

enum ph_status ph_left_out_has(const struct ph_txn *txn, const struct ph_writer_id *writer,
                               bool *out)
{
    struct ph_bytes value;
    enum ph_status status =
        ph_db_get(txn, PH_TABLE_LEFT_OUT, ph_bytes(writer->bytes, sizeof writer->bytes), &value);
    *out = status == PH_OK;
    return status == PH_NOT_FOUND ? PH_OK : status;
}

/* Those of its entries that have been applied are tried again, which makes their records anew. */
static enum ph_status undo(const struct ph_txn *txn, const struct ph_logs *logs, uint32_t log)
{
    const struct ph_log_state *state = &logs->at[log];
    for (uint32_t seq = state->base_seq + 1; seq <= state->cursor; seq++)
        PH_TRY(ph_waiting_again(txn, (struct ph_place){log, seq}));
    return PH_OK;
}

static enum ph_status undo_all(const struct ph_txn *txn, const struct ph_writer_id *writer)
{
    struct ph_logs logs = {0};
    enum ph_status status = ph_logs_load(txn, &logs);
    for (uint32_t log = 0; log < logs.count && status == PH_OK; log++)
        if (ph_writer_id_equal(&logs.at[log].writer, writer))
            status = undo(txn, &logs, log);
    ph_logs_free(&logs);
    return status;
}

enum ph_status ph_left_out_add(const struct ph_txn *txn, struct ph_bytes writer)
{
    struct ph_writer_id id;
    bool is_left_out = false;
    if (writer.len != sizeof id.bytes)
        return PH_CORRUPT;
    memcpy(id.bytes, writer.data, sizeof id.bytes);
    PH_TRY(ph_left_out_has(txn, &id, &is_left_out));
    if (is_left_out)
        return PH_OK;
    PH_TRY(ph_db_put(txn, PH_TABLE_LEFT_OUT, writer, ph_bytes(NULL, 0)));
    PH_TRY(undo_all(txn, &id));
    return ph_waiting_wake_all(txn, &id);
}
