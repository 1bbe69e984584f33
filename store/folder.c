#include "store/folder.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define WHY_LEN 200

/* Where locks, maps or fsync don't mean what LMDB needs them to. */
static const struct {
    uint32_t magic;
    const char *name;
} unfit[] = {
    {0x6969, "NFS"},      {0x517b, "SMB"},    {0xfe534d42, "SMB"},        {0xff534d42, "CIFS"},
    {0x65735546, "FUSE"}, {0x01021997, "9p"}, {0x00c36400, "Ceph"},       {0x5346414f, "AFS"},
    {0x6b414653, "AFS"},  {0x564c, "NCP"},    {0x786f4256, "a VM share"},
};

static const char *unfit_name(uint32_t magic)
{
    for (size_t i = 0; i < sizeof unfit / sizeof unfit[0]; i++)
        if (unfit[i].magic == magic)
            return unfit[i].name;
    return NULL;
}

enum ph_status ph_folder_check(const char *path, bool any_file_system, char why[WHY_LEN])
{
    struct stat about;
    struct statfs system;
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode) || statfs(path, &system) != 0) {
        snprintf(why, WHY_LEN, "%.150s is not a folder that can be read.", path);
        return PH_IO;
    }
    if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        snprintf(why, WHY_LEN, "Others can write to %.100s; its mode should be 0700.", path);
        return PH_REFUSED;
    }
    const char *name = unfit_name((uint32_t)system.f_type);
    if (name != NULL && !any_file_system) {
        snprintf(why, WHY_LEN, "%.100s is on %s, where a database is not safe: use a local disk.",
                 path, name);
        return PH_REFUSED;
    }
    return PH_OK;
}

uint64_t ph_folder_file_bytes(const char *path)
{
    char file[PATH_MAX];
    struct stat about;
    int len = snprintf(file, sizeof file, "%s/data.mdb", path);
    if (len < 0 || (size_t)len >= sizeof file || stat(file, &about) != 0)
        return 0;
    return (uint64_t)about.st_size;
}

static enum ph_status sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return PH_IO;
    int failed = fsync(fd);
    close(fd);
    return failed == 0 ? PH_OK : PH_IO;
}

enum ph_status ph_folder_sync(const char *path)
{
    char parent[PATH_MAX];
    int len = snprintf(parent, sizeof parent, "%s/..", path);
    if (len < 0 || (size_t)len >= sizeof parent)
        return PH_IO;
    PH_TRY(sync_folder(path));
    return sync_folder(parent);
}
