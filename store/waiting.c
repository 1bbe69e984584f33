#include "store/waiting.h"

#define AND_THE_REST "+"

enum ph_status ph_waiting_add(const struct ph_txn *txn, const struct ph_need *need,
                              struct ph_place place)
{
    struct ph_key waiting = ph_key_waiting(need, place), waits = ph_key_place(place);
    PH_TRY(ph_db_put(txn, PH_TABLE_WAITING, ph_key_bytes(&waiting), ph_bytes(NULL, 0)));
    return ph_db_put(txn, PH_TABLE_WAITS, ph_key_bytes(&waits),
                     ph_bytes(need->bytes, sizeof need->bytes));
}

enum ph_status ph_waiting_need(const struct ph_txn *txn, struct ph_place place, struct ph_need *out)
{
    struct ph_key key = ph_key_place(place);
    struct ph_bytes value;
    PH_TRY(ph_db_get(txn, PH_TABLE_WAITS, ph_key_bytes(&key), &value));
    if (value.len != sizeof out->bytes)
        return PH_CORRUPT;
    memcpy(out->bytes, value.data, sizeof out->bytes);
    return PH_OK;
}

/* The first entry that waits for it. */
static enum ph_status first_waiter(const struct ph_txn *txn, const struct ph_need *need,
                                   struct ph_place *out)
{
    struct ph_key from = ph_key_need(need);
    struct ph_need found;
    struct ph_bytes key, value;
    PH_TRY(ph_db_seek(txn, PH_TABLE_WAITING, ph_key_bytes(&from), &key, &value));
    if (!ph_key_read_waiting(key, &found, out))
        return PH_CORRUPT;
    return memcmp(found.bytes, need->bytes, sizeof found.bytes) == 0 ? PH_OK : PH_NOT_FOUND;
}

enum ph_status ph_waiting_wake(const struct ph_txn *txn, const struct ph_need *need)
{
    struct ph_place waiter;
    struct ph_key key = ph_key_need(need);
    enum ph_status status = first_waiter(txn, need, &waiter);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_OK : status;
    return ph_db_put(txn, PH_TABLE_READY, ph_key_bytes(&key), ph_bytes(NULL, 0));
}

enum ph_status ph_waiting_wake_all(const struct ph_txn *txn, const struct ph_writer_id *writer)
{
    struct ph_need need = {{0}};
    struct ph_place place = {0, 0};
    struct ph_bytes key, value;
    if (writer != NULL)
        memcpy(need.bytes, writer->bytes, sizeof writer->bytes);
    for (;;) {
        struct ph_key from = ph_key_waiting(&need, place);
        enum ph_status status =
            ph_db_seek(txn, PH_TABLE_WAITING, ph_key_bytes(&from), &key, &value);
        if (status != PH_OK)
            return status == PH_NOT_FOUND ? PH_OK : status;
        if (!ph_key_read_waiting(key, &need, &place))
            return PH_CORRUPT;
        if (writer != NULL && memcmp(need.bytes, writer->bytes, sizeof writer->bytes) != 0)
            return PH_OK;
        struct ph_key ready = ph_key_need(&need);
        PH_TRY(ph_db_put(txn, PH_TABLE_READY, ph_key_bytes(&ready), ph_bytes(NULL, 0)));
        place = (struct ph_place){UINT32_MAX, UINT32_MAX}; /* behind the others that wait for it */
    }
}

enum ph_status ph_waiting_end(const struct ph_txn *txn)
{
    bool is_over = false;
    PH_TRY(ph_waiting_is_over(txn, &is_over));
    if (is_over)
        return PH_OK;
    PH_TRY(ph_db_put(txn, PH_TABLE_META, ph_bytes_text(PH_META_NO_WAITING), ph_bytes(NULL, 0)));
    return ph_waiting_wake_all(txn, NULL);
}

enum ph_status ph_waiting_is_over(const struct ph_txn *txn, bool *out)
{
    return ph_db_has(txn, PH_TABLE_META, ph_bytes_text(PH_META_NO_WAITING), out);
}

enum ph_status ph_waiting_again(const struct ph_txn *txn, struct ph_place place)
{
    struct ph_key key = ph_key_place(place);
    struct ph_bytes value;
    enum ph_status status = ph_db_get(txn, PH_TABLE_AGAIN, ph_key_bytes(&key), &value);
    if (status != PH_NOT_FOUND)
        return status; /* there already, maybe with all that follow */
    return ph_db_put(txn, PH_TABLE_AGAIN, ph_key_bytes(&key), ph_bytes(NULL, 0));
}

enum ph_status ph_waiting_again_from(const struct ph_txn *txn, struct ph_place place)
{
    struct ph_key key = ph_key_place(place);
    return ph_db_put(txn, PH_TABLE_AGAIN, ph_key_bytes(&key), ph_bytes_text(AND_THE_REST));
}

static enum ph_status stop_waiting(const struct ph_txn *txn, const struct ph_need *need,
                                   struct ph_place place)
{
    struct ph_key waiting = ph_key_waiting(need, place), waits = ph_key_place(place);
    PH_TRY(ph_db_delete(txn, PH_TABLE_WAITING, ph_key_bytes(&waiting)));
    return ph_db_delete(txn, PH_TABLE_WAITS, ph_key_bytes(&waits));
}

static enum ph_status take_again(const struct ph_txn *txn, struct ph_place *out, bool *and_rest)
{
    struct ph_bytes found, value;
    PH_TRY(ph_db_seek(txn, PH_TABLE_AGAIN, ph_bytes(NULL, 0), &found, &value));
    if (!ph_key_read_place(found, out))
        return PH_CORRUPT;
    *and_rest = value.len != 0;
    struct ph_key key = ph_key_place(*out);
    return ph_db_delete(txn, PH_TABLE_AGAIN, ph_key_bytes(&key));
}

/* Needs without waiters left are passed, and done with. */
static enum ph_status take_ready(const struct ph_txn *txn, struct ph_place *out)
{
    struct ph_bytes found, value;
    struct ph_need need;
    for (;;) {
        PH_TRY(ph_db_seek(txn, PH_TABLE_READY, ph_bytes(NULL, 0), &found, &value));
        if (found.len != sizeof need.bytes)
            return PH_CORRUPT;
        memcpy(need.bytes, found.data, sizeof need.bytes);
        enum ph_status status = first_waiter(txn, &need, out);
        if (status == PH_OK)
            return stop_waiting(txn, &need, *out);
        if (status != PH_NOT_FOUND)
            return status;
        struct ph_key key = ph_key_need(&need);
        PH_TRY(ph_db_delete(txn, PH_TABLE_READY, ph_key_bytes(&key)));
    }
}

enum ph_status ph_waiting_take(const struct ph_txn *txn, struct ph_place *out, bool *and_rest)
{
    *and_rest = false;
    enum ph_status status = take_again(txn, out, and_rest);
    return status == PH_NOT_FOUND ? take_ready(txn, out) : status;
}

enum ph_status ph_waiting_any_left(const struct ph_txn *txn, bool *out)
{
    uint64_t again, ready;
    PH_TRY(ph_db_count(txn, PH_TABLE_AGAIN, &again));
    PH_TRY(ph_db_count(txn, PH_TABLE_READY, &ready));
    *out = again != 0 || ready != 0;
    return PH_OK;
}
