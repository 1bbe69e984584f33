/* What the schools of the demonstration write: their own sections of one shared plan, and what they
 * think about their work, in Arabic and English. */
#ifndef PHAROS_TOOLS_DEMO_TEXTS_H
#define PHAROS_TOOLS_DEMO_TEXTS_H

#include <stddef.h>

#define PH_DEMO_SCHOOLS_MAX 25

struct ph_demo_section {
    const char *priority;
    const char *statement, *indicator, *baseline, *target; /* of its objective */
    const char *action, *lead_title;
    struct ph_demo_reflection {
        const char *title, *description, *feelings, *evaluation, *analysis, *conclusion, *plan;
    } reflection;
};

extern const char *const ph_demo_names[PH_DEMO_SCHOOLS_MAX];

/* Those of the first schools; a school beyond them works on the theme of an earlier one. */
const struct ph_demo_section *ph_demo_section(size_t school);

/* What the two schools that are apart want the shared objective to reach. */
extern const char *const ph_demo_targets[2];
/* What a school writes one after the other while it is killed; `turn` counts up from 0. */
const char *ph_demo_remark(size_t turn);

#endif
