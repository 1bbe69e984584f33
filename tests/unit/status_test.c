#include "pharos/status.h"

#include <string.h>

#include "tests/support/check.h"

static const struct {
    enum ph_status status;
    enum ph_blame blame;
    const char *text;
} known[] = {
    {PH_OK, PH_BLAME_NONE, "done"},
    {PH_NOT_FOUND, PH_BLAME_NONE, "not found"},
    {PH_PARTIAL, PH_BLAME_NONE, "more bytes are needed"},
    {PH_WAITING, PH_BLAME_NONE, "something that this names has not arrived yet"},
    {PH_MALFORMED, PH_BLAME_PEER, "the bytes do not have the form that the specification asks for"},
    {PH_UNAUTHENTIC, PH_BLAME_PEER, "a signature, hash or seal does not fit"},
    {PH_FORBIDDEN, PH_BLAME_PEER, "the sender has no right to this"},
    {PH_LIMIT, PH_BLAME_PEER, "a limit is exceeded"},
    {PH_REFUSED, PH_BLAME_USER, "the command can't be carried out"},
    {PH_IO, PH_BLAME_LOCAL, "reading or writing failed"},
    {PH_CORRUPT, PH_BLAME_LOCAL, "stored data is damaged"},
    {PH_NO_SPACE, PH_BLAME_LOCAL, "the disk is full"},
    {PH_MAP_FULL, PH_BLAME_LOCAL, "the database map must grow"},
    {PH_NO_MEMORY, PH_BLAME_LOCAL, "memory is exhausted"},
};
static const size_t known_count = sizeof known / sizeof known[0];

static void every_status_is_known_here(void **state)
{
    (void)state;

#define ONE_MORE(code, blame, text) +1
    assert_int_equal(known_count, 0 PH_STATUS_LIST(ONE_MORE));
#undef ONE_MORE
}

static void ok_is_zero(void **state)
{
    (void)state;

    assert_int_equal(PH_OK, 0);
}

static void every_status_has_its_text(void **state)
{
    (void)state;

    for (size_t i = 0; i < known_count; i++)
        assert_string_equal(ph_status_text(known[i].status), known[i].text);
}

static void every_status_blames_one_side(void **state)
{
    (void)state;

    for (size_t i = 0; i < known_count; i++)
        assert_int_equal(ph_status_blame(known[i].status), known[i].blame);
}

static void a_number_outside_the_list_blames_this_machine(void **state)
{
    (void)state;
    enum ph_status outside = (enum ph_status)known_count;

    assert_string_equal(ph_status_text(outside), "unknown status");
    assert_int_equal(ph_status_blame(outside), PH_BLAME_LOCAL);
}

CHECK_MAIN(cmocka_unit_test(every_status_is_known_here), cmocka_unit_test(ok_is_zero),
           cmocka_unit_test(every_status_has_its_text),
           cmocka_unit_test(every_status_blames_one_side),
           cmocka_unit_test(a_number_outside_the_list_blames_this_machine))
