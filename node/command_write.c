/* Commands that write records: new, set, add, remove. */
#include "node/author.h"
#include "node/command_list.h"
#include "node/ingest.h"
#include "node/record_id.h"
#include "proto/kind.h"

/* [field, value] pairs of a request. */
struct pairs {
    struct ph_unpacker next;
    uint32_t count;
    uint64_t registers_seen; /* a bit for each field number; they are below 64 */
};

static enum ph_status take_pairs(struct ph_request *request, struct pairs *pairs)
{
    pairs->count = ph_unpack_array(&request->args);
    pairs->next = request->args;
    pairs->registers_seen = 0;
    for (uint32_t i = 0; i < pairs->count; i++)
        ph_unpack_skip(&request->args);
    PH_TRY(ph_unpack_end(&request->args));
    if (pairs->count > PH_FIELDS_PER_KIND_MAX)
        return ph_refuse(request, "At most %d fields at a time.", PH_FIELDS_PER_KIND_MAX);
    return PH_OK;
}

/* The next pair, its field found and its value parsed into `value`. */
static enum ph_status next_pair(struct ph_request *request, const struct ph_kind *kind,
                                enum ph_field_type type, struct pairs *pairs,
                                const struct ph_field **field, struct ph_buffer *value)
{
    ph_unpack_array_of(&pairs->next, 2);
    struct ph_bytes name = ph_unpack_text(&pairs->next);
    struct ph_bytes text = ph_unpack_text(&pairs->next);
    if (pairs->next.failed)
        return PH_MALFORMED;
    *field = ph_field_by_name(kind, name);
    if (*field == NULL)
        return ph_refuse(request, "A %s has no field «%.*s».", kind->name,
                         (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
    if (type == PH_FIELD_SET && (*field)->type != PH_FIELD_SET)
        return ph_refuse(request, "The field «%s» holds one value: use «set».", (*field)->name);
    if (type == PH_FIELD_REGISTER && (*field)->type != PH_FIELD_REGISTER)
        return ph_refuse(request, "The field «%s» holds several values: use «add» and «remove».",
                         (*field)->name);
    uint64_t bit = UINT64_C(1) << (*field)->number % 64;
    if ((*field)->type == PH_FIELD_REGISTER && (pairs->registers_seen & bit) != 0)
        return ph_refuse(request, "The field «%s» holds one value: give it once.", (*field)->name);
    pairs->registers_seen |= bit;
    char why[200] = "";
    value->len = 0;
    enum ph_status status = ph_value_parse(*field, text, value, why);
    return status == PH_REFUSED ? ph_refuse(request, "%s", why) : status;
}

static void note_pending(struct ph_node *node, const struct ph_record_id *id)
{
    struct ph_commands *commands = &node->commands;
    assert(commands->pending_count < PH_COMMANDS_MAX);
    commands->pending[commands->pending_count++] =
        (struct ph_pending_record){.id = *id, .generation = node->ingest.generation};
}

static enum ph_status answer_id(struct ph_request *request, const struct ph_record_id *id)
{
    ph_pack_map(&request->answer, 1);
    ph_answer_hex(&request->answer, "id", id->bytes, sizeof id->bytes);
    request->wait = PH_WAIT_COMMIT;
    return PH_OK;
}

/* Of these each has one, from the beginning: no other is begun. */
static bool is_one_each(const struct ph_kind *kind)
{
    return kind->number == PH_KIND_NETWORK || kind->number == PH_KIND_SCHOOL;
}

/* --- new --- */

static enum ph_status check_new(struct ph_request *request, const struct ph_kind *kind,
                                struct ph_bytes name, struct ph_bytes audience)
{
    if (kind == NULL)
        return ph_refuse(request, "There is no kind «%.*s».", (int)(name.len < 60 ? name.len : 60),
                         (const char *)name.data);
    if (is_one_each(kind))
        return ph_refuse(request, "Each %s has one record already: change it with «set».",
                         kind->name);
    if (!ph_bytes_equal(audience, ph_bytes_text("network")))
        return ph_refuse(request,
                         "This version can't seal records yet; say «--with network» to share "
                         "this one with the whole network.");
    return PH_OK;
}

/* Ops for the pairs go into the open group: sets of registers, adds of set fields. */
static enum ph_status write_pairs(struct ph_request *request, const struct ph_kind *kind,
                                  struct pairs *pairs, struct ph_op_writer *ops)
{
    uint8_t bytes[PH_FIELD_VALUE_MAX + 8];
    struct ph_buffer value = ph_buffer(bytes, sizeof bytes);
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct ph_field *field = NULL;
        PH_TRY(next_pair(request, kind, PH_FIELD_TEXT, pairs, &field, &value));
        if (field->type == PH_FIELD_SET)
            ph_ops_add(ops, field->number, ph_buffer_bytes(&value));
        else
            ph_ops_set(ops, field->number, NULL, 0, ph_buffer_bytes(&value));
    }
    return PH_OK;
}

enum ph_status ph_command_new(struct ph_node *node, struct ph_request *request)
{
    struct pairs pairs;
    struct ph_op_writer ops;
    struct ph_bytes name = ph_unpack_text(&request->args);
    struct ph_bytes audience = ph_unpack_text(&request->args);
    const struct ph_kind *kind = ph_kind_by_name(name);
    PH_TRY(take_pairs(request, &pairs));
    PH_TRY(check_new(request, kind, name, audience));
    if (node->commands.pending_count == PH_COMMANDS_MAX)
        return PH_PARTIAL;

    struct ph_record_id id = ph_author_record_id(node);
    ph_author_begin(node, &ops);
    ph_ops_group(&ops, kind->number, &id, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    PH_TRY(write_pairs(request, kind, &pairs, &ops));
    PH_TRY(ph_author_end(node, &ops));
    note_pending(node, &id);
    return answer_id(request, &id);
}

/* --- set, add, remove --- */

/* A change of a record, being written. */
struct edit {
    const struct ph_view *view;
    const struct ph_school_id *school; /* ours */
    struct ph_record record;
    struct ph_op_writer ops;
    size_t freed_len; /* of our school's values, those that it takes away */
};

/* The values that one op takes away. */
struct taken {
    struct ph_op_ref refs[PH_REFS_PER_OP_MAX];
    size_t count;
};

/* Live values of a field: what a set overwrites; those with the same value: what a remove takes
 * away. `value` NULL: all. Of more than one op can name the first: the next set takes the rest. */
static enum ph_status take_live(struct edit *edit, const struct ph_field *field,
                                const struct ph_buffer *value, struct taken *taken)
{
    struct ph_record rest = edit->record;
    struct ph_record_value live;
    taken->count = 0;
    while (taken->count < PH_REFS_PER_OP_MAX && ph_record_next(&rest, &live)) {
        size_t len = 0;
        if (live.field != field->number)
            continue;
        if (value != NULL &&
            (live.is_missing || !ph_bytes_equal(live.item, ph_buffer_bytes(value))))
            continue;
        PH_TRY(ph_view_ref(edit->view, &live, &taken->refs[taken->count++]));
        PH_TRY(ph_view_value_len(edit->view, &live, edit->school, &len));
        edit->freed_len += len;
    }
    return PH_OK;
}

static enum ph_status write_change(struct ph_request *request, enum ph_op_type type,
                                   struct pairs *pairs, struct edit *edit)
{
    const struct ph_kind *kind = ph_kind_by_number(edit->record.kind);
    enum ph_field_type wanted = type == PH_OP_SET ? PH_FIELD_REGISTER : PH_FIELD_SET;
    uint8_t bytes[PH_FIELD_VALUE_MAX + 8];
    struct ph_buffer value = ph_buffer(bytes, sizeof bytes);
    struct taken taken;
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct ph_field *field = NULL;
        PH_TRY(next_pair(request, kind, wanted, pairs, &field, &value));
        if (type == PH_OP_ADD) {
            ph_ops_add(&edit->ops, field->number, ph_buffer_bytes(&value));
            continue;
        }
        PH_TRY(take_live(edit, field, type == PH_OP_REMOVE ? &value : NULL, &taken));
        if (type == PH_OP_SET)
            ph_ops_set(&edit->ops, field->number, taken.refs, taken.count, ph_buffer_bytes(&value));
        else if (taken.count != 0)
            ph_ops_remove(&edit->ops, field->number, taken.refs, taken.count);
        else
            return ph_refuse(request, "The field «%s» does not hold that value.", field->name);
    }
    return PH_OK;
}

/* A record that is being written is looked at again once that is durable and shown: else a person's
 * second edit would not overwrite the first, and school would disagree with itself. */
static bool is_pending(const struct ph_node *node, const struct ph_record_id *id)
{
    for (uint32_t i = 0; i < node->commands.pending_count; i++)
        if (ph_record_id_equal(&node->commands.pending[i].id, id))
            return true;
    return false;
}

static enum ph_status check_right(struct ph_node *node, struct ph_request *request,
                                  const struct ph_record *record)
{
    const struct ph_kind *kind = ph_kind_by_number(record->kind);
    if (!record->is_created || kind == NULL)
        return PH_NOT_FOUND;
    if (!ph_kind_allows(kind, &record->id, &node->school))
        return ph_refuse(request, "Only the school that wrote this %s may change it.", kind->name);
    return PH_OK;
}

/* No more than counts and shows: what is beyond would be signed and passed on, and nobody would see
 * it. What takes texts away makes room, and is never too long. */
static enum ph_status check_share(struct ph_request *request, const struct edit *edit)
{
    const struct ph_kind *kind = ph_kind_by_number(edit->record.kind);
    const struct ph_op_writer *ops = &edit->ops;
    struct ph_record_share share;
    PH_TRY(ph_view_share(edit->view, &edit->record, edit->school, &share));
    if (share.op_count + ops->op_count > share.op_count_max)
        return ph_refuse(
            request,
            "Nothing was saved: this edit makes %u changes, and of the %u that this "
            "school may make to this %s it has %u left%s%s.",
            ops->op_count, share.op_count_max, kind->name, share.op_count_max - share.op_count,
            is_one_each(kind) ? "" : ": go on in a new ", is_one_each(kind) ? "" : kind->name);
    size_t len = share.byte_count + ops->content.len;
    bool takes_only = ops->content.len == ops->value_count && /* a nil takes one byte */
                      ops->content.len <= edit->freed_len;
    if (!takes_only && len > share.byte_count_max + edit->freed_len)
        return ph_refuse(
            request,
            "Nothing was saved: this %s has room for %zu KB of this school's texts, "
            "and with this edit they are %zu KB. Take some out first%s%s.",
            kind->name, share.byte_count_max / 1024, (len - edit->freed_len) / 1024 + 1,
            is_one_each(kind) ? "" : ", or go on in a new ", is_one_each(kind) ? "" : kind->name);
    return PH_OK;
}

static enum ph_status change_in_view(struct ph_node *node, struct ph_request *request,
                                     const struct ph_view *view, const struct ph_record_id *id,
                                     enum ph_op_type type, struct pairs *pairs)
{
    struct edit edit = {.view = view, .school = &node->school};
    PH_TRY(ph_view_find(view, id, &edit.record));
    PH_TRY(check_right(node, request, &edit.record));
    ph_author_begin(node, &edit.ops);
    ph_ops_group(&edit.ops, edit.record.kind, id, edit.record.audience);
    PH_TRY(write_change(request, type, pairs, &edit));
    PH_TRY(check_share(request, &edit));
    return ph_author_end(node, &edit.ops);
}

static enum ph_status change(struct ph_node *node, struct ph_request *request, enum ph_op_type type)
{
    struct pairs pairs;
    struct ph_record_id id;
    struct ph_bytes text = ph_unpack_text(&request->args);
    PH_TRY(take_pairs(request, &pairs));
    PH_TRY(ph_record_id_read(request, text, &id));
    if (pairs.count == 0)
        return ph_refuse(request, "Say what to change: FIELD=VALUE.");
    if (is_pending(node, &id)) {
        request->wait = PH_WAIT_RECORD;
        return PH_OK;
    }
    if (node->commands.pending_count == PH_COMMANDS_MAX)
        return PH_PARTIAL;
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = change_in_view(node, request, &view, &id, type, &pairs);
    ph_view_close(&view);
    PH_TRY(status);
    note_pending(node, &id);
    return answer_id(request, &id);
}

enum ph_status ph_command_set(struct ph_node *node, struct ph_request *request)
{
    return change(node, request, PH_OP_SET);
}

enum ph_status ph_command_add(struct ph_node *node, struct ph_request *request)
{
    return change(node, request, PH_OP_ADD);
}

enum ph_status ph_command_remove(struct ph_node *node, struct ph_request *request)
{
    return change(node, request, PH_OP_REMOVE);
}
