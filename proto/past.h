/* Questions about a causal past: who is known there, votes, is removed, speaks for whom (spec:
 * "Facts"). A past is a set of fact numbers closed under what its facts rest on; NULL stands for all
 * facts held. Every answer follows from those facts alone. Only facts.c and what it is made of
 * include this.
 *
 * Schools are numbers here (standing.h); PH_NONE: none. */
#ifndef PHAROS_PROTO_PAST_H
#define PHAROS_PROTO_PAST_H

#include "proto/standing.h"

/* Add all that the facts in `past` rest on. */
void ph_past_close(const struct ph_facts *facts, struct ph_bits *past);
/* The causal past of a fact of the set, without itself. */
void ph_past_of(const struct ph_facts *facts, uint32_t index, struct ph_bits *out);

/* The held fact `index` if it is in the past, stands and is of this type, else NULL. */
const struct ph_held *ph_past_has(const struct ph_facts *facts, const struct ph_bits *past,
                                  uint32_t index, enum ph_fact_type type);
/* The same for a proposal of that kind that is reached there. */
const struct ph_held *ph_past_reached(const struct ph_facts *facts, const struct ph_bits *past,
                                      uint32_t index, enum ph_proposal what);

/* A reached removal, or a school's leaving; else NULL. */
const struct ph_held *ph_past_removal(const struct ph_facts *facts, const struct ph_bits *past,
                                      uint32_t index);

/* Enough of its electorate have voted for a proposal that stands. */
bool ph_past_is_reached(const struct ph_facts *facts, const struct ph_bits *past,
                        const struct ph_held *proposal);

bool ph_past_knows(const struct ph_facts *facts, const struct ph_bits *past, uint32_t school);
/* The school whose own a key is, whether or not it still speaks for it. */
uint32_t ph_past_owner(const struct ph_facts *facts, const struct ph_bits *past,
                       const uint8_t key[32]);
/* The school that a key speaks for. */
uint32_t ph_past_speaker(const struct ph_facts *facts, const struct ph_bits *past,
                         const uint8_t key[32]);
/* Removals, by fact number, that a reached restoration lifts. */
void ph_past_lifted(const struct ph_facts *facts, const struct ph_bits *past, struct ph_bits *out);
/* Schools with a removal that nothing lifts. */
void ph_past_removed(const struct ph_facts *facts, const struct ph_bits *past, struct ph_bits *out);
/* Returns how many. */
uint32_t ph_past_voters(const struct ph_facts *facts, const struct ph_bits *past,
                        struct ph_bits *out);
/* The schools that certified this writer key, whatever became of them. Normally one; nobody can be
 * kept from certifying a key that consents. False: none. */
bool ph_past_certifiers(const struct ph_facts *facts, const struct ph_bits *past,
                        const struct ph_author *writer, struct ph_bits *out);
/* Of these the schools that are not removed, and whose key still speaks for them. */
bool ph_past_certified(const struct ph_facts *facts, const struct ph_bits *past,
                       const struct ph_author *writer, struct ph_bits *out);

#endif
