/* Merging one record: an input writes a handful of entries with ops of all kinds that name each
 * other, and some that name nothing. In another order, with duplicates, the merge is the same; and
 * no value lives that another living one has overwritten. */
#include "proto/merge.h"
#include "tests/fuzz/fuzz.h"

#define ENTRIES_MAX 8
#define OPS_PER_ENTRY_MAX 6
#define OPS_MAX (ENTRIES_MAX * OPS_PER_ENTRY_MAX)
#define BODY_ROOM 4096

struct made_entry {
    uint8_t skeleton[BODY_ROOM], content[BODY_ROOM];
    struct ph_body body;
    struct ph_op_place place;
};

static struct made_entry entries[ENTRIES_MAX];
static struct ph_merge_op ops[3 * OPS_MAX];
static struct ph_merged_value values[2][3 * OPS_MAX];
static uint32_t op_count;

static const uint16_t fields[] = {1, 2, 3, 4, 5, 6, 7, 99};
static const struct ph_school_id schools[] = {{{1}}, {{2}}, {{3}}};

static struct ph_record_id record_of(uint32_t seq)
{
    static const uint8_t random[4] = {1};
    return ph_record_id_make(&schools[0], seq, random);
}

/* --- writing --- */

/* An op made before, or one that nobody has. */
static struct ph_op_ref pick_ref(struct fuzz_input *input)
{
    uint32_t choice = fuzz_byte(input);
    if (op_count == 0 || choice >= 250)
        return (struct ph_op_ref){.writer = {{9}}, .seq = choice};
    if (choice >= 200) /* of this very entry, itself and later ones included */
        return (struct ph_op_ref){.index = (uint16_t)(choice % OPS_PER_ENTRY_MAX)};
    return ops[choice % op_count].op.self;
}

static void write_op(struct fuzz_input *input, struct ph_op_writer *writer)
{
    static const uint8_t items[][4] = {{0xa1, 'a'}, {0xc0}, {0x05}, {0xa2, 'b', 'c'}};
    static const size_t lens[] = {2, 1, 1, 3};
    struct ph_op_ref refs[4];
    uint32_t type = fuzz_pick(input, 5), item = fuzz_pick(input, 4);
    uint16_t field = fields[fuzz_pick(input, 8)];
    size_t ref_count = fuzz_pick(input, 5);
    for (size_t i = 0; i < ref_count; i++)
        refs[i] = pick_ref(input);
    if (type == 0)
        ph_ops_create(writer);
    else if (type == 1 || type == 2)
        ph_ops_set(writer, field, refs, ref_count, ph_bytes(items[item], lens[item]));
    else if (type == 3)
        ph_ops_add(writer, field, ph_bytes(items[item], lens[item]));
    else
        ph_ops_remove(writer, field, refs, ref_count);
}

static void read_back(struct made_entry *entry, uint64_t lamport, const struct ph_school_id *school,
                      bool stands)
{
    struct ph_op_reader reader;
    struct ph_merge_op op = {
        .lamport = lamport, .entry = entry->place.id, .school = *school, .stands = stands};
    if (ph_ops_open(&reader, &entry->place, &entry->body) != PH_OK)
        return;
    while (ph_ops_next(&reader, &op.op))
        ops[op_count++] = op;
}

static void write_entry(struct fuzz_input *input, struct made_entry *entry, uint32_t number)
{
    struct ph_op_writer writer;
    uint8_t who = fuzz_byte(input), how = fuzz_byte(input);
    const struct ph_record_id record = record_of(1);
    entry->place = (struct ph_op_place){.writer = {{(uint8_t)(who % 4)}}, .seq = 1 + who / 4 % 3};
    entry->place.id.bytes[0] = (uint8_t)(how % 16 * 16 + number); /* differ, in any order */
    ph_ops_begin(&writer, entry->skeleton, entry->content, BODY_ROOM);
    ph_ops_group(&writer, PH_KIND_PLAN, &record,
                 (how & 64) != 0 ? PH_AUDIENCE_SCHOOL : PH_AUDIENCE_NETWORK);
    for (uint32_t left = 1 + fuzz_pick(input, OPS_PER_ENTRY_MAX); left != 0; left--)
        write_op(input, &writer);
    if (ph_ops_end(&writer, &entry->body) == PH_OK)
        read_back(entry, who / 16, &schools[who % 3], (how & 128) == 0);
}

/* --- checks --- */

static void shuffle_with_duplicates(struct fuzz_input *input)
{
    uint32_t count = op_count;
    for (uint32_t i = 0; i < count; i++)
        if ((fuzz_byte(input) & 1) != 0)
            ops[op_count++] = ops[i];
    for (uint32_t i = op_count; i > 1; i--) {
        uint32_t other = fuzz_byte(input) % i;
        struct ph_merge_op op = ops[i - 1];
        ops[i - 1] = ops[other];
        ops[other] = op;
    }
}

/* The values of a merge, as ops, since their places change. */
struct outcome {
    bool is_created;
    struct ph_op_ref create;
    uint32_t count;
    struct ph_merge_op live[OPS_MAX];
};

static bool names(const struct ph_op *taker, const struct ph_op *value)
{
    static struct ph_op_ref refs[PH_REFS_PER_OP_MAX];
    uint16_t ref_count = ph_op_refs(taker, refs);
    for (uint16_t i = 0; i < ref_count; i++)
        if (ph_op_ref_compare(&refs[i], &value->self) == 0)
            return true;
    return false;
}

/* A set that lives counts for certain, so what it names in its field doesn't live. */
static void check_none_overwritten(const struct outcome *out)
{
    for (uint32_t i = 0; i < out->count; i++) {
        const struct ph_op *taker = &out->live[i].op;
        for (uint32_t j = 0; j < out->count && taker->type == PH_OP_SET; j++) {
            const struct ph_op *value = &out->live[j].op;
            FUZZ_CHECK(i == j || value->field != taker->field || !names(taker, value));
        }
    }
}

static void merge(uint16_t kind, struct outcome *out)
{
    struct ph_record_id record = record_of(1);
    struct ph_merged merged = {.values = values[0]};
    FUZZ_CHECK(ph_merge(ph_kind_by_number(kind), &record, ops, op_count, &merged) == PH_OK);
    out->is_created = merged.is_created;
    out->create =
        merged.is_created ? ops[merged.create_index].op.self : (struct ph_op_ref){.seq = 0};
    out->count = merged.value_count;
    FUZZ_CHECK(merged.value_count <= OPS_MAX);
    for (uint32_t i = 0; i < merged.value_count; i++) {
        FUZZ_CHECK(values[0][i].op_index < op_count);
        out->live[i] = ops[values[0][i].op_index];
        FUZZ_CHECK(out->live[i].stands && out->live[i].op.carries_value);
        FUZZ_CHECK(out->live[i].op.field == values[0][i].field);
    }
    check_none_overwritten(out);
}

static void check_equal(const struct outcome *a, const struct outcome *b)
{
    FUZZ_CHECK(a->is_created == b->is_created && a->count == b->count);
    FUZZ_CHECK(ph_op_ref_compare(&a->create, &b->create) == 0);
    for (uint32_t i = 0; i < a->count; i++) {
        FUZZ_CHECK(ph_op_ref_compare(&a->live[i].op.self, &b->live[i].op.self) == 0);
        FUZZ_CHECK(ph_bytes_equal(a->live[i].op.value, b->live[i].op.value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome one, two;
    struct fuzz_input input = {data, size};
    uint16_t kind = (fuzz_byte(&input) & 1) != 0 ? PH_KIND_PLAN : PH_KIND_REFLECTION;
    uint32_t entry_count = 1 + fuzz_pick(&input, ENTRIES_MAX);
    op_count = 0;
    for (uint32_t i = 0; i < entry_count; i++)
        write_entry(&input, &entries[i], i);
    merge(kind, &one);
    shuffle_with_duplicates(&input);
    merge(kind, &two);
    check_equal(&one, &two);
    return 0;
}
