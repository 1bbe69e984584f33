#include "proto/pack.h"

#include <msgpack/pack.h>

#include "pharos/limits.h"

/* What one byte sequence may say at most without a 32-bit length. */
#define LENGTH_MAX 65535

/* One item without what it contains: the head of an array or map, or a whole scalar. */
struct item {
    enum ph_pack_type type;
    uint64_t number;         /* UINT: value. INT: two's complement. BOOL: 0, 1. ARRAY, MAP: count */
    struct ph_bytes content; /* TEXT, BIN */
    const uint8_t *after;
};

/* How a first byte is followed: how many bytes of number, and the least number for which no shorter
 * form exists. Negative forms give the greatest. */
struct form {
    enum ph_pack_type type;
    uint8_t width; /* bytes of the number; 0: not a form that we accept */
    uint64_t least;
    int64_t greatest;
};

#define FIRST_FORM 0xc4

static const struct form forms[0xe0 - FIRST_FORM] = {
    [0xc4 - FIRST_FORM] = {PH_PACK_BIN, 1, 0, 0},
    [0xc5 - FIRST_FORM] = {PH_PACK_BIN, 2, 0x100, 0},
    [0xcc - FIRST_FORM] = {PH_PACK_UINT, 1, 0x80, 0},
    [0xcd - FIRST_FORM] = {PH_PACK_UINT, 2, 0x100, 0},
    [0xce - FIRST_FORM] = {PH_PACK_UINT, 4, 0x10000, 0},
    [0xcf - FIRST_FORM] = {PH_PACK_UINT, 8, UINT64_C(0x100000000), 0},
    [0xd0 - FIRST_FORM] = {PH_PACK_INT, 1, 0, -33},
    [0xd1 - FIRST_FORM] = {PH_PACK_INT, 2, 0, -129},
    [0xd2 - FIRST_FORM] = {PH_PACK_INT, 4, 0, -32769},
    [0xd3 - FIRST_FORM] = {PH_PACK_INT, 8, 0, -INT64_C(2147483649)},
    [0xd9 - FIRST_FORM] = {PH_PACK_TEXT, 1, 32, 0},
    [0xda - FIRST_FORM] = {PH_PACK_TEXT, 2, 0x100, 0},
    [0xdc - FIRST_FORM] = {PH_PACK_ARRAY, 2, 16, 0},
    [0xde - FIRST_FORM] = {PH_PACK_MAP, 2, 16, 0},
};

static uint64_t get_number(const uint8_t *in, uint8_t width)
{
    uint64_t number = 0;
    for (uint8_t i = 0; i < width; i++)
        number = number << 8 | in[i];
    return number;
}

static uint64_t sign_extended(uint64_t number, uint8_t width)
{
    uint64_t sign = UINT64_C(1) << (8 * width - 1);
    return (number ^ sign) - sign;
}

/* Two's complement without an implementation-defined conversion. */
static int64_t as_signed(uint64_t number)
{
    return number <= INT64_MAX ? (int64_t)number : -(int64_t)(UINT64_MAX - number) - 1;
}

/* A number in the shortest form that can hold it. */
static bool is_shortest(const struct form *form, uint64_t number)
{
    if (form->type == PH_PACK_INT)
        return as_signed(number) <= form->greatest;
    return number >= form->least;
}

/* Heads that carry their number in the first byte, nil and booleans. False: some other head. */
static bool read_short_head(uint8_t first, struct item *item)
{
    if (first < 0x80)
        *item = (struct item){.type = PH_PACK_UINT, .number = first};
    else if (first < 0x90)
        *item = (struct item){.type = PH_PACK_MAP, .number = first & 0x0fU};
    else if (first < 0xa0)
        *item = (struct item){.type = PH_PACK_ARRAY, .number = first & 0x0fU};
    else if (first < 0xc0)
        *item = (struct item){.type = PH_PACK_TEXT, .number = first & 0x1fU};
    else if (first == 0xc0)
        *item = (struct item){.type = PH_PACK_NIL};
    else if (first == 0xc2 || first == 0xc3)
        *item = (struct item){.type = PH_PACK_BOOL, .number = first & 1U};
    else if (first >= 0xe0)
        *item = (struct item){.type = PH_PACK_INT, .number = sign_extended(first, 1)};
    else
        return false;
    return true;
}

static bool read_head(const uint8_t *next, const uint8_t *end, struct item *item)
{
    if (next == end)
        return false;
    if (read_short_head(*next, item)) {
        item->after = next + 1;
        return true;
    }
    if (*next < FIRST_FORM)
        return false;
    const struct form *form = &forms[*next - FIRST_FORM];
    if (form->width == 0 || (size_t)(end - next) < 1 + (size_t)form->width)
        return false;
    uint64_t number = get_number(next + 1, form->width);
    if (form->type == PH_PACK_INT)
        number = sign_extended(number, form->width);
    *item = (struct item){.type = form->type, .number = number, .after = next + 1 + form->width};
    return is_shortest(form, number);
}

/* Everything about one item that can be judged without looking inside it, lengths and counts
 * against the bytes left included: nobody loops over a count that the bytes can't hold. */
static bool read_item(const uint8_t *next, const uint8_t *end, struct item *item)
{
    if (!read_head(next, end, item))
        return false;
    size_t left = (size_t)(end - item->after);
    switch (item->type) {
    case PH_PACK_TEXT:
    case PH_PACK_BIN:
        if (item->number > left)
            return false;
        item->content = ph_bytes(item->after, (size_t)item->number);
        item->after += item->number;
        return true;
    case PH_PACK_ARRAY:
        return item->number <= left;
    case PH_PACK_MAP:
        return item->number <= left / 2;
    case PH_PACK_NIL:
    case PH_PACK_BOOL:
    case PH_PACK_UINT:
    case PH_PACK_INT:
        return true;
    case PH_PACK_END:
        break;
    }
    return false;
}

/* Length of the UTF-8 sequence at `text`, 0 if there is none: Unicode 15, table 3-7, which leaves
 * out overlong forms, surrogates and everything above U+10FFFF. */
static size_t utf8_sequence_len(const uint8_t *text, size_t left)
{
    uint8_t first = text[0];
    if (first < 0x80)
        return 1;
    size_t len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4 || len > left)
        return 0;
    uint8_t second_min = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t second_max = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < second_min || text[1] > second_max)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

static bool is_utf8(struct ph_bytes text)
{
    for (size_t at = 0; at < text.len;) {
        size_t len = utf8_sequence_len(text.data + at, text.len - at);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

enum key_rule { KEYS_ASCENDING, KEYS_ANY };

/* An array or map that has been entered. */
struct level {
    uint32_t items_left; /* of a map, keys and values */
    bool is_map;
    bool has_key;
    uint64_t last_key;
};

/* Judge `item` as the next key of `map`. */
static bool take_key(struct level *map, const struct item *item, enum key_rule rule)
{
    if (rule == KEYS_ANY)
        return item->type == PH_PACK_UINT || item->type == PH_PACK_TEXT;
    if (item->type != PH_PACK_UINT || (map->has_key && item->number <= map->last_key))
        return false;
    map->has_key = true;
    map->last_key = item->number;
    return true;
}

/* Count `item` in the level it stands in. */
static bool take_place(struct level *level, const struct item *item, enum key_rule rule)
{
    bool is_key = level->is_map && level->items_left % 2 == 0;
    level->items_left--;
    return !is_key || take_key(level, item, rule);
}

/* The end of the one whole value that starts at `next`, or NULL. Iterative: a stranger's bytes
 * never choose how deep our stack grows. */
static const uint8_t *walk(const uint8_t *next, const uint8_t *end, enum key_rule rule)
{
    struct level levels[PH_PACK_DEPTH_MAX];
    size_t depth = 0;
    do {
        struct item item;
        if (!read_item(next, end, &item))
            return NULL;
        if (item.type == PH_PACK_TEXT && !is_utf8(item.content))
            return NULL;
        if (depth > 0 && !take_place(&levels[depth - 1], &item, rule))
            return NULL;
        if (item.type == PH_PACK_ARRAY || item.type == PH_PACK_MAP) {
            if (depth == PH_PACK_DEPTH_MAX)
                return NULL;
            bool is_map = item.type == PH_PACK_MAP;
            uint32_t count = (uint32_t)item.number;
            levels[depth++] =
                (struct level){.items_left = is_map ? 2 * count : count, .is_map = is_map};
        }
        next = item.after;
        while (depth > 0 && levels[depth - 1].items_left == 0)
            depth--;
    } while (depth > 0);
    return next;
}

static enum ph_status scan(struct ph_bytes bytes, enum key_rule rule)
{
    if (bytes.len == 0)
        return PH_MALFORMED;
    const uint8_t *end = bytes.data + bytes.len;
    return walk(bytes.data, end, rule) == end ? PH_OK : PH_MALFORMED;
}

enum ph_status ph_pack_scan(struct ph_bytes bytes)
{
    return scan(bytes, KEYS_ASCENDING);
}

enum ph_status ph_pack_scan_local(struct ph_bytes bytes)
{
    return scan(bytes, KEYS_ANY);
}

enum ph_status ph_unpack(struct ph_unpacker *unpacker, struct ph_bytes bytes)
{
    PH_TRY(ph_pack_scan(bytes));
    *unpacker = ph_unpack_scanned(bytes);
    return PH_OK;
}

struct ph_unpacker ph_unpack_scanned(struct ph_bytes bytes)
{
    const uint8_t *end = bytes.len == 0 ? bytes.data : bytes.data + bytes.len;
    return (struct ph_unpacker){.next = bytes.data, .end = end};
}

/* The next item if it is of type `wanted`; it is not taken yet. */
static bool next_is(struct ph_unpacker *unpacker, enum ph_pack_type wanted, struct item *item)
{
    if (!unpacker->failed && read_item(unpacker->next, unpacker->end, item) && item->type == wanted)
        return true;
    unpacker->failed = true;
    return false;
}

enum ph_pack_type ph_unpack_type(const struct ph_unpacker *unpacker)
{
    struct item item;
    if (unpacker->failed || !read_item(unpacker->next, unpacker->end, &item))
        return PH_PACK_END;
    return item.type;
}

uint64_t ph_unpack_uint(struct ph_unpacker *unpacker, uint64_t max)
{
    struct item item;
    if (!next_is(unpacker, PH_PACK_UINT, &item))
        return 0;
    if (item.number > max) {
        unpacker->failed = true;
        return 0;
    }
    unpacker->next = item.after;
    return item.number;
}

int64_t ph_unpack_int(struct ph_unpacker *unpacker)
{
    if (ph_unpack_type(unpacker) == PH_PACK_UINT)
        return (int64_t)ph_unpack_uint(unpacker, INT64_MAX);
    struct item item;
    if (!next_is(unpacker, PH_PACK_INT, &item))
        return 0;
    unpacker->next = item.after;
    return as_signed(item.number);
}

bool ph_unpack_bool(struct ph_unpacker *unpacker)
{
    struct item item;
    if (!next_is(unpacker, PH_PACK_BOOL, &item))
        return false;
    unpacker->next = item.after;
    return item.number != 0;
}

bool ph_unpack_nil(struct ph_unpacker *unpacker)
{
    if (ph_unpack_type(unpacker) != PH_PACK_NIL)
        return false;
    unpacker->next++;
    return true;
}

static struct ph_bytes take_content(struct ph_unpacker *unpacker, enum ph_pack_type wanted)
{
    struct item item;
    if (!next_is(unpacker, wanted, &item))
        return ph_bytes(NULL, 0);
    unpacker->next = item.after;
    return item.content;
}

struct ph_bytes ph_unpack_text(struct ph_unpacker *unpacker)
{
    return take_content(unpacker, PH_PACK_TEXT);
}

struct ph_bytes ph_unpack_bin(struct ph_unpacker *unpacker)
{
    return take_content(unpacker, PH_PACK_BIN);
}

void ph_unpack_fixed(struct ph_unpacker *unpacker, void *out, size_t len)
{
    struct item item;
    if (next_is(unpacker, PH_PACK_BIN, &item) && item.content.len == len) {
        unpacker->next = item.after;
        memcpy(out, item.content.data, len);
        return;
    }
    unpacker->failed = true;
    memset(out, 0, len);
}

static uint32_t take_count(struct ph_unpacker *unpacker, enum ph_pack_type wanted)
{
    struct item item;
    if (!next_is(unpacker, wanted, &item))
        return 0;
    unpacker->next = item.after;
    return (uint32_t)item.number;
}

uint32_t ph_unpack_array(struct ph_unpacker *unpacker)
{
    return take_count(unpacker, PH_PACK_ARRAY);
}

void ph_unpack_array_of(struct ph_unpacker *unpacker, uint32_t count)
{
    if (ph_unpack_array(unpacker) != count)
        unpacker->failed = true;
}

uint32_t ph_unpack_map(struct ph_unpacker *unpacker)
{
    return take_count(unpacker, PH_PACK_MAP);
}

struct ph_bytes ph_unpack_skip(struct ph_unpacker *unpacker)
{
    const uint8_t *after = unpacker->failed ? NULL : walk(unpacker->next, unpacker->end, KEYS_ANY);
    if (after == NULL) {
        unpacker->failed = true;
        return ph_bytes(NULL, 0);
    }
    struct ph_bytes item = ph_bytes(unpacker->next, (size_t)(after - unpacker->next));
    unpacker->next = after;
    return item;
}

enum ph_status ph_unpack_end(const struct ph_unpacker *unpacker)
{
    return !unpacker->failed && unpacker->next == unpacker->end ? PH_OK : PH_MALFORMED;
}

static int put_packed(void *impl, const char *data, size_t len)
{
    struct ph_buffer *out = impl;
    ph_buffer_put(out, data, len);
    return 0; /* an overflow is remembered in the buffer */
}

static msgpack_packer packer_into(struct ph_buffer *out)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, put_packed);
    return packer;
}

/* Longer ones would need a 32-bit length, which no reader takes. */
static bool has_length(struct ph_buffer *out, size_t len)
{
    if (len > LENGTH_MAX)
        out->overflow = true;
    return len <= LENGTH_MAX;
}

void ph_pack_nil(struct ph_buffer *out)
{
    msgpack_packer packer = packer_into(out);
    msgpack_pack_nil(&packer);
}

void ph_pack_bool(struct ph_buffer *out, bool value)
{
    msgpack_packer packer = packer_into(out);
    if (value)
        msgpack_pack_true(&packer);
    else
        msgpack_pack_false(&packer);
}

void ph_pack_uint(struct ph_buffer *out, uint64_t value)
{
    msgpack_packer packer = packer_into(out);
    msgpack_pack_uint64(&packer, value);
}

void ph_pack_int(struct ph_buffer *out, int64_t value)
{
    msgpack_packer packer = packer_into(out);
    msgpack_pack_int64(&packer, value);
}

void ph_pack_text(struct ph_buffer *out, struct ph_bytes text)
{
    msgpack_packer packer = packer_into(out);
    if (has_length(out, text.len))
        msgpack_pack_str_with_body(&packer, text.data, text.len);
}

void ph_pack_bin(struct ph_buffer *out, struct ph_bytes bytes)
{
    msgpack_packer packer = packer_into(out);
    if (has_length(out, bytes.len))
        msgpack_pack_bin_with_body(&packer, bytes.data, bytes.len);
}

void ph_pack_array(struct ph_buffer *out, size_t count)
{
    msgpack_packer packer = packer_into(out);
    if (has_length(out, count))
        msgpack_pack_array(&packer, count);
}

void ph_pack_map(struct ph_buffer *out, size_t count)
{
    msgpack_packer packer = packer_into(out);
    if (has_length(out, count))
        msgpack_pack_map(&packer, count);
}
