/* How far a call comes, as the node tells whoever looks for the reason why two schools don't find
 * each other. */
#include "proto/pack.h"
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define WAIT_MS 30000
#define DAY_MS (24 * 3600 * 1000)

static struct ph_bytes ask(struct sim *sim, uint32_t node, const char *address)
{
    uint8_t bytes[100];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    ph_pack_array(&request, 3);
    ph_pack_text(&request, ph_bytes_text("doctor"));
    ph_pack_text(&request, ph_bytes_text(address));
    ph_pack_uint(&request, WAIT_MS);
    struct ph_bytes answer = sim_command(sim, node, ph_buffer_bytes(&request));
    CHECK(sim_error(answer) == NULL);
    return answer;
}

static struct ph_bytes ask_about(struct sim *sim, uint32_t node, const char *school)
{
    uint8_t bytes[100];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    ph_pack_array(&request, 2);
    ph_pack_text(&request, ph_bytes_text("doctor_school"));
    ph_pack_text(&request, ph_bytes_text(school));
    struct ph_bytes answer = sim_command(sim, node, ph_buffer_bytes(&request));
    CHECK(sim_error(answer) == NULL);
    return answer;
}

static bool is_true(struct ph_bytes answer, const char *key)
{
    struct ph_unpacker in = ph_unpack_scanned(sim_pick(answer, key));
    return ph_unpack_bool(&in);
}

static uint64_t number(struct ph_bytes answer, const char *key)
{
    struct ph_unpacker in = ph_unpack_scanned(sim_pick(answer, key));
    return ph_unpack_uint(&in, UINT64_MAX);
}

static void a_call_that_comes_through_ends_with_equal_roots(void **state)
{
    (void)state;
    struct sim *sim = sim_network(2701, 3);
    (void)sim_write(sim, 2, "plan", "title", "P");
    struct ph_bytes answer = ask(sim, 1, "node2:7410");
    assert_string_equal(sim_pick_text(answer, "reach").text, "open");
    assert_string_equal(sim_pick_text(answer, "reason").text, "");
    assert_string_equal(sim_pick_text(answer, "name").text, "School 2");
    CHECK(is_true(answer, "accepted") && is_true(answer, "equal"));
    assert_int_equal(number(answer, "ahead_ms"), 0);
    sim_free(sim);
}

/* By what it wrote last. */
static void a_clock_that_is_ahead_is_told(void **state)
{
    (void)state;
    struct sim *sim = sim_network(2702, 2);
    sim_set_wall(sim, 0, 1700000000000);
    sim_set_wall(sim, 1, 1700000000000 + DAY_MS);
    (void)sim_write(sim, 1, "plan", "title", "P");
    CHECK(sim_converge(sim, 60000));
    struct ph_bytes answer = ask(sim, 0, "node1:7410");
    assert_in_range(number(answer, "ahead_ms"), DAY_MS - 3600 * 1000, DAY_MS);
    sim_free(sim);
}

static void a_call_that_nobody_answers_reaches_nobody(void **state)
{
    (void)state;
    struct sim *sim = sim_network(2703, 3);
    sim_partition(sim, 1, 2);
    struct ph_bytes answer = ask(sim, 1, "node2:7410");
    assert_string_equal(sim_pick_text(answer, "reach").text, "called");
    CHECK(sim_pick_text(answer, "reason").text[0] != 0);
    CHECK(!is_true(answer, "accepted") && !is_true(answer, "said_some"));
    sim_free(sim);
}

static void its_own_address_leads_home(void **state)
{
    (void)state;
    struct sim *sim = sim_network(2704, 2);
    struct ph_bytes answer = ask(sim, 0, "node0:7410");
    CHECK(is_true(answer, "itself"));
    sim_free(sim);
}

static void ways_to_a_school_say_where_they_are_from(void **state)
{
    (void)state;
    struct sim *sim = sim_network(2705, 3);
    struct ph_bytes answer = ask_about(sim, 1, "School 0");
    struct ph_unpacker ways = ph_unpack_scanned(sim_pick(answer, "ways"));
    assert_int_equal(ph_unpack_array(&ways), 1);
    struct ph_bytes way = ph_unpack_skip(&ways);
    assert_string_equal(sim_pick_text(way, "address").text, "node0:7410");
    assert_string_equal(sim_pick_text(way, "from").text, "remembered");
    assert_string_equal(sim_pick_text(answer, "turn").text, "host");
    CHECK(sim_pick_text(answer, "connected").text[0] != 0);

    answer = ask_about(sim, 1, "School 2");
    ways = ph_unpack_scanned(sim_pick(answer, "ways"));
    assert_int_equal(ph_unpack_array(&ways), 0);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(a_call_that_comes_through_ends_with_equal_roots),
           cmocka_unit_test(a_clock_that_is_ahead_is_told),
           cmocka_unit_test(a_call_that_nobody_answers_reaches_nobody),
           cmocka_unit_test(its_own_address_leads_home),
           cmocka_unit_test(ways_to_a_school_say_where_they_are_from))
