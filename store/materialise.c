#include "store/materialise.h"

enum ph_status ph_materialise_slice(const struct ph_txn *txn, const uint32_t *preferred,
                                    bool *is_behind)
{
    (void)txn;
    (void)preferred;
    *is_behind = false;
    return PH_OK;
}

enum ph_status ph_materialise_forget(const struct ph_txn *txn)
{
    static const enum ph_table made[] = {
        PH_TABLE_CURSORS, PH_TABLE_WAITING, PH_TABLE_WAITS,   PH_TABLE_READY,
        PH_TABLE_AGAIN,   PH_TABLE_RECORDS, PH_TABLE_BY_KIND, PH_TABLE_BY_PARENT,
    };
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        PH_TRY(ph_db_clear(txn, made[i]));
    return PH_OK;
}
