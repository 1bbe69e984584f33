/* A member gone bad, for stories: the keys of a school whose node is switched off, the facts and
 * runs that it signs, and as many PCs of it as are wanted, each a party of its own on the
 * network. */
#ifndef PHAROS_TESTS_SUPPORT_BAD_MEMBER_H
#define PHAROS_TESTS_SUPPORT_BAD_MEMBER_H

#include "tests/sim/sim_school.h"
#include "tests/sim/sim_stranger.h"
#include "tests/support/check.h"

#define BAD_CONTENT_MAX 64

/* A log that it writes; copy it and go on from both, and the log is forked. */
struct bad_log {
    struct ph_writer_id writer;
    struct ph_sign_secret secret;
    struct ph_fact_id certify;
    struct ph_link tip;
    uint8_t turn; /* another one makes other entries */
    /* Of the last entry made: what fills its hole. */
    struct ph_salt salt;
    uint8_t content[BAD_CONTENT_MAX];
    size_t content_len;
};

struct bad_member {
    struct sim *sim;
    struct ph_identity identity;
    struct ph_invitation invitation;
    struct ph_sign_secret secret; /* the school's */
    struct ph_school_id school;
    struct bad_log log; /* of the node that was switched off */
};

/* A fact and the message that carries it. */
struct bad_fact {
    struct ph_fact_id id;
    uint8_t bytes[PH_FACT_MAX];
    size_t len;
};

/* Node `node` is switched off, and its school goes on by itself. Node 0 issues an invitation. */
struct bad_member bad_member_of(struct sim *sim, uint32_t node);

/* Its PC number `number`, 0 the one that it always had: a session with `node`, greeted. */
struct sim_stranger *bad_member_dial(const struct bad_member *bad, uint32_t number, uint32_t node);
/* The same with a certificate for the writer key of `writer_seed`. */
struct sim_stranger *bad_member_dial_as(const struct bad_member *bad, uint32_t number,
                                        uint32_t node, const uint8_t writer_seed[32]);

/* A fact with one other as its past. `by_school`: signed by the school's key, else by the
 * writer's. */
struct bad_fact bad_member_fact(const struct bad_member *bad, struct ph_fact *fact,
                                const struct ph_fact_id *past, bool by_school);
/* It certifies a writer key that it has made from `seed`, on `past`; the log begins there. */
struct bad_fact bad_member_certify(const struct bad_member *bad, uint8_t seed,
                                   const struct ph_fact_id *past, struct bad_log *log);
void bad_member_say_facts(struct sim_stranger *stranger, const struct bad_fact *facts,
                          uint32_t count);

/* By the school, of a type that nobody knows; each number makes another one. A large one has some
 * four thousand bytes. */
struct bad_fact bad_member_useless(const struct bad_member *bad, const struct ph_fact_id *past,
                                   uint16_t number, bool is_large);
/* Small ones of those, numbered from `first`, and a moment to take them. */
void bad_member_say_flood(const struct bad_member *bad, struct sim_stranger *stranger,
                          uint16_t first, uint16_t count);

/* The next `count` entries, each a small plan, in one run; a hole each if `as_holes`. */
void bad_member_say_run(const struct bad_member *bad, struct sim_stranger *stranger,
                        struct bad_log *log, uint32_t count, bool as_holes);
/* The next entry: another title for somebody's plan. */
void bad_member_say_title(const struct bad_member *bad, struct sim_stranger *stranger,
                          struct bad_log *log, const struct ph_record_id *plan);
/* Content for the hole that the last entry of a log is. */
void bad_member_say_fill(struct sim_stranger *stranger, const struct bad_log *log);

#endif
