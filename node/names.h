/* Names that people know schools by: from the records of kind `school`. */
#ifndef PHAROS_NODE_NAMES_H
#define PHAROS_NODE_NAMES_H

#include "node/request.h"

struct ph_school_name {
    char text[PH_NETWORK_NAME_MAX + 1];
};

/* The first eight hex digits of its key while its record isn't here or has no name. */
struct ph_school_name ph_names_of(struct ph_node *node, const struct ph_school_id *school);
struct ph_school_name ph_names_in(const struct ph_view *view, const struct ph_school_id *school);

/* A member by its name, its key in hex, or a beginning of that. PH_REFUSED with the sentence in the
 * request: none, or several. */
PH_MUST_USE enum ph_status ph_names_find_school(struct ph_node *node, struct ph_request *request,
                                                struct ph_bytes named, struct ph_school_id *out);

#endif
