/* Seeded chance: SplitMix64, whose state is a seed like any other. */
#ifndef PHAROS_TESTS_SUPPORT_CHANCE_H
#define PHAROS_TESTS_SUPPORT_CHANCE_H

#include <assert.h>
#include <stdint.h>

static inline uint64_t chance_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* From 0 to `bound` - 1; the bound is above 0. */
static inline uint64_t chance_below(uint64_t *state, uint64_t bound)
{
    assert(bound > 0);
    return chance_next(state) % bound;
}

#endif
