/* What people are told of who holds what: parts of the answers of `status` and `show`. */
#ifndef PHAROS_NODE_COMMAND_SAFE_H
#define PHAROS_NODE_COMMAND_SAFE_H

#include "node/request.h"

/* `safe`: of all that this school has written. PH_NO_MEMORY. */
PH_MUST_USE enum ph_status ph_safe_answer_own(struct ph_node *node, const struct ph_view *view,
                                              struct ph_buffer *out);
/* `safe_at`, `safe_of`, `lacking`: of all entries that a record is made of. PH_NO_MEMORY. */
#define PH_SAFE_RECORD_KEYS 3
PH_MUST_USE enum ph_status ph_safe_answer_record(struct ph_node *node, const struct ph_view *view,
                                                 const struct ph_record *record,
                                                 struct ph_buffer *out);

#endif
