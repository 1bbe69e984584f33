/* Everything at once, drawn from a seed: writes, breaks, partitions, crashes and full disks, at drawn
 * times. Whatever was acknowledged is everywhere once the weather clears.
 * TODO: becomes a program of its own with more faults and oracles, when the fault simulator comes. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#include <stdlib.h>

#define NODES 4
#define SEED_FIRST 1000
#define SEED_COUNT 12
#define STORM_MS 60000
#define CALM_MS 300000
#define WRITES_MAX 400

struct weather {
    struct sim *sim;
    uint64_t chance;
    uint32_t weights[8]; /* of the faults; some are 0, so that each seed is different */
    ph_command_id writes[WRITES_MAX];
    size_t write_count;
    struct sim_id known; /* an action that all may change */
};

static uint64_t draw(struct weather *weather, uint64_t below)
{
    return sim_next(&weather->chance) % below;
}

static void write_one(struct weather *weather, uint32_t node)
{
    static const char *const titles[] = {"Reading", "Writing", "Counting", "Singing"};
    if (!sim_is_up(weather->sim, node) || weather->write_count == WRITES_MAX)
        return;
    weather->writes[weather->write_count++] =
        sim_write_begin(weather->sim, node, "plan", "title", titles[draw(weather, 4)]);
}

static void change_one(struct weather *weather, uint32_t node)
{
    static const char *const helpers[] = {"Sami", "Noor", "Amal"};
    static const char *const how[] = {"add", "remove"};
    if (sim_is_up(weather->sim, node))
        sim_change_begin(weather->sim, node, how[draw(weather, 2)], &weather->known, "helpers",
                         helpers[draw(weather, 3)]);
}

static void crash_or_start(struct weather *weather, uint32_t node)
{
    if (!sim_is_up(weather->sim, node))
        sim_start(weather->sim, node);
    else if (draw(weather, 2) == 0)
        sim_crash(weather->sim, node, SIM_FATE_DRAWN);
    else
        sim_crash_at_commit(weather->sim, node, 1 + (uint32_t)draw(weather, 3), SIM_FATE_DRAWN);
}

static void happen(struct weather *weather, size_t what)
{
    struct sim *sim = weather->sim;
    uint32_t a = (uint32_t)draw(weather, NODES);
    uint32_t b = (a + 1 + (uint32_t)draw(weather, NODES - 1)) % NODES;
    switch (what) {
    case 0:
        write_one(weather, a);
        return;
    case 1:
        change_one(weather, a);
        return;
    case 2:
        sim_net_reset(sim_net(sim), sim_place(sim, a), sim_place(sim, b));
        return;
    case 3:
        sim_net_cut_after(sim_net(sim), sim_place(sim, a), sim_place(sim, b),
                          1 + draw(weather, 3000));
        return;
    case 4:
        sim_partition(sim, a, b);
        return;
    case 5:
        sim_heal(sim);
        return;
    case 6:
        crash_or_start(weather, a);
        return;
    case 7:
        sim_set_disk_full(sim, a, draw(weather, 3) == 0);
        return;
    default:
        return;
    }
}

static size_t draw_fault(struct weather *weather)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < 8; i++)
        sum += weather->weights[i];
    uint64_t at = draw(weather, sum);
    for (size_t i = 0; i < 8; i++) {
        if (at < weather->weights[i])
            return i;
        at -= weather->weights[i];
    }
    return 0;
}

static void begin(struct weather *weather, uint64_t seed)
{
    *weather = (struct weather){.sim = sim_network(seed, NODES), .chance = seed ^ 0x5eed};
    weather->known = sim_write(weather->sim, 0, "action", "helpers", "Sami");
    CHECK(sim_converge(weather->sim, 60000));
    weather->weights[0] = 20;
    weather->weights[1] = 5;
    weather->weights[5] = 4;
    for (size_t i = 2; i < 8; i++)
        if (i != 5 && draw(weather, 3) != 0)
            weather->weights[i] = 1 + (uint32_t)draw(weather, 6);
    sim_net_options(sim_net(weather->sim))->stalls = (uint32_t)draw(weather, 30);
    /* Everybody may call everybody. */
    sim_stop(weather->sim, 1);
    sim_keep_dialing(weather->sim, 1, "node2:7410");
    sim_keep_dialing(weather->sim, 1, "node3:7410");
    sim_start(weather->sim, 1);
}

static void clear_up(struct weather *weather)
{
    sim_heal(weather->sim);
    for (uint32_t node = 0; node < NODES; node++) {
        sim_crash_at_commit(weather->sim, node, 0, SIM_FATE_DRAWN);
        sim_set_disk_full(weather->sim, node, false);
        for (uint32_t other = 0; other < NODES; other++)
            sim_net_cut_after(sim_net(weather->sim), sim_place(weather->sim, node),
                              sim_place(weather->sim, other), 0);
        if (!sim_is_up(weather->sim, node))
            sim_start(weather->sim, node);
    }
}

static void check_all(struct weather *weather)
{
    struct sim *sim = weather->sim;
    for (uint32_t node = 1; node < NODES; node++)
        CHECK(sim_are_equal(sim, 0, node));
    for (size_t i = 0; i < weather->write_count; i++) {
        struct sim_id id = sim_written(sim, weather->writes[i]);
        if (id.text[0] != '\0')
            CHECK(strcmp(sim_show(sim, NODES - 1, &id, "title").text, "?") != 0);
    }
    for (uint32_t node = 0; node < NODES; node++) {
        CHECK(sim_verify(sim, node));
        CHECK(!sim_trace_has(sim, node, "forked"));
        CHECK(!sim_trace_has(sim, node, "connection closed"));
    }
    sim_run(sim, 60000);
    for (uint32_t a = 0; a < NODES; a++)
        for (uint32_t b = 0; b < a; b++)
            CHECK(sim_net_links(sim_net(sim), sim_place(sim, a), sim_place(sim, b)) <= 1);
}

static bool weather_passes(uint64_t seed)
{
    struct weather weather;
    begin(&weather, seed);
    uint64_t until_ms = sim_now(weather.sim) + STORM_MS;
    while (sim_now(weather.sim) < until_ms) {
        happen(&weather, draw_fault(&weather));
        sim_run(weather.sim, draw(&weather, 600));
    }
    clear_up(&weather);
    bool is_converged = sim_converge(weather.sim, CALM_MS);
    if (is_converged)
        check_all(&weather);
    sim_free(weather.sim);
    return is_converged;
}

static uint64_t number_from(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : usual;
}

/* SIM_SEED and SIM_SEEDS in the environment: others, or more. */
static void what_was_acknowledged_is_everywhere_after_any_weather(void **state)
{
    (void)state;
    uint64_t first = number_from("SIM_SEED", SEED_FIRST);
    uint64_t count = number_from("SIM_SEEDS", SEED_COUNT);
    for (uint64_t seed = first; seed < first + count; seed++) {
        bool passes = weather_passes(seed);
        if (!passes)
            print_error("seed %llu: they do not converge\n", (unsigned long long)seed);
        CHECK(passes);
    }
}

CHECK_MAIN(cmocka_unit_test(what_was_acknowledged_is_everywhere_after_any_weather))
