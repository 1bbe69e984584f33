#include "tests/sim/sim_near.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define LETTER_MAX 512

/* On its way to one place. */
struct letter {
    uint64_t id;
    uint32_t from, to;
    char host[64];
    uint8_t bytes[LETTER_MAX];
    size_t len;
    struct letter *next;
};

struct hearer {
    sim_near_hear *hear; /* NULL: nobody listens there */
    void *impl;
    uint64_t said;
};

struct sim_near {
    struct sim_clock *clock;
    struct sim_net *net;
    struct sim_near_options options;
    struct hearer hearers[SIM_PLACES_MAX];
    struct letter *first;
    uint64_t last_id;
};

struct sim_near *sim_near_new(struct sim_clock *clock, struct sim_net *net)
{
    struct sim_near *near = calloc(1, sizeof *near);
    if (near == NULL)
        abort();
    *near = (struct sim_near){.clock = clock, .net = net, .options = {.delay_ms = {0, 3}}};
    return near;
}

void sim_near_free(struct sim_near *near)
{
    while (near != NULL && near->first != NULL) {
        struct letter *letter = near->first;
        near->first = letter->next;
        free(letter);
    }
    free(near);
}

struct sim_near_options *sim_near_options(struct sim_near *near)
{
    return &near->options;
}

void sim_near_listen(struct sim_near *near, uint32_t place, sim_near_hear *hear, void *impl)
{
    near->hearers[place].hear = hear;
    near->hearers[place].impl = impl;
}

void sim_near_leave(struct sim_near *near, uint32_t place)
{
    near->hearers[place].hear = NULL;
}

uint64_t sim_near_said(const struct sim_near *near, uint32_t place)
{
    return near->hearers[place].said;
}

static struct letter *take_letter(struct sim_near *near, uint64_t id)
{
    struct letter **link = &near->first;
    while ((*link)->id != id)
        link = &(*link)->next;
    struct letter *letter = *link;
    *link = letter->next;
    return letter;
}

static void on_arrival(void *impl, uint64_t id, uint64_t unused)
{
    struct sim_near *near = impl;
    struct letter *letter = take_letter(near, id);
    struct hearer *hearer = &near->hearers[letter->to];
    (void)unused;
    if (hearer->hear != NULL && !sim_net_is_blocked(near->net, letter->from, letter->to))
        hearer->hear(hearer->impl, letter->host, ph_bytes(letter->bytes, letter->len));
    free(letter);
}

static void send(struct sim_near *near, uint32_t from, uint32_t to, const char *host,
                 struct ph_bytes bytes)
{
    struct letter *letter = calloc(1, sizeof *letter);
    if (letter == NULL)
        abort();
    *letter = (struct letter){
        .id = ++near->last_id, .from = from, .to = to, .len = bytes.len, .next = near->first};
    snprintf(letter->host, sizeof letter->host, "%s", host);
    memcpy(letter->bytes, bytes.data, bytes.len);
    near->first = letter;
    struct sim_task task = {.action = on_arrival, .impl = near, .a = letter->id};
    sim_clock_at(near->clock, near->clock->now_ms + sim_draw(near->clock, near->options.delay_ms),
                 &task);
}

void sim_near_say(struct sim_near *near, uint32_t place, const char *host, struct ph_bytes bytes)
{
    assert(bytes.len <= LETTER_MAX);
    near->hearers[place].said++;
    for (uint32_t to = 0; to < SIM_PLACES_MAX; to++) {
        if (to == place || near->hearers[to].hear == NULL ||
            sim_net_is_blocked(near->net, place, to) || sim_chance(near->clock, near->options.lost))
            continue;
        send(near, place, to, host, bytes);
        if (sim_chance(near->clock, near->options.doubled))
            send(near, place, to, host, bytes);
    }
}
