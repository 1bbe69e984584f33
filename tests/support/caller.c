#include "tests/support/caller.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/home_keys.h"

#define INPUT_SIZE (4 * (PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX))

/* --- who --- */

struct ph_identity caller_identity_of(const struct process_school *school)
{
    char why[PH_WHY_SIZE];
    struct ph_home home = PH_HOME_CLOSED;
    struct ph_binding binding;
    struct ph_identity identity;
    CHECK_OK(ph_home_find(school->home, &home, why));
    CHECK_OK(ph_home_open(&home, why));
    CHECK_OK(ph_home_identity(&home, &identity, &binding, why));
    ph_home_close(&home);
    return identity;
}

struct ph_invitation caller_invitation_to(const struct process_school *school)
{
    char why[200];
    struct ph_invitation invitation;
    char *code = process_text(school, WORDS("invite"));
    CHECK_OK(ph_invitation_read(ph_bytes_text(code), &invitation, why));
    free(code);
    return invitation;
}

struct ph_identity caller_fresh_identity(uint8_t seed)
{
    struct ph_identity identity = {.serial = 0};
    memset(identity.school_seed, seed, sizeof identity.school_seed);
    memset(identity.writer_seed, seed + 1, sizeof identity.writer_seed);
    memset(identity.transport_secret, seed + 2, sizeof identity.transport_secret);
    return identity;
}

void caller_init(struct caller *caller, const struct ph_identity *identity,
                 const struct ph_invitation *invitation)
{
    *caller = (struct caller){.fd = -1, .end_reason = -1};
    speaker_init(&caller->speaker, identity, invitation);
    caller->input = malloc(INPUT_SIZE);
    CHECK(caller->input != NULL);
}

void caller_deinit(struct caller *caller)
{
    caller_hang_up(caller);
    speaker_deinit(&caller->speaker);
    free(caller->input);
    *caller = (struct caller){.fd = -1};
}

/* --- the connection --- */

static void read_address(const char *text, struct sockaddr_in *out)
{
    char host[INET_ADDRSTRLEN] = "";
    const char *colon = strrchr(text, ':');
    CHECK(colon != NULL && (size_t)(colon - text) < sizeof host);
    memcpy(host, text, (size_t)(colon - text));
    *out = (struct sockaddr_in){.sin_family = AF_INET};
    out->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    CHECK(inet_pton(AF_INET, host, &out->sin_addr) == 1);
}

void caller_dial_from(struct caller *caller, const char *address, const char *from)
{
    struct sockaddr_in there, here = {.sin_family = AF_INET};
    int yes = 1;
    caller_hang_up(caller);
    read_address(address, &there);
    caller->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(caller->fd >= 0);
    setsockopt(caller->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (from != NULL) {
        CHECK(inet_pton(AF_INET, from, &here.sin_addr) == 1);
        CHECK(bind(caller->fd, (struct sockaddr *)&here, sizeof here) == 0);
    }
    CHECK(connect(caller->fd, (struct sockaddr *)&there, sizeof there) == 0);
    caller->input_len = caller->heard_len = caller->greeting_len = 0;
    caller->end_reason = -1;
    memset(caller->heard, 0, sizeof caller->heard);
}

void caller_dial(struct caller *caller, const char *address)
{
    caller_dial_from(caller, address, NULL);
}

void caller_hang_up(struct caller *caller)
{
    if (caller->fd >= 0)
        close(caller->fd);
    caller->fd = -1;
}

void caller_send(struct caller *caller, struct ph_bytes bytes)
{
    while (bytes.len != 0 && caller->fd >= 0) {
        struct pollfd wait = {.fd = caller->fd, .events = POLLOUT};
        CHECK(poll(&wait, 1, CALLER_PATIENCE_MS) == 1);
        ssize_t sent = send(caller->fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
            return; /* closed: reading will say so */
        if (sent > 0)
            bytes = ph_bytes(bytes.data + sent, bytes.len - (size_t)sent);
    }
}

/* False: the other side has closed, or nothing came within `ms`. */
static bool read_some(struct caller *caller, uint64_t ms)
{
    struct pollfd wait = {.fd = caller->fd, .events = POLLIN};
    CHECK(caller->input_len < INPUT_SIZE);
    if (caller->fd < 0 || poll(&wait, 1, (int)ms) != 1)
        return false;
    ssize_t len =
        recv(caller->fd, caller->input + caller->input_len, INPUT_SIZE - caller->input_len, 0);
    if (len <= 0) {
        caller_hang_up(caller);
        return false;
    }
    caller->input_len += (size_t)len;
    caller->heard_len += (size_t)len;
    return true;
}

/* --- frames --- */

static bool take_frame(struct caller *caller, struct ph_bytes *frame, size_t *used)
{
    return ph_frame_parse(ph_bytes(caller->input, caller->input_len), frame, used) == PH_OK;
}

static void drop_frame(struct caller *caller, size_t used)
{
    caller->input_len -= used;
    memmove(caller->input, caller->input + used, caller->input_len);
}

static void take_messages(struct caller *caller)
{
    static uint8_t bytes[PH_FRAME_MESSAGE_MAX];
    struct ph_bytes frame;
    size_t used;
    while (speaker_is_open(&caller->speaker) && take_frame(caller, &frame, &used)) {
        struct ph_buffer room = ph_buffer(bytes, sizeof bytes);
        struct ph_message message;
        CHECK_OK(speaker_hear(&caller->speaker, frame, &room, &message));
        caller->heard[message.type]++;
        if (message.type == PH_MESSAGE_END)
            caller->end_reason = (int)message.of.end.reason;
        drop_frame(caller, used);
    }
}

/* --- handshake --- */

void caller_begin(struct caller *caller, struct ph_buffer *first)
{
    uint8_t ephemeral[32];
    CHECK(getrandom(ephemeral, sizeof ephemeral, 0) == sizeof ephemeral);
    speaker_begin(&caller->speaker, ephemeral);
    speaker_greet(&caller->speaker, first);
}

bool caller_hear_greeting(struct caller *caller)
{
    struct ph_bytes frame;
    size_t used;
    while (!take_frame(caller, &frame, &used)) {
        bool has_come = read_some(caller, CALLER_PATIENCE_MS);
        CHECK(has_come || caller->fd < 0);
        if (!has_come)
            return false;
    }
    CHECK(used <= sizeof caller->greeting);
    memcpy(caller->greeting, caller->input, used);
    caller->greeting_len = used;
    CHECK_OK(speaker_take_greeting(&caller->speaker, frame));
    drop_frame(caller, used);
    return true;
}

bool caller_greet(struct caller *caller)
{
    uint8_t bytes[SPEAKER_GREETING_MAX];
    struct ph_buffer first = ph_buffer(bytes, sizeof bytes);
    caller_begin(caller, &first);
    caller_send(caller, ph_buffer_bytes(&first));
    if (!caller_hear_greeting(caller))
        return false;
    struct ph_buffer last = ph_buffer(bytes, sizeof bytes);
    speaker_greet(&caller->speaker, &last);
    caller_send(caller, ph_buffer_bytes(&last));
    return true;
}

/* --- speaking and waiting --- */

void caller_say(struct caller *caller, struct ph_bytes message)
{
    static uint8_t bytes[PH_FRAME_HEAD_LEN + PH_FRAME_CIPHER_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    speaker_say(&caller->speaker, message, &out);
    caller_send(caller, ph_buffer_bytes(&out));
}

bool caller_await_end_within(struct caller *caller, uint64_t ms)
{
    while (read_some(caller, ms))
        take_messages(caller);
    return caller->fd < 0;
}

bool caller_await_end(struct caller *caller)
{
    bool has_ended = caller_await_end_within(caller, CALLER_PATIENCE_MS);
    CHECK(has_ended);
    return has_ended;
}

bool caller_await(struct caller *caller, enum ph_message_type type)
{
    uint32_t before = caller->heard[type];
    take_messages(caller);
    while (caller->heard[type] == before) {
        bool has_come = read_some(caller, CALLER_PATIENCE_MS);
        CHECK(has_come || caller->fd < 0);
        if (!has_come)
            return false;
        take_messages(caller);
    }
    return true;
}

bool caller_is_heard_out(struct caller *caller)
{
    uint8_t bytes[16];
    struct ph_buffer who = ph_buffer(bytes, sizeof bytes);
    ph_message_who(&who);
    caller_say(caller, ph_buffer_bytes(&who));
    return caller_await(caller, PH_MESSAGE_INTRODUCE);
}
