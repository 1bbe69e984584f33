#include "proto/beacon.h"

#include "tests/support/check.h"

#include <jansson.h>
#include <string.h>

static const struct ph_network_id network = {{1}};
static const struct ph_network_key network_key = {{2}};
static const struct ph_beacon said = {.port = 7410, .transport = {{9, 8, 7}}};

struct datagram {
    uint8_t bytes[PH_BEACON_LEN];
};

static struct datagram written(const struct ph_beacon *beacon, uint8_t first_of_nonce)
{
    struct datagram datagram;
    struct ph_beacon_nonce nonce = {{first_of_nonce}};
    struct ph_beacon_key key = ph_beacon_key(&network, &network_key);
    ph_beacon_write(beacon, &key, &nonce, datagram.bytes);
    return datagram;
}

static enum ph_status read_all(const struct datagram *datagram, struct ph_beacon *out)
{
    struct ph_beacon_key key = ph_beacon_key(&network, &network_key);
    return ph_beacon_read(ph_bytes(datagram->bytes, sizeof datagram->bytes), &key, out);
}

static void what_is_said_is_heard(void **state)
{
    (void)state;
    struct datagram datagram = written(&said, 5);
    struct ph_beacon heard = {0};

    CHECK_OK(read_all(&datagram, &heard));

    assert_int_equal(heard.port, said.port);
    CHECK(ph_agree_public_equal(&heard.transport, &said.transport));
}

static void nothing_of_it_is_the_same_twice(void **state)
{
    (void)state;
    struct datagram one = written(&said, 5), other = written(&said, 6);
    size_t equal = 0;

    for (size_t i = PH_BEACON_NONCE_LEN; i < PH_BEACON_LEN; i++)
        equal += one.bytes[i] == other.bytes[i];

    CHECK(equal <= 4); /* of 51; by chance alone, 4 and more come once in 20,000 tests */
    for (size_t i = PH_BEACON_NONCE_LEN; i + 3 <= PH_BEACON_LEN; i++)
        CHECK(memcmp(one.bytes + i, said.transport.bytes, 3) != 0);
}

static void each_bit_changed_is_no_beacon(void **state)
{
    (void)state;
    struct ph_beacon heard = {.port = 1};

    for (size_t bit = 0; bit < 8 * PH_BEACON_LEN; bit++) {
        struct datagram datagram = written(&said, 5);
        datagram.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_STATUS(read_all(&datagram, &heard), PH_UNAUTHENTIC);
    }

    assert_int_equal(heard.port, 1);
}

static void another_length_is_no_beacon(void **state)
{
    (void)state;
    struct ph_beacon_key key = ph_beacon_key(&network, &network_key);
    struct datagram datagram = written(&said, 5);
    uint8_t longer[PH_BEACON_LEN + 1] = {0};
    struct ph_beacon heard;
    memcpy(longer, datagram.bytes, sizeof datagram.bytes);

    for (size_t len = 0; len < PH_BEACON_LEN; len++)
        CHECK_STATUS(ph_beacon_read(ph_bytes(longer, len), &key, &heard), PH_MALFORMED);
    CHECK_STATUS(ph_beacon_read(ph_bytes(longer, sizeof longer), &key, &heard), PH_MALFORMED);
}

static void another_network_hears_nothing(void **state)
{
    (void)state;
    struct ph_network_id other = {{3}};
    struct ph_network_key other_key = {{4}};
    struct ph_beacon_key keys[] = {ph_beacon_key(&other, &network_key),
                                   ph_beacon_key(&network, &other_key)};
    struct datagram datagram = written(&said, 5);
    struct ph_beacon heard;

    for (size_t i = 0; i < 2; i++)
        CHECK_STATUS(
            ph_beacon_read(ph_bytes(datagram.bytes, sizeof datagram.bytes), &keys[i], &heard),
            PH_UNAUTHENTIC);
}

/* Sealed as it should be, by a member. */
static void no_port_and_an_unknown_version_are_no_beacon(void **state)
{
    (void)state;
    struct ph_beacon without = {.port = 0, .transport = said.transport};
    struct ph_beacon_key key = ph_beacon_key(&network, &network_key);
    struct datagram no_port = written(&without, 5), version_2 = written(&said, 5);
    uint8_t plain[35] = {2, 0x1c, 0xf2};
    struct ph_beacon heard;
    ph_seal_alone(key.bytes, version_2.bytes, ph_bytes(plain, sizeof plain),
                  version_2.bytes + PH_BEACON_NONCE_LEN);

    CHECK_STATUS(read_all(&no_port, &heard), PH_MALFORMED);
    CHECK_STATUS(read_all(&version_2, &heard), PH_MALFORMED);
}

/* --- known answers --- */

static void from_hex(const json_t *object, const char *name, uint8_t *out, size_t len)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    assert_int_equal(strlen(text), 2 * len);
    for (size_t i = 0; i < len; i++) {
        char byte[3] = {text[2 * i], text[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
}

static void beacons_are_the_known_ones(void **state)
{
    (void)state;
    json_t *all = json_load_file(PH_VECTORS "/beacons.json", 0, NULL);
    assert_non_null(all);

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *known = json_array_get(all, i);
        struct ph_network_id id;
        struct ph_network_key psk;
        struct ph_beacon beacon, heard;
        struct datagram wanted, made;
        struct ph_beacon_nonce nonce;
        from_hex(known, "network", id.bytes, sizeof id.bytes);
        from_hex(known, "network_key", psk.bytes, sizeof psk.bytes);
        from_hex(known, "transport", beacon.transport.bytes, sizeof beacon.transport.bytes);
        from_hex(known, "nonce", nonce.bytes, sizeof nonce.bytes);
        from_hex(known, "beacon", wanted.bytes, sizeof wanted.bytes);
        beacon.port = (uint16_t)json_integer_value(json_object_get(known, "port"));
        struct ph_beacon_key key = ph_beacon_key(&id, &psk);

        ph_beacon_write(&beacon, &key, &nonce, made.bytes);

        assert_memory_equal(made.bytes, wanted.bytes, sizeof made.bytes);
        CHECK_OK(ph_beacon_read(ph_bytes(wanted.bytes, sizeof wanted.bytes), &key, &heard));
        assert_int_equal(heard.port, beacon.port);
    }
    assert_int_equal(json_array_size(all), 3);
    json_decref(all);
}

static int start(void **state)
{
    (void)state;
    return ph_crypto_init() == PH_OK ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_heard),
        cmocka_unit_test(nothing_of_it_is_the_same_twice),
        cmocka_unit_test(each_bit_changed_is_no_beacon),
        cmocka_unit_test(another_length_is_no_beacon),
        cmocka_unit_test(another_network_hears_nothing),
        cmocka_unit_test(no_port_and_an_unknown_version_are_no_beacon),
        cmocka_unit_test(beacons_are_the_known_ones),
    };
    return cmocka_run_group_tests(tests, start, NULL) != 0;
}
