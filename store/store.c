#include "store/store.h"

#include <stdlib.h>

#include "store/folder.h"
#include "store/schema.h"
#include "store/state.h"

enum ph_status ph_store_open(const struct ph_store_options *options, struct ph_store **out,
                             char why[PH_DB_WHY_LEN])
{
    struct ph_db_options db_options = {
        .path = options->path,
        .map_bytes = options->map_bytes,
        .log = options->log,
    };
    why[0] = 0;
    PH_TRY(ph_folder_check(options->path, options->any_file_system, why));
    PH_TRY(ph_schema_check(&db_options, why));
    struct ph_db *db;
    PH_TRY(ph_db_open(&db_options, &db, why));
    struct ph_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        ph_db_close(db);
        snprintf(why, PH_DB_WHY_LEN, "Memory is exhausted.");
        return PH_NO_MEMORY;
    }
    *store = (struct ph_store){.db = db, .log = options->log};
    *out = store;
    return PH_OK;
}

void ph_store_close(struct ph_store *store)
{
    if (store == NULL)
        return;
    ph_db_close(store->db);
    free(store);
}

enum ph_status ph_store_grow(struct ph_store *store)
{
    return ph_db_grow(store->db);
}
