#include "node/crowd.h"

#include "node/peers.h"

struct caller {
    struct ph_peer *peer;
    size_t host_len;
    uint32_t neighbours; /* in the crowd, from the same host */
};

static bool is_in_crowd(const struct ph_peer *peer)
{
    return !peer->is_ours && (peer->state == PH_PEER_GREETING || peer->state == PH_PEER_JUDGING);
}

/* Of "host:port", up to the last colon. */
static size_t host_len(const struct ph_peer *peer)
{
    const char *colon = strrchr(peer->address, ':');
    return colon != NULL ? (size_t)(colon - peer->address) : strlen(peer->address);
}

static bool are_neighbours(const struct caller *a, const struct caller *b)
{
    return a->host_len == b->host_len &&
           memcmp(a->peer->address, b->peer->address, a->host_len) == 0;
}

static bool goes_before(const struct caller *a, const struct caller *b)
{
    if (a->neighbours != b->neighbours)
        return a->neighbours > b->neighbours;
    if (a->peer->has_key != b->peer->has_key)
        return !a->peer->has_key;
    return a->peer->conn < b->peer->conn; /* counted up: it has waited longer */
}

static size_t gather(struct ph_node *node, struct caller callers[PH_PEERS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (is_in_crowd(peer))
            callers[count++] = (struct caller){.peer = peer, .host_len = host_len(peer)};
    }
    return count;
}

static void count_neighbours(struct caller *callers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (are_neighbours(&callers[i], &callers[j])) {
                callers[i].neighbours++;
                callers[j].neighbours++;
            }
}

void ph_crowd_make_room(struct ph_node *node)
{
    struct caller callers[PH_PEERS_MAX];
    size_t count = gather(node, callers);
    const struct caller *first = &callers[0];
    if (count < PH_HALF_OPEN_MAX)
        return;
    count_neighbours(callers, count);
    for (size_t i = 1; i < count; i++)
        if (goes_before(&callers[i], first))
            first = &callers[i];
    ph_peers_end(node, first->peer, PH_END_UNKNOWN);
}
