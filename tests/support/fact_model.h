/* A plain model of facts: what the specification (proto/README.md, "Facts") says, word by word, over
 * sets of facts as masks of their numbers. It shares no code with proto, looks at everything from
 * the beginning each time, and knows neither surplus, floods nor bounds on numbers of facts: worlds
 * here are small. Schools, keys and writers are numbers of fact_world.h. */
#ifndef PHAROS_TESTS_SUPPORT_FACT_MODEL_H
#define PHAROS_TESTS_SUPPORT_FACT_MODEL_H

#include "proto/bounds.h"
#include "tests/support/fact_world.h"

#define MODEL_FACTS_MAX 48
#define MODEL_ENDS_MAX 4
#define MODEL_SETTINGS 3
#define MODEL_NONE SIZE_MAX
#define FACT(number) (UINT64_C(1) << (number))

/* The log of every writer here is the same tree: branch 0 has entries 1 to 6, and branch 1 leaves
 * it behind 3 and has its own 4 to 6. Other ends are held by nobody. */
#define MODEL_BRANCHES 2
#define MODEL_FORK_SEQ 3
#define MODEL_LOG_LEN 6

struct model_end {
    uint8_t writer, branch, seq; /* seq 0: no end */
};

/* One fact of a world. */
struct plan {
    uint64_t type;
    uint8_t author;     /* whose key signs: its writer's for invite, admit, propose, else its own */
    bool has_wrong_key; /* the other of the two */
    uint8_t writer;     /* certify, close: whose writer, plus one; 0: the author's own */
    uint8_t school;     /* admit, propose: whom */
    uint8_t about;      /* admit: the invite; vote: the proposal */
    uint8_t what;       /* propose */
    uint8_t key;        /* succeed */
    bool has_no_consent; /* succeed: the new key consents to something else */
    uint8_t setting, value;
    uint64_t lifted; /* restore */
    uint64_t past;   /* what it names */
    struct model_end ends[MODEL_ENDS_MAX];
};

struct model {
    size_t count;
    struct plan plans[MODEL_FACTS_MAX];
    struct made made[MODEL_FACTS_MAX];
    /* What follows of each fact, by its own past. */
    uint64_t closure[MODEL_FACTS_MAX]; /* all of its causal past */
    bool is_taken[MODEL_FACTS_MAX];
    bool stands[MODEL_FACTS_MAX];
    uint32_t electorate[MODEL_FACTS_MAX]; /* a mask of schools */
    size_t school_of[MODEL_FACTS_MAX]; /* certify, vote, close, leave: whom its author speaks for */
};

/* The fact becomes the world's next, and is judged. */
void model_add(struct model *model, struct plan plan);
/* Makes the fact of each plan from number `first` on. */
void model_make(struct model *model, size_t first);

/* An empty world gets a network of so many voters, schools 0 to count - 1, each with a certified
 * writer; fact 2 is the founder's invitation, the last one rests on all. None is made yet. */
void model_begin(struct model *model, size_t voter_count);

/* --- what holds in a set, which is closed under pasts --- */

bool model_knows(const struct model *model, uint64_t set, size_t school);
bool model_is_voter(const struct model *model, uint64_t set, size_t school);
bool model_is_removed(const struct model *model, uint64_t set, size_t school);
/* The removals and leavings of a school that nothing lifts. */
uint64_t model_unlifted(const struct model *model, uint64_t set, size_t school);
size_t model_owner(const struct model *model, uint64_t set, size_t key);
bool model_speaks(const struct model *model, uint64_t set, size_t key);
bool model_is_reached(const struct model *model, uint64_t set, size_t proposal);
uint32_t model_voted(const struct model *model, uint64_t set, size_t proposal); /* schools */
bool model_is_closed(const struct model *model, uint64_t set, size_t school, size_t writer);
/* The fact whose value counts; MODEL_NONE: nothing is decided. */
size_t model_policy(const struct model *model, uint64_t set, size_t setting);
/* How far a branch of the log that begins with that certify fact stands: the last number, as
 * ph_bounds_of says it. */
uint32_t model_stands_to(const struct model *model, uint64_t set, size_t certify, uint8_t branch);

/* --- answers --- */

#define MODEL_KNOWN 1
#define MODEL_VOTER 2
#define MODEL_REMOVED 4
#define MODEL_SPEAKS 8

/* Everything that a set of facts is asked. */
struct answers {
    uint8_t schools[SCHOOL_COUNT]; /* flags as above */
    uint8_t owners[SCHOOL_COUNT];  /* of each key; UINT8_MAX: nobody */
    uint16_t closed[SCHOOL_COUNT]; /* of each school, a mask of writers */
    uint64_t taken, standing, reached;
    uint8_t seats[MODEL_FACTS_MAX], votes[MODEL_FACTS_MAX];
    uint8_t school_of[MODEL_FACTS_MAX];                 /* of a certify fact */
    uint8_t policies[MODEL_SETTINGS];                   /* UINT8_MAX: none */
    uint8_t stands_to[MODEL_FACTS_MAX][MODEL_BRANCHES]; /* UINT8_MAX: all */
    uint64_t admissions[SCHOOL_COUNT];                  /* the admission, as a mask of one */
    uint64_t unlifted[SCHOOL_COUNT];
    struct ph_hash hash;
};
void model_answers(const struct model *model, uint64_t set, struct answers *out);
void facts_answers(struct ph_facts *facts, const struct model *model, struct answers *out);
/* Fails with a name for what differs. */
void check_answers(const struct answers *is, const struct answers *wanted);

/* An end as facts hold it, and how far each branch of the log that begins with a certify fact
 * stands. */
struct ph_log_end model_log_end(struct model_end end);
void model_cuts(const struct ph_facts *facts, const struct ph_fact *certify,
                uint32_t stands_to[MODEL_BRANCHES]);

/* A set that has taken those of `set` in this order, offered again until nothing more is taken. To
 * be freed by the caller. */
struct ph_facts *model_take(const struct model *model, uint64_t set, const size_t *order);

#endif
