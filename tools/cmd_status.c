/* status, sync, verify, rebuild, version: how the node is. */
#include "node/address_uv.h"
#include "proto/pack.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/session.h"

#include <stdio.h>

#define SYNC_WAIT_MS (10 * 60 * 1000)

static void print_tree(json_t *answer)
{
    ph_print_tree(stdout, answer, 0);
}

int cmd_status(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "status", 0);
    return ph_session_run(cli, &request, print_tree, NULL);
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

int cmd_verify(struct ph_cli *cli)
{
    struct ph_request request;
    json_t *answer = NULL;
    ph_request_begin(&request, "verify", 0);
    int code = ph_session_run(cli, &request, print_tree, &answer);
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
    return ph_session_run(cli, &request, print_tree, NULL);
}

int cmd_version(struct ph_cli *cli)
{
    if (cli->json)
        return ph_cli_json(json_pack("{s:s}", "version", PH_VERSION));
    puts("pharos " PH_VERSION);
    return PH_EXIT_OK;
}
