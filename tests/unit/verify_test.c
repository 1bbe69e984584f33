#include "store/verify.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/damage.h"
#include "store/entries.h"
#include "store/state.h"
#include "tests/support/check.h"
#include "tests/support/home.h"
#include "tests/support/world.h"

#define ENTRIES 20
#define TITLE 3

static struct world world;
static struct world_entry entries[ENTRIES];
static struct ph_record_id plan;

static void write_entry(uint32_t i)
{
    struct ph_op_writer ops;
    uint8_t item[256];
    if (i < 2) {
        struct ph_record_id id;
        world_create(&world, i, PH_KIND_PLAN, "plan", &entries[i], &id);
        plan = i == 0 ? id : plan;
        return;
    }
    struct ph_op_ref over = world_ref(&world, &entries[i - 1], i == 2 ? 1 : 0);
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_PLAN, &plan, PH_AUDIENCE_NETWORK);
    ph_ops_set(&ops, TITLE, &over, i % 4 == 0, world_text(item, "changed"));
    world_end(&world, i % 2, &ops, &entries[i]);
}

/* Of every sort: in and at the end of a run, with content and without; one that waits at the
 * end. */
static enum world_put put_of(uint32_t i)
{
    if (i >= ENTRIES - 2 || i == 7)
        return WORLD_SIGNED;
    return i == 10 || i == 11 ? WORLD_WITHOUT_CONTENT : WORLD_UNSIGNED;
}

static void begin(struct home *home)
{
    struct ph_batch *batch;
    world_init(&world, 2);
    home_init(home);
    home_open(home);
    CHECK_OK(ph_batch_new(&batch));
    world_found(&world, batch);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        write_entry(i);
        world_put(&world, batch, &entries[i], put_of(i));
    }
    CHECK_OK(home_apply(home, batch));
}

static void sound_store_is_found_sound(void **state)
{
    (void)state;
    struct home home;
    struct ph_verify_report report;
    begin(&home);
    enum ph_status status = ph_store_verify(home.store, &report);
    assert_string_equal(report.damage, "");
    CHECK_OK(status);
    CHECK(report.entry_count == ENTRIES && report.log_count == 2 && report.fact_count == 5);
    CHECK(report.hole_count == 2 && report.signature_count == 5 && report.record_count == 2);
    home_deinit(&home);
}

static void name_of(uint32_t log, uint32_t seq, char out[64])
{
    const uint8_t *writer = world.writers[log].id.bytes;
    snprintf(out, 64, "Log %02x%02x%02x%02x, sequence %u:", writer[0], writer[1], writer[2],
             writer[3], (unsigned)seq);
}

/* One bit of one entry, written so that the file stays well-formed, then put right again. */
static void check_flip(struct ph_verification *verification, struct ph_place place,
                       struct ph_bytes value, size_t bit)
{
    static uint8_t flipped[PH_STORED_LEN_MAX];
    char expected[64];
    struct ph_key key = ph_key_place(place);
    memcpy(flipped, value.data, value.len);
    flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
    CHECK_OK(ph_db_put(&verification->txn, PH_TABLE_ENTRIES, ph_key_bytes(&key),
                       ph_bytes(flipped, value.len)));

    verification->report = (struct ph_verify_report){0};
    CHECK_OK(ph_verify_log(verification, place.log));
    name_of(place.log, place.seq, expected);
    if (strncmp(verification->report.damage, expected, strlen(expected)) != 0) {
        print_error("bit %zu of %s\n  found: %s\n", bit, expected, verification->report.damage);
        fail();
    }

    CHECK_OK(ph_db_put(&verification->txn, PH_TABLE_ENTRIES, ph_key_bytes(&key), value));
}

static void every_flipped_bit_is_found_where_it_is(void **state)
{
    (void)state;
    static uint8_t copy[PH_STORED_LEN_MAX];
    struct home home;
    struct ph_verification verification = {.quota = UINT64_MAX};
    begin(&home);
    CHECK_OK(ph_db_write(home.store->db, &verification.txn)); /* never committed */
    CHECK_OK(ph_logs_load(&verification.txn, &verification.logs));
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct ph_place place = {entries[i].writer, entries[i].link.seq};
        struct ph_key key = ph_key_place(place);
        struct ph_bytes value;
        CHECK_OK(ph_db_get(&verification.txn, PH_TABLE_ENTRIES, ph_key_bytes(&key), &value));
        memcpy(copy, value.data, value.len);
        value.data = copy;
        for (size_t bit = 0; bit < 8 * value.len; bit += check_every())
            check_flip(&verification, place, value, bit);
    }
    ph_logs_free(&verification.logs);
    ph_db_end(&verification.txn);
    home_deinit(&home);
}

/* What anybody could do to a closed store. `edit` gets the value, whose length stays. */
static void edit_value(const char *path, const char *table, struct ph_bytes key,
                       void (*edit)(uint8_t *value, size_t len))
{
    static uint8_t edited[PH_STORED_LEN_MAX];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val raw_key = {key.len, (void *)(uintptr_t)key.data}, value;
    CHECK(mdb_env_create(&env) == 0);
    CHECK(mdb_env_set_maxdbs(env, 16) == 0);
    CHECK(mdb_env_open(env, path, 0, 0600) == 0);
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    CHECK(mdb_dbi_open(txn, table, 0, &dbi) == 0);
    CHECK(mdb_get(txn, dbi, &raw_key, &value) == 0);
    CHECK(value.mv_size <= sizeof edited);
    memcpy(edited, value.mv_data, value.mv_size);
    edit(edited, value.mv_size);
    value.mv_data = edited;
    CHECK(mdb_put(txn, dbi, &raw_key, &value, 0) == 0);
    CHECK(mdb_txn_commit(txn) == 0);
    mdb_env_close(env);
}

static void flip_last_bit(uint8_t *value, size_t len)
{
    value[len - 1] ^= 1;
}

static void flipped_bit_is_found_after_opening_again(void **state)
{
    (void)state;
    struct home home;
    struct ph_verify_report report;
    char expected[64];
    begin(&home);
    home_close(&home);
    struct ph_key key = ph_key_place((struct ph_place){1, 3});
    edit_value(home.path, "entries", ph_key_bytes(&key), flip_last_bit);
    home_open(&home);

    CHECK_STATUS(ph_store_verify(home.store, &report), PH_CORRUPT);
    name_of(1, 3, expected);
    CHECK(strncmp(report.damage, expected, strlen(expected)) == 0);
    CHECK(report.damage_count == 1);
    home_deinit(&home);
}

/* --- Everything else that could be wrong --- */

struct spoil {
    const char *what;  /* in the sentence */
    struct ph_key key; /* of length 0: the table's first row */
    enum ph_table table;
    /* FLIP: a bit of the last byte, the first, or the last of a log's tip; EXTEND: a byte more;
     * FORGET: of waits and waiting */
    enum { DELETE, FLIP, FLIP_FIRST, FLIP_TIP, EXTEND, ADD, FORGET } how;
};

static void delete_first(const struct ph_txn *txn, enum ph_table table)
{
    struct ph_bytes found, value;
    CHECK_OK(ph_db_seek(txn, table, ph_bytes(NULL, 0), &found, &value));
    struct ph_key key = {.len = found.len};
    memcpy(key.data, found.data, found.len);
    CHECK_OK(ph_db_delete(txn, table, ph_key_bytes(&key)));
}

static void spoil(const struct ph_txn *txn, const struct spoil *how)
{
    static uint8_t copy[PH_STORED_LEN_MAX];
    struct ph_key key = how->key;
    struct ph_bytes found, value;
    if (key.len == 0) {
        CHECK_OK(ph_db_seek(txn, how->table, ph_bytes(NULL, 0), &found, &value));
        memcpy(key.data, found.data, found.len);
        key.len = found.len;
    }
    switch (how->how) {
    case FORGET:
        delete_first(txn, PH_TABLE_WAITING);
        delete_first(txn, PH_TABLE_WAITS);
        return;
    case DELETE:
        CHECK_OK(ph_db_delete(txn, how->table, ph_key_bytes(&key)));
        return;
    case ADD:
        CHECK_OK(ph_db_add(txn, how->table, ph_key_bytes(&key), ph_bytes("\0\5", 2)));
        return;
    case FLIP:
    case FLIP_FIRST:
    case FLIP_TIP:
    case EXTEND:
        CHECK_OK(ph_db_get(txn, how->table, ph_key_bytes(&key), &value));
        memcpy(copy, value.data, value.len);
        if (how->how == EXTEND)
            copy[value.len++] = 0;
        else
            copy[how->how == FLIP       ? value.len - 1
                 : how->how == FLIP_TIP ? PH_LOG_ROW_LEN_1 - 1u
                                        : 0] ^= 1;
        CHECK_OK(ph_db_put(txn, how->table, ph_key_bytes(&key), ph_bytes(copy, value.len)));
    }
}

static void check_spoiled(const struct spoil *how)
{
    struct home home;
    struct ph_txn txn;
    struct ph_verify_report report;
    begin(&home);
    /* An entry that waits: it answers one that is not there. */
    struct world_entry waiter;
    struct ph_op_writer ops;
    uint8_t item[256];
    struct ph_batch *batch;
    struct ph_op_ref ref = world_ref(&world, &entries[0], 1);
    ref.check[0] ^= 1;
    world_begin(&world, &ops);
    ph_ops_group(&ops, PH_KIND_PLAN, &plan, PH_AUDIENCE_NETWORK);
    ph_ops_set(&ops, TITLE, &ref, 1, world_text(item, "waits"));
    world_end(&world, 0, &ops, &waiter);
    CHECK_OK(ph_batch_new(&batch));
    world_put(&world, batch, &waiter, WORLD_SIGNED);
    CHECK_OK(home_apply(&home, batch));
    CHECK_OK(ph_store_verify(home.store, &report));

    CHECK_OK(ph_db_write(home.store->db, &txn));
    spoil(&txn, how);
    CHECK_OK(ph_db_commit(&txn));
    enum ph_status status = ph_store_verify(home.store, &report);
    if (status != PH_CORRUPT || strstr(report.damage, how->what) == NULL)
        print_error("wanted: %s\n found: %s\n", how->what, report.damage);
    CHECK_STATUS(status, PH_CORRUPT);
    CHECK(strstr(report.damage, how->what) != NULL);
    home_deinit(&home);
}

static void every_other_damage_is_found_too(void **state)
{
    (void)state;
    const struct ph_place middle = {0, 5}, last = {1, 10}, beyond = {7, 1};
    const struct ph_record_id nobody = {{1}};
    const struct spoil spoils[] = {
        {"sequence 5: it is missing", ph_key_place(middle), PH_TABLE_ENTRIES, DELETE},
        {"different numbers", ph_key_place(last), PH_TABLE_ENTRIES, DELETE},
        {"of no known log", ph_key_place(beyond), PH_TABLE_ENTRIES, ADD},
        {"Facts, number 1", ph_key_u32(1), PH_TABLE_FACTS, FLIP},
        {"Facts, number 0", ph_key_u32(0), PH_TABLE_FACTS, DELETE},
        {"says otherwise of its last", ph_key_u32(0), PH_TABLE_LOGS, FLIP_TIP},
        {"row or cursor", ph_key_u32(0), PH_TABLE_LOGS, FLIP},
        {"certify fact", ph_key_u32(1), PH_TABLE_LOGS, FLIP_FIRST},
        {"don't have their form", ph_key_place(middle), PH_TABLE_ENTRIES, EXTEND},
        {"Table logs", ph_key_u32(0), PH_TABLE_LOGS, DELETE},
        {"table of holes", {.len = 0}, PH_TABLE_HOLES, DELETE},
        {"table of holes", ph_key_place(middle), PH_TABLE_HOLES, ADD},
        {"without its entry", ph_key_place(beyond), PH_TABLE_HOLES, ADD},
        {"does not know of it", {.len = 0}, PH_TABLE_RECORDS, DELETE},
        {"not what its entries make of it", {.len = 0}, PH_TABLE_RECORDS, FLIP},
        {"missing from a list", {.len = 0}, PH_TABLE_BY_KIND, DELETE},
        {"what is not shown", ph_key_by_kind(3, 1, &nobody), PH_TABLE_BY_KIND, ADD},
        {"does not stand there", ph_key_by_parent(&nobody, ph_bytes(NULL, 0), &nobody, 3),
         PH_TABLE_BY_PARENT, ADD},
        {"nothing will wake it", {.len = 0}, PH_TABLE_WAITING, DELETE},
        {"what does not wait", {.len = 0}, PH_TABLE_WAITS, DELETE},
        {"applied before", {.len = 0}, PH_TABLE_WAITS, FORGET},
        {"nothing will wake it", ph_key_u32(0), PH_TABLE_CURSORS, FLIP},
        {"row or cursor", ph_key_u32(1), PH_TABLE_CURSORS, FLIP},
    };
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++)
        check_spoiled(&spoils[i]);
}

/* Everything fits, but nobody has signed for the last entries. */
static void unsigned_end_is_found(void **state)
{
    (void)state;
    struct home home;
    struct ph_batch *batch;
    struct ph_record_id id;
    struct ph_verify_report report;
    begin(&home);
    world_create(&world, 0, PH_KIND_PLAN, "last", &entries[0], &id);
    CHECK_OK(ph_batch_new(&batch));
    world_put(&world, batch, &entries[0], WORLD_UNSIGNED);
    CHECK_OK(home_apply(&home, batch));
    CHECK_STATUS(ph_store_verify(home.store, &report), PH_CORRUPT);
    CHECK(strstr(report.damage, "sequence 11: it is the last, and no signature") != NULL);
    home_deinit(&home);
}

CHECK_MAIN(cmocka_unit_test(sound_store_is_found_sound),
           cmocka_unit_test(every_flipped_bit_is_found_where_it_is),
           cmocka_unit_test(flipped_bit_is_found_after_opening_again),
           cmocka_unit_test(every_other_damage_is_found_too),
           cmocka_unit_test(unsigned_end_is_found))
