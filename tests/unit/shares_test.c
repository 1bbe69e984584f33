#include "store/left_out.h"
#include "store/state.h"
#include "store/verify.h"
#include "store/view.h"
#include "store/waiting.h"
#include "tests/support/check.h"
#include "tests/support/home.h"
#include "tests/support/world.h"

#define TITLE 3

static struct world world;
static uint32_t owner, stranger;

static void take(struct home *home, const struct world_entry *entry)
{
    struct ph_batch *batch = home_batch();
    world_put(&world, batch, entry, WORLD_SIGNED);
    CHECK_OK(home_apply(home, batch));
}

static void create(struct home *home, uint32_t writer, uint16_t kind, struct ph_record_id *record)
{
    static struct world_entry entry;
    world_create(&world, writer, kind, "ours", &entry, record);
    take(home, &entry);
}

/* Two schools: the record is of the one whose writer has the higher key, and comes last by it. */
static void begin_with(struct home *home, uint16_t kind, struct ph_record_id *record)
{
    world_init(&world, 2);
    owner = ph_writer_id_compare(&world.writers[0].id, &world.writers[1].id) < 0;
    stranger = 1 - owner;
    home_found(home, &world);
    create(home, owner, kind, record);
}

/* Creates say nothing on a record that is of others, or there already. */
static void take_void(struct home *home, uint32_t writer, const struct ph_record_id *plan,
                      uint32_t entry_count, uint32_t op_count)
{
    static struct world_entry entry;
    struct ph_batch *batch = home_batch();
    for (uint32_t i = 0; i < entry_count; i++) {
        struct ph_op_writer ops;
        world_begin(&world, &ops);
        ph_ops_group(&ops, PH_KIND_PLAN, plan, PH_AUDIENCE_NETWORK);
        for (uint32_t k = 0; k < op_count; k++)
            ph_ops_create(&ops);
        world_end(&world, writer, &ops, &entry);
        world_put(&world, batch, &entry, WORLD_SIGNED);
    }
    CHECK_OK(home_apply(home, batch));
    home_catch_up(home);
}

static void take_title(struct home *home, uint32_t writer, const struct ph_record_id *plan,
                       const char *title)
{
    static struct world_entry entry;
    struct ph_op_writer ops;
    uint8_t item[256];
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_PLAN, plan, PH_AUDIENCE_NETWORK);
    ph_ops_set(&ops, TITLE, NULL, 0, world_text(item, title));
    world_end(&world, writer, &ops, &entry);
    take(home, &entry);
}

/* All titles, the latest first, each followed by a bar. */
static void check_titles(struct home *home, const struct ph_record_id *plan, const char *expected)
{
    char titles[256] = "";
    struct ph_buffer text = ph_buffer((uint8_t *)titles, sizeof titles - 1);
    struct ph_view view;
    struct ph_record record;
    struct ph_record_value value;
    CHECK_OK(ph_view_open(home->store, &view));
    CHECK_OK(ph_view_record(&view, PH_KIND_PLAN, plan, &record));
    CHECK(record.is_created);
    while (ph_record_next(&record, &value)) {
        struct ph_unpacker in = ph_unpack_scanned(value.item);
        struct ph_bytes item = ph_unpack_text(&in);
        ph_buffer_put(&text, item.data, item.len);
        ph_buffer_put(&text, "|", 1);
    }
    ph_view_close(&view);
    assert_string_equal(titles, expected);
}

static void check_sound(struct home *home)
{
    struct ph_verify_report report;
    enum ph_status status = ph_store_verify(home->store, &report);
    if (status != PH_OK)
        print_error("%s\n", report.damage);
    CHECK_OK(status);
}

/* 65,536 void ops in a few KB took all the room that a record had: what came later by its writer's
 * key, the create with it, fell out on every node. */
static void no_school_crowds_out_another(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id plan;
    begin_with(&home, PH_KIND_PLAN, &plan);
    take_void(&home, stranger, &plan, 256, PH_OPS_PER_ENTRY_MAX);
    check_titles(&home, &plan, "ours|");
    take_title(&home, owner, &plan, "ours too");
    check_titles(&home, &plan, "ours too|ours|");
    check_sound(&home);
    home_deinit(&home);
}

static void share_of_ops_ends_within_an_entry(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id plan;
    begin_with(&home, PH_KIND_PLAN, &plan);
    take_void(&home, stranger, &plan, PH_SCHOOL_SHARE_MAX / 256 - 1, 256);
    take_void(&home, stranger, &plan, 1, 254);
    take_title(&home, stranger, &plan, "a");
    take_title(&home, stranger, &plan, "b");
    take_title(&home, stranger, &plan, "c");
    check_titles(&home, &plan, "b|a|ours|");
    check_sound(&home);
    home_deinit(&home);
}

/* Entries of one op each: the record holds no more than a share of them. */
static void share_of_entries_is_kept_and_verified(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id plan;
    begin_with(&home, PH_KIND_PLAN, &plan);
    take_void(&home, stranger, &plan, PH_SCHOOL_SHARE_MAX - 1, 1);
    take_title(&home, stranger, &plan, "last");
    take_title(&home, stranger, &plan, "too late");
    check_titles(&home, &plan, "last|ours|");
    check_sound(&home);
    home_rebuild(&home);
    check_titles(&home, &plan, "last|ours|");
    home_deinit(&home);
}

/* The owner's own void ops can't make its record vanish either: the create comes first. */
static void create_is_always_within_its_share(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id plan;
    begin_with(&home, PH_KIND_PLAN, &plan);
    plan = world_record(&world, owner, 1);
    plan.bytes[11] = (uint8_t)(2 + PH_OWNER_SHARE_MAX / 256); /* created behind what follows */
    take_void(&home, owner, &plan, PH_OWNER_SHARE_MAX / 256, 256);
    take_void(&home, owner, &plan, 1, 1);
    check_titles(&home, &plan, "");
    check_sound(&home);
    home_deinit(&home);
}

/* The stranger's school has a second writer, whose key comes after that of the first. */
static void begin_with_a_colleague(struct home *home, struct ph_record_id *plan)
{
    world_init(&world, 3);
    owner = 2;
    stranger = ph_writer_id_compare(&world.writers[0].id, &world.writers[1].id) > 0;
    world_adopt(&world, 1 - stranger, stranger);
    home_found(home, &world);
    create(home, owner, PH_KIND_PLAN, plan);
}

/* What had fallen out for the first one's sake was lost for good, at those nodes only that had
 * taken it in time. */
static void who_is_left_out_makes_room_for_colleagues(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id plan, another;
    begin_with_a_colleague(&home, &plan);
    take_void(&home, stranger, &plan, PH_SCHOOL_SHARE_MAX, 1);
    create(&home, 1 - stranger, PH_KIND_PLAN, &another);
    take_title(&home, 1 - stranger, &plan, "theirs");
    check_titles(&home, &plan, "ours|");

    struct ph_batch *batch = home_batch();
    CHECK_OK(ph_batch_leave_out_log(batch, &world.writers[stranger].id,
                                    &world.writers[stranger].school));
    CHECK_OK(home_apply(&home, batch));
    home_catch_up(&home);
    check_titles(&home, &plan, "theirs|ours|");
    check_sound(&home);
    home_rebuild(&home);
    check_titles(&home, &plan, "theirs|ours|");
    home_deinit(&home);
}

static void cut(struct home *home, uint32_t stands_to)
{
    struct ph_batch *batch = home_batch();
    CHECK_OK(ph_batch_cut(batch, stranger, stands_to));
    CHECK_OK(home_apply(home, batch));
    home_catch_up(home);
    check_sound(home);
}

/* A lost key must not use up what its school may still write. */
static void what_has_no_standing_counts_behind_what_has(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id plan;
    begin_with_a_colleague(&home, &plan);
    take_void(&home, stranger, &plan, PH_SCHOOL_SHARE_MAX, 1);
    take_title(&home, 1 - stranger, &plan, "theirs");
    check_titles(&home, &plan, "ours|");

    cut(&home, 0);
    check_titles(&home, &plan, "theirs|ours|");
    home_rebuild(&home);
    check_titles(&home, &plan, "theirs|ours|");

    cut(&home, PH_STANDS_ALL);
    check_titles(&home, &plan, "ours|");
    home_deinit(&home);
}

/* Regression: leaving out put a row for each entry of the school, and so for each of its writers
 * once more, into one transaction. */
static void who_is_left_out_is_undone_in_slices(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id plan;
    struct ph_txn txn = {0};
    struct ph_place place = {0};
    uint64_t count;
    bool and_rest = false;
    begin_with_a_colleague(&home, &plan);
    take_void(&home, stranger, &plan, 50, 1);
    take_title(&home, 1 - stranger, &plan, "theirs");

    CHECK_OK(ph_db_write(home.store->db, &txn));
    for (uint32_t writer = 0; writer < 2; writer++) {
        struct ph_key key =
            ph_key_log_out(&world.writers[writer].id, &world.writers[writer].school);
        CHECK_OK(ph_left_out_add(&txn, ph_key_bytes(&key)));
    }
    CHECK_OK(ph_db_count(&txn, PH_TABLE_AGAIN, &count));
    assert_int_equal(count, 2); /* logs */
    CHECK_OK(ph_waiting_again(&txn, (struct ph_place){stranger, 1}));
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_OK(ph_waiting_take(&txn, &place, &and_rest));
        CHECK(place.seq == 1 && and_rest);
    }
    assert_int_equal(ph_waiting_take(&txn, &place, &and_rest), PH_NOT_FOUND);
    ph_db_end(&txn);
    home_deinit(&home);
}

/* It counts before the colleague's by its key alone, whichever came first. */
static void share_goes_by_writer_whoever_came_first(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id plan;
    begin_with_a_colleague(&home, &plan);
    take_title(&home, 1 - stranger, &plan, "theirs");
    check_titles(&home, &plan, "theirs|ours|");
    take_void(&home, stranger, &plan, PH_SCHOOL_SHARE_MAX, 1);
    check_titles(&home, &plan, "ours|");
    check_sound(&home);
    home_deinit(&home);
}

#define RESOURCES 11 /* of an action: a text of up to 4,000 bytes */
#define LONG_LEN 3000

static void take_long_text(struct home *home, uint32_t writer, const struct ph_record_id *action)
{
    static struct world_entry entry;
    static uint8_t text[LONG_LEN], item[LONG_LEN + 3];
    struct ph_op_writer ops;
    struct ph_buffer out = ph_buffer(item, sizeof item);
    memset(text, 'x', sizeof text);
    ph_pack_text(&out, ph_bytes(text, sizeof text));
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_ACTION, action, PH_AUDIENCE_NETWORK);
    ph_ops_set(&ops, RESOURCES, NULL, 0, ph_buffer_bytes(&out));
    world_end(&world, writer, &ops, &entry);
    take(home, &entry);
}

/* For each value in order whether it is shown or missing. */
static void check_values(struct home *home, const struct ph_record_id *action, const char *expected)
{
    char found[100] = "";
    struct ph_view view;
    struct ph_record record;
    struct ph_record_value value;
    size_t count = 0;
    CHECK_OK(ph_view_open(home->store, &view));
    CHECK_OK(ph_view_record(&view, PH_KIND_ACTION, action, &record));
    while (ph_record_next(&record, &value) && count + 1 < sizeof found)
        found[count++] = value.is_missing ? '?' : '+';
    ph_view_close(&view);
    assert_string_equal(found, expected);
}

/* A record's row took as many bytes as there were live values: a log's quota, if somebody
 * wanted. */
static void items_beyond_a_schools_room_show_as_missing(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id action;
    begin_with(&home, PH_KIND_ACTION, &action);
    for (uint32_t i = 0; i < 23; i++)
        take_long_text(&home, stranger, &action);
    check_values(&home, &action, "++++++++++++++++++++++??");
    take_long_text(&home, owner, &action); /* the latest */
    check_values(&home, &action, "+++++++++++++++++++++++??");
    check_sound(&home);
    home_deinit(&home);
}

/* What a writer has to know before it signs more. */
static void check_share(struct home *home, uint16_t kind, const struct ph_record_id *id,
                        uint32_t writer, uint32_t op_count, size_t byte_count)
{
    struct ph_view view;
    struct ph_record record;
    struct ph_record_share share;
    CHECK_OK(ph_view_open(home->store, &view));
    CHECK_OK(ph_view_record(&view, kind, id, &record));
    CHECK_OK(ph_view_share(&view, &record, &world.writers[writer].school, &share));
    ph_view_close(&view);
    assert_int_equal(share.op_count, op_count);
    assert_int_equal(share.op_count_max,
                     writer == owner ? PH_OWNER_SHARE_MAX : PH_SCHOOL_SHARE_MAX);
    assert_int_equal(share.byte_count, byte_count);
    assert_int_equal(share.byte_count_max,
                     writer == owner ? PH_OWNER_BYTES_MAX : PH_SCHOOL_BYTES_MAX);
}

static void all_writers_of_a_school_use_up_its_share(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id plan;
    begin_with_a_colleague(&home, &plan);
    check_share(&home, PH_KIND_PLAN, &plan, stranger, 0, 0);
    check_share(&home, PH_KIND_PLAN, &plan, owner, 2, sizeof "ours");

    take_void(&home, stranger, &plan, 2, 100);
    take_title(&home, 1 - stranger, &plan, "theirs");
    check_share(&home, PH_KIND_PLAN, &plan, stranger, 201, sizeof "theirs");
    check_share(&home, PH_KIND_PLAN, &plan, owner, 2, sizeof "ours");

    take_void(&home, stranger, &plan, 4, 256);
    check_share(&home, PH_KIND_PLAN, &plan, stranger, PH_SCHOOL_SHARE_MAX, 0);
    home_deinit(&home);
}

/* A value that found no room has its place all the same. */
static void what_shows_no_more_takes_room(void **state)
{
    (void)state;
    struct home home;
    struct ph_record_id action;
    begin_with(&home, PH_KIND_ACTION, &action);
    for (uint32_t i = 0; i < 23; i++)
        take_long_text(&home, stranger, &action);
    check_share(&home, PH_KIND_ACTION, &action, stranger, 23, 23 * (LONG_LEN + 3));
    home_deinit(&home);
}

CHECK_MAIN(cmocka_unit_test(all_writers_of_a_school_use_up_its_share),
           cmocka_unit_test(what_shows_no_more_takes_room),
           cmocka_unit_test(items_beyond_a_schools_room_show_as_missing),
           cmocka_unit_test(no_school_crowds_out_another),
           cmocka_unit_test(share_of_ops_ends_within_an_entry),
           cmocka_unit_test(share_of_entries_is_kept_and_verified),
           cmocka_unit_test(create_is_always_within_its_share),
           cmocka_unit_test(share_goes_by_writer_whoever_came_first),
           cmocka_unit_test(what_has_no_standing_counts_behind_what_has),
           cmocka_unit_test(who_is_left_out_is_undone_in_slices),
           cmocka_unit_test(who_is_left_out_makes_room_for_colleagues))
