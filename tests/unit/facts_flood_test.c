/* More facts of one school than count: whichever of them a set holds, it says the same as
 * another. */
#include "tests/support/fact_world.h"

#define FLOOD (PH_FACTS_PER_SCHOOL_MAX + 20)

static struct made admission, certificate;
static struct made flood[FLOOD];

static struct made numbered(const struct signer *by, uint16_t number, const struct made *past)
{
    uint8_t items[] = {0xcd, (uint8_t)(number >> 8), (uint8_t)number};
    struct ph_fact fact = {.type = 77};
    fact.of.other.count = 1;
    fact.of.other.items = ph_bytes(items, sizeof items);
    return make(fact, by, AFTER(past));
}

/* School 1 is a member, and signs many facts with both of its keys. */
static int make_flood(void **state)
{
    int status = make_world(state);
    admission = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    certificate = make_certify(&schools[1], &schools[1].writer, AFTER(&admission));
    for (uint16_t i = 0; i < FLOOD; i++)
        flood[i] = numbered(i % 2 == 0 ? &schools[1].key : &schools[1].writer, (uint16_t)(1000 + i),
                            &certificate);
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
    struct made others = numbered(&schools[0].writer, 7777, &flood[ROOM]);
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
    struct made others = numbered(&schools[0].writer, 7777, &invite);
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
    struct made both = numbered(&schools[1].writer, 5000, &second);
    const struct school *lowest =
        memcmp(schools[0].id.bytes, schools[1].id.bytes, 32) < 0 ? &schools[0] : &schools[1];
    take(facts, &second);
    uint32_t before = ph_facts_count_of(facts, &lowest->id);
    take(facts, &both);
    assert_int_equal(ph_facts_count_of(facts, &lowest->id), before + 1);
    CHECK(ph_school_id_equal(ph_facts_counted_for(facts, ph_facts_count(facts) - 1), &lowest->id));
    ph_facts_free(facts);
}

/* Regression: what rests on the fact that waits pushed out of sixteen places what it waits for. */
static void what_is_waited_for_is_taken_however_much_waits_behind(void **state)
{
    (void)state;
    struct ph_facts *facts = new_set_with(0, ROOM + 1, false);
    const struct made *beyond = &flood[ROOM + 5];
    struct made waiting[PH_FACTS_WANTED_MAX + 4];
    for (uint16_t i = 0; i < PH_FACTS_WANTED_MAX + 4; i++)
        waiting[i] =
            numbered(&schools[0].writer, (uint16_t)(6000 + i), i == 0 ? beyond : &waiting[i - 1]);
    assert_int_equal(try_take(facts, beyond), PH_REFUSED);
    for (uint32_t i = 0; i < PH_FACTS_WANTED_MAX + 4; i++)
        assert_int_equal(try_take(facts, &waiting[i]), PH_WAITING);
    take(facts, beyond);
    for (uint32_t i = 0; i < PH_FACTS_WANTED_MAX + 4; i++)
        take(facts, &waiting[i]);
    ph_facts_free(facts);
}

#define HEAVY 60 /* facts of some 230 bytes: more than a proposal may bring along */

/* Regression: a heavy proposal with the lowest id was each voter's choice, and answered by none. */
static void a_heavy_proposal_is_not_the_one_to_vote_on(void **state)
{
    (void)state;
    struct ph_facts *facts = new_set_with(0, 0, false);
    struct made chain[HEAVY];
    for (uint16_t i = 0; i < HEAVY; i++) {
        chain[i] = numbered(&schools[1].writer, (uint16_t)(8000 + i),
                            i == 0 ? &certificate : &chain[i - 1]);
        take(facts, &chain[i]);
    }
    for (int i = 1; i <= 8; i++) { /* with any ids */
        struct made heavy =
            make_propose(&schools[1].writer, &schools[1].id, AFTER(&chain[HEAVY - i]));
        take(facts, &heavy);
    }
    CHECK(ph_facts_proposal(facts, &schools[0].id, &schools[1].id) == NULL);
    struct made light = make_propose(&schools[1].writer, &schools[1].id, AFTER(&certificate));
    take(facts, &light);
    const struct ph_fact *open = ph_facts_proposal(facts, &schools[0].id, &schools[1].id);
    CHECK(open != NULL && ph_fact_id_equal(&open->id, &light.id));
    ph_facts_free(facts);
}

static void who_has_confirmed_is_known(void **state)
{
    (void)state;
    struct ph_facts *facts = new_set_with(0, 0, false);
    struct made other = make_admit(&schools[0].writer, &schools[2].id, &invite, AFTER(&invite));
    struct made propose = make_propose(&schools[0].writer, &schools[2].id, AFTER(&other));
    struct made confirm = make_confirm(&schools[0].key, &propose, AFTER(&propose));
    take(facts, &other);
    take(facts, &propose);
    CHECK(!ph_facts_has_confirmed(facts, &schools[0].id, &propose.id));
    take(facts, &confirm);
    CHECK(ph_facts_has_confirmed(facts, &schools[0].id, &propose.id));
    CHECK(!ph_facts_has_confirmed(facts, &schools[1].id, &propose.id));
    CHECK(!ph_facts_has_confirmed(facts, &schools[0].id, &confirm.id));
    ph_facts_free(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_school_has_room_for_so_many_facts_and_one),
        cmocka_unit_test(whichever_facts_of_a_flood_are_held_the_hash_is_the_same),
        cmocka_unit_test(a_fact_counts_for_the_lowest_school_that_certified_its_author),
        cmocka_unit_test(what_is_waited_for_is_taken_however_much_waits_behind),
        cmocka_unit_test(a_heavy_proposal_is_not_the_one_to_vote_on),
        cmocka_unit_test(who_has_confirmed_is_known),
    };
    return cmocka_run_group_tests(tests, make_flood, NULL) != 0;
}
