/* What a store says of itself, as lines of the event log. */
#include <inttypes.h>
#include <stdlib.h>

#include "proto/heads.h"
#include "proto/merge.h"
#include "tests/oracle/op_take.h"
#include "tests/support/event_log.h"

static void put_hex(FILE *file, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    fputc('"', file);
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = ((const uint8_t *)bytes)[i];
        fputc(digits[byte >> 4], file);
        fputc(digits[byte & 15], file);
    }
    fputc('"', file);
}

/* --- heads, root --- */

static bool is_left_out(const struct op_taker *taker, uint32_t log)
{
    return op_take_is_left_out(taker, &taker->logs[log].writer, &taker->logs[log].school);
}

static int order_of_heads(const void *a, const void *b)
{
    return ph_head_compare(a, b);
}

static int order_of_holes(const void *a, const void *b)
{
    return ph_hole_compare(a, b);
}

static uint32_t heads_of(const struct op_taker *taker, struct ph_head *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < taker->log_count; i++) {
        const struct ph_log_row *row = &taker->logs[i];
        if (row->tip.seq != 0 && !is_left_out(taker, i))
            out[count++] = (struct ph_head){row->writer, row->tip.seq, row->tip.id};
    }
    qsort(out, count, sizeof *out, order_of_heads);
    return count;
}

static uint32_t holes_of(const struct op_taker *taker, const struct ph_view *view,
                         struct ph_hole *out)
{
    uint32_t log = 0, seq = 0, count = 0;
    enum ph_status status = ph_view_hole(view, &log, &seq);
    for (; status == PH_OK; seq++, status = ph_view_hole(view, &log, &seq)) {
        struct ph_stored_entry entry;
        if (is_left_out(taker, log))
            continue;
        CHECK_OK(ph_view_entry(view, log, seq, &entry));
        out[count++] = (struct ph_hole){taker->logs[log].writer, seq, ph_header_id(entry.encoded)};
    }
    CHECK_STATUS(status, PH_NOT_FOUND);
    qsort(out, count, sizeof *out, order_of_holes);
    return count;
}

static void print_root(struct op_taker *taker, const struct ph_view *view, FILE *file)
{
    struct ph_head heads[OP_LOGS_MAX];
    struct ph_hole holes[OP_HELD_MAX];
    uint32_t head_count = heads_of(taker, heads);
    uint32_t hole_count = holes_of(taker, view, holes);
    struct ph_hash facts = ph_facts_hash(taker->facts, ph_facts_count(taker->facts));
    struct ph_root root = ph_root(&facts, heads, head_count, holes, hole_count);
    fputs("\"heads\":[", file);
    for (uint32_t i = 0; i < head_count; i++) {
        fputs(i == 0 ? "" : ",", file);
        put_hex(file, heads[i].id.bytes, sizeof heads[i].id.bytes);
    }
    fputs("],", file);
    event_log_hex(file, "root", ph_bytes(root.bytes, sizeof root.bytes));
}

/* --- standing --- */

/* The entries behind their log's cut, but for what is left out. */
static void print_fallen(struct op_taker *taker, const struct ph_view *view, FILE *file)
{
    bool is_first = true;
    fputs("\"fallen\":[", file);
    for (uint32_t i = 0; i < taker->held_count; i++) {
        const struct op_held *held = &taker->held[i];
        uint32_t stands_to;
        CHECK_OK(ph_view_cut(view, held->log, &stands_to));
        if (held->link.seq <= stands_to || is_left_out(taker, held->log))
            continue;
        fputs(is_first ? "" : ",", file);
        is_first = false;
        put_hex(file, held->id.bytes, sizeof held->id.bytes);
    }
    fputc(']', file);
}

/* --- records --- */

/* The records that an entry's ops name: also those that no drawing named, but a changed bit. */
static void name_records(struct op_records *records, const struct ph_view *view,
                         const struct op_held *held)
{
    struct ph_stored_entry entry;
    struct ph_op_reader reader;
    struct ph_op op;
    CHECK_OK(ph_view_entry(view, held->log, held->link.seq, &entry));
    struct ph_op_place place = {entry.header.writer, entry.header.seq, held->id};
    if (ph_ops_open(&reader, &place, &entry.body) != PH_OK)
        return;
    while (ph_ops_next(&reader, &op))
        op_records_add(records, op.kind, &op.record);
}

static int order_of_records(const void *a, const void *b)
{
    const struct op_named *left = a, *right = b;
    int order = ph_record_id_compare(&left->id, &right->id);
    return order != 0 ? order : left->kind - right->kind;
}

/* Every record that ops name, shown or not. */
static void print_touched(struct op_taker *taker, const struct ph_view *view, FILE *file)
{
    struct ph_record record;
    struct op_records records = {.count = 0};
    bool is_first = true;
    for (uint32_t i = 0; i < taker->held_count; i++)
        name_records(&records, view, &taker->held[i]);
    qsort(records.at, records.count, sizeof *records.at, order_of_records);
    fputs("\"touched\":[", file);
    for (uint32_t i = 0; i < records.count; i++) {
        const struct op_named *named = &records.at[i];
        enum ph_status status = ph_view_record(view, named->kind, &named->id, &record);
        if (status == PH_NOT_FOUND)
            continue;
        CHECK_OK(status);
        if (record.touch_count == 0)
            continue; /* all who touched it are left out by now: gone after the next rebuild */
        fputs(is_first ? "" : ",", file);
        is_first = false;
        event_log_record(file, view, named->kind, &named->id);
    }
    fputc(']', file);
}

void op_take_print(struct op_taker *taker, FILE *file)
{
    struct ph_view view = {0};
    CHECK_OK(ph_view_open(taker->home.store, &view));
    fputs("{\"t\":\"state\",\"node\":0,", file);
    event_log_schools(file, taker->facts);
    fputc(',', file);
    print_root(taker, &view, file);
    fputc(',', file);
    print_fallen(taker, &view, file);
    fputc(',', file);
    event_log_records(file, &view);
    fputc(',', file);
    print_touched(taker, &view, file);
    fputs("}\n", file);
    ph_view_close(&view);
}

/* --- the merge alone --- */

struct merge_input {
    struct ph_merge_op ops[OP_OPS_MAX];
    struct ph_merged_value values[OP_OPS_MAX];
    uint32_t count;
    bool has_fallen[OP_HELD_MAX];
};

static void add_ops(struct merge_input *input, const struct op_taker *taker, uint32_t number,
                    const struct op_named *record, const struct ph_stored_entry *entry)
{
    const struct op_held *held = &taker->held[number];
    struct ph_op_reader reader;
    struct ph_op op;
    struct ph_op_place place = {entry->header.writer, entry->header.seq, held->id};
    if (ph_ops_open(&reader, &place, &entry->body) != PH_OK)
        return;
    while (ph_ops_next(&reader, &op)) {
        if (op.kind != record->kind || !ph_record_id_equal(&op.record, &record->id) ||
            input->count == OP_OPS_MAX)
            continue;
        input->ops[input->count++] = (struct ph_merge_op){.op = op,
                                                          .lamport = entry->header.lamport,
                                                          .entry = held->id,
                                                          .school = taker->logs[held->log].school,
                                                          .stands = !input->has_fallen[number]};
    }
}

static void print_merged(const struct merge_input *input, const struct op_named *record,
                         const struct ph_merged *merged, FILE *file)
{
    fprintf(file, "{\"t\":\"merge\",\"node\":0,\"kind\":%u,", record->kind);
    event_log_hex(file, "record", ph_bytes(record->id.bytes, sizeof record->id.bytes));
    fprintf(file, ",\"is_created\":%s,\"values\":[", merged->is_created ? "true" : "false");
    for (uint32_t i = 0; i < merged->value_count; i++) {
        const struct ph_merge_op *op = &input->ops[merged->values[i].op_index];
        char id[65] = "";
        ph_hex(op->entry.bytes, sizeof op->entry.bytes, id);
        fprintf(file, "%s\"%u %s %u\"", i == 0 ? "" : ",", merged->values[i].field, id,
                op->op.self.index);
    }
    fputs("],\"fallen\":[", file);
}

void op_take_print_merge(struct op_taker *taker, struct chance *chance, FILE *file)
{
    static struct merge_input input;
    const struct op_set *set = taker->set;
    struct ph_view view = {0};
    struct ph_stored_entry entry;
    if (set->records.count == 0 || op_take_leaves_out_any(taker))
        return; /* not all that the oracle has is held */
    const struct op_named *record = &set->records.at[draw(chance, set->records.count)];
    struct ph_merged merged = {.values = input.values};
    input.count = 0;
    CHECK_OK(ph_view_open(taker->home.store, &view));
    for (uint32_t i = 0; i < taker->held_count; i++) {
        input.has_fallen[i] = happens(chance, 30);
        CHECK_OK(ph_view_entry(&view, taker->held[i].log, taker->held[i].link.seq, &entry));
        add_ops(&input, taker, i, record, &entry);
    }
    const struct ph_kind *kind = ph_kind_by_number(record->kind);
    if (kind != NULL && input.count < OP_OPS_MAX) { /* else there are more */
        CHECK_OK(ph_merge(kind, &record->id, input.ops, input.count, &merged));
        print_merged(&input, record, &merged, file);
        bool is_first = true;
        for (uint32_t i = 0; i < taker->held_count; i++) {
            if (!input.has_fallen[i])
                continue;
            fputs(is_first ? "" : ",", file);
            is_first = false;
            put_hex(file, taker->held[i].id.bytes, 32);
        }
        fputs("]}\n", file);
    }
    ph_view_close(&view);
}
