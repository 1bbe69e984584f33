/* status, sync, verify, rebuild, version: how the node is. */
#include "node/address_uv.h"
#include "proto/pack.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/session.h"

#include <stdio.h>

#define SYNC_WAIT_MS (10 * 60 * 1000)

/* Asks, and prints the answer as JSON or as a tree. `answer` may be NULL, else the caller owns it. */
static int ask_and_print(struct ph_cli *cli, const struct ph_request *request, json_t **answer)
{
    struct ph_session *session;
    json_t *found = NULL;
    int code = ph_session_open(cli, &session);
    if (code != PH_EXIT_OK)
        return code;
    code = ph_session_ask(session, request, &found);
    if (code == PH_EXIT_OK && cli->json)
        code = ph_cli_json(json_incref(found));
    else if (code == PH_EXIT_OK)
        ph_print_tree(stdout, found, 0);
    if (answer != NULL)
        *answer = found;
    else
        json_decref(found);
    return ph_session_close(session, code);
}

int cmd_status(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "status", 0);
    return ask_and_print(cli, &request, NULL);
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
    return ask_and_print(cli, &request, NULL);
}

int cmd_verify(struct ph_cli *cli)
{
    struct ph_request request;
    json_t *answer = NULL;
    ph_request_begin(&request, "verify", 0);
    int code = ask_and_print(cli, &request, &answer);
    const json_t *damage = json_object_get(answer, "damage");
    if (code == PH_EXIT_OK && json_string_length(damage) > 0) {
        ph_print_text(stderr, damage, -1);
        fputc('\n', stderr);
        code = PH_EXIT_REFUSED;
    }
    json_decref(answer);
    return code;
}

int cmd_rebuild(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "rebuild", 0);
    return ask_and_print(cli, &request, NULL);
}

int cmd_version(struct ph_cli *cli)
{
    if (cli->json)
        return ph_cli_json(json_pack("{s:s}", "version", PH_VERSION));
    puts("pharos " PH_VERSION);
    return PH_EXIT_OK;
}
