/* Schools with one writer each, the facts that make them known, and the entries they write: what a
 * store is filled with. Keys, salts and record ids follow from numbers, never from chance. */
#ifndef PHAROS_TESTS_SUPPORT_WORLD_H
#define PHAROS_TESTS_SUPPORT_WORLD_H

#include "proto/entry.h"
#include "proto/fact.h"
#include "proto/kind.h"
#include "proto/op.h"
#include "store/batch.h"

#define WORLD_WRITERS_MAX 8
#define WORLD_BODY_MAX 4096

struct world_writer {
    struct ph_sign_secret school_secret, secret;
    struct ph_school_id school;
    struct ph_writer_id id;
    struct ph_fact_id certify;
    struct ph_link link; /* of its log as written so far */
};

struct world {
    struct ph_network_id network;
    struct world_writer writers[WORLD_WRITERS_MAX];
    uint32_t writer_count;
    struct {
        uint8_t bytes[PH_FACT_MAX];
        size_t len;
        struct ph_fact_id id;
    } facts[32];
    uint32_t fact_count;
    uint32_t
        log_of[WORLD_WRITERS_MAX]; /* each writer's log in the store; its own number at first */
    uint64_t lamport;              /* of the latest entry */
    uint8_t skeleton[PH_BODY_MAX], content[PH_BODY_MAX];
};

/* An entry that has been written; it may go into any store, once its log's earlier ones are
 * there. */
struct world_entry {
    uint32_t writer; /* its number */
    uint8_t header[PH_HEADER_LEN];
    struct ph_entry_id id;
    struct ph_link link; /* of the log after it */
    struct ph_body body; /* borrows from `bytes` */
    uint8_t bytes[WORLD_BODY_MAX];
    struct ph_signature signature;
};

/* Facts: found, then for each further school invite, admit; certify for each. */
void world_init(struct world *world, uint32_t writer_count);
/* The school of the writer `other` certifies this one too, whose log begins with that: before
 * anything is written. */
void world_adopt(struct world *world, uint32_t writer, uint32_t other);
/* All facts, and a row for every log without entries, into the batch. */
void world_found(const struct world *world, struct ph_batch *batch);

/* Write an entry: begin, the ops, end. */
void world_begin(struct world *world, struct ph_op_writer *ops);
void world_end(struct world *world, uint32_t writer, struct ph_op_writer *ops,
               struct world_entry *out);
struct ph_op_ref world_ref(const struct world *world, const struct world_entry *entry,
                           uint16_t index);
/* A record of this writer's school that its next entry will create. */
struct ph_record_id world_record(const struct world *world, uint32_t writer, uint32_t number);
/* One canonical text item, written to `out`. */
struct ph_bytes world_text(uint8_t out[256], const char *text);
/* The common entry: a new record of a kind with one text field set. */
void world_create(struct world *world, uint32_t writer, uint16_t kind, const char *text,
                  struct world_entry *out, struct ph_record_id *record);

enum world_put { WORLD_SIGNED, WORLD_UNSIGNED, WORLD_WITHOUT_CONTENT };
/* The entry and its log's row into the batch. */
void world_put(const struct world *world, struct ph_batch *batch, const struct world_entry *entry,
               enum world_put how);

#endif
