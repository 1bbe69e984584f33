#include "tools/home_keys.h"

#include "tests/support/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char parent[32];
static char path[64];
static char why[PH_WHY_SIZE];
static struct ph_binding binding;

static int make_parent(void **state)
{
    (void)state;
    snprintf(parent, sizeof parent, "/tmp/pharos-test-XXXXXX");
    if (mkdtemp(parent) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/new/home", parent);
    return 0;
}

static int remove_parent(void **state)
{
    static const char *const names[] = {
        "new/home/school.key", "new/home/writer.key", "new/home/config",   "new/home/lock",
        "new/home/note",       "new/home/note.new",   "new/home/listening"};
    static const char *const folders[] = {"new/home/store", "new/home", "new", "."};
    char name[128];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "%s/%s", parent, names[i]);
        unlink(name);
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(name, sizeof name, "%s/%s", parent, folders[i]);
        rmdir(name);
    }
    return rmdir(parent);
}

static struct ph_home found(void)
{
    struct ph_home home;
    CHECK_OK(ph_home_find(path, &home, why));
    return home;
}

static struct ph_home made(struct ph_school_id *school)
{
    struct ph_home home = found();
    CHECK_OK(ph_home_make(&home, "مدرسة النور", school, why));
    return home;
}

static mode_t mode_of(const char *name)
{
    char file[128];
    struct stat info;
    snprintf(file, sizeof file, "%s/%s", path, name);
    assert_int_equal(stat(file, &info), 0);
    return info.st_mode & 0777;
}

static void set_mode(const char *name, mode_t mode)
{
    char file[128];
    snprintf(file, sizeof file, "%s/%s", path, name);
    assert_int_equal(chmod(file, mode), 0);
}

static void new_home_is_private_whatever_the_umask(void **state)
{
    (void)state;
    struct ph_school_id school;
    mode_t before = umask(0);
    struct ph_home home = made(&school);
    umask(before);
    assert_int_equal(mode_of("."), 0700);
    assert_int_equal(mode_of("store"), 0700);
    assert_int_equal(mode_of("school.key"), 0600);
    assert_int_equal(mode_of("writer.key"), 0600);
    assert_int_equal(mode_of("lock"), 0600);
    ph_home_close(&home);
}

static void keys_are_read_as_they_were_made(void **state)
{
    (void)state;
    struct ph_school_id school, read;
    struct ph_sign_secret secret;
    struct ph_identity identity;
    static const uint8_t zeros[32] = {0};
    struct ph_home home = made(&school);
    CHECK_OK(ph_home_identity(&home, &identity, &binding, why));
    ph_sign_key_from_seed(identity.school_seed, &secret, read.bytes);
    CHECK(ph_school_id_equal(&school, &read));
    assert_string_equal(identity.school_name, "مدرسة النور");
    assert_int_equal(identity.serial, 0);
    CHECK(memcmp(identity.writer_seed, zeros, 32) != 0);
    CHECK(memcmp(identity.transport_secret, zeros, 32) != 0);
    CHECK(memcmp(identity.transport_secret, identity.writer_seed, 32) != 0);
    ph_home_close(&home);
}

static void second_making_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct ph_school_id school, other;
    struct ph_identity before, after;
    struct ph_home home = made(&school);
    CHECK_OK(ph_home_identity(&home, &before, &binding, why));
    ph_home_close(&home);

    struct ph_home again = found();
    CHECK_STATUS(ph_home_make(&again, "Other", &other, why), PH_REFUSED);
    CHECK(strstr(why, "already") != NULL);
    CHECK_OK(ph_home_identity(&again, &after, &binding, why));
    assert_memory_equal(&before, &after, sizeof before);
    ph_home_close(&again);
}

static void names_that_are_no_text_are_refused(void **state)
{
    (void)state;
    char too_long[PH_NETWORK_NAME_MAX + 2];
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = 0;
    const char *const cases[] = {"", "\xff", "two\nlines", too_long};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ph_school_id school;
        struct ph_home home = found();
        CHECK_STATUS(ph_home_make(&home, cases[i], &school, why), PH_REFUSED);
        CHECK(access(path, F_OK) != 0);
        ph_home_close(&home);
    }
}

static void folder_that_others_can_open_is_refused_with_the_remedy(void **state)
{
    (void)state;
    struct ph_school_id school;
    struct ph_home home = made(&school);
    ph_home_close(&home);
    set_mode(".", 0750);

    CHECK_STATUS(ph_home_open(&home, why), PH_REFUSED);
    CHECK(strstr(why, "chmod 700") != NULL);

    set_mode(".", 0700);
    CHECK_OK(ph_home_open(&home, why));
    ph_home_close(&home);
}

static void key_that_others_can_read_is_refused_with_the_remedy(void **state)
{
    (void)state;
    struct ph_school_id school;
    struct ph_identity identity;
    struct ph_home home = made(&school);
    set_mode("writer.key", 0640);
    CHECK_STATUS(ph_home_identity(&home, &identity, &binding, why), PH_REFUSED);
    CHECK(strstr(why, "writer.key") != NULL);
    CHECK(strstr(why, "chmod 600") != NULL);
    ph_home_close(&home);
}

static void damaged_key_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[512];
    size_t len = sizeof bytes;
    struct ph_school_id school;
    struct ph_identity identity;
    struct ph_home home = made(&school);
    CHECK_OK(ph_home_read(&home, "school.key", bytes, &len, why));
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 1;
        CHECK_OK(ph_home_write(&home, "school.key", ph_bytes(bytes, len), why));
        CHECK_STATUS(ph_home_identity(&home, &identity, &binding, why), PH_CORRUPT);
        bytes[i] ^= 1;
    }
    CHECK_OK(ph_home_write(&home, "school.key", ph_bytes(bytes, len - 1), why));
    CHECK_STATUS(ph_home_identity(&home, &identity, &binding, why), PH_CORRUPT);
    ph_home_close(&home);
}

static void second_holder_of_the_lock_is_told_the_first_ones_pid(void **state)
{
    (void)state;
    pid_t holder = 0;
    struct ph_school_id school;
    struct ph_home first = made(&school), second = found();
    CHECK_OK(ph_home_open(&second, why));
    CHECK_STATUS(ph_home_lock(&second, &holder, why), PH_WAITING);
    assert_int_equal(holder, getpid());

    ph_home_close(&first);
    CHECK_OK(ph_home_lock(&second, &holder, why));
    ph_home_close(&second);
}

static void missing_home_says_how_to_make_one(void **state)
{
    (void)state;
    struct ph_home home = found();
    CHECK_STATUS(ph_home_open(&home, why), PH_NOT_FOUND);
    CHECK(strstr(why, "pharos init") != NULL);
}

static void small_files_are_whole_or_refused(void **state)
{
    (void)state;
    char room[8];
    size_t len = sizeof room;
    struct ph_school_id school;
    struct ph_home home = made(&school);
    CHECK_STATUS(ph_home_read(&home, "note", room, &len, why), PH_NOT_FOUND);
    CHECK_OK(ph_home_write(&home, "note", ph_bytes_text("12345678"), why));
    CHECK_OK(ph_home_read(&home, "note", room, &len, why));
    assert_int_equal(len, 8);
    CHECK_OK(ph_home_write(&home, "note", ph_bytes_text("123456789"), why));
    CHECK_STATUS(ph_home_read(&home, "note", room, &len, why), PH_LIMIT);
    ph_home_close(&home);
}

static void folder_is_found_in_the_order_of_the_manual(void **state)
{
    (void)state;
    struct ph_home home;
    setenv("HOME", "/u", 1);
    setenv("XDG_DATA_HOME", "/x", 1);
    setenv("PHAROS_HOME", "/p", 1);
    CHECK_OK(ph_home_find("/f", &home, why));
    assert_string_equal(home.path, "/f");
    CHECK_OK(ph_home_find(NULL, &home, why));
    assert_string_equal(home.path, "/p");
    unsetenv("PHAROS_HOME");
    CHECK_OK(ph_home_find(NULL, &home, why));
    assert_string_equal(home.path, "/x/pharos");
    unsetenv("XDG_DATA_HOME");
    CHECK_OK(ph_home_find(NULL, &home, why));
    assert_string_equal(home.path, "/u/.local/share/pharos");
    unsetenv("HOME");
    CHECK_STATUS(ph_home_find(NULL, &home, why), PH_REFUSED);
}

#define HOME_TEST(name) cmocka_unit_test_setup_teardown(name, make_parent, remove_parent)

int main(void)
{
    if (ph_crypto_init() != PH_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        HOME_TEST(new_home_is_private_whatever_the_umask),
        HOME_TEST(keys_are_read_as_they_were_made),
        HOME_TEST(second_making_is_refused_and_changes_nothing),
        HOME_TEST(names_that_are_no_text_are_refused),
        HOME_TEST(folder_that_others_can_open_is_refused_with_the_remedy),
        HOME_TEST(key_that_others_can_read_is_refused_with_the_remedy),
        HOME_TEST(damaged_key_is_refused),
        HOME_TEST(second_holder_of_the_lock_is_told_the_first_ones_pid),
        HOME_TEST(missing_home_says_how_to_make_one),
        HOME_TEST(small_files_are_whole_or_refused),
        HOME_TEST(folder_is_found_in_the_order_of_the_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
