/* The folder that a store lies in: whether it is fit, and making names in it durable. */
#ifndef PHAROS_STORE_FOLDER_H
#define PHAROS_STORE_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "pharos/status.h"

/* PH_REFUSED: a network or FUSE file system (unless `any_file_system`), or a folder that others can
 * write; PH_IO: not a folder that can be looked at. One sentence in `why`, 200 bytes. */
PH_MUST_USE enum ph_status ph_folder_check(const char *path, bool any_file_system, char why[200]);

/* Bytes of the data file in it; 0: none. */
uint64_t ph_folder_file_bytes(const char *path);

/* fsync of the folder and of its parent: LMDB does neither. PH_IO. */
PH_MUST_USE enum ph_status ph_folder_sync(const char *path);

#endif
