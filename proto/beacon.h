/* What a node says to everybody near: where it can be called, and with which key it answers. Sealed
 * for its network, the same length always, never the same bytes twice (spec: "Beacon"). */
#ifndef PHAROS_PROTO_BEACON_H
#define PHAROS_PROTO_BEACON_H

#include "pharos/limits.h"
#include "proto/crypto.h"

#define PH_BEACON_NONCE_LEN 24

/* Names a beacon among all. */
struct ph_beacon_nonce {
    uint8_t bytes[PH_BEACON_NONCE_LEN];
};

struct ph_beacon {
    uint16_t port;                    /* TCP, not 0 */
    struct ph_agree_public transport; /* claimed, not proven */
};

/* One for each network. To be wiped. */
struct ph_beacon_key {
    uint8_t bytes[32];
};
struct ph_beacon_key ph_beacon_key(const struct ph_network_id *network,
                                   const struct ph_network_key *key);

/* `nonce` is drawn anew for each. */
void ph_beacon_write(const struct ph_beacon *beacon, const struct ph_beacon_key *key,
                     const struct ph_beacon_nonce *nonce, uint8_t out[PH_BEACON_LEN]);

/* PH_MALFORMED: another length, version, or no port. PH_UNAUTHENTIC: of another network, or none.
 * Nothing is written then. */
PH_MUST_USE enum ph_status ph_beacon_read(struct ph_bytes datagram, const struct ph_beacon_key *key,
                                          struct ph_beacon *out);

#endif
