#include "tools/home_keys.h"

#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char root[64];

/* A machine's root folder: its id and its cards. */
static void shell(const char *line)
{
    char command[1024];
    snprintf(command, sizeof command, "set -e; cd '%s'; %s", root, line);
    if (system(command) != 0)
        fail_msg("%s", line);
}

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/pharos-test-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    shell("mkdir -p etc sys/class/net/eth0/device sys/class/net/lo sys/class/net/br0;"
          "echo 0123456789abcdef > etc/machine-id; "
          "echo 02:00:00:00:00:0a > sys/class/net/eth0/address;"
          "echo 00:00:00:00:00:00 > sys/class/net/lo/address;"
          "echo 02:00:00:00:00:0b > sys/class/net/br0/address");
    return 0;
}

static int remove_root(void **state)
{
    (void)state;
    shell("rm -r etc sys");
    return 0;
}

static struct ph_machine machine(void)
{
    struct ph_machine out;
    ph_machine_read(root, &out);
    return out;
}

static void cards_are_read_and_bridges_are_not(void **state)
{
    (void)state;
    static const uint8_t address[] = {2, 0, 0, 0, 0, 10};
    struct ph_machine found = machine();
    assert_int_equal(found.address_count, 1);
    assert_memory_equal(found.addresses[0], address, sizeof address);
}

static void machine_fits_itself(void **state)
{
    (void)state;
    struct ph_machine a = machine(), b = machine();
    CHECK(ph_machine_fits(&a, &b));
}

static void machine_with_another_id_does_not_fit(void **state)
{
    (void)state;
    struct ph_machine before = machine();
    shell("echo fedcba9876543210 > etc/machine-id");
    struct ph_machine after = machine();
    CHECK(!ph_machine_fits(&before, &after) && !ph_machine_fits(&after, &before));
}

static void machine_with_other_cards_does_not_fit(void **state)
{
    (void)state;
    struct ph_machine before = machine();
    shell("echo 02:00:00:00:00:0c > sys/class/net/eth0/address");
    struct ph_machine after = machine();
    CHECK(!ph_machine_fits(&before, &after));
}

static void machine_that_gets_and_loses_a_card_fits(void **state)
{
    (void)state;
    struct ph_machine before = machine();
    shell("mkdir -p sys/class/net/wlan0/device; "
          "echo 02:00:00:00:00:0d > sys/class/net/wlan0/address");
    struct ph_machine more = machine();
    CHECK(ph_machine_fits(&before, &more) && ph_machine_fits(&more, &before));
}

static void machine_whose_cards_are_not_known_fits_by_its_id(void **state)
{
    (void)state;
    struct ph_machine before = machine();
    shell("rm -r sys/class/net/eth0");
    struct ph_machine after = machine();
    assert_int_equal(after.address_count, 0);
    CHECK(ph_machine_fits(&before, &after) && ph_machine_fits(&after, &before));
}

static void machine_without_anything_is_one(void **state)
{
    (void)state;
    shell("rm -r etc sys; mkdir etc sys");
    struct ph_machine a = machine(), b = machine();
    CHECK(a.address_count == 0 && ph_machine_fits(&a, &b));
}

static void binding_fits_by_token_birth_and_machine(void **state)
{
    (void)state;
    const struct ph_binding here = {
        .is_bound = true, .token = {7}, .born_ns = 1000, .machine = machine()};
    struct ph_binding bound = here;
    CHECK(ph_binding_fits(&bound, &here));
    bound.born_ns = 0; /* not known then, or not known now */
    CHECK(ph_binding_fits(&bound, &here) && ph_binding_fits(&here, &bound));
    bound.born_ns = 1001;
    CHECK(!ph_binding_fits(&bound, &here));
    bound = here;
    bound.token[15] = 1;
    CHECK(!ph_binding_fits(&bound, &here));
    bound = here;
    bound.machine.id.bytes[0] ^= 1;
    CHECK(!ph_binding_fits(&bound, &here));
}

#define MACHINE_TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void)
{
    if (ph_crypto_init() != PH_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        MACHINE_TEST(cards_are_read_and_bridges_are_not),
        MACHINE_TEST(machine_fits_itself),
        MACHINE_TEST(machine_with_another_id_does_not_fit),
        MACHINE_TEST(machine_with_other_cards_does_not_fit),
        MACHINE_TEST(machine_that_gets_and_loses_a_card_fits),
        MACHINE_TEST(machine_whose_cards_are_not_known_fits_by_its_id),
        MACHINE_TEST(machine_without_anything_is_one),
        MACHINE_TEST(binding_fits_by_token_birth_and_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
