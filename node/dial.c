#include "node/dial.h"

#include "node/ingest.h"
#include "node/links.h"

#define DOUBLINGS_MAX 7       /* up to PH_DIAL_MS_MAX */
#define CONNECTED_DOUBLINGS 7 /* how often to look whether a session is still there */

/* All used places, and some that are free. */
static uint32_t end_of(const struct ph_node *node)
{
    return node->links.found_count == 0 ? node->dial.count : PH_DIAL_END;
}

bool ph_dial_is_address(struct ph_bytes text)
{
    const uint8_t *colon = NULL;
    if (text.len > PH_ADDRESS_LEN_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
        if (text.data[i] == ':')
            colon = text.data + i;
    }
    return colon != NULL && colon != text.data && colon + 1 != text.data + text.len;
}

static int find(const struct ph_node *node, struct ph_bytes text)
{
    for (uint32_t i = 0; i < node->dial.count; i++)
        if (ph_bytes_equal(ph_bytes_text(node->dial.items[i].text), text))
            return (int)i;
    return -1;
}

int ph_dial_add(struct ph_node *node, struct ph_bytes text, bool is_kept)
{
    struct ph_dial *dial = &node->dial;
    int index = find(node, text);
    if (index < 0) {
        if (dial->count == PH_ADDRESSES_MAX || !ph_dial_is_address(text))
            return -1;
        index = (int)dial->count++;
        dial->items[index] = (struct ph_address){0};
        memcpy(dial->items[index].text, text.data, text.len);
    }
    dial->items[index].is_kept = dial->items[index].is_kept || is_kept;
    return index;
}

/* --- what outlives the process --- */

enum ph_status ph_dial_remember(struct ph_node *node)
{
    static const char name[] = "addresses";
    struct ph_batch *batch = NULL;
    struct ph_buffer out = ph_buffer(node->building, PH_FRAME_MESSAGE_MAX);
    size_t count = 0;
    for (uint32_t i = 0; i < node->dial.count; i++)
        count += node->dial.items[i].is_remembered;
    ph_pack_array(&out, count);
    for (uint32_t i = 0; i < node->dial.count; i++)
        if (node->dial.items[i].is_remembered)
            ph_pack_text(&out, ph_bytes_text(node->dial.items[i].text));
    assert(!out.overflow);
    PH_TRY(ph_ingest_batch(node, &batch));
    return ph_batch_meta(batch, name, ph_buffer_bytes(&out));
}

enum ph_status ph_dial_load(struct ph_node *node)
{
    struct ph_view view = {0};
    struct ph_bytes value;
    struct ph_unpacker unpacker;
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = ph_view_meta(&view, "addresses", &value);
    if (status == PH_OK && ph_unpack(&unpacker, value) != PH_OK)
        status = PH_CORRUPT;
    if (status == PH_OK) {
        uint32_t count = ph_unpack_array(&unpacker);
        for (uint32_t i = 0; i < count && !unpacker.failed; i++) {
            int index = ph_dial_add(node, ph_unpack_text(&unpacker), true);
            if (index >= 0)
                node->dial.items[index].is_remembered = true;
        }
    }
    ph_view_close(&view);
    return status == PH_NOT_FOUND ? PH_OK : status;
}

/* --- dialing --- */

void ph_dial_on_begun(struct ph_address *address, ph_conn_id conn)
{
    address->conn = conn;
    address->next_ms = UINT64_MAX;
    address->leads_home = false;
    address->reach = PH_REACH_CALLED;
    address->has_said_some = false;
}

/* Half to all of the pause, so that two sides don't keep meeting in the door. */
static uint64_t pause_ms(struct ph_node *node, uint32_t failure_count)
{
    uint32_t doublings = failure_count < DOUBLINGS_MAX ? failure_count : DOUBLINGS_MAX;
    uint64_t pause = (uint64_t)PH_DIAL_MS_MIN << doublings;
    uint8_t random[4];
    if (pause > PH_DIAL_MS_MAX)
        pause = PH_DIAL_MS_MAX;
    node->env.ops->random(node->env.impl, random, sizeof random);
    return pause / 2 + ph_get_u32(random) % (pause / 2 + 1);
}

static struct ph_address *address_of(struct ph_node *node, const struct ph_peer *peer)
{
    return peer->address_index < 0 ? NULL : &node->dial.items[peer->address_index];
}

void ph_dial_on_reached(struct ph_node *node, const struct ph_peer *peer, enum ph_reach reach)
{
    struct ph_address *address = address_of(node, peer);
    if (address == NULL)
        return;
    address->reach = reach;
    if (reach >= PH_REACH_KNOWN)
        address->answered = peer->school;
}

void ph_dial_on_open(struct ph_node *node, struct ph_peer *peer)
{
    struct ph_address *address = address_of(node, peer);
    if (address == NULL)
        return;
    ph_links_look(node, node->now_ms);
    ph_dial_on_reached(node, peer, PH_REACH_OPEN);
    address->failure_count = 0;
    address->failure[0] = '\0';
    address->transport = peer->transport;
    address->is_another_way = false;
}

void ph_dial_on_self(struct ph_node *node, const struct ph_peer *peer)
{
    struct ph_address *address = address_of(node, peer);
    if (address != NULL)
        address->leads_home = true;
}

/* What is left with this key may be another PC with a copy of it. */
static void forget_ways(struct ph_node *node, const struct ph_agree_public *transport)
{
    for (uint32_t i = 0; i < end_of(node); i++)
        if (ph_agree_public_equal(&node->dial.items[i].transport, transport))
            node->dial.items[i].is_another_way = false;
}

void ph_dial_on_barred(struct ph_node *node, const struct ph_peer *peer)
{
    struct ph_address *address = address_of(node, peer);
    if (address != NULL)
        address->failure_count = DOUBLINGS_MAX;
}

void ph_dial_on_gone(struct ph_node *node, const struct ph_peer *peer, const char *reason,
                     bool is_duplicate)
{
    struct ph_address *address = address_of(node, peer);
    if (!is_duplicate && peer->state >= PH_PEER_JUDGING) /* else nobody knows who it was */
        forget_ways(node, &peer->transport);
    if (address != NULL || peer->state == PH_PEER_OPEN)
        ph_links_look(node, node->now_ms);
    if (address == NULL)
        return;
    address->conn = 0;
    address->has_said_some = peer->bytes_in != 0;
    if (is_duplicate) {
        address->transport = peer->transport;
        address->is_another_way = true;
    } else {
        snprintf(address->failure, sizeof address->failure, "%s", reason);
    }
    address->next_ms =
        node->now_ms +
        (address->leads_home ? PH_DIAL_HOME_MS : pause_ms(node, address->failure_count));
    if (address->failure_count < UINT32_MAX && !is_duplicate)
        address->failure_count++;
}

void ph_dial_all_soon(struct ph_node *node)
{
    for (uint32_t i = 0; i < end_of(node); i++) {
        struct ph_address *address = &node->dial.items[i];
        if (address->conn == 0)
            address->next_ms = node->now_ms + pause_ms(node, 0);
    }
}

/* Whom it leads to is connected already. Two addresses that answered with one key, or an address
 * and who called with its key, are two PCs, unless one end has said otherwise. */
static bool is_connected(const struct ph_node *node, int index)
{
    const struct ph_address *address = &node->dial.items[index];
    for (size_t i = 0; i < node->peers_end; i++) {
        const struct ph_peer *peer = &node->peers[i];
        bool is_this_way = peer->address_index == index || address->is_another_way;
        if (peer->state == PH_PEER_OPEN && is_this_way &&
            ph_agree_public_equal(&peer->transport, &address->transport))
            return true;
    }
    return false;
}

static bool is_wanted(const struct ph_node *node, const struct ph_address *address)
{
    return ph_links_are_wanted(node) && address->is_kept && address->conn == 0;
}

int ph_dial_due(struct ph_node *node)
{
    for (uint32_t i = 0; i < node->dial.count; i++) {
        struct ph_address *address = &node->dial.items[i];
        if (!is_wanted(node, address) || address->next_ms > node->now_ms)
            continue;
        address->next_ms = node->now_ms + pause_ms(node, CONNECTED_DOUBLINGS);
        if (is_connected(node, (int)i))
            continue;
        address->has_called = true;
        address->called_ms = node->now_ms;
        return (int)i;
    }
    return -1;
}

uint64_t ph_dial_next_ms(const struct ph_node *node)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < node->dial.count; i++)
        if (is_wanted(node, &node->dial.items[i]) && node->dial.items[i].next_ms < next)
            next = node->dial.items[i].next_ms;
    return next;
}
