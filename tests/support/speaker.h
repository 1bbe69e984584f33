/* One side of a session, spoken by hand: the real handshake, seals and frames, on no network at
 * all. Bytes to send are appended to a buffer; frames that came are given in. Whoever holds one
 * decides what to say, and may change the words below before speaker_begin to say it wrongly. */
#ifndef PHAROS_TESTS_SUPPORT_SPEAKER_H
#define PHAROS_TESTS_SUPPORT_SPEAKER_H

#include "node/node.h"
#include "proto/channel.h"
#include "proto/frame.h"
#include "proto/handshake.h"
#include "proto/invitation.h"
#include "proto/message.h"

#define SPEAKER_VERSION "pharos 1"
#define SPEAKER_GREETING_MAX 1024 /* bytes of one handshake message in its frame */

struct speaker {
    struct ph_identity identity;
    struct ph_network_id network;
    struct ph_network_key key;
    enum ph_handshake_role role;       /* the initiator, unless set otherwise */
    const char *version;               /* SPEAKER_VERSION; borrowed */
    struct ph_certificate certificate; /* of `identity` for `network` */
    struct ph_certificate theirs;      /* once the other side has shown it */
    struct ph_handshake handshake;
    struct ph_channel channel;
    struct ph_packer packer;
};

/* Copies both. */
void speaker_init(struct speaker *speaker, const struct ph_identity *identity,
                  const struct ph_invitation *invitation);
void speaker_deinit(struct speaker *speaker);

/* A certificate as a school makes it for one of its writers. */
struct ph_certificate speaker_certify(const struct ph_identity *identity,
                                      const struct ph_network_id *network);

/* The handshake, anew. `ephemeral` is 32 bytes never used before. */
void speaker_begin(struct speaker *speaker, const uint8_t ephemeral[32]);
/* The next message of the handshake in its frame; after the last one the channel is open. */
void speaker_greet(struct speaker *speaker, struct ph_buffer *out);
PH_MUST_USE enum ph_status speaker_take_greeting(struct speaker *speaker, struct ph_bytes frame);
bool speaker_is_open(const struct speaker *speaker);

/* One frame around `payload`, not sealed. */
void speaker_frame(struct ph_buffer *out, struct ph_bytes payload);
/* `plain` (form byte and all), sealed. */
void speaker_seal(struct speaker *speaker, struct ph_bytes plain, struct ph_buffer *out);
/* A message, packed and sealed as it should be. */
void speaker_say(struct speaker *speaker, struct ph_bytes message, struct ph_buffer *out);
/* What the other side says. `out` borrows from `room`, which has PH_FRAME_MESSAGE_MAX bytes. */
PH_MUST_USE enum ph_status speaker_hear(struct speaker *speaker, struct ph_bytes frame,
                                        struct ph_buffer *room, struct ph_message *out);

#endif
