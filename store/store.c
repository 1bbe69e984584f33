#include "store/store.h"

#include <stdlib.h>

#include "store/folder.h"
#include "store/recovery.h"
#include "store/schema.h"
#include "store/state.h"

static enum ph_status recover(struct ph_store *store, const struct ph_store_options *options,
                              char why[PH_DB_WHY_LEN])
{
    if (options->journal_path == NULL || options->is_read_only)
        return PH_OK;
    enum ph_status status = ph_recover(store, options->journal_path, options->writer);
    if (status != PH_OK)
        snprintf(why, PH_DB_WHY_LEN, "The journal %.100s can't be replayed: %s.",
                 options->journal_path, ph_status_text(status));
    return status;
}

enum ph_status ph_store_open(const struct ph_store_options *options, struct ph_store **out,
                             char why[PH_DB_WHY_LEN])
{
    struct ph_db_options db_options = {
        .path = options->path,
        .map_bytes = options->map_bytes,
        .is_read_only = options->is_read_only,
        .log = options->log,
    };
    why[0] = 0;
    PH_TRY(ph_folder_check(options->path, options->any_file_system, why));
    bool is_older;
    PH_TRY(ph_schema_check(&db_options, &is_older, why));
    if (options->is_read_only && is_older) {
        snprintf(why, PH_DB_WHY_LEN, "The store in %.100s is of an earlier layout.", options->path);
        return PH_WAITING;
    }
    struct ph_db *db;
    PH_TRY(ph_db_open(&db_options, &db, why));
    struct ph_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        ph_db_close(db);
        snprintf(why, PH_DB_WHY_LEN, "Memory is exhausted.");
        return PH_NO_MEMORY;
    }
    store->db = db;
    store->log = options->log;
    store->journal = PH_JOURNAL_CLOSED;
    enum ph_status status = recover(store, options, why);
    if (status != PH_OK) {
        ph_store_close(store);
        return status;
    }
    *out = store;
    return PH_OK;
}

void ph_store_close(struct ph_store *store)
{
    if (store == NULL)
        return;
    ph_journal_close(&store->journal);
    ph_db_close(store->db);
    free(store);
}

bool ph_store_is_in_doubt(const struct ph_store *store)
{
    return atomic_load(&store->is_in_doubt);
}

enum ph_status ph_store_grow(struct ph_store *store)
{
    return ph_db_grow(store->db);
}
