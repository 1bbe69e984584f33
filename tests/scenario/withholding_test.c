/* Members that keep one school's entries to themselves: what they withhold comes another way, and
 * who shows less than others is reported; who is slow, or has come just now, is not. */
#include <stdio.h>

#include "tests/sim/sim_adversary.h"
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#define NODES 7
#define CENSORED 1
#define LOOKER 2 /* next to node 3, which is honest, and the malicious */
#define FIRST_BAD 4
#define SOON_MS 2000
#define WRITERS 10 /* more than are asked for at once */
#define TEXTS 15
#define TEXT_LEN 2500
#define REPORTED_MS (PH_KEPT_BACK_MS + 4 * PH_COMPARE_MS)

/* What a node says of one that it is connected to. */
static bool is_said_to_withhold(struct sim *sim, uint32_t node, uint32_t other)
{
    uint8_t bytes[16];
    struct ph_buffer request = ph_buffer(bytes, sizeof bytes);
    char name[32];
    bool withholds = false;
    snprintf(name, sizeof name, "School %u", other);
    ph_pack_array(&request, 1);
    ph_pack_text(&request, ph_bytes_text("status"));
    struct ph_bytes status = sim_command(sim, node, ph_buffer_bytes(&request));
    struct ph_unpacker peers = ph_unpack_scanned(sim_pick(status, "peers"));
    for (uint32_t left = ph_unpack_array(&peers); left > 0; left--) {
        struct ph_bytes peer = ph_unpack_skip(&peers);
        struct ph_unpacker word = ph_unpack_scanned(sim_pick(peer, "withholds"));
        if (strcmp(sim_pick_text(peer, "name").text, name) == 0)
            withholds = withholds || ph_unpack_bool(&word);
    }
    return withholds;
}

/* --- malicious --- */

struct world {
    struct sim *sim;
    struct ph_invitation invitation;
    struct sim_adversary *bad[NODES];
};

static void turn_bad(struct world *world, uint32_t node)
{
    struct sim_adversary_options options = {.node = node,
                                            .invitation = &world->invitation,
                                            .seed = node + 1,
                                            .lies = SIM_LIE(CENSOR),
                                            .pause_ms = {50, 300},
                                            .censored = CENSORED + 1};
    sim_stop(world->sim, node);
    world->bad[node] = sim_adversary_new(world->sim, &options);
}

/* The looker reaches neither the host nor the censored, and of its neighbours only one is
 * honest. */
static struct world a_world(uint64_t seed)
{
    struct world world = {.sim = sim_start_all(seed, NODES)};
    char why[200];
    sim_found(world.sim, 0, "Lighthouse");
    struct sim_code code = sim_invite(world.sim, 0, NODES, 0);
    for (uint32_t node = 1; node < NODES; node++)
        CHECK(sim_join(world.sim, node, &code, UINT32_MAX, 60000));
    CHECK_OK(ph_invitation_read(ph_bytes_text(code.text), &world.invitation, why));
    CHECK(sim_converge(world.sim, 60000));
    sim_stop(world.sim, LOOKER);
    for (uint32_t node = LOOKER + 1; node < NODES; node++) {
        char address[32];
        snprintf(address, sizeof address, "node%u:7410", node);
        sim_keep_dialing(world.sim, LOOKER, address);
    }
    sim_partition(world.sim, LOOKER, 0);
    sim_partition(world.sim, LOOKER, CENSORED);
    sim_start(world.sim, LOOKER);
    for (uint32_t node = FIRST_BAD; node < NODES; node++)
        turn_bad(&world, node);
    sim_run(world.sim, 5000);
    return world;
}

static void leave(struct world *world)
{
    for (uint32_t node = FIRST_BAD; node < NODES; node++)
        sim_adversary_free(world->bad[node]);
    sim_free(world->sim);
}

static void check_comes_soon(struct world *world, uint32_t writer)
{
    struct sim_id plan = sim_write(world->sim, writer, "plan", "title", "Heard all the same");
    uint64_t since_ms = sim_now(world->sim);
    while (strcmp(sim_show(world->sim, LOOKER, &plan, "title").text, "?") == 0 &&
           sim_now(world->sim) - since_ms <= SOON_MS)
        sim_run(world->sim, 50);
    assert_in_range(sim_now(world->sim) - since_ms, 0, SOON_MS);
}

static void a_school_censored_by_all_neighbours_but_one_is_heard_and_they_are_reported(void **state)
{
    (void)state;
    struct world world = a_world(901);

    for (uint64_t since_ms = sim_now(world.sim); sim_now(world.sim) - since_ms < REPORTED_MS;) {
        check_comes_soon(&world, CENSORED);
        check_comes_soon(&world, 0);
        sim_run(world.sim, 5000);
    }

    for (uint32_t node = FIRST_BAD; node < NODES; node++)
        CHECK(is_said_to_withhold(world.sim, LOOKER, node));
    CHECK(sim_trace_has(world.sim, LOOKER, "shows less of the log"));
    CHECK(!is_said_to_withhold(world.sim, LOOKER, 3));
    leave(&world);
}

/* --- honest --- */

static void check_nobody_is_reported(struct sim *sim, uint32_t node_count)
{
    for (uint32_t node = 0; node < node_count; node++) {
        CHECK(!sim_trace_has(sim, node, "shows less of the log"));
        CHECK(!sim_trace_has(sim, node, "does not deliver"));
    }
}

static void write_texts(struct sim *sim, uint32_t node, uint64_t chance)
{
    char text[TEXT_LEN + 1];
    for (size_t i = 0; i < TEXTS; i++) {
        sim_draw_text(&chance, text, sizeof text);
        sim_write_begin(sim, node, "reflection", "description", text);
        sim_run(sim, 50);
    }
}

/* By a way of a few thousand bytes a second, and with more logs than are asked for at once. */
static void who_is_slow_or_has_come_just_now_is_not_reported(void **state)
{
    (void)state;
    struct sim *sim = sim_network(902, WRITERS + 1);
    sim_stop(sim, WRITERS);
    sim_keep_dialing(sim, WRITERS, "node1:7410");
    sim_stop(sim, 1);
    sim_keep_dialing(sim, 1, "node2:7410"); /* another than the host shows what it has */
    sim_start(sim, 1);
    for (uint32_t node = 0; node < WRITERS; node++)
        write_texts(sim, node, node);
    CHECK(sim_converge(sim, 60000));
    sim_trace_forget(sim);
    sim_net_options(sim_net(sim))->window = 1024;
    sim_net_options(sim_net(sim))->latency_ms = (struct sim_span){200, 300};

    uint64_t since_ms = sim_now(sim);
    sim_start(sim, WRITERS);
    CHECK(sim_converge(sim, 900000));

    assert_in_range(sim_now(sim) - since_ms, PH_COMPARE_MS, 900000);
    check_nobody_is_reported(sim, WRITERS + 1);
    sim_free(sim);
}

CHECK_MAIN(
    cmocka_unit_test(a_school_censored_by_all_neighbours_but_one_is_heard_and_they_are_reported),
    cmocka_unit_test(who_is_slow_or_has_come_just_now_is_not_reported))
