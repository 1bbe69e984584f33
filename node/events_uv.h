/* How the parts of the environment on libuv (conn_uv, control_uv) tell what happened. They call
 * only from callbacks of the loop, never out of a call that the node makes, so that the node's step
 * is never entered twice. */
#ifndef PHAROS_NODE_EVENTS_UV_H
#define PHAROS_NODE_EVENTS_UV_H

#include "pharos/env.h"
#include "pharos/log.h"

struct ph_events_uv {
    /* Times are filled in by the receiver. Everything in `event` is borrowed for the call. */
    void (*tell)(void *impl, struct ph_event *event);
    /* Memory is exhausted: the process should stop. May be called out of a call of the node. */
    void (*fail)(void *impl, enum ph_status status);
    void *impl;
    const struct ph_log_sink *log; /* borrowed */
};

#endif
