#include "proto/handshake.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "pharos/limits.h"
#include "tests/support/check.h"

#define MESSAGE_ROOM 2048

/* --- Known answers: both roles of every vector --- */

struct bytes {
    uint8_t data[MESSAGE_ROOM];
    size_t len;
};

static struct bytes bytes_of_hex(const char *hex)
{
    struct bytes out = {.len = strlen(hex) / 2};
    CHECK(out.len <= sizeof out.data);
    for (size_t i = 0; i < out.len; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        out.data[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return out;
}

static struct ph_bytes view(const struct bytes *bytes)
{
    return ph_bytes(bytes->data, bytes->len);
}

/* The member `role_name` of a vector, empty if there is none. */
static struct bytes member(json_t *vector, const char *role, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "%s_%s", role, name);
    json_t *value = json_object_get(vector, key);
    return bytes_of_hex(value == NULL ? "" : json_string_value(value));
}

static void copy_key(uint8_t out[32], const struct bytes *bytes)
{
    assert_int_equal(bytes->len, 32);
    memcpy(out, bytes->data, 32);
}

static unsigned psk_places_of(const char *protocol_name)
{
    unsigned places = 0;
    for (const char *at = protocol_name; (at = strstr(at, "psk")) != NULL; at += 3)
        places |= PH_HANDSHAKE_PSK((unsigned)(at[3] - '0'));
    return places;
}

static size_t read_psks(json_t *vector, const char *role, struct ph_network_key *out)
{
    char key[64];
    snprintf(key, sizeof key, "%s_psks", role);
    json_t *psks = json_object_get(vector, key);
    for (size_t i = 0; i < json_array_size(psks); i++) {
        struct bytes psk = bytes_of_hex(json_string_value(json_array_get(psks, i)));
        copy_key(out[i].bytes, &psk);
    }
    return json_array_size(psks);
}

static struct ph_handshake handshake_of_vector(json_t *vector, enum ph_handshake_role role)
{
    const char *name = json_string_value(json_object_get(vector, "protocol_name"));
    const char *prefix = role == PH_HANDSHAKE_INITIATOR ? "init" : "resp";
    struct ph_network_key psks[PH_HANDSHAKE_PSKS_MAX];
    size_t psk_count = read_psks(vector, prefix, psks);
    struct bytes prologue = member(vector, prefix, "prologue");
    struct bytes static_bytes = member(vector, prefix, "static");
    struct bytes ephemeral_bytes = member(vector, prefix, "ephemeral");
    struct ph_agree_secret static_key, ephemeral_key;
    copy_key(static_key.bytes, &static_bytes);
    copy_key(ephemeral_key.bytes, &ephemeral_bytes);
    bool is_xx1 = strncmp(name, "Noise_XX1", 9) == 0;

    struct ph_handshake handshake;
    ph_handshake_init(&handshake, &(struct ph_handshake_config){
                                      .role = role,
                                      .pattern = is_xx1 ? PH_HANDSHAKE_XX1 : PH_HANDSHAKE_XX,
                                      .psk_places = psk_places_of(name),
                                      .psks = psk_count == 0 ? NULL : psks,
                                      .prologue = view(&prologue),
                                      .static_key = &static_key,
                                      .ephemeral_key = &ephemeral_key,
                                  });
    return handshake;
}

/* One side of a vector: writes its own messages, reads the other's, compares each byte. */
struct side {
    struct ph_handshake handshake;
    struct ph_channel channel;
};

static void take_step(struct side *side, bool writes, const struct bytes *payload,
                      const struct bytes *cipher)
{
    uint8_t room[MESSAGE_ROOM];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    bool in_channel = side->channel.is_open;
    if (writes && in_channel)
        CHECK_OK(ph_channel_seal(&side->channel, view(payload), &out));
    else if (writes)
        CHECK_OK(ph_handshake_write(&side->handshake, view(payload), &out));
    else if (in_channel)
        CHECK_OK(ph_channel_open(&side->channel, view(cipher), &out));
    else
        CHECK_OK(ph_handshake_read(&side->handshake, view(cipher), &out));
    CHECK_BYTES(ph_buffer_bytes(&out), writes ? view(cipher) : view(payload));
}

static void check_hash(json_t *vector, const struct ph_handshake *handshake)
{
    json_t *hash = json_object_get(vector, "handshake_hash");
    if (hash == NULL)
        return;
    struct bytes expected = bytes_of_hex(json_string_value(hash));
    CHECK_BYTES(ph_bytes(ph_handshake_hash(handshake), PH_HANDSHAKE_HASH_LEN), view(&expected));
}

/* The other side's static key, as the vector's secret gives it. */
static void check_remote_static(json_t *vector, const char *their_prefix,
                                const struct ph_handshake *handshake)
{
    struct bytes bytes = member(vector, their_prefix, "static");
    struct ph_agree_secret secret;
    copy_key(secret.bytes, &bytes);
    struct ph_agree_public expected = ph_agree_public_of(&secret);
    assert_memory_equal(ph_handshake_remote_static(handshake), &expected, sizeof expected);
}

static void check_vector_side(json_t *vector, enum ph_handshake_role role)
{
    struct side side = {.handshake = handshake_of_vector(vector, role)};
    bool is_initiator = role == PH_HANDSHAKE_INITIATOR;
    size_t index;
    json_t *message;
    json_array_foreach(json_object_get(vector, "messages"), index, message)
    {
        struct bytes payload = bytes_of_hex(json_string_value(json_object_get(message, "payload")));
        struct bytes cipher =
            bytes_of_hex(json_string_value(json_object_get(message, "ciphertext")));
        take_step(&side, (index % 2 == 0) == is_initiator, &payload, &cipher);
        if (index == 2) {
            check_hash(vector, &side.handshake);
            check_remote_static(vector, is_initiator ? "resp" : "init", &side.handshake);
            ph_handshake_split(&side.handshake, &side.channel);
        }
    }
    CHECK(index > 3);
    ph_handshake_wipe(&side.handshake);
    ph_channel_wipe(&side.channel);
}

static void check_vectors(const char *path, size_t wanted_count)
{
    json_error_t error;
    json_t *file = json_load_file(path, 0, &error);
    assert_non_null(file);
    size_t index;
    json_t *vector;
    json_array_foreach(json_object_get(file, "vectors"), index, vector)
    {
        check_vector_side(vector, PH_HANDSHAKE_INITIATOR);
        check_vector_side(vector, PH_HANDSHAKE_RESPONDER);
    }
    assert_int_equal(index, wanted_count);
    json_decref(file);
}

static void published_vectors_come_out_byte_for_byte(void **state)
{
    (void)state;
    check_vectors(PH_VECTORS "/noise_cacophony_snow.json", 9);
}

static void vectors_of_the_second_implementation_come_out_byte_for_byte(void **state)
{
    (void)state;
    check_vectors(PH_VECTORS "/noise_xxpsk0.json", 5);
}

/* --- Two sides in one process --- */

static const struct ph_agree_secret alice_static = {{0, 1}}, alice_ephemeral = {{0, 2}};
static const struct ph_agree_secret bob_static = {{0, 3}}, bob_ephemeral = {{0, 4}};
static const struct ph_network_key network_key = {{3}};

static struct ph_handshake_config alice_config(void)
{
    return (struct ph_handshake_config){
        .role = PH_HANDSHAKE_INITIATOR,
        .pattern = PH_HANDSHAKE_XX,
        .psk_places = PH_HANDSHAKE_PSK(0),
        .psks = &network_key,
        .prologue = ph_bytes_text("pharos 1"),
        .static_key = &alice_static,
        .ephemeral_key = &alice_ephemeral,
    };
}

static struct ph_handshake_config bob_config(void)
{
    struct ph_handshake_config config = alice_config();
    config.role = PH_HANDSHAKE_RESPONDER;
    config.static_key = &bob_static;
    config.ephemeral_key = &bob_ephemeral;
    return config;
}

struct pair {
    struct ph_handshake alice, bob;
};

static struct pair a_pair(void)
{
    struct pair pair;
    struct ph_handshake_config alice = alice_config(), bob = bob_config();
    ph_handshake_init(&pair.alice, &alice);
    ph_handshake_init(&pair.bob, &bob);
    return pair;
}

static struct ph_handshake *writer_of(struct pair *pair, size_t index)
{
    return index % 2 == 0 ? &pair->alice : &pair->bob;
}

static struct ph_handshake *reader_of(struct pair *pair, size_t index)
{
    return index % 2 == 0 ? &pair->bob : &pair->alice;
}

/* Only small things are carried here, a few bytes on each message. */
static struct bytes write_message(struct ph_handshake *writer)
{
    struct bytes out;
    struct ph_buffer buffer = ph_buffer(out.data, sizeof out.data);
    CHECK_OK(ph_handshake_write(writer, ph_bytes_text("hello"), &buffer));
    out.len = buffer.len;
    return out;
}

static enum ph_status read_message(struct ph_handshake *reader, struct ph_bytes message)
{
    uint8_t room[MESSAGE_ROOM];
    struct ph_buffer payload = ph_buffer(room, sizeof room);
    enum ph_status status = ph_handshake_read(reader, message, &payload);
    assert_int_equal(payload.len, status == PH_OK ? 5 : 0);
    return status;
}

static void pass_message(struct pair *pair, size_t index)
{
    struct bytes message = write_message(writer_of(pair, index));
    CHECK_OK(read_message(reader_of(pair, index), view(&message)));
}

/* A pair after `count` messages. */
static struct pair pair_after(size_t count)
{
    struct pair pair = a_pair();
    for (size_t i = 0; i < count; i++)
        pass_message(&pair, i);
    return pair;
}

static void turns_alternate_until_done(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    for (size_t i = 0; i < 3; i++) {
        CHECK(ph_handshake_is_ours_to_write(writer_of(&pair, i)));
        CHECK(!ph_handshake_is_ours_to_write(reader_of(&pair, i)));
        CHECK(!ph_handshake_is_done(&pair.alice) && ph_handshake_hash(&pair.alice) == NULL);
        pass_message(&pair, i);
    }

    CHECK(ph_handshake_is_done(&pair.alice) && ph_handshake_is_done(&pair.bob));
    CHECK(!ph_handshake_is_ours_to_write(&pair.alice));
    CHECK(!ph_handshake_is_ours_to_write(&pair.bob));
    assert_memory_equal(ph_handshake_hash(&pair.alice), ph_handshake_hash(&pair.bob), 64);
}

static void remote_static_is_known_only_after_the_message_that_shows_it(void **state)
{
    (void)state;
    struct pair pair = pair_after(1);
    CHECK(ph_handshake_remote_static(&pair.alice) == NULL);
    pass_message(&pair, 1);
    CHECK(ph_handshake_remote_static(&pair.alice) != NULL);
    CHECK(ph_handshake_remote_static(&pair.bob) == NULL);
    pass_message(&pair, 2);
    CHECK(ph_handshake_remote_static(&pair.bob) != NULL);
}

static void check_is_over(struct ph_handshake *handshake)
{
    uint8_t room[MESSAGE_ROOM];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    CHECK_STATUS(ph_handshake_write(handshake, ph_bytes(NULL, 0), &out), PH_UNAUTHENTIC);
    CHECK_STATUS(ph_handshake_read(handshake, ph_bytes_text("x"), &out), PH_UNAUTHENTIC);
    CHECK(!ph_handshake_is_done(handshake) && !ph_handshake_is_ours_to_write(handshake));
    CHECK(ph_handshake_hash(handshake) == NULL && ph_handshake_remote_static(handshake) == NULL);
    assert_int_equal(out.len, 0);
}

static void secrets_are_gone_after_failure(void **state)
{
    (void)state;
    struct pair pair = pair_after(2);
    struct bytes message = write_message(&pair.alice);
    message.data[0] ^= 1;

    CHECK_STATUS(read_message(&pair.bob, view(&message)), PH_UNAUTHENTIC);

    struct ph_handshake zero = {.has_failed = true};
    assert_memory_equal(&pair.bob.our_static, &zero.our_static, sizeof zero.our_static);
    assert_memory_equal(pair.bob.psks, zero.psks, sizeof zero.psks);
    assert_memory_equal(pair.bob.chaining_key, zero.chaining_key, sizeof zero.chaining_key);
    check_is_over(&pair.bob);
}

static void every_flipped_bit_of_every_message_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct pair pair = pair_after(i);
        struct bytes message = write_message(writer_of(&pair, i));
        for (size_t bit = 0; bit < 8 * message.len; bit++) {
            struct ph_handshake reader = *reader_of(&pair, i);
            message.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CHECK_STATUS(read_message(&reader, view(&message)), PH_UNAUTHENTIC);
            check_is_over(&reader);
            message.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        CHECK_OK(read_message(reader_of(&pair, i), view(&message)));
    }
}

static void every_truncation_of_every_message_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct pair pair = pair_after(i);
        struct bytes message = write_message(writer_of(&pair, i));
        for (size_t len = 0; len < message.len; len++) {
            struct ph_handshake reader = *reader_of(&pair, i);
            CHECK(read_message(&reader, ph_bytes(message.data, len)) != PH_OK);
            check_is_over(&reader);
        }
    }
}

static void wrong_psk_is_refused_at_message_1(void **state)
{
    (void)state;
    const struct ph_network_key other_key = {{4}};
    struct pair pair = a_pair();
    struct ph_handshake_config config = bob_config();
    config.psks = &other_key;
    ph_handshake_init(&pair.bob, &config);

    struct bytes message = write_message(&pair.alice);

    CHECK_STATUS(read_message(&pair.bob, view(&message)), PH_UNAUTHENTIC);
}

static void wrong_prologue_is_refused_at_message_1(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    struct ph_handshake_config config = bob_config();
    config.prologue = ph_bytes_text("pharos 2");
    ph_handshake_init(&pair.bob, &config);

    struct bytes message = write_message(&pair.alice);

    CHECK_STATUS(read_message(&pair.bob, view(&message)), PH_UNAUTHENTIC);
}

static void message_out_of_turn_is_refused(void **state)
{
    (void)state;
    struct pair pair = pair_after(1);
    struct pair done = pair_after(3);
    const uint8_t message[200] = {1};

    CHECK_STATUS(read_message(&pair.bob, ph_bytes(message, sizeof message)), PH_MALFORMED);
    CHECK_STATUS(read_message(&done.bob, ph_bytes(message, sizeof message)), PH_MALFORMED);
}

static void reflected_message_is_refused(void **state)
{
    (void)state;
    struct pair pair = a_pair();
    struct bytes first = write_message(&pair.alice);
    CHECK(read_message(&pair.alice, view(&first)) != PH_OK);
    check_is_over(&pair.alice);

    pair = pair_after(1);
    struct bytes second = write_message(&pair.bob);
    CHECK(read_message(&pair.bob, view(&second)) != PH_OK);
    check_is_over(&pair.bob);
}

/* A message written by an attacker that chose a low-order ephemeral: made by a copy of the writer
 * whose message starts with zeros, so that all else about it fits. */
static void low_order_ephemeral_of_the_responder_is_refused_when_read(void **state)
{
    (void)state;
    struct pair pair = pair_after(1);
    struct bytes message = write_message(&pair.bob);
    memset(message.data, 0, 32);

    CHECK_STATUS(read_message(&pair.alice, view(&message)), PH_UNAUTHENTIC);
}

/* Message 1 has no DH yet; whoever holds the network key can seal it over any key. */
static void
low_order_ephemeral_of_the_initiator_is_refused_before_anything_is_answered(void **state)
{
    (void)state;
    struct pair pair = pair_after(1);
    memset(pair.bob.their_ephemeral.bytes, 0, 32); /* as a message with this key leaves it */
    uint8_t room[MESSAGE_ROOM];
    struct ph_buffer out = ph_buffer(room, sizeof room);

    CHECK_STATUS(ph_handshake_write(&pair.bob, ph_bytes(NULL, 0), &out), PH_UNAUTHENTIC);
    check_is_over(&pair.bob);
}

/* Mallory writes message 2 by hand, because it shows a static key whose secret it may not have. */
static void mallory_mix_key(struct ph_handshake *mallory, const uint8_t input[32])
{
    const uint8_t one = 1, two = 2;
    uint8_t temp[64], key[64];
    ph_noise_hmac(mallory->chaining_key, ph_bytes(input, 32), ph_bytes(NULL, 0), temp);
    ph_noise_hmac(temp, ph_bytes(&one, 1), ph_bytes(NULL, 0), mallory->chaining_key);
    ph_noise_hmac(temp, ph_bytes(mallory->chaining_key, 64), ph_bytes(&two, 1), key);
    memcpy(mallory->key, key, sizeof mallory->key);
}

static void mallory_put(struct ph_handshake *mallory, struct ph_bytes plain, struct bytes *out)
{
    uint8_t *place = out->data + out->len;
    ph_seal(mallory->key, 0, ph_bytes(mallory->hash, 64), plain, place);
    out->len += plain.len + PH_FRAME_TAG_LEN;
    ph_noise_hash(ph_bytes(mallory->hash, 64), ph_bytes(place, plain.len + PH_FRAME_TAG_LEN),
                  mallory->hash);
}

/* e, ee, s with Bob's public key, `es` as the result of that agreement, "hello". */
static struct bytes mallory_writes(struct ph_handshake mallory, const uint8_t es[32])
{
    struct bytes out = {.len = 32};
    struct ph_agree_public ephemeral = ph_agree_public_of(&mallory.our_ephemeral);
    struct ph_agree_public bob = ph_agree_public_of(&bob_static);
    uint8_t ee[32];
    memcpy(out.data, ephemeral.bytes, 32);
    ph_noise_hash(ph_bytes(mallory.hash, 64), ph_bytes(ephemeral.bytes, 32), mallory.hash);
    mallory_mix_key(&mallory, ephemeral.bytes);
    CHECK_OK(ph_agree(&mallory.our_ephemeral, &mallory.their_ephemeral, ee));
    mallory_mix_key(&mallory, ee);
    mallory_put(&mallory, ph_bytes(bob.bytes, 32), &out);
    mallory_mix_key(&mallory, es);
    mallory_put(&mallory, ph_bytes_text("hello"), &out);
    return out;
}

/* Key-compromise impersonation: Mallory holds Alice's static key and the network key and poses as
 * Bob to Alice. With Bob's secret it works, which shows that Mallory makes no other mistake. */
static void stolen_static_key_does_not_let_others_pose_to_its_owner(void **state)
{
    (void)state;
    struct pair pair = pair_after(1);
    struct ph_agree_public bob = ph_agree_public_of(&bob_static);
    struct ph_agree_public alice = pair.bob.their_ephemeral;
    const struct ph_agree_secret *stolen = &alice_static, *own = &pair.bob.our_ephemeral;
    uint8_t agreed[5][32];
    CHECK_OK(ph_agree(stolen, &alice, agreed[0]));
    CHECK_OK(ph_agree(stolen, &bob, agreed[1]));
    CHECK_OK(ph_agree(own, &alice, agreed[2]));
    CHECK_OK(ph_agree(own, &bob, agreed[3]));
    CHECK_OK(ph_agree(&bob_static, &alice, agreed[4]));

    for (size_t i = 0; i < 5; i++) {
        struct ph_handshake victim = pair.alice;
        struct bytes message = mallory_writes(pair.bob, agreed[i]);
        CHECK_STATUS(read_message(&victim, view(&message)), i == 4 ? PH_OK : PH_UNAUTHENTIC);
    }
}

static void message_without_room_ends_the_handshake(void **state)
{
    (void)state;
    uint8_t room[60];
    for (size_t size = 0; size < sizeof room; size++) {
        struct pair pair = pair_after(1);
        struct ph_buffer out = ph_buffer(room, size);
        CHECK_STATUS(ph_handshake_write(&pair.bob, ph_bytes(NULL, 0), &out), PH_LIMIT);
        assert_int_equal(out.len, 0);
        check_is_over(&pair.bob);
    }
    struct pair pair = a_pair();
    struct bytes message = write_message(&pair.alice);
    struct ph_buffer payload = ph_buffer(room, 4);
    CHECK_STATUS(ph_handshake_read(&pair.bob, view(&message), &payload), PH_LIMIT);
}

static void longest_message_is_65535_bytes(void **state)
{
    (void)state;
    static uint8_t payload[65536], room[70000];
    size_t longest = 65535 - 32 - PH_FRAME_TAG_LEN;
    struct pair pair = a_pair();
    struct ph_buffer out = ph_buffer(room, sizeof room);
    CHECK_OK(ph_handshake_write(&pair.alice, ph_bytes(payload, longest), &out));
    assert_int_equal(out.len, 65535);

    pair = a_pair();
    out = ph_buffer(room, sizeof room);
    CHECK_STATUS(ph_handshake_write(&pair.alice, ph_bytes(payload, longest + 1), &out), PH_LIMIT);
    out = ph_buffer(payload, sizeof payload);
    CHECK_STATUS(ph_handshake_read(&pair.bob, ph_bytes(room, 65536), &out), PH_LIMIT);
}

static void split_gives_channels_that_understand_each_other(void **state)
{
    (void)state;
    struct pair pair = pair_after(3);
    struct ph_channel alice, bob;
    uint8_t room[64], sealed_room[64];
    struct ph_buffer sealed = ph_buffer(sealed_room, sizeof sealed_room);
    struct ph_buffer opened = ph_buffer(room, sizeof room);

    ph_handshake_split(&pair.alice, &alice);
    ph_handshake_split(&pair.bob, &bob);
    CHECK_OK(ph_channel_seal(&bob, ph_bytes_text("salam"), &sealed));
    CHECK_OK(ph_channel_open(&alice, ph_buffer_bytes(&sealed), &opened));

    CHECK_BYTES(ph_buffer_bytes(&opened), ph_bytes_text("salam"));
    CHECK(memcmp(alice.sending.key, alice.receiving.key, 32) != 0);
    CHECK(ph_handshake_remote_static(&pair.alice) != NULL);
}

int main(void)
{
    if (ph_crypto_init() != PH_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_come_out_byte_for_byte),
        cmocka_unit_test(vectors_of_the_second_implementation_come_out_byte_for_byte),
        cmocka_unit_test(turns_alternate_until_done),
        cmocka_unit_test(remote_static_is_known_only_after_the_message_that_shows_it),
        cmocka_unit_test(secrets_are_gone_after_failure),
        cmocka_unit_test(every_flipped_bit_of_every_message_is_refused),
        cmocka_unit_test(every_truncation_of_every_message_is_refused),
        cmocka_unit_test(wrong_psk_is_refused_at_message_1),
        cmocka_unit_test(wrong_prologue_is_refused_at_message_1),
        cmocka_unit_test(message_out_of_turn_is_refused),
        cmocka_unit_test(reflected_message_is_refused),
        cmocka_unit_test(low_order_ephemeral_of_the_responder_is_refused_when_read),
        cmocka_unit_test(
            low_order_ephemeral_of_the_initiator_is_refused_before_anything_is_answered),
        cmocka_unit_test(stolen_static_key_does_not_let_others_pose_to_its_owner),
        cmocka_unit_test(message_without_room_ends_the_handshake),
        cmocka_unit_test(longest_message_is_65535_bytes),
        cmocka_unit_test(split_gives_channels_that_understand_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
