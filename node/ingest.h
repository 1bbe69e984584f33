/* Taken -> batch -> durable -> announced. One batch gathers while another is under way in the
 * environment, so that all that arrives meanwhile shares the next commit. */
#ifndef PHAROS_NODE_INGEST_H
#define PHAROS_NODE_INGEST_H

#include "node/state.h"

/* The batch that gathers, made when there is none. PH_NO_MEMORY; PH_PARTIAL: it is full, try after
 * the next commit. */
PH_MUST_USE enum ph_status ph_ingest_batch(struct ph_node *node, struct ph_batch **out);

/* Facts from anywhere: verified, taken, into the batch; a certify fact opens its log.
 * As ph_facts_take and ph_ingest_batch. */
PH_MUST_USE enum ph_status ph_ingest_fact(struct ph_node *node, struct ph_bytes bytes,
                                          bool *is_new);

/* Content for a hole. PH_WAITING: it fits none. That is nobody's fault: it may be of a branch that
 * is not held here. */
PH_MUST_USE enum ph_status ph_ingest_fill(struct ph_node *node, const struct ph_message *fill);

/* Our own next entry; moves the own log's end. */
PH_MUST_USE enum ph_status ph_ingest_own(struct ph_node *node, const struct ph_header *header,
                                         const struct ph_body *body);

/* At the end of each step: hand over what has gathered, unless a batch is under way. */
void ph_ingest_flush(struct ph_node *node);
bool ph_ingest_is_quiet(const struct ph_node *node); /* nothing pending */
/* The disk was full a moment ago: what peers send is not taken, records are not materialised; what
 * a person writes is still tried. */
bool ph_ingest_is_full(const struct ph_node *node);

/* COMMITTED. The caller announces. */
PH_MUST_USE enum ph_status ph_ingest_on_committed(struct ph_node *node, struct ph_batch *batch,
                                                  enum ph_status status);

/* Forget what is pending and read everything from the store: at the start, and after a full
 * disk. */
PH_MUST_USE enum ph_status ph_ingest_load(struct ph_node *node);

#endif
