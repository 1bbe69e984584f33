/* A network of TCP streams under virtual time. What it may do to us, and no more:
 *
 *   - A stream keeps order and loses nothing in its middle, but is cut anywhere: bytes come in
 *     chunks of any size, and what came apart may come together.
 *   - Each chunk takes its own time; some stall for long. A sender's bytes are taken only as fast
 *     as the window lets them, so a slow way shows to the sender as SENT that does not come.
 *   - A connection breaks at any byte: what was on its way is lost, and each side hears of it, at
 *     its own time, by DOWN.
 *   - Who hangs up hears nothing more; what it had sent still arrives, and then DOWN.
 *   - A way between two places is blocked, in one direction or both: nothing arrives, nobody is
 *     told; dialing ends after a while. Once it is open again what was on its way goes on.
 *   - A connection goes dead: nothing arrives any more, in either direction, and nobody is ever
 *     told, as when a router between has forgotten it.
 *   - A place that goes down breaks its connections; dialing it is refused.
 *
 * It does not reorder, lose single segments, or make up or change bytes: TCP and the seals above
 * it keep that away. A place is a party on the network, a node or anything that a test plays. */
#ifndef PHAROS_TESTS_SIM_NET_H
#define PHAROS_TESTS_SIM_NET_H

#include "pharos/env.h"
#include "tests/sim/sim_clock.h"

#define SIM_PLACES_MAX 1100
#define SIM_PORT "7410"
#define SIM_PORT_NUMBER 7410

/* What a party is told, as pharos/env.h says of the events of these names. */
struct sim_party_ops {
    void (*up)(void *impl, ph_conn_id conn, const char *address);
    void (*data)(void *impl, ph_conn_id conn, struct ph_bytes bytes);
    void (*sent)(void *impl, ph_conn_id conn, size_t len);
    void (*down)(void *impl, ph_conn_id conn, const char *reason);
};

struct sim_net_options {
    struct sim_span latency_ms; /* one way, for each chunk */
    struct sim_span take_ms;    /* until the network takes what was sent */
    struct sim_span timeout_ms; /* until dialing a blocked place fails */
    size_t window;              /* bytes taken and not yet arrived, each way */
    size_t chunk_max;           /* bytes of the larger chunks; some are tiny */
    uint32_t stalls;            /* chunks in a thousand that stall */
    struct sim_span stall_ms;
};

struct sim_net;

struct sim_net *sim_net_new(struct sim_clock *clock, const struct sim_net_options *options);
void sim_net_free(struct sim_net *net);
/* May be changed at any time. */
struct sim_net_options *sim_net_options(struct sim_net *net);

/* A new place, not listening. `name` is copied; "name:7410" dials it. */
uint32_t sim_net_add(struct sim_net *net, const char *name, const struct sim_party_ops *ops,
                     void *impl);
void sim_net_listen(struct sim_net *net, uint32_t place);
/* Another party has the place from now on, which must be down. */
void sim_net_hand_over(struct sim_net *net, uint32_t place, const struct sim_party_ops *ops,
                       void *impl);
/* Its connections break, dialing it is refused, and it is told nothing more. */
void sim_net_go_down(struct sim_net *net, uint32_t place);

/* As pharos/env.h. A party that names a connection that it does not have ends the program. */
void sim_net_dial(struct sim_net *net, uint32_t place, ph_conn_id conn, const char *address);
void sim_net_send(struct sim_net *net, uint32_t place, ph_conn_id conn, struct ph_bytes bytes);
void sim_net_hangup(struct sim_net *net, uint32_t place, ph_conn_id conn);

/* Faults. */
void sim_net_block(struct sim_net *net, uint32_t from, uint32_t to);
void sim_net_open(struct sim_net *net, uint32_t from, uint32_t to);
bool sim_net_is_blocked(const struct sim_net *net, uint32_t from, uint32_t to);
/* A firewall: nobody gets an answer who dials that way from now on; all else goes on. */
void sim_net_refuse(struct sim_net *net, uint32_t from, uint32_t to);
/* It has another address from now on; connections stay. */
void sim_net_rename(struct sim_net *net, uint32_t place, const char *name);
/* Break every connection between two places. */
void sim_net_reset(struct sim_net *net, uint32_t a, uint32_t b);
/* They go dead. */
void sim_net_forget(struct sim_net *net, uint32_t a, uint32_t b);
/* Break the connection that carries the `len`-th byte from now on, right behind it. Once. */
void sim_net_cut_after(struct sim_net *net, uint32_t from, uint32_t to, size_t len);
bool sim_net_cut_is_due(const struct sim_net *net, uint32_t from, uint32_t to);

/* Questions. */
uint64_t sim_net_bytes(const struct sim_net *net, uint32_t from, uint32_t to); /* arrived, ever */
uint32_t sim_net_links(const struct sim_net *net, uint32_t a, uint32_t b);     /* up at both ends */
/* The most that ever was sent and not taken on one connection. */
/* Memory that streams take on the way. */
size_t sim_net_memory(const struct sim_net *net);
size_t sim_net_outstanding_max(const struct sim_net *net, uint32_t place);

#endif
