#include "store/cuts.h"

#include <stdlib.h>

#include "store/left_out.h"
#include "store/logs.h"
#include "store/view.h"

enum ph_status ph_cuts_get(const struct ph_txn *txn, uint32_t log, uint32_t *stands_to)
{
    struct ph_key key = ph_key_u32(log);
    struct ph_bytes value;
    enum ph_status status = ph_db_get(txn, PH_TABLE_CUTS, ph_key_bytes(&key), &value);
    *stands_to = PH_STANDS_ALL;
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_OK : status;
    return ph_key_read_u32(value, stands_to) ? PH_OK : PH_CORRUPT;
}

static enum ph_status school_of(const struct ph_txn *txn, uint32_t log, struct ph_school_id *school)
{
    struct ph_key key = ph_key_u32(log);
    struct ph_bytes value;
    struct ph_log_row row;
    PH_TRY(ph_db_get(txn, PH_TABLE_LOGS, ph_key_bytes(&key), &value));
    PH_TRY(ph_log_row_decode(value, &row));
    *school = row.school;
    return PH_OK;
}

enum ph_status ph_cuts_put(const struct ph_txn *txn, uint32_t log, uint32_t stands_to)
{
    struct ph_key key = ph_key_u32(log), value = ph_key_u32(stands_to);
    struct ph_school_id school;
    if (stands_to != PH_STANDS_ALL) {
        PH_TRY(ph_db_put(txn, PH_TABLE_CUTS, ph_key_bytes(&key), ph_key_bytes(&value)));
    } else {
        enum ph_status status = ph_db_delete(txn, PH_TABLE_CUTS, ph_key_bytes(&key));
        if (status != PH_OK && status != PH_NOT_FOUND)
            return status;
    }
    PH_TRY(school_of(txn, log, &school));
    return ph_left_out_undo(txn, &school);
}

/* --- from the facts --- */

/* The logs of one writer in one school, being looked at. */
struct group {
    const struct ph_view *view;
    const struct ph_log_row *rows; /* of all logs */
    const uint32_t *numbers;       /* of the branches: local log numbers, ascending */
    uint32_t count;
};

static enum ph_status find_end(void *impl, const struct ph_log_end *end, uint32_t *branch)
{
    const struct group *group = impl;
    for (*branch = 0; *branch < group->count; ++*branch) {
        const struct ph_log_row *row = &group->rows[group->numbers[*branch]];
        struct ph_stored_entry entry;
        if (end->seq <= row->base_seq || end->seq > row->tip.seq)
            continue;
        PH_TRY(ph_view_entry(group->view, group->numbers[*branch], end->seq, &entry));
        struct ph_entry_id id = ph_header_id(entry.encoded);
        if (ph_entry_id_equal(&id, &end->id))
            return PH_OK;
    }
    return PH_NOT_FOUND;
}

static bool is_of(const struct ph_log_row *a, const struct ph_log_row *b)
{
    return ph_writer_id_equal(&a->writer, &b->writer) && ph_school_id_equal(&a->school, &b->school);
}

static uint32_t index_of(const struct group *group, uint32_t number)
{
    for (uint32_t i = 0; i < group->count; i++)
        if (group->numbers[i] == number)
            return i;
    return 0;
}

/* Room of a computation, each as large as there are logs. */
struct room {
    struct ph_log_row *rows;
    uint32_t *numbers;
    uint32_t *stands_to;
    struct ph_bounded_branch *branches;
    uint32_t count;
};

/* All logs from `first` on of its writer in its school. */
static enum ph_status cut_group(const struct ph_view *view, const struct ph_facts *facts,
                                struct room *room, uint32_t first, uint32_t *out)
{
    struct group group = {.view = view, .rows = room->rows, .numbers = room->numbers};
    for (uint32_t i = first; i < room->count; i++)
        if (is_of(&room->rows[i], &room->rows[first]))
            room->numbers[group.count++] = i;
    for (uint32_t i = 0; i < group.count; i++) {
        const struct ph_log_row *row = &room->rows[group.numbers[i]];
        room->branches[i] =
            (struct ph_bounded_branch){.certify = ph_facts_find(facts, &row->certify),
                                       .base = index_of(&group, row->base_log),
                                       .base_seq = row->base_seq};
        if (room->branches[i].certify == NULL)
            return PH_CORRUPT;
    }
    const struct ph_bounded_log log = {.school = &room->rows[first].school,
                                       .writer = &room->rows[first].writer,
                                       .branches = room->branches,
                                       .branch_count = group.count,
                                       .find = find_end,
                                       .impl = &group};
    PH_TRY(ph_bounds_of(facts, &log, room->stands_to));
    for (uint32_t i = 0; i < group.count; i++)
        out[group.numbers[i]] = room->stands_to[i];
    return PH_OK;
}

static bool is_first(const struct room *room, uint32_t number)
{
    for (uint32_t i = 0; i < number; i++)
        if (is_of(&room->rows[i], &room->rows[number]))
            return false;
    return true;
}

static enum ph_status cut_all(const struct ph_view *view, const struct ph_facts *facts,
                              struct room *room, uint32_t *out)
{
    for (uint32_t i = 0; i < room->count; i++)
        PH_TRY(ph_view_log(view, i, &room->rows[i]));
    for (uint32_t i = 0; i < room->count; i++)
        if (ph_bounds_any(facts, &room->rows[i].school) && is_first(room, i))
            PH_TRY(cut_group(view, facts, room, i, out));
    return PH_OK;
}

enum ph_status ph_view_cuts(const struct ph_view *view, const struct ph_facts *facts,
                            uint32_t log_count, uint32_t *out)
{
    struct room room = {.count = log_count};
    enum ph_status status = PH_NO_MEMORY;
    if (log_count == 0)
        return PH_OK;
    for (uint32_t i = 0; i < log_count; i++)
        out[i] = PH_STANDS_ALL;
    room.rows = calloc(log_count, sizeof *room.rows);
    room.numbers = calloc(log_count, sizeof *room.numbers);
    room.stands_to = calloc(log_count, sizeof *room.stands_to);
    room.branches = calloc(log_count, sizeof *room.branches);
    if (room.rows != NULL && room.numbers != NULL && room.stands_to != NULL &&
        room.branches != NULL)
        status = cut_all(view, facts, &room, out);
    free(room.rows);
    free(room.numbers);
    free(room.stands_to);
    free(room.branches);
    return status == PH_NOT_FOUND ? PH_CORRUPT : status;
}
