/* Commands about whose turn it is as host. */
#include <assert.h>
#include <stdio.h>

#include "node/author.h"
#include "node/command_list.h"
#include "node/host.h"
#include "node/names.h"
#include "node/record_id.h"
#include "proto/kind.h"

/* --- the list --- */

static void answer_school(struct ph_buffer *out, const struct ph_view *view,
                          const struct ph_school_id *school)
{
    ph_answer_hex(out, "school", school->bytes, sizeof school->bytes);
    ph_answer_text(out, "name", ph_names_in(view, school).text);
}

static void answer_term(struct ph_buffer *out, const struct ph_view *view,
                        const struct ph_rota *rota, uint32_t index)
{
    const struct ph_term *term = &rota->terms[index];
    const char *state = (int)index == rota->current ? "current"
                        : term->has_begun           ? "over"
                        : term->is_accepted         ? "accepted"
                        : term->is_declined         ? "declined"
                                                    : "proposed";
    ph_pack_map(out, 7);
    ph_answer_hex(out, "id", term->id.bytes, sizeof term->id.bytes);
    answer_school(out, view, &term->school);
    ph_answer_text(out, "state", state);
    ph_answer_text(out, "from", term->from);
    ph_answer_text(out, "to", term->to);
    ph_answer_key(out, "deputies");
    ph_pack_array(out, term->deputy_count);
    for (uint32_t i = 0; i < term->deputy_count; i++)
        ph_pack_text(out, ph_bytes_text(ph_names_in(view, &term->deputies[i]).text));
}

/* Who asks to take the term under way over, of those that are not host already. */
static bool is_asked(const struct ph_rota *rota, const struct ph_word *word)
{
    struct ph_record_id current = ph_rota_current(rota);
    return word->word == PH_WORD_TAKE && ph_record_id_equal(&word->ends, &current) &&
           !ph_school_id_equal(&rota->schools[word->by], &rota->host);
}

static void answer_asked(struct ph_node *node, struct ph_buffer *out, const struct ph_view *view,
                         const struct ph_rota *rota)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < rota->word_count; i++)
        count += is_asked(rota, &rota->words[i]);
    ph_answer_key(out, "asked");
    ph_pack_array(out, count);
    for (uint32_t i = 0; i < rota->word_count; i++) {
        if (!is_asked(rota, &rota->words[i]))
            continue;
        struct ph_tally tally = ph_rota_tally(rota, node->facts, &rota->words[i]);
        ph_pack_map(out, 4);
        answer_school(out, view, &rota->schools[rota->words[i].by]);
        ph_answer_uint(out, "votes", tally.votes);
        ph_answer_uint(out, "needed", tally.needed);
    }
}

static enum ph_status answer_list(struct ph_node *node, struct ph_request *request,
                                  const struct ph_view *view, const struct ph_rota *rota)
{
    struct ph_buffer *out = &request->answer;
    const struct ph_word *handing_over = ph_rota_handing_over(rota);
    ph_pack_map(out, 4);
    ph_answer_key(out, "host");
    ph_pack_map(out, 2);
    answer_school(out, view, &rota->host);
    ph_answer_bool(out, "handing_over", handing_over != NULL);
    answer_asked(node, out, view, rota);
    ph_answer_key(out, "terms");
    ph_pack_array(out, rota->term_count);
    for (uint32_t i = 0; i < rota->term_count; i++)
        answer_term(out, view, rota, i);
    return PH_OK;
}

/* --- all of them look at the rota first --- */

typedef enum ph_status host_action(struct ph_node *node, struct ph_request *request,
                                   const struct ph_view *view, const struct ph_rota *rota);

static enum ph_status with_rota(struct ph_node *node, struct ph_request *request,
                                host_action *action)
{
    struct ph_view view = {0};
    struct ph_rota rota = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = ph_rota_read(node->facts, &view, &rota);
    if (status == PH_OK)
        status = action(node, request, &view, &rota);
    ph_rota_free(&rota);
    ph_view_close(&view);
    return status;
}

enum ph_status ph_command_host_list(struct ph_node *node, struct ph_request *request)
{
    PH_TRY(ph_unpack_end(&request->args));
    return with_rota(node, request, answer_list);
}

static enum ph_status answer_done(struct ph_request *request, const char *key,
                                  const struct ph_record_id *id)
{
    ph_pack_map(&request->answer, 1);
    ph_answer_hex(&request->answer, key, id->bytes, sizeof id->bytes);
    request->wait = PH_WAIT_COMMIT;
    return PH_OK;
}

/* --- proposing --- */

static void set_school(struct ph_op_writer *ops, const char *field,
                       const struct ph_school_id *school, bool is_one_of_several)
{
    uint8_t bytes[40];
    struct ph_buffer item = ph_buffer(bytes, sizeof bytes);
    uint16_t number =
        ph_field_by_name(ph_kind_by_number(PH_KIND_HOST_TERM), ph_bytes_text(field))->number;
    ph_pack_bin(&item, ph_bytes(school->bytes, sizeof school->bytes));
    if (is_one_of_several)
        ph_ops_add(ops, number, ph_buffer_bytes(&item));
    else
        ph_ops_set(ops, number, NULL, 0, ph_buffer_bytes(&item));
}

/* As typed; an empty one is left out. */
static enum ph_status set_typed(struct ph_request *request, struct ph_op_writer *ops,
                                const char *name, struct ph_bytes text)
{
    uint8_t bytes[PH_ADDRESS_LEN_MAX + 8];
    struct ph_buffer item = ph_buffer(bytes, sizeof bytes);
    const struct ph_field *field =
        ph_field_by_name(ph_kind_by_number(PH_KIND_HOST_TERM), ph_bytes_text(name));
    char why[200] = "";
    if (text.len == 0)
        return PH_OK;
    enum ph_status status = ph_value_parse(field, text, &item, why);
    if (status == PH_REFUSED)
        return ph_refuse(request, "%s", why);
    PH_TRY(status);
    if (field->type == PH_FIELD_SET)
        ph_ops_add(ops, field->number, ph_buffer_bytes(&item));
    else
        ph_ops_set(ops, field->number, NULL, 0, ph_buffer_bytes(&item));
    return PH_OK;
}

static enum ph_status set_position(struct ph_op_writer *ops, const struct ph_rota *rota)
{
    uint8_t bytes[PH_POSITION_LEN_MAX + 8], text[PH_POSITION_LEN_MAX];
    struct ph_buffer item = ph_buffer(bytes, sizeof bytes), position = ph_buffer(text, sizeof text);
    const char *last = rota->term_count == 0 ? "" : rota->terms[rota->term_count - 1].position;
    if (ph_position_between(ph_bytes_text(last), ph_bytes(NULL, 0), &position) != PH_OK)
        return PH_OK; /* the last one stands where nothing follows: by their ids then */
    ph_pack_text(&item, ph_buffer_bytes(&position));
    ph_ops_set(ops, PH_FIELD_NUMBER_POSITION, NULL, 0, ph_buffer_bytes(&item));
    return PH_OK;
}

static enum ph_status propose(struct ph_node *node, struct ph_request *request,
                              const struct ph_view *view, const struct ph_rota *rota)
{
    struct ph_op_writer ops;
    struct ph_school_id school;
    (void)view;
    struct ph_record_id id = ph_author_record_id(node);
    PH_TRY(ph_names_find_school(node, request, ph_unpack_text(&request->args), &school));
    ph_author_begin(node, &ops);
    ph_ops_group(&ops, PH_KIND_HOST_TERM, &id, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    set_school(&ops, "school", &school, false);
    PH_TRY(set_position(&ops, rota));
    PH_TRY(set_typed(request, &ops, "period_from", ph_unpack_text(&request->args)));
    PH_TRY(set_typed(request, &ops, "period_to", ph_unpack_text(&request->args)));
    uint32_t deputy_count = ph_unpack_array(&request->args);
    if (deputy_count > PH_DEPUTIES_MAX)
        return ph_refuse(request, "A host has at most %d deputies.", PH_DEPUTIES_MAX);
    for (uint32_t i = 0; i < deputy_count; i++) {
        PH_TRY(ph_names_find_school(node, request, ph_unpack_text(&request->args), &school));
        set_school(&ops, "deputies", &school, true);
    }
    PH_TRY(ph_unpack_end(&request->args));
    PH_TRY(ph_author_end(node, &ops));
    return answer_done(request, "id", &id);
}

enum ph_status ph_command_host_propose(struct ph_node *node, struct ph_request *request)
{
    return with_rota(node, request, propose);
}

/* --- accepting --- */

/* The one named, or the first of ours that waits for a word. */
static int find_ours(const struct ph_node *node, const struct ph_rota *rota)
{
    for (uint32_t i = 0; i < rota->term_count; i++)
        if (ph_school_id_equal(&rota->terms[i].school, &node->school) &&
            !rota->terms[i].is_accepted && !rota->terms[i].is_declined)
            return (int)i;
    return -1;
}

static enum ph_status accept(struct ph_node *node, struct ph_request *request,
                             const struct ph_view *view, const struct ph_rota *rota)
{
    (void)view;
    bool is_accepted = ph_unpack_bool(&request->args);
    PH_TRY(ph_unpack_end(&request->args));
    int index = find_ours(node, rota);
    if (index < 0)
        return ph_refuse(request, "No term of this school waits for an answer.");
    const struct ph_record_id *term = &rota->terms[index].id;
    PH_TRY(ph_host_say(node, is_accepted ? PH_WORD_ACCEPT : PH_WORD_DECLINE, term, NULL));
    return answer_done(request, "term", term);
}

enum ph_status ph_command_host_accept(struct ph_node *node, struct ph_request *request)
{
    return with_rota(node, request, accept);
}

/* --- handing over --- */

static enum ph_status hand_over(struct ph_node *node, struct ph_request *request,
                                const struct ph_view *view, const struct ph_rota *rota)
{
    struct ph_record_id current = ph_rota_current(rota);
    int next = ph_rota_next(rota);
    PH_TRY(ph_unpack_end(&request->args));
    if (!ph_school_id_equal(&rota->host, &node->school))
        return ph_refuse(request, "Only the host hands over: that is %s.",
                         ph_names_in(view, &rota->host).text);
    if (next < 0)
        return ph_refuse(request, "No term has been accepted that comes next: see «pharos host "
                                  "propose» and «pharos host accept».");
    const struct ph_term *term = &rota->terms[next];
    if (ph_rota_word(rota, &node->school, PH_WORD_HAND_OVER, &term->id) == NULL)
        PH_TRY(ph_host_hand_over(node, &term->id, &current));
    ph_pack_map(&request->answer, 3);
    answer_school(&request->answer, view, &term->school);
    ph_answer_hex(&request->answer, "term", term->id.bytes, sizeof term->id.bytes);
    request->wait = ph_ingest_is_quiet(node) ? PH_WAIT_NOTHING : PH_WAIT_COMMIT;
    return PH_OK;
}

enum ph_status ph_command_host_handover(struct ph_node *node, struct ph_request *request)
{
    return with_rota(node, request, hand_over);
}

/* --- taking over --- */

static const struct ph_word *find_take(const struct ph_rota *rota, const struct ph_school_id *by)
{
    for (uint32_t i = 0; i < rota->word_count; i++)
        if (is_asked(rota, &rota->words[i]) &&
            ph_school_id_equal(&rota->schools[rota->words[i].by], by))
            return &rota->words[i];
    return NULL;
}

static enum ph_status take(struct ph_node *node, struct ph_request *request,
                           const struct ph_view *view, const struct ph_rota *rota)
{
    struct ph_school_id school = node->school;
    struct ph_record_id current = ph_rota_current(rota);
    struct ph_bytes named = ph_unpack_text(&request->args);
    PH_TRY(ph_unpack_end(&request->args));
    if (named.len != 0)
        PH_TRY(ph_names_find_school(node, request, named, &school));
    if (ph_school_id_equal(&school, &rota->host))
        return ph_refuse(request, "%s is host already.", ph_names_in(view, &school).text);
    if (!ph_facts_is_voter(node->facts, &node->school))
        return ph_refuse(request, "Only a school that votes can do that.");
    bool is_ours = ph_school_id_equal(&school, &node->school);
    const struct ph_word *asked = find_take(rota, &school);
    if (is_ours && !ph_rota_is_deputy(rota, &school))
        return ph_refuse(request, "This school is no deputy of the host.");
    if (asked == NULL && !is_ours)
        return ph_refuse(request, "That school has not asked to take over.");
    if (asked == NULL)
        PH_TRY(ph_host_say(node, PH_WORD_TAKE, NULL, &current));
    else if (!is_ours && ph_rota_word(rota, &node->school, PH_WORD_AGREE, &asked->id) == NULL)
        PH_TRY(ph_host_say(node, PH_WORD_AGREE, &asked->id, NULL));
    ph_pack_map(&request->answer, 2);
    answer_school(&request->answer, view, &school);
    request->wait = ph_ingest_is_quiet(node) ? PH_WAIT_NOTHING : PH_WAIT_COMMIT;
    return PH_OK;
}

enum ph_status ph_command_host_take(struct ph_node *node, struct ph_request *request)
{
    return with_rota(node, request, take);
}
