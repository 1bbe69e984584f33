#include "tests/support/flood.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"

#define FIRST_MAX 1024

static volatile sig_atomic_t is_stopped;

static void on_stop(int number)
{
    (void)number;
    is_stopped = 1;
}

/* --- one attempt --- */

static int dial(const struct sockaddr_in *here, const struct sockaddr_in *there)
{
    struct linger reset = {.l_onoff = 1}; /* no port stays behind */
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        _exit(2);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    if (bind(fd, (const struct sockaddr *)here, sizeof *here) != 0)
        _exit(2);
    if (connect(fd, (const struct sockaddr *)there, sizeof *there) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

static void say_first(const struct flood_spec *spec, int fd)
{
    uint8_t bytes[FIRST_MAX];
    size_t len = spec->first.len;
    if (len == 0)
        return;
    memcpy(bytes, spec->first.data, len);
    if (spec->is_random && getrandom(bytes, len, 0) != (ssize_t)len)
        _exit(2);
    (void)!send(fd, bytes, len, MSG_NOSIGNAL);
}

/* --- all of them --- */

struct crowd {
    const struct flood_spec *spec;
    struct sockaddr_in here, there;
    struct pollfd slots[FLOOD_WIDTH_MAX];
    struct flood_result result;
};

static void end_attempt(struct crowd *crowd, struct pollfd *slot)
{
    close(slot->fd);
    slot->fd = -1;
    crowd->result.attempts++;
}

static void look_at(struct crowd *crowd, struct pollfd *slot)
{
    uint8_t bytes[4096];
    if ((slot->revents & POLLOUT) != 0) { /* connected */
        say_first(crowd->spec, slot->fd);
        slot->events = POLLIN;
    }
    if ((slot->revents & (POLLIN | POLLHUP | POLLERR)) == 0)
        return;
    ssize_t len = recv(slot->fd, bytes, sizeof bytes, 0);
    if (len > 0)
        crowd->result.answered_len += (uint64_t)len;
    if (len == 0 || (len < 0 && errno != EAGAIN) || (len > 0 && crowd->spec->leaves_answered))
        end_attempt(crowd, slot);
}

static bool goes_on(const struct crowd *crowd)
{
    uint32_t count = crowd->spec->count;
    return is_stopped == 0 && (count == 0 || crowd->result.attempts < count);
}

static void flood(struct crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->spec->width; i++)
        crowd->slots[i].fd = -1;
    while (goes_on(crowd)) {
        for (uint32_t i = 0; i < crowd->spec->width; i++) {
            if (crowd->slots[i].fd >= 0)
                continue;
            crowd->slots[i].fd = dial(&crowd->here, &crowd->there);
            crowd->slots[i].events = POLLOUT | POLLIN;
        }
        if (poll(crowd->slots, crowd->spec->width, 1000) <= 0)
            continue;
        for (uint32_t i = 0; i < crowd->spec->width && goes_on(crowd); i++)
            if (crowd->slots[i].fd >= 0 && crowd->slots[i].revents != 0)
                look_at(crowd, &crowd->slots[i]);
    }
    crowd->result.has_ended = is_stopped == 0;
}

static void run(const struct flood_spec *spec, int out)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    const char *colon = strrchr(spec->address, ':');
    struct sigaction stop = {.sa_handler = on_stop};
    if (crowd == NULL || colon == NULL)
        _exit(2);
    crowd->spec = spec;
    crowd->there.sin_family = AF_INET;
    crowd->there.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    crowd->there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    crowd->here.sin_family = AF_INET;
    if (inet_pton(AF_INET, spec->from, &crowd->here.sin_addr) != 1)
        _exit(2);
    sigaction(SIGTERM, &stop, NULL);
    flood(crowd);
    (void)!write(out, &crowd->result, sizeof crowd->result);
    _exit(0);
}

struct flood flood_start(const struct flood_spec *spec)
{
    int ends[2];
    CHECK(spec->width <= FLOOD_WIDTH_MAX && spec->first.len <= FIRST_MAX);
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        run(spec, ends[1]);
    }
    close(ends[1]);
    return (struct flood){.pid = pid, .out = ends[0]};
}

bool flood_is_over(const struct flood *flood)
{
    struct pollfd wait = {.fd = flood->out, .events = POLLIN};
    return poll(&wait, 1, 0) == 1;
}

struct flood_result flood_await(struct flood *flood)
{
    struct flood_result result;
    CHECK(read(flood->out, &result, sizeof result) == sizeof result);
    CHECK(waitpid(flood->pid, NULL, 0) == flood->pid);
    close(flood->out);
    return result;
}

struct flood_result flood_stop(struct flood *flood)
{
    kill(flood->pid, SIGTERM);
    return flood_await(flood);
}
