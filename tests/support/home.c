#include "tests/support/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/check.h"

void home_init(struct home *home)
{
    const char *folder = getenv("TMPDIR");
    *home = (struct home){0};
    snprintf(home->path, sizeof home->path, "%.200s/pharos-test-XXXXXX",
             folder == NULL ? "/tmp" : folder);
    CHECK(mkdtemp(home->path) != NULL);
    snprintf(home->journal, sizeof home->journal, "%s.journal", home->path);
}

void home_remove(const char *path)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    char file[300];
    for (size_t i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "%s/%s", path, files[i]);
        unlink(file);
    }
    rmdir(path);
}

void home_remove_journal(const struct home *home)
{
    char file[320];
    unlink(home->journal);
    for (unsigned i = 1; i < 10; i++) {
        snprintf(file, sizeof file, "%s.damaged-%u", home->journal, i);
        unlink(file);
    }
}

void home_deinit(struct home *home)
{
    home_close(home);
    home_remove(home->path);
    home_remove_journal(home);
}

void home_open(struct home *home)
{
    char why[200] = "";
    const struct ph_store_options options = {
        .path = home->path,
        .journal_path = home->has_journal ? home->journal : NULL,
        .map_bytes = home->map_bytes,
        .any_file_system = true,
    };
    enum ph_status status = ph_store_open(&options, &home->store, why);
    if (status != PH_OK)
        print_error("%s\n", why);
    CHECK_OK(status);
}

void home_close(struct home *home)
{
    ph_store_close(home->store);
    home->store = NULL;
}

static enum ph_status apply(struct home *home, struct ph_batch *batch)
{
    enum ph_status status = ph_store_apply(home->store, batch);
    while (status == PH_MAP_FULL) {
        CHECK_OK(ph_store_grow(home->store));
        status = ph_store_apply(home->store, batch);
    }
    return status;
}

enum ph_status home_apply(struct home *home, struct ph_batch *batch)
{
    enum ph_status status = apply(home, batch);
    ph_batch_free(batch);
    return status;
}

void home_catch_up(struct home *home)
{
    struct ph_batch *batch;
    bool is_behind = true;
    while (is_behind) {
        CHECK_OK(ph_batch_new(&batch));
        CHECK_OK(apply(home, batch));
        is_behind = ph_batch_is_behind(batch);
        ph_batch_free(batch);
    }
}

struct ph_batch *home_batch(void)
{
    struct ph_batch *batch;
    CHECK_OK(ph_batch_new(&batch));
    return batch;
}

void home_found(struct home *home, struct world *world)
{
    home_init(home);
    home_open(home);
    struct ph_batch *batch = home_batch();
    world_found(world, batch);
    CHECK_OK(home_apply(home, batch));
}

void home_rebuild(struct home *home)
{
    struct ph_batch *batch = home_batch();
    ph_batch_rebuild(batch);
    CHECK_OK(home_apply(home, batch));
    home_catch_up(home);
}
