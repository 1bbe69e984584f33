/* member, writer, policy: who belongs to the network, and what it has decided. */
#include "proto/pack.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_item(const json_t *answer, const char *key)
{
    ph_print_text(stdout, json_object_get(answer, key), -1);
}

static int ask_about(struct ph_cli *cli, const char *command, void (*print)(json_t *answer))
{
    struct ph_request request;
    ph_request_begin(&request, command, 1);
    ph_request_text(&request, cli->words[0]);
    return ph_session_run(cli, &request, print, NULL);
}

/* --- votes --- */

static void print_tally(const json_t *answer)
{
    printf(": %lld of %lld votes that it takes\n",
           (long long)json_integer_value(json_object_get(answer, "votes")),
           (long long)json_integer_value(json_object_get(answer, "needed")));
}

static void print_decided(json_t *answer, const char *done, const char *open)
{
    print_item(answer, "name");
    if (json_is_true(json_object_get(answer, "decided"))) {
        puts(done);
        return;
    }
    fputs(open, stdout);
    print_tally(answer);
}

static void print_confirmed(json_t *answer)
{
    bool is_voter = json_is_true(json_object_get(answer, "voter"));
    fputs("confirmed ", stdout);
    print_item(answer, "name");
    puts(is_voter ? ": it votes now"
                  : ": it votes once more than half of the voters have confirmed it");
}

int cmd_member_confirm(struct ph_cli *cli)
{
    return ask_about(cli, "confirm", print_confirmed);
}

static void print_removed(json_t *answer)
{
    print_decided(answer, " is removed: nobody connects to it or shows what it writes from now on",
                  " is to be removed");
}

int cmd_member_remove(struct ph_cli *cli)
{
    return ask_about(cli, "member_remove", print_removed);
}

static void print_restored(json_t *answer)
{
    print_decided(answer, " is in the network again", " is to be restored");
}

int cmd_member_restore(struct ph_cli *cli)
{
    return ask_about(cli, "member_restore", print_restored);
}

static void print_succeeded(json_t *answer)
{
    print_decided(answer, " has its new key: the old one is worth nothing any more",
                  " is to have a new key");
}

int cmd_member_succeed(struct ph_cli *cli)
{
    return ask_about(cli, "member_succeed", print_succeeded);
}

static void print_request(json_t *answer)
{
    print_item(answer, "request");
    putchar('\n');
}

int cmd_member_request(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "member_request", 0);
    return ph_session_run(cli, &request, print_request, NULL);
}

static void print_admitted(json_t *answer)
{
    fputs("admitted school ", stdout);
    print_item(answer, "school");
    puts(": it is told so by the next member that it meets");
}

int cmd_member_admit(struct ph_cli *cli)
{
    return ask_about(cli, "member_admit", print_admitted);
}

static void print_left(json_t *answer)
{
    (void)answer;
    puts(
        "This school has left the network. What it wrote so far stays; the others can restore it.");
}

int cmd_member_leave(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "member_leave", 0);
    return ph_session_run(cli, &request, print_left, NULL);
}

/* --- the list --- */

static void print_member(const json_t *member)
{
    const char *asked = json_string_value(json_object_get(member, "asked"));
    const char *state = json_is_true(json_object_get(member, "removed")) ? "removed"
                        : json_is_true(json_object_get(member, "voter")) ? "votes"
                                                                         : "member";
    const char *school = json_string_value(json_object_get(member, "school"));
    printf("%.8s  %-8s", school != NULL ? school : "", state);
    print_item(member, "name");
    if (asked == NULL) {
        putchar('\n');
        return;
    }
    printf("; asked to %s", asked);
    print_tally(member);
}

static void print_members(json_t *answer)
{
    size_t index;
    json_t *member;
    json_array_foreach(json_object_get(answer, "rows"), index, member) print_member(member);
}

int cmd_member_list(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "members", 0);
    return ph_session_run(cli, &request, print_members, NULL);
}

/* --- installations --- */

static void print_writers(json_t *answer)
{
    size_t index;
    json_t *writer;
    json_array_foreach(json_object_get(answer, "rows"), index, writer)
    {
        const char *key = json_string_value(json_object_get(writer, "writer"));
        printf("%lld  %.8s  %lld entries%s%s\n",
               (long long)json_integer_value(json_object_get(writer, "number")),
               key != NULL ? key : "",
               (long long)json_integer_value(json_object_get(writer, "entries")),
               json_is_true(json_object_get(writer, "closed")) ? "  closed" : "",
               json_is_true(json_object_get(writer, "this")) ? "  this PC" : "");
    }
}

int cmd_writer_list(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "writers", 0);
    return ph_session_run(cli, &request, print_writers, NULL);
}

static void print_closed(json_t *answer)
{
    printf("Installation %lld is closed: what it has written so far stays, and nothing that comes "
           "after it counts.\n",
           (long long)json_integer_value(json_object_get(answer, "closed")));
}

int cmd_writer_close(struct ph_cli *cli)
{
    struct ph_request request;
    char *end;
    unsigned long number = strtoul(cli->words[0], &end, 10);
    if (*end != '\0' || number == 0 || number > UINT32_MAX)
        return ph_cli_usage(cli, "Installations have numbers: see \"pharos writer list\".");
    ph_request_begin(&request, "writer_close", 1);
    ph_pack_uint(&request.bytes, number);
    return ph_session_run(cli, &request, print_closed, NULL);
}

/* --- policies --- */

static void print_policies(json_t *answer)
{
    const char *name;
    json_t *value;
    json_object_foreach(answer, name, value)
    {
        if (json_is_integer(value))
            printf("%s %lld\n", name, (long long)json_integer_value(value));
        else
            printf("%s: nothing is decided\n", name);
    }
}

int cmd_policy_list(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "policy", 0);
    return ph_session_run(cli, &request, print_policies, NULL);
}

static void print_policy(json_t *answer)
{
    fputs(json_is_true(json_object_get(answer, "decided")) ? "decided" : "proposed", stdout);
    print_tally(answer);
}

int cmd_policy_set(struct ph_cli *cli)
{
    struct ph_request request;
    char *end;
    unsigned long long value = strtoull(cli->words[1], &end, 10);
    if (*end != '\0' || end == cli->words[1])
        return ph_cli_usage(cli, "A policy has a whole number for its value.");
    ph_request_begin(&request, "policy_set", 2);
    ph_request_text(&request, cli->words[0]);
    ph_pack_uint(&request.bytes, value);
    return ph_session_run(cli, &request, print_policy, NULL);
}
