/* Ops: what a body says (spec: "Ops"). A skeleton is a list of groups, one per record touched; each
 * holds ops. The content is a list with one value for each op that carries one.
 *
 * Parsing never refuses an accepted entry: a skeleton that doesn't parse is an entry without ops,
 * and content that is missing or doesn't fit leaves values missing. */
#ifndef PHAROS_PROTO_OP_H
#define PHAROS_PROTO_OP_H

#include "pharos/bytes.h"
#include "pharos/id.h"
#include "pharos/limits.h"
#include "pharos/status.h"
#include "proto/entry.h"
#include "proto/pack.h"

enum ph_op_type {
    PH_OP_CREATE = 0,
    PH_OP_SET = 1,       /* register; carries a value */
    PH_OP_ADD = 2,       /* set; carries a value */
    PH_OP_REMOVE = 3,    /* set */
    PH_OP_INSERT = 4,    /* text; reserved; carries a value */
    PH_OP_DELETE = 5,    /* text; reserved */
    PH_OP_SEALED = 6,    /* register, value sealed; reserved; carries a value */
    PH_OP_ERASE = 7,     /* reserved */
    PH_OP_SUCCESSOR = 8, /* reserved */
    PH_OP_UNKNOWN = 9,   /* every type from 9 up */
};

/* Fixed when a record is created. */
enum ph_audience { PH_AUDIENCE_NETWORK = 0, PH_AUDIENCE_SCHOOL = 1, PH_AUDIENCE_NAMED = 2 };

/* Names an op: its entry and its index there. */
struct ph_op_ref {
    struct ph_writer_id writer;
    uint32_t seq;
    uint8_t check[16]; /* first half of the entry's id */
    uint16_t index;    /* among all ops of the entry, from 0 */
};

int ph_op_ref_compare(const struct ph_op_ref *a, const struct ph_op_ref *b);
struct ph_op_ref ph_op_ref(const struct ph_writer_id *writer, uint32_t seq,
                           const struct ph_entry_id *id, uint16_t index);

/* One op, borrowed from the skeleton and content it was read from. */
struct ph_op {
    enum ph_op_type type;
    uint16_t kind;
    struct ph_record_id record;
    enum ph_audience audience;
    uint16_t field; /* set, add, remove */
    struct ph_op_ref self;
    uint16_t ref_count;   /* overwritten sets, or removed adds */
    struct ph_bytes refs; /* scanned items; read them with ph_op_refs */
    bool carries_value;
    bool value_is_missing;
    struct ph_bytes value; /* one scanned item, if it carries one and it is there */
};

/* Where the entry stands, for `self` and for references to the same entry. */
struct ph_op_place {
    struct ph_writer_id writer;
    uint32_t seq;
    struct ph_entry_id id;
};

/* Reading, in order of index. Unknown and reserved op types are yielded like the others, with
 * `field` 0 and no refs, so that they keep their index. Kinds and fields are at most 65,535. */
struct ph_op_reader {
    struct ph_unpacker skeleton;
    struct ph_unpacker content;
    struct ph_op_place place;
    struct ph_op group;
    uint32_t groups_left, ops_left;
    bool content_is_usable;
};

/* Reads the whole skeleton once. PH_NOT_FOUND: it has no ops (it is empty or doesn't parse). */
PH_MUST_USE enum ph_status ph_ops_open(struct ph_op_reader *reader, const struct ph_op_place *place,
                                       const struct ph_body *body);
/* False after the last. */
bool ph_ops_next(struct ph_op_reader *reader, struct ph_op *out);

/* The references of one op, resolved (a self reference becomes a full one). Returns the count
 * written, at most PH_REFS_PER_OP_MAX. Self references to an index not below the op's own are void
 * and left out. */
uint16_t ph_op_refs(const struct ph_op *op, struct ph_op_ref out[PH_REFS_PER_OP_MAX]);

/* Writing: a small builder for one entry. Groups begin in any order; ops go to the open group. */
struct ph_op_writer {
    struct ph_buffer skeleton; /* caller's buffers of PH_BODY_MAX */
    struct ph_buffer content;
    size_t op_count_at; /* where the open group's count of ops goes */
    uint16_t group_count;
    uint16_t op_count; /* of the open group */
    uint16_t value_count;
    uint16_t index; /* of the next op */
};

void ph_ops_begin(struct ph_op_writer *writer, uint8_t *skeleton, uint8_t *content, size_t size);
void ph_ops_group(struct ph_op_writer *writer, uint16_t kind, const struct ph_record_id *record,
                  enum ph_audience audience);
void ph_ops_create(struct ph_op_writer *writer);
/* References with a zero writer name an earlier op of this same entry by its index. `value` is one
 * canonical MessagePack item. More than the limits allow is told by ph_ops_end. */
void ph_ops_set(struct ph_op_writer *writer, uint16_t field, const struct ph_op_ref *overwrites,
                size_t overwrite_count, struct ph_bytes value);
void ph_ops_add(struct ph_op_writer *writer, uint16_t field, struct ph_bytes value);
void ph_ops_remove(struct ph_op_writer *writer, uint16_t field, const struct ph_op_ref *adds,
                   size_t add_count);
/* Fills `body` (borrowing the buffers) but for its salt. PH_LIMIT: over PH_BODY_MAX or the
 * counts. */
PH_MUST_USE enum ph_status ph_ops_end(struct ph_op_writer *writer, struct ph_body *body);

/* Spec: "Record ids": first 8 bytes of the owner's key, sequence of the creating entry, 4
 * random. */
#define PH_SCHOOL_PREFIX_LEN 8 /* (wire) bytes of its key */
struct ph_record_id ph_record_id_make(const struct ph_school_id *owner, uint32_t seq,
                                      const uint8_t random[4]);
bool ph_record_id_is_of(const struct ph_record_id *id, const struct ph_school_id *school);
uint32_t ph_record_id_seq(const struct ph_record_id *id);

#endif
