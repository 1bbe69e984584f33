/* Reading the store: one snapshot, what it yields borrowed until the view closes. A view lives for
 * one step of the node at most: a long one keeps old pages from being used again. */
#ifndef PHAROS_STORE_VIEW_H
#define PHAROS_STORE_VIEW_H

#include "proto/bounds.h"
#include "proto/op.h"
#include "store/store.h"

struct ph_view {
    struct ph_store *store;
    void *txn;
};

PH_MUST_USE enum ph_status ph_view_open(struct ph_store *store, struct ph_view *view);
void ph_view_close(struct ph_view *view); /* zeroed is fine */

/* PH_NOT_FOUND where there is none; PH_CORRUPT where stored bytes don't have their form. */
PH_MUST_USE enum ph_status ph_view_meta(const struct ph_view *view, const char *name,
                                        struct ph_bytes *out);
/* The newest receipt that was kept of a writer, as ph_batch_receipt was given it. */
PH_MUST_USE enum ph_status ph_view_receipt(const struct ph_view *view,
                                           const struct ph_writer_id *writer, struct ph_bytes *out);
/* Whether this store has written a log as this writer. */
PH_MUST_USE enum ph_status ph_view_was_own(const struct ph_view *view,
                                           const struct ph_writer_id *writer, bool *out);
PH_MUST_USE enum ph_status ph_view_fact(const struct ph_view *view, uint32_t index,
                                        struct ph_bytes *out);
PH_MUST_USE enum ph_status ph_view_log(const struct ph_view *view, uint32_t log,
                                       struct ph_log_row *out);

PH_MUST_USE enum ph_status ph_view_log_count(const struct ph_view *view, uint64_t *out);
/* How far a log stands: the last sequence number whose ops count, PH_STANDS_ALL if all do. */
PH_MUST_USE enum ph_status ph_view_cut(const struct ph_view *view, uint32_t log,
                                       uint32_t *stands_to);
/* The same of the first `log_count` logs as these facts have it, whatever the store says. `out` has
 * room for as many. PH_NO_MEMORY. */
PH_MUST_USE enum ph_status ph_view_cuts(const struct ph_view *view, const struct ph_facts *facts,
                                        uint32_t log_count, uint32_t *out);

struct ph_stored_entry {
    const uint8_t *encoded; /* PH_HEADER_LEN bytes */
    struct ph_header header;
    struct ph_body body;
    const struct ph_signature *signature; /* NULL: within a run */
};
PH_MUST_USE enum ph_status ph_view_entry(const struct ph_view *view, uint32_t log, uint32_t seq,
                                         struct ph_stored_entry *out);

/* The first hole at or after (*log, *seq); moves them there. PH_NOT_FOUND: no more. */
PH_MUST_USE enum ph_status ph_view_hole(const struct ph_view *view, uint32_t *log, uint32_t *seq);

/* A record as merged. Values come sorted as merge.h says. */
struct ph_record {
    uint16_t kind;
    struct ph_record_id id;
    bool is_created;          /* else it is not to be shown yet */
    uint64_t created_lamport; /* of the winning create */
    enum ph_audience audience;
    uint32_t touch_count;    /* entries merged into it */
    struct ph_bytes touches; /* (log u32, seq u32) each, big-endian, ascending */
    uint32_t value_count;
    struct ph_unpacker values; /* read with ph_record_next */
};
struct ph_record_value {
    uint16_t field;
    uint32_t log, seq; /* the entry that wrote it, by local log number */
    uint16_t index;
    uint64_t lamport;
    bool is_missing;      /* content erased, missing or not of the field's type */
    struct ph_bytes item; /* one MessagePack item, if not missing */
};
PH_MUST_USE enum ph_status ph_view_record(const struct ph_view *view, uint16_t kind,
                                          const struct ph_record_id *id, struct ph_record *out);
/* Any kind: ids are unique but for malice; the lowest kind number wins. */
PH_MUST_USE enum ph_status ph_view_find(const struct ph_view *view, const struct ph_record_id *id,
                                        struct ph_record *out);
/* The first record of a kind that a school created and that is shown: its own card, for one. Behind
 * PH_FIRST_OF_MAX that it touched and that are not shown nothing is looked for. */
PH_MUST_USE enum ph_status ph_view_first_of(const struct ph_view *view, uint16_t kind,
                                            const struct ph_school_id *school,
                                            struct ph_record *out);
bool ph_record_next(struct ph_record *record, struct ph_record_value *out);
/* A value's op as others name it. */
PH_MUST_USE enum ph_status ph_view_ref(const struct ph_view *view,
                                       const struct ph_record_value *value, struct ph_op_ref *out);

/* What of one school counts on a record by now, and how much can (README.md: shares). Of ops alone:
 * each entry that counts has one, so entries never run out first. Bytes are those of its live
 * values, such as found no room among them. PH_CORRUPT. */
struct ph_record_share {
    uint32_t op_count, op_count_max;
    size_t byte_count, byte_count_max;
};
PH_MUST_USE enum ph_status ph_view_share(const struct ph_view *view, const struct ph_record *record,
                                         const struct ph_school_id *school,
                                         struct ph_record_share *out);
/* What one live value takes of a school's bytes: nothing of another's. */
PH_MUST_USE enum ph_status ph_view_value_len(const struct ph_view *view,
                                             const struct ph_record_value *value,
                                             const struct ph_school_id *school, size_t *len);

/* Listings of shown records. Begin with a zeroed position; each call gives the next one and moves
 * on. PH_NOT_FOUND: no more. By kind: newest first (creation's Lamport time, id), and older
 * positions stay valid while records are added. By parent: by position, then id, any kind. */
struct ph_list_position {
    bool is_started;
    uint8_t key[104];
    size_t key_len;
};
PH_MUST_USE enum ph_status ph_view_list(const struct ph_view *view, uint16_t kind,
                                        struct ph_list_position *position,
                                        struct ph_record_id *out);
PH_MUST_USE enum ph_status ph_view_children(const struct ph_view *view,
                                            const struct ph_record_id *parent,
                                            struct ph_list_position *position, uint16_t *kind,
                                            struct ph_record_id *out);
/* How many records are shown, of all kinds. */
PH_MUST_USE enum ph_status ph_view_record_count(const struct ph_view *view, uint64_t *out);
/* Entries stored but not materialised yet. */
PH_MUST_USE enum ph_status ph_view_backlog(const struct ph_view *view, uint64_t *out);

/* The canonical form of a record: the same bytes at every node that holds the same ops, without
 * local log numbers. For tests and comparison. PH_LIMIT: `out` is too small. */
PH_MUST_USE enum ph_status ph_view_canonical(const struct ph_view *view, uint16_t kind,
                                             const struct ph_record_id *id, struct ph_buffer *out);

#endif
