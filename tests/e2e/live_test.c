/* Connected schools see each other's work at once. */
#include "tests/support/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE_MS_MAX 1000
#define TURNS 10

static uint64_t ms_until_listed(const struct process_school *from, const struct process_school *to,
                                const char *title)
{
    char field[64];
    snprintf(field, sizeof field, "title=%s", title);
    process_do(from, WORDS("new", "plan", field));
    uint64_t start_ms = ph_child_now_ms();
    process_await_title(to, "plan", title);
    return ph_child_now_ms() - start_ms;
}

static void a_record_is_at_a_connected_school_within_a_second(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1];
    uint64_t worst_ms = 0;
    process_found(a);
    process_serve(a, WORDS(NULL));
    process_join(b, a);
    process_serve(b, WORDS("--peer", a->address));
    process_await_equal(world, 2);

    for (int turn = 0; turn < TURNS; turn++) {
        char title[32];
        snprintf(title, sizeof title, "turn %d", turn);
        uint64_t ms = ms_until_listed(turn % 2 == 0 ? a : b, turn % 2 == 0 ? b : a, title);
        worst_ms = ms > worst_ms ? ms : worst_ms;
    }

    print_message("the slowest of %d took %d ms\n", TURNS, (int)worst_ms);
    assert_in_range(worst_ms, 0, LIVE_MS_MAX);
}

static size_t count_peers(const struct process_school *school)
{
    json_t *status = process_json(school, WORDS("status"));
    size_t count = json_array_size(json_object_get(status, "peers"));
    json_decref(status);
    return count;
}

/* A, where the others have joined, moves to another port and knows B alone, as does C. */
static void a_record_passes_through_a_school_in_between(void **state)
{
    struct process_world *world = *state;
    struct process_school *a = &world->schools[0], *b = &world->schools[1], *c = &world->schools[2];
    process_found(a);
    process_serve(a, WORDS(NULL));
    process_join(b, a);
    process_join(c, a);
    assert_int_equal(process_end(a, SIGTERM, 5000), 0);
    process_serve(b, WORDS(NULL));
    process_serve(a, WORDS("--peer", b->address));
    process_serve(c, WORDS("--peer", b->address));
    process_await_equal(world, 3);

    uint64_t there_ms = ms_until_listed(a, c, "from A to C");
    uint64_t back_ms = ms_until_listed(c, a, "from C to A");

    assert_int_equal(count_peers(a), 1);
    assert_int_equal(count_peers(b), 2);
    assert_int_equal(count_peers(c), 1);
    assert_in_range(there_ms, 0, 2 * LIVE_MS_MAX);
    assert_in_range(back_ms, 0, 2 * LIVE_MS_MAX);
}

CHECK_MAIN(PROCESS_TEST(a_record_is_at_a_connected_school_within_a_second),
           PROCESS_TEST(a_record_passes_through_a_school_in_between))
