/* Facts taken again from rows, one by one, and what they say of a log: for reading a store without
 * its node. */
#ifndef PHAROS_STORE_FACT_ROWS_H
#define PHAROS_STORE_FACT_ROWS_H

#include "proto/facts.h"
#include "store/batch.h"

/* The first is the founding fact, which names the network of all others: `*facts`, NULL before it,
 * is made then, owned by the caller. As ph_fact_parse, ph_facts_new and ph_facts_load. */
PH_MUST_USE enum ph_status ph_fact_rows_take(struct ph_facts **facts, struct ph_bytes bytes,
                                             bool *is_new);

/* Whether the certify fact that the row names is there, and says of its writer and school the same.
 * `facts` may be NULL: none. */
bool ph_fact_rows_certify(const struct ph_facts *facts, const struct ph_log_row *row);

#endif
