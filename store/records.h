/* A record's value: what merging its entries gave, and which entries these are.
 *
 *   flags 1 (bit 0: created) || audience 1 || Lamport time of the create 8 || touch count 4
 *   || value count 4 || touches, 8 each: (log 4, sequence 4), ascending
 *   || values, MessagePack: field, log, sequence, index, Lamport time, is missing, [item]
 *
 * It is a pure function of the entries, whatever came when: made anew whenever one more touches
 * it. */
#ifndef PHAROS_STORE_RECORDS_H
#define PHAROS_STORE_RECORDS_H

#include "proto/merge.h"
#include "store/logs.h"
#include "store/view.h"

/* Makes records one after the other in scratch memory that it keeps. */
struct ph_record_maker {
    const struct ph_txn *txn;
    const struct ph_logs *logs;
    uint32_t owner_share, school_share; /* tests lower them */
    size_t owner_bytes, school_bytes;   /* likewise */
    struct ph_place *touches;           /* of the record being made */
    uint32_t touch_count, touch_size;
    struct ph_merge_op *ops;
    uint32_t *op_logs; /* the log that each op is from */
    uint32_t op_count, op_size;
    struct ph_merged_value *values;
    uint32_t value_size;
    uint8_t *bytes;
    size_t byte_size;
};
void ph_record_maker_init(struct ph_record_maker *maker, const struct ph_txn *txn,
                          const struct ph_logs *logs);
void ph_record_maker_deinit(struct ph_record_maker *maker);

/* Add touches: single ones in any order, or those of a stored value. PH_NO_MEMORY; PH_CORRUPT: of
 * no log. */
PH_MUST_USE enum ph_status ph_record_touch(struct ph_record_maker *maker, struct ph_place place);
PH_MUST_USE enum ph_status ph_record_touch_all(struct ph_record_maker *maker,
                                               struct ph_bytes touches);

/* Make the record from the touches, and forget them. `value` borrows from the maker until the next.
 * Of each school only its share counts (PH_OWNER_SHARE_MAX, PH_SCHOOL_SHARE_MAX), in an order that
 * every node shares, so that every node leaves out the same. Writers that are left out don't count
 * at all.
 * PH_NO_MEMORY; PH_CORRUPT: an entry is missing or malformed. */
PH_MUST_USE enum ph_status ph_record_make(struct ph_record_maker *maker, uint16_t kind,
                                          const struct ph_record_id *id, struct ph_bytes *value);

/* PH_CORRUPT: not of that form. */
PH_MUST_USE enum ph_status ph_record_decode(uint16_t kind, const struct ph_record_id *id,
                                            struct ph_bytes value, struct ph_record *out);

/* Begin reading an entry's ops. PH_NOT_FOUND: it has none; `reader` still holds its place.
 * PH_CORRUPT: it is not there, or malformed. */
PH_MUST_USE enum ph_status ph_entry_ops(const struct ph_txn *txn, struct ph_place place,
                                        struct ph_stored_entry *entry, struct ph_op_reader *reader);
/* The same without values, which costs half: every value is missing. */
PH_MUST_USE enum ph_status ph_entry_ops_bare(const struct ph_txn *txn, struct ph_place place,
                                             struct ph_op_reader *reader);
/* Missing, or not of the field's type: shown as missing, whatever it says. */
bool ph_op_is_missing(const struct ph_op *op);
/* Whether an op of this school changes a record of a kind that is known here. */
bool ph_op_has_effect(const struct ph_op *op, const struct ph_school_id *school);

#endif
