/* Entries that wait for entries that they refer to: durable rows, never dropped.
 *
 *   waiting: (need, log, sequence) -> nothing     who waits for it
 *   waits:   (log, sequence) -> need              what it waits for
 *   ready:   need -> nothing                      applied by now; its waiters are to be tried again
 *   again:   (log, sequence) -> nothing or "+"    applied once, and to be tried again: its content
 *                                                 came, or a writer of its school was left out;
 *                                                 with all that follow it in its log
 */
#ifndef PHAROS_STORE_WAITING_H
#define PHAROS_STORE_WAITING_H

#include "store/schema.h"

#define PH_META_NO_WAITING ".no_waiting" /* there: ph_waiting_is_over */

PH_MUST_USE enum ph_status ph_waiting_add(const struct ph_txn *txn, const struct ph_need *need,
                                          struct ph_place place);
/* PH_NOT_FOUND: it waits for nothing. */
PH_MUST_USE enum ph_status ph_waiting_need(const struct ph_txn *txn, struct ph_place place,
                                           struct ph_need *out);
/* This has been applied: whoever waits for it will be yielded by ph_waiting_take. */
PH_MUST_USE enum ph_status ph_waiting_wake(const struct ph_txn *txn, const struct ph_need *need);
/* The same for all that wait for any entry of this writer; of any writer if it is NULL. */
PH_MUST_USE enum ph_status ph_waiting_wake_all(const struct ph_txn *txn,
                                               const struct ph_writer_id *writer);
/* From now on no entry waits: those that do will be yielded, for ever `ph_waiting_is_over`. */
PH_MUST_USE enum ph_status ph_waiting_end(const struct ph_txn *txn);
PH_MUST_USE enum ph_status ph_waiting_is_over(const struct ph_txn *txn, bool *out);
/* This entry, applied before, is to be tried again. */
PH_MUST_USE enum ph_status ph_waiting_again(const struct ph_txn *txn, struct ph_place place);
/* This one and all that follow it in its log are. One row, however many they are. */
PH_MUST_USE enum ph_status ph_waiting_again_from(const struct ph_txn *txn, struct ph_place place);
/* Take one entry that is to be tried again, of either sort; `and_rest`: those that follow it, too.
 * PH_NOT_FOUND: none. */
PH_MUST_USE enum ph_status ph_waiting_take(const struct ph_txn *txn, struct ph_place *out,
                                           bool *and_rest);
PH_MUST_USE enum ph_status ph_waiting_any_left(const struct ph_txn *txn, bool *out);

#endif
