/* What a command was given, and how it answers: words and options in, exit code out.
 *
 * Exit codes: 0 done; 1 refused, with one plain sentence on stderr; 2 not used as it should be; 3
 * this machine failed (disk, memory). */
#ifndef PHAROS_TOOLS_CLI_H
#define PHAROS_TOOLS_CLI_H

#include "pharos/bytes.h"
#include "tools/home.h"

#include <jansson.h>
#include <stdbool.h>

#define PH_CLI_OPTIONS_MAX 256

enum ph_exit { PH_EXIT_OK = 0, PH_EXIT_REFUSED = 1, PH_EXIT_USAGE = 2, PH_EXIT_FAILED = 3 };

struct ph_cli;

struct ph_command {
    const char *name;    /* one word or two: "network new" */
    const char *usage;   /* what follows the name */
    const char *help;    /* one line */
    const char *options; /* its own: "--listen= --peer=", with '=' where a value follows */
    int word_count_min, word_count_max; /* after the name */
    int (*run)(struct ph_cli *cli);     /* returns an exit code */
};

struct ph_cli {
    const struct ph_command *command;
    const char *home;      /* --home, or NULL */
    const char *log_level; /* --log, or NULL */
    bool json;
    char **words; /* what is neither name nor option; borrowed from main */
    int word_count;
    struct ph_cli_option {
        const char *name, *value;
    } options[PH_CLI_OPTIONS_MAX];
    int option_count;
};

/* Sorts `count` arguments (without the program's name) into `cli`; moves them about in `arguments`.
 * `commands` ends with a NULL name. PH_EXIT_USAGE: said on stderr already. Without any command
 * `cli->command` is NULL and the exit code 0. */
PH_MUST_USE int ph_cli_parse(const struct ph_command *commands, char **arguments, int count,
                             struct ph_cli *cli);
void ph_cli_help(const struct ph_command *commands, FILE *out);

/* The value of the `index`-th option of this name, NULL if there are fewer. A flag's is "". */
const char *ph_cli_option(const struct ph_cli *cli, const char *name, int index);
/* The same as a whole number from min to max; `fallback` where it wasn't given. False: said so. */
PH_MUST_USE bool ph_cli_number(const struct ph_cli *cli, const char *name, long fallback,
                               const long range[2], long *out);

/* One plain sentence on stderr; the exit code 1. */
__attribute__((format(printf, 1, 2))) int ph_cli_refuse(const char *format, ...);
/* The command's usage on stderr, after a sentence if there is one; the exit code 2. */
int ph_cli_usage(const struct ph_cli *cli, const char *sentence);
/* The one JSON document. Takes `document`; exit code 0, or 1 if it is NULL (memory). */
int ph_cli_json(json_t *document);

#endif
