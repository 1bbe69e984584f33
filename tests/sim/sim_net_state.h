/* What a network is made of; sim_net.c moves bytes in it, sim_net_ways.c says and is told how its
 * ways are. For these two alone. */
#ifndef PHAROS_TESTS_SIM_NET_STATE_H
#define PHAROS_TESTS_SIM_NET_STATE_H

#include "tests/sim/sim_net.h"
#include "tests/sim/sim_stream.h"

#define NOWHERE UINT32_MAX

enum end_state { END_WAITING, END_UP, END_GONE };

struct end {
    uint32_t place; /* NOWHERE: not accepted yet */
    ph_conn_id conn;
    enum end_state state;
    struct sim_stream out;
};

struct link {
    uint64_t id;
    bool is_broken;
    bool is_dead;                         /* forgotten on the way */
    char address[PH_ADDRESS_LEN_MAX + 1]; /* that was dialed */
    struct end ends[2];                   /* the dialing one first */
};

/* From a place to another. */
struct way {
    bool is_blocked;
    bool is_refused; /* to dial */
    uint64_t bytes;
    size_t cut_after; /* 0: never */
};

struct place {
    char name[32];
    const struct sim_party_ops *ops;
    void *impl;
    bool is_listening;
    ph_conn_id last_accepted;
    size_t outstanding_max;
    struct way *ways; /* owned: SIM_PLACES_MAX */
};

struct sim_net {
    struct sim_clock *clock;
    struct sim_net_options options;
    struct place places[SIM_PLACES_MAX];
    uint32_t place_count;
    struct link **links; /* by their ids, ascending */
    size_t link_count, link_size;
    uint64_t last_link;
};

static inline bool sim_link_is_between(const struct link *link, uint32_t a, uint32_t b)
{
    uint32_t x = link->ends[0].place, y = link->ends[1].place;
    return (x == a && y == b) || (x == b && y == a);
}

#endif
