#include "tools/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum ph_status ph_tree_make(char *path, size_t size)
{
    const char *folder = getenv("TMPDIR");
    int len = snprintf(path, size, "%s/pharos-XXXXXX",
                       folder != NULL && folder[0] == '/' ? folder : "/tmp");
    return len > 0 && (size_t)len < size && mkdtemp(path) != NULL ? PH_OK : PH_IO;
}

static bool empty_folder(int parent, const char *name);

static bool remove_entry(int folder, const char *name)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || unlinkat(folder, name, 0) == 0)
        return true;
    return empty_folder(folder, name) && unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

/* As deep as what we made: a home and its store. */
static bool empty_folder(int parent, const char *name)
{
    bool is_empty = true;
    struct dirent *entry;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (folder == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while ((entry = readdir(folder)) != NULL)
        is_empty = remove_entry(fd, entry->d_name) && is_empty;
    closedir(folder);
    return is_empty;
}

enum ph_status ph_tree_remove(const char *path)
{
    return empty_folder(AT_FDCWD, path) && rmdir(path) == 0 ? PH_OK : PH_IO;
}
