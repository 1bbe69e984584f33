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

static struct ph_writer_id writer_of(const struct ph_identity *identity)
{
    struct ph_sign_secret secret;
    struct ph_writer_id writer;
    ph_sign_key_from_seed(identity->writer_seed, &secret, writer.bytes);
    ph_wipe(&secret, sizeof secret);
    return writer;
}

static enum ph_status open_store(struct ph_local *local, const struct ph_home *home,
                                 const struct ph_identity *identity, char why[PH_WHY_SIZE])
{
    char path[PH_HOME_PATH_MAX + 16], journal[PH_HOME_PATH_MAX + 16];
    char reason[200] = "";
    struct ph_writer_id writer = writer_of(identity);
    snprintf(path, sizeof path, "%s/store", home->path);
    snprintf(journal, sizeof journal, "%s/journal", home->path);
    struct ph_store_options options = {
        .path = path, .journal_path = journal, .writer = &writer, .log = &local->log};
    enum ph_status status = ph_store_open(&options, &local->store, reason);
    if (status != PH_OK)
        snprintf(why, PH_WHY_SIZE, "%s",
                 reason[0] != 0 ? reason : "The store of this home can't be opened.");
    return status;
}

static enum ph_status make_node(struct ph_local *local, const struct ph_local_options *options,
                                const struct ph_identity *identity, char why[PH_WHY_SIZE])
{
    const char *addresses[PH_ADDRESSES_MAX];
    for (size_t i = 0; i < options->config->peer_count; i++)
        addresses[i] = options->config->peers[i];
    struct ph_node_config config = {
        .env = ph_env_uv_env(local->env),
        .store = local->store,
        .identity = identity,
        .keeper = {.renew = ph_home_renew, .impl = options->home},
        .log = &local->log,
        .addresses = addresses,
        .address_count = options->config->peer_count,
        .is_serving = options->is_serving,
    };
    enum ph_status status = ph_node_new(&config, &local->node);
    if (status != PH_OK)
        snprintf(why, PH_WHY_SIZE, "The node can't start: %s.", ph_status_text(status));
    return status;
}

static enum ph_status open_all(struct ph_local *local, const struct ph_local_options *options,
                               const struct ph_identity *identity, char why[PH_WHY_SIZE])
{
    PH_TRY(open_store(local, options->home, identity, why));
    enum ph_status status = ph_env_uv_new(&local->log, &local->env);
    if (status != PH_OK) {
        snprintf(why, PH_WHY_SIZE, "The node can't start: %s.", ph_status_text(status));
        return status;
    }
    PH_TRY(make_node(local, options, identity, why));
    ph_env_uv_attach(local->env, local->node, local->store);
    return PH_OK;
}

enum ph_status ph_local_open(struct ph_local *local, const struct ph_local_options *options,
                             char why[PH_WHY_SIZE])
{
    struct ph_identity identity = {0};
    local->log = (struct ph_log_sink){.level = options->config->log_level, .write = write_log_line};
    enum ph_status status = ph_home_identity(options->home, &identity, why);
    if (status == PH_OK)
        status = open_all(local, options, &identity, why);
    ph_wipe(&identity, sizeof identity);
    return status;
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
