#include "tools/config.h"

#include "tests/support/check.h"

static struct ph_config config;
static char why[PH_WHY_SIZE];

static enum ph_status parse(const char *text)
{
    memset(&config, 0, sizeof config);
    why[0] = 0;
    return ph_config_parse(ph_bytes_text(text), &config, why);
}

static void settings_are_read_with_comments_and_blanks(void **state)
{
    (void)state;
    CHECK_OK(parse("# where we are\n"
                   "\n"
                   "  listen = [::]:7411   # a free port\r\n"
                   "peer=a.example:1\n"
                   "peer = 192.0.2.7:2\n"
                   "beacon = 65535\n"
                   "address = school.example:99\n"
                   "log = debug"));
    assert_int_equal(config.beacon_port, 65535);
    assert_int_equal(config.address_count, 1);
    assert_string_equal(config.addresses[0], "school.example:99");
    assert_string_equal(config.listen, "[::]:7411");
    assert_int_equal(config.peer_count, 2);
    assert_string_equal(config.peers[0], "a.example:1");
    assert_string_equal(config.peers[1], "192.0.2.7:2");
    assert_int_equal(config.log_level, PH_LOG_DEBUG);
}

static void nothing_said_leaves_defaults(void **state)
{
    (void)state;
    CHECK_OK(parse(""));
    assert_string_equal(config.listen, "");
    assert_int_equal(config.peer_count, 0);
    assert_int_equal(config.beacon_port, PH_BEACON_PORT);
    assert_int_equal(config.log_level, PH_LOG_LEVEL_DEFAULT);
    CHECK_OK(parse("beacon = off"));
    assert_int_equal(config.beacon_port, 0);
}

static void what_is_wrong_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"lisen = [::]:1\n", "config, line 1: \"lisen\" is no setting"},
        {"\n# x\nlisten\n", "config, line 3: A line has the form"},
        {"listen = 7410", "config, line 1: \"7410\" is not an address to listen on"},
        {"log = info\nlog = loud", "config, line 2: \"loud\" is no log level"},
        {"peer = a.example", "config, line 1: \"a.example\" is not an address"},
        {"peer = a.example:0", "config, line 1: \"a.example:0\" is not an address"},
        {"= x", "config, line 1: \"\" is no setting"},
        {"address = a.example", "config, line 1: \"a.example\" is not an address"},
        {"address = a:1\naddress = a:2\naddress = a:3\naddress = a:4\naddress = a:5",
         "config, line 5: More than 4 own addresses"},
        {"beacon = 0", "config, line 1: \"0\" is no UDP port"},
        {"beacon = 65536", "config, line 1: \"65536\" is no UDP port"},
        {"beacon = 74 09", "config, line 1: \"74 09\" is no UDP port"},
        {"beacon = on", "config, line 1: \"on\" is no UDP port"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_STATUS(parse(cases[i].text), PH_REFUSED);
        if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
            fail_msg("%s instead of %s", why, cases[i].why);
        assert_int_equal(config.peer_count, 0);
    }
}

static void too_long_or_binary_lines_are_refused(void **state)
{
    (void)state;
    char line[600];
    memset(line, 'x', sizeof line);
    CHECK_STATUS(ph_config_parse(ph_bytes(line, sizeof line), &config, why), PH_REFUSED);
    CHECK_STATUS(ph_config_parse(ph_bytes("log\0= x", 7), &config, why), PH_REFUSED);
}

static void more_peers_than_a_node_remembers_are_refused(void **state)
{
    (void)state;
    static char text[(PH_ADDRESSES_MAX + 1) * 16];
    size_t len = 0;
    for (int i = 0; i <= PH_ADDRESSES_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "peer = a:%d\n", i + 1);
    CHECK_STATUS(parse(text), PH_REFUSED);
    CHECK(strncmp(why, "config, line 129: ", 18) == 0);
}

CHECK_MAIN(cmocka_unit_test(settings_are_read_with_comments_and_blanks),
           cmocka_unit_test(nothing_said_leaves_defaults),
           cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
           cmocka_unit_test(too_long_or_binary_lines_are_refused),
           cmocka_unit_test(more_peers_than_a_node_remembers_are_refused))
