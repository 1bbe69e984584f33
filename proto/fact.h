/* One membership fact: a signed statement that stands alone (spec: "Facts").
 *
 * A fact = statement || past || signature. The statement names the hash of the sorted list of the
 * latest facts that its author had seen; that graph is the fact's causal past. Its id is the hash
 * of the statement. What facts mean together is facts.h. */
#ifndef PHAROS_PROTO_FACT_H
#define PHAROS_PROTO_FACT_H

#include "pharos/bytes.h"
#include "pharos/id.h"
#include "pharos/limits.h"
#include "pharos/status.h"
#include "proto/crypto.h"
#include "proto/pack.h"

enum ph_fact_type {
    PH_FACT_FOUND = 1,   /* school key */
    PH_FACT_CERTIFY = 2, /* school key */
    PH_FACT_INVITE = 3,  /* writer key */
    PH_FACT_ADMIT = 4,   /* writer key */
    PH_FACT_PROPOSE = 5, /* writer key */
    PH_FACT_VOTE = 6,    /* school key */
    PH_FACT_CLOSE = 7,   /* school key */
    PH_FACT_LEAVE = 8,   /* school key */
    /* Facts of other types parse, are kept and passed on, and have no effect. */
};

enum ph_proposal {
    PH_PROPOSAL_OTHER = 0, /* a later version's: without effect */
    PH_PROPOSAL_CONFIRM = 1,
    PH_PROPOSAL_REMOVE = 2,
    PH_PROPOSAL_RESTORE = 3,
    PH_PROPOSAL_SUCCEED = 4,
    PH_PROPOSAL_POLICY = 5,
};

/* Settings of a network (spec: "policy"); others are kept. */
enum ph_policy {
    PH_POLICY_MONTHS_KEPT = 1,    /* 0: no bound */
    PH_POLICY_ANSWERS_MIN = 2,    /* survey answers that leave a school together */
    PH_POLICY_RELAYED_ABROAD = 3, /* 0 no, 1 yes */
};

/* An entry that a vote or close accepts, with all that it follows on. */
struct ph_log_end {
    struct ph_writer_id writer;
    uint32_t seq;
    struct ph_entry_id id;
};

/* Ends as a fact holds them: packed items, ascending by (writer, seq, id). */
struct ph_log_ends {
    struct ph_bytes items;
    uint32_t count;
};

/* Whose key signed: a school's or a writer's public key. */
struct ph_author {
    uint8_t bytes[32];
};

/* A parsed fact. Views borrow from the bytes it was parsed from. */
struct ph_fact {
    struct ph_fact_id id;
    uint64_t type;                /* enum ph_fact_type, or a later version's */
    struct ph_network_id network; /* zero in a founding fact: its own id is the network's */
    struct ph_author author;
    struct ph_signature signature;
    struct ph_bytes bytes; /* the whole fact, as received */
    struct ph_bytes past;  /* 32 bytes for each fact named, ascending */
    union {
        struct {
            struct ph_bytes name;
            struct ph_hash network_key_hash;
            uint64_t quota;
        } found;
        struct {
            struct ph_writer_id writer;
            struct ph_agree_public transport;
            uint16_t serial;
            /* The writer's, to what ph_writer_consent says; of a certificate that is only shown
             * (empty past) none. */
            struct ph_signature consent;
            /* For ph_fact_sign: the writer's secret, which consents then; NULL: `consent` is filled
             * in. Borrowed. NULL after parsing. */
            const struct ph_sign_secret *consenting;
        } certify;
        struct {
            uint8_t key[32];
            uint16_t uses;
        } invite;
        struct {
            struct ph_school_id school;
            struct ph_fact_id invite;
            struct ph_signature proof;
        } admit;
        struct {
            enum ph_proposal what;
            struct ph_school_id school; /* of all but policies */
            struct ph_bytes lifted;     /* restore: ids of removals, 32 bytes each, ascending */
            struct ph_school_id key;    /* succeed: the new one */
            struct ph_signature consent;
            uint64_t setting, value; /* policy */
        } propose;
        struct {
            struct ph_fact_id proposal;
            struct ph_log_ends ends;
        } vote;
        struct {
            struct ph_writer_id writer;
            struct ph_log_ends ends;
        } close;
        struct {
            struct ph_log_ends ends;
        } leave;
        struct {
            uint32_t count;
            struct ph_bytes items;
        } other; /* unknown types: packed items, opaque */
    } of;
};

/* Parse and verify the signature, of a certify fact also the writer's consent: all that can be
 * judged from the bytes alone. A certify fact may have an empty past (it then is a certificate for
 * handshakes, and no set takes it). PH_MALFORMED, PH_LIMIT (over PH_FACT_MAX or PH_FACT_PAST_MAX),
 * PH_UNAUTHENTIC. */
PH_MUST_USE enum ph_status ph_fact_parse(struct ph_bytes bytes, struct ph_fact *out);
/* The same in its two halves: whether a fact is held already can be seen before the dear one.
 * Nothing of a fact that is only read may be believed. */
PH_MUST_USE enum ph_status ph_fact_read(struct ph_bytes bytes, struct ph_fact *out);
PH_MUST_USE enum ph_status ph_fact_verify(const struct ph_fact *fact);

/* Build and sign. Fill `fact->type`, `network`, `author`, `past` and `of` before; `past` is sorted,
 * and `secret` is the author's. Appends the fact to `out` and completes `fact` (views then borrow
 * from `out`). PH_LIMIT: too long for a fact or for `out`. PH_MALFORMED: what was filled in is no
 * fact. Both are then as before. */
PH_MUST_USE enum ph_status ph_fact_sign(struct ph_fact *fact, const struct ph_sign_secret *secret,
                                        struct ph_buffer *out);

/* A proposal about a school, to be completed and signed. */
struct ph_fact ph_fact_proposing(enum ph_proposal what, const struct ph_school_id *school);

/* A writer's certificate, as shown in a handshake: a certify fact without its past, the transport
 * key left out where the handshake implies it (spec: "Handshake payloads"). */
struct ph_certificate {
    struct ph_school_id school;
    struct ph_writer_id writer;
    uint16_t serial;
    struct ph_hash past_hash;
    struct ph_signature signature;
};
struct ph_certificate ph_certificate_of(const struct ph_fact *certify);
void ph_certificate_pack(const struct ph_certificate *certificate, struct ph_buffer *out);
/* Reads five items. Failure shows in the unpacker. */
void ph_certificate_unpack(struct ph_unpacker *unpacker, struct ph_certificate *out);
/* PH_UNAUTHENTIC: the school did not sign this writer and transport key for this network. */
PH_MUST_USE enum ph_status ph_certificate_verify(const struct ph_certificate *certificate,
                                                 const struct ph_network_id *network,
                                                 const struct ph_agree_public *transport);

/* Appends one to ends that are being written, and takes the first of those that are left. The
 * caller counts. */
void ph_log_end_pack(struct ph_buffer *items, const struct ph_log_end *end);
struct ph_log_end ph_log_end_next(struct ph_log_ends *ends);
int ph_log_end_compare(const struct ph_log_end *a, const struct ph_log_end *b);

/* A writer agrees to be certified by that school key. */
struct ph_signature ph_writer_consent(const struct ph_sign_secret *writer,
                                      const struct ph_network_id *network,
                                      const struct ph_school_id *key);

/* A new school key agrees to speak for that school. */
struct ph_signature ph_succeed_consent(const struct ph_sign_secret *key,
                                       const struct ph_network_id *network,
                                       const struct ph_school_id *school);
PH_MUST_USE enum ph_status ph_succeed_verify(const struct ph_fact *proposal);

/* A joining proof: the invitation's one-time key signs the school that joins. */
struct ph_join_proof {
    uint8_t invite_key[32];
    struct ph_signature signature;
};
struct ph_join_proof ph_join_prove(const uint8_t invite_secret[16],
                                   const struct ph_network_id *network,
                                   const struct ph_school_id *school);
PH_MUST_USE enum ph_status ph_join_verify(const uint8_t invite_key[32],
                                          const struct ph_signature *signature,
                                          const struct ph_network_id *network,
                                          const struct ph_school_id *school);
/* The one-time key pair of an invitation from its 16-byte secret. */
void ph_invite_key(const uint8_t invite_secret[16], struct ph_sign_secret *secret, uint8_t key[32]);

#endif
