#include "store/references.h"

#include "store/entries.h"
#include "store/left_out.h"
#include "store/waiting.h"

/* Applied: behind the cursor, not waiting itself, and the very entry that is meant. */
static enum ph_status check_in_log(const struct ph_txn *txn, const struct ph_log_state *state,
                                   struct ph_place place, const struct ph_op_ref *ref)
{
    struct ph_stored_entry entry;
    struct ph_need need;
    if (ref->seq <= state->base_seq || ref->seq > state->cursor)
        return PH_WAITING;
    enum ph_status status = ph_waiting_need(txn, place, &need);
    if (status != PH_NOT_FOUND)
        return status == PH_OK ? PH_WAITING : status;
    status = ph_entries_get(txn, place, &entry);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_CORRUPT : status;
    struct ph_entry_id id = ph_header_id(entry.encoded);
    return memcmp(id.bytes, ref->check, sizeof ref->check) == 0 ? PH_OK : PH_WAITING;
}

enum ph_status ph_reference_check(const struct ph_txn *txn, const struct ph_logs *logs,
                                  const struct ph_op_ref *ref)
{
    enum ph_status status = PH_WAITING;
    if (logs->wait_for_none)
        return PH_OK;
    for (uint32_t i = ph_logs_find(logs, &ref->writer); i < logs->count; i++) {
        uint32_t log = logs->by_writer[i];
        const struct ph_log_state *state = &logs->at[log];
        if (status != PH_WAITING || !ph_writer_id_equal(&state->writer, &ref->writer))
            break;
        status = check_in_log(txn, state, (struct ph_place){log, ref->seq}, ref);
    }
    if (status == PH_WAITING) { /* it may have no log here at all */
        struct ph_key key = ph_key_not_awaited(&ref->writer);
        bool is_not_awaited = false;
        PH_TRY(ph_left_out_has(txn, &key, &is_not_awaited));
        status = is_not_awaited ? PH_OK : PH_WAITING;
    }
    return status;
}

static bool is_same_entry(const struct ph_op_ref *a, const struct ph_op_ref *b)
{
    return a->seq == b->seq && ph_writer_id_equal(&a->writer, &b->writer) &&
           memcmp(a->check, b->check, sizeof a->check) == 0;
}

enum ph_status ph_references_check(const struct ph_txn *txn, const struct ph_logs *logs,
                                   const struct ph_op *op, struct ph_need *need)
{
    struct ph_op_ref refs[PH_REFS_PER_OP_MAX];
    uint16_t count = ph_op_refs(op, refs);
    for (uint16_t i = 0; i < count; i++) {
        if (is_same_entry(&refs[i], &op->self))
            continue;
        enum ph_status status = ph_reference_check(txn, logs, &refs[i]);
        if (status == PH_WAITING)
            *need = ph_need_of(&refs[i]);
        if (status != PH_OK)
            return status;
    }
    return PH_OK;
}
