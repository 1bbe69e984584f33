/* The one table of record kinds: number, name, who may write, fields with number, name, type and
 * size limit. Adding a kind or field is one row; numbers are never used again (spec: "Kinds"). */
#ifndef PHAROS_PROTO_KIND_H
#define PHAROS_PROTO_KIND_H

#include "pharos/bytes.h"
#include "pharos/id.h"
#include "pharos/status.h"

enum ph_right { PH_RIGHT_OWNER, PH_RIGHT_MEMBER };

enum ph_field_type { PH_FIELD_REGISTER, PH_FIELD_SET, PH_FIELD_TEXT };

enum ph_value_type {
    PH_VALUE_TEXT,     /* UTF-8, at most `size_max` bytes */
    PH_VALUE_DATE,     /* text YYYY-MM-DD; display only, never compared with a clock */
    PH_VALUE_CHOICE,   /* text, one of `choices` */
    PH_VALUE_RECORD,   /* 16 bytes: a record id */
    PH_VALUE_SCHOOL,   /* 32 bytes: a school id */
    PH_VALUE_POSITION, /* text of digits and letters: fractional position among siblings */
};

struct ph_field {
    uint16_t number;
    const char *name;
    enum ph_field_type type;
    enum ph_value_type value;
    uint16_t size_max;
    const char *const *choices; /* NULL-terminated, for PH_VALUE_CHOICE */
};

/* Field numbers that listings know in every kind that has them. */
#define PH_FIELD_NUMBER_PARENT 1
#define PH_FIELD_NUMBER_POSITION 2

struct ph_kind {
    uint16_t number;
    const char *name;
    enum ph_right right;
    const struct ph_field *fields; /* ends with number 0 */
};

enum ph_kind_number {
    PH_KIND_NETWORK = 1,
    PH_KIND_SCHOOL = 2,
    PH_KIND_PLAN = 3,
    PH_KIND_PRIORITY = 4,
    PH_KIND_OBJECTIVE = 5,
    PH_KIND_ACTION = 6,
    PH_KIND_REFLECTION = 7,
    PH_KIND_COMMENT = 8,
    PH_KIND_HOST_TERM = 9,
    PH_KIND_HOST_WORD = 10,
};

/* NULL if unknown: such records are kept and passed on untouched. */
const struct ph_kind *ph_kind_by_number(uint16_t number);
const struct ph_kind *ph_kind_by_name(struct ph_bytes name);
const struct ph_field *ph_field_by_number(const struct ph_kind *kind, uint16_t number);
const struct ph_field *ph_field_by_name(const struct ph_kind *kind, struct ph_bytes name);

/* Whether a school may write a record of this kind at all; pure. */
bool ph_kind_allows(const struct ph_kind *kind, const struct ph_record_id *record,
                    const struct ph_school_id *school);

/* A value as typed by a person -> one canonical item appended to `out`, which has room for the
 * field's `size_max` and three bytes. Record ids are typed as 32 hex digits, schools as 64. An
 * empty text clears a register (nil). PH_REFUSED: not of the field's type, too long, not UTF-8;
 * `why` then holds one plain sentence that names the field and the limit. */
PH_MUST_USE enum ph_status ph_value_parse(const struct ph_field *field, struct ph_bytes text,
                                          struct ph_buffer *out, char why[200]);
/* And back: the text that a person would type, appended to `out`; nothing for nil. PH_MALFORMED:
 * the item does not fit the field (show it as missing). */
PH_MUST_USE enum ph_status ph_value_text(const struct ph_field *field, struct ph_bytes item,
                                         struct ph_buffer *out);
/* Whether one scanned item, received or stored, fits the field; nil fits every register. */
bool ph_value_fits(const struct ph_field *field, struct ph_bytes item);

/* Whether a text may name a school or network on every screen and in logs: some letters that are no
 * white space, and no control or direction-changing characters. */
bool ph_name_is_clean(struct ph_bytes name);

/* A position among siblings is a fraction, written as the digits after the point in base 62 (0-9,
 * A-Z, a-z), so that bytes compare as the fractions do and there is room between any two. */
#define PH_POSITION_LEN_MAX 64
/* A position after `before` and before `after`, appended as text to `out`; an empty one stands for
 * the end on that side. PH_REFUSED: there is none (not in order, equal, or no digits left). */
PH_MUST_USE enum ph_status ph_position_between(struct ph_bytes before, struct ph_bytes after,
                                               struct ph_buffer *out);

#endif
