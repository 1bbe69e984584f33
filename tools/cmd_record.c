/* new, set, add, remove: what people write. */
#include "proto/pack.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/session.h"

#include <stdio.h>
#include <string.h>

/* [[field, value] …] of the words FIELD=VALUE from `first` on. */
static int pack_fields(const struct ph_cli *cli, int first, struct ph_request *request)
{
    ph_pack_array(&request->bytes, (size_t)(cli->word_count - first));
    for (int i = first; i < cli->word_count; i++) {
        const char *equals = strchr(cli->words[i], '=');
        if (equals == NULL || equals == cli->words[i])
            return ph_cli_usage(cli, "Fields are given as FIELD=VALUE.");
        ph_pack_array(&request->bytes, 2);
        ph_pack_text(&request->bytes, ph_bytes(cli->words[i], (size_t)(equals - cli->words[i])));
        ph_request_text(request, equals + 1);
    }
    return PH_EXIT_OK;
}

static void print_id(json_t *answer)
{
    ph_print_text(stdout, json_object_get(answer, "id"), -1);
    fputc('\n', stdout);
}

int cmd_new(struct ph_cli *cli)
{
    struct ph_request request;
    const char *audience = ph_cli_option(cli, "--with", 0);
    if (audience == NULL && strcmp(cli->words[0], "reflection") == 0)
        return ph_cli_refuse("Reflections are private until sealing exists in this version; say "
                             "--with network to share this one.");
    if (audience != NULL && strcmp(audience, "network") != 0)
        return ph_cli_refuse("Records can be shared only --with network in this version.");
    ph_request_begin(&request, "new", 3);
    ph_request_text(&request, cli->words[0]);
    ph_request_text(&request, "network");
    int code = pack_fields(cli, 1, &request);
    return code == PH_EXIT_OK ? ph_session_run(cli, &request, print_id, NULL) : code;
}

static int change_record(struct ph_cli *cli, const char *name)
{
    struct ph_request request;
    ph_request_begin(&request, name, 2);
    ph_request_text(&request, cli->words[0]);
    int code = pack_fields(cli, 1, &request);
    return code == PH_EXIT_OK ? ph_session_run(cli, &request, print_id, NULL) : code;
}

int cmd_set(struct ph_cli *cli)
{
    return change_record(cli, "set");
}

int cmd_add(struct ph_cli *cli)
{
    return change_record(cli, "add");
}

int cmd_remove(struct ph_cli *cli)
{
    return change_record(cli, "remove");
}
