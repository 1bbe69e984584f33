/* Lines: what an adversary holds of logs, its own branches and those of others. */
#include <stdio.h>
#include <stdlib.h>

#include "store/view.h"
#include "tests/sim/sim_adversary_state.h"

#define TITLE_FIELD 3

static struct ph_bytes keep(struct sim_adversary *adversary, struct ph_bytes bytes)
{
    struct sim_block *block = malloc(sizeof *block + bytes.len);
    if (block == NULL)
        abort();
    if (bytes.len != 0)
        memcpy(block->bytes, bytes.data, bytes.len);
    block->next = adversary->blocks;
    adversary->blocks = block;
    return ph_bytes(block->bytes, bytes.len);
}

/* --- lines --- */

struct sim_line *sim_line_add(struct sim_adversary *adversary, const struct sim_line *like)
{
    if (adversary->line_count == SIM_LINES_MAX)
        return NULL;
    struct sim_line *line = &adversary->lines[adversary->line_count++];
    *line = *like;
    line->steps = NULL;
    line->count = line->size = 0;
    line->nodes = UINT32_MAX;
    line->part = UINT32_MAX;
    line->is_withheld = false;
    return line;
}

static struct sim_step *add_step(struct sim_line *line)
{
    if (line->count == line->size) {
        line->size = line->size == 0 ? 16 : 2 * line->size;
        line->steps = realloc(line->steps, line->size * sizeof *line->steps);
        if (line->steps == NULL)
            abort();
    }
    struct sim_step *step = &line->steps[line->count++];
    *step = (struct sim_step){.is_signed = false};
    return step;
}

void sim_line_extend(struct sim_line *line, const struct sim_line *like, uint32_t count)
{
    for (uint32_t i = line->count; i < count; i++)
        *add_step(line) = like->steps[i];
}

struct sim_line *sim_line_branch(struct sim_adversary *adversary, const struct sim_line *line,
                                 uint32_t count)
{
    struct sim_line *branch = sim_line_add(adversary, line);
    if (branch != NULL)
        sim_line_extend(branch, line, count);
    return branch;
}

struct ph_link sim_line_tip(const struct sim_line *line)
{
    return line->count == 0 ? ph_link_first(&line->certify) : line->steps[line->count - 1].link;
}

struct sim_line *sim_line_own(struct sim_adversary *adversary)
{
    uint32_t at = (uint32_t)sim_adversary_draw(adversary, adversary->line_count);
    while (!adversary->lines[at].is_own)
        at = (at + 1) % adversary->line_count;
    return &adversary->lines[at];
}

const struct sim_step *sim_line_other(struct sim_adversary *adversary, const struct sim_line **line)
{
    uint32_t first = (uint32_t)sim_adversary_draw(adversary, adversary->line_count);
    for (uint32_t i = 0; i < adversary->line_count; i++) {
        *line = &adversary->lines[(first + i) % adversary->line_count];
        if (!(*line)->is_own && (*line)->count != 0)
            return &(*line)->steps[sim_adversary_draw(adversary, (*line)->count)];
    }
    return NULL;
}

void sim_line_cut(struct sim_line *line, uint32_t count)
{
    line->count -= count < line->count ? count : line->count;
}

/* --- entries --- */

static struct ph_body kept_body(struct sim_adversary *adversary, const struct ph_body *body)
{
    struct ph_body kept = *body;
    kept.skeleton = keep(adversary, body->skeleton);
    kept.content = keep(adversary, body->content);
    return kept;
}

static void see(struct sim_adversary *adversary, uint64_t lamport)
{
    if (adversary->lamport_seen < lamport)
        adversary->lamport_seen = lamport;
}

uint64_t sim_line_step(const struct sim_adversary *adversary, const struct sim_line *line)
{
    struct ph_link tip = sim_line_tip(line);
    return ph_lamport_next(&tip, adversary->lamport_seen) - tip.lamport;
}

struct sim_step *sim_line_append(struct sim_adversary *adversary, struct sim_line *line,
                                 const struct ph_body *body, uint64_t lamport_step)
{
    struct ph_link tip = sim_line_tip(line);
    struct sim_step *step = add_step(line);
    uint8_t encoded[PH_HEADER_LEN];
    step->body = kept_body(adversary, body);
    if (step->body.content.len != 0)
        memset(step->body.salt.bytes, (int)sim_adversary_draw(adversary, 256), PH_SALT_LEN);
    step->body.content_hash = ph_body_content_hash(&step->body);
    step->header =
        ph_header_after(&tip, &line->writer, tip.lamport + lamport_step, SIM_TODAY_MS, &step->body);
    ph_header_encode(&step->header, encoded);
    struct ph_entry_id id = ph_header_id(encoded);
    step->link = ph_link_after(&step->header, &id);
    step->signature = ph_sign(PH_SIGNED_ENTRY, id.bytes, &line->secret);
    step->is_signed = true;
    return step;
}

struct sim_step *sim_line_write(struct sim_adversary *adversary, struct sim_line *line,
                                uint64_t lamport_step)
{
    uint8_t skeleton[PH_BODY_MAX], content[PH_BODY_MAX], random[4];
    struct ph_op_writer ops;
    struct ph_body body = {0};
    ph_put_u32(random, (uint32_t)sim_adversary_draw(adversary, UINT32_MAX));
    struct ph_record_id record =
        ph_record_id_make(&adversary->school, sim_line_tip(line).seq + 1, random);
    ph_ops_begin(&ops, skeleton, content, PH_BODY_MAX);
    ph_ops_group(&ops, PH_KIND_PLAN, &record, PH_AUDIENCE_NETWORK);
    ph_ops_create(&ops);
    ph_ops_set(&ops, TITLE_FIELD, NULL, 0, ph_bytes_text("\xa4oops"));
    if (ph_ops_end(&ops, &body) != PH_OK)
        sim_fail(adversary->sim, "an adversary can't write");
    return sim_line_append(adversary, line, &body, lamport_step);
}

/* --- runs --- */

/* As many as fit, back to the last that is signed. */
static uint32_t measure(const struct sim_line *line, uint32_t after, uint32_t count_max)
{
    size_t counted = 0;
    uint32_t count = 0;
    for (uint32_t i = after; i < line->count && i - after < count_max; i++) {
        counted += ph_run_counted(line->steps[i].header.body_len);
        if (counted > PH_RUN_COUNTED_MAX)
            break;
        if (line->steps[i].is_signed)
            count = i - after + 1;
    }
    return count;
}

uint32_t sim_line_run(const struct sim_line *line, uint32_t after, uint32_t count_max,
                      bool as_holes, struct ph_buffer *message)
{
    struct ph_run_writer run;
    uint32_t count = measure(line, after, count_max);
    if (count == 0)
        return 0;
    struct ph_link link = after == 0 ? ph_link_first(&line->certify) : line->steps[after - 1].link;
    ph_message_run_begin(message);
    ph_run_begin(&run, message, &line->writer, &link, count);
    for (uint32_t i = 0; i < count; i++) {
        struct ph_body body = line->steps[after + i].body;
        body.content_is_missing = body.content_is_missing || (as_holes && body.content_len != 0);
        ph_run_add(&run, &line->steps[after + i].header, &body);
    }
    ph_run_end(&run, &line->steps[after + count - 1].signature);
    return message->overflow ? 0 : count;
}

/* Its part behind what is held; nothing is taken unless all of it fits. */
static uint32_t take_steps(struct sim_adversary *adversary, struct sim_line *line,
                           struct ph_run_reader *run, struct ph_link *link)
{
    uint64_t quota = ph_facts_founding(adversary->facts)->of.found.quota;
    struct ph_run_entry entry;
    uint32_t count = 0;
    while (ph_run_next(run, link, quota, &entry) == PH_OK) {
        struct sim_step *step = add_step(line);
        step->link = *link;
        step->header = entry.header;
        step->body = kept_body(adversary, &entry.body);
        count++;
    }
    return count;
}

struct sim_line *sim_line_take(struct sim_adversary *adversary, const struct ph_run_reader *run)
{
    struct ph_run_reader reader = *run;
    for (uint32_t i = 0; i < adversary->line_count; i++) {
        struct sim_line *line = &adversary->lines[i];
        struct ph_link link = sim_line_tip(line);
        if (line->is_own || !ph_writer_id_equal(&line->writer, &run->head.writer) ||
            link.seq != run->head.after_seq || !ph_entry_id_equal(&link.id, &run->head.after_id))
            continue;
        uint32_t count = take_steps(adversary, line, &reader, &link);
        struct ph_signature signature;
        if (count != run->head.entry_count || ph_run_verify(&reader, &link, &signature) != PH_OK) {
            sim_line_cut(line, count);
            return NULL;
        }
        line->steps[line->count - 1].signature = signature;
        line->steps[line->count - 1].is_signed = true;
        see(adversary, link.lamport);
        return line;
    }
    return NULL;
}

/* --- what the disk holds --- */

static void must(struct sim_adversary *adversary, enum ph_status status)
{
    if (status != PH_OK)
        sim_fail(adversary->sim, "the disk of node %u can't be read: %s", adversary->node,
                 ph_status_text(status));
}

static void remember_facts(struct sim_adversary *adversary, const struct ph_view *view)
{
    struct ph_bytes bytes;
    bool is_new;
    must(adversary, ph_facts_new(&adversary->invitation.network, &adversary->facts));
    for (uint32_t i = 0; ph_view_fact(view, i, &bytes) == PH_OK; i++)
        must(adversary, ph_facts_take(adversary->facts, bytes, &is_new));
}

static void remember_entries(struct sim_adversary *adversary, const struct ph_view *view,
                             uint32_t log, struct sim_line *line)
{
    struct ph_stored_entry entry;
    for (uint32_t seq = line->count + 1; ph_view_entry(view, log, seq, &entry) == PH_OK; seq++) {
        struct sim_step *step = add_step(line);
        struct ph_entry_id id = ph_header_id(entry.encoded);
        step->header = entry.header;
        step->link = ph_link_after(&entry.header, &id);
        step->body = kept_body(adversary, &entry.body);
        step->is_signed = entry.signature != NULL;
        if (step->is_signed)
            step->signature = *entry.signature;
        see(adversary, step->link.lamport);
    }
}

static void remember_logs(struct sim_adversary *adversary, const struct ph_view *view)
{
    struct ph_sign_secret secret;
    struct ph_writer_id writer;
    struct ph_log_row row;
    ph_sign_key_from_seed(adversary->identity.writer_seed, &secret, writer.bytes);
    for (uint32_t log = 0; ph_view_log(view, log, &row) == PH_OK; log++) {
        struct sim_line like = {.writer = row.writer, .certify = row.certify, .school = row.school};
        like.is_own = ph_writer_id_equal(&row.writer, &writer);
        if (like.is_own)
            like.secret = secret;
        /* No line is left out here, so the numbers are those of the rows. */
        struct sim_line *line =
            row.is_branch
                ? sim_line_branch(adversary, &adversary->lines[row.base_log], row.base_seq)
                : sim_line_add(adversary, &like);
        if (line != NULL)
            remember_entries(adversary, view, log, line);
    }
}

void sim_adversary_remember(struct sim_adversary *adversary)
{
    struct sim_machine *machine = &adversary->sim->machines[adversary->node];
    struct ph_store_options options = {.path = machine->path, .any_file_system = true};
    struct ph_store *store = NULL;
    struct ph_view view = {0};
    char why[200];
    must(adversary, ph_store_open(&options, &store, why));
    must(adversary, ph_view_open(store, &view));
    remember_facts(adversary, &view);
    remember_logs(adversary, &view);
    ph_view_close(&view);
    ph_store_close(store);
}

void sim_adversary_forget(struct sim_adversary *adversary)
{
    for (uint32_t i = 0; i < adversary->line_count; i++)
        free(adversary->lines[i].steps);
    while (adversary->blocks != NULL) {
        struct sim_block *next = adversary->blocks->next;
        free(adversary->blocks);
        adversary->blocks = next;
    }
    ph_facts_free(adversary->facts);
}
