/* TCP on libuv: listening, dialing, sending, hanging up, for one node.
 *
 * A connection is named by its id from the first call on it until its CONN_DOWN is told, or until
 * the node hangs up. What is hung up lingers: it sends what it was given, ends its direction, and
 * waits for the other side's end, PH_CONN_LINGER_MS at most; closing at once would make the kernel
 * reset the connection while our last bytes are still on their way. Who was told nothing doesn't
 * linger, and whoever lingers gives way to a new caller. */
#ifndef PHAROS_NODE_CONN_UV_H
#define PHAROS_NODE_CONN_UV_H

#include "node/address_uv.h"
#include "node/events_uv.h"

#include <uv.h>

#define PH_CONN_READ_SIZE (64 * 1024)
#define PH_CONN_LINGER_MS 1000
#define PH_CONN_BACKLOG 1024       /* callers that wait in the kernel */
#define PH_CONN_ACCEPTS_MAX 16     /* between two looks at what has been received */
#define PH_CONN_NOTE_MS 60000      /* callers turned away are noted in the log no more often */
#define PH_CONN_OTHER_FILES_MAX 96 /* descriptors for all but callers: store, control, dials */
#define PH_CONN_TARGETS_MAX 8      /* addresses of one name that are tried */
#define PH_CONN_TARGET_MS_MAX 4000 /* for each of them */

struct ph_conn_uv;
struct ph_listener_uv;

struct ph_conns_uv {
    uv_loop_t *loop; /* borrowed */
    struct ph_events_uv events;
    struct ph_conn_uv *first;
    unsigned count;                  /* connections in any state, lingering ones included */
    unsigned accepted;               /* those of them that others opened, but for closing ones */
    unsigned accepted_max;           /* PH_PEERS_MAX, or less where descriptors are scarce */
    unsigned lingering;              /* those of them that were hung up and still send */
    unsigned resolving;              /* names being looked up on a worker; can't be called back */
    ph_conn_id accepted_id;          /* the last one given, even */
    uint64_t noted_ms;               /* when callers turned away were noted last; 0: never */
    struct ph_listener_uv *listener; /* owned; NULL: not listening */
    char *read_buffer; /* PH_CONN_READ_SIZE, shared: an event is told before the next read */
};

/* PH_NO_MEMORY. */
PH_MUST_USE enum ph_status ph_conns_uv_init(struct ph_conns_uv *conns, uv_loop_t *loop,
                                            struct ph_events_uv events);
/* After the loop has run dry. */
void ph_conns_uv_deinit(struct ph_conns_uv *conns);

/* Listen on "[::]:7410" (both IPv6 and IPv4; IPv4 alone where IPv6 is missing) or on any other
 * numeric address; `actual` gets it with the real port. PH_REFUSED: `why` says in one sentence. */
PH_MUST_USE enum ph_status ph_conns_uv_listen(struct ph_conns_uv *conns, const char *address,
                                              char actual[PH_ADDRESS_LEN_MAX + 1], char why[200]);
void ph_conns_uv_unlisten(struct ph_conns_uv *conns);

/* As struct ph_env_ops says. Ids that aren't known (any more) are ignored by send and hangup. */
void ph_conns_uv_dial(struct ph_conns_uv *conns, ph_conn_id id, const char *address);
void ph_conns_uv_send(struct ph_conns_uv *conns, ph_conn_id id, struct ph_bytes bytes);
void ph_conns_uv_hangup(struct ph_conns_uv *conns, ph_conn_id id);

/* Close without another event: all, or all but those that linger. */
void ph_conns_uv_close(struct ph_conns_uv *conns, bool lingering_too);

#endif
