/* Who talks to the lone node: schools whose keys are here. Two of them are members with a log, one
 * holds an invitation, one only the network's key; and the node itself, whose keys are here as
 * well, so that its own log can be continued behind its back. */
#ifndef PHAROS_TESTS_FUZZ_CAST_H
#define PHAROS_TESTS_FUZZ_CAST_H

#include "proto/op.h"
#include "tests/fuzz/lone_node.h"
#include "tests/support/speaker.h"

enum cast_role { CAST_NODE, CAST_MEMBER, CAST_FRIEND, CAST_JOINER, CAST_STRANGER };
#define CAST_COUNT (CAST_STRANGER + 1)
#define CAST_LINKS_MAX 12

struct cast_school {
    struct ph_identity identity;
    struct ph_sign_secret school_secret, writer_secret;
    struct ph_school_id school;
    struct ph_writer_id writer;
    struct ph_fact_id certify;            /* zero: none held */
    struct ph_link links[CAST_LINKS_MAX]; /* places in its log to go on from */
    uint32_t link_count, link_count_kept;
};

struct cast {
    struct lone lone;
    struct cast_school schools[CAST_COUNT];
    struct ph_invitation invitation;
    struct ph_fact_id facts[64]; /* all that the node held at first */
    uint32_t fact_count;
};

/* Founds the network, admits the members, keeps the node so. */
void cast_init(struct cast *cast);

/* Greet on a line that is connected; false: the node did not answer. */
bool cast_greet(struct cast *cast, uint32_t line, struct speaker *speaker, enum cast_role who);
void cast_say(struct cast *cast, uint32_t line, struct speaker *speaker, struct ph_bytes message);

/* A fact signed by the school (or its writer) after `past`, which is sorted here, in `out`. */
struct ph_bytes cast_fact(struct cast *cast, struct ph_fact *fact, enum cast_role who,
                          bool by_school, struct ph_fact_id *past, uint32_t past_count,
                          uint8_t out[PH_FACT_MAX]);

/* One entry into a run, made from choices; `link` moves on. `scratch` is 2 * PH_BODY_MAX. */
void cast_entry(struct cast *cast, struct fuzz_input *input, enum cast_role who,
                struct ph_run_writer *run, struct ph_link *link, uint8_t *scratch);

#endif
