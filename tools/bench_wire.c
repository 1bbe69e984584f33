#include "tools/bench_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t ph_bench_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- opening --- */

enum ph_status ph_bench_wire_open(struct ph_bench_wire *wire, const char *target,
                                  char why[PH_WHY_SIZE])
{
    struct sockaddr_in at = loopback(0);
    socklen_t len = sizeof at;
    const char *colon = strrchr(target, ':');
    memset(wire, 0, sizeof *wire);
    wire->ends[0] = wire->ends[1] = -1;
    wire->target_port = (uint16_t)(colon != NULL ? strtoul(colon + 1, NULL, 10) : 0);
    wire->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (wire->listener < 0 || bind(wire->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(wire->listener, 8) != 0 ||
        getsockname(wire->listener, (struct sockaddr *)&at, &len) != 0) {
        snprintf(why, PH_WHY_SIZE, "No port to listen on: %s.", strerror(errno));
        return PH_IO;
    }
    snprintf(wire->address, sizeof wire->address, "127.0.0.1:%u", ntohs(at.sin_port));
    return PH_OK;
}

void ph_bench_wire_close(struct ph_bench_wire *wire)
{
    close_fd(&wire->listener);
    close_fd(&wire->ends[0]);
    close_fd(&wire->ends[1]);
}

void ph_bench_wire_reset(struct ph_bench_wire *wire)
{
    wire->bytes[0] = wire->bytes[1] = 0;
    wire->connection_count = 0;
    wire->up_us = wire->down_us = 0;
}

bool ph_bench_wire_is_up(const struct ph_bench_wire *wire)
{
    return wire->ends[0] >= 0;
}

/* --- connections --- */

static void hang_up(struct ph_bench_wire *wire)
{
    close_fd(&wire->ends[0]);
    close_fd(&wire->ends[1]);
    wire->down_us = ph_bench_now_us();
}

static void take_call(struct ph_bench_wire *wire)
{
    int is_on = 1;
    struct sockaddr_in at = loopback(wire->target_port);
    int caller = accept(wire->listener, NULL, NULL);
    if (caller < 0)
        return;
    fcntl(caller, F_SETFD, FD_CLOEXEC);
    wire->up_us = ph_bench_now_us();
    wire->down_us = 0;
    wire->connection_count++;
    wire->ends[0] = caller;
    wire->ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (size_t i = 0; i < 2; i++) {
        wire->halves[i].len = wire->halves[i].passed = 0;
        wire->halves[i].is_ended = false;
        setsockopt(wire->ends[i], IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
    }
    if (wire->ends[1] < 0 || connect(wire->ends[1], (struct sockaddr *)&at, sizeof at) != 0)
        hang_up(wire);
}

/* --- passing on --- */

static bool is_full(const struct ph_bench_wire_half *half)
{
    return half->len != half->passed;
}

static void receive(struct ph_bench_wire *wire, size_t i)
{
    struct ph_bench_wire_half *half = &wire->halves[i];
    ssize_t got = recv(wire->ends[i], half->room, sizeof half->room, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    half->passed = 0;
    half->len = got > 0 ? (size_t)got : 0;
    if (got > 0)
        return;
    half->is_ended = true;
    shutdown(wire->ends[1 - i], SHUT_WR);
}

static void pass_on(struct ph_bench_wire *wire, size_t i)
{
    struct ph_bench_wire_half *half = &wire->halves[i];
    ssize_t put = send(wire->ends[1 - i], half->room + half->passed, half->len - half->passed,
                       MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (put < 0) { /* nobody reads any more */
        half->passed = half->len;
        return;
    }
    half->passed += (size_t)put;
    wire->bytes[i] += (uint64_t)put;
}

static void step_connection(struct ph_bench_wire *wire, int timeout_ms)
{
    struct pollfd wanted[2] = {{.fd = wire->ends[0]}, {.fd = wire->ends[1]}};
    for (size_t i = 0; i < 2; i++) {
        const struct ph_bench_wire_half *half = &wire->halves[i];
        if (is_full(half))
            wanted[1 - i].events |= POLLOUT;
        else if (!half->is_ended)
            wanted[i].events |= POLLIN;
    }
    for (size_t i = 0; i < 2; i++)
        if (wanted[i].events == 0) /* else its hang-up would wake us again and again */
            wanted[i].fd = -1;
    if (poll(wanted, 2, timeout_ms) <= 0)
        return;
    for (size_t i = 0; i < 2; i++) {
        if (!is_full(&wire->halves[i]) && !wire->halves[i].is_ended && wanted[i].revents != 0)
            receive(wire, i);
        if (is_full(&wire->halves[i]))
            pass_on(wire, i);
    }
    if (wire->halves[0].is_ended && wire->halves[1].is_ended && !is_full(&wire->halves[0]) &&
        !is_full(&wire->halves[1]))
        hang_up(wire);
}

void ph_bench_wire_step(struct ph_bench_wire *wire, int timeout_ms)
{
    struct pollfd wanted = {.fd = wire->listener, .events = POLLIN};
    if (ph_bench_wire_is_up(wire))
        step_connection(wire, timeout_ms);
    else if (poll(&wanted, 1, timeout_ms) > 0)
        take_call(wire);
}
