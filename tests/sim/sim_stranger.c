#include "tests/sim/sim_stranger.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/channel.h"
#include "proto/frame.h"
#include "proto/handshake.h"
#include "tests/sim/sim_state.h"

#define PROLOGUE_TEXT "pharos 1"
#define INPUT_MAX (4 * 1024 * 1024)

enum stage { STAGE_NEW, STAGE_UP, STAGE_GREETING, STAGE_OPEN, STAGE_DOWN };

struct sim_stranger {
    struct sim *sim;
    uint32_t place;
    enum stage stage;
    ph_conn_id conn;
    struct ph_identity identity;
    struct ph_invitation invitation;
    struct ph_handshake handshake;
    struct ph_channel channel;
    struct ph_packer packer;
    uint8_t *input;
    size_t input_len, heard_len;
    uint32_t heard[SIM_HEARD_MAX];
    int end_reason;
};

/* --- out --- */

void sim_stranger_send(struct sim_stranger *stranger, struct ph_bytes bytes)
{
    if (stranger->stage != STAGE_DOWN)
        sim_net_send(stranger->sim->net, stranger->place, stranger->conn, bytes);
}

void sim_stranger_frame(struct sim_stranger *stranger, struct ph_bytes payload)
{
    uint8_t bytes[PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    ph_frame_put_head(&out, payload.len);
    ph_buffer_put(&out, payload.data, payload.len);
    assert(!out.overflow);
    sim_stranger_send(stranger, ph_buffer_bytes(&out));
}

void sim_stranger_seal(struct sim_stranger *stranger, struct ph_bytes plain)
{
    uint8_t bytes[PH_FRAME_CIPHER_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    if (ph_channel_seal(&stranger->channel, plain, &out) == PH_OK)
        sim_stranger_frame(stranger, ph_buffer_bytes(&out));
}

void sim_stranger_say(struct sim_stranger *stranger, struct ph_bytes message)
{
    uint8_t bytes[PH_FRAME_PLAIN_MAX];
    struct ph_buffer plain = ph_buffer(bytes, sizeof bytes);
    if (ph_frame_pack(&stranger->packer, message, &plain) != PH_OK)
        sim_fail(stranger->sim, "the stranger's message does not fit a frame");
    sim_stranger_seal(stranger, ph_buffer_bytes(&plain));
}

/* --- handshake --- */

static struct ph_certificate certificate(const struct sim_stranger *stranger)
{
    uint8_t bytes[PH_FACT_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct ph_sign_secret school, writer;
    struct ph_agree_secret transport;
    struct ph_fact fact = {.type = PH_FACT_CERTIFY, .network = stranger->invitation.network};
    memcpy(transport.bytes, stranger->identity.transport_secret, sizeof transport.bytes);
    ph_sign_key_from_seed(stranger->identity.school_seed, &school, fact.author.bytes);
    ph_sign_key_from_seed(stranger->identity.writer_seed, &writer, fact.of.certify.writer.bytes);
    fact.of.certify.transport = ph_agree_public_of(&transport);
    fact.of.certify.serial = stranger->identity.serial;
    if (ph_fact_sign(&fact, &school, &out) != PH_OK)
        sim_fail(stranger->sim, "the stranger can't certify itself");
    return ph_certificate_of(&fact);
}

static void write_greeting(struct sim_stranger *stranger)
{
    uint8_t payload_bytes[PH_HANDSHAKE_PAYLOAD_MAX], bytes[1024];
    struct ph_buffer payload = ph_buffer(payload_bytes, sizeof payload_bytes);
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    if (ph_handshake_remote_static(&stranger->handshake) != NULL) {
        struct ph_hello hello = {.certificate = certificate(stranger)};
        ph_hello_encode(&payload, &hello);
    }
    if (ph_handshake_write(&stranger->handshake, ph_buffer_bytes(&payload), &message) != PH_OK)
        sim_fail(stranger->sim, "the stranger can't greet");
    sim_stranger_frame(stranger, ph_buffer_bytes(&message));
}

static void begin_handshake(struct sim_stranger *stranger)
{
    uint8_t prologue[sizeof PROLOGUE_TEXT - 1 + 32];
    struct ph_agree_secret transport, ephemeral;
    uint64_t chance = sim_next(&stranger->sim->clock.chance);
    for (size_t i = 0; i < sizeof ephemeral.bytes; i++)
        ephemeral.bytes[i] = (uint8_t)(sim_next(&chance) >> 32);
    memcpy(transport.bytes, stranger->identity.transport_secret, sizeof transport.bytes);
    memcpy(prologue, PROLOGUE_TEXT, sizeof PROLOGUE_TEXT - 1);
    memcpy(prologue + sizeof PROLOGUE_TEXT - 1, stranger->invitation.network.bytes, 32);
    struct ph_handshake_config config = {.role = PH_HANDSHAKE_INITIATOR,
                                         .pattern = PH_HANDSHAKE_XX,
                                         .psk_places = PH_HANDSHAKE_PSK(0),
                                         .psks = &stranger->invitation.key,
                                         .prologue = ph_bytes(prologue, sizeof prologue),
                                         .static_key = &transport,
                                         .ephemeral_key = &ephemeral};
    ph_handshake_init(&stranger->handshake, &config);
    stranger->stage = STAGE_GREETING;
    write_greeting(stranger);
}

static void take_greeting(struct sim_stranger *stranger, struct ph_bytes frame)
{
    uint8_t bytes[PH_FRAME_CIPHER_MAX];
    struct ph_buffer payload = ph_buffer(bytes, sizeof bytes);
    if (ph_handshake_read(&stranger->handshake, frame, &payload) != PH_OK)
        sim_fail(stranger->sim, "the node's greeting can't be read");
    write_greeting(stranger);
    ph_handshake_split(&stranger->handshake, &stranger->channel);
    stranger->stage = STAGE_OPEN;
}

/* --- in --- */

static void take_message(struct sim_stranger *stranger, struct ph_bytes frame)
{
    uint8_t plain_bytes[PH_FRAME_PLAIN_MAX], bytes[PH_FRAME_MESSAGE_MAX];
    struct ph_buffer plain = ph_buffer(plain_bytes, sizeof plain_bytes);
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct ph_message message;
    if (ph_channel_open(&stranger->channel, frame, &plain) != PH_OK ||
        ph_frame_unpack(&stranger->packer, ph_buffer_bytes(&plain), &out) != PH_OK ||
        ph_message_decode(ph_buffer_bytes(&out), &message) != PH_OK)
        sim_fail(stranger->sim, "the stranger hears what no node may say");
    stranger->heard[message.type]++;
    if (message.type == PH_MESSAGE_END)
        stranger->end_reason = (int)message.of.end.reason;
}

static void take_frames(struct sim_stranger *stranger)
{
    struct ph_bytes frame;
    size_t used;
    while (ph_frame_parse(ph_bytes(stranger->input, stranger->input_len), &frame, &used) == PH_OK) {
        if (stranger->stage == STAGE_GREETING)
            take_greeting(stranger, frame);
        else
            take_message(stranger, frame);
        stranger->input_len -= used;
        memmove(stranger->input, stranger->input + used, stranger->input_len);
    }
}

static void on_up(void *impl, ph_conn_id conn, const char *address)
{
    struct sim_stranger *stranger = impl;
    (void)conn;
    (void)address;
    stranger->stage = STAGE_UP;
}

static void on_data(void *impl, ph_conn_id conn, struct ph_bytes bytes)
{
    struct sim_stranger *stranger = impl;
    (void)conn;
    stranger->heard_len += bytes.len;
    if (stranger->stage == STAGE_UP || bytes.len > INPUT_MAX - stranger->input_len)
        return;
    memcpy(stranger->input + stranger->input_len, bytes.data, bytes.len);
    stranger->input_len += bytes.len;
    take_frames(stranger);
}

static void on_sent(void *impl, ph_conn_id conn, size_t len)
{
    (void)impl;
    (void)conn;
    (void)len;
}

static void on_down(void *impl, ph_conn_id conn, const char *reason)
{
    struct sim_stranger *stranger = impl;
    (void)conn;
    (void)reason;
    stranger->stage = STAGE_DOWN;
}

static const struct sim_party_ops party = {
    .up = on_up, .data = on_data, .sent = on_sent, .down = on_down};

/* --- life --- */

struct sim_stranger *sim_stranger_new(struct sim *sim, const char *name,
                                      const struct ph_identity *identity,
                                      const struct ph_invitation *invitation)
{
    struct sim_stranger *stranger = calloc(1, sizeof *stranger);
    if (stranger == NULL || ph_packer_init(&stranger->packer) != PH_OK)
        abort();
    stranger->input = malloc(INPUT_MAX);
    if (stranger->input == NULL)
        abort();
    stranger->sim = sim;
    stranger->identity = *identity;
    stranger->invitation = *invitation;
    stranger->stage = STAGE_DOWN;
    stranger->conn = 1;
    stranger->end_reason = -1;
    stranger->place = sim_net_add(sim->net, name, &party, stranger);
    return stranger;
}

void sim_stranger_free(struct sim_stranger *stranger)
{
    if (stranger == NULL)
        return;
    sim_net_go_down(stranger->sim->net, stranger->place);
    ph_packer_deinit(&stranger->packer);
    free(stranger->input);
    free(stranger);
}

static bool is_connected(const struct sim *sim, const void *impl)
{
    const struct sim_stranger *stranger = impl;
    (void)sim;
    return stranger->stage != STAGE_NEW;
}

void sim_stranger_dial(struct sim_stranger *stranger, uint32_t node)
{
    char address[32];
    snprintf(address, sizeof address, "node%u:%s", node, SIM_PORT);
    if (stranger->stage != STAGE_DOWN)
        sim_fail(stranger->sim, "the stranger has a connection already");
    stranger->stage = STAGE_NEW;
    stranger->conn += 2;
    stranger->input_len = stranger->heard_len = 0;
    stranger->end_reason = -1;
    memset(stranger->heard, 0, sizeof stranger->heard);
    sim_net_dial(stranger->sim->net, stranger->place, stranger->conn, address);
    sim_run_until(stranger->sim, is_connected, stranger, 10000);
}

static bool is_greeted(const struct sim *sim, const void *impl)
{
    const struct sim_stranger *stranger = impl;
    (void)sim;
    return stranger->stage != STAGE_GREETING;
}

bool sim_stranger_greet(struct sim_stranger *stranger)
{
    begin_handshake(stranger);
    sim_run_until(stranger->sim, is_greeted, stranger, 10000);
    return stranger->stage == STAGE_OPEN;
}

static bool is_down(const struct sim *sim, const void *impl)
{
    const struct sim_stranger *stranger = impl;
    (void)sim;
    return stranger->stage == STAGE_DOWN;
}

bool sim_stranger_await_end(struct sim_stranger *stranger, uint64_t ms)
{
    return sim_run_until(stranger->sim, is_down, stranger, ms);
}

bool sim_stranger_is_up(const struct sim_stranger *stranger)
{
    return stranger->stage != STAGE_DOWN;
}

size_t sim_stranger_bytes_heard(const struct sim_stranger *stranger)
{
    return stranger->heard_len;
}

uint32_t sim_stranger_heard(const struct sim_stranger *stranger, enum ph_message_type type)
{
    return stranger->heard[type];
}

int sim_stranger_end_reason(const struct sim_stranger *stranger)
{
    return stranger->end_reason;
}
