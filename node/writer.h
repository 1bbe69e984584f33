/* Whether this installation may write, and becoming a new writer when it may not (spec: "Forks"):
 * no two entries with one predecessor are ever signed but by a disk that was set back or copied
 * behind our back, and that ends as soon as it shows. */
#ifndef PHAROS_NODE_WRITER_H
#define PHAROS_NODE_WRITER_H

#include "node/state.h"

/* The secrets given, at the start. */
void ph_writer_take(struct ph_node *node, const struct ph_identity *identity);
/* Whether they may still be used, by what the store says. After everything else is loaded. */
PH_MUST_USE enum ph_status ph_writer_load(struct ph_node *node);

/* These secrets sign nothing any more, from now on and after a restart. PH_NO_MEMORY. */
PH_MUST_USE enum ph_status ph_writer_end(struct ph_node *node, enum ph_notice_type why);

/* What was pending is forgotten, perhaps a certificate and its notice: again when there may be
 * room. */
void ph_writer_on_full_disk(struct ph_node *node);

/* At the end of each step: ask for new secrets, or certify those that have come. */
void ph_writer_check(struct ph_node *node);
/* False: not a job of this file. */
bool ph_writer_on_job_done(struct ph_node *node, struct ph_job *job);

enum ph_writer_state {
    PH_WRITER_READY,   /* it may write, as far as membership goes */
    PH_WRITER_COMING,  /* in a moment */
    PH_WRITER_REFUSED, /* ph_writer_failure says why */
};
enum ph_writer_state ph_writer_state(const struct ph_node *node);
const char *ph_writer_failure(const struct ph_node *node); /* a sentence; NULL: none */
uint64_t ph_writer_next_ms(const struct ph_node *node);

#endif
