/* Commands about the node itself: status, verify, rebuild. */
#include <stdlib.h>

#include "node/command.h"
#include "node/command_list.h"
#include "node/command_safe.h"
#include "node/ends.h"
#include "node/ingest.h"
#include "node/names.h"
#include "node/notices.h"
#include "node/witness.h"
#include "store/verify.h"

/* --- status --- */

static uint64_t entries_of(const struct ph_node *node, const struct ph_school_id *school)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < node->logs.count; i++)
        if (ph_school_id_equal(&node->logs.items[i].row.school, school))
            count += node->logs.items[i].durable.seq - node->logs.items[i].row.base_seq;
    return count;
}

static void answer_members(struct ph_node *node, const struct ph_view *view, struct ph_buffer *out)
{
    struct ph_member members[PH_SCHOOLS_MAX];
    uint32_t count =
        node->facts == NULL ? 0 : ph_facts_members(node->facts, members, PH_SCHOOLS_MAX);
    count = count < PH_SCHOOLS_MAX ? count : PH_SCHOOLS_MAX;
    ph_answer_key(out, "members");
    ph_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        ph_pack_map(out, 5);
        ph_answer_hex(out, "school", members[i].school.bytes, sizeof members[i].school.bytes);
        ph_answer_text(out, "name", ph_names_in(view, &members[i].school).text);
        ph_answer_bool(out, "voter", members[i].is_voter);
        ph_answer_bool(out, "removed", members[i].is_removed);
        ph_answer_uint(out, "entries", entries_of(node, &members[i].school));
    }
}

/* Entries that we hold and they have not said they hold. */
static uint64_t lacks(const struct ph_node *node, const struct ph_peer *peer)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        uint32_t theirs = peer->logs[i].theirs;
        theirs = theirs > log->row.base_seq ? theirs : log->row.base_seq;
        if (theirs < log->durable.seq && ph_ends_is_in_root(log))
            count += log->durable.seq - theirs;
    }
    return count;
}

static void answer_peer(struct ph_node *node, const struct ph_view *view,
                        const struct ph_peer *peer, struct ph_buffer *out)
{
    bool is_equal = peer->has_their_root && ph_root_equal(&peer->their_root, &node->logs.root);
    ph_pack_map(out, 8);
    ph_answer_hex(out, "school", peer->school.bytes, sizeof peer->school.bytes);
    ph_answer_text(out, "name", ph_names_in(view, &peer->school).text);
    ph_answer_text(out, "address", peer->address);
    ph_answer_bool(out, "equal", is_equal);
    ph_answer_uint(out, "lacks", is_equal ? 0 : lacks(node, peer));
    ph_answer_bool(out, "withholds", ph_witness_suspects(peer));
    ph_answer_uint(out, "bytes_in", peer->bytes_in);
    ph_answer_uint(out, "bytes_out", peer->bytes_out);
}

static void answer_peers(struct ph_node *node, const struct ph_view *view, struct ph_buffer *out)
{
    uint32_t count = 0;
    for (size_t i = 0; i < node->peers_end; i++)
        count += node->peers[i].state == PH_PEER_OPEN;
    ph_answer_key(out, "peers");
    ph_pack_array(out, count);
    for (size_t i = 0; i < node->peers_end; i++)
        if (node->peers[i].state == PH_PEER_OPEN)
            answer_peer(node, view, &node->peers[i], out);
}

static void answer_addresses(const struct ph_node *node, struct ph_buffer *out)
{
    ph_answer_key(out, "addresses");
    ph_pack_array(out, node->dial.count);
    for (uint32_t i = 0; i < node->dial.count; i++) {
        ph_pack_map(out, 2);
        ph_answer_text(out, "address", node->dial.items[i].text);
        ph_answer_text(out, "failure", node->dial.items[i].failure);
    }
}

static void answer_traffic(const struct ph_node *node, struct ph_buffer *out)
{
    uint64_t bytes_in = node->bytes_in, bytes_out = node->bytes_out;
    for (size_t i = 0; i < node->peers_end; i++) {
        bytes_in += node->peers[i].bytes_in;
        bytes_out += node->peers[i].bytes_out;
    }
    ph_answer_uint(out, "bytes_in", bytes_in);
    ph_answer_uint(out, "bytes_out", bytes_out);
}

static void answer_notices(const struct ph_node *node, struct ph_buffer *out)
{
    ph_answer_key(out, "notices");
    ph_pack_array(out, node->notice_count);
    for (uint32_t i = 0; i < node->notice_count; i++) {
        char text[PH_NOTICE_TEXT_MAX];
        ph_notice_text(&node->notices[i], text);
        ph_pack_map(out, 2);
        ph_answer_text(out, "text", text);
        ph_answer_key(out, "time_ms");
        ph_pack_int(out, node->notices[i].wall_ms);
    }
}

static const char *state_text(const struct ph_node *node)
{
    switch (node->membership) {
    case PH_MEMBERSHIP_NONE:
        return "none";
    case PH_MEMBERSHIP_JOINING:
        return "joining";
    case PH_MEMBERSHIP_MEMBER:
        return ph_facts_is_removed(node->facts, &node->school) ? "removed" : "member";
    }
    return "none";
}

static void answer_network(const struct ph_node *node, struct ph_buffer *out)
{
    const struct ph_fact *founding = node->facts != NULL ? ph_facts_founding(node->facts) : NULL;
    ph_answer_text(out, "state", state_text(node));
    ph_answer_hex(out, "network", node->network.bytes,
                  node->membership != PH_MEMBERSHIP_NONE ? sizeof node->network.bytes : 0);
    ph_answer_key(out, "network_name");
    ph_pack_text(out, founding != NULL ? founding->of.found.name : ph_bytes(NULL, 0));
}

enum ph_status ph_command_status(struct ph_node *node, struct ph_request *request)
{
    struct ph_buffer *out = &request->answer;
    struct ph_view view = {0};
    uint64_t records = 0, backlog = 0;
    PH_TRY(ph_unpack_end(&request->args));
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = ph_view_record_count(&view, &records);
    if (status == PH_OK)
        status = ph_view_backlog(&view, &backlog);
    if (status == PH_OK) {
        ph_pack_map(out, 18);
        ph_answer_hex(out, "school", node->school.bytes, sizeof node->school.bytes);
        ph_answer_text(out, "name", node->school_name);
        ph_answer_hex(out, "writer", node->writer.bytes,
                      node->has_writer ? sizeof node->writer.bytes : 0);
        answer_network(node, out);
        ph_answer_hex(out, "root", node->logs.root.bytes, sizeof node->logs.root.bytes);
        ph_answer_uint(out, "facts", node->ingest.facts_durable);
        ph_answer_uint(out, "records", records);
        ph_answer_uint(out, "backlog", backlog);
        ph_answer_uint(out, "holes", node->logs.hole_count);
        answer_members(node, &view, out);
        answer_peers(node, &view, out);
        answer_addresses(node, out);
        answer_traffic(node, out);
        answer_notices(node, out);
        status = ph_safe_answer_own(node, &view, out);
    }
    ph_view_close(&view);
    return status;
}

/* --- verify --- */

struct verify_job {
    struct ph_job job; /* first */
    struct ph_store *store;
    struct ph_verify_report report;
    enum ph_status status;
};

static void run_verify(struct ph_job *job)
{
    struct verify_job *verify = (struct verify_job *)job;
    verify->status = ph_store_verify(verify->store, &verify->report);
}

enum ph_status ph_command_verify(struct ph_node *node, struct ph_request *request)
{
    PH_TRY(ph_unpack_end(&request->args));
    if (ph_command_has_waiting(node, PH_WAIT_JOB))
        return ph_refuse(request, "The store is being verified already.");
    struct verify_job *verify = calloc(1, sizeof *verify);
    if (verify == NULL)
        return PH_NO_MEMORY;
    verify->job.run = run_verify;
    verify->store = node->store;
    node->jobs_out++;
    request->wait = PH_WAIT_JOB;
    node->env.ops->job(node->env.impl, &verify->job);
    return PH_OK;
}

void ph_command_verify_answer(struct ph_job *job, struct ph_buffer *answer)
{
    struct verify_job *verify = (struct verify_job *)job;
    const struct ph_verify_report *report = &verify->report;
    const char *damage = report->damage;
    if (damage[0] == '\0' && verify->status != PH_OK)
        damage = ph_status_text(verify->status);
    ph_pack_map(answer, 8);
    ph_answer_uint(answer, "facts", report->fact_count);
    ph_answer_uint(answer, "logs", report->log_count);
    ph_answer_uint(answer, "entries", report->entry_count);
    ph_answer_uint(answer, "signatures", report->signature_count);
    ph_answer_uint(answer, "records", report->record_count);
    ph_answer_uint(answer, "holes", report->hole_count);
    ph_answer_uint(answer, "damaged", report->damage_count);
    ph_answer_text(answer, "damage", damage);
    free(verify);
}

/* --- rebuild --- */

enum ph_status ph_command_rebuild(struct ph_node *node, struct ph_request *request)
{
    struct ph_batch *batch = NULL;
    PH_TRY(ph_unpack_end(&request->args));
    PH_TRY(ph_ingest_batch(node, &batch));
    ph_batch_rebuild(batch);
    request->wait = PH_WAIT_REBUILD;
    return PH_OK;
}

bool ph_command_rebuild_is_done(struct ph_node *node, struct ph_buffer *answer, char error[256])
{
    struct ph_view view = {0};
    uint64_t records = 0;
    if (!ph_ingest_is_quiet(node) || node->ingest.is_behind)
        return false;
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = ph_view_record_count(&view, &records);
    ph_view_close(&view);
    if (status != PH_OK) {
        snprintf(error, 256, "Records are made anew, but can't be counted: %s.",
                 ph_status_text(status));
        return true;
    }
    ph_pack_map(answer, 1);
    ph_answer_uint(answer, "records", records);
    return true;
}
