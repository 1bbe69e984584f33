/* Memory that runs out between two halves of one step: the node stops, and a restart finds all
 * whole. */
#include "store/batch.h"
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

/* The linker puts the first in the place of the second (--wrap). */
enum ph_status __wrap_ph_batch_fact(struct ph_batch *batch, uint32_t index, struct ph_bytes fact);
enum ph_status __real_ph_batch_fact(struct ph_batch *batch, uint32_t index, struct ph_bytes fact);

static uint32_t failures_left;

enum ph_status __wrap_ph_batch_fact(struct ph_batch *batch, uint32_t index, struct ph_bytes fact)
{
    if (failures_left == 0)
        return __real_ph_batch_fact(batch, index, fact);
    failures_left--;
    return PH_NO_MEMORY;
}

/* Regression: the node went on with a fact that was in no batch; the next one left a gap in the
 * store, behind which no later start read any. */
static void a_new_writers_fact_without_memory_stops_the_node(void **state)
{
    (void)state;
    struct sim *sim = sim_network(1201, 2);
    sim_stop(sim, 1);
    sim_lose_writer(sim, 1);
    failures_left = 1;
    sim_start(sim, 1);
    sim_run(sim, 3000);

    assert_int_equal(failures_left, 0);
    CHECK(!sim_is_up(sim, 1));

    sim_start(sim, 1);
    struct sim_id plan = sim_write(sim, 1, "plan", "title", "After");
    sim_invite(sim, 0, 1, UINT32_MAX); /* one more fact */
    CHECK(sim_converge(sim, 60000));
    sim_stop(sim, 1);
    sim_start(sim, 1);
    CHECK(sim_converge(sim, 60000));
    assert_string_equal(sim_show(sim, 0, &plan, "title").text, "After (School 1)");
    CHECK(sim_verify(sim, 1));
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(a_new_writers_fact_without_memory_stops_the_node))
