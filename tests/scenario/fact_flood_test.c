/* A member that signs facts without end: it takes its own room and nobody else's. */
#include "tests/support/bad_member.h"

#define BAD 2 /* of five; 4 joins last, all others are honest */
#define LAST 4

#define BULK 3800 /* bytes of a large one */

/* A fact of a type that nobody knows; each number makes another one. */
static struct bad_fact useless(const struct bad_member *bad, const struct ph_fact_id *past,
                               uint16_t number, bool is_large)
{
    static uint8_t items[3 + BULK + 3] = {0xc5, BULK >> 8, BULK & 255};
    uint8_t *end = items + 3 + BULK;
    end[0] = 0xcd;
    end[1] = (uint8_t)(number >> 8);
    end[2] = (uint8_t)number;
    struct ph_fact fact = {.type = 77};
    fact.of.other.count = is_large ? 2 : 1;
    fact.of.other.items = is_large ? ph_bytes(items, sizeof items) : ph_bytes(end, 3);
    return bad_member_fact(bad, &fact, past, true);
}

static struct sim *a_network_with_one_to_come(uint64_t seed)
{
    struct sim *sim = sim_start_all(seed, 5);
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, 3, 0);
    for (uint32_t node = 1; node < LAST; node++)
        CHECK(sim_join(sim, node, &code, UINT32_MAX, 60000));
    CHECK(sim_converge(sim, 60000));
    return sim;
}

/* Regression: the flood came into the past of every later certify fact, whose introduction then was
 * longer than what is taken from a school before it is known. */
static void a_flood_keeps_no_later_school_from_introducing_itself(void **state)
{
    (void)state;
    struct sim *sim = a_network_with_one_to_come(1100);
    struct bad_member bad = bad_member_of(sim, BAD);
    sim_partition(sim, 3, 0);
    sim_partition(sim, 3, 1);
    sim_partition(sim, 3, LAST);
    struct sim_stranger *at_0 = bad_member_dial(&bad, 0, 0);
    struct ph_fact_id before = bad.log.certify;
    for (uint16_t i = 0; i < 560; i++) {
        struct bad_fact one = useless(&bad, &before, (uint16_t)(1000 + i), true);
        bad_member_say_facts(at_0, &one, 1);
        before = one.id;
    }
    sim_run(sim, 60000);
    struct sim_code code = sim_invite(sim, 0, 1, 0);
    CHECK(sim_join(sim, LAST, &code, UINT32_MAX, 60000));
    struct sim_id plan = sim_write(sim, LAST, "plan", "title", "Heard");
    sim_stop(sim, 0);
    sim_stop(sim, 1);
    sim_heal(sim);

    CHECK(sim_sync(sim, LAST, 3, 60000));

    assert_string_equal(sim_show(sim, 3, &plan, "title").text, "Heard (School 4)");
    sim_stranger_free(at_0);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(a_flood_keeps_no_later_school_from_introducing_itself))
