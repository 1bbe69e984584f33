/* Every bound that a peer, a user or a disk can push against. A number that both sides of a
 * connection must agree on is marked (wire): changing it changes the protocol version. Those that
 * may be given from outside are for a build that simulates more schools than a network may have
 * (PH_WIDE): it gives up that no school's facts take another's room. */
#ifndef PHAROS_LIMITS_H
#define PHAROS_LIMITS_H

#include <assert.h>
#include <stdint.h>

/* Frames: 2-byte length, then ciphertext with its 16-byte tag. */
#define PH_FRAME_CIPHER_MAX 65535 /* (wire) bytes */
#define PH_FRAME_TAG_LEN 16       /* (wire) bytes */
#define PH_FRAME_PLAIN_MAX                                                                         \
    (PH_FRAME_CIPHER_MAX - PH_FRAME_TAG_LEN)      /* (wire) bytes, also once unpacked */
#define PH_HANDSHAKE_PAYLOAD_MAX 232              /* (wire) bytes, each way */
#define PH_FRAMES_PER_KEY_MAX (UINT64_C(1) << 48) /* (wire) then the session ends */

/* Beacons. */
#define PH_BEACON_LEN 75    /* (wire) bytes, always: nonce 24, ciphertext 35, tag 16 */
#define PH_BEACON_PORT 7409 /* (wire) UDP, unless people choose another */

/* MessagePack from outside. */
#define PH_PACK_DEPTH_MAX 8 /* (wire) nested arrays and maps */

/* Entries and runs. A run counts 128 + body length for each entry, whatever its encoding, so that a
 * stretch that was taken in one run can always be passed on in one. */
#define PH_HEADER_LEN 128                       /* (wire) */
#define PH_SALT_LEN 16                          /* (wire) */
#define PH_BODY_MAX (32 * 1024)                 /* (wire) bytes: skeleton + content */
#define PH_OPS_PER_ENTRY_MAX 256                /* (wire) more: an entry without ops */
#define PH_REFS_PER_OP_MAX 256                  /* (wire) more: an entry without ops */
#define PH_LAMPORT_STEP_MAX (UINT64_C(1) << 20) /* (wire) */
#define PH_LAMPORT_MAX (UINT64_C(1) << 53)      /* (wire) */
#define PH_RUN_COUNTED_MAX 65000                /* (wire) sum of 128 + body length */
#define PH_LOG_QUOTA_DEFAULT                                                                       \
    (UINT64_C(1) << 28) /* bytes of headers and bodies in one log, fixed at founding */

/* Facts. */
#define PH_FACT_MAX 4096        /* (wire) bytes of one fact with its past */
#define PH_FACT_PAST_MAX 64     /* (wire) facts that one fact names */
#define PH_ENDS_PER_FACT_MAX 24 /* (wire) entries that one vote or close accepts */
#define PH_CLAIMS_MAX 16        /* a node's invitations that name a school, not used yet */
#define PH_LIFTED_MAX 16        /* (wire) removals that one proposal lifts */
#define PH_WRITERS_MAX 16       /* (wire) serial numbers of one school's logs */
#ifndef PH_ADMISSIONS_MAX
#define PH_ADMISSIONS_MAX 128 /* (wire) admissions by one school in an admission's past */
#endif
#define PH_GUESTS_OF_MEMBER_MAX 8 /* schools admitted by invitations of one that doesn't vote */
#define PH_INVITE_USES_MAX 100    /* (wire) */
#define PH_NETWORK_NAME_MAX 200   /* (wire) bytes of UTF-8 */
#define PH_PROBATION_BYTES_MAX                                                                     \
    (8 * 1024 * 1024)      /* (wire) new facts taken from a school not known yet */
#define PH_FACTS_MAX 65536 /* facts held; beyond it new ones are not taken */
#define PH_FACT_SURPLUS_MAX                                                                        \
    (16 * 1024) /* (wire) bytes that a fact may lay on all that rest on it, to have an effect */
#ifndef PH_FACTS_PER_SCHOOL_MAX
#define PH_FACTS_PER_SCHOOL_MAX 512 /* (wire) more: none of its facts and logs counts */
#endif
#define PH_FACTS_RESERVE 64 /* of these, what a school keeps for certifying its writers */
#define PH_FACTS_WANTED_MAX                                                                        \
    2048 /* missing facts remembered for each school whose facts wait for them */
#define PH_FACTS_BROUGHT_MAX                                                                       \
    2048 /* of these taken beyond another school's bound: all that an honest school can have been  \
            given by some that flood */
#define PH_FACTS_VAIN_MAX (2 * PH_FACTS_MAX) /* in a row of one session, held or waiting; it ends */
#define PH_FACTS_VAIN_WAITING 4              /* such as wait count so often: they are verified */

/* Records. */
#define PH_FIELD_VALUE_MAX (16 * 1024) /* bytes of one value; a kind may ask for less */
#define PH_FIELDS_PER_KIND_MAX 32
#define PH_FIRST_OF_MAX 64       /* of a school's records, looked at for its first */
#define PH_OWNER_SHARE_MAX 16384 /* (wire) entries, and ops, of its owner merged into one record */
#define PH_SCHOOL_SHARE_MAX 1024 /* (wire) the same of each other school */
#define PH_OWNER_BYTES_MAX (1024 * 1024) /* (wire) of its owner's live values on one record */
#define PH_SCHOOL_BYTES_MAX (64 * 1024)  /* (wire) the same of each other school */

/* The rota of hosts: records like others, of which so many are looked at. */
#define PH_TERMS_MAX 256
#define PH_TERMS_PER_SCHOOL_MAX 16 /* of its proposals, the latest */
#define PH_WORDS_PER_SCHOOL_MAX 64 /* the same of what it says about terms */
#define PH_DEPUTIES_MAX 8
#define PH_ROTA_ROWS_MAX 65536     /* rows looked through */
#define PH_HEADS_PER_ENTRY_MAX 200 /* that a host lists */

/* A node. */
#ifndef PH_SCHOOLS_MAX
#define PH_SCHOOLS_MAX 100 /* a node admits no more */
#endif
#define PH_CERTIFIES_PER_SCHOOL_MAX (2 * PH_WRITERS_MAX) /* (wire) more: none of its logs counts */
#define PH_BRANCHES_MAX 8          /* (wire) ends of a writer in one school; more: none counts */
#define PH_FORKS_PER_SCHOOL_MAX 32 /* (wire) ends beyond the first of each writer; the same */
#define PH_LOGS_MAX (PH_SCHOOLS_MAX * (PH_CERTIFIES_PER_SCHOOL_MAX + PH_FORKS_PER_SCHOOL_MAX + 1))
#define PH_NEWS_PER_PEER_MAX 64 /* heads of one peer that lie on no branch held here */
#define PH_PEERS_MAX 128        /* connections, half-open ones included */
#define PH_CALLERS_MAX 112      /* of those, so that one's own calls find a place */
#define PH_HALF_OPEN_MAX 64     /* connections that have not shown who they are */
#define PH_SESSIONS_PER_SCHOOL_MAX PH_WRITERS_MAX /* a newer one ends the oldest */
#define PH_ADDRESSES_MAX 128                      /* addresses that a node remembers */
#define PH_HEARD_MAX 64                           /* addresses from beacons */
#define PH_HEARD_PER_KEY_MAX 4                    /* of these with one transport key */
#define PH_HEARD_FAILURES_MAX 8                   /* then one that fell silent is forgotten */
#define PH_PUBLISHED_PER_SCHOOL_MAX 4             /* addresses from a school's record */
#define PH_PUBLISHED_MAX (PH_SCHOOLS_MAX * PH_PUBLISHED_PER_SCHOOL_MAX)
#define PH_OWN_ADDRESSES_MAX 4 /* of these, what one installation publishes */
#define PH_LINKS_WANTED 8    /* schools to be connected to, so that no other is called by chance */
#define PH_LINKS_TRIED_MAX 8 /* addresses heard or published that are called at a time */
#define PH_ADDRESS_LEN_MAX 262 /* bytes of "host:port": a DNS name, a colon, five digits */
#define PH_OUTBOX_BYTES_MAX (1024 * 1024) /* sent but not yet taken by the network, per peer */
#define PH_OUTBOX_BYTES_HARD_MAX (4 * 1024 * 1024) /* then the peer reads too slowly to be kept */
#define PH_BATCH_BYTES_MAX (4 * 1024 * 1024)       /* one commit */
#define PH_JOURNAL_FRAME_MAX                                                                       \
    (2 * PH_BATCH_BYTES_MAX)      /* bytes of one frame: what a batch can hold */
#define PH_SLICE_ENTRIES_MAX 8192 /* entries materialised in one commit */
#define PH_SLICE_READS_MAX 65536  /* entries that the records made in one commit are made of */
#define PH_HOLES_MAX 65536        /* entries without content; beyond, such runs are not taken */
#define PH_WANT_RUNS_MAX 8        /* (wire) runs that one WANT may ask for */
#define PH_WANTS_PER_PEER_MAX 4   /* logs being fetched from one peer at a time */
#define PH_WANTS_MAX 8            /* from all peers that answer; half as many from others */
#define PH_SERVES_PER_PEER_MAX 4  /* logs being sent to one peer at a time */
#define PH_PUSH_ENTRIES_MAX 64    /* a longer gap is pulled, not pushed */
#define PH_EAGER_FIRST 3          /* peers that a node begins to push to by itself */
#define PH_EAGER_MAX 8            /* peers that it pushes to at most */
#define PH_EAGER_PER_SCHOOL_MAX 2 /* of these, sessions of one school */
#define PH_GRAFTS_PER_LOSS 2      /* peers asked to push where one that did is gone */
#define PH_UNDELIVERED_MAX 3  /* wants in a row that a peer left alone, and spoke; it is reported */
#define PH_RUNS_VAIN_MAX 8192 /* pushes in a row of one session that are held already; it ends */
#define PH_LOCATOR_MAX 40     /* (wire) ids in a WANT's locator */
#define PH_MESSAGE_HEADS_MAX 700    /* (wire) heads in one HEADS */
#define PH_RECEIPT_HELD_MAX 1024    /* (wire) branches that a receipt names */
#define PH_RECEIPT_REPLACED_MAX 32  /* (wire) writers that it stands in for */
#define PH_RECEIPT_HELD_FEW 32      /* of more, receipts are made the less often */
#define PH_RECEIPTS_LISTED_MAX 4000 /* (wire) receipts named in one RECEIPTS */
#define PH_RECEIPTS_VAIN_MAX 8192   /* receipts in a row of one session, held or no good; it ends */
#define PH_RECEIPT_BURST 4          /* of one writer, taken in half of PH_RECEIPT_MS */
#define PH_INVITATION_ADDRESSES_MAX 4      /* (wire) */
#define PH_HOLES_PER_HEADS_MAX 256         /* (wire) holes in one HEADS */
#define PH_COMMAND_BYTES_MAX (1024 * 1024) /* one command or one piece of a reply */
#define PH_COMMANDS_MAX 64                 /* commands waiting for an answer */
#define PH_JOBS_MAX 2 /* jobs of a node under way: a verification, new secrets */

/* Time, in ms of the monotonic clock. No wall-clock time limits anything. */
#define PH_CONNECT_MS_MAX 15000     /* of a dial; a system may take minutes to give up */
#define PH_HANDSHAKE_MS_MAX 5000    /* from connection to the last handshake message */
#define PH_PROBATION_MS_MAX 10000   /* from handshake to being known */
#define PH_SILENCE_MS_MAX 60000     /* without a byte; then the connection counts as dead */
#define PH_IDLE_ROOT_MS 20000       /* idle sessions exchange roots this often */
#define PH_TWIN_MS_MAX 30000        /* for the older of two connections to show life */
#define PH_WANT_MS_MAX 15000        /* a WANT without a byte is asked elsewhere, or again */
#define PH_WANT_QUEUED_MS_MAX 60000 /* the same while runs of other logs come from that peer */
#define PH_ROOT_MS 2000             /* for a live session to become equal before it says all */
#define PH_LAZY_MS 100              /* heads for who is not pushed to wait for others so long */
#define PH_GRAFT_MS_MIN 300         /* for a push of what a head speaks of; then it is wanted */
#define PH_GRAFT_MS_MAX 700
#define PH_PRUNE_MS 1000          /* for all that is on its way before peers are pruned */
#define PH_GRAFT_LATE_MS 1000     /* for what is wanted so; then another is asked beside */
#define PH_COMPARE_MS 10000       /* between two looks at what a peer shows */
#define PH_BEHIND_MS 5000         /* behind so long with a log, a peer is slow, not on its way */
#define PH_KEPT_BACK_MS 120000    /* behind so long, and not catching up, it is reported */
#define PH_RECEIPT_MS 60000       /* between two receipts of one writer, of few branches */
#define PH_RECEIPT_QUIET_MS 10000 /* without a change, before one is made */
#define PH_RECEIPT_TELL_MS 2000   /* for news of receipts to wait for others */
#define PH_RECEIPT_LATE_MS 5000   /* then a peer that is not pushed to gets it all the same */
#define PH_GRAFT_AGAIN_MS 2000    /* before who has pruned us is asked to push again */
#define PH_DIAL_MS_MIN 500        /* first pause before dialing again; doubles, with jitter */
#define PH_DIAL_MS_MAX 60000
#define PH_DIAL_HOME_MS 600000    /* what led to ourselves may lead elsewhere by then */
#define PH_LINKS_PACE_MS 250      /* between two calls of addresses heard or published */
#define PH_LINKS_SWAP_MS 300000   /* then one of the links made by chance is replaced */
#define PH_BEACON_MS 30000        /* between two beacons, less up to half of it by chance */
#define PH_BEACON_ANSWER_MS 2000  /* two are never closer */
#define PH_BEACON_YIELD_MS 3000   /* for the one with the lower key to call first */
#define PH_HEARD_AGAIN_MS 5000    /* who is heard again is called no sooner than that */
#define PH_PUBLISH_MS 600000      /* between two entries with this node's own addresses */
#define PH_PUBLISH_SETTLE_MS 5000 /* from hearing of them until they are written */
#define PH_HEARD_TWIN_MS 120000   /* until one whose key is connected elsewhere is called */
#define PH_REPORT_BURST 200       /* lines in the log that peers can cause at once, of each kind */
#define PH_REPORT_PACE_MS 2000    /* then one each */
#define PH_FULL_DISK_MS 30000     /* after a full disk, until peers are asked again */
#define PH_DRAIN_MS_MAX 2000      /* an orderly stop takes no longer */

static_assert(PH_TWIN_MS_MAX > PH_IDLE_ROOT_MS, "who lives says so in time");
static_assert(PH_RUN_COUNTED_MAX + 256 <= PH_FRAME_PLAIN_MAX, "a run fits one frame");
static_assert(PH_HEADER_LEN + PH_BODY_MAX <= PH_RUN_COUNTED_MAX, "an entry fits a run");
static_assert(PH_FACT_PAST_MAX * 32 < PH_FACT_MAX, "a fact holds its past");
static_assert(PH_FACT_PAST_MAX * 32 + PH_ENDS_PER_FACT_MAX * 74 + 256 <= PH_FACT_MAX,
              "a vote holds its past and its ends");
#ifndef PH_WIDE
static_assert(PH_SCHOOLS_MAX * (PH_FACTS_PER_SCHOOL_MAX + 1) + 4 * PH_FACTS_BROUGHT_MAX <=
                  PH_FACTS_MAX,
              "no school's facts take another's room");
static_assert(PH_ADMISSIONS_MAX + 3 * PH_SCHOOLS_MAX + PH_FACTS_RESERVE <= PH_FACTS_PER_SCHOOL_MAX,
              "a founder can admit and confirm all others, each by an invitation of its own");
#endif
static_assert(PH_FIELD_VALUE_MAX <= PH_SCHOOL_BYTES_MAX, "every school has room for a value");
static_assert(PH_BODY_MAX < 65536, "a body's length is 16 bits");
static_assert(PH_LINKS_TRIED_MAX <= PH_PEERS_MAX - PH_CALLERS_MAX, "calls by chance find a place");
static_assert(PH_PEERS_MAX < 255, "a peer's place fits a byte");

#endif
