#include "proto/beacon.h"

#define VERSION 1
#define PLAIN_LEN (1 + 2 + 32)

static_assert(PH_BEACON_LEN == PH_BEACON_NONCE_LEN + PLAIN_LEN + PH_FRAME_TAG_LEN,
              "a beacon is its parts");

struct ph_beacon_key ph_beacon_key(const struct ph_network_id *network,
                                   const struct ph_network_key *key)
{
    struct ph_beacon_key out;
    struct ph_hash hash =
        ph_hash2(PH_DOMAIN_BEACON, ph_bytes(network->bytes, sizeof network->bytes),
                 ph_bytes(key->bytes, sizeof key->bytes));
    memcpy(out.bytes, hash.bytes, sizeof out.bytes);
    ph_wipe(&hash, sizeof hash);
    return out;
}

void ph_beacon_write(const struct ph_beacon *beacon, const struct ph_beacon_key *key,
                     const struct ph_beacon_nonce *nonce, uint8_t out[PH_BEACON_LEN])
{
    uint8_t plain[PLAIN_LEN] = {VERSION};
    ph_put_u16(plain + 1, beacon->port);
    memcpy(plain + 3, beacon->transport.bytes, sizeof beacon->transport.bytes);
    memcpy(out, nonce->bytes, PH_BEACON_NONCE_LEN);
    ph_seal_alone(key->bytes, nonce->bytes, ph_bytes(plain, sizeof plain),
                  out + PH_BEACON_NONCE_LEN);
}

enum ph_status ph_beacon_read(struct ph_bytes datagram, const struct ph_beacon_key *key,
                              struct ph_beacon *out)
{
    uint8_t plain[PLAIN_LEN];
    if (datagram.len != PH_BEACON_LEN)
        return PH_MALFORMED;
    struct ph_bytes cipher =
        ph_bytes(datagram.data + PH_BEACON_NONCE_LEN, PH_BEACON_LEN - PH_BEACON_NONCE_LEN);
    PH_TRY(ph_open_alone(key->bytes, datagram.data, cipher, plain));
    if (plain[0] != VERSION || ph_get_u16(plain + 1) == 0)
        return PH_MALFORMED;
    out->port = ph_get_u16(plain + 1);
    memcpy(out->transport.bytes, plain + 3, sizeof out->transport.bytes);
    return PH_OK;
}
