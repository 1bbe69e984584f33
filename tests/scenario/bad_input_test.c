/* A member gone bad, and people without the network key: their connection ends, the reason is in
 * the log, the store is untouched, and nobody else notices. */
#include "proto/frame.h"
#include "store/view.h"
#include "tests/sim/sim_school.h"
#include "tests/sim/sim_stranger.h"
#include "tests/support/bad_words.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>

/* Node 0 is the victim, node 1 an honest member beside it; the member gone bad is school 2. */
struct world {
    struct sim *sim;
    struct sim_stranger *bad;
    struct ph_sign_secret secret; /* of the bad member's writer */
    struct ph_log_row log;        /* as the victim holds it */
    struct ph_network_id network;
    struct ph_root root;
    uint32_t commit_count;
};

static struct ph_invitation read_code(const struct sim_code *code)
{
    struct ph_invitation invitation;
    char why[200];
    CHECK_OK(ph_invitation_read(ph_bytes_text(code->text), &invitation, why));
    return invitation;
}

static struct ph_log_row find_log(struct sim *sim, uint32_t node, const struct ph_writer_id *writer)
{
    struct ph_view view = {0};
    struct ph_log_row row = {.tip.seq = 0};
    uint32_t log = 0;
    CHECK_OK(ph_view_open(sim_store(sim, node), &view));
    do
        CHECK_OK(ph_view_log(&view, log++, &row));
    while (!ph_writer_id_equal(&row.writer, writer));
    ph_view_close(&view);
    return row;
}

static struct world a_world(uint64_t seed)
{
    struct world world = {.sim = sim_network(seed, 3)};
    struct sim_code code = sim_invite(world.sim, 0, 1, UINT32_MAX);
    struct ph_invitation invitation = read_code(&code);
    struct ph_writer_id writer;
    sim_write(world.sim, 0, "plan", "title", "Reading together");
    CHECK(sim_converge(world.sim, 10000));
    sim_stop(world.sim, 2);
    ph_sign_key_from_seed(sim_identity(world.sim, 2)->writer_seed, &world.secret, writer.bytes);
    world.log = find_log(world.sim, 0, &writer);
    world.network = invitation.network;
    world.bad = sim_stranger_new(world.sim, "bad", sim_identity(world.sim, 2), &invitation);
    sim_run(world.sim, PH_RECEIPT_MS + 2 * PH_RECEIPT_QUIET_MS); /* receipts are commits as well */
    world.root = sim_root(world.sim, 0);
    world.commit_count = sim_commit_count(world.sim, 0);
    return world;
}

static void leave(struct world *world)
{
    sim_stranger_free(world->bad);
    sim_free(world->sim);
}

/* Nothing was written, and node 1 is still served over the connection that it had. */
static void check_unharmed(struct world *world)
{
    struct sim *sim = world->sim;
    struct ph_root root = sim_root(sim, 0);
    CHECK(ph_root_equal(&root, &world->root));
    assert_int_equal(sim_commit_count(sim, 0), world->commit_count);
    CHECK(!sim_trace_has(sim, 1, "> down"));

    struct sim_id plan = sim_write(sim, 0, "plan", "title", "Still here");
    sim_run(sim, 1000);
    assert_string_equal(sim_show(sim, 1, &plan, "title").text, "Still here (School 0)");
}

/* --- what a member says --- */

static struct bad_mouth a_mouth(const struct world *world)
{
    struct bad_mouth mouth = {.network = world->network,
                              .school = world->log.school,
                              .writer = world->log.writer,
                              .secret = world->secret,
                              .certify = world->log.certify,
                              .tip = world->log.tip};
    struct ph_sign_secret unused;
    ph_sign_key_from_seed(sim_identity(world->sim, 0)->writer_seed, &unused,
                          mouth.other.writer.bytes);
    struct ph_log_row other = find_log(world->sim, 0, &mouth.other.writer);
    mouth.other.seq = other.tip.seq;
    mouth.other.id = other.tip.id;
    return mouth;
}

static void check_refused(struct world *world, const struct bad_words *words)
{
    CHECK(sim_stranger_await_end(world->bad, 5000));
    assert_int_equal(sim_stranger_end_reason(world->bad), PH_END_BAD_INPUT);
    if (!sim_trace_has(world->sim, 0, ph_status_text(words->reason)))
        print_error("another reason in\n%s\n", sim_trace(world->sim));
    CHECK(sim_trace_has(world->sim, 0, ph_status_text(words->reason)));
    check_unharmed(world);
}

static void check_taken(struct world *world, bool is_shown)
{
    uint32_t plan_count = 1 + (is_shown ? 1 : 0);
    sim_run(world->sim, 2000);
    struct ph_root root = sim_root(world->sim, 0);
    CHECK(sim_stranger_is_up(world->bad));
    CHECK(!ph_root_equal(&root, &world->root));
    assert_int_equal(sim_count(world->sim, 0, "plan"), plan_count);
    assert_int_equal(sim_count(world->sim, 1, "plan"), plan_count);
    struct ph_root other = sim_root(world->sim, 1);
    CHECK(ph_root_equal(&root, &other));
    CHECK(!sim_trace_has(world->sim, 1, "> down"));
}

static void check_case(const struct bad_words *words, uint64_t seed)
{
    static uint8_t bytes[PH_FRAME_MESSAGE_MAX];
    struct world world = a_world(seed);
    struct bad_mouth mouth = a_mouth(&world);
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    words->build(&mouth, &message);
    CHECK(!message.overflow);
    sim_trace_forget(world.sim);

    sim_stranger_dial(world.bad, 0);
    CHECK(sim_stranger_greet(world.bad));
    for (uint32_t i = 0; i == 0 || i < words->times; i++)
        sim_stranger_say(world.bad, ph_buffer_bytes(&message));

    print_message("  %s\n", words->name);
    if (words->verdict == BAD_REFUSED)
        check_refused(&world, words);
    if (words->verdict == BAD_WITHOUT_EFFECT) {
        sim_run(world.sim, 2000);
        CHECK(sim_stranger_is_up(world.bad));
        check_unharmed(&world);
    }
    if (words->verdict == BAD_KEPT || words->verdict == BAD_SHOWN)
        check_taken(&world, words->verdict == BAD_SHOWN);
    leave(&world);
}

static void check_table(const struct bad_words_table *table, uint64_t seed)
{
    for (size_t i = 0; i < table->count; i++)
        check_case(&table->rows[i], seed + i);
}

static void bad_messages_of_a_member_come_to_what_is_stated(void **state)
{
    (void)state;
    check_table(&bad_messages, 2000);
}

static void bad_runs_of_a_member_come_to_what_is_stated(void **state)
{
    (void)state;
    check_table(&bad_runs, 3000);
}

/* That the cases above fail for their fault alone. */
static void a_right_run_of_the_same_making_is_taken(void **state)
{
    (void)state;
    static const struct bad_words right = {
        .name = "a right run", .build = bad_mouth_put_plan, .verdict = BAD_SHOWN};
    check_case(&right, 230);
}

/* --- frames --- */

static void a_frame_with_a_broken_seal_ends_the_connection(void **state)
{
    (void)state;
    struct world world = a_world(231);
    uint8_t garbage[100] = {1, 2, 3};
    sim_trace_forget(world.sim);

    sim_stranger_dial(world.bad, 0);
    CHECK(sim_stranger_greet(world.bad));
    sim_stranger_frame(world.bad, ph_bytes(garbage, sizeof garbage));

    CHECK(sim_stranger_await_end(world.bad, 5000));
    CHECK(sim_trace_has(world.sim, 0, "a signature, hash or seal does not fit"));
    check_unharmed(&world);
    leave(&world);
}

static void a_compressed_frame_that_lies_about_its_size_ends_the_connection(void **state)
{
    (void)state;
    struct world world = a_world(232);
    const uint8_t plain[] = "\x01\xff\xff\x28\xb5\x2f\xfd\x20\x02\x11\x00\x00\x91\x02";
    sim_trace_forget(world.sim);

    sim_stranger_dial(world.bad, 0);
    CHECK(sim_stranger_greet(world.bad));
    sim_stranger_seal(world.bad, ph_bytes(plain, sizeof plain - 1));

    CHECK(sim_stranger_await_end(world.bad, 5000));
    assert_int_equal(sim_stranger_end_reason(world.bad), PH_END_BAD_INPUT);
    check_unharmed(&world);
    leave(&world);
}

/* --- people outside --- */

static void without_the_network_key_there_is_silence(void **state)
{
    (void)state;
    struct world world = a_world(233);
    struct sim_code code = sim_invite(world.sim, 0, 1, UINT32_MAX);
    struct ph_invitation invitation = read_code(&code);
    invitation.key.bytes[5] ^= 1;
    sim_run(world.sim, 1000);
    world.root = sim_root(world.sim, 0);
    world.commit_count = sim_commit_count(world.sim, 0);
    struct sim_stranger *outsider =
        sim_stranger_new(world.sim, "outsider", sim_identity(world.sim, 2), &invitation);
    sim_trace_forget(world.sim);

    sim_stranger_dial(outsider, 0);
    CHECK(!sim_stranger_greet(outsider));

    CHECK(!sim_stranger_is_up(outsider));
    assert_int_equal(sim_stranger_bytes_heard(outsider), 0);
    CHECK(sim_trace_has(world.sim, 0, "connection closed"));
    check_unharmed(&world);
    sim_stranger_free(outsider);
    leave(&world);
}

static void who_says_nothing_or_nonsense_is_not_waited_for(void **state)
{
    (void)state;
    struct world world = a_world(234);
    sim_trace_forget(world.sim);

    sim_stranger_dial(world.bad, 0);
    CHECK(sim_stranger_await_end(world.bad, PH_HANDSHAKE_MS_MAX + 1000));
    sim_stranger_dial(world.bad, 0);
    sim_stranger_send(world.bad, ph_bytes_text("GET / HTTP/1.1\r\nHost: school\r\n\r\n"));
    CHECK(sim_stranger_await_end(world.bad, PH_HANDSHAKE_MS_MAX + 1000));
    sim_stranger_dial(world.bad, 0);
    sim_stranger_send(world.bad, ph_bytes("\0\0", 2));
    CHECK(sim_stranger_await_end(world.bad, 1000));

    assert_int_equal(sim_stranger_bytes_heard(world.bad), 0);
    check_unharmed(&world);
    leave(&world);
}

CHECK_MAIN(cmocka_unit_test(bad_messages_of_a_member_come_to_what_is_stated),
           cmocka_unit_test(bad_runs_of_a_member_come_to_what_is_stated),
           cmocka_unit_test(a_right_run_of_the_same_making_is_taken),
           cmocka_unit_test(a_frame_with_a_broken_seal_ends_the_connection),
           cmocka_unit_test(a_compressed_frame_that_lies_about_its_size_ends_the_connection),
           cmocka_unit_test(without_the_network_key_there_is_silence),
           cmocka_unit_test(who_says_nothing_or_nonsense_is_not_waited_for))
