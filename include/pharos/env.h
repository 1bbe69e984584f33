/* What a node asks of the world, and the events that it is told: the seam between decisions and
 * I/O.
 *
 * A request never fails and never calls back: its outcome is a later event. The node acts only
 * inside ph_node_step, on one event at a time. Time and chance come in through here and nowhere
 * else, so the same node runs on libuv (node/env_uv.c) and under virtual time (tests/sim/). */
#ifndef PHAROS_ENV_H
#define PHAROS_ENV_H

#include "pharos/bytes.h"
#include "pharos/limits.h"
#include "pharos/status.h"

struct ph_batch;
struct ph_job;

/* Connections are named by the side that opens them here: the node's own dials are odd (it counts
 * up), accepted ones even (the environment counts up). Never used again. */
typedef uint64_t ph_conn_id;

/* Commands are named by whoever gives them. */
typedef uint64_t ph_command_id;

struct ph_env_ops {
    void (*random)(void *impl, uint8_t *out, size_t len);
    /* One alarm; a new call replaces the old one. Ends in WAKE at or after `deadline_ms`;
     * UINT64_MAX: none. */
    void (*wake_at)(void *impl, uint64_t deadline_ms);
    /* Ends in CONN_UP or CONN_DOWN for `conn`. `address` is "host:port", copied. */
    void (*dial)(void *impl, ph_conn_id conn, const char *address);
    /* Copied. Ends in SENT when the network has taken the bytes, unless the connection goes. */
    void (*send)(void *impl, ph_conn_id conn, struct ph_bytes bytes);
    /* What was sent before still leaves if it can; no further event names conn. */
    void (*hangup)(void *impl, ph_conn_id conn);
    /* To everybody near, if there is a way; copied. Nobody is told what became of it. */
    void (*datagram)(void *impl, struct ph_bytes bytes);
    /* Takes the batch; ends in COMMITTED with it. One at a time. */
    void (*commit)(void *impl, struct ph_batch *batch);
    /* Long work off the node's thread: calls job->run once; ends in JOB_DONE. Any order. At most
     * PH_JOBS_MAX at a time; it can't fail. */
    void (*job)(void *impl, struct ph_job *job);
    /* One piece of the answer to a command, copied; `is_last` ends it. */
    void (*reply)(void *impl, ph_command_id command, struct ph_bytes piece, bool is_last);
};

struct ph_env {
    const struct ph_env_ops *ops;
    void *impl;
};

/* Embedded first in whatever the work needs; owned by the node, lent to the environment between
 * `job` and JOB_DONE. `run` touches nothing else of the node. */
struct ph_job {
    void (*run)(struct ph_job *job);
};

enum ph_event_type {
    PH_EVENT_WAKE,
    PH_EVENT_CONN_UP, /* accepted (even) or dialed (odd) */
    PH_EVENT_CONN_DATA,
    PH_EVENT_SENT,
    PH_EVENT_CONN_DOWN, /* closed or failed by the other side or the network */
    PH_EVENT_LISTENING, /* where this node can be called; again when that changes */
    PH_EVENT_DATAGRAM,  /* from somebody near, whoever that is */
    PH_EVENT_COMMITTED,
    PH_EVENT_JOB_DONE,
    PH_EVENT_COMMAND,
    PH_EVENT_COMMAND_GONE, /* whoever gave it does not wait for the answer any more */
    PH_EVENT_STOP,         /* finish what is under way, say goodbye */
};

struct ph_event {
    enum ph_event_type type;
    uint64_t now_ms; /* monotonic; the same for the whole step */
    int64_t wall_ms; /* claimed wall-clock time, ms since 1970; display only */
    union {
        struct {
            ph_conn_id conn;
            const char *address;
        } up; /* the other end, as text; borrowed */
        struct {
            ph_conn_id conn;
            struct ph_bytes bytes;
        } data; /* borrowed */
        struct {
            ph_conn_id conn;
            size_t len;
        } sent;
        struct {
            ph_conn_id conn;
            const char *reason;
        } down; /* borrowed */
        struct {
            uint16_t beacon_port; /* TCP, for people near; 0: nothing is to be said to them */
            const char *const *addresses; /* "host:port" that may lead here from afar */
            size_t address_count;
        } listening; /* borrowed */
        struct {
            const char *host; /* the sender's, as text without a port */
            struct ph_bytes bytes;
        } datagram; /* borrowed */
        struct {
            struct ph_batch *batch;
            enum ph_status status;
        } committed; /* the node's again */
        struct {
            struct ph_job *job;
        } done;
        struct {
            ph_command_id id;
            struct ph_bytes bytes;
        } command; /* borrowed */
    } of;
};

#endif
