#include "node/stock.h"

#include <stdlib.h>

#include "node/branches.h"
#include "node/ends.h"

/* Its writer's first hole, of whichever branch; UINT32_MAX: none. Holes are sorted. */
static uint32_t first_hole(const struct ph_node *node, const struct ph_writer_id *writer)
{
    const struct ph_ends *logs = &node->logs;
    uint32_t from = 0, to = logs->hole_count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (ph_writer_id_compare(&logs->holes[middle].writer, writer) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    bool is_its = from < logs->hole_count && ph_writer_id_equal(&logs->holes[from].writer, writer);
    return is_its ? logs->holes[from].seq : UINT32_MAX;
}

uint32_t ph_stock_held_to(const struct ph_node *node, uint32_t number)
{
    const struct ph_log *log = &node->logs.items[number];
    uint32_t hole = first_hole(node, &log->row.writer);
    return hole <= log->durable.seq ? hole - 1 : log->durable.seq;
}

/* A few of them lie on one way, where a hole is: once is enough. */
uint32_t ph_stock_sort(uint8_t *list, uint32_t count, size_t item_len,
                       int (*compare)(const void *, const void *))
{
    uint32_t kept = 0;
    if (count != 0)
        qsort(list, count, item_len, compare);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *item = list + i * item_len;
        if (kept != 0 && compare(list + (kept - 1) * item_len, item) == 0)
            continue;
        memmove(list + kept++ * item_len, item, item_len);
    }
    return kept;
}

/* All that is announced, in `list`, which has room for PH_LOGS_MAX. */
static enum ph_status list_held(struct ph_node *node, const struct ph_view *view, uint8_t *list,
                                uint32_t *count)
{
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        struct ph_place_on at = {i, ph_stock_held_to(node, i)};
        struct ph_link link;
        if (!ph_ends_is_announced(log) || at.seq == 0)
            continue;
        PH_TRY(ph_branch_link(node, view, &at, &link));
        ph_receipt_put(list + (size_t)(*count)++ * PH_RECEIPT_HELD_LEN, &log->row.writer, at.seq,
                       &link.id);
    }
    *count = ph_stock_sort(list, *count, PH_RECEIPT_HELD_LEN, ph_receipt_compare_held);
    return PH_OK;
}

static int compare_writers(const void *a, const void *b)
{
    return memcmp(a, b, PH_RECEIPT_WRITER_LEN);
}

/* Writers that this installation has been, of its school. */
static enum ph_status list_replaced(struct ph_node *node, const struct ph_view *view,
                                    uint8_t list[], uint32_t *count)
{
    for (uint32_t i = 0; i < node->logs.count && *count < PH_RECEIPT_REPLACED_MAX; i++) {
        const struct ph_log_row *row = &node->logs.items[i].row;
        bool was_own = false;
        if (row->is_branch || ph_writer_id_equal(&row->writer, &node->writer) ||
            !ph_school_id_equal(&row->school, &node->school))
            continue;
        PH_TRY(ph_view_was_own(view, &row->writer, &was_own));
        if (was_own)
            memcpy(list + (size_t)(*count)++ * PH_RECEIPT_WRITER_LEN, row->writer.bytes,
                   PH_RECEIPT_WRITER_LEN);
    }
    *count = ph_stock_sort(list, *count, PH_RECEIPT_WRITER_LEN, compare_writers);
    return PH_OK;
}

enum ph_status ph_stock_take(struct ph_node *node, struct ph_receipt *receipt, uint8_t *held,
                             uint8_t *replaced)
{
    uint32_t held_count = 0, replaced_count = 0;
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = list_held(node, &view, held, &held_count);
    if (status == PH_OK)
        status = list_replaced(node, &view, replaced, &replaced_count);
    ph_view_close(&view);
    receipt->is_cut = held_count > PH_RECEIPT_HELD_MAX;
    held_count = receipt->is_cut ? PH_RECEIPT_HELD_MAX : held_count;
    receipt->held = ph_bytes(held, (size_t)held_count * PH_RECEIPT_HELD_LEN);
    receipt->replaced = ph_bytes(replaced, (size_t)replaced_count * PH_RECEIPT_WRITER_LEN);
    return status;
}
