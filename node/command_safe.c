/* Who holds what: parts of status and show, and the command why. */
#include "node/command_safe.h"

#include <stdlib.h>

#include "node/command_list.h"
#include "node/ends.h"
#include "node/holders.h"
#include "node/ingest.h"
#include "node/names.h"
#include "node/peers.h"

/* --- own entries --- */

/* All of this school's branches, whichever of its installations wrote them. */
static uint32_t own_parts(const struct ph_node *node, struct ph_holders_part *parts,
                          uint64_t *entries)
{
    uint32_t count = 0;
    *entries = 0;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        if (!ph_school_id_equal(&log->row.school, &node->school) || !ph_ends_is_in_root(log))
            continue;
        *entries += log->durable.seq - log->row.base_seq;
        parts[count++] = (struct ph_holders_part){i, log->durable.seq};
    }
    return count;
}

static void answer_lacking(const struct ph_view *view, const struct ph_holders *holders,
                           struct ph_buffer *out)
{
    ph_answer_key(out, "lacking");
    ph_pack_array(out, holders->lacking_count);
    for (uint32_t i = 0; i < holders->lacking_count; i++) {
        const struct ph_holders_lacking *lacking = &holders->lacking[i];
        ph_pack_map(out, 4);
        ph_answer_hex(out, "school", lacking->school.bytes, sizeof lacking->school.bytes);
        ph_answer_text(out, "name", ph_names_in(view, &lacking->school).text);
        ph_answer_uint(out, "lacks", lacking->entries);
        ph_answer_bool(out, "heard", lacking->is_heard);
    }
}

enum ph_status ph_safe_answer_own(struct ph_node *node, const struct ph_view *view,
                                  struct ph_buffer *out)
{
    struct ph_holders_part *parts = calloc(node->logs.count + 1, sizeof *parts);
    struct ph_holders *holders = malloc(sizeof *holders);
    enum ph_status status = parts == NULL || holders == NULL ? PH_NO_MEMORY : PH_OK;
    if (status == PH_OK) {
        uint64_t entries;
        uint32_t count = own_parts(node, parts, &entries);
        ph_holders_ask(node, view, parts, count, holders);
        ph_answer_key(out, "safe");
        ph_pack_map(out, 4);
        ph_answer_uint(out, "entries", entries);
        ph_answer_uint(out, "at", holders->at);
        ph_answer_uint(out, "of", holders->of);
        answer_lacking(view, holders, out);
    }
    free(parts);
    free(holders);
    return status;
}

/* --- a record --- */

/* Of each log the last entry that touches it: what is held is held without a gap. */
static uint32_t record_parts(const struct ph_node *node, const struct ph_record *record,
                             struct ph_holders_part *parts)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < record->touch_count; i++) {
        const uint8_t *touch = record->touches.data + 8 * (size_t)i;
        struct ph_holders_part part = {ph_get_u32(touch), ph_get_u32(touch + 4)};
        if (part.log >= node->logs.count || part.seq > node->logs.items[part.log].stands_to)
            continue;
        if (count != 0 && parts[count - 1].log == part.log)
            count--;
        parts[count++] = part;
    }
    return count;
}

enum ph_status ph_safe_answer_record(struct ph_node *node, const struct ph_view *view,
                                     const struct ph_record *record, struct ph_buffer *out)
{
    struct ph_holders_part *parts = calloc(node->logs.count + 1, sizeof *parts);
    struct ph_holders *holders = malloc(sizeof *holders);
    enum ph_status status = parts == NULL || holders == NULL ? PH_NO_MEMORY : PH_OK;
    if (status == PH_OK) {
        uint32_t count = record_parts(node, record, parts);
        ph_holders_ask(node, view, parts, count, holders);
        ph_answer_uint(out, "safe_at", holders->at);
        ph_answer_uint(out, "safe_of", holders->of);
        ph_answer_key(out, "lacking");
        ph_pack_array(out, holders->lacking_count);
        for (uint32_t i = 0; i < holders->lacking_count; i++)
            ph_pack_text(out, ph_bytes_text(ph_names_in(view, &holders->lacking[i].school).text));
    }
    free(parts);
    free(holders);
    return status;
}

/* --- why --- */

/* What it is not known to hold, of all that is held here, as pairs of writer's school and count. */
static uint64_t lacks_of(struct ph_node *node, const struct ph_view *view,
                         const struct ph_school_id *school, const struct ph_school_id *author)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        if (!ph_school_id_equal(&log->row.school, author) || !ph_ends_is_in_root(log))
            continue;
        uint32_t held = ph_holders_end(node, view, school, i);
        count += ph_holders_behind(node, i, held, log->durable.seq);
    }
    return count;
}

static uint64_t answer_lacks(struct ph_node *node, const struct ph_view *view,
                             const struct ph_school_id *school, struct ph_buffer *out)
{
    struct ph_member members[PH_SCHOOLS_MAX];
    uint64_t lacks[PH_SCHOOLS_MAX], sum = 0;
    uint32_t count = ph_facts_members(node->facts, members, PH_SCHOOLS_MAX), rows = 0;
    count = count < PH_SCHOOLS_MAX ? count : PH_SCHOOLS_MAX;
    for (uint32_t i = 0; i < count; i++) {
        lacks[i] = lacks_of(node, view, school, &members[i].school);
        rows += lacks[i] != 0;
        sum += lacks[i];
    }
    ph_answer_key(out, "lacks");
    ph_pack_array(out, rows);
    for (uint32_t i = 0; i < count; i++) {
        if (lacks[i] == 0)
            continue;
        ph_pack_map(out, 3);
        ph_answer_hex(out, "school", members[i].school.bytes, sizeof members[i].school.bytes);
        ph_answer_text(out, "name", ph_names_in(view, &members[i].school).text);
        ph_answer_uint(out, "entries", lacks[i]);
    }
    return sum;
}

/* Some writer of that school has shown or certified this key. */
static bool is_key_of(const struct ph_node *node, const struct ph_agree_public *transport,
                      const struct ph_school_id *school)
{
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log_row *row = &node->logs.items[i].row;
        if (row->is_branch || !ph_school_id_equal(&row->school, school))
            continue;
        const struct ph_fact *certify = ph_facts_find(node->facts, &row->certify);
        if (certify != NULL && ph_agree_public_equal(&certify->of.certify.transport, transport))
            return true;
    }
    return false;
}

static bool is_address_of(const struct ph_node *node, uint32_t index,
                          const struct ph_school_id *school)
{
    const struct ph_address *address = &node->dial.items[index];
    if (address->text[0] == '\0' || (index < PH_DIAL_HEARD && index >= node->dial.count))
        return false;
    if (index >= PH_DIAL_PUBLISHED)
        return ph_school_id_equal(&address->school, school);
    return is_key_of(node, &address->transport, school);
}

static uint32_t answer_addresses(const struct ph_node *node, const struct ph_school_id *school,
                                 struct ph_buffer *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < PH_DIAL_END; i++)
        count += is_address_of(node, i, school);
    ph_answer_key(out, "addresses");
    ph_pack_array(out, count);
    for (uint32_t i = 0; i < PH_DIAL_END; i++) {
        if (!is_address_of(node, i, school))
            continue;
        ph_pack_map(out, 2);
        ph_answer_text(out, "address", node->dial.items[i].text);
        ph_answer_text(out, "failure", node->dial.items[i].failure);
    }
    return count;
}

struct why {
    struct ph_school_id school;
    bool is_own, is_removed, is_connected, is_heard;
    uint64_t lacks;
    uint32_t address_count;
};

static const char *help_of(const struct why *why)
{
    if (why->is_own)
        return "This is this school itself.";
    if (why->is_removed)
        return "It is removed from the network: it is sent nothing more.";
    if (why->lacks == 0)
        return "Nothing needs to be done: it holds all that is held here.";
    if (why->is_connected)
        return "It is connected and catches up; wait, and look again in a minute.";
    if (why->address_count != 0)
        return "Somebody there should switch its computer on and look whether it is on the "
               "network.";
    if (why->is_heard)
        return "Others reach it and carry entries on; for a way of its own, type its address: "
               "pharos sync HOST:PORT.";
    return "Nobody has heard of it yet: somebody there should start pharos, with an address of "
           "this school.";
}

static void answer_heard(const struct ph_view *view, const struct ph_receipt_kept *receipt,
                         struct ph_buffer *out)
{
    bool has_from = receipt != NULL && receipt->has_from;
    ph_answer_uint(out, "receipt", receipt != NULL ? receipt->receipt.counter : 0);
    ph_answer_text(out, "through", has_from ? ph_names_in(view, &receipt->from).text : "");
}

static void answer_why(struct ph_node *node, const struct ph_view *view, struct why *why,
                       struct ph_buffer *out)
{
    const struct ph_receipt_kept *receipt = ph_holders_receipt(node, &why->school);
    why->is_own = ph_school_id_equal(&why->school, &node->school);
    why->is_removed = ph_facts_is_removed(node->facts, &why->school);
    why->is_connected = ph_peers_session(node, &why->school) != NULL;
    why->is_heard = receipt != NULL;
    ph_pack_map(out, 9);
    ph_answer_hex(out, "school", why->school.bytes, sizeof why->school.bytes);
    ph_answer_text(out, "name", ph_names_in(view, &why->school).text);
    ph_answer_bool(out, "removed", why->is_removed);
    ph_answer_bool(out, "connected", why->is_connected);
    answer_heard(view, receipt, out);
    why->lacks = answer_lacks(node, view, &why->school, out);
    why->address_count = answer_addresses(node, &why->school, out);
    ph_answer_text(out, "help", help_of(why));
}

enum ph_status ph_command_why(struct ph_node *node, struct ph_request *request)
{
    struct why why = {0};
    struct ph_view view = {0};
    struct ph_bytes named = ph_unpack_text(&request->args);
    PH_TRY(ph_unpack_end(&request->args));
    if (node->facts == NULL)
        return ph_refuse(request, "This school is in no network yet.");
    PH_TRY(ph_names_find_school(node, request, named, &why.school));
    PH_TRY(ph_view_open(node->store, &view));
    answer_why(node, &view, &why, &request->answer);
    ph_view_close(&view);
    return PH_OK;
}
