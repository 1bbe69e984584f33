/* The control socket of a home and the form of what is said on it, for both its ends.
 *
 * A request is a length (4 bytes, big-endian, at most PH_COMMAND_BYTES_MAX) and so many bytes: one
 * MessagePack array (README.md: the commands). The answer is one or more pieces, each a length of
 * the same form and so many bytes: one MessagePack map. The top bit of the length is set on the
 * last piece. The next request of a client may follow only then. */
#ifndef PHAROS_NODE_CONTROL_PATH_UV_H
#define PHAROS_NODE_CONTROL_PATH_UV_H

#include "pharos/status.h"

#include <stdint.h>
#include <sys/un.h>

#define PH_CONTROL_NAME "control"
#define PH_CONTROL_LAST (UINT32_C(1) << 31)

/* Where the socket of a folder is. The system's paths of sockets end at 107 bytes: a longer one is
 * reached through the folder's descriptor, which `dir_fd` then is; it stays open while `address` is
 * used, the caller closes it, -1 if there is none.
 * PH_IO: the folder can't be opened; errno says why. */
PH_MUST_USE enum ph_status ph_control_path(const char *dir, struct sockaddr_un *address,
                                           int *dir_fd);

#endif
