#include "proto/receipt.h"

#include "proto/message.h"
#include "tests/support/vectors.h"

#define ITEMS 3

struct world {
    struct ph_network_id network;
    struct ph_sign_secret secret;
    struct ph_receipt receipt;
    uint8_t held[(PH_RECEIPT_HELD_MAX + 1) * PH_RECEIPT_HELD_LEN];
    uint8_t replaced[(PH_RECEIPT_REPLACED_MAX + 1) * PH_RECEIPT_WRITER_LEN];
};

static struct ph_writer_id writer_of(uint8_t first)
{
    struct ph_writer_id writer = {{first, 2, 3, 4, 5, 6, 7, 8, 9}};
    return writer;
}

/* Writers 10, 20 and 30, up to entries 1, 2 and 3; two branches of the last. It was writer 5. */
static void begin(struct world *world)
{
    const uint8_t seed[32] = {7};
    memset(world, 0, sizeof *world);
    world->network.bytes[0] = 1;
    ph_sign_key_from_seed(seed, &world->secret, world->receipt.writer.bytes);
    for (uint32_t i = 0; i < ITEMS + 1; i++) {
        uint32_t number = i < ITEMS ? i + 1 : ITEMS;
        struct ph_writer_id writer = writer_of((uint8_t)(10 * number));
        struct ph_entry_id id = {{(uint8_t)(100 + i)}};
        ph_receipt_put(world->held + i * PH_RECEIPT_HELD_LEN, &writer, number, &id);
    }
    world->replaced[0] = 5;
    world->receipt.counter = 9;
    world->receipt.held = ph_bytes(world->held, (ITEMS + 1) * PH_RECEIPT_HELD_LEN);
    world->receipt.replaced = ph_bytes(world->replaced, PH_RECEIPT_WRITER_LEN);
    ph_receipt_sign(&world->receipt, &world->network, &world->secret);
}

static enum ph_status say(const struct world *world, struct ph_message *out)
{
    static uint8_t bytes[PH_FRAME_PLAIN_MAX];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    ph_message_receipt(&message, &world->receipt);
    CHECK(!message.overflow);
    return ph_message_decode(ph_buffer_bytes(&message), out);
}

static void what_is_said_is_heard(void **state)
{
    struct world world;
    struct ph_message message;
    (void)state;
    begin(&world);

    CHECK_OK(say(&world, &message));

    CHECK(message.type == PH_MESSAGE_RECEIPT && message.of.receipt.counter == 9);
    CHECK(!message.of.receipt.is_cut);
    CHECK(ph_bytes_equal(message.of.receipt.held, world.receipt.held));
    CHECK(ph_bytes_equal(message.of.receipt.replaced, world.receipt.replaced));
    CHECK_OK(ph_receipt_verify(&message.of.receipt, &world.network));
}

static void branches_are_found_by_their_writer(void **state)
{
    struct world world;
    struct ph_receipt_end end;
    uint32_t at = 0, none = 0;
    struct ph_writer_id third = writer_of(30), nobody = writer_of(25), former = writer_of(5);
    (void)state;
    begin(&world);
    memcpy(world.replaced, former.bytes, PH_RECEIPT_WRITER_LEN);

    CHECK(ph_receipt_next(&world.receipt, &third, &at, &end) && end.seq == 3);
    assert_int_equal(end.check[0], 102);
    CHECK(ph_receipt_next(&world.receipt, &third, &at, &end) && end.check[0] == 103);
    CHECK(!ph_receipt_next(&world.receipt, &third, &at, &end));
    CHECK(!ph_receipt_next(&world.receipt, &nobody, &none, &end));
    CHECK(ph_receipt_replaces(&world.receipt, &former));
    CHECK(!ph_receipt_replaces(&world.receipt, &third));
}

static void check_forged(const struct world *world, const struct ph_receipt *receipt)
{
    assert_int_equal(ph_receipt_verify(receipt, &world->network), PH_UNAUTHENTIC);
}

static void whatever_is_changed_the_signature_does_not_fit(void **state)
{
    struct world world;
    (void)state;
    begin(&world);
    struct ph_network_id other = {{2}};
    struct ph_receipt receipt = world.receipt;

    CHECK_OK(ph_receipt_verify(&receipt, &world.network));
    assert_int_equal(ph_receipt_verify(&receipt, &other), PH_UNAUTHENTIC);
    receipt.counter++;
    check_forged(&world, &receipt);
    receipt = world.receipt;
    receipt.is_cut = true;
    check_forged(&world, &receipt);
    receipt = world.receipt;
    receipt.held.len -= PH_RECEIPT_HELD_LEN;
    check_forged(&world, &receipt);
    receipt = world.receipt;
    receipt.replaced.len = 0;
    check_forged(&world, &receipt);
    receipt = world.receipt;
    receipt.writer.bytes[0] ^= 1;
    check_forged(&world, &receipt);
    receipt = world.receipt;
    world.held[PH_RECEIPT_WRITER_LEN + 3] ^= 1; /* a sequence number */
    check_forged(&world, &receipt);
}

static void check_said(struct world *world, enum ph_status expected)
{
    struct ph_message message;
    assert_int_equal(say(world, &message), expected);
}

static void forms_that_no_receipt_has_are_refused(void **state)
{
    struct world world;
    (void)state;

    begin(&world);
    world.receipt.counter = 0;
    check_said(&world, PH_MALFORMED);
    begin(&world);
    world.receipt.held.len--;
    check_said(&world, PH_MALFORMED);
    begin(&world);
    memcpy(world.held + PH_RECEIPT_HELD_LEN, world.held, PH_RECEIPT_HELD_LEN); /* twice */
    check_said(&world, PH_MALFORMED);
    begin(&world);
    ph_put_u32(world.held + PH_RECEIPT_WRITER_LEN, 0);
    check_said(&world, PH_MALFORMED);
    begin(&world);
    world.receipt.replaced.len--;
    check_said(&world, PH_MALFORMED);
}

/* So many branches, each of a writer of its own. */
static void fill_held(struct world *world, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct ph_writer_id writer = {{(uint8_t)(i >> 8), (uint8_t)i}};
        struct ph_entry_id id = {{1}};
        ph_receipt_put(world->held + i * PH_RECEIPT_HELD_LEN, &writer, 1, &id);
    }
    world->receipt.held.len = (size_t)count * PH_RECEIPT_HELD_LEN;
}

static void lists_have_a_bound(void **state)
{
    struct world world;
    (void)state;
    begin(&world);

    fill_held(&world, PH_RECEIPT_HELD_MAX);
    check_said(&world, PH_OK);
    fill_held(&world, PH_RECEIPT_HELD_MAX + 1);
    check_said(&world, PH_LIMIT);

    begin(&world);
    for (uint8_t i = 0; i < PH_RECEIPT_REPLACED_MAX + 1; i++)
        world.replaced[i * PH_RECEIPT_WRITER_LEN] = i;
    world.receipt.replaced.len = (size_t)PH_RECEIPT_REPLACED_MAX * PH_RECEIPT_WRITER_LEN;
    check_said(&world, PH_OK);
    world.receipt.replaced.len += PH_RECEIPT_WRITER_LEN;
    check_said(&world, PH_LIMIT);
}

static void names_are_sorted_and_counters_are_not_0(void **state)
{
    uint8_t names[2 * PH_RECEIPT_NAME_LEN];
    struct ph_writer_id low = writer_of(1), high = writer_of(2);
    (void)state;
    ph_receipt_name_put(names, &low, 4);
    ph_receipt_name_put(names + PH_RECEIPT_NAME_LEN, &high, 5);

    CHECK_OK(ph_receipt_check_names(ph_bytes(names, sizeof names)));
    assert_int_equal(ph_receipt_name_at(ph_bytes(names, sizeof names), 1).counter, 5);
    ph_receipt_name_put(names, &high, 4);
    assert_int_equal(ph_receipt_check_names(ph_bytes(names, sizeof names)), PH_MALFORMED);
    ph_receipt_name_put(names, &low, 0);
    assert_int_equal(ph_receipt_check_names(ph_bytes(names, sizeof names)), PH_MALFORMED);
}

static void the_known_answer_verifies(void **state)
{
    (void)state;
    json_t *vectors = vectors_open(PH_VECTORS "/facts.json");
    struct vector_bytes said = vector_bytes(vector_member(vectors, "messages"), "receipt");
    struct vector_bytes network = vector_bytes(vectors, "network");
    struct ph_message message;
    struct ph_network_id id;
    memcpy(id.bytes, vector_view(&network).data, sizeof id.bytes);

    CHECK_OK(ph_message_decode(vector_view(&said), &message));

    CHECK_OK(ph_receipt_verify(&message.of.receipt, &id));
    json_decref(vectors);
}

CHECK_MAIN(cmocka_unit_test(what_is_said_is_heard),
           cmocka_unit_test(branches_are_found_by_their_writer),
           cmocka_unit_test(whatever_is_changed_the_signature_does_not_fit),
           cmocka_unit_test(forms_that_no_receipt_has_are_refused),
           cmocka_unit_test(lists_have_a_bound),
           cmocka_unit_test(names_are_sorted_and_counters_are_not_0),
           cmocka_unit_test(the_known_answer_verifies))
