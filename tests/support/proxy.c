#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/check.h"

#define LOOK_MS 20 /* how often it looks whether it is to end */

static struct sockaddr_in loopback(unsigned short port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* False: this direction is over. */
static bool pass(struct proxy *proxy, int from, int to)
{
    char piece[16384];
    size_t room = sizeof piece, count = atomic_load(&proxy->byte_count);
    if (proxy->cut_after != 0 && count >= proxy->cut_after)
        return false;
    if (proxy->cut_after != 0 && proxy->cut_after - count < room)
        room = proxy->cut_after - count;
    ssize_t got = recv(from, piece, room, 0);
    if (got <= 0)
        return false;
    atomic_fetch_add(&proxy->byte_count, (size_t)got);
    return send_all(to, piece, (size_t)got);
}

/* One connection after the other: what a test does needs no more. */
static void carry(struct proxy *proxy, int near, int far)
{
    int ends[2] = {near, far};
    bool is_open[2] = {true, true};
    while ((is_open[0] || is_open[1]) && !atomic_load(&proxy->is_ending)) {
        struct pollfd wanted[2] = {{.fd = is_open[0] ? near : -1, .events = POLLIN},
                                   {.fd = is_open[1] ? far : -1, .events = POLLIN}};
        (void)poll(wanted, 2, LOOK_MS);
        for (int i = 0; i < 2; i++) {
            if (wanted[i].revents == 0 || pass(proxy, ends[i], ends[1 - i]))
                continue;
            is_open[i] = false;
            shutdown(ends[1 - i], SHUT_WR);
            if (proxy->cut_after != 0 && atomic_load(&proxy->byte_count) >= proxy->cut_after)
                return;
        }
    }
}

static void *run(void *argument)
{
    struct proxy *proxy = argument;
    struct sockaddr_in target = loopback(proxy->target_port);
    while (!atomic_load(&proxy->is_ending)) {
        struct pollfd wanted = {.fd = proxy->listener, .events = POLLIN};
        if (poll(&wanted, 1, LOOK_MS) <= 0)
            continue;
        int near = accept(proxy->listener, NULL, NULL);
        int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (near >= 0 && far >= 0 &&
            connect(far, (const struct sockaddr *)&target, sizeof target) == 0)
            carry(proxy, near, far);
        if (near >= 0)
            close(near);
        if (far >= 0)
            close(far);
    }
    return NULL;
}

void proxy_start(struct proxy *proxy, const char *target, size_t cut_after)
{
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof address;
    const char *colon = strrchr(target, ':');
    if (colon == NULL)
        abort();
    *proxy = (struct proxy){.cut_after = cut_after};
    proxy->target_port = (unsigned short)strtoul(colon + 1, NULL, 10);
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(proxy->listener >= 0);
    assert_int_equal(bind(proxy->listener, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(proxy->listener, 8), 0);
    assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)&address, &len), 0);
    snprintf(proxy->address, sizeof proxy->address, "127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&proxy->thread, NULL, run, proxy), 0);
}

size_t proxy_end(struct proxy *proxy)
{
    atomic_store(&proxy->is_ending, true);
    assert_int_equal(pthread_join(proxy->thread, NULL), 0);
    close(proxy->listener);
    return atomic_load(&proxy->byte_count);
}
