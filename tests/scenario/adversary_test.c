/* Schools gone bad that act by themselves, drawn from a seed: the honest go on as if they were
 * alone. SIM_SEED and SIM_SEEDS in the environment: other seeds, or more. */
#include "tests/sim/sim_adversary.h"
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#include <stdlib.h>

#define NODES 5
#define SEED_FIRST 7010
#define SEED_COUNT 24
#define STORM_MS 40000
#define CALM_MS 240000
#define WRITES_MAX 200
#define QUOTA 40000

struct world {
    struct sim *sim;
    uint64_t chance;
    uint32_t bad_count;
    struct sim_adversary *bad[2];
    ph_command_id writes[WRITES_MAX];
    size_t write_count;
};

static uint64_t draw(struct world *world, uint64_t below)
{
    return sim_next(&world->chance) % below;
}

static bool is_bad(const struct world *world, uint32_t node)
{
    return node >= NODES - world->bad_count;
}

/* Each lie is there in half of the seeds. */
static uint32_t draw_lies(struct world *world)
{
    const char *given = getenv("SIM_LIES");
    uint32_t lies = (uint32_t)sim_next(&world->chance) & SIM_LIES_ALL;
    return given != NULL ? (uint32_t)strtoul(given, NULL, 0) : lies;
}

/* In half of the seeds a log is full soon. */
static void found(struct world *world, uint64_t seed)
{
    world->sim = sim_start_all(seed, NODES);
    if (draw(world, 2) == 0) {
        sim_found(world->sim, 0, "Lighthouse");
    } else {
        sim_stop(world->sim, 0);
        sim_found_with_quota(world->sim, 0, "Lighthouse", QUOTA);
        sim_start(world->sim, 0);
    }
    struct sim_code code = sim_invite(world->sim, 0, NODES - 1, 0);
    for (uint32_t node = 1; node < NODES; node++)
        CHECK(sim_join(world->sim, node, &code, UINT32_MAX, 60000));
}

static void begin(struct world *world, uint64_t seed)
{
    *world = (struct world){.chance = seed ^ 0xbad};
    struct ph_invitation invitation;
    char why[200];
    found(world, seed);
    world->bad_count = 1 + (uint32_t)draw(world, 2);
    struct sim_code code = sim_invite(world->sim, 0, 1, UINT32_MAX);
    CHECK_OK(ph_invitation_read(ph_bytes_text(code.text), &invitation, why));
    for (uint32_t node = 0; node < 3; node++)
        sim_write(world->sim, node, "reflection", "text", "Mine alone");
    CHECK(sim_converge(world->sim, 60000));
    sim_stop(world->sim, 1);
    sim_keep_dialing(world->sim, 1, "node2:7410");
    sim_keep_dialing(world->sim, 1, "node4:7410");
    sim_start(world->sim, 1);
    for (uint32_t i = 0; i < world->bad_count; i++) {
        struct sim_adversary_options options = {.node = NODES - 1 - i,
                                                .invitation = &invitation,
                                                .seed = sim_next(&world->chance),
                                                .lies = draw_lies(world),
                                                .pause_ms = {1, 200 + 100 * draw(world, 20)}};
        if (i == 1 && draw(world, 2) == 0)
            options.partner = world->bad[0];
        sim_stop(world->sim, options.node);
        world->bad[i] = sim_adversary_new(world->sim, &options);
    }
}

static void leave(struct world *world)
{
    for (uint32_t i = world->bad_count; i-- != 0;)
        sim_adversary_free(world->bad[i]);
    sim_free(world->sim);
}

/* Whether a line is about a connection between two honest nodes: "[…] 0 # node1:49160: …". */
static bool is_between_honest(const struct world *world, const char *line)
{
    const char *writer = strchr(line, ']'), *other = strstr(line, "# node");
    if (writer == NULL || other == NULL || strchr(line, '\n') < other)
        return false;
    return !is_bad(world, (uint32_t)strtoul(writer + 1, NULL, 10)) &&
           !is_bad(world, (uint32_t)strtoul(other + strlen("# node"), NULL, 10));
}

/* No honest node ends a session with another for what it sent, or for who it is. */
static void check_nobody_is_blamed(const struct world *world)
{
    static const char *const ends[] = {"connection closed", "it refused what we sent",
                                       "another connection stays", "it has no place left"};
    const char *line = sim_trace(world->sim);
    while (*line != '\0') {
        const char *end = strchr(line, '\n');
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
            const char *found = strstr(line, ends[i]);
            if (found == NULL || found > end || !is_between_honest(world, line))
                continue;
            print_error("%.*s\n", (int)(end - line), line);
            CHECK(false);
        }
        line = end + 1;
    }
}

static void check_queues(struct world *world, uint32_t node)
{
    size_t len = sim_net_outstanding_max(sim_net(world->sim), sim_place(world->sim, node));
    assert_in_range(len, 0, PH_OUTBOX_BYTES_HARD_MAX + PH_FRAME_CIPHER_MAX);
}

static void check_node(struct world *world, uint32_t node)
{
    struct sim *sim = world->sim;
    CHECK(sim_are_equal(sim, 0, node));
    CHECK(sim_verify(sim, node));
    check_queues(world, node);
    CHECK(!sim_trace_has(sim, node, "becomes a new writer")); /* nobody's disk was copied */
    for (uint32_t i = 0; i < world->bad_count; i++) {
        const char *mark = sim_adversary_mark(world->bad[i], node);
        if (mark != NULL)
            print_error("node %u: %s\n", node, mark);
        CHECK(mark == NULL);
    }
    for (size_t i = 0; i < world->write_count; i++) {
        struct sim_id id = sim_written(sim, world->writes[i]);
        if (id.text[0] != '\0')
            CHECK(strcmp(sim_show(sim, node, &id, "title").text, "?") != 0);
    }
}

static void act_one(struct world *world)
{
    uint32_t node = (uint32_t)draw(world, NODES - world->bad_count);
    if (draw(world, 12) == 0) {
        sim_net_reset(sim_net(world->sim), sim_place(world->sim, node),
                      sim_place(world->sim, (uint32_t)draw(world, NODES)));
        return;
    }
    if (draw(world, 3) == 0 && world->write_count < WRITES_MAX)
        world->writes[world->write_count++] =
            sim_write_begin(world->sim, node, "plan", "title", "Honest");
}

static bool seed_passes(uint64_t seed)
{
    struct world world;
    begin(&world, seed);
    uint64_t until_ms = sim_now(world.sim) + STORM_MS;
    while (sim_now(world.sim) < until_ms) {
        act_one(&world);
        sim_run(world.sim, draw(&world, 800));
    }
    for (uint32_t i = 0; i < world.bad_count; i++)
        sim_adversary_calm(world.bad[i], draw(&world, 2) == 0);
    bool is_converged = sim_converge(world.sim, CALM_MS);
    for (uint32_t i = 0; i < world.bad_count; i++)
        sim_adversary_calm(world.bad[i], true); /* nothing moves while it is looked at */
    sim_run(world.sim, 5000);
    is_converged = is_converged && sim_converge(world.sim, CALM_MS);
    for (uint32_t node = 0; is_converged && node < NODES; node++)
        if (!is_bad(&world, node))
            check_node(&world, node);
    check_nobody_is_blamed(&world);
    if (getenv("SIM_TELL") != NULL)
        print_message("seed %llu: %llu ms, %llu acts, hash %llx\n", (unsigned long long)seed,
                      (unsigned long long)sim_now(world.sim),
                      (unsigned long long)sim_adversary_act_count(world.bad[0]),
                      (unsigned long long)sim_trace_hash(world.sim));
    leave(&world);
    return is_converged;
}

static uint64_t number_from(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : usual;
}

static void the_honest_stay_equal_whatever_some_members_do(void **state)
{
    (void)state;
    uint64_t first = number_from("SIM_SEED", SEED_FIRST);
    uint64_t count = number_from("SIM_SEEDS", SEED_COUNT / check_every());
    for (uint64_t seed = first; seed < first + count; seed++) {
        bool passes = seed_passes(seed);
        if (!passes)
            print_error("seed %llu: they do not converge\n", (unsigned long long)seed);
        CHECK(passes);
    }
}

CHECK_MAIN(cmocka_unit_test(the_honest_stay_equal_whatever_some_members_do))
