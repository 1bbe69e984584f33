/* Which entries of a log stand: what removals, restorations, successions and closes accept of
 * it. */
#include "proto/bounds.h"
#include "tests/support/fact_world.h"

#define BRANCHES 3

/* Entry `seq` of branch b has an id that says so. */
static struct ph_log_end end_of(size_t school, uint32_t branch, uint32_t seq)
{
    struct ph_log_end end = {.seq = seq};
    memcpy(end.writer.bytes, schools[school].writer.id.bytes, 32);
    end.id.bytes[0] = (uint8_t)branch;
    ph_put_u32(end.id.bytes + 1, seq);
    return end;
}

/* The accused: school 3 of four voters, and its log: branch 1 leaves branch 0 behind 10, branch 2
 * leaves branch 1 behind 20. Branch 0 has 30 entries, the others 40. */
struct accused {
    struct ph_facts *facts;
    struct made last; /* what a next fact rests on */
    struct made certify;
    struct ph_bounded_branch branches[BRANCHES];
    uint32_t stands_to[BRANCHES];
};

static enum ph_status find(void *impl, const struct ph_log_end *end, uint32_t *branch)
{
    static const uint32_t first[BRANCHES] = {1, 11, 21}, last[BRANCHES] = {30, 40, 40};
    (void)impl;
    *branch = end->id.bytes[0];
    CHECK(ph_get_u32(end->id.bytes + 1) == end->seq);
    return end->seq >= first[*branch] && end->seq <= last[*branch] ? PH_OK : PH_NOT_FOUND;
}

static void judge(struct accused *accused)
{
    struct ph_writer_id writer;
    memcpy(writer.bytes, schools[3].writer.id.bytes, 32);
    const struct ph_fact *certify = ph_facts_find(accused->facts, &accused->certify.id);
    for (uint32_t i = 0; i < BRANCHES; i++)
        accused->branches[i] = (struct ph_bounded_branch){
            .certify = certify, .base = i == 2 ? 1 : 0, .base_seq = 10 * i};
    const struct ph_bounded_log log = {.school = &schools[3].id,
                                       .writer = &writer,
                                       .branches = accused->branches,
                                       .branch_count = BRANCHES,
                                       .find = find};
    CHECK_OK(ph_bounds_of(accused->facts, &log, accused->stands_to));
}

static void check(struct accused *accused, uint32_t zero, uint32_t one, uint32_t two)
{
    judge(accused);
    assert_int_equal(accused->stands_to[0], zero);
    assert_int_equal(accused->stands_to[1], one);
    assert_int_equal(accused->stands_to[2], two);
}

static void begin(struct accused *accused)
{
    *accused = (struct accused){0};
    accused->facts = new_set_with_voters(4, &accused->last);
    accused->certify = make_certify(&schools[3], &schools[3].writer, AFTER(&accused->last));
    take(accused->facts, &accused->certify);
}

static struct made propose(struct accused *accused, enum ph_proposal what,
                           const struct made *lifted)
{
    struct ph_fact fact = ph_fact_proposing(what, &schools[3].id);
    if (lifted != NULL)
        fact.of.propose.lifted = ph_bytes(lifted->id.bytes, 32);
    if (what == PH_PROPOSAL_SUCCEED) {
        fact.of.propose.key = schools[7].id;
        fact.of.propose.consent =
            ph_succeed_consent(&schools[7].key.secret, &network, &schools[3].id);
    }
    struct made out = make_proposal(&schools[0].writer, fact, AFTER(&accused->last));
    take(accused->facts, &out);
    accused->last = out;
    return out;
}

static void vote(struct accused *accused, size_t by, const struct made *proposal,
                 const struct ph_log_end *ends, uint32_t count)
{
    accused->last = make_vote(&schools[by].key, proposal, ends, count, AFTER(&accused->last));
    take(accused->facts, &accused->last);
}

static void without_any_bound_all_stands(void **state)
{
    (void)state;
    struct accused accused;
    begin(&accused);
    check(&accused, PH_STANDS_ALL, PH_STANDS_ALL, PH_STANDS_ALL);
    struct made removal = propose(&accused, PH_PROPOSAL_REMOVE, NULL);
    struct ph_log_end end = end_of(3, 0, 5);
    vote(&accused, 0, &removal, &end, 1);
    check(&accused, PH_STANDS_ALL, PH_STANDS_ALL, PH_STANDS_ALL); /* not reached */
    CHECK(!ph_bounds_log(accused.facts, ph_facts_find(accused.facts, &accused.certify.id)));
    ph_facts_free(accused.facts);
}

static void an_entry_stands_that_more_than_half_have_named_or_its_descendant(void **state)
{
    (void)state;
    struct accused accused;
    begin(&accused);
    struct made removal = propose(&accused, PH_PROPOSAL_REMOVE, NULL);
    struct ph_log_end end = end_of(3, 2, 25);
    vote(&accused, 0, &removal, &end, 1);
    end = end_of(3, 1, 15);
    vote(&accused, 1, &removal, &end, 1);
    check(&accused, 10, 15, 0);
    CHECK(ph_bounds_log(accused.facts, ph_facts_find(accused.facts, &accused.certify.id)));
    end = end_of(3, 0, 29);
    vote(&accused, 2, &removal, &end, 1);
    check(&accused, 10, 15, 0);
    end = end_of(3, 2, 22); /* united with what this school said before */
    vote(&accused, 2, &removal, &end, 1);
    check(&accused, 10, 20, 22);
    ph_facts_free(accused.facts);
}

static void an_end_that_is_not_held_says_nothing(void **state)
{
    (void)state;
    struct accused accused;
    begin(&accused);
    struct made removal = propose(&accused, PH_PROPOSAL_REMOVE, NULL);
    struct ph_log_end ends[2] = {end_of(3, 0, 8), end_of(3, 0, 31)};
    vote(&accused, 0, &removal, ends, 2);
    vote(&accused, 1, &removal, &ends[1], 1);
    check(&accused, 0, 0, 0);
    ph_facts_free(accused.facts);
}

static void a_restoration_accepts_more_and_frees_what_is_certified_behind_it(void **state)
{
    (void)state;
    struct accused accused;
    begin(&accused);
    struct made removal = propose(&accused, PH_PROPOSAL_REMOVE, NULL);
    struct ph_log_end end = end_of(3, 0, 5);
    vote(&accused, 0, &removal, &end, 1);
    vote(&accused, 1, &removal, &end, 1);
    check(&accused, 5, 0, 0);
    struct made back = propose(&accused, PH_PROPOSAL_RESTORE, &removal);
    end = end_of(3, 1, 12);
    vote(&accused, 0, &back, &end, 1);
    check(&accused, 5, 0, 0);
    vote(&accused, 1, &back, &end, 1);
    check(&accused, 10, 12, 0);
    CHECK(ph_bounds_log(accused.facts, ph_facts_find(accused.facts, &accused.certify.id)));
    struct made anew = make_certify(&schools[3], &schools[3].writer, AFTER(&accused.last));
    take(accused.facts, &anew);
    CHECK(!ph_bounds_log(accused.facts, ph_facts_find(accused.facts, &anew.id)));
    accused.certify = anew;
    check(&accused, PH_STANDS_ALL, PH_STANDS_ALL, PH_STANDS_ALL);
    ph_facts_free(accused.facts);
}

static void a_succession_bounds_logs_that_did_not_know_of_it(void **state)
{
    (void)state;
    struct accused accused;
    begin(&accused);
    struct made proposal = propose(&accused, PH_PROPOSAL_SUCCEED, NULL);
    struct ph_log_end end = end_of(3, 0, 9);
    vote(&accused, 0, &proposal, &end, 1);
    vote(&accused, 1, &proposal, &end, 1);
    check(&accused, 9, 0, 0);
    accused.certify = make_certify(&schools[7], &schools[3].writer, AFTER(&accused.last));
    take(accused.facts, &accused.certify);
    check(&accused, PH_STANDS_ALL, PH_STANDS_ALL, PH_STANDS_ALL);
    ph_facts_free(accused.facts);
}

static void closes_unite_and_nothing_frees_from_them(void **state)
{
    (void)state;
    struct accused accused;
    begin(&accused);
    struct ph_log_end end = end_of(3, 0, 9);
    struct made first =
        make_close(&schools[3].key, &schools[3].writer, &end, 1, AFTER(&accused.last));
    end = end_of(3, 1, 14);
    struct made second =
        make_close(&schools[3].key, &schools[3].writer, &end, 1, AFTER(&accused.last));
    struct made foreign =
        make_close(&schools[2].key, &schools[3].writer, NULL, 0, AFTER(&accused.last));
    take(accused.facts, &foreign);
    check(&accused, PH_STANDS_ALL, PH_STANDS_ALL, PH_STANDS_ALL); /* of its own logs alone */
    take(accused.facts, &first);
    check(&accused, 9, 0, 0);
    take(accused.facts, &second);
    check(&accused, 10, 14, 0);
    CHECK(ph_facts_is_closed(accused.facts, &schools[3].id, &(struct ph_writer_id){{0}}) == false);
    accused.certify = make_certify(&schools[3], &schools[3].writer, AFTER(&second));
    take(accused.facts, &accused.certify);
    check(&accused, 10, 14, 0);
    ph_facts_free(accused.facts);
}

static void who_leaves_says_how_far_its_logs_stand(void **state)
{
    (void)state;
    struct accused accused;
    begin(&accused);
    struct ph_log_end end = end_of(3, 2, 30);
    struct made leave = make_leave(&schools[3].key, &end, 1, AFTER(&accused.last));
    take(accused.facts, &leave);
    check(&accused, 10, 20, 30);
    ph_facts_free(accused.facts);
}

static void every_bound_must_accept_an_entry(void **state)
{
    (void)state;
    struct accused accused;
    begin(&accused);
    struct made removal = propose(&accused, PH_PROPOSAL_REMOVE, NULL);
    struct ph_log_end end = end_of(3, 1, 15);
    vote(&accused, 0, &removal, &end, 1);
    vote(&accused, 1, &removal, &end, 1);
    end = end_of(3, 0, 20);
    struct made leave = make_leave(&schools[3].key, &end, 1, AFTER(&accused.last));
    take(accused.facts, &leave);
    check(&accused, 10, 0, 0);
    ph_facts_free(accused.facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any_bound_all_stands),
        cmocka_unit_test(an_entry_stands_that_more_than_half_have_named_or_its_descendant),
        cmocka_unit_test(an_end_that_is_not_held_says_nothing),
        cmocka_unit_test(a_restoration_accepts_more_and_frees_what_is_certified_behind_it),
        cmocka_unit_test(a_succession_bounds_logs_that_did_not_know_of_it),
        cmocka_unit_test(closes_unite_and_nothing_frees_from_them),
        cmocka_unit_test(who_leaves_says_how_far_its_logs_stand),
        cmocka_unit_test(every_bound_must_accept_an_entry),
    };
    return cmocka_run_group_tests(tests, make_world, NULL) != 0;
}
