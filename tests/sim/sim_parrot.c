#include "tests/sim/sim_parrot.h"

#include <stdio.h>
#include <stdlib.h>

#define KNOWN_MAX 8
#define NOISE_MAX 200

struct sim_parrot {
    struct sim *sim;
    uint32_t place;
    uint64_t chance;
    struct sim_span pause_ms;
    uint8_t known[KNOWN_MAX][PH_BEACON_LEN];
    uint64_t known_count; /* ever */
    bool is_silent;
};

static uint64_t below(struct sim_parrot *parrot, uint64_t count)
{
    return sim_next(&parrot->chance) % count;
}

static void hear(void *impl, const char *host, struct ph_bytes bytes)
{
    struct sim_parrot *parrot = impl;
    (void)host;
    if (bytes.len == PH_BEACON_LEN)
        memcpy(parrot->known[parrot->known_count++ % KNOWN_MAX], bytes.data, bytes.len);
}

/* Of a node's own address, or one where nobody is. */
static void say(struct sim_parrot *parrot, struct ph_bytes bytes)
{
    char host[32];
    const char *name = below(parrot, 2) == 0 ? "node" : "alley";
    snprintf(host, sizeof host, "%s%u", name, (unsigned)below(parrot, 8));
    sim_near_say(sim_near(parrot->sim), parrot->place, host, bytes);
}

static void say_noise(struct sim_parrot *parrot)
{
    uint8_t noise[NOISE_MAX];
    size_t len = below(parrot, 2) == 0 ? PH_BEACON_LEN : (size_t)below(parrot, NOISE_MAX);
    sim_fill(&parrot->chance, noise, sizeof noise);
    say(parrot, ph_bytes(noise, len));
}

static void say_again(struct sim_parrot *parrot)
{
    uint64_t count = parrot->known_count < KNOWN_MAX ? parrot->known_count : KNOWN_MAX;
    uint8_t copy[PH_BEACON_LEN];
    memcpy(copy, parrot->known[below(parrot, count)], sizeof copy);
    if (below(parrot, 4) == 0)
        copy[below(parrot, sizeof copy)] ^= (uint8_t)(1 << below(parrot, 8));
    say(parrot, ph_bytes(copy, sizeof copy));
}

static void on_turn(void *impl, uint64_t unused, uint64_t unused_too);

static void await_turn(struct sim_parrot *parrot)
{
    struct sim_clock *clock = sim_clock(parrot->sim);
    struct sim_task task = {.action = on_turn, .impl = parrot};
    uint64_t span_ms = parrot->pause_ms.max - parrot->pause_ms.min + 1;
    sim_clock_at(clock, clock->now_ms + parrot->pause_ms.min + below(parrot, span_ms), &task);
}

static void on_turn(void *impl, uint64_t unused, uint64_t unused_too)
{
    struct sim_parrot *parrot = impl;
    (void)unused;
    (void)unused_too;
    if (parrot->is_silent)
        return;
    if (parrot->known_count == 0 || below(parrot, 3) == 0)
        say_noise(parrot);
    else
        say_again(parrot);
    await_turn(parrot);
}

static void never_up(void *impl, ph_conn_id conn, const char *address)
{
    (void)impl;
    (void)conn;
    (void)address;
}

struct sim_parrot *sim_parrot_new(struct sim *sim, uint64_t seed, struct sim_span pause_ms)
{
    static const struct sim_party_ops ops = {.up = never_up}; /* nobody is let in */
    struct sim_parrot *parrot = calloc(1, sizeof *parrot);
    if (parrot == NULL)
        abort();
    *parrot = (struct sim_parrot){.sim = sim, .chance = seed, .pause_ms = pause_ms};
    parrot->place = sim_net_add(sim_net(sim), "parrot", &ops, NULL);
    sim_near_listen(sim_near(sim), parrot->place, hear, parrot);
    await_turn(parrot);
    return parrot;
}

void sim_parrot_silence(struct sim_parrot *parrot)
{
    parrot->is_silent = true;
}

void sim_parrot_free(struct sim_parrot *parrot)
{
    free(parrot);
}
