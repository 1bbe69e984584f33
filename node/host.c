#include "node/host.h"

#include <assert.h>
#include <stdio.h>

#include "node/author.h"
#include "node/branches.h"
#include "node/ends.h"
#include "node/links.h"
#include "proto/kind.h"

/* "<writer> <seq> <entry id>", in hex, decimal and hex. */
#define HEAD_TEXT_MAX (64 + 1 + 10 + 1 + 64 + 1)

static const struct ph_field *field_of(const char *name)
{
    return ph_field_by_name(ph_kind_by_number(PH_KIND_HOST_WORD), ph_bytes_text(name));
}

/* --- saying --- */

static void set_text(struct ph_op_writer *ops, const char *field, const char *text)
{
    uint8_t bytes[64];
    struct ph_buffer item = ph_buffer(bytes, sizeof bytes);
    ph_pack_text(&item, ph_bytes_text(text));
    ph_ops_set(ops, field_of(field)->number, NULL, 0, ph_buffer_bytes(&item));
}

static void set_record(struct ph_op_writer *ops, const char *field, const struct ph_record_id *id)
{
    uint8_t bytes[24];
    struct ph_buffer item = ph_buffer(bytes, sizeof bytes);
    if (id == NULL || ph_record_id_is_zero(id))
        return;
    ph_pack_bin(&item, ph_bytes(id->bytes, sizeof id->bytes));
    ph_ops_set(ops, field_of(field)->number, NULL, 0, ph_buffer_bytes(&item));
}

static struct ph_record_id begin_word(struct ph_node *node, struct ph_op_writer *ops,
                                      enum ph_host_word word, const struct ph_record_id *parent,
                                      const struct ph_record_id *ends)
{
    struct ph_record_id id = ph_author_record_id(node);
    ph_author_begin(node, ops);
    ph_ops_group(ops, PH_KIND_HOST_WORD, &id, PH_AUDIENCE_NETWORK);
    ph_ops_create(ops);
    set_record(ops, "parent", parent);
    set_text(ops, "word", field_of("word")->choices[word]);
    set_record(ops, "ends", ends);
    return id;
}

enum ph_status ph_host_say(struct ph_node *node, enum ph_host_word word,
                           const struct ph_record_id *parent, const struct ph_record_id *ends)
{
    struct ph_op_writer ops;
    (void)begin_word(node, &ops, word, parent, ends);
    return ph_author_end(node, &ops);
}

static void add_head(struct ph_op_writer *ops, const struct ph_log *log)
{
    char text[HEAD_TEXT_MAX], writer[65] = "", entry[65] = "";
    uint8_t bytes[HEAD_TEXT_MAX + 8];
    struct ph_buffer item = ph_buffer(bytes, sizeof bytes);
    ph_hex(log->row.writer.bytes, sizeof log->row.writer.bytes, writer);
    ph_hex(log->durable.id.bytes, sizeof log->durable.id.bytes, entry);
    int len =
        snprintf(text, sizeof text, "%s %lu %s", writer, (unsigned long)log->durable.seq, entry);
    ph_pack_text(&item, ph_bytes(text, (size_t)len));
    ph_ops_add(ops, field_of("heads")->number, ph_buffer_bytes(&item));
}

/* As many entries as they need. */
enum ph_status ph_host_hand_over(struct ph_node *node, const struct ph_record_id *term,
                                 const struct ph_record_id *ends)
{
    struct ph_op_writer ops;
    struct ph_record_id id = begin_word(node, &ops, PH_WORD_HAND_OVER, term, ends);
    uint32_t in_entry = 0;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        if (!ph_ends_is_in_root(&node->logs.items[i]))
            continue;
        if (in_entry++ == PH_HEADS_PER_ENTRY_MAX) {
            PH_TRY(ph_author_end(node, &ops));
            ph_author_begin(node, &ops);
            ph_ops_group(&ops, PH_KIND_HOST_WORD, &id, PH_AUDIENCE_NETWORK);
            in_entry = 1;
        }
        add_head(&ops, &node->logs.items[i]);
    }
    return ph_author_end(node, &ops);
}

/* --- taking on --- */

static bool read_hex(const char *text, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        out[i] = (uint8_t)byte;
    }
    return true;
}

/* False: it is not of that form, or not held, durably. */
static bool is_held(const struct ph_node *node, struct ph_bytes item)
{
    char text[HEAD_TEXT_MAX + 1] = "", writer_hex[65], id_hex[65];
    struct ph_writer_id writer;
    struct ph_locator locator = {.seq = 0};
    unsigned long seq;
    uint32_t number;
    struct ph_unpacker in = ph_unpack_scanned(item);
    struct ph_bytes bytes = ph_unpack_text(&in);
    if (in.failed || bytes.len >= sizeof text)
        return false;
    memcpy(text, bytes.data, bytes.len);
    if (sscanf(text, "%64[0-9a-f] %lu %64[0-9a-f]", writer_hex, &seq, id_hex) != 3 ||
        strlen(writer_hex) != 64 || strlen(id_hex) != 64 || seq == 0 || seq > UINT32_MAX)
        return false;
    if (!read_hex(writer_hex, writer.bytes, sizeof writer.bytes) ||
        !read_hex(id_hex, locator.check, sizeof locator.check))
        return false;
    locator.seq = (uint32_t)seq;
    int first = ph_ends_find(node, &writer);
    return first >= 0 && ph_branch_look_up(node, (uint32_t)first, &locator, &number) == PH_OK &&
           locator.seq <= node->logs.items[number].durable.seq;
}

static enum ph_status holds_all(const struct ph_node *node, const struct ph_view *view,
                                const struct ph_word *word, bool *out)
{
    struct ph_record record;
    struct ph_record_value value;
    *out = true;
    PH_TRY(ph_view_record(view, PH_KIND_HOST_WORD, &word->id, &record));
    while (*out && ph_record_next(&record, &value))
        if (value.field == field_of("heads")->number)
            *out = !value.is_missing && is_held(node, value.item);
    return PH_OK;
}

/* What is handed over to us is taken on once all of it is here. */
static enum ph_status take_on(struct ph_node *node, const struct ph_view *view,
                              const struct ph_rota *rota)
{
    bool holds = false;
    const struct ph_word *word = ph_rota_handing_over(rota);
    assert(rota->terms != NULL);
    for (uint32_t i = 0; word != NULL && i < rota->term_count; i++) {
        const struct ph_term *term = &rota->terms[i];
        if (!ph_record_id_equal(&term->id, &word->parent) ||
            !ph_school_id_equal(&term->school, &node->school) ||
            ph_rota_word(rota, &node->school, PH_WORD_HOLD, &word->id) != NULL)
            continue;
        PH_TRY(holds_all(node, view, word, &holds));
        node->hosts.is_awaited = !holds;
        if (!holds)
            return PH_OK;
        ph_log(node->log, PH_LOG_INFO, "this school is host now");
        return ph_host_say(node, PH_WORD_HOLD, &word->id, NULL);
    }
    return PH_OK;
}

/* --- who is host --- */

static void note_hosts(struct ph_node *node, const struct ph_rota *rota)
{
    struct ph_hosts *hosts = &node->hosts;
    const struct ph_term *term = rota->current < 0 ? NULL : &rota->terms[rota->current];
    hosts->count = 0;
    hosts->items[hosts->count++] = rota->host;
    for (uint32_t i = 0; term != NULL && i < term->deputy_count; i++)
        hosts->items[hosts->count++] = term->deputies[i];
    ph_links_look(node, node->now_ms);
}

static bool may_write(const struct ph_node *node)
{
    return node->membership == PH_MEMBERSHIP_MEMBER && node->has_writer && node->own_log >= 0 &&
           !node->is_stopping && !ph_ingest_is_full(node) &&
           !ph_facts_is_removed(node->facts, &node->school);
}

enum ph_status ph_host_read(struct ph_node *node)
{
    struct ph_view view = {0};
    struct ph_rota rota = {0};
    if (node->facts == NULL || ph_facts_count(node->facts) == 0)
        return PH_OK;
    node->hosts.facts_read = node->ingest.facts_durable;
    node->hosts.is_awaited = false;
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = ph_rota_read(node->facts, &view, &rota);
    if (status == PH_OK) {
        note_hosts(node, &rota);
        if (may_write(node))
            status = take_on(node, &view, &rota);
    }
    ph_rota_free(&rota);
    ph_view_close(&view);
    return status;
}

enum ph_status ph_host_on_committed(struct ph_node *node)
{
    bool is_news = node->ingest.rota_is_new || node->hosts.is_awaited ||
                   node->hosts.facts_read != node->ingest.facts_durable;
    return is_news ? ph_host_read(node) : PH_OK;
}

bool ph_host_is_wanted(const struct ph_node *node, const struct ph_school_id *school)
{
    for (uint32_t i = 0; i < node->hosts.count; i++)
        if (ph_school_id_equal(&node->hosts.items[i], school))
            return true;
    return false;
}
