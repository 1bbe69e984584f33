#include "store/store.h"

#include <errno.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/view.h"
#include "tests/support/check.h"
#include "tests/support/home.h"
#include "tests/support/world.h"

static struct world world;

/* A home with a store that knows `writer_count` writers. */
static void begin(struct home *home, uint32_t writer_count)
{
    world_init(&world, writer_count);
    home_init(home);
    home_open(home);
    struct ph_batch *batch = home_batch();
    world_found(&world, batch);
    CHECK_OK(home_apply(home, batch));
}

static void check_entry(const struct ph_view *view, const struct world_entry *entry,
                        enum world_put how)
{
    struct ph_stored_entry stored;
    CHECK_OK(ph_view_entry(view, entry->writer, entry->link.seq, &stored));
    CHECK_BYTES(ph_bytes(stored.encoded, PH_HEADER_LEN), ph_bytes(entry->header, PH_HEADER_LEN));
    CHECK_BYTES(stored.body.skeleton, entry->body.skeleton);
    CHECK(stored.body.content_len == entry->body.content_len);
    CHECK((stored.signature == NULL) == (how == WORLD_UNSIGNED));
    if (how != WORLD_UNSIGNED)
        assert_memory_equal(stored.signature->bytes, entry->signature.bytes, 64);
    struct ph_hash hash = ph_body_hash(&stored.body);
    CHECK(ph_hash_equal(&hash, &stored.header.body_hash));
    CHECK(stored.body.content_is_missing == (how == WORLD_WITHOUT_CONTENT));
    if (how != WORLD_WITHOUT_CONTENT)
        CHECK_BYTES(stored.body.content, entry->body.content);
}

static void what_a_batch_says_is_there_after_opening_again(void **state)
{
    (void)state;
    struct home home;
    struct world_entry entries[3];
    struct ph_record_id record;
    begin(&home, 2);
    struct ph_batch *batch = home_batch();
    CHECK_OK(ph_batch_meta(batch, "colour", ph_bytes_text("green")));
    for (int i = 0; i < 3; i++) {
        world_create(&world, 1, PH_KIND_PLAN, "Reading", &entries[i], &record);
        world_put(&world, batch, &entries[i], (enum world_put)i);
    }
    CHECK_OK(home_apply(&home, batch));
    home_close(&home);
    home_open(&home);

    struct ph_view view;
    struct ph_bytes bytes;
    struct ph_log_row row;
    uint32_t log = 0, seq = 0;
    CHECK_OK(ph_view_open(home.store, &view));
    CHECK_OK(ph_view_meta(&view, "colour", &bytes));
    CHECK_BYTES(bytes, ph_bytes_text("green"));
    CHECK_STATUS(ph_view_meta(&view, "shape", &bytes), PH_NOT_FOUND);
    CHECK_OK(ph_view_fact(&view, 3, &bytes));
    CHECK_BYTES(bytes, ph_bytes(world.facts[3].bytes, world.facts[3].len));
    CHECK_OK(ph_view_log(&view, 1, &row));
    CHECK(row.tip.seq == 3 && ph_entry_id_equal(&row.tip.id, &entries[2].id));
    CHECK(row.tip.time_ms == entries[2].link.time_ms);
    CHECK_STATUS(ph_view_log(&view, 2, &row), PH_NOT_FOUND);
    for (int i = 0; i < 3; i++)
        check_entry(&view, &entries[i], (enum world_put)i);
    CHECK_OK(ph_view_hole(&view, &log, &seq));
    CHECK(log == 1 && seq == 3);
    seq++;
    CHECK_STATUS(ph_view_hole(&view, &log, &seq), PH_NOT_FOUND);
    ph_view_close(&view);
    home_deinit(&home);
}

static void empty_content_needs_no_salt(void **state)
{
    (void)state;
    struct home home;
    struct world_entry entry;
    struct ph_op_writer ops;
    struct ph_view view;
    begin(&home, 1);
    world_begin(&world, &ops);
    struct ph_record_id record = world_record(&world, 0, 0);
    ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    world_end(&world, 0, &ops, &entry);
    struct ph_batch *batch = home_batch();
    world_put(&world, batch, &entry, WORLD_SIGNED);
    CHECK_OK(home_apply(&home, batch));

    CHECK_OK(ph_view_open(home.store, &view));
    if (entry.body.content_len == 0)
        check_entry(&view, &entry, WORLD_SIGNED);
    ph_view_close(&view);
    home_deinit(&home);
}

static void content_that_was_missing_is_filled_in(void **state)
{
    (void)state;
    struct home home;
    struct world_entry entry;
    struct ph_record_id record;
    struct ph_view view;
    uint32_t log = 0, seq = 0;
    begin(&home, 1);
    world_create(&world, 0, PH_KIND_PLAN, "Writing", &entry, &record);
    struct ph_batch *batch = home_batch();
    world_put(&world, batch, &entry, WORLD_WITHOUT_CONTENT);
    CHECK_OK(home_apply(&home, batch));

    batch = home_batch();
    CHECK_OK(ph_batch_fill(batch, 0, 1, &entry.body.salt, entry.body.content));
    CHECK_OK(home_apply(&home, batch));

    CHECK_OK(ph_view_open(home.store, &view));
    check_entry(&view, &entry, WORLD_SIGNED);
    CHECK_STATUS(ph_view_hole(&view, &log, &seq), PH_NOT_FOUND);
    ph_view_close(&view);
    home_deinit(&home);
}

static void batch_is_applied_wholly_or_not_at_all(void **state)
{
    (void)state;
    struct home home;
    struct world_entry entry;
    struct ph_record_id record;
    struct ph_view view;
    struct ph_bytes bytes;
    struct ph_log_row row;
    begin(&home, 1);
    world_create(&world, 0, PH_KIND_PLAN, "Numbers", &entry, &record);
    struct ph_batch *batch = home_batch();
    CHECK_OK(ph_batch_meta(batch, "colour", ph_bytes_text("red")));
    world_put(&world, batch, &entry, WORLD_SIGNED);
    CHECK_OK(ph_batch_fill(batch, 0, 9, &entry.body.salt, entry.body.content)); /* no such entry */
    CHECK_STATUS(home_apply(&home, batch), PH_CORRUPT);

    CHECK_OK(ph_view_open(home.store, &view));
    CHECK_STATUS(ph_view_meta(&view, "colour", &bytes), PH_NOT_FOUND);
    CHECK_OK(ph_view_log(&view, 0, &row));
    CHECK(row.tip.seq == 0);
    ph_view_close(&view);
    home_deinit(&home);
}

/* Entries of about a kilobyte each. */
static struct ph_batch *bulky_batch(uint32_t count)
{
    char text[201];
    struct ph_op_writer ops;
    struct world_entry entry;
    uint8_t item[256];
    struct ph_batch *batch = home_batch();
    memset(text, 'x', 200);
    text[200] = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct ph_record_id record = world_record(&world, 0, 0);
        world_begin(&world, &ops);
        ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
        ph_ops_create(&ops);
        for (int j = 0; j < 5; j++)
            ph_ops_set(&ops, 3, NULL, 0, world_text(item, text));
        world_end(&world, 0, &ops, &entry);
        world_put(&world, batch, &entry, WORLD_SIGNED);
    }
    return batch;
}

static uint32_t stored_tip(struct home *home)
{
    struct ph_view view;
    struct ph_log_row row;
    CHECK_OK(ph_view_open(home->store, &view));
    CHECK_OK(ph_view_log(&view, 0, &row));
    ph_view_close(&view);
    return row.tip.seq;
}

static void map_grows_from_almost_nothing(void **state)
{
    (void)state;
    struct home home;
    world_init(&world, 1);
    home_init(&home);
    home.map_bytes = 32 * 1024;
    home_open(&home);
    struct ph_batch *batch = home_batch();
    world_found(&world, batch);
    CHECK_OK(home_apply(&home, batch));

    batch = bulky_batch(500);
    CHECK_STATUS(ph_store_apply(home.store, batch), PH_MAP_FULL);
    CHECK(stored_tip(&home) == 0);
    CHECK_OK(home_apply(&home, batch));
    CHECK(stored_tip(&home) == 500);

    home_close(&home);
    home_open(&home);
    CHECK(stored_tip(&home) == 500);
    CHECK_OK(home_apply(&home, bulky_batch(500)));
    CHECK(stored_tip(&home) == 1000);
    home_deinit(&home);
}

/* Writes until the disk is full, then `make_room`, then writes on. */
static void check_full_disk(struct home *home, void (*make_room)(struct home *home))
{
    uint32_t tip = 0;
    enum ph_status status = PH_OK;
    struct ph_batch *batch = NULL;
    for (int i = 0; i < 100 && status == PH_OK; i++) {
        ph_batch_free(batch);
        batch = bulky_batch(100);
        status = ph_store_apply(home->store, batch);
        tip += status == PH_OK ? 100 : 0;
    }
    CHECK_STATUS(status, PH_NO_SPACE);
    CHECK(stored_tip(home) == tip);
    CHECK_STATUS(ph_store_apply(home->store, batch), PH_NO_SPACE);
    CHECK(stored_tip(home) == tip);

    make_room(home);
    CHECK_OK(ph_store_apply(home->store, batch));
    ph_batch_free(batch);
    CHECK(stored_tip(home) == tip + 100);
    home_close(home);
    home_open(home);
    CHECK(stored_tip(home) == tip + 100);
}

static void set_file_size_limit(rlim_t bytes)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void lift_limit(struct home *home)
{
    (void)home;
    set_file_size_limit(RLIM_INFINITY);
}

static void file_size_limit_refuses_and_the_store_goes_on(void **state)
{
    (void)state;
    struct home home;
    begin(&home, 1);
    signal(SIGXFSZ, SIG_IGN);
    set_file_size_limit(1001 * 1024); /* amid a page, so that a write comes out short */
    check_full_disk(&home, lift_limit);
    home_deinit(&home);
}

static void enlarge_disk(struct home *home)
{
    CHECK(mount("none", home->path, "tmpfs", MS_REMOUNT, "size=8m") == 0);
}

static void full_disk_refuses_and_the_store_goes_on(void **state)
{
    (void)state;
    struct home home;
    world_init(&world, 1);
    home_init(&home);
    if (mount("none", home.path, "tmpfs", 0, "size=1m,mode=0700") != 0) {
        home_deinit(&home);
        skip(); /* only root may mount; the test above covers the rest */
    }
    home_open(&home);
    struct ph_batch *batch = home_batch();
    world_found(&world, batch);
    CHECK_OK(home_apply(&home, batch));

    check_full_disk(&home, enlarge_disk);

    home_close(&home);
    CHECK(umount(home.path) == 0);
    home_deinit(&home);
}

/* Puts a value into a database as anybody could. */
static void put_foreign(const char *path, const char *table, const char *key, struct ph_bytes value)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val raw_key = {strlen(key), (void *)(uintptr_t)key};
    MDB_val raw_value = {value.len, (void *)(uintptr_t)value.data};
    CHECK(mdb_env_create(&env) == 0);
    CHECK(mdb_env_set_maxdbs(env, 16) == 0);
    CHECK(mdb_env_open(env, path, 0, 0600) == 0);
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    CHECK(mdb_dbi_open(txn, table, MDB_CREATE, &dbi) == 0);
    CHECK(mdb_put(txn, dbi, &raw_key, &raw_value, 0) == 0);
    CHECK(mdb_txn_commit(txn) == 0);
    mdb_env_close(env);
}

static size_t read_file(const char *folder, const char *name, uint8_t *out, size_t size)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t len = fread(out, 1, size, file);
    CHECK(len < size);
    fclose(file);
    return len;
}

static void check_refused_untouched(struct home *home, enum ph_status status, const char *reason)
{
    static uint8_t before[1 << 20], after[1 << 20];
    static uint8_t lock_before[1 << 16], lock_after[1 << 16];
    char why[200] = "";
    const struct ph_store_options options = {.path = home->path, .any_file_system = true};
    size_t len = read_file(home->path, "data.mdb", before, sizeof before);
    size_t lock_len = read_file(home->path, "lock.mdb", lock_before, sizeof lock_before);

    CHECK_STATUS(ph_store_open(&options, &home->store, why), status);

    CHECK(strstr(why, reason) != NULL);
    home->store = NULL;
    CHECK_BYTES(ph_bytes(after, read_file(home->path, "data.mdb", after, sizeof after)),
                ph_bytes(before, len));
    CHECK_BYTES(
        ph_bytes(lock_after, read_file(home->path, "lock.mdb", lock_after, sizeof lock_after)),
        ph_bytes(lock_before, lock_len));
}

static void unknown_schema_version_is_refused_untouched(void **state)
{
    (void)state;
    struct home home;
    begin(&home, 1);
    home_close(&home);
    put_foreign(home.path, "meta", ".schema", ph_bytes("\0\0\0\7", 4));
    check_refused_untouched(&home, PH_REFUSED, "layout 7");
    home_deinit(&home);
}

static uint64_t shown_count(struct home *home)
{
    struct ph_view view;
    uint64_t count;
    CHECK_OK(ph_view_open(home->store, &view));
    CHECK_OK(ph_view_record_count(&view, &count));
    ph_view_close(&view);
    return count;
}

/* A plan, in a batch that is not applied yet. */
static struct ph_batch *begin_with_plan(struct home *home)
{
    struct world_entry entry;
    struct ph_record_id id;
    begin(home, 1);
    world_create(&world, 0, PH_KIND_PLAN, "kept", &entry, &id);
    struct ph_batch *batch = home_batch();
    world_put(&world, batch, &entry, WORLD_SIGNED);
    return batch;
}

static void records_of_an_older_layout_are_made_anew(void **state)
{
    (void)state;
    struct home home;
    struct ph_batch *batch = begin_with_plan(&home);
    CHECK_OK(home_apply(&home, batch));
    home_close(&home);
    put_foreign(home.path, "meta", ".schema", ph_bytes("\0\0\0\3", 4));

    home_open(&home);
    CHECK(shown_count(&home) == 0);
    home_catch_up(&home);
    CHECK(shown_count(&home) == 1);
    home_close(&home);
    home_open(&home); /* once is enough */
    CHECK(shown_count(&home) == 1);
    home_deinit(&home);
}

/* Its rows named writers alone. The node says it again. */
static void what_an_older_layout_left_out_is_said_anew(void **state)
{
    (void)state;
    struct home home;
    struct ph_batch *batch = begin_with_plan(&home);
    CHECK_OK(ph_batch_leave_out_school(batch, &world.writers[0].school));
    CHECK_OK(home_apply(&home, batch));
    home_catch_up(&home);
    CHECK(shown_count(&home) == 0);
    home_close(&home);
    home_open(&home);
    home_rebuild(&home);
    CHECK(shown_count(&home) == 0);
    home_close(&home);
    put_foreign(home.path, "meta", ".schema", ph_bytes("\0\0\0\4", 4));

    home_open(&home);
    home_catch_up(&home);

    CHECK(shown_count(&home) == 1);
    home_deinit(&home);
}

static void foreign_database_is_refused_untouched(void **state)
{
    (void)state;
    struct home home;
    home_init(&home);
    put_foreign(home.path, "recipes", "soup", ph_bytes_text("lentils"));
    check_refused_untouched(&home, PH_CORRUPT, "not a store");
    home_deinit(&home);
}

static void file_of_something_else_is_refused(void **state)
{
    (void)state;
    struct home home;
    char path[300], why[200];
    static uint8_t content[8192] = "Dear diary";
    static uint8_t after[10000];
    home_init(&home);
    snprintf(path, sizeof path, "%s/data.mdb", home.path);
    FILE *file = fopen(path, "wb");
    CHECK(fwrite(content, 1, sizeof content, file) == sizeof content);
    fclose(file);
    const struct ph_store_options options = {.path = home.path, .any_file_system = true};

    CHECK_STATUS(ph_store_open(&options, &home.store, why), PH_CORRUPT);

    CHECK(strstr(why, "not a store") != NULL);
    CHECK_BYTES(ph_bytes(after, read_file(home.path, "data.mdb", after, sizeof after)),
                ph_bytes(content, sizeof content));
    home_deinit(&home);
}

static void folder_that_others_can_write_is_refused(void **state)
{
    (void)state;
    struct home home;
    char why[200] = "";
    home_init(&home);
    CHECK(chmod(home.path, 0770) == 0);
    const struct ph_store_options options = {.path = home.path, .any_file_system = true};
    CHECK_STATUS(ph_store_open(&options, &home.store, why), PH_REFUSED);
    CHECK(strstr(why, "Others can write") != NULL);
    home_deinit(&home);
}

static void files_are_for_their_owner_alone(void **state)
{
    (void)state;
    struct home home;
    struct stat about;
    char path[300];
    begin(&home, 1);
    snprintf(path, sizeof path, "%s/data.mdb", home.path);
    CHECK(stat(path, &about) == 0 && (about.st_mode & 0777) == 0600);
    home_deinit(&home);
}

static void missing_folder_is_an_error_with_a_sentence(void **state)
{
    (void)state;
    struct ph_store *store;
    char why[200] = "";
    const struct ph_store_options options = {.path = "/nonexistent/folder"};
    CHECK_STATUS(ph_store_open(&options, &store, why), PH_IO);
    CHECK(strstr(why, "/nonexistent/folder") != NULL);
}

/* Touches so many school records that nobody creates, then creates one behind them. */
static enum ph_status first_behind(uint32_t count)
{
    struct home home;
    struct world_entry entries[2];
    struct ph_op_writer ops;
    uint8_t item[256];
    struct ph_record_id id;
    struct ph_view view;
    struct ph_record record;
    begin(&home, 1);
    world_begin(&world, &ops);
    for (uint32_t i = 0; i < count; i++) {
        id = world_record(&world, 0, i);
        ph_ops_group(&ops, PH_KIND_SCHOOL, &id, PH_AUDIENCE_NETWORK);
        ph_ops_set(&ops, 3, NULL, 0, world_text(item, "Nobody"));
    }
    world_end(&world, 0, &ops, &entries[0]);
    world_create(&world, 0, PH_KIND_SCHOOL, "Somebody", &entries[1], &id);
    struct ph_batch *batch = home_batch();
    world_put(&world, batch, &entries[0], WORLD_SIGNED);
    world_put(&world, batch, &entries[1], WORLD_SIGNED);
    CHECK_OK(home_apply(&home, batch));
    CHECK_OK(ph_view_open(home.store, &view));
    enum ph_status status =
        ph_view_first_of(&view, PH_KIND_SCHOOL, &world.writers[0].school, &record);
    ph_view_close(&view);
    home_deinit(&home);
    return status;
}

/* Regression: a million of them made each name take a second. */
static void first_of_a_school_is_looked_for_among_a_few(void **state)
{
    (void)state;
    CHECK_OK(first_behind(PH_FIRST_OF_MAX - 1));
    CHECK_STATUS(first_behind(PH_FIRST_OF_MAX), PH_NOT_FOUND);
}

CHECK_MAIN(cmocka_unit_test(first_of_a_school_is_looked_for_among_a_few),
           cmocka_unit_test(what_a_batch_says_is_there_after_opening_again),
           cmocka_unit_test(empty_content_needs_no_salt),
           cmocka_unit_test(content_that_was_missing_is_filled_in),
           cmocka_unit_test(batch_is_applied_wholly_or_not_at_all),
           cmocka_unit_test(map_grows_from_almost_nothing),
           cmocka_unit_test(file_size_limit_refuses_and_the_store_goes_on),
           cmocka_unit_test(full_disk_refuses_and_the_store_goes_on),
           cmocka_unit_test(unknown_schema_version_is_refused_untouched),
           cmocka_unit_test(records_of_an_older_layout_are_made_anew),
           cmocka_unit_test(what_an_older_layout_left_out_is_said_anew),
           cmocka_unit_test(foreign_database_is_refused_untouched),
           cmocka_unit_test(file_of_something_else_is_refused),
           cmocka_unit_test(folder_that_others_can_write_is_refused),
           cmocka_unit_test(files_are_for_their_owner_alone),
           cmocka_unit_test(missing_folder_is_an_error_with_a_sentence))
