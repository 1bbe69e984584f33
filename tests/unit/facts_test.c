#include "proto/facts.h"

#include "proto/heads.h"
#include "tests/support/fact_world.h"
#include "tests/support/vectors.h"

#define FACTS_PATH PH_VECTORS "/facts.json"

static void a_school_founds_invites_admits_and_the_joiner_certifies_again(void **state)
{
    (void)state;
    struct made admit = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    struct made certify = make_certify(&schools[1], &schools[1].writer, AFTER(&admit));
    struct ph_member members[3];
    struct ph_writer_id writer;
    memcpy(writer.bytes, schools[1].writer.id.bytes, 32);
    struct ph_facts *facts = new_founded_set();
    CHECK(knows(facts, 0) && is_voter(facts, 0) && !knows(facts, 1));
    CHECK(ph_facts_certify_of(facts, &writer) == NULL);

    take(facts, &admit);
    take(facts, &certify);

    CHECK(knows(facts, 1) && !is_voter(facts, 1));
    assert_int_equal(ph_facts_members(facts, members, 3), 2);
    CHECK(ph_school_id_equal(&members[0].school, &schools[0].id) && members[0].is_voter);
    CHECK(ph_fact_id_equal(&members[0].admission, &founding.id));
    CHECK(ph_school_id_equal(&members[1].school, &schools[1].id) && !members[1].is_voter);
    CHECK(ph_fact_id_equal(&members[1].admission, &admit.id));
    const struct ph_fact *held = ph_facts_certify_of(facts, &writer);
    CHECK(held != NULL && ph_fact_id_equal(&held->id, &certify.id));
    const struct ph_school_id *of = ph_facts_school_of(facts, held);
    CHECK(of != NULL && ph_school_id_equal(of, &schools[1].id));
    CHECK(ph_facts_founding(facts) == ph_facts_find(facts, &founding.id));
    assert_int_equal(ph_facts_invite_uses(facts, &invite.id), 1);
    ph_facts_free(facts);
}

static void a_fact_waits_for_its_past(void **state)
{
    (void)state;
    struct ph_facts *facts = new_set();
    CHECK_STATUS(try_take(facts, &invite), PH_WAITING);
    CHECK_STATUS(try_take(facts, &founder_certify), PH_WAITING);
    CHECK(ph_facts_founding(facts) == NULL);
    assert_int_equal(ph_facts_count(facts), 0);
    take(facts, &founding);
    CHECK_STATUS(try_take(facts, &invite), PH_WAITING);
    take(facts, &founder_certify);
    take(facts, &invite);
    ph_facts_free(facts);
}

static void a_fact_is_taken_once(void **state)
{
    (void)state;
    struct ph_facts *facts = new_founded_set();
    bool is_new = true;
    CHECK_OK(ph_facts_take(facts, ph_bytes(invite.bytes, invite.len), &is_new));
    CHECK(!is_new);
    assert_int_equal(ph_facts_count(facts), 3);
    /* Regression: it was verified before it was looked for, which whoever repeats one fact sent
     * cheaply. */
    struct made unsigned_copy = invite;
    unsigned_copy.bytes[invite.len - 1] ^= 1;
    is_new = true;
    CHECK_OK(ph_facts_take(facts, ph_bytes(unsigned_copy.bytes, invite.len), &is_new));
    CHECK(!is_new);
    CHECK_BYTES(ph_facts_find(facts, &invite.id)->bytes, ph_bytes(invite.bytes, invite.len));
    ph_facts_free(facts);
}

static void facts_of_another_network_are_refused(void **state)
{
    (void)state;
    struct ph_fact other = {.type = PH_FACT_FOUND};
    other.of.found.quota = 1;
    struct made other_founding = make(other, &schools[0].key, AFTER_NONE);
    struct ph_facts *facts = new_founded_set();
    CHECK_STATUS(try_take(facts, &other_founding), PH_FORBIDDEN);

    struct ph_network_id ours = network;
    memcpy(network.bytes, other_founding.id.bytes, 32);
    struct made foreign = make_certify(&schools[0], &schools[0].writer, AFTER(&founding));
    network = ours;
    CHECK_STATUS(try_take(facts, &foreign), PH_FORBIDDEN);
    assert_int_equal(ph_facts_count(facts), 3);
    ph_facts_free(facts);
}

static void a_writer_without_a_certificate_in_the_past_is_refused(void **state)
{
    (void)state;
    struct made beside = make_invite(&schools[0].writer, 1, AFTER(&founding));
    struct made stranger = make_invite(&schools[5].writer, 1, AFTER(&invite));
    struct ph_facts *facts = new_founded_set();
    CHECK_STATUS(try_take(facts, &beside), PH_FORBIDDEN);
    CHECK_STATUS(try_take(facts, &stranger), PH_FORBIDDEN);
    ph_facts_free(facts);
}

static void a_certificate_without_a_past_is_no_fact_of_the_set(void **state)
{
    (void)state;
    struct made bare = make_certify(&schools[0], &schools[0].writer, AFTER_NONE);
    struct ph_facts *facts = new_founded_set();
    CHECK_STATUS(try_take(facts, &bare), PH_FORBIDDEN);
    ph_facts_free(facts);
}

static void a_bad_fact_changes_nothing(void **state)
{
    (void)state;
    struct made bad = make_invite(&schools[0].writer, 2, AFTER(&founder_certify));
    struct ph_facts *facts = new_founded_set();
    struct ph_hash before = ph_facts_hash(facts, 3);
    bad.bytes[bad.len - 1] ^= 1;
    CHECK_STATUS(try_take(facts, &bad), PH_UNAUTHENTIC);
    bad.len--;
    CHECK_STATUS(try_take(facts, &bad), PH_MALFORMED);
    struct ph_hash after = ph_facts_hash(facts, ph_facts_count(facts));
    CHECK(ph_hash_equal(&before, &after));
    ph_facts_free(facts);
}

static void an_unknown_type_is_kept_without_effect(void **state)
{
    (void)state;
    struct made unknown = make_unknown(&schools[0].writer, AFTER(&invite));
    struct made by_stranger = make_unknown(&schools[3].key, AFTER(&invite));
    struct ph_facts *facts = new_founded_set();
    take(facts, &unknown);
    CHECK_STATUS(try_take(facts, &by_stranger), PH_FORBIDDEN);
    CHECK_BYTES(ph_facts_find(facts, &unknown.id)->bytes, ph_bytes(unknown.bytes, unknown.len));
    assert_int_equal(ph_facts_members(facts, NULL, 0), 1);
    ph_facts_free(facts);
}

/* --- Who admits --- */

static void an_admission_needs_the_invitations_key(void **state)
{
    (void)state;
    struct ph_fact fact = {.type = PH_FACT_ADMIT};
    fact.of.admit.school = schools[1].id;
    fact.of.admit.invite = invite.id;
    fact.of.admit.proof = ph_join_prove(invite_secret, &network, &schools[2].id).signature;
    struct made stolen = make(fact, &schools[0].writer, AFTER(&invite));
    struct made blind =
        make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&founder_certify));
    struct ph_facts *facts = new_founded_set();
    take(facts, &stolen);
    take(facts, &blind);
    CHECK(!knows(facts, 1) && !knows(facts, 2));
    assert_int_equal(ph_facts_invite_uses(facts, &invite.id), 0);

    /* Nor does it make a school known there that was admitted elsewhere. */
    struct made right = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    struct made again = make(fact, &schools[0].writer, AFTER(&invite, &founding));
    struct made certify = make_certify(&schools[1], &schools[1].writer, AFTER(&again));
    take(facts, &right);
    take(facts, &again);
    CHECK_STATUS(try_take(facts, &certify), PH_FORBIDDEN);
    ph_facts_free(facts);
}

static void only_a_writer_key_makes_invitations_and_admissions(void **state)
{
    (void)state;
    struct made by_school = make_invite(&schools[0].key, 1, AFTER(&founder_certify));
    struct made by_it =
        make_admit(&schools[0].writer, &schools[1].id, &by_school, AFTER(&by_school));
    struct made admit = make_admit(&schools[0].key, &schools[2].id, &invite, AFTER(&invite));
    struct ph_facts *facts = new_founded_set();
    take(facts, &by_school);
    take(facts, &by_it);
    take(facts, &admit);
    CHECK(!knows(facts, 1) && !knows(facts, 2));
    ph_facts_free(facts);
}

static void nobody_spoils_admissions_by_certifying_a_foreign_key(void **state)
{
    (void)state;
    struct made admit = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    struct made claim = make_certify(&schools[1], &schools[0].writer, AFTER(&admit));
    struct made next = make_admit(&schools[0].writer, &schools[2].id, &invite, AFTER(&claim));
    struct ph_facts *facts = new_founded_set();
    take(facts, &admit);
    take(facts, &claim);
    take(facts, &next);
    CHECK(knows(facts, 2));
    ph_facts_free(facts);
}

static void a_school_admitted_twice_uses_an_invitation_once(void **state)
{
    (void)state;
    struct made first = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    struct made again = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&first));
    struct made other = make_admit(&schools[0].writer, &schools[2].id, &invite, AFTER(&first));
    struct ph_member members[4];
    struct ph_facts *facts = new_founded_set();
    struct ph_sign_secret secret;
    uint8_t key[32];
    ph_invite_key(invite_secret, &secret, key);
    take(facts, &first);
    take(facts, &again);
    assert_int_equal(ph_facts_invite_uses(facts, &invite.id), 1);
    take(facts, &other);
    assert_int_equal(ph_facts_invite_uses(facts, &invite.id), 2);
    assert_int_equal(ph_facts_members(facts, members, 4), 3);
    bool is_first_lower = ph_fact_id_compare(&first.id, &again.id) < 0;
    CHECK(ph_fact_id_equal(&members[1].admission, is_first_lower ? &first.id : &again.id));
    const struct ph_fact *found = ph_facts_invite(facts, key);
    CHECK(found != NULL && ph_fact_id_equal(&found->id, &invite.id));
    key[0] ^= 1;
    CHECK(ph_facts_invite(facts, key) == NULL);
    ph_facts_free(facts);
}

static void one_school_admits_no_more_than_the_limit(void **state)
{
    (void)state;
    struct ph_facts *facts = new_founded_set();
    struct made last = invite;
    for (uint16_t i = 0; i < PH_ADMISSIONS_MAX; i++) {
        struct school joiner = school((uint16_t)(1000 + i));
        last = make_admit(&schools[0].writer, &joiner.id, &invite, AFTER(&last));
        take(facts, &last);
        CHECK(ph_facts_knows(facts, &joiner.id));
    }
    struct school excess = school(2000);
    struct made beyond = make_admit(&schools[0].writer, &excess.id, &invite, AFTER(&last));
    struct made apart = make_admit(&schools[0].writer, &excess.id, &invite, AFTER(&invite));
    take(facts, &beyond);
    CHECK(!ph_facts_knows(facts, &excess.id));
    take(facts, &apart); /* its own past holds none */
    CHECK(ph_facts_knows(facts, &excess.id));
    ph_facts_free(facts);
}

/* --- The graph --- */

static void tips_are_the_facts_that_make_members_and_no_other_rests_on(void **state)
{
    (void)state;
    uint8_t tips[PH_FACT_PAST_MAX * 32];
    struct made left = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    struct made right = make_admit(&schools[0].writer, &schools[2].id, &invite, AFTER(&invite));
    struct ph_facts *facts = new_founded_set();
    CHECK_BYTES(ph_bytes(tips, ph_facts_past(facts, NULL, 0, tips)),
                ph_bytes(founding.id.bytes, 32));
    take(facts, &left);
    take(facts, &right);
    assert_int_equal(ph_facts_past(facts, NULL, 0, tips), 64);
    CHECK(memcmp(tips, tips + 32, 32) < 0);
    struct made join =
        make_admit(&schools[0].writer, &schools[3].id, &invite, AFTER(&left, &right));
    struct made other = make_unknown(&schools[0].key, AFTER(&join));
    struct made later = make_invite(&schools[0].writer, 7, AFTER(&join));
    take(facts, &join);
    take(facts, &other);
    take(facts, &later);
    CHECK_BYTES(ph_bytes(tips, ph_facts_past(facts, NULL, 0, tips)), ph_bytes(join.id.bytes, 32));
    ph_facts_free(facts);
}

static bool is_named(const uint8_t *tips, size_t len, const struct ph_fact_id *id)
{
    bool is_there = false;
    for (size_t i = 0; i < len; i += 32) {
        is_there = is_there || memcmp(tips + i, id->bytes, 32) == 0;
        CHECK(i == 0 || memcmp(tips + i - 32, tips + i, 32) < 0);
    }
    return is_there;
}

static void of_too_many_tips_the_latest_are_named(void **state)
{
    (void)state;
    uint8_t tips[PH_FACT_PAST_MAX * 32];
    struct ph_facts *facts = new_founded_set();
    struct made first = {.len = 0}, last = {.len = 0};
    for (uint16_t i = 0; i <= PH_FACT_PAST_MAX; i++) {
        struct school one = school((uint16_t)(100 + i));
        last = make_admit(&schools[0].writer, &one.id, &invite, AFTER(&invite));
        first = i == 0 ? last : first;
        take(facts, &last);
    }
    assert_int_equal(ph_facts_past(facts, NULL, 0, tips), sizeof tips);
    CHECK(is_named(tips, sizeof tips, &last.id));
    CHECK(!is_named(tips, sizeof tips, &first.id));
    struct ph_fact_id must[2] = {first.id, last.id};
    assert_int_equal(ph_facts_past(facts, must, 2, tips), sizeof tips);
    CHECK(is_named(tips, sizeof tips, &first.id)); /* though others came later */
    ph_facts_free(facts);
}

/* Regression: whatever was latest came into the past of every later fact, a flood of no use as
 * well. */
static void a_flood_is_not_rested_on(void **state)
{
    (void)state;
    static uint8_t items[3 + 800] = {0xc5, 800 >> 8, 800 & 255};
    uint8_t tips[PH_FACT_PAST_MAX * 32];
    struct ph_facts *facts = new_founded_set();
    struct made last = invite;
    for (size_t len = 0; len <= PH_FACT_SURPLUS_MAX; len += sizeof items) {
        struct ph_fact fact = {.type = 77};
        fact.of.other.count = 1;
        fact.of.other.items = ph_bytes(items, sizeof items);
        last = make(fact, &schools[0].writer, AFTER(&last));
        take(facts, &last);
    }
    struct made on_it = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&last));
    struct made beside = make_admit(&schools[0].writer, &schools[2].id, &invite, AFTER(&invite));
    take(facts, &on_it);
    take(facts, &beside);
    CHECK(!ph_facts_knows(facts, &schools[1].id)); /* it would be named by whom it admits */
    CHECK(ph_facts_surplus(facts, &last.id) > PH_FACT_SURPLUS_MAX);
    CHECK(ph_facts_surplus(facts, &invite.id) < 1000);
    CHECK_BYTES(ph_bytes(tips, ph_facts_past(facts, NULL, 0, tips)), ph_bytes(beside.id.bytes, 32));
    ph_facts_free(facts);
}

static void a_closure_leads_from_the_founding_to_the_fact(void **state)
{
    (void)state;
    uint32_t indexes[8];
    struct made aside = make_invite(&schools[0].writer, 7, AFTER(&founder_certify));
    struct made admit = make_admit(&schools[0].writer, &schools[1].id, &invite, AFTER(&invite));
    struct ph_facts *facts = new_founded_set();
    struct ph_facts *other = new_set();
    take(facts, &aside);
    take(facts, &admit);

    assert_int_equal(ph_facts_closure(facts, &admit.id, indexes), 4);

    for (size_t i = 0; i < 4; i++) {
        bool is_new = false;
        CHECK_OK(ph_facts_take(other, ph_facts_at(facts, indexes[i])->bytes, &is_new));
    }
    CHECK(ph_facts_find(other, &admit.id) != NULL && ph_facts_find(other, &aside.id) == NULL);
    struct ph_fact_id nobody = {{1}};
    assert_int_equal(ph_facts_closure(facts, &nobody, indexes), 0);
    ph_facts_free(facts);
    ph_facts_free(other);
}

static void the_hash_is_over_the_sorted_ids_of_a_prefix(void **state)
{
    (void)state;
    struct ph_fact_id ids[3] = {founding.id, founder_certify.id, invite.id};
    struct ph_facts *facts = new_founded_set();
    for (uint32_t count = 0; count <= 3; count++) {
        struct ph_fact_id sorted[3];
        memcpy(sorted, ids, sizeof ids);
        qsort(sorted, count, 32, order_of_ids);
        struct ph_hash expected = ph_fact_set_hash(sorted, count);
        struct ph_hash first = ph_facts_hash(facts, count);
        struct ph_hash again = ph_facts_hash(facts, count);
        CHECK(ph_hash_equal(&first, &expected) && ph_hash_equal(&again, &expected));
    }
    ph_facts_free(facts);
}

static void known_facts_give_the_known_answers(void **state)
{
    (void)state;
    json_t *vectors = vectors_open(FACTS_PATH);
    json_t *list = vector_member(vectors, "facts");
    json_t *known = vector_member(vectors, "members");
    struct ph_network_id of_vectors;
    struct ph_facts *facts = NULL;
    struct ph_member members[3];
    uint8_t tips[PH_FACT_PAST_MAX * 32];
    vector_fixed(vectors, "network", of_vectors.bytes, 32);
    CHECK_OK(ph_facts_new(&of_vectors, &facts));
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct vector_bytes bytes = vector_bytes(json_array_get(list, i), "fact");
        bool is_new = false;
        CHECK_OK(ph_facts_take(facts, vector_view(&bytes), &is_new));
        CHECK(is_new);
    }
    struct vector_bytes hash = vector_bytes(vectors, "fact_set");
    struct vector_bytes known_tips = vector_bytes(vectors, "tips");
    struct ph_hash ours = ph_facts_hash(facts, ph_facts_count(facts));
    CHECK_BYTES(ph_bytes(ours.bytes, 32), vector_view(&hash));
    CHECK_BYTES(ph_bytes(tips, ph_facts_past(facts, NULL, 0, tips)), vector_view(&known_tips));
    assert_int_equal(ph_facts_members(facts, members, 3), json_array_size(known));
    for (size_t i = 0; i < json_array_size(known); i++) {
        json_t *member = json_array_get(known, i);
        struct vector_bytes id = vector_bytes(member, "school");
        struct vector_bytes admission = vector_bytes(member, "admission");
        CHECK_BYTES(ph_bytes(members[i].school.bytes, 32), vector_view(&id));
        CHECK_BYTES(ph_bytes(members[i].admission.bytes, 32), vector_view(&admission));
        CHECK(members[i].is_voter == json_is_true(vector_member(member, "is_voter")));
    }
    ph_facts_free(facts);
    json_decref(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_school_founds_invites_admits_and_the_joiner_certifies_again),
        cmocka_unit_test(a_fact_waits_for_its_past),
        cmocka_unit_test(a_fact_is_taken_once),
        cmocka_unit_test(facts_of_another_network_are_refused),
        cmocka_unit_test(a_writer_without_a_certificate_in_the_past_is_refused),
        cmocka_unit_test(a_certificate_without_a_past_is_no_fact_of_the_set),
        cmocka_unit_test(a_bad_fact_changes_nothing),
        cmocka_unit_test(an_unknown_type_is_kept_without_effect),
        cmocka_unit_test(an_admission_needs_the_invitations_key),
        cmocka_unit_test(only_a_writer_key_makes_invitations_and_admissions),
        cmocka_unit_test(nobody_spoils_admissions_by_certifying_a_foreign_key),
        cmocka_unit_test(a_school_admitted_twice_uses_an_invitation_once),
        cmocka_unit_test(one_school_admits_no_more_than_the_limit),
        cmocka_unit_test(tips_are_the_facts_that_make_members_and_no_other_rests_on),
        cmocka_unit_test(a_flood_is_not_rested_on),
        cmocka_unit_test(of_too_many_tips_the_latest_are_named),
        cmocka_unit_test(a_closure_leads_from_the_founding_to_the_fact),
        cmocka_unit_test(the_hash_is_over_the_sorted_ids_of_a_prefix),
        cmocka_unit_test(known_facts_give_the_known_answers),
    };
    return cmocka_run_group_tests(tests, make_world, NULL) != 0;
}
