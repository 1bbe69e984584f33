/* A home's database before anybody opens it: how it was left, what is found, what is set aside. */
#include "tools/home_store.h"

#include "tests/support/check.h"
#include "tests/support/home.h"
#include "tests/support/world.h"
#include "tools/home_keys.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES 40

static char parent[64];
static struct ph_home home;
static struct world world;
static char why[PH_WHY_SIZE];

static void shell(const char *line)
{
    char command[1024];
    snprintf(command, sizeof command, "set -e; cd '%s'; %s", parent, line);
    if (system(command) != 0)
        fail_msg("%s", line);
}

static void fill_store(void)
{
    static struct world_entry entry;
    struct ph_record_id record;
    struct home store = {0};
    world_init(&world, 1);
    snprintf(store.path, sizeof store.path, "%.200s/store", home.path);
    home_open(&store);
    struct ph_batch *batch = home_batch();
    world_found(&world, batch);
    for (int i = 0; i < ENTRIES; i++) {
        world_create(&world, 0, PH_KIND_PLAN, "Reading together", &entry, &record);
        world_put(&world, batch, &entry, WORLD_SIGNED);
    }
    CHECK_OK(home_apply(&store, batch));
    home_close(&store);
}

static int make_home(void **state)
{
    struct ph_school_id school;
    char path[80];
    (void)state;
    snprintf(parent, sizeof parent, "/tmp/pharos-test-XXXXXX");
    if (mkdtemp(parent) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/home", parent);
    CHECK_OK(ph_home_find(path, &home, why));
    CHECK_OK(ph_home_make(&home, "Al-Nour", &school, why));
    fill_store();
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    ph_home_close(&home);
    shell("rm -r home");
    return rmdir(parent);
}

static bool truncate_store(off_t len)
{
    char path[300];
    snprintf(path, sizeof path, "%.200s/store/data.mdb", home.path);
    return truncate(path, len) == 0;
}

static struct ph_store_arrival take(void)
{
    struct ph_store_arrival arrival;
    enum ph_status status = ph_home_take_store(&home, NULL, &arrival, why);
    if (status != PH_OK)
        print_error("%s\n", why);
    CHECK_OK(status);
    return arrival;
}

static void sound_store_is_found_sound(void **state)
{
    (void)state;
    static struct ph_store_check found;
    ph_home_check_store(&home, &found);
    CHECK_OK(found.status);
    CHECK(found.is_complete && found.report.entry_count == ENTRIES);
    CHECK(found.report.damage_count == 0 && found.why[0] == 0);
}

static void home_without_a_store_is_sound(void **state)
{
    (void)state;
    static struct ph_store_check found;
    shell("rm home/store/*");
    ph_home_check_store(&home, &found);
    CHECK_OK(found.status);
    CHECK(!take().is_set_aside);
}

static void store_left_in_good_order_is_not_checked_again(void **state)
{
    (void)state;
    CHECK(take().was_checked);
    ph_home_leave_store(&home);
    CHECK(!take().was_checked);
    CHECK(take().was_checked); /* nobody left it since */
}

static void store_changed_since_it_was_left_is_checked(void **state)
{
    (void)state;
    ph_home_leave_store(&home);
    shell("printf x >> home/store/data.mdb");
    CHECK(take().was_checked);
    ph_home_leave_store(&home);
    shell("touch -d '2020-01-01' home/store/data.mdb");
    CHECK(take().was_checked);
    ph_home_leave_store(&home);
    shell("printf x > home/closed");
    CHECK(take().was_checked);
}

/* What kills whoever maps it, and what doesn't. */
static void damaged_store_is_set_aside_and_kept(void **state)
{
    (void)state;
    static const char *const damages[] = {
        "truncate -s 12288 home/store/data.mdb",
        "truncate -s 100 home/store/data.mdb",
        "head -c 8192 /dev/zero | dd of=home/store/data.mdb conv=notrunc status=none",
        "yes | head -c 60000 | dd of=home/store/data.mdb bs=4k seek=2 conv=notrunc status=none",
        "sed -i 's/Reading together/Reading togethxr/' home/store/data.mdb",
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        char kept[64];
        shell(damages[i]);
        struct ph_store_arrival arrival = take();
        if (!arrival.is_set_aside)
            print_error("%s\n", damages[i]);
        CHECK(arrival.was_checked && arrival.is_set_aside);
        snprintf(kept, sizeof kept, "test -e home/store.damaged-%zu/data.mdb", i + 1);
        shell(kept);
        shell("test -d home/store && ! test -e home/store/data.mdb");
        fill_store();
    }
}

static void write_meta(void)
{
    struct home store = {0};
    uint8_t value[3000] = {0};
    snprintf(store.path, sizeof store.path, "%.200s/store", home.path);
    home_open(&store);
    for (int i = 0; i < 20; i++) {
        struct ph_batch *batch = home_batch();
        CHECK_OK(ph_batch_meta(batch, "value", ph_bytes(value, (size_t)(i + 1) * 100)));
        CHECK_OK(home_apply(&store, batch));
    }
    home_close(&store);
}

/* The list of free pages is read when pages are written, and no table's cursor sees it. */
static void store_cut_at_any_page_is_set_aside_or_can_be_written(void **state)
{
    (void)state;
    struct stat about;
    write_meta();
    CHECK(fstatat(home.fd, "store/data.mdb", &about, 0) == 0);
    shell("cp home/store/data.mdb whole");
    for (off_t len = 4096; len < about.st_size; len += 4096) {
        shell("cp whole home/store/data.mdb");
        CHECK(truncate_store(len));
        take();
        write_meta();
    }
    shell("rm -r whole home/store.damaged-*");
}

#define PAGE_LEN 4096
#define FLAGS_AT 10 /* in a page of LMDB */
#define IS_BRANCH 1

/* Where pages lead back to themselves, reading never ends, or goes deeper than LMDB can. */
static void store_with_a_branch_page_doubled_gets_a_verdict(void **state)
{
    (void)state;
    static uint8_t pages[64][PAGE_LEN];
    int fd = openat(home.fd, "store/data.mdb", O_RDWR);
    size_t count = (size_t)read(fd, pages, sizeof pages) / PAGE_LEN, tried = 0;
    for (size_t from = 2; from < count; from++)
        for (size_t at = 2; (pages[from][FLAGS_AT] & IS_BRANCH) != 0 && at < count; at++) {
            shell("cp home/store/data.mdb whole");
            CHECK(pwrite(fd, pages[from], PAGE_LEN, (off_t)(at * PAGE_LEN)) == PAGE_LEN);
            take();
            shell("mkdir -p home/store; cp whole home/store/data.mdb; rm -rf home/store.damaged-*");
            close(fd);
            fd = openat(home.fd, "store/data.mdb", O_RDWR);
            tried++;
        }
    close(fd);
    CHECK(tried > 10);
    shell("rm whole");
}

/* A row that nobody of ours put there. */
static void put(const char *table, struct ph_bytes key, struct ph_bytes value)
{
    char path[300];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val raw_key = {key.len, (void *)(uintptr_t)key.data};
    MDB_val raw_value = {value.len, (void *)(uintptr_t)value.data};
    snprintf(path, sizeof path, "%.200s/store", home.path);
    CHECK(mdb_env_create(&env) == 0);
    CHECK(mdb_env_set_maxdbs(env, 16) == 0);
    CHECK(mdb_env_open(env, path, 0, 0600) == 0);
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    CHECK(mdb_dbi_open(txn, table, 0, &dbi) == 0);
    CHECK(mdb_put(txn, dbi, &raw_key, &raw_value, 0) == 0);
    CHECK(mdb_txn_commit(txn) == 0);
    mdb_env_close(env);
}

static void store_with_a_row_too_many_is_set_aside(void **state)
{
    (void)state;
    uint8_t key[26] = {0, 1};
    put("by_kind", ph_bytes(key, sizeof key), ph_bytes(NULL, 0));
    struct ph_store_arrival arrival = take();
    CHECK(arrival.was_checked && arrival.is_set_aside);
}

static void store_of_a_later_version_is_refused_and_not_set_aside(void **state)
{
    (void)state;
    struct ph_store_arrival arrival;
    put("meta", ph_bytes_text(".schema"), ph_bytes("\0\0\0\143", 4));
    CHECK_STATUS(ph_home_take_store(&home, NULL, &arrival, why), PH_REFUSED);
    CHECK(strstr(why, "layout 99") != NULL);
    shell("test -e home/store/data.mdb");
}

static void store_of_an_earlier_version_is_not_set_aside(void **state)
{
    (void)state;
    put("meta", ph_bytes_text(".schema"), ph_bytes("\0\0\0\1", 4));
    CHECK(!take().is_set_aside);
    shell("test -e home/store/data.mdb");
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)

int main(void)
{
    if (ph_crypto_init() != PH_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        STORE_TEST(sound_store_is_found_sound),
        STORE_TEST(home_without_a_store_is_sound),
        STORE_TEST(store_left_in_good_order_is_not_checked_again),
        STORE_TEST(store_changed_since_it_was_left_is_checked),
        STORE_TEST(damaged_store_is_set_aside_and_kept),
        STORE_TEST(store_cut_at_any_page_is_set_aside_or_can_be_written),
        STORE_TEST(store_with_a_branch_page_doubled_gets_a_verdict),
        STORE_TEST(store_with_a_row_too_many_is_set_aside),
        STORE_TEST(store_of_an_earlier_version_is_not_set_aside),
        STORE_TEST(store_of_a_later_version_is_refused_and_not_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
