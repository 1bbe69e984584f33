/* More facts of one school than count: whichever of them a set holds, it says the same as
 * another. */
#include "tests/support/fact_world.h"

#define FLOOD (PH_FACTS_PER_SCHOOL_MAX + 20)

static struct made admission, certificate;
static struct made flood[FLOOD];

/* School 1 is a member, and signs many facts with both of its keys. */
static int make_flood(void **state)
{
    int status = make_world(state);
    admission = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    certificate = make_certify(&schools[1], &schools[1].writer, AFTER(&admission));
    for (uint16_t i = 0; i < FLOOD; i++)
        flood[i] = make_numbered(i % 2 == 0 ? &schools[1].key : &schools[1].writer,
                                 (uint16_t)(1000 + i), AFTER(&certificate));
    return status;
}

static struct ph_facts *new_set_with(uint32_t first, uint32_t count, bool backwards)
{
    struct ph_facts *facts = new_founded_set();
    take(facts, &admission);
    take(facts, &certificate);
    for (uint32_t i = 0; i < count; i++)
        take(facts, &flood[backwards ? first + count - 1 - i : first + i]);
    return facts;
}

static bool hash_alike(struct ph_facts *a, struct ph_facts *b)
{
    struct ph_hash of_a = ph_facts_hash(a, ph_facts_count(a));
    struct ph_hash of_b = ph_facts_hash(b, ph_facts_count(b));
    return ph_hash_equal(&of_a, &of_b);
}

#define ROOM (PH_FACTS_PER_SCHOOL_MAX - 1) /* beside the certificate */

static void a_school_has_room_for_so_many_facts_and_one(void **state)
{
    (void)state;
    struct ph_facts *facts = new_set_with(0, ROOM, false);
    assert_int_equal(ph_facts_count_of(facts, &schools[1].id), PH_FACTS_PER_SCHOOL_MAX);
    take(facts, &flood[ROOM]);
    assert_int_equal(try_take(facts, &flood[ROOM + 1]), PH_REFUSED);
    CHECK_OK(try_take(facts, &flood[3])); /* held */
    uint32_t of_founder = ph_facts_count_of(facts, &schools[0].id);
    struct made others = make_numbered(&schools[0].writer, 7777, AFTER(&flood[ROOM]));
    take(facts, &others);
    assert_int_equal(ph_facts_count_of(facts, &schools[0].id), of_founder + 1);
    ph_facts_free(facts);
}

/* Up to the bound each fact counts; then none of that school does. */
static void whichever_facts_of_a_flood_are_held_the_hash_is_the_same(void **state)
{
    (void)state;
    struct ph_facts *a = new_set_with(0, ROOM, false);
    struct ph_facts *b = new_set_with(FLOOD - ROOM, ROOM, true);
    CHECK(!hash_alike(a, b));
    take(a, &flood[ROOM]);
    take(b, &flood[0]);
    CHECK(hash_alike(a, b));
    struct made others = make_numbered(&schools[0].writer, 7777, AFTER(&invite));
    take(a, &others);
    CHECK(!hash_alike(a, b));
    take(b, &others);
    CHECK(hash_alike(a, b));
    struct ph_facts *c = new_founded_set();
    struct ph_hash of_c = ph_facts_hash(a, ph_facts_count(c)); /* before the flood, all counted */
    struct ph_hash own = ph_facts_hash(c, ph_facts_count(c));
    CHECK(ph_hash_equal(&of_c, &own));
    ph_facts_free(a);
    ph_facts_free(b);
    ph_facts_free(c);
}

/* Who certifies a writer of another school with its consent takes no room of it. */
static void a_fact_counts_for_the_lowest_school_that_certified_its_author(void **state)
{
    (void)state;
    struct ph_facts *facts = new_set_with(0, 0, false);
    struct made second = make_certify(&schools[0], &schools[1].writer, AFTER(&certificate));
    struct made both = make_numbered(&schools[1].writer, 5000, AFTER(&second));
    const struct school *lowest =
        memcmp(schools[0].id.bytes, schools[1].id.bytes, 32) < 0 ? &schools[0] : &schools[1];
    take(facts, &second);
    uint32_t before = ph_facts_count_of(facts, &lowest->id);
    take(facts, &both);
    assert_int_equal(ph_facts_count_of(facts, &lowest->id), before + 1);
    CHECK(ph_school_id_equal(ph_facts_counted_for(facts, ph_facts_count(facts) - 1), &lowest->id));
    ph_facts_free(facts);
}

#define BEHIND 20

/* Regression: what rests on the fact that waits pushed out of sixteen places what it waits for. */
static void what_is_waited_for_is_taken_however_much_waits_behind(void **state)
{
    (void)state;
    struct ph_facts *facts = new_set_with(0, ROOM + 1, false);
    const struct made *beyond = &flood[ROOM + 5];
    struct made waiting[BEHIND];
    for (uint16_t i = 0; i < BEHIND; i++)
        waiting[i] = make_numbered(&schools[0].writer, (uint16_t)(6000 + i),
                                   AFTER(i == 0 ? beyond : &waiting[i - 1]));
    assert_int_equal(try_take(facts, beyond), PH_REFUSED);
    for (uint32_t i = 0; i < BEHIND; i++)
        assert_int_equal(try_take(facts, &waiting[i]), PH_WAITING);
    take(facts, beyond);
    for (uint32_t i = 0; i < BEHIND; i++)
        take(facts, &waiting[i]);
    ph_facts_free(facts);
}

#define CHAIN 300

/* Regression: what a waiting fact rests on was wanted one step at a time, in sixteen places, and
 * can only be held from the other end: a chain longer than that was never taken. */
static void a_chain_is_taken_for_who_rests_on_its_end(void **state)
{
    (void)state;
    static struct made chain[CHAIN];
    struct ph_facts *facts = new_set_with(0, ROOM + 1, false);
    for (uint16_t i = 0; i < CHAIN; i++) {
        chain[i] = make_numbered(&schools[1].key, (uint16_t)(3000 + i),
                                 AFTER(i == 0 ? &certificate : &chain[i - 1]));
        enum ph_status status = try_take(facts, &chain[i]);
        assert_int_equal(status, i == 0 ? PH_REFUSED : PH_WAITING);
    }
    struct made answer = make_numbered(&schools[0].writer, 7777, AFTER(&chain[CHAIN - 1]));
    assert_int_equal(try_take(facts, &answer), PH_WAITING);
    for (uint32_t i = CHAIN; i-- > 0;)
        CHECK(ph_facts_expect(facts, ph_bytes(chain[i].bytes, chain[i].len)));
    for (uint32_t i = 0; i < CHAIN; i++)
        take(facts, &chain[i]);
    CHECK(!ph_facts_expect(facts, ph_bytes(chain[0].bytes, chain[0].len)));
    take(facts, &answer);
    assert_int_equal(try_take(facts, &flood[ROOM + 1]), PH_REFUSED);
    ph_facts_free(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_school_has_room_for_so_many_facts_and_one),
        cmocka_unit_test(whichever_facts_of_a_flood_are_held_the_hash_is_the_same),
        cmocka_unit_test(a_fact_counts_for_the_lowest_school_that_certified_its_author),
        cmocka_unit_test(what_is_waited_for_is_taken_however_much_waits_behind),
        cmocka_unit_test(a_chain_is_taken_for_who_rests_on_its_end),
    };
    return cmocka_run_group_tests(tests, make_flood, NULL) != 0;
}
