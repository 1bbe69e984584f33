#include "tests/support/speaker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void speaker_init(struct speaker *speaker, const struct ph_identity *identity,
                  const struct ph_invitation *invitation)
{
    *speaker = (struct speaker){.identity = *identity,
                                .network = invitation->network,
                                .key = invitation->key,
                                .version = SPEAKER_VERSION};
    speaker->certificate = speaker_certify(identity, &invitation->network);
    if (ph_packer_init(&speaker->packer) != PH_OK)
        abort();
}

void speaker_deinit(struct speaker *speaker)
{
    ph_packer_deinit(&speaker->packer);
}

struct ph_certificate speaker_certify(const struct ph_identity *identity,
                                      const struct ph_network_id *network)
{
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct ph_sign_secret school, writer;
    struct ph_agree_secret transport;
    struct ph_fact fact = {.type = PH_FACT_CERTIFY, .network = *network};
    memcpy(transport.bytes, identity->transport_secret, sizeof transport.bytes);
    ph_sign_key_from_seed(identity->school_seed, &school, fact.author.bytes);
    ph_sign_key_from_seed(identity->writer_seed, &writer, fact.of.certify.writer.bytes);
    fact.of.certify.transport = ph_agree_public_of(&transport);
    fact.of.certify.serial = identity->serial;
    if (ph_fact_sign(&fact, &school, &out) != PH_OK)
        abort();
    return ph_certificate_of(&fact);
}

/* --- handshake --- */

void speaker_begin(struct speaker *speaker, const uint8_t ephemeral[32])
{
    uint8_t prologue_bytes[64];
    struct ph_buffer prologue = ph_buffer(prologue_bytes, sizeof prologue_bytes);
    struct ph_agree_secret transport, fresh;
    memcpy(fresh.bytes, ephemeral, sizeof fresh.bytes);
    memcpy(transport.bytes, speaker->identity.transport_secret, sizeof transport.bytes);
    ph_buffer_put(&prologue, speaker->version, strlen(speaker->version));
    ph_buffer_put(&prologue, speaker->network.bytes, sizeof speaker->network.bytes);
    struct ph_handshake_config config = {.role = speaker->role,
                                         .pattern = PH_HANDSHAKE_XX,
                                         .psk_places = PH_HANDSHAKE_PSK(0),
                                         .psks = &speaker->key,
                                         .prologue = ph_buffer_bytes(&prologue),
                                         .static_key = &transport,
                                         .ephemeral_key = &fresh};
    ph_channel_wipe(&speaker->channel);
    ph_handshake_init(&speaker->handshake, &config);
}

void speaker_greet(struct speaker *speaker, struct ph_buffer *out)
{
    uint8_t payload_bytes[PH_HANDSHAKE_PAYLOAD_MAX], bytes[SPEAKER_GREETING_MAX];
    struct ph_buffer payload = ph_buffer(payload_bytes, sizeof payload_bytes);
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    if (speaker->handshake.message_index != 0) {
        struct ph_hello hello = {.certificate = speaker->certificate};
        ph_hello_encode(&payload, &hello);
    }
    if (ph_handshake_write(&speaker->handshake, ph_buffer_bytes(&payload), &message) != PH_OK)
        abort();
    speaker_frame(out, ph_buffer_bytes(&message));
    if (ph_handshake_is_done(&speaker->handshake))
        ph_handshake_split(&speaker->handshake, &speaker->channel);
}

enum ph_status speaker_take_greeting(struct speaker *speaker, struct ph_bytes frame)
{
    uint8_t bytes[PH_FRAME_CIPHER_MAX];
    struct ph_buffer payload = ph_buffer(bytes, sizeof bytes);
    struct ph_hello hello;
    PH_TRY(ph_handshake_read(&speaker->handshake, frame, &payload));
    if (payload.len != 0 && ph_hello_decode(ph_buffer_bytes(&payload), &hello) == PH_OK)
        speaker->theirs = hello.certificate;
    if (ph_handshake_is_done(&speaker->handshake))
        ph_handshake_split(&speaker->handshake, &speaker->channel);
    return PH_OK;
}

bool speaker_is_open(const struct speaker *speaker)
{
    return speaker->channel.is_open;
}

/* --- frames --- */

void speaker_frame(struct ph_buffer *out, struct ph_bytes payload)
{
    ph_frame_put_head(out, payload.len);
    ph_buffer_put(out, payload.data, payload.len);
    assert(!out->overflow);
}

void speaker_seal(struct speaker *speaker, struct ph_bytes plain, struct ph_buffer *out)
{
    uint8_t bytes[PH_FRAME_CIPHER_MAX];
    struct ph_buffer sealed = ph_buffer(bytes, sizeof bytes);
    if (ph_channel_seal(&speaker->channel, plain, &sealed) == PH_OK)
        speaker_frame(out, ph_buffer_bytes(&sealed));
}

void speaker_say(struct speaker *speaker, struct ph_bytes message, struct ph_buffer *out)
{
    uint8_t bytes[PH_FRAME_PLAIN_MAX];
    struct ph_buffer plain = ph_buffer(bytes, sizeof bytes);
    if (ph_frame_pack(&speaker->packer, message, &plain) != PH_OK)
        abort();
    speaker_seal(speaker, ph_buffer_bytes(&plain), out);
}

enum ph_status speaker_hear(struct speaker *speaker, struct ph_bytes frame, struct ph_buffer *room,
                            struct ph_message *out)
{
    uint8_t plain_bytes[PH_FRAME_PLAIN_MAX];
    struct ph_buffer plain = ph_buffer(plain_bytes, sizeof plain_bytes);
    PH_TRY(ph_channel_open(&speaker->channel, frame, &plain));
    PH_TRY(ph_frame_unpack(&speaker->packer, ph_buffer_bytes(&plain), room));
    return ph_message_decode(ph_buffer_bytes(room), out);
}
