#include "tools/print.h"

#include "proto/pack.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- MessagePack to JSON --- */

static json_t *json_of_text(struct ph_bytes text)
{
    return json_stringn(text.len == 0 ? "" : (const char *)text.data, text.len);
}

static json_t *json_of_bin(struct ph_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = malloc(2 * bytes.len + 1);
    if (hex == NULL)
        return NULL;
    for (size_t i = 0; i < bytes.len; i++) {
        hex[2 * i] = digits[bytes.data[i] >> 4];
        hex[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    json_t *text = json_stringn(hex, 2 * bytes.len);
    free(hex);
    return text;
}

static json_t *read_item(struct ph_unpacker *in);

static json_t *read_array(struct ph_unpacker *in)
{
    json_t *array = json_array();
    for (uint32_t left = ph_unpack_array(in); left > 0; left--) {
        if (json_array_append_new(array, read_item(in)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static bool read_key(struct ph_unpacker *in, char *out, size_t size)
{
    if (ph_unpack_type(in) == PH_PACK_UINT) {
        snprintf(out, size, "%" PRIu64, ph_unpack_uint(in, UINT64_MAX));
        return true;
    }
    struct ph_bytes key = ph_unpack_text(in);
    if (in->failed || key.len >= size || memchr(key.data, 0, key.len) != NULL)
        return false;
    memcpy(out, key.data, key.len);
    out[key.len] = 0;
    return true;
}

static json_t *read_map(struct ph_unpacker *in)
{
    char key[128];
    json_t *map = json_object();
    for (uint32_t left = ph_unpack_map(in); left > 0; left--) {
        if (!read_key(in, key, sizeof key) || json_object_set_new(map, key, read_item(in)) != 0) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

/* The nesting was bounded by the scan. */
static json_t *read_item(struct ph_unpacker *in)
{
    uint64_t number;
    switch (ph_unpack_type(in)) {
    case PH_PACK_NIL:
        ph_unpack_nil(in);
        return json_null();
    case PH_PACK_BOOL:
        return json_boolean(ph_unpack_bool(in));
    case PH_PACK_UINT:
        number = ph_unpack_uint(in, UINT64_MAX);
        return number <= INT64_MAX ? json_integer((json_int_t)number) : json_real((double)number);
    case PH_PACK_INT:
        return json_integer(ph_unpack_int(in));
    case PH_PACK_TEXT:
        return json_of_text(ph_unpack_text(in));
    case PH_PACK_BIN:
        return json_of_bin(ph_unpack_bin(in));
    case PH_PACK_ARRAY:
        return read_array(in);
    case PH_PACK_MAP:
        return read_map(in);
    case PH_PACK_END:
        return NULL;
    }
    return NULL;
}

json_t *ph_json_from_pack(struct ph_bytes bytes)
{
    if (ph_pack_scan_local(bytes) != PH_OK)
        return NULL;
    struct ph_unpacker in = ph_unpack_scanned(bytes);
    return read_item(&in);
}

/* --- text --- */

/* The code point at `text`, of valid UTF-8, and its length. */
static uint32_t code_point(const unsigned char *text, size_t *len)
{
    if (text[0] < 0x80) {
        *len = 1;
        return text[0];
    }
    *len = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    uint32_t point = text[0] & (0xffU >> (*len + 1));
    for (size_t i = 1; i < *len; i++)
        point = point << 6 | (text[i] & 0x3f);
    return point;
}

static bool is_harmful(uint32_t point)
{
    bool is_control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    bool is_separator = point == 0x2028 || point == 0x2029;
    bool turns = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
    return (is_control && point != '\t') || is_separator || turns;
}

void ph_print_text(FILE *out, const json_t *text, int indent)
{
    const unsigned char *at = (const unsigned char *)json_string_value(text);
    size_t left = json_string_length(text);
    while (left > 0) {
        size_t len;
        uint32_t point = code_point(at, &len);
        if (point == '\n' && indent >= 0)
            fprintf(out, "\n%*s", indent, "");
        else if (point == '\n')
            fputc(' ', out);
        else if (is_harmful(point))
            fputs("\xef\xbf\xbd", out);
        else
            fwrite(at, 1, len, out);
        at += len;
        left -= len;
    }
}

void ph_format_time(int64_t time_ms, char out[PH_TIME_SIZE])
{
    struct tm parts;
    /* Towards the past, also before 1970. */
    time_t seconds = (time_t)(time_ms / 1000 - (time_ms % 1000 < 0));
    bool is_year = time_ms > INT64_C(-62167219200000) && time_ms < INT64_C(253402300800000);
    if (!is_year || gmtime_r(&seconds, &parts) == NULL ||
        strftime(out, PH_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(out, PH_TIME_SIZE, "%" PRId64 " ms", time_ms);
}

void ph_print_safe(FILE *out, const json_t *at, const json_t *of, const json_t *lacking)
{
    if (!json_is_integer(at) || !json_is_integer(of))
        return;
    fprintf(out, "safe at %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " %s",
            json_integer_value(at), json_integer_value(of),
            json_integer_value(of) == 1 ? "school" : "schools");
    for (size_t i = 0; i < json_array_size(lacking); i++) {
        const json_t *school = json_array_get(lacking, i);
        fputs(i == 0 ? "; not yet at: " : ", ", out);
        ph_print_text(out, json_is_object(school) ? json_object_get(school, "name") : school, -1);
    }
    fputc('\n', out);
}

/* --- trees --- */

static void print_leaf(FILE *out, const json_t *leaf, int indent)
{
    if (json_is_string(leaf))
        ph_print_text(out, leaf, indent);
    else if (json_is_integer(leaf))
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(leaf));
    else if (json_is_real(leaf))
        fprintf(out, "%.0f", json_real_value(leaf));
    else
        fputs(json_is_true(leaf) ? "yes" : json_is_false(leaf) ? "no" : "-", out);
}

static bool is_leaf(const json_t *tree)
{
    return !json_is_object(tree) && !json_is_array(tree);
}

static void print_object(FILE *out, json_t *object, int indent)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        fprintf(out, "%*s%s:", indent, "", key);
        if (is_leaf(value)) {
            fputc(' ', out);
            print_leaf(out, value, indent + 2);
            fputc('\n', out);
        } else {
            fputs(json_object_size(value) + json_array_size(value) == 0 ? " none\n" : "\n", out);
            ph_print_tree(out, value, indent + 2);
        }
    }
}

static void print_array(FILE *out, const json_t *array, int indent)
{
    size_t index;
    json_t *value;
    json_array_foreach(array, index, value)
    {
        if (is_leaf(value)) {
            fprintf(out, "%*s", indent, "");
            print_leaf(out, value, indent);
            fputc('\n', out);
            continue;
        }
        if (index > 0)
            fputc('\n', out);
        ph_print_tree(out, value, indent);
    }
}

void ph_print_tree(FILE *out, json_t *tree, int indent)
{
    if (json_is_object(tree))
        print_object(out, tree, indent);
    else if (json_is_array(tree))
        print_array(out, tree, indent);
}
