/* All that is drawn for a seed before it runs: how many schools, who can reach whom, which faults
 * exist at all and how often they come, how much people do. Everything follows from the seed and
 * the wishes of the command line, and a wish changes nothing else: so a seed can be made
 * smaller. */
#ifndef PHAROS_TESTS_SIM_PLAN_H
#define PHAROS_TESTS_SIM_PLAN_H

#include "tests/sim/sim.h"
#include "tests/sim/sim_adversary.h"

/* Name on the command line, and the most that the mean pause between two of a kind may be, in ms;
 * 0: a condition that lasts as long as the faults do. Each is absent in half of the seeds. */
#define SIM_FAULT_LIST(X)                                                                          \
    X(STALLS, "stalls", 0)                     /* chunks that stall */                             \
    X(CHUNKS, "chunks", 0)                     /* streams cut small, from one byte */              \
    X(SLOW_LINKS, "slow-links", 0)             /* small windows, long ways */                      \
    X(RESETS, "resets", 20000)                 /* connections break */                             \
    X(CUTS, "cuts", 20000)                     /* they break behind a drawn byte */                \
    X(DEAD, "dead", 20000)                     /* they go dead, and nobody is told */              \
    X(PARTITIONS, "partitions", 30000)         /* ways are blocked */                              \
    X(ONE_WAY, "one-way", 30000)               /* in one direction */                              \
    X(CRASHES, "crashes", 30000)               /* power cuts */                                    \
    X(COMMIT_CRASHES, "commit-crashes", 30000) /* power cuts right at a commit */                  \
    X(STOPS, "stops", 30000)                   /* orderly stops */                                 \
    X(BROKEN_COMMITS, "broken-commits", 40000) /* a commit with an unknown outcome */              \
    X(FULL_DISKS, "full-disks", 40000)                                                             \
    X(CLOCKS, "clocks", 20000) /* wall clocks jump, by decades, either way */                      \
    X(SLOW_COMMITS, "slow-commits", 30000)                                                         \
    X(SLOW_JOBS, "slow-jobs", 0)                                                                   \
    X(LATE_ALARMS, "late-alarms", 0)                                                               \
    X(ROLLBACKS, "rollbacks", 40000) /* a disk comes back as it was */                             \
    X(CLONES, "clones", 60000)       /* a machine starts with another's disk */

enum sim_fault {
#define SIM_FAULT_VALUE(name, text, pause) SIM_FAULT_##name,
    SIM_FAULT_LIST(SIM_FAULT_VALUE)
#undef SIM_FAULT_VALUE
};
#define SIM_FAULT_COUNT (SIM_FAULT_CLONES + 1)

#define SIM_PLOTS_DRAWN UINT32_MAX

struct sim_wishes {
    uint64_t seed;
    uint32_t node_count;  /* 0: drawn */
    uint32_t bad_count;   /* malicious members */
    uint32_t plots;       /* of theirs, SIM_PLOT(…) or-ed; SIM_PLOTS_DRAWN: drawn */
    uint32_t without;     /* a bit for each fault that must not exist */
    uint32_t command_max; /* UINT32_MAX: as many as there is time for */
    uint64_t until_ms;    /* when the faults stop; 0: drawn */
};

struct sim_plan {
    uint64_t seed;
    uint32_t node_count, bad_count, honest_count; /* the bad ones are the last */
    uint32_t faults;                              /* a bit each */
    uint32_t plots;                               /* of the bad ones; a bit each */
    uint32_t apart;      /* schools that they keep from others for so long; a bit each */
    uint64_t apart_ms;   /* from the beginning of the storm */
    uint32_t voters;     /* honest schools that vote, the founder apart; a bit each */
    uint64_t removal_ms; /* when they begin to remove the bad ones, in the storm; 0: they don't */
    uint64_t pause_ms[SIM_FAULT_COUNT]; /* mean, between two of a kind */
    uint64_t lasting_ms;                /* at most, of what has an end: partitions, full disks */
    uint64_t down_ms;                   /* at most, until a machine is started again */
    uint64_t storm_ms;                  /* faults and work end then */

    uint64_t work_pause_ms;
    uint32_t command_max;
    uint32_t burst_count;  /* commands given at once, at times; 1: never more */
    uint64_t quota;        /* of a log; 0: the usual */
    uint32_t value_max;    /* bytes of a long value */
    uint32_t record_share; /* commands in a thousand that make a new record */

    bool joins_late[SIM_NODES_MAX];
    bool is_way[SIM_NODES_MAX][SIM_NODES_MAX]; /* else never, once both are members */
    bool dials[SIM_NODES_MAX][SIM_NODES_MAX];
    bool has_beacon[SIM_NODES_MAX];
    bool publishes[SIM_NODES_MAX];
    bool is_typed;                                /* else nobody has an address typed */
    bool is_invited;                              /* the invitation has the founder's */
    bool is_walled[SIM_NODES_MAX][SIM_NODES_MAX]; /* dials that way get no answer */
    struct sim_near_options near;                 /* while there are faults */
    uint64_t parrot_ms;                           /* pause of one who says all again; 0: none */

    struct sim_options calm, rough; /* network and machines, without and with faults */
};

/* What streams of chance are for. Numbers stay, and none is used again: seeds would change. */
enum sim_purpose {
    SIM_PURPOSE_SIZE = 1,
    SIM_PURPOSE_FAULTS = 2,
    SIM_PURPOSE_RATES = 3,
    SIM_PURPOSE_TOPOLOGY = 4,
    SIM_PURPOSE_WORK = 5,
    SIM_PURPOSE_NET = 6,
    SIM_PURPOSE_MACHINES = 7,
    SIM_PURPOSE_FINDING = 8,
    SIM_PURPOSE_PARROT = 9,
    SIM_PURPOSE_NEARNESS = 10,
    SIM_PURPOSE_COMMAND_TIMES = 50,
    SIM_PURPOSE_COMMANDS = 51,
    SIM_PURPOSE_HOSTS = 90,
    SIM_PURPOSE_REMOVALS = 94,
    SIM_PURPOSE_PLOTTERS = 95,
    SIM_PURPOSE_PLOTS = 96,
    SIM_PURPOSE_BAD_MEMBERS = 97,
    SIM_PURPOSE_GLANCES = 98,
    SIM_PURPOSE_DOWN_TIMES = 99,
    SIM_PURPOSE_FAULT = 100, /* plus the fault's number; so the last */
};

/* From 0 to below `below`; a stream for each purpose, so that none depends on another. */
uint64_t sim_plan_stream(uint64_t seed, uint32_t purpose);
uint64_t sim_plan_below(uint64_t *stream, uint64_t below);
/* From `min` to `max`, each power of two as likely as the next. */
uint64_t sim_plan_scale(uint64_t *stream, uint64_t min, uint64_t max);

struct sim_plan sim_plan(const struct sim_wishes *wishes);
static inline bool sim_plan_has(const struct sim_plan *plan, enum sim_fault fault)
{
    return (plan->faults >> fault & 1) != 0;
}

const char *sim_fault_name(enum sim_fault fault);
/* A list as typed, "resets,stops"; false: there is no such fault. */
bool sim_faults_read(const char *text, uint32_t *faults);
bool sim_plots_read(const char *text, uint32_t *plots);
const char *sim_plot_name(enum sim_plot_number plot);

#endif
