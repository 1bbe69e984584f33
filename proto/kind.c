#include "proto/kind.h"

#include "pharos/limits.h"
#include "proto/op.h"

/* Bytes of UTF-8; a letter of Arabic takes two. */
#define NAME_MAX_LEN 400
#define LINE_MAX_LEN 1000 /* an indicator, a lead's job title, a resource */
#define PARAGRAPH_MAX_LEN 4000
#define STAGE_MAX_LEN 8000 /* one stage of a reflection */
#define PAGE_MAX_LEN 16000 /* free text */

#define DATE_LEN 10

static_assert(PAGE_MAX_LEN <= PH_FIELD_VALUE_MAX, "every value is within the common bound");

#define END                                                                                        \
    {                                                                                              \
        .number = 0                                                                                \
    }

#define TEXT(number_, name_, size_max_)                                                            \
    {                                                                                              \
        .number = (number_), .name = (name_), .type = PH_FIELD_REGISTER, .value = PH_VALUE_TEXT,   \
        .size_max = (size_max_)                                                                    \
    }
#define TEXTS(number_, name_, size_max_)                                                           \
    {                                                                                              \
        .number = (number_), .name = (name_), .type = PH_FIELD_SET, .value = PH_VALUE_TEXT,        \
        .size_max = (size_max_)                                                                    \
    }
#define DATE(number_, name_)                                                                       \
    {                                                                                              \
        .number = (number_), .name = (name_), .type = PH_FIELD_REGISTER, .value = PH_VALUE_DATE,   \
        .size_max = DATE_LEN                                                                       \
    }
#define CHOICE(number_, name_, choices_)                                                           \
    {                                                                                              \
        .number = (number_), .name = (name_), .type = PH_FIELD_REGISTER, .value = PH_VALUE_CHOICE, \
        .size_max = NAME_MAX_LEN, .choices = (choices_)                                            \
    }
#define RECORDS(number_, name_)                                                                    \
    {                                                                                              \
        .number = (number_), .name = (name_), .type = PH_FIELD_SET, .value = PH_VALUE_RECORD,      \
        .size_max = sizeof(struct ph_record_id)                                                    \
    }
#define RECORD(number_, name_)                                                                     \
    {                                                                                              \
        .number = (number_), .name = (name_), .type = PH_FIELD_REGISTER, .value = PH_VALUE_RECORD, \
        .size_max = sizeof(struct ph_record_id)                                                    \
    }
#define SCHOOL(number_, name_)                                                                     \
    {                                                                                              \
        .number = (number_), .name = (name_), .type = PH_FIELD_REGISTER, .value = PH_VALUE_SCHOOL, \
        .size_max = sizeof(struct ph_school_id)                                                    \
    }
#define SCHOOLS(number_, name_)                                                                    \
    {                                                                                              \
        .number = (number_), .name = (name_), .type = PH_FIELD_SET, .value = PH_VALUE_SCHOOL,      \
        .size_max = sizeof(struct ph_school_id)                                                    \
    }
#define PARENT                                                                                     \
    {                                                                                              \
        .number = PH_FIELD_NUMBER_PARENT, .name = "parent", .type = PH_FIELD_REGISTER,             \
        .value = PH_VALUE_RECORD, .size_max = sizeof(struct ph_record_id)                          \
    }
#define POSITION                                                                                   \
    {                                                                                              \
        .number = PH_FIELD_NUMBER_POSITION, .name = "position", .type = PH_FIELD_REGISTER,         \
        .value = PH_VALUE_POSITION, .size_max = PH_POSITION_LEN_MAX                                \
    }

static const char *const plan_states[] = {"draft", "proposed", "agreed", "closed", NULL};
static const char *const action_statuses[] = {"todo", "doing", "blocked", "done", "dropped", NULL};
static const char *const host_words[] = {"accept", "decline", "hand_over", "hold",
                                         "take",   "agree",   NULL};
static const char *const reflection_models[] = {"gibbs", "grow", "free", "lesson_study", NULL};

/* One row a field. */
/* clang-format off */
static const struct ph_field network_fields[] = {
    TEXT(3, "name", NAME_MAX_LEN),
    TEXT(4, "name_ar", NAME_MAX_LEN),
    TEXT(5, "framework", NAME_MAX_LEN),
    TEXT(6, "data_policy", STAGE_MAX_LEN),
    /* 7: purpose, a merging text */
    END,
};

static const struct ph_field school_fields[] = {
    TEXT(3, "name", NAME_MAX_LEN),
    TEXT(4, "name_ar", NAME_MAX_LEN),
    TEXT(5, "district", NAME_MAX_LEN),
    TEXT(6, "stage", NAME_MAX_LEN),
    TEXT(7, "size_band", NAME_MAX_LEN),
    TEXT(8, "contact_role", NAME_MAX_LEN),
    TEXTS(9, "languages", NAME_MAX_LEN),
    TEXTS(10, "addresses", PH_ADDRESS_LEN_MAX), /* "host:port"; nodes write and read them */
    END,
};

static const struct ph_field plan_fields[] = {
    PARENT, /* the plan that this one continues or belongs to */
    TEXT(3, "title", NAME_MAX_LEN),
    DATE(4, "period_from"),
    DATE(5, "period_to"),
    CHOICE(6, "state", plan_states),
    /* 7: vision, a merging text */
    END,
};

static const struct ph_field priority_fields[] = {
    PARENT, /* a plan */
    POSITION,
    TEXT(3, "title", NAME_MAX_LEN),
    TEXTS(4, "headings", NAME_MAX_LEN),
    TEXTS(5, "needs", NAME_MAX_LEN),
    /* 6: why, a merging text */
    END,
};

static const struct ph_field objective_fields[] = {
    PARENT, /* a priority */
    POSITION,
    TEXT(3, "statement", PARAGRAPH_MAX_LEN),
    TEXT(4, "indicator", LINE_MAX_LEN),
    TEXT(5, "baseline", LINE_MAX_LEN),
    TEXT(6, "target", LINE_MAX_LEN),
    TEXT(7, "data_source", LINE_MAX_LEN),
    END,
};

static const struct ph_field action_fields[] = {
    PARENT, /* an objective or a priority */
    POSITION,
    TEXT(3, "title", NAME_MAX_LEN),
    TEXT(4, "lead", NAME_MAX_LEN),
    TEXT(5, "lead_title", NAME_MAX_LEN), /* so that a change of staff leaves no orphan */
    TEXTS(6, "helpers", NAME_MAX_LEN),
    SCHOOLS(7, "schools"),
    DATE(8, "start"),
    DATE(9, "due"),
    CHOICE(10, "status", action_statuses),
    TEXT(11, "resources", PARAGRAPH_MAX_LEN),
    TEXT(12, "cost", LINE_MAX_LEN),
    TEXTS(13, "evidence", LINE_MAX_LEN),
    /* 14: detail, a merging text */
    END,
};

static const struct ph_field reflection_fields[] = {
    TEXT(3, "title", NAME_MAX_LEN),
    CHOICE(4, "model", reflection_models),
    TEXT(5, "description", STAGE_MAX_LEN), /* 5 to 10: the stages of Gibbs */
    TEXT(6, "feelings", STAGE_MAX_LEN),
    TEXT(7, "evaluation", STAGE_MAX_LEN),
    TEXT(8, "analysis", STAGE_MAX_LEN),
    TEXT(9, "conclusion", STAGE_MAX_LEN),
    TEXT(10, "action_plan", STAGE_MAX_LEN),
    TEXT(11, "goal", STAGE_MAX_LEN), /* 11 to 14: the stages of GROW */
    TEXT(12, "reality", STAGE_MAX_LEN),
    TEXT(13, "options", STAGE_MAX_LEN),
    TEXT(14, "will", STAGE_MAX_LEN),
    TEXT(15, "text", PAGE_MAX_LEN),
    DATE(16, "review_date"),
    RECORDS(17, "actions"),
    TEXTS(18, "headings", NAME_MAX_LEN),
    END,
};

static const struct ph_field comment_fields[] = {
    PARENT, /* what it speaks of: a record of any kind */
    TEXT(3, "text", STAGE_MAX_LEN),
    END,
};

/* A school's turn as host. */
static const struct ph_field host_term_fields[] = {
    POSITION, /* among all terms */
    SCHOOL(3, "school"),
    SCHOOLS(4, "deputies"),
    DATE(5, "period_from"), /* display only, as all dates are */
    DATE(6, "period_to"),
    TEXTS(7, "addresses", PH_ADDRESS_LEN_MAX),
    END,
};

/* What a school says of a term, or of such a word. */
static const struct ph_field host_word_fields[] = {
    PARENT, /* accept, decline, hand_over: the term; hold: the hand_over; agree: the take */
    CHOICE(3, "word", host_words),
    RECORD(4, "ends"), /* hand_over, take: the term under way, none for the founder's */
    TEXTS(5, "heads", LINE_MAX_LEN), /* hand_over: what the host holds */
    END,
};

/* clang-format on */

static const struct ph_kind kinds[] = {
    {PH_KIND_NETWORK, "network", PH_RIGHT_MEMBER, network_fields},
    {PH_KIND_SCHOOL, "school", PH_RIGHT_OWNER, school_fields},
    {PH_KIND_PLAN, "plan", PH_RIGHT_MEMBER, plan_fields},
    {PH_KIND_PRIORITY, "priority", PH_RIGHT_MEMBER, priority_fields},
    {PH_KIND_OBJECTIVE, "objective", PH_RIGHT_MEMBER, objective_fields},
    {PH_KIND_ACTION, "action", PH_RIGHT_MEMBER, action_fields},
    {PH_KIND_REFLECTION, "reflection", PH_RIGHT_OWNER, reflection_fields},
    {PH_KIND_COMMENT, "comment", PH_RIGHT_OWNER, comment_fields},
    {PH_KIND_HOST_TERM, "host_term", PH_RIGHT_OWNER, host_term_fields},
    {PH_KIND_HOST_WORD, "host_word", PH_RIGHT_OWNER, host_word_fields},
};

#define KIND_COUNT (sizeof kinds / sizeof *kinds)

const struct ph_kind *ph_kind_by_number(uint16_t number)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i].number == number)
            return &kinds[i];
    }
    return NULL;
}

const struct ph_kind *ph_kind_by_name(struct ph_bytes name)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (ph_bytes_equal(ph_bytes_text(kinds[i].name), name))
            return &kinds[i];
    }
    return NULL;
}

const struct ph_field *ph_field_by_number(const struct ph_kind *kind, uint16_t number)
{
    for (const struct ph_field *field = kind->fields; field->number != 0; field++) {
        if (field->number == number)
            return field;
    }
    return NULL;
}

const struct ph_field *ph_field_by_name(const struct ph_kind *kind, struct ph_bytes name)
{
    for (const struct ph_field *field = kind->fields; field->number != 0; field++) {
        if (ph_bytes_equal(ph_bytes_text(field->name), name))
            return field;
    }
    return NULL;
}

bool ph_kind_allows(const struct ph_kind *kind, const struct ph_record_id *record,
                    const struct ph_school_id *school)
{
    switch (kind->right) {
    case PH_RIGHT_OWNER:
        return ph_record_id_is_of(record, school);
    case PH_RIGHT_MEMBER:
        return true;
    }
    return false;
}
