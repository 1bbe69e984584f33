/* Seeded chance: the same numbers everywhere. */
#ifndef PHAROS_TESTS_ORACLE_OP_CHANCE_H
#define PHAROS_TESTS_ORACLE_OP_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

static inline uint64_t chance_next(struct chance *chance) /* SplitMix64 */
{
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Streams of neighbouring seeds have nothing in common. */
static inline struct chance chance_of(uint64_t purpose, uint64_t seed)
{
    struct chance chance = {seed * UINT64_C(0xd1342543de82ef95) + purpose};
    chance.state = chance_next(&chance);
    return chance;
}

/* Below `bound`, which is not 0. */
static inline uint32_t draw(struct chance *chance, uint32_t bound)
{
    return (uint32_t)(chance_next(chance) % bound);
}

static inline bool happens(struct chance *chance, uint32_t percent)
{
    return draw(chance, 100) < percent;
}

/* `order` becomes the numbers below `count` in a drawn order. */
static inline void draw_order(struct chance *chance, uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = draw(chance, i + 1);
        order[i] = i;
        order[i] = order[k];
        order[k] = i;
    }
}

#endif
