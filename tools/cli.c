#include "tools/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMON_OPTIONS "--home= --json --log="

/* --- answers --- */

int ph_cli_refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return PH_EXIT_REFUSED;
}

static void print_usage(const struct ph_command *command, FILE *out)
{
    fprintf(out, "usage: pharos %s%s%s\n", command->name, command->usage[0] != 0 ? " " : "",
            command->usage);
}

int ph_cli_usage(const struct ph_cli *cli, const char *sentence)
{
    if (sentence != NULL)
        fprintf(stderr, "%s\n", sentence);
    print_usage(cli->command, stderr);
    return PH_EXIT_USAGE;
}

void ph_cli_help(const struct ph_command *commands, FILE *out)
{
    fprintf(out, "usage: pharos COMMAND ... [--home DIR] [--json] [--log LEVEL]\n\n");
    for (const struct ph_command *command = commands; command->name != NULL; command++) {
        int width = fprintf(out, "  %s%s%s", command->name, command->usage[0] != 0 ? " " : "",
                            command->usage);
        if (width > 40)
            fputc('\n', out);
        fprintf(out, "%*s%s\n", width > 40 ? 42 : 42 - width, "", command->help);
    }
    fprintf(out,
            "\nThe home folder is --home, $PHAROS_HOME, or pharos in the user's data folder.\n");
}

int ph_cli_json(json_t *document)
{
    if (document == NULL || json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) != 0) {
        json_decref(document);
        return ph_cli_refuse("The answer can't be written.");
    }
    json_decref(document);
    fputc('\n', stdout);
    return PH_EXIT_OK;
}

/* --- options --- */

/* Whether `specs` names this option, and whether a value follows it. */
static bool find_spec(const char *specs, const char *name, size_t len, bool *has_value)
{
    while (specs != NULL && *specs != 0) {
        size_t spec_len = strcspn(specs, " ");
        bool takes = specs[spec_len - 1] == '=';
        if (spec_len - takes == len && memcmp(specs, name, len) == 0) {
            *has_value = takes;
            return true;
        }
        specs += spec_len;
        specs += strspn(specs, " ");
    }
    return false;
}

static bool is_common(struct ph_cli *cli, const char *name, size_t len, const char *value)
{
    if (len == 6 && memcmp(name, "--home", 6) == 0)
        cli->home = value;
    else if (len == 5 && memcmp(name, "--log", 5) == 0)
        cli->log_level = value;
    else if (len == 6 && memcmp(name, "--json", 6) == 0)
        cli->json = true;
    else
        return false;
    return true;
}

/* The option's name in the specs, so that it ends with a zero byte of its own. */
static bool keep_option(struct ph_cli *cli, char *name, size_t len, const char *value)
{
    if (is_common(cli, name, len, value))
        return true;
    if (cli->option_count == PH_CLI_OPTIONS_MAX)
        return false;
    name[len] = 0;
    cli->options[cli->option_count++] = (struct ph_cli_option){name, value};
    return true;
}

/* One option at arguments[0]; says how many arguments it took, 0 if it is wrong. */
static int take_option(struct ph_cli *cli, const char *specs, char **arguments, int count)
{
    char *name = arguments[0];
    char *equals = strchr(name, '=');
    size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    bool has_value = false;
    if (!find_spec(COMMON_OPTIONS, name, len, &has_value) &&
        !find_spec(specs, name, len, &has_value)) {
        fprintf(stderr, "There is no option %.*s here.\n", (int)len, name);
        return 0;
    }
    if (!has_value)
        return equals == NULL && keep_option(cli, name, len, "") ? 1 : 0;
    if (equals != NULL)
        return keep_option(cli, name, len, equals + 1) ? 1 : 0;
    if (count < 2) {
        fprintf(stderr, "%s needs a value.\n", name);
        return 0;
    }
    return keep_option(cli, name, len, arguments[1]) ? 2 : 0;
}

const char *ph_cli_option(const struct ph_cli *cli, const char *name, int index)
{
    for (int i = 0; i < cli->option_count; i++)
        if (strcmp(cli->options[i].name, name) == 0 && index-- == 0)
            return cli->options[i].value;
    return NULL;
}

bool ph_cli_number(const struct ph_cli *cli, const char *name, long fallback, const long range[2],
                   long *out)
{
    const char *text = ph_cli_option(cli, name, 0);
    char *end = NULL;
    if (text == NULL) {
        *out = fallback;
        return true;
    }
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno == 0 && end != text && *end == 0 && value >= range[0] && value <= range[1]) {
        *out = value;
        return true;
    }
    fprintf(stderr, "%s is a number from %ld to %ld.\n", name, range[0], range[1]);
    return false;
}

/* --- words --- */

static const struct ph_command *find_command(const struct ph_command *commands, char **words,
                                             int count, int *used)
{
    for (const struct ph_command *command = commands; command->name != NULL; command++) {
        size_t first = strcspn(command->name, " ");
        bool is_two = command->name[first] == ' ';
        if (strlen(words[0]) != first || memcmp(words[0], command->name, first) != 0)
            continue;
        if (is_two && (count < 2 || strcmp(words[1], command->name + first + 1) != 0))
            continue;
        *used = is_two ? 2 : 1;
        return command;
    }
    return NULL;
}

/* The command's words may stand between options common to all; its own follow them. */
static int skip_common(struct ph_cli *cli, char **arguments, int count)
{
    int at = 0;
    while (at < count && strncmp(arguments[at], "--", 2) == 0) {
        int used = take_option(cli, NULL, arguments + at, count - at);
        if (used == 0)
            return -1;
        at += used;
    }
    return at;
}

static int sort_rest(struct ph_cli *cli, char **arguments, int count)
{
    bool options_ended = false;
    cli->words = arguments;
    for (int at = 0; at < count;) {
        if (!options_ended && strcmp(arguments[at], "--") == 0) {
            options_ended = true;
            at++;
        } else if (!options_ended && strncmp(arguments[at], "--", 2) == 0) {
            int used = take_option(cli, cli->command->options, arguments + at, count - at);
            if (used == 0)
                return ph_cli_usage(cli, NULL);
            at += used;
        } else {
            cli->words[cli->word_count++] = arguments[at++];
        }
    }
    if (cli->word_count < cli->command->word_count_min ||
        cli->word_count > cli->command->word_count_max)
        return ph_cli_usage(cli, NULL);
    return PH_EXIT_OK;
}

int ph_cli_parse(const struct ph_command *commands, char **arguments, int count, struct ph_cli *cli)
{
    *cli = (struct ph_cli){0};
    int at = skip_common(cli, arguments, count);
    if (at < 0) {
        ph_cli_help(commands, stderr);
        return PH_EXIT_USAGE;
    }
    if (at == count)
        return PH_EXIT_OK;
    int used = 0;
    cli->command = find_command(commands, arguments + at, count - at, &used);
    if (cli->command == NULL) {
        fprintf(stderr, "There is no command \"%s\".\n\n", arguments[at]);
        ph_cli_help(commands, stderr);
        return PH_EXIT_USAGE;
    }
    at += used;
    return sort_rest(cli, arguments + at, count - at);
}
