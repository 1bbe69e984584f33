/* Whoever is no member, on a real socket: each case says what is done and what comes of it, and
 * after each of them the node is alive, holds what it held, and an honest member syncs at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/caller.h"

enum verdict {
    SILENCE,     /* closed, and not one byte was answered */
    HALF_ANSWER, /* closed after the handshake's second message: whoever has the key gets so far */
    CLOSED,      /* in an open session: closed without another word */
    END_UNKNOWN, /* `end`: no member */
    END_BAD_INPUT, /* `end`: refused */
};

/* A serves, B is its honest member, C's keys are the caller's. */
struct stage {
    struct process_school *a, *b;
    struct ph_invitation invitation;
    struct ph_identity member;
    char *root; /* of A */
};

static char *root_of(const struct process_school *school)
{
    json_t *status = process_json(school, WORDS("status"));
    char *root = strdup(json_string_value(json_object_get(status, "root")));
    CHECK(root != NULL);
    json_decref(status);
    return root;
}

static struct stage set_up(struct process_world *world)
{
    struct stage stage = {.a = &world->schools[0], .b = &world->schools[1]};
    struct process_school *c = &world->schools[2];
    process_found(stage.a);
    process_serve(stage.a, WORDS(NULL));
    process_join(stage.b, stage.a);
    process_join(c, stage.a);
    process_do(stage.a, WORDS("new", "plan", "title=ours"));
    stage.invitation = caller_invitation_to(stage.a);
    stage.member = caller_identity_of(c);
    process_do(stage.b, WORDS("sync", stage.a->address));
    stage.root = root_of(stage.a);
    return stage;
}

static void check_unharmed(const struct stage *stage, const char *name)
{
    char *root = root_of(stage->a);
    if (strcmp(root, stage->root) != 0)
        print_error("%s: the root has changed\n", name);
    assert_string_equal(root, stage->root);
    process_do(stage->b, WORDS("sync", stage->a->address));
    free(root);
}

static void clear(struct stage *stage)
{
    process_do(stage->b, WORDS("new", "plan", "title=after all"));
    process_do(stage->b, WORDS("sync", stage->a->address));
    CHECK(process_lists(stage->a, "plan", "after all"));
    free(stage->root);
}

/* --- what is done: each begins on a fresh connection --- */

static void send_first(struct caller *caller)
{
    uint8_t bytes[SPEAKER_GREETING_MAX];
    struct ph_buffer first = ph_buffer(bytes, sizeof bytes);
    caller_begin(caller, &first);
    caller_send(caller, ph_buffer_bytes(&first));
}

static void a_wrong_network_key(const struct stage *stage, struct caller *caller)
{
    (void)stage;
    caller->speaker.key.bytes[31] ^= 1;
    send_first(caller);
}

static void the_right_key_and_a_wrong_version(const struct stage *stage, struct caller *caller)
{
    (void)stage;
    caller->speaker.version = "pharos 2";
    send_first(caller);
}

static void the_right_key_and_another_network(const struct stage *stage, struct caller *caller)
{
    (void)stage;
    caller->speaker.network.bytes[0] ^= 1;
    send_first(caller);
}

static void a_length_of_zero(const struct stage *stage, struct caller *caller)
{
    (void)stage;
    caller_send(caller, ph_bytes("\0\0", 2));
}

static void a_length_of_minus_one_and_so_many_bytes(const struct stage *stage,
                                                    struct caller *caller)
{
    static uint8_t bytes[PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX];
    (void)stage;
    memset(bytes, 0xff, sizeof bytes);
    caller_send(caller, ph_bytes(bytes, sizeof bytes));
}

static void early_words_in_the_first_message(const struct stage *stage, struct caller *caller)
{
    uint8_t bytes[SPEAKER_GREETING_MAX], framed[SPEAKER_GREETING_MAX];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    struct ph_buffer out = ph_buffer(framed, sizeof framed);
    uint8_t ephemeral[32] = {1};
    (void)stage;
    speaker_begin(&caller->speaker, ephemeral);
    CHECK_OK(ph_handshake_write(&caller->speaker.handshake, ph_bytes_text("hello?"), &message));
    speaker_frame(&out, ph_buffer_bytes(&message));
    caller_send(caller, ph_buffer_bytes(&out));
}

static void the_second_message_sent_back(const struct stage *stage, struct caller *caller)
{
    (void)stage;
    send_first(caller);
    CHECK(caller_hear_greeting(caller));
    caller_send(caller, ph_bytes(caller->greeting, caller->greeting_len));
}

static void send_last(struct caller *caller)
{
    uint8_t bytes[SPEAKER_GREETING_MAX];
    struct ph_buffer last = ph_buffer(bytes, sizeof bytes);
    speaker_greet(&caller->speaker, &last);
    caller_send(caller, ph_buffer_bytes(&last));
}

static void a_certificate_for_another_network(const struct stage *stage, struct caller *caller)
{
    struct ph_network_id other = stage->invitation.network;
    other.bytes[7] ^= 1;
    caller->speaker.certificate = speaker_certify(&stage->member, &other);
    send_first(caller);
    CHECK(caller_hear_greeting(caller));
    send_last(caller);
}

/* It was shown in a handshake once; the transport key that it is for belongs to somebody else. */
static void the_certificate_of_another_member(const struct stage *stage, struct caller *caller)
{
    struct ph_identity other = caller_identity_of(stage->b);
    caller->speaker.certificate = speaker_certify(&other, &stage->invitation.network);
    send_first(caller);
    CHECK(caller_hear_greeting(caller));
    send_last(caller);
}

static void a_greeting_cut_into_bytes_and_broken_at_its_end(const struct stage *stage,
                                                            struct caller *caller)
{
    uint8_t bytes[SPEAKER_GREETING_MAX];
    struct ph_buffer first = ph_buffer(bytes, sizeof bytes);
    (void)stage;
    caller_begin(caller, &first);
    bytes[first.len - 1] ^= 0x80;
    for (size_t i = 0; i < first.len; i++)
        caller_send(caller, ph_bytes(bytes + i, 1));
}

static void garbage_after_the_handshake(const struct stage *stage, struct caller *caller)
{
    uint8_t bytes[300] = {0, 200, 7, 7, 7};
    (void)stage;
    CHECK(caller_greet(caller));
    caller_send(caller, ph_bytes(bytes, sizeof bytes));
}

static void a_second_handshake_after_the_first(const struct stage *stage, struct caller *caller)
{
    struct ph_channel open;
    (void)stage;
    CHECK(caller_greet(caller));
    open = caller->speaker.channel;
    send_first(caller);
    caller->speaker.channel = open;
}

static void say_introduction(struct caller *caller, const struct ph_join_proof *proof)
{
    uint8_t bytes[300];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    ph_message_introduce(&message, NULL, 0, proof);
    caller_say(caller, ph_buffer_bytes(&message));
}

static void greet_unknown(const struct stage *stage, struct caller *caller)
{
    struct ph_identity fresh = caller_fresh_identity(40);
    speaker_deinit(&caller->speaker);
    speaker_init(&caller->speaker, &fresh, &stage->invitation);
    CHECK(caller_greet(caller));
}

static void a_school_that_is_no_member(const struct stage *stage, struct caller *caller)
{
    greet_unknown(stage, caller);
    say_introduction(caller, NULL);
}

static void a_joining_proof_by_an_invitation_that_nobody_made(const struct stage *stage,
                                                              struct caller *caller)
{
    uint8_t secret[16] = {9, 9};
    struct ph_school_id school;
    struct ph_sign_secret unused;
    greet_unknown(stage, caller);
    ph_sign_key_from_seed(caller->speaker.identity.school_seed, &unused, school.bytes);
    struct ph_join_proof proof = ph_join_prove(secret, &stage->invitation.network, &school);
    say_introduction(caller, &proof);
}

/* Somebody else's proof, seen on its way to an admission, doesn't fit this school. */
static void a_joining_proof_of_another_school(const struct stage *stage, struct caller *caller)
{
    struct ph_school_id school = {{1, 2, 3}};
    greet_unknown(stage, caller);
    struct ph_join_proof proof =
        ph_join_prove(stage->invitation.secret, &stage->invitation.network, &school);
    say_introduction(caller, &proof);
}

static void words_after_ones_own_end(const struct stage *stage, struct caller *caller)
{
    uint8_t bytes[16];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    (void)stage;
    CHECK(caller_greet(caller));
    ph_message_end(&message, PH_END_DONE);
    caller_say(caller, ph_buffer_bytes(&message));
    for (int i = 0; i < 100; i++)
        say_introduction(caller, NULL);
}

static const struct {
    const char *name;
    void (*play)(const struct stage *stage, struct caller *caller);
    enum verdict verdict;
} cases[] = {
    {"wrong network key", a_wrong_network_key, SILENCE},
    {"right key, wrong version", the_right_key_and_a_wrong_version, SILENCE},
    {"right key, another network", the_right_key_and_another_network, SILENCE},
    {"length 0", a_length_of_zero, SILENCE},
    {"length -1, huge length", a_length_of_minus_one_and_so_many_bytes, SILENCE},
    {"early data", early_words_in_the_first_message, SILENCE},
    {"byte by byte, the last one wrong", a_greeting_cut_into_bytes_and_broken_at_its_end, SILENCE},
    {"reflected message", the_second_message_sent_back, HALF_ANSWER},
    {"certificate for another network", a_certificate_for_another_network, HALF_ANSWER},
    {"another's certificate", the_certificate_of_another_member, HALF_ANSWER},
    {"valid handshake then garbage", garbage_after_the_handshake, CLOSED},
    {"handshake twice", a_second_handshake_after_the_first, CLOSED},
    {"not-yet-member", a_school_that_is_no_member, END_UNKNOWN},
    {"invitation that nobody made", a_joining_proof_by_an_invitation_that_nobody_made, END_UNKNOWN},
    {"joining proof of another school", a_joining_proof_of_another_school, END_BAD_INPUT},
    {"message after end frame", words_after_ones_own_end, CLOSED},
};

static bool is_as_stated(const struct caller *caller, enum verdict verdict)
{
    switch (verdict) {
    case SILENCE:
        return caller->heard_len == 0;
    case HALF_ANSWER:
        return caller->greeting_len != 0 && caller->heard_len == caller->greeting_len;
    case CLOSED:
        return caller->greeting_len != 0 && caller->end_reason == -1;
    case END_UNKNOWN:
        return caller->end_reason == PH_END_UNKNOWN;
    case END_BAD_INPUT:
        return caller->end_reason == PH_END_BAD_INPUT;
    }
    return false;
}

static void who_is_no_member_gets_what_the_table_says_and_harms_nothing(void **state)
{
    struct stage stage = set_up(*state);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct caller caller;
        caller_init(&caller, &stage.member, &stage.invitation);
        caller_dial(&caller, stage.a->address);

        cases[i].play(&stage, &caller);
        caller_await_end(&caller);

        if (!is_as_stated(&caller, cases[i].verdict))
            print_error("%s: %zu bytes, end %d\n", cases[i].name, caller.heard_len,
                        caller.end_reason);
        CHECK(is_as_stated(&caller, cases[i].verdict));
        check_unharmed(&stage, cases[i].name);
        caller_deinit(&caller);
    }
    clear(&stage);
}

/* Only a copy of its home has them, so it writes with new ones from then on. */
static void who_has_the_nodes_own_keys_makes_it_a_new_writer(void **state)
{
    struct stage stage = set_up(*state);
    struct ph_identity own = caller_identity_of(stage.a);
    struct caller caller;
    caller_init(&caller, &own, &stage.invitation);
    caller_dial(&caller, stage.a->address);

    CHECK(caller_greet(&caller));
    caller_await_end(&caller);

    /* Not a second session of a pair, which would mean that this address needs no more calls. */
    assert_int_equal(caller.end_reason, PH_END_DONE);
    process_do(stage.a, WORDS("new", "plan", "title=by the new writer")); /* waits for it */
    struct ph_identity then = caller_identity_of(stage.a);
    assert_memory_not_equal(then.writer_seed, own.writer_seed, sizeof own.writer_seed);
    assert_int_equal(then.serial, own.serial + 1);
    process_do(stage.b, WORDS("sync", stage.a->address));
    CHECK(process_lists(stage.b, "plan", "by the new writer"));
    caller_deinit(&caller);
    clear(&stage);
}

/* --- many of a kind --- */

/* Message 1 is sealed by the network key alone, so whoever has it can put any key there. */
static void mix(struct ph_handshake *forger, struct ph_bytes input, uint8_t *hash_part,
                uint8_t key[64])
{
    const uint8_t count[] = {1, 2, 3};
    uint8_t root[64];
    ph_noise_hmac(forger->chaining_key, input, ph_bytes(NULL, 0), root);
    ph_noise_hmac(root, ph_bytes(&count[0], 1), ph_bytes(NULL, 0), forger->chaining_key);
    ph_noise_hmac(root, ph_bytes(forger->chaining_key, 64), ph_bytes(&count[1], 1), key);
    if (hash_part != NULL)
        memcpy(hash_part, key, 64);
    if (hash_part != NULL)
        ph_noise_hmac(root, ph_bytes(hash_part, 64), ph_bytes(&count[2], 1), key);
}

static void put_first_with_key(struct speaker *speaker, const uint8_t public_key[32],
                               struct ph_buffer *out)
{
    uint8_t hash_part[64], key[64], message[32 + PH_FRAME_TAG_LEN], ephemeral[32] = {3};
    speaker_begin(speaker, ephemeral);
    struct ph_handshake forger = speaker->handshake;
    mix(&forger, ph_bytes(speaker->key.bytes, 32), hash_part, key);
    ph_noise_hash(ph_bytes(forger.hash, 64), ph_bytes(hash_part, 64), forger.hash);
    memcpy(message, public_key, 32);
    ph_noise_hash(ph_bytes(forger.hash, 64), ph_bytes(message, 32), forger.hash);
    mix(&forger, ph_bytes(message, 32), NULL, key);
    ph_seal(key, 0, ph_bytes(forger.hash, 64), ph_bytes(NULL, 0), message + 32);
    speaker_frame(out, ph_bytes(message, sizeof message));
}

/* The points of low order and their other spellings, as curve25519's author lists them; the last
 * one is a right key, which shows that nothing else is wrong with these messages. */
static const char *const keys[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0900000000000000000000000000000000000000000000000000000000000000",
};

static void a_key_of_low_order_is_answered_by_silence(void **state)
{
    struct stage stage = set_up(*state);
    size_t key_count = sizeof keys / sizeof keys[0];
    for (size_t i = 0; i < key_count; i++) {
        struct caller caller;
        uint8_t key[32], bytes[SPEAKER_GREETING_MAX];
        struct ph_buffer first = ph_buffer(bytes, sizeof bytes);
        for (size_t byte = 0; byte < sizeof key; byte++)
            CHECK(sscanf(keys[i] + 2 * byte, "%2hhx", &key[byte]) == 1);
        caller_init(&caller, &stage.member, &stage.invitation);
        caller_dial(&caller, stage.a->address);

        put_first_with_key(&caller.speaker, key, &first);
        caller_send(&caller, ph_buffer_bytes(&first));
        if (i + 1 < key_count)
            caller_await_end(&caller);
        while (i + 1 == key_count && caller.heard_len == 0)
            CHECK(!caller_await_end_within(&caller, 1000));

        CHECK((caller.heard_len == 0) == (i + 1 < key_count));
        caller_deinit(&caller);
    }
    check_unharmed(&stage, "low-order ephemeral");
    clear(&stage);
}

static void one_bit_changed_anywhere_in_the_handshake_and_there_is_no_session(void **state)
{
    struct stage stage = set_up(*state);
    uint8_t bytes[SPEAKER_GREETING_MAX];
    struct caller caller;
    size_t first_len = 1, last_len = 1;
    caller_init(&caller, &stage.member, &stage.invitation);
    for (size_t i = 0; i < first_len; i++) {
        struct ph_buffer first = ph_buffer(bytes, sizeof bytes);
        caller_dial(&caller, stage.a->address);
        caller_begin(&caller, &first);
        first_len = first.len - PH_FRAME_HEAD_LEN;
        bytes[PH_FRAME_HEAD_LEN + i] ^= (uint8_t)(1U << i % 8);
        caller_send(&caller, ph_buffer_bytes(&first));
        caller_await_end(&caller);
        assert_int_equal(caller.heard_len, 0);
    }
    for (size_t i = 0; i < last_len; i++) {
        struct ph_buffer last = ph_buffer(bytes, sizeof bytes);
        caller_dial(&caller, stage.a->address);
        send_first(&caller);
        CHECK(caller_hear_greeting(&caller));
        speaker_greet(&caller.speaker, &last);
        last_len = last.len - PH_FRAME_HEAD_LEN;
        bytes[PH_FRAME_HEAD_LEN + i] ^= (uint8_t)(1U << i % 8);
        caller_send(&caller, ph_buffer_bytes(&last));
        caller_await_end(&caller);
        assert_int_equal(caller.heard_len, caller.greeting_len);
    }
    CHECK(first_len == 48 && last_len > 200);
    caller_deinit(&caller);
    check_unharmed(&stage, "bit flips");
    clear(&stage);
}

static void a_call_cut_at_any_byte_leaves_nothing(void **state)
{
    struct stage stage = set_up(*state);
    uint8_t bytes[2 * SPEAKER_GREETING_MAX];
    struct caller caller;
    size_t first_len = 1, last_len = 1;
    caller_init(&caller, &stage.member, &stage.invitation);
    for (size_t cut = 0; cut < first_len; cut++) {
        struct ph_buffer first = ph_buffer(bytes, sizeof bytes);
        caller_dial(&caller, stage.a->address);
        caller_begin(&caller, &first);
        first_len = first.len;
        caller_send(&caller, ph_bytes(bytes, cut));
        caller_hang_up(&caller);
    }
    for (size_t cut = 0; cut < last_len; cut++) {
        struct ph_buffer last = ph_buffer(bytes, sizeof bytes);
        caller_dial(&caller, stage.a->address);
        send_first(&caller);
        CHECK(caller_hear_greeting(&caller));
        speaker_greet(&caller.speaker, &last);
        last_len = last.len;
        caller_send(&caller, ph_bytes(bytes, cut));
        caller_hang_up(&caller);
    }
    caller_deinit(&caller);
    check_unharmed(&stage, "cut at each byte");
    clear(&stage);
}

/* --- replay --- */

static void what_was_recorded_opens_no_second_session(void **state)
{
    struct stage stage = set_up(*state);
    uint8_t recorded[2][SPEAKER_GREETING_MAX];
    struct ph_buffer first = ph_buffer(recorded[0], sizeof recorded[0]);
    struct ph_buffer last = ph_buffer(recorded[1], sizeof recorded[1]);
    struct caller caller;
    caller_init(&caller, &stage.member, &stage.invitation);
    caller_dial(&caller, stage.a->address);
    caller_begin(&caller, &first);
    caller_send(&caller, ph_buffer_bytes(&first));
    CHECK(caller_hear_greeting(&caller));
    speaker_greet(&caller.speaker, &last);
    caller_send(&caller, ph_buffer_bytes(&last));
    CHECK(caller_await(&caller, PH_MESSAGE_ROOT)); /* it is a session */
    size_t greeting_len = caller.greeting_len;

    for (int i = 0; i < 3; i++) {
        caller_dial(&caller, stage.a->address);
        ph_channel_wipe(&caller.speaker.channel);
        caller_send(&caller, ph_buffer_bytes(&first));
        caller_send(&caller, ph_buffer_bytes(&last));
        caller_await_end(&caller);
        assert_int_equal(caller.heard_len, greeting_len);
    }

    caller_deinit(&caller);
    check_unharmed(&stage, "replayed first message");
    clear(&stage);
}

/* --- silence --- */

enum { SILENT_CALLERS = 7 };

static void begin_and_fall_silent(struct caller *caller, int how)
{
    static const uint8_t half[2000] = {0};
    if (how == 1)
        caller_send(caller, ph_bytes("\0", 1));
    if (how == 2)
        caller_send(caller, ph_bytes("\0\x30", 2));
    if (how == 3)
        caller_send(caller, ph_bytes_text("GET / HTTP/1.1\r\nHost: school\r\n\r\n"));
    if (how == 4)
        caller_send(caller, ph_bytes("\xff\xff", 2));
    if (how == 4)
        caller_send(caller, ph_bytes(half, sizeof half));
    if (how == 5)
        send_first(caller);
    /* 0: says nothing at all; 6: says a byte whenever the others were looked at */
}

static void whoever_goes_silent_before_it_is_known_is_not_waited_for(void **state)
{
    struct stage stage = set_up(*state);
    struct caller callers[SILENT_CALLERS];
    int open_count = SILENT_CALLERS;
    for (int i = 0; i < SILENT_CALLERS; i++) {
        caller_init(&callers[i], &stage.member, &stage.invitation);
        caller_dial(&callers[i], stage.a->address);
        begin_and_fall_silent(&callers[i], i);
    }
    check_unharmed(&stage, "while they are there");

    uint64_t deadline_ms = ph_child_now_ms() + CALLER_PATIENCE_MS;
    while (open_count != 0 && ph_child_now_ms() < deadline_ms) {
        open_count = 0;
        for (int i = 0; i < SILENT_CALLERS; i++)
            open_count += !caller_await_end_within(&callers[i], 50);
        caller_send(&callers[6], ph_bytes("\x30", 1));
    }

    assert_int_equal(open_count, 0);
    for (int i = 0; i < SILENT_CALLERS; i++) {
        CHECK(callers[i].heard_len == 0 || i == 5);
        caller_deinit(&callers[i]);
    }
    check_unharmed(&stage, "after they have gone");
    clear(&stage);
}

CHECK_MAIN(PROCESS_TEST(who_is_no_member_gets_what_the_table_says_and_harms_nothing),
           PROCESS_TEST(who_has_the_nodes_own_keys_makes_it_a_new_writer),
           PROCESS_TEST(a_key_of_low_order_is_answered_by_silence),
           PROCESS_TEST(one_bit_changed_anywhere_in_the_handshake_and_there_is_no_session),
           PROCESS_TEST(a_call_cut_at_any_byte_leaves_nothing),
           PROCESS_TEST(what_was_recorded_opens_no_second_session),
           PROCESS_TEST(whoever_goes_silent_before_it_is_known_is_not_waited_for))
