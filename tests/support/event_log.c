#include "tests/support/event_log.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/kind.h"
#include "store/change.h"
#include "store/entries.h"

#define KINDS_MAX 64 /* kinds that are looked at */

/* Whoever writes a log is a test: what goes wrong here ends it. */
static void must(enum ph_status status, enum ph_status wanted)
{
    if (status == wanted)
        return;
    fprintf(stderr, "event log: %s\n", ph_status_text(status));
    abort();
}

/* --- lines --- */

static void put_hex(FILE *file, struct ph_bytes bytes)
{
    char digits[512];
    fputc('"', file);
    while (bytes.len != 0) {
        size_t len = bytes.len < sizeof digits / 2 ? bytes.len : sizeof digits / 2;
        ph_hex(bytes.data, len, digits);
        fwrite(digits, 1, 2 * len, file);
        bytes = ph_bytes(bytes.data + len, bytes.len - len);
    }
    fputc('"', file);
}

void event_log_hex(FILE *file, const char *name, struct ph_bytes bytes)
{
    fprintf(file, "\"%s\":", name);
    put_hex(file, bytes);
}

static void begin_line(FILE *file, const char *type, uint32_t node)
{
    fprintf(file, "{\"t\":\"%s\",\"node\":%" PRIu32, type, node);
}

static void put_field(FILE *file, const char *name, struct ph_bytes bytes)
{
    fputc(',', file);
    event_log_hex(file, name, bytes);
}

/* --- the table of kinds --- */

static const char *const field_types[] = {"register", "set", "text"};
static const char *const value_types[] = {"text", "date", "choice", "record", "school", "position"};

static void put_field_row(FILE *file, const struct ph_field *field)
{
    fprintf(file, "{\"number\":%u,\"name\":\"%s\",\"type\":\"%s\",\"value\":\"%s\",\"size\":%u",
            field->number, field->name, field_types[field->type], value_types[field->value],
            field->size_max);
    for (uint32_t i = 0; field->value == PH_VALUE_CHOICE && field->choices[i] != NULL; i++)
        fprintf(file, "%s\"%s\"", i == 0 ? ",\"choices\":[" : ",", field->choices[i]);
    fputs(field->value == PH_VALUE_CHOICE ? "]}" : "}", file);
}

static void put_table(FILE *file)
{
    bool is_first = true;
    fputs("{\"t\":\"table\",\"kinds\":[", file);
    for (uint32_t number = 0; number <= UINT16_MAX; number++) {
        const struct ph_kind *kind = ph_kind_by_number((uint16_t)number);
        if (kind == NULL)
            continue;
        fprintf(file, "%s{\"number\":%u,\"name\":\"%s\",\"right\":\"%s\",\"fields\":[",
                is_first ? "" : ",", kind->number, kind->name,
                kind->right == PH_RIGHT_OWNER ? "owner" : "member");
        is_first = false;
        for (const struct ph_field *field = kind->fields; field->number != 0; field++) {
            fputs(field == kind->fields ? "" : ",", file);
            put_field_row(file, field);
        }
        fputs("]}", file);
    }
    fputs("]}\n", file);
}

static void begin_world(FILE *file, uint64_t seed, const char *rest)
{
    static const FILE *with_table;
    if (with_table != file)
        put_table(file);
    with_table = file;
    fprintf(file, "{\"t\":\"begin\",\"seed\":%" PRIu64 "%s}\n", seed, rest);
}

void event_log_begin(FILE *file, uint64_t seed)
{
    begin_world(file, seed, "");
}

void event_log_begin_offers(FILE *file, uint64_t seed)
{
    begin_world(file, seed, ",\"offered\":true");
}

/* --- batches --- */

static void put_fact(FILE *file, uint32_t node, struct ph_bytes fact)
{
    begin_line(file, "fact", node);
    put_field(file, "bytes", fact);
    fputs("}\n", file);
}

static void put_entry(FILE *file, uint32_t node, const struct ph_stored_entry *entry)
{
    begin_line(file, "entry", node);
    put_field(file, "header", ph_bytes(entry->encoded, PH_HEADER_LEN));
    put_field(file, "skeleton", entry->body.skeleton);
    if (entry->body.content_is_missing)
        put_field(file, "content_hash",
                  ph_bytes(entry->body.content_hash.bytes, sizeof entry->body.content_hash.bytes));
    else if (entry->body.content_len != 0)
        put_field(file, "salt", ph_bytes(entry->body.salt.bytes, PH_SALT_LEN));
    if (!entry->body.content_is_missing)
        put_field(file, "content", entry->body.content);
    if (entry->signature != NULL)
        put_field(file, "signature",
                  ph_bytes(entry->signature->bytes, sizeof entry->signature->bytes));
    fputs("}\n", file);
}

/* The change names a log by its local number: the entry itself says which it is. */
static void put_fill(FILE *file, uint32_t node, struct ph_store *store,
                     const struct ph_change *change)
{
    struct ph_view view = {0};
    struct ph_stored_entry entry;
    must(ph_view_open(store, &view), PH_OK);
    must(ph_view_entry(&view, change->number, change->seq, &entry), PH_OK);
    struct ph_entry_id id = ph_header_id(entry.encoded);
    ph_view_close(&view);
    begin_line(file, "fill", node);
    put_field(file, "entry", ph_bytes(id.bytes, sizeof id.bytes));
    put_field(file, "salt", ph_bytes(change->value.data, PH_SALT_LEN));
    put_field(file, "content",
              ph_bytes(change->value.data + PH_SALT_LEN, change->value.len - PH_SALT_LEN));
    fputs("}\n", file);
}

void event_log_batch(FILE *file, uint32_t node, struct ph_store *store,
                     const struct ph_batch *batch)
{
    struct ph_change change;
    struct ph_stored_entry entry;
    for (size_t at = 0; ph_batch_next(batch, &at, &change);) {
        if (change.type == PH_CHANGE_FACT)
            put_fact(file, node, change.value);
        else if (change.type == PH_CHANGE_ENTRY) {
            must(ph_stored_decode(change.value, &entry), PH_OK);
            put_entry(file, node, &entry);
        } else if (change.type == PH_CHANGE_FILL)
            put_fill(file, node, store, &change);
    }
}

/* --- disks --- */

static void put_log(FILE *file, uint32_t node, const struct ph_view *view, uint32_t log,
                    const struct ph_log_row *row)
{
    struct ph_stored_entry entry;
    for (uint32_t seq = row->base_seq + 1; seq <= row->tip.seq; seq++) {
        must(ph_view_entry(view, log, seq, &entry), PH_OK);
        put_entry(file, node, &entry);
    }
}

void event_log_disk(FILE *file, uint32_t node, struct ph_store *store)
{
    struct ph_view view = {0};
    struct ph_bytes fact;
    struct ph_log_row row;
    enum ph_status status = PH_OK;
    must(ph_view_open(store, &view), PH_OK);
    for (uint32_t i = 0; (status = ph_view_fact(&view, i, &fact)) == PH_OK; i++)
        put_fact(file, node, fact);
    must(status, PH_NOT_FOUND);
    for (uint32_t i = 0; (status = ph_view_log(&view, i, &row)) == PH_OK; i++)
        put_log(file, node, &view, i, &row);
    must(status, PH_NOT_FOUND);
    ph_view_close(&view);
}

void event_log_save(FILE *file, uint32_t node, const char *name)
{
    begin_line(file, "save", node);
    fprintf(file, ",\"name\":\"%s\"}\n", name);
}

void event_log_load(FILE *file, uint32_t node, const char *name)
{
    begin_line(file, "load", node);
    if (name == NULL)
        fputs(",\"name\":null}\n", file);
    else
        fprintf(file, ",\"name\":\"%s\"}\n", name);
}

/* --- states --- */

void event_log_record(FILE *file, const struct ph_view *view, uint16_t kind,
                      const struct ph_record_id *id)
{
    size_t size = 65536;
    enum ph_status status = PH_LIMIT;
    while (status == PH_LIMIT) {
        uint8_t *bytes = malloc(size);
        must(bytes != NULL ? PH_OK : PH_NO_MEMORY, PH_OK);
        struct ph_buffer out = ph_buffer(bytes, size);
        status = ph_view_canonical(view, kind, id, &out);
        if (status == PH_OK)
            put_hex(file, ph_buffer_bytes(&out));
        free(bytes);
        size *= 4;
    }
    must(status, PH_OK);
}

static void put_kind(FILE *file, const struct ph_view *view, uint16_t kind, bool *is_first)
{
    struct ph_list_position position = {0};
    struct ph_record_id id;
    enum ph_status status = ph_view_list(view, kind, &position, &id);
    for (; status == PH_OK; status = ph_view_list(view, kind, &position, &id)) {
        if (!*is_first)
            fputc(',', file);
        *is_first = false;
        event_log_record(file, view, kind, &id);
    }
    must(status, PH_NOT_FOUND);
}

void event_log_records(FILE *file, const struct ph_view *view)
{
    bool is_first = true;
    fputs("\"records\":[", file);
    for (uint16_t kind = 1; kind <= KINDS_MAX; kind++)
        put_kind(file, view, kind, &is_first);
    fputc(']', file);
}

/* --- schools --- */

static int order_of_members(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct ph_school_id));
}

void event_log_schools(FILE *file, const struct ph_facts *facts)
{
    struct ph_member members[PH_SCHOOLS_MAX];
    uint32_t count = ph_facts_members(facts, members, PH_SCHOOLS_MAX);
    count = count < PH_SCHOOLS_MAX ? count : PH_SCHOOLS_MAX;
    qsort(members, count, sizeof *members, order_of_members);
    fputs("\"schools\":[", file);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i == 0 ? "[" : ",[", file);
        put_hex(file, ph_bytes(members[i].school.bytes, sizeof members[i].school.bytes));
        fprintf(file, ",%s,%s]", members[i].is_voter ? "true" : "false",
                members[i].is_removed ? "true" : "false");
    }
    fputc(']', file);
}

/* By the facts that are on the disk. */
static void put_schools(FILE *file, const struct ph_view *view)
{
    struct ph_bytes bytes;
    struct ph_fact founding;
    struct ph_network_id network;
    struct ph_facts *facts = NULL;
    bool is_new;
    if (ph_view_fact(view, 0, &bytes) != PH_OK)
        return;
    must(ph_fact_read(bytes, &founding), PH_OK);
    memcpy(network.bytes, founding.id.bytes, sizeof network.bytes);
    must(ph_facts_new(&network, &facts), PH_OK);
    for (uint32_t i = 0; ph_view_fact(view, i, &bytes) == PH_OK; i++)
        must(ph_facts_load(facts, bytes, &is_new), PH_OK);
    fputc(',', file);
    event_log_schools(file, facts);
    ph_facts_free(facts);
}

/* --- states --- */

void event_log_state(FILE *file, uint32_t node, struct ph_store *store, const struct ph_root *root)
{
    struct ph_view view = {0};
    uint64_t backlog = 0;
    begin_line(file, "state", node);
    if (root != NULL)
        put_field(file, "root", ph_bytes(root->bytes, sizeof root->bytes));
    must(ph_view_open(store, &view), PH_OK);
    put_schools(file, &view);
    must(ph_view_backlog(&view, &backlog), PH_OK);
    if (backlog == 0) {
        fputc(',', file);
        event_log_records(file, &view);
    }
    ph_view_close(&view);
    fputs("}\n", file);
}
