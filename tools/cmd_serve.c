/* serve: run the node until a signal. */
#include "tools/commands.h"
#include "tools/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A command of a moment is waited for; a node that serves is named. */
#define PATIENCE_MS 3000
#define ATTEMPT_MS 50

static enum ph_status apply_flags(const struct ph_cli *cli, struct ph_config *config,
                                  char why[PH_WHY_SIZE])
{
    const char *listen = ph_cli_option(cli, "--listen", 0);
    const char *beacon = ph_cli_option(cli, "--beacon", 0);
    const char *peer, *address;
    if (listen != NULL)
        PH_TRY(ph_config_set_listen(config, listen, why));
    if (config->listen[0] == 0)
        PH_TRY(ph_config_set_listen(config, PH_LISTEN_DEFAULT, why));
    for (int i = 0; (peer = ph_cli_option(cli, "--peer", i)) != NULL; i++) {
        /* Flags override: the first one sets the file's peers aside. */
        if (i == 0)
            config->peer_count = 0;
        PH_TRY(ph_config_add_peer(config, peer, why));
    }
    for (int i = 0; (address = ph_cli_option(cli, "--address", i)) != NULL; i++) {
        if (i == 0)
            config->address_count = 0;
        PH_TRY(ph_config_add_address(config, address, why));
    }
    if (beacon != NULL)
        PH_TRY(ph_config_set_beacon(config, beacon, why));
    if (cli->log_level != NULL)
        PH_TRY(ph_config_set_log(config, cli->log_level, why));
    return PH_OK;
}

static enum ph_status lock_home(struct ph_home *home, char why[PH_WHY_SIZE])
{
    struct timespec pause = {.tv_nsec = ATTEMPT_MS * 1000000};
    pid_t holder = 0;
    enum ph_status status = ph_home_lock(home, &holder, why);
    for (int ms = 0; status == PH_WAITING && ms < PATIENCE_MS; ms += ATTEMPT_MS) {
        if (faccessat(home->fd, "listening", F_OK, 0) == 0)
            break;
        nanosleep(&pause, NULL);
        status = ph_home_lock(home, &holder, why);
    }
    return status;
}

static enum ph_status say_listening(const struct ph_cli *cli, const struct ph_home *home,
                                    const char *actual, char why[PH_WHY_SIZE])
{
    PH_TRY(ph_home_write(home, "listening", ph_bytes_text(actual), why));
    if (cli->json)
        ph_cli_json(json_pack("{s:s, s:s, s:i}", "listening", actual, "home", home->path, "pid",
                              (int)getpid()));
    else
        printf("listening on %s\n", actual);
    fflush(stdout);
    return PH_OK;
}

static enum ph_status serve(const struct ph_cli *cli, struct ph_home *home, struct ph_local *local,
                            char why[PH_WHY_SIZE])
{
    char actual[PH_ADDRESS_LEN_MAX + 1];
    struct ph_config *config = calloc(1, sizeof *config);
    if (config == NULL)
        return PH_NO_MEMORY;
    struct ph_local_options options = {.home = home, .config = config, .is_serving = true};
    enum ph_status status = ph_config_load(home, config, why);
    if (status == PH_OK)
        status = apply_flags(cli, config, why);
    if (status == PH_OK)
        status = ph_local_open(local, &options, why);
    if (status == PH_OK)
        status = ph_env_uv_listen(local->env, config->listen, actual, why);
    if (status == PH_OK)
        status = ph_env_uv_control(local->env, home->path, why);
    if (status == PH_OK)
        status = say_listening(cli, home, actual, why);
    if (status == PH_OK)
        ph_env_uv_announce(local->env, config->beacon_port,
                           (const char(*)[PH_ADDRESS_LEN_MAX + 1]) config->addresses,
                           config->address_count);
    free(config);
    return status;
}

static int refuse(enum ph_status status, const char *why)
{
    ph_cli_refuse("%s", why[0] != 0 ? why : ph_status_text(status));
    return ph_status_blame(status) == PH_BLAME_LOCAL ? PH_EXIT_FAILED : PH_EXIT_REFUSED;
}

int cmd_serve(struct ph_cli *cli)
{
    char why[PH_WHY_SIZE] = "";
    struct ph_local local = {0};
    struct ph_home home;
    int code = PH_EXIT_OK;
    enum ph_status status = ph_home_find(cli->home, &home, why);
    if (status == PH_OK)
        status = ph_home_open(&home, why);
    if (status == PH_OK)
        status = lock_home(&home, why);
    if (status == PH_OK)
        status = serve(cli, &home, &local, why);
    if (status != PH_OK)
        code = refuse(status, why);
    else if (ph_env_uv_run(local.env) != PH_OK)
        code = PH_EXIT_FAILED;
    if (home.lock_fd >= 0)
        ph_home_remove(&home, "listening");
    code = ph_local_close(&local, code);
    ph_home_close(&home);
    return code;
}
