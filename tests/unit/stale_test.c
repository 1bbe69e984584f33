/* Records that take too long for one slice are made in those that follow. */
#include "store/materialise.h"
#include "store/stale.h"
#include "store/state.h"
#include "store/verify.h"
#include "tests/support/check.h"
#include "tests/support/home.h"

#define TITLE 3
#define PLANS 6
#define EDITS 8

static struct world world;
static struct ph_record_id plans[PLANS];
static struct home home;

static void take(const struct world_entry *entry)
{
    struct ph_batch *batch = home_batch();
    world_put(&world, batch, entry, WORLD_SIGNED);
    CHECK_OK(home_apply(&home, batch));
}

/* One entry with a title for each plan. */
static void edit_all(uint32_t writer)
{
    static struct world_entry entry;
    struct ph_op_writer ops;
    world_begin(&world, &ops);
    for (uint32_t i = 0; i < PLANS; i++) {
        ph_ops_group(&ops, PH_KIND_PLAN, &plans[i], PH_AUDIENCE_NETWORK);
        ph_ops_set(&ops, TITLE, NULL, 0, ph_bytes_text("\xa5ready"));
    }
    world_end(&world, writer, &ops, &entry);
    take(&entry);
}

/* Plans of the first of two writers, which both edit; nothing is materialised. */
static void begin(void)
{
    static struct world_entry entry;
    struct ph_txn txn = {0};
    world_init(&world, 2);
    home_found(&home, &world);
    for (uint32_t i = 0; i < PLANS; i++) {
        world_create(&world, 0, PH_KIND_PLAN, "begun", &entry, &plans[i]);
        take(&entry);
    }
    for (uint32_t i = 0; i < EDITS; i++)
        edit_all(i % 2);
    CHECK_OK(ph_db_write(home.store->db, &txn));
    CHECK_OK(ph_materialise_forget(&txn));
    CHECK_OK(ph_db_commit(&txn));
}

static bool slice(const uint32_t *preferred, uint32_t reads_max)
{
    struct ph_txn txn = {0};
    struct ph_slice_outcome outcome = {0};
    CHECK_OK(ph_db_write(home.store->db, &txn));
    CHECK_OK(ph_materialise_slice(&txn, preferred, reads_max, &outcome));
    CHECK_OK(ph_db_commit(&txn));
    return outcome.is_behind;
}

static void check_sound(uint64_t record_count)
{
    struct ph_verify_report report;
    enum ph_status status = ph_store_verify(home.store, &report);
    if (status != PH_OK)
        print_error("%s\n", report.damage);
    CHECK_OK(status);
    assert_int_equal(report.record_count, record_count);
}

static void records_are_put_off_and_made_later(void **state)
{
    (void)state;
    begin();
    CHECK(slice(NULL, EDITS + 2)); /* each is made of its creation and the edits */
    check_sound(2);
    for (uint32_t i = 3; i <= PLANS; i++) {
        CHECK(slice(NULL, EDITS + 2) == (i < PLANS));
        check_sound(i);
    }
    home_deinit(&home);
}

/* Nothing of what was put off is lost to the entry that touches its record next. */
static void what_is_put_off_is_made_with_what_comes_next(void **state)
{
    (void)state;
    begin();
    CHECK(slice(NULL, 1));
    check_sound(1);
    edit_all(1);
    check_sound(PLANS);
    CHECK(!slice(NULL, 1));
    home_deinit(&home);
}

/* The second writer's edits touch all plans: what a person has written shows at once. */
static void preferred_log_is_never_put_off(void **state)
{
    (void)state;
    const uint32_t ours = 1;
    begin();
    CHECK(slice(&ours, 1));
    check_sound(PLANS);
    home_deinit(&home);
}

static void row_of_another_form_is_damage(void **state)
{
    (void)state;
    struct ph_txn txn = {0};
    struct ph_verify_report report;
    begin();
    CHECK_OK(ph_db_write(home.store->db, &txn));
    CHECK_OK(ph_stale_add(&txn, PH_KIND_PLAN, &plans[0], (struct ph_place){7, 1}));
    CHECK_OK(ph_db_commit(&txn));
    CHECK_STATUS(ph_store_verify(home.store, &report), PH_CORRUPT);
    assert_non_null(strstr(report.damage, "stale"));
    home_deinit(&home);
}

CHECK_MAIN(cmocka_unit_test(records_are_put_off_and_made_later),
           cmocka_unit_test(what_is_put_off_is_made_with_what_comes_next),
           cmocka_unit_test(preferred_log_is_never_put_off),
           cmocka_unit_test(row_of_another_form_is_damage))
