/* Sets of facts: an input makes up to twenty, by four schools, their writers and second keys, each
 * after some of those before, most of them sensible, on top of a founder or of four voters. Taken
 * in another order, with duplicates, they give the same set, the same members, voters, keys and
 * decisions, each fact does the same, and as much of each log stands. */
#include "proto/bounds.h"
#include "tests/fuzz/fuzz.h"

#define SCHOOLS 4
#define FACTS_MAX 40
#define MORE_MAX 21 /* facts that an input makes, but for one */
#define FACT_ROOM 1024
#define PAST_MAX 4
#define ORDER_PRIME 41 /* above FACTS_MAX: steps of any width come by every one */

struct signer {
    struct ph_sign_secret secret;
    uint8_t key[32];
};

struct made {
    struct ph_fact_id id;
    uint8_t bytes[FACT_ROOM];
    size_t len;
    enum ph_status status; /* at the first set */
};

#define SECOND (2 * SCHOOLS) /* the first of the second keys */
#define LOG_LEN 8
static struct signer signers[3 * SCHOOLS]; /* schools, then their writers, then second keys */
static struct made made[FACTS_MAX];
static uint32_t made_count;
static struct ph_network_id network;
static const uint8_t invite_secret[16] = {4};

/* --- making --- */

static struct ph_school_id school_of(uint32_t index)
{
    struct ph_school_id school;
    memcpy(school.bytes, signers[index % SCHOOLS].key, 32);
    return school;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

/* Up to three entries of one log, ascending, into `room`. */
static struct ph_log_ends choose_ends(uint8_t how, struct ph_buffer *room)
{
    struct ph_log_ends ends = {.count = how >> 6};
    for (uint32_t i = 0; i < ends.count; i++) {
        struct ph_log_end end = {.seq = 1 + (how >> 2 & 7) + 2 * i, .id = {{7}}};
        memcpy(end.writer.bytes, signers[SCHOOLS + how % SCHOOLS].key, 32);
        ph_log_end_pack(room, &end);
    }
    ends.items = ph_buffer_bytes(room);
    return ends;
}

static void propose(struct ph_fact *fact, struct ph_school_id whom, const struct made *named,
                    uint8_t how)
{
    const struct signer *second = &signers[SECOND + (how >> 5 & 3)];
    fact->of.propose.what = (enum ph_proposal)(1 + how % 5);
    fact->of.propose.school = whom;
    fact->of.propose.lifted = ph_bytes(named->id.bytes, 32);
    memcpy(fact->of.propose.key.bytes, second->key, 32);
    fact->of.propose.consent = ph_succeed_consent(&second->secret, &network, &whom);
    fact->of.propose.consent.bytes[0] ^= how >> 7; /* now and then it does not fit */
    fact->of.propose.setting = 1 + (how >> 5 & 1);
    fact->of.propose.value = how;
}

static void fill(struct fuzz_input *input, struct ph_fact *fact, uint8_t how,
                 struct ph_buffer *room)
{
    struct ph_sign_secret unused;
    struct ph_school_id whom = school_of(fuzz_byte(input));
    const struct made *named = &made[fuzz_pick(input, made_count == 0 ? 1 : made_count)];
    switch (fact->type) {
    case PH_FACT_FOUND:
        fact->of.found.quota = how;
        return;
    case PH_FACT_CERTIFY:
        memcpy(fact->of.certify.writer.bytes, signers[SCHOOLS + how % SCHOOLS].key, 32);
        fact->of.certify.consenting = &signers[SCHOOLS + how % SCHOOLS].secret;
        fact->of.certify.serial = how / 64;
        return;
    case PH_FACT_INVITE:
        ph_invite_key(invite_secret, &unused, fact->of.invite.key);
        fact->of.invite.uses = 1 + how % 3;
        return;
    case PH_FACT_ADMIT:
        fact->of.admit.school = whom;
        fact->of.admit.invite = named->id;
        fact->of.admit.proof = ph_join_prove(invite_secret, &network, &whom).signature;
        return;
    case PH_FACT_PROPOSE:
        propose(fact, whom, named, how);
        return;
    case PH_FACT_VOTE:
        fact->of.vote.proposal = named->id;
        fact->of.vote.ends = choose_ends(how, room);
        return;
    case PH_FACT_CLOSE:
        memcpy(fact->of.close.writer.bytes, signers[SCHOOLS + how % SCHOOLS].key, 32);
        fact->of.close.ends = choose_ends(how, room);
        return;
    case PH_FACT_LEAVE:
        fact->of.leave.ends = choose_ends(how, room);
        return;
    default:
        fact->of.other.count = 1;
        fact->of.other.items = ph_bytes_text("\x05");
    }
}

/* False: what was chosen is no fact. */
static bool sign(struct ph_fact *fact, const struct signer *author, uint8_t *past, uint32_t count)
{
    struct made *out = &made[made_count];
    struct ph_buffer buffer = ph_buffer(out->bytes, sizeof out->bytes);
    if (count != 0)
        qsort(past, count, 32, compare_ids);
    fact->past = ph_bytes(past, 32 * (size_t)count);
    fact->network = fact->type == PH_FACT_FOUND ? (struct ph_network_id){{0}} : network;
    memcpy(fact->author.bytes, author->key, 32);
    if (ph_fact_sign(fact, &author->secret, &buffer) != PH_OK)
        return false;
    out->id = fact->id;
    out->len = buffer.len;
    made_count++;
    return true;
}

/* The first seven are what every network begins with, so that choices lead somewhere. */
static void make_beginning(void)
{
    struct ph_fact found = {.type = PH_FACT_FOUND}, certify = {.type = PH_FACT_CERTIFY};
    struct ph_fact invite = {.type = PH_FACT_INVITE};
    struct ph_sign_secret unused;
    found.of.found.quota = 1000;
    FUZZ_CHECK(sign(&found, &signers[0], NULL, 0));
    memcpy(network.bytes, made[0].id.bytes, 32);
    memcpy(certify.of.certify.writer.bytes, signers[SCHOOLS].key, 32);
    certify.of.certify.consenting = &signers[SCHOOLS].secret;
    FUZZ_CHECK(sign(&certify, &signers[0], made[0].id.bytes, 1));
    ph_invite_key(invite_secret, &unused, invite.of.invite.key);
    invite.of.invite.uses = 2;
    FUZZ_CHECK(sign(&invite, &signers[SCHOOLS], made[1].id.bytes, 1));
}

static void follow(struct ph_fact *fact, const struct signer *author)
{
    uint8_t past[32];
    memcpy(past, made[made_count - 1].id.bytes, 32);
    FUZZ_CHECK(sign(fact, author, past, 1));
}

/* The other schools join, certify their writers, and become voters. */
static void assemble(void)
{
    for (uint32_t i = 1; i < SCHOOLS; i++) {
        struct ph_fact admit = {.type = PH_FACT_ADMIT}, certify = {.type = PH_FACT_CERTIFY};
        struct ph_school_id whom = school_of(i);
        struct ph_fact confirm = ph_fact_proposing(PH_PROPOSAL_CONFIRM, &whom);
        admit.of.admit.school = whom;
        admit.of.admit.invite = made[2].id;
        admit.of.admit.proof = ph_join_prove(invite_secret, &network, &whom).signature;
        follow(&admit, &signers[SCHOOLS]);
        memcpy(certify.of.certify.writer.bytes, signers[SCHOOLS + i].key, 32);
        certify.of.certify.consenting = &signers[SCHOOLS + i].secret;
        follow(&certify, &signers[i]);
        follow(&confirm, &signers[SCHOOLS]);
        const struct ph_fact_id proposal = made[made_count - 1].id;
        for (uint32_t voter = 0; voter < i; voter++) {
            struct ph_fact vote = {.type = PH_FACT_VOTE};
            vote.of.vote.proposal = proposal;
            follow(&vote, &signers[voter]);
        }
    }
}

static void make_fact(struct fuzz_input *input)
{
    static const uint8_t last_types[] = {77, PH_FACT_CLOSE, PH_FACT_LEAVE, PH_FACT_CLOSE};
    uint8_t ends[FACT_ROOM];
    struct ph_buffer room = ph_buffer(ends, sizeof ends);
    uint8_t past[PAST_MAX * 32];
    uint8_t choice = fuzz_byte(input), how = fuzz_byte(input);
    struct ph_fact fact = {.type = 1 + choice % 7};
    uint32_t past_count = 1 + (choice >> 6);
    uint32_t author = how % SCHOOLS;
    if (fact.type == PH_FACT_CLOSE)
        fact.type = last_types[how >> 2 & 3];
    for (uint32_t i = 0; i < past_count; i++) {
        uint8_t back = fuzz_byte(input); /* most follow what was made last */
        uint32_t index = back < 128 ? made_count - 1 - back % made_count : back % made_count;
        memcpy(past + 32 * (size_t)i, made[index].id.bytes, 32);
    }
    bool by_school = fact.type == PH_FACT_FOUND || fact.type == PH_FACT_CERTIFY ||
                     fact.type == PH_FACT_VOTE || fact.type == PH_FACT_CLOSE ||
                     fact.type == PH_FACT_LEAVE;
    bool by_second = (how >> 4) == 15; /* a key that may have followed the first */
    if ((choice >> 3 & 7) == 7)        /* the wrong key now and then */
        by_school = !by_school;
    fill(input, &fact, fuzz_byte(input), &room);
    sign(&fact,
         &signers[author + (!by_school  ? SCHOOLS
                            : by_second ? SECOND
                                        : 0)],
         past, fact.type == PH_FACT_FOUND ? 0 : past_count);
}

/* --- taking --- */

static struct ph_facts *new_set(void)
{
    struct ph_facts *facts = NULL;
    FUZZ_CHECK(ph_facts_new(&network, &facts) == PH_OK);
    return facts;
}

static void take_in_order(struct ph_facts *facts)
{
    for (uint32_t i = 0; i < made_count; i++) {
        bool is_new;
        uint32_t before = ph_facts_count(facts);
        made[i].status = ph_facts_take(facts, ph_bytes(made[i].bytes, made[i].len), &is_new);
        FUZZ_CHECK(ph_facts_count(facts) == before + (made[i].status == PH_OK && is_new));
    }
}

static void take_again(struct ph_facts *facts, const struct made *fact)
{
    bool is_new;
    enum ph_status status = ph_facts_take(facts, ph_bytes(fact->bytes, fact->len), &is_new);
    FUZZ_CHECK(status == PH_WAITING || status == fact->status);
}

/* Rounds until none is new: some from the beginning, so that others can follow on them, then all in
 * an order that is drawn: backwards, if the input says nothing. */
static void take_shuffled(struct fuzz_input *input, struct ph_facts *facts)
{
    uint32_t before;
    do {
        before = ph_facts_count(facts);
        uint32_t upto = (made_count / 2 + fuzz_byte(input)) % (made_count + 1);
        uint32_t at = fuzz_byte(input), step = ORDER_PRIME - 1 - fuzz_pick(input, ORDER_PRIME - 1);
        for (uint32_t i = 0; i < upto; i++)
            take_again(facts, &made[i]);
        for (uint32_t i = 0; i < ORDER_PRIME; i++)
            if ((at + step * i) % ORDER_PRIME < made_count)
                take_again(facts, &made[(at + step * i) % ORDER_PRIME]);
    } while (ph_facts_count(facts) != before);
}

/* --- the same --- */

static void check_members(struct ph_facts *a, struct ph_facts *b)
{
    struct ph_member members[SCHOOLS + 1];
    uint32_t count = ph_facts_members(a, members, SCHOOLS + 1);
    FUZZ_CHECK(count <= SCHOOLS && ph_facts_members(b, NULL, 0) == count);
    for (uint32_t i = 0; i < count; i++) {
        FUZZ_CHECK(ph_facts_knows(b, &members[i].school));
        FUZZ_CHECK(ph_facts_is_voter(b, &members[i].school) == members[i].is_voter);
        FUZZ_CHECK(ph_fact_id_equal(&ph_facts_admission(b, &members[i].school)->id,
                                    &members[i].admission));
        FUZZ_CHECK(ph_facts_certify_count(a, &members[i].school) ==
                   ph_facts_certify_count(b, &members[i].school));
        const struct ph_fact like = ph_fact_proposing(PH_PROPOSAL_CONFIRM, &members[i].school);
        const struct ph_fact *one = ph_facts_proposal(a, &members[0].school, &like);
        const struct ph_fact *two = ph_facts_proposal(b, &members[0].school, &like);
        FUZZ_CHECK((one == NULL) == (two == NULL));
        FUZZ_CHECK(one == NULL || ph_fact_id_equal(&one->id, &two->id));
    }
}

/* --- keys, decisions, logs --- */

static void check_keys(struct ph_facts *a, struct ph_facts *b)
{
    for (uint32_t i = 0; i < 3 * SCHOOLS; i++) {
        struct ph_school_id key;
        uint8_t removals_a[PH_LIFTED_MAX * 32], removals_b[PH_LIFTED_MAX * 32];
        memcpy(key.bytes, signers[i].key, 32);
        const struct ph_school_id *one = ph_facts_owner(a, &key), *two = ph_facts_owner(b, &key);
        FUZZ_CHECK((one == NULL) == (two == NULL));
        FUZZ_CHECK(one == NULL || ph_school_id_equal(one, two));
        FUZZ_CHECK(ph_facts_speaks(a, &key) == ph_facts_speaks(b, &key));
        FUZZ_CHECK(one != NULL || !ph_facts_speaks(a, &key));
        FUZZ_CHECK(ph_facts_is_removed(a, &key) == ph_facts_is_removed(b, &key));
        FUZZ_CHECK(!ph_facts_is_removed(a, &key) || !ph_facts_is_voter(a, &key));
        size_t len = ph_facts_removals(a, &key, removals_a);
        FUZZ_CHECK(ph_facts_removals(b, &key, removals_b) == len);
        FUZZ_CHECK(memcmp(removals_a, removals_b, len) == 0);
        FUZZ_CHECK((len != 0) == ph_facts_is_removed(a, &key));
    }
    for (uint64_t setting = 1; setting <= 2; setting++) {
        uint64_t one = 0, two = 0;
        FUZZ_CHECK(ph_facts_policy(a, setting, &one) == ph_facts_policy(b, setting, &two));
        FUZZ_CHECK(one == two);
    }
}

/* Every log is one branch of so many entries. */
static enum ph_status find_entry(void *impl, const struct ph_log_end *end, uint32_t *branch)
{
    (void)impl;
    *branch = 0;
    return end->seq <= LOG_LEN ? PH_OK : PH_NOT_FOUND;
}

static uint32_t cut_of(struct ph_facts *facts, const struct ph_fact *certify)
{
    const struct ph_bounded_branch branch = {.certify = certify};
    const struct ph_bounded_log log = {.school = ph_facts_school_of(facts, certify),
                                       .writer = &certify->of.certify.writer,
                                       .branches = &branch,
                                       .branch_count = 1,
                                       .find = find_entry};
    uint32_t stands_to = 0;
    FUZZ_CHECK(ph_bounds_of(facts, &log, &stands_to) == PH_OK);
    FUZZ_CHECK(ph_bounds_log(facts, certify) == (stands_to != PH_STANDS_ALL));
    FUZZ_CHECK(stands_to <= LOG_LEN || stands_to == PH_STANDS_ALL);
    return stands_to;
}

static void check_effect(struct ph_facts *a, const struct ph_fact *fact, struct ph_facts *b,
                         const struct ph_fact *other)
{
    struct ph_tally one = ph_facts_tally(a, &fact->id), two = ph_facts_tally(b, &fact->id);
    FUZZ_CHECK(one.seats == two.seats && one.votes == two.votes && one.votes <= one.seats);
    FUZZ_CHECK(ph_facts_is_reached(a, &fact->id) == ph_facts_is_reached(b, &fact->id));
    if (fact->type == PH_FACT_CERTIFY && ph_facts_stands(a, fact))
        FUZZ_CHECK(cut_of(a, fact) == cut_of(b, other));
}

static void check_facts(struct ph_facts *a, struct ph_facts *b)
{
    uint32_t count = ph_facts_count(a), closure_a[FACTS_MAX], closure_b[FACTS_MAX];
    struct ph_hash one = ph_facts_hash(a, count), two;
    FUZZ_CHECK(ph_facts_count(b) == count);
    two = ph_facts_hash(b, count);
    FUZZ_CHECK(ph_hash_equal(&one, &two));
    for (uint32_t i = 0; i < count; i++) {
        const struct ph_fact *fact = ph_facts_at(a, i), *other = ph_facts_find(b, &fact->id);
        FUZZ_CHECK(other != NULL && ph_bytes_equal(fact->bytes, other->bytes));
        FUZZ_CHECK(ph_facts_stands(a, fact) == ph_facts_stands(b, other));
        check_effect(a, fact, b, other);
        FUZZ_CHECK(ph_facts_invite_uses(a, &fact->id) == ph_facts_invite_uses(b, &fact->id));
        FUZZ_CHECK(ph_facts_closure(a, &fact->id, closure_a) ==
                   ph_facts_closure(b, &fact->id, closure_b));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    for (uint8_t i = 0; i < 3 * SCHOOLS; i++)
        ph_sign_key_from_seed((const uint8_t[32]){'k', i}, &signers[i].secret, signers[i].key);
    made_count = 0;
    make_beginning();
    uint8_t choice = fuzz_byte(&input);
    uint32_t count = choice % MORE_MAX;
    if (choice >= 128)
        assemble();
    for (uint32_t i = 0; i < count && made_count < FACTS_MAX; i++)
        make_fact(&input);
    struct ph_facts *one = new_set(), *two = new_set();
    take_in_order(one);
    take_shuffled(&input, two);
    check_facts(one, two);
    check_members(one, two);
    check_keys(one, two);
    ph_facts_free(one);
    ph_facts_free(two);
    return 0;
}
