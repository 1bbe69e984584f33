#include "tests/support/uv_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COMMAND_QUIT "\x91\xa4quit" /* what ends a run: answered with an empty map */

static struct ph_node *the_node;

enum ph_status ph_store_apply(struct ph_store *store, struct ph_batch *batch)
{
    (void)store;
    if (atomic_load(&batch->full_count) == 0)
        return the_node->applied;
    atomic_fetch_sub(&batch->full_count, 1);
    return PH_MAP_FULL;
}

enum ph_status ph_store_grow(struct ph_store *store)
{
    (void)store;
    the_node->grown++;
    return PH_OK;
}

bool ph_node_is_stopped(const struct ph_node *node)
{
    return node->is_stopped;
}

enum ph_status ph_node_failure(const struct ph_node *node)
{
    return node->failure;
}

static void answer_quit(struct ph_node *node)
{
    if (node->quit != 0 && node->wants_quit)
        node->env.ops->reply(node->env.impl, node->quit, ph_bytes("\x80", 1), true);
    if (node->wants_quit)
        node->quit = 0;
}

static void write_down(struct ph_node *node, const struct ph_event *event)
{
    switch (event->type) {
    case PH_EVENT_WAKE:
        node->wakes++;
        return;
    case PH_EVENT_CONN_UP:
        if (event->of.up.conn % 2 == 0)
            node->accepted = event->of.up.conn;
        else
            node->up = event->of.up.conn;
        return;
    case PH_EVENT_CONN_DATA:
        if (node->received + event->of.data.bytes.len <= sizeof node->bytes)
            memcpy(node->bytes + node->received, event->of.data.bytes.data,
                   event->of.data.bytes.len);
        node->received += event->of.data.bytes.len;
        return;
    case PH_EVENT_SENT:
        node->sent += event->of.sent.len;
        return;
    case PH_EVENT_CONN_DOWN:
        node->down = event->of.down.conn;
        snprintf(node->reason, sizeof node->reason, "%s", event->of.down.reason);
        return;
    case PH_EVENT_LISTENING:
        node->listenings++;
        node->beacon_port = event->of.listening.beacon_port;
        node->address_count = event->of.listening.address_count;
        if (node->address_count != 0)
            snprintf(node->address, sizeof node->address, "%s", event->of.listening.addresses[0]);
        return;
    case PH_EVENT_DATAGRAM:
        node->datagrams++;
        snprintf(node->host, sizeof node->host, "%s", event->of.datagram.host);
        return;
    case PH_EVENT_COMMITTED:
        node->committed = event->of.committed.status;
        return;
    case PH_EVENT_JOB_DONE:
        node->jobs_done++;
        return;
    case PH_EVENT_COMMAND:
        if (ph_bytes_equal(event->of.command.bytes, ph_bytes_text(COMMAND_QUIT)))
            node->quit = event->of.command.id;
        return;
    case PH_EVENT_COMMAND_GONE:
        node->gone++;
        return;
    case PH_EVENT_STOP:
        node->is_stopped = true;
        return;
    }
}

void ph_node_step(struct ph_node *node, const struct ph_event *event)
{
    CHECK(!node->in_step);
    node->in_step = true;
    CHECK(event->wall_ms > 0);
    write_down(node, event);
    if (node->script != NULL && node->script->on != NULL)
        node->script->on(node, event);
    answer_quit(node);
    node->in_step = false;
}

struct world *a_world(const struct script *script)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL)
        abort();
    CHECK_OK(ph_env_uv_new(NULL, &world->env));
    world->node.env = ph_env_uv_env(world->env);
    world->node.script = script;
    world->node.committed = PH_WAITING;
    snprintf(world->dir, sizeof world->dir, "/tmp/pharos-test-XXXXXX");
    CHECK(mkdtemp(world->dir) != NULL);
    the_node = &world->node;
    ph_env_uv_attach(world->env, &world->node, NULL);
    return world;
}

void end_world(struct world *world)
{
    CHECK_OK(ph_env_uv_stop(world->env));
    CHECK(ph_env_uv_free(world->env));
    rmdir(world->dir);
    free(world);
}

static void count_piece(void *impl, struct ph_bytes piece, bool is_last)
{
    int *count = impl;
    CHECK_BYTES(piece, ph_bytes("\x80", 1));
    CHECK(is_last);
    ++*count;
}

void run(struct world *world)
{
    int pieces = 0;
    CHECK_OK(ph_env_uv_command(world->env, ph_bytes_text(COMMAND_QUIT), &pieces, count_piece));
    assert_int_equal(pieces, 1);
    world->node.wants_quit = false;
}
