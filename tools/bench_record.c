#include "tools/bench_record.h"

#include "proto/kind.h"

#include <string.h>

/* Of twenty entries of a log the second is a priority, seven are actions, six comments and six
 * reflections. */
#define CYCLE 20
#define PRIORITY_AT 2
#define CLAUSE_LEN 10           /* bytes by which sentences are longer than asked for, on average */
#define SENTENCE_LEN_MAX 300u   /* the most by which they are */
#define PARENT_DISTANCE_MAX 200 /* entries: people comment on what is recent */

/* How a kind's text is shared out: its fields in order, each with a part of the whole. */
enum content { SENTENCES, HEADING, PERSON, DATE, CHOICE, POSITION };
struct share {
    const char *field;
    enum content content;
    uint8_t percent; /* of the text, for sentences */
};

static const struct share priority[] = {
    {"position", POSITION, 0}, {"title", HEADING, 0},    {"headings", SENTENCES, 28},
    {"needs", SENTENCES, 30},  {"needs", SENTENCES, 32}, {NULL, HEADING, 0},
};
static const struct share action[] = {
    {"position", POSITION, 0}, {"title", HEADING, 0},       {"lead", PERSON, 0},
    {"due", DATE, 0},          {"status", CHOICE, 0},       {"resources", SENTENCES, 45},
    {"cost", HEADING, 0},      {"evidence", SENTENCES, 28}, {NULL, HEADING, 0},
};
static const struct share reflection[] = {
    {"title", HEADING, 0},          {"model", CHOICE, 0},
    {"description", SENTENCES, 32}, {"feelings", SENTENCES, 16},
    {"evaluation", SENTENCES, 18},  {"action_plan", SENTENCES, 18},
    {"review_date", DATE, 0},       {NULL, HEADING, 0},
};
static const struct share comment[] = {
    {"text", SENTENCES, 92},
    {NULL, HEADING, 0},
};

static uint16_t kind_at(uint32_t seq)
{
    uint32_t turn = seq % CYCLE;
    if (turn == PRIORITY_AT)
        return PH_KIND_PRIORITY;
    switch (turn % 3) {
    case 0:
        return PH_KIND_ACTION;
    case 1:
        return PH_KIND_COMMENT;
    default:
        return PH_KIND_REFLECTION;
    }
}

static const struct share *shares_of(uint16_t kind)
{
    switch (kind) {
    case PH_KIND_PRIORITY:
        return priority;
    case PH_KIND_ACTION:
        return action;
    case PH_KIND_COMMENT:
        return comment;
    default:
        return reflection;
    }
}

/* A comment speaks of anything recent, an action serves a recent priority; of all schools. */
static struct ph_bench_parent find_parent(struct ph_chance *chance, uint16_t kind,
                                          const struct ph_bench_place *place)
{
    struct ph_bench_parent parent = {ph_chance_below(chance, place->writer_count), 0};
    uint32_t distance = 1 + ph_chance_below(chance, PARENT_DISTANCE_MAX);
    uint32_t seq = place->seq > distance ? place->seq - distance : 0;
    if (kind == PH_KIND_ACTION)
        seq = seq / CYCLE * CYCLE + PRIORITY_AT;
    /* A log's first entry is the school's own record, which nobody comments on. */
    if ((kind == PH_KIND_ACTION || kind == PH_KIND_COMMENT) && seq > 1 && seq < place->seq)
        parent.seq = seq;
    return parent;
}

/* --- values --- */

static void put_choice(struct ph_chance *chance, const struct ph_field *field,
                       struct ph_buffer *out)
{
    uint32_t count = 0;
    while (field->choices[count] != NULL)
        count++;
    const char *choice = field->choices[ph_chance_below(chance, count)];
    ph_buffer_put(out, choice, strlen(choice));
}

static void put_position(struct ph_chance *chance, struct ph_buffer *out)
{
    static const char digits[] = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (uint32_t left = 2 + ph_chance_below(chance, 2); left > 0; left--)
        ph_buffer_put(out, digits + ph_chance_below(chance, sizeof digits - 1), 1);
}

static void put_value(struct ph_chance *chance, const struct share *share,
                      const struct ph_field *field, size_t text_len, struct ph_buffer *out)
{
    enum ph_bench_language language =
        ph_chance_below(chance, 100) < 72 ? PH_BENCH_ENGLISH : PH_BENCH_ARABIC;
    size_t len = text_len * share->percent / 100, len_max;
    switch (share->content) {
    case SENTENCES:
        len = len > CLAUSE_LEN ? len - CLAUSE_LEN : 1;
        len_max = field->size_max - SENTENCE_LEN_MAX;
        ph_bench_sentences(chance, language, len < len_max ? len : len_max, out);
        return;
    case HEADING:
        ph_bench_heading(chance, language, out);
        return;
    case PERSON:
        ph_bench_person(chance, language, out);
        return;
    case DATE:
        ph_bench_date(chance, out);
        return;
    case CHOICE:
        put_choice(chance, field, out);
        return;
    case POSITION:
        put_position(chance, out);
        return;
    }
}

void ph_bench_record(const struct ph_bench_place *place, struct ph_bench_record *out)
{
    struct ph_chance chance = ph_chance_of(place->seed, (uint64_t)place->writer << 32 | place->seq);
    out->kind = kind_at(place->seq);
    out->parent = find_parent(&chance, out->kind, place);
    out->field_count = 0;
    out->text = ph_buffer(out->room, sizeof out->room);
    /* Half as long to half as long again. */
    size_t text_len = place->text_len / 2 + ph_chance_below(&chance, place->text_len + 1);
    const struct ph_kind *kind = ph_kind_by_number(out->kind);
    for (const struct share *share = shares_of(out->kind); share->field != NULL; share++) {
        const struct ph_field *field = ph_field_by_name(kind, ph_bytes_text(share->field));
        size_t start = out->text.len;
        put_value(&chance, share, field, text_len, &out->text);
        out->fields[out->field_count++] = (struct ph_bench_field){
            .number = field->number,
            .is_prose = share->content == SENTENCES || share->content == HEADING ||
                        share->content == PERSON,
            .value = ph_bytes(out->room + start, out->text.len - start),
        };
    }
}
