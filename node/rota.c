#include "node/rota.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/kind.h"

#define NOBODY UINT32_MAX

void ph_rota_free(struct ph_rota *rota)
{
    free(rota->terms);
    free(rota->words);
    free(rota->schools);
    *rota = (struct ph_rota){0};
}

/* --- reading records --- */

/* The item of a field for machines that need one answer; empty: none. */
static struct ph_bytes item_of(const struct ph_record *record, uint16_t field)
{
    struct ph_record rest = *record;
    struct ph_record_value value;
    while (ph_record_next(&rest, &value))
        if (value.field == field && !value.is_missing)
            return value.item;
    return ph_bytes(NULL, 0);
}

/* Of `size` bytes with a final zero; empty if there is none. */
static void read_text(const struct ph_record *record, uint16_t field, char *out, size_t size)
{
    struct ph_unpacker in = ph_unpack_scanned(item_of(record, field));
    struct ph_bytes text = in.next == in.end ? ph_bytes(NULL, 0) : ph_unpack_text(&in);
    size_t len = in.failed || text.len >= size ? 0 : text.len;
    if (len != 0)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

static bool read_bytes(struct ph_bytes item, uint8_t *out, size_t len)
{
    struct ph_unpacker in = ph_unpack_scanned(item);
    if (item.len == 0)
        return false;
    struct ph_bytes bytes = ph_unpack_bin(&in);
    if (in.failed || bytes.len != len)
        return false;
    memcpy(out, bytes.data, len);
    return true;
}

static uint16_t number_of(uint16_t kind, const char *name)
{
    return ph_field_by_name(ph_kind_by_number(kind), ph_bytes_text(name))->number;
}

static void read_deputies(const struct ph_record *record, struct ph_term *term)
{
    uint16_t field = number_of(PH_KIND_HOST_TERM, "deputies");
    struct ph_record rest = *record;
    struct ph_record_value value;
    while (term->deputy_count < PH_DEPUTIES_MAX && ph_record_next(&rest, &value))
        if (value.field == field && !value.is_missing &&
            read_bytes(value.item, term->deputies[term->deputy_count].bytes, 32))
            term->deputy_count++;
}

/* False: it names no school. */
static bool read_term(const struct ph_record *record, struct ph_term *out)
{
    *out = (struct ph_term){.id = record->id};
    read_text(record, PH_FIELD_NUMBER_POSITION, out->position, sizeof out->position);
    read_text(record, number_of(PH_KIND_HOST_TERM, "period_from"), out->from, sizeof out->from);
    read_text(record, number_of(PH_KIND_HOST_TERM, "period_to"), out->to, sizeof out->to);
    read_deputies(record, out);
    return read_bytes(item_of(record, number_of(PH_KIND_HOST_TERM, "school")), out->school.bytes,
                      sizeof out->school.bytes);
}

static bool read_word(const struct ph_record *record, uint32_t by, struct ph_word *out)
{
    const struct ph_kind *kind = ph_kind_by_number(PH_KIND_HOST_WORD);
    const struct ph_field *field = ph_field_by_name(kind, ph_bytes_text("word"));
    char text[16];
    *out = (struct ph_word){.id = record->id, .by = by, .lamport = record->created_lamport};
    read_text(record, field->number, text, sizeof text);
    (void)read_bytes(item_of(record, PH_FIELD_NUMBER_PARENT), out->parent.bytes,
                     sizeof out->parent.bytes);
    (void)read_bytes(item_of(record, number_of(PH_KIND_HOST_WORD, "ends")), out->ends.bytes,
                     sizeof out->ends.bytes);
    for (int i = 0; field->choices[i] != NULL; i++)
        if (strcmp(field->choices[i], text) == 0) {
            out->word = (enum ph_host_word)i;
            return true;
        }
    return false;
}

/* --- all of them --- */

static uint32_t school_of(const struct ph_rota *rota, const struct ph_record_id *id)
{
    for (uint32_t i = 0; i < rota->school_count; i++)
        if (ph_record_id_is_of(id, &rota->schools[i]))
            return i;
    return NOBODY;
}

static enum ph_status add_record(struct ph_rota *rota, const struct ph_record *record, uint32_t by)
{
    struct ph_term term;
    struct ph_word word;
    if (record->kind == PH_KIND_HOST_TERM && rota->term_count < PH_TERMS_MAX &&
        read_term(record, &term))
        rota->terms[rota->term_count++] = term;
    if (record->kind == PH_KIND_HOST_WORD && read_word(record, by, &word))
        rota->words[rota->word_count++] = word;
    return PH_OK;
}

/* The latest of each school's, so that none keeps another's from being seen. */
static enum ph_status read_kind(const struct ph_view *view, uint16_t kind, uint32_t per_school,
                                uint32_t *counts, struct ph_rota *rota)
{
    struct ph_list_position position = {0};
    struct ph_record_id id;
    memset(counts, 0, (rota->school_count + 1) * sizeof *counts);
    for (uint32_t row = 0; row < PH_ROTA_ROWS_MAX; row++) {
        struct ph_record record;
        enum ph_status status = ph_view_list(view, kind, &position, &id);
        if (status != PH_OK)
            return status == PH_NOT_FOUND ? PH_OK : status;
        uint32_t by = school_of(rota, &id);
        if (by == NOBODY || counts[by]++ >= per_school)
            continue;
        PH_TRY(ph_view_record(view, kind, &id, &record));
        PH_TRY(add_record(rota, &record, by));
    }
    return PH_OK;
}

static int compare_terms(const void *a, const void *b)
{
    const struct ph_term *left = a, *right = b;
    int order = strcmp(left->position, right->position);
    return order != 0 ? order : ph_record_id_compare(&left->id, &right->id);
}

static int compare_words(const void *a, const void *b)
{
    return ph_record_id_compare(&((const struct ph_word *)a)->id, &((const struct ph_word *)b)->id);
}

/* --- questions --- */

static int find_term(const struct ph_rota *rota, const struct ph_record_id *id)
{
    for (uint32_t i = 0; i < rota->term_count; i++)
        if (ph_record_id_equal(&rota->terms[i].id, id))
            return (int)i;
    return -1;
}

struct ph_record_id ph_rota_current(const struct ph_rota *rota)
{
    static const struct ph_record_id founders;
    return rota->current < 0 ? founders : rota->terms[rota->current].id;
}

bool ph_rota_is_deputy(const struct ph_rota *rota, const struct ph_school_id *school)
{
    const struct ph_term *term = rota->current < 0 ? NULL : &rota->terms[rota->current];
    for (uint32_t i = 0; term != NULL && i < term->deputy_count; i++)
        if (ph_school_id_equal(&term->deputies[i], school))
            return true;
    return term == NULL || term->deputy_count == 0; /* nobody was named: anybody may */
}

int ph_rota_next(const struct ph_rota *rota)
{
    for (uint32_t i = 0; i < rota->term_count; i++)
        if (rota->terms[i].is_accepted && !rota->terms[i].has_begun)
            return (int)i;
    return -1;
}

static bool is_by(const struct ph_rota *rota, const struct ph_word *word,
                  const struct ph_school_id *school)
{
    return ph_school_id_equal(&rota->schools[word->by], school);
}

const struct ph_word *ph_rota_word(const struct ph_rota *rota, const struct ph_school_id *by,
                                   enum ph_host_word word, const struct ph_record_id *parent)
{
    for (uint32_t i = 0; i < rota->word_count; i++)
        if (rota->words[i].word == word && is_by(rota, &rota->words[i], by) &&
            ph_record_id_equal(&rota->words[i].parent, parent))
            return &rota->words[i];
    return NULL;
}

const struct ph_word *ph_rota_handing_over(const struct ph_rota *rota)
{
    struct ph_record_id current = ph_rota_current(rota);
    for (uint32_t i = 0; i < rota->word_count; i++) {
        const struct ph_word *word = &rota->words[i];
        int next = find_term(rota, &word->parent);
        if (word->word == PH_WORD_HAND_OVER && is_by(rota, word, &rota->host) && next >= 0 &&
            ph_record_id_equal(&word->ends, &current) && rota->terms[next].is_accepted &&
            !rota->terms[next].has_begun)
            return word;
    }
    return NULL;
}

struct ph_tally ph_rota_tally(const struct ph_rota *rota, const struct ph_facts *facts,
                              const struct ph_word *take)
{
    struct ph_tally tally = {.seats = 0};
    for (uint32_t i = 0; i < rota->school_count; i++) {
        const struct ph_school_id *school = &rota->schools[i];
        if (!ph_facts_is_voter(facts, school))
            continue;
        tally.seats++;
        tally.votes +=
            i == take->by || ph_rota_word(rota, school, PH_WORD_AGREE, &take->id) != NULL;
    }
    tally.needed = tally.seats / 2 + 1;
    return tally;
}

/* --- whose turn it is --- */

/* A term is accepted by its school, which has to be in the network. */
static void judge_terms(struct ph_rota *rota, const struct ph_facts *facts)
{
    for (uint32_t i = 0; i < rota->term_count; i++) {
        struct ph_term *term = &rota->terms[i];
        bool is_member =
            ph_facts_knows(facts, &term->school) && !ph_facts_is_removed(facts, &term->school);
        term->is_declined = ph_rota_word(rota, &term->school, PH_WORD_DECLINE, &term->id) != NULL;
        term->is_accepted = is_member && !term->is_declined &&
                            ph_rota_word(rota, &term->school, PH_WORD_ACCEPT, &term->id) != NULL;
    }
}

/* Who acts in the term under way: its school, unless another took it over, by the votes of most. */
static void find_host(struct ph_rota *rota, const struct ph_facts *facts,
                      const struct ph_school_id *school)
{
    struct ph_record_id current = ph_rota_current(rota);
    uint32_t most = 0;
    rota->host = *school;
    for (uint32_t i = 0; i < rota->word_count; i++) {
        const struct ph_word *word = &rota->words[i];
        if (word->word != PH_WORD_TAKE || !ph_record_id_equal(&word->ends, &current) ||
            !ph_rota_is_deputy(rota, &rota->schools[word->by]))
            continue;
        struct ph_tally tally = ph_rota_tally(rota, facts, word);
        if (tally.votes < tally.needed || tally.votes <= most)
            continue;
        most = tally.votes;
        rota->host = rota->schools[word->by];
    }
}

/* The term that the host has handed over to, and that its school has taken on; -1: none. */
static int find_successor(const struct ph_rota *rota)
{
    struct ph_record_id current = ph_rota_current(rota);
    for (uint32_t i = 0; i < rota->word_count; i++) {
        const struct ph_word *word = &rota->words[i];
        if (word->word != PH_WORD_HAND_OVER || !is_by(rota, word, &rota->host) ||
            !ph_record_id_equal(&word->ends, &current))
            continue;
        int next = find_term(rota, &word->parent);
        if (next >= 0 && rota->terms[next].is_accepted && !rota->terms[next].has_begun &&
            ph_rota_word(rota, &rota->terms[next].school, PH_WORD_HOLD, &word->id) != NULL)
            return next;
    }
    return -1;
}

static void judge(struct ph_rota *rota, const struct ph_facts *facts)
{
    judge_terms(rota, facts);
    rota->current = -1;
    find_host(rota, facts, ph_facts_school(facts, 0));
    for (int next = find_successor(rota); next >= 0; next = find_successor(rota)) {
        rota->current = next;
        rota->terms[next].has_begun = true;
        find_host(rota, facts, &rota->terms[next].school);
    }
}

static enum ph_status read_all(const struct ph_facts *facts, const struct ph_view *view,
                               uint32_t *counts, struct ph_rota *rota)
{
    for (uint32_t i = 0; i < rota->school_count; i++)
        rota->schools[i] = *ph_facts_school(facts, i);
    PH_TRY(read_kind(view, PH_KIND_HOST_TERM, PH_TERMS_PER_SCHOOL_MAX, counts, rota));
    PH_TRY(read_kind(view, PH_KIND_HOST_WORD, PH_WORDS_PER_SCHOOL_MAX, counts, rota));
    if (rota->term_count != 0)
        qsort(rota->terms, rota->term_count, sizeof *rota->terms, compare_terms);
    if (rota->word_count != 0)
        qsort(rota->words, rota->word_count, sizeof *rota->words, compare_words);
    judge(rota, facts);
    return PH_OK;
}

enum ph_status ph_rota_read(const struct ph_facts *facts, const struct ph_view *view,
                            struct ph_rota *out)
{
    uint32_t known = ph_facts_members(facts, NULL, 0);
    *out = (struct ph_rota){.current = -1};
    out->school_count = known < PH_SCHOOLS_MAX ? known : PH_SCHOOLS_MAX;
    out->schools = calloc(out->school_count + 1, sizeof *out->schools);
    out->terms = calloc(PH_TERMS_MAX, sizeof *out->terms);
    out->words = calloc(out->school_count * PH_WORDS_PER_SCHOOL_MAX + 1, sizeof *out->words);
    uint32_t *counts = calloc(out->school_count + 1, sizeof *counts);
    enum ph_status status = PH_NO_MEMORY;
    if (out->schools != NULL && out->terms != NULL && out->words != NULL && counts != NULL)
        status = known == 0 ? PH_OK : read_all(facts, view, counts, out);
    free(counts);
    return status;
}
