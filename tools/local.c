#include "tools/local.h"

#include "node/node.h"
#include "node/random_uv.h"
#include "store/view.h"
#include "tools/cli.h"
#include "tools/home_store.h"
#include "tools/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TOKEN_NAME "token" /* of the database, for the binding of a writer's secrets */

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

/* --- the store --- */

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
    struct ph_store_options options = {.path = path,
                                       .journal_path = journal,
                                       .writer = identity->has_writer ? &writer : NULL,
                                       .log = &local->log};
    enum ph_status status = ph_store_open(&options, &local->store, reason);
    if (status == PH_OK)
        return PH_OK;
    return ph_home_say(why, status, "%s",
                       reason[0] != 0 ? reason : "The store of this home can't be opened.");
}

/* The journal's beginning tells the rest: see store/README.md. */
static enum ph_status take_store(struct ph_local *local, const struct ph_home *home,
                                 const struct ph_identity *identity,
                                 struct ph_store_arrival *arrival, char why[PH_WHY_SIZE])
{
    PH_TRY(ph_home_take_store(home, &local->log, arrival, why));
    local->home = home;
    enum ph_status status = open_store(local, home, identity, why);
    if (status != PH_CORRUPT || arrival->is_set_aside)
        return status;
    PH_TRY(ph_home_set_store_aside(home, &local->log, why));
    return open_store(local, home, identity, why);
}

static enum ph_status apply(struct ph_local *local, struct ph_batch *batch)
{
    enum ph_status status = ph_store_apply(local->store, batch);
    while (status == PH_MAP_FULL) {
        PH_TRY(ph_store_grow(local->store));
        status = ph_store_apply(local->store, batch);
    }
    return status;
}

/* --- whose secrets these are --- */

static enum ph_status read_token(struct ph_store *store, uint8_t out[16], bool *is_there)
{
    struct ph_view view = {0};
    struct ph_bytes value;
    enum ph_status status = ph_view_open(store, &view);
    if (status == PH_OK)
        status = ph_view_meta(&view, TOKEN_NAME, &value);
    *is_there = status == PH_OK && value.len == 16;
    if (*is_there)
        memcpy(out, value.data, 16);
    ph_view_close(&view);
    return status == PH_NOT_FOUND ? PH_OK : status;
}

static enum ph_status make_token(struct ph_local *local, uint8_t out[16])
{
    struct ph_batch *batch = NULL;
    PH_TRY(ph_batch_new(&batch));
    ph_random_uv(out, 16);
    enum ph_status status = ph_batch_meta(batch, TOKEN_NAME, ph_bytes(out, 16));
    if (status == PH_OK)
        status = apply(local, batch);
    ph_batch_free(batch);
    return status;
}

/* What is here, and whether the secrets belong to it. Secrets that are bound to nothing yet belong
 * to the first database that they are used with: one that no others were bound to. */
static enum ph_status bind_writer(struct ph_local *local, struct ph_identity *identity,
                                  const struct ph_binding *bound, char why[PH_WHY_SIZE])
{
    const char *root = getenv("PHAROS_MACHINE_ROOT"); /* for tests */
    struct ph_binding *here = &local->keeper.binding;
    bool has_token = false;
    ph_machine_read(root == NULL ? "" : root, &here->machine);
    here->is_bound = true;
    PH_TRY(ph_home_born_ns(local->home, &here->born_ns, why));
    if (getenv("PHAROS_BIRTHS_UNKNOWN") !=
        NULL) /* for tests: an image of a disk is made of new files */
        here->born_ns = 0;
    enum ph_status status = read_token(local->store, here->token, &has_token);
    bool fits = bound->is_bound ? has_token && ph_binding_fits(bound, here) : !has_token;
    if (status == PH_OK && !has_token)
        status = make_token(local, here->token);
    if (status != PH_OK)
        return ph_home_say(why, status, "The node can't start: %s.", ph_status_text(status));
    if (!fits)
        ph_home_forget_writer(identity);
    if (!fits || bound->is_bound)
        return PH_OK;
    return identity->has_writer ? ph_home_bind(local->home, identity, here, why) : PH_OK;
}

/* --- the node --- */

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
        .keeper = {.renew = ph_home_renew, .impl = &local->keeper},
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
                               struct ph_identity *identity, char why[PH_WHY_SIZE])
{
    struct ph_binding bound;
    struct ph_store_arrival arrival;
    PH_TRY(ph_home_identity(options->home, identity, &bound, why));
    PH_TRY(take_store(local, options->home, identity, &arrival, why));
    local->keeper.home = options->home;
    PH_TRY(bind_writer(local, identity, &bound, why));
    enum ph_status status = ph_env_uv_new(&local->log, &local->env);
    if (status != PH_OK)
        return ph_home_say(why, status, "The node can't start: %s.", ph_status_text(status));
    PH_TRY(make_node(local, options, identity, why));
    ph_env_uv_attach(local->env, local->node, local->store);
    return PH_OK;
}

enum ph_status ph_local_open(struct ph_local *local, const struct ph_local_options *options,
                             char why[PH_WHY_SIZE])
{
    struct ph_identity identity = {0};
    local->log = (struct ph_log_sink){.level = options->config->log_level, .write = write_log_line};
    enum ph_status status = open_all(local, options, &identity, why);
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
    bool is_orderly =
        local->store != NULL && (local->node == NULL || ph_node_failure(local->node) == PH_OK);
    ph_node_free(local->node);
    ph_store_close(local->store);
    if (is_orderly)
        ph_home_leave_store(local->home);
    memset(local, 0, sizeof *local);
    return code;
}
