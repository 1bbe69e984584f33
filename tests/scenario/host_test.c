/* Whose turn it is as host: proposed, accepted, handed over, taken over when the host is gone; and
 * that nothing but convenience hangs on it. */
#include "proto/pack.h"
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define SCHOOLS 5
#define MUCH 600 /* entries: more than come at once */

static struct sim *five_schools(uint64_t seed, uint32_t voters)
{
    struct sim *sim = sim_network(seed, SCHOOLS);
    for (uint32_t whom = 1; whom < voters; whom++)
        for (uint32_t voter = 0; voter < whom; voter++) {
            (void)sim_confirm(sim, voter, whom);
            CHECK(sim_converge(sim, 60000));
        }
    return sim;
}

/* Who the node takes for the host. */
static struct sim_text host_at(struct sim *sim, uint32_t node)
{
    static const uint8_t request[] = "\x91\xa9host_list";
    struct ph_bytes answer = sim_command(sim, node, ph_bytes(request, sizeof request - 1));
    return sim_pick_text(sim_pick(answer, "host"), "name");
}

static void check_host(struct sim *sim, const char *name)
{
    for (uint32_t node = 0; node < SCHOOLS; node++)
        if (sim_is_up(sim, node))
            assert_string_equal(host_at(sim, node).text, name);
}

/* True: not refused. */
static bool give(struct sim *sim, uint32_t node, struct ph_buffer *request)
{
    struct ph_bytes answer = sim_command(sim, node, ph_buffer_bytes(request));
    return answer.len != 0 && sim_error(answer) == NULL;
}

static bool give_word(struct sim *sim, uint32_t node, const char *command)
{
    uint8_t bytes[64];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    bool has_answer = strcmp(command, "host_accept") == 0,
         is_take = strcmp(command, "host_take") == 0;
    ph_pack_array(&request, has_answer || is_take ? 2 : 1);
    ph_pack_text(&request, ph_bytes_text(command));
    if (has_answer)
        ph_pack_bool(&request, true);
    if (is_take)
        ph_pack_text(&request, ph_bytes_text(""));
    return give(sim, node, &request);
}

static bool agree(struct sim *sim, uint32_t node, const char *school)
{
    uint8_t bytes[64];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    ph_pack_array(&request, 2);
    ph_pack_text(&request, ph_bytes_text("host_take"));
    ph_pack_text(&request, ph_bytes_text(school));
    return give(sim, node, &request);
}

/* School `whom`, with `deputy`; then it accepts. */
static void arrange(struct sim *sim, uint32_t by, const char *whom, const char *deputy,
                    uint32_t whom_node)
{
    uint8_t bytes[256];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    ph_pack_array(&request, 5);
    ph_pack_text(&request, ph_bytes_text("host_propose"));
    ph_pack_text(&request, ph_bytes_text(whom));
    ph_pack_text(&request, ph_bytes_text("2026-09-01"));
    ph_pack_text(&request, ph_bytes_text("2027-01-31"));
    ph_pack_array(&request, 1);
    ph_pack_text(&request, ph_bytes_text(deputy));
    CHECK(give(sim, by, &request));
    CHECK(sim_converge(sim, 60000));
    CHECK(give_word(sim, whom_node, "host_accept"));
    CHECK(sim_converge(sim, 60000));
}

static void the_founder_is_host_until_it_hands_over(void **state)
{
    (void)state;
    struct sim *sim = five_schools(1401, 1);
    check_host(sim, "School 0");
    CHECK(!give_word(sim, 0, "host_handover")); /* nobody comes next */
    arrange(sim, 2, "School 1", "School 3", 1);
    check_host(sim, "School 0");
    CHECK(!give_word(sim, 2, "host_handover")); /* is not the host */
    CHECK(give_word(sim, 0, "host_handover"));
    sim_run(sim, 5000);
    CHECK(sim_converge(sim, 60000));
    check_host(sim, "School 1");

    arrange(sim, 0, "School 2", "School 4", 2);
    CHECK(give_word(sim, 1, "host_handover"));
    sim_run(sim, 5000);
    CHECK(sim_converge(sim, 60000));
    check_host(sim, "School 2");
    sim_free(sim);
}

/* It is host when it holds what the outgoing host lists, and no sooner. */
static void a_term_begins_when_all_is_held(void **state)
{
    (void)state;
    struct sim *sim = five_schools(1402, 1);
    arrange(sim, 0, "School 1", "School 3", 1);
    sim_partition(sim, 0, 1);
    (void)sim_write(sim, 0, "plan", "title", "not there yet");
    CHECK(give_word(sim, 0, "host_handover"));
    sim_run(sim, 30000);
    assert_string_equal(host_at(sim, 0).text, "School 0");
    sim_heal(sim);
    sim_run(sim, 5000);
    CHECK(sim_converge(sim, 180000));
    check_host(sim, "School 1");
    assert_int_equal(sim_count(sim, 1, "plan"), 1);
    sim_free(sim);
}

/* What the outgoing host lists is also what others wrote, and that may come later than its word. */
static void a_term_begins_when_what_others_wrote_is_held(void **state)
{
    (void)state;
    struct sim *sim = five_schools(1408, 1);
    uint64_t chance = 1408;
    arrange(sim, 0, "School 1", "School 3", 1);
    for (uint32_t node = 1; node < SCHOOLS - 1; node++) {
        sim_partition(sim, node, 0);
        sim_partition(sim, node, SCHOOLS - 1);
    }
    for (uint32_t i = 0; i < MUCH; i++) {
        char story[4000];
        sim_draw_text(&chance, story, sizeof story);
        (void)sim_write_begin(sim, SCHOOLS - 1, "reflection", "text", story);
        sim_run(sim, 50);
    }
    sim_run(sim, 5000);
    CHECK(give_word(sim, 0, "host_handover"));
    sim_run(sim, 60000);

    sim_heal(sim);
    uint64_t since_ms = sim_now(sim);
    while (strcmp(host_at(sim, 1).text, "School 1") != 0 && sim_now(sim) - since_ms < 120000)
        sim_run(sim, 5);

    assert_string_equal(host_at(sim, 1).text, "School 1");
    assert_int_equal(sim_count(sim, 1, "reflection"), MUCH);
    sim_free(sim);
}

static void a_deputy_takes_over_from_a_host_that_is_gone(void **state)
{
    (void)state;
    struct sim *sim = five_schools(1403, 4);
    for (uint32_t node = 1; node < SCHOOLS; node++)
        for (uint32_t other = 1; other < node; other++)
            CHECK(sim_sync(sim, node, other, 30000)); /* the host is not their only way */
    arrange(sim, 0, "School 1", "School 3", 1);
    CHECK(give_word(sim, 0, "host_handover"));
    sim_run(sim, 5000);
    CHECK(sim_converge(sim, 60000));
    sim_stop(sim, 1);

    CHECK(!give_word(sim, 2, "host_take")); /* no deputy */
    CHECK(give_word(sim, 3, "host_take"));
    CHECK(sim_converge(sim, 60000));
    assert_string_equal(host_at(sim, 0).text, "School 1");
    CHECK(agree(sim, 0, "School 3"));
    CHECK(sim_converge(sim, 60000));
    assert_string_equal(host_at(sim, 2).text, "School 1"); /* two of four */
    CHECK(agree(sim, 2, "School 3"));
    CHECK(sim_converge(sim, 60000));
    check_host(sim, "School 3");

    arrange(sim, 0, "School 2", "School 0", 2);
    CHECK(give_word(sim, 3, "host_handover"));
    sim_start(sim, 1);
    sim_run(sim, 5000);
    CHECK(sim_converge(sim, 60000));
    check_host(sim, "School 2");
    sim_free(sim);
}

/* Both halves go on; afterwards there is one host again, the same for all. */
static void two_hosts_while_apart_cost_nothing(void **state)
{
    (void)state;
    struct sim *sim = five_schools(1404, 4);
    arrange(sim, 0, "School 1", "School 3", 1);
    for (uint32_t a = 0; a < 2; a++)
        for (uint32_t b = 2; b < SCHOOLS; b++)
            sim_partition(sim, a, b);
    CHECK(give_word(sim, 0, "host_handover"));
    (void)sim_write(sim, 1, "plan", "title", "of the one half");
    (void)sim_write(sim, 3, "plan", "title", "of the other");
    sim_run(sim, 10000);
    assert_string_equal(host_at(sim, 0).text, "School 1");
    assert_string_equal(host_at(sim, 3).text, "School 0");
    sim_heal(sim);
    sim_run(sim, 5000);
    CHECK(sim_converge(sim, 180000));
    check_host(sim, "School 1");
    for (uint32_t node = 0; node < SCHOOLS; node++) {
        assert_int_equal(sim_count(sim, node, "plan"), 2);
        CHECK(sim_are_equal(sim, 0, node));
    }
    sim_free(sim);
}

#define MANY 20 /* more than anybody wants links to */

static void linked_to(struct sim *sim, uint32_t host)
{
    for (uint32_t node = 0; node < MANY; node++)
        if (node != host)
            CHECK(sim_net_links(sim_net(sim), sim_place(sim, node), sim_place(sim, host)) != 0);
}

/* Everybody has all the links it wants; and yet. */
static void everybody_keeps_a_link_to_the_host(void **state)
{
    (void)state;
    struct sim_options options = sim_options(1405, MANY);
    struct sim *sim = sim_new(&options);
    for (uint32_t node = 0; node < MANY; node++) {
        sim_set_published(sim, node, true);
        sim_start(sim, node);
    }
    sim_found(sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(sim, 0, PH_INVITE_USES_MAX, 0);
    for (uint32_t node = 1; node < MANY; node++)
        CHECK(sim_join(sim, node, &code, UINT32_MAX, 60000));
    CHECK(sim_converge(sim, 60000));
    arrange(sim, 3, "School 7", "School 9", 7);
    CHECK(give_word(sim, 0, "host_handover"));
    CHECK(sim_converge(sim, 60000));

    sim_run(sim, 120000);
    linked_to(sim, 7);
    linked_to(sim, 9);

    sim_stop(sim, 7);
    sim_start(sim, 7);
    sim_run(sim, 120000);
    linked_to(sim, 7);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_founder_is_host_until_it_hands_over),
        cmocka_unit_test(a_term_begins_when_all_is_held),
        cmocka_unit_test(a_term_begins_when_what_others_wrote_is_held),
        cmocka_unit_test(a_deputy_takes_over_from_a_host_that_is_gone),
        cmocka_unit_test(two_hosts_while_apart_cost_nothing),
        cmocka_unit_test(everybody_keeps_a_link_to_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
