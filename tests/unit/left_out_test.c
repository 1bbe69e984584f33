/* What leaving out a writer costs who has much of it. */
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
    CHECK_OK(ph_batch_leave_out(batch, &world.writers[0].id));
    CHECK_OK(ph_store_apply(home.store, batch));
    CHECK(ph_batch_is_behind(batch));
    ph_batch_free(batch);
    home_catch_up(&home);
    assert_in_range(file_len(), before, before + (uint64_t)1024 * 1024);
    home_deinit(&home);
}

CHECK_MAIN(cmocka_unit_test(who_waits_is_passed_in_slices_and_takes_no_room))
