/* What a fact does, judged in its causal past (spec: "Facts"), and the inside of the set that
 * facts.c keeps. Only facts.c and what it is made of include this.
 *
 * Facts are numbered in the order of taking, which is a causal order: a fact's past has lower
 * numbers. Schools are numbered in the order in which they became known here. Numbers are local and
 * differ from node to node; no answer depends on them. */
#ifndef PHAROS_PROTO_STANDING_H
#define PHAROS_PROTO_STANDING_H

#include "proto/facts.h"

/* A set of fact or school numbers. */
struct ph_bits {
    uint64_t words[(PH_FACTS_MAX + 63) / 64];
};

static inline bool ph_bits_has(const struct ph_bits *bits, uint32_t index)
{
    return (bits->words[index / 64] >> (index % 64) & 1) != 0;
}

static inline void ph_bits_add(struct ph_bits *bits, uint32_t index)
{
    bits->words[index / 64] |= UINT64_C(1) << (index % 64);
}

#define PH_NONE UINT32_MAX /* no such number */

/* What one fact does. Fixed when it is taken, from its past alone. */
struct ph_effect {
    bool stands;        /* it does what its type says; all else below is only for those that do */
    uint32_t of;        /* the school that it counts for, also without effect */
    uint32_t school;    /* certify, close: whose. admit: who is known by it. propose: about whom */
    uint32_t admitter;  /* admit: the voter that it counts for */
    uint32_t proposal;  /* vote: fact number */
    uint32_t seat;      /* vote: its school's place in the proposal's electorate */
    uint32_t last_vote; /* propose: the latest vote that stands, PH_NONE if there is none */
    uint32_t vote_before; /* vote: the one before it on the same proposal, or PH_NONE */
    uint32_t seat_count;
    uint32_t *electorate; /* propose: school numbers, owned */
};

/* One fact of the set, owned with its bytes. */
struct ph_held {
    struct ph_fact fact;
    struct ph_effect effect;
    uint32_t past_count;
    uint32_t past[]; /* fact numbers; the fact's bytes follow */
};

struct ph_known_school {
    struct ph_school_id id;
    struct ph_fact_id admission; /* of several that stand, the lowest */
    bool is_confirmed;           /* a voter, unless it is removed */
    bool is_removed;
    bool is_bounded;        /* something says which entries of its logs stand (bounds.h) */
    uint32_t fact_count;    /* facts of it */
    uint32_t counted_count; /* the same among some of them, while ph_facts_hash looks */
};

/* Facts that others of this school rest on; taken even from a school that floods (flood.h). */
struct ph_school_wants {
    struct ph_fact_id *ids; /* owned, PH_FACTS_WANTED_MAX of them; NULL: none was wanted so far */
    uint32_t count;
    uint32_t brought; /* taken so */
};

struct ph_facts {
    struct ph_network_id network;
    struct ph_held **held; /* by number */
    uint32_t *by_id;       /* fact numbers, by ascending id */
    uint32_t count;
    uint32_t size;
    struct ph_known_school *schools; /* by number; room for one more than there are facts */
    uint32_t school_count;
    struct ph_school_wants wants[PH_SCHOOLS_MAX]; /* by number; of later ones none */
    uint32_t hashed_count;                        /* of `hash`; PH_NONE before the first */
    struct ph_hash hash;
};

uint32_t ph_school_number(const struct ph_facts *facts, const uint8_t id[32]);      /* or PH_NONE */
uint32_t ph_fact_number(const struct ph_facts *facts, const struct ph_fact_id *id); /* or PH_NONE */

/* The school that facts by `author` on `past` count for: the one whose own key that is there, else
 * the one with the lowest key that has certified the writer there. PH_NONE: it is not known. */
uint32_t ph_standing_school_of(const struct ph_facts *facts, const struct ph_bits *past,
                               const struct ph_author *author);

/* Judge a fact that is not in the set yet; `effect->of` is kept. `effect->school` of an admission
 * may be PH_NONE: a school that is new here. PH_NO_MEMORY. */
PH_MUST_USE enum ph_status ph_standing_judge(const struct ph_facts *facts,
                                             const struct ph_bits *past, const struct ph_fact *fact,
                                             struct ph_effect *effect);

/* Let a fact that was just put into the set as number `index` have its effect on it. */
void ph_standing_apply(struct ph_facts *facts, uint32_t index);

#endif
