/* A crowd of callers in a process of its own, as fast as one core can. */
#ifndef PHAROS_TESTS_SUPPORT_FLOOD_H
#define PHAROS_TESTS_SUPPORT_FLOOD_H

#include "pharos/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FLOOD_WIDTH_MAX 1024

struct flood_spec {
    const char *address;   /* "127.0.0.1:port" */
    const char *from;      /* the address to call from, such as "127.0.0.2" */
    struct ph_bytes first; /* what each says; empty: nothing */
    bool is_random;        /* other bytes each time, as many as `first` has */
    bool leaves_answered;  /* hangs up once anything was answered; else the node has to */
    uint32_t width;        /* connections at a time */
    uint32_t count;        /* attempts, then it ends; 0: until it is stopped */
};

struct flood {
    pid_t pid;
    int out;
};

struct flood_result {
    uint64_t attempts;
    uint64_t answered_len; /* bytes, of all attempts */
    bool has_ended;        /* by itself, all attempts made */
};

/* It ends with the calling thread at the latest. */
struct flood flood_start(const struct flood_spec *spec);
bool flood_is_over(const struct flood *flood);
/* Waits for its end, or makes it end. */
struct flood_result flood_await(struct flood *flood);
struct flood_result flood_stop(struct flood *flood);

#endif
