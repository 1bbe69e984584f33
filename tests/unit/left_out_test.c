/* What leaving out a school, or a log of it, does and costs. */
#include <stdio.h>
#include <sys/stat.h>

#include "tests/support/check.h"
#include "tests/support/home.h"

#define TITLE 3
#define WAITING (PH_SLICE_ENTRIES_MAX + 1000u)

static struct world world;
static struct home home;

/* Entries of the first writer, each after one of the second's that never comes. */
static void take_waiting(void)
{
    static struct world_entry entry;
    struct ph_batch *batch = home_batch();
    struct ph_record_id plan = world_record(&world, 1, 1);
    struct ph_op_ref never = {.writer = world.writers[1].id};
    for (uint32_t i = 1; i <= WAITING; i++) {
        struct ph_op_writer ops;
        never.seq = i;
        world_begin(&world, &ops);
        ph_ops_group(&ops, PH_KIND_PLAN, &plan, PH_AUDIENCE_NETWORK);
        ph_ops_set(&ops, TITLE, &never, 1,
                   ph_bytes_text("\xa3"
                                 "new"));
        world_end(&world, 0, &ops, &entry);
        world_put(&world, batch, &entry, i == WAITING ? WORLD_SIGNED : WORLD_UNSIGNED);
    }
    CHECK_OK(home_apply(&home, batch));
    home_catch_up(&home);
}

static uint64_t file_len(void)
{
    char path[300];
    struct stat stat_of;
    snprintf(path, sizeof path, "%s/data.mdb", home.path);
    CHECK(stat(path, &stat_of) == 0);
    return (uint64_t)stat_of.st_size;
}

/* Regression: all of a log's waiting entries were passed in one slice, at a page of the disk for
 * each. */
static void who_waits_is_passed_in_slices_and_takes_no_room(void **state)
{
    (void)state;
    world_init(&world, 2);
    home_found(&home, &world);
    take_waiting();
    uint64_t before = file_len();
    struct ph_batch *batch = home_batch();
    CHECK_OK(ph_batch_leave_out_school(batch, &world.writers[0].school));
    CHECK_OK(ph_store_apply(home.store, batch));
    CHECK(ph_batch_is_behind(batch));
    ph_batch_free(batch);
    home_catch_up(&home);
    assert_in_range(file_len(), before, before + (uint64_t)1024 * 1024);
    home_deinit(&home);
}

/* --- whose log is it --- */

#define WRITER 0
#define ELSEWHERE 2 /* the same writer in the second school */

static const uint16_t kinds[3] = {PH_KIND_PLAN, PH_KIND_PLAN, PH_KIND_COMMENT};
static struct world_entry entries[3];
static struct ph_record_id records[3];

/* A record in each of the three logs. */
static void begin_with_a_writer_of_two_schools(void)
{
    world_init(&world, 3);
    world.writers[ELSEWHERE].id = world.writers[WRITER].id;
    world.writers[ELSEWHERE].secret = world.writers[WRITER].secret;
    world_adopt(&world, ELSEWHERE, 1);
    home_found(&home, &world);
    struct ph_batch *batch = home_batch();
    for (uint32_t i = 0; i < 3; i++) {
        world_create(&world, i, kinds[i], "here", &entries[i], &records[i]);
        world_put(&world, batch, &entries[i], WORLD_SIGNED);
    }
    CHECK_OK(home_apply(&home, batch));
    home_catch_up(&home);
}

static void check_shown(bool first, bool second, bool elsewhere)
{
    const bool expected[3] = {first, second, elsewhere};
    struct ph_view view = {0};
    struct ph_record record;
    home_catch_up(&home);
    CHECK_OK(ph_view_open(home.store, &view));
    for (uint32_t i = 0; i < 3; i++) {
        enum ph_status status = ph_view_record(&view, kinds[i], &records[i], &record);
        assert_int_equal(status == PH_OK && record.is_created, expected[i]);
    }
    ph_view_close(&view);
}

static void a_school_is_left_out_with_its_own_logs(void **state)
{
    (void)state;
    begin_with_a_writer_of_two_schools();
    check_shown(true, true, true);
    struct ph_batch *batch = home_batch();
    CHECK_OK(ph_batch_leave_out_school(batch, &world.writers[1].school));
    CHECK_OK(home_apply(&home, batch));
    check_shown(true, false, false);
    home_rebuild(&home);
    check_shown(true, false, false);
    home_deinit(&home);
}

static void a_log_is_left_out_of_one_school(void **state)
{
    (void)state;
    begin_with_a_writer_of_two_schools();
    struct ph_batch *batch = home_batch();
    CHECK_OK(
        ph_batch_leave_out_log(batch, &world.writers[WRITER].id, &world.writers[ELSEWHERE].school));
    CHECK_OK(home_apply(&home, batch));
    check_shown(true, true, false);
    home_rebuild(&home);
    check_shown(true, true, false);
    home_deinit(&home);
}

/* Nor is a key of a school one of a writer, or the other way round. */
static void a_writer_that_nothing_waits_for_counts(void **state)
{
    (void)state;
    static struct world_entry entry;
    struct ph_op_writer ops;
    struct ph_op_ref never = {.seq = 9};
    begin_with_a_writer_of_two_schools();
    never.writer = world.writers[WRITER].id;
    records[1] = world_record(&world, 1, 1);
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_PLAN, &records[1], PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, TITLE, &never, 1,
               ph_bytes_text("\xa3"
                             "new"));
    world_end(&world, 1, &ops, &entry);
    struct ph_batch *batch = home_batch();
    world_put(&world, batch, &entry, WORLD_SIGNED);
    CHECK_OK(home_apply(&home, batch));
    check_shown(true, false, true);

    struct ph_writer_id same_bytes;
    memcpy(same_bytes.bytes, world.writers[1].school.bytes, sizeof same_bytes.bytes);
    batch = home_batch();
    CHECK_OK(ph_batch_await_none_of(batch, &same_bytes));
    CHECK_OK(home_apply(&home, batch));
    check_shown(true, false, true);
    batch = home_batch();
    CHECK_OK(ph_batch_await_none_of(batch, &never.writer));
    CHECK_OK(home_apply(&home, batch));

    check_shown(true, true, true);
    home_rebuild(&home);
    check_shown(true, true, true);
    home_deinit(&home);
}

CHECK_MAIN(cmocka_unit_test(a_school_is_left_out_with_its_own_logs),
           cmocka_unit_test(a_log_is_left_out_of_one_school),
           cmocka_unit_test(a_writer_that_nothing_waits_for_counts),
           cmocka_unit_test(who_waits_is_passed_in_slices_and_takes_no_room))
