/* Datagrams. What opens is of this network and has a port; what is said comes back; with one bit
 * changed, or at another network, it does not open. */
#include "proto/beacon.h"
#include "tests/fuzz/fuzz.h"

static const struct ph_network_id network = {{1}}, other = {{2}};
static const struct ph_network_key psk = {{3}};

static void check_heard(struct ph_bytes datagram, const struct ph_beacon_key *key)
{
    struct ph_beacon heard = {0};
    struct ph_bytes copy = fuzz_copy(datagram);
    enum ph_status status = ph_beacon_read(copy, key, &heard);
    fuzz_free(copy);
    FUZZ_CHECK(status == PH_OK || heard.port == 0);
    FUZZ_CHECK(status != PH_OK || (heard.port != 0 && datagram.len == PH_BEACON_LEN));
}

/* What a member may seal: any plaintext. */
static void check_member(struct fuzz_input *input, const struct ph_beacon_key *key)
{
    uint8_t datagram[PH_BEACON_LEN] = {fuzz_byte(input)}, plain[35];
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = fuzz_byte(input);
    ph_seal_alone(key->bytes, datagram, ph_bytes(plain, sizeof plain),
                  datagram + PH_BEACON_NONCE_LEN);
    struct ph_beacon heard = {0};
    enum ph_status status = ph_beacon_read(ph_bytes(datagram, sizeof datagram), key, &heard);
    bool is_one = plain[0] == 1 && ph_get_u16(plain + 1) != 0;
    FUZZ_CHECK(status == (is_one ? PH_OK : PH_MALFORMED));
    FUZZ_CHECK(!is_one || memcmp(heard.transport.bytes, plain + 3, 32) == 0);
}

static void check_said(struct fuzz_input *input, const struct ph_beacon_key *key)
{
    struct ph_beacon_nonce nonce = {{fuzz_byte(input)}};
    uint8_t datagram[PH_BEACON_LEN];
    struct ph_beacon said = {.port = (uint16_t)(1 + fuzz_u16(input) % 65535)}, heard = {0};
    struct ph_beacon_key other_key = ph_beacon_key(&other, &psk);
    for (size_t i = 0; i < sizeof said.transport.bytes; i++)
        said.transport.bytes[i] = fuzz_byte(input);
    ph_beacon_write(&said, key, &nonce, datagram);
    struct ph_bytes bytes = ph_bytes(datagram, sizeof datagram);
    FUZZ_CHECK(ph_beacon_read(bytes, &other_key, &heard) == PH_UNAUTHENTIC);
    FUZZ_CHECK(ph_beacon_read(bytes, key, &heard) == PH_OK);
    FUZZ_CHECK(heard.port == said.port && ph_agree_public_equal(&heard.transport, &said.transport));
    datagram[fuzz_pick(input, PH_BEACON_LEN)] ^= (uint8_t)(1 << fuzz_pick(input, 8));
    FUZZ_CHECK(ph_beacon_read(bytes, key, &heard) == PH_UNAUTHENTIC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_beacon_key key = ph_beacon_key(&network, &psk);
    struct fuzz_input input = {.next = data, .left = size};
    uint8_t way = fuzz_byte(&input);
    if (way % 3 == 0)
        check_heard(ph_bytes(input.next, input.left), &key);
    else if (way % 3 == 1)
        check_member(&input, &key);
    else
        check_said(&input, &key);
    return 0;
}
