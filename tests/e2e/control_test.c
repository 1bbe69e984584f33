/* The control socket of a node that runs, abused by programs of the same user, and out of reach for
 * others. After each, commands are answered and the network goes on. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/control_path_uv.h"
#include "pharos/limits.h"
#include "proto/pack.h"
#include "tests/support/process.h"

#define PATIENCE_MS 60000
#define STATUS "\0\0\0\x08\x91\xa6status"

/* --- a client --- */

static int dial(const struct process_school *school)
{
    struct sockaddr_un address;
    int dir_fd = -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_OK(ph_control_path(school->home, &address, &dir_fd));
    int failed = connect(fd, (struct sockaddr *)&address, sizeof address);
    if (dir_fd >= 0)
        close(dir_fd);
    CHECK(failed == 0);
    return fd;
}

/* As much as is taken without waiting for longer than the node needs to look. */
static void say(int fd, const void *bytes, size_t len)
{
    while (len != 0) {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        if (poll(&wait, 1, PATIENCE_MS) != 1 || (wait.revents & POLLOUT) == 0)
            return;
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
            return;
        if (sent > 0) {
            bytes = (const char *)bytes + sent;
            len -= (size_t)sent;
        }
    }
}

/* Up to the end; how much it was. `out` gets the beginning. */
static size_t hear_to_the_end(int fd, char *out, size_t size)
{
    char bytes[65536];
    size_t heard = 0;
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        CHECK(poll(&wait, 1, PATIENCE_MS) == 1);
        ssize_t len = recv(fd, bytes, sizeof bytes, 0);
        if (len <= 0)
            return heard;
        for (ssize_t i = 0; i < len && heard + (size_t)i + 1 < size; i++)
            out[heard + (size_t)i] = bytes[i];
        heard += (size_t)len;
    }
}

/* One answer that says an error, then the end. */
static void check_is_told(int fd, const char *sentence)
{
    char text[500] = "";
    size_t len = hear_to_the_end(fd, text, sizeof text);
    CHECK(len > 4 && len < sizeof text);
    CHECK(strstr(text + 4, "\xa5"
                           "error") != NULL);
    CHECK(strstr(text + 4, sentence) != NULL);
    close(fd);
}

static void check_goes_on(const struct process_world *world)
{
    const struct process_school *a = &world->schools[0], *b = &world->schools[1];
    json_decref(process_json(a, WORDS("status")));
    process_do(b, WORDS("sync", a->address));
}

static struct process_world *set_up(void **state)
{
    struct process_world *world = *state;
    process_found(&world->schools[0]);
    process_serve(&world->schools[0], WORDS(NULL));
    process_join(&world->schools[1], &world->schools[0]);
    return world;
}

/* --- forms --- */

static const struct {
    const char *name, *bytes;
    size_t len;
    const char *sentence;
} forms[] = {
    {"a length of 0", "\0\0\0\0", 4, "The request is empty or too long."},
    {"a length of 2^32 - 1", "\xff\xff\xff\xff", 4, "The request is empty or too long."},
    {"a length of 2^31", "\x80\0\0\0", 4, "The request is empty or too long."},
    {"one byte over the limit", "\0\x10\0\1", 4, "The request is empty or too long."},
    {"a web browser", "GET / HTTP/1.1\r\n\r\n", 18, "The request is empty or too long."},
    {"no MessagePack", "\0\0\0\2\xc1\xc1", 6, "The request doesn't have the form of a command."},
    {"a billion items", "\0\0\0\5\xdd\x7f\xff\xff\xff", 9,
     "The request doesn't have the form of a command."},
    {"something behind it", "\0\0\0\3\x90\xc0\xc0", 7,
     "The request doesn't have the form of a command."},
};

static void what_is_no_request_is_told_so_and_cut_off(void **state)
{
    struct process_world *world = set_up(state);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        int fd = dial(&world->schools[0]);
        print_message("  %s\n", forms[i].name);
        say(fd, forms[i].bytes, forms[i].len);
        check_is_told(fd, forms[i].sentence);
    }
    check_goes_on(world);
}

/* An answer, not the end: the next request is answered too. */
static void a_command_that_nobody_knows_is_answered(void **state)
{
    static const char *const requests[] = {"\0\0\0\1\x90", "\0\0\0\1\xc0", "\0\0\0\2\x91\x05",
                                           "\0\0\0\5\x91\xa3wha"};
    static const size_t lens[] = {5, 5, 6, 9};
    struct process_world *world = set_up(state);
    int fd = dial(&world->schools[0]);
    for (size_t i = 0; i < 4; i++) {
        uint8_t head[4], answer[500];
        say(fd, requests[i], lens[i]);
        CHECK(recv(fd, head, 4, MSG_WAITALL) == 4);
        size_t len = ph_get_u32(head) & ~PH_CONTROL_LAST;
        CHECK(len < sizeof answer && recv(fd, answer, len, MSG_WAITALL) == (ssize_t)len);
        CHECK(len > 7 && memcmp(answer,
                                "\x81\xa5"
                                "error",
                                7) == 0);
    }
    close(fd);
    check_goes_on(world);
}

static void half_requests_and_many_clients_keep_no_command_out_for_good(void **state)
{
    struct process_world *world = set_up(state);
    int fds[PH_COMMANDS_MAX];
    for (int i = 0; i < PH_COMMANDS_MAX; i++) {
        fds[i] = dial(&world->schools[0]);
        say(fds[i], "\0\x10\0\0half", i % 2 == 0 ? 8 : 2);
    }

    check_is_told(dial(&world->schools[0]), "The node is busy with too many commands.");
    process_do(&world->schools[1], WORDS("sync", world->schools[0].address));
    for (int i = 0; i < PH_COMMANDS_MAX; i++)
        close(fds[i]);

    struct process_outcome outcome = {.code = 1};
    for (int i = 0; i < 1000 && outcome.code != 0; i++) {
        process_free(&outcome);
        process_run(&world->schools[0], WORDS("status"), NULL, &outcome);
    }
    assert_int_equal(outcome.code, 0);
    process_free(&outcome);
    check_goes_on(world);
}

/* --- answers --- */

/* The form allows the next request only after the answer: who sends on is cut off. Either way it is
 * 10,000 requests, and whoever reads nothing gets no more than the kernel takes. */
static void ten_thousand_requests_without_reading_stop_nobody(void **state)
{
    struct process_world *world = set_up(state);
    int fd = dial(&world->schools[0]);
    for (int i = 0; i < 10000; i++)
        say(fd, STATUS, sizeof STATUS - 1);
    check_goes_on(world);
    close(fd);
    check_goes_on(world);
}

/* Its first command waits for somebody who never speaks. */
static void who_asks_again_before_the_answer_is_cut_off(void **state)
{
    struct process_world *world = set_up(state);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    char text[32], unheard[8];
    uint8_t request[100];
    struct ph_buffer out = ph_buffer(request, sizeof request);
    int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(silent, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(silent, 8) == 0);
    CHECK(getsockname(silent, (struct sockaddr *)&address, &size) == 0);
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(address.sin_port));
    ph_buffer_put(&out, "\0\0\0", 4);
    ph_pack_array(&out, 3);
    ph_pack_text(&out, ph_bytes_text("sync"));
    ph_pack_text(&out, ph_bytes_text(text));
    ph_pack_uint(&out, 30000);
    request[3] = (uint8_t)(out.len - 4);
    int fd = dial(&world->schools[0]);

    say(fd, request, out.len);
    say(fd, STATUS, sizeof STATUS - 1);

    assert_int_equal(hear_to_the_end(fd, unheard, sizeof unheard), 0);
    close(fd);
    close(silent);
    check_goes_on(world);
}

static void who_goes_without_its_answers_is_forgotten(void **state)
{
    struct process_world *world = set_up(state);
    for (int i = 0; i < 1000; i++) {
        int fd = dial(&world->schools[0]);
        say(fd, STATUS, i % 3 == 0 ? 6 : sizeof STATUS - 1);
        close(fd);
    }
    check_goes_on(world);
}

static void who_reads_byte_by_byte_gets_all_of_it(void **state)
{
    struct process_world *world = set_up(state);
    int fd = dial(&world->schools[0]);
    uint8_t head[4], byte;
    say(fd, STATUS, sizeof STATUS - 1);
    for (int i = 0; i < 4; i++)
        CHECK(recv(fd, &head[i], 1, MSG_WAITALL) == 1);
    uint32_t len = ph_get_u32(head) & ~PH_CONTROL_LAST;
    CHECK((ph_get_u32(head) & PH_CONTROL_LAST) != 0 && len > 10);
    for (uint32_t i = 0; i < len; i++)
        CHECK(recv(fd, &byte, 1, MSG_WAITALL) == 1);
    check_goes_on(world);
    close(fd);
}

/* --- who may --- */

/* Another user, if the test may become one. 0: it could connect. */
static int connect_as_another(const struct process_school *school)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATH_MAX + 10];
    snprintf(path, sizeof path, "%s/" PH_CONTROL_NAME, school->home);
    CHECK(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(2);
        _exit(connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : 1);
    }
    int ended = 0;
    CHECK(waitpid(pid, &ended, 0) == pid && WIFEXITED(ended));
    return WEXITSTATUS(ended);
}

static void another_user_can_not_connect(void **state)
{
    struct process_world *world = set_up(state);
    if (getuid() != 0)
        skip();

    assert_int_equal(connect_as_another(&world->schools[0]), 1);

    check_goes_on(world);
}

static void without_its_socket_the_node_goes_on_and_ends_in_good_order(void **state)
{
    struct process_world *world = set_up(state);
    char path[PATH_MAX + 10];
    snprintf(path, sizeof path, "%s/" PH_CONTROL_NAME, world->schools[0].home);
    assert_int_equal(unlink(path), 0);

    process_do(&world->schools[1], WORDS("sync", world->schools[0].address));

    assert_int_equal(process_end(&world->schools[0], SIGTERM, 10000), 0);
    process_serve(&world->schools[0], WORDS(NULL));
    check_goes_on(world);
}

CHECK_MAIN(PROCESS_TEST(what_is_no_request_is_told_so_and_cut_off),
           PROCESS_TEST(a_command_that_nobody_knows_is_answered),
           PROCESS_TEST(half_requests_and_many_clients_keep_no_command_out_for_good),
           PROCESS_TEST(ten_thousand_requests_without_reading_stop_nobody),
           PROCESS_TEST(who_asks_again_before_the_answer_is_cut_off),
           PROCESS_TEST(who_goes_without_its_answers_is_forgotten),
           PROCESS_TEST(who_reads_byte_by_byte_gets_all_of_it),
           PROCESS_TEST(another_user_can_not_connect),
           PROCESS_TEST(without_its_socket_the_node_goes_on_and_ends_in_good_order))
