/* The demonstration: what its stages and its report share. */
#ifndef PHAROS_TOOLS_DEMO_H
#define PHAROS_TOOLS_DEMO_H

#include "tools/demo_school.h"
#include "tools/demo_texts.h"

#include <stdio.h>

struct ph_demo {
    struct ph_demo_bounds bounds;
    struct ph_demo_school schools[PH_DEMO_SCHOOLS_MAX];
    size_t school_count;
    char folder[PATH_MAX];
    bool is_kept;
    FILE *progress;
    uint64_t start_ms;
    char plan[33], objective[33]; /* the shared ones */
    json_t *acknowledged;         /* ids of what the killed school was told is saved */
};

/* demo_stages.c: in this order; each says what it does, and why it fails. */
PH_MUST_USE enum ph_status ph_demo_found(struct ph_demo *demo); /* homes, the network, a node */
PH_MUST_USE enum ph_status ph_demo_join(struct ph_demo *demo);  /* the others */
PH_MUST_USE enum ph_status ph_demo_write(struct ph_demo *demo); /* plan and reflections */
PH_MUST_USE enum ph_status ph_demo_part(struct ph_demo *demo);  /* two write apart */
PH_MUST_USE enum ph_status ph_demo_crash(struct ph_demo *demo); /* one is killed, writing */
PH_MUST_USE enum ph_status ph_demo_agree(struct ph_demo *demo); /* until all roots are equal */

/* demo_report.c: all that there is to say, as one document; owned, NULL on failure (said so). */
json_t *ph_demo_facts(struct ph_demo *demo);
void ph_demo_print(FILE *out, const json_t *facts);
/* Whether the facts are as they must be; says what isn't. */
PH_MUST_USE bool ph_demo_holds(const json_t *facts);

#endif
