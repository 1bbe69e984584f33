/* A member that signs facts without end: it takes its own room and nobody else's. */
#include <sodium.h>
#include <stdlib.h>

#include "store/view.h"
#include "tests/support/bad_member.h"

#define BAD 2 /* of five; 4 joins last, all others are honest */
#define LAST 4
#define FLOOD (PH_FACTS_PER_SCHOOL_MAX + 1)

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

static uint64_t fact_count(struct sim *sim, uint32_t node)
{
    struct ph_view view = {0};
    struct ph_bytes bytes;
    uint32_t count = 0;
    CHECK_OK(ph_view_open(sim_store(sim, node), &view));
    while (ph_view_fact(&view, count, &bytes) == PH_OK)
        count++;
    ph_view_close(&view);
    return count;
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
        struct bad_fact one = bad_member_useless(&bad, &before, (uint16_t)(1000 + i), true);
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

/* Two nodes apart, and the bad school at both. */
struct apart {
    struct bad_member bad;
    struct sim_stranger *at_0, *at_1;
};

static struct apart part(struct sim *sim)
{
    struct apart apart = {.bad = bad_member_of(sim, BAD)};
    sim_partition(sim, 0, 1);
    sim_partition(sim, 1, 3);
    apart.at_0 = bad_member_dial(&apart.bad, 0, 0);
    apart.at_1 = bad_member_dial(&apart.bad, 1, 1);
    return apart;
}

static void free_apart(struct apart *apart)
{
    sim_stranger_free(apart->at_0);
    sim_stranger_free(apart->at_1);
}

/* Regression: all facts had one room, and who filled it with facts of no use kept everybody from
 * inviting, admitting and certifying, for ever. */
static void a_flood_of_facts_takes_its_own_schools_room(void **state)
{
    (void)state;
    struct sim *sim = a_network_with_one_to_come(1101);
    struct apart apart = part(sim);
    struct bad_log log = apart.bad.log;
    uint64_t before = fact_count(sim, 0);
    bad_member_say_run(&apart.bad, apart.at_0, &log, 1, false);
    bad_member_say_flood(&apart.bad, apart.at_0, 1000, FLOOD + 20);
    bad_member_say_flood(&apart.bad, apart.at_1, 2000, FLOOD);
    sim_heal(sim);

    CHECK(sim_converge(sim, 180000));
    assert_in_range(fact_count(sim, 0), before, before + FLOOD);
    CHECK(sim_trace_has(sim, 0, "signs too many facts"));
    struct sim_code code = sim_invite(sim, 0, 1, 0);
    CHECK(sim_join(sim, LAST, &code, UINT32_MAX, 60000));
    CHECK(sim_confirm(sim, 0, 1));
    struct sim_id plan = sim_write(sim, LAST, "plan", "title", "Heard");
    CHECK(sim_converge(sim, 60000));
    for (uint32_t node = 0; node <= LAST; node++) {
        if (node == BAD)
            continue;
        assert_string_equal(sim_show(sim, node, &plan, "title").text, "Heard (School 4)");
        CHECK(sim_are_equal(sim, 0, node));
    }
    struct ph_root root = sim_root(sim, 0);
    sim_stop(sim, 0);
    sim_start(sim, 0);
    sim_run(sim, 1000);
    struct ph_root after = sim_root(sim, 0);
    CHECK(ph_root_equal(&root, &after));
    free_apart(&apart);
    sim_free(sim);
}

#define CHAIN 30 /* as long as an answer may rest on */

/* Whoever chooses which facts of its flood a node holds can't keep it from what others have
 * answered. */
static void what_others_answered_of_a_flooding_school_is_taken(void **state)
{
    (void)state;
    struct sim *sim = a_network_with_one_to_come(1103);
    struct apart apart = part(sim);
    struct bad_fact before[CHAIN];
    for (uint16_t i = 0; i < CHAIN; i++)
        before[i] =
            bad_member_useless(&apart.bad, i == 0 ? &apart.bad.log.certify : &before[i - 1].id,
                               (uint16_t)(900 + i), false);
    struct ph_fact fact = {.type = PH_FACT_PROPOSE};
    struct ph_sign_secret unused;
    fact.of.propose.what = PH_PROPOSAL_CONFIRM;
    ph_sign_key_from_seed(sim_identity(sim, 1)->school_seed, &unused, fact.of.propose.school.bytes);
    struct bad_fact proposal = bad_member_fact(&apart.bad, &fact, &before[CHAIN - 1].id, false);
    bad_member_say_facts(apart.at_0, before, CHAIN);
    bad_member_say_facts(apart.at_0, &proposal, 1);
    bad_member_say_flood(&apart.bad, apart.at_1, 2000, FLOOD);
    CHECK(sim_confirm(sim, 0, 1));
    sim_heal(sim);

    CHECK(sim_converge(sim, 180000));

    CHECK(!sim_confirm(sim, 1, 3)); /* the one of two */
    CHECK(sim_converge(sim, 60000));
    CHECK(sim_confirm(sim, 0, 3));
    sim_stop(sim, 1);
    sim_start(sim, 1);
    CHECK(sim_converge(sim, 60000));
    CHECK(sim_verify(sim, 1));
    free_apart(&apart);
    sim_free(sim);
}

static struct ph_record_id record_of(const struct sim_id *id)
{
    struct ph_record_id record;
    CHECK(sodium_hex2bin(record.bytes, sizeof record.bytes, id->text, 32, NULL, NULL, NULL) == 0);
    return record;
}

/* Regression: what refers to a writer that a flood hides from a node waited there for ever, with
 * equal roots. */
static void a_flood_hides_nothing_that_others_write(void **state)
{
    (void)state;
    struct sim *sim = a_network_with_one_to_come(1105);
    struct sim_id plan = sim_write(sim, 0, "plan", "title", "First");
    CHECK(sim_converge(sim, 60000));
    struct ph_record_id record = record_of(&plan);
    struct apart apart = part(sim);
    struct bad_log second;
    struct bad_fact certify = bad_member_certify(&apart.bad, 9, &apart.bad.log.certify, &second);
    bad_member_say_facts(apart.at_0, &certify, 1);
    bad_member_say_title(&apart.bad, apart.at_0, &second, &record);
    bad_member_say_flood(&apart.bad, apart.at_1, 2000, FLOOD);
    assert_non_null(strstr(sim_show(sim, 0, &plan, "title").text, "oops"));
    CHECK(sim_change(sim, 0, "set", &plan, "title", "Second"));
    sim_heal(sim);

    CHECK(sim_converge(sim, 180000));

    assert_string_equal(sim_show(sim, 1, &plan, "title").text, "Second (School 0)");
    CHECK(sim_are_equal(sim, 0, 1));
    sim_stop(sim, 1);
    sim_start(sim, 1);
    CHECK(sim_converge(sim, 60000));
    CHECK(sim_are_equal(sim, 0, 1));
    CHECK(sim_verify(sim, 1));
    free_apart(&apart);
    sim_free(sim);
}

static void say_large_flood(const struct bad_member *bad, struct sim_stranger *stranger,
                            uint16_t first)
{
    for (uint16_t i = 0; i < FLOOD; i++) {
        struct bad_fact one =
            bad_member_useless(bad, &bad->log.certify, (uint16_t)(first + i), true);
        bad_member_say_facts(stranger, &one, 1);
    }
    sim_run(bad->sim, 5000);
}

/* Regression: facts were passed on whether or not the network had taken the last ones, and a
 * session that was slow for a moment ended as if it had sent something bad. */
static void a_slow_session_outlives_the_floods_of_others(void **state)
{
    (void)state;
    struct sim *sim = sim_network(1104, 5);
    struct bad_member bad[3];
    struct sim_stranger *strangers[3];
    for (uint32_t i = 0; i < 3; i++)
        bad[i] = bad_member_of(sim, 2 + i);
    for (uint32_t i = 0; i < 3; i++)
        strangers[i] = bad_member_dial(&bad[i], 0, 0);
    CHECK(sim_converge(sim, 60000));
    sim_trace_forget(sim);
    sim_partition(sim, 0, 1);
    for (uint32_t i = 0; i < 3; i++)
        say_large_flood(&bad[i], strangers[i], (uint16_t)(1000 + 2000 * i));
    sim_heal(sim);
    struct sim_id plan = sim_write(sim, 0, "plan", "title", "Heard");
    sim_run(sim, 20000);

    CHECK(!sim_trace_has(sim, 0, "a limit is exceeded"));
    CHECK(!sim_trace_has(sim, 1, "> down"));
    assert_string_equal(sim_show(sim, 1, &plan, "title").text, "Heard (School 0)");
    CHECK(sim_converge(sim, 60000));
    assert_int_equal(fact_count(sim, 1), fact_count(sim, 0));
    for (uint32_t i = 0; i < 3; i++)
        sim_stranger_free(strangers[i]);
    sim_free(sim);
}

/* Regression: the code of an invitation that the facts had no room for was handed out, and led
 * nowhere. */
static void an_invitation_without_room_is_refused(void **state)
{
    (void)state;
    static const char sentence[] = "signed as many facts";
    struct sim *sim = sim_network(1102, 2);
    uint8_t bytes[32];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    ph_pack_array(&request, 3);
    ph_pack_text(&request, ph_bytes_text("invite"));
    ph_pack_uint(&request, 1);
    ph_pack_array(&request, 0);

    const char *error = NULL;
    for (uint32_t i = 0; i < PH_FACTS_PER_SCHOOL_MAX && error == NULL; i++)
        error = sim_error(sim_command(sim, 0, ph_buffer_bytes(&request)));

    CHECK(error != NULL && strstr(error, sentence) != NULL);
    CHECK(sim_converge(sim, 60000)); /* and its own writers still count */
    struct sim_id plan = sim_write(sim, 0, "plan", "title", "Heard");
    CHECK(sim_converge(sim, 10000));
    assert_string_equal(sim_show(sim, 1, &plan, "title").text, "Heard (School 0)");
    sim_free(sim);
}

/* Each confirm was signed anew, which uses up a school's facts. */
static void who_confirms_twice_signs_once(void **state)
{
    (void)state;
    struct sim *sim = sim_network(1105, 3);
    CHECK(sim_confirm(sim, 0, 1));
    CHECK(!sim_confirm(sim, 0, 2)); /* the one of two */
    uint64_t before = fact_count(sim, 0);

    CHECK(!sim_confirm(sim, 0, 2));

    assert_int_equal(fact_count(sim, 0), before);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(who_confirms_twice_signs_once),
           cmocka_unit_test(a_flood_keeps_no_later_school_from_introducing_itself),
           cmocka_unit_test(a_flood_of_facts_takes_its_own_schools_room),
           cmocka_unit_test(what_others_answered_of_a_flooding_school_is_taken),
           cmocka_unit_test(a_flood_hides_nothing_that_others_write),
           cmocka_unit_test(a_slow_session_outlives_the_floods_of_others),
           cmocka_unit_test(an_invitation_without_room_is_refused))
