/* Several nodes in one process, under virtual time: the environment of pharos/env.h with a virtual
 * network (sim_net.h, sim_near.h), virtual disks that are real stores in a folder each, and seeded
 * chance. The same seed and the same story give the same trace, to the byte.
 *
 * What a machine may do to its node, beside what the network does:
 *
 *   - Its wall clock says anything, and its alarm comes late.
 *   - Commits and jobs take their time. A commit finds the map full (it is enlarged, as the real
 *     environment does), or the disk: then nothing is written.
 *   - It crashes at any moment: connections break, memory is gone, of the commits a prefix stays.
 *     The one under way may be in it or not, or in the journal alone, which the next start replays;
 *     but never a part of it: the store is synchronous.
 *   - It starts again from what its disk holds, with fresh chance.
 *   - A commit fails without anybody knowing whether it is written; the node then stops by itself.
 *   - Its disk is set back to an older copy, or becomes that of another machine.
 *
 * Not modelled yet: bits that rot, clocks that run unevenly, memory that runs out. All of it can be
 * added here without a change to the nodes.
 *
 * Nodes are numbered from 0; node 2 is at "node2:7410". A node that stops by itself (node.h:
 * failure) is down from then on; the watcher is told why. What only a broken node can do (naming a
 * connection that it doesn't have, two commits at once, spinning) ends the program. */
#ifndef PHAROS_TESTS_SIM_H
#define PHAROS_TESTS_SIM_H

#include "node/node.h"
#include "store/view.h"
#include "tests/sim/sim_near.h"

#define SIM_NODES_MAX 25                    /* of a network drawn from a seed */
#define SIM_MACHINES_MAX 1000               /* of any */
#define SIM_TODAY_MS INT64_C(1773568800000) /* 15 March 2026 */

struct sim;

struct sim_options {
    uint64_t seed;
    uint32_t node_count;
    struct sim_net_options net;
    struct sim_span commit_ms;
    struct sim_span job_ms;
    struct sim_span late_ms; /* alarms */
    uint64_t map_bytes;      /* of each store; 0: the usual */
    const char *folder;      /* where the disks are made; NULL: in memory */
    bool is_printed;   /* the trace goes to stderr as well; SIM_TRACE in the environment too */
    bool is_forgetful; /* only the trace's hash is kept, not its lines */
};

/* Who looks at everything as it happens. It may read the node's store, and do nothing else. */
struct sim_watcher {
    void *impl;
    void (*started)(void *impl, uint32_t node);
    void (*applied)(void *impl, uint32_t node, const struct ph_batch *batch); /* it is on disk */
    void (*replied)(void *impl, uint32_t node, ph_command_id command, struct ph_bytes answer);
    /* A message on its way to a peer, not sealed yet. Only in programs that link sim_tap.c. */
    void (*said)(void *impl, uint32_t node, struct ph_bytes message);
    void (*died)(void *impl, uint32_t node, enum ph_status failure); /* PH_OK: not by itself */
};

/* A plain school network without faults. */
struct sim_options sim_options(uint64_t seed, uint32_t node_count);

/* No node is started yet. */
struct sim *sim_new(const struct sim_options *options);
/* The usual beginning: all started. */
struct sim *sim_start_all(uint64_t seed, uint32_t node_count);
void sim_free(struct sim *sim); /* crashes what is up, removes the folders */
/* Copied. NULL: nobody. */
void sim_watch(struct sim *sim, const struct sim_watcher *watcher);

/* --- time --- */

uint64_t sim_now(const struct sim *sim);
void sim_run(struct sim *sim, uint64_t ms);
/* Until it is so, at most `ms`. Asked after every task; so it asks the sim, not the nodes. */
typedef bool sim_question(const struct sim *sim, const void *impl);
bool sim_run_until(struct sim *sim, sim_question *question, const void *impl, uint64_t ms);
/* Until all nodes that are up, and in a network, have equal roots and nothing left to materialise.
 * False: not within `ms`. Asks each node for its status now and then, at no cost but virtual
 * time. */
bool sim_converge(struct sim *sim, uint64_t ms);

/* --- machines --- */

void sim_start(struct sim *sim, uint32_t node);
/* Orderly, as at SIGTERM. */
void sim_stop(struct sim *sim, uint32_t node);
void sim_stop_begin(struct sim *sim, uint32_t node); /* and don't wait until it is down */
/* Of the commit under way: in the journal alone, it is there after the next start. */
enum sim_fate { SIM_FATE_DRAWN, SIM_FATE_LOST, SIM_FATE_JOURNALED, SIM_FATE_KEPT };
void sim_crash(struct sim *sim, uint32_t node, enum sim_fate fate);
/* Crash right when the node hands over its `count`-th commit from now on; 0: not. */
void sim_crash_at_commit(struct sim *sim, uint32_t node, uint32_t count, enum sim_fate fate);
/* Its next commit fails, written or not, and nobody knows which. */
void sim_break_commit(struct sim *sim, uint32_t node, enum sim_fate fate);
void sim_mend_commit(struct sim *sim, uint32_t node); /* it doesn't */
bool sim_is_up(const struct sim *sim, uint32_t node);
bool sim_is_stopping(const struct sim *sim, uint32_t node);
uint64_t sim_life(const struct sim *sim, uint32_t node); /* how often it was started or died */

/* Before its next start: keeps dialing that address. */
void sim_keep_dialing(struct sim *sim, uint32_t node, const char *address);
/* Before its next start: it says to everybody near where it can be called, and hears others. */
void sim_set_beacon(struct sim *sim, uint32_t node, bool has_beacon);
/* The same: it is told its address, as one that others may call from afar. */
void sim_set_published(struct sim *sim, uint32_t node, bool is_published);
/* Now it is told this one instead. */
void sim_tell_address(struct sim *sim, uint32_t node, const char *address);
/* It moves to another address, "host:7410". */
void sim_move(struct sim *sim, uint32_t node, const char *host);
void sim_set_wall(struct sim *sim, uint32_t node, int64_t wall_ms); /* now; runs on from there */
void sim_set_disk_full(struct sim *sim, uint32_t node, bool is_full);
bool sim_is_disk_full(const struct sim *sim, uint32_t node);
bool sim_was_disk_full(const struct sim *sim, uint32_t node); /* now, or at any time before */
bool sim_is_committing(const struct sim *sim, uint32_t node);
/* Its secrets as a writer are gone, as when a backup is restored that leaves them out. Before its
 * next start. */
void sim_lose_writer(struct sim *sim, uint32_t node);
/* A copy of the disk of a machine that is down, one for each; a later one replaces it. */
void sim_back_up(struct sim *sim, uint32_t node);
/* The disk of a machine that is down becomes what was backed up of `from`, itself or another, which
 * makes it the same school. With the secrets copied nobody notices: a disk image, or a whole disk
 * set back. Without, they are missing or don't fit the machine. */
enum sim_secrets { SIM_SECRETS_COPIED, SIM_SECRETS_MISSING };
void sim_restore(struct sim *sim, uint32_t node, uint32_t from, enum sim_secrets secrets);
/* How long its commits and jobs take, and how late its alarms are, from now on. */
void sim_set_commit_ms(struct sim *sim, uint32_t node, struct sim_span span);
void sim_set_job_ms(struct sim *sim, uint32_t node, struct sim_span span);
void sim_set_late_ms(struct sim *sim, uint32_t node, struct sim_span span);

/* --- network --- */

struct sim_net *sim_net(struct sim *sim);
struct sim_near *sim_near(struct sim *sim);
struct sim_clock *sim_clock(struct sim *sim);
uint32_t sim_place(const struct sim *sim, uint32_t node);    /* in sim_net */
void sim_partition(struct sim *sim, uint32_t a, uint32_t b); /* both directions */
void sim_block(struct sim *sim, uint32_t from, uint32_t to); /* one direction */
void sim_unblock(struct sim *sim, uint32_t from, uint32_t to);
void sim_heal(struct sim *sim); /* every way is open */

/* --- commands --- */

ph_command_id sim_next_command(const struct sim *sim); /* what the next one will be called */
/* Hand over a request and go on; the answer is complete once sim_answer gives it. */
ph_command_id sim_command_begin(struct sim *sim, uint32_t node, struct ph_bytes request);
/* Whoever gave it does not wait any more. */
void sim_command_gone(struct sim *sim, ph_command_id command);
/* Empty: not answered yet (or never: the node went down). Borrowed until sim_forget or
 * sim_free. */
struct ph_bytes sim_answer(const struct sim *sim, ph_command_id command);
/* The answer is not wanted any more, and its memory is free. */
void sim_forget(struct sim *sim, ph_command_id command);
/* Begin, then run until it is answered. Empty: the node went down meanwhile, or an hour passed. */
struct ph_bytes sim_command(struct sim *sim, uint32_t node, struct ph_bytes request);

/* --- questions --- */

/* What can't be read or is not said ends the program, so that nothing is equal to it. */
struct ph_root sim_root(struct sim *sim, uint32_t node); /* of what is durable, by `status` */
/* False: it went down meanwhile. */
bool sim_ask_root(struct sim *sim, uint32_t node, struct ph_root *root);
/* What is durable at a node that is up; to be closed. */
void sim_view(struct sim *sim, uint32_t node, struct ph_view *view);
/* Whether a walk through a view goes on; false: it is at its end. */
bool sim_goes_on(struct sim *sim, uint32_t node, enum ph_status status);
/* All records that are shown, kind by kind, in canonical form: byte for byte the same at nodes that
 * hold the same. Borrowed until asked again of the same node. */
struct ph_bytes sim_records(struct sim *sim, uint32_t node);
/* Whether two nodes hold the same: roots, and records byte for byte. */
bool sim_are_equal(struct sim *sim, uint32_t a, uint32_t b);
bool sim_is_behind(struct sim *sim, uint32_t node);              /* entries not materialised yet */
uint32_t sim_commit_count(const struct sim *sim, uint32_t node); /* handed over since the start */
struct ph_store *sim_store(struct sim *sim, uint32_t node);      /* NULL: down */
struct ph_school_id sim_school(const struct sim *sim, uint32_t node);
const struct ph_identity *sim_identity(const struct sim *sim, uint32_t node);

/* Everything so far, and its hash. */
const char *sim_trace(const struct sim *sim);
uint64_t sim_trace_hash(const struct sim *sim);
void sim_trace_forget(struct sim *sim);
/* Whether a line of this node holds that text. */
bool sim_trace_has(const struct sim *sim, uint32_t node, const char *text);

#endif
