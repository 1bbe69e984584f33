#include "node/beacon.h"

#include "node/links.h"

static struct ph_beacon_key key_of(const struct ph_node *node)
{
    return ph_beacon_key(&node->network, &node->network_key);
}

static bool is_sending(const struct ph_node *node)
{
    return node->beacons.port != 0 && ph_links_are_wanted(node);
}

static void send(struct ph_node *node)
{
    uint8_t datagram[PH_BEACON_LEN], chance[4];
    struct ph_beacon_nonce *nonce =
        &node->beacons.sent[node->beacons.next_sent++ % PH_BEACON_OWN_MAX];
    struct ph_beacon beacon = {.port = node->beacons.port, .transport = node->transport};
    struct ph_beacon_key key = key_of(node);
    node->env.ops->random(node->env.impl, nonce->bytes, sizeof nonce->bytes);
    node->env.ops->random(node->env.impl, chance, sizeof chance);
    ph_beacon_write(&beacon, &key, nonce, datagram);
    ph_wipe(&key, sizeof key);
    node->beacons.has_sent = true;
    node->beacons.sent_ms = node->now_ms;
    node->beacons.due_ms =
        node->now_ms + PH_BEACON_MS / 2 + ph_get_u32(chance) % (PH_BEACON_MS / 2 + 1);
    node->env.ops->datagram(node->env.impl, ph_bytes(datagram, sizeof datagram));
}

void ph_beacon_soon(struct ph_node *node)
{
    uint64_t soonest_ms = node->now_ms;
    if (node->beacons.has_sent && node->beacons.sent_ms + PH_BEACON_ANSWER_MS > soonest_ms)
        soonest_ms = node->beacons.sent_ms + PH_BEACON_ANSWER_MS;
    if (soonest_ms < node->beacons.due_ms)
        node->beacons.due_ms = soonest_ms;
}

void ph_beacon_on_listening(struct ph_node *node, uint16_t port)
{
    bool is_news = port != node->beacons.port;
    node->beacons.port = port;
    if (is_news)
        ph_beacon_soon(node);
}

/* "[fe80::1%2]:7410" or "192.0.2.7:7410". */
static bool write_address(const char *host, uint16_t port, char out[PH_ADDRESS_LEN_MAX + 1])
{
    bool is_v6 = strchr(host, ':') != NULL;
    if (strlen(host) + sizeof "[]:65535" > PH_ADDRESS_LEN_MAX)
        return false;
    snprintf(out, PH_ADDRESS_LEN_MAX + 1, "%s%s%s:%u", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
             (unsigned)port);
    return true;
}

/* What we said comes back to us from every interface. With our key and not from us, it is one that
 * somebody has brought again, or a copy of this home says it, which a call will show. */
static bool is_ours(const struct ph_node *node, struct ph_bytes datagram)
{
    for (size_t i = 0; i < PH_BEACON_OWN_MAX; i++)
        if (memcmp(node->beacons.sent[i].bytes, datagram.data, PH_BEACON_NONCE_LEN) == 0)
            return true;
    return false;
}

void ph_beacon_on_datagram(struct ph_node *node, const char *host, struct ph_bytes bytes)
{
    char address[PH_ADDRESS_LEN_MAX + 1];
    struct ph_beacon beacon;
    if (!ph_links_are_wanted(node) || bytes.len != PH_BEACON_LEN || is_ours(node, bytes))
        return;
    struct ph_beacon_key key = key_of(node);
    enum ph_status status = ph_beacon_read(bytes, &key, &beacon);
    ph_wipe(&key, sizeof key);
    if (status != PH_OK || !write_address(host, beacon.port, address))
        return;
    if (ph_links_hear(node, ph_bytes_text(address), &beacon.transport))
        ph_beacon_soon(node);
}

void ph_beacon_on_wake(struct ph_node *node)
{
    if (is_sending(node) && node->beacons.due_ms <= node->now_ms)
        send(node);
}

uint64_t ph_beacon_next_ms(const struct ph_node *node)
{
    return is_sending(node) ? node->beacons.due_ms : UINT64_MAX;
}
