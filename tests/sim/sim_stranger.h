/* Somebody on the network who is no node: a test plays the other side of one connection by hand,
 * with the real handshake and seals, and says what no node would say. With the identity of a school
 * whose node is down it is a member gone bad; with a fresh one, a school that nobody knows. */
#ifndef PHAROS_TESTS_SIM_STRANGER_H
#define PHAROS_TESTS_SIM_STRANGER_H

#include "proto/invitation.h"
#include "proto/message.h"
#include "tests/sim/sim.h"

#define SIM_HEARD_MAX 16 /* message types counted */

struct sim_stranger;

/* `identity` and `invitation` are copied; the latter says which network, and its key. Lives no
 * longer than `sim`. */
struct sim_stranger *sim_stranger_new(struct sim *sim, const char *name,
                                      const struct ph_identity *identity,
                                      const struct ph_invitation *invitation);
void sim_stranger_free(struct sim_stranger *stranger);

/* Dial a node and wait until the connection is up; then either greet, or send what you like. */
void sim_stranger_dial(struct sim_stranger *stranger, uint32_t node);
/* The handshake. False: it did not come to its end within ten seconds. */
bool sim_stranger_greet(struct sim_stranger *stranger);

/* Bytes as they are. */
void sim_stranger_send(struct sim_stranger *stranger, struct ph_bytes bytes);
/* One frame around `payload`, not sealed. */
void sim_stranger_frame(struct sim_stranger *stranger, struct ph_bytes payload);
/* `plain` (form byte and all), sealed. */
void sim_stranger_seal(struct sim_stranger *stranger, struct ph_bytes plain);
/* A message, packed and sealed as it should be. */
void sim_stranger_say(struct sim_stranger *stranger, struct ph_bytes message);

/* Run until the connection is gone, at most `ms`. */
bool sim_stranger_await_end(struct sim_stranger *stranger, uint64_t ms);
bool sim_stranger_is_up(const struct sim_stranger *stranger);
size_t sim_stranger_bytes_heard(const struct sim_stranger *stranger); /* of the connection */
uint32_t sim_stranger_heard(const struct sim_stranger *stranger, enum ph_message_type type);
/* Of the last `end` heard; -1: none. */
int sim_stranger_end_reason(const struct sim_stranger *stranger);

#endif
