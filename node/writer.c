#include "node/writer.h"

#include <stdlib.h>

#include "node/author.h"
#include "node/beacon.h"
#include "node/command.h"
#include "node/dial.h"
#include "node/ingest.h"
#include "node/notices.h"
#include "node/peers.h"
#include "node/penalty.h"

#define META_ENDED "ended" /* the writer that signs nothing any more, and why */

struct ph_renewal {
    struct ph_job job; /* first */
    struct ph_keeper keeper;
    uint16_t serial;
    struct ph_identity identity;
    enum ph_status status;
};

void ph_writer_take(struct ph_node *node, const struct ph_identity *identity)
{
    node->has_writer = identity->has_writer;
    if (!identity->has_writer)
        return;
    ph_sign_key_from_seed(identity->writer_seed, &node->writer_secret, node->writer.bytes);
    memcpy(node->transport_secret.bytes, identity->transport_secret,
           sizeof node->transport_secret.bytes);
    node->transport = ph_agree_public_of(&node->transport_secret);
    node->serial = identity->serial;
}

/* --- the end of one --- */

static void give_up(struct ph_node *node, enum ph_notice_type why)
{
    node->has_writer = false;
    node->own_log = -1;
    node->writer_change.why = why;
    node->writer_change.is_to_be_told = true;
    ph_wipe(&node->writer_secret, sizeof node->writer_secret);
}

/* New secrets that the last life had no time to certify: nobody was told why yet. */
static bool is_on_its_way(const struct ph_node *node)
{
    return node->membership == PH_MEMBERSHIP_MEMBER && node->own_log < 0 &&
           ph_facts_certify_count(node->facts, &node->school) != 0;
}

static enum ph_status load_ended(struct ph_node *node)
{
    struct ph_view view = {0};
    struct ph_bytes value;
    enum ph_notice_type why = PH_NOTICE_COPIED;
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = ph_view_meta(&view, META_ENDED, &value);
    if (status == PH_OK && value.len != sizeof node->writer.bytes + 1)
        status = PH_CORRUPT;
    if (status == PH_OK)
        why = (enum ph_notice_type)value.data[sizeof node->writer.bytes];
    if (status == PH_OK && memcmp(value.data, node->writer.bytes, sizeof node->writer.bytes) == 0)
        give_up(node, why);
    node->writer_change.is_to_be_told = node->writer_change.is_to_be_told || is_on_its_way(node);
    node->writer_change.why = why;
    ph_view_close(&view);
    return status == PH_NOT_FOUND ? PH_OK : status;
}

enum ph_status ph_writer_load(struct ph_node *node)
{
    if (ph_store_is_in_doubt(node->store)) {
        give_up(node, PH_NOTICE_DOUBT);
        return PH_OK;
    }
    if (!node->has_writer) {
        give_up(node, PH_NOTICE_COPIED);
        return PH_OK;
    }
    return load_ended(node);
}

enum ph_status ph_writer_end(struct ph_node *node, enum ph_notice_type why)
{
    uint8_t ended[sizeof node->writer.bytes + 1];
    struct ph_batch *batch = NULL;
    if (!node->has_writer)
        return PH_OK;
    enum ph_status status = ph_ingest_batch(node, &batch);
    if (status == PH_PARTIAL)
        batch = node->ingest.gathering; /* with what shows it, however full that is */
    else if (status != PH_OK)
        return status;
    memcpy(ended, node->writer.bytes, sizeof node->writer.bytes);
    ended[sizeof ended - 1] = (uint8_t)why;
    PH_TRY(ph_batch_meta(batch, META_ENDED, ph_bytes(ended, sizeof ended)));
    give_up(node, why);
    ph_log(node->log, PH_LOG_WARN, "this installation becomes a new writer");
    return PH_OK;
}

/* --- a new one --- */

static void run_renewal(struct ph_job *job)
{
    struct ph_renewal *renewal = (struct ph_renewal *)job;
    renewal->status =
        renewal->keeper.renew(renewal->keeper.impl, renewal->serial, &renewal->identity);
}

/* The next serial number by the facts held. With all of them used up it is the last one once more:
 * the secrets then serve for talking, and are not certified. */
static uint16_t next_serial(const struct ph_node *node)
{
    uint32_t next = node->facts == NULL ? 0 : ph_facts_next_serial(node->facts, &node->school);
    return (uint16_t)(next < PH_WRITERS_MAX ? next : PH_WRITERS_MAX - 1);
}

static void ask(struct ph_node *node)
{
    struct ph_renewal *renewal = calloc(1, sizeof *renewal);
    if (renewal == NULL)
        return; /* the next step tries again */
    renewal->job.run = run_renewal;
    renewal->keeper = node->keeper;
    renewal->serial = next_serial(node);
    node->writer_change.renewal = renewal;
    node->jobs_out++;
    node->env.ops->job(node->env.impl, &renewal->job);
}

/* Sessions are known by the transport key: they begin anew under the new one. */
static void use(struct ph_node *node, const struct ph_identity *identity)
{
    ph_peers_end_all(node, PH_END_DONE);
    ph_writer_take(node, identity);
    ph_dial_all_soon(node);
    ph_beacon_soon(node);
    if (node->membership == PH_MEMBERSHIP_NONE)
        node->writer_change.is_to_be_told = false; /* nothing was written with the old ones */
    node->writer_change.failure = NULL;
    ph_log(node->log, PH_LOG_INFO, "installation number %u", node->serial + 1u);
}

bool ph_writer_on_job_done(struct ph_node *node, struct ph_job *job)
{
    struct ph_renewal *renewal = node->writer_change.renewal;
    if (renewal == NULL || job != &renewal->job)
        return false;
    node->writer_change.renewal = NULL;
    if (renewal->status == PH_OK) {
        use(node, &renewal->identity);
    } else {
        node->writer_change.retry_ms = node->now_ms + PH_FULL_DISK_MS;
        node->writer_change.failure = "The keys of this installation can't be written to its home.";
        ph_log(node->log, PH_LOG_ERROR, "no new writer: %s", ph_status_text(renewal->status));
    }
    ph_wipe(renewal, sizeof *renewal);
    free(renewal);
    if (ph_writer_state(node) != PH_WRITER_COMING) /* a member is certified first */
        ph_command_on_writer(node);
    return true;
}

static bool is_used_up(const struct ph_node *node)
{
    return ph_facts_next_serial(node->facts, &node->school) >= PH_WRITERS_MAX;
}

/* A member's new writer: its certificate, and the notice that says why, in one batch. The notice
 * first: should the batch be full with it, the certificate is tried again, and all is told
 * already. */
static enum ph_status certify(struct ph_node *node)
{
    if (is_used_up(node)) {
        node->writer_change.retry_ms = UINT64_MAX;
        node->writer_change.failure =
            "This school has had as many installations as it may have: it reads, and can't write.";
        return PH_OK;
    }
    if (node->writer_change.is_to_be_told)
        PH_TRY(ph_notices_add(node, node->writer_change.why));
    node->writer_change.is_to_be_told = false;
    PH_TRY(ph_author_certify(node));
    node->writer_change.failure = NULL;
    return PH_OK;
}

static bool may_try(const struct ph_node *node)
{
    return !node->is_stopping && node->failure == PH_OK && node->writer_change.renewal == NULL &&
           node->now_ms >= node->writer_change.retry_ms;
}

static bool is_to_be_certified(const struct ph_node *node)
{
    return node->has_writer && node->membership == PH_MEMBERSHIP_MEMBER && node->own_log < 0 &&
           ph_author_may_sign(node);
}

/* What it writes in its log would have no effect: the school was away and came back, has another
 * key, or has closed it. */
static bool is_log_bounded(const struct ph_node *node)
{
    const struct ph_fact_id *certify = &node->logs.items[node->own_log].row.certify;
    return ph_bounds_log(node->facts, ph_facts_find(node->facts, certify));
}

static bool is_bounded(const struct ph_node *node)
{
    return node->has_writer && node->own_log >= 0 && ph_bounds_any(node->facts, &node->school) &&
           ph_author_may_sign(node) && is_log_bounded(node);
}

static void go_on(struct ph_node *node)
{
    if (!may_try(node))
        return;
    if (!node->has_writer) {
        ask(node);
        return;
    }
    enum ph_status status = is_to_be_certified(node) ? certify(node) : PH_OK;
    if (status != PH_OK) {
        ph_log(node->log, PH_LOG_WARN, "not certified yet: %s", ph_status_text(status));
        node->writer_change.retry_ms = node->now_ms + PH_DIAL_MS_MIN;
        if (ph_status_blame(status) == PH_BLAME_LOCAL)
            ph_penalty_fail(node, status, "certifying"); /* facts taken may be in no batch */
        else if (status == PH_REFUSED)
            node->writer_change.failure =
                "This school has signed as many facts of membership as it "
                "may: this installation can't be certified.";
    }
}

void ph_writer_on_full_disk(struct ph_node *node)
{
    if (!is_to_be_certified(node))
        return;
    node->writer_change.is_to_be_told = is_on_its_way(node);
    node->writer_change.retry_ms = node->ingest.full_until_ms;
    node->writer_change.failure =
        "The disk is full: this installation can't be certified, and so it can't write.";
}

/* Commands wait only while there is something to wait for, whichever way it came to its end. */
void ph_writer_check(struct ph_node *node)
{
    if (may_try(node) && is_bounded(node) && ph_writer_end(node, PH_NOTICE_BOUNDED) != PH_OK)
        ph_log(node->log, PH_LOG_DEBUG, "a new writer has to wait");
    go_on(node);
    if (ph_writer_state(node) != PH_WRITER_COMING)
        ph_command_on_writer(node);
}

/* --- questions --- */

/* Its keys are others by now, or what it writes in its log has no effect. */
static bool must_be_enrolled_anew(const struct ph_node *node)
{
    return node->own_log < 0 || is_log_bounded(node);
}

/* What the network has decided against this school or key; NULL: nothing. */
static const char *bar(const struct ph_node *node)
{
    if (node->membership != PH_MEMBERSHIP_MEMBER || !ph_facts_knows(node->facts, &node->school))
        return NULL;
    if (ph_facts_is_removed(node->facts, &node->school))
        return "This school is not in the network any more: it reads what it has, and what it "
               "writes would be shown to nobody. The others can vote to restore it.";
    if (!ph_facts_speaks(node->facts, ph_author_key(node)))
        return "The network has given this school another key: this installation reads what it "
               "has, and what it writes would be shown to nobody.";
    if (ph_author_is_enrolled(node) && must_be_enrolled_anew(node))
        return "This PC can't write any more as the one that was added to its school: set it up "
               "with an empty home, and add it again with «pharos writer add».";
    return NULL;
}

const char *ph_writer_failure(const struct ph_node *node)
{
    const char *why = bar(node);
    return why != NULL ? why : node->writer_change.failure;
}

enum ph_writer_state ph_writer_state(const struct ph_node *node)
{
    if (bar(node) != NULL)
        return PH_WRITER_REFUSED;
    bool is_certified = node->membership != PH_MEMBERSHIP_MEMBER || node->own_log >= 0;
    if (node->has_writer && is_certified)
        return PH_WRITER_READY;
    return node->writer_change.failure != NULL ? PH_WRITER_REFUSED : PH_WRITER_COMING;
}

uint64_t ph_writer_next_ms(const struct ph_node *node)
{
    bool is_waiting = !node->has_writer || is_to_be_certified(node);
    if (!is_waiting || node->writer_change.renewal != NULL || node->is_stopping)
        return UINT64_MAX;
    return node->writer_change.retry_ms;
}
