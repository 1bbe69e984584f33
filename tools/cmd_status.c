/* status, sync, verify, rebuild, version: how the node is. */
#include "node/address_uv.h"
#include "proto/pack.h"
#include "tools/commands.h"
#include "tools/home_store.h"
#include "tools/print.h"
#include "tools/session.h"

#include <stdio.h>

#define SYNC_WAIT_MS (10 * 60 * 1000)

static void print_tree(json_t *answer)
{
    ph_print_tree(stdout, answer, 0);
}

/* The line that people look for stands at the end, and its details above. */
static void print_status(json_t *answer)
{
    const json_t *safe = json_object_get(answer, "safe");
    print_tree(answer);
    ph_print_safe(stdout, json_object_get(safe, "at"), json_object_get(safe, "of"),
                  json_object_get(safe, "lacking"));
}

/* --- why --- */

static void print_named(const json_t *object, const char *key)
{
    ph_print_text(stdout, json_object_get(object, key), -1);
}

static void print_lacks(const json_t *lacks)
{
    if (json_array_size(lacks) == 0) {
        puts("holds all that is held here");
        return;
    }
    fputs("is not known to hold:\n", stdout);
    for (size_t i = 0; i < json_array_size(lacks); i++) {
        const json_t *row = json_array_get(lacks, i);
        json_int_t count = json_integer_value(json_object_get(row, "entries"));
        printf("  %" JSON_INTEGER_FORMAT " %s of ", count, count == 1 ? "entry" : "entries");
        print_named(row, "name");
        fputc('\n', stdout);
    }
}

static void print_heard(const json_t *answer)
{
    bool has_from = json_string_length(json_object_get(answer, "through")) > 0;
    json_int_t receipt = json_integer_value(json_object_get(answer, "receipt"));
    puts(json_is_true(json_object_get(answer, "connected")) ? "is connected now"
                                                            : "is not connected now");
    if (receipt == 0) {
        puts("no receipt of it has come yet");
        return;
    }
    printf("its receipt number %" JSON_INTEGER_FORMAT " is the last that came", receipt);
    fputs(has_from ? ", through " : "", stdout);
    if (has_from)
        print_named(answer, "through");
    fputc('\n', stdout);
}

static void print_addresses(const json_t *addresses)
{
    if (json_array_size(addresses) == 0)
        puts("no address of it is known");
    for (size_t i = 0; i < json_array_size(addresses); i++) {
        const json_t *row = json_array_get(addresses, i);
        bool has_failed = json_string_length(json_object_get(row, "failure")) > 0;
        fputs("address ", stdout);
        print_named(row, "address");
        fputs(has_failed ? ": " : "", stdout);
        if (has_failed)
            print_named(row, "failure");
        fputc('\n', stdout);
    }
}

static void print_why(json_t *answer)
{
    print_named(answer, "name");
    fputc('\n', stdout);
    if (json_is_true(json_object_get(answer, "removed")))
        puts("is removed from the network");
    print_lacks(json_object_get(answer, "lacks"));
    print_heard(answer);
    print_addresses(json_object_get(answer, "addresses"));
    print_named(answer, "help");
    fputc('\n', stdout);
}

int cmd_status(struct ph_cli *cli)
{
    struct ph_request request;
    const char *school = ph_cli_option(cli, "--why", 0);
    ph_request_begin(&request, school != NULL ? "why" : "status", school != NULL ? 1 : 0);
    if (school == NULL)
        return ph_session_run(cli, &request, print_status, NULL);
    ph_request_text(&request, school);
    return ph_session_run(cli, &request, print_why, NULL);
}

int cmd_sync(struct ph_cli *cli)
{
    struct ph_request request;
    struct ph_address at;
    if (ph_address_parse(cli->words[0], &at) != PH_OK || at.port == 0)
        return ph_cli_usage(cli, "A peer has the form HOST:PORT.");
    ph_request_begin(&request, "sync", 2);
    ph_request_text(&request, cli->words[0]);
    ph_pack_uint(&request.bytes, SYNC_WAIT_MS);
    return ph_session_run(cli, &request, print_tree, NULL);
}

static json_t *report_of(const struct ph_verify_report *report)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "facts",
                     (json_int_t)report->fact_count, "logs", (json_int_t)report->log_count,
                     "entries", (json_int_t)report->entry_count, "signatures",
                     (json_int_t)report->signature_count, "records",
                     (json_int_t)report->record_count, "holes", (json_int_t)report->hole_count,
                     "damaged", (json_int_t)report->damage_count, "damage", report->damage);
}

static int say_found(const struct ph_cli *cli, const struct ph_store_check *found)
{
    json_t *report = found->is_complete ? report_of(&found->report) : NULL;
    if (report != NULL && cli->json)
        ph_cli_json(json_incref(report));
    else if (report != NULL)
        print_tree(report);
    json_decref(report);
    if (found->status == PH_OK)
        return PH_EXIT_OK;
    ph_cli_refuse("%s", found->why);
    return found->is_complete ? PH_EXIT_REFUSED : PH_EXIT_FAILED;
}

/* In a process of its own even while a node runs: what is damaged must not take the node with
 * it. */
int cmd_verify(struct ph_cli *cli)
{
    char why[PH_WHY_SIZE] = "";
    struct ph_store_check found;
    struct ph_home home;
    int code = PH_EXIT_REFUSED;
    enum ph_status status = ph_home_find(cli->home, &home, why);
    if (status == PH_OK)
        status = ph_home_open(&home, why);
    if (status == PH_OK) {
        ph_home_check_store(&home, &found);
        code = say_found(cli, &found);
    } else {
        ph_cli_refuse("%s", why);
    }
    ph_home_close(&home);
    return code;
}

int cmd_rebuild(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "rebuild", 0);
    return ph_session_run(cli, &request, print_tree, NULL);
}

int cmd_version(struct ph_cli *cli)
{
    if (cli->json)
        return ph_cli_json(json_pack("{s:s}", "version", PH_VERSION));
    puts("pharos " PH_VERSION);
    return PH_EXIT_OK;
}
