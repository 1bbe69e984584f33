/* Whether the entries that an op refers to have been applied, or are of a writer that is left
 * out. */
#ifndef PHAROS_STORE_REFERENCES_H
#define PHAROS_STORE_REFERENCES_H

#include "store/logs.h"

/* PH_WAITING: `need` is the first that has not. PH_CORRUPT. */
PH_MUST_USE enum ph_status ph_references_check(const struct ph_txn *txn, const struct ph_logs *logs,
                                               const struct ph_op *op, struct ph_need *need);
/* The same for one reference. */
PH_MUST_USE enum ph_status ph_reference_check(const struct ph_txn *txn, const struct ph_logs *logs,
                                              const struct ph_op_ref *ref);

#endif
