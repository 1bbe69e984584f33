/* Room for the facts of each school, so that a flood takes only its own (spec: "Floods"). Only
 * facts.c and flood.c include this. */
#ifndef PHAROS_PROTO_FLOOD_H
#define PHAROS_PROTO_FLOOD_H

#include "proto/standing.h"

/* One more than the bound is held: that shows the flood to whoever is given the same facts. */
static inline bool ph_flood_is_over(const struct ph_known_school *school)
{
    return school->fact_count > PH_FACTS_PER_SCHOOL_MAX;
}

/* A fact could not be taken for what is missing of its past. Of its school, unless that floods,
 * some such facts are wanted, though they be of a flooding school: who could choose which facts of
 * a flood a node holds could else keep it from all that others have rested on the rest of it. */
void ph_flood_note_waiting(struct ph_facts *facts, const struct ph_fact *fact);

/* One that is wanted, if it is, will not be held before what it rests on: that is wanted for the
 * same school. Its id is all that has to fit. */
void ph_flood_note_expected(struct ph_facts *facts, const struct ph_fact *fact);

/* The school that wants the fact `id`, of a school that floods, and has room for it; PH_NONE:
 * none. */
uint32_t ph_flood_wanted_by(const struct ph_facts *facts, const struct ph_fact_id *id);
/* It was taken beyond the bound. */
void ph_flood_note_taken(struct ph_facts *facts, const struct ph_fact_id *id);

#endif
