/* What one installation says that it holds durably (spec: "Receipts"): a list of branches, signed
 * with its writer's key. The newest of each writer counts. */
#ifndef PHAROS_PROTO_RECEIPT_H
#define PHAROS_PROTO_RECEIPT_H

#include "pharos/id.h"
#include "pharos/limits.h"
#include "proto/crypto.h"
#include "proto/pack.h"

#define PH_RECEIPT_WRITER_LEN 8 /* of a writer, in all lists here */
#define PH_RECEIPT_CHECK_LEN 8  /* of an entry's id */
#define PH_RECEIPT_HELD_LEN (PH_RECEIPT_WRITER_LEN + 4 + PH_RECEIPT_CHECK_LEN)
/* Packed, at its longest. */
#define PH_RECEIPT_MAX                                                                             \
    (34 + 5 + 3 + PH_RECEIPT_REPLACED_MAX * PH_RECEIPT_WRITER_LEN + 3 +                            \
     PH_RECEIPT_HELD_MAX * PH_RECEIPT_HELD_LEN + 1 + 66)

/* Views borrow from the bytes it was read from. */
struct ph_receipt {
    struct ph_writer_id writer;
    uint32_t counter;         /* not 0 */
    struct ph_bytes replaced; /* PH_RECEIPT_WRITER_LEN bytes each, strictly ascending */
    struct ph_bytes held;     /* PH_RECEIPT_HELD_LEN bytes each, strictly ascending */
    bool is_cut;
    struct ph_signature signature;
};

/* Six items. Reading looks at their forms alone: PH_MALFORMED, PH_LIMIT. */
void ph_receipt_pack(const struct ph_receipt *receipt, struct ph_buffer *out);
PH_MUST_USE enum ph_status ph_receipt_unpack(struct ph_unpacker *in, struct ph_receipt *out);

/* PH_UNAUTHENTIC: its writer did not say it in this network. */
void ph_receipt_sign(struct ph_receipt *receipt, const struct ph_network_id *network,
                     const struct ph_sign_secret *secret);
PH_MUST_USE enum ph_status ph_receipt_verify(const struct ph_receipt *receipt,
                                             const struct ph_network_id *network);

/* The last entry of a branch that is held without a gap. */
struct ph_receipt_end {
    uint32_t seq;
    uint8_t check[PH_RECEIPT_CHECK_LEN];
};
/* A branch as it stands in the list, and how such are sorted. */
void ph_receipt_put(uint8_t out[PH_RECEIPT_HELD_LEN], const struct ph_writer_id *writer,
                    uint32_t seq, const struct ph_entry_id *id);
int ph_receipt_compare_held(const void *a, const void *b);

/* The branches of a writer that it names, one after the other; `*at` begins with 0. False: no
 * more. */
bool ph_receipt_next(const struct ph_receipt *receipt, const struct ph_writer_id *writer,
                     uint32_t *at, struct ph_receipt_end *out);
bool ph_receipt_replaces(const struct ph_receipt *receipt, const struct ph_writer_id *writer);

/* What a list of receipts says of one: they are held, at least so new. */
#define PH_RECEIPT_NAME_LEN (PH_RECEIPT_WRITER_LEN + 4)
struct ph_receipt_name {
    uint8_t writer[PH_RECEIPT_WRITER_LEN];
    uint32_t counter;
};
void ph_receipt_name_put(uint8_t out[PH_RECEIPT_NAME_LEN], const struct ph_writer_id *writer,
                         uint32_t counter);
struct ph_receipt_name ph_receipt_name_at(struct ph_bytes names, uint32_t index);
int ph_receipt_compare_names(const void *a, const void *b);
/* Writers strictly ascending, counters not 0. PH_MALFORMED, PH_LIMIT. */
PH_MUST_USE enum ph_status ph_receipt_check_names(struct ph_bytes names);

#endif
