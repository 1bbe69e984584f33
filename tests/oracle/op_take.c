#include "tests/oracle/op_take.h"

#include <stdlib.h>

#include "proto/run.h"

/* --- giving --- */

static void apply(struct op_taker *taker)
{
    CHECK_OK(home_apply(&taker->home, taker->batch));
    taker->batch = home_batch();
}

static void put_facts(struct op_taker *taker)
{
    for (uint32_t i = 0; i < ph_facts_count(taker->facts); i++)
        CHECK_OK(ph_batch_fact(taker->batch, i, ph_facts_at(taker->facts, i)->bytes));
}

static const struct op_held *find_held(const struct op_taker *taker, const struct ph_entry_id *id)
{
    for (uint32_t i = 0; i < taker->held_count; i++)
        if (ph_entry_id_equal(&taker->held[i].id, id))
            return &taker->held[i];
    return NULL;
}

/* The log of a writer whose certify fact the run names as its beginning. */
static bool open_log(struct op_taker *taker, const struct ph_run_head *head, uint32_t *log)
{
    struct ph_fact_id id;
    memcpy(id.bytes, head->after_id.bytes, sizeof id.bytes);
    for (*log = 0; *log < taker->log_count; (*log)++)
        if (ph_fact_id_equal(&taker->logs[*log].certify, &id))
            return ph_writer_id_equal(&taker->logs[*log].writer, &head->writer);
    const struct ph_fact *fact = ph_facts_find(taker->facts, &id);
    if (fact == NULL || fact->type != PH_FACT_CERTIFY || !ph_facts_stands(taker->facts, fact) ||
        !ph_writer_id_equal(&fact->of.certify.writer, &head->writer) ||
        taker->log_count == OP_LOGS_MAX)
        return false;
    struct ph_log_row *row = &taker->logs[taker->log_count++];
    *row = (struct ph_log_row){.writer = head->writer, .certify = id, .tip = ph_link_first(&id)};
    row->school = ph_fact_school(fact);
    CHECK_OK(ph_batch_log(taker->batch, *log, row));
    return true;
}

static bool find_place(struct op_taker *taker, const struct ph_run_head *head, uint32_t *log,
                       struct ph_link *link)
{
    if (head->after_seq == 0) {
        if (!open_log(taker, head, log))
            return false;
        *link = ph_link_first(&taker->logs[*log].certify);
        return true;
    }
    const struct op_held *held = find_held(taker, &head->after_id);
    if (held == NULL || held->link.seq != head->after_seq ||
        !ph_writer_id_equal(&taker->logs[held->log].writer, &head->writer))
        return false;
    *log = held->log;
    *link = held->link;
    return true;
}

static bool is_tip(const struct op_taker *taker, uint32_t log, const struct ph_entry_id *id)
{
    return ph_entry_id_equal(&taker->logs[log].tip.id, id);
}

/* An entry of a run whose signature is known to fit. */
static void keep(struct op_taker *taker, uint32_t log, const struct ph_run_entry *entry,
                 const struct ph_link *link, const struct ph_signature *signature)
{
    if (find_held(taker, &entry->id) != NULL)
        return;
    CHECK(is_tip(taker, log, &entry->header.previous));
    CHECK_OK(ph_batch_entry(taker->batch, log, entry->encoded, &entry->body, signature));
    taker->logs[log].tip = *link;
    CHECK_OK(ph_batch_log(taker->batch, log, &taker->logs[log]));
    CHECK(taker->held_count < OP_HELD_MAX);
    taker->held[taker->held_count++] = (struct op_held){.id = entry->id, .link = *link, .log = log};
}

/* Twice over the same run: once to judge it, once to keep it. */
static bool read_run(struct op_taker *taker, struct ph_run_reader run, uint32_t log,
                     struct ph_link link, const struct ph_signature *signature)
{
    struct ph_run_entry entry;
    struct ph_signature found;
    uint32_t count = run.head.entry_count;
    for (uint32_t i = 0; i < count; i++) {
        if (ph_run_next(&run, &link, taker->quota, &entry) != PH_OK)
            return false;
        if (signature != NULL)
            keep(taker, log, &entry, &link, i + 1 == count ? signature : NULL);
    }
    return signature != NULL || ph_run_verify(&run, &link, &found) == PH_OK;
}

/* Whether it need not be tried again. */
static bool give_run(struct op_taker *taker, uint32_t number)
{
    struct ph_bytes bytes = taker->set->runs[number];
    struct ph_unpacker unpacker;
    struct ph_run_reader run;
    struct ph_link link;
    uint32_t log;
    if (ph_unpack(&unpacker, bytes) != PH_OK)
        return true;
    ph_unpack_array_of(&unpacker, 5);
    if (unpacker.failed || ph_run_open(&unpacker, &run) != PH_OK ||
        ph_unpack_end(&unpacker) != PH_OK)
        return true;
    if (!find_place(taker, &run.head, &log, &link))
        return false;
    if (!taker->is_signed[number])
        taker->is_signed[number] = read_run(taker, run, log, link, NULL);
    if (taker->is_signed[number])
        read_run(taker, run, log, link, &run.signature);
    return true;
}

static bool give_fill(struct op_taker *taker, const struct op_fill *fill)
{
    struct ph_view view = {0};
    struct ph_stored_entry entry;
    struct ph_body body = {.content = fill->content, .salt = fill->salt};
    const struct op_held *held = find_held(taker, &fill->entry);
    if (held == NULL)
        return false;
    apply(taker);
    body.content_len = (uint16_t)fill->content.len;
    struct ph_hash hash = ph_body_content_hash(&body);
    CHECK_OK(ph_view_open(taker->home.store, &view));
    CHECK_OK(ph_view_entry(&view, held->log, held->link.seq, &entry));
    bool fits = entry.body.content_is_missing && ph_hash_equal(&entry.body.content_hash, &hash);
    ph_view_close(&view);
    if (fits)
        CHECK_OK(
            ph_batch_fill(taker->batch, held->log, held->link.seq, &fill->salt, fill->content));
    if (fits)
        apply(taker);
    return true;
}

/* In that order, again and again until there is nothing new. */
static void give_all(struct op_taker *taker, struct chance *chance)
{
    uint32_t order[OP_RUNS_MAX + OP_FILLS_MAX];
    const struct op_set *set = taker->set;
    draw_order(chance, order, set->run_count + set->fill_count);
    for (uint32_t before = UINT32_MAX; before != taker->held_count;) {
        before = taker->held_count;
        for (uint32_t i = 0; i < set->run_count + set->fill_count; i++) {
            uint32_t number = order[i];
            bool *is_done = number < set->run_count ? &taker->is_given[number]
                                                    : &taker->is_filled[number - set->run_count];
            if (*is_done && !happens(chance, 10)) /* some twice */
                continue;
            *is_done = number < set->run_count
                           ? give_run(taker, number)
                           : give_fill(taker, &set->fills[number - set->run_count]);
            if (happens(chance, 12))
                apply(taker);
        }
    }
}

void op_take_begin(struct op_taker *taker, const struct op_set *set, struct ph_facts *facts,
                   uint64_t quota, struct chance *chance)
{
    memset(taker, 0, offsetof(struct op_taker, is_signed));
    taker->set = set;
    taker->facts = facts;
    taker->quota = quota;
    home_init(&taker->home);
    home_open(&taker->home);
    taker->batch = home_batch();
    put_facts(taker);
    give_all(taker, chance);
    apply(taker);
    home_catch_up(&taker->home);
}

void op_take_end(struct op_taker *taker)
{
    ph_batch_free(taker->batch);
    home_deinit(&taker->home);
}
