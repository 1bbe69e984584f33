/* Who votes: proposals to confirm a school, and the votes that count for them. */
#include "tests/support/fact_world.h"

static const struct ph_fact *to_confirm(const struct ph_facts *facts,
                                        const struct ph_school_id *voter,
                                        const struct ph_school_id *school)
{
    const struct ph_fact like = ph_fact_proposing(PH_PROPOSAL_CONFIRM, school);
    return ph_facts_proposal(facts, voter, &like);
}

/* With `voter_count` voters the proposal is reached by exactly `needed` confirmations. */
static void check_threshold(size_t voter_count, size_t needed)
{
    struct made last;
    struct ph_facts *facts = new_set_with_voters(voter_count, &last);
    const struct ph_school_id *whom = &schools[voter_count].id;
    struct made admit = make_admit(&schools[0].writer, whom, &invite, AFTER(&last));
    struct made propose = make_propose(&schools[0].writer, whom, AFTER(&admit));
    take(facts, &admit);
    take(facts, &propose);
    for (size_t i = 0; i < needed; i++) {
        CHECK(!ph_facts_is_voter(facts, whom));
        const struct ph_fact *open = to_confirm(facts, &schools[0].id, whom);
        CHECK(open != NULL && ph_fact_id_equal(&open->id, &propose.id));
        struct made confirm =
            make_confirm(&schools[voter_count - 1 - i].key, &propose, AFTER(&propose));
        take(facts, &confirm);
    }
    CHECK(ph_facts_is_voter(facts, whom));
    CHECK(to_confirm(facts, &schools[0].id, whom) == NULL);
    ph_facts_free(facts);
}

static void confirming_needs_all_of_two_then_more_than_half(void **state)
{
    (void)state;
    check_threshold(1, 1);
    check_threshold(2, 2);
    check_threshold(3, 2);
    check_threshold(4, 3);
    check_threshold(5, 3);
}

static void a_school_that_confirms_twice_counts_once(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(2, &last);
    struct made admit = make_admit(&schools[0].writer, &schools[2].id, &invite, AFTER(&last));
    struct made propose = make_propose(&schools[0].writer, &schools[2].id, AFTER(&admit));
    struct made once = make_confirm(&schools[0].key, &propose, AFTER(&propose));
    struct made twice = make_confirm(&schools[0].key, &propose, AFTER(&once));
    struct made other = make_confirm(&schools[1].key, &propose, AFTER(&propose));
    take(facts, &admit);
    take(facts, &propose);
    take(facts, &once);
    take(facts, &twice);
    CHECK(!is_voter(facts, 2));
    take(facts, &other);
    CHECK(is_voter(facts, 2));
    ph_facts_free(facts);
}

static void a_confirmation_counts_only_inside_the_electorate(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(2, &last);
    struct made admit = make_admit(&schools[0].writer, &schools[2].id, &invite, AFTER(&last));
    struct made propose = make_propose(&schools[0].writer, &schools[2].id, AFTER(&admit));
    struct made own = make_confirm(&schools[2].key, &propose, AFTER(&propose));
    struct made writer = make_confirm(&schools[0].writer, &propose, AFTER(&propose));
    struct made blind = make_confirm(&schools[0].key, &propose, AFTER(&admit));
    struct made one = make_confirm(&schools[1].key, &propose, AFTER(&propose));
    take(facts, &admit);
    take(facts, &propose);
    take(facts, &own);
    take(facts, &writer);
    take(facts, &blind); /* without the proposal in its past */
    take(facts, &one);
    CHECK(!is_voter(facts, 2));
    ph_facts_free(facts);
}

static void votes_count_only_where_they_are_in_the_past(void **state)
{
    (void)state;
    struct made admit = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    struct made certify = make_certify(&schools[1], &schools[1].writer, AFTER(&admit));
    struct made propose = make_propose(&schools[0].writer, &schools[1].id, AFTER(&certify));
    struct made confirm = make_confirm(&schools[0].key, &propose, AFTER(&propose));
    struct made early = make_admit(&schools[1].writer, &schools[2].id, &invite, AFTER(&propose));
    struct made late = make_admit(&schools[1].writer, &schools[3].id, &invite, AFTER(&confirm));
    struct ph_facts *facts = new_founded_set();
    take(facts, &admit);
    take(facts, &certify);
    take(facts, &propose);
    take(facts, &confirm);
    take(facts, &early);
    take(facts, &late);
    CHECK(is_voter(facts, 1) && !knows(facts, 2) && knows(facts, 3));
    ph_facts_free(facts);
}

static void a_school_unknown_to_the_proposal_gets_no_vote(void **state)
{
    (void)state;
    struct made admit = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    struct made early = make_propose(&schools[0].writer, &schools[1].id, AFTER(&invite));
    struct made confirm = make_confirm(&schools[0].key, &early, AFTER(&early, &admit));
    struct ph_facts *facts = new_founded_set();
    take(facts, &admit);
    take(facts, &early);
    take(facts, &confirm);
    CHECK(!is_voter(facts, 1));
    CHECK(to_confirm(facts, &schools[0].id, &schools[1].id) == NULL);
    ph_facts_free(facts);
}

/* Regression: who proposed behind an old past took the votes of all who vote since. */
static void a_proposal_is_open_to_who_has_a_seat_and_the_widest_first(void **state)
{
    (void)state;
    struct made last, old[8];
    struct ph_facts *facts = new_set_with_voters(3, &last);
    struct made admit = make_admit(&schools[0].writer, &schools[4].id, &invite, AFTER(&invite));
    take(facts, &admit);
    for (uint16_t i = 0; i < 8; i++) { /* with any ids */
        struct made more = make_invite(&schools[0].writer, (uint16_t)(i + 1), AFTER(&admit));
        old[i] = make_propose(&schools[0].writer, &schools[4].id, AFTER(&more));
        take(facts, &more);
        take(facts, &old[i]);
    }
    CHECK(to_confirm(facts, &schools[0].id, &schools[4].id) != NULL);
    CHECK(to_confirm(facts, &schools[2].id, &schools[4].id) == NULL);

    struct made wide = make_propose(&schools[0].writer, &schools[4].id, AFTER(&last, &admit));
    take(facts, &wide);

    for (size_t voter = 0; voter < 3; voter++) {
        const struct ph_fact *open = to_confirm(facts, &schools[voter].id, &schools[4].id);
        CHECK(open != NULL && ph_fact_id_equal(&open->id, &wide.id));
    }
    ph_facts_free(facts);
}

#define HEAVY 60 /* facts of some 230 bytes: more than a proposal may bring along */

/* Regression: a heavy proposal with the lowest id was each voter's choice, and answered by none. */
static void a_heavy_proposal_is_not_the_one_to_vote_on(void **state)
{
    (void)state;
    struct ph_facts *facts = new_founded_set();
    struct made admit = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    struct made chain[HEAVY];
    take(facts, &admit);
    for (uint16_t i = 0; i < HEAVY; i++) {
        chain[i] = make_numbered(&schools[0].writer, (uint16_t)(8000 + i),
                                 AFTER(i == 0 ? &admit : &chain[i - 1]));
        take(facts, &chain[i]);
    }
    for (int i = 1; i <= 8; i++) { /* with any ids */
        struct made heavy =
            make_propose(&schools[0].writer, &schools[1].id, AFTER(&chain[HEAVY - i]));
        take(facts, &heavy);
    }
    CHECK(to_confirm(facts, &schools[0].id, &schools[1].id) == NULL);
    struct made light = make_propose(&schools[0].writer, &schools[1].id, AFTER(&admit));
    take(facts, &light);
    const struct ph_fact *open = to_confirm(facts, &schools[0].id, &schools[1].id);
    CHECK(open != NULL && ph_fact_id_equal(&open->id, &light.id));
    ph_facts_free(facts);
}

static void who_has_confirmed_is_known(void **state)
{
    (void)state;
    struct ph_facts *facts = new_founded_set();
    struct made other = make_admit(&schools[0].writer, &schools[2].id, &invite, AFTER(&invite));
    struct made propose = make_propose(&schools[0].writer, &schools[2].id, AFTER(&other));
    struct made confirm = make_confirm(&schools[0].key, &propose, AFTER(&propose));
    take(facts, &other);
    take(facts, &propose);
    CHECK(!ph_facts_has_voted(facts, &schools[0].id, &propose.id));
    take(facts, &confirm);
    CHECK(ph_facts_has_voted(facts, &schools[0].id, &propose.id));
    CHECK(!ph_facts_has_voted(facts, &schools[1].id, &propose.id));
    CHECK(!ph_facts_has_voted(facts, &schools[0].id, &confirm.id));
    ph_facts_free(facts);
}

/* Regression: a hostile voter's confirmation made a voter that could not show it: what later facts
 * rest on left that confirmation out, and nobody confirmed again. */
static void a_confirmation_that_lays_much_on_others_does_not_count(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(2, &last);
    const struct ph_school_id *whom = &schools[2].id;
    struct made admit = make_admit(&schools[0].writer, whom, &invite, AFTER(&last));
    struct made propose = make_propose(&schools[0].writer, whom, AFTER(&admit));
    struct made confirm = make_confirm(&schools[0].key, &propose, AFTER(&propose));
    take(facts, &admit);
    take(facts, &propose);
    take(facts, &confirm);
    last = propose;
    for (uint16_t i = 0; ph_facts_surplus(facts, &last.id) <= PH_FACT_SURPLUS_MAX; i++) {
        struct made next = make_numbered(&schools[1].key, (uint16_t)(1000 + i), AFTER(&last));
        last = next;
        take(facts, &last);
    }
    struct made heavy = make_confirm(&schools[1].key, &propose, AFTER(&propose, &last));
    take(facts, &heavy);
    CHECK(!ph_facts_is_voter(facts, whom));
    const struct ph_fact *open = to_confirm(facts, &schools[1].id, whom);
    CHECK(open != NULL && ph_fact_id_equal(&open->id, &propose.id));
    CHECK(!ph_facts_has_voted(facts, &schools[1].id, &propose.id));
    struct made light = make_confirm(&schools[1].key, &propose, AFTER(&propose));
    take(facts, &light);
    CHECK(ph_facts_is_voter(facts, whom));
    ph_facts_free(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confirming_needs_all_of_two_then_more_than_half),
        cmocka_unit_test(a_school_that_confirms_twice_counts_once),
        cmocka_unit_test(a_confirmation_counts_only_inside_the_electorate),
        cmocka_unit_test(votes_count_only_where_they_are_in_the_past),
        cmocka_unit_test(a_school_unknown_to_the_proposal_gets_no_vote),
        cmocka_unit_test(a_proposal_is_open_to_who_has_a_seat_and_the_widest_first),
        cmocka_unit_test(a_heavy_proposal_is_not_the_one_to_vote_on),
        cmocka_unit_test(who_has_confirmed_is_known),
        cmocka_unit_test(a_confirmation_that_lays_much_on_others_does_not_count),
    };
    return cmocka_run_group_tests(tests, make_world, NULL) != 0;
}
