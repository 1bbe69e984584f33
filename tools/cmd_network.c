/* init, network new, invitations, join: how schools and their PCs come to a network. */
#include "node/address_uv.h"
#include "proto/invitation.h"
#include "proto/pack.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/session.h"

#include <stdio.h>
#include <string.h>

#define JOIN_WAIT_MS 10000

static void print_item(const json_t *answer, const char *key, const char *before, const char *after)
{
    fputs(before, stdout);
    ph_print_text(stdout, json_object_get(answer, key), -1);
    fputs(after, stdout);
}

/* --- init --- */

static void format_hex(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

int cmd_init(struct ph_cli *cli)
{
    char why[PH_WHY_SIZE] = "", school_hex[65];
    const char *name = ph_cli_option(cli, "--school", 0);
    struct ph_home home;
    struct ph_school_id school;
    if (name == NULL)
        return ph_cli_usage(cli, "A school has a name: --school NAME.");
    enum ph_status status = ph_home_find(cli->home, &home, why);
    if (status == PH_OK)
        status = ph_home_make(&home, name, &school, why);
    ph_home_close(&home);
    if (status != PH_OK)
        return ph_cli_refuse("%s", why);
    format_hex(school.bytes, sizeof school.bytes, school_hex);
    if (cli->json)
        return ph_cli_json(
            json_pack("{s:s, s:s, s:s}", "school", school_hex, "name", name, "home", home.path));
    printf("%s has its home in %s\nschool %s\n", name, home.path, school_hex);
    return PH_EXIT_OK;
}

/* --- network new --- */

static void print_founded(json_t *answer)
{
    print_item(answer, "name", "founded ", "\n");
    print_item(answer, "network", "network ", "\n");
}

int cmd_network_new(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "network_new", 1);
    ph_request_text(&request, cli->words[0]);
    return ph_session_run(cli, &request, print_founded, NULL);
}

/* --- invite --- */

struct addresses {
    char text[PH_INVITATION_ADDRESSES_MAX][PH_ADDRESS_LEN_MAX + 1];
    size_t count;
};

/* Where the node listens or would listen; empty: nobody knows. */
static void find_listening(const struct ph_session *session, char out[PH_ADDRESS_LEN_MAX + 1])
{
    char why[PH_WHY_SIZE];
    size_t len = PH_ADDRESS_LEN_MAX;
    snprintf(out, PH_ADDRESS_LEN_MAX + 1, "%s", session->config.listen);
    if (session->socket >= 0 && ph_home_read(&session->home, "listening", out, &len, why) == PH_OK)
        out[len] = 0;
}

/* Those given by hand, else those of this machine at which others may find the node. */
static void gather_addresses(const struct ph_cli *cli, const struct ph_session *session,
                             struct addresses *out)
{
    char listening[PH_ADDRESS_LEN_MAX + 1];
    struct ph_address at;
    const char *given;
    *out = (struct addresses){0};
    while (out->count < PH_INVITATION_ADDRESSES_MAX &&
           (given = ph_cli_option(cli, "--address", (int)out->count)) != NULL)
        snprintf(out->text[out->count++], sizeof *out->text, "%s", given);
    if (out->count > 0)
        return;
    find_listening(session, listening);
    if (ph_address_parse(listening, &at) != PH_OK || at.port == 0)
        return;
    if (strcmp(at.host, "::") == 0 || strcmp(at.host, "0.0.0.0") == 0)
        out->count = ph_env_uv_own_addresses(at.port, out->text, PH_INVITATION_ADDRESSES_MAX);
    else
        memcpy(out->text[out->count++], listening, sizeof listening);
}

static int check_addresses(const struct ph_cli *cli)
{
    const char *given;
    struct ph_address at;
    for (int i = 0; (given = ph_cli_option(cli, "--address", i)) != NULL; i++) {
        if (i == PH_INVITATION_ADDRESSES_MAX)
            return ph_cli_usage(cli, "An invitation holds at most 4 addresses.");
        if (ph_address_parse(given, &at) != PH_OK || at.port == 0)
            return ph_cli_usage(cli, "An address has the form HOST:PORT.");
    }
    return PH_EXIT_OK;
}

/* The addresses are the last argument of a request that has begun. */
static int ask_for_code(struct ph_cli *cli, struct ph_session *session, struct ph_request *request)
{
    struct addresses addresses;
    json_t *answer = NULL;
    gather_addresses(cli, session, &addresses);
    ph_pack_array(&request->bytes, addresses.count);
    for (size_t i = 0; i < addresses.count; i++)
        ph_request_text(request, addresses.text[i]);
    int code = ph_session_ask(session, request, &answer);
    if (code == PH_EXIT_OK && cli->json)
        code = ph_cli_json(json_incref(answer));
    else if (code == PH_EXIT_OK)
        print_item(answer, "code", "", "\n");
    json_decref(answer);
    return code;
}

static int print_code(struct ph_cli *cli, struct ph_request *request)
{
    struct ph_session *session;
    int code = check_addresses(cli);
    if (code == PH_EXIT_OK)
        code = ph_session_open(cli, &session);
    if (code != PH_EXIT_OK)
        return code;
    return ph_session_close(session, ask_for_code(cli, session, request));
}

int cmd_invite(struct ph_cli *cli)
{
    static const long range[2] = {1, PH_INVITE_USES_MAX};
    struct ph_request request;
    long uses;
    if (!ph_cli_number(cli, "--uses", 1, range, &uses))
        return PH_EXIT_USAGE;
    ph_request_begin(&request, "invite", 2);
    ph_pack_uint(&request.bytes, (uint64_t)uses);
    return print_code(cli, &request);
}

int cmd_member_successor(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "invite_successor", 2);
    ph_request_text(&request, cli->words[0]);
    return print_code(cli, &request);
}

int cmd_writer_add(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "writer_add", 1);
    return print_code(cli, &request);
}

/* --- join --- */

/* The code as given, or from stdin, where no other user can see it among the processes. */
static int read_code(const struct ph_cli *cli, char out[PH_INVITATION_CODE_MAX])
{
    if (strcmp(cli->words[0], "-") != 0) {
        int len = snprintf(out, PH_INVITATION_CODE_MAX, "%s", cli->words[0]);
        return len < PH_INVITATION_CODE_MAX ? PH_EXIT_OK
                                            : ph_cli_refuse("This is no invitation code.");
    }
    size_t len = fread(out, 1, PH_INVITATION_CODE_MAX - 1, stdin);
    out[len] = 0;
    if (len == 0)
        return ph_cli_refuse("There is no invitation code on the standard input.");
    return len < PH_INVITATION_CODE_MAX - 1 && memchr(out, 0, len) == NULL
               ? PH_EXIT_OK
               : ph_cli_refuse("This is no invitation code.");
}

static void print_joined(const json_t *answer)
{
    const char *state = json_string_value(json_object_get(answer, "state"));
    if (state != NULL && strcmp(state, "member") == 0) {
        print_item(answer, "network", "member of network ", "\n");
        return;
    }
    print_item(answer, "network", "waiting for a member of network ", "\n");
    if (json_string_length(json_object_get(answer, "why")) > 0)
        print_item(answer, "why", "", "\n");
    puts("The invitation is saved. \"pharos serve\" goes on trying.");
}

static int join(struct ph_cli *cli, struct ph_session *session, const char *code)
{
    struct ph_request request;
    json_t *answer = NULL;
    const char *peer;
    size_t count = 0;
    while (ph_cli_option(cli, "--peer", (int)count) != NULL)
        count++;
    ph_request_begin(&request, "join", 3);
    ph_request_text(&request, code);
    ph_pack_array(&request.bytes, count);
    for (int i = 0; (peer = ph_cli_option(cli, "--peer", i)) != NULL; i++)
        ph_request_text(&request, peer);
    ph_pack_uint(&request.bytes, JOIN_WAIT_MS);
    int exit_code = ph_session_ask(session, &request, &answer);
    ph_wipe(&request, sizeof request);
    if (exit_code == PH_EXIT_OK && cli->json)
        exit_code = ph_cli_json(json_incref(answer));
    else if (exit_code == PH_EXIT_OK)
        print_joined(answer);
    json_decref(answer);
    return exit_code;
}

int cmd_join(struct ph_cli *cli)
{
    char code[PH_INVITATION_CODE_MAX];
    struct ph_session *session;
    struct ph_address at;
    const char *peer;
    for (int i = 0; (peer = ph_cli_option(cli, "--peer", i)) != NULL; i++)
        if (ph_address_parse(peer, &at) != PH_OK || at.port == 0)
            return ph_cli_usage(cli, "A peer has the form HOST:PORT.");
    int exit_code = read_code(cli, code);
    if (exit_code == PH_EXIT_OK)
        exit_code = ph_session_open(cli, &session);
    if (exit_code == PH_EXIT_OK)
        exit_code = ph_session_close(session, join(cli, session, code));
    ph_wipe(code, sizeof code);
    return exit_code;
}
