/* Plans of facts drawn from seeds: of every type, by schools below MODEL_CAST and the keys behind
 * them, after late facts. Most of what is drawn has no effect: draw again. */
#ifndef PHAROS_TESTS_SUPPORT_FACT_DRAW_H
#define PHAROS_TESTS_SUPPORT_FACT_DRAW_H

#include "tests/support/fact_model.h"

#define MODEL_CAST 5 /* schools that act in a world */

size_t model_draw_below(uint64_t *seed, size_t bound);

/* Adds a fact that is as wanted; those before it are made. False: what was drawn is not. */
enum wanted { WANTED_REFUSED, WANTED_IDLE, WANTED_STANDING };
bool model_draw(struct model *model, enum wanted wanted, uint64_t *seed);

/* `order` becomes the numbers below `count`, shuffled. */
void model_shuffle(size_t *order, size_t count, uint64_t *seed);

#endif
