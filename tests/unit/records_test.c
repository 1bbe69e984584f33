#include "store/records.h"

#include <stdlib.h>

#include "store/entries.h"
#include "store/state.h"
#include "tests/support/check.h"
#include "tests/support/home.h"
#include "tests/support/world.h"

#define TITLE 3
#define ENTRIES 9

static struct world world;
static struct world_entry entries[ENTRIES];
static struct ph_record_id plan;

/* A plan that three writers give two titles an entry, one more often than another. */
static void write_all(void)
{
    static const char *const titles[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    static const uint32_t turns[ENTRIES] = {0, 1, 2, 0, 1, 0, 0, 1, 0};
    struct ph_op_writer ops;
    uint8_t item[256];
    world_init(&world, 3);
    plan = world_record(&world, 0, 0);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        world_begin(&world, &ops);
        ph_ops_group(&ops, PH_KIND_PLAN, &plan, PH_AUDIENCE_NETWORK);
        if (i == 0)
            ph_ops_create(&ops);
        ph_ops_set(&ops, TITLE, NULL, 0, world_text(item, titles[i]));
        ph_ops_set(&ops, TITLE, NULL, 0, world_text(item, titles[i]));
        world_end(&world, turns[i], &ops, &entries[i]);
    }
}

/* In every order in which a store can meet the three logs. */
#define ORDERS 6
static const uint32_t log_orders[ORDERS][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                               {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static void fill(struct home *home, uint32_t order)
{
    struct ph_batch *batch;
    for (uint32_t i = 0; i < 3; i++)
        world.log_of[i] = log_orders[order][i];
    home_init(home);
    home_open(home);
    CHECK_OK(ph_batch_new(&batch));
    world_found(&world, batch);
    for (uint32_t i = 0; i < ENTRIES; i++)
        world_put(&world, batch, &entries[i], WORLD_SIGNED);
    CHECK_OK(home_apply(home, batch));
}

/* Which entries a limited record takes its values from: one bit for each. */
static uint32_t entries_shown(const struct ph_txn *txn, struct ph_bytes value)
{
    struct ph_record record;
    struct ph_record_value of;
    struct ph_stored_entry entry;
    uint32_t shown = 0;
    CHECK_OK(ph_record_decode(PH_KIND_PLAN, &plan, value, &record));
    while (ph_record_next(&record, &of)) {
        CHECK_OK(ph_entries_get(txn, (struct ph_place){of.log, of.seq}, &entry));
        for (uint32_t i = 0; i < ENTRIES; i++)
            if (memcmp(entry.encoded, entries[i].header, PH_HEADER_LEN) == 0)
                shown |= 1u << i;
    }
    return shown;
}

static uint32_t make_limited(struct home *home, uint32_t touch_count_max, uint32_t op_count_max)
{
    struct ph_record_maker maker;
    struct ph_txn txn = {0};
    struct ph_logs logs = {0};
    struct ph_bytes value;
    CHECK_OK(ph_db_read(home->store->db, &txn));
    CHECK_OK(ph_logs_load(&txn, &logs));
    ph_record_maker_init(&maker, &txn, &logs);
    maker.touch_count_max = touch_count_max;
    maker.op_count_max = op_count_max;
    for (uint32_t i = 0; i < ENTRIES; i++)
        CHECK_OK(ph_record_touch(
            &maker, (struct ph_place){world.log_of[entries[i].writer], entries[i].link.seq}));
    CHECK_OK(ph_record_make(&maker, PH_KIND_PLAN, &plan, &value));
    uint32_t shown = entries_shown(&txn, value);
    ph_record_maker_deinit(&maker);
    ph_logs_free(&logs);
    ph_db_end(&txn);
    return shown;
}

static int compare_entries(const void *a, const void *b)
{
    const struct world_entry *left = &entries[*(const uint32_t *)a];
    const struct world_entry *right = &entries[*(const uint32_t *)b];
    int order =
        ph_writer_id_compare(&world.writers[left->writer].id, &world.writers[right->writer].id);
    return order != 0 ? order
                      : (left->link.seq > right->link.seq) - (left->link.seq < right->link.seq);
}

/* The first by (writer, sequence), if the create is among them: else nothing is shown at all. */
static uint32_t first_entries(uint32_t count)
{
    uint32_t order[ENTRIES], shown = 0;
    for (uint32_t i = 0; i < ENTRIES; i++)
        order[i] = i;
    qsort(order, ENTRIES, sizeof *order, compare_entries);
    for (uint32_t i = 0; i < count; i++)
        shown |= 1u << order[i];
    return (shown & 1) != 0 ? shown : 0;
}

static void record_with_too_many_entries_takes_the_same_ones_everywhere(void **state)
{
    (void)state;
    write_all();
    for (uint32_t order = 0; order < ORDERS; order++) {
        struct home home;
        fill(&home, order);
        for (uint32_t max = 1; max <= ENTRIES; max++)
            assert_int_equal(make_limited(&home, max, 100), first_entries(max));
        home_deinit(&home);
    }
}

static void record_with_too_many_ops_takes_whole_entries_as_long_as_they_fit(void **state)
{
    (void)state;
    write_all();
    for (uint32_t order = 0; order < ORDERS; order++) {
        struct home home;
        fill(&home, order);
        CHECK(make_limited(&home, 100, 2 * ENTRIES + 1) == (1u << ENTRIES) - 1);
        uint32_t first = first_entries(ENTRIES - 1);
        CHECK(make_limited(&home, 100, 2 * ENTRIES) == first);
        home_deinit(&home);
    }
}

static void value_with_a_byte_missing_is_corrupt(void **state)
{
    (void)state;
    static const uint8_t value[18] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1};
    struct ph_record record;
    struct ph_bytes bytes = ph_bytes(value, sizeof value);
    CHECK_STATUS(ph_record_decode(PH_KIND_PLAN, &plan, bytes, &record), PH_CORRUPT);
    bytes.len = 17;
    CHECK_STATUS(ph_record_decode(PH_KIND_PLAN, &plan, bytes, &record), PH_CORRUPT);
}

CHECK_MAIN(cmocka_unit_test(record_with_too_many_entries_takes_the_same_ones_everywhere),
           cmocka_unit_test(record_with_too_many_ops_takes_whole_entries_as_long_as_they_fit),
           cmocka_unit_test(value_with_a_byte_missing_is_corrupt))
