/* What a school must be told once of its own installation, durably: why it writes as a new one. */
#ifndef PHAROS_NODE_NOTICES_H
#define PHAROS_NODE_NOTICES_H

#include "node/state.h"

/* Into the gathering batch. As ph_ingest_batch. */
PH_MUST_USE enum ph_status ph_notices_add(struct ph_node *node, enum ph_notice_type type);
PH_MUST_USE enum ph_status ph_notices_load(struct ph_node *node);

#define PH_NOTICE_TEXT_MAX 300
void ph_notice_text(const struct ph_notice *notice, char out[PH_NOTICE_TEXT_MAX]);

#endif
