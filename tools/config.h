/* The settings of a home, written by people into its file `config`:
 *
 *     # a comment
 *     listen = [::]:7410
 *     peer = host.example:7410      (as often as needed)
 *     beacon = 7409                 (the UDP port to find schools near by; or: off)
 *     address = host.example:7410   (where others can call, besides: what a router forwards)
 *     log = info                    (error, warn, info or debug)
 */
#ifndef PHAROS_TOOLS_CONFIG_H
#define PHAROS_TOOLS_CONFIG_H

#include "pharos/bytes.h"
#include "pharos/limits.h"
#include "pharos/log.h"
#include "pharos/status.h"
#include "tools/home.h"

#define PH_LISTEN_DEFAULT "[::]:7410"
#define PH_LOG_LEVEL_DEFAULT PH_LOG_INFO
#define PH_CONFIG_SIZE_MAX (64 * 1024)

struct ph_config {
    char listen[PH_ADDRESS_LEN_MAX + 1]; /* empty: not said */
    char peers[PH_ADDRESSES_MAX][PH_ADDRESS_LEN_MAX + 1];
    size_t peer_count;
    uint16_t beacon_port; /* 0: off */
    char addresses[PH_OWN_ADDRESSES_MAX][PH_ADDRESS_LEN_MAX + 1];
    size_t address_count;
    enum ph_log_level log_level;
};

/* PH_REFUSED: one plain sentence in `why`, with the line's number; `out` is as it was. */
PH_MUST_USE enum ph_status ph_config_parse(struct ph_bytes text, struct ph_config *out,
                                           char why[PH_WHY_SIZE]);
/* What the home's file says; without one, nothing is said. */
PH_MUST_USE enum ph_status ph_config_load(const struct ph_home *home, struct ph_config *out,
                                          char why[PH_WHY_SIZE]);

/* PH_REFUSED: no address with a port, or too many; `why` has no line number. */
PH_MUST_USE enum ph_status ph_config_add_peer(struct ph_config *config, const char *address,
                                              char why[PH_WHY_SIZE]);
PH_MUST_USE enum ph_status ph_config_add_address(struct ph_config *config, const char *address,
                                                 char why[PH_WHY_SIZE]);
PH_MUST_USE enum ph_status ph_config_set_listen(struct ph_config *config, const char *address,
                                                char why[PH_WHY_SIZE]);
PH_MUST_USE enum ph_status ph_config_set_beacon(struct ph_config *config, const char *port,
                                                char why[PH_WHY_SIZE]);
PH_MUST_USE enum ph_status ph_config_set_log(struct ph_config *config, const char *level,
                                             char why[PH_WHY_SIZE]);

#endif
