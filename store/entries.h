/* An entry as it is stored:
 *
 *   header 128 || flags 1 || skeleton length 2 || [signature 64]
 *   || [salt 16, or content hash 32 if the content is missing: nothing if it is empty]
 *   || skeleton || [content]
 *
 * Every byte is accounted for: no other value decodes. */
#ifndef PHAROS_STORE_ENTRIES_H
#define PHAROS_STORE_ENTRIES_H

#include "store/schema.h"
#include "store/view.h"

#define PH_STORED_SIGNED 1u
#define PH_STORED_MISSING 2u
#define PH_STORED_LEN_MAX (PH_HEADER_LEN + 3 + 64 + 32 + PH_BODY_MAX)

size_t ph_stored_len(const struct ph_body *body, bool is_signed);
/* Writes ph_stored_len bytes. `signature` may be NULL. */
void ph_stored_encode(const uint8_t header[PH_HEADER_LEN], const struct ph_body *body,
                      const struct ph_signature *signature, uint8_t *out);
/* `out` borrows from `value`. PH_CORRUPT: not of that form. */
PH_MUST_USE enum ph_status ph_stored_decode(struct ph_bytes value, struct ph_stored_entry *out);

/* PH_NOT_FOUND; PH_CORRUPT also if it is not the entry that belongs there. */
PH_MUST_USE enum ph_status ph_entries_get(const struct ph_txn *txn, struct ph_place place,
                                          struct ph_stored_entry *out);
/* Put the content in, and take the hole away. PH_CORRUPT: nothing is missing there, or not this. */
PH_MUST_USE enum ph_status ph_entries_fill(const struct ph_txn *txn, struct ph_place place,
                                           struct ph_bytes salt_and_content);

#endif
