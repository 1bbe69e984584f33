/* Invitations that name a school: for another installation of our own, or for a new key of some
 * school that has lost its (spec: "Opening"). This node alone knows of those that it has written;
 * each is good for one use. */
#ifndef PHAROS_NODE_CLAIMS_H
#define PHAROS_NODE_CLAIMS_H

#include "node/state.h"

PH_MUST_USE enum ph_status ph_claims_load(struct ph_node *node);

/* Fills in what, school and a fresh secret. With PH_CLAIMS_MAX of them the oldest is forgotten. */
PH_MUST_USE enum ph_status ph_claims_issue(struct ph_node *node, enum ph_claimed what,
                                           const struct ph_school_id *school,
                                           struct ph_invitation *invitation);

/* An introduction that ends with a claim. PH_OK: certified. PH_FORBIDDEN: not now, for `*reason`; a
 * claim to succeed waits for people, and is kept. Others as ph_join_verify and ph_author_fact. */
PH_MUST_USE enum ph_status ph_claims_take(struct ph_node *node, const struct ph_peer *peer,
                                          const struct ph_message *message,
                                          enum ph_end_reason *reason);

/* Fills in the new key and its consent as a school's new key has claimed them here. False: none
 * has. */
bool ph_claims_find(const struct ph_node *node, const struct ph_school_id *school,
                    struct ph_fact *proposal);

#endif
