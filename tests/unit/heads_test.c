#include "proto/heads.h"

#include "tests/support/check.h"

static const struct ph_hash facts = {{1}};
static const struct ph_head heads[] = {
    {.writer = {{1}}, .seq = 5, .id = {{1}}},
    {.writer = {{1}}, .seq = 4, .id = {{2}}}, /* a branch of the same log */
    {.writer = {{2}}, .seq = 1, .id = {{0}}},
};
static const struct ph_hole holes[] = {
    {.writer = {{1}}, .seq = 2},
    {.writer = {{1}}, .seq = 300},
    {.writer = {{2}}, .seq = 1},
};

static struct ph_root root_of(const struct ph_head *some_heads, const struct ph_hole *some_holes)
{
    return ph_root(&facts, some_heads, 3, some_holes, 3);
}

static bool differs(const struct ph_root *a, struct ph_root b)
{
    return !ph_root_equal(a, &b);
}

static void root_depends_on_every_part(void **state)
{
    (void)state;
    struct ph_root root = root_of(heads, holes);
    const struct ph_hash other_facts = {{2}};
    struct ph_head other_heads[3];
    struct ph_hole other_holes[3];
    CHECK(!differs(&root, root_of(heads, holes)));

    CHECK(differs(&root, ph_root(&other_facts, heads, 3, holes, 3)));
    CHECK(differs(&root, ph_root(&facts, heads, 2, holes, 3)));
    CHECK(differs(&root, ph_root(&facts, heads, 3, holes, 2)));
    memcpy(other_heads, heads, sizeof heads);
    other_heads[1].seq = 7;
    CHECK(differs(&root, root_of(other_heads, holes)));
    other_heads[1].seq = 4;
    other_heads[2].id.bytes[31] = 1;
    CHECK(differs(&root, root_of(other_heads, holes)));
    memcpy(other_holes, holes, sizeof holes);
    other_holes[1].seq = 301;
    CHECK(differs(&root, root_of(heads, other_holes)));
    other_holes[1].seq = 300;
    other_holes[2].writer.bytes[31] = 1;
    CHECK(differs(&root, root_of(heads, other_holes)));
    other_holes[2] = holes[2];
    other_holes[2].id.bytes[31] = 1;
    CHECK(differs(&root, root_of(heads, other_holes)));
}

static void heads_are_ordered_by_writer_then_id_and_holes_by_writer_then_sequence(void **state)
{
    (void)state;
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
            int order = (a > b) - (a < b);
            int of_heads = ph_head_compare(&heads[a], &heads[b]);
            int of_holes = ph_hole_compare(&holes[a], &holes[b]);
            assert_int_equal((of_heads > 0) - (of_heads < 0), order);
            assert_int_equal((of_holes > 0) - (of_holes < 0), order);
        }
    }
}

static void fact_set_is_the_hash_of_its_ids_in_order(void **state)
{
    (void)state;
    const struct ph_fact_id ids[] = {{{1}}, {{2}}};

    struct ph_hash both = ph_fact_set_hash(ids, 2);

    struct ph_hash wanted =
        ph_hash2(PH_DOMAIN_FACT_SET, ph_bytes(ids[0].bytes, 32), ph_bytes(ids[1].bytes, 32));
    CHECK(ph_hash_equal(&both, &wanted));
}

int main(void)
{
    if (ph_crypto_init() != PH_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_depends_on_every_part),
        cmocka_unit_test(heads_are_ordered_by_writer_then_id_and_holes_by_writer_then_sequence),
        cmocka_unit_test(fact_set_is_the_hash_of_its_ids_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
