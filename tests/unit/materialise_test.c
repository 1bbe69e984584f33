#include <stdlib.h>

#include "store/verify.h"
#include "store/view.h"
#include "tests/support/check.h"
#include "tests/support/home.h"
#include "tests/support/world.h"

#define TITLE 3
#define HEADINGS 4 /* a set, of a priority */

static struct world world;

static void begin(struct home *home, uint32_t writer_count)
{
    world_init(&world, writer_count);
    home_found(home, &world);
}

static void take(struct home *home, const struct world_entry *entry, enum world_put how)
{
    struct ph_batch *batch = home_batch();
    world_put(&world, batch, entry, how);
    CHECK_OK(home_apply(home, batch));
}

/* An entry that sets one text field, overwriting what `over` names (may be NULL). */
static void write_set(uint32_t writer, uint16_t kind, const struct ph_record_id *record,
                      const char *text, const struct ph_op_ref *over, struct world_entry *out)
{
    struct ph_op_writer ops;
    uint8_t item[256];
    world_begin(&world, &ops);
    ph_ops_group(&ops, kind, record, PH_AUDIENCE_NETWORK);
    ph_ops_set(&ops, TITLE, over, over != NULL, world_text(item, text));
    world_end(&world, writer, &ops, out);
}

/* All texts of a field, in order, each followed by a bar; "?" for one that is missing. */
static void texts_of(struct home *home, uint16_t kind, const struct ph_record_id *id,
                     uint16_t field, char out[256])
{
    struct ph_view view;
    struct ph_record record;
    struct ph_record_value value;
    struct ph_buffer text = ph_buffer(out, 255);
    CHECK_OK(ph_view_open(home->store, &view));
    CHECK_OK(ph_view_record(&view, kind, id, &record));
    while (ph_record_next(&record, &value)) {
        if (value.field != field)
            continue;
        struct ph_unpacker in = ph_unpack_scanned(value.item);
        struct ph_bytes item = value.is_missing ? ph_bytes_text("?") : ph_unpack_text(&in);
        ph_buffer_put(&text, item.data, item.len);
        ph_buffer_put(&text, "|", 1);
    }
    CHECK_OK(ph_unpack_end(&record.values));
    out[text.len] = 0;
    ph_view_close(&view);
}

static void check_texts(struct home *home, uint16_t kind, const struct ph_record_id *id,
                        uint16_t field, const char *expected)
{
    char texts[256];
    texts_of(home, kind, id, field, texts);
    assert_string_equal(texts, expected);
}

static uint32_t touch_count(struct home *home, uint16_t kind, const struct ph_record_id *id)
{
    struct ph_view view;
    struct ph_record record;
    CHECK_OK(ph_view_open(home->store, &view));
    CHECK_OK(ph_view_record(&view, kind, id, &record));
    ph_view_close(&view);
    return record.touch_count;
}

static void created_record_shows_its_value(void **state)
{
    (void)state;
    struct home home;
    struct world_entry entry;
    struct ph_record_id id;
    struct ph_record record;
    struct ph_record_value value;
    struct ph_view view;
    struct ph_op_ref ref, expected;
    begin(&home, 1);
    world_create(&world, 0, PH_KIND_PLAN, "Reading", &entry, &id);
    take(&home, &entry, WORLD_SIGNED);

    check_texts(&home, PH_KIND_PLAN, &id, TITLE, "Reading|");
    CHECK_OK(ph_view_open(home.store, &view));
    CHECK_OK(ph_view_find(&view, &id, &record));
    CHECK(record.kind == PH_KIND_PLAN && record.is_created && record.touch_count == 1);
    CHECK(record.created_lamport == entry.link.lamport);
    CHECK(record.audience == PH_AUDIENCE_NETWORK && record.value_count == 1);
    CHECK(ph_record_next(&record, &value));
    CHECK_OK(ph_view_ref(&view, &value, &ref));
    expected = world_ref(&world, &entry, 1);
    CHECK(ph_op_ref_compare(&ref, &expected) == 0);
    CHECK(!ph_record_next(&record, &value));
    id.bytes[15] ^= 1;
    CHECK_STATUS(ph_view_find(&view, &id, &record), PH_NOT_FOUND);
    ph_view_close(&view);
    home_deinit(&home);
}

static void concurrent_values_stay_until_somebody_settles(void **state)
{
    (void)state;
    struct home home;
    struct world_entry create, a, b, settled;
    struct ph_record_id id;
    struct ph_op_ref over[2];
    struct ph_op_writer ops;
    uint8_t item[256];
    begin(&home, 2);
    world_create(&world, 0, PH_KIND_PLAN, "old", &create, &id);
    over[0] = world_ref(&world, &create, 1);
    write_set(0, PH_KIND_PLAN, &id, "ours", &over[0], &a);
    write_set(1, PH_KIND_PLAN, &id, "theirs", &over[0], &b);
    over[0] = world_ref(&world, &a, 0);
    over[1] = world_ref(&world, &b, 0);
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_PLAN, &id, PH_AUDIENCE_NETWORK);
    ph_ops_set(&ops, TITLE, over, 2, world_text(item, "both"));
    world_end(&world, 1, &ops, &settled);

    take(&home, &create, WORLD_SIGNED);
    take(&home, &a, WORLD_SIGNED);
    check_texts(&home, PH_KIND_PLAN, &id, TITLE, "ours|");
    take(&home, &b, WORLD_SIGNED);
    check_texts(&home, PH_KIND_PLAN, &id, TITLE, "theirs|ours|");
    take(&home, &settled, WORLD_SIGNED);
    check_texts(&home, PH_KIND_PLAN, &id, TITLE, "both|");
    home_deinit(&home);
}

static void removed_elements_go(void **state)
{
    (void)state;
    struct home home;
    struct world_entry create, remove;
    struct ph_op_writer ops;
    uint8_t item[256];
    begin(&home, 1);
    struct ph_record_id id = world_record(&world, 0, 0);
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_PRIORITY, &id, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_add(&ops, HEADINGS, world_text(item, "one"));
    ph_ops_add(&ops, HEADINGS, world_text(item, "two"));
    world_end(&world, 0, &ops, &create);
    struct ph_op_ref one = world_ref(&world, &create, 1);
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_PRIORITY, &id, PH_AUDIENCE_NETWORK);
    ph_ops_remove(&ops, HEADINGS, &one, 1);
    world_end(&world, 0, &ops, &remove);

    take(&home, &create, WORLD_SIGNED);
    check_texts(&home, PH_KIND_PRIORITY, &id, HEADINGS, "two|one|");
    take(&home, &remove, WORLD_SIGNED);
    check_texts(&home, PH_KIND_PRIORITY, &id, HEADINGS, "two|");
    home_deinit(&home);
}

static void ops_without_the_right_have_no_effect(void **state)
{
    (void)state;
    struct home home;
    struct world_entry create, set;
    struct ph_record_id id;
    begin(&home, 2);
    world_create(&world, 0, PH_KIND_REFLECTION, "mine", &create, &id);
    struct ph_op_ref over = world_ref(&world, &create, 1);
    write_set(1, PH_KIND_REFLECTION, &id, "not yours", &over, &set);
    take(&home, &create, WORLD_SIGNED);
    take(&home, &set, WORLD_SIGNED);
    check_texts(&home, PH_KIND_REFLECTION, &id, TITLE, "mine|");
    CHECK(touch_count(&home, PH_KIND_REFLECTION, &id) == 1);
    home_deinit(&home);
}

static void unknown_kinds_are_left_alone(void **state)
{
    (void)state;
    struct home home;
    struct world_entry create, known;
    struct ph_record_id id, known_id;
    struct ph_record record;
    struct ph_view view;
    begin(&home, 1);
    world_create(&world, 0, 999, "later version", &create, &id);
    world_create(&world, 0, PH_KIND_PLAN, "known", &known, &known_id);
    take(&home, &create, WORLD_SIGNED);
    take(&home, &known, WORLD_SIGNED);
    CHECK_OK(ph_view_open(home.store, &view));
    CHECK_STATUS(ph_view_record(&view, 999, &id, &record), PH_NOT_FOUND);
    ph_view_close(&view);
    check_texts(&home, PH_KIND_PLAN, &known_id, TITLE, "known|");
    home_deinit(&home);
}

static void value_shows_once_its_content_comes(void **state)
{
    (void)state;
    struct home home;
    struct world_entry create;
    struct ph_record_id id;
    begin(&home, 1);
    world_create(&world, 0, PH_KIND_PLAN, "late", &create, &id);
    take(&home, &create, WORLD_WITHOUT_CONTENT);
    check_texts(&home, PH_KIND_PLAN, &id, TITLE, "?|");

    struct ph_batch *batch = home_batch();
    CHECK_OK(ph_batch_fill(batch, 0, 1, &create.body.salt, create.body.content));
    CHECK_OK(home_apply(&home, batch));
    check_texts(&home, PH_KIND_PLAN, &id, TITLE, "late|");
    home_deinit(&home);
}

static void check_shown(struct home *home, uint64_t expected)
{
    struct ph_view view;
    uint64_t count;
    CHECK_OK(ph_view_open(home->store, &view));
    CHECK_OK(ph_view_record_count(&view, &count));
    ph_view_close(&view);
    assert_int_equal(count, expected);
}

/* Two writers answer each other on one record: 0 creates, 1 sets, 0 sets, 1 sets. Every order in
 * which the two logs can come, one batch an entry or all in one. */
static void answers_wait_for_what_they_answer_in_every_order(void **state)
{
    (void)state;
    struct world_entry entries[4]; /* 0 and 2 of writer 0, 1 and 3 of writer 1 */
    struct ph_record_id id;
    world_init(&world, 2);
    world_create(&world, 0, PH_KIND_PLAN, "a", &entries[0], &id);
    struct ph_op_ref over = world_ref(&world, &entries[0], 1);
    write_set(1, PH_KIND_PLAN, &id, "b", &over, &entries[1]);
    over = world_ref(&world, &entries[1], 0);
    write_set(0, PH_KIND_PLAN, &id, "c", &over, &entries[2]);
    over = world_ref(&world, &entries[2], 0);
    write_set(1, PH_KIND_PLAN, &id, "d", &over, &entries[3]);

    static const int orders[6][4] = {{0, 2, 1, 3}, {0, 1, 2, 3}, {0, 1, 3, 2},
                                     {1, 3, 0, 2}, {1, 0, 3, 2}, {1, 0, 2, 3}};
    for (int i = 0; i < 12; i++) {
        struct home home;
        home_found(&home, &world);
        struct ph_batch *batch = home_batch();
        for (int j = 0; j < 4; j++) {
            const struct world_entry *entry = &entries[orders[i / 2][j]];
            if (i % 2 == 0)
                take(&home, entry, WORLD_SIGNED);
            else
                world_put(&world, batch, entry, WORLD_SIGNED);
        }
        CHECK_OK(home_apply(&home, batch));
        check_texts(&home, PH_KIND_PLAN, &id, TITLE, "d|");
        check_shown(&home, 1);
        home_deinit(&home);
    }
}

static void entry_that_waits_shows_nothing_meanwhile(void **state)
{
    (void)state;
    struct home home;
    struct world_entry create, set, later;
    struct ph_record_id id, other;
    struct ph_record record;
    struct ph_view view;
    uint64_t backlog;
    begin(&home, 2);
    world_create(&world, 0, PH_KIND_PLAN, "a", &create, &id);
    struct ph_op_ref over = world_ref(&world, &create, 1);
    write_set(1, PH_KIND_PLAN, &id, "b", &over, &set);
    world_create(&world, 1, PH_KIND_PLAN, "meanwhile", &later, &other);

    take(&home, &set, WORLD_SIGNED);
    take(&home, &later, WORLD_SIGNED);
    check_texts(&home, PH_KIND_PLAN, &other, TITLE, "meanwhile|"); /* its log goes on */
    CHECK_OK(ph_view_open(home.store, &view));
    CHECK_STATUS(ph_view_record(&view, PH_KIND_PLAN, &id, &record), PH_NOT_FOUND);
    CHECK_OK(ph_view_backlog(&view, &backlog));
    CHECK(backlog == 0);
    ph_view_close(&view);
    home_close(&home);
    home_open(&home);
    take(&home, &create, WORLD_SIGNED);
    check_texts(&home, PH_KIND_PLAN, &id, TITLE, "b|");
    home_deinit(&home);
}

static void answer_to_one_that_waits_waits_too(void **state)
{
    (void)state;
    struct home home;
    struct world_entry a, b, c;
    struct ph_record_id id;
    struct ph_record record;
    struct ph_view view;
    begin(&home, 3);
    world_create(&world, 0, PH_KIND_PLAN, "a", &a, &id);
    struct ph_op_ref over = world_ref(&world, &a, 1);
    write_set(1, PH_KIND_PLAN, &id, "b", &over, &b);
    over = world_ref(&world, &b, 0);
    write_set(2, PH_KIND_PLAN, &id, "c", &over, &c);
    take(&home, &b, WORLD_SIGNED);
    take(&home, &c, WORLD_SIGNED);
    CHECK_OK(ph_view_open(home.store, &view));
    CHECK_STATUS(ph_view_record(&view, PH_KIND_PLAN, &id, &record), PH_NOT_FOUND);
    ph_view_close(&view);
    take(&home, &a, WORLD_SIGNED);
    check_texts(&home, PH_KIND_PLAN, &id, TITLE, "c|");
    home_deinit(&home);
}

/* The reference is to an entry of that writer and sequence, but not the one that is there. */
static void reference_to_another_branch_waits_for_good(void **state)
{
    (void)state;
    struct home home;
    struct world_entry create, set, more;
    struct ph_record_id id;
    begin(&home, 2);
    world_create(&world, 0, PH_KIND_PLAN, "a", &create, &id);
    struct ph_op_ref over = world_ref(&world, &create, 1);
    over.check[15] ^= 1;
    write_set(1, PH_KIND_PLAN, &id, "b", &over, &set);
    write_set(0, PH_KIND_PLAN, &id, "c", NULL, &more);
    take(&home, &set, WORLD_SIGNED);
    take(&home, &create, WORLD_SIGNED);
    take(&home, &more, WORLD_SIGNED);
    check_texts(&home, PH_KIND_PLAN, &id, TITLE, "c|a|");
    home_deinit(&home);
}

static void lists_are_newest_first(void **state)
{
    (void)state;
    struct home home;
    struct world_entry entry;
    struct ph_record_id ids[3], other, found_id;
    struct ph_list_position position = {0};
    struct ph_view view;
    begin(&home, 2);
    struct ph_batch *batch = home_batch();
    for (uint32_t i = 0; i < 3; i++) {
        world_create(&world, i % 2, PH_KIND_PLAN, "p", &entry, &ids[i]);
        world_put(&world, batch, &entry, WORLD_SIGNED);
    }
    world_create(&world, 0, PH_KIND_COMMENT, "c", &entry, &other);
    world_put(&world, batch, &entry, WORLD_SIGNED);
    CHECK_OK(home_apply(&home, batch));

    CHECK_OK(ph_view_open(home.store, &view));
    for (int i = 2; i >= 0; i--) {
        CHECK_OK(ph_view_list(&view, PH_KIND_PLAN, &position, &found_id));
        CHECK(ph_record_id_equal(&found_id, &ids[i]));
    }
    CHECK_STATUS(ph_view_list(&view, PH_KIND_PLAN, &position, &found_id), PH_NOT_FOUND);
    position = (struct ph_list_position){0};
    CHECK_STATUS(ph_view_list(&view, PH_KIND_NETWORK, &position, &found_id), PH_NOT_FOUND);
    ph_view_close(&view);
    check_shown(&home, 4);
    home_deinit(&home);
}

static void write_child(const struct ph_record_id *parent, const char *position, uint32_t number,
                        struct world_entry *out, struct ph_record_id *id)
{
    struct ph_op_writer ops;
    uint8_t item[256], place[256];
    struct ph_buffer bin = ph_buffer(item, sizeof item);
    ph_pack_bin(&bin, ph_bytes(parent->bytes, sizeof parent->bytes));
    *id = world_record(&world, 0, number);
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_PRIORITY, id, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, PH_FIELD_NUMBER_PARENT, NULL, 0, ph_buffer_bytes(&bin));
    ph_ops_set(&ops, PH_FIELD_NUMBER_POSITION, NULL, 0, world_text(place, position));
    world_end(&world, 0, &ops, out);
}

static void check_children(struct home *home, const struct ph_record_id *parent,
                           const struct ph_record_id *const *expected)
{
    struct ph_view view;
    struct ph_list_position position = {0};
    struct ph_record_id id;
    uint16_t kind;
    CHECK_OK(ph_view_open(home->store, &view));
    for (; *expected != NULL; expected++) {
        CHECK_OK(ph_view_children(&view, parent, &position, &kind, &id));
        CHECK(kind == PH_KIND_PRIORITY && ph_record_id_equal(&id, *expected));
    }
    CHECK_STATUS(ph_view_children(&view, parent, &position, &kind, &id), PH_NOT_FOUND);
    ph_view_close(&view);
}

static void children_stand_by_position_and_move(void **state)
{
    (void)state;
    struct home home;
    struct world_entry plan, entries[4];
    struct ph_record_id parent, ids[3];
    struct ph_op_writer ops;
    uint8_t item[256];
    begin(&home, 1);
    world_create(&world, 0, PH_KIND_PLAN, "p", &plan, &parent);
    write_child(&parent, "m", 0, &entries[0], &ids[0]);
    write_child(&parent, "ma", 1, &entries[1], &ids[1]);
    write_child(&parent, "b", 2, &entries[2], &ids[2]);
    struct ph_op_ref over = world_ref(&world, &entries[0], 2);
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_PRIORITY, &ids[0], PH_AUDIENCE_NETWORK);
    ph_ops_set(&ops, PH_FIELD_NUMBER_POSITION, &over, 1, world_text(item, "x"));
    world_end(&world, 0, &ops, &entries[3]);
    take(&home, &plan, WORLD_SIGNED);
    for (int i = 0; i < 3; i++)
        take(&home, &entries[i], WORLD_SIGNED);

    check_children(&home, &parent,
                   (const struct ph_record_id *const[]){&ids[2], &ids[0], &ids[1], NULL});
    take(&home, &entries[3], WORLD_SIGNED);
    check_children(&home, &parent,
                   (const struct ph_record_id *const[]){&ids[2], &ids[1], &ids[0], NULL});
    home_deinit(&home);
}

/* Nobody has seen the other's: both stay, and the later one counts for the list. */
static void child_stands_where_the_latest_value_says(void **state)
{
    (void)state;
    struct home home;
    struct world_entry plan, entries[4];
    struct ph_record_id parent, ids[2];
    struct ph_op_writer ops;
    uint8_t item[256];
    begin(&home, 2);
    world_create(&world, 0, PH_KIND_PLAN, "p", &plan, &parent);
    write_child(&parent, "a", 0, &entries[0], &ids[0]);
    write_child(&parent, "m", 1, &entries[1], &ids[1]);
    struct ph_op_ref over = world_ref(&world, &entries[0], 2);
    for (uint32_t i = 0; i < 2; i++) {
        world_begin(&world, &ops);
        ph_ops_group(&ops, PH_KIND_PRIORITY, &ids[0], PH_AUDIENCE_NETWORK);
        ph_ops_set(&ops, PH_FIELD_NUMBER_POSITION, &over, 1, world_text(item, i == 0 ? "b" : "z"));
        world_end(&world, i, &ops, &entries[2 + i]);
    }
    take(&home, &plan, WORLD_SIGNED);
    for (int i = 0; i < 4; i++)
        take(&home, &entries[i], WORLD_SIGNED);
    check_children(&home, &parent, (const struct ph_record_id *const[]){&ids[1], &ids[0], NULL});
    home_deinit(&home);
}

/* Ids are made by members: nothing keeps one from naming a record of each kind. */
static void records_of_one_id_and_two_kinds_are_both_listed(void **state)
{
    (void)state;
    static const uint16_t kinds[] = {PH_KIND_PRIORITY, PH_KIND_OBJECTIVE};
    struct home home;
    struct world_entry entry;
    struct ph_op_writer ops;
    struct ph_view view;
    struct ph_list_position position = {0};
    struct ph_verify_report report;
    uint8_t item[32];
    begin(&home, 1);
    struct ph_record_id found, id = world_record(&world, 0, 0);
    struct ph_buffer bin = ph_buffer(item, sizeof item);
    ph_pack_bin(&bin, ph_bytes(id.bytes, sizeof id.bytes));
    world_begin(&world, &ops);
    for (size_t i = 0; i < 2; i++) {
        ph_ops_group(&ops, kinds[i], &id, PH_AUDIENCE_NETWORK);
        ph_ops_create(&ops);
        ph_ops_set(&ops, PH_FIELD_NUMBER_PARENT, NULL, 0, ph_buffer_bytes(&bin));
    }
    world_end(&world, 0, &ops, &entry);
    take(&home, &entry, WORLD_SIGNED);

    CHECK_OK(ph_view_open(home.store, &view));
    for (size_t i = 0; i < 2; i++) {
        uint16_t kind;
        CHECK_OK(ph_view_children(&view, &id, &position, &kind, &found));
        CHECK(kind == kinds[i] && ph_record_id_equal(&found, &id));
    }
    ph_view_close(&view);
    CHECK_OK(ph_store_verify(home.store, &report));
    home_deinit(&home);
}

static void value_of_another_type_shows_as_missing(void **state)
{
    (void)state;
    struct home home;
    struct world_entry entry;
    struct ph_op_writer ops;
    uint8_t number = 7;
    begin(&home, 1);
    struct ph_record_id id = world_record(&world, 0, 0);
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_PLAN, &id, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, TITLE, NULL, 0, ph_bytes(&number, 1));
    world_end(&world, 0, &ops, &entry);
    take(&home, &entry, WORLD_SIGNED);
    check_texts(&home, PH_KIND_PLAN, &id, TITLE, "?|");
    home_deinit(&home);
}

static void long_work_is_done_in_slices_own_log_first(void **state)
{
    (void)state;
    struct home home;
    static struct world_entry entry;
    struct ph_record_id id, own;
    struct ph_view view;
    uint64_t backlog;
    begin(&home, 2);
    struct ph_batch *batch = home_batch();
    for (uint32_t i = 0; i < PH_SLICE_ENTRIES_MAX + 10; i++) {
        world_create(&world, 0, PH_KIND_PLAN, "p", &entry, &id);
        world_put(&world, batch, &entry, WORLD_SIGNED);
    }
    world_create(&world, 1, PH_KIND_PLAN, "own", &entry, &own);
    world_put(&world, batch, &entry, WORLD_SIGNED);
    ph_batch_prefer(batch, 1);
    CHECK_OK(ph_store_apply(home.store, batch));

    CHECK(ph_batch_is_behind(batch));
    ph_batch_free(batch);
    check_texts(&home, PH_KIND_PLAN, &own, TITLE, "own|");
    check_shown(&home, PH_SLICE_ENTRIES_MAX);
    CHECK_OK(ph_view_open(home.store, &view));
    CHECK_OK(ph_view_backlog(&view, &backlog));
    CHECK(backlog == 11);
    ph_view_close(&view);
    home_catch_up(&home);
    check_shown(&home, PH_SLICE_ENTRIES_MAX + 11);
    home_deinit(&home);
}

CHECK_MAIN(cmocka_unit_test(created_record_shows_its_value),
           cmocka_unit_test(concurrent_values_stay_until_somebody_settles),
           cmocka_unit_test(removed_elements_go),
           cmocka_unit_test(ops_without_the_right_have_no_effect),
           cmocka_unit_test(unknown_kinds_are_left_alone),
           cmocka_unit_test(answer_to_one_that_waits_waits_too),
           cmocka_unit_test(value_shows_once_its_content_comes),
           cmocka_unit_test(answers_wait_for_what_they_answer_in_every_order),
           cmocka_unit_test(entry_that_waits_shows_nothing_meanwhile),
           cmocka_unit_test(reference_to_another_branch_waits_for_good),
           cmocka_unit_test(lists_are_newest_first),
           cmocka_unit_test(children_stand_by_position_and_move),
           cmocka_unit_test(child_stands_where_the_latest_value_says),
           cmocka_unit_test(records_of_one_id_and_two_kinds_are_both_listed),
           cmocka_unit_test(value_of_another_type_shows_as_missing),
           cmocka_unit_test(long_work_is_done_in_slices_own_log_first))
