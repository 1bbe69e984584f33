/* The Noise handshake (revision 34) as a state machine: message in, message out. 25519, ChaChaPoly,
 * BLAKE2b; patterns are tables of tokens, with any combination of psk modifiers.
 *
 * Keys, psks and prologue are arguments, so the same configuration and messages always give the
 * same bytes. Any failure ends the handshake for good: its secrets are wiped and every later call
 * fails with PH_UNAUTHENTIC. The state machine bounds a message by 65,535 bytes only (section 3);
 * whoever calls it bounds payloads (PH_HANDSHAKE_PAYLOAD_MAX). */
#ifndef PHAROS_PROTO_HANDSHAKE_H
#define PHAROS_PROTO_HANDSHAKE_H

#include "pharos/bytes.h"
#include "pharos/status.h"
#include "proto/channel.h"
#include "proto/crypto.h"

#define PH_HANDSHAKE_HASH_LEN 64
#define PH_HANDSHAKE_PSKS_MAX 4 /* psk0 to psk3, once each */

enum ph_handshake_role { PH_HANDSHAKE_INITIATOR, PH_HANDSHAKE_RESPONDER };

enum ph_handshake_pattern {
    PH_HANDSHAKE_XX,
    PH_HANDSHAKE_XX1, /* as XX, the initiator's es deferred (revision 34, appendix 18.1) */
};

/* Modifiers of a pattern (section 9.4). pharos uses PH_HANDSHAKE_XX with PH_HANDSHAKE_PSK(0). */
#define PH_HANDSHAKE_PSK(place) (1U << (place))

/* Everything is copied by ph_handshake_init. */
struct ph_handshake_config {
    enum ph_handshake_role role;
    enum ph_handshake_pattern pattern;
    unsigned psk_places;                         /* PH_HANDSHAKE_PSK of 0 to 3, or-ed */
    const struct ph_network_key *psks;           /* one for each place, in ascending order */
    struct ph_bytes prologue;                    /* both sides must give the same */
    const struct ph_agree_secret *static_key;    /* our long-lived key */
    const struct ph_agree_secret *ephemeral_key; /* 32 fresh random bytes, never used before */
};

/* Holds secrets until ph_handshake_wipe. Read it through the questions below only. */
struct ph_handshake {
    enum ph_handshake_role role;
    enum ph_handshake_pattern pattern;
    unsigned psk_places;
    struct ph_network_key psks[PH_HANDSHAKE_PSKS_MAX];
    size_t psk_index;     /* of the next psk token */
    size_t message_index; /* of the next message */
    bool has_failed;
    struct ph_agree_secret our_static, our_ephemeral;
    struct ph_agree_public their_static, their_ephemeral;
    bool has_their_static, has_their_ephemeral;
    uint8_t hash[PH_HANDSHAKE_HASH_LEN];         /* h */
    uint8_t chaining_key[PH_HANDSHAKE_HASH_LEN]; /* ck */
    uint8_t key[32];                             /* k, while has_key */
    uint64_t counter;                            /* n */
    bool has_key;
};

void ph_handshake_init(struct ph_handshake *handshake, const struct ph_handshake_config *config);

/* Forget every secret. A wiped handshake counts as failed. */
void ph_handshake_wipe(struct ph_handshake *handshake);

/* Append the next message, carrying `payload`, to `out`; they must not overlap. Only when
 * ph_handshake_is_ours_to_write or after a failure. On failure `out` keeps its length, and the
 * handshake is over. PH_LIMIT: the message would exceed 65,535 bytes or the room in `out`.
 * PH_UNAUTHENTIC: the other side's key is of low order, or the handshake failed before. */
PH_MUST_USE enum ph_status ph_handshake_write(struct ph_handshake *handshake,
                                              struct ph_bytes payload, struct ph_buffer *out);

/* Take the next message and append its payload to `payload`, never more bytes than the message has;
 * they must not overlap.
 * On failure `payload` keeps its length, and the handshake is over.
 * PH_MALFORMED: shorter than its pattern, or not the other side's turn. PH_UNAUTHENTIC: a seal or a
 * key does not fit, or the handshake failed before. PH_LIMIT: over 65,535 bytes, or no room in
 * `payload`. */
PH_MUST_USE enum ph_status ph_handshake_read(struct ph_handshake *handshake,
                                             struct ph_bytes message, struct ph_buffer *payload);

/* Make the channel of a handshake that is done, once; ours sends with our direction's key. The
 * chaining key is wiped; hash and remote static remain. */
void ph_handshake_split(struct ph_handshake *handshake, struct ph_channel *out);

/* All messages were written and read. */
bool ph_handshake_is_done(const struct ph_handshake *handshake);
bool ph_handshake_is_ours_to_write(const struct ph_handshake *handshake);

/* The other side's long-lived key, or NULL as long as no message showed it. Whether it is *whose*
 * key is for the caller to judge, and proven only once the handshake is done. Borrowed from
 * `handshake`. */
const struct ph_agree_public *ph_handshake_remote_static(const struct ph_handshake *handshake);

/* Whether these two are the two ends of one session, in one process. Until either is wiped. */
bool ph_handshake_is_other_end(const struct ph_handshake *a, const struct ph_handshake *b);

/* PH_HANDSHAKE_HASH_LEN bytes that are the same on both sides and for no other session (section
 * 11.2, channel binding), or NULL unless done. Borrowed from `handshake`. */
const uint8_t *ph_handshake_hash(const struct ph_handshake *handshake);

#endif
