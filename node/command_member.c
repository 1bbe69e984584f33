/* Commands about who belongs to the network: members, votes, leaving, installations. */
#include <assert.h>
#include <stdlib.h>

#include "node/author.h"
#include "node/claims.h"
#include "node/command.h"
#include "node/command_list.h"
#include "node/ends.h"
#include "node/ingest.h"
#include "node/names.h"

static enum ph_status take_school(struct ph_node *node, struct ph_request *request,
                                  struct ph_school_id *school)
{
    struct ph_bytes named = ph_unpack_text(&request->args);
    PH_TRY(ph_unpack_end(&request->args));
    return ph_names_find_school(node, request, named, school);
}

/* --- ends --- */

static int compare_ends(const void *a, const void *b)
{
    return ph_log_end_compare(a, b);
}

/* The ends of the logs of a school, or of those of one writer, that we hold: what we accept. */
static struct ph_log_end *list_ends(const struct ph_node *node, const struct ph_school_id *school,
                                    const struct ph_writer_id *writer, uint32_t *count)
{
    struct ph_log_end *ends = calloc(node->logs.count + 1, sizeof *ends);
    *count = 0;
    for (uint32_t i = 0; ends != NULL && i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        if (!ph_school_id_equal(&log->row.school, school) || log->is_left_out ||
            log->row.tip.seq <= log->row.base_seq ||
            (writer != NULL && !ph_writer_id_equal(&log->row.writer, writer)))
            continue;
        ends[(*count)++] = (struct ph_log_end){
            .writer = log->row.writer, .seq = log->row.tip.seq, .id = log->row.tip.id};
    }
    if (ends != NULL && *count != 0)
        qsort(ends, *count, sizeof *ends, compare_ends);
    return ends;
}

/* As many facts as the ends need: all of a school's are united. `into` is where the fact has
 * them. */
static enum ph_status sign_with_ends(struct ph_node *node, const struct ph_fact *like,
                                     const struct ph_log_end *ends, uint32_t count)
{
    uint32_t done = 0;
    do {
        uint8_t items[PH_FACT_MAX];
        struct ph_buffer out = ph_buffer(items, sizeof items);
        struct ph_log_ends part = {.count = 0};
        struct ph_fact fact = *like;
        for (; done < count && part.count < PH_ENDS_PER_FACT_MAX; part.count++)
            ph_log_end_pack(&out, &ends[done++]);
        part.items = ph_buffer_bytes(&out);
        if (fact.type == PH_FACT_VOTE)
            fact.of.vote.ends = part;
        else if (fact.type == PH_FACT_CLOSE)
            fact.of.close.ends = part;
        else
            fact.of.leave.ends = part;
        PH_TRY(ph_author_fact(node, &fact, NULL));
    } while (done < count);
    return PH_OK;
}

static enum ph_status sign_accepting(struct ph_node *node, const struct ph_fact *like,
                                     const struct ph_school_id *school,
                                     const struct ph_writer_id *writer)
{
    uint32_t count;
    struct ph_log_end *ends = list_ends(node, school, writer, &count);
    enum ph_status status = ends == NULL ? PH_NO_MEMORY : sign_with_ends(node, like, ends, count);
    free(ends);
    return status;
}

/* --- proposals and votes --- */

static const char *what_text(enum ph_proposal what)
{
    switch (what) {
    case PH_PROPOSAL_CONFIRM:
        return "confirm";
    case PH_PROPOSAL_REMOVE:
        return "remove";
    case PH_PROPOSAL_RESTORE:
        return "restore";
    case PH_PROPOSAL_SUCCEED:
        return "succeed";
    case PH_PROPOSAL_POLICY:
    case PH_PROPOSAL_OTHER:
        return "";
    }
    return "";
}

/* The proposal about a school that is not decided and that most have a seat in, of any kind if that
 * is PH_PROPOSAL_OTHER; NULL: none. */
static const struct ph_fact *open_about(const struct ph_node *node,
                                        const struct ph_school_id *school, enum ph_proposal what)
{
    const struct ph_fact *best = NULL;
    uint32_t most = 0;
    for (uint32_t i = 0; i < ph_facts_count(node->facts); i++) {
        const struct ph_fact *fact = ph_facts_at(node->facts, i);
        if (fact->type != PH_FACT_PROPOSE || *what_text(fact->of.propose.what) == '\0' ||
            (what != PH_PROPOSAL_OTHER && fact->of.propose.what != what) ||
            !ph_school_id_equal(&fact->of.propose.school, school))
            continue;
        bool is_done =
            fact->of.propose.what == PH_PROPOSAL_CONFIRM && ph_facts_is_voter(node->facts, school);
        struct ph_tally tally = ph_facts_tally(node->facts, &fact->id);
        if (is_done || tally.votes >= tally.needed || tally.seats <= most)
            continue;
        best = fact;
        most = tally.seats;
    }
    return best;
}

static bool names_ends(enum ph_proposal what)
{
    return what == PH_PROPOSAL_REMOVE || what == PH_PROPOSAL_RESTORE || what == PH_PROPOSAL_SUCCEED;
}

static uint32_t count_voters(const struct ph_node *node, const struct ph_school_id *but)
{
    const struct ph_school_id *school;
    uint32_t count = 0;
    for (uint32_t i = 0; (school = ph_facts_school(node->facts, i)) != NULL; i++)
        count += ph_facts_is_voter(node->facts, school) && !ph_school_id_equal(school, but);
    return count;
}

static enum ph_status check_proposing(struct ph_node *node, struct ph_request *request,
                                      const struct ph_fact *like)
{
    enum ph_proposal what = like->of.propose.what;
    const struct ph_school_id *school = &like->of.propose.school;
    if (!ph_facts_is_voter(node->facts, &node->school))
        return ph_refuse(request, "Only a school that votes can do that.");
    if (what == PH_PROPOSAL_REMOVE || what == PH_PROPOSAL_SUCCEED) {
        if (ph_school_id_equal(school, &node->school))
            return ph_refuse(request, "That is for the other schools to decide; a school leaves "
                                      "with «pharos member leave».");
        if (count_voters(node, school) < 3)
            return ph_refuse(request,
                             "That takes three schools that vote beside the one that it "
                             "is about; there are %lu.",
                             (unsigned long)count_voters(node, school));
    }
    return PH_OK;
}

static enum ph_status vote(struct ph_node *node, const struct ph_fact *like,
                           const struct ph_fact_id *proposal)
{
    struct ph_fact fact = {.type = PH_FACT_VOTE};
    fact.of.vote.proposal = *proposal;
    if (ph_facts_has_voted(node->facts, &node->school, proposal))
        return PH_OK;
    if (!names_ends(like->of.propose.what))
        return ph_author_fact(node, &fact, NULL);
    return sign_accepting(node, &fact, &like->of.propose.school, NULL);
}

/* The open proposal to that end is voted for; without one, it is made first. */
static enum ph_status decide(struct ph_node *node, struct ph_request *request,
                             const struct ph_fact *like, struct ph_fact_id *proposal)
{
    const struct ph_fact *open = ph_facts_proposal(node->facts, &node->school, like);
    if (open != NULL) {
        *proposal = open->id;
        return vote(node, like, proposal);
    }
    struct ph_fact propose = *like;
    PH_TRY(check_proposing(node, request, like));
    PH_TRY(ph_author_fact(node, &propose, proposal));
    return vote(node, like, proposal);
}

static void answer_tally(struct ph_node *node, const struct ph_fact_id *proposal,
                         struct ph_buffer *out)
{
    struct ph_tally tally = ph_facts_tally(node->facts, proposal);
    ph_answer_uint(out, "votes", tally.votes);
    ph_answer_uint(out, "needed", tally.needed);
    ph_answer_bool(out, "decided", tally.votes >= tally.needed);
}

static enum ph_status decide_about(struct ph_node *node, struct ph_request *request,
                                   const struct ph_fact *like)
{
    struct ph_fact_id proposal;
    PH_TRY(decide(node, request, like, &proposal));
    struct ph_school_name name = ph_names_of(node, &like->of.propose.school);
    ph_pack_map(&request->answer, 5);
    ph_answer_hex(&request->answer, "school", like->of.propose.school.bytes, 32);
    ph_answer_text(&request->answer, "name", name.text);
    answer_tally(node, &proposal, &request->answer);
    request->wait = ph_ingest_is_quiet(node) ? PH_WAIT_NOTHING : PH_WAIT_COMMIT;
    return PH_OK;
}

enum ph_status ph_command_confirm(struct ph_node *node, struct ph_request *request)
{
    struct ph_school_id school;
    struct ph_fact_id proposal;
    PH_TRY(take_school(node, request, &school));
    struct ph_fact like = ph_fact_proposing(PH_PROPOSAL_CONFIRM, &school);
    if (!ph_facts_is_voter(node->facts, &node->school))
        return ph_refuse(request, "Only a school that votes can confirm another.");
    if (ph_facts_is_removed(node->facts, &school))
        return ph_refuse(request, "That school is not in the network any more.");
    if (!ph_facts_is_voter(node->facts, &school))
        PH_TRY(decide(node, request, &like, &proposal));
    struct ph_school_name name = ph_names_of(node, &school);
    ph_pack_map(&request->answer, 3);
    ph_answer_hex(&request->answer, "school", school.bytes, sizeof school.bytes);
    ph_answer_text(&request->answer, "name", name.text);
    ph_answer_bool(&request->answer, "voter", ph_facts_is_voter(node->facts, &school));
    request->wait = ph_ingest_is_quiet(node) ? PH_WAIT_NOTHING : PH_WAIT_COMMIT;
    return PH_OK;
}

enum ph_status ph_command_member_remove(struct ph_node *node, struct ph_request *request)
{
    struct ph_school_id school;
    PH_TRY(take_school(node, request, &school));
    struct ph_fact like = ph_fact_proposing(PH_PROPOSAL_REMOVE, &school);
    return decide_about(node, request, &like);
}

enum ph_status ph_command_member_restore(struct ph_node *node, struct ph_request *request)
{
    struct ph_school_id school;
    uint8_t removals[PH_LIFTED_MAX * 32];
    PH_TRY(take_school(node, request, &school));
    struct ph_fact like = ph_fact_proposing(PH_PROPOSAL_RESTORE, &school);
    like.of.propose.lifted = ph_bytes(removals, ph_facts_removals(node->facts, &school, removals));
    if (like.of.propose.lifted.len == 0)
        return ph_refuse(request, "That school is in the network: there is nothing to restore.");
    return decide_about(node, request, &like);
}

enum ph_status ph_command_member_succeed(struct ph_node *node, struct ph_request *request)
{
    struct ph_school_id school;
    PH_TRY(take_school(node, request, &school));
    struct ph_fact like = ph_fact_proposing(PH_PROPOSAL_SUCCEED, &school);
    const struct ph_fact *asked = open_about(node, &school, PH_PROPOSAL_SUCCEED);
    bool is_claimed = ph_claims_find(node, &school, &like); /* what we have seen ourselves first */
    if (!is_claimed && asked == NULL)
        return ph_refuse(request, "No new key of that school has come: give its new PC a code from "
                                  "«pharos member successor».");
    if (!is_claimed)
        like.of.propose = asked->of.propose;
    return decide_about(node, request, &like);
}

/* --- policies --- */

static const struct {
    enum ph_policy setting;
    const char *name;
} settings[] = {
    {PH_POLICY_MONTHS_KEPT, "months_kept"},
    {PH_POLICY_ANSWERS_MIN, "answers_min"},
    {PH_POLICY_RELAYED_ABROAD, "relayed_abroad"},
};
#define SETTING_COUNT (sizeof settings / sizeof *settings)

enum ph_status ph_command_policy(struct ph_node *node, struct ph_request *request)
{
    PH_TRY(ph_unpack_end(&request->args));
    ph_pack_map(&request->answer, SETTING_COUNT);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        uint64_t value = 0;
        ph_answer_key(&request->answer, settings[i].name);
        if (ph_facts_policy(node->facts, settings[i].setting, &value))
            ph_pack_uint(&request->answer, value);
        else
            ph_pack_nil(&request->answer);
    }
    return PH_OK;
}

enum ph_status ph_command_policy_set(struct ph_node *node, struct ph_request *request)
{
    struct ph_fact like = {.type = PH_FACT_PROPOSE};
    struct ph_fact_id proposal;
    struct ph_bytes name = ph_unpack_text(&request->args);
    like.of.propose.what = PH_PROPOSAL_POLICY;
    like.of.propose.value = ph_unpack_uint(&request->args, UINT64_MAX);
    PH_TRY(ph_unpack_end(&request->args));
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (ph_bytes_equal(name, ph_bytes_text(settings[i].name)))
            like.of.propose.setting = settings[i].setting;
    if (like.of.propose.setting == 0)
        return ph_refuse(request, "A network decides on months_kept, answers_min and "
                                  "relayed_abroad.");
    PH_TRY(decide(node, request, &like, &proposal));
    ph_pack_map(&request->answer, 3);
    answer_tally(node, &proposal, &request->answer);
    request->wait = ph_ingest_is_quiet(node) ? PH_WAIT_NOTHING : PH_WAIT_COMMIT;
    return PH_OK;
}

/* --- leaving --- */

enum ph_status ph_command_member_leave(struct ph_node *node, struct ph_request *request)
{
    struct ph_fact fact = {.type = PH_FACT_LEAVE};
    PH_TRY(ph_unpack_end(&request->args));
    if (ph_facts_is_voter(node->facts, &node->school) && count_voters(node, &node->school) == 0 &&
        ph_facts_school(node->facts, 1) != NULL)
        return ph_refuse(request, "This is the only school that votes: nobody could admit or "
                                  "confirm another. Confirm one first.");
    PH_TRY(sign_accepting(node, &fact, &node->school, NULL));
    ph_pack_map(&request->answer, 1);
    ph_answer_bool(&request->answer, "left", true);
    request->wait = PH_WAIT_COMMIT;
    return PH_OK;
}

/* --- installations --- */

static bool is_ours(const struct ph_node *node, const struct ph_log *log)
{
    return !log->row.is_branch && ph_school_id_equal(&log->row.school, &node->school);
}

static uint16_t serial_of(const struct ph_node *node, const struct ph_log *log)
{
    return ph_facts_find(node->facts, &log->row.certify)->of.certify.serial;
}

static void answer_writer(struct ph_node *node, uint32_t number, struct ph_buffer *out)
{
    const struct ph_log *log = &node->logs.items[number];
    const struct ph_writer_id *writer = &log->row.writer;
    ph_pack_map(out, 5);
    ph_answer_uint(out, "number", serial_of(node, log) + 1u);
    ph_answer_hex(out, "writer", writer->bytes, sizeof writer->bytes);
    ph_answer_bool(out, "this", (int)number == node->own_log);
    ph_answer_uint(out, "entries", log->durable.seq);
    ph_answer_bool(out, "closed", ph_facts_is_closed(node->facts, &node->school, writer));
}

enum ph_status ph_command_writers(struct ph_node *node, struct ph_request *request)
{
    uint32_t count = 0;
    PH_TRY(ph_unpack_end(&request->args));
    for (uint32_t i = 0; i < node->logs.count; i++)
        count += is_ours(node, &node->logs.items[i]);
    ph_pack_map(&request->answer, 1);
    ph_answer_key(&request->answer, "rows");
    ph_pack_array(&request->answer, count);
    for (uint32_t i = 0; i < node->logs.count; i++)
        if (is_ours(node, &node->logs.items[i]))
            answer_writer(node, i, &request->answer);
    return PH_OK;
}

/* By its number, as the list has it; two that were certified apart can have the same. */
static const struct ph_log *find_writer(const struct ph_node *node, uint64_t number)
{
    const struct ph_log *found = NULL;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        if (is_ours(node, log) && serial_of(node, log) + 1u == number &&
            !ph_facts_is_closed(node->facts, &node->school, &log->row.writer))
            found = log;
    }
    return found;
}

enum ph_status ph_command_writer_close(struct ph_node *node, struct ph_request *request)
{
    struct ph_fact fact = {.type = PH_FACT_CLOSE};
    uint64_t number = ph_unpack_uint(&request->args, UINT32_MAX);
    PH_TRY(ph_unpack_end(&request->args));
    const struct ph_log *log = find_writer(node, number);
    if (log == NULL)
        return ph_refuse(request, "No installation of this school has that number, or it is closed "
                                  "already: see «pharos writer list».");
    fact.of.close.writer = log->row.writer;
    PH_TRY(sign_accepting(node, &fact, &node->school, &fact.of.close.writer));
    ph_pack_map(&request->answer, 1);
    ph_answer_uint(&request->answer, "closed", number);
    request->wait = PH_WAIT_COMMIT;
    return PH_OK;
}

/* --- the list --- */

static void answer_member(struct ph_node *node, const struct ph_view *view,
                          const struct ph_member *member, struct ph_buffer *out)
{
    const struct ph_fact *open = open_about(node, &member->school, PH_PROPOSAL_OTHER);
    ph_pack_map(out, open == NULL ? 4 : 8);
    ph_answer_hex(out, "school", member->school.bytes, sizeof member->school.bytes);
    ph_answer_text(out, "name", ph_names_in(view, &member->school).text);
    ph_answer_bool(out, "voter", member->is_voter);
    ph_answer_bool(out, "removed", member->is_removed);
    if (open == NULL)
        return;
    ph_answer_text(out, "asked", what_text(open->of.propose.what));
    answer_tally(node, &open->id, out);
}

enum ph_status ph_command_members(struct ph_node *node, struct ph_request *request)
{
    struct ph_member members[PH_SCHOOLS_MAX];
    struct ph_view view = {0};
    PH_TRY(ph_unpack_end(&request->args));
    uint32_t count = ph_facts_members(node->facts, members, PH_SCHOOLS_MAX);
    count = count < PH_SCHOOLS_MAX ? count : PH_SCHOOLS_MAX;
    PH_TRY(ph_view_open(node->store, &view));
    ph_pack_map(&request->answer, 1);
    ph_answer_key(&request->answer, "rows");
    ph_pack_array(&request->answer, count);
    for (uint32_t i = 0; i < count; i++)
        answer_member(node, &view, &members[i], &request->answer);
    ph_view_close(&view);
    return PH_OK;
}
