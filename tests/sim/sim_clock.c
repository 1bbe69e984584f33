#include "tests/sim/sim_clock.h"

#include <stdio.h>
#include <stdlib.h>

void sim_clock_init(struct sim_clock *clock, uint64_t seed)
{
    *clock = (struct sim_clock){.chance = seed};
}

void sim_clock_deinit(struct sim_clock *clock)
{
    free(clock->heap);
    *clock = (struct sim_clock){0};
}

/* --- tasks --- */

static bool is_before(const struct sim_task *a, const struct sim_task *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct sim_task *a, struct sim_task *b)
{
    struct sim_task kept = *a;
    *a = *b;
    *b = kept;
}

static void rise(struct sim_task *heap, size_t index)
{
    while (index != 0 && is_before(&heap[index], &heap[(index - 1) / 2])) {
        swap(&heap[index], &heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
}

static void sink(struct sim_task *heap, size_t count)
{
    size_t index = 0;
    for (;;) {
        size_t first = index, left = 2 * index + 1, right = left + 1;
        if (left < count && is_before(&heap[left], &heap[first]))
            first = left;
        if (right < count && is_before(&heap[right], &heap[first]))
            first = right;
        if (first == index)
            return;
        swap(&heap[index], &heap[first]);
        index = first;
    }
}

void sim_clock_at(struct sim_clock *clock, uint64_t at_ms, const struct sim_task *task)
{
    if (clock->count == clock->size) {
        clock->size = clock->size == 0 ? 64 : 2 * clock->size;
        clock->heap = realloc(clock->heap, clock->size * sizeof *clock->heap);
        if (clock->heap == NULL)
            abort();
    }
    struct sim_task *place = &clock->heap[clock->count];
    *place = *task;
    place->at_ms = at_ms > clock->now_ms ? at_ms : clock->now_ms;
    place->order = clock->next_order++;
    rise(clock->heap, clock->count++);
}

bool sim_clock_step(struct sim_clock *clock, uint64_t until_ms)
{
    if (clock->count == 0 || clock->heap[0].at_ms > until_ms)
        return false;
    struct sim_task task = clock->heap[0];
    clock->heap[0] = clock->heap[--clock->count];
    sink(clock->heap, clock->count);
    if (task.at_ms != clock->now_ms)
        clock->tasks_at_now = 0;
    clock->tasks_at_now++;
    clock->now_ms = task.at_ms;
    task.action(task.impl, task.a, task.b);
    return true;
}

/* --- chance --- */

uint64_t sim_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void sim_fill(uint64_t *state, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(sim_next(state) >> 32);
}

uint64_t sim_draw(struct sim_clock *clock, struct sim_span span)
{
    return span.min + sim_next(&clock->chance) % (span.max - span.min + 1);
}

bool sim_chance(struct sim_clock *clock, uint32_t count)
{
    return sim_next(&clock->chance) % 1000 < count;
}
