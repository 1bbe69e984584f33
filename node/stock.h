/* Taking stock: what this installation holds durably, as its receipts say it. */
#ifndef PHAROS_NODE_STOCK_H
#define PHAROS_NODE_STOCK_H

#include "node/state.h"

/* How far a branch is held here up to its writer's first hole. */
uint32_t ph_stock_held_to(const struct ph_node *node, uint32_t number);

/* Both lists of a receipt: into `held`, room for each log's PH_RECEIPT_HELD_LEN bytes, and
 * `replaced`, room for PH_RECEIPT_REPLACED_MAX writers. */
PH_MUST_USE enum ph_status ph_stock_take(struct ph_node *node, struct ph_receipt *receipt,
                                         uint8_t *held, uint8_t *replaced);

/* Sorted, each once. How many are left. */
uint32_t ph_stock_sort(uint8_t *list, uint32_t count, size_t item_len,
                       int (*compare)(const void *, const void *));

#endif
