/* host: whose turn it is. */
#include "proto/pack.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/session.h"

#include <stdio.h>

static void print_item(const json_t *answer, const char *key)
{
    ph_print_text(stdout, json_object_get(answer, key), -1);
}

/* --- the list --- */

static void print_date(const json_t *term, const char *key)
{
    if (json_string_length(json_object_get(term, key)) == 0)
        return;
    printf(", %s ", key);
    print_item(term, key);
}

static void print_term(const json_t *term)
{
    size_t index;
    json_t *deputy, *deputies = json_object_get(term, "deputies");
    printf("  %-9s ", json_string_value(json_object_get(term, "state")));
    print_item(term, "name");
    print_date(term, "from");
    print_date(term, "to");
    json_array_foreach(deputies, index, deputy)
    {
        fputs(index == 0 ? "; deputies: " : ", ", stdout);
        ph_print_text(stdout, deputy, -1);
    }
    putchar('\n');
}

static void print_rota(json_t *answer)
{
    size_t index;
    json_t *term, *asked;
    fputs("host: ", stdout);
    print_item(json_object_get(answer, "host"), "name");
    puts(json_is_true(json_object_get(answer, "handing_over")) ? ", handing over" : "");
    json_array_foreach(json_object_get(answer, "asked"), index, asked)
    {
        print_item(asked, "name");
        printf(" asks to take over: %lld of %lld votes that it takes\n",
               (long long)json_integer_value(json_object_get(asked, "votes")),
               (long long)json_integer_value(json_object_get(asked, "needed")));
    }
    json_array_foreach(json_object_get(answer, "terms"), index, term) print_term(term);
}

int cmd_host_list(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "host_list", 0);
    return ph_session_run(cli, &request, print_rota, NULL);
}

/* --- terms --- */

static void print_proposed(json_t *answer)
{
    (void)answer;
    puts("proposed: its school accepts with \"pharos host accept\"");
}

int cmd_host_propose(struct ph_cli *cli)
{
    struct ph_request request;
    const char *from = ph_cli_option(cli, "--from", 0), *to = ph_cli_option(cli, "--to", 0);
    size_t count = 0;
    while (ph_cli_option(cli, "--deputy", (int)count) != NULL)
        count++;
    if (count > PH_DEPUTIES_MAX)
        return ph_cli_usage(cli, "A host has at most 8 deputies.");
    ph_request_begin(&request, "host_propose", 4);
    ph_request_text(&request, cli->words[0]);
    ph_request_text(&request, from != NULL ? from : "");
    ph_request_text(&request, to != NULL ? to : "");
    ph_pack_array(&request.bytes, count);
    for (size_t i = 0; i < count; i++)
        ph_request_text(&request, ph_cli_option(cli, "--deputy", (int)i));
    return ph_session_run(cli, &request, print_proposed, NULL);
}

static void print_accepted(json_t *answer)
{
    (void)answer;
    puts("This school's turn comes when the host hands over.");
}

static void print_declined(json_t *answer)
{
    (void)answer;
    puts("This school's turn is left out.");
}

int cmd_host_accept(struct ph_cli *cli)
{
    struct ph_request request;
    bool declines = ph_cli_option(cli, "--no", 0) != NULL;
    ph_request_begin(&request, "host_accept", 1);
    ph_pack_bool(&request.bytes, !declines);
    return ph_session_run(cli, &request, declines ? print_declined : print_accepted, NULL);
}

static void print_handed_over(json_t *answer)
{
    fputs("handing over to ", stdout);
    print_item(answer, "name");
    puts(": it is host as soon as it holds all that is here");
}

int cmd_host_handover(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "host_handover", 0);
    return ph_session_run(cli, &request, print_handed_over, NULL);
}

static void print_taken(json_t *answer)
{
    print_item(answer, "name");
    puts(" is host once more than half of the schools that vote agree");
}

int cmd_host_take(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "host_take", 1);
    ph_request_text(&request, cli->word_count != 0 ? cli->words[0] : "");
    return ph_session_run(cli, &request, print_taken, NULL);
}
