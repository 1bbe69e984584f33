/* Facts drawn from a seed: a founding, then mostly facts that do something, some without effect,
 * some that no node may take. */
#ifndef PHAROS_TESTS_ORACLE_OP_FACTS_H
#define PHAROS_TESTS_ORACLE_OP_FACTS_H

#include "tests/oracle/op_chance.h"
#include "tests/support/fact_world.h"

#define OP_FACTS_MAX 640
/* School i's second writer, and second key, are the first of school OP_SCHOOLS + i. */
#define OP_SCHOOLS 5

struct op_facts {
    struct made facts[OP_FACTS_MAX];
    uint64_t types[OP_FACTS_MAX];
    uint32_t count;
    uint64_t quota;
};

/* One more, unless it is there or there is no room. */
void op_facts_add(struct op_facts *drawn, const struct made *made, uint64_t type);

/* Sets `network` and what belongs to it (fact_world.h). */
void op_facts_draw(struct op_facts *out, uint64_t seed);

/* Offers all of them in a drawn order until nothing more is taken. To be freed by the caller. */
struct ph_facts *op_facts_take(const struct op_facts *drawn, struct chance *chance);

#endif
