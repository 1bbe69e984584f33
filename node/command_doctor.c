/* What this node knows of the ways to a school, and how far a call comes: for whoever looks for the
 * reason why two schools don't find each other. */
#include "node/command_list.h"
#include "node/dial.h"
#include "node/ends.h"
#include "node/ingest.h"
#include "node/names.h"
#include "node/peers.h"

/* --- one call --- */

enum ph_status ph_command_doctor(struct ph_node *node, struct ph_request *request)
{
    struct ph_bytes text = ph_unpack_text(&request->args);
    uint64_t wait_ms = ph_unpack_uint(&request->args, UINT32_MAX);
    if (ph_unpack_end(&request->args) != PH_OK)
        return PH_MALFORMED;
    int index = ph_dial_add(node, text, false);
    if (index < 0)
        return ph_refuse(request, ph_dial_is_address(text)
                                      ? "This node remembers as many addresses as it can."
                                      : "An address has the form HOST:PORT.");
    struct ph_address *address = &node->dial.items[index];
    if (address->conn == 0)
        address->failure[0] = '\0';
    ph_peers_dial(node, index);
    request->wait = PH_WAIT_DOCTOR;
    request->deadline_ms = node->now_ms + wait_ms;
    request->address_index = index;
    return PH_OK;
}

/* The session that the address led to: its own, or the one that stayed beside it. */
static const struct ph_peer *session_of(const struct ph_node *node, int index)
{
    const struct ph_address *address = &node->dial.items[index];
    for (size_t i = 0; i < node->peers_end; i++) {
        const struct ph_peer *peer = &node->peers[i];
        if (peer->state == PH_PEER_OPEN &&
            (peer->address_index == index ||
             (address->is_another_way &&
              ph_agree_public_equal(&address->transport, &peer->transport))))
            return peer;
    }
    return NULL;
}

static bool is_equal(const struct ph_node *node, const struct ph_peer *peer)
{
    return peer != NULL && peer->has_their_root &&
           ph_root_equal(&peer->their_root, &node->logs.root);
}

/* By how much the newest entry of the school claims to be from later than now: its clock or ours is
 * wrong by that, at least. */
static enum ph_status ahead_of_us(const struct ph_node *node, const struct ph_view *view,
                                  const struct ph_school_id *school, uint64_t *out)
{
    struct ph_stored_entry entry;
    *out = 0;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        if (!ph_school_id_equal(&log->row.school, school) || log->durable.seq <= log->row.base_seq)
            continue;
        PH_TRY(ph_view_entry(view, i, log->durable.seq, &entry));
        if (entry.header.time_ms > node->wall_ms &&
            (uint64_t)entry.header.time_ms - (uint64_t)node->wall_ms > *out)
            *out = (uint64_t)entry.header.time_ms - (uint64_t)node->wall_ms;
    }
    return PH_OK;
}

static const char *reach_text(enum ph_reach reach)
{
    static const char *const texts[] = {
        [PH_REACH_NOTHING] = "nothing",     [PH_REACH_CALLED] = "called",
        [PH_REACH_CONNECTED] = "connected", [PH_REACH_GREETED] = "greeted",
        [PH_REACH_KNOWN] = "known",         [PH_REACH_OPEN] = "open",
    };
    return texts[reach];
}

static enum ph_status write_found(struct ph_node *node, const struct ph_wait *wait,
                                  const struct ph_view *view, struct ph_buffer *out)
{
    const struct ph_address *address = &node->dial.items[wait->address_index];
    const struct ph_peer *peer = session_of(node, wait->address_index);
    bool is_known = address->reach >= PH_REACH_KNOWN && !address->leads_home;
    const struct ph_school_id *school = peer != NULL ? &peer->school : &address->answered;
    uint64_t ahead_ms = 0;
    if (is_known)
        PH_TRY(ahead_of_us(node, view, school, &ahead_ms));
    ph_pack_map(out, 10);
    ph_answer_text(out, "address", address->text);
    ph_answer_text(out, "reach", reach_text(peer != NULL ? PH_REACH_OPEN : address->reach));
    ph_answer_text(out, "reason", peer != NULL ? "" : address->failure);
    ph_answer_bool(out, "said_some", address->has_said_some || peer != NULL);
    ph_answer_bool(out, "itself", address->leads_home);
    ph_answer_text(out, "name", is_known ? ph_names_in(view, school).text : "");
    ph_answer_bool(out, "removed", is_known && ph_facts_is_removed(node->facts, school));
    ph_answer_bool(out, "accepted", peer != NULL && peer->has_their_root);
    ph_answer_bool(out, "equal", is_equal(node, peer));
    ph_answer_uint(out, "ahead_ms", ahead_ms);
    return PH_OK;
}

bool ph_command_doctor_is_done(struct ph_node *node, const struct ph_wait *wait,
                               struct ph_buffer *answer, char error[256])
{
    const struct ph_address *address = &node->dial.items[wait->address_index];
    const struct ph_peer *peer = session_of(node, wait->address_index);
    struct ph_view view = {0};
    bool has_failed =
        address->conn == 0 && peer == NULL && (address->failure[0] != '\0' || address->leads_home);
    if (!has_failed && !is_equal(node, peer) && node->now_ms < wait->deadline_ms)
        return false;
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = write_found(node, wait, &view, answer);
    ph_view_close(&view);
    if (status != PH_OK)
        snprintf(error, 256, "What is stored can't be read: %s.", ph_status_text(status));
    return true;
}

/* --- all ways to a school --- */

/* Whether one of its installations has that key. */
static bool is_key_of(const struct ph_node *node, const struct ph_school_id *school,
                      const struct ph_agree_public *transport)
{
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log_row *row = &node->logs.items[i].row;
        const struct ph_fact *certify = ph_school_id_equal(&row->school, school)
                                            ? ph_facts_certify_of(node->facts, &row->writer)
                                            : NULL;
        if (certify != NULL && ph_agree_public_equal(&certify->of.certify.transport, transport))
            return true;
    }
    return false;
}

/* Where the address is from, if it leads to that school as far as is known; NULL: it doesn't. What
 * people gave and where nobody has answered yet may lead there. */
static const char *source_of(const struct ph_node *node, uint32_t index,
                             const struct ph_school_id *school)
{
    static const struct ph_agree_public nobody;
    const struct ph_address *address = &node->dial.items[index];
    if (address->text[0] == '\0')
        return NULL;
    if (index >= PH_DIAL_PUBLISHED)
        return ph_school_id_equal(&address->school, school) ? "published" : NULL;
    bool is_its = is_key_of(node, school, &address->transport);
    if (index >= PH_DIAL_HEARD)
        return is_its ? "heard" : NULL;
    if (is_its)
        return address->is_remembered ? "remembered" : "typed";
    bool may_be = address->is_kept && !address->leads_home &&
                  ph_agree_public_equal(&address->transport, &nobody);
    return may_be ? "typed, answered by nobody yet" : NULL;
}

static uint32_t end_of_addresses(const struct ph_node *node, uint32_t index)
{
    /* Of people's, those in use come first; then there is a gap. */
    return index == node->dial.count && index < PH_DIAL_HEARD ? PH_DIAL_HEARD : index;
}

static void write_ways(const struct ph_node *node, const struct ph_school_id *school,
                       struct ph_buffer *out)
{
    uint32_t count = 0;
    for (uint32_t i = end_of_addresses(node, 0); i < PH_DIAL_END; i = end_of_addresses(node, i + 1))
        count += source_of(node, i, school) != NULL;
    ph_answer_key(out, "ways");
    ph_pack_array(out, count);
    for (uint32_t i = end_of_addresses(node, 0); i < PH_DIAL_END;
         i = end_of_addresses(node, i + 1)) {
        const char *source = source_of(node, i, school);
        if (source == NULL)
            continue;
        ph_pack_map(out, 3);
        ph_answer_text(out, "address", node->dial.items[i].text);
        ph_answer_text(out, "from", source);
        ph_answer_text(out, "failure", node->dial.items[i].failure);
    }
}

static const char *beacon_text(const struct ph_node *node, const struct ph_school_id *school)
{
    for (uint32_t i = PH_DIAL_HEARD; i < PH_DIAL_PUBLISHED; i++)
        if (source_of(node, i, school) != NULL)
            return "heard";
    return node->beacons.port == 0 ? "off" : "not heard";
}

static const char *turn_text(const struct ph_node *node, const struct ph_school_id *school)
{
    for (uint32_t i = 0; i < node->hosts.count; i++)
        if (ph_school_id_equal(&node->hosts.items[i], school))
            return i == 0 ? "host" : "deputy";
    return "";
}

enum ph_status ph_command_doctor_school(struct ph_node *node, struct ph_request *request)
{
    struct ph_buffer *out = &request->answer;
    struct ph_school_id school;
    PH_TRY(ph_names_find_school(node, request, ph_unpack_text(&request->args), &school));
    PH_TRY(ph_unpack_end(&request->args));
    const struct ph_peer *peer = ph_peers_session(node, &school);
    ph_pack_map(out, 9);
    ph_answer_hex(out, "school", school.bytes, sizeof school.bytes);
    ph_answer_text(out, "name", ph_names_of(node, &school).text);
    ph_answer_bool(out, "itself", ph_school_id_equal(&school, &node->school));
    ph_answer_bool(out, "removed", ph_facts_is_removed(node->facts, &school));
    ph_answer_text(out, "turn", turn_text(node, &school));
    ph_answer_text(out, "beacon", beacon_text(node, &school));
    ph_answer_text(out, "connected", peer != NULL ? peer->address : "");
    ph_answer_bool(out, "equal", is_equal(node, peer));
    write_ways(node, &school, out);
    return PH_OK;
}
