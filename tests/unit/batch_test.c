#include "store/batch.h"

#include <stdlib.h>

#include "store/change.h"
#include "tests/support/check.h"
#include "tests/support/world.h"

static struct world world;

static struct ph_batch *batch_new(void)
{
    struct ph_batch *batch;
    CHECK_OK(ph_batch_new(&batch));
    return batch;
}

static void new_batch_is_empty(void **state)
{
    (void)state;
    struct ph_change change;
    size_t at = 0;
    struct ph_batch *batch = batch_new();
    CHECK(ph_batch_is_empty(batch) && ph_batch_bytes(batch) == 0);
    CHECK(!ph_batch_is_behind(batch) && !ph_batch_next(batch, &at, &change));
    ph_batch_free(batch);
    ph_batch_free(NULL);
}

static void rebuild_alone_is_worth_a_commit(void **state)
{
    (void)state;
    struct ph_batch *batch = batch_new();
    ph_batch_rebuild(batch);
    CHECK(!ph_batch_is_empty(batch));
    ph_batch_free(batch);
}

static void rewinding_takes_back_what_came_after_the_mark(void **state)
{
    (void)state;
    struct ph_change change;
    size_t at = 0;
    struct ph_batch *batch = batch_new();
    CHECK_OK(ph_batch_fact(batch, 1, ph_bytes_text("stays")));
    struct ph_batch_mark mark = ph_batch_mark(batch);
    size_t bytes = ph_batch_bytes(batch);
    CHECK_OK(ph_batch_fact(batch, 2, ph_bytes_text("goes")));

    ph_batch_rewind(batch, mark);

    CHECK(ph_batch_bytes(batch) == bytes);
    CHECK(ph_batch_next(batch, &at, &change) && change.number == 1);
    CHECK(!ph_batch_next(batch, &at, &change));
    CHECK_OK(ph_batch_fact(batch, 3, ph_bytes_text("comes")));
    CHECK(ph_batch_next(batch, &at, &change) && change.number == 3);
    ph_batch_free(batch);
}

static void changes_come_back_in_order_as_copies(void **state)
{
    (void)state;
    struct ph_change change;
    size_t at = 0;
    char name[] = "name", value[] = "value";
    struct ph_batch *batch = batch_new();
    CHECK_OK(ph_batch_meta(batch, name, ph_bytes_text(value)));
    CHECK_OK(ph_batch_fact(batch, 7, ph_bytes_text(value)));
    name[0] = value[0] = 'X';

    CHECK(ph_batch_next(batch, &at, &change));
    CHECK(change.type == PH_CHANGE_META);
    CHECK_BYTES(change.name, ph_bytes_text("name"));
    CHECK_BYTES(change.value, ph_bytes_text("value"));
    CHECK(ph_batch_next(batch, &at, &change));
    CHECK(change.type == PH_CHANGE_FACT && change.number == 7);
    CHECK_BYTES(change.value, ph_bytes_text("value"));
    CHECK(!ph_batch_next(batch, &at, &change));
    ph_batch_free(batch);
}

static void many_entries_keep_their_bytes_while_the_batch_grows(void **state)
{
    (void)state;
    static struct world_entry entries[300];
    struct ph_record_id id;
    struct ph_change change;
    size_t at = 0, len = 0;
    struct ph_batch *batch = batch_new();
    world_init(&world, 1);
    for (uint32_t i = 0; i < 300; i++) {
        world_create(&world, 0, PH_KIND_PLAN, "a plan among many", &entries[i], &id);
        world_put(&world, batch, &entries[i], i % 2 == 0 ? WORLD_SIGNED : WORLD_WITHOUT_CONTENT);
        CHECK(ph_batch_bytes(batch) > len + PH_HEADER_LEN);
        len = ph_batch_bytes(batch);
    }

    for (uint32_t i = 0; i < 300; i++) {
        CHECK(ph_batch_next(batch, &at, &change));
        CHECK(change.type == PH_CHANGE_ENTRY && change.seq == i + 1);
        CHECK(change.is_hole == (i % 2 != 0));
        assert_memory_equal(change.value.data, entries[i].header, PH_HEADER_LEN);
        CHECK(ph_batch_next(batch, &at, &change));
        CHECK(change.type == PH_CHANGE_LOG && change.number == 0);
    }
    CHECK(!ph_batch_next(batch, &at, &change));
    ph_batch_free(batch);
}

static void last_preference_counts(void **state)
{
    (void)state;
    uint32_t log;
    struct ph_batch *batch = batch_new();
    CHECK(!ph_batch_preferred(batch, &log));
    ph_batch_prefer(batch, 3);
    ph_batch_prefer(batch, 4);
    CHECK(ph_batch_preferred(batch, &log) && log == 4);
    ph_batch_free(batch);
}

CHECK_MAIN(cmocka_unit_test(new_batch_is_empty), cmocka_unit_test(rebuild_alone_is_worth_a_commit),
           cmocka_unit_test(rewinding_takes_back_what_came_after_the_mark),
           cmocka_unit_test(changes_come_back_in_order_as_copies),
           cmocka_unit_test(many_entries_keep_their_bytes_while_the_batch_grows),
           cmocka_unit_test(last_preference_counts))
