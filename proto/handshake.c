#include "proto/handshake.h"

#include <assert.h>
#include <stdio.h>

#include "pharos/limits.h"

/* Section numbers are those of the Noise specification, revision 34. */

#define KEY_LEN 32        /* DHLEN, and the length of a cipher key and a psk */
#define MESSAGE_MAX 65535 /* section 3 */
#define MESSAGES_MAX 3
#define TOKENS_MAX 4

enum token { TOKEN_NONE, TOKEN_E, TOKEN_S, TOKEN_EE, TOKEN_ES, TOKEN_SE, TOKEN_SS };

/* Section 7. The initiator sends the messages with even index. No pattern here has pre-messages. */
struct pattern {
    const char *name;
    size_t message_count;
    enum token messages[MESSAGES_MAX][TOKENS_MAX];
};

static const struct pattern patterns[] = {
    [PH_HANDSHAKE_XX] =
        {
            "XX",
            3,
            {
                {TOKEN_E},
                {TOKEN_E, TOKEN_EE, TOKEN_S, TOKEN_ES},
                {TOKEN_S, TOKEN_SE},
            },
        },
    [PH_HANDSHAKE_XX1] =
        {
            "XX1",
            3,
            {
                {TOKEN_E},
                {TOKEN_E, TOKEN_EE, TOKEN_S},
                {TOKEN_ES, TOKEN_S, TOKEN_SE},
            },
        },
};

static const struct pattern *pattern_of(const struct ph_handshake *handshake)
{
    return &patterns[handshake->pattern];
}

/* --- Symmetric state, section 5.2 --- */

struct hkdf {
    uint8_t outputs[3][PH_HANDSHAKE_HASH_LEN];
};

/* Section 4.3, HKDF; outputs beyond `count` are zero. */
static struct hkdf hkdf(const uint8_t chaining_key[PH_HANDSHAKE_HASH_LEN], struct ph_bytes input,
                        uint8_t count)
{
    struct hkdf out = {0};
    uint8_t temp_key[PH_HANDSHAKE_HASH_LEN];
    struct ph_bytes previous = ph_bytes(NULL, 0);
    ph_noise_hmac(chaining_key, input, previous, temp_key);
    for (uint8_t i = 0; i < count; i++) {
        uint8_t number = (uint8_t)(i + 1);
        ph_noise_hmac(temp_key, previous, ph_bytes(&number, 1), out.outputs[i]);
        previous = ph_bytes(out.outputs[i], PH_HANDSHAKE_HASH_LEN);
    }
    ph_wipe(temp_key, sizeof temp_key);
    return out;
}

static void init_key(struct ph_handshake *handshake, const uint8_t key[KEY_LEN])
{
    memcpy(handshake->key, key, KEY_LEN); /* truncated from HASHLEN, as the section asks */
    handshake->counter = 0;
    handshake->has_key = true;
}

static void mix_hash(struct ph_handshake *handshake, struct ph_bytes data)
{
    ph_noise_hash(ph_bytes(handshake->hash, sizeof handshake->hash), data, handshake->hash);
}

static void mix_key(struct ph_handshake *handshake, struct ph_bytes input)
{
    struct hkdf keys = hkdf(handshake->chaining_key, input, 2);
    memcpy(handshake->chaining_key, keys.outputs[0], sizeof handshake->chaining_key);
    init_key(handshake, keys.outputs[1]);
    ph_wipe(&keys, sizeof keys);
}

static void mix_key_and_hash(struct ph_handshake *handshake, struct ph_bytes input)
{
    struct hkdf keys = hkdf(handshake->chaining_key, input, 3);
    memcpy(handshake->chaining_key, keys.outputs[0], sizeof handshake->chaining_key);
    mix_hash(handshake, ph_bytes(keys.outputs[1], PH_HANDSHAKE_HASH_LEN));
    init_key(handshake, keys.outputs[2]);
    ph_wipe(&keys, sizeof keys);
}

/* What EncryptAndHash adds to a plaintext. */
static size_t seal_len(const struct ph_handshake *handshake)
{
    return handshake->has_key ? PH_FRAME_TAG_LEN : 0;
}

static enum ph_status encrypt_and_hash(struct ph_handshake *handshake, struct ph_bytes plain,
                                       struct ph_buffer *out)
{
    size_t len = plain.len + seal_len(handshake);
    if (len > out->size - out->len)
        return PH_LIMIT;
    uint8_t *place = out->data + out->len;
    struct ph_bytes hash = ph_bytes(handshake->hash, sizeof handshake->hash);
    if (handshake->has_key)
        ph_seal(handshake->key, handshake->counter++, hash, plain, place);
    else if (plain.len != 0)
        memcpy(place, plain.data, plain.len);
    out->len += len;
    mix_hash(handshake, ph_bytes(place, len));
    return PH_OK;
}

static enum ph_status decrypt_and_hash(struct ph_handshake *handshake, struct ph_bytes cipher,
                                       struct ph_buffer *out)
{
    if (cipher.len < seal_len(handshake))
        return PH_MALFORMED;
    size_t len = cipher.len - seal_len(handshake);
    if (len > out->size - out->len)
        return PH_LIMIT;
    uint8_t *place = out->data + out->len;
    struct ph_bytes hash = ph_bytes(handshake->hash, sizeof handshake->hash);
    if (handshake->has_key)
        PH_TRY(ph_open(handshake->key, handshake->counter++, hash, cipher, place));
    else if (len != 0)
        memcpy(place, cipher.data, len);
    out->len += len;
    mix_hash(handshake, cipher);
    return PH_OK;
}

/* --- Tokens, section 5.3 --- */

/* With psks the ephemeral keys go into the key as well, or two handshakes with one psk would share
 * their first key (section 9.2). */
static void mix_ephemeral(struct ph_handshake *handshake, struct ph_bytes key)
{
    mix_hash(handshake, key);
    if (handshake->psk_places != 0)
        mix_key(handshake, key);
}

static enum ph_status write_e(struct ph_handshake *handshake, struct ph_buffer *out)
{
    struct ph_agree_public key = ph_agree_public_of(&handshake->our_ephemeral);
    if (sizeof key.bytes > out->size - out->len)
        return PH_LIMIT;
    ph_buffer_put(out, key.bytes, sizeof key.bytes);
    mix_ephemeral(handshake, ph_bytes(key.bytes, sizeof key.bytes));
    return PH_OK;
}

static enum ph_status write_s(struct ph_handshake *handshake, struct ph_buffer *out)
{
    struct ph_agree_public key = ph_agree_public_of(&handshake->our_static);
    return encrypt_and_hash(handshake, ph_bytes(key.bytes, sizeof key.bytes), out);
}

/* The first `len` bytes of `message`, which then starts behind them. */
static enum ph_status take(struct ph_bytes *message, size_t len, struct ph_bytes *out)
{
    if (message->len < len)
        return PH_MALFORMED;
    *out = ph_bytes(message->data, len);
    *message = ph_bytes(message->data + len, message->len - len);
    return PH_OK;
}

static enum ph_status read_e(struct ph_handshake *handshake, struct ph_bytes *message)
{
    struct ph_bytes key;
    PH_TRY(take(message, KEY_LEN, &key));
    memcpy(handshake->their_ephemeral.bytes, key.data, KEY_LEN);
    handshake->has_their_ephemeral = true;
    mix_ephemeral(handshake, key);
    return PH_OK;
}

static enum ph_status read_s(struct ph_handshake *handshake, struct ph_bytes *message)
{
    struct ph_bytes sealed;
    PH_TRY(take(message, KEY_LEN + seal_len(handshake), &sealed));
    struct ph_buffer key = ph_buffer(handshake->their_static.bytes, KEY_LEN);
    PH_TRY(decrypt_and_hash(handshake, sealed, &key));
    handshake->has_their_static = true;
    return PH_OK;
}

/* ee, es, se, ss: MixKey(DH(initiator's key, responder's key)). */
static enum ph_status mix_agreed(struct ph_handshake *handshake, enum token token)
{
    bool initiator_static = token == TOKEN_SE || token == TOKEN_SS;
    bool responder_static = token == TOKEN_ES || token == TOKEN_SS;
    bool is_initiator = handshake->role == PH_HANDSHAKE_INITIATOR;
    bool ours_static = is_initiator ? initiator_static : responder_static;
    bool theirs_static = is_initiator ? responder_static : initiator_static;
    assert(theirs_static ? handshake->has_their_static : handshake->has_their_ephemeral);

    uint8_t shared[KEY_LEN];
    PH_TRY(ph_agree(ours_static ? &handshake->our_static : &handshake->our_ephemeral,
                    theirs_static ? &handshake->their_static : &handshake->their_ephemeral,
                    shared));
    mix_key(handshake, ph_bytes(shared, sizeof shared));
    ph_wipe(shared, sizeof shared);
    return PH_OK;
}

static enum ph_status write_token(struct ph_handshake *handshake, enum token token,
                                  struct ph_buffer *out)
{
    switch (token) {
    case TOKEN_E:
        return write_e(handshake, out);
    case TOKEN_S:
        return write_s(handshake, out);
    case TOKEN_EE:
    case TOKEN_ES:
    case TOKEN_SE:
    case TOKEN_SS:
        return mix_agreed(handshake, token);
    case TOKEN_NONE:
        break;
    }
    return PH_OK;
}

static enum ph_status read_token(struct ph_handshake *handshake, enum token token,
                                 struct ph_bytes *message)
{
    switch (token) {
    case TOKEN_E:
        return read_e(handshake, message);
    case TOKEN_S:
        return read_s(handshake, message);
    case TOKEN_EE:
    case TOKEN_ES:
    case TOKEN_SE:
    case TOKEN_SS:
        return mix_agreed(handshake, token);
    case TOKEN_NONE:
        break;
    }
    return PH_OK;
}

/* The psk token, if the modifiers put one at `place`: 0 before the first message's tokens, n after
 * those of the n-th message (section 9.4). */
static void mix_psk_at(struct ph_handshake *handshake, size_t place)
{
    if ((handshake->psk_places & PH_HANDSHAKE_PSK(place)) == 0)
        return;
    const struct ph_network_key *psk = &handshake->psks[handshake->psk_index++];
    mix_key_and_hash(handshake, ph_bytes(psk->bytes, sizeof psk->bytes));
}

/* --- Messages, section 5.3 --- */

static enum ph_status write_message(struct ph_handshake *handshake, struct ph_bytes payload,
                                    struct ph_buffer *out)
{
    const enum token *tokens = pattern_of(handshake)->messages[handshake->message_index];
    if (handshake->message_index == 0)
        mix_psk_at(handshake, 0);
    for (size_t i = 0; i < TOKENS_MAX; i++)
        PH_TRY(write_token(handshake, tokens[i], out));
    mix_psk_at(handshake, handshake->message_index + 1);
    return encrypt_and_hash(handshake, payload, out);
}

static enum ph_status read_message(struct ph_handshake *handshake, struct ph_bytes message,
                                   struct ph_buffer *payload)
{
    const enum token *tokens = pattern_of(handshake)->messages[handshake->message_index];
    if (handshake->message_index == 0)
        mix_psk_at(handshake, 0);
    for (size_t i = 0; i < TOKENS_MAX; i++)
        PH_TRY(read_token(handshake, tokens[i], &message));
    mix_psk_at(handshake, handshake->message_index + 1);
    return decrypt_and_hash(handshake, message, payload);
}

/* The room of `out` that one message may take, as a buffer of its own: what is written there counts
 * only once the whole message succeeded. */
static struct ph_buffer room_of(struct ph_buffer *out)
{
    size_t room = out->overflow ? 0 : out->size - out->len;
    return ph_buffer(out->len == 0 ? out->data : out->data + out->len,
                     room < MESSAGE_MAX ? room : MESSAGE_MAX);
}

/* Count a message that succeeded; end the handshake at one that did not. */
static enum ph_status conclude(struct ph_handshake *handshake, enum ph_status status,
                               const struct ph_buffer *written, struct ph_buffer *out)
{
    if (status != PH_OK) {
        ph_handshake_wipe(handshake);
        return status;
    }
    out->len += written->len;
    handshake->message_index++;
    return PH_OK;
}

enum ph_status ph_handshake_write(struct ph_handshake *handshake, struct ph_bytes payload,
                                  struct ph_buffer *out)
{
    if (handshake->has_failed)
        return PH_UNAUTHENTIC;
    assert(ph_handshake_is_ours_to_write(handshake));
    struct ph_buffer written = room_of(out);
    enum ph_status status =
        payload.len > MESSAGE_MAX ? PH_LIMIT : write_message(handshake, payload, &written);
    return conclude(handshake, status, &written, out);
}

enum ph_status ph_handshake_read(struct ph_handshake *handshake, struct ph_bytes message,
                                 struct ph_buffer *payload)
{
    if (handshake->has_failed)
        return PH_UNAUTHENTIC;
    struct ph_buffer written = room_of(payload);
    enum ph_status status;
    if (ph_handshake_is_done(handshake) || ph_handshake_is_ours_to_write(handshake))
        status = PH_MALFORMED;
    else if (message.len > MESSAGE_MAX)
        status = PH_LIMIT;
    else
        status = read_message(handshake, message, &written);
    return conclude(handshake, status, &written, payload);
}

/* --- Life cycle --- */

/* Section 8: "Noise_", pattern and modifiers, then the names of the algorithms. */
static size_t put_protocol_name(const struct ph_handshake *handshake, char *out, size_t size)
{
    int len = snprintf(out, size, "Noise_%s", pattern_of(handshake)->name);
    const char *separator = "";
    for (unsigned place = 0; place < PH_HANDSHAKE_PSKS_MAX; place++) {
        if ((handshake->psk_places & PH_HANDSHAKE_PSK(place)) == 0)
            continue;
        len += snprintf(out + len, size - (size_t)len, "%spsk%u", separator, place);
        separator = "+";
    }
    len += snprintf(out + len, size - (size_t)len, "_25519_ChaChaPoly_BLAKE2b");
    return (size_t)len;
}

/* Section 5.2, InitializeSymmetric. Every name of ours fits HASHLEN, so none is hashed. */
static void init_symmetric(struct ph_handshake *handshake)
{
    char name[PH_HANDSHAKE_HASH_LEN + 1];
    size_t len = put_protocol_name(handshake, name, sizeof name);
    assert(len <= PH_HANDSHAKE_HASH_LEN);
    memcpy(handshake->hash, name, len); /* the rest is zero */
    memcpy(handshake->chaining_key, handshake->hash, sizeof handshake->chaining_key);
}

static size_t psk_count(unsigned places)
{
    size_t count = 0;
    for (unsigned place = 0; place < PH_HANDSHAKE_PSKS_MAX; place++)
        count += (places & PH_HANDSHAKE_PSK(place)) != 0;
    return count;
}

/* Section 5.3, Initialize. */
void ph_handshake_init(struct ph_handshake *handshake, const struct ph_handshake_config *config)
{
    assert(config->psk_places < PH_HANDSHAKE_PSK(PH_HANDSHAKE_PSKS_MAX));
    *handshake = (struct ph_handshake){
        .role = config->role,
        .pattern = config->pattern,
        .psk_places = config->psk_places,
        .our_static = *config->static_key,
        .our_ephemeral = *config->ephemeral_key,
    };
    size_t count = psk_count(config->psk_places);
    if (count != 0)
        memcpy(handshake->psks, config->psks, count * sizeof *config->psks);
    init_symmetric(handshake);
    mix_hash(handshake, config->prologue);
}

void ph_handshake_wipe(struct ph_handshake *handshake)
{
    ph_wipe(handshake, sizeof *handshake);
    handshake->has_failed = true;
}

/* Section 5.2, Split: the first key seals what the initiator sends. */
void ph_handshake_split(struct ph_handshake *handshake, struct ph_channel *out)
{
    assert(ph_handshake_is_done(handshake) && handshake->has_key);
    struct hkdf keys = hkdf(handshake->chaining_key, ph_bytes(NULL, 0), 2);
    bool is_initiator = handshake->role == PH_HANDSHAKE_INITIATOR;
    *out = (struct ph_channel){.is_open = true};
    memcpy(out->sending.key, keys.outputs[is_initiator ? 0 : 1], KEY_LEN);
    memcpy(out->receiving.key, keys.outputs[is_initiator ? 1 : 0], KEY_LEN);
    ph_wipe(&keys, sizeof keys);
    ph_wipe(handshake->chaining_key, sizeof handshake->chaining_key);
    ph_wipe(handshake->key, sizeof handshake->key);
    ph_wipe(handshake->psks, sizeof handshake->psks);
    ph_wipe(&handshake->our_static, sizeof handshake->our_static);
    ph_wipe(&handshake->our_ephemeral, sizeof handshake->our_ephemeral);
    handshake->has_key = false; /* a second split would repeat nonces */
}

bool ph_handshake_is_done(const struct ph_handshake *handshake)
{
    return !handshake->has_failed &&
           handshake->message_index == pattern_of(handshake)->message_count;
}

bool ph_handshake_is_ours_to_write(const struct ph_handshake *handshake)
{
    if (handshake->has_failed || ph_handshake_is_done(handshake))
        return false;
    bool initiator_writes = handshake->message_index % 2 == 0;
    return initiator_writes == (handshake->role == PH_HANDSHAKE_INITIATOR);
}

const struct ph_agree_public *ph_handshake_remote_static(const struct ph_handshake *handshake)
{
    return handshake->has_their_static ? &handshake->their_static : NULL;
}

bool ph_handshake_is_other_end(const struct ph_handshake *a, const struct ph_handshake *b)
{
    struct ph_agree_public ephemeral = ph_agree_public_of(&b->our_ephemeral);
    return a->role != b->role && a->has_their_ephemeral &&
           ph_agree_public_equal(&a->their_ephemeral, &ephemeral);
}

const uint8_t *ph_handshake_hash(const struct ph_handshake *handshake)
{
    return ph_handshake_is_done(handshake) ? handshake->hash : NULL;
}
