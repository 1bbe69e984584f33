/* Places, sessions and turns are bounded, and whoever takes them all keeps nobody else out. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/bad_member.h"

#define BAD 2         /* of four; 0, 1 and 3 are honest */
#define BAD_SCHOOLS 7 /* where all but two are bad */
#define SESSIONS (PH_SESSIONS_PER_SCHOOL_MAX + 3)

static void say_head(struct sim_stranger *stranger, const struct bad_log *log, uint32_t seq)
{
    uint8_t bytes[200];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    const struct ph_head head = {.writer = log->writer, .seq = seq};
    ph_message_heads(&message, &head, 1, NULL, 0);
    sim_stranger_say(stranger, ph_buffer_bytes(&message));
}

static void free_all(struct sim_stranger **strangers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        sim_stranger_free(strangers[i]);
}

static void check_was_not_ended(struct sim *sim, uint32_t node)
{
    CHECK(!sim_trace_has(sim, node, "> down"));
    CHECK(!sim_trace_has(sim, node, "< hangup"));
}

/* --- sessions --- */

static void a_member_has_a_few_sessions_and_no_more(void **state)
{
    (void)state;
    struct sim *sim = sim_network(721, 4);
    struct bad_member bad = bad_member_of(sim, BAD);
    struct sim_stranger *strangers[SESSIONS];
    uint32_t up_count = 0;
    sim_trace_forget(sim);

    for (uint32_t i = 0; i < SESSIONS; i++)
        strangers[i] = bad_member_dial(&bad, i, 0);
    sim_run(sim, 1000);

    for (uint32_t i = 0; i < SESSIONS; i++)
        up_count += sim_stranger_is_up(strangers[i]);
    assert_int_equal(up_count, PH_SESSIONS_PER_SCHOOL_MAX);
    CHECK(sim_stranger_is_up(strangers[SESSIONS - 1])); /* it is the oldest that goes */
    check_was_not_ended(sim, 1);
    free_all(strangers, SESSIONS);
    sim_free(sim);
}

/* The certificate in a handshake asks no consent of the writer; the transport key is proven. */
static void who_shows_anothers_writer_key_ends_no_other_session(void **state)
{
    (void)state;
    struct sim *sim = sim_network(722, 4);
    struct bad_member bad = bad_member_of(sim, BAD);
    sim_trace_forget(sim);

    struct sim_stranger *stranger =
        bad_member_dial_as(&bad, 1, 0, sim_identity(sim, 1)->writer_seed);
    sim_run(sim, 2000);

    check_was_not_ended(sim, 1);
    assert_int_equal(sim_net_links(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1)), 1);
    sim_stranger_free(stranger);
    sim_free(sim);
}

/* --- silence --- */

static void hear_nothing(void *impl, ph_conn_id conn, struct ph_bytes bytes)
{
    (void)impl;
    (void)conn;
    (void)bytes;
}

static void see_nothing(void *impl, ph_conn_id conn, const char *text)
{
    (void)impl;
    (void)conn;
    (void)text;
}

static void send_nothing(void *impl, ph_conn_id conn, size_t len)
{
    (void)impl;
    (void)conn;
    (void)len;
}

static void silent_connections_keep_no_member_out(void **state)
{
    (void)state;
    static const struct sim_party_ops silent = {
        .up = see_nothing, .data = hear_nothing, .sent = send_nothing, .down = see_nothing};
    struct sim *sim = sim_network(723, 4);
    struct bad_member member = bad_member_of(sim, BAD); /* this time it means no harm */
    uint32_t place = sim_net_add(sim_net(sim), "silent", &silent, NULL);
    for (ph_conn_id conn = 1; conn < 2 * 2 * PH_HALF_OPEN_MAX; conn += 2)
        sim_net_dial(sim_net(sim), place, conn, "node0:7410");
    sim_run(sim, 500);

    struct sim_stranger *stranger = bad_member_dial(&member, 0, 0);
    sim_run(sim, 500);

    CHECK(sim_stranger_is_up(stranger));
    assert_int_equal(sim_stranger_heard(stranger, PH_MESSAGE_ROOT), 1);
    assert_int_equal(sim_net_links(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1)), 1);
    sim_run(sim, PH_HANDSHAKE_MS_MAX + 1000);
    assert_int_equal(sim_net_links(sim_net(sim), sim_place(sim, 0), place), 0);
    sim_stranger_free(stranger);
    sim_free(sim);
}

/* All that the bad schools of a network have at node 1, each with as many sessions as it may
 * have. */
struct mob {
    struct bad_member bad[BAD_SCHOOLS];
    struct sim_stranger *strangers[BAD_SCHOOLS][PH_SESSIONS_PER_SCHOOL_MAX];
};

static void gather_mob(struct sim *sim, struct mob *mob)
{
    for (uint32_t i = 0; i < BAD_SCHOOLS; i++) {
        mob->bad[i] = bad_member_of(sim, 2 + i);
        for (uint32_t j = 0; j < PH_SESSIONS_PER_SCHOOL_MAX; j++)
            mob->strangers[i][j] = bad_member_dial(&mob->bad[i], j, 1);
    }
}

static uint32_t count_mob(const struct mob *mob)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < BAD_SCHOOLS; i++)
        for (uint32_t j = 0; j < PH_SESSIONS_PER_SCHOOL_MAX; j++)
            count += sim_stranger_is_up(mob->strangers[i][j]);
    return count;
}

/* Regression: with all places taken by callers there was none for a call of one's own. */
static void callers_of_all_schools_leave_places_for_calls(void **state)
{
    (void)state;
    static const struct sim_party_ops silent = {
        .up = see_nothing, .data = hear_nothing, .sent = send_nothing, .down = see_nothing};
    struct sim *sim = sim_network(732, 2 + BAD_SCHOOLS);
    struct mob mob;
    gather_mob(sim, &mob);
    uint32_t place = sim_net_add(sim_net(sim), "silent", &silent, NULL);
    ph_conn_id conn = 1;
    for (; conn < 2 * PH_HALF_OPEN_MAX; conn += 2)
        sim_net_dial(sim_net(sim), place, conn, "node1:7410");
    sim_run(sim, 500);
    sim_net_reset(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1));
    struct sim_id plan = sim_write(sim, 0, "plan", "title", "Written meanwhile");

    for (uint32_t i = 0; i < 2000; i++, conn += 2) {
        sim_net_dial(sim_net(sim), place, conn, "node1:7410"); /* whatever gets free */
        sim_run(sim, 5);
    }

    assert_int_equal(count_mob(&mob), BAD_SCHOOLS * PH_SESSIONS_PER_SCHOOL_MAX);
    CHECK(sim_show(sim, 1, &plan, "title").text[0] == 'W');
    for (uint32_t i = 0; i < BAD_SCHOOLS; i++)
        free_all(mob.strangers[i], PH_SESSIONS_PER_SCHOOL_MAX);
    sim_free(sim);
}

/* --- promises --- */

/* Of the logs of all four schools, far ahead of what there is. */
static void promise_much(struct sim *sim, struct sim_stranger *stranger)
{
    uint8_t bytes[1000];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    struct ph_head heads[4] = {{.seq = 0}};
    for (uint32_t node = 0; node < 4; node++) {
        struct ph_sign_secret unused;
        ph_sign_key_from_seed(sim_identity(sim, node)->writer_seed, &unused,
                              heads[node].writer.bytes);
        heads[node].seq = 1000000;
    }
    ph_message_heads(&message, heads, 4, NULL, 0);
    sim_stranger_say(stranger, ph_buffer_bytes(&message));
}

static void who_promises_much_and_sends_nothing_is_asked_last(void **state)
{
    (void)state;
    struct sim *sim = sim_network(724, 4);
    struct bad_member bad = bad_member_of(sim, BAD);
    struct sim_stranger *strangers[PH_SESSIONS_PER_SCHOOL_MAX];
    sim_partition(sim, 0, 1);
    for (int i = 0; i < 100; i++)
        sim_write(sim, i % 2 == 0 ? 0 : 3, "plan", "title", "Written meanwhile");
    sim_run(sim, PH_SILENCE_MS_MAX + 5000); /* node 1 knows that it is alone */
    sim_trace_forget(sim);
    while (!sim_trace_has(sim, 1, "> down")) /* and isn't dialing: the first place is not taken */
        sim_run(sim, 10);
    for (uint32_t i = 0; i < PH_SESSIONS_PER_SCHOOL_MAX; i++) {
        strangers[i] = bad_member_dial(&bad, i, 1);
        promise_much(sim, strangers[i]);
    }
    sim_run(sim, 1000);
    CHECK(sim_stranger_heard(strangers[0], PH_MESSAGE_WANT) != 0);
    sim_heal(sim);
    while (sim_net_links(sim_net(sim), sim_place(sim, 0), sim_place(sim, 1)) == 0)
        sim_run(sim, 100);

    uint64_t since_ms = sim_now(sim);
    while (sim_count(sim, 1, "plan") < 100 && sim_now(sim) - since_ms < 300000)
        sim_run(sim, 500);

    assert_in_range(sim_now(sim) - since_ms, 0, PH_WANT_MS_MAX + 10000);
    for (uint32_t i = 0; i < PH_SESSIONS_PER_SCHOOL_MAX; i++) {
        CHECK(sim_stranger_is_up(strangers[i]));
        promise_much(sim, strangers[i]);
    }
    struct sim_id plan = sim_write(sim, 3, "plan", "title", "One more");
    sim_run(sim, PH_WANT_MS_MAX + 10000);
    assert_string_equal(sim_show(sim, 1, &plan, "title").text, "One more (School 3)");
    free_all(strangers, PH_SESSIONS_PER_SCHOOL_MAX);
    sim_free(sim);
}

/* --- wants --- */

/* Regression: who answered every want with what is held was asked again and again, nobody else
 * ever. */
static void who_sends_only_what_is_held_is_not_asked_for_ever(void **state)
{
    (void)state;
    struct sim *sim = sim_network(730, 4);
    struct bad_member bad = bad_member_of(sim, BAD);
    struct bad_log log = bad.log, begun = bad.log;
    struct sim_stranger *at_3 = bad_member_dial(&bad, 1, 3);
    sim_partition(sim, 0, 1);
    sim_partition(sim, 0, 3);
    sim_stop(sim, 0);
    sim_start(sim, 0);
    struct sim_stranger *at_0 = bad_member_dial(&bad, 0, 0); /* the first there is */
    bad_member_say_run(&bad, at_0, &begun, 1, false);
    bad_member_say_run(&bad, at_3, &log, 5, false);
    sim_run(sim, 1000);
    say_head(at_0, &bad.log, 100);
    sim_heal(sim);

    uint32_t answered = 0;
    for (uint32_t i = 0; i < 600; i++) {
        for (; answered < PH_WANT_RUNS_MAX * sim_stranger_heard(at_0, PH_MESSAGE_WANT);
             answered++) {
            begun = bad.log;
            bad_member_say_run(&bad, at_0, &begun, 1, false);
        }
        sim_run(sim, 50);
    }

    CHECK(sim_stranger_is_up(at_0));
    assert_int_equal(sim_count(sim, 0, "plan"), 5);
    assert_int_equal(sim_stranger_heard(at_0, PH_MESSAGE_WANT), 1); /* said once, vain once */
    sim_stranger_free(at_0);
    sim_stranger_free(at_3);
    sim_free(sim);
}

/* --- turns --- */

#define GREEDY_SESSIONS (PH_WANTS_MAX / PH_WANTS_PER_PEER_MAX) /* together all places */

/* A member with many logs, all of them far from their end, and before an honest one in their
 * number. */
struct greedy {
    struct sim *sim;
    struct bad_member bad;
    struct bad_log logs[PH_WANTS_MAX];
    struct sim_stranger *sessions[GREEDY_SESSIONS];
    struct sim_id plan; /* in the honest log */
};

/* So many runs of one entry of each log. */
static void bring(struct greedy *greedy, uint32_t run_count)
{
    for (uint32_t i = 0; i < PH_WANTS_MAX; i++) {
        struct sim_stranger *session = greedy->sessions[i / PH_WANTS_PER_PEER_MAX];
        say_head(session, &greedy->logs[i], 1000000);
        for (uint32_t j = 0; j < run_count; j++)
            bad_member_say_run(&greedy->bad, session, &greedy->logs[i], 1, false);
    }
}

static void begin(struct greedy *greedy)
{
    struct bad_fact facts[PH_WANTS_MAX];
    struct sim *sim = greedy->sim = sim_network(731, 4);
    sim_stop(sim, 3);
    sim_back_up(sim, 3);
    greedy->bad = bad_member_of(sim, BAD);
    for (uint8_t i = 0; i < PH_WANTS_MAX; i++)
        facts[i] = bad_member_certify(&greedy->bad, (uint8_t)(i + 1), &greedy->bad.log.certify,
                                      &greedy->logs[i]);
    for (uint32_t i = 0; i < GREEDY_SESSIONS; i++)
        greedy->sessions[i] = bad_member_dial(&greedy->bad, i, 1);
    bad_member_say_facts(greedy->sessions[0], facts, PH_WANTS_MAX);
    sim_run(sim, 1000);
    sim_partition(sim, 0, 1);
    sim_partition(sim, 1, 3);
    sim_restore(sim, 3, 3, SIM_SECRETS_MISSING); /* a new installation, a later log */
    sim_start(sim, 3);
    greedy->plan = sim_write(sim, 3, "plan", "title", "By a later one");
    bring(greedy, 1);
    sim_run(sim, 1000);
    CHECK(sim_stranger_heard(greedy->sessions[1], PH_MESSAGE_WANT) != 0);
    sim_heal(sim);
}

static void check_takes_nobodys_place(uint64_t pause_ms, uint32_t run_count)
{
    struct greedy greedy = {.logs = {{.content_len = 0}}};
    begin(&greedy);
    uint64_t since_ms = sim_now(greedy.sim);
    while (sim_show(greedy.sim, 1, &greedy.plan, "title").text[0] != 'B' &&
           sim_now(greedy.sim) - since_ms < 100000) {
        sim_run(greedy.sim, pause_ms);
        bring(&greedy, run_count);
    }
    assert_string_equal(sim_show(greedy.sim, 1, &greedy.plan, "title").text,
                        "By a later one (School 3)");
    for (uint32_t i = 0; i < GREEDY_SESSIONS; i++)
        CHECK(sim_stranger_is_up(greedy.sessions[i])); /* it is no crime */
    free_all(greedy.sessions, GREEDY_SESSIONS);
    sim_free(greedy.sim);
}

/* Regression: logs that come drop by drop held all places for ever. */
static void who_drips_takes_nobodys_place(void **state)
{
    (void)state;
    check_takes_nobodys_place(PH_WANT_MS_MAX / 2, 1);
}

/* Regression: the logs of lower numbers were asked for again before others had their turn. */
static void who_brings_much_takes_nobodys_turn(void **state)
{
    (void)state;
    check_takes_nobodys_place(1000, PH_WANT_RUNS_MAX);
}

/* --- commands --- */

/* Regression: where 64 commands waited, nothing could be asked either. */
static void who_waits_keeps_nobody_from_asking(void **state)
{
    (void)state;
    struct sim *sim = sim_network(729, 2);
    struct sim_id plan = sim_write(sim, 1, "plan", "title", "Reading");
    for (uint32_t i = 0; i < PH_COMMANDS_MAX; i++)
        (void)sim_write_begin(sim, 1, "plan", "title", "Waiting");

    ph_command_id late = sim_change_begin(sim, 1, "set", &plan, "title", "Writing");
    struct sim_text shown = sim_show(sim, 1, &plan, "title");
    struct ph_root root;

    CHECK(sim_ask_root(sim, 1, &root));
    assert_string_equal(shown.text, "Reading (School 1)");
    assert_string_equal(sim_error(sim_answer(sim, late)),
                        "Too many commands are waiting; try again in a moment.");
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(who_drips_takes_nobodys_place),
           cmocka_unit_test(who_brings_much_takes_nobodys_turn),
           cmocka_unit_test(who_sends_only_what_is_held_is_not_asked_for_ever),
           cmocka_unit_test(a_member_has_a_few_sessions_and_no_more),
           cmocka_unit_test(who_shows_anothers_writer_key_ends_no_other_session),
           cmocka_unit_test(silent_connections_keep_no_member_out),
           cmocka_unit_test(callers_of_all_schools_leave_places_for_calls),
           cmocka_unit_test(who_promises_much_and_sends_nothing_is_asked_last),
           cmocka_unit_test(who_waits_keeps_nobody_from_asking))
