/* Every message of an open session: struct, encoding and decoding side by side (spec: "Messages").
 * One message fills one frame. All are canonical MessagePack arrays that begin with the type. */
#ifndef PHAROS_PROTO_MESSAGE_H
#define PHAROS_PROTO_MESSAGE_H

#include "proto/fact.h"
#include "proto/heads.h"
#include "proto/invitation.h"
#include "proto/receipt.h"
#include "proto/run.h"

enum ph_message_type {
    PH_MESSAGE_ROOT = 1,      /* where I stand */
    PH_MESSAGE_WHO = 2,       /* I don't know your school: introduce it */
    PH_MESSAGE_INTRODUCE = 3, /* facts that lead to my admission, or my joining proof */
    PH_MESSAGE_FACT_IDS = 4,  /* the facts that I hold */
    PH_MESSAGE_FACTS = 5,     /* facts that you lack */
    PH_MESSAGE_HEADS = 6,     /* what I hold durably; also the acknowledgement of it */
    PH_MESSAGE_WANT = 7,      /* send me runs of this log */
    PH_MESSAGE_RUN = 8,       /* a run, asked for or pushed */
    PH_MESSAGE_FILL = 9,      /* the missing content of one entry */
    PH_MESSAGE_END = 10,      /* the last message in this direction */
    PH_MESSAGE_TWIN = 11,     /* you have another session with me, if you are who I take you for */
    PH_MESSAGE_PRUNE = 12,   /* don't push to me: I had what you pushed, or push to enough others */
    PH_MESSAGE_GRAFT = 13,   /* push to me, and I to you */
    PH_MESSAGE_RECEIPT = 14, /* what an installation holds durably, by its own word */
    PH_MESSAGE_RECEIPTS = 15, /* the receipts that I hold, or what is new of them */
};

enum ph_end_reason {
    PH_END_DONE = 0,
    PH_END_STOPPING = 1,  /* this node is being switched off */
    PH_END_UNKNOWN = 2,   /* your school is not a member that I know, and I can't admit it */
    PH_END_DUPLICATE = 3, /* another connection between us stays */
    PH_END_BAD_INPUT = 4, /* what you sent was refused */
    PH_END_USED_UP = 5,   /* the invitation has been used as often as it may */
    PH_END_FULL = 6,      /* others need the place */
    PH_END_BARRED = 7,    /* your school is removed, your key replaced, or your log closed */
};

struct ph_fact_prefix {
    uint8_t bytes[16];
};

/* What an introduction asks for by an invitation that names a school. */
struct ph_claim {
    enum ph_claimed what;
    struct ph_school_id school;
    struct ph_signature consent;
};

/* An entry of a log whose writer is known from elsewhere: the check is the first half of its id. */
struct ph_locator {
    uint32_t seq;
    uint8_t check[16];
};

/* What a WANT asks for: so many runs of a writer's log, towards that head. */
struct ph_wanted {
    struct ph_writer_id writer;
    struct ph_locator head;
    uint8_t run_count;
};

/* A decoded message; views borrow from the decoded bytes. Lists are read item by item, so that no
 * array is allocated for a peer. */
struct ph_message {
    enum ph_message_type type;
    union {
        struct {
            struct ph_hash fact_set;
            struct ph_root root;
        } root;
        struct {
            uint32_t fact_count;
            struct ph_unpacker facts;
            bool has_proof;
            struct ph_join_proof proof;
            struct ph_claim claim; /* PH_CLAIM_NONE: to be admitted */
        } introduce;
        struct {
            struct ph_bytes prefixes;
            bool more_follow;
        } fact_ids; /* 16 bytes each */
        struct {
            uint32_t fact_count;
            struct ph_unpacker facts;
        } facts;
        struct {
            uint32_t head_count;
            struct ph_unpacker heads;
            uint32_t hole_count;
            struct ph_unpacker holes;
        } heads;
        struct {
            struct ph_wanted log;
            uint32_t locator_count;
            struct ph_unpacker locators;
        } want;
        struct ph_run_reader run;
        struct {
            struct ph_writer_id writer;
            uint32_t seq;
            struct ph_salt salt;
            struct ph_bytes content;
        } fill;
        struct {
            enum ph_end_reason reason;
        } end;
        struct {
            struct ph_hash session;
        } twin; /* the first half of the other session's handshake hash */
        struct ph_receipt receipt;
        struct {
            struct ph_bytes names;
        } receipts; /* PH_RECEIPT_NAME_LEN bytes each */
    } of;
};

/* Scan and decode one message, counts checked against limits.h and the items' shapes checked whole.
 * PH_MALFORMED (also a type or a reason to end that this version doesn't know); PH_LIMIT. A run is
 * decoded up to its head; its entries are read by run.h. */
PH_MUST_USE enum ph_status ph_message_decode(struct ph_bytes bytes, struct ph_message *out);

/* Items of decoded lists, each as often as the count says. */
struct ph_bytes ph_message_next_fact(struct ph_unpacker *facts);
struct ph_head ph_message_next_head(struct ph_unpacker *heads);
struct ph_hole ph_message_next_hole(struct ph_unpacker *holes);
struct ph_locator ph_message_next_locator(struct ph_unpacker *locators);

/* Encoding; `out` has PH_FRAME_PLAIN_MAX - 1 bytes of room, overflow is the caller's mistake. Those
 * that take lists write as many items as fit and return how many they took. */
void ph_message_root(struct ph_buffer *out, const struct ph_hash *fact_set,
                     const struct ph_root *root);
void ph_message_who(struct ph_buffer *out);
/* `proof` may be NULL. */
uint32_t ph_message_introduce(struct ph_buffer *out, const struct ph_bytes *facts,
                              uint32_t fact_count, const struct ph_join_proof *proof);
/* An introduction's end with a claim. */
void ph_message_claim(struct ph_buffer *out, const struct ph_join_proof *proof,
                      const struct ph_claim *claim);
/* 16 bytes for each fact, ascending; those of one message fit its frame. */
void ph_message_fact_ids(struct ph_buffer *out, struct ph_bytes prefixes, bool more_follow);
uint32_t ph_message_facts(struct ph_buffer *out, const struct ph_bytes *facts, uint32_t fact_count);
/* At most PH_MESSAGE_HEADS_MAX heads and PH_HOLES_PER_HEADS_MAX holes. */
void ph_message_heads(struct ph_buffer *out, const struct ph_head *heads, uint32_t head_count,
                      const struct ph_hole *holes, uint32_t hole_count);
/* `locators` ascending by sequence (asserted), at most PH_LOCATOR_MAX. */
void ph_message_want(struct ph_buffer *out, const struct ph_wanted *log,
                     const struct ph_locator *locators, uint32_t locator_count);
/* Writes type and array head; the run follows by run.h (five items). */
void ph_message_run_begin(struct ph_buffer *out);
void ph_message_fill(struct ph_buffer *out, const struct ph_writer_id *writer, uint32_t seq,
                     const struct ph_salt *salt, struct ph_bytes content);
void ph_message_end(struct ph_buffer *out, enum ph_end_reason reason);
void ph_message_twin(struct ph_buffer *out, const struct ph_hash *session);
void ph_message_prune(struct ph_buffer *out);
void ph_message_graft(struct ph_buffer *out);
void ph_message_receipt(struct ph_buffer *out, const struct ph_receipt *receipt);
/* At most PH_RECEIPTS_LISTED_MAX names, sorted. */
void ph_message_receipts(struct ph_buffer *out, struct ph_bytes names);

/* Handshake payloads (messages 2 and 3): a certificate, and in message 3 the initiator's root if it
 * knows the responder's school. At most PH_HANDSHAKE_PAYLOAD_MAX bytes. */
struct ph_hello {
    struct ph_certificate certificate;
    bool has_root;
    struct ph_root root;
};
void ph_hello_encode(struct ph_buffer *out, const struct ph_hello *hello);
PH_MUST_USE enum ph_status ph_hello_decode(struct ph_bytes bytes, struct ph_hello *out);

#endif
