/* Whose turn it is as host, by the records of terms and of what schools say about them
 * (proto/README.md, "Rota"). A view over records like any other: who is host gives nobody a right
 * to anything that is stored, passed on or shown, so a wrong, missing or double host costs
 * convenience and nothing else. */
#ifndef PHAROS_NODE_ROTA_H
#define PHAROS_NODE_ROTA_H

#include "node/state.h"
#include "proto/kind.h"

struct ph_term {
    struct ph_record_id id; /* zero: the founder's, before any other */
    struct ph_school_id school;
    struct ph_school_id deputies[PH_DEPUTIES_MAX];
    uint32_t deputy_count;
    char position[PH_POSITION_LEN_MAX + 1];
    char from[11], to[11];
    bool is_accepted, is_declined; /* by its school */
    bool has_begun;
};

enum ph_host_word { /* as the kind's choices are */
                    PH_WORD_ACCEPT,
                    PH_WORD_DECLINE,
                    PH_WORD_HAND_OVER,
                    PH_WORD_HOLD,
                    PH_WORD_TAKE,
                    PH_WORD_AGREE,
};

struct ph_word {
    struct ph_record_id id, parent, ends;
    uint32_t by; /* index of its school among those known */
    enum ph_host_word word;
    uint64_t lamport;
};

struct ph_rota {
    struct ph_term *terms; /* owned, by position and id */
    uint32_t term_count;
    struct ph_word *words; /* owned, by id */
    uint32_t word_count;
    struct ph_school_id *schools; /* owned: those known, by index */
    uint32_t school_count;
    int current;              /* of terms; -1: the founder's */
    struct ph_school_id host; /* who acts in it: its school, or who took it */
};

/* What the records say now. PH_NO_MEMORY, statuses of the store; to be freed in any case. */
PH_MUST_USE enum ph_status ph_rota_read(const struct ph_facts *facts, const struct ph_view *view,
                                        struct ph_rota *out);
void ph_rota_free(struct ph_rota *rota); /* zeroed is fine */

/* The id of the term under way; zero: the founder's. */
struct ph_record_id ph_rota_current(const struct ph_rota *rota);
bool ph_rota_is_deputy(const struct ph_rota *rota, const struct ph_school_id *school);
/* The next accepted term that has not begun; -1: none. */
int ph_rota_next(const struct ph_rota *rota);

/* A word by that school about `parent`, NULL if there is none. */
const struct ph_word *ph_rota_word(const struct ph_rota *rota, const struct ph_school_id *by,
                                   enum ph_host_word word, const struct ph_record_id *parent);
/* The host's handing over of the term under way that nobody has taken on yet; NULL: none. */
const struct ph_word *ph_rota_handing_over(const struct ph_rota *rota);
/* Votes for a taking over: those that count, and how many it takes. */
struct ph_tally ph_rota_tally(const struct ph_rota *rota, const struct ph_facts *facts,
                              const struct ph_word *take);

#endif
