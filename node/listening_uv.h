/* What a node is told of where it can be called: the port for those near, and addresses for those
 * afar. Looked at anew now and then, since interfaces come and go. */
#ifndef PHAROS_NODE_LISTENING_UV_H
#define PHAROS_NODE_LISTENING_UV_H

#include "node/address_uv.h"
#include "node/events_uv.h"

#include <uv.h>

#define PH_LISTENING_LOOK_MS 30000
#define PH_LISTENING_MAX PH_OWN_ADDRESSES_MAX

struct ph_listening_uv {
    struct ph_events_uv events;
    uv_timer_t timer;
    bool is_open;
    bool is_any, is_loopback; /* listens on all interfaces, or on none that others reach */
    uint16_t port, beacon_port;
    char listening[PH_ADDRESS_LEN_MAX + 1];
    char given[PH_LISTENING_MAX][PH_ADDRESS_LEN_MAX + 1]; /* what people know of, as a router */
    size_t given_count;
    char told[PH_LISTENING_MAX][PH_ADDRESS_LEN_MAX + 1];
    bool has_told;
};

/* `at` is where the node listens. */
void ph_listening_uv_init(struct ph_listening_uv *listening, struct ph_events_uv events,
                          const char *at);
/* Tells the node, at once and after each change. */
void ph_listening_uv_begin(struct ph_listening_uv *listening, uv_loop_t *loop);
/* The handle is closed once the loop has run dry. May be called again. */
void ph_listening_uv_close(struct ph_listening_uv *listening);

/* Addresses of this machine's network interfaces as "host:port", loopback and link-local ones left
 * out: what others might reach. Writes at most `max`, says how many. */
size_t ph_listening_uv_own(uint16_t port, char (*out)[PH_ADDRESS_LEN_MAX + 1], size_t max);

#endif
