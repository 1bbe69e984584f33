/* Facts for tests: ten schools of one network, the first of which founds it. All keys come from
 * fixed seeds. */
#ifndef PHAROS_TESTS_SUPPORT_FACT_WORLD_H
#define PHAROS_TESTS_SUPPORT_FACT_WORLD_H

#include "proto/facts.h"
#include "tests/support/check.h"

#define FACT_ROOM 1024
#define PAST_MAX 16

struct signer {
    struct ph_sign_secret secret;
    struct ph_author id;
};

struct school {
    struct signer key;
    struct signer writer;
    struct ph_school_id id;
};

/* A fact as it travels. */
struct made {
    struct ph_fact_id id;
    uint8_t bytes[FACT_ROOM];
    size_t len;
};

/* What all facts here rest on: one invitation secret, and what make_world fills in. */
#define SCHOOL_COUNT 10
extern struct school schools[SCHOOL_COUNT];
extern struct ph_network_id network;
extern struct made founding;        /* by school 0 */
extern struct made founder_certify; /* its writer; after the founding */
extern struct made invite;          /* by that writer; after its certificate */
extern const uint8_t invite_secret[16];

/* A group set-up of cmocka. */
int make_world(void **state);

struct school school(uint16_t number);
int order_of_ids(const void *a, const void *b);

/* The facts that a new one names, as an argument. */
#define AFTER(...) ((const struct made *const[]){__VA_ARGS__, NULL})
#define AFTER_NONE ((const struct made *const[]){NULL})

/* Completes and signs. `past` ends with NULL. */
struct made make(struct ph_fact fact, const struct signer *author, const struct made *const *past);
struct made make_certify(const struct school *by, const struct signer *writer,
                         const struct made *const *past);
struct made make_invite(const struct signer *by, uint16_t uses, const struct made *const *past);
struct made make_admit(const struct signer *by, const struct ph_school_id *whom,
                       const struct made *by_invite, const struct made *const *past);
struct made make_propose(const struct signer *by, const struct ph_school_id *whom,
                         const struct made *const *past);
/* Of whatever `what` fills in. */
struct made make_proposal(const struct signer *by, struct ph_fact what,
                          const struct made *const *past);
struct made make_vote(const struct signer *by, const struct made *proposal,
                      const struct ph_log_end *ends, uint32_t count,
                      const struct made *const *past);
struct made make_close(const struct signer *by, const struct signer *writer,
                       const struct ph_log_end *ends, uint32_t count,
                       const struct made *const *past);
struct made make_leave(const struct signer *by, const struct ph_log_end *ends, uint32_t count,
                       const struct made *const *past);
struct made make_confirm(const struct signer *by, const struct made *proposal,
                         const struct made *const *past);
struct made make_unknown(const struct signer *by, const struct made *const *past);
/* Another one of those for each number from 256 on. */
struct made make_numbered(const struct signer *by, uint16_t number, const struct made *const *past);

/* A set, to be freed by the caller; empty, or with the three facts above. */
struct ph_facts *new_set(void);
struct ph_facts *new_founded_set(void);
/* A set with `count` voters, schools 0 to count - 1; `last` is what a next fact rests on. */
struct ph_facts *new_set_with_voters(size_t count, struct made *last);

enum ph_status try_take(struct ph_facts *facts, const struct made *made);
void take(struct ph_facts *facts, const struct made *made); /* must be new and right */

/* Of schools by their number here. */
bool knows(const struct ph_facts *facts, size_t number);
bool is_voter(const struct ph_facts *facts, size_t number);

#endif
