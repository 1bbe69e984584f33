/* How far each log held stands, as the facts have it by now (spec: "Standing"), told to the store. */
#ifndef PHAROS_NODE_CUTS_H
#define PHAROS_NODE_CUTS_H

#include "node/state.h"

/* Facts or entries have become durable: what has changed goes into the gathering batch. While
 * something does (`*is_due`), records don't follow yet from all that is durable, and no root may
 * say that they do. As ph_ingest_batch, but for PH_PARTIAL: that is done after the next commit. */
PH_MUST_USE enum ph_status ph_cuts_refresh(struct ph_node *node, bool *is_due);

#endif
