#include "tools/local.h"

#include "node/node.h"
#include "tools/cli.h"
#include "tools/print.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void write_log_line(void *impl, enum ph_log_level level, const char *line)
{
    static const char *const names[] = {[PH_LOG_ERROR] = "error",
                                        [PH_LOG_WARN] = "warn ",
                                        [PH_LOG_INFO] = "info ",
                                        [PH_LOG_DEBUG] = "debug"};
    char now[PH_TIME_SIZE];
    (void)impl;
    ph_format_time((int64_t)time(NULL) * 1000, now);
    fprintf(stderr, "%s %s %s\n", now, names[level], line);
}

static enum ph_status open_store(struct ph_local *local, const struct ph_home *home,
                                 char why[PH_WHY_SIZE])
{
    char path[PH_HOME_PATH_MAX + 16];
    char reason[200] = "";
    snprintf(path, sizeof path, "%s/store", home->path);
    struct ph_store_options options = {.path = path, .log = &local->log};
    enum ph_status status = ph_store_open(&options, &local->store, reason);
    if (status != PH_OK)
        snprintf(why, PH_WHY_SIZE, "%s",
                 reason[0] != 0 ? reason : "The store of this home can't be opened.");
    return status;
}

static enum ph_status make_node(struct ph_local *local, const struct ph_local_options *options,
                                char why[PH_WHY_SIZE])
{
    const char *addresses[PH_ADDRESSES_MAX];
    struct ph_identity identity = {0};
    for (size_t i = 0; i < options->config->peer_count; i++)
        addresses[i] = options->config->peers[i];
    PH_TRY(ph_home_identity(options->home, &identity, why));
    struct ph_node_config config = {
        .env = ph_env_uv_env(local->env),
        .store = local->store,
        .identity = &identity,
        .keeper = {.renew = ph_home_renew, .impl = options->home},
        .log = &local->log,
        .addresses = addresses,
        .address_count = options->config->peer_count,
        .is_serving = options->is_serving,
    };
    enum ph_status status = ph_node_new(&config, &local->node);
    ph_wipe(&identity, sizeof identity);
    if (status != PH_OK)
        snprintf(why, PH_WHY_SIZE, "The node can't start: %s.", ph_status_text(status));
    return status;
}

enum ph_status ph_local_open(struct ph_local *local, const struct ph_local_options *options,
                             char why[PH_WHY_SIZE])
{
    local->log = (struct ph_log_sink){.level = options->config->log_level, .write = write_log_line};
    PH_TRY(open_store(local, options->home, why));
    enum ph_status status = ph_env_uv_new(&local->log, &local->env);
    if (status != PH_OK) {
        snprintf(why, PH_WHY_SIZE, "The node can't start: %s.", ph_status_text(status));
        return status;
    }
    PH_TRY(make_node(local, options, why));
    ph_env_uv_attach(local->env, local->node, local->store);
    return PH_OK;
}

int ph_local_close(struct ph_local *local, int code)
{
    if (local->node != NULL && ph_env_uv_stop(local->env) != PH_OK)
        code = PH_EXIT_FAILED;
    if (!ph_env_uv_free(local->env)) {
        fflush(stdout);
        _exit(code);
    }
    ph_node_free(local->node);
    ph_store_close(local->store);
    memset(local, 0, sizeof *local);
    return code;
}
