#include "proto/merge.h"

#include <stdlib.h>

#define NOBODY UINT32_MAX

/* Never more, since every school has a fact of its own; it keeps sizes from wrapping where they
 * have 32 bits. */
#define OPS_MAX (PH_OWNER_SHARE_MAX + PH_FACTS_MAX * PH_SCHOOL_SHARE_MAX)

/* One op while it is being judged. */
struct item {
    const struct ph_merge_op *op;
    enum ph_field_type type; /* of its field; meaningful unless void */
    bool is_void;            /* as if it were not there */
    bool is_taken;           /* overwritten or removed */
    bool is_followed;        /* without standing, and overwritten through */
    uint32_t next;           /* in the stack of those still to be followed */
};

/* The one allocation of a merge. */
struct scratch {
    struct ph_op_ref refs[PH_REFS_PER_OP_MAX];
    uint32_t stack;
    uint32_t count;
    struct item items[]; /* sorted by reference, so that references find them */
};

static int compare_places(const void *a, const void *b)
{
    const struct ph_merge_op *left = ((const struct item *)a)->op;
    const struct ph_merge_op *right = ((const struct item *)b)->op;
    int order = ph_op_ref_compare(&left->op.self, &right->op.self);
    return order != 0 ? order : ph_entry_id_compare(&left->entry, &right->entry);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* By field; within it the latest first. */
static int compare_for_showing(const void *a, const void *b)
{
    const struct ph_merge_op *left = ((const struct item *)a)->op;
    const struct ph_merge_op *right = ((const struct item *)b)->op;
    int order = compare_numbers(left->op.field, right->op.field);
    if (order == 0)
        order = compare_numbers(right->lamport, left->lamport);
    if (order == 0)
        order = ph_writer_id_compare(&right->op.self.writer, &left->op.self.writer);
    if (order == 0)
        order = ph_entry_id_compare(&right->entry, &left->entry);
    return order != 0 ? order : compare_numbers(right->op.self.index, left->op.self.index);
}

static struct scratch *scratch_new(const struct ph_merge_op *ops, uint32_t op_count)
{
    if (op_count > OPS_MAX)
        return NULL;
    struct scratch *scratch = malloc(sizeof *scratch + op_count * sizeof(struct item));
    if (scratch == NULL)
        return NULL;
    scratch->stack = NOBODY;
    scratch->count = op_count;
    for (uint32_t i = 0; i < op_count; i++)
        scratch->items[i] = (struct item){.op = &ops[i], .next = NOBODY};
    return scratch;
}

static void sort_without_duplicates(struct scratch *scratch)
{
    uint32_t kept = 0;
    qsort(scratch->items, scratch->count, sizeof *scratch->items, compare_places);
    for (uint32_t i = 0; i < scratch->count; i++) {
        const struct item *last = kept == 0 ? NULL : &scratch->items[kept - 1];
        if (last == NULL ||
            ph_op_ref_compare(&last->op->op.self, &scratch->items[i].op->op.self) != 0)
            scratch->items[kept++] = scratch->items[i];
    }
    scratch->count = kept;
}

static bool is_create(const struct ph_merge_op *op, const struct ph_record_id *record)
{
    return op->op.type == PH_OP_CREATE && op->stands &&
           op->op.self.seq == ph_record_id_seq(record) && ph_record_id_is_of(record, &op->school);
}

/* The lowest entry id; of two creates in one entry the first. NULL: there is none. */
static const struct ph_merge_op *winning_create(const struct scratch *scratch,
                                                const struct ph_record_id *record)
{
    const struct ph_merge_op *winner = NULL;
    for (uint32_t i = 0; i < scratch->count; i++) {
        const struct ph_merge_op *op = scratch->items[i].op;
        if (!is_create(op, record))
            continue;
        int order = winner == NULL ? -1 : ph_entry_id_compare(&op->entry, &winner->entry);
        if (order < 0 || (order == 0 && op->op.self.index < winner->op.self.index))
            winner = op;
    }
    return winner;
}

/* Whether the op is of a type that its field takes. Creates are done with; reserved ops and texts
 * have no effect here. */
static bool type_fits(enum ph_op_type op, enum ph_field_type field)
{
    if (field == PH_FIELD_REGISTER)
        return op == PH_OP_SET;
    return field == PH_FIELD_SET && (op == PH_OP_ADD || op == PH_OP_REMOVE);
}

static void judge(struct item *item, const struct ph_kind *kind, const struct ph_record_id *record,
                  enum ph_audience audience)
{
    const struct ph_field *field = ph_field_by_number(kind, item->op->op.field);
    item->is_void = field == NULL || !type_fits(item->op->op.type, field->type) ||
                    item->op->op.audience != audience ||
                    !ph_kind_allows(kind, record, &item->op->school);
    if (field != NULL)
        item->type = field->type;
}

/* The item that a reference names, if it is there and in effect. */
static struct item *item_of(struct scratch *scratch, const struct ph_op_ref *ref)
{
    uint32_t low = 0;
    uint32_t high = scratch->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct item *item = &scratch->items[middle];
        int order = ph_op_ref_compare(&item->op->op.self, ref);
        if (order == 0)
            return item->is_void ? NULL : item;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Only ops whose type fits their field are left: a set names sets, a remove names adds (or removes,
 * which taking does nothing to). */
static bool takes(const struct item *taker, const struct item *target)
{
    return target != taker && target->op->op.field == taker->op->op.field;
}

/* Take what an op names. A set without standing that is overwritten is put on the stack: what it
 * overwrote stays overwritten. */
static void take_named(struct scratch *scratch, const struct item *taker)
{
    uint16_t ref_count = ph_op_refs(&taker->op->op, scratch->refs);
    for (uint16_t i = 0; i < ref_count; i++) {
        struct item *target = item_of(scratch, &scratch->refs[i]);
        if (target == NULL || !takes(taker, target))
            continue;
        target->is_taken = true;
        if (target->op->stands || target->is_followed || target->type != PH_FIELD_REGISTER)
            continue;
        target->is_followed = true;
        target->next = scratch->stack;
        scratch->stack = (uint32_t)(target - scratch->items);
    }
}

static void take_all(struct scratch *scratch)
{
    for (uint32_t i = 0; i < scratch->count; i++) {
        const struct item *item = &scratch->items[i];
        if (!item->is_void && item->op->stands && item->op->op.type != PH_OP_ADD)
            take_named(scratch, item);
    }
    while (scratch->stack != NOBODY) {
        const struct item *item = &scratch->items[scratch->stack];
        scratch->stack = item->next;
        take_named(scratch, item);
    }
}

static bool is_live(const struct item *item)
{
    return !item->is_void && !item->is_taken && item->op->stands &&
           item->op->op.type != PH_OP_REMOVE;
}

static void keep_live(struct scratch *scratch)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < scratch->count; i++) {
        if (is_live(&scratch->items[i]))
            scratch->items[kept++] = scratch->items[i];
    }
    scratch->count = kept;
    qsort(scratch->items, kept, sizeof *scratch->items, compare_for_showing);
}

static void merge_created(struct scratch *scratch, const struct ph_kind *kind,
                          const struct ph_record_id *record, enum ph_audience audience)
{
    for (uint32_t i = 0; i < scratch->count; i++)
        judge(&scratch->items[i], kind, record, audience);
    take_all(scratch);
    keep_live(scratch);
}

enum ph_status ph_merge(const struct ph_kind *kind, const struct ph_record_id *record,
                        const struct ph_merge_op *ops, uint32_t op_count, struct ph_merged *out)
{
    struct scratch *scratch = scratch_new(ops, op_count);
    if (scratch == NULL)
        return PH_NO_MEMORY;
    sort_without_duplicates(scratch);
    const struct ph_merge_op *create = winning_create(scratch, record);
    out->is_created = create != NULL;
    out->create_index = create == NULL ? 0 : (uint32_t)(create - ops);
    out->value_count = 0;
    if (create != NULL) {
        merge_created(scratch, kind, record, create->op.audience);
        for (uint32_t i = 0; i < scratch->count; i++) {
            const struct ph_merge_op *op = scratch->items[i].op;
            out->values[i] = (struct ph_merged_value){op->op.field, (uint32_t)(op - ops)};
        }
        out->value_count = scratch->count;
    }
    free(scratch);
    return PH_OK;
}
