/* What is there after opening a store again, whatever happened to its database or its journal. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/state.h"
#include "store/verify.h"
#include "tests/support/check.h"
#include "tests/support/home.h"
#include "tests/support/world.h"

#define OURS 0
#define THEIRS 1
#define STEPS                                                                                      \
    6 /* batches after the first, each with an own entry; every other with one of others' */
#define FILE_MAX (1024 * 1024)

static struct world world;
static struct world_entry ours[STEPS + 4], theirs[STEPS + 4];
static uint32_t our_count, their_count;

/* A file's bytes, kept. */
struct file {
    uint8_t bytes[FILE_MAX];
    size_t len;
};
static struct file journal, database;

static void load(const char *path, struct file *out)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    out->len = fread(out->bytes, 1, sizeof out->bytes, file);
    CHECK(out->len < sizeof out->bytes);
    fclose(file);
}

static void save(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(bytes, 1, len, file) == len);
    CHECK(fclose(file) == 0);
}

static const char *database_path(const struct home *home)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", home->path);
    return path;
}

static uint64_t bytes_of(const char *path)
{
    struct stat about;
    CHECK(stat(path, &about) == 0);
    return (uint64_t)about.st_size;
}

static bool is_set_aside(const struct home *home)
{
    char path[300];
    snprintf(path, sizeof path, "%s.damaged-1", home->journal);
    return access(path, F_OK) == 0;
}

/* --- writing --- */

static struct ph_batch *own_batch(void)
{
    struct ph_batch *batch = home_batch();
    ph_batch_own(batch, OURS);
    return batch;
}

static void put_ours(struct ph_batch *batch)
{
    struct ph_record_id record;
    world_create(&world, OURS, PH_KIND_PLAN, "Ours", &ours[our_count], &record);
    world_put(&world, batch, &ours[our_count++], WORLD_SIGNED);
}

static void put_theirs(struct ph_batch *batch)
{
    struct ph_record_id record;
    world_create(&world, THEIRS, PH_KIND_PLAN, "Theirs", &theirs[their_count], &record);
    world_put(&world, batch, &theirs[their_count++], WORLD_SIGNED);
}

static void write_step(struct home *home, int step)
{
    struct ph_batch *batch = own_batch();
    put_ours(batch);
    if (step % 2 == 0)
        put_theirs(batch);
    if (step % 3 == 0)
        CHECK_OK(ph_batch_meta(batch, "step", ph_bytes(&step, sizeof step)));
    CHECK_OK(home_apply(home, batch));
}

static void found(struct home *home, bool has_journal)
{
    our_count = their_count = 0;
    world_init(&world, 2);
    setenv("TMPDIR", "/dev/shm", 0); /* hundreds of openings: on a disk each waits for it */
    home_init(home);
    home->has_journal = has_journal;
    home_open(home);
    struct ph_batch *batch = own_batch();
    world_found(&world, batch);
    CHECK_OK(home_apply(home, batch));
}

/* Closed; the journal's bytes in `journal`, the database's before the last batch in `database`. */
static void begin(struct home *home)
{
    found(home, true);
    for (int step = 1; step <= STEPS; step++) {
        if (step == STEPS)
            load(database_path(home), &database);
        write_step(home, step);
    }
    home_close(home);
    load(home->journal, &journal);
}

static void lose_database(struct home *home)
{
    home_close(home);
    home_remove(home->path);
    CHECK(mkdir(home->path, 0700) == 0);
}

/* The offset of a frame, from 1 on; of the end for one too many. */
static size_t offset_of(uint32_t frame)
{
    struct ph_journal_mark mark = {0};
    struct ph_bytes payload;
    size_t at = PH_JOURNAL_TITLE_LEN;
    while (mark.number + 1 < frame) {
        CHECK_OK(ph_journal_parse(ph_bytes(journal.bytes + at, journal.len - at), &mark, &payload));
        at += PH_JOURNAL_HEAD_LEN + payload.len;
    }
    return at;
}

/* --- looking --- */

static void check_ours(const struct home *home, uint32_t count)
{
    struct ph_view view;
    struct ph_log_row row;
    struct ph_stored_entry entry;
    CHECK_OK(ph_view_open(home->store, &view));
    CHECK_OK(ph_view_log(&view, OURS, &row));
    CHECK(row.tip.seq == count);
    for (uint32_t seq = 1; seq <= count; seq++) {
        CHECK_OK(ph_view_entry(&view, OURS, seq, &entry));
        assert_memory_equal(entry.encoded, ours[seq - 1].header, PH_HEADER_LEN);
        CHECK_BYTES(entry.body.content, ours[seq - 1].body.content);
        assert_memory_equal(entry.signature->bytes, ours[seq - 1].signature.bytes, 64);
    }
    CHECK_STATUS(ph_view_entry(&view, OURS, count + 1, &entry), PH_NOT_FOUND);
    ph_view_close(&view);
}

static void check_sound(struct home *home)
{
    struct ph_verify_report report;
    home_catch_up(home);
    enum ph_status status = ph_store_verify(home->store, &report);
    assert_string_equal(report.damage, "");
    CHECK_OK(status);
}

static void check_rest(const struct home *home, uint32_t count_of_theirs)
{
    struct ph_view view;
    struct ph_bytes bytes;
    struct ph_log_row row;
    int step;
    CHECK_OK(ph_view_open(home->store, &view));
    for (uint32_t i = 0; i < world.fact_count; i++) {
        CHECK_OK(ph_view_fact(&view, i, &bytes));
        CHECK_BYTES(bytes, ph_bytes(world.facts[i].bytes, world.facts[i].len));
    }
    CHECK_STATUS(ph_view_fact(&view, world.fact_count, &bytes), PH_NOT_FOUND);
    CHECK_OK(ph_view_log(&view, THEIRS, &row));
    CHECK(row.tip.seq == count_of_theirs);
    CHECK_STATUS(ph_view_log(&view, 2, &row), PH_NOT_FOUND);
    CHECK_OK(ph_view_meta(&view, "step", &bytes));
    memcpy(&step, bytes.data, sizeof step);
    CHECK(step == STEPS);
    ph_view_close(&view);
}

/* The journal alone brings it all back. */
static void check_journal_is_complete(struct home *home, uint32_t count)
{
    lose_database(home);
    home_open(home);
    check_ours(home, count);
    check_rest(home, 0);
    check_sound(home);
}

/* --- the plain cases --- */

static void what_the_journal_holds_comes_back_without_a_database(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    lose_database(&home);
    home_open(&home);
    check_ours(&home, STEPS);
    check_rest(&home, 0);
    check_sound(&home);
    CHECK(ph_store_is_in_doubt(home.store));
    CHECK(!is_set_aside(&home));
    home_deinit(&home);
}

static void others_entries_cost_the_journal_nothing(void **state)
{
    (void)state;
    struct home home;
    found(&home, true);
    uint64_t before = bytes_of(home.journal);
    struct ph_batch *batch = own_batch();
    put_theirs(batch);
    CHECK_OK(home_apply(&home, batch));
    CHECK(bytes_of(home.journal) == before);

    batch = own_batch();
    put_ours(batch);
    CHECK_OK(home_apply(&home, batch));
    CHECK(bytes_of(home.journal) > before);
    home_deinit(&home);
}

static void older_database_catches_up_without_a_doubt(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    save(database_path(&home), database.bytes, database.len);
    home_open(&home);
    check_ours(&home, STEPS);
    check_sound(&home);
    CHECK(!ph_store_is_in_doubt(home.store));
    write_step(&home, STEPS + 1);
    check_ours(&home, STEPS + 1);
    home_deinit(&home);
}

static void database_as_new_as_the_journal_is_left_alone(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    home_open(&home);
    CHECK(!ph_store_is_in_doubt(home.store) && !is_set_aside(&home));
    CHECK(bytes_of(home.journal) == journal.len);
    check_ours(&home, STEPS);
    home_deinit(&home);
}

static void what_was_journaled_when_the_power_went_is_there(void **state)
{
    (void)state;
    struct home home;
    found(&home, true);
    struct ph_batch *batch = own_batch();
    put_ours(batch);
    CHECK_OK(ph_store_journal(home.store, batch));
    ph_batch_free(batch);
    home_close(&home); /* before the transaction */

    home_open(&home);
    check_ours(&home, 1);
    check_sound(&home);
    CHECK(!ph_store_is_in_doubt(home.store));
    home_deinit(&home);
}

static void batch_journaled_before_is_journaled_once(void **state)
{
    (void)state;
    struct home home;
    found(&home, true);
    struct ph_batch *batch = own_batch();
    put_ours(batch);
    CHECK_OK(ph_store_journal(home.store, batch));
    uint64_t len = bytes_of(home.journal);
    CHECK_OK(home_apply(&home, batch));
    CHECK(bytes_of(home.journal) == len);
    write_step(&home, 1);
    home_close(&home);
    home_open(&home);
    check_ours(&home, 2);
    CHECK(!ph_store_is_in_doubt(home.store));
    home_deinit(&home);
}

/* --- torn and damaged journals --- */

static void frame_torn_by_a_power_cut_is_forgotten(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    size_t last = offset_of(STEPS + 1);
    for (size_t len = last; len <= journal.len; len++) {
        save(database_path(&home), database.bytes, database.len);
        save(home.journal, journal.bytes, len);
        home_open(&home);
        check_ours(&home, len == journal.len ? STEPS : STEPS - 1);
        CHECK(!ph_store_is_in_doubt(home.store) && !is_set_aside(&home));
        CHECK(bytes_of(home.journal) == (len == journal.len ? len : last));
        home_close(&home);
    }
    home_deinit(&home);
}

static void writing_goes_on_behind_a_torn_frame(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    save(database_path(&home), database.bytes, database.len);
    save(home.journal, journal.bytes, journal.len - 1);
    home_open(&home);
    struct ph_batch *batch = own_batch();
    int step = STEPS;
    world_put(&world, batch, &ours[STEPS - 1], WORLD_SIGNED);
    CHECK_OK(ph_batch_meta(batch, "step", ph_bytes(&step, sizeof step)));
    CHECK_OK(home_apply(&home, batch));
    check_journal_is_complete(&home, STEPS);
    home_deinit(&home);
}

/* Opens what was damaged: nothing is lost, the store is in doubt, the journal whole again. */
static void check_mended(struct home *home)
{
    home_open(home);
    check_ours(home, STEPS);
    CHECK(ph_store_is_in_doubt(home->store));
    CHECK(is_set_aside(home));
    home_close(home);
    home_open(home);
    CHECK(ph_store_is_in_doubt(home->store));
    check_journal_is_complete(home, STEPS);
    home_close(home);
    home_remove_journal(home);
}

static void journal_that_ends_before_the_database_is_begun_anew(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    load(database_path(&home), &database);
    for (size_t len = 0; len < journal.len; len += 61) {
        save(database_path(&home), database.bytes, database.len);
        save(home.journal, journal.bytes, len);
        check_mended(&home);
    }
    home_deinit(&home);
}

static void journal_with_a_bit_flipped_is_begun_anew(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    load(database_path(&home), &database);
    for (size_t bit = 0; bit < 8 * journal.len; bit += 397) {
        journal.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        save(database_path(&home), database.bytes, database.len);
        save(home.journal, journal.bytes, journal.len);
        check_mended(&home);
        journal.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    home_deinit(&home);
}

/* The database is gone as well: the frames before the bad one are all that is left. */
static void frames_before_the_damage_come_back_without_a_database(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    for (uint32_t frame = 2; frame <= STEPS + 1; frame++) {
        size_t at = offset_of(frame) + PH_JOURNAL_HEAD_LEN + 3;
        lose_database(&home);
        journal.bytes[at] ^= 1;
        save(home.journal, journal.bytes, journal.len);
        home_open(&home);
        check_ours(&home, frame - 2);
        check_sound(&home);
        CHECK(ph_store_is_in_doubt(home.store) && is_set_aside(&home));
        home_close(&home);
        home_remove_journal(&home);
        journal.bytes[at] ^= 1;
    }
    home_deinit(&home);
}

static void journal_that_is_missing_is_begun_anew(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    unlink(home.journal);
    home_open(&home);
    check_ours(&home, STEPS);
    CHECK(ph_store_is_in_doubt(home.store));
    check_journal_is_complete(&home, STEPS);
    home_deinit(&home);
}

/* As many frames, whole and in a chain, but other ones. */
static void journal_of_another_store_is_set_aside(void **state)
{
    (void)state;
    struct home home;
    struct ph_journal_mark mark = {0};
    begin(&home);
    for (size_t at = PH_JOURNAL_TITLE_LEN; at < journal.len;) {
        uint32_t len = ph_get_u32(journal.bytes + at);
        journal.bytes[at + PH_JOURNAL_HEAD_LEN + len - 1] ^= 1;
        ph_journal_seal(journal.bytes + at, len, &mark);
        at += PH_JOURNAL_HEAD_LEN + len;
    }
    save(home.journal, journal.bytes, journal.len);
    check_mended(&home);
    home_deinit(&home);
}

/* A frame whose bytes are whole, and an entry in it that its writer never signed. */
static void entry_that_its_writer_did_not_sign_is_not_replayed(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    save(database_path(&home), database.bytes, database.len);
    size_t last = offset_of(STEPS + 1);
    struct ph_journal_mark mark = {0};
    struct ph_bytes payload;
    for (size_t at = PH_JOURNAL_TITLE_LEN; at < last; at += PH_JOURNAL_HEAD_LEN + payload.len)
        CHECK_OK(ph_journal_parse(ph_bytes(journal.bytes + at, last - at), &mark, &payload));
    uint32_t len = ph_get_u32(journal.bytes + last);
    size_t signature = last + PH_JOURNAL_HEAD_LEN + PH_JOURNAL_CHANGE_HEAD_LEN + PH_HEADER_LEN + 3;
    assert_memory_equal(journal.bytes + signature, ours[STEPS - 1].signature.bytes, 64);
    journal.bytes[signature] ^= 1;
    ph_journal_seal(journal.bytes + last, len, &mark);
    save(home.journal, journal.bytes, journal.len);

    home_open(&home);
    check_ours(&home, STEPS - 1);
    check_sound(&home);
    CHECK(ph_store_is_in_doubt(home.store) && is_set_aside(&home));
    home_deinit(&home);
}

/* --- doubt --- */

static void doubt_stays_until_a_batch_settles_it(void **state)
{
    (void)state;
    struct home home;
    begin(&home);
    unlink(home.journal);
    home_open(&home);
    write_step(&home, 1);
    home_close(&home);
    home_open(&home);
    CHECK(ph_store_is_in_doubt(home.store));

    struct ph_batch *batch = own_batch();
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

/* --- from before there was a journal --- */

static void store_from_before_the_journal_gets_one(void **state)
{
    (void)state;
    struct home home;
    char why[200];
    found(&home, false);
    for (int step = 1; step <= STEPS; step++)
        write_step(&home, step);
    home_close(&home);
    const struct ph_store_options options = {.path = home.path,
                                             .journal_path = home.journal,
                                             .writer = &world.writers[OURS].id,
                                             .any_file_system = true};
    CHECK_OK(ph_store_open(&options, &home.store, why));
    CHECK(!ph_store_is_in_doubt(home.store));
    home.has_journal = true;
    check_journal_is_complete(&home, STEPS);
    home_deinit(&home);
}

/* --- branches --- */

/* Others hold a branch of our own log: it is theirs to give back. */
static void branch_of_our_own_log_is_left_to_others(void **state)
{
    (void)state;
    struct home home;
    static struct world_entry other;
    struct ph_record_id record;
    begin(&home);
    struct world_writer *us = &world.writers[OURS];
    struct ph_link tip = us->link;
    us->link = ours[1].link;
    world_create(&world, OURS, PH_KIND_PLAN, "Elsewhere", &other, &record);
    us->link = tip;
    const struct ph_log_row row = {.writer = us->id,
                                   .school = us->school,
                                   .certify = us->certify,
                                   .tip = other.link,
                                   .is_branch = true,
                                   .base_log = OURS,
                                   .base_seq = 2};
    home_open(&home);
    struct ph_batch *batch = own_batch();
    CHECK_OK(ph_batch_entry(batch, 2, other.header, &other.body, &other.signature));
    CHECK_OK(ph_batch_log(batch, 2, &row));
    CHECK_OK(home_apply(&home, batch));
    check_sound(&home);
    home_close(&home);

    unlink(home.journal);
    home_open(&home);
    check_journal_is_complete(&home, STEPS);
    home_deinit(&home);
}

/* --- no room --- */

static void frame_of_a_batch_that_needs_a_larger_map_is_written_once(void **state)
{
    (void)state;
    struct home home;
    uint8_t value[30000] = {0};
    our_count = their_count = 0;
    world_init(&world, 2);
    home_init(&home);
    home.has_journal = true;
    home.map_bytes = 128 * 1024;
    home_open(&home);
    struct ph_batch *batch = own_batch();
    world_found(&world, batch);
    CHECK_OK(home_apply(&home, batch));
    for (int i = 0; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof name, "meta%d", i);
        batch = own_batch();
        CHECK_OK(ph_batch_meta(batch, name, ph_bytes(value, sizeof value)));
        CHECK_OK(home_apply(&home, batch));
    }
    home_close(&home);
    load(home.journal, &journal);
    CHECK(offset_of(9) + PH_JOURNAL_HEAD_LEN < journal.len && offset_of(10) == journal.len);

    lose_database(&home); /* the replay needs a larger map as well */
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
    uint64_t before = bytes_of(home->journal);
    struct ph_batch *batch = own_batch();
    CHECK_OK(ph_batch_meta(batch, "large", ph_bytes(value, sizeof value)));
    limit_files(room);
    CHECK_STATUS(home_apply(home, batch), PH_NO_SPACE);
    limit_files(RLIM_INFINITY);
    CHECK(bytes_of(home->journal) == before);
}

static void full_disk_takes_the_frame_back_before_it_refuses(void **state)
{
    (void)state;
    struct home home;
    struct ph_view view;
    struct ph_bytes bytes;
    found(&home, true);
    write_step(&home, 3);
    check_refusal(&home,
                  bytes_of(database_path(&home))); /* the journal has room, the database not */
    check_refusal(&home, bytes_of(home.journal) + 1000); /* amid the frame */
    write_step(&home, 6);
    home_close(&home);
    home_open(&home);
    CHECK(!ph_store_is_in_doubt(home.store));
    CHECK_OK(ph_view_open(home.store, &view));
    CHECK_STATUS(ph_view_meta(&view, "large", &bytes), PH_NOT_FOUND);
    ph_view_close(&view);
    check_journal_is_complete(&home, 2);
    home_deinit(&home);
}

CHECK_MAIN(cmocka_unit_test(what_the_journal_holds_comes_back_without_a_database),
           cmocka_unit_test(others_entries_cost_the_journal_nothing),
           cmocka_unit_test(older_database_catches_up_without_a_doubt),
           cmocka_unit_test(database_as_new_as_the_journal_is_left_alone),
           cmocka_unit_test(what_was_journaled_when_the_power_went_is_there),
           cmocka_unit_test(batch_journaled_before_is_journaled_once),
           cmocka_unit_test(frame_torn_by_a_power_cut_is_forgotten),
           cmocka_unit_test(writing_goes_on_behind_a_torn_frame),
           cmocka_unit_test(journal_that_ends_before_the_database_is_begun_anew),
           cmocka_unit_test(journal_with_a_bit_flipped_is_begun_anew),
           cmocka_unit_test(frames_before_the_damage_come_back_without_a_database),
           cmocka_unit_test(journal_that_is_missing_is_begun_anew),
           cmocka_unit_test(journal_of_another_store_is_set_aside),
           cmocka_unit_test(entry_that_its_writer_did_not_sign_is_not_replayed),
           cmocka_unit_test(doubt_stays_until_a_batch_settles_it),
           cmocka_unit_test(new_store_is_in_no_doubt),
           cmocka_unit_test(store_from_before_the_journal_gets_one),
           cmocka_unit_test(branch_of_our_own_log_is_left_to_others),
           cmocka_unit_test(full_disk_takes_the_frame_back_before_it_refuses),
           cmocka_unit_test(frame_of_a_batch_that_needs_a_larger_map_is_written_once))
