/* Two removals in a network of four schools, voted on in every way: what the specification says of
 * votes, seats and cuts, seat by seat. Signatures are quick ones. */
#include "tests/support/fact_model.h"

#define VOTERS 4
#define BEGUN 18 /* facts of the beginning */

/* School 0 proposes to remove 3, and 3 to remove 0, apart or one knowing of the other. Each of the
 * three others of each has not voted, or has and named no entry, or one of the first three. */
#define SEATS 3
#define WAYS 5 /* of a seat: 0 has not voted; else the entry is way - 1, 0 being none */
#define BALLOTS (WAYS * WAYS * WAYS)
enum relation { APART, SECOND_KNOWS, FIRST_KNOWS, RELATIONS };

/* A proposal, its votes (of each seat one for each way but the first), and one of the accused. */
struct question {
    uint8_t accused, first_seat;
    struct made proposal, votes[SEATS][WAYS - 1], own_vote;
};

struct small {
    struct model begun;
    struct question questions[2];
};

static struct made make_removal(const struct small *small, uint8_t by, uint8_t about,
                                const struct made *other)
{
    const struct made *last = &small->begun.made[BEGUN - 1];
    const struct ph_fact what = ph_fact_proposing(PH_PROPOSAL_REMOVE, &schools[about].id);
    return make_proposal(&schools[by].writer, what, (const struct made *[]){last, other, NULL});
}

static void make_votes(struct question *question)
{
    for (uint8_t seat = 0; seat < SEATS; seat++)
        for (uint8_t way = 1; way < WAYS; way++) {
            struct ph_log_end end =
                model_log_end((struct model_end){question->accused, 0, (uint8_t)(way - 1)});
            question->votes[seat][way - 1] =
                make_vote(&schools[question->first_seat + seat].key, &question->proposal, &end,
                          way > 1, AFTER(&question->proposal));
        }
    question->own_vote = make_confirm(&schools[question->accused].key, &question->proposal,
                                      AFTER(&question->proposal));
}

static void make_small(struct small *small, enum relation relation)
{
    struct question *one = &small->questions[0], *two = &small->questions[1];
    model_begin(&small->begun, VOTERS);
    model_make(&small->begun, 0);
    *one = (struct question){.accused = 3, .first_seat = 0};
    *two = (struct question){.accused = 0, .first_seat = 1};
    if (relation == FIRST_KNOWS)
        two->proposal = make_removal(small, 3, 0, NULL);
    one->proposal = make_removal(small, 0, 3, relation == FIRST_KNOWS ? &two->proposal : NULL);
    if (relation != FIRST_KNOWS)
        two->proposal = make_removal(small, 3, 0, relation == SECOND_KNOWS ? &one->proposal : NULL);
    make_votes(one);
    make_votes(two);
}

/* The way of each seat, as a number's digits. */
static size_t way_of(size_t ballot, size_t seat)
{
    return seat == 0 ? ballot % WAYS : seat == 1 ? ballot / WAYS % WAYS : ballot / WAYS / WAYS;
}

/* Forward, or the last seat first. */
static void take_votes(struct ph_facts *facts, const struct question *question, size_t ballot,
                       bool is_reversed)
{
    for (size_t i = 0; i < SEATS; i++) {
        size_t seat = is_reversed ? SEATS - 1 - i : i, way = way_of(ballot, seat);
        if (way != 0)
            take(facts, &question->votes[seat][way - 1]);
    }
}

static struct ph_facts *take_small(const struct small *small, const size_t ballots[2],
                                   enum relation relation, bool is_reversed)
{
    const struct question *questions = small->questions;
    struct ph_facts *facts = new_set();
    size_t first = relation == FIRST_KNOWS || (relation == APART && is_reversed);
    for (size_t i = 0; i < BEGUN; i++)
        take(facts, &small->begun.made[i]);
    take(facts, &questions[first].proposal);
    if (!is_reversed)
        take_votes(facts, &questions[first], ballots[first], false);
    take(facts, &questions[1 - first].proposal);
    take_votes(facts, &questions[1 - first], ballots[1 - first], is_reversed);
    if (is_reversed)
        take_votes(facts, &questions[first], ballots[first], true);
    take(facts, &questions[0].own_vote);
    take(facts, &questions[1].own_vote);
    return facts;
}

/* What the specification has of one ballot: so many votes, and the entry that two of three have
 * named, or its descendant. */
struct outcome {
    size_t vote_count;
    uint32_t stands_to;
};

static struct outcome outcome_of(size_t ballot)
{
    struct outcome out = {0, PH_STANDS_ALL};
    for (size_t seat = 0; seat < SEATS; seat++)
        out.vote_count += way_of(ballot, seat) != 0;
    if (2 * out.vote_count <= SEATS)
        return out;
    for (uint32_t seq = 0; seq < WAYS - 1; seq++) {
        size_t naming = 0;
        for (size_t seat = 0; seat < SEATS; seat++)
            naming += way_of(ballot, seat) > seq;
        if (2 * naming > SEATS)
            out.stands_to = seq;
    }
    return out;
}

static uint32_t cut_of(const struct ph_facts *facts, uint8_t school)
{
    struct ph_writer_id writer;
    uint32_t stands_to[MODEL_BRANCHES];
    memcpy(writer.bytes, schools[school].writer.id.bytes, 32);
    model_cuts(facts, ph_facts_certify_of(facts, &writer), stands_to);
    return stands_to[0];
}

static void check_question(const struct ph_facts *facts, const struct question *question,
                           size_t ballot)
{
    struct outcome wanted = outcome_of(ballot);
    bool is_reached = 2 * wanted.vote_count > SEATS;
    const struct ph_school_id *accused = &schools[question->accused].id;
    struct ph_tally tally = ph_facts_tally(facts, &question->proposal.id);
    assert_int_equal(tally.seats, SEATS); /* the accused has none */
    assert_int_equal(tally.votes, wanted.vote_count);
    CHECK(ph_facts_is_reached(facts, &question->proposal.id) == is_reached);
    CHECK(ph_facts_is_removed(facts, accused) == is_reached);
    CHECK(ph_facts_is_voter(facts, accused) == !is_reached);
    CHECK(ph_facts_knows(facts, accused));
    assert_int_equal(cut_of(facts, question->accused), wanted.stands_to);
}

/* Who has voted votes again, and names the last of the three: no vote more, and no less stands. */
static void check_again(struct ph_facts *facts, const struct question *question, size_t ballot)
{
    size_t grown = 0;
    for (size_t seat = SEATS; seat-- > 0;) {
        grown = WAYS * grown + (way_of(ballot, seat) == 0 ? 0 : WAYS - 1);
        if (way_of(ballot, seat) % (WAYS - 1) != 0)
            take(facts, &question->votes[seat][WAYS - 2]);
    }
    CHECK(outcome_of(grown).stands_to >= outcome_of(ballot).stands_to);
    check_question(facts, question, grown);
}

static void check_ballots(const struct small *small, const size_t ballots[2],
                          enum relation relation)
{
    bool is_reversed = (ballots[0] + ballots[1]) % 2 != 0; /* every other one */
    struct ph_facts *facts = take_small(small, ballots, relation, is_reversed);
    check_question(facts, &small->questions[0], ballots[0]);
    check_question(facts, &small->questions[1], ballots[1]);
    CHECK(ph_facts_is_voter(facts, &schools[1].id) && ph_facts_is_voter(facts, &schools[2].id));
    check_again(facts, &small->questions[0], ballots[0]);
    check_question(facts, &small->questions[1], ballots[1]);
    ph_facts_free(facts);
}

static void every_way_to_vote_on_two_removals_ends_as_specified(void **state)
{
    (void)state;
    static struct small small;
    size_t count = 0;
    for (enum relation relation = APART; relation < RELATIONS; relation++) {
        make_small(&small, relation);
        for (size_t one = 0; one < BALLOTS; one++)
            for (size_t two = 0; two < BALLOTS; two++)
                if (count++ % check_every() == 0)
                    check_ballots(&small, (const size_t[]){one, two}, relation);
    }
    assert_int_equal(count, RELATIONS * BALLOTS * BALLOTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_vote_on_two_removals_ends_as_specified),
    };
    return cmocka_run_group_tests(tests, make_world, NULL) != 0;
}
