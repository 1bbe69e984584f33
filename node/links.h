/* Which of the addresses found (heard in a beacon, published by a school) are called. There may be
 * many, and nobody needs a link to everybody: they are chosen by chance until PH_LINKS_WANTED
 * schools are connected; one at a time is replaced now and then, so that who once was chosen by
 * everybody doesn't stay between all; and calls have a pace, so that whoever names addresses
 * without end costs no more than that. What people have typed is called in any case (dial.h). */
#ifndef PHAROS_NODE_LINKS_H
#define PHAROS_NODE_LINKS_H

#include "node/state.h"

/* Whether this node calls, and may be called, at all. */
bool ph_links_are_wanted(const struct ph_node *node);

/* Somebody with that key says that it can be called there. Whether it is news: the key was not
 * heard, or not for long. */
bool ph_links_hear(struct ph_node *node, struct ph_bytes address,
                   const struct ph_agree_public *transport);

/* Schools' records name these: begin, each, end. What is not named any more is forgotten. */
void ph_links_publish_begin(struct ph_node *node);
void ph_links_publish(struct ph_node *node, const struct ph_school_id *school,
                      struct ph_bytes address);
void ph_links_publish_end(struct ph_node *node);

/* The place of an address to be called now; -1: none. To be asked until it says so. */
int ph_links_due(struct ph_node *node);
/* Something has changed that may make a call due. */
void ph_links_look(struct ph_node *node, uint64_t at_ms);
uint64_t ph_links_next_ms(const struct ph_node *node); /* UINT64_MAX: nothing to do */

#endif
