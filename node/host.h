/* What this node does about the host's turn (rota.h): the words that its school says, and the
 * taking on of what is handed over to it, which needs nobody's hand: as soon as all that the host
 * listed is held here. */
#ifndef PHAROS_NODE_HOST_H
#define PHAROS_NODE_HOST_H

#include "node/ingest.h"
#include "node/rota.h"

/* A word about a term or another word, `parent`, or about the term under way, `ends`; either may be
 * NULL. As ph_author_end. */
PH_MUST_USE enum ph_status ph_host_say(struct ph_node *node, enum ph_host_word word,
                                       const struct ph_record_id *parent,
                                       const struct ph_record_id *ends);
/* The word that hands over, with all that is durable here. */
PH_MUST_USE enum ph_status ph_host_hand_over(struct ph_node *node, const struct ph_record_id *term,
                                             const struct ph_record_id *ends);

/* At the start, and when the rota, or what is held, has changed: who is host is looked at again,
 * and what is handed over to us taken on. Statuses of the store, and as ph_host_say. */
PH_MUST_USE enum ph_status ph_host_read(struct ph_node *node);
PH_MUST_USE enum ph_status ph_host_on_committed(struct ph_node *node);

/* Whether a link to this school is kept: the host's and its deputies'. */
bool ph_host_is_wanted(const struct ph_node *node, const struct ph_school_id *school);

#endif
