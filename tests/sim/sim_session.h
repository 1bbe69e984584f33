/* One connection of a party on the virtual network: frames in and out, the handshake in either
 * role. What is said over it, and whether that is true, is the party's. */
#ifndef PHAROS_TESTS_SIM_SESSION_H
#define PHAROS_TESTS_SIM_SESSION_H

#include "tests/sim/sim.h"
#include "tests/support/speaker.h"

enum sim_session_state {
    SIM_SESSION_DOWN,
    SIM_SESSION_DIALING,
    SIM_SESSION_UP,       /* the connection, and nothing has begun; what arrives is not looked at */
    SIM_SESSION_GREETING, /* the handshake is under way */
    SIM_SESSION_OPEN,
};

struct sim_session;
/* The message borrows until the call returns. */
typedef void sim_hear(void *impl, struct sim_session *session, const struct ph_message *message);

struct sim_session {
    /* The party's, given before the session begins. */
    struct sim *sim;
    uint32_t place;
    ph_conn_id conn;
    struct speaker speaker;
    sim_hear *hear;
    void *impl;

    enum sim_session_state state;
    uint8_t *input; /* owned */
    size_t input_len;
    size_t bytes_heard;
    /* Bytes that leave a few at a time; owned. */
    uint8_t *dripping;
    size_t dripping_len;
};

/* The connection is up: greet, or await the other side's greeting, as the speaker's role says. */
void sim_session_begin(struct sim_session *session);
/* Bytes that arrived. What no node may say ends the program. */
void sim_session_take(struct sim_session *session, struct ph_bytes bytes);
/* The connection is gone. */
void sim_session_end(struct sim_session *session);
/* Hang up. */
void sim_session_leave(struct sim_session *session);

/* Bytes as they are; `plain` (form byte and all), sealed; a message, packed and sealed as it should
 * be. Nothing happens unless the session is up, or open for those that are sealed. */
void sim_session_send(struct sim_session *session, struct ph_bytes bytes);
void sim_session_seal(struct sim_session *session, struct ph_bytes plain);
void sim_session_say(struct sim_session *session, struct ph_bytes message);

/* From now on what is sent waits, and only as many bytes leave as are let out. Letting out the last
 * ends that. */
void sim_session_hold(struct sim_session *session);
bool sim_session_is_held(const struct sim_session *session);
void sim_session_drip(struct sim_session *session, size_t len);

#endif
