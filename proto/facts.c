#include "proto/facts.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/flood.h"
#include "proto/past.h"

#define SIZE_FIRST 64

enum ph_status ph_facts_new(const struct ph_network_id *network, struct ph_facts **out)
{
    struct ph_facts *facts = calloc(1, sizeof *facts);
    if (facts == NULL)
        return PH_NO_MEMORY;
    facts->network = *network;
    facts->hashed_count = PH_NONE;
    *out = facts;
    return PH_OK;
}

static void free_held(struct ph_held *held)
{
    if (held != NULL)
        free(held->effect.electorate);
    free(held);
}

void ph_facts_free(struct ph_facts *facts)
{
    if (facts == NULL)
        return;
    for (uint32_t i = 0; i < facts->count; i++)
        free_held(facts->held[i]);
    for (uint32_t i = 0; i < PH_SCHOOLS_MAX; i++)
        free(facts->wants[i].ids);
    free(facts->held);
    free(facts->by_id);
    free(facts->schools);
    free(facts);
}

/* --- Finding --- */

/* The place of `id` in `by_id`: of itself, or where it would stand. */
static uint32_t place_of(const struct ph_facts *facts, const struct ph_fact_id *id)
{
    uint32_t low = 0;
    uint32_t high = facts->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ph_fact_id_compare(&facts->held[facts->by_id[middle]]->fact.id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t ph_fact_number(const struct ph_facts *facts, const struct ph_fact_id *id)
{
    uint32_t place = place_of(facts, id);
    if (place == facts->count)
        return PH_NONE;
    uint32_t index = facts->by_id[place];
    return ph_fact_id_equal(&facts->held[index]->fact.id, id) ? index : PH_NONE;
}

uint32_t ph_school_number(const struct ph_facts *facts, const uint8_t id[32])
{
    for (uint32_t i = 0; i < facts->school_count; i++) {
        if (memcmp(facts->schools[i].id.bytes, id, 32) == 0)
            return i;
    }
    return PH_NONE;
}

/* --- Taking --- */

/* Facts that others' effects hang on: all else is named by who answers it. */
static bool is_support(const struct ph_held *held)
{
    bool is_of_kind = held->fact.type == PH_FACT_FOUND || held->fact.type == PH_FACT_ADMIT ||
                      held->fact.type == PH_FACT_VOTE;
    return is_of_kind && held->effect.stands;
}

/* Bytes in a closed past that its supports don't rest on: what a fact on it lays on all later
 * ones. */
static size_t surplus_of(const struct ph_facts *facts, const struct ph_bits *past)
{
    struct ph_bits covered = {{0}};
    size_t len = 0;
    for (uint32_t i = 0; i < facts->count; i++)
        if (is_support(facts->held[i]) && ph_bits_has(past, i))
            ph_bits_add(&covered, i);
    ph_past_close(facts, &covered);
    for (uint32_t i = 0; i < facts->count; i++)
        if (ph_bits_has(past, i) && !ph_bits_has(&covered, i))
            len += facts->held[i]->fact.bytes.len;
    return len;
}

static enum ph_status resolve_past(const struct ph_facts *facts, struct ph_held *held)
{
    for (size_t at = 0; at < held->fact.past.len; at += 32) {
        struct ph_fact_id id;
        memcpy(id.bytes, held->fact.past.data + at, 32);
        uint32_t index = ph_fact_number(facts, &id);
        if (index == PH_NONE)
            return PH_WAITING;
        held->past[held->past_count++] = index;
    }
    return PH_OK;
}

static bool is_of_network(const struct ph_facts *facts, const struct ph_fact *fact)
{
    const uint8_t *network = fact->type == PH_FACT_FOUND ? fact->id.bytes : fact->network.bytes;
    return memcmp(network, facts->network.bytes, 32) == 0;
}

/* Room for one more fact and for one more school. */
static enum ph_status grow(struct ph_facts *facts)
{
    if (facts->count < facts->size)
        return PH_OK;
    uint32_t size = facts->size == 0 ? SIZE_FIRST : 2 * facts->size;
    struct ph_held **held = realloc(facts->held, size * sizeof(void *));
    if (held == NULL)
        return PH_NO_MEMORY;
    facts->held = held;
    uint32_t *by_id = realloc(facts->by_id, size * sizeof *by_id);
    if (by_id == NULL)
        return PH_NO_MEMORY;
    facts->by_id = by_id;
    struct ph_known_school *schools = realloc(facts->schools, size * sizeof *schools);
    if (schools == NULL)
        return PH_NO_MEMORY;
    facts->schools = schools;
    facts->size = size;
    return PH_OK;
}

static void insert(struct ph_facts *facts, struct ph_held *held)
{
    uint32_t place = place_of(facts, &held->fact.id);
    memmove(&facts->by_id[place + 1], &facts->by_id[place],
            (facts->count - place) * sizeof *facts->by_id);
    facts->by_id[place] = facts->count;
    facts->held[facts->count++] = held;
    if (facts->count > 1 && ph_flood_is_over(&facts->schools[held->effect.of]))
        ph_flood_note_taken(facts, &held->fact.id);
    ph_standing_apply(facts, facts->count - 1);
}

/* What a fact that is not held yet rests on, and whether there is room for it. */
static enum ph_status place(const struct ph_facts *facts, struct ph_held *held, bool is_bounded,
                            struct ph_bits *past)
{
    PH_TRY(resolve_past(facts, held));
    for (uint32_t i = 0; i < held->past_count; i++)
        ph_bits_add(past, held->past[i]);
    ph_past_close(facts, past);
    if (held->fact.type == PH_FACT_FOUND)
        return PH_OK;
    held->effect.of = ph_standing_school_of(facts, past, &held->fact.author);
    if (held->effect.of == PH_NONE)
        return PH_FORBIDDEN;
    bool is_over = is_bounded && ph_flood_is_over(&facts->schools[held->effect.of]);
    return is_over && ph_flood_wanted_by(facts, &held->fact.id) == PH_NONE ? PH_REFUSED : PH_OK;
}

/* Signatures are dear: looked at only where something hangs on them. */
static enum ph_status judge(struct ph_facts *facts, struct ph_held *held, bool is_bounded)
{
    struct ph_bits past = {{0}};
    enum ph_status status = place(facts, held, is_bounded, &past);
    if (status == PH_REFUSED)
        return status;
    PH_TRY(ph_fact_verify(&held->fact));
    if (status == PH_WAITING)
        ph_flood_note_waiting(facts, &held->fact);
    PH_TRY(status);
    PH_TRY(ph_standing_judge(facts, &past, &held->fact, &held->effect));
    if (is_support(held) && surplus_of(facts, &past) > PH_FACT_SURPLUS_MAX)
        held->effect.stands = false; /* all that comes would have to carry it along */
    return PH_OK;
}

/* A copy of the bytes with room for the numbers of what it names. */
static struct ph_held *copy_of(struct ph_bytes bytes, struct ph_bytes *copy)
{
    size_t numbers_len = bytes.len / 32 * sizeof(uint32_t);
    struct ph_held *held = calloc(1, sizeof *held + numbers_len + bytes.len);
    if (held == NULL)
        return NULL;
    uint8_t *place = (uint8_t *)held->past + numbers_len;
    if (bytes.len != 0)
        memcpy(place, bytes.data, bytes.len);
    *copy = ph_bytes(place, bytes.len);
    return held;
}

/* All that can fail; the set is unchanged, but for room. */
static enum ph_status prepare(struct ph_facts *facts, struct ph_held *held, struct ph_bytes copy,
                              bool is_bounded, bool *is_new)
{
    PH_TRY(ph_fact_read(copy, &held->fact));
    if (!is_of_network(facts, &held->fact))
        return PH_FORBIDDEN;
    *is_new = ph_fact_number(facts, &held->fact.id) == PH_NONE;
    if (!*is_new)
        return PH_OK;
    if (facts->count == PH_FACTS_MAX)
        return PH_REFUSED;
    PH_TRY(grow(facts));
    return judge(facts, held, is_bounded);
}

static enum ph_status take(struct ph_facts *facts, struct ph_bytes bytes, bool is_bounded,
                           bool *is_new)
{
    struct ph_bytes copy;
    bool is_missing = false;
    if (bytes.len > PH_FACT_MAX)
        return PH_LIMIT;
    struct ph_held *held = copy_of(bytes, &copy);
    if (held == NULL)
        return PH_NO_MEMORY;
    enum ph_status status = prepare(facts, held, copy, is_bounded, &is_missing);
    if (status == PH_OK && is_missing)
        insert(facts, held);
    else
        free_held(held);
    if (status == PH_OK)
        *is_new = is_missing;
    return status;
}

enum ph_status ph_facts_take(struct ph_facts *facts, struct ph_bytes bytes, bool *is_new)
{
    return take(facts, bytes, true, is_new);
}

enum ph_status ph_facts_load(struct ph_facts *facts, struct ph_bytes bytes, bool *is_new)
{
    return take(facts, bytes, false, is_new);
}

bool ph_facts_expect(struct ph_facts *facts, struct ph_bytes bytes)
{
    struct ph_fact fact;
    if (ph_fact_read(bytes, &fact) != PH_OK || !is_of_network(facts, &fact) ||
        ph_fact_number(facts, &fact.id) != PH_NONE)
        return false;
    ph_flood_note_expected(facts, &fact);
    return true;
}

/* --- Questions about the graph --- */

uint32_t ph_facts_count(const struct ph_facts *facts)
{
    return facts->count;
}

const struct ph_fact *ph_facts_at(const struct ph_facts *facts, uint32_t index)
{
    assert(index < facts->count);
    return &facts->held[index]->fact;
}

const struct ph_fact *ph_facts_find(const struct ph_facts *facts, const struct ph_fact_id *id)
{
    uint32_t index = ph_fact_number(facts, id);
    return index == PH_NONE ? NULL : &facts->held[index]->fact;
}

uint32_t ph_facts_find_prefix(const struct ph_facts *facts, const uint8_t prefix[16])
{
    struct ph_fact_id lowest = {{0}};
    memcpy(lowest.bytes, prefix, 16);
    uint32_t place = place_of(facts, &lowest);
    if (place == facts->count)
        return UINT32_MAX;
    uint32_t index = facts->by_id[place];
    return memcmp(facts->held[index]->fact.id.bytes, prefix, 16) == 0 ? index : UINT32_MAX;
}

const struct ph_fact *ph_facts_founding(const struct ph_facts *facts)
{
    return facts->count == 0 ? NULL : &facts->held[0]->fact; /* all others have it in their past */
}

static void count_by_school(struct ph_facts *facts, uint32_t count)
{
    for (uint32_t i = 0; i < facts->school_count; i++)
        facts->schools[i].counted_count = 0;
    for (uint32_t i = 0; i < count; i++)
        facts->schools[facts->held[i]->effect.of].counted_count++;
}

struct ph_hash ph_facts_hash(struct ph_facts *facts, uint32_t count)
{
    assert(count <= facts->count);
    if (facts->hashed_count == count)
        return facts->hash;
    struct ph_hasher hasher;
    ph_hasher_init(&hasher, PH_DOMAIN_FACT_SET);
    count_by_school(facts, count);
    for (uint32_t i = 0; i < facts->count; i++) {
        uint32_t index = facts->by_id[i];
        const struct ph_held *held = facts->held[index];
        if (index < count &&
            facts->schools[held->effect.of].counted_count <= PH_FACTS_PER_SCHOOL_MAX)
            ph_hasher_add(&hasher, ph_bytes(held->fact.id.bytes, 32));
    }
    facts->hash = ph_hasher_end(&hasher);
    facts->hashed_count = count;
    return facts->hash;
}

/* Leavings that a past has room for: all later facts are judged without who has left, but nobody is
 * to lay much on them by leaving. */
struct leavings {
    struct ph_bits schools; /* seen already */
    size_t room;            /* bytes of surplus */
};

static bool is_to_be_named(const struct ph_facts *facts, const struct ph_held *held,
                           struct leavings *leavings)
{
    if (held->fact.type != PH_FACT_LEAVE || !held->effect.stands ||
        !facts->schools[held->effect.school].is_removed ||
        ph_bits_has(&leavings->schools, held->effect.school))
        return false;
    size_t len = ph_facts_surplus(facts, &held->fact.id);
    if (len > leavings->room)
        return false;
    leavings->room -= len;
    ph_bits_add(&leavings->schools, held->effect.school);
    return true;
}

size_t ph_facts_past(const struct ph_facts *facts, const struct ph_fact_id *must, size_t must_count,
                     uint8_t out[PH_FACT_PAST_MAX * 32])
{
    struct ph_bits chosen = {{0}}, covered = {{0}};
    struct leavings leavings = {.room = PH_FACT_SURPLUS_MAX / 4};
    uint32_t count = 0;
    size_t len = 0;
    assert(must_count < PH_FACT_PAST_MAX);
    for (size_t i = 0; i < must_count; i++) {
        uint32_t index = ph_fact_number(facts, &must[i]);
        count += index != PH_NONE && !ph_bits_has(&chosen, index);
        if (index != PH_NONE)
            ph_bits_add(&chosen, index);
    }
    for (uint32_t i = facts->count; i-- > 0;) {
        const struct ph_held *held = facts->held[i];
        bool is_covered = ph_bits_has(&covered, i) || ph_bits_has(&chosen, i);
        if (!is_covered && (count == PH_FACT_PAST_MAX ||
                            (!is_support(held) && !is_to_be_named(facts, held, &leavings))))
            continue;
        if (!is_covered) {
            ph_bits_add(&chosen, i);
            count++;
        }
        for (uint32_t k = 0; k < held->past_count; k++)
            ph_bits_add(&covered, held->past[k]);
    }
    for (uint32_t i = 0; i < facts->count; i++) {
        if (!ph_bits_has(&chosen, facts->by_id[i]))
            continue;
        memcpy(out + len, facts->held[facts->by_id[i]]->fact.id.bytes, 32);
        len += 32;
    }
    return len;
}

size_t ph_facts_surplus(const struct ph_facts *facts, const struct ph_fact_id *id)
{
    struct ph_bits past = {{0}};
    uint32_t index = ph_fact_number(facts, id);
    if (index == PH_NONE)
        return 0;
    ph_bits_add(&past, index);
    ph_past_close(facts, &past);
    return surplus_of(facts, &past);
}

uint32_t ph_facts_closure(const struct ph_facts *facts, const struct ph_fact_id *id, uint32_t *out)
{
    struct ph_bits past = {{0}};
    uint32_t count = 0;
    uint32_t last = ph_fact_number(facts, id);
    if (last == PH_NONE)
        return 0;
    ph_bits_add(&past, last);
    ph_past_close(facts, &past);
    for (uint32_t i = 0; i <= last; i++) {
        if (ph_bits_has(&past, i))
            out[count++] = i;
    }
    return count;
}
