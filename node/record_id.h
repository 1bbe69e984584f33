/* A record's id as people type it: 32 hex digits. */
#ifndef PHAROS_NODE_RECORD_ID_H
#define PHAROS_NODE_RECORD_ID_H

#include "node/request.h"

PH_MUST_USE enum ph_status ph_record_id_read(struct ph_request *request, struct ph_bytes text,
                                             struct ph_record_id *out);

#endif
