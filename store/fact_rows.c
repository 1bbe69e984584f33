#include "store/fact_rows.h"

enum ph_status ph_fact_rows_take(struct ph_facts **facts, struct ph_bytes bytes, bool *is_new)
{
    struct ph_network_id network;
    struct ph_fact fact;
    if (*facts == NULL) {
        PH_TRY(ph_fact_parse(bytes, &fact));
        memcpy(network.bytes, fact.id.bytes, sizeof network.bytes);
        PH_TRY(ph_facts_new(&network, facts));
    }
    return ph_facts_load(*facts, bytes, is_new);
}

bool ph_fact_rows_certify(const struct ph_facts *facts, const struct ph_log_row *row)
{
    const struct ph_fact *certify = facts == NULL ? NULL : ph_facts_find(facts, &row->certify);
    if (certify == NULL || certify->type != PH_FACT_CERTIFY)
        return false;
    const struct ph_school_id *school = ph_facts_school_of(facts, certify);
    return ph_writer_id_equal(&certify->of.certify.writer, &row->writer) && school != NULL &&
           ph_school_id_equal(school, &row->school);
}
