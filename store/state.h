/* What a store is made of: for the files of this folder. */
#ifndef PHAROS_STORE_STATE_H
#define PHAROS_STORE_STATE_H

#include "store/db.h"
#include "store/store.h"

struct ph_store {
    struct ph_db *db;
    const struct ph_log_sink *log;
};

#endif
