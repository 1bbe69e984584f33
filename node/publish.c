#include "node/publish.h"

#include "node/author.h"
#include "node/dial.h"
#include "node/ingest.h"
#include "node/links.h"
#include "node/penalty.h"
#include "node/writer.h"
#include "proto/kind.h"

static uint16_t field_number(void)
{
    const struct ph_kind *kind = ph_kind_by_number(PH_KIND_SCHOOL);
    return ph_field_by_name(kind, ph_bytes_text("addresses"))->number;
}

/* The next address of a record; false: no more. Borrowed from the view. */
static bool next_address(struct ph_record *record, struct ph_record_value *value,
                         struct ph_bytes *text)
{
    uint16_t field = field_number();
    while (ph_record_next(record, value)) {
        if (value->field != field || value->is_missing)
            continue;
        struct ph_unpacker item = ph_unpack_scanned(value->item);
        *text = ph_unpack_text(&item);
        if (!item.failed && ph_dial_is_address(*text))
            return true;
    }
    return false;
}

/* --- what others say --- */

struct newest {
    struct ph_bytes text[PH_PUBLISHED_PER_SCHOOL_MAX];
    uint64_t lamport[PH_PUBLISHED_PER_SCHOOL_MAX];
    uint32_t count;
};

/* Only the newest few: those of a PC that is gone stay in the record. */
static void keep_newest(struct newest *newest, struct ph_bytes text, uint64_t lamport)
{
    uint32_t at = newest->count;
    if (newest->count < PH_PUBLISHED_PER_SCHOOL_MAX)
        newest->count++;
    for (; at > 0 && newest->lamport[at - 1] < lamport; at--) {
        if (at == PH_PUBLISHED_PER_SCHOOL_MAX)
            continue; /* the oldest falls out */
        newest->text[at] = newest->text[at - 1];
        newest->lamport[at] = newest->lamport[at - 1];
    }
    if (at == PH_PUBLISHED_PER_SCHOOL_MAX)
        return;
    newest->text[at] = text;
    newest->lamport[at] = lamport;
}

static bool is_own(const struct ph_node *node, struct ph_bytes text)
{
    for (uint32_t i = 0; i < node->publishing.own_count; i++)
        if (ph_bytes_equal(ph_bytes_text(node->publishing.own[i]), text))
            return true;
    return false;
}

static enum ph_status read_school(struct ph_node *node, const struct ph_view *view,
                                  const struct ph_school_id *school)
{
    struct newest newest = {0};
    struct ph_record record;
    struct ph_record_value value;
    struct ph_bytes text;
    PH_TRY(ph_view_first_of(view, PH_KIND_SCHOOL, school, &record));
    while (next_address(&record, &value, &text))
        if (!is_own(node, text))
            keep_newest(&newest, text, value.lamport);
    for (uint32_t i = 0; i < newest.count; i++)
        ph_links_publish(node, school, newest.text[i]);
    return PH_OK;
}

enum ph_status ph_publish_read(struct ph_node *node)
{
    struct ph_member members[PH_SCHOOLS_MAX];
    struct ph_view view = {0};
    uint32_t count =
        node->facts == NULL ? 0 : ph_facts_members(node->facts, members, PH_SCHOOLS_MAX);
    enum ph_status status = ph_view_open(node->store, &view);
    node->publishing.facts_read = node->ingest.facts_durable;
    ph_links_publish_begin(node);
    for (uint32_t i = 0; i < count && i < PH_SCHOOLS_MAX && status == PH_OK; i++) {
        if (members[i].is_removed)
            continue;
        status = read_school(node, &view, &members[i].school);
        if (status == PH_NOT_FOUND)
            status = PH_OK; /* it has not come yet */
    }
    if (status == PH_OK)
        ph_links_publish_end(node);
    ph_view_close(&view);
    return status;
}

enum ph_status ph_publish_on_committed(struct ph_node *node)
{
    bool is_news =
        node->ingest.school_is_new || node->publishing.facts_read != node->ingest.facts_durable;
    return is_news ? ph_publish_read(node) : PH_OK;
}

/* --- what we say --- */

static void take_own(struct ph_node *node, const char *const *addresses, size_t count)
{
    struct ph_publishing *own = &node->publishing;
    own->own_count = 0;
    memset(own->own, 0, sizeof own->own);
    for (size_t i = 0; i < count && own->own_count < PH_OWN_ADDRESSES_MAX; i++) {
        struct ph_bytes text = ph_bytes_text(addresses[i]);
        if (ph_dial_is_address(text) && !is_own(node, text))
            memcpy(own->own[own->own_count++], text.data, text.len);
    }
}

/* At a start the network may just be coming up, so that all of it is waited for a little. */
void ph_publish_on_listening(struct ph_node *node, const char *const *addresses, size_t count)
{
    struct ph_publishing *own = &node->publishing;
    struct ph_publishing before = *own;
    take_own(node, addresses, count);
    if (memcmp(before.own, own->own, sizeof own->own) == 0)
        return;
    uint64_t due_ms = node->now_ms + PH_PUBLISH_SETTLE_MS;
    if (own->has_written && own->written_ms + PH_PUBLISH_MS > due_ms)
        due_ms = own->written_ms + PH_PUBLISH_MS;
    if (due_ms < own->due_ms)
        own->due_ms = due_ms;
    enum ph_status status = ph_publish_read(node); /* our own are no longer among those found */
    if (status != PH_OK)
        ph_penalty_fail(node, status, "reading addresses");
}

struct edit {
    const struct ph_view *view;
    struct ph_record record;
    struct ph_op_writer ops;
    bool is_there[PH_OWN_ADDRESSES_MAX]; /* in the record, by whichever writer of the school */
    struct ph_op_ref gone[PH_REFS_PER_OP_MAX];
    size_t gone_count;
};

static enum ph_status compare(const struct ph_node *node, struct edit *edit)
{
    struct ph_record rest = edit->record;
    struct ph_record_value value;
    struct ph_bytes text;
    while (next_address(&rest, &value, &text)) {
        for (uint32_t i = 0; i < node->publishing.own_count; i++)
            if (ph_bytes_equal(ph_bytes_text(node->publishing.own[i]), text))
                edit->is_there[i] = true;
        bool is_ours = (int)value.log == node->own_log;
        if (is_ours && !is_own(node, text) && edit->gone_count < PH_REFS_PER_OP_MAX)
            PH_TRY(ph_view_ref(edit->view, &value, &edit->gone[edit->gone_count++]));
    }
    return PH_OK;
}

/* Half of what counts of this school on the record is for people. */
static enum ph_status check_room(const struct ph_node *node, const struct edit *edit)
{
    struct ph_record_share share;
    PH_TRY(ph_view_share(edit->view, &edit->record, &node->school, &share));
    bool has_room = share.op_count + edit->ops.op_count <= share.op_count_max / 2 &&
                    share.byte_count + edit->ops.content.len <= share.byte_count_max / 2;
    return has_room ? PH_OK : PH_LIMIT;
}

/* PH_NOT_FOUND: the record isn't here. */
static enum ph_status write_in(struct ph_node *node, struct edit *edit)
{
    uint8_t bytes[PH_ADDRESS_LEN_MAX + 8];
    PH_TRY(ph_view_first_of(edit->view, PH_KIND_SCHOOL, &node->school, &edit->record));
    PH_TRY(compare(node, edit));
    ph_author_begin(node, &edit->ops);
    ph_ops_group(&edit->ops, PH_KIND_SCHOOL, &edit->record.id, edit->record.audience);
    for (uint32_t i = 0; i < node->publishing.own_count; i++) {
        struct ph_buffer value = ph_buffer(bytes, sizeof bytes);
        ph_pack_text(&value, ph_bytes_text(node->publishing.own[i]));
        if (!edit->is_there[i])
            ph_ops_add(&edit->ops, field_number(), ph_buffer_bytes(&value));
    }
    if (edit->gone_count != 0)
        ph_ops_remove(&edit->ops, field_number(), edit->gone, edit->gone_count);
    if (edit->ops.op_count == 0)
        return PH_OK; /* it says all */
    PH_TRY(check_room(node, edit));
    node->publishing.has_written = true;
    node->publishing.written_ms = node->now_ms;
    return ph_author_end(node, &edit->ops);
}

/* Who has no address just now leaves the record as it is: it may be that a cable is out. */
static bool is_wanted(const struct ph_node *node)
{
    return node->publishing.own_count != 0 && node->is_serving && !node->is_stopping &&
           node->membership == PH_MEMBERSHIP_MEMBER && node->own_log >= 0 &&
           ph_writer_state(node) == PH_WRITER_READY;
}

static void write_record(struct ph_node *node)
{
    struct ph_view view = {0};
    struct edit edit = {.view = &view};
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = write_in(node, &edit);
    ph_view_close(&view);
    node->publishing.due_ms = status == PH_OK ? UINT64_MAX : node->now_ms + PH_PUBLISH_MS;
    if (ph_status_blame(status) == PH_BLAME_LOCAL)
        ph_penalty_fail(node, status, "publishing addresses");
    else if (status != PH_OK)
        ph_log(node->log, PH_LOG_DEBUG, "own addresses are not published: %s",
               ph_status_text(status));
}

/* What is pending may be such an entry. */
void ph_publish_on_wake(struct ph_node *node)
{
    if (!is_wanted(node) || node->publishing.due_ms > node->now_ms)
        return;
    if (!ph_ingest_is_quiet(node) || node->ingest.is_behind || ph_ingest_is_full(node))
        node->publishing.due_ms = node->now_ms + PH_PUBLISH_SETTLE_MS;
    else
        write_record(node);
}

uint64_t ph_publish_next_ms(const struct ph_node *node)
{
    return is_wanted(node) ? node->publishing.due_ms : UINT64_MAX;
}
