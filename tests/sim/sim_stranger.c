#include "tests/sim/sim_stranger.h"

#include <assert.h>
#include <stdlib.h>

#include "tests/sim/sim_state.h"
#include "tests/support/speaker.h"

#define INPUT_MAX (4 * 1024 * 1024)

enum stage { STAGE_NEW, STAGE_UP, STAGE_GREETING, STAGE_OPEN, STAGE_DOWN };

struct sim_stranger {
    struct sim *sim;
    uint32_t place;
    enum stage stage;
    ph_conn_id conn;
    struct speaker speaker;
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
    speaker_frame(&out, payload);
    sim_stranger_send(stranger, ph_buffer_bytes(&out));
}

void sim_stranger_seal(struct sim_stranger *stranger, struct ph_bytes plain)
{
    uint8_t bytes[PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    speaker_seal(&stranger->speaker, plain, &out);
    sim_stranger_send(stranger, ph_buffer_bytes(&out));
}

void sim_stranger_say(struct sim_stranger *stranger, struct ph_bytes message)
{
    uint8_t bytes[PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    speaker_say(&stranger->speaker, message, &out);
    sim_stranger_send(stranger, ph_buffer_bytes(&out));
}

/* --- handshake --- */

static void write_greeting(struct sim_stranger *stranger)
{
    uint8_t bytes[SPEAKER_GREETING_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    speaker_greet(&stranger->speaker, &out);
    sim_stranger_send(stranger, ph_buffer_bytes(&out));
}

static void begin_handshake(struct sim_stranger *stranger)
{
    uint8_t ephemeral[32];
    uint64_t chance = sim_next(&stranger->sim->clock.chance);
    for (size_t i = 0; i < sizeof ephemeral; i++)
        ephemeral[i] = (uint8_t)(sim_next(&chance) >> 32);
    speaker_begin(&stranger->speaker, ephemeral);
    stranger->stage = STAGE_GREETING;
    write_greeting(stranger);
}

static void take_greeting(struct sim_stranger *stranger, struct ph_bytes frame)
{
    if (speaker_take_greeting(&stranger->speaker, frame) != PH_OK)
        sim_fail(stranger->sim, "the node's greeting can't be read");
    write_greeting(stranger);
    stranger->stage = STAGE_OPEN;
}

/* --- in --- */

static void take_message(struct sim_stranger *stranger, struct ph_bytes frame)
{
    uint8_t bytes[PH_FRAME_MESSAGE_MAX];
    struct ph_buffer room = ph_buffer(bytes, sizeof bytes);
    struct ph_message message;
    if (speaker_hear(&stranger->speaker, frame, &room, &message) != PH_OK)
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
    if (stranger == NULL)
        abort();
    stranger->input = malloc(INPUT_MAX);
    if (stranger->input == NULL)
        abort();
    stranger->sim = sim;
    speaker_init(&stranger->speaker, identity, invitation);
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
    speaker_deinit(&stranger->speaker);
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
