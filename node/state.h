/* What a node is made of. Included by files of this folder only; each part belongs to the file of
 * its name, others go through that file's functions. */
#ifndef PHAROS_NODE_STATE_H
#define PHAROS_NODE_STATE_H

#include "node/node.h"
#include "proto/beacon.h"
#include "proto/channel.h"
#include "proto/facts.h"
#include "proto/frame.h"
#include "proto/handshake.h"
#include "proto/heads.h"
#include "proto/invitation.h"
#include "proto/message.h"
#include "proto/receipt.h"
#include "store/view.h"

/* --- logs --- */

/* A log held, or one branch of a forked one. Three ends: on disk, handed to the commit under way,
 * and taken (gathering). */
struct ph_log {
    struct ph_log_row row; /* row.tip is the end taken */
    struct ph_link submitted;
    struct ph_link durable;
    uint32_t before;    /* the durable end before the last commit */
    uint32_t pulled;    /* fetched up to here as history: said in heads, not pushed on */
    uint64_t wanted_ms; /* what of it is missing and was heard of live is not asked for before: a
                         * push may bring it. 0: heard of otherwise, or nothing is missing */
    uint64_t heard_ms;  /* when a head first spoke live of what no push has brought; 0: none did */
    uint32_t first;   /* the number of the writer's first log here; itself, unless it is a branch */
    bool is_forked;   /* of the first: it has branches */
    bool is_closed;   /* of the first: nothing more is taken of the writer, in no school */
    bool is_left_out; /* of root and records, and it does not grow */
    bool is_silent;   /* nor announced: the facts alone leave it out, so all know */
    uint32_t stands_to; /* the last entry whose ops count, as the gathering batch has it */
    /* Left out in the commit under way, and on disk: root and records leave it out at once. */
    bool is_out_submitted, is_out_durable;
};

struct ph_ends {
    struct ph_log *items; /* PH_LOGS_MAX; the index is the store's log number. No duplicates of a
                           * writer but for branches */
    uint32_t count;
    uint64_t lamport_seen; /* highest of all entries taken */
    struct ph_hole *holes; /* owned: durable, ascending */
    uint32_t hole_count, hole_size;
    struct ph_root root; /* of what is durable */
    struct ph_hash fact_set;
    bool left_out_is_due;  /* to be said to the store once it is loaded */
    uint32_t turn;         /* whose is next when logs are asked for */
    uint64_t next_want_ms; /* when one may be asked for that a push may bring; UINT64_MAX: none */
};

/* --- ingest --- */

struct ph_ingest {
    struct ph_batch *gathering; /* NULL until something is to be written */
    struct ph_batch *under_way; /* in the environment */
    uint64_t generation;        /* of the gathering batch; counts up */
    uint64_t generation_under_way;
    uint32_t facts_submitted;
    uint32_t facts_durable;
    uint8_t fact_sources[PH_FACTS_MAX]; /* which peer sent a fact, its place plus one; 0: none. Of
                                         * facts held; written anew when one is taken */
    uint32_t holes_pending; /* taken since the durable ones were read; may count too many */
    uint64_t full_until_ms; /* the disk was full: nothing from peers is taken until then */
    bool holes_changed;     /* by the batch that gathers or is under way */
    bool is_behind;         /* the store has entries to materialise */
    bool school_is_new;     /* with the last commit a school's record has changed */
    bool rota_is_new;       /* the same of terms and words of hosts */
};

/* --- peer --- */

enum ph_peer_state {
    PH_PEER_FREE,
    PH_PEER_DIALING,
    PH_PEER_GREETING,
    PH_PEER_JUDGING,
    PH_PEER_OPEN,
};

/* What is known of one log at one peer, and what was said of it. */
struct ph_peer_log {
    uint32_t theirs;        /* durable there of this branch, as they said; 0: nothing known */
    uint32_t assumed;       /* sent to them up to here */
    uint32_t announced;     /* told them that we hold up to here */
    uint64_t behind_ms;     /* since when others show more of it; 0: not */
    uint32_t receipt_shown; /* of the first: the writer's receipt that they hold, by counter */
    uint32_t receipt_sent;  /* the one that they were sent */
    uint32_t receipt_told;  /* the one that we said that we hold */
    bool has_holes; /* of the first: they named one, so heads alone don't say what they hold */
    struct ph_locator further; /* of a log without branches: their head past our end; seq 0: none */
};

/* A head of theirs that lies on no branch held here, nor plainly further on. */
struct ph_news {
    uint32_t log; /* the writer's first */
    struct ph_locator head;
};

/* A log being fetched from a peer, towards a head. One of a writer at a time. */
struct ph_want {
    bool is_active;
    uint32_t log; /* the writer's first */
    struct ph_locator head;
    uint8_t runs_left;
    bool is_live;          /* what it fetches was heard of live, and goes on as if pushed */
    bool has_brought_some; /* at least one run was taken */
    uint64_t asked_ms;
    uint64_t late_ms; /* others are asked beside it from then on; UINT64_MAX: never */
    uint64_t deadline_ms;
    uint64_t given_up_ms; /* at the latest, however busy the peer is with other logs */
};

/* A log being sent to a peer. */
struct ph_serve {
    bool is_active;
    uint32_t log;
    uint32_t after_seq;
    uint8_t runs_left;
};

struct ph_peer {
    enum ph_peer_state state;
    ph_conn_id conn;
    bool is_ours;           /* we dialed */
    bool is_self;           /* the other end is in this node as well */
    struct ph_hash session; /* its name: the first half of the handshake's hash */
    int address_index;      /* of dial's list; -1: they called us */
    char address[PH_ADDRESS_LEN_MAX + 1];
    bool has_key; /* a message of the handshake came that takes the network key */
    uint64_t up_ms;
    uint64_t heard_ms;    /* a frame, whole */
    uint64_t came_ms;     /* a byte */
    uint64_t deadline_ms; /* of the state; UINT64_MAX: none */
    uint64_t root_due_ms; /* next idle exchange of roots */

    struct ph_handshake handshake;
    struct ph_channel channel;
    uint8_t *input; /* owned: one frame as it comes, PH_FRAME_CIPHER_MAX + 2 */
    size_t input_len;
    size_t outstanding; /* bytes sent that the network has not taken */
    uint64_t bytes_in, bytes_out;

    struct ph_certificate theirs;
    struct ph_school_id school;       /* theirs, by its first key, once known; else as they say */
    uint32_t facts_judged;            /* durable facts when we last asked whether it may stay */
    struct ph_agree_public transport; /* theirs, proven by the handshake: who it is, for sure */
    size_t probation_len;             /* bytes of facts taken before the school was known */
    bool is_introduced;               /* we have answered their who */
    bool has_their_root;
    struct ph_hash their_fact_set;
    struct ph_root their_root;
    struct ph_root root_sent;
    bool facts_begun;       /* new facts are passed on from here */
    bool facts_missed;      /* they sent some when there was no room */
    bool list_is_wanted;    /* they hold facts that we lack: they must see what we hold */
    uint32_t fact_ids_sent; /* durable facts when we last listed them, plus one; 0: not yet */
    uint32_t vain_facts;    /* since the last one of theirs that was new */
    uint32_t list_answered; /* fact_ids_sent when a list of theirs with facts that we lack was
                             * answered by one; 0: never */
    uint8_t *facts_theirs; /* owned from the first of their list until all is sent: a byte a fact */
    uint32_t facts_pushed; /* new facts before this one were passed on, or need not be */
    bool list_is_due;      /* our list: said when the network has taken what waits */
    bool facts_are_due;    /* their list is whole: what they lack is being sent */
    uint32_t next_fact, facts_end; /* the next one to look at, and where to stop */
    bool heads_begun;              /* we sent our heads once, or the roots were equal */
    bool heads_heard;              /* the same of theirs: what they say from now on is live */
    bool is_eager;                 /* runs are pushed to it, and expected from it; else heads */
    bool is_slower;                /* it pushed what is judged, which had come another way */
    uint32_t vain_runs;            /* pushed in a row that we held */
    uint64_t compared_ms;          /* not held against others before */
    uint64_t catching_up_ms; /* when it last went on with a log that it was long behind with */
    bool keeps_back;         /* it shows less of some log than others, and is reported */
    uint32_t undelivered;    /* wants in a row that it left alone, and spoke */
    uint64_t brought_ms;     /* when a push of theirs was new last; 0: never */
    uint64_t pruned_ms;      /* not asked to push before; 0: any time */
    bool receipts_begun;     /* we listed ours */
    bool receipts_heard;     /* they listed theirs, at receipts_heard_ms */
    uint64_t receipts_heard_ms;
    uint32_t vain_receipts; /* in a row */
    uint64_t heads_due_ms; /* heads of what is not pushed are said then; UINT64_MAX: none are due */
    bool root_is_unjudged; /* their root came while something was on its way */
    uint64_t root_judged_ms;                       /* not before, then */
    struct ph_root mismatch_theirs, mismatch_ours; /* roots whose difference has been worked on */
    struct ph_peer_log *logs;                      /* owned: log_size, no fewer than held */
    uint32_t log_size;
    struct ph_news *news; /* owned: PH_NEWS_PER_PEER_MAX, while open */
    uint32_t news_count;
    uint32_t further_count; /* logs whose `further` is known */
    uint32_t next_hole;     /* of ours, to be named in the next heads */
    uint32_t want_failures; /* wants in a row that nothing came of */
    struct ph_want wants[PH_WANTS_PER_PEER_MAX];
    struct ph_serve serves[PH_SERVES_PER_PEER_MAX];
};

/* --- spread --- */

struct ph_spread {
    uint32_t grafts_due; /* for eager peers that are gone */
    uint64_t lag_ms;     /* how long pushes have come after heads, at most, of late */
    uint64_t judged_ms;  /* who pushed what is judged, though it was here, is pruned then;
                          * UINT64_MAX: nothing is judged */
    struct ph_locator judged;
};

/* --- receipts --- */

/* The newest receipt of one writer. */
struct ph_receipt_kept {
    struct ph_receipt receipt; /* borrows from `bytes` */
    uint8_t *bytes;            /* owned: packed */
    size_t len;
    uint32_t log;          /* of its writer, the first; to be looked up anew if that is another's */
    uint32_t judged_facts; /* held, plus one, when may_speak was asked */
    bool may_speak;
    bool has_from;
    struct ph_school_id from; /* who brought it; unknown after a restart */
    uint64_t taken_ms;
    uint64_t pass_ms;      /* not passed on before */
    uint64_t next_pass_ms; /* nor one that comes after it */
    uint64_t burst_ms;     /* so many were taken since then */
    uint32_t burst_count;
    bool is_saved; /* or in a batch */
};

struct ph_receipts {
    struct ph_receipt_kept *items; /* owned */
    uint32_t count, size;
    struct ph_root seen;        /* the root that the times below are about */
    bool is_due;                /* what is held may have changed since the last one */
    bool is_forced;             /* one is made though it says the same */
    uint64_t first_ms, last_ms; /* of these changes */
    bool has_made;              /* at made_ms, in this life */
    uint64_t made_ms;
    uint32_t counter; /* highest of ours, made or shown to us */
    uint8_t *made;    /* owned: ours, packed, while it is not durable; NULL: none */
    size_t made_len;
    uint64_t made_generation; /* of the batch that it is in */
    uint64_t next_ms;         /* when there is something to do */
};

/* --- dial --- */

/* Those of people come first, then those heard, then those published; places of the latter two are
 * free while their text is empty. */
#define PH_DIAL_HEARD PH_ADDRESSES_MAX
#define PH_DIAL_PUBLISHED (PH_DIAL_HEARD + PH_HEARD_MAX)
#define PH_DIAL_END (PH_DIAL_PUBLISHED + PH_PUBLISHED_MAX)

/* How far a call came. */
enum ph_reach {
    PH_REACH_NOTHING,
    PH_REACH_CALLED,
    PH_REACH_CONNECTED, /* somebody has picked up */
    PH_REACH_GREETED,   /* who has the network's key */
    PH_REACH_KNOWN,     /* and has shown who it is */
    PH_REACH_OPEN,      /* and may have a session, by the facts held here */
};

struct ph_address {
    char text[PH_ADDRESS_LEN_MAX + 1];
    bool is_kept;        /* dialed again and again; else for one command. Of one found: another one
                          * with this text is */
    bool is_remembered;  /* written to the store */
    bool leads_home;     /* it was ourselves when it answered last */
    bool is_another_way; /* to whom another connection leads as well */
    ph_conn_id conn;     /* 0: none */
    uint64_t next_ms;
    uint32_t failure_count;
    struct ph_agree_public transport; /* who answered last, or is said to be there; zero: nobody */
    char failure[80];                 /* in words; empty: none */
    bool has_called; /* at called_ms, the last time; else that is when it was heard of */
    uint64_t called_ms;
    uint64_t named_ms;            /* last heard */
    bool is_named;                /* of one published: it still is */
    struct ph_school_id school;   /* of one published */
    enum ph_reach reach;          /* of the last call */
    bool has_said_some;           /* in the last call: a byte at least */
    struct ph_school_id answered; /* from PH_REACH_KNOWN on: the school that did */
};

struct ph_dial {
    struct ph_address *items; /* owned: PH_DIAL_END; the index is a peer's address_index */
    uint32_t count;           /* of people's */
    ph_conn_id next_conn;     /* odd */
};

/* --- links: which of the addresses found are called --- */

struct ph_links {
    uint32_t found_count; /* addresses found */
    uint64_t look_ms;     /* when to look whether one is to be called */
    uint64_t pace_ms;     /* no call before */
    uint64_t swap_ms;     /* when one link is to be replaced; 0: not drawn yet */
    ph_conn_id swap_conn; /* the one that is to take another's place; 0: none */
};

/* --- beacon --- */

#define PH_BEACON_OWN_MAX 4 /* own beacons that are known again when they are heard */

struct ph_beacons {
    uint16_t port; /* to be said; 0: nothing is */
    bool has_sent; /* at sent_ms, the last time */
    uint64_t sent_ms, due_ms;
    struct ph_beacon_nonce sent[PH_BEACON_OWN_MAX];
    uint32_t next_sent;
};

/* --- host --- */

/* Schools that a link is kept to: the host, then its deputies. */
struct ph_hosts {
    struct ph_school_id items[1 + PH_DEPUTIES_MAX];
    uint32_t count;
    uint32_t facts_read; /* held when the rota was read last */
    bool is_awaited;     /* what was handed over to us is not all here yet */
};

/* --- addresses in records --- */

struct ph_publishing {
    char own[PH_OWN_ADDRESSES_MAX][PH_ADDRESS_LEN_MAX + 1];
    uint32_t own_count;
    bool has_written; /* at written_ms, the last time */
    uint64_t written_ms;
    uint64_t due_ms;     /* when to look whether the record says the same; UINT64_MAX: it does */
    uint32_t facts_read; /* held when others' records were read last */
};

/* --- the log --- */

/* What was said of late of a kind of connections (report.h). */
struct ph_report_measure {
    uint32_t spent;      /* lines, at most PH_REPORT_BURST */
    uint32_t left_out;   /* lines since the last one said */
    uint64_t counted_ms; /* up to when time has given lines back */
};

/* --- commands --- */

enum ph_wait_for {
    PH_WAIT_NOTHING,
    PH_WAIT_COMMIT,
    PH_WAIT_SYNC,
    PH_WAIT_DOCTOR,
    PH_WAIT_JOIN,
    PH_WAIT_RECORD,
    PH_WAIT_WRITER,
    PH_WAIT_REBUILD,
    PH_WAIT_JOB
};

/* A command that can't be answered yet. */
struct ph_wait {
    enum ph_wait_for what;
    ph_command_id command;
    uint64_t generation; /* commit, record: the batch to wait for */
    uint64_t deadline_ms;
    int address_index; /* sync, doctor */
    uint8_t *bytes;    /* owned: the answer (commit), or the request to run again (record) */
    size_t len;
};

/* A record written by this school in a batch that is not durable yet. */
struct ph_pending_record {
    struct ph_record_id id;
    uint64_t generation;
};

struct ph_commands {
    struct ph_wait waits[PH_COMMANDS_MAX];
    struct ph_pending_record pending[PH_COMMANDS_MAX];
    uint32_t pending_count;
    uint8_t *answer; /* PH_COMMAND_BYTES_MAX, for building one */
};

/* --- claims --- */

/* An invitation that names a school; and once it was used with a new key, what that brought. */
struct ph_issued {
    enum ph_claimed what;
    struct ph_school_id school;
    uint8_t invite_key[32];
    bool is_claimed;
    struct ph_school_id new_key;
    struct ph_signature consent;
};

struct ph_claims {
    struct ph_issued items[PH_CLAIMS_MAX]; /* oldest first */
    uint32_t count;
};

/* --- the writer, and what people are told of it --- */

#define PH_NOTICES_MAX 8 /* older ones are forgotten */

/* Why this installation became a new writer. Stored: numbers stay. */
enum ph_notice_type {
    PH_NOTICE_COPIED = 1,    /* its secrets are missing, or of another machine or database */
    PH_NOTICE_CONTINUED = 2, /* others held entries of its log that it lacked */
    PH_NOTICE_DOUBT = 3,     /* its store or journal was damaged */
    PH_NOTICE_TWIN = 4,      /* it met a second one with the same secrets */
    PH_NOTICE_BOUNDED = 5,   /* its log ends by what the network or its school has decided */
};

struct ph_notice {
    enum ph_notice_type type;
    uint16_t serial;
    int64_t wall_ms;
};

struct ph_renewal; /* writer.c */

struct ph_writer_change {
    enum ph_notice_type why;
    bool is_to_be_told;         /* a notice is written with the certificate */
    struct ph_renewal *renewal; /* under way; NULL: none */
    uint64_t retry_ms;          /* not before */
    const char *failure; /* a sentence: why there is none, or none that may write; NULL: none */
};

/* --- the node --- */

enum ph_membership { PH_MEMBERSHIP_NONE, PH_MEMBERSHIP_JOINING, PH_MEMBERSHIP_MEMBER };

struct ph_node {
    struct ph_env env;
    struct ph_store *store;
    const struct ph_log_sink *log;
    bool is_serving;
    bool is_stopping;
    enum ph_status failure;
    uint64_t now_ms; /* of the step under way */
    int64_t wall_ms;
    uint64_t alarm_ms; /* last wake_at */
    uint32_t jobs_out;
    uint64_t bytes_in, bytes_out; /* of connections that are gone */
    struct ph_report_measure stranger_reports, member_reports;

    /* Who we are. */
    char school_name[PH_NETWORK_NAME_MAX + 1];
    struct ph_sign_secret school_secret, writer_secret;
    bool has_writer;                /* else writer, transport and serial mean nothing */
    struct ph_school_id school_key; /* of school_secret */
    struct ph_school_id school;     /* that it speaks for: by its first key */
    struct ph_writer_id writer;
    struct ph_agree_secret transport_secret;
    struct ph_agree_public transport;
    uint16_t serial;

    /* Where we belong. */
    enum ph_membership membership;
    struct ph_network_id network;
    struct ph_network_key network_key;
    uint8_t invite_secret[16];          /* while joining */
    enum ph_claimed claimed;            /* by it: what we are to become; ENROL: or are */
    struct ph_school_id claimed_school; /* of a claim to be enrolled the key that certifies us */
    struct ph_claims claims;
    struct ph_hosts hosts;
    struct ph_facts *facts; /* NULL without a network */
    int own_log;            /* number; -1: none yet */
    struct ph_keeper keeper;
    struct ph_writer_change writer_change;
    struct ph_notice notices[PH_NOTICES_MAX]; /* durable, or in the gathering batch */
    uint32_t notice_count;

    struct ph_ends logs;
    struct ph_ingest ingest;
    struct ph_peer peers[PH_PEERS_MAX];
    size_t peers_end; /* all places from here on are free: few are ever taken, and they are large */
    struct ph_spread spread;
    struct ph_receipts receipts;
    struct ph_dial dial;
    struct ph_links links;
    struct ph_beacons beacons;
    struct ph_publishing publishing;
    struct ph_commands commands;
    struct ph_packer packer;
    /* Places to work in, one step long. Owned. */
    uint8_t *building;           /* PH_FRAME_MESSAGE_MAX: a message on its way out */
    uint8_t *arriving;           /* PH_FRAME_MESSAGE_MAX: a message being read */
    uint8_t *plain;              /* PH_FRAME_PLAIN_MAX: packed, not sealed */
    uint8_t *sealed;             /* PH_FRAME_CIPHER_MAX + 2: a frame on its way out */
    uint8_t *skeleton, *content; /* PH_BODY_MAX each: an entry being written */
    struct ph_head *heads;       /* PH_LOGS_MAX: sorting them for the root */
};

#endif
