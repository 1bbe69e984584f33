#include "node/links.h"

#include "node/host.h"
#include "node/peers.h"

bool ph_links_are_wanted(const struct ph_node *node)
{
    bool dials = node->is_serving || node->membership == PH_MEMBERSHIP_JOINING;
    return dials && !node->is_stopping && node->membership != PH_MEMBERSHIP_NONE &&
           node->has_writer;
}

void ph_links_look(struct ph_node *node, uint64_t at_ms)
{
    if (node->links.found_count != 0 && at_ms < node->links.look_ms)
        node->links.look_ms = at_ms;
}

/* --- who is connected --- */

static bool is_open(const struct ph_node *node, const struct ph_agree_public *transport)
{
    for (size_t i = 0; i < node->peers_end; i++)
        if (node->peers[i].state == PH_PEER_OPEN &&
            ph_agree_public_equal(&node->peers[i].transport, transport))
            return true;
    return false;
}

/* Of several connections to one school the first counts. */
static bool is_first_of_school(const struct ph_node *node, size_t index)
{
    const struct ph_peer *peer = &node->peers[index];
    if (peer->state != PH_PEER_OPEN)
        return false;
    for (size_t i = 0; i < index; i++)
        if (node->peers[i].state == PH_PEER_OPEN &&
            ph_school_id_equal(&node->peers[i].school, &peer->school))
            return false;
    return true;
}

static uint32_t count_schools(const struct ph_node *node)
{
    uint32_t count = 0;
    for (size_t i = 0; i < node->peers_end; i++)
        count += is_first_of_school(node, i);
    return count;
}

static bool is_by_chance(const struct ph_peer *peer)
{
    return peer->state != PH_PEER_FREE && peer->address_index >= PH_DIAL_HEARD;
}

static uint32_t count_tried(const struct ph_node *node)
{
    uint32_t count = 0;
    for (size_t i = 0; i < node->peers_end; i++)
        count += is_by_chance(&node->peers[i]) && node->peers[i].state != PH_PEER_OPEN;
    return count;
}

/* --- what is heard --- */

/* The one with the lower key calls first; else both would, again and again. */
static uint64_t yield_ms(const struct ph_node *node, const struct ph_agree_public *transport)
{
    bool is_lower = memcmp(node->transport.bytes, transport->bytes, sizeof transport->bytes) < 0;
    return node->now_ms + (is_lower ? 0 : PH_BEACON_YIELD_MS);
}

/* Who can be heard can perhaps be called, however long the pause would be. */
static void bring_forward(struct ph_address *address, uint64_t at_ms)
{
    if (address->has_called && address->called_ms + PH_HEARD_AGAIN_MS > at_ms)
        at_ms = address->called_ms + PH_HEARD_AGAIN_MS;
    if (address->conn != 0 || address->leads_home || address->next_ms <= at_ms)
        return;
    address->next_ms = at_ms;
}

static bool is_at(const struct ph_address *address, struct ph_bytes text)
{
    return ph_bytes_equal(ph_bytes_text(address->text), text);
}

/* Of two that may give up their place, the one that was silent for longer. */
static struct ph_address *older(struct ph_address *a, struct ph_address *b)
{
    return a == NULL || b->named_ms < a->named_ms ? b : a;
}

/* Who names many addresses takes places of its own key, and of those that have failed, but of none
 * that was not tried. NULL: there is none. */
static struct ph_address *place_for(struct ph_node *node, const struct ph_agree_public *transport)
{
    struct ph_address *empty = NULL, *own = NULL, *failed = NULL;
    uint32_t own_count = 0;
    for (uint32_t i = PH_DIAL_HEARD; i < PH_DIAL_PUBLISHED; i++) {
        struct ph_address *address = &node->dial.items[i];
        bool is_own =
            address->text[0] != '\0' && ph_agree_public_equal(&address->transport, transport);
        own_count += is_own;
        if (address->text[0] == '\0')
            empty = address;
        else if (address->conn == 0 && is_own)
            own = older(own, address);
        else if (address->conn == 0 && address->failure_count != 0)
            failed = older(failed, address);
    }
    if (own_count >= PH_HEARD_PER_KEY_MAX)
        return own;
    return empty != NULL ? empty : failed;
}

static void add_heard(struct ph_node *node, struct ph_bytes text,
                      const struct ph_agree_public *transport, bool is_kept)
{
    struct ph_address *address = place_for(node, transport);
    if (address == NULL)
        return;
    node->links.found_count += address->text[0] == '\0';
    *address = (struct ph_address){.is_kept = is_kept,
                                   .transport = *transport,
                                   .named_ms = node->now_ms,
                                   .called_ms = node->now_ms,
                                   .next_ms = yield_ms(node, transport)};
    memcpy(address->text, text.data, text.len);
    ph_links_look(node, address->next_ms);
}

static bool is_news(const struct ph_node *node, const struct ph_agree_public *transport)
{
    for (uint32_t i = PH_DIAL_HEARD; i < PH_DIAL_PUBLISHED; i++) {
        const struct ph_address *address = &node->dial.items[i];
        if (address->text[0] != '\0' && ph_agree_public_equal(&address->transport, transport) &&
            node->now_ms - address->named_ms < 2 * PH_BEACON_MS)
            return false;
    }
    return true;
}

bool ph_links_hear(struct ph_node *node, struct ph_bytes text,
                   const struct ph_agree_public *transport)
{
    bool is_known = false, is_kept = false, is_connected = is_open(node, transport);
    bool is_new_key = is_news(node, transport);
    for (uint32_t i = 0; i < PH_DIAL_PUBLISHED; i++) {
        struct ph_address *address = &node->dial.items[i];
        if (!is_at(address, text))
            continue;
        is_known = is_known || i >= PH_DIAL_HEARD;
        is_kept = is_kept || (i < PH_DIAL_HEARD && address->is_kept);
        address->named_ms = node->now_ms;
        if (i >= PH_DIAL_HEARD)
            address->is_kept = is_kept;
        if (!is_connected)
            bring_forward(address, yield_ms(node, transport));
        ph_links_look(node, address->next_ms);
    }
    if (!is_known)
        add_heard(node, text, transport, is_kept);
    return is_new_key;
}

/* --- what is published --- */

static bool is_typed(const struct ph_node *node, struct ph_bytes text)
{
    for (uint32_t i = 0; i < node->dial.count; i++)
        if (node->dial.items[i].is_kept && is_at(&node->dial.items[i], text))
            return true;
    return false;
}

void ph_links_publish_begin(struct ph_node *node)
{
    for (uint32_t i = PH_DIAL_PUBLISHED; i < PH_DIAL_END; i++)
        node->dial.items[i].is_named = false;
}

/* The place that has it, or one that is free. */
static struct ph_address *published_place(struct ph_node *node, const struct ph_school_id *school,
                                          struct ph_bytes text)
{
    struct ph_address *empty = NULL;
    for (uint32_t i = PH_DIAL_PUBLISHED; i < PH_DIAL_END; i++) {
        struct ph_address *address = &node->dial.items[i];
        if (address->text[0] == '\0')
            empty = empty == NULL ? address : empty;
        else if (is_at(address, text) && ph_school_id_equal(&address->school, school))
            return address;
    }
    return empty;
}

void ph_links_publish(struct ph_node *node, const struct ph_school_id *school, struct ph_bytes text)
{
    struct ph_address *address = published_place(node, school, text);
    if (address == NULL)
        return; /* those that fell away are still connected */
    if (address->text[0] == '\0') {
        *address = (struct ph_address){.school = *school, .next_ms = node->now_ms};
        memcpy(address->text, text.data, text.len);
        node->links.found_count++;
        ph_links_look(node, node->now_ms);
    }
    address->is_named = true;
    address->is_kept = is_typed(node, text);
}

void ph_links_publish_end(struct ph_node *node)
{
    for (uint32_t i = PH_DIAL_PUBLISHED; i < PH_DIAL_END; i++) {
        struct ph_address *address = &node->dial.items[i];
        if (address->text[0] == '\0' || address->is_named || address->conn != 0)
            continue;
        *address = (struct ph_address){0};
        node->links.found_count--;
    }
}

/* --- what is called --- */

/* Whose key is connected already may be there as well: a second card of the same PC, or another PC
 * with a copy of its secrets. A call shows it, once for each session and now and then. */
static uint64_t due_twin_ms(const struct ph_node *node, uint32_t index)
{
    const struct ph_address *address = &node->dial.items[index];
    bool is_heard =
        index < PH_DIAL_PUBLISHED && node->now_ms - address->named_ms < 2 * PH_BEACON_MS;
    if (!is_heard || address->is_another_way)
        return UINT64_MAX;
    return address->called_ms + PH_HEARD_TWIN_MS;
}

/* When it may be called; UINT64_MAX: not as things are. Of one heard it is said whose key is there;
 * of one published, which school. */
static uint64_t due_ms(const struct ph_node *node, uint32_t index)
{
    static const struct ph_agree_public nobody = {{0}};
    const struct ph_address *address = &node->dial.items[index];
    if (address->text[0] == '\0' || address->conn != 0 || address->is_kept)
        return UINT64_MAX;
    if (index >= PH_DIAL_PUBLISHED &&
        (!address->is_named || ph_peers_session(node, &address->school) != NULL))
        return UINT64_MAX;
    if (ph_agree_public_equal(&address->transport, &nobody) || !is_open(node, &address->transport))
        return address->next_ms;
    uint64_t twin_ms = due_twin_ms(node, index);
    return twin_ms > address->next_ms ? twin_ms : address->next_ms;
}

/* Fell silent, and does not answer. */
static bool is_gone(const struct ph_node *node, const struct ph_address *address)
{
    return address->text[0] != '\0' && address->conn == 0 &&
           address->failure_count >= PH_HEARD_FAILURES_MAX &&
           node->now_ms - address->named_ms > 4 * PH_BEACON_MS;
}

static void forget_gone(struct ph_node *node)
{
    for (uint32_t i = PH_DIAL_HEARD; i < PH_DIAL_PUBLISHED; i++)
        if (is_gone(node, &node->dial.items[i])) {
            node->dial.items[i] = (struct ph_address){0};
            node->links.found_count--;
        }
}

/* Published by the host or one of its deputies: a link to them is kept, however many there are. */
static bool is_hosts(const struct ph_node *node, uint32_t index)
{
    return index >= PH_DIAL_PUBLISHED && ph_host_is_wanted(node, &node->dial.items[index].school);
}

static uint32_t below(struct ph_node *node, uint32_t count)
{
    uint8_t chance[4];
    node->env.ops->random(node->env.impl, chance, sizeof chance);
    return ph_get_u32(chance) % count;
}

/* One of those whose time has come; `next_ms`: else when the first one's will. */
static int choose(struct ph_node *node, bool of_hosts_alone, uint64_t *next_ms)
{
    uint32_t due[PH_DIAL_END - PH_DIAL_HEARD];
    uint32_t count = 0;
    *next_ms = UINT64_MAX;
    for (uint32_t i = PH_DIAL_HEARD; i < PH_DIAL_END; i++) {
        uint64_t at_ms = due_ms(node, i);
        if (of_hosts_alone && !is_hosts(node, i))
            continue;
        if (at_ms <= node->now_ms)
            due[count++] = i;
        else if (at_ms < *next_ms)
            *next_ms = at_ms;
    }
    return count == 0 ? -1 : (int)due[below(node, count)];
}

/* --- replacing one --- */

static void draw_swap(struct ph_node *node)
{
    node->links.swap_ms =
        node->now_ms + PH_LINKS_SWAP_MS / 2 + below(node, PH_LINKS_SWAP_MS / 2 + 1);
}

/* Another one of those that were made by chance here. */
static struct ph_peer *choose_victim(struct ph_node *node, const struct ph_peer *newest)
{
    struct ph_peer *victims[PH_PEERS_MAX];
    uint32_t count = 0;
    for (size_t i = 0; i < node->peers_end; i++)
        if (&node->peers[i] != newest && is_by_chance(&node->peers[i]) &&
            node->peers[i].state == PH_PEER_OPEN &&
            !ph_host_is_wanted(node, &node->peers[i].school))
            victims[count++] = &node->peers[i];
    return count == 0 ? NULL : victims[below(node, count)];
}

/* The new one is there, or has failed. */
static void finish_swap(struct ph_node *node)
{
    struct ph_peer *newest =
        node->links.swap_conn == 0 ? NULL : ph_peers_find(node, node->links.swap_conn);
    if (newest != NULL && newest->state != PH_PEER_OPEN)
        return;
    node->links.swap_conn = 0;
    if (newest == NULL || count_schools(node) <= PH_LINKS_WANTED)
        return;
    struct ph_peer *victim = choose_victim(node, newest);
    if (victim != NULL)
        ph_peers_end(node, victim, PH_END_DONE);
}

/* How many more may be called now. */
static bool has_room(const struct ph_node *node, bool is_swap_due)
{
    uint32_t schools = count_schools(node), tried = count_tried(node);
    uint32_t missing = schools < PH_LINKS_WANTED ? PH_LINKS_WANTED - schools : 0;
    if (missing == 0)
        return is_swap_due && tried == 0;
    return tried < 2 * missing && tried < PH_LINKS_TRIED_MAX;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

int ph_links_due(struct ph_node *node)
{
    struct ph_links *links = &node->links;
    uint64_t next_ms = UINT64_MAX;
    int index = -1;
    if (!ph_links_are_wanted(node) || links->found_count == 0 || links->look_ms > node->now_ms)
        return -1;
    if (links->swap_ms == 0)
        draw_swap(node);
    finish_swap(node);
    forget_gone(node);
    bool is_swap_due = links->swap_ms <= node->now_ms;
    bool is_full = count_schools(node) >= PH_LINKS_WANTED;
    if (is_swap_due)
        draw_swap(node);
    links->look_ms = links->swap_ms;
    bool is_paced = links->pace_ms > node->now_ms, is_host = false;
    if (!is_paced)
        index = choose(node, true, &next_ms);
    is_host = index >= 0;
    if (!has_room(node, is_swap_due) && !is_host) {
        ph_links_look(node, is_paced ? links->pace_ms : next_ms);
        return -1; /* looked at again when one of them ends */
    }
    if (!is_paced && !is_host)
        index = choose(node, false, &next_ms);
    if (index >= 0) {
        node->dial.items[index].next_ms = node->now_ms + PH_HEARD_AGAIN_MS;
        node->dial.items[index].has_called = true;
        node->dial.items[index].called_ms = node->now_ms;
        links->swap_conn = is_full && !is_host ? node->dial.next_conn : 0;
        links->pace_ms = node->now_ms + PH_LINKS_PACE_MS;
    }
    bool goes_on = index >= 0 || links->pace_ms > node->now_ms;
    ph_links_look(node, later(links->pace_ms, goes_on ? node->now_ms : next_ms));
    return index;
}

uint64_t ph_links_next_ms(const struct ph_node *node)
{
    return ph_links_are_wanted(node) && node->links.found_count != 0 ? node->links.look_ms
                                                                     : UINT64_MAX;
}
