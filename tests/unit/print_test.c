#include "tools/print.h"

#include "proto/pack.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>

static void check_json(struct ph_bytes packed, const char *expected)
{
    json_t *json = ph_json_from_pack(packed);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(json);
    CHECK(text != NULL);
    assert_string_equal(text, expected);
    free(text);
}

static void every_type_becomes_json(void **state)
{
    (void)state;
    uint8_t room[256];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    ph_pack_map(&out, 2);
    ph_pack_text(&out, ph_bytes_text("name"));
    ph_pack_array(&out, 6);
    ph_pack_nil(&out);
    ph_pack_bool(&out, true);
    ph_pack_uint(&out, 7);
    ph_pack_int(&out, -7);
    ph_pack_text(&out, ph_bytes_text("\"نور\"\n"));
    ph_pack_bin(&out, ph_bytes("\x00\xab\xff", 3));
    ph_pack_text(&out, ph_bytes_text("empty"));
    ph_pack_map(&out, 0);
    check_json(ph_buffer_bytes(&out),
               "{\"name\":[null,true,7,-7,\"\\\"نور\\\"\\n\",\"00abff\"],\"empty\":{}}");
}

static void what_is_no_value_becomes_none(void **state)
{
    (void)state;
    CHECK(ph_json_from_pack(ph_bytes("", 0)) == NULL);
    CHECK(ph_json_from_pack(ph_bytes("\x92\x01", 2)) == NULL);
    CHECK(ph_json_from_pack(ph_bytes("\xc1", 1)) == NULL);
}

/* What `print` writes, as text; the caller frees it. */
static char *printed(json_t *json, int indent, void (*print)(FILE *, json_t *, int))
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    CHECK(out != NULL && json != NULL);
    print(out, json, indent);
    fclose(out);
    json_decref(json);
    return text;
}

static void print_text(FILE *out, json_t *text, int indent)
{
    ph_print_text(out, text, indent);
}

static void check_text(const char *text, size_t len, int indent, const char *expected)
{
    char *actual = printed(json_stringn(text, len), indent, print_text);
    assert_string_equal(actual, expected);
    free(actual);
}

#define CHECK_TEXT(text, indent, expected) check_text(text, sizeof text - 1, indent, expected)
#define GONE "\xef\xbf\xbd"

static void record_text_cant_steer_a_terminal(void **state)
{
    (void)state;
    CHECK_TEXT("a\x1b[2Jb", 0, "a" GONE "[2Jb");
    CHECK_TEXT("a\rb\bc\0d\x7f", 0, "a" GONE "b" GONE "c" GONE "d" GONE);
    CHECK_TEXT("a\xc2\x9b"
               "b",
               0, "a" GONE "b"); /* U+009B, as ESC [ */
    CHECK_TEXT("a\xe2\x80\xae"
               "b\xe2\x81\xa9",
               0, "a" GONE "b" GONE); /* U+202E, U+2069 */
}

static void ordinary_text_of_any_script_stays(void **state)
{
    (void)state;
    CHECK_TEXT("خطة\té 🏫 €", 0, "خطة\té 🏫 €");
}

static void line_feeds_keep_to_their_column_or_their_line(void **state)
{
    (void)state;
    CHECK_TEXT("a\nb", 2, "a\n  b");
    CHECK_TEXT("a\nb", -1, "a b");
}

static void times_of_every_clock_are_written(void **state)
{
    (void)state;
    static const struct {
        int64_t time_ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {INT64_C(4070908800000), "2099-01-01T00:00:00Z"},
        {INT64_MAX, "9223372036854775807 ms"},
        {INT64_MIN, "-9223372036854775808 ms"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[PH_TIME_SIZE];
        ph_format_time(cases[i].time_ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void trees_are_indented_lines(void **state)
{
    (void)state;
    json_t *tree = json_pack("{s:s, s:[{s:i, s:b}, {s:i}], s:[], s:n}", "school", "A\nB", "peers",
                             "held", 3, "up", 1, "held", 4, "none", "root");
    char *text = printed(tree, 0, ph_print_tree);
    assert_string_equal(text, "school: A\n  B\n"
                              "peers:\n  held: 3\n  up: yes\n\n  held: 4\n"
                              "none: none\n"
                              "root: -\n");
    free(text);
}

CHECK_MAIN(cmocka_unit_test(every_type_becomes_json),
           cmocka_unit_test(what_is_no_value_becomes_none),
           cmocka_unit_test(record_text_cant_steer_a_terminal),
           cmocka_unit_test(ordinary_text_of_any_script_stays),
           cmocka_unit_test(line_feeds_keep_to_their_column_or_their_line),
           cmocka_unit_test(times_of_every_clock_are_written),
           cmocka_unit_test(trees_are_indented_lines))
