#include "store/records.h"

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

static uint32_t make_limited(struct home *home, uint32_t owner_share, uint32_t school_share)
{
    struct ph_record_maker maker;
    struct ph_txn txn = {0};
    struct ph_logs logs = {0};
    struct ph_bytes value;
    CHECK_OK(ph_db_read(home->store->db, &txn));
    CHECK_OK(ph_logs_load(&txn, &logs));
    ph_record_maker_init(&maker, &txn, &logs);
    maker.owner_share = owner_share;
    maker.school_share = school_share;
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

/* The first of a writer: one bit for each. */
static uint32_t first_of(uint32_t writer, uint32_t count)
{
    uint32_t shown = 0;
    for (uint32_t i = 0; i < ENTRIES && count > 0; i++) {
        if (entries[i].writer != writer)
            continue;
        shown |= 1u << i;
        count--;
    }
    return shown;
}

/* Three ops for the first entry of the owner, two for each other: half of them, rounded up. */
static void record_takes_the_same_share_of_each_school_everywhere(void **state)
{
    (void)state;
    write_all();
    for (uint32_t order = 0; order < ORDERS; order++) {
        struct home home;
        fill(&home, order);
        for (uint32_t owner_share = 2; owner_share <= 12; owner_share++)
            for (uint32_t share = 1; share <= 7 && share <= owner_share; share++)
                assert_int_equal(make_limited(&home, owner_share, share),
                                 first_of(0, owner_share / 2) | first_of(1, (share + 1) / 2) |
                                     first_of(2, (share + 1) / 2));
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

CHECK_MAIN(cmocka_unit_test(record_takes_the_same_share_of_each_school_everywhere),
           cmocka_unit_test(value_with_a_byte_missing_is_corrupt))
