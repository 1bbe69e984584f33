/* Folders made for a while: gone afterwards, with all that is in them. */
#ifndef PHAROS_TOOLS_TREE_H
#define PHAROS_TOOLS_TREE_H

#include "pharos/status.h"

#include <stddef.h>

/* A fresh private folder in $TMPDIR or /tmp; its path into `path`. PH_IO: errno says why. */
PH_MUST_USE enum ph_status ph_tree_make(char *path, size_t size);
/* Follows no links. PH_IO: something is left. */
PH_MUST_USE enum ph_status ph_tree_remove(const char *path);

#endif
