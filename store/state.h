/* What a store is made of: for the files of this folder. */
#ifndef PHAROS_STORE_STATE_H
#define PHAROS_STORE_STATE_H

#include <stdatomic.h>

#include "store/db.h"
#include "store/journal_file.h"
#include "store/own.h"
#include "store/store.h"

struct ph_store {
    struct ph_db *db;
    const struct ph_log_sink *log;
    struct ph_journal journal; /* closed: none is kept */
    struct ph_own own;
    struct ph_own own_next; /* with the batch under way */
    atomic_bool is_in_doubt;
};

#endif
