/* What tells this machine from another: the system's id, and the addresses of its network cards. */
#ifndef PHAROS_TOOLS_MACHINE_H
#define PHAROS_TOOLS_MACHINE_H

#include "pharos/id.h"

#include <stdbool.h>

#define PH_MACHINE_ADDRESSES_MAX 16
#define PH_MACHINE_ADDRESS_LEN 6

struct ph_machine {
    struct ph_hash
        id; /* of /etc/machine-id, since that itself is nobody's business; of nothing: none */
    uint8_t addresses[PH_MACHINE_ADDRESSES_MAX][PH_MACHINE_ADDRESS_LEN];
    uint32_t address_count; /* of cards, not of bridges, tunnels and the like */
};

/* `root` stands before /etc and /sys; "" but in tests. What can't be read is left out. */
void ph_machine_read(const char *root, struct ph_machine *out);

/* The same id and, where both have cards, one in common: cards come and go one at a time. */
bool ph_machine_fits(const struct ph_machine *a, const struct ph_machine *b);

#endif
