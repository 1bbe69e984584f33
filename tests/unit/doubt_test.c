/* Journals that are torn or damaged: what comes back, and when the store is in doubt. */
#include <unistd.h>

#include "store/journal.h"
#include "tests/support/check.h"
#include "tests/support/story.h"

/* --- torn and damaged journals --- */

static void frame_torn_by_a_power_cut_is_forgotten(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    size_t last = story_offset_of(STEPS + 1);
    for (size_t len = last; len <= story_journal.len; len++) {
        story_save(story_database_path(&home), story_database.bytes, story_database.len);
        story_save(home.journal, story_journal.bytes, len);
        home_open(&home);
        story_check_ours(&home, len == story_journal.len ? STEPS : STEPS - 1);
        CHECK(!ph_store_is_in_doubt(home.store) && !story_is_set_aside(&home));
        CHECK(story_bytes_of(home.journal) == (len == story_journal.len ? len : last));
        home_close(&home);
    }
    home_deinit(&home);
}

static void writing_goes_on_behind_a_torn_frame(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    story_save(story_database_path(&home), story_database.bytes, story_database.len);
    story_save(home.journal, story_journal.bytes, story_journal.len - 1);
    home_open(&home);
    struct ph_batch *batch = story_own_batch();
    int step = STEPS;
    world_put(&story_world, batch, &story_ours[STEPS - 1], WORLD_SIGNED);
    CHECK_OK(ph_batch_meta(batch, "step", ph_bytes(&step, sizeof step)));
    CHECK_OK(home_apply(&home, batch));
    story_check_journal_is_complete(&home, STEPS);
    home_deinit(&home);
}

/* Opens what was damaged: nothing is lost, the store is in doubt, the journal whole again. */
static void check_mended(struct home *home)
{
    home_open(home);
    story_check_ours(home, STEPS);
    CHECK(ph_store_is_in_doubt(home->store));
    CHECK(story_is_set_aside(home));
    home_close(home);
    home_open(home);
    CHECK(ph_store_is_in_doubt(home->store));
    story_check_journal_is_complete(home, STEPS);
    home_close(home);
    home_remove_journal(home);
}

static void journal_that_ends_before_the_database_is_begun_anew(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    story_load(story_database_path(&home), &story_database);
    for (size_t len = 0; len < story_journal.len; len += 61) {
        story_save(story_database_path(&home), story_database.bytes, story_database.len);
        story_save(home.journal, story_journal.bytes, len);
        check_mended(&home);
    }
    home_deinit(&home);
}

static void journal_with_a_bit_flipped_is_begun_anew(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    story_load(story_database_path(&home), &story_database);
    for (size_t bit = 0; bit < 8 * story_journal.len; bit += 397) {
        story_journal.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        story_save(story_database_path(&home), story_database.bytes, story_database.len);
        story_save(home.journal, story_journal.bytes, story_journal.len);
        check_mended(&home);
        story_journal.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    home_deinit(&home);
}

/* The database is gone as well: the frames before the bad one are all that is left. */
static void frames_before_the_damage_come_back_without_a_database(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    for (uint32_t frame = 2; frame <= STEPS + 1; frame++) {
        size_t at = story_offset_of(frame) + PH_JOURNAL_HEAD_LEN + 3;
        story_lose_database(&home);
        story_journal.bytes[at] ^= 1;
        story_save(home.journal, story_journal.bytes, story_journal.len);
        home_open(&home);
        story_check_ours(&home, frame - 2);
        story_check_sound(&home);
        CHECK(ph_store_is_in_doubt(home.store) && story_is_set_aside(&home));
        home_close(&home);
        home_remove_journal(&home);
        story_journal.bytes[at] ^= 1;
    }
    home_deinit(&home);
}

static void journal_that_is_missing_is_begun_anew(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    unlink(home.journal);
    home_open(&home);
    story_check_ours(&home, STEPS);
    CHECK(ph_store_is_in_doubt(home.store));
    story_check_journal_is_complete(&home, STEPS);
    home_deinit(&home);
}

/* As many frames, whole and in a chain, but other ones. */
static void journal_of_another_store_is_set_aside(void **state)
{
    (void)state;
    struct home home;
    struct ph_journal_mark mark = {0};
    story_begin(&home);
    for (size_t at = PH_JOURNAL_TITLE_LEN; at < story_journal.len;) {
        uint32_t len = ph_get_u32(story_journal.bytes + at);
        story_journal.bytes[at + PH_JOURNAL_HEAD_LEN + len - 1] ^= 1;
        ph_journal_seal(story_journal.bytes + at, len, &mark);
        at += PH_JOURNAL_HEAD_LEN + len;
    }
    story_save(home.journal, story_journal.bytes, story_journal.len);
    check_mended(&home);
    home_deinit(&home);
}

/* A frame whose bytes are whole, and an entry in it that its writer never signed. */
static void entry_that_its_writer_did_not_sign_is_not_replayed(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    story_save(story_database_path(&home), story_database.bytes, story_database.len);
    size_t last = story_offset_of(STEPS + 1);
    struct ph_journal_mark mark = {0};
    struct ph_bytes payload;
    for (size_t at = PH_JOURNAL_TITLE_LEN; at < last; at += PH_JOURNAL_HEAD_LEN + payload.len)
        CHECK_OK(ph_journal_parse(ph_bytes(story_journal.bytes + at, last - at), &mark, &payload));
    uint32_t len = ph_get_u32(story_journal.bytes + last);
    size_t signature = last + PH_JOURNAL_HEAD_LEN + PH_JOURNAL_CHANGE_HEAD_LEN + PH_HEADER_LEN + 3;
    assert_memory_equal(story_journal.bytes + signature, story_ours[STEPS - 1].signature.bytes, 64);
    story_journal.bytes[signature] ^= 1;
    ph_journal_seal(story_journal.bytes + last, len, &mark);
    story_save(home.journal, story_journal.bytes, story_journal.len);

    home_open(&home);
    story_check_ours(&home, STEPS - 1);
    story_check_sound(&home);
    CHECK(ph_store_is_in_doubt(home.store) && story_is_set_aside(&home));
    home_deinit(&home);
}

/* --- doubt --- */

static void doubt_stays_until_a_batch_settles_it(void **state)
{
    (void)state;
    struct home home;
    story_begin(&home);
    unlink(home.journal);
    home_open(&home);
    story_write_step(&home, 1);
    home_close(&home);
    home_open(&home);
    CHECK(ph_store_is_in_doubt(home.store));

    struct ph_batch *batch = story_own_batch();
    ph_batch_settle_doubt(batch);
    CHECK(!ph_batch_is_empty(batch));
    CHECK_OK(home_apply(&home, batch));
    CHECK(!ph_store_is_in_doubt(home.store));
    home_close(&home);
    home_open(&home);
    CHECK(!ph_store_is_in_doubt(home.store));
    home_deinit(&home);
}

static void new_store_is_in_no_doubt(void **state)
{
    (void)state;
    struct home home;
    home_init(&home);
    home.has_journal = true;
    home_open(&home);
    CHECK(!ph_store_is_in_doubt(home.store));
    home_close(&home);
    home_open(&home);
    CHECK(!ph_store_is_in_doubt(home.store));
    home_deinit(&home);
}

CHECK_MAIN(cmocka_unit_test(frame_torn_by_a_power_cut_is_forgotten),
           cmocka_unit_test(writing_goes_on_behind_a_torn_frame),
           cmocka_unit_test(journal_that_ends_before_the_database_is_begun_anew),
           cmocka_unit_test(journal_with_a_bit_flipped_is_begun_anew),
           cmocka_unit_test(frames_before_the_damage_come_back_without_a_database),
           cmocka_unit_test(journal_that_is_missing_is_begun_anew),
           cmocka_unit_test(journal_of_another_store_is_set_aside),
           cmocka_unit_test(entry_that_its_writer_did_not_sign_is_not_replayed),
           cmocka_unit_test(doubt_stays_until_a_batch_settles_it),
           cmocka_unit_test(new_store_is_in_no_doubt))
