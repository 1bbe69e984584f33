/* Who may have a session, and who is admitted (spec: "Facts", "Connections"). */
#ifndef PHAROS_NODE_WELCOME_H
#define PHAROS_NODE_WELCOME_H

#include "node/state.h"

/* `peer->school`: by its first key, whichever of its keys it has shown. */
void ph_welcome_note_school(const struct ph_node *node, struct ph_peer *peer);
/* The key that it has shown is some school's own. */
bool ph_welcome_is_known(const struct ph_node *node, const struct ph_peer *peer);
/* It may have a session: known and not removed, its key not replaced, its log not closed. */
bool ph_welcome_is_due(const struct ph_node *node, const struct ph_peer *peer);
/* Facts that have become durable have shut it out. Asked after they were sent to it, so that it
 * learns why. */
bool ph_welcome_is_over(struct ph_node *node, struct ph_peer *peer);

/* A voter that holds the invitation, not used up, admits the school. PH_FORBIDDEN: can't, for
 * `*reason`. Others as ph_join_verify and ph_author_fact. */
PH_MUST_USE enum ph_status ph_welcome_admit(struct ph_node *node, const struct ph_school_id *school,
                                            const struct ph_join_proof *proof,
                                            enum ph_end_reason *reason);

/* What we claim, while joining by an invitation that names a school. */
struct ph_claim ph_welcome_claim(const struct ph_node *node);

#endif
