#include "store/verify.h"

#include <stdio.h>

#include "store/damage.h"
#include "store/fact_rows.h"
#include "store/state.h"

void ph_damage(struct ph_verification *verification, const char *where, const char *what)
{
    struct ph_verify_report *report = &verification->report;
    if (report->damage_count++ == 0)
        snprintf(report->damage, sizeof report->damage, "%s: %s.", where, what);
}

void ph_damage_at(struct ph_verification *verification, struct ph_place place, const char *what)
{
    const struct ph_logs *logs = &verification->logs;
    char where[64];
    static const struct ph_writer_id unknown;
    const uint8_t *writer =
        place.log < logs->count ? logs->at[place.log].writer.bytes : unknown.bytes;
    snprintf(where, sizeof where, "Log %02x%02x%02x%02x, sequence %lu", writer[0], writer[1],
             writer[2], writer[3], (unsigned long)place.seq);
    ph_damage(verification, where, what);
}

static void complain_of_fact(struct ph_verification *verification, uint32_t number,
                             const char *what)
{
    char where[32];
    snprintf(where, sizeof where, "Facts, number %lu", (unsigned long)number);
    ph_damage(verification, where, what);
}

static enum ph_status check_fact(struct ph_verification *verification, struct ph_facts **facts,
                                 const struct ph_cursor *cursor)
{
    uint32_t number = 0;
    uint32_t expected = verification->report.fact_count++;
    bool is_new = false;
    if (!ph_key_read_u32(cursor->key, &number) || number != expected) {
        complain_of_fact(verification, expected, "it is missing");
        return PH_OK;
    }
    enum ph_status status = ph_fact_rows_take(facts, cursor->value, &is_new);
    if (status == PH_NO_MEMORY)
        return status;
    if (status != PH_OK)
        complain_of_fact(verification, expected, ph_status_text(status));
    else if (!is_new)
        complain_of_fact(verification, expected, "it is there twice");
    return PH_OK;
}

/* As they were taken: each again, in order. */
static enum ph_status take_facts(struct ph_verification *verification, struct ph_facts **facts)
{
    struct ph_cursor cursor = {0};
    enum ph_status status = ph_cursor_open(&verification->txn, PH_TABLE_FACTS, &cursor);
    if (status == PH_OK)
        status = ph_cursor_seek(&cursor, ph_bytes(NULL, 0));
    while (status == PH_OK) {
        status = check_fact(verification, facts, &cursor);
        if (status == PH_OK)
            status = ph_cursor_next(&cursor);
    }
    ph_cursor_close(&cursor);
    return status == PH_NOT_FOUND ? PH_OK : status;
}

static enum ph_status check_certificates(struct ph_verification *verification,
                                         const struct ph_facts *facts)
{
    struct ph_bytes value;
    struct ph_log_row row;
    for (uint32_t log = 0; log < verification->logs.count; log++) {
        struct ph_key key = ph_key_u32(log);
        PH_TRY(ph_db_get(&verification->txn, PH_TABLE_LOGS, ph_key_bytes(&key), &value));
        PH_TRY(ph_log_row_decode(value, &row));
        if (!ph_fact_rows_certify(facts, &row))
            ph_damage_at(verification, (struct ph_place){log, 0},
                         "its certify fact is not there, or of another writer");
    }
    return PH_OK;
}

static enum ph_status verify_facts(struct ph_verification *verification)
{
    struct ph_facts *facts = NULL;
    verification->quota = UINT64_MAX;
    enum ph_status status = take_facts(verification, &facts);
    const struct ph_fact *founding = facts == NULL ? NULL : ph_facts_founding(facts);
    if (founding != NULL)
        verification->quota = founding->of.found.quota;
    if (status == PH_OK)
        status = check_certificates(verification, facts);
    ph_facts_free(facts);
    return status;
}

static enum ph_status verify(struct ph_verification *verification)
{
    enum ph_status status = ph_db_check_free(&verification->txn);
    if (status == PH_CORRUPT)
        ph_damage(verification, "Free pages", "their list is damaged");
    else
        PH_TRY(status);
    status = ph_logs_load(&verification->txn, &verification->logs);
    if (status == PH_CORRUPT) { /* without them nothing else can be told apart */
        ph_damage(verification, "Table logs", "a row or cursor is missing or malformed");
        return PH_OK;
    }
    PH_TRY(status);
    verification->report.log_count = verification->logs.count;
    PH_TRY(verify_facts(verification));
    PH_TRY(ph_verify_logs(verification));
    /* What is made from damaged entries is not worth comparing. */
    if (verification->report.damage_count != 0)
        return PH_OK;
    PH_TRY(ph_verify_waiting(verification));
    return ph_verify_records(verification);
}

enum ph_status ph_store_verify(struct ph_store *store, struct ph_verify_report *report)
{
    struct ph_verification verification = {.quota = 0};
    enum ph_status status = ph_db_read(store->db, &verification.txn);
    if (status == PH_OK)
        status = verify(&verification);
    ph_logs_free(&verification.logs);
    ph_db_end(&verification.txn);
    *report = verification.report;
    /* A transaction that found a damaged page answers nothing but errors from then on. */
    if (status == PH_NOT_FOUND || report->damage_count != 0)
        status = PH_CORRUPT;
    return status;
}
