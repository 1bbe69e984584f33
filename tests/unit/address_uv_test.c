#include "node/address_uv.h"

#include "tests/support/check.h"

#include <sys/socket.h>

static void addresses_are_split_at_their_port(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
    } cases[] = {
        {"192.0.2.7:7410", "192.0.2.7", 7410},         {"[::]:7410", "::", 7410},
        {"[2001:db8::7]:65535", "2001:db8::7", 65535}, {"[fe80::1%eth0]:1", "fe80::1%eth0", 1},
        {"host.example:0", "host.example", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ph_address address;
        CHECK_OK(ph_address_parse(cases[i].text, &address));
        assert_string_equal(address.host, cases[i].host);
        assert_int_equal(address.port, cases[i].port);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",         ":",        "host",        "host:",    ":7410",       "host:65536",
        "host:-1",  "host:7a",  "host:123456", "[::1]",    "[::1]7410",   "[]:7410",
        "::1:7410", "a b:7410", "a/b:7410",    "a\n:7410", "[::1]:7410x", "[::1:7410",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ph_address address = {.host = "same", .port = 9};
        CHECK_STATUS(ph_address_parse(cases[i], &address), PH_REFUSED);
        assert_string_equal(address.host, "same");
        assert_int_equal(address.port, 9);
    }
}

static void longest_address_fits_and_a_longer_one_is_refused(void **state)
{
    (void)state;
    char text[PH_ADDRESS_LEN_MAX + 2];
    struct ph_address address;
    memset(text, 'a', sizeof text);
    memcpy(text + PH_ADDRESS_LEN_MAX - 6, ":65535", 7);
    CHECK_OK(ph_address_parse(text, &address));

    memset(text, 'a', sizeof text);
    memcpy(text + PH_ADDRESS_LEN_MAX - 5, ":65535", 7);
    CHECK_STATUS(ph_address_parse(text, &address), PH_REFUSED);
}

static void check_round_trip(const char *text, const char *expected)
{
    struct ph_address address;
    struct sockaddr_storage numeric;
    char out[PH_ADDRESS_LEN_MAX + 1];
    CHECK_OK(ph_address_parse(text, &address));
    CHECK_OK(ph_address_numeric(&address, &numeric));
    ph_address_format((const struct sockaddr *)&numeric, out);
    assert_string_equal(out, expected);
}

static void numbers_are_written_as_they_are_read(void **state)
{
    (void)state;
    check_round_trip("192.0.2.7:7410", "192.0.2.7:7410");
    check_round_trip("[2001:DB8:0:0::7]:1", "[2001:db8::7]:1");
    check_round_trip("[::]:0", "[::]:0");
    check_round_trip("[::ffff:192.0.2.7]:7410", "192.0.2.7:7410");
    check_round_trip("[fe80::1%7]:7410", "[fe80::1%7]:7410");
}

static void a_name_is_no_number(void **state)
{
    (void)state;
    struct ph_address address;
    struct sockaddr_storage numeric;
    CHECK_OK(ph_address_parse("localhost:7410", &address));
    CHECK_STATUS(ph_address_numeric(&address, &numeric), PH_NOT_FOUND);
}

CHECK_MAIN(cmocka_unit_test(addresses_are_split_at_their_port),
           cmocka_unit_test(what_is_no_address_is_refused),
           cmocka_unit_test(longest_address_fits_and_a_longer_one_is_refused),
           cmocka_unit_test(numbers_are_written_as_they_are_read),
           cmocka_unit_test(a_name_is_no_number))
