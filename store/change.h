/* The changes in a batch, one after the other: for whoever applies it. */
#ifndef PHAROS_STORE_CHANGE_H
#define PHAROS_STORE_CHANGE_H

#include "store/batch.h"

enum ph_change_type {
    PH_CHANGE_META,
    PH_CHANGE_FACT,
    PH_CHANGE_LOG,
    PH_CHANGE_ENTRY,
    PH_CHANGE_FILL,
    PH_CHANGE_LEAVE_OUT,
    PH_CHANGE_CUT,
    PH_CHANGE_RECEIPT,
    PH_CHANGE_END_WAITING, /* nothing more to it */
};

/* Views borrow from the batch. */
struct ph_change {
    enum ph_change_type type;
    uint32_t number;       /* of the fact or log */
    uint32_t seq;          /* of a cut: how far the log stands */
    bool is_hole;          /* an entry without its content */
    struct ph_bytes name;  /* of a meta value */
    struct ph_bytes value; /* as the table holds it; of a fill: salt, then content;
                            * of what is left out: its key */
};

/* The change at `*at`, which begins with 0 and moves on. False: no more. */
bool ph_batch_next(const struct ph_batch *batch, size_t *at, struct ph_change *out);

/* The log to materialise first. False: none. */
bool ph_batch_preferred(const struct ph_batch *batch, uint32_t *log);
bool ph_batch_is_own(const struct ph_batch *batch, uint32_t log);
bool ph_batch_settles_doubt(const struct ph_batch *batch);
bool ph_batch_wants_rebuild(const struct ph_batch *batch);
void ph_batch_set_outcome(struct ph_batch *batch, bool is_behind, uint64_t kinds_made);

#endif
