/* A way to a node that counts what passes, and may be cut: a thread with a port of its own.
 *
 * Bytes are TCP payload, both directions, from connect to close, of all connections together. */
#ifndef PHAROS_TESTS_SUPPORT_PROXY_H
#define PHAROS_TESTS_SUPPORT_PROXY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

struct proxy {
    char address[64]; /* "127.0.0.1:port" */
    int listener;
    unsigned short target_port;
    size_t cut_after; /* bytes; then every connection ends. 0: never */
    atomic_size_t byte_count;
    atomic_bool is_ending;
    pthread_t thread;
};

/* `target` is an address "127.0.0.1:port". */
void proxy_start(struct proxy *proxy, const char *target, size_t cut_after);
/* Ends it; returns all the bytes that passed. */
size_t proxy_end(struct proxy *proxy);

#endif
