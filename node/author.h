/* What this school writes: its own entries and facts, after the end of its own log as taken,
 * durable or not. */
#ifndef PHAROS_NODE_AUTHOR_H
#define PHAROS_NODE_AUTHOR_H

#include "node/state.h"

/* An entry: begin, add ops with proto/op.h, end. One at a time: the buffers are the node's. */
void ph_author_begin(struct ph_node *node, struct ph_op_writer *ops);
/* PH_LIMIT: longer than PH_BODY_MAX, or the log's quota. Others as ph_ingest_batch. */
PH_MUST_USE enum ph_status ph_author_end(struct ph_node *node, struct ph_op_writer *ops);
/* The sequence number that the entry begun will have, for ids of records that it creates. */
uint32_t ph_author_seq(const struct ph_node *node);
struct ph_record_id ph_author_record_id(struct ph_node *node);

/* A fact: fill `type` and `of`; author, past and signature follow from the type. `id` may be
 * NULL. */
PH_MUST_USE enum ph_status ph_author_fact(struct ph_node *node, struct ph_fact *fact,
                                          struct ph_fact_id *id);

/* What to show in a handshake: our certify fact's certificate, or, before we are known, one made
 * for the purpose. */
PH_MUST_USE enum ph_status ph_author_certificate(struct ph_node *node, struct ph_certificate *out);

/* A certify fact for our writer, which opens its log. PH_LIMIT: no log came of it. */
PH_MUST_USE enum ph_status ph_author_certify(struct ph_node *node);

/* Another installation of our school has its key, and certified this one, or is to. */
bool ph_author_is_enrolled(const struct ph_node *node);
/* The key that our log is certified by. */
const struct ph_school_id *ph_author_key(const struct ph_node *node);
/* The facts held may say now for which school our key speaks. */
void ph_author_note_school(struct ph_node *node);
/* Whether our key signs what has effect: its school is known, it speaks for it, and the school is
 * not removed. */
bool ph_author_may_sign(const struct ph_node *node);

/* The facts held have changed: if they now admit us, certify our writer and begin our log with the
 * record of our school. */
PH_MUST_USE enum ph_status ph_author_settle(struct ph_node *node);

/* Found a network: founding fact, certificate, the records of network and school. */
PH_MUST_USE enum ph_status ph_author_found(struct ph_node *node, struct ph_bytes name);

/* Set out to join: keep the invitation until a member admits us. */
PH_MUST_USE enum ph_status ph_author_join(struct ph_node *node,
                                          const struct ph_invitation *invitation);

/* Read from the store what network we belong to, at the start. */
PH_MUST_USE enum ph_status ph_author_load(struct ph_node *node);

#endif
