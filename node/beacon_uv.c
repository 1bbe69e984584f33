#include "node/beacon_uv.h"

#include "node/address_uv.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void ph_beacon_uv_init(struct ph_beacon_uv *beacon, uv_loop_t *loop, struct ph_events_uv events)
{
    *beacon = (struct ph_beacon_uv){.loop = loop, .events = events};
    beacon->v4.beacon = beacon->v6.beacon = beacon;
}

/* --- hearing --- */

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct ph_beacon_socket_uv *socket = handle->data;
    (void)suggested;
    *out = uv_buf_init((char *)socket->beacon->room, sizeof socket->beacon->room);
}

/* "host:port" and "[host]:port" without the port, which is only where it was sent from. */
static void host_of(const struct sockaddr *from, char out[PH_ADDRESS_LEN_MAX + 1])
{
    char text[PH_ADDRESS_LEN_MAX + 1];
    ph_address_format(from, text);
    const char *begin = text[0] == '[' ? text + 1 : text;
    const char *end = text[0] == '[' ? strchr(text, ']') : strrchr(text, ':');
    size_t len = end == NULL ? 0 : (size_t)(end - begin);
    memcpy(out, begin, len);
    out[len] = 0;
}

static void on_datagram(uv_udp_t *udp, ssize_t len, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags)
{
    struct ph_beacon_socket_uv *socket = udp->data;
    char host[PH_ADDRESS_LEN_MAX + 1];
    if (len != PH_BEACON_LEN || from == NULL || (flags & UV_UDP_PARTIAL) != 0)
        return; /* noise, or an error that ends with the interface */
    host_of(from, host);
    struct ph_event event = {.type = PH_EVENT_DATAGRAM};
    event.of.datagram.host = host;
    event.of.datagram.bytes = ph_bytes(buffer->base, (size_t)len);
    socket->beacon->events.tell(socket->beacon->events.impl, &event);
}

/* --- sockets --- */

/* Several nodes of one machine share the port, and each gets what comes for all; libuv sets
 * SO_REUSEADDR, which for datagrams is that. */
static bool open_socket(struct ph_beacon_socket_uv *socket, const struct sockaddr *at,
                        unsigned flags)
{
    if (uv_udp_init(socket->beacon->loop, &socket->udp) != 0)
        return false;
    socket->udp.data = socket;
    int failed = uv_udp_bind(&socket->udp, at, flags | UV_UDP_REUSEADDR);
    if (failed == 0)
        failed = uv_udp_recv_start(&socket->udp, give_room, on_datagram);
    if (failed != 0) {
        uv_close((uv_handle_t *)&socket->udp, NULL);
        return false;
    }
    socket->is_open = true;
    return true;
}

bool ph_beacon_uv_open(struct ph_beacon_uv *beacon, uint16_t udp_port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(udp_port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(udp_port)};
    beacon->udp_port = udp_port;
    if (open_socket(&beacon->v4, (const struct sockaddr *)&v4, 0))
        uv_udp_set_broadcast(&beacon->v4.udp, 1);
    if (open_socket(&beacon->v6, (const struct sockaddr *)&v6, UV_UDP_IPV6ONLY))
        uv_udp_set_multicast_loop(&beacon->v6.udp, 1);
    if (!beacon->v4.is_open && !beacon->v6.is_open)
        ph_log(beacon->events.log, PH_LOG_WARN,
               "UDP port %u can't be had: schools near don't find each other by themselves",
               (unsigned)udp_port);
    return beacon->v4.is_open || beacon->v6.is_open;
}

static void close_socket(struct ph_beacon_socket_uv *socket)
{
    if (socket->is_open)
        uv_close((uv_handle_t *)&socket->udp, NULL);
    socket->is_open = false;
}

void ph_beacon_uv_close(struct ph_beacon_uv *beacon)
{
    close_socket(&beacon->v4);
    close_socket(&beacon->v6);
}

/* --- speaking --- */

static void note(struct ph_beacon_uv *beacon, const char *name, const char *reason)
{
    if (!beacon->is_noted)
        ph_log(beacon->events.log, PH_LOG_DEBUG, "no beacon on %s: %s", name, reason);
    beacon->is_noted = true;
}

/* At once or not at all: the next one comes soon. */
static void send_to(struct ph_beacon_socket_uv *socket, const struct sockaddr *to,
                    struct ph_bytes bytes, const char *name)
{
    uint8_t copy[PH_BEACON_LEN];
    if (!socket->is_open || bytes.len > sizeof copy)
        return;
    memcpy(copy, bytes.data, bytes.len);
    uv_buf_t part = uv_buf_init((char *)copy, (unsigned)bytes.len);
    int failed = uv_udp_try_send(&socket->udp, &part, 1, to);
    if (failed < 0)
        note(socket->beacon, name, uv_strerror(failed));
}

static void send_v4(struct ph_beacon_uv *beacon, const struct ifaddrs *interface,
                    struct ph_bytes bytes)
{
    struct sockaddr_in to;
    if ((interface->ifa_flags & IFF_BROADCAST) == 0 || interface->ifa_broadaddr == NULL)
        return;
    memcpy(&to, interface->ifa_broadaddr, sizeof to);
    if (to.sin_family != AF_INET || to.sin_addr.s_addr == 0)
        return;
    to.sin_port = htons(beacon->udp_port);
    send_to(&beacon->v4, (const struct sockaddr *)&to, bytes, interface->ifa_name);
}

/* ff02::1, all nodes of the link, on the interface of this link-local address. */
static void send_v6(struct ph_beacon_uv *beacon, const struct ifaddrs *interface,
                    struct ph_bytes bytes)
{
    struct sockaddr_in6 own;
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(beacon->udp_port)};
    memcpy(&own, interface->ifa_addr, sizeof own);
    if (!IN6_IS_ADDR_LINKLOCAL(&own.sin6_addr) || (interface->ifa_flags & IFF_MULTICAST) == 0)
        return;
    to.sin6_addr.s6_addr[0] = 0xff;
    to.sin6_addr.s6_addr[1] = 0x02;
    to.sin6_addr.s6_addr[15] = 1;
    to.sin6_scope_id = own.sin6_scope_id;
    send_to(&beacon->v6, (const struct sockaddr *)&to, bytes, interface->ifa_name);
}

void ph_beacon_uv_send(struct ph_beacon_uv *beacon, struct ph_bytes bytes)
{
    struct ifaddrs *found = NULL;
    unsigned count = 0;
    if ((!beacon->v4.is_open && !beacon->v6.is_open) || getifaddrs(&found) != 0)
        return;
    for (const struct ifaddrs *at = found; at != NULL && count < PH_BEACON_SENDS_MAX;
         at = at->ifa_next) {
        bool is_up = (at->ifa_flags & IFF_UP) != 0 && (at->ifa_flags & IFF_LOOPBACK) == 0;
        if (!is_up || at->ifa_addr == NULL)
            continue;
        count++;
        if (at->ifa_addr->sa_family == AF_INET)
            send_v4(beacon, at, bytes);
        else if (at->ifa_addr->sa_family == AF_INET6)
            send_v6(beacon, at, bytes);
    }
    freeifaddrs(found);
}
