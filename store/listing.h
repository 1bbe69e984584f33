/* Listing rows: where a record stands among its kind and under its parent. */
#ifndef PHAROS_STORE_LISTING_H
#define PHAROS_STORE_LISTING_H

#include "store/schema.h"
#include "store/view.h"

/* The rows that a record's value asks for. A key of length 0: none. */
struct ph_listing {
    struct ph_key by_kind;
    struct ph_key by_parent;
};

/* Of a record as decoded, which is read to its end on the way. */
struct ph_listing ph_listing_of(struct ph_record record);

/* From the rows of `before` to those of `after`. */
PH_MUST_USE enum ph_status ph_listing_change(const struct ph_txn *txn,
                                             const struct ph_listing *before,
                                             const struct ph_listing *after);

#endif
