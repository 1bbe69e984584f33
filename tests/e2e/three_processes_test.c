/* Three nodes at once, on threads as in life: commits and jobs on workers, under ThreadSanitizer
 * too. */
#include "tests/support/process.h"

#include <signal.h>
#include <stdlib.h>

#define WRITES 12

static void begin_three(struct process_world *world)
{
    struct process_school *a = &world->schools[0], *b = &world->schools[1], *c = &world->schools[2];
    process_found(a);
    process_serve(a, WORDS(NULL));
    process_join(b, a);
    process_join(c, a);
    process_serve(b, WORDS("--peer", a->address));
    process_serve(c, WORDS("--peer", a->address, "--peer", b->address));
}

static void three_nodes_that_write_at_once_converge(void **state)
{
    struct process_world *world = *state;
    struct ph_child writers[PROCESS_SCHOOLS][WRITES];
    uint64_t deadline_ms = ph_child_now_ms() + 2 * PROCESS_PATIENCE_MS;
    begin_three(world);

    for (int i = 0; i < WRITES; i++)
        for (int j = 0; j < PROCESS_SCHOOLS; j++)
            process_begin(&world->schools[j], WORDS("new", "plan", "title=x"), &writers[j][i]);
    for (int i = 0; i < WRITES; i++)
        for (int j = 0; j < PROCESS_SCHOOLS; j++)
            assert_int_equal(ph_child_wait(&writers[j][i], deadline_ms), 0);
    process_await_equal(world, PROCESS_SCHOOLS);

    for (int j = 0; j < PROCESS_SCHOOLS; j++) {
        json_t *answer = process_json(&world->schools[j], WORDS("list", "plan"));
        assert_int_equal(json_array_size(json_object_get(answer, "rows")),
                         PROCESS_SCHOOLS * WRITES);
        json_decref(answer);
    }
    for (int j = 0; j < PROCESS_SCHOOLS; j++)
        assert_int_equal(process_end(&world->schools[j], SIGTERM, 5000), 0);
}

/* Verifying reads on a worker while commits go on. */
static void verifying_goes_on_beside_writing(void **state)
{
    struct process_world *world = *state;
    struct ph_child writers[WRITES];
    uint64_t deadline_ms = ph_child_now_ms() + 2 * PROCESS_PATIENCE_MS;
    begin_three(world);

    for (int i = 0; i < WRITES; i++)
        process_begin(&world->schools[i % 2], WORDS("new", "plan", "title=x"), &writers[i]);
    process_do(&world->schools[2], WORDS("verify"));
    process_do(&world->schools[0], WORDS("verify"));
    process_do(&world->schools[0], WORDS("rebuild"));
    for (int i = 0; i < WRITES; i++)
        assert_int_equal(ph_child_wait(&writers[i], deadline_ms), 0);

    process_await_equal(world, PROCESS_SCHOOLS);
    for (int j = 0; j < PROCESS_SCHOOLS; j++)
        assert_int_equal(process_end(&world->schools[j], SIGTERM, 5000), 0);
}

CHECK_MAIN(PROCESS_TEST(three_nodes_that_write_at_once_converge),
           PROCESS_TEST(verifying_goes_on_beside_writing))
