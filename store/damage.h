/* What a verification has found so far: for the files that make it up. */
#ifndef PHAROS_STORE_DAMAGE_H
#define PHAROS_STORE_DAMAGE_H

#include "store/logs.h"
#include "store/schema.h"
#include "store/verify.h"

struct ph_verification {
    struct ph_txn txn;
    struct ph_logs logs;
    uint64_t quota; /* of the founding fact */
    struct ph_verify_report report;
};

/* Count one damage; the first is described: "where: what.". Never fails: the search goes on. */
void ph_damage(struct ph_verification *verification, const char *where, const char *what);
/* The same, of an entry: named by the first 8 hex digits of its writer, and its sequence. */
void ph_damage_at(struct ph_verification *verification, struct ph_place place, const char *what);

/* The parts. PH_OK also if damage was found; others: the search could not go on. */
PH_MUST_USE enum ph_status ph_verify_logs(struct ph_verification *verification);
PH_MUST_USE enum ph_status ph_verify_log(struct ph_verification *verification, uint32_t log);
PH_MUST_USE enum ph_status ph_verify_waiting(struct ph_verification *verification);
PH_MUST_USE enum ph_status ph_verify_records(struct ph_verification *verification);

#endif
