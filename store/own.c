#include "store/own.h"

#include "store/schema.h"

#define ROW ".own"

enum ph_status ph_own_load(const struct ph_txn *txn, struct ph_own *out)
{
    struct ph_bytes value;
    *out = (struct ph_own){.count = 0};
    enum ph_status status = ph_db_get(txn, PH_TABLE_META, ph_bytes_text(ROW), &value);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_OK : status;
    if (value.len % sizeof out->writers[0] != 0 || value.len > sizeof out->writers)
        return PH_CORRUPT;
    memcpy(out->writers, value.data, value.len);
    out->count = (uint32_t)(value.len / sizeof out->writers[0]);
    return PH_OK;
}

enum ph_status ph_own_save(const struct ph_txn *txn, const struct ph_own *own)
{
    return ph_db_put(txn, PH_TABLE_META, ph_bytes_text(ROW),
                     ph_bytes(own->writers, own->count * sizeof own->writers[0]));
}

bool ph_own_has(const struct ph_own *own, const uint8_t writer[32])
{
    for (uint32_t i = 0; i < own->count; i++)
        if (memcmp(own->writers[i].bytes, writer, sizeof own->writers[i].bytes) == 0)
            return true;
    return false;
}

void ph_own_add(struct ph_own *own, const uint8_t writer[32])
{
    if (ph_own_has(own, writer) || own->count == PH_CERTIFIES_PER_SCHOOL_MAX)
        return;
    memcpy(own->writers[own->count++].bytes, writer, 32);
}
