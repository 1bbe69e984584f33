#include "node/branches.h"

uint32_t ph_branch_holder(const struct ph_node *node, uint32_t number, uint32_t seq)
{
    const struct ph_log *log = &node->logs.items[number];
    while (log->row.is_branch && seq <= log->row.base_seq) {
        number = log->row.base_log;
        log = &node->logs.items[number];
    }
    return number;
}

enum ph_status ph_branch_entry(const struct ph_node *node, const struct ph_view *view,
                               const struct ph_place_on *at, struct ph_stored_entry *out)
{
    return ph_view_entry(view, ph_branch_holder(node, at->number, at->seq), at->seq, out);
}

enum ph_status ph_branch_link(const struct ph_node *node, const struct ph_view *view,
                              const struct ph_place_on *at, struct ph_link *out)
{
    const struct ph_log *log = &node->logs.items[at->number];
    struct ph_stored_entry entry;
    if (at->seq == 0) {
        *out = ph_link_first(&log->row.certify);
        return PH_OK;
    }
    if (at->seq == log->durable.seq) {
        *out = log->durable;
        return PH_OK;
    }
    PH_TRY(ph_branch_entry(node, view, at, &entry));
    struct ph_entry_id id = ph_header_id(entry.encoded);
    *out = ph_link_after(&entry.header, &id);
    return PH_OK;
}

int ph_branch_after(const struct ph_node *node, uint32_t number)
{
    const struct ph_writer_id *writer = &node->logs.items[number].row.writer;
    if (!node->logs.items[node->logs.items[number].first].is_forked)
        return -1;
    for (uint32_t i = number + 1; i < node->logs.count; i++)
        if (ph_writer_id_equal(&node->logs.items[i].row.writer, writer))
            return (int)i;
    return -1;
}

enum ph_status ph_branch_has(const struct ph_node *node, const struct ph_view *view,
                             const struct ph_place_on *at, const uint8_t check[16])
{
    const struct ph_log *log = &node->logs.items[at->number];
    struct ph_link link = log->row.tip;
    if (at->seq > log->row.tip.seq)
        return PH_NOT_FOUND;
    if (at->seq != log->row.tip.seq && at->seq > log->durable.seq)
        return PH_WAITING;
    if (at->seq != log->row.tip.seq)
        PH_TRY(ph_branch_link(node, view, at, &link));
    return memcmp(link.id.bytes, check, 16) == 0 ? PH_OK : PH_NOT_FOUND;
}

enum ph_status ph_branch_find(const struct ph_node *node, const struct ph_view *view,
                              uint32_t first, const struct ph_locator *entry, uint32_t *number)
{
    enum ph_status found = PH_NOT_FOUND;
    for (int i = (int)first; i >= 0; i = ph_branch_after(node, (uint32_t)i)) {
        struct ph_place_on at = {(uint32_t)i, entry->seq};
        if (entry->seq <= node->logs.items[i].row.base_seq)
            continue; /* the log that it leaves holds that */
        enum ph_status status = ph_branch_has(node, view, &at, entry->check);
        *number = (uint32_t)i;
        if (status != PH_NOT_FOUND && status != PH_WAITING)
            return status;
        if (status == PH_WAITING)
            found = status;
    }
    return found;
}

enum ph_status ph_branch_look_up(const struct ph_node *node, uint32_t first,
                                 const struct ph_locator *entry, uint32_t *number)
{
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = ph_branch_find(node, &view, first, entry, number);
    ph_view_close(&view);
    return status;
}

struct ph_locator ph_locator_of(const struct ph_link *link)
{
    struct ph_locator out = {.seq = link->seq};
    memcpy(out.check, link->id.bytes, sizeof out.check);
    return out;
}
