#include "tools/machine.h"

#include "proto/crypto.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define NAME_SIZE 300 /* of an entry, and of a file in it */
#define ID_SIZE 256

static size_t read_text(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t len = file == NULL ? 0 : fread(out, 1, size - 1, file);
    if (file != NULL)
        fclose(file);
    out[len] = 0;
    return len;
}

static void read_id(const char *root, struct ph_hash *out)
{
    char path[PATH_SIZE], text[ID_SIZE];
    snprintf(path, sizeof path, "%s/etc/machine-id", root);
    size_t len = read_text(path, text, sizeof text);
    *out = ph_hash2(PH_DOMAIN_CODE, ph_bytes_text("machine"), ph_bytes(text, len));
}

/* A card has a device behind it. */
static bool read_address(const char *folder, const char *name, uint8_t out[PH_MACHINE_ADDRESS_LEN])
{
    static const uint8_t none[PH_MACHINE_ADDRESS_LEN];
    char path[PATH_SIZE + NAME_SIZE], text[64];
    unsigned byte[PH_MACHINE_ADDRESS_LEN];
    snprintf(path, sizeof path, "%s/%s/device", folder, name);
    if (access(path, F_OK) != 0)
        return false;
    snprintf(path, sizeof path, "%s/%s/address", folder, name);
    read_text(path, text, sizeof text);
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4],
               &byte[5]) != PH_MACHINE_ADDRESS_LEN)
        return false;
    for (int i = 0; i < PH_MACHINE_ADDRESS_LEN; i++)
        out[i] = (uint8_t)byte[i];
    return memcmp(out, none, sizeof none) != 0;
}

void ph_machine_read(const char *root, struct ph_machine *out)
{
    char folder[PATH_SIZE];
    struct dirent *entry;
    *out = (struct ph_machine){.address_count = 0};
    read_id(root, &out->id);
    snprintf(folder, sizeof folder, "%.3000s/sys/class/net", root);
    DIR *list = opendir(folder);
    while (list != NULL && out->address_count < PH_MACHINE_ADDRESSES_MAX &&
           (entry = readdir(list)) != NULL)
        if (entry->d_name[0] != '.' &&
            read_address(folder, entry->d_name, out->addresses[out->address_count]))
            out->address_count++;
    if (list != NULL)
        closedir(list);
}

static bool share_an_address(const struct ph_machine *a, const struct ph_machine *b)
{
    for (uint32_t i = 0; i < a->address_count; i++)
        for (uint32_t j = 0; j < b->address_count; j++)
            if (memcmp(a->addresses[i], b->addresses[j], PH_MACHINE_ADDRESS_LEN) == 0)
                return true;
    return false;
}

bool ph_machine_fits(const struct ph_machine *a, const struct ph_machine *b)
{
    return ph_hash_equal(&a->id, &b->id) &&
           (a->address_count == 0 || b->address_count == 0 || share_an_address(a, b));
}
