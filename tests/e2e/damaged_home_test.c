/* What becomes of a school's home that was copied, restored or damaged: it opens, writes as a new
 * installation, loses nothing, and says so once. */
#include "tests/support/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- homes --- */

/* A shell's line with $A, $B and $C for the homes. */
static void shell(struct process_world *world, const char *line)
{
    assert_int_equal(setenv("A", world->schools[0].home, 1), 0);
    assert_int_equal(setenv("B", world->schools[1].home, 1), 0);
    assert_int_equal(setenv("C", world->schools[2].home, 1), 0);
    if (system(line) != 0)
        fail_msg("%s", line);
}

/* A serves; B has written, and A has it. */
static void make_network(struct process_world *world)
{
    process_found(&world->schools[0]);
    process_serve(&world->schools[0], WORDS(NULL));
    process_join(&world->schools[1], &world->schools[0]);
    process_do(&world->schools[1], WORDS("new", "plan", "title=Shared"));
    process_do(&world->schools[1], WORDS("sync", world->schools[0].address));
}

/* As process_do, but that it may say something. */
static void do_loudly(const struct process_school *school, const char *const *words,
                      const char *part)
{
    struct process_outcome outcome;
    process_run(school, words, NULL, &outcome);
    const char *said = outcome.err.text != NULL ? outcome.err.text : "";
    if (outcome.code != 0 || strstr(said, part) == NULL)
        print_error("%s: exit code %d, stderr: %s\n", words[0], outcome.code, said);
    assert_int_equal(outcome.code, 0);
    CHECK(strstr(said, part) != NULL);
    process_free(&outcome);
}

/* B writes and meets A; both have everything, and B was told `notice_count` times. */
static void check_goes_on(struct process_world *world, size_t notice_count, const char *notice)
{
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    process_do(b, WORDS("new", "plan", "title=Afterwards"));
    process_do(b, WORDS("sync", a->address));
    for (int i = 0; i < 2; i++) {
        CHECK(process_lists(&world->schools[i], "plan", "Shared"));
        CHECK(process_lists(&world->schools[i], "plan", "Alone"));
        CHECK(process_lists(&world->schools[i], "plan", "Afterwards"));
    }
    json_t *status = process_json(b, WORDS("status"));
    const json_t *notices = json_object_get(status, "notices");
    const json_t *first = json_object_get(json_array_get(notices, 0), "text");
    assert_int_equal(json_array_size(notices), notice_count);
    if (notice_count != 0)
        CHECK(strstr(json_string_value(first), notice) != NULL);
    json_decref(status);
    process_do(b, WORDS("verify"));
    process_do(a, WORDS("verify"));
}

/* What A has not seen yet. */
static void write_alone(struct process_world *world)
{
    process_do(&world->schools[1], WORDS("new", "plan", "title=Alone"));
}

/* --- a writer's secrets that are not of here --- */

static bool knows_births(const char *path)
{
    char line[512];
    snprintf(line, sizeof line, "test \"$(stat -c %%W '%s')\" != 0", path);
    return system(line) == 0;
}

static void home_left_alone_goes_on_as_it_was(void **state)
{
    make_network(*state);
    write_alone(*state);
    check_goes_on(*state, 0, "");
}

static void moved_home_goes_on_as_it_was(void **state)
{
    make_network(*state);
    write_alone(*state);
    shell(*state, "mv \"$B\" \"$B.else\" && mv \"$B.else\" \"$B\"");
    check_goes_on(*state, 0, "");
}

static void copied_home_becomes_a_new_installation(void **state)
{
    make_network(*state);
    write_alone(*state);
    shell(*state, "cp -a \"$B\" \"$B.copy\" && rm -rf \"$B\" && mv \"$B.copy\" \"$B\"");
    if (!knows_births(((struct process_world *)*state)->schools[1].home))
        skip();
    check_goes_on(*state, 1, "restored from a backup, or copied");
}

static void home_without_its_writers_file_becomes_a_new_installation(void **state)
{
    make_network(*state);
    write_alone(*state);
    shell(*state, "rm \"$B/writer.key\"");
    check_goes_on(*state, 1, "restored from a backup, or copied");
}

static void home_with_a_damaged_writers_file_becomes_a_new_installation(void **state)
{
    make_network(*state);
    write_alone(*state);
    shell(*state, "truncate -s -1 \"$B/writer.key\"");
    check_goes_on(*state, 1, "restored from a backup, or copied");
}

static void home_with_anothers_writers_file_becomes_a_new_installation(void **state)
{
    struct process_world *world = *state;
    make_network(world);
    process_join(&world->schools[2], &world->schools[0]);
    write_alone(world);
    shell(world, "cp \"$C/writer.key\" \"$B/writer.key\"");
    check_goes_on(world, 1, "restored from a backup, or copied");
}

static void
home_with_a_writers_file_from_before_it_was_bound_becomes_a_new_installation(void **state)
{
    struct process_world *world = *state;
    process_found(&world->schools[0]);
    process_serve(&world->schools[0], WORDS(NULL));
    process_do(&world->schools[1], WORDS("init", "--school", "B"));
    shell(world, "cp \"$B/writer.key\" \"$B.key\" && rm -r \"$B\"");
    process_join(&world->schools[1], &world->schools[0]);
    process_do(&world->schools[1], WORDS("new", "plan", "title=Shared"));
    write_alone(world);
    shell(world, "mv \"$B.key\" \"$B/writer.key\"");
    check_goes_on(world, 1, "restored from a backup, or copied");
}

static void home_on_another_machine_becomes_a_new_installation(void **state)
{
    struct process_world *world = *state;
    make_network(world);
    write_alone(world);
    shell(world, "mkdir -p \"$B.machine/etc\" && echo another > \"$B.machine/etc/machine-id\"");
    char root[PATH_MAX + 16];
    snprintf(root, sizeof root, "%.*s.machine", PATH_MAX, world->schools[1].home);
    assert_int_equal(setenv("PHAROS_MACHINE_ROOT", root, 1), 0);
    check_goes_on(world, 1, "restored from a backup, or copied");
    assert_int_equal(unsetenv("PHAROS_MACHINE_ROOT"), 0);
}

/* --- databases and journals --- */

static void older_copy_of_the_database_catches_up_from_the_journal(void **state)
{
    make_network(*state);
    shell(*state, "cp -a \"$B/store\" \"$B/store.old\"");
    write_alone(*state);
    shell(*state, "rm -r \"$B/store\" && mv \"$B/store.old\" \"$B/store\"");
    bool is_told = knows_births(((struct process_world *)*state)->schools[1].home);
    check_goes_on(*state, is_told, "restored from a backup, or copied");
}

static void older_copy_of_the_whole_home_is_told_so(void **state)
{
    struct process_world *world = *state;
    make_network(world);
    write_alone(world);
    process_do(&world->schools[1], WORDS("sync", world->schools[0].address));
    shell(world, "cp -a \"$B\" \"$B.copy\"");
    process_do(&world->schools[1], WORDS("new", "plan", "title=After the copy"));
    process_do(&world->schools[1], WORDS("sync", world->schools[0].address));
    shell(world, "rm -rf \"$B\" && mv \"$B.copy\" \"$B\"");
    process_do(&world->schools[1], WORDS("new", "plan", "title=Written to nobody"));
    check_goes_on(world, 1, "");
    for (int i = 0; i < 2; i++) {
        CHECK(process_lists(&world->schools[i], "plan", "After the copy"));
        CHECK(process_lists(&world->schools[i], "plan", "Written to nobody"));
    }
}

static void missing_journal_is_begun_anew(void **state)
{
    make_network(*state);
    write_alone(*state);
    shell(*state, "rm \"$B/journal\"");
    check_goes_on(*state, 1, "damaged");
}

/* Another than stood there, whatever it was. */
static void spoil_byte(const struct process_school *school, const char *name, long offset)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", school->home, name);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_not_equal(byte, EOF);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_not_equal(fputc(byte ^ 0xff, file), EOF);
    assert_int_equal(fclose(file), 0);
}

static void damaged_journal_is_set_aside(void **state)
{
    make_network(*state);
    write_alone(*state);
    spoil_byte(&((struct process_world *)*state)->schools[1], "journal", 300);
    check_goes_on(*state, 1, "damaged");
    shell(*state, "test -e \"$B/journal.damaged-1\"");
}

static void missing_database_comes_back(void **state)
{
    make_network(*state);
    write_alone(*state);
    shell(*state, "rm -r \"$B/store\"");
    check_goes_on(*state, 1, "damaged");
}

/* All pages but the first two, which say where the others are. */
static void ruin_database(struct process_world *world)
{
    shell(world, "n=$(($(stat -c %s \"$B/store/data.mdb\") / 4096 - 2)) && "
                 "tr '\\0' '\\252' < /dev/zero | dd of=\"$B/store/data.mdb\" bs=4096 seek=2 "
                 "count=$n iflag=fullblock conv=notrunc status=none");
}

static void damaged_database_is_set_aside_and_comes_back(void **state)
{
    struct process_world *world = *state;
    make_network(world);
    write_alone(world);
    ruin_database(world);
    do_loudly(&world->schools[1], WORDS("status"), "kept as store.damaged-1");
    check_goes_on(world, 1, "damaged");
    shell(world, "test -e \"$B/store.damaged-1/data.mdb\"");
}

static void database_cut_short_is_set_aside_and_comes_back(void **state)
{
    struct process_world *world = *state;
    make_network(world);
    write_alone(world);
    shell(world, "truncate -s 20000 \"$B/store/data.mdb\"");
    do_loudly(&world->schools[1], WORDS("status"), "kept as store.damaged-1");
    check_goes_on(world, 1, "damaged");
}

static void database_and_journal_gone_begin_again_from_the_others(void **state)
{
    struct process_world *world = *state;
    make_network(world);
    char *code = process_text(&world->schools[0], WORDS("invite"));
    shell(world, "rm -r \"$B/store\" \"$B/journal\"");
    process_do(&world->schools[1], WORDS("join", code));
    write_alone(world);
    check_goes_on(world, 0, "");
    free(code);
}

static void verifying_a_damaged_database_says_so_and_changes_nothing(void **state)
{
    struct process_world *world = *state;
    struct process_outcome outcome;
    make_network(world);
    ruin_database(world);
    process_run(&world->schools[1], WORDS("verify"), NULL, &outcome);
    CHECK(outcome.code == 1 || outcome.code == 3);
    CHECK(outcome.err.len > 20 && outcome.err.text[outcome.err.len - 1] == '\n');
    process_free(&outcome);
    shell(world, "test ! -e \"$B/store.damaged-1\"");
}

CHECK_MAIN(
    PROCESS_TEST(home_left_alone_goes_on_as_it_was), PROCESS_TEST(moved_home_goes_on_as_it_was),
    PROCESS_TEST(copied_home_becomes_a_new_installation),
    PROCESS_TEST(home_without_its_writers_file_becomes_a_new_installation),
    PROCESS_TEST(home_with_a_damaged_writers_file_becomes_a_new_installation),
    PROCESS_TEST(home_with_anothers_writers_file_becomes_a_new_installation),
    PROCESS_TEST(home_with_a_writers_file_from_before_it_was_bound_becomes_a_new_installation),
    PROCESS_TEST(home_on_another_machine_becomes_a_new_installation),
    PROCESS_TEST(older_copy_of_the_database_catches_up_from_the_journal),
    PROCESS_TEST(older_copy_of_the_whole_home_is_told_so),
    PROCESS_TEST(missing_journal_is_begun_anew), PROCESS_TEST(damaged_journal_is_set_aside),
    PROCESS_TEST(missing_database_comes_back),
    PROCESS_TEST(damaged_database_is_set_aside_and_comes_back),
    PROCESS_TEST(database_cut_short_is_set_aside_and_comes_back),
    PROCESS_TEST(database_and_journal_gone_begin_again_from_the_others),
    PROCESS_TEST(verifying_a_damaged_database_says_so_and_changes_nothing))
