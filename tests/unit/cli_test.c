#include "tools/cli.h"

#include "tests/support/check.h"

static int run_nothing(struct ph_cli *cli)
{
    (void)cli;
    return PH_EXIT_OK;
}

static const struct ph_command commands[] = {
    {"serve", "", "", "--listen= --peer=", 0, 0, run_nothing},
    {"network new", "NAME", "", NULL, 1, 1, run_nothing},
    {"new", "KIND FIELD=VALUE...", "", "--with=", 1, 9, run_nothing},
    {0},
};

static struct ph_cli cli;
static char room[16][64];

/* Parses the words of `line`, split at spaces. */
static int parse(const char *line)
{
    char *arguments[16];
    int count = 0;
    while (*line != 0) {
        size_t len = strcspn(line, " ");
        memcpy(room[count], line, len);
        room[count][len] = 0;
        arguments[count] = room[count];
        count++;
        line += len;
        line += strspn(line, " ");
    }
    static char *kept[16];
    memcpy(kept, arguments, sizeof kept);
    return ph_cli_parse(commands, kept, count, &cli);
}

static void options_stand_anywhere_and_may_be_repeated(void **state)
{
    (void)state;
    assert_int_equal(parse("--json serve --peer a:1 --home=/h --peer=b:2 --log debug"), PH_EXIT_OK);
    assert_string_equal(cli.command->name, "serve");
    CHECK(cli.json);
    assert_string_equal(cli.home, "/h");
    assert_string_equal(cli.log_level, "debug");
    assert_string_equal(ph_cli_option(&cli, "--peer", 0), "a:1");
    assert_string_equal(ph_cli_option(&cli, "--peer", 1), "b:2");
    CHECK(ph_cli_option(&cli, "--peer", 2) == NULL);
    CHECK(ph_cli_option(&cli, "--listen", 0) == NULL);
}

static void commands_of_two_words_are_found(void **state)
{
    (void)state;
    assert_int_equal(parse("network new Lighthouse"), PH_EXIT_OK);
    assert_string_equal(cli.command->name, "network new");
    assert_int_equal(cli.word_count, 1);
    assert_string_equal(cli.words[0], "Lighthouse");
}

static void words_after_two_hyphens_are_no_options(void **state)
{
    (void)state;
    assert_int_equal(parse("new plan --with network -- --title=x a=--b"), PH_EXIT_OK);
    assert_int_equal(cli.word_count, 3);
    assert_string_equal(cli.words[1], "--title=x");
    assert_string_equal(cli.words[2], "a=--b");
}

static void wrong_use_is_exit_code_two(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "nonsense",        "network",      "network old x", "network new",    "network new a b",
        "serve --wrong x", "serve --peer", "serve word",    "serve --json=1", "--peer x serve",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(parse(cases[i]), PH_EXIT_USAGE);
}

static void no_command_is_none(void **state)
{
    (void)state;
    assert_int_equal(parse("--json"), PH_EXIT_OK);
    CHECK(cli.command == NULL);
}

static void numbers_have_a_range(void **state)
{
    (void)state;
    static const long range[2] = {1, 100};
    static const char *const refused[] = {"0", "101", "x", "1x", "-5", "99999999999999999999"};
    long value = 0;
    assert_int_equal(parse("new plan --with 100"), PH_EXIT_OK);
    CHECK(ph_cli_number(&cli, "--with", 7, range, &value) && value == 100);
    CHECK(ph_cli_number(&cli, "--none", 7, range, &value) && value == 7);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char line[64];
        snprintf(line, sizeof line, "new plan --with %s", refused[i]);
        assert_int_equal(parse(line), PH_EXIT_OK);
        CHECK(!ph_cli_number(&cli, "--with", 7, range, &value));
    }
}

CHECK_MAIN(cmocka_unit_test(options_stand_anywhere_and_may_be_repeated),
           cmocka_unit_test(commands_of_two_words_are_found),
           cmocka_unit_test(words_after_two_hyphens_are_no_options),
           cmocka_unit_test(wrong_use_is_exit_code_two), cmocka_unit_test(no_command_is_none),
           cmocka_unit_test(numbers_have_a_range))
