/* The keys of a home: the school's, and this installation's, which are bound to this machine and
 * this database: a copy of the home elsewhere, or another database in it, must not sign with them.
 *
 * Functions that return a status other than PH_OK have written one plain sentence to `why`. */
#ifndef PHAROS_TOOLS_HOME_KEYS_H
#define PHAROS_TOOLS_HOME_KEYS_H

#include "tools/home.h"
#include "tools/machine.h"

#define PH_SCHOOL_FILE "school.key"
#define PH_WRITER_FILE "writer.key"

/* What a writer's secrets belong to. */
struct ph_binding {
    bool is_bound;     /* else to nothing yet: the next four are zero */
    uint8_t token[16]; /* random; kept in the database, too */
    uint64_t born_ns;  /* when the database's file was made; 0: the file system doesn't say */
    struct ph_machine machine;
};

/* `here` is what is; `bound` what the file says. A birth that isn't known fits any. */
bool ph_binding_fits(const struct ph_binding *bound, const struct ph_binding *here);

/* Reads the keys. A writer's file that is missing or damaged leaves the identity without a writer.
 * The caller wipes `out`. */
PH_MUST_USE enum ph_status ph_home_identity(const struct ph_home *home, struct ph_identity *out,
                                            struct ph_binding *binding, char why[PH_WHY_SIZE]);
void ph_home_forget_writer(struct ph_identity *identity);

/* Writes the writer's file with this binding, durably. */
PH_MUST_USE enum ph_status ph_home_bind(const struct ph_home *home,
                                        const struct ph_identity *identity,
                                        const struct ph_binding *binding, char why[PH_WHY_SIZE]);
PH_MUST_USE enum ph_status ph_home_born_ns(const struct ph_home *home, uint64_t *out,
                                           char why[PH_WHY_SIZE]);

/* Fresh secrets for this installation, durable: as struct ph_keeper's renew. */
struct ph_home_keeper {
    const struct ph_home *home; /* borrowed */
    struct ph_binding binding;
};
PH_MUST_USE enum ph_status ph_home_renew(void *impl, uint16_t serial, struct ph_identity *identity);

/* For a new home. */
PH_MUST_USE enum ph_status ph_home_check_name(const char *name, char why[PH_WHY_SIZE]);
PH_MUST_USE enum ph_status ph_home_make_keys(const struct ph_home *home, const char *name,
                                             struct ph_school_id *school, char why[PH_WHY_SIZE]);

#endif
