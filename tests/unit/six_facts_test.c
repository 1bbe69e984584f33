/* Six facts in all orders: after a network of four voters, each of the 720 orders of six facts
 * gives the same answers, which are the model's, and so does every part of them with its past. Some
 * sets are written by hand, five hundred drawn. Signatures are quick ones. */
#include <malloc.h>

#include "tests/support/fact_draw.h"

#define VOTERS 4
#define BEGUN 18 /* facts of the beginning */
#define LAST FACT(BEGUN - 1)
#define SIX 6
#define BEFORE_MAX 8 /* facts of a set that always come first */
#define DRAWN_SETS 500

/* --- Sets by hand --- */

/* Facts of a set by letters; the last six are those that come in all orders. */
enum { A = BEGUN, B, C, D, E, F, G, H, I, J, K, L, M, N };

#define END(...) .ends = {__VA_ARGS__}
#define AT(writer, branch, seq)                                                                    \
    {                                                                                              \
        writer, branch, seq                                                                        \
    }
#define PROPOSE(by, kind, whom, after)                                                             \
    .type = PH_FACT_PROPOSE, .author = by, .what = PH_PROPOSAL_##kind, .school = whom, .past = after
#define RESTORE(by, whom, what, after) PROPOSE(by, RESTORE, whom, after), .lifted = what
#define SUCCEED(by, whom, new, after) PROPOSE(by, SUCCEED, whom, after), .key = new
#define POLICY(by, which, number, after)                                                           \
    PROPOSE(by, POLICY, 0, after), .setting = which, .value = number
#define VOTE(by, on) .type = PH_FACT_VOTE, .author = by, .about = on, .past = FACT(on)
#define VOTE_AFTER(by, on, after) .type = PH_FACT_VOTE, .author = by, .about = on, .past = after
#define CERTIFY(by, after) .type = PH_FACT_CERTIFY, .author = by, .past = after
#define INVITE(by, after) .type = PH_FACT_INVITE, .author = by, .past = after
#define ADMIT(by, whom, with, after)                                                               \
    .type = PH_FACT_ADMIT, .author = by, .school = whom, .about = with, .past = after
#define LEAVE(by, after) .type = PH_FACT_LEAVE, .author = by, .past = after
#define CLOSE(by, whose, after)                                                                    \
    .type = PH_FACT_CLOSE, .author = by, .writer = 1 + whose, .past = after
#define ODD(by, after) .type = 77, .author = by, .past = after

struct set {
    const char *says;
    struct plan plans[BEFORE_MAX + SIX]; /* up to the first without a type */
};

static const struct set sets[] = {
    {"two schools remove each other, apart",
     {{PROPOSE(1, REMOVE, 3, LAST)},
      {PROPOSE(3, REMOVE, 1, LAST)},
      {VOTE(0, A), END(AT(3, 0, 4))},
      {VOTE(2, A), END(AT(3, 1, 5))},
      {VOTE(0, B), END(AT(1, 0, 2))},
      {VOTE(2, B)}}},
    {"who is removed proposes to remove in turn, and has no effect",
     {{PROPOSE(1, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {PROPOSE(3, REMOVE, 1, FACT(B) | FACT(C))},
      {VOTE(0, D)},
      {VOTE(2, D)}}},
    {"a removal, and a certify fact of the accused before it, behind one vote, behind both",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A), END(AT(3, 0, 3))},
      {VOTE(1, A), END(AT(3, 1, 4))},
      {CERTIFY(3, LAST)},
      {CERTIFY(3, FACT(B))},
      {CERTIFY(3, FACT(B) | FACT(C))}}},
    {"a removal, its restoration, and a log that begins behind it",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A), END(AT(3, 0, 2))},
      {VOTE(1, A), END(AT(3, 0, 3))},
      {RESTORE(0, 3, FACT(A), FACT(B) | FACT(C))},
      {VOTE(1, D), END(AT(3, 1, 5))},
      {VOTE(2, D), END(AT(3, 1, 4))},
      {CERTIFY(3, FACT(E) | FACT(F))},
      {CERTIFY(3, FACT(E))}}},
    {"removed, restored, removed again",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {RESTORE(0, 3, FACT(A), FACT(B) | FACT(C))},
      {VOTE(1, D)},
      {VOTE(2, D)},
      {PROPOSE(1, REMOVE, 3, FACT(E) | FACT(F))},
      {VOTE(0, G), END(AT(3, 0, 6))},
      {VOTE(2, G), END(AT(3, 1, 6))}}},
    {"a second removal made apart from the restoration of the first",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {RESTORE(0, 3, FACT(A), FACT(B) | FACT(C))},
      {VOTE(0, D)},
      {VOTE(2, D)},
      {PROPOSE(1, REMOVE, 3, LAST)},
      {VOTE(1, G)},
      {VOTE(2, G)}}},
    {"two successions of one school made apart: both keys speak, with one vote",
     {{SUCCEED(0, 3, 7, LAST)},
      {VOTE(0, A), END(AT(3, 0, 5))},
      {VOTE(1, A), END(AT(3, 0, 6))},
      {SUCCEED(1, 3, 8, LAST)},
      {VOTE(1, D)},
      {VOTE(2, D)},
      {PROPOSE(0, REMOVE, 1, FACT(B) | FACT(C) | FACT(E) | FACT(F))},
      {VOTE(7, G)},
      {VOTE(8, G)}}},
    {"two successions one after the other: the last key speaks alone",
     {{SUCCEED(0, 3, 7, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {SUCCEED(1, 3, 8, FACT(B) | FACT(C))},
      {VOTE(1, D)},
      {VOTE(2, D)},
      {CERTIFY(7, FACT(E) | FACT(F))},
      {CERTIFY(8, FACT(E) | FACT(F))},
      {CERTIFY(7, FACT(B) | FACT(C))}}},
    {"a third succession that knows of one of two made apart leaves the other key alone",
     {{SUCCEED(0, 3, 7, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {SUCCEED(1, 3, 8, LAST)},
      {VOTE(1, D)},
      {VOTE(2, D)},
      {SUCCEED(0, 3, 9, FACT(B) | FACT(C))},
      {VOTE(0, G)},
      {VOTE(1, G)}}},
    {"a school is removed and succeeds its key, apart",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {SUCCEED(1, 3, 7, LAST)},
      {VOTE(0, A), END(AT(3, 0, 4))},
      {VOTE(1, A), END(AT(3, 1, 6))},
      {VOTE(0, B), END(AT(3, 1, 4))},
      {VOTE(2, B), END(AT(3, 0, 6))}}},
    {"the new key of a removed school certifies nobody",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {SUCCEED(1, 3, 7, FACT(B) | FACT(C))},
      {VOTE(0, D)},
      {VOTE(2, D)},
      {CERTIFY(7, FACT(E) | FACT(F))},
      {LEAVE(7, FACT(E) | FACT(F))}}},
    {"a school leaves while it is removed",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A), END(AT(3, 0, 5))},
      {VOTE(1, A), END(AT(3, 1, 5))},
      {LEAVE(3, LAST), END(AT(3, 1, 4))},
      {CERTIFY(3, FACT(D))},
      {PROPOSE(3, CONFIRM, 2, FACT(D))}}},
    {"who has left is restored",
     {{LEAVE(3, LAST), END(AT(3, 0, 2))},
      {RESTORE(0, 3, FACT(A), FACT(A))},
      {VOTE(0, B), END(AT(3, 0, 6))},
      {VOTE(1, B), END(AT(3, 1, 4))},
      {CERTIFY(3, FACT(C) | FACT(D))},
      {CLOSE(3, 3, FACT(A)), END(AT(3, 0, 5))}}},
    {"a log is closed, and its school removed",
     {{CLOSE(3, 3, LAST), END(AT(3, 0, 5))},
      {CLOSE(3, 3, LAST), END(AT(3, 1, 4))},
      {PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, C), END(AT(3, 0, 4))},
      {VOTE(1, C), END(AT(3, 1, 6))},
      {CLOSE(3, 3, FACT(D) | FACT(E)), END(AT(3, 0, 6))}}},
    {"closes by a key that is replaced, by its successor, and by another school",
     {{SUCCEED(0, 3, 7, LAST)},
      {VOTE(0, A), END(AT(3, 0, 6), AT(3, 1, 6))},
      {VOTE(1, A), END(AT(3, 0, 6), AT(3, 1, 6))},
      {CLOSE(3, 3, FACT(B) | FACT(C)), END(AT(3, 0, 1))},
      {CLOSE(7, 3, FACT(B) | FACT(C)), END(AT(3, 0, 3))},
      {CLOSE(2, 3, LAST), END(AT(3, 0, 2))}}},
    {"an admission by a school that is being removed, before, beside and behind",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {ADMIT(3, 5, 2, LAST)},
      {ADMIT(3, 6, 2, FACT(B))},
      {ADMIT(3, 4, 2, FACT(B) | FACT(C))}}},
    {"an admission lifts no removal, and a restoration without effect neither",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {ADMIT(0, 3, 2, FACT(B) | FACT(C))},
      {RESTORE(3, 3, FACT(A), FACT(B) | FACT(C))},
      {VOTE(2, E)}}},
    {"a restoration of one of two removals",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {PROPOSE(1, REMOVE, 3, LAST)},
      {VOTE(1, D), END(AT(3, 0, 3))},
      {VOTE(2, D), END(AT(3, 0, 5))},
      {RESTORE(0, 3, FACT(A), FACT(B) | FACT(C) | FACT(E) | FACT(F))},
      {VOTE(0, G), END(AT(3, 0, 6))},
      {VOTE(2, G), END(AT(3, 0, 6))}}},
    {"two restorations of one removal: the ends of one of them, not half of each",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {RESTORE(0, 3, FACT(A), FACT(B) | FACT(C))},
      {RESTORE(1, 3, FACT(A), FACT(B) | FACT(C))},
      {VOTE(0, D), END(AT(3, 0, 3))},
      {VOTE(1, D), END(AT(3, 1, 5))},
      {VOTE(1, E), END(AT(3, 1, 6))},
      {VOTE(2, E), END(AT(3, 0, 5))}}},
    {"who has removed has a seat in the restoration, though it has left",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE_AFTER(1, A, FACT(B))},
      {LEAVE(2, FACT(C))},
      {RESTORE(0, 3, FACT(A), FACT(D))},
      {VOTE(0, E)},
      {VOTE(2, E), END(AT(3, 0, 6))},
      {VOTE_AFTER(0, E, FACT(F)), END(AT(3, 0, 5))}}},
    {"who is back has no seat in a second restoration from the same removal",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {RESTORE(0, 3, FACT(A), FACT(B) | FACT(C))},
      {VOTE(0, D)},
      {VOTE(1, D)},
      {RESTORE(0, 3, FACT(A), FACT(E) | FACT(F))},
      {VOTE(3, G), END(AT(3, 0, 6))},
      {VOTE(2, G), END(AT(3, 0, 6))}}},
    {"a restoration that names a removal which is not reached in its past",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {RESTORE(1, 3, FACT(A), FACT(B))},
      {VOTE(1, A)},
      {VOTE(0, C)},
      {VOTE(2, C)}}},
    {"a restoration that names another school's removal",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {RESTORE(0, 2, FACT(A), FACT(B) | FACT(C))},
      {VOTE(0, D)},
      {VOTE(1, D)}}},
    {"votes that name different ends: an entry stands that most name, or what follows it",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A), END(AT(3, 0, 5))},
      {VOTE(1, A), END(AT(3, 1, 6))},
      {VOTE(2, A), END(AT(3, 1, 4))},
      {VOTE_AFTER(0, A, FACT(B)), END(AT(3, 1, 5))},
      {VOTE_AFTER(1, A, FACT(C)), END(AT(3, 0, 6), AT(3, 1, 7))}}},
    {"ends of other writers and ends that nobody holds say nothing",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(0, A), END(AT(2, 0, 5), AT(3, 0, 7))},
      {VOTE(1, A), END(AT(3, 1, 3), AT(3, 0, 2))},
      {VOTE(2, A), END(AT(3, 0, 1))},
      {CERTIFY(3, FACT(B))},
      {LEAVE(2, LAST)}}},
    {"the accused votes, and has no seat; one without a vote neither",
     {{PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE(3, A), END(AT(3, 0, 6))},
      {VOTE(0, A)},
      {ADMIT(0, 5, 2, LAST)},
      {VOTE_AFTER(5, A, FACT(A) | FACT(D))},
      {VOTE_AFTER(0, A, FACT(C)), END(AT(3, 0, 6))}}},
    {"a voter that has left votes on, and has no seat in what comes behind",
     {{LEAVE(2, LAST)},
      {PROPOSE(0, REMOVE, 3, LAST)},
      {VOTE_AFTER(2, B, FACT(A) | FACT(B)), END(AT(3, 0, 4))},
      {VOTE(0, B), END(AT(3, 0, 3))},
      {PROPOSE(0, REMOVE, 3, FACT(A))},
      {VOTE_AFTER(0, E, FACT(E))}}},
    {"votes of the writer's key, of a replaced key and of its successor",
     {{SUCCEED(0, 3, 7, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {PROPOSE(1, REMOVE, 2, LAST)},
      {VOTE_AFTER(3, D, FACT(D) | FACT(B) | FACT(C))},
      {VOTE_AFTER(7, D, FACT(D) | FACT(B) | FACT(C))},
      {VOTE(3, D), .has_wrong_key = true},
      {VOTE(0, D)}}},
    {"an old key that has not seen its succession votes with effect, once with the new one",
     {{SUCCEED(0, 3, 7, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {PROPOSE(1, REMOVE, 2, LAST)},
      {VOTE(3, D), END(AT(2, 0, 3))},
      {VOTE_AFTER(7, D, FACT(D) | FACT(B) | FACT(C)), END(AT(2, 1, 4))},
      {VOTE(0, D), END(AT(2, 1, 5))}}},
    {"writers certified by a key that is replaced propose and invite no more",
     {{SUCCEED(0, 3, 7, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {INVITE(3, FACT(B) | FACT(C))},
      {PROPOSE(3, REMOVE, 1, FACT(B) | FACT(C))},
      {ADMIT(3, 5, 2, FACT(B) | FACT(C))},
      {ADMIT(3, 6, 2, FACT(B))}}},
    {"a new key without consent, one that is a school's, one that two schools succeed in",
     {{SUCCEED(0, 3, 7, LAST), .has_no_consent = true},
      {SUCCEED(0, 3, 2, LAST)},
      {SUCCEED(0, 3, 7, LAST)},
      {SUCCEED(0, 2, 7, LAST)},
      {VOTE(0, C)},
      {VOTE(1, C)},
      {VOTE(0, D)},
      {VOTE(1, D)}}},
    {"a key that has succeeded becomes a school of its own",
     {{SUCCEED(0, 3, 7, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {ADMIT(1, 7, 2, LAST)},
      {CERTIFY(7, FACT(B) | FACT(C))},
      {CERTIFY(7, FACT(B) | FACT(C) | FACT(D))},
      {LEAVE(7, FACT(D))}}},
    {"policies made apart, and one behind both",
     {{POLICY(0, 1, 12, LAST)},
      {VOTE(0, A)},
      {VOTE(1, A)},
      {VOTE(2, A)},
      {POLICY(1, 1, 24, LAST)},
      {VOTE(0, E)},
      {VOTE(1, E)},
      {VOTE(2, E)},
      {
          POLICY(2, 1, 36, FACT(D) | FACT(C) | FACT(B) | FACT(H)),
      },
      {VOTE(0, I)},
      {VOTE(3, I)},
      {VOTE(1, I)}}},
    {"the founder is removed, and three go on without it",
     {{PROPOSE(1, REMOVE, 0, LAST)},
      {VOTE(1, A), END(AT(0, 0, 4))},
      {VOTE(2, A), END(AT(0, 0, 5))},
      {ADMIT(0, 5, 2, FACT(B) | FACT(C))},
      {ADMIT(1, 6, 2, FACT(B) | FACT(C))},
      {PROPOSE(1, REMOVE, 2, FACT(B) | FACT(C))}}},
    {"writer keys sign what schools must, and the other way round",
     {{CERTIFY(1, LAST), .has_wrong_key = true},
      {PROPOSE(2, REMOVE, 3, LAST), .has_wrong_key = true},
      {LEAVE(3, LAST), .has_wrong_key = true},
      {CLOSE(0, 0, LAST), .has_wrong_key = true},
      {VOTE(0, B)},
      {ODD(3, LAST)}}},
};
#define SET_COUNT (sizeof sets / sizeof *sets)

static void tell(struct model *model, const struct set *set)
{
    model_begin(model, VOTERS);
    assert_int_equal(model->count, BEGUN);
    for (size_t i = 0; i < BEFORE_MAX + SIX && set->plans[i].type != 0; i++)
        model_add(model, set->plans[i]);
    model_make(model, 0);
}

/* --- All orders, all parts --- */

/* The order that comes next, as in a dictionary. False: that was the last. */
static bool next_order(size_t *order, size_t count)
{
    assert(count > 0);
    size_t at = count - 1, with = count - 1;
    while (at > 0 && order[at - 1] > order[at])
        at--;
    if (at == 0)
        return false;
    while (order[with] < order[at - 1])
        with--;
    size_t swapped = order[at - 1];
    order[at - 1] = order[with];
    order[with] = swapped;
    for (size_t low = at, high = count - 1; low < high; low++, high--) {
        swapped = order[low];
        order[low] = order[high];
        order[high] = swapped;
    }
    return true;
}

static void check_order(const struct model *model, uint64_t set, const size_t *order,
                        const struct answers *wanted)
{
    static struct answers is;
    struct ph_facts *facts = model_take(model, set, order);
    facts_answers(facts, model, &is);
    check_answers(&is, wanted);
    ph_facts_free(facts);
}

static size_t check_all_orders(const struct model *model)
{
    static struct answers wanted;
    assert(model->count >= SIX);
    size_t order[MODEL_FACTS_MAX], count = 0;
    uint64_t all = FACT(model->count) - 1;
    for (size_t i = 0; i < model->count; i++)
        order[i] = i;
    model_answers(model, all, &wanted);
    do
        if (count++ % check_every() == 0)
            check_order(model, all, order, &wanted);
    while (next_order(order + model->count - SIX, SIX));
    return count;
}

static uint64_t with_pasts(const struct model *model, uint64_t set)
{
    uint64_t out = set;
    for (size_t i = 0; i < model->count; i++)
        if ((set >> i & 1) != 0)
            out |= model->closure[i];
    return out;
}

static void check_all_parts(const struct model *model)
{
    static struct answers wanted;
    assert(model->count >= SIX);
    size_t order[MODEL_FACTS_MAX], first = model->count - SIX;
    for (size_t i = 0; i < model->count; i++)
        order[i] = i < first ? i : model->count + first - 1 - i; /* the last one first */
    for (uint64_t part = 0; part < FACT(SIX); part += check_every()) {
        uint64_t set = with_pasts(model, (FACT(first) - 1) | part << first);
        model_answers(model, set, &wanted);
        check_order(model, set, order, &wanted);
    }
}

static void sets_by_hand_give_one_result_in_all_orders_and_parts(void **state)
{
    (void)state;
    static struct model model;
    CHECK(SET_COUNT >= 30);
    for (size_t i = 0; i < SET_COUNT; i++) {
        tell(&model, &sets[i]);
        for (size_t k = 0; k < model.count; k++)
            if (!model.is_taken[k])
                print_message("%s: %zu is not taken\n", sets[i].says, k - BEGUN);
        assert_int_equal(check_all_orders(&model), 720);
        check_all_parts(&model);
    }
}

/* --- Sets from seeds --- */

static size_t author_count(const struct model *model)
{
    uint32_t authors = 0;
    for (size_t i = model->count - SIX; i < model->count; i++)
        authors |= UINT32_C(1) << model->plans[i].author;
    return (size_t)__builtin_popcount(authors);
}

/* Some facts that do something, then six of which most do. */
static void draw_set(struct model *model, uint64_t *seed)
{
    do {
        model_begin(model, VOTERS);
        model_make(model, 0);
        size_t count = BEGUN + model_draw_below(seed, BEFORE_MAX + 1) + SIX;
        while (model->count < count) {
            bool is_idle = model_draw_below(seed, 8) == 0;
            model_draw(model, is_idle ? WANTED_IDLE : WANTED_STANDING, seed);
        }
    } while (author_count(model) < 3);
}

static void drawn_sets_give_one_result_in_all_orders_and_parts(void **state)
{
    (void)state;
    static struct model model;
    for (uint64_t number = 0; number < DRAWN_SETS; number += check_every()) {
        uint64_t seed = number;
        draw_set(&model, &seed);
        check_all_orders(&model);
        check_all_parts(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_by_hand_give_one_result_in_all_orders_and_parts),
        cmocka_unit_test(drawn_sets_give_one_result_in_all_orders_and_parts),
    };
    mallopt(M_TRIM_THRESHOLD, 64 << 20); /* sets come and go: the heap stays */
    return cmocka_run_group_tests(tests, make_world, NULL) != 0;
}
