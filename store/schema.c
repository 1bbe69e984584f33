#include "store/schema.h"

#include <assert.h>
#include <stdio.h>

#define VERSION_MAX 1000 /* what says more was damaged */

const char *const ph_table_names[PH_TABLE_COUNT] = {
    [PH_TABLE_META] = "meta",       [PH_TABLE_FACTS] = "facts",
    [PH_TABLE_LOGS] = "logs",       [PH_TABLE_ENTRIES] = "entries",
    [PH_TABLE_HOLES] = "holes",     [PH_TABLE_LEFT_OUT] = "left_out",
    [PH_TABLE_CUTS] = "cuts",       [PH_TABLE_CURSORS] = "cursors",
    [PH_TABLE_WAITING] = "waiting", [PH_TABLE_WAITS] = "waits",
    [PH_TABLE_READY] = "ready",     [PH_TABLE_AGAIN] = "again",
    [PH_TABLE_STALE] = "stale",     [PH_TABLE_RECORDS] = "records",
    [PH_TABLE_BY_KIND] = "by_kind", [PH_TABLE_BY_PARENT] = "by_parent",
};

int ph_place_compare(struct ph_place a, struct ph_place b)
{
    if (a.log != b.log)
        return a.log < b.log ? -1 : 1;
    return (a.seq > b.seq) - (a.seq < b.seq);
}

struct ph_need ph_need_of(const struct ph_op_ref *ref)
{
    struct ph_need need;
    memcpy(need.bytes, ref->writer.bytes, 32);
    ph_put_u32(need.bytes + 32, ref->seq);
    memcpy(need.bytes + 36, ref->check, 16);
    return need;
}

static void add(struct ph_key *key, const void *data, size_t len)
{
    if (len != 0)
        memcpy(key->data + key->len, data, len);
    key->len += len;
}

static void add_u32(struct ph_key *key, uint32_t number)
{
    ph_put_u32(key->data + key->len, number);
    key->len += 4;
}

static void add_kind(struct ph_key *key, uint16_t kind)
{
    ph_put_u16(key->data + key->len, kind);
    key->len += 2;
}

struct ph_key ph_key_receipt(const struct ph_writer_id *writer)
{
    struct ph_key key = {.len = 0};
    struct ph_bytes name = ph_bytes_text(PH_META_RECEIPT);
    add(&key, name.data, name.len);
    add(&key, writer->bytes, sizeof writer->bytes);
    return key;
}

struct ph_key ph_key_u32(uint32_t number)
{
    struct ph_key key = {.len = 0};
    add_u32(&key, number);
    return key;
}

struct ph_key ph_key_place(struct ph_place place)
{
    struct ph_key key = ph_key_u32(place.log);
    add_u32(&key, place.seq);
    return key;
}

struct ph_key ph_key_need(const struct ph_need *need)
{
    struct ph_key key = {.len = 0};
    add(&key, need->bytes, PH_NEED_LEN);
    return key;
}

struct ph_key ph_key_waiting(const struct ph_need *need, struct ph_place place)
{
    struct ph_key key = ph_key_need(need);
    add_u32(&key, place.log);
    add_u32(&key, place.seq);
    return key;
}

static struct ph_key key_left_out(char form, const uint8_t id[32])
{
    struct ph_key key = {.len = 0};
    add(&key, &form, 1);
    add(&key, id, 32);
    return key;
}

struct ph_key ph_key_school_out(const struct ph_school_id *school)
{
    return key_left_out(PH_OUT_SCHOOL, school->bytes);
}

struct ph_key ph_key_log_out(const struct ph_writer_id *writer, const struct ph_school_id *school)
{
    struct ph_key key = key_left_out(PH_OUT_LOG, school->bytes);
    add(&key, writer->bytes, sizeof writer->bytes);
    return key;
}

struct ph_key ph_key_not_awaited(const struct ph_writer_id *writer)
{
    return key_left_out(PH_OUT_NOT_AWAITED, writer->bytes);
}

struct ph_key ph_key_record(uint16_t kind, const struct ph_record_id *id)
{
    struct ph_key key = {.len = 0};
    add_kind(&key, kind);
    add(&key, id->bytes, sizeof id->bytes);
    return key;
}

struct ph_key ph_key_stale(uint16_t kind, const struct ph_record_id *id, struct ph_place place)
{
    struct ph_key key = ph_key_record(kind, id);
    add_u32(&key, place.log);
    add_u32(&key, place.seq);
    return key;
}

struct ph_key ph_key_by_kind(uint16_t kind, uint64_t lamport, const struct ph_record_id *id)
{
    struct ph_key key = {.len = 0};
    add_kind(&key, kind);
    ph_put_u64(key.data + key.len, lamport);
    key.len += 8;
    add(&key, id->bytes, sizeof id->bytes);
    return key;
}

struct ph_key ph_key_by_parent(const struct ph_record_id *parent, struct ph_bytes position,
                               const struct ph_record_id *id, uint16_t kind)
{
    uint8_t number[2];
    struct ph_key key = {.len = 0};
    add(&key, parent->bytes, sizeof parent->bytes);
    assert(position.len <= PH_POSITION_LEN_MAX);
    add(&key, position.data, position.len);
    key.data[key.len++] = 0; /* below every character: a position sorts before its extensions */
    add(&key, id->bytes, sizeof id->bytes);
    ph_put_u16(number, kind); /* an id names one record of a kind, but of each kind one */
    add(&key, number, sizeof number);
    return key;
}

bool ph_key_read_u32(struct ph_bytes key, uint32_t *out)
{
    if (key.len != 4)
        return false;
    *out = ph_get_u32(key.data);
    return true;
}

bool ph_key_read_place(struct ph_bytes key, struct ph_place *out)
{
    if (key.len != 8)
        return false;
    *out = (struct ph_place){.log = ph_get_u32(key.data), .seq = ph_get_u32(key.data + 4)};
    return true;
}

bool ph_key_read_waiting(struct ph_bytes key, struct ph_need *need, struct ph_place *place)
{
    if (key.len != PH_NEED_LEN + 8)
        return false;
    memcpy(need->bytes, key.data, PH_NEED_LEN);
    return ph_key_read_place(ph_bytes(key.data + PH_NEED_LEN, 8), place);
}

bool ph_key_read_school_out(struct ph_bytes key, struct ph_school_id *school)
{
    bool is_school = key.len == 33 && key.data[0] == PH_OUT_SCHOOL;
    bool is_log = key.len == 65 && key.data[0] == PH_OUT_LOG;
    if (is_school || is_log)
        memcpy(school->bytes, key.data + 1, sizeof school->bytes);
    return is_school || is_log;
}

bool ph_key_read_not_awaited(struct ph_bytes key, struct ph_writer_id *writer)
{
    if (key.len != 33 || key.data[0] != PH_OUT_NOT_AWAITED)
        return false;
    memcpy(writer->bytes, key.data + 1, sizeof writer->bytes);
    return true;
}

bool ph_key_read_record(struct ph_bytes key, uint16_t *kind, struct ph_record_id *id)
{
    if (key.len != 18)
        return false;
    *kind = ph_get_u16(key.data);
    memcpy(id->bytes, key.data + 2, 16);
    return true;
}

bool ph_key_read_stale(struct ph_bytes key, uint16_t *kind, struct ph_record_id *id,
                       struct ph_place *place)
{
    return key.len == 18 + 8 && ph_key_read_record(ph_bytes(key.data, 18), kind, id) &&
           ph_key_read_place(ph_bytes(key.data + 18, 8), place);
}

bool ph_key_read_by_kind(struct ph_bytes key, uint16_t *kind, struct ph_record_id *id)
{
    if (key.len != 26)
        return false;
    *kind = ph_get_u16(key.data);
    memcpy(id->bytes, key.data + 10, 16);
    return true;
}

bool ph_key_read_by_parent(struct ph_bytes key, struct ph_record_id *parent,
                           struct ph_record_id *id, uint16_t *kind)
{
    if (key.len < 35 || key.len > PH_KEY_LEN_MAX)
        return false;
    memcpy(parent->bytes, key.data, 16);
    memcpy(id->bytes, key.data + key.len - 18, 16);
    *kind = ph_get_u16(key.data + key.len - 2);
    return true;
}

static enum ph_status explain(const struct ph_db_options *options, enum ph_status status,
                              const uint8_t *version, char why[PH_DB_WHY_LEN])
{
    if (status == PH_OK)
        snprintf(why, PH_DB_WHY_LEN,
                 "The store in %.80s has layout %u, and this program knows only layout %u.",
                 options->path, (unsigned)ph_get_u32(version), (unsigned)PH_SCHEMA_VERSION);
    else if (status == PH_REFUSED || status == PH_CORRUPT)
        snprintf(why, PH_DB_WHY_LEN, "What lies in %.120s is not a store of this program.",
                 options->path);
    else
        snprintf(why, PH_DB_WHY_LEN, "The store in %.100s can't be read: %s.", options->path,
                 ph_status_text(status));
    if (status == PH_OK)
        return PH_REFUSED;
    return status == PH_REFUSED ? PH_CORRUPT : status; /* nothing that any version of us wrote */
}

enum ph_status ph_schema_check(struct ph_db_options *options, bool *is_older,
                               char why[PH_DB_WHY_LEN])
{
    static const uint8_t ours[4] = {0, 0, 0, PH_SCHEMA_VERSION};
    options->tables = ph_table_names;
    options->table_count = PH_TABLE_COUNT;
    options->stamp_table = PH_TABLE_META;
    options->stamp_key = ph_bytes_text(".schema");
    options->stamp_value = ph_bytes(ours, sizeof ours);
    options->remade_first = PH_TABLE_LEFT_OUT; /* the node says it again when it starts */

    uint8_t version[sizeof ours] = {0};
    size_t len = sizeof version;
    enum ph_status status = ph_db_peek(options, version, &len);
    *is_older = false;
    if (status == PH_NOT_FOUND)
        return PH_OK;
    bool is_known = status == PH_OK && len == sizeof version &&
                    ph_get_u32(version) <= PH_SCHEMA_VERSION && ph_get_u32(version) != 0;
    *is_older = is_known && ph_get_u32(version) < PH_SCHEMA_VERSION;
    if (is_known) /* README.md: what becomes of older ones */
        return PH_OK;
    if (status == PH_OK && (len != sizeof version || ph_get_u32(version) > VERSION_MAX))
        status = PH_REFUSED;
    return explain(options, status, version, why);
}
