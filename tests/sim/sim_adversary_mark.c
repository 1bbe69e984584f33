/* What an honest node must not have taken, asked of its store and of nothing that decides it
 * there. */
#include <stdio.h>

#include "store/view.h"
#include "tests/sim/sim_adversary_state.h"

#define KINDS_MAX 64

struct mark {
    struct sim_adversary *adversary;
    uint32_t node;
    const struct ph_view *view;
    char *text;
    size_t size;
};

static void say(struct mark *mark, const char *sentence, uint64_t number)
{
    if (mark->text[0] == '\0')
        snprintf(mark->text, mark->size, "%s (%llu)", sentence, (unsigned long long)number);
}

static bool goes_on(const struct mark *mark, enum ph_status status)
{
    return sim_goes_on(mark->adversary->sim, mark->node, status);
}

/* --- entries --- */

static bool is_forbidden(const struct sim_adversary *adversary, const struct ph_entry_id *id)
{
    uint32_t count = adversary->forbidden_count;
    for (uint32_t i = 0; i < count && i < SIM_FORBIDDEN_MAX; i++)
        if (ph_entry_id_equal(&adversary->forbidden[i], id))
            return true;
    return false;
}

static void check_logs(struct mark *mark)
{
    const struct sim_adversary *adversary = mark->adversary;
    uint64_t quota = ph_facts_founding(adversary->facts)->of.found.quota;
    struct ph_log_row row;
    for (uint32_t log = 0; goes_on(mark, ph_view_log(mark->view, log, &row)); log++) {
        struct ph_stored_entry entry;
        if (ph_quota_used(row.tip.seq, row.tip.sum) > quota)
            say(mark, "a log is over its quota", log);
        for (uint32_t seq = row.base_seq + 1; seq <= row.tip.seq; seq++) {
            if (!goes_on(mark, ph_view_entry(mark->view, log, seq, &entry))) {
                say(mark, "an entry of a log is not there", seq);
                break;
            }
            struct ph_entry_id id = ph_header_id(entry.encoded);
            if (is_forbidden(adversary, &id))
                say(mark, "an entry was taken that nobody may take", seq);
        }
    }
}

/* --- facts --- */

static void check_facts(struct mark *mark)
{
    const struct sim_adversary *adversary = mark->adversary;
    uint32_t count = adversary->forbidden_fact_count;
    struct ph_bytes bytes;
    for (uint32_t index = 0; goes_on(mark, ph_view_fact(mark->view, index, &bytes)); index++) {
        struct ph_unpacker in = ph_unpack_scanned(bytes);
        ph_unpack_array(&in);
        struct ph_hash id = ph_hash(PH_DOMAIN_FACT, ph_unpack_bin(&in));
        for (uint32_t i = 0; i < count && i < SIM_FORBIDDEN_MAX; i++)
            if (memcmp(adversary->forbidden_facts[i].bytes, id.bytes, sizeof id.bytes) == 0)
                say(mark, "a fact was taken that nobody may take", index);
    }
}

/* --- records --- */

/* Whether somebody of the owner wrote the entry that the record's id names. */
static bool is_begun_by_owner(const struct mark *mark, const struct ph_record *record)
{
    for (size_t at = 0; at + 8 <= record->touches.len; at += 8) {
        struct ph_log_row row;
        uint32_t log = ph_get_u32(record->touches.data + at);
        if (ph_get_u32(record->touches.data + at + 4) == ph_record_id_seq(&record->id) &&
            ph_view_log(mark->view, log, &row) == PH_OK &&
            ph_record_id_is_of(&record->id, &row.school))
            return true;
    }
    return false;
}

static void check_record(struct mark *mark, uint16_t kind, const struct ph_record_id *id)
{
    struct ph_record record;
    struct ph_record_value value;
    struct ph_log_row row;
    if (!goes_on(mark, ph_view_record(mark->view, kind, id, &record))) {
        say(mark, "a record is listed that is not there", kind);
        return;
    }
    if (!is_begun_by_owner(mark, &record))
        say(mark, "a record is shown that its owner did not create", kind);
    while (ph_kind_by_number(kind)->right == PH_RIGHT_OWNER && ph_record_next(&record, &value))
        if (!goes_on(mark, ph_view_log(mark->view, value.log, &row)) ||
            !ph_record_id_is_of(id, &row.school))
            say(mark, "a record shows a value that its owner did not write", kind);
}

static void check_records(struct mark *mark)
{
    for (uint16_t kind = 1; kind <= KINDS_MAX; kind++) {
        struct ph_list_position position = {0};
        struct ph_record_id id;
        while (ph_kind_by_number(kind) != NULL &&
               goes_on(mark, ph_view_list(mark->view, kind, &position, &id)))
            check_record(mark, kind, &id);
    }
}

const char *sim_adversary_mark(struct sim_adversary *adversary, uint32_t node)
{
    static char text[160];
    struct ph_view view = {0};
    struct mark mark = {
        .adversary = adversary, .node = node, .view = &view, .text = text, .size = sizeof text};
    text[0] = '\0';
    sim_view(adversary->sim, node, &view);
    check_logs(&mark);
    check_facts(&mark);
    check_records(&mark);
    ph_view_close(&view);
    return text[0] != '\0' ? text : NULL;
}
