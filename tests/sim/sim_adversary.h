/* A school gone bad that acts by itself: it takes the place, the keys and the memory of a node that
 * is switched off, answers the sessions that others open and opens more, speaks the real protocol,
 * and lies in ways that can be switched on one by one, at times drawn from a seed of its own.
 *
 * Whatever it does is within the fault model: it holds the keys of its own school (and of its
 * partner, if it has one) and nobody else's, and no connection but its own. */
#ifndef PHAROS_TESTS_SIM_ADVERSARY_H
#define PHAROS_TESTS_SIM_ADVERSARY_H

#include "proto/invitation.h"
#include "tests/sim/sim.h"

/* The lies: number, name, what it does. */
#define SIM_LIES(X)                                                                                \
    X(FORK, "fork")         /* two and more branches of its log, others to others */               \
    X(LEAP, "leap")         /* Lamport times as far ahead as may be, and further */                \
    X(WITHHOLD, "withhold") /* heads announced, runs never sent, or in part, or to some */         \
    X(HEADS, "heads") /* heads that are too high, too low, of others, of the listener itself */    \
    X(FLOOD, "flood") /* wants, fact lists and questions without end */                            \
    X(SLOW, "slow")   /* doesn't read for a while; sends a few bytes at a time */                  \
    X(QUOTA, "quota") /* a log up to its quota, and over it, if that is near */                    \
    X(TRESPASS, "trespass") /* edits without the right, references to nothing */                   \
    X(BYTES, "bytes")       /* wrong signatures, broken bodies, noise */                           \
    X(HOLES, "holes")       /* content withheld, filled wrongly, filled late */                    \
    X(FACTS, "facts")       /* invitations, admissions, votes; some that can't stand */            \
    X(KEYS, "keys")         /* more writers of its own; keys that aren't its own */                \
    X(CENSOR, "censor")     /* passes on everything but one school's log */                        \
    X(MANY, "many")         /* many sessions, some under another's writer key */                   \
    X(TREE, "tree")         /* prunes, grafts and runs that are held, without end; never pushes */ \
    X(RECEIPTS, "receipts") /* receipts of others, forged, old and its own, in any order */

enum sim_lie_number {
#define SIM_LIE_ROW(symbol, name) SIM_LIE_NUMBER_##symbol,
    SIM_LIES(SIM_LIE_ROW)
#undef SIM_LIE_ROW
        SIM_LIE_COUNT,
};

#define SIM_LIE(symbol) (UINT32_C(1) << SIM_LIE_NUMBER_##symbol)
#define SIM_LIES_ALL ((UINT32_C(1) << SIM_LIE_COUNT) - 1)

/* What it is up to over a longer time, beside the lies: number, name, what it does. */
#define SIM_PLOTS(X)                                                                               \
    X(FLOOD, "fact-flood")   /* facts about and over its school's bound, others to others */       \
    X(HIDE, "hidden-writer") /* writers that some are told of, who edit what others wrote */       \
    X(BURDEN, "burden")      /* votes, admissions and writers on top of facts of no use */         \
    X(SHARE, "shared-keys")  /* certifies its partner's writers, and goes on with their logs */

enum sim_plot_number {
#define SIM_PLOT_ROW(symbol, name) SIM_PLOT_NUMBER_##symbol,
    SIM_PLOTS(SIM_PLOT_ROW)
#undef SIM_PLOT_ROW
        SIM_PLOT_COUNT,
};

#define SIM_PLOT(symbol) (UINT32_C(1) << SIM_PLOT_NUMBER_##symbol)
#define SIM_PLOTS_ALL ((UINT32_C(1) << SIM_PLOT_COUNT) - 1)

struct sim_adversary;

struct sim_adversary_options {
    uint32_t node;                          /* whose identity; it was a member and is down now */
    const struct ph_invitation *invitation; /* any of the network; copied */
    uint64_t seed;
    uint32_t lies;                 /* SIM_LIE(…), or-ed */
    uint32_t plots;                /* SIM_PLOT(…), or-ed; without any, nothing else is drawn */
    uint32_t apart;                /* nodes that plots treat apart: a bit each; 0: none */
    struct sim_span pause_ms;      /* between two acts */
    uint32_t line_max;             /* branches and logs of its own; 0: drawn */
    uint32_t censored;             /* the node whose log it censors, plus one; 0: drawn */
    struct sim_adversary *partner; /* NULL; else they vouch for each other and share their keys */
};

/* Begins at once. Freed before `sim`, and a partner after whoever names it. */
struct sim_adversary *sim_adversary_new(struct sim *sim,
                                        const struct sim_adversary_options *options);
void sim_adversary_free(struct sim_adversary *adversary);

/* From now on it writes and signs nothing new. It is gone, or it goes on with the lies that must
 * cost nobody anything: heads, withholding, slow reading, censorship, floods, and the tree. */
void sim_adversary_calm(struct sim_adversary *adversary, bool is_gone);

/* What an honest node must not have taken from it: an entry or fact that is to be refused, a value
 * without the right, a log over the quota. NULL: nothing of it is there; else a sentence. */
const char *sim_adversary_mark(struct sim_adversary *adversary, uint32_t node);

uint64_t sim_adversary_act_count(const struct sim_adversary *adversary);

#endif
