#include "node/cuts.h"

#include <stdlib.h>

#include "node/ingest.h"

static enum ph_status say(struct ph_node *node, const uint32_t *stands_to, uint32_t count,
                          bool *is_due)
{
    struct ph_batch *batch = NULL;
    for (uint32_t i = 0; i < count; i++) {
        struct ph_log *log = &node->logs.items[i];
        if (log->stands_to == stands_to[i])
            continue;
        *is_due = true;
        if (ph_ingest_is_full(node))
            continue; /* said after the first commit that has room */
        PH_TRY(ph_ingest_batch(node, &batch));
        PH_TRY(ph_batch_cut(batch, i, stands_to[i]));
        log->stands_to = stands_to[i];
    }
    return PH_OK;
}

/* Logs of the gathering batch are not in the store yet: they have no entries to judge. */
static enum ph_status compute(struct ph_node *node, uint32_t *stands_to, uint32_t *count)
{
    struct ph_view view = {0};
    uint64_t stored = 0;
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = ph_view_log_count(&view, &stored);
    *count = (uint32_t)stored;
    if (status == PH_OK)
        status = ph_view_cuts(&view, node->facts, *count, stands_to);
    ph_view_close(&view);
    return status;
}

enum ph_status ph_cuts_refresh(struct ph_node *node, bool *is_due)
{
    uint32_t count = 0;
    *is_due = false;
    if (node->facts == NULL || !ph_bounds_exist(node->facts))
        return PH_OK;
    uint32_t *stands_to = calloc(node->logs.count + 1, sizeof *stands_to);
    if (stands_to == NULL)
        return PH_NO_MEMORY;
    enum ph_status status = compute(node, stands_to, &count);
    if (status == PH_OK)
        status = say(node, stands_to, count, is_due);
    free(stands_to);
    return status == PH_PARTIAL ? PH_OK : status;
}
