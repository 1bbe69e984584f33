/* Virtual time and chance: tasks in order of (ms, insertion), and one seeded stream of numbers.
 * Nothing else in a simulation decides when or whether something happens. */
#ifndef PHAROS_TESTS_SIM_CLOCK_H
#define PHAROS_TESTS_SIM_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is to be done; `impl`, `a` and `b` are the caller's. A task can't be taken back: whoever
 * may have lost interest puts a number into `a` or `b` that tells it. */
typedef void sim_action(void *impl, uint64_t a, uint64_t b);

struct sim_task {
    uint64_t at_ms;
    uint64_t order;
    sim_action *action;
    void *impl;
    uint64_t a, b;
};

struct sim_clock {
    uint64_t now_ms;
    uint64_t next_order;
    uint64_t chance; /* SplitMix64's state */
    struct sim_task *heap;
    size_t count, size;
    uint64_t tasks_at_now; /* done at the present ms: many mean that somebody spins */
};

/* From `min` to `max`, both included. */
struct sim_span {
    uint64_t min, max;
};

void sim_clock_init(struct sim_clock *clock, uint64_t seed);
void sim_clock_deinit(struct sim_clock *clock);

/* At `at_ms`, or at once if that is over. */
void sim_clock_at(struct sim_clock *clock, uint64_t at_ms, const struct sim_task *task);
/* Do the next task if it is due by `until_ms`, and move time to it. False: there is none. */
bool sim_clock_step(struct sim_clock *clock, uint64_t until_ms);

/* SplitMix64: the next number of a stream. */
uint64_t sim_next(uint64_t *state);
void sim_fill(uint64_t *state, uint8_t *out, size_t len);
uint64_t sim_draw(struct sim_clock *clock, struct sim_span span);
/* True `count` times in a thousand. */
bool sim_chance(struct sim_clock *clock, uint32_t count);

#endif
