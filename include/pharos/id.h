/* Ids as distinct types, so that two of them can't be swapped by mistake.
 * All compare by bytes. A zeroed id never names anything. */
#ifndef PHAROS_ID_H
#define PHAROS_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct ph_hash {
    uint8_t bytes[32];
}; /* BLAKE2b-256 under one of crypto.h's domains */
struct ph_root {
    uint8_t bytes[32];
}; /* equal roots = same facts, heads and holes */
struct ph_fact_id {
    uint8_t bytes[32];
}; /* hash of a fact's statement */
struct ph_entry_id {
    uint8_t bytes[32];
}; /* hash of an entry's header */
struct ph_school_id {
    uint8_t bytes[32];
}; /* a school's Ed25519 public key */
struct ph_writer_id {
    uint8_t bytes[32];
}; /* a writer's Ed25519 public key */
struct ph_record_id {
    uint8_t bytes[16];
}; /* school prefix 8, sequence 4, random 4 */

/* A network's id is the id of its founding fact. */
struct ph_network_id {
    uint8_t bytes[32];
};

#define PH_ID_QUESTIONS(name, type)                                                                \
    static inline int ph_##name##_compare(const struct type *a, const struct type *b)              \
    {                                                                                              \
        return memcmp(a->bytes, b->bytes, sizeof a->bytes);                                        \
    }                                                                                              \
    static inline bool ph_##name##_equal(const struct type *a, const struct type *b)               \
    {                                                                                              \
        return ph_##name##_compare(a, b) == 0;                                                     \
    }                                                                                              \
    static inline bool ph_##name##_is_zero(const struct type *id)                                  \
    {                                                                                              \
        static const struct type zero;                                                             \
        return ph_##name##_equal(id, &zero);                                                       \
    }

PH_ID_QUESTIONS(hash, ph_hash)
PH_ID_QUESTIONS(root, ph_root)
PH_ID_QUESTIONS(fact_id, ph_fact_id)
PH_ID_QUESTIONS(entry_id, ph_entry_id)
PH_ID_QUESTIONS(school_id, ph_school_id)
PH_ID_QUESTIONS(writer_id, ph_writer_id)
PH_ID_QUESTIONS(record_id, ph_record_id)
PH_ID_QUESTIONS(network_id, ph_network_id)

#undef PH_ID_QUESTIONS

#endif
