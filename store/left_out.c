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

/* Whether a school's share of a record has room again, once this writer has none of it. */
static bool leaves_room(const struct ph_logs *logs, const struct ph_writer_id *writer,
                        const struct ph_school_id *school)
{
    for (uint32_t i = ph_logs_find(logs, writer); i < logs->count; i++) {
        const struct ph_log_state *state = &logs->at[logs->by_writer[i]];
        if (!ph_writer_id_equal(&state->writer, writer))
            return false;
        if (ph_school_id_equal(&state->school, school))
            return true;
    }
    return false;
}

/* Applied entries of the school are tried again, which makes their records anew. All of them: of a
 * record whose share was full only what counted is known, and what fell out of it for this writer's
 * sake is to come back. */
static enum ph_status undo_all(const struct ph_txn *txn, const struct ph_writer_id *writer)
{
    struct ph_logs logs = {0};
    enum ph_status status = ph_logs_load(txn, &logs);
    for (uint32_t log = 0; log < logs.count && status == PH_OK; log++)
        if (leaves_room(&logs, writer, &logs.at[log].school))
            status = ph_waiting_again_from(txn, (struct ph_place){log, logs.at[log].base_seq + 1});
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
