#include "node/ends.h"

#include <stdlib.h>

#include "node/ingest.h"
#include "node/peers.h"

#define HOLES_FIRST 64

static int compare_heads(const void *a, const void *b)
{
    return ph_head_compare(a, b);
}

static int compare_holes(const void *a, const void *b)
{
    return ph_hole_compare(a, b);
}

static bool is_own(const struct ph_node *node, const struct ph_log_row *row)
{
    return node->has_writer && ph_writer_id_equal(&row->writer, &node->writer) &&
           ph_school_id_equal(&row->school, &node->school);
}

/* Whose first log is it? Numbers grow, so that the first is in its place already. */
static void link_branch(struct ph_node *node, uint32_t number)
{
    struct ph_log *log = &node->logs.items[number];
    int first = ph_ends_find(node, &log->row.writer);
    log->first = (uint32_t)first;
    if (log->first != number)
        node->logs.items[log->first].is_forked = true;
}

static bool is_flooding(const struct ph_node *node, const struct ph_school_id *school)
{
    return ph_facts_count_of(node->facts, school) > PH_FACTS_PER_SCHOOL_MAX;
}

static bool is_over_by_facts(const struct ph_node *node, const struct ph_school_id *school)
{
    return ph_facts_certify_count(node->facts, school) > PH_CERTIFIES_PER_SCHOOL_MAX ||
           is_flooding(node, school);
}

static enum ph_status load_rows(struct ph_node *node, const struct ph_view *view)
{
    struct ph_ends *logs = &node->logs;
    logs->count = 0;
    logs->lamport_seen = 0;
    node->own_log = -1;
    while (logs->count < PH_LOGS_MAX) {
        struct ph_log log = {0};
        enum ph_status status = ph_view_log(view, logs->count, &log.row);
        if (status == PH_NOT_FOUND)
            break;
        PH_TRY(status);
        if (log.row.is_branch && log.row.base_log >= logs->count)
            return PH_CORRUPT;
        log.submitted = log.row.tip;
        log.durable = log.row.tip;
        log.before = log.row.tip.seq;
        PH_TRY(ph_view_cut(view, logs->count, &log.stands_to));
        if (log.row.tip.lamport > logs->lamport_seen)
            logs->lamport_seen = log.row.tip.lamport;
        if (is_own(node, &log.row) && !log.row.is_branch)
            node->own_log = (int)logs->count;
        logs->items[logs->count++] = log;
        link_branch(node, logs->count - 1);
    }
    return PH_OK;
}

static enum ph_status add_hole(struct ph_ends *logs, const struct ph_hole *hole)
{
    if (logs->hole_count == logs->hole_size) {
        uint32_t size = logs->hole_size == 0 ? HOLES_FIRST : 2 * logs->hole_size;
        struct ph_hole *holes = realloc(logs->holes, size * sizeof *holes);
        if (holes == NULL)
            return PH_NO_MEMORY;
        logs->holes = holes;
        logs->hole_size = size;
    }
    logs->holes[logs->hole_count++] = *hole;
    return PH_OK;
}

static enum ph_status load_holes(struct ph_node *node, const struct ph_view *view)
{
    struct ph_ends *logs = &node->logs;
    uint32_t log = 0, seq = 0;
    logs->hole_count = 0;
    for (; logs->hole_count < PH_HOLES_MAX; seq++) {
        struct ph_stored_entry entry;
        enum ph_status status = ph_view_hole(view, &log, &seq);
        if (status == PH_NOT_FOUND)
            break;
        PH_TRY(status);
        if (log >= logs->count)
            return PH_CORRUPT;
        if (logs->items[log].is_out_durable)
            continue;
        PH_TRY(ph_view_entry(view, log, seq, &entry));
        const struct ph_hole hole = {
            .writer = logs->items[log].row.writer, .seq = seq, .id = ph_header_id(entry.encoded)};
        PH_TRY(add_hole(logs, &hole));
    }
    if (logs->hole_count != 0)
        qsort(logs->holes, logs->hole_count, sizeof *logs->holes, compare_holes);
    return PH_OK;
}

/* Of all that is durable. While records don't follow from that yet, one that is nobody's: of no
 * facts. */
static void refresh_root(struct ph_node *node, bool records_follow)
{
    uint32_t fact_count = records_follow ? node->ingest.facts_durable : 0;
    struct ph_ends *logs = &node->logs;
    size_t head_count = 0;
    for (uint32_t i = 0; i < logs->count; i++) {
        const struct ph_log *log = &logs->items[i];
        if (ph_ends_is_in_root(log))
            node->heads[head_count++] = (struct ph_head){
                .writer = log->row.writer, .seq = log->durable.seq, .id = log->durable.id};
    }
    qsort(node->heads, head_count, sizeof *node->heads, compare_heads);
    logs->fact_set =
        node->facts != NULL ? ph_facts_hash(node->facts, fact_count) : ph_fact_set_hash(NULL, 0);
    logs->root = ph_root(&logs->fact_set, node->heads, head_count, logs->holes, logs->hole_count);
}

/* --- who is left out --- */

/* In order of admission; NULL: no more. */
static const struct ph_school_id *school_at(const struct ph_node *node, uint32_t number)
{
    return node->facts != NULL ? ph_facts_school(node->facts, number) : NULL;
}

/* The next certify fact by this school that stands, at or after `*index`. NULL: no more. */
static const struct ph_fact *next_by(const struct ph_node *node, uint32_t *index,
                                     const struct ph_school_id *school)
{
    for (; *index < ph_facts_count(node->facts); ++*index) {
        const struct ph_fact *fact = ph_facts_at(node->facts, *index);
        const struct ph_school_id *of = ph_facts_school_of(node->facts, fact);
        if (of != NULL && ph_school_id_equal(of, school))
            return fact;
    }
    return NULL;
}

/* Whose a log is, its first entry says: of one without entries that is not settled. */
static bool is_of(const struct ph_log *log, const struct ph_school_id *school)
{
    return log->row.tip.seq != 0 && ph_school_id_equal(&log->row.school, school);
}

static bool is_of_both(const struct ph_log *log, const struct ph_log_row *row)
{
    return ph_writer_id_equal(&log->row.writer, &row->writer) && is_of(log, &row->school);
}

/* The writer's, as far as they are the school's. */
static uint32_t count_tips(const struct ph_node *node, const struct ph_log_row *row)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->logs.count; i++)
        count += is_of_both(&node->logs.items[i], row);
    return count;
}

static bool has_too_many_tips(const struct ph_node *node, const struct ph_log_row *row)
{
    return count_tips(node, row) > PH_BRANCHES_MAX;
}

/* Whether a log before it is the same writer's in the same school. */
static bool is_further_tip(const struct ph_node *node, uint32_t number)
{
    const struct ph_log *log = &node->logs.items[number];
    for (uint32_t i = log->first; i < number; i++)
        if (is_of_both(&node->logs.items[i], &log->row))
            return true;
    return false;
}

/* Tips of the school beyond the first of each writer. */
static uint32_t count_forks(const struct ph_node *node, const struct ph_school_id *school)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->logs.count; i++)
        count += is_of(&node->logs.items[i], school) && is_further_tip(node, i);
    return count;
}

/* Rules over the facts and over entries that everyone can be shown, so that all nodes leave out the
 * same. More of either never undoes it. */
static bool is_over(const struct ph_node *node, const struct ph_school_id *school)
{
    return is_over_by_facts(node, school) || count_forks(node, school) > PH_FORKS_PER_SCHOOL_MAX;
}

/* Only its own logs, each by the certify fact that it begins with: which others the school
 * certifies, and who else certifies those, makes no difference. */
static void mark_school(struct ph_node *node, const struct ph_school_id *school)
{
    bool by_facts = is_over_by_facts(node, school);
    for (uint32_t i = 0; i < node->logs.count; i++) {
        struct ph_log *log = &node->logs.items[i];
        log->is_left_out = log->is_left_out || is_of(log, school);
        log->is_silent = log->is_silent || (by_facts && is_of(log, school));
    }
}

static void mark_log(struct ph_node *node, const struct ph_log_row *row)
{
    for (uint32_t i = 0; i < node->logs.count; i++) {
        struct ph_log *log = &node->logs.items[i];
        log->is_left_out = log->is_left_out || is_of_both(log, row);
    }
}

/* A writer is closed unless a school that certifies it takes more of it. */
static void open_certified(struct ph_node *node, const struct ph_school_id *school)
{
    const struct ph_fact *certify;
    for (uint32_t i = 0; (certify = next_by(node, &i, school)) != NULL; i++) {
        int first = ph_ends_find(node, &certify->of.certify.writer);
        struct ph_log_row row = {.writer = certify->of.certify.writer, .school = *school};
        if (first >= 0 && node->logs.items[first].is_closed)
            node->logs.items[first].is_closed = has_too_many_tips(node, &row);
    }
}

static void judge_writers(struct ph_node *node)
{
    const struct ph_school_id *school;
    for (uint32_t i = 0; i < node->logs.count; i++)
        node->logs.items[i].is_closed = true;
    for (uint32_t i = 0; (school = school_at(node, i)) != NULL; i++)
        if (!is_over(node, school))
            open_certified(node, school);
}

static void judge_all(struct ph_node *node)
{
    const struct ph_school_id *school;
    for (uint32_t i = 0; i < node->logs.count; i++)
        if (!is_further_tip(node, i) && has_too_many_tips(node, &node->logs.items[i].row))
            mark_log(node, &node->logs.items[i].row);
    for (uint32_t i = 0; (school = school_at(node, i)) != NULL; i++)
        if (is_over(node, school))
            mark_school(node, school);
    judge_writers(node);
    for (uint32_t i = 0; i < node->logs.count; i++) {
        struct ph_log *log = &node->logs.items[i];
        log->is_out_submitted = log->is_out_durable = log->is_left_out;
    }
}

/* To the store. Nothing waits for writers that the school certifies, those that no log is kept for
 * too: others may have referred to their entries. Which facts of a flood a node holds, and so which
 * writers it knows of, differs from node to node: so that nothing hangs on it, no entry waits any
 * more for what it refers to. */
static enum ph_status say_school(struct ph_node *node, const struct ph_school_id *school)
{
    struct ph_batch *batch = node->ingest.gathering;
    const struct ph_fact *certify;
    PH_TRY(ph_batch_leave_out_school(batch, school));
    if (is_flooding(node, school))
        return ph_batch_end_waiting(batch);
    for (uint32_t i = 0; (certify = next_by(node, &i, school)) != NULL; i++)
        PH_TRY(ph_batch_await_none_of(batch, &certify->of.certify.writer));
    return PH_OK;
}

static enum ph_status say_log(struct ph_node *node, const struct ph_log_row *row)
{
    struct ph_batch *batch = node->ingest.gathering;
    PH_TRY(ph_batch_leave_out_log(batch, &row->writer, &row->school));
    return ph_batch_await_none_of(batch, &row->writer);
}

static enum ph_status leave_out_school(struct ph_node *node, const struct ph_school_id *school)
{
    mark_school(node, school);
    judge_writers(node);
    node->ingest.holes_changed = true; /* its holes are left out of the root, too */
    ph_log(node->log, PH_LOG_WARN, "school %02x%02x%02x%02x is left out: it signs too many %s",
           school->bytes[0], school->bytes[1], school->bytes[2], school->bytes[3],
           is_over_by_facts(node, school) ? "facts" : "branches");
    return say_school(node, school);
}

static enum ph_status leave_out_log(struct ph_node *node, const struct ph_log_row *row)
{
    mark_log(node, row);
    judge_writers(node);
    node->ingest.holes_changed = true;
    ph_log(node->log, PH_LOG_WARN, "log %02x%02x%02x%02x is left out: it has too many branches",
           row->writer.bytes[0], row->writer.bytes[1], row->writer.bytes[2], row->writer.bytes[3]);
    return say_log(node, row);
}

/* At the tip that is one too many, of its writer or of its school. */
static enum ph_status judge_tip(struct ph_node *node, const struct ph_log_row *row)
{
    if (count_tips(node, row) == PH_BRANCHES_MAX + 1)
        PH_TRY(leave_out_log(node, row));
    if (count_forks(node, &row->school) == PH_FORKS_PER_SCHOOL_MAX + 1)
        PH_TRY(leave_out_school(node, &row->school));
    return PH_OK;
}

/* The first certify fact too many leaves out its school; what a later one names is waited for no
 * more than the others. */
static enum ph_status judge_certify(struct ph_node *node, const struct ph_log_row *row)
{
    int first = ph_ends_find(node, &row->writer);
    uint32_t count = ph_facts_certify_count(node->facts, &row->school);
    if (count == PH_CERTIFIES_PER_SCHOOL_MAX + 1)
        return leave_out_school(node, &row->school);
    if (is_over(node, &row->school))
        return ph_batch_await_none_of(node->ingest.gathering, &row->writer);
    if (first >= 0 && !has_too_many_tips(node, row))
        node->logs.items[first].is_closed = false;
    return PH_OK;
}

/* --- loading --- */

static enum ph_status load(struct ph_node *node, bool rows_too)
{
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK && rows_too) {
        status = load_rows(node, &view);
        judge_all(node);
    }
    if (status == PH_OK && rows_too)
        status = ph_peers_fit_all(node, node->logs.count);
    if (status == PH_OK)
        status = load_holes(node, &view);
    ph_view_close(&view);
    return status;
}

enum ph_status ph_ends_restate_left_out(struct ph_node *node)
{
    struct ph_batch *batch = NULL;
    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct ph_log *log = &node->logs.items[i];
        if (log->is_left_out && !is_further_tip(node, i) && has_too_many_tips(node, &log->row)) {
            PH_TRY(ph_ingest_batch(node, &batch));
            PH_TRY(say_log(node, &log->row));
        }
    }
    const struct ph_school_id *school;
    for (uint32_t i = 0; (school = school_at(node, i)) != NULL; i++)
        if (is_over(node, school)) {
            PH_TRY(ph_ingest_batch(node, &batch));
            PH_TRY(say_school(node, school));
        }
    node->logs.left_out_is_due = false;
    return PH_OK;
}

enum ph_status ph_ends_load(struct ph_node *node)
{
    PH_TRY(load(node, true));
    node->logs.left_out_is_due = true;
    return PH_OK;
}

enum ph_status ph_ends_refresh(struct ph_node *node, bool holes_changed, bool records_follow)
{
    if (holes_changed)
        PH_TRY(load(node, false));
    refresh_root(node, records_follow);
    return PH_OK;
}

/* --- additions --- */

static uint32_t add_log(struct ph_node *node, const struct ph_log_row *row,
                        const struct ph_link *durable)
{
    struct ph_ends *logs = &node->logs;
    logs->items[logs->count] = (struct ph_log){.row = *row,
                                               .submitted = *durable,
                                               .durable = *durable,
                                               .before = durable->seq,
                                               .is_closed = true,
                                               .stands_to = PH_STANDS_ALL};
    logs->count++;
    link_branch(node, logs->count - 1);
    return logs->count - 1;
}

static enum ph_status add(struct ph_node *node, const struct ph_fact *certify)
{
    struct ph_log_row row = {.writer = certify->of.certify.writer,
                             .school = *ph_facts_school_of(node->facts, certify),
                             .certify = certify->id,
                             .tip = ph_link_first(&certify->id)};
    bool is_held = ph_ends_find(node, &row.writer) >= 0;
    bool is_over = is_over_by_facts(node, &row.school);
    if (!is_held && !is_over && node->logs.count < PH_LOGS_MAX) {
        PH_TRY(ph_peers_fit_all(node, node->logs.count + 1));
        PH_TRY(ph_batch_log(node->ingest.gathering, node->logs.count, &row));
        uint32_t number = add_log(node, &row, &row.tip);
        if (is_own(node, &row)) {
            node->own_log = (int)number;
            ph_batch_own(node->ingest.gathering, number);
        }
    } else if (!is_held && !is_over) {
        ph_log(node->log, PH_LOG_WARN, "more logs than this node has room for");
    }
    return judge_certify(node, &row);
}

enum ph_status ph_ends_take_fact(struct ph_node *node, uint32_t index)
{
    const struct ph_fact *fact = ph_facts_at(node->facts, index);
    const struct ph_school_id *school = ph_facts_counted_for(node->facts, index);
    bool is_first_too_many = ph_facts_count_of(node->facts, school) == PH_FACTS_PER_SCHOOL_MAX + 1;
    if (fact->type == PH_FACT_CERTIFY && ph_facts_stands(node->facts, fact))
        PH_TRY(add(node, fact));
    return is_first_too_many ? leave_out_school(node, school) : PH_OK;
}

enum ph_status ph_ends_branch_number(const struct ph_node *node, uint32_t *number)
{
    *number = node->logs.count;
    return node->logs.count == PH_LOGS_MAX ? PH_WAITING : PH_OK;
}

enum ph_status ph_ends_add_branch(struct ph_node *node, uint32_t number,
                                  const struct ph_log_row *row, const struct ph_link *base)
{
    assert(number == node->logs.count && row->is_branch);
    PH_TRY(ph_peers_fit_all(node, node->logs.count + 1));
    add_log(node, row, base);
    ph_log(node->log, PH_LOG_WARN,
           "log %02x%02x%02x%02x is forked behind entry %u: both branches are kept",
           row->writer.bytes[0], row->writer.bytes[1], row->writer.bytes[2], row->writer.bytes[3],
           row->base_seq);
    return judge_tip(node, row);
}

int ph_ends_find(const struct ph_node *node, const struct ph_writer_id *writer)
{
    for (uint32_t i = 0; i < node->logs.count; i++)
        if (ph_writer_id_equal(&node->logs.items[i].row.writer, writer))
            return (int)i;
    return -1;
}

enum ph_status ph_ends_begin(const struct ph_node *node, const struct ph_log *log,
                             const struct ph_entry_id *certify_id, struct ph_log_row *row)
{
    struct ph_fact_id id;
    memcpy(id.bytes, certify_id->bytes, sizeof id.bytes);
    const struct ph_fact *certify = ph_facts_find(node->facts, &id);
    const struct ph_school_id *school =
        certify == NULL ? NULL : ph_facts_school_of(node->facts, certify);
    if (school == NULL || !ph_writer_id_equal(&certify->of.certify.writer, &log->row.writer))
        return PH_WAITING;
    *row = (struct ph_log_row){
        .writer = log->row.writer, .school = *school, .certify = id, .tip = ph_link_first(&id)};
    return is_over(node, &row->school) || has_too_many_tips(node, row) ? PH_REFUSED : PH_OK;
}

bool ph_ends_is_announced(const struct ph_log *log)
{
    return log->durable.seq > log->row.base_seq && !log->is_silent;
}

bool ph_ends_is_in_root(const struct ph_log *log)
{
    return log->durable.seq > log->row.base_seq && !log->is_out_durable;
}
