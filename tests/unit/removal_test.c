/* Who is removed, restored, leaves, or goes on with another key: each judged in its own past. */
#include "tests/support/fact_world.h"

static struct made propose(size_t by, enum ph_proposal what, size_t about,
                           const struct made *const *past)
{
    return make_proposal(&schools[by].writer, ph_fact_proposing(what, &schools[about].id), past);
}

static struct made vote(size_t by, const struct made *proposal, const struct made *const *past)
{
    return make_vote(&schools[by].key, proposal, NULL, 0, past);
}

/* Each voter of `count` others votes for the proposal; `last` becomes the last vote. */
static void vote_all(struct ph_facts *facts, const struct made *proposal, const size_t *voters,
                     size_t count, struct made *last)
{
    *last = *proposal;
    for (size_t i = 0; i < count; i++) {
        *last = vote(voters[i], proposal, AFTER(last));
        take(facts, last);
    }
}

static struct made certify(struct ph_facts *facts, size_t school, const struct made *after)
{
    struct made out = make_certify(&schools[school], &schools[school].writer, AFTER(after));
    take(facts, &out);
    return out;
}

static bool is_removed(const struct ph_facts *facts, size_t school)
{
    return ph_facts_is_removed(facts, &schools[school].id);
}

/* Removed by schools 0 and 1 of four voters; the last vote is `last`. */
static struct made remove_school(struct ph_facts *facts, size_t about, struct made *last)
{
    struct made removal = propose(0, PH_PROPOSAL_REMOVE, about, AFTER(last));
    take(facts, &removal);
    vote_all(facts, &removal, (const size_t[]){0, 1}, 2, last);
    CHECK(is_removed(facts, about));
    return removal;
}

static struct made restore(size_t by, size_t about, const struct made *removal,
                           const struct made *const *past)
{
    struct ph_fact what = ph_fact_proposing(PH_PROPOSAL_RESTORE, &schools[about].id);
    what.of.propose.lifted = ph_bytes(removal->id.bytes, 32);
    return make_proposal(&schools[by].writer, what, past);
}

static void a_removal_takes_more_than_half_of_all_but_the_accused(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(4, &last);
    struct made removal = propose(0, PH_PROPOSAL_REMOVE, 3, AFTER(&last));
    struct made by_accused = vote(3, &removal, AFTER(&removal));
    struct made first = vote(0, &removal, AFTER(&removal));
    struct made again = vote(0, &removal, AFTER(&first));
    struct made second = vote(2, &removal, AFTER(&removal));
    take(facts, &removal);
    assert_int_equal(ph_facts_tally(facts, &removal.id).seats, 3);
    take(facts, &by_accused);
    take(facts, &first);
    take(facts, &again);
    CHECK(!is_removed(facts, 3) && is_voter(facts, 3));
    assert_int_equal(ph_facts_tally(facts, &removal.id).votes, 1);
    take(facts, &second);
    CHECK(is_removed(facts, 3) && !is_voter(facts, 3) && knows(facts, 3));
    CHECK(!is_removed(facts, 0) && !is_removed(facts, 1) && !is_removed(facts, 2));
    ph_facts_free(facts);
}

static void fewer_than_three_others_remove_nobody(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(3, &last);
    struct made removal = propose(0, PH_PROPOSAL_REMOVE, 2, AFTER(&last));
    take(facts, &removal);
    vote_all(facts, &removal, (const size_t[]){0, 1}, 2, &last);
    CHECK(!is_removed(facts, 2));
    assert_int_equal(ph_facts_tally(facts, &removal.id).seats, 0);
    ph_facts_free(facts);
}

static void what_a_removed_school_signs_behind_its_removal_has_no_effect(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(4, &last);
    struct made own = certify(facts, 3, &last);
    struct made before = last;
    remove_school(facts, 3, &last);
    struct made late_invite = make_invite(&schools[3].writer, 3, AFTER(&own, &last));
    struct made early_invite = make_invite(&schools[3].writer, 4, AFTER(&own, &before));
    struct made late_admit =
        make_admit(&schools[3].writer, &schools[5].id, &invite, AFTER(&own, &last));
    struct made late_certify = make_certify(&schools[3], &schools[6].writer, AFTER(&last));
    take(facts, &late_invite);
    take(facts, &early_invite);
    take(facts, &late_admit);
    take(facts, &late_certify);
    CHECK(!ph_facts_stands(facts, ph_facts_find(facts, &late_invite.id)));
    CHECK(ph_facts_stands(facts, ph_facts_find(facts, &early_invite.id)));
    CHECK(!knows(facts, 5));
    CHECK(!ph_facts_stands(facts, ph_facts_find(facts, &late_certify.id)));
    CHECK(!ph_facts_may_invite(facts, &early_invite.id));
    ph_facts_free(facts);
}

static void two_schools_that_remove_each_other_are_both_removed(void **state)
{
    (void)state;
    struct made last, one, two;
    struct ph_facts *facts = new_set_with_voters(5, &last);
    struct made own = certify(facts, 4, &last);
    struct made of_four = propose(0, PH_PROPOSAL_REMOVE, 4, AFTER(&last));
    struct made of_zero = propose(4, PH_PROPOSAL_REMOVE, 0, AFTER(&last, &own));
    take(facts, &of_four);
    take(facts, &of_zero);
    vote_all(facts, &of_four, (const size_t[]){0, 1, 2}, 3, &one);
    vote_all(facts, &of_zero, (const size_t[]){4, 2, 3}, 3, &two);
    CHECK(is_removed(facts, 4) && is_removed(facts, 0));
    CHECK(is_voter(facts, 1) && is_voter(facts, 2) && is_voter(facts, 3));
    ph_facts_free(facts);
}

static void a_restoration_is_voted_by_those_who_removed_and_who_vote_now(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(4, &last);
    struct made removal = remove_school(facts, 3, &last);
    struct made again = make_admit(&schools[0].writer, &schools[3].id, &invite, AFTER(&last));
    take(facts, &again);
    CHECK(is_removed(facts, 3)); /* an admission lifts nothing */
    struct made back = restore(0, 3, &removal, AFTER(&again));
    take(facts, &back);
    assert_int_equal(ph_facts_tally(facts, &back.id).seats, 3);
    vote_all(facts, &back, (const size_t[]){2}, 1, &last);
    CHECK(is_removed(facts, 3));
    vote_all(facts, &back, (const size_t[]){0}, 1, &last);
    CHECK(!is_removed(facts, 3) && is_voter(facts, 3));
    struct made removed_again = propose(0, PH_PROPOSAL_REMOVE, 3, AFTER(&last));
    take(facts, &removed_again);
    vote_all(facts, &removed_again, (const size_t[]){1, 2}, 2, &last);
    CHECK(is_removed(facts, 3));
    ph_facts_free(facts);
}

static void a_removal_that_nobody_lifts_holds(void **state)
{
    (void)state;
    struct made last, one, two;
    struct ph_facts *facts = new_set_with_voters(4, &last);
    struct made own = certify(facts, 1, &last);
    struct made first = propose(0, PH_PROPOSAL_REMOVE, 3, AFTER(&last));
    struct made second = propose(1, PH_PROPOSAL_REMOVE, 3, AFTER(&last, &own));
    take(facts, &first);
    take(facts, &second);
    vote_all(facts, &first, (const size_t[]){0, 1}, 2, &one);
    vote_all(facts, &second, (const size_t[]){1, 2}, 2, &two);
    struct made of_one = restore(0, 3, &first, AFTER(&one));
    take(facts, &of_one);
    vote_all(facts, &of_one, (const size_t[]){0, 1}, 2, &last);
    CHECK(is_removed(facts, 3));
    uint8_t removals[PH_LIFTED_MAX * 32];
    assert_int_equal(ph_facts_removals(facts, &schools[3].id, removals), 32);
    CHECK_BYTES(ph_bytes(removals, 32), ph_bytes(second.id.bytes, 32));
    ph_facts_free(facts);
}

static void a_removal_that_is_not_reached_cannot_be_lifted(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(4, &last);
    struct made removal = propose(0, PH_PROPOSAL_REMOVE, 3, AFTER(&last));
    struct made back = restore(0, 3, &removal, AFTER(&removal));
    take(facts, &removal);
    take(facts, &back);
    assert_int_equal(ph_facts_tally(facts, &back.id).seats, 0);
    ph_facts_free(facts);
}

static void a_school_can_leave_and_be_restored(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(3, &last);
    struct made leave = make_leave(&schools[2].key, NULL, 0, AFTER(&last));
    take(facts, &leave);
    CHECK(is_removed(facts, 2) && !is_voter(facts, 2));
    struct made back = restore(0, 2, &leave, AFTER(&leave));
    take(facts, &back);
    vote_all(facts, &back, (const size_t[]){0, 1}, 2, &last);
    CHECK(!is_removed(facts, 2) && is_voter(facts, 2));
    ph_facts_free(facts);
}

/* --- successions --- */

static struct made succession(size_t by, size_t about, size_t key, const struct made *const *past)
{
    struct ph_fact what = ph_fact_proposing(PH_PROPOSAL_SUCCEED, &schools[about].id);
    what.of.propose.key = schools[key].id;
    what.of.propose.consent =
        ph_succeed_consent(&schools[key].key.secret, &network, &schools[about].id);
    return make_proposal(&schools[by].writer, what, past);
}

static bool is_key_of(const struct ph_facts *facts, size_t key, size_t school)
{
    const struct ph_school_id *owner = ph_facts_owner(facts, &schools[key].id);
    return owner != NULL && ph_school_id_equal(owner, &schools[school].id);
}

static void a_new_key_speaks_for_its_school_and_the_old_one_no_more(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(4, &last);
    struct made proposal = succession(0, 3, 7, AFTER(&last));
    take(facts, &proposal);
    CHECK(!is_key_of(facts, 7, 3));
    vote_all(facts, &proposal, (const size_t[]){1, 2}, 2, &last);
    CHECK(is_key_of(facts, 7, 3) && is_key_of(facts, 3, 3));
    CHECK(ph_facts_speaks(facts, &schools[7].id) && !ph_facts_speaks(facts, &schools[3].id));
    CHECK(is_voter(facts, 3) && !knows(facts, 7));

    struct made by_new = make_certify(&schools[7], &schools[7].writer, AFTER(&last));
    struct made by_old = make_certify(&schools[3], &schools[3].writer, AFTER(&last));
    take(facts, &by_new);
    take(facts, &by_old);
    const struct ph_school_id *of = ph_facts_school_of(facts, ph_facts_find(facts, &by_new.id));
    CHECK(of != NULL && ph_school_id_equal(of, &schools[3].id));
    CHECK(!ph_facts_stands(facts, ph_facts_find(facts, &by_old.id)));

    struct made question = propose(0, PH_PROPOSAL_REMOVE, 1, AFTER(&last));
    take(facts, &question);
    struct made yes = vote(7, &question, AFTER(&question));
    struct made yes_of_old = vote(3, &question, AFTER(&question));
    take(facts, &yes_of_old);
    assert_int_equal(ph_facts_tally(facts, &question.id).votes, 0);
    take(facts, &yes);
    assert_int_equal(ph_facts_tally(facts, &question.id).votes, 1);
    ph_facts_free(facts);
}

static void two_successions_made_apart_both_hold_with_one_vote(void **state)
{
    (void)state;
    struct made last, one, two;
    struct ph_facts *facts = new_set_with_voters(4, &last);
    struct made first = succession(0, 3, 7, AFTER(&last));
    struct made second = succession(0, 3, 8, AFTER(&last));
    take(facts, &first);
    take(facts, &second);
    vote_all(facts, &first, (const size_t[]){0, 1}, 2, &one);
    vote_all(facts, &second, (const size_t[]){1, 2}, 2, &two);
    CHECK(ph_facts_speaks(facts, &schools[7].id) && ph_facts_speaks(facts, &schools[8].id));
    struct made question = propose(0, PH_PROPOSAL_REMOVE, 1, AFTER(&one, &two));
    struct made seven = vote(7, &question, AFTER(&question));
    struct made eight = vote(8, &question, AFTER(&question));
    take(facts, &question);
    take(facts, &seven);
    take(facts, &eight);
    assert_int_equal(ph_facts_tally(facts, &question.id).votes, 1);
    struct made third = succession(0, 3, 9, AFTER(&one, &two));
    take(facts, &third);
    vote_all(facts, &third, (const size_t[]){0, 1}, 2, &last);
    CHECK(ph_facts_speaks(facts, &schools[9].id));
    CHECK(!ph_facts_speaks(facts, &schools[7].id) && !ph_facts_speaks(facts, &schools[8].id));
    ph_facts_free(facts);
}

static void a_succession_needs_the_new_keys_consent_and_a_key_that_is_nobodys(void **state)
{
    (void)state;
    struct made last;
    struct ph_facts *facts = new_set_with_voters(4, &last);
    struct ph_fact what = ph_fact_proposing(PH_PROPOSAL_SUCCEED, &schools[3].id);
    what.of.propose.key = schools[7].id;
    what.of.propose.consent = ph_succeed_consent(&schools[7].key.secret, &network, &schools[2].id);
    struct made unconsented = make_proposal(&schools[0].writer, what, AFTER(&last));
    struct made taken = succession(0, 3, 2, AFTER(&last));
    take(facts, &unconsented);
    take(facts, &taken);
    assert_int_equal(ph_facts_tally(facts, &unconsented.id).seats, 0);
    assert_int_equal(ph_facts_tally(facts, &taken.id).seats, 0);
    ph_facts_free(facts);
}

/* --- policies --- */

static struct made policy(struct ph_facts *facts, uint64_t value, const struct made *const *past,
                          struct made *last)
{
    struct ph_fact what = {.type = PH_FACT_PROPOSE};
    what.of.propose.what = PH_PROPOSAL_POLICY;
    what.of.propose.setting = PH_POLICY_MONTHS_KEPT;
    what.of.propose.value = value;
    struct made out = make_proposal(&schools[0].writer, what, past);
    take(facts, &out);
    vote_all(facts, &out, (const size_t[]){0, 1}, 2, last);
    return out;
}

static void of_policies_that_follow_each_other_the_last_counts(void **state)
{
    (void)state;
    struct made last, one, two, three;
    struct ph_facts *facts = new_set_with_voters(3, &last);
    uint64_t value = 0;
    CHECK(!ph_facts_policy(facts, PH_POLICY_MONTHS_KEPT, &value));
    policy(facts, 12, AFTER(&last), &one);
    struct made second = policy(facts, 24, AFTER(&one), &two);
    CHECK(ph_facts_policy(facts, PH_POLICY_MONTHS_KEPT, &value) && value == 24);
    struct made apart = policy(facts, 36, AFTER(&one), &three);
    bool is_lower = ph_fact_id_compare(&apart.id, &second.id) < 0;
    CHECK(ph_facts_policy(facts, PH_POLICY_MONTHS_KEPT, &value) && value == (is_lower ? 36u : 24u));
    policy(facts, 48, AFTER(&two, &three), &last);
    CHECK(ph_facts_policy(facts, PH_POLICY_MONTHS_KEPT, &value) && value == 48);
    ph_facts_free(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_removal_takes_more_than_half_of_all_but_the_accused),
        cmocka_unit_test(fewer_than_three_others_remove_nobody),
        cmocka_unit_test(what_a_removed_school_signs_behind_its_removal_has_no_effect),
        cmocka_unit_test(two_schools_that_remove_each_other_are_both_removed),
        cmocka_unit_test(a_restoration_is_voted_by_those_who_removed_and_who_vote_now),
        cmocka_unit_test(a_removal_that_nobody_lifts_holds),
        cmocka_unit_test(a_removal_that_is_not_reached_cannot_be_lifted),
        cmocka_unit_test(a_school_can_leave_and_be_restored),
        cmocka_unit_test(a_new_key_speaks_for_its_school_and_the_old_one_no_more),
        cmocka_unit_test(two_successions_made_apart_both_hold_with_one_vote),
        cmocka_unit_test(a_succession_needs_the_new_keys_consent_and_a_key_that_is_nobodys),
        cmocka_unit_test(of_policies_that_follow_each_other_the_last_counts),
    };
    return cmocka_run_group_tests(tests, make_world, NULL) != 0;
}
