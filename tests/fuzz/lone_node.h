/* One node with nobody around it: an environment in which a fuzz target plays the network, the
 * disk's delays and the clock, as fast as it can. The store is real, in memory. What a conversation
 * has changed is undone by lone_reset; one that has changed nothing leaves the node as good as new,
 * so the next begins at once.
 *
 * Network calls are kept for the target to look at: sent bytes gather in a line until they are
 * taken. A line is one connection, as the node sees it. */
#ifndef PHAROS_TESTS_FUZZ_LONE_NODE_H
#define PHAROS_TESTS_FUZZ_LONE_NODE_H

#include <limits.h>

#include "node/node.h"
#include "tests/fuzz/fuzz.h"

#define LONE_LINES 3
#define LONE_ANSWER_MAX PH_COMMAND_BYTES_MAX

struct lone_line {
    ph_conn_id conn; /* 0: none */
    bool is_up;      /* neither side has hung up */
    uint8_t *heard;  /* owned: what the node sent and nobody took yet */
    size_t heard_len, heard_size;
    size_t unsent; /* of it, what the node was not told to have left */
};

struct lone_file {
    char name[NAME_MAX + 1];
    struct ph_bytes bytes; /* owned */
};

struct lone {
    struct lone *next; /* all of a process, whose folders are removed at its end */
    struct ph_node *node;
    struct ph_store *store;
    struct ph_identity identity;
    struct ph_log_sink log;
    char path[64];
    uint64_t now_ms, alarm_ms, chance;
    ph_conn_id last_conn;
    struct lone_line lines[LONE_LINES];
    ph_conn_id dialed[PH_ADDRESSES_MAX]; /* not answered yet */
    size_t dialed_count;
    struct ph_batch *batch;
    struct ph_job *job;
    uint32_t commit_count, renew_count;
    ph_command_id last_command, answered;
    uint32_t waiting_count; /* commands without an answer yet */
    uint8_t *answer;        /* of the last command answered */
    size_t answer_len;
    struct lone_file files[8]; /* as they were kept */
    size_t file_count;
    uint32_t commits_kept;
};

/* A node without a network, on a store of its own. */
void lone_init(struct lone *lone);
/* What is on disk now is where lone_reset goes back to. Nothing may be under way. */
void lone_keep(struct lone *lone);
/* A new node on the disk as it was kept, at a fixed time and chance. */
void lone_reset(struct lone *lone);
/* The same node again, on the disk as it is. */
void lone_reopen(struct lone *lone);
/* Whether anything was written since. */
bool lone_is_changed(const struct lone *lone);

/* Tell the node. `event` lacks times only. */
void lone_tell(struct lone *lone, struct ph_event *event);
/* A connection from outside, in the place of `line`, which must be down. */
void lone_connect(struct lone *lone, uint32_t line);
void lone_disconnect(struct lone *lone, uint32_t line);
void lone_say(struct lone *lone, uint32_t line, struct ph_bytes bytes);
void lone_take(struct lone *lone, uint32_t line, size_t len); /* of `heard`, from its beginning */
void lone_advance(struct lone *lone, uint64_t ms);
/* What was sent has left; who was dialed is not there. */
void lone_deliver(struct lone *lone);
/* The commit or job under way comes to its end. False: there was none. */
bool lone_work(struct lone *lone);
/* All of it, until nothing is left to do at this time. */
void lone_settle(struct lone *lone);

void lone_command_begin(struct lone *lone, struct ph_bytes request);
/* The answer, or an empty one if there is none yet. Borrowed until the next. */
struct ph_bytes lone_command(struct lone *lone, struct ph_bytes request);
/* The item of a map under a text key; empty: none. */
struct ph_bytes lone_pick(struct ph_bytes map, const char *key);
/* As `status` says it, in hex. */
struct ph_bytes lone_root(struct lone *lone);

#endif
