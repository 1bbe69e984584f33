#include "tests/support/fact_world.h"

#include <stdlib.h>

static struct signer signer(uint8_t what, uint16_t number)
{
    uint8_t seed[32] = {what, (uint8_t)(number >> 8), (uint8_t)number};
    struct signer out;
    ph_sign_key_from_seed(seed, &out.secret, out.id.bytes);
    return out;
}

struct school school(uint16_t number)
{
    struct school out = {.key = signer('s', number), .writer = signer('w', number)};
    memcpy(out.id.bytes, out.key.id.bytes, 32);
    return out;
}

struct school schools[SCHOOL_COUNT];
struct ph_network_id network;
struct made founding;
struct made founder_certify;
struct made invite;
const uint8_t invite_secret[16] = {4, 4, 4};

int order_of_ids(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

struct made make(struct ph_fact fact, const struct signer *author, const struct made *const *past)
{
    struct made out = {.len = 0};
    uint8_t ids[PAST_MAX * 32];
    struct ph_buffer buffer = ph_buffer(out.bytes, sizeof out.bytes);
    size_t count = 0;
    for (; past[count] != NULL; count++) {
        assert_true(count < PAST_MAX);
        memcpy(ids + 32 * count, past[count]->id.bytes, 32);
    }
    qsort(ids, count, 32, order_of_ids);
    fact.author = author->id;
    fact.past = ph_bytes(ids, 32 * count);
    if (fact.type != PH_FACT_FOUND)
        fact.network = network;
    CHECK_OK(ph_fact_sign(&fact, &author->secret, &buffer));
    out.id = fact.id;
    out.len = buffer.len;
    return out;
}

struct made make_certify(const struct school *by, const struct signer *writer,
                         const struct made *const *past)
{
    struct ph_fact fact = {.type = PH_FACT_CERTIFY};
    memcpy(fact.of.certify.writer.bytes, writer->id.bytes, 32);
    fact.of.certify.consenting = &writer->secret;
    return make(fact, &by->key, past);
}

struct made make_invite(const struct signer *by, uint16_t uses, const struct made *const *past)
{
    struct ph_sign_secret secret;
    struct ph_fact fact = {.type = PH_FACT_INVITE};
    fact.of.invite.uses = uses;
    ph_invite_key(invite_secret, &secret, fact.of.invite.key);
    return make(fact, by, past);
}

struct made make_admit(const struct signer *by, const struct ph_school_id *whom,
                       const struct made *by_invite, const struct made *const *past)
{
    struct ph_fact fact = {.type = PH_FACT_ADMIT};
    fact.of.admit.school = *whom;
    fact.of.admit.invite = by_invite->id;
    fact.of.admit.proof = ph_join_prove(invite_secret, &network, whom).signature;
    return make(fact, by, past);
}

struct made make_propose(const struct signer *by, const struct ph_school_id *whom,
                         const struct made *const *past)
{
    struct ph_fact fact = {.type = PH_FACT_PROPOSE};
    fact.of.propose.what = PH_PROPOSAL_CONFIRM;
    fact.of.propose.school = *whom;
    return make(fact, by, past);
}

struct made make_proposal(const struct signer *by, struct ph_fact what,
                          const struct made *const *past)
{
    what.type = PH_FACT_PROPOSE;
    return make(what, by, past);
}

static struct ph_log_ends pack_ends(const struct ph_log_end *ends, uint32_t count,
                                    struct ph_buffer *items)
{
    for (uint32_t i = 0; i < count; i++)
        ph_log_end_pack(items, &ends[i]);
    return (struct ph_log_ends){.items = ph_buffer_bytes(items), .count = count};
}

struct made make_vote(const struct signer *by, const struct made *proposal,
                      const struct ph_log_end *ends, uint32_t count, const struct made *const *past)
{
    uint8_t bytes[FACT_ROOM];
    struct ph_buffer items = ph_buffer(bytes, sizeof bytes);
    struct ph_fact fact = {.type = PH_FACT_VOTE};
    fact.of.vote.proposal = proposal->id;
    fact.of.vote.ends = pack_ends(ends, count, &items);
    return make(fact, by, past);
}

struct made make_close(const struct signer *by, const struct signer *writer,
                       const struct ph_log_end *ends, uint32_t count,
                       const struct made *const *past)
{
    uint8_t bytes[FACT_ROOM];
    struct ph_buffer items = ph_buffer(bytes, sizeof bytes);
    struct ph_fact fact = {.type = PH_FACT_CLOSE};
    memcpy(fact.of.close.writer.bytes, writer->id.bytes, 32);
    fact.of.close.ends = pack_ends(ends, count, &items);
    return make(fact, by, past);
}

struct made make_leave(const struct signer *by, const struct ph_log_end *ends, uint32_t count,
                       const struct made *const *past)
{
    uint8_t bytes[FACT_ROOM];
    struct ph_buffer items = ph_buffer(bytes, sizeof bytes);
    struct ph_fact fact = {.type = PH_FACT_LEAVE};
    fact.of.leave.ends = pack_ends(ends, count, &items);
    return make(fact, by, past);
}

struct made make_confirm(const struct signer *by, const struct made *proposal,
                         const struct made *const *past)
{
    struct ph_fact fact = {.type = PH_FACT_VOTE};
    fact.of.vote.proposal = proposal->id;
    return make(fact, by, past);
}

/* Of a type that nobody knows, with one item. */
static struct made make_other(const struct signer *by, struct ph_bytes item,
                              const struct made *const *past)
{
    struct ph_fact fact = {.type = 77};
    fact.of.other.count = 1;
    fact.of.other.items = item;
    return make(fact, by, past);
}

struct made make_unknown(const struct signer *by, const struct made *const *past)
{
    static const uint8_t item[] = {0x93, 1, 2, 3};
    return make_other(by, ph_bytes(item, sizeof item), past);
}

struct made make_numbered(const struct signer *by, uint16_t number, const struct made *const *past)
{
    uint8_t item[] = {0xcd, (uint8_t)(number >> 8), (uint8_t)number};
    return make_other(by, ph_bytes(item, sizeof item), past);
}

int make_world(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < SCHOOL_COUNT; i++)
        schools[i] = school(i);
    struct ph_fact found = {.type = PH_FACT_FOUND};
    found.of.found.quota = 1000;
    founding = make(found, &schools[0].key, AFTER_NONE);
    memcpy(network.bytes, founding.id.bytes, 32);
    founder_certify = make_certify(&schools[0], &schools[0].writer, AFTER(&founding));
    invite = make_invite(&schools[0].writer, 3, AFTER(&founder_certify));
    return 0;
}

struct ph_facts *new_set(void)
{
    struct ph_facts *facts = NULL;
    CHECK_OK(ph_facts_new(&network, &facts));
    return facts;
}

enum ph_status try_take(struct ph_facts *facts, const struct made *made)
{
    bool is_new = false;
    return ph_facts_take(facts, ph_bytes(made->bytes, made->len), &is_new);
}

void take(struct ph_facts *facts, const struct made *made)
{
    bool is_new = false;
    CHECK_OK(ph_facts_take(facts, ph_bytes(made->bytes, made->len), &is_new));
    CHECK(is_new);
}

struct ph_facts *new_founded_set(void)
{
    struct ph_facts *facts = new_set();
    take(facts, &founding);
    take(facts, &founder_certify);
    take(facts, &invite);
    return facts;
}

bool knows(const struct ph_facts *facts, size_t number)
{
    return ph_facts_knows(facts, &schools[number].id);
}

bool is_voter(const struct ph_facts *facts, size_t number)
{
    return ph_facts_is_voter(facts, &schools[number].id);
}

struct ph_facts *new_set_with_voters(size_t count, struct made *last)
{
    struct ph_facts *facts = new_founded_set();
    *last = invite;
    for (size_t i = 1; i < count; i++) {
        struct made admit = make_admit(&schools[0].writer, &schools[i].id, &invite, AFTER(last));
        struct made propose = make_propose(&schools[0].writer, &schools[i].id, AFTER(&admit));
        take(facts, &admit);
        take(facts, &propose);
        *last = propose;
        for (size_t voter = 0; voter < i; voter++) {
            *last = make_confirm(&schools[voter].key, &propose, AFTER(last));
            take(facts, last);
        }
        CHECK(is_voter(facts, i));
    }
    return facts;
}
