/* What an adversary is made of. Included by sim_adversary*.c only. */
#ifndef PHAROS_TESTS_SIM_ADVERSARY_STATE_H
#define PHAROS_TESTS_SIM_ADVERSARY_STATE_H

#include "proto/facts.h"
#include "proto/kind.h"
#include "proto/op.h"
#include "proto/run.h"
#include "tests/sim/sim_adversary.h"
#include "tests/sim/sim_session.h"
#include "tests/sim/sim_state.h"

#define SIM_LINES_MAX 96     /* branches and logs of others */
#define SIM_SESSIONS_MAX 24  /* of one adversary */
#define SIM_FORBIDDEN_MAX 64 /* entries and facts that nobody may take; the latest are kept */
#define SIM_NOBODY UINT32_MAX

/* --- logs --- */

/* One entry of a line. */
struct sim_step {
    struct ph_link link; /* where the log stands with it */
    struct ph_header header;
    struct ph_body body; /* borrows from the adversary's blocks */
    struct ph_signature signature;
    bool is_signed;
};

/* One branch of a log from its first entry on: its own, or another's that it passes on. */
struct sim_line {
    struct ph_writer_id writer;
    struct ph_sign_secret secret; /* if it is its own */
    struct ph_fact_id certify;
    struct ph_school_id school;
    bool is_own;
    bool is_withheld;  /* announced, not sent */
    uint32_t nodes;    /* a bit for each node that is shown it; all ones: everybody */
    uint32_t hole_seq; /* the last that was told without its content; 0: none */
    uint32_t part;     /* entries that are sent, at most; UINT32_MAX: all */
    struct sim_step *steps;
    uint32_t count, size;
};

struct sim_block {
    struct sim_block *next;
    uint8_t bytes[];
};

/* --- the whole --- */

struct sim_talk {
    struct sim_session session;
    uint32_t node; /* whom it talks to; SIM_NOBODY: not known yet */
    bool facts_are_said, heads_are_said, is_introduced;
};

/* How far its plots have come. */
struct sim_plotting {
    uint32_t flooded; /* a bit for each node that has had its share of the flood */
    uint32_t writer_count, burden_count, edit_count;
    struct ph_fact_id recent[PH_FACT_PAST_MAX]; /* of the flood, to the same node */
    uint32_t recent_count;                      /* ever */
};

struct sim_adversary {
    struct sim *sim;
    uint32_t node, place, lies, plots, apart;
    struct sim_plotting plotting;
    struct sim_span pause_ms;
    uint64_t chance; /* its own stream */
    struct ph_identity identity;
    struct ph_invitation invitation;
    struct ph_packer packer;
    struct ph_sign_secret school_secret;
    struct ph_school_id school;
    struct sim_adversary *partner;

    struct ph_facts *facts;
    struct sim_line lines[SIM_LINES_MAX];
    uint32_t line_count, own_max;
    struct sim_block *blocks;
    uint64_t lamport_seen;

    struct sim_talk talks[SIM_SESSIONS_MAX];
    ph_conn_id last_conn;
    uint32_t pc_count; /* transport keys that it has shown */

    uint32_t censored_node; /* whose line that shall be, plus one; 0: drawn */
    uint32_t censored;      /* the line that isn't passed on; SIM_NOBODY */
    uint32_t deaf_to;       /* the node that it doesn't read from; SIM_NOBODY */
    uint64_t act_count, life;
    bool is_calm, is_gone;
    struct ph_entry_id forbidden[SIM_FORBIDDEN_MAX];
    uint32_t forbidden_count; /* ever */
    struct ph_fact_id forbidden_facts[SIM_FORBIDDEN_MAX];
    uint32_t forbidden_fact_count;
};

/* --- sim_adversary.c --- */

uint64_t sim_adversary_draw(struct sim_adversary *adversary, uint64_t below);
bool sim_adversary_does(const struct sim_adversary *adversary, uint32_t lie); /* SIM_LIE(…) */
__attribute__((format(printf, 2, 3))) void sim_adversary_tell(struct sim_adversary *adversary,
                                                              const char *format, ...);
void sim_adversary_dial(struct sim_adversary *adversary, uint32_t node,
                        const uint8_t writer_seed[32]);
void sim_adversary_forbid(struct sim_adversary *adversary, const struct ph_entry_id *id);
void sim_adversary_forbid_fact(struct sim_adversary *adversary, const struct ph_fact_id *id);

/* --- sim_adversary_log.c: lines and entries --- */

/* Everything that the node's disk holds. */
void sim_adversary_remember(struct sim_adversary *adversary);
void sim_adversary_forget(struct sim_adversary *adversary);
/* NULL: no room for one more. */
struct sim_line *sim_line_add(struct sim_adversary *adversary, const struct sim_line *like);
/* A line that is the same up to `count` entries. */
struct sim_line *sim_line_branch(struct sim_adversary *adversary, const struct sim_line *line,
                                 uint32_t count);
/* Up to `count` entries, the further ones as in `like`. */
void sim_line_extend(struct sim_line *line, const struct sim_line *like, uint32_t count);
struct ph_link sim_line_tip(const struct sim_line *line);
/* One of its own lines, drawn. */
struct sim_line *sim_line_own(struct sim_adversary *adversary);
/* One of others' entries, drawn, with its line. NULL: it has none. */
const struct sim_step *sim_line_other(struct sim_adversary *adversary,
                                      const struct sim_line **line);

/* The next entry of a line from a body that was built with ph_ops_begin and so on. */
struct sim_step *sim_line_append(struct sim_adversary *adversary, struct sim_line *line,
                                 const struct ph_body *body, uint64_t lamport_step);
/* What an honest writer would put. */
uint64_t sim_line_step(const struct sim_adversary *adversary, const struct sim_line *line);
/* A small plan of its own. */
struct sim_step *sim_line_write(struct sim_adversary *adversary, struct sim_line *line,
                                uint64_t lamport_step);
/* Takes back the last `count`. */
void sim_line_cut(struct sim_line *line, uint32_t count);

/* The run of at most `count_max` entries after `after`, as a message; with all contents missing, if
 * so wanted. How many entries it holds; 0: none that ends signed. */
uint32_t sim_line_run(const struct sim_line *line, uint32_t after, uint32_t count_max,
                      bool as_holes, struct ph_buffer *message);
/* A run that was heard, taken into the line of its writer if it continues it. */
struct sim_line *sim_line_take(struct sim_adversary *adversary, const struct ph_run_reader *run);

/* --- sim_adversary_talk.c: the protocol, as far as it pleases --- */

void sim_adversary_hear(void *impl, struct sim_session *session, const struct ph_message *message);
/* A session whose handshake is over; NULL: none. */
struct sim_talk *sim_talk_draw(struct sim_adversary *adversary);
/* Whose session it is, by the school that the handshake has shown. */
void sim_talk_find_node(struct sim_adversary *adversary, struct sim_talk *talk);
void sim_talk_facts(struct sim_talk *talk, const struct ph_bytes *facts, uint32_t count);
void sim_talk_heads(struct sim_adversary *adversary, struct sim_talk *talk);
/* New entries of a line, to all who are shown it. */
void sim_talk_push(struct sim_adversary *adversary, const struct sim_line *line, uint32_t count);

/* --- sim_adversary_facts.c --- */

struct sim_signed {
    struct ph_fact fact;
    uint8_t bytes[PH_FACT_MAX];
    uint8_t past[PH_FACT_PAST_MAX * 32];
    size_t len;
};

/* `out->fact` has its type, payload and past; NULL: by the school's key. */
void sim_fact_sign(struct sim_adversary *adversary, struct sim_signed *out,
                   const struct sim_line *by);
/* The same on what it holds itself: on facts that it must name, and the latest supports. */
void sim_fact_sign_on(struct sim_adversary *adversary, struct sim_signed *out,
                      const struct sim_line *by, const struct ph_fact_id *must, size_t count);
/* As if it were honest: it holds the fact itself, and passes it on to whoever asks. */
void sim_fact_publish(struct sim_adversary *adversary, struct sim_talk *talk,
                      const struct sim_signed *out);
struct ph_school_id sim_fact_any_school(struct sim_adversary *adversary);

/* --- acts --- */

typedef void sim_lie_act(struct sim_adversary *adversary, struct sim_talk *talk);

sim_lie_act sim_lie_write; /* no lie: an entry as anybody writes one */
sim_lie_act sim_lie_fork, sim_lie_leap, sim_lie_withhold, sim_lie_trespass, sim_lie_quota;
sim_lie_act sim_lie_heads, sim_lie_flood, sim_lie_slow, sim_lie_censor, sim_lie_many, sim_lie_tree;
sim_lie_act sim_lie_bytes, sim_lie_holes, sim_lie_receipts;
sim_lie_act sim_lie_facts, sim_lie_keys;
sim_lie_act sim_plot_flood, sim_plot_hide, sim_plot_burden, sim_plot_share;

/* A mask of nodes: everybody, one, or about half. */
uint32_t sim_lie_some_nodes(struct sim_adversary *adversary);
/* A set or add of another's, on a record that everybody may edit, or that only its owner may. */
bool sim_lie_find_op(struct sim_adversary *adversary, bool of_owner, struct ph_op *out);

#endif
