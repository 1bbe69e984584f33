#include "proto/kind.h"

#include <stdio.h>

#include "proto/op.h"
#include "tests/support/check.h"

static const struct ph_field *a_field(const char *kind, const char *field)
{
    const struct ph_field *found =
        ph_field_by_name(ph_kind_by_name(ph_bytes_text(kind)), ph_bytes_text(field));
    assert_non_null(found);
    return found;
}

static uint8_t item_bytes[PH_FIELD_VALUE_MAX + 3];
static char why[200];

static enum ph_status parse(const struct ph_field *field, const char *text, struct ph_bytes *item)
{
    struct ph_buffer out = ph_buffer(item_bytes, sizeof item_bytes);
    enum ph_status status = ph_value_parse(field, ph_bytes_text(text), &out, why);
    *item = ph_buffer_bytes(&out);
    CHECK(status == PH_OK || (out.len == 0 && why[0] != '\0'));
    return status;
}

/* What is typed fits, and is shown as it was typed (ids in lower case). */
static void check_accepts(const char *kind, const char *name, const char *text, const char *shown)
{
    const struct ph_field *field = a_field(kind, name);
    uint8_t text_bytes[PH_FIELD_VALUE_MAX];
    struct ph_buffer out = ph_buffer(text_bytes, sizeof text_bytes);
    struct ph_bytes item;
    CHECK_OK(parse(field, text, &item));
    CHECK_OK(ph_pack_scan(item));
    CHECK(ph_value_fits(field, item));
    CHECK_OK(ph_value_text(field, item, &out));
    CHECK_BYTES(ph_buffer_bytes(&out), ph_bytes_text(shown));
}

static void check_refuses(const char *kind, const char *name, const char *text, const char *reason)
{
    struct ph_bytes item;
    CHECK_STATUS(parse(a_field(kind, name), text, &item), PH_REFUSED);
    assert_string_equal(why, reason);
}

#define HEX16 "00112233445566778899AABBCCDDEEff"
#define HEX16_LOWER "00112233445566778899aabbccddeeff"

static void every_kind_of_number_is_found_by_number_and_name(void **state)
{
    (void)state;
    for (int number = PH_KIND_NETWORK; number <= PH_KIND_HOST_WORD; number++) {
        const struct ph_kind *kind = ph_kind_by_number((uint16_t)number);
        assert_non_null(kind);
        assert_int_equal(kind->number, number);
        CHECK(ph_kind_by_name(ph_bytes_text(kind->name)) == kind);
    }
    CHECK(ph_kind_by_number(0) == NULL && ph_kind_by_number(11) == NULL);
    CHECK(ph_kind_by_name(ph_bytes_text("plans")) == NULL);
}

/* Numbers are for ever: two fields with one number or name would be one mistake for ever. */
static void fields_have_ascending_numbers_distinct_names_and_bounded_sizes(void **state)
{
    (void)state;
    for (int number = PH_KIND_NETWORK; number <= PH_KIND_HOST_WORD; number++) {
        const struct ph_kind *kind = ph_kind_by_number((uint16_t)number);
        size_t count = 0;
        for (const struct ph_field *field = kind->fields; field->number != 0; field++) {
            CHECK(field == kind->fields || field->number > field[-1].number);
            CHECK(ph_field_by_number(kind, field->number) == field);
            CHECK(ph_field_by_name(kind, ph_bytes_text(field->name)) == field);
            CHECK(field->size_max > 0 && field->size_max <= PH_FIELD_VALUE_MAX);
            CHECK((field->value == PH_VALUE_CHOICE) == (field->choices != NULL));
            CHECK((field->number == PH_FIELD_NUMBER_POSITION) ==
                  (field->value == PH_VALUE_POSITION));
            count++;
        }
        CHECK(count > 0 && count <= PH_FIELDS_PER_KIND_MAX);
    }
}

static void owner_kinds_are_for_their_owner_and_member_kinds_for_all(void **state)
{
    (void)state;
    const struct ph_school_id owner = {{1}}, other = {{2}};
    const uint8_t random[4] = {0};
    struct ph_record_id record = ph_record_id_make(&owner, 1, random);
    const struct ph_kind *reflection = ph_kind_by_number(PH_KIND_REFLECTION);
    const struct ph_kind *action = ph_kind_by_number(PH_KIND_ACTION);

    CHECK(ph_kind_allows(reflection, &record, &owner));
    CHECK(!ph_kind_allows(reflection, &record, &other));
    CHECK(ph_kind_allows(action, &record, &owner) && ph_kind_allows(action, &record, &other));
}

static void values_that_people_type_are_taken_and_shown(void **state)
{
    (void)state;
    check_accepts("plan", "title", "Reading", "Reading");
    check_accepts("plan", "title", "القراءة في كل فصل", "القراءة في كل فصل");
    check_accepts("plan", "title", "", "");
    check_accepts("plan", "period_from", "2024-02-29", "2024-02-29");
    check_accepts("plan", "period_from", "2000-02-29", "2000-02-29");
    check_accepts("plan", "period_to", "0000-12-31", "0000-12-31");
    check_accepts("plan", "state", "agreed", "agreed");
    check_accepts("plan", "parent", HEX16, HEX16_LOWER);
    check_accepts("action", "schools", HEX16 HEX16, HEX16_LOWER HEX16_LOWER);
    check_accepts("action", "position", "aZ9", "aZ9");
}

static void values_of_other_forms_are_refused_with_a_sentence(void **state)
{
    (void)state;
    static const char date[] = "The field due takes a date written as YYYY-MM-DD.";
    static const char record[] =
        "The field parent takes the id of a record, 32 hexadecimal digits.";
    static const char position[] =
        "The field position takes 1 to 64 digits and letters (0-9, A-Z, a-z), the last not 0.";
    static const char *const dates[] = {"2023-02-29", "1900-02-29", "2023-13-01", "2023-00-01",
                                        "2023-04-31", "2023-01-00", "2023-1-01",  "23-01-01",
                                        "2023/01/01", "2023-01-0x", "tomorrow",   "2023-01-011"};
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        check_refuses("action", "due", dates[i], date);
    check_refuses("plan", "parent", "0011", record);
    check_refuses("plan", "parent", HEX16 "0", record);
    check_refuses("plan", "parent", "g0112233445566778899AABBCCDDEEff", record);
    check_refuses("action", "schools", HEX16,
                  "The field schools takes the id of a school, 64 hexadecimal digits.");
    check_refuses("action", "schools", "", "The field schools takes no empty value.");
    check_refuses("action", "status", "Done",
                  "The field status takes one of: todo, doing, blocked, done, dropped.");
    check_refuses("action", "position", "a-b", position);
    check_refuses("action", "position", "a0", position);
    check_refuses("action", "position", "0", position);
    check_refuses("plan", "title", "\xff", "The text for the field title is not valid UTF-8.");
    check_refuses("plan", "title", "\xed\xa0\x80",
                  "The text for the field title is not valid UTF-8.");
}

static void text_may_have_the_limit_and_not_a_byte_more(void **state)
{
    (void)state;
    char text[402];
    memset(text, 'x', sizeof text);
    text[400] = '\0';
    check_accepts("plan", "title", text, text);
    text[400] = 'x';
    text[401] = '\0';
    check_refuses("plan", "title", text,
                  "The field title takes at most 400 bytes of text; this has 401.");
}

static void parse_appends_and_leaves_the_buffer_alone_when_it_refuses(void **state)
{
    (void)state;
    uint8_t bytes[8] = {0};
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    const struct ph_field *title = a_field("plan", "title");

    CHECK_OK(ph_value_parse(title, ph_bytes_text("ab"), &out, why));
    CHECK_OK(ph_value_parse(title, ph_bytes_text("cd"), &out, why));
    CHECK_BYTES(ph_buffer_bytes(&out), ph_bytes("\xa2"
                                                "ab\xa2"
                                                "cd",
                                                6));
    CHECK_STATUS(ph_value_parse(title, ph_bytes_text("efg"), &out, why), PH_REFUSED);
    CHECK(out.len == 6 && !out.overflow);
}

static void received_items_that_do_not_fit_are_told_apart(void **state)
{
    (void)state;
    const struct ph_bytes nil = ph_bytes("\xc0", 1), number = ph_bytes("\x05", 1);
    const struct ph_bytes text = ph_bytes("\xa1x", 2), bin = ph_bytes("\xc4\x01x", 3);
    const struct ph_bytes two = ph_bytes("\xa1x\xa1x", 4), nothing = ph_bytes(NULL, 0);
    const struct ph_field *title = a_field("plan", "title");
    const struct ph_field *headings = a_field("priority", "headings");
    uint8_t bytes[8];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);

    CHECK(ph_value_fits(title, nil) && !ph_value_fits(headings, nil));
    CHECK(ph_value_fits(title, text) && ph_value_fits(headings, text));
    CHECK(!ph_value_fits(title, number) && !ph_value_fits(title, bin));
    CHECK(!ph_value_fits(title, two) && !ph_value_fits(title, nothing));
    CHECK(!ph_value_fits(a_field("plan", "parent"), text));
    CHECK(!ph_value_fits(a_field("plan", "parent"), bin));
    CHECK(!ph_value_fits(a_field("plan", "period_to"), text));
    CHECK(!ph_value_fits(a_field("plan", "state"), text));
    CHECK(!ph_value_fits(a_field("action", "position"), ph_bytes("\xa0", 1)));
    CHECK(!ph_value_fits(a_field("action", "position"), ph_bytes("\xa2\x61\x30", 3)));
    CHECK_STATUS(ph_value_text(title, number, &out), PH_MALFORMED);
    CHECK(out.len == 0);
}

static struct ph_bytes between(struct ph_bytes before, struct ph_bytes after, char *bytes)
{
    struct ph_buffer out = ph_buffer(bytes, PH_POSITION_LEN_MAX);
    CHECK_OK(ph_position_between(before, after, &out));
    struct ph_bytes position = ph_buffer_bytes(&out);
    CHECK(before.len == 0 || ph_bytes_compare(before, position) < 0);
    CHECK(after.len == 0 || ph_bytes_compare(position, after) < 0);
    CHECK(position.len > 0 && position.data[position.len - 1] != '0');
    return position;
}

static void position_lies_between_its_siblings(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},   {"V", ""},    {"", "V"},    {"V", "W"}, {"V", "VV"}, {"VV", "W"},  {"z", ""},
        {"zz", ""}, {"", "1"},    {"", "01"},   {"1", "2"}, {"1z", "2"}, {"1zz", "2"}, {"1", "11"},
        {"0", "1"}, {"a0", "a1"}, {"Az", "B1"}, {"9", "A"}, {"Z", "a"},  {"1", "101"}, {"", "001"},
    };
    char bytes[PH_POSITION_LEN_MAX];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        between(ph_bytes_text(pairs[i][0]), ph_bytes_text(pairs[i][1]), bytes);
}

static void there_is_no_position_where_there_is_no_room(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"V", "V"}, {"W", "V"},  {"VV", "V"}, {"", "0"},
        {"", "00"}, {"V", "V0"}, {"-", ""},   {"", "é"},
    };
    char bytes[PH_POSITION_LEN_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        CHECK_STATUS(
            ph_position_between(ph_bytes_text(pairs[i][0]), ph_bytes_text(pairs[i][1]), &out),
            PH_REFUSED);
    char full[PH_POSITION_LEN_MAX];
    memset(full, 'z', sizeof full);
    CHECK_STATUS(ph_position_between(ph_bytes(full, sizeof full), ph_bytes(NULL, 0), &out),
                 PH_REFUSED);
    CHECK(out.len == 0);
}

static void list_grows_by_thousands_at_one_end_and_by_many_in_the_middle(void **state)
{
    (void)state;
    char bytes[2][PH_POSITION_LEN_MAX];
    const struct ph_bytes none = ph_bytes(NULL, 0);
    struct ph_bytes last = none, first = none;
    for (int i = 0; i < 1500; i++)
        last = between(last, none, bytes[i % 2]);
    for (int i = 0; i < 1500; i++)
        first = between(none, first, bytes[i % 2]);

    struct ph_bytes low = ph_bytes_text("V");
    for (int i = 0; i < 1500; i++)
        low = between(low, ph_bytes_text("W"), bytes[i % 2]);
}

static void names_are_safe_to_show(void **state)
{
    (void)state;
    CHECK(ph_name_is_clean(ph_bytes_text("مدرسة السلام")));
    CHECK(ph_name_is_clean(ph_bytes_text("Al-Nour School")));
    CHECK(!ph_name_is_clean(ph_bytes_text("")));
    CHECK(!ph_name_is_clean(ph_bytes_text("   ")));
    CHECK(!ph_name_is_clean(ph_bytes_text("N\x1b[2J")));
    CHECK(!ph_name_is_clean(ph_bytes_text("N\xe2\x80\xae")));
    CHECK(!ph_name_is_clean(ph_bytes_text("N\xe2\x81\xa6")));
}

CHECK_MAIN(cmocka_unit_test(names_are_safe_to_show),
           cmocka_unit_test(every_kind_of_number_is_found_by_number_and_name),
           cmocka_unit_test(fields_have_ascending_numbers_distinct_names_and_bounded_sizes),
           cmocka_unit_test(owner_kinds_are_for_their_owner_and_member_kinds_for_all),
           cmocka_unit_test(values_that_people_type_are_taken_and_shown),
           cmocka_unit_test(values_of_other_forms_are_refused_with_a_sentence),
           cmocka_unit_test(text_may_have_the_limit_and_not_a_byte_more),
           cmocka_unit_test(parse_appends_and_leaves_the_buffer_alone_when_it_refuses),
           cmocka_unit_test(received_items_that_do_not_fit_are_told_apart),
           cmocka_unit_test(position_lies_between_its_siblings),
           cmocka_unit_test(there_is_no_position_where_there_is_no_room),
           cmocka_unit_test(list_grows_by_thousands_at_one_end_and_by_many_in_the_middle))
