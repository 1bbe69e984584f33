#include "tests/sim/sim_session.h"

#include <stdlib.h>

#include "tests/sim/sim_state.h"

#define INPUT_MAX (PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX)

/* --- out --- */

void sim_session_send(struct sim_session *session, struct ph_bytes bytes)
{
    if (session->state < SIM_SESSION_UP)
        return;
    if (session->dripping == NULL) {
        sim_net_send(session->sim->net, session->place, session->conn, bytes);
        return;
    }
    session->dripping = realloc(session->dripping, session->dripping_len + bytes.len + 1);
    if (session->dripping == NULL)
        abort();
    memcpy(session->dripping + session->dripping_len, bytes.data, bytes.len);
    session->dripping_len += bytes.len;
}

void sim_session_seal(struct sim_session *session, struct ph_bytes plain)
{
    uint8_t bytes[PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    if (session->state != SIM_SESSION_OPEN)
        return;
    speaker_seal(&session->speaker, plain, &out);
    sim_session_send(session, ph_buffer_bytes(&out));
}

void sim_session_say(struct sim_session *session, struct ph_bytes message)
{
    uint8_t bytes[PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    if (session->state != SIM_SESSION_OPEN)
        return;
    speaker_say(&session->speaker, message, &out);
    sim_session_send(session, ph_buffer_bytes(&out));
}

void sim_session_hold(struct sim_session *session)
{
    if (session->dripping == NULL && (session->dripping = malloc(1)) == NULL)
        abort();
}

bool sim_session_is_held(const struct sim_session *session)
{
    return session->dripping != NULL;
}

static void release(struct sim_session *session)
{
    free(session->dripping);
    session->dripping = NULL;
    session->dripping_len = 0;
}

void sim_session_drip(struct sim_session *session, size_t len)
{
    if (session->dripping == NULL || session->state < SIM_SESSION_UP)
        return;
    len = len < session->dripping_len ? len : session->dripping_len;
    if (len != 0)
        sim_net_send(session->sim->net, session->place, session->conn,
                     ph_bytes(session->dripping, len));
    session->dripping_len -= len;
    memmove(session->dripping, session->dripping + len, session->dripping_len);
    if (session->dripping_len == 0)
        release(session);
}

/* --- handshake --- */

static void greet(struct sim_session *session)
{
    uint8_t bytes[SPEAKER_GREETING_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    speaker_greet(&session->speaker, &out);
    sim_session_send(session, ph_buffer_bytes(&out));
}

void sim_session_begin(struct sim_session *session)
{
    uint8_t ephemeral[32];
    uint64_t chance = sim_next(&session->sim->clock.chance);
    for (size_t i = 0; i < sizeof ephemeral; i++)
        ephemeral[i] = (uint8_t)(sim_next(&chance) >> 32);
    speaker_begin(&session->speaker, ephemeral);
    session->input = realloc(session->input, INPUT_MAX);
    if (session->input == NULL)
        abort();
    session->input_len = 0;
    session->bytes_heard = 0;
    session->state = SIM_SESSION_GREETING;
    if (session->speaker.role == PH_HANDSHAKE_INITIATOR)
        greet(session);
}

static void take_greeting(struct sim_session *session, struct ph_bytes frame)
{
    if (speaker_take_greeting(&session->speaker, frame) != PH_OK)
        sim_fail(session->sim, "a node's greeting can't be read");
    if (!speaker_is_open(&session->speaker))
        greet(session);
    if (speaker_is_open(&session->speaker))
        session->state = SIM_SESSION_OPEN;
}

/* --- in --- */

static void take_message(struct sim_session *session, struct ph_bytes frame)
{
    uint8_t bytes[PH_FRAME_MESSAGE_MAX];
    struct ph_buffer room = ph_buffer(bytes, sizeof bytes);
    struct ph_message message;
    enum ph_status status = speaker_hear(&session->speaker, frame, &room, &message);
    if (status != PH_OK)
        sim_fail(session->sim, "a party hears what no node may say: %s", ph_status_text(status));
    session->hear(session->impl, session, &message);
}

static void take_frames(struct sim_session *session)
{
    struct ph_bytes frame;
    size_t used;
    while (ph_frame_parse(ph_bytes(session->input, session->input_len), &frame, &used) == PH_OK) {
        if (session->state == SIM_SESSION_GREETING)
            take_greeting(session, frame);
        else
            take_message(session, frame);
        if (session->state == SIM_SESSION_DOWN)
            return; /* the party hung up */
        session->input_len -= used;
        memmove(session->input, session->input + used, session->input_len);
    }
}

void sim_session_take(struct sim_session *session, struct ph_bytes bytes)
{
    session->bytes_heard += bytes.len;
    while (bytes.len != 0 && session->state >= SIM_SESSION_GREETING) {
        size_t room = INPUT_MAX - session->input_len;
        size_t len = bytes.len < room ? bytes.len : room;
        memcpy(session->input + session->input_len, bytes.data, len);
        session->input_len += len;
        bytes = ph_bytes(bytes.data + len, bytes.len - len);
        take_frames(session);
    }
}

void sim_session_end(struct sim_session *session)
{
    session->state = SIM_SESSION_DOWN;
    session->input_len = 0;
    free(session->input);
    session->input = NULL;
    release(session);
}

void sim_session_leave(struct sim_session *session)
{
    if (session->state != SIM_SESSION_DOWN)
        sim_net_hangup(session->sim->net, session->place, session->conn);
    sim_session_end(session);
}
