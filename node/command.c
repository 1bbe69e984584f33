#include "node/command.h"

#include <stdlib.h>

#include "node/author.h"
#include "node/command_list.h"
#include "node/ingest.h"
#include "node/penalty.h"
#include "node/writer.h"

/* What a command takes. */
#define NETWORK 1u       /* to be in one, or on the way */
#define MEMBER (2u | 1u) /* to be a member */
#define WRITER 4u        /* the secrets of this installation: what signs or talks */
#define SIGNS (MEMBER | WRITER)
#define VOUCHES (SIGNS | 8u) /* the key of the school */
#define READS 16u            /* nothing but what is there: it never waits */

static const struct {
    const char *name;
    ph_command_action *action;
    unsigned needs;
} table[] = {
    {"network_new", ph_command_network_new, WRITER},
    {"invite", ph_command_invite, SIGNS},
    {"invite_successor", ph_command_invite_successor, SIGNS},
    {"join", ph_command_join, WRITER},
    {"member_request", ph_command_member_request, NETWORK | READS},
    {"member_admit", ph_command_member_admit, SIGNS},
    {"members", ph_command_members, NETWORK | READS},
    {"confirm", ph_command_confirm, VOUCHES},
    {"member_remove", ph_command_member_remove, VOUCHES},
    {"member_restore", ph_command_member_restore, VOUCHES},
    {"member_succeed", ph_command_member_succeed, VOUCHES},
    {"member_leave", ph_command_member_leave, VOUCHES},
    {"policy", ph_command_policy, NETWORK | READS},
    {"policy_set", ph_command_policy_set, VOUCHES},
    {"host_list", ph_command_host_list, MEMBER | READS},
    {"host_propose", ph_command_host_propose, SIGNS},
    {"host_accept", ph_command_host_accept, SIGNS},
    {"host_handover", ph_command_host_handover, SIGNS},
    {"host_take", ph_command_host_take, SIGNS},
    {"writers", ph_command_writers, MEMBER | READS},
    {"writer_add", ph_command_writer_add, VOUCHES},
    {"writer_close", ph_command_writer_close, VOUCHES},
    {"sync", ph_command_sync, NETWORK | WRITER},
    {"doctor", ph_command_doctor, NETWORK | WRITER},
    {"doctor_school", ph_command_doctor_school, NETWORK | READS},
    {"new", ph_command_new, SIGNS},
    {"set", ph_command_set, SIGNS},
    {"add", ph_command_add, SIGNS},
    {"remove", ph_command_remove, SIGNS},
    {"show", ph_command_show, READS},
    {"list", ph_command_list, READS},
    {"log", ph_command_log, READS},
    {"status", ph_command_status, READS},
    {"why", ph_command_why, NETWORK | READS},
    {"verify", ph_command_verify, 0},
    {"rebuild", ph_command_rebuild, 0},
};

static bool takes(unsigned needs, unsigned all)
{
    return (needs & all) == all;
}

/* --- answers --- */

static void answer_error(struct ph_node *node, ph_command_id id, const char *sentence)
{
    uint8_t bytes[300];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    ph_pack_map(&out, 1);
    ph_answer_text(&out, "error", sentence);
    node->env.ops->reply(node->env.impl, id, ph_buffer_bytes(&out), true);
}

/* --- waiting --- */

static void release(struct ph_wait *wait)
{
    free(wait->bytes);
    *wait = (struct ph_wait){.what = PH_WAIT_NOTHING};
}

void ph_command_free_all(struct ph_node *node)
{
    for (size_t i = 0; i < PH_COMMANDS_MAX; i++)
        release(&node->commands.waits[i]);
}

static bool keep_waiting(struct ph_node *node, const struct ph_request *request)
{
    /* What an answer after the commit will say is known now; a record that is being written, or a
     * writer that is coming, has the whole request run again. */
    bool again = request->wait == PH_WAIT_RECORD || request->wait == PH_WAIT_WRITER;
    struct ph_bytes keep = again ? request->bytes : ph_buffer_bytes(&request->answer);
    for (size_t i = 0; i < PH_COMMANDS_MAX; i++) {
        struct ph_wait *wait = &node->commands.waits[i];
        if (wait->what != PH_WAIT_NOTHING)
            continue;
        uint8_t *bytes = malloc(keep.len + 1);
        if (bytes == NULL)
            return false;
        if (keep.len != 0)
            memcpy(bytes, keep.data, keep.len);
        *wait = (struct ph_wait){.what = request->wait,
                                 .command = request->id,
                                 .generation = node->ingest.generation,
                                 .deadline_ms = request->deadline_ms,
                                 .address_index = request->address_index,
                                 .bytes = bytes,
                                 .len = keep.len};
        return true;
    }
    return false;
}

/* --- running --- */

static size_t count_waits(const struct ph_node *node)
{
    size_t count = 0;
    for (size_t i = 0; i < PH_COMMANDS_MAX; i++)
        count += node->commands.waits[i].what != PH_WAIT_NOTHING;
    return count;
}

static enum ph_status check_place(struct ph_node *node, struct ph_request *request, unsigned needs)
{
    if (takes(needs, NETWORK) && node->membership == PH_MEMBERSHIP_NONE)
        return ph_refuse(request,
                         "This school is in no network yet: found one with «pharos network "
                         "new NAME», or join one with «pharos join CODE».");
    if (takes(needs, MEMBER) && node->membership == PH_MEMBERSHIP_JOINING)
        return ph_refuse(request, "This school waits to be admitted: connect it to the school that "
                                  "sent the invitation.");
    if (takes(needs, VOUCHES) && ph_author_is_enrolled(node))
        return ph_refuse(request, "Only the PC that has the school's key can do that: this one was "
                                  "added by it.");
    if (!takes(needs, READS) && count_waits(node) == PH_COMMANDS_MAX)
        return ph_refuse(request, "Too many commands are waiting; try again in a moment.");
    return PH_OK;
}

static enum ph_status check_writer(struct ph_node *node, struct ph_request *request)
{
    switch (ph_writer_state(node)) {
    case PH_WRITER_READY:
        return PH_OK;
    case PH_WRITER_COMING:
        request->wait = PH_WAIT_WRITER;
        return PH_WAITING;
    case PH_WRITER_REFUSED:
        return ph_refuse(request, "%s", ph_writer_failure(node));
    }
    return PH_OK;
}

static enum ph_status run_named(struct ph_node *node, struct ph_request *request)
{
    PH_TRY(ph_pack_scan_local(request->bytes));
    request->args = ph_unpack_scanned(request->bytes);
    uint32_t count = ph_unpack_array(&request->args);
    struct ph_bytes name = ph_unpack_text(&request->args);
    if (count == 0 || request->args.failed)
        return PH_MALFORMED;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (!ph_bytes_equal(name, ph_bytes_text(table[i].name)))
            continue;
        PH_TRY(check_place(node, request, table[i].needs));
        enum ph_status status = takes(table[i].needs, WRITER) ? check_writer(node, request) : PH_OK;
        if (status != PH_OK)
            return status == PH_WAITING ? PH_OK : status;
        return table[i].action(node, request);
    }
    return ph_refuse(request, "There is no such command.");
}

static const char *sentence_for(const struct ph_request *request, enum ph_status status)
{
    if (request->error[0] != '\0')
        return request->error;
    if (status == PH_REFUSED)
        return "This school has signed as many facts of membership as it may: it can't invite, "
               "admit or confirm any more.";
    if (status == PH_NO_SPACE)
        return "The disk is full: nothing was saved.";
    if (status == PH_PARTIAL)
        return "The node is busy writing; try again in a moment.";
    if (status == PH_MALFORMED)
        return "The command's arguments are not of the right form.";
    if (status == PH_LIMIT)
        return "That is too long for one record.";
    if (status == PH_NOT_FOUND)
        return "There is no such record here.";
    return ph_status_text(status);
}

void ph_command_on_command(struct ph_node *node, ph_command_id id, struct ph_bytes bytes)
{
    struct ph_request request = {.id = id,
                                 .bytes = bytes,
                                 .answer = ph_buffer(node->commands.answer, PH_COMMAND_BYTES_MAX),
                                 .deadline_ms = UINT64_MAX,
                                 .address_index = -1};
    enum ph_status status = run_named(node, &request);
    if (status == PH_OK && request.answer.overflow)
        status = PH_LIMIT;
    if (status == PH_OK && request.wait != PH_WAIT_NOTHING && !keep_waiting(node, &request))
        status = PH_NO_MEMORY;
    if (status != PH_OK) {
        answer_error(node, id, sentence_for(&request, status));
        if (ph_status_blame(status) == PH_BLAME_LOCAL && status != PH_NO_SPACE)
            ph_penalty_fail(node, status, "a command");
        return;
    }
    if (request.wait == PH_WAIT_NOTHING)
        node->env.ops->reply(node->env.impl, id, ph_buffer_bytes(&request.answer), true);
}

/* --- what they wait for --- */

static void forget_pending(struct ph_commands *commands, uint64_t generation)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < commands->pending_count; i++)
        if (commands->pending[i].generation > generation)
            commands->pending[kept++] = commands->pending[i];
    commands->pending_count = kept;
}

/* Joining and rebuilding wait for more than one commit, but a full disk ends them too. */
static bool waits_for_commit(enum ph_wait_for what, enum ph_status status)
{
    if (what == PH_WAIT_JOIN || what == PH_WAIT_REBUILD)
        return status != PH_OK;
    return what == PH_WAIT_COMMIT || what == PH_WAIT_RECORD;
}

void ph_command_on_committed(struct ph_node *node, uint64_t generation, enum ph_status status)
{
    forget_pending(&node->commands, generation);
    for (size_t i = 0; i < PH_COMMANDS_MAX; i++) {
        struct ph_wait wait = node->commands.waits[i];
        if (!waits_for_commit(wait.what, status) || wait.generation > generation)
            continue;
        node->commands.waits[i] = (struct ph_wait){.what = PH_WAIT_NOTHING};
        if (status != PH_OK)
            answer_error(node, wait.command, "The disk is full: nothing was saved.");
        else if (wait.what == PH_WAIT_RECORD)
            ph_command_on_command(node, wait.command, ph_bytes(wait.bytes, wait.len));
        else
            node->env.ops->reply(node->env.impl, wait.command, ph_bytes(wait.bytes, wait.len),
                                 true);
        free(wait.bytes);
    }
}

void ph_command_on_writer(struct ph_node *node)
{
    for (size_t i = 0; i < PH_COMMANDS_MAX; i++) {
        struct ph_wait wait = node->commands.waits[i];
        if (wait.what != PH_WAIT_WRITER)
            continue;
        node->commands.waits[i] = (struct ph_wait){.what = PH_WAIT_NOTHING};
        ph_command_on_command(node, wait.command, ph_bytes(wait.bytes, wait.len));
        free(wait.bytes);
    }
}

void ph_command_on_gone(struct ph_node *node, ph_command_id id)
{
    for (size_t i = 0; i < PH_COMMANDS_MAX; i++) {
        struct ph_wait *wait = &node->commands.waits[i];
        /* A job comes back in any case, and then finds nobody to answer. */
        if (wait->what != PH_WAIT_NOTHING && wait->what != PH_WAIT_JOB && wait->command == id)
            release(wait);
    }
}

void ph_command_on_job_done(struct ph_node *node, struct ph_job *job)
{
    struct ph_buffer answer = ph_buffer(node->commands.answer, PH_COMMAND_BYTES_MAX);
    ph_command_verify_answer(job, &answer);
    for (size_t i = 0; i < PH_COMMANDS_MAX; i++) {
        struct ph_wait *wait = &node->commands.waits[i];
        if (wait->what != PH_WAIT_JOB)
            continue;
        node->env.ops->reply(node->env.impl, wait->command, ph_buffer_bytes(&answer), true);
        release(wait);
        return; /* one at a time (ph_command_verify) */
    }
}

static bool is_done(struct ph_node *node, const struct ph_wait *wait, struct ph_buffer *answer,
                    char error[256])
{
    switch (wait->what) {
    case PH_WAIT_SYNC:
        return ph_command_sync_is_done(node, wait, answer, error);
    case PH_WAIT_DOCTOR:
        return ph_command_doctor_is_done(node, wait, answer, error);
    case PH_WAIT_JOIN:
        return ph_command_join_is_done(node, wait, answer, error);
    case PH_WAIT_REBUILD:
        return ph_command_rebuild_is_done(node, answer, error);
    case PH_WAIT_NOTHING:
    case PH_WAIT_COMMIT:
    case PH_WAIT_RECORD:
    case PH_WAIT_WRITER:
    case PH_WAIT_JOB:
        return false;
    }
    return false;
}

void ph_command_check(struct ph_node *node)
{
    for (size_t i = 0; i < PH_COMMANDS_MAX; i++) {
        struct ph_wait *wait = &node->commands.waits[i];
        if (wait->what == PH_WAIT_NOTHING)
            continue;
        struct ph_buffer answer = ph_buffer(node->commands.answer, PH_COMMAND_BYTES_MAX);
        char error[256] = "";
        if (!is_done(node, wait, &answer, error))
            continue;
        if (error[0] != '\0')
            answer_error(node, wait->command, error);
        else
            node->env.ops->reply(node->env.impl, wait->command, ph_buffer_bytes(&answer), true);
        release(wait);
    }
}

bool ph_command_has_waiting(const struct ph_node *node, enum ph_wait_for what)
{
    for (size_t i = 0; i < PH_COMMANDS_MAX; i++)
        if (node->commands.waits[i].what == what)
            return true;
    return false;
}

uint64_t ph_command_next_ms(const struct ph_node *node)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < PH_COMMANDS_MAX; i++)
        if (node->commands.waits[i].what != PH_WAIT_NOTHING &&
            node->commands.waits[i].deadline_ms > node->now_ms && /* past ones wait for a commit */
            node->commands.waits[i].deadline_ms < next)
            next = node->commands.waits[i].deadline_ms;
    return next;
}
