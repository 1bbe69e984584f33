#include "store/entries.h"

#include <assert.h>

/* Where the parts begin; 0 for one that is not there. */
struct layout {
    size_t signature, seal, seal_len, skeleton, content, len;
};

#define AT_FLAGS PH_HEADER_LEN
#define AT_SKELETON_LEN (PH_HEADER_LEN + 1)
#define AT_REST (PH_HEADER_LEN + 3)

static struct layout lay_out(uint8_t flags, size_t skeleton_len, size_t content_len)
{
    bool is_missing = (flags & PH_STORED_MISSING) != 0;
    struct layout at = {.signature = AT_REST};
    at.seal = at.signature + ((flags & PH_STORED_SIGNED) != 0 ? sizeof(struct ph_signature) : 0);
    at.seal_len = content_len == 0 ? 0 : is_missing ? sizeof(struct ph_hash) : PH_SALT_LEN;
    at.skeleton = at.seal + at.seal_len;
    at.content = at.skeleton + skeleton_len;
    at.len = at.content + (is_missing ? 0 : content_len);
    return at;
}

static uint8_t flags_of(const struct ph_body *body, bool is_signed)
{
    return (uint8_t)((is_signed ? PH_STORED_SIGNED : 0) |
                     (body->content_is_missing ? PH_STORED_MISSING : 0));
}

size_t ph_stored_len(const struct ph_body *body, bool is_signed)
{
    return lay_out(flags_of(body, is_signed), body->skeleton.len, body->content_len).len;
}

void ph_stored_encode(const uint8_t header[PH_HEADER_LEN], const struct ph_body *body,
                      const struct ph_signature *signature, uint8_t *out)
{
    assert(body->skeleton.len + body->content_len == ph_get_u16(header + 2));
    uint8_t flags = flags_of(body, signature != NULL);
    struct layout at = lay_out(flags, body->skeleton.len, body->content_len);
    memcpy(out, header, PH_HEADER_LEN);
    out[AT_FLAGS] = flags;
    ph_put_u16(out + AT_SKELETON_LEN, (uint16_t)body->skeleton.len);
    if (signature != NULL)
        memcpy(out + at.signature, signature->bytes, sizeof signature->bytes);
    if (at.seal_len != 0)
        memcpy(out + at.seal,
               body->content_is_missing ? body->content_hash.bytes : body->salt.bytes, at.seal_len);
    if (body->skeleton.len != 0)
        memcpy(out + at.skeleton, body->skeleton.data, body->skeleton.len);
    if (at.len != at.content)
        memcpy(out + at.content, body->content.data, body->content_len);
}

static void read_body(const uint8_t *data, const struct layout *at, struct ph_body *out)
{
    if (at->seal_len == sizeof out->content_hash)
        memcpy(out->content_hash.bytes, data + at->seal, sizeof out->content_hash);
    if (at->seal_len == sizeof out->salt)
        memcpy(out->salt.bytes, data + at->seal, sizeof out->salt);
    out->skeleton = ph_bytes(data + at->skeleton, at->content - at->skeleton);
    out->content = ph_bytes(data + at->content, at->len - at->content);
}

enum ph_status ph_stored_decode(struct ph_bytes value, struct ph_stored_entry *out)
{
    struct ph_stored_entry entry = {.encoded = value.data};
    if (value.len < AT_REST || ph_header_decode(value.data, &entry.header) != PH_OK)
        return PH_CORRUPT;
    uint8_t flags = value.data[AT_FLAGS];
    size_t skeleton_len = ph_get_u16(value.data + AT_SKELETON_LEN);
    if ((flags & ~(PH_STORED_SIGNED | PH_STORED_MISSING)) != 0 ||
        skeleton_len > entry.header.body_len)
        return PH_CORRUPT;
    entry.body.content_len = (uint16_t)(entry.header.body_len - skeleton_len);
    entry.body.content_is_missing = (flags & PH_STORED_MISSING) != 0;
    struct layout at = lay_out(flags, skeleton_len, entry.body.content_len);
    if (at.len != value.len || (entry.body.content_is_missing && entry.body.content_len == 0))
        return PH_CORRUPT;
    read_body(value.data, &at, &entry.body);
    if ((flags & PH_STORED_SIGNED) != 0)
        entry.signature = (const struct ph_signature *)(value.data + at.signature);
    *out = entry;
    return PH_OK;
}

enum ph_status ph_entries_get(const struct ph_txn *txn, struct ph_place place,
                              struct ph_stored_entry *out)
{
    struct ph_key key = ph_key_place(place);
    struct ph_bytes value;
    PH_TRY(ph_db_get(txn, PH_TABLE_ENTRIES, ph_key_bytes(&key), &value));
    PH_TRY(ph_stored_decode(value, out));
    return out->header.seq == place.seq ? PH_OK : PH_CORRUPT;
}

enum ph_status ph_entries_fill(const struct ph_txn *txn, struct ph_place place,
                               struct ph_bytes salt_and_content)
{
    uint8_t filled[PH_STORED_LEN_MAX];
    struct ph_stored_entry entry;
    struct ph_key key = ph_key_place(place);
    PH_TRY(ph_entries_get(txn, place, &entry));
    if (!entry.body.content_is_missing)
        return PH_OK; /* two peers sent it before the first was durable */
    if (salt_and_content.len != (size_t)PH_SALT_LEN + entry.body.content_len)
        return PH_CORRUPT;

    struct ph_body body = entry.body;
    body.content_is_missing = false;
    memcpy(body.salt.bytes, salt_and_content.data, PH_SALT_LEN);
    body.content = ph_bytes(salt_and_content.data + PH_SALT_LEN, body.content_len);
    ph_stored_encode(entry.encoded, &body, entry.signature, filled);
    size_t len = ph_stored_len(&body, entry.signature != NULL);
    PH_TRY(ph_db_put(txn, PH_TABLE_ENTRIES, ph_key_bytes(&key), ph_bytes(filled, len)));
    return ph_db_delete(txn, PH_TABLE_HOLES, ph_key_bytes(&key));
}
