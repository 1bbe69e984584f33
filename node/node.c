#include "node/node.h"

#include <stdlib.h>

#include "node/author.h"
#include "node/beacon.h"
#include "node/claims.h"
#include "node/command.h"
#include "node/deadline.h"
#include "node/dial.h"
#include "node/host.h"
#include "node/ingest.h"
#include "node/notices.h"
#include "node/opening.h"
#include "node/peer.h"
#include "node/peers.h"
#include "node/penalty.h"
#include "node/publish.h"
#include "node/receipts.h"
#include "node/serve.h"
#include "node/spread.h"
#include "node/state.h"
#include "node/sync.h"
#include "node/want.h"
#include "node/writer.h"

/* --- beginning and end --- */

static void take_identity(struct ph_node *node, const struct ph_identity *identity)
{
    ph_sign_key_from_seed(identity->school_seed, &node->school_secret, node->school_key.bytes);
    node->school = node->school_key;
    ph_writer_take(node, identity);
    memcpy(node->school_name, identity->school_name, sizeof node->school_name);
    node->school_name[sizeof node->school_name - 1] = '\0';
}

static bool allocate(struct ph_node *node)
{
    node->logs.items = malloc(PH_LOGS_MAX * sizeof *node->logs.items);
    node->dial.items = calloc(PH_DIAL_END, sizeof *node->dial.items);
    node->heads = malloc(PH_LOGS_MAX * sizeof *node->heads);
    node->building = malloc(PH_FRAME_MESSAGE_MAX);
    node->arriving = malloc(PH_FRAME_MESSAGE_MAX);
    node->plain = malloc(PH_FRAME_PLAIN_MAX);
    node->sealed = malloc(PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX);
    node->skeleton = malloc(PH_BODY_MAX);
    node->content = malloc(PH_BODY_MAX);
    node->commands.answer = malloc(PH_COMMAND_BYTES_MAX);
    return node->logs.items != NULL && node->dial.items != NULL && node->heads != NULL &&
           node->building != NULL && node->arriving != NULL && node->plain != NULL &&
           node->sealed != NULL && node->skeleton != NULL && node->content != NULL &&
           node->commands.answer != NULL && ph_packer_init(&node->packer) == PH_OK;
}

static enum ph_status load(struct ph_node *node)
{
    PH_TRY(ph_author_load(node));
    PH_TRY(ph_ingest_load(node));
    PH_TRY(ph_notices_load(node));
    PH_TRY(ph_claims_load(node));
    PH_TRY(ph_writer_load(node));
    PH_TRY(ph_receipts_load(node));
    PH_TRY(ph_dial_load(node));
    PH_TRY(ph_publish_read(node));
    return ph_host_read(node);
}

enum ph_status ph_node_new(const struct ph_node_config *config, struct ph_node **out)
{
    struct ph_node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return PH_NO_MEMORY;
    node->env = config->env;
    node->store = config->store;
    node->keeper = config->keeper;
    node->log = config->log;
    node->is_serving = config->is_serving;
    node->alarm_ms = UINT64_MAX;
    node->own_log = -1;
    node->dial.next_conn = 1;
    node->publishing.due_ms = UINT64_MAX;
    node->spread.lag_ms = PH_GRAFT_MS_MAX / 2; /* nothing is known of it */
    node->spread.judged_ms = UINT64_MAX;
    take_identity(node, config->identity);
    enum ph_status status = allocate(node) ? load(node) : PH_NO_MEMORY;
    if (status != PH_OK) {
        ph_node_free(node);
        return status;
    }
    for (size_t i = 0; i < config->address_count; i++)
        if (ph_dial_add(node, ph_bytes_text(config->addresses[i]), true) < 0)
            ph_log(node->log, PH_LOG_WARN, "%s is not an address", config->addresses[i]);
    *out = node;
    return PH_OK;
}

static void free_peers(struct ph_node *node)
{
    for (size_t i = 0; i < node->peers_end; i++) {
        free(node->peers[i].input);
        free(node->peers[i].logs);
        free(node->peers[i].news);
        free(node->peers[i].facts_theirs);
    }
}

void ph_node_free(struct ph_node *node)
{
    if (node == NULL)
        return;
    assert(node->ingest.under_way == NULL && node->jobs_out == 0);
    free_peers(node);
    ph_command_free_all(node);
    ph_receipts_free(node);
    ph_batch_free(node->ingest.gathering);
    ph_facts_free(node->facts);
    ph_packer_deinit(&node->packer);
    free(node->logs.items);
    free(node->logs.holes);
    free(node->dial.items);
    free(node->heads);
    free(node->building);
    free(node->arriving);
    free(node->plain);
    free(node->sealed);
    free(node->skeleton);
    free(node->content);
    free(node->commands.answer);
    ph_wipe(node, sizeof *node);
    free(node);
}

/* --- steps --- */

static void announce(struct ph_node *node)
{
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        enum ph_status status = PH_OK;
        if (peer->state != PH_PEER_OPEN)
            continue;
        status = ph_opening_on_committed(node, peer);
        if (peer->state != PH_PEER_OPEN)
            continue;
        if (status == PH_OK)
            status = ph_sync_announce(node, peer);
        if (status == PH_OK)
            status = ph_serve_pump(node, peer);
        ph_penalty_apply(node, peer, status, "announcing");
    }
}

/* The disk was full: what was pending is forgotten, connections begin anew. */
static void take_back(struct ph_node *node)
{
    ph_log(node->log, PH_LOG_ERROR, "the disk is full: what came last was not saved");
    ph_command_on_committed(node, node->ingest.generation, PH_NO_SPACE);
    ph_peers_end_all(node, PH_END_STOPPING);
    enum ph_status status = ph_author_load(node);
    if (status == PH_OK)
        status = ph_ingest_load(node);
    if (status == PH_OK)
        status = ph_notices_load(node);
    if (status == PH_OK)
        status = ph_claims_load(node);
    if (status != PH_OK)
        ph_penalty_fail(node, status, "reading the store");
    else
        ph_writer_on_full_disk(node);
    ph_receipts_on_full_disk(node);
}

static void on_committed(struct ph_node *node, struct ph_batch *batch, enum ph_status status)
{
    status = ph_ingest_on_committed(node, batch, status);
    if (status == PH_NO_SPACE) {
        take_back(node);
        return;
    }
    if (status != PH_OK) {
        ph_penalty_fail(node, status, "a commit of unknown outcome");
        return;
    }
    ph_command_on_committed(node, node->ingest.generation_under_way, PH_OK);
    status = ph_publish_on_committed(node);
    if (status == PH_OK)
        status = ph_host_on_committed(node);
    if (ph_status_blame(status) == PH_BLAME_LOCAL)
        ph_penalty_fail(node, status, "reading records");
    status = ph_receipts_on_committed(node);
    if (status != PH_OK)
        ph_penalty_fail(node, status, "keeping a receipt");
    announce(node);
}

static void on_wake(struct ph_node *node)
{
    node->alarm_ms = UINT64_MAX;
    enum ph_status status =
        node->membership == PH_MEMBERSHIP_JOINING ? ph_author_settle(node) : PH_OK;
    if (ph_status_blame(status) == PH_BLAME_LOCAL) {
        ph_penalty_fail(node, status, "certifying"); /* facts taken may be in no batch */
        return;
    }
    if (status != PH_OK)
        ph_log(node->log, PH_LOG_WARN, "admitted, but not certified yet");
    ph_peer_on_wake(node);
    ph_beacon_on_wake(node);
    ph_publish_on_wake(node);
    ph_peers_dial_due(node);
}

static void dispatch(struct ph_node *node, const struct ph_event *event)
{
    switch (event->type) {
    case PH_EVENT_WAKE:
        on_wake(node);
        return;
    case PH_EVENT_CONN_UP:
        ph_peer_on_up(node, event->of.up.conn, event->of.up.address);
        return;
    case PH_EVENT_CONN_DATA:
        ph_peer_on_data(node, event->of.data.conn, event->of.data.bytes);
        return;
    case PH_EVENT_SENT:
        ph_peer_on_sent(node, event->of.sent.conn, event->of.sent.len);
        return;
    case PH_EVENT_CONN_DOWN:
        ph_peer_on_down(node, event->of.down.conn, event->of.down.reason);
        return;
    case PH_EVENT_LISTENING:
        ph_beacon_on_listening(node, event->of.listening.beacon_port);
        ph_publish_on_listening(node, event->of.listening.addresses,
                                event->of.listening.address_count);
        return;
    case PH_EVENT_DATAGRAM:
        ph_beacon_on_datagram(node, event->of.datagram.host, event->of.datagram.bytes);
        return;
    case PH_EVENT_COMMITTED:
        on_committed(node, event->of.committed.batch, event->of.committed.status);
        return;
    case PH_EVENT_JOB_DONE:
        node->jobs_out--;
        if (!ph_writer_on_job_done(node, event->of.done.job))
            ph_command_on_job_done(node, event->of.done.job);
        return;
    case PH_EVENT_COMMAND:
        ph_command_on_command(node, event->of.command.id, event->of.command.bytes);
        return;
    case PH_EVENT_COMMAND_GONE:
        ph_command_on_gone(node, event->of.command.id);
        return;
    case PH_EVENT_STOP:
        node->is_stopping = true;
        ph_peers_end_all(node, PH_END_STOPPING);
        return;
    }
}

void ph_node_step(struct ph_node *node, const struct ph_event *event)
{
    node->now_ms = event->now_ms;
    node->wall_ms = event->wall_ms;
    if (node->failure != PH_OK && event->type != PH_EVENT_COMMITTED &&
        event->type != PH_EVENT_JOB_DONE)
        return;
    dispatch(node, event);
    ph_writer_check(node);
    ph_command_check(node);
    ph_want_pull(node);
    ph_spread_heal(node);
    ph_receipts_pump(node);
    ph_ingest_flush(node);
    ph_deadline_set_alarm(node);
}

bool ph_node_is_stopped(const struct ph_node *node)
{
    return node->is_stopping && node->jobs_out == 0 &&
           (ph_ingest_is_quiet(node) || node->failure != PH_OK);
}

enum ph_status ph_node_failure(const struct ph_node *node)
{
    return node->failure;
}
