#include "proto/merge.h"

#include <stdlib.h>

#include "tests/support/chance.h"
#include "tests/support/check.h"

#define OPS_MAX 48
#define TARGETS_MAX 4
#define WRITERS 4
#define TITLE 3
#define MODEL 4
#define ACTIONS 17
#define HEADINGS 18
#define UNKNOWN_FIELD 999

/* Ops as they are written one after the other, each with the places of those that it names. */
struct story {
    const struct ph_kind *kind;
    struct ph_record_id record;
    struct ph_merge_op ops[OPS_MAX];
    uint32_t targets[OPS_MAX][TARGETS_MAX];
    uint32_t target_count[OPS_MAX];
    uint32_t op_count;
    uint32_t seqs[WRITERS];
    uint8_t bytes[OPS_MAX * TARGETS_MAX * 80];
    size_t bytes_used;
};

static uint64_t chance_state;

static uint32_t below(uint32_t bound)
{
    return (uint32_t)chance_below(&chance_state, bound);
}

/* Writers 0 and 3 are of school 0, which owns the record; 1 and 2 of schools of their own. */
static struct ph_school_id school_of(uint32_t writer)
{
    struct ph_school_id school;
    memset(school.bytes, writer == 3 ? 1 : (int)writer + 1, sizeof school.bytes);
    return school;
}

static struct story a_story(enum ph_kind_number kind)
{
    const uint8_t random[4] = {1, 2, 3, 4};
    struct ph_school_id owner = school_of(0);
    return (struct story){.kind = ph_kind_by_number((uint16_t)kind),
                          .record = ph_record_id_make(&owner, 1, random)};
}

/* Begins an entry of the writer; ops are then told into it. The id's first byte is given, so that
 * tests can order entries. */
static struct ph_merge_op an_entry(struct story *story, uint32_t writer, uint8_t first_byte)
{
    struct ph_merge_op op = {.stands = true, .school = school_of(writer), .lamport = 5};
    struct ph_writer_id key;
    memset(key.bytes, 100 + (int)writer, sizeof key.bytes);
    for (size_t i = 0; i < sizeof op.entry.bytes; i++)
        op.entry.bytes[i] = (uint8_t)chance_next(&chance_state);
    op.entry.bytes[0] = first_byte;
    op.op.self = ph_op_ref(&key, ++story->seqs[writer], &op.entry, 0);
    op.op.kind = story->kind->number;
    op.op.record = story->record;
    return op;
}

static bool is_same_entry(const struct ph_merge_op *a, const struct ph_merge_op *b)
{
    return ph_entry_id_equal(&a->entry, &b->entry);
}

/* Appends to the bytes of the story, in the form of the specification. */
static void put_ref(struct story *story, const struct ph_op_ref *ref, bool by_index)
{
    struct ph_buffer out = ph_buffer(story->bytes, sizeof story->bytes);
    out.len = story->bytes_used;
    if (!by_index) {
        ph_pack_array(&out, 4);
        ph_pack_bin(&out, ph_bytes(ref->writer.bytes, sizeof ref->writer.bytes));
        ph_pack_uint(&out, ref->seq);
        ph_pack_bin(&out, ph_bytes(ref->check, sizeof ref->check));
    }
    ph_pack_uint(&out, ref->index);
    CHECK(!out.overflow);
    story->bytes_used = out.len;
}

struct telling {
    enum ph_op_type type;
    uint16_t field;
    uint32_t targets[TARGETS_MAX]; /* places of earlier ops */
    uint32_t target_count;
    uint32_t void_count; /* references to nothing beside them */
};

/* Adds one op to the entry and returns its place. */
static uint32_t tell(struct story *story, struct ph_merge_op *entry, struct telling telling)
{
    uint32_t place = story->op_count++;
    struct ph_merge_op *op = &story->ops[place];
    *op = *entry;
    op->op.type = telling.type;
    op->op.field = telling.field;
    size_t start = story->bytes_used;
    for (uint32_t i = 0; i < telling.target_count; i++) {
        const struct ph_merge_op *target = &story->ops[telling.targets[i]];
        put_ref(story, &target->op.self, is_same_entry(target, op));
        story->targets[place][i] = telling.targets[i];
    }
    for (uint32_t i = 0; i < telling.void_count; i++) {
        struct ph_op_ref nothing = op->op.self; /* itself, or an op that does not exist */
        nothing.seq += i % 2 == 0 ? 0 : 100;
        put_ref(story, &nothing, i % 2 == 0);
    }
    story->target_count[place] = telling.target_count;
    op->op.ref_count = (uint16_t)(telling.target_count + telling.void_count);
    op->op.refs = ph_bytes(story->bytes + start, story->bytes_used - start);
    entry->op.self.index++;
    return place;
}

/* One entry with one op, standing, by the writer. */
static uint32_t tell_alone(struct story *story, uint32_t writer, struct telling telling)
{
    struct ph_merge_op entry = an_entry(story, writer, (uint8_t)chance_next(&chance_state));
    return tell(story, &entry, telling);
}

/* ---- The second implementation: slow, backwards, and straight from the text. */

static bool naive_is_create(const struct story *story, uint32_t i)
{
    const struct ph_merge_op *op = &story->ops[i];
    return op->op.type == PH_OP_CREATE && op->stands && op->op.self.seq == 1 &&
           memcmp(op->school.bytes, story->record.bytes, 8) == 0;
}

static int naive_create(const struct story *story)
{
    int winner = -1;
    for (uint32_t i = 0; i < story->op_count; i++) {
        if (naive_is_create(story, i) &&
            (winner < 0 ||
             ph_entry_id_compare(&story->ops[i].entry, &story->ops[winner].entry) < 0))
            winner = (int)i;
    }
    return winner;
}

static bool naive_has_effect(const struct story *story, uint32_t i)
{
    const struct ph_merge_op *op = &story->ops[i];
    const struct ph_merge_op *create = &story->ops[naive_create(story)];
    bool is_owner = memcmp(op->school.bytes, story->record.bytes, 8) == 0;
    return op->op.audience == create->op.audience &&
           (story->kind->right == PH_RIGHT_MEMBER || is_owner);
}

static bool naive_names(const struct story *story, uint32_t by, uint32_t target)
{
    for (uint32_t i = 0; i < story->target_count[by]; i++) {
        if (story->targets[by][i] == target && by != target &&
            story->ops[by].op.field == story->ops[target].op.field)
            return true;
    }
    return false;
}

/* Asked of the victim: does anything standing reach it? */
static bool naive_is_taken(const struct story *story, uint32_t target, enum ph_op_type by_type)
{
    for (uint32_t i = 0; i < story->op_count; i++) {
        if (story->ops[i].op.type != by_type || !naive_has_effect(story, i) ||
            !naive_names(story, i, target))
            continue;
        if (story->ops[i].stands || (by_type == PH_OP_SET && naive_is_taken(story, i, PH_OP_SET)))
            return true;
    }
    return false;
}

static bool naive_is_live(const struct story *story, uint32_t i)
{
    const struct ph_merge_op *op = &story->ops[i];
    const struct ph_field *field = ph_field_by_number(story->kind, op->op.field);
    if (field == NULL || !op->stands || !naive_has_effect(story, i))
        return false;
    if (field->type == PH_FIELD_REGISTER)
        return op->op.type == PH_OP_SET && !naive_is_taken(story, i, PH_OP_SET);
    return op->op.type == PH_OP_ADD && !naive_is_taken(story, i, PH_OP_REMOVE);
}

/* Whether a is shown before b. */
static bool naive_is_before(const struct ph_merge_op *a, const struct ph_merge_op *b)
{
    if (a->op.field != b->op.field)
        return a->op.field < b->op.field;
    if (a->lamport != b->lamport)
        return a->lamport > b->lamport;
    int order = memcmp(a->op.self.writer.bytes, b->op.self.writer.bytes, 32);
    if (order == 0)
        order = memcmp(a->entry.bytes, b->entry.bytes, 32);
    return order != 0 ? order > 0 : a->op.self.index > b->op.self.index;
}

/* The places of live values, in the order of showing. */
static uint32_t naive_merge(const struct story *story, uint32_t live[OPS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; naive_create(story) >= 0 && i < story->op_count; i++) {
        if (!naive_is_live(story, i))
            continue;
        uint32_t at = count++;
        for (; at > 0 && naive_is_before(&story->ops[i], &story->ops[live[at - 1]]); at--)
            live[at] = live[at - 1];
        live[at] = i;
    }
    return count;
}

/* ---- Comparing. */

static struct ph_merged merge(const struct story *story, const struct ph_merge_op *ops,
                              uint32_t op_count, struct ph_merged_value *values)
{
    struct ph_merged merged = {.values = values};
    CHECK_OK(ph_merge(story->kind, &story->record, ops, op_count, &merged));
    return merged;
}

static void check_as_naive(const struct story *story, const struct ph_merge_op *ops,
                           uint32_t op_count)
{
    uint32_t live[OPS_MAX];
    uint32_t live_count = naive_merge(story, live);
    struct ph_merged_value values[3 * OPS_MAX];
    struct ph_merged merged = merge(story, ops, op_count, values);

    assert_int_equal(merged.is_created, naive_create(story) >= 0);
    if (merged.is_created)
        CHECK(ph_op_ref_compare(&ops[merged.create_index].op.self,
                                &story->ops[naive_create(story)].op.self) == 0);
    assert_int_equal(merged.value_count, live_count);
    for (uint32_t i = 0; i < live_count; i++) {
        const struct ph_merge_op *wanted = &story->ops[live[i]];
        assert_int_equal(values[i].field, wanted->op.field);
        CHECK(ph_op_ref_compare(&ops[values[i].op_index].op.self, &wanted->op.self) == 0);
    }
}

static void check_live(const struct story *story, const uint32_t *wanted, uint32_t count)
{
    struct ph_merged_value values[OPS_MAX];
    struct ph_merged merged = merge(story, story->ops, story->op_count, values);
    assert_int_equal(merged.value_count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(values[i].op_index, wanted[i]);
    check_as_naive(story, story->ops, story->op_count);
}

#define CHECK_LIVE(story, ...)                                                                     \
    check_live(story, (uint32_t[]){__VA_ARGS__},                                                   \
               sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* ---- Thousands of stories. */

static struct telling any_op(const struct story *story)
{
    static const uint16_t fields[] = {TITLE,   TITLE,   TITLE,    TITLE, MODEL,
                                      ACTIONS, ACTIONS, HEADINGS, 1,     UNKNOWN_FIELD};
    static const enum ph_op_type types[] = {PH_OP_SET, PH_OP_SET,    PH_OP_SET,   PH_OP_ADD,
                                            PH_OP_ADD, PH_OP_REMOVE, PH_OP_CREATE};
    struct telling telling = {.type = types[below(7)],
                              .field = fields[below(10)],
                              .void_count = below(8) == 0 ? below(3) : 0};
    telling.target_count = story->op_count == 0 ? 0 : below(TARGETS_MAX + 1);
    for (uint32_t i = 0; i < telling.target_count; i++)
        telling.targets[i] = below(story->op_count);
    return telling;
}

static void tell_any(struct story *story, uint64_t seed)
{
    chance_state = seed;
    *story = a_story(below(2) == 0 ? PH_KIND_REFLECTION : PH_KIND_ACTION);
    uint32_t lapse = 1 + below(9); /* one entry in so many has no standing */
    uint32_t op_count = 2 + below(OPS_MAX - 2);
    while (story->op_count < op_count) {
        struct ph_merge_op entry =
            an_entry(story, below(WRITERS), (uint8_t)chance_next(&chance_state));
        entry.stands = below(lapse + 1) != 0;
        entry.lamport = 1 + below(4);
        if (entry.op.self.seq == 1 && below(4) != 0)
            tell(story, &entry, (struct telling){.type = PH_OP_CREATE});
        for (uint32_t i = below(4); i > 0 && story->op_count < op_count; i--) {
            entry.op.audience = below(12) == 0 ? PH_AUDIENCE_SCHOOL : PH_AUDIENCE_NETWORK;
            tell(story, &entry, any_op(story));
        }
    }
}

/* All ops, some of them again, in any order. */
static uint32_t shuffled(const struct story *story, struct ph_merge_op *ops)
{
    uint32_t count = story->op_count;
    memcpy(ops, story->ops, count * sizeof *ops);
    for (uint32_t i = below(2 * OPS_MAX); i > 0; i--)
        ops[count++] = story->ops[below(story->op_count)];
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t other = below(i + 1);
        struct ph_merge_op kept = ops[i];
        ops[i] = ops[other];
        ops[other] = kept;
    }
    return count;
}

static void result_is_that_of_the_naive_merge_in_any_order_with_duplicates(void **state)
{
    (void)state;
    static struct ph_merge_op ops[3 * OPS_MAX];
    static struct story story;
    uint32_t created = 0;
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        tell_any(&story, seed);
        created += naive_create(&story) >= 0;
        check_as_naive(&story, story.ops, story.op_count);
        for (int again = 0; again < 3; again++) {
            uint32_t count = shuffled(&story, ops);
            check_as_naive(&story, ops, count);
        }
    }
    CHECK(created > 2000); /* else this compares nothing with nothing */
}

/* ---- By hand. */

static struct telling create(void)
{
    return (struct telling){.type = PH_OP_CREATE};
}

static struct telling set(uint16_t field)
{
    return (struct telling){.type = PH_OP_SET, .field = field};
}

static struct telling over(enum ph_op_type type, uint16_t field, uint32_t target)
{
    return (struct telling){.type = type, .field = field, .targets = {target}, .target_count = 1};
}

static void sets_that_do_not_know_of_each_other_are_both_kept_latest_first(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_ACTION);
    tell_alone(&story, 0, create());
    uint32_t base = tell_alone(&story, 0, set(TITLE));
    uint32_t left = tell_alone(&story, 1, over(PH_OP_SET, TITLE, base));
    uint32_t right = tell_alone(&story, 2, over(PH_OP_SET, TITLE, base));
    story.ops[left].lamport = 9;

    CHECK_LIVE(&story, left, right);

    story.ops[right].lamport = 10;
    CHECK_LIVE(&story, right, left);
}

static void set_without_standing_neither_shows_nor_overwrites(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_ACTION);
    tell_alone(&story, 0, create());
    uint32_t base = tell_alone(&story, 0, set(TITLE));
    uint32_t lapsed = tell_alone(&story, 1, over(PH_OP_SET, TITLE, base));
    story.ops[lapsed].stands = false;

    CHECK_LIVE(&story, base);
}

static void what_is_overwritten_through_sets_without_standing_stays_so(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_ACTION);
    tell_alone(&story, 0, create());
    uint32_t base = tell_alone(&story, 0, set(TITLE));
    uint32_t lapsed = tell_alone(&story, 1, over(PH_OP_SET, TITLE, base));
    uint32_t lapsed_too = tell_alone(&story, 1, over(PH_OP_SET, TITLE, lapsed));
    uint32_t last = tell_alone(&story, 2, over(PH_OP_SET, TITLE, lapsed_too));
    story.ops[lapsed].stands = story.ops[lapsed_too].stands = false;

    CHECK_LIVE(&story, last);
}

static void remove_takes_only_the_adds_that_it_names(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_REFLECTION);
    tell_alone(&story, 0, create());
    uint32_t seen = tell_alone(&story, 0, (struct telling){PH_OP_ADD, HEADINGS, {0}, 0, 0});
    uint32_t unseen = tell_alone(&story, 3, (struct telling){PH_OP_ADD, HEADINGS, {0}, 0, 0});
    uint32_t removal = tell_alone(&story, 0, over(PH_OP_REMOVE, HEADINGS, seen));

    CHECK_LIVE(&story, unseen);

    story.ops[removal].stands = false;
    CHECK_LIVE(&story, unseen, seen);
}

static void reference_to_another_field_is_void(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_REFLECTION);
    tell_alone(&story, 0, create());
    uint32_t title = tell_alone(&story, 0, set(TITLE));
    uint32_t model = tell_alone(&story, 0, over(PH_OP_SET, MODEL, title));

    CHECK_LIVE(&story, title, model);
}

static void set_overwrites_an_earlier_one_of_its_own_entry(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_ACTION);
    struct ph_merge_op entry = an_entry(&story, 0, 1);
    tell(&story, &entry, create());
    uint32_t first = tell(&story, &entry, set(TITLE));
    uint32_t second = tell(&story, &entry, over(PH_OP_SET, TITLE, first));

    CHECK_LIVE(&story, second);
}

static void of_two_creates_the_lowest_entry_id_wins_and_its_audience_counts(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_ACTION);
    struct ph_merge_op high = an_entry(&story, 0, 200), low = an_entry(&story, 3, 100);
    low.op.audience = PH_AUDIENCE_SCHOOL;
    tell(&story, &high, create());
    uint32_t in_high = tell(&story, &high, set(TITLE));
    uint32_t winner = tell(&story, &low, create());
    uint32_t in_low = tell(&story, &low, set(TITLE));
    struct ph_merged_value values[OPS_MAX];

    assert_int_equal(merge(&story, story.ops, story.op_count, values).create_index, winner);
    CHECK_LIVE(&story, in_low);

    story.ops[winner].stands = false;
    CHECK_LIVE(&story, in_high);
}

static void only_the_owner_can_create_and_only_at_the_sequence_in_the_id(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_ACTION);
    struct ph_merged_value values[OPS_MAX];
    tell_alone(&story, 1, create()); /* sequence 1, but of another school */
    tell_alone(&story, 0, set(TITLE));
    tell_alone(&story, 0, create()); /* of the owner, but sequence 2 */

    struct ph_merged merged = merge(&story, story.ops, story.op_count, values);

    CHECK(!merged.is_created);
    assert_int_equal(merged.value_count, 0);
}

static void record_of_an_owner_kind_takes_nothing_from_other_schools(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_REFLECTION);
    tell_alone(&story, 0, create());
    uint32_t own = tell_alone(&story, 3, set(TITLE));
    tell_alone(&story, 1, over(PH_OP_SET, TITLE, own));

    CHECK_LIVE(&story, own);
}

static void ops_of_another_audience_are_void_and_overwrite_nothing(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_ACTION);
    tell_alone(&story, 0, create());
    uint32_t base = tell_alone(&story, 0, set(TITLE));
    uint32_t hidden = tell_alone(&story, 0, over(PH_OP_SET, TITLE, base));
    uint32_t through = tell_alone(&story, 0, over(PH_OP_SET, TITLE, hidden));
    story.ops[hidden].op.audience = PH_AUDIENCE_SCHOOL;
    story.ops[through].lamport = 9;

    CHECK_LIVE(&story, through, base);
}

static void missing_and_unfitting_values_are_live_all_the_same(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_REFLECTION);
    tell_alone(&story, 0, create());
    uint32_t fits = tell_alone(&story, 0, set(MODEL));
    uint32_t missing = tell_alone(&story, 0, over(PH_OP_SET, MODEL, fits));
    story.ops[missing].op.carries_value = true;
    story.ops[missing].op.value_is_missing = true;

    CHECK_LIVE(&story, missing);
}

static void fields_that_the_kind_does_not_know_are_passed_over(void **state)
{
    (void)state;
    struct story story = a_story(PH_KIND_ACTION);
    tell_alone(&story, 0, create());
    tell_alone(&story, 0, set(UNKNOWN_FIELD));
    uint32_t title = tell_alone(&story, 0, set(TITLE));
    tell_alone(&story, 0, (struct telling){PH_OP_ADD, TITLE, {0}, 0, 0}); /* a register's no set */

    CHECK_LIVE(&story, title);
}

static void long_chain_without_standing_is_followed_to_its_end(void **state)
{
    (void)state;
    const uint32_t length = 60000;
    struct story story = a_story(PH_KIND_ACTION);
    struct ph_merge_op *ops = calloc(length, sizeof *ops);
    uint8_t *refs = calloc(length, 64);
    struct ph_merged_value *values = calloc(length, sizeof *values);
    assert_non_null(ops);
    assert_non_null(refs);
    assert_non_null(values);
    tell_alone(&story, 0, create());
    ops[0] = story.ops[0];
    for (uint32_t i = 1; i < length; i++) {
        ops[i] = an_entry(&story, 0, (uint8_t)i);
        ops[i].op.type = PH_OP_SET;
        ops[i].op.field = TITLE;
        ops[i].stands = i == 1 || i == length - 1;
        if (i == 1)
            continue;
        story.bytes_used = 0;
        put_ref(&story, &ops[i - 1].op.self, false);
        memcpy(refs + (size_t)i * 64, story.bytes, story.bytes_used);
        ops[i].op.refs = ph_bytes(refs + (size_t)i * 64, story.bytes_used);
        ops[i].op.ref_count = 1;
    }

    struct ph_merged merged = merge(&story, ops, length, values);

    assert_int_equal(merged.value_count, 1);
    assert_int_equal(values[0].op_index, length - 1);
    free(ops);
    free(refs);
    free(values);
}

CHECK_MAIN(cmocka_unit_test(result_is_that_of_the_naive_merge_in_any_order_with_duplicates),
           cmocka_unit_test(sets_that_do_not_know_of_each_other_are_both_kept_latest_first),
           cmocka_unit_test(set_without_standing_neither_shows_nor_overwrites),
           cmocka_unit_test(what_is_overwritten_through_sets_without_standing_stays_so),
           cmocka_unit_test(remove_takes_only_the_adds_that_it_names),
           cmocka_unit_test(reference_to_another_field_is_void),
           cmocka_unit_test(set_overwrites_an_earlier_one_of_its_own_entry),
           cmocka_unit_test(of_two_creates_the_lowest_entry_id_wins_and_its_audience_counts),
           cmocka_unit_test(only_the_owner_can_create_and_only_at_the_sequence_in_the_id),
           cmocka_unit_test(record_of_an_owner_kind_takes_nothing_from_other_schools),
           cmocka_unit_test(ops_of_another_audience_are_void_and_overwrite_nothing),
           cmocka_unit_test(missing_and_unfitting_values_are_live_all_the_same),
           cmocka_unit_test(fields_that_the_kind_does_not_know_are_passed_over),
           cmocka_unit_test(long_chain_without_standing_is_followed_to_its_end))
