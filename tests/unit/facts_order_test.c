/* The same facts give the same answers in every order: small worlds of facts, some by hand and many
 * drawn from seeds, are judged by a plain model that follows the specification word by word over
 * sets of facts, and taken by ph_facts in many orders and in parts. */
#include "tests/support/fact_draw.h"

#define PLANS 44 /* facts of a drawn world */

static void check_orders(const struct model *model, uint64_t set, size_t order_count,
                         uint64_t *seed)
{
    static struct answers is, wanted;
    size_t order[MODEL_FACTS_MAX];
    model_answers(model, set, &wanted);
    for (size_t i = 0; i < order_count; i++) {
        model_shuffle(order, model->count, seed);
        struct ph_facts *facts = model_take(model, set, order);
        for (size_t k = 0; k < model->count; k++) /* once more */
            if ((set >> k & 1) != 0)
                (void)!try_take(facts, &model->made[k]);
        facts_answers(facts, model, &is);
        check_answers(&is, &wanted);
        ph_facts_free(facts);
    }
}

/* --- A world by hand --- */

static const struct plan story[] = {
    {.type = PH_FACT_FOUND},                                           /* 0 */
    {.type = PH_FACT_CERTIFY, .past = FACT(0)},                        /* 1 */
    {.type = PH_FACT_INVITE, .past = FACT(1)},                         /* 2 */
    {.type = PH_FACT_ADMIT, .school = 1, .about = 2, .past = FACT(2)}, /* 3 */
    {.type = PH_FACT_CERTIFY, .author = 1, .past = FACT(3)},           /* 4 */
    {.type = PH_FACT_ADMIT, .school = 2, .about = 2, .past = FACT(2)}, /* 5: second use */
    {.type = PH_FACT_CERTIFY, .author = 2, .past = FACT(5)},           /* 6 */
    {.type = PH_FACT_ADMIT,
     .author = 1,
     .school = 3,
     .about = 2,
     .past = FACT(4)}, /* 7: no voter */
    {.type = PH_FACT_PROPOSE,
     .what = PH_PROPOSAL_CONFIRM,
     .author = 1,
     .school = 1,
     .past = FACT(4)},                                                /* 8 */
    {.type = PH_FACT_VOTE, .author = 0, .about = 8, .past = FACT(8)}, /* 9 */
    {.type = PH_FACT_VOTE, .author = 1, .about = 8, .past = FACT(8)}, /* 10: no seat */
    {.type = PH_FACT_PROPOSE,
     .what = PH_PROPOSAL_CONFIRM,
     .author = 2,
     .school = 2,
     .past = FACT(6) | FACT(9)},                                        /* 11 */
    {.type = PH_FACT_VOTE, .author = 0, .about = 11, .past = FACT(11)}, /* 12 */
    {.type = PH_FACT_VOTE, .author = 1, .about = 11, .past = FACT(11)}, /* 13 */
    {.type = PH_FACT_INVITE, .author = 3, .past = FACT(7)},             /* 14: unknown */
    {.type = PH_FACT_ADMIT, .author = 1, .school = 3, .about = 2, .past = FACT(9)}, /* 15: voter */
    {.type = 77, .author = 3, .past = FACT(15)},                                    /* 16 */
};

static void tell_story(struct model *model)
{
    *model = (struct model){0};
    for (size_t i = 0; i < sizeof story / sizeof *story; i++)
        model_add(model, story[i]);
    model_make(model, 0);
}

static void the_model_tells_the_story_as_it_was_meant(void **state)
{
    (void)state;
    static struct model model;
    tell_story(&model);
    uint64_t all = FACT(model.count) - 1;
    CHECK(!model.is_taken[14] && model.is_taken[7] && !model.stands[7] && !model.stands[10]);
    CHECK(model.stands[5] && model.stands[15] && model.is_taken[16] && !model.stands[16]);
    CHECK(model_is_voter(&model, all, 1) && model_is_voter(&model, all, 2));
    CHECK(model_knows(&model, all, 3) && !model_is_voter(&model, all, 3));
    CHECK(!model_is_voter(&model, all & ~FACT(13), 2));
}

static void the_story_ends_the_same_in_every_order(void **state)
{
    (void)state;
    static struct model model;
    uint64_t seed = 1;
    tell_story(&model);
    check_orders(&model, FACT(model.count) - 1, 30, &seed);
}

static bool is_closed(const struct model *model, uint64_t set)
{
    for (size_t i = 0; i < model->count; i++) {
        if ((set >> i & 1) != 0 && (model->plans[i].past & ~set) != 0)
            return false;
    }
    return true;
}

static void every_closed_part_of_the_story_is_judged_as_the_model_says(void **state)
{
    (void)state;
    static struct model model;
    uint64_t seed = 2;
    size_t part_count = 0;
    tell_story(&model);
    for (uint64_t set = 0; set < FACT(model.count); set++) {
        if (!is_closed(&model, set))
            continue;
        if (part_count++ % check_every() == 0)
            check_orders(&model, set, 1, &seed);
    }
    CHECK(part_count > 100);
}

/* --- Worlds from seeds --- */

/* The story up to some point, or four voters; then mostly facts that do something, some that don't,
 * and some that aren't taken. */
static void draw_world(struct model *model, uint64_t *seed)
{
    size_t count = 3 + model_draw_below(seed, 12);
    *model = (struct model){0};
    if (model_draw_below(seed, 2) == 0)
        model_begin(model, 4);
    else
        for (size_t i = 0; i < count; i++)
            model_add(model, story[i]);
    model_make(model, 0);
    for (size_t tries = 0; model->count < PLANS && tries < 5000; tries++) {
        size_t chance = model_draw_below(seed, 10);
        enum wanted wanted = chance == 0   ? WANTED_REFUSED
                             : chance == 1 ? WANTED_IDLE
                                           : WANTED_STANDING;
        model_draw(model, wanted, seed);
    }
    assert_int_equal(model->count, PLANS);
}

/* What came up in drawn worlds, so that they can be seen not to be trivial. */
struct seen {
    size_t voters, removed, successors, restored, cut;
};

static void look(const struct model *model, struct seen *seen)
{
    uint64_t all = FACT(model->count) - 1;
    for (size_t i = 0; i < SCHOOL_COUNT; i++) {
        seen->voters += model_is_voter(model, all, i);
        seen->removed += model_is_removed(model, all, i);
        seen->successors += model_speaks(model, all, i) && !model_knows(model, all, i);
    }
    for (size_t i = 0; i < model->count; i++) {
        const struct plan *plan = &model->plans[i];
        seen->restored += plan->type == PH_FACT_PROPOSE && plan->what == PH_PROPOSAL_RESTORE &&
                          model_is_reached(model, all, i);
        seen->cut += plan->type == PH_FACT_CERTIFY && model->stands[i] &&
                     model_stands_to(model, all, i, 0) != UINT32_MAX;
    }
}

static void drawn_worlds_end_as_the_model_says_in_every_order(void **state)
{
    (void)state;
    static struct model model;
    struct seen seen = {0};
    for (uint64_t number = 0; number < 80; number += check_every()) {
        uint64_t seed = number;
        draw_world(&model, &seed);
        check_orders(&model, FACT(model.count) - 1, 2, &seed);
        look(&model, &seen);
    }
    CHECK(seen.voters > 100 / check_every());
    if (check_every() == 1)
        CHECK(seen.removed > 20 && seen.successors > 2 && seen.restored > 0 && seen.cut > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_tells_the_story_as_it_was_meant),
        cmocka_unit_test(the_story_ends_the_same_in_every_order),
        cmocka_unit_test(every_closed_part_of_the_story_is_judged_as_the_model_says),
        cmocka_unit_test(drawn_worlds_end_as_the_model_says_in_every_order),
    };
    return cmocka_run_group_tests(tests, make_world, NULL) != 0;
}
