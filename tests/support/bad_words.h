/* What a member gone bad may say in an open session, one message each, with what must come of it.
 * The same table is played in the simulator and over a real socket. */
#ifndef PHAROS_TESTS_SUPPORT_BAD_WORDS_H
#define PHAROS_TESTS_SUPPORT_BAD_WORDS_H

#include "proto/message.h"
#include "proto/op.h"

enum bad_verdict {
    BAD_REFUSED,        /* `end` with bad input, closed; the root is unchanged */
    BAD_WITHOUT_EFFECT, /* the session goes on; the root is unchanged */
    BAD_KEPT,           /* taken into the log; no record appears or changes */
    BAD_SHOWN,          /* taken, and one more plan is shown */
};

/* The member: keys, and where its log stands at the node. */
struct bad_mouth {
    struct ph_network_id network;
    struct ph_school_id school;
    struct ph_writer_id writer;
    struct ph_sign_secret secret; /* of the writer */
    struct ph_fact_id certify;
    struct ph_link tip;
    struct ph_link next;  /* behind the entry that was made last */
    struct ph_head other; /* the end of an honest member's log */
};

struct bad_words {
    const char *name;
    void (*build)(struct bad_mouth *mouth, struct ph_buffer *out);
    enum bad_verdict verdict;
    enum ph_status reason; /* of a refusal, as the log has it */
    uint32_t times;        /* how often it is said; 0: once */
};

struct bad_words_table {
    const struct bad_words *rows;
    size_t count;
};
extern const struct bad_words_table bad_messages; /* forms, wants, heads, fills, facts */
extern const struct bad_words_table bad_runs;     /* entries of its own log */

/* Rows of those tables. */
#define REFUSED(name_, build_, reason_)                                                            \
    {                                                                                              \
        .name = (name_), .build = (build_), .verdict = BAD_REFUSED, .reason = (reason_)            \
    }
#define SAID(name_, build_, times_)                                                                \
    {                                                                                              \
        .name = (name_), .build = (build_), .verdict = BAD_WITHOUT_EFFECT, .times = (times_)       \
    }
#define KEPT(name_, build_)                                                                        \
    {                                                                                              \
        .name = (name_), .build = (build_), .verdict = BAD_KEPT                                    \
    }
#define SHOWN(name_, build_)                                                                       \
    {                                                                                              \
        .name = (name_), .build = (build_), .verdict = BAD_SHOWN                                   \
    }

/* An entry as it should be, in a run: a plan with a title. Moves `next`. */
void bad_mouth_put_plan(struct bad_mouth *mouth, struct ph_buffer *out);

#endif
