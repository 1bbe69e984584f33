#include "proto/heads.h"

#include <assert.h>

int ph_head_compare(const struct ph_head *a, const struct ph_head *b)
{
    int order = ph_writer_id_compare(&a->writer, &b->writer);
    return order != 0 ? order : ph_entry_id_compare(&a->id, &b->id);
}

int ph_hole_compare(const struct ph_hole *a, const struct ph_hole *b)
{
    int order = ph_writer_id_compare(&a->writer, &b->writer);
    if (order == 0)
        order = (a->seq > b->seq) - (a->seq < b->seq);
    return order != 0 ? order : ph_entry_id_compare(&a->id, &b->id);
}

struct ph_hash ph_fact_set_hash(const struct ph_fact_id *ids, size_t count)
{
    struct ph_hasher hasher;
    ph_hasher_init(&hasher, PH_DOMAIN_FACT_SET);
    for (size_t i = 0; i < count; i++) {
        assert(i == 0 || ph_fact_id_compare(&ids[i - 1], &ids[i]) < 0);
        ph_hasher_add(&hasher, ph_bytes(ids[i].bytes, sizeof ids[i].bytes));
    }
    return ph_hasher_end(&hasher);
}

static void add_u32(struct ph_hasher *hasher, uint32_t number)
{
    uint8_t bytes[4];
    ph_put_u32(bytes, number);
    ph_hasher_add(hasher, ph_bytes(bytes, sizeof bytes));
}

static void add_heads(struct ph_hasher *hasher, const struct ph_head *heads, size_t count)
{
    assert(count <= UINT32_MAX);
    add_u32(hasher, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        assert(i == 0 || ph_head_compare(&heads[i - 1], &heads[i]) < 0);
        ph_hasher_add(hasher, ph_bytes(heads[i].writer.bytes, sizeof heads[i].writer.bytes));
        add_u32(hasher, heads[i].seq);
        ph_hasher_add(hasher, ph_bytes(heads[i].id.bytes, sizeof heads[i].id.bytes));
    }
}

static void add_holes(struct ph_hasher *hasher, const struct ph_hole *holes, size_t count)
{
    assert(count <= UINT32_MAX);
    add_u32(hasher, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        assert(i == 0 || ph_hole_compare(&holes[i - 1], &holes[i]) < 0);
        ph_hasher_add(hasher, ph_bytes(holes[i].writer.bytes, sizeof holes[i].writer.bytes));
        add_u32(hasher, holes[i].seq);
        ph_hasher_add(hasher, ph_bytes(holes[i].id.bytes, sizeof holes[i].id.bytes));
    }
}

struct ph_root ph_root(const struct ph_hash *fact_set, const struct ph_head *heads,
                       size_t head_count, const struct ph_hole *holes, size_t hole_count)
{
    struct ph_hasher hasher;
    ph_hasher_init(&hasher, PH_DOMAIN_ROOT);
    ph_hasher_add(&hasher, ph_bytes(fact_set->bytes, sizeof fact_set->bytes));
    add_heads(&hasher, heads, head_count);
    add_holes(&hasher, holes, hole_count);
    struct ph_hash hash = ph_hasher_end(&hasher);
    struct ph_root root;
    memcpy(root.bytes, hash.bytes, sizeof root.bytes);
    return root;
}
