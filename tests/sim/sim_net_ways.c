#include <stdio.h>

#include "tests/sim/sim_net_state.h"

bool sim_net_is_blocked(const struct sim_net *net, uint32_t from, uint32_t to)
{
    return net->places[from].ways[to].is_blocked;
}

void sim_net_refuse(struct sim_net *net, uint32_t from, uint32_t to)
{
    net->places[from].ways[to].is_refused = true;
}

void sim_net_rename(struct sim_net *net, uint32_t place, const char *name)
{
    snprintf(net->places[place].name, sizeof net->places[place].name, "%s", name);
}

void sim_net_cut_after(struct sim_net *net, uint32_t from, uint32_t to, size_t len)
{
    net->places[from].ways[to].cut_after = len;
}

bool sim_net_cut_is_due(const struct sim_net *net, uint32_t from, uint32_t to)
{
    return net->places[from].ways[to].cut_after != 0;
}

uint64_t sim_net_bytes(const struct sim_net *net, uint32_t from, uint32_t to)
{
    return net->places[from].ways[to].bytes;
}

uint32_t sim_net_links(const struct sim_net *net, uint32_t a, uint32_t b)
{
    uint32_t count = 0;
    for (size_t i = 0; i < net->link_count; i++) {
        const struct link *link = net->links[i];
        count += sim_link_is_between(link, a, b) && !link->is_broken &&
                 link->ends[0].state == END_UP && link->ends[1].state == END_UP;
    }
    return count;
}

size_t sim_net_memory(const struct sim_net *net)
{
    size_t len = 0;
    for (size_t i = 0; i < net->link_count; i++)
        for (size_t end = 0; end < 2; end++)
            len += sim_stream_memory(&net->links[i]->ends[end].out);
    return len;
}

size_t sim_net_outstanding_max(const struct sim_net *net, uint32_t place)
{
    return net->places[place].outstanding_max;
}
