#include "tests/sim/sim_truth.h"

#include <stdlib.h>

#include "proto/heads.h"

static uint32_t bit(uint32_t node)
{
    return UINT32_C(1) << node;
}

void sim_truth_deinit(struct sim_truth *truth)
{
    free(truth->entries);
}

/* --- who writes --- */

static uint32_t writer_of(struct sim_truth *truth, const struct ph_writer_id *id)
{
    for (uint32_t i = 0; i < truth->writer_count; i++)
        if (ph_writer_id_equal(&truth->writers[i].id, id))
            return i;
    if (truth->writer_count == SIM_WRITERS_MAX)
        abort();
    truth->writers[truth->writer_count] = (struct sim_writer){.id = *id};
    return truth->writer_count++;
}

uint32_t sim_truth_own(struct sim_truth *truth, uint32_t node)
{
    struct ph_sign_secret secret;
    struct ph_writer_id own;
    const uint8_t *seed = sim_identity(truth->sim, node)->writer_seed;
    if (memcmp(truth->own_seeds[node], seed, sizeof truth->own_seeds[node]) != 0) {
        memcpy(truth->own_seeds[node], seed, sizeof truth->own_seeds[node]);
        ph_sign_key_from_seed(seed, &secret, own.bytes);
        truth->own[node] = writer_of(truth, &own);
        truth->writers[truth->own[node]].homes |= bit(node);
    }
    return truth->own[node];
}

/* --- entries --- */

static uint32_t bucket_of(const struct ph_entry_id *id)
{
    return ph_get_u32(id->bytes) % SIM_BUCKETS;
}

uint32_t sim_truth_entry(const struct sim_truth *truth, const struct ph_entry_id *id)
{
    uint32_t next = truth->buckets[bucket_of(id)];
    while (next != 0) {
        if (ph_entry_id_equal(&truth->entries[next - 1].link.id, id))
            return next - 1;
        next = truth->entries[next - 1].next;
    }
    return SIM_NONE;
}

static uint32_t add_entry(struct sim_truth *truth, const struct sim_entry *like)
{
    uint32_t *bucket = &truth->buckets[bucket_of(&like->link.id)];
    if (truth->entry_count == truth->entry_size) {
        truth->entry_size = truth->entry_size == 0 ? 256 : 2 * truth->entry_size;
        truth->entries = realloc(truth->entries, truth->entry_size * sizeof *truth->entries);
        if (truth->entries == NULL)
            abort();
    }
    truth->entries[truth->entry_count] = *like;
    truth->entries[truth->entry_count].next = *bucket;
    *bucket = ++truth->entry_count;
    return truth->entry_count - 1;
}

struct reading {
    struct sim_truth *truth;
    uint32_t node;
    struct ph_view view;
    sim_truth_found *found;
    void *impl;
};

static void take_entry(struct reading *reading, uint32_t writer, const struct ph_link *link)
{
    struct sim_truth *truth = reading->truth;
    uint32_t entry = sim_truth_entry(truth, &link->id);
    bool is_known = entry != SIM_NONE;
    if (!is_known)
        entry = add_entry(truth, &(struct sim_entry){.link = *link, .writer = writer});
    truth->entries[entry].held |= bit(reading->node);
    reading->found(reading->impl, reading->node, entry, is_known);
}

static enum ph_status take_row(struct reading *reading, uint32_t log, const struct ph_log_row *row)
{
    struct sim_disk *disk = &reading->truth->disks[reading->node];
    uint32_t writer = writer_of(reading->truth, &row->writer);
    if (log >= SIM_ROWS_MAX)
        abort();
    if (log == disk->row_count) {
        disk->row_count++;
        disk->ends[log] = row->base_seq;
    }
    if (row->tip.seq < disk->ends[log])
        return PH_CORRUPT;
    while (disk->ends[log] < row->tip.seq) {
        struct ph_stored_entry entry;
        PH_TRY(ph_view_entry(&reading->view, log, disk->ends[log] + 1, &entry));
        struct ph_entry_id id = ph_header_id(entry.encoded);
        struct ph_link link = ph_link_after(&entry.header, &id);
        disk->ends[log]++;
        take_entry(reading, writer, &link);
    }
    return PH_OK;
}

/* --- facts --- */

uint32_t sim_truth_fact(struct sim_truth *truth, struct ph_bytes bytes)
{
    struct sim_fact made = {.bytes_hash = ph_hash(PH_DOMAIN_FACT_SET, bytes)};
    struct ph_fact fact;
    for (uint32_t i = 0; i < truth->fact_count; i++)
        if (ph_hash_equal(&truth->facts[i].bytes_hash, &made.bytes_hash))
            return i;
    if (truth->fact_count == SIM_FACTS_MAX)
        abort();
    if (ph_fact_parse(bytes, &fact) == PH_OK)
        made.id = fact.id;
    truth->facts[truth->fact_count] = made;
    return truth->fact_count++;
}

static enum ph_status take_facts(struct reading *reading)
{
    struct sim_disk *disk = &reading->truth->disks[reading->node];
    for (;;) {
        struct ph_bytes bytes;
        enum ph_status status = ph_view_fact(&reading->view, disk->fact_count, &bytes);
        if (status == PH_NOT_FOUND)
            return PH_OK;
        PH_TRY(status);
        reading->truth->facts[sim_truth_fact(reading->truth, bytes)].held |= bit(reading->node);
        disk->fact_count++;
    }
}

/* --- disks --- */

enum ph_status sim_truth_read(struct sim_truth *truth, uint32_t node, sim_truth_found *found,
                              void *impl)
{
    struct reading reading = {.truth = truth, .node = node, .found = found, .impl = impl};
    struct ph_log_row row;
    (void)sim_truth_own(truth, node); /* whose entries are at home here */
    enum ph_status status = ph_view_open(sim_store(truth->sim, node), &reading.view);
    if (status == PH_OK)
        status = take_facts(&reading);
    for (uint32_t log = 0; status == PH_OK; log++) {
        status = ph_view_log(&reading.view, log, &row);
        if (status == PH_OK)
            status = take_row(&reading, log, &row);
    }
    ph_view_close(&reading.view);
    return status == PH_NOT_FOUND ? PH_OK : status;
}

void sim_truth_forget(struct sim_truth *truth, uint32_t node)
{
    truth->disks[node] = (struct sim_disk){.row_count = 0};
    for (uint32_t i = 0; i < truth->entry_count; i++)
        truth->entries[i].held &= ~bit(node);
    for (uint32_t i = 0; i < truth->fact_count; i++)
        truth->facts[i].held &= ~bit(node);
}

void sim_truth_count(struct sim_truth *truth, uint32_t node, uint64_t *present, uint64_t *known)
{
    struct ph_view view = {0};
    struct ph_log_row row;
    struct ph_bytes unused;
    *present = *known = 0;
    sim_view(truth->sim, node, &view);
    for (uint32_t log = 0; sim_goes_on(truth->sim, node, ph_view_log(&view, log, &row)); log++) {
        *present += row.tip.seq;
        *known += log < truth->disks[node].row_count ? truth->disks[node].ends[log] : 0;
    }
    for (uint32_t i = 0; sim_goes_on(truth->sim, node, ph_view_fact(&view, i, &unused)); i++)
        ++*present;
    *known += truth->disks[node].fact_count;
    ph_view_close(&view);
}

/* --- questions --- */

bool sim_truth_holds(const struct sim_truth *truth, uint32_t node, uint32_t entry)
{
    return entry != SIM_NONE && (truth->entries[entry].held & bit(node)) != 0;
}

bool sim_truth_holds_fact(const struct sim_truth *truth, uint32_t node, const struct ph_fact_id *id)
{
    for (uint32_t i = 0; i < truth->fact_count; i++)
        if (ph_fact_id_equal(&truth->facts[i].id, id))
            return (truth->facts[i].held & bit(node)) != 0;
    return false;
}

bool sim_truth_is_equal(const struct sim_truth *truth)
{
    uint32_t all = bit(truth->plan->honest_count) - 1;
    for (uint32_t i = 0; i < truth->entry_count; i++)
        if ((truth->entries[i].held & all) != 0 && (truth->entries[i].held & all) != all)
            return false;
    for (uint32_t i = 0; i < truth->fact_count; i++)
        if ((truth->facts[i].held & all) != 0 && (truth->facts[i].held & all) != all)
            return false;
    return true;
}

static int compare_facts(const void *a, const void *b)
{
    return ph_fact_id_compare(a, b);
}

static int compare_heads(const void *a, const void *b)
{
    return ph_head_compare(a, b);
}

static struct ph_hash fact_set(const struct sim_truth *truth, uint32_t node)
{
    static struct ph_fact_id ids[SIM_FACTS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < truth->fact_count; i++)
        if ((truth->facts[i].held & bit(node)) != 0)
            ids[count++] = truth->facts[i].id;
    qsort(ids, count, sizeof *ids, compare_facts);
    return ph_fact_set_hash(ids, count);
}

struct ph_root sim_truth_root(struct sim_truth *truth, uint32_t node)
{
    static struct ph_head heads[SIM_ROWS_MAX];
    struct ph_view view = {0};
    struct ph_log_row row;
    size_t count = 0;
    sim_view(truth->sim, node, &view);
    for (uint32_t log = 0; sim_goes_on(truth->sim, node, ph_view_log(&view, log, &row)); log++)
        if (row.tip.seq > row.base_seq)
            heads[count++] =
                (struct ph_head){.writer = row.writer, .seq = row.tip.seq, .id = row.tip.id};
    ph_view_close(&view);
    qsort(heads, count, sizeof *heads, compare_heads);
    struct ph_hash facts = fact_set(truth, node);
    return ph_root(&facts, heads, count, NULL, 0);
}
