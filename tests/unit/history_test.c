/* Random histories of several writers, taken in random orders: the same records everywhere. */
#include <stdlib.h>

#include "store/view.h"
#include "tests/support/chance.h"
#include "tests/support/check.h"
#include "tests/support/home.h"
#include "tests/support/world.h"

#define TITLE 3
#define HEADINGS 4 /* a set, of a priority */

static struct world world;

#define HISTORY 120
#define RECORDS_MAX 12
#define WRITERS 3

static struct world_entry history[HISTORY];
static struct ph_record_id records[RECORDS_MAX];
static uint32_t record_count;
static uint64_t chance_state;

static uint32_t chance(uint32_t below)
{
    return (uint32_t)chance_below(&chance_state, below);
}

/* References to some ops of earlier entries, right or wrong for the purpose. */
static size_t some_refs(uint32_t written, struct ph_op_ref out[3])
{
    size_t count = written == 0 ? 0 : chance(4);
    for (size_t i = 0; i < count; i++) {
        uint32_t recent = written < 20 ? written : 20;
        out[i] = world_ref(&world, &history[written - 1 - chance(recent)], (uint16_t)chance(4));
    }
    return count;
}

static void write_random_op(struct ph_op_writer *ops, uint32_t written)
{
    static const char *const texts[] = {"a", "b", "c", "d"};
    uint8_t item[256];
    struct ph_op_ref refs[3];
    struct ph_bytes text = world_text(item, texts[chance(4)]);
    size_t count = some_refs(written, refs);
    switch (chance(6)) {
    case 0:
        ph_ops_add(ops, HEADINGS, text);
        break;
    case 1:
        ph_ops_remove(ops, HEADINGS, refs, count);
        break;
    case 2:
        ph_ops_set(ops, PH_FIELD_NUMBER_POSITION, refs, count, text);
        break;
    case 3: {
        struct ph_buffer bin = ph_buffer(item, sizeof item);
        ph_pack_bin(&bin, ph_bytes(records[chance(record_count)].bytes, 16));
        ph_ops_set(ops, PH_FIELD_NUMBER_PARENT, refs, count, ph_buffer_bytes(&bin));
        break;
    }
    case 4:
        ph_ops_create(ops); /* a second one, or of somebody who may not */
        break;
    default:
        ph_ops_set(ops, TITLE, refs, count, text);
    }
}

static void write_history(uint64_t seed)
{
    struct ph_op_writer ops;
    chance_state = seed;
    world_init(&world, WRITERS);
    record_count = 0;
    for (uint32_t i = 0; i < HISTORY; i++) {
        uint32_t writer = chance(WRITERS);
        bool creates = record_count == 0 || (record_count < RECORDS_MAX && chance(4) == 0);
        if (creates)
            records[record_count++] = world_record(&world, writer, 0);
        const struct ph_record_id *record =
            &records[creates ? record_count - 1 : chance(record_count)];
        world_begin(&world, &ops);
        ph_ops_group(&ops, PH_KIND_PRIORITY, record,
                     chance(10) == 0 ? PH_AUDIENCE_SCHOOL : PH_AUDIENCE_NETWORK);
        if (creates)
            ph_ops_create(&ops);
        for (uint32_t j = chance(3) + 1; j > 0; j--)
            write_random_op(&ops, i);
        world_end(&world, writer, &ops, &history[i]);
    }
}

/* Each log in order, the logs against each other in any; batches of any size; some contents
 * late. */
static void take_history(struct home *home)
{
    uint32_t next[WRITERS] = {0};
    struct ph_batch *batch = home_batch();
    bool is_late[HISTORY] = {false};
    for (uint32_t taken = 0; taken < HISTORY;) {
        uint32_t writer = chance(WRITERS);
        while (next[writer] < HISTORY && history[next[writer]].writer != writer)
            next[writer]++;
        if (next[writer] == HISTORY)
            continue;
        uint32_t i = next[writer]++;
        is_late[i] = history[i].body.content_len > 0 && chance(8) == 0;
        world_put(&world, batch, &history[i], is_late[i] ? WORLD_WITHOUT_CONTENT : WORLD_SIGNED);
        taken++;
        if (chance(4) == 0) {
            CHECK_OK(home_apply(home, batch));
            batch = home_batch();
        }
    }
    for (uint32_t i = 0; i < HISTORY; i++)
        if (is_late[i])
            CHECK_OK(ph_batch_fill(batch, world.log_of[history[i].writer], history[i].link.seq,
                                   &history[i].body.salt, history[i].body.content));
    CHECK_OK(home_apply(home, batch));
    home_catch_up(home);
}

/* Every store meets the logs in its own order. */
static void number_logs_anew(void)
{
    uint32_t shift = chance(WRITERS);
    for (uint32_t i = 0; i < WRITERS; i++)
        world.log_of[i] = (i + shift) % WRITERS;
}

/* All records, and the listings, one after the other. */
static struct ph_bytes canonical_whole(struct home *home, uint8_t *out, size_t size)
{
    struct ph_view view;
    struct ph_buffer buffer = ph_buffer(out, size);
    struct ph_list_position position = {0};
    struct ph_record_id id;
    uint16_t kind;
    CHECK_OK(ph_view_open(home->store, &view));
    for (uint32_t i = 0; i < record_count; i++) {
        enum ph_status status = ph_view_canonical(&view, PH_KIND_PRIORITY, &records[i], &buffer);
        CHECK(status == PH_OK || status == PH_NOT_FOUND);
    }
    while (ph_view_list(&view, PH_KIND_PRIORITY, &position, &id) == PH_OK)
        ph_buffer_put(&buffer, id.bytes, sizeof id.bytes);
    for (uint32_t i = 0; i < record_count; i++) {
        position = (struct ph_list_position){0};
        while (ph_view_children(&view, &records[i], &position, &kind, &id) == PH_OK)
            ph_buffer_put(&buffer, id.bytes, sizeof id.bytes);
    }
    ph_view_close(&view);
    CHECK(!buffer.overflow);
    return ph_buffer_bytes(&buffer);
}

static void records_are_the_same_in_every_order_and_after_a_rebuild(void **state)
{
    (void)state;
    static uint8_t first_bytes[1 << 18], bytes[1 << 18];
    for (uint64_t seed = 1; seed <= 20; seed += check_every()) {
        struct home home;
        struct ph_bytes first = {0};
        write_history(seed);
        for (int round = 0; round < 3; round++) {
            number_logs_anew();
            home_found(&home, &world);
            take_history(&home);
            struct ph_bytes whole =
                canonical_whole(&home, round == 0 ? first_bytes : bytes, sizeof bytes);
            if (round == 0)
                first = whole;
            CHECK_BYTES(whole, first);
            home_rebuild(&home);
            CHECK_BYTES(canonical_whole(&home, bytes, sizeof bytes), first);
            home_deinit(&home);
        }
    }
}

CHECK_MAIN(cmocka_unit_test(records_are_the_same_in_every_order_and_after_a_rebuild))
