/* A store in a folder of its own that is gone afterwards. */
#ifndef PHAROS_TESTS_SUPPORT_HOME_H
#define PHAROS_TESTS_SUPPORT_HOME_H

#include "store/store.h"
#include "store/view.h"
#include "tests/support/world.h"

struct home {
    char path[256];
    char journal[272]; /* beside the folder */
    bool has_journal;  /* false at first: set before home_open */
    uint64_t map_bytes;
    struct ph_store *store;
};

void home_init(struct home *home);   /* makes the folder, opens nothing */
void home_deinit(struct home *home); /* closes, removes */
void home_open(struct home *home);
void home_close(struct home *home);
void home_remove(const char *path);
void home_remove_journal(const struct home *home); /* and those set aside */
/* Open, with the facts and logs of a world in it. */
void home_found(struct home *home, struct world *world);

struct ph_batch *home_batch(void); /* a new one */

/* Apply, growing the map as often as it asks for that; the batch is freed. */
enum ph_status home_apply(struct home *home, struct ph_batch *batch);
/* Empty batches until nothing is behind. */
void home_catch_up(struct home *home);
/* Make all records again. */
void home_rebuild(struct home *home);

#endif
