#include "tests/support/fact_draw.h"

#include "tests/support/chance.h"

size_t model_draw_below(uint64_t *seed, size_t bound)
{
    return (size_t)chance_below(seed, bound);
}

#define draw model_draw_below

void model_shuffle(size_t *order, size_t count, uint64_t *seed)
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

struct weighted {
    uint8_t what, weight;
};

static const struct weighted types[] = {
    {PH_FACT_CERTIFY, 8}, {PH_FACT_INVITE, 4}, {PH_FACT_ADMIT, 8}, {PH_FACT_PROPOSE, 14},
    {PH_FACT_VOTE, 24},   {PH_FACT_CLOSE, 3},  {PH_FACT_LEAVE, 1}, {77, 2},
};

static const struct weighted proposals[] = {
    {PH_PROPOSAL_CONFIRM, 4}, {PH_PROPOSAL_REMOVE, 3}, {PH_PROPOSAL_RESTORE, 4},
    {PH_PROPOSAL_SUCCEED, 2}, {PH_PROPOSAL_POLICY, 2},
};

static uint8_t draw_weighted(const struct weighted *rows, size_t count, uint64_t *seed)
{
    size_t sum = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        sum += rows[i].weight;
    for (size_t left = draw(seed, sum); left >= rows[at].weight; at++)
        left -= rows[at].weight;
    return rows[at].what;
}

/* A fact of that type that does something, rather a late one; 0: none was met. */
static uint8_t draw_of_type(const struct model *model, uint64_t type, uint64_t *seed)
{
    for (size_t tries = 0; tries < 20; tries++) {
        size_t number = model->count - 1 - draw(seed, 1 + draw(seed, model->count));
        if (model->plans[number].type == type && (model->stands[number] || tries == 19))
            return (uint8_t)number;
    }
    return 0;
}

/* What keeps the school out, most of it, and seldom anything. */
static uint64_t draw_lifted(const struct model *model, size_t school, uint64_t *seed)
{
    uint64_t keeping = model_unlifted(model, FACT(model->count) - 1, school), out = 0;
    for (size_t i = 0; i < model->count; i++)
        if ((keeping >> i & 1) != 0 ? draw(seed, 6) != 0 : draw(seed, 200) == 0)
            out |= FACT(i);
    return out != 0 ? out : FACT(draw(seed, model->count));
}

/* Rather one that is removed. */
static uint8_t draw_outcast(const struct model *model, uint64_t *seed)
{
    uint8_t school = (uint8_t)draw(seed, MODEL_CAST);
    for (size_t tries = 0; tries < 6; tries++) {
        if (model_is_removed(model, FACT(model->count) - 1, school))
            break;
        school = (uint8_t)draw(seed, MODEL_CAST);
    }
    return school;
}

static void draw_proposal(const struct model *model, struct plan *plan, uint64_t *seed)
{
    plan->what = draw_weighted(proposals, sizeof proposals / sizeof *proposals, seed);
    plan->school = (uint8_t)draw(seed, MODEL_CAST);
    if (plan->what == PH_PROPOSAL_RESTORE) {
        plan->school = draw_outcast(model, seed);
        plan->lifted = draw_lifted(model, plan->school, seed);
    }
    if (plan->what == PH_PROPOSAL_SUCCEED) {
        plan->key = (uint8_t)(draw(seed, 10) == 0 ? draw(seed, MODEL_CAST) : 7 + draw(seed, 3));
        plan->has_no_consent = draw(seed, 10) == 0;
    }
    if (plan->what == PH_PROPOSAL_POLICY) {
        plan->school = 0;
        plan->setting = (uint8_t)(1 + draw(seed, 2));
        plan->value = (uint8_t)draw(seed, 2);
    }
}

/* Whose logs are in question, or anybody's. */
static size_t school_in_question(const struct model *model, const struct plan *plan, uint64_t *seed)
{
    bool is_vote = plan->type == PH_FACT_VOTE && draw(seed, 8) != 0;
    return is_vote              ? model->plans[plan->about].school
           : draw(seed, 4) == 0 ? draw(seed, MODEL_CAST)
                                : plan->author;
}

/* On two branches, or on one: never the same twice. */
static void draw_ends(const struct model *model, struct plan *plan, uint64_t *seed)
{
    uint8_t branch = (uint8_t)draw(seed, MODEL_BRANCHES);
    for (size_t i = 0, count = draw(seed, MODEL_BRANCHES + 1); i < count; i++)
        plan->ends[i] = (struct model_end){(uint8_t)school_in_question(model, plan, seed),
                                           (uint8_t)((branch + i) % MODEL_BRANCHES),
                                           (uint8_t)(1 + draw(seed, MODEL_LOG_LEN + 1))};
}

/* An open proposal, if one is met soon. */
static uint8_t draw_question(const struct model *model, uint64_t *seed)
{
    uint8_t number = 0;
    for (size_t tries = 0; tries < 6; tries++) {
        number = draw_of_type(model, PH_FACT_PROPOSE, seed);
        if (!model_is_reached(model, FACT(model->count) - 1, number))
            break;
    }
    return number;
}

static uint8_t draw_author(uint64_t *seed)
{
    return (uint8_t)(draw(seed, 7) == 0 ? 7 + draw(seed, 3) : draw(seed, MODEL_CAST));
}

static struct plan draw_plan(const struct model *model, uint64_t *seed)
{
    struct plan plan = {.type = draw_weighted(types, sizeof types / sizeof *types, seed)};
    plan.author = draw_author(seed);
    plan.has_wrong_key = draw(seed, 25) == 0;
    switch (plan.type) {
    case PH_FACT_CERTIFY:
        plan.writer = (uint8_t)(draw(seed, 5) == 0 ? 1 + draw(seed, MODEL_CAST) : 0);
        break;
    case PH_FACT_ADMIT:
        plan.school = (uint8_t)draw(seed, MODEL_CAST);
        plan.about = draw_of_type(model, PH_FACT_INVITE, seed);
        break;
    case PH_FACT_PROPOSE:
        draw_proposal(model, &plan, seed);
        break;
    case PH_FACT_VOTE:
        plan.about = draw_question(model, seed);
        draw_ends(model, &plan, seed);
        break;
    case PH_FACT_CLOSE:
        plan.writer = (uint8_t)(1 + draw(seed, MODEL_CAST));
        draw_ends(model, &plan, seed);
        break;
    case PH_FACT_LEAVE:
        draw_ends(model, &plan, seed);
        break;
    }
    if (draw(seed, 3) == 0)
        plan.past |= FACT(model->count - 1);
    for (size_t i = 0, count = 1 + draw(seed, 3); i < count; i++) /* late ones */
        plan.past |= FACT(model->count - 1 - draw(seed, 1 + draw(seed, model->count)));
    if ((plan.type == PH_FACT_VOTE || plan.type == PH_FACT_ADMIT) && draw(seed, 8) != 0)
        plan.past |= FACT(plan.about);
    return plan;
}

/* The very same statement again would be the same fact. */
static bool is_there(const struct model *model, size_t number)
{
    for (size_t i = 0; i < number; i++)
        if (ph_fact_id_equal(&model->made[i].id, &model->made[number].id))
            return true;
    return false;
}

bool model_draw(struct model *model, enum wanted wanted, uint64_t *seed)
{
    size_t number = model->count;
    model_add(model, draw_plan(model, seed));
    enum wanted is = model->stands[number]     ? WANTED_STANDING
                     : model->is_taken[number] ? WANTED_IDLE
                                               : WANTED_REFUSED;
    if (is == wanted) {
        model_make(model, number);
        if (!is_there(model, number))
            return true;
    }
    model->count--;
    return false;
}
