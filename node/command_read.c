/* Commands that read records: show and list. */
#include "node/command_list.h"
#include "node/command_safe.h"
#include "node/names.h"
#include "node/record_id.h"
#include "proto/kind.h"

#define LIST_ROWS_MAX 100
#define TITLE_LEN_MAX 160
#define CHILDREN_MAX 500

/* --- parts of an answer --- */

/* A value as people read it; nil for one that is missing or cleared. */
static void answer_value(struct ph_buffer *out, const struct ph_field *field,
                         const struct ph_record_value *value)
{
    uint8_t text[PH_FIELD_VALUE_MAX];
    struct ph_buffer buffer = ph_buffer(text, sizeof text);
    ph_answer_key(out, "value");
    if (value->is_missing || ph_value_text(field, value->item, &buffer) != PH_OK)
        ph_pack_nil(out);
    else
        ph_pack_text(out, ph_buffer_bytes(&buffer));
}

static enum ph_status answer_writer(struct ph_node *node, const struct ph_view *view,
                                    const struct ph_record_value *value, struct ph_buffer *out)
{
    struct ph_stored_entry entry;
    const struct ph_school_id *school = &node->logs.items[value->log].row.school;
    PH_TRY(ph_view_entry(view, value->log, value->seq, &entry));
    ph_answer_hex(out, "school", school->bytes, sizeof school->bytes);
    ph_answer_text(out, "name", ph_names_in(view, school).text);
    ph_answer_key(out, "time_ms");
    ph_pack_int(out, entry.header.time_ms);
    return PH_OK;
}

static uint32_t count_values(const struct ph_record *record, uint16_t field)
{
    struct ph_record rest = *record;
    struct ph_record_value value;
    uint32_t count = 0;
    while (ph_record_next(&rest, &value))
        count += value.field == field;
    return count;
}

static enum ph_status answer_field(struct ph_node *node, const struct ph_view *view,
                                   const struct ph_record *record, const struct ph_field *field,
                                   struct ph_buffer *out)
{
    struct ph_record rest = *record;
    struct ph_record_value value;
    ph_pack_map(out, 3);
    ph_answer_text(out, "name", field->name);
    ph_answer_text(out, "type", field->type == PH_FIELD_SET ? "set" : "register");
    ph_answer_key(out, "values");
    ph_pack_array(out, count_values(record, field->number));
    while (ph_record_next(&rest, &value)) {
        if (value.field != field->number)
            continue;
        ph_pack_map(out, 5);
        answer_value(out, field, &value);
        ph_answer_bool(out, "missing", value.is_missing);
        PH_TRY(answer_writer(node, view, &value, out));
    }
    return PH_OK;
}

static enum ph_status answer_fields(struct ph_node *node, const struct ph_view *view,
                                    const struct ph_record *record, struct ph_buffer *out)
{
    const struct ph_kind *kind = ph_kind_by_number(record->kind);
    uint32_t count = 0;
    for (const struct ph_field *field = kind->fields; field->number != 0; field++)
        count += count_values(record, field->number) != 0;
    ph_answer_key(out, "fields");
    ph_pack_array(out, count);
    for (const struct ph_field *field = kind->fields; field->number != 0; field++)
        if (count_values(record, field->number) != 0)
            PH_TRY(answer_field(node, view, record, field, out));
    return PH_OK;
}

/* What a row calls a record: its title, name, statement or text, cut at a letter. */
static void answer_title(struct ph_buffer *out, const struct ph_record *record)
{
    static const char *const names[] = {"title", "name", "statement", "text"};
    const struct ph_kind *kind = ph_kind_by_number(record->kind);
    const struct ph_field *field = NULL;
    struct ph_record rest = *record;
    struct ph_record_value value;
    struct ph_bytes title = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0] && field == NULL; i++)
        field = ph_field_by_name(kind, ph_bytes_text(names[i]));
    while (field != NULL && title.len == 0 && ph_record_next(&rest, &value)) {
        if (value.field != field->number || value.is_missing)
            continue;
        struct ph_unpacker item = ph_unpack_scanned(value.item);
        title = ph_unpack_text(&item);
    }
    ph_answer_key(out, "title");
    ph_pack_text(out, ph_bytes_cut(title, TITLE_LEN_MAX));
}

static const struct ph_school_id *owner_of(const struct ph_node *node,
                                           const struct ph_record_id *id)
{
    for (uint32_t i = 0; i < node->logs.count; i++)
        if (ph_record_id_is_of(id, &node->logs.items[i].row.school))
            return &node->logs.items[i].row.school;
    return NULL;
}

/* The time claimed by the entry that created the record: of its owner, with the id's sequence. */
static enum ph_status created_ms(const struct ph_node *node, const struct ph_view *view,
                                 const struct ph_record *record, int64_t *out)
{
    for (uint32_t i = 0; i < record->touch_count; i++) {
        struct ph_stored_entry entry;
        uint32_t log = ph_get_u32(record->touches.data + 8 * (size_t)i);
        uint32_t seq = ph_get_u32(record->touches.data + 8 * (size_t)i + 4);
        if (seq != ph_record_id_seq(&record->id) || log >= node->logs.count ||
            !ph_record_id_is_of(&record->id, &node->logs.items[log].row.school))
            continue;
        PH_TRY(ph_view_entry(view, log, seq, &entry));
        *out = entry.header.time_ms;
        return PH_OK;
    }
    return PH_CORRUPT; /* a record that is shown has been created */
}

static enum ph_status answer_owner(struct ph_node *node, const struct ph_view *view,
                                   const struct ph_record *record, struct ph_buffer *out)
{
    const struct ph_school_id *school = owner_of(node, &record->id);
    int64_t time_ms = 0;
    PH_TRY(created_ms(node, view, record, &time_ms));
    ph_answer_text(out, "by", school != NULL ? ph_names_in(view, school).text : "?");
    ph_answer_key(out, "time_ms");
    ph_pack_int(out, time_ms);
    return PH_OK;
}

/* --- show --- */

/* A list ends with PH_NOT_FOUND; anything else is damage, not its end. */
static enum ph_status end_of_list(enum ph_status status)
{
    return status == PH_NOT_FOUND ? PH_OK : status;
}

static enum ph_status count_children(const struct ph_view *view, const struct ph_record_id *parent,
                                     uint32_t *count)
{
    struct ph_list_position position = {0};
    struct ph_record_id id;
    uint16_t kind;
    enum ph_status status = PH_OK;
    for (*count = 0; *count < CHILDREN_MAX; (*count)++) {
        status = ph_view_children(view, parent, &position, &kind, &id);
        if (status != PH_OK)
            break;
    }
    return end_of_list(status);
}

static enum ph_status answer_children(const struct ph_view *view, const struct ph_record_id *parent,
                                      struct ph_buffer *out)
{
    struct ph_list_position position = {0};
    uint32_t count = 0;
    PH_TRY(count_children(view, parent, &count));
    ph_answer_key(out, "children");
    ph_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        struct ph_record_id id;
        struct ph_record record;
        uint16_t kind;
        PH_TRY(ph_view_children(view, parent, &position, &kind, &id));
        PH_TRY(ph_view_record(view, kind, &id, &record));
        ph_pack_map(out, 3);
        ph_answer_hex(out, "id", id.bytes, sizeof id.bytes);
        ph_answer_text(out, "kind", ph_kind_by_number(kind)->name);
        answer_title(out, &record);
    }
    return PH_OK;
}

static enum ph_status show_in(struct ph_node *node, const struct ph_view *view,
                              const struct ph_record_id *id, struct ph_buffer *out)
{
    struct ph_record record;
    PH_TRY(ph_view_find(view, id, &record));
    if (!record.is_created)
        return PH_NOT_FOUND;
    ph_pack_map(out, 7 + PH_SAFE_RECORD_KEYS);
    ph_answer_hex(out, "id", id->bytes, sizeof id->bytes);
    ph_answer_text(out, "kind", ph_kind_by_number(record.kind)->name);
    PH_TRY(answer_owner(node, view, &record, out));
    ph_answer_uint(out, "entries", record.touch_count);
    PH_TRY(answer_fields(node, view, &record, out));
    PH_TRY(ph_safe_answer_record(node, view, &record, out));
    return answer_children(view, id, out);
}

enum ph_status ph_command_show(struct ph_node *node, struct ph_request *request)
{
    struct ph_record_id id;
    struct ph_view view = {0};
    struct ph_bytes text = ph_unpack_text(&request->args);
    PH_TRY(ph_unpack_end(&request->args));
    PH_TRY(ph_record_id_read(request, text, &id));
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = show_in(node, &view, &id, &request->answer);
    ph_view_close(&view);
    return status;
}

/* --- list --- */

static enum ph_status answer_row(struct ph_node *node, const struct ph_view *view, uint16_t kind,
                                 const struct ph_record_id *id, struct ph_buffer *out)
{
    struct ph_record record;
    PH_TRY(ph_view_record(view, kind, id, &record));
    ph_pack_map(out, 4);
    ph_answer_hex(out, "id", id->bytes, sizeof id->bytes);
    PH_TRY(answer_owner(node, view, &record, out));
    answer_title(out, &record);
    return PH_OK;
}

static enum ph_status list_in(struct ph_node *node, const struct ph_view *view, uint16_t kind,
                              struct ph_list_position *position, uint32_t count_max,
                              struct ph_buffer *out)
{
    struct ph_record_id ids[LIST_ROWS_MAX];
    uint32_t count = 0;
    enum ph_status status = PH_OK;
    for (; count < count_max; count++) {
        status = ph_view_list(view, kind, position, &ids[count]);
        if (status != PH_OK)
            break;
    }
    PH_TRY(end_of_list(status));
    ph_pack_map(out, 2);
    ph_answer_key(out, "rows");
    ph_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++)
        PH_TRY(answer_row(node, view, kind, &ids[i], out));
    ph_answer_key(out, "next");
    if (count < count_max)
        ph_pack_nil(out);
    else
        ph_pack_bin(out, ph_bytes(position->key, position->key_len));
    return PH_OK;
}

static void take_cursor(struct ph_request *request, struct ph_list_position *position)
{
    *position = (struct ph_list_position){0};
    if (ph_unpack_nil(&request->args))
        return;
    struct ph_bytes key = ph_unpack_bin(&request->args);
    if (key.len == 0 || key.len > sizeof position->key) {
        request->args.failed = true;
        return;
    }
    memcpy(position->key, key.data, key.len);
    position->key_len = key.len;
    position->is_started = true;
}

enum ph_status ph_command_list(struct ph_node *node, struct ph_request *request)
{
    struct ph_list_position position;
    struct ph_view view = {0};
    struct ph_bytes name = ph_unpack_text(&request->args);
    take_cursor(request, &position);
    uint64_t count = ph_unpack_uint(&request->args, UINT32_MAX);
    PH_TRY(ph_unpack_end(&request->args));
    const struct ph_kind *kind = ph_kind_by_name(name);
    if (kind == NULL)
        return ph_refuse(request, "There is no kind «%.*s».", (int)(name.len < 60 ? name.len : 60),
                         (const char *)name.data);
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = list_in(node, &view, kind->number, &position,
                         count < LIST_ROWS_MAX ? (uint32_t)count : LIST_ROWS_MAX, &request->answer);
    ph_view_close(&view);
    return status;
}
