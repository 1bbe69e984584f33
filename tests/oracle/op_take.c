#include "tests/oracle/op_take.h"

#include <stdlib.h>

#include "proto/run.h"

/* --- giving --- */

static void apply(struct op_taker *taker)
{
    CHECK_OK(home_apply(&taker->home, taker->batch));
    taker->batch = home_batch();
}

/* As far as entries are in the store; those that gather are judged the next time. */
static void refresh_cuts(struct op_taker *taker)
{
    struct ph_view view = {0};
    uint64_t count = 0;
    uint32_t stands_to[OP_LOGS_MAX];
    CHECK_OK(ph_view_open(taker->home.store, &view));
    CHECK_OK(ph_view_log_count(&view, &count));
    CHECK(count <= OP_LOGS_MAX);
    CHECK_OK(ph_view_cuts(&view, taker->facts, (uint32_t)count, stands_to));
    ph_view_close(&view);
    for (uint32_t i = 0; i < count; i++) {
        if (taker->stands_to[i] != stands_to[i])
            CHECK_OK(ph_batch_cut(taker->batch, i, stands_to[i]));
        taker->stands_to[i] = stands_to[i];
    }
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

/* The certify fact that the run names as its log's beginning, if it is one. */
static const struct ph_fact *find_certify(const struct op_taker *taker,
                                          const struct ph_run_head *head)
{
    struct ph_fact_id id;
    memcpy(id.bytes, head->after_id.bytes, sizeof id.bytes);
    const struct ph_fact *fact = ph_facts_find(taker->facts, &id);
    bool fits = fact != NULL && fact->type == PH_FACT_CERTIFY &&
                ph_facts_stands(taker->facts, fact) &&
                ph_writer_id_equal(&fact->of.certify.writer, &head->writer);
    return fits ? fact : NULL;
}

/* Where a run continues: `row` is what a new branch there would be. */
struct place {
    struct ph_link link;
    struct ph_log_row row;
};

static bool find_place(struct op_taker *taker, const struct ph_run_head *head, struct place *out)
{
    *out = (struct place){0};
    if (head->after_seq == 0) {
        const struct ph_fact *certify = find_certify(taker, head);
        if (certify == NULL)
            return false;
        out->link = ph_link_first(&certify->id);
        out->row.writer = head->writer;
        out->row.school = *ph_facts_school_of(taker->facts, certify);
        out->row.certify = certify->id;
        return true;
    }
    const struct op_held *held = find_held(taker, &head->after_id);
    if (held == NULL || held->link.seq != head->after_seq ||
        !ph_writer_id_equal(&taker->logs[held->log].writer, &head->writer))
        return false;
    out->link = held->link;
    out->row = taker->logs[held->log];
    return true;
}

/* The branch that ends there; or a new one: it leaves the log of what it follows on, or, at the
 * start, the first of its writer, if there is one. */
static uint32_t branch_after(struct op_taker *taker, struct ph_log_row row,
                             const struct ph_entry_id *previous)
{
    const struct op_held *held = find_held(taker, previous);
    row.is_branch = held != NULL;
    row.base_log = held == NULL ? 0 : held->log;
    row.base_seq = held == NULL ? 0 : held->link.seq;
    for (uint32_t i = taker->log_count; i > 0; i--) {
        const struct ph_log_row *other = &taker->logs[i - 1];
        if (ph_entry_id_equal(&other->tip.id, previous))
            return i - 1;
        if (held == NULL && ph_writer_id_equal(&other->writer, &row.writer)) {
            row.is_branch = true;
            row.base_log = i - 1;
        }
    }
    CHECK(taker->log_count < OP_LOGS_MAX);
    row.tip = held == NULL ? ph_link_first(&row.certify) : held->link;
    CHECK_OK(ph_batch_log(taker->batch, taker->log_count, &row));
    taker->logs[taker->log_count] = row;
    return taker->log_count++;
}

/* An entry of a run whose signature is known to fit. */
static void keep(struct op_taker *taker, const struct ph_log_row *row,
                 const struct ph_run_entry *entry, const struct ph_link *link,
                 const struct ph_signature *signature)
{
    if (find_held(taker, &entry->id) != NULL)
        return;
    uint32_t log = branch_after(taker, *row, &entry->header.previous);
    CHECK_OK(ph_batch_entry(taker->batch, log, entry->encoded, &entry->body, signature));
    taker->logs[log].tip = *link;
    CHECK_OK(ph_batch_log(taker->batch, log, &taker->logs[log]));
    CHECK(taker->held_count < OP_HELD_MAX);
    taker->held[taker->held_count++] = (struct op_held){.id = entry->id, .link = *link, .log = log};
}

/* --- who is left out --- */

/* A log without entries is nobody's yet. */
static bool is_of(const struct ph_log_row *row, const struct ph_school_id *school)
{
    return row->tip.seq != 0 && ph_school_id_equal(&row->school, school);
}

static bool is_of_both(const struct ph_log_row *row, const struct ph_writer_id *writer,
                       const struct ph_school_id *school)
{
    return ph_writer_id_equal(&row->writer, writer) && is_of(row, school);
}

static uint32_t tip_count(const struct op_taker *taker, const struct ph_writer_id *writer,
                          const struct ph_school_id *school)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < taker->log_count; i++)
        count += is_of_both(&taker->logs[i], writer, school);
    return count;
}

/* The school's tips beyond the first of each writer. */
static uint32_t fork_count(const struct op_taker *taker, const struct ph_school_id *school)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < taker->log_count; i++) {
        const struct ph_log_row *row = &taker->logs[i];
        bool is_further = false;
        for (uint32_t k = 0; k < i && is_of(row, school); k++)
            is_further |= is_of_both(&taker->logs[k], &row->writer, school);
        count += is_further;
    }
    return count;
}

static bool is_flooding(const struct op_taker *taker, const struct ph_school_id *school)
{
    return ph_facts_count_of(taker->facts, school) > PH_FACTS_PER_SCHOOL_MAX;
}

static bool is_over(const struct op_taker *taker, const struct ph_school_id *school)
{
    return is_flooding(taker, school) ||
           ph_facts_certify_count(taker->facts, school) > PH_CERTIFIES_PER_SCHOOL_MAX ||
           fork_count(taker, school) > PH_FORKS_PER_SCHOOL_MAX;
}

bool op_take_is_left_out(const struct op_taker *taker, const struct ph_writer_id *writer,
                         const struct ph_school_id *school)
{
    return is_over(taker, school) || tip_count(taker, writer, school) > PH_BRANCHES_MAX;
}

bool op_take_leaves_out_any(const struct op_taker *taker)
{
    bool is_any = false;
    for (uint32_t i = 0; i < OP_SCHOOLS; i++)
        is_any |= is_over(taker, &schools[i].id);
    for (uint32_t i = 0; i < taker->log_count; i++)
        is_any |= op_take_is_left_out(taker, &taker->logs[i].writer, &taker->logs[i].school);
    return is_any;
}

/* With what it has certified, which nothing waits for any more. */
static void leave_out_school(struct op_taker *taker, const struct ph_school_id *school)
{
    CHECK_OK(ph_batch_leave_out_school(taker->batch, school));
    for (uint32_t i = 0; i < ph_facts_count(taker->facts); i++) {
        const struct ph_fact *fact = ph_facts_at(taker->facts, i);
        const struct ph_school_id *of =
            fact->type == PH_FACT_CERTIFY ? ph_facts_school_of(taker->facts, fact) : NULL;
        if (of != NULL && ph_school_id_equal(of, school))
            CHECK_OK(ph_batch_await_none_of(taker->batch, &fact->of.certify.writer));
    }
    if (is_flooding(taker, school))
        CHECK_OK(ph_batch_end_waiting(taker->batch));
}

/* The same again and again is no matter. */
static void judge(struct op_taker *taker)
{
    for (uint32_t i = 0; i < taker->log_count; i++) {
        const struct ph_log_row *row = &taker->logs[i];
        if (tip_count(taker, &row->writer, &row->school) <= PH_BRANCHES_MAX)
            continue;
        CHECK_OK(ph_batch_leave_out_log(taker->batch, &row->writer, &row->school));
        CHECK_OK(ph_batch_await_none_of(taker->batch, &row->writer));
    }
    for (uint32_t i = 0; i < OP_SCHOOLS; i++)
        if (is_over(taker, &schools[i].id))
            leave_out_school(taker, &schools[i].id);
}

/* --- runs, fills --- */

/* Twice over the same run: once to judge it, once to keep it. */
static bool read_run(struct op_taker *taker, struct ph_run_reader run, const struct place *place,
                     const struct ph_signature *signature)
{
    struct ph_run_entry entry;
    struct ph_signature found;
    struct ph_link link = place->link;
    uint32_t count = run.head.entry_count;
    for (uint32_t i = 0; i < count; i++) {
        if (ph_run_next(&run, &link, taker->quota, &entry) != PH_OK)
            return false;
        if (signature != NULL)
            keep(taker, &place->row, &entry, &link, i + 1 == count ? signature : NULL);
    }
    return signature != NULL || ph_run_verify(&run, &link, &found) == PH_OK;
}

/* Whether it need not be tried again. */
static bool give_run(struct op_taker *taker, uint32_t number)
{
    struct ph_unpacker unpacker;
    struct ph_run_reader run;
    struct place place;
    if (ph_unpack(&unpacker, taker->set->runs[number]) != PH_OK)
        return true;
    ph_unpack_array_of(&unpacker, 5);
    if (unpacker.failed || ph_run_open(&unpacker, &run) != PH_OK ||
        ph_unpack_end(&unpacker) != PH_OK)
        return true;
    if (!find_place(taker, &run.head, &place))
        return false;
    if (op_take_is_left_out(taker, &place.row.writer, &place.row.school))
        return true;
    if (!taker->is_signed[number])
        taker->is_signed[number] = read_run(taker, run, &place, NULL);
    if (taker->is_signed[number])
        read_run(taker, run, &place, &run.signature);
    judge(taker);
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
    const uint32_t count = set->run_count + set->fill_count;
    draw_order(chance, order, count);
    for (uint32_t before = UINT32_MAX; before != taker->held_count;) {
        before = taker->held_count;
        for (uint32_t i = 0; i < count; i++) {
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
            if (happens(chance, 10))
                refresh_cuts(taker);
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
    for (uint32_t i = 0; i < OP_LOGS_MAX; i++)
        taker->stands_to[i] = PH_STANDS_ALL;
    home_init(&taker->home);
    home_open(&taker->home);
    taker->batch = home_batch();
    put_facts(taker);
    judge(taker);
    give_all(taker, chance);
    apply(taker);
    if (happens(chance, 50))
        home_catch_up(&taker->home); /* else it is merged with its cuts at once */
    refresh_cuts(taker);
    apply(taker);
    home_catch_up(&taker->home);
}

void op_take_end(struct op_taker *taker)
{
    ph_batch_free(taker->batch);
    home_deinit(&taker->home);
}
