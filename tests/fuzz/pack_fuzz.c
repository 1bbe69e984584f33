/* The pre-scan. What it lets through, msgpack-c unpacks whole and within bounds, and our reader and
 * writer make the same bytes of; what the strict scan refuses of it has a key out of order. */
#include <msgpack.h>

#include "pharos/limits.h"
#include "proto/pack.h"
#include "tests/fuzz/fuzz.h"

static uint8_t out_bytes[1024 * 1024];

/* --- our reader --- */

static void copy_item(struct ph_unpacker *in, struct ph_buffer *out, int depth);

static void copy_items(struct ph_unpacker *in, struct ph_buffer *out, size_t count, int depth)
{
    FUZZ_CHECK(depth <= PH_PACK_DEPTH_MAX);
    for (size_t i = 0; i < count; i++)
        copy_item(in, out, depth);
}

static void copy_number(struct ph_unpacker *in, struct ph_buffer *out)
{
    if (ph_unpack_type(in) == PH_PACK_UINT)
        ph_pack_uint(out, ph_unpack_uint(in, UINT64_MAX));
    else
        ph_pack_int(out, ph_unpack_int(in));
}

static void copy_item(struct ph_unpacker *in, struct ph_buffer *out, int depth)
{
    size_t count;
    switch (ph_unpack_type(in)) {
    case PH_PACK_NIL:
        FUZZ_CHECK(ph_unpack_nil(in));
        ph_pack_nil(out);
        return;
    case PH_PACK_BOOL:
        ph_pack_bool(out, ph_unpack_bool(in));
        return;
    case PH_PACK_UINT:
    case PH_PACK_INT:
        copy_number(in, out);
        return;
    case PH_PACK_TEXT:
        ph_pack_text(out, ph_unpack_text(in));
        return;
    case PH_PACK_BIN:
        ph_pack_bin(out, ph_unpack_bin(in));
        return;
    case PH_PACK_ARRAY:
        count = ph_unpack_array(in);
        ph_pack_array(out, count);
        copy_items(in, out, count, depth + 1);
        return;
    case PH_PACK_MAP:
        count = ph_unpack_map(in);
        ph_pack_map(out, count);
        copy_items(in, out, 2 * count, depth + 1);
        return;
    case PH_PACK_END:
        break;
    }
    fuzz_fail("an item in what was scanned", __FILE__, __LINE__);
}

static void check_own_copy(struct ph_bytes bytes)
{
    struct ph_unpacker in = ph_unpack_scanned(bytes), over = in;
    struct ph_buffer out = ph_buffer(out_bytes, sizeof out_bytes);
    copy_item(&in, &out, 0);
    FUZZ_CHECK(ph_unpack_end(&in) == PH_OK);
    FUZZ_CHECK(!out.overflow && ph_bytes_equal(ph_buffer_bytes(&out), bytes));
    FUZZ_CHECK(ph_bytes_equal(ph_unpack_skip(&over), bytes));
}

/* --- msgpack-c --- */

static void put_object(const msgpack_object *object, struct ph_buffer *out, bool *is_strict);

/* Whether keys are unsigned and ascending, as the strict scan wants them. */
static bool key_follows(const msgpack_object_map *map, uint32_t index)
{
    const msgpack_object *key = &map->ptr[index].key;
    if (key->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return false;
    return index == 0 || key->via.u64 > map->ptr[index - 1].key.via.u64;
}

static void put_map(const msgpack_object_map *map, struct ph_buffer *out, bool *is_strict)
{
    ph_pack_map(out, map->size);
    for (uint32_t i = 0; i < map->size; i++) {
        *is_strict = *is_strict && key_follows(map, i);
        put_object(&map->ptr[i].key, out, is_strict);
        put_object(&map->ptr[i].val, out, is_strict);
    }
}

static void put_object(const msgpack_object *object, struct ph_buffer *out, bool *is_strict)
{
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        ph_pack_nil(out);
        return;
    case MSGPACK_OBJECT_BOOLEAN:
        ph_pack_bool(out, object->via.boolean);
        return;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        ph_pack_uint(out, object->via.u64);
        return;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        ph_pack_int(out, object->via.i64);
        return;
    case MSGPACK_OBJECT_STR:
        ph_pack_text(out, ph_bytes(object->via.str.ptr, object->via.str.size));
        return;
    case MSGPACK_OBJECT_BIN:
        ph_pack_bin(out, ph_bytes(object->via.bin.ptr, object->via.bin.size));
        return;
    case MSGPACK_OBJECT_ARRAY:
        ph_pack_array(out, object->via.array.size);
        for (uint32_t i = 0; i < object->via.array.size; i++)
            put_object(&object->via.array.ptr[i], out, is_strict);
        return;
    case MSGPACK_OBJECT_MAP:
        put_map(&object->via.map, out, is_strict);
        return;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
    case MSGPACK_OBJECT_EXT:
        break;
    }
    fuzz_fail("a type that the scan lets through", __FILE__, __LINE__);
}

static void check_other_copy(struct ph_bytes bytes, bool *is_strict)
{
    msgpack_unpacked unpacked;
    size_t used = 0;
    struct ph_buffer out = ph_buffer(out_bytes, sizeof out_bytes);
    msgpack_unpacked_init(&unpacked);
    msgpack_unpack_return result =
        msgpack_unpack_next(&unpacked, (const char *)bytes.data, bytes.len, &used);
    FUZZ_CHECK(result == MSGPACK_UNPACK_SUCCESS && used == bytes.len);
    put_object(&unpacked.data, &out, is_strict);
    FUZZ_CHECK(!out.overflow && ph_bytes_equal(ph_buffer_bytes(&out), bytes));
    msgpack_unpacked_destroy(&unpacked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_bytes bytes = ph_bytes(data, size);
    bool is_strict = ph_pack_scan(bytes) == PH_OK, is_ascending = true;
    if (ph_pack_scan_local(bytes) != PH_OK) {
        FUZZ_CHECK(!is_strict);
        return 0;
    }
    check_own_copy(bytes);
    check_other_copy(bytes, &is_ascending);
    FUZZ_CHECK(is_strict == is_ascending);
    return 0;
}
