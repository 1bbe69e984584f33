/* Somebody who calls a running node over a real socket: a stranger, somebody with the network key,
 * or a member, by the keys that it holds. It says what no node would say and hears what is
 * answered.
 *
 * Nothing here sleeps: a caller waits for bytes or for the end of the connection, and a test fails
 * when neither comes within CALLER_PATIENCE_MS. */
#ifndef PHAROS_TESTS_SUPPORT_CALLER_H
#define PHAROS_TESTS_SUPPORT_CALLER_H

#include "tests/support/process.h"
#include "tests/support/speaker.h"

#define CALLER_PATIENCE_MS 60000
#define CALLER_TYPES_MAX 16 /* message types counted */

struct caller {
    struct speaker speaker;
    int fd; /* -1: no connection, or the other side has closed it */
    uint8_t *input;
    size_t input_len;
    size_t heard_len;                 /* bytes, of this connection */
    uint32_t heard[CALLER_TYPES_MAX]; /* messages by type, of this connection */
    int end_reason;                   /* of the last `end` heard; -1: none */
    /* The other side's part of the handshake, with its frame; 0 long: not heard. */
    uint8_t greeting[SPEAKER_GREETING_MAX];
    size_t greeting_len;
};

void caller_init(struct caller *caller, const struct ph_identity *identity,
                 const struct ph_invitation *invitation);
void caller_deinit(struct caller *caller); /* hangs up too */

/* The keys in a school's home; an invitation into its network, which holds the network key; and
 * keys that nobody has seen before. */
struct ph_identity caller_identity_of(const struct process_school *school);
struct ph_invitation caller_invitation_to(const struct process_school *school);
struct ph_identity caller_fresh_identity(uint8_t seed);

/* Dial "127.0.0.1:port". `from` is the address to call from, such as "127.0.0.7"; NULL: any. */
void caller_dial(struct caller *caller, const char *address);
void caller_dial_from(struct caller *caller, const char *address, const char *from);
void caller_hang_up(struct caller *caller);

/* The whole handshake. False: the other side closed before it was through. */
bool caller_greet(struct caller *caller);
/* Only its beginning, up to what is sent first; and up to the other side's answer. */
void caller_begin(struct caller *caller, struct ph_buffer *first);
bool caller_hear_greeting(struct caller *caller);

/* What can't be sent since the other side has closed is dropped. */
void caller_send(struct caller *caller, struct ph_bytes bytes);
void caller_say(struct caller *caller, struct ph_bytes message);

/* Read until the other side closes. False, and no failure, if it said nothing and is still there
 * after `ms`. */
bool caller_await_end(struct caller *caller);
bool caller_await_end_within(struct caller *caller, uint64_t ms);
/* Read until a message of this type has come (one more than were heard before). False: closed. */
bool caller_await(struct caller *caller, enum ph_message_type type);
/* Ask and wait for the answer: all that was said before has been read then. Once a session. */
bool caller_is_heard_out(struct caller *caller);

#endif
