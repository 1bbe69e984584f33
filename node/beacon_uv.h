/* Datagrams to and from everybody near, on libuv: IPv4 broadcast on each interface that has it, and
 * IPv6 to all nodes of each link. Interfaces are looked up anew for each datagram, since they come
 * and go; what fails on one is nothing to the others, and never an error: people then have typed
 * addresses. Several nodes on one machine all hear. */
#ifndef PHAROS_NODE_BEACON_UV_H
#define PHAROS_NODE_BEACON_UV_H

#include "node/events_uv.h"
#include "pharos/bytes.h"
#include "pharos/limits.h"

#include <uv.h>

#define PH_BEACON_SENDS_MAX 64 /* interfaces and versions of IP that one datagram goes to */

struct ph_beacon_socket_uv {
    struct ph_beacon_uv *beacon;
    uv_udp_t udp;
    bool is_open;
};

struct ph_beacon_uv {
    uv_loop_t *loop; /* borrowed */
    struct ph_events_uv events;
    struct ph_beacon_socket_uv v4, v6;
    uint16_t udp_port;
    bool is_noted; /* that something could not be sent was said once */
    uint8_t room[PH_BEACON_LEN + 1];
};

void ph_beacon_uv_init(struct ph_beacon_uv *beacon, uv_loop_t *loop, struct ph_events_uv events);
/* Hear and speak on this UDP port. False: on neither version of IP. */
bool ph_beacon_uv_open(struct ph_beacon_uv *beacon, uint16_t udp_port);
void ph_beacon_uv_send(struct ph_beacon_uv *beacon, struct ph_bytes bytes);
/* The handles are closed once the loop has run dry. May be called again. */
void ph_beacon_uv_close(struct ph_beacon_uv *beacon);

#endif
