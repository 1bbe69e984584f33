/* Receipts: what each school holds durably is known to all, also through others; what a disk has
 * lost is withdrawn; and nobody speaks for another. */
#include <stdio.h>

#include "tests/support/bad_member.h"

/* All have made one, and it has gone all the way. */
#define SETTLED_MS (PH_RECEIPT_MS + PH_RECEIPT_QUIET_MS + 4 * PH_RECEIPT_LATE_MS)
#define NODES 5
#define COST_MAX 4000 /* bytes that a school sends for a round of receipts among NODES */

/* --- questions --- */

static struct ph_bytes ask(struct sim *sim, uint32_t node, const char *command,
                           const char *argument)
{
    uint8_t bytes[256];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    ph_pack_array(&request, argument != NULL ? 2 : 1);
    ph_pack_text(&request, ph_bytes_text(command));
    if (argument != NULL)
        ph_pack_text(&request, ph_bytes_text(argument));
    return sim_command(sim, node, ph_buffer_bytes(&request));
}

static uint64_t number_in(struct ph_bytes map, const char *key)
{
    struct ph_unpacker in = ph_unpack_scanned(sim_pick(map, key));
    return ph_unpack_uint(&in, UINT64_MAX);
}

static bool word_in(struct ph_bytes map, const char *key)
{
    struct ph_unpacker in = ph_unpack_scanned(sim_pick(map, key));
    return ph_unpack_bool(&in);
}

/* "4 of 5: School 2" as a record says it. */
static struct sim_text safety(struct sim *sim, uint32_t node, const struct sim_id *id)
{
    struct ph_bytes record = ask(sim, node, "show", id->text);
    struct sim_text out;
    int len =
        snprintf(out.text, sizeof out.text, "%u of %u:", (unsigned)number_in(record, "safe_at"),
                 (unsigned)number_in(record, "safe_of"));
    struct ph_unpacker lacking = ph_unpack_scanned(sim_pick(record, "lacking"));
    for (uint32_t left = ph_unpack_array(&lacking); left > 0; left--) {
        struct ph_bytes name = ph_unpack_text(&lacking);
        len += snprintf(out.text + len, sizeof out.text - (size_t)len, " %.*s", (int)name.len,
                        (const char *)name.data);
    }
    return out;
}

static void check_safety(struct sim *sim, uint32_t node, const struct sim_id *id, const char *text)
{
    assert_string_equal(safety(sim, node, id).text, text);
}

/* How many own entries another is said to lack. */
static uint64_t lacks(struct sim *sim, uint32_t node, const char *name)
{
    struct ph_bytes safe = sim_pick(ask(sim, node, "status", NULL), "safe");
    struct ph_unpacker lacking = ph_unpack_scanned(sim_pick(safe, "lacking"));
    for (uint32_t left = ph_unpack_array(&lacking); left > 0; left--) {
        struct ph_bytes school = ph_unpack_skip(&lacking);
        if (strcmp(sim_pick_text(school, "name").text, name) == 0)
            return number_in(school, "lacks");
    }
    return 0;
}

/* --- worlds --- */

/* Each reaches the one before and the one behind alone. */
static struct sim *a_chain(uint64_t seed)
{
    struct sim *sim = sim_network(seed, NODES);
    for (uint32_t node = 0; node < NODES; node++)
        sim_stop(sim, node);
    for (uint32_t node = 1; node < NODES; node++) {
        char address[32];
        snprintf(address, sizeof address, "node%u:7410", node - 1);
        sim_keep_dialing(sim, node, address);
        for (uint32_t other = 0; other + 1 < node; other++)
            sim_partition(sim, node, other);
    }
    for (uint32_t node = 0; node < NODES; node++)
        sim_start(sim, node);
    CHECK(sim_converge(sim, 120000));
    return sim;
}

/* --- stories --- */

static void along_a_chain_all_know_that_all_hold_it(void **state)
{
    (void)state;
    struct sim *sim = a_chain(1501);

    struct sim_id plan = sim_write(sim, 0, "plan", "title", "Kept everywhere");
    sim_run(sim, SETTLED_MS);

    for (uint32_t node = 0; node < NODES; node++)
        check_safety(sim, node, &plan, "5 of 5:");
    struct ph_bytes why = ask(sim, 0, "why", "School 4");
    CHECK(!word_in(why, "connected"));
    assert_string_equal(sim_pick_text(why, "through").text, "School 1");
    sim_free(sim);
}

static void who_is_away_is_named_until_it_has_caught_up(void **state)
{
    (void)state;
    struct sim *sim = a_chain(1502);
    sim_run(sim, SETTLED_MS);
    sim_stop(sim, 4);

    struct sim_id plan = sim_write(sim, 0, "plan", "title", "Not there yet");
    sim_run(sim, SETTLED_MS);

    check_safety(sim, 0, &plan, "4 of 5: School 4");
    assert_int_equal(lacks(sim, 0, "School 4"), 1);
    assert_int_equal(lacks(sim, 0, "School 3"), 0);
    sim_start(sim, 4);
    sim_run(sim, SETTLED_MS);
    check_safety(sim, 0, &plan, "5 of 5:");
    assert_int_equal(lacks(sim, 0, "School 4"), 0);
    sim_free(sim);
}

/* What the others say lasts over a restart without anybody near. */
static void receipts_are_kept(void **state)
{
    (void)state;
    struct sim *sim = a_chain(1503);
    struct sim_id plan = sim_write(sim, 0, "plan", "title", "Remembered");
    sim_run(sim, SETTLED_MS);
    sim_write(sim, 0, "plan", "title", "Another, for a receipt that takes the others along");
    sim_run(sim, SETTLED_MS);

    sim_stop(sim, 0);
    sim_partition(sim, 0, 1);
    sim_start(sim, 0);

    check_safety(sim, 0, &plan, "5 of 5:");
    sim_free(sim);
}

static void a_removed_school_is_not_counted(void **state)
{
    (void)state;
    struct sim *sim = sim_network(1504, 4);
    for (uint32_t whom = 1; whom <= 2; whom++)
        for (uint32_t voter = 0; voter < whom; voter++) {
            (void)sim_confirm(sim, voter, whom);
            CHECK(sim_converge(sim, 60000));
        }
    sim_stop(sim, 3);
    struct sim_id plan = sim_write(sim, 0, "plan", "title", "Of three");
    sim_run(sim, SETTLED_MS);
    check_safety(sim, 0, &plan, "3 of 4: School 3");

    for (uint32_t voter = 0; voter < 3; voter++) {
        (void)sim_decide(sim, voter, "member_remove", 3);
        sim_run(sim, 2000);
    }

    check_safety(sim, 0, &plan, "3 of 3:");
    CHECK(word_in(ask(sim, 0, "why", "School 3"), "removed"));
    sim_free(sim);
}

/* Its writer goes on as another one, which says what is left. */
static void a_disk_set_back_withdraws_what_it_said(void **state)
{
    (void)state;
    struct sim *sim = a_chain(1505);
    sim_stop(sim, 4);
    sim_back_up(sim, 4);
    sim_start(sim, 4);
    struct sim_id plan = sim_write(sim, 0, "plan", "title", "Lost there");
    struct sim_id own = sim_write(sim, 4, "plan", "title", "Of the one set back");
    sim_run(sim, 2 * SETTLED_MS);
    check_safety(sim, 0, &plan, "5 of 5:");
    check_safety(sim, 0, &own, "5 of 5:");

    /* It meets 3, which has what it has lost of its own log alone, and no way to the rest. */
    sim_stop(sim, 4);
    sim_restore(sim, 4, 4, SIM_SECRETS_COPIED);
    sim_partition(sim, 2, 3);
    struct sim_id later = sim_write(sim, 0, "plan", "title", "Later");
    sim_start(sim, 4);
    sim_run(sim, 2 * SETTLED_MS);
    sim_heal(sim);
    sim_run(sim, 2 * SETTLED_MS);

    check_safety(sim, 0, &later, "5 of 5:");
    struct ph_bytes why = ask(sim, 0, "why", "School 4");
    CHECK(number_in(why, "receipt") != 0);
    sim_free(sim);
}

/* --- forged --- */

struct forger {
    struct sim *sim;
    struct bad_member bad;
    struct sim_stranger *line;
    uint8_t held[PH_RECEIPT_HELD_LEN];
};

/* School 3 has gone bad; school 2 is off, and lacks what 0 has written since. */
static struct forger a_forger(uint64_t seed, struct sim_id *plan)
{
    struct forger forger = {.sim = sim_network(seed, 4)};
    sim_run(forger.sim, SETTLED_MS);
    sim_write(forger.sim, 0, "plan", "title", "So that each has made two");
    sim_run(forger.sim, SETTLED_MS);
    sim_stop(forger.sim, 2);
    forger.bad = bad_member_of(forger.sim, 3);
    *plan = sim_write(forger.sim, 0, "plan", "title", "Not at school 2");
    sim_run(forger.sim, SETTLED_MS);
    check_safety(forger.sim, 0, plan, "2 of 4: School 2 School 3");
    forger.line = bad_member_dial(&forger.bad, 0, 0);
    return forger;
}

/* A receipt of `writer`, which names the end of node 0's own log, signed with `secret`. */
static void say_receipt(struct forger *forger, const struct ph_writer_id *writer,
                        const struct ph_sign_secret *secret, uint32_t counter)
{
    uint8_t bytes[1024];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    struct ph_receipt receipt = {.writer = *writer, .counter = counter};
    struct ph_view view = {0};
    struct ph_log_row row;
    sim_view(forger->sim, 0, &view);
    CHECK_OK(ph_view_log(&view, 0, &row));
    ph_view_close(&view);
    ph_receipt_put(forger->held, &row.writer, row.tip.seq, &row.tip.id);
    receipt.held = ph_bytes(forger->held, sizeof forger->held);
    ph_receipt_sign(&receipt, &forger->bad.invitation.network, secret);
    ph_message_receipt(&message, &receipt);
    sim_stranger_say(forger->line, ph_buffer_bytes(&message));
}

static void writer_of(struct sim *sim, uint32_t node, struct ph_writer_id *writer,
                      struct ph_sign_secret *secret)
{
    ph_sign_key_from_seed(sim_identity(sim, node)->writer_seed, secret, writer->bytes);
}

static void leave(struct forger *forger)
{
    sim_stranger_free(forger->line);
    sim_free(forger->sim);
}

static void a_receipt_in_anothers_name_costs_its_sender_the_connection(void **state)
{
    (void)state;
    static const uint32_t counters[] = {3, 1000, UINT32_MAX};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        struct sim_id plan;
        struct forger forger = a_forger(1510, &plan);
        struct ph_writer_id writer;
        struct ph_sign_secret unused;
        writer_of(forger.sim, 2, &writer, &unused);

        say_receipt(&forger, &writer, &forger.bad.log.secret, counters[i]);

        CHECK(sim_stranger_await_end(forger.line, 5000));
        assert_int_equal(sim_stranger_end_reason(forger.line), PH_END_BAD_INPUT);
        check_safety(forger.sim, 0, &plan, "2 of 4: School 2 School 3");
        CHECK(!sim_trace_has(forger.sim, 1, "> down"));
        sim_start(forger.sim, 2); /* and nothing keeps its own from being taken */
        sim_run(forger.sim, SETTLED_MS);
        check_safety(forger.sim, 1, &plan, "3 of 4: School 3");
        leave(&forger);
    }
}

static void one_that_is_older_or_of_nobody_changes_nothing(void **state)
{
    (void)state;
    struct sim_id plan;
    struct forger forger = a_forger(1511, &plan);
    struct ph_writer_id writer;
    struct ph_sign_secret secret;
    uint8_t seed[32] = {99};

    writer_of(forger.sim, 2, &writer, &secret); /* its own, from before it grew */
    say_receipt(&forger, &writer, &secret, 1);
    ph_sign_key_from_seed(seed, &secret, writer.bytes);
    say_receipt(&forger, &writer, &secret, 5);
    sim_run(forger.sim, 5000);

    CHECK(sim_stranger_is_up(forger.line));
    check_safety(forger.sim, 0, &plan, "2 of 4: School 2 School 3");
    leave(&forger);
}

/* It can lie about itself; its counters without end are passed on at a measured rate. */
static void a_flood_of_newer_ones_is_passed_on_in_measure(void **state)
{
    (void)state;
    struct sim_id plan;
    struct forger forger = a_forger(1512, &plan);
    size_t before = sim_stranger_bytes_heard(forger.line);

    for (uint32_t i = 0; i < 500; i++)
        say_receipt(&forger, &forger.bad.log.writer, &forger.bad.log.secret, 1000 + i);
    sim_run(forger.sim, PH_RECEIPT_MS / 4);

    CHECK(sim_stranger_is_up(forger.line));
    check_safety(forger.sim, 1, &plan, "3 of 4: School 2");
    struct ph_bytes why = ask(forger.sim, 1, "why", "School 3");
    assert_in_range(number_in(why, "receipt"), 1000, 1000 + PH_RECEIPT_BURST - 1);
    assert_in_range(sim_stranger_bytes_heard(forger.line) - before, 0, 4000);
    leave(&forger);
}

static void receipts_that_bring_nothing_end_the_session(void **state)
{
    (void)state;
    struct sim_id plan;
    struct forger forger = a_forger(1513, &plan);
    for (uint32_t i = 0; i < PH_RECEIPTS_VAIN_MAX + 2 && sim_stranger_is_up(forger.line); i++) {
        say_receipt(&forger, &forger.bad.log.writer, &forger.bad.log.secret, 1);
        if (i % 256 == 0)
            sim_run(forger.sim, 100);
    }

    CHECK(sim_stranger_await_end(forger.line, 5000));

    check_safety(forger.sim, 0, &plan, "2 of 4: School 2 School 3");
    leave(&forger);
}

/* --- cost --- */

static uint64_t bytes_out(struct sim *sim)
{
    uint64_t sum = 0;
    for (uint32_t node = 0; node < NODES; node++)
        sum += number_in(ask(sim, node, "status", NULL), "bytes_out");
    return sum;
}

static void a_round_of_receipts_costs_little(void **state)
{
    (void)state;
    struct sim *sim = a_chain(1520);
    sim_run(sim, 2 * SETTLED_MS);

    uint64_t before = bytes_out(sim);
    sim_run(sim, SETTLED_MS);
    uint64_t idle = bytes_out(sim) - before;
    sim_write(sim, 0, "plan", "title", "One entry");
    before = bytes_out(sim);
    sim_run(sim, SETTLED_MS);
    uint64_t round = bytes_out(sim) - before;

    print_message("%u bytes a school in idleness, %u with an entry and a round of receipts\n",
                  (unsigned)(idle / NODES), (unsigned)(round / NODES));
    CHECK(round > idle);
    assert_in_range((round - idle) / NODES, 1, COST_MAX);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(along_a_chain_all_know_that_all_hold_it),
           cmocka_unit_test(who_is_away_is_named_until_it_has_caught_up),
           cmocka_unit_test(receipts_are_kept), cmocka_unit_test(a_removed_school_is_not_counted),
           cmocka_unit_test(a_disk_set_back_withdraws_what_it_said),
           cmocka_unit_test(a_receipt_in_anothers_name_costs_its_sender_the_connection),
           cmocka_unit_test(one_that_is_older_or_of_nobody_changes_nothing),
           cmocka_unit_test(a_flood_of_newer_ones_is_passed_on_in_measure),
           cmocka_unit_test(receipts_that_bring_nothing_end_the_session),
           cmocka_unit_test(a_round_of_receipts_costs_little))
