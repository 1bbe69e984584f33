/* The grow-only set of facts and what follows from it: who is known, who votes (spec: "Facts").
 *
 * A fact is taken once it parses, verifies, all its past is held and its author is known in that
 * past. What it does is judged in its own causal past alone and fixed when it is taken, so the same
 * facts give the same answers in every order. The set owns copies of the facts' bytes. */
#ifndef PHAROS_PROTO_FACTS_H
#define PHAROS_PROTO_FACTS_H

#include "proto/fact.h"

struct ph_facts;

/* A set for one network. PH_NO_MEMORY. */
PH_MUST_USE enum ph_status ph_facts_new(const struct ph_network_id *network, struct ph_facts **out);
void ph_facts_free(struct ph_facts *facts);

/* Take one fact. PH_OK also if it is held already (`is_new` tells). PH_WAITING: part of its past is
 * not held. PH_FORBIDDEN: its author is not known in its past, or it is of another network.
 * PH_REFUSED: there is no room, or none for its school's. Others as ph_fact_parse. */
PH_MUST_USE enum ph_status ph_facts_take(struct ph_facts *facts, struct ph_bytes bytes,
                                         bool *is_new);

/* The same for one that was taken before, by this program or another: its school has room for
 * it. */
PH_MUST_USE enum ph_status ph_facts_load(struct ph_facts *facts, struct ph_bytes bytes,
                                         bool *is_new);

/* A fact that is to come: if others wait for it, what it rests on is waited for, too. Of facts in
 * causal order the last one first, so that they can then be taken in order, though they be of a
 * school that has no room. False: it is held, or no fact. */
bool ph_facts_expect(struct ph_facts *facts, struct ph_bytes bytes);

/* By order of taking, which is a causal order. Borrowed until the set is freed. */
uint32_t ph_facts_count(const struct ph_facts *facts);
const struct ph_fact *ph_facts_at(const struct ph_facts *facts, uint32_t index);
const struct ph_fact *ph_facts_find(const struct ph_facts *facts, const struct ph_fact_id *id);
/* The place in that order of the fact whose id begins with `prefix`, 16 bytes; UINT32_MAX: none. */
uint32_t ph_facts_find_prefix(const struct ph_facts *facts, const uint8_t prefix[16]);
const struct ph_fact *ph_facts_founding(const struct ph_facts *facts); /* NULL: not held yet */

/* Hash over the ids of the first `count` facts taken (what is durable is a prefix), but for those
 * of schools with more than PH_FACTS_PER_SCHOOL_MAX among them. Kept, so that asking again costs
 * nothing. */
struct ph_hash ph_facts_hash(struct ph_facts *facts, uint32_t count);

/* The past of a new fact: those that it must name, because it rests on them, and the latest that
 * make members and voters, or no voters any more (not in the past of another one named), those
 * taken last first; at most PH_FACT_PAST_MAX, sorted. Whoever floods the set can't crowd out
 * what a school's next step rests on, nor make it rest on the flood. Returns the bytes written,
 * 32 each. */
size_t ph_facts_past(const struct ph_facts *facts, const struct ph_fact_id *must, size_t must_count,
                     uint8_t out[PH_FACT_PAST_MAX * 32]);

/* Bytes of facts that whoever rests on this one has to bring along, beside what is rested on
 * anyhow: the surplus of an answer to it. */
size_t ph_facts_surplus(const struct ph_facts *facts, const struct ph_fact_id *id);

/* The causal closure of one fact, itself last, in causal order: what leads from the founding fact
 * to it. `out` has room for ph_facts_count indexes. Returns how many. */
uint32_t ph_facts_closure(const struct ph_facts *facts, const struct ph_fact_id *id, uint32_t *out);

/* How many facts count for a school: those of its own key and of its writers'. One more than
 * PH_FACTS_PER_SCHOOL_MAX are taken. */
uint32_t ph_facts_count_of(const struct ph_facts *facts, const struct ph_school_id *school);
/* The school that the fact at `index` counts for. Borrowed until the next fact is taken. */
const struct ph_school_id *ph_facts_counted_for(const struct ph_facts *facts, uint32_t index);

/* Who. */
bool ph_facts_knows(const struct ph_facts *facts, const struct ph_school_id *school);
bool ph_facts_is_voter(const struct ph_facts *facts, const struct ph_school_id *school);
struct ph_member {
    struct ph_school_id school;
    bool is_voter;
    bool is_removed;
    struct ph_fact_id admission; /* founding fact for the founder */
};
/* In order of admission. NULL: there are not as many. Borrowed until the next fact is taken. */
const struct ph_school_id *ph_facts_school(const struct ph_facts *facts, uint32_t number);
/* Members in order of admission. Returns the count; writes at most `size`. */
uint32_t ph_facts_members(const struct ph_facts *facts, struct ph_member *out, uint32_t size);

/* A known school's admission (the founding fact for the founder), NULL if it isn't known. */
const struct ph_fact *ph_facts_admission(const struct ph_facts *facts,
                                         const struct ph_school_id *school);

/* The first certify fact of a writer that was taken, NULL if none. A log names its own by id: use
 * ph_facts_find for that. */
const struct ph_fact *ph_facts_certify_of(const struct ph_facts *facts,
                                          const struct ph_writer_id *writer);
/* The one with the lowest id that certifies this writer with this transport key, NULL if none. */
const struct ph_fact *ph_facts_certify_with(const struct ph_facts *facts,
                                            const struct ph_writer_id *writer,
                                            const struct ph_agree_public *transport);
/* Whether a fact of this set does what its type says, judged in its own past. */
bool ph_facts_stands(const struct ph_facts *facts, const struct ph_fact *fact);
/* How many certify facts that stand a school has signed. */
uint32_t ph_facts_certify_count(const struct ph_facts *facts, const struct ph_school_id *school);
/* The number after the highest serial among them; 0: there is none. */
uint32_t ph_facts_next_serial(const struct ph_facts *facts, const struct ph_school_id *school);
/* The school of a certify fact that stands, by its first key; NULL: it is none. Borrowed until the
 * next fact is taken. */
const struct ph_school_id *ph_facts_school_of(const struct ph_facts *facts,
                                              const struct ph_fact *certify);

/* The school whose own key this is, its first or a successor, by its first key; NULL: nobody's.
 * Borrowed as above. */
const struct ph_school_id *ph_facts_owner(const struct ph_facts *facts,
                                          const struct ph_school_id *key);
/* Whether it still speaks for that school: no other key has replaced it. */
bool ph_facts_speaks(const struct ph_facts *facts, const struct ph_school_id *key);
bool ph_facts_is_removed(const struct ph_facts *facts, const struct ph_school_id *school);
/* Whether a school has closed its log of this writer. */
bool ph_facts_is_closed(const struct ph_facts *facts, const struct ph_school_id *school,
                        const struct ph_writer_id *writer);

/* An invitation in force (made by a certified writer) by its public key, the first taken; and how
 * many schools it has admitted. */
const struct ph_fact *ph_facts_invite(const struct ph_facts *facts, const uint8_t key[32]);
uint32_t ph_facts_invite_uses(const struct ph_facts *facts, const struct ph_fact_id *invite);

/* Whether one more school should be admitted by an invitation that is held: one that votes may
 * invite many, any other member PH_GUESTS_OF_MEMBER_MAX, lest it fill the network. */
bool ph_facts_may_invite(const struct ph_facts *facts, const struct ph_fact_id *invite);

/* Votes. */

struct ph_tally {
    uint32_t seats, needed, votes; /* votes: of different seats */
};
/* All zero: there is no such proposal with effect. */
struct ph_tally ph_facts_tally(const struct ph_facts *facts, const struct ph_fact_id *proposal);
bool ph_facts_is_reached(const struct ph_facts *facts, const struct ph_fact_id *proposal);
bool ph_facts_has_voted(const struct ph_facts *facts, const struct ph_school_id *voter,
                        const struct ph_fact_id *proposal);
/* Votes on a proposal, one of each seat, at most `size`: what a fact has to name whose effect hangs
 * on its being reached. Returns how many. */
size_t ph_facts_reaching(const struct ph_facts *facts, const struct ph_fact_id *proposal,
                         struct ph_fact_id *out, size_t size);

/* The votes that brought a school back or gave it another key, the latest first, at most `size`:
 * what a certify fact names to begin a log that these don't bound. Returns how many. */
size_t ph_facts_ways_back(const struct ph_facts *facts, const struct ph_school_id *school,
                          struct ph_fact_id *out, size_t size);

/* What may shut a school out: its removals and leavings, successions and closes, with the votes and
 * all that they rest on, as numbers in causal order. `out` has room for ph_facts_count. Returns how
 * many. */
uint32_t ph_facts_against(const struct ph_facts *facts, const struct ph_school_id *school,
                          uint32_t *out);

/* The open proposal to the same end as `like` (its `of.propose`) in which `voter` has a seat, NULL
 * if none. Of several the one that most have a seat in, then the one with the lowest id, so that
 * votes gather on one; an old or one-sided proposal takes nobody's vote. One that would lay too
 * much on what rests on it is no one's to answer. */
const struct ph_fact *ph_facts_proposal(const struct ph_facts *facts,
                                        const struct ph_school_id *voter,
                                        const struct ph_fact *like);

/* The removals of a school that nothing lifts, ids ascending. Returns the bytes written. */
size_t ph_facts_removals(const struct ph_facts *facts, const struct ph_school_id *school,
                         uint8_t out[PH_LIFTED_MAX * 32]);

/* What the network has decided about a setting. False: nothing. */
bool ph_facts_policy(const struct ph_facts *facts, uint64_t setting, uint64_t *value);

#endif
