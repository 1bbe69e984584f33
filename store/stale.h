/* Records that entries have touched and that are made anew later, since making them takes long:
 *
 *   stale: (kind, record, log, sequence) -> nothing     this entry touches that record, which
 *                                                       doesn't know of it yet
 */
#ifndef PHAROS_STORE_STALE_H
#define PHAROS_STORE_STALE_H

#include "store/records.h"

PH_MUST_USE enum ph_status ph_stale_add(const struct ph_txn *txn, uint16_t kind,
                                        const struct ph_record_id *record, struct ph_place place);
/* The touches of a record go to the maker. */
PH_MUST_USE enum ph_status ph_stale_take(struct ph_record_maker *maker, uint16_t kind,
                                         const struct ph_record_id *record);
/* The first record with any. PH_NOT_FOUND: none. */
PH_MUST_USE enum ph_status ph_stale_first(const struct ph_txn *txn, uint16_t *kind,
                                          struct ph_record_id *record);
PH_MUST_USE enum ph_status ph_stale_any(const struct ph_txn *txn, bool *out);
PH_MUST_USE enum ph_status ph_stale_has(const struct ph_txn *txn, uint16_t kind,
                                        const struct ph_record_id *record, struct ph_place place,
                                        bool *out);

#endif
