/* Which writers' logs are our own: what the journal holds entries of. Kept in a row of the
 * store's. */
#ifndef PHAROS_STORE_OWN_H
#define PHAROS_STORE_OWN_H

#include "pharos/id.h"
#include "pharos/limits.h"
#include "store/db.h"

struct ph_own {
    struct ph_writer_id writers[PH_CERTIFIES_PER_SCHOOL_MAX]; /* a school has no more that count */
    uint32_t count;
};

PH_MUST_USE enum ph_status ph_own_load(const struct ph_txn *txn, struct ph_own *out);
PH_MUST_USE enum ph_status ph_own_save(const struct ph_txn *txn, const struct ph_own *own);
bool ph_own_has(const struct ph_own *own, const uint8_t writer[32]);
void ph_own_add(struct ph_own *own, const uint8_t writer[32]); /* once */

#endif
