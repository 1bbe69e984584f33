/* The same facts give the same answers in every order: small worlds of facts, some by hand and many
 * drawn from seeds, are judged by a plain model that follows the specification word by word over
 * sets of facts, and taken by ph_facts in many orders and in parts. */
#include <stdlib.h>

#include "proto/heads.h"
#include "tests/support/chance.h"
#include "tests/support/fact_world.h"

#define PLANS_MAX 30
#define CAST 5 /* schools that act in a world */

/* One fact of a world. Sets of facts are masks of their numbers. */
struct plan {
    uint64_t type;
    uint8_t author; /* school number; a writer type means its writer */
    uint8_t school; /* admit, propose */
    uint8_t about;  /* admit: the invite; confirm: the proposal */
    uint32_t past;  /* what it names */
};

struct world {
    size_t count;
    struct plan plans[PLANS_MAX];
    struct made made[PLANS_MAX];
    /* What the model says of each fact. */
    uint32_t closure[PLANS_MAX]; /* all of its causal past */
    bool is_taken[PLANS_MAX];
    bool stands[PLANS_MAX];
    bool electorate[PLANS_MAX][CAST];
};

/* --- The model --- */

static bool has(uint32_t set, size_t number)
{
    return (set >> number & 1) != 0;
}

static bool model_knows(const struct world *world, uint32_t set, size_t school)
{
    for (size_t i = 0; i < world->count; i++) {
        const struct plan *plan = &world->plans[i];
        if (!has(set, i) || !world->stands[i])
            continue;
        if ((plan->type == PH_FACT_FOUND && plan->author == school) ||
            (plan->type == PH_FACT_ADMIT && plan->school == school))
            return true;
    }
    return false;
}

static bool model_is_certified(const struct world *world, uint32_t set, size_t school)
{
    for (size_t i = 0; i < world->count; i++) {
        if (has(set, i) && world->stands[i] && world->plans[i].type == PH_FACT_CERTIFY &&
            world->plans[i].author == school)
            return true;
    }
    return false;
}

static bool model_has_confirmed(const struct world *world, uint32_t set, size_t proposal,
                                size_t school)
{
    for (size_t i = 0; i < world->count; i++) {
        const struct plan *plan = &world->plans[i];
        if (has(set, i) && world->stands[i] && plan->type == PH_FACT_VOTE &&
            plan->about == proposal && plan->author == school)
            return true;
    }
    return false;
}

static bool model_is_reached(const struct world *world, uint32_t set, size_t proposal)
{
    size_t seats = 0;
    size_t confirmed = 0;
    for (size_t school = 0; school < CAST; school++) {
        if (!world->electorate[proposal][school])
            continue;
        seats++;
        confirmed += model_has_confirmed(world, set, proposal, school);
    }
    return seats < 3 ? confirmed == seats : 2 * confirmed > seats;
}

static bool model_is_voter(const struct world *world, uint32_t set, size_t school)
{
    for (size_t i = 0; i < world->count; i++) {
        const struct plan *plan = &world->plans[i];
        if (!has(set, i) || !world->stands[i])
            continue;
        if (plan->type == PH_FACT_FOUND && plan->author == school)
            return true;
        if (plan->type == PH_FACT_PROPOSE && plan->school == school &&
            model_is_reached(world, set, i))
            return true;
    }
    return false;
}

static bool is_by_writer(uint64_t type)
{
    return type == PH_FACT_INVITE || type == PH_FACT_ADMIT || type == PH_FACT_PROPOSE;
}

static bool model_takes(const struct world *world, size_t number)
{
    const struct plan *plan = &world->plans[number];
    uint32_t past = world->closure[number];
    if (plan->type == PH_FACT_FOUND)
        return true;
    for (size_t i = 0; i < number; i++) {
        if (has(past, i) && !world->is_taken[i])
            return false;
    }
    return is_by_writer(plan->type) ? model_is_certified(world, past, plan->author)
                                    : model_knows(world, past, plan->author);
}

static bool model_stands(const struct world *world, size_t number)
{
    const struct plan *plan = &world->plans[number];
    uint32_t past = world->closure[number];
    switch (plan->type) {
    case PH_FACT_FOUND:
    case PH_FACT_CERTIFY:
    case PH_FACT_INVITE:
        return true;
    case PH_FACT_ADMIT:
        return has(past, plan->about) && world->plans[plan->about].type == PH_FACT_INVITE &&
               model_is_voter(world, past, plan->author);
    case PH_FACT_PROPOSE:
        return model_knows(world, past, plan->school);
    case PH_FACT_VOTE:
        return has(past, plan->about) && world->stands[plan->about] &&
               world->electorate[plan->about][plan->author];
    default:
        return false;
    }
}

static void judge_by_model(struct world *world, size_t number)
{
    uint32_t past = world->plans[number].past;
    for (size_t i = 0; i < number; i++) {
        if (has(world->plans[number].past, i))
            past |= world->closure[i];
    }
    world->closure[number] = past;
    world->is_taken[number] = model_takes(world, number);
    world->stands[number] = world->is_taken[number] && model_stands(world, number);
    bool is_proposal = world->plans[number].type == PH_FACT_PROPOSE;
    for (size_t school = 0; school < CAST; school++)
        world->electorate[number][school] = is_proposal && model_is_voter(world, past, school);
}

/* --- Making the facts --- */

static void make_planned(struct world *world, size_t number)
{
    const struct plan *plan = &world->plans[number];
    const struct school *author = &schools[plan->author];
    const struct made *past[PLANS_MAX + 1] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < number; i++) {
        if (has(plan->past, i))
            past[count++] = &world->made[i];
    }
    struct made *out = &world->made[number];
    if (plan->type == PH_FACT_FOUND)
        *out = founding;
    else if (plan->type == PH_FACT_CERTIFY)
        *out = make_certify(author, &author->writer, past);
    else if (plan->type == PH_FACT_INVITE)
        *out = make_invite(&author->writer, (uint16_t)(1 + number), past);
    else if (plan->type == PH_FACT_ADMIT)
        *out =
            make_admit(&author->writer, &schools[plan->school].id, &world->made[plan->about], past);
    else if (plan->type == PH_FACT_PROPOSE)
        *out = make_propose(&author->writer, &schools[plan->school].id, past);
    else if (plan->type == PH_FACT_VOTE)
        *out = make_confirm(&author->key, &world->made[plan->about], past);
    else
        *out = make_unknown(&author->key, past);
}

static void add_plan(struct world *world, struct plan plan)
{
    assert_true(world->count < PLANS_MAX);
    size_t number = world->count++;
    world->plans[number] = plan;
    judge_by_model(world, number);
}

static void make_all(struct world *world)
{
    for (size_t i = 0; i < world->count; i++)
        make_planned(world, i);
}

/* --- Comparing --- */

static size_t draw(uint64_t *seed, size_t bound)
{
    return (size_t)chance_below(seed, bound);
}

static void shuffle(size_t *order, size_t count, uint64_t *seed)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--) {
        size_t k = draw(seed, i);
        size_t swapped = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swapped;
    }
}

/* Offer the facts of `set` in this order, again and again until nothing more is taken. */
static struct ph_facts *take_in_order(const struct world *world, uint32_t set, const size_t *order)
{
    struct ph_facts *facts = new_set();
    for (uint32_t before = UINT32_MAX; before != ph_facts_count(facts);) {
        before = ph_facts_count(facts);
        for (size_t i = 0; i < world->count; i++) {
            if (!has(set, order[i]))
                continue;
            enum ph_status status = try_take(facts, &world->made[order[i]]);
            CHECK(status == PH_OK || status == PH_WAITING || status == PH_FORBIDDEN);
        }
    }
    return facts;
}

static void check_admission(const struct world *world, uint32_t set, const struct ph_member *member)
{
    const struct ph_fact_id *lowest = NULL;
    for (size_t i = 0; i < world->count; i++) {
        const struct plan *plan = &world->plans[i];
        if (!has(set, i) || !world->stands[i] || plan->type != PH_FACT_ADMIT ||
            !ph_school_id_equal(&schools[plan->school].id, &member->school))
            continue;
        if (lowest == NULL || ph_fact_id_compare(&world->made[i].id, lowest) < 0)
            lowest = &world->made[i].id;
    }
    if (ph_school_id_equal(&member->school, &schools[0].id))
        lowest = &founding.id;
    CHECK(lowest != NULL && ph_fact_id_equal(lowest, &member->admission));
}

/* Everything that the set says against what the model says of the same facts. */
static void check_against_model(const struct world *world, uint32_t set, struct ph_facts *facts)
{
    struct ph_fact_id ids[PLANS_MAX];
    struct ph_member members[CAST];
    uint32_t known_count = 0;
    size_t taken_count = 0;
    for (size_t i = 0; i < world->count; i++) {
        bool is_taken = has(set, i) && world->is_taken[i];
        CHECK((ph_facts_find(facts, &world->made[i].id) != NULL) == is_taken);
        if (is_taken)
            ids[taken_count++] = world->made[i].id;
    }
    for (size_t school = 0; school < CAST; school++) {
        bool is_known = model_knows(world, set, school);
        known_count += is_known;
        CHECK(ph_facts_knows(facts, &schools[school].id) == is_known);
        CHECK(ph_facts_is_voter(facts, &schools[school].id) == model_is_voter(world, set, school));
    }
    assert_int_equal(ph_facts_members(facts, members, CAST), known_count);
    for (uint32_t i = 0; i < known_count; i++)
        check_admission(world, set, &members[i]);
    qsort(ids, taken_count, sizeof *ids, order_of_ids);
    struct ph_hash expected = ph_fact_set_hash(ids, taken_count);
    struct ph_hash ours = ph_facts_hash(facts, ph_facts_count(facts));
    CHECK(ph_hash_equal(&ours, &expected));
}

static void check_orders(const struct world *world, uint32_t set, size_t order_count,
                         uint64_t *seed)
{
    size_t order[PLANS_MAX];
    for (size_t i = 0; i < order_count; i++) {
        shuffle(order, world->count, seed);
        struct ph_facts *facts = take_in_order(world, set, order);
        check_against_model(world, set, facts);
        ph_facts_free(facts);
    }
}

/* --- A world by hand --- */

#define FACT(number) (UINT32_C(1) << (number))

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
     .past = FACT(4)},                                                    /* 7: no voter */
    {.type = PH_FACT_PROPOSE, .author = 1, .school = 1, .past = FACT(4)}, /* 8 */
    {.type = PH_FACT_VOTE, .author = 0, .about = 8, .past = FACT(8)},     /* 9 */
    {.type = PH_FACT_VOTE, .author = 1, .about = 8, .past = FACT(8)},     /* 10: no seat */
    {.type = PH_FACT_PROPOSE, .author = 2, .school = 2, .past = FACT(6) | FACT(9)}, /* 11 */
    {.type = PH_FACT_VOTE, .author = 0, .about = 11, .past = FACT(11)},             /* 12 */
    {.type = PH_FACT_VOTE, .author = 1, .about = 11, .past = FACT(11)},             /* 13 */
    {.type = PH_FACT_INVITE, .author = 3, .past = FACT(7)}, /* 14: unknown */
    {.type = PH_FACT_ADMIT, .author = 1, .school = 3, .about = 2, .past = FACT(9)}, /* 15: voter */
    {.type = 77, .author = 3, .past = FACT(15)},                                    /* 16 */
};

static void tell_story(struct world *world)
{
    *world = (struct world){0};
    for (size_t i = 0; i < sizeof story / sizeof *story; i++)
        add_plan(world, story[i]);
    make_all(world);
}

static void the_model_tells_the_story_as_it_was_meant(void **state)
{
    (void)state;
    static struct world world;
    tell_story(&world);
    uint32_t all = FACT(world.count) - 1;
    CHECK(!world.is_taken[14] && world.is_taken[7] && !world.stands[7] && !world.stands[10]);
    CHECK(world.stands[5] && world.stands[15] && world.is_taken[16] && !world.stands[16]);
    CHECK(model_is_voter(&world, all, 1) && model_is_voter(&world, all, 2));
    CHECK(model_knows(&world, all, 3) && !model_is_voter(&world, all, 3));
    CHECK(!model_is_voter(&world, all & ~FACT(13), 2));
}

static void the_story_ends_the_same_in_every_order(void **state)
{
    (void)state;
    static struct world world;
    uint64_t seed = 1;
    tell_story(&world);
    check_orders(&world, FACT(world.count) - 1, 30, &seed);
}

static bool is_closed(const struct world *world, uint32_t set)
{
    for (size_t i = 0; i < world->count; i++) {
        if (has(set, i) && (world->plans[i].past & ~set) != 0)
            return false;
    }
    return true;
}

static void every_closed_part_of_the_story_is_judged_as_the_model_says(void **state)
{
    (void)state;
    static struct world world;
    uint64_t seed = 2;
    size_t part_count = 0;
    tell_story(&world);
    for (uint32_t set = 0; set < FACT(world.count); set++) {
        if (!is_closed(&world, set))
            continue;
        if (part_count++ % check_every() == 0)
            check_orders(&world, set, 1, &seed);
    }
    CHECK(part_count > 100);
}

/* --- Worlds from seeds --- */

static const uint8_t types[] = {
    PH_FACT_CERTIFY,
    PH_FACT_CERTIFY,
    PH_FACT_INVITE,
    PH_FACT_ADMIT,
    PH_FACT_ADMIT,
    PH_FACT_PROPOSE,
    PH_FACT_PROPOSE,
    PH_FACT_PROPOSE,
    PH_FACT_VOTE,
    PH_FACT_VOTE,
    PH_FACT_VOTE,
    PH_FACT_VOTE,
    77,
};

static uint8_t draw_of_type(const struct world *world, uint64_t type, uint64_t *seed)
{
    for (size_t tries = 0; tries < 20; tries++) {
        size_t number = draw(seed, world->count);
        if (world->plans[number].type == type)
            return (uint8_t)number;
    }
    return 0;
}

static struct plan draw_plan(const struct world *world, uint64_t *seed)
{
    struct plan plan = {.type = types[draw(seed, sizeof types)]};
    plan.author = (uint8_t)draw(seed, CAST);
    if (plan.type == PH_FACT_ADMIT || plan.type == PH_FACT_PROPOSE)
        plan.school = (uint8_t)draw(seed, CAST);
    if (plan.type == PH_FACT_ADMIT)
        plan.about = draw_of_type(world, PH_FACT_INVITE, seed);
    if (plan.type == PH_FACT_VOTE)
        plan.about = draw_of_type(world, PH_FACT_PROPOSE, seed);
    for (size_t i = 0, count = 1 + draw(seed, 3); i < count; i++)
        plan.past |=
            FACT(world->count - 1 - draw(seed, 1 + draw(seed, world->count))); /* late ones */
    return plan;
}

/* The very same statement again would be the same fact. */
static bool has_plan(const struct world *world, const struct plan *plan)
{
    for (size_t i = 0; i < world->count; i++) {
        const struct plan *other = &world->plans[i];
        if (other->type == plan->type && other->author == plan->author &&
            other->school == plan->school && other->about == plan->about &&
            other->past == plan->past)
            return true;
    }
    return false;
}

/* Draw until the next fact is as `wanted` says. */
enum wanted { WANTED_REFUSED, WANTED_IDLE, WANTED_STANDING };

static bool add_drawn(struct world *world, enum wanted wanted, uint64_t *seed)
{
    struct plan plan = draw_plan(world, seed);
    if (has_plan(world, &plan))
        return false;
    add_plan(world, plan);
    size_t number = world->count - 1;
    enum wanted is = world->stands[number]     ? WANTED_STANDING
                     : world->is_taken[number] ? WANTED_IDLE
                                               : WANTED_REFUSED;
    if (is == wanted)
        return true;
    world->count--;
    return false;
}

/* The story up to some point, then mostly facts that do something, some that don't, and some that
 * aren't taken. */
static void draw_world(struct world *world, uint64_t *seed)
{
    *world = (struct world){0};
    for (size_t i = 0, count = 3 + draw(seed, 12); i < count; i++)
        add_plan(world, story[i]);
    for (size_t tries = 0; world->count < PLANS_MAX && tries < 5000; tries++) {
        size_t chance = draw(seed, 10);
        enum wanted wanted = chance == 0   ? WANTED_REFUSED
                             : chance == 1 ? WANTED_IDLE
                                           : WANTED_STANDING;
        add_drawn(world, wanted, seed);
    }
    assert_int_equal(world->count, PLANS_MAX);
    make_all(world);
}

static void drawn_worlds_end_as_the_model_says_in_every_order(void **state)
{
    (void)state;
    static struct world world;
    size_t voter_count = 0;
    for (uint64_t number = 0; number < 40; number += check_every()) {
        uint64_t seed = number;
        draw_world(&world, &seed);
        uint32_t all = FACT(world.count) - 1;
        check_orders(&world, all, 2, &seed);
        for (size_t school = 0; school < CAST; school++)
            voter_count += model_is_voter(&world, all, school);
    }
    CHECK(voter_count > 60 / check_every()); /* the worlds aren't trivial */
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
