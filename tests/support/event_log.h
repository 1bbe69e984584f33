/* What became durable at which node, one line of JSON for each: what tests/oracle reads (the format
 * stands in its README). For whoever applies batches: the simulator, and sets of ops. */
#ifndef PHAROS_TESTS_SUPPORT_EVENT_LOG_H
#define PHAROS_TESTS_SUPPORT_EVENT_LOG_H

#include <stdio.h>

#include "proto/facts.h"
#include "store/view.h"

/* A new world begins; nothing said before holds for it. `seed` only names it in findings. */
void event_log_begin(FILE *file, uint64_t seed);
/* The same, and what follows was offered to the nodes, good or bad: the writer tells it itself. */
void event_log_begin_offers(FILE *file, uint64_t seed);

/* What a batch brought: call it once the batch is durable. Repeats do no harm. */
void event_log_batch(FILE *file, uint32_t node, struct ph_store *store,
                     const struct ph_batch *batch);

/* All that is on the disk: after a start, since a journal may have been replayed. */
void event_log_disk(FILE *file, uint32_t node, struct ph_store *store);

/* The node's disk is copied under a name, and later replaced by the copy of that name, its own or
 * another node's; a NULL name: replaced by an empty disk. */
void event_log_save(FILE *file, uint32_t node, const char *name);
void event_log_load(FILE *file, uint32_t node, const char *name);

/* The node's state as it claims it: who is known, votes and is removed by its facts, its root
 * (NULL: not asked), and every record that is shown, unless entries are left to materialise. May
 * come any number of times in a world. */
void event_log_state(FILE *file, uint32_t node, struct ph_store *store, const struct ph_root *root);

/* For lines of one's own: `"name":"hex"`; `"records":[…]`, all that are shown; one record. */
void event_log_hex(FILE *file, const char *name, struct ph_bytes bytes);
void event_log_schools(FILE *file, const struct ph_facts *facts); /* `"schools":[…]` */
void event_log_records(FILE *file, const struct ph_view *view);
void event_log_record(FILE *file, const struct ph_view *view, uint16_t kind,
                      const struct ph_record_id *id);

#endif
