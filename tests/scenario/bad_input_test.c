/* A member gone bad, and people without the network key: their connection ends, the reason is in the
 * log, the store is untouched, and nobody else notices. */
#include "proto/frame.h"
#include "proto/op.h"
#include "store/view.h"
#include "tests/sim/sim_school.h"
#include "tests/sim/sim_stranger.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>

/* Node 0 is the victim, node 1 an honest member beside it; the member gone bad is school 2. */
struct world {
    struct sim *sim;
    struct sim_stranger *bad;
    struct ph_sign_secret secret; /* of the bad member's writer */
    struct ph_log_row log;        /* as the victim holds it */
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
    world.bad = sim_stranger_new(world.sim, "bad", sim_identity(world.sim, 2), &invitation);
    sim_run(world.sim, 1000);
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

static void put_items(struct ph_buffer *out, const void *bytes, size_t len)
{
    ph_buffer_put(out, bytes, len);
}

static void an_unknown_type(struct world *world, struct ph_buffer *out)
{
    (void)world;
    put_items(out, "\x91\x63", 2);
}

static void a_number_in_a_longer_form(struct world *world, struct ph_buffer *out)
{
    (void)world;
    put_items(out, "\x92\xcc\x0a\x00", 4);
}

static void a_message_cut_short(struct world *world, struct ph_buffer *out)
{
    struct ph_hash fact_set = {{0}};
    ph_message_root(out, &fact_set, &world->root);
    out->len -= 5;
}

static void bytes_behind_the_message(struct world *world, struct ph_buffer *out)
{
    struct ph_hash fact_set = {{0}};
    ph_message_root(out, &fact_set, &world->root);
    put_items(out, "\xc0", 1);
}

static void an_array_that_claims_a_billion(struct world *world, struct ph_buffer *out)
{
    (void)world;
    put_items(out, "\xdd\x7f\xff\xff\xff", 5);
}

static void nesting_without_end(struct world *world, struct ph_buffer *out)
{
    (void)world;
    for (size_t i = 0; i < 1000; i++)
        put_items(out, "\x91", 1);
    put_items(out, "\xc0", 1);
}

/* By hand: the encoder makes no wrong ones. */
static void put_want(struct world *world, struct ph_buffer *out, uint32_t locators, uint32_t runs)
{
    static const uint8_t check[16];
    ph_pack_array(out, 4);
    ph_pack_uint(out, PH_MESSAGE_WANT);
    ph_pack_bin(out, ph_bytes(world->log.writer.bytes, sizeof world->log.writer.bytes));
    ph_pack_array(out, locators);
    for (uint32_t i = 0; i < locators; i++) {
        ph_pack_array(out, 2);
        ph_pack_uint(out, i + 1);
        ph_pack_bin(out, ph_bytes(check, sizeof check));
    }
    ph_pack_uint(out, runs);
}

static void too_many_locators(struct world *world, struct ph_buffer *out)
{
    put_want(world, out, PH_LOCATOR_MAX + 1, 1);
}

static void a_want_for_too_many_runs(struct world *world, struct ph_buffer *out)
{
    put_want(world, out, 0, PH_WANT_RUNS_MAX + 1);
}

static void a_fact_signed_by_nobody(struct world *world, struct ph_buffer *out)
{
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer fact_bytes = ph_buffer(bytes, sizeof bytes);
    struct ph_fact fact = {.type = PH_FACT_INVITE};
    fact.of.invite.uses = 1;
    memcpy(fact.author.bytes, world->log.writer.bytes, sizeof fact.author.bytes);
    fact.network.bytes[0] = 1;
    fact.past = ph_bytes(world->log.certify.bytes, sizeof world->log.certify.bytes);
    CHECK_OK(ph_fact_sign(&fact, &world->secret, &fact_bytes));
    bytes[fact_bytes.len - 1] ^= 1;
    struct ph_bytes facts[] = {ph_buffer_bytes(&fact_bytes)};
    CHECK(ph_message_facts(out, facts, 1) == 1);
}

static void a_fact_of_another_network(struct world *world, struct ph_buffer *out)
{
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer fact_bytes = ph_buffer(bytes, sizeof bytes);
    struct ph_fact fact = {.type = PH_FACT_INVITE};
    fact.of.invite.uses = 1;
    memcpy(fact.author.bytes, world->log.writer.bytes, sizeof fact.author.bytes);
    fact.network.bytes[0] = 1;
    fact.past = ph_bytes(world->log.certify.bytes, sizeof world->log.certify.bytes);
    CHECK_OK(ph_fact_sign(&fact, &world->secret, &fact_bytes));
    struct ph_bytes facts[] = {ph_buffer_bytes(&fact_bytes)};
    CHECK(ph_message_facts(out, facts, 1) == 1);
}

/* --- runs --- */

struct entry {
    uint8_t skeleton[PH_BODY_MAX], content[PH_BODY_MAX];
    struct ph_body body;
    struct ph_header header;
    struct ph_entry_id id;
};

/* The bad member's next entry, as it should be. */
static void make_entry(struct world *world, uint64_t lamport_step, struct entry *entry)
{
    struct ph_op_writer ops;
    struct ph_record_id record =
        ph_record_id_make(&world->log.school, world->log.tip.seq + 1, (const uint8_t *)"bad!");
    uint8_t encoded[PH_HEADER_LEN];
    ph_ops_begin(&ops, entry->skeleton, entry->content, PH_BODY_MAX);
    ph_ops_group(&ops, 3, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, 3, NULL, 0, ph_bytes_text("\xa4oops"));
    CHECK_OK(ph_ops_end(&ops, &entry->body));
    memset(entry->body.salt.bytes, 7, sizeof entry->body.salt.bytes);
    entry->header = ph_header_after(&world->log.tip, &world->log.writer,
                                    world->log.tip.lamport + lamport_step, 0, &entry->body);
    ph_header_encode(&entry->header, encoded);
    entry->id = ph_header_id(encoded);
}

/* A run of the one entry; `claimed` is what the run says that it follows. */
static void put_run(struct world *world, struct ph_buffer *out, const struct entry *entry,
                    const struct ph_link *claimed)
{
    struct ph_run_writer run;
    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, entry->id.bytes, &world->secret);
    ph_message_run_begin(out);
    ph_run_begin(&run, out, &world->log.writer, claimed, 1);
    ph_run_add(&run, &entry->header, &entry->body);
    ph_run_end(&run, &signature);
}

static void a_run_with_a_bad_signature(struct world *world, struct ph_buffer *out)
{
    struct entry entry;
    make_entry(world, 1, &entry);
    put_run(world, out, &entry, &world->log.tip);
    out->data[out->len - 1] ^= 1;
}

static void a_run_with_a_changed_body(struct world *world, struct ph_buffer *out)
{
    struct entry entry;
    make_entry(world, 1, &entry);
    entry.content[entry.body.content.len - 1] ^= 1;
    put_run(world, out, &entry, &world->log.tip);
}

static void a_run_that_does_not_move_time(struct world *world, struct ph_buffer *out)
{
    struct entry entry;
    make_entry(world, 0, &entry);
    put_run(world, out, &entry, &world->log.tip);
}

static void a_run_that_leaps_ahead(struct world *world, struct ph_buffer *out)
{
    struct entry entry;
    make_entry(world, PH_LAMPORT_STEP_MAX + 1, &entry);
    put_run(world, out, &entry, &world->log.tip);
}

/* Signed as if it came after the last but one. */
static void a_run_with_a_broken_chain(struct world *world, struct ph_buffer *out)
{
    struct ph_link tip = world->log.tip;
    struct entry entry;
    world->log.tip.id.bytes[0] ^= 1;
    make_entry(world, 1, &entry);
    world->log.tip = tip;
    put_run(world, out, &entry, &tip);
}

static void a_run_over_the_limit(struct world *world, struct ph_buffer *out)
{
    static uint8_t big[PH_BODY_MAX];
    struct ph_run_writer run;
    struct ph_body body = {.skeleton = ph_bytes(big, 16), .content = ph_bytes(big, 100)};
    struct ph_header header = {.seq = world->log.tip.seq, .lamport = world->log.tip.lamport};
    struct ph_signature signature = {{0}};
    body.content_len = 100;
    ph_message_run_begin(out);
    ph_run_begin(&run, out, &world->log.writer, &world->log.tip, 400);
    for (uint32_t i = 0; i < 400; i++) {
        header.lamport++;
        header.seq++;
        ph_run_add(&run, &header, &body);
    }
    ph_run_end(&run, &signature);
}

typedef void build(struct world *world, struct ph_buffer *out);

static const struct {
    const char *name;
    build *build;
    enum ph_status reason;
} cases[] = {
    {"an unknown type", an_unknown_type, PH_MALFORMED},
    {"a number in a longer form", a_number_in_a_longer_form, PH_MALFORMED},
    {"a message cut short", a_message_cut_short, PH_MALFORMED},
    {"bytes behind the message", bytes_behind_the_message, PH_MALFORMED},
    {"an array that claims a billion", an_array_that_claims_a_billion, PH_MALFORMED},
    {"nesting without end", nesting_without_end, PH_MALFORMED},
    {"too many locators", too_many_locators, PH_LIMIT},
    {"a want for too many runs", a_want_for_too_many_runs, PH_LIMIT},
    {"a fact signed by nobody", a_fact_signed_by_nobody, PH_UNAUTHENTIC},
    {"a fact of another network", a_fact_of_another_network, PH_FORBIDDEN},
    {"a run with a bad signature", a_run_with_a_bad_signature, PH_UNAUTHENTIC},
    {"a run with a changed body", a_run_with_a_changed_body, PH_UNAUTHENTIC},
    {"a run that does not move time", a_run_that_does_not_move_time, PH_MALFORMED},
    {"a run that leaps ahead", a_run_that_leaps_ahead, PH_MALFORMED},
    {"a run with a broken chain", a_run_with_a_broken_chain, PH_UNAUTHENTIC},
    {"a run over the limit", a_run_over_the_limit, PH_LIMIT},
};

static void check_case(size_t index)
{
    static uint8_t bytes[PH_FRAME_MESSAGE_MAX];
    struct world world = a_world(200 + index);
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    cases[index].build(&world, &message);
    CHECK(!message.overflow);
    sim_trace_forget(world.sim);

    sim_stranger_dial(world.bad, 0);
    CHECK(sim_stranger_greet(world.bad));
    sim_stranger_say(world.bad, ph_buffer_bytes(&message));

    if (!sim_stranger_await_end(world.bad, 5000))
        print_error("%s was not refused\n", cases[index].name);
    CHECK(!sim_stranger_is_up(world.bad));
    assert_int_equal(sim_stranger_end_reason(world.bad), PH_END_BAD_INPUT);
    if (!sim_trace_has(world.sim, 0, ph_status_text(cases[index].reason)))
        print_error("%s: another reason in\n%s\n", cases[index].name, sim_trace(world.sim));
    CHECK(sim_trace_has(world.sim, 0, ph_status_text(cases[index].reason)));
    check_unharmed(&world);
    leave(&world);
}

static void bad_messages_of_a_member_end_its_connection_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_case(i);
}

/* That the cases above fail for their fault alone. */
static void a_right_run_of_the_same_making_is_taken(void **state)
{
    (void)state;
    static uint8_t bytes[PH_FRAME_MESSAGE_MAX];
    struct world world = a_world(230);
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    struct entry entry;
    make_entry(&world, 1, &entry);
    put_run(&world, &message, &entry, &world.log.tip);

    sim_stranger_dial(world.bad, 0);
    CHECK(sim_stranger_greet(world.bad));
    sim_stranger_say(world.bad, ph_buffer_bytes(&message));
    sim_run(world.sim, 2000);

    CHECK(sim_stranger_is_up(world.bad));
    assert_int_equal(sim_count(world.sim, 0, "plan"), 2);
    assert_int_equal(sim_count(world.sim, 1, "plan"), 2);
    leave(&world);
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

CHECK_MAIN(cmocka_unit_test(bad_messages_of_a_member_end_its_connection_alone),
           cmocka_unit_test(a_right_run_of_the_same_making_is_taken),
           cmocka_unit_test(a_frame_with_a_broken_seal_ends_the_connection),
           cmocka_unit_test(a_compressed_frame_that_lies_about_its_size_ends_the_connection),
           cmocka_unit_test(without_the_network_key_there_is_silence),
           cmocka_unit_test(who_says_nothing_or_nonsense_is_not_waited_for))
