#include "tests/sim/sim_stranger.h"

#include <stdlib.h>

#include "tests/sim/sim_session.h"
#include "tests/sim/sim_state.h"

struct sim_stranger {
    struct sim_session session;
    uint32_t heard[SIM_HEARD_MAX];
    int end_reason;
};

/* --- out --- */

void sim_stranger_send(struct sim_stranger *stranger, struct ph_bytes bytes)
{
    sim_session_send(&stranger->session, bytes);
}

void sim_stranger_frame(struct sim_stranger *stranger, struct ph_bytes payload)
{
    uint8_t bytes[PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    speaker_frame(&out, payload);
    sim_session_send(&stranger->session, ph_buffer_bytes(&out));
}

void sim_stranger_seal(struct sim_stranger *stranger, struct ph_bytes plain)
{
    sim_session_seal(&stranger->session, plain);
}

void sim_stranger_say(struct sim_stranger *stranger, struct ph_bytes message)
{
    sim_session_say(&stranger->session, message);
}

/* --- in --- */

static void hear(void *impl, struct sim_session *session, const struct ph_message *message)
{
    struct sim_stranger *stranger = impl;
    (void)session;
    stranger->heard[message->type]++;
    if (message->type == PH_MESSAGE_END)
        stranger->end_reason = (int)message->of.end.reason;
}

static void on_up(void *impl, ph_conn_id conn, const char *address)
{
    struct sim_stranger *stranger = impl;
    (void)conn;
    (void)address;
    stranger->session.state = SIM_SESSION_UP;
}

static void on_data(void *impl, ph_conn_id conn, struct ph_bytes bytes)
{
    struct sim_stranger *stranger = impl;
    (void)conn;
    sim_session_take(&stranger->session, bytes);
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
    sim_session_end(&stranger->session);
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
    stranger->session = (struct sim_session){.sim = sim, .conn = 1, .hear = hear, .impl = stranger};
    speaker_init(&stranger->session.speaker, identity, invitation);
    stranger->end_reason = -1;
    stranger->session.place = sim_net_add(sim->net, name, &party, stranger);
    return stranger;
}

void sim_stranger_free(struct sim_stranger *stranger)
{
    if (stranger == NULL)
        return;
    sim_net_go_down(stranger->session.sim->net, stranger->session.place);
    sim_session_end(&stranger->session);
    speaker_deinit(&stranger->session.speaker);
    free(stranger);
}

static bool is_connected(const struct sim *sim, const void *impl)
{
    const struct sim_stranger *stranger = impl;
    (void)sim;
    return stranger->session.state != SIM_SESSION_DIALING;
}

void sim_stranger_dial(struct sim_stranger *stranger, uint32_t node)
{
    char address[32];
    struct sim_session *session = &stranger->session;
    snprintf(address, sizeof address, "node%u:%s", node, SIM_PORT);
    if (session->state != SIM_SESSION_DOWN)
        sim_fail(session->sim, "the stranger has a connection already");
    session->state = SIM_SESSION_DIALING;
    session->conn += 2;
    session->bytes_heard = 0;
    stranger->end_reason = -1;
    memset(stranger->heard, 0, sizeof stranger->heard);
    sim_net_dial(session->sim->net, session->place, session->conn, address);
    sim_run_until(session->sim, is_connected, stranger, 10000);
}

static bool is_greeted(const struct sim *sim, const void *impl)
{
    const struct sim_stranger *stranger = impl;
    (void)sim;
    return stranger->session.state != SIM_SESSION_GREETING;
}

bool sim_stranger_greet(struct sim_stranger *stranger)
{
    sim_session_begin(&stranger->session);
    sim_run_until(stranger->session.sim, is_greeted, stranger, 10000);
    return stranger->session.state == SIM_SESSION_OPEN;
}

static bool is_down(const struct sim *sim, const void *impl)
{
    (void)sim;
    return !sim_stranger_is_up(impl);
}

bool sim_stranger_await_end(struct sim_stranger *stranger, uint64_t ms)
{
    return sim_run_until(stranger->session.sim, is_down, stranger, ms);
}

bool sim_stranger_is_up(const struct sim_stranger *stranger)
{
    return stranger->session.state != SIM_SESSION_DOWN;
}

size_t sim_stranger_bytes_heard(const struct sim_stranger *stranger)
{
    return stranger->session.bytes_heard;
}

uint32_t sim_stranger_heard(const struct sim_stranger *stranger, enum ph_message_type type)
{
    return stranger->heard[type];
}

int sim_stranger_end_reason(const struct sim_stranger *stranger)
{
    return stranger->end_reason;
}
