/* Which schools are known to hold what durably: by their receipts, and by what their sessions have
 * shown (spec: "Receipts"). What is in doubt counts as not held. */
#ifndef PHAROS_NODE_HOLDERS_H
#define PHAROS_NODE_HOLDERS_H

#include "node/state.h"

/* What is asked about: entries of a branch up to that one. */
struct ph_holders_part {
    uint32_t log;
    uint32_t seq;
};

struct ph_holders_lacking {
    struct ph_school_id school;
    uint64_t entries; /* that it is not known to hold */
    bool is_heard;    /* a receipt of it counts, or it is connected */
};

/* Of all members that are not removed, ourselves included. */
struct ph_holders {
    uint32_t at, of;
    uint32_t lacking_count; /* of - at */
    struct ph_holders_lacking lacking[PH_SCHOOLS_MAX];
};

void ph_holders_ask(struct ph_node *node, const struct ph_view *view,
                    const struct ph_holders_part *parts, uint32_t count, struct ph_holders *out);

/* How far a school is known to hold a branch without a gap; 0: not at all. */
uint32_t ph_holders_end(struct ph_node *node, const struct ph_view *view,
                        const struct ph_school_id *school, uint32_t number);

/* How many entries of a branch lie behind what is held, those before its fork left aside. */
uint64_t ph_holders_behind(const struct ph_node *node, uint32_t number, uint32_t held,
                           uint32_t seq);

/* The receipt of a school that counts and came last; NULL: none does. */
const struct ph_receipt_kept *ph_holders_receipt(struct ph_node *node,
                                                 const struct ph_school_id *school);

#endif
