/* What a drawn entry says: groups, ops, references, values; most of it right. */
#include <stdio.h>

#include "tests/oracle/op_draw.h"

#define BODY_ROOM PH_BODY_MAX

struct body_maker {
    struct op_set *set;
    struct chance *chance;
    const struct op_log *log;
    struct ph_buffer skeleton, content;
    uint32_t index, value_count;
    struct op_record group;
    bool is_plain; /* nothing about it is wrong */
};

/* --- references --- */

static bool is_beside(const struct op_made *op, const struct op_record *record, uint16_t field)
{
    return op->kind == record->kind && op->field == field &&
           ph_record_id_equal(&op->record, &record->id);
}

/* The latest op that fits, or one of those before; NULL: none. */
static const struct op_made *op_beside(struct body_maker *maker, uint16_t field)
{
    const struct op_set *set = maker->set;
    const struct op_made *found = NULL;
    for (uint32_t i = set->op_count; i > 0; i--) {
        const struct op_made *op = &set->ops[i - 1];
        if (!is_beside(op, &maker->group, field))
            continue;
        found = op;
        if (happens(maker->chance, 45))
            break;
    }
    return found;
}

static void put_far_ref(struct ph_buffer *out, const struct ph_op_ref *ref)
{
    ph_pack_array(out, 4);
    ph_pack_bin(out, ph_bytes(ref->writer.bytes, sizeof ref->writer.bytes));
    ph_pack_uint(out, ref->seq);
    ph_pack_bin(out, ph_bytes(ref->check, sizeof ref->check));
    ph_pack_uint(out, ref->index);
}

/* To something that isn't there, or not there yet. */
static void put_stray_ref(struct body_maker *maker, struct ph_op_ref ref)
{
    switch (draw(maker->chance, 4)) {
    case 0:
        ref.index = (uint16_t)draw(maker->chance, 65536);
        break;
    case 1:
        ref.check[draw(maker->chance, 16)] ^= 1;
        break;
    case 2:
        ref.seq = draw(maker->chance, 8);
        break;
    default:
        ref.writer.bytes[5] ^= 1;
        break;
    }
    put_far_ref(&maker->skeleton, &ref);
}

static void put_ref(struct body_maker *maker, uint16_t field)
{
    const struct op_set *set = maker->set;
    const struct op_made *op = op_beside(maker, field);
    if (op == NULL || happens(maker->chance, 10))
        op = set->op_count == 0 ? NULL : &set->ops[draw(maker->chance, set->op_count)];
    bool is_own = op != NULL && op->ref.seq == 0; /* of this entry */
    if (op == NULL || happens(maker->chance, 3))
        ph_pack_uint(&maker->skeleton, draw(maker->chance, maker->index + 2));
    else if (is_own)
        ph_pack_uint(&maker->skeleton, op->ref.index);
    else if (happens(maker->chance, 2))
        put_stray_ref(maker, op->ref);
    else
        put_far_ref(&maker->skeleton, &op->ref);
}

static void put_refs(struct body_maker *maker, uint16_t field)
{
    uint32_t count = draw(maker->chance, 4);
    if (happens(maker->chance, 1))
        count = PH_REFS_PER_OP_MAX - 1 + draw(maker->chance, 3);
    ph_pack_array(&maker->skeleton, count);
    for (uint32_t i = 0; i < count; i++)
        if (count > 10)
            ph_pack_uint(&maker->skeleton, draw(maker->chance, maker->index + 1));
        else
            put_ref(maker, field);
}

/* --- values --- */

static void put_text(struct ph_buffer *out, struct chance *chance, const struct ph_field *field)
{
    static const char *const texts[] = {"a",          "القراءة",    "b c",        "",
                                        "V",          "a0",         "2026-02-29", "2024-02-29",
                                        "0000-01-01", "2026-13-01", "2026-1-01"};
    static uint8_t lengthy[PH_FIELD_VALUE_MAX + 2];
    if (field != NULL && field->value == PH_VALUE_CHOICE && happens(chance, 80)) {
        ph_pack_text(out, ph_bytes_text(field->choices[draw(chance, 2)]));
    } else if (field != NULL && field->size_max < 1000 && happens(chance, 6)) {
        memset(lengthy, 'x', sizeof lengthy);
        ph_pack_text(out, ph_bytes(lengthy, field->size_max + draw(chance, 2)));
    } else {
        ph_pack_text(out, ph_bytes_text(texts[draw(chance, sizeof texts / sizeof *texts)]));
    }
}

static void put_other(struct ph_buffer *out, struct chance *chance)
{
    static const uint8_t zeros[33];
    switch (draw(chance, 6)) {
    case 0:
        ph_pack_uint(out, chance_next(chance) >> draw(chance, 64));
        break;
    case 1:
        ph_pack_int(out, -(int64_t)draw(chance, 70000));
        break;
    case 2:
        ph_pack_bool(out, true);
        break;
    case 3:
        ph_pack_bin(out, ph_bytes(zeros, 15 + draw(chance, 3)));
        break;
    case 4:
        ph_pack_map(out, 1);
        ph_pack_uint(out, 7);
        ph_pack_nil(out);
        break;
    default:
        ph_pack_array(out, 1);
        ph_pack_text(out, ph_bytes_text("nested"));
        break;
    }
}

static void put_value(struct body_maker *maker, uint16_t number)
{
    const struct ph_kind *kind = ph_kind_by_number(maker->group.kind);
    const struct ph_field *field = kind == NULL ? NULL : ph_field_by_number(kind, number);
    struct ph_buffer *out = &maker->content;
    const struct op_record *record = &maker->set->pool[draw(maker->chance, OP_POOL)];
    maker->value_count++;
    if (happens(maker->chance, 8))
        ph_pack_nil(out);
    else if (happens(maker->chance, 8))
        put_other(out, maker->chance);
    else if (field != NULL && field->value == PH_VALUE_RECORD)
        ph_pack_bin(out, ph_bytes(record->id.bytes, sizeof record->id.bytes));
    else if (field != NULL && field->value == PH_VALUE_SCHOOL)
        ph_pack_bin(out, ph_bytes(schools[draw(maker->chance, OP_SCHOOLS)].id.bytes, 32));
    else
        put_text(out, maker->chance, field);
}

/* --- ops --- */

static uint16_t field_of(struct body_maker *maker, enum ph_field_type type)
{
    const struct ph_kind *kind = ph_kind_by_number(maker->group.kind);
    uint16_t number = (uint16_t)(1 + draw(maker->chance, 6));
    if (kind == NULL || happens(maker->chance, 5))
        return number;
    for (const struct ph_field *field = kind->fields; field->number != 0; field++)
        if (field->type == type && (number = field->number, happens(maker->chance, 40)))
            break;
    return number;
}

/* `field` and `type` of what later ops may refer to. */
static void keep_op(struct body_maker *maker, uint64_t type, uint16_t field)
{
    struct op_set *set = maker->set;
    if (set->op_count == OP_OPS_MAX)
        return;
    struct op_made *op = &set->ops[set->op_count++];
    *op = (struct op_made){.kind = maker->group.kind, .field = field, .type = type};
    op->record = maker->group.id;
    memcpy(op->ref.writer.bytes, maker->log->writer->id.bytes, sizeof op->ref.writer.bytes);
    op->ref.index = (uint16_t)maker->index;
}

static void put_set(struct body_maker *maker)
{
    uint16_t field = field_of(maker, happens(maker->chance, 97) ? PH_FIELD_REGISTER : PH_FIELD_SET);
    ph_pack_array(&maker->skeleton, 3);
    ph_pack_uint(&maker->skeleton, PH_OP_SET);
    ph_pack_uint(&maker->skeleton, field);
    put_refs(maker, field);
    put_value(maker, field);
    keep_op(maker, PH_OP_SET, field);
}

static void put_add(struct body_maker *maker)
{
    uint16_t field = field_of(maker, happens(maker->chance, 95) ? PH_FIELD_SET : PH_FIELD_REGISTER);
    ph_pack_array(&maker->skeleton, 2);
    ph_pack_uint(&maker->skeleton, PH_OP_ADD);
    ph_pack_uint(&maker->skeleton, field);
    put_value(maker, field);
    keep_op(maker, PH_OP_ADD, field);
}

static void put_remove(struct body_maker *maker)
{
    uint16_t field = field_of(maker, happens(maker->chance, 95) ? PH_FIELD_SET : PH_FIELD_REGISTER);
    ph_pack_array(&maker->skeleton, 3);
    ph_pack_uint(&maker->skeleton, PH_OP_REMOVE);
    ph_pack_uint(&maker->skeleton, field);
    put_refs(maker, field);
    keep_op(maker, PH_OP_REMOVE, field);
}

static void put_create(struct body_maker *maker)
{
    ph_pack_array(&maker->skeleton, 1);
    ph_pack_uint(&maker->skeleton, PH_OP_CREATE);
    keep_op(maker, PH_OP_CREATE, 0);
}

static void put_insert(struct body_maker *maker, uint16_t field)
{
    ph_pack_array(&maker->skeleton, 5);
    ph_pack_uint(&maker->skeleton, PH_OP_INSERT);
    ph_pack_uint(&maker->skeleton, field);
    if (happens(maker->chance, 50))
        ph_pack_nil(&maker->skeleton);
    else
        put_ref(maker, field);
    ph_pack_uint(&maker->skeleton, draw(maker->chance, 20) == 0 ? 2 : draw(maker->chance, 2));
    ph_pack_uint(&maker->skeleton, draw(maker->chance, 9));
    put_value(maker, field);
}

static void put_delete(struct body_maker *maker, uint16_t field)
{
    ph_pack_array(&maker->skeleton, 3);
    ph_pack_uint(&maker->skeleton, PH_OP_DELETE);
    ph_pack_uint(&maker->skeleton, field);
    ph_pack_array(&maker->skeleton, 1);
    ph_pack_array(&maker->skeleton, 3);
    put_ref(maker, field);
    ph_pack_uint(&maker->skeleton, 0);
    ph_pack_uint(&maker->skeleton, 1);
}

static void put_sealed(struct body_maker *maker, uint16_t field)
{
    ph_pack_array(&maker->skeleton, 5);
    ph_pack_uint(&maker->skeleton, PH_OP_SEALED);
    ph_pack_uint(&maker->skeleton, field);
    put_refs(maker, field);
    ph_pack_uint(&maker->skeleton, 1);
    ph_pack_uint(&maker->skeleton, 40);
    put_value(maker, field);
}

static void put_erase(struct body_maker *maker)
{
    const struct op_set *set = maker->set;
    bool has_target = set->op_count != 0;
    ph_pack_array(&maker->skeleton, 2);
    ph_pack_uint(&maker->skeleton, PH_OP_ERASE);
    ph_pack_array(&maker->skeleton, has_target);
    if (!has_target)
        return;
    const struct ph_op_ref *ref = &set->ops[draw(maker->chance, set->op_count)].ref;
    ph_pack_array(&maker->skeleton, 3);
    ph_pack_bin(&maker->skeleton, ph_bytes(ref->writer.bytes, 32));
    ph_pack_uint(&maker->skeleton, ref->seq);
    ph_pack_bin(&maker->skeleton, ph_bytes(ref->check, 16));
}

static void put_reserved(struct body_maker *maker)
{
    struct ph_buffer *out = &maker->skeleton;
    uint16_t field = (uint16_t)(3 + draw(maker->chance, 3));
    switch (draw(maker->chance, 6)) {
    case 0:
        put_insert(maker, field);
        break;
    case 1:
        put_delete(maker, field);
        break;
    case 2:
        put_sealed(maker, field);
        break;
    case 3:
        put_erase(maker);
        break;
    case 4:
        ph_pack_array(out, 2);
        ph_pack_uint(out, PH_OP_SUCCESSOR);
        ph_pack_bin(out, ph_bytes(maker->group.id.bytes, sizeof maker->group.id.bytes));
        break;
    default:
        ph_pack_array(out, 2);
        ph_pack_uint(out, 9 + (draw(maker->chance, 2) == 0 ? 0 : chance_next(maker->chance) >> 8));
        put_other(out, maker->chance);
        break;
    }
}

static void put_op(struct body_maker *maker, bool creates)
{
    uint32_t chosen = draw(maker->chance, 100);
    if (creates)
        put_create(maker);
    else if (chosen < 55)
        put_set(maker);
    else if (chosen < 75)
        put_add(maker);
    else if (chosen < 88)
        put_remove(maker);
    else if (chosen < 91)
        put_create(maker);
    else
        put_reserved(maker);
    maker->index++;
}

/* --- groups and bodies --- */

/* Whether this writer's next entry is to create it, on whichever branch. */
static bool is_due(const struct body_maker *maker, const struct op_record *record)
{
    return maker->set->logs[record->log].writer == maker->log->writer &&
           record->seq == maker->log->link.seq + 1;
}

static struct op_record draw_record(struct body_maker *maker, bool creates)
{
    const struct op_set *set = maker->set;
    uint32_t number = draw(maker->chance, OP_POOL);
    for (uint32_t i = 0; i < OP_POOL && creates; i++)
        if (is_due(maker, &set->pool[i]))
            number = i;
    struct op_record record = set->pool[number];
    if (happens(maker->chance, 3))
        record.kind = (uint16_t)(draw(maker->chance, 2) == 0 ? 999 : 1 + draw(maker->chance, 9));
    if (happens(maker->chance, 2))
        record.id.bytes[draw(maker->chance, 16)] ^= 1;
    if (happens(maker->chance, 5))
        record.audience = (enum ph_audience)draw(maker->chance, 3);
    return record;
}

static void put_audience(struct body_maker *maker)
{
    struct ph_buffer *out = &maker->skeleton;
    if (maker->group.audience != PH_AUDIENCE_NAMED) {
        ph_pack_uint(out, maker->group.audience);
        return;
    }
    uint32_t count = draw(maker->chance, 3);
    ph_pack_array(out, 1 + count);
    ph_pack_uint(out, PH_AUDIENCE_NAMED);
    for (uint32_t i = 0; i < count; i++)
        ph_pack_bin(out, ph_bytes(schools[draw(maker->chance, OP_SCHOOLS)].id.bytes, 32));
}

static void begin_group(struct body_maker *maker, uint32_t item_count, uint32_t op_count)
{
    ph_pack_array(&maker->skeleton, item_count);
    ph_pack_uint(&maker->skeleton, maker->group.kind);
    ph_pack_bin(&maker->skeleton, ph_bytes(maker->group.id.bytes, sizeof maker->group.id.bytes));
    put_audience(maker);
    ph_pack_array(&maker->skeleton, op_count);
}

static void put_group(struct body_maker *maker)
{
    const struct op_set *set = maker->set;
    bool is_any_due = false;
    for (uint32_t i = 0; i < OP_POOL; i++)
        is_any_due |= is_due(maker, &set->pool[i]);
    bool creates = is_any_due && happens(maker->chance, 92);
    maker->group = draw_record(maker, creates);
    op_records_add(&maker->set->records, maker->group.kind, &maker->group.id);
    uint32_t count = creates + draw(maker->chance, 4);
    if (happens(maker->chance, 1))
        count = PH_OPS_PER_ENTRY_MAX - 1 + draw(maker->chance, 3);
    bool is_one_more = happens(maker->chance, 1);
    begin_group(maker, 4 + is_one_more, count);
    for (uint32_t i = 0; i < count; i++)
        put_op(maker, (creates && i == 0) || count > 10);
    if (is_one_more)
        ph_pack_nil(&maker->skeleton);
}

/* Not what a reader expects. */
static void spoil(struct ph_buffer *bytes, struct chance *chance)
{
    if (bytes->len == 0)
        ph_buffer_put(bytes, "\x91\xc0", 2);
    else if (happens(chance, 30))
        bytes->len--;
    else if (happens(chance, 30))
        ph_buffer_put(bytes, "\xc0", 1);
    else
        bytes->data[draw(chance, (uint32_t)bytes->len)] ^= (uint8_t)(1u << draw(chance, 8));
}

/* The values behind a head that says how many. */
static void put_content(struct body_maker *maker, struct ph_buffer *out)
{
    uint32_t count = maker->value_count;
    if (count == 0 && !happens(maker->chance, 20))
        return;
    bool is_one_more = !maker->is_plain && happens(maker->chance, 2);
    ph_pack_array(out, count + is_one_more);
    ph_buffer_put(out, maker->content.data, maker->content.len);
    if (is_one_more && happens(maker->chance, 70))
        ph_pack_nil(out);
}

static struct ph_body body_of(struct body_maker *maker)
{
    struct op_set *set = maker->set;
    struct ph_body body = {0};
    static uint8_t bytes[BODY_ROOM];
    struct ph_buffer content = ph_buffer(bytes, sizeof bytes);
    put_content(maker, &content);
    if (!maker->is_plain && happens(maker->chance, 3))
        spoil(&maker->skeleton, maker->chance);
    if (!maker->is_plain && happens(maker->chance, 2))
        spoil(&content, maker->chance);
    body.skeleton = ph_bytes(op_room(set, maker->skeleton.len), maker->skeleton.len);
    body.content = ph_bytes(op_room(set, content.len), content.len);
    memcpy(set->bytes + set->len - content.len - maker->skeleton.len, maker->skeleton.data,
           maker->skeleton.len);
    if (content.len != 0)
        memcpy(set->bytes + set->len - content.len, content.data, content.len);
    body.content_len = (uint16_t)content.len;
    return body;
}

static struct body_maker body_maker(struct op_set *set, struct chance *chance, uint32_t log)
{
    static uint8_t skeleton[BODY_ROOM], content[BODY_ROOM];
    return (struct body_maker){
        .set = set,
        .chance = chance,
        .log = &set->logs[log],
        .skeleton = ph_buffer(skeleton, sizeof skeleton),
        .content = ph_buffer(content, sizeof content),
    };
}

static void end_body(struct body_maker *maker, struct ph_body *out)
{
    *out = body_of(maker);
    for (size_t i = 0; i < PH_SALT_LEN && out->content_len != 0; i++)
        out->salt.bytes[i] = (uint8_t)chance_next(maker->chance);
}

void op_body_draw(struct op_set *set, struct chance *chance, uint32_t log, struct ph_body *out)
{
    struct body_maker maker = body_maker(set, chance, log);
    uint32_t op_count = set->op_count;
    uint32_t count = happens(chance, 3) ? 0 : 1 + draw(chance, 3) / 2;
    ph_pack_array(&maker.skeleton, count);
    for (uint32_t i = 0; i < count; i++)
        put_group(&maker);
    bool is_too_long = maker.skeleton.overflow || maker.content.overflow ||
                       maker.skeleton.len + maker.content.len + 8 > PH_BODY_MAX;
    if (is_too_long) { /* 257 of something: nothing instead */
        set->op_count = op_count;
        maker.skeleton.len = maker.content.len = maker.value_count = 0;
    }
    end_body(&maker, out);
}

void op_body_crowd(struct op_set *set, struct chance *chance, uint32_t log,
                   const struct op_record *record, uint32_t op_count, uint32_t sets_percent,
                   struct ph_body *out)
{
    struct body_maker maker = body_maker(set, chance, log);
    maker.group = *record;
    maker.is_plain = true;
    op_records_add(&set->records, maker.group.kind, &maker.group.id);
    ph_pack_array(&maker.skeleton, 1);
    begin_group(&maker, 4, op_count);
    for (uint32_t i = 0; i < op_count; i++) {
        if (!happens(chance, sets_percent)) {
            ph_pack_array(&maker.skeleton, 1);
            ph_pack_uint(&maker.skeleton, PH_OP_CREATE);
            continue;
        }
        uint16_t field = field_of(&maker, PH_FIELD_REGISTER);
        ph_pack_array(&maker.skeleton, 3);
        ph_pack_uint(&maker.skeleton, PH_OP_SET);
        ph_pack_uint(&maker.skeleton, field);
        ph_pack_array(&maker.skeleton, 0);
        put_value(&maker, field);
    }
    end_body(&maker, out);
}

/* The one with the longest text; NULL: the kind has none. */
static const struct ph_field *roomiest_field(uint16_t number)
{
    const struct ph_kind *kind = ph_kind_by_number(number);
    const struct ph_field *found = NULL;
    for (const struct ph_field *field = kind == NULL ? NULL : kind->fields;
         field != NULL && field->number != 0; field++)
        if (field->value == PH_VALUE_TEXT && field->type == PH_FIELD_REGISTER &&
            (found == NULL || field->size_max > found->size_max))
            found = field;
    return found;
}

uint32_t op_body_heavy(struct op_set *set, struct chance *chance, uint32_t log,
                       const struct op_record *record, struct ph_body *out)
{
    static uint8_t text[PH_FIELD_VALUE_MAX];
    struct body_maker maker = body_maker(set, chance, log);
    const struct ph_field *field = roomiest_field(record->kind);
    if (field == NULL)
        return 0;
    memset(text, 'y', sizeof text);
    uint32_t count = (PH_BODY_MAX - 1000) / (field->size_max + 9u);
    uint32_t before = (uint32_t)maker.content.len;
    maker.group = *record;
    maker.is_plain = true;
    ph_pack_array(&maker.skeleton, 1);
    begin_group(&maker, 4, count);
    for (uint32_t i = 0; i < count; i++) {
        ph_pack_array(&maker.skeleton, 3);
        ph_pack_uint(&maker.skeleton, PH_OP_SET);
        ph_pack_uint(&maker.skeleton, field->number);
        ph_pack_array(&maker.skeleton, 0);
        uint32_t shorter = draw(chance, happens(chance, 20) ? field->size_max : 90u);
        ph_pack_text(&maker.content, ph_bytes(text, field->size_max - shorter));
        maker.value_count++;
    }
    uint32_t len = (uint32_t)maker.content.len - before;
    end_body(&maker, out);
    return len;
}
