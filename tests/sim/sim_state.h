/* What a simulation is made of. Included by sim*.c only. */
#ifndef PHAROS_TESTS_SIM_STATE_H
#define PHAROS_TESTS_SIM_STATE_H

#include "tests/sim/sim.h"
#include "tests/sim/sim_trace.h"

#define SIM_PATH_MAX 200
#define SIM_JOBS_MAX 4
#define SIM_KEPT_MAX 32 /* addresses that a node is told to keep dialing */

#define SIM_DISK_FILES 2 /* the database, the journal */

/* A file as it was. */
struct sim_copy {
    bool is_there;
    uint8_t *bytes; /* owned */
    size_t len;
};

struct sim_machine {
    struct sim *sim;
    uint32_t index;
    uint32_t place; /* in the network */
    bool has_beacon, is_published;
    char host[32]; /* what others are told where its beacons come from */
    char path[SIM_PATH_MAX];
    char journal[SIM_PATH_MAX + 16];
    struct ph_identity identity, backed_up;
    struct sim_copy backup[SIM_DISK_FILES];
    char kept[SIM_KEPT_MAX][PH_ADDRESS_LEN_MAX + 1];
    size_t kept_count;

    struct ph_node *node; /* NULL: down */
    struct ph_store *store;
    struct ph_log_sink log;
    uint64_t stopping_life; /* that life was told to end */
    uint64_t life;          /* counts starts: tasks of an earlier one mean nothing */
    uint64_t chance;
    int64_t wall_ahead_ms; /* of virtual time */
    enum ph_status failure;
    bool in_step;
    bool is_mute; /* dying: what it asks for doesn't happen */

    uint64_t alarm;         /* counts: only the last alarm rings */
    struct ph_batch *batch; /* under way */
    struct ph_job *jobs[SIM_JOBS_MAX];
    struct sim_span commit_ms, job_ms, late_ms;
    bool is_disk_full, was_disk_full;
    bool commit_breaks; /* the next one */
    enum sim_fate broken_fate;
    uint32_t commit_count;
    uint32_t crash_at_commit; /* 0: never */
    enum sim_fate crash_fate;

    uint8_t *records; /* sim_records */
    size_t records_size;
};

struct sim_reply {
    ph_command_id command;
    uint32_t node;
    uint8_t *bytes;
    size_t len;
    bool is_done;
};

struct sim {
    struct sim_options options;
    struct sim_clock clock;
    struct sim_net *net;
    struct sim_near *near;
    struct sim_trace trace;
    struct sim_watcher watcher;
    char root_path[SIM_PATH_MAX - 16];
    struct sim_machine *machines; /* owned: as many as there are nodes */
    struct sim_reply *replies;    /* the index plus one is the command's id */
    size_t reply_count, reply_size;
};

extern const struct ph_env_ops sim_env_ops;
extern const struct sim_party_ops sim_machine_party;

/* Whose step is under way; NULL: nobody's. */
extern struct sim_machine *sim_machine_stepping;

sim_near_hear sim_machine_hear;
void sim_machine_tell_listening(struct sim_machine *machine, const char *address);

/* The only way into a node. Nothing happens if it is down. */
void sim_machine_tell(struct sim_machine *machine, struct ph_event *event);
/* Its memory is gone, its store closed. */
void sim_machine_die(struct sim_machine *machine, enum sim_fate fate);
void sim_machine_start(struct sim_machine *machine);
/* What is on that disk is on all; all are down, and keep their identities. */
void sim_copy_to_all(struct sim *sim, uint32_t from);
void sim_copies_free(struct sim_machine *machine);
void sim_machine_draw_writer(struct ph_identity *identity, uint16_t serial, uint64_t *chance);

__attribute__((noreturn, format(printf, 2, 3))) void sim_fail(const struct sim *sim,
                                                              const char *format, ...);

#endif
