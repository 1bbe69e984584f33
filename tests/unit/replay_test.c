/* What is there after opening a store again. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/journal.h"
#include "tests/support/check.h"
#include "tests/support/story.h"

/* --- the plain cases --- */

static void what_the_journal_holds_comes_back_without_a_database(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    story_lose_database(&home);
    home_open(&home);
    story_check_ours(&home, STEPS);
    story_check_rest(&home, 0);
    story_check_sound(&home);
    CHECK(ph_store_is_in_doubt(home.store));
    CHECK(!story_is_set_aside(&home));
    home_deinit(&home);
}

static void others_entries_cost_the_journal_nothing(void **state)
{
    (void)state;
    struct home home;
    story_found(&home, true);
    uint64_t before = story_bytes_of(home.journal);
    struct ph_batch *batch = story_own_batch();
    story_put_theirs(batch);
    CHECK_OK(home_apply(&home, batch));
    CHECK(story_bytes_of(home.journal) == before);

    batch = story_own_batch();
    story_put_ours(batch);
    CHECK_OK(home_apply(&home, batch));
    CHECK(story_bytes_of(home.journal) > before);
    home_deinit(&home);
}

static void older_database_catches_up_without_a_doubt(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    story_save(story_database_path(&home), story_database.bytes, story_database.len);
    home_open(&home);
    story_check_ours(&home, STEPS);
    story_check_sound(&home);
    CHECK(!ph_store_is_in_doubt(home.store));
    story_write_step(&home, STEPS + 1);
    story_check_ours(&home, STEPS + 1);
    home_deinit(&home);
}

static void database_as_new_as_the_journal_is_left_alone(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    home_open(&home);
    CHECK(!ph_store_is_in_doubt(home.store) && !story_is_set_aside(&home));
    CHECK(story_bytes_of(home.journal) == story_journal.len);
    story_check_ours(&home, STEPS);
    home_deinit(&home);
}

static void what_was_journaled_when_the_power_went_is_there(void **state)
{
    (void)state;
    struct home home;
    story_found(&home, true);
    struct ph_batch *batch = story_own_batch();
    story_put_ours(batch);
    CHECK_OK(ph_store_journal(home.store, batch));
    ph_batch_free(batch);
    home_close(&home); /* before the transaction */

    home_open(&home);
    story_check_ours(&home, 1);
    story_check_sound(&home);
    CHECK(!ph_store_is_in_doubt(home.store));
    home_deinit(&home);
}

static void batch_journaled_before_is_journaled_once(void **state)
{
    (void)state;
    struct home home;
    story_found(&home, true);
    struct ph_batch *batch = story_own_batch();
    story_put_ours(batch);
    CHECK_OK(ph_store_journal(home.store, batch));
    uint64_t len = story_bytes_of(home.journal);
    CHECK_OK(home_apply(&home, batch));
    CHECK(story_bytes_of(home.journal) == len);
    story_write_step(&home, 1);
    home_close(&home);
    home_open(&home);
    story_check_ours(&home, 2);
    CHECK(!ph_store_is_in_doubt(home.store));
    home_deinit(&home);
}

/* --- from before there was a journal --- */

static void store_from_before_the_journal_gets_one(void **state)
{
    (void)state;
    struct home home;
    char why[200];
    story_found(&home, false);
    for (int step = 1; step <= STEPS; step++)
        story_write_step(&home, step);
    home_close(&home);
    const struct ph_store_options options = {.path = home.path,
                                             .journal_path = home.journal,
                                             .writer = &story_world.writers[OURS].id,
                                             .any_file_system = true};
    CHECK_OK(ph_store_open(&options, &home.store, why));
    CHECK(!ph_store_is_in_doubt(home.store));
    home.has_journal = true;
    story_check_journal_is_complete(&home, STEPS);
    home_deinit(&home);
}

/* --- branches --- */

/* Others hold a branch of our own log: it is story_theirs to give back. */
static void branch_of_our_own_log_is_left_to_others(void **state)
{
    (void)state;
    struct home home;
    static struct world_entry other;
    struct ph_record_id record;
    story_begin(&home);
    struct world_writer *us = &story_world.writers[OURS];
    struct ph_link tip = us->link;
    us->link = story_ours[1].link;
    world_create(&story_world, OURS, PH_KIND_PLAN, "Elsewhere", &other, &record);
    us->link = tip;
    const struct ph_log_row row = {.writer = us->id,
                                   .school = us->school,
                                   .certify = us->certify,
                                   .tip = other.link,
                                   .is_branch = true,
                                   .base_log = OURS,
                                   .base_seq = 2};
    home_open(&home);
    struct ph_batch *batch = story_own_batch();
    CHECK_OK(ph_batch_entry(batch, 2, other.header, &other.body, &other.signature));
    CHECK_OK(ph_batch_log(batch, 2, &row));
    CHECK_OK(home_apply(&home, batch));
    story_check_sound(&home);
    home_close(&home);

    unlink(home.journal);
    home_open(&home);
    story_check_journal_is_complete(&home, STEPS);
    home_deinit(&home);
}

/* --- no room --- */

static void frame_of_a_batch_that_needs_a_larger_map_is_written_once(void **state)
{
    (void)state;
    struct home home;
    uint8_t value[30000] = {0};
    story_our_count = story_their_count = 0;
    world_init(&story_world, 2);
    home_init(&home);
    home.has_journal = true;
    home.map_bytes = 128 * 1024;
    home_open(&home);
    struct ph_batch *batch = story_own_batch();
    world_found(&story_world, batch);
    CHECK_OK(home_apply(&home, batch));
    for (int i = 0; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof name, "meta%d", i);
        batch = story_own_batch();
        CHECK_OK(ph_batch_meta(batch, name, ph_bytes(value, sizeof value)));
        CHECK_OK(home_apply(&home, batch));
    }
    home_close(&home);
    story_load(home.journal, &story_journal);
    CHECK(story_offset_of(9) + PH_JOURNAL_HEAD_LEN < story_journal.len &&
          story_offset_of(10) == story_journal.len);

    story_lose_database(&home); /* the replay needs a larger map as well */
    home_open(&home);
    struct ph_view view;
    struct ph_bytes bytes;
    CHECK_OK(ph_view_open(home.store, &view));
    CHECK_OK(ph_view_meta(&view, "meta7", &bytes));
    CHECK(bytes.len == sizeof value);
    ph_view_close(&view);
    home_deinit(&home);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

/* `room`: what may be written to any file, whose size it limits. */
static void check_refusal(struct home *home, rlim_t room)
{
    uint8_t value[30000] = {0};
    uint64_t before = story_bytes_of(home->journal);
    struct ph_batch *batch = story_own_batch();
    CHECK_OK(ph_batch_meta(batch, "large", ph_bytes(value, sizeof value)));
    limit_files(room);
    CHECK_STATUS(home_apply(home, batch), PH_NO_SPACE);
    limit_files(RLIM_INFINITY);
    CHECK(story_bytes_of(home->journal) == before);
}

static void full_disk_takes_the_frame_back_before_it_refuses(void **state)
{
    (void)state;
    struct home home;
    struct ph_view view;
    struct ph_bytes bytes;
    story_found(&home, true);
    story_write_step(&home, 3);
    check_refusal(&home, story_bytes_of(story_database_path(
                             &home))); /* the journal has room, the database not */
    check_refusal(&home, story_bytes_of(home.journal) + 1000); /* amid the frame */
    story_write_step(&home, 6);
    home_close(&home);
    home_open(&home);
    CHECK(!ph_store_is_in_doubt(home.store));
    CHECK_OK(ph_view_open(home.store, &view));
    CHECK_STATUS(ph_view_meta(&view, "large", &bytes), PH_NOT_FOUND);
    ph_view_close(&view);
    story_check_journal_is_complete(&home, 2);
    home_deinit(&home);
}

CHECK_MAIN(cmocka_unit_test(what_the_journal_holds_comes_back_without_a_database),
           cmocka_unit_test(others_entries_cost_the_journal_nothing),
           cmocka_unit_test(older_database_catches_up_without_a_doubt),
           cmocka_unit_test(database_as_new_as_the_journal_is_left_alone),
           cmocka_unit_test(what_was_journaled_when_the_power_went_is_there),
           cmocka_unit_test(batch_journaled_before_is_journaled_once),
           cmocka_unit_test(store_from_before_the_journal_gets_one),
           cmocka_unit_test(branch_of_our_own_log_is_left_to_others),
           cmocka_unit_test(full_disk_takes_the_frame_back_before_it_refuses),
           cmocka_unit_test(frame_of_a_batch_that_needs_a_larger_map_is_written_once))
