#include "tests/support/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/state.h"
#include "store/verify.h"
#include "store/view.h"
#include "tests/support/check.h"

struct world story_world;
struct world_entry story_ours[STEPS + 4], story_theirs[STEPS + 4];
uint32_t story_our_count, story_their_count;
struct story_file story_journal, story_database;

void story_load(const char *path, struct story_file *out)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    out->len = fread(out->bytes, 1, sizeof out->bytes, file);
    CHECK(out->len < sizeof out->bytes);
    fclose(file);
}

void story_save(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(bytes, 1, len, file) == len);
    CHECK(fclose(file) == 0);
}

const char *story_database_path(const struct home *home)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", home->path);
    return path;
}

uint64_t story_bytes_of(const char *path)
{
    struct stat about;
    CHECK(stat(path, &about) == 0);
    return (uint64_t)about.st_size;
}

bool story_is_set_aside(const struct home *home)
{
    char path[300];
    snprintf(path, sizeof path, "%s.damaged-1", home->journal);
    return access(path, F_OK) == 0;
}

/* --- writing --- */

struct ph_batch *story_own_batch(void)
{
    struct ph_batch *batch = home_batch();
    ph_batch_own(batch, OURS);
    return batch;
}

void story_put_ours(struct ph_batch *batch)
{
    struct ph_record_id record;
    world_create(&story_world, OURS, PH_KIND_PLAN, "Ours", &story_ours[story_our_count], &record);
    world_put(&story_world, batch, &story_ours[story_our_count++], WORLD_SIGNED);
}

void story_put_theirs(struct ph_batch *batch)
{
    struct ph_record_id record;
    world_create(&story_world, THEIRS, PH_KIND_PLAN, "Theirs", &story_theirs[story_their_count],
                 &record);
    world_put(&story_world, batch, &story_theirs[story_their_count++], WORLD_SIGNED);
}

void story_write_step(struct home *home, int step)
{
    struct ph_batch *batch = story_own_batch();
    story_put_ours(batch);
    if (step % 2 == 0)
        story_put_theirs(batch);
    if (step % 3 == 0)
        CHECK_OK(ph_batch_meta(batch, "step", ph_bytes(&step, sizeof step)));
    CHECK_OK(home_apply(home, batch));
}

void story_found(struct home *home, bool has_journal)
{
    story_our_count = story_their_count = 0;
    world_init(&story_world, 2);
    setenv("TMPDIR", "/dev/shm", 0); /* hundreds of openings: on a disk each waits for it */
    home_init(home);
    home->has_journal = has_journal;
    home_open(home);
    struct ph_batch *batch = story_own_batch();
    world_found(&story_world, batch);
    CHECK_OK(home_apply(home, batch));
}

/* Closed; the journal's bytes in `journal`, the database's before the last batch in `database`. */
void story_begin(struct home *home)
{
    story_found(home, true);
    for (int step = 1; step <= STEPS; step++) {
        if (step == STEPS)
            story_load(story_database_path(home), &story_database);
        story_write_step(home, step);
    }
    home_close(home);
    story_load(home->journal, &story_journal);
}

void story_lose_database(struct home *home)
{
    home_close(home);
    home_remove(home->path);
    CHECK(mkdir(home->path, 0700) == 0);
}

/* The offset of a frame, from 1 on; of the end for one too many. */
size_t story_offset_of(uint32_t frame)
{
    struct ph_journal_mark mark = {0};
    struct ph_bytes payload;
    size_t at = PH_JOURNAL_TITLE_LEN;
    while (mark.number + 1 < frame) {
        CHECK_OK(ph_journal_parse(ph_bytes(story_journal.bytes + at, story_journal.len - at), &mark,
                                  &payload));
        at += PH_JOURNAL_HEAD_LEN + payload.len;
    }
    return at;
}

/* --- looking --- */

void story_check_ours(const struct home *home, uint32_t count)
{
    struct ph_view view;
    struct ph_log_row row;
    struct ph_stored_entry entry;
    CHECK_OK(ph_view_open(home->store, &view));
    CHECK_OK(ph_view_log(&view, OURS, &row));
    CHECK(row.tip.seq == count);
    for (uint32_t seq = 1; seq <= count; seq++) {
        CHECK_OK(ph_view_entry(&view, OURS, seq, &entry));
        assert_memory_equal(entry.encoded, story_ours[seq - 1].header, PH_HEADER_LEN);
        CHECK_BYTES(entry.body.content, story_ours[seq - 1].body.content);
        assert_memory_equal(entry.signature->bytes, story_ours[seq - 1].signature.bytes, 64);
    }
    CHECK_STATUS(ph_view_entry(&view, OURS, count + 1, &entry), PH_NOT_FOUND);
    ph_view_close(&view);
}

void story_check_sound(struct home *home)
{
    struct ph_verify_report report;
    home_catch_up(home);
    enum ph_status status = ph_store_verify(home->store, &report);
    assert_string_equal(report.damage, "");
    CHECK_OK(status);
}

void story_check_rest(const struct home *home, uint32_t count_of_theirs)
{
    struct ph_view view;
    struct ph_bytes bytes;
    struct ph_log_row row;
    int step;
    CHECK_OK(ph_view_open(home->store, &view));
    for (uint32_t i = 0; i < story_world.fact_count; i++) {
        CHECK_OK(ph_view_fact(&view, i, &bytes));
        CHECK_BYTES(bytes, ph_bytes(story_world.facts[i].bytes, story_world.facts[i].len));
    }
    CHECK_STATUS(ph_view_fact(&view, story_world.fact_count, &bytes), PH_NOT_FOUND);
    CHECK_OK(ph_view_log(&view, THEIRS, &row));
    CHECK(row.tip.seq == count_of_theirs);
    CHECK_STATUS(ph_view_log(&view, 2, &row), PH_NOT_FOUND);
    CHECK_OK(ph_view_meta(&view, "step", &bytes));
    memcpy(&step, bytes.data, sizeof step);
    CHECK(step == STEPS);
    ph_view_close(&view);
}

/* The journal alone brings it all back. */
void story_check_journal_is_complete(struct home *home, uint32_t count)
{
    story_lose_database(home);
    home_open(home);
    story_check_ours(home, count);
    story_check_rest(home, 0);
    story_check_sound(home);
}
