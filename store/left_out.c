#include "store/left_out.h"

#include "store/logs.h"
#include "store/waiting.h"

enum ph_status ph_left_out_has(const struct ph_txn *txn, const struct ph_key *key, bool *out)
{
    return ph_db_has(txn, PH_TABLE_LEFT_OUT, ph_key_bytes(key), out);
}

/* All of them, if only one of its writers is left out: of a record whose share was full only what
 * counted is known, and what fell out of it for this writer's sake is to come back. */
enum ph_status ph_left_out_undo(const struct ph_txn *txn, const struct ph_school_id *school)
{
    struct ph_logs logs = {0};
    enum ph_status status = ph_logs_load(txn, &logs);
    for (uint32_t log = 0; log < logs.count && status == PH_OK; log++)
        if (ph_school_id_equal(&logs.at[log].school, school))
            status = ph_waiting_again_from(txn, (struct ph_place){log, logs.at[log].base_seq + 1});
    ph_logs_free(&logs);
    return status;
}

enum ph_status ph_left_out_add(const struct ph_txn *txn, struct ph_bytes key)
{
    struct ph_writer_id writer;
    struct ph_school_id school;
    bool is_there = false;
    bool is_school = ph_key_read_school_out(key, &school);
    if (!is_school && !ph_key_read_not_awaited(key, &writer))
        return PH_CORRUPT;
    PH_TRY(ph_db_has(txn, PH_TABLE_LEFT_OUT, key, &is_there));
    if (is_there)
        return PH_OK;
    PH_TRY(ph_db_put(txn, PH_TABLE_LEFT_OUT, key, ph_bytes(NULL, 0)));
    return is_school ? ph_left_out_undo(txn, &school) : ph_waiting_wake_all(txn, &writer);
}
