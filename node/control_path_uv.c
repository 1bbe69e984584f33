#include "node/control_path_uv.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum ph_status ph_control_path(const char *dir, struct sockaddr_un *address, int *dir_fd)
{
    struct sockaddr_un found = {.sun_family = AF_UNIX};
    int fd = -1;
    if (strlen(dir) + strlen("/" PH_CONTROL_NAME) < sizeof found.sun_path) {
        snprintf(found.sun_path, sizeof found.sun_path, "%s/" PH_CONTROL_NAME, dir);
    } else {
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            return PH_IO;
        snprintf(found.sun_path, sizeof found.sun_path, "/proc/self/fd/%d/" PH_CONTROL_NAME, fd);
    }
    *address = found;
    *dir_fd = fd;
    return PH_OK;
}
