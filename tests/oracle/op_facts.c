#include "tests/oracle/op_facts.h"

#include <stdlib.h>

#include "tests/oracle/op_judge.h"

#define PAST_DRAWN_MAX 4
#define HEAVY 600 /* bytes in a fact */

/* --- one fact --- */

static const struct signer *writer_of(struct chance *chance, uint32_t number)
{
    return &schools[number + (happens(chance, 25) ? OP_SCHOOLS : 0)].writer;
}

/* The kind of key that such a fact needs, nearly always. */
static const struct signer *author_of(struct chance *chance, uint64_t type)
{
    uint32_t number = draw(chance, 2) == 0 ? 0 : draw(chance, OP_SCHOOLS);
    bool by_writer = type == PH_FACT_INVITE || type == PH_FACT_ADMIT || type == PH_FACT_PROPOSE;
    if (happens(chance, 8))
        by_writer = !by_writer;
    return by_writer ? writer_of(chance, number) : &schools[number].key;
}

/* A fact of that type, the latest most often; NULL: there is none. */
static const struct made *one_of(const struct op_facts *drawn, struct chance *chance, uint64_t type)
{
    const struct made *found = NULL;
    for (uint32_t i = 0; i < drawn->count; i++)
        if (drawn->types[i] == type && (found == NULL || happens(chance, 60)))
            found = &drawn->facts[i];
    return found;
}

static void add_past(const struct made **past, const struct made *fact)
{
    size_t count = 0;
    for (; past[count] != NULL; count++)
        if (past[count] == fact)
            return;
    if (count < PAST_DRAWN_MAX && fact != NULL)
        past[count] = fact;
}

/* Late facts, and mostly what the fact is about. */
static void draw_past(const struct op_facts *drawn, struct chance *chance, const struct made *about,
                      const struct made **past)
{
    if (about != NULL && happens(chance, 88))
        add_past(past, about);
    if (happens(chance, 75))
        add_past(past, &drawn->facts[drawn->count - 1]);
    for (uint32_t i = draw(chance, 3); i > 0 || past[0] == NULL; i -= i > 0)
        add_past(past,
                 &drawn->facts[drawn->count - 1 - draw(chance, 1 + draw(chance, drawn->count))]);
}

static struct made make_drawn_certify(struct chance *chance, const struct signer *author,
                                      const struct made *const *past)
{
    struct ph_fact fact = {.type = PH_FACT_CERTIFY};
    uint32_t number = draw(chance, OP_SCHOOLS);
    for (uint32_t i = 0; i < OP_SCHOOLS; i++) /* its own writer, mostly */
        if (author == &schools[i].key && happens(chance, 85))
            number = i;
    const struct signer *writer = writer_of(chance, number);
    memcpy(fact.of.certify.writer.bytes, writer->id.bytes, sizeof fact.of.certify.writer.bytes);
    /* Now and then somebody else consents. */
    fact.of.certify.consenting = happens(chance, 5) ? &author->secret : &writer->secret;
    fact.of.certify.serial = (uint16_t)draw(chance, PH_WRITERS_MAX);
    fact.of.certify.transport.bytes[0] = (uint8_t)draw(chance, 4);
    return make(fact, author, past);
}

static const uint64_t types[] = {
    PH_FACT_CERTIFY,
    PH_FACT_CERTIFY,
    PH_FACT_CERTIFY,
    PH_FACT_CERTIFY,
    PH_FACT_INVITE,
    PH_FACT_INVITE,
    PH_FACT_ADMIT,
    PH_FACT_ADMIT,
    PH_FACT_ADMIT,
    PH_FACT_ADMIT,
    PH_FACT_PROPOSE,
    PH_FACT_PROPOSE,
    PH_FACT_PROPOSE,
    PH_FACT_VOTE,
    PH_FACT_VOTE,
    PH_FACT_VOTE,
    PH_FACT_VOTE,
    PH_FACT_VOTE,
    77,
};

static struct made draw_fact(const struct op_facts *drawn, struct chance *chance, uint64_t type)
{
    const struct made *past[PAST_DRAWN_MAX + 1] = {NULL};
    const struct signer *author = author_of(chance, type);
    const struct ph_school_id *whom = &schools[draw(chance, OP_SCHOOLS)].id;
    const struct made *about = type == PH_FACT_ADMIT  ? one_of(drawn, chance, PH_FACT_INVITE)
                               : type == PH_FACT_VOTE ? one_of(drawn, chance, PH_FACT_PROPOSE)
                                                      : NULL;
    if (about == NULL || happens(chance, 3))
        about = one_of(drawn, chance, draw(chance, 2) == 0 ? PH_FACT_CERTIFY : PH_FACT_INVITE);
    draw_past(drawn, chance, about, past);
    if (type == PH_FACT_CERTIFY)
        return make_drawn_certify(chance, author, past);
    if (type == PH_FACT_INVITE)
        return make_invite(author, (uint16_t)(1 + draw(chance, 3)), past);
    if (type == PH_FACT_ADMIT)
        return make_admit(author, whom, about, past);
    if (type == PH_FACT_PROPOSE)
        return make_propose(author, whom, past);
    if (type == PH_FACT_VOTE)
        return make_confirm(author, about, past);
    return make_unknown(author, past);
}

/* --- a set --- */

void op_facts_add(struct op_facts *drawn, const struct made *made, uint64_t type)
{
    for (uint32_t i = 0; i < drawn->count; i++)
        if (ph_fact_id_equal(&drawn->facts[i].id, &made->id))
            return;
    if (drawn->count == OP_FACTS_MAX)
        return;
    drawn->types[drawn->count] = type;
    drawn->facts[drawn->count++] = *made;
}

static void found_with(struct op_facts *out, struct chance *chance)
{
    struct ph_fact fact = {.type = PH_FACT_FOUND};
    out->quota = happens(chance, 15) ? 500 + draw(chance, 4000) : PH_LOG_QUOTA_DEFAULT;
    fact.of.found.quota = out->quota;
    fact.of.found.name = ph_bytes_text("Lanterns");
    founding = make(fact, &schools[0].key, AFTER_NONE);
    memcpy(network.bytes, founding.id.bytes, sizeof network.bytes);
    founder_certify = make_certify(&schools[0], &schools[0].writer, AFTER(&founding));
    invite = make_invite(&schools[0].writer, 3, AFTER(&founder_certify));
    *out = (struct op_facts){.quota = out->quota};
    op_facts_add(out, &founding, PH_FACT_FOUND);
    op_facts_add(out, &founder_certify, PH_FACT_CERTIFY);
    op_facts_add(out, &invite, PH_FACT_INVITE);
}

/* A school joins in the usual way, so that there is somebody to write; or nearly so: by an
 * invitation that a school key signed, or that the admission has not seen. */
static void join(struct op_facts *out, struct chance *chance, uint32_t number)
{
    const struct signer *host = &schools[0].writer;
    const struct made *last = &out->facts[out->count - 1];
    struct made by = invite;
    if (happens(chance, 5)) {
        by = make_invite(&schools[0].key, 3, AFTER(last));
        op_facts_add(out, &by, PH_FACT_INVITE);
        last = &by;
    } else if (happens(chance, 5)) {
        last = &founder_certify;
    }
    struct made admit = make_admit(host, &schools[number].id, &by, AFTER(last));
    struct made certify = make_certify(&schools[number], &schools[number].writer, AFTER(&admit));
    op_facts_add(out, &admit, PH_FACT_ADMIT);
    op_facts_add(out, &certify, PH_FACT_CERTIFY);
}

/* The founder certifies many writers: what they sign together may be too much for one school. */
static void certify_many(struct op_facts *out)
{
    for (uint32_t i = OP_SCHOOLS; i < SCHOOL_COUNT; i++) {
        struct made made = make_certify(&schools[0], &schools[i].writer, AFTER(&founding));
        op_facts_add(out, &made, PH_FACT_CERTIFY);
    }
}

/* One bit of one is changed. */
static void spoil(struct op_facts *out, struct chance *chance)
{
    struct made made = out->facts[draw(chance, out->count)];
    made.bytes[draw(chance, (uint32_t)made.len)] ^= (uint8_t)(1u << draw(chance, 8));
    made.id.bytes[0] ^= 1; /* so that it isn't taken for the one that it was; nobody names it */
    op_facts_add(out, &made, 0);
}

/* A school that was known from the beginning, with about as many certify facts as count. */
static void certify_too_often(struct op_facts *out, struct chance *chance)
{
    const struct school *school = &schools[0];
    uint32_t count = PH_CERTIFIES_PER_SCHOOL_MAX - 1 + draw(chance, 4);
    for (uint32_t i = 0; i < count; i++) {
        struct ph_fact fact = {.type = PH_FACT_CERTIFY};
        memcpy(fact.of.certify.writer.bytes, school->writer.id.bytes, 32);
        fact.of.certify.consenting = &school->writer.secret;
        fact.of.certify.transport.bytes[1] = (uint8_t)(1 + i);
        struct made made = make(fact, &school->key, AFTER(&founding));
        op_facts_add(out, &made, PH_FACT_CERTIFY);
    }
}

/* The founder certifies writers of the others as well, who consent. */
static void share_writers(struct op_facts *out, struct chance *chance)
{
    for (uint32_t i = 1; i < OP_SCHOOLS; i++) {
        struct made made = make_certify(&schools[0], &schools[i].writer, AFTER(&founding));
        if (happens(chance, 70))
            op_facts_add(out, &made, PH_FACT_CERTIFY);
    }
}

/* A school signs about as many facts as count for it, or one more: of what is beyond that a set
 * holds whatever came first. */
static void flood(struct op_facts *out, struct chance *chance)
{
    const struct school *school = &schools[draw(chance, 3)];
    const struct made rest = out->facts[draw(chance, out->count)];
    uint32_t count = PH_FACTS_PER_SCHOOL_MAX + 1 - draw(chance, 4);
    struct ph_facts *facts = op_facts_take(out, chance);
    uint32_t held = ph_facts_count_of(facts, &school->id);
    ph_facts_free(facts);
    for (uint32_t i = 0; held + i < count; i++) {
        const struct signer *by = happens(chance, 50) ? &school->key : &school->writer;
        struct made made = make_numbered(by, (uint16_t)(1000 + i), AFTER(&rest));
        op_facts_add(out, &made, 77);
    }
}

/* A school is proposed, and some confirm it; nearly always after all that was before. */
static void vote(struct op_facts *out, struct chance *chance, uint32_t number)
{
    struct made last = out->facts[out->count - 1];
    struct made propose = make_propose(&schools[0].writer, &schools[number].id, AFTER(&last));
    op_facts_add(out, &propose, PH_FACT_PROPOSE);
    for (uint32_t i = 0; i <= number; i++) {
        const struct made *seen = happens(chance, 90) ? &propose : &last;
        if (happens(chance, i == 0 ? 90 : 50)) {
            struct made confirm = make_confirm(&schools[i].key, &propose, AFTER(seen));
            op_facts_add(out, &confirm, PH_FACT_VOTE);
        }
    }
}

/* About as much as one may lay on all that comes, for a next one to rest on. */
static void lay_much(struct op_facts *out, struct chance *chance)
{
    static uint8_t items[3 + HEAVY] = {0xc5, HEAVY >> 8, HEAVY & 255};
    struct ph_fact fact = {.type = 77};
    fact.of.other.count = 1;
    fact.of.other.items = ph_bytes(items, sizeof items);
    for (uint32_t i = 0, count = 15 + draw(chance, 10); i < count; i++) {
        struct made made = make(fact, &schools[0].key, AFTER(&out->facts[out->count - 1]));
        op_facts_add(out, &made, 77);
    }
}

/* Four or five schools join and vote, all of them: enough to decide against one. */
static void assemble(struct op_facts *out, struct chance *chance)
{
    uint32_t voter_count = OP_SCHOOLS - 1 + draw(chance, 2);
    uint32_t heavy_from = happens(chance, 10) ? 1 + draw(chance, OP_SCHOOLS) : 0;
    for (uint32_t i = 1; i < OP_SCHOOLS; i++) {
        if (i == heavy_from)
            lay_much(out, chance);
        struct made last = out->facts[out->count - 1];
        struct made admit = make_admit(&schools[0].writer, &schools[i].id, &invite, AFTER(&last));
        struct made certify = make_certify(&schools[i], &schools[i].writer, AFTER(&admit));
        op_facts_add(out, &admit, PH_FACT_ADMIT);
        op_facts_add(out, &certify, PH_FACT_CERTIFY);
        if (i >= voter_count)
            continue;
        last = make_propose(&schools[0].writer, &schools[i].id, AFTER(&certify));
        op_facts_add(out, &last, PH_FACT_PROPOSE);
        struct made proposal = last;
        for (uint32_t k = 0; k < i; k++) {
            last = make_confirm(&schools[k].key, &proposal, AFTER(&last));
            op_facts_add(out, &last, PH_FACT_VOTE);
        }
    }
}

/* Each names what was there before it, so that the next one's author is known. */
static void join_and_vote(struct op_facts *out, struct chance *chance)
{
    uint32_t voted = 1 + draw(chance, 3);
    uint32_t heavy_from = happens(chance, 8) ? draw(chance, 4) : UINT32_MAX;
    for (uint32_t i = 1, count = 1 + draw(chance, 4); i <= count; i++) {
        if (i == heavy_from)
            lay_much(out, chance);
        if (happens(chance, 75))
            join(out, chance, i);
    }
    if (heavy_from == 0)
        lay_much(out, chance);
    for (uint32_t i = 1; i <= voted && happens(chance, 70); i++)
        vote(out, chance, i);
}

/* Before there is an entry. */
static void judge_first(struct op_facts *out, struct chance *chance, uint64_t seed)
{
    struct ph_facts *known = op_facts_take(out, chance);
    op_judge_draw(out, known, NULL, seed);
    ph_facts_free(known);
}

void op_facts_draw(struct op_facts *out, uint64_t seed)
{
    struct chance chance = chance_of('f', seed), sharing = chance_of('s', seed);
    struct chance judging = chance_of('a', seed);
    found_with(out, &chance);
    bool is_assembled = happens(&judging, 55);
    if (is_assembled)
        assemble(out, &judging);
    else if (happens(&chance, 5))
        certify_many(out);
    else
        join_and_vote(out, &chance);
    if (is_assembled)
        judge_first(out, &judging, seed);
    for (uint32_t i = 0, count = draw(&chance, 16); i < count; i++) {
        uint64_t type = types[draw(&chance, sizeof types / sizeof *types)];
        struct made made = draw_fact(out, &chance, type);
        op_facts_add(out, &made, type);
    }
    bool is_shared = happens(&sharing, 12);
    if (is_shared)
        share_writers(out, &sharing);
    if (happens(&chance, 3) || (is_shared && happens(&sharing, 40)))
        certify_too_often(out, &chance);
    if (happens(&chance, 1))
        flood(out, &chance);
    for (uint32_t i = 0, count = draw(&chance, 3); i < count; i++)
        spoil(out, &chance);
}

struct ph_facts *op_facts_take(const struct op_facts *drawn, struct chance *chance)
{
    uint32_t order[OP_FACTS_MAX];
    struct ph_facts *facts = new_set();
    draw_order(chance, order, drawn->count);
    for (uint32_t before = UINT32_MAX; before != ph_facts_count(facts);) {
        before = ph_facts_count(facts);
        for (uint32_t i = 0; i < drawn->count; i++)
            (void)!try_take(facts, &drawn->facts[order[i]]);
    }
    return facts;
}
