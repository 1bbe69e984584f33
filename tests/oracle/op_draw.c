#include "tests/oracle/op_draw.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/run.h"

uint8_t *op_room(struct op_set *set, size_t len)
{
    if (len > sizeof set->bytes - set->len)
        abort(); /* sets are small */
    set->len += len;
    return set->bytes + set->len - len;
}

void op_records_add(struct op_records *records, uint16_t kind, const struct ph_record_id *id)
{
    for (uint32_t i = 0; i < records->count; i++)
        if (records->at[i].kind == kind && ph_record_id_equal(&records->at[i].id, id))
            return;
    if (records->count < OP_RECORDS_MAX)
        records->at[records->count++] = (struct op_named){kind, *id};
}

/* --- who writes, and on what --- */

static const struct signer *signer_of(const struct ph_writer_id *writer)
{
    for (uint32_t i = 0; i < SCHOOL_COUNT; i++)
        if (memcmp(schools[i].writer.id.bytes, writer->bytes, sizeof writer->bytes) == 0)
            return &schools[i].writer;
    return NULL;
}

static uint32_t count_logs(const struct op_set *set, const struct signer *writer)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->log_count; i++)
        count += set->logs[i].writer == writer;
    return count;
}

/* Of those certified first, or last. */
static void begin_logs(struct op_set *set, struct chance *chance, const struct ph_facts *facts)
{
    const uint32_t fact_count = ph_facts_count(facts);
    bool is_reversed = happens(chance, 50);
    for (uint32_t i = 0; i < fact_count && set->log_count < OP_WRITERS_MAX; i++) {
        const struct ph_fact *fact = ph_facts_at(facts, is_reversed ? fact_count - 1 - i : i);
        if (fact->type != PH_FACT_CERTIFY || !ph_facts_stands(facts, fact))
            continue;
        const struct signer *writer = signer_of(&fact->of.certify.writer);
        uint32_t count = writer != NULL ? count_logs(set, writer) : 2;
        if (count > 1 || (count == 1 && !happens(chance, 30)))
            continue;
        struct op_log *log = &set->logs[set->log_count++];
        log->writer = writer;
        log->school = *ph_facts_school_of(facts, fact);
        log->link = ph_link_first(&fact->id);
        log->run_after = log->link;
    }
}

static void draw_pool(struct op_set *set, struct chance *chance)
{
    static const uint16_t kinds[] = {PH_KIND_PLAN,   PH_KIND_PRIORITY,   PH_KIND_PRIORITY,
                                     PH_KIND_ACTION, PH_KIND_REFLECTION, PH_KIND_SCHOOL,
                                     PH_KIND_COMMENT};
    for (uint32_t i = 0; i < OP_POOL; i++) {
        struct op_record *record = &set->pool[i];
        uint8_t rest[4] = {(uint8_t)i, (uint8_t)draw(chance, 256)};
        record->kind = kinds[draw(chance, sizeof kinds / sizeof *kinds)];
        if (happens(chance, 5))
            record->kind = (uint16_t)(draw(chance, 2) == 0 ? 999 : 1 + draw(chance, 8));
        record->audience =
            happens(chance, 75) ? PH_AUDIENCE_NETWORK : (enum ph_audience)draw(chance, 3);
        record->log = draw(chance, set->log_count);
        record->seq = 1 + draw(chance, 1 + draw(chance, 3));
        record->id = ph_record_id_make(&set->logs[record->log].school, record->seq, rest);
    }
}

/* --- runs --- */

static void end_run(struct op_set *set, struct chance *chance, struct op_log *log)
{
    uint8_t *bytes = set->bytes + set->len;
    struct ph_buffer out = ph_buffer(bytes, sizeof set->bytes - set->len);
    struct ph_run_writer run;
    struct ph_writer_id writer;
    if (log->entry_count == 0 || set->run_count == OP_RUNS_MAX)
        return;
    const struct signer *by = log->writer;
    if (log->is_over && happens(chance, 50))
        by = &schools[0].key; /* somebody else signs */
    memcpy(writer.bytes, log->writer->id.bytes, sizeof writer.bytes);
    ph_pack_array(&out, 5);
    ph_run_begin(&run, &out, &writer, &log->run_after, log->entry_count);
    for (uint32_t i = 0; i < log->entry_count; i++)
        ph_run_add(&run, &log->entries[i].header, &log->entries[i].body);
    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, log->link.id.bytes, &by->secret);
    ph_run_end(&run, &signature);
    set->runs[set->run_count++] = ph_bytes(bytes, out.len);
    op_room(set, out.len);
    log->run_after = log->link;
    log->entry_count = 0;
}

/* The same with one bit changed, for another time. */
static void spoil_run(struct op_set *set, struct chance *chance)
{
    if (set->run_count == 0 || set->run_count == OP_RUNS_MAX)
        return;
    struct ph_bytes run = set->runs[draw(chance, set->run_count)];
    uint8_t *bytes = op_room(set, run.len);
    memcpy(bytes, run.data, run.len);
    bytes[draw(chance, (uint32_t)run.len)] ^= (uint8_t)(1u << draw(chance, 8));
    set->runs[set->run_count++] = ph_bytes(bytes, run.len);
}

/* --- entries --- */

/* The step is drawn; `is_bad`: one that no entry may have. */
static uint64_t draw_lamport(const struct op_set *set, struct chance *chance,
                             const struct op_log *log, bool is_bad)
{
    if (is_bad)
        return log->link.lamport + (draw(chance, 2) == 0 ? 0 : PH_LAMPORT_STEP_MAX + 1);
    if (happens(chance, 5))
        return log->link.lamport + PH_LAMPORT_STEP_MAX;
    return happens(chance, 70) ? ph_lamport_next(&log->link, set->lamport) : log->link.lamport + 1;
}

/* The ops since then have an entry now. */
static void name_ops(struct op_set *set, uint32_t from, const struct op_log *log)
{
    for (uint32_t i = from; i < set->op_count; i++) {
        set->ops[i].ref.seq = log->link.seq;
        memcpy(set->ops[i].ref.check, log->link.id.bytes, sizeof set->ops[i].ref.check);
    }
}

/* Content that others don't get, but maybe later. */
static void lose_content(struct op_set *set, struct chance *chance, const struct op_log *log,
                         struct ph_body *body)
{
    struct op_fill fill = {.entry = log->link.id, .salt = body->salt, .content = body->content};
    body->content_hash = ph_body_content_hash(body);
    body->content_is_missing = true;
    if (set->fill_count == OP_FILLS_MAX || happens(chance, 40))
        return;
    if (happens(chance, 20))
        fill.salt.bytes[0] ^= 1;
    set->fills[set->fill_count++] = fill;
}

/* The log's next entry, whose body is there. */
static void put_entry(struct op_set *set, struct chance *chance, struct op_log *log,
                      uint64_t lamport, int64_t time_ms)
{
    uint8_t encoded[PH_HEADER_LEN];
    struct ph_writer_id writer;
    struct ph_body *body = &log->entries[log->entry_count].body;
    struct ph_header *header = &log->entries[log->entry_count].header;
    memcpy(writer.bytes, log->writer->id.bytes, sizeof writer.bytes);
    *header = ph_header_after(&log->link, &writer, lamport, time_ms, body);
    ph_header_encode(header, encoded);
    struct ph_entry_id id = ph_header_id(encoded);
    log->link = ph_link_after(header, &id);
    log->entry_count++;
    if (set->end_count < OP_ENDS_MAX)
        set->ends[set->end_count++] = (struct op_end){{writer, log->link.seq, id}, log->school};
    set->lamport = lamport > set->lamport ? lamport : set->lamport;
    if (body->content_len != 0 && happens(chance, 6))
        lose_content(set, chance, log, body);
}

static void draw_entry(struct op_set *set, struct chance *chance, uint32_t number)
{
    struct op_log *log = &set->logs[number];
    uint32_t op_count = set->op_count;
    if (log->is_over)
        return;
    op_body_draw(set, chance, number, &log->entries[log->entry_count].body);
    log->is_over = happens(chance, 2);
    uint64_t lamport = draw_lamport(set, chance, log, log->is_over && draw(chance, 2) == 0);
    int64_t time_ms = (int64_t)(chance_next(chance) >> (happens(chance, 5) ? 0 : 24));
    put_entry(set, chance, log, lamport, time_ms);
    name_ops(set, op_count, log);
    if (log->is_over || log->entry_count == 8 || happens(chance, 35))
        end_run(set, chance, log);
}

/* Another branch of a log, from where it stands or from where its last run began. */
static struct op_log *fork_at(struct op_set *set, struct chance *chance, uint32_t number)
{
    struct op_log *log = &set->logs[number];
    if (set->log_count == OP_LOGS_MAX || log->is_over)
        return NULL;
    struct op_log *branch = &set->logs[set->log_count++];
    branch->writer = log->writer;
    branch->school = log->school;
    branch->link = happens(chance, 60) ? log->run_after : log->link;
    if (happens(chance, 20) && log->entry_count > 1)
        branch->link = ph_link_after(&log->entries[0].header, &log->entries[1].header.previous);
    branch->run_after = branch->link;
    return branch;
}

static void fork_log(struct op_set *set, struct chance *chance)
{
    fork_at(set, chance, draw(chance, set->log_count));
}

static void add_tips(struct op_set *set, struct chance *chance, uint32_t number, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct op_log *branch = fork_at(set, chance, number);
        if (branch != NULL)
            draw_entry(set, chance, (uint32_t)(branch - set->logs));
    }
}

/* About as many tips as a school, or one writer, may have. */
static void fork_often(struct op_set *set, struct chance *chance)
{
    uint32_t writer_count = set->log_count, theirs = 0;
    assert(writer_count != 0); /* without a log no set is drawn */
    for (uint32_t i = 0; i < writer_count; i++)
        theirs += ph_school_id_equal(&set->logs[i].school, &set->logs[0].school);
    if (theirs < 5) {
        add_tips(set, chance, draw(chance, writer_count), PH_BRANCHES_MAX - 1 + draw(chance, 3));
        return;
    }
    for (uint32_t i = 0; i < writer_count; i++)
        if (ph_school_id_equal(&set->logs[i].school, &set->logs[0].school))
            add_tips(set, chance, i, PH_BRANCHES_MAX - 1 - (draw(chance, 4) == 0));
}

/* A writer of two schools has as many tips as it may in each, or nearly, and so too many for
 * one. */
static void fork_shared(struct op_set *set, struct chance *chance)
{
    for (uint32_t i = 0, writer_count = set->log_count; i < writer_count; i++)
        for (uint32_t k = 0; k < i; k++) {
            if (set->logs[k].writer != set->logs[i].writer ||
                ph_school_id_equal(&set->logs[k].school, &set->logs[i].school))
                continue;
            add_tips(set, chance, i, PH_BRANCHES_MAX / 2 + draw(chance, 4));
            add_tips(set, chance, k, PH_BRANCHES_MAX / 2 + draw(chance, 4));
            return;
        }
}

/* --- crowds --- */

/* A record of the pool, created if there is one by now. */
static uint32_t draw_created(const struct op_set *set, struct chance *chance)
{
    uint32_t found = draw(chance, OP_POOL);
    for (uint32_t i = 0; i < OP_POOL; i++, found = (found + 1) % OP_POOL)
        if (set->logs[set->pool[found].log].link.seq >= set->pool[found].seq)
            return found;
    return found;
}

/* Other writers of the school write on that record, too, and are crowded out, unless what the one
 * wrote has no standing. */
static void write_beside(struct op_set *set, struct chance *chance, uint32_t number,
                         const struct op_record *record)
{
    for (uint32_t i = 0; i < set->log_count; i++) {
        struct op_log *log = &set->logs[i];
        if (log->writer == set->logs[number].writer || log->is_over || log->entry_count == 8 ||
            !ph_school_id_equal(&log->school, &set->logs[number].school))
            continue;
        op_body_crowd(set, chance, i, record, 4, 90, &log->entries[log->entry_count].body);
        put_entry(set, chance, log, ph_lamport_next(&log->link, set->lamport), 0);
        end_run(set, chance, log);
    }
}

/* One writer writes on one record about as much as counts of its school. */
static void write_crowd(struct op_set *set, struct chance *chance)
{
    uint32_t number = draw(chance, set->log_count), record = draw_created(set, chance);
    struct op_log *log = &set->logs[number];
    bool is_owner = ph_record_id_is_of(&set->pool[record].id, &log->school);
    uint32_t share = is_owner ? PH_OWNER_SHARE_MAX : PH_SCHOOL_SHARE_MAX;
    uint32_t at_once = !is_owner && happens(chance, 20) ? 1 : PH_OPS_PER_ENTRY_MAX;
    uint32_t left = share + 20 - draw(chance, 30);
    for (uint32_t count; left > 0 && !log->is_over; left -= count) {
        count = left < at_once ? left : at_once;
        uint32_t sets_percent = left < 2 * PH_OPS_PER_ENTRY_MAX ? 50 : 1;
        op_body_crowd(set, chance, number, &set->pool[record], count, sets_percent,
                      &log->entries[log->entry_count].body);
        put_entry(set, chance, log, ph_lamport_next(&log->link, set->lamport), 0);
        if (log->entry_count == 8)
            end_run(set, chance, log);
    }
    write_beside(set, chance, number, &set->pool[record]);
    draw_entry(set, chance, number);
    draw_entry(set, chance, number);
}

/* One writer's live values on one record take about as much room as its school's may. */
static void write_heavily(struct op_set *set, struct chance *chance)
{
    const struct op_record *record = &set->pool[draw_created(set, chance)];
    uint32_t number = draw(chance, set->log_count);
    for (uint32_t i = 0; i < 3; i++) /* rather a stranger */
        if (ph_record_id_is_of(&record->id, &set->logs[number].school))
            number = draw(chance, set->log_count);
    struct op_log *log = &set->logs[number];
    bool is_owner = ph_record_id_is_of(&record->id, &log->school);
    uint32_t max = is_owner ? PH_OWNER_BYTES_MAX : PH_SCHOOL_BYTES_MAX;
    end_run(set, chance, log);
    for (uint32_t sum = 0, len; sum <= max && !log->is_over; sum += len) {
        len = op_body_heavy(set, chance, number, record, &log->entries[0].body);
        if (len == 0)
            return;
        put_entry(set, chance, log, ph_lamport_next(&log->link, set->lamport), 0);
        end_run(set, chance, log);
    }
}

bool op_set_draw(struct op_set *out, const struct ph_facts *facts, uint64_t seed)
{
    struct chance chance = chance_of('o', seed), crowding = chance_of('c', seed);
    struct chance sharing = chance_of('s', seed);
    memset(out, 0, offsetof(struct op_set, bytes));
    out->len = 0;
    begin_logs(out, &chance, facts);
    if (out->log_count == 0)
        return false;
    draw_pool(out, &chance);
    uint32_t crowded_at = happens(&crowding, 6) ? 2 + draw(&crowding, 6) : UINT32_MAX;
    uint32_t heavy_at = happens(&crowding, 3) ? 2 + draw(&crowding, 6) : UINT32_MAX;
    uint32_t forks_percent = happens(&chance, 60) ? 0 : happens(&chance, 90) ? 10 : 60;
    for (uint32_t i = 0, count = 4 + draw(&chance, 20); i < count; i++) {
        if (i == crowded_at)
            write_crowd(out, &crowding);
        if (i == heavy_at)
            write_heavily(out, &crowding);
        if (happens(&chance, forks_percent))
            fork_log(out, &chance);
        draw_entry(out, &chance, draw(&chance, out->log_count));
    }
    if (happens(&chance, out->log_count >= 5 ? 12 : 4))
        fork_often(out, &chance);
    if (happens(&sharing, 20))
        fork_shared(out, &sharing);
    for (uint32_t i = 0; i < out->log_count; i++)
        end_run(out, &chance, &out->logs[i]);
    for (uint32_t i = draw(&chance, 3); i > 0; i--)
        spoil_run(out, &chance);
    return true;
}
