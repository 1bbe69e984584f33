/* Datagrams to everybody near, under virtual time, over the ways of a network (sim_net.h): whoever
 * listens hears what the others say, if the way from them is open. A datagram is lost, comes twice,
 * or later than the next one; what is in it stays as it was. The sender's address is what the
 * sender says that it is, as on a real network. */
#ifndef PHAROS_TESTS_SIM_NEAR_H
#define PHAROS_TESTS_SIM_NEAR_H

#include "tests/sim/sim_net.h"

struct sim_near_options {
    struct sim_span delay_ms;
    uint32_t lost, doubled; /* in a thousand */
};

typedef void sim_near_hear(void *impl, const char *host, struct ph_bytes bytes);

struct sim_near;

struct sim_near *sim_near_new(struct sim_clock *clock, struct sim_net *net);
void sim_near_free(struct sim_near *near);
/* May be changed at any time. */
struct sim_near_options *sim_near_options(struct sim_near *near);

/* A place of the network hears from now on; and no more. */
void sim_near_listen(struct sim_near *near, uint32_t place, sim_near_hear *hear, void *impl);
void sim_near_leave(struct sim_near *near, uint32_t place);

/* Copied. Goes the ways from `place`. */
void sim_near_say(struct sim_near *near, uint32_t place, const char *host, struct ph_bytes bytes);

uint64_t sim_near_said(const struct sim_near *near, uint32_t place); /* how many, ever */

#endif
