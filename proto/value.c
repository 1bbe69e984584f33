#include <stdio.h>
#include <stdlib.h>

#include "pharos/limits.h"
#include "proto/kind.h"
#include "proto/pack.h"

#define WHY_SIZE 200
#define BASE 62 /* of positions */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* 0 to 61 in the order of their bytes, or BASE for anything else. */
static unsigned position_digit(uint8_t c)
{
    if (is_digit(c))
        return (unsigned)(c - '0');
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A') + 10;
    return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 36 : BASE;
}

static bool are_position_digits(struct ph_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (position_digit(text.data[i]) == BASE)
            return false;
    }
    return text.len >= 1 && text.len <= PH_POSITION_LEN_MAX;
}

/* Without a zero at its end: nothing has room between V and V0, or before 0. */
static bool is_position(struct ph_bytes text)
{
    return are_position_digits(text) && text.data[text.len - 1] != '0';
}

static unsigned number_at(struct ph_bytes text, size_t at, size_t len)
{
    unsigned number = 0;
    for (size_t i = at; i < at + len; i++)
        number = 10 * number + (unsigned)(text.data[i] - '0');
    return number;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* YYYY-MM-DD, of the Gregorian calendar. */
static bool is_date(struct ph_bytes text)
{
    static const char form[] = "dddd-dd-dd";
    if (text.len != sizeof form - 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (form[i] == 'd' ? !is_digit(text.data[i]) : text.data[i] != (uint8_t)form[i])
            return false;
    }
    unsigned month = number_at(text, 5, 2);
    unsigned day = number_at(text, 8, 2);
    if (month < 1 || month > 12)
        return false;
    return day >= 1 && day <= days_in_month(number_at(text, 0, 4), month);
}

static bool is_choice(const struct ph_field *field, struct ph_bytes text)
{
    for (const char *const *choice = field->choices; *choice != NULL; choice++) {
        if (ph_bytes_equal(ph_bytes_text(*choice), text))
            return true;
    }
    return false;
}

static bool is_id(enum ph_value_type type)
{
    return type == PH_VALUE_RECORD || type == PH_VALUE_SCHOOL;
}

/* The content of a text or id; what does not depend on where it came from. */
static bool content_fits(const struct ph_field *field, struct ph_bytes content)
{
    switch (field->value) {
    case PH_VALUE_TEXT:
        return content.len <= field->size_max;
    case PH_VALUE_DATE:
        return is_date(content);
    case PH_VALUE_CHOICE:
        return is_choice(field, content);
    case PH_VALUE_RECORD:
    case PH_VALUE_SCHOOL:
        return content.len == field->size_max;
    case PH_VALUE_POSITION:
        return is_position(content);
    }
    return false;
}

/* The content of an item of the field's type; false: it is of another. */
static bool take_content(const struct ph_field *field, struct ph_bytes item, struct ph_bytes *out)
{
    struct ph_unpacker in = ph_unpack_scanned(item);
    *out = is_id(field->value) ? ph_unpack_bin(&in) : ph_unpack_text(&in);
    return ph_unpack_end(&in) == PH_OK && content_fits(field, *out);
}

static bool clears(const struct ph_field *field, struct ph_bytes item)
{
    struct ph_unpacker in = ph_unpack_scanned(item);
    return field->type == PH_FIELD_REGISTER && ph_unpack_nil(&in);
}

bool ph_value_fits(const struct ph_field *field, struct ph_bytes item)
{
    struct ph_bytes content;
    return clears(field, item) || take_content(field, item, &content);
}

enum ph_status ph_value_text(const struct ph_field *field, struct ph_bytes item,
                             struct ph_buffer *out)
{
    static const char digits[] = "0123456789abcdef";
    struct ph_bytes content;
    if (clears(field, item))
        return PH_OK;
    if (!take_content(field, item, &content))
        return PH_MALFORMED;
    if (!is_id(field->value))
        ph_buffer_put(out, content.data, content.len);
    for (size_t i = 0; is_id(field->value) && i < content.len; i++) {
        ph_buffer_put(out, &digits[content.data[i] >> 4], 1);
        ph_buffer_put(out, &digits[content.data[i] & 15], 1);
    }
    return PH_OK;
}

static int hex_value(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_hex(struct ph_bytes text, uint8_t *out, size_t len)
{
    if (text.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_value(text.data[2 * i]);
        int low = hex_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Why a text is refused, from what the field asks for. */
static void explain(const struct ph_field *field, size_t len, char why[WHY_SIZE])
{
    int written;
    switch (field->value) {
    case PH_VALUE_TEXT:
        snprintf(why, WHY_SIZE, "The field %s takes at most %u bytes of text; this has %zu.",
                 field->name, (unsigned)field->size_max, len);
        return;
    case PH_VALUE_DATE:
        snprintf(why, WHY_SIZE, "The field %s takes a date written as YYYY-MM-DD.", field->name);
        return;
    case PH_VALUE_RECORD:
    case PH_VALUE_SCHOOL:
        snprintf(why, WHY_SIZE, "The field %s takes the id of a %s, %u hexadecimal digits.",
                 field->name, field->value == PH_VALUE_RECORD ? "record" : "school",
                 2U * field->size_max);
        return;
    case PH_VALUE_POSITION:
        snprintf(why, WHY_SIZE,
                 "The field %s takes 1 to %d digits and letters (0-9, A-Z, a-z), the last not 0.",
                 field->name, PH_POSITION_LEN_MAX);
        return;
    case PH_VALUE_CHOICE:
        written = snprintf(why, WHY_SIZE, "The field %s takes one of:", field->name);
        for (const char *const *choice = field->choices; *choice != NULL; choice++) {
            size_t at = (size_t)written < WHY_SIZE ? (size_t)written : WHY_SIZE;
            written += snprintf(why + at, WHY_SIZE - at, " %s%s", *choice, choice[1] ? "," : ".");
        }
        return;
    }
}

static void pack_content(const struct ph_field *field, struct ph_bytes content,
                         struct ph_buffer *out)
{
    if (is_id(field->value))
        ph_pack_bin(out, content);
    else
        ph_pack_text(out, content);
}

/* An element of a set can't be cleared: it is removed. */
static enum ph_status parse_empty(const struct ph_field *field, struct ph_buffer *out,
                                  char why[WHY_SIZE])
{
    if (field->type != PH_FIELD_REGISTER) {
        snprintf(why, WHY_SIZE, "The field %s takes no empty value.", field->name);
        return PH_REFUSED;
    }
    ph_pack_nil(out);
    return PH_OK;
}

enum ph_status ph_value_parse(const struct ph_field *field, struct ph_bytes text,
                              struct ph_buffer *out, char why[WHY_SIZE])
{
    uint8_t id[sizeof(struct ph_school_id)];
    struct ph_bytes content = text;
    if (text.len == 0)
        return parse_empty(field, out, why);
    explain(field, text.len, why);
    if (is_id(field->value)) {
        if (!parse_hex(text, id, field->size_max))
            return PH_REFUSED;
        content = ph_bytes(id, field->size_max);
    }
    if (!content_fits(field, content))
        return PH_REFUSED;

    struct ph_buffer item = *out;
    pack_content(field, content, &item);
    if (item.overflow ||
        ph_pack_scan(ph_bytes(out->data + out->len, item.len - out->len)) != PH_OK) {
        snprintf(why, WHY_SIZE, "The text for the field %s is not valid UTF-8.", field->name);
        return PH_REFUSED;
    }
    *out = item;
    why[0] = '\0';
    return PH_OK;
}

/* What may follow the digits that have been chosen. */
struct gap {
    struct ph_bytes before;
    struct ph_bytes after;
    bool is_below_after; /* a digit chosen is already smaller than that of `after` */
};

/* The digits that the next one must lie between: `low` may be repeated, `high` too while the two
 * are equal. False: no room. */
static bool bounds_at(const struct gap *gap, size_t index, unsigned *low, unsigned *high)
{
    *low = index < gap->before.len ? position_digit(gap->before.data[index]) : 0;
    if (gap->is_below_after)
        *high = BASE;
    else if (index < gap->after.len)
        *high = position_digit(gap->after.data[index]);
    else
        return false;
    return *low <= *high;
}

/* A digit strictly between. Beside an open end it is the nearest one, so that a list that grows at
 * one end uses up digits slowly. */
static unsigned digit_between(const struct gap *gap, size_t index, unsigned low, unsigned high)
{
    bool low_is_open = index >= gap->before.len;
    bool high_is_open = gap->is_below_after;
    if (high_is_open && !low_is_open)
        return low + 1;
    if (low_is_open && !high_is_open)
        return high - 1;
    return (low + high) / 2;
}

enum ph_status ph_position_between(struct ph_bytes before, struct ph_bytes after,
                                   struct ph_buffer *out)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    struct gap gap = {.before = before, .after = after, .is_below_after = after.len == 0};
    char chosen[PH_POSITION_LEN_MAX];
    if ((before.len != 0 && !are_position_digits(before)) ||
        (after.len != 0 && !are_position_digits(after)))
        return PH_REFUSED;
    for (size_t index = 0; index < sizeof chosen; index++) {
        unsigned low, high;
        if (!bounds_at(&gap, index, &low, &high))
            return PH_REFUSED;
        if (high - low > 1) {
            chosen[index] = digits[digit_between(&gap, index, low, high)];
            ph_buffer_put(out, chosen, index + 1);
            return PH_OK;
        }
        chosen[index] = digits[low];
        gap.is_below_after = gap.is_below_after || low < high;
    }
    return PH_REFUSED;
}

/* U+202A to U+202E and U+2066 to U+2069 change the direction of what stands behind a name. */
static bool turns_direction(const uint8_t *at, size_t len)
{
    if (len < 3 || at[0] != 0xe2)
        return false;
    return (at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) ||
           (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
}

bool ph_name_is_clean(struct ph_bytes name)
{
    bool has_letter = false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] < 0x20 || name.data[i] == 0x7f ||
            turns_direction(name.data + i, name.len - i))
            return false;
        has_letter = has_letter || name.data[i] != ' ';
    }
    return has_letter;
}
